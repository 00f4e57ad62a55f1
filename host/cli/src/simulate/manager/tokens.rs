//! The registration tokens of a scenario: each is what it says, made in the real domain.

use crate::simulate::scenario::TokenKind;
use leasehold_core::time::Duration;
use leasehold_core::token::Token;
use leasehold_manager::domain::token::{self, NewToken};
use leasehold_manager::domain::{DomainError, Scene};
use leasehold_manager::store::{TokenId, Transaction, VirtualAccountId};

/// How long a token is good for, in days: as long as one can be.
const DAYS: u32 = token::DAYS_MAX;

/// One token of each kind.
pub(super) struct Tokens {
    valid: (TokenId, String),
    bad: String,
    expired: String,
    used_up: String,
    revoked: String,
}

impl Tokens {
    /// Makes them.
    ///
    /// # Errors
    /// When the domain refuses.
    pub(super) fn make(
        tx: &mut dyn Transaction,
        scene: &mut Scene<'_>,
        place: VirtualAccountId,
    ) -> Result<Self, DomainError> {
        let mut make = |scene: &mut Scene<'_>, days, max_uses| {
            let new = NewToken {
                virtual_account: place,
                description: String::new(),
                days,
                max_uses,
                export_controlled: false,
            };
            let (row, token) = token::create(tx, scene, &new)?;
            Ok::<_, DomainError>((row.id, token.to_text().as_str().to_owned()))
        };
        let valid = make(scene, DAYS, None)?;
        let (used_up_id, used_up) = make(scene, DAYS, Some(1))?;
        let (revoked_id, revoked) = make(scene, DAYS, None)?;
        let now = scene.now;
        scene.now = now.saturating_sub(Duration::from_days(2));
        let (_, expired) = make(scene, 1, None)?;
        scene.now = now;
        tx.set_token_uses(used_up_id, 1)?;
        token::revoke(tx, scene, revoked_id)?;
        // No token that was ever made.
        let bad = Token([0; 20]).to_text().as_str().to_owned();
        Ok(Self { valid, bad, expired, used_up, revoked })
    }

    /// The one that can be revoked.
    pub(super) const fn valid(&self) -> TokenId {
        self.valid.0
    }

    /// The text of one.
    pub(super) fn text(&self, kind: TokenKind) -> &str {
        match kind {
            TokenKind::Valid => &self.valid.1,
            TokenKind::Bad => &self.bad,
            TokenKind::Expired => &self.expired,
            TokenKind::UsedUp => &self.used_up,
            TokenKind::Revoked => &self.revoked,
        }
    }
}
