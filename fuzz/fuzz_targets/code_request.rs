//! What a manager's administrator pastes: the request of a device.
#![no_main]

use leasehold_core::code::{CodeError, RequestCode};
use leasehold_core::identity::Udi;
use leasehold_fuzz::seal;
use libfuzzer_sys::fuzz_target;

/// Text as it is, or, from an odd first byte on, a version, a UDI up to a zero, and contents.
fn pasted(bytes: &[u8]) -> Option<String> {
    let (&form, rest) = bytes.split_first()?;
    if form % 2 == 0 {
        return Some(std::str::from_utf8(rest).ok()?.into());
    }
    let mut parts = rest.splitn(2, |&byte| byte == 0);
    let udi = std::str::from_utf8(parts.next()?).ok()?;
    Some(seal::sealed_request(form / 2 % 4, udi, parts.next()?))
}

fuzz_target!(|bytes: &[u8]| {
    let Some(text) = pasted(bytes) else { return };
    match RequestCode::parse(&text) {
        Ok(code) => {
            let udi = code.udi();
            let again = Udi::new(udi.product_id, udi.serial_number, udi.uuid);
            assert_eq!(again, Ok(udi), "a UDI that can be printed and read");
            assert_eq!(RequestCode::parse(&code.to_text()), Ok(code));
        }
        Err(CodeError::BadCharacter { place } | CodeError::Mistyped { place: Some(place), .. }) => {
            assert!((1..=text.chars().count()).contains(&usize::from(place)));
        }
        Err(_) => {}
    }
});
