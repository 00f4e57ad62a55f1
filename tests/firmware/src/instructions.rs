//! How many instructions something is. Under QEMU's `-icount shift=10` each takes 1,024 ns of the
//! emulated time, whatever it does; SysTick counts that time in steps of 80 ns.

use core::arch::asm;
use core::hint::black_box;
use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use leasehold_core::products::contact_center::FLEX;
use leasehold_footprint_bench::BenchCounters;

const INSTRUCTION_NS: u32 = 1 << 10;
const TICK_NS: u32 = 80;
const RELOAD: u32 = 0x00FF_FFFF;

/// An acquire and a release of the same feature, calls and returns included.
pub(crate) fn acquire_release(timer: &mut SYST) -> u32 {
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload(RELOAD);
    timer.clear_current();
    timer.enable_counter();
    // What is known must be counted as what it is.
    let known = count(|| unsafe { asm!(".rept 150", "nop", ".endr") })
        - count(|| unsafe { asm!(".rept 50", "nop", ".endr") });
    assert!(known == 100, "100 instructions counted as {known}");
    let counters = BenchCounters::new(&FLEX);
    let Some(feature) = counters.feature("standard-seat") else { panic!("no such feature") };
    let acquired = count(|| counters.acquire(black_box(feature), black_box(1)));
    let released = count(|| counters.release(black_box(feature), black_box(1)));
    acquired + released
}

/// Instructions of a call of `work`.
#[inline(never)]
fn count<R>(work: impl FnOnce() -> R) -> u32 {
    let before = SYST::get_current();
    black_box(called(work));
    let after = SYST::get_current();
    let ticks = before.wrapping_sub(after) & RELOAD;
    (ticks * TICK_NS + INSTRUCTION_NS / 2) / INSTRUCTION_NS
}

#[inline(never)]
fn called<R>(work: impl FnOnce() -> R) -> R {
    work()
}
