//! Proofs that only the device can make, without public-key cryptography (SPEC S2, S3).
//!
//! From one secret the device computes two chains of values, each the digest of the next. The ends
//! of the chains, the *anchors*, stand in the request code. A value is a proof: whoever hashes it
//! down to the anchor knows which reservation speaks, and how far it has come.
//!
//! | proof | chain | value |
//! |---|---|---|
//! | update `g` is installed | confirmed | `g` |
//! | everything is returned | confirmed | 63 |
//! | update `g` will never be installed | declined | `g` |
//!
//! Who has a value can make those below it and none above. What is below is settled already,
//! because there is one change at a time, so nothing is gained by it.
//!
//! *Rejected:* a message authentication code under an agreed key, because key agreement takes flash
//! and the loss of the manager's key would let anybody make proofs.

use super::proof::{ConfirmationCode, ReturnCode, Returned};
use crate::crypto::{Crypto, Digest};
use crate::identity::Udi;
use serde::{Deserialize, Serialize};

/// The most updates that one reservation can have.
pub const UPDATES_MAX: u8 = 62;
/// The value that returns everything, at the top of its chain.
pub(super) const EVERYTHING: u8 = UPDATES_MAX.saturating_add(1);

const LABEL: [u8; 16] = *b"leasehold chain1";

/// The public ends of both chains of a reservation.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct Anchors {
    /// That of confirmations, and of the return of everything.
    #[serde(with = "crate::codec::bytes")]
    pub confirmed: [u8; 16],
    /// That of updates that were returned without being installed.
    #[serde(with = "crate::codec::bytes")]
    pub declined: [u8; 16],
}

/// A value of a chain.
pub(super) type Proof = [u8; 13];

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Chain {
    Confirmed,
    Declined,
}

impl Chain {
    /// The anchor below `proof`, which is the value at `position`.
    pub(super) fn anchor<C: Crypto>(self, crypto: &C, position: u8, proof: Proof) -> [u8; 16] {
        let lowest = self.down_to(crypto, 1, position, proof);
        start(crypto.digest(&[&LABEL, &self.link(0), &lowest]))
    }

    /// The value at `lower`, from that at `position`.
    fn down_to<C: Crypto>(self, crypto: &C, lower: u8, position: u8, proof: Proof) -> Proof {
        let positions = (lower..position).rev();
        positions.fold(proof, |above, position| {
            start(crypto.digest(&[&LABEL, &self.link(position), &above]))
        })
    }

    /// What sets each digest apart from those of all other positions and of the other chain.
    const fn link(self, position: u8) -> [u8; 2] {
        let chain = match self {
            Self::Confirmed => 0,
            Self::Declined => 1,
        };
        [chain, position]
    }
}

/// What a reservation's proofs are made of. Kept in the device's record, never shown, never sent.
#[derive(Clone, Copy, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct ReservationSecret(#[serde(with = "crate::codec::bytes")] pub [u8; 16]);

impl core::fmt::Debug for ReservationSecret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("ReservationSecret(hidden)")
    }
}

impl ReservationSecret {
    /// The anchors of the reservation of `udi` with this `number`.
    pub fn anchors<C: Crypto>(&self, crypto: &C, udi: &Udi<'_>, number: u32) -> Anchors {
        let anchor =
            |chain: Chain| chain.anchor(crypto, EVERYTHING, self.top(crypto, chain, udi, number));
        Anchors { confirmed: anchor(Chain::Confirmed), declined: anchor(Chain::Declined) }
    }

    /// Proves that update `generation`, of 1 to [`UPDATES_MAX`], is installed. One outside is taken
    /// for the nearest.
    pub fn confirmation<C: Crypto>(
        &self,
        crypto: &C,
        udi: &Udi<'_>,
        number: u32,
        generation: u8,
    ) -> ConfirmationCode {
        let generation = generation.clamp(1, UPDATES_MAX);
        let top = self.top(crypto, Chain::Confirmed, udi, number);
        let proof = Chain::Confirmed.down_to(crypto, generation, EVERYTHING, top);
        ConfirmationCode { generation, proof }
    }

    /// Proves that everything is given back, or that an update, of 1 to [`UPDATES_MAX`], will never
    /// be installed. An update outside is taken for the nearest.
    pub fn return_code<C: Crypto>(
        &self,
        crypto: &C,
        udi: &Udi<'_>,
        number: u32,
        returned: Returned,
    ) -> ReturnCode {
        let returned = match returned {
            Returned::Everything => Returned::Everything,
            Returned::Update(generation) => Returned::Update(generation.clamp(1, UPDATES_MAX)),
        };
        let (chain, position) = returned.place();
        let top = self.top(crypto, chain, udi, number);
        ReturnCode { returned, proof: chain.down_to(crypto, position, EVERYTHING, top) }
    }

    /// The highest value of a chain.
    fn top<C: Crypto>(&self, crypto: &C, chain: Chain, udi: &Udi<'_>, number: u32) -> Proof {
        start(crypto.digest(&[
            &LABEL,
            &chain.link(EVERYTHING),
            &self.0,
            &number.to_le_bytes(),
            udi.product_id.as_bytes(),
            &[0],
            udi.serial_number.as_bytes(),
        ]))
    }
}

/// The first bytes of a digest.
fn start<const N: usize>(digest: Digest) -> [u8; N] {
    let mut start = [0; N];
    for (to, from) in start.iter_mut().zip(digest.0) {
        *to = from;
    }
    start
}
