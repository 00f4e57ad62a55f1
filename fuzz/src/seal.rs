//! Codes and frames whose checks hold, whatever they say: no fuzzer finds those by chance, and what
//! they say is looked at only behind them.

use crate::keyed_hash::KeyedHash;
use bech32::primitives::checksum::Engine;
use bech32::{Bech32m, Fe32};
use leasehold_core::code::Anchors;
use leasehold_core::crypto::{Crypto, KeyHandle, Purpose, Signature, SignedMessage};
use leasehold_core::identity::Udi;

const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// The data symbols of a full block.
const BLOCK: usize = 74;
/// The bytes before a frame's payload.
const FRAME_HEADER: usize = 6;
/// The bytes of a signature.
const SIGNATURE: usize = 65;

/// A code of the kind with that last letter of its prefix; of every byte of `contents` the lower
/// five bits count. The first is the version.
pub fn sealed(kind: u8, contents: &[u8]) -> String {
    let data = [&head(kind), contents].concat();
    data.chunks(BLOCK).map(|block| text(block, block)).collect()
}

/// A request code with that UDI, colons included.
pub fn sealed_request(version: u8, udi: &str, contents: &[u8]) -> String {
    let pair = |character: u8| match character {
        b':' => [0, 0],
        code => [code >> 5, code],
    };
    let head = [&head(b'Q')[..], &[version]].concat();
    let first = [&head[..], &udi.bytes().flat_map(pair).collect::<Vec<u8>>()].concat();
    format!("{}{udi}{}{}", text(&head, &[]), text(&[], &first), text(contents, contents))
}

/// An authorization code that grants what `payload` says, signed with `key`, without a certificate.
pub fn signed_authorization(
    key: &KeyHandle,
    udi: &Udi<'_>,
    anchors: &Anchors,
    payload: &[u8],
) -> String {
    let digest = KeyedHash.digest(&[
        &anchors.confirmed,
        &anchors.declined,
        udi.product_id.as_bytes(),
        &[0],
        udi.serial_number.as_bytes(),
        &[0],
        payload,
    ]);
    let signature = KeyedHash.sign(key, &SignedMessage::new(Purpose::Reservation, &digest));
    let signature = as_stored(&signature.expect("any seed is a key"));
    sealed(b'A', &authorization(payload, &[&signature[..], &[0]].concat()))
}

/// The version and the contents of an authorization code.
pub fn authorization(payload: &[u8], voucher: &[u8]) -> Vec<u8> {
    let [low, high, ..] = payload.len().to_le_bytes();
    let lengths = [low, high, u8::try_from(voucher.len()).unwrap_or(u8::MAX)];
    [&[0][..], &symbols_of(&[&lengths, payload, voucher].concat())].concat()
}

/// An answer that says what `payload` does, signed with `key`, whose certificate is that of `good`.
pub fn signed_answer(key: &KeyHandle, good: &[u8], payload: &[u8]) -> Vec<u8> {
    let (header, _) = good.split_at(FRAME_HEADER);
    let [low, high, ..] = payload.len().to_le_bytes();
    let signed = [&header[..4], &[low, high], payload].concat();
    let message = SignedMessage::new(Purpose::Answer, &KeyedHash.digest(&[&signed]));
    let signature = KeyedHash.sign(key, &message).expect("any seed is a key");
    let certificate = &good[FRAME_HEADER + payload_of(good).len() + SIGNATURE..];
    [&signed, &as_stored(&signature)[..], certificate].concat()
}

/// What an answer says.
pub fn payload_of(answer: &[u8]) -> &[u8] {
    let length = usize::from(u16::from_le_bytes([answer[4], answer[5]]));
    &answer[FRAME_HEADER..FRAME_HEADER + length]
}

/// The algorithm, the commitment, the response.
fn as_stored(signature: &Signature) -> [u8; SIGNATURE] {
    let mut bytes = [0; SIGNATURE];
    bytes[1..33].copy_from_slice(&signature.commitment);
    bytes[33..].copy_from_slice(&signature.response);
    bytes
}

/// Five bits to a symbol, the first the highest.
fn symbols_of(bytes: &[u8]) -> Vec<u8> {
    let bit = |at: usize| bytes.get(at / 8).is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1);
    let symbol =
        |first: usize| (first..first + 5).fold(0, |bits, at| bits << 1 | u8::from(bit(at)));
    (0..bytes.len() * 8).step_by(5).map(symbol).collect()
}

/// `LH` and the letter, as symbols: an `L` is read as a `1`.
fn head(kind: u8) -> [u8; 3] {
    [b'1', b'H', kind].map(|letter| {
        let value = SYMBOLS.iter().position(|&symbol| symbol == letter);
        value.and_then(|value| u8::try_from(value).ok()).expect("a letter of the alphabet")
    })
}

/// `shown`, and the check symbols of `checked` where that is not empty.
fn text(shown: &[u8], checked: &[u8]) -> String {
    let mut engine = Engine::<Bech32m>::new();
    checked.iter().for_each(|value| {
        engine.input_fe(Fe32::try_from(value & 31).expect("five bits"));
    });
    engine.input_target_residue();
    let checks = [25, 20, 15, 10, 5, 0].map(|shift| engine.residue() >> shift);
    let checks = checks.map(|bits| u8::try_from(bits & 31).expect("five bits"));
    let checks = if checked.is_empty() { &[][..] } else { &checks };
    let symbol = |value: &u8| char::from(SYMBOLS[usize::from(value & 31)]);
    shown.iter().chain(checks).map(symbol).collect()
}
