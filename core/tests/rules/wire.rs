//! The wire: golden bytes of version 1, hostile input, and the decision to believe an answer.

use leasehold_core::crypto::{Crypto, Digest, KeyHandle, Purpose, SignedMessage, SoftwareCrypto};
use leasehold_core::identity::{DeviceFingerprint, InstanceId, Udi};
use leasehold_core::time::UnixTime;
use leasehold_core::token::Token;
use leasehold_core::wire::{
    AcceptError, Answer, AnswerBody, AnswerFrame, AnswerNumber, Authorization, EntitlementAnswer,
    Expected, FRAME_MAX, FrameError, Nonce, Register, Report, Request, RequestBody, RequestFrame,
    RequestNumber, SigningCertificate, Usage, Verdict, accept, encode_answer, encode_request,
};

const CRYPTO: SoftwareCrypto = SoftwareCrypto;
const ROOT: KeyHandle = KeyHandle([1; 32]);
const MANAGER: KeyHandle = KeyHandle([2; 32]);
const DEVICE: KeyHandle = KeyHandle([3; 32]);
const NOW: u64 = 1_800_000_000;

fn udi() -> Udi<'static> {
    Udi::new("LH-CC", "A1B2C3", None).unwrap()
}

fn report() -> Request<'static> {
    let usage = [
        Usage { tag: "regid.2026-01.org.example.STANDARD,1.0", peak: 300 },
        Usage { tag: "regid.2026-01.org.example.PREMIUM,1.0", peak: 7 },
    ];
    Request {
        udi: udi(),
        instance: Some(InstanceId([7; 16])),
        number: RequestNumber { epoch: 0x0102_0304, sequence: 65 },
        nonce: Nonce([6; 16]),
        body: RequestBody::Report(Report {
            host_name: "pbx-1",
            software_version: "0.1",
            covers_seconds: 28_800,
            usage: usage.into_iter().collect(),
        }),
    }
}

fn registration() -> Request<'static> {
    Request {
        instance: None,
        body: RequestBody::Register(Register {
            token: Token([5; 20]).prove(&CRYPTO, &CRYPTO.public_key(&DEVICE).unwrap()),
            public_key: CRYPTO.public_key(&DEVICE).unwrap(),
            force: true,
        }),
        ..report()
    }
}

fn request_bytes(request: &Request<'_>, key: &KeyHandle) -> (Vec<u8>, Digest) {
    let mut buffer = [0; FRAME_MAX];
    let (length, digest) = encode_request(&CRYPTO, key, request, &mut buffer).unwrap();
    (buffer[..length].to_vec(), digest)
}

fn certificate(root: &KeyHandle, from: u64, until: u64) -> SigningCertificate {
    let key = CRYPTO.public_key(&MANAGER).unwrap();
    let (from, until) = (UnixTime::from_secs(from), UnixTime::from_secs(until));
    SigningCertificate::issue(&CRYPTO, root, key, 1, from, until).unwrap()
}

fn answer() -> Answer<'static> {
    let entitlements = [
        EntitlementAnswer { verdict: Verdict::OutOfCompliance, owned: 40 },
        EntitlementAnswer { verdict: Verdict::InCompliance, owned: 10 },
    ];
    Answer {
        device: udi().fingerprint(&CRYPTO),
        request: request_bytes(&report(), &DEVICE).1,
        time: UnixTime::from_secs(NOW),
        number: AnswerNumber { epoch: 2, sequence: 9 },
        body: AnswerBody::Authorization(Authorization {
            entitlements: entitlements.into_iter().collect(),
            out_of_compliance_since: Some(UnixTime::from_secs(NOW - 60)),
            policy: None,
            duplicate: false,
        }),
    }
}

fn answer_bytes(answer: &Answer<'_>, key: &KeyHandle, by: &SigningCertificate) -> Vec<u8> {
    let mut buffer = [0; FRAME_MAX];
    let length = encode_answer(&CRYPTO, key, by, answer, &mut buffer).unwrap();
    buffer[..length].to_vec()
}

fn good_certificate() -> SigningCertificate {
    certificate(&ROOT, NOW - 1_000, NOW + 1_000)
}

fn expected() -> Expected {
    Expected {
        root: CRYPTO.public_key(&ROOT).unwrap(),
        device: udi().fingerprint(&CRYPTO),
        request: answer().request,
        newer_than: AnswerNumber { epoch: 2, sequence: 8 },
    }
}

fn verdict(bytes: &[u8], expected: &Expected) -> Result<(), AcceptError> {
    let frame = AnswerFrame::parse(&CRYPTO, bytes).unwrap();
    accept(&CRYPTO, frame, expected).map(|verified| assert_eq!(*verified, answer()))
}

/// These bytes are deployed: a change of them needs a new version, never a new golden file. With
/// `WRITE_GOLDEN` set, files that do not exist yet are written.
#[test]
fn version_1_frames_are_pinned_byte_for_byte() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
    let frames = [
        ("register-v1.bin", request_bytes(&registration(), &DEVICE).0),
        ("report-v1.bin", request_bytes(&report(), &DEVICE).0),
        ("authorization-v1.bin", answer_bytes(&answer(), &MANAGER, &good_certificate())),
    ];
    for (name, made) in frames {
        let path = format!("{folder}/{name}");
        if std::env::var_os("WRITE_GOLDEN").is_some() && !std::fs::exists(&path).unwrap() {
            std::fs::write(&path, &made).unwrap();
        }
        assert_eq!(std::fs::read(&path).unwrap(), made, "{name}");
    }
}

#[test]
fn r2_a_registration_proves_that_the_device_has_a_token_and_does_not_tell_it() {
    let token = Token([5; 20]);
    let (frame, _) = request_bytes(&registration(), &DEVICE);
    for secret in [&token.0[..8], &token.digest(&CRYPTO).0[8..16]] {
        assert!(!frame.windows(8).any(|bytes| bytes == secret));
    }
    let key = |handle| CRYPTO.public_key(handle).unwrap();
    let proof = token.prove(&CRYPTO, &key(&DEVICE));
    assert_eq!(token.digest(&CRYPTO).prove(&CRYPTO, &key(&DEVICE)), proof, "what a manager knows");
    assert_eq!(token.digest(&CRYPTO).name(), proof.name);
    // One of another key, or of another token, is another.
    let others =
        [token.prove(&CRYPTO, &key(&MANAGER)), Token([6; 20]).prove(&CRYPTO, &key(&DEVICE))];
    assert!(others.iter().all(|other| other.proof != proof.proof));
    assert_eq!(others.map(|other| other.name == proof.name), [true, false]);
}

#[test]
fn a_request_reads_back_and_is_its_signers() {
    for request in [report(), registration()] {
        let (bytes, digest) = request_bytes(&request, &DEVICE);
        let frame = RequestFrame::parse(&CRYPTO, &bytes).unwrap();
        assert_eq!((&frame.request, frame.digest), (&request, digest));
        assert!(frame.is_signed_by(&CRYPTO, &CRYPTO.public_key(&DEVICE).unwrap()));
        assert!(!frame.is_signed_by(&CRYPTO, &CRYPTO.public_key(&MANAGER).unwrap()));
    }
    // A registration presents a key; only its owner can prove to possess it.
    let (bytes, _) = request_bytes(&registration(), &MANAGER);
    let frame = RequestFrame::parse(&CRYPTO, &bytes).unwrap();
    assert_eq!(frame.proven_registration_key(&CRYPTO), None);
}

#[test]
fn frames_of_every_length_are_named_and_none_is_believed() {
    let (request, _) = request_bytes(&report(), &DEVICE);
    let answer = answer_bytes(&answer(), &MANAGER, &good_certificate());
    for length in 0..=FRAME_MAX + 1 {
        let zeroes = vec![0; length];
        let expected = if length > FRAME_MAX { FrameError::TooLong } else { FrameError::NotAFrame };
        assert_eq!(RequestFrame::parse(&CRYPTO, &zeroes).err(), Some(expected), "{length}");
        assert_eq!(AnswerFrame::parse(&CRYPTO, &zeroes).err(), Some(expected), "{length}");
        for whole in [&request, &answer] {
            let mut bytes = whole.clone();
            bytes.resize(length, 0);
            if bytes == *whole {
                continue;
            }
            assert!(RequestFrame::parse(&CRYPTO, &bytes).is_err(), "{length}");
            assert!(AnswerFrame::parse(&CRYPTO, &bytes).is_err(), "{length}");
        }
    }
}

#[test]
fn an_altered_bit_is_never_believed() {
    let key = CRYPTO.public_key(&DEVICE).unwrap();
    let (request, _) = request_bytes(&report(), &DEVICE);
    let answer = answer_bytes(&answer(), &MANAGER, &good_certificate());
    for bit in 0..request.len() * 8 {
        let mut bytes = request.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(frame) = RequestFrame::parse(&CRYPTO, &bytes) {
            assert!(!frame.is_signed_by(&CRYPTO, &key), "bit {bit}");
        }
    }
    for bit in 0..answer.len() * 8 {
        let mut bytes = answer.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(frame) = AnswerFrame::parse(&CRYPTO, &bytes) {
            assert!(accept(&CRYPTO, frame, &expected()).is_err(), "bit {bit}");
        }
    }
}

#[test]
fn a_newer_version_and_a_wrong_kind_are_named() {
    let (mut request, _) = request_bytes(&report(), &DEVICE);
    assert_eq!(AnswerFrame::parse(&CRYPTO, &request).err(), Some(FrameError::WrongKind));
    request[2] = 2;
    assert_eq!(RequestFrame::parse(&CRYPTO, &request).err(), Some(FrameError::NewerVersion(2)));
    assert_eq!(RequestFrame::parse(&CRYPTO, b"LH").err(), Some(FrameError::Malformed));
}

#[test]
fn t4_an_answer_is_believed_only_when_everything_about_it_is_right() {
    let good = answer_bytes(&answer(), &MANAGER, &good_certificate());
    assert_eq!(verdict(&good, &expected()), Ok(()));
    let with = |change: fn(&mut Expected)| {
        let mut expected = expected();
        change(&mut expected);
        verdict(&good, &expected)
    };
    assert_eq!(with(|e| e.device = DeviceFingerprint([0; 8])), Err(AcceptError::OtherDevice));
    assert_eq!(with(|e| e.request = Digest([0; 32])), Err(AcceptError::OtherRequest));
    assert_eq!(with(|e| e.newer_than.sequence = 9), Err(AcceptError::Stale));
    assert_eq!(with(|e| e.newer_than.epoch = 3), Err(AcceptError::Stale));
    assert_eq!(
        with(|e| e.root = CRYPTO.public_key(&DEVICE).unwrap()),
        Err(AcceptError::ManagerUnknown)
    );
    let by = |key: &KeyHandle, certificate: SigningCertificate| {
        verdict(&answer_bytes(&answer(), key, &certificate), &expected())
    };
    assert_eq!(by(&DEVICE, good_certificate()), Err(AcceptError::SignatureInvalid));
    let self_made = certificate(&MANAGER, NOW - 1_000, NOW + 1_000);
    assert_eq!(by(&MANAGER, self_made), Err(AcceptError::ManagerUnknown));
    let ended = certificate(&ROOT, NOW - 1_000, NOW - 1);
    assert_eq!(by(&MANAGER, ended), Err(AcceptError::ManagerCertificateExpired));
    let later = certificate(&ROOT, NOW + 1, NOW + 1_000);
    assert_eq!(by(&MANAGER, later), Err(AcceptError::ManagerCertificateExpired));
}

/// A manager newer than the device: the signatures hold, and what is said has no name here.
#[test]
fn an_answer_of_the_managers_that_is_not_understood_is_named() {
    // Behind the header (6), device (8), request (32), time (5) and number (2) stands what is said.
    const BODY: usize = 6 + 8 + 32 + 5 + 2;
    let mut bytes = answer_bytes(&answer(), &MANAGER, &good_certificate());
    assert_eq!(bytes[BODY], 1, "an authorization");
    bytes[BODY] = 99;
    let signed = 6 + usize::from(u16::from_le_bytes([bytes[4], bytes[5]]));
    let digest = CRYPTO.digest(&[&bytes[..signed]]);
    let message = SignedMessage::new(Purpose::Answer, &digest);
    let signature = CRYPTO.sign(&MANAGER, &message).unwrap();
    bytes[signed + 1..signed + 33].copy_from_slice(&signature.commitment);
    bytes[signed + 33..signed + 65].copy_from_slice(&signature.response);
    assert_eq!(verdict(&bytes, &expected()), Err(AcceptError::NotUnderstood));
}
