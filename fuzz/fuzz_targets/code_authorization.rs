//! What a device's administrator pastes: any text, and never accepted without a signature. What is
//! signed is accepted only where all of it is understood.
#![no_main]

use leasehold_core::code::{AuthorizationCode, CodeError, ExpectedGrant, Grant};
use leasehold_core::crypto::{Crypto, KeyHandle, SoftwareCrypto};
use leasehold_fuzz::grants::{ANCHORS, KEY, UDI, expected};
use leasehold_fuzz::keyed_hash::KeyedHash;
use leasehold_fuzz::seal;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((&form, rest)) = bytes.split_first() else { return };
    match form % 3 {
        0 => unsigned(&String::from_utf8_lossy(rest)),
        1 => unsigned(&seal::sealed(b'A', rest)),
        _ => signed(&seal::signed_authorization(&KEY, &UDI, &ANCHORS, rest)),
    }
});

fn unsigned(text: &str) {
    let code = match AuthorizationCode::parse(text) {
        Ok(code) => code,
        Err(CodeError::BadCharacter { place } | CodeError::Mistyped { place: Some(place), .. }) => {
            assert!((1..=text.chars().count()).contains(&usize::from(place)));
            return;
        }
        Err(_) => return,
    };
    let key = |seed| SoftwareCrypto.public_key(&KeyHandle([seed; 32])).expect("a software key");
    let software = ExpectedGrant { root: key(1), reservation_key: Some(key(2)), ..expected() };
    assert!(code.accept(&SoftwareCrypto, &software).is_err(), "nobody has signed this");
    assert!(code.accept(&KeyedHash, &expected()).is_err(), "by a hash neither");
}

fn signed(text: &str) {
    let accept = |text: &str| -> Option<Grant> {
        let code = AuthorizationCode::parse(text).ok()?;
        code.accept(&KeyedHash, &expected()).ok().map(|grant| (*grant).clone())
    };
    let Some(grant) = accept(text) else { return };
    let again = AuthorizationCode::encode(&KeyedHash, &KEY, None, &grant, &UDI, &ANCHORS);
    assert_eq!(accept(&again.expect("any seed is a key")), Some(grant));
}
