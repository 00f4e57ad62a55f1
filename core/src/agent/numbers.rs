//! The numbers of the device's requests: reserved durably before they are used (SPEC T4).

/// Where the numbering stands. All count from 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbers {
    /// That of the next request.
    pub(super) next: u32,
    /// The last one that was reserved durably.
    pub(super) durable: u32,
    /// What the ledger that is being written reserves.
    pub(super) writing: u32,
    /// That of the last request since boot, registrations apart.
    pub(super) last_sent: u32,
}

impl Numbers {
    /// After a boot: numbers up to `reserved` may have been used.
    pub(super) const fn after(reserved: u32) -> Self {
        Self {
            next: reserved.saturating_add(1),
            durable: reserved,
            writing: reserved,
            last_sent: 0,
        }
    }

    /// Those of a new epoch.
    pub(super) const fn new() -> Self {
        Self::after(0)
    }
}
