//! What reports are answered, and what may be in use.

use super::{
    Life, PLAIN, REFUSES_NOTHING, REFUSES_USE, SMALLEST, acquire, deed, life, link, reboot,
    registered, reported, run, verdicts,
};
use leasehold_core::agent::RegistrationState::{Registered, Unregistered};
use leasehold_fuzz::step::{Deed, Link, PolicyChange, Saying, Step, Unit};

pub fn all() -> Vec<Life> {
    let (short, covered) = (1, 40);
    let limits = |n| {
        [
            deed(Deed::AllowOverage(false)),
            deed(Deed::Limit { feature: 0, limit: Some(n) }),
            deed(Deed::Limit { feature: 1, limit: None }),
            deed(Deed::Limit { feature: 3, limit: None }),
            deed(Deed::Limit { feature: 8, limit: None }),
            acquire(9),
        ]
        .concat()
    };
    let given = |verdict, since| Saying::Authorization {
        verdicts: [verdict; 4],
        count: 9,
        since,
        policy: Some(PolicyChange::OTHER),
        duplicate: true,
    };
    let over = |make, name| {
        life(
            name,
            make,
            Registered,
            [
                registered(),
                reported(verdicts(short)),
                run(Unit::Hour, 1),
                run(Unit::Day, 2),
                link(Link::Down),
                run(Unit::Month, 6),
                reboot(9),
                acquire(1),
                link(Link::Up),
                deed(Deed::RenewAuthorization),
            ],
        )
    };
    vec![
        over(PLAIN, "out-of-compliance"),
        over(REFUSES_USE, "out-of-compliance-no-use"),
        over(REFUSES_NOTHING, "out-of-compliance-advisory"),
        life(
            "bought",
            PLAIN,
            Registered,
            [
                registered(),
                reported(verdicts(short)),
                run(Unit::Minute, 20),
                reboot(0),
                run(Unit::Hour, 1),
                reported(verdicts(short)),
                reported(verdicts(covered)),
                link(Link::Up),
                run(Unit::Day, 1),
            ],
        ),
        life(
            "invalid-tags",
            PLAIN,
            Registered,
            [
                registered(),
                reported(verdicts(2)),
                reported(verdicts(3)),
                reported(verdicts(covered)),
                reported(Saying::Authorization {
                    verdicts: [0; 4],
                    count: 1,
                    since: None,
                    policy: None,
                    duplicate: false,
                }),
            ],
        ),
        life(
            "other-rules",
            PLAIN,
            Registered,
            [
                registered(),
                reported(given(short, Some(86_400))),
                reported(given(short, None)),
                reboot(1),
                reported(given(short, None)),
                reported(given(covered, None)),
                reported(verdicts(covered)),
                run(Unit::Day, 9),
            ],
        ),
        life(
            "limits",
            PLAIN,
            Registered,
            [limits(4), registered(), limits(5), vec![Step::Release { feature: 0, n: 9 }]],
        ),
        life("limits-of-size", SMALLEST, Registered, [acquire(101), registered(), limits(200)]),
        life("limits-of-a-lab", PLAIN, Registered, {
            [deed(Deed::SelectLicenseType(4)), registered(), limits(5)]
        }),
        life(
            "license-types",
            PLAIN,
            Unregistered,
            [
                deed(Deed::SelectLicenseType(2)),
                vec![Step::Acquire { feature: 2, n: 1 }],
                deed(Deed::SelectLicenseType(3)),
                deed(Deed::SelectLicenseType(6)),
                deed(Deed::FactoryReset),
                reboot(1),
            ],
        ),
        life(
            "too-much",
            PLAIN,
            Registered,
            [registered(), vec![Step::AcquireTooMuch { feature: 0 }]],
        ),
        life(
            "nothing-in-use",
            PLAIN,
            Registered,
            [registered(), vec![Step::Release { feature: 0, n: 3 }], acquire(1), run(Unit::Day, 9)],
        ),
        life(
            "many-events",
            PLAIN,
            Unregistered,
            [
                acquire(1),
                vec![Step::Sleep { unit: Unit::Month, times: 200 }],
                (0..12).flat_map(|n| deed(Deed::AllowOverage(n % 2 == 0))).collect(),
            ],
        ),
    ]
}
