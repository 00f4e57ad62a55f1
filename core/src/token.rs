//! Registration tokens: the text an administrator copies from the manager and pastes into an
//! appliance (SPEC L2, R2).
//!
//! `LHT` and 36 symbols of Crockford base 32: 160 secret bits and a 20-bit check, so that a
//! half-copied or mistyped token is named as that on the spot, before anything is sent. Spaces,
//! dashes, line breaks and case do not matter.

use crate::base32;
use crate::crypto::{Crypto, Digest, PublicKey};
use serde::{Deserialize, Serialize};

const PREFIX: [u8; 3] = *b"LHT";
const SECRET_SYMBOLS: usize = 32;
const CHECK_SYMBOLS: usize = 4;

/// Characters of a token as printed.
pub const TOKEN_LENGTH: usize = PREFIX.len() + SECRET_SYMBOLS + CHECK_SYMBOLS;

/// The secret of a registration token.
#[derive(Clone, Copy, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Token(#[serde(with = "crate::codec::bytes")] pub [u8; 20]);

impl core::fmt::Debug for Token {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Token(hidden)")
    }
}

/// What a manager knows a token by.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct TokenDigest(pub [u8; 32]);

impl core::fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("TokenDigest(hidden)")
    }
}

/// The name that a token goes by in requests: the first bytes of its digest. It tells nothing.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct TokenName(#[serde(with = "crate::codec::bytes")] pub [u8; 8]);

/// That whoever registers a key has a token, without the token.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct TokenProof {
    /// Which token.
    pub name: TokenName,
    /// Can be made of its digest and the key alone. Compare it in constant time.
    #[serde(with = "crate::codec::bytes")]
    pub proof: [u8; 16],
}

impl TokenDigest {
    /// The name of the token.
    pub const fn name(&self) -> TokenName {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        TokenName([a, b, c, d, e, f, g, h])
    }

    /// The proof for `key`.
    pub fn prove<C: Crypto + ?Sized>(&self, crypto: &C, key: &PublicKey) -> TokenProof {
        let parts: [&[u8]; 3] = [b"leasehold token proof", &self.0, &key.bytes];
        let Digest([proof @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _]) =
            crypto.digest(&parts);
        TokenProof { name: self.name(), proof }
    }
}

/// What is wrong with a text that should be a token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TokenError {
    /// It does not begin with `LHT`: something else was pasted.
    NotAToken,
    /// It has this many symbols after the prefix, not 36: part of it is missing or too much.
    WrongLength(usize),
    /// The character at this place (from 1, as typed) cannot occur in a token.
    BadCharacter(usize),
    /// The check does not match: a character is wrong or two are swapped.
    Mistyped,
}

impl Token {
    /// Reads a token as pasted or typed.
    ///
    /// # Errors
    /// [`TokenError`] says what is wrong, and where that can be told.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let mut typed = text
            .bytes()
            .enumerate()
            .filter(|(_, byte)| !byte.is_ascii_whitespace() && *byte != b'-');
        for expected in PREFIX {
            match typed.next() {
                Some((_, byte)) if byte.to_ascii_uppercase() == expected => {}
                _ => return Err(TokenError::NotAToken),
            }
        }
        let mut secret = Bits::new([0; 20]);
        let mut check = 0_u32;
        let mut count = 0_usize;
        for (place, byte) in typed {
            let value =
                base32::value(byte).ok_or(TokenError::BadCharacter(place.saturating_add(1)))?;
            if count < SECRET_SYMBOLS {
                secret.push(value);
            } else {
                check = check.wrapping_shl(5) | u32::from(value);
            }
            count = count.saturating_add(1);
        }
        if count != SECRET_SYMBOLS + CHECK_SYMBOLS {
            return Err(TokenError::WrongLength(count));
        }
        let token = Self(secret.bytes);
        if check == token.check() { Ok(token) } else { Err(TokenError::Mistyped) }
    }

    /// The token as it is shown to the administrator: 39 ASCII characters.
    pub fn to_text(self) -> heapless::String<TOKEN_LENGTH> {
        let mut text = heapless::String::new();
        let check = self.check();
        let secret = (0..SECRET_SYMBOLS).map(|index| symbol_at(&self.0, index));
        let checks = [15, 10, 5, 0]
            .map(|shift| u8::try_from(check.wrapping_shr(shift) & 31).unwrap_or_default());
        let symbols = secret.chain(checks).map(base32::symbol);
        for byte in PREFIX.into_iter().chain(symbols) {
            // Capacity is the exact length; the type's constant says so.
            let _ = text.push(char::from(byte));
        }
        text
    }

    /// What a manager knows the token by: whoever has it can check proofs, and make them.
    pub fn digest<C: Crypto + ?Sized>(&self, crypto: &C) -> TokenDigest {
        let Digest(digest) = crypto.digest(&[b"leasehold token", &self.0]);
        TokenDigest(digest)
    }

    /// What a registration shows in its place. Made of the key that the request is signed with, so
    /// that it is worth nothing to whoever carries the request: a proxy that opens TLS, or a gateway.
    pub fn prove<C: Crypto + ?Sized>(&self, crypto: &C, key: &PublicKey) -> TokenProof {
        self.digest(crypto).prove(crypto, key)
    }

    /// The upper 20 bits of the CRC-32 (as in Ethernet) of the secret.
    fn check(self) -> u32 {
        crate::crc32::checksum(&[&self.0]).wrapping_shr(12)
    }
}

/// The five bits at place `index` of `bytes`.
fn symbol_at(bytes: &[u8; 20], index: usize) -> u8 {
    let bit = index.saturating_mul(5);
    let first = bytes.get(bit.wrapping_shr(3)).copied().unwrap_or_default();
    let second = bytes.get(bit.wrapping_shr(3).saturating_add(1)).copied().unwrap_or_default();
    let pair = u16::from_be_bytes([first, second]);
    let shift = 11_u32.saturating_sub(u32::try_from(bit & 7).unwrap_or_default());
    u8::try_from(pair.wrapping_shr(shift) & 31).unwrap_or_default()
}

/// Twenty bytes filled five bits at a time.
struct Bits {
    bytes: [u8; 20],
    next: usize,
}

impl Bits {
    const fn new(bytes: [u8; 20]) -> Self {
        Self { bytes, next: 0 }
    }

    fn push(&mut self, value: u8) {
        let (byte, bit) = (self.next.wrapping_shr(3), self.next & 7);
        let shift = 11_u32.saturating_sub(u32::try_from(bit).unwrap_or_default());
        let pair = u16::from(value & 31).wrapping_shl(shift).to_be_bytes();
        for (offset, part) in pair.into_iter().enumerate() {
            if let Some(place) = self.bytes.get_mut(byte.saturating_add(offset)) {
                *place |= part;
            }
        }
        self.next = self.next.saturating_add(5);
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::string::{String, ToString};

    #[test]
    fn the_text_of_a_known_secret_is_pinned() {
        let secret = core::array::from_fn(|i| u8::try_from(i * 13).unwrap());
        let text = Token(secret).to_text();
        assert_eq!(text.len(), TOKEN_LENGTH);
        // From an independent encoder: Crockford base 32 of the big-endian number, then its CRC.
        assert_eq!(text, "LHT006HM9SM8575PT3NGA7SSADPRF8DVTQQ5VGS");
    }

    #[test]
    fn what_is_pasted_wrongly_is_named() {
        let text = Token([0xA5; 20]).to_text();
        assert_eq!(Token::parse(""), Err(TokenError::NotAToken));
        assert_eq!(Token::parse("eyJhbGciOi"), Err(TokenError::NotAToken));
        assert_eq!(Token::parse(&text[..30]), Err(TokenError::WrongLength(27)));
        assert_eq!(Token::parse(&(text.to_string() + "0")), Err(TokenError::WrongLength(37)));
        assert_eq!(Token::parse("LHT00*"), Err(TokenError::BadCharacter(6)));
    }

    proptest! {
        #[test]
        fn any_secret_reads_back_however_it_is_typed(secret: [u8; 20], lower: bool) {
            let text = Token(secret).to_text();
            let mut typed = String::from(" ");
            for (index, symbol) in text.chars().enumerate() {
                if index % 4 == 3 { typed.push('-'); }
                if index == 20 { typed.push('\n'); }
                typed.push(if lower { symbol.to_ascii_lowercase() } else { symbol });
            }
            prop_assert_eq!(Token::parse(&typed), Ok(Token(secret)));
        }

        #[test]
        fn a_wrong_or_swapped_symbol_is_refused(
            secret: [u8; 20], place in 3..TOKEN_LENGTH, other in 0..32_u8,
        ) {
            let text = Token(secret).to_text().to_string();
            let mut wrong = text.clone().into_bytes();
            wrong[place] = base32::symbol(other);
            if wrong != text.as_bytes() {
                let wrong = String::from_utf8(wrong).unwrap();
                prop_assert_eq!(Token::parse(&wrong), Err(TokenError::Mistyped));
            }
            let mut swapped = text.clone().into_bytes();
            if place + 1 < TOKEN_LENGTH { swapped.swap(place, place + 1); }
            if swapped != text.as_bytes() {
                let swapped = String::from_utf8(swapped).unwrap();
                prop_assert_eq!(Token::parse(&swapped), Err(TokenError::Mistyped));
            }
        }
    }
}
