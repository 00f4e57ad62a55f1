//! Who may use which part of the API.

use crate::device;
use crate::harness::Manager;
use crate::reservations::{Appliance, licenses};
use leasehold_core::code::Returned;
use serde_json::{Value, json};

/// Every endpoint: method, path, body, and the lowest role that may use it.
fn endpoints(at: &Known) -> Vec<(&'static str, String, Option<Value>, &'static str)> {
    let Known { account, pool, spare, token, line, instance, user, client, reservations } = at;
    let name = |name: &str| Some(json!({ "name": name }));
    let in_pool = format!("?virtual_account={pool}");
    let mut all = vec![
        ("GET", "/status".into(), None, "viewer"),
        ("GET", "/events".into(), None, "viewer"),
        ("GET", format!("/events?instance={instance}"), None, "viewer"),
        ("GET", "/events/verify".into(), None, "viewer"),
        ("GET", "/accounts".into(), None, "viewer"),
        ("GET", format!("/accounts/{account}"), None, "viewer"),
        ("PATCH", format!("/accounts/{account}"), name("Renamed"), "administrator"),
        ("POST", "/accounts".into(), name("Another"), "administrator"),
        ("GET", format!("/virtual-accounts?account={account}"), None, "viewer"),
        ("GET", format!("/virtual-accounts/{pool}"), None, "viewer"),
        ("GET", format!("/virtual-accounts/{pool}/summary"), None, "viewer"),
        (
            "POST",
            "/virtual-accounts".into(),
            Some(json!({ "account": account, "name": "Third" })),
            "administrator",
        ),
        ("PATCH", format!("/virtual-accounts/{spare}"), name("Spare 2"), "administrator"),
        ("GET", format!("/tokens{in_pool}"), None, "viewer"),
        ("POST", "/tokens".into(), Some(json!({ "virtual_account": pool, "days": 1 })), "user"),
        ("GET", format!("/tokens/{token}/text"), None, "user"),
        ("POST", format!("/tokens/{token}/revoke"), None, "user"),
        ("GET", format!("/licenses{in_pool}"), None, "viewer"),
        (
            "POST",
            "/licenses".into(),
            Some(json!({ "virtual_account": pool, "license": "server", "quantity": 1 })),
            "vendor",
        ),
        ("POST", format!("/licenses/{line}/end"), None, "vendor"),
        ("GET", format!("/instances{in_pool}"), None, "viewer"),
        ("GET", format!("/instances/{instance}"), None, "viewer"),
        ("GET", format!("/instances/{instance}/history"), None, "viewer"),
        (
            "POST",
            format!("/instances/{instance}/transfer"),
            Some(json!({ "virtual_account": spare })),
            "administrator",
        ),
        ("DELETE", format!("/instances/{instance}"), None, "user"),
        ("GET", "/users".into(), None, "administrator"),
        (
            "POST",
            "/users".into(),
            Some(json!({
                "name": "new", "role": "viewer", "password": "correct horse battery",
                "account": account, "virtual_account": pool,
            })),
            "administrator",
        ),
        (
            "PUT",
            format!("/users/{user}/password"),
            Some(json!({ "password": "another horse battery" })),
            "administrator",
        ),
        ("DELETE", format!("/users/{user}"), None, "administrator"),
        ("GET", "/clients".into(), None, "administrator"),
        (
            "POST",
            "/clients".into(),
            Some(json!({ "name": "new", "role": "viewer", "account": account })),
            "administrator",
        ),
        ("DELETE", format!("/clients/{client}"), None, "administrator"),
        ("DELETE", format!("/virtual-accounts/{spare}"), None, "administrator"),
    ];
    all.extend(reservations_of(*pool, reservations));
    all
}

/// Those of reservations: the life of the first, the end of the second.
fn reservations_of(
    pool: i64,
    [first, second]: &[i64; 2],
) -> Vec<(&'static str, String, Option<Value>, &'static str)> {
    let (device, spare) = (Appliance::new("AIRGAP1"), Appliance::new("AIRGAP3"));
    let of_first = |deed: &str| format!("/reservations/{first}/{deed}");
    let seats = |count| Some(licenses(&[("standard-seat", count)]));
    let update = |count| ("POST", of_first("update"), seats(count), "user");
    let in_pool = format!("/virtual-accounts/{pool}/reservations");
    let declined = device.gives(Returned::Update(3));
    let returned = spare.gives(Returned::Everything);
    vec![
        ("GET", "/reservations".into(), None, "viewer"),
        ("GET", in_pool.clone(), None, "viewer"),
        ("GET", format!("/reservations/{first}"), None, "viewer"),
        ("POST", in_pool, Some(Appliance::new("AIRGAP4").request()), "user"),
        ("POST", of_first("authorize"), seats(3), "user"),
        update(2),
        ("POST", of_first("confirm"), Some(device.confirmation(1)), "user"),
        update(3),
        ("POST", "/reservations/confirm".into(), Some(device.confirmation(2)), "user"),
        update(1),
        ("POST", of_first("return"), Some(declined), "user"),
        ("POST", of_first("rehost"), Some(spare.request()), "administrator"),
        ("POST", "/reservations/return".into(), Some(returned), "user"),
        ("POST", format!("/reservations/{second}/cancel"), None, "user"),
    ]
}

struct Known {
    account: i64,
    pool: i64,
    spare: i64,
    token: i64,
    line: i64,
    instance: i64,
    user: i64,
    client: i64,
    reservations: [i64; 2],
}

fn id(made: &Value) -> i64 {
    made["id"].as_i64().unwrap()
}

/// An account with one of everything, and the manager it is on.
fn furnished() -> (Manager, Known) {
    let manager = Manager::start();
    let (account, pool) = manager.account("Example");
    let post = |path: &str, body: Value| id(&manager.vendor("POST", path, Some(&body)));
    let spare = post("/virtual-accounts", json!({ "account": account, "name": "Spare" }));
    let instance = device::register(&manager, pool);
    device::report(&manager, instance, 2, 1);
    let instances = manager.vendor("GET", "/instances", None);
    let seats = json!({ "virtual_account": pool, "license": "standard-seat", "quantity": 5 });
    post("/licenses", seats);
    let redeem = format!("/virtual-accounts/{pool}/reservations");
    let redeemed =
        ["AIRGAP1", "AIRGAP2"].map(|device| post(&redeem, Appliance::new(device).request()));
    let known = Known {
        account,
        pool,
        spare,
        token: post("/tokens", json!({ "virtual_account": pool, "days": 1 })),
        line: post(
            "/licenses",
            json!({ "virtual_account": pool, "license": "premium-seat", "quantity": 1 }),
        ),
        instance: id(&instances["items"][0]),
        user: post(
            "/users",
            json!({ "name": "old", "role": "viewer", "password": "correct horse battery" }),
        ),
        client: post("/clients", json!({ "name": "old", "role": "viewer" })),
        reservations: redeemed,
    };
    (manager, known)
}

const ROLES: [&str; 4] = ["viewer", "user", "administrator", "vendor"];

#[test]
fn each_endpoint_is_open_to_its_role_and_higher_ones_and_to_nobody_else() {
    let (manager, known) = furnished();
    let clients = ROLES.map(|role| manager.client(role, None));
    let rank = |role: &str| ROLES.iter().position(|known| *known == role).unwrap();
    let mut wrong = Vec::new();
    for (method, path, body, lowest) in endpoints(&known) {
        for stranger in ["", "Bearer LHC00", "Bearer", "Basic Og==", "Digest x"] {
            let status = manager.ask(stranger, method, &path, body.as_ref()).status;
            // Ten wrong sign-ins make an address wait.
            if status != 401 && status != 429 {
                wrong.push(format!("{method} {path} as {stranger:?}: {status}"));
            }
        }
        for role in &ROLES[..rank(lowest)] {
            let status = manager.ask(&clients[rank(role)], method, &path, body.as_ref()).status;
            if status != 403 {
                wrong.push(format!("{method} {path} as {role}: {status}"));
            }
        }
        let reply = manager.ask(&clients[rank(lowest)], method, &path, body.as_ref());
        if !(200..300).contains(&reply.status) {
            wrong.push(format!("{method} {path} as {lowest}: {} {}", reply.status, reply.text()));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn whoever_works_in_one_account_sees_and_changes_nothing_of_another() {
    let (manager, known) = furnished();
    let (other, other_pool) = manager.account("Other");
    let insider = manager.client("administrator", Some(other));
    let mut wrong = Vec::new();
    for (method, path, body, lowest) in endpoints(&known) {
        let reply = manager.ask(&insider, method, &path, body.as_ref());
        let shown = match path.as_str() {
            "/status" => continue,
            // Lists without a filter are those of the own account.
            "/accounts" if method == "GET" => json!([other]),
            "/users" if method == "GET" => json!([]),
            "/clients" if method == "GET" => json!([other]),
            "/reservations" if method == "GET" => json!([]),
            // A code of another account is as one of none.
            "/reservations/confirm" | "/reservations/return" if reply.status == 422 => continue,
            "/events" => json!([other]),
            _ if path.starts_with("/events?instance") => json!([]),
            _ if reply.status == 403 => continue,
            _ => {
                wrong.push(format!("{method} {path} ({lowest}): {}", reply.status));
                continue;
            }
        };
        let place = if path == "/accounts" { "id" } else { "account" };
        let items = reply.json()["items"].as_array().unwrap().clone();
        let mut places: Vec<_> = items.iter().map(|item| item[place].clone()).collect();
        places.dedup();
        if Value::from(places.clone()) != shown {
            wrong.push(format!("{method} {path}: {places:?}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    // The own account is open.
    let token = json!({ "virtual_account": other_pool, "days": 1 });
    assert_eq!(manager.ask(&insider, "POST", "/tokens", Some(&token)).status, 201);
    let own = manager.ask(&insider, "GET", "/tokens", None).json();
    assert_eq!(own["items"].as_array().unwrap().len(), 1);
}

#[test]
fn nobody_makes_someone_mightier() {
    let (manager, known) = furnished();
    let administrator = manager.client("administrator", None);
    let insider = manager.client("administrator", Some(known.account));
    let vendor = json!({ "name": "v", "role": "vendor" });
    let everywhere = json!({ "name": "e", "role": "viewer" });
    let make = |who: &str, new: &Value| manager.ask(who, "POST", "/clients", Some(new)).status;
    assert_eq!(make(&administrator, &vendor), 403);
    assert_eq!(make(&insider, &vendor), 403);
    assert_eq!(make(&insider, &everywhere), 403);
    assert_eq!(make(&administrator, &everywhere), 201);
    // A client with the name of a user is not that user.
    let vendor_user = json!({
        "name": "boss", "role": "vendor", "password": "correct horse battery",
    });
    let boss = id(&manager.vendor("POST", "/users", Some(&vendor_user)));
    let namesake = json!({ "name": "boss", "role": "administrator" });
    let made = manager.ask(&administrator, "POST", "/clients", Some(&namesake)).json();
    let namesake = format!("Bearer {}", made["secret"].as_str().unwrap());
    let password = json!({ "password": "mine from now on" });
    let path = format!("/users/{boss}/password");
    assert_eq!(manager.ask(&namesake, "PUT", &path, Some(&password)).status, 403);
}
