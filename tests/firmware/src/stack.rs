//! How much stack a call takes: the free stack is painted before it, and looked at after it.

use core::ptr;
use cortex_m::register::msp;
use leasehold_footprint_bench::{Call, Probe};

const PAINT: u32 = 0xA5C3_960F;
/// Words painted: far more than any call may take.
const PAINTED: usize = 20 * 1024 / 4;

/// The most bytes that each kind of call took.
#[derive(Default)]
pub(crate) struct HighWater {
    pub(crate) boot: usize,
    pub(crate) handle_input: usize,
    pub(crate) poll_output: usize,
}

impl Probe for HighWater {
    fn around<R>(&mut self, call: Call, work: impl FnOnce() -> R) -> R {
        let (result, taken) = measured(work);
        let most = match call {
            Call::Boot => &mut self.boot,
            Call::HandleInput => &mut self.handle_input,
            Call::PollOutput => &mut self.poll_output,
        };
        *most = taken.max(*most);
        result
    }
}

/// Does `work` and tells how many bytes of stack it took below this function's own frame.
///
/// The frame is complete once the function has begun, so all that `work` needs, with its return
/// address and its spilled arguments, lies below the stack pointer read here. Interrupts are off.
#[inline(never)]
fn measured<R>(work: impl FnOnce() -> R) -> (R, usize) {
    let top = msp::read() as usize as *mut u32;
    // Nothing below the stack pointer is in use, and all of it is RAM that no static occupies: the
    // linker places those at its other end, and the image is far smaller than the rest.
    let bottom = unsafe { top.sub(PAINTED) };
    for index in 0..PAINTED {
        unsafe { ptr::write_volatile(bottom.add(index), PAINT) };
    }
    let result = inner(work);
    let mut untouched = 0;
    while untouched < PAINTED && unsafe { ptr::read_volatile(bottom.add(untouched)) } == PAINT {
        untouched += 1;
    }
    assert!(untouched > 0, "more stack than was painted");
    (result, (PAINTED - untouched) * 4)
}

/// Kept apart, so that the frame of `work` is not merged into the one above it.
#[inline(never)]
fn inner<R>(work: impl FnOnce() -> R) -> R {
    work()
}
