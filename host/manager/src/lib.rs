//! The license manager.
