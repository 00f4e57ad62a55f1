//! Every sequence of six inputs, against a model written from the specification's words.
//!
//! | module | what it is |
//! |---|---|
//! | `alphabet` | the input classes, and the two time scales they are played on |
//! | `world` | one device, its flash, its link and a scripted manager; can be forked |
//! | `model` | what SPEC sections 2, 3, 5 and 11 say the device is now |
//! | `compare` | the device against the model, and how a difference is printed |
//! | `explore` | depth first through all sequences, and long random walks |
//! | `tables` | the transitions seen, against those that the core declares |
//! | `reserve` | the same for the steps of a reservation, with a world and a model of its own |
//! | `snapshots` | the declared ones as tables and graphs for people |
//! | `counters` | properties: peaks, tiers and limits against the whole history |
//! | `time` | properties: no period is ever lengthened |
//!
//! The model knows nothing of the agent's code. Where the specification leaves a choice (jitter,
//! what a boot costs), the model holds a range, and takes over what the device chose within it.
// Test code may use what the core may not: what fails here fails the test.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod alphabet;
mod compare;
mod counters;
mod explore;
mod keyed_hash;
mod manager;
mod model;
mod reserve;
mod snapshots;
mod tables;
mod time;
mod world;
