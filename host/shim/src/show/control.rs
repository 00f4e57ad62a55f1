//! What the appliance may use: its license type, whether over-use is allowed, and its limits.

use super::block::Block;
use super::text::plain;
use crate::report::{Entitlement, Limit, Report};

/// The whole block, for `status`.
pub(super) fn block(report: &Report) -> Block {
    let size = report.device.size_profile.as_deref().map_or("<none>".to_owned(), plain);
    let block = head(report).field("Size Profile", size).line("Limits:");
    let limited = |one: &&Entitlement| one.limit.is_some() || one.configured_limit.is_some();
    let mut limits = report.entitlements.iter().filter(limited).peekable();
    if limits.peek().is_none() {
        return block.nested_line("<none>");
    }
    limits.fold(block, |block, one| block.nested(&plain(&one.feature), limits_of(report, one)))
}

/// What of it stands in `summary`.
pub(super) fn head(report: &Report) -> Block {
    let device = &report.device;
    let lab = device.license_purpose == "lab";
    let note = if lab { " - NOT FOR PRODUCTION" } else { "" };
    let control = &report.license_control;
    // Nothing but what is reserved may be used, whatever is allowed (SPEC C4, C5).
    let moot = lab || report.reservation.installed.is_some();
    let overage = match (control.overage_allowed, moot, control.applies) {
        (_, true, _) => "NOT APPLICABLE",
        (true, ..) => "ALLOWED",
        (false, _, true) => "DENIED",
        (false, _, false) => "DENIED ONCE REGISTERED",
    };
    Block::new("License Control")
        .field("License Type", format!("{}{note}", plain(&device.license_type)))
        .field("Overage Allowance", overage)
}

fn limits_of(report: &Report, one: &Entitlement) -> String {
    let control = &report.license_control;
    let tiers = if has_higher_tiers(report, one) { " with higher tiers" } else { "" };
    let in_force =
        one.limit.as_ref().map(|limit| format!("at most {}{tiers}, {}", limit.most, source(limit)));
    let decides = control.applies && !control.overage_allowed;
    let own = one.configured_limit.and_then(|own| match &one.limit {
        Some(limit) if decides && limit.most == own => None,
        _ if decides => Some(format!("its own share is {own}")),
        _ => Some(format!("{own} set by an administrator, not in force")),
    });
    in_force.into_iter().chain(own).collect::<Vec<_>>().join("; ")
}

/// Who set a limit, as it stands after a comma.
pub(super) fn source(limit: &Limit) -> &'static str {
    match limit.set_by.as_str() {
        "platform" => "set by the size of the appliance",
        "administrator" => "set by an administrator",
        "reservation" => "as reserved",
        _ => "as the account owns",
    }
}

/// Whether a limit of it holds for more than itself (SPEC C2).
pub(super) fn has_higher_tiers(report: &Report, one: &Entitlement) -> bool {
    higher_tiers(report, one).next().is_some()
}

/// What it and its higher tiers have in use together.
pub(super) fn in_use_at_or_above(report: &Report, one: &Entitlement) -> u64 {
    let above: u64 = higher_tiers(report, one).map(|tier| u64::from(tier.in_use)).sum();
    u64::from(one.in_use) + above
}

/// The tiers of a chain stand together, lowest first.
fn higher_tiers<'r>(
    report: &'r Report,
    one: &'r Entitlement,
) -> impl Iterator<Item = &'r Entitlement> {
    let after = report.entitlements.iter().skip_while(|other| other.tag != one.tag).skip(1);
    after.take_while(|other| one.chain.is_some() && other.chain == one.chain)
}
