//! Users and API clients: who may do what (SPEC L1).

mod client;

pub use client::{NewClient, client, create_client, remove_client};

use super::event::{Subject, log};
use super::{DomainError, Entropy, Scene, account, check_name};
use crate::store::{
    AccountId, ClientRow, Page, Role, Transaction, UserId, UserRow, View, VirtualAccountId,
};
use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use serde_json::json;

/// The shortest password, in characters.
pub const PASSWORD_MIN: usize = 12;
/// The longest password, in bytes: hashing a longer one would be work for nothing.
pub const PASSWORD_MAX: usize = 256;
/// The longest name of a user or a client, in bytes.
const NAME_MAX: usize = 64;
/// More users than a manager has.
const ALL: Page = Page { after: 0, limit: u32::MAX };

/// A kind of deed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Right {
    /// To look.
    Look,
    /// To make and revoke tokens, and to remove instances.
    Operate,
    /// To change accounts, users and clients, and to transfer.
    Administer,
    /// To deposit and end licences.
    Deposit,
}

impl Role {
    /// The highest right of the role; it includes the lower ones.
    const fn right(self) -> Right {
        match self {
            Self::Viewer => Right::Look,
            Self::User => Right::Operate,
            Self::Administrator => Right::Administer,
            Self::Vendor => Right::Deposit,
        }
    }
}

/// Someone who proved who it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Principal {
    /// The name, for the event log. A client may have the name of a user.
    pub name: String,
    /// The user that it is; `None` for a client.
    pub user: Option<UserId>,
    /// What it may do.
    pub role: Role,
    /// Only in this account.
    pub account: Option<AccountId>,
    /// Only in this virtual account.
    pub virtual_account: Option<VirtualAccountId>,
}

impl From<UserRow> for Principal {
    fn from(row: UserRow) -> Self {
        let UserRow { id, name, role, account, virtual_account, .. } = row;
        Self { name, user: Some(id), role, account, virtual_account }
    }
}

impl From<ClientRow> for Principal {
    fn from(row: ClientRow) -> Self {
        let ClientRow { name, role, account, .. } = row;
        Self { name, user: None, role, account, virtual_account: None }
    }
}

impl Principal {
    /// Who has the manager's data directory in hand: set-up, and commands on the same machine.
    pub fn local(name: &str) -> Self {
        let (account, virtual_account) = (None, None);
        Self { name: name.into(), user: None, role: Role::Vendor, account, virtual_account }
    }

    /// Checks that this one may do a deed at a place.
    ///
    /// # Errors
    /// [`DomainError::Forbidden`] when the role does not include it or the place is out of reach.
    pub fn check(&self, right: Right, place: Subject) -> Result<(), DomainError> {
        if self.role.right() < right {
            return Err(DomainError::Forbidden(
                "Your role does not include this. Ask an administrator, or the vendor for \
                 licences.",
            ));
        }
        let everywhere = self.account.is_none();
        let in_account = everywhere || self.account == place.account;
        let in_place =
            self.virtual_account.is_none() || self.virtual_account == place.virtual_account;
        if in_account && in_place {
            return Ok(());
        }
        Err(DomainError::Forbidden(
            "This is outside the account that you may work in. Ask its administrator.",
        ))
    }

    /// SPEC L1: nobody gives away more than one's own role and reach.
    fn check_grant(&self, role: Role, place: Subject) -> Result<(), DomainError> {
        self.check(Right::Administer, place)?;
        if role.right() > self.role.right() {
            return Err(DomainError::Forbidden(
                "You cannot give a role that is higher than your own. Choose a lower one.",
            ));
        }
        Ok(())
    }
}

/// A password that was checked and hashed, in PHC form.
///
/// Hashing takes tens of milliseconds: do it before the change, not within.
#[derive(Clone)]
pub struct HashedPassword(String);

impl HashedPassword {
    /// Hashes with argon2id.
    ///
    /// # Errors
    /// [`DomainError`] when it is too short or too long, or there is no randomness.
    pub fn new(entropy: &mut dyn Entropy, password: &str) -> Result<Self, DomainError> {
        if password.chars().count() < PASSWORD_MIN || password.len() > PASSWORD_MAX {
            return Err(DomainError::Invalid(format!(
                "A password has at least {PASSWORD_MIN} characters and at most {PASSWORD_MAX} \
                 bytes. Choose another."
            )));
        }
        let mut salt = [0; 16];
        entropy.fill(&mut salt)?;
        hash(&salt, password).map(Self)
    }
}

fn hash(salt: &[u8; 16], password: &str) -> Result<String, DomainError> {
    let failed = |error| {
        DomainError::Invalid(format!(
            "The password could not be hashed: {error}. Try again when memory is free."
        ))
    };
    let salt = SaltString::encode_b64(salt).map_err(failed)?;
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt).map_err(failed)?;
    Ok(hash.to_string())
}

/// Signs a user in. An unknown name takes as long as a wrong password.
///
/// # Errors
/// [`DomainError`] when the users cannot be read. A wrong name or password gives `None`.
pub fn sign_in(
    view: &dyn View,
    name: &str,
    password: &str,
) -> Result<Option<Principal>, DomainError> {
    if password.len() > PASSWORD_MAX {
        return Ok(None);
    }
    let user = view.user_by_name(name)?;
    let stored = match &user {
        Some(user) => user.password_hash.clone(),
        None => hash(&[0; 16], "nobody has this one")?,
    };
    let right = PasswordHash::new(&stored)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
    Ok(user.filter(|_| right).map(Principal::from))
}

/// What a new user is to be like.
pub struct NewUser {
    /// The name to sign in with.
    pub name: String,
    /// The password.
    pub password: HashedPassword,
    /// What the user may do.
    pub role: Role,
    /// Only in this account; `None` for all.
    pub account: Option<AccountId>,
    /// Only in this virtual account of it.
    pub virtual_account: Option<VirtualAccountId>,
}

/// Makes a user.
///
/// # Errors
/// [`DomainError`] when `by` may not, the name is taken, or the place does not exist.
pub fn create(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    by: &Principal,
    new: &NewUser,
) -> Result<UserRow, DomainError> {
    check_name(&new.name, NAME_MAX)?;
    let place = place(tx, new.role, new.account, new.virtual_account)?;
    by.check_grant(new.role, place)?;
    if tx.user_by_name(&new.name)?.is_some() {
        return Err(DomainError::NameTaken("a user"));
    }
    let mut row = UserRow {
        id: UserId(0),
        name: new.name.clone(),
        password_hash: new.password.0.clone(),
        role: new.role,
        account: new.account,
        virtual_account: new.virtual_account,
        created: scene.now,
    };
    row.id = tx.add_user(&row)?;
    log(tx, scene, place, "UserCreated", &json!({ "name": row.name, "role": row.role.name() }))?;
    Ok(row)
}

/// The place that a role is given for.
fn place(
    view: &dyn View,
    role: Role,
    account: Option<AccountId>,
    virtual_account: Option<VirtualAccountId>,
) -> Result<Subject, DomainError> {
    if role == Role::Vendor && account.is_some() {
        return Err(DomainError::Invalid(
            "The vendor role holds for every account. Leave the account out.".into(),
        ));
    }
    let Some(id) = account else {
        return match virtual_account {
            None => Ok(Subject::MANAGER),
            Some(_) => {
                Err(DomainError::Invalid("A virtual account needs its account. Give both.".into()))
            }
        };
    };
    view.account(id)?.ok_or(DomainError::NotFound("account"))?;
    if let Some(place) = virtual_account
        && account::virtual_account(view, place)?.account != id
    {
        return Err(DomainError::NotFound("virtual account"));
    }
    Ok(Subject { account, virtual_account, device: None })
}

/// Sets a user's password. Everybody may set one's own.
///
/// # Errors
/// [`DomainError`] when there is no such user or `by` may not.
pub fn set_password(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    by: &Principal,
    id: UserId,
    password: &HashedPassword,
) -> Result<(), DomainError> {
    let row = tx.user(id)?.ok_or(DomainError::NotFound("user"))?;
    let place = subject(&row);
    if by.user != Some(id) {
        by.check_grant(row.role, place)?;
    }
    tx.set_password(id, &password.0)?;
    log(tx, scene, place, "PasswordSet", &json!({ "name": row.name }))?;
    Ok(())
}

/// Removes a user.
///
/// # Errors
/// [`DomainError`] when there is no such user, `by` may not, or it is the last vendor.
pub fn remove(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    by: &Principal,
    id: UserId,
) -> Result<(), DomainError> {
    let row = tx.user(id)?.ok_or(DomainError::NotFound("user"))?;
    let place = subject(&row);
    by.check_grant(row.role, place)?;
    let users = tx.users(ALL)?;
    let others = users.iter().any(|user| user.id != id && user.role == Role::Vendor);
    if row.role == Role::Vendor && !others {
        return Err(DomainError::InUse(
            "This is the last user with the vendor role. Make another one first.".into(),
        ));
    }
    tx.remove_user(id)?;
    log(tx, scene, place, "UserRemoved", &json!({ "name": row.name }))?;
    Ok(())
}

fn subject(row: &UserRow) -> Subject {
    Subject { account: row.account, virtual_account: row.virtual_account, device: None }
}

impl Role {
    /// The role's name in commands and in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vendor => "vendor",
            Self::Administrator => "administrator",
            Self::User => "user",
            Self::Viewer => "viewer",
        }
    }

    /// The role of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Vendor, Self::Administrator, Self::User, Self::Viewer];
        all.into_iter().find(|role| role.name() == name)
    }
}

#[cfg(test)]
mod tests;
