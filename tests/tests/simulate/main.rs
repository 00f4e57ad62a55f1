//! `leasehold simulate`: the instants that the specification gives, derived by hand, against what the
//! real agent and the real manager do on a virtual clock.

mod course;
mod grammar;
mod reservations;
mod rules;
mod shipped;
mod standing;
mod steps;
mod text;
