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

/// A sentence of cause and one of remedy for a text that is not a good code of the `expected` kind.
pub(super) fn code(expected: CodeKind, error: CodeError) -> String {
    let expected = kind(expected);
    match error {
        CodeError::NotACode => {
            format!("This is no code of a reservation. Enter {expected}, from its first letter on.")
        }
        CodeError::WrongKind(other) => {
            let other = kind(other);
            format!("This is {other}, and {expected} belongs here. Enter that one.")
        }
        CodeError::NewerVersion(_) => {
            "The code was made by a newer version. Update the manager.".into()
        }
        CodeError::BadCharacter { place } => format!(
            "The code has a character at place {place} that no code has. \
             Compare it with the original, and enter it again."
        ),
        CodeError::Length { expected, found } => format!(
            "The code has {found} characters instead of {expected}. \
             Look for what is missing or entered twice."
        ),
        CodeError::Mistyped { place: Some(place), .. } => format!(
            "The code was mistyped: the character at place {place} is wrong. \
             Compare it with the original, and enter it again."
        ),
        CodeError::Mistyped { place: None, block } => format!(
            "The code was mistyped in more than one place, within block {block} of 80 \
             characters each. Compare it with the original, and enter it again."
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
            let text = code(CodeKind::Confirmation, error);
            assert!(text.contains(". ") && text.ends_with('.'), "{text}");
            assert!(!seen.contains(&text), "{text}");
            seen.push(text);
        }
        assert!(seen[1].contains("a return code (LHR), and a confirmation code (LHC)"));
        assert!(seen[3].contains("place 41"));
        assert!(seen[4].contains("43 characters instead of 42"));
        assert!(seen[5].contains("place 44"));
        let mut names = errors.map(name).to_vec();
        names.dedup();
        assert_eq!(names.len(), 8, "both kinds of mistyping are one to programs");
    }
}
