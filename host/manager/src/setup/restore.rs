//! Restores a backup: a manager that goes on from an earlier moment, under a higher epoch and with
//! its reservations frozen (SPEC L11).
//!
//! Everything is checked, unpacked and made ready beside the files that are there, in a folder of the
//! data directory. One rename of that folder is the restore; from then on it is only to be finished,
//! by whatever starts next in the directory. A power cut leaves the old manager or the new one.
//!
//! ```text
//! restore.new            being made ready; thrown away by the next restore
//! restore-EPOCH.ready    restored: what is there moves to replaced-EPOCH
//! restore-EPOCH.placing  what was made ready moves to where it belongs
//! ```
//!
//! *Rejected:* renaming the data directory as a whole, because it may be a mounted volume.

use super::archive::Archive;
use super::backup::{BackupError, KEPT};
use super::lock::DirectoryLock;
use super::{DATABASE, SetupError, files, keys, now};
use crate::domain::{Scene, SystemEntropy, recovery};
use crate::store::sqlite::SqliteStore;
use crate::store::{Store, StoreError};
use leasehold_core::crypto::SoftwareCrypto;
use leasehold_core::time::UnixTime;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

const NEW: &str = "restore.new";
const READY: &str = ".ready";
const PLACING: &str = ".placing";
const PREFIX: &str = "restore-";
const ASIDE: &str = "replaced-";
/// What SQLite keeps beside its file.
const SIDE_FILES: [&str; 2] = ["manager.db-wal", "manager.db-shm"];

/// A backup that was checked, and the directory that it is to be restored into, in which no manager
/// runs as long as this is there.
#[derive(Debug)]
pub struct Restore {
    dir: PathBuf,
    backup: PathBuf,
    archive: Archive,
    _lock: DirectoryLock,
}

/// What a restore did.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RestoredTo {
    /// The epoch that the manager begins.
    pub epoch: u32,
    /// When the backup was made: what happened since is lost.
    pub backed_up: UnixTime,
    /// How many reservations are frozen until they are reconciled.
    pub frozen: u64,
    /// Where the files are that were there before.
    pub replaced: Option<PathBuf>,
}

impl Restore {
    /// Checks the backup and takes the directory, which is made where there is none. Nothing is changed
    /// yet, except that a restore that was interrupted is finished first.
    ///
    /// # Errors
    /// [`BackupError`] when the file is no backup that can be restored here, or a manager runs in the
    /// directory.
    pub fn prepare(dir: &Path, backup: &Path) -> Result<Self, BackupError> {
        let archive = Archive::open(backup).map_err(|unfit| BackupError::unfit(backup, unfit))?;
        files::private_directory(dir)?;
        let lock = DirectoryLock::take(dir)?;
        place(dir)?;
        Ok(Self { dir: dir.into(), backup: backup.into(), archive, _lock: lock })
    }

    /// When the backup was made.
    pub const fn backed_up(&self) -> UnixTime {
        self.archive.contents.made
    }

    /// Whether there is a manager that it takes the place of.
    pub fn replaces(&self) -> bool {
        present(&self.dir).next().is_some()
    }

    /// Restores. What was there is kept in a folder of the data directory.
    ///
    /// # Errors
    /// [`BackupError`]. Everything is as it was then, unless it is [`BackupError::Place`].
    pub fn restore(mut self) -> Result<RestoredTo, BackupError> {
        let (dir, new) = (self.dir.clone(), self.dir.join(NEW));
        let done = self.commit(&new);
        if done.is_err() {
            // What cannot be removed now is by the next restore.
            let _ = remove(&new);
        }
        let done = done?;
        place(&dir)?;
        Ok(done)
    }

    /// Makes everything ready in the folder `new`, and renames it: from then on it is restored.
    fn commit(&mut self, new: &Path) -> Result<RestoredTo, BackupError> {
        let dir = self.dir.clone();
        let failed = |source| BackupError::Write { path: new.display().to_string(), source };
        remove(new).and_then(|()| files::make_private(new)).map_err(failed)?;
        let mode = |name: &str| KEPT.iter().find(|(kept, _)| *kept == name).map(|(_, mode)| *mode);
        let unpacked = self.archive.unpack(new, mode);
        unpacked.map_err(|unfit| BackupError::unfit(&self.backup, unfit))?;
        let backed_up = self.backed_up();
        self.check(new, backed_up)?;
        let begun = begin(new, backed_up, last_epoch(&dir).map_err(failed)?);
        let (restored, frozen) = begun.map_err(|error| self.name_backup(error))?;
        sync(new).map_err(failed)?;
        let epoch = restored.epoch;
        let replaced = self.replaces().then(|| dir.join(aside(epoch)));
        let ready = dir.join(Phase::Ready.folder(epoch));
        fs::rename(new, ready).and_then(|()| sync(&dir)).map_err(failed)?;
        Ok(RestoredTo { epoch, backed_up, frozen, replaced })
    }

    /// Refuses what would start no manager, and what is another one's.
    fn check(&self, new: &Path, backed_up: UnixTime) -> Result<(), BackupError> {
        self.same_vendor(new)?;
        if !new.join(DATABASE).exists() || keys::load(new, backed_up).is_err() {
            let what = "keys and database in it do not make a manager".into();
            return Err(BackupError::Damaged { path: self.backup.display().to_string(), what });
        }
        Ok(())
    }

    /// Says what is wrong with the database of the backup as what is wrong with the backup.
    fn name_backup(&self, error: BackupError) -> BackupError {
        let path = self.backup.display().to_string();
        match error {
            BackupError::Store(StoreError::OtherVersion { .. }) => BackupError::Newer(path),
            BackupError::Store(StoreError::Damaged { detail: what, .. }) => {
                BackupError::Damaged { path, what }
            }
            other => other,
        }
    }

    /// The root key stays where it is, and has to be that of what is restored.
    fn same_vendor(&self, new: &Path) -> Result<(), BackupError> {
        let old = files::read(&self.dir.join(keys::ROOT_PUBLIC))?;
        if old.is_none_or(|old| fs::read(new.join(keys::ROOT_PUBLIC)).is_ok_and(|new| new == old)) {
            return Ok(());
        }
        Err(BackupError::OtherVendor(self.dir.display().to_string()))
    }
}

/// Begins the epoch of a database that was unpacked, and leaves it without a write-ahead log.
fn begin(
    new: &Path,
    backed_up: UnixTime,
    above: u32,
) -> Result<(recovery::Restored, u64), BackupError> {
    let store = SqliteStore::open(&new.join(DATABASE))?;
    let entropy = &mut SystemEntropy;
    let scene = Scene { now: now(), actor: "restore", crypto: &SoftwareCrypto, entropy };
    let mut tx = store.begin()?;
    let begun = recovery::begin(&mut *tx, &scene, backed_up, above)?;
    tx.commit()?;
    Ok(begun)
}

/// The highest epoch that is known in `dir`: of the manager that is replaced, and of the restores before,
/// which count where its database cannot be read.
fn last_epoch(dir: &Path) -> io::Result<u32> {
    let path = dir.join(DATABASE);
    let read =
        || -> Result<u32, StoreError> { recovery::epoch(&*SqliteStore::open(&path)?.view()?) };
    let mut last = if path.exists() { read().unwrap_or(0) } else { 0 };
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        let epoch = name.to_str().and_then(|name| name.strip_prefix(ASIDE)?.parse().ok());
        last = last.max(epoch.unwrap_or(0));
    }
    Ok(last)
}

/// Finishes a restore that was interrupted, if there is one in `dir`.
///
/// # Errors
/// [`BackupError`] when a manager runs there, or files cannot be moved.
pub fn finish_restore(dir: &Path) -> Result<(), BackupError> {
    if !is_unfinished(dir)? {
        return Ok(());
    }
    let _lock = DirectoryLock::take(dir)?;
    place(dir)?;
    tracing::info!(data = %dir.display(), "a restore that was interrupted is finished");
    Ok(())
}

/// Whether a restore was interrupted in `dir`.
pub(super) fn is_unfinished(dir: &Path) -> Result<bool, SetupError> {
    let failed = |source| SetupError::Directory { path: dir.display().to_string(), source };
    match under_way(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        found => Ok(found.map_err(failed)?.is_some()),
    }
}

/// How far a restore has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    /// The files that were there are moved aside.
    Ready,
    /// The restored ones are moved to their places.
    Placing,
}

impl Phase {
    const fn suffix(self) -> &'static str {
        match self {
            Self::Ready => READY,
            Self::Placing => PLACING,
        }
    }

    fn folder(self, epoch: u32) -> String {
        format!("{PREFIX}{epoch}{}", self.suffix())
    }
}

/// The folder of what an earlier manager has left.
fn aside(epoch: u32) -> String {
    format!("{ASIDE}{epoch}")
}

/// The restore that is under way in `dir`.
fn under_way(dir: &Path) -> io::Result<Option<(Phase, u32)>> {
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        let rest = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        for phase in [Phase::Ready, Phase::Placing] {
            let epoch = rest.and_then(|rest| rest.strip_suffix(phase.suffix()));
            if let Some(epoch) = epoch.and_then(|epoch| epoch.parse().ok()) {
                return Ok(Some((phase, epoch)));
            }
        }
    }
    Ok(None)
}

/// The files of a manager that are in `dir`.
fn present(dir: &Path) -> impl Iterator<Item = &'static str> {
    let names = KEPT.iter().map(|(name, _)| *name).chain(SIDE_FILES);
    names.filter(|name| dir.join(name).exists())
}

/// Puts what was made ready in place, from wherever that was interrupted.
fn place(dir: &Path) -> Result<(), BackupError> {
    let failed = |source| BackupError::Place { path: dir.display().to_string(), source };
    while let Some(step) = next_step(dir).map_err(failed)? {
        step.take(dir).map_err(failed)?;
    }
    Ok(())
}

/// One change of the directory: all of it or nothing, also when the power fails.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Step {
    MakeFolder(PathBuf),
    Move { from: PathBuf, to: PathBuf },
    RemoveFolder(PathBuf),
}

impl Step {
    fn take(&self, dir: &Path) -> io::Result<()> {
        match self {
            Self::MakeFolder(folder) => files::make_private(&dir.join(folder))?,
            Self::Move { from, to } => {
                fs::rename(dir.join(from), dir.join(to))?;
                to.parent().map_or(Ok(()), |parent| sync(&dir.join(parent)))?;
            }
            Self::RemoveFolder(folder) => fs::remove_dir(dir.join(folder))?,
        }
        sync(dir)
    }
}

/// What is to be done next, as the directory shows; `None` when nothing is under way.
fn next_step(dir: &Path) -> io::Result<Option<Step>> {
    let Some((phase, epoch)) = under_way(dir)? else { return Ok(None) };
    let folder = PathBuf::from(phase.folder(epoch));
    let moved = |from: PathBuf, to: PathBuf| Some(Step::Move { from, to });
    Ok(match phase {
        Phase::Ready => {
            let aside = PathBuf::from(aside(epoch));
            match present(dir).next() {
                Some(_) if !dir.join(&aside).exists() => Some(Step::MakeFolder(aside)),
                Some(name) => moved(name.into(), aside.join(name)),
                None => moved(folder, Phase::Placing.folder(epoch).into()),
            }
        }
        Phase::Placing => match first_of(&dir.join(&folder))? {
            Some(name) => moved(folder.join(&name), name.into()),
            None => Some(Step::RemoveFolder(folder)),
        },
    })
}

fn first_of(folder: &Path) -> io::Result<Option<OsString>> {
    fs::read_dir(folder)?.next().transpose().map(|entry| entry.map(|entry| entry.file_name()))
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests;
