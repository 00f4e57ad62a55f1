//! Speaks to a manager's API: the one of a data directory on this machine, or one elsewhere.

use crate::failure::UsageError;
use anyhow::{Result, anyhow, bail};
use clap::{Arg, Args, value_parser};
use leasehold_manager::config::{Config, Settings};
use leasehold_manager::http::API;
use leasehold_manager::http::types::{List, Problem};
use leasehold_manager::setup;
use leasehold_shim::problem;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use ureq::http::{Method, Request, Response};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};

/// How long an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// The longest answer that is read: a full part of any list is shorter.
const ANSWER_MAX: u64 = 16 << 20;
/// Items asked for at a time.
const PART: u32 = 1_000;
/// What stands before the name of a problem that has one.
const PROBLEM: &str = "urn:leasehold:problem:";

/// Which manager is meant.
#[derive(Args, Debug)]
pub(super) struct Connection {
    /// The manager's data directory
    #[arg(
        long,
        global = true,
        display_order = crate::data::AFTER_ITS_OWN,
        env = "LEASEHOLD_DATA",
        default_value_os_t = crate::data::default_directory(),
        value_name = "DIR"
    )]
    pub(super) data: PathBuf,
    /// A manager elsewhere, instead of the one of the data directory
    #[arg(long, global = true, display_order = AFTER_DATA, value_name = "https://HOST:PORT")]
    url: Option<String>,
    /// A file with the secret of an API client of that manager
    #[arg(long, global = true, display_order = AFTER_DATA + 1, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// The certificate (PEM) that the manager's certificate is checked against
    #[arg(long, global = true, display_order = AFTER_DATA + 2, value_name = "FILE")]
    ca: Option<PathBuf>,
}

/// Where what names a manager elsewhere stands in a command's help.
const AFTER_DATA: usize = crate::data::AFTER_ITS_OWN + 1;

/// The options that name a manager elsewhere, for commands that work on this machine alone: taken, so
/// that [`Connection::must_be_local`] can say why they are refused, and not offered.
pub(super) fn not_offered() -> [Arg; 3] {
    let option = |name: &'static str, long: &'static str| Arg::new(name).long(long).hide(true);
    [
        option("url", "url"),
        option("secret_file", "secret-file").value_parser(value_parser!(PathBuf)),
        option("ca", "ca").value_parser(value_parser!(PathBuf)),
    ]
}

impl Connection {
    /// # Errors
    /// A [`UsageError`] when a manager elsewhere is named, for commands of this machine alone.
    pub(super) fn must_be_local(&self) -> Result<(), UsageError> {
        if self.url.is_some() || self.secret_file.is_some() || self.ca.is_some() {
            return Err(UsageError(
                "This command works on a data directory of this machine. Leave --url, \
                 --secret-file and --ca out.",
            ));
        }
        Ok(())
    }

    /// To the manager of a data directory on this machine.
    pub(super) fn to(data: &Path) -> Self {
        Self { data: data.to_owned(), url: None, secret_file: None, ca: None }
    }
}

/// A manager's API.
pub(super) struct Client {
    agent: Agent,
    base: String,
    authorization: String,
    start_with: String,
}

impl Client {
    /// Finds out where the manager is and what to show it. Does not speak to it yet.
    pub(super) fn connect(connection: &Connection) -> Result<Self> {
        match &connection.url {
            Some(url) => Self::remote(connection, url),
            None => Self::local(connection),
        }
    }

    fn local(connection: &Connection) -> Result<Self> {
        let data = &connection.data;
        let secret = match &connection.secret_file {
            Some(file) => read_secret(file)?,
            None => setup::operator_secret(data)?,
        };
        let config = Config::load(data, &Settings::default())?;
        let address = setup::running_at(data).unwrap_or(config.listen);
        let files = setup::tls_files(&config);
        let ca = connection.ca.as_ref().unwrap_or(&files.certificate);
        let start_with = format!(
            "Start it with `leasehold manager serve --data {}`, or name another with --data or \
             --url.",
            data.display()
        );
        Self::new(config.local_url(address), &secret, ca, start_with)
    }

    fn remote(connection: &Connection, url: &str) -> Result<Self> {
        let (Some(secret), Some(ca)) = (&connection.secret_file, &connection.ca) else {
            bail!("A manager elsewhere needs --secret-file and --ca too. Give all three.");
        };
        if !url.starts_with("https://") {
            bail!("The address {url} is not one of HTTPS. Begin it with https://.");
        }
        let start_with = "Check the address and the network on the way to it.".into();
        Self::new(url.trim_end_matches('/').into(), &read_secret(secret)?, ca, start_with)
    }

    fn new(base: String, secret: &str, ca: &Path, start_with: String) -> Result<Self> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::new_with_certs(&certificates(ca)?))
            .unversioned_rustls_crypto_provider(provider)
            .build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .https_only(true)
            .proxy(None)
            .max_redirects(0)
            .timeout_global(Some(ANSWER_WITHIN))
            .http_status_as_error(false)
            .build()
            .new_agent();
        let authorization = format!("Bearer {secret}");
        Ok(Self { agent, base, authorization, start_with })
    }

    /// `GET`.
    pub(super) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.answer(self.send(Method::GET, path, None::<&()>)?)
    }

    /// Every item of a list, part by part. `query` narrows it: `name=value&…`, or nothing.
    pub(super) fn all<T: DeserializeOwned>(&self, path: &str, query: &str) -> Result<Vec<T>> {
        let mut items = Vec::new();
        let mut after = 0;
        loop {
            let part = format!("{path}?limit={PART}&after={after}&{query}");
            let list: List<T> = self.get(part.trim_end_matches('&'))?;
            items.extend(list.items);
            match list.next {
                Some(next) => after = next,
                None => return Ok(items),
            }
        }
    }

    /// Sends `body` and gives what comes back.
    pub(super) fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T> {
        self.answer(self.send(method, path, Some(body))?)
    }

    /// Sends `body` where nothing comes back but whether it was done.
    pub(super) fn tell(&self, method: Method, path: &str, body: &impl Serialize) -> Result<()> {
        self.done(self.send(method, path, Some(body))?).map(|_| ())
    }

    /// Removes something, where nothing comes back.
    pub(super) fn delete(&self, path: &str) -> Result<()> {
        self.done(self.send(Method::DELETE, path, None::<&()>)?).map(|_| ())
    }

    /// `POST` or `DELETE` without a body, giving what comes back.
    pub(super) fn act<T: DeserializeOwned>(&self, method: Method, path: &str) -> Result<T> {
        self.answer(self.send(method, path, None::<&()>)?)
    }

    fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<Response<Body>> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{API}{path}", self.base))
            .header("Authorization", &self.authorization);
        let sent = match body {
            Some(body) => {
                let request = request.header("Content-Type", "application/json");
                self.agent.run(request.body(serde_json::to_vec(body)?)?)
            }
            None => self.agent.run(request.body(())?),
        };
        sent.map_err(|error| self.unreachable(&error))
    }

    fn unreachable(&self, error: &ureq::Error) -> anyhow::Error {
        let Self { base, start_with, .. } = self;
        if let Some(error) = tls_error(error) {
            return anyhow!(
                "The license manager at {base} is not who it should be: {error}. \
                 Check the address, and give its certificate with --ca."
            );
        }
        let cause = match error {
            ureq::Error::Io(error) => error.to_string(),
            error => error.to_string(),
        };
        anyhow!("The license manager at {base} does not answer: {cause}. {start_with}")
    }

    fn done(&self, mut response: Response<Body>) -> Result<Vec<u8>> {
        let status = response.status();
        let bytes = response
            .body_mut()
            .with_config()
            .limit(ANSWER_MAX)
            .read_to_vec()
            .map_err(|error| self.unreachable(&error))?;
        if status.is_success() {
            return Ok(bytes);
        }
        match serde_json::from_slice::<Problem>(&bytes) {
            Ok(Problem { kind, title, detail, remedy, .. }) => {
                let code = match kind.strip_prefix(PROBLEM) {
                    Some(name) => name.to_owned(),
                    None => title.to_lowercase().replace(' ', "-"),
                };
                Err(problem::Problem::new(&code, detail, remedy).into())
            }
            Err(_) => Err(self.foreign(&status)),
        }
    }

    fn answer<T: DeserializeOwned>(&self, response: Response<Body>) -> Result<T> {
        let bytes = self.done(response)?;
        serde_json::from_slice(&bytes).map_err(|error| self.foreign(&error))
    }

    fn foreign(&self, what: &dyn Display) -> anyhow::Error {
        anyhow!(
            "What answers at {} is no license manager of this version: {what}. \
             Check the address, and use the same version on both sides.",
            self.base
        )
    }
}

/// What TLS found wrong; reading and writing wrap it.
fn tls_error(error: &ureq::Error) -> Option<&rustls::Error> {
    match error {
        ureq::Error::Rustls(error) => Some(error),
        ureq::Error::Io(error) => error.get_ref()?.downcast_ref(),
        _ => None,
    }
}

fn read_secret(file: &Path) -> Result<String> {
    let text = fs::read_to_string(file).map_err(|error| {
        anyhow!("{} cannot be read: {error}. Give the file with the secret.", file.display())
    })?;
    Ok(text.trim().to_owned())
}

fn certificates(file: &Path) -> Result<Vec<Certificate<'static>>> {
    let unusable = |what: &dyn Display| {
        anyhow!("{} holds no certificate: {what}. Give a PEM file with one.", file.display())
    };
    let pem = fs::read(file).map_err(|error| {
        anyhow!(
            "The certificate {} cannot be read: {error}. Name another with --ca.",
            file.display()
        )
    })?;
    let items: Result<Vec<PemItem<'_>>, ureq::Error> = parse_pem(&pem).collect();
    let found: Vec<_> = items
        .map_err(|error| unusable(&error))?
        .into_iter()
        .filter_map(|item| match item {
            PemItem::Certificate(certificate) => Some(certificate),
            _ => None,
        })
        .collect();
    if found.is_empty() { Err(unusable(&"none was found")) } else { Ok(found) }
}

/// Text as part of an address.
pub(super) fn escaped(text: &str) -> String {
    use std::fmt::Write;
    text.bytes().fold(String::new(), |mut escaped, byte| {
        // Writing to a string cannot fail.
        let _ = match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                write!(escaped, "{}", char::from(byte))
            }
            _ => write!(escaped, "%{byte:02X}"),
        };
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_in_an_address_means_itself() {
        assert_eq!(escaped("A&b c/ü~"), "A%26b%20c%2F%C3%BC~");
    }
}
