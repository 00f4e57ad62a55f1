//! A real appliance: the daemon on a directory of its own, and the commands of its administrator.

use crate::binary;
use crate::manager::Manager;
use crate::process::{Process, until};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// What `appliance.toml` says to reach `manager`.
pub fn settings(manager: &Manager, serial_number: &str) -> String {
    format!(
        "serial_number = \"{serial_number}\"\nroot = \"{}\"\nhost_name = \"pbx\"\n\
         [transport]\nurl = \"{}\"\nca_file = \"{}\"\n",
        manager.root(),
        manager.url(),
        manager.certificate().display()
    )
}

/// An appliance.
pub struct Appliance {
    folder: TempDir,
    process: Option<Process>,
}

impl Appliance {
    /// An appliance configured for `manager`, not started. With a token it registers by itself.
    ///
    /// # Panics
    /// When its folder cannot be written.
    pub fn new(manager: &Manager, serial_number: &str, token: Option<&str>) -> Self {
        let folder = binary::private_folder();
        let mut settings = settings(manager, serial_number);
        if let Some(token) = token {
            fs::write(folder.path().join("token"), token).expect("a token");
            settings = format!("token_file = \"token\"\n{settings}");
        }
        fs::write(folder.path().join("appliance.toml"), settings).expect("settings");
        Self { folder, process: None }
    }

    /// Its data directory.
    pub fn data(&self) -> &Path {
        self.folder.path()
    }

    /// Starts the daemon of the `leasehold` binary, and waits until it takes commands.
    pub fn start(&mut self) {
        let mut command = Command::new(binary::leasehold());
        command.args(["appliance", "serve"]);
        self.launch(command);
        until("the appliance takes commands", || self.is_up());
    }

    /// Starts the daemon with this command, without waiting.
    pub fn launch(&mut self, mut command: Command) {
        command.env("LEASEHOLD_DATA", self.data()).env("RUST_LOG", "error");
        self.process = Some(Process::start(&mut command));
    }

    /// Whether it takes commands.
    pub fn is_up(&self) -> bool {
        binary::run(self.data(), &["show", "license", "udi"]).status.success()
    }

    /// Whether its process lives.
    pub fn is_running(&mut self) -> bool {
        self.process.as_mut().is_some_and(Process::is_running)
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// SIGTERM, and waits for an orderly end.
    ///
    /// # Panics
    /// When the end is not orderly.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            assert!(process.terminate(), "the appliance ends in order");
        }
    }

    /// Runs a command that must succeed; gives what it printed.
    pub fn succeed(&self, arguments: &[&str]) -> String {
        binary::succeed(self.data(), arguments)
    }

    /// Runs a command that must fail; gives its sentences.
    pub fn fail(&self, arguments: &[&str]) -> String {
        binary::fail(self.data(), arguments)
    }

    /// Its whole state, as `--json` prints it.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn report(&self) -> Value {
        let text = self.succeed(&["show", "license", "all", "--json"]);
        serde_json::from_str(&text).expect("JSON")
    }

    /// Waits until its state is as wished.
    pub fn until(&self, what: &str, wish: impl Fn(&Value) -> bool) {
        until(what, || wish(&self.report()));
    }
}
