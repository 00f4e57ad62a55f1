//! What the users of a machine hold: it takes it again after each boot (SPEC X9).

use super::Memory;
use crate::simulate::scenario::Amount;
use leasehold_core::counters::CountError;
use leasehold_core::product::FeatureId;
use leasehold_core::products::contact_center::{self, Skill};
use leasehold_shim::explain;
use leasehold_shim::problem::Problem;
use std::collections::BTreeMap;

/// What is held, by sign-ins and apart from them.
#[derive(Clone, Debug, Default)]
pub(super) struct Held {
    /// The feature that each sign-in took.
    signed_in: BTreeMap<String, &'static str>,
    acquired: BTreeMap<&'static str, u32>,
}

impl Held {
    pub(super) fn acquire(
        &mut self,
        counters: &Memory<'_>,
        Amount { feature, n }: Amount,
    ) -> Result<(), Problem> {
        take(counters, feature, n)?;
        *self.acquired.entry(feature).or_default() += n;
        Ok(())
    }

    /// What sign-ins hold ends with them and not here.
    pub(super) fn release(
        &mut self,
        counters: &Memory<'_>,
        Amount { feature, n }: Amount,
    ) -> Result<(), Problem> {
        let in_use = self.acquired.get(feature).copied().unwrap_or_default();
        let Some(left) = in_use.checked_sub(n) else {
            return Err(Problem::new(
                "not-acquired",
                format!("{in_use} of {feature} are held by acquire; {n} cannot be released."),
                "Release at most as many as were acquired; sign-ins end with logout.",
            ));
        };
        give_back(counters, feature, n)?;
        match left {
            0 => self.acquired.remove(feature),
            left => self.acquired.insert(feature, left),
        };
        Ok(())
    }

    pub(super) fn login(
        &mut self,
        counters: &Memory<'_>,
        name: &str,
        skills: &[Skill],
        supervisor: bool,
    ) -> Result<(), Problem> {
        if let Some(feature) = self.signed_in.get(name) {
            return Err(Problem::new(
                "signed-in-already",
                format!("{name} is signed in already, with one {feature}."),
                "Sign out first to sign in with other skills.",
            ));
        }
        let license_type = counters.license_type().name;
        let feature = contact_center::seat(license_type, skills, supervisor)
            .map_err(|refused| explain::sign_in(refused, license_type))?;
        take(counters, feature, 1)?;
        self.signed_in.insert(name.into(), feature);
        Ok(())
    }

    pub(super) fn logout(&mut self, counters: &Memory<'_>, name: &str) -> Result<(), Problem> {
        let feature = self.signed_in.get(name).ok_or_else(|| {
            Problem::new(
                "not-signed-in",
                format!("{name} is not signed in."),
                "Sign in first; after a refused sign-in there is nothing to end.",
            )
        })?;
        give_back(counters, feature, 1)?;
        self.signed_in.remove(name);
        Ok(())
    }

    /// Takes all of it again; gives why something could not be taken.
    pub(super) fn restore(&self, counters: &Memory<'_>) -> Vec<Problem> {
        let sign_ins = self.signed_in.values().map(|feature| (*feature, 1));
        let all = self.acquired.iter().map(|(feature, n)| (*feature, *n)).chain(sign_ins);
        all.filter_map(|(feature, n)| take(counters, feature, n).err()).collect()
    }
}

fn find(counters: &Memory<'_>, feature: &str) -> Result<FeatureId, Problem> {
    counters.feature(feature).ok_or_else(|| refused(counters, CountError::UnknownFeature, feature))
}

fn take(counters: &Memory<'_>, feature: &str, n: u32) -> Result<(), Problem> {
    let id = find(counters, feature)?;
    counters.acquire(id, n).map_err(|error| refused(counters, error, feature))
}

fn give_back(counters: &Memory<'_>, feature: &str, n: u32) -> Result<(), Problem> {
    let id = find(counters, feature)?;
    counters.release(id, n).map_err(|error| refused(counters, error, feature))
}

fn refused(counters: &Memory<'_>, error: CountError, feature: &str) -> Problem {
    explain::count(error, feature, counters)
}
