//! Accounts at banks.

/// The parts of an account number in an IBAN: how many digits, letters, or either.
#[derive(Clone, Copy)]
enum Part {
    N(u8),
    A(u8),
    C(u8),
}
use Part::{A, C, N};

/// Country and what follows the check digits, from the registry of the IBAN; behind it the countries that use IBANs without
/// having registered them.
const IBANS: &[(&[u8; 2], &[Part])] = &[
    (b"AD", &[N(8), C(12)]),
    (b"AE", &[N(19)]),
    (b"AL", &[N(8), C(16)]),
    (b"AT", &[N(16)]),
    (b"AZ", &[A(4), C(20)]),
    (b"BA", &[N(16)]),
    (b"BE", &[N(12)]),
    (b"BG", &[A(4), N(6), C(8)]),
    (b"BH", &[A(4), C(14)]),
    (b"BI", &[N(23)]),
    (b"BR", &[N(23), A(1), C(1)]),
    (b"BY", &[C(4), N(4), C(16)]),
    (b"CH", &[N(5), C(12)]),
    (b"CR", &[N(18)]),
    (b"CY", &[N(8), C(16)]),
    (b"CZ", &[N(20)]),
    (b"DE", &[N(18)]),
    (b"DJ", &[N(23)]),
    (b"DK", &[N(14)]),
    (b"DO", &[C(4), N(20)]),
    (b"EE", &[N(16)]),
    (b"EG", &[N(25)]),
    (b"ES", &[N(20)]),
    (b"FI", &[N(14)]),
    (b"FK", &[A(2), N(12)]),
    (b"FO", &[N(14)]),
    (b"FR", &[N(10), C(11), N(2)]),
    (b"GB", &[A(4), N(14)]),
    (b"GE", &[A(2), N(16)]),
    (b"GI", &[A(4), C(15)]),
    (b"GL", &[N(14)]),
    (b"GR", &[N(7), C(16)]),
    (b"GT", &[C(24)]),
    (b"HN", &[A(4), N(20)]),
    (b"HR", &[N(17)]),
    (b"HU", &[N(24)]),
    (b"IE", &[A(4), N(14)]),
    (b"IL", &[N(19)]),
    (b"IQ", &[A(4), N(15)]),
    (b"IS", &[N(22)]),
    (b"IT", &[A(1), N(10), C(12)]),
    (b"JO", &[A(4), N(4), C(18)]),
    (b"KW", &[A(4), C(22)]),
    (b"KZ", &[N(3), C(13)]),
    (b"LB", &[N(4), C(20)]),
    (b"LC", &[A(4), C(24)]),
    (b"LI", &[N(5), C(12)]),
    (b"LT", &[N(16)]),
    (b"LU", &[N(3), C(13)]),
    (b"LV", &[A(4), C(13)]),
    (b"LY", &[N(21)]),
    (b"MC", &[N(10), C(11), N(2)]),
    (b"MD", &[C(20)]),
    (b"ME", &[N(18)]),
    (b"MK", &[N(3), C(10), N(2)]),
    (b"MN", &[N(16)]),
    (b"MR", &[N(23)]),
    (b"MT", &[A(4), N(5), C(18)]),
    (b"MU", &[A(4), N(19), A(3)]),
    (b"NI", &[A(4), N(20)]),
    (b"NL", &[A(4), N(10)]),
    (b"NO", &[N(11)]),
    (b"OM", &[N(3), C(16)]),
    (b"PK", &[A(4), C(16)]),
    (b"PL", &[N(24)]),
    (b"PS", &[A(4), C(21)]),
    (b"PT", &[N(21)]),
    (b"QA", &[A(4), C(21)]),
    (b"RO", &[A(4), C(16)]),
    (b"RS", &[N(18)]),
    (b"RU", &[N(14), C(15)]),
    (b"SA", &[N(2), C(18)]),
    (b"SC", &[A(4), N(20), A(3)]),
    (b"SD", &[N(14)]),
    (b"SE", &[N(20)]),
    (b"SI", &[N(15)]),
    (b"SK", &[N(20)]),
    (b"SM", &[A(1), N(10), C(12)]),
    (b"SO", &[N(19)]),
    (b"ST", &[N(21)]),
    (b"SV", &[A(4), N(20)]),
    (b"TL", &[N(19)]),
    (b"TN", &[N(20)]),
    (b"TR", &[N(6), C(16)]),
    (b"UA", &[N(6), C(19)]),
    (b"VA", &[N(18)]),
    (b"VG", &[A(4), N(16)]),
    (b"XK", &[N(16)]),
    (b"YE", &[A(4), N(4), C(18)]),
    // Not registered.
    (b"AO", &[N(21)]),
    (b"BF", &[C(2), N(22)]),
    (b"BJ", &[C(2), N(22)]),
    (b"CF", &[N(23)]),
    (b"CG", &[N(23)]),
    (b"CI", &[C(2), N(22)]),
    (b"CM", &[N(23)]),
    (b"CV", &[N(21)]),
    (b"DZ", &[N(22)]),
    (b"GA", &[N(23)]),
    (b"GQ", &[N(23)]),
    (b"GW", &[C(2), N(19)]),
    (b"IR", &[N(22)]),
    (b"KM", &[N(23)]),
    (b"MA", &[N(24)]),
    (b"MG", &[N(23)]),
    (b"ML", &[C(2), N(22)]),
    (b"MZ", &[N(21)]),
    (b"NE", &[C(2), N(22)]),
    (b"SN", &[C(2), N(22)]),
    (b"TD", &[N(23)]),
    (b"TG", &[C(2), N(22)]),
];

/// Whether `account` consists of these parts.
fn built(mut account: &[u8], parts: &[Part]) -> bool {
    for part in parts {
        let (n, fits): (u8, fn(&u8) -> bool) = match *part {
            N(n) => (n, u8::is_ascii_digit),
            A(n) => (n, u8::is_ascii_uppercase),
            C(n) => (n, u8::is_ascii_alphanumeric),
        };
        let Some((here, rest)) = account.split_at_checked(usize::from(n)) else { return false };
        if !here.iter().all(fits) {
            return false;
        }
        account = rest;
    }
    account.is_empty()
}

/// Country, its form of account numbers, and ISO 7064 mod 97-10.
pub fn iban(raw: &[u8]) -> bool {
    let mut v = [0u8; 34];
    let mut n = 0;
    for b in raw.iter().filter(|b| b.is_ascii_alphanumeric()) {
        let Some(slot) = v.get_mut(n) else { return false };
        *slot = b.to_ascii_uppercase();
        n += 1;
    }
    let Some((_, parts)) = IBANS.iter().find(|(c, _)| v[..2] == c[..]) else { return false };
    if n < 5 || !v[2..4].iter().all(u8::is_ascii_digit) || !built(&v[4..n], parts) {
        return false;
    }
    let rest = v[4..n].iter().chain(&v[..4]).fold(0u32, |r, &b| {
        if b.is_ascii_digit() { (r * 10 + u32::from(b - b'0')) % 97 } else { (r * 100 + u32::from(b - b'A') + 10) % 97 }
    });
    rest == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_have_the_form_of_their_country() {
        // Examples of the registry, and of the same country with a letter where a digit belongs.
        for (raw, yes) in [
            ("GB29 NWBK 6016 1331 9268 19", true),
            ("DE89-3704-0044-0532-0130-00", true),
            ("FR1420041010050500013M02606", true),
            ("MT84MALT011000012345MTLCAST001S", true),
            ("MU17BOMM0101101030300200000MUR", true),
            ("NO9386011117947", true),
            ("no9386011117947", true),
            ("NO9386011117948", false),
            ("VG96VPVG0000012345678901", true),
            ("DZ580002100001113000000570", true),
            ("XX89370400440532013000", false),
            ("DE", false),
        ] {
            assert_eq!(iban(raw.as_bytes()), yes, "{raw}");
        }
        assert!(!built(b"H07Y0223060094359858", &[A(4), N(16)]));
    }
}
