//! An entry point that does panic: if it links, the proof proves nothing.

/// Out of bounds for some arguments.
#[unsafe(no_mangle)]
pub fn self_check_panics(bytes: &[u8], index: usize) -> u8 {
    bytes[index]
}
