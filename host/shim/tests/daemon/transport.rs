//! The connection itself: whom the transport believes, and how each way to fail is named.

use crate::harness::{PATIENCE, config, directory, eventually, token};
use crate::https::{Authority, Identity, Validity, proxy, response, serve};
use crate::manager::Manager;
use leasehold_core::agent::TransportError;
use leasehold_shim::client::Client;
use leasehold_shim::daemon::Daemon;
use leasehold_shim::protocol::{Outcome, Renewal};
use leasehold_shim::report::AuthorizationState;
use leasehold_shim::settings::{
    ManagerUrl, Pin, ProxySettings, SERVICE_PATH, Secret, TransportChange, TransportKind,
    TransportSettings, TrustChange,
};
use leasehold_shim::transport::connect;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn settings(port: u16) -> TransportSettings {
    let url = ManagerUrl::parse(&format!("https://localhost:{port}")).unwrap();
    TransportSettings { url: Some(url), timeout_seconds: 20, ..TransportSettings::default() }
}

fn pinned(identity: &Identity, port: u16) -> TransportSettings {
    TransportSettings { pin: Some(Pin(identity.pin())), ..settings(port) }
}

fn exchange(settings: &TransportSettings) -> Result<Vec<u8>, TransportError> {
    connect(settings).unwrap().exchange(b"frame")
}

/// What a transport that trusts the server makes of these bytes.
fn outcome_of(response: Option<Vec<u8>>) -> Result<Vec<u8>, TransportError> {
    let identity = Identity::self_signed("localhost", Validity::Now);
    let port = serve(&identity, move |_| response.clone());
    exchange(&pinned(&identity, port))
}

#[test]
fn each_answer_that_is_none_has_its_reason() {
    let ok = |body: &[u8]| response("200 OK", body);
    assert_eq!(outcome_of(Some(ok(b"answer"))), Ok(b"answer".to_vec()));
    assert_eq!(outcome_of(Some(ok(&[7; 2_048]))).unwrap().len(), 2_048);
    let html = b"<html>log in</html>".to_vec();
    assert_eq!(outcome_of(Some(ok(&html))), Ok(html), "the agent says what it is not");
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    assert_eq!(outcome_of(Some(chunked.to_vec())), Ok(b"abc".to_vec()));
    let endless = [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".as_slice(),
        b"400\r\n",
        &[b'x'; 1_024],
        b"\r\n400\r\n",
        &[b'x'; 1_024],
        b"\r\n400\r\n",
        &[b'x'; 1_024],
        b"\r\n",
    ]
    .concat();
    for (response, error) in [
        (Some(response("404 Not Found", b"no")), TransportError::HttpStatus(404)),
        (Some(response("503 Busy", b"")), TransportError::HttpStatus(503)),
        (Some(response("204 No Content", b"")), TransportError::HttpStatus(204)),
        (
            Some(b"HTTP/1.1 302 Found\r\nLocation: https://x.example/\r\n\r\n".to_vec()),
            TransportError::HttpStatus(302),
        ),
        (Some(ok(&[7; 2_049])), TransportError::AnswerTooLong),
        (Some(endless), TransportError::AnswerTooLong),
        (Some(b"HTTP/1.1 200 OK\r\nContent-Le".to_vec()), TransportError::ConnectionLost),
        (Some(b"SSH-2.0-OpenSSH_9.2\r\n\r\n".to_vec()), TransportError::ConnectionLost),
        (None, TransportError::ConnectionLost),
    ] {
        let shown = response.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
        let shown: String = shown.chars().take(40).collect();
        // The scripted server answers the half-sent ones once and then waits for more; it hangs up
        // on those so that the transport sees the end.
        let hang_up = matches!(error, TransportError::ConnectionLost);
        let result = if hang_up { outcome_then_end(response) } else { outcome_of(response) };
        assert_eq!(result, Err(error), "{shown}");
    }
}

/// As [`outcome_of`], and the server hangs up after its bytes.
fn outcome_then_end(response: Option<Vec<u8>>) -> Result<Vec<u8>, TransportError> {
    let identity = Identity::self_signed("localhost", Validity::Now);
    let port = crate::https::serve_once(&identity, response.unwrap_or_default());
    exchange(&pinned(&identity, port))
}

#[test]
fn a_manager_that_is_down_slow_or_not_tls_is_named() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert_eq!(exchange(&settings(closed)), Err(TransportError::Unreachable));

    // It accepts and says nothing: neither to the TLS greeting, nor after it.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let quick = TransportSettings { timeout_seconds: 1, ..settings(port) };
    assert_eq!(exchange(&quick), Err(TransportError::TimedOut));
    let identity = Identity::self_signed("localhost", Validity::Now);
    let port = serve(&identity, |_| {
        std::thread::park();
        None
    });
    let quick = TransportSettings { timeout_seconds: 1, ..pinned(&identity, port) };
    assert_eq!(exchange(&quick), Err(TransportError::TimedOut));

    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = plain.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in plain.incoming().flatten() {
            let _ = std::io::Write::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    assert_eq!(exchange(&settings(port)), Err(TransportError::TlsFailed));

    let nowhere = ManagerUrl::parse("https://manager.invalid").unwrap();
    let nowhere =
        TransportSettings { url: Some(nowhere), connect_timeout_seconds: 5, ..settings(1) };
    assert_eq!(exchange(&nowhere), Err(TransportError::NameNotResolved));
}

#[test]
fn only_a_certificate_that_may_speak_is_believed() {
    let dir = directory();
    let (authority, stranger) = (Authority::new("A"), Authority::new("B"));
    let file = dir.path().join("ca.pem");
    std::fs::write(&file, authority.pem()).unwrap();
    let by = |identity: &Identity| {
        let port = serve(identity, |_| Some(response("200 OK", b"yes")));
        exchange(&TransportSettings { ca_file: Some(file.clone()), ..settings(port) })
    };
    let fine = authority.issue("localhost", Validity::Now);
    assert_eq!(by(&fine), Ok(b"yes".to_vec()));
    for (identity, error) in [
        (authority.issue("other.example", Validity::Now), TransportError::CertificateForOtherName),
        (authority.issue("localhost", Validity::Past), TransportError::CertificateOutsideDates),
        (authority.issue("localhost", Validity::Future), TransportError::CertificateOutsideDates),
        (stranger.issue("localhost", Validity::Now), TransportError::CertificateUntrusted),
        (Identity::self_signed("localhost", Validity::Now), TransportError::CertificateUntrusted),
    ] {
        assert_eq!(by(&identity), Err(error));
    }
    // A self-signed certificate as its own authority, as a manager makes it at its first start.
    let own = Identity::self_signed("localhost", Validity::Now);
    std::fs::write(&file, &own.pem).unwrap();
    assert_eq!(by(&own), Ok(b"yes".to_vec()));
    // Neither pin nor file: the public authorities, none of which vouches for a test.
    let port = serve(&fine, |_| Some(response("200 OK", b"yes")));
    assert_eq!(exchange(&settings(port)), Err(TransportError::CertificateUntrusted));
}

#[test]
fn a_pin_replaces_the_authorities_and_not_the_name() {
    let authority = Authority::new("A");
    let under = |identity: &Identity, pin: [u8; 32]| {
        let port = serve(identity, |_| Some(response("200 OK", b"yes")));
        exchange(&TransportSettings { pin: Some(Pin(pin)), ..settings(port) })
    };
    let by_authority = authority.issue("localhost", Validity::Now);
    let own = Identity::self_signed("localhost", Validity::Now);
    let old = Identity::self_signed("localhost", Validity::Past);
    for identity in [&by_authority, &own, &old] {
        assert_eq!(under(identity, identity.pin()), Ok(b"yes".to_vec()));
    }
    assert_eq!(under(&own, by_authority.pin()), Err(TransportError::CertificateUntrusted));
    let elsewhere = Identity::self_signed("other.example", Validity::Now);
    let refused = under(&elsewhere, elsewhere.pin());
    assert_eq!(refused, Err(TransportError::CertificateForOtherName));
}

#[test]
fn a_proxy_is_gone_through_and_named_when_it_fails() {
    let identity = Identity::self_signed("localhost", Validity::Now);
    let manager = serve(&identity, |_| Some(response("200 OK", b"yes")));
    let through = |port: u16, password: &str| {
        let proxy = ProxySettings {
            address: "127.0.0.1".into(),
            port,
            user: Some("cc".into()),
            password: Some(Secret::new(password)),
        };
        let kind = TransportKind::Proxy;
        exchange(&TransportSettings { kind, proxy: Some(proxy), ..pinned(&identity, manager) })
    };
    // "cc:hush" in base 64.
    let port = proxy("Y2M6aHVzaA==");
    assert_eq!(through(port, "hush"), Ok(b"yes".to_vec()));
    assert_eq!(through(port, "wrong"), Err(TransportError::ProxyFailed));
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert_eq!(through(closed, "hush"), Err(TransportError::ProxyFailed));
}

#[test]
fn one_connection_carries_many_requests() {
    let identity = Identity::self_signed("localhost", Validity::Now);
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    let port = crate::https::serve_counting(&identity, count);
    let transport = connect(&pinned(&identity, port)).unwrap();
    for _ in 0..3 {
        transport.exchange(b"frame").unwrap();
    }
    assert_eq!(seen.load(Ordering::SeqCst), 1, "connections");
}

#[test]
fn a_file_that_holds_no_authority_is_refused() {
    let dir = directory();
    let with = |path: &Path| {
        let settings = TransportSettings { ca_file: Some(path.into()), ..settings(1) };
        connect(&settings).err().unwrap()
    };
    let file = dir.path().join("ca.pem");
    let absent = with(&file);
    assert!(absent.code == "ca-file-unusable" && absent.cause.contains("ca.pem"), "{absent}");
    for text in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        std::fs::write(&file, text).unwrap();
        assert_eq!(with(&file).code, "ca-file-unusable", "{text:?}");
    }
}

#[test]
fn the_daemon_registers_and_reports_over_tls_and_keeps_a_changed_transport() {
    let dir = directory();
    let identity = Identity::self_signed("localhost", Validity::Now);
    let manager = Manager::new();
    let answering = Arc::clone(&manager);
    let port =
        serve(&identity, move |frame| Some(response("200 OK", &answering.answer(frame).unwrap())));
    let config = config(dir.path());
    let daemon = Daemon::start(config.clone()).unwrap();
    let mut client = Client::connect(dir.path()).unwrap();
    let outcome = client.register(&token(), false, PATIENCE).unwrap();
    assert!(matches!(outcome, Outcome::Retrying { .. }), "{outcome:?}");
    let refused = TransportChange {
        trust: Some(TrustChange::CaFile("/nowhere/ca.pem".into())),
        ..TransportChange::default()
    };
    assert_eq!(client.set_transport(refused).unwrap_err().code, "ca-file-unusable");
    let change = TransportChange {
        kind: Some(TransportKind::OnPrem),
        url: settings(port).url,
        trust: Some(TrustChange::Pin(Pin(identity.pin()))),
        proxy: None,
    };
    let shown = client.set_transport(change).unwrap();
    assert!(shown.url.as_ref().unwrap().as_str().ends_with(SERVICE_PATH));
    // The attempt that waited for its next try goes at once on the new way.
    eventually(&mut client, "it is registered", |report| report.registration.enrolment.is_some());
    client.login("ann", &["email".into()], false).unwrap();
    daemon.stop().unwrap();

    let daemon = Daemon::start(config).unwrap();
    let mut client = Client::connect(dir.path()).unwrap();
    assert_eq!(client.transport().unwrap(), shown);
    assert_eq!(client.renew(Renewal::Authorization, PATIENCE).unwrap(), Outcome::Succeeded);
    let report = client.status().unwrap();
    assert_eq!(report.authorization.state, AuthorizationState::Authorized);
    assert_eq!(report.transport.kind, "on-prem");
    assert_eq!(manager.reports().last().unwrap()[..2], [1, 1]);
    daemon.stop().unwrap();
}
