//! The device in its world, and the walk through its life that is measured.

use crate::manager::{Asked, Manager, Policies};
use crate::{BenchAgent, BenchCounters, Call, Probe};
use heapless::Vec;
use leasehold_core::agent::record::RECORD_MAX;
use leasehold_core::agent::{
    Agent, Buffer, Command, Device, Input, Output, RecordKind, ReservationCommand, Stored,
    TransportError,
};
use leasehold_core::crypto::Crypto;
use leasehold_core::identity::Udi;
use leasehold_core::product::ProductDefinition;
use leasehold_core::time::{Duration, Instant, Now, UnixTime};
use leasehold_core::token::Token;

type Slot = Vec<u8, RECORD_MAX>;

/// The manager's clock when the walk begins.
const BEGIN: UnixTime = UnixTime::from_secs(1_800_000_000);

/// A device, its flash, its link, and its manager.
pub struct World<'a, C, P> {
    crypto: C,
    definition: &'a ProductDefinition<'a>,
    device: &'a Device<'a>,
    /// What the device counts with.
    pub counters: &'a BenchCounters<'a>,
    agent: BenchAgent<'a, C>,
    /// Sees the calls into the agent.
    pub probe: P,
    /// Answers its requests.
    pub manager: Manager<C>,
    /// Whether requests reach the manager.
    pub link: bool,
    flash: [[Option<Slot>; 2]; 2],
    /// The platform's, which only grows.
    counter: u32,
    /// Records written.
    pub writes: u32,
    /// Bytes of the longest record written.
    pub longest_record: usize,
    /// Since the world began; the device booted then, and after each reboot again.
    now: Duration,
    booted: Duration,
    buffer: Buffer,
    answer: Buffer,
}

impl<'a, C: Crypto + Copy, P: Probe> World<'a, C, P> {
    /// A device that just came out of its box, switched on.
    pub fn new(
        crypto: C,
        definition: &'a ProductDefinition<'a>,
        device: &'a Device<'a>,
        counters: &'a BenchCounters<'a>,
        probe: P,
    ) -> Self {
        let mut world = Self {
            crypto,
            definition,
            device,
            counters,
            agent: Agent::new(definition, counters, device, crypto),
            probe,
            manager: Manager::new(crypto, BEGIN),
            link: true,
            flash: [[None, None], [None, None]],
            counter: 0,
            writes: 0,
            longest_record: 0,
            now: Duration::ZERO,
            booted: Duration::ZERO,
            buffer: [0; _],
            answer: [0; _],
        };
        world.boot();
        world
    }

    /// Every kind of call, input, request and answer once or more: where an agent goes deepest is
    /// on this way.
    pub fn walk(&mut self) {
        self.change_use(1, 0);
        // Not reached, then reached; over-use, pending and breached; bought.
        self.link = false;
        self.register();
        self.link = true;
        self.input(Input::LinkChanged);
        self.run(Duration::from_hours(1));
        self.manager.owned = 1_000;
        self.input(Input::Command(Command::RenewAuthorization));
        self.input(Input::Command(Command::RenewCertificate));
        // An outage, and a boot in it.
        self.link = false;
        self.input(Input::Command(Command::RenewAuthorization));
        self.run(Duration::from_hours(10));
        self.reboot();
        self.change_use(1, 0);
        self.link = true;
        self.manager.policies = Policies::Products;
        self.run(Duration::from_hours(10));
        self.register();
        self.input(Input::Command(Command::Deregister));
        self.change_use(0, 1);
        self.reserve();
        let Asked { registrations, reports, renewals, deregistrations } = self.manager.asked;
        assert!(registrations == 2 && reports > 4 && renewals == 1 && deregistrations == 1);
    }

    /// Reserves as many licences as there is room for, updates them, and returns them.
    pub fn reserve(&mut self) {
        self.step(ReservationCommand::Enable);
        self.step(ReservationCommand::Request { universal: false });
        for generation in 0..2 {
            let request = self.agent.request_code().expect("it is stored");
            let at = BEGIN.saturating_add(self.now);
            let code = self.manager.authorize(&request, self.definition, generation, at);
            self.step(ReservationCommand::Install(&code));
        }
        assert!(self.agent.confirmation_code().is_some());
        self.step(ReservationCommand::Return);
        assert!(self.agent.return_code().is_some());
    }

    fn step(&mut self, command: ReservationCommand<'_>) {
        self.input(Input::Command(Command::Reservation(command)));
    }

    /// Registers, or registers again.
    pub fn register(&mut self) {
        let token = Token([5; 20]).to_text();
        self.input(Input::Command(Command::Register { token: &token, force: true }));
    }

    /// Takes and gives back so many of the first feature, and tells the agent.
    pub fn change_use(&mut self, taken: u32, given: u32) {
        let first = self.counters.license_type().features.first().expect("a feature");
        let feature = self.counters.feature(first.name).expect("its id");
        self.counters.acquire(feature, taken).expect("room");
        self.counters.release(feature, given).expect("taken before");
        self.input(Input::Wake);
    }

    /// Switches off and on. The use is given back first: a boot starts without.
    pub fn reboot(&mut self) {
        self.change_use(0, 1);
        self.agent = Agent::new(self.definition, self.counters, self.device, self.crypto);
        self.boot();
    }

    /// Lets `span` pass, waking the agent when it asks.
    pub fn run(&mut self, span: Duration) {
        let end = self.now.saturating_add(span);
        while let Some(wake) = self.settle() {
            let wake = self.booted.saturating_add(wake.saturating_since(Instant::default()));
            if wake > end {
                break;
            }
            self.now = wake;
            self.handle(Input::Wake);
        }
        self.now = end;
        self.input(Input::Wake);
    }

    /// Tells the agent, and does what it asks then.
    pub fn input(&mut self, input: Input<'_>) {
        self.handle(input);
        self.settle();
    }

    fn boot(&mut self) {
        self.booted = self.now;
        let now = self.now();
        let [identity, ledger] =
            self.flash.each_ref().map(|slots| slots.each_ref().map(|slot| slot.as_deref()));
        let stored = Stored { identity, ledger, counter: Some(self.counter) };
        let agent = &mut self.agent;
        let booted = self.probe.around(Call::Boot, || agent.boot(now, stored));
        booted.expect("no newer record");
        self.settle();
    }

    fn handle(&mut self, input: Input<'_>) {
        let now = self.now();
        let agent = &mut self.agent;
        let done = self.probe.around(Call::HandleInput, || agent.handle_input(now, input));
        done.expect("a command that can be carried out");
    }

    /// Does what the agent asks until it waits; gives until when.
    fn settle(&mut self) -> Option<Instant> {
        loop {
            let (agent, buffer) = (&mut self.agent, &mut self.buffer);
            match self.probe.around(Call::PollOutput, || agent.poll_output(buffer)) {
                Output::Wait(until) => return until,
                Output::NeedEntropy => self.handle(Input::Entropy(&[3; 32])),
                Output::Persist { record, slot, length } => self.persist(record, slot, length),
                Output::RaiseCounter { to } => {
                    self.counter = to;
                    self.handle(Input::CounterRaised(to));
                }
                Output::Transmit { length } => self.transmit(length),
                _ => {}
            }
        }
    }

    fn persist(&mut self, record: RecordKind, slot: usize, length: usize) {
        let kind = usize::from(record == RecordKind::Ledger);
        let bytes = Vec::from_slice(&self.buffer[..length]).expect("a record that fits");
        self.flash[kind][slot] = Some(bytes);
        self.writes += 1;
        self.longest_record = self.longest_record.max(length);
        self.handle(Input::Persisted(record));
    }

    fn transmit(&mut self, length: usize) {
        if !self.link {
            return self.handle(Input::TransportFailed(TransportError::Unreachable));
        }
        let at = BEGIN.saturating_add(self.now);
        let length = self.manager.answer(&self.buffer[..length], at, &mut self.answer);
        let (now, agent) = (self.now(), &mut self.agent);
        let input = Input::Received(&self.answer[..length]);
        let done = self.probe.around(Call::HandleInput, || agent.handle_input(now, input));
        done.expect("not a command");
    }

    fn now(&self) -> Now {
        let uptime = Instant::default().saturating_add(self.now.saturating_sub(self.booted));
        Now::with_real_time(uptime, BEGIN.saturating_add(self.now))
    }
}

/// What the platform says about itself.
pub fn platform() -> Device<'static> {
    let udi = Udi::new("LH-CC", "A1B2C3", None).expect("a UDI");
    Device { udi, host_name: "pbx-1", software_version: "0.1", size_profile: None }
}
