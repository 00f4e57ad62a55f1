//! The way to the manager (SPEC H2): one frame there, one answer back.

use crate::problem::Problem;
use crate::settings::{ManagerUrl, TransportKind, TransportSettings};
use crate::tls::{TlsConnector, client_config};
use leasehold_core::agent::TransportError;
use leasehold_core::wire::FRAME_MAX;
use rustls::{CertificateError, ClientConfig};
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{ConnectProxyConnector, Connector, NextTimeout, TcpConnector};
use ureq::{Proxy, ProxyProtocol, Timeout};

/// Carries requests to the manager.
pub trait Transport: Send + Sync {
    /// Sends `frame` and gives what came back, within the time-outs of the settings.
    ///
    /// # Errors
    /// How far the request got.
    fn exchange(&self, frame: &[u8]) -> Result<Vec<u8>, TransportError>;
}

/// The transport that `settings` describe.
///
/// # Errors
/// A [`Problem`] when a file or an address in them cannot be used.
pub fn connect(settings: &TransportSettings) -> Result<Arc<dyn Transport>, Problem> {
    let tls = client_config(settings)?;
    match &settings.url {
        None => Ok(Arc::new(NotConfigured)),
        Some(url) => Ok(Arc::new(HttpsTransport::new(url, settings, tls)?)),
    }
}

/// There is no manager to go to.
struct NotConfigured;

impl Transport for NotConfigured {
    fn exchange(&self, _: &[u8]) -> Result<Vec<u8>, TransportError> {
        Err(TransportError::NotConfigured)
    }
}

/// HTTPS, straight or through a proxy. Connections are kept for the next request; redirects are
/// not followed: a manager has no reason to send any.
#[derive(Debug)]
struct HttpsTransport {
    agent: ureq::Agent,
    url: String,
    through_proxy: bool,
}

impl HttpsTransport {
    fn new(
        url: &ManagerUrl,
        settings: &TransportSettings,
        tls: ClientConfig,
    ) -> Result<Self, Problem> {
        let proxy = match &settings.proxy {
            Some(proxy) if settings.kind == TransportKind::Proxy => Some(build_proxy(proxy)?),
            _ => None,
        };
        let through_proxy = proxy.is_some();
        let seconds = |seconds: u32| Some(Duration::from_secs(seconds.into()));
        let config = ureq::Agent::config_builder()
            .https_only(true)
            .http_status_as_error(false)
            .max_redirects(0)
            // Set even when absent: the default would take one from the environment.
            .proxy(proxy)
            .user_agent(concat!("leasehold/", env!("CARGO_PKG_VERSION")))
            .max_response_header_size(16 << 10)
            .max_idle_connections(1)
            .timeout_global(seconds(settings.timeout_seconds))
            .timeout_resolve(seconds(settings.connect_timeout_seconds))
            .timeout_connect(seconds(settings.connect_timeout_seconds))
            .build();
        let connector =
            ().chain(ConnectProxyConnector::default())
                .chain(TcpConnector::default())
                .chain(TlsConnector(Arc::new(tls)));
        let resolver = NamedResolver(DefaultResolver::default());
        let agent = ureq::Agent::with_parts(config, connector, resolver);
        Ok(Self { agent, url: url.as_str().into(), through_proxy })
    }

    fn post(&self, frame: &[u8]) -> Result<Vec<u8>, ureq::Error> {
        let request = self.agent.post(&self.url).content_type("application/octet-stream");
        let mut response = request.send(frame)?;
        if response.status() != ureq::http::StatusCode::OK {
            return Err(ureq::Error::StatusCode(response.status().as_u16()));
        }
        response.body_mut().with_config().limit(FRAME_LIMIT).read_to_vec()
    }
}

const FRAME_LIMIT: u64 = FRAME_MAX as u64;

impl Transport for HttpsTransport {
    fn exchange(&self, frame: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.post(frame).map_err(|error| {
            tracing::debug!(%error, "the exchange with the manager failed");
            classify(&error, self.through_proxy)
        })
    }
}

/// The system's resolver. Its failures come as all kinds of I/O errors; here they have one name.
#[derive(Debug)]
struct NamedResolver(DefaultResolver);

impl Resolver for NamedResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        self.0.resolve(uri, config, timeout).map_err(|error| match error {
            ureq::Error::Io(_) => ureq::Error::HostNotFound,
            other => other,
        })
    }
}

fn build_proxy(proxy: &crate::settings::ProxySettings) -> Result<Proxy, Problem> {
    let mut builder = Proxy::builder(ProxyProtocol::Http).host(&proxy.address).port(proxy.port);
    if let Some(user) = &proxy.user {
        builder = builder.username(user);
    }
    if let Some(password) = &proxy.password {
        builder = builder.password(password.expose());
    }
    builder.build().map_err(|_| {
        Problem::new(
            "proxy-unusable",
            format!("{} is not the address of a proxy.", proxy.address),
            "Give a bare host name or IP address, and the port beside it.",
        )
    })
}

fn classify(error: &ureq::Error, through_proxy: bool) -> TransportError {
    match error {
        ureq::Error::StatusCode(status) => TransportError::HttpStatus(*status),
        ureq::Error::BodyExceedsLimit(_) => TransportError::AnswerTooLong,
        ureq::Error::ConnectProxyFailed(_) | ureq::Error::InvalidProxyUrl => {
            TransportError::ProxyFailed
        }
        // With a proxy, it is the proxy that is looked up and connected to.
        ureq::Error::HostNotFound if through_proxy => TransportError::ProxyFailed,
        ureq::Error::HostNotFound | ureq::Error::Timeout(Timeout::Resolve) => {
            TransportError::NameNotResolved
        }
        ureq::Error::Timeout(_) => TransportError::TimedOut,
        ureq::Error::Rustls(error) => classify_tls(error),
        ureq::Error::Tls(_) | ureq::Error::TlsRequired => TransportError::TlsFailed,
        ureq::Error::Io(error) => {
            let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
            match (inner, error.kind()) {
                (Some(error), _) => classify_tls(error),
                (None, ErrorKind::TimedOut | ErrorKind::WouldBlock) => TransportError::TimedOut,
                (None, kind) if is_unreachable(kind) && through_proxy => {
                    TransportError::ProxyFailed
                }
                (None, kind) if is_unreachable(kind) => TransportError::Unreachable,
                (None, _) => TransportError::ConnectionLost,
            }
        }
        ureq::Error::ConnectionFailed => TransportError::Unreachable,
        _ => TransportError::ConnectionLost,
    }
}

const fn is_unreachable(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionRefused
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::NetworkDown
            | ErrorKind::AddrNotAvailable
            | ErrorKind::PermissionDenied
    )
}

fn classify_tls(error: &rustls::Error) -> TransportError {
    let rustls::Error::InvalidCertificate(error) = error else { return TransportError::TlsFailed };
    match error {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            TransportError::CertificateForOtherName
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => TransportError::CertificateOutsideDates,
        _ => TransportError::CertificateUntrusted,
    }
}
