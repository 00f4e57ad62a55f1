//! Why something about a reservation is refused: a sentence of cause, one of remedy, and a name that
//! programs can rely on.

use super::wording;
use crate::calendar::timestamp;
use crate::store::ReservationId;
use leasehold_core::code::{CodeError, CodeKind, UPDATES_MAX};
use leasehold_core::time::UnixTime;

/// Why something about a reservation is refused. Nothing has changed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ReservationError {
    /// What was entered is not a code of the expected kind, or was mistyped.
    #[error("{}", wording::code(*.expected, *.error, *.typed))]
    Code {
        /// The kind that belongs here.
        expected: CodeKind,
        /// What is wrong, and where.
        error: CodeError,
        /// The one character that is wrong, where there is one.
        typed: Option<char>,
    },
    /// No product has this product id.
    #[error(
        "This manager does not know the product {0}. \
         Use the manager of the product's vendor, or update this one."
    )]
    ProductUnknown(String),
    /// The product cannot be licensed in the way the request names.
    #[error(
        "This manager does not know the license type that the appliance of product {0} has. \
         Update the manager."
    )]
    LicenseTypeUnknown(String),
    /// The device is an instance in this account.
    #[error(
        "The appliance is registered in the virtual account {0:?}. \
         Deregister it there, or remove its instance, and redeem the request again."
    )]
    Registered(String),
    /// The device is an instance in another account.
    #[error(
        "The appliance is registered in another account. \
         Deregister it on the appliance, and redeem the request again."
    )]
    RegisteredElsewhere,
    /// An earlier request of the device has licences, or waits for them.
    #[error(
        "The appliance has reservation {0} already. \
         Return or cancel that one first; if the appliance lost it, rehost it to this request."
    )]
    DeviceHasOne(ReservationId),
    /// The request is one of a reservation that ended.
    #[error(
        "The request is spent: its reservation {id} was {how} on {}. \
         Make a new request on the appliance.",
        timestamp(*.on)
    )]
    RequestSpent {
        /// The reservation.
        id: ReservationId,
        /// How it ended.
        how: &'static str,
        /// When it ended.
        on: UnixTime,
    },
    /// The request was redeemed in another virtual account.
    #[error(
        "The request was redeemed in the virtual account {0:?} before. \
         Go on there, or cancel that reservation and make a new request on the appliance."
    )]
    RedeemedIn(String),
    /// What makes a request unique was in another request.
    #[error(
        "The request cannot be redeemed: its number was used by another one. \
         Cancel it on the appliance, and make a new request there."
    )]
    RequestTaken,
    /// The reservation ended.
    #[error(
        "Reservation {id} was {how} on {}, so that its codes are spent. \
         For another reservation, make a new request on the appliance.",
        timestamp(*.on)
    )]
    Ended {
        /// The reservation.
        id: ReservationId,
        /// How it ended.
        how: &'static str,
        /// When it ended.
        on: UnixTime,
    },
    /// The first authorization was issued already.
    #[error(
        "The reservation has its authorization already. \
         Show the code again, or update the reservation."
    )]
    AlreadyAuthorized,
    /// No authorization was issued yet.
    #[error("No licences are reserved yet. Choose some, and issue the authorization first.")]
    NotAuthorized,
    /// An authorization was issued, so that the device may have it.
    #[error(
        "The authorization was issued, and the appliance may have installed it. \
         Return it on the appliance, and enter the return code."
    )]
    IssuedAlready,
    /// An update waits for its confirmation.
    #[error(
        "Update {update} of reservation {id} was issued, and the appliance has neither confirmed it nor \
         given it back: there is one update at a time, and `leasehold manager reservation show {id} \
         update-code` prints its code. \
         Install that code on the appliance with `leasehold license smart reservation install` and \
         enter the code it prints with `leasehold manager reservation confirm`, or give it back there \
         with `leasehold license smart reservation return authorization` and enter the code that this \
         prints with `leasehold manager reservation return`."
    )]
    UpdatePending {
        /// The reservation.
        id: ReservationId,
        /// The number of the update.
        update: u8,
    },
    /// The reservation was updated as often as it can be.
    #[error(
        "The reservation was updated {UPDATES_MAX} times, which is the most. \
         Return it on the appliance, and make a new request there."
    )]
    UpdatesUsedUp,
    /// Nothing was chosen.
    #[error("No licences were chosen. Choose at least one; to give all back, return them instead.")]
    NothingChosen,
    /// The same licence was chosen more than once.
    #[error("{name} is given twice: {} and {}. Give it once.", .counts[0], .counts[1])]
    GivenTwice {
        /// How it was called.
        name: String,
        /// How many, each time.
        counts: [u32; 2],
    },
    /// The update would issue what is in force.
    #[error(
        "The update would change nothing: reservation {0} sets exactly these licences aside. \
         Give everything that the appliance is to have from then on, or show the code again with \
         `leasehold manager reservation show {0}`."
    )]
    UpdateChangesNothing(ReservationId),
    /// The license type counts no such thing.
    #[error("The license type {license_type} has no licence {name:?}. Choose among {known}.")]
    LicenseUnknown {
        /// The license type.
        license_type: String,
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// The licence is not reported, so that there is nothing to reserve.
    #[error("{0:?} is counted on the appliance only and needs no licence. Leave it out.")]
    NotReported(String),
    /// More terms than a code has room for.
    #[error(
        "These licences have {terms} different terms, and a code holds {most}. \
         Choose fewer of those whose terms end at different times."
    )]
    TooManyTerms {
        /// How many lines the choice takes.
        terms: usize,
        /// How many there is room for.
        most: usize,
    },
    /// There are not as many licences.
    #[error(
        "{wanted} of {name:?} were chosen, and {available} can be reserved. \
         Choose fewer, return other reservations, or buy more."
    )]
    TooFew {
        /// The name of the licence.
        name: String,
        /// How many were chosen.
        wanted: u32,
        /// How many there are.
        available: u64,
    },
    /// A universal reservation is of everything.
    #[error(
        "The request is for everything that the appliance can use. \
         Leave out which licences, or make a specific request on the appliance."
    )]
    UniversalHasNoChoice,
    /// The product has no licence for everything.
    #[error(
        "The product {0} has no licence for everything. \
         Make a specific request on the appliance."
    )]
    UniversalUnknown(String),
    /// None of the licences for everything is there for ever.
    #[error(
        "No perpetual licence {0:?} is left in this virtual account. \
         Buy one, or make a specific request on the appliance."
    )]
    UniversalNotOwned(String),
    /// A universal reservation cannot grow or shrink.
    #[error(
        "Everything that the appliance can use is reserved, so that there is nothing to update. \
         To reserve less, return it, and make a specific request on the appliance."
    )]
    UniversalHasNoUpdate,
    /// The manager was restored from a backup, and what became of the reservation since is open.
    #[error(
        "Reservation {0} is frozen, because the manager was restored from a backup. \
         Reconcile it first, with the last confirmation or return code that the appliance shows."
    )]
    Frozen(ReservationId),
    /// The device holds an update that was issued after the backup.
    #[error(
        "The appliance has installed update {0}, which was issued after the backup that the \
         manager was restored from, so that what it holds is not known. \
         Issue another update and enter the confirmation code that installing it prints, or return \
         everything on the appliance and enter that code."
    )]
    AheadOfBackup(u8),
    /// The device has an authorization that was issued after the backup.
    #[error(
        "The appliance has licences that were authorized after the backup that the manager was \
         restored from, so that what it holds is not known. \
         Return everything on the appliance, and reconcile with the code that it prints."
    )]
    AuthorizedAfterBackup,
    /// The code is known from before the backup, or may be older.
    #[error(
        "The code does not show what the appliance holds since the backup was made. \
         Enter the last one that it shows; where it has none since, an administrator can state that \
         nothing has changed (--unchanged)."
    )]
    NoEvidence,
    /// There is nothing to reconcile.
    #[error("The reservation is not frozen. Go on with it as usual.")]
    NotFrozen,
    /// The code belongs to no reservation that is known here since the manager was restored.
    #[error(
        "The code belongs to no reservation here, and what was reserved after {} is unknown since the \
         manager was restored from a backup of that time: more may be reserved than is owned. \
         If the code is of that time, redeem the appliance's request again, reserve what it holds, \
         and enter the code again.",
        timestamp(*.0)
    )]
    CodeLost(UnixTime),
    /// What the manager would sign is refused by every appliance.
    #[error(
        "The manager's signing certificate is not in force now: it is good from {} until {}. \
         Check the manager's clock, or start it once with root.key in its directory, which makes \
         another certificate; then give the command again.",
        timestamp(*.from),
        timestamp(*.until)
    )]
    SignerOutsideDates {
        /// When the certificate begins.
        from: UnixTime,
        /// When it ends.
        until: UnixTime,
    },
    /// A licence that is set aside is none of the appliance's license type any more.
    #[error(
        "The license type of the appliance has no licence {0} any more. \
         Redeem the replacement's request by itself, and reserve other licences for it."
    )]
    LicenseGone(Box<str>),
    /// The code was entered before.
    #[error("This code was entered before, on {}, and has done its work. Nothing is left to do.",
        timestamp(*.on))]
    EnteredBefore {
        /// The reservation that it belongs to.
        id: ReservationId,
        /// When it was entered.
        on: UnixTime,
    },
    /// The code is about a generation that another code has settled.
    #[error(
        "The code is about update {0}, which is settled: another code was entered since. \
         Nothing is left to do; show the appliance's last codes if it says otherwise."
    )]
    Settled(u8),
    /// The code is about an update that was never issued.
    #[error(
        "The code is about update {0}, which was never issued. \
         Show the appliance's last codes, and enter the right one."
    )]
    NeverIssued(u8),
    /// The code is another reservation's than the one named.
    #[error(
        "The code belongs to reservation {id}, of the appliance with serial number \
         {serial_number}. Enter it there, or enter the code of the right appliance here."
    )]
    OtherReservation {
        /// The reservation that it belongs to.
        id: ReservationId,
        /// The serial number of its device.
        serial_number: String,
    },
    /// The code belongs to no reservation that may be known here.
    #[error(
        "The code belongs to no reservation here. \
         Check that it is of the right appliance and account; if it gives up a request that was never \
         redeemed, nothing is left to do."
    )]
    CodeUnknown,
    /// Too many codes that belong nowhere were entered.
    #[error(
        "Too many codes were entered that belong to no reservation. Try again in {}.",
        wording::wait(*.seconds)
    )]
    TooManyUnknown {
        /// How long to wait.
        seconds: u32,
    },
    /// The terms of everything that was reserved have ended.
    #[error(
        "The terms of all licences of this reservation have ended. \
         Redeem the replacement's request by itself, and reserve other licences for it."
    )]
    NothingLeft,
    /// The replacement is of another product.
    #[error(
        "The replacement is a {replacement}, and the reservation is for a {product}. \
         Rehost to an appliance of the same product."
    )]
    OtherProduct {
        /// The product id of the replacement.
        replacement: String,
        /// The product id of the reservation.
        product: String,
    },
    /// The replacement is licensed in another way.
    #[error(
        "The replacement's request is for another license type, or for other than \
         {wanted}. Make it with the license type of the reservation, and of the same kind."
    )]
    OtherRequest {
        /// What of it is to be the same.
        wanted: &'static str,
    },
    /// The account rehosted as often as it may.
    #[error(
        "{most} reservations of this account were rehosted within a year, which is the most. \
         Return reservations on their appliances instead, or rehost from {} on.",
        timestamp(*.next)
    )]
    RehostsUsedUp {
        /// The most.
        most: usize,
        /// When there is one again.
        next: UnixTime,
    },
}

impl ReservationError {
    /// What is wrong with a `text` that was entered where a code of the `expected` kind belongs.
    pub(super) fn code(expected: CodeKind, error: CodeError, text: &str) -> Self {
        Self::Code { expected, error, typed: wording::typed(error, text) }
    }

    /// A name for programs, which never changes.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Code { error, .. } => wording::name(*error),
            Self::ProductUnknown(_) => "product-unknown",
            Self::LicenseTypeUnknown(_) => "license-type-unknown",
            Self::Registered(_) => "registered",
            Self::RegisteredElsewhere => "registered-elsewhere",
            Self::DeviceHasOne(_) => "device-has-reservation",
            Self::RequestSpent { .. } => "request-spent",
            Self::RedeemedIn(_) => "request-redeemed-elsewhere",
            Self::RequestTaken => "request-taken",
            Self::Ended { .. } => "reservation-ended",
            Self::AlreadyAuthorized => "already-authorized",
            Self::NotAuthorized => "not-authorized",
            Self::IssuedAlready => "authorization-issued",
            Self::UpdatePending { .. } => "update-pending",
            Self::UpdatesUsedUp => "updates-used-up",
            Self::NothingChosen => "nothing-chosen",
            Self::GivenTwice { .. } => "license-given-twice",
            Self::UpdateChangesNothing(_) => "update-changes-nothing",
            Self::LicenseUnknown { .. } => "license-unknown",
            Self::NotReported(_) => "license-not-reported",
            Self::TooManyTerms { .. } => "too-many-terms",
            Self::TooFew { .. } => "too-few-licenses",
            Self::UniversalHasNoChoice => "universal-has-no-choice",
            Self::UniversalUnknown(_) => "universal-unknown",
            Self::UniversalNotOwned(_) => "universal-not-owned",
            Self::UniversalHasNoUpdate => "universal-has-no-update",
            Self::Frozen(_) => "reservation-frozen",
            Self::AheadOfBackup(_) => "device-ahead-of-backup",
            Self::AuthorizedAfterBackup => "authorized-after-backup",
            Self::NoEvidence => "code-shows-nothing",
            Self::NotFrozen => "reservation-not-frozen",
            Self::CodeLost(_) => "code-lost",
            Self::SignerOutsideDates { .. } => "signer-outside-dates",
            Self::LicenseGone(_) => "license-gone",
            Self::EnteredBefore { .. } => "code-entered-before",
            Self::Settled(_) => "code-settled",
            Self::NeverIssued(_) => "code-never-issued",
            Self::OtherReservation { .. } => "code-of-other-reservation",
            Self::CodeUnknown => "code-unknown",
            Self::TooManyUnknown { .. } => "too-many-unknown-codes",
            Self::NothingLeft => "nothing-left",
            Self::OtherProduct { .. } => "rehost-other-product",
            Self::OtherRequest { .. } => "rehost-other-request",
            Self::RehostsUsedUp { .. } => "rehosts-used-up",
        }
    }
}
