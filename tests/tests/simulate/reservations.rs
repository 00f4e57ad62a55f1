//! Licences that travel as codes (SPEC section 6): each instant is derived from the rules alone.

use super::course::{Course, DAY, HOUR, enforced, overage, printed, seats, shipped};
use serde_json::{Value, json};

/// A scenario whose account owns nothing but what its steps buy.
fn course(steps: &Value, until: &str) -> Course {
    Course::of(&json!({ "steps": steps, "until": until }))
}

/// S7: seven seats are bought for 200 d, reserved and installed after 1 d, with the link down all the
/// time (S1). Alerts come 90, 60, 30, 14, 7, 3 and 1 d before the end, and the licences stop counting at
/// it. Five are in use: more than is reserved (X11), 90 d of overage from there (E2), then enforced.
/// A2, X1: of the evaluation, the first day was used; it stands still until everything is returned (S3)
/// after 300 d, which ends the enforcement (E4), and its other 89 d follow.
#[test]
fn a_reserved_term_ends() {
    let course = Course::read(&shipped("reserved-term-ends"));
    assert_eq!(course.states(0), ["Unregistered", "Evaluation", "None"]);
    assert_eq!(course.only("ReservationRequested"), DAY);
    assert_eq!(course.only("ReservationInstalled"), DAY);
    assert_eq!(course.only("EvaluationPaused"), DAY);
    assert_eq!(course.states(DAY), ["Reserved", "Reserved", "None"]);

    let ends = 200 * DAY;
    let before = [90, 60, 30, 14, 7, 3, 1].map(|days| ends - days * DAY);
    assert_eq!(course.times("ReservationTermEnding"), before);
    let first = course.event("ReservationTermEnding");
    assert_eq!((&first["days"], &first["count"]), (&json!(90), &json!(7)));
    assert!(first["entitlement"].as_str().unwrap().contains("STANDARD"), "{first}");
    assert_eq!(course.states(ends - 1), ["Reserved", "Reserved", "None"]);

    assert_eq!(course.only("ReservationTermEnded"), ends);
    assert_eq!(course.only("ReservationInsufficient"), ends);
    let reason = "NotAuthorizedReserved";
    let [registration, authorization, enforcement] = course.states(ends);
    assert_eq!([registration, authorization], ["Reserved", reason]);
    assert_eq!(enforcement, overage(reason, ends + 90 * DAY));
    assert_eq!(course.states(290 * DAY - 1)[2], overage(reason, 290 * DAY));
    assert_eq!(course.states(290 * DAY)[2], enforced(reason, 290 * DAY));

    assert_eq!(course.only("ReservationReturned"), 300 * DAY);
    assert_eq!(course.states(300 * DAY), ["Unregistered", "Evaluation", "None"]);
    assert_eq!(course.states(389 * DAY - 1)[1], "Evaluation");
    assert_eq!(course.times("EvaluationExpired")[0], 389 * DAY);
    assert_eq!(course.states(389 * DAY)[2], enforced("EvaluationExpired", 389 * DAY));
    assert!(course.denied().is_empty(), "{:?}", course.denied());
    course.never("CommunicationFailed");
}

/// S7: a timeline for people says when the term ends from its installation on.
#[test]
fn a_timeline_says_when_a_reserved_term_ends() {
    let text = printed(&shipped("reserved-term-ends"), &[]);
    let installed = text.split("ReservationInstalled").nth(1).expect("it is told");
    let installed = installed.split("\n\n").next().expect("what is told of it");
    assert!(installed.contains("Reserved, Reserved, no enforcement"), "{installed}");
    assert!(installed.contains("day 200 00:00:00: a reserved term ends"), "{installed}");
}

/// S2, C5: an update with fewer takes effect when it is installed. What is in use stays, and is more than
/// is reserved until two are given back (X11, E4). L11: the two that the update freed can end at the
/// manager once it is confirmed, which `install` does, and not before.
#[test]
fn an_update_with_fewer_frees_the_difference_once_it_is_installed() {
    let steps = json!([
        {"at": "0s", "buy": {"standard-seat": 7}},
        {"at": "1h", "reserve": {"standard-seat": 7}},
        {"at": "1h", "install": {}},
        {"at": "2h", "acquire": {"feature": "standard-seat", "n": 7}},
        {"at": "3h", "acquire": {"feature": "standard-seat", "n": 1}},
        {"at": "4h", "reserve": {"standard-seat": 5}},
        {"at": "5h", "expire_term": {"standard-seat": 2}},
        {"at": "6h", "install": {}},
        {"at": "7h", "expire_term": {"standard-seat": 2}},
        {"at": "8h", "release": {"feature": "standard-seat", "n": 2}},
        {"at": "9h", "expire_term": {"standard-seat": 1}},
    ]);
    let course = course(&steps, "1d");
    let denied = course.denied();
    let told: Vec<(u64, &str)> = denied.iter().map(|(at, step, _)| (at / HOUR, &**step)).collect();
    assert_eq!(told, [(3, "acquire"), (5, "expire_term"), (9, "expire_term")]);
    assert!(denied[0].2.contains("limited to 7, which is what is reserved"), "{denied:?}");
    assert!(denied[1].2.contains("Reservations have set aside"), "{denied:?}");
    let of = |line: &Value| line["event"]["generation"].clone();
    let installed: Vec<Value> = course.events("ReservationInstalled").map(of).collect();
    assert_eq!(installed, [0, 1]);
    assert_eq!(course.states(6 * HOUR - 1), ["Reserved", "Reserved", "None"]);
    assert_eq!(course.only("ReservationInsufficient"), 6 * HOUR);
    let reason = "NotAuthorizedReserved";
    assert_eq!(course.states(6 * HOUR)[1], reason);
    assert_eq!(course.states(6 * HOUR)[2], overage(reason, 6 * HOUR + 90 * DAY));
    assert_eq!(course.only("ReservationSufficient"), 8 * HOUR);
    assert_eq!(course.states(8 * HOUR), ["Reserved", "Reserved", "None"]);
}

/// X12: registered or reserved, never both; S1, S3: and what was not asked for cannot be installed or
/// returned.
#[test]
fn steps_that_are_out_of_order_are_refused_and_change_nothing() {
    let steps = json!([
        {"at": "1h", "install": {}},
        {"at": "2h", "return": {}},
        {"at": "3h", "register": {"token": "valid"}},
        {"at": "4h", "reserve": {"standard-seat": 7}},
        {"at": "5h", "deregister": {}},
        {"at": "6h", "reserve": {"standard-seat": 7}},
        {"at": "7h", "return": {}},
        {"at": "8h", "register": {"token": "valid"}},
        {"at": "9h", "install": {}},
        {"at": "10h", "install": {}},
        {"at": "11h", "deregister": {}},
        {"at": "12h", "factory_reset": {}},
        {"at": "13h", "return": {}},
        {"at": "14h", "return": {}},
    ]);
    let course = seats(&steps, "1d");
    let denied = course.denied();
    let told: Vec<(u64, &str)> = denied.iter().map(|(at, step, _)| (at / HOUR, &**step)).collect();
    let expected = [
        (1, "install"),
        (2, "return"),
        (4, "reserve"),
        (7, "return"),
        (8, "register"),
        (10, "install"),
        (11, "deregister"),
        (12, "factory_reset"),
        (14, "return"),
    ];
    assert_eq!(told, expected);
    assert_eq!(course.states(4 * HOUR)[0], "Registered");
    assert_eq!(course.states(8 * HOUR)[0], "ReservationInProgress");
    assert_eq!(course.states(12 * HOUR)[0], "Reserved");
    assert_eq!(course.states(14 * HOUR)[0], "Unregistered");
}

/// What the manager refuses leaves the request standing, so that it can be answered later (S1, S5).
#[test]
fn a_choice_that_is_not_to_be_had_leaves_the_request_standing() {
    let steps = json!([
        {"at": "1h", "reserve": {"standard-seat": 7}},
        {"at": "2h", "buy": {"standard-seat": 7}},
        {"at": "3h", "reboot": {"off_for": "1h"}},
        {"at": "5h", "reserve": {"standard-seat": 7}},
        {"at": "6h", "install": {}},
        {"at": "7h", "reboot": {"off_for": "1h"}},
    ]);
    let course = course(&steps, "1d");
    let denied = course.denied();
    assert_eq!(denied.len(), 1, "{denied:?}");
    assert_eq!((denied[0].0, denied[0].1.as_str()), (HOUR, "reserve"));
    assert_eq!(course.only("ReservationRequested"), HOUR);
    assert_eq!(course.states(5 * HOUR)[0], "ReservationInProgress");
    assert_eq!(course.states(6 * HOUR), ["Reserved", "Reserved", "None"]);
    assert_eq!(course.states(9 * HOUR), ["Reserved", "Reserved", "None"]);
}

/// L11: a return frees the licences at the manager, and they can be reserved again, under a fresh number.
#[test]
fn what_is_returned_can_be_reserved_again() {
    let steps = json!([
        {"at": "0s", "buy": {"premium-seat": 2}},
        {"at": "1h", "reserve": {"premium-seat": 2}},
        {"at": "2h", "install": {}},
        {"at": "3h", "return": {}},
        {"at": "4h", "reserve": {"premium-seat": 2}},
        {"at": "5h", "install": {}},
        {"at": "6h", "acquire": {"feature": "standard-seat", "n": 2}},
    ]);
    let course = course(&steps, "1d");
    assert!(course.denied().is_empty(), "{:?}", course.denied());
    let of = |line: &Value| line["event"]["number"].as_u64().unwrap();
    let numbers: Vec<u64> = course.events("ReservationRequested").map(of).collect();
    assert!(numbers.len() == 2 && numbers[1] > numbers[0], "{numbers:?}");
    // C2: premium seats stand in for standard ones.
    assert_eq!(course.states(6 * HOUR), ["Reserved", "Reserved", "None"]);
}

/// E5: neither a clock that is set back nor time off lengthens a term that is reserved.
#[test]
fn a_clock_that_is_set_back_lengthens_no_term() {
    let steps = json!([
        {"at": "0s", "buy": {"standard-seat": {"n": 7, "for": "100d"}}},
        {"at": "0s", "reserve": {"standard-seat": 7}},
        {"at": "0s", "install": {}},
        {"at": "50d", "clock": "-40d"},
        {"at": "60d", "reboot": {"off_for": "5d"}},
    ]);
    let course = course(&steps, "120d");
    assert_eq!(course.only("ReservationTermEnded"), 100 * DAY);
}
