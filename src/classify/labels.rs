//! How a label leads to its value.

use std::ops::Range;

use super::definition::Separator;
use super::edges::after_escape;
use super::facts::is_word;

/// The most bytes between a label and its value.
pub(super) const LONGEST_GAP: usize = 24;

/// Whether what stands in `[start, end)` behind a label is a type, a call or an element of a program rather than a value, by what follows:
/// `password: bytes = b""`, `password = getpass()`, `config['password']`, `PassBase<Merge>`.
pub(super) fn is_code(bytes: &[u8], start: usize, end: usize) -> bool {
    let value = &bytes[start..end];
    let named = || !value.iter().any(u8::is_ascii_digit);
    match bytes[end..] {
        [b' ', b'=', b' ', ..] | [b'(', b')', ..] | [b'[', b'\'' | b'"', ..] => true,
        // `getpass("x")`, `Resolver->find()`, `Option<&str>`
        [b'(', b'"' | b'\'' | b'\n' | b'\r', ..] => named() && value.iter().all(|b| is_word(*b) || *b == b'.'),
        [b'-', b'>', ..] | [b'<', b'&', ..] => named(),
        [b'<', a, b, ..] => named() && a.is_ascii_uppercase() && b.is_ascii_lowercase(),
        [b'[', a, ..] => named() && a.is_ascii_alphabetic() && value.iter().any(|b| *b == b'.' || b.is_ascii_uppercase()),
        _ => false,
    }
}

const FILLERS: [&[u8]; 10] = [b"is", b"no", b"nr", b"num", b"number", b"was", b"of", b"id", b"to", b"value"];

/// Words before one that names a user.
const USERS: [&[u8]; 5] = [b"user", b"username", b"usr", b"login", b"logon"];

/// Words between a user and what they do: `the user can pass "x"`.
const AUXILIARIES: [&[u8]; 9] = [b"can", b"could", b"may", b"might", b"must", b"should", b"to", b"will", b"would"];

/// Whether a label is the word `pass` for itself, the verb that programs and what is said of them are full of (`pass "x" to`, `this pass is`):
/// only a `:`, a `=` or a tag's end makes it one for a password, but in pairs (`user jane pass x`), names (`db_pass`) and options (`--pass x`).
fn is_verb(bytes: &[u8], label: &Range<usize>) -> bool {
    if !bytes[label.clone()].eq_ignore_ascii_case(b"pass") || label.start > 0 && bytes[label.start - 1] == b'_' || is_option(bytes, label) {
        return false;
    }
    let before = &bytes[label.start.saturating_sub(LONGEST_PAIR)..label.start];
    let line = before.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let signs = |b: &u8| b.is_ascii_whitespace() || matches!(b, b':' | b'=' | b',' | b';' | b'/');
    let mut words = before[line..].rsplit(signs).filter(|w| !w.is_empty()).filter(|w| !w.eq_ignore_ascii_case(b"and"));
    let is_one = |list: &[&[u8]], word: &[u8]| list.iter().any(|w| w.eq_ignore_ascii_case(word));
    let (Some(name), Some(user)) = (words.next(), words.next()) else { return true };
    !is_one(&USERS, user) || is_one(&AUXILIARIES, name)
}

/// The most bytes of a user's name with the word before it.
pub(super) const LONGEST_PAIR: usize = 80;

/// Whether a label is an option of a command: `--password`, `-password`.
fn is_option(bytes: &[u8], label: &Range<usize>) -> bool {
    let before = |n: usize| label.start.checked_sub(n).map(|at| bytes[at]);
    before(1) == Some(b'-') && matches!(before(2), None | Some(b' ' | b'\t' | b'\n' | b'-' | b'"' | b'\''))
}

/// Whether what stands behind an option and a blank is likely its value, no word of a sentence about it, no path and no option.
fn is_argument(behind: &[u8]) -> bool {
    let Some(b' ') = behind.first() else { return false };
    let word = behind.trim_ascii_start();
    let word = &word[..word.iter().position(u8::is_ascii_whitespace).unwrap_or(word.len())];
    !matches!(word.first(), None | Some(b'-' | b'/' | b'.' | b'~')) && word.iter().any(u8::is_ascii_digit)
}

/// Whether a label begins a line, or what `|` or a bullet parts in it: `T: 555-0134 | M: 555-0199`.
fn begins_line(bytes: &[u8], start: usize) -> bool {
    let before = bytes[start.saturating_sub(LONGEST_PAIR)..start].trim_ascii_end();
    let blank = &bytes[start.saturating_sub(LONGEST_PAIR) + before.len()..start];
    before.is_empty()
        || blank.contains(&b'\n')
        || before.ends_with(b"|")
        || ["\u{2022}", "\u{b7}"].iter().any(|bullet| before.ends_with(bullet.as_bytes()))
        || blank.is_empty() && after_escape(bytes, start)
}

/// Whether a label is the name of a constant that is given its value: `define('DB_PASSWORD', 'x')`.
fn is_defined(bytes: &[u8], label: &Range<usize>) -> bool {
    let name = bytes[..label.start].iter().rev().take(LONGEST_PAIR).take_while(|b| is_word(**b)).count();
    let before = bytes[..label.start - name].strip_suffix(b"'").or(bytes[..label.start - name].strip_suffix(b"\""));
    before.is_some_and(|b| b.trim_ascii_end().ends_with(b"define("))
}

/// The bytes of a cell's end in HTML with the next one's beginning: `</th><td>`, `</dt> <dd class="x">`; `None` where there is none, or no
/// value follows but another heading.
fn cell_end(bytes: &[u8]) -> Option<usize> {
    let tag = |at: usize, names: &[&str]| {
        let rest = bytes.get(at..)?;
        names.iter().any(|n| rest.get(..n.len()).is_some_and(|t| t.eq_ignore_ascii_case(n.as_bytes()))).then_some(())?;
        rest.iter().position(|b| *b == b'>').map(|end| at + end + 1)
    };
    let closed = tag(0, &["</td", "</th", "</dt"])?;
    let blank = bytes[closed..].iter().take_while(|b| b.is_ascii_whitespace()).count();
    tag(closed + blank, &["<td", "<dd"])
}

/// The bytes between a label and its value at the beginning of `bytes`, by one step: a sign, a cell's end, the end of the label's own line.
fn gap(bytes: &[u8], separator: Separator, is_heading: bool) -> Option<usize> {
    match *bytes.first()? {
        b' ' | b'\t' | b'"' | b'\'' | b':' | b'=' | b'#' | b'>' | b'-' | b'.' | b'(' | b'`' | b'_' | b'*' | b'\\' => Some(1),
        _ if separator != Separator::Any => None,
        b'|' => Some(1),
        b'<' => cell_end(bytes),
        b'\n' if is_heading => Some(1),
        b'\r' if is_heading && bytes.get(1) == Some(&b'\n') => Some(2),
        _ => None,
    }
}

/// The places behind a label where its value may begin, nearest first. `assign`: only behind a `:`, `=`, a quote, the end of a tag, "is",
/// or an option's blank; `number`: only behind a `#` or "no"; `line`: only behind a `:`, if the label begins a line. Any other label that
/// begins a line also leads over its end.
pub(super) fn value_starts(bytes: &[u8], label: Range<usize>, separator: Separator) -> ([usize; 3], usize) {
    let mut found = [0; 3];
    let mut n = 0;
    let end = label.end;
    let limit = bytes.len().min(end + LONGEST_GAP);
    let is_verb = is_verb(bytes, &label);
    let is_given = || is_option(bytes, &label) && is_argument(&bytes[end..limit]);
    // The end of a tag: `<password>` is followed by its content.
    let mut assigned = match separator {
        Separator::Any => !is_verb || bytes.get(end) == Some(&b'>'),
        Separator::Assign => bytes.get(end) == Some(&b'>') || is_given(),
        Separator::Number | Separator::Line => false,
    };
    if separator == Separator::Line && !(bytes.get(end) == Some(&b':') && begins_line(bytes, label.start)) {
        return (found, n);
    }
    let mut is_heading = separator == Separator::Any && begins_line(bytes, label.start);
    let mut i = end;
    // A plural's `s`.
    if i < limit && bytes[i] == b's' {
        i += 1;
    }
    while n < 3 {
        let from = i;
        while i < limit
            && let Some(step) =
                gap(&bytes[i..limit], separator, is_heading).or((bytes[i] == b',' && is_defined(bytes, &label)).then_some(1))
        {
            // `User::new` is a path in a program.
            if bytes[i] == b':' && bytes.get(i + 1) == Some(&b':') {
                return (found, n);
            }
            is_heading &= !matches!(bytes[i], b'\n' | b'\r');
            assigned |= match bytes[i] {
                b'#' => separator == Separator::Number,
                _ if separator == Separator::Number => false,
                b':' | b'=' => true,
                // One that closes a quoted label leads to nothing: `"password" is set`.
                b'"' | b'\'' => !is_verb && !matches!(bytes.get(i + 1), Some(b' ')),
                _ => false,
            };
            i += step;
        }
        // Nothing that leads to a value.
        if i == from || i >= limit {
            break;
        }
        if assigned {
            found[n] = i;
            n += 1;
        }
        let Some(filler) = FILLERS.iter().find(|f| {
            bytes.len() >= i + f.len()
                && bytes[i..i + f.len()].eq_ignore_ascii_case(f)
                && bytes.get(i + f.len()).is_some_and(|b| !is_word(*b))
        }) else {
            break;
        };
        assigned |= match separator {
            Separator::Number => matches!(*filler, b"no" | b"nr" | b"num" | b"number"),
            _ => !is_verb && matches!(*filler, b"is" | b"was"),
        };
        i += filler.len();
    }
    (found, n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_lead_to_values() {
        let first = |text: &str, end, sep| {
            let (f, n) = value_starts(text.as_bytes(), 0..end, sep);
            f[..n].to_vec()
        };
        assert_eq!(first("password: x", 8, Separator::Assign), [10]);
        assert_eq!(first("password reset", 8, Separator::Assign), [0usize; 0]);
        assert_eq!(first("password is x", 8, Separator::Assign), [12]);
        assert_eq!(first("\"password\" field", 9, Separator::Assign), [0usize; 0]);
        assert_eq!(first("password \"x\"", 8, Separator::Assign), [10]);
        assert_eq!(first("\"password\" : \"x\"", 9, Separator::Assign), [14]);
        assert_eq!(first("name is Jane", 4, Separator::Any), [5, 8]);
        assert_eq!(first("name", 4, Separator::Any), [0usize; 0]);
        assert_eq!(first("names", 4, Separator::Any), [0usize; 0]);
        assert_eq!(first("User::new", 4, Separator::Assign), [0usize; 0]);
    }

    #[test]
    fn a_verb_and_an_option_lead_to_values_in_their_own_ways() {
        for (text, any, assign) in [
            ("|pass| NULL to", false, false),
            ("|pass| \"x\" to", false, false),
            ("this |pass| is x", false, false),
            ("|pass|: x", true, true),
            ("\"|pass|\": \"x\"", true, true),
            ("db_|pass| \"x\"", true, true),
            ("user jane |pass| x", true, false),
            ("USER: jane, and |PASS| 'x'", true, true),
            ("the user may\n|pass| x", false, false),
            ("the user may |pass| 'x'", false, false),
            ("<|pass|>x", true, true),
            ("run --|password| x1", true, true),
            ("run --|pass| 'x'", true, true),
            ("run -|password| x1", true, true),
            ("the --|password| option", true, false),
            ("run --|password| --user1", true, false),
            ("run --|password| /etc/x1", true, false),
            ("run --|password|-file x1", true, false),
            ("run x-|password| x1", true, false),
            ("|password| x1", true, false),
        ] {
            let (start, end) = (text.find('|').unwrap(), text.rfind('|').unwrap() - 1);
            let plain = text.replace('|', "");
            for (separator, want) in [(Separator::Any, any), (Separator::Assign, assign)] {
                let (_, n) = value_starts(plain.as_bytes(), start..end, separator);
                assert_eq!(n > 0, want, "{text} {separator:?}");
            }
        }
    }

    #[test]
    fn what_follows_tells_a_program() {
        for (text, yes) in [
            ("|getpass|(\"x\")", true),
            ("|netloc.split|('@')", true),
            ("|hunter22|(\"old\")", false),
            ("|Resolver|->find()", true),
            ("|Option|<&str>", true),
            ("|hunter22|->", false),
            ("|sunshine|<BR>", false),
            ("|sunshine| (old)", false),
        ] {
            let end = text.rfind('|').unwrap() - 1;
            assert_eq!(is_code(text.replace('|', "").as_bytes(), 0, end), yes, "{text}");
        }
    }
}
