//! The agent: sans-IO. Time and bytes come in as arguments, what is to be done comes out.
//!
//! ```text
//! handle_input(now, input) ──▶ Agent ──▶ poll_output(buffer) until it says Wait
//! ```
//!
//! 1. [`Agent::boot`] once, with what was stored.
//! 2. [`Agent::handle_input`] whenever something happens: a command, an answer, the time that
//!    [`Output::Wait`] named, a change of use. Spurious calls are harmless.
//! 3. After each, [`Agent::poll_output`] until it returns [`Output::Wait`].
//!
//! Nothing is transmitted before the state it depends on was stored: `Persist`, then the host's
//! `Persisted`, then `Transmit`. Between calls nothing changes; all accessors answer for the moment
//! of the last input.
//!
//! The rules are spread over one module each, and none of those knows another: `registration`,
//! `authorization`, `evaluation`, `enforcement`, `contact`, `device_clock`. This module and its
//! children `commands`, `inputs`, `outputs`, `answers` and `status` put them together.
mod answers;
mod authorization;
mod certificate;
mod clock_standing;
mod commands;
mod contact;
mod countdown;
mod device_clock;
mod enforcement;
mod entropy;
mod evaluation;
mod event;
mod failure;
mod inputs;
mod interface;
mod license_control;
mod numbers;
mod outputs;
pub mod record;
mod registration;
mod reservation;
mod reserving;
mod rollback;
mod status;
mod storage;
pub mod transitions;
mod warnings;

pub use authorization::AuthorizationState;
pub use clock_standing::ClockStanding;
pub use enforcement::{Enforcement, Operation, Reason};
pub use event::{Event, EventKind};
pub use failure::{CommandError, Failure, FailureReason, TransportError};
pub use interface::{BUFFER_MIN, Command, Device, Input, Output, Stored};
pub use outputs::Buffer;
pub use record::{RecordError, RecordKind};
pub use registration::{Enrolment, RegistrationState, UnregisteredReason};
pub use reservation::{InstalledStatus, ReservationStatus, ReservedLine, TagHash};
pub use reserving::ReservationCommand;
pub use status::{AttemptStatus, EntitlementStatus, Status};

use crate::counters::{Counters, total};
use crate::crypto::Crypto;
use crate::identity::DeviceFingerprint;
use crate::policy::Policy;
use crate::product::ProductDefinition;
use crate::time::{DeviceTime, Duration, Now};
use crate::wire::{AnswerNumber, RequestNumber};
use authorization::Authorization;
use contact::{Contact, Exchange};
use device_clock::{Checkpoint, DeviceClock, TimeOff};
use entropy::Entropy;
use evaluation::Evaluation;
use event::EventQueue;
use heapless::Vec;
use numbers::Numbers;
use record::{RECORD_MAX, Selection};
use registration::{Identity, Standing};
use serde::{Deserialize, Serialize};
use storage::Store;
use warnings::Countdowns;

/// A licensing agent for one device and license types of at most `N` entitlements.
#[derive(Clone)]
pub struct Agent<'a, C, const N: usize> {
    definition: &'a ProductDefinition<'a>,
    counters: &'a Counters<'a, N>,
    device: &'a Device<'a>,
    crypto: C,
    fingerprint: DeviceFingerprint,
    booted: bool,
    clock: DeviceClock,
    identity: Identity<N>,
    ledger: Ledger<N>,
    identity_store: Store,
    ledger_store: Store,
    /// The host said that it stops the device, and nothing but storing happened since.
    stopping: bool,
    events: EventQueue,
    countdowns: Countdowns,
    entropy: Option<Entropy>,
    entropy_asked: bool,
    exchange: Option<Exchange>,
    wanted: Wanted,
    numbers: Numbers,
    /// Whether the attempt was made, and perhaps answered, before this boot.
    attempt_from_before: bool,
    /// When the ledger was written last, and all peaks in it together.
    ledger_written: DeviceTime,
    stored_peaks: u64,
    /// No report before this: spreads a site's reports after its power came back (SPEC X4).
    boot_hold: DeviceTime,
    in_use: bool,
    enforcement: Enforcement,
    /// The last exchange ended in a conflict of numbers: a second one backs off.
    conflicted: bool,
    /// The platform's counter that only grows, where it has one (SPEC S5).
    counter: Option<u32>,
    /// It was asked to be raised so far, and has not said whether it was.
    counter_asked: Option<u32>,
    /// When it is asked again after it failed.
    counter_retry: Option<DeviceTime>,
    /// The moment up to which the ends of reserved terms were told.
    terms_told: DeviceTime,
}

/// Everything that changes with answers and with time, and survives a boot.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Ledger<const N: usize> {
    evaluation: Evaluation,
    /// Random; zero before the first entropy came.
    epoch: u32,
    /// Request numbers up to here are reserved.
    reserved_sequence: u32,
    last_answer: AnswerNumber,
    policy: Option<Policy>,
    /// There while registered.
    authorization: Option<Authorization<N>>,
    contact: Contact,
    clock_standing: ClockStanding,
    /// The generation of the identity when this was written: an older one was put back (SPEC T6).
    identity_generation: u32,
}

/// The ledger as it is stored: with what is kept elsewhere while the device runs.
#[derive(Deserialize, Serialize)]
struct LedgerRecord<L, const N: usize> {
    checkpoint: Checkpoint,
    ledger: L,
    /// Peaks whose report is not answered, per entitlement.
    peaks: Vec<u32, N>,
}

/// How many request numbers one write reserves.
const SEQUENCE_BLOCK: u32 = 64;
/// Peaks may lose at most this much to a power cut (SPEC X15).
const PEAK_SAVE: Duration = Duration::from_minutes(15);
/// While a period runs that a power cut could lengthen, time is stored this often (SPEC X1).
const CHECKPOINT: Duration = Duration::from_hours(1);
/// The same while a tolerance of minutes runs (SPEC A6).
const PENDING_CHECKPOINT: Duration = Duration::from_minutes(5);
/// The same while a reserved term runs. No signed time gives back what a power cut is charged with
/// here, so that it must be little; nor may it wear the flash out (SPEC E5, S7).
const TERM_CHECKPOINT: Duration = Duration::from_hours(4);
/// How often at first, soon after a boot.
const TERM_CHECKPOINT_FIRST: Duration = Duration::from_minutes(5);
/// Storage that failed is tried again after this.
const STORAGE_RETRY: Duration = Duration::from_minutes(1);

impl<const N: usize> Ledger<N> {
    const fn new() -> Self {
        Self {
            evaluation: Evaluation::new(),
            epoch: 0,
            reserved_sequence: 0,
            last_answer: AnswerNumber { epoch: 0, sequence: 0 },
            policy: None,
            authorization: None,
            contact: Contact::new(),
            clock_standing: ClockStanding::Agreed,
            identity_generation: 0,
        }
    }
}

/// What commands asked for and is not done.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    deregister: bool,
    /// Erase everything once deregistered (SPEC X13).
    factory_reset: bool,
    report: bool,
    renewal: bool,
}

impl Wanted {
    const NONE: Self =
        Self { deregister: false, factory_reset: false, report: false, renewal: false };
}

impl<'a, C: Crypto, const N: usize> Agent<'a, C, N> {
    /// An agent that waits for [`Agent::boot`]; `const`, so that it can be a static.
    pub const fn new(
        definition: &'a ProductDefinition<'a>,
        counters: &'a Counters<'a, N>,
        device: &'a Device<'a>,
        crypto: C,
    ) -> Self {
        Self {
            definition,
            counters,
            device,
            crypto,
            fingerprint: DeviceFingerprint([0; 8]),
            booted: false,
            clock: DeviceClock::unset(),
            identity: Identity::new(),
            ledger: Ledger::new(),
            identity_store: Store::new(),
            ledger_store: Store::new(),
            stopping: false,
            events: EventQueue::new(),
            countdowns: Countdowns::new(),
            entropy: None,
            entropy_asked: false,
            exchange: None,
            wanted: Wanted::NONE,
            numbers: Numbers::new(),
            attempt_from_before: false,
            ledger_written: DeviceTime::from_secs(0),
            stored_peaks: 0,
            boot_hold: DeviceTime::from_secs(0),
            in_use: false,
            enforcement: Enforcement::None,
            conflicted: false,
            counter: None,
            counter_asked: None,
            counter_retry: None,
            terms_told: DeviceTime::from_secs(0),
        }
    }

    /// A copy that goes on by itself from this moment, counting in `counters` what is counted now:
    /// for asking what would follow from other inputs, and for a machine that is cloned while it
    /// runs.
    #[must_use]
    pub fn fork(&self, counters: &'a Counters<'a, N>) -> Self
    where
        C: Clone,
    {
        counters.copy_from(self.counters);
        Self { counters, ..self.clone() }
    }

    /// Starts from what was stored. Damaged and foreign records are told as events, and what they
    /// would have said is lost; the other slot is used where it is sound.
    ///
    /// # Errors
    /// [`RecordError::NewerVersion`] when the only sound record was written by newer software:
    /// starting over would destroy it.
    pub fn boot(&mut self, now: Now, stored: Stored<'_>) -> Result<(), RecordError> {
        self.fingerprint = self.device.udi.fingerprint(&self.crypto);
        let identity = self.select(RecordKind::Identity, stored.identity)?;
        let ledger = self.select(RecordKind::Ledger, stored.ledger)?;
        self.load(RecordKind::Identity, identity, |agent, generation, identity| {
            agent.identity_store.found(generation);
            agent.identity = identity;
        });
        self.count_as_chosen();
        if let Standing::Reserved(held) = &mut self.identity.standing {
            held.find_entitlements(self.counters.license_type());
        }
        // Where it is lost: a registered device is at least as old as its certificate, a reserved one
        // as its reservation says.
        let certified_at = self.identity.enrolment().map(|enrolment| enrolment.certified_at());
        let mut checkpoint = match certified_at.or_else(|| self.reserved_time(true)) {
            Some(at) => Checkpoint::not_before(at),
            None => Checkpoint::FIRST,
        };
        self.load(RecordKind::Ledger, ledger, |agent, generation, stored| {
            let stored: LedgerRecord<Ledger<N>, N> = stored;
            agent.ledger_store.found(generation);
            agent.counters.restore_peaks(&stored.peaks);
            agent.stored_peaks = total(&stored.peaks);
            checkpoint = stored.checkpoint;
            agent.ledger = stored.ledger;
        });
        // Newer software may have narrower bounds.
        self.ledger.policy = self.within_bounds(self.ledger.policy);
        let ledger_is_old = self.tell_rolled_back();
        // What the evaluation is charged with: the reservation says nothing of it.
        let unnoted = checkpoint.unnoted();
        if let Some(at) = self.reserved_time(ledger_is_old) {
            checkpoint.pass(at);
        }
        self.booted = true;
        self.resume(now, checkpoint, unnoted);
        self.check_counter(stored.counter);
        self.outdate_backups();
        self.advance(now);
        self.settle();
        Ok(())
    }

    fn select<'s>(
        &mut self,
        kind: RecordKind,
        slots: [Option<&'s [u8]>; 2],
    ) -> Result<Option<&'s [u8]>, RecordError> {
        let Selection { newest, write_next, problems } =
            record::newest(kind, self.fingerprint, slots);
        for error in problems.into_iter().flatten() {
            if newest.is_none() && matches!(error, RecordError::NewerVersion(_)) {
                return Err(error);
            }
            self.tell(EventKind::RecordRejected { record: kind, error });
        }
        let slot = u8::from(write_next == 1);
        match kind {
            RecordKind::Identity => self.identity_store.slot = slot,
            RecordKind::Ledger => self.ledger_store.slot = slot,
        }
        Ok(newest.and_then(|slot| slots.get(slot).copied().flatten()))
    }

    /// Gives what is stored to `take_over`. Apart, so that the stack that one record takes is free
    /// again before the other is read.
    #[inline(never)]
    fn load<'s, T: Deserialize<'s>>(
        &mut self,
        kind: RecordKind,
        bytes: Option<&'s [u8]>,
        take_over: impl FnOnce(&mut Self, u32, T),
    ) {
        let Some(bytes) = bytes else { return };
        let error = match record::read(kind, self.fingerprint, bytes) {
            Ok(sound) => match sound.decode() {
                Ok(stored) => return take_over(self, sound.generation, stored),
                Err(failed) => failed.into(),
            },
            Err(error) => error,
        };
        self.tell(EventKind::RecordRejected { record: kind, error });
    }

    /// A record that is older than the other one knows it to have been was put back (SPEC T6). Says
    /// whether that is the ledger.
    fn tell_rolled_back(&mut self) -> bool {
        let identity = self.identity_store.generation < self.ledger.identity_generation;
        let ledger = self.ledger_store.generation < self.identity.ledger_generation;
        let error = RecordError::RolledBack;
        for (record, old) in [(RecordKind::Identity, identity), (RecordKind::Ledger, ledger)] {
            if old {
                self.tell(EventKind::RecordRejected { record, error });
            }
        }
        ledger
    }

    /// Puts the license type in force that was chosen (SPEC C7).
    fn count_as_chosen(&self) {
        let chosen = self.definition.license_types.get(usize::from(self.identity.license_type));
        if let Some(license_type) = chosen.filter(|_| self.identity.license_type > 0) {
            self.counters.select(license_type);
        }
    }

    /// Puts the loaded records into force.
    fn resume(&mut self, now: Now, checkpoint: Checkpoint, unnoted: Duration) {
        // What begins or ends while the device is off is told at the first settling.
        self.enforcement = self.verdict_at(checkpoint.at());
        self.resume_countdowns(checkpoint.at());
        let ended = self.certificate_ends().is_some_and(|ends| ends <= checkpoint.at());
        let (clock, off) = DeviceClock::boot(now, checkpoint);
        self.clock = clock;
        let device_now = self.clock.now();
        if let TimeOff::ClockWentBack(step) | TimeOff::Measured(_, Some(step)) = off {
            self.clock_stepped(step);
        }
        if !ended {
            self.watch_clock(true);
        }
        // What ran after the last checkpoint is not known: charged, never given (SPEC X1).
        let policy = *self.policy();
        self.ledger_written = device_now;
        // What is stored says how long the last run could go unnoted, and not that of this one (SPEC
        // E5).
        self.ledger_store.save_by(device_now);
        if self.ledger.evaluation.counting {
            self.count_evaluation(unnoted);
            self.ledger.evaluation.counting = false;
        }
        // The two records are written one after the other: a cut between them is mended here.
        let registered_at = self.identity.enrolment().map(|enrolment| enrolment.registered_at);
        match (registered_at, &mut self.ledger.authorization) {
            (Some(at), None) => {
                let deadline = authorization_deadline(at, &policy);
                self.ledger.authorization = Some(Authorization::new(at, deadline));
            }
            (Some(at), Some(authorization)) if authorization.registered_at != at => {
                authorization.registered_at = at;
                authorization.report_owed = true;
            }
            (Some(_), Some(_)) | (None, None) => {}
            (None, Some(_)) => self.ledger.authorization = None,
        }
        self.terms_told = checkpoint.at();
        self.publish_limits();
        // A boot starts with nothing in use (SPEC X9).
        if let Some(authorization) = &mut self.ledger.authorization {
            authorization.use_unanswered = false;
        }
        // Numbers reserved before the boot may have been used (SPEC T4); an attempt may hold one
        // that the ledger does not know, because identity is written first: that is not reserved.
        let durable = self.ledger.reserved_sequence;
        if let Some(attempt) = &self.identity.attempt {
            self.attempt_from_before = true;
            // Where the ledger is lost, what was sent after the attempt is not known: what follows gets
            // an epoch of its own.
            let RequestNumber { epoch, sequence } = attempt.number;
            if self.ledger.epoch == epoch && sequence > self.ledger.reserved_sequence {
                self.ledger.reserved_sequence = sequence;
            }
        }
        self.numbers = Numbers { durable, ..Numbers::after(self.ledger.reserved_sequence) };
        // A report that was overdue already goes at once, when its place has come (SPEC X4).
        if self.report_due().is_some_and(|due| due <= device_now) {
            self.ledger.contact.forget_retry();
            self.boot_hold = device_now.saturating_add(contact::boot_spread(self.fingerprint));
        }
    }

    /// What a manager may set of what it sent (SPEC A8).
    fn within_bounds(&self, policy: Option<Policy>) -> Option<Policy> {
        policy.map(|policy| self.definition.policy_bounds.clamp(policy))
    }

    /// The rules' numbers in force: the manager's within the product's bounds, or the product's.
    // Not in line: it is called from so many places that it would cost kilobytes of flash.
    #[inline(never)]
    fn policy(&self) -> &Policy {
        match &self.ledger.policy {
            Some(policy) => policy,
            None => &self.definition.policy,
        }
    }

    // Not in line: it is called from so many places that it would cost kilobytes of flash.
    #[inline(never)]
    fn tell(&mut self, kind: EventKind) {
        let now = self.clock.now();
        self.events.push(now, kind);
    }
}

/// When an authorization answered at `at` ends: the period less the back-date (SPEC X2).
fn authorization_deadline(at: DeviceTime, policy: &Policy) -> DeviceTime {
    at.saturating_add(policy.authorization_period).saturating_sub(policy.backdate)
}

const _: () = assert!(RECORD_MAX <= BUFFER_MIN);

#[cfg(test)]
mod tests {
    use super::authorization::Compliance;
    use super::registration::{Attempt, Enrolment, Phase, Standing};
    use super::*;
    use crate::crypto::KeyHandle;
    use crate::identity::InstanceId;
    use crate::policy::PolicyBounds;
    use crate::product::ENTITLEMENTS_MAX;
    use crate::time::UnixTime;
    use crate::token::Token;
    use crate::wire::{AcceptError, EntitlementAnswer, Nonce, Verdict};

    const LATE: DeviceTime = DeviceTime::from_secs(u32::MAX);

    fn length<T: Serialize>(record: RecordKind, value: &T) -> usize {
        let device = DeviceFingerprint([0xff; 8]);
        record::write(record, device, u32::MAX, value, &mut [0; 2 * RECORD_MAX]).unwrap()
    }

    #[test]
    fn the_longest_records_fit() {
        let failure = Failure {
            reason: FailureReason::NotAccepted(AcceptError::ManagerCertificateExpired),
            at: LATE,
        };
        let mut identity = Identity::<ENTITLEMENTS_MAX>::new();
        let name: heapless::String<40> = core::iter::repeat_n('n', 40).collect();
        identity.standing = Standing::Registered(Enrolment {
            key: KeyHandle([0xff; 32]),
            instance: InstanceId([0xff; 16]),
            registered_at: LATE,
            certificate_serial: u32::MAX,
            certificate_from: UnixTime::from_secs(u64::MAX),
            certificate_until: UnixTime::from_secs(u64::MAX),
            certificate_ends: LATE,
            renew_at: LATE,
            last_renewal: Some(Err(failure)),
            smart_account: name.clone(),
            virtual_account: name,
            export_controlled_allowed: true,
        });
        identity.attempt = Some(Attempt {
            token: Token([0xff; 20]),
            force: true,
            key: KeyHandle([0xff; 32]),
            number: RequestNumber { epoch: u32::MAX, sequence: u32::MAX },
            nonce: Nonce([0xff; 16]),
            after_answer: AnswerNumber { epoch: u32::MAX, sequence: u64::MAX },
            phase: Phase::Waiting { retry_at: LATE, failure },
        });
        assert!(length(RecordKind::Identity, &identity) <= RECORD_MAX);

        let mut ledger = Ledger::<ENTITLEMENTS_MAX>::new();
        ledger.epoch = u32::MAX;
        ledger.reserved_sequence = u32::MAX;
        ledger.last_answer = AnswerNumber { epoch: u32::MAX, sequence: u64::MAX };
        ledger.policy = Some(PolicyBounds::fixed(Policy::DEFAULT).max);
        let mut authorization = Authorization::new(LATE, LATE);
        authorization.answered = Some(LATE);
        authorization.compliance = Compliance::Pending { since: LATE, warned: true };
        let answer = EntitlementAnswer { verdict: Verdict::NotOwned, owned: u32::MAX };
        authorization.entitlements = core::iter::repeat_n(answer, ENTITLEMENTS_MAX).collect();
        ledger.authorization = Some(authorization);
        let policy = Policy { retry_max: Duration::MAX, ..Policy::DEFAULT };
        for _ in 0..3 {
            ledger.contact.failed(failure.reason, LATE, &policy, DeviceFingerprint([1; 8]));
        }
        let peaks: Vec<u32, ENTITLEMENTS_MAX> =
            core::iter::repeat_n(u32::MAX, ENTITLEMENTS_MAX).collect();
        let ledger = LedgerRecord { checkpoint: Checkpoint::not_before(LATE), ledger, peaks };
        assert!(length(RecordKind::Ledger, &ledger) <= RECORD_MAX);
    }

    #[test]
    fn an_agent_of_eight_entitlements_is_small() {
        let size = size_of::<Agent<'_, crate::crypto::SoftwareCrypto, 8>>();
        assert!(size <= 1_280, "{size} bytes");
    }
}
