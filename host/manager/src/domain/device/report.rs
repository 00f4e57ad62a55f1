//! Usage reports (SPEC A4, A6, C3, L4).

use super::Exchange;
use crate::domain::compliance::{self, Pool};
use crate::domain::{DomainError, catalogue, duplicate};
use crate::store::{DeviceRow, HistoryRow, StoreError, UsageRow};
use leasehold_core::product::Reporting;
use leasehold_core::time::{Duration, UnixTime};
use leasehold_core::wire::{
    AnswerBody, Authorization, EntitlementAnswer, Refusal, Report, Usage, Verdict,
};
use serde_json::json;
use std::borrow::Cow;
use std::sync::Arc;

/// How often a peak that does not change gets a row in the history.
const HISTORY_STEP: Duration = Duration::from_hours(8);
/// The longest host name, and the longest software version, that is kept.
const TEXT_MAX: usize = 255;

/// Counts a report and says what of it is covered.
pub(super) fn report(
    exchange: &mut Exchange<'_, '_>,
    mut row: DeviceRow,
    report: &Report<'_>,
) -> Result<Vec<u8>, DomainError> {
    let authority = exchange.authority;
    let Some(product) = authority.catalogue.product(&row.product_id) else {
        return exchange.refuse(Refusal::ProductUnknown, row.answer_sequence);
    };
    describe(exchange, &mut row, report)?;
    let pool = count(exchange, &row, report)?;
    row.reports_counted = row.reports_counted.saturating_add(1);
    row.usage_released = false;
    let judge = |usage: &Usage<'_>| judge(&authority.catalogue, &row.product_id, &pool, usage.tag);
    let mut authorization = Authorization {
        entitlements: report.usage.iter().map(judge).collect(),
        out_of_compliance_since: None,
        policy: authority.policy_sent(product),
        duplicate: row.duplicate_since.is_some(),
    };
    settle(exchange, &mut row, report, &authorization.entitlements)?;
    authorization.out_of_compliance_since = row.out_of_compliance_since;
    exchange.conclude(row, AnswerBody::Authorization(authorization))
}

/// Keeps what the device says about itself, when it is new.
fn describe(
    exchange: &mut Exchange<'_, '_>,
    row: &mut DeviceRow,
    report: &Report<'_>,
) -> Result<(), StoreError> {
    let (host_name, version) = (printable(report.host_name), printable(report.software_version));
    if (&*row.host_name, &*row.software_version) == (&*host_name, &*version) {
        return Ok(());
    }
    (row.host_name, row.software_version) = (host_name.into(), version.into());
    exchange.tx.save_placement(row)
}

/// What of a text is kept: as it stands, but for a device that says what cannot be shown.
fn printable(text: &str) -> Cow<'_, str> {
    if text.len() <= TEXT_MAX && !text.chars().any(char::is_control) {
        return text.into();
    }
    let mut kept = String::new();
    for c in text.chars().filter(|c| !c.is_control()) {
        if kept.len() + c.len_utf8() > TEXT_MAX {
            break;
        }
        kept.push(c);
    }
    kept.into()
}

/// Moves the pool's totals and the device's own rows to what is reported now.
fn count(
    exchange: &mut Exchange<'_, '_>,
    row: &DeviceRow,
    report: &Report<'_>,
) -> Result<Pool, StoreError> {
    let now = exchange.scene.now;
    let catalogue = &exchange.authority.catalogue;
    let own = compliance::effective_peaks(catalogue, &row.product_id, &report.usage);
    let epoch = exchange.frame.request.number.epoch;
    let after = duplicate::counted(exchange.tx, row, epoch, own, now)?;
    let before = exchange.tx.usage(row.id)?;
    let pool = compliance::use_changed(exchange.tx, row.virtual_account, &before, &after, now)?;
    let forgotten = before.iter().filter(|old| !after.iter().any(|(tag, _)| *tag == old.tag));
    let zero = forgotten.map(|old| (&old.tag, 0));
    for (tag, peak) in after.iter().map(|(tag, peak)| (tag, *peak)).chain(zero) {
        let old = before.iter().find(|old| old.tag == *tag);
        let recorded = record(exchange, row, old, tag, peak, report.covers_seconds)?;
        let highest = old.map_or(peak, |old| old.highest.max(peak));
        let new = UsageRow { device: row.id, tag: Arc::clone(tag), peak, highest, recorded };
        if old != Some(&new) {
            exchange.tx.put_usage(&new)?;
        }
    }
    Ok(pool)
}

/// Adds to the history where the peak is another, or was not recorded for long; says when the
/// history last got a row.
fn record(
    exchange: &mut Exchange<'_, '_>,
    row: &DeviceRow,
    old: Option<&UsageRow>,
    tag: &Arc<str>,
    peak: u32,
    covers_seconds: u32,
) -> Result<UnixTime, StoreError> {
    let now = exchange.scene.now;
    if let Some(old) = old
        && old.peak == peak
        && now < old.recorded.saturating_add(HISTORY_STEP)
    {
        return Ok(old.recorded);
    }
    exchange.tx.add_history(&HistoryRow {
        id: 0,
        device: row.id,
        tag: Arc::clone(tag),
        reported: now,
        peak,
        covers_seconds,
    })?;
    Ok(now)
}

fn judge(
    catalogue: &catalogue::Catalogue,
    product_id: &str,
    pool: &Pool,
    tag: &str,
) -> EntitlementAnswer {
    let owned = u32::try_from(pool.shared(tag)).unwrap_or(u32::MAX);
    let verdict = match catalogue.tag_of(product_id, tag) {
        None => return EntitlementAnswer { verdict: Verdict::InvalidTag, owned: 0 },
        Some(known) => match known.reporting {
            Reporting::Peak if !pool.covers(catalogue, known) => Verdict::OutOfCompliance,
            // SPEC X10
            Reporting::Presence if owned == 0 => Verdict::NotOwned,
            Reporting::Peak | Reporting::Presence | Reporting::StoredOnly => Verdict::InCompliance,
        },
    };
    EntitlementAnswer { verdict, owned }
}

/// SPEC X6: more over-use, or a purchase that does not suffice, leaves the beginning as it was.
fn settle(
    exchange: &mut Exchange<'_, '_>,
    row: &mut DeviceRow,
    report: &Report<'_>,
    answers: &[EntitlementAnswer],
) -> Result<(), StoreError> {
    let over: Vec<&str> = report
        .usage
        .iter()
        .zip(answers)
        .filter(|(_, answer)| answer.verdict == Verdict::OutOfCompliance)
        .map(|(usage, _)| usage.tag)
        .collect();
    match (row.out_of_compliance_since, over.is_empty()) {
        (None, false) => {
            row.out_of_compliance_since = Some(exchange.scene.now);
            exchange.log(row, "OutOfCompliance", &json!({ "tags": over }))
        }
        (Some(since), true) => {
            row.out_of_compliance_since = None;
            exchange.log(row, "BackInCompliance", &json!({ "since": since.as_secs() }))
        }
        (None, true) | (Some(_), false) => Ok(()),
    }
}
