//! One step of a scenario: when, and what.

use super::span;
use crate::simulate::document::{Fault, Value, one_of};
use leasehold_core::product::LicenseType;
use leasehold_core::products::contact_center::Skill;
use leasehold_manager::domain::overrides::period;
use std::iter;

/// Something that happens at a time.
#[derive(Clone, Debug)]
pub(in crate::simulate) struct Step {
    /// When, in seconds.
    pub(in crate::simulate) at: u32,
    /// Its key in the file.
    pub(in crate::simulate) name: &'static str,
    /// What stands under its key, on one line.
    pub(in crate::simulate) text: String,
    pub(in crate::simulate) action: Action,
}

/// What happens.
#[derive(Clone, Debug)]
pub(in crate::simulate) enum Action {
    Register {
        token: TokenKind,
        force: bool,
    },
    Deregister,
    RemoveInstance,
    RevokeToken,
    Clone,
    FactoryReset,
    Install,
    Return,
    Renew(Renewal),
    /// Whether the manager can be reached.
    Network(bool),
    /// The power goes for so many seconds.
    Reboot {
        off_for: u32,
    },
    /// The real-time clock is set ahead by so many seconds, or back when they are negative.
    Clock(i64),
    Acquire(Amount),
    Release(Amount),
    Buy(Vec<Purchase>),
    ExpireTerm(Vec<Amount>),
    Reserve(Vec<Amount>),
    Login {
        name: String,
        skills: Vec<Skill>,
        supervisor: bool,
    },
    Logout {
        name: String,
    },
    /// Whether more than the limits may be used.
    OverageAllowance(bool),
    Limit(Vec<Amount>),
}

/// What the token of a registration is like.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::simulate) enum TokenKind {
    Valid,
    Bad,
    Expired,
    UsedUp,
    Revoked,
}

/// What is renewed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::simulate) enum Renewal {
    Authorization,
    Certificate,
}

/// So many of a feature, for ever or for a term.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::simulate) struct Purchase {
    pub(in crate::simulate) amount: Amount,
    /// How long they last, in seconds; `None` for ever.
    pub(in crate::simulate) term: Option<u32>,
}

/// So many of a feature.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::simulate) struct Amount {
    pub(in crate::simulate) feature: &'static str,
    pub(in crate::simulate) n: u32,
}

type License = &'static LicenseType<'static>;
type Read = fn(&Value<'_>, License) -> Result<Action, Fault>;

const AT: &str = "at";
/// What can happen, by its key.
const ACTIONS: [(&str, Read); 21] = [
    ("register", |action, _| register(action)),
    ("deregister", |action, _| action.nothing().map(|()| Action::Deregister)),
    ("remove_instance", |action, _| action.nothing().map(|()| Action::RemoveInstance)),
    ("revoke_token", |action, _| action.nothing().map(|()| Action::RevokeToken)),
    ("clone", |action, _| action.nothing().map(|()| Action::Clone)),
    ("factory_reset", |action, _| action.nothing().map(|()| Action::FactoryReset)),
    ("install", |action, _| action.nothing().map(|()| Action::Install)),
    ("return", |action, _| action.nothing().map(|()| Action::Return)),
    ("renew", |action, _| action.choice(&RENEWALS).map(Action::Renew)),
    ("network", |action, _| action.choice(&[("down", false), ("up", true)]).map(Action::Network)),
    ("reboot", |action, _| reboot(action)),
    ("clock", |action, _| signed_span(action).map(Action::Clock)),
    ("acquire", |action, license| amount(action, license).map(Action::Acquire)),
    ("release", |action, license| amount(action, license).map(Action::Release)),
    ("buy", |action, license| purchases(action, license).map(Action::Buy)),
    ("expire_term", |action, license| some(action, license).map(Action::ExpireTerm)),
    ("reserve", |action, license| some(action, license).map(Action::Reserve)),
    ("login", |action, _| login(action)),
    ("logout", |action, _| logout(action)),
    ("overage_allowance", |action, _| {
        action.choice(&[("on", true), ("off", false)]).map(Action::OverageAllowance)
    }),
    ("limit", |action, license| limits(action, license).map(Action::Limit)),
];

/// The longest name of a sign-in, in bytes.
const NAME_MAX: usize = 64;

const RENEWALS: [(&str, Renewal); 2] =
    [("auth", Renewal::Authorization), ("id", Renewal::Certificate)];
const TOKENS: [(&str, TokenKind); 5] = [
    ("valid", TokenKind::Valid),
    ("bad", TokenKind::Bad),
    ("expired", TokenKind::Expired),
    ("used-up", TokenKind::UsedUp),
    ("revoked", TokenKind::Revoked),
];

impl Step {
    /// Reads a step of a device with this license type.
    pub(super) fn parse(step: &Value<'_>, license: License) -> Result<Self, Fault> {
        let actions = || ACTIONS.iter().map(|(name, _)| *name);
        let keys: Vec<&str> = iter::once(AT).chain(actions()).collect();
        let step = step.object(&keys)?;
        let at = span(step.require(AT)?)?;
        let mut given =
            ACTIONS.iter().filter_map(|(name, read)| Some((*name, read, step.get(name)?)));
        let Some((name, read, value)) = given.next() else {
            return Err(step.fault("has a time and nothing to do", one_of(actions())));
        };
        if let Some((_, _, other)) = given.next() {
            return Err(other.fault(
                format_args!("stands in one step with `{name}`"),
                "Give it a step of its own; steps of one time run in the order of the file.",
            ));
        }
        let words: Vec<&str> = value.raw().split_whitespace().collect();
        Ok(Self { at, name, text: words.join(" "), action: read(value, license)? })
    }

    /// Whether it needs a device that is on.
    pub(in crate::simulate) const fn needs_device(&self) -> bool {
        !matches!(
            self.action,
            Action::Network(_)
                | Action::Buy(_)
                | Action::ExpireTerm(_)
                | Action::RevokeToken
                | Action::RemoveInstance
        )
    }
}

fn register(action: &Value<'_>) -> Result<Action, Fault> {
    let register = action.object(&["token", "force"])?;
    let token = register.require("token")?.choice(&TOKENS)?;
    let force = register.get("force").map_or(Ok(false), Value::flag)?;
    Ok(Action::Register { token, force })
}

fn login(action: &Value<'_>) -> Result<Action, Fault> {
    let login = action.object(&["name", "skills", "supervisor"])?;
    let name = name_of(login.require("name")?)?;
    let known = Skill::ALL.map(|skill| (skill.name(), skill));
    let skills = login.get("skills").map_or(Ok(Vec::new()), Value::list)?;
    let skills = skills.iter().map(|skill| skill.choice(&known)).collect::<Result<_, _>>()?;
    let supervisor = login.get("supervisor").map_or(Ok(false), Value::flag)?;
    Ok(Action::Login { name, skills, supervisor })
}

fn logout(action: &Value<'_>) -> Result<Action, Fault> {
    let name = name_of(action.object(&["name"])?.require("name")?)?;
    Ok(Action::Logout { name })
}

/// The name of somebody who signs in, as an appliance takes it: it is printed to a terminal.
fn name_of(name: &Value<'_>) -> Result<String, Fault> {
    let text = name.text()?;
    if text.is_empty() || text.len() > NAME_MAX || text.chars().any(char::is_control) {
        return Err(name.fault(
            "is empty, too long, or holds control characters",
            format_args!("Give a name of 1 to {NAME_MAX} bytes."),
        ));
    }
    Ok(text)
}

fn reboot(action: &Value<'_>) -> Result<Action, Fault> {
    let off_for = span(action.object(&["off_for"])?.require("off_for")?)?;
    Ok(Action::Reboot { off_for })
}

/// A feature and how many of it.
fn amount(action: &Value<'_>, license: License) -> Result<Amount, Fault> {
    let amount = action.object(&["feature", "n"])?;
    let known: Vec<_> = license.features.iter().map(|one| (one.name, one.name)).collect();
    let feature = amount.require("feature")?.choice(&known)?;
    Ok(Amount { feature, n: amount.require("n")?.number(1)? })
}

/// Features, and at least one of each.
fn some(value: &Value<'_>, license: License) -> Result<Vec<Amount>, Fault> {
    amounts(value, license, 1)
}

/// Features, and how many of each are bought: a number, or `{"n": 5, "for": "200d"}`.
fn purchases(value: &Value<'_>, license: License) -> Result<Vec<Purchase>, Fault> {
    of_features(value, license, |feature, value| {
        if !value.raw().starts_with('{') {
            let amount = Amount { feature, n: value.number(1)? };
            return Ok(Purchase { amount, term: None });
        }
        let purchase = value.object(&["n", "for"])?;
        let amount = Amount { feature, n: purchase.require("n")?.number(1)? };
        Ok(Purchase { amount, term: purchase.get("for").map(span).transpose()? })
    })
}

/// Features and their limits; nothing at all may be one.
fn limits(value: &Value<'_>, license: License) -> Result<Vec<Amount>, Fault> {
    amounts(value, license, 0)
}

/// Features, and how many of each, at least `least`.
pub(super) fn amounts(
    value: &Value<'_>,
    license: License,
    least: u32,
) -> Result<Vec<Amount>, Fault> {
    of_features(value, license, |feature, value| value.number(least).map(|n| Amount { feature, n }))
}

/// What stands under each feature, in their order in the license type.
fn of_features<T>(
    value: &Value<'_>,
    license: License,
    read: impl Fn(&'static str, &Value<'_>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let features: Vec<&'static str> = license.features.iter().map(|one| one.name).collect();
    let given = value.object(&features)?;
    let one = |feature| Some(read(feature, given.get(feature)?));
    features.into_iter().filter_map(one).collect()
}

/// A span with its sign, in seconds.
fn signed_span(value: &Value<'_>) -> Result<i64, Fault> {
    let text = value.text().unwrap_or_default();
    let signed = match (text.strip_prefix('-'), text.strip_prefix('+')) {
        (Some(back), _) => period(back).map(|span| -i64::from(span.as_secs())),
        (None, Some(ahead)) => period(ahead).map(|span| i64::from(span.as_secs())),
        (None, None) => None,
    };
    signed.ok_or_else(|| {
        value.fault(
            "is not a step of a clock",
            "Give a sign, an integer and one unit of s, m, h, d, such as \"-30d\" or \"+400d\".",
        )
    })
}
