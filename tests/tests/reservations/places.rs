//! An appliance without a network, and the manager whose administrator takes its codes.

use leasehold_tests::appliance::Appliance;
use leasehold_tests::binary;
use leasehold_tests::manager::Manager;
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Output, Stdio};

/// What an administrator does on the appliance, after `license smart reservation`: the code that it
/// prints, and then what it says of it.
pub(crate) fn step(appliance: &Appliance, words: &[&str]) -> String {
    let words = [&["license", "smart", "reservation"], words].concat();
    let Output { status, stdout, stderr } = binary::run(appliance.data(), &words);
    let [printed, said] = [stdout, stderr].map(|text| String::from_utf8(text).expect("text"));
    assert!(status.success(), "{words:?}: {printed}{said}");
    assert!(printed.is_empty() || printed.starts_with("LH"), "data alone: {printed}");
    printed + &said
}

/// A step that makes a code: the first line of what is printed.
pub(crate) fn code_of(appliance: &Appliance, words: &[&str]) -> String {
    step(appliance, words).lines().next().expect("a line").to_owned()
}

pub(crate) fn shown(appliance: &Appliance, code: &str) -> String {
    appliance.succeed(&["show", "license", "reservation", code]).trim_end().to_owned()
}

/// Runs a command of the appliance with `input` on its standard input.
pub(crate) fn fed(appliance: &Appliance, words: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(binary::leasehold())
        .args(words)
        .env("LEASEHOLD_DATA", appliance.data())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("leasehold starts");
    // A command that does not read its input may have ended before.
    let _ = child.stdin.take().expect("a pipe").write_all(input);
    child.wait_with_output().expect("it ends")
}

/// A manager with 10 standard and 4 premium seats.
pub(crate) fn manager() -> Manager {
    let manager = Manager::start("");
    for (feature, quantity) in [("standard-seat", 10), ("premium-seat", 4), ("server", 1)] {
        manager.deposit(feature, quantity);
    }
    manager
}

/// An appliance that was started and gets its licences by codes.
pub(crate) fn enabled(manager: &Manager) -> Appliance {
    let mut appliance = Appliance::new(manager, "A1B2C3", None);
    appliance.start();
    step(&appliance, &["enable"]);
    appliance
}

/// Redeems a request code; gives the reservation's id.
pub(crate) fn redeem(manager: &Manager, request: &str) -> i64 {
    let path = format!("virtual-accounts/{}/reservations", manager.virtual_account);
    manager.post(&path, &json!({ "request": request }))["id"].as_i64().expect("an id")
}

/// Sets seats aside, anew (`authorize`) or in place of others (`update`); gives the authorization code.
pub(crate) fn issue(manager: &Manager, id: i64, how: &str, standard: u32, premium: u32) -> String {
    let licenses = json!([
        { "license": "standard-seat", "count": standard },
        { "license": "premium-seat", "count": premium },
    ]);
    manager.post(&format!("reservations/{id}/{how}"), &json!({ "licenses": licenses }));
    authorization(manager, id)
}

/// The newest authorization code.
pub(crate) fn authorization(manager: &Manager, id: i64) -> String {
    let detail = manager.get(&format!("reservations/{id}"));
    let code = |field: &str| detail[field].as_str().map(str::to_owned);
    code("update_code").or_else(|| code("authorization_code")).expect("a code")
}

/// Enters a code of the appliance: `confirm` or `return`.
pub(crate) fn enter(manager: &Manager, how: &str, code: &str) -> Value {
    manager.post(&format!("reservations/{how}"), &json!({ "code": code }))
}

/// How many of both seats are set aside.
pub(crate) fn set_aside(manager: &Manager) -> [u64; 2] {
    ["CC Flex Standard Seat", "CC Flex Premium Seat"]
        .map(|name| manager.pool(name)["reserved"].as_u64().expect("a count"))
}
