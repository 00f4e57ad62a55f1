//! The report, from what the agent and the daemon know.

mod reservation;

pub(crate) use reservation::term_end;

use crate::config::Config;
use crate::explain;
use crate::hex::{to_hex, uuid_text};
use crate::report::{self, Report, UnixSeconds};
use crate::returned::ReturnCodes;
use crate::settings::{TransportKind, TransportSettings};
use crate::usage::Usage;
use leasehold_core::agent::{
    Agent, AuthorizationState, ClockStanding, Enforcement, Enrolment, Failure, Status,
    UnregisteredReason,
};
use leasehold_core::counters::{Limit, LimitSource};
use leasehold_core::crypto::Crypto;
use leasehold_core::product::{
    EnforcementMode, LicensePurpose, LicenseType, ProductDefinition, Reporting,
};
use leasehold_core::time::DeviceTime;
use leasehold_core::wire::Refusal;

/// Where a report takes its parts from.
pub(crate) struct Sources<'r, 'a, C, const N: usize> {
    pub(crate) agent: &'r Agent<'a, C, N>,
    pub(crate) product: &'r ProductDefinition<'r>,
    pub(crate) license_type: &'r LicenseType<'r>,
    pub(crate) config: &'r Config,
    pub(crate) settings: &'r TransportSettings,
    pub(crate) usage: &'r Usage,
    pub(crate) returned: &'r ReturnCodes,
}

impl<C: Crypto, const N: usize> Sources<'_, '_, C, N> {
    /// The whole state at the moment of the agent's last input.
    pub(crate) fn report(&self) -> Report {
        let status = self.agent.status();
        Report {
            time: self.unix(status.now),
            device: self.device(),
            transport: self.transport(),
            registration: self.registration(&status),
            authorization: self.authorization(&status),
            evaluation: report::Evaluation {
                left: status.evaluation_left.as_secs(),
                counting: status.evaluation_counting,
                expired: status.evaluation_expired.and_then(|at| self.unix(at)),
            },
            enforcement: self.enforcement(status.enforcement),
            license_control: self.license_control(&status),
            clock: self.clock(status.clock),
            duplicate: status.duplicate,
            entitlements: self.entitlements(),
            reservation: self.reservation(&status),
            policy: report::Policy {
                report_interval: status.policy.report_interval.as_secs(),
                pending_warning: status.policy.pending_warning.as_secs(),
                pending_tolerance: status.policy.pending_tolerance.as_secs(),
                overage_period: status.policy.overage_period.as_secs(),
                authorization_period: status.policy.authorization_period.as_secs(),
                evaluation_period: status.policy.evaluation_period.as_secs(),
            },
            storage_failed: status.storage_failed || self.usage.unsaved().is_some(),
        }
    }

    fn transport(&self) -> report::Transport {
        let settings = self.settings;
        let proxy = settings.proxy.as_ref().filter(|_| settings.kind == TransportKind::Proxy);
        report::Transport {
            kind: settings.kind.name().into(),
            url: settings.url.as_ref().map(|url| url.as_str().into()),
            proxy: proxy.map(|proxy| report::Proxy {
                address: proxy.address.clone(),
                port: proxy.port,
                user: proxy.user.clone(),
            }),
        }
    }

    fn device(&self) -> report::Device {
        let config = self.config;
        let signed_in = self
            .usage
            .signed_in()
            .map(|(name, feature)| report::SignedIn { name: name.into(), feature: feature.into() });
        report::Device {
            product_id: config.product_id.clone(),
            serial_number: config.serial_number.clone(),
            uuid: config.uuid.as_ref().map(uuid_text),
            host_name: config.host_name.clone(),
            host_name_private: config.host_name_private,
            agent_version: env!("CARGO_PKG_VERSION").into(),
            product: self.product.name.into(),
            size_profile: config.size_profile.map(|profile| profile.name.into()),
            license_type: self.license_type.name.into(),
            license_purpose: match self.license_type.purpose {
                LicensePurpose::Production => "production",
                LicensePurpose::Lab => "lab",
            }
            .into(),
            enforcement_mode: match self.product.enforcement {
                EnforcementMode::Provisioning => "provisioning",
                EnforcementMode::NewUse => "new-use",
                EnforcementMode::Advisory => "advisory",
            }
            .into(),
            signed_in: signed_in.collect(),
        }
    }

    /// Whether over-use is denied. The core publishes the limits; that they come from license
    /// control is what is said of them here.
    pub(crate) fn license_control(&self, status: &Status<'_>) -> report::LicenseControl {
        let production = self.license_type.purpose == LicensePurpose::Production;
        let applies = production && status.enrolment.is_some();
        report::LicenseControl { overage_allowed: status.overage_allowed, applies }
    }

    fn clock(&self, standing: ClockStanding) -> report::ClockStanding {
        use report::ClockStanding as Shown;
        match standing {
            ClockStanding::Ahead { until } => Shown::Ahead { until: self.unix(until) },
            ClockStanding::Behind { until } => Shown::Behind { until: self.unix(until) },
            ClockStanding::Ignored => Shown::Ignored,
            _ => Shown::Agreed,
        }
    }

    fn registration(&self, status: &Status<'_>) -> report::Registration {
        report::Registration {
            state: explain::name_of(&status.registration),
            enrolment: status.enrolment.map(|enrolment| self.enrolment(enrolment, status)),
            unregistered: status.unregistered.map(|reason| self.unregistered(reason)),
            certificate_ended: status.certificate_ended.and_then(|at| self.unix(at)),
            attempt: status.attempt.map(|attempt| report::Attempt {
                failure: attempt.failure.map(|failure| self.failure(failure)),
                retry: attempt.retry_at.and_then(|at| self.unix(at)),
                refused: attempt.refused,
            }),
        }
    }

    fn enrolment(&self, enrolment: &Enrolment, status: &Status<'_>) -> report::Enrolment {
        let (renewed, renewal_failure) = match enrolment.last_renewal {
            Some(Ok(at)) => (self.unix(at), None),
            Some(Err(failure)) => (None, Some(self.failure(failure))),
            None => (None, None),
        };
        report::Enrolment {
            instance: to_hex(&enrolment.instance.0),
            smart_account: enrolment.smart_account.as_str().into(),
            virtual_account: enrolment.virtual_account.as_str().into(),
            export_controlled_allowed: enrolment.export_controlled_allowed,
            registered: self.unix(enrolment.registered_at),
            renewed,
            renewal_failure,
            next_renewal: status.next_renewal.and_then(|at| self.upcoming(at, status)),
            expires: self.unix(enrolment.certificate_ends),
        }
    }

    fn unregistered(&self, reason: UnregisteredReason) -> report::Unregistered {
        let (reason, at, manager_told) = match reason {
            UnregisteredReason::Deregistered { manager_told, at } => {
                ("Deregistered", Some(at), Some(manager_told))
            }
            UnregisteredReason::Removed { why, at } => {
                let reason = match why {
                    Refusal::InstanceReplaced => "Replaced",
                    Refusal::CertificateExpired => "CertificateEnded",
                    _ => "Removed",
                };
                (reason, Some(at), None)
            }
            UnregisteredReason::ReservationCancelled { at } => {
                ("ReservationCancelled", Some(at), None)
            }
            UnregisteredReason::ReservationReturned { at } => {
                ("ReservationReturned", Some(at), None)
            }
            UnregisteredReason::ReservationRolledBack { at } => {
                ("ReservationRolledBack", Some(at), None)
            }
            _ => ("Never", None, None),
        };
        let at = at.and_then(|at| self.unix(at));
        report::Unregistered { reason: reason.into(), at, manager_told }
    }

    fn authorization(&self, status: &Status<'_>) -> report::Authorization {
        let (contact_succeeded, contact_failure) = match status.last_contact {
            Some(Ok(at)) => (self.unix(at), None),
            Some(Err(failure)) => (None, Some(self.failure(failure))),
            None => (None, None),
        };
        report::Authorization {
            state: self.state(status.authorization),
            answered: status.authorized_at.and_then(|at| self.unix(at)),
            contact_succeeded,
            contact_failure,
            in_contact: status.in_contact,
            next_contact: status.next_report.and_then(|at| self.upcoming(at, status)),
            deadline: status.deadline.and_then(|at| self.unix(at)),
        }
    }

    fn state(&self, state: AuthorizationState) -> report::AuthorizationState {
        use report::AuthorizationState as Shown;
        match state {
            AuthorizationState::Evaluation => Shown::Evaluation,
            AuthorizationState::EvaluationExpired => Shown::EvaluationExpired,
            AuthorizationState::Waiting => Shown::Waiting,
            AuthorizationState::Authorized => Shown::Authorized,
            AuthorizationState::OutOfCompliance { since, pending } => {
                Shown::OutOfCompliance { since: self.unix(since), pending }
            }
            AuthorizationState::AuthorizationExpired => Shown::AuthorizationExpired,
            AuthorizationState::Reserved => Shown::Reserved,
            AuthorizationState::NotAuthorizedReserved => Shown::NotAuthorizedReserved,
            _ => Shown::NoLicensesInUse,
        }
    }

    fn enforcement(&self, enforcement: Enforcement) -> report::Enforcement {
        match enforcement {
            Enforcement::None => report::Enforcement::None,
            Enforcement::Overage { reason, ends } => report::Enforcement::Overage {
                reason: explain::name_of(&reason),
                ends: self.unix(ends),
            },
            Enforcement::Enforced { reason, since } => report::Enforcement::Enforced {
                reason: explain::name_of(&reason),
                since: self.unix(since),
            },
        }
    }

    fn entitlements(&self) -> Vec<report::Entitlement> {
        let all = self.license_type.entitlements.iter().enumerate();
        all.filter_map(|(index, entitlement)| {
            let status = self.agent.entitlement(index)?;
            let reported = entitlement.reporting != Reporting::StoredOnly;
            let answer = status.answer.filter(|_| reported);
            Some(report::Entitlement {
                name: entitlement.name.into(),
                tag: entitlement.tag.into(),
                description: entitlement.description.into(),
                version: entitlement.version.into(),
                feature: self.feature_of(index).into(),
                chain: entitlement.chain,
                reporting: match entitlement.reporting {
                    Reporting::Peak => "peak",
                    Reporting::Presence => "presence",
                    Reporting::StoredOnly => "stored-only",
                }
                .into(),
                in_use: status.in_use,
                peak: status.peak,
                state: self.state(status.authorization),
                verdict: answer.map(|(verdict, _)| explain::name_of(&verdict)),
                owned: answer.map(|(_, owned)| owned),
                controlled: entitlement.controlled,
                configured_limit: status.configured_limit,
                limit: status.limit.map(limit),
            })
        })
        .collect()
    }

    /// The feature that consumes an entitlement.
    fn feature_of(&self, entitlement: usize) -> &str {
        let mut features = self.license_type.features.iter();
        let feature = features.find(|feature| usize::from(feature.entitlement) == entitlement);
        feature.map_or("", |feature| feature.name)
    }

    /// A failure with its explanation.
    pub(crate) fn failure(&self, failure: Failure) -> report::Failure {
        let explain::Explanation { cause, remedy } = explain::failure(failure.reason);
        let reason = explain::name_of(&failure.reason);
        report::Failure { at: self.unix(failure.at), reason, cause, remedy }
    }

    /// A moment that is to come: what is due already is due now.
    pub(crate) fn upcoming(&self, at: DeviceTime, status: &Status<'_>) -> Option<UnixSeconds> {
        self.unix(at.max(status.now))
    }

    fn unix(&self, at: DeviceTime) -> Option<UnixSeconds> {
        self.agent.unix(at).map(|time| time.as_secs())
    }
}

fn limit(limit: Limit) -> report::Limit {
    let set_by = match limit.set_by {
        LimitSource::Platform => "platform",
        LimitSource::Administrator => "administrator",
        LimitSource::Reservation => "reservation",
        _ => "account",
    };
    report::Limit { most: limit.most, set_by: set_by.into() }
}
