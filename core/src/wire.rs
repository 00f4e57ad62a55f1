//! Frames between a device and its license manager: their one definition, used by both sides.
//!
//! ```text
//! "LH" | version | kind | payload length (u16, little endian) | payload | trailer
//! ```
//!
//! The payload is a [`Request`] or an [`Answer`] in postcard; the trailer of a request is its
//! signature, that of an answer its signature and the manager's signing certificate. What is signed
//! is the digest of everything before the trailer. Enumerations only ever grow at their end;
//! anything else needs a new version, which an older reader names as that.

mod accept;
mod answer;
mod frame;
mod request;

pub use accept::{AcceptError, Expected, accept};
pub(crate) use accept::{understand, vouch};
pub use answer::{
    ACCOUNT_NAME_MAX, Answer, AnswerBody, AnswerNumber, Authorization, EntitlementAnswer, Refusal,
    Registered, SigningCertificate, Verdict,
};
pub use frame::{
    AnswerFrame, EncodeError, FRAME_MAX, FrameError, RequestFrame, VERSION, encode_answer,
    encode_request,
};
pub use request::{Nonce, Register, Report, Request, RequestBody, RequestNumber, Usage};
