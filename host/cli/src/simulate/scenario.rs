//! What a scenario file says: who is licensed, by which rules, and what happens to them when.

mod step;

pub(super) use step::{Action, Amount, Purchase, Renewal, Step, TokenKind};

use super::crypto::StandIn;
use super::document::{self, Fault, Object, Value};
use leasehold_core::crypto::KeyHandle;
use leasehold_core::policy::{Policy, PolicyBounds};
use leasehold_core::product::{LicenseType, ProductDefinition};
use leasehold_core::products;
use leasehold_core::time::Duration;
use leasehold_manager::domain::overrides::{PolicyOverrides, period};

/// The key that the simulated product pins.
pub(super) const ROOT: KeyHandle = KeyHandle([1; 32]);

/// A scenario.
#[derive(Debug)]
pub(super) struct Scenario {
    /// The product, with the scenario's rules as its own.
    pub(super) product: ProductDefinition<'static>,
    pub(super) license_type: &'static LicenseType<'static>,
    /// What the account owns at the start.
    pub(super) owned: Vec<Amount>,
    pub(super) real_time_clock: bool,
    /// In the order of their times; equal times in the order of the file.
    pub(super) steps: Vec<Step>,
    /// When it ends, in seconds.
    pub(super) until: u32,
}

const KEYS: [&str; 7] = ["product", "license_type", "owned", "policy", "rtc", "steps", "until"];
/// Policy fields that say how often something is done: in less than a second nothing is.
const INTERVALS: [&str; 9] = [
    "report_interval",
    "authorization_renewal",
    "pending_report_interval",
    "breached_report_interval",
    "certificate_period",
    "certificate_renewal",
    "register_retry",
    "retry_first",
    "retry_max",
];
/// The longest scenario.
const LONGEST: Duration = Duration::from_days(36_500);
/// The licence that a license type of an appliance needs once, whatever is used.
const SERVER: &str = "server";

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// The first [`Fault`] found.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let scenario = Value::whole(text)?.object(&KEYS)?;
        let mut product = product(&scenario)?;
        let license_type = license_type(&scenario, &product)?;
        if let Some(policy) = scenario.get("policy") {
            product.policy = rules(policy, product.policy)?;
            // The definition's own rules: there is nothing that a manager could change.
            product.policy_bounds = PolicyBounds::fixed(product.policy);
        }
        let owned = owned(scenario.get("owned"), license_type)?;
        let real_time_clock = scenario.get("rtc").map_or(Ok(true), Value::flag)?;
        let steps = scenario.get("steps").map_or(Ok(Vec::new()), Value::list)?;
        let steps = steps.iter().map(|step| Step::parse(step, license_type));
        let mut steps = steps.collect::<Result<Vec<_>, _>>()?;
        steps.sort_by_key(|step| step.at);
        let until = end(scenario.require("until")?)?;
        Ok(Self { product, license_type, owned, real_time_clock, steps, until })
    }
}

/// The product that is named; the first that ships when none is.
fn product(scenario: &Object<'_>) -> Result<ProductDefinition<'static>, Fault> {
    let known = products::all(StandIn.public(&ROOT)).map(|product| (product.name, product));
    match (scenario.get("product"), known) {
        (None, [(_, first), ..]) => Ok(first),
        (Some(named), known) => named.choice(&known),
    }
}

/// The license type that is named; the one that a new device starts with when none is.
fn license_type(
    scenario: &Object<'_>,
    product: &ProductDefinition<'static>,
) -> Result<&'static LicenseType<'static>, Fault> {
    let types: &'static [LicenseType<'static>] = product.license_types;
    match (scenario.get("license_type"), types.first()) {
        (None, Some(first)) => Ok(first),
        _ => {
            let known: Vec<_> = types.iter().map(|one| (one.name, one)).collect();
            scenario.require("license_type")?.choice(&known)
        }
    }
}

/// `policy` with the fields that the scenario sets (SPEC X16) in place of its own.
fn rules(fields: &Value<'_>, policy: Policy) -> Result<Policy, Fault> {
    let set = |policy: Policy, field: &Value<'_>| {
        let key = serde_json::Value::from(field.key());
        let alone = format!("{{{key}:{}}}", field.raw());
        let overrides: PolicyOverrides = serde_json::from_str(&alone)
            .map_err(|error| field.told(document::without_place(&error)))?;
        if INTERVALS.contains(&field.key()) {
            span_from(field, 1)?;
        }
        if field.key() == "consecutive_reports" {
            field.number(1)?;
        }
        Ok(overrides.apply(policy))
    };
    fields.entries()?.iter().try_fold(policy, set)
}

/// What the account owns at the start: what is named, and the server licence if it is not.
fn owned(
    named: Option<&Value<'_>>,
    license_type: &'static LicenseType<'static>,
) -> Result<Vec<Amount>, Fault> {
    let mut owned = named.map_or(Ok(Vec::new()), |owned| step::amounts(owned, license_type, 0))?;
    let server = license_type.features.iter().find(|feature| feature.name == SERVER);
    if let Some(server) = server
        && !owned.iter().any(|amount| amount.feature == server.name)
    {
        owned.push(Amount { feature: server.name, n: 1 });
    }
    Ok(owned)
}

/// When a scenario ends: no device counts its time much further.
fn end(until: &Value<'_>) -> Result<u32, Fault> {
    let seconds = span(until)?;
    if seconds > LONGEST.as_secs() {
        return Err(until.fault("is too far away", "Give \"36500d\" at the most."));
    }
    Ok(seconds)
}

/// A time, in seconds: an integer and one unit.
fn span(value: &Value<'_>) -> Result<u32, Fault> {
    span_from(value, 0)
}

fn span_from(value: &Value<'_>, least: u32) -> Result<u32, Fault> {
    let text = value.text().ok();
    let read = text.as_deref().and_then(period).map(Duration::as_secs);
    match read.filter(|seconds| *seconds >= least) {
        Some(seconds) => Ok(seconds),
        None => Err(value.fault(
            "is not a time",
            format_args!(
                "Give an integer from {least} and one unit of s, m, h, d, such as \"90d\" or \"15m\"."
            ),
        )),
    }
}
