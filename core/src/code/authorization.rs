//! Authorization codes: what a manager sets aside, signed (SPEC S1, S2, S4).
//!
//! ```text
//! payload length (u16, little endian) | voucher length (u8) | payload | voucher
//! ```
//!
//! The payload is a [`Grant`] in postcard, the voucher its signature and perhaps the certificate of
//! the signer.

use super::chain::Anchors;
use super::check::{BLOCK, BLOCK_DATA, HEAD, check};
use super::checksum::CHECK_SYMBOLS;
use super::grant::{Grant, Voucher, signed_message};
use super::packed::{symbol_at, symbols_of, unpack};
use super::printer::Printer;
use super::reader::Reader;
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
/// Device, number, generation, license type, universal, catalogue, issued, and the lines.
const PAYLOAD_MAX: usize = 4 + 5 + 1 + 1 + 1 + 5 + 10 + 1 + ENTITLEMENTS_MAX * LINE_MAX;
/// A signature; a certificate of key, serial, two times and a signature.
const VOUCHER_MAX: usize = 65 + 1 + (33 + 5 + 10 + 10 + 65);
/// The contents of the longest code, in bytes: what [`AuthorizationCode::parse`] needs as a buffer.
pub const AUTHORIZATION_MAX: usize = LENGTHS + PAYLOAD_MAX + VOUCHER_MAX;
/// The characters of the longest code as printed.
pub const AUTHORIZATION_TEXT_MAX: usize = characters_of(AUTHORIZATION_MAX) * 6 / 5;

/// The characters of a code whose contents have so many bytes, separators aside.
const fn characters_of(contents: usize) -> usize {
    let data = HEAD.saturating_add(symbols_of(contents));
    let checks = data.div_ceil(BLOCK_DATA).saturating_mul(CHECK_SYMBOLS);
    data.saturating_add(checks)
}

/// An authorization code as it was read, not yet verified: [`AuthorizationCode::accept`] decides.
/// What it says is not even read before that.
#[derive(Clone, Copy, Debug)]
pub struct AuthorizationCode<'b> {
    pub(super) payload: &'b [u8],
    pub(super) voucher: &'b [u8],
}

impl<'b> AuthorizationCode<'b> {
    /// Reads a code as pasted or typed into `buffer`.
    ///
    /// # Errors
    /// [`CodeError`] says what is wrong, and where.
    pub fn parse(text: &str, buffer: &'b mut [u8; AUTHORIZATION_MAX]) -> Result<Self, CodeError> {
        check(text, CodeKind::Authorization)?;
        let lengths = Lengths::read(text);
        let contents = buffer.get_mut(..lengths.contents()).ok_or(CodeError::Malformed)?;
        contents.fill(0);
        let last_checks = characters_of(lengths.contents()).saturating_sub(CHECK_SYMBOLS);
        let characters = Reader::new(text, 0..0).take(last_checks).enumerate();
        let data = characters.skip(HEAD).filter(|(index, _)| index % BLOCK < BLOCK_DATA);
        if !unpack(data.filter_map(|(_, symbol)| symbol.value().ok()), contents) {
            return Err(CodeError::Malformed);
        }
        let contents = contents.get(LENGTHS..).unwrap_or_default();
        let (payload, voucher) =
            contents.split_at_checked(lengths.payload.into()).ok_or(CodeError::Malformed)?;
        Ok(Self { payload, voucher })
    }

    /// The code that grants `grant` to the device `udi`, whose request has these `anchors`: signed with
    /// `key`, which is the reservation key that the product pins, or that of `certificate`.
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
        let mut buffer = [0; AUTHORIZATION_MAX];
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
/// [`CodeError::Malformed`] where that is longer than any.
pub(super) fn length(text: &str) -> Result<usize, CodeError> {
    let contents = Lengths::read(text).contents();
    if contents > AUTHORIZATION_MAX {
        return Err(CodeError::Malformed);
    }
    Ok(characters_of(contents))
}

/// How the contents begin.
struct Lengths {
    payload: u16,
    voucher: u8,
}

impl Lengths {
    fn read(text: &str) -> Self {
        let mut bytes = [0; LENGTHS];
        let symbols = Reader::new(text, 0..0).skip(HEAD).take(symbols_of(LENGTHS));
        // The last of them begins what follows.
        unpack(symbols.filter_map(|symbol| symbol.value().ok()), &mut bytes);
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
