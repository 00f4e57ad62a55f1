//! The blocks of registration, authorization, privacy and transport.

use super::block::Block;
use super::text::{date, dated, plain, remaining};
use crate::report::{AuthorizationState, Device, Enrolment, Failure, Proxy, Report, Transport};

pub(super) fn privacy(device: &Device) -> Block {
    let (sending, private) =
        if device.host_name_private { ("no", "ENABLED") } else { ("yes", "DISABLED") };
    Block::new("Data Privacy")
        .field("Sending Hostname", sending)
        .nested("Callhome hostname privacy", "DISABLED")
        .nested("Smart Licensing hostname privacy", private)
        .field("Version privacy", "DISABLED")
}

/// The word that parsers know for requests sent straight to a manager.
pub(super) const TRANSPORT_TYPE: &str = "Smart";

/// Parsers find the transport only if `Not Configured` stands under `VRF:`.
pub(super) fn transport(transport: &Transport) -> Block {
    let block = Block::new("Transport")
        .field("Type", TRANSPORT_TYPE)
        .optional("URL", transport.url.as_deref().map(plain))
        .line("Proxy:");
    let block = match &transport.proxy {
        Some(proxy) => proxy_lines(block, proxy),
        None => block.nested_line("Not Configured"),
    };
    block.line("VRF:").nested_line("Not Configured")
}

/// The password is never part of a report.
fn proxy_lines(block: Block, proxy: &Proxy) -> Block {
    let (user, password) = match &proxy.user {
        Some(user) => (plain(user), "<hidden>"),
        None => ("<empty>".to_owned(), "<empty>"),
    };
    block
        .nested("Address", plain(&proxy.address))
        .nested("Port", proxy.port.to_string())
        .nested("Username", user)
        .nested("Password", password)
}

pub(super) fn registration(report: &Report) -> Block {
    let block = registration_head(report);
    let registration = &report.registration;
    if let Some(installed) = &report.reservation.installed {
        return block.field("Initial Registration", dated("SUCCEEDED", installed.at));
    }
    let Some(enrolment) = &registration.enrolment else {
        let failure = registration.attempt.as_ref().and_then(|attempt| attempt.failure.as_ref());
        let block = match failure {
            Some(failure) => block
                .field("Initial Registration", dated("FAILED", failure.at))
                .nested("Failure reason", plain(&failure.cause)),
            None => block,
        };
        return block.optional("Registration Expires", registration.certificate_ended.map(date));
    };
    let block = block
        .field("Initial Registration", dated("SUCCEEDED", enrolment.registered))
        .field("Last Renewal Attempt", last_renewal(enrolment));
    failure_reason(block, enrolment.renewal_failure.as_ref())
        .optional("Next Renewal Attempt", enrolment.next_renewal.map(date))
        .optional("Registration Expires", enrolment.expires.map(date))
}

pub(super) fn registration_summary(report: &Report) -> Block {
    let block = registration_head(report);
    match &report.registration.enrolment {
        Some(enrolment) => block
            .field("Last Renewal Attempt", last_renewal(enrolment))
            .optional("Next Renewal Attempt", enrolment.next_renewal.map(date)),
        None => block,
    }
}

fn registration_head(report: &Report) -> Block {
    let enrolment = report.registration.enrolment.as_ref();
    let block = Block::new("Registration").field("Status", registration_word(report));
    let block = match enrolment {
        Some(enrolment) => block
            .field("Smart Account", plain(&enrolment.smart_account))
            .field("Virtual Account", plain(&enrolment.virtual_account)),
        None => block,
    };
    let allowed = enrolment.is_some_and(|enrolment| enrolment.export_controlled_allowed);
    block.field("Export-Controlled Functionality", if allowed { "ALLOWED" } else { "NOT ALLOWED" })
}

fn registration_word(report: &Report) -> &'static str {
    match report.registration.state.as_str() {
        "Registered" => "REGISTERED",
        "Registering" | "Retrying" => "REGISTERING - REGISTRATION IN PROGRESS",
        "Failed" => "UNREGISTERED - REGISTRATION FAILED",
        "Expired" => "UNREGISTERED - REGISTRATION EXPIRED",
        "ReservationInProgress" => "RESERVATION IN PROGRESS",
        "Reserved" if is_universal(report) => "REGISTERED - UNIVERSAL LICENSE RESERVATION",
        "Reserved" => "REGISTERED - SPECIFIC LICENSE RESERVATION",
        _ => "UNREGISTERED",
    }
}

/// Whether everything that the product can use was asked for, or is reserved.
pub(super) fn is_universal(report: &Report) -> bool {
    report.reservation.request.as_ref().is_some_and(|request| request.universal)
}

fn last_renewal(enrolment: &Enrolment) -> String {
    match (&enrolment.renewal_failure, enrolment.renewed) {
        (Some(failure), _) => dated("FAILED", failure.at),
        (None, Some(at)) => dated("SUCCEEDED", Some(at)),
        (None, None) => "None".to_owned(),
    }
}

pub(super) fn authorization(report: &Report) -> Block {
    let authorization = &report.authorization;
    let block = Block::new("License Authorization").field("Status", word(report));
    if report.registration.enrolment.is_none() {
        return block.optional("Evaluation Period Remaining", evaluation_left(report));
    }
    let at =
        authorization.contact_failure.as_ref().map_or(authorization.contact_succeeded, |f| f.at);
    let block = block.field("Last Communication Attempt", dated(last_contact(report), at));
    failure_reason(block, authorization.contact_failure.as_ref())
        .optional("Next Communication Attempt", authorization.next_contact.map(date))
        .optional("Communication Deadline", authorization.deadline.map(date))
}

pub(super) fn authorization_summary(report: &Report) -> Block {
    let authorization = &report.authorization;
    let block =
        Block::new("License Authorization").field("Status", state_word(authorization.state));
    if report.registration.enrolment.is_none() {
        return block.optional("Evaluation Period Remaining", evaluation_left(report));
    }
    block
        .field("Last Communication Attempt", last_contact(report))
        .optional("Next Communication Attempt", authorization.next_contact.map(date))
}

/// The authorization, with its date where it has one.
pub(super) fn word(report: &Report) -> String {
    let authorization = &report.authorization;
    let installed = report.reservation.installed.as_ref();
    let since = match authorization.state {
        AuthorizationState::Authorized => authorization.answered,
        AuthorizationState::OutOfCompliance { since, .. } => since,
        AuthorizationState::AuthorizationExpired => authorization.deadline,
        AuthorizationState::EvaluationExpired => report.evaluation.expired,
        AuthorizationState::Reserved => installed.and_then(|installed| installed.at),
        AuthorizationState::NotAuthorizedReserved => {
            installed.and_then(|installed| installed.short_since)
        }
        AuthorizationState::NoLicensesInUse
        | AuthorizationState::Evaluation
        | AuthorizationState::Waiting => None,
    };
    dated(state_word(authorization.state), since)
}

/// The authorization of the device or of one licence in a word.
pub(super) const fn state_word(state: AuthorizationState) -> &'static str {
    match state {
        AuthorizationState::NoLicensesInUse => "No Licenses in Use",
        AuthorizationState::Evaluation => "EVAL MODE",
        AuthorizationState::EvaluationExpired => "EVAL EXPIRED",
        AuthorizationState::Waiting => "WAITING",
        AuthorizationState::Authorized => "AUTHORIZED",
        AuthorizationState::OutOfCompliance { .. } => "OUT OF COMPLIANCE",
        AuthorizationState::AuthorizationExpired => "AUTHORIZATION EXPIRED",
        AuthorizationState::Reserved => "AUTHORIZED - RESERVED",
        AuthorizationState::NotAuthorizedReserved => "NOT AUTHORIZED - RESERVED",
    }
}

fn last_contact(report: &Report) -> &'static str {
    let authorization = &report.authorization;
    match (&authorization.contact_failure, authorization.contact_succeeded) {
        (Some(_), _) => "FAILED",
        (None, Some(_)) => "SUCCEEDED",
        (None, None) => "None",
    }
}

/// `None` where it is used up, or stands still because licences are reserved.
fn evaluation_left(report: &Report) -> Option<String> {
    let evaluation = &report.evaluation;
    let open = evaluation.expired.is_none() && report.reservation.installed.is_none();
    open.then(|| remaining(evaluation.left))
}

fn failure_reason(block: Block, failure: Option<&Failure>) -> Block {
    match failure {
        Some(failure) => block.nested("Failure reason", plain(&failure.cause)),
        None => block,
    }
}
