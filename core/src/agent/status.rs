//! What people are shown: a projection of the state at the last input.

use super::Agent;
use super::authorization::AuthorizationState;
use super::clock_standing::ClockStanding;
use super::enforcement::{Enforcement, Operation};
use super::failure::Failure;
use super::registration::{Enrolment, Phase, RegistrationState, Standing, UnregisteredReason};
use crate::counters::Limit;
use crate::crypto::Crypto;
use crate::policy::Policy;
use crate::product::EnforcementMode;
use crate::time::{DeviceTime, Duration, UnixTime};
use crate::wire::Verdict;

/// Everything about the device at the moment of the last input. Moments are in device time;
/// [`Agent::unix`] gives their calendar time.
#[derive(Clone, Copy, Debug)]
pub struct Status<'s> {
    /// The moment itself.
    pub now: DeviceTime,
    /// The registration (SPEC R1).
    pub registration: RegistrationState,
    /// The registration that holds, if any.
    pub enrolment: Option<&'s Enrolment>,
    /// Why there is none.
    pub unregistered: Option<UnregisteredReason>,
    /// When the certificate ended, if that is why.
    pub certificate_ended: Option<DeviceTime>,
    /// A registration under way or refused, beside what holds (SPEC X12).
    pub attempt: Option<AttemptStatus>,
    /// When the certificate is renewed next.
    pub next_renewal: Option<DeviceTime>,
    /// The authorization (SPEC A1).
    pub authorization: AuthorizationState,
    /// When the manager last answered a report.
    pub authorized_at: Option<DeviceTime>,
    /// How the last report or renewal went: its time, or the failure (SPEC R7).
    pub last_contact: Option<Result<DeviceTime, Failure>>,
    /// When the next report is sent; in the past when it is due now.
    pub next_report: Option<DeviceTime>,
    /// Whether a request is on its way.
    pub in_contact: bool,
    /// When the authorization ends without an answer (SPEC A4).
    pub deadline: Option<DeviceTime>,
    /// What is left of the evaluation (SPEC A2).
    pub evaluation_left: Duration,
    /// Whether the evaluation counts down at this moment.
    pub evaluation_counting: bool,
    /// When the evaluation was used up.
    pub evaluation_expired: Option<DeviceTime>,
    /// The verdict (SPEC E1).
    pub enforcement: Enforcement,
    /// Whether the real-time clock agrees with the certificate (SPEC T2).
    pub clock: ClockStanding,
    /// Whether another machine uses this identity, by the last answer (SPEC T5).
    pub duplicate: bool,
    /// Whether over-use is allowed (SPEC C4).
    pub overage_allowed: bool,
    /// The rules' numbers in force.
    pub policy: Policy,
    /// Whether the last attempt to store state failed.
    pub storage_failed: bool,
    /// Whether licences come by codes (SPEC S1).
    pub reservation_enabled: bool,
    /// Whether the platform has a counter that tells a backup which was put back (SPEC S5).
    pub rollback_protection: bool,
}

/// A registration under way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AttemptStatus {
    /// Why the last try failed; `None` while the first is on its way.
    pub failure: Option<Failure>,
    /// When it is tried again; `None` once it was refused or while it is on its way.
    pub retry_at: Option<DeviceTime>,
    /// Whether it was refused for good.
    pub refused: bool,
}

/// One entitlement of the license type.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EntitlementStatus {
    /// In use now, of exactly this one.
    pub in_use: u32,
    /// What the next report would say: the peak at or above it (SPEC C3).
    pub peak: u32,
    /// Its own authorization (SPEC A1).
    pub authorization: AuthorizationState,
    /// The last answer about it: the verdict, and how many the account owns.
    pub answer: Option<(Verdict, u32)>,
    /// The limit that an administrator set for it, in force or not (SPEC C4).
    pub configured_limit: Option<u32>,
    /// What it and the higher tiers of its chain may have in use together now, and who says so.
    pub limit: Option<Limit>,
}

impl<C: Crypto, const N: usize> Agent<'_, C, N> {
    /// Everything at the moment of the last input.
    pub fn status(&self) -> Status<'_> {
        let authorization = self.ledger.authorization.as_ref();
        let (unregistered, certificate_ended) = match self.identity.standing {
            Standing::Unregistered(reason) => (Some(reason), None),
            Standing::Expired { at } => (None, Some(at)),
            Standing::Registered(_) | Standing::Reserving(_) | Standing::Reserved(_) => {
                (None, None)
            }
        };
        Status {
            now: self.clock.now(),
            registration: self.identity.state(),
            enrolment: self.identity.enrolment(),
            unregistered,
            certificate_ended,
            attempt: self.identity.attempt.map(|attempt| attempt.phase.into()),
            next_renewal: self.next_renewal(),
            authorization: self.authorization_state(),
            authorized_at: authorization.and_then(|authorization| authorization.answered),
            last_contact: self.ledger.contact.last,
            next_report: self.next_report(),
            in_contact: self.exchange.is_some(),
            deadline: authorization.map(|authorization| authorization.deadline),
            evaluation_left: self.ledger.evaluation.left(self.policy().evaluation_period),
            evaluation_counting: self.ledger.evaluation.counting,
            evaluation_expired: self.ledger.evaluation.expired(),
            enforcement: self.enforcement,
            clock: self.ledger.clock_standing,
            duplicate: authorization.is_some_and(|authorization| authorization.duplicate),
            overage_allowed: self.identity.control.overage_allowed,
            policy: *self.policy(),
            storage_failed: self.storage_fails(),
            reservation_enabled: self.identity.reservation_enabled,
            rollback_protection: self.counter.is_some(),
        }
    }

    /// The entitlement at `index` of the license type; `None` past the last.
    pub fn entitlement(&self, index: usize) -> Option<EntitlementStatus> {
        self.counters.license_type().entitlement(index)?;
        let counts = self.counters.counts();
        let in_use = counts.in_use.get(index).copied()?;
        let answer = self
            .ledger
            .authorization
            .as_ref()
            .and_then(|authorization| authorization.entitlements.get(index))
            .map(|answer| (answer.verdict, answer.owned));
        Some(EntitlementStatus {
            in_use,
            peak: counts.to_report().get(index).copied()?,
            authorization: match self.reserved_state(self.counters.is_over(index)) {
                Some(reserved) => reserved,
                None => self.state_of(in_use > 0, answer.map(|(verdict, _)| verdict)),
            },
            answer,
            configured_limit: self.identity.control.limit(index),
            limit: self.counters.limit(index),
        })
    }

    /// The calendar time of a moment; `None` before the device ever knew one.
    pub fn unix(&self, at: DeviceTime) -> Option<UnixTime> {
        self.clock.unix(at)
    }

    /// Whether the appliance may do this now (SPEC E3).
    pub fn permits(&self, operation: Operation) -> bool {
        let enforced = matches!(self.enforcement, Enforcement::Enforced { .. });
        match (operation, self.definition.enforcement) {
            (_, EnforcementMode::Advisory) | (Operation::Use, EnforcementMode::Provisioning) => {
                true
            }
            (Operation::Provision, _) | (Operation::Use, EnforcementMode::NewUse) => !enforced,
        }
    }

    pub(super) fn authorization_state(&self) -> AuthorizationState {
        let short = self.identity.reservation().is_some_and(|held| held.short_since.is_some());
        if let Some(reserved) = self.reserved_state(short) {
            return reserved;
        }
        let authorization = self.ledger.authorization.as_ref();
        if let Some((since, pending)) = authorization.and_then(|a| a.compliance.out_since())
            && !authorization.is_some_and(|a| a.expired)
        {
            return AuthorizationState::OutOfCompliance { since, pending };
        }
        self.state_of(self.in_use, None)
    }

    /// The state of something where licences are reserved.
    fn reserved_state(&self, short: bool) -> Option<AuthorizationState> {
        self.identity.reservation()?;
        Some(match short {
            true => AuthorizationState::NotAuthorizedReserved,
            false => AuthorizationState::Reserved,
        })
    }

    /// The state of something that is in use or not, and was last answered with `verdict`.
    fn state_of(&self, in_use: bool, verdict: Option<Verdict>) -> AuthorizationState {
        let evaluation_over = self.ledger.evaluation.expired().is_some();
        let Some(authorization) = &self.ledger.authorization else {
            return match (evaluation_over, in_use) {
                (true, _) => AuthorizationState::EvaluationExpired,
                (false, true) => AuthorizationState::Evaluation,
                (false, false) => AuthorizationState::NoLicensesInUse,
            };
        };
        if authorization.expired {
            return AuthorizationState::AuthorizationExpired;
        }
        if authorization.answered.is_none() {
            // SPEC X1
            return if evaluation_over {
                AuthorizationState::EvaluationExpired
            } else {
                AuthorizationState::Waiting
            };
        }
        if let Some((since, pending)) = authorization.compliance.out_since()
            && matches!(verdict, Some(Verdict::OutOfCompliance | Verdict::InvalidTag))
        {
            return AuthorizationState::OutOfCompliance { since, pending };
        }
        match (in_use, authorization.use_unanswered) {
            (false, _) => AuthorizationState::NoLicensesInUse,
            (true, true) => AuthorizationState::Waiting,
            (true, false) => AuthorizationState::Authorized,
        }
    }
}

impl From<Phase> for AttemptStatus {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Sending => Self { failure: None, retry_at: None, refused: false },
            Phase::Waiting { retry_at, failure } => {
                Self { failure: Some(failure), retry_at: Some(retry_at), refused: false }
            }
            Phase::Refused(failure) => {
                Self { failure: Some(failure), retry_at: None, refused: true }
            }
        }
    }
}
