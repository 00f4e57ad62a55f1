//! Whether what is in use is owned (SPEC L4, C2).
//!
//! Each virtual account has running totals per tag: what is owned, and the sum over its instances
//! of the last peak at or above that tier. They change by the difference when a report changes, so
//! that deciding costs the same with a thousand instances and a million. What is owned, and what of
//! it is set aside by reservations, changes by itself when a term begins or ends: a total knows
//! until when it is right.

use super::catalogue::{Catalogue, Tag};
use super::supply;
use crate::store::{
    DeviceId, LineRow, PoolRow, StoreError, Transaction, UsageRow, View, VirtualAccountId,
};
use leasehold_core::product::Reporting;
use leasehold_core::time::UnixTime;
use leasehold_core::wire::Usage;
use std::sync::Arc;

/// Peaks by tag.
pub(super) type Peaks = Vec<(Arc<str>, u32)>;

/// The totals of one virtual account at one moment.
#[derive(Clone, Debug, Default)]
pub struct Pool {
    rows: Vec<PoolRow>,
}

impl Pool {
    /// The totals of `id` at `now`.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn read<V: View + ?Sized>(
        view: &V,
        id: VirtualAccountId,
        now: UnixTime,
    ) -> Result<Self, StoreError> {
        let mut rows = view.pool(id)?;
        for row in rows.iter_mut().filter(|row| is_outdated(row, now)) {
            add_up(view, row, now)?;
        }
        Ok(Self { rows })
    }

    fn row(&self, tag: &str) -> Option<&PoolRow> {
        self.rows.iter().find(|row| &*row.tag == tag)
    }

    /// How many licences of `tag` are owned.
    pub fn owned(&self, tag: &str) -> u64 {
        self.row(tag).map_or(0, |row| row.owned)
    }

    /// How many licences of `tag` are set aside by reservations.
    pub fn reserved(&self, tag: &str) -> u64 {
        self.row(tag).map_or(0, |row| row.reserved)
    }

    /// How many licences of `tag` there are for the instances: those owned less those reserved.
    pub fn shared(&self, tag: &str) -> u64 {
        self.owned(tag).saturating_sub(self.reserved(tag))
    }

    /// How many of `tag` or a higher tier are in use.
    pub fn at_or_above(&self, tag: &str) -> u64 {
        self.row(tag).map_or(0, |row| row.at_or_above)
    }

    /// SPEC C2, L4 for one tier: use at or above it is at most what is owned at or above it and not
    /// reserved.
    pub fn covers(&self, catalogue: &Catalogue, tag: &Tag) -> bool {
        let shared = catalogue
            .chain_of(tag)
            .skip_while(|tier| tier.tag != tag.tag)
            .fold(0_u64, |sum, tier| sum.saturating_add(self.shared(&tier.tag)));
        self.at_or_above(&tag.tag) <= shared
    }
}

/// SPEC L3: terms enter and leave the pool on time.
fn is_outdated(row: &PoolRow, now: UnixTime) -> bool {
    row.changes.is_some_and(|changes| changes <= now)
}

fn add_up<V: View + ?Sized>(view: &V, row: &mut PoolRow, now: UnixTime) -> Result<(), StoreError> {
    let total = view.line_total(row.virtual_account, &row.tag, now)?;
    let claims = view.claims(row.virtual_account, &row.tag)?;
    row.owned = total.owned;
    row.reserved = supply::reserved(&claims, now);
    row.changes = [total.changes, supply::next_end(&claims, now)].into_iter().flatten().min();
    Ok(())
}

/// The totals of a tag that had none so far.
fn first_total<V: View + ?Sized>(
    view: &V,
    virtual_account: VirtualAccountId,
    tag: Arc<str>,
    now: UnixTime,
) -> Result<PoolRow, StoreError> {
    let mut row = PoolRow { virtual_account, tag, ..PoolRow::default() };
    add_up(view, &mut row, now)?;
    Ok(row)
}

/// One tag of a pool as people see it (SPEC L3).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Summary {
    /// The tag.
    pub tag: String,
    /// Its name.
    pub name: String,
    /// Owned now.
    pub purchased: u64,
    /// In use of exactly this tier.
    pub in_use: u64,
    /// Set aside for instances without a network.
    pub reserved: u64,
    /// Covered by a higher tier when positive, lent to lower tiers when negative.
    pub substituted: i64,
    /// What is left; negative when too much is in use.
    pub balance: i64,
    /// Whether this tier is covered.
    pub in_compliance: bool,
}

/// Every tag that a virtual account owns or uses, in the order of the catalogue.
pub fn summary(catalogue: &Catalogue, pool: &Pool) -> Vec<Summary> {
    let mut all = Vec::new();
    for chain in catalogue.chains() {
        let tiers: Vec<&Tag> = chain.collect();
        let mut lines: Vec<Summary> = tiers
            .iter()
            .enumerate()
            .map(|(index, tag)| {
                let above = tiers.get(index + 1).map_or(0, |next| pool.at_or_above(&next.tag));
                let in_use = pool.at_or_above(&tag.tag).saturating_sub(above);
                let (purchased, reserved) = (pool.owned(&tag.tag), pool.reserved(&tag.tag));
                Summary {
                    tag: tag.tag.to_string(),
                    name: tag.name.clone(),
                    purchased,
                    in_use,
                    reserved,
                    substituted: 0,
                    balance: signed(purchased)
                        .saturating_sub(signed(reserved))
                        .saturating_sub(signed(in_use)),
                    in_compliance: !counts(tag) || pool.covers(catalogue, tag),
                }
            })
            .collect();
        substitute(&mut lines);
        all.extend(lines.into_iter().filter(|line| line.purchased > 0 || line.in_use > 0));
    }
    all
}

/// Covers what each tier lacks from the nearest higher tier that has some left, lowest first.
fn substitute(lines: &mut [Summary]) {
    for low in 0..lines.len() {
        for high in low + 1..lines.len() {
            let lacking = lines.get(low).map_or(0, |line| line.balance.saturating_neg().max(0));
            let left = lines.get(high).map_or(0, |line| line.balance.max(0));
            let moved = lacking.min(left);
            for (index, amount) in [(low, moved), (high, -moved)] {
                if let Some(line) = lines.get_mut(index) {
                    line.substituted = line.substituted.saturating_add(amount);
                    line.balance = line.balance.saturating_add(amount);
                }
            }
        }
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Whether use of `tag` is compared with what is owned.
fn counts(tag: &Tag) -> bool {
    tag.reporting == Reporting::Peak
}

/// The peaks that count, from those that a device reports: every tier of a chain has at least
/// what the tiers above it have, whatever the report left out.
pub(super) fn effective_peaks(
    catalogue: &Catalogue,
    product_id: &str,
    reported: &[Usage<'_>],
) -> Peaks {
    let mut peaks = Peaks::with_capacity(reported.len());
    let highest = |tag: &str| {
        reported.iter().filter(|usage| usage.tag == tag).map(|usage| usage.peak).max().unwrap_or(0)
    };
    for Usage { tag, .. } in reported {
        let Some(known) = catalogue.tag_of(product_id, tag) else { continue };
        if peaks.iter().any(|(seen, _)| **seen == **tag) {
            continue;
        }
        if !counts(known) {
            peaks.push((Arc::clone(&known.tag), highest(tag)));
            continue;
        }
        let mut least = 0;
        for tier in catalogue.chain_of(known).rev() {
            least = highest(&tier.tag).max(least);
            if !peaks.iter().any(|(seen, _)| *seen == tier.tag) {
                peaks.push((Arc::clone(&tier.tag), least));
            }
        }
    }
    peaks
}

/// Moves the totals of `place` from what a device used before to what it uses now.
pub(super) fn use_changed(
    tx: &mut dyn Transaction,
    place: VirtualAccountId,
    before: &[UsageRow],
    after: &[(Arc<str>, u32)],
    now: UnixTime,
) -> Result<Pool, StoreError> {
    let mut pool = Pool { rows: tx.pool(place)? };
    for row in pool.rows.iter_mut().filter(|row| is_outdated(row, now)) {
        add_up(tx, row, now)?;
        tx.put_pool(row)?;
    }
    let old = |tag: &str| before.iter().find(|row| &*row.tag == tag).map_or(0, |row| row.peak);
    let new = |tag: &str| after.iter().find(|(t, _)| &**t == tag).map_or(0, |(_, peak)| *peak);
    let tags = before.iter().map(|row| &row.tag).chain(after.iter().map(|(tag, _)| tag));
    let mut seen: Vec<&Arc<str>> = Vec::new();
    for tag in tags {
        if seen.contains(&tag) || old(tag) == new(tag) {
            continue;
        }
        seen.push(tag);
        if pool.row(tag).is_none() {
            pool.rows.push(first_total(tx, place, Arc::clone(tag), now)?);
        }
        let Some(row) = pool.rows.iter_mut().find(|row| row.tag == *tag) else { continue };
        row.at_or_above =
            row.at_or_above.saturating_sub(old(tag).into()).saturating_add(new(tag).into());
        tx.put_pool(row)?;
    }
    Ok(pool)
}

/// Sets what a device uses to a part of it, or to nothing: in the totals and in its own rows.
pub(super) fn reduce(
    tx: &mut dyn Transaction,
    device: DeviceId,
    place: VirtualAccountId,
    to: &[(Arc<str>, u32)],
    now: UnixTime,
) -> Result<(), StoreError> {
    let before = tx.usage(device)?;
    use_changed(tx, place, &before, to, now)?;
    for row in before {
        let peak = to.iter().find(|(tag, _)| *tag == row.tag).map_or(0, |(_, peak)| *peak);
        if peak != row.peak {
            tx.put_usage(&UsageRow { peak, ..row })?;
        }
    }
    Ok(())
}

/// Moves what a device uses from one virtual account to another.
pub(super) fn moved(
    tx: &mut dyn Transaction,
    device: DeviceId,
    from: VirtualAccountId,
    to: VirtualAccountId,
    now: UnixTime,
) -> Result<(), StoreError> {
    let rows = tx.usage(device)?;
    let peaks: Peaks = rows.iter().map(|row| (Arc::clone(&row.tag), row.peak)).collect();
    use_changed(tx, from, &rows, &[], now)?;
    use_changed(tx, to, &[], &peaks, now).map(|_| ())
}

/// Brings the totals up to date after a line was added: by its own quantity, not by a new sum.
pub(super) fn line_added(
    tx: &mut dyn Transaction,
    line: &LineRow,
    now: UnixTime,
) -> Result<(), StoreError> {
    let rows = tx.pool(line.virtual_account)?;
    let row = rows.into_iter().find(|row| *row.tag == *line.tag && !is_outdated(row, now));
    // A total that has to be added up anew has the line in it already.
    let Some(mut row) = row else {
        return supply_changed(tx, line.virtual_account, &line.tag, now);
    };
    let running = line.start <= now && line.end.is_none_or(|end| end > now);
    if running {
        row.owned = row.owned.saturating_add(line.quantity.into());
    }
    let changes = if line.start > now { Some(line.start) } else { line.end };
    let later = changes.filter(|changes| *changes > now);
    row.changes = [row.changes, later].into_iter().flatten().min();
    tx.put_pool(&row)
}

/// Adds up the lines and the reservations of one tag anew.
pub(super) fn supply_changed(
    tx: &mut dyn Transaction,
    place: VirtualAccountId,
    tag: &str,
    now: UnixTime,
) -> Result<(), StoreError> {
    let row = tx.pool(place)?.into_iter().find(|row| &*row.tag == tag);
    let row = match row {
        Some(mut row) => {
            add_up(tx, &mut row, now)?;
            row
        }
        None => first_total(tx, place, tag.into(), now)?,
    };
    tx.put_pool(&row)
}
