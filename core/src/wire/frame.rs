//! Bytes to checked structures and back. Parsing allocates nothing, borrows from the frame, and
//! ends on any input.

use super::answer::{Answer, AnswerHead, SigningCertificate};
use super::request::{Request, RequestBody};
use crate::codec;
use crate::crypto::{
    Crypto, Digest, KeyHandle, KeyUnusable, PublicKey, Purpose, Signature, SignedMessage,
};
use serde::{Deserialize, Serialize};

/// The version of the format this code writes and reads.
pub const VERSION: u8 = 1;
/// The longest frame, in bytes: anything longer is refused before it is looked at.
pub const FRAME_MAX: usize = 2_048;

const MAGIC: [u8; 2] = *b"LH";
const KIND_REQUEST: u8 = 1;
const KIND_ANSWER: u8 = 2;
const HEADER: usize = 6;

/// What is wrong with the bytes of a frame.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum FrameError {
    /// It does not begin like a frame: a web page, a proxy's error, another protocol.
    NotAFrame,
    /// It was made by a newer version of the format.
    NewerVersion(u8),
    /// A request where an answer belongs, or the reverse.
    WrongKind,
    /// Cut short, longer than it says, or not what its kind holds.
    Malformed,
    /// Longer than [`FRAME_MAX`].
    TooLong,
}

impl From<codec::Failed> for FrameError {
    fn from(_: codec::Failed) -> Self {
        Self::Malformed
    }
}

/// A frame could not be made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EncodeError {
    /// The buffer is shorter than the frame; [`FRAME_MAX`] always suffices.
    BufferTooSmall,
    /// The key to sign with is not there.
    KeyUnusable,
}

impl From<KeyUnusable> for EncodeError {
    fn from(_: KeyUnusable) -> Self {
        Self::KeyUnusable
    }
}

/// A parsed request, not yet verified.
#[derive(Clone, Debug)]
pub struct RequestFrame<'a> {
    /// What it says; believe it only after [`RequestFrame::is_signed_by`].
    pub request: Request<'a>,
    /// Its digest, which the answer must carry.
    pub digest: Digest,
    signature: Signature,
}

impl<'a> RequestFrame<'a> {
    /// Parses `bytes`.
    ///
    /// # Errors
    /// [`FrameError`].
    pub fn parse<C: Crypto>(crypto: &C, bytes: &'a [u8]) -> Result<Self, FrameError> {
        let Parts { signed, payload, trailer } = split(bytes, KIND_REQUEST)?;
        let request: Request<'a> = codec::from_slice(payload)?;
        let signature = codec::from_slice(trailer)?;
        request.udi.check().map_err(|_| FrameError::Malformed)?;
        Ok(Self { request, digest: crypto.digest(&[signed]), signature })
    }

    /// Whether the request was signed by `key`.
    pub fn is_signed_by<C: Crypto>(&self, crypto: &C, key: &PublicKey) -> bool {
        let message = SignedMessage::new(Purpose::Request, &self.digest);
        crypto.verify(key, &message, &self.signature)
    }

    /// The key a registration presents, when it proves to possess it.
    pub fn proven_registration_key<C: Crypto>(&self, crypto: &C) -> Option<PublicKey> {
        match &self.request.body {
            RequestBody::Register(register) if self.is_signed_by(crypto, &register.public_key) => {
                Some(register.public_key)
            }
            _ => None,
        }
    }
}

/// An answer, not yet verified: [`accept`](super::accept()) decides. What it says is not even read
/// before that.
#[derive(Clone, Debug)]
pub struct AnswerFrame<'a> {
    pub(super) head: AnswerHead,
    pub(super) payload: &'a [u8],
    pub(super) trailer: AnswerTrailer,
    pub(super) digest: Digest,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct AnswerTrailer {
    pub(super) signature: Signature,
    pub(super) certificate: SigningCertificate,
}

impl<'a> AnswerFrame<'a> {
    /// Parses `bytes`.
    ///
    /// # Errors
    /// [`FrameError`].
    pub fn parse<C: Crypto>(crypto: &C, bytes: &'a [u8]) -> Result<Self, FrameError> {
        let Parts { signed, payload, trailer } = split(bytes, KIND_ANSWER)?;
        let head = codec::beginning_of(payload)?;
        let trailer = codec::from_slice(trailer)?;
        Ok(Self { head, payload, trailer, digest: crypto.digest(&[signed]) })
    }
}

/// Writes and signs a request; gives its length and its digest.
///
/// # Errors
/// [`EncodeError`].
pub fn encode_request<C: Crypto>(
    crypto: &C,
    key: &KeyHandle,
    request: &Request<'_>,
    buffer: &mut [u8],
) -> Result<(usize, Digest), EncodeError> {
    let length = write_signed(request, KIND_REQUEST, buffer)?;
    let (signed, rest) = buffer.split_at_mut_checked(length).ok_or(EncodeError::BufferTooSmall)?;
    let digest = crypto.digest(&[signed]);
    let signature = crypto.sign(key, &SignedMessage::new(Purpose::Request, &digest))?;
    let trailer = write(&signature, rest)?;
    Ok((length.saturating_add(trailer), digest))
}

/// Writes and signs an answer; gives its length.
///
/// # Errors
/// [`EncodeError`].
pub fn encode_answer<C: Crypto>(
    crypto: &C,
    key: &KeyHandle,
    certificate: &SigningCertificate,
    answer: &Answer<'_>,
    buffer: &mut [u8],
) -> Result<usize, EncodeError> {
    let length = write_signed(answer, KIND_ANSWER, buffer)?;
    let (signed, rest) = buffer.split_at_mut_checked(length).ok_or(EncodeError::BufferTooSmall)?;
    let digest = crypto.digest(&[signed]);
    let signature = crypto.sign(key, &SignedMessage::new(Purpose::Answer, &digest))?;
    let trailer = write(&AnswerTrailer { signature, certificate: *certificate }, rest)?;
    Ok(length.saturating_add(trailer))
}

/// The header and the payload; gives their length.
fn write_signed<T: Serialize>(
    payload: &T,
    kind: u8,
    buffer: &mut [u8],
) -> Result<usize, EncodeError> {
    let (header, rest) =
        buffer.split_first_chunk_mut::<HEADER>().ok_or(EncodeError::BufferTooSmall)?;
    let length = write(payload, rest)?;
    let in_header = u16::try_from(length).map_err(|_| EncodeError::BufferTooSmall)?;
    let [low, high] = in_header.to_le_bytes();
    let [m0, m1] = MAGIC;
    *header = [m0, m1, VERSION, kind, low, high];
    Ok(length.saturating_add(HEADER))
}

fn write<T: Serialize>(value: &T, buffer: &mut [u8]) -> Result<usize, EncodeError> {
    codec::to_slice(value, buffer).ok_or(EncodeError::BufferTooSmall)
}

struct Parts<'a> {
    /// Header and payload.
    signed: &'a [u8],
    payload: &'a [u8],
    trailer: &'a [u8],
}

fn split(bytes: &[u8], expected_kind: u8) -> Result<Parts<'_>, FrameError> {
    if bytes.len() > FRAME_MAX {
        return Err(FrameError::TooLong);
    }
    let [m0, m1] = MAGIC;
    let (&[a, b, version, kind, low, high], _) = match bytes.split_first_chunk::<HEADER>() {
        Some(split) => split,
        // A frame cut within its header is still a frame; anything else is not.
        None if !bytes.is_empty() && MAGIC.starts_with(bytes.get(..2).unwrap_or(bytes)) => {
            return Err(FrameError::Malformed);
        }
        None => return Err(FrameError::NotAFrame),
    };
    if (a, b) != (m0, m1) {
        return Err(FrameError::NotAFrame);
    }
    if version != VERSION {
        return Err(if version > VERSION {
            FrameError::NewerVersion(version)
        } else {
            FrameError::Malformed
        });
    }
    if kind != expected_kind {
        return Err(FrameError::WrongKind);
    }
    let length = HEADER.saturating_add(usize::from(u16::from_le_bytes([low, high])));
    let (signed, trailer) = bytes.split_at_checked(length).ok_or(FrameError::Malformed)?;
    let (_, payload) = signed.split_at_checked(HEADER).ok_or(FrameError::Malformed)?;
    Ok(Parts { signed, payload, trailer })
}
