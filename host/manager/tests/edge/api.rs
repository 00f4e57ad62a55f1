//! The REST API: what it does, and how it says no.

use crate::device;
use crate::harness::Manager;
use leasehold_core::wire::Verdict;
use leasehold_manager::http::API;
use serde_json::{Value, json};
use std::io::{Read, Write};

fn assert_problem(reply: &crate::harness::Reply, status: u16, detail: &str) {
    assert_eq!(reply.status, status, "{}", reply.text());
    assert_eq!(reply.header("content-type"), "application/problem+json");
    let problem = reply.json();
    assert_eq!(problem["status"], status);
    for part in ["title", "detail", "remedy"] {
        assert!(problem[part].as_str().is_some_and(|text| !text.is_empty()), "{problem}");
    }
    assert!(problem["detail"].as_str().unwrap().contains(detail), "{problem}");
}

#[test]
fn a_token_can_be_copied_until_it_is_revoked() {
    let manager = Manager::start();
    let (_, pool) = manager.account("Example");
    let new = json!({ "virtual_account": pool, "days": 7, "description": "for the lab" });
    let made = manager.vendor("POST", "/tokens", Some(&new));
    let path = format!("/tokens/{}", made["id"]);
    let copied = manager.vendor("GET", &format!("{path}/text"), None);
    assert_eq!(copied["text"], made["text"]);
    let list = manager.vendor("GET", "/tokens", None);
    let listed = &list["items"][0];
    assert_eq!((&listed["state"], &listed["created_by"]), (&json!("valid"), &json!("operator")));
    // A secret stands in no list and in no event.
    let secret = made["text"].as_str().unwrap();
    let events = manager.vendor("GET", "/events", None).to_string();
    assert!(!list.to_string().contains(secret) && !events.contains(secret));

    let revoked = manager.vendor("POST", &format!("{path}/revoke"), None);
    assert_eq!(revoked["state"], "revoked");
    let gone = manager.ask(manager.operator(), "GET", &format!("{path}/text"), None);
    assert_problem(&gone, 409, "cannot be used any more");
}

#[test]
fn licences_are_bought_by_feature_or_tag_and_can_be_ended() {
    let manager = Manager::start();
    let (_, pool) = manager.account("Example");
    let status = manager.vendor("GET", "/status", None);
    let tag = |feature: &str| {
        let all = status["licenses"].as_array().unwrap();
        all.iter().find(|tag| tag["feature"] == feature).unwrap()["tag"].clone()
    };
    let premium = json!({
        "virtual_account": pool, "license": "premium-seat", "quantity": 10, "order": "PO-1",
    });
    let standard = json!({
        "virtual_account": pool, "license": tag("standard-seat"), "quantity": 40,
        "end": "2999-01-01T00:00:00Z",
    });
    let line = manager.vendor("POST", "/licenses", Some(&premium));
    assert_eq!((&line["tag"], &line["state"]), (&tag("premium-seat"), &json!("in-force")));
    assert_eq!(line["end"], Value::Null);
    let term = manager.vendor("POST", "/licenses", Some(&standard));
    assert_eq!(term["end"], "2999-01-01T00:00:00Z");
    let summary = manager.vendor("GET", &format!("/virtual-accounts/{pool}/summary"), None);
    let owned: Vec<_> =
        summary["licenses"].as_array().unwrap().iter().map(|line| &line["purchased"]).collect();
    assert_eq!(owned, [&json!(40), &json!(10)]);

    let ended = manager.vendor("POST", &format!("/licenses/{}/end", line["id"]), None);
    assert_eq!(ended["state"], "ended");
    let unknown = json!({ "virtual_account": pool, "license": "gold-seat", "quantity": 1 });
    let refused = manager.ask(manager.operator(), "POST", "/licenses", Some(&unknown));
    assert_problem(&refused, 422, "gold-seat");
    let nowhere = json!({ "virtual_account": 99, "license": "server", "quantity": 1 });
    let refused = manager.ask(manager.operator(), "POST", "/licenses", Some(&nowhere));
    assert_problem(&refused, 404, "no virtual account");
}

#[test]
fn an_instance_is_found_moved_and_removed() {
    let manager = Manager::start();
    let (account, pool) = manager.account("Example");
    let new = json!({ "account": account, "parent": pool, "name": "Branch" });
    let branch = manager.vendor("POST", "/virtual-accounts", Some(&new))["id"].clone();
    let instance = device::register(&manager, pool);
    assert_eq!(device::report(&manager, instance, 2, 3), Verdict::OutOfCompliance);

    let found = manager.vendor("GET", "/instances?search=EDG", None);
    let path = format!("/instances/{}", found["items"][0]["id"]);
    assert_eq!(manager.vendor("GET", "/instances?search=DGE", None)["items"], json!([]));
    let detail = manager.vendor("GET", &path, None);
    let premium = detail["usage"].as_array().unwrap().iter().find(|usage| usage["peak"] == 3);
    assert_eq!(premium.unwrap()["name"], "CC Flex Premium Seat");
    assert_eq!((&detail["reports_counted"], &detail["state"]), (&json!(1), &json!("registered")));
    let history = manager.vendor("GET", &format!("{path}/history"), None);
    assert!(history["items"].as_array().unwrap().iter().any(|point| point["peak"] == 3));

    let to = json!({ "virtual_account": branch });
    let moved = manager.vendor("POST", &format!("{path}/transfer"), Some(&to));
    assert_eq!(moved["virtual_account"], branch);
    let removed = manager.vendor("DELETE", &path, None);
    assert_eq!(removed["state"], "removed");
    assert_eq!(manager.vendor("GET", "/instances", None)["items"], json!([]));
    let all = manager.vendor("GET", "/instances?with_removed=true", None);
    assert_eq!(all["items"][0]["state"], "removed");
    let refused = manager.ask(manager.operator(), "DELETE", &path, None);
    assert_problem(&refused, 404, "registered instance");

    let events = manager.vendor("GET", "/events?instance=1", None);
    let names: Vec<_> =
        events["items"].as_array().unwrap().iter().map(|event| event["name"].clone()).collect();
    assert_eq!(names.first().unwrap(), "InstanceRemoved");
    assert!(names.contains(&json!("InstanceRegistered")), "{names:?}");
    let verified = manager.vendor("GET", "/events/verify", None);
    let newest = manager.vendor("GET", "/events?limit=1", None);
    assert_eq!(verified["hash"], newest["items"][0]["hash"]);
    assert_eq!(verified["entries"], newest["items"][0]["number"]);
}

#[test]
fn lists_come_in_parts() {
    let manager = Manager::start();
    let names: Vec<String> = (0..5).map(|number| format!("Account {number}")).collect();
    for name in &names {
        manager.account(name);
    }
    let (mut seen, mut after) = (Vec::new(), Some(0));
    while let Some(next) = after {
        let part = manager.vendor("GET", &format!("/accounts?limit=2&after={next}"), None);
        let items = part["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        seen.extend(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
        after = part["next"].as_i64();
    }
    assert_eq!(seen, names);
    let one = manager.vendor("GET", "/accounts?name=Account%203", None);
    assert_eq!(one["items"].as_array().unwrap().len(), 1);
}

#[test]
fn what_is_not_understood_is_refused_and_changes_nothing() {
    let manager = Manager::start();
    let (account, pool) = manager.account("Example");
    let vendor = manager.operator();
    let send = |method: &str, path: &str, bytes: &[u8]| {
        let path = format!("{API}{path}");
        manager.send(method, &path, Some(vendor), Some(("application/json", bytes)))
    };
    assert_problem(&send("POST", "/accounts", b""), 400, "not understood");
    assert_problem(&send("POST", "/accounts", b"{\"name\": 7}"), 400, "invalid type");
    let typo = json!({ "virtual_account": pool, "days": 1, "max_use": 1 }).to_string();
    assert_problem(&send("POST", "/tokens", typo.as_bytes()), 400, "max_use");
    assert_problem(&send("POST", "/accounts", &[b' '; (64 << 10) + 1]), 413, "65536 bytes");
    assert_problem(
        &send("POST", "/accounts", b"{\"name\": \"Example\"}"),
        409,
        "There is an account of that name already.",
    );
    assert_problem(&send("POST", "/accounts", b"{\"name\": \" \"}"), 422, "A name has");
    let role = json!({ "name": "c", "role": "king" }).to_string();
    assert_problem(&send("POST", "/clients", role.as_bytes()), 422, "king");
    let weak = json!({ "name": "u", "role": "viewer", "password": "short" }).to_string();
    assert_problem(&send("POST", "/users", weak.as_bytes()), 422, "at least 12");

    let form = Some(("text/plain", &b"{\"name\": \"Forged\"}"[..]));
    let accounts = format!("{API}/accounts");
    assert_problem(&manager.send("POST", &accounts, Some(vendor), form), 415, "JSON");

    let ask = |method: &str, path: &str| manager.ask(vendor, method, path, None);
    assert_problem(&ask("GET", "/accounts?name=x&colour=red"), 400, "colour");
    assert_problem(&ask("GET", "/accounts/seven"), 400, "number");
    assert_problem(&ask("GET", "/accounts/7"), 404, "account");
    assert_problem(&ask("GET", "/nothing"), 404, "nothing at this address");
    assert_problem(&ask("DELETE", "/accounts"), 405, "does not do this");
    let default = format!("/virtual-accounts/{pool}");
    assert_problem(&ask("DELETE", &default), 409, "default virtual account");
    let accounts = manager.vendor("GET", "/accounts", None);
    assert_eq!(accounts["items"].as_array().unwrap().len(), 1);
    assert_eq!(accounts["items"][0]["id"], account);
}

#[test]
fn who_is_refused_before_the_body_is_read_is_told_that_the_connection_ends() {
    let manager = Manager::start();
    let ask = |who: &str| {
        let new = serde_json::json!({ "name": "Example" });
        let reply = manager.ask(who, "POST", "/accounts", Some(&new));
        (reply.status, reply.header("connection").to_owned())
    };
    assert_eq!(ask("Bearer LHC00"), (401, "close".into()));
    assert_eq!(ask(manager.operator()), (201, String::new()));
    assert_eq!(ask(manager.operator()), (409, String::new()), "read, and then refused");
    let nothing = manager.ask("", "GET", "/status", None);
    assert_eq!((nothing.status, nothing.header("connection")), (401, ""));
}

#[test]
fn a_browser_on_another_page_does_nothing_with_the_password_it_knows() {
    let manager = Manager::start();
    let send = |site: &str| {
        let mut raw = manager.raw();
        let request = format!(
            "GET {API}/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Sec-Fetch-Site: {site}\r\nAuthorization: {}\r\n\r\n",
            manager.operator()
        );
        raw.write_all(request.as_bytes()).unwrap();
        let mut status = [0; 12];
        raw.read_exact(&mut status).unwrap();
        String::from_utf8(status[9..].to_vec()).unwrap()
    };
    assert_eq!(send("cross-site"), "403");
    assert_eq!(send("same-site"), "403");
    assert_eq!(send("same-origin"), "200");
    assert_eq!(send("none"), "200");
}

#[test]
fn guessing_passwords_is_slowed_down_and_nobody_else_is() {
    let manager = Manager::start();
    let user = json!({
        "name": "Aladdin", "role": "viewer", "password": "open sesame, please",
    });
    manager.vendor("POST", "/users", Some(&user));
    // By `base64`: the name with a wrong and with the right password.
    let wrong = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
    let right = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZSwgcGxlYXNl";
    assert_eq!(manager.ask(right, "GET", "/status", None).json()["signed_in_as"], "Aladdin");
    for _ in 0..10 {
        assert_problem(&manager.ask(wrong, "GET", "/status", None), 401, "is wrong");
    }
    let slowed = manager.ask(wrong, "GET", "/status", None);
    assert_problem(&slowed, 429, "Too many");
    let wait: u64 = slowed.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait));
    assert_eq!(manager.ask(right, "GET", "/status", None).status, 429);
    // A secret cannot be guessed: programs at the same address go on working.
    assert_eq!(manager.ask(manager.operator(), "GET", "/status", None).status, 200);
}
