//! What the tests of this crate are built from: a manager on a temporary database, and devices
//! that believe an answer only as a real one would.

use crate::domain::catalogue::Catalogue;
use crate::domain::device::{self, Sender};
use crate::domain::license::{self, NewLine};
use crate::domain::overrides::PolicyOverrides;
use crate::domain::token::{self, NewToken};
use crate::domain::{
    AnswerClock, Authority, DomainError, Entropy, EntropyUnavailable, Scene, Signer, account,
};
use crate::engine::Clock;
use crate::store::sqlite::SqliteStore;
use crate::store::{
    AccountId, DeviceRow, EventRow, Filter, LineRow, Page, Store, TokenRow, Transaction, View,
    VirtualAccountId,
};
use leasehold_core::crypto::{Crypto, Digest, KeyHandle, PublicKey, SoftwareCrypto};
use leasehold_core::identity::{InstanceId, Udi};
use leasehold_core::products::contact_center;
use leasehold_core::time::{Duration, UnixTime};
use leasehold_core::token::Token;
use leasehold_core::wire::{
    AnswerBody, AnswerFrame, AnswerNumber, Expected, FRAME_MAX, Nonce, Refusal, Register, Report,
    Request, RequestBody, RequestFrame, RequestNumber, SigningCertificate, Usage, accept,
    encode_request,
};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;

/// 2026-01-01.
pub(crate) const START: UnixTime = UnixTime::from_secs(1_767_225_600);
pub(crate) const STANDARD: &str = "regid.2026-01.org.leasehold.CC_FLEX_STANDARD,1.0";
pub(crate) const PREMIUM: &str = "regid.2026-01.org.leasehold.CC_FLEX_PREMIUM,1.0";
pub(crate) const SERVER: &str = "regid.2026-01.org.leasehold.CC_FLEX_SERVER,1.0";
const ROOT: KeyHandle = KeyHandle([200; 32]);
const SIGNING: KeyHandle = KeyHandle([201; 32]);
/// Every row there is.
pub(crate) const ALL: Page = Page { after: 0, limit: 1_000_000 };

/// SplitMix64: the same bytes in every run.
pub(crate) struct Seeded(pub(crate) u64);

impl Entropy for Seeded {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyUnavailable> {
        for chunk in bytes.chunks_mut(8) {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// A clock that stands still until it is moved.
pub(crate) struct StillClock(AtomicU64);

impl StillClock {
    pub(crate) const fn at(now: UnixTime) -> Self {
        Self(AtomicU64::new(now.as_secs()))
    }

    pub(crate) fn set(&self, now: UnixTime) {
        self.0.store(now.as_secs(), Ordering::Relaxed);
    }
}

impl Clock for StillClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0.load(Ordering::Relaxed))
    }
}

pub(crate) fn root() -> PublicKey {
    SoftwareCrypto.public_key(&ROOT).unwrap()
}

pub(crate) fn authority(overrides: PolicyOverrides) -> Arc<Authority> {
    let public_key = SoftwareCrypto.public_key(&SIGNING).unwrap();
    let from = START.saturating_sub(Duration::from_days(1));
    let until = START.saturating_add(Duration::from_days(3_650));
    let certificate =
        SigningCertificate::issue(&SoftwareCrypto, &ROOT, public_key, 1, from, until).unwrap();
    Arc::new(Authority {
        catalogue: Catalogue::shipped(root()),
        signer: Signer { crypto: Arc::new(SoftwareCrypto), key: SIGNING, certificate },
        overrides,
        epoch: 1,
        answers: AnswerClock::default(),
    })
}

/// A manager: one account with its default virtual account, and no licences.
pub(crate) struct World {
    dir: TempDir,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) authority: Arc<Authority>,
    pub(crate) now: UnixTime,
    pub(crate) entropy: Seeded,
    pub(crate) account: AccountId,
    pub(crate) place: VirtualAccountId,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(PolicyOverrides::default())
    }

    pub(crate) fn with(overrides: PolicyOverrides) -> Self {
        let dir = TempDir::new().unwrap();
        let store: Arc<dyn Store> =
            Arc::new(SqliteStore::open(&dir.path().join("manager.db")).unwrap());
        let mut world = Self {
            dir,
            store,
            authority: authority(overrides),
            now: START,
            entropy: Seeded(1),
            account: AccountId(0),
            place: VirtualAccountId(0),
        };
        (world.account, world.place) = world.add_account("Example Account");
        world
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join("manager.db")
    }

    /// What a restart does: the database is opened again, and what was in memory is gone.
    pub(crate) fn reopen(&mut self) {
        self.authority = authority(self.authority.overrides);
        self.store = Arc::new(SqliteStore::open(&self.path()).unwrap());
    }

    pub(crate) fn pass(&mut self, span: Duration) {
        self.now = self.now.saturating_add(span);
    }

    /// Runs a change as the engine would; an error undoes it.
    pub(crate) fn change<R, F>(&mut self, change: F) -> Result<R, DomainError>
    where
        F: FnOnce(&mut dyn Transaction, &mut Scene<'_>, &Authority) -> Result<R, DomainError>,
    {
        let mut tx = self.store.begin().unwrap();
        let mut scene = Scene {
            now: self.now,
            actor: "tester",
            crypto: &SoftwareCrypto,
            entropy: &mut self.entropy,
        };
        let result = change(&mut *tx, &mut scene, &self.authority)?;
        tx.commit().unwrap();
        Ok(result)
    }

    pub(crate) fn view<R>(&self, read: impl FnOnce(&dyn View) -> R) -> R {
        read(&*self.store.view().unwrap())
    }

    pub(crate) fn add_account(&mut self, name: &str) -> (AccountId, VirtualAccountId) {
        let account = self.change(|tx, scene, _| Ok(account::create(tx, scene, name)?.id)).unwrap();
        let found = self.view(|v| v.virtual_account_by_name(account, account::DEFAULT_NAME));
        (account, found.unwrap().unwrap().id)
    }

    pub(crate) fn add_place(&mut self, name: &str) -> VirtualAccountId {
        let account = self.account;
        let added =
            self.change(|tx, scene, _| account::create_virtual(tx, scene, account, None, name));
        added.unwrap().id
    }

    pub(crate) fn token(&mut self) -> Token {
        self.token_for(self.place, None).1
    }

    pub(crate) fn token_for(
        &mut self,
        virtual_account: VirtualAccountId,
        max_uses: Option<u32>,
    ) -> (TokenRow, Token) {
        let new = NewToken {
            virtual_account,
            description: "test".into(),
            days: 30,
            max_uses,
            export_controlled: false,
        };
        self.change(|tx, scene, _| token::create(tx, scene, &new)).unwrap()
    }

    /// Deposits perpetual licences.
    pub(crate) fn buy(&mut self, tag: &str, quantity: u32) -> LineRow {
        self.buy_term(tag, quantity, None, None)
    }

    pub(crate) fn buy_term(
        &mut self,
        tag: &str,
        quantity: u32,
        start: Option<UnixTime>,
        end: Option<UnixTime>,
    ) -> LineRow {
        let new = NewLine {
            virtual_account: self.place,
            tag: tag.into(),
            quantity,
            start,
            end,
            order: "order".into(),
        };
        let deposited = self
            .change(|tx, scene, authority| license::deposit(tx, scene, &authority.catalogue, &new));
        deposited.unwrap()
    }

    /// Judges a frame as the engine would.
    pub(crate) fn send(&mut self, frame: &[u8]) -> Vec<u8> {
        let answered = self.change(|tx, scene, authority| {
            let parsed = RequestFrame::parse(&SoftwareCrypto, frame).unwrap();
            match device::prove(tx, authority, &parsed, scene.now)? {
                Sender::Proven(proof) => device::answer(tx, scene, authority, &parsed, &proof),
                Sender::Unproven(reason) => device::dismiss(authority, &parsed, reason, scene.now),
            }
        });
        answered.unwrap()
    }

    pub(crate) fn row(&self, machine: &Machine) -> DeviceRow {
        self.view(|view| view.device_by_udi(&machine.udi())).unwrap().unwrap()
    }

    /// The last reported peak of a tag.
    pub(crate) fn peak(&self, machine: &Machine, tag: &str) -> u32 {
        let rows = self.view(|view| view.usage(self.row(machine).id)).unwrap();
        rows.iter().find(|row| row.tag == tag).map_or(0, |row| row.peak)
    }

    pub(crate) fn events(&self) -> Vec<EventRow> {
        self.view(|view| view.events_in_order(ALL)).unwrap()
    }

    pub(crate) fn count_events(&self, name: &str) -> usize {
        self.events().iter().filter(|event| event.name == name).count()
    }

    pub(crate) fn devices(&self) -> Vec<DeviceRow> {
        let filter = Filter { with_removed: true, ..Filter::default() };
        self.view(|view| view.devices(&filter, ALL)).unwrap()
    }

    pub(crate) fn uses(&self, token: &TokenRow) -> u32 {
        self.view(|view| view.token(token.id)).unwrap().unwrap().uses
    }
}

/// A device as the manager sees it: a UDI, a key, numbers, and what it was last told.
#[derive(Clone)]
pub(crate) struct Machine {
    pub(crate) serial_number: String,
    pub(crate) product_id: String,
    pub(crate) key: KeyHandle,
    pub(crate) instance: Option<InstanceId>,
    pub(crate) number: RequestNumber,
    pub(crate) last_answer: AnswerNumber,
}

impl Machine {
    pub(crate) fn new(serial_number: &str) -> Self {
        let seed = SoftwareCrypto.digest(&[serial_number.as_bytes()]).0;
        Self {
            serial_number: serial_number.into(),
            product_id: contact_center::PRODUCT_ID.into(),
            key: KeyHandle(seed),
            instance: None,
            number: RequestNumber { epoch: u32::from(seed[0]) + 1, sequence: 0 },
            last_answer: AnswerNumber::default(),
        }
    }

    pub(crate) fn registered(world: &mut World, serial_number: &str) -> Self {
        let mut machine = Self::new(serial_number);
        let token = world.token();
        machine.register(world, token, false);
        assert!(machine.instance.is_some());
        machine
    }

    /// A machine with a new key, for a registration that is not a repeat.
    pub(crate) fn with_new_key(&self, seed: u8) -> Self {
        Self { key: KeyHandle([seed; 32]), ..self.clone() }
    }

    pub(crate) fn udi(&self) -> Udi<'_> {
        Udi::new(&self.product_id, &self.serial_number, None).unwrap()
    }

    pub(crate) fn public_key(&self) -> PublicKey {
        SoftwareCrypto.public_key(&self.key).unwrap()
    }

    /// The next request; its digest is what the answer must carry.
    pub(crate) fn frame(&mut self, body: RequestBody<'_>) -> (Vec<u8>, Digest) {
        self.number.sequence += 1;
        let instance = match body {
            RequestBody::Register(_) => None,
            _ => self.instance,
        };
        let mut nonce = Nonce([self.key.0[0]; 16]);
        nonce.0[..8].copy_from_slice(&self.number.sequence.to_be_bytes());
        let request = Request { udi: self.udi(), instance, number: self.number, nonce, body };
        let mut frame = vec![0; FRAME_MAX];
        let (length, digest) =
            encode_request(&SoftwareCrypto, &self.key, &request, &mut frame).unwrap();
        frame.truncate(length);
        (frame, digest)
    }

    pub(crate) fn register_frame(&mut self, token: Token, force: bool) -> (Vec<u8>, Digest) {
        let public_key = self.public_key();
        self.frame(RequestBody::Register(Register { token, public_key, force }))
    }

    pub(crate) fn report_frame(&mut self, usage: &[(&str, u32)]) -> (Vec<u8>, Digest) {
        let usage = usage.iter().map(|&(tag, peak)| Usage { tag, peak }).collect();
        self.frame(RequestBody::Report(Report {
            host_name: "pbx.example.org",
            software_version: "15.0",
            covers_seconds: 28_800,
            usage,
        }))
    }

    /// Decides whether to believe an answer, by the rule of the core.
    pub(crate) fn believe(&mut self, answer: &[u8], request: Digest) -> AnswerBody<'static> {
        // Kept for the length of the test, so that what is said can be handed around.
        let answer: &'static [u8] = Vec::leak(answer.to_vec());
        let frame = AnswerFrame::parse(&SoftwareCrypto, answer).unwrap();
        let expected = Expected {
            root: root(),
            device: self.udi().fingerprint(&SoftwareCrypto),
            request,
            newer_than: self.last_answer,
        };
        let answer = accept(&SoftwareCrypto, frame, &expected).unwrap().into_inner();
        self.last_answer = answer.number;
        if let AnswerBody::Registered(registered) = &answer.body {
            self.instance = Some(registered.certificate.instance);
        }
        answer.body
    }

    pub(crate) fn ask(&mut self, world: &mut World, body: RequestBody<'_>) -> AnswerBody<'static> {
        let (frame, digest) = self.frame(body);
        let answer = world.send(&frame);
        self.believe(&answer, digest)
    }

    pub(crate) fn register(
        &mut self,
        world: &mut World,
        token: Token,
        force: bool,
    ) -> AnswerBody<'static> {
        let public_key = self.public_key();
        self.ask(world, RequestBody::Register(Register { token, public_key, force }))
    }

    pub(crate) fn report(
        &mut self,
        world: &mut World,
        usage: &[(&str, u32)],
    ) -> AnswerBody<'static> {
        let (frame, digest) = self.report_frame(usage);
        let answer = world.send(&frame);
        self.believe(&answer, digest)
    }

    /// Whether a report of exactly these seats in use is covered; peaks are at or above a tier.
    pub(crate) fn is_covered(&mut self, world: &mut World, standard: u32, premium: u32) -> bool {
        let usage = [(STANDARD, standard + premium), (PREMIUM, premium)];
        match self.report(world, &usage) {
            AnswerBody::Authorization(said) => said.out_of_compliance_since.is_none(),
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) fn refused(reason: Refusal) -> AnswerBody<'static> {
    AnswerBody::Refused(reason)
}
