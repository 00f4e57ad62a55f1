//! What the manager's answers do.

use super::authorization::{Authorization, ComplianceChange};
use super::contact::{Exchange, Purpose};
use super::entropy::{halves, random_epoch};
use super::inputs::compliance_event;
use super::numbers::Numbers;
use super::registration::{Enrolment, Phase, Standing};
use super::{
    Agent, AuthorizationState, EventKind, Failure, FailureReason, UnregisteredReason,
    authorization_deadline,
};
use crate::crypto::{Crypto, Digest};
use crate::policy::Policy;
use crate::product::Reporting;
use crate::time::{Duration, UnixTime};
use crate::verified::Verified;
use crate::wire::{
    self, Answer, AnswerBody, AnswerFrame, EntitlementAnswer, Expected, Nonce, Refusal, Registered,
    Verdict, understand, vouch,
};
use heapless::{String, Vec};

impl<C: Crypto, const N: usize> Agent<'_, C, N> {
    /// Something came back for the request on its way.
    // Not in line: its stack is free again before the agent settles.
    #[inline(never)]
    pub(super) fn received(&mut self, bytes: &[u8]) {
        let Some(exchange) = self.exchange else {
            return;
        };
        match self.believe(&exchange.digest, bytes) {
            Ok(payload) => self.believed(&exchange, payload),
            Err(reason) => self.exchange_failed(reason),
        }
    }

    /// The manager has said something to this request.
    // Not in line: what it said takes stack only once it is believed.
    #[inline(never)]
    fn believed(&mut self, exchange: &Exchange, payload: Verified<&[u8]>) {
        match understand(payload) {
            Ok(answer) => self.accepted(exchange, &answer),
            Err(error) => self.exchange_failed(FailureReason::NotAccepted(error)),
        }
    }

    /// Decides whether to believe an answer to `request`; what it says is not read yet.
    // Not in line: the stack it takes is free again before anything is done with the answer.
    #[inline(never)]
    fn believe<'b>(
        &self,
        request: &Digest,
        bytes: &'b [u8],
    ) -> Result<Verified<&'b [u8]>, FailureReason> {
        let frame = AnswerFrame::parse(&self.crypto, bytes).map_err(FailureReason::Frame)?;
        let expected = Expected {
            root: self.definition.root,
            device: self.fingerprint,
            request: *request,
            newer_than: self.ledger.last_answer,
        };
        vouch(&self.crypto, &frame, &expected).map_err(FailureReason::NotAccepted)
    }

    /// The answer is the manager's, to this request, and new.
    // Not in line: see `believe`.
    #[inline(never)]
    fn accepted(&mut self, exchange: &Exchange, answer: &Answer<'_>) {
        // The answer to a registration that an earlier boot may have sent can be as old as that.
        let of_now = exchange.purpose != Purpose::Register || !self.attempt_from_before;
        if of_now && self.clock.set_signed_time(answer.time) {
            self.time_moved_back();
        }
        let now = self.clock.now();
        if of_now {
            self.settle_certificate(answer.time);
            self.clock_agrees();
        }
        self.ledger.last_answer = answer.number;
        self.ledger_store.save_by(now);
        if self.ledger.contact.reached() {
            self.tell(EventKind::CommunicationRestored);
        }
        // Not where the answer ends what it would extend.
        if !matches!(answer.body, AnswerBody::Refused(refusal) if refusal.ends_registration()) {
            self.extend_deadline();
        }
        let conflict = matches!(answer.body, AnswerBody::Conflict);
        if !conflict {
            self.conflicted = false;
        }
        match &answer.body {
            &AnswerBody::RetryLater { seconds } => {
                self.postponed(exchange.purpose, Duration::from_secs(seconds));
            }
            AnswerBody::Conflict => self.renumber(exchange.purpose),
            AnswerBody::Refused(refusal) => self.refused(exchange.purpose, *refusal),
            AnswerBody::Registered(registered) if exchange.purpose == Purpose::Register => {
                self.registered(registered, answer.time);
            }
            AnswerBody::Authorization(authorization) if exchange.purpose == Purpose::Report => {
                self.authorized(exchange, authorization, answer.time);
            }
            AnswerBody::Renewed(certificate) if exchange.purpose == Purpose::RenewCertificate => {
                self.renewed(certificate, answer.time);
            }
            AnswerBody::Deregistered if exchange.purpose == Purpose::Deregister => {
                self.finish_deregistration(true);
            }
            _ => self.exchange_failed(FailureReason::UnexpectedAnswer),
        }
    }

    /// The request was answered as it should be.
    pub(super) fn exchange_succeeded(&mut self) {
        self.exchange = None;
        self.ledger.contact.succeeded(self.clock.now());
    }

    fn postponed(&mut self, purpose: Purpose, wait: Duration) {
        let policy = *self.policy();
        match purpose {
            Purpose::Register => {
                self.exchange = None;
                let wait = wait.max(Duration::from_secs(1)).min(policy.retry_max);
                self.attempt_waits(FailureReason::RetryLater, wait);
            }
            Purpose::Deregister => self.exchange_failed(FailureReason::RetryLater),
            Purpose::Report | Purpose::RenewCertificate => {
                self.exchange_succeeded();
                self.want_again(purpose);
                let wait = wait.max(Duration::from_secs(1));
                self.ledger.contact.postponed(self.clock.now(), wait, &policy);
            }
        }
    }

    /// The number was used before: go on under a fresh epoch, at once the first time (SPEC T5).
    fn renumber(&mut self, purpose: Purpose) {
        let Some(entropy) = &mut self.entropy else {
            return self.exchange_failed(FailureReason::Conflict);
        };
        let again = core::mem::replace(&mut self.conflicted, true);
        self.ledger.epoch = random_epoch(entropy.draw(&self.crypto));
        self.ledger.reserved_sequence = 0;
        // A ledger that is being written reserves numbers of the old epoch.
        self.numbers = Numbers::new();
        self.tell(EventKind::NumberConflict);
        // A registration is numbered anew before it goes again: this answer has overtaken it.
        if again {
            self.exchange_failed(FailureReason::Conflict);
        } else {
            self.exchange = None;
            self.want_again(purpose);
        }
    }

    /// Gives the attempt a new number and nonce. The key stays: by it the manager knows that this
    /// is the same machine, and uses the token once (SPEC T4).
    pub(super) fn renumber_attempt(&mut self) {
        let number = self.take_number();
        let Some(entropy) = &mut self.entropy else { return };
        let [nonce, _] = halves(entropy.draw(&self.crypto));
        if let Some(attempt) = &mut self.identity.attempt {
            (attempt.number, attempt.nonce) = (number, Nonce(nonce));
            attempt.after_answer = self.ledger.last_answer;
            self.attempt_from_before = false;
            self.identity_store.save_by(self.clock.now());
        }
    }

    /// The manager's time took back time off that the real-time clock had claimed: nothing that has
    /// happened may lie ahead of now, and nothing may wait longer than it ever would (SPEC X15).
    fn time_moved_back(&mut self) {
        let now = self.clock.now();
        let policy = *self.policy();
        self.boot_hold = now;
        self.ledger_written = now;
        self.ledger.evaluation.time_moved_back(now);
        self.ledger.contact.forget_retry();
        // An answer to an attempt from before the boot did not set the clock.
        if let Some(enrolment) = self.identity.enrolment_mut()
            && enrolment.registered_at > now
        {
            enrolment.registered_at = now;
            self.identity_store.save_by(now);
            if let Some(authorization) = &mut self.ledger.authorization {
                authorization.registered_at = now;
            }
        }
        for store in [&mut self.identity_store, &mut self.ledger_store] {
            store.not_before = store.not_before.map(|at| at.min(now));
            store.due = store.due.map(|due| due.min(now));
        }
        if let Some(attempt) = &mut self.identity.attempt
            && let Phase::Waiting { retry_at, .. } = &mut attempt.phase
        {
            *retry_at = (*retry_at).min(now.saturating_add(policy.register_retry));
        }
    }

    fn refused(&mut self, purpose: Purpose, refusal: Refusal) {
        let gone = refusal.ends_registration();
        let now = self.clock.now();
        match purpose {
            Purpose::Register => {
                self.exchange = None;
                let reason = FailureReason::Refused(refusal);
                if let Some(attempt) = &mut self.identity.attempt {
                    attempt.phase = Phase::Refused(Failure { reason, at: now });
                    self.identity_store.save_by(now);
                }
                self.tell(EventKind::RegistrationFailed { reason });
            }
            // What the manager no longer has needs no further telling.
            Purpose::Deregister => self.finish_deregistration(gone),
            Purpose::Report | Purpose::RenewCertificate if gone => {
                // SPEC X14
                let reason = UnregisteredReason::Removed { why: refusal, at: now };
                self.exchange_succeeded();
                self.leave(Standing::Unregistered(reason));
                self.tell(EventKind::InstanceRemoved { why: refusal });
            }
            Purpose::Report => self.exchange_failed(FailureReason::Refused(refusal)),
            Purpose::RenewCertificate => {
                self.exchange_succeeded();
                let policy = *self.policy();
                self.ledger.contact.renewal_refused(now, &policy, self.fingerprint);
                self.renewal_failed(FailureReason::Refused(refusal));
            }
        }
    }

    fn registered(&mut self, registered: &Registered<'_>, signed: UnixTime) {
        let now = self.clock.now();
        let certificate = registered.certificate;
        let Some(attempt) = self.identity.attempt else {
            return;
        };
        let ours = self.crypto.public_key(&attempt.key) == Ok(certificate.public_key);
        let names = (
            String::try_from(registered.smart_account),
            String::try_from(registered.virtual_account),
        );
        let (true, (Ok(smart_account), Ok(virtual_account))) = (ours, names) else {
            return self.exchange_failed(FailureReason::UnexpectedAnswer);
        };
        self.exchange_succeeded();
        self.take_policy(registered.policy);
        let policy = *self.policy();
        let (certificate_ends, renew_at) = self.certificate_times(&certificate, signed, &policy);
        self.identity.attempt = None;
        self.identity.standing = Standing::Registered(Enrolment {
            key: attempt.key,
            instance: certificate.instance,
            registered_at: now,
            certificate_serial: certificate.serial,
            certificate_from: certificate.valid_from,
            certificate_until: certificate.valid_until,
            certificate_ends,
            renew_at,
            last_renewal: None,
            smart_account,
            virtual_account,
            export_controlled_allowed: registered.export_controlled_allowed,
        });
        let deadline = authorization_deadline(now, &policy);
        self.wanted = super::Wanted::NONE;
        match &mut self.ledger.authorization {
            // Registered again: what the last answer said holds until the next (SPEC X3, R9).
            Some(authorization) => {
                authorization.registered_at = now;
                authorization.deadline = deadline;
                authorization.report_owed = true;
            }
            None => {
                self.ledger.authorization = Some(Authorization::new(now, deadline));
                self.counters.restart();
            }
        }
        self.publish_limits();
        self.identity_store.save_by(now);
        self.tell(EventKind::RegistrationSucceeded);
    }

    fn authorized(&mut self, exchange: &Exchange, answer: &wire::Authorization, signed: UnixTime) {
        let Some(entitlements) = self.per_entitlement(answer) else {
            return self.exchange_failed(FailureReason::UnexpectedAnswer);
        };
        let now = self.clock.now();
        let before = self.authorization_state();
        self.exchange_succeeded();
        self.take_policy(answer.policy);
        let policy = *self.policy();
        let out = entitlements.iter().any(|entitlement| {
            matches!(entitlement.verdict, Verdict::OutOfCompliance | Verdict::InvalidTag)
        });
        let out_since = out.then(|| match answer.out_of_compliance_since {
            Some(since) => now.saturating_sub(signed.saturating_since(since)),
            None => now,
        });
        self.tell_new_verdicts(&entitlements);
        let in_use = self.counters.counts().any_in_use();
        let Some(authorization) = &mut self.ledger.authorization else {
            return;
        };
        authorization.answered = Some(now);
        authorization.report_owed = false;
        // Use that began after the request was made is not covered by its answer (SPEC X3).
        authorization.use_unanswered = in_use && !exchange.covers_use;
        authorization.entitlements = entitlements;
        let change =
            authorization.compliance.answered(out_since, authorization.registered_at, now, &policy);
        authorization.deadline = authorization_deadline(now, &policy);
        // SPEC X7: the highest use since the answer that starts pending is reported until covered.
        let locked = policy.lock_usage && authorization.compliance.out_since().is_some();
        let duplicate = core::mem::replace(&mut authorization.duplicate, answer.duplicate);
        if !locked {
            self.counters.report_answered();
        }
        self.ledger.contact.report_failure_told = false;
        self.in_use = in_use;
        self.publish_limits();
        match (duplicate, answer.duplicate) {
            (false, true) => self.tell(EventKind::DuplicateInstance),
            (true, false) => self.tell(EventKind::DuplicateSettled),
            _ => {}
        }
        if let Some(change) = change {
            self.tell(compliance_event(change));
        }
        let after = self.authorization_state();
        if after == AuthorizationState::Authorized
            && before != after
            && change != Some(ComplianceChange::Ended)
        {
            self.tell(EventKind::Authorized);
        }
    }

    /// Rules other than the product's own, or none (SPEC A8).
    pub(super) fn take_policy(&mut self, policy: Option<Policy>) {
        let policy = self.within_bounds(policy);
        if core::mem::replace(&mut self.ledger.policy, policy) != policy {
            self.tell(EventKind::PolicyChanged);
        }
    }

    /// The answers in the order of the license type: those that were not reported are filled in.
    fn per_entitlement(&self, answer: &wire::Authorization) -> Option<Vec<EntitlementAnswer, N>> {
        let mut given = answer.entitlements.iter();
        let mut all = Vec::new();
        for entitlement in self.counters.license_type().entitlements {
            let one = match entitlement.reporting {
                Reporting::StoredOnly => {
                    EntitlementAnswer { verdict: Verdict::InCompliance, owned: 0 }
                }
                Reporting::Peak | Reporting::Presence => *given.next()?,
            };
            all.push(one).ok()?;
        }
        given.next().is_none().then_some(all)
    }

    /// Tells verdicts that are new since the last answer and are not plain over-use.
    fn tell_new_verdicts(&mut self, entitlements: &Vec<EntitlementAnswer, N>) {
        for (index, entitlement) in (0_u8..).zip(entitlements) {
            let known = self
                .ledger
                .authorization
                .as_ref()
                .map(|authorization| authorization.verdict(usize::from(index)));
            if known == Some(entitlement.verdict) {
                continue;
            }
            match entitlement.verdict {
                Verdict::NotOwned => {
                    self.tell(EventKind::RequiredLicenseMissing { entitlement: index });
                }
                Verdict::InvalidTag => self.tell(EventKind::InvalidTag { entitlement: index }),
                Verdict::InCompliance | Verdict::OutOfCompliance => {
                    if matches!(known, Some(Verdict::NotOwned | Verdict::InvalidTag)) {
                        self.tell(EventKind::EntitlementAccepted { entitlement: index });
                    }
                }
            }
        }
    }
}
