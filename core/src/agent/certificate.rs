//! The ID certificate in device time: when it ends, when it is renewed, and what settles both
//! (SPEC R2, T2).

use super::{Agent, EventKind, FailureReason};
use crate::crypto::Crypto;
use crate::identity::IdCertificate;
use crate::policy::Policy;
use crate::time::{DeviceTime, Duration, UnixTime};

/// Differences up to this, from counting whole seconds and from answers on their way, are no news
/// worth a write.
const CERTIFICATE_SLACK: Duration = Duration::from_minutes(5);

impl<C: Crypto, const N: usize> Agent<'_, C, N> {
    /// The certificate ends by the manager's clock: where the device's idea of that moment has
    /// come apart from it, the signed time settles it (SPEC T2).
    pub(super) fn settle_certificate(&mut self, signed: UnixTime) {
        let now = self.clock.now();
        let longest = self.definition.policy_bounds.max.certificate_period;
        let Some(enrolment) = self.identity.enrolment_mut() else { return };
        let left = enrolment.certificate_until.saturating_since(signed).min(longest);
        let ends = now.saturating_add(left);
        let late = enrolment.certificate_ends.saturating_since(ends);
        let early = ends.saturating_since(enrolment.certificate_ends);
        if late.max(early) > CERTIFICATE_SLACK {
            enrolment.certificate_ends = ends;
            enrolment.renew_at = enrolment.renew_at.saturating_add(early).saturating_sub(late);
            self.identity_store.save_by(now);
        }
    }

    /// When a certificate ends and is renewed, in device time: never later than the product allows
    /// (SPEC A8, R2).
    pub(super) fn certificate_times(
        &self,
        certificate: &IdCertificate,
        signed: UnixTime,
        policy: &Policy,
    ) -> (DeviceTime, DeviceTime) {
        let now = self.clock.now();
        let longest = self.definition.policy_bounds.max.certificate_period;
        let lasts = certificate.valid_until.saturating_since(signed).min(longest);
        let half = Duration::from_secs(lasts.as_secs().wrapping_shr(1));
        let renewal =
            if policy.certificate_renewal < lasts { policy.certificate_renewal } else { half };
        (now.saturating_add(lasts), now.saturating_add(renewal))
    }

    /// The manager sent a certificate that lasts longer.
    pub(super) fn renewed(&mut self, certificate: &IdCertificate, signed: UnixTime) {
        let now = self.clock.now();
        let policy = *self.policy();
        let times = self.certificate_times(certificate, signed, &policy);
        let key = self.identity.enrolment().map(|enrolment| enrolment.key);
        let ours = key.and_then(|key| self.crypto.public_key(&key).ok());
        let Some(enrolment) = self.identity.enrolment_mut() else {
            return;
        };
        if ours != Some(certificate.public_key) || certificate.instance != enrolment.instance {
            return self.exchange_failed(FailureReason::UnexpectedAnswer);
        }
        (enrolment.certificate_ends, enrolment.renew_at) = times;
        enrolment.certificate_serial = certificate.serial;
        enrolment.certificate_from = certificate.valid_from;
        enrolment.certificate_until = certificate.valid_until;
        enrolment.last_renewal = Some(Ok(now));
        self.ledger.contact.renewal_retry = None;
        self.identity_store.save_by(now);
        self.exchange_succeeded();
        self.tell(EventKind::CertificateRenewed);
    }
}
