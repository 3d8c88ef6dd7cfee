//! Words near a value: keywords, words that speak against, labels.
//!
//! Every word of a text is hashed once (its letters, whatever their case) and looked up in one table of all phrases' beginnings,
//! whoever means them: the number of classifiers does not matter. A word that may begin a phrase is then compared with it
//! ([`edges::phrase_at`]); what is found is remembered for the values near it.

use super::definition::Classifier;
use super::edges;
use super::labels;
use super::letters;
use super::phrases::Phrases;
use super::starts::{Start, beginnings, hash_of, hash_of_folded, next_at};
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

/// What a pattern has a phrase for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// It is its label, and the pattern is looked for behind it.
    Leads,
    /// It is its label, and its values are numbers: these look for it.
    Labels,
    /// It needs it near, and is looked for around it.
    Calls,
}

struct Phrase {
    /// Where in `texts` it is.
    text: (u32, u32),
    /// Where in `users` its patterns of each [`Use`] begin, and end.
    users: [u32; 4],
    /// Which numbers it can say something about.
    forms: Forms,
}

/// Bits of the first look at a hash.
const FILTER_BITS: u32 = 16;

/// The phrases of all classifiers.
pub(super) struct Words {
    phrases: Vec<Phrase>,
    texts: Vec<u8>,
    users: Vec<u32>,
    /// For each phrase `stride` words of bits, a bit a classifier: whose keyword it is, then whom it speaks against.
    sets: Vec<u64>,
    stride: usize,
    filter: Box<[u64]>,
    /// Open addressing by hash: numbers of `starts`, 0 for none.
    slots: Box<[u32]>,
    /// What is known of each beginning, numbered from 1 on.
    starts: Vec<Start>,
    /// Phrases, each with how it goes on, see [`Start::next`].
    lists: Vec<(u32, u32)>,
    /// For each classifier: bytes before a value, and whether it has words at all.
    reach: Vec<(usize, bool)>,
    /// The most bytes of a text that are one of them.
    longest: usize,
    /// The most bytes before a value at which any word counts.
    widest: usize,
    /// Letters that are words.
    alone: [bool; 256],
}

impl Words {
    /// `uses`: the labels and keywords of patterns, in their order, and what for; `forms`: the numbers that a classifier needs words for;
    /// `form`: those of a pattern.
    pub fn new(
        classifiers: &[Classifier],
        uses: &[(&str, Use, u32)],
        forms: impl Fn(usize) -> Forms,
        form: impl Fn(u32) -> Forms,
    ) -> Words {
        let (mut all, mut meanings) = (Phrases::new(classifiers), Vec::new());
        let mut reach = Vec::with_capacity(classifiers.len());
        for (i, c) in classifiers.iter().enumerate() {
            for (list, role) in [(&c.context.keywords, Role::For), (&c.context.against, Role::Against)] {
                meanings.extend(list.iter().map(|w| (all.number(w), i as u16, role)));
            }
            let any = !(c.context.keywords.is_empty() && c.context.against.is_empty());
            reach.push((c.context.within.map_or(WITHIN, |w| w as usize), any));
        }
        let uses: Vec<(u32, Use, u32)> = uses.iter().map(|(text, of, pattern)| (all.number(text), *of, *pattern)).collect();
        let (all, place) = all.sorted();
        let place = |number: u32| place[number as usize] as usize;
        let stride = classifiers.len().div_ceil(64);
        let mut sets = vec![0u64; 2 * stride * all.len()];
        let mut about = vec![Forms::default(); all.len()];
        for (number, c, role) in meanings {
            let (n, c) = (place(number), usize::from(c));
            sets[(2 * n + usize::from(role == Role::Against)) * stride + c / 64] |= 1 << (c % 64);
            if role == Role::For {
                about[n].add(forms(c));
            }
        }
        // The patterns of each phrase and use, one behind another.
        let mut ends = vec![0u32; 3 * all.len() + 1];
        uses.iter().for_each(|(number, of, _)| ends[3 * place(*number) + *of as usize + 1] += 1);
        for i in 1..ends.len() {
            ends[i] += ends[i - 1];
        }
        let (mut next, mut users) = (ends.clone(), vec![0; uses.len()]);
        for (number, of, pattern) in uses {
            let at = &mut next[3 * place(number) + of as usize];
            users[*at as usize] = pattern;
            *at += 1;
            if of == Use::Labels {
                about[place(number)].add(form(pattern));
            }
        }
        let (mut phrases, mut texts, mut alone) = (Vec::with_capacity(all.len()), Vec::new(), [false; 256]);
        // Hash of a beginning, phrase, how that goes on.
        let mut begun: Vec<(u64, u32, u32)> = Vec::with_capacity(3 * all.len());
        let mut joined = String::new();
        for (n, text) in all.iter().enumerate() {
            beginnings(text, &mut joined, |b, next| {
                if let [one] = b.as_bytes() {
                    alone[usize::from(one.to_ascii_uppercase())] = true;
                    alone[usize::from(*one)] = true;
                }
                begun.push((hash_of_folded(b), n as u32, next));
            });
            let from = texts.len() as u32;
            texts.extend_from_slice(text.as_bytes());
            let users = std::array::from_fn(|i| ends[3 * n + i]);
            phrases.push(Phrase { text: (from, texts.len() as u32), users, forms: about[n] });
        }
        let mut filter = vec![0u64; 1 << (FILTER_BITS - 6)].into_boxed_slice();
        let room = (2 * begun.len()).next_power_of_two().max(2);
        let mut slots = vec![0u32; room].into_boxed_slice();
        let mut starts: Vec<Start> = Vec::with_capacity(begun.len());
        // Each start's beginnings are counted first, then listed one behind another, in the order of phrases.
        for (hash, n, next) in &mut begun {
            let mut at = (*hash >> 20) as usize & (room - 1);
            while slots[at] != 0 && starts[slots[at] as usize - 1].hash != *hash {
                at = (at + 1) & (room - 1);
            }
            if slots[at] == 0 {
                let f = (*hash >> (64 - FILTER_BITS)) as usize;
                filter[f / 64] |= 1 << (f % 64);
                starts.push(Start { hash: *hash, ..Start::default() });
                slots[at] = starts.len() as u32;
            }
            let start = &mut starts[slots[at] as usize - 1];
            let [leads, labels, calls, end] = phrases[*n as usize].users;
            start.next |= *next;
            start.leads |= leads < labels || calls < end;
            start.forms.add(about[*n as usize]);
            start.list.1 += 1;
            *hash = slots[at].into();
        }
        let mut from = 0;
        for start in &mut starts {
            let count = start.list.1;
            start.list = (from, from);
            from += count;
        }
        let mut lists = vec![(0, 0); begun.len()];
        for (number, n, next) in begun {
            let list = &mut starts[number as usize - 1].list;
            match lists[list.0 as usize..list.1 as usize].last_mut() {
                Some((last, how)) if *last == n => *how |= next,
                _ => {
                    lists[list.1 as usize] = (n, next);
                    list.1 += 1;
                }
            }
        }
        let longest = edges::longest_text(all.iter().map(|text| &**text));
        let widest = reach.iter().filter(|r| r.1).map(|r| r.0).max().unwrap_or(0);
        Words { phrases, texts, users, sets, stride, filter, slots, starts, lists, reach, longest, widest, alone }
    }

    /// The widest reach of any classifier to either side, with the word itself, in bytes.
    pub fn context(&self) -> usize {
        self.widest.max(WITHIN_AFTER) + self.longest
    }

    /// The most bytes before a value at which a word that says something about it can begin.
    pub fn reach(&self) -> usize {
        self.widest.max(self.longest + labels::LONGEST_GAP)
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
        if end - start == 1 && !self.alone[usize::from(bytes[start])] {
            return None;
        }
        self.slot(hash).map(|n| self.numbered(n)).filter(|s| s.next & next_at(bytes, end) != 0)
    }

    /// The number of what is known of the phrases that begin with a word, whatever stands behind it; 0: there are none.
    pub fn start_of(&self, word: &[u8]) -> u32 {
        match word {
            [one] if !self.alone[usize::from(*one)] => 0,
            _ => self.slot(hash_of(word, 0, word.len())).unwrap_or(0),
        }
    }

    /// How the phrases of a number of [`Words::start_of`] go on, see [`Start::next`].
    pub fn next_of(&self, number: u32) -> u32 {
        if number == 0 { 0 } else { self.numbered(number).next }
    }

    /// What has a number of [`Words::start_of`], not 0.
    #[inline]
    pub fn numbered(&self, number: u32) -> &Start {
        &self.starts[number as usize - 1]
    }

    /// The phrases that begin with the run of letters `[start, end)`, at least one byte long.
    #[inline]
    pub fn look_up<'a>(&'a self, bytes: &'a [u8], start: usize, end: usize) -> impl Iterator<Item = Hit> + use<'a> {
        let list = self.start(bytes, start, end).map_or(&[][..], |s| &self.lists[s.list.0 as usize..s.list.1 as usize]);
        let next = if list.is_empty() { 0 } else { next_at(bytes, end) };
        list.iter().filter(move |l| l.1 & next != 0).filter_map(move |&(n, _)| {
            let (from, to) = self.phrases[n as usize].text;
            let end = edges::phrase_at(bytes, start, &self.texts[from as usize..to as usize])?;
            Some(Hit { start: start as u32, end: end as u32, phrase: n })
        })
    }

    fn slot(&self, h: u64) -> Option<u32> {
        let mut at = (h >> 20) as usize & (self.slots.len() - 1);
        loop {
            match self.slots[at] {
                0 => return None,
                number if self.numbered(number).hash == h => return Some(number),
                _ => at = (at + 1) & (self.slots.len() - 1),
            }
        }
    }

    /// Which numbers a phrase can say something about.
    #[inline]
    pub fn forms(&self, phrase: u32) -> Forms {
        self.phrases[phrase as usize].forms
    }

    fn users(&self, phrase: u32, of: Use) -> &[u32] {
        let users = &self.phrases[phrase as usize].users;
        &self.users[users[of as usize] as usize..users[of as usize + 1] as usize]
    }

    /// The patterns that are looked for behind a phrase.
    pub fn leads(&self, phrase: u32) -> &[u32] {
        self.users(phrase, Use::Leads)
    }

    /// The patterns of numbers whose label a phrase is.
    pub fn labels(&self, phrase: u32) -> &[u32] {
        self.users(phrase, Use::Labels)
    }

    /// The patterns that are looked for around a phrase.
    pub fn calls(&self, phrase: u32) -> &[u32] {
        self.users(phrase, Use::Calls)
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
            let word = letters::fold(word);
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
