use super::*;
use crate::store::Role::{Administrator, User, Vendor, Viewer};
use crate::testing::{Seeded, World};
use leasehold_core::crypto::SoftwareCrypto;

const PASSWORD: &str = "correct horse battery";

fn local() -> Principal {
    Principal::local("set-up")
}

fn new_user(name: &str, role: Role, account: Option<AccountId>) -> NewUser {
    NewUser {
        name: name.into(),
        password: HashedPassword::new(&mut Seeded(3), PASSWORD).unwrap(),
        role,
        account,
        virtual_account: None,
    }
}

fn add(world: &mut World, by: &Principal, new: &NewUser) -> Result<UserRow, DomainError> {
    world.change(|tx, scene, _| create(tx, scene, by, new))
}

#[test]
fn a_user_signs_in_with_the_right_password_only() {
    let mut world = World::new();
    let row = add(&mut world, &local(), &new_user("vendor", Vendor, None)).unwrap();
    assert!(row.password_hash.starts_with("$argon2id$"), "{}", row.password_hash);
    let try_in = |world: &World, name: &str, password: &str| {
        world.view(|view| sign_in(view, name, password)).unwrap()
    };
    let signed_in = try_in(&world, "vendor", PASSWORD).unwrap();
    assert_eq!((signed_in.name.as_str(), signed_in.role), ("vendor", Vendor));
    assert_eq!(try_in(&world, "vendor", "correct horse batterx"), None);
    assert_eq!(try_in(&world, "nobody", PASSWORD), None);
    assert_eq!(try_in(&world, "vendor", &"x".repeat(PASSWORD_MAX + 1)), None);
    let other = HashedPassword::new(&mut Seeded(4), "another password").unwrap();
    world.change(|tx, scene, _| set_password(tx, scene, &signed_in, row.id, &other)).unwrap();
    assert_eq!(try_in(&world, "vendor", PASSWORD), None);
    assert!(try_in(&world, "vendor", "another password").is_some());
}

#[test]
fn weak_passwords_are_refused() {
    for password in ["", "elevenchars", &"x".repeat(PASSWORD_MAX + 1)] {
        assert!(matches!(
            HashedPassword::new(&mut Seeded(1), password),
            Err(DomainError::Invalid(_))
        ));
    }
}

#[test]
fn a_role_holds_for_its_deeds_and_its_place() {
    let (here, there) = (AccountId(1), AccountId(2));
    let (place, other) = (VirtualAccountId(1), VirtualAccountId(2));
    let at = |account, virtual_account| Subject { account, virtual_account, device: None };
    let someone = |role, account, virtual_account| Principal {
        name: "someone".into(),
        user: None,
        role,
        account,
        virtual_account,
    };
    use Right::{Administer, Deposit, Look, Operate};
    let rights = [(Viewer, 1), (User, 2), (Administrator, 3), (Vendor, 4)];
    for (role, many) in rights {
        for (index, right) in [Look, Operate, Administer, Deposit].into_iter().enumerate() {
            let allowed = someone(role, None, None).check(right, Subject::MANAGER).is_ok();
            assert_eq!(allowed, index < many, "{role:?} {right:?}");
        }
    }
    let in_account = someone(Administrator, Some(here), None);
    assert!(in_account.check(Look, at(Some(here), Some(place))).is_ok());
    assert!(in_account.check(Look, at(Some(there), None)).is_err());
    assert!(in_account.check(Look, Subject::MANAGER).is_err());
    let in_place = someone(User, Some(here), Some(place));
    assert!(in_place.check(Operate, at(Some(here), Some(place))).is_ok());
    assert!(in_place.check(Operate, at(Some(here), Some(other))).is_err());
    assert!(in_place.check(Look, at(Some(here), None)).is_err());
}

#[test]
fn nobody_gives_away_more_than_one_has() {
    let mut world = World::new();
    let account = Some(world.account);
    let (elsewhere, _) = world.add_account("Other Account");
    let boss = add(&mut world, &local(), &new_user("boss", Administrator, account)).unwrap();
    let boss = Principal::from(boss);
    let refused = [
        new_user("a", Vendor, None),
        new_user("b", Viewer, None),
        new_user("c", Viewer, Some(elsewhere)),
    ];
    for new in refused {
        let result = add(&mut world, &boss, &new);
        assert!(matches!(result, Err(DomainError::Forbidden(_))), "{}", new.name);
    }
    let user = add(&mut world, &boss, &new_user("user", User, account)).unwrap();
    let taken = add(&mut world, &boss, &new_user("user", User, account));
    let taken = taken.unwrap_err().to_string();
    assert!(taken.starts_with("There is a user of that name already."), "{taken}");
    let low = Principal::from(user.clone());
    let result = add(&mut world, &low, &new_user("d", Viewer, account));
    assert!(matches!(result, Err(DomainError::Forbidden(_))));
    let vendor_of_one = add(&mut world, &local(), &new_user("e", Vendor, account));
    assert!(matches!(vendor_of_one, Err(DomainError::Invalid(_))));
    world.change(|tx, scene, _| remove(tx, scene, &boss, user.id)).unwrap();
    assert_eq!(world.view(|view| view.user_by_name("user")).unwrap(), None);
}

#[test]
fn the_last_vendor_stays() {
    let mut world = World::new();
    let first = add(&mut world, &local(), &new_user("one", Vendor, None)).unwrap();
    let refused = world.change(|tx, scene, _| remove(tx, scene, &local(), first.id));
    assert!(matches!(refused, Err(DomainError::InUse(_))));
    add(&mut world, &local(), &new_user("two", Vendor, None)).unwrap();
    world.change(|tx, scene, _| remove(tx, scene, &local(), first.id)).unwrap();
}

#[test]
fn a_client_is_known_by_its_secret_until_it_is_removed() {
    let mut world = World::new();
    let new = NewClient { name: "portal".into(), role: Viewer, account: Some(world.account) };
    let made = world.change(|tx, scene, _| create_client(tx, scene, &local(), &new));
    let (row, secret) = made.unwrap();
    let find = |world: &World, secret: &str| {
        world.view(|view| client(view, &SoftwareCrypto, secret)).unwrap()
    };
    let found = find(&world, &secret).unwrap();
    assert_eq!((found.role, found.account), (Viewer, Some(world.account)));
    let wrong = secret.replace(|c: char| c.is_ascii_digit(), "a");
    for wrong in [wrong.as_str(), "", "LHC", &secret[3..]] {
        assert_eq!(find(&world, wrong), None);
    }
    assert!(!world.events().iter().any(|event| event.detail.contains(&secret[3..])));
    world.change(|tx, scene, _| remove_client(tx, scene, &local(), row.id)).unwrap();
    assert_eq!(find(&world, &secret), None);
}
