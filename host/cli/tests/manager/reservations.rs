//! `leasehold manager reservation …`, with the codes of appliances that know nothing of the manager.

use crate::harness::{Manager, refusal};
use leasehold_core::code::{
    Anchors, AuthorizationCode, RequestCode, ReservationSecret, Returned, UPDATES_MAX,
};
use leasehold_core::crypto::SoftwareCrypto;
use leasehold_core::identity::Udi;
use leasehold_core::products::contact_center;
use serde_json::{Value, json};
use std::fs;
use std::process::Output;

/// An appliance, and the codes that it makes.
pub(crate) struct Appliance {
    serial_number: &'static str,
    number: u32,
    secret: ReservationSecret,
}

impl Appliance {
    pub(crate) fn new(serial_number: &'static str, number: u32) -> Self {
        let mut secret = [0x5a; 16];
        secret[..4].copy_from_slice(&number.to_be_bytes());
        Self { serial_number, number, secret: ReservationSecret(secret) }
    }

    fn udi(&self) -> Udi<'_> {
        Udi::new(contact_center::PRODUCT_ID, self.serial_number, None).unwrap()
    }

    fn anchors(&self) -> Anchors {
        self.secret.anchors(&SoftwareCrypto, &self.udi(), self.number)
    }

    pub(crate) fn request(&self, universal: bool) -> String {
        let code = RequestCode::new(&self.udi(), 0, universal, self.number, self.anchors());
        code.unwrap().to_text().as_str().into()
    }

    pub(crate) fn confirmation(&self, update: u8) -> String {
        let code = self.secret.confirmation(&SoftwareCrypto, &self.udi(), self.number, update);
        code.to_text().as_str().into()
    }

    pub(crate) fn gives(&self, returned: Returned) -> String {
        let code = self.secret.return_code(&SoftwareCrypto, &self.udi(), self.number, returned);
        code.to_text().as_str().into()
    }
}

/// A manager whose account owns ten standard seats for ever and four premium seats for a time.
pub(crate) fn stocked() -> Manager {
    let manager = Manager::start();
    manager.done(&["account", "create", "Example"]);
    manager.done(&["license", "add", "standard-seat", "10"]);
    manager.done(&["license", "add", "premium-seat", "4", "--term-end", "2999-12-31"]);
    manager
}

pub(crate) fn reserve<'a>(deed: &'a [&'a str]) -> Vec<&'a str> {
    [&["reservation"], deed].concat()
}

pub(crate) fn said(output: &Output) -> &str {
    str::from_utf8(&output.stderr).unwrap()
}

/// What is reserved of a licence.
fn reserved(manager: &Manager, name: &str) -> Value {
    let summary = manager.json(&["license", "summary"]);
    let lines = summary["licenses"].as_array().unwrap();
    lines.iter().find(|line| line["name"] == name).unwrap()["reserved"].clone()
}

const STANDARD: &str = "CC Flex Standard Seat";
const PREMIUM: &str = "CC Flex Premium Seat";

#[test]
fn a_reservation_lives_through_its_codes() {
    let manager = stocked();
    let appliance = Appliance::new("AIRGAP1", 4_711);
    let request = appliance.request(false);
    let redeemed = manager.done(&reserve(&["redeem", &request]));
    for fact in ["PID:LH-CC,SN:AIRGAP1", "flex", "requested", "reservation authorize 1 FEATURE="] {
        assert!(redeemed.contains(fact), "{fact}: {redeemed}");
    }
    let premium =
        redeemed.lines().find(|line| line.trim_start().starts_with("premium-seat")).unwrap();
    let counts = ["Seat", "4", "0", "0", "4", "4", "until", "2999-12-31T00:00:00Z"];
    assert!(premium.split_whitespace().skip(4).eq(counts), "{premium}");

    // The same code again is the same reservation.
    let named = ["redeem", "--account", "Example", "--virtual-account", "Default", &request];
    let again = manager.json(&reserve(&named));
    assert_eq!((&again["id"], &again["available"][0]["purchased"]), (&json!(1), &json!(10)));

    let issue = reserve(&["authorize", "AIRGAP1", "standard-seat=6", "premium-seat=2"]);
    let issued = manager.run(&issue);
    let code = str::from_utf8(&issued.stdout).unwrap();
    assert_eq!(code.lines().count(), 1, "the code alone: {code}");
    AuthorizationCode::parse(code).unwrap();
    assert!(said(&issued).contains("license smart reservation install"), "{issued:?}");
    assert_eq!((reserved(&manager, STANDARD), reserved(&manager, PREMIUM)), (json!(6), json!(2)));

    let update = manager.json(&reserve(&["update", "1", "standard-seat=2", "--yes"]));
    assert_eq!((&update["state"], &update["pending"]), (&json!("update-pending"), &json!(1)));
    assert_eq!(reserved(&manager, STANDARD), 6, "of old and new the larger");
    let shown = manager.done(&reserve(&["show", "AIRGAP1"]));
    let update_code = update["update_code"].as_str().unwrap();
    for code in [&request, code.trim_end(), update_code] {
        assert!(shown.contains(&format!("\n{code}\n")), "{code} again: {shown}");
    }
    for fact in ["2999-12-31T00:00:00Z", "never", "pending", "issued", "reservation confirm"] {
        assert!(shown.contains(fact), "{fact}: {shown}");
    }

    let confirmation = appliance.confirmation(1);
    let confirmed = manager.done(&reserve(&["confirm", &confirmation]));
    assert!(
        confirmed
            .starts_with("The update is confirmed, and what was before is free: reservation 1"),
        "{confirmed}"
    );
    assert_eq!((reserved(&manager, STANDARD), reserved(&manager, PREMIUM)), (json!(2), json!(0)));
    assert!(confirmed.contains("Next: nothing."), "{confirmed}");
    let again = manager.done(&reserve(&["confirm", &confirmation]));
    assert!(again.contains("was entered before"), "{again}");

    let file = manager.dir.path().join("return.txt");
    fs::write(&file, appliance.gives(Returned::Everything).to_lowercase() + "\r\n").unwrap();
    let file = file.to_str().unwrap();
    let returned = ["return", "--reservation", "1", "--file", file];
    let returned = manager.done(&reserve(&returned));
    assert!(returned.starts_with("Everything is returned: reservation 1"), "{returned}");
    assert!(returned.contains("No licences are set aside"), "{returned}");
    assert_eq!(reserved(&manager, STANDARD), 0);
    let shown = manager.done(&reserve(&["show", "AIRGAP1"]));
    for code in [confirmation, appliance.gives(Returned::Everything)] {
        assert!(shown.contains(&code), "{code} again: {shown}");
    }
    assert!(shown.contains("returned on 2"), "{shown}");
}

#[test]
fn an_update_goes_back_by_a_code_that_is_piped_in() {
    let manager = stocked();
    let appliance = Appliance::new("AIRGAP1", 7);
    manager.done(&reserve(&["redeem", &appliance.request(false)]));
    manager.done(&reserve(&["authorize", "1", "standard-seat=3"]));
    manager.done(&reserve(&["update", "1", "standard-seat=10"]));
    assert_eq!(reserved(&manager, STANDARD), 10);
    let spread = appliance.gives(Returned::Update(1)).replace('-', " \n");
    let returned = manager.run_with(&reserve(&["return", "-"]), &spread);
    assert!(
        returned.stdout.starts_with(
            b"The update is given back, and the first authorization stays as it was: reservation 1"
        ),
        "{returned:?}"
    );
    assert_eq!(reserved(&manager, STANDARD), 3);
    let shown = manager.json(&reserve(&["show", "1"]));
    assert_eq!((&shown["state"], &shown["generation"]), (&json!("authorized"), &json!(0)));
    assert_eq!(shown["entered_codes"].as_array().unwrap().len(), 1);
    let again = manager.run_with(&reserve(&["return", "--file", "-"]), &spread);
    let told = str::from_utf8(&again.stdout).unwrap();
    assert!(again.status.success() && told.contains("was entered before"), "{again:?}");
    assert_eq!(reserved(&manager, STANDARD), 3, "it is freed once");
    // The next update has a number of its own.
    let update = manager.json(&reserve(&["update", "1", "standard-seat=4"]));
    assert_eq!(update["pending"], 2);
}

#[test]
fn a_code_goes_into_files_as_text_and_as_pictures() {
    let manager = stocked();
    manager.done(&reserve(&["redeem", &Appliance::new("AIRGAP1", 7).request(false)]));
    let path = |name: &str| manager.dir.path().join(name).to_str().unwrap().to_owned();
    let (text, svg, png) = (path("code.txt"), path("code.svg"), path("code.png"));
    let issue = ["authorize", "1", "standard-seat=3", "--out", &text, "--svg", &svg, "--qr"];
    let said = manager.done(&reserve(&issue));
    assert!(said.contains(&text) && said.contains('█'), "{said}");
    let code = fs::read_to_string(&text).unwrap();
    let shown = manager.json(&reserve(&["show", "1", "--png", &png]));
    assert_eq!(shown["authorization_code"], code.trim_end());
    assert!(fs::read_to_string(&svg).unwrap().starts_with("<svg"));
    assert!(fs::read(&png).unwrap().starts_with(b"\x89PNG"));

    let nowhere = path("no/such/directory");
    let lost = manager.refused(&reserve(&["update", "1", "standard-seat=4", "--out", &nowhere]));
    assert!(lost.contains("reservation show 1"), "{lost}");
    assert!(lost.contains("reservation show 1 update-code"), "{lost}");
    let shown = manager.json(&reserve(&["show", "1"]));
    assert!(shown["update_code"].is_string(), "a lost code is no lost licence: {shown}");
}

#[test]
fn a_request_for_everything_takes_no_choice_and_a_request_can_be_dropped() {
    let manager = stocked();
    manager.done(&["license", "add", "contact-center/universal", "1"]);
    let all = Appliance::new("ALL", 1);
    let redeemed = manager.done(&reserve(&["redeem", &all.request(true)]));
    assert!(redeemed.contains("everything it can use"), "{redeemed}");
    assert!(redeemed.contains("`leasehold manager reservation authorize 1`"), "{redeemed}");
    let chosen = manager.refused(&reserve(&["authorize", "ALL", "standard-seat=1"]));
    assert!(chosen.contains("Leave out which licences"), "{chosen}");
    let issued = manager.json(&reserve(&["authorize", "ALL"]));
    assert_eq!(issued["licenses"][0]["count"], 1);

    manager.done(&reserve(&["redeem", &Appliance::new("NONE", 2).request(false)]));
    let unasked = manager.run(&reserve(&["cancel", "NONE"]));
    assert_eq!(unasked.status.code(), Some(2), "{unasked:?}");
    assert!(str::from_utf8(&unasked.stderr).unwrap().contains("Add --yes"), "{unasked:?}");
    let dropped = manager.done(&reserve(&["cancel", "NONE", "--yes"]));
    assert!(dropped.starts_with("The request is dropped: reservation 2"), "{dropped}");
    assert!(manager.done(&reserve(&["cancel", "NONE"])).contains("was dropped before"));
    let held = manager.refused(&reserve(&["cancel", "ALL", "--yes"]));
    assert!(held.contains("enter the return code"), "{held}");
}

#[test]
fn the_licences_of_a_dead_appliance_move_once_that_is_said() {
    let manager = stocked();
    manager.done(&reserve(&["redeem", &Appliance::new("DEAD", 1).request(false)]));
    manager.done(&reserve(&["authorize", "DEAD", "premium-seat=4"]));
    let replacement = Appliance::new("ALIVE", 9).request(false);
    let unsaid = manager.run(&reserve(&["rehost", "DEAD", &replacement]));
    assert_eq!((unsaid.status.code(), unsaid.stdout.len()), (Some(2), 0), "{unsaid:?}");
    assert!(said(&unsaid).contains("--yes"), "{unsaid:?}");
    assert_eq!(manager.json(&reserve(&["show", "DEAD"]))["state"], "authorized");

    // The natural first step at a replacement does not stand in the way.
    manager.done(&reserve(&["redeem", &replacement]));
    let moved = manager.run(&reserve(&["rehost", "dead", &replacement, "--yes"]));
    AuthorizationCode::parse(str::from_utf8(&moved.stdout).unwrap()).unwrap();
    assert!(said(&moved).contains("can rehost 4 reservations more within a year"), "{moved:?}");
    assert!(said(&moved).contains("is refused"), "{moved:?}");
    let old = manager.json(&reserve(&["show", "DEAD"]));
    assert_eq!((&old["state"], &old["rehosted_to"]), (&json!("rehosted"), &json!(2)));
    assert_eq!(manager.json(&reserve(&["show", "ALIVE"]))["licenses"][0]["count"], 4);
    assert_eq!(reserved(&manager, PREMIUM), 4);
    assert!(manager.done(&reserve(&["show", "1"])).contains("moved to reservation 2"));
}

#[test]
fn reservations_are_listed_by_place_state_and_serial_number() {
    let manager = stocked();
    assert_eq!(manager.done(&reserve(&["list"])), "There are none.\n");
    let redeem = |serial: &'static str, number| {
        let request = Appliance::new(serial, number).request(false);
        manager.done(&reserve(&["redeem", &request]));
    };
    redeem("A1", 1);
    redeem("A2", 2);
    redeem("B1", 3);
    manager.done(&reserve(&["authorize", "A2", "standard-seat=1"]));
    manager.done(&reserve(&["cancel", "B1", "--yes"]));
    let ids = |wanted: &[&str]| -> Vec<Value> {
        let listed = manager.json(&[&["reservation", "list"], wanted].concat());
        listed.as_array().unwrap().iter().map(|one| one["id"].clone()).collect()
    };
    assert_eq!(ids(&[]), [1, 2]);
    assert_eq!(ids(&["--account", "Example", "--ended"]), [1, 2, 3]);
    assert_eq!(ids(&["--state", "authorized"]), [2]);
    assert_eq!(ids(&["--state", "cancelled"]), [3]);
    assert_eq!(ids(&["--search", "A1"]), [1]);
    let table = manager.done(&reserve(&["list"]));
    assert!(table.lines().nth(1).unwrap().split_whitespace().take(7).eq([
        "1",
        "LH-CC",
        "A1",
        "1",
        "1",
        "flex",
        "requested"
    ]));

    // What ended gives way to what has not; several that ended have to be told apart.
    redeem("B1", 4);
    assert_eq!(manager.json(&reserve(&["show", "B1"]))["id"], 4);
    manager.done(&reserve(&["cancel", "B1", "--yes"]));
    let several = manager.refused(&reserve(&["show", "B1"]));
    assert!(several.contains("3, 4") && several.contains("Give the number"), "{several}");
    // A number is an id, or names the device; where it does both, nothing is done to either.
    redeem("1", 5);
    redeem("70", 60);
    let both = manager.refused(&reserve(&["show", "1"]));
    assert!(both.contains("\"PID:LH-CC,SN:A1\" or \"PID:LH-CC,SN:1\""), "{both}");
    assert_eq!(manager.json(&reserve(&["show", "PID:LH-CC,SN:A1"]))["id"], 1);
    assert_eq!(manager.json(&reserve(&["show", "PID:LH-CC,SN:1"]))["id"], 5);
    assert_eq!(manager.json(&reserve(&["show", "70"]))["id"], 6);
    assert_eq!(manager.json(&reserve(&["show", "60"]))["id"], 6, "by its request number");
    for unknown in ["71", "C"] {
        let told = manager.refused(&reserve(&["show", unknown]));
        assert!(told.contains(&format!("no reservation \"{unknown}\"")), "{told}");
    }
}

#[test]
fn a_wrong_character_is_pointed_at_and_nothing_has_changed() {
    let manager = stocked();
    let good = Appliance::new("AIRGAP1", 7).request(false);
    let wrong_at = |place: usize, wrong: char| -> String {
        good.chars().enumerate().map(|(at, c)| if at == place { wrong } else { c }).collect()
    };
    let last = good.len() - 1;
    let other = if good.ends_with('2') { '3' } else { '2' };
    for (place, wrong) in [(last, other), (last, 'U'), (8, '?')] {
        let text = manager.refused(&reserve(&["redeem", &wrong_at(place, wrong)]));
        let lines: Vec<&str> = text.lines().collect();
        let [code, caret, sentences] = lines[..] else { panic!("{text}") };
        assert!(caret.trim_start() == "^", "{text}");
        assert_eq!(code.chars().nth(caret.len() - 1), Some(wrong), "{text}");
        assert!(sentences.contains(&format!("place {}", place + 1)), "{text}");
    }
    let json = manager.run(&reserve(&["redeem", &wrong_at(last, other), "--json"]));
    let problem: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((json.status.code(), &problem["error"]["code"]), (Some(1), &json!("code-mistyped")));
    assert!(!said(&json).contains('^'), "{json:?}");
    assert_eq!(manager.done(&reserve(&["list", "--ended"])), "There are none.\n");
}

#[test]
fn what_does_not_belong_here_is_named_with_its_remedy() {
    let manager = stocked();
    let appliance = Appliance::new("AIRGAP1", 7);
    manager.done(&reserve(&["redeem", &appliance.request(false)]));
    let stranger = Appliance::new("STRANGER", 8);
    let (request, confirmation) = (appliance.request(false), appliance.confirmation(1));
    let unknown = stranger.gives(Returned::Everything);
    let never = appliance.confirmation(UPDATES_MAX);
    for (deed, sentence) in [
        (&["redeem", &confirmation][..], "a request code (LHQ) belongs here"),
        (&["redeem", "hello"], "no code of a reservation"),
        (&["confirm", &request], "a confirmation code (LHC) belongs here"),
        (&["confirm", &never], "never issued"),
        (&["return", &unknown], "belongs to no reservation"),
        (&["return", &unknown, "--reservation", "NOBODY"], "no reservation \"NOBODY\""),
        (&["return", "--file", "/no/such/file"], "/no/such/file cannot be read"),
        (&["update", "1", "standard-seat=1"], "No licences are reserved yet"),
        (&["authorize", "1"], "No licences were chosen"),
        (&["authorize", "1", "standard-seat=11"], "11 of \"CC Flex Standard Seat\" were chosen"),
        (&["authorize", "1", "ivr-port=1"], "Choose among"),
        (&["rehost", "1", &stranger.request(false), "--yes"], "No licences are reserved yet"),
        (&["redeem", &request, "--virtual", "Nowhere"], "no virtual account \"Nowhere\""),
    ] {
        let refused = manager.refused(&reserve(deed));
        assert!(refused.contains(sentence), "{deed:?}: {refused}");
    }
    for misused in [
        &["authorize", "1", "standard-seat"][..],
        &["authorize", "1", "standard-seat=-1"],
        &["authorize", "1", "=4"],
        &["redeem", &request, "--file", "also"],
        &["list", "--state", "lost"],
    ] {
        let output = manager.run(&reserve(misused));
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{output:?}");
    }
    // Nothing on standard input is no code.
    assert!(refusal(manager.run_with(&reserve(&["confirm", "-"]), "")).contains("no code"));
    assert_eq!(manager.json(&reserve(&["show", "1"]))["state"], "requested");
}
