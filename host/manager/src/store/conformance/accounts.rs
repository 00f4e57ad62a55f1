//! Settings, accounts, virtual accounts.

use super::*;

pub(super) fn settings_are_kept_under_their_key(store: &dyn Store) {
    assert_eq!(read(store, |view| view.meta("a")), None);
    write(store, |tx| {
        tx.set_meta("a", "1")?;
        tx.set_meta("b", "2")?;
        tx.set_meta("a", "3")
    });
    let found = ["a", "b", "c"].map(|key| read(store, |view| view.meta(key)));
    assert_eq!(found, [Some("3".into()), Some("2".into()), None]);
}

pub(super) fn accounts_are_found_renamed_and_listed(store: &dyn Store) {
    let add = |tx: &mut dyn Transaction| {
        ["B", "A", "C"].map(|name| add_account(tx, name)).into_iter().collect()
    };
    let ids: Vec<AccountId> = write(store, add);
    let row = |n: usize, name: &str| AccountRow { id: ids[n], name: name.into(), created: time(1) };
    assert_eq!(read(store, |view| view.accounts(ALL)), [row(0, "B"), row(1, "A"), row(2, "C")]);
    let page = Page { after: ids[0].0, limit: 1 };
    assert_eq!(read(store, |view| view.accounts(page)), [row(1, "A")]);
    assert_eq!(read(store, |view| view.account_by_name("A")), Some(row(1, "A")));
    write(store, |tx| tx.rename_account(ids[1], "D"));
    assert_eq!(read(store, |view| view.account_by_name("A")), None);
    assert_eq!(read(store, |view| view.account(ids[1])), Some(row(1, "D")));
    assert_eq!(read(store, |view| view.account(AccountId(99))), None);
    let mut tx = store.begin().unwrap();
    assert!(add_account(&mut *tx, "D").is_err(), "the name is taken");
    assert!(tx.rename_account(ids[0], "D").is_err(), "the name is taken");
    tx.rename_account(ids[1], "D").unwrap();
}

pub(super) fn virtual_accounts_are_found_renamed_listed_and_deleted(store: &dyn Store) {
    let (first, second) =
        write(store, |tx| Ok((add_account(tx, "First")?, add_account(tx, "Second")?)));
    let top = VirtualAccountRow { is_default: true, ..place_row(first, "Default") };
    let top = write(store, |tx| {
        let id = tx.add_virtual_account(&top)?;
        Ok(VirtualAccountRow { id, ..top })
    });
    let mut below = VirtualAccountRow { parent: Some(top.id), ..place_row(first, "Branch") };
    below.id = write(store, |tx| tx.add_virtual_account(&below));
    let mut other = place_row(second, "Branch");
    other.id = write(store, |tx| tx.add_virtual_account(&other));

    let list = |filter: &Filter, page| read(store, |view| view.virtual_accounts(filter, page));
    let only = |account| Filter { account: Some(account), ..Filter::default() };
    assert_eq!(list(&everything(), ALL), [top.clone(), below.clone(), other.clone()]);
    assert_eq!(list(&only(first), ALL), [top.clone(), below.clone()]);
    assert_eq!(list(&only(first), Page { after: 0, limit: 1 }), std::slice::from_ref(&top));
    assert_eq!(list(&only(first), Page { after: top.id.0, limit: 9 }), [below.clone()]);
    let named = |account, name| read(store, |view| view.virtual_account_by_name(account, name));
    assert_eq!(named(second, "Branch"), Some(other));
    assert_eq!(named(second, "Default"), None);

    let mut tx = store.begin().unwrap();
    assert!(tx.add_virtual_account(&place_row(first, "Branch")).is_err(), "the name is taken");
    assert!(tx.rename_virtual_account(top.id, "Branch").is_err(), "the name is taken");
    tx.rename_virtual_account(below.id, "Site").unwrap();
    tx.commit().unwrap();
    assert_eq!(named(first, "Site").map(|row| row.id), Some(below.id));

    write(store, |tx| tx.delete_virtual_account(below.id, time(9)));
    assert_eq!(read(store, |view| view.virtual_account(below.id)), None);
    assert_eq!((named(first, "Site"), list(&only(first), ALL)), (None, vec![top]));
    let again = write(store, |tx| tx.add_virtual_account(&place_row(first, "Site")));
    assert_eq!(named(first, "Site").map(|row| row.id), Some(again), "the name was free");
}

pub(super) fn the_contents_of_a_virtual_account_are_what_is_still_good(store: &dyn Store) {
    let place = write(store, |tx| add_place(tx, "Example"));
    let contents = |now| read(store, |view| view.contents(place.1, time(now)));
    assert_eq!(contents(10), Contents::default());
    write(store, |tx| {
        let below = VirtualAccountRow { parent: Some(place.1), ..place_row(place.0, "Below") };
        tx.add_virtual_account(&below)?;
        let gone = VirtualAccountRow { parent: Some(place.1), ..place_row(place.0, "Gone") };
        let gone = tx.add_virtual_account(&gone)?;
        tx.delete_virtual_account(gone, time(2))?;
        tx.add_device(&device_row(place, 1))?;
        let removed = DeviceRow { state: DeviceState::Removed, ..device_row(place, 2) };
        tx.add_device(&removed)?;
        tx.add_line(&line_row(place, "T"))?;
        tx.add_line(&LineRow { end: Some(time(500)), ..line_row(place, "T") })?;
        tx.add_reservation(&reservation_row(place, 1))?;
        let state = ReservationState::Returned;
        tx.add_reservation(&ReservationRow { state, ..reservation_row(place, 2) })?;
        let secret = [0; 20];
        tx.add_token(&token_row(place, 1), &secret)?;
        tx.add_token(&TokenRow { uses: 5, ..token_row(place, 2) }, &secret)?;
        tx.add_token(&TokenRow { max_uses: None, uses: 9, ..token_row(place, 3) }, &secret)?;
        tx.add_token(&TokenRow { revoked: Some(time(4)), ..token_row(place, 4) }, &secret)
    });
    let good = Contents { children: 1, devices: 1, lines: 2, tokens: 2, reservations: 1 };
    assert_eq!(contents(499), good, "a line that has not begun counts");
    assert_eq!(contents(500), Contents { lines: 1, ..good });
    assert_eq!(contents(1_000), Contents { lines: 1, tokens: 0, ..good });
}
