//! Why a command was not carried out.

use crate::problem::Problem;
use leasehold_core::agent::CommandError;
use leasehold_core::counters::CountError;
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
        _ => Problem::new(
            "refused",
            "The command cannot be carried out now, for a reason this version has no words for.",
            "Update the appliance's licensing software.",
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

/// Why `feature` was not acquired or released. `known` are the features there are.
pub fn count(error: CountError, feature: &str, known: &[&str]) -> Problem {
    match error {
        CountError::UnknownFeature => Problem::new(
            "unknown-feature",
            format!("This appliance has no feature {feature:?}."),
            format!("Its features are {}.", known.join(", ")),
        ),
        CountError::NotAcquired { in_use } => Problem::new(
            "not-acquired",
            format!("Only {in_use} of {feature} are in use."),
            "Release at most as many as were acquired.",
        ),
        CountError::Overflow => Problem::new(
            "too-many",
            format!("So many of {feature} cannot be counted."),
            "Acquire fewer, or release some first.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_error_has_a_cause_and_a_remedy() {
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
        ];
        let counts = [
            CountError::UnknownFeature,
            CountError::NotAcquired { in_use: 2 },
            CountError::Overflow,
        ];
        let problems: Vec<Problem> = tokens
            .into_iter()
            .map(CommandError::Token)
            .chain(others)
            .map(command)
            .chain(counts.map(|error| count(error, "seat", &["seat", "port"])))
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
        assert!(problems.iter().any(|problem| problem.remedy.contains("seat, port")));
    }
}
