//! What is wrong with a code that was pasted or typed, with the place shown, and why a good one is not
//! accepted (SPEC S4).

use crate::problem::Problem;
use leasehold_core::code::{CodeError, CodeKind, GrantError};

/// What a kind of code is called, with what it begins with.
pub const fn code_name(kind: CodeKind) -> &'static str {
    match kind {
        CodeKind::Request => "a request code (LHQ…)",
        CodeKind::Authorization => "an authorization code (LHA…)",
        CodeKind::Confirmation => "a confirmation code (LHC…)",
        CodeKind::Return => "a return code (LHR…)",
    }
}

/// Why `text` is no good code of the kind `wanted`. Nothing has changed then.
pub fn code(error: CodeError, wanted: CodeKind, text: &str) -> Problem {
    const COMPARE: &str = "Compare it with the original there, and give the whole code again.";
    let wanted = code_name(wanted);
    let (name, cause, remedy) = match error {
        CodeError::NotACode => (
            "code-not-one",
            "This is no code of a reservation.".into(),
            format!("Give {wanted} as the license manager shows it, from its first letter on."),
        ),
        CodeError::WrongKind(kind) => (
            "code-wrong-kind",
            format!("This is {}, and {wanted} belongs here.", code_name(kind)),
            match kind {
                CodeKind::Authorization => "Give it to `license smart reservation install`.",
                _ => "The appliance made it: enter it at the license manager.",
            }
            .into(),
        ),
        CodeError::NewerVersion(version) => (
            "code-newer-version",
            format!("The code was made by a newer version: its format is number {version}."),
            "Update the appliance's licensing software, then give the code again.".into(),
        ),
        CodeError::BadCharacter { place } => (
            "code-bad-character",
            format!("No code has {} where this one does.", shown(text, place)),
            COMPARE.into(),
        ),
        CodeError::Length { expected, found } => (
            "code-length",
            format!(
                "The code has {found} characters, separators aside, and should have {}{expected}.",
                if found < expected { "at least " } else { "" }
            ),
            if found < expected {
                "Look for what is missing, at its end first, and give the whole code again."
            } else {
                "Look for what was taken twice, and give one code and nothing else."
            }
            .into(),
        ),
        CodeError::Mistyped { place: Some(place), .. } => (
            "code-mistyped",
            format!("The code was mistyped: wrong is {}.", shown(text, place)),
            COMPARE.into(),
        ),
        CodeError::Mistyped { block, place: None } => (
            "code-mistyped",
            format!(
                "The code was mistyped in more than one place, among its characters {} to {}.",
                u32::from(block).saturating_sub(1) * BLOCK + 1,
                u32::from(block) * BLOCK
            ),
            "Compare these with the original, and give the whole code again.".into(),
        ),
        CodeError::TooLong => (
            "code-too-long",
            "The text is longer than any code.".into(),
            "Give one code, and nothing else.".into(),
        ),
        CodeError::Malformed => (
            "code-malformed",
            "The code is as it was made, and says something impossible.".into(),
            "What made it is broken: update the license manager, and issue the code again.".into(),
        ),
    };
    Problem::new(name, cause, remedy)
}

/// The characters that one block of a code has at most.
const BLOCK: u32 = 80;

/// A character of `text` by its number from 1, with the group it stands in, so that it is found on
/// paper: `character 37, the 4 in the group 7KQ4M`.
fn shown(text: &str, place: u16) -> String {
    let number = usize::from(place);
    let characters: Vec<char> = text.chars().collect();
    let Some((at, wrong)) = number.checked_sub(1).and_then(|at| Some((at, *characters.get(at)?)))
    else {
        return format!("character {place}");
    };
    let separates = |c: &char| c.is_whitespace() || *c == '-';
    let (before, from) = characters.split_at(at);
    let start = before.iter().rposition(separates).map_or(0, |separator| separator + 1);
    let end = from.iter().position(separates).map_or(characters.len(), |length| at + length);
    // Where nothing separates, a few characters around it.
    let (start, end) = (start.max(at.saturating_sub(AROUND)), end.min(at + AROUND + 1));
    let group = characters.get(start..end).unwrap_or_default();
    let group: String = group.iter().copied().map(printable).collect();
    let wrong = printable(wrong);
    format!("character {place}, the {wrong} in the group {group}")
}

/// How many characters of a group are shown on either side.
const AROUND: usize = 4;

/// What somebody pasted goes to a terminal and into logs: nothing of it may steer them.
fn printable(c: char) -> char {
    if c.is_ascii_graphic() || c.is_alphanumeric() { c } else { '?' }
}

/// Why a good authorization code is not accepted. Nothing has changed then.
pub fn grant(error: GrantError) -> Problem {
    const SHOW: &str = "`show license reservation` shows the request code that stands";
    let (name, cause, remedy) = match error {
        GrantError::OtherDevice => (
            "authorization-other-device",
            "The authorization is for another appliance.".into(),
            "Install it on the appliance whose request code it answers; `show license udi` says \
             which one this is."
                .into(),
        ),
        GrantError::OtherRequest { number } => (
            "authorization-other-request",
            format!(
                "The authorization answers request number {number} of this appliance, which no \
                 longer stands."
            ),
            format!("{SHOW}: redeem that at the license manager, and install what it gives."),
        ),
        GrantError::OtherLicenseType => (
            "authorization-other-license-type",
            "The authorization is for another license type than the one in force.".into(),
            "Cancel the request, choose the license type with `license smart type`, and request \
             again."
                .into(),
        ),
        GrantError::OtherCatalogue => (
            "authorization-other-catalogue",
            "The license manager counts other licences for this product than the appliance does."
                .into(),
            "Bring manager and appliance to versions that belong together, then issue the \
             authorization again."
                .into(),
        ),
        GrantError::Superseded { generation: 0 } => (
            "authorization-superseded",
            "The authorization was installed before, and it or a later one is in force.".into(),
            "Nothing needs to be done; an update of the reservation comes with a code of its own."
                .into(),
        ),
        GrantError::Superseded { generation } => (
            "authorization-superseded",
            format!("Update {generation} of the reservation was installed or returned before."),
            "Install the newest authorization that the license manager shows.".into(),
        ),
        GrantError::SignerUnknown => (
            "authorization-signer-unknown",
            "The authorization is by a license manager that this product's vendor does not vouch \
             for."
                .into(),
            "Redeem the request at the vendor's license manager, or check the appliance's `root` \
             key."
                .into(),
        ),
        GrantError::CertificateOutsideDates => (
            "authorization-certificate-dates",
            "The license manager signed the authorization outside the dates of its certificate."
                .into(),
            "Check the manager's clock, renew its certificate with the vendor, and issue the \
             authorization again."
                .into(),
        ),
        GrantError::SignatureInvalid => (
            "authorization-signature",
            "The authorization's signature does not fit this appliance's request.".into(),
            format!("{SHOW}: redeem exactly that at the license manager."),
        ),
        GrantError::NotUnderstood => (
            "authorization-not-understood",
            "The authorization says what this version of the appliance does not know.".into(),
            "Update the appliance's licensing software, then install it again.".into(),
        ),
    };
    Problem::new(name, cause, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(problems: &[Problem]) {
        let mut causes: Vec<&str> = problems.iter().map(|problem| &*problem.cause).collect();
        for Problem { code, cause, remedy } in problems {
            assert!(code.starts_with("code-") || code.starts_with("authorization-"), "{code}");
            for sentence in [cause, remedy] {
                assert!(sentence.ends_with('.') && sentence.len() > 20, "{sentence}");
                assert!(!sentence.contains("  ") && !sentence.contains('{'), "{sentence}");
            }
        }
        causes.sort_unstable();
        causes.dedup();
        assert_eq!(causes.len(), problems.len(), "each has its own cause");
    }

    #[test]
    fn everything_that_can_be_wrong_with_a_code_has_a_cause_and_a_remedy() {
        let kinds = [CodeKind::Request, CodeKind::Confirmation, CodeKind::Return];
        let others = [
            CodeError::NotACode,
            CodeError::NewerVersion(3),
            CodeError::BadCharacter { place: 2 },
            CodeError::Length { expected: 80, found: 79 },
            CodeError::Length { expected: 80, found: 81 },
            CodeError::Mistyped { block: 1, place: Some(2) },
            CodeError::Mistyped { block: 2, place: None },
            CodeError::TooLong,
            CodeError::Malformed,
        ];
        let errors = kinds.map(CodeError::WrongKind).into_iter().chain(others);
        let problems: Vec<Problem> =
            errors.map(|error| code(error, CodeKind::Authorization, "LHA0A")).collect();
        check(&problems);
        assert!(problems[1].cause.contains("a confirmation code (LHC…)"), "{}", problems[1]);
        let several = code(CodeError::Mistyped { block: 2, place: None }, CodeKind::Return, "");
        assert!(several.cause.contains("characters 81 to 160"), "{several}");
    }

    #[test]
    fn everything_that_can_be_wrong_with_a_grant_has_a_cause_and_a_remedy() {
        let problems = [
            GrantError::OtherDevice,
            GrantError::OtherRequest { number: 41 },
            GrantError::OtherLicenseType,
            GrantError::OtherCatalogue,
            GrantError::Superseded { generation: 0 },
            GrantError::Superseded { generation: 3 },
            GrantError::SignerUnknown,
            GrantError::CertificateOutsideDates,
            GrantError::SignatureInvalid,
            GrantError::NotUnderstood,
        ]
        .map(grant);
        check(&problems);
        assert!(problems[1].cause.contains("request number 41"), "{}", problems[1]);
    }

    #[test]
    fn a_wrong_character_is_shown_in_its_group() {
        for (text, place, expected) in [
            ("LHA0A-7KQ4M-AAAAA", 10, "character 10, the 4 in the group 7KQ4M"),
            ("LHA0A-7KQ4M-AAAAA", 1, "character 1, the L in the group LHA0A"),
            ("LHA0A-7KQ4M", 11, "character 11, the M in the group 7KQ4M"),
            ("lha0a 7kq4m\nab", 9, "character 9, the q in the group 7kq4m"),
            ("ABCDEFGHIJKLMNOP", 8, "character 8, the H in the group DEFGHIJKL"),
            ("LHA0A-7K\u{e9}4M", 9, "character 9, the \u{e9} in the group 7K\u{e9}4M"),
            ("LHA0A-7K\u{1b}4M", 9, "character 9, the ? in the group 7K?4M"),
            ("LHA0A-7K\u{202e}4M", 9, "character 9, the ? in the group 7K?4M"),
            ("LHA0A", 6, "character 6"),
            ("LHA0A", 0, "character 0"),
            ("", 1, "character 1"),
        ] {
            assert_eq!(shown(text, place), expected, "{text:?}");
        }
    }
}
