//! Confirmation and return codes: 32 characters that only the device can have made.

use super::chain::{Chain, EVERYTHING, Proof, UPDATES_MAX};
use super::check::{HEAD, Layout, check, whole};
use super::packed::{symbol_at, symbols_of};
use super::printer::Printer;
use super::reader::Reader;
use super::{CodeError, CodeKind};
use crate::crypto::Crypto;
use heapless::String;
use serde::{Deserialize, Serialize};

/// The characters of either code, separators aside.
const LENGTH: usize = 32;
/// The characters of either code as printed.
pub const PROOF_TEXT_MAX: usize = 38;

/// The value's 13 bytes, and its position in the upper six bits of one more.
const CONTENTS: usize = 14;
const SYMBOLS: usize = 22;

/// A device says that it has installed an update (SPEC S2).
///
/// It names its reservation by [`ConfirmationCode::anchor`].
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ConfirmationCode {
    /// Which update: 1 to [`UPDATES_MAX`].
    pub generation: u8,
    #[serde(with = "crate::codec::bytes")]
    pub(super) proof: Proof,
}

impl ConfirmationCode {
    /// Reads a code as pasted or typed.
    ///
    /// # Errors
    /// [`CodeError`] says what is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let (generation, proof) = read::<Self>(text)?;
        match generation {
            1..=UPDATES_MAX => Ok(Self { generation, proof }),
            _ => Err(CodeError::Malformed),
        }
    }

    /// The code as it is shown.
    pub fn to_text(&self) -> String<PROOF_TEXT_MAX> {
        print(CodeKind::Confirmation, self.generation, &self.proof)
    }

    /// The [`Anchors::confirmed`](super::Anchors) of the reservation that it belongs to. A code
    /// that no device made belongs to none.
    pub fn anchor<C: Crypto>(&self, crypto: &C) -> [u8; 16] {
        Chain::Confirmed.anchor(crypto, self.generation, self.proof)
    }
}

impl Layout for ConfirmationCode {
    const KIND: CodeKind = CodeKind::Confirmation;

    fn whole(text: &str) -> Result<(), CodeError> {
        whole(text, |_, _| Ok(LENGTH))
    }
}

/// What a device gives back.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Returned {
    /// The whole reservation.
    Everything,
    /// An update that it did not install and never will: 1 to [`UPDATES_MAX`].
    Update(u8),
}

impl Returned {
    /// Which value proves it.
    pub(super) const fn place(self) -> (Chain, u8) {
        match self {
            Self::Everything => (Chain::Confirmed, EVERYTHING),
            Self::Update(generation) => (Chain::Declined, generation),
        }
    }
}

/// A device gives licences back, for good (SPEC S3).
///
/// It names its reservation by [`ReturnCode::anchor`].
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ReturnCode {
    /// What is given back.
    pub returned: Returned,
    #[serde(with = "crate::codec::bytes")]
    pub(super) proof: Proof,
}

impl ReturnCode {
    /// Reads a code as pasted or typed.
    ///
    /// # Errors
    /// [`CodeError`] says what is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let (position, proof) = read::<Self>(text)?;
        let returned = match position {
            EVERYTHING => Returned::Everything,
            1..=UPDATES_MAX => Returned::Update(position),
            _ => return Err(CodeError::Malformed),
        };
        Ok(Self { returned, proof })
    }

    /// The code as it is shown.
    pub fn to_text(&self) -> String<PROOF_TEXT_MAX> {
        let (_, position) = self.returned.place();
        print(CodeKind::Return, position, &self.proof)
    }

    /// The anchor of the reservation that it belongs to: [`Anchors::confirmed`](super::Anchors) for
    /// the return of everything, [`Anchors::declined`](super::Anchors) for that of an update.
    pub fn anchor<C: Crypto>(&self, crypto: &C) -> [u8; 16] {
        let (chain, position) = self.returned.place();
        chain.anchor(crypto, position, self.proof)
    }
}

impl Layout for ReturnCode {
    const KIND: CodeKind = CodeKind::Return;

    fn whole(text: &str) -> Result<(), CodeError> {
        whole(text, |_, _| Ok(LENGTH))
    }
}

/// The position and the value that a code carries.
fn read<L: Layout>(text: &str) -> Result<(u8, Proof), CodeError> {
    check::<L>(text)?;
    let mut contents = [0; CONTENTS];
    let mut reader = Reader::new(text, 0..0);
    reader.skip_characters(HEAD);
    reader.unpack(SYMBOLS, &mut contents);
    let [proof @ .., position] = contents;
    Ok((position.wrapping_shr(2), proof))
}

fn print(kind: CodeKind, position: u8, proof: &Proof) -> String<PROOF_TEXT_MAX> {
    let mut contents = [0; CONTENTS];
    let [value @ .., last] = &mut contents;
    *value = *proof;
    *last = position.wrapping_shl(2);
    let mut text = String::new();
    let mut printer = Printer::new(kind, text.as_mut_view());
    for index in 0..SYMBOLS {
        printer.symbol(symbol_at(&contents, index));
    }
    printer.close();
    text
}

const _: () = assert!(symbols_of(CONTENTS) == SYMBOLS.saturating_add(1), "110 bits are carried");
