//! The data directory: what every command works on.

use clap::Args;
use leasehold_shim::client::Client;
use leasehold_shim::problem::Problem;
use std::env;
use std::path::{Path, PathBuf};

/// Where the options that many commands share stand in the help of each: after its own.
pub(crate) const AFTER_ITS_OWN: usize = 100;
/// The last of them.
pub(crate) const LAST: usize = 200;

/// The option of every command that works with a running appliance.
#[derive(Args, Clone, Debug)]
pub(crate) struct DataArgs {
    /// The directory that holds the state, and the socket of the running appliance
    #[arg(
        long = "data",
        global = true,
        display_order = AFTER_ITS_OWN,
        env = "LEASEHOLD_DATA",
        default_value_os_t = default_directory(),
        value_name = "DIR"
    )]
    pub(crate) directory: PathBuf,
}

impl DataArgs {
    /// The appliance that runs on the directory.
    ///
    /// # Errors
    /// A [`Problem`] when none does.
    pub(crate) fn connect(&self) -> Result<Client, Problem> {
        Client::connect(&self.directory)
    }
}

/// Where state is kept when nothing else is said: the system's place for services, or that of the
/// user who is not root.
pub(crate) fn default_directory() -> PathBuf {
    let of_user = || {
        let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
        let parent = if cfg!(target_os = "macos") {
            absolute("HOME")?.join("Library/Application Support")
        } else {
            absolute("XDG_DATA_HOME").or_else(|| Some(absolute("HOME")?.join(".local/share")))?
        };
        Some(parent.join("leasehold"))
    };
    let of_system = || Path::new("/var/lib/leasehold").to_owned();
    if rustix::process::geteuid().is_root() {
        return of_system();
    }
    of_user().unwrap_or_else(of_system)
}
