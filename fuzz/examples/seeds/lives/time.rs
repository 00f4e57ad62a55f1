//! Evaluation, certificates, and clocks.

use super::{
    Life, PLAIN, acquire, answer, deed, life, link, reboot, register, registered, run, twisted,
};
use leasehold_core::agent::RegistrationState::{Expired, Registered, Unregistered};
use leasehold_fuzz::step::{AnswerTwist, Deed, Link, Odd, Saying, Step, Unit};

pub fn all() -> Vec<Life> {
    let clock = |days: i32| vec![Step::Clock { unit: Unit::Day, times: days }];
    let short_certificate = |days| {
        let says = Saying::Registered { days, policy: None, odd: Odd::Nothing };
        [link(Link::Silent), register(), answer(says), acquire(1)].concat()
    };
    vec![
        life("evaluation", PLAIN, Unregistered, {
            let day = || run(Unit::Day, 4);
            let months = || run(Unit::Month, 1);
            [acquire(1), months(), months(), months(), day(), day(), day(), run(Unit::Day, 20)]
        }),
        life("evaluation-expired", PLAIN, Registered, {
            let months = || run(Unit::Month, 1);
            [
                acquire(1),
                months(),
                months(),
                months(),
                months(),
                months(),
                months(),
                link(Link::Silent),
                register(),
                answer(Saying::Registered { days: 365, policy: None, odd: Odd::Nothing }),
                reboot(1),
                acquire(1),
                run(Unit::Hour, 4),
            ]
        }),
        life(
            "authorization-expired",
            PLAIN,
            Registered,
            [
                registered(),
                link(Link::Down),
                reboot(70),
                run(Unit::Day, 5),
                reboot(10),
                run(Unit::Day, 5),
                reboot(60),
                run(Unit::Day, 30),
                run(Unit::Month, 2),
                link(Link::Up),
                deed(Deed::RenewAuthorization),
            ],
        ),
        life(
            "certificate-ended",
            PLAIN,
            Expired,
            [short_certificate(20), reboot(9), reboot(9), reboot(3), run(Unit::Hour, 2)],
        ),
        life(
            "clock-ahead",
            PLAIN,
            Expired,
            [registered(), link(Link::Down), clock(400), run(Unit::Minute, 50), run(Unit::Hour, 1)],
        ),
        life(
            "clock-put-right",
            PLAIN,
            Registered,
            [registered(), link(Link::Down), clock(400), run(Unit::Minute, 50), clock(-400)],
        ),
        life(
            "clock-settled",
            PLAIN,
            Registered,
            [registered(), clock(4_000), run(Unit::Day, 1), reboot(2), clock(-4_000), reboot(2)],
        ),
        life(
            "clock-dead",
            PLAIN,
            Registered,
            [
                registered(),
                link(Link::Down),
                clock(-9_000),
                run(Unit::Hour, 2),
                reboot(1),
                vec![Step::HasClock(false)],
                reboot(1),
                link(Link::Up),
                run(Unit::Day, 1),
            ],
        ),
        life(
            "clock-beyond",
            PLAIN,
            Registered,
            [registered(), clock(30_000), run(Unit::Day, 1), reboot(1), clock(-60_000)],
        ),
        life(
            "clock-took-back",
            PLAIN,
            Registered,
            [
                registered(),
                clock(30),
                link(Link::Down),
                deed(Deed::Register { force: true }),
                reboot(40),
                acquire(1),
                deed(Deed::Register { force: true }),
                vec![Step::HasClock(true)],
                clock(-60),
                reboot(1),
                link(Link::Up),
                run(Unit::Hour, 1),
                deed(Deed::RenewAuthorization),
            ],
        ),
        life(
            "registered-in-the-future",
            PLAIN,
            Registered,
            [
                clock(100),
                link(Link::Silent),
                register(),
                reboot(90),
                run(Unit::Minute, 1),
                twisted(AnswerTwist::Nothing),
                deed(Deed::RenewAuthorization),
                twisted(AnswerTwist::Time(-80 * 86_400)),
            ],
        ),
    ]
}
