//! What an account owns, and the running totals of its pools.

use super::{AccountId, LineId, VirtualAccountId};
use leasehold_core::time::UnixTime;
use std::sync::Arc;

/// A licence line (SPEC L3).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LineRow {
    /// Its id.
    pub id: LineId,
    /// The account that owns it.
    pub account: AccountId,
    /// The pool it is in.
    pub virtual_account: VirtualAccountId,
    /// What it is a licence for.
    pub tag: String,
    /// How many.
    pub quantity: u32,
    /// From when it counts.
    pub start: UnixTime,
    /// From when it no longer counts; `None` is perpetual.
    pub end: Option<UnixTime>,
    /// The order it came with.
    pub order: String,
    /// When it was deposited.
    pub created: UnixTime,
    /// Who deposited it.
    pub created_by: String,
}

/// What the lines of one tag add up to at one moment.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LineTotal {
    /// Licences owned.
    pub owned: u64,
    /// When a line begins or ends next.
    pub changes: Option<UnixTime>,
}

/// The lines of one tag that have the same term, put together.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TermTotal {
    /// From when they count; those that count already do so from the moment that was asked for.
    pub start: UnixTime,
    /// From when they no longer count; `None` is perpetual.
    pub end: Option<UnixTime>,
    /// How many licences.
    pub quantity: u64,
}

/// The running totals of one tag in one virtual account: what makes the cost of a report
/// independent of how many instances and licences there are.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PoolRow {
    /// The virtual account.
    pub virtual_account: VirtualAccountId,
    /// The tag.
    pub tag: Arc<str>,
    /// Licences owned, right until `changes`.
    pub owned: u64,
    /// Licences set aside for instances without a network, right until `changes`.
    pub reserved: u64,
    /// When a line begins or ends, or a reserved term ends, next.
    pub changes: Option<UnixTime>,
    /// The sum over the instances of their last peak at or above this tier.
    pub at_or_above: u64,
}
