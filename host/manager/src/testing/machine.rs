//! Devices, as the manager sees them.

use super::{PREMIUM, STANDARD, World, root};
use leasehold_core::crypto::{Crypto, Digest, KeyHandle, PublicKey, SoftwareCrypto};
use leasehold_core::identity::{InstanceId, Udi};
use leasehold_core::products::contact_center;
use leasehold_core::token::Token;
use leasehold_core::wire::{
    AnswerBody, AnswerFrame, AnswerNumber, Expected, FRAME_MAX, Nonce, Register, Report, Request,
    RequestBody, RequestNumber, Usage, accept, encode_request,
};
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the requests of all machines.
static ASKED: AtomicU64 = AtomicU64::new(0);

/// A device as the manager sees it: a UDI, a key, numbers, and what it was last told.
#[derive(Clone)]
pub(crate) struct Machine {
    pub(crate) serial_number: String,
    pub(crate) product_id: String,
    pub(crate) key: KeyHandle,
    pub(crate) instance: Option<InstanceId>,
    pub(crate) number: RequestNumber,
    pub(crate) last_answer: AnswerNumber,
}

impl Machine {
    pub(crate) fn new(serial_number: &str) -> Self {
        let seed = SoftwareCrypto.digest(&[serial_number.as_bytes()]).0;
        Self {
            serial_number: serial_number.into(),
            product_id: contact_center::PRODUCT_ID.into(),
            key: KeyHandle(seed),
            instance: None,
            number: RequestNumber { epoch: u32::from(seed[0]) + 1, sequence: 0 },
            last_answer: AnswerNumber::default(),
        }
    }

    pub(crate) fn registered(world: &mut World, serial_number: &str) -> Self {
        let mut machine = Self::new(serial_number);
        let token = world.token();
        machine.register(world, token, false);
        assert!(machine.instance.is_some());
        machine
    }

    /// A machine with a new key, for a registration that is not a repeat.
    pub(crate) fn with_new_key(&self, seed: u8) -> Self {
        Self { key: KeyHandle([seed; 32]), ..self.clone() }
    }

    pub(crate) fn udi(&self) -> Udi<'_> {
        Udi::new(&self.product_id, &self.serial_number, None).unwrap()
    }

    pub(crate) fn public_key(&self) -> PublicKey {
        SoftwareCrypto.public_key(&self.key).unwrap()
    }

    /// Goes on in an epoch of its own, as after a `Conflict`.
    pub(crate) fn begin_epoch(&mut self, epoch: u32) {
        self.number = RequestNumber { epoch, sequence: 0 };
    }

    /// The next request; its digest is what the answer must carry.
    pub(crate) fn frame(&mut self, body: RequestBody<'_>) -> (Vec<u8>, Digest) {
        self.number.sequence += 1;
        let instance = match body {
            RequestBody::Register(_) => None,
            _ => self.instance,
        };
        let mut nonce = Nonce([self.key.0[0]; 16]);
        // Never twice the same, whichever copy of a machine asks: as the random ones of devices.
        let asked = ASKED.fetch_add(1, Ordering::Relaxed);
        nonce.0[..8].copy_from_slice(&asked.to_be_bytes());
        let request = Request { udi: self.udi(), instance, number: self.number, nonce, body };
        let mut frame = vec![0; FRAME_MAX];
        let (length, digest) =
            encode_request(&SoftwareCrypto, &self.key, &request, &mut frame).unwrap();
        frame.truncate(length);
        (frame, digest)
    }

    pub(crate) fn register_frame(&mut self, token: Token, force: bool) -> (Vec<u8>, Digest) {
        self.frame(self.registration(token, force))
    }

    pub(crate) fn report_frame(&mut self, usage: &[(&str, u32)]) -> (Vec<u8>, Digest) {
        let usage = usage.iter().map(|&(tag, peak)| Usage { tag, peak }).collect();
        self.frame(RequestBody::Report(Report {
            host_name: "pbx.example.org",
            software_version: "15.0",
            covers_seconds: 28_800,
            usage,
        }))
    }

    /// Decides whether to believe an answer, by the rule of the core.
    pub(crate) fn believe(&mut self, answer: &[u8], request: Digest) -> AnswerBody<'static> {
        // Kept for the length of the test, so that what is said can be handed around.
        let answer: &'static [u8] = Vec::leak(answer.to_vec());
        let frame = AnswerFrame::parse(&SoftwareCrypto, answer).unwrap();
        let expected = Expected {
            root: root(),
            device: self.udi().fingerprint(&SoftwareCrypto),
            request,
            newer_than: self.last_answer,
        };
        let answer = accept(&SoftwareCrypto, frame, &expected).unwrap().into_inner();
        self.last_answer = answer.number;
        if let AnswerBody::Registered(registered) = &answer.body {
            self.instance = Some(registered.certificate.instance);
        }
        answer.body
    }

    pub(crate) fn ask(&mut self, world: &mut World, body: RequestBody<'_>) -> AnswerBody<'static> {
        let (frame, digest) = self.frame(body);
        let answer = world.send(&frame);
        self.believe(&answer, digest)
    }

    pub(crate) fn register(
        &mut self,
        world: &mut World,
        token: Token,
        force: bool,
    ) -> AnswerBody<'static> {
        self.ask(world, self.registration(token, force))
    }

    fn registration(&self, token: Token, force: bool) -> RequestBody<'static> {
        let public_key = self.public_key();
        let token = token.prove(&SoftwareCrypto, &public_key);
        RequestBody::Register(Register { token, public_key, force })
    }

    pub(crate) fn report(
        &mut self,
        world: &mut World,
        usage: &[(&str, u32)],
    ) -> AnswerBody<'static> {
        let (frame, digest) = self.report_frame(usage);
        let answer = world.send(&frame);
        self.believe(&answer, digest)
    }

    /// Whether a report of exactly these seats in use is covered; peaks are at or above a tier.
    pub(crate) fn is_covered(&mut self, world: &mut World, standard: u32, premium: u32) -> bool {
        let usage = [(STANDARD, standard + premium), (PREMIUM, premium)];
        match self.report(world, &usage) {
            AnswerBody::Authorization(said) => said.out_of_compliance_since.is_none(),
            other => panic!("{other:?}"),
        }
    }
}
