//! Commands to a running daemon.

use crate::problem::Problem;
use crate::protocol::{
    ANSWER_MAX, Answer, Control, Count, EVENTS_MAX, Events, Operation, Outcome, Permission,
    Renewal, Request, ReservationStep, Seat, TypeChange, WAIT_MAX_SECONDS,
};
use crate::report::Report;
use crate::settings::{Secret, TransportChange, TransportSettings};
use crate::socket;
use serde::de::DeserializeOwned;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The daemon answers everything that waits for nobody in less.
const ANSWER_TIME: Duration = Duration::from_secs(30);

/// A connection to the daemon on a data directory.
#[derive(Debug)]
pub struct Client {
    connection: BufReader<UnixStream>,
    path: PathBuf,
}

impl Client {
    /// Connects to the daemon that runs on `data`.
    ///
    /// # Errors
    /// A [`Problem`]: `not-running` says how to start it.
    pub fn connect(data: &Path) -> Result<Self, Problem> {
        let path = socket::path(data)?;
        let connection = UnixStream::connect(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => Problem::new(
                "not-running",
                format!("No appliance daemon runs on {}.", data.display()),
                format!(
                    "Start it with `leasehold appliance serve --data {}`, or name its directory \
                     with --data or LEASEHOLD_DATA.",
                    data.display()
                ),
            ),
            ErrorKind::PermissionDenied => Problem::new(
                "not-permitted",
                format!("This user may not use {}.", path.display()),
                "Give the command as the user that the daemon runs as.",
            ),
            _ => lost(&path, &error),
        })?;
        Ok(Self { connection: BufReader::new(connection), path })
    }

    /// The whole state.
    ///
    /// # Errors
    /// A [`Problem`], as for every command: the daemon's own, or that it did not answer.
    pub fn status(&mut self) -> Result<Report, Problem> {
        self.ask(&Request::Status {})
    }

    /// Registers with a token; waits up to `wait` for the outcome.
    ///
    /// # Errors
    /// As [`Client::status`]; an outcome that is no success is no error here.
    pub fn register(
        &mut self,
        token: &str,
        force: bool,
        wait: Duration,
    ) -> Result<Outcome, Problem> {
        let token = Secret::new(token);
        self.ask(&Request::Register { token, force, wait_seconds: seconds(wait) })
    }

    /// Leaves the account; waits up to `wait` for the outcome.
    ///
    /// # Errors
    /// As [`Client::register`].
    pub fn deregister(&mut self, wait: Duration) -> Result<Outcome, Problem> {
        self.ask(&Request::Deregister { wait_seconds: seconds(wait) })
    }

    /// Reports or renews now; waits up to `wait` for the outcome.
    ///
    /// # Errors
    /// As [`Client::register`].
    pub fn renew(&mut self, what: Renewal, wait: Duration) -> Result<Outcome, Problem> {
        self.ask(&Request::Renew { what, wait_seconds: seconds(wait) })
    }

    /// Counts by another license type; gives who was signed in anew.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub fn set_license_type(&mut self, name: &str) -> Result<TypeChange, Problem> {
        self.ask(&Request::LicenseType { name: name.into() })
    }

    /// Allows over-use, or denies it; gives license control as it is then.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub fn allow_overage(&mut self, allowed: bool) -> Result<Control, Problem> {
        self.ask(&Request::AllowOverage { allowed })
    }

    /// Limits a field of license control, or takes the limit back; gives license control as it is
    /// then.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub fn limit(&mut self, feature: &str, limit: Option<u32>) -> Result<Control, Problem> {
        self.ask(&Request::Limit { feature: feature.into(), limit })
    }

    /// Leaves the account and erases everything but the evaluation used; waits up to `wait` for
    /// the outcome.
    ///
    /// # Errors
    /// As [`Client::register`].
    pub fn factory_reset(&mut self, wait: Duration) -> Result<Outcome, Problem> {
        self.ask(&Request::FactoryReset { wait_seconds: seconds(wait) })
    }

    /// Takes a step of a reservation; waits up to `wait` until it is stored.
    ///
    /// # Errors
    /// As [`Client::status`]; `takes-away` for an authorization with fewer licences than are reserved.
    pub fn reservation(
        &mut self,
        step: ReservationStep,
        wait: Duration,
    ) -> Result<Outcome, Problem> {
        self.ask(&Request::Reservation { step, wait_seconds: seconds(wait) })
    }

    /// How the manager is reached, without the proxy's password.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub fn transport(&mut self) -> Result<TransportSettings, Problem> {
        self.ask(&Request::TransportGet {})
    }

    /// Changes how the manager is reached; gives the settings then in force.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub fn set_transport(&mut self, change: TransportChange) -> Result<TransportSettings, Problem> {
        self.ask(&Request::TransportSet { change })
    }

    /// Signs somebody in; says which licence that took.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub fn login(
        &mut self,
        name: &str,
        skills: &[String],
        supervisor: bool,
    ) -> Result<Seat, Problem> {
        let skills = skills.to_vec();
        self.ask(&Request::Login { name: name.into(), skills, supervisor })
    }

    /// Signs somebody out.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub fn logout(&mut self, name: &str) -> Result<Seat, Problem> {
        self.ask(&Request::Logout { name: name.into() })
    }

    /// Takes `n` of a feature.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub fn acquire(&mut self, feature: &str, n: u32) -> Result<Count, Problem> {
        self.ask(&Request::Acquire { feature: feature.into(), n })
    }

    /// Gives `n` of a feature back.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub fn release(&mut self, feature: &str, n: u32) -> Result<Count, Problem> {
        self.ask(&Request::Release { feature: feature.into(), n })
    }

    /// What happened after the event numbered `after`; 0 for everything that is kept.
    ///
    /// # Errors
    /// As [`Client::status`].
    pub fn events(&mut self, after: u64) -> Result<Events, Problem> {
        self.ask(&Request::Events { after, limit: EVENTS_MAX })
    }

    /// Whether users and devices may be added, changed and deleted now (SPEC E3).
    ///
    /// # Errors
    /// As [`Client::status`].
    pub fn permits_provisioning(&mut self) -> Result<Permission, Problem> {
        self.ask(&Request::Permits { operation: Operation::Provision })
    }

    fn ask<T: DeserializeOwned>(&mut self, request: &Request) -> Result<T, Problem> {
        let line = self.exchange(request).map_err(|error| lost(&self.path, &error))?;
        let other_version = |_| {
            Problem::new(
                "other-version",
                "The daemon's answer is not understood: it is of another version.",
                "Restart the daemon with the program that gave this command.",
            )
        };
        match serde_json::from_slice(&line).map_err(other_version)? {
            Answer::Ok(value) => serde_json::from_value(value).map_err(other_version),
            Answer::Error(problem) => Err(problem),
        }
    }

    fn exchange(&mut self, request: &Request) -> io::Result<Vec<u8>> {
        let waits = match request {
            Request::Register { wait_seconds, .. }
            | Request::Deregister { wait_seconds }
            | Request::FactoryReset { wait_seconds }
            | Request::Reservation { wait_seconds, .. }
            | Request::Renew { wait_seconds, .. } => *wait_seconds,
            _ => 0,
        };
        let limit = ANSWER_TIME + Duration::from_secs(waits.into());
        self.connection.get_ref().set_read_timeout(Some(limit))?;
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        self.connection.get_mut().write_all(&line)?;
        let mut answer = Vec::new();
        (&mut self.connection).take(ANSWER_MAX).read_until(b'\n', &mut answer)?;
        if answer.ends_with(b"\n") { Ok(answer) } else { Err(ErrorKind::UnexpectedEof.into()) }
    }
}

fn seconds(wait: Duration) -> u32 {
    u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).min(WAIT_MAX_SECONDS)
}

fn lost(path: &Path, error: &io::Error) -> Problem {
    let cause = match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            format!("The daemon at {} does not answer.", path.display())
        }
        ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => {
            format!("The daemon at {} closed the connection.", path.display())
        }
        _ => format!("The daemon at {} cannot be spoken to: {error}.", path.display()),
    };
    Problem::new("no-answer", cause, "See whether it still runs, and look at its log.")
}
