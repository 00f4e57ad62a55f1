//! A real file system of a few hundred kilobytes that can be filled, and made read-only: a tmpfs
//! in a mount namespace of its own, so that nothing is left behind. Who is not root gets a user
//! namespace as well, and needs no privilege.

use crate::binary::private_folder;
use crate::process::{Process, until};
use rustix::process::geteuid;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A small disk, and the processes that can see it.
pub struct SmallDisk {
    folder: TempDir,
    keeper: Process,
}

impl SmallDisk {
    /// A disk of `kilobytes`.
    ///
    /// # Panics
    /// When the system allows no namespaces; `unshare` and `nsenter` are in util-linux.
    pub fn new(kilobytes: u32) -> Self {
        let folder = private_folder();
        let mount = format!(
            "mount -t tmpfs -o size={kilobytes}k,mode=700 tmpfs {0} && touch {0}/mounted && \
             exec sleep infinity",
            folder.path().display()
        );
        let mut unshare = Command::new("unshare");
        if !geteuid().is_root() {
            unshare.args(["--user", "--map-root-user"]);
        }
        unshare.args(["--mount", "sh", "-c", &mount]);
        let mut disk = Self { keeper: Process::start(&mut unshare), folder };
        until("the small disk is mounted", || {
            assert!(
                disk.keeper.is_running(),
                "`unshare --mount` fails here, so no small disk can be made. Run the tests where \
                 mount namespaces are allowed: not in a chroot, nor in a container without them."
            );
            disk.sh("test -e mounted").status.success()
        });
        disk
    }

    /// Where it is mounted, for those who can see it.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A command that sees the disk.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("nsenter");
        if !geteuid().is_root() {
            command.args(["--user", "--preserve-credentials"]);
        }
        command.args(["--mount", "--target"]);
        command.arg(self.keeper.id().to_string()).arg(program);
        command.env("LEASEHOLD_DATA", self.path()).stdin(Stdio::null());
        command
    }

    /// Runs a line of shell in the disk's root.
    ///
    /// # Panics
    /// When the shell does not start.
    pub fn sh(&self, line: &str) -> Output {
        let line = format!("cd {} && {line}", self.path().display());
        self.command(Path::new("sh")).args(["-c", &line]).output().expect("a shell starts")
    }

    /// Leaves no space.
    ///
    /// # Panics
    /// When some is left.
    pub fn fill(&self) {
        let filled = self.sh("dd if=/dev/zero of=filling bs=1k count=100000");
        assert!(!filled.status.success(), "the disk is full");
    }

    /// Gives the space back.
    pub fn empty(&self) {
        self.sh("rm filling");
    }

    /// Allows writing, or not.
    ///
    /// # Panics
    /// When the system refuses.
    pub fn set_read_only(&self, read_only: bool) {
        let mode = if read_only { "ro" } else { "rw" };
        let remounted = self.sh(&format!("mount -o remount,{mode} {}", self.path().display()));
        assert!(remounted.status.success(), "{remounted:?}");
    }
}
