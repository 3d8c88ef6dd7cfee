//! Which patterns can begin where a number, a mixed token or a sign before a number stands: by the kinds of the bytes there.
//!
//! The kinds of the first [`PREFIX`] bytes (digit, capital, each separator of its own …) are one key. For each position and
//! kind a row of bits says which patterns allow it; the patterns that all rows allow are the candidates. Texts repeat a few
//! hundred keys again and again, so that a memory answers nearly all questions with one look: of what is seen at a place, else of the
//! key that this makes.

mod gates;
mod kinds;
mod memory;

use std::sync::OnceLock;

use super::automaton::Automaton;
use super::byteset::gathered;
use super::facts::{ByteSet, PREFIX, RUN};
use super::marks::bits;
use super::pattern::Pattern;
use gates::{Gates, MANY_LETTERS};
use kinds::{ANY, DIGIT, DOT, HYPHEN, KINDS, Key, LOWER, MIXED, MIXED_LOWER, UNDERSCORE, bytes_of};
use memory::{MEMORY_BITS, SIGHT_BITS};

pub(super) use gates::Gate;
pub(super) use kinds::{KIND, Sight, View, is_sign, kind};
pub(super) use memory::{Candidates, Memory, Part};

/// Digits, and letters by their case: bytes of one kind that a pattern may tell apart, or that share a kind with others where they
/// alternate.
const VALUES: usize = 12;

const fn values() -> [u8; 256] {
    let mut t = [VALUES as u8; 256];
    let mut b = 0;
    while b < 256 {
        let c = b as u8;
        t[b] = match c {
            b'0'..=b'9' => c - b'0',
            b'A'..=b'Z' => 10,
            b'a'..=b'z' => 11,
            _ => VALUES as u8,
        };
        b += 1;
    }
    t
}

/// The number of a byte among [`VALUES`].
static VALUE: [u8; 256] = values();

/// So many sets of bytes are remembered while the rows are made.
const KNOWN: usize = 512;

/// In the order of bits: no pattern.
const NONE: u32 = u32::MAX;

/// For each position and kind, which patterns allow it.
pub(super) struct Shapes {
    /// The patterns, in the order of bits: part by part, each from a new word on.
    patterns: Vec<u32>,
    /// By pattern: its bit.
    bit_of: Vec<u32>,
    /// Where the words of the parts begin, and end.
    parts: [usize; 5],
    stride: usize,
    rows: Vec<u64>,
    /// The same by position and value.
    values: Vec<u64>,
    /// The same by the length of the first run and the kind behind it.
    follows: Vec<u64>,
    /// What any of them can begin with, and those that need nothing beside them.
    any: Gates,
    free: Gates,
    /// What values that need nothing beside them can begin with: two groups of digits of these lengths, the kinds of the bytes behind
    /// both, a bit for each.
    two_groups: Box<[u64; 1024]>,
    /// Likewise, by the kind of the first byte and the number of letters before a sign: how long the group of digits behind it
    /// can be, a bit for each length.
    led: [[u16; MANY_LETTERS]; 3],
    /// See [`Shapes::may_lead_at`], and the signs behind some letters.
    leading: Box<[(u64, u64)]>,
    leading_signs: ByteSet,
    /// The most bytes of a value that needs something beside it.
    pub longest: usize,
    /// The most letters that stand before a sign and a number in a value.
    pub lead: usize,
    /// By bit: one byte of each set of those of a kind that the pattern's table does not tell apart. PERF: made at the first look at a
    /// pattern, since most are never looked at.
    samples: Vec<OnceLock<Samples>>,
    /// By kind: its bytes.
    sets: [ByteSet; KINDS],
}

/// Bytes by kind, and where those of each kind end.
struct Samples {
    bytes: Vec<u8>,
    ends: [u16; KINDS],
}

impl Samples {
    fn new(a: &Automaton, sets: &[ByteSet; KINDS]) -> Samples {
        let mut bytes = Vec::new();
        let ends = sets.map(|set| {
            let mut seen = ByteSet::default();
            for b in set.bytes() {
                if !seen.has(a.class(b)) {
                    seen.insert(a.class(b));
                    bytes.push(b);
                }
            }
            bytes.len() as u16
        });
        Samples { bytes, ends }
    }

    fn of(&self, kind: u8) -> &[u8] {
        let kind = usize::from(kind);
        let from = if kind == 0 { 0 } else { self.ends[kind - 1] };
        &self.bytes[usize::from(from)..usize::from(self.ends[kind])]
    }
}

impl Shapes {
    /// Of those of `patterns` that `chosen` lists.
    pub fn new(patterns: &[Pattern], numbers: &[u32]) -> Shapes {
        let (mut chosen, mut parts) = (Vec::new(), [0; 5]);
        for (part, end) in Part::ALL.into_iter().zip(1..) {
            chosen.extend(numbers.iter().copied().filter(|p| Part::of(&patterns[*p as usize]) == part));
            chosen.resize(chosen.len().next_multiple_of(64), NONE);
            parts[end] = chosen.len() / 64;
        }
        let stride = chosen.len() / 64;
        let mut bit_of = vec![NONE; patterns.len()];
        (0u32..).zip(&chosen).filter(|c| *c.1 != NONE).for_each(|(bit, p)| bit_of[*p as usize] = bit);
        let sets: [ByteSet; KINDS] = std::array::from_fn(|kind| bytes_of(kind as u8));
        let mut large = ByteSet::default();
        (b'2'..=b'9').for_each(|b| large.insert(b));
        let mut rows = vec![0u64; PREFIX * KINDS * stride];
        let mut follows = vec![0u64; (RUN + 1) * KINDS * stride];
        let mut values = vec![0u64; PREFIX * VALUES * stride];
        let all = || chosen.iter().enumerate().filter(|c| *c.1 != NONE).map(|(bit, p)| (bit, &patterns[*p as usize]));
        // Which kinds and values a set of bytes has. PERF: all patterns together have a few hundred sets.
        let mut known = vec![(ByteSet::default(), (0u64, 0u64)); KNOWN];
        let mut parts_of = |set: &ByteSet| {
            let mixed = set.0.iter().fold(0, |h, w| (h ^ w).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23));
            let slot = &mut known[mixed as usize % KNOWN];
            if slot.0 != *set {
                let kinds = (1..KINDS).filter(|kind| set.meets(&sets[*kind])).fold(0, |m, kind| m | 1 << kind);
                let values = set.bytes().map(|b| VALUE[usize::from(b)]).filter(|v| usize::from(*v) < VALUES).fold(0, |m, v| m | 1 << v);
                *slot = (*set, (kinds, values));
            }
            slot.1
        };
        // PERF: word by word, since few sets differ at a position.
        for (w, chunk) in chosen.chunks(64).enumerate() {
            let of = || chunk.iter().zip(0..).filter(|c| *c.0 != NONE).map(|(p, bit)| (&patterns[*p as usize], 1u64 << bit));
            for k in 0..PREFIX {
                for (prefix, those) in gathered(of().map(|(p, bit)| (p.prefix[k], bit))) {
                    let (mut kinds, with) = parts_of(&prefix);
                    // Of a first digit it is known whether it is 0, 1 or another.
                    if k == 0 && !prefix.meets(&large) {
                        kinds &= !(1 << DIGIT);
                    }
                    bits(kinds).for_each(|kind| rows[(k * KINDS + kind) * stride + w] |= those);
                    bits(with).for_each(|value| values[(k * VALUES + value) * stride + w] |= those);
                }
                rows[k * KINDS * stride + w] |= of().filter(|(p, _)| p.min_len <= k).fold(0, |m, (_, bit)| m | bit);
            }
        }
        for (bit, p) in all() {
            let one = 1u64 << (bit % 64);
            for (follow, runs) in p.follows.distinct() {
                let kinds = parts_of(&follow.bytes).0 | u64::from(follow.end);
                for run in bits(*runs) {
                    bits(kinds).for_each(|kind| follows[(run * KINDS + kind) * stride + bit / 64] |= one);
                }
            }
        }
        let mut free = vec![0u64; stride];
        all().filter(|(_, p)| p.is_free()).for_each(|(bit, _)| free[bit / 64] |= 1 << (bit % 64));
        let longest = all().filter(|(_, p)| !p.is_free()).map(|(_, p)| p.max_len).max().unwrap_or(0);
        let lead = all().map(|(_, p)| p.lead).max().unwrap_or(0);
        let mut shapes = Shapes {
            patterns: chosen,
            bit_of,
            parts,
            stride,
            rows,
            values,
            follows,
            any: Gates::none(),
            free: Gates::none(),
            two_groups: Box::new([0; 1024]),
            led: [[0; MANY_LETTERS]; 3],
            leading: vec![(0, 0); MANY_LETTERS * 256].into(),
            leading_signs: ByteSet::default(),
            longest,
            lead,
            samples: (0..64 * stride).map(|_| OnceLock::new()).collect(),
            sets,
        };
        shapes.any = Gates::new(&shapes, &vec![u64::MAX; shapes.stride]);
        shapes.free = Gates::new(&shapes, &free);
        shapes.make_two_groups(&free);
        shapes.make_led(&free);
        numbers.iter().for_each(|p| shapes.make_leading(&patterns[*p as usize]));
        shapes
    }

    #[inline]
    fn row(&self, position: usize, kind: u8) -> &[u64] {
        &self.rows[(position * KINDS + usize::from(kind)) * self.stride..][..self.stride]
    }

    #[inline]
    fn follow(&self, run: usize, kind: u8) -> &[u64] {
        &self.follows[(run * KINDS + usize::from(kind)) * self.stride..][..self.stride]
    }

    /// The candidates at a place with `left` bytes from it on, remembered in `memory`.
    #[inline]
    pub fn candidates(&self, patterns: &[Pattern], memory: &mut Memory, sight: Sight, left: usize) -> Candidates {
        let seen = &memory.sights[sight.slot(SIGHT_BITS)];
        match seen.candidates {
            Some(candidates) if seen.sight == sight => candidates,
            _ => self.look(patterns, memory, sight, left),
        }
    }

    #[inline(never)]
    fn look(&self, patterns: &[Pattern], memory: &mut Memory, sight: Sight, left: usize) -> Candidates {
        let key = Key::of(sight, left);
        let slot = key.slot(MEMORY_BITS);
        let (known, mut candidates) = memory.slots[slot];
        if known != key {
            memory.make_room();
            candidates = self.search(patterns, memory, key);
            memory.slots[slot] = (key, candidates);
        }
        Shapes::keep(memory, sight, candidates);
        candidates
    }

    fn search(&self, patterns: &[Pattern], memory: &mut Memory, key: Key) -> Candidates {
        let mut found = Candidates { from: memory.sets.len() as u32, ..Candidates::default() };
        let kinds = key.kinds.to_le_bytes();
        for (part, words) in Part::ALL.into_iter().zip(self.parts.windows(2)) {
            for w in words[0]..words[1] {
                let mut m = match key.run as usize {
                    run if run < PREFIX => self.follow(run, kinds[run])[w],
                    run => self.follow(run, ANY)[w] | self.follow(run, 0)[w],
                };
                for (k, kind) in kinds.into_iter().enumerate() {
                    if kind == ANY || m == 0 {
                        break;
                    }
                    m &= self.rows[(k * KINDS + usize::from(kind)) * self.stride + w];
                    if kind == 0 {
                        break;
                    }
                }
                let mut fitting = 0;
                for bit in bits(m) {
                    let p = &patterns[self.patterns[w * 64 + bit] as usize];
                    if self.fits(w * 64 + bit, p.automaton(), &kinds) {
                        fitting |= 1 << bit;
                        found.longest = found.longest.max(p.max_len.min(usize::from(u16::MAX)) as u16);
                    }
                }
                if fitting != 0 {
                    memory.sets.push((w as u32, fitting));
                }
            }
            found.ends[part as usize] = (memory.sets.len() - found.from as usize) as u16;
        }
        found
    }

    /// Those candidates of a part that allow the very digits of `bytes`, and capitals and small letters where they stand: in
    /// [`Memory::allowed`] until the next call. What a search finds there is among them.
    #[inline]
    pub fn allow(&self, memory: &mut Memory, found: Candidates, part: Part, bytes: &[u8]) {
        let (mut rows, mut n) = ([0usize; PREFIX], 0);
        for (k, b) in bytes.iter().take(PREFIX).enumerate() {
            let value = usize::from(VALUE[usize::from(*b)]);
            rows[n] = (k * VALUES + value) * self.stride;
            n += usize::from(value != VALUES);
        }
        let Memory { sets, allowed, .. } = memory;
        allowed.clear();
        for &(word, mut m) in &sets[found.of(part)] {
            for row in &rows[..n] {
                m &= self.values[row + word as usize];
                if m == 0 {
                    break;
                }
            }
            if m != 0 {
                allowed.push((word, m));
            }
        }
    }

    /// The pattern of a bit of a word of [`Memory::allowed`].
    #[inline]
    pub fn pattern(&self, word: u32, bit: usize) -> u32 {
        self.patterns[word as usize * 64 + bit]
    }

    /// Whether a pattern is among the candidates.
    pub fn is_among(&self, memory: &Memory, found: Candidates, pattern: u32) -> bool {
        let bit = self.bit_of.get(pattern as usize).copied().unwrap_or(NONE);
        memory.sets[found.all()].iter().any(|(word, m)| *word == bit / 64 && m >> (bit % 64) & 1 != 0)
    }
}

/// The most states of a table that are followed at a time.
const MOST_STATES: usize = 48;

impl Shapes {
    /// Whether a match of the pattern with this bit can begin with bytes of these kinds and end where a value may
    /// (`edges::ends`). What is doubtful is allowed.
    fn fits(&self, bit: usize, automaton: Option<&Automaton>, kinds: &[u8; PREFIX]) -> bool {
        let Some(automaton) = automaton else { return true };
        // PERF: two rooms that change places, neither copied nor emptied.
        let (mut states, mut following) = (&mut [0u32; MOST_STATES], &mut [0u32; MOST_STATES]);
        states[0] = automaton.start();
        let samples = self.samples[bit].get_or_init(|| Samples::new(automaton, &self.sets));
        let mut many = 1;
        for (i, &kind) in kinds.iter().enumerate() {
            if kind == ANY {
                return true;
            }
            let (mut n, mut ends) = (0, false);
            for &state in &states[..many] {
                for &b in samples.of(kind) {
                    let Some((next, accepts)) = automaton.step(state, b) else { continue };
                    ends |= accepts;
                    if !following[..n].contains(&next) {
                        if n == MOST_STATES {
                            return true;
                        }
                        following[n] = next;
                        n += 1;
                    }
                }
            }
            let kind_at = |k: usize| kinds.get(k).copied().unwrap_or(ANY);
            if ends && may_end(kind, kind_at(i + 1), kind_at(i + 2)) {
                return true;
            }
            if n == 0 {
                return false;
            }
            (states, following, many) = (following, states, n);
        }
        true
    }
}

/// Whether a value may end with a byte of the kind `last` before bytes of these kinds.
fn may_end(last: u8, next: u8, behind: u8) -> bool {
    let alnum = |k: u8| matches!(k, DIGIT..=LOWER | MIXED..=MIXED_LOWER);
    let word = |k: u8| alnum(k) || k == UNDERSCORE;
    !(word(last) && word(next) || next == HYPHEN && behind == DIGIT || next == DOT && word(last) && behind == DIGIT)
}
