//! Drives one licensing agent on an operating system.
//!
//! ```text
//! command ──▶ socket ──▶ daemon ──▶ core's Agent ──▶ disk, transport, journal
//! ```
//!
//! [`daemon`] owns the agent and turns its outputs into effects; everything else is one of those
//! effects ([`storage`], [`transport`], [`journal`]), a way to ask for them ([`protocol`],
//! `socket`, [`client`]), or words about them ([`explain`], [`report`], [`show`]).

mod build_report;
pub mod client;
pub mod clock;
pub mod config;
pub mod counter;
pub mod daemon;
pub mod disk;
pub mod explain;
mod hex;
pub mod journal;
pub mod problem;
pub mod protocol;
pub mod report;
mod returned;
pub mod settings;
pub mod show;
mod socket;
pub mod storage;
mod tls;
pub mod transport;
mod usage;

/// Compiles the README's example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
