//! Commands whose outcome somebody waits for.

use super::Reply;
use super::worker::Worker;
use crate::problem::Problem;
use crate::protocol::Outcome;
use leasehold_core::agent::{Failure, Status, UnregisteredReason};
use leasehold_core::code::CodeKind;
use leasehold_core::time::DeviceTime;
use std::sync::mpsc::Sender;
use std::time::Instant;

/// Somebody who waits, and until when.
pub(super) struct Waiter {
    pub(super) goal: Goal,
    pub(super) deadline: Instant,
    pub(super) reply: Sender<Reply>,
}

/// What is waited for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Goal {
    /// The registration attempt to be decided.
    Registration,
    /// The report asked for to be answered.
    Authorization,
    /// The certificate to be renewed, asked for at this time.
    Certificate(DeviceTime),
    /// The registration to be left.
    Deregistration,
    /// The registration to be left, and everything to be erased.
    FactoryReset,
    /// A step of a reservation to be stored, and the code that it makes to hold.
    Reservation(Option<CodeKind>),
}

impl Worker<'_> {
    /// Answers everybody whose outcome is known or whose time is over.
    pub(super) fn resolve(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let now = Instant::now();
        for waiter in std::mem::take(&mut self.waiting) {
            let outcome = match self.outcome(waiter.goal) {
                None if waiter.deadline <= now => Some(Ok(Outcome::Underway)),
                outcome => outcome,
            };
            match outcome {
                // Whoever hung up needs no answer.
                Some(outcome) => drop(waiter.reply.send(outcome.and_then(super::commands::value))),
                None => self.waiting.push(waiter),
            }
        }
    }

    /// What came of a command; `None` while that is open.
    fn outcome(&self, goal: Goal) -> Option<Result<Outcome, Problem>> {
        let status = self.agent.status();
        let decided = match goal {
            Goal::Registration => self.registration_outcome(&status),
            Goal::Authorization => {
                self.contact_outcome(&status, status.next_report, Outcome::Succeeded)
            }
            Goal::Certificate(since) => {
                let renewal = status.enrolment.and_then(|enrolment| enrolment.last_renewal);
                match renewal {
                    Some(Ok(at)) if at >= since && !status.in_contact => Some(Outcome::Succeeded),
                    _ => self.contact_outcome(&status, status.next_renewal, Outcome::Succeeded),
                }
            }
            Goal::Deregistration => deregistration_outcome(&status),
            // Erased at once where there was no account to leave.
            Goal::FactoryReset => match status.enrolment {
                None => Some(Outcome::Reset { manager_told: self.manager_told }),
                Some(_) => None,
            },
            Goal::Reservation(made) => return self.reservation_outcome(made, &status),
        };
        match decided {
            Some(outcome) => Some(Ok(outcome)),
            // A request waits for the state it depends on to be stored.
            None if status.storage_failed => Some(Err(not_stored())),
            None => None,
        }
    }

    fn registration_outcome(&self, status: &Status<'_>) -> Option<Outcome> {
        let Some(attempt) = status.attempt else {
            let registered = status.enrolment.is_some();
            return Some(if registered { Outcome::Succeeded } else { Outcome::Dropped });
        };
        let failure = self.sources().failure(attempt.failure?);
        if attempt.refused {
            return Some(Outcome::Refused { failure });
        }
        let retry = self.sources().upcoming(attempt.retry_at?, status);
        Some(Outcome::Retrying { failure, retry })
    }

    /// What came of a report or a renewal that goes next at `next`.
    fn contact_outcome(
        &self,
        status: &Status<'_>,
        next: Option<DeviceTime>,
        succeeded: Outcome,
    ) -> Option<Outcome> {
        if status.enrolment.is_none() {
            return Some(Outcome::Removed);
        }
        if status.in_contact || next.is_some_and(|at| at <= status.now) {
            return None;
        }
        Some(match status.last_contact {
            Some(Err(failure)) => self.retrying(failure, next, status),
            _ => succeeded,
        })
    }

    fn retrying(&self, failure: Failure, next: Option<DeviceTime>, status: &Status<'_>) -> Outcome {
        let retry = next.and_then(|at| self.sources().upcoming(at, status));
        Outcome::Retrying { failure: self.sources().failure(failure), retry }
    }
}

fn deregistration_outcome(status: &Status<'_>) -> Option<Outcome> {
    match status.unregistered {
        _ if status.enrolment.is_some() => None,
        Some(UnregisteredReason::Deregistered { manager_told, .. }) => {
            Some(Outcome::Deregistered { manager_told })
        }
        _ => Some(Outcome::Removed),
    }
}

fn not_stored() -> Problem {
    Problem::new(
        "not-stored",
        "The command waits: state cannot be stored, and nothing is sent before it is.",
        "Check the data directory's space and permissions; it goes on by itself then.",
    )
}
