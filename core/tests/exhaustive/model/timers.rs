//! What time alone does.

use super::{Attempt, Model, Out, Range, Standing};
use crate::world::Contact;

/// A period that ends.
#[derive(Clone, Copy)]
enum Timer {
    Certificate,
    Deadline,
    Evaluation,
    Tolerance,
}

impl Model {
    /// Time passes to `end`, with what was sent and answered meanwhile.
    pub(super) fn pass(&mut self, end: u64, contacts: &[Contact]) {
        for contact in contacts {
            // X6: a report due at the breach goes first.
            self.advance(contact.at, false);
            self.contact(contact);
        }
        self.advance(end, true);
        for (what, due) in self.due() {
            if let Some(due) = due.filter(|due| due.high <= end) {
                self.fault(|| format!("{what} should have gone by {}", due.high));
            }
        }
    }

    /// What goes to the manager next, of each kind.
    fn due(&self) -> [(&'static str, Option<Range>); 3] {
        let attempt = match self.attempt {
            Some(Attempt::Waiting { at }) => Some(Range::exactly(at)),
            _ => None,
        };
        [
            ("the registration", attempt),
            ("the report", self.next_report()),
            ("the renewal", self.next_renewal()),
        ]
    }

    fn advance(&mut self, to: u64, with_breach: bool) {
        while let Some((at, timer)) = self.next_timer().filter(|&(at, timer)| {
            at < to || at == to && (with_breach || !matches!(timer, Timer::Tolerance))
        }) {
            self.elapse(at.max(self.now));
            self.ended(timer);
        }
        self.elapse(to);
    }

    fn next_timer(&self) -> Option<(u64, Timer)> {
        let mut next: Option<(u64, Timer)> = None;
        let mut consider = |at: u64, timer: Timer| {
            if next.is_none_or(|(earliest, _)| at < earliest) {
                next = Some((at, timer));
            }
        };
        if let Standing::Registered { ends, .. } = self.standing {
            consider(ends, Timer::Certificate);
        }
        if let Some(authorization) = &self.authorization {
            if !authorization.expired {
                consider(authorization.deadline, Timer::Deadline);
            }
            if let Some(Out { since, breached: false }) = authorization.out {
                consider(since + self.rules.tolerance, Timer::Tolerance);
            }
        }
        if self.evaluation_counts() {
            consider(self.now + self.evaluation_left.low, Timer::Evaluation);
        }
        next
    }

    fn elapse(&mut self, to: u64) {
        if to == self.now {
            return;
        }
        for (what, due) in self.due() {
            if let Some(due) = due.filter(|due| due.high < to) {
                self.fault(|| format!("{what} should have gone by {}, not at {to}", due.high));
            }
        }
        if self.evaluation_counts() {
            let ran = to - self.now;
            let left = self.evaluation_left;
            self.evaluation_left =
                Range { low: left.low.saturating_sub(ran), high: left.high.saturating_sub(ran) };
        }
        self.now = to;
    }

    fn ended(&mut self, timer: Timer) {
        match timer {
            // R4
            Timer::Certificate => self.leave(Standing::Expired),
            Timer::Evaluation => self.evaluation_over = Some(Range::exactly(self.now)),
            // A7
            Timer::Deadline => {
                if let Some(authorization) = &mut self.authorization {
                    authorization.expired = true;
                }
            }
            Timer::Tolerance => {
                let (now, rules) = (self.now, self.rules);
                let Some(authorization) = &mut self.authorization else { return };
                if let Some(out) = &mut authorization.out {
                    out.breached = true;
                }
                // From now on less often, unless a report is owed already.
                if authorization.due.low > now
                    && let Some(at) = authorization.calendar(&rules, now)
                {
                    authorization.due = Range::exactly(at);
                }
            }
        }
    }
}
