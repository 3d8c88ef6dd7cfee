//! Where in UUIDs, as they are usually written (RFC 9562, section 4), the matches of an expression can lie.
//!
//! Free of everything else in this program but `automaton` and `byteset`: the build compiles it, too.

use super::automaton::Automaton;
use super::byteset::ByteSet;

/// Where the groups of a UUID begin, and its length.
pub const GROUPS: [usize; 5] = [0, 9, 14, 19, 24];
pub const LENGTH: usize = 36;

/// Bytes behind a UUID that end it for certain; so does the end of the text.
pub const ENDS: &[u8; 15] = b" \t\r\n\"',;)]}<>&|";

/// The groups from which on an expression matches all that is left of a UUID, or up to a hyphen and with it: a bit for each, then the same
/// of UUIDs in small letters, then [`ESCAPED`]. A value that ended elsewhere within would end before a hyphen and a word byte, or within a
/// word, which none does (`edges::ends`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spans(pub u16);

/// With the letter of an escape before the first group: what stands before a number is looked at with it.
const ESCAPED: u16 = 1 << (2 * GROUPS.len());

/// What stands at each byte of a UUID. `hexadecimal`: the digits.
pub fn outline(hexadecimal: &[u8]) -> [ByteSet; LENGTH] {
    let set = |bytes: &[u8]| {
        let mut set = ByteSet::default();
        bytes.iter().for_each(|b| set.insert(*b));
        set
    };
    std::array::from_fn(|i| if GROUPS.contains(&(i + 1)) { set(b"-") } else { set(hexadecimal) })
}

/// Hexadecimal digits: with letters of either case, and with small ones.
pub const ALL: &[u8; 22] = b"0123456789abcdefABCDEF";
pub const SMALL: &[u8; 16] = b"0123456789abcdef";

impl Spans {
    /// Of an expression's table and its first bytes; without a table all that begins so may.
    pub fn of(automaton: Option<&Automaton>, prefix: &[ByteSet]) -> Spans {
        let mut spans = 0;
        let begins = |prefix: &[ByteSet], bytes: &[ByteSet]| prefix.iter().zip(bytes).all(|(p, set)| p.meets(set));
        for (case, digits) in [&ALL[..], &SMALL[..]].into_iter().enumerate() {
            let bytes = outline(digits);
            for (group, from) in GROUPS.into_iter().enumerate() {
                let is = begins(prefix, &bytes[from..]) && automaton.is_none_or(|a| reaches(a, vec![a.start()], &bytes[from..]));
                spans |= u16::from(is) << (case * GROUPS.len() + group);
            }
            let letters = || b"ntr".iter().filter(|b| prefix[0].has(**b));
            if case == 0 && letters().next().is_some() && begins(&prefix[1..], &bytes) {
                let behind = |a: &Automaton| letters().filter_map(|b| a.step(a.start(), *b)).map(|n| n.0).collect();
                spans |= if automaton.is_none_or(|a| reaches(a, behind(a), &bytes)) { ESCAPED } else { 0 };
            }
        }
        Spans(spans)
    }

    /// Whether a match can begin with a group.
    pub fn has(self, group: usize) -> bool {
        self.0 >> group & 1 != 0
    }

    /// The same where all letters are small.
    pub fn has_small(self, group: usize) -> bool {
        self.0 >> (GROUPS.len() + group) & 1 != 0
    }

    /// Whether one can begin with the letter of an escape and a UUID.
    pub fn has_escaped(self) -> bool {
        self.0 & ESCAPED != 0
    }
}

/// Whether what goes on from `states` with bytes of these sets, all of them hyphens or the same digits, ends with a hyphen, or not before
/// they do.
fn reaches(a: &Automaton, mut states: Vec<u32>, bytes: &[ByteSet]) -> bool {
    let mut ends = false;
    let mut digits: Vec<u8> = bytes.iter().find(|s| !s.has(b'-')).map_or(Vec::new(), |s| s.bytes().collect());
    // Digits that the table does not tell apart are one.
    let mut classes = ByteSet::default();
    digits.retain(|b| {
        let is_new = !classes.has(a.class(*b));
        classes.insert(a.class(*b));
        is_new
    });
    for set in bytes {
        let alphabet = if set.has(b'-') { &b"-"[..] } else { &digits };
        let next: Vec<_> = states.iter().flat_map(|s| alphabet.iter().filter_map(|b| a.step(*s, *b))).collect();
        if next.is_empty() {
            return false;
        }
        ends = next.iter().any(|n| n.1);
        if set.has(b'-') && ends {
            return true;
        }
        states = next.into_iter().map(|n| n.0).collect();
        states.sort_unstable();
        states.dedup();
    }
    ends || states.iter().any(|s| ENDS.iter().any(|b| a.step(*s, *b).is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::facts::Facts;

    #[test]
    fn groups_that_matches_begin_with_are_told() {
        // Groups by number: with letters of either case, with small ones; whether behind the letter of an escape.
        for (expression, all, small, escaped) in [
            ("[0-9]{8}-", &[0][..], &[0][..], false),
            ("[0-9a-f]{4}-[0-9a-f]{12}", &[3], &[3], false),
            ("[A-F]{4}", &[], &[], false),
            ("[A-F]{4}-", &[1, 2, 3], &[], false),
            ("[0-9a-f]{12}", &[4], &[4], false),
            ("[0-9a-f]{12};?", &[4], &[4], false),
            ("[0-9a-f]{13}", &[], &[], false),
            ("[0-9a-f]{12}[.]", &[], &[], false),
            ("[a-z][0-9a-f]{8}-", &[], &[], true),
            ("[0-9a-f-]{36}", &[0], &[0], false),
        ] {
            let facts = Facts::of(expression).unwrap();
            let of = |has: &dyn Fn(usize) -> bool| (0..GROUPS.len()).filter(|g| has(*g)).collect::<Vec<_>>();
            let Spans(bits) = facts.spans;
            assert_eq!(of(&|g| facts.spans.has(g)), all, "{expression} {bits:b}");
            assert_eq!(of(&|g| facts.spans.has_small(g)), small, "{expression} {bits:b}");
            assert_eq!(facts.spans.has_escaped(), escaped, "{expression} {bits:b}");
        }
    }
}
