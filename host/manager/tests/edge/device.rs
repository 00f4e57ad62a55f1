//! The endpoint that appliances speak to.

use crate::harness::Manager;
use leasehold_core::crypto::{Algorithm, Crypto, KeyHandle, PublicKey, SoftwareCrypto};
use leasehold_core::identity::{InstanceId, Udi};
use leasehold_core::token::Token;
use leasehold_core::wire::{
    Answer, AnswerBody, AnswerFrame, AnswerNumber, Expected, FRAME_MAX, Nonce, Register, Report,
    Request, RequestBody, RequestNumber, Usage, Verdict, accept, encode_request,
};
use leasehold_manager::http::DEVICE_PATH;
use serde_json::json;
use std::io::{Read, Write};

const CRYPTO: SoftwareCrypto = SoftwareCrypto;
const KEY: KeyHandle = KeyHandle([7; 32]);
const UDI: Udi<'static> = Udi { product_id: "LH-CC", serial_number: "EDGE1", uuid: None };
const PREMIUM: &str = "regid.2026-01.org.leasehold.CC_FLEX_PREMIUM,1.0";

fn post(manager: &Manager, bytes: &[u8]) -> crate::harness::Reply {
    manager.send("POST", DEVICE_PATH, None, Some(("application/octet-stream", bytes)))
}

pub(crate) fn root(manager: &Manager) -> PublicKey {
    let text = std::fs::read_to_string(manager.dir.path().join("root.pub")).unwrap();
    let digits: Vec<u8> = text.trim().chars().map(|c| c.to_digit(16).unwrap() as u8).collect();
    let bytes: Vec<u8> = digits.chunks(2).map(|pair| pair[0] * 16 + pair[1]).collect();
    PublicKey { algorithm: Algorithm::Ed25519, bytes: bytes.try_into().unwrap() }
}

/// Sends a request as a device would, and believes the answer as a device would.
fn exchange(
    manager: &Manager,
    instance: Option<InstanceId>,
    sequence: u32,
    body: RequestBody<'_>,
    look: impl FnOnce(&Answer<'_>),
) {
    let number = RequestNumber { epoch: 1, sequence };
    let request = Request { udi: UDI, instance, number, nonce: Nonce([9; 16]), body };
    let mut buffer = [0; FRAME_MAX];
    let (length, digest) = encode_request(&CRYPTO, &KEY, &request, &mut buffer).unwrap();
    let reply = post(manager, &buffer[..length]);
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.bytes));
    assert_eq!(reply.header("content-type"), "application/octet-stream");
    let expected = Expected {
        root: root(manager),
        device: UDI.fingerprint(&CRYPTO),
        request: digest,
        newer_than: AnswerNumber::default(),
    };
    let frame = AnswerFrame::parse(&CRYPTO, &reply.bytes).unwrap();
    look(&accept(&CRYPTO, frame, &expected).unwrap());
}

/// Registers the device with a new token; gives its instance.
pub(crate) fn register(manager: &Manager, pool: i64) -> InstanceId {
    let new = json!({ "virtual_account": pool, "days": 1, "max_uses": 1 });
    let token = manager.vendor("POST", "/tokens", Some(&new));
    let token = Token::parse(token["text"].as_str().unwrap()).unwrap();
    let public_key = CRYPTO.public_key(&KEY).unwrap();
    let token = token.prove(&CRYPTO, &public_key);
    let body = RequestBody::Register(Register { token, public_key, force: true });
    let mut instance = None;
    exchange(manager, None, 1, body, |answer| match &answer.body {
        AnswerBody::Registered(registered) => {
            instance = Some(registered.certificate.instance);
        }
        other => panic!("{other:?}"),
    });
    instance.unwrap()
}

/// Reports a peak of premium seats; gives whether it is covered.
pub(crate) fn report(manager: &Manager, instance: InstanceId, sequence: u32, peak: u32) -> Verdict {
    let usage = [Usage { tag: PREMIUM, peak }];
    let body = RequestBody::Report(Report {
        host_name: "edge",
        software_version: "1.0",
        covers_seconds: 60,
        usage: usage.into_iter().collect(),
    });
    let mut verdict = None;
    exchange(manager, Some(instance), sequence, body, |answer| match &answer.body {
        AnswerBody::Authorization(authorization) => {
            verdict = authorization.entitlements.first().map(|answer| answer.verdict);
        }
        other => panic!("{other:?}"),
    });
    verdict.unwrap()
}

#[test]
fn a_device_registers_and_reports_over_tls() {
    let manager = Manager::start();
    let (_, pool) = manager.account("Example");
    let bought = json!({ "virtual_account": pool, "license": "premium-seat", "quantity": 10 });
    manager.vendor("POST", "/licenses", Some(&bought));
    let instance = register(&manager, pool);
    assert_eq!(report(&manager, instance, 2, 10), Verdict::InCompliance);
    assert_eq!(report(&manager, instance, 3, 11), Verdict::OutOfCompliance);
    let found = manager.vendor("GET", "/instances?search=EDGE", None);
    assert_eq!(found["items"][0]["host_name"], "edge");
    let summary = manager.vendor("GET", &format!("/virtual-accounts/{pool}/summary"), None);
    assert_eq!(summary["in_compliance"], false);
    let line = &summary["licenses"][0];
    assert_eq!((&line["purchased"], &line["in_use"]), (&json!(10), &json!(11)));
    assert_eq!(line["balance"], -1);
}

#[test]
fn a_connectivity_test_gets_one_line() {
    let manager = Manager::start();
    let reply = manager.send("GET", DEVICE_PATH, None, None);
    assert_eq!(reply.status, 200);
    let line = format!(
        "Leasehold license manager {}. Appliances send their requests here.\n",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(reply.text(), line);
}

#[test]
fn bytes_that_are_no_frame_are_refused_with_a_sentence() {
    let manager = Manager::start();
    // One frame cut short, and then bytes that were never one; fewer than an address may send.
    let request = Request {
        udi: UDI,
        instance: None,
        number: RequestNumber { epoch: 1, sequence: 1 },
        nonce: Nonce([9; 16]),
        body: RequestBody::RenewCertificate,
    };
    let mut frame = [0; FRAME_MAX];
    let (length, _) = encode_request(&CRYPTO, &KEY, &request, &mut frame).unwrap();
    let cut = (0..length).step_by(length / 40).map(|length| frame[..length].to_vec());
    let other = (0..=FRAME_MAX).step_by(62).chain([FRAME_MAX]).map(|length| vec![0xA5; length]);
    let mut wrong = Vec::new();
    for bytes in cut.chain(other) {
        let reply = post(&manager, &bytes);
        let text = reply.text();
        if reply.status != 400 || !text.ends_with(".\n") || text.matches('\n').count() != 1 {
            wrong.push((bytes.len(), reply.status, text));
        }
    }
    assert_eq!(wrong, []);
}

#[test]
fn an_address_that_sends_nothing_but_nonsense_is_told_when_to_come_back() {
    let manager = Manager::start();
    let refused = (0..1_000).map(|_| post(&manager, b"nonsense")).find(|reply| reply.status != 400);
    let refused = refused.unwrap();
    assert_eq!((refused.status, refused.header("retry-after")), (429, "60"));
    let text = refused.text();
    assert!(text.starts_with("Too many requests") && text.contains("Wait a minute"), "{text}");
    // Appliances alone are meant.
    assert_eq!(manager.send("GET", DEVICE_PATH, None, None).status, 200);
    manager.vendor("GET", "/status", None);
}

#[test]
fn a_body_longer_than_a_frame_is_refused_whether_or_not_it_says_so() {
    let manager = Manager::start();
    let reply = post(&manager, &[0; FRAME_MAX + 1]);
    assert_eq!(reply.status, 413);
    assert!(reply.text().contains("2048 bytes"), "{}", reply.text());

    let mut raw = manager.raw();
    let head = format!(
        "POST {DEVICE_PATH} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    raw.write_all(head.as_bytes()).unwrap();
    raw.write_all(format!("{:x}\r\n", FRAME_MAX + 1).as_bytes()).unwrap();
    raw.write_all(&[0; FRAME_MAX + 1]).unwrap();
    raw.write_all(b"\r\n0\r\n\r\n").unwrap();
    let mut begin = [0; 12];
    raw.read_exact(&mut begin).unwrap();
    assert_eq!(&begin, b"HTTP/1.1 413");
}

#[test]
fn plain_http_on_the_tls_port_is_told_what_to_do() {
    let manager = Manager::start();
    let mut stream = manager.plain();
    let request = format!("GET {DEVICE_PATH} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    // The end of the answer; the manager waits for the client to close.
    let mut reply = String::new();
    let mut bytes = [0; 512];
    while !reply.contains("https://") {
        let count = stream.read(&mut bytes).unwrap();
        assert_ne!(count, 0, "{reply}");
        reply.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
    }
    assert!(reply.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{reply}");
}
