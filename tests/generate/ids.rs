//! Numbers that pass the checks of their kind and belong to nobody.

use super::rng::Rng;

/// A Social Security number that keeps the ordinary rules. Areas 773 to 899 were issued to nobody before 2011, when
/// numbers became random, so an invented one there is the least likely to be somebody's.
pub fn ssn(rng: &mut Rng) -> String {
    format!("{:03}-{:02}-{:04}", rng.between(773, 899), rng.between(1, 99), rng.between(1, 9999))
}

/// The digit that makes `digits` + it pass Luhn's check.
pub fn luhn_digit(digits: &str) -> char {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(i, b)| {
            let d = u32::from(b - b'0');
            match (i % 2, d * 2) {
                (0, twice) if twice > 9 => twice - 9,
                (0, twice) => twice,
                _ => d,
            }
        })
        .sum();
    char::from(b'0' + ((10 - sum % 10) % 10) as u8)
}

/// A card number under a prefix that the networks keep for tests, and the brand.
pub fn card(rng: &mut Rng) -> (String, &'static str) {
    let (prefix, length, brand) = *rng.pick(&[
        ("400000", 16, "visa"),
        ("400000", 16, "visa"),
        ("555555", 16, "mastercard"),
        ("520082", 16, "mastercard"),
        ("378282", 15, "amex"),
        ("601111", 16, "discover"),
    ]);
    loop {
        let body = format!("{prefix}{}", rng.digits(length - 1 - prefix.len()));
        // The published numbers under these prefixes are all fillers of mostly zeros, ones and fives.
        let distinct = body[6..].bytes().fold(0u16, |set, b| set | 1 << (b - b'0')).count_ones();
        if distinct >= 5 {
            let check = luhn_digit(&body);
            return (format!("{body}{check}"), brand);
        }
    }
}

/// The number as people write it: groups of four, or 4-6-5 for fifteen digits.
pub fn card_grouped(number: &str) -> String {
    let cuts: &[usize] = if number.len() == 15 { &[4, 6, 5] } else { &[4, 4, 4, 4] };
    let mut rest = number;
    let mut groups = Vec::new();
    for &n in cuts {
        let (group, tail) = rest.split_at(n);
        groups.push(group);
        rest = tail;
    }
    groups.join(" ")
}

/// A German or British IBAN with right check digits. Bank codes that begin with 9 are given to no German bank.
pub fn iban(rng: &mut Rng) -> String {
    let (country, account) =
        if rng.chance(70) { ("DE", format!("9{}", rng.digits(17))) } else { ("GB", format!("XHOT{}", rng.digits(14))) };
    let rest = format!("{account}{country}00").bytes().fold(0u32, |rest, b| match b {
        b'0'..=b'9' => (rest * 10 + u32::from(b - b'0')) % 97,
        letter => (rest * 100 + u32::from(letter - b'A') + 10) % 97,
    });
    format!("{country}{:02}{account}", 98 - rest)
}

/// A routing number with the right check digit, in a Federal Reserve district's range.
pub fn routing(rng: &mut Rng) -> String {
    let body = format!("{:02}{}", rng.between(1, 12), rng.digits(6));
    let weighted: u32 = body.bytes().zip([3, 7, 1, 3, 7, 1, 3, 7]).map(|(b, w)| u32::from(b - b'0') * w).sum();
    format!("{body}{}", (10 - weighted % 10) % 10)
}

/// A Medicare Beneficiary Identifier by its format, with the dashes of the card.
pub fn mbi(rng: &mut Rng) -> String {
    const LETTERS: &str = "ACDEFGHJKMNPQRTUVWXY";
    const BOTH: &str = "0123456789ACDEFGHJKMNPQRTUVWXY";
    let first = rng.between(1, 9);
    let (l2, b3, n4) = (rng.of(LETTERS, 1), rng.of(BOTH, 1), rng.digits(1));
    let (l5, b6, n7) = (rng.of(LETTERS, 1), rng.of(BOTH, 1), rng.digits(1));
    let (l89, n) = (rng.of(LETTERS, 2), rng.digits(2));
    format!("{first}{l2}{b3}{n4}-{l5}{b6}{n7}-{l89}{n}")
}

/// A driver licence number in the shape of the state's.
pub fn licence(rng: &mut Rng, state: &str) -> String {
    const UPPER: &str = "ABCDEFGHJKLMNPRSTUVWXYZ";
    let (letters, digits) = match state {
        "CA" | "HI" => (1, 7),
        "AZ" | "MA" | "VA" => (1, 8),
        "IL" => (1, 11),
        "FL" | "MI" | "MN" => (1, 12),
        "NJ" => (1, 14),
        "WI" => (1, 13),
        "MO" => (1, 9),
        "OH" => (2, 6),
        "TX" | "PA" => (0, 8),
        "ME" | "OR" => (0, 7),
        "NC" => (0, 12),
        _ => (0, 9),
    };
    if state == "WA" {
        return format!("WDL{}{}", rng.of("0123456789ABCDFGHJKLMNPQRSTVWXYZ", 8), rng.of(UPPER, 1));
    }
    format!("{}{}{}", rng.of(UPPER, letters), rng.between(1, 9), rng.digits(digits - 1))
}

/// A password that nobody would guess and no dictionary holds.
pub fn password(rng: &mut Rng) -> String {
    format!("{}{}{}", rng.of("BCDFGHJKLMNPQRSTVWXZ", 2), rng.of("abcdefghijkmnopqrstuvwxyz", 6), rng.of("23456789", 3))
}
