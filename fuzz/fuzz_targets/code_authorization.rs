//! What a device's administrator pastes: any text, and never accepted without a signature.
#![no_main]

use leasehold_core::code::{Anchors, AuthorizationCode, CodeError, ExpectedGrant};
use leasehold_core::crypto::{Crypto, KeyHandle, SoftwareCrypto};
use leasehold_core::identity::Udi;
use leasehold_fuzz::seal;
use libfuzzer_sys::fuzz_target;

/// Text as it is, or, from an odd first byte on, version and contents.
fn pasted(bytes: &[u8]) -> Option<String> {
    let (&form, rest) = bytes.split_first()?;
    if form % 2 == 0 {
        Some(std::str::from_utf8(rest).ok()?.into())
    } else {
        Some(seal::sealed(b'A', rest))
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some(text) = pasted(bytes) else { return };
    let code = match AuthorizationCode::parse(&text) {
        Ok(code) => code,
        Err(CodeError::BadCharacter { place } | CodeError::Mistyped { place: Some(place), .. }) => {
            assert!((1..=text.chars().count()).contains(&usize::from(place)));
            return;
        }
        Err(_) => return,
    };
    let crypto = SoftwareCrypto;
    let key = |seed| crypto.public_key(&KeyHandle([seed; 32])).expect("a software key");
    let expected = ExpectedGrant {
        root: key(1),
        reservation_key: Some(key(2)),
        udi: Udi::new("LH-CC", "A1B2C3", None).expect("a UDI"),
        number: 1,
        anchors: Anchors { confirmed: [3; 16], declined: [4; 16] },
        license_type: 0,
        catalogue: 1,
        entitlements: 8,
        newer_than: None,
    };
    assert!(code.accept(&crypto, &expected).is_err(), "nobody has signed this");
});
