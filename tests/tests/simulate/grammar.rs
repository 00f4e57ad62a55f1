//! What a scenario may say, and how a mistake in one is told: with its key and its line.

use super::course::{Course, output, printed};
use serde_json::json;

/// A scenario with `text` from its third line on.
fn scenario(text: &str) -> String {
    format!("{{\n \"owned\": {{\"standard-seat\": 4}},\n{text},\n \"until\": \"1d\"\n}}")
}

fn step(text: &str) -> String {
    scenario(&format!(" \"steps\": [\n  {{\"at\": \"1h\",\n   {text}}}]"))
}

/// Refused with nothing on standard output, and with sentences that name all of this.
fn refused(scenario: &str, named: &[&str]) {
    for arguments in [&["--json"][..], &[]] {
        let output = output(scenario, arguments);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{scenario}: {errors}");
        assert!(output.stdout.is_empty(), "{scenario} printed something");
        for part in named {
            assert!(errors.contains(part), "{scenario}: {part:?} is not in {errors}");
        }
        assert_eq!(errors.lines().count(), 1, "{errors}");
    }
}

#[test]
fn unknown_keys_are_named_with_what_is_allowed() {
    refused(
        &scenario(" \"licence_type\": \"flex\""),
        &["line 3", "`licence_type`", "license_type"],
    );
    refused(
        &scenario(" \"policy\": {\n  \"overage\": \"9d\"}"),
        &["line 4", "`overage`", "overage_period", "lock_usage"],
    );
    refused(&scenario(" \"rtc\": true,\n \"owner\": 1"), &["line 4", "`owner`", "owned"]);
    let unknown = step("\"regster\": {\"token\": \"valid\"}");
    refused(&unknown, &["line 5", "`regster`", "register", "overage_allowance", "expire_term"]);
    for (action, named) in [
        ("\"register\": {\"tokn\": \"valid\"}", ["`tokn`", "`register`"]),
        ("\"reboot\": {\"off\": \"2h\"}", ["`off`", "`reboot`"]),
        ("\"acquire\": {\"feature\": \"server\", \"count\": 1}", ["`count`", "`acquire`"]),
        ("\"login\": {\"name\": \"a\", \"skill\": []}", ["`skill`", "`login`"]),
        ("\"logout\": {\"who\": \"a\"}", ["`who`", "`logout`"]),
        ("\"clone\": {\"n\": 2}", ["`n`", "`clone`"]),
        ("\"buy\": {\"server\": {\"n\": 2, \"until\": \"9d\"}}", ["`until`", "`server`"]),
        ("\"deregister\": {\"force\": true}", ["`force`", "`deregister`"]),
    ] {
        refused(&step(action), &[&named[..], &["line 5"]].concat());
    }
}

#[test]
fn unknown_names_are_told_with_those_that_are_known() {
    refused(&scenario(" \"product\": \"toaster\""), &["line 3", "`product`", "contact-center"]);
    refused(&scenario(" \"license_type\": \"gold\""), &["line 3", "`license_type`", "flex"]);
    let seat = "\"acquire\": {\"feature\": \"seat\", \"n\": 1}";
    refused(&step(seat), &["line 5", "`feature`", "\"seat\"", "standard-seat, premium-seat"]);
    for action in ["buy", "expire_term", "reserve", "limit"] {
        let wrong = format!("\"{action}\": {{\n    \"seats\": 5}}");
        refused(&step(&wrong), &["line 6", "`seats`", "standard-seat"]);
    }
    refused(&step("\"register\": {\"token\": \"lost\"}"), &["`token`", "\"lost\"", "used-up"]);
    refused(&step("\"renew\": \"all\""), &["line 5", "`renew`", "auth, id"]);
    refused(&step("\"network\": \"off\""), &["line 5", "`network`", "down, up"]);
    refused(&step("\"overage_allowance\": \"no\""), &["`overage_allowance`", "on, off"]);
    let skill = "\"login\": {\"name\": \"a\",\n \"skills\": [\"chat\",\n \"singing\"]}";
    refused(&step(skill), &["line 7", "`skills`", "\"singing\"", "inbound-voice", "email"]);
    let other_product = scenario(" \"product\": \"industrial-gateway\"");
    refused(&other_product, &["line 2", "`standard-seat`", "opc-ua"]);
}

#[test]
fn values_of_a_wrong_kind_are_told_with_the_right_one() {
    refused(&scenario(" \"product\": 7"), &["line 3", "`product`", "contact-center"]);
    refused(&scenario(" \"rtc\": \"no\""), &["line 3", "`rtc`", "true or false"]);
    refused(&scenario(" \"steps\": {}"), &["line 3", "`steps`", "a list"]);
    refused(&scenario(" \"steps\": [\n7]"), &["line 4", "`steps`", "an object"]);
    refused(&scenario(" \"policy\": []"), &["line 3", "`policy`", "an object"]);
    for field in ["\"report_interval\": 8", "\"overage_period\": \"9w\"", "\"backdate\": \"-5m\""] {
        let key = field.split('"').nth(1).unwrap();
        refused(&scenario(&format!(" \"policy\": {{\n {field}}}")), &["line 4", key, "s, m, h, d"]);
    }
    for n in ["0", "-1", "1.5", "\"2\"", "4294967296"] {
        let acquire = format!("\"acquire\": {{\"feature\": \"server\", \"n\": {n}}}");
        refused(&step(&acquire), &["line 5", "`n`", "a whole number from 1"]);
        let buy = format!("\"buy\": {{\"server\": {n}}}");
        refused(&step(&buy), &["line 5", "`server`", "a whole number from 1"]);
        let term = format!("\"buy\": {{\"server\": {{\"n\": {n}, \"for\": \"9d\"}}}}");
        refused(&step(&term), &["line 5", "`n`", "a whole number from 1"]);
    }
    for span in ["2", "\"2\"", "\"2h30m\"", "\"h\"", "\"-2h\"", "\"2 h\"", "\"99999999d\""] {
        let reboot = format!("\"reboot\": {{\"off_for\": {span}}}");
        refused(&step(&reboot), &["line 5", "`off_for`", "s, m, h, d"]);
    }
    for by in ["-30", "\"30d\"", "\"-30\"", "\"+-3d\"", "\"--3d\""] {
        refused(&step(&format!("\"clock\": {by}")), &["line 5", "`clock`", "\"-30d\""]);
    }
    refused(&step("\"login\": {\"name\": 7}"), &["line 5", "`name`", "text"]);
    let supervisor = "\"login\": {\"name\": \"a\", \"supervisor\": 1}";
    refused(&step(supervisor), &["line 5", "`supervisor`", "true or false"]);
    refused(&step("\"register\": {\"token\": \"valid\", \"force\": 1}"), &["`force`"]);
    for name in ["", "\\u001b[2J", &"a".repeat(65)] {
        let login = format!("\"login\": {{\"name\": \"{name}\"}}");
        refused(&step(&login), &["line 5", "`name`", "1 to 64 bytes"]);
    }
}

#[test]
fn what_is_done_so_often_is_not_done_all_the_time() {
    for field in ["report_interval", "retry_first", "pending_report_interval"] {
        let policy = format!(" \"policy\": {{\"{field}\": \"0s\"}}");
        refused(&scenario(&policy), &["line 3", &format!("`{field}`"), "from 1"]);
    }
    let never = scenario(" \"policy\": {\"consecutive_reports\": 0}");
    refused(&never, &["line 3", "`consecutive_reports`", "a whole number from 1"]);
}

#[test]
fn what_is_missing_or_doubled_is_named() {
    refused("{\n}", &["line 1", "`scenario`", "`until`"]);
    refused("{\n \"until\": \"36501d\"}", &["line 2", "`until`", "36500d"]);
    refused(&scenario(" \"steps\": [\n {\"clone\": {}}]"), &["line 4", "`steps`", "`at`"]);
    refused(&scenario(" \"steps\": [\n {\"at\": \"1h\"}]"), &["line 4", "nothing to do", "clone"]);
    refused(&step("\"register\": {}"), &["line 5", "`register`", "`token`"]);
    refused(&step("\"acquire\": {\"n\": 1}"), &["line 5", "`acquire`", "`feature`"]);
    refused(&step("\"acquire\": {\"feature\": \"server\"}"), &["line 5", "`n`"]);
    refused(&step("\"reboot\": {}"), &["line 5", "`off_for`"]);
    let two = step("\"clone\": {},\n \"deregister\": {}");
    refused(&two, &["line 5", "`clone`", "`deregister`", "a step of its own"]);
    refused(&scenario(" \"rtc\": true,\n \"rtc\": true"), &["line 4", "`rtc`", "twice"]);
}

#[test]
fn what_is_no_json_or_no_file_is_told() {
    refused("{\n \"until\": \"1d\"\n \"steps\": []}", &["line 3", "not JSON"]);
    refused("", &["line 1", "not JSON"]);
    refused("[]", &["line 1", "`scenario`", "an object"]);
    let folder = leasehold_tests::binary::private_folder();
    let told = leasehold_tests::binary::fail(folder.path(), &["simulate", "nowhere.json"]);
    assert!(told.contains("nowhere.json") && told.contains("Name a JSON file"), "{told}");
}

#[test]
fn steps_run_by_time_and_equal_times_in_the_order_of_the_file() {
    let acquire = |at, n| json!({"at": at, "acquire": {"feature": "server", "n": n}});
    let release = |at, n| json!({"at": at, "release": {"feature": "server", "n": n}});
    // 2 at 1 h, 5 more at 60 min: 6 can go at once, and then no 2.
    let steps = json!([release("2h", 2), acquire("60m", 2), acquire("1h", 5), release("3600s", 6)]);
    let course = Course::of(&json!({ "steps": steps, "until": "1d" }));
    let denied = course.denied();
    assert_eq!(denied.len(), 1, "{denied:?}");
    assert_eq!((denied[0].0, denied[0].1.as_str()), (7_200, "release"));
}

#[test]
fn every_key_of_the_grammar_is_taken() {
    let policy = json!({
        "evaluation_period": "90d", "report_interval": "8h", "authorization_renewal": "30d",
        "authorization_period": "90d", "backdate": "5m", "overage_period": "90d",
        "pending_warning": "30m", "pending_tolerance": "45m", "pending_report_interval": "15m",
        "breached_report_interval": "12h", "certificate_period": "365d",
        "certificate_renewal": "180d", "register_retry": "15m", "retry_first": "15m",
        "retry_max": "8h", "clock_grace": "1h", "consecutive_reports": 1, "lock_usage": false,
    });
    let actions = [
        json!({"register": {"token": "valid", "force": true}}),
        json!({"renew": "auth"}),
        json!({"renew": "id"}),
        json!({"network": "down"}),
        json!({"network": "up"}),
        json!({"reboot": {"off_for": "2h"}}),
        json!({"clock": "-30d"}),
        json!({"clock": "+400d"}),
        json!({"acquire": {"feature": "premium-seat", "n": 2}}),
        json!({"release": {"feature": "premium-seat", "n": 2}}),
        json!({"buy": {"premium-seat": 5}}),
        json!({"buy": {"premium-seat": {"n": 5, "for": "200d"}, "standard-seat": {"n": 1}}}),
        json!({"expire_term": {"standard-seat": 2}}),
        json!({"reserve": {"standard-seat": 7, "premium-seat": 2}}),
        json!({"install": {}}),
        json!({"return": {}}),
        json!({"login": {"name": "a1", "skills": ["inbound-voice"], "supervisor": true}}),
        json!({"logout": {"name": "a1"}}),
        json!({"overage_allowance": "off"}),
        json!({"overage_allowance": "on"}),
        json!({"limit": {"standard-seat": 20}}),
        json!({"clone": {}}),
        json!({"revoke_token": {}}),
        json!({"remove_instance": {}}),
        json!({"deregister": {}}),
        json!({"factory_reset": {}}),
    ];
    let at = |(index, action): (usize, &serde_json::Value)| {
        let mut step = action.clone();
        step["at"] = format!("{index}d").into();
        step
    };
    let steps: Vec<_> = actions.iter().enumerate().map(at).collect();
    let scenario = json!({
        "product": "contact-center", "license_type": "flex", "rtc": true, "policy": policy,
        "owned": {"standard-seat": 4, "server": 0}, "steps": steps, "until": "30d",
    });
    assert!(!printed(&scenario.to_string(), &["--json"]).is_empty());
    assert!(!printed(&scenario.to_string(), &[]).is_empty());
}
