//! License types, license control and the factory reset, as an administrator types them.

mod common;

use common::{Done, Up, directory, run};
use serde_json::Value;

fn json(done: Done) -> Value {
    serde_json::from_str(&done.ok()).unwrap()
}

#[test]
fn a_denied_sign_in_says_which_limit_and_how_to_go_on() {
    let dir = directory();
    let up = Up::start(None, dir.path());
    // 40 standard and 10 premium seats are bought, and four people are signed in.
    let off = up.ok("license smart control overage off");
    assert!(off.starts_with("Over-use is denied.\n"), "{off}");
    assert!(off.contains("standard-seat: limited to what the account owns; now at most 50"));
    up.ok("acquire standard-seat 46");
    let denied = up.run("login eve --skills inbound-voice").failed();
    assert!(denied.contains("limited to 50, which is what the account owns"), "{denied}");
    let limited = json(up.run("license smart control limit premium-seat 2 --json"));
    assert_eq!(limited["fields"][1]["configured_limit"], 2);
    assert_eq!(limited["fields"][1]["limit"]["set_by"], "administrator");
    up.ok("release standard-seat 46");
    let (error, _) = up.run("login eve --skills chat --json").failed_in_json();
    assert_eq!(error["code"], "denied");
    assert!(error["cause"].as_str().unwrap().contains("CC Flex Premium Seat is limited to 2"));
    let status = up.ok("show license status");
    assert!(status.contains("  Overage Allowance: DENIED\n"), "{status}");
    assert!(status.contains("    premium-seat: at most 2, set by an administrator\n"), "{status}");

    up.ok("license smart control limit premium-seat none");
    assert_eq!(up.ok("login eve --skills chat"), "eve is signed in: premium-seat.\n");
    let on = up.ok("license smart control overage on");
    assert!(on.starts_with("Over-use is allowed"), "{on}");
    let unknown = up.run("license smart control limit inbound-port 4").failed();
    assert!(unknown.contains("Limit one of standard-seat, premium-seat."), "{unknown}");
}

#[test]
fn the_license_type_is_chosen_while_unregistered() {
    let dir = directory();
    let up = Up::start(None, dir.path());
    let held = up.run("license smart type perpetual-premium").failed();
    assert!(held.contains("`license smart deregister`"), "{held}");
    up.ok("license smart deregister --yes");
    let unknown = up.run("license smart type premium").failed();
    assert!(unknown.contains("flex, perpetual-premium, perpetual-enhanced"), "{unknown}");
    // bob previews outgoing calls, cleo chats.
    let refused = up.run("license smart type perpetual-enhanced").failed();
    assert!(refused.contains(": bob, cleo; "), "{refused}");
    assert_eq!(
        up.ok("license smart type perpetual-premium"),
        "The license type is perpetual-premium. Signed in under it: 4 agent-seat.\n"
    );
    assert_eq!(up.report()["device"]["license_type"], "perpetual-premium");
    assert_eq!(up.people().len(), 4);
    for name in up.people() {
        up.ok(&format!("logout {name}"));
    }
    assert_eq!(up.ok("license smart type ip-ivr"), "The license type is ip-ivr.\n");
    let nobody = up.run("login eve").failed();
    assert!(nobody.starts_with("ip-ivr has no agents"), "{nobody}");
    assert_eq!(up.ok("acquire ivr-port 12"), "ivr-port in use: 12.\n");
}

#[test]
fn a_factory_reset_asks_first_and_frees_the_licences() {
    let dir = directory();
    let up = Up::start(None, dir.path());
    let unasked = up.run("license smart factory-reset").misused();
    assert!(unasked.contains("--yes"), "{unasked}");
    assert_eq!(up.report()["registration"]["state"], "Registered");
    let reset = up.ok("license smart factory-reset --yes");
    assert_eq!(reset, "Reset: registration and settings are erased.\n");
    let report = up.report();
    assert_eq!(report["registration"]["state"], "Unregistered");
    assert_eq!(report["transport"]["url"], Value::Null);
    assert_eq!(up.people().len(), 4, "what is in use stays counted");
    let again = json(up.run("license smart factory-reset --yes --json"));
    assert_eq!((&again["outcome"], &again["manager_told"]), (&"reset".into(), &Value::Null));
}

#[test]
fn what_is_no_limit_is_refused_before_anything_is_tried() {
    let dir = directory();
    for wrong in ["limit standard-seat -1", "limit standard-seat many", "overage maybe", "limit"] {
        run(dir.path(), &format!("license smart control {wrong}")).misused();
    }
}
