//! Command lines and failures that need nothing to run.

mod common;

use common::{binary, directory, run, run_with};
use serde_json::Value;
use std::fs;

/// Every command that works with a running appliance.
const APPLIANCE_COMMANDS: [&str; 16] = [
    "show license status",
    "show license summary",
    "show license usage",
    "show license all",
    "show license udi",
    "show license eventlog",
    "login ada --skills chat",
    "logout ada",
    "acquire standard-seat 1",
    "release standard-seat 1",
    "license smart register idtoken LHT0",
    "license smart deregister --yes",
    "license smart renew auth",
    "license smart renew id",
    "license smart transport show",
    "license smart transport direct https://m.example",
];

#[test]
fn without_a_daemon_every_command_says_how_to_start_one() {
    let dir = directory();
    for command in APPLIANCE_COMMANDS {
        let said = run(dir.path(), command).failed();
        let place = dir.path().display();
        assert!(said.contains(&format!("No appliance daemon runs on {place}.")), "{said}");
        assert!(said.contains("leasehold appliance serve --data"), "{said}");
        assert!(said.contains("LEASEHOLD_DATA"), "{said}");
        let (error, _) = run(dir.path(), &format!("{command} --json")).failed_in_json();
        assert_eq!(error["code"], "not-running", "{command}");
    }
    let absent = dir.path().join("absent");
    run(&absent, "show license status").failed();
    assert!(!absent.exists(), "looking makes nothing");
}

#[test]
fn a_wrong_command_line_is_told_apart_from_a_failure() {
    let dir = directory();
    for command in [
        "",
        "dance",
        "show",
        "show license",
        "show license everything",
        "license smart register idtoken",
        "license smart register idtoken LHT0 by-force",
        "license smart register idtoken LHT0 force more",
        "license smart register idtoken LHT0 --token-file f",
        "license smart register idtoken LHT0 --wait 301",
        "license smart renew",
        "license smart deregister",
        "license smart transport direct http://m.example",
        "license smart transport direct m.example",
        "license smart transport direct https://m.example --pin 12",
        "license smart transport direct --public-authorities --ca-file f",
        "license smart transport proxy proxy.example 65536",
        "license smart transport proxy proxy.example 3128 --user u",
        "login",
        "acquire standard-seat",
        "acquire standard-seat some",
        "acquire standard-seat -1",
        "acquire standard-seat 0",
        "manager init --url https://m.example",
        "manager serve --ca f",
        "manager serve --secret-file f",
        "release standard-seat 4294967296",
        "replay",
        "replay f --speed 0",
        "replay f --speed 2 --instant",
        "up --port 65536",
        "up --port https",
    ] {
        run(dir.path(), command).misused();
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing was tried");
}

#[test]
fn deregistering_needs_somebody_to_ask_or_a_yes() {
    let dir = directory();
    let said = run_with(dir.path(), "license smart deregister", "yes\n").misused();
    assert_eq!(said, "There is nobody to ask here. Add --yes to deregister.\n");
}

#[test]
fn what_does_not_go_together_is_said_without_a_list_of_options() {
    let dir = directory();
    let said = run(dir.path(), "license smart register idtoken LHT0 frce").misused();
    assert!(said.contains("`force` and nothing else"), "{said}");
    assert!(!said.contains("Usage:") && !said.contains("LHT0"), "{said}");
    for count in ["-1", "x", "0", "1.5", "4294967296"] {
        let said = run(dir.path(), &format!("acquire standard-seat {count}")).misused();
        assert!(said.contains("N is a whole number from 1"), "{said}");
        assert!(!said.contains("Usage:"), "{said}");
    }
    let json = run(dir.path(), "license smart register idtoken LHT0 frce --json");
    let object: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((json.code, &object["error"]["code"]), (2, &"command-line".into()));
}

#[test]
fn every_failure_of_a_command_with_json_is_an_object() {
    let dir = directory();
    for command in [
        "replay absent.csv --json",
        "license smart register idtoken --token-file absent --json",
        "manager status --json",
        "manager license list --json",
        "manager --url https://127.0.0.1:1 status --json",
        "manager account list --secret-file absent --ca absent --url https://[::1]:1 --json",
    ] {
        run(dir.path(), command).failed_in_json();
    }
}

#[test]
fn a_log_level_that_is_none_is_refused() {
    let dir = directory();
    for level in ["bogus=,x", "loud", "info,", "=info", "leasehold=", "all=everything"] {
        for command in ["up", "appliance serve", "manager serve"] {
            let mut leasehold = binary();
            leasehold.args(command.split(' ')).env("LEASEHOLD_DATA", dir.path());
            let output = leasehold.env("LEASEHOLD_LOG", level).output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{command}: {said}");
            assert!(said.contains("LEASEHOLD_LOG") && said.contains("debug"), "{said}");
        }
    }
    // One that is understood goes on to the next failure.
    let mut leasehold = binary();
    leasehold.args(["appliance", "serve", "--config", "absent"]);
    let output = leasehold.env("LEASEHOLD_LOG", "leasehold_shim=debug,WARN").output().unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().contains("absent"));
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let dir = directory();
    for command in [
        "replay absent.csv",
        "license smart register idtoken --token-file absent.csv",
        "license smart transport proxy p 1 --user u --password-file absent.csv",
        "appliance serve --config absent.csv",
    ] {
        let said = run(dir.path(), command).failed();
        assert!(said.contains("absent.csv"), "{said}");
    }
}

#[test]
fn an_appliance_without_a_configuration_says_what_to_write() {
    let dir = directory();
    let said = run(dir.path(), "appliance serve").failed();
    assert!(said.contains("appliance.toml") && said.contains("root"), "{said}");
}

#[test]
fn help_names_every_command_and_goes_to_standard_output() {
    let dir = directory();
    let help = run(dir.path(), "--help").ok();
    for command in [
        "up",
        "manager",
        "appliance",
        "license",
        "show",
        "login",
        "logout",
        "acquire",
        "release",
        "replay",
    ] {
        assert!(help.lines().any(|line| line.trim_start().starts_with(command)), "{help}");
    }
    assert!(run(dir.path(), "--version").ok().starts_with("leasehold "));
}

/// The long options that a help offers, in its order.
fn options(help: &str) -> Vec<&str> {
    let words =
        help.lines().filter_map(|line| line.split_whitespace().find(|w| w.starts_with('-')));
    words.filter(|word| word.starts_with("--")).collect()
}

#[test]
fn a_help_offers_the_options_of_its_command_before_those_that_all_share() {
    let dir = directory();
    let shared = ["--data", "--url", "--secret-file", "--ca", "--json"];
    let update = run(dir.path(), "manager reservation update --help").ok();
    let own = ["--out", "--qr", "--svg", "--png", "--yes"];
    assert_eq!(options(&update), [&own[..], &shared].concat(), "{update}");
    let given_back = run(dir.path(), "license smart reservation return --help").ok();
    let found = options(&given_back);
    assert_eq!(found[..own.len()], own, "{given_back}");
    assert_eq!(found[own.len()..], ["--data", "--wait", "--json"], "{given_back}");
}

#[test]
fn what_works_on_this_machine_alone_offers_no_manager_elsewhere_and_says_so_when_given_one() {
    let dir = directory();
    for (command, rest) in [("init", ""), ("serve", ""), ("backup", "f"), ("restore", "f")] {
        let help = run(dir.path(), &format!("manager {command} --help")).ok();
        assert!(options(&help).contains(&"--data"), "{help}");
        for option in ["--url", "--secret-file", "--ca"] {
            assert!(!options(&help).contains(&option), "{help}");
            for given in [
                format!("manager {command} {rest} {option} https://m.example"),
                format!("manager {option} https://m.example {command} {rest}"),
            ] {
                let said = run(dir.path(), &given).misused();
                assert!(
                    said.contains("Leave --url, --secret-file and --ca out"),
                    "{given}: {said}"
                );
            }
        }
    }
}
