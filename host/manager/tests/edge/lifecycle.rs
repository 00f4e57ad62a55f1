//! Starting and stopping.

use crate::harness::{DEADLINE, Manager, config, directory};
use leasehold_manager::http::DEVICE_PATH;
use leasehold_manager::serve::{ServeError, Server};
use leasehold_manager::setup::{SetupError, running_at};
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Instant;

fn refusal(dir: &std::path::Path) -> ServeError {
    Server::start(&config(dir)).err().unwrap()
}

#[test]
fn a_second_manager_on_the_same_directory_is_refused_until_the_first_stops() {
    let dir = directory();
    let first = Server::start(&config(dir.path())).unwrap();
    assert_eq!(running_at(dir.path()), Some(first.address()));
    let refused = refusal(dir.path());
    assert!(matches!(refused, ServeError::Setup(SetupError::Running(_))), "{refused}");
    assert!(refused.to_string().contains("running on"), "{refused}");
    // Set-up of what runs changes nothing either.
    assert!(
        leasehold_manager::setup::init(dir.path(), &Default::default()).unwrap().made.is_empty()
    );
    first.stop();
    assert_eq!(running_at(dir.path()), None);
    Server::start(&config(dir.path())).unwrap().stop();
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let dir = directory();
    let mut config = config(dir.path());
    config.listen = taken.local_addr().unwrap();
    let refused = Server::start(&config).err().unwrap().to_string();
    assert!(refused.contains(&config.listen.to_string()), "{refused}");
    assert!(refused.contains("--listen"), "{refused}");
    // Nothing of it stays behind.
    drop(taken);
    Server::start(&config).unwrap().stop();
}

#[test]
fn a_directory_without_a_manager_is_told_how_to_get_one() {
    let dir = tempfile::tempdir().unwrap();
    let refused = refusal(dir.path()).to_string();
    assert!(refused.contains("leasehold manager init --data"), "{refused}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_damaged_database_stops_the_start_and_stays_as_it_is() {
    let dir = directory();
    let database = dir.path().join("manager.db");
    fs::write(&database, b"this was a database".repeat(400)).unwrap();
    let before = fs::read(&database).unwrap();
    let refused = refusal(dir.path()).to_string();
    assert!(refused.contains("manager.db"), "{refused}");
    assert_eq!(fs::read(&database).unwrap(), before);
}

#[test]
fn what_is_under_way_when_the_manager_stops_is_still_answered() {
    let manager = Manager::start();
    let address = manager.server.address();
    let mut busy = manager.raw();
    let head = format!(
        "POST {DEVICE_PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\
         Expect: 100-continue\r\n\r\n"
    );
    busy.write_all(head.as_bytes()).unwrap();
    // The manager asks for the body: the request is under way.
    let mut reply = [0; 25];
    busy.read_exact(&mut reply).unwrap();
    assert_eq!(&reply, b"HTTP/1.1 100 Continue\r\n\r\n");
    let server = manager.server;
    let stopping = std::thread::spawn(move || server.stop());
    let deadline = Instant::now() + DEADLINE;
    while TcpStream::connect(address).is_ok() {
        assert!(Instant::now() < deadline, "the port is still open");
        std::thread::yield_now();
    }
    busy.write_all(b"nope").unwrap();
    let mut reply = String::new();
    // How the connection ends is up to TLS; what was said before counts.
    let _ = busy.read_to_string(&mut reply);
    assert!(reply.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{reply}");
    assert!(reply.contains("connection: close"), "{reply}");
    stopping.join().unwrap();
}

#[test]
fn health_is_told_to_anybody() {
    let manager = Manager::start();
    let health = manager.send("GET", "/healthz", None, None);
    assert_eq!((health.status, &health.json()["status"]), (200, &"ok".into()));
    let nothing = manager.send("GET", "/nothing", None, None);
    assert_eq!(nothing.status, 404);
    assert_eq!(nothing.header("content-type"), "application/problem+json");
}
