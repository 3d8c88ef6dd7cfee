//! International bank account numbers (ISO 13616).

/// Country and what its accounts look like behind the check digits: so many digits (`n`), capitals (`a`) or either (`c`).
/// From the registry that SWIFT keeps; the countries at the end use the form without being in it.
const STRUCTURES: &[(&[u8; 2], &str)] = &[
    (b"AD", "8n12c"),
    (b"AE", "19n"),
    (b"AL", "8n16c"),
    (b"AT", "16n"),
    (b"AZ", "4a20c"),
    (b"BA", "16n"),
    (b"BE", "12n"),
    (b"BG", "4a6n8c"),
    (b"BH", "4a14c"),
    (b"BI", "23n"),
    (b"BR", "23n1a1c"),
    (b"BY", "4c4n16c"),
    (b"CH", "5n12c"),
    (b"CR", "18n"),
    (b"CY", "8n16c"),
    (b"CZ", "20n"),
    (b"DE", "18n"),
    (b"DJ", "23n"),
    (b"DK", "14n"),
    (b"DO", "4c20n"),
    (b"EE", "16n"),
    (b"EG", "25n"),
    (b"ES", "20n"),
    (b"FI", "14n"),
    (b"FK", "2a12n"),
    (b"FO", "14n"),
    (b"FR", "10n11c2n"),
    (b"GB", "4a14n"),
    (b"GE", "2a16n"),
    (b"GI", "4a15c"),
    (b"GL", "14n"),
    (b"GR", "7n16c"),
    (b"GT", "24c"),
    (b"HN", "4a20n"),
    (b"HR", "17n"),
    (b"HU", "24n"),
    (b"IE", "4a14n"),
    (b"IL", "19n"),
    (b"IQ", "4a15n"),
    (b"IS", "22n"),
    (b"IT", "1a10n12c"),
    (b"JO", "4a4n18c"),
    (b"KW", "4a22c"),
    (b"KZ", "3n13c"),
    (b"LB", "4n20c"),
    (b"LC", "4a24c"),
    (b"LI", "5n12c"),
    (b"LT", "16n"),
    (b"LU", "3n13c"),
    (b"LV", "4a13c"),
    (b"LY", "21n"),
    (b"MC", "10n11c2n"),
    (b"MD", "20c"),
    (b"ME", "18n"),
    (b"MK", "3n10c2n"),
    (b"MN", "16n"),
    (b"MR", "23n"),
    (b"MT", "4a5n18c"),
    (b"MU", "4a19n3a"),
    (b"NI", "4a20n"),
    (b"NL", "4a10n"),
    (b"NO", "11n"),
    (b"OM", "3n16c"),
    (b"PK", "4a16c"),
    (b"PL", "24n"),
    (b"PS", "4a21c"),
    (b"PT", "21n"),
    (b"QA", "4a21c"),
    (b"RO", "4a16c"),
    (b"RS", "18n"),
    (b"RU", "14n15c"),
    (b"SA", "2n18c"),
    (b"SC", "4a20n3a"),
    (b"SD", "14n"),
    (b"SE", "20n"),
    (b"SI", "15n"),
    (b"SK", "20n"),
    (b"SM", "1a10n12c"),
    (b"SO", "19n"),
    (b"ST", "21n"),
    (b"SV", "4a20n"),
    (b"TL", "19n"),
    (b"TN", "20n"),
    (b"TR", "6n16c"),
    (b"UA", "6n19c"),
    (b"VA", "18n"),
    (b"VG", "4a16n"),
    (b"XK", "16n"),
    (b"YE", "4a4n18c"),
    // Not in the registry.
    (b"AO", "21n"),
    (b"BF", "24c"),
    (b"BJ", "24c"),
    (b"CF", "23n"),
    (b"CG", "23n"),
    (b"CI", "24c"),
    (b"CM", "23n"),
    (b"CV", "21n"),
    (b"DZ", "22n"),
    (b"GA", "23n"),
    (b"GQ", "23n"),
    (b"GW", "21c"),
    (b"IR", "22n"),
    (b"KM", "23n"),
    (b"MA", "24n"),
    (b"MG", "23n"),
    (b"ML", "24c"),
    (b"MZ", "21n"),
    (b"NE", "24c"),
    (b"SN", "24c"),
    (b"TD", "23n"),
    (b"TG", "24c"),
];

/// Country, structure, and ISO 7064 mod 97-10.
pub fn iban(raw: &[u8]) -> bool {
    let mut v = [0u8; 34];
    let mut n = 0;
    for b in raw.iter().filter(|b| b.is_ascii_alphanumeric()) {
        let Some(slot) = v.get_mut(n) else { return false };
        *slot = b.to_ascii_uppercase();
        n += 1;
    }
    let Some((_, structure)) = STRUCTURES.iter().find(|(c, _)| v[..2] == c[..]) else { return false };
    if n < 5 || !v[2..4].iter().all(u8::is_ascii_digit) || !fits(&v[4..n], structure.as_bytes()) {
        return false;
    }
    let rest = v[4..n].iter().chain(&v[..4]).fold(0u32, |r, &b| {
        if b.is_ascii_digit() { (r * 10 + u32::from(b - b'0')) % 97 } else { (r * 100 + u32::from(b - b'A') + 10) % 97 }
    });
    rest == 1
}

/// Whether an account has exactly the parts of its country's structure.
fn fits(mut account: &[u8], structure: &[u8]) -> bool {
    let mut many = 0;
    for s in structure {
        let kind: fn(&u8) -> bool = match s {
            b'0'..=b'9' => {
                many = many * 10 + usize::from(s - b'0');
                continue;
            }
            b'n' => u8::is_ascii_digit,
            b'a' => u8::is_ascii_uppercase,
            _ => u8::is_ascii_alphanumeric,
        };
        let Some((part, rest)) = account.split_at_checked(many) else { return false };
        if !part.iter().all(kind) {
            return false;
        }
        account = rest;
        many = 0;
    }
    account.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_registry_pass_and_their_neighbours_do_not() {
        for good in [
            "AD12 0001 2030 2003 5910 0100",
            "BR97 0036 0305 0000 1000 9795 493P 1",
            "FR14 2004 1010 0505 0001 3M02 606",
            "GB82 WEST 1234 5698 7654 32",
            "MT84 MALT 0110 0001 2345 MTLC AST0 01S",
            "MU17 BOMM 0101 1010 3030 0200 000M UR",
            "NO93 8601 1117 947",
            "VG96 VPVG 0000 0123 4567 8901",
        ] {
            assert!(iban(good.as_bytes()), "{good}");
        }
        for bad in [
            "GB82 WEST 1234 5698 7654 33",
            "GB82 1234 WEST 5698 7654 32",
            "IE95TE8270900834048660",
            "NO93 8601 1117 94",
            "ZZ82 WEST 1234 5698 7654 32",
            "GBXX WEST 1234 5698 7654 32",
            "GB82",
            "",
        ] {
            assert!(!iban(bad.as_bytes()), "{bad}");
        }
        assert!(STRUCTURES.iter().all(|(c, s)| c.iter().all(u8::is_ascii_uppercase) && s.ends_with(['n', 'a', 'c'])));
    }
}
