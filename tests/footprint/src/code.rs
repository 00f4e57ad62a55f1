//! Codes, and the decision to accept an authorization.

use crate::secure_element::SecureElement;
use leasehold_core::code::{
    AUTHORIZATION_TEXT_MAX, Anchors, AuthorizationCode, CodeError, CodeKind, ConfirmationCode,
    ExpectedGrant, Grant, GrantError, PROOF_TEXT_MAX, REQUEST_TEXT_MAX, RequestCode,
    ReservationSecret, ReturnCode, Returned, catalogue_digest, device_hint,
};
use leasehold_core::crypto::{KeyHandle, KeyUnusable};
use leasehold_core::identity::Udi;
use leasehold_core::product::LicenseType;
use leasehold_core::verified::Verified;
use leasehold_core::wire::SigningCertificate;

#[unsafe(no_mangle)]
pub fn proof_code_prefix(kind: CodeKind) -> &'static str {
    kind.prefix()
}

#[unsafe(no_mangle)]
pub fn proof_request_code_new(
    udi: &Udi<'_>,
    license_type: u8,
    universal: bool,
    number: u32,
    anchors: Anchors,
) -> Option<RequestCode> {
    RequestCode::new(udi, license_type, universal, number, anchors)
}

#[unsafe(no_mangle)]
pub fn proof_request_code_udi(code: &RequestCode) -> Udi<'_> {
    code.udi()
}

#[unsafe(no_mangle)]
pub fn proof_request_code_parse(text: &str) -> Result<RequestCode, CodeError> {
    RequestCode::parse(text)
}

#[unsafe(no_mangle)]
pub fn proof_request_code_to_text(code: &RequestCode) -> heapless::String<REQUEST_TEXT_MAX> {
    code.to_text()
}

#[unsafe(no_mangle)]
pub fn proof_authorization_code_parse(text: &str) -> Result<AuthorizationCode<'_>, CodeError> {
    AuthorizationCode::parse(text)
}

#[unsafe(no_mangle)]
pub fn proof_authorization_code_accept(
    code: AuthorizationCode<'_>,
    expected: &ExpectedGrant<'_>,
) -> Result<Verified<Grant>, GrantError> {
    code.accept(&SecureElement, expected)
}

#[unsafe(no_mangle)]
pub fn proof_authorization_code_encode(
    key: &KeyHandle,
    certificate: Option<&SigningCertificate>,
    grant: &Grant,
    udi: &Udi<'_>,
    anchors: &Anchors,
) -> Result<heapless::String<AUTHORIZATION_TEXT_MAX>, KeyUnusable> {
    AuthorizationCode::encode(&SecureElement, key, certificate, grant, udi, anchors)
}

#[unsafe(no_mangle)]
pub fn proof_confirmation_code_parse(text: &str) -> Result<ConfirmationCode, CodeError> {
    ConfirmationCode::parse(text)
}

#[unsafe(no_mangle)]
pub fn proof_confirmation_code_to_text(
    code: &ConfirmationCode,
) -> heapless::String<PROOF_TEXT_MAX> {
    code.to_text()
}

#[unsafe(no_mangle)]
pub fn proof_confirmation_code_anchor(code: &ConfirmationCode) -> [u8; 16] {
    code.anchor(&SecureElement)
}

#[unsafe(no_mangle)]
pub fn proof_return_code_parse(text: &str) -> Result<ReturnCode, CodeError> {
    ReturnCode::parse(text)
}

#[unsafe(no_mangle)]
pub fn proof_return_code_to_text(code: &ReturnCode) -> heapless::String<PROOF_TEXT_MAX> {
    code.to_text()
}

#[unsafe(no_mangle)]
pub fn proof_return_code_anchor(code: &ReturnCode) -> [u8; 16] {
    code.anchor(&SecureElement)
}

#[unsafe(no_mangle)]
pub fn proof_reservation_anchors(
    secret: &ReservationSecret,
    udi: &Udi<'_>,
    number: u32,
) -> Anchors {
    secret.anchors(&SecureElement, udi, number)
}

#[unsafe(no_mangle)]
pub fn proof_reservation_confirmation(
    secret: &ReservationSecret,
    udi: &Udi<'_>,
    number: u32,
    generation: u8,
) -> ConfirmationCode {
    secret.confirmation(&SecureElement, udi, number, generation)
}

#[unsafe(no_mangle)]
pub fn proof_reservation_return_code(
    secret: &ReservationSecret,
    udi: &Udi<'_>,
    number: u32,
    returned: Returned,
) -> ReturnCode {
    secret.return_code(&SecureElement, udi, number, returned)
}

#[unsafe(no_mangle)]
pub fn proof_device_hint(udi: &Udi<'_>) -> [u8; 4] {
    device_hint(&SecureElement, udi)
}

#[unsafe(no_mangle)]
pub fn proof_catalogue_digest(tags: &[&str]) -> u32 {
    catalogue_digest(&SecureElement, tags.iter().copied())
}

#[unsafe(no_mangle)]
pub fn proof_catalogue_hash(license_type: &LicenseType<'_>) -> u32 {
    license_type.catalogue_hash(&SecureElement)
}
