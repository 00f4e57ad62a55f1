//! The thread that owns the agent: it carries out what the agent wants.

use super::automatic::AutomaticRegistration;
use super::waiting::Waiter;
use super::{Connect, Message, Start};
use crate::build_report::Sources;
use crate::clock::Clock;
use crate::config::Config;
use crate::counter::MonotonicCounter;
use crate::disk::{Disk, DiskTrouble};
use crate::explain::{self, Explanation, Words};
use crate::journal::Journal;
use crate::problem::Problem;
use crate::returned::ReturnCodes;
use crate::settings::TransportSettings;
use crate::storage;
use crate::transport::Transport;
use crate::usage::Usage;
use leasehold_core::agent::{
    Agent, BUFFER_MIN, Buffer, CommandError, Device, Event, EventKind, Input, Output, RecordKind,
    Stored, TransportError,
};
use leasehold_core::counters::Counters;
use leasehold_core::crypto::SoftwareCrypto;
use leasehold_core::product::{ENTITLEMENTS_MAX, ProductDefinition};
use leasehold_core::time::{Instant, Now};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread::Builder;
use std::time::Duration;

/// Room for every license type.
pub(super) const CAPACITY: usize = ENTITLEMENTS_MAX;

/// The longest sleep. A wait is measured by a clock that stands still while the machine is
/// suspended, so it is cut into pieces; looking at the time too often is harmless.
const SLEEP_MAX: Duration = Duration::from_secs(60);

/// The shortest. A moment that is past and still has something to do waits for another input, such
/// as the answer that is under way: to look again at once would help nobody.
const SLEEP_MIN: Duration = Duration::from_millis(20);

pub(super) struct Worker<'a> {
    pub(super) agent: Agent<'a, SoftwareCrypto, CAPACITY>,
    pub(super) counters: &'a Counters<'a, CAPACITY>,
    /// For a copy of the agent, which is asked what would follow.
    pub(super) spare: &'a Counters<'a, CAPACITY>,
    pub(super) product: &'a ProductDefinition<'a>,
    pub(super) config: &'a Config,
    pub(super) settings: TransportSettings,
    pub(super) usage: Usage,
    pub(super) returned: ReturnCodes,
    pub(super) journal: Journal,
    pub(super) waiting: Vec<Waiter>,
    pub(super) disk: Arc<dyn Disk>,
    pub(super) connect: Connect,
    pub(super) transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    automatic: AutomaticRegistration,
    messages: Sender<Message>,
    /// Numbers the exchanges: an answer to one that was given up is not an answer to the next.
    exchange: u64,
    /// For the agent, which asks once.
    entropy: Option<[u8; 32]>,
    /// Why state could not be stored last.
    disk_trouble: Option<DiskTrouble>,
    counter: Option<Box<dyn MonotonicCounter>>,
    /// Why the platform's counter could not be raised last.
    pub(super) counter_trouble: Option<Problem>,
    /// Whether the manager was told when the account was left last.
    pub(super) manager_told: Option<bool>,
    buffer: Box<Buffer>,
}

impl<'a> Worker<'a> {
    /// Boots the agent, says through `started` how that went, and works until told to stop.
    pub(super) fn run(
        start: Start,
        messages: Sender<Message>,
        incoming: &Receiver<Message>,
        started: &Sender<Result<(), Problem>>,
    ) {
        let Start { config, parts, settings, transport, records, returned } = start;
        let product = &config.product;
        let Some(license_type) = product.license_types.first() else {
            return tell(started, Err(product_unusable()));
        };
        let counters = Counters::new(license_type);
        let spare = Counters::new(license_type);
        let host_name = if config.host_name_private { "" } else { &config.host_name };
        let device = Device {
            udi: config.udi(),
            host_name,
            software_version: env!("CARGO_PKG_VERSION"),
            size_profile: config.size_profile,
        };
        let mut entropy = [0; 32];
        if getrandom::fill(&mut entropy).is_err() {
            return tell(started, Err(no_entropy()));
        }
        let mut agent = Agent::new(product, &counters, &device, SoftwareCrypto);
        let counter = parts.counter.as_ref().map(|counter| counter.value());
        let stored = Stored { counter, ..records.stored() };
        if let Err(error) = agent.boot(parts.clock.now(), stored) {
            let words = explain::record(RecordKind::Identity, error);
            return tell(started, Err(Problem::new("newer-state", words.cause, words.remedy)));
        }
        for name in &records.set_aside {
            tracing::error!(
                "A stored record had no sound copy and was kept as {name}. The appliance starts \
                 as new there: check the disk, and register it again if it is unregistered."
            );
        }
        // A boot starts with nothing in use; what users hold is acquired again (SPEC X9).
        let mut usage = Usage::load(&*parts.disk);
        usage.restore(&counters);
        let mut worker = Worker {
            agent,
            counters: &counters,
            spare: &spare,
            product,
            config: &config,
            settings,
            usage,
            returned,
            journal: Journal::open(Arc::clone(&parts.disk)),
            waiting: Vec::new(),
            automatic: AutomaticRegistration::new(&config, &*parts.disk),
            disk: parts.disk,
            connect: parts.connect,
            transport,
            clock: parts.clock,
            messages,
            exchange: 0,
            entropy: Some(entropy),
            disk_trouble: None,
            counter: parts.counter,
            counter_trouble: None,
            manager_told: None,
            buffer: Box::new([0; BUFFER_MIN]),
        };
        worker.wake();
        worker.drain();
        tell(started, Ok(()));
        worker.work(incoming);
    }

    fn work(&mut self, incoming: &Receiver<Message>) {
        self.automatic.note_earlier(self.agent.status().registration, &*self.disk);
        self.register_by_itself();
        loop {
            let next = self.drain();
            self.resolve();
            let message = incoming.recv_timeout(self.sleep(next));
            // Whatever comes: messages in a row must not keep the agent from seeing the time.
            self.wake();
            match message {
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(Message::Request(request, reply)) => self.command(request, reply),
                Ok(Message::Exchanged(number, result)) => self.exchanged(number, &result),
                Ok(Message::Wake) | Err(RecvTimeoutError::Timeout) => {
                    self.register_by_itself();
                    if self.usage.unsaved().is_some() {
                        self.usage.save(&*self.disk);
                    }
                    self.returned.retry(&*self.disk);
                }
            }
        }
        self.save_all();
    }

    /// Before a stop in order: nothing is lost by it.
    fn save_all(&mut self) {
        let _ = self.input(Input::Stopping);
        self.drain();
        if self.usage.unsaved().is_some() {
            self.usage.save(&*self.disk);
        }
    }

    fn sleep(&self, next: Option<Instant>) -> Duration {
        let agent = next.map_or(SLEEP_MAX, |at| self.clock.until(at)).max(SLEEP_MIN);
        let now = std::time::Instant::now();
        let deadlines = self.waiting.iter().map(|waiter| waiter.deadline);
        let waiter = deadlines.min().map_or(SLEEP_MAX, |at| at.saturating_duration_since(now));
        agent.min(waiter).min(SLEEP_MAX)
    }

    /// Lets the agent look at the time and the use.
    pub(super) fn wake(&mut self) {
        // Only commands fail.
        let _ = self.input(Input::Wake);
    }

    pub(super) fn now(&self) -> Now {
        self.clock.now()
    }

    pub(super) fn input(&mut self, input: Input<'_>) -> Result<(), CommandError> {
        self.agent.handle_input(self.now(), input)
    }

    /// Carries out what the agent wants until it waits; gives until when.
    fn drain(&mut self) -> Option<Instant> {
        loop {
            match self.agent.poll_output(&mut self.buffer) {
                Output::NeedEntropy => {
                    if let Some(seed) = self.entropy.take() {
                        let _ = self.input(Input::Entropy(&seed));
                    }
                }
                Output::Persist { record, slot, length } => self.persist(record, slot, length),
                Output::RaiseCounter { to } => self.raise_counter(to),
                Output::Transmit { length } => self.transmit(length),
                Output::Event(event) => self.note(&event),
                Output::Wait(next) => {
                    self.keep_return_code();
                    return next;
                }
            }
        }
    }

    /// Before another can take its place.
    fn keep_return_code(&mut self) {
        let Some(code) = self.agent.return_code() else { return };
        let at = self.agent.unix(self.agent.status().now).map(|time| time.as_secs());
        self.returned.keep(&*self.disk, &code, at);
    }

    fn persist(&mut self, record: RecordKind, slot: usize, length: usize) {
        let bytes = self.buffer.get(..length).unwrap_or_default();
        let stored = storage::store(&*self.disk, record, slot, bytes);
        self.disk_trouble = stored.as_ref().err().map(DiskTrouble::from);
        let _ = self.input(match stored {
            Ok(()) => Input::Persisted(record),
            Err(_) => Input::PersistFailed(record),
        });
    }

    /// SPEC S5. The agent asks only where the platform has a counter.
    fn raise_counter(&mut self, to: u32) {
        let Some(counter) = &mut self.counter else { return };
        let raised = counter.raise(to);
        let _ = self.input(match raised {
            Ok(value) => Input::CounterRaised(value),
            Err(_) => Input::CounterFailed,
        });
        self.counter_trouble = raised.err();
    }

    fn transmit(&mut self, length: usize) {
        self.exchange = self.exchange.wrapping_add(1);
        let number = self.exchange;
        let frame = self.buffer.get(..length).unwrap_or_default().to_vec();
        let (transport, messages) = (Arc::clone(&self.transport), self.messages.clone());
        let spawned = Builder::new().name("exchange".into()).spawn(move || {
            let result = transport.exchange(&frame);
            // The worker may have stopped meanwhile; the answer is asked for again then.
            let _ = messages.send(Message::Exchanged(number, result));
        });
        if spawned.is_err() {
            let _ = self.input(Input::TransportFailed(TransportError::ConnectionLost));
        }
    }

    fn exchanged(&mut self, number: u64, result: &Result<Vec<u8>, TransportError>) {
        if number != self.exchange {
            return;
        }
        let _ = self.input(match result {
            Ok(bytes) => Input::Received(bytes),
            Err(error) => Input::TransportFailed(*error),
        });
    }

    fn note(&mut self, event: &Event) {
        let unix = |at| self.agent.unix(at);
        let words = Words { license_type: self.counters.license_type(), unix: &unix };
        let mode = self.product.enforcement;
        let Explanation { mut cause, mut remedy } = explain::event_under(mode, &event.kind, &words);
        if let (EventKind::StorageFailed, Some(trouble)) = (event.kind, &self.disk_trouble) {
            cause = format!(
                "State cannot be stored: {}; the appliance goes on with what it stored last.",
                trouble.cause
            );
            remedy = trouble.remedy.into();
        }
        if let (EventKind::CounterFailed, Some(trouble)) = (event.kind, &self.counter_trouble) {
            cause = format!("Codes are held back. {}", trouble.cause);
            remedy.clone_from(&trouble.remedy);
        }
        let time = self.agent.unix(event.at).map(|time| time.as_secs());
        let severity = explain::severity(&event.kind);
        self.journal.note(time, event.kind.name(), severity, cause, remedy);
        match event.kind {
            EventKind::Deregistered { manager_told } => self.manager_told = Some(manager_told),
            EventKind::FactoryReset => self.forget_settings(),
            _ => {}
        }
    }

    /// Registers with the token the appliance was given, where that is due.
    fn register_by_itself(&mut self) {
        let registration = self.agent.status().registration;
        let Some(token) = self.automatic.due(registration) else { return };
        let command =
            leasehold_core::agent::Command::Register { token: token.expose(), force: false };
        match self.input(Input::Command(command)) {
            Ok(()) => tracing::info!("registering with the token this appliance was given"),
            Err(error) => {
                let Problem { cause, remedy, .. } = explain::command(error);
                tracing::error!("The token this appliance was given is not used: {cause} {remedy}");
            }
        }
        // The attempt is stored before the token is marked: a crash between the two repeats
        // nothing, because an attempt then stands.
        self.drain();
        self.automatic.tried(&token, &*self.disk);
    }

    pub(super) fn sources(&self) -> Sources<'_, 'a, SoftwareCrypto, CAPACITY> {
        Sources {
            agent: &self.agent,
            product: self.product,
            license_type: self.counters.license_type(),
            config: self.config,
            settings: &self.settings,
            usage: &self.usage,
            returned: &self.returned,
        }
    }
}

fn tell(started: &Sender<Result<(), Problem>>, outcome: Result<(), Problem>) {
    // Whoever started the daemon waits for this.
    let _ = started.send(outcome);
}

fn product_unusable() -> Problem {
    Problem::new(
        "product",
        "The product definition has no license type.",
        "This is a fault of the program: report it.",
    )
}

fn no_entropy() -> Problem {
    Problem::new(
        "no-entropy",
        "The system gives no random numbers.",
        "Check the kernel's random number generator.",
    )
}
