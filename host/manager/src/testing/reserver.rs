//! Devices without a network, as far as their codes go.

use super::root;
use leasehold_core::code::{
    Anchors, AuthorizationCode, ExpectedGrant, Grant, GrantError, RequestCode, ReservationSecret,
    Returned,
};
use leasehold_core::crypto::{Crypto, PublicKey, SoftwareCrypto};
use leasehold_core::identity::Udi;
use leasehold_core::products::contact_center;
use leasehold_core::verified::Verified;

/// A device, and the request it has made last. It never forgets its secret, which only it knows.
#[derive(Clone)]
pub(crate) struct Reserver {
    pub(crate) serial_number: String,
    pub(crate) product_id: String,
    pub(crate) license_type: u8,
    pub(crate) universal: bool,
    pub(crate) number: u32,
    pub(crate) secret: ReservationSecret,
}

impl Reserver {
    /// A contact centre of the first license type.
    pub(crate) fn new(serial_number: &str) -> Self {
        Self {
            serial_number: serial_number.into(),
            product_id: contact_center::PRODUCT_ID.into(),
            license_type: 0,
            universal: false,
            number: 0,
            secret: ReservationSecret([0; 16]),
        }
        .again()
    }

    /// The same device with a fresh request.
    pub(crate) fn again(&self) -> Self {
        let number = self.number + 1;
        let parts = [self.serial_number.as_bytes(), &number.to_be_bytes()];
        let digest = SoftwareCrypto.digest(&parts).0;
        let secret = ReservationSecret(digest[..16].try_into().unwrap());
        Self { number, secret, ..self.clone() }
    }

    pub(crate) fn universal(self) -> Self {
        Self { universal: true, ..self }
    }

    pub(crate) fn udi(&self) -> Udi<'_> {
        Udi::new(&self.product_id, &self.serial_number, None).unwrap()
    }

    pub(crate) fn request_code(&self) -> RequestCode {
        let anchors = self.anchors();
        let code =
            RequestCode::new(&self.udi(), self.license_type, self.universal, self.number, anchors);
        code.unwrap()
    }

    fn anchors(&self) -> Anchors {
        self.secret.anchors(&SoftwareCrypto, &self.udi(), self.number)
    }

    /// Decides whether to believe an authorization code, by the rule of the core; `settled` is the last
    /// generation that it has installed or returned.
    pub(crate) fn accept(&self, code: &str, settled: Option<u8>) -> Result<Grant, GrantError> {
        self.accept_pinning(None, code, settled)
    }

    /// As a device whose product pins a reservation key.
    pub(crate) fn accept_pinning(
        &self,
        reservation_key: Option<PublicKey>,
        code: &str,
        settled: Option<u8>,
    ) -> Result<Grant, GrantError> {
        let product = contact_center::definition(root());
        let license_type = &product.license_types[usize::from(self.license_type)];
        let expected = ExpectedGrant {
            root: root(),
            reservation_key,
            udi: self.udi(),
            number: self.number,
            anchors: self.anchors(),
            license_type: self.license_type,
            catalogue: license_type.catalogue_hash(&SoftwareCrypto),
            entitlements: license_type.entitlements.len(),
            newer_than: settled,
        };
        let code = AuthorizationCode::parse(code).unwrap();
        code.accept(&SoftwareCrypto, &expected).map(Verified::into_inner)
    }

    pub(crate) fn request(&self) -> String {
        self.request_code().to_text().as_str().into()
    }

    /// What it shows once update `generation` is installed.
    pub(crate) fn confirmation(&self, generation: u8) -> String {
        let code = self.secret.confirmation(&SoftwareCrypto, &self.udi(), self.number, generation);
        code.to_text().as_str().into()
    }

    /// What it shows once it has given everything back.
    pub(crate) fn return_everything(&self) -> String {
        self.return_code(Returned::Everything)
    }

    /// What it shows once it has given back update `generation`, which it will never install.
    pub(crate) fn return_update(&self, generation: u8) -> String {
        self.return_code(Returned::Update(generation))
    }

    pub(crate) fn return_code(&self, returned: Returned) -> String {
        let code = self.secret.return_code(&SoftwareCrypto, &self.udi(), self.number, returned);
        code.to_text().as_str().into()
    }
}
