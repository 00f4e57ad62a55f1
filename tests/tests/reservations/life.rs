//! From the request to the return, with the power going between any two steps on either side.

use crate::places::{
    authorization, code_of, enabled, enter, fed, issue, manager, redeem, set_aside, shown, step,
};
use leasehold_tests::appliance::Appliance;
use leasehold_tests::manager::Manager;
use leasehold_tests::{binary, parsers};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// SIGKILL on both sides, and both start again.
fn power_cut(manager: &mut Manager, appliance: &mut Appliance) {
    appliance.kill();
    manager.kill();
    manager.restart();
    appliance.start();
}

fn capture(appliance: &Appliance, folder: &Path, state: &str) {
    let folder = folder.join(state);
    fs::create_dir_all(&folder).expect("a folder");
    for command in ["status", "summary", "usage", "all", "udi"] {
        let text = appliance.succeed(&["show", "license", command]);
        fs::write(folder.join(format!("{command}.txt")), text).expect("a file");
    }
}

fn state(appliance: &Appliance) -> String {
    appliance.report()["registration"]["state"].as_str().expect("a state").to_owned()
}

#[test]
fn a_reservation_lives_through_power_cuts_between_all_its_steps() {
    let mut manager = manager();
    let mut appliance = enabled(&manager);
    appliance.succeed(&["login", "agent-1", "--skills", "chat"]);
    let captures = tempfile::tempdir().expect("a folder");

    let request = code_of(&appliance, &["request", "specific"]);
    power_cut(&mut manager, &mut appliance);
    assert_eq!(code_of(&appliance, &["request", "specific"]), request);
    assert_eq!(shown(&appliance, "request-code"), request);
    capture(&appliance, captures.path(), "requested");

    let id = redeem(&manager, &request);
    power_cut(&mut manager, &mut appliance);
    assert_eq!(redeem(&manager, &request), id, "the same reservation");
    let first = issue(&manager, id, "authorize", 7, 2);
    power_cut(&mut manager, &mut appliance);
    assert_eq!(authorization(&manager, id), first);
    assert_eq!(set_aside(&manager), [7, 2]);

    let installed = step(&appliance, &["install", &first]);
    assert!(
        installed.contains("7 CC Flex Standard Seat for ever, 2 CC Flex Premium Seat for ever"),
        "{installed}"
    );
    power_cut(&mut manager, &mut appliance);
    assert_eq!(state(&appliance), "Reserved");
    assert_eq!(appliance.report()["authorization"]["state"], "Reserved");
    capture(&appliance, captures.path(), "reserved");
    let denied = appliance.fail(&["acquire", "standard-seat", "9"]);
    assert!(denied.contains("what is reserved for this appliance"), "{denied}");

    // Fewer standard seats: the old ones stay set aside until the confirmation (SPEC S2).
    let update = issue(&manager, id, "update", 5, 2);
    assert_eq!(set_aside(&manager), [7, 2]);
    let refused = appliance.fail(&["license", "smart", "reservation", "install", &update]);
    assert!(refused.contains("5 CC Flex Standard Seat instead of 7"), "{refused}");
    assert!(refused.contains("--yes"), "{refused}");
    let confirmation = code_of(&appliance, &["install", "--yes", &update]);
    power_cut(&mut manager, &mut appliance);
    assert_eq!(shown(&appliance, "confirmation-code"), confirmation);
    enter(&manager, "confirm", &confirmation);
    power_cut(&mut manager, &mut appliance);
    assert_eq!(set_aside(&manager), [5, 2]);

    // An update that was never installed (SPEC S3).
    let unwanted = issue(&manager, id, "update", 9, 2);
    let declined = code_of(&appliance, &["return", "authorization", "--yes", &unwanted]);
    power_cut(&mut manager, &mut appliance);
    let never = appliance.fail(&["license", "smart", "reservation", "install", &unwanted]);
    assert!(never.contains("Update 2 was returned") && never.contains(&declined), "{never}");
    enter(&manager, "return", &declined);
    assert_eq!(set_aside(&manager), [5, 2]);

    let returned = code_of(&appliance, &["return", "--yes"]);
    power_cut(&mut manager, &mut appliance);
    assert_eq!(shown(&appliance, "return-code"), returned);
    assert_eq!(set_aside(&manager), [5, 2], "until the code is entered");
    enter(&manager, "return", &returned);
    power_cut(&mut manager, &mut appliance);
    assert_eq!(set_aside(&manager), [0, 0]);
    assert_eq!(state(&appliance), "Unregistered");
    let again = binary::succeed(manager.data(), &["manager", "reservation", "return", &returned]);
    assert!(again.contains("was entered before"), "{again}");
    assert_eq!(set_aside(&manager), [0, 0]);
    let spent = appliance.fail(&["license", "smart", "reservation", "install", &first]);
    assert!(spent.contains("nothing to install"), "{spent}");

    let read = parsers::parse(captures.path());
    let all = &read["reserved"]["all"]["ntc"][0];
    assert_eq!(all["registration_status"], "REGISTERED - SPECIFIC LICENSE RESERVATION");
    assert_eq!(all["auth_status"], "AUTHORIZED - RESERVED");
    assert_eq!(all["license_reservation"], "ENABLED");
    assert_eq!(read["requested"]["all"]["ntc"][0]["auth_status"], "EVAL MODE");
    assert_eq!(read["reserved"]["status"]["ntc"][0]["license_auth"], "AUTHORIZED - RESERVED");
}

/// SPEC S5: where the platform has no counter, a backup brings a returned reservation back on the device,
/// and the next code shows it: the manager frees nothing twice.
#[test]
fn a_backup_without_a_counter_is_found_by_the_next_code() {
    let manager = manager();
    let mut appliance = enabled(&manager);
    let id = redeem(&manager, &code_of(&appliance, &["request", "specific"]));
    step(&appliance, &["install", &issue(&manager, id, "authorize", 7, 2)]);
    let status = appliance.succeed(&["show", "license", "status"]);
    assert!(status.contains("  Rollback protection: NONE\n"), "{status}");
    appliance.stop();
    let names = ["identity.0", "identity.1", "ledger.0", "ledger.1"];
    let backup = names.map(|name| fs::read(appliance.data().join(name)).ok());

    appliance.start();
    let returned = code_of(&appliance, &["return", "--yes"]);
    enter(&manager, "return", &returned);
    appliance.stop();
    for (name, bytes) in names.iter().zip(backup) {
        let path = appliance.data().join(name);
        match bytes {
            Some(bytes) => fs::write(path, bytes).expect("it is put back"),
            None => fs::remove_file(path).unwrap_or_default(),
        }
    }
    appliance.start();
    assert_eq!(state(&appliance), "Reserved");
    assert_eq!(code_of(&appliance, &["return", "--yes"]), returned);
    let told = binary::succeed(manager.data(), &["manager", "reservation", "return", &returned]);
    assert!(told.contains("was entered before"), "{told}");
    assert_eq!(set_aside(&manager), [0, 0]);
}

/// The steps that cannot be undone are not taken where nobody can say that they are wanted.
#[test]
fn what_destroys_asks_first() {
    let manager = manager();
    let appliance = enabled(&manager);
    let words = |words: &[&'static str]| [&["license", "smart", "reservation"], words].concat();
    let unasked = |one: &[&'static str], input: &str| {
        let output = fed(&appliance, &words(one), input.as_bytes());
        let told = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(2), "{one:?}: {told}");
        assert!(told.contains("Add --yes") && output.stdout.is_empty(), "{told}");
    };
    let request = code_of(&appliance, &["request", "specific"]);
    unasked(&["cancel"], "yes\n");
    assert_eq!(code_of(&appliance, &["request", "specific"]), request);
    let id = redeem(&manager, &request);
    let code = issue(&manager, id, "authorize", 7, 2);
    unasked(&["return", "authorization"], &code);
    step(&appliance, &["install", &code]);
    unasked(&["return"], "yes\n");
    assert_eq!(state(&appliance), "Reserved");
}

/// The same on a terminal, where somebody answers: `script` of util-linux gives each command one.
#[test]
fn somebody_at_a_terminal_is_asked() {
    let manager = manager();
    let appliance = enabled(&manager);
    let answered = |words: &str, answer: &str| {
        let command =
            format!("{} license smart reservation {words}", binary::leasehold().display());
        let mut child = Command::new("script")
            .args(["--quiet", "--return", "--command", &command, "/dev/null"])
            .env("LEASEHOLD_DATA", appliance.data())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("script runs: install util-linux");
        // Held until the end: an end of input would be an answer.
        let mut input = child.stdin.take().expect("a pipe");
        input.write_all(format!("{answer}\n").as_bytes()).expect("an answer");
        let output = child.wait_with_output().expect("it ends");
        drop(input);
        assert!(output.status.success(), "{words}: {output:?}");
        String::from_utf8(output.stdout).expect("text").replace('\r', "")
    };
    let request = code_of(&appliance, &["request", "specific"]);
    let told = answered("cancel", "no");
    assert!(told.contains("Cancel? [yes/no]: ") && told.contains("Nothing was changed."), "{told}");
    let id = redeem(&manager, &request);
    // Typed line by line, an empty one last.
    let code = issue(&manager, id, "authorize", 7, 2);
    let (first, second) = code.split_at(code.len() / 2);
    let told = answered("install", &format!("{first}\n{second}\n"));
    assert!(told.contains("an empty line after it:"), "{told}");
    assert!(
        told.contains("7 CC Flex Standard Seat for ever, 2 CC Flex Premium Seat for ever"),
        "{told}"
    );
    let update = issue(&manager, id, "update", 5, 2);
    let told = answered(&format!("install {update}"), "no");
    assert!(
        told.contains("5 CC Flex Standard Seat instead of 7. Install it? [yes/no]: "),
        "{told}"
    );
    assert!(told.contains("Nothing was changed."), "{told}");
    assert_eq!(appliance.report()["reservation"]["installed"]["generation"], 0);
    let told = answered(&format!("install {update}"), "yes");
    assert!(told.contains("The update is installed."), "{told}");
    assert_eq!(appliance.report()["reservation"]["installed"]["generation"], 1);
    // Black on white, whatever the colours of the terminal are.
    let told = answered("return --qr", "y");
    assert!(told.contains("Return? [yes/no]: ") && told.contains("\u{1b}[30;107m"), "{told}");
    assert_eq!(state(&appliance), "Unregistered");
}

/// SPEC S1: everything that the product can use, where the account owns a licence for that.
#[test]
fn everything_is_reserved_by_one_licence() {
    let manager = manager();
    let appliance = enabled(&manager);
    let id = redeem(&manager, &code_of(&appliance, &["request", "universal"]));
    manager.deposit("contact-center/universal", 1);
    manager.post(&format!("reservations/{id}/authorize"), &serde_json::json!({}));
    let installed = step(&appliance, &["install", &authorization(&manager, id)]);
    assert!(installed.contains("reserved: everything"), "{installed}");
    appliance.succeed(&["acquire", "standard-seat", "500"]);
    let report = appliance.report();
    assert_eq!(report["authorization"]["state"], "Reserved");
    assert_eq!(report["reservation"]["request"]["universal"], true);
    let status = appliance.succeed(&["show", "license", "status"]);
    assert!(status.contains("  Status: REGISTERED - UNIVERSAL LICENSE RESERVATION\n"), "{status}");
    enter(&manager, "return", &code_of(&appliance, &["return", "--yes"]));
    assert_eq!(state(&appliance), "Unregistered");
}
