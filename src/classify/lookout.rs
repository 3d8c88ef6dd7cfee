//! Where a search takes place in the marks, and the words near a value, looked up when they are asked for.

use super::facts::RUN;
use super::glance::Glances;
use super::marks::{Mark, bits};
use super::starts::{Start, next_at};
use super::tables::{Engine, Forms};
use super::words::{Hit, WITHIN_AFTER, Words};

/// Where a region lies in marks, half-open, and where in it values may begin.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub from: usize,
    pub to: usize,
    pub begin: usize,
    pub end: usize,
}

impl Place {
    /// The blocks that it reaches into.
    pub fn blocks(&self) -> std::ops::Range<usize> {
        self.from / 64..self.to.div_ceil(64)
    }

    /// Its bits in a block.
    #[inline]
    pub fn range(&self, block: usize) -> u64 {
        let low = if block == self.from / 64 { u64::MAX << (self.from % 64) } else { u64::MAX };
        let high = if block == self.to / 64 { !(u64::MAX << (self.to % 64)) } else { u64::MAX };
        low & high
    }
}

/// The words near a value that say something about it, looked up when they are asked for.
pub(super) struct Lookout<'a> {
    pub words: &'a Words,
    /// None where there is no word at all.
    pub hits: Option<&'a mut Vec<Hit>>,
    pub marks: &'a [Mark],
    pub place: Place,
    pub shift: usize,
    pub bytes: &'a [u8],
    /// What words there are, by the blocks that the region reaches into.
    pub heard: &'a [Heard],
    /// Where in the marks words were looked up, half-open.
    pub from: usize,
    pub to: usize,
    /// Where in `hits` those near the last value begin.
    pub nearest: usize,
}

/// What the words of 64 bytes are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Heard {
    /// Those with which phrases may begin.
    pub words: u64,
    /// Those behind or around which patterns may be looked for.
    pub leads: u64,
    /// Tokens that begin with a letter and that the value of a pattern may begin with, a name, or an address.
    pub begins: u64,
    pub names: u64,
    pub streets: u64,
    /// Which numbers the words can say something about.
    pub forms: Forms,
}

impl Heard {
    /// A word, at the place `one`, that may begin a phrase.
    fn add(&mut self, one: u64, start: &Start) {
        self.words |= one;
        self.leads |= if start.leads { one } else { 0 };
        self.forms.add(start.forms);
    }
}

/// Hears all words of a region: `heard` is overwritten.
// PERF: every word of every text comes by here.
pub(super) fn listen(
    engine: &Engine,
    marks: &[Mark],
    bytes: &[u8],
    (place, shift): (Place, usize),
    glances: &mut Glances,
    heard: &mut Vec<Heard>,
) {
    let words = &engine.words;
    heard.clear();
    for b in place.blocks() {
        let m = &marks[b];
        let mut h = Heard::default();
        let range = place.range(b);
        let (letters, starts) = (m.letters & range, m.starts & range);
        let none = Mark::default();
        let next = marks.get(b + 1).unwrap_or(&none);
        // Tokens that go on in the next block, or behind the region.
        let beyond = place.to.min(b * 64 + 64) - b * 64;
        // Most tokens are words, and no other word begins where they end: there both end.
        let (ends, both) = (m.stops | !m.word, m.stops & !m.word);
        for bit in bits(letters | starts) {
            let at = b * 64 + bit;
            let one = 1u64 << bit;
            let run = (ends >> bit & !1).trailing_zeros() as usize;
            let (is_plain, run) = match bit + run < beyond {
                true => (both >> (bit + run) & 1 != 0, run),
                false => (ends_as_word(m, next, bit, place.to - at), run_of(marks, at, place.to)),
            };
            if is_plain
                && letters & starts & one != 0
                && let Some(glance) = glances.of(engine, bytes, at - shift, run)
            {
                if glance.is_calm(bytes.get(at - shift + run)) {
                    continue;
                }
                let glance = *glance;
                let begins = glances.begins(glance, engine, marks, bytes, (place, shift), (at, run));
                h.begins |= u64::from(begins.values) << bit;
                h.names |= u64::from(begins.names) << bit;
                h.streets |= u64::from(begins.streets) << bit;
                if glance.phrases != 0 && glance.next & next_at(bytes, at - shift + run) != 0 {
                    h.add(one, words.numbered(glance.phrases));
                }
                continue;
            }
            if letters & one != 0 {
                h.begins |= one;
                h.names |= one;
                h.streets |= one;
            }
            if starts & one != 0 {
                each_word(marks, bytes, at, place.to, shift, |end| {
                    if let Some(start) = words.start(bytes, at - shift, end - shift) {
                        h.add(one, start);
                    }
                });
            }
        }
        heard.push(h);
    }
}

/// Whether the run of word bytes at `bit` of a block, with what stands in the next one, up to `left` bytes, ends where a word ends and not
/// before.
fn ends_as_word(m: &Mark, next: &Mark, bit: usize, left: usize) -> bool {
    // Two shifts: one of 64 would be none.
    let ahead = |here: u64, next: u64| here >> bit | next << 1 << (63 - bit);
    let run = ((!ahead(m.word, next.word)).trailing_zeros() as usize).min(left);
    let stop = ((ahead(m.stops, next.stops) & !1).trailing_zeros() as usize).min(left);
    run == stop
}

/// First bytes of characters of three bytes or more: words of these scripts have no blanks between them.
const WIDE: u8 = 0xe0;

/// Whether a bit of `mask` is set in `[from, to)`.
#[inline]
pub(super) fn any(marks: &[Mark], from: usize, to: usize, mask: impl Fn(&Mark) -> u64) -> bool {
    let place = Place { from, to, begin: from, end: to };
    from < to && place.blocks().any(|b| mask(&marks[b]) & place.range(b) != 0)
}

impl Lookout<'_> {
    /// Whether a word that begins in the region's bytes `[start - reach, end + WITHIN_AFTER)` may say something about numbers of a form:
    /// its word and bit of [`Forms`].
    #[inline]
    pub fn hears(&self, start: usize, end: usize, word: usize, bit: u32) -> bool {
        let first = self.place.from / 64;
        let from = (start + self.shift).saturating_sub(self.words.reach()).max(self.place.from) / 64 - first;
        let to = (end + self.shift + WITHIN_AFTER).div_ceil(64).saturating_sub(first).min(self.heard.len());
        self.heard[from.min(to)..to].iter().fold(0, |m, h| m | h.forms.0[word]) >> bit & 1 != 0
    }

    /// Which numbers the words can say something about near a block of the marks: near each place in it, or up to [`BEFORE`] bytes before it,
    /// from which on values are at most `longest` bytes long.
    #[inline]
    pub fn forms_near(&self, block: usize, longest: usize) -> Forms {
        let first = self.place.from / 64;
        let from = (block * 64).saturating_sub(self.words.reach() + BEFORE).max(self.place.from) / 64 - first;
        let to = (block * 64 + 64 + longest + WITHIN_AFTER).div_ceil(64).saturating_sub(first).min(self.heard.len());
        let mut forms = Forms::default();
        self.heard[from.min(to)..to].iter().for_each(|h| forms.add(h.forms));
        forms
    }

    /// The words that begin in the region's bytes `[start - reach, end + WITHIN_AFTER)`, and some before it.
    pub fn around(&mut self, start: usize, end: usize) -> &[Hit] {
        let Some(hits) = &mut self.hits else { return &[] };
        let reach = self.words.reach();
        let from = (start + self.shift).saturating_sub(reach).max(self.place.from);
        let to = (end + self.shift + WITHIN_AFTER).min(self.place.to);
        if from < self.from || from > self.to {
            hits.clear();
            (self.from, self.to, self.nearest) = (from, from, 0);
        }
        if to > self.to {
            let range = Place { from: self.to, to, ..self.place };
            for b in range.blocks() {
                for bit in bits(self.heard[b - self.place.from / 64].words & range.range(b)) {
                    let at = b * 64 + bit;
                    each_word(self.marks, self.bytes, at, self.place.to, self.shift, |end| {
                        for hit in self.words.look_up(self.bytes, at - self.shift, end - self.shift) {
                            if hits.last().is_none_or(|l| (l.start, l.phrase) != (hit.start, hit.phrase)) {
                                hits.push(hit);
                            }
                        }
                    });
                }
            }
            self.to = to;
        }
        let far = |h: &Hit| (h.start as usize) + reach < start;
        while hits[..self.nearest].last().is_some_and(|h| !far(h)) {
            self.nearest -= 1;
        }
        while hits.get(self.nearest).is_some_and(far) {
            self.nearest += 1;
        }
        &hits[self.nearest..]
    }
}

/// Calls `look` with the end of the word that begins at `at`, and of what it makes with the words behind it in one
/// camelCase name (`eMail`).
#[inline]
pub(super) fn each_word(marks: &[Mark], bytes: &[u8], at: usize, to: usize, shift: usize, mut look: impl FnMut(usize)) {
    let first = bytes[at - shift];
    if first >= WIDE {
        return look((at + if first >= 0xf0 { 4 } else { 3 }).min(to));
    }
    let mut end = at;
    for _ in 0..MOST_PARTS {
        end = stop_after(marks, end, to);
        look(end);
        if end >= to || marks[end / 64].starts >> (end % 64) & 1 == 0 {
            break;
        }
    }
}

/// So far before a number may values begin with it that are looked for with it.
pub(super) const BEFORE: usize = 16;

/// More words of a camelCase name are not looked up together.
const MOST_PARTS: usize = 6;

/// How many word bytes stand from `at` on, up to [`RUN`]; none from `to` on.
#[inline]
pub(super) fn run_of(marks: &[Mark], at: usize, to: usize) -> usize {
    let bit = at % 64;
    let mut word = marks[at / 64].word >> bit;
    if bit > 64 - RUN
        && let Some(next) = marks.get(at / 64 + 1)
    {
        word |= next.word << (64 - bit);
    }
    (word.trailing_ones() as usize).min(RUN).min(to - at)
}

/// Where tokens begin in `[from, to)`, less than 64 bytes.
#[inline]
pub(super) fn tokens_in(marks: &[Mark], from: usize, to: usize) -> impl Iterator<Item = usize> + use<> {
    let bit = from % 64;
    let mut tokens = marks[from / 64].tokens >> bit;
    if bit > 0
        && let Some(next) = marks.get(from / 64 + 1)
    {
        tokens |= next.tokens << (64 - bit);
    }
    bits(tokens & !(u64::MAX << (to - from))).map(move |i| from + i)
}

/// The first byte behind `at` that ends a word; `to` if there is none before.
#[inline]
pub(super) fn stop_after(marks: &[Mark], at: usize, to: usize) -> usize {
    let mut block = at / 64;
    // Two shifts: one of 64 would be none.
    let mut stops = marks[block].stops & (u64::MAX << (at % 64) << 1);
    while stops == 0 {
        block += 1;
        if block * 64 >= to {
            return to;
        }
        stops = marks[block].stops;
    }
    (block * 64 + stops.trailing_zeros() as usize).min(to)
}
