//! Whom an address belongs to, for limits that are per address (SPEC L12).

use std::net::{IpAddr, Ipv6Addr};

/// One subscriber: an IPv4 address, or the 64-bit network that IPv6 gives to each.
pub(crate) fn subscriber(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}
