//! The command socket: what may be said, and what comes of everything else.

use crate::harness::{Appliance, directory};
use leasehold_shim::client::Client;
use leasehold_shim::daemon::Daemon;
use leasehold_shim::protocol::REQUEST_MAX;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

fn say(path: &Path, bytes: &[u8]) -> Value {
    let mut stream = UnixStream::connect(path).unwrap();
    // The daemon may close before it has read everything.
    let _ = stream.write_all(bytes);
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line:?}"))
}

#[test]
fn whatever_is_said_gets_a_sentence_and_does_no_harm() {
    let dir = directory();
    let mut appliance = Appliance::start(dir.path());
    let path = appliance.daemon.socket_path().to_owned();
    let before = appliance.status();
    let long = [b"\"".as_slice(), &vec![b'x'; usize::try_from(REQUEST_MAX).unwrap()]].concat();
    let deep = [vec![b'['; 20_000], b"\n".to_vec()].concat();
    let cases: [(&[u8], &str); 13] = [
        (b"hello\n", "malformed"),
        (b"{}\n", "malformed"),
        (b"[]\n", "malformed"),
        (b"null\n", "malformed"),
        (b"\xff\xfe\x00\n", "malformed"),
        (b"{\"command\": \"dance\"}\n", "malformed"),
        (b"{\"command\": \"status\", \"verbose\": true}\n", "malformed"),
        (b"{\"command\": \"acquire\", \"feature\": \"server\", \"n\": 1.5}\n", "malformed"),
        (b"{\"command\": \"acquire\", \"feature\": \"sofa\", \"n\": 1}\n", "unknown-feature"),
        (b"{\"command\": \"release\", \"feature\": \"server\", \"n\": 1}\n", "not-acquired"),
        (b"{\"command\": \"transport-set\", \"change\": {\"url\": \"http://m\"}}\n", "malformed"),
        (&long, "too-long"),
        (&deep, "malformed"),
    ];
    for (bytes, code) in cases {
        let start = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
        let answer = say(&path, bytes);
        assert_eq!(answer["error"]["code"], code, "{start}: {answer}");
        for field in ["cause", "remedy"] {
            assert!(answer["error"][field].as_str().unwrap().ends_with('.'), "{start}: {answer}");
        }
    }
    let mut cut = UnixStream::connect(&path).unwrap();
    cut.write_all(b"{\"command\": \"acq").unwrap();
    cut.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    cut.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("malformed"), "{answer}");
    assert_eq!(appliance.status(), before);
}

#[test]
fn a_refused_request_does_not_come_back_with_its_token() {
    let dir = directory();
    let appliance = Appliance::start(dir.path());
    let path = appliance.daemon.socket_path();
    for text in [
        "{\"command\": \"register\", \"token\": \"LHTSECRET\", \"force\": \"LHTSECRET\"}\n",
        "{\"command\": \"register\", \"token\": \"LHTSECRET\"}\n",
        "{\"command\": \"register\", \"token\": [\"LHTSECRET\"]}\n",
    ] {
        let answer = say(path, text.as_bytes()).to_string();
        assert!(answer.contains("error") && !answer.contains("SECRET"), "{answer}");
    }
    let log = std::fs::read_to_string(dir.path().join("events.log")).unwrap_or_default();
    assert!(!log.contains("SECRET"));
}

#[test]
fn one_connection_takes_many_commands_and_blank_lines() {
    let dir = directory();
    let appliance = Appliance::start(dir.path());
    let mut stream = UnixStream::connect(appliance.daemon.socket_path()).unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    for expected in 1..=50 {
        stream
            .write_all(b"\n{\"command\": \"acquire\", \"feature\": \"server\", \"n\": 1}\n")
            .unwrap();
        let answer: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        assert_eq!(answer["ok"]["in_use"], expected);
    }
}

#[test]
fn many_talk_at_once_and_nothing_is_lost() {
    let dir = directory();
    let mut appliance = Appliance::start(dir.path());
    std::thread::scope(|scope| {
        for worker in 0..8 {
            let data = dir.path();
            scope.spawn(move || {
                let mut client = Client::connect(data).unwrap();
                for round in 0..10 {
                    let name = format!("agent-{worker}-{round}");
                    client.login(&name, &["chat".into()], false).unwrap();
                    client.acquire("inbound-port", 2).unwrap();
                }
                for round in 0..5 {
                    client.logout(&format!("agent-{worker}-{round}")).unwrap();
                    client.release("inbound-port", 2).unwrap();
                }
            });
        }
    });
    let report = appliance.status();
    let in_use: Vec<_> = report.entitlements.iter().map(|one| one.in_use).collect();
    assert_eq!(in_use, [0, 40, 0, 80, 0, 0, 0]);
    assert_eq!(report.device.signed_in.len(), 40);
}

#[test]
fn idle_connections_do_not_lock_others_out_for_ever() {
    let dir = directory();
    let appliance = Appliance::start(dir.path());
    let path = appliance.daemon.socket_path();
    // One more than are served at a time, less the harness's own.
    let mut idle: Vec<UnixStream> = (0..64).map(|_| UnixStream::connect(path).unwrap()).collect();
    let mut line = String::new();
    BufReader::new(idle.pop().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("\"busy\""), "{line}");
    drop(idle);
    let deadline = std::time::Instant::now() + crate::harness::PATIENCE;
    while say(path, b"{\"command\": \"permits\"}\n").get("ok").is_none() {
        assert!(std::time::Instant::now() < deadline, "places become free again");
    }
}

#[test]
fn the_socket_is_private_and_gone_after_the_stop() {
    let dir = directory();
    let appliance = Appliance::start(dir.path());
    let path = appliance.daemon.socket_path().to_owned();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    appliance.daemon.stop().unwrap();
    assert!(!path.exists());
    let absent = Client::connect(dir.path()).unwrap_err();
    assert_eq!(absent.code, "not-running");
    assert!(absent.remedy.contains("leasehold appliance serve --data"), "{absent}");
}

#[test]
fn a_daemon_that_was_killed_is_told_apart_from_one_that_runs() {
    let dir = directory();
    // What a kill leaves: a socket that nobody listens at.
    let listener = std::os::unix::net::UnixListener::bind(dir.path().join("control.sock")).unwrap();
    drop(listener);
    assert_eq!(Client::connect(dir.path()).unwrap_err().code, "not-running");
    let mut appliance = Appliance::start(dir.path());
    assert_eq!(appliance.status().registration.state, "Unregistered");
}

#[test]
fn a_path_too_long_for_a_socket_is_said_to_be_that() {
    let dir = directory();
    let long = dir.path().join("x".repeat(100));
    assert_eq!(Client::connect(&long).unwrap_err().code, "path-too-long");
    let config = crate::harness::config(&long);
    let refused = Daemon::start(config).unwrap_err();
    assert_eq!(refused.code, "path-too-long");
    assert!(refused.remedy.contains("shorter"), "{refused}");
}
