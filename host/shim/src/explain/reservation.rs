//! Why a step of a reservation is not taken, or not done yet.

use super::commands::unknown_refusal;
use super::events::entitlement_name;
use super::{Words, code, command, grant, time_text};
use crate::problem::Problem;
use leasehold_core::agent::CommandError;
use leasehold_core::code::CodeKind;
use leasehold_core::time::DeviceTime;

/// Why the agent did not take a step of a reservation; `pasted` is the code that was given with it.
/// Nothing has changed then.
pub fn reservation(error: CommandError, pasted: &str) -> Problem {
    match error {
        CommandError::ReservationHeld => Problem::new(
            "reservation-held",
            "Licences are reserved for this appliance, or were asked for with a request code.",
            "Return what is installed with `license smart reservation return`, or drop the request \
             with `license smart reservation cancel`, then give the command again.",
        ),
        CommandError::ReservationEnabled => Problem::new(
            "reservation-enabled",
            "This appliance gets its licences by codes: reservation is enabled.",
            "To register it at a license manager, give `license smart reservation disable` first.",
        ),
        CommandError::ReservationNotEnabled => Problem::new(
            "reservation-not-enabled",
            "This appliance gets its licences from a license manager: reservation is not enabled.",
            "Give `license smart reservation enable` first.",
        ),
        CommandError::RegisteredOrRegistering => Problem::new(
            "registered",
            "This appliance is registered, or a registration is under way: it cannot be reserved.",
            "Leave the account with `license smart deregister`, then enable reservation.",
        ),
        CommandError::NoRequest => Problem::new(
            "no-request",
            "No licences were asked for: there is nothing to install, to cancel or to return.",
            "Make a request code with `license smart reservation request specific`; the last return \
             code is in `show license reservation`.",
        ),
        CommandError::NothingInstalled => Problem::new(
            "nothing-installed",
            "No authorization is installed, so there is nothing to return.",
            "Drop the request with `license smart reservation cancel`.",
        ),
        CommandError::Code(error) => code(error, CodeKind::Authorization, pasted),
        CommandError::Grant(error) => grant(error),
        CommandError::TooManyLines => Problem::new(
            "too-many-terms",
            "The authorization has more terms than this appliance has room for.",
            "Choose fewer different terms at the license manager.",
        ),
        CommandError::TermsEnded => Problem::new(
            "terms-ended",
            "By the appliance's clock, every term in the authorization has ended.",
            "Check the clock; if it is right, return this authorization with `license smart \
             reservation return authorization`, and reserve licences that run.",
        ),
        CommandError::NotReady => command(error),
        _ => unknown_refusal(),
    }
}

/// Licences of one kind that are fewer under a new authorization.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fewer {
    /// Index of the entitlement.
    pub entitlement: u8,
    /// From when on.
    pub from: DeviceTime,
    /// How many there would be then by the old authorization.
    pub old: u32,
    /// And by the new one.
    pub new: u32,
}

/// Licences of one kind of which more are in use than a new authorization reserves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Uncovered {
    /// Index of the entitlement.
    pub entitlement: u8,
    /// How many of it and its higher tiers are in use.
    pub in_use: u32,
    /// How many of these are reserved.
    pub reserved: u32,
}

/// That an authorization takes licences away, or does not cover what is in use until more is denied
/// at `ends`, which has to be said to be wanted.
pub fn unwanted(
    fewer: &[Fewer],
    uncovered: &[Uncovered],
    now: DeviceTime,
    ends: Option<DeviceTime>,
    words: &Words<'_>,
) -> Problem {
    let taken = (!fewer.is_empty()).then(|| takes_away(fewer, now, words));
    let short = (!uncovered.is_empty()).then(|| not_covered(uncovered, ends, words));
    let code = if taken.is_some() { "takes-away" } else { "not-covered" };
    let cause: Vec<String> = taken.into_iter().chain(short).collect();
    Problem::new(
        code,
        cause.join(" "),
        "Add --yes to install it all the same, or return it with `license smart reservation return \
         authorization`.",
    )
}

fn not_covered(uncovered: &[Uncovered], ends: Option<DeviceTime>, words: &Words<'_>) -> String {
    let one = |&Uncovered { entitlement, in_use, reserved }: &Uncovered| {
        let name = entitlement_name(words, entitlement);
        format!("{in_use} {name} are in use and {reserved} would be reserved")
    };
    let all: Vec<String> = uncovered.iter().map(one).collect();
    let until = ends.map(|ends| {
        let ends = time_text((words.unix)(ends));
        format!("; everything works until {ends}, then provisioning is refused")
    });
    format!("It does not cover the use: {}{}.", all.join(", "), until.unwrap_or_default())
}

fn takes_away(fewer: &[Fewer], now: DeviceTime, words: &Words<'_>) -> String {
    let one = |&Fewer { entitlement, from, old, new }: &Fewer| {
        let name = entitlement_name(words, entitlement);
        let when = if from > now {
            format!(" from {} on", time_text((words.unix)(from)))
        } else {
            String::new()
        };
        format!("{new} {name} instead of {old}{when}")
    };
    let all: Vec<String> = fewer.iter().map(one).collect();
    format!("This authorization takes licences away: {}.", all.join(", "))
}

/// That a step was taken and could not be stored.
pub fn step_not_stored() -> Problem {
    Problem::new(
        "not-stored",
        "The step is taken but cannot be stored, and no code is shown before it is.",
        "Check the data directory's space and permissions; then `show license reservation` shows the \
         code.",
    )
}

/// That a code is not shown, because the platform's counter does not know yet what it promises.
pub fn code_held_back(trouble: &Problem) -> Problem {
    Problem::new(
        "code-held-back",
        format!("The step is taken, but its code is held back. {}", trouble.cause),
        format!("{} Then `show license reservation` shows the code.", trouble.remedy),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use leasehold_core::code::{CodeError, GrantError};
    use leasehold_core::products::contact_center::FLEX;
    use leasehold_core::time::UnixTime;

    #[test]
    fn every_step_that_is_refused_has_a_cause_and_a_remedy() {
        let errors = [
            CommandError::NotReady,
            CommandError::ReservationHeld,
            CommandError::ReservationEnabled,
            CommandError::ReservationNotEnabled,
            CommandError::RegisteredOrRegistering,
            CommandError::NoRequest,
            CommandError::NothingInstalled,
            CommandError::Code(CodeError::NotACode),
            CommandError::Grant(GrantError::OtherDevice),
            CommandError::TooManyLines,
            CommandError::TermsEnded,
        ];
        let problems = errors.map(|error| reservation(error, ""));
        let mut causes: Vec<&str> = problems.iter().map(|problem| &*problem.cause).collect();
        for (error, problem) in errors.into_iter().zip(&problems) {
            assert!(problem.cause.ends_with('.') && problem.remedy.ends_with('.'), "{problem}");
            assert!(!problem.cause.contains("no words"), "{problem}");
            assert_eq!(&command(error), problem, "both say the same");
        }
        causes.sort_unstable();
        causes.dedup();
        assert_eq!(causes.len(), problems.len());
    }

    #[test]
    fn what_is_taken_away_is_named_with_how_many_and_from_when_on() {
        let now = DeviceTime::from_secs(100);
        let unix =
            |at: DeviceTime| Some(UnixTime::from_secs(1_800_000_000 + u64::from(at.as_secs())));
        let words = Words { license_type: &FLEX, unix: &unix };
        let later = DeviceTime::from_secs(86_400);
        let fewer = [
            Fewer { entitlement: 0, from: now, old: 7, new: 5 },
            Fewer { entitlement: 1, from: later, old: 2, new: 0 },
        ];
        let taken = "This authorization takes licences away: 5 CC Flex Standard Seat instead of 7, \
                     0 CC Flex Premium Seat instead of 2 from 2027-01-16 08:00 UTC on.";
        let only = unwanted(&fewer, &[], now, None, &words);
        assert_eq!((only.code.as_str(), only.cause.as_str()), ("takes-away", taken));
        let uncovered = [Uncovered { entitlement: 1, in_use: 2, reserved: 0 }];
        let short = "It does not cover the use: 2 CC Flex Premium Seat are in use and 0 would be \
                     reserved; everything works until 2027-01-16 08:00 UTC, then provisioning is \
                     refused.";
        let only = unwanted(&[], &uncovered, now, Some(later), &words);
        assert_eq!((only.code.as_str(), only.cause.as_str()), ("not-covered", short));
        let both = unwanted(&fewer, &uncovered, now, Some(later), &words);
        assert_eq!((both.code, both.cause), ("takes-away".into(), format!("{taken} {short}")));
    }
}
