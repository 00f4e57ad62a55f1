//! Who is signed in and what was acquired: the appliance's side of the counters.
//!
//! A boot starts with nothing in use (SPEC X9), so this is kept in `usage.json` and acquired again
//! when the daemon starts. It is written whole at each change but not forced to the medium: after a
//! power cut the last seconds of sign-ins may be missing, as are the people, whose connections
//! broke with it.

use crate::disk::{Disk, DiskTrouble, Durability};
use crate::explain;
use crate::problem::Problem;
use leasehold_core::counters::{CountError, Counters};
use leasehold_core::product::{FeatureId, LicenseType};
use leasehold_core::products::contact_center::{Skill, flex_seat};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const FILE: &str = "usage.json";
/// The longest name of a sign-in, in bytes.
const NAME_MAX: usize = 64;
/// The most names in a message.
const NAMED_MAX: usize = 10;
/// The most sign-ins at a time.
const SIGN_INS_MAX: usize = 20_000;

/// What is held, by whom.
#[derive(Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Usage {
    /// The feature that each sign-in took.
    signed_in: BTreeMap<String, String>,
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

    /// Acquires again what is held. Features that the license type no longer has are given up.
    pub(crate) fn restore<const N: usize>(&mut self, counters: &Counters<'_, N>) {
        let license_type = counters.license_type();
        let has = |feature: &str| license_type.feature(feature).is_some();
        self.signed_in.retain(|_, feature| has(feature));
        self.acquired.retain(|feature, n| *n > 0 && has(feature));
        let wanted: Vec<(FeatureId, u32)> = self
            .signed_in
            .values()
            .map(|feature| (feature, 1))
            .chain(self.acquired.iter().map(|(feature, n)| (feature, *n)))
            .filter_map(|(feature, n)| Some((license_type.feature(feature)?, n)))
            .collect();
        if counters.acquire_all(&wanted).is_err() {
            tracing::error!("{FILE} holds more than can be counted. Users must sign in again.");
            *self = Self::default();
        }
    }

    /// Signs `name` in; gives the feature it took.
    pub(crate) fn login<const N: usize>(
        &mut self,
        counters: &Counters<'_, N>,
        name: &str,
        skills: &[String],
        supervisor: bool,
    ) -> Result<&'static str, Problem> {
        check_name(name)?;
        let skills =
            skills.iter().map(|skill| parse_skill(skill)).collect::<Result<Vec<_>, _>>()?;
        if let Some(feature) = self.signed_in.get(name) {
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
        let feature = flex_seat(&skills, supervisor);
        take(counters, feature, 1)?;
        self.signed_in.insert(name.into(), feature.into());
        Ok(feature)
    }

    /// Signs `name` out; gives the feature that is free again.
    pub(crate) fn logout<const N: usize>(
        &mut self,
        counters: &Counters<'_, N>,
        name: &str,
    ) -> Result<String, Problem> {
        let feature = self.signed_in.get(name).ok_or_else(|| {
            let cause = format!("{name:?} is not signed in.");
            Problem::new("not-signed-in", cause, self.who_is_signed_in())
        })?;
        give_back(counters, feature, 1)?;
        Ok(self.signed_in.remove(name).unwrap_or_default())
    }

    /// By name while that is a short list.
    fn who_is_signed_in(&self) -> String {
        let named: Vec<&str> = self.signed_in.keys().take(NAMED_MAX).map(String::as_str).collect();
        match self.signed_in.len().saturating_sub(named.len()) {
            _ if named.is_empty() => "Nobody is.".into(),
            0 => format!("Signed in: {}.", named.join(", ")),
            more => format!(
                "Signed in: {} and {more} more; `show license all --json` lists them.",
                named.join(", ")
            ),
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
        find(counters.license_type(), feature)?;
        let held = self.acquired.get(feature).copied().unwrap_or_default();
        let Some(left) = held.checked_sub(n) else {
            let by_sign_in = self.signed_in.values().filter(|held| *held == feature).count();
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
        self.signed_in.iter().map(|(name, feature)| (name.as_str(), feature.as_str()))
    }
}

fn find(license_type: &LicenseType<'_>, feature: &str) -> Result<FeatureId, Problem> {
    license_type
        .feature(feature)
        .ok_or_else(|| explain::count(CountError::UnknownFeature, feature, &features(license_type)))
}

fn take<const N: usize>(counters: &Counters<'_, N>, feature: &str, n: u32) -> Result<(), Problem> {
    let license_type = counters.license_type();
    counters
        .acquire(find(license_type, feature)?, n)
        .map_err(|error| explain::count(error, feature, &features(license_type)))
}

fn give_back<const N: usize>(
    counters: &Counters<'_, N>,
    feature: &str,
    n: u32,
) -> Result<(), Problem> {
    let license_type = counters.license_type();
    counters
        .release(find(license_type, feature)?, n)
        .map_err(|error| explain::count(error, feature, &features(license_type)))
}

fn features<'l>(license_type: &'l LicenseType<'_>) -> Vec<&'l str> {
    license_type.features.iter().map(|feature| feature.name).collect()
}

fn check_count(n: u32) -> Result<(), Problem> {
    if n == 0 {
        return Err(Problem::new("bad-count", "Zero of a feature is nothing.", "Give 1 or more."));
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), Problem> {
    if name.is_empty() || name.len() > NAME_MAX || name.chars().any(char::is_control) {
        return Err(Problem::new(
            "bad-name",
            "The name is empty, too long, or holds control characters.",
            format!("Use a name of 1 to {NAME_MAX} bytes."),
        ));
    }
    Ok(())
}

fn parse_skill(name: &str) -> Result<Skill, Problem> {
    Skill::from_name(name).ok_or_else(|| {
        Problem::new(
            "unknown-skill",
            format!("There is no skill {name:?}."),
            format!("The skills are {}.", Skill::ALL.map(Skill::name).join(", ")),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::Directory;
    use leasehold_core::products::contact_center::FLEX;

    fn skills(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).into()).collect()
    }

    #[test]
    fn sign_ins_take_the_seat_their_skills_need_once() {
        let counters = Counters::<8>::new(&FLEX);
        let mut usage = Usage::default();
        let mut login = |name: &str, names: &[&str], supervisor| {
            usage.login(&counters, name, &skills(names), supervisor)
        };
        assert_eq!(login("ann", &["inbound-voice"], false), Ok("standard-seat"));
        assert_eq!(login("bob", &["inbound-voice", "chat"], false), Ok("premium-seat"));
        assert_eq!(login("eve", &[], true), Ok("premium-seat"));
        let twice = login("ann", &["chat"], false).unwrap_err();
        assert_eq!(twice.code, "signed-in-already");
        let unknown = login("dan", &["telepathy"], false).unwrap_err();
        assert!(unknown.remedy.contains("outbound-direct-preview"), "{unknown}");
        for name in ["", "a\nb", &"x".repeat(65)] {
            assert_eq!(login(name, &[], false).unwrap_err().code, "bad-name");
        }
        assert_eq!(counters.counts().in_use[..2], [1, 2]);
        assert_eq!(usage.logout(&counters, "bob").unwrap(), "premium-seat");
        let unknown = usage.logout(&counters, "bob").unwrap_err();
        assert_eq!(unknown.code, "not-signed-in");
        assert_eq!(unknown.remedy, "Signed in: ann, eve.");
        assert_eq!(counters.counts().in_use[..2], [1, 1]);
    }

    #[test]
    fn whoever_is_not_signed_in_is_told_who_is() {
        let counters = Counters::<8>::new(&FLEX);
        let mut usage = Usage::default();
        assert_eq!(usage.logout(&counters, "zoe").unwrap_err().remedy, "Nobody is.");
        for number in 10..23 {
            usage.login(&counters, &format!("a{number}"), &[], false).unwrap();
        }
        let remedy = usage.logout(&counters, "zoe").unwrap_err().remedy;
        assert!(remedy.starts_with("Signed in: a10, a11, ") && remedy.contains("a19 and 3 more;"));
    }

    #[test]
    fn a_release_takes_nothing_from_sign_ins() {
        let counters = Counters::<8>::new(&FLEX);
        let mut usage = Usage::default();
        usage.login(&counters, "ann", &[], false).unwrap();
        usage.acquire(&counters, "standard-seat", 3).unwrap();
        let refused = usage.release(&counters, "standard-seat", 4).unwrap_err();
        assert!(refused.cause.starts_with("3 of standard-seat are held"), "{refused}");
        assert!(refused.cause.contains("1 by sign-ins"), "{refused}");
        usage.release(&counters, "standard-seat", 3).unwrap();
        assert_eq!(counters.counts().in_use[0], 1);
        let unknown = usage.acquire(&counters, "sofa", 1).unwrap_err();
        assert!(unknown.remedy.contains("standard-seat, premium-seat"), "{unknown}");
        assert_eq!(usage.release(&counters, "sofa", 1).unwrap_err().code, "unknown-feature");
        assert_eq!(usage.acquire(&counters, "server", 0).unwrap_err().code, "bad-count");
        usage.acquire(&counters, "server", u32::MAX - 1).unwrap();
        assert_eq!(usage.acquire(&counters, "server", 2).unwrap_err().code, "too-many");
    }

    #[test]
    fn what_is_held_comes_back_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let disk = Directory::take(dir.path()).unwrap();
        let counters = Counters::<8>::new(&FLEX);
        let mut usage = Usage::load(&disk);
        usage.login(&counters, "ann", &[], true).unwrap();
        usage.acquire(&counters, "inbound-port", 7).unwrap();
        usage.save(&disk);
        let after = Counters::<8>::new(&FLEX);
        let mut loaded = Usage::load(&disk);
        loaded.restore(&after);
        assert_eq!(loaded, usage);
        assert_eq!(after.counts().in_use, counters.counts().in_use);
    }

    #[test]
    fn a_file_that_cannot_be_used_is_set_aside() {
        let dir = tempfile::tempdir().unwrap();
        let disk = Directory::take(dir.path()).unwrap();
        for text in ["", "{", "{\"signed_in\": 3}", "[]"] {
            disk.replace(FILE, text.as_bytes(), Durability::Ordered).unwrap();
            assert_eq!(Usage::load(&disk), Usage::default(), "{text}");
            assert_eq!(disk.read(FILE).unwrap(), None);
            assert_eq!(disk.read("usage.json.damaged").unwrap().unwrap(), text.as_bytes());
        }
        let gone =
            "{\"signed_in\": {\"ann\": \"gone\"}, \"acquired\": {\"gone\": 2, \"server\": 1}}";
        disk.replace(FILE, gone.as_bytes(), Durability::Ordered).unwrap();
        let counters = Counters::<8>::new(&FLEX);
        let mut usage = Usage::load(&disk);
        usage.restore(&counters);
        assert_eq!(usage.signed_in().count(), 0);
        assert_eq!(counters.counts().in_use[2], 1);
    }
}
