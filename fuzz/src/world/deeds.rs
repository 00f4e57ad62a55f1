//! What people do to a device: commands, codes, and the use of what is licensed.

use super::World;
use super::checks::{Standing, given_by_manager};
use crate::appliance::{Machine, feature};
use crate::manager::Given;
use crate::step::{Deed, GivenCode};
use leasehold_core::agent::{Command, Input, RegistrationState, ReservationCommand};
use leasehold_core::token::Token;

impl World<'_> {
    pub(super) fn command(&mut self, deed: &Deed) {
        let token = Token([5; 20]).to_text();
        let text;
        let reservation = Command::Reservation;
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
                let known = self.appliance.definition.license_types;
                let chosen = known.get(usize::from(*which) % (known.len() + 1));
                Command::SelectLicenseType(chosen.map_or("nothing", |chosen| chosen.name))
            }
            Deed::AllowOverage(allowed) => Command::AllowOverage(*allowed),
            Deed::Limit { feature: which, limit } => {
                Command::Limit { feature: feature(*which), limit: limit.map(Into::into) }
            }
            Deed::FactoryReset => Command::FactoryReset,
            Deed::Enable => reservation(ReservationCommand::Enable),
            Deed::Disable => reservation(ReservationCommand::Disable),
            Deed::Request { universal } => {
                reservation(ReservationCommand::Request { universal: *universal })
            }
            Deed::Cancel => reservation(ReservationCommand::Cancel),
            Deed::Return => reservation(ReservationCommand::Return),
        };
        self.carry_out(command);
    }

    /// Gives a command, which changes nothing where it is refused; whether it was carried out.
    fn carry_out(&mut self, command: Command<'_>) -> bool {
        // Time first: it may change something by itself.
        self.input(Input::Wake);
        if !self.powered {
            return false;
        }
        let before = Standing::of(&self.agent);
        let done = self.agent.handle_input(self.clocks.now(), Input::Command(command));
        if let Err(refused) = done {
            assert_eq!(before, Standing::of(&self.agent), "{refused:?} changed something");
        }
        self.settle();
        done.is_ok()
    }

    pub(super) fn install_new(&mut self, given: &GivenCode) {
        if let Some(code) = self.code(given) {
            self.install(&code);
        }
    }

    pub(super) fn give_back_new(&mut self, given: &GivenCode) {
        if let Some(code) = self.code(given) {
            self.give_back(&code);
        }
    }

    /// A code that was made before is installed, or given back.
    pub(super) fn use_again(&mut self, which: u8, give_back: bool) {
        let index = usize::from(which) % self.made.len().max(1);
        let Some(text) = self.made.get(index).cloned() else { return };
        let code = Given { text, forged: false };
        if give_back { self.give_back(&code) } else { self.install(&code) }
    }

    pub(super) fn install(&mut self, code: &Given<String>) {
        let generation = |agent: &Machine<'_>| {
            let installed = agent.reservation().and_then(|held| held.installed);
            installed.map(|installed| installed.generation)
        };
        // Time first: it may end what is installed.
        self.input(Input::Wake);
        let before = generation(&self.agent);
        let install = ReservationCommand::Install(&code.text);
        let done = self.carry_out(Command::Reservation(install));
        assert!(!(done && code.forged), "nobody may believe {}", code.text);
        let after = generation(&self.agent);
        assert!(!done || after > before, "{after:?} is installed after {before:?}");
    }

    fn give_back(&mut self, code: &Given<String>) {
        let give_back = ReservationCommand::ReturnAuthorization(&code.text);
        let done = self.carry_out(Command::Reservation(give_back));
        assert!(!(done && code.forged), "nobody may believe {}", code.text);
    }

    /// A new code, for the request that is shown, or was.
    fn code(&mut self, given: &GivenCode) -> Option<Given<String>> {
        let shown = self.agent.request_code().or_else(|| self.last_request.clone());
        let request = shown?;
        let installed = self.agent.reservation().and_then(|held| held.installed);
        let installed = installed.map(|installed| installed.generation);
        let (definition, now) = (&self.appliance.definition, self.clocks.managers());
        let code = self.manager.authorization_code(definition, &request, installed, now, given);
        self.made.push(code.text.clone());
        Some(code)
    }

    /// What comes back for a request. Nothing that no manager said gives anything (SPEC T4).
    pub(super) fn receive(&mut self, answer: &Given<Vec<u8>>) {
        self.input(Input::Wake);
        if !self.powered {
            return;
        }
        let before = given_by_manager(&self.agent);
        let _ = self.agent.handle_input(self.clocks.now(), Input::Received(&answer.text));
        if answer.forged {
            let after = given_by_manager(&self.agent);
            let kept = before.iter().zip(&after).all(|(b, a)| a.is_none() || a == b);
            assert!(kept, "believed: {before:?} became {after:?}");
        }
        self.settle();
    }

    /// Takes licences into use. A reservation is never exceeded (SPEC C5).
    pub(super) fn acquire(&mut self, which: u8, n: u32) {
        let short = |agent: &Machine<'_>| {
            let installed = agent.reservation().and_then(|held| held.installed);
            installed.is_some_and(|installed| installed.short_since.is_some())
        };
        self.input(Input::Wake);
        let was_short = short(&self.agent);
        let Some(feature) = self.counters.feature(feature(which)) else { return };
        let done = self.counters.acquire(feature, n).is_ok();
        self.input(Input::Wake);
        let reserved = self.agent.status().registration == RegistrationState::Reserved;
        if self.powered && done && reserved && !was_short {
            assert!(!short(&self.agent), "more is in use than is reserved");
        }
    }

    /// Tries to take more than can be counted (SPEC M2: licence computation failed).
    pub(super) fn acquire_too_much(&mut self, which: u8) {
        let before = self.counters.counts();
        if let Some(feature) = self.counters.feature(feature(which)) {
            let wanted = [(feature, u32::MAX), (feature, u32::MAX)];
            assert!(self.counters.acquire_all(&wanted).is_err(), "more than can be counted");
        }
        assert_eq!(self.counters.counts(), before, "nothing or all");
        self.input(Input::Wake);
    }

    pub(super) fn release(&mut self, which: u8, n: u32) {
        if let Some(feature) = self.counters.feature(feature(which)) {
            // More than is in use is refused.
            let _ = self.counters.release(feature, n);
        }
        self.input(Input::Wake);
    }
}
