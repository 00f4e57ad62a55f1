//! What goes into the agent and what comes out.

use super::event::Event;
use super::failure::TransportError;
use super::record::RecordKind;
use super::reserving::ReservationCommand;
use crate::identity::Udi;
use crate::product::SizeProfile;
use crate::time::Instant;

/// What the agent is told.
#[derive(Clone, Copy, Debug)]
pub enum Input<'i> {
    /// Time has passed, or the use has changed.
    Wake,
    /// An administrator's command.
    Command(Command<'i>),
    /// The way to the manager is another one, or is there again: what failed is tried at once.
    LinkChanged,
    /// The device is about to stop in order: everything is stored now, so that nothing is lost.
    Stopping,
    /// 32 bytes of entropy, after [`Output::NeedEntropy`].
    Entropy(&'i [u8; 32]),
    /// The record was stored durably.
    Persisted(RecordKind),
    /// The record could not be stored; the slot written before it is as it was.
    PersistFailed(RecordKind),
    /// The platform's counter stands there now, after [`Output::RaiseCounter`].
    CounterRaised(u32),
    /// The platform's counter could not be raised; it is tried again.
    CounterFailed,
    /// What came back for the request.
    Received(&'i [u8]),
    /// Nothing came back.
    TransportFailed(TransportError),
}

/// An administrator's command (SPEC R7).
#[derive(Clone, Copy, Debug)]
pub enum Command<'i> {
    /// Register with a token.
    Register {
        /// As pasted.
        token: &'i str,
        /// Replace an instance with this UDI, or register again (SPEC R5, X12).
        force: bool,
    },
    /// Leave the account (SPEC R6).
    Deregister,
    /// Report now.
    RenewAuthorization,
    /// Renew the ID certificate now.
    RenewCertificate,
    /// Count by another license type, by its name (SPEC C7). Nothing may be in use, and the device
    /// must not be registered.
    SelectLicenseType(&'i str),
    /// Allow over-use, or deny it (SPEC C4).
    AllowOverage(bool),
    /// Limit a field of license control, or take the limit back (SPEC C4).
    Limit {
        /// The feature's name.
        feature: &'i str,
        /// The most at a time; `None` for what the account owns.
        limit: Option<u32>,
    },
    /// Leave the account, and erase everything but the evaluation used (SPEC X13). The license type
    /// stays where something is in use.
    FactoryReset,
    /// A step of a reservation (SPEC section 6).
    Reservation(ReservationCommand<'i>),
}

/// What the host is to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Output {
    /// Give 32 bytes of entropy, once after each boot. Nothing is registered or sent before.
    NeedEntropy,
    /// Store the first `length` bytes of the buffer durably into this slot of this record, then
    /// say [`Input::Persisted`] or [`Input::PersistFailed`].
    Persist {
        /// Which record.
        record: RecordKind,
        /// Which of its two slots (0 or 1).
        slot: usize,
        /// Bytes of the buffer.
        length: usize,
    },
    /// Raise the platform's counter to this, then say [`Input::CounterRaised`] or
    /// [`Input::CounterFailed`]. Only where the platform has one ([`Stored::counter`]).
    RaiseCounter {
        /// Where it is to stand, at least.
        to: u32,
    },
    /// Send the first `length` bytes of the buffer to the manager, then say [`Input::Received`] or
    /// [`Input::TransportFailed`].
    Transmit {
        /// Bytes of the buffer.
        length: usize,
    },
    /// Tell people.
    Event(Event),
    /// Nothing more until this uptime, or until there is an input. Changes only with an input.
    Wait(Option<Instant>),
}

/// Bytes that the buffer of [`Agent::poll_output`](super::Agent::poll_output) needs.
pub const BUFFER_MIN: usize = crate::wire::FRAME_MAX;

/// What the platform says about itself.
#[derive(Clone, Copy, Debug)]
pub struct Device<'a> {
    /// Its identity.
    pub udi: Udi<'a>,
    /// Its host name; empty where that is kept private.
    pub host_name: &'a str,
    /// The version of its software.
    pub software_version: &'a str,
    /// The size it comes in, of those of its product definition.
    pub size_profile: Option<&'a SizeProfile<'a>>,
}

/// What a boot finds: two slots of each record, `None` for a slot never written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stored<'s> {
    /// The slots of [`RecordKind::Identity`].
    pub identity: [Option<&'s [u8]>; 2],
    /// The slots of [`RecordKind::Ledger`].
    pub ledger: [Option<&'s [u8]>; 2],
    /// Where the platform's counter stands that only grows (TPM, RPMB, fuses), if it has one: by it
    /// a reservation that was returned is told from a backup that was put back (SPEC S5).
    pub counter: Option<u32>,
}
