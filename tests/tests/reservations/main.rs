//! Reservations between a real appliance and a real manager, over their commands and the API, with
//! nothing between the two but codes.

mod codes;
mod life;
mod places;
mod qr;
mod restored;
mod thief;
