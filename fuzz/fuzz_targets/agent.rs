//! Whatever happens to a device: it never panics, always comes to rest, never sends two requests under
//! one number, and keeps what its codes promise.
#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use leasehold_core::agent::Agent;
use leasehold_fuzz::TOLD;
use leasehold_fuzz::keyed_hash::KeyedHash;
use leasehold_fuzz::step::Step;
use leasehold_fuzz::world::{DEVICE, World, counters, definition};
use libfuzzer_sys::fuzz_target;

/// More steps make an input slow without making it different.
const STEPS: usize = 64;

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = Unstructured::new(bytes);
    let definition = definition();
    let [pristine, running, probe] = [(); 3].map(|()| counters(&definition));
    let off = Agent::new(&definition, &pristine, &DEVICE, KeyedHash);
    let has_counter = bool::arbitrary(&mut bytes).unwrap_or_default();
    let mut world = World::new(&definition, &off, [&running, &probe], has_counter);
    for _ in 0..STEPS {
        let Ok(step) = Step::arbitrary(&mut bytes) else { break };
        if *TOLD {
            eprintln!("{step:?}");
        }
        world.play(step);
        if bytes.is_empty() {
            break;
        }
    }
});
