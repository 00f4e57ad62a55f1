//! Smart licensing inside an appliance.
#![cfg_attr(not(test), no_std)]

pub mod base32;
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
