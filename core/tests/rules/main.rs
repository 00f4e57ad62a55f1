//! The rules of the specification, held against the core's public interface.
// Test code may use what the core may not: what fails here fails the test.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod agent;
mod answers;
mod awkward_moments;
mod bench;
mod boots;
mod clock;
mod code;
mod control;
mod gaps;
mod reservation;
mod reservation_backups;
mod storage;
mod told;
mod wire;
