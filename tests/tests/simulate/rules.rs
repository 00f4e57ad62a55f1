//! Rules whose instants a scenario fixes to the second, beyond what the shipped scenarios show.

use super::course::{Course, DAY, HOUR, MINUTE, enforced, out_of_compliance, overage, seats};
use serde_json::{Value, json};

fn acquire(at: &str, feature: &str, n: u32) -> Value {
    json!({"at": at, "acquire": {"feature": feature, "n": n}})
}

fn register(at: &str) -> Value {
    json!({"at": at, "register": {"token": "valid"}})
}

/// A2: the evaluation counts while something is in use. In use from 0 to 10 d and from 40 d on: 80 d
/// are left at 40 d.
#[test]
fn evaluation_counts_use_alone() {
    let steps = json!([
        acquire("0s", "standard-seat", 1),
        {"at": "10d", "release": {"feature": "standard-seat", "n": 1}},
        acquire("40d", "premium-seat", 1),
    ]);
    let course = seats(&steps, "121d");
    assert_eq!(course.only("EvaluationPaused"), 10 * DAY);
    assert_eq!(course.times("EvaluationStarted"), [0, 40 * DAY]);
    assert_eq!(course.times("EvaluationExpired")[0], 120 * DAY);
}

/// X1: evaluation runs on until the first authorization. The manager cannot be reached when the
/// device registers: R3 tries again every 15 min, without jitter (X5). Registered at 2 h, with the
/// answer in that second: 2 h of 90 d are used. Deregistered at 10 d, with the same use (X13).
#[test]
fn registering_is_tried_every_quarter_of_an_hour() {
    let steps = json!([
        {"at": "0s", "network": "down"},
        acquire("0s", "standard-seat", 1),
        register("0s"),
        {"at": "6301s", "network": "up"},
        {"at": "10d", "deregister": {}},
    ]);
    let course = seats(&steps, "100d");
    assert_eq!(course.only("RegistrationRetrying"), 0);
    assert_eq!(course.states(2 * HOUR - 1), ["Retrying", "Evaluation", "None"]);
    assert_eq!(course.only("RegistrationSucceeded"), 2 * HOUR);
    assert_eq!(course.states(2 * HOUR), ["Registered", "Authorized", "None"]);
    assert_eq!(course.event("Deregistered")["manager_told"], true);
    assert_eq!(course.times("EvaluationExpired")[0], 10 * DAY + 90 * DAY - 2 * HOUR);
}

/// R6: deregistering succeeds on the device, and says that the manager was not told.
#[test]
fn deregistering_needs_no_manager() {
    let steps = json!([
        register("0s"),
        {"at": "1d", "network": "down"},
        {"at": "2d", "deregister": {}},
    ]);
    let course = seats(&steps, "3d");
    assert_eq!(course.only("Deregistered"), 2 * DAY);
    assert_eq!(course.event("Deregistered")["manager_told"], false);
    assert_eq!(course.states(2 * DAY), ["Unregistered", "NoLicensesInUse", "None"]);
}

/// R2: renewed 180 d after each certificate. Renewed at 180 d, so the certificate outlives 365 d; L4:
/// the manager agrees.
#[test]
fn a_certificate_is_renewed_every_180_days() {
    let course = seats(&json!([acquire("0s", "standard-seat", 1), register("0s")]), "400d");
    assert_eq!(course.times("CertificateRenewed"), [180 * DAY, 360 * DAY]);
    assert_eq!(course.states(400 * DAY), ["Registered", "Authorized", "None"]);
    course.never("DeviceSilent");
}

/// X3: nothing in use is shown at once; from nothing to something is `Waiting` and a report at once,
/// which without a link stays unanswered.
#[test]
fn the_first_use_waits_for_its_answer() {
    let steps = json!([
        acquire("0s", "standard-seat", 1),
        register("0s"),
        {"at": "1h", "release": {"feature": "standard-seat", "n": 1}},
        {"at": "90m", "network": "down"},
        acquire("2h", "standard-seat", 1),
    ]);
    let course = seats(&steps, "3h");
    assert_eq!(course.states(HOUR), ["Registered", "NoLicensesInUse", "None"]);
    assert_eq!(course.states(2 * HOUR), ["Registered", "Waiting", "None"]);
    assert_eq!(course.only("CommunicationFailed"), 2 * HOUR);
}

/// A6, C3: a drop in use clears it with the first report whose interval never saw the higher use. The
/// peak of 55 is in the report of 1 h; use drops 5 min later, the report of 1 h 15 min still holds
/// what was in use when its interval began, and that of 1 h 30 min is the first without it.
#[test]
fn a_drop_in_use_clears_a_pending_over_use() {
    let steps = json!([
        acquire("0s", "standard-seat", 30),
        register("0s"),
        acquire("1h", "standard-seat", 25),
        {"at": "1h", "renew": "auth"},
        {"at": "65m", "release": {"feature": "standard-seat", "n": 25}},
    ]);
    let course = seats(&steps, "1d");
    assert_eq!(course.only("OutOfCompliancePending"), HOUR);
    assert_eq!(course.only("BackInCompliance"), HOUR + 30 * MINUTE);
    course.never("OutOfComplianceBreached");
}

/// X6: the tolerance runs on the device's own time, link or no link.
#[test]
fn the_tolerance_ends_without_a_link() {
    let steps = json!([
        acquire("0s", "standard-seat", 51),
        register("0s"),
        {"at": "1m", "network": "down"},
    ]);
    let course = seats(&steps, "2h");
    assert_eq!(course.states(MINUTE)[1], out_of_compliance(0, true));
    assert_eq!(course.only("OutOfComplianceBreached"), 45 * MINUTE);
    let ends = 45 * MINUTE + 90 * DAY;
    assert_eq!(course.states(45 * MINUTE)[2], overage("OutOfCompliance", ends));
}

/// X11: with both causes the state is `AuthorizationExpired` and the period that ends first decides:
/// over-use breached at 45 min, ending at 90 d 45 min. The last answer came at 45 min (X6: the report
/// due at the breach goes first), so the authorization ends 90 d less 5 min after it, at 90 d 40 min.
#[test]
fn of_two_periods_the_one_that_ends_first_decides() {
    let steps = json!([
        acquire("0s", "standard-seat", 51),
        register("0s"),
        {"at": "46m", "network": "down"},
    ]);
    let course = seats(&steps, "181d");
    let (ends, deadline) = (90 * DAY + 45 * MINUTE, 90 * DAY + 40 * MINUTE);
    assert_eq!(course.only("AuthorizationExpired"), deadline);
    assert_eq!(course.states(deadline)[1], "AuthorizationExpired");
    assert_eq!(course.states(deadline)[2], overage("OutOfCompliance", ends));
    assert_eq!(course.states(ends)[2], enforced("OutOfCompliance", ends));
    assert_eq!(course.states(181 * DAY)[2], enforced("OutOfCompliance", ends));
}

/// A8, X16: the scenario's rules are the product's, for device and manager alike. Reports every hour,
/// authorization for 10 d less 1 min after the report of 5 h, 2 d of overage; a certificate of 30 d
/// less 1 min; 1 d of evaluation, of which nothing is used.
#[test]
fn a_scenario_has_its_own_rules() {
    let policy = json!({
        "report_interval": "1h", "authorization_period": "10d", "backdate": "1m",
        "overage_period": "2d", "certificate_period": "30d", "certificate_renewal": "29d",
        "evaluation_period": "1d",
    });
    let steps = json!([
        acquire("0s", "standard-seat", 1),
        register("0s"),
        {"at": "330m", "network": "down"},
    ]);
    let course = Course::of(&json!({
        "owned": {"standard-seat": 1}, "policy": policy, "steps": steps, "until": "32d",
    }));
    let deadline = 5 * HOUR + 10 * DAY - MINUTE;
    assert_eq!(course.only("CommunicationFailed"), 6 * HOUR);
    assert_eq!(course.only("AuthorizationExpired"), deadline);
    assert_eq!(course.times("EnforcementStarted")[0], deadline + 2 * DAY);
    let ends = 30 * DAY - MINUTE;
    assert_eq!(course.only("RegistrationExpired"), ends);
    assert_eq!(course.times("EvaluationExpired")[0], ends + DAY);
}

/// X7: out of compliance only after so many over-use reports in a row: those of 0 h, 8 h and 16 h.
#[test]
fn over_use_counts_after_so_many_reports() {
    let steps = json!([acquire("0s", "standard-seat", 51), register("0s")]);
    let course = Course::of(&json!({
        "owned": {"standard-seat": 50}, "policy": {"consecutive_reports": 3}, "steps": steps,
        "until": "1d",
    }));
    assert_eq!(course.states(16 * HOUR - 1), ["Registered", "Authorized", "None"]);
    assert_eq!(course.only("OutOfCompliancePending"), 16 * HOUR);
    assert_eq!(course.states(16 * HOUR)[1], out_of_compliance(16 * HOUR, true));
}

/// X15: without a real-time clock time off passes unseen. Evaluation counts 10 d, then 100 d off; of
/// its last hour at most a checkpoint is charged (X1). With a clock nothing else would hold: time
/// off does not count (X1).
#[test]
fn time_off_does_not_count_as_evaluation() {
    for rtc in [true, false] {
        let steps = json!([
            acquire("0s", "standard-seat", 1),
            {"at": "10d", "reboot": {"off_for": "100d"}},
        ]);
        let course = Course::of(&json!({ "rtc": rtc, "steps": steps, "until": "192d" }));
        let expired = course.times("EvaluationExpired")[0];
        let latest = 190 * DAY;
        assert!((latest - HOUR..=latest).contains(&expired), "{expired} with a clock: {rtc}");
        let off = |line: &Value| (10 * DAY..110 * DAY).contains(&line["t"].as_u64().unwrap());
        assert_eq!(course.device().filter(|line| off(line)).count(), 0);
    }
}

/// X15: periods that run while a device is off are measured by the real-time clock. Breached at
/// 45 min, off from 10 d to 60 d without a link: enforced at 90 d 45 min all the same.
#[test]
fn overage_runs_on_while_a_device_with_a_clock_is_off() {
    let steps = json!([
        acquire("0s", "standard-seat", 51),
        register("0s"),
        {"at": "1d", "network": "down"},
        {"at": "10d", "reboot": {"off_for": "50d"}},
    ]);
    let course = seats(&steps, "91d");
    assert_eq!(course.only("EnforcementStarted"), 90 * DAY + 45 * MINUTE);
}

/// X15: a real-time clock measures the time off, so that a restart of a minute moves nothing: the
/// last answer came at second 0, and the authorization ends 90 d less 5 min after it (X2).
#[test]
fn a_short_restart_moves_no_deadline_of_a_device_with_a_clock() {
    let steps = json!([
        register("0s"),
        {"at": "2h", "network": "down"},
        {"at": "3h", "reboot": {"off_for": "1m"}},
    ]);
    assert_eq!(seats(&steps, "91d").only("AuthorizationExpired"), 90 * DAY - 5 * MINUTE);
}

/// X15, E5: without a real-time clock the time off passes unseen, and nothing else does: what ran since
/// the state was stored, an hour at most, is charged and not given (X1).
#[test]
fn overage_stands_still_while_a_device_without_a_clock_is_off() {
    let steps = json!([
        acquire("0s", "standard-seat", 51),
        register("0s"),
        {"at": "1d", "network": "down"},
        {"at": "10d", "reboot": {"off_for": "50d"}},
    ]);
    let course = Course::of(&json!({
        "rtc": false, "owned": {"standard-seat": 50}, "steps": steps, "until": "142d",
    }));
    let latest = 90 * DAY + 45 * MINUTE + 50 * DAY;
    let enforced_at = course.only("EnforcementStarted");
    assert!((latest - HOUR..=latest).contains(&enforced_at), "{enforced_at}");
}

/// C4, X8: without over-use a sign-in beyond what the last answer said is owned is refused, naming
/// the limit and who set it (C6); before registering it is not. 40 and 10 owned: 50 standard (C2).
#[test]
fn license_control_denies_what_is_not_owned() {
    let steps = json!([
        {"at": "0s", "overage_allowance": "off"},
        acquire("0s", "standard-seat", 60),
        {"at": "1h", "release": {"feature": "standard-seat", "n": 20}},
        register("2h"),
        acquire("3h", "standard-seat", 10),
        acquire("4h", "standard-seat", 1),
        {"at": "5h", "limit": {"standard-seat": 45}},
        acquire("6h", "standard-seat", 5),
        acquire("7h", "standard-seat", 1),
        {"at": "8h", "overage_allowance": "on"},
        acquire("9h", "standard-seat", 1),
    ]);
    let denied = seats(&steps, "10h").denied();
    let at: Vec<u64> = denied.iter().map(|(at, ..)| *at).collect();
    assert_eq!(at, [4 * HOUR, 7 * HOUR]);
    assert!(denied.iter().all(|(_, step, _)| step == "acquire"));
    let (owned, limited) = (&denied[0].2, &denied[1].2);
    assert!(owned.contains("50") && owned.contains("account owns"), "{owned}");
    assert!(limited.contains("55") && limited.contains("administrator"), "{limited}");
}

/// X13: a factory reset deregisters and erases all but the evaluation used: 10 d of it, and what is
/// in use stays counted.
#[test]
fn a_factory_reset_leaves_the_evaluation_used() {
    let steps = json!([
        acquire("0s", "standard-seat", 1),
        register("10d"),
        {"at": "20d", "factory_reset": {}},
    ]);
    let course = seats(&steps, "101d");
    assert_eq!(course.states(20 * DAY), ["Unregistered", "Evaluation", "None"]);
    assert_eq!(course.times("EvaluationExpired")[0], 100 * DAY);
}

/// X14: a removed instance learns it at its next contact, here the report of 16 h.
#[test]
fn a_removed_instance_learns_it_at_its_next_contact() {
    let steps = json!([
        acquire("0s", "standard-seat", 1),
        register("0s"),
        {"at": "9h", "remove_instance": {}},
    ]);
    let course = seats(&steps, "1d");
    assert_eq!(course.only("InstanceRemoved"), 16 * HOUR);
    assert_eq!(course.states(16 * HOUR), ["Unregistered", "Evaluation", "None"]);
}

/// S7, L3: a term that ends leaves the pool; the report of 8 h finds 40 of 45 seats covered.
#[test]
fn a_term_that_ends_is_missed_at_the_next_report() {
    let steps = json!([
        acquire("0s", "standard-seat", 45),
        register("0s"),
        {"at": "1h", "expire_term": {"standard-seat": 8}},
        {"at": "9h", "buy": {"standard-seat": 3}},
    ]);
    let course = seats(&steps, "10h");
    assert_eq!(course.only("OutOfCompliancePending"), 8 * HOUR);
    // One more every 15 min while pending; breached at 8 h 45 min, and from then on every 8 h.
    assert_eq!(course.only("OutOfComplianceBreached"), 8 * HOUR + 45 * MINUTE);
    assert_eq!(course.states(9 * HOUR)[1], out_of_compliance(8 * HOUR, false));
}

/// T2: a clock past the certificate's end has an hour; a contact settles it at once (X15), and
/// without one the device is unregistered.
#[test]
fn a_clock_past_the_certificate_has_an_hour() {
    let ahead = |network: &str| {
        json!([
            acquire("0s", "standard-seat", 1),
            register("0s"),
            {"at": "9h", "network": network},
            {"at": "10h", "clock": "+400d"},
        ])
    };
    let settled = seats(&ahead("up"), "2d");
    assert_eq!(settled.states(2 * DAY), ["Registered", "Authorized", "None"]);
    let course = seats(&ahead("down"), "2d");
    assert_eq!(course.states(11 * HOUR - 1)[0], "Registered");
    assert_eq!(course.states(11 * HOUR), ["Expired", "Evaluation", "None"]);
}
