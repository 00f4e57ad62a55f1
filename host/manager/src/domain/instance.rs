//! Product instances: devices while they are registered (SPEC L5).

use super::account::virtual_account;
use super::event::log;
use super::{DomainError, Scene, compliance, duplicate};
use crate::store::{
    AccountRow, DeviceId, DeviceRow, DeviceState, StoreError, Transaction, UsageRow, View,
    VirtualAccountId, VirtualAccountRow,
};
use leasehold_core::crypto::PublicKey;
use leasehold_core::time::{Duration, UnixTime};
use serde_json::json;

/// SPEC L4: after this time without contact, people are told.
pub const SILENT_AFTER: Duration = Duration::from_days(30);
/// SPEC L4: after this time without contact, what the instance used is free again.
pub const RELEASED_AFTER: Duration = Duration::from_days(90);

/// A span in whole days, as the event log says it.
pub(super) const fn days(span: Duration) -> u32 {
    span.as_secs() / 86_400
}

/// What a device is to the manager at one moment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// A product instance.
    Live,
    /// It was one until its certificate ended.
    Ended,
    /// It deregistered, or was removed.
    Gone,
}

/// What `row` is at `now`, whether or not housekeeping has noticed yet.
pub fn standing(row: &DeviceRow, now: UnixTime) -> Standing {
    match row.state {
        DeviceState::Registered if certificate_ends(row) > now => Standing::Live,
        DeviceState::Registered | DeviceState::Expired => Standing::Ended,
        DeviceState::Deregistered | DeviceState::Removed => Standing::Gone,
    }
}

/// When the last certificate of a device ends.
pub fn certificate_ends(row: &DeviceRow) -> UnixTime {
    keys(row).map(|(_, valid_until)| valid_until).max().unwrap_or(row.valid_until)
}

/// The keys a device may sign with, and until when: the one in use, then one that was certified
/// and not used yet (SPEC T4).
pub(super) fn keys(row: &DeviceRow) -> impl Iterator<Item = (PublicKey, UnixTime)> {
    let next = row.next_key.map(|next| (next.public_key, next.valid_until));
    [Some((row.public_key, row.valid_until)), next].into_iter().flatten()
}

/// When housekeeping has something to do with an instance, if nothing is heard of it until then.
pub(super) fn next_look<V: View + ?Sized>(
    view: &V,
    row: &DeviceRow,
) -> Result<UnixTime, StoreError> {
    let silent = row.last_contact.saturating_add(SILENT_AFTER);
    let released = row.last_contact.saturating_add(RELEASED_AFTER);
    let mut next = certificate_ends(row);
    if !row.usage_released {
        next = next.min(released);
    }
    if !row.silence_announced {
        next = next.min(silent);
    }
    if row.duplicate_since.is_some() {
        next = view.machines(row.id)?.iter().map(duplicate::released_at).fold(next, UnixTime::min);
    }
    Ok(next)
}

/// How a device stops being an instance.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Leave {
    /// By its own request.
    Deregistered,
    /// By an administrator.
    Removed,
    /// By the end of its certificate.
    Expired,
}

/// Frees what an instance uses and ends it. Since when it is out of compliance stays known
/// (SPEC X6).
pub(super) fn leave(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    row: &mut DeviceRow,
    how: Leave,
) -> Result<(), StoreError> {
    let (state, event) = match how {
        Leave::Deregistered => (DeviceState::Deregistered, "InstanceDeregistered"),
        Leave::Removed => (DeviceState::Removed, "InstanceRemoved"),
        Leave::Expired => (DeviceState::Expired, "InstanceExpired"),
    };
    compliance::reduce(tx, row.id, row.virtual_account, &[], scene.now)?;
    if duplicate::forget(tx, row)? {
        tx.save_contact(row)?;
    }
    row.state = state;
    tx.save_placement(row)?;
    let detail = json!({ "product_id": &*row.product_id, "serial_number": &*row.serial_number });
    log(tx, scene, (&*row).into(), event, &detail)
}

/// Ends an instance whose certificate has ended (SPEC L4); does nothing to any other.
pub(super) fn expire(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    row: &mut DeviceRow,
) -> Result<(), StoreError> {
    if row.state != DeviceState::Registered || standing(row, scene.now) == Standing::Live {
        return Ok(());
    }
    leave(tx, scene, row, Leave::Expired)
}

/// The device, while it is a registered instance.
fn registered(view: &dyn View, id: DeviceId) -> Result<DeviceRow, DomainError> {
    let row = view.device(id)?.filter(|row| row.state == DeviceState::Registered);
    row.ok_or(DomainError::NotFound("registered instance"))
}

/// Removes an instance. It is told so at its next contact (SPEC X14).
///
/// # Errors
/// [`DomainError::NotFound`] when it is not a registered one.
pub fn remove(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    id: DeviceId,
) -> Result<DeviceRow, DomainError> {
    let mut row = registered(tx, id)?;
    leave(tx, scene, &mut row, Leave::Removed)?;
    Ok(row)
}

/// Moves an instance, with what it uses, to another virtual account of its account.
///
/// # Errors
/// [`DomainError`] when one of them does not exist, or they are of two accounts.
pub fn transfer(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    id: DeviceId,
    to: VirtualAccountId,
) -> Result<DeviceRow, DomainError> {
    let mut row = registered(tx, id)?;
    let place = virtual_account(tx, to)?;
    if place.account != row.account {
        return Err(DomainError::Invalid(
            "An instance cannot be transferred to another account. \
             Deregister it, and register it with a token of that account."
                .into(),
        ));
    }
    let from = core::mem::replace(&mut row.virtual_account, to);
    if from == to {
        return Ok(row);
    }
    compliance::moved(tx, row.id, from, to, scene.now)?;
    tx.save_placement(&row)?;
    let detail = json!({ "from": from.0, "to": to.0 });
    log(tx, scene, (&row).into(), "InstanceTransferred", &detail)?;
    Ok(row)
}

/// An instance with what stands around it (SPEC L5).
#[derive(Clone, Debug)]
pub struct Detail {
    /// The device.
    pub device: DeviceRow,
    /// Its account.
    pub account: AccountRow,
    /// Its virtual account; `None` when that was deleted after the instance had left it.
    pub virtual_account: Option<VirtualAccountRow>,
    /// What it last reported.
    pub usage: Vec<UsageRow>,
}

/// Everything about one device, whatever its state.
///
/// # Errors
/// [`DomainError::NotFound`] when there is none.
pub fn detail(view: &dyn View, id: DeviceId) -> Result<Detail, DomainError> {
    let device = view.device(id)?.ok_or(DomainError::NotFound("instance"))?;
    let account = view.account(device.account)?.ok_or(DomainError::NotFound("account"))?;
    let virtual_account = view.virtual_account(device.virtual_account)?;
    let usage = view.usage(id)?;
    Ok(Detail { device, account, virtual_account, usage })
}
