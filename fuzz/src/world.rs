//! One agent, its flash, its counter, its clocks and its manager, and what must hold whatever happens
//! to them.

use crate::keyed_hash::KeyedHash;
use crate::manager::{Manager, ROOT, public, reservation_key};
use crate::promises::{Codes, Promises};
use crate::step::{AnswerTwist, Deed, GivenCode, LastWrite, Link, Saying, Step, Unasked, Unit};
use crate::{OUTPUTS_MAX, TOLD};
use leasehold_core::agent::{
    Agent, BUFFER_MIN, Command, Device, Input, Output, RecordKind, RegistrationState,
    ReservationCommand, Stored, TransportError,
};
use leasehold_core::code::RequestCode;
use leasehold_core::counters::Counters;
use leasehold_core::identity::Udi;
use leasehold_core::product::ProductDefinition;
use leasehold_core::products::contact_center;
use leasehold_core::time::{Instant, Now, UnixTime};
use leasehold_core::token::Token;
use leasehold_core::wire::{RequestBody, RequestFrame, RequestNumber};
use std::collections::BTreeMap;

/// The manager's clock when a world begins.
pub const EPOCH: u64 = 1_800_000_000;
/// How often the agent is woken in one step at most.
const WAKES: usize = 48;
/// The end of time: uptimes have 32 bits.
const END: u64 = 4_000_000_000;

/// The agent of a world.
pub type Machine<'a> = Agent<'a, KeyedHash, 8>;
/// Two slots of the identity, two of the ledger.
pub type Flash = [[Option<Vec<u8>>; 2]; 2];

/// The product of every world.
pub fn definition() -> ProductDefinition<'static> {
    let definition = contact_center::definition(public(&ROOT));
    ProductDefinition { reservation_key: Some(reservation_key()), ..definition }
}

/// The appliance of every world.
pub const DEVICE: Device<'static> = Device {
    udi: Udi { product_id: contact_center::PRODUCT_ID, serial_number: "A1B2C3", uuid: None },
    host_name: "pbx-1",
    software_version: "0.1",
    size_profile: None,
};

/// Counters of a product as it comes out of the box.
pub fn counters<'a>(definition: &'a ProductDefinition<'a>) -> Counters<'a, 8> {
    Counters::new(&definition.license_types[0])
}

/// What a boot finds.
pub fn stored(flash: &Flash, counter: Option<u32>) -> Stored<'_> {
    let [identity, ledger] =
        flash.each_ref().map(|slots| slots.each_ref().map(|slot| slot.as_deref()));
    Stored { identity, ledger, counter }
}

/// Features of all license types, and one that none has.
const FEATURES: [&str; 9] = [
    "standard-seat",
    "premium-seat",
    "agent-seat",
    "inbound-port",
    "outbound-port",
    "outbound-seat",
    "ivr-port",
    "server",
    "nothing",
];

/// What works, and what does not.
#[derive(Clone, Copy)]
struct Works {
    identity: bool,
    ledger: bool,
    counter: bool,
}

/// One device and its world.
pub struct World<'a> {
    definition: &'a ProductDefinition<'a>,
    /// An agent that was never booted: what a boot begins with.
    off: &'a Machine<'a>,
    counters: &'a Counters<'a, 8>,
    /// Those of a second agent, which is booted to see what is durable.
    probe: &'a Counters<'a, 8>,
    agent: Machine<'a>,
    flash: Flash,
    backup: Option<Flash>,
    counter: Option<u32>,
    works: Works,
    cut: Option<(u8, LastWrite)>,
    powered: bool,
    manager: Manager,
    link: Link,
    /// Seconds since the world began.
    time: u64,
    booted_at: u64,
    boots: u32,
    /// How far the real-time clock is ahead, and whether there is one.
    clock: (i64, bool),
    told: Option<u32>,
    /// Something was put back or decayed: what only storage tells may have been undone.
    tampered: bool,
    sent: BTreeMap<(u32, u32), Vec<u8>>,
    reported: BTreeMap<u32, u32>,
    promises: Promises,
    checked: Option<Codes>,
    last_request: Option<RequestCode>,
    made: Vec<String>,
}

impl<'a> World<'a> {
    /// A device that just came out of its box, on a platform with or without a counter, and is
    /// switched on. `off` was never booted.
    pub fn new(
        definition: &'a ProductDefinition<'a>,
        off: &'a Machine<'a>,
        [counters, probe]: [&'a Counters<'a, 8>; 2],
        has_counter: bool,
    ) -> Self {
        let mut world = Self {
            definition,
            off,
            counters,
            probe,
            agent: off.fork(counters),
            flash: Flash::default(),
            backup: None,
            counter: has_counter.then_some(0),
            works: Works { identity: true, ledger: true, counter: true },
            cut: None,
            powered: false,
            manager: Manager::new(UnixTime::from_secs(EPOCH)),
            link: Link::Up,
            time: 0,
            booted_at: 0,
            boots: 0,
            clock: (0, true),
            told: None,
            tampered: false,
            sent: BTreeMap::new(),
            reported: BTreeMap::new(),
            promises: Promises::default(),
            checked: None,
            last_request: None,
            made: Vec::new(),
        };
        world.boot();
        world
    }

    /// Lets one thing happen, and everything that follows from it at that moment.
    pub fn play(&mut self, step: Step) {
        match step {
            Step::Run { unit, times } => self.run(after(unit, times)),
            Step::Sleep { unit, times } => self.pass(after(unit, times)),
            Step::Wake => self.input(Input::Wake),
            Step::Acquire { feature, n } => self.acquire(feature, n.into()),
            Step::Release { feature, n } => {
                if let Some(feature) = self.counters.feature(name(feature)) {
                    // More than is in use is refused.
                    let _ = self.counters.release(feature, n.into());
                }
                self.input(Input::Wake);
            }
            Step::Command(deed) => self.command(&deed),
            Step::Install(given) => {
                let code = self.code(&given);
                self.install(&code);
            }
            Step::ReturnAuthorization(given) => {
                let code = self.code(&given);
                self.reserve(ReservationCommand::ReturnAuthorization(&code));
            }
            Step::Again { which, give_back } => {
                let index = usize::from(which) % self.made.len().max(1);
                let Some(code) = self.made.get(index).cloned() else { return };
                if give_back {
                    self.reserve(ReservationCommand::ReturnAuthorization(&code));
                } else {
                    self.install(&code);
                }
            }
            Step::InstallText(text) => self.install(&String::from_utf8_lossy(&text)),
            Step::Link(link) => self.link = link,
            Step::Answer { says, twist } => {
                let answer = self.answer(&says, twist);
                self.input(Input::Received(&answer));
            }
            Step::Receive(bytes) => self.input(Input::Received(&bytes)),
            Step::TransportFailed(which) => {
                self.input(Input::TransportFailed(transport_error(which)));
            }
            Step::LinkChanged => self.input(Input::LinkChanged),
            Step::Stopping => self.input(Input::Stopping),
            Step::Clock(by) => {
                self.clock.0 += i64::from(by);
                self.input(Input::Wake);
            }
            Step::HasClock(there) => self.clock.1 = there,
            Step::Unasked(unasked) => self.unasked(unasked),
            Step::Works { identity, ledger, counter } => {
                self.works = Works { identity, ledger, counter };
            }
            Step::Cut { writes, last } => self.cut = Some((writes, last)),
            Step::Reboot { unit, times } => {
                self.pass(after(unit, times));
                self.boot();
            }
            Step::Backup => self.backup = Some(self.flash.clone()),
            Step::Restore { identity, ledger } => self.restore(identity, ledger),
            Step::Decay { slot, place, bits } => self.decay(slot, place, bits),
        }
        if !self.powered {
            self.boot();
        }
    }

    /// The agent, as it is now.
    pub const fn agent(&self) -> &Machine<'a> {
        &self.agent
    }

    /// What is stored now, and where the counter stands.
    pub fn kept(&self) -> (&Flash, Option<u32>) {
        (&self.flash, self.counter)
    }

    fn now(&self) -> Now {
        let uptime = u32::try_from(self.time - self.booted_at).unwrap_or(u32::MAX);
        let (ahead, there) = self.clock;
        let real_time = UnixTime::from_secs((EPOCH + self.time).saturating_add_signed(ahead));
        Now { uptime: Instant::from_secs(uptime), real_time: there.then_some(real_time) }
    }

    fn boot(&mut self) {
        (self.booted_at, self.powered, self.cut, self.told) = (self.time, true, None, None);
        self.boots += 1;
        self.agent = self.off.fork(self.counters);
        let found = stored(&self.flash, self.counter);
        let booted = self.agent.boot(self.now(), found);
        booted.expect("no newer version wrote this");
        self.settle();
    }

    /// What a device that booted now would show, once it has come to rest.
    fn durable_codes(&self) -> Codes {
        let mut agent = self.off.fork(self.probe);
        let booted = agent.boot(self.now(), stored(&self.flash, self.counter));
        booted.expect("no newer version wrote this");
        let mut buffer = [0; BUFFER_MIN];
        for _ in 0..OUTPUTS_MAX {
            let input = match agent.poll_output(&mut buffer) {
                Output::Wait(_) => break,
                Output::Persist { record, .. } => Input::Persisted(record),
                Output::RaiseCounter { to } => Input::CounterRaised(to),
                _ => continue,
            };
            let _ = agent.handle_input(self.now(), input);
        }
        Codes::of(&agent)
    }

    fn pass(&mut self, seconds: u64) {
        self.time = self.time.saturating_add(seconds).min(END);
    }

    fn run(&mut self, seconds: u64) {
        let end = self.time.saturating_add(seconds).min(END);
        // It may not know yet what time it is.
        self.input(Input::Wake);
        for _ in 0..WAKES {
            let Some(at) = self.settle().filter(|&at| at <= end) else { break };
            assert!(at > self.time, "woken without anything to do at {}", self.time);
            self.time = at;
            self.input(Input::Wake);
            if !self.powered {
                return;
            }
        }
        if self.settle().is_none_or(|at| at > end) {
            self.time = end;
        }
        self.input(Input::Wake);
    }

    fn input(&mut self, input: Input<'_>) {
        // A command that cannot be carried out is refused; nothing else can be.
        let _ = self.agent.handle_input(self.now(), input);
        self.settle();
    }

    fn command(&mut self, deed: &Deed) {
        let token = Token([5; 20]).to_text();
        let text;
        let command = match deed {
            Deed::Register { force } => Command::Register { token: &token, force: *force },
            Deed::RegisterText(bytes) => {
                text = String::from_utf8_lossy(bytes);
                Command::Register { token: &text, force: false }
            }
            Deed::Deregister => Command::Deregister,
            Deed::RenewAuthorization => Command::RenewAuthorization,
            Deed::RenewCertificate => Command::RenewCertificate,
            Deed::SelectLicenseType(which) => {
                let known = self.definition.license_types;
                let chosen = known.get(usize::from(*which) % (known.len() + 1));
                Command::SelectLicenseType(chosen.map_or("nothing", |chosen| chosen.name))
            }
            Deed::AllowOverage(allowed) => Command::AllowOverage(*allowed),
            Deed::Limit { feature, limit } => {
                Command::Limit { feature: name(*feature), limit: limit.map(Into::into) }
            }
            Deed::FactoryReset => Command::FactoryReset,
            Deed::Enable => Command::Reservation(ReservationCommand::Enable),
            Deed::Disable => Command::Reservation(ReservationCommand::Disable),
            Deed::Request { universal } => {
                Command::Reservation(ReservationCommand::Request { universal: *universal })
            }
            Deed::Cancel => Command::Reservation(ReservationCommand::Cancel),
            Deed::Return => Command::Reservation(ReservationCommand::Return),
        };
        self.input(Input::Command(command));
    }

    fn reserve(&mut self, command: ReservationCommand<'_>) {
        self.input(Input::Command(Command::Reservation(command)));
    }

    fn install(&mut self, code: &str) {
        // Time first: it may end what is installed.
        self.input(Input::Wake);
        let generation = |agent: &Machine<'_>| {
            let installed = agent.reservation().and_then(|held| held.installed);
            installed.map(|installed| installed.generation)
        };
        let before = generation(&self.agent);
        let command = Command::Reservation(ReservationCommand::Install(code));
        let done = self.agent.handle_input(self.now(), Input::Command(command)).is_ok();
        let after = generation(&self.agent);
        assert!(if done { after > before } else { after == before }, "nothing is installed twice");
        self.settle();
    }

    fn code(&mut self, given: &GivenCode) -> String {
        let shown = self.agent.request_code().or_else(|| self.last_request.clone());
        let Some(request) = shown else { return String::new() };
        let installed = self.agent.reservation().and_then(|held| held.installed);
        let installed = installed.map(|installed| installed.generation);
        let now = EPOCH + self.time;
        let definition = self.definition;
        let code = self.manager.authorization_code(definition, &request, installed, now, given);
        self.made.push(code.clone());
        code
    }

    fn acquire(&mut self, feature: u8, n: u32) {
        let short = |agent: &Machine<'_>| {
            let installed = agent.reservation().and_then(|held| held.installed);
            installed.is_some_and(|installed| installed.short_since.is_some())
        };
        self.input(Input::Wake);
        let was_short = short(&self.agent);
        let done = match self.counters.feature(name(feature)) {
            Some(feature) => self.counters.acquire(feature, n).is_ok(),
            None => false,
        };
        self.input(Input::Wake);
        let reserved = self.agent.status().registration == RegistrationState::Reserved;
        if self.powered && done && reserved && !was_short {
            assert!(!short(&self.agent), "more is in use than is reserved");
        }
    }

    fn answer(&mut self, says: &Saying, twist: AnswerTwist) -> Vec<u8> {
        self.manager.answer(&DEVICE.udi, EPOCH + self.time, says, twist)
    }

    fn unasked(&mut self, unasked: Unasked) {
        let kind = |ledger| if ledger { RecordKind::Ledger } else { RecordKind::Identity };
        match unasked {
            Unasked::Entropy(byte) => self.input(Input::Entropy(&[byte; 32])),
            Unasked::Persisted { ledger } => self.input(Input::Persisted(kind(ledger))),
            Unasked::PersistFailed { ledger } => self.input(Input::PersistFailed(kind(ledger))),
            Unasked::CounterFailed => self.input(Input::CounterFailed),
        }
    }

    fn restore(&mut self, identity: bool, ledger: bool) {
        let Some(backup) = &self.backup else { return };
        let [identity_slots, ledger_slots] = backup.clone();
        if identity {
            self.flash[0] = identity_slots;
        }
        if ledger {
            self.flash[1] = ledger_slots;
        }
        self.tamper();
    }

    fn decay(&mut self, slot: u8, place: u16, bits: u8) {
        let slot = usize::from(slot % 4);
        let stored = &mut self.flash[slot / 2][slot % 2];
        match (bits, &mut *stored) {
            (0, _) => *stored = None,
            (_, Some(bytes)) => {
                let place = usize::from(place) % bytes.len().max(1);
                bytes.get_mut(place).into_iter().for_each(|byte| *byte ^= bits);
            }
            (_, None) => *stored = Some(vec![bits; 64]),
        }
        self.tamper();
    }

    /// What is stored was changed behind the device's back, and it boots.
    fn tamper(&mut self) {
        self.tampered = true;
        self.sent.clear();
        self.reported.clear();
        self.checked = None;
        self.boot();
    }

    /// Whether what codes promise holds whatever becomes of storage (SPEC S5).
    const fn promises_hold(&self) -> bool {
        self.counter.is_some() || !self.tampered
    }

    /// Does what the agent asks until it waits; gives when it wants to be woken.
    fn settle(&mut self) -> Option<u64> {
        let mut buffer = [0; BUFFER_MIN];
        for _ in 0..OUTPUTS_MAX {
            if !self.powered {
                return None;
            }
            self.check_codes();
            let output = self.agent.poll_output(&mut buffer);
            if *TOLD {
                eprintln!("    {output:?}");
            }
            let input = match output {
                Output::Wait(at) => return at.map(|at| self.booted_at + u64::from(at.as_secs())),
                Output::Event(event) => {
                    let later = self.told.is_none_or(|told| event.sequence > told);
                    assert!(later, "events are numbered: {event:?}");
                    self.told = Some(event.sequence);
                    continue;
                }
                Output::NeedEntropy => {
                    let mut seed = [0x5a; 32];
                    seed[..4].copy_from_slice(&self.boots.to_le_bytes());
                    let _ = self.agent.handle_input(self.now(), Input::Entropy(&seed));
                    continue;
                }
                Output::Persist { record, slot, length } => {
                    self.persist(record, slot, &buffer[..length])
                }
                Output::RaiseCounter { to } => self.raise_counter(to),
                Output::Transmit { length } => {
                    self.transmit(&buffer[..length]);
                    continue;
                }
            };
            if let Some(input) = input {
                let _ = self.agent.handle_input(self.now(), input);
            }
        }
        panic!("the agent never waits");
    }

    /// No code is shown that a loss of power at this moment would undo, and none breaks what another
    /// one promised (SPEC S5).
    fn check_codes(&mut self) {
        let held = self.agent.reservation();
        if self.promises_hold()
            && let Some(held) = held
        {
            self.promises.check(held.number, held.installed.map(|installed| installed.generation));
        }
        let codes = Codes::of(&self.agent);
        if self.checked.as_ref() == Some(&codes) {
            return;
        }
        let durable = self.durable_codes();
        let holds = [
            codes.request.is_none() || durable.request == codes.request,
            codes.confirmation.is_none() || durable.confirmation == codes.confirmation,
            codes.returned.is_none() || durable.returned == codes.returned,
        ];
        assert_eq!(holds, [true; 3], "shown {codes:?}, and durable are {durable:?}");
        if self.promises_hold() {
            self.promises.note(&codes);
        }
        if codes.request.is_some() {
            self.last_request.clone_from(&codes.request);
        }
        self.checked = Some(codes);
    }

    fn persist(&mut self, record: RecordKind, slot: usize, bytes: &[u8]) -> Option<Input<'static>> {
        let ledger = record == RecordKind::Ledger;
        if !(if ledger { self.works.ledger } else { self.works.identity }) {
            return Some(Input::PersistFailed(record));
        }
        let stored = &mut self.flash[usize::from(ledger)][slot];
        match &mut self.cut {
            Some((0, last)) => {
                match last {
                    LastWrite::Lost => {}
                    LastWrite::Torn(length) => {
                        let length = usize::from(*length) % bytes.len();
                        *stored = Some(bytes[..length].into());
                    }
                    LastWrite::Done => *stored = Some(bytes.into()),
                }
                self.powered = false;
                return None;
            }
            Some((left, _)) => *left -= 1,
            None => {}
        }
        *stored = Some(bytes.into());
        self.checked = None;
        Some(Input::Persisted(record))
    }

    fn raise_counter(&mut self, to: u32) -> Option<Input<'static>> {
        let counter = self.counter.as_mut().expect("only where the platform has one");
        assert!(to > *counter, "it only grows");
        if !self.works.counter {
            return Some(Input::CounterFailed);
        }
        match &mut self.cut {
            Some((0, last)) => {
                if matches!(last, LastWrite::Done) {
                    *counter = to;
                }
                self.powered = false;
                return None;
            }
            Some((left, _)) => *left -= 1,
            None => {}
        }
        *counter = to;
        self.checked = None;
        Some(Input::CounterRaised(to))
    }

    fn transmit(&mut self, bytes: &[u8]) {
        let frame = RequestFrame::parse(&KeyedHash, bytes).expect("a device's own request");
        self.check_number(frame.request.number, &frame.request.body, bytes);
        self.manager.take(&frame);
        match self.link {
            Link::Silent => {}
            Link::Down => {
                let failed = Input::TransportFailed(TransportError::Unreachable);
                let _ = self.agent.handle_input(self.now(), failed);
            }
            Link::Up => {
                let answer = self.answer(&Saying::Fitting, AnswerTwist::Nothing);
                let _ = self.agent.handle_input(self.now(), Input::Received(&answer));
            }
        }
    }

    /// Two requests never share a number, and within an epoch those of a registered device only grow
    /// (SPEC T4, T5).
    fn check_number(&mut self, number: RequestNumber, body: &RequestBody<'_>, bytes: &[u8]) {
        let RequestNumber { epoch, sequence } = number;
        let before = self.sent.insert((epoch, sequence), bytes.into());
        assert!(before.is_none_or(|before| before == bytes), "two requests of number {number:?}");
        if !matches!(body, RequestBody::Register(_)) {
            let before = self.reported.insert(epoch, sequence);
            assert!(before.is_none_or(|before| before < sequence), "{number:?} goes back");
        }
    }
}

fn after(unit: Unit, times: u8) -> u64 {
    unit.seconds() * u64::from(times)
}

fn name(feature: u8) -> &'static str {
    FEATURES[usize::from(feature) % FEATURES.len()]
}

fn transport_error(which: u8) -> TransportError {
    match which % 6 {
        0 => TransportError::NotConfigured,
        1 => TransportError::NameNotResolved,
        2 => TransportError::TimedOut,
        3 => TransportError::HttpStatus(500),
        4 => TransportError::ConnectionLost,
        _ => TransportError::AnswerTooLong,
    }
}
