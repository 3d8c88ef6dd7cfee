//! What words call for: values behind labels, and around words that are rarer than what looks like such a value.

use super::definition::Separator;
use super::edges;
use super::engine::{Spot, Starts, Walk};
use super::labels;
use super::lookout::{self, Place, each_word};
use super::marks::bits;
use super::words::WITHIN_AFTER;

impl Walk<'_> {
    /// A place where a label may begin that leads to other values than long numbers.
    pub fn label(&mut self, spot: &mut Spot<'_>, start: usize) {
        if !(spot.place.begin..spot.place.end).contains(&start) {
            return;
        }
        let (engine, bytes, shift) = (self.engine, spot.r.bytes, spot.shift);
        let mut before = u32::MAX;
        each_word(spot.marks, bytes, start, spot.place.to, shift, |end| {
            if !engine.words.start(bytes, start - shift, end - shift).is_some_and(|s| s.leads) {
                return;
            }
            for hit in engine.words.look_up(bytes, start - shift, end - shift) {
                let leads = engine.words.leads(hit.phrase);
                if hit.phrase == before {
                    continue;
                }
                before = hit.phrase;
                for &p in engine.words.calls(hit.phrase) {
                    let p_reach = engine.words.reach_of(engine.patterns[p as usize].classifier);
                    let from = (hit.end as usize).saturating_sub(WITHIN_AFTER + engine.patterns[p as usize].max_len);
                    self.everywhere(spot, p, from, hit.start as usize + p_reach + 1);
                }
                if leads.is_empty() {
                    continue;
                }
                for separator in Separator::ALL {
                    if leads.iter().all(|l| engine.patterns[*l as usize].separator != separator) {
                        continue;
                    }
                    let (places, n) = labels::value_starts(bytes, hit.start as usize..hit.end as usize, separator);
                    for &at in &places[..n] {
                        let mut starts = Starts::default();
                        for &l in leads {
                            let p = &engine.patterns[l as usize];
                            if p.separator == separator && p.prefix[0].has(bytes[at]) {
                                self.attempt(l, spot, at, true, &mut starts);
                            }
                        }
                    }
                }
            }
        });
    }

    /// Tries a pattern wherever it can begin in `[from, to)` of the region.
    pub fn everywhere(&mut self, spot: &mut Spot<'_>, pattern: u32, from: usize, to: usize) {
        let p = &self.engine.patterns[pattern as usize];
        let bytes = spot.r.bytes;
        let (first, last) = (spot.place.begin - spot.shift, spot.place.end - spot.shift);
        let (from, to) = (from.max(first), to.min(last));
        if from >= to {
            return;
        }
        let needs_digit = self.engine.needs_digit[pattern as usize];
        // PERF: most words that call for numbers have none beside them.
        let until = (to + p.max_len + spot.shift).min(spot.place.to);
        if needs_digit && !lookout::any(spot.marks, from + spot.shift, until, |m| m.digit) {
            return;
        }
        // Tokens, and signs: nothing begins inside a word.
        let signs = if self.engine.word_first[pattern as usize] { 0 } else { u64::MAX };
        let place = Place { from: from + spot.shift, to: to + spot.shift, ..spot.place };
        for b in place.blocks() {
            let m = &spot.marks[b];
            let may = if self.engine.solid[pattern as usize] { m.solid() } else { u64::MAX };
            for bit in bits((m.tokens | !m.word & signs) & may & place.range(b)) {
                let at = b * 64 + bit - spot.shift;
                let least = p.min_len.min(p.prefix.len());
                let begins = bytes.get(at..at + least).is_some_and(|v| v.iter().zip(&p.prefix).all(|(b, set)| set.has(*b)));
                let digits =
                    || !needs_digit || lookout::any(spot.marks, b * 64 + bit, (b * 64 + bit + p.max_len).min(spot.place.to), |m| m.digit);
                if begins && digits() && edges::token_starts(bytes, at) {
                    self.attempt(pattern, spot, at, false, &mut Starts::default());
                }
            }
        }
    }
}
