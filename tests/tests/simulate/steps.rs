//! What each step does, and how one that is refused is told.

use super::course::{Course, DAY, HOUR, seats};
use serde_json::json;

#[test]
fn tokens_are_refused_for_their_own_reason() {
    let kinds = [
        ("bad", "TokenUnknown"),
        ("expired", "TokenExpired"),
        ("used-up", "TokenUsedUp"),
        ("revoked", "TokenRevoked"),
    ];
    for (kind, reason) in kinds {
        let steps = json!([{"at": "1h", "register": {"token": kind}}]);
        let course = seats(&steps, "2h");
        assert_eq!(course.only("RegistrationFailed"), HOUR);
        assert_eq!(course.event("RegistrationFailed")["reason"], reason);
        // R3: permanent until a new command.
        assert_eq!(course.states(2 * HOUR)[0], "Failed");
    }
    let steps = json!([
        {"at": "1h", "revoke_token": {}},
        {"at": "2h", "register": {"token": "valid"}},
    ]);
    assert_eq!(seats(&steps, "3h").event("RegistrationFailed")["reason"], "TokenRevoked");
}

#[test]
fn a_valid_token_is_good_for_many_registrations() {
    let steps = json!([
        {"at": "1h", "register": {"token": "valid"}},
        {"at": "2h", "deregister": {}},
        {"at": "3h", "register": {"token": "valid"}},
        {"at": "4h", "register": {"token": "valid", "force": true}},
    ]);
    let course = seats(&steps, "5h");
    assert_eq!(course.times("RegistrationSucceeded"), [HOUR, 3 * HOUR, 4 * HOUR]);
}

#[test]
fn refused_steps_are_told_with_their_reason() {
    let steps = json!([
        {"at": "1h", "release": {"feature": "standard-seat", "n": 1}},
        {"at": "2h", "deregister": {}},
        {"at": "3h", "renew": "auth"},
        {"at": "4h", "renew": "id"},
        {"at": "5h", "remove_instance": {}},
        {"at": "6h", "expire_term": {"premium-seat": 11}},
        {"at": "7h", "logout": {"name": "a1"}},
        {"at": "8h", "login": {"name": "a1", "skills": ["chat"]}},
        {"at": "9h", "login": {"name": "a1"}},
        {"at": "10h", "register": {"token": "valid"}},
        {"at": "11h", "register": {"token": "valid"}},
        {"at": "12h", "reserve": {"standard-seat": 1}},
        {"at": "13h", "install": {}},
        {"at": "14h", "return": {}},
        {"at": "15h", "release": {"feature": "premium-seat", "n": 1}},
        {"at": "16h", "limit": {"server": 1}},
    ]);
    let denied = seats(&steps, "1d").denied();
    let expected = [
        (1, "release"),
        (2, "deregister"),
        (3, "renew"),
        (4, "renew"),
        (5, "remove_instance"),
        (6, "expire_term"),
        (7, "logout"),
        (9, "login"),
        (11, "register"),
        (12, "reserve"),
        (13, "install"),
        (14, "return"),
        (15, "release"),
        (16, "limit"),
    ];
    let told: Vec<(u64, &str)> = denied.iter().map(|(at, step, _)| (at / HOUR, &**step)).collect();
    assert_eq!(told, expected);
    let reason = |hour: u64| &denied.iter().find(|(at, ..)| *at == hour * HOUR).unwrap().2;
    assert!(reason(6).contains("Only 10 of premium-seat"), "{}", reason(6));
    assert!(reason(9).contains("premium-seat"), "{}", reason(9));
    assert!(reason(15).contains("0 of premium-seat are held by acquire"), "{}", reason(15));
    assert!(reason(11).contains("registered already"), "{}", reason(11));
    assert!(reason(12).contains("it cannot be reserved"), "{}", reason(12));
    assert!(reason(13).contains("no authorization code"), "{}", reason(13));
    assert!(reason(14).contains("nothing to install, to cancel or to return"), "{}", reason(14));
    assert!(reason(16).contains("server"), "{}", reason(16));
}

#[test]
fn a_refused_step_changes_nothing() {
    let steps = json!([
        {"at": "1h", "expire_term": {"standard-seat": 40, "premium-seat": 11}},
        {"at": "2h", "acquire": {"feature": "standard-seat", "n": 50}},
        {"at": "2h", "release": {"feature": "standard-seat", "n": 51}},
        {"at": "3h", "register": {"token": "valid"}},
    ]);
    let course = seats(&steps, "4h");
    assert_eq!(course.denied().len(), 2);
    assert_eq!(course.states(3 * HOUR), ["Registered", "Authorized", "None"]);
}

/// C7: chat is a premium seat, which 10 owned cover once.
#[test]
fn sign_ins_take_the_seat_of_their_skills() {
    let steps = json!([
        {"at": "0s", "login": {"name": "a1", "skills": ["inbound-voice"]}},
        {"at": "0s", "login": {"name": "a2", "skills": ["inbound-voice", "chat"]}},
        {"at": "0s", "register": {"token": "valid"}},
        {"at": "9h", "logout": {"name": "a2"}},
        {"at": "10h", "login": {"name": "a2", "skills": ["inbound-voice"], "supervisor": true}},
    ]);
    let scenario = |premium: u32| {
        let owned = json!({"standard-seat": 2, "premium-seat": premium});
        Course::of(&json!({ "owned": owned, "steps": steps, "until": "1d" }))
    };
    assert_eq!(scenario(1).states(DAY), ["Registered", "Authorized", "None"]);
    assert_eq!(scenario(0).times("OutOfCompliancePending"), [0]);
}

#[test]
fn a_step_for_a_device_that_is_off_waits_for_its_boot() {
    let steps = json!([
        {"at": "1h", "reboot": {"off_for": "5h"}},
        {"at": "2h", "register": {"token": "valid"}},
        {"at": "3h", "reboot": {"off_for": "1h"}},
        {"at": "4h", "acquire": {"feature": "standard-seat", "n": 1}},
        {"at": "5h", "network": "down"},
    ]);
    let course = seats(&steps, "12h");
    // On at 6 h: registering fails, the network went at 5 h. Off again until 7 h, then in use.
    assert_eq!(course.only("RegistrationRetrying"), 6 * HOUR);
    assert_eq!(course.only("EvaluationStarted"), 7 * HOUR);
}

#[test]
fn use_is_restored_in_the_second_of_booting() {
    let steps = json!([
        {"at": "0s", "acquire": {"feature": "standard-seat", "n": 3}},
        {"at": "0s", "login": {"name": "a1", "skills": ["chat"]}},
        {"at": "0s", "register": {"token": "valid"}},
        {"at": "1d", "reboot": {"off_for": "90m"}},
        {"at": "2d", "logout": {"name": "a1"}},
        {"at": "2d", "release": {"feature": "standard-seat", "n": 3}},
    ]);
    let course = seats(&steps, "3d");
    assert_eq!(course.states(DAY + 5_400), ["Registered", "Authorized", "None"]);
    assert!(course.denied().is_empty(), "{:?}", course.denied());
    assert_eq!(course.states(2 * DAY)[1], "NoLicensesInUse");
}

#[test]
fn a_clock_that_is_not_there_cannot_be_set() {
    let steps = json!([{"at": "1h", "clock": "+1d"}]);
    let denied = Course::of(&json!({"rtc": false, "steps": steps, "until": "2h"})).denied();
    assert!(denied[0].1 == "clock" && denied[0].2.contains("no real-time clock"), "{denied:?}");
}

#[test]
fn there_is_one_clone_at_the_most() {
    let steps = json!([{"at": "1h", "clone": {}}, {"at": "2h", "clone": {}}]);
    let course = seats(&steps, "3h");
    assert_eq!(course.clone_only().device().count(), 1);
    assert_eq!(course.denied()[0].1, "clone");
}

/// X10: the server licence is there unless the scenario says how many are.
#[test]
fn the_server_licence_is_added_unless_it_is_named() {
    let owned = |owned: serde_json::Value| {
        let steps = json!([{"at": "0s", "register": {"token": "valid"}}]);
        Course::of(&json!({"owned": owned, "steps": steps, "until": "1d"}))
    };
    owned(json!({"standard-seat": 1})).never("RequiredLicenseMissing");
    let missing = owned(json!({"server": 0}));
    assert_eq!(missing.times("RequiredLicenseMissing"), [0]);
    let tag = missing.event("RequiredLicenseMissing")["entitlement"].as_str().unwrap();
    assert!(tag.contains("SERVER"), "{tag}");
}

/// The second product and the other license types go through the same code.
#[test]
fn other_products_and_license_types_run() {
    let gateway = json!({
        "product": "industrial-gateway", "owned": {"vpn": 1, "ports-24": 1},
        "steps": [
            {"at": "0s", "acquire": {"feature": "vpn", "n": 1}},
            {"at": "0s", "acquire": {"feature": "ports-8", "n": 1}},
            {"at": "0s", "register": {"token": "valid"}},
            {"at": "1h", "login": {"name": "a1"}},
        ],
        "until": "1d",
    });
    let course = Course::of(&gateway);
    assert_eq!(course.states(DAY), ["Registered", "Authorized", "None"]);
    assert_eq!(course.denied()[0].1, "login");

    let enhanced = json!({
        "license_type": "perpetual-enhanced", "owned": {"agent-seat": 2},
        "steps": [
            {"at": "0s", "login": {"name": "a1", "skills": ["inbound-voice"]}},
            {"at": "0s", "login": {"name": "a2", "skills": ["chat"]}},
            {"at": "0s", "register": {"token": "valid"}},
        ],
        "until": "1d",
    });
    let course = Course::of(&enhanced);
    assert_eq!(course.states(DAY), ["Registered", "Authorized", "None"]);
    assert!(course.denied()[0].2.contains("inbound voice"), "{:?}", course.denied());
    course.never("LicenseTypeChanged");
}

/// C7, X13: the license type that was chosen holds after a reboot; after a factory reset with nothing
/// in use it is the first again.
#[test]
fn the_license_type_survives_a_reboot_and_no_factory_reset() {
    let steps = json!([
        {"at": "1h", "reboot": {"off_for": "1h"}},
        {"at": "3h", "acquire": {"feature": "ivr-port", "n": 1}},
        {"at": "4h", "reboot": {"off_for": "1h"}},
        {"at": "6h", "release": {"feature": "ivr-port", "n": 1}},
        {"at": "7h", "factory_reset": {}},
        {"at": "8h", "reboot": {"off_for": "1h"}},
        {"at": "10h", "acquire": {"feature": "ivr-port", "n": 1}},
    ]);
    let course = Course::of(&json!({"license_type": "ip-ivr", "steps": steps, "until": "1d"}));
    assert_eq!(course.only("LicenseTypeChanged"), 7 * HOUR);
    let denied = course.denied();
    assert_eq!(denied.len(), 1, "{denied:?}");
    assert_eq!((denied[0].0, denied[0].1.as_str()), (10 * HOUR, "acquire"));
}
