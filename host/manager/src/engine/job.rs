//! What waits for the writing thread.

use super::DeviceRequestError;
use super::limits::COME_BACK;
use crate::domain::{Authority, DomainError, Scene, SystemEntropy, device};
use crate::store::{StoreError, Transaction};
use leasehold_core::crypto::PublicKey;
use leasehold_core::identity::InstanceId;
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

/// A request, and the key that signed it, if it is one that may.
pub(super) struct Proven {
    pub(super) bytes: Vec<u8>,
    pub(super) instance: Option<InstanceId>,
    pub(super) key: Option<PublicKey>,
}

type Answer = Result<Vec<u8>, DeviceRequestError>;

/// A device's request.
pub(super) struct DeviceRequest {
    request: Proven,
    /// Whether the instance may send that much.
    allowed: bool,
    answer: Answer,
    reply: oneshot::Sender<Answer>,
}

impl DeviceRequest {
    pub(super) const fn new(
        request: Proven,
        allowed: bool,
        reply: oneshot::Sender<Answer>,
    ) -> Self {
        let answer = Err(DeviceRequestError::Store(StoreError::Stopping));
        Self { request, allowed, answer, reply }
    }
}

impl Job for DeviceRequest {
    fn run(&mut self, tx: &mut dyn Transaction, authority: &Authority, now: UnixTime) -> bool {
        let crypto = &*authority.signer.crypto;
        let mut scene = Scene { now, actor: "device", crypto, entropy: &mut SystemEntropy };
        self.answer = RequestFrame::parse(&crypto, &self.request.bytes)
            .map_err(DeviceRequestError::Frame)
            .and_then(|frame| {
                let key = self.request.key;
                Ok(if self.allowed {
                    device::answer(tx, &mut scene, authority, &frame, key)?
                } else {
                    device::postpone(tx, &mut scene, authority, &frame, COME_BACK)?
                })
            });
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
