//! What each command does.

use super::waiting::{Goal, Waiter};
use super::worker::Worker;
use super::{Reply, store_settings};
use crate::explain::{self, Wanted};
use crate::problem::Problem;
use crate::protocol::{
    Count, Events, Operation, Outcome, Permission, Renewal, Request, Seat, WAIT_MAX_SECONDS,
};
use crate::report::Enforcement;
use crate::settings::TransportChange;
use leasehold_core::agent::{self, Command, Input};
use serde::Serialize;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

impl Worker<'_> {
    /// Carries a command out. Its answer goes to `reply`, at once or when its outcome is known.
    pub(super) fn command(&mut self, request: Request, reply: Sender<Reply>) {
        let answer = match request {
            Request::Register { token, force, wait_seconds } => {
                let command = Command::Register { token: token.expose(), force };
                let (goal, wanted) = (Goal::Registration, Wanted::Registration);
                return self.wait_for(command, goal, wanted, wait_seconds, reply);
            }
            Request::Renew { what: Renewal::Authorization, wait_seconds } => {
                let command = Command::RenewAuthorization;
                let (goal, wanted) = (Goal::Authorization, Wanted::Renewal);
                return self.wait_for(command, goal, wanted, wait_seconds, reply);
            }
            Request::Renew { what: Renewal::Certificate, wait_seconds } => {
                let goal = Goal::Certificate(self.agent.status().now);
                let command = Command::RenewCertificate;
                return self.wait_for(command, goal, Wanted::Renewal, wait_seconds, reply);
            }
            Request::Deregister { wait_seconds } => {
                if self.agent.status().enrolment.is_some() {
                    let goal = Goal::Deregistration;
                    let command = Command::Deregister;
                    return self.wait_for(command, goal, Wanted::Other, wait_seconds, reply);
                }
                self.input(Input::Command(Command::Deregister))
                    .map_err(|error| explain::command_at(error, self.stage(), Wanted::Other))
                    .and_then(|()| value(Outcome::Dropped))
            }
            Request::FactoryReset { wait_seconds } => {
                self.manager_told = None;
                let goal = Goal::FactoryReset;
                let command = Command::FactoryReset;
                return self.wait_for(command, goal, Wanted::Other, wait_seconds, reply);
            }
            Request::Reservation { step, wait_seconds } => {
                return self.reservation(&step, wait_seconds, reply);
            }
            Request::LicenseType { name } => self.set_license_type(&name),
            Request::AllowOverage { allowed } => self.allow_overage(allowed),
            Request::Limit { feature, limit } => self.limit(&feature, limit),
            Request::Status {} => {
                self.wake();
                value(self.sources().report())
            }
            Request::TransportGet {} => value(self.settings.without_secrets()),
            Request::TransportSet { change } => self.set_transport(change),
            Request::Login { name, skills, supervisor } => {
                let taken = self
                    .may_begin()
                    .and_then(|()| self.usage.login(self.counters, &name, &skills, supervisor));
                taken.and_then(|feature| self.seat(name, feature))
            }
            Request::Logout { name } => {
                let given = self.usage.logout(self.counters, &name);
                given.and_then(|feature| self.seat(name, feature))
            }
            Request::Acquire { feature, n } => {
                let taken =
                    self.may_begin().and_then(|()| self.usage.acquire(self.counters, &feature, n));
                taken.and_then(|()| self.count(feature))
            }
            Request::Release { feature, n } => {
                let given = self.usage.release(self.counters, &feature, n);
                given.and_then(|()| self.count(feature))
            }
            Request::Events { after, limit } => {
                let limit = usize::try_from(limit).unwrap_or(usize::MAX);
                let events = self.journal.after(after, limit);
                value(Events { events, last: self.journal.last() })
            }
            Request::Permits { operation } => {
                self.wake();
                value(self.permission(operation))
            }
        };
        // Whoever hung up needs no answer.
        let _ = reply.send(answer);
    }

    fn wait_for(
        &mut self,
        command: Command<'_>,
        goal: Goal,
        wanted: Wanted,
        wait_seconds: u32,
        reply: Sender<Reply>,
    ) {
        match self.input(Input::Command(command)) {
            Ok(()) => self.wait(goal, wait_seconds, reply),
            Err(error) => {
                drop(reply.send(Err(explain::command_at(error, self.stage(), wanted))));
            }
        }
    }

    pub(super) fn wait(&mut self, goal: Goal, wait_seconds: u32, reply: Sender<Reply>) {
        let wait = Duration::from_secs(wait_seconds.min(WAIT_MAX_SECONDS).into());
        self.waiting.push(Waiter { goal, deadline: Instant::now() + wait, reply });
    }

    /// After a change of use: lets the agent see it and stores it; says why that failed.
    pub(super) fn used(&mut self) -> Option<Problem> {
        self.wake();
        self.usage.save(&*self.disk);
        self.usage.unsaved().map(|trouble| {
            let cause = format!("Done, but not stored: {}.", trouble.cause);
            Problem::new("not-stored", cause, trouble.remedy)
        })
    }

    /// SPEC E3
    fn may_begin(&self) -> Result<(), Problem> {
        match self.agent.status().enforcement {
            agent::Enforcement::Enforced { reason, .. }
                if !self.agent.permits(agent::Operation::Use) =>
            {
                Err(explain::new_use_refused(reason))
            }
            _ => Ok(()),
        }
    }

    fn seat(&mut self, name: String, feature: String) -> Reply {
        value(Seat { name, feature, not_stored: self.used() })
    }

    fn count(&mut self, feature: String) -> Reply {
        let not_stored = self.used();
        let license_type = self.counters.license_type();
        let in_use = license_type
            .feature(&feature)
            .and_then(|found| self.agent.entitlement(found.entitlement.into()))
            .map_or(0, |entitlement| entitlement.in_use);
        value(Count { feature, in_use, not_stored })
    }

    fn set_transport(&mut self, change: TransportChange) -> Reply {
        let settings = self.settings.changed(change).map_err(|problem| {
            let (cause, remedy) = problem.split_once(". ").unwrap_or((&problem, "Correct it"));
            Problem::new("transport-settings", format!("{cause}."), format!("{remedy}."))
        })?;
        let transport = (self.connect)(&settings)?;
        store_settings(&*self.disk, &settings)?;
        self.transport = transport;
        self.settings = settings;
        // What failed on the old way is tried on the new one at once.
        let _ = self.input(Input::LinkChanged);
        value(self.settings.without_secrets())
    }

    fn permission(&self, operation: Operation) -> Permission {
        let permitted = self.agent.permits(match operation {
            Operation::Provision => agent::Operation::Provision,
            Operation::Use => agent::Operation::Use,
        });
        let reason = match self.sources().report().enforcement {
            Enforcement::Enforced { reason, .. } if !permitted => Some(reason),
            _ => None,
        };
        Permission { permitted, reason }
    }
}

/// An answer as JSON.
pub(super) fn value<T: Serialize>(answer: T) -> Reply {
    serde_json::to_value(answer).map_err(|error| {
        Problem::new(
            "internal",
            format!("The answer cannot be written: {error}."),
            "This is a fault of the program: report it.",
        )
    })
}
