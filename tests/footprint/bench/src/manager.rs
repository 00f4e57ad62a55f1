//! A manager that answers as it is told to.

use heapless::String;
use leasehold_core::code::{
    AUTHORIZATION_TEXT_MAX, AuthorizationCode, Grant, GrantLine, RequestCode, device_hint,
};
use leasehold_core::crypto::{Crypto, KeyHandle, PublicKey};
use leasehold_core::identity::{IdCertificate, InstanceId};
use leasehold_core::policy::Policy;
use leasehold_core::product::ProductDefinition;
use leasehold_core::time::{Duration, UnixTime};
use leasehold_core::wire::{
    Answer, AnswerBody, AnswerNumber, Authorization, EntitlementAnswer, Registered, RequestBody,
    RequestFrame, SigningCertificate, Verdict, encode_answer,
};

const ROOT: KeyHandle = KeyHandle([9; 32]);
const KEY: KeyHandle = KeyHandle([8; 32]);
const INSTANCE: InstanceId = InstanceId([7; 16]);
/// As long as an account's name may be.
const ACCOUNT: &str = "An account whose name is forty long: end";

/// Whose rules the answers carry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Policies {
    /// The product's: the answers say nothing.
    Products,
    /// The manager's own, in every answer.
    Managers,
}

/// How often a manager was asked for what.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked {
    /// Registrations.
    pub registrations: u32,
    /// Reports.
    pub reports: u32,
    /// Renewals of the certificate.
    pub renewals: u32,
    /// Deregistrations.
    pub deregistrations: u32,
}

/// A manager with one account.
#[derive(Debug)]
pub struct Manager<C> {
    crypto: C,
    certificate: SigningCertificate,
    answers: u64,
    registered: Option<PublicKey>,
    /// What it was asked.
    pub asked: Asked,
    /// How many of each licence the account owns.
    pub owned: u32,
    /// Whose rules the answers carry.
    pub policies: Policies,
}

impl<C: Crypto> Manager<C> {
    /// A manager that signs answers from `from` on, for long.
    pub fn new(crypto: C, from: UnixTime) -> Self {
        let public_key = public(&crypto, &KEY);
        let until = from.saturating_add(Duration::from_days(10_000));
        let issued = SigningCertificate::issue(&crypto, &ROOT, public_key, 1, from, until);
        let certificate = issued.expect("the root key is there");
        let policies = Policies::Managers;
        let asked = Asked::default();
        Self { crypto, certificate, answers: 0, registered: None, asked, owned: 0, policies }
    }

    /// The longest authorization code that a device of eight entitlements takes, for `request`.
    pub fn authorize(
        &self,
        request: &RequestCode,
        definition: &ProductDefinition<'_>,
        generation: u8,
        issued: UnixTime,
    ) -> String<AUTHORIZATION_TEXT_MAX> {
        let udi = request.udi();
        let license_type = definition.license_types.first().expect("a license type");
        let until = Some(issued.saturating_add(Duration::from_days(365)));
        let line = GrantLine { entitlement: 0, count: u32::MAX, until };
        let grant = Grant {
            device: device_hint(&self.crypto, &udi),
            number: request.number,
            generation,
            license_type: request.license_type,
            universal: false,
            catalogue: license_type.catalogue_hash(&self.crypto),
            issued,
            lines: core::iter::repeat_n(line, 8).collect(),
        };
        let certificate = Some(&self.certificate);
        AuthorizationCode::encode(&self.crypto, &KEY, certificate, &grant, &udi, &request.anchors)
            .expect("the key is there")
    }

    /// The key that devices must pin.
    pub fn root(crypto: &C) -> PublicKey {
        public(crypto, &ROOT)
    }

    /// Answers the request at `now`; gives the length of the answer.
    pub fn answer(&mut self, request: &[u8], now: UnixTime, buffer: &mut [u8]) -> usize {
        let frame = RequestFrame::parse(&self.crypto, request).expect("a request");
        if let Some(key) = frame.proven_registration_key(&self.crypto) {
            self.registered = Some(key);
        }
        let key = self.registered.expect("registered before anything else");
        assert!(frame.is_signed_by(&self.crypto, &key), "by the registered key");
        let asked = &mut self.asked;
        *match &frame.request.body {
            RequestBody::Register(_) => &mut asked.registrations,
            RequestBody::Report(_) => &mut asked.reports,
            RequestBody::RenewCertificate => &mut asked.renewals,
            _ => &mut asked.deregistrations,
        } += 1;
        let body = match &frame.request.body {
            RequestBody::Register(_) => AnswerBody::Registered(Registered {
                certificate: certificate(key, now),
                smart_account: ACCOUNT,
                virtual_account: ACCOUNT,
                export_controlled_allowed: true,
                policy: self.policy(),
            }),
            RequestBody::Report(report) => {
                let covered = report.usage.iter().all(|usage| usage.peak <= self.owned);
                let verdict =
                    if covered { Verdict::InCompliance } else { Verdict::OutOfCompliance };
                let one = EntitlementAnswer { verdict, owned: self.owned };
                AnswerBody::Authorization(Authorization {
                    entitlements: report.usage.iter().map(|_| one).collect(),
                    out_of_compliance_since: (!covered).then_some(now),
                    policy: self.policy(),
                    duplicate: false,
                })
            }
            RequestBody::RenewCertificate => AnswerBody::Renewed(certificate(key, now)),
            _ => AnswerBody::Deregistered,
        };
        self.answers += 1;
        let answer = Answer {
            device: frame.request.udi.fingerprint(&self.crypto),
            request: frame.digest,
            time: now,
            number: AnswerNumber { epoch: 1, sequence: self.answers },
            body,
        };
        encode_answer(&self.crypto, &KEY, &self.certificate, &answer, buffer).expect("room")
    }

    fn policy(&self) -> Option<Policy> {
        (self.policies == Policies::Managers).then_some(Policy::DEFAULT)
    }
}

fn public<C: Crypto>(crypto: &C, key: &KeyHandle) -> PublicKey {
    crypto.public_key(key).expect("the key is there")
}

fn certificate(public_key: PublicKey, now: UnixTime) -> IdCertificate {
    let valid_until = now.saturating_add(Duration::from_days(365));
    IdCertificate { instance: INSTANCE, serial: 1, public_key, valid_from: now, valid_until }
}
