//! What may happen to devices and their reservations, at random.

use super::{DEVICES, TAGS};
use proptest::prelude::*;

#[derive(Clone, Debug)]
pub(super) enum Deed {
    Buy {
        tag: usize,
        quantity: u32,
        days: Option<(u32, u32)>,
    },
    EndLine {
        line: usize,
    },
    /// Forgets the request of a device that has nothing, and makes a new one.
    Request {
        device: usize,
    },
    Redeem {
        device: usize,
    },
    Cancel {
        device: usize,
    },
    Choose {
        device: usize,
        wanted: Vec<(usize, u32)>,
    },
    Install {
        device: usize,
    },
    Decline {
        device: usize,
    },
    Return {
        device: usize,
    },
    /// Enters one of the codes that devices have shown so far.
    Enter {
        code: usize,
        named: Option<usize>,
        elsewhere: bool,
    },
    Rehost {
        from: usize,
        to: usize,
    },
    Pass {
        days: u32,
    },
}

pub(super) fn deeds(most: usize) -> impl Strategy<Value = Vec<Deed>> {
    let device = || 0..DEVICES;
    let wanted = prop::collection::vec((0..TAGS.len(), 0..6_u32), 0..4);
    let term = prop::option::of((0..40_u32, 1..90_u32));
    let named = prop::option::weighted(0.2, device());
    let deed = prop_oneof![
        6 => (0..TAGS.len(), 1..20_u32, term)
            .prop_map(|(tag, quantity, days)| Deed::Buy { tag, quantity, days }),
        1 => (0..12_usize).prop_map(|line| Deed::EndLine { line }),
        3 => device().prop_map(|device| Deed::Request { device }),
        9 => device().prop_map(|device| Deed::Redeem { device }),
        1 => device().prop_map(|device| Deed::Cancel { device }),
        20 => (device(), wanted).prop_map(|(device, wanted)| Deed::Choose { device, wanted }),
        6 => device().prop_map(|device| Deed::Install { device }),
        2 => device().prop_map(|device| Deed::Decline { device }),
        2 => device().prop_map(|device| Deed::Return { device }),
        12 => (any::<usize>(), named, prop::bool::weighted(0.1))
            .prop_map(|(code, named, elsewhere)| Deed::Enter { code, named, elsewhere }),
        2 => (device(), device()).prop_map(|(from, to)| Deed::Rehost { from, to }),
        2 => (1..40_u32).prop_map(|days| Deed::Pass { days }),
    ];
    prop::collection::vec(deed, 1..most)
}
