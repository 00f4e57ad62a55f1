//! What `leasehold manager reservation` says of authorizations: before they are issued, and again.

use crate::reservations::{Appliance, reserve, said, stocked};
use leasehold_core::code::Returned;
use serde_json::json;
use std::fs;

#[test]
fn one_code_is_shown_alone_and_each_says_what_it_is() {
    let manager = stocked();
    let appliance = Appliance::new("AIRGAP1", 7);
    let show = |words: &[&str]| manager.done(&reserve(&[&["show", "AIRGAP1"], words].concat()));
    manager.done(&reserve(&["redeem", &appliance.request(false)]));
    assert_eq!(show(&["request-code"]), appliance.request(false) + "\n");
    let none = manager.refused(&reserve(&["show", "1", "authorization-code"]));
    assert!(none.contains("Reservation 1 has no authorization code"), "{none}");
    let first = manager.done(&reserve(&["authorize", "1", "standard-seat=3"]));
    assert_eq!(show(&["authorization-code"]), first);
    assert!(manager.refused(&reserve(&["show", "1", "update-code"])).contains("no update code"));
    assert!(show(&[]).contains("\nAuthorization code (first, issued):\n"), "{}", show(&[]));
    let update = manager.done(&reserve(&["update", "1", "standard-seat=4"]));
    assert_eq!(show(&["update-code"]), update);
    assert_eq!(show(&["authorization-code"]), first, "the one in force is still there");
    let file = manager.dir.path().join("code.txt").to_str().unwrap().to_owned();
    let label = "authorization code (update 1, not confirmed yet)";
    let kept = show(&["--out", &file, "--qr"]);
    assert!(kept.contains(&format!("The {label} is written to {file}.")), "{kept}");
    assert!(kept.contains(&format!("QR code of the {label}:")), "{kept}");
    assert_eq!(fs::read_to_string(&file).unwrap(), update);
    show(&["request-code", "--out", &file]);
    assert_eq!(fs::read_to_string(&file).unwrap(), appliance.request(false) + "\n");
    let json = manager.json(&reserve(&["show", "1", "update-code"]));
    assert_eq!(json, json!({ "code": update.trim_end() }));

    manager.done(&reserve(&["confirm", &appliance.confirmation(1)]));
    let shown = show(&[]);
    for fact in ["Authorization code (update 1, in force):", "Next: nothing. Update 1 is installed"]
    {
        assert!(shown.contains(fact), "{fact}: {shown}");
    }
    manager.done(&reserve(&["update", "1", "standard-seat=5"]));
    manager.done(&reserve(&["return", &appliance.gives(Returned::Everything)]));
    let shown = show(&[]);
    for fact in ["Request code (spent):", "(update 1, spent):", "(update 2, spent):"] {
        assert!(shown.contains(fact), "{fact}: {shown}");
    }
    assert!(shown.lines().any(|line| line.split_whitespace().eq(["State", "returned"])), "{shown}");
    assert!(!shown.contains("\n\n\n"), "one empty line between parts: {shown}");
}

/// What takes licences away is shown and asked about; what only adds is shown.
#[test]
fn an_update_shows_what_it_changes_before_it_is_issued() {
    let manager = stocked();
    manager.done(&reserve(&["redeem", &Appliance::new("AIRGAP1", 7).request(false)]));
    manager.done(&reserve(&["authorize", "1", "standard-seat=6", "premium-seat=2"]));
    let fewer = reserve(&["update", "1", "standard-seat=7"]);
    let unasked = manager.run(&fewer);
    assert_eq!((unasked.status.code(), unasked.stdout.len()), (Some(2), 0), "{unasked:?}");
    let told = said(&unasked);
    assert!(told.contains("takes licences away") && told.contains("--yes"), "{told}");
    for line in [
        &["CC", "Flex", "Standard", "Seat", "never", "6", "7"][..],
        &["CC", "Flex", "Premium", "Seat", "2999-12-31T00:00:00Z", "2", "0"],
    ] {
        assert!(
            told.lines().any(|told| told.split_whitespace().eq(line.iter().copied())),
            "{told}"
        );
    }
    assert_eq!(manager.json(&reserve(&["show", "1"]))["state"], "authorized");
    let nothing = manager.refused(&reserve(&["update", "1", "standard-seat=6", "premium-seat=2"]));
    assert!(nothing.contains("would change nothing"), "{nothing}");
    let twice = ["update", "1", "standard-seat=5", "standard-seat=4", "--yes"];
    let twice = manager.refused(&reserve(&twice));
    assert!(twice.contains("standard-seat is given twice: 5 and 4. Give it once."), "{twice}");
    let more = manager.run(&reserve(&["update", "1", "standard-seat=8", "premium-seat=2"]));
    assert!(more.status.success(), "{more:?}");
    let pending = manager.refused(&reserve(&["update", "1", "standard-seat=1"]));
    for way in ["Update 1 of reservation 1", "return authorization", "reservation confirm"] {
        assert!(pending.contains(way), "{way}: {pending}");
    }
    for name in ["pending", "update-pending"] {
        let listed = manager.json(&reserve(&["list", "--state", name]));
        assert_eq!(listed[0]["id"], 1, "{name}");
    }
}
