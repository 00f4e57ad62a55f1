//! Tokens, frames, and the decision to believe an answer.

use crate::secure_element::SecureElement;
use leasehold_core::crypto::{Digest, KeyHandle, KeyUnusable, PublicKey, Purpose, SignedMessage};
use leasehold_core::time::UnixTime;
use leasehold_core::token::{TOKEN_LENGTH, Token, TokenDigest, TokenError, TokenName, TokenProof};
use leasehold_core::verified::Verified;
use leasehold_core::wire::{
    AcceptError, Answer, AnswerFrame, EncodeError, Expected, FrameError, Refusal, Request,
    RequestFrame, SigningCertificate,
};
use leasehold_core::{base32, crc32, wire};

#[unsafe(no_mangle)]
pub fn proof_token_parse(text: &str) -> Result<Token, TokenError> {
    Token::parse(text)
}

#[unsafe(no_mangle)]
pub fn proof_token_to_text(token: Token) -> heapless::String<TOKEN_LENGTH> {
    token.to_text()
}

#[unsafe(no_mangle)]
pub fn proof_token_prove(token: Token, key: &PublicKey) -> TokenProof {
    token.prove(&SecureElement, key)
}

#[unsafe(no_mangle)]
pub fn proof_token_digest(token: Token, key: &PublicKey) -> (TokenName, TokenProof) {
    let digest: TokenDigest = token.digest(&SecureElement);
    (digest.name(), digest.prove(&SecureElement, key))
}

#[unsafe(no_mangle)]
pub fn proof_base32(byte: u8) -> (u8, Option<u8>) {
    (base32::symbol(byte), base32::value(byte))
}

#[unsafe(no_mangle)]
pub fn proof_crc32(parts: &[&[u8]]) -> u32 {
    crc32::checksum(parts)
}

#[unsafe(no_mangle)]
pub fn proof_request_parse(bytes: &[u8]) -> Result<RequestFrame<'_>, FrameError> {
    RequestFrame::parse(&SecureElement, bytes)
}

#[unsafe(no_mangle)]
pub fn proof_refusal_ends_registration(refusal: Refusal) -> bool {
    refusal.ends_registration()
}

#[unsafe(no_mangle)]
pub fn proof_request_is_signed_by(frame: &RequestFrame<'_>, key: &PublicKey) -> bool {
    frame.is_signed_by(&SecureElement, key)
}

#[unsafe(no_mangle)]
pub fn proof_request_registration_key(frame: &RequestFrame<'_>) -> Option<PublicKey> {
    frame.proven_registration_key(&SecureElement)
}

#[unsafe(no_mangle)]
pub fn proof_request_encode(
    key: &KeyHandle,
    request: &Request<'_>,
    buffer: &mut [u8],
) -> Result<(usize, Digest), EncodeError> {
    wire::encode_request(&SecureElement, key, request, buffer)
}

#[unsafe(no_mangle)]
pub fn proof_answer_parse(bytes: &[u8]) -> Result<AnswerFrame<'_>, FrameError> {
    AnswerFrame::parse(&SecureElement, bytes)
}

#[unsafe(no_mangle)]
pub fn proof_answer_accept<'a>(
    bytes: &'a [u8],
    expected: &Expected,
) -> Result<Result<Verified<Answer<'a>>, AcceptError>, FrameError> {
    let frame = AnswerFrame::parse(&SecureElement, bytes)?;
    Ok(wire::accept(&SecureElement, frame, expected))
}

#[unsafe(no_mangle)]
pub fn proof_answer_into_inner(answer: Verified<Answer<'_>>) -> Answer<'_> {
    answer.into_inner()
}

#[unsafe(no_mangle)]
pub fn proof_answer_encode(
    key: &KeyHandle,
    certificate: &SigningCertificate,
    answer: &Answer<'_>,
    buffer: &mut [u8],
) -> Result<usize, EncodeError> {
    wire::encode_answer(&SecureElement, key, certificate, answer, buffer)
}

#[unsafe(no_mangle)]
pub fn proof_certificate_issue(
    root: &KeyHandle,
    public_key: PublicKey,
    serial: u32,
    from: UnixTime,
    until: UnixTime,
) -> Result<SigningCertificate, KeyUnusable> {
    SigningCertificate::issue(&SecureElement, root, public_key, serial, from, until)
}

#[unsafe(no_mangle)]
pub fn proof_certificate_is_signed_by(certificate: &SigningCertificate, root: &PublicKey) -> bool {
    certificate.is_signed_by(&SecureElement, root)
}

#[unsafe(no_mangle)]
pub fn proof_signed_message(purpose: Purpose, digest: &Digest) -> SignedMessage {
    SignedMessage::new(purpose, digest)
}

#[unsafe(no_mangle)]
pub fn proof_signed_message_bytes(message: &SignedMessage) -> &[u8; 48] {
    message.as_bytes()
}
