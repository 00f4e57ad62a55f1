//! Reservations, what they set aside, and the codes that were entered for them.

use super::*;

pub(super) fn a_reservation_is_read_as_it_was_written_and_saved(store: &dyn Store) {
    let place = write(store, |tx| add_place(tx, "Example"));
    let add = |row: ReservationRow| {
        let id = write(store, |tx| tx.add_reservation(&row));
        ReservationRow { id, ..row }
    };
    let full = add(reservation_row(place, 1));
    let bare = add(ReservationRow {
        universal: false,
        authorization_code: None,
        update_code: None,
        ended: None,
        look_at: None,
        frozen: None,
        ..reservation_row(place, 2)
    });
    for row in [&full, &bare] {
        let ReservationRow { account, number, confirmed, declined, .. } = row;
        let (product, serial) = (&*row.product_id, &*row.serial_number);
        let found = [
            read(store, |view| view.reservation(row.id)),
            read(store, |view| view.reservation_by_number(*account, product, serial, *number)),
            read(store, |view| view.reservation_by_confirmed(confirmed)),
            read(store, |view| view.reservation_by_declined(declined)),
            read(store, |view| view.open_reservation(*account, product, serial)),
        ];
        assert!(found.iter().all(|found| found.as_ref() == Some(row)), "{found:?}");
    }
    let elsewhere = AccountId(99);
    let by_number = |account, number| {
        read(store, |view| view.reservation_by_number(account, "LH-CC", "SN1", number))
    };
    assert_eq!(by_number(elsewhere, full.number), None);
    assert_eq!(by_number(full.account, full.number - 1), None);
    assert_eq!(read(store, |view| view.reservation_by_confirmed(&full.declined)), None);
    assert_eq!(read(store, |view| view.reservation_by_declined(&full.confirmed)), None);
    assert_eq!(read(store, |view| view.open_reservation(elsewhere, "LH-CC", "SN1")), None);
    assert_eq!(read(store, |view| view.reservation(ReservationId(99))), None);

    for state in [
        ReservationState::Requested,
        ReservationState::Authorized,
        ReservationState::UpdatePending,
        ReservationState::Returned,
        ReservationState::Cancelled,
        ReservationState::Rehosted,
    ] {
        let saved = ReservationRow {
            state,
            generation: 20,
            last_generation: 21,
            issued_up_to: 22,
            frozen: Some(Freeze { since: time(23), ahead: None }),
            authorization_code: Some("LHA20".into()),
            update_code: None,
            rehosted_to: Some(bare.id),
            ended: None,
            told: time(22),
            look_at: None,
            ..full.clone()
        };
        // What the request says stays as it is, whatever the row that is given says.
        let given = ReservationRow { number: 5, request_code: "other".into(), ..saved.clone() };
        write(store, |tx| tx.save_reservation(&given));
        assert_eq!(read(store, |view| view.reservation(full.id)), Some(saved.clone()));
        let open = read(store, |view| view.open_reservation(place.0, "LH-CC", "SN1"));
        assert_eq!(open, state.is_open().then_some(saved));
    }
}

pub(super) fn a_number_an_anchor_and_an_open_device_are_of_one_reservation(store: &dyn Store) {
    let (place, other) =
        write(store, |tx| Ok((add_place(tx, "Example")?, add_place(tx, "Other")?)));
    let first = reservation_row(place, 1);
    let id = write(store, |tx| tx.add_reservation(&first));
    let refused = |row: ReservationRow| {
        let mut tx = store.begin().unwrap();
        assert!(tx.add_reservation(&row).is_err(), "{row:?}");
    };
    let second = reservation_row(place, 2);
    let ended = ReservationState::Cancelled;
    refused(ReservationRow { confirmed: first.confirmed, ..second.clone() });
    refused(ReservationRow { declined: first.declined, ..reservation_row(other, 2) });
    let same_device = ReservationRow { serial_number: first.serial_number.clone(), ..second };
    refused(same_device.clone());
    refused(ReservationRow { number: first.number, state: ended, ..same_device.clone() });
    write(store, |tx| {
        // Another account's, an ended one's, and one after the end of the first.
        let elsewhere = reservation_row(other, 3);
        let (number, serial_number) = (first.number, first.serial_number.clone());
        tx.add_reservation(&ReservationRow { number, serial_number, ..elsewhere })?;
        let (confirmed, declined) = ([50; 16], [51; 16]);
        let number = 1;
        let old = ReservationRow { number, confirmed, declined, state: ended, ..first.clone() };
        tx.add_reservation(&old)?;
        tx.save_reservation(&ReservationRow { id, state: ended, ..first.clone() })?;
        tx.add_reservation(&same_device)
    });
}

pub(super) fn reservations_are_listed_searched_and_paged(store: &dyn Store) {
    let (first, second) =
        write(store, |tx| Ok((add_place(tx, "First")?, add_place(tx, "Second")?)));
    let ended = ReservationState::Returned;
    let rows = [
        reservation_row(first, 1),
        ReservationRow { state: ended, ..reservation_row(first, 2) },
        reservation_row(second, 12),
        ReservationRow { serial_number: "XSN1".into(), ..reservation_row(first, 13) },
    ];
    let ids = rows.map(|row| write(store, |tx| tx.add_reservation(&row)));
    let list = |filter: Filter, page| -> Vec<ReservationId> {
        let rows = read(store, |view| view.reservations(&filter, page));
        rows.iter().map(|row| row.id).collect()
    };
    assert_eq!(list(everything(), ALL), ids);
    assert_eq!(list(Filter::default(), ALL), [ids[0], ids[2], ids[3]]);
    let page = Page { after: ids[0].0, limit: 1 };
    assert_eq!(list(everything(), page), [ids[1]]);
    let place = Filter { virtual_account: Some(first.1), ..Filter::default() };
    assert_eq!(list(place.clone(), ALL), [ids[0], ids[3]]);
    let account_of = |place: (AccountId, _)| Filter { account: Some(place.0), ..Filter::default() };
    assert_eq!(list(account_of(second), ALL), [ids[2]]);
    let search = |filter: Filter, text: &str| Filter { search: Some(text.into()), ..filter };
    assert_eq!(list(search(everything(), "SN1"), ALL), [ids[0], ids[2]]);
    assert_eq!(list(search(place, "SN1"), ALL), [ids[0]]);
    assert_eq!(list(search(Filter::default(), "SN2"), ALL), []);
    assert_eq!(list(search(everything(), "%"), ALL), []);
    // The number of a request as a whole, too.
    let number = (u32::MAX - 12).to_string();
    assert_eq!(list(search(everything(), &number), ALL), [ids[2]]);
    assert_eq!(list(search(account_of(first), &number), ALL), []);
    assert_eq!(list(search(everything(), "3"), ALL), []);
}

pub(super) fn what_is_due_comes_first(store: &dyn Store) {
    let place = write(store, |tx| add_place(tx, "Example"));
    assert_eq!(read(store, |view| view.next_look()), None);
    let ids = [(1, Some(30)), (2, Some(20)), (3, None), (4, Some(20))].map(|(n, look_at)| {
        let look_at = look_at.map(time);
        write(store, |tx| {
            tx.add_reservation(&ReservationRow { look_at, ..reservation_row(place, n) })
        })
    });
    let due = |now, limit| -> Vec<ReservationId> {
        let rows = read(store, |view| view.reservations_due(time(now), limit));
        rows.iter().map(|row| row.id).collect()
    };
    assert_eq!(due(19, 9), []);
    assert_eq!(due(20, 9), [ids[1], ids[3]]);
    assert_eq!(due(30, 9), [ids[1], ids[3], ids[0]]);
    assert_eq!(due(30, 1), [ids[1]]);
    assert_eq!(read(store, |view| view.next_look()), Some(time(20)));
}

pub(super) fn claims_are_found_by_pool_and_released_by_generation(store: &dyn Store) {
    let (place, other) =
        write(store, |tx| Ok((add_place(tx, "Example")?, add_place(tx, "Other")?)));
    let (first, second, third) = write(store, |tx| {
        let first = tx.add_reservation(&reservation_row(place, 1))?;
        let second = tx.add_reservation(&reservation_row(place, 2))?;
        Ok((first, second, tx.add_reservation(&reservation_row(other, 3))?))
    });
    let update = ClaimRow { count: 9, until: None, ..claim_row(first, place, 5, "T") };
    let rows = [
        claim_row(second, place, 0, "T"),
        update.clone(),
        claim_row(first, place, 4, "T"),
        ClaimRow { count: 1, ..claim_row(first, place, 4, "T") },
        claim_row(first, place, 4, "U"),
        claim_row(third, other, 0, "T"),
    ];
    write(store, |tx| rows.iter().try_for_each(|row| tx.add_claim(row)));
    let [of_second, _, one, more, other_tag, _] = rows;
    let claims = |tag| read(store, |view| view.claims(place.1, tag));
    assert_eq!(claims("T"), [one.clone(), more.clone(), update.clone(), of_second.clone()]);
    assert_eq!(claims("U"), std::slice::from_ref(&other_tag));
    assert_eq!(claims("V"), []);
    let of_first = || read(store, |view| view.claims_of(first));
    assert_eq!(of_first(), [one, more, other_tag, update.clone()]);
    write(store, |tx| tx.release_claims(first, 4));
    assert_eq!(of_first(), std::slice::from_ref(&update));
    assert_eq!(claims("T"), [update, of_second]);
}

pub(super) fn codes_are_kept_in_their_order(store: &dyn Store) {
    let place = write(store, |tx| add_place(tx, "Example"));
    let [first, second] =
        [1, 2].map(|n| write(store, |tx| tx.add_reservation(&reservation_row(place, n))));
    let code = |reservation, code: &str, entered| EnteredCodeRow {
        reservation,
        code: code.into(),
        entered: time(entered),
        entered_by: "tester".into(),
    };
    let rows = [code(first, "B", 5), code(second, "A", 6), code(first, "A", 5)];
    write(store, |tx| rows.iter().try_for_each(|row| tx.add_entered_code(row)));
    let [one, of_second, other] = rows;
    assert_eq!(read(store, |view| view.entered_codes(first)), [one.clone(), other]);
    assert_eq!(read(store, |view| view.entered_codes(second)), [of_second]);
    assert!(store.begin().unwrap().add_entered_code(&one).is_err(), "it was entered");
}

pub(super) fn rehosts_are_found_by_account_and_time(store: &dyn Store) {
    let (place, other) =
        write(store, |tx| Ok((add_place(tx, "Example")?, add_place(tx, "Other")?)));
    let row = |place, n, state, ended| {
        let ended = Some(time(ended));
        let row = ReservationRow { state, ended, ..reservation_row(place, n) };
        write(store, |tx| tx.add_reservation(&row))
    };
    let rehosted = ReservationState::Rehosted;
    row(place, 1, rehosted, 30);
    row(place, 2, rehosted, 20);
    row(place, 3, rehosted, 10);
    row(place, 4, ReservationState::Returned, 25);
    row(other, 5, rehosted, 40);
    let times = |since| read(store, |view| view.rehosts(place.0, time(since)));
    assert_eq!(times(20), [time(20), time(30)]);
    assert_eq!(times(31), []);
}

pub(super) fn frozen_ones_are_counted_by_account(store: &dyn Store) {
    let (place, other) =
        write(store, |tx| Ok((add_place(tx, "Example")?, add_place(tx, "Other")?)));
    let count = |account| read(store, |view| view.frozen_reservations(account));
    assert_eq!(count(None), 0);
    let first = write(store, |tx| {
        tx.add_reservation(&reservation_row(other, 2))?;
        tx.add_reservation(&ReservationRow { frozen: None, ..reservation_row(place, 3) })?;
        tx.add_reservation(&reservation_row(place, 1))
    });
    assert_eq!((count(None), count(Some(place.0)), count(Some(other.0))), (2, 1, 1));
    assert_eq!(count(Some(AccountId(99))), 0);
    let thawed = ReservationRow { id: first, frozen: None, ..reservation_row(place, 1) };
    write(store, |tx| tx.save_reservation(&thawed));
    assert_eq!((count(None), count(Some(place.0)), count(Some(other.0))), (1, 0, 1));
}
