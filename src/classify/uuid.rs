//! UUIDs as they are usually written (RFC 9562, section 4): numbers of machines, in which no token needs a look.

use std::collections::BTreeSet;

use super::definition::EdgeRule;
use super::edges::is_word;
use super::facts::ByteSet;
use super::pattern::Pattern;

/// Where the groups of a UUID begin, and its length.
pub(super) const GROUPS: [usize; 5] = [0, 9, 14, 19, 24];
pub(super) const LENGTH: usize = 36;

/// Whether a token begins with a UUID and ends with it.
pub(super) fn begins(bytes: &[u8]) -> bool {
    let is = |(i, b): (usize, &u8)| if GROUPS.contains(&(i + 1)) { *b == b'-' } else { b.is_ascii_hexdigit() };
    bytes.get(..LENGTH).is_some_and(|u| u.iter().enumerate().all(is)) && !bytes.get(LENGTH).is_some_and(|b| is_word(*b))
}

/// The bytes of a UUID that no value begins with: those of the groups from which on none of the patterns matches all that is left of it, or
/// up to a hyphen and with it. A value that ended elsewhere within would end before a hyphen and a word byte, or within a word, which none does
/// (`edges::ends`).
pub(super) fn inside(patterns: &[Pattern]) -> u64 {
    let mut hex = ByteSet::default();
    (b'0'..=b'9').chain(b'a'..=b'f').chain(b'A'..=b'F').for_each(|b| hex.insert(b));
    let bytes: [ByteSet; LENGTH] = std::array::from_fn(|i| {
        let mut hyphen = ByteSet::default();
        hyphen.insert(b'-');
        if GROUPS.contains(&(i + 1)) { hyphen } else { hex }
    });
    // Whether a match can begin with one of the bytes `first`, if any, and end with a hyphen or not before the UUID.
    let spans = |p: &Pattern, first: &[u8], from: usize| {
        let Some(a) = &p.automaton else { return true };
        let mut states = BTreeSet::from([a.start()]);
        if !first.is_empty() {
            states = first.iter().filter_map(|b| a.step(a.start(), *b)).map(|n| n.0).collect();
        }
        for set in &bytes[from..] {
            if states.is_empty() {
                return false;
            }
            let next: Vec<_> = states.iter().flat_map(|s| set.bytes().filter_map(|b| a.step(*s, b))).collect();
            if set.has(b'-') && next.iter().any(|n| n.1) {
                return true;
            }
            states = next.into_iter().map(|n| n.0).collect();
        }
        !states.is_empty()
    };
    let matches = |p: &Pattern, from: usize| {
        // A number does not begin behind a hexadecimal digit and a hyphen (`edges::starts`).
        if p.finder.is_some() || from > 0 && p.edges == EdgeRule::Number {
            return false;
        }
        // What stands before a number is looked at with it: a short word, the letter of an escape.
        let before = from == 0 && (p.lead > 0 && p.max_len > GROUPS[1] || spans(p, b"ntr", 0));
        before || p.prefix.iter().zip(&bytes[from..]).all(|(p, set)| p.meets(set)) && spans(p, &[], from)
    };
    let ends = GROUPS.iter().skip(1).map(|e| e - 1).chain([LENGTH]);
    let groups = GROUPS.iter().zip(ends).filter(|(from, _)| !patterns.iter().any(|p| matches(p, **from)));
    groups.fold(0, |m, (from, to)| (*from..to).fold(m, |m, i| m | 1 << i))
}

#[cfg(test)]
mod tests {
    use crate::classify::set::example_batch;
    use crate::classify::{Classifiers, Scratch};

    #[test]
    fn files_of_ones_own_are_found_by_both_engines() {
        // Within and before a UUID, with a hyphen as the last byte; a pair of capitals behind small letters.
        for (regex, text, value) in [
            ("[0-9]{8}-", "at 12345678-ab12-4c3d-8e9f-0123456789ab.", "12345678-"),
            ("[0-9]{8}-[0-9a-f]{4}-", "at 12345678-ab12-4c3d-8e9f-0123456789ab.", "12345678-ab12-"),
            ("key [0-9]{8}-[0-9a-f-]{27}", "a key 12345678-ab12-4c3d-8e9f-0123456789ab.", "key 12345678-ab12-4c3d-8e9f-0123456789ab"),
            ("[0-9a-f]{8}-[0-9a-f-]{27}", "at 12345678-ab12-4c3d-8e9f-0123456789ab.", "12345678-ab12-4c3d-8e9f-0123456789ab"),
            ("[A-Za-z]{3,20}, [A-Z]{2} [0-9]{5}", "from springfield, IL 62704.", "springfield, IL 62704"),
        ] {
            let example = |text: &str| format!("[[match]]\ntext = \"{text}\"\nvalue = \"{value}\"\n");
            let head = "id = \"test.own\"\ntitle = \"t\"\nelement = \"name\"\nseverity = \"low\"\nidentity = \"none\"\nreferences = []";
            let reject = "[[reject]]\ntext = \"nothing\"\nwhy = \"no number\"\n[[reject]]\ntext = \"none\"\nwhy = \"no number\"";
            let pattern = format!("[[pattern]]\nname = \"p\"\nregex = '''{regex}'''\nconfidence = 0.9");
            let file = format!("{head}\n{pattern}\n{}{}{reject}\n", example(text), example(&format!("it is {text}")));
            let set = Classifiers::only([("test/own.toml".to_owned(), file)]).unwrap();
            let b = example_batch(text, None);
            let (mut fast, mut slow) = (Vec::new(), Vec::new());
            set.scan(&mut Scratch::new(&set), &b, &mut fast);
            set.scan_naive(&b, &mut slow);
            assert_eq!(fast, slow, "{regex}");
            assert_eq!(fast.iter().map(|m| &text[m.start as usize..m.end as usize]).collect::<Vec<_>>(), [value], "{regex}");
        }
    }
}
