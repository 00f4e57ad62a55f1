//! Authorization codes as a license manager signs them.

use crate::manager::{TODAY, reservation_signer};
use leasehold_core::code::{AuthorizationCode, Grant, GrantLine, RequestCode, device_hint};
use leasehold_core::crypto::SoftwareCrypto;
use leasehold_core::products::contact_center::FLEX;
use leasehold_core::time::Duration;

pub(crate) const MONTH: Duration = Duration::from_days(30);

/// Answers one request.
pub(crate) struct Issuer {
    pub(crate) request: RequestCode,
}

impl Issuer {
    pub(crate) fn of(request: &str) -> Self {
        Self { request: RequestCode::parse(request).unwrap() }
    }

    /// The authorization of that generation with these lines: entitlement, count, and for how long.
    pub(crate) fn authorize(
        &self,
        generation: u8,
        lines: &[(u8, u32, Option<Duration>)],
    ) -> String {
        let RequestCode { license_type, universal, number, anchors, .. } = self.request;
        let line = |&(entitlement, count, term): &(u8, u32, Option<Duration>)| GrantLine {
            entitlement,
            count,
            until: term.map(|term| TODAY.saturating_add(term)),
        };
        let grant = Grant {
            device: device_hint(&SoftwareCrypto, &self.request.udi()),
            number,
            generation,
            license_type,
            universal,
            catalogue: FLEX.catalogue_hash(&SoftwareCrypto),
            issued: TODAY,
            lines: lines.iter().map(line).collect(),
        };
        let (key, certificate) = reservation_signer();
        let udi = self.request.udi();
        let code = AuthorizationCode::encode(
            &SoftwareCrypto,
            &key,
            Some(&certificate),
            &grant,
            &udi,
            &anchors,
        );
        code.unwrap().as_str().into()
    }
}
