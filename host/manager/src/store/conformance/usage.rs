//! What devices use.

use super::*;

pub(super) fn machines_are_written_whole_and_forgotten_one_by_one(store: &dyn Store) {
    let (place, id) = write(store, add_device);
    let other = write(store, |tx| tx.add_device(&device_row(place, 2)));
    let machine = |device, epoch, peaks: &[(&str, u32)]| MachineRow {
        device,
        epoch,
        reported: time(u64::from(epoch)),
        peaks: peaks.iter().map(|&(tag, peak)| (tag.into(), peak)).collect(),
    };
    let rows = [
        machine(id, 0, &[("A", 1), ("B", 2)]),
        machine(id, 7, &[]),
        machine(id, u32::MAX, &[("B", 9)]),
    ];
    write(store, |tx| {
        tx.put_machine(&machine(id, 0, &[("A", 5), ("C", 5)]))?;
        tx.put_machine(&machine(other, 7, &[("A", 5)]))?;
        rows.iter().rev().try_for_each(|row| tx.put_machine(row))
    });
    assert_eq!(read(store, |view| view.machines(id)), rows);
    write(store, |tx| {
        tx.remove_machine(id, 0)?;
        tx.remove_machine(id, 8)
    });
    assert_eq!(read(store, |view| view.machines(id)), rows[1..]);
    assert_eq!(read(store, |view| view.machines(other)), [machine(other, 7, &[("A", 5)])]);
}

pub(super) fn use_is_written_by_tag(store: &dyn Store) {
    let (place, id) = write(store, add_device);
    let other = write(store, |tx| tx.add_device(&device_row(place, 2)));
    let row = |device, tag: &str, peak| UsageRow {
        device,
        tag: tag.into(),
        peak,
        highest: peak + 1,
        recorded: time(u64::from(peak)),
    };
    write(store, |tx| {
        tx.put_usage(&row(id, "B", 1))?;
        tx.put_usage(&row(id, "A", 2))?;
        tx.put_usage(&row(other, "A", 3))?;
        tx.put_usage(&row(id, "B", 4))
    });
    assert_eq!(read(store, |view| view.usage(id)), [row(id, "A", 2), row(id, "B", 4)]);
    assert_eq!(read(store, |view| view.usage(other)), [row(other, "A", 3)]);
    assert_eq!(read(store, |view| view.usage(DeviceId(99))), []);
}

pub(super) fn history_is_paged_by_device_and_pruned_from_its_beginning(store: &dyn Store) {
    let (place, id) = write(store, add_device);
    let other = write(store, |tx| tx.add_device(&device_row(place, 2)));
    let row = |device, reported| HistoryRow {
        id: 0,
        device,
        tag: "T".into(),
        reported: time(reported),
        peak: 3,
        covers_seconds: 28_800,
    };
    write(store, |tx| {
        for reported in 1..=4 {
            tx.add_history(&row(id, reported))?;
            tx.add_history(&row(other, reported))?;
        }
        Ok(())
    });
    let rows = |page| read(store, |view| view.usage_history(id, page));
    let times =
        |page| -> Vec<u64> { rows(page).into_iter().map(|row| row.reported.as_secs()).collect() };
    let all = rows(ALL);
    assert!(all.is_sorted_by_key(|row| row.id), "{all:?}");
    assert_eq!(all[0], HistoryRow { id: all[0].id, ..row(id, 1) });
    assert_eq!(times(ALL), [1, 2, 3, 4]);
    assert_eq!(times(Page { after: all[0].id, limit: 2 }), [2, 3]);
    let prune = |before, limit| write(store, |tx| tx.prune_history(time(before), limit));
    assert_eq!((prune(1, 100), times(ALL)), (0, vec![1, 2, 3, 4]));
    assert_eq!((prune(3, 3), times(ALL)), (3, vec![3, 4]), "of both devices, the oldest first");
    assert_eq!((prune(3, 100), prune(9, 100), times(ALL)), (1, 4, vec![]));
    write(store, |tx| tx.add_history(&row(id, 9)));
    assert!(rows(ALL)[0].id > all[3].id, "a cursor stays good");
}
