//! The one file that a backup is: a head that says what is in it, and the files one after the other.
//!
//! ```text
//! leasehold-backup 1
//! {"made":1767225600,"program":"0.1.0","files":[{"name":"manager.db","size":8192,"sha256":"…"},…]}
//! the SHA-256 of the two lines above, as 64 hexadecimal digits
//! the bytes of the files
//! ```
//!
//! Everything is covered by a digest, so that whatever was changed in it is found before anything is
//! restored. *Rejected:* the database file alone, because it starts no manager without the keys and is
//! damaged without anybody noticing; and an archive of a common format, because none says by
//! itself whether it is whole, and unpacking it by hand would leave out what makes a restore safe.

use crate::hex;
use leasehold_core::time::UnixTime;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

const MAGIC: &str = "leasehold-backup ";
const VERSION: u32 = 1;
/// The longest line of the head.
const LINE_MAX: u64 = 64 << 10;
/// Bytes read at a time.
const CHUNK: usize = 1 << 20;

/// What is in a backup.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Contents {
    /// When it was made.
    pub(super) made: UnixTime,
    /// The version of the program that made it.
    pub(super) program: String,
    /// The files, in their order.
    pub(super) files: Vec<Entry>,
}

/// A file in a backup.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Entry {
    /// Its name in the data directory.
    pub(super) name: String,
    size: u64,
    sha256: String,
}

/// Why a file is no backup that can be restored.
#[derive(Debug)]
pub(super) enum Unfit {
    /// It is something else.
    Foreign,
    /// Its format is newer.
    Newer,
    /// It is not what was written; in what way.
    Damaged(String),
    /// It cannot be read, or what is in it not be written.
    Io(io::Error),
}

impl From<io::Error> for Unfit {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Writes a backup of `sources`, each a name and the file that has its bytes, and waits until it is on
/// the disk.
pub(super) fn write(to: &mut File, made: UnixTime, sources: &[(&str, PathBuf)]) -> io::Result<()> {
    let mut entries = Vec::new();
    for (name, path) in sources {
        let (size, sha256) = copy(&mut File::open(path)?, u64::MAX, &mut io::sink())?;
        entries.push(Entry { name: (*name).into(), size, sha256 });
    }
    let program = env!("CARGO_PKG_VERSION").into();
    let contents = serde_json::to_string(&Contents { made, program, files: entries })?;
    let head = format!("{MAGIC}{VERSION}\n{contents}\n");
    writeln!(to, "{head}{}", hex::encode(&Sha256::digest(&head)))?;
    for (_, path) in sources {
        io::copy(&mut File::open(path)?, to)?;
    }
    to.sync_all()
}

/// A backup whose every byte was checked.
#[derive(Debug)]
pub(super) struct Archive {
    pub(super) contents: Contents,
    reader: BufReader<File>,
    /// Where the first file begins.
    start: u64,
}

impl Archive {
    /// Opens a backup and checks all of it.
    pub(super) fn open(path: &Path) -> Result<Self, Unfit> {
        let mut reader = BufReader::new(File::open(path)?);
        let first = line(&mut reader)?;
        check_version(&first)?;
        let (second, third) = (line(&mut reader)?, line(&mut reader)?);
        let digest =
            hex::encode(&Sha256::new().chain_update(&first).chain_update(&second).finalize());
        if third != format!("{digest}\n").as_bytes() {
            return Err(Unfit::Damaged("its beginning was changed or is cut off".into()));
        }
        let contents: Contents = serde_json::from_slice(&second)
            .map_err(|_| Unfit::Damaged("its table of contents cannot be read".into()))?;
        let start = reader.stream_position()?;
        for entry in &contents.files {
            entry.check(copy(&mut reader, entry.size, &mut io::sink())?)?;
        }
        if !reader.fill_buf()?.is_empty() {
            return Err(Unfit::Damaged("something was added at its end".into()));
        }
        Ok(Self { contents, reader, start })
    }

    /// Writes its files into `dir`, each with the mode that `mode` has for its name.
    pub(super) fn unpack(
        &mut self,
        dir: &Path,
        mode: impl Fn(&str) -> Option<u32>,
    ) -> Result<(), Unfit> {
        self.reader.seek(SeekFrom::Start(self.start))?;
        for entry in &self.contents.files {
            let name = &entry.name;
            // Any other name could lead out of the directory.
            let mode = mode(name).ok_or_else(|| {
                Unfit::Damaged(format!("it holds {name:?}, which is no file of a manager"))
            })?;
            let mut options = OpenOptions::new();
            let mut to = options.write(true).create_new(true).mode(mode).open(dir.join(name))?;
            entry.check(copy(&mut self.reader, entry.size, &mut to)?)?;
            to.sync_all()?;
        }
        Ok(())
    }
}

impl Entry {
    fn check(&self, (size, sha256): (u64, String)) -> Result<(), Unfit> {
        if size == self.size && sha256 == self.sha256 {
            return Ok(());
        }
        let what = if size < self.size { "is cut off" } else { "was changed" };
        Err(Unfit::Damaged(format!("{} in it {what}", self.name)))
    }
}

fn check_version(line: &[u8]) -> Result<(), Unfit> {
    let text = std::str::from_utf8(line).ok().and_then(|line| line.strip_prefix(MAGIC));
    match text.map(|version| version.trim_end().parse::<u32>()) {
        Some(Ok(VERSION)) => Ok(()),
        Some(Ok(newer)) if newer > VERSION => Err(Unfit::Newer),
        _ => Err(Unfit::Foreign),
    }
}

/// The next line with its end, or what there is of it.
fn line(reader: &mut BufReader<File>) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    reader.take(LINE_MAX).read_until(b'\n', &mut line)?;
    Ok(line)
}

/// Copies at most `size` bytes; gives how many there were, and their digest.
fn copy(from: &mut impl Read, size: u64, to: &mut impl Write) -> io::Result<(u64, String)> {
    let mut sha256 = Sha256::new();
    let mut from = from.take(size);
    let mut chunk = vec![0; CHUNK];
    let mut copied = 0_u64;
    loop {
        let read = from.read(&mut chunk)?;
        let Some(bytes) = chunk.get(..read).filter(|bytes| !bytes.is_empty()) else {
            return Ok((copied, hex::encode(&sha256.finalize())));
        };
        sha256.update(bytes);
        to.write_all(bytes)?;
        copied = copied.saturating_add(bytes.len() as u64);
    }
}
