//! What an appliance is: `appliance.toml`, and the registration token it may start with.
//!
//! ```toml
//! product = "contact-center"        # or "industrial-gateway"
//! size_profile = "400-agents"       # the product limits what it carries to that size
//! serial_number = "CC-0001"
//! root = "…"                       # the vendor's root public key, 64 hexadecimal digits
//! token_file = "token"             # registers the appliance without anyone typing
//!
//! [transport]
//! url = "https://manager.example.org:8443"
//! pin = "…"                        # or ca_file = "ca.pem", or neither: the public authorities
//!
//! [rollback_protection]
//! counter_file = "/persist/counter" # on storage that backups of the data directory do not cover
//! ```

#[cfg(test)]
mod tests;

use crate::hex::{from_hex, parse_uuid};
use crate::settings::{Secret, TransportSettings};
use ed25519_dalek::VerifyingKey;
use leasehold_core::crypto::{Algorithm, PublicKey};
use leasehold_core::identity::{Udi, UdiError};
use leasehold_core::product::{ProductDefinition, SizeProfile};
use leasehold_core::products::{self, contact_center};
use serde::Deserialize;
use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// The configuration file's name in the data directory.
pub const FILE: &str = "appliance.toml";
/// The environment variable that may hold a registration token.
pub const TOKEN_VARIABLE: &str = "LEASEHOLD_TOKEN";
/// The longest host name, in bytes: what Linux allows, and what a report has room for.
pub const HOST_NAME_MAX: usize = 64;

/// Everything the daemon is told before it starts.
#[derive(Clone, Debug)]
pub struct Config {
    /// The data directory: state, socket, log.
    pub data: PathBuf,
    /// The configuration file.
    pub file: PathBuf,
    /// Which product the appliance is, and whom it trusts.
    pub product: ProductDefinition<'static>,
    /// The size it comes in; `None` where size limits nothing.
    pub size_profile: Option<&'static SizeProfile<'static>>,
    /// The product id in its UDI; the product's own unless a test says otherwise.
    pub product_id: String,
    /// The serial number in its UDI.
    pub serial_number: String,
    /// The UUID in its UDI.
    pub uuid: Option<[u8; 16]>,
    /// Its host name.
    pub host_name: String,
    /// Whether the host name is kept from the manager.
    pub host_name_private: bool,
    /// How the manager is reached, until a command changes it.
    pub transport: TransportSettings,
    /// A token to register with by itself.
    pub token: Option<Secret>,
    /// A file that holds such a token, now or later.
    pub token_file: Option<PathBuf>,
    /// The file of the counter that only grows (SPEC S5); `None` where there is none.
    pub counter_file: Option<PathBuf>,
}

/// What is wrong with the configuration.
#[derive(Debug)]
pub enum ConfigError {
    /// The file cannot be read.
    Unreadable {
        /// Which.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A line of it is wrong.
    Wrong {
        /// Which file.
        file: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// Which key, where that can be told.
        key: Option<String>,
        /// What is wrong with it.
        problem: String,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { file, error } if error.kind() == io::ErrorKind::NotFound => write!(
                f,
                "There is no configuration at {}. Write one with at least serial_number and root, \
                 or name one with --config.",
                file.display()
            ),
            Self::Unreadable { file, error } => write!(
                f,
                "{} cannot be read: {error}. Make it a text file that this user may read.",
                file.display()
            ),
            Self::Wrong { file, line, key, problem } => {
                write!(f, "{}, line {line}", file.display())?;
                if let Some(key) = key {
                    write!(f, ", key {key}")?;
                }
                write!(f, ": {problem}. Correct that line and start again.")
            }
        }
    }
}

impl std::error::Error for ConfigError {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    product: Option<Spanned<String>>,
    size_profile: Option<Spanned<String>>,
    root: Spanned<String>,
    product_id: Option<Spanned<String>>,
    serial_number: Spanned<String>,
    uuid: Option<Spanned<String>>,
    host_name: Option<Spanned<String>>,
    #[serde(default)]
    host_name_private: bool,
    transport: Option<Spanned<TransportSettings>>,
    token_file: Option<PathBuf>,
    rollback_protection: Option<RollbackProtection>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RollbackProtection {
    counter_file: PathBuf,
}

impl Config {
    /// Reads `file`, or [`FILE`] in the data directory. Relative paths in it start at the
    /// directory it stands in. `token` is what [`TOKEN_VARIABLE`] holds.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn load(
        data: &Path,
        file: Option<&Path>,
        token: Option<Secret>,
    ) -> Result<Self, ConfigError> {
        let named = file.map_or_else(|| data.join(FILE), Path::to_owned);
        // What it says must mean the same wherever the daemon is started next.
        let file = match std::path::absolute(&named) {
            Ok(file) => file,
            Err(error) => return Err(ConfigError::Unreadable { file: named, error }),
        };
        match std::fs::read_to_string(&file) {
            Ok(text) => Self::parse(data, &file, &text, token),
            Err(error) => Err(ConfigError::Unreadable { file, error }),
        }
    }

    fn parse(
        data: &Path,
        file: &Path,
        text: &str,
        token: Option<Secret>,
    ) -> Result<Self, ConfigError> {
        let wrong = |span: Option<Range<usize>>, problem: String| {
            let (line, key) = locate(text, &problem, span);
            let problem = problem.trim_end_matches('.').replace('\n', ", ");
            ConfigError::Wrong { file: file.into(), line, key, problem }
        };
        let raw: File =
            toml::from_str(text).map_err(|error| wrong(error.span(), error.message().into()))?;
        let at = |value: &Spanned<String>, problem: String| wrong(Some(value.span()), problem);

        let root = root_key(raw.root.get_ref()).map_err(|problem| at(&raw.root, problem.into()))?;
        let product = match &raw.product {
            None => contact_center::definition(root),
            Some(name) => products::find(name.get_ref(), root)
                .ok_or_else(|| at(name, no_product(name.get_ref(), root)))?,
        };
        let size_profile = match &raw.size_profile {
            None => None,
            Some(name) => Some(
                product
                    .size_profile(name.get_ref())
                    .ok_or_else(|| at(name, no_size_profile(name.get_ref(), &product)))?,
            ),
        };
        let uuid = match &raw.uuid {
            None => None,
            Some(text) => Some(parse_uuid(text.get_ref()).ok_or_else(|| {
                at(text, "a UUID is 32 hexadecimal digits in the usual groups".into())
            })?),
        };
        if let Some(product_id) = &raw.product_id {
            Udi::new(product_id.get_ref(), "0", None)
                .map_err(|error| at(product_id, udi_problem(error)))?;
        }
        Udi::new("0", raw.serial_number.get_ref(), None)
            .map_err(|error| at(&raw.serial_number, udi_problem(error)))?;
        let host_name = match &raw.host_name {
            Some(name) if name.get_ref().len() > HOST_NAME_MAX => {
                return Err(at(name, format!("a host name has at most {HOST_NAME_MAX} bytes")));
            }
            Some(name) => name.get_ref().clone(),
            None => system_host_name(),
        };
        if let Some(transport) = &raw.transport {
            let span = Some(transport.span());
            transport.get_ref().check().map_err(|problem| wrong(span, problem))?;
        }
        let directory = file.parent().unwrap_or(data);
        let transport = raw.transport.map(Spanned::into_inner).unwrap_or_default();
        Ok(Self {
            data: data.into(),
            file: file.into(),
            product,
            size_profile,
            product_id: match raw.product_id {
                Some(product_id) => product_id.into_inner(),
                None => product.product_id.into(),
            },
            serial_number: raw.serial_number.into_inner(),
            uuid,
            host_name,
            host_name_private: raw.host_name_private,
            transport: transport.relative_to(directory),
            token,
            token_file: raw.token_file.map(|path| directory.join(path)),
            counter_file: raw.rollback_protection.map(|own| directory.join(own.counter_file)),
        })
    }

    /// A contact-centre appliance with every default.
    ///
    /// # Errors
    /// [`UdiError`] for a serial number that cannot be part of a UDI.
    pub fn contact_center(
        data: &Path,
        serial_number: &str,
        root: PublicKey,
    ) -> Result<Self, UdiError> {
        let product = contact_center::definition(root);
        Udi::new(product.product_id, serial_number, None)?;
        Ok(Self {
            data: data.into(),
            file: data.join(FILE),
            product,
            size_profile: None,
            product_id: product.product_id.into(),
            serial_number: serial_number.into(),
            uuid: None,
            host_name: system_host_name(),
            host_name_private: false,
            transport: TransportSettings::default(),
            token: None,
            token_file: None,
            counter_file: None,
        })
    }

    /// The UDI.
    pub fn udi(&self) -> Udi<'_> {
        Udi { product_id: &self.product_id, serial_number: &self.serial_number, uuid: self.uuid }
    }
}

/// The token in the environment, if there is one.
pub fn token_from_environment() -> Option<Secret> {
    std::env::var(TOKEN_VARIABLE).ok().filter(|token| !token.is_empty()).map(Secret::new)
}

fn system_host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().chars().take(HOST_NAME_MAX).collect()
}

fn no_product(name: &str, root: PublicKey) -> String {
    let names = products::all(root).map(|product| product.name).join(", ");
    format!("there is no product {name:?}; the products are {names}")
}

fn no_size_profile(name: &str, product: &ProductDefinition<'_>) -> String {
    let names: Vec<&str> = product.size_profiles.iter().map(|profile| profile.name).collect();
    format!("there is no size {name:?} of {}; the sizes are {}", product.name, names.join(", "))
}

/// Keys that vouch for nobody, because anybody could sign for them, are refused.
fn root_key(text: &str) -> Result<PublicKey, &'static str> {
    let bytes = from_hex(text).ok_or("the vendor's root key is 64 hexadecimal digits")?;
    match VerifyingKey::from_bytes(&bytes) {
        Ok(key) if !key.is_weak() => Ok(PublicKey { algorithm: Algorithm::Ed25519, bytes }),
        _ => Err("this is not an Ed25519 public key; copy the vendor's root key again"),
    }
}

fn udi_problem(error: UdiError) -> String {
    match error {
        UdiError::Empty => "it is empty".into(),
        UdiError::TooLong => "it is longer than 32 characters".into(),
        UdiError::BadCharacter => {
            "it may hold ASCII letters, digits and - . / _ and nothing else".into()
        }
    }
}

/// The line, from 1, and the key that a problem is about. A problem inside a table is reported at
/// the table's head and names the key in its message.
fn locate(text: &str, problem: &str, span: Option<Range<usize>>) -> (usize, Option<String>) {
    let start = span.map_or(0, |span| span.start);
    let first = text.get(..start).unwrap_or(text).matches('\n').count();
    let key_of = |line: &str| line.split_once('=').map(|(key, _)| key.trim().to_owned());
    let named = problem.split('`').nth(1);
    let mut below = text.lines().enumerate().skip(first);
    let about = below.find(|(_, line)| named.is_some() && key_of(line).as_deref() == named);
    match about {
        Some((line, written)) => (line + 1, key_of(written)),
        None => (first + 1, text.lines().nth(first).and_then(key_of)),
    }
}
