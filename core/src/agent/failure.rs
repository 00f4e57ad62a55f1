//! Why something did not work: small, `Copy`, and clear about who is at fault.

use crate::time::DeviceTime;
use crate::wire::{AcceptError, FrameError, Refusal};
use serde::{Deserialize, Serialize};

/// A failure that is shown until the next success (SPEC R7).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Failure {
    /// What went wrong.
    pub reason: FailureReason,
    /// When.
    pub at: DeviceTime,
}

/// What went wrong, by who is at fault.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
pub enum FailureReason {
    /// The way to the manager: nothing that could be an answer came back.
    Transport(TransportError),
    /// The bytes: what came back is not a frame.
    Frame(FrameError),
    /// The peer: a frame came back that must not be believed.
    NotAccepted(AcceptError),
    /// The manager said no.
    Refused(Refusal),
    /// The manager asked to come back later.
    RetryLater,
    /// The request's number had been used before (SPEC T5).
    Conflict,
    /// The manager answered something else than what was asked.
    UnexpectedAnswer,
    /// The device's own key cannot be used.
    KeyUnusable,
}

/// How far a request got. The host reports it; the agent keeps it for the administrator.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
pub enum TransportError {
    /// No manager is configured.
    NotConfigured,
    /// The manager's name does not resolve.
    NameNotResolved,
    /// Nothing listens there, or there is no route.
    Unreachable,
    /// No answer in time.
    TimedOut,
    /// The proxy refused or failed.
    ProxyFailed,
    /// The server's certificate is not by a trusted authority.
    CertificateUntrusted,
    /// The server's certificate is for another name.
    CertificateForOtherName,
    /// The server's certificate is outside its dates.
    CertificateOutsideDates,
    /// TLS failed otherwise.
    TlsFailed,
    /// The server answered with this HTTP status.
    HttpStatus(u16),
    /// The connection broke.
    ConnectionLost,
    /// The answer is longer than any frame.
    AnswerTooLong,
}

/// A command that was not carried out; nothing has changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CommandError {
    /// The agent has not booted, or waits for entropy.
    NotReady,
    /// The text is not a token (SPEC R2).
    Token(crate::token::TokenError),
    /// Registered already; `force` would register again (SPEC X12).
    AlreadyRegistered,
    /// Nothing to renew or leave: not registered.
    NotRegistered,
    /// A registration is waiting for its answer.
    RegistrationInProgress,
    /// The key store has no room for another key.
    KeyUnusable,
    /// The product has no license type of that name.
    UnknownLicenseType,
    /// The license type cannot change while the device is registered or registering (SPEC C7).
    LicenseTypeInForce,
    /// The license type cannot change while licences are in use.
    LicensesInUse,
    /// The license type in force has no feature of that name.
    UnknownFeature,
    /// The feature is no field of license control under this license type (SPEC C4, C7).
    NotControlled,
    /// A reservation rules it out: it has to be returned, or its request cancelled, first (SPEC X12,
    /// X13).
    ReservationHeld,
    /// Licences come by codes as long as reservation is enabled (SPEC X12).
    ReservationEnabled,
    /// Reservation has to be enabled first (SPEC S1).
    ReservationNotEnabled,
    /// The device is registered, or registering: it has to be deregistered first (SPEC S1, X12).
    RegisteredOrRegistering,
    /// No licences were asked for: there is no request that the code could answer.
    NoRequest,
    /// No authorization is installed: the request can be cancelled, not returned.
    NothingInstalled,
    /// The text is not an authorization code (SPEC S4).
    Code(crate::code::CodeError),
    /// The authorization is not one to install here (SPEC S4).
    Grant(crate::code::GrantError),
    /// The authorization has more lines than the device has room for.
    TooManyLines,
    /// By the device's clock every term in the authorization has ended.
    TermsEnded,
}

impl From<crate::code::GrantError> for CommandError {
    fn from(error: crate::code::GrantError) -> Self {
        Self::Grant(error)
    }
}
