//! Authorization codes: what a manager sets aside, signed (SPEC S1, S2, S4).
//!
//! ```text
//! payload length (u16, little endian) | voucher length (u8) | payload | voucher
//! ```
//!
//! The payload is a [`Grant`] in postcard, the voucher its signature and perhaps the certificate of
//! the signer.

use super::chain::Anchors;
use super::check::{BLOCK, BLOCK_DATA, HEAD, Layout, check, whole};
use super::checksum::CHECK_SYMBOLS;
use super::grant::{Grant, Voucher, signed_message};
use super::packed::{Unpacker, symbol_at, symbols_of};
use super::printer::Printer;
use super::reader::{Reader, count};
use super::{CodeError, CodeKind};
use crate::codec;
use crate::crypto::{Crypto, KeyHandle, KeyUnusable};
use crate::identity::Udi;
use crate::product::ENTITLEMENTS_MAX;
use crate::wire::SigningCertificate;
use heapless::String;

const LENGTHS: usize = 3;
/// A line: entitlement, count, and when it ends.
const LINE_MAX: usize = 1 + 5 + 1 + 10;
/// Device, number, generation, license type, universal, catalogue, issued.
pub(super) const GRANT_HEAD_MAX: usize = 4 + 5 + 1 + 1 + 1 + 5 + 10;
/// The head, and the lines.
pub(super) const PAYLOAD_MAX: usize = GRANT_HEAD_MAX + 1 + ENTITLEMENTS_MAX * LINE_MAX;
/// A signature is always as long.
pub(super) const SIGNATURE: usize = 65;
/// Whether there is a certificate, and one of key, serial, two times and a signature.
pub(super) const CERTIFICATE_MAX: usize = 1 + 33 + 5 + 10 + 10 + SIGNATURE;
const VOUCHER_MAX: usize = SIGNATURE + CERTIFICATE_MAX;
/// The contents of the longest code, in bytes.
const CONTENTS_MAX: usize = LENGTHS + PAYLOAD_MAX + VOUCHER_MAX;
/// The characters of the longest code as printed.
pub const AUTHORIZATION_TEXT_MAX: usize = characters_of(CONTENTS_MAX) * 6 / 5;

/// The characters of a code whose contents have so many bytes, separators aside.
const fn characters_of(contents: usize) -> usize {
    let data = HEAD.saturating_add(symbols_of(contents));
    let checks = data.div_ceil(BLOCK_DATA).saturating_mul(CHECK_SYMBOLS);
    data.saturating_add(checks)
}

/// An authorization code as it was read, not yet verified: [`AuthorizationCode::accept`] decides.
///
/// It is the text alone: what it says is unpacked for each step that needs some of it, so that no
/// step's stack stands on another's.
#[derive(Clone, Copy, Debug)]
pub struct AuthorizationCode<'t> {
    text: &'t str,
}

impl<'t> AuthorizationCode<'t> {
    /// Reads a code as pasted or typed.
    ///
    /// # Errors
    /// [`CodeError`] says what is wrong, and where.
    pub fn parse(text: &'t str) -> Result<Self, CodeError> {
        check::<Self>(text)?;
        // The bits of the last symbol that are no contents: were they not fixed, the same contents
        // could be spelt in other ways.
        let mut spare = [0];
        unpack_from(text, Lengths::read(text).contents(), &mut spare);
        if spare == [0] { Ok(Self { text }) } else { Err(CodeError::Malformed) }
    }

    /// The grant as it was signed, or its beginning where `bytes` have no room for more.
    pub(super) fn payload(self, bytes: &mut [u8]) -> &[u8] {
        let length = Lengths::read(self.text).payload;
        self.part(LENGTHS, length.into(), bytes)
    }

    /// The signature.
    pub(super) fn signature(self, bytes: &mut [u8; SIGNATURE]) -> &[u8] {
        self.voucher(0, bytes)
    }

    /// The certificate of the signer, or that there is none.
    pub(super) fn certificate(self, bytes: &mut [u8; CERTIFICATE_MAX]) -> &[u8] {
        self.voucher(SIGNATURE, bytes)
    }

    fn voucher(self, from: usize, bytes: &mut [u8]) -> &[u8] {
        let Lengths { payload, voucher } = Lengths::read(self.text);
        let start = LENGTHS.saturating_add(payload.into()).saturating_add(from);
        self.part(start, usize::from(voucher).saturating_sub(from), bytes)
    }

    fn part(self, start: usize, length: usize, bytes: &mut [u8]) -> &[u8] {
        let room = length.min(bytes.len());
        let part = bytes.get_mut(..room).unwrap_or_default();
        unpack_from(self.text, start, part);
        part
    }

    /// The code that grants `grant` to the device `udi`, whose request has these `anchors`: signed
    /// with `key`, which is the reservation key that the product pins, or that of `certificate`.
    ///
    /// # Errors
    /// [`KeyUnusable`] when the key is not there.
    pub fn encode<C: Crypto>(
        crypto: &C,
        key: &KeyHandle,
        certificate: Option<&SigningCertificate>,
        grant: &Grant,
        udi: &Udi<'_>,
        anchors: &Anchors,
    ) -> Result<String<AUTHORIZATION_TEXT_MAX>, KeyUnusable> {
        // The contents always fit: their parts have longest lengths, of which this is the sum.
        let mut buffer = [0; CONTENTS_MAX];
        let (lengths, contents) = buffer.split_first_chunk_mut().ok_or(KeyUnusable)?;
        let payload = codec::to_slice(grant, contents).ok_or(KeyUnusable)?;
        let (payload_bytes, rest) = contents.split_at_mut_checked(payload).ok_or(KeyUnusable)?;
        let message = signed_message(crypto, payload_bytes, udi, anchors);
        let signature = crypto.sign(key, &message)?;
        let voucher = Voucher { signature, certificate: certificate.copied() };
        let voucher = codec::to_slice(&voucher, rest).ok_or(KeyUnusable)?;
        let written = Lengths {
            payload: u16::try_from(payload).unwrap_or_default(),
            voucher: u8::try_from(voucher).unwrap_or_default(),
        };
        *lengths = written.bytes();
        Ok(print(buffer.get(..written.contents()).unwrap_or_default()))
    }
}

impl Layout for AuthorizationCode<'_> {
    const KIND: CodeKind = CodeKind::Authorization;

    fn whole(text: &str) -> Result<(), CodeError> {
        whole(text, |first, found| match found {
            ..BLOCK => Ok(BLOCK),
            _ if first.is_whole() => length(text),
            // What it says of its length is not to be believed.
            _ => Ok(found),
        })
    }
}

fn print(contents: &[u8]) -> String<AUTHORIZATION_TEXT_MAX> {
    let mut text = String::new();
    let mut printer = Printer::new(CodeKind::Authorization, text.as_mut_view());
    for index in 0..symbols_of(contents.len()) {
        printer.symbol(symbol_at(contents, index));
    }
    printer.close();
    text
}

/// The characters that a code should have, by what its first block says, which is whole.
///
/// # Errors
/// [`CodeError::Malformed`] where a part of it would be longer than any.
fn length(text: &str) -> Result<usize, CodeError> {
    let lengths = Lengths::read(text);
    if usize::from(lengths.payload) > PAYLOAD_MAX || usize::from(lengths.voucher) > VOUCHER_MAX {
        return Err(CodeError::Malformed);
    }
    Ok(characters_of(lengths.contents()))
}

/// Fills `bytes` with the contents of a code from byte `start` on.
#[inline(never)]
fn unpack_from(text: &str, start: usize, bytes: &mut [u8]) {
    let mut unpacker = Unpacker::new(bytes, start.saturating_mul(8));
    let end = count(text).saturating_sub(CHECK_SYMBOLS);
    for (index, character) in Reader::new(text, 0..0).enumerate() {
        if index >= HEAD && index < end && index % BLOCK < BLOCK_DATA {
            unpacker.push(character.value().unwrap_or_default());
        }
    }
}

/// How the contents begin.
struct Lengths {
    payload: u16,
    voucher: u8,
}

impl Lengths {
    fn read(text: &str) -> Self {
        let mut bytes = [0; LENGTHS];
        unpack_from(text, 0, &mut bytes);
        let [low, high, voucher] = bytes;
        Self { payload: u16::from_le_bytes([low, high]), voucher }
    }

    const fn bytes(&self) -> [u8; LENGTHS] {
        let [low, high] = self.payload.to_le_bytes();
        [low, high, self.voucher]
    }

    /// The bytes of everything.
    fn contents(&self) -> usize {
        LENGTHS.saturating_add(self.payload.into()).saturating_add(self.voucher.into())
    }
}
