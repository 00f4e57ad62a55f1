//! Whether the real-time clock agrees with the ID certificate (SPEC T2, X15).
//!
//! A clock that is set outside the dates of the certificate has an hour to be put right, and a
//! contact is tried at once: the manager's time settles it. After the hour, a clock past the end
//! ends the registration (SPEC R4); a clock before the start counts as absent, so that nobody is
//! cut off by a battery. How far it goes while the device is off is measured all the same: absent or
//! not, it hides nothing (SPEC E5). The hour is stored: no reboot begins another (SPEC E5).

use super::registration::Enrolment;
use super::{Agent, EventKind};
use crate::crypto::Crypto;
use crate::time::{DeviceTime, UnixTime};
use serde::{Deserialize, Serialize};

/// How the real-time clock stands to the ID certificate.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum ClockStanding {
    /// It does not contradict it, or there is nothing to contradict.
    Agreed,
    /// It was set past the certificate's end, or a boot found it there.
    Ahead {
        /// When the device is unregistered, unless the clock is put right or the manager answers.
        until: DeviceTime,
    },
    /// It was set before the certificate's start, or a boot found it there.
    Behind {
        /// When it is ignored.
        until: DeviceTime,
    },
    /// It stayed before the start, and counts as absent.
    Ignored,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Side {
    Within,
    Past,
    Before,
}

impl Enrolment {
    fn side(&self, claimed: UnixTime) -> Side {
        if claimed > self.certificate_until {
            Side::Past
        } else if claimed < self.certificate_from {
            Side::Before
        } else {
            Side::Within
        }
    }
}

impl<C: Crypto, const N: usize> Agent<'_, C, N> {
    /// Looks at the real-time clock again; `set` when it was just set, or the device just booted.
    pub(super) fn watch_clock(&mut self, set: bool) {
        let now = self.clock.now();
        let grace = self.policy().clock_grace;
        let (Some(enrolment), Some(claims)) = (self.identity.enrolment(), self.clock.claims())
        else {
            return;
        };
        // A clock that is wrong and was settled agrees as it is, and when it is put right.
        let within = claims.into_iter().find(|&claim| enrolment.side(claim) == Side::Within);
        let [_, corrected] = claims;
        match (self.ledger.clock_standing, enrolment.side(within.unwrap_or(corrected))) {
            (ClockStanding::Agreed, Side::Within) => {}
            (_, Side::Within) => {
                self.clock.follow_real_time(within.unwrap_or(corrected));
                if let Some(unix) = self.clock.unix(now) {
                    self.settle_certificate(unix);
                }
                self.clock_agrees();
            }
            (ClockStanding::Ahead { .. }, Side::Past) | (ClockStanding::Ignored, Side::Before) => {}
            (ClockStanding::Behind { until }, Side::Before) => {
                if until <= now {
                    self.ledger.clock_standing = ClockStanding::Ignored;
                    self.ledger_store.save_by(now);
                    self.tell(EventKind::ClockIgnored);
                }
            }
            (_, Side::Past) if set => {
                let hour = now.saturating_add(grace);
                let ends = enrolment.certificate_ends;
                // The end itself passes by the clock's word alone where a boot credited time off.
                let until = if ends <= now { hour } else { hour.min(ends) };
                self.clock_disagrees(ClockStanding::Ahead { until }, until);
            }
            (_, Side::Before) if set => {
                let until = now.saturating_add(grace);
                self.clock_disagrees(ClockStanding::Behind { until }, until);
            }
            // It ran past the end together with the device: an end like any other.
            (_, Side::Past | Side::Before) => {}
        }
    }

    fn clock_disagrees(&mut self, standing: ClockStanding, until: DeviceTime) {
        let now = self.clock.now();
        self.ledger.clock_standing = standing;
        self.ledger_store.save_by(now);
        let ahead = matches!(standing, ClockStanding::Ahead { .. });
        self.tell(EventKind::ClockDisagrees { ahead, until });
        // SPEC X15
        self.contact_at_once();
        self.wanted.report = true;
    }

    /// The real-time clock was put right, or the manager's time settled it.
    pub(super) fn clock_agrees(&mut self) {
        let before = core::mem::replace(&mut self.ledger.clock_standing, ClockStanding::Agreed);
        if before != ClockStanding::Agreed {
            self.ledger_store.save_by(self.clock.now());
            self.tell(EventKind::ClockSettled);
        }
    }

    /// When the registration ends, if nothing renews it.
    pub(super) fn certificate_ends(&self) -> Option<DeviceTime> {
        let enrolment = self.identity.enrolment()?;
        Some(match self.ledger.clock_standing {
            ClockStanding::Ahead { until } => until,
            _ => enrolment.certificate_ends,
        })
    }

    /// When the hour of a clock before the start is over.
    pub(super) fn clock_hour_ends(&self) -> Option<DeviceTime> {
        match self.ledger.clock_standing {
            ClockStanding::Behind { until } => Some(until),
            _ => None,
        }
    }
}
