//! The data directory and the files in it: private from their first moment, whole or not there.

use super::SetupError;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Only the owner reads and writes.
pub(super) const PRIVATE: u32 = 0o600;
/// Everybody may read: certificates and public keys.
pub(super) const PUBLIC: u32 = 0o644;

/// Makes `dir` where it is not there, for its owner alone.
///
/// One that is there and open to others is refused unless it is empty: it may be somebody else's,
/// and set-up does not change the mode of what it did not make.
pub(super) fn private_directory(dir: &Path) -> Result<(), SetupError> {
    let failed = |source| SetupError::Directory { path: dir.display().to_string(), source };
    match fs::metadata(dir) {
        Ok(found) if !found.is_dir() => {
            return Err(failed(io::Error::from(io::ErrorKind::NotADirectory)));
        }
        Ok(found) if found.mode() & 0o077 == 0 => return Ok(()),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if let Some(above) = dir.parent() {
                fs::create_dir_all(above).map_err(failed)?;
            }
            return make_private(dir).map_err(failed);
        }
        Err(error) => return Err(failed(error)),
    }
    if fs::read_dir(dir).map_err(failed)?.next().is_some() {
        return Err(SetupError::Exposed(dir.display().to_string()));
    }
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(failed)
}

/// Makes a directory for its owner alone.
pub(super) fn make_private(dir: &Path) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(dir)
}

/// Refuses a directory with secrets that others can read or change; `secrets` need not be there.
pub(super) fn refuse_exposed(dir: &Path, secrets: &[&str]) -> Result<(), SetupError> {
    if is_open_to_others(dir)? {
        return Err(SetupError::Exposed(dir.display().to_string()));
    }
    for secret in secrets {
        let path = dir.join(secret);
        if is_open_to_others(&path)? {
            return Err(SetupError::ExposedFile(path.display().to_string()));
        }
    }
    Ok(())
}

fn is_open_to_others(path: &Path) -> Result<bool, SetupError> {
    match fs::metadata(path) {
        Ok(found) => Ok(found.mode() & 0o077 != 0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(SetupError::Read { path: path.display().to_string(), source }),
    }
}

/// Writes a file so that a power cut leaves all of it or nothing.
pub(super) fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), SetupError> {
    write_whole(path, bytes, mode)
        .map_err(|source| SetupError::Write { path: path.display().to_string(), source })
}

fn write_whole(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".new");
    let unfinished = Path::new(&unfinished);
    // One left by an interrupted set-up may have another mode.
    match fs::remove_file(unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(unfinished, path)?;
    match path.parent() {
        Some(dir) => File::open(dir)?.sync_all(),
        None => Ok(()),
    }
}

/// The file's bytes, or `None` when there is none.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, SetupError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SetupError::Read { path: path.display().to_string(), source }),
    }
}
