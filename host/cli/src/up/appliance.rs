//! The appliance: from nothing to registered, authorized and in use.

use super::step;
use crate::manager::Example;
use anyhow::{anyhow, bail};
use leasehold_core::crypto::PublicKey;
use leasehold_core::products::contact_center::Skill;
use leasehold_shim::client::Client;
use leasehold_shim::config::{Config, FILE};
use leasehold_shim::daemon::Daemon;
use leasehold_shim::protocol::{Outcome, Renewal};
use leasehold_shim::report::{AuthorizationState, Report};
use leasehold_shim::settings::{ManagerUrl, Pin, TransportChange, TransportKind, TrustChange};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

const SERIAL_NUMBER: &str = "CC-0001";
/// Who is at work when the appliance runs for the first time.
const PEOPLE: [(&str, &[Skill], bool); 4] = [
    ("ada", &[Skill::InboundVoice], false),
    ("bob", &[Skill::InboundVoice, Skill::OutboundDirectPreview], false),
    ("cleo", &[Skill::InboundVoice, Skill::Chat], false),
    ("dirk", &[Skill::InboundVoice], true),
];
/// How long each answer of the manager, which is in the same process, may take.
const WITHIN: Duration = Duration::from_secs(30);
/// How often the state is looked at while it is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Starts the appliance of the directory, for a vendor's root key.
pub(super) fn start(data: &Path, root: &PublicKey) -> anyhow::Result<Daemon> {
    let file = data.join(FILE);
    if !file.exists() {
        let root: String = root.bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = format!("serial_number = \"{SERIAL_NUMBER}\"\nroot = \"{root}\"\n");
        step("Setting up the appliance", fs::write(&file, text))?;
    }
    let config = step("Setting up the appliance", Config::load(data, None, None))?;
    step("Starting the appliance", Daemon::start(config))
}

/// Points it to the manager, signs people in if it is new, registers it if it is not registered,
/// and waits for the manager's answer.
pub(super) fn bring_into_use(
    data: &Path,
    manager: &str,
    certificate: &Path,
    example: &Example,
) -> anyhow::Result<Report> {
    let mut appliance = step("Speaking to the appliance", Client::connect(data))?;
    let change = TransportChange {
        kind: Some(TransportKind::Direct),
        url: Some(ManagerUrl::parse(manager).map_err(|problem| anyhow!("{problem}."))?),
        trust: Some(TrustChange::Pin(pin(certificate)?)),
        proxy: None,
    };
    step("Pointing the appliance to the manager", appliance.set_transport(change))?;
    let before = step("Speaking to the appliance", appliance.status())?;
    if is_new(&before) {
        for (name, skills, supervisor) in PEOPLE {
            let skills: Vec<String> = skills.iter().map(|skill| skill.name().to_owned()).collect();
            step("Signing people in", appliance.login(name, &skills, supervisor))?;
        }
    }
    if before.reservation.enabled {
        // It gets its licences by codes, and asks nobody.
        return Ok(before);
    }
    if before.registration.enrolment.is_some() {
        let outcome = step("Reporting", appliance.renew(Renewal::Authorization, WITHIN))?;
        succeeded("Reporting", outcome)?;
    } else {
        let token = step("Making a token", example.token())?;
        // An instance that is left from before is replaced.
        let outcome = step("Registering", appliance.register(&token, true, WITHIN))?;
        succeeded("Registering", outcome)?;
    }
    answered(&mut appliance)
}

/// Never registered, and nobody has worked with it.
fn is_new(report: &Report) -> bool {
    let registration = &report.registration;
    registration.unregistered.as_ref().is_some_and(|reason| reason.reason == "Never")
        && report.device.signed_in.is_empty()
}

fn pin(certificate: &Path) -> anyhow::Result<Pin> {
    let der =
        step("Reading the manager's certificate", CertificateDer::from_pem_file(certificate))?;
    Ok(Pin(Sha256::digest(&der).into()))
}

fn succeeded(what: &str, outcome: Outcome) -> anyhow::Result<()> {
    match outcome {
        Outcome::Succeeded => Ok(()),
        Outcome::Refused { failure } | Outcome::Retrying { failure, .. } => {
            bail!("{what} failed: {} {}", failure.cause, failure.remedy)
        }
        _ => bail!("{what} failed: the manager did not answer in time. Look at its log."),
    }
}

/// Waits until the manager has said whether the use is covered.
fn answered(appliance: &mut Client) -> anyhow::Result<Report> {
    let began = Instant::now();
    loop {
        let report = step("Waiting for the authorization", appliance.status())?;
        if report.authorization.state != AuthorizationState::Waiting {
            return Ok(report);
        }
        if began.elapsed() > WITHIN {
            bail!("The manager did not answer the first report in time. Look at its log.");
        }
        thread::sleep(LOOK_EVERY);
    }
}
