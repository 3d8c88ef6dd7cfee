//! Telephone numbers of the world.
//!
//! A pattern finds what may be a number; this decides whether it can be one. `phones.bin` is one minimal automaton over the
//! digits behind the plus sign: country codes, and behind each the numbers that its regions give out, as libphonenumber's
//! metadata (Apache-2.0) knows them. It is 80 KB of the program's own image, needs no loading, and a number costs one look-up
//! a digit. `tests/generate/phones.py` writes it and says how.
//!
//! Numbers of the North American plan are judged by their shape: an area and an exchange that can exist. Which areas are in
//! use only counts where nothing but ten digits speaks for a number ([`nanp_assigned`]).

use super::Digits;

/// Rows of ten little-endian `u16`: 0, or 1 + the next row, with [`ENDS`] where a number may end there.
static TABLE: &[u8] = include_bytes!("phones.bin");

/// A number may end here.
const ENDS: u16 = 0x8000;

/// Whether a number of these digits, country code first, is given out somewhere.
pub(super) fn given_out(digits: &[u8]) -> bool {
    let mut entry = 1u16;
    for &d in digits {
        let at = (usize::from(entry & !ENDS) - 1) * 20 + usize::from(d) * 2;
        entry = match TABLE.get(at..at + 2) {
            Some(&[low, high]) => u16::from_le_bytes([low, high]),
            _ => 0,
        };
        if entry == 0 {
            return false;
        }
    }
    entry & ENDS != 0
}

/// How many digits the country code has that these digits begin with.
fn code_len(digits: &[u8]) -> Option<usize> {
    let [a, b, c, ..] = *digits else { return None };
    match (a, b, c) {
        (1 | 7, ..) => Some(1),
        (2, 0 | 7, _) | (3, 0..=4 | 6 | 9, _) | (4, 0 | 1 | 3..=9, _) | (5, 1..=8, _) | (6, 0..=6, _) => Some(2),
        (8, 1 | 2 | 4 | 6, _) | (9, 0..=5 | 8, _) => Some(2),
        (2, 1, 1..=3 | 6 | 8) | (2, 2..=5, _) | (2, 6, _) | (2, 9, 0 | 1 | 7..=9) => Some(3),
        (3, 5 | 7 | 8, _) | (4, 2, 0 | 1 | 3) | (5, 0 | 9, _) | (6, 7..=9, _) => Some(3),
        (8, 0, 0 | 8) | (8, 5, 0 | 2 | 3 | 5 | 6) | (8, 7, 0 | 8) | (8, 8, 0..=3 | 6 | 8) => Some(3),
        (9, 6 | 7, _) | (9, 9, 2..=6 | 8) => Some(3),
        _ => None,
    }
}

/// Area and exchange of ten digits in the North American plan.
pub(super) fn nanp(d: &[u8]) -> bool {
    let n11 = |x: &[u8]| x[1] == 1 && x[2] == 1;
    d.len() == 10 && d[0] >= 2 && d[3] >= 2 && !n11(&d[..3]) && !n11(&d[3..6])
}

/// What stands before an extension (`x12`, `ext. 12`, `#12`).
pub(crate) fn main_part(raw: &[u8]) -> &[u8] {
    let cut = raw.iter().position(|b| b.is_ascii_alphabetic() || *b == b'#').unwrap_or(raw.len());
    &raw[..cut]
}

/// The ten digits behind 1, +1 or 001, if it is that long.
fn ten(raw: &[u8]) -> Option<[u8; 10]> {
    let d = Digits::of(main_part(raw))?;
    let ten = match d.get() {
        [0, 0, 1, rest @ ..] if rest.len() == 10 => rest,
        [1, rest @ ..] if rest.len() == 10 => rest,
        rest => rest,
    };
    ten.try_into().ok()
}

/// Ten digits, with or without 1, +1 or 001 in front: area and exchange can exist. Dots and hyphens in one number are those
/// of paragraphs and parts.
pub fn nanp_phone(raw: &[u8]) -> bool {
    let mixed = |main: &[u8]| main.contains(&b'.') && main.contains(&b'-') && !raw.contains(&b'+');
    ten(raw).is_some_and(|d| nanp(&d)) && !mixed(main_part(raw))
}

/// The same, in an area that is in use.
pub fn nanp_assigned(raw: &[u8]) -> bool {
    let Some(d) = ten(raw) else { return false };
    let mut whole = [1; 11];
    whole[1..].copy_from_slice(&d);
    nanp(&d) && given_out(&whole)
}

/// Ten digits, with or without 1, +1 or 001 in front, written as a North American number is: whether it was ever given out is
/// not asked, but a row of the same digit is a filler.
pub fn nanp_shape(raw: &[u8]) -> bool {
    ten(raw).is_some_and(|d| d[3..].windows(2).any(|w| w[0] != w[1]))
}

/// The digits of an international number, country code first; the zero of `+44 (0)20` is none of them. `None` where neither
/// a plus sign nor 00 or 011 says that it is one, or no country has the code.
pub(crate) fn international(raw: &[u8]) -> Option<Digits> {
    let raw = main_part(raw);
    let plus = raw.contains(&b'+');
    // PERF: most are written as they are dialled at home.
    if !plus && raw.iter().find(|b| b.is_ascii_digit()) != Some(&b'0') {
        return None;
    }
    let d = match raw.windows(3).position(|w| w == b"(0)") {
        Some(zero) => Digits::of_both(&raw[..zero], &raw[zero + 3..])?,
        None => Digits::of(raw)?,
    };
    let d = match d.get() {
        _ if plus => d,
        [0, 0, ..] => d.without(0, 2),
        [0, 1, 1, ..] => d.without(0, 3),
        _ => return None,
    };
    let code = code_len(d.get())?;
    // `+44 020`: the zero is dialled at home only. Where it is part of the number, as in Italy, the number is known with it.
    let home = d.get().get(code) == Some(&0) && !given_out(d.get());
    Some(if home { d.without(code, 1) } else { d })
}

/// A number behind a plus sign, 00 or 011 that its country gives out.
pub fn intl_phone(raw: &[u8]) -> bool {
    let Some(d) = international(raw) else { return false };
    match d.get() {
        [1, rest @ ..] => nanp(rest),
        d => d[1..].windows(2).any(|w| w[0] != w[1]) && given_out(d),
    }
}

/// Eight to fifteen digits behind a plus sign, 00 or 011 with a country's code. Not for North America.
pub fn intl_shape(raw: &[u8]) -> bool {
    international(raw)
        .is_some_and(|d| (8..=15).contains(&d.get().len()) && d.get()[0] != 1 && d.get()[3..].windows(2).any(|w| w[0] != w[1]))
}

/// A number as it is dialled inside a country: seven to thirteen digits (six, if they are pairs) that are not all the same
/// and no date.
pub fn national_phone(raw: &[u8]) -> bool {
    let raw = main_part(raw);
    let Some(d) = Digits::of(raw) else { return false };
    let pairs = || raw.split(|&b| b == b' ').all(|g| g.len() == 2);
    let long = (7..=13).contains(&d.get().len()) || d.get().len() == 6 && pairs();
    long && d.get()[1..].windows(2).any(|w| w[0] != w[1]) && !is_day(raw) && !is_fraction(raw)
}

/// Codes of countries where numbers are dialled with a zero in front of what stands behind the code.
const ZERO_FIRST: [&[u8]; 24] = [
    &[2, 0],
    &[2, 7],
    &[3, 1],
    &[3, 2],
    &[3, 3],
    &[4, 0],
    &[4, 1],
    &[4, 3],
    &[4, 4],
    &[4, 6],
    &[4, 9],
    &[6, 0],
    &[6, 1],
    &[6, 2],
    &[6, 3],
    &[6, 4],
    &[6, 6],
    &[8, 1],
    &[8, 2],
    &[8, 4],
    &[9, 0],
    &[9, 1],
    &[2, 3, 4],
    &[3, 5, 8],
];

/// A number of some country's plan: of North America, behind a plus sign or 00, or behind a zero. A filler is none.
pub fn planned_phone(raw: &[u8]) -> bool {
    let national = || {
        let digits = Digits::of(main_part(raw))?;
        let [0, rest @ ..] = digits.get() else { return None };
        // Shorter ones are days and other numbers with a zero in front.
        let planned = |code: &&[u8]| given_out(&[*code, rest].concat());
        Some(rest.len() >= 8 && ZERO_FIRST.iter().any(planned))
    };
    nanp_assigned(raw) || intl_phone(raw) || national_phone(raw) && national() == Some(true)
}

/// Whether it reads as a number with a fraction: nothing but digits, without a zero in front, and one point that five or more stand behind.
fn is_fraction(raw: &[u8]) -> bool {
    let mut parts = raw.split(|b| *b == b'.');
    let digits = |p: &[u8]| p.iter().all(u8::is_ascii_digit);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(whole), Some(rest), None) => digits(whole) && digits(rest) && rest.len() >= 5 && !whole.starts_with(b"0"),
        _ => false,
    }
}

/// Whether these digits read as a day (a year and twice one or two digits) or as two years.
fn is_day(raw: &[u8]) -> bool {
    let groups = raw.split(|b| !b.is_ascii_digit());
    let year = |g: &[u8]| g.len() == 4 && (g.starts_with(b"19") || g.starts_with(b"20"));
    // An hour may follow.
    let first = || groups.clone().take(3);
    let years = first().filter(|g| year(g)).count();
    let short = first().filter(|g| matches!(g.len(), 1 | 2)).count();
    matches!((first().count(), years, short), (2, 2, 0) | (3, 1, 2))
}

/// A number that is grouped as telephone numbers are, so that it may be one where nothing else is written: by blanks or
/// parentheses, or by hyphens behind the zero that is dialled first; the last group has two digits at least.
pub fn grouped_phone(raw: &[u8]) -> bool {
    let groups = || raw.split(|b| !b.is_ascii_digit()).filter(|g| !g.is_empty());
    let apart = raw.iter().any(|b| matches!(b, b' ' | b'(')) || raw.first() == Some(&b'0');
    let apart = apart && !raw.contains(&b'.');
    let last = groups().next_back().map_or(0, <[u8]>::len);
    // Four, a hyphen and four are the number of a periodical.
    let periodical = raw.len() == 9 && raw[4] == b'-';
    // The length that most countries with a zero in front have.
    if raw.len() == 11 && raw[0] == b'0' && raw[1] != b'0' && raw.iter().all(u8::is_ascii_digit) {
        return national_phone(raw);
    }
    !periodical && (2..=6).contains(&groups().count()) && apart && (2..=8).contains(&last) && national_phone(raw)
}

/// What stands in a column of telephone numbers: five to fifteen digits, an extension or a local number among them, that are
/// not all the same and no date.
pub fn phone_cell(raw: &[u8]) -> bool {
    let raw = main_part(raw);
    Digits::of(raw).is_some_and(|d| (5..=15).contains(&d.get().len()) && !d.all_same() && !is_day(raw))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_given_out_or_not() {
        // Ranges that regulators keep for drama and examples, and the same with a digit less or one that is not used.
        for (raw, yes) in [
            ("+44 20 7946 0018", true),
            ("+44 (0)20 7946 0018", true),
            ("+44 020 7946 0018", true),
            ("0044 20 7946 0018", true),
            ("011 44 20 7946 0018", true),
            ("+44 20 7946 001", false),
            ("+44 20 7946 00181", false),
            ("+33 1 99 00 12 34", true),
            ("+33 1 99 00 12", false),
            ("+61 2 5550 1234", true),
            ("+39 06 1234 5678", true),
            ("+39 6 1234 567", false),
            ("+24762889", true),
            ("+1 415 555 2671", true),
            ("+1 415 555 267", false),
            ("+1 115 555 2671", false),
            ("+999 123456789", false),
            ("+44", false),
            ("+", false),
            ("44 20 7946 0018", false),
        ] {
            assert_eq!(intl_phone(raw.as_bytes()), yes, "{raw}");
        }
        assert!(nanp_assigned(b"(415) 555-2671") && !nanp_assigned(b"(999) 555-2671"));
        assert!(intl_shape(b"+41 (0)96 471 07 95") && !intl_phone(b"+41 (0)96 471 07 95"));
    }

    #[test]
    fn every_row_leads_to_another_and_all_are_reached() {
        assert_eq!(TABLE.len() % 20, 0);
        let rows = TABLE.len() / 20;
        let mut reached = vec![false; rows];
        let mut todo = vec![0];
        while let Some(row) = todo.pop() {
            if std::mem::replace(&mut reached[row], true) {
                continue;
            }
            for pair in TABLE[row * 20..row * 20 + 20].chunks_exact(2) {
                let entry = u16::from_le_bytes([pair[0], pair[1]]);
                if entry != 0 {
                    assert!(usize::from(entry & !ENDS) <= rows);
                    todo.push(usize::from(entry & !ENDS) - 1);
                }
            }
        }
        assert!(reached.iter().all(|r| *r));
    }

    #[test]
    fn codes_are_those_of_the_table() {
        for n in 0..1000u16 {
            let digits = [(n / 100) as u8, (n / 10 % 10) as u8, (n % 10) as u8];
            // Whether some number begins so: walk the three digits.
            let mut entry = 1u16;
            for d in digits {
                let at = (usize::from(entry & !ENDS).wrapping_sub(1)).wrapping_mul(20) + usize::from(d) * 2;
                entry = if entry == 0 { 0 } else { u16::from_le_bytes([TABLE[at], TABLE[at + 1]]) };
            }
            if entry != 0 {
                assert!(code_len(&digits).is_some(), "{n:03}");
            }
        }
    }

    #[test]
    fn groups_that_look_like_numbers() {
        for (raw, yes) in [
            ("71 123 456", true),
            ("01 23 45 67 89", true),
            ("020 7946 0018", true),
            ("2020 02 29", false),
            ("01.15.2020", false),
            ("2009-05-19 14", false),
            ("05.00.1234", false),
            ("3 8362 2119 5", false),
            ("0 00 726970 6", false),
            ("12345678", false),
            ("09171234567", true),
            ("0378-5955", false),
            ("1378-5955", false),
            ("123 4567", true),
            ("10 123", false),
        ] {
            assert_eq!(grouped_phone(raw.as_bytes()), yes, "{raw}");
        }
    }
}
