//! Devices, and what is remembered of their keys, numbers and answers.

use super::*;

fn instance(n: u8) -> InstanceId {
    InstanceId([n; 16])
}

pub(super) fn a_device_is_read_as_it_was_written(store: &dyn Store) {
    let place = write(store, |tx| add_place(tx, "Example"));
    let full = device_row(place, 1);
    let bare = DeviceRow {
        uuid: Some([77; 16]),
        instance: instance(2),
        state: DeviceState::Expired,
        next_key: None,
        out_of_compliance_since: None,
        duplicate_since: None,
        last_answer: Vec::new().into(),
        ..full.clone()
    };
    for row in [full, bare] {
        let id = write(store, |tx| tx.add_device(&row));
        let row = DeviceRow { id, ..row };
        assert_eq!(read(store, |view| view.device(id)), Some(row.clone()));
        let found = read(store, |view| view.device_by_instance(row.instance));
        assert_eq!(found, Some(row.clone()));
        assert_eq!(read(store, |view| view.device_by_udi(&row.udi())), Some(row));
    }
    let unknown = Udi { product_id: "LH-CC", serial_number: "SN1", uuid: Some([1; 16]) };
    assert_eq!(read(store, |view| view.device_by_udi(&unknown)), None);
    assert_eq!(read(store, |view| view.device_by_instance(instance(9))), None);
    assert_eq!(read(store, |view| view.device(DeviceId(99))), None);
}

pub(super) fn contact_and_placement_write_their_own_columns(store: &dyn Store) {
    let (place, id) = write(store, add_device);
    let other = write(store, |tx| add_place(tx, "Other"));
    let before = DeviceRow { id, ..device_row(place, 1) };
    let contact = DeviceRow {
        public_key: key(50),
        next_key: None,
        certificate_serial: 51,
        valid_until: time(52),
        export_controlled: false,
        registered: time(53),
        last_contact: time(54),
        epoch: 55,
        sequence: 56,
        last_request: Digest([57; 32]),
        last_answer: vec![58; 20].into(),
        answer_sequence: 59,
        reports_counted: 60,
        out_of_compliance_since: None,
        duplicate_since: None,
        silence_announced: false,
        usage_released: false,
        ..before.clone()
    };
    let placement = DeviceRow {
        instance: instance(70),
        account: other.0,
        virtual_account: other.1,
        state: DeviceState::Removed,
        host_name: "host".into(),
        software_version: "16".into(),
        look_at: time(71),
        ..before.clone()
    };
    let both = DeviceRow {
        instance: placement.instance,
        account: other.0,
        virtual_account: other.1,
        state: DeviceState::Removed,
        host_name: "host".into(),
        software_version: "16".into(),
        look_at: time(71),
        ..contact.clone()
    };
    // What the other one writes is different in the row that is given, and stays as it is.
    write(store, |tx| {
        tx.mark()?;
        tx.save_contact(&both)?;
        assert_eq!(tx.device(id)?, Some(contact));
        tx.undo()?;
        tx.mark()?;
        tx.save_placement(&both)?;
        assert_eq!(tx.device(id)?, Some(placement));
        tx.undo()?;
        assert_eq!(tx.device(id)?, Some(before));
        tx.save_placement(&both)?;
        tx.save_contact(&both)
    });
    assert_eq!(read(store, |view| view.device(id)), Some(both.clone()));
    assert_eq!(read(store, |view| view.device_by_instance(both.instance)), Some(both.clone()));
    assert_eq!(read(store, |view| view.device_by_instance(instance(1))), None);
    // A row that is not there is not made.
    write(store, |tx| {
        let nobody = DeviceRow { id: DeviceId(99), instance: instance(98), ..both };
        tx.save_contact(&nobody)?;
        tx.save_placement(&nobody)
    });
    assert_eq!(read(store, |view| view.devices(&everything(), ALL)).len(), 1);
}

pub(super) fn a_udi_and_an_instance_are_of_one_device(store: &dyn Store) {
    let (place, id) = write(store, add_device);
    let first = DeviceRow { id, ..device_row(place, 1) };
    let mut tx = store.begin().unwrap();
    let same_udi = DeviceRow { instance: instance(2), ..first.clone() };
    assert!(tx.add_device(&same_udi).is_err());
    let same_instance = DeviceRow { instance: instance(1), ..device_row(place, 2) };
    assert!(tx.add_device(&same_instance).is_err());
    let with_uuid = DeviceRow { uuid: Some([1; 16]), ..same_udi };
    let second = tx.add_device(&with_uuid).unwrap();
    let taken = DeviceRow { id: second, instance: instance(1), ..with_uuid };
    assert!(tx.save_placement(&taken).is_err());
    tx.commit().unwrap();
    assert_eq!(read(store, |view| view.device_by_instance(instance(1))), Some(first));
}

pub(super) fn devices_are_listed_searched_and_paged(store: &dyn Store) {
    let (here, there) = write(store, |tx| Ok((add_place(tx, "Here")?, add_place(tx, "There")?)));
    let branch = write(store, |tx| tx.add_virtual_account(&place_row(here.0, "Branch")));
    let rows = [
        ("AAA-1", "pbx1", here, DeviceState::Registered),
        ("AAA-2", "ivr", there, DeviceState::Registered),
        ("BBB-3", "", (here.0, branch), DeviceState::Registered),
        ("AAA-4", "pbx4", here, DeviceState::Removed),
        ("B%B-5", "AAA", here, DeviceState::Registered),
    ];
    for (n, (serial_number, host_name, place, state)) in (1..).zip(rows) {
        let (serial_number, host_name) = (serial_number.into(), host_name.into());
        let row = DeviceRow { serial_number, host_name, state, ..device_row(place, n) };
        write(store, |tx| tx.add_device(&row));
    }
    let list = |filter: &Filter, page| -> Vec<String> {
        let rows = read(store, |view| view.devices(filter, page));
        rows.iter().map(|row| row.serial_number.to_string()).collect()
    };
    let live = Filter::default();
    assert_eq!(list(&live, ALL), ["AAA-1", "AAA-2", "BBB-3", "B%B-5"]);
    assert_eq!(list(&everything(), ALL).len(), 5);
    let second = read(store, |view| view.devices(&live, ALL))[1].id.0;
    assert_eq!(list(&live, Page { after: second, limit: 1 }), ["BBB-3"]);
    let account = Filter { account: Some(here.0), ..live.clone() };
    assert_eq!(list(&account, ALL), ["AAA-1", "BBB-3", "B%B-5"]);
    let place = Filter { virtual_account: Some(here.1), ..account };
    assert_eq!(list(&place, ALL), ["AAA-1", "B%B-5"]);
    let search = |text: &str, filter: &Filter, page| {
        list(&Filter { search: Some(text.into()), ..filter.clone() }, page)
    };
    assert_eq!(search("AAA", &live, ALL), ["AAA-1", "AAA-2", "B%B-5"], "by its host name");
    assert_eq!(search("AAA", &live, Page { after: second, limit: 9 }), ["B%B-5"]);
    assert_eq!(search("AAA", &live, Page { after: 0, limit: 1 }), ["AAA-1"]);
    assert_eq!(search("AAA", &everything(), ALL), ["AAA-1", "AAA-2", "AAA-4", "B%B-5"]);
    assert_eq!(search("pbx", &place, ALL), ["AAA-1"]);
    assert_eq!(search("ivr", &place, ALL), [""; 0]);
    assert_eq!(search("B%", &live, ALL), ["B%B-5"], "taken as it stands");
    assert_eq!(search("%", &live, ALL), [""; 0]);
    assert_eq!(search("", &live, ALL).len(), 4);
}

pub(super) fn what_is_due_comes_first_and_leaves_with_its_state(store: &dyn Store) {
    assert_eq!(read(store, |view| view.next_look()), None);
    let place = write(store, |tx| add_place(tx, "Example"));
    let mut rows = [(1, 30), (2, 10), (3, 20), (4, 10)].map(|(n, look_at)| {
        let row = DeviceRow { look_at: time(look_at), ..device_row(place, n) };
        let id = write(store, |tx| tx.add_device(&row));
        DeviceRow { id, ..row }
    });
    let gone = DeviceRow { state: DeviceState::Expired, ..device_row(place, 5) };
    write(store, |tx| tx.add_device(&gone));
    let due = |now, limit| -> Vec<String> {
        let rows = read(store, |view| view.devices_due(time(now), limit));
        rows.iter().map(|row| row.serial_number.to_string()).collect()
    };
    let next = || read(store, |view| view.next_look()).map(UnixTime::as_secs);
    assert_eq!((due(9, 100), next()), (vec![], Some(10)));
    assert_eq!(due(10, 100), ["SN2", "SN4"]);
    assert_eq!(due(20, 100), ["SN2", "SN4", "SN3"]);
    assert_eq!(due(99, 1), ["SN2"]);
    rows[1].look_at = time(40);
    rows[3].state = DeviceState::Deregistered;
    write(store, |tx| rows.iter().try_for_each(|row| tx.save_placement(row)));
    assert_eq!((due(99, 100), next()), (vec!["SN3".into(), "SN1".into(), "SN2".into()], Some(20)));
    rows[3].state = DeviceState::Registered;
    write(store, |tx| tx.save_placement(&rows[3]));
    assert_eq!((due(19, 100), next()), (vec!["SN4".into()], Some(10)));
}

pub(super) fn replaced_keys_are_kept_to_a_number(store: &dyn Store) {
    let (place, id) = write(store, add_device);
    let other = write(store, |tx| tx.add_device(&device_row(place, 2)));
    let kept = |id| read(store, |view| view.replaced_keys(id));
    let put = |id, n| write(store, |tx| tx.put_replaced_key(id, &key(n), 3));
    put(other, 1);
    for n in [1, 2, 3, 1, 4] {
        put(id, n);
    }
    assert_eq!(kept(id), [key(4), key(1), key(3)], "the newest first; one replaced again is new");
    assert_eq!(kept(other), [key(1)]);
    write(store, |tx| tx.remove_replaced_keys(id));
    assert_eq!((kept(id), kept(other)), (vec![], vec![key(1)]));
}

pub(super) fn old_epochs_are_kept_to_a_number(store: &dyn Store) {
    let (place, id) = write(store, add_device);
    let other = write(store, |tx| tx.add_device(&device_row(place, 2)));
    let row = |device, epoch: u32, retired| EpochRow {
        device,
        epoch,
        sequence: u64::from(epoch),
        request: Digest([1; 32]),
        answer: vec![2; 9].into(),
        retired: time(retired),
    };
    let put = |row: &EpochRow| write(store, |tx| tx.put_old_epoch(row, 3));
    put(&row(other, 5, 1));
    for (epoch, retired) in [(5, 1), (u32::MAX, 2), (3, 3), (5, 4), (1, 5)] {
        put(&row(id, epoch, retired));
    }
    let kept = |id, epoch| read(store, |view| view.old_epoch(id, epoch));
    assert_eq!(kept(id, 5), Some(row(id, 5, 4)), "one retired again is new");
    assert_eq!([kept(id, 1), kept(id, 3)], [Some(row(id, 1, 5)), Some(row(id, 3, 3))]);
    assert_eq!(kept(id, u32::MAX), None);
    assert_eq!(kept(other, 5), Some(row(other, 5, 1)));
    write(store, |tx| tx.remove_old_epoch(id, 5));
    assert_eq!((kept(id, 5), kept(other, 5).is_some()), (None, true));
}

pub(super) fn the_last_registration_and_conflict_stand(store: &dyn Store) {
    let (place, device) = write(store, add_device);
    let tokens = [1, 2].map(|n| write(store, |tx| tx.add_token(&token_row(place, n), &[n; 20])));
    assert_eq!(read(store, |view| view.registration(device)), None);
    assert_eq!(read(store, |view| view.conflict(device)), None);
    for (n, token) in [1, 2].into_iter().zip(tokens) {
        let (request, answer) = (Digest([n; 32]), vec![n; 40]);
        let registration = RegistrationRow { device, request, token, answer: answer.clone() };
        let conflict = ConflictRow { device, request, answer };
        write(store, |tx| {
            tx.put_registration(&registration)?;
            tx.put_conflict(&conflict)
        });
        assert_eq!(read(store, |view| view.registration(device)), Some(registration));
        assert_eq!(read(store, |view| view.conflict(device)), Some(conflict));
    }
}

pub(super) fn compliance_elsewhere_is_kept_by_account(store: &dyn Store) {
    let (place, id) = write(store, add_device);
    let other = write(store, |tx| add_account(tx, "Other"));
    let since = || {
        [place.0, other].map(|account| {
            read(store, |view| view.out_of_compliance_elsewhere(id, account)).map(UnixTime::as_secs)
        })
    };
    let put = |account, since: Option<u64>| {
        write(store, |tx| tx.put_out_of_compliance_elsewhere(id, account, since.map(time)));
    };
    put(place.0, Some(1));
    put(other, Some(2));
    put(other, Some(3));
    assert_eq!(since(), [Some(1), Some(3)]);
    put(place.0, None);
    assert_eq!(since(), [None, Some(3)]);
}

pub(super) fn what_is_registered_is_found_whatever_its_uuid(store: &dyn Store) {
    let place = write(store, |tx| add_place(tx, "Example"));
    let row = |n, uuid, state, product_id: &str| DeviceRow {
        product_id: product_id.into(),
        serial_number: "SN".into(),
        uuid,
        state,
        ..device_row(place, n)
    };
    let registered = DeviceState::Registered;
    let ids = write(store, |tx| {
        let first = tx.add_device(&row(1, Some([9; 16]), registered, "LH-CC"))?;
        let second = tx.add_device(&row(2, None, registered, "LH-CC"))?;
        tx.add_device(&row(3, Some([8; 16]), DeviceState::Removed, "LH-CC"))?;
        tx.add_device(&row(4, None, registered, "LH-IG"))?;
        Ok([first, second])
    });
    let found = |product_id, serial_number| -> Vec<DeviceId> {
        let rows = read(store, |view| view.registered_as(product_id, serial_number));
        rows.iter().map(|row| row.id).collect()
    };
    assert_eq!(found("LH-CC", "SN"), ids);
    assert_eq!(found("LH-CC", "S"), []);
}
