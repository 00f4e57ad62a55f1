//! The characters of a code in a text: what only separates them is skipped.

use super::CodeError;
use super::checksum::{Checksum, Fault, locate};
use super::packed::Unpacker;
use crate::base32;
use core::ops::Range;
use core::str::Chars;

/// A character of a code.
#[derive(Clone, Copy)]
pub(super) struct Character {
    /// Its number in the text, from 1.
    pub(super) place: u16,
    /// Whether it stands in the UDI or next to it, where characters are taken exactly.
    pub(super) exact: bool,
    /// The value of the symbol, or the ASCII code of an exact character; [`COLON`] for a colon.
    /// `None` for what cannot stand here.
    value: Option<u8>,
}

/// What a colon counts as: no character of a UDI has this code.
pub(super) const COLON: u8 = 0;

impl Character {
    /// # Errors
    /// [`CodeError::BadCharacter`].
    pub(super) fn value(self) -> Result<u8, CodeError> {
        self.value.ok_or(CodeError::BadCharacter { place: self.place })
    }
}

/// Reads the characters of a text one after the other.
#[derive(Clone)]
pub(super) struct Reader<'t> {
    rest: Chars<'t>,
    place: u16,
    index: usize,
    exact: Range<usize>,
}

impl<'t> Reader<'t> {
    /// A reader of `text`, whose characters of the numbers `exact` are of a UDI.
    pub(super) fn new(text: &'t str, exact: Range<usize>) -> Self {
        Self { rest: text.chars(), place: 0, index: 0, exact }
    }

    /// Passes over so many characters.
    pub(super) fn skip_characters(&mut self, characters: usize) {
        self.by_ref().take(characters).for_each(drop);
    }

    /// Fills `bytes` with the contents of so many characters.
    pub(super) fn unpack(&mut self, characters: usize, bytes: &mut [u8]) {
        let mut unpacker = Unpacker::new(bytes, 0);
        for character in self.by_ref().take(characters) {
            unpacker.push(character.value().unwrap_or_default());
        }
    }

    /// Reads a block of `length` characters.
    ///
    /// # Errors
    /// [`CodeError::BadCharacter`] for the first one that no code has.
    pub(super) fn block(&mut self, length: usize) -> Result<Block<'t>, CodeError> {
        let start = self.clone();
        let mut checksum = Checksum::new();
        for character in self.by_ref().take(length) {
            let value = character.value()?;
            if character.exact {
                checksum.add_exact(value);
            } else {
                checksum.add(value);
            }
        }
        Ok(Block { start, length, syndrome: checksum.syndrome() })
    }
}

impl Iterator for Reader<'_> {
    type Item = Character;

    // Not in line: every code is read through it.
    #[inline(never)]
    fn next(&mut self) -> Option<Character> {
        let exact = self.exact.contains(&self.index);
        loop {
            let typed = self.rest.next()?;
            self.place = self.place.saturating_add(1);
            let ignored = if exact { is_separator(typed) } else { is_ignored(typed) };
            if ignored {
                continue;
            }
            self.index = self.index.saturating_add(1);
            let value = if exact { exact_value(typed) } else { symbol_value(typed) };
            return Some(Character { place: self.place, exact, value });
        }
    }
}

fn symbol_value(typed: char) -> Option<u8> {
    base32::value(u8::try_from(typed).ok()?)
}

/// What an exact character counts as. A dash that a word processor made long is still a dash.
fn exact_value(typed: char) -> Option<u8> {
    match typed {
        ':' => Some(COLON),
        dash if is_dash(dash) => Some(b'-'),
        'A'..='Z' | 'a'..='z' | '0'..='9' | '.' | '/' | '_' => u8::try_from(typed).ok(),
        _ => None,
    }
}

/// The dash, and what is made of it: hyphens, the dashes U+2010 to U+2015, the minus sign.
const fn is_dash(typed: char) -> bool {
    matches!(typed, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// White space and quotes, and what is made of them: spaces that do not break or have no width, the
/// byte order mark, soft hyphens, the quotes U+2018 to U+201F.
const fn is_separator(typed: char) -> bool {
    matches!(
        typed,
        '\t'..='\r' | ' ' | '"' | '\'' | '`' | '\u{a0}' | '\u{ad}' | '\u{2000}'..='\u{200f}'
            | '\u{2018}'..='\u{201f}' | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{2060}'
            | '\u{feff}'
    )
}

/// Whether a character of a text is none of a code, outside a UDI.
pub(super) const fn is_ignored(typed: char) -> bool {
    is_separator(typed) || is_dash(typed)
}

/// How many characters are in `text`, outside a UDI.
pub(super) fn count(text: &str) -> usize {
    Reader::new(text, 0..0).count()
}

/// A block that was read.
pub(super) struct Block<'t> {
    start: Reader<'t>,
    length: usize,
    syndrome: u32,
}

impl Block<'_> {
    /// Its characters.
    pub(super) const fn length(&self) -> usize {
        self.length
    }

    /// Whether it is as it was printed.
    pub(super) const fn is_whole(&self) -> bool {
        self.syndrome == 0
    }

    /// The place of the one wrong character in it, and the fault. `None` where no single one is to
    /// blame, or where it would have to be what no code has.
    pub(super) fn fault(&self) -> Option<(u16, Fault)> {
        let Range { start, end } = self.start.exact;
        let first = self.start.index;
        let exact = start.saturating_sub(first)..end.saturating_sub(first);
        let fault = locate(self.syndrome, self.length, &exact)?;
        let character = self.start.clone().nth(fault.index)?;
        let right = char::from(character.value? ^ fault.change);
        let possible =
            !character.exact || right == char::from(COLON) || exact_value(right).is_some();
        possible.then_some((character.place, fault))
    }

    /// That it is not as it was printed, as the block of this `number`.
    pub(super) fn mistyped(&self, number: usize) -> CodeError {
        let block = u8::try_from(number).unwrap_or(u8::MAX);
        CodeError::Mistyped { block, place: self.fault().map(|(place, _)| place) }
    }

    /// Refuses a block that is not as it was printed.
    ///
    /// # Errors
    /// [`CodeError::Mistyped`].
    pub(super) fn refuse_mistyped(&self, number: usize) -> Result<(), CodeError> {
        if self.is_whole() { Ok(()) } else { Err(self.mistyped(number)) }
    }
}
