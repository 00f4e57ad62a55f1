//! The other end of the link: a manager with one account, one pool and no memory but what the rules
//! ask for. It says what it was asked and what it answered, so that the model need not guess.

use crate::keyed_hash::KeyedHash;
use leasehold_core::crypto::{Crypto, KeyHandle, PublicKey};
use leasehold_core::identity::{IdCertificate, InstanceId};
use leasehold_core::policy::Policy;
use leasehold_core::time::UnixTime;
use leasehold_core::token::Token;
use leasehold_core::wire::{
    Answer, AnswerBody, AnswerNumber, Authorization, EntitlementAnswer, FRAME_MAX, Refusal,
    Registered, RequestBody, RequestFrame, SigningCertificate, Verdict, encode_answer,
};

pub(crate) const GOOD: Token = Token([5; 20]);
pub(crate) const REFUSED: Token = Token([6; 20]);
pub(crate) const ROOT: KeyHandle = KeyHandle([9; 32]);
const SIGNING: KeyHandle = KeyHandle([8; 32]);
/// The manager's clock when the world begins.
pub(crate) const EPOCH: u64 = 1_800_000_000;

/// What a request was.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Asked {
    Register,
    Report { peak: u32 },
    Renew,
    Deregister,
}

/// What was answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Said {
    /// Nothing: the request did not arrive.
    Nothing,
    Registered,
    /// The registration is refused.
    Refused,
    /// There is no such instance.
    Gone,
    Covered,
    /// Out of compliance since then.
    NotCovered {
        since: u64,
    },
    Renewed,
    Deregistered,
}

#[derive(Clone, Copy)]
pub(crate) struct Manager {
    certificate: SigningCertificate,
    policy: Policy,
    answers: u64,
    instances: u8,
    instance: Option<Instance>,
    /// What the account owns.
    pub(crate) owned: u32,
    /// Since when the device has been out of compliance; kept per UDI (SPEC X6).
    out_since: Option<u64>,
}

#[derive(Clone, Copy)]
struct Instance {
    key: PublicKey,
    id: InstanceId,
    certificate_until: u64,
}

impl Manager {
    pub(crate) fn new(policy: Policy) -> Self {
        let until = UnixTime::from_secs(EPOCH * 2);
        let public = KeyedHash.public_key(&SIGNING).unwrap();
        let from = UnixTime::from_secs(EPOCH - 1);
        let certificate =
            SigningCertificate::issue(&KeyedHash, &ROOT, public, 1, from, until).unwrap();
        Self {
            certificate,
            policy,
            answers: 0,
            instances: 0,
            instance: None,
            owned: 1,
            out_since: None,
        }
    }

    /// The administrator removes the instance.
    pub(crate) fn remove(&mut self) {
        self.instance = None;
    }

    /// What a request asks, for a link that does not carry it.
    pub(crate) fn read(frame: &[u8]) -> Asked {
        asked(&RequestFrame::parse(&KeyedHash, frame).unwrap())
    }

    /// Answers at `now`, in seconds since the world began.
    pub(crate) fn answer(
        &mut self,
        frame: &[u8],
        now: u64,
        buffer: &mut [u8; FRAME_MAX],
    ) -> (Asked, Said, usize) {
        let frame = RequestFrame::parse(&KeyedHash, frame).unwrap();
        let (said, body) = self.decide(&frame, now);
        self.answers += 1;
        let answer = Answer {
            device: frame.request.udi.fingerprint(&KeyedHash),
            request: frame.digest,
            time: UnixTime::from_secs(EPOCH + now),
            number: AnswerNumber { epoch: 1, sequence: self.answers },
            body,
        };
        let length =
            encode_answer(&KeyedHash, &SIGNING, &self.certificate, &answer, buffer).unwrap();
        (asked(&frame), said, length)
    }

    fn decide(&mut self, frame: &RequestFrame<'_>, now: u64) -> (Said, AnswerBody<'static>) {
        // A certificate not renewed is revoked at its end (SPEC L4).
        self.instance = self.instance.filter(|instance| instance.certificate_until > now);
        if let RequestBody::Register(register) = &frame.request.body {
            let key = frame.proven_registration_key(&KeyedHash).expect("possession proved");
            if register.token != GOOD.prove(&KeyedHash, &register.public_key) {
                return (Said::Refused, AnswerBody::Refused(Refusal::TokenRevoked));
            }
            // SPEC R5, X12
            if self.instance.is_some() && !register.force {
                return (Said::Refused, AnswerBody::Refused(Refusal::AlreadyRegistered));
            }
            self.instances += 1;
            let id = InstanceId([self.instances; 16]);
            return (Said::Registered, self.registered(key, id, now));
        }
        let Some(instance) = self.instance.filter(|i| Some(i.id) == frame.request.instance) else {
            return (Said::Gone, AnswerBody::Refused(Refusal::InstanceUnknown));
        };
        assert!(frame.is_signed_by(&KeyedHash, &instance.key), "signed by the certified key");
        match asked(frame) {
            Asked::Report { peak } => self.authorize(peak, peaks(frame).count(), now),
            Asked::Renew => match self.registered(instance.key, instance.id, now) {
                AnswerBody::Registered(registered) => {
                    (Said::Renewed, AnswerBody::Renewed(registered.certificate))
                }
                other => panic!("{other:?}"),
            },
            Asked::Deregister | Asked::Register => {
                self.instance = None;
                (Said::Deregistered, AnswerBody::Deregistered)
            }
        }
    }

    fn registered(&mut self, key: PublicKey, id: InstanceId, now: u64) -> AnswerBody<'static> {
        let from = UnixTime::from_secs(EPOCH + now).saturating_sub(self.policy.backdate);
        let until = from.saturating_add(self.policy.certificate_period);
        let certificate_until = until.as_secs() - EPOCH;
        self.instance = Some(Instance { key, id, certificate_until });
        AnswerBody::Registered(Registered {
            certificate: IdCertificate {
                instance: id,
                serial: 1,
                public_key: key,
                valid_from: from,
                valid_until: until,
            },
            smart_account: "Example",
            virtual_account: "Default",
            export_controlled_allowed: false,
            policy: None,
        })
    }

    /// Answers a report of so many entitlements, of which the account owns as many of each.
    fn authorize(
        &mut self,
        peak: u32,
        entitlements: usize,
        now: u64,
    ) -> (Said, AnswerBody<'static>) {
        let covered = peak <= self.owned;
        self.out_since = (!covered).then(|| self.out_since.unwrap_or(now));
        let verdict = if covered { Verdict::InCompliance } else { Verdict::OutOfCompliance };
        let answer = EntitlementAnswer { verdict, owned: self.owned };
        let said = match self.out_since {
            None => Said::Covered,
            Some(since) => Said::NotCovered { since },
        };
        let body = AnswerBody::Authorization(Authorization {
            entitlements: core::iter::repeat_n(answer, entitlements).collect(),
            out_of_compliance_since: self.out_since.map(|at| UnixTime::from_secs(EPOCH + at)),
            policy: None,
            duplicate: false,
        });
        (said, body)
    }
}

/// What is reported, in the order of the entitlements.
pub(crate) fn peaks(frame: &RequestFrame<'_>) -> impl Iterator<Item = u32> {
    let usage = match &frame.request.body {
        RequestBody::Report(report) => report.usage.as_slice(),
        _ => &[],
    };
    usage.iter().map(|usage| usage.peak)
}

fn asked(frame: &RequestFrame<'_>) -> Asked {
    match &frame.request.body {
        RequestBody::Register(_) => Asked::Register,
        RequestBody::Report(_) => Asked::Report { peak: peaks(frame).next().unwrap() },
        RequestBody::RenewCertificate => Asked::Renew,
        RequestBody::Deregister => Asked::Deregister,
        other => panic!("{other:?}"),
    }
}
