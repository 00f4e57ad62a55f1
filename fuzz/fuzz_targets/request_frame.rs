//! What a manager parses from anybody who can reach it.
#![no_main]

use leasehold_core::crypto::SoftwareCrypto;
use leasehold_core::wire::RequestFrame;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let crypto = SoftwareCrypto;
    if let Ok(frame) = RequestFrame::parse(&crypto, bytes) {
        assert!(frame.request.udi.check().is_ok());
        let _ = frame.proven_registration_key(&crypto);
    }
});
