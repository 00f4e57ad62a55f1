//! Request codes: who asks for licences (SPEC S1, S4).
//!
//! Two blocks: prefix, version and the UDI between colons; then everything else. The second says
//! how long the UDI is, so that a character that was dropped from it or doubled is always told.

use super::chain::Anchors;
use super::check::{HEAD, Layout, check, refuse_bad, refuse_newer, same_length, wrong_length};
use super::checksum::CHECK_SYMBOLS;
use super::packed::symbol_at;
use super::printer::Printer;
use super::reader::{Block, COLON, Reader, is_ignored};
use super::{CodeError, CodeKind};
use crate::identity::{PRODUCT_ID_MAX, SERIAL_NUMBER_MAX, Udi};
use core::ops::Range;
use heapless::String;

/// The characters of the longest request code as printed.
pub const REQUEST_TEXT_MAX: usize = 157;

/// The data symbols of the second block.
const SYMBOLS: usize = 60;
/// Both anchors, the number, and twelve bits: license type, whether it is universal, the length of
/// the UDI less [`UDI_MIN`], and one that is zero. The last four of the sixteen are not carried.
const CONTENTS: usize = 38;
const SECOND: usize = SYMBOLS.saturating_add(CHECK_SYMBOLS);
/// The check symbols of the first block, and the second block.
const AFTER_UDI: usize = SECOND.saturating_add(CHECK_SYMBOLS);

/// The characters of the shortest UDI.
const UDI_MIN: usize = 2;
const COLONS: usize = 3;

/// A device asks for licences.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestCode {
    /// The product id of the device.
    pub product_id: String<PRODUCT_ID_MAX>,
    /// Its serial number.
    pub serial_number: String<SERIAL_NUMBER_MAX>,
    /// Index of its license type in the product definition: at most 15.
    pub license_type: u8,
    /// Whether it asks for everything that the product can use.
    pub universal: bool,
    /// The reservation's number: the device never uses it again.
    pub number: u32,
    /// What its proofs will be known by.
    pub anchors: Anchors,
}

impl RequestCode {
    /// The request of `udi`; `None` when a part of that breaks the rules of
    /// [`Udi::check`](crate::identity::Udi::check), or the license type is above 15.
    pub fn new(
        udi: &Udi<'_>,
        license_type: u8,
        universal: bool,
        number: u32,
        anchors: Anchors,
    ) -> Option<Self> {
        udi.check().ok().filter(|()| license_type < 16)?;
        Some(Self {
            product_id: udi.product_id.try_into().ok()?,
            serial_number: udi.serial_number.try_into().ok()?,
            license_type,
            universal,
            number,
            anchors,
        })
    }

    /// The UDI of the device, without its UUID.
    pub fn udi(&self) -> Udi<'_> {
        Udi { product_id: &self.product_id, serial_number: &self.serial_number, uuid: None }
    }

    /// Reads a code as pasted or typed.
    ///
    /// # Errors
    /// [`CodeError`] says what is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        check::<Self>(text)?;
        read(text, extent(text)?).ok_or(CodeError::Malformed)
    }

    /// The code as it is shown.
    pub fn to_text(&self) -> String<REQUEST_TEXT_MAX> {
        let mut text = String::new();
        let mut printer = Printer::new(CodeKind::Request, text.as_mut_view());
        printer.exact(&self.product_id);
        printer.exact(&self.serial_number);
        printer.end_of_udi();
        let contents = self.contents();
        for index in 0..SYMBOLS {
            printer.symbol(symbol_at(&contents, index));
        }
        printer.close();
        text
    }

    fn contents(&self) -> [u8; CONTENTS] {
        let length = self.product_id.len().saturating_add(self.serial_number.len());
        let length = u16::try_from(length.saturating_sub(UDI_MIN)).unwrap_or_default();
        let bits = u16::from(self.license_type).wrapping_shl(12)
            | u16::from(self.universal).wrapping_shl(11)
            | length.wrapping_shl(5);
        let Anchors { confirmed, declined } = &self.anchors;
        let (number, bits) = (self.number.to_be_bytes(), bits.to_be_bytes());
        let parts = confirmed.iter().chain(declined).chain(&number).chain(&bits);
        let mut contents = [0; CONTENTS];
        for (to, from) in contents.iter_mut().zip(parts) {
            *to = *from;
        }
        contents
    }
}

/// The contents, and how long they say that the UDI is.
struct Contents {
    bytes: [u8; CONTENTS],
    udi: usize,
}

impl Contents {
    /// Reads the second block, up to its check symbols.
    fn read(mut block: Reader<'_>) -> Self {
        let mut bytes = [0; CONTENTS];
        block.unpack(SYMBOLS, &mut bytes);
        let [.., high, low] = bytes;
        let length = u16::from_be_bytes([high, low]).wrapping_shr(5) & 63;
        Self { bytes, udi: usize::from(length).saturating_add(UDI_MIN) }
    }

    /// The code of `udi` that they are of; `None` for what no device makes.
    fn code(&self, udi: &Udi<'_>) -> Option<RequestCode> {
        let (&confirmed, rest) = self.bytes.split_first_chunk()?;
        let (&declined, rest) = rest.split_first_chunk()?;
        let (&number, rest) = rest.split_first_chunk()?;
        let &[bits, more] = rest.first_chunk()?;
        if more & 0b1_0000 != 0 {
            return None;
        }
        let (license_type, universal) = (bits.wrapping_shr(4), bits & 0b1000 != 0);
        let anchors = Anchors { confirmed, declined };
        RequestCode::new(udi, license_type, universal, u32::from_be_bytes(number), anchors)
    }
}

/// A code that was checked; `None` when what it says is impossible.
fn read(text: &str, exact: Range<usize>) -> Option<RequestCode> {
    let end = exact.end;
    let mut reader = Reader::new(text, exact);
    let mut udi =
        reader.clone().take(end).skip(HEAD).filter_map(|character| character.value().ok());
    reader.skip_characters(end.saturating_add(CHECK_SYMBOLS));
    let contents = Contents::read(reader);
    let starts = udi.next() == Some(COLON);
    let product_id: String<PRODUCT_ID_MAX> = part(&mut udi)?;
    let serial_number: String<SERIAL_NUMBER_MAX> = part(&mut udi)?;
    if !starts || udi.next().is_some() {
        return None;
    }
    let udi = Udi { product_id: &product_id, serial_number: &serial_number, uuid: None };
    contents.code(&udi)
}

/// A part of the UDI, to the colon after it; `None` when it is longer than one.
fn part<const N: usize>(characters: &mut impl Iterator<Item = u8>) -> Option<String<N>> {
    let mut part = String::new();
    for character in characters.take_while(|&character| character != COLON) {
        part.push(char::from(character)).ok()?;
    }
    Some(part)
}

impl Layout for RequestCode {
    const KIND: CodeKind = CodeKind::Request;

    fn first_block(text: &str) -> Result<Block<'_>, CodeError> {
        block(text, &extent(text)?)
    }

    fn whole(text: &str) -> Result<(), CodeError> {
        let exact = extent(text)?;
        let first = block(text, &exact)?;
        refuse_newer(text, &first)?;
        let mut reader = Reader::new(text, exact.clone());
        let found = reader.clone().count().saturating_sub(COLONS);
        refuse_bad(&reader)?;
        same_length(length(exact.len().saturating_sub(COLONS)), found)?;
        reader.skip_characters(first.length());
        let contents = Contents::read(reader.clone());
        let second = reader.block(SECOND)?;
        if second.is_whole() {
            same_length(length(contents.udi), found)?;
        }
        first.refuse_mistyped(1)?;
        second.refuse_mistyped(2)
    }
}

fn block<'t>(text: &'t str, exact: &Range<usize>) -> Result<Block<'t>, CodeError> {
    Reader::new(text, exact.clone()).block(exact.end.saturating_add(CHECK_SYMBOLS))
}

/// The characters of a code whose UDI has so many, colons aside.
const fn length(udi: usize) -> usize {
    HEAD.saturating_add(udi).saturating_add(AFTER_UDI)
}

/// Where the UDI stands in a text, its colons included.
///
/// # Errors
/// [`CodeError::Length`] for a text that is too short for any.
fn extent(text: &str) -> Result<Range<usize>, CodeError> {
    let after_head = Reader::new(text, HEAD..usize::MAX).enumerate();
    let mut colons = after_head.filter(|(_, at)| at.exact && at.value() == Ok(COLON));
    let third = colons.nth(COLONS.saturating_sub(1));
    if let Some((index, _)) = third {
        let exact = HEAD..index.saturating_add(1);
        if colons.next().is_none() || block(text, &exact).is_ok_and(|block| block.is_whole()) {
            return Ok(exact);
        }
    }
    // One of them may be wrong, or another character have become one: what follows the UDI is
    // always as long, so that its end is found from there.
    let mut backwards = text.char_indices().rev().filter(|&(_, typed)| !is_ignored(typed));
    let before = backwards.nth(AFTER_UDI.saturating_sub(1)).and_then(|(at, _)| text.get(..at));
    let end = before.map(|before| Reader::new(before, HEAD..usize::MAX).count());
    if let Some(end) = end.filter(|&end| end > HEAD) {
        return Ok(HEAD..end);
    }
    let all = Reader::new(text, HEAD..usize::MAX);
    let found = all.filter(|character| character.value() != Ok(COLON)).count();
    Err(wrong_length(length(UDI_MIN).max(found.saturating_add(1)), found))
}
