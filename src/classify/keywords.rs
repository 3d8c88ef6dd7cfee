//! Words near a value.
//!
//! All keywords of all classifiers are one Aho-Corasick automaton. It runs only over the bytes around candidates that need
//! it, and remembers what it found, so that candidates close together pay once.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind};

use super::definition::Classifier;
use super::edges;

/// How far a word may stand before a value unless the file says otherwise, in bytes.
pub(super) const WITHIN: usize = 40;

/// How far behind a value, in bytes: people write "457-55-5462 (SSN)", but the next line begins there, too.
pub(super) const WITHIN_AFTER: usize = 14;

/// What a word says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
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

/// The words of all classifiers.
pub(super) struct Keywords {
    automaton: Option<AhoCorasick>,
    /// For each pattern of the automaton: classifiers that mean it.
    meaning: Vec<Vec<(u16, Role)>>,
    /// For each classifier: bytes before a value, and whether it has words at all.
    reach: Vec<(usize, bool)>,
    longest: usize,
    /// Whether there is a letter in every word: where there is none, there is no word.
    letters: bool,
}

/// What has been searched for keywords already.
#[derive(Default)]
pub(super) struct Window {
    from: usize,
    to: usize,
    /// start, end, pattern; by end.
    hits: Vec<(u32, u32, u32)>,
}

impl Window {
    /// Forgets everything: other bytes follow.
    pub fn clear(&mut self) {
        self.from = 0;
        self.to = 0;
        self.hits.clear();
    }
}

/// The spellings of a phrase that the automaton looks for.
fn spellings(phrase: &str) -> Vec<String> {
    let phrase = phrase.to_ascii_lowercase();
    if !phrase.contains(' ') {
        return vec![phrase];
    }
    ["", " ", "_", "-", "."].iter().map(|j| phrase.replace(' ', j)).collect()
}

impl Keywords {
    pub fn new(classifiers: &[Classifier]) -> Keywords {
        let mut words: BTreeMap<String, Vec<(u16, Role)>> = BTreeMap::new();
        let mut reach = Vec::new();
        for (i, c) in classifiers.iter().enumerate() {
            for (list, role) in [(&c.context.keywords, Role::For), (&c.context.against, Role::Against)] {
                for w in list.iter().flat_map(|w| spellings(w)) {
                    words.entry(w).or_default().push((i as u16, role));
                }
            }
            let any = !(c.context.keywords.is_empty() && c.context.against.is_empty());
            reach.push((c.context.within.map_or(WITHIN, |w| w as usize), any));
        }
        let longest = words.keys().map(String::len).max().unwrap_or(0);
        let letters = words.keys().all(|w| w.bytes().any(|b| b.is_ascii_alphabetic()));
        // PERF: "auto" would take the half as fast NFA beyond 100 words.
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(words.keys())
            .or_else(|_| AhoCorasick::builder().ascii_case_insensitive(true).match_kind(MatchKind::Standard).build(words.keys()));
        Keywords {
            automaton: automaton.ok().filter(|_| !words.is_empty()),
            meaning: words.into_values().collect(),
            reach,
            longest,
            letters,
        }
    }

    /// Whether a text without letters holds none of the words.
    pub fn have_letters(&self) -> bool {
        self.letters
    }

    /// The widest reach of any classifier to either side, in bytes.
    pub fn widest(&self) -> usize {
        self.reach.iter().map(|r| r.0).max().unwrap_or(0).max(WITHIN_AFTER) + self.longest
    }

    /// The words near `[start, end)` that mean something to `classifier`.
    pub fn near(&self, w: &mut Window, bytes: &[u8], start: usize, end: usize, classifier: u16) -> Nearby {
        let mut found = Nearby::default();
        let (Some(ac), Some(&(reach, true))) = (&self.automaton, self.reach.get(usize::from(classifier))) else { return found };
        let (from, to) = (start.saturating_sub(reach), bytes.len().min(end + WITHIN_AFTER));
        if from < w.from || from > w.to || w.to == 0 {
            w.hits.clear();
            w.from = from;
            w.to = from;
        }
        if to > w.to {
            // Old hits that nobody can ask for any more make room.
            if w.hits.len() > 256 {
                w.from = from;
                w.hits.retain(|h| h.0 as usize >= from);
            }
            let again = w.to.saturating_sub(self.longest).max(w.from);
            for m in ac.find_overlapping_iter(Input::new(bytes).span(again..to)) {
                if m.end() > w.to && edges::word_starts(bytes, m.start()) && edges::word_ends(bytes, m.end()) {
                    w.hits.push((m.start() as u32, m.end() as u32, m.pattern().as_u32()));
                }
            }
            w.to = to;
        }
        for &(s, e, p) in &w.hits {
            let (s, e) = (s as usize, e as usize);
            let distance = if s >= from && e <= start {
                start - e
            } else if s >= end && e <= to {
                s - end
            } else {
                continue;
            };
            for &(c, role) in &self.meaning[p as usize] {
                if c == classifier {
                    found.add(role, distance);
                }
            }
        }
        found
    }
}

/// The same by looking at every position for every word.
pub(super) fn near_naive(c: &Classifier, bytes: &[u8], start: usize, end: usize) -> Nearby {
    let mut found = Nearby::default();
    let from = start.saturating_sub(c.context.within.map_or(WITHIN, |w| w as usize));
    let to = bytes.len().min(end + WITHIN_AFTER);
    for (list, role) in [(&c.context.keywords, Role::For), (&c.context.against, Role::Against)] {
        for word in list.iter().flat_map(|w| spellings(w)) {
            for p in from..to {
                let e = p + word.len();
                if e > to
                    || !bytes[p..e].eq_ignore_ascii_case(word.as_bytes())
                    || !edges::word_starts(bytes, p)
                    || !edges::word_ends(bytes, e)
                {
                    continue;
                }
                if e <= start {
                    found.add(role, start - e);
                } else if p >= end {
                    found.add(role, p - end);
                }
            }
        }
    }
    found
}
