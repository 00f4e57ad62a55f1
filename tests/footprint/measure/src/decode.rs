//! An answer as it comes over the wire, and what it takes to believe it.

use crate::measured;
use leasehold_core::crypto::{Crypto, Digest, KeyHandle};
use leasehold_core::identity::Udi;
use leasehold_core::time::UnixTime;
use leasehold_core::token::Token;
use leasehold_core::wire::{
    AnswerFrame, AnswerNumber, Expected, FRAME_MAX, Nonce, Register, Report, Request, RequestBody,
    RequestNumber, Usage, accept, encode_request,
};
use leasehold_footprint_bench::{Manager, Policies, StandIn, platform};
use std::hint::black_box;

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
const KEY: KeyHandle = KeyHandle([3; 32]);

/// The answer to a report of two entitlements: from the bytes of its frame to the verified answer.
pub fn report_answer() {
    let mut manager = Manager::new(StandIn, NOW);
    manager.policies = Policies::Products;
    let udi = platform().udi;
    let public_key = StandIn.public_key(&KEY).expect("the key is there");
    let register =
        Register { token: Token([5; 20]).prove(&StandIn, &public_key), public_key, force: false };
    exchange(&mut manager, udi, RequestBody::Register(register));
    let usage = [Usage { tag: "standard", peak: 300 }, Usage { tag: "premium", peak: 7 }];
    let report = Report {
        host_name: "pbx-1",
        software_version: "0.1",
        covers_seconds: 28_800,
        usage: usage.into_iter().collect(),
    };
    let (request, answer) = exchange(&mut manager, udi, RequestBody::Report(report));
    let expected = black_box(Expected {
        root: Manager::root(&StandIn),
        device: udi.fingerprint(&StandIn),
        request,
        newer_than: AnswerNumber::default(),
    });
    let bytes = black_box(&answer[..]);
    let believed = measured(|| {
        let frame = AnswerFrame::parse(&StandIn, bytes).ok()?;
        accept(&StandIn, frame, &expected).ok()
    });
    assert!(believed.is_some());
}

/// The digest of a request, and the bytes of its answer.
fn exchange(
    manager: &mut Manager<StandIn>,
    udi: Udi<'_>,
    body: RequestBody<'_>,
) -> (Digest, Vec<u8>) {
    let number = RequestNumber { epoch: 1, sequence: 1 };
    let request = Request { udi, instance: None, number, nonce: Nonce([6; 16]), body };
    let (mut frame, mut answer) = ([0; FRAME_MAX], [0; FRAME_MAX]);
    let encoded = encode_request(&StandIn, &KEY, &request, &mut frame);
    let (length, digest) = encoded.expect("a request that fits");
    let length = manager.answer(&frame[..length], NOW, &mut answer);
    (digest, answer[..length].to_vec())
}
