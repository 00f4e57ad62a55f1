//! Codes as people give them and take them: files, standard input, JSON, QR codes.

use crate::places::{code_of, enabled, fed, issue, manager, redeem, shown, step};
use crate::qr;
use leasehold_tests::appliance::Appliance;
use serde_json::Value;
use std::fs;

const INSTALL: [&str; 4] = ["license", "smart", "reservation", "install"];

fn install(appliance: &Appliance, words: &[&str], input: &[u8]) -> Result<String, String> {
    let output = fed(appliance, &[&INSTALL, words].concat(), input);
    let text = |bytes| String::from_utf8(bytes).expect("text");
    match output.status.success() {
        true => Ok(text(output.stdout)),
        false => Err(text(output.stderr)),
    }
}

#[test]
fn codes_come_from_words_files_and_standard_input() {
    let manager = manager();
    let appliance = enabled(&manager);
    let id = redeem(&manager, &code_of(&appliance, &["request", "specific"]));
    let code = issue(&manager, id, "authorize", 1, 0);
    let file = appliance.data().join("pasted.txt");
    let path = file.to_str().expect("a path of text");

    // What is wrong with each is said, and where.
    let truncated = &code[..code.len() - 1];
    for (words, input) in [
        (vec![truncated], Vec::new()),
        (vec!["-"], truncated.into()),
        (vec![], truncated.into()),
        (vec!["--file", "-"], truncated.into()),
    ] {
        let told = install(&appliance, &words, &input).unwrap_err();
        assert!(told.contains("and should have at least"), "{words:?}: {told}");
    }
    let told = install(&appliance, &["--file", "/nowhere/code.txt"], b"").unwrap_err();
    assert!(told.contains("/nowhere/code.txt cannot be read"), "{told}");
    let told = install(&appliance, &["-"], &[0xff; 40]).unwrap_err();
    assert!(told.contains("no code of a reservation"), "{told}");
    let told = install(&appliance, &["-"], &b"LHA0".repeat(100_000)).unwrap_err();
    assert!(told.contains("longer than any code"), "{told}");
    let told = install(&appliance, &["LHA", "--file", path], b"").unwrap_err();
    assert!(told.contains("cannot be used with"), "{told}");

    // As a mail program breaks it, from a file; each update after it in another way.
    let broken = code.to_lowercase().replace('-', " \r\n> ").replace("> ", " ");
    fs::write(&file, format!("\u{feff}\u{201c}{broken}\u{201d}\r\n")).expect("a file");
    install(&appliance, &["--file", path], b"").unwrap();
    for (standard, how) in [(2, "words"), (3, "dash"), (4, "nothing")] {
        let code = issue(&manager, id, "update", standard, 0);
        let spread: Vec<&str> = code.split('-').collect();
        let told = match how {
            "words" => install(&appliance, &spread, b""),
            "dash" => install(&appliance, &["-"], code.as_bytes()),
            _ => install(&appliance, &[], format!("  {code}\n\n").as_bytes()),
        };
        let told = told.unwrap();
        assert!(told.starts_with("LHC0"), "{how}: {told}");
        let confirmation = told.lines().next().expect("a code");
        crate::places::enter(&manager, "confirm", confirmation);
    }
    assert_eq!(appliance.report()["reservation"]["lines"][0]["count"], 4);
}

#[test]
fn every_code_of_the_appliance_is_read_back_from_its_pictures() {
    let manager = manager();
    let appliance = enabled(&manager);
    let place = |name: &str| appliance.data().join(name).to_str().expect("text").to_owned();
    let [text, png, svg] = ["code.txt", "code.png", "code.svg"].map(place);
    let pictures = ["--png", &png, "--svg", &svg, "--qr"];
    let check = |code: &str, printed: &str| {
        assert_eq!(qr::read(png.as_ref()), code, "PNG");
        assert_eq!(qr::read_svg(&fs::read_to_string(&svg).expect("an image")), code, "SVG");
        assert_eq!(qr::read_terminal(printed), code, "terminal");
    };
    let request =
        step(&appliance, &[&["request", "specific", "--out", &text], &pictures[..]].concat());
    let code = request.lines().next().expect("a code");
    check(code, &request);
    assert_eq!(fs::read_to_string(&text).expect("a file"), format!("{code}\n"));
    assert!(request.contains("leasehold manager reservation redeem"), "{request}");

    let id = redeem(&manager, code);
    step(&appliance, &["install", &issue(&manager, id, "authorize", 7, 2)]);
    let update = issue(&manager, id, "update", 7, 3);
    let installed = step(&appliance, &[&["install", &update], &pictures[..]].concat());
    check(installed.lines().next().expect("a code"), &installed);
    let returned = step(&appliance, &[&["return", "--yes"], &pictures[..]].concat());
    let code = returned.lines().next().expect("a code");
    check(code, &returned);

    // And shown again, alone.
    let again = [&["show", "license", "reservation", "return-code"], &pictures[..]].concat();
    let again = appliance.succeed(&again);
    check(code, &again);
    let unwritable = ["show", "license", "reservation", "return-code", "--svg", "/nowhere/a.svg"];
    let told = appliance.fail(&unwritable);
    assert!(told.contains("/nowhere/a.svg cannot be written"), "{told}");
}

#[test]
fn programs_get_codes_as_json() {
    let manager = manager();
    let appliance = enabled(&manager);
    let json = |words: &[&str]| -> Value {
        serde_json::from_str(&appliance.succeed(words)).expect("one JSON value")
    };
    let request = ["license", "smart", "reservation", "request", "specific", "--json"];
    let made = json(&request);
    assert_eq!(made["outcome"], "stored");
    let code = made["code"].as_str().expect("a code");
    let one = ["show", "license", "reservation", "request-code", "--json"];
    assert_eq!(json(&one)["code"], code);
    let report = json(&["show", "license", "reservation", "--json"]);
    let reservation = &report["reservation"];
    assert_eq!((&reservation["enabled"], &reservation["installed"]), (&true.into(), &Value::Null));
    assert_eq!(reservation["codes"]["request"], code);
    let none = fed(&appliance, &["show", "license", "reservation", "return-code", "--json"], b"");
    assert_eq!(none.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&none.stdout).expect("JSON");
    assert_eq!(told["error"]["code"], "no-code");

    let id = redeem(&manager, code);
    step(&appliance, &["install", &issue(&manager, id, "authorize", 7, 2)]);
    let page = appliance.succeed(&["show", "license", "reservation"]);
    for line in [
        "License Reservation is ENABLED",
        "  Total Reserved Count: 9",
        "  CC Flex Standard Seat - standard-seat",
        "    Count: 7",
        "    Term: PERPETUAL",
        "  Last confirmation code: <none>",
        &format!("  Last request code: {}", shown(&appliance, "request-code")),
    ] {
        assert!(page.lines().any(|shown| shown == line), "{line:?} is not in\n{page}");
    }
}
