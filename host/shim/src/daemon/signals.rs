//! What tells a process to end.

use super::no_thread;
use crate::problem::Problem;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::fs;

/// The signals that tell this process to end, heard from [`StopSignals::listen`] on: from then on
/// none of them ends it without a word.
#[derive(Debug)]
pub struct StopSignals(Signals);

impl StopSignals {
    /// Hears SIGINT, SIGTERM and SIGHUP; the last only where it was not ignored before, which is
    /// how `nohup` says that the process is to outlive its terminal.
    ///
    /// # Errors
    /// A [`Problem`] when the system gives no signals.
    pub fn listen() -> Result<Self, Problem> {
        let mut wanted = vec![SIGINT, SIGTERM];
        if !hang_up_is_ignored() {
            wanted.push(SIGHUP);
        }
        Signals::new(wanted).map(Self).map_err(|error| no_thread(&error))
    }

    /// Waits for one; one that came since [`StopSignals::listen`] counts.
    pub fn wait(&mut self) {
        self.0.forever().next();
    }
}

/// As Linux tells it; other systems do not.
fn hang_up_is_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask & (1 << (SIGHUP - 1)) != 0
}
