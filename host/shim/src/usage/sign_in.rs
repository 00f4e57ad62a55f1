//! A sign-in: who works on what, and the seat that took.

use crate::explain;
use crate::problem::Problem;
use leasehold_core::products::contact_center::{Skill, seat};
use serde::{Deserialize, Serialize};

/// The longest name of a sign-in, in bytes.
const NAME_MAX: usize = 64;

/// One who is signed in.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(from = "Stored")]
pub(super) struct SignIn {
    /// The feature it took.
    pub(super) feature: String,
    /// What they work on; `None` where an older version signed them in, which did not keep it.
    skills: Option<Vec<String>>,
    supervisor: bool,
}

/// As `usage.json` has it: the first version kept nothing but the feature.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Feature(String),
    Whole {
        feature: String,
        skills: Option<Vec<String>>,
        #[serde(default)]
        supervisor: bool,
    },
}

impl From<Stored> for SignIn {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Feature(feature) => Self { feature, skills: None, supervisor: false },
            Stored::Whole { feature, skills, supervisor } => Self { feature, skills, supervisor },
        }
    }
}

impl SignIn {
    /// One with these skills under the license type of that name; its feature is not taken yet.
    pub(super) fn new(
        license_type: &str,
        skills: &[String],
        supervisor: bool,
    ) -> Result<Self, Problem> {
        let known = skills.iter().map(|skill| parse_skill(skill)).collect::<Result<Vec<_>, _>>()?;
        let feature = seat(license_type, &known, supervisor)
            .map_err(|refused| explain::sign_in(refused, license_type))?;
        Ok(Self { feature: feature.into(), skills: Some(skills.to_vec()), supervisor })
    }

    /// The same person under the license type of that name; `None` where it is not known what they
    /// work on.
    pub(super) fn under(&self, license_type: &str) -> Option<Result<Self, Problem>> {
        let skills = self.skills.as_ref()?;
        Some(Self::new(license_type, skills, self.supervisor))
    }
}

pub(super) fn check_name(name: &str) -> Result<(), Problem> {
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
