//! One agent, its storage, its clocks and its manager, and what must hold whatever happens to them.
//!
//! `deeds` is what people do to the device, `settling` what the device asks of its platform, and
//! `checks` what must hold; promises that codes make and numbers of requests have modules of their
//! own.

mod checks;
mod deeds;
mod settling;

use crate::appliance::{Appliance, Machine, UDI};
use crate::clocks::Clocks;
use crate::manager::{Given, Manager};
use crate::promises::Promises;
use crate::requests::Requests;
use crate::step::{AnswerTwist, Link, Saying, Step, Unasked, Unit};
use crate::storage::{Flash, Storage, Works};
use checks::{Held, Strictness};
use leasehold_core::agent::{
    BUFFER_MIN, CommandError, Input, Output, RecordKind, ReservationStatus, TransportError,
};
use leasehold_core::code::{RequestCode, ReturnCode};
use leasehold_core::counters::Counters;
use leasehold_core::time::{Duration, UnixTime};
use std::cell::Cell;

/// How often the agent is woken in one step at most.
const WAKES: usize = 32;

/// One device and its world.
pub struct World<'a> {
    appliance: &'a Appliance,
    /// An agent that was never booted: what a boot begins with.
    off: &'a Machine<'a>,
    counters: &'a Counters<'a, 8>,
    /// Those of a second agent, which is booted to see what is durable.
    probe: &'a Counters<'a, 8>,
    keys: &'a Cell<bool>,
    agent: Machine<'a>,
    storage: Storage,
    clocks: Clocks,
    manager: Manager,
    link: Link,
    powered: bool,
    /// How often entropy was given: never the same twice.
    seeds: u32,
    buffer: [u8; BUFFER_MIN],
    /// When the agent wants to be woken.
    wake_at: Option<u64>,
    strictness: Strictness,
    /// What the last identity that was stored says, and the one that is being stored.
    held: [Held; 2],
    evaluation_left: Duration,
    /// The number that the next event must have.
    next_event: u32,
    requests: Requests,
    promises: Promises,
    /// What the codes that were last checked depend on, but for what is stored.
    checked: Option<(Option<ReservationStatus>, Option<ReturnCode>)>,
    last_request: Option<RequestCode>,
    made: Vec<String>,
}

impl<'a> World<'a> {
    /// A device that just came out of its box and is switched on. `off` was never booted, and its
    /// keys can be used while `keys` says so.
    pub fn new(
        appliance: &'a Appliance,
        off: &'a Machine<'a>,
        [counters, probe]: [&'a Counters<'a, 8>; 2],
        keys: &'a Cell<bool>,
    ) -> Self {
        let clocks = Clocks::new();
        let mut world = Self {
            appliance,
            off,
            counters,
            probe,
            keys,
            agent: off.fork(counters),
            storage: Storage::new(appliance.has_counter),
            manager: Manager::new(UnixTime::from_secs(clocks.managers())),
            clocks,
            link: Link::Up,
            powered: false,
            seeds: 0,
            buffer: [0; BUFFER_MIN],
            wake_at: None,
            strictness: Strictness::new(),
            held: [Held::default(); 2],
            evaluation_left: Duration::MAX,
            next_event: 0,
            requests: Requests::default(),
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
            Step::Sleep { unit, times } => {
                self.strictness.punctual = false;
                self.pass(after(unit, times));
            }
            Step::Wake => self.input(Input::Wake),
            Step::Acquire { feature, n } => self.acquire(feature, n.into()),
            Step::AcquireTooMuch { feature } => self.acquire_too_much(feature),
            Step::Release { feature, n } => self.release(feature, n.into()),
            Step::Command(deed) => self.command(&deed),
            Step::Install(given) => self.install_new(&given),
            Step::ReturnAuthorization(given) => self.give_back_new(&given),
            Step::Again { which, give_back } => self.use_again(which, give_back),
            Step::InstallText(text) => {
                self.install(&Given { text: String::from_utf8_lossy(&text).into(), forged: true });
            }
            Step::Link(link) => self.link = link,
            Step::Answer { says, twist } => {
                let answer = self.answer(&says, twist);
                self.receive(&answer);
            }
            Step::Receive(text) => self.receive(&Given { text, forged: true }),
            Step::TransportFailed(which) => {
                self.input(Input::TransportFailed(transport_error(which)));
            }
            Step::LinkChanged => self.input(Input::LinkChanged),
            Step::Stopping => self.input(Input::Stopping),
            Step::Clock { unit, times } => {
                self.clocks.set(i64::from(times).saturating_mul(unit.seconds().cast_signed()));
                self.input(Input::Wake);
            }
            Step::HasClock(there) => self.clocks.set_there(there),
            Step::Keys(usable) => self.keys.set(usable),
            Step::Unasked(unasked) => self.unasked(unasked),
            Step::Works { identity, ledger, counter, late } => {
                self.strictness.stores &= identity && ledger && !late;
                self.storage.set_works(Works { identity, ledger, counter, late });
            }
            Step::Cut { writes, last } => self.storage.cut_after(writes, last),
            Step::Reboot { unit, times } => {
                self.pass(after(unit, times));
                self.boot();
            }
            Step::Backup => self.storage.back_up(),
            Step::Restore { identity, ledger } => {
                if self.storage.restore(identity, ledger) {
                    self.tampered();
                }
            }
            Step::Decay { slot, place, bits } => {
                self.storage.decay(slot, place, bits);
                self.tampered();
            }
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
    pub const fn kept(&self) -> (&Flash, Option<u32>) {
        (self.storage.flash(), self.storage.counter())
    }

    fn boot(&mut self) {
        self.clocks.boot();
        self.storage.power_up();
        self.powered = true;
        self.next_event = 0;
        self.checked = None;
        self.agent = self.off.fork(self.counters);
        let early = self.agent.handle_input(self.clocks.now(), Input::Wake);
        assert_eq!(early, Err(CommandError::NotReady));
        assert_eq!(self.agent.poll_output(&mut self.buffer), Output::Wait(None));
        let booted = self.agent.boot(self.clocks.now(), self.storage.stored());
        booted.expect("no newer version wrote this");
        self.check_boot();
        self.settle();
    }

    /// What is stored was changed behind the device's back, and it boots.
    fn tampered(&mut self) {
        self.strictness.untouched = false;
        self.requests = Requests::default();
        self.boot();
    }

    fn pass(&mut self, seconds: u64) {
        self.clocks.pass_to(self.clocks.after(seconds));
    }

    /// Time passes, and the agent is woken whenever it asked for that; time stands still once that
    /// was too often.
    fn run(&mut self, seconds: u64) {
        let end = self.clocks.after(seconds);
        // It may not know yet what time it is.
        self.input(Input::Wake);
        for _ in 0..WAKES {
            if !self.powered {
                return;
            }
            let at = self.wake_at.filter(|&at| at <= end);
            assert!(at.is_none_or(|at| at > self.clocks.time()), "woken without anything to do");
            self.clocks.pass_to(at.unwrap_or(end));
            self.input(Input::Wake);
            if at.is_none() {
                return;
            }
        }
    }

    fn input(&mut self, input: Input<'_>) {
        // A command that cannot be carried out is refused; nothing else can be.
        let _ = self.agent.handle_input(self.clocks.now(), input);
        self.settle();
    }

    fn answer(&mut self, says: &Saying, twist: AnswerTwist) -> Given<Vec<u8>> {
        self.manager.answer(&UDI, self.clocks.managers(), says, twist)
    }

    fn seed(&mut self, byte: u8) -> [u8; 32] {
        self.seeds += 1;
        let mut seed = [byte; 32];
        seed[..4].copy_from_slice(&self.seeds.to_le_bytes());
        seed
    }

    fn unasked(&mut self, unasked: Unasked) {
        let kind = |ledger| if ledger { RecordKind::Ledger } else { RecordKind::Identity };
        match unasked {
            Unasked::Entropy(byte) => {
                let seed = self.seed(byte);
                self.input(Input::Entropy(&seed));
            }
            Unasked::Persisted { ledger } if self.storage.is_idle() => {
                self.input(Input::Persisted(kind(ledger)));
            }
            Unasked::PersistFailed { ledger } if self.storage.is_idle() => {
                self.input(Input::PersistFailed(kind(ledger)));
            }
            // What is not so would be a fault of the platform.
            Unasked::Persisted { .. } | Unasked::PersistFailed { .. } => {}
            Unasked::CounterRaised { by } => {
                let stands = self.storage.counter().unwrap_or_default();
                self.input(Input::CounterRaised(stands.saturating_sub(by.into())));
            }
            Unasked::CounterFailed => self.input(Input::CounterFailed),
        }
    }
}

fn after(unit: Unit, times: u8) -> u64 {
    unit.seconds() * u64::from(times)
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
