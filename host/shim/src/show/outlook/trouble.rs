//! What needs a hand before it becomes worse: a clock in doubt, a second machine with this
//! identity, a limit that is reached, and whatever ends soon.

use super::Outlook;
use crate::report::{ClockStanding, Enrolment, UnixSeconds};
use crate::show::control::{has_higher_tiers, in_use_at_or_above, source};
use crate::show::text::{date, plain, span};

/// What is left of a period whose end stands among what holds now.
const SOON: u64 = 30 * 86_400;

impl Outlook<'_> {
    /// SPEC T2
    pub(super) fn clock(&mut self) {
        let by = |at: Option<UnixSeconds>| match at {
            Some(at) => format!("by {}", date(at)),
            None => "soon".to_owned(),
        };
        match self.report.clock {
            ClockStanding::Agreed => return,
            ClockStanding::Ahead { until } => {
                self.now.push("The real-time clock is past the end of the ID certificate.".into());
                let by = by(until);
                self.next.push(format!(
                    "Unless it is put right {by}, or the manager answers before, this device is \
                     unregistered."
                ));
            }
            ClockStanding::Behind { until } => {
                self.now
                    .push("The real-time clock is before the start of the ID certificate.".into());
                let by = by(until);
                self.next.push(format!(
                    "Unless it is put right {by}, or the manager answers before, it is ignored; \
                     nobody is cut off by it."
                ));
            }
            ClockStanding::Ignored => {
                self.now.push(
                    "The real-time clock is before the start of the ID certificate and is ignored: \
                     time goes on from what this device knows, and stands still while it is off."
                        .into(),
                );
                self.next.push("It is followed again as soon as it is right.".into());
            }
        }
        self.to_do
            .push("Set the real-time clock right, and check its battery and time server.".into());
    }

    /// SPEC T5
    pub(super) fn duplicate(&mut self) {
        if self.report.duplicate {
            self.now.push(
                "Another machine uses this device's identity: the account counts both.".into(),
            );
            self.next.push("Both go on until an administrator settles it.".into());
            self.to_do.push(
                "Stop the machine that was cloned, or give it a serial number of its own. Then \
                 register the one that stays with `leasehold license smart register idtoken - \
                 force`."
                    .into(),
            );
        }
    }

    pub(super) fn license_control(&mut self) {
        let device = &self.report.device;
        if device.license_purpose == "lab" {
            let name = plain(&device.license_type);
            self.now.push(format!("The license type {name} is for a laboratory."));
        }
        let control = &self.report.license_control;
        if !control.overage_allowed && control.applies {
            self.now.push("Over-use is switched off: what is more than a limit is denied.".into());
        }
        for one in &self.report.entitlements {
            let Some(limit) = &one.limit else { continue };
            let used = in_use_at_or_above(self.report, one);
            // That more is in use than is reserved is said with the reservation.
            let said = limit.set_by == "reservation" && used > u64::from(limit.most);
            if used == 0 || used < u64::from(limit.most) || said {
                continue;
            }
            let tiers =
                if has_higher_tiers(self.report, one) { " and its higher tiers" } else { "" };
            let (name, feature) = (plain(&one.name), plain(&one.feature));
            self.now.push(format!(
                "{used} of {name}{tiers} are in use, and the limit is {}, {}: more is denied.",
                limit.most,
                source(limit)
            ));
            self.to_do.push(match limit.set_by.as_str() {
                "platform" => format!("To take more of {name}, move to a larger appliance."),
                "administrator" => format!(
                    "To take more of {name}, raise the limit with `leasehold license smart control \
                     limit {feature} N`."
                ),
                "reservation" => format!(
                    "To take more of {name}, reserve more at the manager, and install the \
                     authorization."
                ),
                _ => format!(
                    "To take more of {name}, buy some, or allow over-use with `leasehold license \
                     smart control overage on`."
                ),
            });
        }
    }

    /// What ends soon and is not renewed as it should be, or counts down (SPEC M2).
    pub(super) fn ending(&mut self) {
        let evaluation = &self.report.evaluation;
        let left = u64::from(evaluation.left);
        if evaluation.counting && left <= SOON {
            self.now.push(format!("Warning: {} are left of the evaluation.", span(left)));
        }
        let authorization = &self.report.authorization;
        let failing = authorization.contact_failure.is_some();
        if let Some(left) = self.left(authorization.deadline).filter(|_| failing) {
            self.now.push(format!(
                "Warning: the authorization ends in {}, unless the manager answers.",
                span(left)
            ));
        }
        if let Some(enrolment) = &self.report.registration.enrolment {
            self.certificate_ending(enrolment, failing);
        }
    }

    fn certificate_ending(&mut self, enrolment: &Enrolment, failing: bool) {
        let due = self.report.time.zip(enrolment.next_renewal).is_some_and(|(now, at)| at <= now);
        let failing = enrolment.renewal_failure.is_some() || failing && due;
        if let Some(left) = self.left(enrolment.expires).filter(|_| failing) {
            self.now.push(format!(
                "Warning: the ID certificate ends in {}, unless it is renewed; this device is then \
                 unregistered.",
                span(left)
            ));
            self.to_do.push(
                "Restore the connection to the manager, then `leasehold license smart renew id`."
                    .into(),
            );
        }
    }

    /// Seconds until `at`, where it is to come and soon.
    fn left(&self, at: Option<UnixSeconds>) -> Option<u64> {
        let left = at?.checked_sub(self.report.time?)?;
        (1..=SOON).contains(&left).then_some(left)
    }
}
