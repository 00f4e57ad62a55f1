//! Rules other than the products' own, as an administrator writes them (SPEC A8).

use super::catalogue::Product;
use leasehold_core::policy::Policy;
use leasehold_core::time::Duration;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;

macro_rules! overrides {
    ($($field:ident)*) => {
        /// The [`Policy`] fields that the manager sets for the devices it serves; `None` leaves a
        /// field as the product has it.
        ///
        /// Written as a table of SPEC X16's names. Periods are text: an integer and one unit of
        /// `s`, `m`, `h`, `d`.
        #[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
        #[serde(try_from = "BTreeMap<String, Value>")]
        pub struct PolicyOverrides {
            $(#[doc = concat!("[`Policy::", stringify!($field), "`].")]
            pub $field: Option<Duration>,)*
            /// [`Policy::consecutive_reports`].
            pub consecutive_reports: Option<u8>,
            /// [`Policy::lock_usage`].
            pub lock_usage: Option<bool>,
        }

        impl PolicyOverrides {
            /// `policy` with the fields that are set here in place of its own.
            pub fn apply(&self, policy: Policy) -> Policy {
                Policy {
                    $($field: self.$field.unwrap_or(policy.$field),)*
                    consecutive_reports: self
                        .consecutive_reports
                        .unwrap_or(policy.consecutive_reports),
                    lock_usage: self.lock_usage.unwrap_or(policy.lock_usage),
                }
            }

            /// Checks that every value lies within what `product` allows: its devices would follow
            /// no other.
            ///
            /// # Errors
            /// The key, the value and the bounds of the first that does not, and a remedy.
            pub fn check(&self, product: &Product) -> Result<(), String> {
                let (min, max) = (&product.policy_bounds.min, &product.policy_bounds.max);
                $({
                    let (key, value) = (stringify!($field), self.$field);
                    within(key, product, value, min.$field, max.$field, written)?;
                })*
                let key = "consecutive_reports";
                let (value, shown) = (self.consecutive_reports, |count: u8| count.to_string());
                let (min, max) = (min.consecutive_reports, max.consecutive_reports);
                within(key, product, value, min, max, shown)
            }

            fn set(&mut self, key: &str, value: &Value) -> Result<(), String> {
                match key {
                    $(stringify!($field) => self.$field = Some(value.period(key)?),)*
                    "consecutive_reports" => self.consecutive_reports = Some(value.count(key)?),
                    "lock_usage" => self.lock_usage = Some(value.flag(key)?),
                    _ => {
                        return Err(format!(
                            "`{key}` is not a field of the policy. Give one of: {}, \
                             consecutive_reports, lock_usage.",
                            [$(stringify!($field)),*].join(", ")
                        ));
                    }
                }
                Ok(())
            }
        }
    };
}

overrides! {
    evaluation_period report_interval authorization_renewal authorization_period backdate
    overage_period pending_warning pending_tolerance pending_report_interval
    breached_report_interval certificate_period certificate_renewal register_retry retry_first
    retry_max clock_grace
}

impl PolicyOverrides {
    /// Whether nothing is overridden.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl TryFrom<BTreeMap<String, Value>> for PolicyOverrides {
    type Error = String;

    fn try_from(table: BTreeMap<String, Value>) -> Result<Self, String> {
        let mut overrides = Self::default();
        for (key, value) in &table {
            overrides.set(key, value)?;
        }
        Ok(overrides)
    }
}

fn within<T: Copy + Ord>(
    key: &str,
    product: &Product,
    value: Option<T>,
    min: T,
    max: T,
    written: impl Fn(T) -> String,
) -> Result<(), String> {
    let Some(value) = value.filter(|value| !(min..=max).contains(value)) else { return Ok(()) };
    Err(format!(
        "key {key:?}: {} is outside the bounds of the product {}, {} to {}. Give a value within \
         them, or remove the line.",
        written(value),
        product.name,
        written(min),
        written(max)
    ))
}

/// A value as written; what it should be depends on its key, which the error then names.
#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    Flag(bool),
    Number(u64),
    Text(String),
    Other(IgnoredAny),
}

impl Value {
    fn period(&self, key: &str) -> Result<Duration, String> {
        let text = if let Self::Text(text) = self { period(text) } else { None };
        text.ok_or_else(|| {
            format!(
                "`{key}` is not a period. Give an integer and one unit of s, m, h, d, such as \
                 \"90d\" or \"15m\"."
            )
        })
    }

    fn count(&self, key: &str) -> Result<u8, String> {
        let count = if let Self::Number(number) = self { u8::try_from(*number).ok() } else { None };
        count.ok_or_else(|| format!("`{key}` is not a number. Give one from 0 to 255."))
    }

    fn flag(&self, key: &str) -> Result<bool, String> {
        match self {
            Self::Flag(flag) => Ok(*flag),
            _ => Err(format!("`{key}` is neither true nor false. Give one of them.")),
        }
    }
}

/// The units of a period and their seconds, the longest first.
const UNITS: [(char, u32); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// Writes a period as [`period`] reads it, in the longest unit that fits.
fn written(period: Duration) -> String {
    let seconds = period.as_secs();
    let fits = |&(_, unit): &(char, u32)| seconds > 0 && seconds.is_multiple_of(unit);
    let (name, unit) = UNITS.into_iter().find(fits).unwrap_or(('s', 1));
    format!("{}{name}", seconds / unit)
}

/// Reads a period: an integer and one unit of `s`, `m`, `h`, `d`. `None` when it is not that, or
/// longer than a [`Duration`] can be.
pub fn period(text: &str) -> Option<Duration> {
    let unit = text.chars().next_back()?;
    let digits = text.strip_suffix(unit)?;
    let (_, seconds) = UNITS.into_iter().find(|&(name, _)| name == unit)?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u32>().ok()?.checked_mul(seconds).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::catalogue::Catalogue;
    use leasehold_core::products::contact_center::PRODUCT_ID;

    #[test]
    fn what_is_written_replaces_and_the_rest_stays() {
        let overrides: PolicyOverrides = toml::from_str(
            "report_interval = \"1s\"\noverage_period = \"90d\"\nregister_retry = \"15m\"\n\
             retry_max = \"2h\"\nconsecutive_reports = 3\nlock_usage = true\n",
        )
        .unwrap();
        let policy = overrides.apply(Policy::DEFAULT);
        let expected = Policy {
            report_interval: Duration::from_secs(1),
            retry_max: Duration::from_secs(7_200),
            consecutive_reports: 3,
            lock_usage: true,
            ..Policy::DEFAULT
        };
        assert_eq!(policy, expected);
        assert!(!overrides.is_empty());
        let none: PolicyOverrides = serde_json::from_str("{}").unwrap();
        assert!(none.is_empty());
        assert_eq!(none.apply(policy), policy);
    }

    #[test]
    fn a_value_outside_the_bounds_is_told_with_them() {
        let catalogue = Catalogue::shipped(crate::testing::root());
        let product = catalogue.product(PRODUCT_ID).unwrap();
        let check = |text: &str| toml::from_str::<PolicyOverrides>(text).unwrap().check(product);
        let refused = |text: &str| check(text).unwrap_err();
        let ends = ["report_interval = \"1s\"", "report_interval = \"24h\""];
        for fine in ends.into_iter().chain(["", "lock_usage = true"]) {
            assert_eq!(check(fine), Ok(()), "{fine}");
        }
        let long = refused("report_interval = \"90001s\"");
        assert!(long.contains("\"report_interval\": 90001s is outside"), "{long}");
        assert!(long.contains("contact-center, 1s to 1d."), "{long}");
        let short = refused("retry_max = \"2h\"\noverage_period = \"90m\"");
        assert!(short.contains("\"overage_period\": 90m is outside"), "{short}");
        assert!(short.contains("7d to 90d."), "{short}");
        assert!(refused("backdate = \"10m\"").contains("0s to 5m."));
        let count = refused("consecutive_reports = 0");
        assert!(count.contains("\"consecutive_reports\": 0 is outside"), "{count}");
        assert!(count.contains("1 to 10."), "{count}");
    }

    #[test]
    fn an_error_names_the_key() {
        let bad = [
            (r#"{"report_interval": "8x"}"#, "`report_interval`"),
            (r#"{"report_interval": "h"}"#, "`report_interval`"),
            (r#"{"report_interval": "+8h"}"#, "`report_interval`"),
            (r#"{"report_interval": "99999999d"}"#, "`report_interval`"),
            (r#"{"overage_period": 90}"#, "`overage_period`"),
            (r#"{"overage_period": ["90d"]}"#, "`overage_period`"),
            (r#"{"consecutive_reports": 256}"#, "`consecutive_reports`"),
            (r#"{"lock_usage": "yes"}"#, "`lock_usage`"),
            (r#"{"report_intervall": "8h"}"#, "`report_intervall` is not a field"),
        ];
        for (text, named) in bad {
            let error = serde_json::from_str::<PolicyOverrides>(text).unwrap_err().to_string();
            assert!(error.contains(named), "{text}: {error}");
        }
    }
}
