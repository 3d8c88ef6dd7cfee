//! Lists that a value stands in: numbers of a table, words of a dump in hexadecimal. What fits one of a list by chance does not fit its neighbour.

use super::edges::is_word;

/// Whether the bare number `[start, end)` of twelve digits at least stands in a list of such numbers (only white space, a comma
/// or a semicolon between) beside one that `fails`. Numbers of a list are of one kind: what fits one by chance does not fit
/// its neighbour.
pub(super) fn in_list_that(bytes: &[u8], start: usize, end: usize, fails: impl Fn(&[u8]) -> bool) -> bool {
    const GAP: usize = 24;
    if end - start < 12 || !bytes[start..end].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let apart = |b: &u8| b.is_ascii_whitespace() || matches!(b, b',' | b';');
    let long = |n: usize| (12..=20).contains(&n);
    let gap = bytes[..start].iter().rev().take(GAP).take_while(|b| apart(b)).count();
    let to = start - gap;
    let n = bytes[..to].iter().rev().take(21).take_while(|b| b.is_ascii_digit()).count();
    if gap > 0 && long(n) && fails(&bytes[to - n..to]) {
        return true;
    }
    let gap = bytes[end..].iter().take(GAP).take_while(|b| apart(b)).count();
    let from = end + gap;
    let n = bytes[from..].iter().take(21).take_while(|b| b.is_ascii_digit()).count();
    gap > 0 && long(n) && fails(&bytes[from..from + n])
}

/// Longer values than this many digits have checks that a list does not pass by chance.
const SHORT: usize = 12;

/// The longest number or word of a list that is looked at.
const LONGEST: usize = 20;

/// Whether the value `[start, end)`, in groups of digits with blanks between them, is a piece of a longer list of numbers
/// (`10 700 16 1124 308`) or of words in hexadecimal (`88F2 8893 8894 8895`): two more numbers stand beside it, or one that is written
/// as its groups are. A value that is one word is one of a dump if the word beside it is as long and in hexadecimal.
pub(super) fn in_dump(bytes: &[u8], start: usize, end: usize) -> bool {
    let value = &bytes[start..end];
    let grouped = value.contains(&b' ');
    let plain = if grouped { |b: &u8| b.is_ascii_digit() || matches!(b, b' ' | b'.') } else { u8::is_ascii_hexdigit };
    if !value.iter().all(plain) {
        return false;
    }
    let mut groups = value.split(|b| *b == b' ').map(<[u8]>::len);
    let first = groups.next().unwrap_or(0);
    let last = groups.next_back().unwrap_or(first);
    // A number below zero.
    let from = start - usize::from(start > 0 && bytes[start - 1] == b'-');
    let (before, behind) = (Neighbour::before(bytes, from), Neighbour::behind(bytes, end));
    let hexadecimal = |n: &Option<Neighbour<'_>>, length| {
        n.as_ref().is_some_and(|n| n.is_hexadecimal(length) && (grouped || !is_shaped_as(value, n.word)))
    };
    if hexadecimal(&before, first) || hexadecimal(&behind, last) {
        return true;
    }
    if !grouped {
        return false;
    }
    let number = |n: &Option<Neighbour<'_>>| n.as_ref().is_some_and(Neighbour::is_number);
    let alike = |n: &Option<Neighbour<'_>>, length| n.as_ref().is_some_and(|n| n.word.len() == length) && number(n);
    let long = value.iter().filter(|b| b.is_ascii_digit()).count() > SHORT;
    let second = |n: Option<Neighbour<'_>>| number(&n);
    match (number(&before), number(&behind)) {
        (true, true) if !long => true,
        (is_before, is_behind) => {
            alike(&before, first) && alike(&behind, last)
                || is_before && !long && (from < start || second(before.and_then(|n| Neighbour::before(bytes, n.at))))
                || is_behind && !long && second(behind.and_then(|n| Neighbour::behind(bytes, n.at + n.word.len())))
        }
    }
}

/// A word beside a value, one or two blanks or the end of a line away.
struct Neighbour<'a> {
    /// Where it begins.
    at: usize,
    word: &'a [u8],
    /// The end of a line lies between.
    apart: bool,
}

impl<'a> Neighbour<'a> {
    fn before(bytes: &'a [u8], start: usize) -> Option<Neighbour<'a>> {
        let gap = bytes[..start].iter().rev().take(LONGEST).take_while(|b| b.is_ascii_whitespace()).count();
        let end = start - gap;
        let length = bytes[..end].iter().rev().take(LONGEST).take_while(|b| in_word(**b)).count();
        Neighbour::of(bytes, end - length, end, &bytes[end..start])
    }

    fn behind(bytes: &'a [u8], end: usize) -> Option<Neighbour<'a>> {
        let gap = bytes[end..].iter().take(LONGEST).take_while(|b| b.is_ascii_whitespace()).count();
        let start = end + gap;
        let length = bytes[start..].iter().take(LONGEST).take_while(|b| in_word(**b)).count();
        Neighbour::of(bytes, start, start + length, &bytes[end..start])
    }

    fn of(bytes: &'a [u8], at: usize, end: usize, gap: &[u8]) -> Option<Neighbour<'a>> {
        let apart = gap.contains(&b'\n');
        let near = apart || matches!(gap.len(), 1 | 2);
        let word = &bytes[at..end];
        (near && (1..LONGEST).contains(&word.len())).then_some(Neighbour { at, word, apart })
    }

    fn is_number(&self) -> bool {
        !self.apart && self.word.iter().all(|b| b.is_ascii_digit() || *b == b'.') && self.word[0].is_ascii_digit()
    }

    fn is_hexadecimal(&self, length: usize) -> bool {
        let any = |f: fn(&u8) -> bool| self.word.iter().any(f);
        self.word.len() == length
            && length >= 4
            && self.word.iter().all(u8::is_ascii_hexdigit)
            && any(u8::is_ascii_alphabetic)
            && any(u8::is_ascii_digit)
    }
}

/// Whether letters and digits stand at the same places: two numbers of one kind, not two of a dump.
fn is_shaped_as(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.is_ascii_digit() == b.is_ascii_digit())
}

fn in_word(b: u8) -> bool {
    is_word(b) || b == b'.'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_list_are_of_one_kind() {
        let odd = |b: &[u8]| b.last().is_some_and(|d| d % 2 == 1);
        for (text, start, yes) in [
            ("123456789012, 123456789014", 0, false),
            ("123456789012,\n   123456789013", 0, true),
            ("123456789013; 123456789012", 14, true),
            ("123456789012 and 123456789013", 0, false),
            ("12345678901, 123456789013", 0, false),
            ("123456789012, 13", 0, false),
            ("123456789012", 0, false),
        ] {
            let end = start + text[start..].bytes().take_while(u8::is_ascii_digit).count();
            assert_eq!(in_list_that(text.as_bytes(), start, end, odd), yes, "{text}");
        }
    }

    #[test]
    fn numbers_of_a_table_are_no_groups_of_one() {
        // The value is what stands between the bars.
        for (text, yes) in [
            ("b f f 701 |700 16 1124| 1132 310", true),
            ("b f f |700 16 1124| 1132 310", true),
            ("11 10 |700 16 1124| ) insert", true),
            ("96  97  |100 101 102|  103", true),
            ("WX 296 ; B 89 -|170 449 599| ;", true),
            ("10 |719 1450 1451 2490| 2491 -", false),
            ("1449 |7190 1450 1451 2490| 2491 -", true),
            ("1 |457 55 5462| ok", false),
            ("(|457 55 5462|)", false),
            ("|457 55 5462| 12 Main Street", false),
            ("on 2024-01-05 |457 55 5462|, 12", false),
            ("a |457-55-5462| 12 13", false),
            ("415 555 2671\n|415 555 2672|\n415 555 2673", false),
            ("|4111 1111 1111 1111| 12 27 123", false),
            ("88F1 88F2\n|8893 8894 8895| 8896", true),
            ("6662\n|6718 6879 6887 6890| 689C 686D", true),
            ("CD8FAE1F |2723020F| 9C40A3FD", true),
            ("the |2723020F| of 9C40A3FD", false),
            ("|1234567T| 9C40A3FD", false),
            ("passport |A1234567| B7654321", false),
            ("", false),
        ] {
            let start = text.find('|').unwrap_or(0);
            let plain = text.replace('|', "");
            let end = text.rfind('|').map_or(0, |i| i - 1);
            assert_eq!(in_dump(plain.as_bytes(), start, end), yes, "{text}");
        }
    }
}
