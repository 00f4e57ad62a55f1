//! Child processes that never outlive their test, and conditions that are waited for.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long anything here may take before the test gives up.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A child process, killed when dropped.
pub struct Process(Child);

impl Process {
    /// Starts `command` with its output where the test's goes.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::null());
        Self(command.spawn().expect("the process starts"))
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Whether it is still running.
    ///
    /// # Panics
    /// When the system does not say.
    pub fn is_running(&mut self) -> bool {
        self.0.try_wait().expect("the process can be asked").is_none()
    }

    /// SIGKILL, and waits for the end.
    pub fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    /// SIGTERM, and waits for an orderly end; gives whether it was one.
    ///
    /// # Panics
    /// When it does not end.
    pub fn terminate(&mut self) -> bool {
        let id = rustix::process::Pid::from_child(&self.0);
        let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        let mut status = None;
        until("the process ends", || {
            status = self.0.try_wait().expect("the process can be asked");
            status.is_some()
        });
        status.is_some_and(|status| status.success())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Asks again and again until `done` says yes.
///
/// # Panics
/// When it has not after [`PATIENCE`]; names what was waited for.
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A TCP port that was free a moment ago.
///
/// # Panics
/// When the system has none.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
    listener.local_addr().expect("it has an address").port()
}
