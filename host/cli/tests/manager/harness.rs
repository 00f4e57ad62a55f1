//! A manager that really runs, and the commands of its administrator.

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

pub(crate) fn leasehold(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leasehold"));
    command.env_clear().arg("manager").arg("--data").arg(data);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(crate) struct Manager {
    pub(crate) dir: TempDir,
    pub(crate) child: Child,
    /// What it said when it started.
    pub(crate) said: Vec<String>,
}

impl Manager {
    pub(crate) fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let init = ["init", "--listen", "127.0.0.1:0"];
        let made = leasehold(dir.path()).args(init).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        Self::serve(dir)
    }

    pub(crate) fn serve(dir: TempDir) -> Self {
        let mut command = leasehold(dir.path());
        let mut child = command.arg("serve").stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = lines.take(4).map(Result::unwrap).collect();
        Self { dir, child, said }
    }

    pub(crate) fn url(&self) -> &str {
        self.said[0].split_whitespace().find(|word| word.starts_with("https://")).unwrap()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        leasehold(self.dir.path()).args(arguments).output().unwrap()
    }

    pub(crate) fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let text = self.done(&[arguments, &["--json"]].concat());
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text:?}"))
    }

    /// With `input` on standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = leasehold(self.dir.path());
        let mut child = command.args(arguments).stdin(Stdio::piped()).spawn().unwrap();
        // A command that does not read its input may have ended before.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    /// What a refused command says.
    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        refusal(self.run(arguments))
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        // One that ended already needs no ending.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A failure says its cause and a remedy, and prints nothing else.
pub(crate) fn refusal(output: Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.trim_end().ends_with('.') && text.contains(". "), "{text:?}");
    text
}
