//! Runs the parsers that administrators' scripts use over captured `show license` outputs.
//!
//! They are Python packages, pinned in `tests/parsers/requirements.txt`. The first use installs
//! them into a virtual environment under Cargo's target directory; later ones find it there.

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const REQUIREMENTS: &str = include_str!("../parsers/requirements.txt");
const REMEDY: &str = "The parsers are Python packages: install python3 and python3-venv, and see \
                      that PyPI can be reached.";

/// What the parsers read from `directory`, which holds one folder for each state with
/// `status.txt`, `summary.txt`, `usage.txt`, `all.txt` and `udi.txt` as printed.
///
/// The value is `{STATE: {COMMAND: {PARSER: what it read}}}`.
///
/// # Panics
/// Where [`try_parse`] fails.
pub fn parse(directory: &Path) -> Value {
    match try_parse(directory) {
        Ok(read) => read,
        Err(error) => panic!("{error:#}"),
    }
}

/// As [`parse`].
///
/// # Errors
/// When a file is missing, a parser refuses one or finds nothing in it, or the parsers cannot be
/// installed. The message has the parsers' own words.
pub fn try_parse(directory: &Path) -> Result<Value> {
    let script = source().join("check.py");
    let python = python(&target_directory()?)?;
    let output = run(Command::new(python).arg(script).arg(directory))?;
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("parsers")
}

/// The interpreter that has the parsers, in the folder `target`.
fn python(target: &Path) -> Result<PathBuf> {
    // Tests run in parallel, and so may test binaries.
    let lock = File::create(target.join("parsers.lock"))?;
    lock.lock()?;
    let environment = target.join("parsers");
    let installed = environment.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|text| text == REQUIREMENTS) {
        return Ok(environment.join("bin/python"));
    }
    install(&environment).context(REMEDY)?;
    // Last, so that an installation that was cut off is begun again.
    fs::write(installed, REQUIREMENTS)?;
    Ok(environment.join("bin/python"))
}

fn install(environment: &Path) -> Result<()> {
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(environment))?;
    let python = environment.join("bin/python");
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r"];
    run(Command::new(python).args(pip).arg(source().join("requirements.txt")))?;
    Ok(())
}

/// `target`, of whatever profile and wherever it is: the running test is in `target/PROFILE/deps`.
fn target_directory() -> Result<PathBuf> {
    let executable = std::env::current_exe()?;
    let deps = executable.ancestors().find(|path| path.ends_with("deps"));
    match deps.and_then(|deps| deps.ancestors().nth(2)) {
        Some(target) => Ok(target.to_path_buf()),
        None => bail!("{} is not in Cargo's target directory", executable.display()),
    }
}

fn run(command: &mut Command) -> Result<Output> {
    let name = command.get_program().display().to_string();
    let output = command.output().with_context(|| format!("{name} could not be started"))?;
    ensure!(
        output.status.success(),
        "{name} failed:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parsers_that_cannot_be_installed_are_an_error_with_a_remedy() {
        let target = tempfile::tempdir().unwrap();
        fs::write(target.path().join("parsers"), "in the way of the environment").unwrap();
        let error = format!("{:#}", python(target.path()).unwrap_err());
        assert!(error.starts_with(REMEDY), "{error}");
        assert!(error.contains("python3 failed"), "{error}");
    }
}
