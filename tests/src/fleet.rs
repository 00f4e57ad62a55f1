//! Many agents in one process, each the real core on memory for flash, reporting over real HTTPS;
//! and an independent ledger of what each of them sent and was answered.
//!
//! Their transport sends the same bytes until an answer comes, however often the manager dies
//! under it. So every report that was made is in the end answered, and the manager must have
//! counted exactly the reports of the ledger: no fewer, and none twice.

use crate::manager::{Manager, trusting};
use leasehold_core::agent::{
    Agent, BUFFER_MIN, Command, Device, EventKind, Input, Output, RecordKind, RegistrationState,
    Stored,
};
use leasehold_core::counters::Counters;
use leasehold_core::crypto::{Algorithm, PublicKey, SoftwareCrypto};
use leasehold_core::identity::Udi;
use leasehold_core::product::ProductDefinition;
use leasehold_core::products::contact_center;
use leasehold_core::time::{Instant, Now, UnixTime};
use leasehold_core::wire::{RequestBody, RequestFrame};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What one agent sent and was answered.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Ledger {
    /// Its serial number.
    pub serial_number: String,
    /// Reports that were answered: distinct by their bytes.
    pub reports_answered: u64,
    /// Peaks per tag of the last of them, at or above each tier.
    pub last_peaks: Vec<(String, u32)>,
    /// How often bytes had to be sent again because no answer came.
    pub repeats: u64,
    /// Whether the agent believed every answer.
    pub all_accepted: bool,
    /// How often it was told that a number had been used before: never, for one machine that sends
    /// the same bytes until they are answered.
    pub conflicts: u64,
}

/// Agents at work.
pub struct Fleet {
    stop: Arc<AtomicBool>,
    agents: Vec<JoinHandle<Ledger>>,
}

impl Fleet {
    /// Starts `size` agents that register with `token` and report as often as the manager's
    /// policy says. Their use changes by `seed`.
    pub fn start(manager: &Manager, size: usize, token: &str, seed: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let definition: &'static _ = Box::leak(Box::new(contact_center::definition(root(manager))));
        let agents = (0..size).map(|number| {
            let worker = Worker {
                definition,
                serial_number: format!("FLEET-{number:03}"),
                token: token.to_owned(),
                url: format!("{}/Transportgateway/services/DeviceRequestHandler", manager.url()),
                http: trusting(&manager.certificate()),
                random: Random(seed ^ (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)),
                stop: Arc::clone(&stop),
            };
            thread::spawn(move || worker.run())
        });
        Self { agents: agents.collect(), stop }
    }

    /// Lets every agent finish what it is doing; gives their ledgers.
    ///
    /// # Panics
    /// When an agent failed.
    pub fn finish(self) -> Vec<Ledger> {
        self.stop.store(true, Ordering::Relaxed);
        self.agents.into_iter().map(|agent| agent.join().expect("an agent works")).collect()
    }
}

/// The vendor's root key of this manager.
///
/// # Panics
/// When it is not hexadecimal.
pub fn root(manager: &Manager) -> PublicKey {
    let text = manager.root();
    let byte = |index: usize| u8::from_str_radix(&text[index * 2..index * 2 + 2], 16);
    let bytes = std::array::from_fn(|index| byte(index).expect("hexadecimal"));
    PublicKey { algorithm: Algorithm::Ed25519, bytes }
}

/// A small generator of pseudo-random numbers (splitmix64).
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    /// A number below `limit`.
    pub const fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % limit
    }
}

struct Worker {
    definition: &'static ProductDefinition<'static>,
    serial_number: String,
    token: String,
    url: String,
    http: ureq::Agent,
    random: Random,
    stop: Arc<AtomicBool>,
}

impl Worker {
    fn run(mut self) -> Ledger {
        let mut ledger = Ledger {
            serial_number: self.serial_number.clone(),
            all_accepted: true,
            ..Ledger::default()
        };
        let serial_number: &'static str = Box::leak(self.serial_number.clone().into_boxed_str());
        let counters = &Counters::<8>::new(&contact_center::FLEX);
        let udi = Udi::new(contact_center::PRODUCT_ID, serial_number, None).expect("a UDI");
        let device = Device { udi, host_name: "", software_version: "0.1", size_profile: None };
        let mut agent = Agent::new(self.definition, counters, &device, SoftwareCrypto);
        let started = std::time::Instant::now();
        agent.boot(now(started), Stored::default()).expect("a fresh agent boots");
        let mut wish = Some(Command::Register { token: &self.token.clone(), force: false });
        let mut buffer = [0; BUFFER_MIN];
        let mut flash: [[Vec<u8>; 2]; 2] = Default::default();
        loop {
            let output = agent.poll_output(&mut buffer);
            let answer;
            let input = match output {
                Output::NeedEntropy => {
                    let mut seed = [0; 32];
                    getrandom::fill(&mut seed).expect("the system has entropy");
                    agent.handle_input(now(started), Input::Entropy(&seed)).expect("entropy");
                    continue;
                }
                Output::Persist { record, slot, length } => {
                    let kind = usize::from(record == RecordKind::Ledger);
                    flash[kind][slot] = buffer[..length].to_vec();
                    Input::Persisted(record)
                }
                Output::Transmit { length } => {
                    answer = self.send(&buffer[..length], &mut ledger);
                    Input::Received(&answer)
                }
                Output::RaiseCounter { .. } => Input::CounterFailed,
                Output::Event(event) => {
                    ledger.conflicts += u64::from(event.kind == EventKind::NumberConflict);
                    continue;
                }
                Output::Wait(at) => {
                    if let Some(command) = wish.take() {
                        Input::Command(command)
                    } else if self.stop.load(Ordering::Relaxed) {
                        let registered =
                            agent.status().registration == RegistrationState::Registered;
                        assert!(registered, "{serial_number} is registered in the end");
                        return ledger;
                    } else {
                        self.wait(at, started);
                        self.change_use(counters);
                        Input::Wake
                    }
                }
            };
            let sent = matches!(input, Input::Received(_));
            agent.handle_input(now(started), input).expect("the agent takes it");
            if sent && matches!(agent.status().last_contact, Some(Err(_))) {
                ledger.all_accepted = false;
            }
        }
    }

    /// Sends until an answer comes, and writes down what was answered.
    fn send(&mut self, frame: &[u8], ledger: &mut Ledger) -> Vec<u8> {
        let answer = loop {
            match self.exchange(frame) {
                Ok(answer) => break answer,
                Err(_) => {
                    ledger.repeats += 1;
                    thread::sleep(Duration::from_millis(50 + self.random.below(100)));
                }
            }
        };
        let parsed = RequestFrame::parse(&SoftwareCrypto, frame).expect("our own frame");
        if let RequestBody::Report(report) = parsed.request.body {
            ledger.reports_answered += 1;
            let peaks = report.usage.iter().map(|usage| (usage.tag.to_owned(), usage.peak));
            ledger.last_peaks = peaks.collect();
        }
        answer
    }

    fn exchange(&self, frame: &[u8]) -> Result<Vec<u8>, ureq::Error> {
        let mut answer =
            self.http.post(&self.url).content_type("application/octet-stream").send(frame)?;
        if answer.status() != 200 {
            return Err(ureq::Error::StatusCode(answer.status().as_u16()));
        }
        answer.body_mut().read_to_vec()
    }

    /// Waits for the moment the agent named; it counts in whole seconds.
    fn wait(&mut self, at: Option<Instant>, started: std::time::Instant) {
        let uptime = Duration::from_secs(at.map_or(1, Instant::as_secs).into());
        let left = uptime.saturating_sub(started.elapsed());
        thread::sleep(left.clamp(Duration::from_millis(10), Duration::from_secs(1)));
    }

    fn change_use(&mut self, counters: &Counters<'_, 8>) {
        let features = ["standard-seat", "premium-seat"];
        let feature = features[usize::from(self.random.below(2) == 1)];
        let feature = counters.feature(feature).expect("a feature");
        // More often up than down, and never below what is held.
        let n = 1 + u32::try_from(self.random.below(3)).unwrap_or_default();
        if self.random.below(5) < 3 {
            counters.acquire(feature, n).expect("far from overflow");
        } else {
            // Refused when less is held: then nothing changes.
            let _ = counters.release(feature, n);
        }
    }
}

fn now(started: std::time::Instant) -> Now {
    let real_time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let uptime = u32::try_from(started.elapsed().as_secs()).unwrap_or(u32::MAX);
    Now { uptime: Instant::from_secs(uptime), real_time: Some(UnixTime::from_secs(real_time)) }
}
