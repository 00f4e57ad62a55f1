//! A small HTTPS server that says what a test wants, and certificates for it.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use sha2::Digest;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A certificate and its key.
pub(crate) struct Identity {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) pem: String,
    key: KeyPair,
}

/// How a certificate is made.
#[derive(Clone, Copy)]
pub(crate) enum Validity {
    Now,
    Past,
    Future,
}

/// An authority that nobody but a test trusts.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    pub(crate) fn issue(&self, name: &str, validity: Validity) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params(name, validity).signed_by(&key, &self.0).unwrap();
        Identity { certificate: certificate.der().clone(), pem: certificate.pem(), key }
    }
}

impl Identity {
    pub(crate) fn self_signed(name: &str, validity: Validity) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = params(name, validity).self_signed(&key).unwrap();
        Self { certificate: certificate.der().clone(), pem: certificate.pem(), key }
    }

    pub(crate) fn pin(&self) -> [u8; 32] {
        sha2::Sha256::digest(&self.certificate).into()
    }

    fn server_config(&self) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], key)
            .unwrap();
        Arc::new(config)
    }
}

fn params(name: &str, validity: Validity) -> CertificateParams {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    let (from, until) = match validity {
        Validity::Now => (2000, 2200),
        Validity::Past => (2000, 2001),
        Validity::Future => (2199, 2200),
    };
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    params
}

/// What the server sends back to a request body: bytes on the wire, `None` to hang up.
pub(crate) type Handler = dyn Fn(&[u8]) -> Option<Vec<u8>> + Send + Sync;

/// Serves on a free port until the process ends; gives the port.
pub(crate) fn serve(
    identity: &Identity,
    handler: impl Fn(&[u8]) -> Option<Vec<u8>> + Send + Sync + 'static,
) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = identity.server_config();
    let handler: Arc<Handler> = Arc::new(handler);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (config, handler) = (Arc::clone(&config), Arc::clone(&handler));
            std::thread::spawn(move || {
                let tls = ServerConnection::new(config).unwrap();
                connection(&mut StreamOwned::new(tls, stream), &*handler)
            });
        }
    });
    port
}

fn connection(stream: &mut (impl Read + Write), handler: &Handler) -> Option<()> {
    loop {
        let (_, body) = read_request(stream)?;
        stream.write_all(&handler(&body)?).ok()?;
        stream.flush().ok()?;
    }
}

/// Head and body of the next request on the connection.
pub(crate) fn read_request(stream: &mut impl Read) -> Option<(String, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some((head, body))
}

/// A response with status and body.
pub(crate) fn response(status: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// A proxy that connects to wherever it is asked, once it has seen `credentials`.
pub(crate) fn proxy(credentials: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || tunnel(&mut stream, credentials));
        }
    });
    port
}

fn tunnel(stream: &mut TcpStream, credentials: &str) -> Option<()> {
    let (head, _) = read_request(stream)?;
    if !head.contains(&format!("Proxy-Authorization: Basic {credentials}\r\n")) {
        let refusal = response("407 Proxy Authentication Required", b"");
        return stream.write_all(&refusal).ok();
    }
    let target = head.strip_prefix("CONNECT ")?.split(' ').next()?.to_owned();
    let mut onward = TcpStream::connect(target).ok()?;
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").ok()?;
    let (mut back, mut from) = (stream.try_clone().ok()?, onward.try_clone().ok()?);
    std::thread::spawn(move || std::io::copy(&mut from, &mut back));
    std::io::copy(stream, &mut onward).ok().map(drop)
}

/// Serves one connection with these bytes after its first request, then hangs up; gives the port.
pub(crate) fn serve_once(identity: &Identity, response: Vec<u8>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = identity.server_config();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
        read_request(&mut stream)?;
        stream.write_all(&response).ok()?;
        stream.conn.send_close_notify();
        stream.flush().ok()
    });
    port
}

/// Serves and counts the connections; gives the port.
pub(crate) fn serve_counting(identity: &Identity, connections: Arc<AtomicUsize>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = identity.server_config();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            connections.fetch_add(1, Ordering::SeqCst);
            let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
            let handler: &Handler = &|_| Some(response("200 OK", b"yes"));
            connection(&mut StreamOwned::new(tls, stream), handler);
        }
    });
    port
}
