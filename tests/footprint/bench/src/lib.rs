//! One device, its flash and a scripted manager, for the programs that measure: the same walk on a
//! microcontroller and on a host.
//!
//! Every call into the agent goes through a [`Probe`], so that what the bench itself takes is
//! never counted. What cannot happen here panics: a measurement of a broken walk is none.
#![no_std]

mod manager;
mod stand_in;
mod world;

pub use manager::{Asked, Manager, Policies};
pub use stand_in::StandIn;
pub use world::{World, platform};

use leasehold_core::agent::Agent;
use leasehold_core::counters::Counters;

/// An agent of the size that the budgets are for.
pub type BenchAgent<'a, C> = Agent<'a, C, 8>;
/// The counters beside it.
pub type BenchCounters<'a> = Counters<'a, 8>;

/// A call into the agent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Call {
    /// `Agent::boot`.
    Boot,
    /// `Agent::handle_input`.
    HandleInput,
    /// `Agent::poll_output`.
    PollOutput,
}

/// Sees every call into the agent.
pub trait Probe {
    /// Does `work`, which is one `call`.
    fn around<R>(&mut self, call: Call, work: impl FnOnce() -> R) -> R;
}

/// Measures nothing.
#[derive(Clone, Copy, Debug)]
pub struct NoProbe;

impl Probe for NoProbe {
    fn around<R>(&mut self, _: Call, work: impl FnOnce() -> R) -> R {
        work()
    }
}
