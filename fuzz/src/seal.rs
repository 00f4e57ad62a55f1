//! Codes with good check symbols, whatever they say: no fuzzer finds those by chance, and what a
//! code says is looked at only behind them.

use bech32::primitives::checksum::Engine;
use bech32::{Bech32m, Fe32};

const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// The data symbols of a full block.
const BLOCK: usize = 74;

/// A code of the kind with that last letter of its prefix; of every byte of `contents` the lower
/// five bits count. The first is the version.
pub fn sealed(kind: u8, contents: &[u8]) -> String {
    let data = [&head(kind), contents].concat();
    data.chunks(BLOCK).map(|block| text(block, block)).collect()
}

/// A request code with that UDI, colons included.
pub fn sealed_request(version: u8, udi: &str, contents: &[u8]) -> String {
    let pair = |character: u8| match character {
        b':' => [0, 0],
        code => [code >> 5, code],
    };
    let head = [&head(b'Q')[..], &[version]].concat();
    let first = [&head[..], &udi.bytes().flat_map(pair).collect::<Vec<u8>>()].concat();
    format!("{}{udi}{}{}", text(&head, &[]), text(&[], &first), text(contents, contents))
}

/// `LH` and the letter, as symbols: an `L` is read as a `1`.
fn head(kind: u8) -> [u8; 3] {
    [b'1', b'H', kind].map(|letter| {
        let value = SYMBOLS.iter().position(|&symbol| symbol == letter);
        value.and_then(|value| u8::try_from(value).ok()).expect("a letter of the alphabet")
    })
}

/// `shown`, and the check symbols of `checked` where that is not empty.
fn text(shown: &[u8], checked: &[u8]) -> String {
    let mut engine = Engine::<Bech32m>::new();
    checked.iter().for_each(|value| {
        engine.input_fe(Fe32::try_from(value & 31).expect("five bits"));
    });
    engine.input_target_residue();
    let checks = [25, 20, 15, 10, 5, 0].map(|shift| engine.residue() >> shift);
    let checks = checks.map(|bits| u8::try_from(bits & 31).expect("five bits"));
    let checks = if checked.is_empty() { &[][..] } else { &checks };
    let symbol = |value: &u8| char::from(SYMBOLS[usize::from(value & 31)]);
    shown.iter().chain(checks).map(symbol).collect()
}
