//! What an authorization code grants, and the one decision whether to believe it (SPEC S1, S4).

use super::authorization::AuthorizationCode;
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
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
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
#[derive(Deserialize, Serialize)]
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
    /// It is not signed with the reservation key that the product pins, and its certificate, if there
    /// is one, is not by the root.
    SignerUnknown,
    /// Its certificate does not cover the time at which it was signed.
    CertificateOutsideDates,
    /// It is not what was signed, or was made for another request of the same number.
    SignatureInvalid,
    /// It holds what this version of the format does not have.
    NotUnderstood,
}

impl AuthorizationCode<'_> {
    /// Decides whether to accept what the code grants. Pure: the same arguments give the same
    /// verdict.
    ///
    /// # Errors
    /// [`GrantError`] names the first check that failed, from the cheapest to the dearest.
    pub fn accept<C: Crypto>(
        &self,
        crypto: &C,
        expected: &ExpectedGrant<'_>,
    ) -> Result<Verified<Grant>, GrantError> {
        let grant: Grant =
            codec::from_slice(self.payload).map_err(|_| GrantError::NotUnderstood)?;
        matches(crypto, &grant, expected)?;
        self.vouch(crypto, grant.issued, expected)?;
        Ok(Verified::new(grant))
    }

    /// Whether somebody who may has signed it, for this device and its request.
    // Not in line: its stack is not that of reading the grant.
    #[inline(never)]
    fn vouch<C: Crypto>(
        &self,
        crypto: &C,
        issued: UnixTime,
        expected: &ExpectedGrant<'_>,
    ) -> Result<(), GrantError> {
        let Voucher { signature, certificate } =
            codec::from_slice(self.voucher).map_err(|_| GrantError::NotUnderstood)?;
        let signer = match certificate {
            Some(certificate) => {
                if issued < certificate.valid_from || issued > certificate.valid_until {
                    return Err(GrantError::CertificateOutsideDates);
                }
                if !certificate.is_signed_by(crypto, &expected.root) {
                    return Err(GrantError::SignerUnknown);
                }
                certificate.public_key
            }
            None => expected.reservation_key.ok_or(GrantError::SignerUnknown)?,
        };
        let message = signed_message(crypto, self.payload, &expected.udi, &expected.anchors);
        if crypto.verify(&signer, &message, &signature) {
            Ok(())
        } else {
            Err(GrantError::SignatureInvalid)
        }
    }
}

fn matches<C: Crypto>(
    crypto: &C,
    grant: &Grant,
    expected: &ExpectedGrant<'_>,
) -> Result<(), GrantError> {
    if grant.device != device_hint(crypto, &expected.udi) {
        return Err(GrantError::OtherDevice);
    }
    if grant.number != expected.number {
        return Err(GrantError::OtherRequest { number: grant.number });
    }
    if grant.license_type != expected.license_type {
        return Err(GrantError::OtherLicenseType);
    }
    let known = |line: &GrantLine| usize::from(line.entitlement) < expected.entitlements;
    if grant.catalogue != expected.catalogue || !grant.lines.iter().all(known) {
        return Err(GrantError::OtherCatalogue);
    }
    if grant.generation > UPDATES_MAX {
        return Err(GrantError::NotUnderstood);
    }
    if expected.newer_than.is_some_and(|settled| grant.generation <= settled) {
        return Err(GrantError::Superseded { generation: grant.generation });
    }
    Ok(())
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

/// A short name for a device in its authorizations: four bytes, to name a wrong one. The signature is
/// what binds.
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
