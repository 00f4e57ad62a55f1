//! What an administrator's command does (SPEC R7). One that cannot be carried out changes nothing.

use super::contact::Purpose;
use super::inputs::halves;
use super::registration::{Attempt, Phase};
use super::{Agent, Command, CommandError, RegistrationState};
use crate::crypto::Crypto;
use crate::token::Token;
use crate::wire::Nonce;

impl<C: Crypto, const N: usize> Agent<'_, C, N> {
    pub(super) fn command(&mut self, command: Command<'_>) -> Result<(), CommandError> {
        match command {
            Command::Register { token, force } => self.register(token, force),
            Command::Deregister => self.deregister(),
            Command::RenewAuthorization => self.renew(Purpose::Report),
            Command::RenewCertificate => self.renew(Purpose::RenewCertificate),
        }
    }

    fn register(&mut self, token: &str, force: bool) -> Result<(), CommandError> {
        let token = Token::parse(token).map_err(CommandError::Token)?;
        // SPEC X12
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
        // A command tries at once (SPEC X5).
        self.ledger.contact.forget_retry();
        self.boot_hold = self.clock.now();
        Ok(())
    }
}
