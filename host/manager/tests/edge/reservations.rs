//! Reservations over the API, as an appliance without a network lives through them.

use crate::device::root;
use crate::harness::{Manager, Reply};
use leasehold_core::code::{
    Anchors, AuthorizationCode, ExpectedGrant, Grant, RequestCode, ReservationSecret, Returned,
};
use leasehold_core::crypto::SoftwareCrypto;
use leasehold_core::identity::Udi;
use leasehold_core::products::contact_center;
use serde_json::{Value, json};

const CRYPTO: SoftwareCrypto = SoftwareCrypto;

/// An appliance, and its request.
pub(crate) struct Appliance {
    serial_number: &'static str,
    secret: ReservationSecret,
}

impl Appliance {
    const NUMBER: u32 = 4_711;

    pub(crate) fn new(serial_number: &'static str) -> Self {
        let mut secret = [0; 16];
        secret[..serial_number.len()].copy_from_slice(serial_number.as_bytes());
        Self { serial_number, secret: ReservationSecret(secret) }
    }

    fn udi(&self) -> Udi<'_> {
        Udi::new(contact_center::PRODUCT_ID, self.serial_number, None).unwrap()
    }

    fn anchors(&self) -> Anchors {
        self.secret.anchors(&CRYPTO, &self.udi(), Self::NUMBER)
    }

    pub(crate) fn request(&self) -> Value {
        let code = RequestCode::new(&self.udi(), 0, false, Self::NUMBER, self.anchors()).unwrap();
        json!({ "request": code.to_text().as_str() })
    }

    pub(crate) fn confirmation(&self, generation: u8) -> Value {
        let code = self.secret.confirmation(&CRYPTO, &self.udi(), Self::NUMBER, generation);
        json!({ "code": code.to_text().as_str() })
    }

    pub(crate) fn gives(&self, returned: Returned) -> Value {
        let code = self.secret.return_code(&CRYPTO, &self.udi(), Self::NUMBER, returned);
        json!({ "code": code.to_text().as_str() })
    }

    /// Believes an authorization as a real one would.
    fn install(&self, manager: &Manager, code: &Value) -> Grant {
        let expected = ExpectedGrant {
            root: root(manager),
            reservation_key: None,
            udi: self.udi(),
            number: Self::NUMBER,
            anchors: self.anchors(),
            license_type: 0,
            catalogue: contact_center::FLEX.catalogue_hash(&CRYPTO),
            entitlements: contact_center::FLEX.entitlements.len(),
            newer_than: None,
        };
        let code = AuthorizationCode::parse(code.as_str().unwrap()).unwrap();
        code.accept(&CRYPTO, &expected).unwrap().into_inner()
    }
}

pub(crate) fn licenses(wanted: &[(&str, u32)]) -> Value {
    let choice = |&(license, count): &(&str, u32)| json!({ "license": license, "count": count });
    json!({ "licenses": wanted.iter().map(choice).collect::<Vec<_>>() })
}

/// A manager with ten standard seats; its account and pool.
fn stocked() -> (Manager, i64, i64) {
    let manager = Manager::start();
    let (account, pool) = manager.account("Example");
    let seats = json!({ "virtual_account": pool, "license": "standard-seat", "quantity": 10 });
    manager.vendor("POST", "/licenses", Some(&seats));
    (manager, account, pool)
}

fn assert_refused(reply: &Reply, status: u16, kind: &str) {
    assert_eq!(reply.status, status, "{}", reply.text());
    let problem = reply.json();
    assert_eq!(problem["type"], format!("urn:leasehold:problem:{kind}"), "{problem}");
    assert!(problem["detail"].as_str().is_some_and(|text| text.ends_with('.')), "{problem}");
    assert!(problem["remedy"].as_str().is_some_and(|text| text.ends_with('.')), "{problem}");
}

#[test]
fn a_reservation_lives_through_its_codes() {
    let (manager, account, pool) = stocked();
    let who = manager.client("user", Some(account));
    let ask = |method: &str, path: &str, body: Option<&Value>| {
        let reply = manager.ask(&who, method, path, body);
        assert!((200..300).contains(&reply.status), "{method} {path}: {}", reply.text());
        reply.json()
    };
    let seats = |line: &str| {
        let summary = ask("GET", &format!("/virtual-accounts/{pool}/summary"), None);
        summary["licenses"][0][line].clone()
    };
    let appliance = Appliance::new("AIRGAP1");
    let redeemed =
        ask("POST", &format!("/virtual-accounts/{pool}/reservations"), Some(&appliance.request()));
    assert_eq!((&redeemed["state"], &redeemed["generation"]), (&json!("requested"), &Value::Null));
    assert_eq!(
        (&redeemed["license_type"], &redeemed["created_by"]),
        (&json!("flex"), &json!("user"))
    );
    let path = format!("/reservations/{}", redeemed["id"]);
    let wanted = licenses(&[("standard-seat", 6)]);
    let authorized = ask("POST", &format!("{path}/authorize"), Some(&wanted));
    assert_eq!(authorized["licenses"][0]["name"], "CC Flex Standard Seat");
    assert_eq!((seats("reserved"), seats("balance")), (json!(6), json!(4)));
    let grant = appliance.install(&manager, &authorized["authorization_code"]);
    assert_eq!((grant.lines.len(), grant.lines[0].count), (1, 6));
    assert_eq!(ask("GET", &path, None), authorized, "every code is shown again");

    let updated = ask("POST", &format!("{path}/update"), Some(&licenses(&[("standard-seat", 2)])));
    assert_eq!((&updated["state"], &updated["pending"]), (&json!("update-pending"), &json!(1)));
    assert_eq!((updated["licenses"].as_array().unwrap().len(), seats("reserved")), (2, json!(6)));
    assert_eq!(appliance.install(&manager, &updated["update_code"]).lines[0].count, 2);
    let confirmation = appliance.confirmation(1);
    let confirmed = ask("POST", "/reservations/confirm", Some(&confirmation));
    assert_eq!((&confirmed["id"], &confirmed["generation"]), (&redeemed["id"], &json!(1)));
    assert_eq!((seats("reserved"), &confirmed["pending"]), (json!(2), &Value::Null));

    let listed = |query: &str| ask("GET", query, None)["items"].as_array().unwrap().len();
    assert_eq!(listed("/reservations?search=AIRGAP"), 1);
    assert_eq!(listed("/reservations?search=GAP"), 0);
    let returned =
        ask("POST", "/reservations/return", Some(&appliance.gives(Returned::Everything)));
    assert_eq!((&returned["state"], seats("reserved")), (&json!("returned"), json!(0)));
    assert_eq!(returned["entered_codes"][0]["code"], confirmation["code"]);
    assert_eq!(returned["entered_codes"].as_array().unwrap().len(), 2);
    assert_eq!(listed("/reservations"), 0);
    let in_pool = format!("/virtual-accounts/{pool}/reservations");
    assert_eq!((listed(&in_pool), listed(&format!("{in_pool}?with_ended=true"))), (0, 1));
    let events = manager.vendor("GET", "/events?limit=6", None);
    let names: Vec<&Value> =
        events["items"].as_array().unwrap().iter().map(|event| &event["name"]).collect();
    let newest = [
        "ReservationReturned",
        "ReservationUpdateConfirmed",
        "ReservationUpdated",
        "ReservationAuthorized",
        "ReservationRequested",
    ];
    assert_eq!(names[..5], newest.map(|name| json!(name)).each_ref());
}

#[test]
fn each_problem_has_a_type_that_stays() {
    let (manager, account, pool) = stocked();
    let who = manager.client("administrator", Some(account));
    let post = |path: &str, body: &Value| manager.ask(&who, "POST", path, Some(body));
    let redeem = format!("/virtual-accounts/{pool}/reservations");
    let appliance = Appliance::new("AIRGAP1");
    let good = appliance.request();
    let text = good["request"].as_str().unwrap();
    let wrong = if text.ends_with('0') { '1' } else { '0' };
    let mistyped = json!({ "request": format!("{}{wrong}", &text[..text.len() - 1]) });
    let refused = post(&redeem, &mistyped);
    assert_refused(&refused, 422, "code-mistyped");
    let place = format!("at place {}", text.len());
    assert!(refused.text().contains(&place), "{}", refused.text());
    assert_refused(&post(&redeem, &json!({ "request": "hello" })), 422, "code-not-one");
    let id = post(&redeem, &good).json()["id"].clone();
    let path = |deed: &str| format!("/reservations/{id}/{deed}");
    assert_refused(&post(&path("update"), &licenses(&[])), 409, "not-authorized");
    assert_refused(&post(&path("authorize"), &licenses(&[])), 422, "nothing-chosen");
    let many = licenses(&[("standard-seat", 11)]);
    assert_refused(&post(&path("authorize"), &many), 409, "too-few-licenses");
    let some = licenses(&[("standard-seat", 5)]);
    assert_eq!(post(&path("authorize"), &some).status, 200);
    assert_refused(&post(&path("authorize"), &some), 409, "already-authorized");
    assert_refused(&post(&path("cancel"), &json!({})), 409, "authorization-issued");
    assert_refused(&post(&path("update"), &some), 409, "update-changes-nothing");
    let more = licenses(&[("standard-seat", 6)]);
    assert_eq!(post(&path("update"), &more).status, 200);
    assert_refused(&post(&path("update"), &more), 409, "update-pending");
    assert_refused(&post(&path("confirm"), &appliance.confirmation(2)), 409, "code-never-issued");
    assert_eq!(post(&path("return"), &appliance.gives(Returned::Update(1))).status, 200);
    assert_refused(&post(&path("confirm"), &appliance.confirmation(1)), 409, "code-settled");
    let unheard = post("/reservations/99/confirm", &appliance.confirmation(1));
    assert_eq!((unheard.status, &unheard.json()["type"]), (404, &json!("about:blank")));

    // Guessing is slowed down.
    let stranger = Appliance::new("STRANGER").gives(Returned::Everything);
    let mut refused = post("/reservations/return", &stranger);
    assert_refused(&refused, 422, "code-unknown");
    for _ in 0..20 {
        refused = post("/reservations/return", &stranger);
    }
    assert_refused(&refused, 429, "too-many-unknown-codes");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=3_600).contains(&wait), "{wait}");
}

/// Whoever never saw an answer may ask again: what was done stays done, once.
#[test]
fn a_code_that_is_entered_again_is_answered_with_what_it_came_to() {
    let (manager, account, pool) = stocked();
    let who = manager.client("user", Some(account));
    let ask = |method: &str, path: &str, body: &Value| {
        let reply = manager.ask(&who, method, path, Some(body));
        assert_eq!(reply.status / 100, 2, "{method} {path}: {}", reply.text());
        reply.json()
    };
    let appliance = Appliance::new("AIRGAP1");
    let redeem = format!("/virtual-accounts/{pool}/reservations");
    let id = ask("POST", &redeem, &appliance.request())["id"].clone();
    let authorize = format!("/reservations/{id}/authorize");
    let issued = ask("POST", &authorize, &licenses(&[("standard-seat", 6)]));
    assert_eq!((&issued["installed"], &issued["rehosts_left"]), (&json!(false), &json!(5)));
    let update = format!("/reservations/{id}/update");
    let updated = ask("POST", &update, &licenses(&[("standard-seat", 4)]));
    assert_eq!((&updated["update"], &updated["pending"]), (&json!(1), &json!(1)));
    let code = appliance.confirmation(1);
    let confirmed = ask("POST", "/reservations/confirm", &code);
    assert_eq!(
        (&confirmed["installed"], &confirmed["entered_before"]),
        (&json!(true), &Value::Null)
    );
    for path in ["/reservations/confirm".into(), format!("/reservations/{id}/confirm")] {
        let mut again = ask("POST", &path, &code);
        assert_eq!(again["entered_before"], confirmed["entered_codes"][0]["entered"]);
        again["entered_before"] = Value::Null;
        assert_eq!(again, confirmed, "nothing else has changed");
    }
    let everything = appliance.gives(Returned::Everything);
    let returned = ask("POST", "/reservations/return", &everything);
    let mut again = ask("POST", "/reservations/return", &everything);
    assert!(again["entered_before"].is_string(), "{again}");
    again["entered_before"] = Value::Null;
    assert_eq!(again, returned);
    // The log says that it was, and that nothing was freed twice.
    let events = manager.vendor("GET", "/events?limit=2", None);
    let names = [0, 1].map(|n| &events["items"][n]["name"]);
    assert_eq!(names, ["CodeEnteredAgain", "ReservationReturned"]);
}

#[test]
fn what_there_is_and_what_an_update_would_change_is_looked_at_before() {
    let (manager, account, pool) = stocked();
    let [user, viewer] = ["user", "viewer"].map(|role| manager.client(role, Some(account)));
    let (other, _) = manager.account("Other");
    let stranger = manager.client("administrator", Some(other));
    let appliance = Appliance::new("AIRGAP1");
    let redeem = format!("/virtual-accounts/{pool}/reservations");
    let redeemed = manager.ask(&user, "POST", &redeem, Some(&appliance.request())).json();
    let path = |deed: &str| format!("/reservations/{}/{deed}", redeemed["id"]);
    let offers = manager.ask(&viewer, "GET", &path("offers"), None).json();
    assert_eq!(offers["next"], Value::Null);
    let names: Vec<_> =
        offers["items"].as_array().unwrap().iter().map(|offer| &offer["license"]).collect();
    assert_eq!(names, ["standard-seat", "premium-seat", "server"]);
    let seats = &offers["items"][0];
    assert_eq!((&seats["available"], &seats["purchased"]), (&json!(10), &json!(10)));
    assert_eq!(seats["terms"], json!([{ "count": 10, "until": null }]));
    assert_eq!((&seats["limits"], &offers["items"][2]["limits"]), (&json!(true), &json!(false)));

    let wanted = licenses(&[("standard-seat", 4)]);
    let preview = path("update/preview");
    let refused = manager.ask(&viewer, "POST", &preview, Some(&wanted));
    assert_refused(&refused, 409, "not-authorized");
    let issue = licenses(&[("standard-seat", 6)]);
    assert_eq!(manager.ask(&user, "POST", &path("authorize"), Some(&issue)).status, 200);
    let told = manager.ask(&viewer, "POST", &preview, Some(&wanted)).json();
    assert_eq!((&told["before"][0]["count"], &told["after"][0]["count"]), (&json!(6), &json!(4)));
    assert_eq!(told["takes_away"], true);
    let more = licenses(&[("standard-seat", 7)]);
    let told = manager.ask(&viewer, "POST", &preview, Some(&more)).json();
    assert_eq!(told["takes_away"], false);
    let twice = licenses(&[("standard-seat", 5), ("standard-seat", 4)]);
    let refused = manager.ask(&viewer, "POST", &preview, Some(&twice));
    assert_refused(&refused, 422, "license-given-twice");
    let shown = manager.ask(&viewer, "GET", &format!("/reservations/{}", redeemed["id"]), None);
    assert_eq!(shown.json()["state"], "authorized", "nothing is issued");
    assert_eq!(manager.ask(&stranger, "GET", &path("offers"), None).status, 403);
    assert_eq!(manager.ask(&stranger, "POST", &preview, Some(&more)).status, 403);
}
