//! The license manager of a simulation: the real domain, on a store in memory, without threads.

mod reservations;
mod tokens;

use super::crypto::StandIn;
use super::scenario::{Amount, Purchase, ROOT, Scenario, TokenKind};
use anyhow::anyhow;
use leasehold_core::crypto::{Crypto, Digest, KeyHandle};
use leasehold_core::identity::Udi;
use leasehold_core::product::LicenseType;
use leasehold_core::time::{Duration, UnixTime};
use leasehold_core::wire::{RequestFrame, SigningCertificate};
use leasehold_manager::domain::catalogue::Catalogue;
use leasehold_manager::domain::device::{self, Sender};
use leasehold_manager::domain::license::{self, NewLine};
use leasehold_manager::domain::overrides::PolicyOverrides;
use leasehold_manager::domain::reservation::Attempts;
use leasehold_manager::domain::token;
use leasehold_manager::domain::{
    AnswerClock, Authority, DomainError, Entropy, EntropyUnavailable, Scene, Signer, account,
    housekeeping, instance,
};
use leasehold_manager::store::memory::MemoryStore;
use leasehold_manager::store::{Filter, Page, Store, Transaction, VirtualAccountId};
use leasehold_shim::problem::Problem;
use std::sync::Arc;
use tokens::Tokens;

/// The second that a scenario begins in: 2026-01-01 00:00 UTC.
pub(super) const BEGIN: UnixTime = UnixTime::from_secs(1_767_225_600);
const SIGNING: KeyHandle = KeyHandle([2; 32]);
/// Every row there is.
const ALL: Page = Page { after: 0, limit: u32::MAX };
/// How often the house is kept where nothing is due: only old history waits for it.
const HOUSEKEEPING: Duration = Duration::from_days(1);

/// The moment `seconds` after the begin of a scenario, by the manager's clock, which is right.
pub(super) const fn moment(seconds: u32) -> UnixTime {
    BEGIN.saturating_add(Duration::from_secs(seconds))
}

/// Something that the manager noticed by itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Notice {
    /// The device has not been heard of for so many days (SPEC L4).
    DeviceSilent { days: u64 },
    /// What it used is free for others again (SPEC L4).
    UsageReleased,
}

/// A manager with one account that owns what the scenario says.
pub(super) struct Manager {
    store: MemoryStore,
    authority: Authority,
    license_type: &'static LicenseType<'static>,
    place: VirtualAccountId,
    entropy: Numbered,
    tokens: Tokens,
    /// The last entry of the event log that was looked at.
    looked_at: i64,
    /// When the house is kept next, in seconds.
    housekeeping: u32,
}

impl Manager {
    /// The manager of `scenario`, at its first second.
    ///
    /// # Errors
    /// When the domain refuses what it is set up with.
    pub(super) fn new(scenario: &Scenario) -> anyhow::Result<Self> {
        let public_key = StandIn.public(&SIGNING);
        let (from, until) = (UnixTime::default(), moment(u32::MAX));
        let certificate = SigningCertificate::issue(&StandIn, &ROOT, public_key, 1, from, until)
            .map_err(|_| anyhow!("The simulated root key cannot sign. {DEFECT}"))?;
        let authority = Authority {
            catalogue: Catalogue::new(&[scenario.product]),
            signer: Signer {
                crypto: Arc::new(StandIn),
                key: SIGNING,
                certificate,
                reservation_key: None,
            },
            overrides: PolicyOverrides::default(),
            epoch: 1,
            answers: AnswerClock::default(),
            attempts: Attempts::default(),
        };
        let store = MemoryStore::new();
        let mut entropy = Numbered::default();
        let mut tx = store.begin()?;
        let scene = &mut scene(BEGIN, &mut entropy);
        let owner = account::create(&mut *tx, scene, "Example Company")?;
        let place = tx
            .virtual_account_by_name(owner.id, account::DEFAULT_NAME)?
            .ok_or_else(|| anyhow!("The simulated account has no pool. {DEFECT}"))?
            .id;
        let tokens = Tokens::make(&mut *tx, scene, place)?;
        let looked_at = tx.last_event()?.map_or(0, |(number, _)| number);
        tx.commit()?;
        let license_type = scenario.license_type;
        let mut manager = Self {
            store,
            authority,
            license_type,
            place,
            entropy,
            tokens,
            looked_at,
            housekeeping: 0,
        };
        let owned = scenario.owned.iter().filter(|one| one.n > 0);
        let owned: Vec<Purchase> = owned.map(|&amount| Purchase { amount, term: None }).collect();
        manager.buy(&owned, 0)?.map_err(|problem| anyhow!("{problem}"))?;
        Ok(manager)
    }

    /// Answers a request of a device.
    ///
    /// # Errors
    /// When it is no request, or nothing could be decided.
    pub(super) fn answer(&mut self, request: &[u8], t: u32) -> anyhow::Result<Vec<u8>> {
        let now = moment(t);
        let frame = RequestFrame::parse(&StandIn, request)
            .map_err(|error| anyhow!("The agent sent what is no request: {error:?}. {DEFECT}"))?;
        let mut tx = self.store.begin()?;
        let answer = match device::prove(&*tx, &self.authority, &frame, now)? {
            Sender::Unproven(unproven) => device::dismiss(&self.authority, &frame, unproven, now)?,
            Sender::Proven(proof) => {
                let scene = &mut scene(now, &mut self.entropy);
                device::answer(&mut *tx, scene, &self.authority, &frame, &proof)?
            }
        };
        let next_look = tx.next_look()?;
        tx.commit()?;
        self.look_by(next_look);
        Ok(answer)
    }

    /// The text of a token.
    pub(super) fn token(&self, kind: TokenKind) -> &str {
        self.tokens.text(kind)
    }

    /// Revokes the valid token.
    ///
    /// # Errors
    /// When the domain fails; inside, why it refuses.
    pub(super) fn revoke_token(&mut self, t: u32) -> anyhow::Result<Result<(), Problem>> {
        let id = self.tokens.valid();
        self.change(t, |tx, scene, _| token::revoke(tx, scene, id).map(|_| ()))
    }

    /// Removes the instance of a device.
    ///
    /// # Errors
    /// As [`Manager::revoke_token`].
    pub(super) fn remove_instance(
        &mut self,
        udi: &Udi<'_>,
        t: u32,
    ) -> anyhow::Result<Result<(), Problem>> {
        self.change(t, |tx, scene, _| {
            let found =
                tx.device_by_udi(udi)?.ok_or(DomainError::NotFound("registered instance"))?;
            instance::remove(tx, scene, found.id).map(|_| ())
        })
    }

    /// Deposits licences.
    ///
    /// # Errors
    /// As [`Manager::revoke_token`].
    pub(super) fn buy(
        &mut self,
        purchases: &[Purchase],
        t: u32,
    ) -> anyhow::Result<Result<(), Problem>> {
        let (place, license_type) = (self.place, self.license_type);
        self.change(t, |tx, scene, authority| {
            purchases.iter().try_for_each(|Purchase { amount, term }| {
                let tag = tag(license_type, amount.feature);
                let end = term.map(|term| scene.now.saturating_add(Duration::from_secs(term)));
                deposit(tx, scene, authority, place, tag, (amount.n, end))
            })
        })
    }

    /// Ends so many owned licences now.
    ///
    /// # Errors
    /// As [`Manager::revoke_token`].
    pub(super) fn expire(
        &mut self,
        amounts: &[Amount],
        t: u32,
    ) -> anyhow::Result<Result<(), Problem>> {
        let (place, license_type) = (self.place, self.license_type);
        self.change(t, |tx, scene, authority| {
            amounts.iter().try_for_each(|amount| {
                end(tx, scene, authority, place, tag(license_type, amount.feature), *amount)
            })
        })
    }

    /// When the house is to be kept next.
    pub(super) const fn housekeeping(&self) -> u32 {
        self.housekeeping
    }

    /// Keeps the house; gives what was noticed.
    ///
    /// # Errors
    /// When the domain fails.
    pub(super) fn keep_house(&mut self, t: u32) -> anyhow::Result<Vec<Notice>> {
        let now = moment(t);
        let mut tx = self.store.begin()?;
        housekeeping::run(&mut *tx, &scene(now, &mut self.entropy))?;
        let entries = tx.events_in_order(Page { after: self.looked_at, ..ALL })?;
        let next_look = tx.next_look()?;
        tx.commit()?;
        self.looked_at = entries.last().map_or(self.looked_at, |entry| entry.number);
        self.housekeeping = t.saturating_add(HOUSEKEEPING.as_secs());
        self.look_by(next_look);
        let notice = |entry: &leasehold_manager::store::EventRow| match entry.name.as_str() {
            "DeviceSilent" => Some(Notice::DeviceSilent { days: days(&entry.detail) }),
            "UsageReleased" => Some(Notice::UsageReleased),
            _ => None,
        };
        Ok(entries.iter().filter_map(notice).collect())
    }

    fn look_by(&mut self, next_look: Option<UnixTime>) {
        let at = next_look.map(|at| at.saturating_since(BEGIN).as_secs());
        self.housekeeping = at.map_or(self.housekeeping, |at| self.housekeeping.min(at));
    }

    fn change<T>(
        &mut self,
        t: u32,
        change: impl FnOnce(&mut dyn Transaction, &mut Scene<'_>, &Authority) -> Result<T, DomainError>,
    ) -> anyhow::Result<Result<T, Problem>> {
        let mut tx = self.store.begin()?;
        match change(&mut *tx, &mut scene(moment(t), &mut self.entropy), &self.authority) {
            Ok(done) => {
                tx.commit()?;
                Ok(Ok(done))
            }
            Err(DomainError::Store(error)) => Err(error.into()),
            // Dropping the transaction undoes it.
            Err(refused) => Ok(Err(refusal(&refused))),
        }
    }
}

const DEFECT: &str = "This is a defect of the program: please report it.";

fn scene(now: UnixTime, entropy: &mut Numbered) -> Scene<'_> {
    Scene { now, actor: "simulation", crypto: &StandIn, entropy }
}

/// The domain's sentences, apart.
fn refusal(error: &DomainError) -> Problem {
    let text = error.to_string();
    let (cause, remedy) = text.split_once(". ").unwrap_or((&text, ""));
    Problem::new("manager-refused", format!("{}.", cause.trim_end_matches('.')), remedy)
}

fn days(detail: &str) -> u64 {
    let detail = serde_json::from_str::<serde_json::Value>(detail).unwrap_or_default();
    detail.get("days").and_then(serde_json::Value::as_u64).unwrap_or_default()
}

/// The tag that a feature of the license type takes.
fn tag<'l>(license_type: &'l LicenseType<'l>, feature: &str) -> &'l str {
    let feature = license_type.features.iter().find(|known| known.name == feature);
    let index = feature.map(|feature| usize::from(feature.entitlement));
    index.and_then(|index| license_type.entitlement(index)).map_or("", |found| found.tag)
}

fn deposit(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    authority: &Authority,
    place: VirtualAccountId,
    tag: &str,
    (quantity, end): (u32, Option<UnixTime>),
) -> Result<(), DomainError> {
    let line = NewLine {
        virtual_account: place,
        tag: tag.into(),
        quantity,
        start: None,
        end,
        order: "simulation".into(),
    };
    license::deposit(tx, scene, &authority.catalogue, &line).map(|_| ())
}

/// Ends lines until `amount` of them is gone; what is too much of the last one is deposited anew.
fn end(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    authority: &Authority,
    place: VirtualAccountId,
    tag: &str,
    amount: Amount,
) -> Result<(), DomainError> {
    let filter = Filter { virtual_account: Some(place), ..Filter::default() };
    let mut left = amount.n;
    for line in tx.lines(&filter, ALL)? {
        let runs = line.end.is_none_or(|end| end > scene.now);
        if left == 0 || !runs || *line.tag != *tag {
            continue;
        }
        if let Some(rest) = line.quantity.checked_sub(left).filter(|rest| *rest > 0) {
            deposit(tx, scene, authority, place, tag, (rest, line.end))?;
        }
        // Last: reservations may need the rest (SPEC L11).
        license::end(tx, scene, line.id)?;
        left = left.saturating_sub(line.quantity);
    }
    if left == 0 {
        return Ok(());
    }
    Err(DomainError::Invalid(format!(
        "Only {} of {} are owned, and {} cannot end. Let fewer end.",
        amount.n - left,
        amount.feature,
        amount.n
    )))
}

/// The digests of the numbers from one: the same in every run.
#[derive(Debug, Default)]
struct Numbered {
    drawn: u64,
}

impl Entropy for Numbered {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyUnavailable> {
        for chunk in bytes.chunks_mut(size_of::<Digest>()) {
            self.drawn += 1;
            let digest = StandIn.digest(&[b"manager", &self.drawn.to_le_bytes()]).0;
            chunk.iter_mut().zip(digest).for_each(|(place, byte)| *place = byte);
        }
        Ok(())
    }
}
