//! The `leasehold` binary, built once and run as a user would run it.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Once;
use tempfile::TempDir;

/// The path of a binary of this workspace, in the profile that the tests were built in. The first
/// call of each process sees to it that it is up to date.
///
/// # Panics
/// When the workspace does not build: then nothing can be tested.
pub fn path(name: &str) -> PathBuf {
    static BUILT: Once = Once::new();
    let test = std::env::current_exe().expect("a test has a path");
    // target/PROFILE/deps/test-hash
    let folder = test.ancestors().nth(2).expect("a test lies in the target folder");
    BUILT.call_once(|| build(folder));
    folder.join(name)
}

/// All of them at once, so that they share their dependencies with what was built before.
fn build(folder: &Path) {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--workspace", "--bins"]);
    command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    // What cargo tells a test about its package would look to build scripts like a change.
    for (name, _) in std::env::vars_os() {
        let about_the_test = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];
        if about_the_test.iter().any(|start| name.to_string_lossy().starts_with(start)) {
            command.env_remove(name);
        }
    }
    if folder.ends_with("release") {
        command.arg("--release");
    }
    if let Some(target) = folder.parent() {
        command.arg("--target-dir").arg(target);
    }
    let status = command.status().expect("cargo runs");
    assert!(status.success(), "the workspace does not build");
}

/// The `leasehold` binary.
pub fn leasehold() -> PathBuf {
    path("leasehold")
}

/// A folder that only its owner can enter, as data directories must be; gone when dropped.
///
/// # Panics
/// When the system gives none.
pub fn private_folder() -> TempDir {
    let owner_only = Permissions::from_mode(0o700);
    tempfile::Builder::new().permissions(owner_only).tempdir().expect("a folder")
}

/// Runs `leasehold` with `arguments` on the data directory `data`, and waits for its end.
///
/// # Panics
/// When it cannot be started.
pub fn run(data: &Path, arguments: &[&str]) -> Output {
    Command::new(leasehold())
        .args(arguments)
        .env("LEASEHOLD_DATA", data)
        .stdin(Stdio::null())
        .output()
        .expect("leasehold starts")
}

/// As [`run`]; gives what was printed, and fails the test when the command failed.
///
/// # Panics
/// When the command fails.
pub fn succeed(data: &Path, arguments: &[&str]) -> String {
    let output = run(data, arguments);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "leasehold {arguments:?} failed: {errors}{text}");
    text
}

/// As [`run`] for a command that must fail; gives its two sentences.
///
/// # Panics
/// When the command succeeds, or says nothing.
pub fn fail(data: &Path, arguments: &[&str]) -> String {
    let output = run(data, arguments);
    let errors = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(!output.status.success(), "leasehold {arguments:?} succeeded");
    assert!(!errors.trim().is_empty(), "leasehold {arguments:?} says nothing");
    errors
}
