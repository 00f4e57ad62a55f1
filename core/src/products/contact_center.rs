//! The contact-centre product (SPEC C7): agents sign in, and their skills say which seat they take.

mod license_types;
mod skills;

pub use license_types::{
    FLEX, IP_IVR, NON_PRODUCTION, NOT_FOR_RESALE, PERPETUAL_ENHANCED, PERPETUAL_PREMIUM,
};
pub use skills::{SignInRefused, Skill, seat};

use super::bounds::BOUNDS;
use super::tag;
use crate::crypto::PublicKey;
use crate::policy::Policy;
use crate::product::{
    EnforcementMode, PlatformLimit, ProductDefinition, SizeProfile, UniversalLicense,
};

/// The product's name in settings and scenarios.
pub const NAME: &str = "contact-center";
/// The product id in the UDI of contact-centre appliances.
pub const PRODUCT_ID: &str = "LH-CC";

/// The definition for devices that trust `root`.
pub const fn definition(root: PublicKey) -> ProductDefinition<'static> {
    ProductDefinition {
        name: NAME,
        product_id: PRODUCT_ID,
        root,
        reservation_key: None,
        license_types: &[
            FLEX,
            PERPETUAL_PREMIUM,
            PERPETUAL_ENHANCED,
            IP_IVR,
            NON_PRODUCTION,
            NOT_FOR_RESALE,
        ],
        policy: Policy::DEFAULT,
        policy_bounds: BOUNDS,
        enforcement: EnforcementMode::Provisioning,
        size_profiles: SIZES,
        universal: Some(UniversalLicense { name: "CC Universal", tag: tag!("CC_UNIVERSAL") }),
    }
}

const SIZES: &[SizeProfile<'static>] = &[
    SizeProfile { name: "100-agents", limits: &limits(100, 50) },
    SizeProfile { name: "300-agents", limits: &limits(300, 150) },
    SizeProfile { name: "400-agents", limits: &limits(400, 150) },
];

/// What a machine for so many agents carries. The limit of standard seats is that of all seats: it
/// counts the tiers above too. A machine has as many ports for calls that come in as for agents.
const fn limits(agents: u32, outbound: u32) -> [PlatformLimit<'static>; 6] {
    [
        PlatformLimit { feature: "standard-seat", most: agents },
        PlatformLimit { feature: "agent-seat", most: agents },
        PlatformLimit { feature: "inbound-port", most: agents },
        PlatformLimit { feature: "ivr-port", most: agents },
        PlatformLimit { feature: "outbound-port", most: outbound },
        PlatformLimit { feature: "outbound-seat", most: outbound },
    ]
}
