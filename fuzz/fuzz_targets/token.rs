//! What an administrator pastes.
#![no_main]

use leasehold_core::token::Token;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(token) = Token::parse(text) {
        assert_eq!(Token::parse(&token.to_text()), Ok(token));
    }
});
