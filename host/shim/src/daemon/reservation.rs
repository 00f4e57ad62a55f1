//! The steps of a reservation, and the codes that come of them (SPEC S1–S5).

use super::Reply;
use super::waiting::Goal;
use super::worker::Worker;
use crate::explain::{self, Fewer, Words};
use crate::problem::Problem;
use crate::protocol::{Outcome, ReservationStep};
use leasehold_core::agent::{Command, Input, ReservationCommand, ReservedLine, Status};
use leasehold_core::code::CodeKind;
use leasehold_core::time::DeviceTime;
use std::iter;
use std::sync::mpsc::Sender;

impl Worker<'_> {
    /// Takes a step. Its answer goes to `reply` once what its code promises can no longer be undone.
    pub(super) fn reservation(
        &mut self,
        step: &ReservationStep,
        wait_seconds: u32,
        reply: Sender<Reply>,
    ) {
        match self.take_step(step) {
            Ok(made) => self.wait(Goal::Reservation(made), wait_seconds, reply),
            // Whoever hung up needs no answer.
            Err(problem) => drop(reply.send(Err(problem))),
        }
    }

    /// Gives which code comes of the step.
    fn take_step(&mut self, step: &ReservationStep) -> Result<Option<CodeKind>, Problem> {
        let (command, pasted, made) = match step {
            ReservationStep::Enable => (ReservationCommand::Enable, "", None),
            ReservationStep::Disable => (ReservationCommand::Disable, "", None),
            ReservationStep::Request { universal } => {
                let universal = *universal;
                (ReservationCommand::Request { universal }, "", Some(CodeKind::Request))
            }
            ReservationStep::Install { code, accept_fewer } => {
                if !accept_fewer {
                    self.refuse_fewer(code)?;
                }
                (ReservationCommand::Install(code), code.as_str(), None)
            }
            ReservationStep::Cancel => (ReservationCommand::Cancel, "", Some(CodeKind::Return)),
            ReservationStep::Return => (ReservationCommand::Return, "", Some(CodeKind::Return)),
            ReservationStep::ReturnAuthorization { code } => {
                let command = ReservationCommand::ReturnAuthorization(code);
                (command, code.as_str(), Some(CodeKind::Return))
            }
        };
        self.input(Input::Command(Command::Reservation(command)))
            .map_err(|error| explain::reservation(error, pasted))?;
        Ok(if matches!(step, ReservationStep::Install { .. }) { self.confirms() } else { made })
    }

    /// An installed update makes a confirmation code, the first authorization none (SPEC S2).
    fn confirms(&self) -> Option<CodeKind> {
        let installed = self.agent.reservation()?.installed?;
        (installed.generation > 0).then_some(CodeKind::Confirmation)
    }

    /// Refuses an authorization that takes licences away: what is installed does not come back.
    fn refuse_fewer(&self, code: &str) -> Result<(), Problem> {
        let mut after = self.agent.fork(self.spare);
        let install = Command::Reservation(ReservationCommand::Install(code));
        if after.handle_input(self.now(), Input::Command(install)).is_err() {
            // The agent itself says why.
            return Ok(());
        }
        let now = after.status().now;
        let fewer = fewer(self.agent.reserved_lines(), after.reserved_lines(), now);
        if fewer.is_empty() {
            return Ok(());
        }
        let unix = |at| self.agent.unix(at);
        let words = Words { license_type: self.counters.license_type(), unix: &unix };
        Err(explain::takes_away(&fewer, now, &words))
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
        let Some(kind) = made else { return Some(Ok(Outcome::Stored { code: None })) };
        match (self.sources().code(kind), &self.counter_trouble) {
            (None, Some(trouble)) => Some(Err(explain::code_held_back(trouble))),
            (None, None) => None,
            (code, _) => Some(Ok(Outcome::Stored { code })),
        }
    }
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
