//! What each license type counts, reports and lets an administrator limit (SPEC C7).
//!
//! None has more than eight entitlements: what an agent on a small device has room for.

use crate::product::{Feature, LicensePurpose, LicenseType, Reporting};
use crate::products::{controlled, entitlement, tag, tier};
use Reporting::{Peak, Presence, StoredOnly};

/// The chain of agent seats: premium covers standard.
const SEATS: u8 = 0;

const STANDARD: &str = "Agent seat for voice";
const PREMIUM: &str = "Agent seat for every channel";
const SERVER: &str = "Server licence";
const STANDBY: &str = "Server that takes over when the first fails";
const INBOUND: &str = "Port for incoming calls";
const OUTBOUND: &str = "Port for outgoing calls";
const OUTBOUND_SEAT: &str = "Agent seat for outgoing calls";

/// What the types with two tiers of seats let an appliance take, in the order of their
/// entitlements.
const TIERED: &[Feature<'static>] = &[
    Feature { name: "standard-seat", entitlement: 0 },
    Feature { name: "premium-seat", entitlement: 1 },
    Feature { name: "server", entitlement: 2 },
    Feature { name: "inbound-port", entitlement: 3 },
    Feature { name: "outbound-port", entitlement: 4 },
    Feature { name: "outbound-seat", entitlement: 5 },
    Feature { name: "standby-server", entitlement: 6 },
];

/// Flex, a subscription: standard and premium seats are reported; the server licence has to be
/// owned; ports are stored.
pub const FLEX: LicenseType<'static> = LicenseType {
    name: "flex",
    purpose: LicensePurpose::Production,
    entitlements: &[
        controlled(tier(
            SEATS,
            entitlement("CC Flex Standard Seat", tag!("CC_FLEX_STANDARD"), STANDARD, Peak),
        )),
        controlled(tier(
            SEATS,
            entitlement("CC Flex Premium Seat", tag!("CC_FLEX_PREMIUM"), PREMIUM, Peak),
        )),
        entitlement("CC Flex Server", tag!("CC_FLEX_SERVER"), SERVER, Presence),
        entitlement("CC Flex Inbound Port", tag!("CC_FLEX_INBOUND_PORT"), INBOUND, StoredOnly),
        entitlement("CC Flex Outbound Port", tag!("CC_FLEX_OUTBOUND_PORT"), OUTBOUND, StoredOnly),
        entitlement(
            "CC Flex Outbound Seat",
            tag!("CC_FLEX_OUTBOUND_SEAT"),
            OUTBOUND_SEAT,
            StoredOnly,
        ),
        entitlement("CC Flex Standby Server", tag!("CC_FLEX_STANDBY"), STANDBY, StoredOnly),
    ],
    features: TIERED,
};

/// Perpetual Premium: every agent takes the one kind of seat there is; agents, outbound ports and
/// the server are reported.
pub const PERPETUAL_PREMIUM: LicenseType<'static> = LicenseType {
    name: "perpetual-premium",
    purpose: LicensePurpose::Production,
    entitlements: &[
        controlled(entitlement("CC Premium Seat", tag!("CC_PREMIUM_SEAT"), PREMIUM, Peak)),
        controlled(entitlement(
            "CC Premium Outbound Port",
            tag!("CC_PREMIUM_OUTBOUND_PORT"),
            OUTBOUND,
            Peak,
        )),
        entitlement("CC Premium Server", tag!("CC_PREMIUM_SERVER"), SERVER, Peak),
        entitlement(
            "CC Premium Inbound Port",
            tag!("CC_PREMIUM_INBOUND_PORT"),
            INBOUND,
            StoredOnly,
        ),
        entitlement(
            "CC Premium Outbound Seat",
            tag!("CC_PREMIUM_OUTBOUND_SEAT"),
            OUTBOUND_SEAT,
            StoredOnly,
        ),
        entitlement("CC Premium Standby Server", tag!("CC_PREMIUM_STANDBY"), STANDBY, StoredOnly),
    ],
    features: &[
        Feature { name: "agent-seat", entitlement: 0 },
        Feature { name: "outbound-port", entitlement: 1 },
        Feature { name: "server", entitlement: 2 },
        Feature { name: "inbound-port", entitlement: 3 },
        Feature { name: "outbound-seat", entitlement: 4 },
        Feature { name: "standby-server", entitlement: 5 },
    ],
};

/// Perpetual Enhanced: inbound voice only; agents and the server are reported.
pub const PERPETUAL_ENHANCED: LicenseType<'static> = LicenseType {
    name: "perpetual-enhanced",
    purpose: LicensePurpose::Production,
    entitlements: &[
        controlled(entitlement("CC Enhanced Seat", tag!("CC_ENHANCED_SEAT"), STANDARD, Peak)),
        entitlement("CC Enhanced Server", tag!("CC_ENHANCED_SERVER"), SERVER, Peak),
        entitlement(
            "CC Enhanced Inbound Port",
            tag!("CC_ENHANCED_INBOUND_PORT"),
            INBOUND,
            StoredOnly,
        ),
        entitlement("CC Enhanced Standby Server", tag!("CC_ENHANCED_STANDBY"), STANDBY, StoredOnly),
    ],
    features: &[
        Feature { name: "agent-seat", entitlement: 0 },
        Feature { name: "server", entitlement: 1 },
        Feature { name: "inbound-port", entitlement: 2 },
        Feature { name: "standby-server", entitlement: 3 },
    ],
};

/// IP-IVR: calls are answered by programs alone; their ports and the server are reported.
pub const IP_IVR: LicenseType<'static> = LicenseType {
    name: "ip-ivr",
    purpose: LicensePurpose::Production,
    entitlements: &[
        controlled(entitlement(
            "CC IVR Port",
            tag!("CC_IVR_PORT"),
            "Port for calls that a program answers",
            Peak,
        )),
        entitlement("CC IVR Server", tag!("CC_IVR_SERVER"), SERVER, Peak),
        entitlement("CC IVR Standby Server", tag!("CC_IVR_STANDBY"), STANDBY, StoredOnly),
    ],
    features: &[
        Feature { name: "ivr-port", entitlement: 0 },
        Feature { name: "server", entitlement: 1 },
        Feature { name: "standby-server", entitlement: 2 },
    ],
};

/// Non-Production: a laboratory that is used as a Flex system would be, and whose seats the account
/// sees under tags of their own. License control does not apply (SPEC C4).
pub const NON_PRODUCTION: LicenseType<'static> = LicenseType {
    name: "non-production",
    purpose: LicensePurpose::Lab,
    entitlements: &[
        tier(SEATS, entitlement("CC Lab Standard Seat", tag!("CC_LAB_STANDARD"), STANDARD, Peak)),
        tier(SEATS, entitlement("CC Lab Premium Seat", tag!("CC_LAB_PREMIUM"), PREMIUM, Peak)),
        entitlement("CC Lab Server", tag!("CC_LAB_SERVER"), SERVER, Presence),
        entitlement("CC Lab Inbound Port", tag!("CC_LAB_INBOUND_PORT"), INBOUND, StoredOnly),
        entitlement("CC Lab Outbound Port", tag!("CC_LAB_OUTBOUND_PORT"), OUTBOUND, StoredOnly),
        entitlement(
            "CC Lab Outbound Seat",
            tag!("CC_LAB_OUTBOUND_SEAT"),
            OUTBOUND_SEAT,
            StoredOnly,
        ),
        entitlement("CC Lab Standby Server", tag!("CC_LAB_STANDBY"), STANDBY, StoredOnly),
    ],
    features: TIERED,
};

/// Not-For-Resale: a system that partners show. It counts as [`NON_PRODUCTION`] does.
pub const NOT_FOR_RESALE: LicenseType<'static> = LicenseType {
    name: "not-for-resale",
    purpose: LicensePurpose::Lab,
    entitlements: &[
        tier(SEATS, entitlement("CC NFR Standard Seat", tag!("CC_NFR_STANDARD"), STANDARD, Peak)),
        tier(SEATS, entitlement("CC NFR Premium Seat", tag!("CC_NFR_PREMIUM"), PREMIUM, Peak)),
        entitlement("CC NFR Server", tag!("CC_NFR_SERVER"), SERVER, Presence),
        entitlement("CC NFR Inbound Port", tag!("CC_NFR_INBOUND_PORT"), INBOUND, StoredOnly),
        entitlement("CC NFR Outbound Port", tag!("CC_NFR_OUTBOUND_PORT"), OUTBOUND, StoredOnly),
        entitlement(
            "CC NFR Outbound Seat",
            tag!("CC_NFR_OUTBOUND_SEAT"),
            OUTBOUND_SEAT,
            StoredOnly,
        ),
        entitlement("CC NFR Standby Server", tag!("CC_NFR_STANDBY"), STANDBY, StoredOnly),
    ],
    features: TIERED,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{Algorithm, PublicKey};
    use crate::product::Entitlement;
    use crate::products::contact_center::definition;

    /// Name, then the features that are reported, only have to be owned, are stored only, and are
    /// fields of license control.
    type Row = (
        &'static str,
        &'static [&'static str],
        &'static [&'static str],
        &'static [&'static str],
        &'static [&'static str],
    );

    /// SPEC C7, written down by hand.
    const C7: [Row; 6] = [
        (
            "flex",
            &["standard-seat", "premium-seat"],
            &["server"],
            &["inbound-port", "outbound-port", "outbound-seat", "standby-server"],
            &["standard-seat", "premium-seat"],
        ),
        (
            "perpetual-premium",
            &["agent-seat", "outbound-port", "server"],
            &[],
            &["inbound-port", "outbound-seat", "standby-server"],
            &["agent-seat", "outbound-port"],
        ),
        (
            "perpetual-enhanced",
            &["agent-seat", "server"],
            &[],
            &["inbound-port", "standby-server"],
            &["agent-seat"],
        ),
        ("ip-ivr", &["ivr-port", "server"], &[], &["standby-server"], &["ivr-port"]),
        (
            "non-production",
            &["standard-seat", "premium-seat"],
            &["server"],
            &["inbound-port", "outbound-port", "outbound-seat", "standby-server"],
            &[],
        ),
        (
            "not-for-resale",
            &["standard-seat", "premium-seat"],
            &["server"],
            &["inbound-port", "outbound-port", "outbound-seat", "standby-server"],
            &[],
        ),
    ];

    fn all() -> &'static [LicenseType<'static>] {
        definition(PublicKey { algorithm: Algorithm::Ed25519, bytes: [0; 32] }).license_types
    }

    /// The features whose entitlement is as wished.
    fn features(
        license_type: &LicenseType<'static>,
        wished: impl Fn(&Entitlement<'_>) -> bool,
    ) -> Vec<&'static str> {
        let of = |feature: &&Feature<'_>| {
            wished(license_type.entitlement(feature.entitlement.into()).unwrap())
        };
        license_type.features.iter().filter(of).map(|feature| feature.name).collect()
    }

    #[test]
    fn license_types_count_what_c7_says() {
        assert_eq!(all().len(), C7.len());
        for (license_type, (name, reported, owned, stored, control)) in all().iter().zip(C7) {
            assert_eq!(license_type.name, name);
            assert_eq!(features(license_type, |one| one.reporting == Peak), reported, "{name}");
            assert_eq!(features(license_type, |one| one.reporting == Presence), owned, "{name}");
            assert_eq!(features(license_type, |one| one.reporting == StoredOnly), stored, "{name}");
            assert_eq!(features(license_type, |one| one.controlled), control, "{name}");
            assert!(license_type.entitlements.len() <= 8, "{name}");
        }
    }

    #[test]
    fn two_license_types_are_for_the_lab() {
        let lab = all().iter().filter(|known| known.purpose == LicensePurpose::Lab);
        let names: Vec<&str> = lab.map(|known| known.name).collect();
        assert_eq!(names, ["non-production", "not-for-resale"]);
    }

    #[test]
    fn only_seats_of_two_tiers_substitute() {
        for license_type in all() {
            let chained = features(license_type, |one| one.chain.is_some());
            let tiered = license_type.feature("standard-seat").is_some();
            let expected: &[&str] = if tiered { &["standard-seat", "premium-seat"] } else { &[] };
            assert_eq!(chained, expected, "{}", license_type.name);
        }
    }
}
