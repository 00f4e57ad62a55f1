//! What is measured on the host.
//!
//! `writes steady|shifts` prints how often a device in use for one year writes its flash, and the
//! bytes of the longest record. Any other word does that one thing once, in a function named
//! `measured`, for callgrind to count.

mod decode;

use leasehold_core::crypto::Crypto;
use leasehold_core::product::FeatureId;
use leasehold_core::products::contact_center::{self, FLEX};
use leasehold_core::time::Duration;
use leasehold_footprint_bench::{
    BenchCounters, Call, Manager, NoProbe, Policies, Probe, StandIn, World, platform,
};
use std::hint::black_box;
use std::process::ExitCode;

const HOUR: Duration = Duration::from_hours(1);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let definition = contact_center::definition(Manager::root(&StandIn));
    let device = platform();
    let counters = BenchCounters::new(&FLEX);
    match words[..] {
        ["acquire"] => count(&counters, |feature| counters.acquire(feature, 1).is_ok()),
        ["release"] => count(&counters, |feature| counters.release(feature, 1).is_ok()),
        ["poll"] => {
            let mut world =
                World::new(StandIn, &definition, &device, &counters, NextPoll { armed: false });
            in_steady_use(&mut world);
            world.probe.armed = true;
            world.change_use(0, 0);
            assert!(!world.probe.armed, "nothing was polled");
        }
        ["decode"] => decode::report_answer(),
        ["writes", pattern] => {
            let mut world = World::new(StandIn, &definition, &device, &counters, NoProbe);
            in_steady_use(&mut world);
            let before = world.writes;
            let year = 0..365_u32 * 24;
            for hour in year {
                // A shift signs in from 8 to 10 o'clock and out from 16 to 18.
                match (pattern, hour % 24) {
                    ("shifts", 8 | 9) => world.change_use(20, 0),
                    ("shifts", 16 | 17) => world.change_use(0, 20),
                    ("shifts" | "steady", _) => {}
                    _ => return usage(),
                }
                world.run(HOUR);
            }
            println!("{} {}", world.writes - before, world.longest_record);
        }
        _ => return usage(),
    }
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!(
        "usage: leasehold-footprint-measure acquire|release|poll|decode|writes steady|shifts"
    );
    ExitCode::FAILURE
}

/// Registered, something in use, reported, answered, and nothing left to do.
fn in_steady_use<C: Crypto + Copy, P: Probe>(world: &mut World<'_, C, P>) {
    world.manager.owned = 1_000;
    world.manager.policies = Policies::Products;
    world.change_use(10, 0);
    world.register();
    world.run(HOUR);
}

/// Changes a count that is neither the first nor the last of its kind.
fn count(counters: &BenchCounters<'_>, change: impl FnOnce(FeatureId) -> bool) {
    let feature = counters.feature("standard-seat").expect("a feature of the product");
    counters.acquire(feature, 2).expect("room");
    let feature = black_box(feature);
    assert!(measured(|| change(feature)));
}

/// What callgrind counts.
#[inline(never)]
fn measured<R>(work: impl FnOnce() -> R) -> R {
    black_box(work())
}

/// Lets the next poll be counted, once armed.
struct NextPoll {
    armed: bool,
}

impl Probe for NextPoll {
    fn around<R>(&mut self, call: Call, work: impl FnOnce() -> R) -> R {
        if call == Call::PollOutput && std::mem::take(&mut self.armed) {
            return measured(work);
        }
        work()
    }
}
