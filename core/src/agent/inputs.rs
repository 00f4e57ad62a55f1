//! What each input does, and what time alone does.

use super::authorization::{Compliance, ComplianceChange};
use super::clock_standing::ClockStanding;
use super::contact::{EXCHANGE_TIMEOUT, Purpose};
use super::device_clock::Step;
use super::enforcement::{self, Cause};
use super::evaluation::Notice;
use super::registration::{Phase, Standing};
use super::{
    Agent, CommandError, Enforcement, Entropy, EventKind, FailureReason, Input, PEAK_SAVE, Reason,
    RecordKind, STORAGE_RETRY, TransportError, UnregisteredReason, authorization_deadline,
};
use crate::counters::total;
use crate::crypto::Crypto;
use crate::time::{DeviceTime, Duration, Now};

impl<C: Crypto, const N: usize> Agent<'_, C, N> {
    /// Tells the agent that something happened at `now`.
    ///
    /// # Errors
    /// [`CommandError`] for a command that cannot be carried out; nothing has changed then. No
    /// other input fails.
    pub fn handle_input(&mut self, now: Now, input: Input<'_>) -> Result<(), CommandError> {
        if !self.booted {
            return Err(CommandError::NotReady);
        }
        self.advance(now);
        let runs_on = matches!(input, Input::Wake | Input::Command(_) | Input::LinkChanged);
        if self.stopping && runs_on {
            self.stopping = false;
            self.ledger_store.save_by(self.clock.now());
        }
        let result = match input {
            Input::Wake => Ok(()),
            Input::Command(command) => self.command(command),
            Input::LinkChanged => {
                self.link_changed();
                Ok(())
            }
            Input::Stopping => {
                self.stopping = true;
                self.ledger_store.save_by(self.clock.now());
                Ok(())
            }
            Input::Entropy(seed) => {
                self.entropy = Some(Entropy::new(*seed));
                Ok(())
            }
            Input::Persisted(record) => {
                self.persisted(record);
                Ok(())
            }
            Input::PersistFailed(record) => {
                self.persist_failed(record);
                Ok(())
            }
            Input::CounterRaised(counter) => {
                self.counter_raised(counter);
                Ok(())
            }
            Input::CounterFailed => {
                self.counter_failed();
                Ok(())
            }
            Input::Received(bytes) => {
                self.received(bytes);
                Ok(())
            }
            Input::TransportFailed(error) => {
                self.exchange_failed(FailureReason::Transport(error));
                Ok(())
            }
        };
        self.settle();
        result
    }

    /// Whatever waits to be tried again is tried now.
    fn link_changed(&mut self) {
        let now = self.clock.now();
        self.ledger.contact.forget_retry();
        if let Some(attempt) = &mut self.identity.attempt
            && let Phase::Waiting { retry_at, .. } = &mut attempt.phase
        {
            *retry_at = now;
        }
    }

    /// Carries the state forward to `now`.
    pub(super) fn advance(&mut self, now: Now) {
        let ran = self.clock.advance(now.uptime);
        let step = self.clock.look_at(now.real_time);
        let now = self.clock.now();
        if let Some(step) = step {
            self.clock_stepped(step);
        }
        if self.ledger.evaluation.counting {
            self.count_evaluation(ran);
        }
        if let Some(exchange) = self.exchange
            && self.clock.uptime().saturating_since(exchange.sent) >= EXCHANGE_TIMEOUT
        {
            self.exchange_failed(FailureReason::Transport(TransportError::TimedOut));
        }
        self.watch_clock(step.is_some());
        if let Some(at) = self.certificate_ends()
            && at <= now
        {
            // SPEC R4
            self.leave(Standing::Expired { at });
            self.tell(EventKind::RegistrationExpired);
        }
        self.advance_authorization(now);
    }

    /// The real-time clock was set: noted at once, so that time off is measured from there.
    pub(super) fn clock_stepped(&mut self, step: Step) {
        self.ledger_store.save_by(self.clock.now());
        self.tell(EventKind::ClockChanged { back: step.back, by: step.by });
    }

    /// Counts `ran`, which has just passed, against the evaluation.
    pub(super) fn count_evaluation(&mut self, ran: Duration) {
        let (now, period) = (self.clock.now(), self.policy().evaluation_period);
        let countdown = &mut self.countdowns.evaluation;
        let notice = self.ledger.evaluation.count(ran, now, period, countdown);
        self.tell_evaluation(notice);
    }

    fn advance_authorization(&mut self, now: DeviceTime) {
        let policy = *self.policy();
        // A report that is due at the breach goes first (SPEC X6), where it can go at all.
        let report_first = match self.exchange {
            Some(exchange) => exchange.purpose == Purpose::Report,
            None => !self.storage_fails() && self.next_purpose() == Some(Purpose::Report),
        };
        let Some(authorization) = &mut self.ledger.authorization else {
            return;
        };
        if !authorization.expired && authorization.deadline <= now {
            authorization.expired = true;
            self.ledger_store.save_by(now);
            self.events.push(now, EventKind::AuthorizationExpired);
        }
        if report_first {
            return;
        }
        // Twice: a long sleep may have passed both stages.
        for _ in 0..2 {
            if let Some(change) = authorization.compliance.advance(now, &policy) {
                self.ledger_store.save_by(now);
                self.events.push(now, compliance_event(change));
            }
        }
    }

    /// What follows from the new state, whatever changed it.
    pub(super) fn settle(&mut self) {
        let now = self.clock.now();
        self.advance_authorization(now);
        let counts = self.counters.counts();
        let in_use = counts.any_in_use();
        if in_use != core::mem::replace(&mut self.in_use, in_use)
            && let Some(authorization) = &mut self.ledger.authorization
        {
            // SPEC X3
            let begun = in_use && authorization.answered.is_some();
            authorization.use_unanswered = begun;
            if begun {
                self.ledger.contact.try_now(now);
            }
        }
        let answered = self.is_licensed();
        // SPEC A2, X1: until registration and the first authorization have both succeeded.
        let expired = self.ledger.evaluation.expired().is_some();
        let counting = in_use && !answered && !expired;
        if counting != core::mem::replace(&mut self.ledger.evaluation.counting, counting) {
            self.ledger_store.save_by(now);
            if counting {
                self.tell(EventKind::EvaluationStarted);
            } else if !expired {
                self.tell(EventKind::EvaluationPaused);
            }
        }
        if expired && !answered {
            let notice = self.ledger.evaluation.remind(now);
            self.tell_evaluation(notice);
        }
        self.settle_reservation();
        self.settle_enforcement();
        self.count_down();
        if self.counters.take_overflow() {
            self.tell(EventKind::CountingFailed);
        }
        // Between two writes peaks only grow.
        if total(&counts.to_report()) > self.stored_peaks {
            self.ledger_store.save_by(now.saturating_add(PEAK_SAVE));
        }
        if let Some(at) = self.next_checkpoint() {
            self.ledger_store.save_by(at);
        }
    }

    fn settle_enforcement(&mut self) {
        let verdict = self.verdict_at(self.clock.now());
        let before = core::mem::replace(&mut self.enforcement, verdict);
        if verdict == before {
            return;
        }
        match verdict {
            Enforcement::None => self.tell(EventKind::EnforcementEnded),
            Enforcement::Overage { reason, ends } => {
                self.tell(EventKind::OverageStarted { reason, ends });
            }
            Enforcement::Enforced { reason, .. } => {
                self.tell(EventKind::EnforcementStarted { reason });
            }
        }
    }

    /// The verdict for the moment `now` (SPEC E1, E2).
    pub(super) fn verdict_at(&self, now: DeviceTime) -> Enforcement {
        let policy = *self.policy();
        let authorization = self.ledger.authorization.as_ref();
        let breach = authorization.and_then(|a| match a.compliance {
            Compliance::Breached { since } => Some(Cause {
                reason: Reason::OutOfCompliance,
                since: since.saturating_add(policy.pending_tolerance),
            }),
            _ => None,
        });
        let silence = authorization
            .filter(|a| a.expired)
            .map(|a| Cause { reason: Reason::AuthorizationExpired, since: a.deadline });
        let evaluation = self
            .ledger
            .evaluation
            .expired()
            .filter(|_| !self.is_licensed())
            .map(|since| Cause { reason: Reason::EvaluationExpired, since });
        // SPEC X11
        let short = self.identity.reservation().and_then(|held| held.short_since);
        let short = short.map(|since| Cause { reason: Reason::NotAuthorizedReserved, since });
        let causes = [breach, silence, evaluation, short].into_iter().flatten();
        enforcement::verdict(causes, policy.overage_period, now)
    }

    pub(super) fn tell_evaluation(&mut self, notice: Option<Notice>) {
        match notice {
            Some(Notice::Warning { left }) => self.tell(EventKind::EvaluationWarning { left }),
            Some(Notice::Expired) => {
                let now = self.clock.now();
                self.ledger_store.save_by(now);
                self.tell(EventKind::EvaluationExpired);
            }
            None => {}
        }
    }

    /// Ends the registration. What is in use stays counted, and evaluation resumes (SPEC X13).
    pub(super) fn leave(&mut self, standing: Standing<N>) {
        let now = self.clock.now();
        self.identity.leave(standing);
        self.ledger.authorization = None;
        self.ledger.contact.forget_retry();
        self.ledger.contact.report_failure_told = false;
        self.ledger.clock_standing = ClockStanding::Agreed;
        // A manager's rules are those of its account.
        self.take_policy(None);
        self.wanted = super::Wanted::NONE;
        self.exchange = None;
        self.publish_limits();
        self.identity_store.save_by(now);
        self.ledger_store.save_by(now);
    }

    pub(super) fn finish_deregistration(&mut self, manager_told: bool) {
        let at = self.clock.now();
        let factory_reset = self.wanted.factory_reset;
        let reason = UnregisteredReason::Deregistered { manager_told, at };
        self.leave(Standing::Unregistered(reason));
        self.tell(EventKind::Deregistered { manager_told });
        if factory_reset {
            self.erase();
        }
    }

    fn persisted(&mut self, record: RecordKind) {
        let now = self.clock.now();
        let store = self.store_mut(record);
        if !core::mem::take(&mut store.writing) {
            return;
        }
        let failed = store.fails();
        store.stored(now);
        if record == RecordKind::Ledger {
            self.numbers.durable = self.numbers.writing;
        }
        if failed && !self.storage_fails() {
            self.tell(EventKind::StorageRestored);
        }
    }

    pub(super) fn persist_failed(&mut self, record: RecordKind) {
        let now = self.clock.now();
        let failed = self.storage_fails();
        let store = self.store_mut(record);
        if !core::mem::take(&mut store.writing) {
            return;
        }
        store.save_by(now);
        store.not_before = Some(now.saturating_add(STORAGE_RETRY));
        if !failed {
            self.tell(EventKind::StorageFailed);
        }
    }

    /// Whether either record could not be stored when that was last tried.
    pub(super) fn storage_fails(&self) -> bool {
        self.identity_store.fails() || self.ledger_store.fails()
    }

    /// The request on its way got no acceptable answer.
    // Not in line: it is called from many places, and each would cost flash.
    #[inline(never)]
    pub(super) fn exchange_failed(&mut self, reason: FailureReason) {
        if let Some(exchange) = self.exchange.take() {
            self.request_failed(exchange.purpose, reason);
        }
    }

    /// What was asked for and not decided is asked for again.
    pub(super) fn want_again(&mut self, purpose: Purpose) {
        match purpose {
            Purpose::Report => self.wanted.report = true,
            Purpose::RenewCertificate => self.wanted.renewal = true,
            // Their wish stands in the attempt, or is done with whatever the manager says.
            Purpose::Register | Purpose::Deregister => {}
        }
    }

    /// A request for `purpose` came to nothing.
    pub(super) fn request_failed(&mut self, purpose: Purpose, reason: FailureReason) {
        let now = self.clock.now();
        self.want_again(purpose);
        let policy = *self.policy();
        match purpose {
            Purpose::Register => {
                self.attempt_waits(reason, policy.register_retry);
                return;
            }
            // It always succeeds on the device (SPEC R6).
            Purpose::Deregister => {
                self.ledger.contact.last = Some(Err(super::Failure { reason, at: now }));
                self.finish_deregistration(false);
                return;
            }
            Purpose::Report => {
                if !core::mem::replace(&mut self.ledger.contact.report_failure_told, true) {
                    self.tell(EventKind::AuthorizationRenewalFailed { reason });
                }
                // What was to be asked after it could not be asked either (SPEC R7).
                let renew_at = self.identity.enrolment().map(|enrolment| enrolment.renew_at);
                if self.wanted.renewal || renew_at.is_some_and(|at| at <= now) {
                    self.renewal_failed(reason);
                }
            }
            Purpose::RenewCertificate => self.renewal_failed(reason),
        }
        let device = self.fingerprint;
        if self.ledger.contact.failed(reason, now, &policy, device) {
            self.tell(EventKind::CommunicationFailed { reason });
        }
    }

    /// The attempt could not be decided; it goes again after `wait` (SPEC R3).
    pub(super) fn attempt_waits(&mut self, reason: FailureReason, wait: Duration) {
        let now = self.clock.now();
        let Some(attempt) = &mut self.identity.attempt else {
            return;
        };
        let failure = super::Failure { reason, at: now };
        let retry_at = now.saturating_add(wait);
        let again = matches!(attempt.phase, Phase::Waiting { failure, .. }
            if failure.reason == reason);
        attempt.phase = Phase::Waiting { retry_at, failure };
        self.identity_store.save_by(now);
        if !again {
            self.tell(EventKind::RegistrationRetrying { reason });
        }
    }

    pub(super) fn renewal_failed(&mut self, reason: FailureReason) {
        let now = self.clock.now();
        if let Some(enrolment) = self.identity.enrolment_mut() {
            let told = enrolment.last_renewal.is_some_and(|last| last.is_err());
            enrolment.last_renewal = Some(Err(super::Failure { reason, at: now }));
            if !told {
                self.identity_store.save_by(now);
                self.tell(EventKind::CertificateRenewalFailed { reason });
            }
        }
    }

    /// Any signed answer is a success for the deadline (SPEC X4).
    pub(super) fn extend_deadline(&mut self) {
        let now = self.clock.now();
        let deadline = authorization_deadline(now, self.policy());
        let Some(authorization) = &mut self.ledger.authorization else {
            return;
        };
        authorization.deadline = deadline;
        self.ledger_store.save_by(now);
        if core::mem::take(&mut authorization.expired) {
            self.tell(EventKind::AuthorizationRestored);
        }
    }
}

pub(super) const fn compliance_event(change: ComplianceChange) -> EventKind {
    match change {
        ComplianceChange::Started => EventKind::OutOfCompliancePending,
        ComplianceChange::Shortly => EventKind::OutOfComplianceShortly,
        ComplianceChange::Breached => EventKind::OutOfComplianceBreached,
        ComplianceChange::Ended => EventKind::BackInCompliance,
    }
}
