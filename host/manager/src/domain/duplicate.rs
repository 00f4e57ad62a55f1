//! Several machines with one identity: a cloned virtual machine, a restored image (SPEC T5).
//!
//! Machines are told apart by the epoch that each goes on in. Once two are proven, what each last
//! reported is kept, and the device uses the sum. That ends when an administrator settles it by
//! registering one of them anew, or when all but one have been silent for long: so a machine that
//! is restored once more, and goes on in yet another epoch, counts for some time twice, and never
//! not at all.

use super::Scene;
use super::compliance::{self, Peaks};
use super::event::log;
use super::instance::{RELEASED_AFTER, days};
use crate::store::{DeviceRow, MachineRow, StoreError, Transaction};
use leasehold_core::time::UnixTime;
use serde_json::json;

/// The most machines of one device that are counted.
const COUNTED: usize = 16;

/// When what a machine uses is released, if nothing more is heard of it (SPEC L4).
pub(super) fn released_at(machine: &MachineRow) -> UnixTime {
    machine.reported.saturating_add(RELEASED_AFTER)
}

/// There is more than one machine. What the device uses so far is what the machine of its current
/// epoch reported.
pub(super) fn proven(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    row: &mut DeviceRow,
) -> Result<(), StoreError> {
    if row.duplicate_since.is_some() {
        return Ok(());
    }
    let usage = tx.usage(row.id)?;
    let machine = MachineRow {
        device: row.id,
        epoch: row.epoch,
        reported: row.last_contact,
        peaks: usage.into_iter().map(|usage| (usage.tag, usage.peak)).collect(),
    };
    tx.put_machine(&machine)?;
    row.duplicate_since = Some(scene.now);
    row.look_at = row.look_at.min(released_at(&machine));
    tx.save_placement(row)?;
    log(tx, scene, (&*row).into(), "DuplicateInstance", &json!({}))
}

/// What a device uses when its machine of `epoch` reports `peaks`: these, and those of the others.
pub(super) fn counted(
    tx: &mut dyn Transaction,
    row: &DeviceRow,
    epoch: u32,
    peaks: Peaks,
    now: UnixTime,
) -> Result<Peaks, StoreError> {
    if row.duplicate_since.is_none() {
        return Ok(peaks);
    }
    tx.put_machine(&MachineRow { device: row.id, epoch, reported: now, peaks })?;
    let mut machines = tx.machines(row.id)?;
    machines.sort_by_key(|machine| (machine.reported, machine.epoch == epoch));
    for oldest in machines.drain(..machines.len().saturating_sub(COUNTED)) {
        tx.remove_machine(row.id, oldest.epoch)?;
    }
    Ok(sum(machines))
}

/// Releases what machines use that have been silent for long. When no two are left, it is over.
pub(super) fn release_silent(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    row: &mut DeviceRow,
) -> Result<(), StoreError> {
    let machines = tx.machines(row.id)?;
    let is_silent = |machine: &MachineRow| released_at(machine) <= scene.now;
    let (silent, live): (Vec<_>, Vec<_>) = machines.into_iter().partition(is_silent);
    if silent.is_empty() {
        return Ok(());
    }
    for machine in &silent {
        tx.remove_machine(row.id, machine.epoch)?;
    }
    let detail = json!({ "days": days(RELEASED_AFTER), "machines": silent.len() });
    log(tx, scene, (&*row).into(), "UsageReleased", &detail)?;
    let left = live.len();
    compliance::reduce(tx, row.id, row.virtual_account, &sum(live), scene.now)?;
    if left < 2 { resolved(tx, scene, row, "silence") } else { Ok(()) }
}

/// The machine of `epoch` is the instance, and no other is (SPEC T5).
pub(super) fn settle(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    row: &mut DeviceRow,
    epoch: u32,
) -> Result<(), StoreError> {
    if row.duplicate_since.is_none() {
        return Ok(());
    }
    let left = tx.machines(row.id)?.into_iter().filter(|machine| machine.epoch == epoch);
    let left = sum(left);
    compliance::reduce(tx, row.id, row.virtual_account, &left, scene.now)?;
    resolved(tx, scene, row, "registration")
}

/// Ends what is known of several machines; says whether there was anything.
pub(super) fn forget(tx: &mut dyn Transaction, row: &mut DeviceRow) -> Result<bool, StoreError> {
    if row.duplicate_since.take().is_none() {
        return Ok(false);
    }
    for machine in tx.machines(row.id)? {
        tx.remove_machine(row.id, machine.epoch)?;
    }
    Ok(true)
}

/// Says that one machine, or none, is left.
pub(super) fn resolved(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    row: &mut DeviceRow,
    by: &str,
) -> Result<(), StoreError> {
    if !forget(tx, row)? {
        return Ok(());
    }
    log(tx, scene, (&*row).into(), "DuplicateResolved", &json!({ "by": by }))
}

/// What machines use together.
fn sum(machines: impl IntoIterator<Item = MachineRow>) -> Peaks {
    let mut sum = Peaks::new();
    for (tag, peak) in machines.into_iter().flat_map(|machine| machine.peaks) {
        match sum.iter_mut().find(|(known, _)| *known == tag) {
            Some((_, total)) => *total = total.saturating_add(peak),
            None => sum.push((tag, peak)),
        }
    }
    sum
}
