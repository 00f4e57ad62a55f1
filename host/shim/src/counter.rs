//! The platform's counter that only grows (SPEC S5): by it a reservation that ended is told from a
//! backup that was put back.
//!
//! A TPM, an RPMB partition or fuses are behind [`MonotonicCounter`]. Where a platform has none of
//! them, [`CounterFile`] is a file on storage that backups of the data directory do not cover; whoever
//! can write that storage can set it back. An appliance with neither says so in its status.

use crate::disk::{DiskTrouble, read_at_most};
use crate::problem::Problem;
use leasehold_core::crc32;
use leasehold_core::identity::DeviceFingerprint;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A counter that outlives whatever is put back from a backup.
pub trait MonotonicCounter: Send {
    /// Where it stands.
    fn value(&self) -> u32;

    /// Raises it to at least `to`; gives where it stands then. It is durable when this returns.
    ///
    /// # Errors
    /// One sentence of cause and one of remedy; the counter is as it was.
    fn raise(&mut self, to: u32) -> Result<u32, Problem>;
}

/// A counter in a file.
///
/// The file has one line: `leasehold-counter 1`, the device's fingerprint, the number, and a checksum
/// over all of that. An empty file is a counter that nothing was counted with yet. It is never made
/// here: a file that is not there is storage that is not mounted, and a counter begun anew in its place
/// would hide what it is for.
#[derive(Debug)]
pub struct CounterFile {
    path: PathBuf,
    device: DeviceFingerprint,
    value: u32,
}

const MAGIC: &str = "leasehold-counter 1";
/// A file longer than this is no counter.
const LENGTH_MAX: u64 = 256;

impl CounterFile {
    /// The counter of `device` at `path`, for a data directory that exists.
    ///
    /// # Errors
    /// A [`Problem`] where the file is in the data directory, is not there, is damaged, or belongs to
    /// another device.
    pub fn open(path: &Path, data: &Path, device: DeviceFingerprint) -> Result<Self, Problem> {
        let path = fs::canonicalize(path).map_err(|error| unusable(path, &error))?;
        let data = fs::canonicalize(data).map_err(|error| unusable(data, &error))?;
        if path.starts_with(&data) {
            return Err(Problem::new(
                "counter-file",
                format!(
                    "The counter {} is in the data directory, and would be put back with a backup \
                     of that.",
                    path.display()
                ),
                "Set `counter_file` under [rollback_protection] to a file on storage that backups \
                 do not cover.",
            ));
        }
        let value = read(&path, device)?;
        Ok(Self { path, device, value })
    }

    fn store(&self, value: u32) -> io::Result<()> {
        let directory = self.path.parent().ok_or(ErrorKind::InvalidInput)?;
        let mut temporary = self.path.clone().into_os_string();
        temporary.push(".new");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&temporary)?;
        file.write_all(line(self.device, value).as_bytes())?;
        file.sync_all()?;
        fs::rename(temporary, &self.path)?;
        File::open(directory)?.sync_all()
    }
}

impl MonotonicCounter for CounterFile {
    fn value(&self) -> u32 {
        self.value
    }

    fn raise(&mut self, to: u32) -> Result<u32, Problem> {
        // Whatever was done to the file meanwhile: it goes up from the most that was ever seen.
        let stored = read(&self.path, self.device)?;
        let value = self.value.max(stored).max(to);
        if value > stored {
            self.store(value).map_err(|error| unusable(&self.path, &error))?;
        }
        self.value = value;
        Ok(value)
    }
}

fn read(path: &Path, device: DeviceFingerprint) -> Result<u32, Problem> {
    let bytes = File::open(path)
        .and_then(|file| read_at_most(file, LENGTH_MAX))
        .map_err(|error| unusable(path, &error))?;
    if bytes.is_empty() {
        return Ok(0);
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| damaged(path))?;
    let (value, of) = parse(text).ok_or_else(|| damaged(path))?;
    if of == fingerprint(device) { Ok(value) } else { Err(foreign(path)) }
}

/// The number in a line, and the fingerprint of the device that it belongs to.
fn parse(text: &str) -> Option<(u32, &str)> {
    let (signed, check) = text.strip_suffix('\n')?.rsplit_once(' ')?;
    let rest = signed.strip_prefix(MAGIC)?.strip_prefix(' ')?;
    let (device, value) = rest.split_once(' ')?;
    (check == checksum(signed)).then_some((value.parse().ok()?, device))
}

fn line(device: DeviceFingerprint, value: u32) -> String {
    let signed = format!("{MAGIC} {} {value}", fingerprint(device));
    let check = checksum(&signed);
    format!("{signed} {check}\n")
}

fn fingerprint(device: DeviceFingerprint) -> String {
    crate::hex::to_hex(&device.0)
}

fn checksum(text: &str) -> String {
    format!("{:08x}", crc32::checksum(&[text.as_bytes()]))
}

fn unusable(path: &Path, error: &io::Error) -> Problem {
    let shown = path.display();
    match error.kind() {
        ErrorKind::NotFound => Problem::new(
            "counter-file",
            format!("There is no counter at {shown}, by which a backup that is put back is told."),
            format!(
                "Mount the storage that holds it. Only for an appliance that never had one, or \
                 whose counter is lost for good, make an empty file there: `touch {shown}`."
            ),
        ),
        ErrorKind::FileTooLarge => damaged(path),
        _ => {
            let trouble = DiskTrouble::from(error);
            Problem::new(
                "counter-file",
                format!("The counter {shown} cannot be used: {}.", trouble.cause),
                "Let the daemon's user read and replace that file, on storage that has room.",
            )
        }
    }
}

fn damaged(path: &Path) -> Problem {
    let shown = path.display();
    Problem::new(
        "counter-file",
        format!("The counter {shown} is damaged, or is no counter."),
        format!(
            "Check that `counter_file` names the right file. If it is lost for good, make it anew, \
             empty: `truncate -s 0 {shown}`; a backup from before then is no longer told."
        ),
    )
}

fn foreign(path: &Path) -> Problem {
    Problem::new(
        "counter-file",
        format!("The counter {} belongs to another appliance.", path.display()),
        "Give this appliance a counter of its own: set `counter_file` under [rollback_protection] to \
         a file that is empty at first.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    const DEVICE: DeviceFingerprint = DeviceFingerprint([7; 8]);

    struct Place {
        dir: tempfile::TempDir,
    }

    impl Place {
        /// A data directory, and an empty counter beside it.
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            fs::create_dir(dir.path().join("data")).unwrap();
            fs::write(dir.path().join("counter"), "").unwrap();
            Self { dir }
        }

        fn file(&self) -> PathBuf {
            self.dir.path().join("counter")
        }

        fn open(&self) -> Result<CounterFile, Problem> {
            CounterFile::open(&self.file(), &self.dir.path().join("data"), DEVICE)
        }
    }

    #[test]
    fn it_grows_and_is_there_after_a_start() {
        let place = Place::new();
        let mut counter = place.open().unwrap();
        assert_eq!(counter.value(), 0);
        assert_eq!(counter.raise(5).unwrap(), 5);
        assert_eq!(counter.raise(3).unwrap(), 5, "never back");
        assert_eq!(place.open().unwrap().value(), 5);
        assert_eq!(counter.raise(u32::MAX).unwrap(), u32::MAX);
        assert_eq!(place.open().unwrap().value(), u32::MAX);
        let beside: Vec<_> = fs::read_dir(place.dir.path()).unwrap().collect();
        assert_eq!(beside.len(), 2, "nothing is left beside it");
    }

    #[test]
    fn an_older_file_that_is_put_back_while_it_runs_is_overtaken() {
        let place = Place::new();
        let mut counter = place.open().unwrap();
        counter.raise(4).unwrap();
        let older = fs::read(place.file()).unwrap();
        counter.raise(9).unwrap();
        fs::write(place.file(), older).unwrap();
        assert_eq!(counter.raise(5).unwrap(), 9);
        assert_eq!(place.open().unwrap().value(), 9);
    }

    #[test]
    fn every_cut_and_every_changed_byte_is_damage() {
        let place = Place::new();
        place.open().unwrap().raise(1234).unwrap();
        let whole = fs::read(place.file()).unwrap();
        let refused = |bytes: &[u8]| {
            fs::write(place.file(), bytes).unwrap();
            let problem = place.open().unwrap_err();
            assert_eq!(problem.code, "counter-file");
            assert!(problem.cause.contains("damaged") || problem.cause.contains("another"));
        };
        (1..whole.len()).for_each(|length| refused(&whole[..length]));
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut changed = whole.clone();
                changed[at] ^= 1 << bit;
                refused(&changed);
            }
        }
        refused(&[b'x'; 300]);
        refused(&whole.repeat(2));
    }

    #[test]
    fn a_counter_that_is_not_there_is_not_made() {
        let place = Place::new();
        let mut counter = place.open().unwrap();
        fs::remove_file(place.file()).unwrap();
        for problem in [place.open().unwrap_err(), counter.raise(1).unwrap_err()] {
            assert!(problem.cause.starts_with("There is no counter at "), "{problem}");
            assert!(problem.remedy.contains("Mount the storage"), "{problem}");
        }
        assert!(!place.file().exists());
        fs::write(place.file(), "").unwrap();
        assert_eq!(counter.raise(1).unwrap(), 1, "mounted again, it goes on");
    }

    #[test]
    fn another_devices_counter_is_refused() {
        let place = Place::new();
        place.open().unwrap().raise(3).unwrap();
        let data = place.dir.path().join("data");
        let other = CounterFile::open(&place.file(), &data, DeviceFingerprint([8; 8]));
        assert!(other.unwrap_err().cause.ends_with("belongs to another appliance."));
    }

    #[test]
    fn one_in_the_data_directory_is_refused_by_whatever_way_it_is_named() {
        let place = Place::new();
        let data = place.dir.path().join("data");
        fs::create_dir(data.join("deep")).unwrap();
        fs::write(data.join("deep/counter"), "").unwrap();
        symlink(data.join("deep/counter"), place.dir.path().join("link")).unwrap();
        for inside in [
            data.join("deep/counter"),
            data.join("../data/deep/counter"),
            place.dir.path().join("link"),
        ] {
            let problem = CounterFile::open(&inside, &data, DEVICE).unwrap_err();
            assert!(problem.cause.contains("is in the data directory"), "{problem}");
        }
    }

    #[test]
    fn one_that_cannot_be_replaced_stays_as_it_is() {
        let place = Place::new();
        let mut counter = place.open().unwrap();
        counter.raise(3).unwrap();
        // What stands in the way of the temporary file.
        fs::create_dir(place.dir.path().join("counter.new")).unwrap();
        let problem = counter.raise(4).unwrap_err();
        assert!(problem.cause.contains("cannot be used"), "{problem}");
        assert_eq!((counter.value(), place.open().unwrap().value()), (3, 3));
    }
}
