//! What a pool has of one tag over time: what is owned, and what of it reservations set aside.
//!
//! While an update of a reservation is pending, the device may have installed it or not, so the
//! larger of old and new stays set aside, at every moment (SPEC S2). At no moment from now on may more
//! be set aside than is owned (SPEC L11).

use crate::store::{ClaimRow, ReservationId, StoreError, TermTotal, View, VirtualAccountId};
use leasehold_core::time::UnixTime;
use std::collections::BTreeMap;

/// What `claims` set aside at a moment. They are in order of their reservation and generation, as a
/// store gives them.
pub(super) fn reserved(claims: &[ClaimRow], at: UnixTime) -> u64 {
    by_reservation(claims).map(|claims| held(claims, at)).fold(0, u64::saturating_add)
}

/// When the next term of `claims` ends.
pub(super) fn next_end(claims: &[ClaimRow], now: UnixTime) -> Option<UnixTime> {
    claims.iter().filter_map(|claim| claim.until).filter(|until| *until > now).min()
}

fn by_reservation(claims: &[ClaimRow]) -> impl Iterator<Item = &[ClaimRow]> {
    claims.chunk_by(|one, next| one.reservation == next.reservation)
}

/// What one reservation sets aside at a moment: the most that any of its generations does.
fn held(claims: &[ClaimRow], at: UnixTime) -> u64 {
    let generations = claims.chunk_by(|one, next| one.generation == next.generation);
    let sum = |claims: &[ClaimRow]| {
        let running = claims.iter().filter(|claim| claim.until.is_none_or(|until| until > at));
        running.map(|claim| u64::from(claim.count)).fold(0, u64::saturating_add)
    };
    generations.map(sum).max().unwrap_or(0)
}

/// The supply from one moment until the next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Step {
    from: UnixTime,
    owned: u64,
    reserved: u64,
}

/// Licences of one term.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Portion {
    /// How many: at least 1.
    pub count: u32,
    /// From when they no longer count; `None` is perpetual.
    pub until: Option<UnixTime>,
}

/// The supply of one tag from now on.
#[derive(Clone, Debug)]
pub(super) struct Supply {
    /// The first is now; in each of the others something changes.
    steps: Vec<Step>,
}

impl Supply {
    /// The supply of `tag` in a pool, without what the reservation `but` sets aside.
    pub(super) fn read<V: View + ?Sized>(
        view: &V,
        place: VirtualAccountId,
        tag: &str,
        but: Option<ReservationId>,
        now: UnixTime,
    ) -> Result<Self, StoreError> {
        let mut claims = view.claims(place, tag)?;
        claims.retain(|claim| Some(claim.reservation) != but);
        Ok(Self::of(&view.line_terms(place, tag, now)?, &claims, now))
    }

    fn of(terms: &[TermTotal], claims: &[ClaimRow], now: UnixTime) -> Self {
        // At each moment, what joins and what leaves: of what is owned, of what is reserved.
        let mut changes: BTreeMap<UnixTime, [u64; 4]> = BTreeMap::from([(now, [0; 4])]);
        let mut change = |at, which: usize, by: u64| {
            if let Some(sum) = changes.entry(at).or_default().get_mut(which) {
                *sum = sum.saturating_add(by);
            }
        };
        for term in terms {
            change(term.start, 0, term.quantity);
            term.end.into_iter().for_each(|end| change(end, 1, term.quantity));
        }
        for claims in by_reservation(claims) {
            let mut moments: Vec<UnixTime> =
                claims.iter().filter_map(|claim| claim.until).collect();
            moments.retain(|moment| *moment > now);
            moments.sort_unstable();
            moments.dedup();
            let mut before = held(claims, now);
            change(now, 2, before);
            for moment in moments {
                // Terms of a reservation only end, so that it never holds more later.
                let after = held(claims, moment);
                change(moment, 3, before.saturating_sub(after));
                before = after;
            }
        }
        let mut step = Step { from: now, owned: 0, reserved: 0 };
        let steps = changes.into_iter().map(|(from, [bought, ended, claimed, freed])| {
            let owned = step.owned.saturating_add(bought).saturating_sub(ended);
            let reserved = step.reserved.saturating_add(claimed).saturating_sub(freed);
            step = Step { from, owned, reserved };
            step
        });
        Self { steps: steps.collect() }
    }

    /// The first moment at which more would be set aside than is owned.
    pub(super) fn overdrawn(&self) -> Option<UnixTime> {
        self.steps.iter().find(|step| step.reserved > step.owned).map(|step| step.from)
    }

    /// How many can be set aside now, whatever their term.
    pub(super) fn available(&self) -> u64 {
        self.steps.first().map_or(0, Step::free)
    }

    /// Chooses licences, the longest terms first: what is free at every moment until a term ends can
    /// be had for all of that term. `None` when there are not as many.
    pub(super) fn choose(&self, count: u32) -> Option<Vec<Portion>> {
        // For each step, what is free from now until its end.
        let least = self.steps.iter().scan(u64::MAX, |least, step| {
            *least = step.free().min(*least);
            Some(*least)
        });
        let ends = self.steps.iter().skip(1).map(|step| Some(step.from)).chain([None]);
        let terms: Vec<(u64, Option<UnixTime>)> = least.zip(ends).collect();
        let (mut chosen, mut portions) = (0, Vec::new());
        for (free, until) in terms.into_iter().rev() {
            let free = u32::try_from(free).unwrap_or(u32::MAX);
            let more = free.min(count).saturating_sub(chosen);
            if more > 0 {
                portions.push(Portion { count: more, until });
                chosen = chosen.saturating_add(more);
            }
        }
        (chosen == count).then_some(portions)
    }
}

impl Step {
    const fn free(&self) -> u64 {
        self.owned.saturating_sub(self.reserved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: u64) -> UnixTime {
        UnixTime::from_secs(seconds)
    }

    fn term(quantity: u64, start: u64, end: Option<u64>) -> TermTotal {
        TermTotal { start: at(start), end: end.map(at), quantity }
    }

    fn claim(reservation: i64, generation: u8, count: u32, until: Option<u64>) -> ClaimRow {
        ClaimRow {
            reservation: ReservationId(reservation),
            generation,
            virtual_account: VirtualAccountId(1),
            tag: "T".into(),
            count,
            until: until.map(at),
        }
    }

    fn portions(supply: &Supply, count: u32) -> Option<Vec<(u32, Option<u64>)>> {
        let portion = |one: Portion| (one.count, one.until.map(UnixTime::as_secs));
        supply.choose(count).map(|chosen| chosen.into_iter().map(portion).collect())
    }

    #[test]
    fn the_longest_terms_are_chosen_first() {
        let lines = [term(5, 0, None), term(10, 0, Some(900)), term(20, 0, Some(300))];
        let supply = Supply::of(&lines, &[], at(0));
        assert_eq!(portions(&supply, 5), Some(vec![(5, None)]));
        assert_eq!(portions(&supply, 7), Some(vec![(5, None), (2, Some(900))]));
        let all = vec![(5, None), (10, Some(900)), (20, Some(300))];
        assert_eq!((portions(&supply, 35), supply.available()), (Some(all), 35));
        assert_eq!(portions(&supply, 36), None);
    }

    #[test]
    fn what_begins_later_or_is_freed_later_cannot_be_had_now() {
        let lines = [term(3, 0, Some(500)), term(9, 400, None)];
        let claims = [claim(1, 0, 2, Some(450))];
        let supply = Supply::of(&lines, &claims, at(0));
        // One of three is free until the claim ends, and the new line goes on with it.
        assert_eq!(portions(&supply, 1), Some(vec![(1, None)]));
        assert_eq!(portions(&supply, 2), None);
    }

    #[test]
    fn of_two_generations_the_larger_counts_at_every_moment() {
        let claims = [
            claim(1, 0, 5, Some(100)),
            claim(1, 0, 1, None),
            claim(1, 1, 3, Some(200)),
            claim(2, 0, 4, Some(150)),
        ];
        let found = [0, 99, 100, 149, 150, 199, 200].map(|now| reserved(&claims, at(now)));
        assert_eq!(found, [10, 10, 7, 7, 3, 3, 1]);
        assert_eq!(next_end(&claims, at(100)), Some(at(150)));
        assert_eq!(next_end(&claims, at(200)), None);
    }

    #[test]
    fn the_first_moment_that_lacks_is_named() {
        let lines = [term(5, 0, Some(300))];
        let overdrawn = |until| Supply::of(&lines, &[claim(1, 0, 5, until)], at(0)).overdrawn();
        assert_eq!(overdrawn(Some(300)), None);
        assert_eq!(overdrawn(Some(301)), Some(at(300)));
        assert_eq!(overdrawn(None), Some(at(300)));
        let more = Supply::of(&lines, &[claim(1, 0, 6, Some(10))], at(0));
        assert_eq!((more.overdrawn(), more.available()), (Some(at(0)), 0));
    }

    /// Quantity, start and end.
    type Lines = Vec<(u64, u64, Option<u64>)>;
    /// Reservation, generation, count and end.
    type Claims = Vec<(i64, u8, u32, Option<u64>)>;

    fn cases() -> impl Strategy<Value = (Lines, Claims)> {
        let end = || prop::option::of(1..30_u64);
        let lines = prop::collection::vec((1..9_u64, 0..20_u64, end()), 0..5);
        let claims = prop::collection::vec((1..4_i64, 0..2_u8, 1..5_u32, end()), 0..6);
        (lines, claims)
    }

    proptest! {
        /// The supply, second by second, without steps.
        #[test]
        fn every_moment_is_what_the_rows_add_up_to((lines, claims) in cases()) {
            let now = 3;
            let mut claims: Vec<ClaimRow> = claims
                .into_iter()
                .map(|(reservation, generation, count, until)| {
                    claim(reservation, generation, count, until)
                })
                .collect();
            claims.sort_by_key(|claim| (claim.reservation, claim.generation));
            let terms: Vec<TermTotal> = lines
                .iter()
                .map(|&(quantity, start, end)| term(quantity, start.max(now), end))
                .filter(|term| term.end.is_none_or(|end| end > term.start))
                .collect();
            let supply = Supply::of(&terms, &claims, at(now));
            let free_at = |second: u64| {
                let owned: u64 = lines
                    .iter()
                    .filter(|(_, start, end)| *start <= second && end.is_none_or(|end| end > second))
                    .map(|(quantity, _, _)| quantity)
                    .sum();
                let reserved: u64 = (1..4)
                    .map(|reservation| {
                        let generation = |generation| -> u64 {
                            claims
                                .iter()
                                .filter(|claim| claim.reservation.0 == reservation)
                                .filter(|claim| claim.generation == generation)
                                .filter(|claim| claim.until.is_none_or(|until| until > at(second)))
                                .map(|claim| u64::from(claim.count))
                                .sum()
                        };
                        generation(0).max(generation(1))
                    })
                    .sum();
                (owned, reserved)
            };
            for second in now..32 {
                let step = supply.steps.iter().rfind(|step| step.from <= at(second)).unwrap();
                prop_assert_eq!((step.owned, step.reserved), free_at(second), "at {}", second);
            }
            // Everything that can be had is had, and no second has too little for it.
            let (owned, reserved) = free_at(now);
            let most = u32::try_from(owned.saturating_sub(reserved)).unwrap();
            prop_assert_eq!(supply.available(), u64::from(most));
            prop_assert_eq!(supply.choose(most + 1), None);
            let chosen = supply.choose(most).unwrap();
            for second in now..32 {
                let (owned, reserved) = free_at(second);
                let running = chosen.iter().filter(|one| one.until.is_none_or(|u| u > at(second)));
                let taken: u64 = running.map(|one| u64::from(one.count)).sum();
                prop_assert!(taken <= owned.saturating_sub(reserved), "at {}", second);
            }
            // None could have a longer term: one second more of any would lack.
            for one in &chosen {
                if let Some(until) = one.until {
                    let (owned, reserved) = free_at(until.as_secs());
                    let running = chosen.iter().filter(|c| c.until.is_none_or(|u| u > until));
                    let taken: u64 = running.map(|one| u64::from(one.count)).sum();
                    prop_assert!(taken + 1 > owned.saturating_sub(reserved), "{one:?}");
                }
            }
        }
    }
}
