//! Who is signed in and what was acquired: the appliance's side of the counters.
//!
//! A boot starts with nothing in use (SPEC X9), so this is kept in `usage.json` and acquired again
//! when the daemon starts. It is written whole at each change but not forced to the medium: after a
//! power cut the last seconds of sign-ins may be missing, as are the people, whose connections
//! broke with it.

mod sign_in;
#[cfg(test)]
mod tests;

use crate::disk::{Disk, DiskTrouble, Durability};
use crate::explain;
use crate::problem::Problem;
use leasehold_core::counters::{CountError, Counters};
use leasehold_core::product::{FeatureId, LicenseType};
use serde::{Deserialize, Serialize};
use sign_in::{SignIn, check_name};
use std::collections::BTreeMap;

const FILE: &str = "usage.json";
/// The most names in a message.
const NAMED_MAX: usize = 10;
/// Why somebody cannot be seated under another license type.
const SKILLS_UNKNOWN: &str = "an older version signed them in and did not keep what they work on.";
/// The most sign-ins at a time.
const SIGN_INS_MAX: usize = 20_000;

/// What is held, by whom.
#[derive(Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Usage {
    signed_in: BTreeMap<String, SignIn>,
    /// How many of each feature were acquired apart from sign-ins.
    acquired: BTreeMap<String, u32>,
    /// Why the file is behind memory, if it is.
    #[serde(skip)]
    unsaved: Option<DiskTrouble>,
}

impl Usage {
    /// What was held when the daemon stopped.
    ///
    /// A file that cannot be used is set aside and nothing is held: the appliance's users sign in
    /// again, which no licence period depends on.
    pub(crate) fn load(disk: &dyn Disk) -> Self {
        let read = disk.read(FILE).map_err(|error| DiskTrouble::from(&error).cause);
        let parsed = read.and_then(|bytes| match bytes {
            Some(bytes) => serde_json::from_slice(&bytes).map_err(|error| error.to_string()),
            None => Ok(Self::default()),
        });
        parsed.unwrap_or_else(|cause| {
            tracing::error!("{FILE} cannot be used: {cause}. Users must sign in again.");
            if let Err(error) = disk.rename(FILE, "usage.json.damaged") {
                tracing::warn!("{FILE} could not be set aside: {error}.");
            }
            Self::default()
        })
    }

    /// Acquires again what is held: sign-ins by what they work on, because a crash may have come
    /// between a change of the license type and its storing. What cannot be taken, because a limit
    /// or the license type does not allow it, is given up, and the log says so.
    pub(crate) fn restore<const N: usize>(&mut self, counters: &Counters<'_, N>) {
        let license_type = counters.license_type();
        self.signed_in.retain(|name, sign_in| {
            let seated = match sign_in.under(license_type.name) {
                Some(seated) => seated.map(|seated| *sign_in = seated),
                None => Ok(()),
            };
            let taken = seated.and_then(|()| take(counters, &sign_in.feature, 1));
            retaken(taken, name)
        });
        self.acquired.retain(|feature, n| *n > 0 && retaken(take(counters, feature, *n), feature));
    }

    /// The same people and acquisitions under another license type. Nothing is taken by it.
    pub(crate) fn under(&self, license_type: &LicenseType<'_>) -> Result<Self, Problem> {
        let mut moved = Self::default();
        let mut refused = Vec::new();
        for (name, sign_in) in &self.signed_in {
            match sign_in.under(license_type.name) {
                Some(Ok(sign_in)) => drop(moved.signed_in.insert(name.clone(), sign_in)),
                Some(Err(problem)) => refused.push((name.as_str(), problem.cause)),
                None => refused.push((name, SKILLS_UNKNOWN.into())),
            }
        }
        for (feature, n) in &self.acquired {
            if license_type.feature(feature).is_some() {
                moved.acquired.insert(feature.clone(), *n);
            } else {
                refused.push((feature, format!("{} has no {feature}.", license_type.name)));
            }
        }
        let Some((_, first)) = refused.first() else { return Ok(moved) };
        let names: Vec<&str> = refused.iter().map(|(name, _)| *name).collect();
        Err(Problem::new(
            "not-under-this-type",
            format!("Under {} these cannot go on: {}; {first}", license_type.name, listed(&names)),
            "Sign those people out, and release those features, then choose the license type.",
        ))
    }

    /// Takes everything that is held, or nothing.
    pub(crate) fn take_all<const N: usize>(
        &self,
        counters: &Counters<'_, N>,
    ) -> Result<(), Problem> {
        let mut wanted = Vec::new();
        for (feature, n) in self.per_feature() {
            wanted.push((find(counters, feature)?, n));
        }
        counters
            .acquire_all(&wanted)
            .map_err(|error| explain::count(error, "those features", counters))
    }

    /// Gives everything that is held back to the counters; it is still noted here.
    pub(crate) fn give_back_all<const N: usize>(
        &self,
        counters: &Counters<'_, N>,
    ) -> Result<(), Problem> {
        self.per_feature().try_for_each(|(feature, n)| give_back(counters, feature, n))
    }

    /// How many of each feature the sign-ins hold.
    pub(crate) fn seats(&self) -> BTreeMap<String, u32> {
        let mut seats = BTreeMap::new();
        for sign_in in self.signed_in.values() {
            let held: &mut u32 = seats.entry(sign_in.feature.clone()).or_default();
            *held = held.saturating_add(1);
        }
        seats
    }

    fn per_feature(&self) -> impl Iterator<Item = (&str, u32)> {
        let signed_in = self.signed_in.values().map(|sign_in| (sign_in.feature.as_str(), 1));
        signed_in.chain(self.acquired.iter().map(|(feature, n)| (feature.as_str(), *n)))
    }

    /// Signs `name` in; gives the feature it took.
    pub(crate) fn login<const N: usize>(
        &mut self,
        counters: &Counters<'_, N>,
        name: &str,
        skills: &[String],
        supervisor: bool,
    ) -> Result<String, Problem> {
        check_name(name)?;
        let sign_in = SignIn::new(counters.license_type().name, skills, supervisor)?;
        if let Some(SignIn { feature, .. }) = self.signed_in.get(name) {
            return Err(Problem::new(
                "signed-in-already",
                format!("{name} is signed in already, with one {feature}."),
                "Sign out first to sign in with other skills.",
            ));
        }
        if self.signed_in.len() >= SIGN_INS_MAX {
            return Err(Problem::new(
                "too-many",
                format!("{SIGN_INS_MAX} people are signed in, and that is the most."),
                "Sign somebody out first.",
            ));
        }
        take(counters, &sign_in.feature, 1)?;
        let feature = sign_in.feature.clone();
        self.signed_in.insert(name.into(), sign_in);
        Ok(feature)
    }

    /// Signs `name` out; gives the feature that is free again.
    pub(crate) fn logout<const N: usize>(
        &mut self,
        counters: &Counters<'_, N>,
        name: &str,
    ) -> Result<String, Problem> {
        let SignIn { feature, .. } = self.signed_in.get(name).ok_or_else(|| {
            let cause = format!("{name:?} is not signed in.");
            Problem::new("not-signed-in", cause, self.who_is_signed_in())
        })?;
        let feature = feature.clone();
        give_back(counters, &feature, 1)?;
        self.signed_in.remove(name);
        Ok(feature)
    }

    /// By name while that is a short list.
    fn who_is_signed_in(&self) -> String {
        let named: Vec<&str> = self.signed_in.keys().map(String::as_str).collect();
        match named.len() {
            0 => "Nobody is.".into(),
            count if count <= NAMED_MAX => format!("Signed in: {}.", listed(&named)),
            _ => format!("Signed in: {}; `show license all --json` lists them.", listed(&named)),
        }
    }

    /// Takes `n` of `feature`.
    pub(crate) fn acquire<const N: usize>(
        &mut self,
        counters: &Counters<'_, N>,
        feature: &str,
        n: u32,
    ) -> Result<(), Problem> {
        check_count(n)?;
        take(counters, feature, n)?;
        let held = self.acquired.entry(feature.into()).or_default();
        *held = held.saturating_add(n);
        Ok(())
    }

    /// Gives `n` of `feature` back. What sign-ins hold ends with them and not here.
    pub(crate) fn release<const N: usize>(
        &mut self,
        counters: &Counters<'_, N>,
        feature: &str,
        n: u32,
    ) -> Result<(), Problem> {
        check_count(n)?;
        find(counters, feature)?;
        let held = self.acquired.get(feature).copied().unwrap_or_default();
        let Some(left) = held.checked_sub(n) else {
            let by_sign_in = self.signed_in.values().filter(|held| held.feature == feature).count();
            let beside = match by_sign_in {
                0 => String::new(),
                count => format!(" and {count} by sign-ins, which end with logout"),
            };
            return Err(Problem::new(
                "not-acquired",
                format!("{held} of {feature} are held by acquire{beside}; {n} cannot be released."),
                "Release at most as many as were acquired.",
            ));
        };
        give_back(counters, feature, n)?;
        if left == 0 {
            self.acquired.remove(feature);
        } else {
            self.acquired.insert(feature.into(), left);
        }
        Ok(())
    }

    /// Writes the file. A failure is logged once and tried again at the next change or minute.
    pub(crate) fn save(&mut self, disk: &dyn Disk) {
        let saved = serde_json::to_vec(self)
            .map_err(std::io::Error::from)
            .and_then(|bytes| disk.replace(FILE, &bytes, Durability::Ordered));
        let trouble = saved.err().map(|error| DiskTrouble::from(&error));
        if let (Some(DiskTrouble { cause, remedy }), None) = (&trouble, &self.unsaved) {
            tracing::error!("{FILE} cannot be written: {cause}. {remedy}");
        }
        self.unsaved = trouble;
    }

    /// Why the file is behind memory; `None` while it is not.
    pub(crate) fn unsaved(&self) -> Option<&DiskTrouble> {
        self.unsaved.as_ref()
    }

    /// Who is signed in, and the feature each took.
    pub(crate) fn signed_in(&self) -> impl Iterator<Item = (&str, &str)> {
        self.signed_in.iter().map(|(name, sign_in)| (name.as_str(), sign_in.feature.as_str()))
    }
}

/// Whether it was taken again; says so where it was not.
fn retaken(taken: Result<(), Problem>, what: &str) -> bool {
    if let Err(Problem { cause, remedy, .. }) = &taken {
        tracing::error!("What {what} held cannot be taken again: {cause} {remedy}");
    }
    taken.is_ok()
}

/// The first of them by name, and how many more there are.
fn listed(names: &[&str]) -> String {
    let named = names.get(..NAMED_MAX).unwrap_or(names).join(", ");
    match names.len().saturating_sub(NAMED_MAX) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

fn find<const N: usize>(counters: &Counters<'_, N>, feature: &str) -> Result<FeatureId, Problem> {
    counters
        .feature(feature)
        .ok_or_else(|| explain::count(CountError::UnknownFeature, feature, counters))
}

fn take<const N: usize>(counters: &Counters<'_, N>, feature: &str, n: u32) -> Result<(), Problem> {
    counters
        .acquire(find(counters, feature)?, n)
        .map_err(|error| explain::count(error, feature, counters))
}

fn give_back<const N: usize>(
    counters: &Counters<'_, N>,
    feature: &str,
    n: u32,
) -> Result<(), Problem> {
    counters
        .release(find(counters, feature)?, n)
        .map_err(|error| explain::count(error, feature, counters))
}

fn check_count(n: u32) -> Result<(), Problem> {
    if n == 0 {
        return Err(Problem::new("bad-count", "Zero of a feature is nothing.", "Give 1 or more."));
    }
    Ok(())
}
