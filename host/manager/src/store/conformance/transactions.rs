//! All or nothing.

use super::*;
use std::sync::mpsc::channel;
use std::thread;

/// Two of everything that the operations of [`change_everything`] need.
fn fill(store: &dyn Store) -> ((AccountId, VirtualAccountId), DeviceId) {
    write(store, |tx| {
        let found = add_device(tx)?;
        add_everything(tx, found, 1)?;
        Ok(found)
    })
}

/// One row in every table.
fn add_everything(
    tx: &mut dyn Transaction,
    (place, device): ((AccountId, VirtualAccountId), DeviceId),
    n: u8,
) -> Result<(), StoreError> {
    let (account, tag, now) = (Some(place.0), format!("T{n}"), time(u64::from(n)));
    tx.set_meta("key", &tag)?;
    add_place(tx, &tag)?;
    let (name, created) = (tag.clone(), now);
    tx.add_user(&UserRow {
        id: UserId(0),
        name: name.clone(),
        password_hash: "hash".into(),
        role: Role::Viewer,
        account,
        virtual_account: None,
        created,
    })?;
    let (secret, role) = ([n; 32], Role::Viewer);
    tx.add_client(&ClientRow { id: ClientId(0), name, secret, role, account, created })?;
    let token = tx.add_token(&token_row(place, n), &[n; 20])?;
    tx.add_line(&line_row(place, &tag))?;
    let tag: std::sync::Arc<str> = tag.into();
    tx.put_pool(&PoolRow {
        virtual_account: place.1,
        tag: tag.clone(),
        owned: n.into(),
        reserved: 1,
        changes: None,
        at_or_above: 1,
    })?;
    tx.add_device(&device_row(place, n + 100))?;
    tx.put_replaced_key(device, &key(n), 5)?;
    let (request, answer, epoch) = (Digest([n; 32]), vec![n; 9], n.into());
    tx.put_registration(&RegistrationRow { device, request, token, answer: answer.clone() })?;
    tx.put_conflict(&ConflictRow { device, request, answer: answer.clone() })?;
    let answer = answer.into();
    tx.put_old_epoch(&EpochRow { device, epoch, sequence: 1, request, answer, retired: now }, 5)?;
    tx.put_out_of_compliance_elsewhere(device, place.0, Some(now))?;
    let peaks = vec![(tag.clone(), n.into())];
    tx.put_machine(&MachineRow { device, epoch, reported: now, peaks })?;
    let (peak, highest, recorded) = (n.into(), 9, now);
    tx.put_usage(&UsageRow { device, tag: tag.clone(), peak, highest, recorded })?;
    let reservation = tx.add_reservation(&reservation_row(place, n))?;
    tx.add_claim(&claim_row(reservation, place, 0, &tag))?;
    tx.add_entered_code(&EnteredCodeRow {
        reservation,
        code: "LHC".into(),
        entered: now,
        entered_by: "tester".into(),
    })?;
    tx.add_history(&HistoryRow { id: 0, device, tag, reported: now, peak, covers_seconds: 1 })?;
    let last = tx.last_event()?.map_or(0, |(number, _)| number);
    tx.add_event(&event_row(last + 1))
}

/// Every other operation: what changes a row, and what removes one.
fn change_everything(
    tx: &mut dyn Transaction,
    found: ((AccountId, VirtualAccountId), DeviceId),
) -> Result<(), StoreError> {
    add_everything(tx, found, 2)?;
    let (place, device) = found;
    let now = time(5_000);
    tx.rename_account(place.0, "Renamed")?;
    tx.rename_virtual_account(place.1, "Renamed")?;
    let empty = tx.virtual_accounts(&everything(), ALL)?.last().map(|row| row.id);
    tx.delete_virtual_account(empty.unwrap(), now)?;
    let users = tx.users(ALL)?;
    tx.set_password(users[1].id, "other")?;
    tx.remove_user(users[0].id)?;
    let client = tx.clients(ALL)?[0].id;
    tx.remove_client(client)?;
    let tokens = tx.tokens(&everything(), ALL)?;
    tx.set_token_uses(tokens[0].id, 3)?;
    tx.revoke_token(tokens[0].id, now)?;
    tx.erase_token_secret(tokens[0].id)?;
    tx.erase_expired_token_secrets(now)?;
    let line = tx.lines(&everything(), ALL)?[0].id;
    tx.set_line_end(line, now)?;
    let row = DeviceRow { id: device, epoch: 1, look_at: now, ..device_row(place, 77) };
    tx.save_contact(&row)?;
    tx.save_placement(&row)?;
    tx.remove_replaced_keys(device)?;
    tx.remove_old_epoch(device, 1)?;
    tx.put_out_of_compliance_elsewhere(device, place.0, None)?;
    tx.remove_machine(device, 1)?;
    let reservation = tx.reservations(&everything(), ALL)?[0].id;
    let ended = Some(now);
    let row = ReservationRow { id: reservation, ended, ..reservation_row(place, 1) };
    tx.save_reservation(&row)?;
    tx.release_claims(reservation, 0)?;
    // Also what was added a moment ago.
    assert_eq!(tx.prune_history(now, 1)?, 1);
    assert!(tx.prune_history(now, 100)? > 0);
    let (tag, covers_seconds) = ("T".into(), 1);
    tx.add_history(&HistoryRow { id: 0, device, tag, reported: now, peak: 1, covers_seconds })
}

/// Everything that can be read.
fn dump(view: &dyn View, device: DeviceId) -> Result<Vec<String>, StoreError> {
    let everything = everything();
    let mut found = vec![
        format!("{:?}", view.meta("key")?),
        format!("{:?}", view.accounts(ALL)?),
        format!("{:?}", view.virtual_accounts(&everything, ALL)?),
        format!("{:?}", view.users(ALL)?),
        format!("{:?}", view.clients(ALL)?),
        format!("{:?}", view.lines(&everything, ALL)?),
        format!("{:?}", (view.devices_due(time(9_999), 99)?, view.next_look()?)),
        format!("{:?}", view.replaced_keys(device)?),
        format!("{:?}", (view.registration(device)?, view.conflict(device)?)),
        format!("{:?}", (view.old_epoch(device, 1)?, view.old_epoch(device, 2)?)),
        format!("{:?}", (view.machines(device)?, view.usage(device)?)),
        format!("{:?}", view.usage_history(device, ALL)?),
        format!("{:?}", (view.events_in_order(ALL)?, view.last_event()?)),
    ];
    for row in view.tokens(&everything, ALL)? {
        found.push(format!("{row:?} {:?}", view.token_secret(row.id)?));
    }
    for row in view.virtual_accounts(&everything, ALL)? {
        let elsewhere = view.out_of_compliance_elsewhere(device, row.account)?;
        let contents = view.contents(row.id, time(1))?;
        found.push(format!("{:?} {elsewhere:?} {contents:?}", view.pool(row.id)?));
    }
    for row in view.devices(&everything, ALL)? {
        let by_udi = view.device_by_udi(&row.udi())?;
        found.push(format!("{:?} {by_udi:?}", view.device_by_instance(row.instance)?));
    }
    for row in view.reservations(&everything, ALL)? {
        let codes = view.entered_codes(row.id)?;
        found.push(format!("{row:?} {:?} {codes:?}", view.claims_of(row.id)?));
    }
    for n in [1, 77, 101, 102] {
        found.push(format!("{:?}", view.device_by_instance(InstanceId([n; 16]))?));
    }
    Ok(found)
}

pub(super) fn what_is_not_committed_leaves_no_trace(store: &dyn Store) {
    let found = fill(store);
    let before = read(store, |view| dump(view, found.1));
    for _ in 0..2 {
        let mut tx = store.begin().unwrap();
        change_everything(&mut *tx, found).unwrap();
        assert_ne!(dump(&*tx, found.1).unwrap(), before, "it sees its own changes");
        drop(tx);
        assert_eq!(read(store, |view| dump(view, found.1)), before);
    }
    // It goes on from there as if nothing had been.
    write(store, |tx| change_everything(tx, found));
    assert_ne!(read(store, |view| dump(view, found.1)), before);
}

pub(super) fn what_is_undone_to_the_mark_leaves_no_trace(store: &dyn Store) {
    let found = fill(store);
    let mut tx = store.begin().unwrap();
    add_everything(&mut *tx, found, 3).unwrap();
    let before = dump(&*tx, found.1).unwrap();
    for _ in 0..2 {
        tx.mark().unwrap();
        change_everything(&mut *tx, found).unwrap();
        tx.undo().unwrap();
        assert_eq!(dump(&*tx, found.1).unwrap(), before);
    }
    tx.commit().unwrap();
    assert_eq!(read(store, |view| dump(view, found.1)), before, "what was before it is kept");
}

pub(super) fn what_is_kept_is_committed_with_the_rest(store: &dyn Store) {
    let mut tx = store.begin().unwrap();
    for (key, keeps) in [("a", true), ("b", false), ("c", true)] {
        tx.mark().unwrap();
        tx.set_meta(key, "1").unwrap();
        if keeps { tx.keep().unwrap() } else { tx.undo().unwrap() }
    }
    tx.commit().unwrap();
    let found = ["a", "b", "c"].map(|key| read(store, |view| view.meta(key)).is_some());
    assert_eq!(found, [true, false, true]);
    let mut tx = store.begin().unwrap();
    tx.mark().unwrap();
    tx.set_meta("a", "2").unwrap();
    tx.keep().unwrap();
    drop(tx);
    assert_eq!(read(store, |view| view.meta("a")).as_deref(), Some("1"), "kept is not committed");
}

/// A view may have to wait for the transaction, and may not: it never sees half of it.
pub(super) fn a_view_shows_nothing_that_is_not_committed(store: &dyn Store) {
    for commits in [false, true] {
        let mut tx = store.begin().unwrap();
        tx.set_meta("key", "1").unwrap();
        thread::scope(|scope| {
            let (found, finds) = channel();
            scope.spawn(move || found.send(read(store, |view| view.meta("key"))).unwrap());
            if commits {
                tx.commit().unwrap();
                finds.recv().unwrap();
            } else {
                drop(tx);
                assert_eq!(finds.recv().unwrap(), None);
            }
        });
        assert_eq!(read(store, |view| view.meta("key")).is_some(), commits);
    }
}

pub(super) fn a_refused_row_leaves_the_transaction_as_it_was(store: &dyn Store) {
    let found = fill(store);
    let mut tx = store.begin().unwrap();
    tx.set_meta("other", "1").unwrap();
    let before = dump(&*tx, found.1).unwrap();
    assert!(add_account(&mut *tx, "Example").is_err());
    assert!(tx.add_token(&token_row(found.0, 1), &[9; 20]).is_err());
    assert!(tx.add_device(&device_row(found.0, 1)).is_err());
    assert!(tx.add_reservation(&reservation_row(found.0, 1)).is_err());
    let taken = DeviceRow { id: found.1, look_at: time(9), ..device_row(found.0, 101) };
    assert!(tx.save_placement(&taken).is_err());
    assert_eq!(dump(&*tx, found.1).unwrap(), before);
    tx.commit().unwrap();
    assert_eq!(read(store, |view| view.meta("other")).as_deref(), Some("1"));
}

pub(super) fn no_id_is_given_twice(store: &dyn Store) {
    let user = |name: &str| UserRow {
        id: UserId(0),
        name: name.into(),
        password_hash: String::new(),
        role: Role::Viewer,
        account: None,
        virtual_account: None,
        created: time(1),
    };
    let first = write(store, |tx| tx.add_user(&user("a")));
    write(store, |tx| tx.remove_user(first));
    let second = write(store, |tx| tx.add_user(&user("a")));
    assert!(second > first);
}
