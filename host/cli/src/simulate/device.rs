//! One machine: the real agent, its flash, its clocks, and what its users hold.

mod held;
mod reserve;
mod running;

use super::crypto::StandIn;
use super::fact::{Event, Fact, States};
use super::manager::{Manager, moment};
use super::scenario::{Action, Amount, Renewal, Scenario, Step};
use anyhow::anyhow;
use held::Held;
use leasehold_core::agent::{
    Command, CommandError, Device, Input, Output, RecordKind, Stored, TransportError,
};
use leasehold_core::crypto::Crypto;
use leasehold_core::time::{Instant, Now, UnixTime};
use leasehold_shim::explain;
use leasehold_shim::problem::Problem;
pub(super) use running::Memory;
use running::Running;
use std::mem;

/// Far more than an agent has to do in one second.
const OUTPUTS_MAX: u32 = 10_000;

/// What a machine finds around it at one moment.
pub(super) struct Surroundings<'s> {
    /// Seconds since the scenario began.
    pub(super) t: u32,
    pub(super) manager: Manager,
    /// Whether the manager can be reached.
    pub(super) network: bool,
    /// Takes what there is to tell.
    pub(super) listener: &'s mut dyn FnMut(Fact) -> anyhow::Result<()>,
}

/// A machine.
pub(super) struct Machine<'a> {
    scenario: &'a Scenario,
    device: &'a Device<'a>,
    is_clone: bool,
    flash: Flash,
    held: Held,
    /// The authorization code that its administrator has in hand.
    authorization: Option<String>,
    /// By how many seconds the real-time clock is ahead; `None` without one.
    clock_ahead: Option<i64>,
    boots: u32,
    /// There while it is on.
    running: Option<Box<Running<'a>>>,
    /// When it is switched on, while it is off.
    off_until: u32,
    /// The states that were told last.
    told: Option<States>,
}

/// The two slots of each record: what survives without power.
#[derive(Clone, Debug, Default)]
struct Flash {
    identity: [Option<Vec<u8>>; 2],
    ledger: [Option<Vec<u8>>; 2],
}

impl<'a> Machine<'a> {
    /// A machine that was never on, to be switched on at once.
    pub(super) fn new(scenario: &'a Scenario, device: &'a Device<'a>) -> Self {
        Self {
            scenario,
            device,
            is_clone: false,
            flash: Flash::default(),
            held: Held::default(),
            authorization: None,
            clock_ahead: scenario.real_time_clock.then_some(0),
            boots: 0,
            running: None,
            off_until: 0,
            told: None,
        }
    }

    /// A second machine with the flash, the users and the clock of this one.
    pub(super) fn copy(&self) -> Self {
        Self {
            is_clone: true,
            flash: self.flash.clone(),
            held: self.held.clone(),
            authorization: self.authorization.clone(),
            running: None,
            told: None,
            ..*self
        }
    }

    /// Whether it is on.
    pub(super) const fn is_on(&self) -> bool {
        self.running.is_some()
    }

    /// When it is to be switched on, or when its agent wants to be woken.
    pub(super) fn next(&self) -> Option<u32> {
        self.running.as_ref().map_or(Some(self.off_until), |running| running.wake())
    }

    /// Switches it on. Its users take again what they held, in the same second (SPEC X9).
    ///
    /// # Errors
    /// When the agent refuses what it stored itself, or manager or listener fail.
    pub(super) fn boot(
        &mut self,
        memory: &'a Memory<'a>,
        around: &mut Surroundings<'_>,
    ) -> anyhow::Result<()> {
        let product = &self.scenario.product;
        let mut running = Box::new(Running::new(product, self.device, memory, around.t));
        let [identity, ledger] = [&self.flash.identity, &self.flash.ledger]
            .map(|slots| slots.each_ref().map(Option::as_deref));
        let now = self.now(&running, around.t);
        running.boot(now, Stored { identity, ledger, counter: None })?;
        self.boots += 1;
        self.running = Some(running);
        let first = self.told.is_none();
        if first && !self.is_clone {
            // A new device as it is delivered: nothing of that is told.
            let chosen = Command::SelectLicenseType(self.scenario.license_type.name);
            self.command(chosen, around.t).map_err(|problem| anyhow!("{problem}"))?;
            self.settle(around)?;
        }
        let lost = self.held.restore(memory);
        self.wake_agent(around.t);
        if first {
            // The start is told before anything that follows from it.
            self.told = self.states(around.t);
            self.tell(None, around)?;
        }
        self.settle(around)?;
        lost.into_iter().try_for_each(|problem| self.deny("reboot", problem, around))
    }

    /// Stops it in order and switches it off: everything is stored first, and what is not in flash
    /// is gone.
    ///
    /// # Errors
    /// As [`Machine::wake`].
    pub(super) fn stop(&mut self, until: u32, around: &mut Surroundings<'_>) -> anyhow::Result<()> {
        // Only commands can be refused.
        let _taken = self.input(Input::Stopping, around.t);
        self.settle(around)?;
        self.running = None;
        self.off_until = until;
        Ok(())
    }

    /// Tells the agent that time has passed or the use has changed.
    ///
    /// # Errors
    /// When manager or listener fail.
    pub(super) fn wake(&mut self, around: &mut Surroundings<'_>) -> anyhow::Result<()> {
        self.wake_agent(around.t);
        self.settle(around)
    }

    fn wake_agent(&mut self, t: u32) {
        // Only commands can be refused.
        let _taken = self.input(Input::Wake, t);
    }

    fn states(&self, t: u32) -> Option<States> {
        self.running.as_ref().map(|running| States::new(&running.status(), running.scale(t)))
    }

    /// Does what a step says, or tells why not.
    ///
    /// # Errors
    /// As [`Machine::wake`].
    pub(super) fn perform(
        &mut self,
        step: &Step,
        around: &mut Surroundings<'_>,
    ) -> anyhow::Result<()> {
        let done = match &step.action {
            Action::Reserve(amounts) => self.reserve(amounts, around)?,
            Action::Install => self.install(around)?,
            Action::Return => self.give_back(around)?,
            action => self.act(action, around),
        };
        self.wake(around)?;
        done.or_else(|problem| self.deny(step.name, problem, around))
    }

    /// Tells that a step was refused.
    ///
    /// # Errors
    /// As [`Machine::wake`].
    pub(super) fn deny(
        &mut self,
        step: &str,
        problem: Problem,
        around: &mut Surroundings<'_>,
    ) -> anyhow::Result<()> {
        self.tell(Some(Event::denied(step, problem)), around)
    }

    /// Tells the states, and what happened; nothing before the start.
    ///
    /// # Errors
    /// When the listener fails.
    pub(super) fn tell(
        &mut self,
        event: Option<Event>,
        around: &mut Surroundings<'_>,
    ) -> anyhow::Result<()> {
        let (Some(running), Some(told)) = (&self.running, &mut self.told) else { return Ok(()) };
        let status = running.status();
        let scale = running.scale(around.t);
        let states = States::new(&status, scale);
        let changed = mem::replace(told, states) != states;
        let fact = Fact::new(&status, running.next_term_end(), scale, self.is_clone);
        (around.listener)(Fact { event, changed, ..fact })
    }

    /// How it stands at the second `t`, while it is on.
    pub(super) fn outlook(&self, t: u32) -> Option<Fact> {
        let running = self.running.as_ref()?;
        Some(Fact::new(&running.status(), running.next_term_end(), running.scale(t), self.is_clone))
    }

    fn act(&mut self, action: &Action, around: &Surroundings<'_>) -> Result<(), Problem> {
        let Some(running) = &self.running else { return Ok(()) };
        let (held, counters) = (&mut self.held, running.counters());
        match action {
            Action::Acquire(amount) => held.acquire(counters, *amount),
            Action::Release(amount) => held.release(counters, *amount),
            Action::Login { name, skills, supervisor } => {
                held.login(counters, name, skills, *supervisor)
            }
            Action::Logout { name } => held.logout(counters, name),
            Action::Clock(by) => self.set_clock(*by),
            Action::Register { token, force } => {
                let token = around.manager.token(*token);
                self.command(Command::Register { token, force: *force }, around.t)
            }
            Action::Deregister => self.command(Command::Deregister, around.t),
            Action::Renew(Renewal::Authorization) => {
                self.command(Command::RenewAuthorization, around.t)
            }
            Action::Renew(Renewal::Certificate) => {
                self.command(Command::RenewCertificate, around.t)
            }
            Action::FactoryReset => self.command(Command::FactoryReset, around.t),
            Action::OverageAllowance(allowed) => {
                self.command(Command::AllowOverage(*allowed), around.t)
            }
            Action::Limit(limits) => {
                let (product, license_type) = (&self.scenario.product, counters.license_type());
                limits.iter().try_for_each(|&Amount { feature, n }| {
                    let command = Command::Limit { feature, limit: Some(n) };
                    self.input(Input::Command(command), around.t)
                        .map_err(|error| explain::choice(error, feature, product, license_type))
                })
            }
            // These are done elsewhere.
            Action::Reserve(_)
            | Action::Install
            | Action::Return
            | Action::RemoveInstance
            | Action::RevokeToken
            | Action::Clone
            | Action::Network(_)
            | Action::Reboot { .. }
            | Action::Buy(_)
            | Action::ExpireTerm(_) => Ok(()),
        }
    }

    fn set_clock(&mut self, by: i64) -> Result<(), Problem> {
        let ahead = self.clock_ahead.as_mut().ok_or_else(|| {
            Problem::new(
                "no-clock",
                "The device has no real-time clock that could be set.",
                "Leave out \"rtc\": false to give it one.",
            )
        })?;
        *ahead = ahead.saturating_add(by);
        Ok(())
    }

    fn command(&mut self, command: Command<'_>, t: u32) -> Result<(), Problem> {
        self.input(Input::Command(command), t).map_err(explain::command)
    }

    fn input(&mut self, input: Input<'_>, t: u32) -> Result<(), CommandError> {
        let Some(mut running) = self.running.take() else { return Ok(()) };
        let taken = running.input(self.now(&running, t), input);
        self.running = Some(running);
        taken
    }

    /// What the clocks say.
    fn now(&self, running: &Running<'_>, t: u32) -> Now {
        let real_time =
            |ahead| UnixTime::from_secs(moment(t).as_secs().saturating_add_signed(ahead));
        let uptime = Instant::from_secs(t.saturating_sub(running.booted()));
        Now { uptime, real_time: self.clock_ahead.map(real_time) }
    }

    /// Does what the agent asks until it waits, and tells what comes of it.
    fn settle(&mut self, around: &mut Surroundings<'_>) -> anyhow::Result<()> {
        for _ in 0..OUTPUTS_MAX {
            let Some(running) = &mut self.running else { return Ok(()) };
            let output = running.poll();
            if let Output::Event(event) = output {
                let mode = self.scenario.product.enforcement;
                let license_type = running.counters().license_type();
                let scale = running.scale(around.t);
                let told = Event::of_agent(&event.kind, scale, mode, license_type);
                self.tell(Some(told), around)?;
                continue;
            }
            if let Output::Wait(at) = output {
                running.wake_at(at, around.t);
            }
            // What no event carried.
            if self.told.is_some() && self.told != self.states(around.t) {
                self.tell(None, around)?;
            }
            if matches!(output, Output::Wait(_)) {
                return Ok(());
            }
            self.follow(output, around)?;
        }
        Err(anyhow!("The agent never comes to rest at second {}. Please report this.", around.t))
    }

    /// Does one thing that the agent asks for, and says how it went.
    fn follow(&mut self, output: Output, around: &mut Surroundings<'_>) -> anyhow::Result<()> {
        let Some(running) = &self.running else { return Ok(()) };
        let answer;
        let seed;
        let input = match output {
            Output::Persist { record, slot, length } => {
                let slots = match record {
                    RecordKind::Identity => &mut self.flash.identity,
                    RecordKind::Ledger => &mut self.flash.ledger,
                };
                match slots.get_mut(slot) {
                    Some(place) => {
                        let place = place.get_or_insert_default();
                        place.clear();
                        place.extend_from_slice(running.output(length));
                        Input::Persisted(record)
                    }
                    None => Input::PersistFailed(record),
                }
            }
            Output::Transmit { length } if around.network => {
                answer = around.manager.answer(running.output(length), around.t)?;
                Input::Received(&answer)
            }
            Output::Transmit { .. } => Input::TransportFailed(TransportError::Unreachable),
            Output::NeedEntropy => {
                seed = self.seed();
                Input::Entropy(&seed)
            }
            // A simulated device has no such counter, so that it is not asked.
            Output::RaiseCounter { .. } => Input::CounterFailed,
            // Dealt with before.
            Output::Event(_) | Output::Wait(_) => return Ok(()),
        };
        // Only commands can be refused.
        let _taken = self.input(input, around.t);
        Ok(())
    }

    /// Another for each machine and each boot, and the same in every run.
    fn seed(&self) -> [u8; 32] {
        let boot = self.boots.to_le_bytes();
        StandIn.digest(&[b"machine", &[u8::from(self.is_clone)], &boot]).0
    }
}
