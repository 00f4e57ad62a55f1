//! Times as text.

use crate::calendar::timestamp;
use jiff::Timestamp;
use leasehold_core::time::UnixTime;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A moment, written as in RFC 3339: `2026-11-24T23:20:41Z`.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Time(pub UnixTime);

impl From<UnixTime> for Time {
    fn from(time: UnixTime) -> Self {
        Self(time)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        timestamp(self.0).fmt(f)
    }
}

/// A text is not a moment since 1970.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("This is no time since 1970. Write it like 2026-11-24T23:20:41Z.")]
pub struct NotATime;

impl FromStr for Time {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        let seconds = text.parse::<Timestamp>().map_err(|_| NotATime)?.as_second();
        Ok(Self(UnixTime::from_secs(u64::try_from(seconds).map_err(|_| NotATime)?)))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_back_and_anything_else_is_refused() {
        // From `date -u -d @1795562441`.
        let time = Time(UnixTime::from_secs(1_795_562_441));
        assert_eq!(time.to_string(), "2026-11-24T23:20:41Z");
        assert_eq!("2026-11-25T00:20:41+01:00".parse(), Ok(time));
        for text in ["", "2026-11-24", "1969-12-31T23:59:59Z", "tomorrow"] {
            assert_eq!(text.parse::<Time>(), Err(NotATime), "{text}");
        }
        // The last second of the calendar stands for everything after it.
        assert_eq!(
            Time(UnixTime::from_secs(u64::MAX)).to_string(),
            "9999-12-30T22:00:00.999999999Z"
        );
    }
}
