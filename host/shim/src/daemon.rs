//! The daemon: one thread owns the agent and its durable state, and everything else asks it.
//!
//! ```text
//! socket threads ──Request──▶ ┌────────────┐ ──frame──▶ one thread per exchange
//!                             │   worker   │ ◀─answer──
//! clock ─────────time-out───▶ └────────────┘ ──▶ disk, journal
//! ```
//!
//! An exchange has a thread of its own, so that a slow manager never delays a command.

mod automatic;
mod commands;
mod control;
mod reservation;
mod signals;
mod waiting;
mod worker;

pub use signals::StopSignals;

use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::counter::{CounterFile, MonotonicCounter};
use crate::disk::{Directory, Disk, DiskTrouble, Durability, TakeError};
use crate::problem::Problem;
use crate::protocol::Request;
use crate::returned::ReturnCodes;
use crate::settings::TransportSettings;
use crate::socket::SocketServer;
use crate::storage::{Records, unreadable};
use crate::transport::{self, Transport};
use leasehold_core::agent::TransportError;
use leasehold_core::crypto::SoftwareCrypto;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::{Builder, JoinHandle};
use worker::Worker;

/// Where changes of the transport are kept; they go over the configuration.
const TRANSPORT_FILE: &str = "transport.toml";

/// An appliance's licensing, running in this process.
///
/// Dropping it leaves it running until the process ends; [`Daemon::stop`] ends it.
#[derive(Debug)]
pub struct Daemon {
    messages: Sender<Message>,
    worker: JoinHandle<()>,
    socket: SocketServer,
}

/// Makes a transport from settings.
pub type Connect =
    Box<dyn Fn(&TransportSettings) -> Result<Arc<dyn Transport>, Problem> + Send + 'static>;

/// What the daemon stands on. Tests put their own in.
pub struct Parts {
    /// The data directory.
    pub disk: Arc<dyn Disk>,
    /// The clocks.
    pub clock: Arc<dyn Clock>,
    /// Makes transports.
    pub connect: Connect,
    /// The platform's counter that only grows, where it has one (SPEC S5).
    pub counter: Option<Box<dyn MonotonicCounter>>,
}

impl Parts {
    /// The operating system's, with the data directory of `config` taken, and the counter of which
    /// `config` says where it is.
    ///
    /// # Errors
    /// A [`Problem`] when another daemon has the directory, or it or the counter cannot be used.
    pub fn system(config: &Config) -> Result<Self, Problem> {
        let directory =
            Directory::take(&config.data).map_err(|error| cannot_take(config, error))?;
        Ok(Self {
            counter: open_counter(config)?,
            disk: Arc::new(directory),
            clock: Arc::new(SystemClock::start()),
            connect: Box::new(transport::connect),
        })
    }
}

fn open_counter(config: &Config) -> Result<Option<Box<dyn MonotonicCounter>>, Problem> {
    let Some(file) = &config.counter_file else { return Ok(None) };
    let device = config.udi().fingerprint(&SoftwareCrypto);
    let counter = CounterFile::open(file, &config.data, device).map_err(|mut problem| {
        problem.remedy += &format!(" It is set in {}.", config.file.display());
        problem
    })?;
    Ok(Some(Box::new(counter)))
}

fn cannot_take(config: &Config, error: TakeError) -> Problem {
    let data = config.data.display();
    match error {
        TakeError::InUse => Problem::new(
            "already-running",
            format!("Another appliance daemon runs on {data}."),
            "Use that one, or stop it first; a second appliance needs its own data directory.",
        ),
        TakeError::Exposed => Problem::new(
            "data-directory",
            format!("The data directory {data} is open to other users."),
            format!("Close it with `chmod 700 {data}`, or choose another directory."),
        ),
        TakeError::Io(error) => {
            let trouble = DiskTrouble::from(&error);
            let cause = format!("The data directory {data} cannot be used: {}.", trouble.cause);
            Problem::new("data-directory", cause, trouble.remedy)
        }
    }
}

/// What the worker is told.
enum Message {
    /// A command, and where its answer goes.
    Request(Request, Sender<Reply>),
    /// What came of the exchange with this number.
    Exchanged(u64, Result<Vec<u8>, TransportError>),
    /// The time has changed: look at it.
    Wake,
    /// End.
    Stop,
}

/// The answer to a command.
type Reply = Result<Value, Problem>;

/// Asks the worker. Socket threads hold one.
#[derive(Clone)]
pub(crate) struct Worklist(Sender<Message>);

impl Worklist {
    /// Gives a command and waits for its answer.
    pub(crate) fn ask(&self, request: Request) -> Reply {
        let stopping = || {
            Problem::new(
                "stopping",
                "The appliance daemon is stopping.",
                "Give the command again when it runs.",
            )
        };
        let (answer, answered) = channel();
        self.0.send(Message::Request(request, answer)).map_err(|_| stopping())?;
        answered.recv().map_err(|_| stopping())?
    }
}

impl Daemon {
    /// Takes the data directory of `config`, boots the agent from it and answers commands.
    ///
    /// # Errors
    /// A [`Problem`] that says what to do: nothing was changed then.
    pub fn start(config: Config) -> Result<Self, Problem> {
        let parts = Parts::system(&config)?;
        Self::start_with(config, parts)
    }

    /// As [`Daemon::start`], on other parts.
    ///
    /// # Errors
    /// As [`Daemon::start`].
    pub fn start_with(config: Config, parts: Parts) -> Result<Self, Problem> {
        let (settings, origin) = load_settings(&*parts.disk, &config)?;
        let transport = (parts.connect)(&settings).map_err(|Problem { code, cause, remedy }| {
            Problem { code, cause, remedy: format!("{remedy} It is set in {}.", origin.display()) }
        })?;
        let records = Records::load(&*parts.disk, config.udi().fingerprint(&SoftwareCrypto))?;
        let returned = ReturnCodes::load(&*parts.disk)?;
        let socket = SocketServer::bind(&config.data)?;
        let (messages, incoming) = channel();
        let (started, outcome) = channel();
        let sender = messages.clone();
        let start = Start { config, parts, settings, transport, records, returned };
        let worker = Builder::new()
            .name("agent".into())
            .spawn(move || Worker::run(start, sender, &incoming, &started))
            .map_err(|error| no_thread(&error))?;
        match outcome.recv() {
            Ok(Ok(())) => {}
            Ok(Err(problem)) => return Err(problem),
            Err(_) => return Err(crashed()),
        }
        let socket = socket.serve(Worklist(messages.clone()))?;
        Ok(Self { messages, worker, socket })
    }

    /// The socket that takes commands.
    pub fn socket_path(&self) -> &Path {
        self.socket.path()
    }

    /// Makes the daemon look at the time, where a clock of its own was put in.
    pub fn wake(&self) {
        // A worker that is gone needs no waking.
        let _ = self.messages.send(Message::Wake);
    }

    /// Ends the daemon: no command is taken any more, what is stored stays, and the data directory
    /// is free when this returns.
    ///
    /// # Errors
    /// A [`Problem`] when the daemon had broken down before.
    pub fn stop(self) -> Result<(), Problem> {
        // One that is gone has nothing to stop; the join says how it went.
        let _ = self.messages.send(Message::Stop);
        self.join()
    }

    /// Runs until the process is told to end, then stops.
    ///
    /// # Errors
    /// As [`Daemon::stop`].
    pub fn run_until_signal(self, mut signals: StopSignals) -> Result<(), Problem> {
        let messages = self.messages.clone();
        Builder::new()
            .name("signals".into())
            .spawn(move || {
                signals.wait();
                // A worker that is gone has ended already.
                let _ = messages.send(Message::Stop);
            })
            .map_err(|error| no_thread(&error))?;
        self.join()
    }

    fn join(self) -> Result<(), Problem> {
        let ended = self.worker.join();
        self.socket.stop();
        ended.map_err(|_| crashed())
    }
}

/// What a worker starts with.
struct Start {
    config: Config,
    parts: Parts,
    settings: TransportSettings,
    transport: Arc<dyn Transport>,
    records: Records,
    returned: ReturnCodes,
}

/// The settings in force, and the file that says them.
fn load_settings(
    disk: &dyn Disk,
    config: &Config,
) -> Result<(TransportSettings, PathBuf), Problem> {
    let file = disk.read(TRANSPORT_FILE).map_err(|error| unreadable(TRANSPORT_FILE, &error))?;
    let Some(bytes) = file else { return Ok((config.transport.clone(), config.file.clone())) };
    let directory = std::path::absolute(&config.data).map_err(|error| no_directory(&error))?;
    let path = directory.join(TRANSPORT_FILE);
    let text = String::from_utf8_lossy(&bytes);
    let settings: Result<TransportSettings, String> = toml::from_str(&text)
        .map_err(|error| error.message().trim_end_matches('.').replace('\n', ", "));
    match settings.and_then(|settings| settings.check().map(|()| settings)) {
        Ok(settings) => Ok((settings.relative_to(&directory), path)),
        Err(detail) => Err(Problem::new(
            "transport-settings",
            format!("The transport settings in {} cannot be used: {detail}.", path.display()),
            "Correct the file, or remove it to use those of the configuration.",
        )),
    }
}

fn no_directory(error: &std::io::Error) -> Problem {
    Problem::new(
        "data-directory",
        format!("The data directory cannot be found: {error}."),
        "Start the daemon in a directory that exists, or give --data an absolute path.",
    )
}

fn store_settings(disk: &dyn Disk, settings: &TransportSettings) -> Result<(), Problem> {
    let text = toml::to_string(settings).map_err(|error| {
        Problem::new(
            "transport-settings",
            format!("The transport settings cannot be written down: {error}."),
            "Use plain text in them.",
        )
    })?;
    disk.replace(TRANSPORT_FILE, text.as_bytes(), Durability::Durable).map_err(|error| {
        let trouble = DiskTrouble::from(&error);
        let cause = format!("The transport settings cannot be stored: {}.", trouble.cause);
        Problem::new("not-stored", cause, trouble.remedy)
    })
}

fn no_thread(error: &std::io::Error) -> Problem {
    Problem::new(
        "no-thread",
        format!("The system gives no thread for the daemon: {error}."),
        "Raise the limit of processes for its user.",
    )
}

fn crashed() -> Problem {
    Problem::new(
        "broken-down",
        "The appliance daemon broke down.",
        "Start it again, and report what its log says.",
    )
}
