//! Requests sent twice, out of order, altered or by somebody else, over real HTTPS (SPEC T4, T5).

use leasehold_core::crypto::{Crypto, Digest, KeyHandle, PublicKey, SoftwareCrypto};
use leasehold_core::identity::{InstanceId, Udi};
use leasehold_core::products::contact_center::FLEX;
use leasehold_core::token::Token;
use leasehold_core::wire::{
    AcceptError, Answer, AnswerBody, AnswerFrame, AnswerNumber, Expected, FRAME_MAX, Nonce,
    Refusal, Register, Report, Request, RequestBody, RequestNumber, Usage, accept, encode_request,
};
use leasehold_tests::manager::{Manager, trusting};

const CRYPTO: SoftwareCrypto = SoftwareCrypto;

/// A device without an agent: it says what the test wants.
struct Puppet<'a> {
    manager: &'a Manager,
    http: ureq::Agent,
    root: PublicKey,
    serial_number: &'static str,
    key: KeyHandle,
}

impl<'a> Puppet<'a> {
    fn new(manager: &'a Manager, serial_number: &'static str, key: u8) -> Self {
        Self {
            manager,
            http: trusting(&manager.certificate()),
            root: leasehold_tests::fleet::root(manager),
            serial_number,
            key: KeyHandle([key; 32]),
        }
    }

    fn udi(&self) -> Udi<'static> {
        Udi::new("LH-CC", self.serial_number, None).expect("a UDI")
    }

    fn frame(
        &self,
        instance: Option<InstanceId>,
        number: (u32, u32),
        body: RequestBody<'_>,
    ) -> (Vec<u8>, Digest) {
        let request = Request {
            udi: self.udi(),
            instance,
            number: RequestNumber { epoch: number.0, sequence: number.1 },
            nonce: Nonce([u8::try_from(number.1 % 256).expect("a byte"); 16]),
            body,
        };
        let mut buffer = [0; FRAME_MAX];
        let (length, digest) =
            encode_request(&CRYPTO, &self.key, &request, &mut buffer).expect("it fits");
        (buffer[..length].to_vec(), digest)
    }

    fn registration(&self, token: &str, number: (u32, u32)) -> (Vec<u8>, Digest) {
        let public_key = CRYPTO.public_key(&self.key).expect("a key");
        let register = Register {
            token: Token::parse(token).expect("a token").prove(&CRYPTO, &public_key),
            public_key,
            force: false,
        };
        self.frame(None, number, RequestBody::Register(register))
    }

    fn report(&self, instance: InstanceId, number: (u32, u32), peak: u32) -> (Vec<u8>, Digest) {
        let usage = [Usage { tag: FLEX.entitlements[0].tag, peak }];
        let report = Report {
            host_name: "",
            software_version: "0.1",
            covers_seconds: 1,
            usage: usage.into_iter().collect(),
        };
        self.frame(Some(instance), number, RequestBody::Report(report))
    }

    fn send(&self, frame: &[u8]) -> Vec<u8> {
        let url = format!("{}/Transportgateway/services/DeviceRequestHandler", self.manager.url());
        let mut answer = self
            .http
            .post(&url)
            .content_type("application/octet-stream")
            .send(frame)
            .expect("the manager answers");
        assert_eq!(answer.status(), 200);
        answer.body_mut().read_to_vec().expect("a body")
    }

    fn expected(&self, request: Digest) -> Expected {
        Expected {
            root: self.root,
            device: self.udi().fingerprint(&CRYPTO),
            request,
            newer_than: AnswerNumber::default(),
        }
    }

    fn believe<'b>(&self, bytes: &'b [u8], request: Digest) -> Answer<'b> {
        let frame = AnswerFrame::parse(&CRYPTO, bytes).expect("a frame");
        accept(&CRYPTO, frame, &self.expected(request)).expect("believed").into_inner()
    }

    fn enrol(&self, token: &str) -> InstanceId {
        let (frame, digest) = self.registration(token, (1, 1));
        let answer = self.send(&frame);
        match self.believe(&answer, digest).body {
            AnswerBody::Registered(registered) => registered.certificate.instance,
            other => panic!("{other:?}"),
        }
    }
}

fn reports_counted(manager: &Manager) -> u64 {
    manager.instances()[0]["reports_counted"].as_u64().expect("a count")
}

#[test]
fn a_repeat_is_answered_with_the_same_bytes_and_counted_once() {
    let mut manager = Manager::start("");
    manager.deposit("standard-seat", 10);
    let (id, token) = manager.token(Some(1));
    let puppet = Puppet::new(&manager, "A1B2C3", 1);
    let (registration, _) = puppet.registration(&token, (1, 1));
    let first = puppet.send(&registration);
    assert_eq!(puppet.send(&registration), first);
    let instance = puppet.enrol(&token);
    assert_eq!(manager.instances().len(), 1);
    let (report, _) = puppet.report(instance, (1, 2), 4);
    let answer = puppet.send(&report);
    assert_eq!(puppet.send(&report), answer);
    assert_eq!(reports_counted(&manager), 1);
    let tokens = manager.get("tokens?limit=10");
    assert_eq!((&tokens["items"][0]["id"], &tokens["items"][0]["uses"]), (&id.into(), &1.into()));
    // Also after the manager was killed and came back.
    drop(puppet);
    manager.kill();
    manager.restart();
    let puppet = Puppet::new(&manager, "A1B2C3", 1);
    assert_eq!(puppet.send(&report), answer);
    assert_eq!(reports_counted(&manager), 1);
}

#[test]
fn an_answer_from_yesterday_or_for_another_device_is_refused() {
    let manager = Manager::start("");
    let (_, token) = manager.token(None);
    let puppet = Puppet::new(&manager, "A1B2C3", 1);
    let other = Puppet::new(&manager, "D4E5F6", 2);
    let (instance, other_instance) = (puppet.enrol(&token), other.enrol(&token));
    let (yesterday, request) = puppet.report(instance, (1, 2), 1);
    let yesterday = (puppet.send(&yesterday), request);
    let (today, request) = puppet.report(instance, (1, 3), 1);
    let today = (puppet.send(&today), request);
    let foreign = other.send(&other.report(other_instance, (1, 2), 1).0);
    let verdict = |bytes: &[u8], expected: &Expected| {
        let frame = AnswerFrame::parse(&CRYPTO, bytes).expect("a frame");
        accept(&CRYPTO, frame, expected).map(|_| ())
    };
    let expected = puppet.expected(today.1);
    assert_eq!(verdict(&today.0, &expected), Ok(()));
    assert_eq!(verdict(&yesterday.0, &expected), Err(AcceptError::OtherRequest));
    assert_eq!(verdict(&foreign, &expected), Err(AcceptError::OtherDevice));
    let newer_than = puppet.believe(&today.0, today.1).number;
    let stale = Expected { newer_than, ..puppet.expected(yesterday.1) };
    assert_eq!(verdict(&yesterday.0, &stale), Err(AcceptError::Stale));
}

#[test]
fn a_number_used_before_is_a_conflict_and_an_epoch_seen_again_is_a_duplicate() {
    let manager = Manager::start("");
    let (_, token) = manager.token(None);
    let puppet = Puppet::new(&manager, "A1B2C3", 1);
    let instance = puppet.enrol(&token);
    let ask = |number, peak| {
        let (frame, digest) = puppet.report(instance, number, peak);
        let answer = puppet.send(&frame);
        match puppet.believe(&answer, digest).body {
            AnswerBody::Authorization(_) => "counted",
            AnswerBody::Conflict => "conflict",
            other => panic!("{other:?}"),
        }
    };
    let duplicate = || !manager.instances()[0]["duplicate_since"].is_null();
    assert_eq!(ask((1, 5), 3), "counted");
    assert_eq!(ask((1, 5), 4), "conflict", "the number was used for something else");
    assert_eq!(ask((1, 4), 4), "conflict", "the number is behind");
    assert_eq!(reports_counted(&manager), 1);
    // The machine that was told goes on under a fresh epoch.
    assert_eq!(ask((2, 1), 4), "counted");
    assert!(!duplicate());
    // The other machine lives too, and goes on under the old one.
    assert_eq!(ask((1, 6), 5), "counted");
    assert!(duplicate());
}

#[test]
fn a_stranger_with_the_instances_name_is_refused() {
    let manager = Manager::start("");
    let (_, token) = manager.token(None);
    let puppet = Puppet::new(&manager, "A1B2C3", 1);
    let instance = puppet.enrol(&token);
    let stranger = Puppet::new(&manager, "A1B2C3", 9);
    let (frame, digest) = stranger.report(instance, (1, 2), 9);
    let answer = stranger.send(&frame);
    let body = stranger.believe(&answer, digest).body;
    assert_eq!(body, AnswerBody::Refused(Refusal::SignatureInvalid));
    assert_eq!(reports_counted(&manager), 0);
}
