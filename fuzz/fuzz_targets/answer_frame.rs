//! What a device parses: any bytes, and never believed without a manager's signature.
#![no_main]

use leasehold_core::crypto::{Crypto, Digest, KeyHandle, SoftwareCrypto};
use leasehold_core::identity::DeviceFingerprint;
use leasehold_core::wire::{AnswerFrame, AnswerNumber, Expected, accept};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let crypto = SoftwareCrypto;
    let Ok(frame) = AnswerFrame::parse(&crypto, bytes) else { return };
    let expected = Expected {
        root: crypto.public_key(&KeyHandle([1; 32])).expect("a software key"),
        device: DeviceFingerprint([2; 8]),
        request: Digest([3; 32]),
        newer_than: AnswerNumber::default(),
    };
    assert!(accept(&crypto, frame, &expected).is_err(), "nobody has signed this");
});
