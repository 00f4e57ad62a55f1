//! Reserved terms end on their day, and people are told before (SPEC S7, L7).

use super::note;
use crate::domain::Scene;
use crate::domain::instance::days;
use crate::store::{ReservationRow, StoreError, Transaction, View};
use leasehold_core::time::{Duration, UnixTime};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many days before the end of a term people are told; zero is the end.
const TOLD_DAYS: [u32; 8] = [0, 1, 3, 7, 14, 30, 60, 90];

/// The moments at which something is told of a term that ends at `until`, the latest first.
fn moments(until: UnixTime) -> impl Iterator<Item = (Duration, UnixTime)> {
    TOLD_DAYS.into_iter().map(move |days| {
        let left = Duration::from_days(days);
        (left, until.saturating_sub(left))
    })
}

/// The terms of a reservation that end: of a tag and an end, how many licences, of each generation the
/// most.
fn terms<V: View + ?Sized>(
    view: &V,
    row: &ReservationRow,
) -> Result<BTreeMap<(UnixTime, Arc<str>), u32>, StoreError> {
    let mut terms = BTreeMap::new();
    for claim in view.claims_of(row.id)? {
        let Some(until) = claim.until else { continue };
        let count: &mut u32 = terms.entry((until, claim.tag)).or_default();
        *count = claim.count.max(*count);
    }
    Ok(terms)
}

/// When there is something to tell of the terms of `row` next.
pub(super) fn next_look<V: View + ?Sized>(
    view: &V,
    row: &ReservationRow,
) -> Result<Option<UnixTime>, StoreError> {
    let moments = terms(view, row)?.into_keys().flat_map(|(until, _)| moments(until));
    Ok(moments.map(|(_, at)| at).filter(|at| *at > row.told).min())
}

/// Tells what is due of the terms of a reservation. Of several moments that have passed of one term
/// since people were told last, only the latest is told.
pub(in crate::domain) fn look(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    row: &mut ReservationRow,
) -> Result<(), StoreError> {
    for ((until, tag), count) in terms(tx, row)? {
        let due = moments(until).find(|(_, at)| *at <= scene.now).filter(|(_, at)| *at > row.told);
        let Some((left, _)) = due else { continue };
        let detail = json!({
            "tag": &*tag, "count": count, "until": until.as_secs(), "days": days(left),
        });
        let name =
            if left == Duration::ZERO { "ReservationTermEnded" } else { "ReservationTermEnding" };
        note(tx, scene, row, name, detail)?;
    }
    row.told = scene.now;
    row.look_at = next_look(tx, row)?;
    tx.save_reservation(row)
}
