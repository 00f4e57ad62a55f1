//! Steps that were taken before: who gives a code or a command again gets what came of it then, and
//! no error where nothing is left to do.

use super::{Taken, Worker};
use crate::explain;
use crate::problem::Problem;
use crate::protocol::ReservationStep;
use leasehold_core::agent::{CommandError, UnregisteredReason};
use leasehold_core::code::{Anchors, AuthorizationCode, CodeKind, ExpectedGrant, GrantError};
use leasehold_core::crypto::SoftwareCrypto;

impl Worker<'_> {
    /// What is said of a step that the agent did not take because it, or another one of the same
    /// authorization, was taken before; `None` where it is refused for another reason.
    pub(super) fn taken_before(
        &self,
        step: &ReservationStep,
        error: CommandError,
    ) -> Option<Result<Taken, Problem>> {
        if let CommandError::Grant(GrantError::Superseded { generation }) = error {
            return match step {
                ReservationStep::Install { code, .. } => self.installed_before(code, generation),
                ReservationStep::ReturnAuthorization { .. } => self.returned_before(generation),
                _ => None,
            };
        }
        let (CommandError::NoRequest, Some(reason)) = (error, self.agent.status().unregistered)
        else {
            return None;
        };
        let done = match (step, reason) {
            (
                ReservationStep::Return,
                UnregisteredReason::ReservationReturned { .. }
                | UnregisteredReason::ReservationRolledBack { .. },
            )
            | (ReservationStep::Cancel, UnregisteredReason::ReservationCancelled { .. }) => true,
            (
                ReservationStep::ReturnAuthorization { code },
                UnregisteredReason::ReservationReturned { .. }
                | UnregisteredReason::ReservationCancelled { .. },
            ) => self.answers_what_was_given_back(code),
            _ => false,
        };
        let code = self.sources().code(CodeKind::Return)?;
        done.then_some(Ok(Taken::Before(Some(code))))
    }

    fn installed_before(&self, code: &str, generation: u8) -> Option<Result<Taken, Problem>> {
        let held = self.agent.reservation()?;
        let installed = held.installed?.generation;
        if generation == installed && self.is_in_force(code) {
            let code =
                if generation > 0 { self.sources().code(CodeKind::Confirmation) } else { None };
            return Some(Ok(Taken::Before(code)));
        }
        Some(Err(match self.returned.of_update(held.number, generation) {
            Some(returned) => explain::was_returned(returned),
            None => explain::overtaken(generation, installed),
        }))
    }

    fn returned_before(&self, generation: u8) -> Option<Result<Taken, Problem>> {
        let held = self.agent.reservation()?;
        let installed = held.installed?.generation;
        if let Some(returned) = self.returned.of_update(held.number, generation) {
            return Some(Ok(Taken::Before(Some(returned.code.clone()))));
        }
        Some(Err(if generation == installed {
            explain::in_force(generation)
        } else {
            explain::overtaken(generation, installed)
        }))
    }

    /// Whether the code grants exactly what is installed. A manager that was put back from a backup
    /// may issue another authorization of the same number.
    fn is_in_force(&self, code: &str) -> bool {
        let (Ok(code), Some(request)) = (AuthorizationCode::parse(code), self.agent.request_code())
        else {
            return false;
        };
        let expected = self.expected(request.number, request.anchors, None);
        let Ok(grant) = code.accept(&SoftwareCrypto, &expected) else { return false };
        let granted =
            grant.lines.iter().map(|line| (line.entitlement, line.count, line.until.is_none()));
        let held = self.agent.reserved_lines().iter();
        granted.eq(held.map(|line| (line.entitlement, line.count, line.ends.is_none())))
    }

    /// Whether the code answers the request that was given back last.
    fn answers_what_was_given_back(&self, code: &str) -> bool {
        let last = self.returned.codes().last().and_then(|returned| returned.request);
        let (Ok(code), Some(number)) = (AuthorizationCode::parse(code), last) else { return false };
        // What the request was made of is gone: that it is for this device, and of that number, has
        // to do, and does, because all that comes of it is a code that is shown anyway.
        let anchors = Anchors { confirmed: [0; 16], declined: [0; 16] };
        let expected = self.expected(number, anchors, Some(u8::MAX));
        matches!(code.accept(&SoftwareCrypto, &expected), Err(GrantError::Superseded { .. }))
    }

    fn expected(&self, number: u32, anchors: Anchors, newer_than: Option<u8>) -> ExpectedGrant<'_> {
        let license_type = self.counters.license_type();
        let mut known = self.product.license_types.iter();
        let index = known.position(|known| known.name == license_type.name).unwrap_or_default();
        ExpectedGrant {
            root: self.product.root,
            reservation_key: self.product.reservation_key,
            udi: self.config.udi(),
            number,
            anchors,
            license_type: u8::try_from(index).unwrap_or(u8::MAX),
            catalogue: license_type.catalogue_hash(&SoftwareCrypto),
            entitlements: license_type.entitlements.len(),
            newer_than,
        }
    }
}
