//! What happened to a reservation.

use super::{Explanation, NOTHING, Words, entitlement_name, span_text};
use leasehold_core::agent::EventKind;
use leasehold_core::time::Duration;

pub(super) const RESERVE_OR_RELEASE: &str = "Use fewer licences, or reserve more at the license manager and \
                                  install the authorization; `show license reservation` says which.";

pub(super) fn event(kind: &EventKind, words: &Words<'_>) -> Option<Explanation> {
    let name = |entitlement| entitlement_name(words, entitlement);
    Some(match *kind {
        EventKind::ReservationRequested { number } => Explanation::new(
            format!("Licences were asked for with request number {number}."),
            "Redeem the request code at the license manager, choose the licences, and install the \
             authorization code that it gives.",
        ),
        EventKind::ReservationInstalled { generation: 0 } => {
            Explanation::new("An authorization is installed: licences are reserved.", NOTHING)
        }
        EventKind::ReservationInstalled { generation } => Explanation::new(
            format!("Update {generation} of the reservation is installed."),
            "Enter the confirmation code at the license manager; until then it sets old and new \
             aside.",
        ),
        EventKind::ReservationUpdateReturned { generation } => Explanation::new(
            format!("Update {generation} of the reservation is returned and cannot be installed."),
            ENTER_RETURN,
        ),
        EventKind::ReservationCancelled => Explanation::new(
            "The request for licences is dropped, and nothing can be installed for it any more.",
            "If it was redeemed, cancel it at the license manager; if licences were set aside, enter \
             the return code there.",
        ),
        EventKind::ReservationReturned => Explanation::new(
            "Everything reserved is returned: the appliance is unregistered.",
            ENTER_RETURN,
        ),
        EventKind::ReservationRolledBack => Explanation::new(
            "A backup was put back that holds a reservation which had ended or changed: it holds no \
             more, and the appliance is unregistered.",
            "Request licences again; if the old reservation is still open at the license manager, \
             enter the return code there first.",
        ),
        EventKind::ReservationInsufficient => {
            Explanation::new("More licences are in use than are reserved.", RESERVE_OR_RELEASE)
        }
        EventKind::ReservationSufficient => {
            Explanation::new("What is reserved covers everything in use again.", NOTHING)
        }
        EventKind::ReservationTermEnding { entitlement, count, days } => Explanation::new(
            format!(
                "The term of {count} reserved {} ends in {}.",
                name(entitlement),
                span_text(Duration::from_days(days.into()))
            ),
            RENEW_TERM,
        ),
        EventKind::ReservationTermEnded { entitlement, count } => Explanation::new(
            format!(
                "The term of {count} reserved {} ended: they no longer count.",
                name(entitlement)
            ),
            RENEW_TERM,
        ),
        _ => return None,
    })
}

const ENTER_RETURN: &str = "Enter the return code at the license manager; until then the licences \
                            stay set aside there.";
const RENEW_TERM: &str =
    "Reserve licences with a longer term at the license manager, and install the authorization.";
