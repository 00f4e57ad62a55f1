//! The contact-centre product (SPEC C7): agents sign in, and their skills say which seat they take.

use crate::crypto::PublicKey;
use crate::policy::{Policy, PolicyBounds};
use crate::product::{
    EnforcementMode, Entitlement, Feature, LicensePurpose, LicenseType, ProductDefinition,
    Reporting,
};
use crate::time::Duration;

/// The product id in the UDI of contact-centre appliances.
pub const PRODUCT_ID: &str = "LH-CC";

/// The chain of agent seats: premium covers standard.
const SEATS: u8 = 0;

/// The definition for devices that trust `root`.
pub const fn definition(root: PublicKey) -> ProductDefinition<'static> {
    ProductDefinition {
        name: "contact-center",
        product_id: PRODUCT_ID,
        root,
        license_types: &[FLEX],
        policy: Policy::DEFAULT,
        policy_bounds: BOUNDS,
        enforcement: EnforcementMode::Provisioning,
        size_profiles: &[],
    }
}

/// Flex: standard and premium seats are reported, ports are stored (SPEC C7).
pub const FLEX: LicenseType<'static> = LicenseType {
    name: "flex",
    purpose: LicensePurpose::Production,
    entitlements: &[
        Entitlement {
            name: "CC Flex Standard Seat",
            tag: "regid.2026-01.org.leasehold.CC_FLEX_STANDARD,1.0",
            description: "Agent seat for voice",
            version: "1.0",
            chain: Some(SEATS),
            reporting: Reporting::Peak,
            controlled: true,
        },
        Entitlement {
            name: "CC Flex Premium Seat",
            tag: "regid.2026-01.org.leasehold.CC_FLEX_PREMIUM,1.0",
            description: "Agent seat for every channel",
            version: "1.0",
            chain: Some(SEATS),
            reporting: Reporting::Peak,
            controlled: true,
        },
        Entitlement {
            name: "CC Flex Server",
            tag: "regid.2026-01.org.leasehold.CC_FLEX_SERVER,1.0",
            description: "Server licence",
            version: "1.0",
            chain: None,
            reporting: Reporting::Presence,
            controlled: false,
        },
        Entitlement {
            name: "CC Flex Inbound Port",
            tag: "regid.2026-01.org.leasehold.CC_FLEX_INBOUND_PORT,1.0",
            description: "Port for incoming calls",
            version: "1.0",
            chain: None,
            reporting: Reporting::StoredOnly,
            controlled: false,
        },
        Entitlement {
            name: "CC Flex Outbound Port",
            tag: "regid.2026-01.org.leasehold.CC_FLEX_OUTBOUND_PORT,1.0",
            description: "Port for outgoing calls",
            version: "1.0",
            chain: None,
            reporting: Reporting::StoredOnly,
            controlled: false,
        },
    ],
    features: &[
        Feature { name: "standard-seat", entitlement: 0 },
        Feature { name: "premium-seat", entitlement: 1 },
        Feature { name: "server", entitlement: 2 },
        Feature { name: "inbound-port", entitlement: 3 },
        Feature { name: "outbound-port", entitlement: 4 },
    ],
};

/// What a manager may set: it can report more often and warn sooner, and can never give a longer
/// evaluation, a longer overage or a longer certificate than the product.
const BOUNDS: PolicyBounds = PolicyBounds {
    min: Policy {
        evaluation_period: Duration::from_days(90),
        report_interval: Duration::from_secs(1),
        authorization_renewal: Duration::from_minutes(1),
        authorization_period: Duration::from_days(1),
        backdate: Duration::ZERO,
        overage_period: Duration::from_days(7),
        pending_warning: Duration::from_secs(1),
        pending_tolerance: Duration::from_secs(2),
        pending_report_interval: Duration::from_secs(1),
        breached_report_interval: Duration::from_secs(1),
        certificate_period: Duration::from_days(7),
        certificate_renewal: Duration::from_days(1),
        register_retry: Duration::from_secs(1),
        retry_first: Duration::from_secs(1),
        retry_max: Duration::from_secs(1),
        clock_grace: Duration::from_hours(1),
        consecutive_reports: 1,
        lock_usage: false,
    },
    max: Policy {
        report_interval: Duration::from_hours(24),
        pending_report_interval: Duration::from_hours(1),
        register_retry: Duration::from_hours(1),
        retry_first: Duration::from_hours(1),
        consecutive_reports: 10,
        ..Policy::DEFAULT
    },
};

/// What an agent may work on; it decides the seat that a sign-in takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Skill {
    /// Incoming calls.
    InboundVoice,
    /// Outgoing calls that the agent previews and dials.
    OutboundDirectPreview,
    /// Chat.
    Chat,
    /// E-mail.
    Email,
    /// Outgoing calls dialled ahead of the agents.
    OutboundPredictive,
    /// Outgoing calls dialled as agents become free.
    OutboundProgressive,
}

impl Skill {
    /// Every skill, in the order of the documentation.
    pub const ALL: [Self; 6] = [
        Self::InboundVoice,
        Self::OutboundDirectPreview,
        Self::Chat,
        Self::Email,
        Self::OutboundPredictive,
        Self::OutboundProgressive,
    ];

    /// The skill's name in commands and traces.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InboundVoice => "inbound-voice",
            Self::OutboundDirectPreview => "outbound-direct-preview",
            Self::Chat => "chat",
            Self::Email => "email",
            Self::OutboundPredictive => "outbound-predictive",
            Self::OutboundProgressive => "outbound-progressive",
        }
    }

    /// The skill of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|skill| skill.name() == name)
    }

    const fn needs_premium(self) -> bool {
        !matches!(self, Self::InboundVoice | Self::OutboundDirectPreview)
    }
}

/// The feature a sign-in takes under a flex licence (SPEC C7).
pub fn flex_seat(skills: &[Skill], supervisor: bool) -> &'static str {
    if supervisor || skills.iter().any(|skill| skill.needs_premium()) {
        "premium-seat"
    } else {
        "standard-seat"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Algorithm;

    #[test]
    fn the_definition_holds_together() {
        let root = PublicKey { algorithm: Algorithm::Ed25519, bytes: [0; 32] };
        assert_eq!(definition(root).check(), Ok(()));
        assert_eq!(BOUNDS.clamp(Policy::DEFAULT), Policy::DEFAULT);
    }

    #[test]
    fn agents_are_classified_as_c7_says() {
        use Skill::{Chat, Email, InboundVoice, OutboundDirectPreview};
        use Skill::{OutboundPredictive, OutboundProgressive};
        let standard = [InboundVoice, OutboundDirectPreview];
        assert_eq!(flex_seat(&standard, false), "standard-seat");
        assert_eq!(flex_seat(&[], false), "standard-seat");
        for premium in [Chat, Email, OutboundPredictive, OutboundProgressive] {
            assert_eq!(flex_seat(&[InboundVoice, premium], false), "premium-seat");
        }
        assert_eq!(flex_seat(&standard, true), "premium-seat");
        for skill in Skill::ALL {
            assert_eq!(Skill::from_name(skill.name()), Some(skill));
        }
    }
}
