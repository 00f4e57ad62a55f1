//! Every way into the core, exported for the linker alone; nothing here is ever run.
//!
//! The panic handler calls a symbol that nothing defines. An entry point links only when the
//! optimiser has removed every path from it to a panic: the linker drops what an entry cannot
//! reach, and complains about what it can. Arguments come from outside, so that nothing about
//! them is known: not the product, not the state, not the bytes.
//!
//! Software Ed25519 is not proved: what a secure element does is declared and not defined. The
//! feature `ed25519` puts it there, to be measured.
#![no_std]

mod agent;
mod code;
mod counting;
mod crypto;
mod memory;
mod secure_element;
mod self_check;
mod time;
mod wire;

unsafe extern "Rust" {
    /// Defined nowhere.
    safe fn leasehold_panic_reached() -> !;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    leasehold_panic_reached()
}

/// Entitlements of the largest license type that is proved and measured.
const ENTITLEMENTS: usize = 8;
