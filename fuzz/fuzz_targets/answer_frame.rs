//! What a device parses: any bytes, and never believed without a manager's signature; and what a
//! manager signed, whatever it says.
#![no_main]

use leasehold_core::crypto::{Crypto, Digest, KeyHandle, SoftwareCrypto};
use leasehold_core::identity::DeviceFingerprint;
use leasehold_core::time::UnixTime;
use leasehold_core::wire::{AnswerFrame, AnswerNumber, Expected, accept};
use leasehold_fuzz::appliance::UDI;
use leasehold_fuzz::clocks::EPOCH;
use leasehold_fuzz::keyed_hash::KeyedHash;
use leasehold_fuzz::manager::{Manager, ROOT, public};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((&form, rest)) = bytes.split_first() else { return };
    if form % 2 == 0 { unsigned(rest) } else { signed(rest) }
});

fn unsigned(bytes: &[u8]) {
    let crypto = SoftwareCrypto;
    let Ok(frame) = AnswerFrame::parse(&crypto, bytes) else { return };
    let expected = Expected {
        root: crypto.public_key(&KeyHandle([1; 32])).expect("a software key"),
        device: DeviceFingerprint([2; 8]),
        request: Digest([3; 32]),
        newer_than: AnswerNumber::default(),
    };
    assert!(accept(&crypto, frame, &expected).is_err(), "nobody has signed this");
}

/// What the bytes say is signed by a manager that the root vouches for; what does not begin as it
/// must for this device and request is not believed all the same.
fn signed(payload: &[u8]) {
    let manager = Manager::new(UnixTime::from_secs(EPOCH));
    let frame = manager.signed(payload);
    let parsed = AnswerFrame::parse(&KeyedHash, &frame);
    let Ok(parsed) = parsed else { return };
    let expected = Expected {
        root: public(&ROOT),
        device: UDI.fingerprint(&KeyedHash),
        request: Digest([0; 32]),
        newer_than: AnswerNumber::default(),
    };
    if let Ok(answer) = accept(&KeyedHash, parsed, &expected) {
        assert_eq!((answer.device, answer.request), (expected.device, expected.request));
        assert!(answer.number > expected.newer_than);
    }
}
