//! What the tests share.

pub mod appliance;
pub mod binary;
pub mod fleet;
pub mod manager;
pub mod parsers;
pub mod process;
pub mod small_disk;
pub mod trace;
