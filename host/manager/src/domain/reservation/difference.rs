//! What an update would change, to be looked at before it is issued.

use super::{Choice, issue};
use crate::domain::{Authority, DomainError};
use crate::store::{ClaimRow, ReservationId, View};
use leasehold_core::time::UnixTime;

/// What a reservation sets aside, and what it would by an update.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Difference {
    /// What is in force, less what has ended.
    pub before: Vec<ClaimRow>,
    /// What would be in force once the update is confirmed.
    pub after: Vec<ClaimRow>,
}

impl Difference {
    /// Whether the appliance would have fewer licences of any kind at any moment from `now` on.
    pub fn takes_away(&self, now: UnixTime) -> bool {
        let ends = self.before.iter().chain(&self.after).filter_map(|claim| claim.until);
        let moments: Vec<UnixTime> = ends.filter(|end| *end > now).chain([now]).collect();
        self.before.iter().any(|claim| {
            let fewer = |at: &UnixTime| {
                running(&self.after, &claim.tag, *at) < running(&self.before, &claim.tag, *at)
            };
            moments.iter().any(fewer)
        })
    }
}

/// How many licences of `tag` count at a moment.
fn running(claims: &[ClaimRow], tag: &str, at: UnixTime) -> u64 {
    let running = claims
        .iter()
        .filter(|claim| *claim.tag == *tag && claim.until.is_none_or(|until| until > at));
    running.map(|claim| u64::from(claim.count)).sum()
}

/// What [`update`](super::update) would change; nothing is issued.
///
/// # Errors
/// As [`update`](super::update).
pub fn preview(
    view: &dyn View,
    authority: &Authority,
    id: ReservationId,
    choices: &[Choice],
    now: UnixTime,
) -> Result<Difference, DomainError> {
    let (row, after) = issue::planned(view, authority, id, choices, now)?;
    Ok(Difference { before: issue::in_force(view, &row, now)?, after })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::VirtualAccountId;

    fn claims(lines: &[(&str, u32, Option<u64>)]) -> Vec<ClaimRow> {
        let claim = |&(tag, count, until): &(&str, u32, Option<u64>)| ClaimRow {
            reservation: ReservationId(1),
            generation: 0,
            virtual_account: VirtualAccountId(1),
            tag: tag.into(),
            count,
            until: until.map(UnixTime::from_secs),
        };
        lines.iter().map(claim).collect()
    }

    #[test]
    fn fewer_at_any_moment_is_taken_away_and_a_longer_term_is_not() {
        for (before, after, expected) in [
            (&[("a", 5, None)][..], &[("a", 5, None), ("b", 1, None)][..], false),
            (&[("a", 5, None)], &[("a", 4, None)], true),
            (&[("a", 5, None), ("b", 1, None)], &[("a", 9, None)], true),
            (&[("a", 5, Some(50))], &[("a", 5, Some(90))], false),
            (&[("a", 5, Some(50))], &[("a", 5, Some(49))], true),
            (&[("a", 5, None)], &[("a", 9, Some(90))], true),
            (&[("a", 2, Some(50)), ("a", 3, None)], &[("a", 3, None), ("a", 2, Some(50))], false),
            (&[("a", 2, Some(50)), ("a", 3, None)], &[("a", 4, None), ("a", 1, Some(40))], true),
            (&[("a", 5, Some(10))], &[("b", 1, None)], false),
        ] {
            let difference = Difference { before: claims(before), after: claims(after) };
            let found = difference.takes_away(UnixTime::from_secs(10));
            assert_eq!(found, expected, "{before:?} {after:?}");
        }
    }
}
