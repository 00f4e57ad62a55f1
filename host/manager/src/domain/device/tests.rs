//! Devices and a manager, over the real wire format and the real database.

mod duplicates;
mod leaving;
mod numbers;
mod registration;
mod reports;
mod restored;
mod sender;
