//! `appliance serve`, as a daemon of its own.

mod common;

use common::{binary_with_hang_up, directory, run};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Any key that is one: no manager is asked in these tests.
const ROOT: &str = "1111111111111111111111111111111111111111111111111111111111111111";

/// Writes `appliance.toml`, and the certificate authorities it names beside it.
fn configure(directory: &Path) {
    let certificate = rcgen::generate_simple_self_signed(["m.example".to_owned()]).unwrap();
    fs::write(directory.join("tls.crt"), certificate.cert.pem()).unwrap();
    let text = format!(
        "serial_number = \"CC-1\"\nroot = \"{ROOT}\"\n[transport]\nca_file = \"tls.crt\"\n"
    );
    fs::write(directory.join("appliance.toml"), text).unwrap();
}

/// Runs the daemon in the directory `at`; gives it once it says that it takes commands.
fn serve(at: &Path, arguments: &[&str]) -> Child {
    serve_by(binary_with_hang_up("default"), at, arguments)
}

fn serve_by(mut command: Command, at: &Path, arguments: &[&str]) -> Child {
    command.args(["appliance", "serve"]).args(arguments).current_dir(at);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    while !said.contains("takes commands") {
        assert_ne!(err.read_line(&mut said).unwrap(), 0, "it ended: {said}");
    }
    // The pipe stays open for what is said later.
    child.stderr = Some(err.into_inner());
    child
}

fn stop(mut child: Child, signal: Signal) -> Option<i32> {
    kill_process(Pid::from_child(&child), signal).unwrap();
    child.wait().unwrap().code()
}

#[test]
fn what_a_relative_path_meant_holds_wherever_the_daemon_starts_next() {
    let here = directory();
    let data = directory();
    configure(here.path());
    let place = data.path().to_str().unwrap();
    let first = serve(here.path(), &["--config", "appliance.toml", "--data", place]);
    let shown = run(data.path(), "license smart transport direct https://m.example").ok();
    let authorities = here.path().join("tls.crt").display().to_string();
    assert!(shown.contains(&format!("Trust: the authorities in {authorities}\n")), "{shown}");
    assert_eq!(stop(first, Signal::TERM), Some(0));

    let config = here.path().join("appliance.toml");
    let arguments = ["--config", config.to_str().unwrap(), "--data", place];
    assert_eq!(stop(serve(Path::new("/"), &arguments), Signal::TERM), Some(0));

    fs::remove_file(here.path().join("tls.crt")).unwrap();
    let command = format!("appliance serve --config {}", config.display());
    let said = run(data.path(), &command).failed();
    let settings = data.path().join("transport.toml").display().to_string();
    assert!(said.contains(&authorities) && said.contains(&settings), "{said}");
    fs::remove_file(data.path().join("transport.toml")).unwrap();
    let said = run(data.path(), &command).failed();
    assert!(said.contains(&config.display().to_string()), "{said}");
}

#[test]
fn a_directory_that_others_share_is_refused() {
    let dir = directory();
    configure(dir.path());
    fs::set_permissions(dir.path(), Permissions::from_mode(0o1777)).unwrap();
    let said = run(dir.path(), "appliance serve").failed();
    let place = dir.path().display();
    let expected = format!(
        "The data directory {place} is open to other users. Close it with `chmod 700 {place}`, or \
         choose another directory.\n"
    );
    assert_eq!(said, expected);
    let mode = fs::metadata(dir.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o1777, "nothing was changed");
}

#[test]
fn a_signal_right_after_it_says_that_it_runs_ends_it_in_order() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let dir = directory();
        configure(dir.path());
        let daemon = serve(dir.path(), &["--data", dir.path().to_str().unwrap()]);
        assert_eq!(stop(daemon, signal), Some(0), "{signal:?}");
        assert!(!dir.path().join("control.sock").exists());
    }
}

#[test]
fn under_nohup_it_outlives_its_terminal() {
    let dir = directory();
    configure(dir.path());
    let arguments = ["--data", dir.path().to_str().unwrap()];
    let daemon = serve_by(binary_with_hang_up("ignore"), dir.path(), &arguments);
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.id())).unwrap();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:\t")).unwrap();
    assert!(ignored.ends_with(['1', '3', '5', '7', '9', 'b', 'd', 'f']), "{ignored}");
    kill_process(Pid::from_child(&daemon), Signal::HUP).unwrap();
    run(dir.path(), "show license udi").ok();
    assert_eq!(stop(daemon, Signal::TERM), Some(0));
}
