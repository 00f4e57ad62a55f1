//! Reservations: licences that were set aside for this device and travel as codes (SPEC section 6,
//! C5, S7, X11).
//!
//! A reservation is a standing like a registration, in the same record: the two exclude each other
//! (SPEC X12), and one write is one transition. What is given up for good (an update installed, a
//! request dropped, a return) raises a counter that only grows; the record says up to where, so that
//! a record which was put back from a backup is told by it (SPEC S5). *Rejected:* a record of its
//! own, because a device could then be registered by one and reserved by the other.
//!
//! Terms end by the device's own time, counted from the moment of the installation: no clock that
//! is set later moves them (SPEC E5).

use super::license_control::tier_limits;
use crate::code::{GrantLine, ReservationSecret};
use crate::counters::{Limit, LimitSource};
use crate::crc32;
use crate::product::{Entitlement, LicenseType, Reporting};
use crate::time::{DeviceTime, Duration, UnixTime};
use heapless::Vec;
use serde::{Deserialize, Serialize};

/// What the device has asked for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Request {
    /// What its codes are made of.
    pub(super) secret: ReservationSecret,
    /// The reservation's number: fresh, and never used again.
    pub(super) number: u32,
    /// Whether everything the product can use was asked for.
    pub(super) universal: bool,
}

/// What the device holds.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Reservation<const N: usize> {
    pub(super) request: Request,
    /// Which authorization is installed: 0 the first, then its updates.
    pub(super) generation: u8,
    /// The last update that was returned without being installed; 0 for none.
    pub(super) declined: u8,
    /// Whether everything the product can use is reserved.
    pub(super) universal: bool,
    pub(super) installed_at: DeviceTime,
    /// Device time when this was written: it has passed, whatever else is lost (SPEC E5).
    pub(super) passed: DeviceTime,
    /// Since when more is in use than is reserved.
    pub(super) short_since: Option<DeviceTime>,
    /// What is reserved; nothing where it is universal.
    pub(super) lines: Vec<ReservedLine, N>,
}

/// A number of licences of one kind and one term.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ReservedLine {
    /// Index of the entitlement in the license type.
    pub entitlement: u8,
    /// Of the entitlement's tag: other software may have it at another place.
    pub tag: TagHash,
    /// How many.
    pub count: u32,
    /// When they stop counting; `None` where they are perpetual.
    pub ends: Option<DeviceTime>,
}

const DAY: u32 = Duration::from_days(1).as_secs();
/// What an entitlement is recognised by within its license type.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct TagHash(u16);

impl TagHash {
    fn of(entitlement: &Entitlement<'_>) -> Self {
        let [_, _, high, low] = crc32::checksum(&[entitlement.tag.as_bytes()]).to_be_bytes();
        Self(u16::from_be_bytes([high, low]))
    }
}

/// What is left of a term when it is told (SPEC S7), in days; zero is its end.
const TOLD_DAYS: [u32; 8] = [0, 1, 3, 7, 14, 30, 60, 90];

impl ReservedLine {
    /// What `granted` is for a device whose calendar says `on` at the moment `now`; `None` where the
    /// license type has no such entitlement.
    pub(super) fn new(
        granted: &GrantLine,
        license_type: &LicenseType<'_>,
        now: DeviceTime,
        on: UnixTime,
    ) -> Option<Self> {
        let GrantLine { entitlement, count, until } = *granted;
        let tag = TagHash::of(license_type.entitlements.get(usize::from(entitlement))?);
        let ends = until.map(|until| now.saturating_add(until.saturating_since(on)));
        Some(Self { entitlement, tag, count, ends })
    }

    /// Where its entitlement stands in `license_type`; `None` where that has it no more.
    fn found_in(&self, license_type: &LicenseType<'_>) -> Option<u8> {
        let is_it = |entitlement: &Entitlement<'_>| TagHash::of(entitlement) == self.tag;
        let here = license_type.entitlements.get(usize::from(self.entitlement));
        if here.is_some_and(is_it) {
            return Some(self.entitlement);
        }
        u8::try_from(license_type.entitlements.iter().position(is_it)?).ok()
    }

    /// Whether it counts at `now`.
    pub fn counts_at(&self, now: DeviceTime) -> bool {
        self.ends.is_none_or(|ends| ends > now)
    }

    /// What is to be told of its end at `now`, of which nothing after `before` was: how many days are
    /// left, a begun one included.
    pub(super) fn told_between(&self, before: DeviceTime, now: DeviceTime) -> Option<u8> {
        let ends = self.ends?;
        let left = |at: DeviceTime| ends.saturating_since(at).as_secs().div_ceil(DAY);
        let reached = |at| TOLD_DAYS.iter().find(|&&days| left(at) <= days);
        let now_at = reached(now)?;
        let days = u8::try_from(left(now)).ok();
        days.filter(|_| reached(before) != Some(now_at))
    }

    /// When there is something to tell next.
    pub(super) fn next_told(&self, now: DeviceTime) -> Option<DeviceTime> {
        let ends = self.ends?;
        let moments = TOLD_DAYS.map(|days| ends.saturating_sub(Duration::from_days(days)));
        moments.into_iter().filter(|&at| at > now).min()
    }
}

impl<const N: usize> Reservation<N> {
    /// What may be in use at `now`: of everything that needs a licence as many as are reserved, of it
    /// and its higher tiers (SPEC C5).
    pub(super) fn limits(&self, license_type: &LicenseType<'_>, now: DeviceTime) -> [Limit; N] {
        if self.universal {
            return [Limit::NONE; N];
        }
        let own =
            |index| Some(Limit { most: self.count(index, now), set_by: LimitSource::Reservation });
        tier_limits(license_type, |entitlement| entitlement.reporting == Reporting::Peak, own)
    }

    /// Finds its entitlements in the license type of the software that runs now; those that it has no
    /// more count no more.
    pub(super) fn find_entitlements(&mut self, license_type: &LicenseType<'_>) {
        for line in &mut self.lines {
            match line.found_in(license_type) {
                Some(entitlement) => line.entitlement = entitlement,
                None => line.count = 0,
            }
        }
    }

    /// How many of an entitlement are reserved at `now`.
    fn count(&self, entitlement: usize, now: DeviceTime) -> u32 {
        let counting = |line: &&ReservedLine| {
            usize::from(line.entitlement) == entitlement && line.counts_at(now)
        };
        self.lines.iter().filter(counting).fold(0, |sum, line| sum.saturating_add(line.count))
    }

    /// Whether a term runs that ends.
    pub(super) fn has_running_term(&self, now: DeviceTime) -> bool {
        self.lines.iter().any(|line| line.ends.is_some_and(|ends| ends > now))
    }
}

/// A reservation as people see it (SPEC H3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ReservationStatus {
    /// The reservation's number.
    pub number: u32,
    /// Whether everything the product can use was asked for.
    pub universal: bool,
    /// What is installed; `None` while the authorization code is awaited.
    pub installed: Option<InstalledStatus>,
}

/// An authorization that is installed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct InstalledStatus {
    /// Which: 0 the first, then its updates.
    pub generation: u8,
    /// When it was installed.
    pub at: DeviceTime,
    /// Since when more is in use than is reserved.
    pub short_since: Option<DeviceTime>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(ends: u32) -> ReservedLine {
        let ends = Some(DeviceTime::from_secs(ends));
        ReservedLine { entitlement: 0, tag: TagHash(0), count: 5, ends }
    }

    #[test]
    fn a_term_is_told_at_the_days_of_s7_and_at_its_end_to_the_second() {
        let line = line(200 * DAY);
        let mut now = DeviceTime::from_secs(0);
        let mut told = heapless::Vec::<(u32, u32), 16>::new();
        while let Some(at) = line.next_told(now) {
            assert_eq!(line.told_between(now, DeviceTime::from_secs(at.as_secs() - 1)), None);
            let left = line.told_between(now, at).unwrap();
            told.push((at.as_secs(), u32::from(left))).unwrap();
            now = at;
        }
        let expected = [90, 60, 30, 14, 7, 3, 1, 0].map(|days| ((200 - days) * 86_400, days));
        assert_eq!(told, expected);
        assert!(line.counts_at(DeviceTime::from_secs(200 * DAY - 1)));
        assert!(
            !line.counts_at(DeviceTime::from_secs(200 * DAY)),
            "an expired term counts no more"
        );
        assert_eq!(line.told_between(now, DeviceTime::from_secs(300 * DAY)), None);
    }

    #[test]
    fn of_what_a_long_sleep_passed_only_the_last_is_told() {
        let line = line(100 * DAY);
        let told = line.told_between(DeviceTime::from_secs(0), DeviceTime::from_secs(95 * DAY));
        assert_eq!(told, Some(5));
        let told = line.told_between(DeviceTime::from_secs(0), DeviceTime::from_secs(95 * DAY - 1));
        assert_eq!(told, Some(6), "a begun day counts");
    }

    #[test]
    fn a_perpetual_line_is_never_told() {
        let line = ReservedLine { ends: None, ..line(0) };
        let (first, last) = (DeviceTime::from_secs(0), DeviceTime::from_secs(u32::MAX));
        assert_eq!(line.next_told(first), None);
        assert_eq!(line.told_between(first, last), None);
        assert!(line.counts_at(last));
    }
}
