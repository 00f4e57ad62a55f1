//! How the manager is reached: set in the configuration, changed by `license smart transport …`.

mod url;

pub use url::{ManagerUrl, SERVICE_PATH};

use crate::hex::{from_hex, to_hex};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};

/// How the manager is reached.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TransportSettings {
    /// Which way.
    #[serde(default)]
    pub kind: TransportKind,
    /// The manager; `None` until one is set.
    pub url: Option<ManagerUrl>,
    /// Authorities that may vouch for its certificate (PEM), instead of the public ones.
    pub ca_file: Option<PathBuf>,
    /// The SHA-256 of its certificate, instead of any authority.
    pub pin: Option<Pin>,
    /// The proxy, for [`TransportKind::Proxy`].
    pub proxy: Option<ProxySettings>,
    /// The longest a whole exchange may take.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u32,
    /// The longest that connecting may take.
    #[serde(default = "default_connect_timeout")]
    pub connect_timeout_seconds: u32,
}

const fn default_timeout() -> u32 {
    30
}

const fn default_connect_timeout() -> u32 {
    10
}

/// The longest time-out that may be set: the agent gives an exchange up after two minutes.
pub const TIMEOUT_MAX_SECONDS: u32 = 110;

impl Default for TransportSettings {
    fn default() -> Self {
        Self {
            kind: TransportKind::Direct,
            url: None,
            ca_file: None,
            pin: None,
            proxy: None,
            timeout_seconds: default_timeout(),
            connect_timeout_seconds: default_connect_timeout(),
        }
    }
}

/// Which way requests go.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransportKind {
    /// Straight to the central manager.
    #[default]
    Direct,
    /// Straight to a manager on the premises.
    OnPrem,
    /// Through an HTTP proxy.
    Proxy,
}

impl TransportKind {
    /// Its name in commands and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::OnPrem => "on-prem",
            Self::Proxy => "proxy",
        }
    }
}

/// A proxy between the appliance and its manager.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ProxySettings {
    /// Its host name or address.
    pub address: String,
    /// Its port.
    pub port: u16,
    /// Whom it knows the appliance as.
    pub user: Option<String>,
    /// The password.
    pub password: Option<Secret>,
}

/// The SHA-256 of one exact certificate (DER).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pin(pub [u8; 32]);

impl TryFrom<String> for Pin {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        // As `openssl x509 -fingerprint -sha256` prints it, or without the colons.
        let digits: String = text.chars().filter(|c| *c != ':' && !c.is_whitespace()).collect();
        from_hex(&digits).map(Self).ok_or_else(|| {
            "A pin is the SHA-256 of the certificate: 64 hexadecimal digits, with or without \
             colons. Copy it from the manager's start-up message"
                .into()
        })
    }
}

impl From<Pin> for String {
    fn from(pin: Pin) -> Self {
        to_hex(&pin.0)
    }
}

/// A text that is never shown by accident.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Hides `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// A change of the settings: what is `None` stays as it is.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct TransportChange {
    /// Which way requests go from now on.
    pub kind: Option<TransportKind>,
    /// The manager.
    pub url: Option<ManagerUrl>,
    /// Whom to believe that a server is the manager.
    pub trust: Option<TrustChange>,
    /// The proxy.
    pub proxy: Option<ProxySettings>,
}

/// Whom to believe that a server is the manager.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrustChange {
    /// The public authorities.
    Public,
    /// The authorities in a file (PEM, absolute path).
    CaFile(PathBuf),
    /// The one certificate with this SHA-256.
    Pin(Pin),
}

impl TransportSettings {
    /// The settings after `change`.
    ///
    /// # Errors
    /// As [`TransportSettings::check`].
    pub fn changed(&self, change: TransportChange) -> Result<Self, String> {
        let mut new = self.clone();
        new.kind = change.kind.unwrap_or(new.kind);
        new.url = change.url.or(new.url);
        new.proxy = change.proxy.or(new.proxy);
        if let Some(trust) = change.trust {
            (new.ca_file, new.pin) = match trust {
                TrustChange::Public => (None, None),
                TrustChange::CaFile(path) if path.is_absolute() => (Some(path), None),
                TrustChange::CaFile(path) => {
                    return Err(format!(
                        "{} starts at no directory that is known here. Give ca_file as an \
                         absolute path",
                        path.display()
                    ));
                }
                TrustChange::Pin(pin) => (None, Some(pin)),
            };
        }
        new.check()?;
        Ok(new)
    }

    /// Whether the settings fit together.
    ///
    /// # Errors
    /// What does not, and what to do, as two sentences.
    pub fn check(&self) -> Result<(), String> {
        if self.ca_file.is_some() && self.pin.is_some() {
            return Err("Both ca_file and pin are set, and only one can decide. \
                        Remove one of them"
                .into());
        }
        if self.kind == TransportKind::Proxy && self.proxy.is_none() {
            return Err("The transport is proxy and no proxy is set. \
                        Give the proxy's address and port"
                .into());
        }
        if self.proxy.as_ref().is_some_and(|proxy| !is_host(&proxy.address) || proxy.port == 0) {
            return Err("The proxy's address is not a host name or its port is 0. \
                        Give a bare name or IP address, and its port beside it"
                .into());
        }
        let times = [self.timeout_seconds, self.connect_timeout_seconds];
        if times.iter().any(|seconds| !(1..=TIMEOUT_MAX_SECONDS).contains(seconds)) {
            return Err(format!(
                "A time-out is outside 1 to {TIMEOUT_MAX_SECONDS} seconds. \
                 Leave it out to get the default"
            ));
        }
        Ok(())
    }

    /// The settings with a relative `ca_file` taken from `directory`, itself an absolute path: what
    /// is stored must mean the same wherever the daemon is started next.
    #[must_use]
    pub fn relative_to(mut self, directory: &Path) -> Self {
        self.ca_file = self.ca_file.map(|path| directory.join(path));
        self
    }

    /// The settings for people: without the password.
    #[must_use]
    pub fn without_secrets(&self) -> Self {
        let mut shown = self.clone();
        if let Some(proxy) = &mut shown.proxy {
            proxy.password = None;
        }
        shown
    }
}

fn is_host(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]_".contains(&byte);
    !text.is_empty() && text.len() <= 255 && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_reads_with_and_without_colons() {
        let plain = "0aff".repeat(16);
        let colons: Vec<String> = plain
            .as_bytes()
            .chunks(2)
            .map(|pair| String::from_utf8(pair.to_ascii_uppercase()).unwrap())
            .collect();
        let pin = Pin::try_from(plain.clone()).unwrap();
        assert_eq!(Pin::try_from(colons.join(":")).unwrap(), pin);
        assert_eq!(String::from(pin), plain);
        for bad in [&plain[1..], "", &"zz".repeat(32), &"+1".repeat(32), &"é".repeat(32)] {
            assert!(Pin::try_from(bad.to_owned()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_change_leaves_the_rest_and_must_fit() {
        let proxy = ProxySettings {
            address: "proxy.example".into(),
            port: 3128,
            user: Some("cc".into()),
            password: Some(Secret::new("hush")),
        };
        let old = TransportSettings { pin: Some(Pin([1; 32])), ..TransportSettings::default() };
        let kind = Some(TransportKind::Proxy);
        let alone = TransportChange { kind, ..TransportChange::default() };
        assert!(old.changed(alone.clone()).unwrap_err().contains("no proxy is set"));
        let with_proxy = TransportChange { proxy: Some(proxy), ..alone };
        let new = old.changed(with_proxy).unwrap();
        assert_eq!((new.kind, new.pin), (TransportKind::Proxy, old.pin));
        assert!(!format!("{new:?}").contains("hush"));
        assert_eq!(new.without_secrets().proxy.unwrap().password, None);
        let trust = Some(TrustChange::CaFile("/ca.pem".into()));
        let new = new.changed(TransportChange { trust, ..TransportChange::default() }).unwrap();
        assert_eq!((new.pin, new.ca_file.clone()), (None, Some("/ca.pem".into())));
        let trust = Some(TrustChange::CaFile("ca.pem".into()));
        let relative = new.changed(TransportChange { trust, ..TransportChange::default() });
        assert!(relative.unwrap_err().contains("absolute"));
    }

    #[test]
    fn settings_that_do_not_fit_are_refused() {
        let fine = TransportSettings::default();
        assert_eq!(fine.check(), Ok(()));
        let proxy = |address: &str, port| ProxySettings {
            address: address.into(),
            port,
            user: None,
            password: None,
        };
        let bad = [
            TransportSettings {
                pin: Some(Pin([0; 32])),
                ca_file: Some("a".into()),
                ..fine.clone()
            },
            TransportSettings { timeout_seconds: 0, ..fine.clone() },
            TransportSettings { connect_timeout_seconds: 111, ..fine.clone() },
            TransportSettings { proxy: Some(proxy("http://p", 1)), ..fine.clone() },
            TransportSettings { proxy: Some(proxy("p", 0)), ..fine },
        ];
        for settings in bad {
            assert!(settings.check().is_err(), "{settings:?}");
        }
    }
}
