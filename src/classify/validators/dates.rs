//! Days of the calendar.

use std::sync::LazyLock;

use crate::base::Timestamp;

/// The current year, asked once.
pub(super) static THIS_YEAR: LazyLock<u32> =
    LazyLock::new(|| u32::try_from(Timestamp::now().0 / 31_556_952_000 + 1970).unwrap_or(2026).clamp(2026, 2200));

/// A real day from 1900 to the end of this year.
pub fn date(raw: &[u8]) -> bool {
    parse(raw).is_some()
}

const MONTHS: [&[u8]; 12] =
    [b"january", b"february", b"march", b"april", b"may", b"june", b"july", b"august", b"september", b"october", b"november", b"december"];

fn month_name(word: &[u8]) -> Option<u32> {
    let i = MONTHS.iter().position(|m| word.len() >= 3 && word.len() <= m.len() && m[..word.len()].eq_ignore_ascii_case(word));
    i.map(|i| i as u32 + 1)
}

/// Year, month and day of `1985-03-04`, `1985/03/04`, `19850304`, `03/04/1985` (month first; day first where the month cannot
/// be), `4.3.1985`, `March 4, 1985`, `4 Mar 1985`, with a time behind it or not.
pub(crate) fn parse(raw: &[u8]) -> Option<(u32, u32, u32)> {
    let mut parts: [&[u8]; 3] = [&[]; 3];
    let mut n = 0;
    let sign = raw.iter().copied().find(|b| !b.is_ascii_alphanumeric());
    if raw.len() == 8 && raw.iter().all(u8::is_ascii_digit) {
        parts = [&raw[..4], &raw[4..6], &raw[6..]];
        n = 3;
    } else {
        for p in raw.split(|b| !b.is_ascii_alphanumeric()).filter(|p| !p.is_empty()) {
            if n == 3 {
                break;
            }
            // The time of `1985-03-04T00:00`, the `th` of `4th`.
            let digits = p.iter().take_while(|b| b.is_ascii_digit()).count();
            parts[n] = if digits > 0 { &p[..digits] } else { p };
            n += 1;
        }
    }
    if n < 3 {
        return None;
    }
    let number = |p: &[u8]| {
        let ok = !p.is_empty() && p.len() <= 4 && p.iter().all(u8::is_ascii_digit);
        ok.then(|| p.iter().fold(0u32, |n, b| n * 10 + u32::from(b - b'0')))
    };
    let [a, b, c] = parts;
    let (y, m, d) = if let Some(m) = month_name(a) {
        (number(c)?, m, number(b)?)
    } else if let Some(m) = month_name(b) {
        if a.len() == 4 { (number(a)?, m, number(c)?) } else { (number(c)?, m, number(a)?) }
    } else if a.len() == 4 {
        (number(a)?, number(b)?, number(c)?)
    } else {
        let (first, second, y) = (number(a)?, number(b)?, number(c)?);
        let day_first = sign == Some(b'.') || first > 12;
        if day_first { (y, second, first) } else { (y, first, second) }
    };
    let y = match (parts.iter().any(|p| p.len() == 4 && p[0].is_ascii_digit()), y) {
        (true, y) => y,
        // Two digits: nobody is born in the future.
        (false, y) if y + 2000 > *THIS_YEAR => y + 1900,
        (false, y) => y + 2000,
    };
    let leap = y.is_multiple_of(4) && (!y.is_multiple_of(100) || y.is_multiple_of(400));
    let days = match m {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    ((1900..=*THIS_YEAR).contains(&y) && (1..=days).contains(&d)).then_some((y, m, d))
}
