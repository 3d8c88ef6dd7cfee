//! Days of the calendar.

use std::sync::LazyLock;

use super::super::letters;
use crate::base::Timestamp;

/// The current year, asked once.
pub(super) static THIS_YEAR: LazyLock<u32> =
    LazyLock::new(|| u32::try_from(Timestamp::now().0 / 31_556_952_000 + 1970).unwrap_or(2026).clamp(2026, 2200));

/// A real day from 1900 to the end of this year.
pub fn date(raw: &[u8]) -> bool {
    parse(raw).is_some()
}

/// The months of the languages whose labels are known, January first: English, German, French, Spanish, Italian, Portuguese, Dutch, Polish as it
/// stands beside a day, with and without the signs of their letters.
const MONTHS: [&[&str]; 12] = [
    &["january", "januar", "jänner", "janvier", "enero", "gennaio", "janeiro", "januari", "stycznia"],
    &["february", "februar", "février", "fevrier", "febrero", "febbraio", "fevereiro", "februari", "lutego"],
    &["march", "märz", "maerz", "marz", "mrz", "mars", "marzo", "março", "marco", "maart", "mrt", "marca"],
    &["april", "avril", "abril", "aprile", "kwietnia"],
    &["may", "mai", "mayo", "maggio", "maio", "mei", "maja"],
    &["june", "juni", "juin", "junio", "giugno", "junho", "czerwca"],
    &["july", "juli", "juillet", "julio", "luglio", "julho", "lipca"],
    &["august", "août", "aout", "agosto", "augustus", "sierpnia"],
    &["september", "septembre", "septiembre", "settembre", "setembro", "września", "wrzesnia"],
    &["october", "oktober", "octobre", "octubre", "ottobre", "outubro", "października", "pazdziernika"],
    &["november", "novembre", "noviembre", "novembro", "listopada"],
    &["december", "dezember", "décembre", "decembre", "diciembre", "dicembre", "dezembro", "grudnia"],
];

/// What stands between and behind the parts of a day and says nothing: `4th of February`, `11 de febrero de 1959`, `1959年2月11日`.
const FILLERS: [&str; 15] = ["st", "nd", "rd", "th", "er", "o", "º", "ª", "of", "de", "del", "d", "年", "月", "日"];

/// The month that a word or its first letters mean, at least three; `None` where they begin two (`jui`).
fn month_name(word: &[u8]) -> Option<u32> {
    let word = letters::fold(std::str::from_utf8(word).ok()?);
    let begins = |m: &&[&str]| word.chars().count() >= 3 && m.iter().any(|m| m.starts_with(&*word));
    let mut months = (1..).zip(&MONTHS).filter(|(_, m)| begins(m));
    months.next().filter(|_| months.next().is_none()).map(|m| m.0)
}

/// The first three numbers and words of a text but fillers; fewer are empty.
fn parts(raw: &[u8]) -> [&[u8]; 3] {
    let kind = |b: &u8| if b.is_ascii_digit() { 0 } else { 1 + u8::from(!(b.is_ascii_alphabetic() || *b >= 0x80)) };
    let runs = raw.chunk_by(|a, b| kind(a) == kind(b)).filter(|r| kind(&r[0]) < 2);
    let mut runs = runs.filter(|r| kind(&r[0]) == 0 || !FILLERS.iter().any(|f| f.as_bytes().eq_ignore_ascii_case(r)));
    std::array::from_fn(|_| runs.next().unwrap_or_default())
}

/// Year, month and day of `1985-03-04`, `1985/03/04`, `19850304`, `03041985`, `03/04/1985` (month first; day first where the month cannot
/// be), `4.3.1985`, `March 4, 1985`, `4 Mar 1985`, `04MAR85`, `4 de marzo de 1985`, with a time behind it or not.
pub(crate) fn parse(raw: &[u8]) -> Option<(u32, u32, u32)> {
    let sign = raw.iter().copied().find(|b| !b.is_ascii_alphanumeric());
    if raw.len() == 8 && raw.iter().all(u8::is_ascii_digit) {
        return day_of([&raw[..4], &raw[4..6], &raw[6..]], sign).or_else(|| day_of([&raw[..2], &raw[2..4], &raw[4..]], sign));
    }
    day_of(parts(raw), sign)
}

/// The day of three parts; `sign`: what stands between them.
fn day_of(parts: [&[u8]; 3], sign: Option<u8>) -> Option<(u32, u32, u32)> {
    let number = |p: &[u8]| {
        let ok = !p.is_empty() && p.len() <= 4 && p.iter().all(u8::is_ascii_digit);
        ok.then(|| p.iter().fold(0u32, |n, b| n * 10 + u32::from(b - b'0')))
    };
    let [a, b, c] = parts;
    let is_word = |p: &[u8]| p.first().is_some_and(|b| !b.is_ascii_digit());
    let (y, m, d) = if is_word(a) {
        (number(c)?, month_name(a)?, number(b)?)
    } else if is_word(b) {
        let m = month_name(b)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_they_are_written() {
        for text in [
            "1959-02-11",
            "19590211",
            "02111959",
            "2/11/59",
            "11.2.1959",
            "17.2.1959",
            "1959-02-11T00:00",
            "Feb-11-1959",
            "Feb 11th, 1959",
            "FEB 11 59",
            "11FEB1959",
            "11FEB59",
            "11FEB1959:00:00:00",
            "11-FEB-59 12.00.00.000000 AM",
            "11th of February 1959",
            "11/Feb/1959",
            "11. Feb 1959",
            "1959-Feb-11",
            "11. Februar 1959",
            "11 février 1959",
            "11 FÉVRIER 1959",
            "11 de febrero de 1959",
            "11 febbraio 1959",
            "11 de fevereiro de 1959",
            "11 februari 1959",
            "11 lutego 1959",
            "1959年2月11日",
        ] {
            let day = if text.starts_with("17") { 17 } else { 11 };
            assert_eq!(parse(text.as_bytes()), Some((1959, 2, day)), "{text}");
        }
        assert_eq!(parse(b"17021959"), Some((1959, 2, 17)));
        assert_eq!(parse("1er août 1959".as_bytes()), Some((1959, 8, 1)));
        for text in
            ["11 apples 1959", "31-FEB-59", "11 jui 1959", "11 fe 1959", "13 de 1959", "99991959", "1959年13月11日", "Feb 1959", "11"]
        {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn no_month_of_a_language_is_another_of_others() {
        for (i, month) in MONTHS.iter().enumerate() {
            for name in *month {
                assert_eq!(month_name(name.as_bytes()), Some(i as u32 + 1), "{name}");
                let three: String = name.chars().take(3).collect();
                assert!(three == "jui" || month_name(three.as_bytes()) == Some(i as u32 + 1), "{name}");
            }
        }
    }
}
