//! The last block of `status`: in plain words what holds now, what happens next and when, and what
//! to do. No state may be left without an answer to the three.

mod reservation;
mod trouble;

use super::block::Block;
use super::shortage::{Shortage, shortages};
use super::text::{date, dated, plain, plural, span, wrapped};
use crate::report::{
    Attempt, AuthorizationState, Enforcement, Enrolment, Failure, Report, UnixSeconds, Unregistered,
};

/// The block.
pub(super) fn block(report: &Report) -> Block {
    let mut outlook = Outlook { report, now: Vec::new(), next: Vec::new(), to_do: Vec::new() };
    outlook.storage();
    outlook.duplicate();
    outlook.clock();
    outlook.ending();
    let reservation = &report.reservation;
    match (&report.registration.enrolment, &reservation.installed, &reservation.request) {
        (Some(enrolment), ..) => outlook.registered(enrolment),
        (None, Some(installed), _) => outlook.reserved(installed),
        (None, None, Some(request)) => outlook.requested(request),
        (None, None, None) => outlook.not_registered(),
    }
    outlook.enforcement();
    outlook.license_control();
    outlook.into_block()
}

const REGISTER: &str = "Make a token in the license manager, and register with `leasehold license \
                        smart register idtoken -`, which asks for it.";

const RESERVE: &str = "Where there is no network, get licences by codes instead: `leasehold license \
                       smart reservation enable` begins that.";

struct Outlook<'r> {
    report: &'r Report,
    now: Vec<String>,
    next: Vec<String>,
    to_do: Vec<String>,
}

impl Outlook<'_> {
    fn storage(&mut self) {
        if self.report.storage_failed {
            self.now.push(
                "State cannot be stored: requests wait, and a restart would lose what happened \
                 since."
                    .into(),
            );
            self.next.push("Storing is tried again at every change.".into());
            self.to_do.push(
                "Make the data directory writable, and free space on its file system.".into(),
            );
        }
    }

    fn registered(&mut self, enrolment: &Enrolment) {
        if let Some(attempt) = &self.report.registration.attempt {
            self.attempt(attempt);
            self.now.push("The registration that holds is untouched by the new attempt.".into());
        }
        self.authorization();
        self.contact();
        self.certificate(enrolment);
        self.required();
    }

    fn authorization(&mut self) {
        let authorization = &self.report.authorization;
        match authorization.state {
            AuthorizationState::NoLicensesInUse => {
                self.now.push("Registered, and nothing is in use.".into());
            }
            AuthorizationState::Authorized => {
                self.now.push("Registered, and the account covers everything in use.".into());
            }
            AuthorizationState::Waiting | AuthorizationState::Evaluation => {
                self.now.push(
                    "Registered; the manager has not said yet whether the account covers the use."
                        .into(),
                );
                if self.report.evaluation.counting {
                    let left = span(self.report.evaluation.left.into());
                    self.next.push(format!(
                        "The evaluation counts down until the manager's first answer; {left} are \
                         left of it."
                    ));
                }
            }
            AuthorizationState::EvaluationExpired => {
                let ended = dated("ended", self.report.evaluation.expired);
                self.now.push(format!(
                    "Registered, but the evaluation {ended}, before the manager's first answer."
                ));
            }
            AuthorizationState::OutOfCompliance { since, pending } => {
                self.out_of_compliance(since, pending);
            }
            AuthorizationState::AuthorizationExpired => {
                let ended = dated("ended", authorization.deadline);
                self.now.push(format!(
                    "The authorization {ended}, because no answer of the manager had come by then."
                ));
                self.next.push("The manager's next answer restores it.".into());
            }
            // These need no manager.
            AuthorizationState::Reserved | AuthorizationState::NotAuthorizedReserved => {}
        }
    }

    fn out_of_compliance(&mut self, since: Option<UnixSeconds>, pending: bool) {
        let policy = &self.report.policy;
        let state = if pending { "Out of compliance, pending" } else { "Out of compliance" };
        let begin = since.map(|at| format!("since {} ", date(at))).unwrap_or_default();
        self.now.push(format!("{state}: {begin}more is in use than the account covers."));
        if pending {
            let after = |period: u32| since.map(|at| at.saturating_add(period.into()));
            let breach = self.when(after(policy.pending_tolerance));
            let overage = span(policy.overage_period.into());
            self.next.push(format!(
                "The tolerance ends {breach}. If the use is not covered by then, an overage period \
                 of {overage} begins, in which everything works."
            ));
        } else {
            self.now.push("The tolerance is over.".into());
        }
        self.next.push("The first report that the account covers clears it.".into());
        for shortage in shortages(&self.report.entitlements) {
            self.to_do.push(what_to_buy(&shortage));
        }
    }

    /// The way to the manager: the last failure, the next report, the deadline.
    fn contact(&mut self) {
        let authorization = &self.report.authorization;
        let expired = authorization.state == AuthorizationState::AuthorizationExpired;
        let next = self.when(authorization.next_contact);
        match &authorization.contact_failure {
            Some(failure) => {
                let last = match authorization.answered {
                    Some(at) => format!("The manager's last answer came on {}.", date(at)),
                    None => "The manager has not answered a report yet.".to_owned(),
                };
                self.failed("The last report to the manager failed", failure);
                self.now.push(last);
                self.next.push(format!("The report is sent again {next}."));
            }
            None if authorization.in_contact => self.next.push("A report is on its way.".into()),
            None => self.next.push(format!("Usage is reported {next}.")),
        }
        if let Some(deadline) = authorization.deadline.filter(|_| !expired) {
            let deadline = self.when(Some(deadline));
            let overage = span(self.report.policy.overage_period.into());
            self.next.push(format!(
                "Without an answer the authorization ends {deadline}; everything works for \
                 {overage} more."
            ));
        }
    }

    fn certificate(&mut self, enrolment: &Enrolment) {
        if let Some(failure) = &enrolment.renewal_failure {
            self.failed("The ID certificate could not be renewed", failure);
        }
        if let Some(renewal) = enrolment.next_renewal {
            let renewal = self.when(Some(renewal));
            let ends = enrolment.expires.map(|at| format!("; it ends on {}", date(at)));
            self.next.push(format!(
                "The ID certificate is renewed {renewal}{}.",
                ends.unwrap_or_default()
            ));
        }
    }

    /// Licences that only have to be owned, and tags that mean nothing to the manager (SPEC X10).
    fn required(&mut self) {
        for entitlement in &self.report.entitlements {
            let (name, tag) = (plain(&entitlement.name), plain(&entitlement.tag));
            let feature = plain(&entitlement.feature);
            match entitlement.verdict.as_deref() {
                Some("NotOwned") => {
                    self.now.push(format!(
                        "The account does not own {name}, which this license type needs."
                    ));
                    self.to_do.push(format!("Buy 1 {name} ({feature})."));
                }
                Some("InvalidTag") => {
                    self.now.push(format!("The manager does not know the tag {tag} of {name}."));
                    self.to_do.push(
                        "Update the manager, so that it knows this version of the product.".into(),
                    );
                }
                _ => {}
            }
        }
    }

    fn not_registered(&mut self) {
        let registration = &self.report.registration;
        self.why_not_registered();
        match &registration.attempt {
            Some(attempt) => self.attempt(attempt),
            None if self.report.reservation.enabled => self.to_do.push(reservation::REQUEST.into()),
            None => {
                self.to_do.push(REGISTER.into());
                self.to_do.push(RESERVE.into());
            }
        }
        self.evaluation();
    }

    fn why_not_registered(&mut self) {
        let registration = &self.report.registration;
        if let Some(ended) = registration.certificate_ended {
            self.now.push(format!(
                "Not registered: the ID certificate ended on {} before it could be renewed.",
                date(ended)
            ));
        }
        let Some(Unregistered { reason, at, manager_told }) = &registration.unregistered else {
            return;
        };
        match reason.as_str() {
            "Deregistered" => {
                self.now.push(format!("{}.", dated("Deregistered", *at)));
                if *manager_told == Some(false) {
                    self.stale_instance();
                }
            }
            "Replaced" => self.now.push(format!(
                "Not registered: {}.",
                dated("another registration took its place, as the manager said", *at)
            )),
            "CertificateEnded" => self.now.push(format!(
                "Not registered: {}.",
                dated("the manager let the ID certificate end, as it said", *at)
            )),
            "Removed" => self.now.push(format!(
                "Not registered: {}.",
                dated("the manager no longer has this product instance, as it said", *at)
            )),
            "ReservationCancelled" | "ReservationReturned" | "ReservationRolledBack" => {
                self.reservation_ended(reason, *at);
            }
            _ => self.now.push("Not registered.".into()),
        }
    }

    /// SPEC R6
    fn stale_instance(&mut self) {
        let device = &self.report.device;
        let (pid, sn) = (plain(&device.product_id), plain(&device.serial_number));
        self.now.push(
            "The manager could not be told: a stale product instance holds licences there.".into(),
        );
        self.to_do.push(format!(
            "Remove the product instance {pid} {sn} in the manager, with `leasehold manager \
             instance remove {sn}`."
        ));
    }

    fn attempt(&mut self, attempt: &Attempt) {
        match &attempt.failure {
            None => {
                self.now.push("A registration is on its way; the manager's answer decides.".into());
            }
            Some(failure) if attempt.refused => {
                self.failed("The manager refused to register this device", failure);
            }
            Some(failure) => {
                self.failed("The registration did not get through", failure);
                let retry = self.when(attempt.retry);
                self.next.push(format!("Registration is tried again {retry}."));
            }
        }
    }

    fn evaluation(&mut self) {
        let evaluation = &self.report.evaluation;
        let left = span(evaluation.left.into());
        if evaluation.expired.is_some() {
            let used_up = dated("was used up", evaluation.expired);
            self.now.push(format!("The evaluation {used_up}."));
        } else if evaluation.counting {
            let end = self.report.time.map(|now| now.saturating_add(evaluation.left.into()));
            let end = self.when(end);
            self.now.push(format!("Everything works under evaluation, of which {left} are left."));
            self.next.push(format!("If licences stay in use, the evaluation is used up {end}."));
        } else {
            self.now.push(format!(
                "Nothing is in use, so the evaluation does not count down; {left} are left of it."
            ));
            self.next.push(
                "The evaluation counts down while a licence is in use and this device is not \
                 registered."
                    .into(),
            );
        }
    }

    fn enforcement(&mut self) {
        let mode = self.report.device.enforcement_mode.as_str();
        match &self.report.enforcement {
            Enforcement::None => {}
            Enforcement::Overage { reason, ends } => {
                let ends = self.when(*ends);
                let then = refused(mode);
                self.now.push("Everything works: an overage period is running.".into());
                self.next.push(format!(
                    "The overage period ends {ends}. Unless {} by then, {then}.",
                    remedy_of(reason)
                ));
            }
            Enforcement::Enforced { reason, since } => {
                let since = since.map(|at| format!(" since {}", date(at))).unwrap_or_default();
                let effect = match mode {
                    "advisory" => "nothing is refused",
                    "new-use" => "new use, and adding, changing and deleting users is refused",
                    _ => "adding, changing and deleting users is refused",
                };
                self.now.push(format!("Enforced{since}: {effect}; what runs keeps running."));
                self.next.push(format!("This ends as soon as {}.", remedy_of(reason)));
            }
        }
    }

    /// A failure: when and why, and what to do about it.
    fn failed(&mut self, what: &str, failure: &Failure) {
        let cause = plain(&failure.cause);
        self.now.push(format!("{}: {cause}", dated(what, failure.at)));
        self.to_do.push(plain(&failure.remedy));
    }

    /// A moment to come, as it stands after a verb: `on DATE, in 3 hours`.
    fn when(&self, at: Option<UnixSeconds>) -> String {
        match (at, self.report.time) {
            (None, _) => "in due time".to_owned(),
            (Some(at), Some(now)) if at <= now => "at once".to_owned(),
            (Some(at), Some(now)) => format!("on {}, in {}", date(at), span(at - now)),
            (Some(at), None) => format!("on {}", date(at)),
        }
    }

    fn into_block(mut self) -> Block {
        self.to_do.dedup();
        if self.to_do.is_empty() {
            self.to_do.push("Nothing.".into());
        }
        let sections = [("Now:", self.now), ("Next:", self.next), ("Do:", self.to_do)];
        sections.into_iter().fold(Block::new("Outlook"), |block, (label, sentences)| {
            sentences.iter().fold(block, |block, sentence| said(block, label, sentence))
        })
    }
}

/// One sentence behind its label, broken to the width of a terminal.
fn said(block: Block, label: &str, sentence: &str) -> Block {
    let lines = wrapped(sentence, WIDTH);
    lines.iter().enumerate().fold(block, |block, (index, line)| {
        let label = if index == 0 { label } else { "" };
        block.line(&format!("{label:<LABEL_WIDTH$}{line}"))
    })
}

fn what_to_buy(shortage: &Shortage<'_>) -> String {
    let Shortage { entitlement, used, owned, missing } = *shortage;
    let name = format!("{} ({})", plain(&entitlement.name), plain(&entitlement.feature));
    let tiers = if entitlement.chain.is_some() { " of it or a higher tier" } else { "" };
    if missing == 0 {
        return format!(
            "Buy more {name} or release some. This device uses {used} of the {owned} that the \
             account owns{tiers}, so other devices use the rest."
        );
    }
    let copies = plural(missing, "more licence");
    format!(
        "Buy {copies} of {name}, or release as many. This device uses {used}{tiers}, and the \
         account owns {owned}."
    )
}

/// What enforcement will do, under the mode of the product.
fn refused(mode: &str) -> &'static str {
    match mode {
        "advisory" => "this counts as enforced, but nothing will be refused",
        "new-use" => "new use, and adding, changing and deleting users will be refused",
        _ => "adding, changing and deleting users will be refused",
    }
}

/// How long everything works, and what follows, in a part of a sentence.
pub(super) fn then_refused(report: &Report) -> String {
    let then = refused(&report.device.enforcement_mode);
    match &report.enforcement {
        Enforcement::Overage { ends: Some(ends), .. } => {
            format!("everything works until {}, and then {then}", date(*ends))
        }
        Enforcement::Enforced { .. } => "enforcement is in force".to_owned(),
        Enforcement::Overage { ends: None, .. } | Enforcement::None => {
            format!("everything works for a while, and then {then}")
        }
    }
}

/// What has to happen, as it stands after "unless".
fn remedy_of(reason: &str) -> &'static str {
    match reason {
        "OutOfCompliance" => "the account covers the use",
        "AuthorizationExpired" => "the manager answers",
        "NotAuthorizedReserved" => "what is reserved covers the use",
        _ => "this device is registered and authorized",
    }
}

const LABEL_WIDTH: usize = 6;
/// A line of 79 columns, less indentation and label.
const WIDTH: usize = 79 - 2 - LABEL_WIDTH;
