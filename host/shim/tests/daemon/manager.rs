//! A license manager that says what a test wants.

use leasehold_core::agent::TransportError;
use leasehold_core::crypto::{Crypto, Digest, KeyHandle, PublicKey, SoftwareCrypto};
use leasehold_core::identity::{DeviceFingerprint, IdCertificate, InstanceId};
use leasehold_core::time::{Duration, UnixTime};
use leasehold_core::wire::{
    Answer, AnswerBody, AnswerNumber, Authorization, EntitlementAnswer, FRAME_MAX, Refusal,
    Registered, RequestBody, RequestFrame, SigningCertificate, Verdict, encode_answer,
};
use leasehold_shim::transport::Transport;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// 2027-01-15.
pub(crate) const TODAY: UnixTime = UnixTime::from_secs(1_800_000_000);

const ROOT: KeyHandle = KeyHandle([1; 32]);
const KEY: KeyHandle = KeyHandle([2; 32]);

/// How the manager behaves.
#[derive(Clone, Debug)]
pub(crate) enum Behaviour {
    /// As it should: covers everything.
    Honest,
    /// Says that seats are missing.
    OutOfCompliance,
    Refuse(Refusal),
    RetryLater(u32),
    /// These bytes, whatever is asked.
    Bytes(Vec<u8>),
    /// The request itself.
    Echo,
    /// The bytes of the last honest answer.
    Replay,
    /// The honest answer with a flipped bit in the middle.
    Altered,
    /// Signed by somebody whom the root does not know.
    Impostor,
    /// An honest answer to another device.
    OtherDevice,
    /// An honest answer with another request's digest.
    OtherRequest,
    /// An honest answer numbered below the last.
    Stale,
    /// An honest `Deregistered` to everything else.
    WrongBody,
    Fail(TransportError),
}

pub(crate) struct Manager {
    state: Mutex<State>,
}

struct State {
    now: UnixTime,
    behaviour: Behaviour,
    last: Vec<u8>,
    /// The peaks of each report, in order.
    reports: Vec<Vec<u32>>,
    registrations: usize,
    deregistrations: usize,
}

pub(crate) fn root() -> PublicKey {
    SoftwareCrypto.public_key(&ROOT).unwrap()
}

impl Manager {
    pub(crate) fn new() -> Arc<Self> {
        let state = State {
            now: TODAY,
            behaviour: Behaviour::Honest,
            last: Vec::new(),
            reports: Vec::new(),
            registrations: 0,
            deregistrations: 0,
        };
        Arc::new(Self { state: Mutex::new(state) })
    }

    pub(crate) fn behave(&self, behaviour: Behaviour) {
        self.state.lock().unwrap().behaviour = behaviour;
    }

    /// Moves the manager's clock.
    pub(crate) fn advance(&self, span: Duration) {
        let mut state = self.state.lock().unwrap();
        state.now = state.now.saturating_add(span);
    }

    pub(crate) fn reports(&self) -> Vec<Vec<u32>> {
        self.state.lock().unwrap().reports.clone()
    }

    pub(crate) fn registrations(&self) -> usize {
        self.state.lock().unwrap().registrations
    }

    pub(crate) fn deregistrations(&self) -> usize {
        self.state.lock().unwrap().deregistrations
    }

    /// What the manager says to the frame.
    pub(crate) fn answer(&self, frame: &[u8]) -> Result<Vec<u8>, TransportError> {
        let mut state = self.state.lock().unwrap();
        let behaviour = state.behaviour.clone();
        match &behaviour {
            Behaviour::Bytes(bytes) => return Ok(bytes.clone()),
            Behaviour::Fail(error) => return Err(*error),
            Behaviour::Echo => return Ok(frame.to_vec()),
            Behaviour::Replay => return Ok(state.last.clone()),
            _ => {}
        }
        let request = RequestFrame::parse(&SoftwareCrypto, frame).expect("a sound request");
        let body = state.body(&request, &behaviour);
        let next = ANSWERS.fetch_add(1, Ordering::SeqCst);
        let sequence = if matches!(behaviour, Behaviour::Stale) { 1 } else { next };
        let answer = Answer {
            device: match behaviour {
                Behaviour::OtherDevice => DeviceFingerprint([9; 8]),
                _ => request.request.udi.fingerprint(&SoftwareCrypto),
            },
            request: match behaviour {
                Behaviour::OtherRequest => Digest([9; 32]),
                _ => request.digest,
            },
            time: state.now,
            number: AnswerNumber { epoch: 1, sequence },
            body,
        };
        let root = if matches!(behaviour, Behaviour::Impostor) { KeyHandle([3; 32]) } else { ROOT };
        let mut bytes = sign(&root, &answer);
        if matches!(behaviour, Behaviour::Altered) {
            // Inside the signed time: the frame stays sound, the signature does not hold.
            let place = 6 + 8 + 32 + 1;
            bytes[place] ^= 1;
        }
        if matches!(behaviour, Behaviour::Honest) {
            state.last.clone_from(&bytes);
        }
        Ok(bytes)
    }
}

impl State {
    fn body(&mut self, request: &RequestFrame<'_>, behaviour: &Behaviour) -> AnswerBody<'static> {
        match behaviour {
            Behaviour::Refuse(refusal) => return AnswerBody::Refused(*refusal),
            Behaviour::RetryLater(seconds) => {
                return AnswerBody::RetryLater { seconds: *seconds };
            }
            Behaviour::WrongBody => return AnswerBody::Deregistered,
            _ => {}
        }
        match &request.request.body {
            RequestBody::Register(_) => {
                self.registrations += 1;
                let key = request.proven_registration_key(&SoftwareCrypto);
                AnswerBody::Registered(Registered {
                    certificate: certificate(key.expect("a proof of possession"), 1, self.now),
                    smart_account: "Example Ltd",
                    virtual_account: "Default",
                    export_controlled_allowed: true,
                    policy: None,
                })
            }
            RequestBody::Report(report) => {
                self.reports.push(report.usage.iter().map(|usage| usage.peak).collect());
                let out = matches!(behaviour, Behaviour::OutOfCompliance);
                let verdict = if out { Verdict::OutOfCompliance } else { Verdict::InCompliance };
                let one = |_| EntitlementAnswer { verdict, owned: 40 };
                AnswerBody::Authorization(Authorization {
                    entitlements: report.usage.iter().map(one).collect(),
                    out_of_compliance_since: out.then_some(self.now),
                    policy: None,
                    duplicate: false,
                })
            }
            RequestBody::RenewCertificate => {
                // The device's own key: it is the one that signed.
                let key = self.device_key(request);
                AnswerBody::Renewed(certificate(key, 2, self.now))
            }
            RequestBody::Deregister => {
                self.deregistrations += 1;
                AnswerBody::Deregistered
            }
            other => panic!("unexpected request {other:?}"),
        }
    }

    /// The key that the last registration certified, read back from its answer.
    fn device_key(&self, request: &RequestFrame<'_>) -> PublicKey {
        let keys = KEYS.lock().unwrap();
        let mut signers = keys.iter().filter(|key| request.is_signed_by(&SoftwareCrypto, key));
        *signers.next().expect("a registered key")
    }
}

/// Numbers the answers of all managers, so that a new one is newer to every device.
static ANSWERS: AtomicU64 = AtomicU64::new(10);

/// Every key that was certified in this process.
static KEYS: Mutex<Vec<PublicKey>> = Mutex::new(Vec::new());

fn certificate(public_key: PublicKey, serial: u32, now: UnixTime) -> IdCertificate {
    KEYS.lock().unwrap().push(public_key);
    IdCertificate {
        instance: InstanceId([7; 16]),
        serial,
        public_key,
        valid_from: now,
        valid_until: now.saturating_add(Duration::from_days(365)),
    }
}

/// The key that signs authorization codes, and its certificate.
pub(crate) fn reservation_signer() -> (KeyHandle, SigningCertificate) {
    (KEY, signing_certificate(&ROOT))
}

fn signing_certificate(root: &KeyHandle) -> SigningCertificate {
    let crypto = SoftwareCrypto;
    let public_key = crypto.public_key(&KEY).unwrap();
    let (from, until) = (UnixTime::from_secs(0), UnixTime::from_secs(1 << 40));
    SigningCertificate::issue(&crypto, root, public_key, 1, from, until).unwrap()
}

fn sign(root: &KeyHandle, answer: &Answer<'_>) -> Vec<u8> {
    let crypto = SoftwareCrypto;
    let certificate = signing_certificate(root);
    let mut buffer = [0; FRAME_MAX];
    let length = encode_answer(&crypto, &KEY, &certificate, answer, &mut buffer).unwrap();
    buffer[..length].to_vec()
}

impl Transport for Manager {
    fn exchange(&self, frame: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.answer(frame)
    }
}
