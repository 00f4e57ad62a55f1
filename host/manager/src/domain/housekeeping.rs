//! What happens because nothing happens: silence, the end of certificates, of tokens and of reserved
//! terms, history that is old (SPEC L2, L4, L7, S7).
//!
//! Who moves the clock, such as a simulation, calls [`run`] whenever [`View::next_look`] has come:
//! everything here that people get to see is due at such a moment, to the second. What happened
//! then stands in the event log: `DeviceSilent`, `UsageReleased`, `InstanceExpired`,
//! `DuplicateResolved`, `ReservationTermEnding`, `ReservationTermEnded`. A server calls it within the
//! hour as well, for what nobody waits for.
//!
//! [`View::next_look`]: crate::store::View::next_look

use super::event::log;
use super::instance::{self, RELEASED_AFTER, SILENT_AFTER, Standing, days};
use super::{Scene, compliance, duplicate, reservation};
use crate::store::{DeviceRow, StoreError, Transaction};
use leasehold_core::time::{Duration, UnixTime};
use serde_json::json;

/// The most devices, the most reservations, and the most rows of the history, that one run looks at.
const STEP: u32 = 500;
/// How long the history of use is kept: a year can be compared with the year before.
pub const HISTORY_KEPT: Duration = Duration::from_days(800);
/// The longest time between two runs.
const INTERVAL: Duration = Duration::from_hours(1);

/// Does what is due and says when to run next: at once when there is more than one run takes on.
///
/// # Errors
/// [`StoreError`]; the transaction is then to be undone.
pub fn run(tx: &mut dyn Transaction, scene: &Scene<'_>) -> Result<UnixTime, StoreError> {
    let due = tx.devices_due(scene.now, STEP)?;
    let mut more = due.len() >= STEP as usize;
    for row in due {
        look(tx, scene, row)?;
    }
    for mut row in tx.reservations_due(scene.now, STEP)? {
        reservation::expiry::look(tx, scene, &mut row)?;
    }
    tx.erase_expired_token_secrets(scene.now)?;
    let pruned = tx.prune_history(scene.now.saturating_sub(HISTORY_KEPT), STEP)?;
    more |= pruned >= STEP;
    if more {
        return Ok(scene.now);
    }
    let latest = scene.now.saturating_add(INTERVAL);
    Ok(tx.next_look()?.map_or(latest, |next| next.min(latest)))
}

fn look(tx: &mut dyn Transaction, scene: &Scene<'_>, mut row: DeviceRow) -> Result<(), StoreError> {
    if instance::standing(&row, scene.now) == Standing::Ended {
        return instance::expire(tx, scene, &mut row);
    }
    let silent_for = |days: Duration| row.last_contact.saturating_add(days) <= scene.now;
    let silent = !row.silence_announced && silent_for(SILENT_AFTER);
    let released = !row.usage_released && silent_for(RELEASED_AFTER);
    let duplicate = row.duplicate_since.is_some();
    let subject = (&row).into();
    if silent {
        row.silence_announced = true;
        let detail = json!({ "days": days(SILENT_AFTER) });
        log(tx, scene, subject, "DeviceSilent", &detail)?;
    }
    if released {
        row.usage_released = true;
        compliance::reduce(tx, row.id, row.virtual_account, &[], scene.now)?;
        let detail = json!({ "days": days(RELEASED_AFTER) });
        log(tx, scene, subject, "UsageReleased", &detail)?;
        duplicate::resolved(tx, scene, &mut row, "silence")?;
    } else if duplicate {
        duplicate::release_silent(tx, scene, &mut row)?;
    }
    if silent || released || duplicate {
        tx.save_contact(&row)?;
    }
    row.look_at = instance::next_look(tx, &row)?;
    tx.save_placement(&row)
}
