//! What an authorization code grants, and the one decision whether to believe it (SPEC S1, S4).

use super::authorization::{
    AuthorizationCode, CERTIFICATE_MAX, GRANT_HEAD_MAX, PAYLOAD_MAX, SIGNATURE,
};
use super::chain::{Anchors, UPDATES_MAX};
use crate::codec;
use crate::crypto::{Crypto, Digest, PublicKey, Purpose, Signature, SignedMessage};
use crate::identity::Udi;
use crate::product::{ENTITLEMENTS_MAX, LicenseType};
use crate::time::UnixTime;
use crate::verified::Verified;
use crate::wire::SigningCertificate;
use heapless::Vec;
use serde::{Deserialize, Serialize};

/// Licences that are set aside for a device.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Grant {
    /// A hint which device it is for ([`device_hint`]), to name a wrong one.
    #[serde(with = "crate::codec::bytes")]
    pub device: [u8; 4],
    /// The number of the request.
    pub number: u32,
    /// Which authorization of the reservation: 0 the first, then its updates, to [`UPDATES_MAX`].
    pub generation: u8,
    /// Index of the license type in the product definition.
    pub license_type: u8,
    /// Whether everything that the product can use is set aside; then there are no lines.
    pub universal: bool,
    /// Which tags the entitlements are ([`catalogue_digest`]).
    pub catalogue: u32,
    /// When it was signed.
    pub issued: UnixTime,
    /// What is set aside.
    pub lines: Vec<GrantLine, ENTITLEMENTS_MAX>,
}

/// A number of licences of one kind and one term. An entitlement may have several lines.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct GrantLine {
    /// Index of the entitlement in the license type.
    pub entitlement: u8,
    /// How many.
    pub count: u32,
    /// When they stop counting; `None` for perpetual ones.
    pub until: Option<UnixTime>,
}

/// What vouches for a grant.
#[derive(Serialize)]
pub(super) struct Voucher {
    pub(super) signature: Signature,
    /// That of the signer; `None` for the key that the product pins.
    pub(super) certificate: Option<SigningCertificate>,
}

/// What an acceptable authorization must match.
#[derive(Clone, Copy, Debug)]
pub struct ExpectedGrant<'a> {
    /// The vendor's root key.
    pub root: PublicKey,
    /// The key that the product pins for authorizations without a certificate.
    pub reservation_key: Option<PublicKey>,
    /// This device; its UUID is not looked at.
    pub udi: Udi<'a>,
    /// The number of its request.
    pub number: u32,
    /// The anchors of its request.
    pub anchors: Anchors,
    /// Index of its license type.
    pub license_type: u8,
    /// The [`catalogue_digest`] of its license type.
    pub catalogue: u32,
    /// How many entitlements its license type has.
    pub entitlements: usize,
    /// The last generation that was installed or returned; `None` where none was.
    pub newer_than: Option<u8>,
}

/// Why an authorization is not accepted. The device is as it was before.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum GrantError {
    /// It is for another device.
    OtherDevice,
    /// It answers another request of this device, one that it no longer has or not yet had.
    OtherRequest {
        /// The number of that request.
        number: u32,
    },
    /// It is for another license type than the one in force.
    OtherLicenseType,
    /// The license type has other entitlements at the manager than here: product definitions of
    /// different versions.
    OtherCatalogue,
    /// It was installed or returned before, or a later one was.
    Superseded {
        /// Which authorization it is.
        generation: u8,
    },
    /// It is not signed with the reservation key that the product pins, and its certificate, if
    /// there is one, is not by the root.
    SignerUnknown,
    /// Its certificate does not cover the time at which it was signed.
    CertificateOutsideDates,
    /// It is not what was signed, or was made for another request of the same number.
    SignatureInvalid,
    /// It holds what this version of the format does not have.
    NotUnderstood,
}

/// How every [`Grant`] begins; how many lines there are and the lines come after it.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct GrantHead {
    #[serde(with = "crate::codec::bytes")]
    device: [u8; 4],
    number: u32,
    pub(crate) generation: u8,
    license_type: u8,
    pub(crate) universal: bool,
    catalogue: u32,
    pub(crate) issued: UnixTime,
}

/// A code whose signature holds, for this device and now.
#[derive(Clone, Copy)]
pub(crate) struct Vouched<'t> {
    code: AuthorizationCode<'t>,
    pub(crate) head: GrantHead,
    /// How many entitlements the license type has.
    entitlements: usize,
}

impl<'t> AuthorizationCode<'t> {
    /// Decides whether to accept what the code grants. Pure: the same arguments give the same
    /// verdict.
    ///
    /// # Errors
    /// [`GrantError`] names the first check that failed, from the cheapest to the dearest.
    pub fn accept<C: Crypto>(
        self,
        crypto: &C,
        expected: &ExpectedGrant<'_>,
    ) -> Result<Verified<Grant>, GrantError> {
        let vouched = self.vouch(crypto, expected)?;
        let mut lines = Vec::new();
        vouched
            .try_for_each_line(|line| lines.push(line).map_err(|_| GrantError::NotUnderstood))?;
        let GrantHead { device, number, generation, license_type, universal, catalogue, issued } =
            vouched.head;
        Ok(Verified::new(Grant {
            device,
            number,
            generation,
            license_type,
            universal,
            catalogue,
            issued,
            lines,
        }))
    }

    /// The first half of [`AuthorizationCode::accept`]: whether somebody who may has signed it, for
    /// this device and its request, and nothing came after it. What is granted is read by
    /// [`Vouched`], so that neither half's stack stands on the other's.
    pub(crate) fn vouch<C: Crypto>(
        self,
        crypto: &C,
        expected: &ExpectedGrant<'_>,
    ) -> Result<Verified<Vouched<'t>>, GrantError> {
        let head = self.matches(crypto, expected)?;
        let signer = self.signer(crypto, expected, head.issued)?;
        if !self.is_signed_by(crypto, expected, &signer) {
            return Err(GrantError::SignatureInvalid);
        }
        Ok(Verified::new(Vouched { code: self, head, entitlements: expected.entitlements }))
    }

    /// What it begins with, when that is for this device and now.
    #[inline(never)]
    fn matches<C: Crypto>(
        self,
        crypto: &C,
        expected: &ExpectedGrant<'_>,
    ) -> Result<GrantHead, GrantError> {
        let head: GrantHead = codec::beginning_of(self.payload(&mut [0; GRANT_HEAD_MAX]))?;
        if head.device != device_hint(crypto, &expected.udi) {
            return Err(GrantError::OtherDevice);
        }
        if head.number != expected.number {
            return Err(GrantError::OtherRequest { number: head.number });
        }
        if head.license_type != expected.license_type {
            return Err(GrantError::OtherLicenseType);
        }
        if head.catalogue != expected.catalogue {
            return Err(GrantError::OtherCatalogue);
        }
        if head.generation > UPDATES_MAX {
            return Err(GrantError::NotUnderstood);
        }
        if expected.newer_than.is_some_and(|settled| head.generation <= settled) {
            return Err(GrantError::Superseded { generation: head.generation });
        }
        Ok(head)
    }

    /// Who has to have signed it.
    // Not in line, like what else is needed for one step: its stack is free again before the next.
    #[inline(never)]
    fn signer<C: Crypto>(
        self,
        crypto: &C,
        expected: &ExpectedGrant<'_>,
        issued: UnixTime,
    ) -> Result<PublicKey, GrantError> {
        // Borrowed, because moving it would take its room twice.
        let read = self.signers_certificate();
        let certificate = match &read {
            Ok(Some(certificate)) => certificate,
            Ok(None) => return expected.reservation_key.ok_or(GrantError::SignerUnknown),
            Err(error) => return Err(*error),
        };
        if issued < certificate.valid_from || issued > certificate.valid_until {
            return Err(GrantError::CertificateOutsideDates);
        }
        if !certificate.is_signed_by(crypto, &expected.root) {
            return Err(GrantError::SignerUnknown);
        }
        Ok(certificate.public_key)
    }

    #[inline(never)]
    fn signers_certificate(self) -> Result<Option<SigningCertificate>, GrantError> {
        Ok(codec::from_slice(self.certificate(&mut [0; CERTIFICATE_MAX]))?)
    }

    #[inline(never)]
    fn is_signed_by<C: Crypto>(
        self,
        crypto: &C,
        expected: &ExpectedGrant<'_>,
        signer: &PublicKey,
    ) -> bool {
        let message = self.signed_message(crypto, expected);
        let signature = codec::from_slice(self.signature(&mut [0; SIGNATURE]));
        signature.is_ok_and(|signature| crypto.verify(signer, &message, &signature))
    }

    /// What has to have been signed.
    #[inline(never)]
    fn signed_message<C: Crypto>(self, crypto: &C, expected: &ExpectedGrant<'_>) -> SignedMessage {
        let mut payload = [0; PAYLOAD_MAX];
        let payload = self.payload(&mut payload);
        signed_message(crypto, payload, &expected.udi, &expected.anchors)
    }
}

impl Verified<Vouched<'_>> {
    /// The second half of [`AuthorizationCode::accept`]: gives `take` the lines one by one, so that
    /// their stack is that of one. They count only when the end is reached.
    ///
    /// # Errors
    /// [`GrantError`], or what `take` says.
    pub(crate) fn try_for_each_line<E: From<GrantError>>(
        &self,
        mut take: impl FnMut(GrantLine) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut payload = [0; PAYLOAD_MAX];
        let payload = self.code.payload(&mut payload);
        let ((GrantHead { .. }, count), mut rest) =
            codec::split_first::<(GrantHead, u32)>(payload).map_err(GrantError::from)?;
        for _ in 0..count {
            let (line, after) = codec::split_first::<GrantLine>(rest).map_err(GrantError::from)?;
            if usize::from(line.entitlement) >= self.entitlements {
                return Err(GrantError::OtherCatalogue.into());
            }
            take(line)?;
            rest = after;
        }
        if rest.is_empty() { Ok(()) } else { Err(GrantError::NotUnderstood.into()) }
    }
}

impl From<codec::Failed> for GrantError {
    fn from(_: codec::Failed) -> Self {
        Self::NotUnderstood
    }
}

/// What is signed: the grant for this device and for the request with these anchors. The code binds
/// to both without carrying either.
pub(super) fn signed_message<C: Crypto>(
    crypto: &C,
    payload: &[u8],
    udi: &Udi<'_>,
    anchors: &Anchors,
) -> SignedMessage {
    let digest = crypto.digest(&[
        &anchors.confirmed,
        &anchors.declined,
        udi.product_id.as_bytes(),
        &[0],
        udi.serial_number.as_bytes(),
        &[0],
        payload,
    ]);
    SignedMessage::new(Purpose::Reservation, &digest)
}

/// A short name for a device in its authorizations: four bytes, to name a wrong one. The signature
/// is what binds.
pub fn device_hint<C: Crypto>(crypto: &C, udi: &Udi<'_>) -> [u8; 4] {
    let digest = crypto.digest(&[udi.product_id.as_bytes(), &[0], udi.serial_number.as_bytes()]);
    beginning(digest)
}

/// A short name for the tags of a license type, in their order: what an index into them means.
pub fn catalogue_digest<'t, C: Crypto>(crypto: &C, tags: impl Iterator<Item = &'t str>) -> u32 {
    let digest =
        tags.fold(Digest::default(), |before, tag| crypto.digest(&[&before.0, tag.as_bytes()]));
    u32::from_be_bytes(beginning(digest))
}

const fn beginning(digest: Digest) -> [u8; 4] {
    let [a, b, c, d, ..] = digest.0;
    [a, b, c, d]
}

impl LicenseType<'_> {
    /// The [`catalogue_digest`] of its tags.
    pub fn catalogue_hash<C: Crypto>(&self, crypto: &C) -> u32 {
        catalogue_digest(crypto, self.entitlements.iter().map(|entitlement| entitlement.tag))
    }
}
