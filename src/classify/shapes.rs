//! Which patterns can begin where a number, a mixed token or a sign before a number stands: by the kinds of the bytes there.
//!
//! The kinds of the first [`PREFIX`] bytes (digit, capital, each separator of its own …) are one key. For each position and
//! kind a row of bits says which patterns allow it; the patterns that all rows allow are the candidates. Texts repeat a few
//! hundred keys again and again, so that a memory of keys answers nearly all questions with one look.

use super::definition::Requires;
use super::pattern::{ByteSet, PREFIX, Pattern, RUN};

// Kinds of bytes. 0 is the end of the text.
const DIGIT: u8 = 1;
const UPPER: u8 = 2;
const LOWER: u8 = 3;
const UNDERSCORE: u8 = 4;
const BLANK: u8 = 6;
const OPEN: u8 = 10;
const CLOSE: u8 = 11;
const PLUS: u8 = 12;
const OTHER: u8 = 14;
const HIGH: u8 = 15;
/// A letter or a digit, of a token in which they alternate.
const MIXED: u8 = 16;
/// Not looked at: any byte.
const ANY: u8 = 17;
const KINDS: usize = 18;

/// Signs with a kind of their own, from 4 on: what is found between the groups of numbers, and before them.
const SIGNS: &[u8; 10] = b"_- ./:()+,";

const fn kinds() -> [u8; 256] {
    let mut t = [OTHER; 256];
    let mut b = 0;
    while b < 256 {
        let c = b as u8;
        t[b] = match c {
            b'0'..=b'9' => DIGIT,
            b'A'..=b'Z' => UPPER,
            b'a'..=b'z' => LOWER,
            0x80.. => HIGH,
            _ => OTHER,
        };
        let mut i = 0;
        while i < SIGNS.len() {
            if SIGNS[i] == c {
                t[b] = 4 + i as u8;
            }
            i += 1;
        }
        b += 1;
    }
    t
}

static KIND: [u8; 256] = kinds();

fn bytes_of(kind: u8) -> ByteSet {
    let mut set = ByteSet::default();
    let is = |b: u8| match kind {
        MIXED => b.is_ascii_alphanumeric(),
        ANY => true,
        _ => KIND[usize::from(b)] == kind,
    };
    (0..=u8::MAX).filter(|b| is(*b)).for_each(|b| set.insert(b));
    set
}

/// What the bytes at a place look like: the kinds of [`PREFIX`] bytes, the first one lowest, and the length of the first run
/// of word bytes (up to [`RUN`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    kinds: u128,
    run: u32,
}

impl Key {
    const NONE: Key = Key { kinds: 0, run: u32::MAX };

    /// The key of the place at `at`; `run`: how many word bytes stand there.
    #[inline]
    pub fn of(bytes: &[u8], at: usize, run: usize) -> Key {
        let mut kinds = [0u8; PREFIX];
        let (mut before, mut turns) = (0, 0);
        for (i, b) in bytes[at..bytes.len().min(at + PREFIX)].iter().enumerate() {
            let kind = KIND[usize::from(*b)];
            kinds[i] = kind;
            if i > run.max(1) - 1 {
                // What follows anything but a separator, and anything but a group behind a separator, is other text.
                if kind >= OTHER || !is_word(before) && i > run.max(1) && !goes_on(before, kind) {
                    kinds[i + 1..].fill(ANY);
                    break;
                }
            }
            turns += u32::from(before ^ kind < 4 && (before == DIGIT) != (kind == DIGIT) && before != 0 && before < 4);
            before = kind;
        }
        // Letters and digits that alternate: which stands where is chance (identifiers, hashes).
        if turns > 1 {
            kinds.iter_mut().filter(|k| (DIGIT..=LOWER).contains(*k)).for_each(|k| *k = MIXED);
        }
        Key { kinds: u128::from_le_bytes(kinds), run: run.min(RUN) as u32 }
    }

    #[inline]
    fn slot(self) -> usize {
        let folded = self.kinds as u64 ^ ((self.kinds >> 64) as u64).rotate_left(29) ^ (u64::from(self.run) << 57);
        (folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - MEMORY_BITS)) as usize
    }
}

fn is_word(kind: u8) -> bool {
    matches!(kind, DIGIT..=UNDERSCORE)
}

/// Whether a number may go on with `kind` behind a separator.
fn goes_on(separator: u8, kind: u8) -> bool {
    matches!(kind, DIGIT | UPPER | OPEN | CLOSE | PLUS) || (separator == CLOSE && kind == BLANK)
}

/// For each position and kind, which patterns allow it; then those that allow each length of the first run.
pub(super) struct Shapes {
    /// The patterns, in the order of bits.
    patterns: Vec<u32>,
    stride: usize,
    rows: Vec<u64>,
    runs: Vec<u64>,
}

/// The candidates of a key, in three parts of [`Memory::lists`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Candidates {
    from: u32,
    free: u16,
    quiet: u16,
    bound: u16,
    /// The most bytes that one of them can match.
    pub longest: u16,
}

impl Candidates {
    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.free == 0 && self.quiet == 0 && self.bound == 0
    }
}

const MEMORY_BITS: u32 = 11;

/// What a thread remembers of keys.
pub(super) struct Memory {
    slots: Box<[(Key, Candidates)]>,
    lists: Vec<u32>,
}

/// So many entries, and the memory starts anew.
const MOST_ENTRIES: usize = 1 << 18;

impl Memory {
    pub fn new() -> Memory {
        Memory { slots: vec![(Key::NONE, Candidates::default()); 1 << MEMORY_BITS].into(), lists: Vec::new() }
    }

    /// Patterns that are reported without anything near them.
    pub fn free(&self, c: Candidates) -> &[u32] {
        &self.lists[c.from as usize..][..usize::from(c.free)]
    }

    /// Patterns that need no word, but say little alone.
    pub fn quiet(&self, c: Candidates) -> &[u32] {
        &self.lists[c.from as usize + usize::from(c.free)..][..usize::from(c.quiet)]
    }

    /// Patterns that need a word near, or a column's name.
    pub fn bound(&self, c: Candidates) -> &[u32] {
        &self.lists[c.from as usize + usize::from(c.free) + usize::from(c.quiet)..][..usize::from(c.bound)]
    }
}

impl Shapes {
    /// Of those of `patterns` that `chosen` lists.
    pub fn new(patterns: &[Pattern], chosen: Vec<u32>) -> Shapes {
        let stride = chosen.len().div_ceil(64);
        let sets: Vec<ByteSet> = (0..KINDS as u8).map(bytes_of).collect();
        let mut rows = vec![0u64; PREFIX * KINDS * stride];
        let mut runs = vec![0u64; (RUN + 1) * stride];
        for (bit, &p) in chosen.iter().enumerate() {
            let p = &patterns[p as usize];
            let one = 1u64 << (bit % 64);
            for (k, prefix) in p.prefix.iter().enumerate() {
                for (kind, set) in sets.iter().enumerate() {
                    let allowed = if kind == 0 { p.min_len <= k } else { prefix.meets(set) };
                    if allowed {
                        rows[(k * KINDS + kind) * stride + bit / 64] |= one;
                    }
                }
            }
            for (run, row) in runs.chunks_mut(stride).enumerate() {
                if p.runs >> run & 1 != 0 {
                    row[bit / 64] |= one;
                }
            }
        }
        Shapes { patterns: chosen, stride, rows, runs }
    }

    /// The candidates at a place of this key, remembered in `memory`.
    #[inline]
    pub fn candidates(&self, patterns: &[Pattern], memory: &mut Memory, key: Key) -> Candidates {
        let slot = key.slot();
        let (known, candidates) = memory.slots[slot];
        if known == key {
            return candidates;
        }
        let candidates = self.search(patterns, memory, key);
        memory.slots[slot] = (key, candidates);
        candidates
    }

    #[inline(never)]
    fn search(&self, patterns: &[Pattern], memory: &mut Memory, key: Key) -> Candidates {
        if memory.lists.len() > MOST_ENTRIES {
            memory.lists.clear();
            memory.slots.fill((Key::NONE, Candidates::default()));
        }
        let from = memory.lists.len();
        for w in 0..self.stride {
            let mut m = self.runs[key.run as usize * self.stride + w];
            for (k, kind) in key.kinds.to_le_bytes().into_iter().enumerate() {
                if kind == ANY || m == 0 {
                    break;
                }
                m &= self.rows[(k * KINDS + usize::from(kind)) * self.stride + w];
                if kind == 0 {
                    break;
                }
            }
            while m != 0 {
                memory.lists.push(self.patterns[w * 64 + m.trailing_zeros() as usize]);
                m &= m - 1;
            }
        }
        let found = &mut memory.lists[from..];
        let part = |p: u32| {
            let p = &patterns[p as usize];
            (p.requires == Requires::Context, p.is_quiet())
        };
        found.sort_by_key(|&p| (part(p), p));
        let quiet = found.iter().filter(|&&p| part(p).1).count();
        let bound = found.iter().filter(|&&p| part(p).0).count();
        let longest = found.iter().map(|&p| patterns[p as usize].max_len).max().unwrap_or(0);
        Candidates {
            from: from as u32,
            free: (found.len() - quiet - bound) as u16,
            quiet: quiet as u16,
            bound: bound as u16,
            longest: longest.min(usize::from(u16::MAX)) as u16,
        }
    }
}
