//! `license smart transport …`.

use crate::data::DataArgs;
use crate::output::OutputArgs;
use anyhow::anyhow;
use clap::{Args, Subcommand};
use leasehold_shim::settings::{
    ManagerUrl, Pin, ProxySettings, Secret, TransportChange, TransportKind, TransportSettings,
    TrustChange,
};
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub(super) enum TransportCommand {
    /// Shows the settings
    Show,
    /// Straight to the central license manager
    Direct {
        /// Its address; the one before when left out
        #[arg(value_name = "https://HOST:PORT", value_parser = ManagerUrl::parse)]
        url: Option<ManagerUrl>,
        #[command(flatten)]
        trust: Trust,
    },
    /// Straight to a license manager on the premises
    OnPrem {
        /// Its address
        #[arg(value_name = "https://HOST:PORT", value_parser = ManagerUrl::parse)]
        url: ManagerUrl,
        #[command(flatten)]
        trust: Trust,
    },
    /// Through an HTTP proxy
    Proxy {
        /// The proxy's host name or address
        address: String,
        /// Its port
        port: u16,
        /// Whom the proxy knows the appliance as
        #[arg(long, requires = "password_file")]
        user: Option<String>,
        /// A file whose first line is the password
        #[arg(long, requires = "user", value_name = "FILE")]
        password_file: Option<PathBuf>,
        #[command(flatten)]
        trust: Trust,
    },
}

/// Whom to believe that a server is the manager; as before when nothing is given.
#[derive(Args, Debug)]
#[group(multiple = false)]
pub(super) struct Trust {
    /// Only the certificate with this SHA-256
    #[arg(long, value_name = "SHA-256", value_parser = |text: &str| Pin::try_from(text.to_owned()))]
    pin: Option<Pin>,
    /// The authorities in this file (PEM)
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// The public authorities
    #[arg(long)]
    public_authorities: bool,
}

pub(super) fn run(
    data: &DataArgs,
    output: OutputArgs,
    command: TransportCommand,
) -> anyhow::Result<()> {
    let settings = match change(command)? {
        Some(change) => data.connect()?.set_transport(change)?,
        None => data.connect()?.transport()?,
    };
    output.show(&settings, text)
}

/// What is to change, if anything.
fn change(command: TransportCommand) -> anyhow::Result<Option<TransportChange>> {
    let mut change = TransportChange::default();
    let trust = match command {
        TransportCommand::Show => return Ok(None),
        TransportCommand::Direct { url, trust } => {
            (change.kind, change.url) = (Some(TransportKind::Direct), url);
            trust
        }
        TransportCommand::OnPrem { url, trust } => {
            (change.kind, change.url) = (Some(TransportKind::OnPrem), Some(url));
            trust
        }
        TransportCommand::Proxy { address, port, user, password_file, trust } => {
            let password = password_file.as_deref().map(first_line).transpose()?;
            change.kind = Some(TransportKind::Proxy);
            change.proxy = Some(ProxySettings { address, port, user, password });
            trust
        }
    };
    change.trust = trust.change()?;
    Ok(Some(change))
}

impl Trust {
    fn change(self) -> anyhow::Result<Option<TrustChange>> {
        Ok(match self {
            Self { pin: Some(pin), .. } => Some(TrustChange::Pin(pin)),
            // The appliance runs in another directory than this command.
            Self { ca_file: Some(file), .. } => {
                Some(TrustChange::CaFile(std::path::absolute(file)?))
            }
            Self { public_authorities: true, .. } => Some(TrustChange::Public),
            Self { .. } => None,
        })
    }
}

fn first_line(file: &Path) -> anyhow::Result<Secret> {
    let text = fs::read_to_string(file).map_err(|error| {
        anyhow!("{} cannot be read: {error}. Give a file with the password.", file.display())
    })?;
    Ok(Secret::new(text.lines().next().unwrap_or_default()))
}

fn text(settings: &TransportSettings) -> String {
    let url = settings.url.as_ref().map_or("not configured", ManagerUrl::as_str);
    let trust = match (&settings.pin, &settings.ca_file) {
        (Some(pin), _) => format!("the certificate with SHA-256 {}", String::from(*pin)),
        (None, Some(file)) => format!("the authorities in {}", file.display()),
        (None, None) => "the public authorities".to_owned(),
    };
    let mut text = format!("Type: {}\nURL: {url}\nTrust: {trust}\n", settings.kind.name());
    if let Some(proxy) = settings.proxy.as_ref().filter(|_| settings.kind == TransportKind::Proxy) {
        let user = proxy.user.as_ref().map(|user| format!(" as {user}")).unwrap_or_default();
        text += &format!("Proxy: {}:{}{user}\n", proxy.address, proxy.port);
    }
    text
}
