//! Agents are classified when they sign in (SPEC C7).

use super::license_types::{
    FLEX, IP_IVR, NON_PRODUCTION, NOT_FOR_RESALE, PERPETUAL_ENHANCED, PERPETUAL_PREMIUM,
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

/// How a license type seats the agents who sign in.
#[derive(Clone, Copy)]
enum Seating {
    /// By what they work on.
    BySkill { standard: &'static str, premium: &'static str },
    /// All alike.
    Alike(&'static str),
    /// All alike, and for incoming calls only.
    InboundVoice(&'static str),
    /// There are none.
    Nobody,
}

const BY_SKILL: Seating = Seating::BySkill { standard: "standard-seat", premium: "premium-seat" };

/// Every license type's.
const SEATING: [(&str, Seating); 6] = [
    (FLEX.name, BY_SKILL),
    (PERPETUAL_PREMIUM.name, Seating::Alike("agent-seat")),
    (PERPETUAL_ENHANCED.name, Seating::InboundVoice("agent-seat")),
    (IP_IVR.name, Seating::Nobody),
    (NON_PRODUCTION.name, BY_SKILL),
    (NOT_FOR_RESALE.name, BY_SKILL),
];

/// A sign-in that the license type does not allow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SignInRefused {
    /// The license type is for incoming calls only.
    InboundVoiceOnly {
        /// What else was asked for.
        skill: Skill,
    },
    /// Nobody signs in under this license type.
    NoAgents,
}

/// The feature that a sign-in takes under the license type of that name (SPEC C7).
///
/// # Errors
/// [`SignInRefused`]: such an agent cannot sign in under it.
pub fn seat(
    license_type: &str,
    skills: &[Skill],
    supervisor: bool,
) -> Result<&'static str, SignInRefused> {
    let found = SEATING.iter().find(|(name, _)| *name == license_type);
    match found.map_or(Seating::Nobody, |(_, seating)| *seating) {
        Seating::BySkill { standard, premium } => {
            let above = supervisor || skills.iter().any(|skill| skill.needs_premium());
            Ok(if above { premium } else { standard })
        }
        Seating::Alike(seat) => Ok(seat),
        Seating::InboundVoice(seat) => {
            match skills.iter().find(|skill| **skill != Skill::InboundVoice) {
                Some(&skill) => Err(SignInRefused::InboundVoiceOnly { skill }),
                None => Ok(seat),
            }
        }
        Seating::Nobody => Err(SignInRefused::NoAgents),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Skill::{Chat, Email, InboundVoice, OutboundDirectPreview};
    use Skill::{OutboundPredictive, OutboundProgressive};

    #[test]
    fn skills_have_names() {
        for skill in Skill::ALL {
            assert_eq!(Skill::from_name(skill.name()), Some(skill));
        }
        assert_eq!(Skill::from_name("telepathy"), None);
    }

    #[test]
    fn two_tiers_classify_by_skill() {
        for license_type in ["flex", "non-production", "not-for-resale"] {
            let seat = |skills: &[Skill], supervisor| seat(license_type, skills, supervisor);
            let standard = [InboundVoice, OutboundDirectPreview];
            assert_eq!(seat(&standard, false), Ok("standard-seat"));
            assert_eq!(seat(&[], false), Ok("standard-seat"));
            for premium in [Chat, Email, OutboundPredictive, OutboundProgressive] {
                assert_eq!(seat(&[premium], false), Ok("premium-seat"));
                assert_eq!(seat(&[InboundVoice, premium], false), Ok("premium-seat"));
            }
            assert_eq!(seat(&standard, true), Ok("premium-seat"));
        }
    }

    #[test]
    fn perpetual_premium_seats_everybody_alike() {
        for supervisor in [false, true] {
            assert_eq!(seat("perpetual-premium", &[], supervisor), Ok("agent-seat"));
            assert_eq!(seat("perpetual-premium", &Skill::ALL, supervisor), Ok("agent-seat"));
        }
    }

    #[test]
    fn perpetual_enhanced_allows_inbound_voice_only() {
        let enhanced =
            |skills: &[Skill], supervisor| seat("perpetual-enhanced", skills, supervisor);
        assert_eq!(enhanced(&[], false), Ok("agent-seat"));
        assert_eq!(enhanced(&[InboundVoice], false), Ok("agent-seat"));
        assert_eq!(enhanced(&[InboundVoice], true), Ok("agent-seat"));
        for skill in Skill::ALL.into_iter().filter(|skill| *skill != InboundVoice) {
            let refused = Err(SignInRefused::InboundVoiceOnly { skill });
            assert_eq!(enhanced(&[InboundVoice, skill], false), refused);
        }
    }

    #[test]
    fn nobody_signs_in_at_an_ivr() {
        assert_eq!(seat("ip-ivr", &[InboundVoice], false), Err(SignInRefused::NoAgents));
        assert_eq!(seat("subscription", &[InboundVoice], false), Err(SignInRefused::NoAgents));
    }
}
