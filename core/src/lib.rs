//! Smart licensing inside an appliance.
#![cfg_attr(not(test), no_std)]
// Test code may compute with ordinary operators: an overflow there fails the test.
#![cfg_attr(test, allow(clippy::arithmetic_side_effects))]

pub mod agent;
pub mod base32;
pub mod code;
mod codec;
pub mod counters;
pub mod crc32;
pub mod crypto;
pub mod identity;
pub mod policy;
pub mod product;
pub mod products;
pub mod time;
pub mod token;
pub mod verified;
pub mod wire;
