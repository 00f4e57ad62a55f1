//! Licences that travel as codes.

use super::{
    COUNTER, Life, PLAIN, UNPINNED, acquire, code, deed, install, life, lines, reboot, register,
    registered, requested, reserved, run,
};
use leasehold_core::agent::RegistrationState::{
    Registered, ReservationInProgress, Reserved, Unregistered,
};
use leasehold_fuzz::step::{CodeTwist, Deed, GivenCode, GivenLine, Step, Unit};

pub fn all() -> Vec<Life> {
    let bad = |twist| vec![Step::Install(code(5, None, twist))];
    let twists = [
        CodeTwist::Device,
        CodeTwist::Number,
        CodeTwist::Anchors,
        CodeTwist::LicenseType,
        CodeTwist::Catalogue,
        CodeTwist::Stranger,
        CodeTwist::Unvouched,
        CodeTwist::Early,
        CodeTwist::Usurper,
        CodeTwist::Typed(20, b'7'),
        CodeTwist::Typed(99, b'-'),
        CodeTwist::Altered(9, 0x40),
        CodeTwist::Altered(20, 0x7f),
        CodeTwist::Altered(0, 1),
    ];
    let give_back = |count| vec![Step::ReturnAuthorization(code(count, None, CodeTwist::Nothing))];
    let term =
        |count, days: u16| vec![Step::Install(code(count, Some(days * 24), CodeTwist::Nothing))];
    let again = |which, give_back| vec![Step::Again { which, give_back }];
    vec![
        life("cancelled", PLAIN, Unregistered, [requested(), deed(Deed::Cancel), reboot(1)]),
        life(
            "updated",
            PLAIN,
            Reserved,
            [reserved(), acquire(1), install(9), acquire(4), again(0, false), reboot(1)],
        ),
        life(
            "declined",
            COUNTER,
            Unregistered,
            [
                reserved(),
                give_back(9),
                again(1, false),
                install(7),
                deed(Deed::Return),
                deed(Deed::Disable),
            ],
        ),
        life(
            "returned-uninstalled",
            COUNTER,
            Unregistered,
            [requested(), give_back(5), again(0, false), again(0, true)],
        ),
        life("universal", PLAIN, Reserved, {
            let universal =
                Step::Install(GivenCode { ahead: 0, lines: [None; 8], twist: CodeTwist::Nothing });
            [
                deed(Deed::Enable),
                deed(Deed::Request { universal: true }),
                vec![universal],
                acquire(200),
                reboot(1),
                bad(CodeTwist::Universal),
            ]
        }),
        life(
            "term",
            COUNTER,
            Reserved,
            [
                requested(),
                term(5, 100),
                acquire(5),
                run(Unit::Day, 30),
                reboot(69),
                run(Unit::Day, 2),
                run(Unit::Month, 4),
                install(5),
            ],
        ),
        life("term-ended", PLAIN, ReservationInProgress, [requested(), term(5, 0)]),
        life(
            "bad-codes",
            PLAIN,
            Reserved,
            [requested(), twists.into_iter().flat_map(bad).collect()],
        ),
        life(
            "bad-codes-unpinned",
            UNPINNED,
            Reserved,
            [requested(), bad(CodeTwist::Pinned), bad(CodeTwist::Unvouched), install(3)],
        ),
        life("pinned", PLAIN, Reserved, [requested(), bad(CodeTwist::Pinned)]),
        life(
            "out-of-turn",
            PLAIN,
            Reserved,
            [
                deed(Deed::Request { universal: false }),
                deed(Deed::Cancel),
                deed(Deed::Return),
                requested(),
                deed(Deed::Return),
                deed(Deed::Disable),
                register(),
                deed(Deed::FactoryReset),
                deed(Deed::Request { universal: true }),
                install(5),
                deed(Deed::Cancel),
                deed(Deed::Deregister),
                deed(Deed::SelectLicenseType(1)),
                vec![Step::InstallText(b"LHA0 nobody made this".to_vec())],
            ],
        ),
        life(
            "not-while-registered",
            PLAIN,
            Registered,
            [registered(), deed(Deed::Enable), deed(Deed::RenewCertificate)],
        ),
        life("not-while-enabled", PLAIN, Unregistered, [deed(Deed::Enable), register()]),
        life("terms-of-all-kinds", COUNTER, Reserved, {
            let line = |place: u8| GivenLine {
                entitlement: place % 7,
                count: 3,
                hours: Some(24 + 20 * u16::from(place)),
            };
            let lines = lines([0, 1, 2, 3, 4, 5, 6, 7].map(line));
            let twist = CodeTwist::Nothing;
            let sleep = Step::Sleep { unit: Unit::Day, times: 60 };
            [
                requested(),
                vec![Step::Install(GivenCode { ahead: 0, lines, twist })],
                acquire(3),
                vec![sleep, Step::Wake],
            ]
        }),
        life("many-updates", COUNTER, Reserved, {
            let ahead = |ahead| {
                let line = GivenLine { entitlement: 1, count: 3, hours: None };
                let lines = lines([line, line]);
                Step::Install(GivenCode { ahead, lines, twist: CodeTwist::Nothing })
            };
            [requested(), vec![ahead(0), ahead(60), ahead(0), ahead(5)]]
        }),
    ]
}
