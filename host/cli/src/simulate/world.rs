//! The course of a scenario: one clock, one manager, a device and perhaps its clone.

use super::device::{Machine, Memory, Surroundings};
use super::fact::{Event, Fact};
use super::manager::Manager;
use super::scenario::{Action, Scenario, Step};
use anyhow::anyhow;
use leasehold_core::agent::Device;
use leasehold_core::identity::Udi;
use leasehold_shim::problem::Problem;
use std::collections::VecDeque;
use std::{iter, slice};

/// The serial number of the simulated device, and of its clone.
const SERIAL_NUMBER: &str = "SIM-0001";

/// Runs a scenario from its begin to its end, and tells each fact when it comes to pass; gives how
/// the machines that are on stand at the end.
///
/// # Errors
/// When the listener fails, or the agent or the manager do what they never should.
pub(super) fn run(
    scenario: &Scenario,
    listener: &mut dyn FnMut(Fact) -> anyhow::Result<()>,
) -> anyhow::Result<Vec<Fact>> {
    // One for the first boot, one for the clone's, one for each later boot. What was chosen is put
    // in force by the agent; it expects what a new device starts with.
    let reboots = scenario.steps.iter().filter(|s| matches!(s.action, Action::Reboot { .. }));
    let license_type = scenario.product.license_types.first().unwrap_or(scenario.license_type);
    let memories: Vec<Memory<'_>> =
        iter::repeat_with(|| Memory::new(license_type)).take(reboots.count() + 2).collect();
    let udi = Udi::new(scenario.product.product_id, SERIAL_NUMBER, None)
        .map_err(|error| anyhow!("The product's id cannot be part of a UDI ({error:?})."))?;
    let software_version = env!("CARGO_PKG_VERSION");
    let device = Device { udi, host_name: "", software_version, size_profile: None };
    let manager = Manager::new(scenario)?;
    let mut world = World {
        udi,
        around: Surroundings { t: 0, manager, network: true, listener },
        device: Machine::new(scenario, &device),
        clone: None,
        waiting: VecDeque::new(),
        memories: memories.iter(),
    };
    let mut steps = scenario.steps.iter().peekable();
    loop {
        let step = steps.peek().map(|step| step.at);
        let Some(t) = world.next().into_iter().chain(step).min().filter(|t| *t <= scenario.until)
        else {
            return Ok(world.machines().filter_map(|one| one.outlook(scenario.until)).collect());
        };
        world.around.t = t;
        world.power_on()?;
        while let Some(step) = steps.next_if(|step| step.at <= t) {
            world.take(step)?;
        }
        world.pass()?;
    }
}

struct World<'a, 'l> {
    udi: Udi<'a>,
    around: Surroundings<'l>,
    device: Machine<'a>,
    clone: Option<Machine<'a>>,
    /// Steps for a device that is off.
    waiting: VecDeque<&'a Step>,
    memories: slice::Iter<'a, Memory<'a>>,
}

impl<'a> World<'a, '_> {
    fn machines(&self) -> impl Iterator<Item = &Machine<'a>> {
        iter::once(&self.device).chain(&self.clone)
    }

    /// When something happens next by itself.
    fn next(&self) -> Option<u32> {
        self.machines().filter_map(Machine::next).chain([self.around.manager.housekeeping()]).min()
    }

    /// Switches the device on when its time off is over, and does what waited for that.
    fn power_on(&mut self) -> anyhow::Result<()> {
        if self.device.is_on() || self.device.next().is_some_and(|at| at > self.around.t) {
            return Ok(());
        }
        let memory = self.memory()?;
        self.device.boot(memory, &mut self.around)?;
        while self.device.is_on()
            && let Some(step) = self.waiting.pop_front()
        {
            self.perform(step)?;
        }
        Ok(())
    }

    /// Does a step, or keeps it for a device that is off.
    fn take(&mut self, step: &'a Step) -> anyhow::Result<()> {
        if step.needs_device() && !self.device.is_on() {
            self.waiting.push_back(step);
            return Ok(());
        }
        self.perform(step)
    }

    fn perform(&mut self, step: &'a Step) -> anyhow::Result<()> {
        let t = self.around.t;
        let manager = &mut self.around.manager;
        let done = match &step.action {
            Action::Network(up) => {
                self.around.network = *up;
                Ok(())
            }
            Action::Buy(amounts) => manager.buy(amounts, t)?,
            Action::ExpireTerm(amounts) => manager.expire(amounts, t)?,
            Action::RevokeToken => manager.revoke_token(t)?,
            Action::RemoveInstance => manager.remove_instance(&self.udi, t)?,
            Action::Reboot { off_for } => {
                self.device.stop(t.saturating_add(*off_for), &mut self.around)?;
                return self.power_on();
            }
            Action::Clone => self.copy()?,
            _ => return self.device.perform(step, &mut self.around),
        };
        match done {
            Ok(()) => Ok(()),
            Err(problem) => {
                self.device.wake(&mut self.around)?;
                self.device.deny(step.name, problem, &mut self.around)
            }
        }
    }

    /// A second machine with the state of the first.
    fn copy(&mut self) -> anyhow::Result<Result<(), Problem>> {
        if self.clone.is_some() {
            return Ok(Err(Problem::new(
                "cloned-already",
                "The device was cloned already, and a scenario has one clone at the most.",
                "Leave the second clone out.",
            )));
        }
        let memory = self.memory()?;
        let mut clone = self.device.copy();
        clone.boot(memory, &mut self.around)?;
        self.clone = Some(clone);
        Ok(Ok(()))
    }

    /// Wakes whoever is to be woken, then lets the manager keep its house.
    fn pass(&mut self) -> anyhow::Result<()> {
        let t = self.around.t;
        for machine in iter::once(&mut self.device).chain(&mut self.clone) {
            if machine.is_on() && machine.next().is_some_and(|at| at <= t) {
                machine.wake(&mut self.around)?;
            }
        }
        if self.around.manager.housekeeping() > t {
            return Ok(());
        }
        let notices = self.around.manager.keep_house(t)?;
        let on = iter::once(&mut self.device).chain(&mut self.clone).find(|one| one.is_on());
        // Nothing is told while there is no device to tell the states of.
        let Some(machine) = on.filter(|_| !notices.is_empty()) else { return Ok(()) };
        machine.wake(&mut self.around)?;
        notices
            .into_iter()
            .try_for_each(|notice| machine.tell(Some(Event::notice(notice)), &mut self.around))
    }

    fn memory(&mut self) -> anyhow::Result<&'a Memory<'a>> {
        self.memories.next().ok_or_else(|| {
            anyhow!("The simulation booted more often than it was to. Please report this.")
        })
    }
}
