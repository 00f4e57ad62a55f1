//! What the device is, by the words of the specification: registration (section 2), authorization
//! (section 3), enforcement (section 5) and the exact points (section 11).
//!
//! Written from the text and not from the agent. Times are seconds since the world began. Where the
//! text leaves the device a choice the model holds a [`Range`]; whatever the device does within it
//! is right, and is what the model goes on with.

mod contacts;
mod shown;
mod timers;

pub(crate) use shown::{AuthorizationIs, Verdict};

use crate::alphabet::{HOUR, MINUTE, OFF, Scale, Step};
use crate::world::Contact;

/// From the first to the last allowed value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Range {
    pub(crate) low: u64,
    pub(crate) high: u64,
}

impl Range {
    pub(crate) const fn exactly(value: u64) -> Self {
        Self { low: value, high: value }
    }

    pub(crate) const fn holds(self, value: u64) -> bool {
        self.low <= value && value <= self.high
    }

    fn not_before(self, other: Self) -> Self {
        Self { low: self.low.max(other.low), high: self.high.max(other.high) }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Standing {
    Never,
    Deregistered { told: bool },
    Removed,
    Registered { ends: u64, renew_at: u64 },
    Expired,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Attempt {
    /// Goes (again) at this moment.
    Waiting {
        at: u64,
    },
    Refused,
}

/// What is known while registered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Authorization {
    pub(crate) answered: Option<u64>,
    pub(crate) deadline: u64,
    pub(crate) expired: bool,
    pub(crate) out: Option<Out>,
    /// Whether a report since the registration was answered.
    reported: bool,
    /// Use began, and no report of it has been answered (X3).
    pub(crate) new_use: bool,
    /// When the next report is due, were the manager there.
    pub(crate) due: Range,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Out {
    pub(crate) since: u64,
    pub(crate) breached: bool,
}

/// The back-off of A5.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retry {
    pub(crate) at: Range,
    /// What was waited, before jitter.
    interval: Range,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    evaluation: u64,
    report_interval: u64,
    authorization_period: u64,
    backdate: u64,
    overage: u64,
    tolerance: u64,
    pending_report_interval: u64,
    breached_report_interval: u64,
    certificate_period: u64,
    certificate_renewal: u64,
    register_retry: u64,
    retry_first: u64,
    retry_max: u64,
}

impl Authorization {
    /// From one answered report to the next, at `now` (A4, A6, X6).
    fn interval(&self, rules: &Rules, now: u64) -> u64 {
        rules.report_interval.min(match self.out {
            None => u64::MAX,
            Some(out) if out.breached || out.since + rules.tolerance <= now => {
                rules.breached_report_interval
            }
            Some(_) => rules.pending_report_interval,
        })
    }

    /// When the next report is due after the last answered one of this registration.
    fn calendar(&self, rules: &Rules, now: u64) -> Option<u64> {
        let answered = self.answered.filter(|_| self.reported)?;
        Some(answered + self.interval(rules, now))
    }
}

impl Rules {
    fn of(scale: &Scale) -> Self {
        let policy = &scale.policy;
        let seconds = |duration: leasehold_core::time::Duration| u64::from(duration.as_secs());
        let renewal = seconds(policy.authorization_renewal);
        Self {
            evaluation: seconds(policy.evaluation_period),
            report_interval: seconds(policy.report_interval).min(renewal),
            authorization_period: seconds(policy.authorization_period),
            backdate: seconds(policy.backdate),
            overage: seconds(policy.overage_period),
            tolerance: seconds(policy.pending_tolerance),
            pending_report_interval: seconds(policy.pending_report_interval),
            breached_report_interval: seconds(policy.breached_report_interval),
            certificate_period: seconds(policy.certificate_period),
            certificate_renewal: seconds(policy.certificate_renewal),
            register_retry: seconds(policy.register_retry),
            retry_first: seconds(policy.retry_first),
            retry_max: seconds(policy.retry_max),
        }
    }
}

/// What a boot may cost of the evaluation (X1).
const CHECKPOINT: u64 = HOUR;
/// Peaks may lose at most this much to a power cut (X15).
const PEAKS_AT_RISK: u64 = 15 * MINUTE;
/// "At once, with jitter" after a boot (X4): within this.
const BOOT_JITTER: u64 = MINUTE;

#[derive(Clone, Debug)]
pub(crate) struct Model {
    rules: Rules,
    pub(crate) now: u64,
    pub(crate) standing: Standing,
    pub(crate) attempt: Option<Attempt>,
    pub(crate) authorization: Option<Authorization>,
    pub(crate) retry: Option<Retry>,
    pub(crate) in_use: u32,
    /// When the peak that is to be reported reached one seat and two seats.
    reached: [Option<u64>; 2],
    /// What was lost of it by a power cut is not known before the device says so.
    pub(crate) peak: Range,
    pub(crate) evaluation_left: Range,
    pub(crate) evaluation_over: Option<Range>,
    /// The first thing the device did that it must not do, or did not do that it must.
    pub(crate) fault: Option<String>,
}

impl Model {
    pub(crate) fn new(scale: &Scale) -> Self {
        let rules = Rules::of(scale);
        Self {
            rules,
            now: 0,
            standing: Standing::Never,
            attempt: None,
            authorization: None,
            retry: None,
            in_use: 0,
            reached: [None; 2],
            peak: Range::exactly(0),
            evaluation_left: Range::exactly(rules.evaluation),
            evaluation_over: None,
            fault: None,
        }
    }

    /// Plays `step`, which ended at `end` and in which the device made `contacts`. Says whether the
    /// command has to be carried out.
    pub(crate) fn play(&mut self, step: Step, end: u64, contacts: &[Contact]) -> bool {
        let accepted = match step {
            // X12
            Step::Register => !self.is_registered(),
            Step::Deregister => self.is_registered() || self.attempt.is_some(),
            _ => true,
        };
        let mut contacts = contacts;
        match step {
            Step::Register
            | Step::RegisterRefused
            | Step::RegisterForce
            | Step::RegisterThenCut
                if accepted =>
            {
                self.attempt = Some(Attempt::Waiting { at: self.now });
            }
            Step::Deregister if accepted => contacts = self.deregister(contacts),
            Step::Use => self.next_use(),
            Step::Reboot => self.reboot(),
            _ => {}
        }
        self.pass(end, contacts);
        accepted
    }

    pub(crate) const fn is_registered(&self) -> bool {
        matches!(self.standing, Standing::Registered { .. })
    }

    /// R6: it always succeeds on the device, and says whether the manager could be told.
    fn deregister<'c>(&mut self, contacts: &'c [Contact]) -> &'c [Contact] {
        self.attempt = None;
        if !self.is_registered() {
            return contacts;
        }
        match self.goodbye(contacts) {
            Some((told, rest)) => {
                self.leave(Standing::Deregistered { told });
                rest
            }
            None => contacts,
        }
    }

    fn next_use(&mut self) {
        if self.in_use == 2 {
            self.in_use = 0;
            if let Some(authorization) = &mut self.authorization {
                authorization.new_use = false;
            }
            return;
        }
        self.in_use += 1;
        self.raise_peak();
        // X3: from nothing to something a report goes at once; X4: other changes send none.
        if self.in_use == 1
            && let Some(authorization) = &mut self.authorization
        {
            authorization.new_use = authorization.answered.is_some();
            authorization.due = Range::exactly(self.now);
            // It waits for no back-off, whose next interval is then not said; before the first
            // answer it may wait, because a report is tried again anyhow.
            if let Some(retry) = &mut self.retry {
                let latest = if authorization.new_use { self.now } else { retry.at.high };
                retry.at = Range { low: self.now, high: latest };
                retry.interval.low = 0;
            }
        }
    }

    /// X9: a boot starts with nothing in use. X1: what evaluation it costs is at most a checkpoint.
    fn reboot(&mut self) {
        let cut = self.now;
        if self.evaluation_counts() {
            self.evaluation_left.low = self.evaluation_left.low.saturating_sub(CHECKPOINT);
        }
        self.in_use = 0;
        self.reached = self.reached.map(|at| at.filter(|at| at + PEAKS_AT_RISK <= cut));
        self.peak.low = self.peak.low.min(self.peak_reached());
        let boot = cut + OFF;
        let rules = self.rules;
        // Nothing is sent while off: what was due then goes at the boot (X4).
        let after_boot = Range { low: boot, high: boot + BOOT_JITTER };
        let mut latest_try = after_boot.high;
        if let Some(authorization) = &mut self.authorization {
            authorization.new_use = false;
            let calendar = authorization.calendar(&rules, boot).filter(|&at| at > boot);
            // A failed report whose time by the calendar has not come is made up for by then; until
            // then its back-off may go on.
            if authorization.due.low <= boot {
                authorization.due =
                    Range { low: boot, high: after_boot.high.max(calendar.unwrap_or_default()) };
            }
            if let Some(retry) = self.retry.filter(|_| calendar.is_some()) {
                latest_try = latest_try.max(retry.at.high);
            }
        }
        // Whether the back-off begins again is not said.
        if let Some(retry) = &mut self.retry {
            retry.at = Range { low: boot, high: latest_try };
            retry.interval.low = 0;
        }
        if let Standing::Registered { renew_at, .. } = &mut self.standing {
            *renew_at = (*renew_at).max(boot);
        }
        if let Some(Attempt::Waiting { at }) = &mut self.attempt {
            *at = (*at).max(boot);
        }
    }

    fn raise_peak(&mut self) {
        for (level, reached) in (1..).zip(&mut self.reached) {
            if level <= self.in_use && reached.is_none() {
                *reached = Some(self.now);
            }
        }
        let use_now = u64::from(self.in_use);
        self.peak = self.peak.not_before(Range::exactly(use_now));
    }

    /// A new interval starts at the current use (C3).
    fn restart_peak(&mut self) {
        self.reached = [None; 2];
        self.peak = Range::exactly(0);
        self.raise_peak();
    }

    fn peak_reached(&self) -> u64 {
        self.reached.iter().flatten().count() as u64
    }

    /// A2, X1
    pub(crate) fn evaluation_counts(&self) -> bool {
        self.in_use > 0 && self.before_first_answer() && self.evaluation_over.is_none()
    }

    /// Unregistered, or registered and never answered.
    pub(crate) fn before_first_answer(&self) -> bool {
        self.authorization.is_none_or(|authorization| authorization.answered.is_none())
    }

    /// The registration ends: what is in use stays counted, and evaluation resumes (X13, R4, X14).
    fn leave(&mut self, standing: Standing) {
        self.standing = standing;
        self.authorization = None;
        self.retry = None;
        // A refusal from before says nothing about this.
        self.attempt = self.attempt.filter(|attempt| *attempt != Attempt::Refused);
    }

    /// When the next report goes.
    pub(crate) fn next_report(&self) -> Option<Range> {
        let due = self.authorization?.due;
        Some(self.retry.map_or(due, |retry| due.not_before(retry.at)))
    }

    /// When the next renewal of the certificate goes.
    pub(crate) fn next_renewal(&self) -> Option<Range> {
        let Standing::Registered { renew_at, .. } = self.standing else { return None };
        let due = Range::exactly(renew_at);
        Some(self.retry.map_or(due, |retry| due.not_before(retry.at)))
    }

    /// Takes over what a boot cost of the evaluation.
    pub(crate) fn learn_evaluation(&mut self, left: u64, over: Option<u64>) {
        if self.evaluation_left.low < self.evaluation_left.high {
            self.evaluation_left = Range::exactly(left);
            // Time off does not count: the end lies between the cut and the boot.
            if left == 0 {
                let moment = over.filter(|&at| at + OFF >= self.now && at <= self.now);
                self.evaluation_over = Some(Range::exactly(moment.unwrap_or(self.now)));
            }
        }
    }

    /// Takes over when the device wants to report, and what a power cut cost of the peak.
    pub(crate) fn learn_contact(&mut self, report: u64, peak: u64) {
        self.peak = Range::exactly(peak);
        let Some(authorization) = &mut self.authorization else { return };
        match &mut self.retry {
            // Whichever is the later of the two: it may be due before.
            Some(retry) if retry.at.holds(report) => {
                retry.at = Range::exactly(report);
                authorization.due.high = authorization.due.high.min(report);
            }
            _ if authorization.due.low < authorization.due.high => {
                authorization.due = Range::exactly(report);
            }
            _ => {}
        }
    }

    fn fault(&mut self, what: impl FnOnce() -> String) {
        if self.fault.is_none() {
            self.fault = Some(what());
        }
    }
}
