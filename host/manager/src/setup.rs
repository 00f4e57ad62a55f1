//! Set-up: everything that a new data directory needs before a manager can run on it, and the
//! one-time link by which the first administrator is made. There is no default password anywhere
//! (SPEC L1).

mod archive;
mod backup;
mod files;
mod keys;
mod link;
mod lock;
mod operator;
mod restore;

pub use backup::{BackedUp, BackupError, backup};
pub use keys::{Identity, load};
pub(crate) use link::{NOT_VALID as LINK_NOT_VALID, is_open, issue_if_needed, redeem};
pub use lock::{DirectoryLock, running_at};
pub use operator::read as operator_secret;
pub use restore::{Restore, RestoredTo, finish_restore};

use crate::config::{self, Config, ConfigError, Settings, TlsFiles};
use crate::domain::{DomainError, EntropyUnavailable};
use crate::store::StoreError;
use crate::store::sqlite::SqliteStore;
use crate::tls::{self, TlsError};
use leasehold_core::crypto::PublicKey;
use leasehold_core::time::UnixTime;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The SQLite database in the data directory.
pub const DATABASE: &str = "manager.db";
const TLS_CERTIFICATE: &str = "tls.crt";
const TLS_KEY: &str = "tls.key";
/// The files that are for the manager's user alone.
const SECRETS: [&str; 6] =
    [keys::ROOT_KEY, keys::SIGNING_KEY, keys::RESERVATION_KEY, TLS_KEY, DATABASE, operator::FILE];

/// What set-up is to write into `manager.toml`.
pub type InitOptions = Settings;

/// What set-up did.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Initialised {
    /// The files it made, in order; empty when everything was there already.
    pub made: Vec<&'static str>,
    /// The keys of a `manager.toml` that was there and has another value than what was given.
    pub ignored: Vec<&'static str>,
    /// The public half of the vendor's root key: what products pin.
    pub root: PublicKey,
    /// The certificate that clients on this machine pin.
    pub tls_certificate: PathBuf,
}

/// Why set-up did not finish, or a data directory cannot be used. What was made stays; the next
/// set-up makes what is missing.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The directory cannot be made or looked at.
    #[error(
        "The data directory {path} cannot be used: {source}. \
         Give the manager's user write access there, or choose another directory."
    )]
    Directory {
        /// The directory.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// Others could read the secrets in it.
    #[error(
        "The data directory {0} is open to other users. \
         Close it with `chmod 700 {0}`, or choose another directory."
    )]
    Exposed(String),
    /// Others can read a file with a secret.
    #[error(
        "The file {0} is open to other users. \
         Close it with `chmod 600 {0}`; replace what is in it if others may have read it."
    )]
    ExposedFile(String),
    /// A file cannot be read.
    #[error("{path} cannot be read: {source}. Give the manager's user read access to it.")]
    Read {
        /// The file.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error(
        "{path} cannot be written: {source}. \
         Give the manager's user write access there, and enough space."
    )]
    Write {
        /// The file.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// A file holds something else.
    #[error("{path} does not hold {expected}. Restore it from the last backup.")]
    Damaged {
        /// The file.
        path: String,
        /// What belongs there.
        expected: &'static str,
    },
    /// A file that only a backup can bring back is gone.
    #[error("{path} is missing. Restore it from the last backup.")]
    Missing {
        /// The file.
        path: String,
    },
    /// The database was there and is not any more.
    #[error(
        "The database {path} is missing or empty, although this manager has run before. \
         Restore it from the last backup."
    )]
    DatabaseLost {
        /// The database file.
        path: String,
    },
    /// The root key was moved offline and is needed now.
    #[error(
        "A signing certificate has to be made, and the root key is not at {path}. \
         Bring it there for one start of the manager."
    )]
    RootAway {
        /// Where it belongs.
        path: String,
    },
    /// The signing certificate ended.
    #[error(
        "The signing certificate has ended, and the root key to renew it is not at {path}. \
         Bring it there for one start of the manager."
    )]
    CertificateEnded {
        /// Where the root key belongs.
        path: String,
    },
    /// There is nothing in the directory.
    #[error(
        "{0} holds no license manager yet. \
         Run `leasehold manager init --data {0}`, or name another directory with --data."
    )]
    NotInitialised(String),
    /// A restore was interrupted.
    #[error(
        "A restore into {0} was interrupted. Finish it with `leasehold manager serve --data {0}`."
    )]
    Unfinished(String),
    /// Another process works in the directory.
    #[error(
        "A license manager is running on {0} already. \
         Stop it first, or give this one a data directory of its own."
    )]
    Running(String),
    /// `manager.toml`.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The rules.
    #[error(transparent)]
    Domain(#[from] DomainError),
    /// Randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
}

/// Makes what is missing in `dir` for a manager to run there; what is there stays as it is. The
/// root key that it makes is the vendor's and may be moved offline afterwards.
///
/// # Errors
/// [`SetupError`]. A set-up that was interrupted is completed by the next.
pub fn init(dir: &Path, options: &InitOptions) -> Result<Initialised, SetupError> {
    files::private_directory(dir)?;
    let made = match DirectoryLock::take(dir) {
        Ok(_lock) => complete(dir, options)?,
        // A manager that runs was set up.
        Err(SetupError::Running(_)) if operator::path(dir).exists() => Vec::new(),
        Err(error) => return Err(error),
    };
    let config = Config::load(dir, options)?;
    let ignored = match made.contains(&config::FILE) {
        true => Vec::new(),
        false => config.differs_in(&Config::load(dir, &Settings::default())?),
    };
    Ok(Initialised {
        made,
        ignored,
        root: keys::public_root(dir)?,
        tls_certificate: tls_files(&config).certificate,
    })
}

/// Refuses a directory that no manager can start in: one that holds none yet, one that has lost its
/// database, which nothing here may replace by an empty one, and one whose secrets others can read.
pub(crate) fn check(dir: &Path) -> Result<(), SetupError> {
    refuse_unfinished(dir)?;
    refuse_lost_database(dir)?;
    if !dir.join(DATABASE).exists() {
        return Err(SetupError::NotInitialised(dir.display().to_string()));
    }
    files::refuse_exposed(dir, &SECRETS)
}

/// The operator's secret is written once the database holds its client, so that where there is one
/// there was a database that is not empty.
fn refuse_lost_database(dir: &Path) -> Result<(), SetupError> {
    let database = dir.join(DATABASE);
    let empty = std::fs::metadata(&database).map_or(true, |file| file.len() == 0);
    if empty && operator::path(dir).exists() {
        return Err(SetupError::DatabaseLost { path: database.display().to_string() });
    }
    Ok(())
}

/// Half of what is in the directory may be an old manager, and half a restored one.
fn refuse_unfinished(dir: &Path) -> Result<(), SetupError> {
    if restore::is_unfinished(dir)? {
        return Err(SetupError::Unfinished(dir.display().to_string()));
    }
    Ok(())
}

fn complete(dir: &Path, options: &InitOptions) -> Result<Vec<&'static str>, SetupError> {
    refuse_unfinished(dir)?;
    refuse_lost_database(dir)?;
    let config = Config::load(dir, options)?;
    if let Some(given) = &config.tls {
        tls::server_config(given)?;
    }
    let mut made = Vec::new();
    if files::read(&dir.join(config::FILE))?.is_none() {
        let text = config::initial_file(options);
        files::write(&dir.join(config::FILE), text.as_bytes(), files::PRIVATE)?;
        made.push(config::FILE);
    }
    made.extend(keys::complete(dir, now())?);
    if config.tls.is_none() {
        made.extend(complete_tls(dir, &config)?);
    }
    if !dir.join(DATABASE).exists() {
        made.push(DATABASE);
    }
    let store = SqliteStore::open(&dir.join(DATABASE))?;
    made.extend(operator::complete(dir, &store, now())?);
    Ok(made)
}

fn complete_tls(dir: &Path, config: &Config) -> Result<Vec<&'static str>, SetupError> {
    let (certificate, key) = (dir.join(TLS_CERTIFICATE), dir.join(TLS_KEY));
    let certificate_there = files::read(&certificate)?.is_some();
    if certificate_there && files::read(&key)?.is_some() {
        return Ok(Vec::new());
    }
    // The certificate is written last: clients pin it, so one that was there may be pinned.
    if certificate_there {
        return Err(SetupError::Missing { path: key.display().to_string() });
    }
    let made = tls::self_signed(&certificate_names(config))?;
    files::write(&key, made.key.as_bytes(), files::PRIVATE)?;
    files::write(&certificate, made.certificate.as_bytes(), files::PUBLIC)?;
    Ok(vec![TLS_KEY, TLS_CERTIFICATE])
}

/// The names of the self-signed certificate: those that were given, and those that always lead
/// here from the same machine.
fn certificate_names(config: &Config) -> Vec<String> {
    let mut names = config.names.clone();
    let ip = config.listen.ip();
    let own = (!ip.is_unspecified()).then(|| ip.to_string());
    let always = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    for name in own.into_iter().chain(always) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The TLS files that a manager with this configuration uses.
pub fn tls_files(config: &Config) -> TlsFiles {
    config.tls.clone().unwrap_or_else(|| TlsFiles {
        certificate: config.data.join(TLS_CERTIFICATE),
        key: config.data.join(TLS_KEY),
    })
}

/// The system's time.
pub(crate) fn now() -> UnixTime {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    UnixTime::from_secs(since.map_or(0, |since| since.as_secs()))
}
