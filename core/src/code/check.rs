//! Whether a text is a code as it was printed: kind, version, length, and every block whole.

use super::checksum::{CHECK_SYMBOLS, Fault};
use super::reader::{Block, Reader, count};
use super::{CodeError, CodeKind, TEXT_MAX};
use crate::base32;

/// The most characters of a block.
pub(super) const BLOCK: usize = 80;
/// The data symbols of a full block.
pub(super) const BLOCK_DATA: usize = BLOCK.saturating_sub(CHECK_SYMBOLS);
/// The characters before the contents: three of the prefix, one of the version.
pub(super) const HEAD: usize = 4;
/// The version symbol of what this code writes and reads: version 1.
pub(super) const VERSION: u8 = 0;

/// How the codes of one kind are laid out.
pub(super) trait Layout {
    const KIND: CodeKind;

    /// The first block of a text that begins like a code of the kind, or with one wrong character in
    /// its beginning: of a code that has no UDI.
    ///
    /// # Errors
    /// [`CodeError`].
    fn first_block(text: &str) -> Result<Block<'_>, CodeError> {
        Reader::new(text, 0..0).block(count(text).min(BLOCK))
    }

    /// Checks that a text which begins like a code of the kind is one as it was printed.
    ///
    /// # Errors
    /// [`CodeError`].
    fn whole(text: &str) -> Result<(), CodeError>;
}

/// Checks that `text` is a code of the kind that is laid out like `L`. What it says is not looked at.
///
/// Another kind is told by its prefix alone: a firmware that reads one kind has no code for the
/// others.
///
/// # Errors
/// [`CodeError`].
pub(super) fn check<L: Layout>(text: &str) -> Result<(), CodeError> {
    if text.len() > TEXT_MAX {
        return Err(CodeError::TooLong);
    }
    let named = CodeKind::ALL.into_iter().find(|&kind| prefix(text, kind) == Prefix::Right);
    if named == Some(L::KIND) {
        return L::whole(text);
    }
    // Perhaps all that is wrong is the letter that says the kind.
    let error = wrong_letter::<L>(text);
    Err(error.unwrap_or(named.map_or(CodeError::NotACode, CodeError::WrongKind)))
}

/// How a text begins, held against the prefix of a kind.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Prefix {
    Right,
    /// One character is another: at this place, with this change of its value.
    Wrong(u16, Fault),
    /// One character is one that no code has.
    Bad(u16),
    Other,
}

fn prefix(text: &str, kind: CodeKind) -> Prefix {
    let mut found = Prefix::Right;
    let mut typed = Reader::new(text, 0..0);
    for (index, letter) in kind.prefix().bytes().enumerate() {
        let Some(character) = typed.next() else { return Prefix::Other };
        let right = base32::value(letter).unwrap_or_default();
        let place = character.place;
        let difference = match character.value() {
            Ok(value) if value == right => continue,
            Ok(value) => Prefix::Wrong(place, Fault { index, change: value ^ right }),
            Err(_) => Prefix::Bad(place),
        };
        found = if found == Prefix::Right { difference } else { Prefix::Other };
    }
    found
}

/// The one character of the prefix that is wrong, when the first block is otherwise as a code of
/// the kind was printed.
fn wrong_letter<L: Layout>(text: &str) -> Option<CodeError> {
    let wrong = match prefix(text, L::KIND) {
        Prefix::Wrong(place, fault) => (place, fault),
        Prefix::Bad(place) => return Some(CodeError::BadCharacter { place }),
        Prefix::Right | Prefix::Other => return None,
    };
    let block = L::first_block(text).ok()?;
    (block.fault() == Some(wrong)).then(|| block.mistyped(1))
}

/// Checks that a code that has no UDI is as it was printed. How many characters it should have,
/// `expected` says from its first block and the number that it has.
///
/// # Errors
/// [`CodeError`].
pub(super) fn whole(
    text: &str,
    expected: impl FnOnce(&Block<'_>, usize) -> Result<usize, CodeError>,
) -> Result<(), CodeError> {
    let found = count(text);
    let mut reader = Reader::new(text, 0..0);
    let mut block = reader.block(found.min(BLOCK))?;
    refuse_newer(text, &block)?;
    refuse_bad(&reader)?;
    same_length(expected(&block, found)?, found)?;
    let mut left = found.saturating_sub(BLOCK);
    for number in 1_usize.. {
        block.refuse_mistyped(number)?;
        if left == 0 {
            break;
        }
        block = reader.block(left.min(BLOCK))?;
        left = left.saturating_sub(BLOCK);
    }
    Ok(())
}

/// Refuses a later version of the format: its first block is as those of this one, what follows is
/// not known.
///
/// # Errors
/// [`CodeError::NewerVersion`].
pub(super) fn refuse_newer(text: &str, first: &Block<'_>) -> Result<(), CodeError> {
    let version = Reader::new(text, 0..0).nth(HEAD.saturating_sub(1));
    match version.and_then(|character| character.value().ok()) {
        Some(version) if version != VERSION && first.is_whole() => {
            Err(CodeError::NewerVersion(version.saturating_add(1)))
        }
        _ => Ok(()),
    }
}

/// Refuses characters that no code has.
///
/// # Errors
/// [`CodeError::BadCharacter`] for the first.
pub(super) fn refuse_bad(rest: &Reader<'_>) -> Result<(), CodeError> {
    rest.clone().try_for_each(|character| character.value().map(drop))
}

/// Refuses a code of another length.
///
/// # Errors
/// [`CodeError::Length`].
pub(super) fn same_length(expected: usize, found: usize) -> Result<(), CodeError> {
    if expected == found { Ok(()) } else { Err(wrong_length(expected, found)) }
}

/// That a code has another length than it should.
pub(super) fn wrong_length(expected: usize, found: usize) -> CodeError {
    let [expected, found] = [expected, found].map(|n| u16::try_from(n).unwrap_or(u16::MAX));
    CodeError::Length { expected, found }
}
