//! Peaks as the appliance counts them, watched from outside.

use leasehold_shim::report::{Entitlement, Report};
use serde::Serialize;

/// The highest counts that were seen, one for each reported licence.
#[derive(Debug, Default)]
pub(super) struct Counted(Vec<Peaks>);

/// The most in use at once of a licence and those above it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(super) struct Peaks {
    /// The feature.
    pub(super) feature: String,
    /// The licence's name.
    pub(super) name: String,
    /// The count.
    pub(super) peak: u32,
}

impl Counted {
    /// Takes the counts of this moment.
    pub(super) fn see(&mut self, report: &Report) {
        let now = in_use_at_or_above(&report.entitlements);
        if self.0.is_empty() {
            self.0 = now;
            return;
        }
        for (highest, now) in self.0.iter_mut().zip(now) {
            highest.peak = highest.peak.max(now.peak);
        }
    }

    /// The highest so far, in the order of the report.
    pub(super) fn peaks(self) -> Vec<Peaks> {
        self.0
    }
}

/// What is in use of each tier and those above it (SPEC C3). Not the report's own peaks: those
/// begin anew whenever the manager has answered.
fn in_use_at_or_above(entitlements: &[Entitlement]) -> Vec<Peaks> {
    let mut found: Vec<Peaks> = Vec::new();
    let mut above = (None, 0_u32);
    for entitlement in entitlements.iter().rev() {
        if entitlement.chain.is_none() || entitlement.chain != above.0 {
            above = (entitlement.chain, 0);
        }
        above.1 = above.1.saturating_add(entitlement.in_use);
        if entitlement.reporting == "peak" {
            found.push(Peaks {
                feature: entitlement.feature.clone(),
                name: entitlement.name.clone(),
                peak: above.1,
            });
        }
    }
    found.reverse();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use leasehold_shim::report::AuthorizationState;

    fn tier(feature: &str, chain: Option<u8>, in_use: u32) -> Entitlement {
        Entitlement {
            name: feature.to_uppercase(),
            tag: feature.into(),
            description: "Seat".into(),
            version: "1.0".into(),
            feature: feature.into(),
            chain,
            reporting: "peak".into(),
            in_use,
            peak: 0,
            state: AuthorizationState::Authorized,
            verdict: None,
            owned: None,
            controlled: false,
            configured_limit: None,
            limit: None,
        }
    }

    #[test]
    fn a_tier_counts_those_above_it_in_its_chain() {
        let entitlements = [
            tier("other", None, 7),
            tier("low", Some(0), 5),
            tier("high", Some(0), 2),
            tier("alone", None, 3),
        ];
        let peaks = in_use_at_or_above(&entitlements);
        let counts: Vec<(&str, u32)> =
            peaks.iter().map(|peak| (peak.feature.as_str(), peak.peak)).collect();
        assert_eq!(counts, [("other", 7), ("low", 7), ("high", 2), ("alone", 3)]);
    }
}
