//! The steps of a reservation, and the codes that come of them (SPEC S1–S5).

mod before;

use super::Reply;
use super::waiting::Goal;
use super::worker::{CAPACITY, Worker};
use crate::build_report::term_end;
use crate::explain::{self, Fewer, Stage, Uncovered, Wanted, Words};
use crate::problem::Problem;
use crate::protocol::{Outcome, ReservationStep};
use leasehold_core::agent::{
    Command, CommandError, Enforcement, Input, ReservationCommand, ReservedLine, Status,
};
use leasehold_core::code::CodeKind;
use leasehold_core::counters::{Counters, LimitSource};
use leasehold_core::time::DeviceTime;
use std::iter;
use std::sync::mpsc::Sender;

/// What came of a step so far.
enum Taken {
    /// It is taken, and makes a code of that kind.
    Now(Option<CodeKind>),
    /// It was taken before, and made that code then.
    Before(Option<String>),
}

impl Worker<'_> {
    /// Takes a step. Its answer goes to `reply` once what its code promises can no longer be undone.
    pub(super) fn reservation(
        &mut self,
        step: &ReservationStep,
        wait_seconds: u32,
        reply: Sender<Reply>,
    ) {
        let answer = match self.take_step(step) {
            Ok(Taken::Now(made)) => return self.wait(Goal::Reservation(made), wait_seconds, reply),
            Ok(Taken::Before(code)) => {
                super::commands::value(Outcome::Stored { code, already: true })
            }
            Err(problem) => Err(problem),
        };
        // Whoever hung up needs no answer.
        drop(reply.send(answer));
    }

    /// How far a reservation is.
    pub(super) fn stage(&self) -> Stage {
        match self.agent.reservation() {
            Some(held) if held.installed.is_some() => Stage::Installed,
            Some(held) => Stage::Requested { universal: held.universal },
            None if self.agent.status().reservation_enabled => Stage::Enabled,
            None => Stage::Off,
        }
    }

    fn take_step(&mut self, step: &ReservationStep) -> Result<Taken, Problem> {
        let (command, made) = match step {
            ReservationStep::Enable => (ReservationCommand::Enable, None),
            ReservationStep::Disable => (ReservationCommand::Disable, None),
            ReservationStep::Request { universal } => {
                let universal = *universal;
                (ReservationCommand::Request { universal }, Some(CodeKind::Request))
            }
            ReservationStep::Install { code, accept_fewer } => {
                if !accept_fewer {
                    self.refuse_unwanted(code)?;
                }
                (ReservationCommand::Install(code), None)
            }
            ReservationStep::Cancel => (ReservationCommand::Cancel, Some(CodeKind::Return)),
            ReservationStep::Return => (ReservationCommand::Return, Some(CodeKind::Return)),
            ReservationStep::ReturnAuthorization { code } => {
                (ReservationCommand::ReturnAuthorization(code), Some(CodeKind::Return))
            }
        };
        let gives_back = made == Some(CodeKind::Return);
        if gives_back {
            self.returned.refuse_loss(self.counter_trouble.as_ref())?;
        }
        let number = self.agent.reservation().map(|held| held.number);
        if let Err(error) = self.input(Input::Command(Command::Reservation(command))) {
            return self.taken_before(step, error).unwrap_or_else(|| Err(self.why(step, error)));
        }
        if gives_back {
            self.returned.given_back(number);
        }
        let installs = matches!(step, ReservationStep::Install { .. });
        Ok(Taken::Now(if installs { self.confirms() } else { made }))
    }

    /// Why the agent did not take a step.
    fn why(&self, step: &ReservationStep, error: CommandError) -> Problem {
        if error == CommandError::ReservationHeld {
            let wanted = match step {
                ReservationStep::Cancel => Wanted::Cancel,
                ReservationStep::Request { universal } => Wanted::Request { universal: *universal },
                _ => Wanted::Other,
            };
            return explain::command_at(error, self.stage(), wanted);
        }
        let pasted = match step {
            ReservationStep::Install { code, .. }
            | ReservationStep::ReturnAuthorization { code } => code,
            _ => "",
        };
        explain::reservation(error, pasted)
    }

    /// An installed update makes a confirmation code, the first authorization none (SPEC S2).
    fn confirms(&self) -> Option<CodeKind> {
        let installed = self.agent.reservation()?.installed?;
        (installed.generation > 0).then_some(CodeKind::Confirmation)
    }

    /// Refuses an authorization that takes licences away, because what is installed does not come
    /// back, and one that leaves something in use uncovered.
    fn refuse_unwanted(&self, code: &str) -> Result<(), Problem> {
        let mut after = self.agent.fork(self.spare);
        let install = Command::Reservation(ReservationCommand::Install(code));
        if after.handle_input(self.now(), Input::Command(install)).is_err() {
            // The agent itself says why.
            return Ok(());
        }
        let status = after.status();
        let now = status.now;
        let fewer = fewer(self.agent.reserved_lines(), after.reserved_lines(), now);
        let installed = self.agent.reservation().and_then(|held| held.installed);
        let is_short = installed.is_some_and(|installed| installed.short_since.is_some());
        let uncovered = if is_short { Vec::new() } else { uncovered(self.spare) };
        if fewer.is_empty() && uncovered.is_empty() {
            return Ok(());
        }
        let ends = match status.enforcement {
            Enforcement::Overage { ends, .. } => Some(ends),
            _ => None,
        };
        let unix = |at| self.agent.unix(at).map(term_end);
        let words = Words { license_type: self.counters.license_type(), unix: &unix };
        Err(explain::unwanted(&fewer, &uncovered, now, ends, &words))
    }

    /// What came of a step; `None` while the code that it makes does not hold.
    pub(super) fn reservation_outcome(
        &self,
        made: Option<CodeKind>,
        status: &Status<'_>,
    ) -> Option<Result<Outcome, Problem>> {
        if status.storage_failed {
            return Some(Err(explain::step_not_stored()));
        }
        let Some(kind) = made else {
            return Some(Ok(Outcome::Stored { code: None, already: false }));
        };
        match (self.sources().code(kind), &self.counter_trouble) {
            (None, Some(trouble)) => Some(Err(explain::code_held_back(trouble))),
            (None, None) => None,
            (code, _) => Some(Ok(Outcome::Stored { code, already: false })),
        }
    }
}

/// Of what more is in use than is reserved, where reserved licences are the limit.
fn uncovered(counters: &Counters<'_, CAPACITY>) -> Vec<Uncovered> {
    let indices = 0..u8::try_from(counters.license_type().entitlements.len()).unwrap_or(u8::MAX);
    let over = |entitlement: u8| {
        let limit = counters.limit(entitlement.into())?;
        let in_use = explain::at_or_above(counters, entitlement.into());
        let is_over = limit.set_by == LimitSource::Reservation && in_use > limit.most;
        is_over.then_some(Uncovered { entitlement, in_use, reserved: limit.most })
    };
    indices.filter_map(over).collect()
}

/// What `new` takes away of `old`, at any moment from `now` on: each kind once, as of when it is first
/// fewer.
fn fewer(old: &[ReservedLine], new: &[ReservedLine], now: DeviceTime) -> Vec<Fewer> {
    let ends = old.iter().chain(new).filter_map(|line| line.ends).filter(|&end| end > now);
    let mut moments: Vec<DeviceTime> = iter::once(now).chain(ends).collect();
    moments.sort_unstable();
    let mut kinds: Vec<u8> = old.iter().map(|line| line.entitlement).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let first = |entitlement: u8| {
        moments.iter().find_map(|&from| {
            let [old, new] = [old, new].map(|lines| count(lines, entitlement, from));
            (new < old).then_some(Fewer { entitlement, from, old, new })
        })
    };
    kinds.into_iter().filter_map(first).collect()
}

fn count(lines: &[ReservedLine], entitlement: u8, at: DeviceTime) -> u32 {
    let counting = |line: &&ReservedLine| line.entitlement == entitlement && line.counts_at(at);
    lines.iter().filter(counting).fold(0, |sum, line| sum.saturating_add(line.count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use leasehold_core::agent::TagHash;

    const NOW: DeviceTime = DeviceTime::from_secs(100);

    fn line(entitlement: u8, count: u32, ends: Option<u32>) -> ReservedLine {
        let (tag, ends) = (TagHash::default(), ends.map(DeviceTime::from_secs));
        ReservedLine { entitlement, tag, count, ends }
    }

    fn taken(old: &[ReservedLine], new: &[ReservedLine]) -> Vec<(u8, u32, u32, u32)> {
        let fewer = fewer(old, new, NOW).into_iter();
        fewer.map(|f| (f.entitlement, f.from.as_secs(), f.old, f.new)).collect()
    }

    #[test]
    fn as_many_or_more_take_nothing_away() {
        let old = [line(0, 7, None), line(1, 2, Some(500))];
        assert_eq!(taken(&old, &old), []);
        assert_eq!(taken(&old, &[line(0, 8, None), line(1, 2, None), line(2, 1, None)]), []);
        assert_eq!(taken(&[], &old), []);
        assert_eq!(taken(&[line(0, 7, Some(100))], &[]), [], "what has ended is no loss");
        let split = [line(0, 3, None), line(0, 4, None), line(1, 2, Some(500))];
        assert_eq!(taken(&old, &split), [], "terms that add up to the same");
    }

    #[test]
    fn fewer_now_and_fewer_later_are_told_from_when_on() {
        let old = [line(0, 7, None), line(1, 2, Some(500))];
        let new = [line(0, 7, Some(300)), line(1, 1, None)];
        assert_eq!(taken(&old, &new), [(0, 300, 7, 0), (1, 100, 2, 1)]);
        assert_eq!(taken(&old, &[line(0, 7, None)]), [(1, 100, 2, 0)]);
        let longer = [line(0, 9, Some(200)), line(0, 5, None), line(1, 2, Some(499))];
        assert_eq!(taken(&old, &longer), [(0, 200, 7, 5), (1, 499, 2, 0)]);
    }
}
