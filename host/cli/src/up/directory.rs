//! Where it all is kept.

use anyhow::anyhow;
use leasehold_shim::disk::Directory;
use rustix::io::Errno;
use rustix::process::{Pid, geteuid, getpid, test_kill_process};
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// The name of a temporary directory, before the process id.
const PREFIX: &str = "leasehold-up-";

/// A directory that was named, or a temporary one that goes when this does.
pub(super) struct Place {
    path: PathBuf,
    kept: bool,
}

impl Place {
    /// The directory that was named, or a new temporary one, for its owner alone.
    ///
    /// # Errors
    /// When a temporary one cannot be made.
    pub(super) fn choose(named: Option<&Path>) -> anyhow::Result<Self> {
        if let Some(path) = named {
            let path = std::path::absolute(path)?;
            return Ok(Self { path, kept: true });
        }
        let above = std::env::temp_dir();
        remove_left_over(&above);
        let path = above.join(format!("{PREFIX}{}", std::process::id()));
        DirBuilder::new().mode(0o700).create(&path).map_err(|error| {
            anyhow!(
                "The temporary directory {} cannot be made: {error}. Name another with --data.",
                path.display()
            )
        })?;
        Ok(Self { path, kept: false })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is there for the next run.
    pub(super) const fn is_kept(&self) -> bool {
        self.kept
    }
}

/// Removes what runs of this user left that were killed. What cannot be removed is in nobody's way.
fn remove_left_over(above: &Path) {
    for entry in fs::read_dir(above).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.parse().ok());
        let own = |found: fs::Metadata| found.is_dir() && found.uid() == geteuid().as_raw();
        if process.is_some_and(is_over) && entry.metadata().is_ok_and(own) {
            // A process that cannot be seen from here, as in another container, still has its lock.
            if let Ok(_taken) = Directory::take(&entry.path()) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// Whether the process is no more. This one has left nothing yet: what bears its number is older.
fn is_over(process: i32) -> bool {
    let Some(process) = Pid::from_raw(process) else { return false };
    process == getpid() || test_kill_process(process) == Err(Errno::SRCH)
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        if let Err(error) = fs::remove_dir_all(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            crate::output::say(&format!("{} could not be removed: {error}.", self.path.display()));
        }
    }
}
