//! Usage counters that any context may change, interrupts included (SPEC C1–C3).
//!
//! [`Counters`] is a separate static so that `acquire` needs no access to the agent. It is the only
//! thing in this crate that enters a critical section, for a copy of a few dozen bytes.
//!
//! For a tier of a chain the counters keep the peak *at or above* it: the most that tier and all
//! higher ones had in use together. A standard peak in the morning and a premium peak in the
//! afternoon are then never added up into an overage that never was (SPEC C3).

use crate::product::{FeatureId, LicenseType};
use core::cell::Cell;
use critical_section::Mutex;

/// Counters for a license type of at most `N` entitlements.
pub struct Counters<'a, const N: usize> {
    license_type: &'a LicenseType<'a>,
    counts: Mutex<Cell<Counts<N>>>,
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
    const ZERO: Self = Self { in_use: [0; N], peak: [0; N], unanswered: [0; N] };

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
    /// The feature belongs to another license type.
    UnknownFeature,
    /// More would be released than is in use: `in_use` are.
    NotAcquired {
        /// How many are in use.
        in_use: u32,
    },
    /// The count would pass `u32::MAX`.
    Overflow,
}

impl<'a, const N: usize> Counters<'a, N> {
    /// Counters at zero: a boot starts with nothing in use (SPEC X9).
    pub const fn new(license_type: &'a LicenseType<'a>) -> Self {
        Self { license_type, counts: Mutex::new(Cell::new(Counts::ZERO)) }
    }

    /// What is counted.
    pub const fn license_type(&self) -> &'a LicenseType<'a> {
        self.license_type
    }

    /// Takes `n` of `feature`.
    ///
    /// # Errors
    /// [`CountError`]; nothing is changed then.
    pub fn acquire(&self, feature: FeatureId, n: u32) -> Result<(), CountError> {
        self.acquire_all(&[(feature, n)])
    }

    /// Takes several features or none of them.
    ///
    /// # Errors
    /// [`CountError`] of the first that could not be taken; nothing is changed then.
    pub fn acquire_all(&self, wanted: &[(FeatureId, u32)]) -> Result<(), CountError> {
        self.change(|counts| {
            for &(feature, n) in wanted {
                let count = self.count_of(counts, feature)?;
                *count = count.checked_add(n).ok_or(CountError::Overflow)?;
            }
            self.raise_peaks(counts)
        })
    }

    /// Gives `n` of `feature` back.
    ///
    /// # Errors
    /// [`CountError`]; nothing is changed then.
    pub fn release(&self, feature: FeatureId, n: u32) -> Result<(), CountError> {
        self.change(|counts| {
            let count = self.count_of(counts, feature)?;
            let in_use = *count;
            *count = in_use.checked_sub(n).ok_or(CountError::NotAcquired { in_use })?;
            Ok(())
        })
    }

    /// The counts at this moment.
    pub fn counts(&self) -> Counts<N> {
        critical_section::with(|cs| self.counts.borrow(cs).get())
    }

    /// Begins a new interval at the current use and says what the closed ones are to report.
    pub(crate) fn begin_interval(&self) -> [u32; N] {
        self.update(|counts| {
            counts.unanswered = counts.to_report();
            counts.peak = self.at_or_above(&counts.in_use);
            counts.unanswered
        })
    }

    /// Forgets every peak but the current use: what was used before does not concern the account.
    pub(crate) fn restart(&self) {
        self.update(|counts| {
            counts.unanswered = [0; N];
            counts.peak = self.at_or_above(&counts.in_use);
        });
    }

    /// The report of the closed intervals was answered: only the running one is left.
    pub(crate) fn report_answered(&self) {
        self.update(|counts| counts.unanswered = [0; N]);
    }

    /// Puts back the peaks that a boot found in flash, and forgets what was in use.
    pub(crate) fn restore_peaks(&self, peaks: &[u32]) {
        self.update(|counts| {
            for (place, peak) in counts.unanswered.iter_mut().zip(peaks) {
                *place = (*place).max(*peak);
            }
        });
    }

    fn count_of<'c>(
        &self,
        counts: &'c mut Counts<N>,
        feature: FeatureId,
    ) -> Result<&'c mut u32, CountError> {
        let feature = self.license_type.features.get(feature.index());
        let index = usize::from(feature.ok_or(CountError::UnknownFeature)?.entitlement);
        counts.in_use.get_mut(index).ok_or(CountError::UnknownFeature)
    }

    fn raise_peaks(&self, counts: &mut Counts<N>) -> Result<(), CountError> {
        let total = counts.in_use.iter().try_fold(0_u32, |sum, &count| sum.checked_add(count));
        if total.is_none() {
            return Err(CountError::Overflow);
        }
        for (peak, now) in counts.peak.iter_mut().zip(self.at_or_above(&counts.in_use)) {
            *peak = (*peak).max(now);
        }
        Ok(())
    }

    /// Per entitlement, what it and the higher tiers of its chain have in use together. Tiers
    /// stand together, lowest first, so one pass from the end suffices.
    fn at_or_above(&self, in_use: &[u32; N]) -> [u32; N] {
        let mut sums = *in_use;
        let mut above = (None, 0_u32);
        let tiers = sums.iter_mut().zip(self.license_type.entitlements);
        for (sum, entitlement) in tiers.rev() {
            if entitlement.chain.is_some() && entitlement.chain == above.0 {
                *sum = sum.saturating_add(above.1);
            }
            above = (entitlement.chain, *sum);
        }
        sums
    }

    fn change<F>(&self, change: F) -> Result<(), CountError>
    where
        F: FnOnce(&mut Counts<N>) -> Result<(), CountError>,
    {
        critical_section::with(|cs| {
            let cell = self.counts.borrow(cs);
            let mut counts = cell.get();
            change(&mut counts)?;
            cell.set(counts);
            Ok(())
        })
    }

    fn update<R>(&self, change: impl FnOnce(&mut Counts<N>) -> R) -> R {
        critical_section::with(|cs| {
            let cell = self.counts.borrow(cs);
            let mut counts = cell.get();
            let result = change(&mut counts);
            cell.set(counts);
            result
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::products::contact_center::FLEX;

    fn feature(name: &str) -> FeatureId {
        FLEX.feature(name).unwrap()
    }

    #[test]
    fn peaks_of_two_tiers_at_different_times_are_not_added() {
        let counters = Counters::<8>::new(&FLEX);
        let (standard, premium) = (feature("standard-seat"), feature("premium-seat"));
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
        let standard = feature("standard-seat");
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
        let (standard, premium) = (feature("standard-seat"), feature("premium-seat"));
        counters.acquire(standard, 2).unwrap();
        let before = counters.counts();
        assert_eq!(counters.release(standard, 3), Err(CountError::NotAcquired { in_use: 2 }));
        assert_eq!(counters.acquire(premium, u32::MAX), Err(CountError::Overflow));
        let both = [(premium, 1), (standard, u32::MAX)];
        assert_eq!(counters.acquire_all(&both), Err(CountError::Overflow));
        assert_eq!(counters.counts(), before);
    }
}
