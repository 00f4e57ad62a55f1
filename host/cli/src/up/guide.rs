//! What is told when everything runs.

use super::directory::Place;
use leasehold_shim::report::{AuthorizationState, Report, SignedIn};
use std::env;
use std::time::Duration;

/// Where everything is, how to look at it, how to stop it.
pub(super) fn text(
    report: &Report,
    place: &Place,
    manager: &str,
    setup_link: Option<&str>,
    took: Duration,
) -> String {
    let data = place.path().display();
    let mut text = format!("{}\n\n", headline(report, took));
    let device = &report.device;
    let people = people(&device.signed_in);
    let kept = if place.is_kept() {
        "kept for the next run with the same --data"
    } else {
        "removed when this ends; --data DIR keeps it"
    };
    let (pid, sn) = (&device.product_id, &device.serial_number);
    let account = report.registration.enrolment.as_ref().map_or_else(
        || "none".to_owned(),
        |enrolment| format!("{} / {}", enrolment.smart_account, enrolment.virtual_account),
    );
    text += &format!(
        "License manager  {manager}\nAppliance        {pid} {sn}\nAccount          {account}\n\
         Signed in        {people}\nData             {data}, {kept}\n\n\
         Look at it from another terminal:\n\n"
    );
    if let Some(folder) = folder_outside_path() {
        text += &format!("  export PATH=\"{folder}:$PATH\"\n");
    }
    for command in [
        "show license status",
        "show license summary",
        "manager license summary",
        "manager instance list",
        "login eve --skills inbound-voice,chat",
        "acquire standard-seat 50",
        "license smart renew auth",
        "manager license add standard-seat 10",
    ] {
        text += &format!("  leasehold {command} --data {data}\n");
    }
    if let Some(link) = setup_link {
        text += &format!(
            "\nMake the manager's first administrator, once and within 24 hours, at\n  {link}\n"
        );
    }
    text + "\nCtrl-C stops it.\n"
}

/// By name while that is a short list.
fn people(signed_in: &[SignedIn]) -> String {
    const NAMED: usize = 6;
    match signed_in.len() {
        0 => "nobody".to_owned(),
        1..=NAMED => {
            let seats =
                signed_in.iter().map(|person| format!("{} ({})", person.name, person.feature));
            seats.collect::<Vec<_>>().join(", ")
        }
        many => format!("{many} people"),
    }
}

fn headline(report: &Report, took: Duration) -> String {
    let took = took.as_secs_f32();
    match report.authorization.state {
        AuthorizationState::Authorized => {
            format!("Ready in {took:.1} s: registered and authorized.")
        }
        AuthorizationState::NoLicensesInUse => {
            format!("Ready in {took:.1} s: registered, and nothing is in use.")
        }
        AuthorizationState::Reserved => {
            format!("Ready in {took:.1} s: licences are reserved by codes.")
        }
        _ if report.reservation.enabled => {
            format!(
                "Ready in {took:.1} s: licences come by codes; `show license reservation` says how \
                 far that is."
            )
        }
        _ => "Running, and not authorized: `show license status` says why.".to_owned(),
    }
}

/// The program's folder, when the shell does not find it by name.
fn folder_outside_path() -> Option<String> {
    let folder = env::current_exe().ok()?.parent()?.to_owned();
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).any(|known| known == folder);
    (!found).then(|| folder.display().to_string())
}
