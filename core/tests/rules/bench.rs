//! A test bench: one agent, a driven clock, flash that can lose power, and a scripted manager.
//!
//! The manager here is written for the tests alone. It shares the wire format and the signatures
//! with the real one, and nothing else.

use leasehold_core::agent::{
    Agent, BUFFER_MIN, Command, CommandError, Device, Event, EventKind, Input, Output, RecordKind,
    Stored, TransportError,
};
use leasehold_core::code::{AuthorizationCode, Grant, GrantLine, RequestCode, device_hint};
use leasehold_core::counters::Counters;
use leasehold_core::crypto::{Crypto, KeyHandle, PublicKey, SoftwareCrypto};
use leasehold_core::identity::{IdCertificate, InstanceId, Udi};
use leasehold_core::policy::Policy;
use leasehold_core::product::ProductDefinition;
use leasehold_core::products::contact_center;
use leasehold_core::time::{Duration, Instant, Now, UnixTime};
use leasehold_core::token::Token;
use leasehold_core::wire::{
    Answer, AnswerBody, AnswerNumber, Authorization, EntitlementAnswer, Refusal, Registered,
    RequestBody, RequestFrame, RequestNumber, SigningCertificate, Verdict, encode_answer,
};

pub(crate) const MINUTE: u64 = 60;
pub(crate) const HOUR: u64 = 3_600;
pub(crate) const DAY: u64 = 86_400;
/// The manager's clock when the bench starts.
pub(crate) const EPOCH: u64 = 1_800_000_000;

/// How the link to the manager behaves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Link {
    Up,
    /// Requests do not arrive.
    Down,
    /// Requests arrive, answers are lost.
    AnswersLost,
    /// Nothing comes back, and the transport still waits.
    Silent,
    /// The answer is held back until it is delivered.
    Held,
}

/// What a request was, as the manager saw it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Seen {
    Register { force: bool },
    Report(Vec<u32>),
    Renew,
    Deregister,
}

/// The scripted manager.
pub(crate) struct Manager {
    crypto: SoftwareCrypto,
    key: KeyHandle,
    certificate: SigningCertificate,
    answers: u64,
    pub registered: Option<(PublicKey, InstanceId)>,
    pub refuse: Option<Refusal>,
    pub refuse_renewal: bool,
    /// Whether registrations are asked to come back later.
    pub refuse_registrations: bool,
    /// Whether reports are answered with something that is not an answer to a report.
    pub refuse_reports: bool,
    pub say: Option<AnswerBody<'static>>,
    pub policy: Option<Policy>,
    /// Owned standard, premium, server.
    pub owned: [u32; 3],
    /// What answers say about a second machine.
    pub duplicate: bool,
    /// Since when out of compliance, as kept per device.
    pub out_since: Option<u64>,
    /// The last answer sent, to be replayed.
    pub last_frame: Vec<u8>,
    /// How long each report says that it covers, in seconds.
    pub covers: Vec<u32>,
    /// The number of every registration.
    pub registrations: Vec<RequestNumber>,
    /// The number of every request but registrations, in the order they came.
    pub numbers: Vec<RequestNumber>,
}

impl Manager {
    pub(crate) fn new(root: &KeyHandle) -> Self {
        let crypto = SoftwareCrypto;
        let key = KeyHandle([8; 32]);
        let from = UnixTime::from_secs(EPOCH - DAY);
        let until = UnixTime::from_secs(EPOCH + 20 * 365 * DAY);
        let public_key = crypto.public_key(&key).unwrap();
        let certificate =
            SigningCertificate::issue(&crypto, root, public_key, 1, from, until).unwrap();
        Self {
            crypto,
            key,
            certificate,
            answers: 0,
            registered: None,
            refuse: None,
            refuse_renewal: false,
            refuse_registrations: false,
            refuse_reports: false,
            say: None,
            policy: None,
            owned: [40, 10, 1],
            duplicate: false,
            out_since: None,
            last_frame: Vec::new(),
            covers: Vec::new(),
            registrations: Vec::new(),
            numbers: Vec::new(),
        }
    }

    /// The authorization code for a request, signed at the moment `issued`.
    pub(crate) fn authorization_code(
        &self,
        request: &RequestCode,
        generation: u8,
        lines: &[GrantLine],
        issued: u64,
    ) -> String {
        let Self { crypto, key, certificate, .. } = self;
        let definition = contact_center::definition(certificate.public_key);
        let license_type = definition.license_types[usize::from(request.license_type)];
        let grant = Grant {
            device: device_hint(crypto, &request.udi()),
            number: request.number,
            generation,
            license_type: request.license_type,
            universal: request.universal,
            catalogue: license_type.catalogue_hash(crypto),
            issued: UnixTime::from_secs(issued),
            lines: lines.iter().copied().collect(),
        };
        let (udi, anchors) = (request.udi(), &request.anchors);
        let code = AuthorizationCode::encode(crypto, key, Some(certificate), &grant, &udi, anchors);
        code.unwrap().as_str().into()
    }

    fn answer(&mut self, frame: &[u8], now: u64) -> (Seen, Vec<u8>) {
        let parsed = RequestFrame::parse(&self.crypto, frame).unwrap();
        let (seen, body) = self.decide(&parsed, now);
        self.answers += 1;
        let answer = Answer {
            device: parsed.request.udi.fingerprint(&self.crypto),
            request: parsed.digest,
            time: UnixTime::from_secs(now),
            number: AnswerNumber { epoch: 1, sequence: self.answers },
            body: self.say.clone().unwrap_or(body),
        };
        let mut buffer = [0; 2_048];
        let length =
            encode_answer(&self.crypto, &self.key, &self.certificate, &answer, &mut buffer)
                .unwrap();
        self.last_frame = buffer[..length].to_vec();
        (seen, self.last_frame.clone())
    }

    fn decide(&mut self, parsed: &RequestFrame<'_>, now: u64) -> (Seen, AnswerBody<'static>) {
        let request = &parsed.request;
        if let RequestBody::Register(register) = &request.body {
            let seen = Seen::Register { force: register.force };
            self.registrations.push(request.number);
            let key = parsed.proven_registration_key(&self.crypto).expect("possession proved");
            if let Some(refusal) = self.refuse {
                return (seen, AnswerBody::Refused(refusal));
            }
            if self.refuse_registrations {
                return (seen, AnswerBody::RetryLater { seconds: 3_600 });
            }
            let instance = InstanceId([7; 16]);
            self.registered = Some((key, instance));
            return (seen, AnswerBody::Registered(self.registration(key, instance, now)));
        }
        self.numbers.push(request.number);
        let known = self.registered.filter(|(key, instance)| {
            assert!(parsed.is_signed_by(&self.crypto, key), "signed by the certified key");
            Some(*instance) == request.instance
        });
        let seen = match &request.body {
            RequestBody::Report(report) => {
                self.covers.push(report.covers_seconds);
                Seen::Report(report.usage.iter().map(|usage| usage.peak).collect())
            }
            RequestBody::RenewCertificate => Seen::Renew,
            _ => Seen::Deregister,
        };
        let Some((key, instance)) = known else {
            return (seen, AnswerBody::Refused(Refusal::InstanceUnknown));
        };
        if let Some(refusal) = self.refuse {
            return (seen, AnswerBody::Refused(refusal));
        }
        let body = match &seen {
            Seen::Report(_) if self.refuse_reports => AnswerBody::Deregistered,
            Seen::Report(peaks) => AnswerBody::Authorization(self.authorize(peaks, now)),
            Seen::Renew if self.refuse_renewal => AnswerBody::Refused(Refusal::RequestUnknown),
            Seen::Renew => AnswerBody::Renewed(self.registration(key, instance, now).certificate),
            _ => {
                self.registered = None;
                AnswerBody::Deregistered
            }
        };
        (seen, body)
    }

    fn registration(&self, key: PublicKey, instance: InstanceId, now: u64) -> Registered<'static> {
        let from = UnixTime::from_secs(now).saturating_sub(Duration::from_minutes(5));
        Registered {
            certificate: IdCertificate {
                instance,
                serial: 1,
                public_key: key,
                valid_from: from,
                valid_until: from.saturating_add(Duration::from_days(365)),
            },
            smart_account: "Example",
            virtual_account: "Default",
            export_controlled_allowed: true,
            policy: self.policy,
        }
    }

    /// SPEC C2, by its words: for every tier, use at or above is at most what is owned at or above.
    fn authorize(&mut self, peaks: &[u32], now: u64) -> Authorization {
        let [standard, premium, server] = self.owned;
        let verdict = |covered| {
            if covered { Verdict::InCompliance } else { Verdict::OutOfCompliance }
        };
        let verdicts = [
            (verdict(peaks[0] <= standard + premium), standard),
            (verdict(peaks[1] <= premium), premium),
            (if server > 0 { Verdict::InCompliance } else { Verdict::NotOwned }, server),
        ];
        let out = verdicts.iter().any(|(verdict, _)| *verdict == Verdict::OutOfCompliance);
        self.out_since = out.then(|| self.out_since.unwrap_or(now));
        let entitlements =
            verdicts.iter().map(|&(verdict, owned)| EntitlementAnswer { verdict, owned });
        Authorization {
            entitlements: entitlements.collect(),
            out_of_compliance_since: self.out_since.map(UnixTime::from_secs),
            policy: self.policy,
            duplicate: self.duplicate,
        }
    }
}

pub(crate) type TestAgent = Agent<'static, SoftwareCrypto, 8>;

/// One device and its world.
pub(crate) struct Bench {
    pub(crate) definition: &'static ProductDefinition<'static>,
    pub(crate) device: &'static Device<'static>,
    pub counters: &'static Counters<'static, 8>,
    pub agent: TestAgent,
    pub manager: Manager,
    pub link: Link,
    /// Whether the device has a real-time clock.
    pub(crate) real_time: bool,
    /// How far that clock is ahead of the manager's, in seconds.
    pub(crate) real_time_ahead: i64,
    /// The one record that cannot be stored, while the other can.
    pub(crate) unstorable: Option<RecordKind>,
    /// Whether storage works.
    pub storage: bool,
    /// Lose power just before this many more writes are done.
    pub writes_until_cut: Option<u32>,
    pub(crate) held: Option<Vec<u8>>,
    /// The platform's counter that only grows, if it has one.
    pub counter: Option<u32>,
    pub counter_works: bool,
    flash: Flash,
    /// Seconds since the bench began; the manager's clock is [`EPOCH`] later.
    pub time: u64,
    booted_at: u64,
    boots: u32,
    pub events: Vec<(u64, EventKind)>,
    pub seen: Vec<(u64, Seen)>,
    pub writes: u32,
    /// Every write with what was stored before it, while kept.
    pub(crate) write_log: Option<Vec<Write>>,
    pub powered: bool,
}

/// What is stored: two slots of the identity, two of the ledger.
pub(crate) type Flash = [[Option<Vec<u8>>; 2]; 2];

/// One write of a record.
pub(crate) struct Write {
    pub(crate) before: Flash,
    pub(crate) record: RecordKind,
    pub(crate) slot: usize,
    pub(crate) bytes: Vec<u8>,
}

impl Write {
    /// What is stored once `bytes` are in the slot.
    pub(crate) fn with(&self, bytes: Vec<u8>) -> Flash {
        let mut flash = self.before.clone();
        flash[usize::from(self.record == RecordKind::Ledger)][self.slot] = Some(bytes);
        flash
    }
}

impl Bench {
    /// A device that just came out of its box and was switched on.
    pub(crate) fn new() -> Self {
        Self::with(|_, _| {})
    }

    /// The same with another product or another device.
    pub(crate) fn with(
        adjust: impl FnOnce(&mut ProductDefinition<'static>, &mut Device<'static>),
    ) -> Self {
        let root = KeyHandle([9; 32]);
        let public = SoftwareCrypto.public_key(&root).unwrap();
        let mut definition = contact_center::definition(public);
        let udi = Udi::new("LH-CC", "A1B2C3", None).unwrap();
        let (host_name, software_version, size_profile) = ("pbx-1", "0.1", None);
        let mut device = Device { udi, host_name, software_version, size_profile };
        adjust(&mut definition, &mut device);
        let definition = &*Box::leak(Box::new(definition));
        let device = &*Box::leak(Box::new(device));
        let counters = fresh_counters();
        let mut bench = Self {
            definition,
            device,
            counters,
            agent: Agent::new(definition, counters, device, SoftwareCrypto),
            manager: Manager::new(&root),
            link: Link::Up,
            real_time: true,
            real_time_ahead: 0,
            unstorable: None,
            storage: true,
            writes_until_cut: None,
            held: None,
            counter: None,
            counter_works: true,
            flash: Default::default(),
            time: 0,
            booted_at: 0,
            boots: 0,
            events: Vec::new(),
            seen: Vec::new(),
            writes: 0,
            write_log: None,
            powered: true,
        };
        bench.boot();
        bench
    }

    /// A registered device with these seats in use, just authorized.
    pub(crate) fn registered(standard: u32, premium: u32) -> Self {
        let mut bench = Self::new();
        bench.acquire("standard-seat", standard);
        bench.acquire("premium-seat", premium);
        bench.register(false).unwrap();
        bench.settle();
        bench.forget();
        bench
    }

    pub(crate) fn now(&self) -> Now {
        let uptime = Instant::from_secs(u32::try_from(self.time - self.booted_at).unwrap());
        let real_time =
            UnixTime::from_secs((EPOCH + self.time).saturating_add_signed(self.real_time_ahead));
        Now { uptime, real_time: self.real_time.then_some(real_time) }
    }

    fn boot(&mut self) {
        self.powered = true;
        self.booted_at = self.time;
        self.boots += 1;
        self.counters = fresh_counters();
        self.agent = Agent::new(self.definition, self.counters, self.device, SoftwareCrypto);
        let now = self.now();
        let found = Stored { counter: self.counter, ..stored(&self.flash) };
        self.agent.boot(now, found).unwrap();
        self.settle();
    }

    /// Another agent of this device, booted from `flash` at this moment.
    pub(crate) fn boot_from(&self, flash: &Flash) -> TestAgent {
        let mut agent = self.unbooted();
        agent.boot(self.now(), stored(flash)).unwrap();
        agent
    }

    /// Another agent of this device.
    pub(crate) fn unbooted(&self) -> TestAgent {
        Agent::new(self.definition, fresh_counters(), self.device, SoftwareCrypto)
    }

    /// Loses power, stays off, boots. What was in use is gone (SPEC X9).
    pub(crate) fn reboot(&mut self, off_for: u64) {
        self.time += off_for;
        self.writes_until_cut = None;
        self.boot();
    }

    /// Puts a backup of what was stored back, and boots.
    pub(crate) fn restore(&mut self, backup: Flash) {
        self.flash = backup;
        self.reboot(0);
    }

    /// Loses what both slots of the ledger held.
    pub(crate) fn lose_ledger(&mut self) {
        self.flash[1] = [None, None];
    }

    pub(crate) fn acquire(&mut self, feature: &str, n: u32) {
        let feature = self.counters.feature(feature).unwrap();
        self.counters.acquire(feature, n).unwrap();
        self.input(Input::Wake).unwrap();
    }

    pub(crate) fn release(&mut self, feature: &str, n: u32) {
        let feature = self.counters.feature(feature).unwrap();
        self.counters.release(feature, n).unwrap();
        self.input(Input::Wake).unwrap();
    }

    pub(crate) fn register(&mut self, force: bool) -> Result<(), CommandError> {
        let token = Token([5; 20]).to_text();
        self.command(Command::Register { token: &token, force })
    }

    pub(crate) fn command(&mut self, command: Command<'_>) -> Result<(), CommandError> {
        self.input(Input::Command(command))
    }

    /// Sets the real-time clock by so many seconds.
    pub(crate) fn set_clock(&mut self, by: i64) {
        self.real_time_ahead += by;
        self.input(Input::Wake).unwrap();
    }

    pub(crate) fn stopping(&mut self) {
        self.input(Input::Stopping).unwrap();
    }

    pub(crate) fn link_changed(&mut self) {
        self.input(Input::LinkChanged).unwrap();
    }

    pub(crate) fn input(&mut self, input: Input<'_>) -> Result<(), CommandError> {
        let now = self.now();
        let result = self.agent.handle_input(now, input);
        self.settle();
        result
    }

    /// Does what the agent asks until it waits; gives when it wants to be woken.
    pub(crate) fn settle(&mut self) -> Option<u64> {
        let mut buffer = [0; BUFFER_MIN];
        for _ in 0..10_000 {
            if !self.powered {
                return None;
            }
            let output = self.agent.poll_output(&mut buffer);
            let now = self.now();
            let input = match output {
                Output::Wait(at) => return at.map(|at| self.booted_at + u64::from(at.as_secs())),
                Output::Event(event) => {
                    self.told(event);
                    continue;
                }
                Output::NeedEntropy => {
                    let mut seed = [self.boots as u8; 32];
                    seed[..4].copy_from_slice(&self.boots.to_le_bytes());
                    self.agent.handle_input(now, Input::Entropy(&seed)).unwrap();
                    continue;
                }
                Output::Persist { record, slot, length } => {
                    self.persist(record, slot, &buffer[..length])
                }
                Output::RaiseCounter { to } => self.raise_counter(to),
                Output::Transmit { length } => {
                    self.transmit(buffer[..length].to_vec());
                    continue;
                }
            };
            if let Some(input) = input {
                self.agent.handle_input(now, input).unwrap();
            }
        }
        panic!("the agent never waits");
    }

    fn told(&mut self, event: Event) {
        self.events.push((self.time, event.kind));
    }

    fn persist(&mut self, record: RecordKind, slot: usize, bytes: &[u8]) -> Option<Input<'static>> {
        if !self.storage || self.unstorable == Some(record) {
            return Some(Input::PersistFailed(record));
        }
        if self.writes_until_cut == Some(0) {
            self.powered = false;
            return None;
        }
        self.writes_until_cut = self.writes_until_cut.map(|left| left - 1);
        self.writes += 1;
        let write = Write { before: self.flash.clone(), record, slot, bytes: bytes.to_vec() };
        self.flash = write.with(bytes.to_vec());
        if let Some(log) = &mut self.write_log {
            log.push(write);
        }
        Some(Input::Persisted(record))
    }

    fn raise_counter(&mut self, to: u32) -> Option<Input<'static>> {
        if !self.counter_works {
            return Some(Input::CounterFailed);
        }
        if self.writes_until_cut == Some(0) {
            self.powered = false;
            return None;
        }
        self.writes_until_cut = self.writes_until_cut.map(|left| left - 1);
        let counter = self.counter.as_mut().expect("only where the platform has one");
        assert!(to > *counter, "it only grows");
        *counter = to;
        Some(Input::CounterRaised(to))
    }

    fn transmit(&mut self, frame: Vec<u8>) {
        if self.link == Link::Silent {
            return;
        }
        let now = self.now();
        let arrived = matches!(self.link, Link::Up | Link::AnswersLost | Link::Held);
        let answer = arrived.then(|| {
            let (seen, answer) = self.manager.answer(&frame, EPOCH + self.time);
            self.seen.push((self.time, seen));
            answer
        });
        if self.link == Link::Held {
            self.held = answer;
            return;
        }
        let input = match (self.link, &answer) {
            (Link::Up, Some(answer)) => Input::Received(answer),
            _ => Input::TransportFailed(TransportError::Unreachable),
        };
        self.agent.handle_input(now, input).unwrap();
    }

    /// Gives the agent bytes for whatever it is waiting for.
    pub(crate) fn receive(&mut self, bytes: &[u8]) {
        self.input(Input::Received(bytes)).unwrap();
    }

    /// Gives the agent the answer that was held back.
    pub(crate) fn deliver(&mut self) {
        let held = self.held.take().unwrap();
        self.receive(&held);
    }

    /// Runs until `seconds` later, waking when the agent asks.
    pub(crate) fn run(&mut self, seconds: u64) {
        let end = self.time + seconds;
        loop {
            let wake = self.settle().filter(|&at| at <= end);
            let Some(at) = wake else { break };
            assert!(at > self.time, "woken without anything to do at {}", self.time);
            self.time = at;
            self.input(Input::Wake).unwrap();
        }
        self.time = end;
        self.input(Input::Wake).unwrap();
    }

    pub(crate) fn forget(&mut self) {
        self.events.clear();
        self.seen.clear();
        self.writes = 0;
    }

    /// Names of the events since the last [`Bench::forget`], with their times.
    pub(crate) fn names(&self) -> Vec<(u64, &'static str)> {
        self.events.iter().map(|(at, kind)| (*at, kind.name())).collect()
    }

    /// Times of the reports since the last [`Bench::forget`].
    pub(crate) fn reports(&self) -> Vec<u64> {
        let reports = self.seen.iter().filter(|(_, seen)| matches!(seen, Seen::Report(_)));
        reports.map(|(at, _)| *at).collect()
    }

    /// What is stored, for comparing.
    pub(crate) fn flash(&self) -> &Flash {
        &self.flash
    }
}

pub(crate) fn stored(flash: &Flash) -> Stored<'_> {
    let [identity, ledger] =
        flash.each_ref().map(|slots| slots.each_ref().map(|slot| slot.as_deref()));
    Stored { identity, ledger, counter: None }
}

fn fresh_counters() -> &'static Counters<'static, 8> {
    Box::leak(Box::new(Counters::new(&contact_center::FLEX)))
}
