//! The command socket: `control.sock` in the data directory, for the daemon's user alone.

use crate::daemon::Worklist;
use crate::disk::DiskTrouble;
use crate::problem::Problem;
use crate::protocol::{Answer, REQUEST_MAX};
use std::fs::{self, Permissions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

/// The socket's name in the data directory.
pub(crate) const NAME: &str = "control.sock";
/// The longest path that a unix socket can have.
const PATH_MAX: usize = 107;
/// Connections served at a time.
const CONNECTIONS_MAX: usize = 64;
/// A connection that says nothing for so long is closed; so is one that takes no answer.
const IDLE: Duration = Duration::from_secs(600);
const SLOW_READER: Duration = Duration::from_secs(10);

/// The path of the socket of the daemon on `data`.
///
/// # Errors
/// A [`Problem`] when the path is longer than a socket's can be.
pub(crate) fn path(data: &Path) -> Result<PathBuf, Problem> {
    let path = data.join(NAME);
    if path.as_os_str().as_bytes().len() > PATH_MAX {
        return Err(Problem::new(
            "path-too-long",
            format!(
                "The data directory's path is too long for a socket in it: {} may have at most \
                 {PATH_MAX} bytes.",
                path.display()
            ),
            "Use a data directory with a shorter path.",
        ));
    }
    Ok(path)
}

/// A socket that is bound and not yet served.
pub(crate) struct Bound {
    path: PathBuf,
    listener: UnixListener,
}

/// A socket that is served.
#[derive(Debug)]
pub(crate) struct SocketServer {
    path: PathBuf,
    stopping: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl SocketServer {
    /// Binds the socket in `data`. One that was left there is replaced: whoever holds the
    /// directory's lock is the only daemon.
    pub(crate) fn bind(data: &Path) -> Result<Bound, Problem> {
        let path = path(data)?;
        let bind = || {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let listener = UnixListener::bind(&path)?;
            fs::set_permissions(&path, Permissions::from_mode(0o600))?;
            Ok(listener)
        };
        match bind() {
            Ok(listener) => Ok(Bound { path, listener }),
            Err(error) => {
                let trouble = DiskTrouble::from(&error);
                let cause = format!("{} cannot be made: {}.", path.display(), trouble.cause);
                Err(Problem::new("socket", cause, trouble.remedy))
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Takes no more connections. Those that are open end with their next command.
    pub(crate) fn stop(self) {
        self.stopping.store(true, Ordering::Release);
        // Wakes the thread out of `accept`; where that fails there is no listener to wake.
        let woken = UnixStream::connect(&self.path).is_ok();
        if woken {
            let _ = self.thread.join();
        }
        let _ = fs::remove_file(&self.path);
    }
}

impl Bound {
    /// Serves the socket.
    pub(crate) fn serve(self, worklist: Worklist) -> Result<SocketServer, Problem> {
        let stopping = Arc::new(AtomicBool::new(false));
        let Self { path, listener } = self;
        let stop = Arc::clone(&stopping);
        let thread = Builder::new()
            .name("socket".into())
            .spawn(move || accept(&listener, &stop, &worklist))
            .map_err(|error| {
                let cause = format!("The system gives no thread for the socket: {error}.");
                Problem::new("no-thread", cause, "Raise the limit of processes for its user.")
            })?;
        Ok(SocketServer { path, stopping, thread })
    }
}

fn accept(listener: &UnixListener, stopping: &AtomicBool, worklist: &Worklist) {
    let open = Arc::new(AtomicUsize::new(0));
    for connection in listener.incoming() {
        if stopping.load(Ordering::Acquire) {
            return;
        }
        let Ok(connection) = connection else {
            // Out of file descriptors, most likely: give others time to close theirs.
            std::thread::sleep(Duration::from_millis(100));
            continue;
        };
        let place = Place::take(&open);
        let worklist = worklist.clone();
        let spawned = Builder::new().name("command".into()).spawn(move || match place {
            Some(_place) => serve(&connection, &worklist),
            None => refuse(&connection),
        });
        if let Err(error) = spawned {
            tracing::warn!("The system gives no thread for a command: {error}.");
        }
    }
}

/// One of the connections that may be open.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(open: &Arc<AtomicUsize>) -> Option<Self> {
        let place = Self(Arc::clone(open));
        (open.fetch_add(1, Ordering::AcqRel) < CONNECTIONS_MAX).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn refuse(connection: &UnixStream) {
    let busy = Problem::new(
        "busy",
        format!("{CONNECTIONS_MAX} commands are being carried out, and that is the most."),
        "Give the command again in a moment.",
    );
    let _ = connection.set_write_timeout(Some(SLOW_READER));
    let _ = answer(connection, Answer::Error(busy));
}

/// Serves a connection until it ends; what is wrong with it is its own affair.
fn serve(connection: &UnixStream, worklist: &Worklist) {
    let timeouts = connection
        .set_read_timeout(Some(IDLE))
        .and_then(|()| connection.set_write_timeout(Some(SLOW_READER)));
    if timeouts.is_err() {
        return;
    }
    let mut reader = BufReader::new(connection);
    loop {
        let mut line = Vec::new();
        let read = (&mut reader).take(REQUEST_MAX.saturating_add(1)).read_until(b'\n', &mut line);
        let (reply, goes_on) = match read {
            Ok(0) | Err(_) => return,
            Ok(length) if u64::try_from(length).is_ok_and(|length| length > REQUEST_MAX) => {
                (Answer::Error(too_long()), false)
            }
            Ok(_) if line.trim_ascii().is_empty() => continue,
            Ok(_) => (carry_out(&line, worklist), true),
        };
        if answer(connection, reply).is_err() || !goes_on {
            return;
        }
    }
}

fn carry_out(line: &[u8], worklist: &Worklist) -> Answer {
    let request = match serde_json::from_slice(line) {
        Ok(request) => request,
        Err(error) => return Answer::Error(malformed(&error)),
    };
    match worklist.ask(request) {
        Ok(value) => Answer::Ok(value),
        Err(problem) => Answer::Error(problem),
    }
}

fn answer(mut connection: &UnixStream, answer: Answer) -> io::Result<()> {
    let mut line = serde_json::to_vec(&answer)?;
    line.push(b'\n');
    connection.write_all(&line)
}

/// The error's text is not passed on whole: it may quote what was sent, and that may be a token.
fn malformed(error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    let what = match text.split(" at line ").next() {
        Some(what) if what.starts_with("unknown") || what.starts_with("missing") => what,
        _ => "it is no JSON object with the fields of a command",
    };
    Problem::new(
        "malformed",
        format!("The request is not understood: {what}."),
        "Send one command as a JSON object on one line, with a program of the same version.",
    )
}

fn too_long() -> Problem {
    Problem::new(
        "too-long",
        format!("The request is longer than {REQUEST_MAX} bytes."),
        "Send one command as a JSON object on one line.",
    )
}
