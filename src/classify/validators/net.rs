//! Addresses of machines.

use std::net::{Ipv4Addr, Ipv6Addr};

fn parse4(raw: &[u8]) -> Option<Ipv4Addr> {
    std::str::from_utf8(raw).ok()?.parse().ok()
}

/// Four numbers up to 255 without leading zeros.
pub fn ipv4(raw: &[u8]) -> bool {
    parse4(raw).is_some()
}

/// The same, and one that can belong to a customer.
pub fn ipv4_public(raw: &[u8]) -> bool {
    parse4(raw).is_some_and(|a| {
        let first = a.octets()[0];
        !(a.is_private()
            || a.is_loopback()
            || a.is_link_local()
            || a.is_unspecified()
            || first == 0
            || first == 255
            || a.octets()[1..] == [0, 0, 0])
    })
}

/// An IPv6 address that is not all zeros. The standard parser is exact; a few hexadecimal pairs with a colon are a time.
pub fn ipv6(raw: &[u8]) -> bool {
    let Some(a) = std::str::from_utf8(raw).ok().and_then(|s| s.parse::<Ipv6Addr>().ok()) else { return false };
    !a.is_unspecified() && raw.len() >= 5
}

/// Six pairs with one kind of separator; not all zeros, not all ones.
pub fn mac(raw: &[u8]) -> bool {
    let mut signs = raw.iter().filter(|b| !b.is_ascii_hexdigit());
    let first = signs.next();
    let hex = || raw.iter().filter(|b| b.is_ascii_hexdigit());
    signs.all(|s| Some(s) == first) && hex().count() == 12 && !hex().all(|&b| b == b'0') && !hex().all(|b| b.eq_ignore_ascii_case(&b'f'))
}
