//! The parsers read what they should, and refuse what they should: otherwise that they read
//! Leasehold's outputs would mean nothing.

use leasehold_tests::parsers::{parse, try_parse};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("parsers/samples")
}

/// A copy of the sample of one state, to be spoilt.
fn copy_of(state: &str) -> TempDir {
    let copy = TempDir::new().unwrap();
    let folder = copy.path().join(state);
    fs::create_dir(&folder).unwrap();
    for file in fs::read_dir(samples().join(state)).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), folder.join(file.file_name())).unwrap();
    }
    copy
}

#[test]
fn samples_are_read() {
    let read = parse(&samples());
    let all = &read["registered"]["all"]["ntc"][0];
    assert_eq!(all["registration_status"], "REGISTERED");
    assert_eq!(all["auth_date"], "Mar 01 08:00:05 2026 UTC");
    assert_eq!(all["auth_deadline"], "May 30 07:55:05 2026 UTC");
    let status = &read["registered"]["status"];
    assert_eq!(status["ntc"][0]["license_auth"], "AUTHORIZED");
    assert_eq!(status["genie"]["account_information"]["virtual_account"], "Reception");
    let usage = &read["registered"]["summary"]["genie"]["license_usage"];
    assert_eq!(usage["regid.2026-01.org.example.PREMIUM,1.0"]["count"], "9");
    assert_eq!(read["registered"]["udi"]["genie"]["udi_details"]["sn"], "A1B2C3");

    let all = &read["evaluation"]["all"]["ntc"][0];
    assert_eq!(all["auth_status"], "EVAL MODE");
    assert_eq!(all["eval_remaining"], "71 days, 22 hours, 1 minutes, 59 seconds");
}

#[test]
fn a_line_that_a_parser_does_not_know_is_refused() {
    let copy = copy_of("registered");
    let file = copy.path().join("registered/all.txt");
    let text = fs::read_to_string(&file).unwrap();
    let spoilt = text.replace("  Type: Smart\n", "  Type: Smart\n  URL: https://example.org\n");
    assert_ne!(spoilt, text);
    fs::write(file, spoilt).unwrap();
    let error = format!("{:#}", try_parse(copy.path()).unwrap_err());
    assert!(error.contains("registered/all.txt: ntc: "), "{error}");
}

#[test]
fn an_output_without_anything_to_read_is_refused() {
    let copy = copy_of("evaluation");
    fs::write(copy.path().join("evaluation/udi.txt"), "\n").unwrap();
    let error = format!("{:#}", try_parse(copy.path()).unwrap_err());
    assert!(error.contains("evaluation/udi.txt: genie: "), "{error}");
}

#[test]
fn a_missing_output_is_named() {
    let copy = copy_of("evaluation");
    fs::remove_file(copy.path().join("evaluation/usage.txt")).unwrap();
    let error = format!("{:#}", try_parse(copy.path()).unwrap_err());
    assert!(error.contains("evaluation/usage.txt"), "{error}");
}
