//! The rows. Times are Unix seconds; counts are licences. What every report handles is shared.

mod license;
mod reservation;

pub use license::{LineRow, LineTotal, PoolRow, TermTotal};
pub use reservation::{ClaimRow, EnteredCodeRow, Freeze, ReservationRow, ReservationState};

use leasehold_core::crypto::{Digest, PublicKey};
use leasehold_core::identity::{InstanceId, Udi};
use leasehold_core::time::UnixTime;
use std::fmt;
use std::sync::Arc;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $($(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        })*
    };
}

id! {
    /// Names a smart account.
    AccountId;
    /// Names a virtual account.
    VirtualAccountId;
    /// Names a user.
    UserId;
    /// Names an API client.
    ClientId;
    /// Names a registration token.
    TokenId;
    /// Names a licence line.
    LineId;
    /// Names a device: a UDI that was registered at least once.
    DeviceId;
    /// Names a reservation.
    ReservationId;
}

/// A smart account: a customer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AccountRow {
    /// Its id.
    pub id: AccountId,
    /// Its name, unique.
    pub name: String,
    /// When it was made.
    pub created: UnixTime,
}

/// A virtual account: a pool of licences within an account.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VirtualAccountRow {
    /// Its id.
    pub id: VirtualAccountId,
    /// The account it is in.
    pub account: AccountId,
    /// The virtual account it stands under.
    pub parent: Option<VirtualAccountId>,
    /// Its name, unique in the account.
    pub name: String,
    /// Whether it came with the account and cannot be deleted.
    pub is_default: bool,
    /// When it was made.
    pub created: UnixTime,
}

/// What a virtual account still holds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Contents {
    /// Virtual accounts under it.
    pub children: u64,
    /// Registered devices.
    pub devices: u64,
    /// Licence lines that are in force or will be.
    pub lines: u64,
    /// Tokens that a device could still register with.
    pub tokens: u64,
    /// Reservations that did not end.
    pub reservations: u64,
}

/// What someone may do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// Deposits licences (SPEC L1).
    Vendor,
    /// Does everything else.
    Administrator,
    /// Makes and revokes tokens, removes instances.
    User,
    /// Looks.
    Viewer,
}

/// Someone who signs in with a password.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UserRow {
    /// Its id.
    pub id: UserId,
    /// The name to sign in with, unique.
    pub name: String,
    /// The argon2id hash, in PHC form.
    pub password_hash: String,
    /// What the user may do.
    pub role: Role,
    /// Only in this account.
    pub account: Option<AccountId>,
    /// Only in this virtual account.
    pub virtual_account: Option<VirtualAccountId>,
    /// When it was made.
    pub created: UnixTime,
}

/// A program that signs in with a secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClientRow {
    /// Its id.
    pub id: ClientId,
    /// A name for people.
    pub name: String,
    /// The digest of its secret.
    pub secret: [u8; 32],
    /// What it may do.
    pub role: Role,
    /// Only in this account.
    pub account: Option<AccountId>,
    /// When it was made.
    pub created: UnixTime,
}

/// A registration token (SPEC L2), without its secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TokenRow {
    /// Its id.
    pub id: TokenId,
    /// The account it registers into.
    pub account: AccountId,
    /// The virtual account it registers into.
    pub virtual_account: VirtualAccountId,
    /// The digest of its secret.
    pub secret: [u8; 32],
    /// What it is for.
    pub description: String,
    /// When it was made.
    pub created: UnixTime,
    /// When it stops working.
    pub expires: UnixTime,
    /// How many registrations it is good for; `None` for any number.
    pub max_uses: Option<u32>,
    /// How many it was used for.
    pub uses: u32,
    /// Whether export-controlled functions are allowed to what registers with it (SPEC R8).
    pub export_controlled: bool,
    /// Who made it.
    pub created_by: String,
    /// When it was revoked.
    pub revoked: Option<UnixTime>,
}

/// Whether a device is a product instance now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DeviceState {
    /// It is registered.
    Registered,
    /// It deregistered itself.
    Deregistered,
    /// An administrator removed it.
    Removed,
    /// Its certificate ended.
    Expired,
}

/// A key that was certified and not used yet; the old one works until it is (SPEC T4).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NextKey {
    /// The key.
    pub public_key: PublicKey,
    /// When its certificate ends.
    pub valid_until: UnixTime,
}

/// A device, and the product instance it is or last was.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DeviceRow {
    /// Its id.
    pub id: DeviceId,
    /// Product id of its UDI.
    pub product_id: Arc<str>,
    /// Serial number of its UDI.
    pub serial_number: Arc<str>,
    /// UUID of its UDI.
    pub uuid: Option<[u8; 16]>,
    /// The instance it is or last was.
    pub instance: InstanceId,
    /// The account it is or last was in.
    pub account: AccountId,
    /// The virtual account it is or last was in.
    pub virtual_account: VirtualAccountId,
    /// Whether it is an instance now.
    pub state: DeviceState,
    /// Host name it last reported; empty where kept private.
    pub host_name: Arc<str>,
    /// Software version it last reported.
    pub software_version: Arc<str>,
    /// When housekeeping looks at it next.
    pub look_at: UnixTime,
    /// The key its requests are signed with.
    pub public_key: PublicKey,
    /// A newer key that was not used yet.
    pub next_key: Option<NextKey>,
    /// Counts its certificates.
    pub certificate_serial: u32,
    /// When the certificate of `public_key` ends.
    pub valid_until: UnixTime,
    /// Whether export-controlled functions are allowed.
    pub export_controlled: bool,
    /// When it was registered.
    pub registered: UnixTime,
    /// When it was last heard of.
    pub last_contact: UnixTime,
    /// The epoch of its last request.
    pub epoch: u32,
    /// The sequence of its last request.
    pub sequence: u64,
    /// The digest of its last request.
    pub last_request: Digest,
    /// The frame that answered its last request.
    pub last_answer: Arc<[u8]>,
    /// The highest sequence of all answers to this UDI, whatever it was registered as.
    pub answer_sequence: u64,
    /// Distinct reports that were counted.
    pub reports_counted: u64,
    /// Since when it is out of compliance in its account (SPEC X6).
    pub out_of_compliance_since: Option<UnixTime>,
    /// Since when two machines are known to use its identity (SPEC T5).
    pub duplicate_since: Option<UnixTime>,
    /// Whether its silence was announced.
    pub silence_announced: bool,
    /// Whether its usage was released because of its silence.
    pub usage_released: bool,
}

impl DeviceRow {
    /// Its UDI.
    pub fn udi(&self) -> Udi<'_> {
        Udi { product_id: &self.product_id, serial_number: &self.serial_number, uuid: self.uuid }
    }
}

/// The last registration of a device, kept so that its repeat gets the same bytes (SPEC T4).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RegistrationRow {
    /// The device.
    pub device: DeviceId,
    /// The digest of the request.
    pub request: Digest,
    /// The token it used.
    pub token: TokenId,
    /// The frame that answered.
    pub answer: Vec<u8>,
}

/// An epoch that was current earlier (SPEC T5).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EpochRow {
    /// The device.
    pub device: DeviceId,
    /// The epoch.
    pub epoch: u32,
    /// The last sequence in it.
    pub sequence: u64,
    /// The digest of the last request in it.
    pub request: Digest,
    /// The frame that answered that request.
    pub answer: Arc<[u8]>,
    /// When another epoch took over.
    pub retired: UnixTime,
}

/// The last `Conflict` that was said to a device.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConflictRow {
    /// The device.
    pub device: DeviceId,
    /// The digest of the request.
    pub request: Digest,
    /// The frame that answered.
    pub answer: Vec<u8>,
}

/// One of several machines that use the identity of a device, each in an epoch of its own (SPEC T5).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MachineRow {
    /// The device.
    pub device: DeviceId,
    /// The epoch of its requests.
    pub epoch: u32,
    /// When it last reported.
    pub reported: UnixTime,
    /// The peaks it last reported, in order of the tag: at or above each tier.
    pub peaks: Vec<(Arc<str>, u32)>,
}

/// What a device uses of one tag: what it last reported, or the sum over its machines.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UsageRow {
    /// The device.
    pub device: DeviceId,
    /// The tag.
    pub tag: Arc<str>,
    /// The peak that counts: at or above this tier.
    pub peak: u32,
    /// The highest peak since it was registered for the first time.
    pub highest: u32,
    /// When the history last got a row of it.
    pub recorded: UnixTime,
}

/// One point in the history of use.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HistoryRow {
    /// Its id; ignored when it is added.
    pub id: i64,
    /// The device.
    pub device: DeviceId,
    /// The tag.
    pub tag: Arc<str>,
    /// When it was reported.
    pub reported: UnixTime,
    /// The peak.
    pub peak: u32,
    /// Seconds the peak is taken over.
    pub covers_seconds: u32,
}

/// One entry of the event log (SPEC L11).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EventRow {
    /// Its number, from 1, without gaps.
    pub number: i64,
    /// When it happened.
    pub time: UnixTime,
    /// The account it belongs to.
    pub account: Option<AccountId>,
    /// The virtual account it belongs to.
    pub virtual_account: Option<VirtualAccountId>,
    /// The device it belongs to.
    pub device: Option<DeviceId>,
    /// Who did it.
    pub actor: String,
    /// What happened: a name such as `InstanceRegistered`.
    pub name: String,
    /// More about it: a JSON object.
    pub detail: String,
    /// The digest of the entry before and of this one.
    pub hash: [u8; 32],
}
