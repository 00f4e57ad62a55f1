//! Codes as they are printed: in groups of five, each block with its check symbols.

use super::CodeKind;
use super::check::{BLOCK, VERSION};
use super::checksum::{CHECK_SYMBOLS, Checksum};
use super::reader::COLON;
use crate::base32;
use heapless::string::StringView;

/// How many symbols are printed without a dash between them.
const GROUP: usize = 5;

/// Writes a code to a text that has room for it.
pub(super) struct Printer<'t> {
    text: &'t mut StringView,
    checksum: Checksum,
    in_block: usize,
    in_group: usize,
}

impl<'t> Printer<'t> {
    /// Begins a code with its prefix and its version.
    pub(super) fn new(kind: CodeKind, text: &'t mut StringView) -> Self {
        let mut printer = Self { text, checksum: Checksum::new(), in_block: 0, in_group: 0 };
        for letter in kind.prefix().bytes() {
            // Printed as it is named: the value of an `L` would be printed `1`.
            printer.print(letter, base32::value(letter).unwrap_or_default());
        }
        printer.symbol(VERSION);
        printer
    }

    /// The next symbol, after the check symbols of a block that is full.
    pub(super) fn symbol(&mut self, value: u8) {
        if self.in_block >= BLOCK.saturating_sub(CHECK_SYMBOLS) {
            self.close();
        }
        self.print(base32::symbol(value), value);
    }

    /// A part of a UDI, and the colon before it.
    pub(super) fn exact(&mut self, part: &str) {
        self.put(b':');
        self.checksum.add_exact(COLON);
        for character in part.bytes() {
            self.put(character);
            self.checksum.add_exact(character);
        }
    }

    /// The end of a UDI, and of its block.
    pub(super) fn end_of_udi(&mut self) {
        self.exact("");
        self.in_group = 0;
        self.close();
    }

    /// The check symbols of the block.
    pub(super) fn close(&mut self) {
        for value in self.checksum.symbols() {
            self.print(base32::symbol(value), value);
        }
        self.checksum = Checksum::new();
        self.in_block = 0;
    }

    fn print(&mut self, symbol: u8, value: u8) {
        if self.in_group == GROUP {
            self.put(b'-');
            self.in_group = 0;
        }
        self.put(symbol);
        self.checksum.add(value);
        self.in_block = self.in_block.saturating_add(1);
        self.in_group = self.in_group.saturating_add(1);
    }

    fn put(&mut self, character: u8) {
        // There is room: each kind's text is as long as its longest code.
        let _ = self.text.push(char::from(character));
    }
}
