//! The built binary, run as an administrator runs it.

#![allow(dead_code, reason = "each test file uses its part")]

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs::Permissions;
use std::io::{BufRead, BufReader, Read, Write, pipe};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use tempfile::TempDir;

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Done {
    /// The standard output of a command that worked.
    pub(crate) fn ok(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{self:?}");
        self.out
    }

    /// The sentences of a command that failed: nothing stands on standard output.
    pub(crate) fn failed(self) -> String {
        assert_eq!((self.code, self.out.as_str()), (1, ""), "{self:?}");
        assert!(sentences(&self.err) >= 2, "cause and remedy: {self:?}");
        self.err
    }

    /// The error of a command with `--json` that failed, and the whole object it stands in.
    pub(crate) fn failed_in_json(self) -> (Value, Value) {
        assert_eq!(self.code, 1, "{self:?}");
        let whole: Value = serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{self:?}"));
        let error = whole["error"].clone();
        let text = |field: &str| error[field].as_str().unwrap_or_default().to_owned();
        assert!(!text("code").is_empty(), "{self:?}");
        assert_eq!(format!("{} {}\n", text("cause"), text("remedy")), self.err, "{whole}");
        assert!(sentences(&text("cause")) >= 1 && sentences(&text("remedy")) >= 1, "{whole}");
        (error, whole)
    }

    /// The complaint about a command line that is wrong.
    pub(crate) fn misused(self) -> String {
        assert_eq!((self.code, self.out.as_str()), (2, ""), "{self:?}");
        self.err
    }
}

fn sentences(text: &str) -> usize {
    text.trim().split_inclusive(". ").filter(|sentence| sentence.trim().ends_with('.')).count()
}

pub(crate) fn binary() -> Command {
    prepared(Command::new(env!("CARGO_BIN_EXE_leasehold")))
}

/// The same, with SIGHUP as a terminal (`default`) or as `nohup` (`ignore`) sets it, and not as
/// whoever runs the tests happens to have it.
pub(crate) fn binary_with_hang_up(set: &str) -> Command {
    let mut command = Command::new("env");
    command.arg(format!("--{set}-signal=HUP")).arg(env!("CARGO_BIN_EXE_leasehold"));
    prepared(command)
}

fn prepared(mut command: Command) -> Command {
    command.env_remove("LEASEHOLD_DATA").env_remove("LEASEHOLD_TOKEN").env_remove("LEASEHOLD_LOG");
    command
}

/// Runs `leasehold ARGS` on a data directory, with `input` on standard input.
pub(crate) fn run_with(data: &Path, args: &str, input: &str) -> Done {
    let mut child = binary()
        .args(args.split_whitespace())
        .env("LEASEHOLD_DATA", data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input may have ended before.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Done {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs `leasehold ARGS` on a data directory.
pub(crate) fn run(data: &Path, args: &str) -> Done {
    run_with(data, args, "")
}

/// Runs `leasehold ARGS` with a standard output that nobody reads.
pub(crate) fn run_unread(data: &Path, args: &str) -> i32 {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let mut command = binary();
    command.args(args.split_whitespace()).env("LEASEHOLD_DATA", data).stdout(writer);
    command.status().unwrap().code().unwrap_or(-1)
}

/// A running `leasehold up`.
pub(crate) struct Up {
    child: Child,
    out: BufReader<ChildStdout>,
    /// What it printed up to the line that it is ready.
    pub(crate) guide: String,
    /// Where it keeps its data.
    pub(crate) data: PathBuf,
}

impl Up {
    /// Starts it on a data directory that is kept, or on one of its own.
    pub(crate) fn start(data: Option<&Path>, temporary: &Path) -> Self {
        Self::start_by(binary(), data, temporary)
    }

    /// As [`Up::start`], with a command for the binary.
    pub(crate) fn start_by(mut command: Command, data: Option<&Path>, temporary: &Path) -> Self {
        command.args(["up", "--port", "0"]).env("TMPDIR", temporary);
        if let Some(data) = data {
            command.arg("--data").arg(data);
        }
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut guide = String::new();
        while !guide.contains("Ctrl-C") {
            if out.read_line(&mut guide).unwrap() == 0 {
                let mut err = String::new();
                child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
                panic!("it ended after {guide:?} with {err:?}");
            }
        }
        let line = guide.lines().find_map(|line| line.strip_prefix("Data ")).unwrap();
        let data = PathBuf::from(line.split(',').next().unwrap().trim());
        Self { child, out, guide, data }
    }

    pub(crate) fn run(&self, args: &str) -> Done {
        run(&self.data, args)
    }

    pub(crate) fn ok(&self, args: &str) -> String {
        self.run(args).ok()
    }

    pub(crate) fn report(&self) -> Value {
        serde_json::from_str(&self.ok("show license status --json")).unwrap()
    }

    /// Who is signed in.
    pub(crate) fn people(&self) -> Vec<String> {
        let report = self.report();
        let people = report["device"]["signed_in"].as_array().unwrap();
        people.iter().map(|person| person["name"].as_str().unwrap().to_owned()).collect()
    }

    /// Tells it to end, and waits until it has.
    pub(crate) fn stop(mut self, signal: Signal) -> i32 {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).unwrap();
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        // It may have been stopped already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A directory for one test, closed to others as a data directory has to be. Its path is short:
/// sockets lie in it.
pub(crate) fn directory() -> TempDir {
    let private = Permissions::from_mode(0o700);
    tempfile::Builder::new().prefix("lh").permissions(private).tempdir().unwrap()
}
