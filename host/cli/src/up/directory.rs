//! Where it all is kept.

use anyhow::anyhow;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

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
        let path = std::env::temp_dir().join(format!("leasehold-up-{}", std::process::id()));
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
