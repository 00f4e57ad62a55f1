//! Registering, leaving, and what survives both.

use super::course::{Course, DAY, HOUR, MINUTE, out_of_compliance, overage, seats};
use serde_json::json;

/// R9: a re-registration that is refused, and one that cannot get through, leave the registration as
/// it was. X12: the attempt goes on after a reboot, every 15 min after 3 h (R3).
#[test]
fn a_failed_re_registration_leaves_the_registration() {
    let steps = json!([
        {"at": "0s", "register": {"token": "valid"}},
        {"at": "1h", "register": {"token": "bad", "force": true}},
        {"at": "2h", "network": "down"},
        {"at": "3h", "register": {"token": "valid", "force": true}},
        {"at": "3h", "reboot": {"off_for": "1m"}},
        {"at": "14399s", "network": "up"},
    ]);
    let course = seats(&steps, "5h");
    assert_eq!(course.only("RegistrationFailed"), HOUR);
    assert_eq!(course.only("RegistrationRetrying"), 3 * HOUR);
    for t in [HOUR, 3 * HOUR, 3 * HOUR + MINUTE] {
        assert_eq!(course.states(t), ["Registered", "NoLicensesInUse", "None"], "at {t}");
    }
    assert_eq!(course.times("RegistrationSucceeded"), [0, 4 * HOUR]);
}

/// X12: a refused registration is still refused after a reboot.
#[test]
fn a_refusal_survives_a_reboot() {
    let steps = json!([
        {"at": "1h", "register": {"token": "expired"}},
        {"at": "2h", "reboot": {"off_for": "1h"}},
    ]);
    assert_eq!(seats(&steps, "1d").states(DAY)[0], "Failed");
}

/// X6: registering again, and leaving and coming back, restart no period: over-use since second 0.
/// Between the two the device is unregistered, in evaluation (X11).
#[test]
fn registering_again_restarts_no_period() {
    let steps = json!([
        {"at": "0s", "acquire": {"feature": "standard-seat", "n": 51}},
        {"at": "0s", "register": {"token": "valid"}},
        {"at": "1d", "register": {"token": "valid", "force": true}},
        {"at": "2d", "deregister": {}},
        {"at": "3d", "register": {"token": "valid"}},
    ]);
    let course = seats(&steps, "91d");
    let ends = 45 * MINUTE + 90 * DAY;
    assert_eq!(course.states(2 * DAY), ["Unregistered", "Evaluation", "None"]);
    for t in [DAY, 3 * DAY] {
        assert_eq!(course.states(t)[1], out_of_compliance(0, false), "at {t}");
        assert_eq!(course.states(t)[2], overage("OutOfCompliance", ends), "at {t}");
    }
    assert_eq!(course.only("EnforcementStarted"), ends);
}

/// R6, R5: an instance that left without the manager's knowledge is still there; `force` replaces it.
#[test]
fn a_stale_instance_is_replaced_by_force() {
    let steps = json!([
        {"at": "0s", "register": {"token": "valid"}},
        {"at": "61m", "network": "down"},
        {"at": "62m", "deregister": {}},
        {"at": "63m", "network": "up"},
        {"at": "64m", "register": {"token": "valid"}},
        {"at": "65m", "register": {"token": "valid", "force": true}},
    ]);
    let course = seats(&steps, "2h");
    assert_eq!(course.only("RegistrationFailed"), 64 * MINUTE);
    assert_eq!(course.event("RegistrationFailed")["reason"], "AlreadyRegistered");
    assert_eq!(course.times("RegistrationSucceeded"), [0, 65 * MINUTE]);
}

/// X7: with `lock_usage` the highest use is reported until it is covered. 51 of 50 at second 0, 3 of
/// them given back after 10 min: out of compliance until one more is bought on day 10. Reports come
/// every 8 h after 45 min; the first after 10 d is 10 d 45 min.
#[test]
fn locked_usage_is_owed_until_it_is_covered() {
    let steps = json!([
        {"at": "0s", "acquire": {"feature": "standard-seat", "n": 51}},
        {"at": "0s", "register": {"token": "valid"}},
        {"at": "10m", "release": {"feature": "standard-seat", "n": 3}},
        {"at": "10d", "buy": {"standard-seat": 1}},
    ]);
    let course = Course::of(&json!({
        "owned": {"standard-seat": 50}, "policy": {"lock_usage": true}, "steps": steps,
        "until": "11d",
    }));
    assert_eq!(course.only("OutOfComplianceBreached"), 45 * MINUTE);
    assert_eq!(course.only("BackInCompliance"), 10 * DAY + 45 * MINUTE);
}

/// T2: a clock before the certificate's start (a dead battery) is ignored after an hour, and cuts
/// nobody off.
#[test]
fn a_dead_battery_cuts_nobody_off() {
    let steps = json!([
        {"at": "0s", "register": {"token": "valid"}},
        {"at": "9h", "network": "down"},
        {"at": "10h", "clock": "-4000d"},
    ]);
    let course = seats(&steps, "80d");
    assert_eq!(course.only("ClockDisagrees"), 10 * HOUR);
    assert_eq!(course.event("ClockDisagrees")["until"], 11 * HOUR);
    assert_eq!(course.only("ClockIgnored"), 11 * HOUR);
    assert_eq!(course.states(80 * DAY), ["Registered", "NoLicensesInUse", "None"]);
}
