//! Users, API clients, registration tokens.

use super::*;
use leasehold_core::token::TokenName;

pub(super) fn users_are_found_changed_listed_and_removed(store: &dyn Store) {
    let place = write(store, |tx| add_place(tx, "Example"));
    let user = |name: &str, role, account, virtual_account| UserRow {
        id: UserId(0),
        name: name.into(),
        password_hash: "hash".into(),
        role,
        account,
        virtual_account,
        created: time(7),
    };
    let rows = [
        user("b", Role::Vendor, None, None),
        user("a", Role::Administrator, Some(place.0), None),
        user("d", Role::User, Some(place.0), Some(place.1)),
        user("c", Role::Viewer, None, None),
    ];
    let rows = rows.map(|row| {
        let id = write(store, |tx| tx.add_user(&row));
        UserRow { id, ..row }
    });
    assert_eq!(read(store, |view| view.users(ALL)), rows);
    let page = Page { after: rows[0].id.0, limit: 2 };
    assert_eq!(read(store, |view| view.users(page)), rows[1..3]);
    assert_eq!(read(store, |view| view.user_by_name("a")).as_ref(), Some(&rows[1]));
    assert_eq!(read(store, |view| view.user_by_name("x")), None);
    assert!(store.begin().unwrap().add_user(&rows[1]).is_err(), "the name is taken");
    write(store, |tx| {
        tx.set_password(rows[0].id, "other")?;
        tx.remove_user(rows[1].id)
    });
    let found = read(store, |view| view.user(rows[0].id)).unwrap();
    assert_eq!(found.password_hash, "other");
    assert_eq!(read(store, |view| view.user(rows[1].id)), None);
    assert_eq!(read(store, |view| view.user_by_name("a")), None);
}

pub(super) fn clients_are_found_listed_and_removed(store: &dyn Store) {
    let account = write(store, |tx| add_account(tx, "Example"));
    let client = |secret, role, account| ClientRow {
        id: ClientId(0),
        name: "script".into(),
        secret: [secret; 32],
        role,
        account,
        created: time(8),
    };
    let rows = [client(1, Role::Viewer, Some(account)), client(2, Role::Vendor, None)];
    let rows = rows.map(|row| {
        let id = write(store, |tx| tx.add_client(&row));
        ClientRow { id, ..row }
    });
    assert_eq!(read(store, |view| view.clients(ALL)), rows);
    assert_eq!(read(store, |view| view.clients(Page { after: 0, limit: 1 })), rows[..1]);
    let by_secret = |n: u8| read(store, |view| view.client_by_secret(&[n; 32]));
    assert_eq!((by_secret(2).as_ref(), by_secret(3)), (Some(&rows[1]), None));
    assert!(store.begin().unwrap().add_client(&rows[0]).is_err(), "the secret is taken");
    write(store, |tx| tx.remove_client(rows[0].id));
    assert_eq!(read(store, |view| view.client(rows[0].id)), None);
    assert_eq!(read(store, |view| view.client(rows[1].id)).as_ref(), Some(&rows[1]));
    assert_eq!(by_secret(1), None);
}

pub(super) fn tokens_are_found_counted_revoked_and_listed(store: &dyn Store) {
    let (first, second) =
        write(store, |tx| Ok((add_place(tx, "First")?, add_place(tx, "Second")?)));
    let branch = write(store, |tx| tx.add_virtual_account(&place_row(first.0, "Branch")));
    let rows = [
        token_row(first, 1),
        TokenRow { max_uses: None, ..token_row(second, 2) },
        token_row((first.0, branch), 3),
    ];
    let mut rows = rows.map(|row| {
        let id = write(store, |tx| tx.add_token(&row, &[row.secret[0]; 20]));
        TokenRow { id, ..row }
    });
    let list = |filter: &Filter, page| read(store, |view| view.tokens(filter, page));
    assert_eq!(list(&everything(), ALL), rows);
    let account = Filter { account: Some(first.0), ..Filter::default() };
    assert_eq!(list(&account, ALL), [rows[0].clone(), rows[2].clone()]);
    assert_eq!(list(&account, Page { after: rows[0].id.0, limit: 9 }), rows[2..]);
    assert_eq!(list(&account, Page { after: 0, limit: 1 }), rows[..1]);
    let place = Filter { virtual_account: Some(branch), ..account };
    assert_eq!(list(&place, ALL), rows[2..]);
    assert_eq!(read(store, |view| view.token_by_name(TokenName([2; 8]))).as_ref(), Some(&rows[1]));
    assert_eq!(read(store, |view| view.token_by_name(TokenName([9; 8]))), None);
    assert!(store.begin().unwrap().add_token(&rows[0], &[0; 20]).is_err(), "the secret is taken");
    write(store, |tx| {
        tx.set_token_uses(rows[0].id, 4)?;
        tx.revoke_token(rows[0].id, time(77))
    });
    (rows[0].uses, rows[0].revoked) = (4, Some(time(77)));
    assert_eq!(list(&everything(), ALL), rows);
    assert_eq!(read(store, |view| view.token(rows[0].id)).as_ref(), Some(&rows[0]));
}

pub(super) fn the_secret_of_a_token_is_erased_alone_or_when_it_expires(store: &dyn Store) {
    let place = write(store, |tx| add_place(tx, "Example"));
    let ids = [10, 20, 30].map(|expires| {
        let secret = u8::try_from(expires).unwrap();
        let row = TokenRow { expires: time(expires), ..token_row(place, secret) };
        write(store, |tx| tx.add_token(&row, &[secret; 20]))
    });
    let kept = || ids.map(|id| read(store, |view| view.token_secret(id)));
    assert_eq!(kept(), [Some([10; 20]), Some([20; 20]), Some([30; 20])]);
    write(store, |tx| tx.erase_token_secret(ids[2]));
    write(store, |tx| tx.erase_expired_token_secrets(time(19)));
    assert_eq!(kept(), [None, Some([20; 20]), None]);
    write(store, |tx| tx.erase_expired_token_secrets(time(20)));
    assert_eq!(kept(), [None; 3]);
    assert!(
        read(store, |view| view.token_by_name(TokenName([10; 8]))).is_some(),
        "its digest stays"
    );
}
