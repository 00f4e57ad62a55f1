//! What a manager parses from anybody who can reach it.
#![no_main]

use leasehold_core::crypto::SoftwareCrypto;
use leasehold_core::identity::Udi;
use leasehold_core::wire::RequestFrame;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let crypto = SoftwareCrypto;
    if let Ok(frame) = RequestFrame::parse(&crypto, bytes) {
        let udi = &frame.request.udi;
        assert!(udi.check().is_ok());
        // Another machine, for all that is known.
        let other = Udi { uuid: Some([9; 16]), ..*udi };
        let same = udi.uuid == other.uuid;
        assert_eq!(udi.fingerprint(&crypto) == other.fingerprint(&crypto), same);
        let _ = frame.proven_registration_key(&crypto);
    }
});
