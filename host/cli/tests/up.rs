//! `up`, and every command on what it runs.

mod common;

use common::{Up, binary_with_hang_up, directory, run, run_unread, run_with};
use rustix::process::Signal;
use serde_json::Value;
use std::fs;
use std::net::TcpListener;
use std::path::Path;

#[test]
fn the_first_run_ends_registered_authorized_and_in_use() {
    let dir = directory();
    let up = Up::start(None, dir.path());
    assert!(up.guide.starts_with("Ready in "), "{}", up.guide);
    assert!(up.guide.contains("registered and authorized."), "{}", up.guide);
    assert!(up.data.starts_with(dir.path()), "{}", up.guide);
    let report = up.report();
    assert_eq!(report["registration"]["state"], "Registered");
    assert_eq!(report["authorization"]["state"], "Authorized");
    let enrolment = &report["registration"]["enrolment"];
    assert_eq!(enrolment["smart_account"], "Example Company");
    let owned: Vec<Option<u64>> = report["entitlements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entitlement| entitlement["owned"].as_u64())
        .collect();
    assert_eq!(owned[..3], [Some(40), Some(10), Some(1)]);
    assert_eq!(up.people().len(), 4);

    let data = up.data.clone();
    assert_eq!(up.stop(Signal::INT), 0);
    assert!(!data.exists(), "what is not kept is removed");
}

#[test]
fn a_hang_up_ends_it_in_order_and_a_killed_run_is_tidied_up_after() {
    let dir = directory();
    let killed = Up::start(None, dir.path());
    let left = killed.data.clone();
    killed.stop(Signal::KILL);
    assert!(left.exists());
    // Not of a run, not of a process that is over, not a directory.
    let process = std::process::id();
    let others = ["leasehold-up-".to_owned(), format!("leasehold-up-{process}"), "other".into()];
    for name in &others {
        fs::create_dir(dir.path().join(name)).unwrap();
    }
    fs::write(dir.path().join("leasehold-up-999999999"), "").unwrap();

    let up = Up::start_by(binary_with_hang_up("default"), None, dir.path());
    assert!(!left.exists(), "what the killed run left is removed");
    assert!(others.iter().all(|name| dir.path().join(name).exists()));
    assert!(dir.path().join("leasehold-up-999999999").exists());
    let data = up.data.clone();
    assert_eq!(up.stop(Signal::HUP), 0);
    assert!(!data.exists(), "what is not kept is removed");
}

#[test]
fn a_kept_directory_is_found_again_with_everything_in_it() {
    let dir = directory();
    let data = dir.path().join("kept");
    let first = Up::start(Some(&data), dir.path());
    first.ok("login eve --skills chat");
    let people = first.people();
    let instance = first.report()["registration"]["enrolment"]["instance"].clone();
    let bought = first.ok("manager license list --json");
    assert_eq!(first.stop(Signal::TERM), 0);

    let second = Up::start(Some(&data), dir.path());
    assert!(second.guide.starts_with("Ready in "), "{}", second.guide);
    assert_eq!(second.people(), people);
    assert_eq!(second.report()["registration"]["enrolment"]["instance"], instance);
    assert_eq!(second.ok("manager license list --json"), bought);
    let instances: Value =
        serde_json::from_str(&second.ok("manager instance list --json")).unwrap();
    assert_eq!(instances.as_array().unwrap().len(), 1);

    let third = run(&data, "up --port 0").failed();
    assert!(third.contains("running on"), "{third}");
    assert_eq!(second.stop(Signal::TERM), 0);
}

#[test]
fn a_port_that_is_taken_is_named_with_the_option_that_helps() {
    let dir = directory();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let said = run(dir.path(), &format!("up --port {port}")).failed();
    assert!(said.contains(&port.to_string()) && said.contains("--port"), "{said}");
}

#[test]
fn a_step_that_fails_is_named_and_everything_is_stopped() {
    let dir = directory();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let said = run(&file, "up --port 0").failed();
    assert!(said.starts_with("Setting up the license manager failed: "), "{said}");
    let long = dir.path().join("x".repeat(100));
    let said = run(&long, "up --port 0").failed();
    assert!(said.starts_with("Starting the appliance failed: "), "{said}");

    // An appliance of another vendor believes no answer of this manager.
    let data = dir.path().join("data");
    run(&data, "manager init --listen 127.0.0.1:1").ok();
    let root = "11".repeat(32);
    let config = data.join("appliance.toml");
    fs::write(&config, format!("serial_number = \"CC-1\"\nroot = \"{root}\"\n")).unwrap();
    let said = run(&data, "up --port 0").failed();
    assert!(said.contains("\nRegistering failed: "), "{said}");
    run(&data, "show license status").failed();
    assert!(run(&data, "manager status").failed().contains("does not answer"));
    for record in ["identity.0", "identity.1", "ledger.0", "ledger.1", "appliance.toml"] {
        fs::remove_file(data.join(record)).unwrap();
    }
    let up = Up::start(Some(&data), dir.path());
    assert!(up.guide.starts_with("Ready in "), "{}", up.guide);
}

#[test]
fn out_of_compliance_and_back() {
    let dir = directory();
    let up = Up::start(None, dir.path());
    up.ok("acquire standard-seat 47");
    let said = up.ok("license smart renew auth");
    let missing = "Reported: out of compliance, 1 CC Flex Standard Seat is missing; ";
    assert!(said.starts_with(&format!("{missing}tolerated until ")), "{said}");
    let json: Value = serde_json::from_str(&up.ok("license smart renew auth --json")).unwrap();
    assert_eq!(json["outcome"], "succeeded");
    assert_eq!(format!("Reported: {}.\n", json["verdict"].as_str().unwrap()), said);
    let status = up.ok("show license status");
    assert!(status.contains("  Status: OUT OF COMPLIANCE on "), "{status}");
    // 4 people and 47 seats, of 40 and 10.
    assert!(status.contains("Buy 1 more licence of CC Flex Standard Seat"), "{status}");
    assert!(status.contains("Out of compliance, pending: since "), "{status}");
    let summary = up.ok("show license summary");
    let row = summary.lines().find(|line| line.contains("(CC_FLEX_STANDARD)")).unwrap();
    assert!(row.ends_with("   49 OUT OF COMPLIANCE"), "{row}");

    up.ok("manager license add standard-seat 1");
    let said = up.ok("license smart renew auth");
    assert_eq!(said, "Reported: the account covers everything in use.\n");
    assert!(
        up.ok("show license usage").starts_with("License Authorization:\n  Status: AUTHORIZED")
    );
    let log = up.ok("show license eventlog");
    let at = |name: &str| log.find(name).unwrap_or_else(|| panic!("{name} in {log}"));
    assert!(at("RegistrationSucceeded") < at("OutOfCompliancePending"));
    assert!(at("OutOfCompliancePending") < at("BackInCompliance"));
    let json: Value = serde_json::from_str(&up.ok("show license eventlog --json")).unwrap();
    assert_eq!(json.as_array().unwrap().len(), log.lines().count());
}

#[test]
fn what_is_refused_changes_nothing() {
    let dir = directory();
    let up = Up::start(None, dir.path());
    let before = up.report();
    for (command, part) in [
        ("login ada --skills chat", "ada is signed in"),
        ("login zoe --skills chess", "chess"),
        ("logout zoe", "zoe"),
        ("acquire chairs 1", "chairs"),
        ("release standard-seat 1", "standard-seat"),
        ("release chairs 1", "chairs"),
        ("license smart register idtoken eyJhbGciOi force", "token"),
        ("license smart register idtoken LHT0 force", "token"),
    ] {
        let said = up.run(command).failed();
        assert!(said.contains(part), "{command}: {said}");
    }
    let token = up.ok("manager token create");
    let again = run_with(&up.data, "license smart register idtoken -", &token).failed();
    assert!(again.contains("force"), "{again}");
    let after = up.report();
    for part in ["registration", "entitlements", "device", "transport"] {
        assert_eq!(before[part], after[part], "{part}");
    }
}

#[test]
fn deregistered_and_registered_again_from_file_and_standard_input() {
    let dir = directory();
    let up = Up::start(None, dir.path());
    assert_eq!(up.ok("license smart deregister --yes"), "Deregistered.\n");
    assert_eq!(up.report()["registration"]["state"], "Unregistered");
    let status = up.ok("show license status");
    assert!(status.contains("  Status: EVAL MODE\n"), "{status}");

    let revoked = up.ok("manager token create");
    let list: Value = serde_json::from_str(&up.ok("manager token list --json")).unwrap();
    let id = list.as_array().unwrap().last().unwrap()["id"].as_i64().unwrap();
    up.ok(&format!("manager token revoke {id}"));
    let refused = up.run(&format!("license smart register idtoken {revoked}")).failed();
    assert!(refused.contains("revoked"), "{refused}");
    assert!(up.ok("show license all").contains("  Status: UNREGISTERED - REGISTRATION FAILED\n"));
    let json = up.run(&format!("license smart register idtoken {revoked} --json"));
    let (error, outcome) = json.failed_in_json();
    assert_eq!(error["code"], "refused");
    assert_eq!(
        (&outcome["outcome"], &outcome["failure"]["reason"]),
        (&"refused".into(), &"TokenRevoked".into())
    );

    let file = dir.path().join("token");
    fs::write(&file, up.ok("manager token create")).unwrap();
    let command = format!("license smart register idtoken --token-file {}", file.display());
    // With the answer to the first report, where that has come already.
    assert!(up.ok(&command).starts_with("Registered"));
    let token = up.ok("manager token create");
    let command = "license smart register idtoken --token-file - force";
    assert!(run_with(&up.data, command, &token).ok().starts_with("Registered"));
    assert_eq!(up.ok("license smart renew id"), "The ID certificate is renewed.\n");
}

#[test]
fn an_unreachable_manager_is_told_with_the_next_try() {
    let dir = directory();
    let up = Up::start(None, dir.path());
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let shown = up.ok(&format!("license smart transport direct https://127.0.0.1:{nobody}"));
    assert!(shown.contains(&format!("URL: https://127.0.0.1:{nobody}/")), "{shown}");
    assert_eq!(up.ok("license smart transport show"), shown);
    let said = up.run("license smart renew auth").failed();
    assert!(said.contains("It is tried again at "), "{said}");
    let (error, outcome) = up.run("license smart renew auth --json").failed_in_json();
    assert_eq!((&error["code"], &outcome["outcome"]), (&"retrying".into(), &"retrying".into()));
    let status = up.ok("show license status");
    assert!(status.contains("  Last Communication Attempt: FAILED on "), "{status}");
    assert!(status.contains("    Failure reason: "), "{status}");
    let left = up.ok("license smart deregister --yes");
    assert!(left.contains("manager instance remove CC-0001"), "{left}");
    assert!(up.ok("show license status").contains("stale product instance"));
    up.ok("manager instance remove CC-0001");
}

/// Peaks and counts of the day are those in `tests/traces/README.md`.
#[test]
fn a_day_is_replayed_and_counted() {
    let dir = directory();
    let up = Up::start(None, dir.path());
    for name in up.people() {
        up.ok(&format!("logout {name}"));
    }
    let trace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/traces/day-60-agents.csv");
    let day = fs::read_to_string(&trace).unwrap();
    let summary = up.ok(&format!("replay {} --instant --json", trace.display()));
    let summary: Value = serde_json::from_str(&summary).unwrap();
    let (logins, logouts) = (day.matches(",login,").count(), day.matches(",logout,").count());
    assert_eq!(summary["events"], logins + logouts);
    assert_eq!(summary["logins"], logins);
    assert_eq!(summary["signed_in"], logins - logouts);
    let peak = |feature: &str| {
        let peaks = summary["peaks"].as_array().unwrap();
        peaks.iter().find(|peak| peak["feature"] == feature).unwrap()["peak"].clone()
    };
    assert_eq!((peak("standard-seat"), peak("premium-seat")), (46.into(), 15.into()));

    let again = up.run(&format!("replay {} --instant", trace.display())).failed();
    assert!(again.contains("line 2, column 10: agent-51 is signed in already"), "{again}");
}

#[test]
fn a_trace_with_a_wrong_line_changes_nothing() {
    let dir = directory();
    let up = Up::start(None, dir.path());
    let before = up.people();
    let trace = dir.path().join("day.csv");
    for (line, place) in [
        ("08:00:00,zoe,login,chess", "line 3, column 20"),
        ("08:00:00,zoe,arrives,chat", "line 3, column 14"),
        ("06:00:00,zoe,login,chat", "line 3, column 1"),
        ("8:00,zoe,login,chat", "line 3, column 1"),
        ("08:00:00,yan,login,chat", "line 3, column 10"),
    ] {
        fs::write(&trace, format!("time,agent,event,skills\n07:00:00,yan,login,chat\n{line}\n"))
            .unwrap();
        let said = up.run(&format!("replay {} --instant", trace.display())).failed();
        assert!(said.contains(&format!("{}, {place}", trace.display())), "{said}");
        assert_eq!(up.people(), before);
    }
    fs::write(&trace, b"\xff\xfe").unwrap();
    let said = up.run(&format!("replay {} --instant", trace.display())).failed();
    assert!(said.contains("day.csv cannot be read"), "{said}");
    fs::write(&trace, "time,agent,event,skills\n07:00:00,yan,login,chat\n07:00:01,yan,logout,\n")
        .unwrap();
    let told = up.ok(&format!("replay {} --speed 100", trace.display()));
    assert!(told.starts_with("2 events: 1 sign-ins, 1 sign-outs; 4 are signed in now."), "{told}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let dir = directory();
    let up = Up::start(None, dir.path());
    for command in ["show license all", "show license status --json", "show license eventlog"] {
        assert_eq!(run_unread(&up.data, command), 0, "{command}");
    }
}
