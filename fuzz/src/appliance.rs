//! The appliance that every world has, in its few makes.

use crate::keyed_hash::DeviceKeys;
use crate::manager::{ROOT, public, reservation_key};
use leasehold_core::agent::{Agent, Device};
use leasehold_core::counters::Counters;
use leasehold_core::identity::Udi;
use leasehold_core::product::{EnforcementMode, ProductDefinition};
use leasehold_core::products::contact_center;

/// The agent of an appliance.
pub type Machine<'a> = Agent<'a, DeviceKeys<'a>, 8>;

/// Of every appliance.
pub const UDI: Udi<'static> =
    Udi { product_id: contact_center::PRODUCT_ID, serial_number: "A1B2C3", uuid: None };

/// What is built, and how.
pub struct Appliance {
    /// The product.
    pub definition: ProductDefinition<'static>,
    /// The device.
    pub device: Device<'static>,
    /// Whether its platform has a counter that only grows (SPEC S5).
    pub has_counter: bool,
}

impl Appliance {
    /// Each bit of `make` changes something: a counter; the smallest size; no pinned reservation
    /// key; what enforcement refuses.
    pub fn new(make: u8) -> Self {
        let bit = |place: u8| make >> place & 1 == 1;
        let product = contact_center::definition(public(&ROOT));
        let enforcement = match make >> 3 & 3 {
            0 | 1 => product.enforcement,
            2 => EnforcementMode::NewUse,
            _ => EnforcementMode::Advisory,
        };
        let reservation_key = (!bit(2)).then(reservation_key);
        let smallest = product.size_profiles.first();
        Self {
            definition: ProductDefinition { reservation_key, enforcement, ..product },
            device: Device {
                udi: UDI,
                host_name: "pbx-1",
                software_version: "0.1",
                size_profile: smallest.filter(|_| bit(1)),
            },
            has_counter: bit(0),
        }
    }

    /// Its counters as they come out of the box.
    pub fn counters(&self) -> Counters<'_, 8> {
        Counters::new(&self.definition.license_types[0])
    }
}

/// Features of all license types, and one that none has.
const FEATURES: [&str; 9] = [
    "standard-seat",
    "premium-seat",
    "agent-seat",
    "inbound-port",
    "outbound-port",
    "outbound-seat",
    "ivr-port",
    "server",
    "nothing",
];

/// One of them.
pub fn feature(which: u8) -> &'static str {
    FEATURES[usize::from(which) % FEATURES.len()]
}
