//! The first look at a request: done for several at once, and all that those get who prove nothing.

use super::limits::COME_BACK;
use super::{DeviceRequestError, Shared};
use crate::domain::device::{self, Proof, Sender};
use leasehold_core::wire::RequestFrame;
use std::net::IpAddr;
use std::time::Instant;

/// What a look at a request leads to.
pub(super) enum Looked {
    /// It is answered: nothing is to be changed.
    Answered(Vec<u8>),
    /// It is to be decided.
    Proven(Proof),
}

impl Shared {
    /// Refuses an address that has sent too much that proved nothing.
    pub(super) fn listen_to(&self, peer: IpAddr) -> Result<(), DeviceRequestError> {
        let listens = self.limits.listens_to(peer, Instant::now());
        if listens { Ok(()) } else { Err(DeviceRequestError::TooMany) }
    }

    /// Finds out who sent a request, and answers those who proved nothing or send too much.
    pub(super) fn look(&self, peer: IpAddr, bytes: &[u8]) -> Result<Looked, DeviceRequestError> {
        // Others of this address may have been looked at while this one waited.
        self.listen_to(peer)?;
        let authority = &*self.authority;
        let parsed = RequestFrame::parse(&&*authority.signer.crypto, bytes);
        let frame = parsed.map_err(|error| {
            self.limits.proved_nothing(peer, Instant::now());
            DeviceRequestError::Frame(error)
        })?;
        let now = self.clock.now();
        let sender = device::prove(&*self.store.view()?, authority, &frame, now)?;
        let proof = match sender {
            Sender::Proven(proof) => proof,
            Sender::Unproven(unproven) => {
                self.limits.proved_nothing(peer, Instant::now());
                return Ok(Looked::Answered(device::dismiss(authority, &frame, unproven, now)?));
            }
        };
        let allowed = proof.instance().is_none_or(|id| self.limits.allows(id, Instant::now()));
        Ok(if allowed {
            Looked::Proven(proof)
        } else {
            Looked::Answered(device::postpone(authority, &frame, &proof, COME_BACK, now)?)
        })
    }
}
