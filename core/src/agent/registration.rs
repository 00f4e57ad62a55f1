//! Registration: what the device is to its manager, and the attempt to change it (SPEC R1–R9).
//!
//! Two facts that are stored together and change apart: the [`Standing`] and the [`Attempt`]. A
//! re-registration that fails then cannot touch a working registration, because it never held it
//! (SPEC R9). The states people see ([`RegistrationState`]) are a projection of the two.
//!
//! *Rejected:* one enumeration of the six states. `Registered` would need every state of an attempt
//! inside it, and each transition would have to carry the working registration along.

use super::failure::Failure;
use super::license_control::LicenseControl;
use super::reservation::{Request, Reservation};
use crate::code::ReturnCode;
use crate::crypto::KeyHandle;
use crate::identity::InstanceId;
use crate::time::{DeviceTime, UnixTime};
use crate::token::Token;
use crate::wire::{ACCOUNT_NAME_MAX, AnswerNumber, Nonce, Refusal, RequestNumber};
use heapless::String;
use serde::{Deserialize, Serialize};

/// What the device is, as it was set and as it registered: the identity record.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Identity<const N: usize> {
    pub(super) standing: Standing<N>,
    pub(super) attempt: Option<Attempt>,
    /// Licences come by codes, not from a manager (SPEC S1).
    pub(super) reservation_enabled: bool,
    /// Grows with everything that must not come back: the platform's counter, as of this record
    /// (SPEC S5).
    pub(super) counter: u32,
    pub(super) last_return: Option<ReturnCode>,
    /// Index of the license type in the product definition (SPEC C7).
    pub(super) license_type: u8,
    pub(super) control: LicenseControl<N>,
    /// The generation of the ledger when this was written: an older one was put back (SPEC T6).
    pub(super) ledger_generation: u32,
}

/// What the device is to its manager.
#[allow(clippy::large_enum_variant)] // no heap to box into; there is one per device
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) enum Standing<const N: usize> {
    Unregistered(UnregisteredReason),
    Registered(Enrolment),
    /// The certificate ended (SPEC R4).
    Expired {
        at: DeviceTime,
    },
    /// Licences were asked for, and the authorization code is awaited (SPEC S1).
    Reserving(Request),
    /// Licences are reserved for it.
    Reserved(Reservation<N>),
}

/// Why a device is not registered.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum UnregisteredReason {
    /// It never was.
    Never,
    /// By command.
    Deregistered {
        /// Whether the manager knows.
        manager_told: bool,
        /// When.
        at: DeviceTime,
    },
    /// The manager has the instance no more (SPEC X14).
    Removed {
        /// Whether it was removed, replaced, or its certificate ended.
        why: Refusal,
        /// When the device learned it.
        at: DeviceTime,
    },
    /// The request for a reservation was dropped before anything was installed.
    ReservationCancelled {
        /// When.
        at: DeviceTime,
    },
    /// The reservation was returned (SPEC S3).
    ReservationReturned {
        /// When.
        at: DeviceTime,
    },
    /// A backup was put back that holds a reservation which had ended (SPEC S5).
    ReservationRolledBack {
        /// When it was found.
        at: DeviceTime,
    },
}

/// A registration that holds.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Enrolment {
    pub(super) key: KeyHandle,
    /// The manager's name for this device.
    pub instance: InstanceId,
    /// When it was registered.
    pub registered_at: DeviceTime,
    /// Counts the ID certificates.
    pub certificate_serial: u32,
    /// Start of the ID certificate by the manager's clock.
    pub certificate_from: UnixTime,
    /// End of the ID certificate by the manager's clock.
    pub certificate_until: UnixTime,
    /// The same moment in the device's own time.
    pub certificate_ends: DeviceTime,
    /// When renewal is tried.
    pub renew_at: DeviceTime,
    /// How the last renewal went: `Ok` with its time, or the failure.
    pub last_renewal: Option<Result<DeviceTime, Failure>>,
    /// The account.
    pub smart_account: String<ACCOUNT_NAME_MAX>,
    /// The sub-pool in it.
    pub virtual_account: String<ACCOUNT_NAME_MAX>,
    /// Whether the token allowed export-controlled functions (SPEC R8).
    pub export_controlled_allowed: bool,
}

/// An attempt to register. Stored before it is first sent, so that it can be repeated to the byte
/// (SPEC T4).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Attempt {
    pub(super) token: Token,
    pub(super) force: bool,
    pub(super) key: KeyHandle,
    pub(super) number: RequestNumber,
    pub(super) nonce: Nonce,
    /// The last answer accepted before it was numbered: an answer to a repeat of its bytes is as
    /// old as the first one.
    pub(super) after_answer: AnswerNumber,
    pub(super) phase: Phase,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) enum Phase {
    /// To be sent, or sent and not answered.
    Sending,
    /// Could not be sent; goes again at `retry_at` (SPEC R3).
    Waiting { retry_at: DeviceTime, failure: Failure },
    /// Refused for good (SPEC R3).
    Refused(Failure),
}

/// The registration as people see it (SPEC R1).
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum RegistrationState {
    /// Not registered: never was, was deregistered, or was removed at the manager; status says
    /// which. The evaluation counts while anything is in use. It stays so until `register`.
    Unregistered,
    /// The manager has been asked to register the device, and its answer decides: registered,
    /// refused, or not reached. Lasts as long as one exchange.
    Registering,
    /// The manager could not be reached; status shows why, and when it is asked again (every 15
    /// min). Nothing needs to be done but to mend the way to it. The device counts as unregistered
    /// meanwhile; `deregister` ends the attempt.
    Retrying,
    /// The manager refused the registration, and status keeps its reason: a token that is unknown,
    /// expired, used up or revoked, a product it does not know, a UDI registered already. Nothing
    /// more is sent: `register` with what was wrong put right goes on from here. The device counts
    /// as unregistered.
    Failed,
    /// The device is a product instance of its account: it reports its use, renews its
    /// authorization with each report and its certificate at half time. It ends by `deregister`, by
    /// removal at the manager, or with the certificate. A re-registration under way or refused is
    /// shown beside it and changes nothing before it succeeds (SPEC R9, X12).
    Registered,
    /// The ID certificate ran out because the manager could not be reached to renew it. The device
    /// counts as unregistered, on what is left of its evaluation, and must be registered again;
    /// that needs no `force`.
    Expired,
    /// Licences were asked for with a request code, and the authorization code is awaited; the
    /// request code can be shown again. The device counts as unregistered. It goes on with
    /// `reservation install`, or ends with `reservation cancel`.
    ReservationInProgress,
    /// Licences are reserved for this device, and it needs no manager: what is reserved can be used,
    /// and no more. A term that ends is warned of. It ends with `reservation return`.
    Reserved,
}

impl Enrolment {
    /// When the certificate came, in device time.
    pub(super) fn certified_at(&self) -> DeviceTime {
        match self.last_renewal {
            Some(Ok(renewed)) => renewed.max(self.registered_at),
            _ => self.registered_at,
        }
    }
}

impl<const N: usize> Identity<N> {
    pub(super) const fn new() -> Self {
        Self {
            standing: Standing::Unregistered(UnregisteredReason::Never),
            attempt: None,
            reservation_enabled: false,
            counter: 0,
            last_return: None,
            license_type: 0,
            control: LicenseControl::new(),
            ledger_generation: 0,
        }
    }

    /// What people see: a working registration first, then the attempt, then why there is neither.
    pub(super) fn state(&self) -> RegistrationState {
        match (&self.standing, self.attempt.map(|attempt| attempt.phase)) {
            (Standing::Registered(_), _) => RegistrationState::Registered,
            (Standing::Reserved(_), _) => RegistrationState::Reserved,
            (Standing::Reserving(_), _) => RegistrationState::ReservationInProgress,
            (_, Some(Phase::Sending)) => RegistrationState::Registering,
            (_, Some(Phase::Waiting { .. })) => RegistrationState::Retrying,
            (_, Some(Phase::Refused(_))) => RegistrationState::Failed,
            (Standing::Expired { .. }, None) => RegistrationState::Expired,
            (Standing::Unregistered(_), None) => RegistrationState::Unregistered,
        }
    }

    /// Takes up a standing without a registration. An attempt that was refused while the last one
    /// held has nothing to say about this.
    pub(super) fn leave(&mut self, standing: Standing<N>) {
        self.standing = standing;
        self.attempt = self.attempt.filter(|a| !matches!(a.phase, Phase::Refused(_)));
    }

    pub(super) const fn enrolment(&self) -> Option<&Enrolment> {
        match &self.standing {
            Standing::Registered(enrolment) => Some(enrolment),
            _ => None,
        }
    }

    pub(super) const fn enrolment_mut(&mut self) -> Option<&mut Enrolment> {
        match &mut self.standing {
            Standing::Registered(enrolment) => Some(enrolment),
            _ => None,
        }
    }

    /// What was asked for with a request code, installed or not.
    pub(super) const fn request(&self) -> Option<&Request> {
        match &self.standing {
            Standing::Reserving(request) => Some(request),
            Standing::Reserved(held) => Some(&held.request),
            _ => None,
        }
    }

    pub(super) const fn reservation(&self) -> Option<&Reservation<N>> {
        match &self.standing {
            Standing::Reserved(held) => Some(held),
            _ => None,
        }
    }
}
