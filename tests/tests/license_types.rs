//! Every license type and every product against a real manager: what is bought under its own name
//! covers what is used under it.

use leasehold_tests::appliance::{Appliance, settings};
use leasehold_tests::manager::Manager;
use serde_json::Value;
use std::fs;
use std::thread;

const POLICY: &str = "report_interval = \"1s\"\nretry_first = \"1s\"\nretry_max = \"1s\"\n\
                      pending_report_interval = \"1s\"";

fn authorization(report: &Value) -> &Value {
    &report["authorization"]["state"]
}

fn covered(report: &Value) -> bool {
    authorization(report) == "Authorized"
}

fn not_covered(report: &Value) -> bool {
    !authorization(report)["OutOfCompliance"].is_null()
}

/// The verdict on one feature by the last answer.
fn verdict(report: &Value, feature: &str) -> Value {
    let entitlements = report["entitlements"].as_array().expect("entitlements");
    let found = entitlements.iter().find(|one| one["feature"] == feature).expect("the feature");
    found["verdict"].clone()
}

/// License type, what is bought, what is used and covered, and one more that is not.
type Case =
    (&'static str, &'static [(&'static str, u32)], &'static [(&'static str, u32)], &'static str);

const CASES: [Case; 6] = [
    (
        "flex",
        &[("standard-seat", 3), ("premium-seat", 2), ("server", 1)],
        &[("standard-seat", 4), ("premium-seat", 1), ("inbound-port", 90), ("outbound-port", 9)],
        "standard-seat",
    ),
    (
        "perpetual-premium",
        &[("agent-seat", 4), ("outbound-port", 2), ("server", 1)],
        &[("agent-seat", 4), ("outbound-port", 2), ("server", 1), ("inbound-port", 90)],
        "outbound-port",
    ),
    (
        "perpetual-enhanced",
        &[("agent-seat", 4), ("server", 1)],
        &[("agent-seat", 4), ("server", 1), ("standby-server", 1)],
        "agent-seat",
    ),
    ("ip-ivr", &[("ivr-port", 5), ("server", 1)], &[("ivr-port", 5), ("server", 1)], "ivr-port"),
    (
        "non-production",
        &[("standard-seat", 3), ("premium-seat", 2), ("server", 1)],
        &[("standard-seat", 4), ("premium-seat", 1)],
        "standard-seat",
    ),
    (
        "not-for-resale",
        &[("premium-seat", 2), ("server", 1)],
        &[("standard-seat", 1), ("premium-seat", 1)],
        "standard-seat",
    ),
];

#[test]
fn what_is_bought_under_a_license_type_covers_what_is_used_under_it() {
    // The licences of all types lie in one account, and none covers another's.
    let manager = Manager::start(POLICY);
    thread::scope(|scope| {
        for case in CASES {
            let manager = &manager;
            scope.spawn(move || covered_then_not_then_again(manager, case));
        }
    });
}

fn covered_then_not_then_again(manager: &Manager, (license_type, bought, used, over): Case) {
    for (feature, quantity) in bought {
        manager.deposit(&format!("{license_type}/{feature}"), *quantity);
    }
    let mut appliance = Appliance::new(manager, license_type, None);
    appliance.start();
    appliance.succeed(&["license", "smart", "type", license_type]);
    for (feature, n) in used {
        appliance.succeed(&["acquire", feature, &n.to_string()]);
    }
    let (_, token) = manager.token(None);
    appliance.succeed(&["license", "smart", "register", "idtoken", &token]);
    appliance.until("covered", covered);
    appliance.succeed(&["acquire", over, "1"]);
    appliance.until("not covered", not_covered);
    assert_eq!(verdict(&appliance.report(), over), "OutOfCompliance", "{license_type}");
    manager.deposit(&format!("{license_type}/{over}"), 1);
    appliance.until("covered again", covered);
    assert_eq!(appliance.report()["device"]["license_type"], license_type);
}

#[test]
fn a_gateway_is_licensed_by_the_same_manager() {
    let manager = Manager::start(POLICY);
    for feature in ["opc-ua", "throughput-10g", "ports-8"] {
        manager.deposit(feature, 1);
    }
    let mut appliance = Appliance::new(&manager, "GATEWAY", None);
    let product = "product = \"industrial-gateway\"\nsize_profile = \"rack\"\n";
    let text = format!("{product}{}", settings(&manager, "GATEWAY"));
    fs::write(appliance.data().join("appliance.toml"), text).expect("settings");
    appliance.start();
    for feature in ["opc-ua", "throughput-1g", "ports-8"] {
        appliance.succeed(&["acquire", feature, "1"]);
    }
    let (_, token) = manager.token(None);
    appliance.succeed(&["license", "smart", "register", "idtoken", &token]);
    // Faster covers slower.
    appliance.until("covered", covered);
    assert!(appliance.fail(&["acquire", "opc-ua", "1"]).contains("limited to 1"));
    appliance.succeed(&["release", "ports-8", "1"]);
    appliance.succeed(&["acquire", "ports-24", "1"]);
    // Fewer ports do not cover more.
    appliance.until("not covered", not_covered);
    assert!(appliance.fail(&["login", "ann"]).contains("no agents"));
    let status = appliance.succeed(&["show", "license", "status"]);
    assert!(status.contains("  License Type: subscription\n"), "{status}");
    assert!(status.contains("  Size Profile: rack\n"), "{status}");
}
