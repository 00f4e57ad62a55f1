//! What an administrator can set: `manager.toml` in the data directory, and over it the settings
//! that the command line and the environment give.

use crate::domain::overrides::PolicyOverrides;
use rustls::pki_types::ServerName;
use serde::Deserialize;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The configuration file in the data directory.
pub const FILE: &str = "manager.toml";
/// Where the manager listens when nothing else is set.
pub const DEFAULT_LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED), 8443);

/// Settings that may come from outside the file. What is `None` stays as the file has it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Settings {
    /// The address and port to listen on; port 0 takes any that is free.
    pub listen: Option<SocketAddr>,
    /// The names and IP addresses that appliances and administrators call the manager by.
    pub names: Option<Vec<String>>,
    /// A TLS certificate chain to use instead of the self-signed one (PEM).
    pub tls_certificate: Option<PathBuf>,
    /// Its private key (PEM).
    pub tls_key: Option<PathBuf>,
}

/// TLS files that were given, instead of those that set-up makes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TlsFiles {
    /// The certificate chain, the server's own first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// Everything the manager is run with.
#[derive(Clone, Debug)]
pub struct Config {
    /// The data directory.
    pub data: PathBuf,
    /// The address and port to listen on.
    pub listen: SocketAddr,
    /// What the manager is called, apart from `localhost`; the first stands in printed links.
    pub names: Vec<String>,
    /// TLS files that were given.
    pub tls: Option<TlsFiles>,
    /// Rules other than the products' own (SPEC A8).
    pub policy: PolicyOverrides,
}

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is there and cannot be read.
    #[error("{path} cannot be read: {source}. Give the manager's user read access to it.")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// A line of the file is not understood.
    #[error("{path}, line {line}{key}: {problem}. Correct that line, or remove it.")]
    Line {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// `, key "name"` where the line has one.
        key: String,
        /// What does not fit.
        problem: String,
    },
    /// One of the two TLS files was given without the other.
    #[error(
        "Only one of tls_certificate and tls_key is set. Set both, or neither to use the \
         self-signed certificate."
    )]
    HalfTls,
    /// No client could connect by a name like that, and no certificate can hold it.
    #[error(
        "{origin}: {name:?} is neither a DNS name nor an IP address. \
         Give names such as licenses.example.org or 192.0.2.1, without a scheme or a port."
    )]
    Name {
        /// Where it stands.
        origin: String,
        /// The name.
        name: String,
    },
}

/// The file as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    listen: Option<SocketAddr>,
    names: Option<Vec<String>>,
    tls_certificate: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    policy: PolicyOverrides,
}

impl Config {
    /// The configuration of the data directory `data`, with `settings` over its file. A relative
    /// path in the file starts at the data directory.
    ///
    /// # Errors
    /// [`ConfigError`] names the file, the line and the key, or the setting.
    pub fn load(data: &Path, settings: &Settings) -> Result<Self, ConfigError> {
        let path = data.join(FILE);
        let file = match fs::read_to_string(&path) {
            Ok(text) => parse(&path, &text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => File::default(),
            Err(source) => {
                return Err(ConfigError::Unreadable { path: path.display().to_string(), source });
            }
        };
        let in_data = |path: PathBuf| data.join(path);
        let given = (settings.tls_certificate.clone(), settings.tls_key.clone());
        let tls = match given {
            (None, None) => (file.tls_certificate.map(in_data), file.tls_key.map(in_data)),
            given => given,
        };
        let (names, origin) = match (&settings.names, file.names) {
            (Some(names), _) => (names.clone(), "--name or LEASEHOLD_NAMES".into()),
            (None, names) => (names.unwrap_or_default(), path.display().to_string()),
        };
        if let Some(name) = names.iter().find(|name| ServerName::try_from(name.as_str()).is_err()) {
            return Err(ConfigError::Name { origin, name: name.clone() });
        }
        Ok(Self {
            data: data.to_owned(),
            listen: settings.listen.or(file.listen).unwrap_or(DEFAULT_LISTEN),
            names,
            tls: both(tls)?,
            policy: file.policy,
        })
    }
}

impl Config {
    /// The keys of `manager.toml` that this has otherwise than `file`, which is that file alone.
    pub(crate) fn differs_in(&self, file: &Self) -> Vec<&'static str> {
        let keys = [
            ("listen", self.listen != file.listen),
            ("names", self.names != file.names),
            ("tls_certificate and tls_key", self.tls != file.tls),
        ];
        keys.into_iter().filter_map(|(key, differs)| differs.then_some(key)).collect()
    }

    /// How people reach the manager when it listens on `port`, as printed in links.
    pub fn public_url(&self, port: u16) -> String {
        match self.names.first() {
            Some(name) => url(name, port),
            None => self.local_url(SocketAddr::new(self.listen.ip(), port)),
        }
    }

    /// How a command on the same machine reaches the manager that listens at `address`: by an
    /// address that the self-signed certificate holds, or by the name of a given one.
    pub fn local_url(&self, address: SocketAddr) -> String {
        if let (Some(_), Some(name)) = (&self.tls, self.names.first()) {
            return url(name, address.port());
        }
        match address.ip() {
            ip if ip.is_unspecified() => url("localhost", address.port()),
            ip => url(&ip.to_string(), address.port()),
        }
    }
}

fn url(host: &str, port: u16) -> String {
    match host.contains(':') {
        true => format!("https://[{host}]:{port}"),
        false => format!("https://{host}:{port}"),
    }
}

fn both(tls: (Option<PathBuf>, Option<PathBuf>)) -> Result<Option<TlsFiles>, ConfigError> {
    match tls {
        (Some(certificate), Some(key)) => Ok(Some(TlsFiles { certificate, key })),
        (None, None) => Ok(None),
        _ => Err(ConfigError::HalfTls),
    }
}

fn parse(path: &Path, text: &str) -> Result<File, ConfigError> {
    toml::from_str(text).map_err(|error| {
        let (line, key) = locate(text, error.message(), error.span());
        ConfigError::Line {
            path: path.display().to_string(),
            line,
            key: key.map_or(String::new(), |key| format!(", key {key:?}")),
            problem: error.message().trim_end_matches('.').replace('\n', ", "),
        }
    })
}

/// The line, from 1, and the key that an error is about. An error inside `[policy]` is reported
/// at its head and names the key in its message.
fn locate<'a>(
    text: &'a str,
    message: &str,
    span: Option<Range<usize>>,
) -> (usize, Option<&'a str>) {
    let start = span.map_or(0, |span| span.start);
    let first = text.get(..start).unwrap_or(text).matches('\n').count();
    let key_of = |line: &'a str| line.split_once('=').map(|(key, _)| key.trim());
    let named = message.split('`').nth(1);
    let mut below = text.lines().enumerate().skip(first);
    let about = below.find(|(_, line)| named.is_some() && key_of(line) == named);
    match about {
        Some((line, written)) => (line + 1, key_of(written)),
        None => (first + 1, text.lines().nth(first).and_then(key_of)),
    }
}

/// The file that set-up writes: what was chosen, and the rest as comments.
pub(crate) fn initial_file(settings: &Settings) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let line = |key: &str, value: Option<String>, example: &str| match value {
        Some(value) => format!("{key} = {value}\n"),
        None => format!("# {key} = {example}\n"),
    };
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| quoted(&path.to_string_lossy()));
    let names =
        settings.names.as_ref().map(|names| serde_json::Value::from(&names[..]).to_string());
    [
        "# Settings of this license manager. They take effect at its next start.\n".into(),
        line(
            "listen",
            settings.listen.map(|listen| quoted(&listen.to_string())),
            &quoted(&DEFAULT_LISTEN.to_string()),
        ),
        line("names", names, "[\"licenses.example.org\"]"),
        line("tls_certificate", path(&settings.tls_certificate), "\"chain.pem\""),
        line("tls_key", path(&settings.tls_key), "\"key.pem\""),
        "\n# Rules that devices are told instead of their product's own.\n[policy]\n".into(),
        "# report_interval = \"8h\"\n".into(),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Config, ConfigError> {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE), text).unwrap();
        Config::load(dir.path(), &Settings::default())
    }

    fn refusal(text: &str) -> String {
        load(text).unwrap_err().to_string()
    }

    #[test]
    fn without_a_file_the_defaults_hold() {
        let dir = tempfile::tempdir().unwrap();
        let config = Config::load(dir.path(), &Settings::default()).unwrap();
        assert_eq!(config.listen.to_string(), "0.0.0.0:8443");
        assert!(config.names.is_empty() && config.tls.is_none() && config.policy.is_empty());
    }

    #[test]
    fn settings_from_outside_go_over_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = "listen = \"127.0.0.1:1\"\nnames = [\"a.example\"]\n\
                    tls_certificate = \"c.pem\"\ntls_key = \"/k.pem\"\n";
        fs::write(dir.path().join(FILE), file).unwrap();
        let config = Config::load(dir.path(), &Settings::default()).unwrap();
        let tls = config.tls.unwrap();
        assert_eq!(tls.certificate, dir.path().join("c.pem"));
        assert_eq!(tls.key, Path::new("/k.pem"));
        let settings = Settings {
            listen: Some(([127, 0, 0, 1], 2).into()),
            names: Some(vec!["b.example".into()]),
            ..Settings::default()
        };
        let config = Config::load(dir.path(), &settings).unwrap();
        assert_eq!(config.listen.port(), 2);
        assert_eq!(config.names, ["b.example"]);
    }

    #[test]
    fn an_error_names_the_line_and_the_key() {
        let unknown = refusal("names = []\nlisen = \"127.0.0.1:1\"\n");
        assert!(unknown.contains("manager.toml, line 2, key \"lisen\""), "{unknown}");
        let kind = refusal("\n\nlisten = 8443\n");
        assert!(kind.contains("line 3, key \"listen\""), "{kind}");
        let policy = refusal("[policy]\nreport_interval = \"8 parsecs\"\n");
        assert!(policy.contains("line 2, key \"report_interval\""), "{policy}");
        let unknown_policy = refusal("[policy]\nreport_intervall = \"8h\"\n");
        assert!(unknown_policy.contains("line 2, key \"report_intervall\""), "{unknown_policy}");
        let syntax = refusal("listen = \"127.0.0.1:1\"\nnames = [\n");
        assert!(syntax.contains("line "), "{syntax}");
        let half = refusal("tls_key = \"k.pem\"\n");
        assert!(half.contains("Set both"), "{half}");
    }

    #[test]
    fn a_name_that_nobody_could_connect_by_is_refused() {
        let fine = "names = [\"licenses.example.org\", \"pbx\", \"192.0.2.1\", \"2001:db8::1\"]";
        assert_eq!(load(fine).unwrap().names.len(), 4);
        let none = ["", "a b", "https://a.example", "a.example:8443", "*.example", "-a", "[::1]"];
        for name in none {
            let refused = refusal(&format!("names = [\"a.example\", {name:?}]"));
            assert!(refused.contains(&format!("manager.toml: {name:?} is neither")), "{refused}");
            let dir = tempfile::tempdir().unwrap();
            let given = Settings { names: Some(vec![name.into()]), ..Settings::default() };
            let refused = Config::load(dir.path(), &given).unwrap_err().to_string();
            assert!(
                refused.starts_with(&format!("--name or LEASEHOLD_NAMES: {name:?}")),
                "{refused}"
            );
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_is_not_taken_for_an_absent_one() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join(FILE)).unwrap();
        let error = Config::load(dir.path(), &Settings::default()).unwrap_err();
        assert!(matches!(error, ConfigError::Unreadable { .. }));
    }

    #[test]
    fn what_set_up_writes_reads_back() {
        let settings = Settings {
            listen: Some(([127, 0, 0, 1], 9443).into()),
            names: Some(vec!["licenses.example.org".into(), "192.0.2.1".into()]),
            tls_certificate: Some("/etc/a \"quoted\" name.pem".into()),
            tls_key: Some("/etc/key.pem".into()),
        };
        let config = load(&initial_file(&settings)).unwrap();
        assert_eq!(config.listen, settings.listen.unwrap());
        assert_eq!(Some(config.names), settings.names);
        assert_eq!(Some(config.tls.unwrap().certificate), settings.tls_certificate);
        let untouched = load(&initial_file(&Settings::default())).unwrap();
        assert_eq!(untouched.listen, DEFAULT_LISTEN);
    }
}
