//! Who an appliance is: its UDI, and the identity the manager gives it.

use crate::crypto::{Crypto, PublicKey};
use crate::time::UnixTime;
use serde::{Deserialize, Serialize};

/// The longest product id, in bytes.
pub const PRODUCT_ID_MAX: usize = 32;
/// The longest serial number, in bytes.
pub const SERIAL_NUMBER_MAX: usize = 32;

/// The unique device identifier: what is printed on the box.
///
/// The UUID is optional and never displayed with the other two: a third part would become part of
/// the serial number in every parser of `show license udi`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct Udi<'a> {
    /// Product id (PID).
    #[serde(rename = "pid")]
    pub product_id: &'a str,
    /// Serial number (SN).
    #[serde(rename = "sn")]
    pub serial_number: &'a str,
    /// UUID, mostly of virtual machines.
    pub uuid: Option<[u8; 16]>,
}

/// Why a text cannot be part of a UDI.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UdiError {
    /// Product id or serial number is empty.
    Empty,
    /// Longer than [`PRODUCT_ID_MAX`] or [`SERIAL_NUMBER_MAX`].
    TooLong,
    /// Holds something other than ASCII letters, digits, `-`, `.`, `/` and `_`.
    BadCharacter,
}

impl<'a> Udi<'a> {
    /// Checks the parts and puts them together.
    ///
    /// # Errors
    /// [`UdiError`] when a part is empty, too long, or would not survive being printed and read.
    pub fn new(
        product_id: &'a str,
        serial_number: &'a str,
        uuid: Option<[u8; 16]>,
    ) -> Result<Self, UdiError> {
        let udi = Self { product_id, serial_number, uuid };
        udi.check()?;
        Ok(udi)
    }

    /// Checks parts that came from outside.
    ///
    /// # Errors
    /// As [`Udi::new`].
    pub fn check(&self) -> Result<(), UdiError> {
        check_part(self.product_id, PRODUCT_ID_MAX)?;
        check_part(self.serial_number, SERIAL_NUMBER_MAX)
    }

    /// A short name for the device in signed answers and stored records. A hint for telling a
    /// foreign one apart, not an identity: it has 64 bits.
    pub fn fingerprint<C: Crypto>(&self, crypto: &C) -> DeviceFingerprint {
        let uuid: &[u8] = match &self.uuid {
            Some(uuid) => uuid,
            None => &[],
        };
        let digest = crypto.digest(&[
            self.product_id.as_bytes(),
            &[0],
            self.serial_number.as_bytes(),
            &[0],
            uuid,
        ]);
        let [a, b, c, d, e, f, g, h, ..] = digest.0;
        DeviceFingerprint([a, b, c, d, e, f, g, h])
    }
}

fn check_part(part: &str, longest: usize) -> Result<(), UdiError> {
    if part.is_empty() {
        return Err(UdiError::Empty);
    }
    if part.len() > longest {
        return Err(UdiError::TooLong);
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-./_".contains(&byte);
    if part.bytes().all(allowed) { Ok(()) } else { Err(UdiError::BadCharacter) }
}

/// The first eight bytes of the digest of a UDI.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(transparent)]
pub struct DeviceFingerprint(#[serde(with = "crate::codec::bytes")] pub [u8; 8]);

/// The manager's name for a product instance: random, and kept when its certificate is renewed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct InstanceId(#[serde(with = "crate::codec::bytes")] pub [u8; 16]);

/// The manager's statement that a key belongs to a product instance (SPEC R2).
///
/// It travels inside a signed answer that names the device, so that the answer's signature is
/// the certificate's.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct IdCertificate {
    /// The instance it belongs to.
    pub instance: InstanceId,
    /// Counts the certificates of the instance.
    pub serial: u32,
    /// The device key it binds.
    pub public_key: PublicKey,
    /// Start of validity: the time of issue less [`Policy::backdate`](crate::policy::Policy).
    pub valid_from: UnixTime,
    /// End of validity.
    pub valid_until: UnixTime,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_udi_holds_only_what_can_be_printed_and_read_back() {
        assert!(Udi::new("LH-CC", "A1B2.C3/4_5", None).is_ok());
        assert_eq!(Udi::new("", "A", None), Err(UdiError::Empty));
        assert_eq!(Udi::new("P", "", None), Err(UdiError::Empty));
        assert_eq!(Udi::new("P,SN:", "A", None), Err(UdiError::BadCharacter));
        assert_eq!(Udi::new("P", "sérial", None), Err(UdiError::BadCharacter));
        let long = "0123456789012345678901234567890123456789";
        assert_eq!(Udi::new(long, "A", None), Err(UdiError::TooLong));
        assert_eq!(Udi::new("P", long, None), Err(UdiError::TooLong));
    }
}
