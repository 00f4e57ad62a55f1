//! Codes from the golden files.

use crate::{golden, keep};
use leasehold_core::code::Grant;
use leasehold_core::token::Token;
use leasehold_fuzz::grants::fitting;
use leasehold_fuzz::seal::authorization;
use std::io;

/// Of a full block of a code: all characters, and those that check the others.
const BLOCK: (usize, usize) = (80, 6);
const SYMBOLS: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Each as text, and as what stands between its checks.
pub fn make() -> io::Result<()> {
    let text = String::from_utf8_lossy(&golden("code-request-v1.txt")?).into_owned();
    keep("code_request", "text", &[&[0], text.as_bytes()].concat())?;
    let (udi, data) = text.split_at(text.rfind(':').map_or(0, |colon| colon + 1));
    let udi = udi.trim_start_matches("LHQ0");
    let (_, data) = split_symbols(data, BLOCK.1);
    let contents = [&[1], udi.as_bytes(), &[0], &without_checks(&data)[..]].concat();
    keep("code_request", "contents", &contents)?;
    for (target, form, name) in [
        ("code_authorization", 1, "code-authorization-v1"),
        ("code_authorization", 1, "code-authorization-certified-v1"),
        ("code_proof", 1, "code-confirmation-v1"),
        ("code_proof", 2, "code-return-v1"),
        ("code_proof", 2, "code-return-update-v1"),
    ] {
        let text = golden(&format!("{name}.txt"))?;
        keep(target, &format!("{name}-text"), &[&[0], &text[..]].concat())?;
        let (_, symbols) = split_symbols(&String::from_utf8_lossy(&text), 0);
        // The prefix stands in the form.
        let contents = [&[form], without_checks(&symbols).split_off(3).as_slice()].concat();
        keep(target, &format!("{name}-contents"), &contents)?;
    }
    let grants =
        [fitting(), Grant { universal: true, lines: [].into_iter().collect(), ..fitting() }];
    for (grant, name) in grants.iter().zip(["signed", "signed-universal"]) {
        let mut buffer = [0; 512];
        let payload = postcard::to_slice(grant, &mut buffer).expect("the longest grant fits");
        keep("code_authorization", name, &[&[2], &*payload].concat())?;
        // Neither a certificate nor none.
        let contents = authorization(payload, &[2; 66]);
        keep("code_authorization", &format!("un{name}"), &[&[1], &contents[..]].concat())?;
    }
    keep("token", "text", Token([5; 20]).to_text().as_bytes())
}

/// The values of the symbols in `text`, in two parts.
fn split_symbols(text: &str, at: usize) -> (Vec<u8>, Vec<u8>) {
    let value = |symbol: char| SYMBOLS.find(if symbol == 'L' { '1' } else { symbol });
    let values = text.chars().filter_map(value).filter_map(|value| u8::try_from(value).ok());
    let mut first: Vec<u8> = values.collect();
    let second = first.split_off(at);
    (first, second)
}

fn without_checks(symbols: &[u8]) -> Vec<u8> {
    let blocks = symbols.chunks(BLOCK.0);
    blocks.flat_map(|block| &block[..block.len() - BLOCK.1]).copied().collect()
}
