//! Whatever happens to a device: it never panics, always comes to rest, never sends two requests under
//! one number, believes nobody but its manager, and keeps what its codes promise.
#![no_main]

use leasehold_fuzz::life::live;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| live(bytes, |_| ()));
