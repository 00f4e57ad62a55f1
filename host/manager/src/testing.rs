//! What the tests of this crate are built from: a manager on a temporary database, and devices
//! that believe an answer only as a real one would.

mod machine;
mod reserver;

use crate::domain::catalogue::Catalogue;
use crate::domain::device::{self, Sender};
use crate::domain::license::{self, NewLine};
use crate::domain::overrides::PolicyOverrides;
use crate::domain::reservation::Attempts;
use crate::domain::token::{self, NewToken};
use crate::domain::{
    AnswerClock, Authority, DomainError, Entropy, EntropyUnavailable, Scene, Signer, account,
    recovery,
};
use crate::engine::Clock;
use crate::store::memory::MemoryStore;
use crate::store::sqlite::{self, SqliteStore};
use crate::store::{
    AccountId, DeviceRow, EventRow, Filter, LineRow, Page, Store, TokenRow, Transaction, View,
    VirtualAccountId,
};
use leasehold_core::crypto::{Crypto, KeyHandle, PublicKey, SoftwareCrypto};
use leasehold_core::time::{Duration, UnixTime};
use leasehold_core::token::Token;
use leasehold_core::wire::{AnswerBody, Refusal, RequestFrame, SigningCertificate};
pub(crate) use machine::Machine;
pub(crate) use reserver::Reserver;
use std::fs;
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
    authority_of(0, overrides)
}

fn authority_of(epoch: u32, overrides: PolicyOverrides) -> Arc<Authority> {
    let public_key = SoftwareCrypto.public_key(&SIGNING).unwrap();
    let from = START.saturating_sub(Duration::from_days(1));
    let until = START.saturating_add(Duration::from_days(3_650));
    let certificate =
        SigningCertificate::issue(&SoftwareCrypto, &ROOT, public_key, 1, from, until).unwrap();
    Arc::new(Authority {
        catalogue: Catalogue::shipped(root()),
        signer: Signer {
            crypto: Arc::new(SoftwareCrypto),
            key: SIGNING,
            certificate,
            reservation_key: None,
        },
        overrides,
        epoch,
        answers: AnswerClock::default(),
        attempts: Attempts::default(),
    })
}

/// A copy of a database, and when it was made.
pub(crate) struct Backup {
    dir: TempDir,
    made: UnixTime,
}

/// A manager: one account with its default virtual account, and no licences.
pub(crate) struct World {
    /// Where the database is, unless it is in memory.
    dir: Option<TempDir>,
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
        let store = SqliteStore::open(&dir.path().join("manager.db")).unwrap();
        Self::on(Arc::new(store), Some(dir), overrides)
    }

    pub(crate) fn in_memory() -> Self {
        Self::on(Arc::new(MemoryStore::new()), None, PolicyOverrides::default())
    }

    fn on(store: Arc<dyn Store>, dir: Option<TempDir>, overrides: PolicyOverrides) -> Self {
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
        self.dir.as_ref().unwrap().path().join("manager.db")
    }

    /// What a restart does: the database is opened again, and what was in memory is gone.
    pub(crate) fn reopen(&mut self) {
        self.store = Arc::new(SqliteStore::open(&self.path()).unwrap());
        let epoch = self.view(|view| recovery::epoch(view)).unwrap();
        self.authority = authority_of(epoch, self.authority.overrides);
    }

    /// A backup of the database, which is in use.
    pub(crate) fn back_up(&self) -> Backup {
        let dir = TempDir::new().unwrap();
        sqlite::copy(&self.path(), &dir.path().join("manager.db")).unwrap();
        Backup { dir, made: self.now }
    }

    /// The database is lost, and a backup put in its place; gives how many reservations are frozen.
    pub(crate) fn restore(&mut self, backup: &Backup) -> Result<u64, DomainError> {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("manager.db");
        fs::copy(backup.dir.path().join("manager.db"), &path).unwrap();
        let store = SqliteStore::open(&path).unwrap();
        let entropy = &mut self.entropy;
        let scene = Scene { now: self.now, actor: "restore", crypto: &SoftwareCrypto, entropy };
        let mut tx = store.begin()?;
        let (_, frozen) = recovery::begin(&mut *tx, &scene, backup.made, 0)?;
        tx.commit()?;
        self.dir = Some(dir);
        self.reopen();
        Ok(frozen)
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
        rows.iter().find(|row| &*row.tag == tag).map_or(0, |row| row.peak)
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

pub(crate) fn refused(reason: Refusal) -> AnswerBody<'static> {
    AnswerBody::Refused(reason)
}
