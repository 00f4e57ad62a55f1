//! Usage counters that any context may change, interrupts included (SPEC C1–C6).
//!
//! [`Counters`] is a separate static so that `acquire` needs no access to the agent. It is the only
//! thing in this crate that enters a critical section, for the arithmetic of one chain of tiers.
//!
//! For a tier of a chain the counters keep what is in use *at or above* it, and the peak of that:
//! the most that tier and all higher ones had in use together. A standard peak in the morning and
//! a premium peak in the afternoon are then never added up into an overage that never was
//! (SPEC C3). Limits are on the same sums, so that a tier that is not used up covers the ones
//! below it (SPEC C2, C4).
//!
//! *Rejected:* counting what each tier has in use and summing on demand. The sums would be taken
//! twice in every acquire, for the limit before and for the peak after.

use crate::product::{FeatureId, LicenseType};
use core::cell::Cell;
use critical_section::Mutex;

/// Counters for license types of at most `N` entitlements.
pub struct Counters<'a, const N: usize> {
    tally: Mutex<Tally<'a, N>>,
}

/// What is behind the critical section. Arrays have one place per entitlement.
struct Tally<'a, const N: usize> {
    license_type: Cell<&'a LicenseType<'a>>,
    /// Counts the license types that were in force.
    generation: Cell<u8>,
    in_use: [Cell<u32>; N],
    at_or_above: [Cell<u32>; N],
    peak: [Cell<u32>; N],
    unanswered: [Cell<u32>; N],
    limits: [Cell<Limit>; N],
    /// An acquire was too much to count since the last time this was asked.
    overflowed: Cell<bool>,
}

/// The most of an entitlement and its higher tiers together, and who says so (SPEC C6).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limit {
    /// The most at a time.
    pub most: u32,
    /// Who set it.
    pub set_by: LimitSource,
}

/// Who set a limit.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum LimitSource {
    /// The size of the device: it can carry no more (SPEC C4).
    Platform,
    /// An administrator, for this field of license control (SPEC C4).
    Administrator,
    /// The account owns no more, and over-use is switched off (SPEC C4).
    Account,
    /// No more is reserved (SPEC C5).
    Reservation,
}

impl Limit {
    /// No limit at all.
    pub(crate) const NONE: Self = Self { most: u32::MAX, set_by: LimitSource::Platform };

    /// The one of two limits that allows less; the first where they allow the same.
    pub(crate) const fn tighter(self, other: Self) -> Self {
        if other.most < self.most { other } else { self }
    }
}

/// Counts per entitlement, at one moment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Counts<const N: usize> {
    /// In use now, of exactly this entitlement.
    pub in_use: [u32; N],
    /// Peak at or above since the interval now running began.
    pub peak: [u32; N],
    /// Peak at or above of earlier intervals whose reports were not answered yet.
    pub unanswered: [u32; N],
}

impl<const N: usize> Counts<N> {
    /// Whether anything at all is in use.
    pub fn any_in_use(&self) -> bool {
        self.in_use.iter().any(|&count| count > 0)
    }

    /// What the next report says: no peak is left out before its report was answered (SPEC X4).
    pub fn to_report(&self) -> [u32; N] {
        let mut report = self.peak;
        for (reported, earlier) in report.iter_mut().zip(self.unanswered) {
            *reported = (*reported).max(earlier);
        }
        report
    }
}

/// An acquire or release that changed nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CountError {
    /// The license type in force has no such feature, or the feature was looked up under another.
    UnknownFeature,
    /// More would be released than is in use: `in_use` are.
    NotAcquired {
        /// How many are in use.
        in_use: u32,
    },
    /// The limit of an entitlement does not allow it (SPEC C4–C6).
    Denied {
        /// Index of the entitlement whose limit is reached: the one acquired, or a lower tier that
        /// it counts for as well.
        entitlement: u8,
        /// Its limit, and who set it.
        limit: Limit,
    },
    /// The count would pass `u32::MAX`.
    Overflow,
}

impl<'a, const N: usize> Counters<'a, N> {
    /// Counters at zero: a boot starts with nothing in use (SPEC X9). The agent puts the license
    /// type in force that was chosen, once it has booted.
    pub const fn new(license_type: &'a LicenseType<'a>) -> Self {
        Self {
            tally: Mutex::new(Tally {
                license_type: Cell::new(license_type),
                generation: Cell::new(0),
                in_use: [const { Cell::new(0) }; N],
                at_or_above: [const { Cell::new(0) }; N],
                peak: [const { Cell::new(0) }; N],
                unanswered: [const { Cell::new(0) }; N],
                limits: [const { Cell::new(Limit::NONE) }; N],
                overflowed: Cell::new(false),
            }),
        }
    }

    /// What is counted: the license type in force.
    pub fn license_type(&self) -> &'a LicenseType<'a> {
        self.with(|tally| tally.license_type.get())
    }

    /// Looks a feature of the license type in force up by its name.
    pub fn feature(&self, name: &str) -> Option<FeatureId> {
        self.with(|tally| {
            let mut features = tally.license_type.get().features.iter();
            let index = u8::try_from(features.position(|feature| feature.name == name)?).ok()?;
            Some(FeatureId { generation: tally.generation.get(), index })
        })
    }

    /// Takes `n` of `feature`.
    ///
    /// # Errors
    /// [`CountError`]; nothing is changed then.
    pub fn acquire(&self, feature: FeatureId, n: u32) -> Result<(), CountError> {
        self.with(|tally| tally.acquire(feature, n))
    }

    /// Takes several features or none of them.
    ///
    /// # Errors
    /// [`CountError`] of the first that could not be taken; nothing is changed then.
    pub fn acquire_all(&self, wanted: &[(FeatureId, u32)]) -> Result<(), CountError> {
        self.with(|tally| {
            let before = (tally.counts(), values(&tally.at_or_above));
            let taken = wanted.iter().try_for_each(|&(feature, n)| tally.acquire(feature, n));
            if taken.is_err() {
                set(&tally.in_use, &before.0.in_use);
                set(&tally.at_or_above, &before.1);
                set(&tally.peak, &before.0.peak);
            }
            taken
        })
    }

    /// Gives `n` of `feature` back.
    ///
    /// # Errors
    /// [`CountError`]; nothing is changed then.
    pub fn release(&self, feature: FeatureId, n: u32) -> Result<(), CountError> {
        self.with(|tally| tally.release(feature, n))
    }

    /// The counts at this moment.
    pub fn counts(&self) -> Counts<N> {
        self.with(Tally::counts)
    }

    /// The limit of the entitlement at `index`; `None` where there is none.
    pub fn limit(&self, index: usize) -> Option<Limit> {
        self.with(|tally| tally.limits.get(index).map(Cell::get)).filter(|l| *l != Limit::NONE)
    }

    /// Whether the entitlement at `index` and its higher tiers have more in use than their limit
    /// allows: it was lowered since.
    pub(crate) fn is_over(&self, index: usize) -> bool {
        self.with(|tally| match (tally.at_or_above.get(index), tally.limits.get(index)) {
            (Some(in_use), Some(limit)) => in_use.get() > limit.get().most,
            _ => false,
        })
    }

    /// Puts another license type in force, with nothing in use.
    pub(crate) fn select(&self, license_type: &'a LicenseType<'a>) {
        self.with(|tally| {
            tally.license_type.set(license_type);
            tally.generation.set(tally.generation.get().wrapping_add(1));
            for counts in [&tally.in_use, &tally.at_or_above, &tally.peak, &tally.unanswered] {
                set(counts, &[0; N]);
            }
            set(&tally.limits, &[Limit::NONE; N]);
        });
    }

    /// Publishes what each entitlement and its higher tiers may have in use together.
    pub(crate) fn publish(&self, limits: &[Limit; N]) {
        self.with(|tally| set(&tally.limits, limits));
    }

    /// Counts what `other` counts at this moment.
    pub(crate) fn copy_from(&self, other: &Self) {
        let copy = other.with(|tally| {
            let all = [&tally.in_use, &tally.at_or_above, &tally.peak, &tally.unanswered];
            let generation = tally.generation.get();
            (tally.license_type.get(), generation, all.map(values), values(&tally.limits))
        });
        let (license_type, generation, counts, limits) = copy;
        self.with(|tally| {
            tally.license_type.set(license_type);
            tally.generation.set(generation);
            let all = [&tally.in_use, &tally.at_or_above, &tally.peak, &tally.unanswered];
            for (cells, counts) in all.into_iter().zip(&counts) {
                set(cells, counts);
            }
            set(&tally.limits, &limits);
        });
    }

    /// Begins a new interval at the current use and says what the closed ones are to report.
    pub(crate) fn begin_interval(&self) -> [u32; N] {
        self.with(|tally| {
            let report = tally.counts().to_report();
            set(&tally.unanswered, &report);
            set(&tally.peak, &values(&tally.at_or_above));
            report
        })
    }

    /// Forgets every peak but the current use: what was used before does not concern the account.
    pub(crate) fn restart(&self) {
        self.with(|tally| {
            set(&tally.unanswered, &[0; N]);
            set(&tally.peak, &values(&tally.at_or_above));
        });
    }

    /// The report of the closed intervals was answered: only the running one is left.
    pub(crate) fn report_answered(&self) {
        self.with(|tally| set(&tally.unanswered, &[0; N]));
    }

    /// Puts back the peaks that a boot found in flash.
    pub(crate) fn restore_peaks(&self, peaks: &[u32]) {
        self.with(|tally| {
            for (place, &peak) in tally.unanswered.iter().zip(peaks) {
                place.set(place.get().max(peak));
            }
        });
    }

    /// Whether an acquire was too much to count since this was asked last.
    pub(crate) fn take_overflow(&self) -> bool {
        self.with(|tally| tally.overflowed.take())
    }

    fn with<R>(&self, act: impl FnOnce(&Tally<'a, N>) -> R) -> R {
        critical_section::with(|cs| act(self.tally.borrow(cs)))
    }
}

impl<const N: usize> Tally<'_, N> {
    fn counts(&self) -> Counts<N> {
        Counts {
            in_use: values(&self.in_use),
            peak: values(&self.peak),
            unanswered: values(&self.unanswered),
        }
    }

    fn count_of(&self, feature: FeatureId) -> Result<(usize, &Cell<u32>), CountError> {
        let known = Some(feature).filter(|feature| feature.generation == self.generation.get());
        let mapped =
            known.and_then(|known| self.license_type.get().features.get(usize::from(known.index)));
        let index = usize::from(mapped.ok_or(CountError::UnknownFeature)?.entitlement);
        Ok((index, self.in_use.get(index).ok_or(CountError::UnknownFeature)?))
    }

    /// The tiers that use of the entitlement at `index` counts for: itself, and the lower ones of
    /// its chain, which stand right before it.
    fn tiers(&self, index: usize) -> core::ops::Range<usize> {
        let entitlements = self.license_type.get().entitlements;
        let chain_of = |index: usize| entitlements.get(index).and_then(|one| one.chain);
        let chain = chain_of(index);
        let mut first = index;
        while let Some(below) = first.checked_sub(1)
            && chain.is_some()
            && chain_of(below) == chain
        {
            first = below;
        }
        first..index.saturating_add(1)
    }

    fn acquire(&self, feature: FeatureId, n: u32) -> Result<(), CountError> {
        let (index, count) = self.count_of(feature)?;
        let tiers = self.tiers(index);
        // The highest first: it is the one that was asked for.
        for tier in tiers.clone().rev() {
            let (Some(in_use), Some(limit)) = (self.at_or_above.get(tier), self.limits.get(tier))
            else {
                return Err(CountError::UnknownFeature);
            };
            let Some(more) = in_use.get().checked_add(n) else {
                self.overflowed.set(true);
                return Err(CountError::Overflow);
            };
            let limit = limit.get();
            if more > limit.most && n > 0 {
                let entitlement = u8::try_from(tier).unwrap_or(u8::MAX);
                return Err(CountError::Denied { entitlement, limit });
            }
        }
        // No more than what all tiers have in use together, which did not overflow.
        count.set(count.get().saturating_add(n));
        for tier in tiers {
            if let (Some(in_use), Some(peak)) = (self.at_or_above.get(tier), self.peak.get(tier)) {
                let more = in_use.get().saturating_add(n);
                in_use.set(more);
                peak.set(peak.get().max(more));
            }
        }
        Ok(())
    }

    fn release(&self, feature: FeatureId, n: u32) -> Result<(), CountError> {
        let (index, count) = self.count_of(feature)?;
        let in_use = count.get();
        count.set(in_use.checked_sub(n).ok_or(CountError::NotAcquired { in_use })?);
        for tier in self.tiers(index) {
            if let Some(in_use) = self.at_or_above.get(tier) {
                in_use.set(in_use.get().saturating_sub(n));
            }
        }
        Ok(())
    }
}

// Not in line: it is called from many places, and each would cost flash.
#[inline(never)]
fn values<T: Copy, const N: usize>(cells: &[Cell<T>; N]) -> [T; N] {
    cells.each_ref().map(Cell::get)
}

fn set<T: Copy, const N: usize>(cells: &[Cell<T>; N], values: &[T; N]) {
    for (cell, &value) in cells.iter().zip(values) {
        cell.set(value);
    }
}

/// All peaks together: what tells whether any has grown.
pub(crate) fn total(peaks: &[u32]) -> u64 {
    peaks.iter().copied().map(u64::from).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::products::contact_center::FLEX;

    fn feature(counters: &Counters<'_, 8>, name: &str) -> FeatureId {
        counters.feature(name).unwrap()
    }

    fn seats(counters: &Counters<'_, 8>) -> (FeatureId, FeatureId) {
        (feature(counters, "standard-seat"), feature(counters, "premium-seat"))
    }

    #[test]
    fn peaks_of_two_tiers_at_different_times_are_not_added() {
        let counters = Counters::<8>::new(&FLEX);
        let (standard, premium) = seats(&counters);
        counters.acquire(standard, 40).unwrap();
        counters.release(standard, 40).unwrap();
        counters.acquire(premium, 10).unwrap();
        assert_eq!(counters.counts().to_report()[..2], [40, 10]);
        counters.acquire(standard, 35).unwrap();
        assert_eq!(counters.counts().to_report()[..2], [45, 10]);
    }

    #[test]
    fn a_peak_is_forgotten_only_when_its_report_was_answered() {
        let counters = Counters::<8>::new(&FLEX);
        let (standard, _) = seats(&counters);
        counters.acquire(standard, 9).unwrap();
        counters.release(standard, 6).unwrap();
        assert_eq!(counters.begin_interval()[0], 9);
        assert_eq!(counters.begin_interval()[0], 9, "the first report got no answer");
        counters.report_answered();
        assert_eq!(counters.counts().to_report()[0], 3, "starts at what is in use");
        counters.restore_peaks(&[7]);
        assert_eq!(counters.begin_interval()[0], 7);
    }

    #[test]
    fn a_refused_change_changes_nothing() {
        let counters = Counters::<8>::new(&FLEX);
        let (standard, premium) = seats(&counters);
        counters.acquire(standard, 2).unwrap();
        let before = counters.counts();
        assert_eq!(counters.release(standard, 3), Err(CountError::NotAcquired { in_use: 2 }));
        assert!(!counters.take_overflow());
        assert_eq!(counters.acquire(premium, u32::MAX), Err(CountError::Overflow));
        assert!(counters.take_overflow() && !counters.take_overflow());
        let both = [(premium, 1), (standard, u32::MAX)];
        assert_eq!(counters.acquire_all(&both), Err(CountError::Overflow));
        assert_eq!(counters.counts(), before);
        counters.release(standard, 2).unwrap();
        counters.acquire(standard, u32::MAX).unwrap();
    }

    #[test]
    fn a_limit_holds_for_a_tier_and_all_above_it_together() {
        let counters = Counters::<8>::new(&FLEX);
        let (standard, premium) = seats(&counters);
        let limit = |most| Limit { most, set_by: LimitSource::Administrator };
        let mut limits = [Limit::NONE; 8];
        // 40 standard and 10 premium (SPEC C4).
        (limits[0], limits[1]) = (limit(50), limit(10));
        counters.publish(&limits);
        counters.acquire(standard, 50).unwrap();
        let denied =
            |entitlement, most| Err(CountError::Denied { entitlement, limit: limit(most) });
        assert_eq!(counters.acquire(standard, 1), denied(0, 50));
        assert_eq!(counters.acquire(premium, 1), denied(0, 50));
        counters.release(standard, 5).unwrap();
        counters.acquire(premium, 5).unwrap();
        assert_eq!(counters.acquire(premium, 1), denied(0, 50));
        counters.release(standard, 45).unwrap();
        counters.acquire(premium, 5).unwrap();
        assert_eq!(counters.acquire(premium, 1), denied(1, 10));
        // Nothing can be had where nothing is left, but for nothing.
        counters.publish(&[limit(0); 8]);
        counters.acquire(standard, 0).unwrap();
        // What is not limited is not held up by what is.
        counters.publish(&[
            limit(0),
            limit(0),
            Limit::NONE,
            Limit::NONE,
            Limit::NONE,
            Limit::NONE,
            Limit::NONE,
            Limit::NONE,
        ]);
        counters.acquire(feature(&counters, "inbound-port"), 1).unwrap();
        assert_eq!(counters.limit(0), Some(limit(0)));
        assert_eq!(counters.limit(3), None);
    }

    #[test]
    fn the_tighter_of_two_limits_holds_and_the_first_of_two_equals() {
        let limit = |most, set_by| Limit { most, set_by };
        let platform = limit(10, LimitSource::Platform);
        for (most, tighter) in [(9, limit(9, LimitSource::Account)), (10, platform), (11, platform)]
        {
            assert_eq!(platform.tighter(limit(most, LimitSource::Account)), tighter);
        }
    }

    #[test]
    fn a_feature_of_another_license_type_is_refused() {
        let counters = Counters::<8>::new(&FLEX);
        let (standard, _) = seats(&counters);
        counters.acquire(standard, 1).unwrap();
        counters.select(&FLEX);
        assert_eq!(counters.acquire(standard, 1), Err(CountError::UnknownFeature));
        assert_eq!(counters.release(standard, 1), Err(CountError::UnknownFeature));
        assert!(!counters.counts().any_in_use());
        counters.acquire(feature(&counters, "standard-seat"), 1).unwrap();
    }
}
