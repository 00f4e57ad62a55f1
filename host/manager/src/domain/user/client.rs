//! API clients: programs that sign in with a secret (SPEC L1).

use super::{NAME_MAX, Principal, place};
use crate::domain::event::{Subject, log};
use crate::domain::{DomainError, Scene, check_name};
use crate::hex;
use crate::store::{AccountId, ClientId, ClientRow, Role, StoreError, Transaction, View};
use leasehold_core::crypto::Crypto;
use serde_json::json;
use subtle::ConstantTimeEq;

/// What every client secret begins with.
const SECRET_PREFIX: &str = "LHC";

/// What a new API client is to be like.
#[derive(Clone, Debug)]
pub struct NewClient {
    /// A name for people.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Only in this account; `None` for all.
    pub account: Option<AccountId>,
}

/// Makes an API client; its secret is given here and never again.
///
/// # Errors
/// [`DomainError`] when `by` may not, the account does not exist, or there is no randomness.
pub fn create_client(
    tx: &mut dyn Transaction,
    scene: &mut Scene<'_>,
    by: &Principal,
    new: &NewClient,
) -> Result<(ClientRow, String), DomainError> {
    check_name(&new.name, NAME_MAX)?;
    let place = place(tx, new.role, new.account, None)?;
    by.check_grant(new.role, place)?;
    let mut secret = [0; 32];
    scene.entropy.fill(&mut secret)?;
    let mut row = ClientRow {
        id: ClientId(0),
        name: new.name.clone(),
        secret: secret_digest(scene.crypto, &secret),
        role: new.role,
        account: new.account,
        created: scene.now,
    };
    row.id = tx.add_client(&row)?;
    let detail = json!({ "client": row.id.0, "name": row.name, "role": row.role.name() });
    log(tx, scene, place, "ClientCreated", &detail)?;
    Ok((row, format!("{SECRET_PREFIX}{}", hex::encode(&secret))))
}

/// Removes an API client: its secret stops working at once.
///
/// # Errors
/// [`DomainError`] when there is no such client or `by` may not.
pub fn remove_client(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    by: &Principal,
    id: ClientId,
) -> Result<(), DomainError> {
    let row = tx.client(id)?.ok_or(DomainError::NotFound("API client"))?;
    let place = Subject { account: row.account, virtual_account: None, device: None };
    by.check_grant(row.role, place)?;
    tx.remove_client(id)?;
    log(tx, scene, place, "ClientRemoved", &json!({ "client": id.0, "name": row.name }))?;
    Ok(())
}

/// Finds the client that has this secret.
///
/// # Errors
/// [`StoreError`] when the clients cannot be read. A wrong secret gives `None`.
pub fn client(
    view: &dyn View,
    crypto: &dyn Crypto,
    secret: &str,
) -> Result<Option<Principal>, StoreError> {
    let Some(secret) = secret.strip_prefix(SECRET_PREFIX).and_then(hex::decode::<32>) else {
        return Ok(None);
    };
    let digest = secret_digest(crypto, &secret);
    // The index finds the digest of the secret, so its time tells nothing about the secret; the
    // comparison is there so that no index is trusted with it.
    let found = view.client_by_secret(&digest)?;
    Ok(found.filter(|row| bool::from(row.secret.ct_eq(&digest))).map(Principal::from))
}

fn secret_digest(crypto: &dyn Crypto, secret: &[u8; 32]) -> [u8; 32] {
    crypto.digest(&[b"leasehold client", secret]).0
}
