//! The data directory: small files that are whole or not there, private, and owned by one daemon.

use rustix::fs::{FlockOperation, flock};
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// No file of the daemon is longer; what is longer is not one of them.
pub const FILE_MAX: u64 = 8 << 20;

/// Files are written for their owner alone: they hold keys.
const PRIVATE: u32 = 0o600;
const LOCK: &str = "lock";

/// Whether a write must survive a power cut, or only the daemon.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Durability {
    /// It is on the medium when the call returns.
    Durable,
    /// The file is whole after a power cut, but perhaps the one before.
    Ordered,
}

/// The operations the daemon needs of a data directory; names are those of files in it.
pub trait Disk: Send + Sync {
    /// The file's bytes; `None` when there is no such file.
    ///
    /// # Errors
    /// Those of the file system; [`ErrorKind::FileTooLarge`] for more than [`FILE_MAX`].
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>>;

    /// Replaces the file: at any moment it holds the old bytes or the new.
    ///
    /// # Errors
    /// Those of the file system; the old bytes are still there then.
    fn replace(&self, name: &str, bytes: &[u8], durability: Durability) -> io::Result<()>;

    /// Adds to the end of the file.
    ///
    /// # Errors
    /// Those of the file system.
    fn append(&self, name: &str, bytes: &[u8]) -> io::Result<()>;

    /// Gives a file another name; one that had it is gone. No such file is no error.
    ///
    /// # Errors
    /// Those of the file system.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes the file durably. No such file is no error.
    ///
    /// # Errors
    /// Those of the file system.
    fn remove(&self, name: &str) -> io::Result<()>;
}

/// The data directory could not be taken.
#[derive(Debug)]
pub enum TakeError {
    /// Another daemon has it.
    InUse,
    /// Other users may enter it, and there are files in it already.
    Exposed,
    /// The file system refuses.
    Io(io::Error),
}

impl From<io::Error> for TakeError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A data directory, held by this process for as long as the value lives.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    handle: File,
    _lock: File,
}

impl Directory {
    /// Makes the directory where needed, for its owner alone, and takes it.
    ///
    /// One that is open to other users is closed while it is empty. One that holds files may be
    /// somebody else's, or shared: its mode is not changed, and it is refused.
    ///
    /// # Errors
    /// [`TakeError`].
    pub fn take(path: &Path) -> Result<Self, TakeError> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        let handle = File::open(path)?;
        if handle.metadata()?.mode() & 0o077 != 0 {
            if fs::read_dir(path)?.next().is_some() {
                return Err(TakeError::Exposed);
            }
            handle.set_permissions(Permissions::from_mode(0o700))?;
        }
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(PRIVATE);
        let lock = options.open(path.join(LOCK))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { path: path.into(), handle, _lock: lock }),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(TakeError::InUse),
            Err(error) => Err(TakeError::Io(error.into())),
        }
    }
}

impl Disk for Directory {
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let file = match File::open(self.path.join(name)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        read_at_most(file, FILE_MAX).map(Some)
    }

    fn replace(&self, name: &str, bytes: &[u8], durability: Durability) -> io::Result<()> {
        let temporary = self.path.join(format!("{name}.new"));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(PRIVATE);
        let mut file = options.open(&temporary)?;
        file.write_all(bytes)?;
        if durability == Durability::Durable {
            file.sync_all()?;
        }
        fs::rename(&temporary, self.path.join(name))?;
        match durability {
            Durability::Durable => self.handle.sync_all(),
            Durability::Ordered => Ok(()),
        }
    }

    fn append(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.append(true).create(true).mode(PRIVATE);
        options.open(self.path.join(name))?.write_all(bytes)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        match fs::rename(self.path.join(from), self.path.join(to)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok(()) => self.handle.sync_all(),
        }
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.path.join(name)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok(()) => self.handle.sync_all(),
        }
    }
}

/// Reads a whole file that may be at most `limit` bytes long.
///
/// # Errors
/// Those of the file system; [`ErrorKind::FileTooLarge`].
pub(crate) fn read_at_most(file: File, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= limit) {
        Ok(bytes)
    } else {
        Err(ErrorKind::FileTooLarge.into())
    }
}

/// Why the file system refuses, in words, and what to do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DiskTrouble {
    /// What happened, without a full stop: `the file system is read-only`.
    pub cause: String,
    /// One sentence.
    pub remedy: &'static str,
}

impl From<&io::Error> for DiskTrouble {
    fn from(error: &io::Error) -> Self {
        let (cause, remedy) = match error.kind() {
            ErrorKind::ReadOnlyFilesystem => (
                "the file system is read-only".into(),
                "Mount it writable; the daemon goes on by itself then.",
            ),
            ErrorKind::PermissionDenied => (
                "permission is denied".into(),
                "Give the data directory to the user the daemon runs as.",
            ),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => (
                "the file system is full".into(),
                "Free some space; the daemon goes on by itself then.",
            ),
            ErrorKind::NotADirectory | ErrorKind::AlreadyExists => (
                "a file stands where a directory is needed".into(),
                "Name a directory with --data, or move the file away.",
            ),
            ErrorKind::FileTooLarge => (
                "a file is longer than any the daemon writes".into(),
                "Move that file out of the data directory.",
            ),
            _ => (format!("the system says: {error}"), "Check the disk and the system log."),
        };
        Self { cause, remedy }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory() -> (tempfile::TempDir, Directory) {
        let dir = tempfile::tempdir().unwrap();
        let taken = Directory::take(dir.path()).unwrap();
        (dir, taken)
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn files_are_private_and_replaced_whole() {
        let (dir, disk) = directory();
        assert_eq!(disk.read("a").unwrap(), None);
        for (bytes, durability) in [(b"1", Durability::Durable), (b"2", Durability::Ordered)] {
            disk.replace("a", bytes, durability).unwrap();
            assert_eq!(disk.read("a").unwrap().unwrap(), bytes);
        }
        disk.append("log", b"x").unwrap();
        disk.append("log", b"y").unwrap();
        assert_eq!(disk.read("log").unwrap().unwrap(), b"xy");
        for name in ["a", "log", LOCK] {
            assert_eq!(mode(&dir.path().join(name)), 0o600, "{name}");
        }
        assert!(!dir.path().join("a.new").exists());
        disk.rename("a", "b").unwrap();
        disk.rename("absent", "b").unwrap();
        assert_eq!(disk.read("b").unwrap().unwrap(), b"2");
    }

    #[test]
    fn the_directory_is_made_private_or_becomes_it_while_it_is_empty() {
        let dir = tempfile::tempdir().unwrap();
        let made = dir.path().join("x/y");
        drop(Directory::take(&made).unwrap());
        assert_eq!(mode(&made), 0o700);
        let empty = dir.path().join("empty");
        fs::create_dir(&empty).unwrap();
        fs::set_permissions(&empty, Permissions::from_mode(0o755)).unwrap();
        drop(Directory::take(&empty).unwrap());
        assert_eq!(mode(&empty), 0o700);
    }

    #[test]
    fn a_directory_that_others_share_is_refused_and_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("theirs"), "").unwrap();
        for shared in [0o1777, 0o755, 0o750, 0o710] {
            fs::set_permissions(dir.path(), Permissions::from_mode(shared)).unwrap();
            assert!(matches!(Directory::take(dir.path()), Err(TakeError::Exposed)), "{shared:o}");
            assert_eq!(fs::metadata(dir.path()).unwrap().mode() & 0o7777, shared);
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is made in it");
        }
    }

    #[test]
    fn one_daemon_at_a_time() {
        let (dir, first) = directory();
        assert!(matches!(Directory::take(dir.path()), Err(TakeError::InUse)));
        drop(first);
        assert!(Directory::take(dir.path()).is_ok());
    }

    #[test]
    fn a_file_that_is_too_long_is_not_read() {
        let (dir, disk) = directory();
        File::create(dir.path().join("a")).unwrap().set_len(FILE_MAX + 1).unwrap();
        assert_eq!(disk.read("a").unwrap_err().kind(), ErrorKind::FileTooLarge);
    }

    #[test]
    fn a_file_in_the_place_of_the_directory_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for path in [file.path().to_owned(), file.path().join("below")] {
            let Err(TakeError::Io(error)) = Directory::take(&path) else { panic!() };
            let trouble = DiskTrouble::from(&error);
            assert!(trouble.remedy.contains("--data"), "{error:?}");
        }
    }

    #[test]
    fn full_and_read_only_file_systems_are_told_apart() {
        let of = |kind: ErrorKind| DiskTrouble::from(&io::Error::from(kind)).cause;
        assert!(of(ErrorKind::ReadOnlyFilesystem).contains("read-only"));
        assert!(of(ErrorKind::StorageFull).contains("full"));
        assert!(of(ErrorKind::PermissionDenied).contains("permission"));
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let error = (&full).write_all(b"x").unwrap_err();
        assert_eq!(DiskTrouble::from(&error).cause, of(ErrorKind::StorageFull));
    }
}
