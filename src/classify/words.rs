//! Words near a value: keywords, words that speak against, labels.
//!
//! Every word of a text is hashed once (its letters, in lower case) and looked up in one table of all phrases' beginnings,
//! whoever means them: the number of classifiers does not matter. A word that may begin a phrase is then compared with it
//! ([`edges::phrase_at`]); what is found is remembered for the values near it.

use std::collections::BTreeMap;

use super::definition::Classifier;
use super::edges;
use super::starts::{Start, beginnings, hash_of, next_at};
use super::tables::Forms;

/// How far a word may stand before a value unless the file says otherwise, in bytes.
pub(super) const WITHIN: usize = 40;

/// How far behind a value, in bytes: people write "457-55-5462 (SSN)", but the next line begins there, too.
pub(super) const WITHIN_AFTER: usize = 14;

/// What a word says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    For,
    Against,
}

/// The distances in bytes of the nearest words; `None` where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Nearby {
    pub keyword: Option<usize>,
    pub against: Option<usize>,
}

impl Nearby {
    fn add(&mut self, role: Role, distance: usize) {
        let slot = match role {
            Role::For => &mut self.keyword,
            Role::Against => &mut self.against,
        };
        *slot = Some(slot.map_or(distance, |d| d.min(distance)));
    }

    /// Whether what speaks against stands nearer.
    pub fn is_against(&self) -> bool {
        self.against.is_some_and(|a| self.keyword.is_none_or(|k| a < k))
    }
}

/// A phrase that was found: half-open bytes of the region, and which it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    pub start: u32,
    pub end: u32,
    pub phrase: u32,
}

struct Phrase {
    text: Box<[u8]>,
    /// Patterns whose label it is and which are looked for behind it.
    leads: Box<[u32]>,
    /// Patterns whose label it is and whose values are numbers: these look for it.
    labels: Box<[u32]>,
    /// Patterns that need it near and are looked for around it.
    calls: Box<[u32]>,
    /// Which numbers it can say something about.
    forms: Forms,
}

/// Bits of the first look at a hash.
const FILTER_BITS: u32 = 16;

/// The phrases of all classifiers.
pub(super) struct Words {
    phrases: Vec<Phrase>,
    /// For each phrase `stride` words of bits, a bit a classifier: whose keyword it is, then whom it speaks against.
    sets: Vec<u64>,
    stride: usize,
    filter: Box<[u64]>,
    /// Open addressing by hash.
    slots: Box<[Start]>,
    /// Phrases, each with how it goes on, see [`Start::next`].
    lists: Vec<(u32, u32)>,
    /// For each classifier: bytes before a value, and whether it has words at all.
    reach: Vec<(usize, bool)>,
    longest: usize,
    /// The most bytes before a value at which any word counts.
    widest: usize,
    /// Letters that are words.
    letters: [bool; 256],
}

impl Words {
    /// `labels`: for each label or keyword, in lower case, the patterns that are looked for behind it, those that look for it,
    /// and those that are looked for around it.
    /// `forms`: the numbers that a classifier needs words for; `form`: those of a pattern.
    pub fn new(
        classifiers: &[Classifier],
        mut labels: BTreeMap<String, [Vec<u32>; 3]>,
        forms: impl Fn(usize) -> Forms,
        form: impl Fn(u32) -> Forms,
    ) -> Words {
        let mut words: BTreeMap<String, Vec<(u16, Role)>> = labels.keys().map(|l| (l.clone(), Vec::new())).collect();
        let mut reach = Vec::new();
        for (i, c) in classifiers.iter().enumerate() {
            for (list, role) in [(&c.context.keywords, Role::For), (&c.context.against, Role::Against)] {
                for w in list {
                    words.entry(w.to_lowercase()).or_default().push((i as u16, role));
                }
            }
            let any = !(c.context.keywords.is_empty() && c.context.against.is_empty());
            reach.push((c.context.within.map_or(WITHIN, |w| w as usize), any));
        }
        let stride = classifiers.len().div_ceil(64);
        let mut sets = vec![0u64; 2 * stride * words.len()];
        let mut by_hash: BTreeMap<u64, (Vec<(u32, u32)>, Start)> = BTreeMap::new();
        let mut phrases = Vec::new();
        let mut letters = [false; 256];
        for (n, (text, meaning)) in words.iter().enumerate() {
            for &(c, role) in meaning {
                let c = usize::from(c);
                sets[(2 * n + usize::from(role == Role::Against)) * stride + c / 64] |= 1 << (c % 64);
            }
            let [leads, labels, calls] = labels.remove(text).unwrap_or_default();
            let mut about = Forms::default();
            meaning.iter().filter(|m| m.1 == Role::For).for_each(|m| about.add(forms(usize::from(m.0))));
            labels.iter().for_each(|p| about.add(form(*p)));
            for (b, next) in beginnings(text) {
                if let [one] = b.as_bytes() {
                    letters[usize::from(one.to_ascii_uppercase())] = true;
                    letters[usize::from(*one)] = true;
                }
                let (list, start) = by_hash.entry(hash_of(b.as_bytes(), 0, b.len())).or_default();
                start.next |= next;
                start.leads |= !leads.is_empty() || !calls.is_empty();
                start.forms.add(about);
                match list.last_mut() {
                    Some(last) if last.0 == n as u32 => last.1 |= next,
                    _ => list.push((n as u32, next)),
                }
            }
            phrases.push(Phrase {
                text: text.as_bytes().into(),
                leads: leads.into(),
                labels: labels.into(),
                calls: calls.into(),
                forms: about,
            });
        }
        let mut filter = vec![0u64; 1 << (FILTER_BITS - 6)].into_boxed_slice();
        let room = (2 * by_hash.len()).next_power_of_two().max(2);
        let mut slots = vec![Start::default(); room].into_boxed_slice();
        let mut lists = Vec::new();
        for (hash, (list, start)) in by_hash {
            let f = (hash >> (64 - FILTER_BITS)) as usize;
            filter[f / 64] |= 1 << (f % 64);
            let mut at = (hash >> 20) as usize & (room - 1);
            while slots[at].list.1 != 0 {
                at = (at + 1) & (room - 1);
            }
            slots[at] = Start { hash, list: (lists.len() as u32, (lists.len() + list.len()) as u32), ..start };
            lists.extend(list);
        }
        let longest = phrases.iter().map(|p| p.text.len()).max().unwrap_or(0);
        let widest = reach.iter().filter(|r| r.1).map(|r| r.0).max().unwrap_or(0);
        Words { phrases, sets, stride, filter, slots, lists, reach, longest, widest, letters }
    }

    /// The widest reach of any classifier to either side, with the word itself, in bytes.
    pub fn context(&self) -> usize {
        // Between the words of a phrase there may be other signs than its blanks, and longer ones.
        self.widest.max(WITHIN_AFTER) + 2 * self.longest
    }

    /// The most bytes before a value at which a word that says something about it can begin.
    pub fn reach(&self) -> usize {
        self.widest.max(2 * self.longest + edges::LONGEST_GAP)
    }

    /// How many words of bits a set of classifiers takes.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// What is known of the phrases that may begin with the run of letters `[start, end)`, at least one byte long, and go on as
    /// the text does.
    #[inline]
    pub fn start(&self, bytes: &[u8], start: usize, end: usize) -> Option<&Start> {
        let h = hash_of(bytes, start, end);
        let f = (h >> (64 - FILTER_BITS)) as usize;
        if self.filter[f / 64] & 1 << (f % 64) == 0 {
            return None;
        }
        self.known(h, bytes, start, end)
    }

    #[inline(never)]
    fn known(&self, hash: u64, bytes: &[u8], start: usize, end: usize) -> Option<&Start> {
        if end - start == 1 && !self.letters[usize::from(bytes[start])] {
            return None;
        }
        self.slot(hash).map(|at| &self.slots[at]).filter(|s| s.next & next_at(bytes, end) != 0)
    }

    /// The number of what is known of the phrases that begin with a word, whatever stands behind it; 0: there are none.
    pub fn start_of(&self, word: &[u8]) -> u32 {
        match word {
            [one] if !self.letters[usize::from(*one)] => 0,
            _ => self.slot(hash_of(word, 0, word.len())).map_or(0, |at| at as u32 + 1),
        }
    }

    /// How the phrases of a number of [`Words::start_of`] go on, see [`Start::next`].
    pub fn next_of(&self, number: u32) -> u32 {
        if number == 0 { 0 } else { self.slots[number as usize - 1].next }
    }

    /// What has a number of [`Words::start_of`], not 0.
    #[inline]
    pub fn numbered(&self, number: u32) -> &Start {
        &self.slots[number as usize - 1]
    }

    /// The phrases that begin with the run of letters `[start, end)`, at least one byte long.
    #[inline]
    pub fn look_up<'a>(&'a self, bytes: &'a [u8], start: usize, end: usize) -> impl Iterator<Item = Hit> + use<'a> {
        let list = self.start(bytes, start, end).map_or(&[][..], |s| &self.lists[s.list.0 as usize..s.list.1 as usize]);
        let next = if list.is_empty() { 0 } else { next_at(bytes, end) };
        list.iter().filter(move |l| l.1 & next != 0).filter_map(move |&(n, _)| {
            let end = edges::phrase_at(bytes, start, &self.phrases[n as usize].text)?;
            Some(Hit { start: start as u32, end: end as u32, phrase: n })
        })
    }

    fn slot(&self, h: u64) -> Option<usize> {
        let mut at = (h >> 20) as usize & (self.slots.len() - 1);
        loop {
            let start = &self.slots[at];
            if start.list.1 == 0 {
                return None;
            }
            if start.hash == h {
                return Some(at);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    /// Which numbers a phrase can say something about.
    #[inline]
    pub fn forms(&self, phrase: u32) -> Forms {
        self.phrases[phrase as usize].forms
    }

    /// The patterns that are looked for behind a phrase.
    pub fn leads(&self, phrase: u32) -> &[u32] {
        &self.phrases[phrase as usize].leads
    }

    /// The patterns of numbers whose label a phrase is.
    pub fn labels(&self, phrase: u32) -> &[u32] {
        &self.phrases[phrase as usize].labels
    }

    /// The patterns that are looked for around a phrase.
    pub fn calls(&self, phrase: u32) -> &[u32] {
        &self.phrases[phrase as usize].calls
    }

    /// How many bytes before a value a classifier's words may begin.
    pub fn reach_of(&self, classifier: u16) -> usize {
        self.reach[usize::from(classifier)].0
    }

    /// The classifiers whose keyword the phrase is, a bit each.
    pub fn speaks_for(&self, phrase: u32) -> &[u64] {
        let from = 2 * phrase as usize * self.stride;
        &self.sets[from..from + self.stride]
    }

    /// What the words near `[start, end)` say to `classifier`. `hits`: those of the region that mean something, by start, none
    /// left out from `widest` bytes before the value on.
    pub fn near(&self, hits: &[Hit], start: usize, end: usize, classifier: u16) -> Nearby {
        let mut found = Nearby::default();
        let c = usize::from(classifier);
        let Some(&(reach, true)) = self.reach.get(c) else { return found };
        let (from, to) = (start.saturating_sub(reach), end + WITHIN_AFTER);
        for h in hits.iter().take_while(|h| (h.start as usize) < to) {
            let (s, e) = (h.start as usize, h.end as usize);
            if s < from {
                continue;
            }
            let distance = if e <= start {
                start - e
            } else if s >= end && e <= to {
                s - end
            } else {
                continue;
            };
            let at = 2 * h.phrase as usize * self.stride + c / 64;
            if self.sets[at] & 1 << (c % 64) != 0 {
                found.add(Role::For, distance);
            }
            if self.sets[at + self.stride] & 1 << (c % 64) != 0 {
                found.add(Role::Against, distance);
            }
        }
        found
    }
}

/// The same by looking at every position for every word.
pub(super) fn near_naive(c: &Classifier, bytes: &[u8], start: usize, end: usize) -> Nearby {
    let mut found = Nearby::default();
    let from = start.saturating_sub(c.context.within.map_or(WITHIN, |w| w as usize));
    let to = end + WITHIN_AFTER;
    for (list, role) in [(&c.context.keywords, Role::For), (&c.context.against, Role::Against)] {
        for word in list {
            let word = word.to_lowercase();
            for p in from..bytes.len().min(to) {
                let Some(e) = edges::phrase_at(bytes, p, word.as_bytes()) else { continue };
                if e <= start {
                    found.add(role, start - e);
                } else if p >= end && e <= to {
                    found.add(role, p - end);
                }
            }
        }
    }
    found
}
