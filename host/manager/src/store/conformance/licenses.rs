//! Licence lines and what they add up to.

use super::*;

pub(super) fn lines_are_found_ended_and_listed(store: &dyn Store) {
    let (first, second) =
        write(store, |tx| Ok((add_place(tx, "First")?, add_place(tx, "Second")?)));
    let rows = [
        line_row(first, "B"),
        line_row(second, "A"),
        LineRow { end: Some(time(900)), ..line_row(first, "A") },
    ];
    let mut rows = rows.map(|row| {
        let id = write(store, |tx| tx.add_line(&row));
        LineRow { id, ..row }
    });
    let list = |filter: &Filter, page| read(store, |view| view.lines(filter, page));
    assert_eq!(list(&everything(), ALL), rows);
    let place = Filter { virtual_account: Some(first.1), ..Filter::default() };
    assert_eq!(list(&place, ALL), [rows[0].clone(), rows[2].clone()]);
    let account = Filter { account: Some(second.0), ..Filter::default() };
    assert_eq!(list(&account, ALL), rows[1..2]);
    assert_eq!(list(&everything(), Page { after: rows[0].id.0, limit: 1 }), rows[1..2]);
    write(store, |tx| tx.set_line_end(rows[0].id, time(400)));
    rows[0].end = Some(time(400));
    assert_eq!(read(store, |view| view.line(rows[0].id)).as_ref(), Some(&rows[0]));
    assert_eq!(read(store, |view| view.line(LineId(99))), None);
}

pub(super) fn the_total_of_lines_is_that_of_the_moment(store: &dyn Store) {
    let place = write(store, |tx| add_place(tx, "Example"));
    let other = write(store, |tx| add_place(tx, "Other"));
    let line = |quantity, start, end: Option<u64>| LineRow {
        quantity,
        start: time(start),
        end: end.map(time),
        ..line_row(place, "T")
    };
    write(store, |tx| {
        tx.add_line(&line(1, 0, None))?;
        tx.add_line(&line(10, 100, Some(200)))?;
        tx.add_line(&line(100, 150, Some(300)))?;
        // Ended before it began: it never counts.
        tx.add_line(&line(1_000, 120, Some(110)))?;
        tx.add_line(&LineRow { quantity: 7, ..line_row(place, "U") })?;
        tx.add_line(&LineRow { quantity: 7, ..line_row(other, "T") })
    });
    let total = |now| {
        let total = read(store, |view| view.line_total(place.1, "T", time(now)));
        (total.owned, total.changes.map(UnixTime::as_secs))
    };
    let expected = [
        (0, (1, Some(100))),
        (99, (1, Some(100))),
        (100, (11, Some(150))),
        (150, (111, Some(200))),
        (199, (111, Some(200))),
        (200, (101, Some(300))),
        (300, (1, None)),
    ];
    for (now, found) in expected {
        assert_eq!(total(now), found, "at {now}");
    }
    let none = read(store, |view| view.line_total(place.1, "V", time(0)));
    assert_eq!(none, LineTotal::default());
}

pub(super) fn terms_are_put_together_from_now_on(store: &dyn Store) {
    let place = write(store, |tx| add_place(tx, "Example"));
    let other = write(store, |tx| add_place(tx, "Other"));
    let line = |quantity, start, end: Option<u64>| LineRow {
        quantity,
        start: time(start),
        end: end.map(time),
        ..line_row(place, "T")
    };
    write(store, |tx| {
        tx.add_line(&line(1, 0, None))?;
        tx.add_line(&line(2, 90, None))?;
        tx.add_line(&line(4, 0, Some(200)))?;
        tx.add_line(&line(8, 50, Some(200)))?;
        tx.add_line(&line(16, 150, Some(300)))?;
        tx.add_line(&line(32, 150, None))?;
        // Ended, and ended before it began.
        tx.add_line(&line(64, 0, Some(100)))?;
        tx.add_line(&line(128, 120, Some(110)))?;
        tx.add_line(&LineRow { quantity: 7, ..line_row(place, "U") })?;
        tx.add_line(&LineRow { quantity: 7, ..line_row(other, "T") })
    });
    let term = |start, end: Option<u64>, quantity| TermTotal {
        start: time(start),
        end: end.map(time),
        quantity,
    };
    let terms = |now| read(store, |view| view.line_terms(place.1, "T", time(now)));
    let later = [term(150, Some(300), 16), term(150, None, 32)];
    assert_eq!(terms(100), [&[term(100, Some(200), 12), term(100, None, 3)][..], &later].concat());
    assert_eq!(terms(250), [term(250, Some(300), 16), term(250, None, 35)]);
    assert_eq!(read(store, |view| view.line_terms(place.1, "V", time(0))), []);
}

pub(super) fn pools_are_written_by_tag(store: &dyn Store) {
    let (first, second) =
        write(store, |tx| Ok((add_place(tx, "First")?, add_place(tx, "Second")?)));
    let row = |place: (AccountId, VirtualAccountId), tag: &str, owned| PoolRow {
        virtual_account: place.1,
        tag: tag.into(),
        owned,
        reserved: owned + 100,
        changes: Some(time(owned)),
        at_or_above: owned + 1,
    };
    write(store, |tx| {
        tx.put_pool(&row(first, "B", 1))?;
        tx.put_pool(&row(second, "B", 2))?;
        tx.put_pool(&row(first, "A", 3))?;
        tx.put_pool(&PoolRow { changes: None, ..row(first, "B", 4) })
    });
    let pool = |place: (AccountId, VirtualAccountId)| read(store, |view| view.pool(place.1));
    assert_eq!(pool(first), [row(first, "A", 3), PoolRow { changes: None, ..row(first, "B", 4) }]);
    assert_eq!(pool(second), [row(second, "B", 2)]);
}
