//! `manager init` and `manager serve`.

use super::output::{Output, print};
use crate::log;
use anyhow::Result;
use clap::{Args, ValueEnum};
use leasehold_manager::config::{Config, FILE, Settings};
use leasehold_manager::serve::Server;
use leasehold_manager::setup::{self, Initialised};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// What set-up writes into `manager.toml`, and what goes over it when the manager runs.
#[derive(Args, Clone, Debug)]
pub(super) struct ServerArgs {
    /// The address and port to listen on
    #[arg(long, env = "LEASEHOLD_LISTEN", value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// A name or IP address that appliances call the manager by; may be given several times
    #[arg(long = "name", env = "LEASEHOLD_NAMES", value_delimiter = ',', value_name = "HOST")]
    names: Option<Vec<String>>,
    /// A TLS certificate chain to use instead of a self-signed one (PEM)
    #[arg(long, env = "LEASEHOLD_TLS_CERTIFICATE", requires = "tls_key", value_name = "FILE")]
    tls_certificate: Option<PathBuf>,
    /// The private key of that certificate (PEM)
    #[arg(long, env = "LEASEHOLD_TLS_KEY", requires = "tls_certificate", value_name = "FILE")]
    tls_key: Option<PathBuf>,
}

impl ServerArgs {
    fn settings(&self) -> std::io::Result<Settings> {
        // The manager may run in another directory than the one that set it up.
        let absolute = |path: &Option<PathBuf>| path.as_ref().map(std::path::absolute).transpose();
        Ok(Settings {
            listen: self.listen,
            names: self.names.clone(),
            tls_certificate: absolute(&self.tls_certificate)?,
            tls_key: absolute(&self.tls_key)?,
        })
    }
}

/// `manager serve`.
#[derive(Args, Debug)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// How the log on standard error is written; LEASEHOLD_LOG sets how much
    #[arg(long, env = "LEASEHOLD_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

/// Makes what is missing in `data`.
pub(super) fn init(data: &Path, args: &ServerArgs, output: Output) -> Result<()> {
    let done = setup::init(data, &args.settings()?)?;
    let shown = serde_json::json!({
        "data": data,
        "made": done.made,
        "ignored": done.ignored,
        "root": done.root.bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
        "tls_certificate": done.tls_certificate,
    });
    output.show(&shown, |_| init_text(data, &done))
}

fn init_text(data: &Path, done: &Initialised) -> String {
    let place = data.display();
    if done.made.is_empty() {
        let text = format!("{place} was set up already. Nothing was changed.");
        return text + &ignored_text(data, &done.ignored);
    }
    let made = done.made.join(", ");
    let mut text = format!("Made in {place}: {made}.\n");
    if done.made.contains(&"root.key") {
        text += "root.key is the vendor's: whoever has it can make license managers that your \
                 products trust. Move it offline, and keep it safe.\n";
    }
    text += &format!("Start the manager with `leasehold manager serve --data {place}`.");
    text + &ignored_text(data, &done.ignored)
}

/// How to change what set-up leaves as it is; nothing when it was given nothing else.
fn ignored_text(data: &Path, ignored: &[&str]) -> String {
    if ignored.is_empty() {
        return String::new();
    }
    let place = data.display();
    let mut text = format!(
        "\nWhat was given for {} was ignored: {FILE} is there already. To change it, edit {} and \
         start the manager again.",
        ignored.join(", "),
        data.join(FILE).display()
    );
    if ignored.contains(&"names") {
        text += &format!(
            " For new names in the self-signed certificate, stop the manager, remove tls.crt and \
             tls.key there, and run `leasehold manager init --data {place}`: clients then have to \
             pin the new certificate."
        );
    }
    text
}

/// Runs the manager until it is told to stop.
pub(super) fn serve(data: &Path, args: &ServeArgs) -> Result<()> {
    start_log(args.log_format)?;
    setup::finish_restore(data)?;
    let config = Config::load(data, &args.server.settings()?)?;
    let server = Server::start(&config)?;
    let url = config.public_url(server.address().port());
    print(&format!("The license manager answers at {url} ({}).", server.address()))?;
    print(&format!("Certificate SHA-256 {}", server.certificate_sha256()))?;
    if let Some(link) = server.setup_link() {
        print(&format!("Make the first administrator, once and within 24 hours, at\n{link}"))?;
    }
    server.wait_for_signal()?;
    server.stop();
    Ok(())
}

fn start_log(format: LogFormat) -> Result<()> {
    match format {
        LogFormat::Text => log::start("info")?,
        LogFormat::Json => log::start_json("info")?,
    }
    Ok(())
}
