//! The life of a device, as bytes tell it: its make, then step by step.

use crate::TOLD;
use crate::appliance::Appliance;
use crate::keyed_hash::DeviceKeys;
use crate::step::Step;
use crate::world::World;
use leasehold_core::agent::Agent;
use std::cell::Cell;

/// More steps make an input slow without making it different.
const STEPS: usize = 48;

/// Lives it, and gives the world at its end to `look`.
pub fn live<T>(bytes: &[u8], look: impl FnOnce(&World<'_>) -> T) -> T {
    let (make, mut rest) = bytes.split_first().unwrap_or((&0, &[]));
    let appliance = Appliance::new(*make);
    let [pristine, running, probe] = [(); 3].map(|()| appliance.counters());
    let usable = Cell::new(true);
    let keys = DeviceKeys { usable: &usable };
    let off = Agent::new(&appliance.definition, &pristine, &appliance.device, keys);
    let mut world = World::new(&appliance, &off, [&running, &probe], &usable);
    let mut steps = 0;
    while steps < STEPS && !rest.is_empty() {
        let Ok((step, after)) = postcard::take_from_bytes::<Step>(rest) else {
            // No step begins there; one may behind it.
            rest = &rest[1..];
            continue;
        };
        (rest, steps) = (after, steps + 1);
        if *TOLD {
            eprintln!("{step:?}");
        }
        world.play(step);
    }
    world.check_end();
    look(&world)
}
