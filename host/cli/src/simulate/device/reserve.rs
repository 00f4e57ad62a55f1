//! Licences that travel as codes: what is done at the device, and its codes carried to the manager. No
//! link is needed.

use super::{Machine, Surroundings};
use crate::simulate::scenario::Amount;
use leasehold_core::agent::{Command, Input, RegistrationState, ReservationCommand};
use leasehold_core::code::CodeKind;
use leasehold_shim::explain;
use leasehold_shim::problem::Problem;

/// What a step comes to, or why it is refused.
type Outcome = anyhow::Result<Result<(), Problem>>;

impl Machine<'_> {
    /// Enables reservation, makes the request code, and chooses licences for it at the manager; for a
    /// device that is reserved already, other licences in place of its own.
    pub(super) fn reserve(&mut self, amounts: &[Amount], around: &mut Surroundings<'_>) -> Outcome {
        let registration = self.running.as_ref().map(|running| running.status().registration);
        if registration != Some(RegistrationState::Reserved) {
            let request = ReservationCommand::Request { universal: false };
            for command in [ReservationCommand::Enable, request] {
                if let Err(problem) = self.take_step(command, "", around)? {
                    return Ok(Err(problem));
                }
            }
        }
        let request = self.code(CodeKind::Request);
        Ok(around.manager.reserve(&request, amounts, around.t)?.map(|authorization| {
            self.authorization = Some(authorization);
        }))
    }

    /// Installs the authorization code that the manager gave last; that of an update is confirmed
    /// there.
    pub(super) fn install(&mut self, around: &mut Surroundings<'_>) -> Outcome {
        let Some(code) = self.authorization.clone() else {
            return Ok(Err(Problem::new(
                "no-authorization",
                "There is no authorization code that could be installed.",
                "Reserve licences first.",
            )));
        };
        let before = self.code(CodeKind::Confirmation);
        if let Err(problem) = self.take_step(ReservationCommand::Install(&code), &code, around)? {
            return Ok(Err(problem));
        }
        self.authorization = None;
        let confirmation = self.code(CodeKind::Confirmation);
        if confirmation == before {
            return Ok(Ok(()));
        }
        around.manager.confirm(&confirmation, around.t)
    }

    /// Gives everything back, and enters the return code at the manager.
    pub(super) fn give_back(&mut self, around: &mut Surroundings<'_>) -> Outcome {
        if let Err(problem) = self.take_step(ReservationCommand::Return, "", around)? {
            return Ok(Err(problem));
        }
        self.authorization = None;
        let code = self.code(CodeKind::Return);
        around.manager.take_back(&code, around.t)
    }

    /// Takes a step at the device, and lets it store what follows.
    fn take_step(
        &mut self,
        command: ReservationCommand<'_>,
        pasted: &str,
        around: &mut Surroundings<'_>,
    ) -> Outcome {
        let taken = self.input(Input::Command(Command::Reservation(command)), around.t);
        self.settle(around)?;
        Ok(taken.map_err(|error| explain::reservation(error, pasted)))
    }

    /// A code of the device; nothing where there is none, which the manager refuses.
    fn code(&self, kind: CodeKind) -> String {
        self.running.as_ref().and_then(|running| running.code(kind)).unwrap_or_default()
    }
}
