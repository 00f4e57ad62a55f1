//! What is wrong with a code that was entered, in words.

use leasehold_core::code::{CodeError, CodeKind};

fn kind(kind: CodeKind) -> String {
    let name = match kind {
        CodeKind::Request => "a request code",
        CodeKind::Authorization => "an authorization code",
        CodeKind::Confirmation => "a confirmation code",
        CodeKind::Return => "a return code",
    };
    format!("{name} ({})", kind.prefix())
}

/// Characters of a block of a code (SPEC S4).
const BLOCK: u16 = 80;

/// The character of `text` that an error is about, where it is about one.
pub(super) fn typed(error: CodeError, text: &str) -> Option<char> {
    let place = match error {
        CodeError::BadCharacter { place } => place,
        CodeError::Mistyped { place, .. } => place?,
        _ => return None,
    };
    text.chars().nth(usize::from(place).checked_sub(1)?)
}

/// A sentence of cause and one of remedy for a text that is not a good code of the `expected` kind;
/// `typed` is the one character that is wrong.
pub(super) fn code(expected: CodeKind, error: CodeError, typed: Option<char>) -> String {
    let belongs = kind(expected);
    match error {
        CodeError::NotACode => {
            format!("This is no code of a reservation. Enter {belongs}, from its first letter on.")
        }
        CodeError::WrongKind(other) => {
            let other = kind(other);
            format!("This is {other}, and {belongs} belongs here. Enter that one.")
        }
        CodeError::NewerVersion(_) => {
            "The code was made by a newer version. Update the manager.".into()
        }
        CodeError::BadCharacter { place } => format!(
            "The code has {}, which no code has{}. {AGAIN}",
            character(place, typed),
            if matches!(typed, Some('u' | 'U')) { "; it may be a V" } else { "" }
        ),
        CodeError::Length { expected: whole, found } if found.saturating_mul(2) < whole => format!(
            "This is only the beginning of a code: {found} characters of at least {whole}, dashes and \
             spaces not counted. Enter all of it."
        ),
        CodeError::Length { expected: whole, found } => format!(
            "The code has {found} characters and should have {whole}, dashes and spaces not counted: \
             {}.{} {AGAIN}",
            match whole.checked_sub(found) {
                Some(missing @ 1..) => format!("{missing} missing"),
                _ => format!("{} too many", found.saturating_sub(whole)),
            },
            exactness(expected, 1)
        ),
        CodeError::Mistyped { place: Some(place), .. } => {
            format!("The code was mistyped: {} is wrong. {AGAIN}", character(place, typed))
        }
        CodeError::Mistyped { place: None, block } => format!(
            "The code was mistyped in more than one place, among its {}, dashes and spaces not \
             counted.{} {AGAIN}",
            match u16::from(block).saturating_sub(1).saturating_mul(BLOCK) {
                0 => format!("first {BLOCK} characters"),
                before => format!(
                    "characters {} to {}",
                    before.saturating_add(1),
                    before.saturating_add(BLOCK)
                ),
            },
            exactness(expected, block)
        ),
        CodeError::TooLong => {
            "The text is longer than any code. Enter one code, and nothing else.".into()
        }
        CodeError::Malformed => {
            "The code holds something impossible, so that whatever made it is broken. \
             Make a new one on the appliance, with its software updated."
                .into()
        }
    }
}

const AGAIN: &str = "Compare it with the original, and enter it again.";

/// What people get wrong who have read that spaces, dashes and case do not matter: of a request that
/// has trouble in the block where the UDI stands (SPEC S4).
fn exactness(expected: CodeKind, block: u8) -> &'static str {
    match (expected, block) {
        (CodeKind::Request, 1) => {
            " In a request code, the product and the serial number stand between colons and are taken \
             exactly: the colons, dashes, capital and small letters as they are."
        }
        _ => "",
    }
}

/// The wrong character and its place, for a sentence.
fn character(place: u16, typed: Option<char>) -> String {
    // What was entered goes to terminals and logs: nothing of it may steer them.
    let name = match typed.filter(|typed| typed.is_ascii_graphic() || typed.is_alphanumeric()) {
        Some(typed) => format!("the {typed}"),
        None => "a character".into(),
    };
    format!("{name} at place {place} (dashes and spaces counted)")
}

/// So many seconds, in the largest unit that does not make them fewer by much.
pub(super) fn wait(seconds: u32) -> String {
    match (seconds.div_ceil(60), seconds) {
        (_, 1) => "1 second".into(),
        (_, 0..=90) => format!("{seconds} seconds"),
        (minutes, _) => format!("{minutes} minutes"),
    }
}

/// A name for programs, which never changes.
pub(super) const fn name(error: CodeError) -> &'static str {
    match error {
        CodeError::NotACode => "code-not-one",
        CodeError::WrongKind(_) => "code-wrong-kind",
        CodeError::NewerVersion(_) => "code-newer-version",
        CodeError::BadCharacter { .. } => "code-bad-character",
        CodeError::Length { .. } => "code-length",
        CodeError::Mistyped { .. } => "code-mistyped",
        CodeError::TooLong => "code-too-long",
        CodeError::Malformed => "code-malformed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_a_cause_a_remedy_and_a_name_of_its_own() {
        let errors = [
            CodeError::NotACode,
            CodeError::WrongKind(CodeKind::Return),
            CodeError::NewerVersion(2),
            CodeError::BadCharacter { place: 41 },
            CodeError::Length { expected: 42, found: 43 },
            CodeError::Mistyped { block: 1, place: Some(44) },
            CodeError::Mistyped { block: 2, place: None },
            CodeError::TooLong,
            CodeError::Malformed,
        ];
        let mut seen = Vec::new();
        for error in errors {
            let text = code(CodeKind::Confirmation, error, None);
            assert!(text.contains(". ") && text.ends_with('.'), "{text}");
            assert!(!seen.contains(&text), "{text}");
            seen.push(text);
        }
        assert!(seen[1].contains("a return code (LHR), and a confirmation code (LHC)"));
        assert!(seen[3].contains("a character at place 41"));
        assert!(seen[4].contains("has 43 characters and should have 42"));
        assert!(seen[4].contains("1 too many"));
        assert!(seen[5].contains("place 44"));
        assert!(seen[6].contains("among its characters 81 to 160"));
        let mut names = errors.map(name).to_vec();
        names.dedup();
        assert_eq!(names.len(), 8, "both kinds of mistyping are one to programs");
    }

    #[test]
    fn a_code_that_breaks_off_is_told_from_one_that_lacks_a_character() {
        let told =
            |expected, found| code(CodeKind::Request, CodeError::Length { expected, found }, None);
        assert!(told(78, 4).starts_with("This is only the beginning of a code: 4 characters of"));
        assert!(told(88, 86).contains("86 characters and should have 88"), "{}", told(88, 86));
        assert!(told(88, 86).contains("2 missing"), "{}", told(88, 86));
    }

    /// SPEC S4: the UDI is taken exactly, and the rest is not.
    #[test]
    fn what_is_exact_in_a_request_is_said_where_it_may_be_the_trouble() {
        let exact = |kind, error| code(kind, error, None).contains("stand between colons");
        let (request, other) = (CodeKind::Request, CodeKind::Return);
        let many = |block| CodeError::Mistyped { block, place: None };
        let length = CodeError::Length { expected: 88, found: 86 };
        let found = [length, many(1), many(2)].map(|error| exact(request, error));
        assert_eq!(found, [true, true, false]);
        let found = [length, many(1), many(2)].map(|error| exact(other, error));
        assert_eq!(found, [false; 3]);
        assert!(code(request, many(1), None).contains("among its first 80 characters"));
    }

    #[test]
    fn the_wrong_character_is_named_unless_it_could_steer_a_terminal() {
        let told = |text: &str, place| {
            let error = CodeError::BadCharacter { place };
            code(CodeKind::Return, error, typed(error, text))
        };
        assert!(told("LHR0-\u{e9}", 6).contains("the \u{e9} at place 6"));
        assert!(told("LHR0-U", 6).contains("the U at place 6"));
        assert!(told("LHR0-U", 6).contains("it may be a V"));
        for text in ["LHR0-\u{1b}", "LHR0-\u{202e}", "LHR0-"] {
            assert!(told(text, 6).contains("a character at place 6"), "{text:?}");
        }
        let wrong = CodeError::Mistyped { block: 1, place: Some(2) };
        assert!(code(CodeKind::Return, wrong, typed(wrong, "L1")).contains("the 1 at place 2"));
        assert_eq!(typed(CodeError::NotACode, "L1"), None);
    }

    #[test]
    fn a_wait_is_told_in_a_unit_that_people_count_in() {
        let told = [1, 90, 91, 3_599, 3_600].map(wait);
        assert_eq!(told, ["1 second", "90 seconds", "2 minutes", "60 minutes", "60 minutes"]);
    }
}
