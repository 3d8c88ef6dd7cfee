//! Addresses of machines.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The address, with the length of a net (`/24`) behind it or not.
fn parse4(raw: &[u8]) -> Option<Ipv4Addr> {
    let mut parts = raw.splitn(2, |&b| b == b'/');
    let address = std::str::from_utf8(parts.next()?).ok()?.parse().ok()?;
    let net = parts.next().is_none_or(|n| matches!(n, [b'0'..=b'9'] | [b'1' | b'2', b'0'..=b'9'] | [b'3', b'0'..=b'2']));
    net.then_some(address)
}

/// Four numbers up to 255 without leading zeros, with the length of a net or not.
pub fn ipv4(raw: &[u8]) -> bool {
    parse4(raw).is_some()
}

/// The same, and one that a machine can have. Small numbers are versions, except in nets that are only used inside.
pub fn ipv4_host(raw: &[u8]) -> bool {
    parse4(raw).is_some_and(|a| {
        let [first, rest @ ..] = a.octets();
        let inside = a.is_private() || a.is_loopback() || a.is_link_local();
        first != 0 && first != 255 && rest != [0, 0, 0] && (inside || !is_version(a.octets()))
    })
}

/// Whether the four numbers are those of versions, paragraphs and object identifiers: all small, or begun by 1 or 2 and without
/// three digits. One in two thousand addresses looks so, and needs a word beside it; the well-known ones that do (8.8.8.8) begin
/// with the same number twice.
fn is_version(octets: [u8; 4]) -> bool {
    let small = octets.iter().all(|&o| o < 32) || (octets[0] < 3 && octets.iter().all(|&o| o < 100));
    small && octets[0] != octets[1]
}

/// The address in front of a net's length (`/64`) or a zone (`%eth0`), if those are well formed.
fn bare6(raw: &[u8]) -> Option<&[u8]> {
    let (mut raw, mut cut) = (raw, false);
    if let Some(slash) = raw.iter().position(|&b| b == b'/') {
        let bits = &raw[slash + 1..];
        let n = bits.iter().fold(0u32, |n, b| (n * 10 + u32::from(b.wrapping_sub(b'0'))).min(1000));
        if bits.is_empty() || n > 128 {
            return None;
        }
        raw = &raw[..slash];
        cut = true;
    }
    if let Some(zone) = raw.iter().position(|&b| b == b'%') {
        if zone + 1 == raw.len() && !cut {
            return None;
        }
        raw = &raw[..zone];
    }
    Some(raw)
}

/// An IPv6 address, with a zone or the length of a net behind it or not. The standard parser is exact; a
/// few hexadecimal pairs with a colon are a time.
pub fn ipv6(raw: &[u8]) -> bool {
    let Some(raw) = bare6(raw) else { return false };
    // PERF: most candidates are times of the day; the parser need not see them.
    let colons = raw.iter().filter(|b| **b == b':').count();
    let short = raw.windows(2).any(|w| w == b"::");
    if !(short || colons == 7 || colons == 6 && raw.contains(&b'.')) {
        return false;
    }
    std::str::from_utf8(raw).ok().and_then(|s| s.parse::<Ipv6Addr>().ok()).is_some()
}

/// The same where nothing else can be meant: five bytes with a digit at least, two groups before a closing `::`, and not the
/// eight pairs of a longer MAC address.
pub fn ipv6_sure(raw: &[u8]) -> bool {
    let Some(bare) = bare6(raw) else { return false };
    let groups = || bare.split(|&b| b == b':').filter(|g| !g.is_empty());
    let any = |f: fn(&u8) -> bool| bare.iter().any(f);
    // `c::B134` is a path in a program: an address is written in one case.
    bare.len() >= 5
        && !(any(u8::is_ascii_lowercase) && any(u8::is_ascii_uppercase))
        && bare.iter().any(u8::is_ascii_digit)
        && groups().count() >= 2
        && (groups().count() == 8 || groups().any(|g| g.iter().any(|&b| b != b'0')))
        && !(bare.len() == 23 && groups().all(|g| g.len() == 2))
        && ipv6(raw)
}

/// Six pairs with one kind of separator, or the eight of EUI-64; not all zeros.
pub fn mac(raw: &[u8]) -> bool {
    let mut signs = raw.iter().filter(|b| !b.is_ascii_hexdigit());
    let first = signs.next();
    let hex = || raw.iter().filter(|b| b.is_ascii_hexdigit());
    signs.all(|s| Some(s) == first) && matches!(hex().count(), 12 | 16) && hex().any(|&b| b != b'0')
}
