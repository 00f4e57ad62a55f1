//! Codes: licences that travel on paper, over the telephone and from screen to screen (SPEC section
//! 6, S4).
//!
//! | begins | code | made by | says |
//! |---|---|---|---|
//! | `LHQ` | [`RequestCode`] | device | who asks, and what its proofs will be known by |
//! | `LHA` | [`AuthorizationCode`] | manager | what is set aside, signed |
//! | `LHC` | [`ConfirmationCode`] | device | an update is installed |
//! | `LHR` | [`ReturnCode`] | device | everything, or an update, is given back for good |
//!
//! # Text
//! Crockford base 32 in groups of five. White space, dashes and quotes are ignored wherever they
//! stand, with what chat programs and word processors make of them; case and look-alikes do not
//! matter. A code is a sequence of *blocks* of at most 80 characters, each ending in six check
//! symbols, and every character of it, the prefix included, is in one of them. A single wrong
//! character is located by computation, not guessed; dropped and doubled ones are told by their
//! number, which is fixed, or carried in the code. The first block begins with prefix and version,
//! now and in every later version, so that "made by a newer version" is told from "mistyped".
//!
//! The UDI stands in the request between colons, taken exactly: case and dashes belong to it.
//! White space and quotes, which it cannot have, are ignored in it too.
//!
//! # Reading
//! In place, in bounded time, without allocation; anything longer than the longest code is refused
//! unread. Nothing here can panic.
//!
//! *Rejected:* one checksum over the whole code, because it could not say where a wrong character
//! is; Reed–Solomon correction, because what a code frees should be what somebody typed.

mod authorization;
mod chain;
mod check;
mod checksum;
mod grant;
mod packed;
mod printer;
mod proof;
mod reader;
mod request;

pub use authorization::{AUTHORIZATION_TEXT_MAX, AuthorizationCode};
pub use chain::{Anchors, ReservationSecret, UPDATES_MAX};
pub(crate) use grant::Vouched;
pub use grant::{ExpectedGrant, Grant, GrantError, GrantLine, catalogue_digest, device_hint};
pub use proof::{ConfirmationCode, PROOF_TEXT_MAX, ReturnCode, Returned};
pub use request::{REQUEST_TEXT_MAX, RequestCode};

/// The longest text that is read, in bytes. The longest code fits several times, for what may stand
/// between its characters.
pub const TEXT_MAX: usize = 4_096;

/// The kinds of code.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum CodeKind {
    /// A device asks for licences: `LHQ`.
    Request,
    /// A manager sets them aside: `LHA`.
    Authorization,
    /// A device has installed an update: `LHC`.
    Confirmation,
    /// A device gives back: `LHR`.
    Return,
}

impl CodeKind {
    const ALL: [Self; 4] = [Self::Request, Self::Authorization, Self::Confirmation, Self::Return];

    /// What codes of the kind begin with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Request => "LHQ",
            Self::Authorization => "LHA",
            Self::Confirmation => "LHC",
            Self::Return => "LHR",
        }
    }
}

/// What is wrong with a text that should be a code. Nothing has changed.
///
/// A *place* is the number of a character in the text as it was given, from 1.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum CodeError {
    /// It does not begin like a code, not even like one of the expected kind with a wrong character
    /// in its beginning.
    NotACode,
    /// It begins like a code of this other kind.
    WrongKind(CodeKind),
    /// It was made by this newer version of the format.
    NewerVersion(u8),
    /// This character cannot stand where it is.
    BadCharacter {
        /// Where.
        place: u16,
    },
    /// Something is missing, or too much.
    Length {
        /// How many characters the code should have, separators aside; at least so many where the
        /// code breaks off before it says.
        expected: u16,
        /// How many it has.
        found: u16,
    },
    /// What was typed is not what was printed.
    Mistyped {
        /// In which block of at most 80 characters, from 1.
        block: u8,
        /// The one character that is wrong, or `None` when more than one is.
        place: Option<u16>,
    },
    /// Longer than any code, and not read.
    TooLong,
    /// Typed as it was printed, and impossible: what made it is broken.
    Malformed,
}
