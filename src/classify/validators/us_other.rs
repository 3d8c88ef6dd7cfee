//! More numbers of US authorities: those of health care and of taxes.

use super::{Digits, one_separator};

/// A prescriber's registration with the Drug Enforcement Administration: kind of registrant, initial of the surname (or 9),
/// seven digits of which the last is the sum of the first, third and fifth and twice that of the others, modulo 10.
pub fn us_dea(raw: &[u8]) -> bool {
    let [kind, initial, digits @ ..] = raw else { return false };
    let Some(d) = Digits::exactly(digits, 7).filter(|_| digits.len() == 7) else { return false };
    let x = d.get();
    let sum = x[0] + x[2] + x[4] + 2 * (x[1] + x[3] + x[5]);
    b"ABCDEFGHJKLMPRSTUX".contains(&kind.to_ascii_uppercase()) && (initial.is_ascii_alphabetic() || *initial == b'9') && sum % 10 == x[6]
}

/// A health insurance claim number, which Medicare used until 2019: a Social Security number with the beneficiary's letter
/// behind it, or a railroad pension's letters before six or nine digits.
pub fn us_hicn(raw: &[u8]) -> bool {
    let Some(d) = Digits::of(raw) else { return false };
    let letters_first = raw.first().is_some_and(u8::is_ascii_alphabetic);
    let x = d.get();
    match x.len() {
        6 => letters_first && !d.all_same(),
        9 | 10 => {
            let (area, group, serial) = (d.number(0, 3), d.number(3, 5), d.number(5, 9));
            area != 0 && area != 666 && area < 900 && group != 0 && serial != 0 && !d.all_same()
        }
        _ => false,
    }
}

/// The taxpayer number of a child whose adoption is pending: 9xx with the group 93.
pub fn us_atin(raw: &[u8]) -> bool {
    let Some(d) = Digits::exactly(raw, 9) else { return false };
    one_separator(raw) && d.get()[0] == 9 && d.number(3, 5) == 93
}

/// A letter and a digit at least, not all digits the same: licence plates and cards of members.
pub fn letters_and_digits(raw: &[u8]) -> bool {
    raw.iter().any(u8::is_ascii_alphabetic) && raw.iter().any(|b| matches!(b, b'1'..=b'9'))
}

/// The number on a card or a policy: four digits at least, not all the same.
pub fn health_card(raw: &[u8]) -> bool {
    Digits::of(raw).is_some_and(|d| (4..=20).contains(&d.get().len()) && !d.all_same())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_their_neighbours() {
        let cases: &[(fn(&[u8]) -> bool, &[&str], &[&str])] = &[
            (us_dea, &["AB1234563", "F91234563", "mj1234563"], &["AB1234560", "IB1234563", "AB123456", "AB12345633", "A?1234563", ""]),
            (us_hicn, &["123-45-6789A", "123456789B1", "WA123456"], &["000-45-6789A", "666456789A", "123456", "12345A", ""]),
            (us_atin, &["912-93-1234", "912931234"], &["912-70-1234", "812-93-1234", "91293123", "912-93.1234"]),
            (health_card, &["ABC123456789", "88291-LK"], &["ABC000000", "ABC12", ""]),
            (letters_and_digits, &["7ABC123", "a1"], &["ABC", "123", "A000", ""]),
        ];
        for (check, good, bad) in cases {
            good.iter().for_each(|g| assert!(check(g.as_bytes()), "refuses {g}"));
            bad.iter().for_each(|b| assert!(!check(b.as_bytes()), "accepts {b}"));
        }
    }
}
