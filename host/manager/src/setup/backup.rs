//! Backups: a manager in one file, made while it runs (SPEC L11).
//!
//! In it is what a fresh machine needs to go on as this manager: the database, the signing key and its
//! certificate, the reservation key, the self-signed TLS certificate and key that clients pin,
//! the operator's secret and `manager.toml`. The vendor's root key is not: whoever has it can make other
//! managers, so that it belongs into no file that is copied every night.

use super::archive::{self, Unfit};
use super::{DATABASE, SetupError, TLS_CERTIFICATE, TLS_KEY, files, keys, now, operator};
use crate::config;
use crate::domain::DomainError;
use crate::store::StoreError;
use crate::store::sqlite;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What a backup holds of a data directory, where it is there, and with which mode it is restored.
pub(super) const KEPT: [(&str, u32); 10] = [
    (DATABASE, files::PRIVATE),
    (keys::ROOT_PUBLIC, files::PUBLIC),
    (keys::SIGNING_KEY, files::PRIVATE),
    (keys::SIGNING_CERTIFICATE, files::PUBLIC),
    (keys::RESERVATION_KEY, files::PRIVATE),
    (keys::RESERVATION_PUBLIC, files::PUBLIC),
    (TLS_CERTIFICATE, files::PUBLIC),
    (TLS_KEY, files::PRIVATE),
    (operator::FILE, files::PRIVATE),
    (config::FILE, files::PRIVATE),
];

/// What a backup is made of, and what is not in it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BackedUp {
    /// How long the file is, in bytes.
    pub size: u64,
    /// The names of the files in it.
    pub files: Vec<&'static str>,
    /// Whether the vendor's root key lies in the data directory, and so is in no backup.
    pub root_key_left_out: bool,
}

/// Why a backup was not made or not restored. Nothing was changed unless it says so.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A backup replaces nothing.
    #[error("{0} is there already. Choose another name for the backup, or move that file away.")]
    Exists(String),
    /// The backup cannot be written.
    #[error(
        "{path} cannot be written: {source}. Choose a place with enough space and write access."
    )]
    Write {
        /// The file.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// The backup cannot be read.
    #[error("{path} cannot be read: {source}. Check the name, and who may read the file.")]
    Read {
        /// The file.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// The file is something else.
    #[error(
        "{0} is no backup of a license manager. \
         Name a file that `leasehold manager backup` has written."
    )]
    Foreign(String),
    /// The file was made by a newer version.
    #[error(
        "The backup {0} was made by a newer version of this program. \
         Restore it with that version, or a later one."
    )]
    Newer(String),
    /// The file is not what was written.
    #[error("The backup {path} is damaged: {what}. Use another one.")]
    Damaged {
        /// The file.
        path: String,
        /// In what way.
        what: String,
    },
    /// There is another manager in the directory.
    #[error(
        "{0} holds a license manager of another vendor key than the backup. \
         Restore into a directory of its own."
    )]
    OtherVendor(String),
    /// Files of the directory cannot be moved.
    #[error(
        "The files of the manager in {path} cannot be put in place: {source}. \
         Give its user write access there and enough space; the restore goes on with the next start."
    )]
    Place {
        /// The directory.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// The data directory.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The rules.
    #[error(transparent)]
    Domain(#[from] DomainError),
}

impl BackupError {
    pub(super) fn unfit(path: &Path, unfit: Unfit) -> Self {
        let path = path.display().to_string();
        match unfit {
            Unfit::Foreign => Self::Foreign(path),
            Unfit::Newer => Self::Newer(path),
            Unfit::Damaged(what) => Self::Damaged { path, what },
            Unfit::Io(source) => Self::Read { path, source },
        }
    }
}

/// Writes a backup of the manager of `dir`, which may be running, into the new file `to`, for its owner
/// alone. The file is there whole, or not at all.
///
/// # Errors
/// [`BackupError`]; there is no file then.
pub fn backup(dir: &Path, to: &Path) -> Result<BackedUp, BackupError> {
    super::check(dir)?;
    // Asked of the link itself: one that leads nowhere would be replaced, too.
    if fs::symlink_metadata(to).is_ok() {
        return Err(BackupError::Exists(to.display().to_string()));
    }
    let failed = |source| BackupError::Write { path: to.display().to_string(), source };
    let whole = Unfinished::beside(to, "new").map_err(failed)?;
    let database = Unfinished::beside(to, "database").map_err(failed)?;
    // Taken before the copy: nothing from before this moment is missing in it.
    let made = now();
    sqlite::copy(&dir.join(DATABASE), &database.path)?;
    let mut sources = vec![(DATABASE, database.path.clone())];
    let others = KEPT.iter().map(|(name, _)| *name).filter(|name| *name != DATABASE);
    sources.extend(others.map(|name| (name, dir.join(name))).filter(|(_, path)| path.exists()));
    let mut file = OpenOptions::new().write(true).open(&whole.path).map_err(failed)?;
    archive::write(&mut file, made, &sources).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    fs::rename(&whole.path, to).and_then(|()| sync_parent(to)).map_err(failed)?;
    let files = sources.into_iter().map(|(name, _)| name).collect();
    Ok(BackedUp { size, files, root_key_left_out: dir.join(keys::ROOT_KEY).exists() })
}

/// A private file that is removed again unless it was moved away.
struct Unfinished {
    path: PathBuf,
}

impl Unfinished {
    /// Makes it empty; one that an interrupted backup has left is replaced.
    fn beside(to: &Path, what: &str) -> io::Result<Self> {
        let mut name = to.as_os_str().to_owned();
        name.push(format!(".{what}"));
        let path = PathBuf::from(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(files::PRIVATE).open(&path)?;
        Ok(Self { path })
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // What stays behind is removed by the next backup of this name.
        let _ = fs::remove_file(&self.path);
    }
}

fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}
