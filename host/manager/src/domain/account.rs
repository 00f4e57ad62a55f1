//! Smart accounts and the virtual accounts in them (SPEC L1).

use super::event::{Subject, log};
use super::{DomainError, Scene, check_name};
use crate::store::{
    AccountId, AccountRow, Contents, Transaction, View, VirtualAccountId, VirtualAccountRow,
};
use leasehold_core::wire::ACCOUNT_NAME_MAX;
use serde_json::json;

/// The virtual account that every account comes with.
pub const DEFAULT_NAME: &str = "Default";
/// How deep virtual accounts may stand under each other.
const DEPTH_MAX: usize = 8;

/// Makes an account and its default virtual account.
///
/// # Errors
/// [`DomainError`] when the name is not one or is taken.
pub fn create(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    name: &str,
) -> Result<AccountRow, DomainError> {
    check_name(name, ACCOUNT_NAME_MAX)?;
    if tx.account_by_name(name)?.is_some() {
        return Err(DomainError::NameTaken("an account"));
    }
    let mut row = AccountRow { id: AccountId(0), name: name.into(), created: scene.now };
    row.id = tx.add_account(&row)?;
    tx.add_virtual_account(&VirtualAccountRow {
        id: VirtualAccountId(0),
        account: row.id,
        parent: None,
        name: DEFAULT_NAME.into(),
        is_default: true,
        created: scene.now,
    })?;
    log(tx, scene, Subject::account(row.id), "AccountCreated", &json!({ "name": name }))?;
    Ok(row)
}

/// Renames an account.
///
/// # Errors
/// [`DomainError`] when there is none, or the name is not one or is taken.
pub fn rename(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    id: AccountId,
    name: &str,
) -> Result<AccountRow, DomainError> {
    check_name(name, ACCOUNT_NAME_MAX)?;
    let row = tx.account(id)?.ok_or(DomainError::NotFound("account"))?;
    if tx.account_by_name(name)?.is_some_and(|other| other.id != id) {
        return Err(DomainError::NameTaken("an account"));
    }
    tx.rename_account(id, name)?;
    let detail = json!({ "from": row.name, "to": name });
    log(tx, scene, Subject::account(id), "AccountRenamed", &detail)?;
    Ok(AccountRow { name: name.into(), ..row })
}

/// Makes a virtual account, under `parent` where one is given.
///
/// # Errors
/// [`DomainError`] when account or parent do not exist, or the name is not one or is taken.
pub fn create_virtual(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    account: AccountId,
    parent: Option<VirtualAccountId>,
    name: &str,
) -> Result<VirtualAccountRow, DomainError> {
    check_name(name, ACCOUNT_NAME_MAX)?;
    tx.account(account)?.ok_or(DomainError::NotFound("account"))?;
    if tx.virtual_account_by_name(account, name)?.is_some() {
        return Err(DomainError::NameTaken("a virtual account"));
    }
    check_parent(tx, account, parent)?;
    let mut row = VirtualAccountRow {
        id: VirtualAccountId(0),
        account,
        parent,
        name: name.into(),
        is_default: false,
        created: scene.now,
    };
    row.id = tx.add_virtual_account(&row)?;
    let detail = json!({ "name": name, "parent": parent.map(|id| id.0) });
    log(tx, scene, Subject::from(&row), "VirtualAccountCreated", &detail)?;
    Ok(row)
}

fn check_parent(
    tx: &dyn Transaction,
    account: AccountId,
    parent: Option<VirtualAccountId>,
) -> Result<(), DomainError> {
    let mut above = parent;
    for _ in 0..DEPTH_MAX {
        let Some(id) = above else { return Ok(()) };
        let row = tx.virtual_account(id)?.ok_or(DomainError::NotFound("virtual account"))?;
        if row.account != account {
            return Err(DomainError::NotFound("virtual account"));
        }
        above = row.parent;
    }
    if above.is_none() {
        return Ok(());
    }
    Err(DomainError::Invalid(format!(
        "Virtual accounts stand at most {DEPTH_MAX} deep. Choose a parent higher up."
    )))
}

/// Renames a virtual account.
///
/// # Errors
/// [`DomainError`] when there is none, or the name is not one or is taken.
pub fn rename_virtual(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    id: VirtualAccountId,
    name: &str,
) -> Result<VirtualAccountRow, DomainError> {
    check_name(name, ACCOUNT_NAME_MAX)?;
    let row = virtual_account(tx, id)?;
    if tx.virtual_account_by_name(row.account, name)?.is_some_and(|other| other.id != id) {
        return Err(DomainError::NameTaken("a virtual account"));
    }
    tx.rename_virtual_account(id, name)?;
    let detail = json!({ "from": row.name, "to": name });
    log(tx, scene, Subject::from(&row), "VirtualAccountRenamed", &detail)?;
    Ok(VirtualAccountRow { name: name.into(), ..row })
}

/// Deletes a virtual account that holds nothing.
///
/// # Errors
/// [`DomainError`] when there is none, it is the default one, or it is not empty.
pub fn delete_virtual(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    id: VirtualAccountId,
) -> Result<(), DomainError> {
    let row = virtual_account(tx, id)?;
    if row.is_default {
        return Err(DomainError::InUse(
            "The default virtual account stays as long as its account. Rename it if it is in the \
             way."
                .into(),
        ));
    }
    let contents = tx.contents(id, scene.now)?;
    if contents != Contents::default() {
        let Contents { children, devices, lines, tokens, reservations } = contents;
        return Err(DomainError::InUse(format!(
            "The virtual account is not empty: {children} virtual accounts, {devices} instances, \
             {lines} licence lines, {tokens} tokens, {reservations} reservations. Remove, end, \
             revoke or return them first."
        )));
    }
    tx.delete_virtual_account(id, scene.now)?;
    let detail = json!({ "name": row.name });
    log(tx, scene, Subject::from(&row), "VirtualAccountDeleted", &detail)?;
    Ok(())
}

/// One virtual account.
///
/// # Errors
/// [`DomainError::NotFound`] when there is none.
pub fn virtual_account<V: View + ?Sized>(
    view: &V,
    id: VirtualAccountId,
) -> Result<VirtualAccountRow, DomainError> {
    view.virtual_account(id)?.ok_or(DomainError::NotFound("virtual account"))
}
