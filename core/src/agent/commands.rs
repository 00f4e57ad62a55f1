//! What an administrator's command does (SPEC R7). One that cannot be carried out changes nothing.

use super::contact::Purpose;
use super::entropy::halves;
use super::license_control::LicenseControl;
use super::numbers::Numbers;
use super::registration::{Attempt, Identity, Phase};
use super::{Agent, Command, CommandError, EventKind, Ledger, RegistrationState, Wanted};
use crate::crypto::Crypto;
use crate::product::LicenseType;
use crate::token::Token;
use crate::wire::Nonce;

impl<'a, C: Crypto, const N: usize> Agent<'a, C, N> {
    // Not in line: its stack is free again before the agent settles.
    #[inline(never)]
    pub(super) fn command(&mut self, command: Command<'_>) -> Result<(), CommandError> {
        match command {
            Command::Register { token, force } => self.register(token, force),
            Command::Deregister => self.deregister(),
            Command::RenewAuthorization => self.renew(Purpose::Report),
            Command::RenewCertificate => self.renew(Purpose::RenewCertificate),
            Command::SelectLicenseType(name) => self.select_license_type(name),
            Command::AllowOverage(allowed) => {
                self.allow_overage(allowed);
                Ok(())
            }
            Command::Limit { feature, limit } => self.set_limit(feature, limit),
            Command::FactoryReset => self.reset(),
            Command::Reservation(command) => self.reservation_command(command),
        }
    }

    fn register(&mut self, token: &str, force: bool) -> Result<(), CommandError> {
        let token = Token::parse(token).map_err(CommandError::Token)?;
        // SPEC X12
        self.nothing_reserved()?;
        if self.identity.reservation_enabled {
            return Err(CommandError::ReservationEnabled);
        }
        if self.identity.state() == RegistrationState::Registered && !force {
            return Err(CommandError::AlreadyRegistered);
        }
        if self.exchange.is_some_and(|exchange| exchange.purpose == Purpose::Register) {
            return Err(CommandError::RegistrationInProgress);
        }
        self.start_attempt(token, force)
    }

    /// Stores a new attempt. A key that an earlier attempt presented is used again: its answer may
    /// have been lost, and a second key would be a second instance (SPEC T4).
    pub(super) fn start_attempt(&mut self, token: Token, force: bool) -> Result<(), CommandError> {
        let entropy = self.entropy.as_mut().ok_or(CommandError::NotReady)?;
        let [nonce, _] = halves(entropy.draw(&self.crypto));
        let key = match &self.identity.attempt {
            Some(earlier) => earlier.key,
            None => {
                let seed = entropy.draw(&self.crypto);
                self.crypto.generate(&seed).map_err(|_| CommandError::KeyUnusable)?
            }
        };
        let number = self.take_number();
        let phase = Phase::Sending;
        let after_answer = self.ledger.last_answer;
        self.identity.attempt =
            Some(Attempt { token, force, key, number, nonce: Nonce(nonce), after_answer, phase });
        self.attempt_from_before = false;
        self.identity_store.save_by(self.clock.now());
        Ok(())
    }

    fn deregister(&mut self) -> Result<(), CommandError> {
        self.nothing_reserved()?;
        let registered = self.identity.enrolment().is_some();
        if self.identity.attempt.take().is_some() {
            // What is on its way for it is of no interest any more.
            self.exchange = self.exchange.filter(|exchange| exchange.purpose != Purpose::Register);
            self.identity_store.save_by(self.clock.now());
        } else if !registered {
            return Err(CommandError::NotRegistered);
        }
        self.wanted.deregister = registered;
        Ok(())
    }

    fn renew(&mut self, purpose: Purpose) -> Result<(), CommandError> {
        if self.identity.enrolment().is_none() {
            return Err(CommandError::NotRegistered);
        }
        match purpose {
            Purpose::Report => self.wanted.report = true,
            _ => self.wanted.renewal = true,
        }
        // SPEC X5
        self.contact_at_once();
        Ok(())
    }

    /// Nothing waits any longer: a command, or doubt about the clock, tries at once.
    pub(super) fn contact_at_once(&mut self) {
        self.ledger.contact.forget_retry();
        self.boot_hold = self.clock.now();
    }

    fn select_license_type(&mut self, name: &str) -> Result<(), CommandError> {
        let mut known = (0_u8..).zip(self.definition.license_types);
        let Some((index, license_type)) = known.find(|(_, known)| known.name == name) else {
            return Err(CommandError::UnknownLicenseType);
        };
        if index == self.identity.license_type {
            return Ok(());
        }
        // SPEC C7
        self.nothing_reserved()?;
        if self.identity.enrolment().is_some() || self.attempt_is_open() {
            return Err(CommandError::LicenseTypeInForce);
        }
        if self.counters.counts().any_in_use() {
            return Err(CommandError::LicensesInUse);
        }
        self.identity.license_type = index;
        self.identity.control = LicenseControl::new();
        self.identity_store.save_by(self.clock.now());
        self.count_by(license_type);
        Ok(())
    }

    /// What a reservation rules out: it has to be returned first (SPEC X12, X13).
    fn nothing_reserved(&self) -> Result<(), CommandError> {
        match self.identity.request() {
            Some(_) => Err(CommandError::ReservationHeld),
            None => Ok(()),
        }
    }

    pub(super) fn attempt_is_open(&self) -> bool {
        self.identity.attempt.is_some_and(|attempt| attempt.due().is_some())
    }

    fn count_by(&mut self, license_type: &'a LicenseType<'a>) {
        self.counters.select(license_type);
        self.publish_limits();
        self.tell(EventKind::LicenseTypeChanged);
    }

    /// SPEC X13: as deregistering, and then everything is erased.
    fn reset(&mut self) -> Result<(), CommandError> {
        self.nothing_reserved()?;
        if self.deregister().is_ok() && self.wanted.deregister {
            self.wanted.factory_reset = true;
        } else {
            self.erase();
        }
        Ok(())
    }

    /// Erases everything but the evaluation used, the device's own time, and the counter that only
    /// grows (SPEC X13).
    pub(super) fn erase(&mut self) {
        let now = self.clock.now();
        let license_type = self.identity.license_type;
        self.identity = Identity { counter: self.identity.counter, ..Identity::new() };
        self.ledger = Ledger { evaluation: self.ledger.evaluation, ..Ledger::new() };
        self.numbers = Numbers::new();
        self.wanted = Wanted::NONE;
        self.exchange = None;
        self.identity_store.erase(now);
        self.ledger_store.erase(now);
        self.tell(EventKind::FactoryReset);
        match self.definition.license_types.first() {
            Some(first) if license_type != 0 && !self.in_use => self.count_by(first),
            _ => self.identity.license_type = license_type,
        }
        self.publish_limits();
    }
}
