//! What the fuzz targets share: codes and records whose checks hold whatever they say, and a world
//! for an agent to live in.

// For the counters: how a platform with threads excludes the others.
use critical_section as _;
use std::sync::LazyLock;

pub mod appliance;
pub mod clocks;
pub mod grants;
pub mod keyed_hash;
pub mod life;
pub mod manager;
pub mod promises;
pub mod records;
pub mod requests;
pub mod seal;
pub mod step;
pub mod storage;
pub mod world;

/// What no input may make an agent exceed: outputs until it waits.
pub const OUTPUTS_MAX: usize = 400;

/// Whether what happens is told, to see what a finding is: where the environment has `TOLD`.
pub static TOLD: LazyLock<bool> = LazyLock::new(|| std::env::var_os("TOLD").is_some());
