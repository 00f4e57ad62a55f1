//! The daemon as a whole, against a scripted manager: in the same process where bytes matter, over
//! real TLS where the connection matters.

mod automatic;
mod commands;
mod control;
mod distrust;
mod harness;
mod https;
mod issuer;
mod manager;
mod reservation;
mod rollback;
mod round;
mod storage;
mod transport;
