//! One manager at a time works in a data directory; the lock also says where it answers.

use super::SetupError;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Seek, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

const FILE: &str = "manager.lock";

/// Held by the process that works in the data directory. The system releases it with the process,
/// however that ends.
#[derive(Debug)]
pub struct DirectoryLock {
    file: File,
}

impl DirectoryLock {
    /// Takes the lock of `dir`.
    ///
    /// # Errors
    /// [`SetupError::Running`] when another process has it.
    pub fn take(dir: &Path) -> Result<Self, SetupError> {
        let path = dir.join(FILE);
        let failed = |source| SetupError::Write { path: path.display().to_string(), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(super::files::PRIVATE);
        let file = options.open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { file }),
            Err(TryLockError::WouldBlock) => Err(SetupError::Running(dir.display().to_string())),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// Writes down where the manager answers, for commands on the same machine.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn announce(&mut self, address: SocketAddr) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        writeln!(self.file, "{address}")
    }
}

impl Drop for DirectoryLock {
    fn drop(&mut self) {
        // What stays behind after a failure is an address that nobody answers at.
        let _ = self.file.set_len(0);
    }
}

/// Where the manager of `dir` answers, when one is running there.
pub fn running_at(dir: &Path) -> Option<SocketAddr> {
    std::fs::read_to_string(dir.join(FILE)).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_one_is_refused_until_the_first_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let mut first = DirectoryLock::take(dir.path()).unwrap();
        let address = ([127, 0, 0, 1], 8443).into();
        first.announce(([127, 0, 0, 1], 65_000).into()).unwrap();
        first.announce(address).unwrap();
        assert!(matches!(DirectoryLock::take(dir.path()), Err(SetupError::Running(_))));
        assert_eq!(running_at(dir.path()), Some(address));
        drop(first);
        assert_eq!(running_at(dir.path()), None);
        assert!(DirectoryLock::take(dir.path()).is_ok());
    }
}
