//! What a manager's administrator pastes: the confirmation and return codes of a device.
#![no_main]

use leasehold_core::code::{CodeError, ConfirmationCode, ReturnCode};
use leasehold_fuzz::seal;
use libfuzzer_sys::fuzz_target;

/// Text as it is, or, behind a first byte that says the kind, version and contents.
fn pasted(bytes: &[u8]) -> Option<String> {
    let (&form, rest) = bytes.split_first()?;
    match form % 3 {
        0 => Some(std::str::from_utf8(rest).ok()?.into()),
        1 => Some(seal::sealed(b'C', rest)),
        _ => Some(seal::sealed(b'R', rest)),
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some(text) = pasted(bytes) else { return };
    let confirmation = ConfirmationCode::parse(&text);
    let returned = ReturnCode::parse(&text);
    if let Ok(code) = confirmation {
        assert_eq!(ConfirmationCode::parse(&code.to_text()), Ok(code));
        assert!(returned.is_err(), "one text is of one kind");
    }
    if let Ok(code) = returned {
        assert_eq!(ReturnCode::parse(&code.to_text()), Ok(code));
    }
    for error in [confirmation.err(), returned.err()].into_iter().flatten() {
        if let CodeError::BadCharacter { place } | CodeError::Mistyped { place: Some(place), .. } =
            error
        {
            assert!((1..=text.chars().count()).contains(&usize::from(place)));
        }
    }
});
