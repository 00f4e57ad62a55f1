//! Moments as people read them.

use jiff::Timestamp;
use leasehold_core::time::UnixTime;

/// A moment as RFC 3339 writes it: `2026-11-24T23:20:41Z`. The last second of the calendar stands for
/// everything after it.
pub(crate) fn timestamp(time: UnixTime) -> Timestamp {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}
