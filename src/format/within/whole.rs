//! Whole numbers that are written as others are: `536228711.0`, `536228711.00`, `5.36228711E8`. A column of identifiers in which
//! one is missing becomes one of floating numbers in many tools, and decimals are written with all their places.

/// So many digits an identifier has at least.
const DIGITS: usize = 5;
/// The same before `.00`: shorter ones are prices.
const DIGITS_OF_DECIMAL: usize = 9;
/// More digits than a floating number holds.
const MOST_DIGITS: usize = 19;

/// Whether it is worth to look closer.
#[inline]
pub(super) fn may_shorten(value: &[u8]) -> bool {
    match value {
        [first, .., b'.' | b'0', b'0'] => first.is_ascii_digit() && value.len() > DIGITS,
        [b'0'..=b'9', b'.', .., a, b, b'0'..=b'9'] => value.len() >= DIGITS + 3 && (matches!(a, b'e' | b'E') || matches!(b, b'e' | b'E')),
        _ => false,
    }
}

/// Leaves the digits of a whole number and nothing else at the beginning of the value: how many they are.
pub(super) fn shorten(value: &mut [u8]) -> Option<usize> {
    let whole = value.iter().take_while(|b| b.is_ascii_digit()).count();
    let [b'.', fraction @ ..] = &value[whole..] else { return None };
    if fraction.iter().all(|b| *b == b'0') {
        let least = if fraction.len() == 1 { DIGITS } else { DIGITS_OF_DECIMAL };
        return (!fraction.is_empty() && (least..=MOST_DIGITS).contains(&whole)).then_some(whole);
    }
    // One digit before the point, and no more behind it than the exponent moves before it.
    let e = fraction.iter().position(|b| matches!(b, b'e' | b'E'))?;
    let (digits, exponent) = (&fraction[..e], std::str::from_utf8(&fraction[e + 1..]).ok()?.parse::<usize>().ok()?);
    let all = exponent.checked_add(1)?;
    let fits = whole == 1 && digits.iter().all(u8::is_ascii_digit) && digits.len() <= exponent;
    if !fits || value[0] == b'0' || !(DIGITS..=MOST_DIGITS).contains(&all) || all > value.len() {
        return None;
    }
    value.copy_within(2..2 + e, 1);
    value[1 + e..all].fill(b'0');
    Some(all)
}

/// The same for a value that stays as it is.
pub(super) fn shortened(mut value: Vec<u8>) -> Vec<u8> {
    if may_shorten(&value)
        && let Some(n) = shorten(&mut value)
    {
        value.truncate(n);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_written_as_such() {
        for (value, want) in [
            ("536228711.0", "536228711"),
            ("536228711.00", "536228711"),
            ("457555462.0000", "457555462"),
            ("94110.0", "94110"),
            ("5.36228711E8", "536228711"),
            ("4.111111111111111e15", "4111111111111111"),
            ("1.2025550147E10", "12025550147"),
            ("5.3622871E8", "536228710"),
            // What stays as it is: prices, versions, fractions, small and very large numbers, what is no number.
            ("12345.00", "12345.00"),
            ("12345678.00", "12345678.00"),
            ("4711.0", "4711.0"),
            ("536228711.50", "536228711.50"),
            ("536228711.05", "536228711.05"),
            ("5.36228711E3", "5.36228711E3"),
            ("5.3E15", "5.3E15"),
            ("0.36228711E8", "0.36228711E8"),
            ("5.36E+8", "5.36E+8"),
            ("1.5E3", "1.5E3"),
            ("12345678901234567890.0", "12345678901234567890.0"),
            ("192.168.10.0", "192.168.10.0"),
            ("10.2.3000.0", "10.2.3000.0"),
            ("3.abcdefE8", "3.abcdefE8"),
            ("100000", "100000"),
            ("", ""),
        ] {
            assert_eq!(shortened(value.as_bytes().to_vec()), want.as_bytes(), "{value}");
        }
    }
}
