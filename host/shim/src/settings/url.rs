//! Where the manager is.

use serde::{Deserialize, Serialize};
use ureq::http::Uri;

/// Where a manager takes requests, under its host.
pub const SERVICE_PATH: &str = "/Transportgateway/services/DeviceRequestHandler";

/// The whole `https` URL that requests go to.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct ManagerUrl(String);

impl ManagerUrl {
    /// Reads a manager's URL; where it names only the host, the service's path is added.
    ///
    /// # Errors
    /// What is wrong with it, as two sentences.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let example = "Give it as https://manager.example.org:8443";
        let uri: Uri = text.parse().map_err(|_| format!("{text:?} is not a URL. {example}"))?;
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") => {
                return Err("http:// would send licences and tokens in the clear. \
                            Use the manager's https:// address"
                    .into());
            }
            _ => return Err(format!("{text:?} does not begin with https://. {example}")),
        }
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let host = uri.host().unwrap_or_default();
        if host.is_empty() || authority.contains('@') {
            return Err(format!("{text:?} names no plain host. {example}"));
        }
        let port = authority.strip_prefix(host).unwrap_or_default();
        if !port.is_empty() && uri.port_u16().is_none_or(|port| port == 0) {
            return Err(format!("{text:?} has no port from 1 to 65535. {example}"));
        }
        if uri.query().is_some() {
            return Err(format!("{text:?} has a query, which no manager takes. {example}"));
        }
        let path = uri.path().trim_end_matches('/');
        let service = if path.ends_with(SERVICE_PATH) { "" } else { SERVICE_PATH };
        Ok(Self(format!("https://{authority}{path}{service}")))
    }

    /// The URL as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ManagerUrl {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<ManagerUrl> for String {
    fn from(url: ManagerUrl) -> Self {
        url.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_completed_and_only_https_is_taken() {
        let full = format!("https://m.example:8443{SERVICE_PATH}");
        let prefixed = format!("https://m.example/licences{SERVICE_PATH}");
        for (text, url) in [
            ("https://m.example:8443", &full),
            (" https://m.example:8443/ ", &full),
            (full.as_str(), &full),
            ("https://m.example/licences/", &prefixed),
        ] {
            assert_eq!(ManagerUrl::parse(text).unwrap().as_str(), url);
        }
        assert!(ManagerUrl::parse("https://[::1]:8443").is_ok());
        let refusal = ManagerUrl::parse("http://m.example").unwrap_err();
        assert!(refusal.contains("in the clear"), "{refusal}");
        for bad in [
            "",
            "m.example",
            "ftp://m.example",
            "https://",
            "https://a@m.example",
            "https://m.example/?x=1",
            "https://m example",
            "https://m.example:99999",
            "https://m.example:0",
            "https://m.example:",
            "https://[::1]:99999",
        ] {
            assert!(ManagerUrl::parse(bad).is_err(), "{bad:?}");
        }
    }
}
