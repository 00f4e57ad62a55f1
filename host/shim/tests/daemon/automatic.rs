//! Registration with a token that the appliance was given.

use crate::harness::{Appliance, PATIENCE, config, directory, token};
use crate::manager::{Behaviour, Manager};
use leasehold_core::agent::TransportError;
use leasehold_core::time::Duration;
use leasehold_core::wire::Refusal;
use leasehold_shim::protocol::Outcome;
use leasehold_shim::settings::Secret;
use std::fs;

#[test]
fn a_token_from_the_environment_registers() {
    let dir = directory();
    let mut config = config(dir.path());
    config.token = Some(Secret::new(token()));
    let mut appliance = Appliance::start_with(config, &Manager::new()).unwrap();
    appliance.eventually("it registers", |report| report.registration.state == "Registered");
    // Deregistered by command, it must not come back by itself.
    let left = appliance.client.deregister(PATIENCE).unwrap();
    assert_eq!(left, Outcome::Deregistered { manager_told: true });
    appliance.advance(Duration::from_minutes(5));
    let mut appliance = appliance.restart();
    appliance.advance(Duration::from_minutes(5));
    assert_eq!(appliance.status().registration.state, "Unregistered");
    assert_eq!(appliance.manager.registrations(), 1);
}

#[test]
fn a_token_file_may_come_later_and_be_replaced() {
    let dir = directory();
    let tokens = directory();
    let file = tokens.path().join("token");
    let mut config = config(dir.path());
    config.token_file = Some(file.clone());
    let mut appliance = Appliance::start_with(config, &Manager::new()).unwrap();
    assert_eq!(appliance.status().registration.state, "Unregistered");

    fs::write(&file, "not a token").unwrap();
    appliance.advance(Duration::from_minutes(1));
    assert_eq!(appliance.status().registration.state, "Unregistered");

    fs::write(&file, format!("{}\n", token())).unwrap();
    appliance.advance(Duration::from_minutes(1));
    appliance.eventually("it registers", |report| report.registration.state == "Registered");
}

#[test]
fn a_refused_token_is_not_tried_again() {
    let dir = directory();
    let mut config = config(dir.path());
    config.token = Some(Secret::new(token()));
    let manager = Manager::new();
    manager.behave(Behaviour::Refuse(Refusal::TokenExpired));
    let mut appliance = Appliance::start_with(config, &manager).unwrap();
    appliance.eventually("it is refused", |report| report.registration.state == "Failed");
    manager.behave(Behaviour::Honest);
    appliance.advance(Duration::from_hours(1));
    let mut appliance = appliance.restart();
    appliance.advance(Duration::from_hours(1));
    assert_eq!(appliance.status().registration.state, "Failed");
    // Dropping the refused attempt does not bring the token back either.
    assert_eq!(appliance.client.deregister(PATIENCE).unwrap(), Outcome::Dropped);
    appliance.advance(Duration::from_hours(1));
    assert_eq!(appliance.status().registration.state, "Unregistered");
    assert_eq!(manager.registrations(), 0);
}

#[test]
fn an_attempt_that_does_not_get_through_goes_on_after_a_restart() {
    let dir = directory();
    let mut config = config(dir.path());
    config.token = Some(Secret::new(token()));
    let manager = Manager::new();
    manager.behave(Behaviour::Fail(TransportError::Unreachable));
    let mut appliance = Appliance::start_with(config, &manager).unwrap();
    appliance.eventually("it was tried", |report| report.registration.state == "Retrying");
    let mut appliance = appliance.restart();
    assert_eq!(appliance.status().registration.state, "Retrying");
    manager.behave(Behaviour::Honest);
    appliance.advance(Duration::from_minutes(16));
    appliance.eventually("it registers", |report| report.registration.state == "Registered");
    assert_eq!(manager.registrations(), 1);
}

#[test]
fn a_crash_before_the_token_was_noted_does_not_bring_the_device_back() {
    let dir = directory();
    let mut config = config(dir.path());
    config.token = Some(Secret::new(token()));
    let mut appliance = Appliance::start_with(config, &Manager::new()).unwrap();
    appliance.eventually("it registers", |report| report.registration.state == "Registered");
    fs::remove_file(dir.path().join("token.tried")).unwrap();
    let mut appliance = appliance.restart();
    assert_eq!(appliance.status().registration.state, "Registered");
    let left = appliance.client.deregister(PATIENCE).unwrap();
    assert_eq!(left, Outcome::Deregistered { manager_told: true });
    appliance.advance(Duration::from_minutes(5));
    assert_eq!(appliance.status().registration.state, "Unregistered");
    assert_eq!(appliance.manager.registrations(), 1);
}
