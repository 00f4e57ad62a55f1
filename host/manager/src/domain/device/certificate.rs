//! ID certificates (SPEC R2).

use super::Exchange;
use crate::domain::DomainError;
use crate::store::DeviceRow;
use leasehold_core::crypto::PublicKey;
use leasehold_core::identity::IdCertificate;
use leasehold_core::policy::Policy;
use leasehold_core::time::UnixTime;
use leasehold_core::wire::{AnswerBody, Refusal};
use serde_json::json;

/// The next certificate of `row`, for `key`: both of its ends are dated back (SPEC X2).
pub(super) fn issue(
    row: &mut DeviceRow,
    key: PublicKey,
    policy: &Policy,
    now: UnixTime,
) -> IdCertificate {
    row.certificate_serial = row.certificate_serial.saturating_add(1);
    let valid_from = now.saturating_sub(policy.backdate);
    IdCertificate {
        instance: row.instance,
        serial: row.certificate_serial,
        public_key: key,
        valid_from,
        valid_until: valid_from.saturating_add(policy.certificate_period),
    }
}

/// Answers with a certificate that lasts longer, for the key that asked.
pub(super) fn renew(
    exchange: &mut Exchange<'_, '_>,
    mut row: DeviceRow,
    key: PublicKey,
) -> Result<Vec<u8>, DomainError> {
    let Some(product) = exchange.authority.catalogue.product(&row.product_id) else {
        return exchange.refuse(Refusal::ProductUnknown, row.answer_sequence);
    };
    let policy = exchange.authority.policy_in_force(product);
    let certificate = issue(&mut row, key, &policy, exchange.scene.now);
    row.valid_until = certificate.valid_until;
    let detail = json!({
        "serial": certificate.serial, "valid_until": certificate.valid_until.as_secs(),
    });
    exchange.log(&row, "CertificateRenewed", &detail)?;
    exchange.conclude(row, AnswerBody::Renewed(certificate))
}
