//! Answers that are believed and answer something else than what was asked.

use crate::bench::{Bench, DAY, EPOCH};
use leasehold_core::agent::{Command, FailureReason, RegistrationState};
use leasehold_core::crypto::{Crypto, KeyHandle, PublicKey, SoftwareCrypto};
use leasehold_core::identity::{IdCertificate, InstanceId};
use leasehold_core::time::UnixTime;
use leasehold_core::wire::{AnswerBody, Authorization, EntitlementAnswer, Registered, Verdict};

fn key() -> PublicKey {
    SoftwareCrypto.public_key(&KeyHandle([3; 32])).unwrap()
}

fn certificate() -> IdCertificate {
    IdCertificate {
        instance: InstanceId([7; 16]),
        serial: 2,
        public_key: key(),
        valid_from: UnixTime::from_secs(EPOCH),
        valid_until: UnixTime::from_secs(EPOCH + 10 * DAY),
    }
}

fn registered() -> AnswerBody<'static> {
    AnswerBody::Registered(Registered {
        certificate: certificate(),
        smart_account: "Other",
        virtual_account: "Other",
        export_controlled_allowed: false,
        policy: None,
    })
}

/// The answer to a report of so many entitlements; a device under flex reports three.
fn authorization(entitlements: usize) -> AnswerBody<'static> {
    let covered = EntitlementAnswer { verdict: Verdict::InCompliance, owned: 5 };
    AnswerBody::Authorization(Authorization {
        entitlements: core::iter::repeat_n(covered, entitlements).collect(),
        out_of_compliance_since: None,
        policy: None,
        duplicate: false,
    })
}

const REASON: FailureReason = FailureReason::UnexpectedAnswer;

#[test]
fn t4_an_answer_to_something_else_is_a_failure_that_is_named_and_changes_nothing() {
    let renewed = || AnswerBody::Renewed(certificate());
    let cases: [(Command<'static>, [AnswerBody<'static>; 4]); 2] = [
        (
            Command::RenewAuthorization,
            // An authorization for other entitlements than were reported is none.
            [registered(), renewed(), AnswerBody::Deregistered, authorization(2)],
        ),
        (
            Command::RenewCertificate,
            // A certificate for another key is none.
            [registered(), renewed(), AnswerBody::Deregistered, authorization(3)],
        ),
    ];
    for (command, answers) in cases {
        for answer in answers {
            let mut bench = Bench::registered(1, 0);
            let before = bench.agent.status().enrolment.cloned().unwrap();
            bench.manager.say = Some(answer.clone());
            bench.command(command).unwrap();
            let status = bench.agent.status();
            assert!(!status.in_contact, "{answer:?} leaves nothing under way");
            let failure = status.last_contact.unwrap().unwrap_err();
            assert_eq!(failure.reason, REASON, "{answer:?}");
            let after = status.enrolment.unwrap();
            assert_eq!(after.certificate_serial, before.certificate_serial);
            assert_eq!(after.smart_account, before.smart_account);
        }
    }
}

#[test]
fn t4_a_registration_answered_with_something_else_is_tried_again() {
    let renewed = AnswerBody::Renewed(certificate());
    for answer in [registered(), renewed, AnswerBody::Deregistered, authorization(3)] {
        let mut bench = Bench::new();
        bench.manager.say = Some(answer.clone());
        bench.register(false).unwrap();
        let status = bench.agent.status();
        assert_eq!(status.registration, RegistrationState::Retrying, "{answer:?}");
        assert_eq!(status.attempt.unwrap().failure.unwrap().reason, REASON, "{answer:?}");
    }
}
