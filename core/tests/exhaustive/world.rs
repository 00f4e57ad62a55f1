//! One device and everything around it, small enough to be copied at every branch.

use crate::alphabet::{OFF, Scale, Step};
use crate::keyed_hash::KeyedHash;
use crate::manager::{Asked, EPOCH, GOOD, Manager, REFUSED, ROOT, Said};
use crate::tables::{Causes, Observed};
use leasehold_core::agent::record::RECORD_MAX;
use leasehold_core::agent::transitions::Cause;
use leasehold_core::agent::{
    Agent, BUFFER_MIN, Command, Device, Input, Output, RecordKind, Stored, TransportError,
};
use leasehold_core::counters::Counters;
use leasehold_core::crypto::Crypto;
use leasehold_core::identity::Udi;
use leasehold_core::policy::PolicyBounds;
use leasehold_core::product::{Entitlement, LicenseType, ProductDefinition};
use leasehold_core::products::contact_center::{self, FLEX};
use leasehold_core::time::{Instant, Now, UnixTime};
use std::sync::LazyLock;

/// One seat licence without tiers: what tiers do is for the properties of the counters.
static SEATS: LicenseType<'static> = LicenseType {
    entitlements: &[Entitlement { chain: None, ..FLEX.entitlements[0] }],
    features: &[FLEX.features[0]],
    ..FLEX
};
static GOOD_TEXT: LazyLock<String> = LazyLock::new(|| GOOD.to_text().as_str().to_owned());
static REFUSED_TEXT: LazyLock<String> = LazyLock::new(|| REFUSED.to_text().as_str().to_owned());

pub(crate) type Seats<'a> = Counters<'a, 1>;
pub(crate) type Device1<'a> = Agent<'a, KeyedHash, 1>;

/// The product played on `scale`.
pub(crate) fn definition(scale: &Scale) -> ProductDefinition<'static> {
    ProductDefinition {
        license_types: core::slice::from_ref(&SEATS),
        policy: scale.policy,
        policy_bounds: PolicyBounds::fixed(scale.policy),
        ..contact_center::definition(KeyedHash.public_key(&ROOT).unwrap())
    }
}

/// Nothing in use.
pub(crate) const fn no_use<'a>() -> Seats<'a> {
    Counters::new(&SEATS)
}

static ABOUT: Device<'static> = Device {
    udi: Udi { product_id: "LH-CC", serial_number: "A1B2C3", uuid: None },
    host_name: "",
    software_version: "1",
    size_profile: None,
};

/// A device that has not booted.
pub(crate) const fn switched_off<'a>(
    definition: &'a ProductDefinition<'a>,
    counters: &'a Seats<'a>,
) -> Device1<'a> {
    Agent::new(definition, counters, &ABOUT, KeyedHash)
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Link {
    Up,
    Down,
    /// Up, and down after the next answer.
    OneAnswer,
}

/// One attempt to ask the manager.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Contact {
    /// Seconds since the world began.
    pub(crate) at: u64,
    pub(crate) asked: Asked,
    pub(crate) said: Said,
}

#[derive(Clone, Copy)]
pub(crate) struct Slot {
    length: usize,
    bytes: [u8; RECORD_MAX],
}

impl Slot {
    pub(crate) const EMPTY: Self = Self { length: 0, bytes: [0; RECORD_MAX] };

    pub(crate) fn written(&self) -> Option<&[u8]> {
        (self.length > 0).then(|| &self.bytes[..self.length])
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.length = bytes.len();
        self.bytes[..bytes.len()].copy_from_slice(bytes);
    }
}

pub(crate) struct World<'a> {
    pub(crate) scale: &'a Scale,
    off: &'a Device1<'a>,
    counters: &'a Seats<'a>,
    pub(crate) agent: Device1<'a>,
    /// By kind of record, two slots each.
    flash: [[Slot; 2]; 2],
    manager: Manager,
    link: Link,
    /// How far the real-time clock is ahead of true time, in seconds; `None` without a clock.
    pub(crate) clock_ahead: Option<i64>,
    /// Seconds since the world began: true time.
    pub(crate) time: u64,
    booted_at: u64,
    boots: u8,
    /// The contacts of the last step, in order.
    pub(crate) contacts: Vec<Contact>,
}

impl<'a> World<'a> {
    /// A device that was switched on for the first time.
    pub(crate) fn new(scale: &'a Scale, off: &'a Device1<'a>, counters: &'a Seats<'a>) -> Self {
        let mut world = Self {
            scale,
            off,
            counters,
            agent: off.fork(counters),
            flash: [[Slot::EMPTY; 2]; 2],
            manager: Manager::new(scale.policy),
            link: Link::Up,
            clock_ahead: Some(0),
            time: 0,
            booted_at: 0,
            boots: 0,
            contacts: Vec::new(),
        };
        world.boot(&mut Observed::default());
        world
    }

    /// A copy that goes on by itself and counts in `counters`.
    pub(crate) fn fork(&self, counters: &'a Seats<'a>) -> Self {
        Self { counters, agent: self.agent.fork(counters), contacts: Vec::new(), ..*self }
    }

    /// Plays one input; says whether a command was carried out.
    pub(crate) fn play(&mut self, step: Step, observed: &mut Observed) -> bool {
        self.contacts.clear();
        match step {
            Step::Register => return self.register(&GOOD_TEXT, false, observed),
            Step::RegisterRefused => return self.register(&REFUSED_TEXT, true, observed),
            Step::RegisterForce => return self.register(&GOOD_TEXT, true, observed),
            Step::RegisterThenCut => {
                if self.link == Link::Up {
                    self.link = Link::OneAnswer;
                }
                let accepted = self.register(&GOOD_TEXT, true, observed);
                self.link = Link::Down;
                return accepted;
            }
            Step::Deregister => {
                return self.input(
                    Input::Command(Command::Deregister),
                    Cause::Deregister,
                    observed,
                );
            }
            Step::Remove => self.manager.remove(),
            Step::Link => {
                self.link = if self.link == Link::Up { Link::Down } else { Link::Up };
            }
            Step::Use => self.next_use(observed),
            Step::Pool => self.manager.owned = 1 - self.manager.owned,
            Step::Short => self.run(self.scale.short, observed),
            Step::Long => self.run(self.scale.long, observed),
            Step::Reboot => {
                self.stop(observed);
                self.power_cycle(OFF, observed);
            }
        }
        true
    }

    /// The link is up for as long as one `renew auth` takes.
    pub(crate) fn ask(&mut self, observed: &mut Observed) {
        self.link = Link::Up;
        self.input(Input::Command(Command::RenewAuthorization), Cause::NoAnswer, observed);
        self.link = Link::Down;
    }

    /// Loses power, and boots `off` seconds later.
    pub(crate) fn power_cycle(&mut self, off: u64, observed: &mut Observed) {
        self.time += off;
        self.boot(observed);
    }

    /// Stops in order: everything is stored.
    pub(crate) fn stop(&mut self, observed: &mut Observed) {
        self.handle(Input::Stopping, None, observed);
        self.settle(observed);
    }

    /// Runs until `seconds` later, waking whenever the agent asks.
    pub(crate) fn run(&mut self, seconds: u64, observed: &mut Observed) {
        let end = self.time + seconds;
        while let Some(at) = self.settle(observed).filter(|&at| at <= end) {
            assert!(at > self.time, "woken without anything to do at {}", self.time);
            self.time = at;
            self.handle(Input::Wake, None, observed);
        }
        self.time = end;
        self.handle(Input::Wake, None, observed);
        self.settle(observed);
    }

    fn register(&mut self, token: &str, force: bool, observed: &mut Observed) -> bool {
        let command = Command::Register { token, force };
        self.input(Input::Command(command), Cause::Register, observed)
    }

    fn next_use(&mut self, observed: &mut Observed) {
        let seat = self.counters.feature("standard-seat").unwrap();
        let in_use = self.counters.counts().in_use[0];
        let cause = if in_use == 2 {
            self.counters.release(seat, 2).unwrap();
            Cause::UseEnded
        } else {
            self.counters.acquire(seat, 1).unwrap();
            Cause::UseBegan
        };
        self.input(Input::Wake, cause, observed);
    }

    fn now(&self) -> Now {
        let uptime = Instant::from_secs((self.time - self.booted_at) as u32);
        let clock = |ahead| UnixTime::from_secs((EPOCH + self.time).saturating_add_signed(ahead));
        Now { uptime, real_time: self.clock_ahead.map(clock) }
    }

    fn boot(&mut self, observed: &mut Observed) {
        let before = Causes::of(&self.agent);
        self.booted_at = self.time;
        self.boots += 1;
        // With nothing in use (SPEC X9).
        self.agent = self.off.fork(self.counters);
        let now = self.now();
        let [identity, ledger] =
            self.flash.each_ref().map(|slots| slots.each_ref().map(Slot::written));
        self.agent.boot(now, Stored { identity, ledger, counter: None }).unwrap();
        if self.boots > 1 {
            observed.note(&before, Some(Cause::Boot), &self.agent);
        }
        self.settle(observed);
    }

    fn input(&mut self, input: Input<'_>, cause: Cause, observed: &mut Observed) -> bool {
        let accepted = self.handle(input, Some(cause), observed);
        self.settle(observed);
        accepted
    }

    /// Gives the agent one input. What time brought about is noted as that, and anything else as
    /// `cause`.
    fn handle(&mut self, input: Input<'_>, cause: Option<Cause>, observed: &mut Observed) -> bool {
        let before = Causes::of(&self.agent);
        let now = self.now();
        let accepted = self.agent.handle_input(now, input).is_ok();
        observed.note(&before, cause, &self.agent);
        accepted
    }

    /// Does what the agent asks until it waits; gives when it wants to be woken.
    fn settle(&mut self, observed: &mut Observed) -> Option<u64> {
        let mut buffer = [0; BUFFER_MIN];
        loop {
            match self.agent.poll_output(&mut buffer) {
                Output::Wait(at) => return at.map(|at| self.booted_at + u64::from(at.as_secs())),
                Output::Event(_) => {}
                Output::NeedEntropy => {
                    let seed = [self.boots; 32];
                    self.handle(Input::Entropy(&seed), None, observed);
                }
                Output::Persist { record, slot, length } => {
                    let kind = usize::from(record == RecordKind::Ledger);
                    self.flash[kind][slot].write(&buffer[..length]);
                    self.handle(Input::Persisted(record), None, observed);
                }
                Output::Transmit { length } => self.transmit(&buffer[..length], observed),
                Output::RaiseCounter { .. } => panic!("there is none"),
            }
        }
    }

    fn transmit(&mut self, frame: &[u8], observed: &mut Observed) {
        let mut buffer = [0; BUFFER_MIN];
        let (asked, said, length) = if self.link == Link::Down {
            (Manager::read(frame), Said::Nothing, 0)
        } else {
            self.manager.answer(frame, self.time, &mut buffer)
        };
        if self.link == Link::OneAnswer {
            self.link = Link::Down;
        }
        self.contacts.push(Contact { at: self.time, asked, said });
        let input = match said {
            Said::Nothing => Input::TransportFailed(TransportError::Unreachable),
            _ => Input::Received(&buffer[..length]),
        };
        self.handle(input, Some(answer_cause(asked, said)), observed);
    }
}

const fn answer_cause(asked: Asked, said: Said) -> Cause {
    match (asked, said) {
        (Asked::Deregister, _) => Cause::Deregister,
        (_, Said::Nothing) => Cause::NoAnswer,
        (_, Said::Registered) => Cause::Registered,
        (_, Said::Refused) => Cause::RegistrationRefused,
        (_, Said::Gone) => Cause::InstanceRemoved,
        (_, Said::Covered) => Cause::Covered,
        (_, Said::NotCovered { .. }) => Cause::NotCovered,
        (_, Said::Renewed | Said::Deregistered) => Cause::CertificateRenewed,
    }
}
