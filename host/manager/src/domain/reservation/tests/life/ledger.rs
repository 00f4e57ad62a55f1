//! The ledger: what an auditor would write down.

use leasehold_core::time::UnixTime;

/// Licences by tag, count and end.
pub(super) type Lines = Vec<(String, u32, Option<UnixTime>)>;
/// A reservation as people name it: serial number and number.
pub(super) type Name = (String, u32);

/// What the ledger knows of a reservation that was redeemed.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    pub(super) id: i64,
    pub(super) current: Option<Lines>,
    pub(super) pending: Option<(u8, Lines)>,
    pub(super) last: u8,
    pub(super) ended: bool,
}

pub(super) fn running(until: Option<UnixTime>, at: UnixTime) -> bool {
    until.is_none_or(|until| until > at)
}

pub(super) fn count(lines: &Lines, tag: &str, at: UnixTime) -> u64 {
    let counting = lines.iter().filter(|(of, _, until)| of == tag && running(*until, at));
    counting.map(|(_, count, _)| u64::from(*count)).sum()
}

impl Entry {
    pub(super) fn holds(&self, tag: &str, at: UnixTime) -> u64 {
        let of = |lines: Option<&Lines>| lines.map_or(0, |lines| count(lines, tag, at));
        of(self.current.as_ref()).max(of(self.pending.as_ref().map(|(_, lines)| lines)))
    }
}
