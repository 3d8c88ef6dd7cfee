//! UUIDs as they are usually written (RFC 9562, section 4): numbers of machines, in which few tokens need a look.

use super::definition::EdgeRule;
use super::edges::is_word;
use super::marks::{Mark, bits};
use super::pattern::Pattern;
use super::spans::{self, ENDS};

pub(super) use super::spans::{GROUPS, LENGTH};

/// Whether a token begins with a UUID and ends with it.
pub(super) fn begins(bytes: &[u8]) -> bool {
    let Some(u) = bytes.first_chunk::<LENGTH>() else { return false };
    let four = |at: usize| u32::from_le_bytes([u[at], u[at + 1], u[at + 2], u[at + 3]]);
    let eight = |a: usize, b: usize| u64::from(four(a)) | u64::from(four(b)) << 32;
    let hyphens = GROUPS[1..].iter().all(|g| u[g - 1] == b'-');
    let digits = [eight(0, 4), eight(9, 14), eight(19, 24), eight(28, 32)];
    hyphens && digits.into_iter().all(are_hex) && !bytes.get(LENGTH).is_some_and(|b| is_word(*b))
}

/// Whether eight bytes are hexadecimal digits.
#[inline]
fn are_hex(bytes: u64) -> bool {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = 0x80 * ONES;
    const LOW: u64 = !HIGH;
    const SMALL: u64 = 0x20 * ONES;
    // The upper bit of each byte below 0x80 that is `b` or more.
    let from = |bytes: u64, b: u64| bytes + (0x80 - b) * ONES;
    let (ascii, small) = (bytes & LOW, (bytes | SMALL) & LOW);
    let digit = from(ascii, 0x30) & !from(ascii, 0x3a);
    let letter = from(small, 0x61) & !from(small, 0x67);
    (digit | letter) & !bytes & HIGH == HIGH
}

/// Whether a text is a UUID in small letters.
#[inline]
pub(super) fn is_small(bytes: &[u8]) -> bool {
    // Of hexadecimal digits, capitals alone have this bit and not the next.
    bytes.len() == LENGTH && begins(bytes) && bytes.iter().fold(0, |m, b| m | b & !(b << 1)) & 0x40 == 0
}

/// Where the words of a UUID stand: what its groups begin with, as far as it is letters.
pub(super) fn words(bytes: &[u8]) -> impl Iterator<Item = (usize, usize)> {
    let letters = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_alphabetic()).count();
    GROUPS.iter().map(move |from| (*from, from + letters(*from))).filter(|(from, to)| to > from)
}

/// The bytes of a UUID with which nothing goes on from which on little can begin, a bit each.
#[derive(Clone, Debug)]
pub(super) struct Calm {
    /// No value begins here.
    pub nothing: u64,
    /// No value that is looked for at numbers begins here and needs no word beside it and no column's name.
    pub bound: u64,
    /// No value that is looked for at other tokens begins here.
    pub silent: u64,
    /// Of UUIDs in small letters that nothing stands beside: what begins within them and needs no word or column's name, and where.
    /// `None`: what is looked for at other tokens than numbers may, too.
    pub alone: Option<Vec<(u8, u32)>>,
}

/// The UUIDs of a walk, a bit for each byte of a block and those behind it.
#[derive(Default)]
pub(super) struct Uuids {
    all: u128,
    nothing: u128,
    bound: u128,
    silent: u128,
}

/// A place, as far as UUIDs are concerned.
#[derive(Clone, Copy, Default)]
pub(super) struct Within {
    /// So many bytes of a UUID stand from here on; 0 outside.
    pub left: usize,
    /// See [`Calm::bound`].
    pub bound: bool,
}

impl Uuids {
    /// Goes on to the next block, which begins at `from` in the marks, and takes the UUIDs that begin in its bytes of `range`, end before
    /// `to`, and that nothing goes on with. `shift`: what the first of `bytes` has in the marks.
    #[inline]
    pub fn enter(&mut self, calm: &Calm, m: &Mark, range: u64, (from, to, shift): (usize, usize, usize), bytes: &[u8]) {
        // PERF: most blocks have none.
        if self.all == 0 && m.uuids == 0 {
            return;
        }
        (self.all, self.nothing, self.bound, self.silent) = (self.all >> 64, self.nothing >> 64, self.bound >> 64, self.silent >> 64);
        for bit in bits(m.uuids & range).filter(|bit| from + bit + LENGTH <= to) {
            let at = from + bit - shift;
            if bytes.get(at + LENGTH).is_some_and(|b| !ENDS.contains(b)) {
                continue;
            }
            // What stands before a number may belong to it.
            let before = &bytes[at.saturating_sub(2)..at];
            let led = before.len() == 2 && m.led >> bit & 1 != 0 || before.last().is_some_and(|b| is_word(*b));
            let but = if led { u64::MAX << GROUPS[1] } else { u64::MAX };
            self.all |= u128::from(((1 << LENGTH) - 1) & but) << bit;
            self.nothing |= u128::from(calm.nothing & but) << bit;
            self.bound |= u128::from(calm.bound & but) << bit;
            self.silent |= u128::from(calm.silent & but) << bit;
        }
    }

    /// Where in the block no value begins.
    #[inline]
    pub fn nothing(&self) -> u64 {
        self.nothing as u64
    }

    /// Where in it none begins that is looked for at other tokens than numbers.
    #[inline]
    pub fn silent(&self) -> u64 {
        self.silent as u64
    }

    #[inline]
    pub fn at(&self, bit: usize) -> Within {
        // PERF: there is none near most numbers.
        if self.all == 0 {
            return Within::default();
        }
        Within { left: (self.all >> bit).trailing_ones() as usize, bound: self.bound >> bit & 1 != 0 }
    }
}

/// Where in UUIDs little begins, see [`spans::Spans`]. `numbers`: the patterns that are looked for at numbers; `words`: those at other tokens.
pub(super) fn calm(patterns: &[Pattern], numbers: &[u32], words: &[&[u32]]) -> Calm {
    // A number does not begin behind a hexadecimal digit and a hyphen (`edges::starts`).
    let may_begin = |p: &Pattern, group: usize| p.finder.is_none() && (group == 0 || p.edges != EdgeRule::Number);
    let matches = |p: &Pattern, group: usize| may_begin(p, group) && (group == 0 && p.spans.has_escaped() || p.spans.has(group));
    let matches_small = |p: &Pattern, group: usize| may_begin(p, group) && p.spans.has_small(group);
    let of = |p: &u32| &patterns[*p as usize];
    let ends = GROUPS.iter().skip(1).map(|e| e - 1).chain([LENGTH]);
    let words: Vec<&Pattern> = words.iter().flat_map(|w| w.iter()).map(of).collect();
    let mut calm = Calm { nothing: 0, bound: 0, silent: 0, alone: Some(Vec::new()) };
    for (group, (from, to)) in GROUPS.into_iter().zip(ends).enumerate() {
        let bytes = |is: bool| if is { (from..to).fold(0, |m, i| m | 1 << i) } else { 0 };
        let begin: Vec<&Pattern> = numbers.iter().map(of).filter(|p| matches(p, group)).collect();
        let silent = !words.iter().any(|p| matches(p, group));
        calm.nothing |= bytes(begin.is_empty() && silent);
        calm.bound |= bytes(!begin.iter().any(|p| p.is_free()));
        calm.silent |= bytes(silent);
        let free = numbers.iter().filter(|p| of(p).is_free() && matches_small(of(p), group));
        calm.alone.iter_mut().for_each(|alone| alone.extend(free.clone().map(|p| (from as u8, *p))));
        if words.iter().any(|p| matches_small(p, group)) {
            calm.alone = None;
        }
    }
    // What begins with the hyphens between the groups is not looked for above.
    let small = spans::outline(spans::SMALL);
    let goes_on = |p: &Pattern, from: usize| p.prefix.iter().skip(1).zip(&small[from..]).all(|(p, set)| p.meets(set));
    if words.iter().any(|p| p.loose.has(b'-') && GROUPS[1..].iter().any(|from| goes_on(p, *from))) {
        calm.alone = None;
    }
    calm
}

#[cfg(test)]
mod tests {
    use crate::classify::set::example_batch;
    use crate::classify::{Classifiers, Scratch};

    #[test]
    fn what_begins_with_a_hyphen_of_a_uuid_is_found_in_each_cell() {
        let example = "[[match]]\ntext = \"of -0123456789ab.\"\nvalue = \"-0123456789ab\"\n";
        let reject = "[[reject]]\ntext = \"nothing\"\nwhy = \"no number\"\n";
        let head = "id = \"test.own\"\ntitle = \"t\"\nelement = \"name\"\nseverity = \"low\"\nidentity = \"none\"\nreferences = []";
        for regex in ["-[0-9a-f]{12}", "-[0-9a-f]{4}-[0-9a-f]{12}|-[0-9a-f]{12}"] {
            let pattern = format!("[[pattern]]\nname = \"p\"\nregex = '{regex}'\nconfidence = 0.9");
            let file = format!("{head}\n{pattern}\n{example}{example}{reject}{reject}\n");
            let set = Classifiers::only([("test/own.toml".to_owned(), file)]).unwrap();
            let cells: Vec<String> = (0..120).map(|n| format!("{n:08x}-89ab-4cde-8fab-{:012x}", n * 77_777_777u64)).collect();
            let b = crate::classify::tests::column("id", &cells);
            let (mut fast, mut slow) = (Vec::new(), Vec::new());
            set.scan(&mut Scratch::new(&set), &b, &mut fast);
            set.scan_naive(&b, &mut slow);
            assert!(fast == slow && fast.len() >= 120, "{regex}: {} and {}", fast.len(), slow.len());
        }
    }

    #[test]
    fn hexadecimal_digits_are_told() {
        let uuid = b"01234567-89ab-4cde-8fAB-CDEF01234567";
        assert!(super::begins(uuid) && super::begins(b"01234567-89ab-4cde-8fAB-CDEF01234567 x"));
        assert!(!super::begins(&uuid[..35]) && !super::begins(b"01234567-89ab-4cde-8fAB-CDEF012345678"));
        for (at, byte) in (0..36).flat_map(|at| (0..=u8::MAX).map(move |b| (at, b))) {
            let mut other = *uuid;
            other[at] = byte;
            let want = if super::GROUPS.contains(&(at + 1)) { byte == b'-' } else { byte.is_ascii_hexdigit() };
            assert_eq!(super::begins(&other), want, "{at} {byte}");
        }
    }

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
