//! An industrial gateway: protocols and services that are licensed or not, a tier by the number of
//! its ports, and a tier by its throughput. Whatever becomes of its licences, a plant goes on: it
//! is told everything and refused nothing.

use super::bounds::BOUNDS;
use super::{controlled, entitlement, tag, tier};
use crate::crypto::PublicKey;
use crate::policy::Policy;
use crate::product::Reporting::Peak;
use crate::product::{
    EnforcementMode, Feature, LicensePurpose, LicenseType, PlatformLimit, ProductDefinition,
    SizeProfile, UniversalLicense,
};

/// The product's name in settings and scenarios.
pub const NAME: &str = "industrial-gateway";
/// The product id in the UDI of industrial gateways.
pub const PRODUCT_ID: &str = "LH-IG";

/// The chain of port counts: more ports cover fewer.
const PORTS: u8 = 0;
/// The chain of throughputs: faster covers slower.
const THROUGHPUT: u8 = 1;

/// The definition for devices that trust `root`.
pub const fn definition(root: PublicKey) -> ProductDefinition<'static> {
    ProductDefinition {
        name: NAME,
        product_id: PRODUCT_ID,
        root,
        reservation_key: None,
        license_types: &[SUBSCRIPTION, LAB],
        policy: Policy::DEFAULT,
        policy_bounds: BOUNDS,
        enforcement: EnforcementMode::Advisory,
        size_profiles: SIZES,
        universal: Some(UniversalLicense { name: "IG Universal", tag: tag!("IG_UNIVERSAL") }),
    }
}

const SIZES: &[SizeProfile<'static>] = &[
    SizeProfile { name: "compact", limits: &limits(0) },
    SizeProfile { name: "rack", limits: &limits(1) },
];

/// What a device takes, each once: it is on or off. A compact one has neither the ports nor the
/// processor for the higher tiers.
const fn limits(higher_tiers: u32) -> [PlatformLimit<'static>; 9] {
    [
        PlatformLimit { feature: "opc-ua", most: 1 },
        PlatformLimit { feature: "modbus", most: 1 },
        PlatformLimit { feature: "vpn", most: 1 },
        PlatformLimit { feature: "edge-analytics", most: 1 },
        PlatformLimit { feature: "ports-8", most: 1 },
        PlatformLimit { feature: "ports-24", most: higher_tiers },
        PlatformLimit { feature: "throughput-100m", most: 1 },
        PlatformLimit { feature: "throughput-1g", most: 1 },
        PlatformLimit { feature: "throughput-10g", most: higher_tiers },
    ]
}

const OPC_UA: &str = "OPC UA server and client";
const MODBUS: &str = "Modbus over TCP and over serial lines";
const VPN: &str = "Tunnels to remote sites";
const ANALYTICS: &str = "Programs that analyse data where it arises";
const UP_TO_8_PORTS: &str = "Up to 8 field ports";
const UP_TO_24_PORTS: &str = "Up to 24 field ports";
const UP_TO_100M: &str = "Up to 100 Mbit a second";
const UP_TO_1G: &str = "Up to 1 Gbit a second";
const UP_TO_10G: &str = "Up to 10 Gbit a second";

/// In the order of the entitlements of both license types.
const FEATURES: &[Feature<'static>] = &[
    Feature { name: "opc-ua", entitlement: 0 },
    Feature { name: "modbus", entitlement: 1 },
    Feature { name: "vpn", entitlement: 2 },
    Feature { name: "edge-analytics", entitlement: 3 },
    Feature { name: "ports-8", entitlement: 4 },
    Feature { name: "ports-24", entitlement: 5 },
    Feature { name: "throughput-100m", entitlement: 6 },
    Feature { name: "throughput-1g", entitlement: 7 },
    Feature { name: "throughput-10g", entitlement: 8 },
];

/// What a plant runs on. An administrator may deny a gateway what the account does not own.
pub const SUBSCRIPTION: LicenseType<'static> = LicenseType {
    name: "subscription",
    purpose: LicensePurpose::Production,
    entitlements: &[
        controlled(entitlement("IG OPC UA", tag!("IG_OPC_UA"), OPC_UA, Peak)),
        controlled(entitlement("IG Modbus", tag!("IG_MODBUS"), MODBUS, Peak)),
        controlled(entitlement("IG VPN", tag!("IG_VPN"), VPN, Peak)),
        controlled(entitlement("IG Edge Analytics", tag!("IG_EDGE_ANALYTICS"), ANALYTICS, Peak)),
        controlled(tier(PORTS, entitlement("IG 8 Ports", tag!("IG_PORTS_8"), UP_TO_8_PORTS, Peak))),
        controlled(tier(
            PORTS,
            entitlement("IG 24 Ports", tag!("IG_PORTS_24"), UP_TO_24_PORTS, Peak),
        )),
        controlled(tier(
            THROUGHPUT,
            entitlement("IG Throughput 100M", tag!("IG_THROUGHPUT_100M"), UP_TO_100M, Peak),
        )),
        controlled(tier(
            THROUGHPUT,
            entitlement("IG Throughput 1G", tag!("IG_THROUGHPUT_1G"), UP_TO_1G, Peak),
        )),
        controlled(tier(
            THROUGHPUT,
            entitlement("IG Throughput 10G", tag!("IG_THROUGHPUT_10G"), UP_TO_10G, Peak),
        )),
    ],
    features: FEATURES,
};

/// What is tried before a plant runs on it. License control does not apply (SPEC C4).
pub const LAB: LicenseType<'static> = LicenseType {
    name: "lab",
    purpose: LicensePurpose::Lab,
    entitlements: &[
        entitlement("IG Lab OPC UA", tag!("IG_LAB_OPC_UA"), OPC_UA, Peak),
        entitlement("IG Lab Modbus", tag!("IG_LAB_MODBUS"), MODBUS, Peak),
        entitlement("IG Lab VPN", tag!("IG_LAB_VPN"), VPN, Peak),
        entitlement("IG Lab Edge Analytics", tag!("IG_LAB_EDGE_ANALYTICS"), ANALYTICS, Peak),
        tier(PORTS, entitlement("IG Lab 8 Ports", tag!("IG_LAB_PORTS_8"), UP_TO_8_PORTS, Peak)),
        tier(PORTS, entitlement("IG Lab 24 Ports", tag!("IG_LAB_PORTS_24"), UP_TO_24_PORTS, Peak)),
        tier(
            THROUGHPUT,
            entitlement("IG Lab Throughput 100M", tag!("IG_LAB_THROUGHPUT_100M"), UP_TO_100M, Peak),
        ),
        tier(
            THROUGHPUT,
            entitlement("IG Lab Throughput 1G", tag!("IG_LAB_THROUGHPUT_1G"), UP_TO_1G, Peak),
        ),
        tier(
            THROUGHPUT,
            entitlement("IG Lab Throughput 10G", tag!("IG_LAB_THROUGHPUT_10G"), UP_TO_10G, Peak),
        ),
    ],
    features: FEATURES,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Algorithm;

    #[test]
    fn a_device_is_limited_by_its_size_and_reports_everything() {
        let root = PublicKey { algorithm: Algorithm::Ed25519, bytes: [0; 32] };
        let product = definition(root);
        for license_type in product.license_types {
            assert!(license_type.entitlements.iter().all(|one| one.reporting == Peak));
            for profile in product.size_profiles {
                // Each feature has its limit: on or off.
                let limited: Vec<&str> = profile.limits.iter().map(|limit| limit.feature).collect();
                let features: Vec<&str> = license_type.features.iter().map(|f| f.name).collect();
                assert_eq!(limited, features, "{} {}", license_type.name, profile.name);
            }
        }
        let most = |profile: &str, feature: &str| {
            let limits = product.size_profile(profile).unwrap().limits;
            limits.iter().find(|limit| limit.feature == feature).unwrap().most
        };
        assert_eq!((most("compact", "throughput-1g"), most("compact", "throughput-10g")), (1, 0));
        assert_eq!((most("rack", "ports-24"), most("rack", "throughput-10g")), (1, 1));
    }

    #[test]
    fn faster_covers_slower_and_more_ports_cover_fewer() {
        for license_type in [&SUBSCRIPTION, &LAB] {
            let chain = |chain| {
                let of = |feature: &&Feature<'_>| {
                    let entitlement = license_type.entitlement(feature.entitlement.into());
                    entitlement.unwrap().chain == Some(chain)
                };
                let tiers = license_type.features.iter().filter(of);
                tiers.map(|feature| feature.name).collect::<Vec<_>>()
            };
            assert_eq!(chain(PORTS), ["ports-8", "ports-24"]);
            assert_eq!(chain(THROUGHPUT), ["throughput-100m", "throughput-1g", "throughput-10g"]);
        }
    }
}
