//! What a device expects of an authorization code, and a grant that fits.

use crate::keyed_hash::KeyedHash;
use crate::manager::public;
use leasehold_core::code::{Anchors, ExpectedGrant, Grant, GrantLine, device_hint};
use leasehold_core::crypto::KeyHandle;
use leasehold_core::identity::Udi;
use leasehold_core::time::UnixTime;

/// The key that the product pins.
pub const KEY: KeyHandle = KeyHandle([2; 32]);
/// The device.
pub const UDI: Udi<'static> = Udi { product_id: "LH-CC", serial_number: "A1B2C3", uuid: None };
/// Those of its request.
pub const ANCHORS: Anchors = Anchors { confirmed: [3; 16], declined: [4; 16] };

/// What an authorization code must match.
pub fn expected() -> ExpectedGrant<'static> {
    ExpectedGrant {
        root: public(&KeyHandle([1; 32])),
        reservation_key: Some(public(&KEY)),
        udi: UDI,
        number: 1,
        anchors: ANCHORS,
        license_type: 0,
        catalogue: 1,
        entitlements: 8,
        newer_than: None,
    }
}

/// One that is accepted.
pub fn fitting() -> Grant {
    let issued = UnixTime::from_secs(1_800_000_000);
    let line = |entitlement| GrantLine { entitlement, count: 300, until: Some(issued) };
    Grant {
        device: device_hint(&KeyedHash, &UDI),
        number: 1,
        generation: 0,
        license_type: 0,
        universal: false,
        catalogue: 1,
        issued,
        lines: (0..3).map(line).collect(),
    }
}
