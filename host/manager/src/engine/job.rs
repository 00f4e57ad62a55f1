//! What waits for the writing thread.

use super::DeviceRequestError;
use crate::domain::device::{self, Proof};
use crate::domain::{Authority, DomainError, Scene, SystemEntropy};
use crate::store::{StoreError, Transaction};
use leasehold_core::time::UnixTime;
use leasehold_core::wire::RequestFrame;
use tokio::sync::oneshot;

/// Something to do in a transaction, and someone who waits for it.
pub(super) trait Job: Send {
    /// Does it; says whether it is to be kept.
    fn run(&mut self, tx: &mut dyn Transaction, authority: &Authority, now: UnixTime) -> bool;

    /// Tells the one who waits, after the commit or its failure.
    fn finish(self: Box<Self>, committed: Result<(), StoreError>);
}

type Answer = Result<Vec<u8>, DeviceRequestError>;

/// A device's request, and the proof of who sent it.
pub(super) struct DeviceRequest {
    bytes: Vec<u8>,
    proof: Proof,
    answer: Answer,
    reply: oneshot::Sender<Answer>,
}

impl DeviceRequest {
    pub(super) const fn new(bytes: Vec<u8>, proof: Proof, reply: oneshot::Sender<Answer>) -> Self {
        let answer = Err(DeviceRequestError::Store(StoreError::Stopping));
        Self { bytes, proof, answer, reply }
    }
}

impl Job for DeviceRequest {
    fn run(&mut self, tx: &mut dyn Transaction, authority: &Authority, now: UnixTime) -> bool {
        let crypto = &*authority.signer.crypto;
        let mut scene = Scene { now, actor: "device", crypto, entropy: &mut SystemEntropy };
        self.answer = RequestFrame::parse(&crypto, &self.bytes)
            .map_err(DeviceRequestError::Frame)
            .and_then(|frame| Ok(device::answer(tx, &mut scene, authority, &frame, &self.proof)?));
        self.answer.is_ok()
    }

    fn finish(self: Box<Self>, committed: Result<(), StoreError>) {
        let Self { answer, reply, .. } = *self;
        // Nobody waits any more when the connection was closed.
        let _ = reply.send(committed.map_err(DeviceRequestError::Store).and(answer));
    }
}

/// An administrator's change.
pub(super) struct Change<F, R> {
    actor: String,
    change: Option<F>,
    result: Result<R, DomainError>,
    reply: oneshot::Sender<Result<R, DomainError>>,
}

impl<F, R> Change<F, R> {
    pub(super) const fn new(
        actor: String,
        change: F,
        reply: oneshot::Sender<Result<R, DomainError>>,
    ) -> Self {
        let result = Err(DomainError::Store(StoreError::Stopping));
        Self { actor, change: Some(change), result, reply }
    }
}

impl<F, R> Job for Change<F, R>
where
    F: FnOnce(&mut dyn Transaction, &mut Scene<'_>, &Authority) -> Result<R, DomainError> + Send,
    R: Send,
{
    fn run(&mut self, tx: &mut dyn Transaction, authority: &Authority, now: UnixTime) -> bool {
        let Some(change) = self.change.take() else { return false };
        let mut scene = Scene {
            now,
            actor: &self.actor,
            crypto: &*authority.signer.crypto,
            entropy: &mut SystemEntropy,
        };
        self.result = change(tx, &mut scene, authority);
        self.result.is_ok()
    }

    fn finish(self: Box<Self>, committed: Result<(), StoreError>) {
        let Self { result, reply, .. } = *self;
        // Nobody waits any more when the connection was closed.
        let _ = reply.send(committed.map_err(DomainError::Store).and(result));
    }
}
