//! What is written like an address and is none: days, years, lines of a table, a number of a list.

use super::parser::Parser;

/// Months in English: a name of theirs alone is no street's.
static MONTHS: [&[u8]; 12] =
    [b"january", b"february", b"march", b"april", b"may", b"june", b"july", b"august", b"september", b"october", b"november", b"december"];

/// Whether a word is a month, perhaps its first three letters.
fn is_month(word: &[u8]) -> bool {
    let word = word.strip_suffix(b".").unwrap_or(word);
    MONTHS.iter().any(|m| word.eq_ignore_ascii_case(m) || word.eq_ignore_ascii_case(&m[..3]))
}

/// Whether the words of `name` may be those of a street without a kind: one of three letters at least is among them that is no month.
pub(super) fn may_be_street(name: &[u8]) -> bool {
    let letters = |w: &[u8]| w.iter().filter(|b| b.is_ascii_alphabetic() || !b.is_ascii()).count();
    name.split(|b| *b == b' ').any(|w| letters(w) >= 3 && !w.iter().any(u8::is_ascii_digit) && !is_month(w))
}

/// Whether a word of a street's name says something: not an initial, not a number of Rome, not an abbreviation of two letters.
pub(super) fn is_telling(word: &[u8]) -> bool {
    word.iter().any(|b| b.is_ascii_lowercase() || !b.is_ascii()) || word.iter().filter(|b| b.is_ascii_alphabetic()).count() >= 3
}

/// Whether a house number is that of a line or a code: `0057`, `00`.
pub(super) fn is_padded(number: &[u8]) -> bool {
    number.starts_with(b"00") || number.starts_with(b"0") && number.len() >= 4
}

/// Whether two years stand here: `1998-2003`.
pub(super) fn are_years(number: &[u8]) -> bool {
    let year = |y: &[u8]| y.len() == 4 && (y.starts_with(b"19") || y.starts_with(b"20"));
    number.len() == 9 && number[4] == b'-' && year(&number[..4]) && year(&number[5..])
}

impl Parser<'_> {
    /// Whether the line below the one whose number `[p, number)` is begins with another of as many digits, and that is behind `end`: a table.
    pub fn is_table(&self, p: usize, number: usize, end: usize) -> bool {
        let below = self.gap(end).filter(|(k, _)| self.bytes[end..*k].contains(&b'\n')).and_then(|(k, _)| self.word(k));
        below.is_some_and(|w| w.digits && w.bytes.len() == number - p)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        for (name, yes) in
            [("Gralla", true), ("Oct", false), ("May", false), ("S", false), ("BE BE", false), ("SF190000", false), ("July Morning", true)]
        {
            assert_eq!(may_be_street(name.as_bytes()), yes, "{name}");
        }
        assert!(is_telling(b"Po") && is_telling(b"ROMA") && !is_telling(b"II") && !is_telling(b"S."));
        assert!(is_padded(b"0057") && is_padded(b"00") && !is_padded(b"05") && !is_padded(b"1000"));
        assert!(are_years(b"1998-2003") && !are_years(b"1998-12") && !are_years(b"12-14"));
    }
}
