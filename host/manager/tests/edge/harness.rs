//! A manager on a port of its own, and clients for it.

use leasehold_manager::config::{Config, Settings};
use leasehold_manager::http::API;
use leasehold_manager::serve::Server;
use leasehold_manager::setup;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use ureq::http::Request;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// No test waits longer than this for anything.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: ureq::http::HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.bytes.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        let text = self.text();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) fn any_port() -> Settings {
    Settings { listen: Some(([127, 0, 0, 1], 0).into()), ..Settings::default() }
}

/// A data directory that was set up.
pub(crate) fn directory() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    setup::init(dir.path(), &any_port()).unwrap();
    dir
}

pub(crate) fn config(dir: &Path) -> Config {
    Config::load(dir, &any_port()).unwrap()
}

pub(crate) struct Manager {
    pub(crate) dir: TempDir,
    pub(crate) server: Server,
    agent: ureq::Agent,
    operator: String,
}

impl Manager {
    pub(crate) fn start() -> Self {
        Self::on(directory())
    }

    pub(crate) fn on(dir: TempDir) -> Self {
        let server = Server::start(&config(dir.path())).unwrap();
        let agent = agent(&dir.path().join("tls.crt"));
        let operator = format!("Bearer {}", setup::operator_secret(dir.path()).unwrap());
        Self { dir, server, agent, operator }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.server.address().port())
    }

    /// Sends anything anywhere.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        authorization: Option<&str>,
        content: Option<(&str, &[u8])>,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(self.url(path));
        if let Some(authorization) = authorization {
            request = request.header("Authorization", authorization);
        }
        let sent = match content {
            Some((kind, bytes)) => {
                self.agent.run(request.header("Content-Type", kind).body(bytes).unwrap())
            }
            None => self.agent.run(request.body(()).unwrap()),
        };
        let mut response = sent.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        Reply {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            bytes: response.body_mut().read_to_vec().unwrap(),
        }
    }

    /// Asks the API as somebody.
    pub(crate) fn ask(&self, who: &str, method: &str, path: &str, body: Option<&Value>) -> Reply {
        let bytes = body.map(|body| body.to_string().into_bytes());
        let content = bytes.as_ref().map(|bytes| ("application/json", &bytes[..]));
        let who = Some(who).filter(|who| !who.is_empty());
        self.send(method, &format!("{API}{path}"), who, content)
    }

    /// Asks the API as the vendor, and expects a result.
    pub(crate) fn vendor(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let reply = self.ask(&self.operator, method, path, body);
        assert!((200..300).contains(&reply.status), "{method} {path}: {}", reply.text());
        if reply.bytes.is_empty() { Value::Null } else { reply.json() }
    }

    /// What signs in as the vendor.
    pub(crate) fn operator(&self) -> &str {
        &self.operator
    }

    /// An API client of that role, as it signs in.
    pub(crate) fn client(&self, role: &str, account: Option<i64>) -> String {
        let new = serde_json::json!({ "name": role, "role": role, "account": account });
        let made = self.vendor("POST", "/clients", Some(&new));
        format!("Bearer {}", made["secret"].as_str().unwrap())
    }

    /// An account; gives its id and that of its default virtual account.
    pub(crate) fn account(&self, name: &str) -> (i64, i64) {
        let made = self.vendor("POST", "/accounts", Some(&serde_json::json!({ "name": name })));
        let account = made["id"].as_i64().unwrap();
        let pools = self.vendor("GET", &format!("/virtual-accounts?account={account}"), None);
        (account, pools["items"][0]["id"].as_i64().unwrap())
    }

    /// A connection that speaks TLS and says whatever is written to it.
    pub(crate) fn raw(&self) -> StreamOwned<ClientConnection, TcpStream> {
        let mut roots = RootCertStore::empty();
        let pinned = self.dir.path().join("tls.crt");
        roots.add(CertificateDer::from_pem_file(pinned).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let tls = ClientConnection::new(Arc::new(config), name).unwrap();
        StreamOwned::new(tls, self.plain())
    }

    /// A connection without TLS.
    pub(crate) fn plain(&self) -> TcpStream {
        let stream = TcpStream::connect(self.server.address()).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream
    }
}

/// A client that trusts `certificate` and nothing else.
pub(crate) fn agent(certificate: &Path) -> ureq::Agent {
    let pem = std::fs::read(certificate).unwrap();
    let roots = RootCerts::new_with_certs(&[Certificate::from_pem(&pem).unwrap()]);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls =
        TlsConfig::builder().root_certs(roots).unversioned_rustls_crypto_provider(provider).build();
    ureq::Agent::config_builder()
        .tls_config(tls)
        .proxy(None)
        .timeout_global(Some(DEADLINE))
        .http_status_as_error(false)
        .build()
        .new_agent()
}
