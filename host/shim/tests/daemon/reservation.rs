//! Licences that travel as codes, through a whole daemon (SPEC section 6).

use crate::harness::{Appliance, PATIENCE, config, directory, token};
use crate::issuer::{Issuer, MONTH};
use crate::manager::{Manager, TODAY};
use leasehold_core::code::{ConfirmationCode, RequestCode, ReturnCode, Returned};
use leasehold_core::crypto::SoftwareCrypto;
use leasehold_core::time::Duration;
use leasehold_shim::problem::Problem;
use leasehold_shim::protocol::{Outcome, ReservationStep};
use leasehold_shim::report::{AuthorizationState, Enforcement, Report};

impl Appliance {
    pub(crate) fn step(&mut self, step: ReservationStep) -> Result<Option<String>, Problem> {
        match self.client.reservation(step, PATIENCE)? {
            Outcome::Stored { code, .. } => Ok(code),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn enable(&mut self) {
        assert_eq!(self.step(ReservationStep::Enable), Ok(None));
    }

    pub(crate) fn request(&mut self) -> String {
        self.step(ReservationStep::Request { universal: false }).unwrap().unwrap()
    }

    pub(crate) fn install(&mut self, code: &str) -> Result<Option<String>, Problem> {
        self.step(ReservationStep::Install { code: code.into(), accept_fewer: false })
    }

    /// One with so many standard seats and, for a month, premium seats.
    pub(crate) fn reserved(data: &std::path::Path, standard: u32, premium: u32) -> (Self, Issuer) {
        let mut appliance = Self::start(data);
        appliance.enable();
        let issuer = Issuer::of(&appliance.request());
        let code = issuer.authorize(0, &[(0, standard, None), (1, premium, Some(MONTH))]);
        assert_eq!(appliance.install(&code), Ok(None));
        (appliance, issuer)
    }
}

fn counts(report: &Report) -> Vec<(&str, u32, bool)> {
    let lines = report.reservation.lines.iter();
    lines.map(|line| (line.feature.as_str(), line.count, line.perpetual)).collect()
}

/// A name for what must not change when something is refused.
fn facts(report: &Report) -> String {
    format!("{:?} {:?} {:?}", report.registration, report.reservation, report.authorization)
}

#[test]
fn an_appliance_is_reserved_limited_restarted_and_returned() {
    let dir = directory();
    let (mut appliance, issuer) = Appliance::reserved(dir.path(), 7, 2);
    let report = appliance.status();
    assert_eq!(report.registration.state, "Reserved");
    assert_eq!(report.authorization.state, AuthorizationState::Reserved);
    assert_eq!(counts(&report), [("standard-seat", 7, true), ("premium-seat", 2, false)]);
    let line = &report.reservation.lines[1];
    assert_eq!(line.ends, Some(TODAY.saturating_add(MONTH).as_secs()));
    assert_eq!(report.reservation.request.as_ref().unwrap().number, issuer.request.number);
    let installed = report.reservation.installed.as_ref().unwrap();
    assert_eq!((installed.generation, installed.at), (0, Some(TODAY.as_secs())));
    assert!(!report.reservation.rollback_protection);

    // SPEC C5, C6
    appliance.client.acquire("standard-seat", 9).unwrap();
    let denied = appliance.client.acquire("standard-seat", 1).unwrap_err();
    assert!(denied.code == "denied" && denied.cause.contains("limited to 9"), "{denied}");
    assert!(denied.cause.contains("what is reserved for this appliance"), "{denied}");

    let mut appliance = appliance.restart();
    let report = appliance.status();
    assert_eq!(counts(&report), [("standard-seat", 7, true), ("premium-seat", 2, false)]);
    assert_eq!(report.authorization.state, AuthorizationState::Reserved);
    assert_eq!(report.reservation.lines[0].in_use, 9);
    let shown = report.reservation.codes.request.unwrap();
    assert_eq!(RequestCode::parse(&shown).unwrap(), issuer.request);

    // SPEC S3, S5
    let code = appliance.step(ReservationStep::Return).unwrap().unwrap();
    let returned = ReturnCode::parse(&code).unwrap();
    assert_eq!(returned.returned, Returned::Everything);
    assert_eq!(returned.anchor(&SoftwareCrypto), issuer.request.anchors.confirmed);
    let mut appliance = appliance.restart();
    let report = appliance.status();
    assert_eq!(report.registration.unregistered.unwrap().reason, "ReservationReturned");
    assert_eq!(report.reservation.codes.returned, Some(code));
    assert_eq!((report.reservation.request, report.reservation.lines), (None, Vec::new()));
    assert!(report.evaluation.counting, "what is in use stays counted");
    let names = appliance.event_names();
    for name in ["ReservationRequested", "ReservationInstalled", "ReservationReturned"] {
        assert_eq!(names.iter().filter(|told| *told == name).count(), 1, "{name}: {names:?}");
    }
    assert_eq!(appliance.manager.registrations(), 0, "nobody was asked");
}

#[test]
fn the_same_request_again_shows_the_same_code() {
    let dir = directory();
    let mut appliance = Appliance::start(dir.path());
    appliance.enable();
    let code = appliance.request();
    assert_eq!(appliance.request(), code);
    let mut appliance = appliance.restart();
    assert_eq!(appliance.request(), code);
    let other = appliance.step(ReservationStep::Request { universal: true }).unwrap_err();
    assert_eq!(other.code, "reservation-held");
    let back = appliance.step(ReservationStep::Cancel).unwrap().unwrap();
    assert_eq!(ReturnCode::parse(&back).unwrap().returned, Returned::Everything);
    assert_ne!(appliance.request(), code, "the number of a request is never used again");
}

#[test]
fn a_code_pasted_badly_is_taken_or_refused_with_the_place() {
    let dir = directory();
    let mut appliance = Appliance::start(dir.path());
    appliance.enable();
    let issuer = Issuer::of(&appliance.request());
    let code = issuer.authorize(0, &[(0, 7, None)]);
    let before = facts(&appliance.status());

    let refused = |appliance: &mut Appliance, text: &str| appliance.install(text).unwrap_err();
    let place = 20;
    let wrong = if code.as_bytes()[place] == b'7' { "8" } else { "7" };
    let mistyped = format!("{}{wrong}{}", &code[..place], &code[place + 1..]);
    let problem = refused(&mut appliance, &mistyped);
    let group = code[..place].rfind('-').map_or(0, |dash| dash + 1);
    let group = mistyped[group..].split('-').next().unwrap().to_owned();
    let expected = format!(
        "The code was mistyped: wrong is character {}, the {wrong} in the group {group}.",
        place + 1
    );
    assert_eq!((problem.code.as_str(), problem.cause), ("code-mistyped", expected));
    for (text, code) in [
        (&code[..code.len() - 8], "code-length"),
        (&format!("{code}AB"), "code-length"),
        (&issuer.request.to_text(), "code-wrong-kind"),
        ("", "code-not-one"),
        ("Dear administrator,", "code-not-one"),
        (&"LHA".repeat(2_000), "code-too-long"),
        (&code.replace('-', "!"), "code-bad-character"),
    ] {
        assert_eq!(refused(&mut appliance, text).code, code, "{text}");
    }
    let mut other = Issuer::of(&issuer.request.to_text());
    other.request.serial_number = "CC-0002".try_into().unwrap();
    let foreign = refused(&mut appliance, &other.authorize(0, &[(0, 7, None)]));
    assert_eq!(foreign.code, "authorization-other-device");
    let mut other = Issuer::of(&issuer.request.to_text());
    other.request.number += 1;
    let answered = refused(&mut appliance, &other.authorize(0, &[(0, 7, None)]));
    assert_eq!(answered.code, "authorization-other-request");
    assert_eq!(facts(&appliance.status()), before, "nothing has changed");

    let pasted = format!("\u{201c}{}\u{201d}\r\n", code.to_lowercase().replace('-', " \n\t"));
    assert_eq!(appliance.install(&pasted), Ok(None));
    // Again: it is as asked for, and nothing changes.
    let before = facts(&appliance.status());
    assert_eq!(appliance.install(&code), Ok(None));
    assert_eq!(facts(&appliance.status()), before);
}

#[test]
fn an_update_that_takes_licences_away_has_to_be_wanted() {
    let dir = directory();
    let (mut appliance, issuer) = Appliance::reserved(dir.path(), 7, 2);
    let more = issuer.authorize(1, &[(0, 9, None), (1, 2, None)]);
    let confirmation = appliance.install(&more).unwrap().unwrap();
    let parsed = ConfirmationCode::parse(&confirmation).unwrap();
    assert_eq!(parsed.generation, 1);
    assert_eq!(parsed.anchor(&SoftwareCrypto), issuer.request.anchors.confirmed);
    assert_eq!(appliance.status().reservation.codes.confirmation, Some(confirmation));

    let fewer = issuer.authorize(2, &[(0, 5, None), (1, 2, Some(MONTH))]);
    let before = facts(&appliance.status());
    let refused = appliance.install(&fewer).unwrap_err();
    assert_eq!(refused.code, "takes-away");
    assert_eq!(
        refused.cause,
        "This authorization takes licences away: 5 CC Flex Standard Seat instead of 9, 0 CC Flex \
         Premium Seat instead of 2 from 2027-02-14 08:00 UTC on."
    );
    assert_eq!(facts(&appliance.status()), before);
    let step = ReservationStep::Install { code: fewer.clone(), accept_fewer: true };
    assert!(appliance.step(step).unwrap().is_some());
    assert_eq!(counts(&appliance.status())[0], ("standard-seat", 5, true));

    // One that is returned is never installed (SPEC S3).
    let declined = issuer.authorize(3, &[(0, 50, None)]);
    let step = ReservationStep::ReturnAuthorization { code: declined.clone() };
    let code = appliance.step(step).unwrap().unwrap();
    assert_eq!(ReturnCode::parse(&code).unwrap().returned, Returned::Update(3));
    assert_eq!(appliance.install(&declined).unwrap_err().code, "authorization-superseded");
    assert_eq!(counts(&appliance.status())[0], ("standard-seat", 5, true));
}

#[test]
fn registered_and_reserved_exclude_each_other() {
    let dir = directory();
    let mut appliance = Appliance::registered(dir.path());
    assert_eq!(appliance.step(ReservationStep::Enable).unwrap_err().code, "registered");
    appliance.client.deregister(PATIENCE).unwrap();
    let early = appliance.step(ReservationStep::Request { universal: false }).unwrap_err();
    assert_eq!(early.code, "reservation-not-enabled");
    appliance.enable();
    let register = appliance.client.register(&token(), false, PATIENCE).unwrap_err();
    assert_eq!(register.code, "reservation-enabled");
    assert_eq!(appliance.install("LHA").unwrap_err().code, "no-request");
    let issuer = Issuer::of(&appliance.request());
    assert_eq!(appliance.step(ReservationStep::Return).unwrap_err().code, "nothing-installed");
    assert_eq!(appliance.step(ReservationStep::Disable).unwrap_err().code, "reservation-held");
    appliance.install(&issuer.authorize(0, &[(0, 7, None)])).unwrap();
    assert_eq!(appliance.step(ReservationStep::Cancel).unwrap_err().code, "reservation-held");
    let reset = appliance.client.factory_reset(PATIENCE).unwrap_err();
    assert!(reset.code == "reservation-held" && reset.remedy.contains("reservation return"));
    assert_eq!(appliance.client.deregister(PATIENCE).unwrap_err().code, "reservation-held");
    appliance.step(ReservationStep::Return).unwrap();
    assert_eq!(appliance.step(ReservationStep::Disable), Ok(None));
    assert_eq!(appliance.register(), Outcome::Succeeded);
}

/// SPEC S7, X11
#[test]
fn a_term_that_ends_is_told_and_what_is_in_use_runs_on_for_a_while() {
    let dir = directory();
    let (mut appliance, _) = Appliance::reserved(dir.path(), 1, 2);
    appliance.client.acquire("premium-seat", 2).unwrap();
    appliance.advance(MONTH);
    let report = appliance.status();
    assert_eq!(report.authorization.state, AuthorizationState::NotAuthorizedReserved);
    assert!(report.reservation.lines[1].ended && !report.reservation.lines[0].ended);
    let ends = TODAY.saturating_add(MONTH).saturating_add(Duration::from_days(90)).as_secs();
    let reason = "NotAuthorizedReserved".to_owned();
    assert_eq!(report.enforcement, Enforcement::Overage { reason, ends: Some(ends) });
    let events = appliance.events();
    let ended = events.iter().find(|event| event.name == "ReservationTermEnded").unwrap();
    assert!(ended.cause.contains("2 reserved CC Flex Premium Seat"), "{ended:?}");
    appliance.client.release("premium-seat", 2).unwrap();
    assert_eq!(appliance.status().enforcement, Enforcement::None);
}

#[test]
fn nobody_has_to_wait_for_a_step() {
    let dir = directory();
    let mut appliance = Appliance::start_with(config(dir.path()), &Manager::new()).unwrap();
    let step = ReservationStep::Enable;
    let outcome = appliance.client.reservation(step, std::time::Duration::ZERO).unwrap();
    assert!(matches!(outcome, Outcome::Stored { code: None, .. }), "{outcome:?}");
}
