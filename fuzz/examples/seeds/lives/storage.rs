//! Storage that fails, decays, is cut, or is put back.

use super::{
    COUNTER, Life, PLAIN, acquire, deed, install, life, reboot, register, registered, requested,
    reserved, run, works,
};
use leasehold_core::agent::RegistrationState::{
    Registered, ReservationInProgress, Reserved, Unregistered,
};
use leasehold_fuzz::step::{Deed, LastWrite, Step, Unasked, Unit};

pub fn all() -> Vec<Life> {
    let restore = || vec![Step::Restore { identity: true, ledger: true }];
    let backup = || vec![Step::Backup];
    let cut = |writes, last| vec![Step::Cut { writes, last }];
    vec![
        life(
            "rolled-back",
            COUNTER,
            Unregistered,
            [reserved(), backup(), deed(Deed::Return), restore()],
        ),
        life(
            "rolled-back-unseen",
            PLAIN,
            Reserved,
            [reserved(), backup(), deed(Deed::Return), restore()],
        ),
        life(
            "update-rolled-back",
            COUNTER,
            Unregistered,
            [reserved(), backup(), install(9), restore()],
        ),
        life(
            "registration-rolled-back",
            PLAIN,
            Registered,
            [
                registered(),
                backup(),
                run(Unit::Day, 9),
                vec![Step::Restore { identity: false, ledger: true }],
                run(Unit::Day, 1),
                vec![Step::Restore { identity: true, ledger: false }],
            ],
        ),
        life(
            "cut-while-returning",
            COUNTER,
            ReservationInProgress,
            [
                reserved(),
                cut(0, LastWrite::Lost),
                deed(Deed::Return),
                cut(1, LastWrite::Torn(99)),
                deed(Deed::Return),
                cut(0, LastWrite::Done),
                deed(Deed::Request { universal: true }),
                run(Unit::Day, 1),
                deed(Deed::Request { universal: true }),
            ],
        ),
        life("cut-while-registering", PLAIN, Registered, {
            let tried = |writes, last| [cut(writes, last), register(), run(Unit::Hour, 1)].concat();
            [
                tried(0, LastWrite::Torn(9)),
                tried(1, LastWrite::Done),
                tried(2, LastWrite::Torn(50)),
                tried(3, LastWrite::Lost),
                registered(),
            ]
        }),
        life(
            "stored-late",
            COUNTER,
            Unregistered,
            [
                works(true, true, true, true),
                register(),
                acquire(2),
                run(Unit::Hour, 1),
                deed(Deed::FactoryReset),
                run(Unit::Hour, 1),
                requested(),
                vec![Step::Wake, Step::Wake],
                install(5),
                vec![Step::Wake, Step::Wake],
                deed(Deed::Return),
                run(Unit::Hour, 1),
            ],
        ),
        life(
            "storage-fails",
            PLAIN,
            Registered,
            [
                works(false, true, true, false),
                register(),
                run(Unit::Minute, 3),
                works(true, false, true, false),
                run(Unit::Minute, 3),
                works(true, true, true, false),
                registered(),
                works(true, false, true, false),
                run(Unit::Day, 1),
            ],
        ),
        life(
            "counter-fails",
            COUNTER,
            Unregistered,
            [
                works(true, true, false, false),
                requested(),
                run(Unit::Minute, 2),
                works(true, true, true, false),
                run(Unit::Minute, 2),
                install(5),
                vec![Step::Unasked(Unasked::CounterRaised { by: 1 })],
                run(Unit::Minute, 2),
                works(true, true, false, false),
                deed(Deed::Return),
                run(Unit::Minute, 2),
            ],
        ),
        life("decayed", PLAIN, Unregistered, {
            let decay = |slot, bits| vec![Step::Decay { slot, place: 30, bits }];
            [
                registered(),
                decay(0, 1),
                run(Unit::Day, 1),
                decay(1, 1),
                decay(2, 0),
                decay(3, 7),
                decay(0, 0),
                decay(1, 3),
            ]
        }),
        life(
            "stopped-in-order",
            PLAIN,
            Registered,
            [
                registered(),
                vec![Step::Stopping],
                reboot(1),
                vec![Step::Stopping, Step::LinkChanged],
                run(Unit::Day, 1),
            ],
        ),
    ]
}
