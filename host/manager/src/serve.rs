//! The running manager: from a data directory to a port that answers.

mod body;
mod connections;

use crate::config::{self, Config};
use crate::domain::catalogue::Catalogue;
use crate::domain::reservation::Attempts;
use crate::domain::{AnswerClock, Authority, DomainError, recovery};
use crate::engine::{Engine, SystemClock};
use crate::http::{self, App, SETUP_PATH};
use crate::setup::{self, DATABASE, DirectoryLock, Identity, SetupError};
use crate::store::sqlite::SqliteStore;
use crate::store::{Store, StoreError};
use crate::tls::{self, TlsError};
use leasehold_core::time::Duration as Span;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long requests under way may take to end when the manager stops.
const STOP_WITHIN: Duration = Duration::from_secs(10);
/// From when on a start of the manager warns of the end of its signing certificate.
const WARN_BEFORE: Span = Span::from_days(365);
/// Why the manager does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The port is taken, not allowed, or not this machine's.
    #[error(
        "The manager cannot listen on {address}: {source}. \
         Stop what uses that port, or choose another with --listen."
    )]
    Listen {
        /// The address and port.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The system gives no threads, or no signals.
    #[error("The system cannot run the manager: {0}. Look at its limits on processes and memory.")]
    System(io::Error),
    /// The data directory.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// A value of the policy in `manager.toml` is outside what a product allows.
    #[error("{path}, {problem}")]
    Policy {
        /// The file.
        path: String,
        /// The key, the value and the bounds, and a remedy.
        problem: String,
    },
    /// TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The set-up link could not be made.
    #[error(transparent)]
    Domain(#[from] DomainError),
}

/// A manager that answers on its port, in threads of its own. Dropping it stops it.
pub struct Server {
    address: SocketAddr,
    certificate_sha256: String,
    setup_link: Option<String>,
    engine: Arc<Engine>,
    stop: watch::Sender<bool>,
    connections: Option<JoinHandle<()>>,
    runtime: Option<Runtime>,
    /// Released after everything else has ended.
    _lock: DirectoryLock,
}

impl Server {
    /// Starts the manager of a data directory that was set up; gives it back once it listens.
    /// Must not be called from within an asynchronous runtime.
    ///
    /// # Errors
    /// [`ServeError`]. Nothing runs then.
    pub fn start(config: &Config) -> Result<Self, ServeError> {
        setup::check(&config.data)?;
        let mut lock = DirectoryLock::take(&config.data)?;
        let identity = setup::load(&config.data, setup::now())?;
        warn_of_end(&identity);
        let root = identity.root;
        let authority = authority(identity, config)?;
        let files = setup::tls_files(config);
        let tls = tls::server_config(&files)?;
        let certificate_sha256 = tls::certificate_sha256(&files)?;
        let listener = listen(config.listen)?;
        let address = listener.local_addr().map_err(ServeError::System)?;
        let store = Arc::new(SqliteStore::open(&config.data.join(DATABASE))?);
        let epoch = recovery::epoch(&*store.view()?)?;
        let authority = Arc::new(Authority { epoch, ..authority });
        let engine = Arc::new(Engine::start(store, authority, Arc::new(SystemClock))?);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .thread_name("leasehold-http")
            .build()
            .map_err(ServeError::System)?;
        let code = runtime.block_on(
            engine.change("manager".into(), |tx, scene, _| setup::issue_if_needed(tx, scene)),
        )?;
        let base = config.public_url(address.port());
        let setup_link = code.map(|code| format!("{base}{SETUP_PATH}?code={code}"));
        let (stop, stopping) = watch::channel(false);
        let router = http::router(App::new(Arc::clone(&engine), root, certificate_sha256.clone()));
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener).map_err(ServeError::System)?
        };
        let serving = connections::serve(listener, tls, router, stopping, STOP_WITHIN);
        let connections = Some(runtime.spawn(serving));
        lock.announce(address).map_err(ServeError::System)?;
        tracing::info!(%address, data = %config.data.display(), "the license manager listens");
        let runtime = Some(runtime);
        Ok(Self {
            address,
            certificate_sha256,
            setup_link,
            engine,
            stop,
            connections,
            runtime,
            _lock: lock,
        })
    }

    /// Where it listens; with the real port where port 0 was asked for.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The SHA-256 of its TLS certificate, which appliances may pin: 64 hexadecimal digits.
    pub fn certificate_sha256(&self) -> &str {
        &self.certificate_sha256
    }

    /// The link by which the first administrator is made, while there are no users. A secret.
    pub fn setup_link(&self) -> Option<&str> {
        self.setup_link.as_deref()
    }

    /// Waits until the process is asked to end (`SIGTERM`, `SIGINT`).
    ///
    /// # Errors
    /// [`ServeError::System`] when the system lets no process wait for signals.
    pub fn wait_for_signal(&self) -> Result<(), ServeError> {
        let Some(runtime) = &self.runtime else { return Ok(()) };
        runtime.block_on(async {
            let listen_for = |kind| signal(kind).map_err(ServeError::System);
            let mut terminate = listen_for(SignalKind::terminate())?;
            let mut interrupt = listen_for(SignalKind::interrupt())?;
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            Ok(())
        })
    }

    /// Stops: what is under way is answered, then everything is closed.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        self.stop.send_replace(true);
        if let Some(connections) = self.connections.take()
            && let Err(error) = runtime.block_on(connections)
        {
            tracing::error!(%error, "the connections ended by a fault");
        }
        self.engine.stop();
        runtime.shutdown_timeout(STOP_WITHIN);
        tracing::info!("the license manager has stopped");
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, ServeError> {
    let failed = |source| ServeError::Listen { address, source };
    let listener = TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(listener)
}

/// That of a manager that never was restored: what else it is depends on the database.
fn authority(identity: Identity, config: &Config) -> Result<Authority, ServeError> {
    let catalogue = Catalogue::shipped(identity.root);
    for product in catalogue.products() {
        config.policy.check(product).map_err(|problem| ServeError::Policy {
            path: config.data.join(config::FILE).display().to_string(),
            problem,
        })?;
    }
    Ok(Authority {
        catalogue,
        signer: identity.signer,
        overrides: config.policy,
        epoch: 0,
        answers: AnswerClock::default(),
        attempts: Attempts::default(),
    })
}

fn warn_of_end(identity: &Identity) {
    let ends = identity.signer.certificate.valid_until;
    if ends <= setup::now().saturating_add(WARN_BEFORE) {
        let ends = http::types::Time(ends);
        tracing::warn!(
            %ends,
            "the signing certificate ends; start the manager once with root.key in its directory"
        );
    }
}
