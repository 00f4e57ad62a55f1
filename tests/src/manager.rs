//! A real license manager: the binary on a directory of its own, and its REST API.

use crate::binary;
use crate::process::{Process, free_port, until};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;

/// A manager with one account.
pub struct Manager {
    folder: TempDir,
    /// Its port on loopback; the same after a restart.
    pub port: u16,
    process: Option<Process>,
    http: ureq::Agent,
    secret: String,
    /// The account's default virtual account.
    pub virtual_account: i64,
}

impl Manager {
    /// Sets up and starts a manager whose devices run by `policy` (lines of its TOML table), and
    /// makes the account `Example`.
    ///
    /// # Panics
    /// When any of it fails.
    pub fn start(policy: &str) -> Self {
        let folder = binary::private_folder();
        let port = free_port();
        let settings = format!("listen = \"127.0.0.1:{port}\"\n[policy]\n{policy}\n");
        fs::write(folder.path().join("manager.toml"), settings).expect("settings are written");
        binary::succeed(folder.path(), &["manager", "init"]);
        let secret = fs::read_to_string(folder.path().join("operator.secret")).expect("a secret");
        let http = trusting(&folder.path().join("tls.crt"));
        let mut manager = Self {
            folder,
            port,
            process: None,
            http,
            secret: secret.trim().into(),
            virtual_account: 0,
        };
        manager.restart();
        let account = manager.post("accounts", &json!({ "name": "Example" }))["id"].clone();
        let pools = manager.get(&format!("virtual-accounts?account={account}"));
        manager.virtual_account = pools["items"][0]["id"].as_i64().expect("a default pool");
        manager
    }

    /// Its data directory.
    pub fn data(&self) -> &Path {
        self.folder.path()
    }

    /// The vendor's root public key, as appliances are told it.
    ///
    /// # Panics
    /// When set-up did not write it.
    pub fn root(&self) -> String {
        fs::read_to_string(self.data().join("root.pub")).expect("a root key").trim().into()
    }

    /// The certificate that appliances trust.
    pub fn certificate(&self) -> PathBuf {
        self.data().join("tls.crt")
    }

    /// Where appliances go.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// Starts it again after [`Manager::kill`] or [`Manager::stop`], and waits until it answers.
    pub fn restart(&mut self) {
        self.launch();
        until("the manager answers", || self.is_up());
    }

    /// Starts it without waiting.
    pub fn launch(&mut self) {
        let mut command = Command::new(binary::leasehold());
        command.args(["manager", "serve"]).env("LEASEHOLD_DATA", self.data());
        command.env("RUST_LOG", "error");
        self.process = Some(Process::start(&mut command));
    }

    /// Whether it answers.
    pub fn is_up(&self) -> bool {
        let health = format!("{}/healthz", self.url());
        self.http.get(&health).call().is_ok_and(|answer| answer.status().is_success())
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// SIGTERM, and waits for an orderly end.
    ///
    /// # Panics
    /// When the end is not orderly.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            assert!(process.terminate(), "the manager ends in order");
        }
    }

    /// Reads from the API.
    ///
    /// # Panics
    /// When the manager refuses.
    pub fn get(&self, path: &str) -> Value {
        let url = format!("{}/api/v1/{path}", self.url());
        let request = self.http.get(&url).header("authorization", self.bearer());
        read(path, request.call())
    }

    /// Changes something through the API.
    ///
    /// # Panics
    /// When the manager refuses.
    pub fn post(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}/api/v1/{path}", self.url());
        let request = self.http.post(&url).header("authorization", self.bearer());
        read(path, request.content_type("application/json").send(body.to_string()))
    }

    /// As [`Manager::post`], by the API client with this secret; gives the status and what is answered.
    ///
    /// # Panics
    /// When the manager does not answer.
    pub fn post_as(&self, secret: &str, path: &str, body: &Value) -> (u16, Value) {
        let url = format!("{}/api/v1/{path}", self.url());
        let request = self.http.post(&url).header("authorization", format!("Bearer {secret}"));
        let answer = request.content_type("application/json").send(body.to_string());
        let mut answer = answer.expect("the manager answers");
        let text = answer.body_mut().read_to_string().expect("a body");
        (answer.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.secret)
    }

    /// Deposits `quantity` perpetual licences for a feature.
    pub fn deposit(&self, feature: &str, quantity: u32) {
        let place = self.virtual_account;
        let line = json!({ "virtual_account": place, "license": feature, "quantity": quantity });
        self.post("licenses", &line);
    }

    /// Makes a token; gives its id and its text.
    ///
    /// # Panics
    /// When the manager refuses.
    pub fn token(&self, max_uses: Option<u32>) -> (i64, String) {
        let place = self.virtual_account;
        let wish = json!({ "virtual_account": place, "days": 30, "max_uses": max_uses });
        let token = self.post("tokens", &wish);
        let text = token["text"].as_str().expect("a text").to_owned();
        (token["id"].as_i64().expect("an id"), text)
    }

    /// Every instance of the account with its usage, as the API describes it.
    ///
    /// # Panics
    /// When the manager refuses.
    pub fn instances(&self) -> Vec<Value> {
        let list = self.get("instances?limit=1000");
        let ids = list["items"].as_array().expect("a list").iter();
        ids.map(|item| self.get(&format!("instances/{}", item["id"]))).collect()
    }

    /// What the account's pool holds of the licences with this name.
    ///
    /// # Panics
    /// When the pool has none.
    pub fn pool(&self, name: &str) -> Value {
        let summary = self.get(&format!("virtual-accounts/{}/summary", self.virtual_account));
        let lines = summary["licenses"].as_array().expect("a list").clone();
        lines.into_iter().find(|line| line["name"] == name).expect("a pool line")
    }
}

fn read(path: &str, answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Value {
    let mut answer = answer.expect("the manager answers");
    let text = answer.body_mut().read_to_string().expect("a body");
    assert!(answer.status().is_success(), "{path}: {text}");
    if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect("JSON") }
}

/// An HTTP client that trusts this certificate and nothing else.
///
/// # Panics
/// When the file is no certificate.
pub fn trusting(certificate: &Path) -> ureq::Agent {
    let pem = fs::read(certificate).expect("a certificate");
    let certificate = ureq::tls::Certificate::from_pem(&pem).expect("a certificate");
    let roots = ureq::tls::RootCerts::Specific(Arc::new(vec![certificate]));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ureq::tls::TlsConfig::builder()
        .root_certs(roots)
        .unversioned_rustls_crypto_provider(provider)
        .build();
    ureq::Agent::config_builder()
        .tls_config(tls)
        .http_status_as_error(false)
        .timeout_global(Some(std::time::Duration::from_secs(10)))
        .build()
        .into()
}
