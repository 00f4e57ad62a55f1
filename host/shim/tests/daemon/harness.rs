//! An appliance on a directory of its own, with a clock that a test moves.

use crate::manager::{self, Manager, TODAY};
use leasehold_core::time::{Duration, Instant, Now};
use leasehold_core::token::Token;
use leasehold_shim::client::Client;
use leasehold_shim::clock::Clock;
use leasehold_shim::config::Config;
use leasehold_shim::counter::MonotonicCounter;
use leasehold_shim::daemon::{Daemon, Parts};
use leasehold_shim::disk::{Directory, Disk};
use leasehold_shim::journal::Entry;
use leasehold_shim::problem::Problem;
use leasehold_shim::protocol::Outcome;
use leasehold_shim::report::Report;
use leasehold_shim::transport::Transport;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time;

/// Longer than anything takes that is not broken.
pub(crate) const PATIENCE: time::Duration = time::Duration::from_secs(60);

/// A clock that stands still until it is moved.
#[derive(Default)]
pub(crate) struct ManualClock(AtomicU32);

impl ManualClock {
    pub(crate) fn advance(&self, span: Duration) {
        self.0.fetch_add(span.as_secs(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Now {
        let seconds = self.0.load(Ordering::SeqCst);
        let real_time = TODAY.saturating_add(Duration::from_secs(seconds));
        Now::with_real_time(Instant::from_secs(seconds), real_time)
    }

    fn until(&self, _: Instant) -> time::Duration {
        PATIENCE
    }
}

pub(crate) struct Appliance {
    pub(crate) config: Config,
    pub(crate) manager: Arc<Manager>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) daemon: Daemon,
    pub(crate) client: Client,
}

/// A directory for one test, closed to other users as a data directory has to be.
pub(crate) fn directory() -> tempfile::TempDir {
    let private = std::fs::Permissions::from_mode(0o700);
    tempfile::Builder::new().permissions(private).tempdir().unwrap()
}

pub(crate) fn config(data: &Path) -> Config {
    let mut config = Config::contact_center(data, "CC-0001", manager::root()).unwrap();
    config.host_name = "cc01".into();
    config
}

pub(crate) fn token() -> String {
    Token([5; 20]).to_text().to_string()
}

impl Appliance {
    /// One that talks to a manager in the same process.
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_with(config(data), &Manager::new()).unwrap()
    }

    pub(crate) fn start_with(config: Config, manager: &Arc<Manager>) -> Result<Self, Problem> {
        let disk = Arc::new(Directory::take(&config.data).unwrap());
        Self::start_on(config, manager, disk)
    }

    pub(crate) fn start_on(
        config: Config,
        manager: &Arc<Manager>,
        disk: Arc<dyn Disk>,
    ) -> Result<Self, Problem> {
        Self::start_with_counter(config, manager, disk, None)
    }

    pub(crate) fn start_with_counter(
        config: Config,
        manager: &Arc<Manager>,
        disk: Arc<dyn Disk>,
        counter: Option<Box<dyn MonotonicCounter>>,
    ) -> Result<Self, Problem> {
        let clock = Arc::new(ManualClock::default());
        let transport = Arc::clone(manager);
        let parts = Parts {
            disk,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            connect: Box::new(move |_| Ok(Arc::clone(&transport) as Arc<dyn Transport>)),
            counter,
        };
        let daemon = Daemon::start_with(config.clone(), parts)?;
        let client = Client::connect(&config.data)?;
        Ok(Self { config, manager: Arc::clone(manager), clock, daemon, client })
    }

    /// One that is registered and whose first report was answered.
    pub(crate) fn registered(data: &Path) -> Self {
        let mut appliance = Self::start(data);
        assert_eq!(appliance.register(), Outcome::Succeeded);
        appliance.settled();
        appliance
    }

    pub(crate) fn register(&mut self) -> Outcome {
        self.client.register(&token(), false, PATIENCE).unwrap()
    }

    /// The same appliance after a stop and a start.
    pub(crate) fn restart(self) -> Self {
        self.daemon.stop().unwrap();
        Self::start_with(self.config, &self.manager).unwrap()
    }

    pub(crate) fn advance(&self, span: Duration) {
        self.manager.advance(span);
        self.clock.advance(span);
        self.daemon.wake();
    }

    pub(crate) fn status(&mut self) -> Report {
        self.client.status().unwrap()
    }

    /// The state once the manager was asked everything that is due.
    pub(crate) fn settled(&mut self) -> Report {
        self.eventually("the exchange ends", |report| {
            let answered = report.authorization.answered.is_some();
            let failed = report.authorization.contact_failure.is_some();
            let idle = report.registration.enrolment.is_none();
            !report.authorization.in_contact && (answered || failed || idle)
        })
    }

    pub(crate) fn eventually(&mut self, what: &str, condition: impl Fn(&Report) -> bool) -> Report {
        eventually(&mut self.client, what, condition)
    }

    pub(crate) fn events(&mut self) -> Vec<Entry> {
        self.client.events(0).unwrap().events
    }

    pub(crate) fn event_names(&mut self) -> Vec<String> {
        self.events().into_iter().map(|entry| entry.name).collect()
    }
}

/// Asks again and again until the report is as wished; gives it.
pub(crate) fn eventually(
    client: &mut Client,
    what: &str,
    condition: impl Fn(&Report) -> bool,
) -> Report {
    let deadline = time::Instant::now() + PATIENCE;
    loop {
        let report = client.status().unwrap();
        if condition(&report) {
            return report;
        }
        assert!(time::Instant::now() < deadline, "waiting until {what}: {report:#?}");
        std::thread::sleep(time::Duration::from_millis(2));
    }
}
