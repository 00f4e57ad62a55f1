//! One report for every state that is rendered.

mod reservation;

use leasehold_shim::report::*;

/// 2026-03-02 09:00:00 UTC.
pub(crate) const NOW: UnixSeconds = 1_772_442_000;
const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Every sample by its name, which is the directory of its expected texts.
pub(crate) fn all() -> Vec<(&'static str, Report)> {
    let mut all = vec![
        ("advisory-enforced", of_mode("advisory", enforced())),
        ("advisory-overage", of_mode("advisory", breached())),
        ("authorization-expired", authorization_expired()),
        ("authorized", authorized()),
        ("behind-a-proxy", behind_a_proxy()),
        ("certificate-ending", certificate_ending()),
        ("certificate-expired", certificate_expired()),
        ("clock-ahead", clock(ClockStanding::Ahead { until: Some(NOW + HOUR) })),
        ("clock-behind", clock(ClockStanding::Behind { until: Some(NOW + HOUR) })),
        ("clock-ignored", clock(ClockStanding::Ignored)),
        ("deregistered", deregistered(true)),
        ("deregistered-manager-not-told", deregistered(false)),
        ("duplicate", duplicate()),
        ("enforced", enforced()),
        ("evaluation", evaluation()),
        ("evaluation-ending", evaluation_ending()),
        ("evaluation-expired", evaluation_expired()),
        ("hostile-names", hostile_names()),
        ("laboratory", laboratory()),
        ("licence-missing", licence_missing()),
        ("limits-reached", limits_reached()),
        ("limits-set", limits_set()),
        ("manager-unreachable", manager_unreachable()),
        ("never-registered", never_registered()),
        ("new-use-enforced", of_mode("new-use", evaluation_expired())),
        ("nothing-in-use", nothing_in_use()),
        ("out-of-compliance-breached", breached()),
        ("out-of-compliance-elsewhere", out_of_compliance_elsewhere()),
        ("out-of-compliance-pending", pending()),
        ("registering", registering()),
        ("registration-failed", registration_failed()),
        ("registration-retrying", registration_retrying()),
        ("removed", removed()),
        ("renewal-failed", renewal_failed()),
        ("reregistration-refused", reregistration_refused()),
        ("storage-failed", storage_failed()),
        ("time-unknown", time_unknown()),
        ("waiting", waiting()),
    ];
    all.extend(reservation::all());
    all
}

fn never_registered() -> Report {
    Report {
        time: Some(NOW),
        device: Device {
            product_id: "LH-CC".into(),
            serial_number: "8F41C2D07A19".into(),
            uuid: Some("6fe83add-c802-40bc-92dc-071ac7a37624".into()),
            host_name: "cc-1.example.org".into(),
            host_name_private: false,
            agent_version: "0.1.0".into(),
            product: "contact-center".into(),
            size_profile: None,
            license_type: "flex".into(),
            license_purpose: "production".into(),
            enforcement_mode: "provisioning".into(),
            signed_in: Vec::new(),
        },
        transport: Transport { kind: "direct".into(), url: None, proxy: None },
        registration: Registration {
            state: "Unregistered".into(),
            enrolment: None,
            unregistered: Some(Unregistered {
                reason: "Never".into(),
                at: None,
                manager_told: None,
            }),
            certificate_ended: None,
            attempt: None,
        },
        authorization: Authorization {
            state: AuthorizationState::NoLicensesInUse,
            answered: None,
            contact_succeeded: None,
            contact_failure: None,
            in_contact: false,
            next_contact: None,
            deadline: None,
        },
        evaluation: Evaluation { left: 7_776_000, counting: false, expired: None },
        enforcement: Enforcement::None,
        license_control: LicenseControl { overage_allowed: true, applies: false },
        clock: ClockStanding::Agreed,
        duplicate: false,
        entitlements: entitlements(),
        reservation: Reservation {
            enabled: false,
            request: None,
            installed: None,
            lines: Vec::new(),
            codes: ReservationCodes::default(),
            rollback_protection: false,
        },
        policy: Policy {
            report_interval: 28_800,
            pending_warning: 1_800,
            pending_tolerance: 2_700,
            overage_period: 7_776_000,
            authorization_period: 7_776_000,
            evaluation_period: 7_776_000,
        },
        storage_failed: false,
    }
}

fn entitlements() -> Vec<Entitlement> {
    let entitlement = |name: &str, tag: &str, description: &str, feature: &str| Entitlement {
        name: name.into(),
        tag: format!("regid.2026-01.org.leasehold.{tag},1.0"),
        description: description.into(),
        version: "1.0".into(),
        feature: feature.into(),
        chain: None,
        reporting: "peak".into(),
        in_use: 0,
        peak: 0,
        state: AuthorizationState::NoLicensesInUse,
        verdict: None,
        owned: None,
        controlled: false,
        configured_limit: None,
        limit: None,
    };
    let standard = entitlement(
        "CC Flex Standard Seat",
        "CC_FLEX_STANDARD",
        "Agent seat for voice",
        "standard-seat",
    );
    let premium = entitlement(
        "CC Flex Premium Seat",
        "CC_FLEX_PREMIUM",
        "Agent seat for every channel",
        "premium-seat",
    );
    let server = entitlement("CC Flex Server", "CC_FLEX_SERVER", "Server licence", "server");
    let inbound = entitlement(
        "CC Flex Inbound Port",
        "CC_FLEX_INBOUND_PORT",
        "Port for incoming calls",
        "inbound-port",
    );
    vec![
        Entitlement { chain: Some(0), controlled: true, ..standard },
        Entitlement { chain: Some(0), controlled: true, ..premium },
        Entitlement { reporting: "presence".into(), in_use: 1, peak: 1, ..server },
        Entitlement { reporting: "stored-only".into(), in_use: 20, peak: 30, ..inbound },
    ]
}

/// The two seats in use, in `state`, with their peaks at or above.
fn in_use(mut report: Report, standard: u32, premium: u32, state: AuthorizationState) -> Report {
    let counts = [(standard, standard + premium), (premium, premium)];
    for (seat, (in_use, peak)) in report.entitlements.iter_mut().zip(counts) {
        seat.in_use = in_use;
        seat.peak = peak;
        seat.state = if in_use > 0 { state } else { AuthorizationState::NoLicensesInUse };
    }
    report.authorization.state = state;
    report
}

/// What the account owns, and the verdicts.
fn answered(mut report: Report, verdicts: [&str; 3]) -> Report {
    let answers = verdicts.into_iter().zip([40, 10, 1]);
    for (entitlement, (verdict, owned)) in report.entitlements.iter_mut().zip(answers) {
        entitlement.verdict = Some(verdict.into());
        entitlement.owned = Some(owned);
    }
    report
}

fn failure(at: UnixSeconds, reason: &str, cause: &str, remedy: &str) -> Failure {
    Failure { at: Some(at), reason: reason.into(), cause: cause.into(), remedy: remedy.into() }
}

fn unreachable(at: UnixSeconds) -> Failure {
    failure(
        at,
        "Unreachable",
        "Nothing answers at https://licenses.example.org:8443.",
        "Start the license manager there, or correct the address with `leasehold license smart \
         transport direct URL`.",
    )
}

fn evaluation() -> Report {
    let mut report = in_use(never_registered(), 5, 2, AuthorizationState::Evaluation);
    report.evaluation = Evaluation { left: 4_000_644, counting: true, expired: None };
    report
}

fn evaluation_expired() -> Report {
    let mut report = in_use(never_registered(), 5, 2, AuthorizationState::EvaluationExpired);
    report.evaluation = Evaluation { left: 0, counting: false, expired: Some(NOW - 3 * DAY) };
    report.enforcement =
        Enforcement::Enforced { reason: "EvaluationExpired".into(), since: Some(NOW - 3 * DAY) };
    report
}

fn registered() -> Report {
    let mut report = never_registered();
    let since = NOW - 10 * DAY;
    report.transport.url = Some(
        "https://licenses.example.org:8443/Transportgateway/services/DeviceRequestHandler".into(),
    );
    report.registration = Registration {
        state: "Registered".into(),
        enrolment: Some(Enrolment {
            instance: "00112233445566778899aabbccddeeff".into(),
            smart_account: "Example Company".into(),
            virtual_account: "Default".into(),
            export_controlled_allowed: true,
            registered: Some(since),
            renewed: None,
            renewal_failure: None,
            next_renewal: Some(since + 180 * DAY),
            expires: Some(since + 365 * DAY - 300),
        }),
        unregistered: None,
        certificate_ended: None,
        attempt: None,
    };
    let answered = NOW - HOUR;
    report.authorization = Authorization {
        state: AuthorizationState::NoLicensesInUse,
        answered: Some(answered),
        contact_succeeded: Some(answered),
        contact_failure: None,
        in_contact: false,
        next_contact: Some(answered + 8 * HOUR),
        deadline: Some(answered + 90 * DAY - 300),
    };
    report.license_control.applies = true;
    report
}

fn authorized() -> Report {
    let report = in_use(registered(), 12, 3, AuthorizationState::Authorized);
    answered(report, ["InCompliance"; 3])
}

fn behind_a_proxy() -> Report {
    let mut report = authorized();
    report.device.host_name_private = true;
    report.transport.kind = "proxy".into();
    report.transport.proxy = Some(Proxy {
        address: "proxy.example.org".into(),
        port: 3128,
        user: Some("appliance".into()),
    });
    report
}

fn nothing_in_use() -> Report {
    answered(registered(), ["InCompliance"; 3])
}

fn waiting() -> Report {
    let mut report = in_use(registered(), 12, 0, AuthorizationState::Waiting);
    report.authorization.answered = None;
    report.authorization.contact_succeeded = None;
    report.authorization.in_contact = true;
    report.authorization.next_contact = Some(NOW);
    report.evaluation = Evaluation { left: 4_000_644, counting: true, expired: None };
    report
}

fn out_of_compliance(standard: u32, premium: u32, since: UnixSeconds, pending: bool) -> Report {
    let state = AuthorizationState::OutOfCompliance { since: Some(since), pending };
    let mut report = in_use(registered(), standard, premium, state);
    report = answered(report, ["OutOfCompliance", "InCompliance", "InCompliance"]);
    if let Some(premium) = report.entitlements.get_mut(1).filter(|seat| seat.in_use > 0) {
        premium.state = AuthorizationState::Authorized;
    }
    report
}

fn pending() -> Report {
    let mut report = out_of_compliance(47, 4, NOW - 10 * MINUTE, true);
    report.authorization.answered = Some(NOW - 10 * MINUTE);
    report.authorization.contact_succeeded = Some(NOW - 10 * MINUTE);
    report.authorization.next_contact = Some(NOW + 5 * MINUTE);
    report
}

fn breached() -> Report {
    let since = NOW - 2 * DAY;
    let mut report = out_of_compliance(47, 12, since, false);
    let premium = report.entitlements.get_mut(1).unwrap();
    premium.state = AuthorizationState::OutOfCompliance { since: Some(since), pending: false };
    premium.verdict = Some("OutOfCompliance".into());
    report.enforcement = Enforcement::Overage {
        reason: "OutOfCompliance".into(),
        ends: Some(since + 45 * MINUTE + 90 * DAY),
    };
    report
}

fn out_of_compliance_elsewhere() -> Report {
    out_of_compliance(5, 0, NOW - MINUTE, true)
}

fn enforced() -> Report {
    let mut report = out_of_compliance(51, 0, NOW - 100 * DAY, false);
    report.enforcement = Enforcement::Enforced {
        reason: "OutOfCompliance".into(),
        since: Some(NOW - 10 * DAY + 45 * MINUTE),
    };
    report
}

fn manager_unreachable() -> Report {
    let mut report = authorized();
    report.authorization.answered = Some(NOW - 9 * HOUR);
    report.authorization.contact_succeeded = None;
    report.authorization.contact_failure = Some(unreachable(NOW - 10 * MINUTE));
    report.authorization.next_contact = Some(NOW + 5 * MINUTE);
    report.authorization.deadline = Some(NOW - 9 * HOUR + 90 * DAY - 300);
    report
}

fn authorization_expired() -> Report {
    let ended = NOW - 5 * DAY;
    let mut report = in_use(manager_unreachable(), 12, 3, AuthorizationState::AuthorizationExpired);
    report.authorization.answered = Some(ended + 300 - 90 * DAY);
    report.authorization.deadline = Some(ended);
    report.authorization.next_contact = Some(NOW + 6 * HOUR);
    report.enforcement = Enforcement::Overage {
        reason: "AuthorizationExpired".into(),
        ends: Some(ended + 90 * DAY),
    };
    report
}

fn renewal_failed() -> Report {
    let mut report = authorized();
    let enrolment = report.registration.enrolment.as_mut().unwrap();
    enrolment.renewed = Some(NOW - 5 * DAY);
    enrolment.renewal_failure = Some(unreachable(NOW - 2 * HOUR));
    enrolment.next_renewal = Some(NOW + 2 * HOUR);
    report
}

fn attempted(state: &str, attempt: Attempt) -> Report {
    let mut report = evaluation();
    report.transport.url = registered().transport.url;
    report.registration.state = state.into();
    report.registration.attempt = Some(attempt);
    report
}

fn token_expired() -> Failure {
    failure(
        NOW - HOUR,
        "TokenExpired",
        "The token's days are over.",
        "Make a new token in the license manager and register with it.",
    )
}

fn registering() -> Report {
    attempted("Registering", Attempt { failure: None, retry: None, refused: false })
}

fn registration_failed() -> Report {
    let failure = Some(token_expired());
    attempted("Failed", Attempt { failure, retry: None, refused: true })
}

fn registration_retrying() -> Report {
    let failure = Some(unreachable(NOW - 5 * MINUTE));
    let retry = Some(NOW + 10 * MINUTE);
    attempted("Retrying", Attempt { failure, retry, refused: false })
}

fn reregistration_refused() -> Report {
    let mut report = authorized();
    let failure = Some(token_expired());
    report.registration.attempt = Some(Attempt { failure, retry: None, refused: true });
    report
}

fn deregistered(manager_told: bool) -> Report {
    let mut report = evaluation();
    report.transport.url = registered().transport.url;
    report.registration.unregistered = Some(Unregistered {
        reason: "Deregistered".into(),
        at: Some(NOW - 2 * HOUR),
        manager_told: Some(manager_told),
    });
    report
}

fn removed() -> Report {
    let mut report = deregistered(true);
    let unregistered = report.registration.unregistered.as_mut().unwrap();
    unregistered.reason = "Removed".into();
    unregistered.manager_told = None;
    report
}

fn certificate_expired() -> Report {
    let mut report = evaluation();
    report.registration.state = "Expired".into();
    report.registration.unregistered = None;
    report.registration.certificate_ended = Some(NOW - 4 * HOUR);
    report
}

fn storage_failed() -> Report {
    Report { storage_failed: true, ..authorized() }
}

/// A licence that must be owned and is not, and a tag that the manager does not know.
fn licence_missing() -> Report {
    let state = AuthorizationState::OutOfCompliance { since: Some(NOW - MINUTE), pending: true };
    let report = in_use(registered(), 12, 3, state);
    answered(report, ["InvalidTag", "InCompliance", "NotOwned"])
}

fn time_unknown() -> Report {
    let mut report = waiting();
    report.time = None;
    report.authorization.next_contact = None;
    report.authorization.deadline = None;
    let enrolment = report.registration.enrolment.as_mut().unwrap();
    enrolment.registered = None;
    enrolment.next_renewal = None;
    report
}

/// Names that try to break the format, and more in use than a column is wide.
fn hostile_names() -> Report {
    let mut report = manager_unreachable();
    let enrolment = report.registration.enrolment.as_mut().unwrap();
    enrolment.smart_account = "Example (Company): A\n  Status: DISABLED".into();
    enrolment.virtual_account = " ".into();
    report.authorization.contact_failure.as_mut().unwrap().cause =
        "It said (HTTP 500): no.\n\nRegistration:".into();
    let seat = report.entitlements.first_mut().unwrap();
    seat.name = "A licence (of all): whose name is long".into();
    seat.tag =
        "regid.2026-01.org.example.A TAG WITH BLANKS THAT IS LONGER THAN ITS COLUMN,1".into();
    seat.description = "Covers (nearly): everything".into();
    seat.in_use = u32::MAX;
    let premium = report.entitlements.get_mut(1).unwrap();
    premium.tag = "a.SAME,1".into();
    report.entitlements.get_mut(3).unwrap().tag = "b.SAME,1".into();
    report
}

fn clock(clock: ClockStanding) -> Report {
    Report { clock, ..manager_unreachable() }
}

fn duplicate() -> Report {
    Report { duplicate: true, ..authorized() }
}

/// The manager has not answered for so long that authorization and certificate end soon.
fn certificate_ending() -> Report {
    let mut report = manager_unreachable();
    report.authorization.answered = Some(NOW - 65 * DAY);
    report.authorization.deadline = Some(NOW + 25 * DAY - 300);
    let enrolment = report.registration.enrolment.as_mut().unwrap();
    enrolment.next_renewal = Some(NOW);
    enrolment.expires = Some(NOW + 20 * DAY);
    report
}

fn evaluation_ending() -> Report {
    let mut report = evaluation();
    report.evaluation.left = 3 * 86_400 + 7_200;
    report
}

/// The same on a product of that mode of enforcement.
fn of_mode(mode: &str, mut report: Report) -> Report {
    report.device.enforcement_mode = mode.into();
    report
}

fn laboratory() -> Report {
    let mut report = authorized();
    report.device.license_type = "non-production".into();
    report.device.license_purpose = "lab".into();
    report.license_control.applies = false;
    report
}

fn limit(most: u32, set_by: &str) -> Option<Limit> {
    Some(Limit { most, set_by: set_by.into() })
}

/// Over-use is denied, an administrator limited one tier, and the size of the appliance the ports.
fn limits_reached() -> Report {
    let mut report = in_use(authorized(), 12, 3, AuthorizationState::Authorized);
    report.device.size_profile = Some("100-agents".into());
    report.license_control.overage_allowed = false;
    let [standard, premium, _, inbound] = &mut report.entitlements[..] else { panic!() };
    (standard.configured_limit, standard.limit) = (Some(5), limit(15, "administrator"));
    premium.limit = limit(10, "account");
    inbound.limit = limit(20, "platform");
    report
}

/// Limits that wait for the registration.
fn limits_set() -> Report {
    let mut report = evaluation();
    report.device.size_profile = Some("100-agents".into());
    report.license_control.overage_allowed = false;
    let [standard, premium, ..] = &mut report.entitlements[..] else { panic!() };
    standard.limit = limit(100, "platform");
    standard.configured_limit = Some(40);
    premium.configured_limit = Some(10);
    report
}
