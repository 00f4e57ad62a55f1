//! The one description of a device's state outside the core: what the daemon answers, what `--json`
//! prints, what [`show`](crate::show) renders.
//!
//! Moments are Unix seconds by the device's best knowledge; `None` where it never knew the time.
//! Names of states and reasons are those of the specification.

mod reservation;

pub use reservation::{
    InstalledReservation, Reservation, ReservationCodes, ReservationRequest, ReservedLine,
    ReturnedCode,
};

use serde::{Deserialize, Serialize};

/// Unix seconds.
pub type UnixSeconds = u64;

/// A device's whole state at one moment.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Report {
    /// The moment.
    pub time: Option<UnixSeconds>,
    /// What the device is.
    pub device: Device,
    /// Where its manager is.
    pub transport: Transport,
    /// The registration (SPEC R1).
    pub registration: Registration,
    /// The authorization (SPEC A1).
    pub authorization: Authorization,
    /// The evaluation (SPEC A2).
    pub evaluation: Evaluation,
    /// The verdict (SPEC E1).
    pub enforcement: Enforcement,
    /// Whether over-use is denied (SPEC C4).
    pub license_control: LicenseControl,
    /// Whether the real-time clock can be right (SPEC T2).
    pub clock: ClockStanding,
    /// Whether another machine uses this device's identity, by the manager's last answer (SPEC T5).
    pub duplicate: bool,
    /// Every entitlement of the license type, in its order.
    pub entitlements: Vec<Entitlement>,
    /// Licences that travel as codes (SPEC section 6).
    pub reservation: Reservation,
    /// The rules' numbers that explanations need, in seconds.
    pub policy: Policy,
    /// Whether state can be stored at this moment.
    pub storage_failed: bool,
}

/// What the device is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Device {
    /// Product id.
    pub product_id: String,
    /// Serial number.
    pub serial_number: String,
    /// UUID in its usual form.
    pub uuid: Option<String>,
    /// Host name, whether or not it is sent.
    pub host_name: String,
    /// Whether the host name is kept from the manager.
    pub host_name_private: bool,
    /// Version of the agent.
    pub agent_version: String,
    /// The product, such as `contact-center`.
    pub product: String,
    /// The size it comes in, such as `400-agents`; `None` where size limits nothing.
    pub size_profile: Option<String>,
    /// The license type, such as `flex`.
    pub license_type: String,
    /// What the license type is for: `production` or `lab`.
    pub license_purpose: String,
    /// What enforcement refuses on this product: `provisioning`, `new-use` (which is that and
    /// signing in and acquiring), or nothing (`advisory`).
    pub enforcement_mode: String,
    /// Who signs in on it right now.
    pub signed_in: Vec<SignedIn>,
}

/// Somebody signed in.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SignedIn {
    /// The agent's name.
    pub name: String,
    /// The feature the sign-in took.
    pub feature: String,
}

/// Where the manager is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Transport {
    /// `direct`, `on-prem` or `proxy`.
    pub kind: String,
    /// The whole URL that requests go to; `None` where none is configured.
    pub url: Option<String>,
    /// The proxy on the way; `None` without one.
    pub proxy: Option<Proxy>,
}

/// A proxy on the way to the manager.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Proxy {
    /// Its host name or address.
    pub address: String,
    /// Its port.
    pub port: u16,
    /// Whom it knows the appliance as; `None` where it does not ask.
    pub user: Option<String>,
}

/// A failed attempt at something.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Failure {
    /// When.
    pub at: Option<UnixSeconds>,
    /// The reason's name, such as `TokenExpired`.
    pub reason: String,
    /// One sentence of cause.
    pub cause: String,
    /// One sentence of remedy.
    pub remedy: String,
}

/// The registration.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Registration {
    /// `Unregistered`, `Registering`, `Retrying`, `Failed`, `Registered`, `Expired`,
    /// `ReservationInProgress`, `Reserved`.
    pub state: String,
    /// There while registered.
    pub enrolment: Option<Enrolment>,
    /// Why there is no registration.
    pub unregistered: Option<Unregistered>,
    /// When the certificate ended, if that is why.
    pub certificate_ended: Option<UnixSeconds>,
    /// A registration under way or refused, beside what holds (SPEC X12).
    pub attempt: Option<Attempt>,
}

/// Why there is no registration.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Unregistered {
    /// `Never`, `Deregistered`, `Removed`, `Replaced`, `CertificateEnded`, `ReservationCancelled`,
    /// `ReservationReturned`, `ReservationRolledBack`.
    pub reason: String,
    /// Since when.
    pub at: Option<UnixSeconds>,
    /// For `Deregistered`: whether the manager knows. If not, a stale instance is left there.
    pub manager_told: Option<bool>,
}

/// A registration that holds.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Enrolment {
    /// The manager's id of this instance, in hexadecimal.
    pub instance: String,
    /// Name of the smart account.
    pub smart_account: String,
    /// Name of the virtual account.
    pub virtual_account: String,
    /// Whether export-controlled functions are allowed (SPEC R8).
    pub export_controlled_allowed: bool,
    /// When it was registered.
    pub registered: Option<UnixSeconds>,
    /// When the last renewal succeeded; `None` before the first.
    pub renewed: Option<UnixSeconds>,
    /// Why the last renewal failed, until the next success.
    pub renewal_failure: Option<Failure>,
    /// When renewal is tried next.
    pub next_renewal: Option<UnixSeconds>,
    /// When the ID certificate ends.
    pub expires: Option<UnixSeconds>,
}

/// A registration under way or refused.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Attempt {
    /// Why the last try failed; `None` while the first is on its way.
    pub failure: Option<Failure>,
    /// When it is tried again.
    pub retry: Option<UnixSeconds>,
    /// Whether it was refused for good.
    pub refused: bool,
}

/// The authorization.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Authorization {
    /// What it is.
    pub state: AuthorizationState,
    /// When the manager last answered a report.
    pub answered: Option<UnixSeconds>,
    /// When the last contact succeeded, if the last one did.
    pub contact_succeeded: Option<UnixSeconds>,
    /// Why the last contact failed, if it did.
    pub contact_failure: Option<Failure>,
    /// Whether a request is on its way.
    pub in_contact: bool,
    /// When the next report is sent.
    pub next_contact: Option<UnixSeconds>,
    /// When the authorization ends without an answer.
    pub deadline: Option<UnixSeconds>,
}

/// The authorization of the device or of one entitlement (SPEC A1).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum AuthorizationState {
    /// Nothing is in use.
    NoLicensesInUse,
    /// In use without registration.
    Evaluation,
    /// The evaluation is used up.
    EvaluationExpired,
    /// Registered, no answer yet.
    Waiting,
    /// Covered.
    Authorized,
    /// Not covered.
    OutOfCompliance {
        /// Since when.
        since: Option<UnixSeconds>,
        /// Whether the tolerance still runs.
        pending: bool,
    },
    /// No answer by the deadline.
    AuthorizationExpired,
    /// Covered by what is reserved.
    Reserved,
    /// More is in use than is reserved.
    NotAuthorizedReserved,
}

/// The evaluation.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Evaluation {
    /// Seconds left.
    pub left: u32,
    /// Whether it counts down at this moment.
    pub counting: bool,
    /// When it was used up.
    pub expired: Option<UnixSeconds>,
}

/// The verdict (SPEC E1). Reasons: `OutOfCompliance`, `AuthorizationExpired`, `EvaluationExpired`,
/// `NotAuthorizedReserved`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Enforcement {
    /// Nothing.
    None,
    /// Everything works; it will be enforced unless the cause ends.
    Overage {
        /// Why.
        reason: String,
        /// When it ends in enforcement.
        ends: Option<UnixSeconds>,
    },
    /// Provisioning is refused.
    Enforced {
        /// Why.
        reason: String,
        /// Since when.
        since: Option<UnixSeconds>,
    },
}

/// Whether over-use is denied (SPEC C4). The limits themselves stand with each entitlement.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LicenseControl {
    /// Whether over-use is allowed, as an administrator set it.
    pub overage_allowed: bool,
    /// Whether that setting decides anything now: on production license types, once registered
    /// (SPEC X8).
    pub applies: bool,
}

/// How the real-time clock stands to the ID certificate (SPEC T2, X15).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum ClockStanding {
    /// It does not contradict it.
    Agreed,
    /// It is past the certificate's end.
    Ahead {
        /// When the device is unregistered, unless that is settled before.
        until: Option<UnixSeconds>,
    },
    /// It is before the certificate's start.
    Behind {
        /// When it is ignored, unless that is settled before.
        until: Option<UnixSeconds>,
    },
    /// It stayed before the certificate's start, and counts as absent.
    Ignored,
}

/// The most of an entitlement and its higher tiers together (SPEC C4, C6).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Limit {
    /// The most at a time.
    pub most: u32,
    /// Who set it: `platform`, `administrator`, `account` or `reservation`.
    pub set_by: String,
}

/// One entitlement.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Entitlement {
    /// Its name.
    pub name: String,
    /// Its tag.
    pub tag: String,
    /// A sentence about it.
    pub description: String,
    /// Its version.
    pub version: String,
    /// The feature that consumes it, such as `standard-seat`.
    pub feature: String,
    /// The chain whose tiers substitute downwards, if it is in one. The tiers of a chain stand
    /// together, lowest first (SPEC C2).
    pub chain: Option<u8>,
    /// Whether it is reported: `peak`, `presence` or `stored-only`.
    pub reporting: String,
    /// In use now.
    pub in_use: u32,
    /// What the next report says: the peak at or above this tier.
    pub peak: u32,
    /// Its own authorization.
    pub state: AuthorizationState,
    /// `InCompliance`, `OutOfCompliance`, `InvalidTag`, `NotOwned`; `None` before an answer.
    pub verdict: Option<String>,
    /// How many the account owns less what is reserved, by the last answer.
    pub owned: Option<u32>,
    /// Whether it is a field of license control: an administrator may limit it.
    pub controlled: bool,
    /// The limit that an administrator set for it, in force or not.
    pub configured_limit: Option<u32>,
    /// The limit in force.
    pub limit: Option<Limit>,
}

/// The rules' numbers that explanations need, in seconds.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Policy {
    /// From one answered report to the next.
    pub report_interval: u32,
    /// From out of compliance to the stronger warning.
    pub pending_warning: u32,
    /// From out of compliance to the breach.
    pub pending_tolerance: u32,
    /// From the breach, or the end of authorization, to enforcement.
    pub overage_period: u32,
    /// How long one answer authorizes.
    pub authorization_period: u32,
    /// The whole evaluation.
    pub evaluation_period: u32,
}
