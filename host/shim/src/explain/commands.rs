//! Why a command was not carried out.

use crate::problem::Problem;
use leasehold_core::agent::CommandError;
use leasehold_core::counters::{CountError, Counters, Limit, LimitSource};
use leasehold_core::product::{LicensePurpose, LicenseType, ProductDefinition};
use leasehold_core::products::contact_center::SignInRefused;
use leasehold_core::token::{TOKEN_LENGTH, TokenError};

/// Why the agent did not take a command. Nothing has changed then.
pub fn command(error: CommandError) -> Problem {
    match error {
        CommandError::NotReady => Problem::new(
            "not-ready",
            "The appliance is still starting.",
            "Give the command again in a moment.",
        ),
        CommandError::Token(error) => token(error),
        CommandError::AlreadyRegistered => Problem::new(
            "already-registered",
            "This appliance is registered already.",
            "To register it again, for instance in another account, add `force`.",
        ),
        CommandError::NotRegistered => Problem::new(
            "not-registered",
            "This appliance is not registered.",
            "Register it first: `license smart register idtoken -`.",
        ),
        CommandError::RegistrationInProgress => Problem::new(
            "registration-in-progress",
            "A registration is waiting for the manager's answer.",
            "Wait for it to end, or drop it with `license smart deregister`.",
        ),
        CommandError::KeyUnusable => Problem::new(
            "key-unusable",
            "The appliance's key store has no room for another key.",
            "Free a place in the key store, then register again.",
        ),
        CommandError::UnknownLicenseType => Problem::new(
            "unknown-license-type",
            "This product has no such license type.",
            "Choose one that the product has.",
        ),
        CommandError::LicenseTypeInForce => Problem::new(
            "license-type-in-force",
            "The license type cannot change while the appliance is registered or registering.",
            "Leave the account with `license smart deregister`, then choose the license type and \
             register again.",
        ),
        CommandError::LicensesInUse => Problem::new(
            "licenses-in-use",
            "The license type cannot change while licences are in use.",
            "Release them, then choose the license type.",
        ),
        CommandError::UnknownFeature => Problem::new(
            "unknown-feature",
            "The license type has no such feature.",
            "Choose one that the license type has.",
        ),
        CommandError::NotControlled => Problem::new(
            "not-controlled",
            "This feature is no field of license control under this license type.",
            "Limit one that is; `show license status` lists them.",
        ),
        CommandError::ReservationHeld
        | CommandError::ReservationEnabled
        | CommandError::ReservationNotEnabled
        | CommandError::RegisteredOrRegistering
        | CommandError::NoRequest
        | CommandError::NothingInstalled
        | CommandError::Code(_)
        | CommandError::Grant(_)
        | CommandError::TooManyLines
        | CommandError::TermsEnded => super::reservation(error, ""),
        _ => unknown_refusal(),
    }
}

/// For reasons that a newer core may have.
pub(super) fn unknown_refusal() -> Problem {
    Problem::new(
        "refused",
        "The command cannot be carried out now, for a reason this version has no words for.",
        "Update the appliance's licensing software.",
    )
}

/// Why the agent did not take a command about the license type or the feature that was called
/// `name`, with the names there are.
pub fn choice(
    error: CommandError,
    name: &str,
    product: &ProductDefinition<'_>,
    license_type: &LicenseType<'_>,
) -> Problem {
    let of_type = license_type.name;
    match error {
        CommandError::UnknownLicenseType => {
            let names = product.license_types.iter().map(|known| known.name);
            Problem::new(
                "unknown-license-type",
                format!("{} has no license type {name:?}.", product.name),
                format!("Its license types are {}.", list(names)),
            )
        }
        CommandError::UnknownFeature => unknown_feature(name, license_type),
        CommandError::NotControlled => {
            let controlled = license_type.features.iter().filter(|feature| {
                let entitlement = license_type.entitlement(feature.entitlement.into());
                entitlement.is_some_and(|entitlement| entitlement.controlled)
            });
            let names = list(controlled.map(|feature| feature.name));
            let remedy = match license_type.purpose {
                LicensePurpose::Production => format!("Limit one of {names}."),
                LicensePurpose::Lab => "License types for a laboratory have no limits.".into(),
            };
            let cause = format!("License control cannot limit {name} under {of_type}.");
            Problem::new("not-controlled", cause, remedy)
        }
        other => command(other),
    }
}

/// Why nobody can sign in so under the license type of that name.
pub fn sign_in(refused: SignInRefused, license_type: &str) -> Problem {
    match refused {
        SignInRefused::InboundVoiceOnly { skill } => Problem::new(
            "inbound-voice-only",
            format!("{license_type} allows inbound voice only, and {} is not that.", skill.name()),
            "Sign in without that skill, or choose another license type while unregistered.",
        ),
        SignInRefused::NoAgents => Problem::new(
            "no-agents",
            format!("{license_type} has no agents who sign in."),
            "Take its licences with `acquire`; `show license status` names them.",
        ),
    }
}

fn token(error: TokenError) -> Problem {
    let copy = "Copy the whole token from the license manager and paste it again.";
    let (cause, remedy) = match error {
        TokenError::NotAToken => (
            "This is not a registration token: those begin with LHT.".into(),
            "Copy the token itself from the license manager, not its name or its id.",
        ),
        TokenError::WrongLength(count) => (
            format!(
                "The token has {} characters and should have {TOKEN_LENGTH}.",
                count.saturating_add(TOKEN_PREFIX)
            ),
            copy,
        ),
        TokenError::BadCharacter(place) => {
            (format!("The token's character {place} cannot occur in a token."), copy)
        }
        TokenError::Mistyped => {
            ("A character of the token is wrong, or two are swapped.".into(), copy)
        }
    };
    Problem::new("bad-token", cause, remedy)
}

/// Characters of a token before those that are counted in [`TokenError::WrongLength`].
const TOKEN_PREFIX: usize = 3;

/// Why `feature` was not acquired or released.
pub fn count<const N: usize>(
    error: CountError,
    feature: &str,
    counters: &Counters<'_, N>,
) -> Problem {
    let license_type = counters.license_type();
    match error {
        CountError::UnknownFeature => unknown_feature(feature, license_type),
        CountError::NotAcquired { in_use } => Problem::new(
            "not-acquired",
            format!("Only {in_use} of {feature} are in use."),
            "Release at most as many as were acquired.",
        ),
        CountError::Denied { entitlement, limit } => {
            denied(entitlement, limit, license_type, at_or_above(counters, entitlement.into()))
        }
        CountError::Overflow => Problem::new(
            "too-many",
            format!("So many of {feature} cannot be counted."),
            "Acquire fewer, or release some first.",
        ),
    }
}

fn unknown_feature(feature: &str, license_type: &LicenseType<'_>) -> Problem {
    Problem::new(
        "unknown-feature",
        format!("{} has no feature {feature:?}.", license_type.name),
        format!("Its features are {}.", features(license_type)),
    )
}

/// How many of an entitlement and its higher tiers are in use (SPEC C2).
pub(crate) fn at_or_above<const N: usize>(counters: &Counters<'_, N>, entitlement: usize) -> u32 {
    let entitlements = counters.license_type().entitlements;
    let chain = entitlements.get(entitlement).and_then(|own| own.chain);
    let above = entitlements.iter().skip(entitlement.saturating_add(1));
    let higher = above.take_while(|tier| chain.is_some() && tier.chain == chain).count();
    let in_use = counters.counts().in_use;
    let tiers = in_use.iter().skip(entitlement).take(higher.saturating_add(1));
    tiers.fold(0, |sum, &in_use| sum.saturating_add(in_use))
}

/// Names the entitlement, the limit and who set it (SPEC C6).
fn denied(entitlement: u8, limit: Limit, license_type: &LicenseType<'_>, in_use: u32) -> Problem {
    let index = usize::from(entitlement);
    let known = license_type.entitlement(index);
    let name = known.map_or("this licence", |known| known.name);
    // A limit holds for the tiers above too (SPEC C2).
    let above = license_type.entitlement(index.saturating_add(1));
    let chain = known.and_then(|known| known.chain);
    let tiers = chain.is_some() && above.is_some_and(|above| above.chain == chain);
    let what = if tiers { " and higher tiers together are" } else { " is" };
    let (set_by, remedy) = match limit.set_by {
        LimitSource::Platform => (
            "which the size of this appliance sets",
            "Release some first, or move to a larger appliance.",
        ),
        LimitSource::Administrator => (
            "which an administrator set",
            "Release some first, raise the limit with `license smart control limit`, or allow \
             over-use with `license smart control overage on`.",
        ),
        LimitSource::Reservation => (
            "which is what is reserved for this appliance",
            "Release some first, or reserve more at the license manager and install the new \
             authorization.",
        ),
        _ => (
            "which is what the account owns, and over-use is switched off",
            "Release some first, buy more, or allow over-use with \
             `license smart control overage on`.",
        ),
    };
    if limit == (Limit { most: 0, set_by: LimitSource::Reservation }) {
        return Problem::new(
            "denied",
            format!("No {name} is reserved for this appliance, and {in_use} are in use."),
            "Reserve some at the license manager, and install the new authorization.",
        );
    }
    let most = limit.most;
    let cause = format!("{name}{what} limited to {most}, {set_by}; {in_use} are in use.");
    Problem::new("denied", cause, remedy)
}

fn features(license_type: &LicenseType<'_>) -> String {
    list(license_type.features.iter().map(|feature| feature.name))
}

fn list<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use leasehold_core::crypto::{Algorithm, PublicKey};
    use leasehold_core::products::contact_center::{self, FLEX, Skill};

    #[test]
    fn every_command_error_has_a_cause_and_a_remedy() {
        let counters = Counters::<8>::new(&FLEX);
        let tokens = [
            TokenError::NotAToken,
            TokenError::WrongLength(7),
            TokenError::BadCharacter(9),
            TokenError::Mistyped,
        ];
        let others = [
            CommandError::NotReady,
            CommandError::AlreadyRegistered,
            CommandError::NotRegistered,
            CommandError::RegistrationInProgress,
            CommandError::KeyUnusable,
            CommandError::UnknownLicenseType,
            CommandError::LicenseTypeInForce,
            CommandError::LicensesInUse,
            CommandError::UnknownFeature,
            CommandError::NotControlled,
        ];
        let limits = [
            LimitSource::Platform,
            LimitSource::Administrator,
            LimitSource::Account,
            LimitSource::Reservation,
        ];
        let denied = limits
            .map(|set_by| CountError::Denied { entitlement: 0, limit: Limit { most: 50, set_by } });
        let counts = [
            CountError::UnknownFeature,
            CountError::NotAcquired { in_use: 2 },
            CountError::Overflow,
        ];
        let sign_ins =
            [SignInRefused::NoAgents, SignInRefused::InboundVoiceOnly { skill: Skill::Chat }];
        let problems: Vec<Problem> = tokens
            .into_iter()
            .map(CommandError::Token)
            .chain(others)
            .map(command)
            .chain(counts.into_iter().chain(denied).map(|error| count(error, "seat", &counters)))
            .chain(sign_ins.map(|refused| sign_in(refused, "ip-ivr")))
            .collect();
        for problem in &problems {
            assert!(problem.cause.ends_with('.') && problem.remedy.ends_with('.'), "{problem}");
            assert!(!problem.cause.contains("no words") && !problem.code.is_empty(), "{problem}");
            assert!(!problem.cause.contains('{') && !problem.cause.contains('('), "{problem}");
        }
        let mut causes: Vec<&str> = problems.iter().map(|problem| problem.cause.as_str()).collect();
        causes.sort_unstable();
        causes.dedup();
        assert_eq!(causes.len(), problems.len());
        assert!(command(CommandError::Token(TokenError::WrongLength(7))).cause.contains("10"));
    }

    #[test]
    fn a_denied_acquire_names_the_entitlement_the_limit_and_who_set_it() {
        let counters = Counters::<8>::new(&FLEX);
        for (feature, n) in [("standard-seat", 4), ("premium-seat", 3), ("inbound-port", 9)] {
            counters.acquire(counters.feature(feature).unwrap(), n).unwrap();
        }
        let denied = |entitlement, most, set_by| {
            let limit = Limit { most, set_by };
            count(CountError::Denied { entitlement, limit }, "standard-seat", &counters)
        };
        let platform = denied(0, 400, LimitSource::Platform);
        assert_eq!(
            platform.cause,
            "CC Flex Standard Seat and higher tiers together are limited to 400, which the size \
             of this appliance sets; 7 are in use."
        );
        let administrator = denied(1, 10, LimitSource::Administrator);
        assert_eq!(
            administrator.cause,
            "CC Flex Premium Seat is limited to 10, which an administrator set; 3 are in use."
        );
        assert!(administrator.remedy.contains("`license smart control limit`"));
        let account = denied(1, 10, LimitSource::Account);
        assert!(account.cause.contains("limited to 10, which is what the account owns"));
        assert!(account.remedy.contains("buy more") && account.code == "denied");
        let none = denied(1, 0, LimitSource::Reservation);
        assert_eq!(
            none.cause,
            "No CC Flex Premium Seat is reserved for this appliance, and 3 are in use."
        );
        assert!(!none.remedy.contains("Release"), "there is nothing to release: {none}");
    }

    #[test]
    fn what_was_chosen_wrongly_is_told_with_what_there_is() {
        let root = PublicKey { algorithm: Algorithm::Ed25519, bytes: [0; 32] };
        let product = contact_center::definition(root);
        let choice = |error, name| choice(error, name, &product, &FLEX);
        let unknown = choice(CommandError::UnknownLicenseType, "flexi");
        assert!(unknown.cause.contains("\"flexi\""), "{unknown}");
        assert!(unknown.remedy.contains("flex, perpetual-premium, perpetual-enhanced, ip-ivr"));
        let feature = choice(CommandError::UnknownFeature, "sofa");
        assert!(feature.cause.contains("sofa") && feature.remedy.contains("premium-seat"));
        let stored = choice(CommandError::NotControlled, "inbound-port");
        assert_eq!(stored.remedy, "Limit one of standard-seat, premium-seat.");
        let error = CommandError::NotControlled;
        let lab = super::choice(error, "premium-seat", &product, &contact_center::NON_PRODUCTION);
        assert!(lab.remedy.contains("laboratory"), "{lab}");
        assert_eq!(choice(CommandError::LicensesInUse, "flex").code, "licenses-in-use");
    }
}
