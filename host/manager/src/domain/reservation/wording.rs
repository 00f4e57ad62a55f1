//! What is wrong with a code that was entered, in words.

use leasehold_core::code::{CodeError, CodeKind};
use std::borrow::Cow;

const fn kind(kind: CodeKind) -> &'static str {
    match kind {
        CodeKind::Request => "a request code (LHQ)",
        CodeKind::Authorization => "an authorization code (LHA)",
        CodeKind::Confirmation => "a confirmation code (LHC)",
        CodeKind::Return => "a return code (LHR)",
    }
}

/// A sentence of cause and one of remedy for a text that is not a good code of the `expected` kind.
pub(super) fn code(expected: CodeKind, error: CodeError) -> Cow<'static, str> {
    let expected = kind(expected);
    let text = match error {
        CodeError::NotACode => {
            format!("This is no code of a reservation. Enter {expected}, from its first letter on.")
        }
        CodeError::WrongKind(other) => {
            let other = kind(other);
            format!("This is {other}, and {expected} belongs here. Enter that one.")
        }
        CodeError::NewerVersion(_) => {
            return "The code was made by a newer version. Update the manager.".into();
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
        CodeError::Mistyped { place: None, .. } => {
            return "The code was mistyped in more than one place, or two characters were swapped. \
                    Compare it with the original, and enter it again."
                .into();
        }
        CodeError::TooLong => {
            return "The text is longer than any code. Enter one code, and nothing else.".into();
        }
        CodeError::Malformed => {
            return "The code holds something impossible, so that whatever made it is broken. \
                    Make a new one on the appliance, with its software updated."
                .into();
        }
    };
    text.into()
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
