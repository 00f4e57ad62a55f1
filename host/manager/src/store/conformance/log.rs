//! The event log.

use super::*;

pub(super) fn events_are_listed_from_either_end_and_by_subject(store: &dyn Store) {
    assert_eq!(read(store, |view| view.last_event()), None);
    let (place, device) = write(store, add_device);
    let (account, virtual_account) = (Some(place.0), Some(place.1));
    let rows = [
        event_row(1),
        EventRow { account, ..event_row(2) },
        EventRow { account, virtual_account, ..event_row(3) },
        EventRow { account, virtual_account, device: Some(device), ..event_row(4) },
        EventRow { device: Some(device), ..event_row(5) },
    ];
    write(store, |tx| rows.iter().try_for_each(|row| tx.add_event(row)));
    assert_eq!(read(store, |view| view.events_in_order(ALL)), rows);
    let page = Page { after: 2, limit: 2 };
    assert_eq!(read(store, |view| view.events_in_order(page)), rows[2..4]);
    assert_eq!(read(store, |view| view.last_event()), Some((5, [5; 32])));
    let numbers = |filter: &Filter, page| -> Vec<i64> {
        read(store, |view| view.events(filter, page)).iter().map(|row| row.number).collect()
    };
    assert_eq!(numbers(&everything(), ALL), [5, 4, 3, 2, 1]);
    assert_eq!(numbers(&everything(), Page { after: 4, limit: 2 }), [3, 2]);
    let of_account = Filter { account, ..Filter::default() };
    assert_eq!(numbers(&of_account, ALL), [4, 3, 2]);
    let of_place = Filter { virtual_account, ..of_account };
    assert_eq!(numbers(&of_place, Page { after: 0, limit: 1 }), [4]);
    let of_device = Filter { device: Some(device), ..of_place };
    assert_eq!(numbers(&of_device, ALL), [5, 4], "whatever account it was in");
    assert!(store.begin().unwrap().add_event(&event_row(5)).is_err(), "the number is taken");
}
