//! Walks an agent through its life on a Cortex-M3 and prints how much stack each call took, and how
//! many instructions an acquire and a release are.
#![no_std]
#![no_main]

mod instructions;
mod stack;

use core::panic::PanicInfo;
use cortex_m_semihosting::debug::{self, EXIT_FAILURE, EXIT_SUCCESS};
use cortex_m_semihosting::hprintln;
use leasehold_core::crypto::{Crypto, SoftwareCrypto};
use leasehold_core::products::contact_center::{self, FLEX};
use leasehold_footprint_bench::{BenchCounters, Manager, StandIn, World, platform};
use stack::HighWater;

#[cortex_m_rt::entry]
fn main() -> ! {
    let mut core = cortex_m::Peripherals::take().unwrap_or_else(|| panic!("taken twice"));
    hprintln!("instructions-acquire-release {}", instructions::acquire_release(&mut core.SYST));
    walk("", StandIn);
    walk("-ed25519", SoftwareCrypto);
    debug::exit(EXIT_SUCCESS);
    loop {}
}

/// One line for each kind of call.
fn walk<C: Crypto + Copy>(suffix: &str, crypto: C) {
    let definition = contact_center::definition(Manager::root(&crypto));
    let (device, counters) = (platform(), BenchCounters::new(&FLEX));
    let mut world = World::new(crypto, &definition, &device, &counters, HighWater::default());
    world.walk();
    let HighWater { boot, handle_input, poll_output } = world.probe;
    hprintln!("stack-boot{} {}", suffix, boot);
    hprintln!("stack-handle-input{} {}", suffix, handle_input);
    hprintln!("stack-poll-output{} {}", suffix, poll_output);
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    hprintln!("{}", info);
    debug::exit(EXIT_FAILURE);
    loop {}
}
