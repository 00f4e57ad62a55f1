//! The license manager: accounts, pools of licences, product instances, signed answers.
//!
//! ```text
//! http ──▶ engine ──▶ domain ──▶ store (trait) ◀── store::{sqlite, memory}
//! ```

mod address;
mod calendar;
pub mod config;
pub mod domain;
pub mod engine;
mod hex;
pub mod http;
pub mod serve;
pub mod setup;
pub mod store;
#[cfg(test)]
mod testing;
pub mod tls;
