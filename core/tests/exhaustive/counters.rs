//! What is counted and reported, against a history in which nothing is ever forgotten but what was
//! answered (SPEC C1–C4, X4, X9, X15).
//!
//! Use changes at any moment, also between a report and its answer, as it does in interrupts.

use crate::keyed_hash::KeyedHash;
use crate::manager::{EPOCH, GOOD, Manager, ROOT, peaks};
use leasehold_core::agent::{
    Agent, BUFFER_MIN, Command, Device, Input, Output, RecordKind, Stored, TransportError,
};
use leasehold_core::counters::{CountError, Counters};
use leasehold_core::crypto::Crypto;
use leasehold_core::identity::Udi;
use leasehold_core::policy::Policy;
use leasehold_core::product::{Entitlement, Feature, LicenseType, ProductDefinition};
use leasehold_core::products::contact_center::{self, FLEX};
use leasehold_core::time::{Instant, Now, UnixTime};
use leasehold_core::wire::RequestFrame;
use proptest::prelude::*;
use std::thread;

const fn tier(tag: &'static str) -> Entitlement<'static> {
    Entitlement { name: tag, tag, ..FLEX.entitlements[0] }
}

/// A chain of three tiers, lowest first, and a port that stands alone and that no one limits.
static TIERS: LicenseType<'static> = LicenseType {
    entitlements: &[
        tier("bronze"),
        tier("silver"),
        tier("gold"),
        Entitlement { name: "port", tag: "port", chain: None, controlled: false, ..tier("port") },
    ],
    features: &[
        Feature { name: "bronze", entitlement: 0 },
        Feature { name: "silver", entitlement: 1 },
        Feature { name: "gold", entitlement: 2 },
        Feature { name: "port", entitlement: 3 },
    ],
    ..FLEX
};
const KINDS: usize = 4;
const TIERED: usize = 3;
static ABOUT: Device<'static> = Device {
    udi: Udi { product_id: "LH-CC", serial_number: "A1B2C3", uuid: None },
    host_name: "",
    software_version: "1",
    size_profile: None,
};
/// Owned of each entitlement.
const OWNED: u32 = 4;
/// Peaks may lose at most this much to a power cut, in seconds (SPEC X15).
const AT_RISK: u64 = 15 * 60;

/// When the device is switched on first, in seconds: after a while of nothing.
const START: u64 = 86_400;

type PerKind = [u32; KINDS];

#[derive(Clone, Debug)]
enum Act {
    Acquire(usize, u32),
    AcquireAll(Vec<(usize, u32)>),
    Release(usize, u32),
    /// Time passes, in minutes, and the agent does what it has to.
    Pass(u64),
    /// `renew auth`.
    Report,
    /// The answer to the report on its way arrives.
    Answer,
    /// It is lost.
    Lose,
    /// Over-use is allowed or denied.
    AllowOverage(bool),
    Limit(usize, Option<u32>),
    /// Switched off in order, and on.
    Restart,
    /// Loses power, and boots.
    PowerCut,
}

fn act() -> impl Strategy<Value = Act> {
    let one = || (0..KINDS, 0..6_u32);
    prop_oneof![
        6 => one().prop_map(|(kind, n)| Act::Acquire(kind, n)),
        2 => prop::collection::vec(one(), 0..4).prop_map(Act::AcquireAll),
        5 => one().prop_map(|(kind, n)| Act::Release(kind, n)),
        3 => (1..200_u64).prop_map(Act::Pass),
        3 => Just(Act::Report),
        4 => Just(Act::Answer),
        2 => Just(Act::Lose),
        1 => any::<bool>().prop_map(Act::AllowOverage),
        1 => (0..TIERED, prop::option::of(0..9_u32)).prop_map(|(kind, n)| Act::Limit(kind, n)),
        1 => Just(Act::Restart),
        1 => Just(Act::PowerCut),
    ]
}

/// For each tier, what it and the higher ones have together.
fn at_or_above(of_each: &PerKind) -> PerKind {
    let mut sums = *of_each;
    for tier in 0..TIERED {
        sums[tier] = of_each[tier..TIERED].iter().sum();
    }
    sums
}

/// The reference: every moment since the last answered report was sent.
struct History {
    in_use: PerKind,
    /// When each began, and what was in use.
    moments: Vec<(u64, PerKind)>,
    /// How many of them belong to intervals that a report on its way, or one lost, has closed.
    closed: usize,
    /// Peaks that a boot is known to have kept.
    kept: PerKind,
    overage_allowed: bool,
    limits: [Option<u32>; TIERED],
}

impl History {
    const fn new() -> Self {
        Self {
            in_use: [0; KINDS],
            moments: Vec::new(),
            closed: 0,
            kept: [0; KINDS],
            overage_allowed: true,
            limits: [None; TIERED],
        }
    }

    fn note(&mut self, now: u64) {
        self.moments.push((now, self.in_use));
    }

    /// The peaks of all moments that began by `until`.
    fn peaks(&self, until: u64) -> PerKind {
        let moments = self.moments.iter().filter(|(at, _)| *at <= until);
        moments.fold(self.kept, |mut peaks, (_, in_use)| {
            for (peak, sum) in peaks.iter_mut().zip(at_or_above(in_use)) {
                *peak = (*peak).max(sum);
            }
            peaks
        })
    }

    /// SPEC C2, C4: for every tier the use at or above it is at most what is allowed at or above it.
    fn allows(&self, kind: usize, n: u32) -> bool {
        if self.overage_allowed || n == 0 || kind >= TIERED {
            return true;
        }
        let mut then = self.in_use;
        then[kind] += n;
        let mut allowed = [OWNED; KINDS];
        for (allowed, limit) in allowed.iter_mut().zip(self.limits) {
            *allowed = limit.unwrap_or(OWNED);
        }
        let (then, allowed) = (at_or_above(&then), at_or_above(&allowed));
        // Tiers above the one acquired are not made worse by it.
        (0..=kind).all(|tier| then[tier] <= allowed[tier])
    }
}

/// A registered device whose reports and answers are carried by hand.
struct Bench<'a> {
    counters: &'a Counters<'a, KINDS>,
    agent: Agent<'a, KeyedHash, KINDS>,
    off: &'a Agent<'a, KeyedHash, KINDS>,
    flash: [[Option<Vec<u8>>; 2]; 2],
    manager: Manager,
    time: u64,
    booted_at: u64,
    boots: u8,
    /// The request on its way.
    sent: Option<Vec<u8>>,
    history: History,
}

impl<'a> Bench<'a> {
    fn now(&self) -> Now {
        Now::with_real_time(
            Instant::from_secs((self.time - self.booted_at) as u32),
            UnixTime::from_secs(EPOCH + self.time),
        )
    }

    fn boot(&mut self) {
        self.booted_at = self.time;
        self.boots += 1;
        self.sent = None;
        self.agent = self.off.fork(self.counters);
        let [identity, ledger] =
            self.flash.each_ref().map(|slots| slots.each_ref().map(|slot| slot.as_deref()));
        let now = self.now();
        self.agent.boot(now, Stored { identity, ledger, counter: None }).unwrap();
    }

    fn input(&mut self, input: Input<'_>) {
        let now = self.now();
        self.agent.handle_input(now, input).unwrap();
    }

    /// Does what the agent asks; what it sends stays on its way.
    fn settle(&mut self) -> Result<Option<u64>, TestCaseError> {
        let mut buffer = [0; BUFFER_MIN];
        loop {
            match self.agent.poll_output(&mut buffer) {
                Output::Wait(at) => {
                    return Ok(at.map(|at| self.booted_at + u64::from(at.as_secs())));
                }
                Output::Event(_) => {}
                Output::NeedEntropy => self.input(Input::Entropy(&[self.boots; 32])),
                Output::Persist { record, slot, length } => {
                    let kind = usize::from(record == RecordKind::Ledger);
                    self.flash[kind][slot] = Some(buffer[..length].to_vec());
                    self.input(Input::Persisted(record));
                }
                Output::Transmit { length } => self.sending(&buffer[..length])?,
                Output::RaiseCounter { .. } => panic!("there is none"),
            }
        }
    }

    /// A report says every peak since the last answered one, and closes the interval.
    fn sending(&mut self, frame: &[u8]) -> Result<(), TestCaseError> {
        let parsed = RequestFrame::parse(&KeyedHash, frame).unwrap();
        let reported: Vec<u32> = peaks(&parsed).collect();
        if !reported.is_empty() {
            let expected = self.history.peaks(self.time);
            prop_assert_eq!(&reported[..], &expected[..], "what is reported");
            self.history.closed = self.history.moments.len();
            // The next interval starts at the current use.
            self.history.note(self.time);
        }
        self.sent = Some(frame.to_vec());
        Ok(())
    }

    /// The answer arrives; where the agent still waits for it, what was reported is done with.
    fn answer(&mut self) -> Result<(), TestCaseError> {
        let Some(frame) = self.sent.take() else { return Ok(()) };
        let mut buffer = [0; BUFFER_MIN];
        let (_, _, length) = self.manager.answer(&frame, self.time, &mut buffer);
        let is_report = peaks(&RequestFrame::parse(&KeyedHash, &frame).unwrap()).count() > 0;
        if self.agent.status().in_contact && is_report {
            self.history.moments.drain(..self.history.closed);
            self.history.closed = 0;
            self.history.kept = [0; KINDS];
        }
        self.input(Input::Received(&buffer[..length]));
        self.settle()?;
        Ok(())
    }

    fn pass(&mut self, minutes: u64) -> Result<(), TestCaseError> {
        let end = self.time + minutes * 60;
        self.input(Input::Wake);
        while let Some(at) = self.settle()?.filter(|&at| at <= end) {
            self.time = at;
            self.input(Input::Wake);
        }
        self.time = end;
        self.input(Input::Wake);
        self.settle()?;
        Ok(())
    }

    fn acquire(&mut self, wanted: &[(usize, u32)]) -> Result<(), TestCaseError> {
        let before = self.history.in_use;
        let mut expected = true;
        for &(kind, n) in wanted {
            expected &= self.history.allows(kind, n);
            self.history.in_use[kind] += n;
        }
        let ids: Vec<_> = wanted
            .iter()
            .map(|&(kind, n)| (self.counters.feature(TIERS.features[kind].name).unwrap(), n))
            .collect();
        let taken = match ids.as_slice() {
            &[(feature, n)] => self.counters.acquire(feature, n),
            all => self.counters.acquire_all(all),
        };
        prop_assert_eq!(taken.is_ok(), expected, "{:?} of {:?}: {:?}", wanted, before, taken);
        if taken.is_err() {
            prop_assert!(matches!(taken, Err(CountError::Denied { .. })), "{:?}", taken);
            self.history.in_use = before;
        }
        self.history.note(self.time);
        self.input(Input::Wake);
        Ok(())
    }

    fn release(&mut self, kind: usize, n: u32) -> Result<(), TestCaseError> {
        let feature = self.counters.feature(TIERS.features[kind].name).unwrap();
        let in_use = self.history.in_use[kind];
        let expected = match in_use.checked_sub(n) {
            Some(left) => {
                self.history.in_use[kind] = left;
                Ok(())
            }
            None => Err(CountError::NotAcquired { in_use }),
        };
        prop_assert_eq!(self.counters.release(feature, n), expected);
        self.history.note(self.time);
        self.input(Input::Wake);
        Ok(())
    }

    /// Switches off and on: nothing is in use then, and peaks are kept but for the last minutes
    /// where the power was cut.
    fn restart(&mut self, in_order: bool) -> Result<(), TestCaseError> {
        if in_order {
            self.input(Input::Stopping);
            self.settle()?;
        }
        let all = self.history.peaks(self.time);
        let safe = if in_order { self.time } else { self.time.saturating_sub(AT_RISK) };
        let least = self.history.peaks(safe);
        self.time += 60;
        self.boot();
        let kept = self.counters.counts().to_report();
        for ((kept, least), most) in kept.iter().zip(least).zip(all) {
            prop_assert!((least..=most).contains(kept), "{least} <= {kept} <= {most}");
        }
        self.history.in_use = [0; KINDS];
        self.history.moments.clear();
        self.history.closed = 0;
        self.history.kept = kept;
        self.history.note(self.time);
        self.settle()?;
        Ok(())
    }

    fn play(&mut self, act: &Act) -> Result<(), TestCaseError> {
        match act {
            Act::Acquire(kind, n) => self.acquire(&[(*kind, *n)])?,
            Act::AcquireAll(wanted) => self.acquire(wanted)?,
            Act::Release(kind, n) => self.release(*kind, *n)?,
            Act::Pass(minutes) => self.pass(*minutes)?,
            Act::Report => {
                self.input(Input::Command(Command::RenewAuthorization));
                self.settle()?;
            }
            Act::Answer => self.answer()?,
            Act::Lose => {
                self.sent = None;
                self.input(Input::TransportFailed(TransportError::TimedOut));
                self.settle()?;
            }
            Act::AllowOverage(allowed) => {
                self.input(Input::Command(Command::AllowOverage(*allowed)));
                self.history.overage_allowed = *allowed;
            }
            Act::Limit(kind, limit) => {
                let feature = TIERS.features[*kind].name;
                self.input(Input::Command(Command::Limit { feature, limit: *limit }));
                self.history.limits[*kind] = *limit;
            }
            // What an administrator has just set is stored first.
            Act::Restart => self.restart(true)?,
            Act::PowerCut => {
                self.settle()?;
                self.restart(false)?;
            }
        }
        let counts = self.counters.counts();
        prop_assert_eq!(counts.in_use, self.history.in_use, "conservation");
        prop_assert_eq!(
            counts.to_report(),
            self.history.peaks(self.time),
            "what would be reported"
        );
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 3_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn peaks_and_limits_are_those_of_the_whole_history(acts in prop::collection::vec(act(), 0..60)) {
        let root = KeyedHash.public_key(&ROOT).unwrap();
        let definition = ProductDefinition {
            license_types: core::slice::from_ref(&TIERS),
            ..contact_center::definition(root)
        };
        let (none, counters) = (Counters::new(&TIERS), Counters::new(&TIERS));
        let off = Agent::new(&definition, &none, &ABOUT, KeyedHash);
        let mut manager = Manager::new(Policy::DEFAULT);
        manager.owned = OWNED;
        let mut bench = Bench {
            counters: &counters,
            agent: off.fork(&counters),
            off: &off,
            flash: Default::default(),
            manager,
            time: START,
            booted_at: START,
            boots: 0,
            sent: None,
            history: History::new(),
        };
        bench.boot();
        bench.settle()?;
        let token = GOOD.to_text();
        bench.input(Input::Command(Command::Register { token: &token, force: false }));
        bench.settle()?;
        bench.answer()?;
        bench.answer()?;
        for act in &acts {
            bench.play(act)?;
        }
    }
}

/// Threads stand in for interrupts: each is stopped anywhere by the others.
#[test]
fn nothing_is_lost_or_made_up_where_many_count_at_once() {
    let counters = Counters::<KINDS>::new(&TIERS);
    const WORKERS: u32 = 4;
    const ROUNDS: u32 = 5_000;
    thread::scope(|scope| {
        for worker in 0..WORKERS {
            let counters = &counters;
            scope.spawn(move || {
                let [bronze, gold, port] =
                    ["bronze", "gold", "port"].map(|name| counters.feature(name).unwrap());
                for round in 0..ROUNDS {
                    counters.acquire_all(&[(bronze, 1), (gold, 2), (port, 1)]).unwrap();
                    let counts = counters.counts();
                    // Both of an acquire or neither; bronze is given back first.
                    assert!(counts.in_use[0] <= counts.in_use[3]);
                    assert!(counts.peak[0] >= counts.in_use[0] + counts.in_use[2]);
                    counters.release(gold, 2).unwrap();
                    counters.acquire(gold, 2).unwrap();
                    if round > 0 || worker > 0 {
                        counters.release(gold, 2).unwrap();
                        counters.release(bronze, 1).unwrap();
                        counters.release(port, 1).unwrap();
                    }
                }
            });
        }
    });
    let counts = counters.counts();
    assert_eq!(counts.in_use, [1, 0, 2, 1]);
    assert!((3..=3 * WORKERS + 3).contains(&counts.peak[0]));
}
