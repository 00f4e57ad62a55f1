//! What goes to the manager, and what its answers do.

use super::{Attempt, Authorization, Model, Out, Range, Retry, Standing};
use crate::manager::{Asked, Said};
use crate::world::Contact;

impl Model {
    pub(super) fn contact(&mut self, contact: &Contact) {
        match contact.asked {
            Asked::Register => self.register(contact.said),
            Asked::Report { peak } => self.report(peak, contact.said),
            Asked::Renew => self.renew(contact.said),
            Asked::Deregister => self.fault(|| "deregistered without being told to".to_owned()),
        }
        // X4: any signed answer is a success for the deadline.
        let deadline = self.now + self.rules.authorization_period - self.rules.backdate;
        if contact.said != Said::Nothing
            && let Some(authorization) = &mut self.authorization
        {
            authorization.deadline = deadline;
            authorization.expired = false;
        }
    }

    /// The good-bye that has to come first: whether the manager heard it, and what followed.
    pub(super) fn goodbye<'c>(&mut self, contacts: &'c [Contact]) -> Option<(bool, &'c [Contact])> {
        match contacts {
            [Contact { at, asked: Asked::Deregister, said }, rest @ ..] if *at == self.now => {
                Some((*said != Said::Nothing, rest))
            }
            _ => {
                self.fault(|| "the manager was not told of the deregistration".to_owned());
                None
            }
        }
    }

    fn register(&mut self, said: Said) {
        if self.attempt != Some(Attempt::Waiting { at: self.now }) {
            self.fault(|| "a registration that is not due".to_owned());
        }
        match said {
            // R3
            Said::Nothing => {
                self.attempt = Some(Attempt::Waiting { at: self.now + self.rules.register_retry });
            }
            Said::Registered => self.registered(),
            _ => self.attempt = Some(Attempt::Refused),
        }
    }

    fn registered(&mut self) {
        self.attempt = None;
        self.retry = None;
        self.certified();
        // A4: reported at once after registration.
        let due = Range::exactly(self.now);
        match &mut self.authorization {
            // What the last answer said holds until the next one: a command neither lifts an
            // enforcement nor cuts anybody off (E4, R9).
            Some(authorization) => {
                authorization.due = due;
                authorization.reported = false;
            }
            None => {
                self.authorization = Some(Authorization {
                    answered: None,
                    deadline: 0,
                    expired: false,
                    out: None,
                    reported: false,
                    new_use: false,
                    due,
                });
                // What was used before does not concern the account.
                self.restart_peak();
            }
        }
    }

    /// R2, X2
    fn certified(&mut self) {
        self.standing = Standing::Registered {
            ends: self.now + self.rules.certificate_period - self.rules.backdate,
            renew_at: self.now + self.rules.certificate_renewal,
        };
    }

    fn report(&mut self, peak: u32, said: Said) {
        let now = self.now;
        if self.next_report().is_none_or(|due| now < due.low) {
            self.fault(|| format!("a report at {now} that is not due"));
        }
        // C3, X4
        if !self.peak.holds(u64::from(peak)) {
            let expected = self.peak;
            self.fault(|| format!("reported {peak}, where the peak is {expected:?}"));
        }
        match said {
            Said::Covered => self.answered(None),
            Said::NotCovered { since } => self.answered(Some(since)),
            _ => self.not_as_wished(said),
        }
    }

    fn answered(&mut self, out_since: Option<u64>) {
        let now = self.now;
        self.retry = None;
        self.restart_peak();
        let rules = self.rules;
        let Some(authorization) = &mut self.authorization else { return };
        authorization.answered = Some(now);
        authorization.new_use = false;
        // A6, X6: `since` stays as it was while out of compliance.
        authorization.out = match (authorization.out, out_since) {
            (_, None) => None,
            (Some(out), Some(_)) => Some(out),
            (None, Some(since)) => Some(Out { since, breached: since + rules.tolerance < now }),
        };
        authorization.reported = true;
        authorization.due = Range::exactly(now + authorization.interval(&rules, now));
    }

    fn renew(&mut self, said: Said) {
        let now = self.now;
        if self.next_renewal().is_none_or(|due| now < due.low) {
            self.fault(|| format!("a renewal at {now} that is not due"));
        }
        if said == Said::Renewed {
            self.retry = None;
            self.certified();
        } else {
            self.not_as_wished(said);
        }
    }

    /// A report or a renewal that came to nothing.
    fn not_as_wished(&mut self, said: Said) {
        // X14
        if said == Said::Gone {
            return self.leave(Standing::Removed);
        }
        // A5, X5
        let before = self.retry.map_or(Range::exactly(0), |retry| retry.interval);
        let next = |before: u64| (before * 2).max(self.rules.retry_first).min(self.rules.retry_max);
        let interval = Range { low: next(before.low), high: next(before.high) };
        let soonest = interval.low - interval.low / 2;
        let at = Range { low: self.now + soonest, high: self.now + interval.high };
        self.retry = Some(Retry { at, interval });
    }
}
