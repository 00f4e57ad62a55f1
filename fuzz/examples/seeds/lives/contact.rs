//! Registering, renewing and leaving, and what can go wrong on the way.

use super::{
    Life, PLAIN, answer, deed, life, link, reboot, register, registered, reported, run, twisted,
};
use leasehold_core::agent::RegistrationState::{Failed, Registered, Retrying, Unregistered};
use leasehold_fuzz::step::{AnswerTwist, Deed, Link, Odd, Saying, Step, Unasked, Unit};

pub fn all() -> Vec<Life> {
    let refusals = |from: u8, deed_again: Deed| -> Vec<Step> {
        let each = |which| {
            [deed(deed_again.clone()), answer(Saying::Refused(which)), run(Unit::Shift, 1)].concat()
        };
        (from..13).flat_map(each).collect()
    };
    let keep_asking =
        |says: Saying| [link(Link::Silent), register(), answer(says), run(Unit::Day, 1)].concat();
    let odd = |odd| Saying::Registered { days: 365, policy: None, odd };
    let everything = vec![Step::TransportFailed(3), Step::LinkChanged, Step::Wake];
    vec![
        life("registered", PLAIN, Registered, [registered(), run(Unit::Day, 40)]),
        life(
            "registered-again",
            PLAIN,
            Registered,
            [
                registered(),
                register(),
                deed(Deed::Register { force: true }),
                run(Unit::Day, 1),
                deed(Deed::RenewCertificate),
                deed(Deed::SelectLicenseType(1)),
            ],
        ),
        life(
            "deregistered",
            PLAIN,
            Unregistered,
            [
                deed(Deed::Deregister),
                registered(),
                deed(Deed::Deregister),
                run(Unit::Day, 1),
                deed(Deed::FactoryReset),
            ],
        ),
        life(
            "reset",
            PLAIN,
            Unregistered,
            [deed(Deed::SelectLicenseType(1)), register(), deed(Deed::FactoryReset)],
        ),
        life(
            "deregistered-unanswered",
            PLAIN,
            Unregistered,
            [registered(), link(Link::Down), deed(Deed::Deregister)],
        ),
        life(
            "deregistered-later",
            PLAIN,
            Unregistered,
            [
                registered(),
                link(Link::Silent),
                deed(Deed::Deregister),
                answer(Saying::RetryLater(9)),
            ],
        ),
        life(
            "deregistered-refused",
            PLAIN,
            Unregistered,
            [registered(), link(Link::Silent), deed(Deed::Deregister), answer(Saying::Refused(7))],
        ),
        life(
            "deregistered-while-registering",
            PLAIN,
            Unregistered,
            [link(Link::Silent), register(), register(), deed(Deed::Deregister)],
        ),
        life(
            "no-way",
            PLAIN,
            Retrying,
            [
                link(Link::Down),
                register(),
                run(Unit::Hour, 2),
                everything,
                reboot(1),
                run(Unit::Hour, 1),
            ],
        ),
        life(
            "refused",
            PLAIN,
            Failed,
            [link(Link::Silent), refusals(0, Deed::Register { force: false }), reboot(1)],
        ),
        life(
            "removed",
            PLAIN,
            Unregistered,
            [
                registered(),
                link(Link::Silent),
                refusals(8, Deed::RenewCertificate),
                refusals(10, Deed::RenewAuthorization),
                deed(Deed::RenewAuthorization),
                answer(Saying::Refused(7)),
            ],
        ),
        life("postponed", PLAIN, Retrying, [keep_asking(Saying::RetryLater(100))]),
        life(
            "report-postponed",
            PLAIN,
            Registered,
            [registered(), reported(Saying::RetryLater(9)), run(Unit::Day, 1)],
        ),
        life("conflict-of-numbers", PLAIN, Registered, {
            let conflict = || answer(Saying::Conflict);
            [registered(), reported(Saying::Conflict), conflict(), conflict(), run(Unit::Day, 2)]
        }),
        life(
            "conflict-while-registering",
            PLAIN,
            Registered,
            [
                link(Link::Silent),
                register(),
                answer(Saying::Conflict),
                link(Link::Up),
                run(Unit::Day, 1),
            ],
        ),
        life("for-another-key", PLAIN, Retrying, [keep_asking(odd(Odd::Key))]),
        life("long-names", PLAIN, Retrying, [keep_asking(odd(Odd::Names))]),
        life("not-what-was-asked", PLAIN, Retrying, [keep_asking(Saying::Deregistered)]),
        life("forged", PLAIN, Registered, {
            let twists = [
                AnswerTwist::Device,
                AnswerTwist::Request,
                AnswerTwist::Old,
                AnswerTwist::Stranger,
                AnswerTwist::Usurper,
                AnswerTwist::Cut(40),
                AnswerTwist::Flip(90, 1),
                AnswerTwist::Again,
                AnswerTwist::Altered(46, 0x55),
                AnswerTwist::Time(i32::MIN),
                AnswerTwist::Epoch,
            ];
            let each = |twist| [deed(Deed::RenewAuthorization), twisted(twist)].concat();
            [registered(), link(Link::Silent), twists.into_iter().flat_map(each).collect()]
        }),
        life("renewed-oddly", PLAIN, Registered, {
            let renewed = |odd| {
                let says = Saying::Renewed { days: 365, odd };
                [deed(Deed::RenewCertificate), answer(says)].concat()
            };
            [
                registered(),
                link(Link::Silent),
                renewed(Odd::Key),
                renewed(Odd::Nothing),
                deed(Deed::RenewCertificate),
                vec![Step::TransportFailed(0)],
            ]
        }),
        life(
            "overtaken",
            PLAIN,
            Registered,
            [
                registered(),
                link(Link::Down),
                deed(Deed::Register { force: true }),
                link(Link::Up),
                deed(Deed::RenewAuthorization),
                run(Unit::Hour, 1),
            ],
        ),
        life(
            "keys-gone",
            PLAIN,
            Unregistered,
            [
                vec![Step::Keys(false)],
                register(),
                vec![Step::Keys(true)],
                registered(),
                vec![Step::Keys(false)],
                deed(Deed::RenewAuthorization),
                run(Unit::Day, 1),
                deed(Deed::Deregister),
            ],
        ),
        life(
            "strange-inputs",
            PLAIN,
            Registered,
            [
                vec![
                    Step::Receive(b"LH".to_vec()),
                    Step::Command(Deed::RegisterText(b"LHT-1234".to_vec())),
                    Step::Unasked(Unasked::Entropy(1)),
                    Step::Unasked(Unasked::Persisted { ledger: true }),
                    Step::Unasked(Unasked::PersistFailed { ledger: false }),
                    Step::Unasked(Unasked::CounterRaised { by: 0 }),
                    Step::Unasked(Unasked::CounterFailed),
                ],
                registered(),
            ],
        ),
    ]
}
