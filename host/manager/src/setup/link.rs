//! The one-time set-up link: how the first administrator is made without any default password
//! (SPEC L1). Its code is stored as a digest; using it, or making any user, ends it.

use crate::domain::user::{self, HashedPassword, NewUser, Principal};
use crate::domain::{DomainError, Scene};
use crate::hex;
use crate::store::{Page, Role, StoreError, Transaction, UserRow, View};
use leasehold_core::crypto::Crypto;
use leasehold_core::time::{Duration, UnixTime};
use subtle::ConstantTimeEq;

/// Where the digest of the code and its end are kept.
const META: &str = "setup_link";
/// How long a link works.
const VALIDITY: Duration = Duration::from_hours(24);
/// What someone with a link that is not open is told.
pub(crate) const NOT_VALID: &str = "This set-up link was used already, or is older than a day, or is not \
    complete. Start the manager again for a new one; it makes one while there are no users.";

/// Makes a new code in place of any earlier one, when there are no users yet.
pub(crate) fn issue_if_needed(
    tx: &mut dyn Transaction,
    scene: &mut Scene<'_>,
) -> Result<Option<String>, DomainError> {
    if has_users(tx)? {
        return Ok(None);
    }
    let mut code = [0; 20];
    scene.entropy.fill(&mut code)?;
    let code = hex::encode(&code);
    let ends = scene.now.saturating_add(VALIDITY).as_secs();
    tx.set_meta(META, &format!("{} {ends}", hex::encode(&digest(scene.crypto, &code))))?;
    Ok(Some(code))
}

/// Whether `code` can be used.
pub(crate) fn is_open<V: View + ?Sized>(
    view: &V,
    crypto: &dyn Crypto,
    now: UnixTime,
    code: &str,
) -> Result<bool, StoreError> {
    let stored = view.meta(META)?.unwrap_or_default();
    let Some((expected, ends)) = stored.split_once(' ') else { return Ok(false) };
    let expected = hex::decode::<32>(expected).ok_or(StoreError::Foreign("a set-up code"))?;
    let ends = ends.parse().map_err(|_| StoreError::Foreign("the end of a set-up code"))?;
    let right = bool::from(digest(crypto, code).ct_eq(&expected));
    Ok(right && now < UnixTime::from_secs(ends) && !has_users(view)?)
}

/// Makes the first administrator, and ends the link.
pub(crate) fn redeem(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    code: &str,
    name: &str,
    password: HashedPassword,
) -> Result<UserRow, DomainError> {
    if !is_open(tx, scene.crypto, scene.now, code)? {
        return Err(DomainError::Forbidden(NOT_VALID));
    }
    let first = NewUser {
        name: name.into(),
        password,
        role: Role::Administrator,
        account: None,
        virtual_account: None,
    };
    let row = user::create(tx, scene, &Principal::local(scene.actor), &first)?;
    tx.set_meta(META, "")?;
    Ok(row)
}

fn has_users<V: View + ?Sized>(view: &V) -> Result<bool, StoreError> {
    Ok(!view.users(Page { after: 0, limit: 1 })?.is_empty())
}

fn digest(crypto: &dyn Crypto, code: &str) -> [u8; 32] {
    crypto.digest(&[b"leasehold set-up", code.as_bytes()]).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::SystemEntropy;
    use crate::store::Store;
    use crate::store::sqlite::SqliteStore;
    use leasehold_core::crypto::SoftwareCrypto;

    const START: UnixTime = UnixTime::from_secs(1_800_000_000);

    fn open_at(code: &str, store: &SqliteStore, now: UnixTime) -> bool {
        is_open(&*store.view().unwrap(), &SoftwareCrypto, now, code).unwrap()
    }

    #[test]
    fn a_link_lasts_a_day_and_ends_with_the_first_user() {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&dir.path().join("manager.db")).unwrap();
        let entropy = &mut SystemEntropy;
        let mut scene = Scene { now: START, actor: "test", crypto: &SoftwareCrypto, entropy };
        let mut tx = store.begin().unwrap();
        let code = issue_if_needed(&mut *tx, &mut scene).unwrap().unwrap();
        tx.commit().unwrap();
        assert!(open_at(&code, &store, START));
        assert!(open_at(&code, &store, UnixTime::from_secs(START.as_secs() + 86_399)));
        assert!(!open_at(&code, &store, UnixTime::from_secs(START.as_secs() + 86_400)));
        assert!(!open_at("", &store, START));

        // Somebody was made in another way.
        let password = HashedPassword::new(&mut SystemEntropy, "correct horse").unwrap();
        let new = NewUser {
            name: "alice".into(),
            password: password.clone(),
            role: Role::Vendor,
            account: None,
            virtual_account: None,
        };
        let mut tx = store.begin().unwrap();
        user::create(&mut *tx, &scene, &Principal::local("test"), &new).unwrap();
        let refused = redeem(&mut *tx, &scene, &code, "mallory", password);
        assert!(matches!(refused, Err(DomainError::Forbidden(_))));
        tx.commit().unwrap();
        assert!(!open_at(&code, &store, START));
        let mut tx = store.begin().unwrap();
        assert_eq!(issue_if_needed(&mut *tx, &mut scene).unwrap(), None);
    }
}
