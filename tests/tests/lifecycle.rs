//! A real appliance and a real manager from evaluation to deregistration, through the commands an
//! administrator types, and `show license` in every state on the way.

use leasehold_tests::appliance::Appliance;
use leasehold_tests::manager::Manager;
use leasehold_tests::parsers;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// Short enough to watch.
const POLICY: &str = "report_interval = \"1s\"\nretry_first = \"1s\"\nretry_max = \"1s\"\n\
                      pending_report_interval = \"1s\"\nbreached_report_interval = \"1s\"\n\
                      pending_warning = \"2s\"\npending_tolerance = \"5s\"";

fn seats(standard: u32, premium: u32) -> Manager {
    let manager = Manager::start(POLICY);
    manager.deposit("standard-seat", standard);
    manager.deposit("premium-seat", premium);
    manager.deposit("server", 1);
    manager
}

fn authorization(report: &Value) -> &Value {
    &report["authorization"]["state"]
}

fn out_of_compliance(report: &Value, pending: bool) -> bool {
    authorization(report)["OutOfCompliance"]["pending"] == pending
}

/// Keeps what every `show license` command prints in this state.
fn capture(appliance: &Appliance, folder: &Path, state: &str) {
    let folder = folder.join(state);
    fs::create_dir_all(&folder).expect("a folder");
    for command in ["status", "summary", "usage", "all", "udi"] {
        let text = appliance.succeed(&["show", "license", command]);
        fs::write(folder.join(format!("{command}.txt")), text).expect("a file");
    }
}

fn line(folder: &Path, file: &str, start: &str) -> String {
    let text = fs::read_to_string(folder.join(file)).expect("captured");
    let found = text.lines().map(str::trim).find(|line| line.starts_with(start));
    found.unwrap_or_else(|| panic!("no {start} in {file}:\n{text}")).to_owned()
}

#[test]
fn show_license_is_right_and_parsed_in_every_state() {
    let mut manager = seats(2, 1);
    let captures = tempfile::tempdir().expect("a folder");
    let mut appliance = Appliance::new(&manager, "A1B2C3", None);
    appliance.start();
    appliance.succeed(&["login", "agent-1", "--skills", "inbound-voice"]);
    appliance.succeed(&["login", "agent-2", "--skills", "inbound-voice,chat"]);
    capture(&appliance, captures.path(), "evaluation");

    let (_, token) = manager.token(None);
    appliance.succeed(&["license", "smart", "register", "idtoken", &token]);
    appliance.until("authorized", |report| authorization(report) == "Authorized");
    capture(&appliance, captures.path(), "authorized");

    appliance.succeed(&["acquire", "standard-seat", "2"]);
    appliance.until("out of compliance", |report| out_of_compliance(report, true));
    capture(&appliance, captures.path(), "out-of-compliance");

    manager.kill();
    appliance.until("unreachable", |report| !report["authorization"]["contact_failure"].is_null());
    capture(&appliance, captures.path(), "unreachable");

    manager.restart();
    appliance.until("back", |report| report["authorization"]["contact_failure"].is_null());
    appliance.succeed(&["license", "smart", "deregister", "--yes"]);
    capture(&appliance, captures.path(), "deregistered");

    let expected = [
        ("evaluation", "Status: UNREGISTERED", "Status: EVAL MODE"),
        ("authorized", "Status: REGISTERED", "Status: AUTHORIZED on "),
        ("out-of-compliance", "Status: REGISTERED", "Status: OUT OF COMPLIANCE on "),
        ("unreachable", "Status: REGISTERED", "Last Communication Attempt: FAILED on "),
        ("deregistered", "Status: UNREGISTERED", "Status: EVAL MODE"),
    ];
    for (state, registration, authorization) in expected {
        let folder = captures.path().join(state);
        for wanted in [registration, authorization, "Outlook:"] {
            line(&folder, "status.txt", wanted);
        }
        line(&folder, "udi.txt", "UDI: PID:LH-CC,SN:A1B2C3");
    }
    // What administrators' parsers make of it.
    let parsed = parsers::parse(captures.path());
    for (state, _, _) in expected {
        for command in ["status", "all"] {
            assert!(!parsed[state][command].is_null(), "{state} {command}: {parsed}");
        }
    }
}

#[test]
fn a_seat_too_many_is_pending_then_breached_and_a_purchase_clears_it() {
    let manager = seats(40, 10);
    let (_, token) = manager.token(Some(1));
    let mut appliance = Appliance::new(&manager, "A1B2C3", Some(&token));
    appliance.start();
    appliance.until("registered", |report| report["registration"]["state"] == "Registered");
    appliance.succeed(&["acquire", "standard-seat", "50"]);
    appliance.until("covered", |report| authorization(report) == "Authorized");
    appliance.succeed(&["acquire", "standard-seat", "1"]);
    appliance.until("pending", |report| out_of_compliance(report, true));
    assert_eq!(appliance.report()["enforcement"], "None");
    appliance.until("breached", |report| out_of_compliance(report, false));
    let overage = &appliance.report()["enforcement"]["Overage"];
    assert_eq!(overage["reason"], "OutOfCompliance");
    assert_eq!(manager.pool("CC Flex Standard Seat")["balance"], -1);
    manager.deposit("standard-seat", 1);
    appliance.until("cleared", |report| authorization(report) == "Authorized");
    assert_eq!(appliance.report()["enforcement"], "None");
    assert_eq!(manager.pool("CC Flex Standard Seat")["balance"], 0);
}

#[test]
fn both_sides_go_on_after_a_restart() {
    let mut manager = seats(40, 10);
    let (_, token) = manager.token(None);
    let mut appliance = Appliance::new(&manager, "A1B2C3", Some(&token));
    appliance.start();
    appliance.succeed(&["login", "agent-1", "--skills", "chat"]);
    appliance.until("authorized", |report| authorization(report) == "Authorized");
    appliance.stop();
    manager.stop();
    manager.restart();
    appliance.start();
    appliance.until("authorized again", |report| authorization(report) == "Authorized");
    let report = appliance.report();
    assert_eq!(
        report["device"]["signed_in"],
        json!([{"name": "agent-1", "feature": "premium-seat"}])
    );
    assert_eq!(manager.instances().len(), 1);
}

#[test]
fn a_token_that_is_not_good_is_named_with_its_remedy() {
    let mut manager = seats(40, 10);
    let (expired, expired_text) = manager.token(None);
    let (used_up, used_up_text) = manager.token(Some(1));
    let (revoked, revoked_text) = manager.token(None);
    manager.post(&format!("tokens/{revoked}/revoke"), &json!({}));
    let mut other = Appliance::new(&manager, "OTHER", Some(&used_up_text));
    other.start();
    other.until("registered", |report| report["registration"]["state"] == "Registered");
    manager.stop();
    let database = rusqlite::Connection::open(manager.data().join("manager.db")).expect("opens");
    let changed = database
        .execute("UPDATE token SET expires = 1700000000 WHERE id = ?1", [expired])
        .expect("the token is there");
    assert_eq!(changed, 1);
    drop(database);
    manager.restart();

    let unknown = leasehold_core::token::Token([7; 20]).to_text();
    let mistyped = used_up_text.replace("LHT", "LHT0").split_at(39).0.to_owned();
    let mut appliance = Appliance::new(&manager, "A1B2C3", None);
    appliance.start();
    let cases = [
        (unknown.as_str(), "TokenUnknown"),
        (&expired_text, "TokenExpired"),
        (&used_up_text, "TokenUsedUp"),
        (&revoked_text, "TokenRevoked"),
    ];
    for (text, reason) in cases {
        let sentences = appliance.fail(&["license", "smart", "register", "idtoken", text]);
        assert!(sentences.contains("token"), "{reason}: {sentences}");
        assert!(!sentences.contains(text), "a token is never repeated: {sentences}");
        let report = appliance.report();
        assert_eq!(report["registration"]["state"], "Failed", "{reason}");
        assert_eq!(report["registration"]["attempt"]["failure"]["reason"], reason);
    }
    for text in ["nonsense", mistyped.as_str()] {
        let sentences = appliance.fail(&["license", "smart", "register", "idtoken", text]);
        assert!(sentences.contains("token"), "{sentences}");
        let report = appliance.report();
        let reason = &report["registration"]["attempt"]["failure"]["reason"];
        assert_eq!(reason, "TokenRevoked", "changes nothing");
    }
    let uses = manager.get("tokens?limit=100");
    let token = uses["items"].as_array().expect("a list").iter();
    let used: Vec<&Value> = token.filter(|token| token["id"] == used_up).collect();
    assert_eq!(used[0]["uses"], 1);
}

#[test]
fn a_udi_that_is_registered_needs_force_and_is_replaced_not_doubled() {
    let manager = seats(40, 10);
    let (_, token) = manager.token(None);
    let mut first = Appliance::new(&manager, "TWIN", Some(&token));
    first.start();
    first.until("registered", |report| report["registration"]["state"] == "Registered");
    first.stop();
    let mut second = Appliance::new(&manager, "TWIN", None);
    second.start();
    let sentences = second.fail(&["license", "smart", "register", "idtoken", &token]);
    assert!(sentences.contains("force"), "{sentences}");
    second.succeed(&["license", "smart", "register", "idtoken", &token, "force"]);
    assert_eq!(manager.instances().len(), 1);
    let sentences = second.fail(&["license", "smart", "register", "idtoken", &token]);
    assert!(sentences.contains("force"), "{sentences}");
}

#[test]
fn a_manager_that_is_gone_is_named_and_deregistering_still_succeeds() {
    let mut manager = seats(40, 10);
    let (_, token) = manager.token(None);
    let mut appliance = Appliance::new(&manager, "A1B2C3", Some(&token));
    appliance.start();
    appliance.until("registered", |report| report["registration"]["state"] == "Registered");
    manager.kill();
    let sentences = appliance.fail(&["license", "smart", "renew", "auth"]);
    assert!(!sentences.is_empty());
    let said = appliance.succeed(&["license", "smart", "deregister", "--yes"]);
    assert!(said.contains("could not be told"), "{said}");
    let report = appliance.report();
    assert_eq!(report["registration"]["state"], "Unregistered");
    assert_eq!(report["registration"]["unregistered"]["manager_told"], false);
    manager.restart();
    assert_eq!(manager.instances().len(), 1, "the stale instance stays until it is removed");
}

#[test]
fn an_appliance_of_a_product_the_manager_does_not_know_is_refused() {
    let manager = seats(40, 10);
    let (_, token) = manager.token(None);
    let mut appliance = Appliance::new(&manager, "A1B2C3", None);
    let settings = appliance.data().join("appliance.toml");
    let text = fs::read_to_string(&settings).expect("settings");
    fs::write(&settings, format!("product_id = \"OTHER\"\n{text}")).expect("settings");
    appliance.start();
    let sentences = appliance.fail(&["license", "smart", "register", "idtoken", &token]);
    assert!(sentences.contains("product"), "{sentences}");
    let failure = &appliance.report()["registration"]["attempt"]["failure"];
    assert_eq!(failure["reason"], "ProductUnknown");
    assert!(manager.instances().is_empty());
}
