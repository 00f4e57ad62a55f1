//! A manager that answers as it should, or as it never would.

use crate::keyed_hash::KeyedHash;
use crate::seal;
use crate::step::{AnswerTwist, CodeTwist, GivenCode, GivenLine, Odd, PolicyChange, Saying};
use leasehold_core::code::{
    Anchors, AuthorizationCode, Grant, GrantLine, RequestCode, device_hint,
};
use leasehold_core::crypto::{Crypto, Digest, KeyHandle, PublicKey};
use leasehold_core::identity::{DeviceFingerprint, IdCertificate, InstanceId, Udi};
use leasehold_core::policy::Policy;
use leasehold_core::product::ProductDefinition;
use leasehold_core::time::{Duration, UnixTime};
use leasehold_core::wire::{
    Answer, AnswerBody, AnswerNumber, Authorization, EntitlementAnswer, FRAME_MAX, Refusal,
    Registered, RequestBody, RequestFrame, SigningCertificate, Verdict, encode_answer,
};

/// The vendor's key.
pub const ROOT: KeyHandle = KeyHandle([9; 32]);
const SIGNING: KeyHandle = KeyHandle([8; 32]);
const RESERVATION: KeyHandle = KeyHandle([7; 32]);
const STRANGER: KeyHandle = KeyHandle([6; 32]);
/// Longer than the name of any account.
const LONG: &str = "An account whose name is longer than the name of any account may be";

/// The public half of a key.
pub fn public(key: &KeyHandle) -> PublicKey {
    KeyedHash.public_key(key).expect("any seed is a key")
}

/// The key that a product pins for authorization codes.
pub fn reservation_key() -> PublicKey {
    public(&RESERVATION)
}

/// What is known of the request that waits for its answer.
#[derive(Clone, Copy)]
struct Waiting {
    digest: Digest,
    kind: Kind,
    usages: usize,
    key: PublicKey,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Kind {
    Register,
    Report,
    Renew,
    Deregister,
}

/// Keys, and how far the numbers of its answers are.
pub struct Manager {
    certificate: SigningCertificate,
    /// The same, by somebody who is not the vendor.
    usurped: SigningCertificate,
    answers: u64,
    waiting: Option<Waiting>,
    /// The key that was certified last.
    key: PublicKey,
    last: Vec<u8>,
}

/// What a manager, or somebody on the way, gave.
pub struct Given<T> {
    /// An answer or a code.
    pub text: T,
    /// Whether no device may believe it.
    pub forged: bool,
}

impl Manager {
    /// A manager that the root vouches for from the moment `from`.
    pub fn new(from: UnixTime) -> Self {
        let until = from.saturating_add(Duration::from_days(20 * 365));
        let key = public(&SIGNING);
        let [certificate, usurped] = [ROOT, STRANGER].map(|root| {
            let issued = SigningCertificate::issue(&KeyedHash, &root, key, 1, from, until);
            issued.expect("any seed is a key")
        });
        Self { certificate, usurped, answers: 0, waiting: None, key, last: Vec::new() }
    }

    /// Takes a request, to be answered later.
    pub fn take(&mut self, frame: &RequestFrame<'_>) {
        let usages = match &frame.request.body {
            RequestBody::Report(report) => report.usage.len(),
            _ => 0,
        };
        let (kind, key) = match &frame.request.body {
            RequestBody::Register(register) => {
                let key = frame.proven_registration_key(&KeyedHash);
                (Kind::Register, key.unwrap_or(register.public_key))
            }
            RequestBody::Report(_) => (Kind::Report, self.key),
            RequestBody::RenewCertificate => (Kind::Renew, self.key),
            _ => (Kind::Deregister, self.key),
        };
        self.waiting = Some(Waiting { digest: frame.digest, kind, usages, key });
    }

    /// The answer to the request that waits.
    pub fn answer(
        &mut self,
        udi: &Udi<'_>,
        now: u64,
        says: &Saying,
        twist: AnswerTwist,
    ) -> Given<Vec<u8>> {
        let waiting = self.waiting.unwrap_or(Waiting {
            digest: Digest([0; 32]),
            kind: Kind::Report,
            usages: 3,
            key: self.key,
        });
        if waiting.kind == Kind::Register {
            self.key = waiting.key;
        }
        let time = match twist {
            AnswerTwist::Time(by) => UnixTime::from_secs(now.saturating_add_signed(by.into())),
            _ => UnixTime::from_secs(now),
        };
        self.answers += 1;
        let mut answer = Answer {
            device: udi.fingerprint(&KeyedHash),
            request: waiting.digest,
            time,
            number: AnswerNumber { epoch: 1, sequence: self.answers },
            body: body(&waiting, time, says),
        };
        match twist {
            AnswerTwist::Device => answer.device.0[0] ^= 1,
            AnswerTwist::Request => answer.request.0[0] ^= 1,
            AnswerTwist::Old => answer.number.sequence = 0,
            AnswerTwist::Epoch => answer.number.epoch = 2,
            _ => {}
        }
        let key = if matches!(twist, AnswerTwist::Stranger) { STRANGER } else { SIGNING };
        let certificate = match twist {
            AnswerTwist::Usurper => &self.usurped,
            _ => &self.certificate,
        };
        let mut good = encoded(&key, certificate, &answer);
        if let AnswerTwist::Altered(place, bits) = twist {
            let mut payload = seal::payload_of(&good).to_vec();
            let place = usize::from(place) % payload.len();
            payload[place] ^= bits;
            good = seal::signed_answer(&key, &good, &payload);
        }
        let mut bytes = good.clone();
        match twist {
            AnswerTwist::Cut(length) => bytes.truncate(length.into()),
            AnswerTwist::Flip(place, bits) => {
                let place = usize::from(place) % bytes.len();
                bytes[place] ^= bits;
            }
            AnswerTwist::Again => return Given { text: self.last.clone(), forged: false },
            _ => {}
        }
        let other =
            matches!(twist, AnswerTwist::Device | AnswerTwist::Request | AnswerTwist::Stranger);
        let forged = other || bytes != good;
        self.last.clone_from(&bytes);
        Given { text: bytes, forged }
    }

    /// An answer that says what `payload` does.
    pub fn signed(&self, payload: &[u8]) -> Vec<u8> {
        let answer = Answer {
            device: DeviceFingerprint([0; 8]),
            request: Digest([0; 32]),
            time: UnixTime::from_secs(0),
            number: AnswerNumber::default(),
            body: AnswerBody::Conflict,
        };
        seal::signed_answer(&SIGNING, &encoded(&SIGNING, &self.certificate, &answer), payload)
    }

    /// An authorization code for a device with that request; of the generation after `installed`.
    pub fn authorization_code(
        &self,
        definition: &ProductDefinition<'_>,
        request: &RequestCode,
        installed: Option<u8>,
        now: u64,
        given: &GivenCode,
    ) -> Given<String> {
        let udi = request.udi();
        let license_type = definition.license_types.get(usize::from(request.license_type));
        let issued = match given.twist {
            CodeTwist::Early => UnixTime::from_secs(now / 2),
            _ => UnixTime::from_secs(now),
        };
        let line = |line: &GivenLine| GrantLine {
            entitlement: line.entitlement,
            count: line.count.into(),
            until: line
                .hours
                .map(|hours| issued.saturating_add(Duration::from_hours(hours.into()))),
        };
        let next = installed.map_or(0, |installed| installed.wrapping_add(1));
        let mut grant = Grant {
            device: device_hint(&KeyedHash, &udi),
            number: request.number,
            generation: next.wrapping_add(given.ahead),
            license_type: request.license_type,
            universal: request.universal,
            catalogue: license_type.map_or(0, |known| known.catalogue_hash(&KeyedHash)),
            issued,
            lines: given.lines.iter().flatten().map(line).collect(),
        };
        let mut anchors: Anchors = request.anchors;
        let mut forged = true;
        match given.twist {
            CodeTwist::Device => grant.device[0] ^= 1,
            CodeTwist::Number => grant.number ^= 1,
            CodeTwist::Anchors => anchors.confirmed[0] ^= 1,
            CodeTwist::LicenseType => grant.license_type ^= 1,
            CodeTwist::Catalogue => grant.catalogue ^= 1,
            CodeTwist::Stranger | CodeTwist::Unvouched | CodeTwist::Early | CodeTwist::Usurper => {}
            CodeTwist::Universal => {
                grant.universal ^= true;
                forged = false;
            }
            CodeTwist::Altered(place, bits) => {
                return Given { text: altered(&grant, &anchors, &udi, place, bits), forged: false };
            }
            CodeTwist::Nothing | CodeTwist::Pinned | CodeTwist::Typed(..) => forged = false,
        }
        let (key, certificate) = match given.twist {
            CodeTwist::Pinned => (RESERVATION, None),
            CodeTwist::Stranger => (STRANGER, Some(&self.certificate)),
            CodeTwist::Unvouched => (STRANGER, None),
            CodeTwist::Usurper => (SIGNING, Some(&self.usurped)),
            _ => (SIGNING, Some(&self.certificate)),
        };
        let code = AuthorizationCode::encode(&KeyedHash, &key, certificate, &grant, &udi, &anchors);
        let mut code = code.expect("any seed is a key").as_str().to_owned();
        if let CodeTwist::Typed(place, byte) = given.twist {
            let place = usize::from(place) % code.len();
            let typed = char::from(byte & 0x7f);
            let other = format!("{}{typed}{}", &code[..place], &code[place + 1..]);
            forged = read(&other) != read(&code);
            code = other;
        }
        Given { text: code, forged }
    }
}

fn encoded(key: &KeyHandle, certificate: &SigningCertificate, answer: &Answer<'_>) -> Vec<u8> {
    let mut buffer = [0; FRAME_MAX];
    let length = encode_answer(&KeyedHash, key, certificate, answer, &mut buffer);
    buffer[..length.expect("the longest answer fits")].into()
}

/// What a text says to somebody who takes look-alikes for each other and skips what separates (SPEC
/// S4).
fn read(text: &str) -> String {
    let folded = text.chars().map(|character| match character.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    });
    folded.filter(char::is_ascii_alphanumeric).collect()
}

/// A code signed with the key that the product pins, after some bits of what it grants were changed.
fn altered(grant: &Grant, anchors: &Anchors, udi: &Udi<'_>, place: u16, bits: u8) -> String {
    let mut buffer = [0; 512];
    let payload = postcard::to_slice(grant, &mut buffer).expect("the longest grant fits");
    payload[usize::from(place) % payload.len()] ^= bits;
    seal::signed_authorization(&RESERVATION, udi, anchors, payload)
}

fn body(waiting: &Waiting, time: UnixTime, says: &Saying) -> AnswerBody<'static> {
    let from = time.saturating_sub(Duration::from_minutes(5));
    let certificate = |days: u16, odd| IdCertificate {
        instance: InstanceId([7; 16]),
        serial: 1,
        public_key: if odd == Odd::Key { public(&STRANGER) } else { waiting.key },
        valid_from: from,
        valid_until: from.saturating_add(Duration::from_days(days.into())),
    };
    let registered = |days, policy: Option<&PolicyChange>, odd| {
        AnswerBody::Registered(Registered {
            certificate: certificate(days, odd),
            smart_account: if odd == Odd::Names { LONG } else { "Example" },
            virtual_account: "Default",
            export_controlled_allowed: true,
            policy: policy.map(changed),
        })
    };
    let covered = EntitlementAnswer { verdict: Verdict::InCompliance, owned: 10 };
    let authorization =
        |entitlements, since: Option<u32>, policy: Option<&PolicyChange>, duplicate| {
            AnswerBody::Authorization(Authorization {
                entitlements,
                out_of_compliance_since: since
                    .map(|ago| time.saturating_sub(Duration::from_secs(ago))),
                policy: policy.map(changed),
                duplicate,
            })
        };
    match says {
        Saying::Fitting => match waiting.kind {
            Kind::Register => registered(365, None, Odd::Nothing),
            Kind::Report => {
                let all = std::iter::repeat_n(covered, waiting.usages.min(8));
                authorization(all.collect(), None, None, false)
            }
            Kind::Renew => AnswerBody::Renewed(certificate(365, Odd::Nothing)),
            Kind::Deregister => AnswerBody::Deregistered,
        },
        Saying::Registered { days, policy, odd } => registered(*days, policy.as_ref(), *odd),
        Saying::Authorization { verdicts, count, since, policy, duplicate } => {
            let count = if *count > 8 { waiting.usages } else { usize::from(*count) };
            let answers = verdicts.iter().cycle().take(count.min(8)).map(|&said| {
                let verdict = match said % 4 {
                    0 => Verdict::InCompliance,
                    1 => Verdict::OutOfCompliance,
                    2 => Verdict::InvalidTag,
                    _ => Verdict::NotOwned,
                };
                EntitlementAnswer { verdict, owned: (said / 4).into() }
            });
            authorization(answers.collect(), *since, policy.as_ref(), *duplicate)
        }
        Saying::Renewed { days, odd } => AnswerBody::Renewed(certificate(*days, *odd)),
        Saying::Deregistered => AnswerBody::Deregistered,
        Saying::Refused(which) => {
            const ALL: [Refusal; 13] = [
                Refusal::TokenUnknown,
                Refusal::TokenExpired,
                Refusal::TokenUsedUp,
                Refusal::TokenRevoked,
                Refusal::ProductUnknown,
                Refusal::AlreadyRegistered,
                Refusal::RegisteredElsewhere,
                Refusal::InstanceUnknown,
                Refusal::CertificateExpired,
                Refusal::SignatureInvalid,
                Refusal::DeviceMismatch,
                Refusal::RequestUnknown,
                Refusal::InstanceReplaced,
            ];
            AnswerBody::Refused(ALL[usize::from(*which) % ALL.len()])
        }
        Saying::RetryLater(seconds) => AnswerBody::RetryLater { seconds: *seconds },
        Saying::Conflict => AnswerBody::Conflict,
    }
}

fn changed(change: &PolicyChange) -> Policy {
    Policy {
        report_interval: Duration::from_secs(change.report_interval),
        authorization_period: Duration::from_secs(change.authorization_period),
        overage_period: Duration::from_secs(change.overage_period),
        retry_first: Duration::from_secs(change.retry_first),
        pending_warning: Duration::from_secs(change.pending_warning),
        pending_tolerance: Duration::from_secs(change.pending_tolerance),
        consecutive_reports: change.consecutive_reports,
        lock_usage: change.lock_usage,
        ..Policy::DEFAULT
    }
}
