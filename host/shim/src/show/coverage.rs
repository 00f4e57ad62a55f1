//! What of the use is covered by what is reserved (SPEC C2, C5).

use super::control::{has_higher_tiers, in_use_at_or_above};
use super::state::is_universal;
use super::text::plain;
use crate::report::{Entitlement, Report, ReservedLine};

/// A licence of which more is in use than is reserved.
#[derive(Clone, Copy, Debug)]
pub(super) struct Uncovered<'r> {
    entitlement: &'r Entitlement,
    with_higher: bool,
    in_use: u64,
    reserved: u64,
}

/// Every licence that is not covered, in the order of the report; none where nothing is installed.
pub(super) fn uncovered(report: &Report) -> Vec<Uncovered<'_>> {
    if report.reservation.installed.is_none() || is_universal(report) {
        return Vec::new();
    }
    let of = |(index, entitlement): (usize, &'_ Entitlement)| {
        let tiers = report.entitlements.iter().skip(index).take_while(|tier| {
            tier.tag == entitlement.tag
                || entitlement.chain.is_some() && tier.chain == entitlement.chain
        });
        (
            tiers.map(|tier| reserved(report, tier)).sum::<u64>(),
            in_use_at_or_above(report, entitlement),
        )
    };
    let counted = report.entitlements.iter().enumerate().filter(|(_, one)| one.reporting == "peak");
    counted
        .filter_map(|(index, entitlement)| {
            let (reserved, in_use) = of((index, entitlement));
            let with_higher = has_higher_tiers(report, entitlement);
            (in_use > reserved).then_some(Uncovered { entitlement, with_higher, in_use, reserved })
        })
        .collect()
}

impl Uncovered<'_> {
    /// Whether it is that licence.
    pub(super) fn is_of(&self, tag: &str) -> bool {
        self.entitlement.tag == tag
    }

    /// `2 CC Flex Premium Seat are in use and 0 are reserved`.
    pub(super) fn words(&self) -> String {
        let Self { entitlement, with_higher, in_use, reserved } = self;
        let tiers = if *with_higher { " and higher" } else { "" };
        let name = plain(&entitlement.name);
        format!("{in_use} {name}{tiers} are in use and {reserved} are reserved")
    }
}

/// How many of exactly this licence are reserved now.
pub(super) fn reserved(report: &Report, entitlement: &Entitlement) -> u64 {
    let lines = report.reservation.lines.iter().filter(|line| line.tag == entitlement.tag);
    total(lines)
}

/// How many count, of these lines.
pub(super) fn total<'l>(lines: impl IntoIterator<Item = &'l ReservedLine>) -> u64 {
    counting(lines).map(|line| u64::from(line.count)).sum()
}

/// Those of these lines whose terms run.
pub(super) fn counting<'l>(
    lines: impl IntoIterator<Item = &'l ReservedLine>,
) -> impl Iterator<Item = &'l ReservedLine> {
    lines.into_iter().filter(|line| !line.ended)
}
