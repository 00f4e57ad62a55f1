//! The license manager from outside: a real data directory, a real port, real TLS.

mod api;
mod backups;
mod device;
mod harness;
mod lifecycle;
mod reservations;
mod roles;
mod set_up;
mod setup_link;
