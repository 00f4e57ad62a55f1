//! A manager that was restored from a backup (SPEC L11).
//!
//! What happened after the backup was made is lost here, and not in the world: devices were
//! answered, reservations were changed and returned. So the manager begins an epoch above every
//! earlier one, by which devices know its answers as newer, and every open reservation is frozen until
//! somebody has said what became of it ([`reservation::reconcile`]).
//!
//! *The epoch is the time of the restore*, in seconds, and above that of the backup. Rejected: counting
//! restores, because the count is in the backup as well, so that two restores of one backup would
//! begin the same epoch, in which the second may fall behind what the first has said; and a random
//! one, because it need not be higher.

use super::event::{Subject, log};
use super::{DomainError, Scene, instance, reservation};
use crate::store::{AccountId, Filter, Page, StoreError, Transaction, View};
use leasehold_core::policy::Policy;
use leasehold_core::time::UnixTime;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

/// Under this key, the last restore.
const RESTORED: &str = "restored";
/// Reservations read at a time.
const STEP: u32 = 1_000;

/// The last restore of a database.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Restored {
    /// The epoch that it began: what the manager's answers are numbered under.
    pub epoch: u32,
    /// When it was.
    pub at: UnixTime,
    /// When the backup was made: what happened between the two is lost here.
    pub backed_up: UnixTime,
}

/// The last restore of this database; `None` where it never was restored.
///
/// # Errors
/// [`StoreError`] when that cannot be read.
pub fn restored<V: View + ?Sized>(view: &V) -> Result<Option<Restored>, StoreError> {
    let Some(text) = view.meta(RESTORED)? else { return Ok(None) };
    let foreign = |_| StoreError::Foreign("which restore it comes from");
    serde_json::from_str(&text).map(Some).map_err(foreign)
}

/// The epoch of the manager of this database: 0 until it is restored.
///
/// # Errors
/// As [`restored`].
pub fn epoch<V: View + ?Sized>(view: &V) -> Result<u32, StoreError> {
    Ok(restored(view)?.map_or(0, |restored| restored.epoch))
}

/// Begins the epoch of a database that is being restored, and freezes its open reservations; gives how
/// many. `above` is the epoch of the database that it replaces, where that is known.
///
/// # Errors
/// [`DomainError`] when the clock is behind the backup, or the database cannot be written.
pub fn begin(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    backed_up: UnixTime,
    above: u32,
) -> Result<(Restored, u64), DomainError> {
    let clock = || {
        DomainError::Invalid(
            "The clock of this machine is not right: the backup is from a later time, or it is \
             past the year 2105. Set it, and restore again."
                .into(),
        )
    };
    if scene.now < backed_up {
        return Err(clock());
    }
    let last = epoch(&*tx)?.max(above);
    let next = last.checked_add(1).ok_or_else(clock)?;
    let epoch = u32::try_from(scene.now.as_secs()).map_err(|_| clock())?.max(next);
    let restored = Restored { epoch, at: scene.now, backed_up };
    tx.set_meta(RESTORED, &json!(restored).to_string())?;
    let detail = json!({ "epoch": epoch, "backed_up": backed_up.as_secs() });
    log(tx, scene, Subject::MANAGER, "ManagerRestored", &detail)?;
    extend_certificates(tx, scene.now)?;
    let frozen = freeze_all(tx, scene)?;
    for (account, count) in &frozen {
        let detail = json!({ "count": count, "backed_up": backed_up.as_secs() });
        log(tx, scene, Subject::account(*account), "ReservationsFrozen", &detail)?;
    }
    Ok((restored, frozen.values().sum()))
}

/// A certificate that was renewed in the lost time lasts longer than is known here, and its device will
/// not renew it before: each gets as long as one that was renewed just now (SPEC R2, L4).
fn extend_certificates(tx: &mut dyn Transaction, now: UnixTime) -> Result<(), StoreError> {
    let at_least = now.saturating_add(Policy::DEFAULT.certificate_period);
    let mut page = Page { after: 0, limit: STEP };
    loop {
        let rows = tx.devices(&Filter::default(), page)?;
        let Some(last) = rows.last() else { return Ok(()) };
        page.after = last.id.0;
        for mut row in rows {
            row.valid_until = row.valid_until.max(at_least);
            row.look_at = instance::next_look(tx, &row)?;
            tx.save_contact(&row)?;
            tx.save_placement(&row)?;
        }
    }
}

/// Freezes every reservation that has not ended; gives how many of which account.
fn freeze_all(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
) -> Result<BTreeMap<AccountId, u64>, StoreError> {
    let mut frozen = BTreeMap::new();
    let mut page = Page { after: 0, limit: STEP };
    loop {
        let rows = tx.reservations(&Filter::default(), page)?;
        let Some(last) = rows.last() else { return Ok(frozen) };
        page.after = last.id.0;
        for mut row in rows {
            reservation::freeze(tx, scene, &mut row)?;
            let count: &mut u64 = frozen.entry(row.account).or_default();
            *count = count.saturating_add(1);
        }
    }
}
