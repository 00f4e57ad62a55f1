//! What to buy.

use crate::report::{AuthorizationState, Entitlement};

/// A licence that the account does not cover.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Shortage<'r> {
    /// The licence.
    pub(super) entitlement: &'r Entitlement,
    /// What this device reports: its peak at or above this tier.
    pub(super) used: u64,
    /// What the account owns at or above this tier, for all its devices.
    pub(super) owned: u64,
    /// How many of it this device alone lacks, once what higher tiers lack is bought. Zero when
    /// other devices of the account use the rest.
    pub(super) missing: u64,
}

/// Every licence that is out of compliance, in the order of the report.
///
/// Higher tiers cover lower ones (SPEC C2): what is bought of the highest counts for those below it
/// too, so they are looked at from the top.
pub(super) fn shortages(entitlements: &[Entitlement]) -> Vec<Shortage<'_>> {
    let mut found = Vec::new();
    let mut above = Above::default();
    for entitlement in entitlements.iter().rev() {
        if entitlement.chain.is_none() || entitlement.chain != above.chain {
            above = Above { chain: entitlement.chain, ..Above::default() };
        }
        above.owned += u64::from(entitlement.owned.unwrap_or(0));
        let uncovered = matches!(entitlement.state, AuthorizationState::OutOfCompliance { .. })
            && entitlement.verdict.as_deref() == Some("OutOfCompliance");
        if uncovered {
            let (used, owned) = (u64::from(entitlement.peak), above.owned);
            let missing = used.saturating_sub(owned + above.bought);
            above.bought += missing;
            found.push(Shortage { entitlement, used, owned, missing });
        }
    }
    found.reverse();
    found
}

/// What was seen of the chain so far, from its highest tier.
#[derive(Clone, Copy, Debug, Default)]
struct Above {
    chain: Option<u8>,
    owned: u64,
    bought: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tier(peak: u32, owned: u32, chain: Option<u8>, verdict: &str) -> Entitlement {
        let state = match verdict {
            "OutOfCompliance" => AuthorizationState::OutOfCompliance { since: None, pending: true },
            _ => AuthorizationState::Authorized,
        };
        Entitlement {
            name: "Seat".into(),
            tag: "seat".into(),
            description: "Seat".into(),
            version: "1.0".into(),
            feature: "seat".into(),
            chain,
            reporting: "peak".into(),
            in_use: peak,
            peak,
            state,
            verdict: Some(verdict.into()),
            owned: Some(owned),
            controlled: false,
            configured_limit: None,
            limit: None,
        }
    }

    fn missing(tiers: &[Entitlement]) -> Vec<(u64, u64, u64)> {
        shortages(tiers).iter().map(|short| (short.used, short.owned, short.missing)).collect()
    }

    #[test]
    fn a_lower_tier_may_use_what_is_owned_above_it() {
        let tiers =
            [tier(51, 40, Some(0), "OutOfCompliance"), tier(5, 10, Some(0), "InCompliance")];
        assert_eq!(missing(&tiers), [(51, 50, 1)]);
    }

    #[test]
    fn what_a_higher_tier_lacks_is_not_bought_twice() {
        let tiers =
            [tier(53, 40, Some(0), "OutOfCompliance"), tier(12, 10, Some(0), "OutOfCompliance")];
        assert_eq!(missing(&tiers), [(53, 50, 1), (12, 10, 2)]);
    }

    #[test]
    fn neighbours_outside_the_chain_do_not_count() {
        let tiers = [tier(3, 2, None, "OutOfCompliance"), tier(0, 9, None, "InCompliance")];
        assert_eq!(missing(&tiers), [(3, 2, 1)]);
        let chains = [tier(3, 2, Some(0), "OutOfCompliance"), tier(0, 9, Some(1), "InCompliance")];
        assert_eq!(missing(&chains), [(3, 2, 1)]);
    }

    #[test]
    fn nothing_is_missing_here_when_others_use_the_rest() {
        assert_eq!(missing(&[tier(3, 40, None, "OutOfCompliance")]), [(3, 40, 0)]);
    }
}
