//! What stands in the way of a command, by how far a reservation is, and what came of codes that
//! were given before.

use crate::problem::Problem;
use crate::report::ReturnedCode;
use leasehold_core::agent::CommandError;

/// How far a reservation is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stage {
    /// Licences come from a license manager.
    Off,
    /// They come by codes; nothing is asked for.
    Enabled,
    /// Licences were asked for.
    Requested {
        /// Everything that the product can use, not chosen ones.
        universal: bool,
    },
    /// An authorization is installed.
    Installed,
}

/// The command that was refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wanted {
    /// `reservation request`.
    Request {
        /// `universal`, not `specific`.
        universal: bool,
    },
    /// `reservation cancel`.
    Cancel,
    /// Registering at a manager.
    Registration,
    /// `renew`.
    Renewal,
    /// Any other that a reservation rules out.
    Other,
}

const RETURN: &str = "`license smart reservation return`";
const CANCEL: &str = "`license smart reservation cancel`";
const SHOW: &str = "`show license reservation request-code`";

/// Why the agent did not take a command, where it is the reservation at this stage that stands in
/// the way; as [`command`](super::command) says it otherwise.
pub fn command_at(error: CommandError, stage: Stage, wanted: Wanted) -> Problem {
    match (error, wanted) {
        (CommandError::ReservationHeld, _) => {
            held(stage, wanted).unwrap_or_else(|| super::command(CommandError::ReservationHeld))
        }
        (CommandError::NotRegistered, Wanted::Renewal) if stage != Stage::Off => Problem::new(
            "not-registered",
            "The licences of this appliance come by codes: there is nothing to renew.",
            "Nothing needs to be done; to have more or less, or for longer, install an update of the \
             reservation.",
        ),
        (error, _) => super::command(error),
    }
}

fn held(stage: Stage, wanted: Wanted) -> Option<Problem> {
    let (cause, remedy) = match (stage, wanted) {
        (Stage::Off | Stage::Enabled, _) => return None,
        (Stage::Installed, Wanted::Cancel) => (
            "An authorization is installed, so there is no request to drop.".into(),
            format!(
                "Give everything back with {RETURN}, or an update that was not installed with \
                 `license smart reservation return authorization`."
            ),
        ),
        (Stage::Installed, Wanted::Request { .. }) => (
            "An authorization is installed, so there is nothing to ask for.".into(),
            format!(
                "To have more or less, issue an update at the license manager with `leasehold manager \
                 reservation update`, and install it; {SHOW} shows the request code again."
            ),
        ),
        (Stage::Requested { universal }, Wanted::Request { .. }) => {
            let asked =
                if universal { "everything the product can use" } else { "chosen licences" };
            (
                format!("A request for {asked} stands already."),
                format!("{SHOW} shows its code; to ask otherwise, drop it with {CANCEL} first."),
            )
        }
        (Stage::Installed, Wanted::Registration) => (
            "Licences are reserved for this appliance: an authorization is installed.".into(),
            format!(
                "Give everything back with {RETURN}, leave the mode with `license smart reservation \
                 disable`, then register."
            ),
        ),
        (Stage::Installed, _) => (
            "Licences are reserved for this appliance: an authorization is installed.".into(),
            format!("Give everything back with {RETURN}, then give the command again."),
        ),
        (Stage::Requested { .. }, Wanted::Registration) => (
            "Licences were asked for with a request code, which still stands.".into(),
            format!(
                "Drop the request with {CANCEL}, leave the mode with `license smart reservation \
                 disable`, then register."
            ),
        ),
        (Stage::Requested { .. }, _) => (
            "Licences were asked for with a request code, which still stands.".into(),
            format!("Drop the request with {CANCEL}, then give the command again."),
        ),
    };
    Some(Problem::new("reservation-held", cause, remedy))
}

/// What an authorization is called by its number.
fn authorization(generation: u8) -> String {
    match generation {
        0 => "The first authorization".into(),
        update => format!("Update {update}"),
    }
}

/// Why an authorization cannot be given back alone: it is in force.
pub fn in_force(generation: u8) -> Problem {
    let which = authorization(generation);
    Problem::new(
        "authorization-in-force",
        format!("{which} is in force, so it cannot be given back alone."),
        format!(
            "To have less, install an update of the reservation; {RETURN} gives everything back."
        ),
    )
}

/// Why an authorization that was returned is not installed.
pub fn was_returned(returned: &ReturnedCode) -> Problem {
    let which = authorization(returned.update.unwrap_or_default());
    Problem::new(
        "authorization-superseded",
        format!("{which} was returned, and what was returned is never installed."),
        format!(
            "If that was not done yet, enter its return code {} at the license manager, and issue \
             another update there.",
            returned.code
        ),
    )
}

/// Why an authorization is neither installed nor returned: another one came after it, or in its
/// place.
pub fn overtaken(generation: u8, installed: u8) -> Problem {
    let which = authorization(generation);
    let newer = authorization(installed).to_lowercase();
    let cause = if generation == installed {
        format!("{which} is in force with other licences than in this code.")
    } else if generation < installed {
        format!("{which} came before what is in force: {newer}.")
    } else {
        format!("{which} was returned or overtaken before.")
    };
    Problem::new(
        "authorization-superseded",
        cause,
        "Install the newest authorization that the license manager shows.",
    )
}

/// That a step would make a return code in the place of one that could be lost by it.
pub fn return_code_at_risk(cause: &str, remedy: &str) -> Problem {
    Problem::new(
        "not-stored",
        format!(
            "The return code made last is not kept yet and would be lost by this step. {cause}"
        ),
        format!("{remedy} Then give the command again."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAGES: [Stage; 3] = [
        Stage::Requested { universal: false },
        Stage::Requested { universal: true },
        Stage::Installed,
    ];

    #[test]
    fn each_stage_names_its_own_way_out() {
        let other = |stage| command_at(CommandError::ReservationHeld, stage, Wanted::Other);
        let register =
            |stage| command_at(CommandError::ReservationHeld, stage, Wanted::Registration);
        for stage in STAGES {
            let (way, not) = match stage {
                Stage::Installed => (RETURN, CANCEL),
                _ => (CANCEL, RETURN),
            };
            for problem in [other(stage), register(stage)] {
                assert_eq!(problem.code, "reservation-held");
                assert!(problem.remedy.contains(way) && !problem.remedy.contains(not), "{problem}");
            }
            assert!(register(stage).remedy.contains("reservation disable"));
        }
    }

    #[test]
    fn what_cannot_be_asked_for_or_dropped_is_said_of_that_command() {
        let held = |stage, wanted| command_at(CommandError::ReservationHeld, stage, wanted);
        let cancel = held(Stage::Installed, Wanted::Cancel);
        assert!(cancel.cause.contains("no request to drop"), "{cancel}");
        assert!(cancel.remedy.contains("return authorization"), "{cancel}");
        let again = held(Stage::Installed, Wanted::Request { universal: false });
        assert!(
            again.remedy.contains("request-code") && again.remedy.contains("update"),
            "{again}"
        );
        let other =
            held(Stage::Requested { universal: true }, Wanted::Request { universal: false });
        assert!(other.cause.contains("everything the product can use"), "{other}");
    }

    #[test]
    fn nothing_is_renewed_where_licences_come_by_codes() {
        let renew = |stage| command_at(CommandError::NotRegistered, stage, Wanted::Renewal);
        assert!(renew(Stage::Installed).cause.contains("nothing to renew"));
        assert!(renew(Stage::Off).remedy.contains("Register it first"));
        let deregister = command_at(CommandError::NotRegistered, Stage::Enabled, Wanted::Other);
        assert_eq!(deregister.cause, "This appliance is not registered.");
    }

    #[test]
    fn a_code_that_was_given_before_says_what_came_of_it() {
        let returned = ReturnedCode {
            code: "LHR05-AAAAA".into(),
            at: None,
            request: Some(7),
            update: Some(3),
        };
        let problem = was_returned(&returned);
        assert!(problem.cause.starts_with("Update 3 was returned"), "{problem}");
        assert!(problem.remedy.contains("LHR05-AAAAA"), "{problem}");
        assert!(in_force(0).cause.starts_with("The first authorization is in force"));
        assert!(overtaken(1, 2).cause.contains("in force: update 2"));
        assert!(overtaken(0, 0).cause.contains("other licences"));
        assert!(overtaken(4, 2).cause.contains("returned or overtaken"));
        for problem in [problem, in_force(2), overtaken(1, 2), overtaken(2, 2), overtaken(3, 2)] {
            assert!(problem.cause.ends_with('.') && problem.remedy.ends_with('.'), "{problem}");
        }
    }
}
