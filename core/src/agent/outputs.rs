//! What the agent wants done next: storing before sending, and when to wake.

use super::contact::{EXCHANGE_TIMEOUT, Exchange, Purpose};
use super::entropy::halves;
use super::registration::{Attempt, Phase, Standing};
use super::{
    Agent, BUFFER_MIN, CHECKPOINT, Enforcement, FailureReason, LedgerRecord, Output,
    PENDING_CHECKPOINT, RecordKind, TERM_CHECKPOINT, TERM_CHECKPOINT_FIRST, record,
};
use crate::counters::total;
use crate::crypto::{Crypto, Digest};
use crate::product::Reporting;
use crate::time::{DeviceTime, Duration};
use crate::wire::{
    EncodeError, Nonce, Register, Report, Request, RequestBody, RequestNumber, Usage,
    encode_request,
};
use heapless::Vec;

/// The buffer that [`Agent::poll_output`] writes records and requests into.
pub type Buffer = [u8; BUFFER_MIN];

impl<C: Crypto, const N: usize> Agent<'_, C, N> {
    /// What is to be done next. Call it until it says [`Output::Wait`]; that answer changes only
    /// with an input.
    ///
    /// `Persist` and `Transmit` speak of the first bytes of `buffer`, which stay until the next
    /// call. While a record is being stored or a request is on its way, other outputs still come.
    #[must_use]
    pub fn poll_output(&mut self, buffer: &mut Buffer) -> Output {
        let now = self.clock.now();
        if let Some(event) = self.events.pop(now) {
            return Output::Event(event);
        }
        if !self.booted {
            return Output::Wait(None);
        }
        if self.entropy.is_none() && !core::mem::replace(&mut self.entropy_asked, true) {
            return Output::NeedEntropy;
        }
        // Asked before the records are written, so that the numbers it needs go with them.
        let purpose = self.purpose_ready();
        if let Some(persist) = self.poll_records(buffer) {
            return persist;
        }
        if let Some(to) = self.counter_due() {
            self.counter_asked = Some(to);
            return Output::RaiseCounter { to };
        }
        if let Some(purpose) = purpose.filter(|&purpose| self.may_transmit(purpose)) {
            match self.encode(purpose, buffer) {
                Ok(length) => return Output::Transmit { length },
                Err(_) => {
                    self.request_failed(purpose, FailureReason::KeyUnusable);
                    self.settle();
                    let told = self.events.pop(now).map(Output::Event);
                    if let Some(output) = told.or_else(|| self.poll_records(buffer)) {
                        return output;
                    }
                }
            }
        }
        Output::Wait(self.next_wake().map(|at| self.clock.uptime_at(at)))
    }

    /// The request to make now, its number reserved.
    fn purpose_ready(&mut self) -> Option<Purpose> {
        // A device that stops begins nothing more.
        if self.exchange.is_some() || self.stopping {
            return None;
        }
        let purpose = self.next_purpose()?;
        if purpose == Purpose::Register {
            self.renumber_overtaken_attempt();
        } else {
            self.entropy.as_ref()?;
            self.ensure_epoch();
            self.reserve_numbers(self.numbers.next);
        }
        Some(purpose)
    }

    /// An attempt that was overtaken by other requests is sent under a new number: repeating its old
    /// bytes would bring the answer they had, older than the last one accepted.
    fn renumber_overtaken_attempt(&mut self) {
        let overtaken = self.identity.attempt.is_some_and(|attempt| {
            attempt.after_answer != self.ledger.last_answer
                || attempt.number.sequence < self.numbers.last_sent
        });
        if overtaken && self.entropy.is_some() {
            self.renumber_attempt();
        }
    }

    /// Which request is due at this moment, if the manager may be asked at all.
    pub(super) fn next_purpose(&self) -> Option<Purpose> {
        let now = self.clock.now();
        let attempt_due = self.identity.attempt.and_then(|attempt| attempt.due());
        // Where storage fails an attempt cannot go, and must not hold up what can.
        let can_go = !self.storage_fails() || self.identity_store.is_stored(now);
        if can_go && attempt_due.is_some_and(|at| at <= now) {
            return Some(Purpose::Register);
        }
        self.identity.enrolment()?;
        if self.wanted.deregister {
            return Some(Purpose::Deregister);
        }
        if self.ledger.contact.retry.is_some_and(|retry| retry.at > now) {
            return None;
        }
        // Reports first: a renewal that is refused again and again must not hold them up.
        if self.wanted.report || self.report_due().is_some_and(|at| at <= now) {
            return Some(Purpose::Report);
        }
        self.next_renewal().is_some_and(|at| at <= now).then_some(Purpose::RenewCertificate)
    }

    /// When the next report is due by the calendar of reports (SPEC A4, X3, X4).
    pub(super) fn report_due(&self) -> Option<DeviceTime> {
        let authorization = self.ledger.authorization.as_ref()?;
        let due = authorization.report_due(self.policy());
        // Only a report that is merely overdue waits for its place after a boot.
        Some(if authorization.owes_report() { due } else { due.max(self.boot_hold) })
    }

    /// Whether what the request depends on is stored durably.
    fn may_transmit(&self, purpose: Purpose) -> bool {
        match (purpose, &self.identity.attempt) {
            (Purpose::Register, Some(attempt)) => {
                // One of another epoch has its number to itself.
                let RequestNumber { epoch, sequence } = attempt.number;
                self.identity_store.is_stored(self.clock.now())
                    && (epoch != self.ledger.epoch || sequence <= self.numbers.durable)
            }
            _ => self.numbers.next <= self.numbers.durable,
        }
    }

    /// Writes the next record that is due into the buffer. Identity goes first: it holds all that
    /// a boot needs to mend a ledger that was not written after it.
    fn poll_records(&mut self, buffer: &mut Buffer) -> Option<Output> {
        if self.identity_store.writing || self.ledger_store.writing {
            return None;
        }
        let now = self.clock.now();
        let record = RecordKind::ALL.into_iter().find(|&kind| self.store(kind).is_due(now))?;
        let store = self.store_mut(record);
        store.writing = true;
        store.due = None;
        store.generation = store.generation.wrapping_add(1);
        let (slot, generation) = (usize::from(store.slot), store.generation);
        let written = match record {
            RecordKind::Identity => {
                self.identity.ledger_generation = self.ledger_store.stored_generation;
                if let Standing::Reserved(held) = &mut self.identity.standing {
                    held.passed = now;
                }
                record::write(record, self.fingerprint, generation, &self.identity, buffer)
            }
            RecordKind::Ledger => self.write_ledger(generation, buffer),
        };
        match written {
            Some(length) => Some(Output::Persist { record, slot, length }),
            // The longest record fits: a test holds that. Were it ever not so, storage has failed.
            None => {
                self.persist_failed(record);
                None
            }
        }
    }

    fn write_ledger(&mut self, generation: u32, buffer: &mut Buffer) -> Option<usize> {
        let peaks = self.counters.counts().to_report();
        self.stored_peaks = total(&peaks);
        self.numbers.writing = self.ledger.reserved_sequence;
        self.ledger.identity_generation = self.identity_store.stored_generation;
        self.ledger_written = self.clock.now();
        let checkpoint = self.clock.checkpoint(self.unnoted());
        // Capacity is the array's length.
        let peaks = Vec::<u32, N>::from_slice(&peaks).unwrap_or_default();
        let ledger = LedgerRecord { checkpoint, ledger: &self.ledger, peaks };
        record::write(RecordKind::Ledger, self.fingerprint, generation, &ledger, buffer)
    }

    fn encode(&mut self, purpose: Purpose, buffer: &mut Buffer) -> Result<usize, EncodeError> {
        let covers_use = self.in_use;
        let (length, digest) = match (purpose, self.identity.attempt) {
            (Purpose::Register, Some(attempt)) => self.encode_registration(&attempt, buffer)?,
            _ => self.encode_numbered(purpose, buffer)?,
        };
        let sent = self.clock.uptime();
        self.exchange = Some(Exchange { purpose, digest, sent, covers_use });
        // A command that comes while this is on its way asks for another one.
        match purpose {
            Purpose::Report => self.wanted.report = false,
            Purpose::RenewCertificate => self.wanted.renewal = false,
            Purpose::Register | Purpose::Deregister => {}
        }
        Ok(length)
    }

    /// The same bytes each time, so that a repeat is answered like the first (SPEC T4).
    fn encode_registration(
        &self,
        attempt: &Attempt,
        buffer: &mut Buffer,
    ) -> Result<(usize, Digest), EncodeError> {
        let public_key = self.crypto.public_key(&attempt.key)?;
        let request = Request {
            udi: self.device.udi,
            instance: None,
            number: attempt.number,
            nonce: attempt.nonce,
            body: RequestBody::Register(Register {
                token: attempt.token.prove(&self.crypto, &public_key),
                public_key,
                force: attempt.force,
            }),
        };
        encode_request(&self.crypto, &attempt.key, &request, buffer)
    }

    fn encode_numbered(
        &mut self,
        purpose: Purpose,
        buffer: &mut Buffer,
    ) -> Result<(usize, Digest), EncodeError> {
        let (key, instance) = match self.identity.enrolment() {
            Some(enrolment) => (enrolment.key, enrolment.instance),
            None => return Err(EncodeError::KeyUnusable),
        };
        let nonce = match &mut self.entropy {
            Some(entropy) => Nonce(halves(entropy.draw(&self.crypto))[0]),
            None => return Err(EncodeError::KeyUnusable),
        };
        let sequence = self.numbers.next;
        let number = RequestNumber { epoch: self.ledger.epoch, sequence };
        self.numbers.last_sent = sequence;
        self.numbers.next = sequence.saturating_add(1);
        let body = match purpose {
            Purpose::RenewCertificate => RequestBody::RenewCertificate,
            Purpose::Deregister => RequestBody::Deregister,
            Purpose::Report | Purpose::Register => RequestBody::Report(self.report()),
        };
        let request =
            Request { udi: self.device.udi, instance: Some(instance), number, nonce, body };
        encode_request(&self.crypto, &key, &request, buffer)
    }

    /// The report of everything since the last answered one; closes the interval (SPEC A4, C3).
    fn report<'r>(&self) -> Report<'r>
    where
        Self: 'r,
    {
        let now = self.clock.now();
        let since = match (&self.ledger.authorization, self.identity.enrolment()) {
            (Some(authorization), Some(enrolment)) => {
                authorization.answered.unwrap_or(enrolment.registered_at)
            }
            _ => now,
        };
        let peaks = self.counters.begin_interval();
        let license_type = self.counters.license_type();
        let mut usage = Vec::new();
        for (entitlement, peak) in license_type.entitlements.iter().zip(peaks) {
            let peak = match entitlement.reporting {
                Reporting::Peak => peak,
                Reporting::Presence => 0,
                Reporting::StoredOnly => continue,
            };
            // A license type has no more entitlements than a report has room for.
            let _ = usage.push(Usage { tag: entitlement.tag, peak });
        }
        Report {
            host_name: self.device.host_name,
            software_version: self.device.software_version,
            covers_seconds: now.saturating_since(since).as_secs(),
            usage,
        }
    }

    /// The earliest moment at which time alone changes something.
    fn next_wake(&self) -> Option<DeviceTime> {
        let policy = self.policy();
        let now = self.clock.now();
        let in_exchange = self.exchange.map(|exchange| {
            let waited = self.clock.uptime().saturating_since(exchange.sent);
            now.saturating_add(EXCHANGE_TIMEOUT.saturating_sub(waited))
        });
        let evaluation = self.ledger.evaluation.counting.then(|| {
            now.saturating_add(self.ledger.evaluation.next_notice_in(policy.evaluation_period))
        });
        let reminder = self.ledger.evaluation.reminder_due().filter(|_| !self.is_licensed());
        let (deadline, stage) = match &self.ledger.authorization {
            Some(authorization) => (
                (!authorization.expired).then_some(authorization.deadline),
                authorization.compliance.next_stage(policy),
            ),
            None => (None, None),
        };
        let overage = match self.enforcement {
            Enforcement::Overage { ends, .. } => Some(ends),
            Enforcement::None | Enforcement::Enforced { .. } => None,
        };
        [
            self.identity_store.next_write(),
            self.ledger_store.next_write(),
            in_exchange,
            self.next_contact(),
            evaluation,
            reminder,
            deadline,
            stage,
            overage,
            self.certificate_ends(),
            self.clock_hour_ends(),
            self.next_warning(),
            self.next_term(),
            self.next_passed_note(),
            self.counter_retry,
        ]
        .into_iter()
        .flatten()
        // What is due and did not happen waits for storage or for an answer, which have their own
        // wakes.
        .filter(|&at| at > now)
        .min()
    }

    /// When the manager is asked next, as far as time decides it.
    fn next_contact(&self) -> Option<DeviceTime> {
        let attempt = self.identity.attempt.and_then(|attempt| attempt.due());
        [attempt, self.next_renewal(), self.next_report()].into_iter().flatten().min()
    }

    /// When the next report is sent, as far as can be told.
    pub(super) fn next_report(&self) -> Option<DeviceTime> {
        let due = if self.wanted.report { Some(DeviceTime::default()) } else { self.report_due() };
        due.map(|at| self.not_before_retry(at))
    }

    /// When the certificate is renewed next, as far as can be told.
    // Not in line: it is called from many places, and each would cost flash.
    #[inline(never)]
    pub(super) fn next_renewal(&self) -> Option<DeviceTime> {
        let renew_at = self.identity.enrolment()?.renew_at;
        let due = if self.wanted.renewal { DeviceTime::default() } else { renew_at };
        let refused = self.ledger.contact.renewal_retry.map_or(due, |retry| due.max(retry.at));
        Some(self.not_before_retry(refused))
    }

    fn not_before_retry(&self, at: DeviceTime) -> DeviceTime {
        self.ledger.contact.retry.map_or(at, |retry| at.max(retry.at))
    }

    /// Whether use is licensed by a manager's answer or a reservation: the evaluation does not count
    /// then (SPEC A2, X1).
    pub(super) fn is_licensed(&self) -> bool {
        let answered = self.ledger.authorization.as_ref().is_some_and(|a| a.answered.is_some());
        answered || self.identity.reservation().is_some()
    }

    /// When time is stored next, while a period runs that would be longer by what a power cut hides.
    pub(super) fn next_checkpoint(&self) -> Option<DeviceTime> {
        self.checkpoint_interval().map(|interval| self.ledger_written.saturating_add(interval))
    }

    fn checkpoint_interval(&self) -> Option<Duration> {
        let authorization = self.ledger.authorization.as_ref();
        let out = authorization.and_then(|authorization| authorization.compliance.out_since());
        if let Some((_, true)) = out {
            return Some(PENDING_CHECKPOINT);
        }
        let runs = self.ledger.evaluation.counting
            || self.enforcement != Enforcement::None
            || self.ledger.contact.retry.is_some()
            || out.is_some();
        if runs {
            return Some(CHECKPOINT);
        }
        let held = self.identity.reservation()?;
        held.has_running_term(self.clock.now()).then(|| {
            // As long as the device has run: a power cut costs about as much of the term as the run
            // before it (SPEC S7).
            let ran = self.clock.ran_until(self.ledger_written);
            ran.clamp(TERM_CHECKPOINT_FIRST, TERM_CHECKPOINT)
        })
    }

    /// How long the device may run until the ledger is written again: by its checkpoints, or by what
    /// becomes of the next report. Nothing, where it stops in order or no period runs.
    fn unnoted(&self) -> Duration {
        if self.stopping {
            return Duration::ZERO;
        }
        let report = self.report_due().map(|due| due.saturating_since(self.clock.now()));
        match (self.checkpoint_interval(), report) {
            (Some(interval), _) => interval,
            (None, Some(report)) => report.saturating_add(EXCHANGE_TIMEOUT),
            (None, None) => Duration::ZERO,
        }
    }

    fn store(&self, record: RecordKind) -> &super::Store {
        match record {
            RecordKind::Identity => &self.identity_store,
            RecordKind::Ledger => &self.ledger_store,
        }
    }

    pub(super) fn store_mut(&mut self, record: RecordKind) -> &mut super::Store {
        match record {
            RecordKind::Identity => &mut self.identity_store,
            RecordKind::Ledger => &mut self.ledger_store,
        }
    }
}

impl Attempt {
    /// When it is to be sent; `None` once it was refused.
    pub(super) fn due(&self) -> Option<DeviceTime> {
        match self.phase {
            Phase::Sending => Some(DeviceTime::default()),
            Phase::Waiting { retry_at, .. } => Some(retry_at),
            Phase::Refused(_) => None,
        }
    }
}
