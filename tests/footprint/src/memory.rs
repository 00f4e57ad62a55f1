//! What one device's licensing takes of RAM, as the sizes of symbols.

use crate::ENTITLEMENTS;
use crate::agent::Agent;
use core::mem::size_of;
use leasehold_core::counters::Counters;

/// As large as an agent.
#[unsafe(no_mangle)]
pub static MEMORY_AGENT: [u8; size_of::<Agent<'static>>()] = [0; size_of::<Agent<'static>>()];

/// As large as the counters beside it.
#[unsafe(no_mangle)]
pub static MEMORY_COUNTERS: [u8; size_of::<Counters<'static, ENTITLEMENTS>>()] =
    [0; size_of::<Counters<'static, ENTITLEMENTS>>()];
