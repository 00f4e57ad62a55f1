//! Registration tokens (SPEC L2).
//!
//! What a registration is checked against is the digest of a token's secret: the device proves that
//! it has the token for the key that it registers, and nobody on the way learns it. The secret itself is
//! kept too, in a table of its own, because an administrator must be able to copy a token again:
//! whoever reads the database can therefore register devices into the account while the token is
//! good. That takes licences into use, and can neither make any nor read anything. The secret is
//! erased as soon as the token cannot be used any more.

use super::account::virtual_account;
use super::event::{Subject, log};
use super::{DomainError, Scene};
use crate::store::{StoreError, TokenId, TokenRow, Transaction, View, VirtualAccountId};
use leasehold_core::crypto::Crypto;
use leasehold_core::time::{Duration, UnixTime};
use leasehold_core::token::{Token, TokenDigest};
use leasehold_core::wire::{Refusal, Register};
use serde_json::json;
use subtle::ConstantTimeEq;

/// The longest a token may be good for, in days.
pub const DAYS_MAX: u32 = 3_650;
/// The longest description, in bytes.
const DESCRIPTION_MAX: usize = 200;

/// What a new token is to be like.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Where devices register with it.
    pub virtual_account: VirtualAccountId,
    /// What it is for.
    pub description: String,
    /// For how many days it is good: 1 to [`DAYS_MAX`].
    pub days: u32,
    /// How many registrations it is good for; `None` for any number.
    pub max_uses: Option<u32>,
    /// Whether export-controlled functions are allowed to what registers with it.
    pub export_controlled: bool,
}

/// Whether a token can be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TokenState {
    /// It can.
    Valid,
    /// Its days are over.
    Expired,
    /// It was used as often as it may be.
    UsedUp,
    /// It was revoked.
    Revoked,
}

impl TokenState {
    /// Why a registration with it is refused, when it is.
    pub const fn refusal(self) -> Option<Refusal> {
        match self {
            Self::Valid => None,
            Self::Expired => Some(Refusal::TokenExpired),
            Self::UsedUp => Some(Refusal::TokenUsedUp),
            Self::Revoked => Some(Refusal::TokenRevoked),
        }
    }
}

/// Whether `token` can be used at `now`.
pub fn state(token: &TokenRow, now: UnixTime) -> TokenState {
    if token.revoked.is_some() {
        TokenState::Revoked
    } else if now >= token.expires {
        TokenState::Expired
    } else if token.max_uses.is_some_and(|most| token.uses >= most) {
        TokenState::UsedUp
    } else {
        TokenState::Valid
    }
}

/// Makes a token.
///
/// # Errors
/// [`DomainError`] when the virtual account does not exist or a number is out of range.
pub fn create(
    tx: &mut dyn Transaction,
    scene: &mut Scene<'_>,
    new: &NewToken,
) -> Result<(TokenRow, Token), DomainError> {
    let place = virtual_account(tx, new.virtual_account)?;
    if new.days == 0 || new.days > DAYS_MAX {
        return Err(DomainError::Invalid(format!(
            "A token is good for 1 to {DAYS_MAX} days. Give another number of days."
        )));
    }
    if new.max_uses == Some(0) || new.description.len() > DESCRIPTION_MAX {
        return Err(DomainError::Invalid(format!(
            "A token is good for at least one use, and its description has at most \
             {DESCRIPTION_MAX} bytes. Give other values."
        )));
    }
    let mut token = Token([0; 20]);
    scene.entropy.fill(&mut token.0)?;
    let mut row = TokenRow {
        id: TokenId(0),
        account: place.account,
        virtual_account: place.id,
        secret: token.digest(scene.crypto).0,
        description: new.description.clone(),
        created: scene.now,
        expires: scene.now.saturating_add(Duration::from_days(new.days)),
        max_uses: new.max_uses,
        uses: 0,
        export_controlled: new.export_controlled,
        created_by: scene.actor.into(),
        revoked: None,
    };
    row.id = tx.add_token(&row, &token.0)?;
    let detail = json!({ "token": row.id.0, "days": new.days, "max_uses": new.max_uses });
    log(tx, scene, Subject::from(&place), "TokenCreated", &detail)?;
    Ok((row, token))
}

/// Revokes a token. Revoking it again changes nothing.
///
/// # Errors
/// [`DomainError::NotFound`] when there is none.
pub fn revoke(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    id: TokenId,
) -> Result<TokenRow, DomainError> {
    let row = tx.token(id)?.ok_or(DomainError::NotFound("token"))?;
    if row.revoked.is_some() {
        return Ok(row);
    }
    tx.revoke_token(id, scene.now)?;
    tx.erase_token_secret(id)?;
    let subject = Subject {
        account: Some(row.account),
        virtual_account: Some(row.virtual_account),
        device: None,
    };
    log(tx, scene, subject, "TokenRevoked", &json!({ "token": id.0 }))?;
    Ok(TokenRow { revoked: Some(scene.now), ..row })
}

/// A token's text, to be copied again.
///
/// # Errors
/// [`DomainError`] when there is none, or it cannot be used any more.
pub fn text(view: &dyn View, id: TokenId, now: UnixTime) -> Result<String, DomainError> {
    let row = view.token(id)?.ok_or(DomainError::NotFound("token"))?;
    let usable = state(&row, now) == TokenState::Valid;
    match view.token_secret(id)?.filter(|_| usable) {
        Some(secret) => Ok(Token(secret).to_text().as_str().to_owned()),
        None => Err(DomainError::InUse(
            "The token cannot be used any more, and its text was erased. Make a new one.".into(),
        )),
    }
}

/// Counts one use of a token.
pub(super) fn count_use(tx: &mut dyn Transaction, row: &TokenRow) -> Result<(), StoreError> {
    let uses = row.uses.saturating_add(1);
    tx.set_token_uses(row.id, uses)?;
    if row.max_uses.is_some_and(|most| uses >= most) {
        tx.erase_token_secret(row.id)?;
    }
    Ok(())
}

/// Whether whoever registers has the token.
pub(super) fn is_proven(crypto: &dyn Crypto, token: &TokenRow, register: &Register) -> bool {
    let expected = TokenDigest(token.secret).prove(crypto, &register.public_key);
    expected.proof.ct_eq(&register.token.proof).into()
}
