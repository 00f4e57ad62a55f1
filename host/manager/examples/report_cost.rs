//! What a usage report costs the manager's domain on the store in memory, on one core: from the
//! bytes of the request to those of the answer, committed, with housekeeping whenever it is due.
//!
//! `cargo run --release -p leasehold-manager --example report_cost [-- DEVICES DAYS]`; at most 364
//! days, as nobody renews a certificate.

use leasehold_core::crypto::{
    Algorithm, Crypto, Digest, KeyHandle, KeyUnusable, PublicKey, Signature, SignedMessage,
};
use leasehold_core::identity::{InstanceId, Udi};
use leasehold_core::products::contact_center::PRODUCT_ID;
use leasehold_core::time::{Duration, UnixTime};
use leasehold_core::token::Token;
use leasehold_core::wire::{
    AnswerBody, AnswerFrame, AnswerNumber, Expected, FRAME_MAX, Nonce, Register, Report, Request,
    RequestBody, RequestFrame, RequestNumber, SigningCertificate, Usage, accept, encode_request,
};
use leasehold_manager::domain::catalogue::Catalogue;
use leasehold_manager::domain::device::{self, Sender};
use leasehold_manager::domain::license::{self, NewLine};
use leasehold_manager::domain::overrides::PolicyOverrides;
use leasehold_manager::domain::reservation::Attempts;
use leasehold_manager::domain::token::{self, NewToken};
use leasehold_manager::domain::{
    AnswerClock, Authority, DomainError, Scene, Signer, SystemEntropy, account, housekeeping,
};
use leasehold_manager::store::memory::MemoryStore;
use leasehold_manager::store::{Store, Transaction};
use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

const START: UnixTime = UnixTime::from_secs(1_767_225_600);
const ROOT: KeyHandle = KeyHandle([1; 32]);
const SIGNING: KeyHandle = KeyHandle([2; 32]);
const STANDARD: &str = "regid.2026-01.org.leasehold.CC_FLEX_STANDARD,1.0";
const PREMIUM: &str = "regid.2026-01.org.leasehold.CC_FLEX_PREMIUM,1.0";
const SERVER: &str = "regid.2026-01.org.leasehold.CC_FLEX_SERVER,1.0";
const REPORTS_A_DAY: u32 = 3;
/// The machine has other things to do: what it is able to is seen in the fastest of several runs.
const RUNS: u32 = 5;

/// Keyed hashes instead of signatures. They protect nothing: whoever can check one can make one.
struct KeyedHash;

impl Crypto for KeyedHash {
    fn digest(&self, parts: &[&[u8]]) -> Digest {
        let mut lanes = [0x9E37_79B9_7F4A_7C15_u64, 1, 2, 3];
        let mut mix = |word: u64, at: usize| {
            let lane = &mut lanes[at % 4];
            *lane = (*lane ^ word).wrapping_mul(0x2127_599B_F432_5C37).rotate_left(29);
        };
        for part in parts {
            let (words, rest) = part.as_chunks();
            for (at, word) in words.iter().enumerate() {
                mix(u64::from_le_bytes(*word), at);
            }
            for (at, byte) in rest.iter().enumerate() {
                mix(u64::from(*byte), at);
            }
            mix(part.len() as u64, 0);
        }
        for at in 0..8 {
            lanes[at % 4] =
                (lanes[at % 4] ^ lanes[(at + 1) % 4]).wrapping_mul(0x9FB2_1C65_1E98_DF25);
            lanes[at % 4] ^= lanes[at % 4] >> 32;
        }
        let mut digest = Digest::default();
        for (place, lane) in digest.0.chunks_mut(8).zip(lanes) {
            place.copy_from_slice(&lane.to_le_bytes());
        }
        digest
    }

    fn generate(&self, entropy: &[u8; 32]) -> Result<KeyHandle, KeyUnusable> {
        Ok(KeyHandle(*entropy))
    }

    fn public_key(&self, key: &KeyHandle) -> Result<PublicKey, KeyUnusable> {
        Ok(PublicKey { algorithm: Algorithm::Ed25519, bytes: key.0 })
    }

    fn sign(&self, key: &KeyHandle, message: &SignedMessage) -> Result<Signature, KeyUnusable> {
        let commitment = self.digest(&[&key.0, message.as_bytes()]).0;
        Ok(Signature { algorithm: Algorithm::Ed25519, commitment, response: key.0 })
    }

    fn verify(&self, key: &PublicKey, message: &SignedMessage, signature: &Signature) -> bool {
        self.sign(&KeyHandle(key.bytes), message) == Ok(*signature)
    }
}

struct Manager {
    store: MemoryStore,
    authority: Authority,
    now: UnixTime,
}

impl Manager {
    fn new() -> Result<Self, Box<dyn Error>> {
        let public = |key| KeyedHash.public_key(key).map_err(|_| "a key is missing");
        let until = START.saturating_add(Duration::from_days(36_500));
        let certificate =
            SigningCertificate::issue(&KeyedHash, &ROOT, public(&SIGNING)?, 1, START, until)
                .map_err(|_| "a key is missing")?;
        let authority = Authority {
            catalogue: Catalogue::shipped(public(&ROOT)?),
            signer: Signer {
                crypto: Arc::new(KeyedHash),
                key: SIGNING,
                certificate,
                reservation_key: None,
            },
            overrides: PolicyOverrides::default(),
            epoch: 1,
            answers: AnswerClock::default(),
            attempts: Attempts::default(),
        };
        Ok(Self { store: MemoryStore::new(), authority, now: START })
    }

    fn change<R>(
        &self,
        change: impl FnOnce(&mut dyn Transaction, &mut Scene<'_>) -> Result<R, DomainError>,
    ) -> Result<R, DomainError> {
        let mut tx = self.store.begin()?;
        let (crypto, entropy) = (&KeyedHash, &mut SystemEntropy);
        let result =
            change(&mut *tx, &mut Scene { now: self.now, actor: "bench", crypto, entropy })?;
        tx.commit()?;
        Ok(result)
    }

    /// An account that owns licences, and a token for it.
    fn set_up(&self) -> Result<Token, DomainError> {
        self.change(|tx, scene| {
            let account = account::create(tx, scene, "Example")?.id;
            let place = tx.virtual_account_by_name(account, account::DEFAULT_NAME)?;
            let virtual_account = place.ok_or(DomainError::NotFound("virtual account"))?.id;
            for (tag, quantity) in [(STANDARD, 40_000), (PREMIUM, 10_000), (SERVER, 1_000)] {
                let new = NewLine {
                    virtual_account,
                    tag: tag.into(),
                    quantity,
                    start: None,
                    end: None,
                    order: String::new(),
                };
                license::deposit(tx, scene, &self.authority.catalogue, &new)?;
            }
            let new = NewToken {
                virtual_account,
                description: String::new(),
                days: 30,
                max_uses: None,
                export_controlled: false,
            };
            Ok(token::create(tx, scene, &new)?.1)
        })
    }

    fn answer(&self, request: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
        let frame =
            RequestFrame::parse(&KeyedHash, request).map_err(|error| format!("{error:?}"))?;
        Ok(self.change(|tx, scene| {
            match device::prove(tx, &self.authority, &frame, scene.now)? {
                Sender::Proven(proof) => device::answer(tx, scene, &self.authority, &frame, &proof),
                Sender::Unproven(no) => device::dismiss(&self.authority, &frame, no, scene.now),
            }
        })?)
    }

    /// Runs housekeeping as often as there is something to do.
    fn keep_house(&self) -> Result<(), DomainError> {
        while self.store.view()?.next_look()?.is_some_and(|next| next <= self.now) {
            self.change(|tx, scene| Ok(housekeeping::run(tx, scene)?))?;
        }
        Ok(())
    }
}

struct Device {
    serial_number: String,
    key: KeyHandle,
    instance: Option<InstanceId>,
    sequence: u32,
}

impl Device {
    fn new(n: u32) -> Self {
        let key = KeyHandle(KeyedHash.digest(&[&n.to_be_bytes()]).0);
        Self { serial_number: format!("SN{n:06}"), key, instance: None, sequence: 0 }
    }

    fn request(&mut self, body: RequestBody<'_>) -> Result<Vec<u8>, Box<dyn Error>> {
        self.sequence += 1;
        let udi = Udi::new(PRODUCT_ID, &self.serial_number, None).map_err(|e| format!("{e:?}"))?;
        let number = RequestNumber { epoch: 1, sequence: self.sequence };
        let (instance, nonce) = (self.instance, Nonce([3; 16]));
        let request = Request { udi, instance, number, nonce, body };
        let mut frame = vec![0; FRAME_MAX];
        let made = encode_request(&KeyedHash, &self.key, &request, &mut frame);
        let (length, _) = made.map_err(|error| format!("{error:?}"))?;
        frame.truncate(length);
        Ok(frame)
    }

    fn report(&mut self) -> Result<Vec<u8>, Box<dyn Error>> {
        let peak = self.sequence % 40;
        let usage = [
            Usage { tag: STANDARD, peak },
            Usage { tag: PREMIUM, peak: peak / 4 },
            Usage { tag: SERVER, peak: 0 },
        ];
        self.request(RequestBody::Report(Report {
            host_name: "pbx.example.org",
            software_version: "15.0",
            covers_seconds: 28_800,
            usage: usage.into_iter().collect(),
        }))
    }

    fn register(&mut self, manager: &Manager, token: Token) -> Result<(), Box<dyn Error>> {
        let public_key = KeyedHash.public_key(&self.key).map_err(|_| "a key is missing")?;
        let (token, force) = (token.prove(&KeyedHash, &public_key), false);
        let request = self.request(RequestBody::Register(Register { token, public_key, force }))?;
        let answer = manager.answer(&request)?;
        let frame = AnswerFrame::parse(&KeyedHash, &answer).map_err(|e| format!("{e:?}"))?;
        let request = RequestFrame::parse(&KeyedHash, &request).map_err(|e| format!("{e:?}"))?;
        let expected = Expected {
            root: KeyedHash.public_key(&ROOT).map_err(|_| "a key is missing")?,
            device: request.request.udi.fingerprint(&KeyedHash),
            request: request.digest,
            newer_than: AnswerNumber::default(),
        };
        let answer = accept(&KeyedHash, frame, &expected).map_err(|e| format!("{e:?}"))?;
        let AnswerBody::Registered(said) = &answer.body else {
            return Err(format!("not registered: {:?}", answer.body).into());
        };
        self.instance = Some(said.certificate.instance);
        Ok(())
    }
}

/// Lets `devices` report for `days`; gives the seconds that one report took.
fn measure(devices: u32, days: u32) -> Result<f64, Box<dyn Error>> {
    let mut manager = Manager::new()?;
    let token = manager.set_up()?;
    let mut fleet: Vec<Device> = (0..devices).map(Device::new).collect();
    for device in &mut fleet {
        device.register(&manager, token)?;
    }
    let (mut reports, mut spent) = (0_u32, std::time::Duration::ZERO);
    for _ in 0..days * REPORTS_A_DAY {
        let requests: Vec<Vec<u8>> =
            fleet.iter_mut().map(Device::report).collect::<Result<_, _>>()?;
        manager.now = manager.now.saturating_add(Duration::from_hours(24 / REPORTS_A_DAY));
        let begun = Instant::now();
        manager.keep_house()?;
        for request in &requests {
            std::hint::black_box(manager.answer(request)?);
        }
        spent += begun.elapsed();
        reports += devices;
    }
    let counted: u64 = {
        let view = manager.store.view()?;
        let page = leasehold_manager::store::Page { after: 0, limit: u32::MAX };
        let rows = view.devices(&leasehold_manager::store::Filter::default(), page)?;
        rows.iter().map(|row| row.reports_counted).sum()
    };
    if counted != u64::from(reports) {
        return Err(format!("{counted} of {reports} reports were counted").into());
    }
    Ok(spent.as_secs_f64() / f64::from(reports))
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let devices: u32 = arguments.next().map_or(Ok(100), |text| text.parse())?;
    let days: u32 = arguments.next().map_or(Ok(360), |text| text.parse())?;
    let mut each = f64::INFINITY;
    for _ in 0..RUNS {
        each = each.min(measure(devices, days)?);
    }
    println!("{devices} devices, {days} days, the fastest of {RUNS} runs");
    println!("{:.0} reports a second, {:.2} µs each", 1.0 / each, each * 1e6);
    println!("{:.0} device-years a second in the manager alone", 1.0 / each / 1_095.0);
    Ok(())
}
