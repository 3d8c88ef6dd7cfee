//! What begins with a number, or before one: which patterns are possible there, and which of them have the words that they need.
//!
//! PERF: most numbers begin nothing. Looks that cost little come first: the gates of `shapes`, then what is remembered of the kinds of the
//! bytes there, then the digits themselves; words are looked up where a candidate is left that needs one.

use super::address;
use super::edges;
use super::engine::{Spot, Starts, Walk};
use super::labels;
use super::lookout::{self, run_of};
use super::marks::bits;
use super::shapes::{Candidates, Gate, Part, Sight, View};
use super::tables::{FORM_ESCAPED, FORM_LEAD};
use super::uuid::Within;
use super::verify::has;
use super::words::WITHIN_AFTER;

/// What is seen at a place in the marks, with a first run so long.
#[inline]
fn sight(spot: &Spot<'_>, start: usize, run: usize) -> Sight {
    Sight::of(&spot.kinds[start..], spot.place.to - start, spot.r.bytes[start - spot.shift], run)
}

impl Walk<'_> {
    /// A number that begins a token, maybe behind the letter of an escape, or behind a sign that a letter stands before.
    #[inline]
    pub fn number(&mut self, spot: &mut Spot<'_>, start: usize, escaped: bool, led: bool, within: Within) {
        let (at, engine) = (start - spot.shift, self.engine);
        let view = View::of(&spot.kinds[start..], spot.place.to - start, spot.r.bytes[at]);
        let run = || run_of(spot.marks, start, spot.place.to);
        let number = engine.shapes.number(self.memory, view, run);
        let digits = usize::from(number.digits);
        if escaped {
            // Behind an escape, which may be none: `\n12` and `n12`.
            self.shape(spot, start - 1, Gate::Anything, (1, FORM_ESCAPED));
        } else if led && engine.shapes.lead > 0 && engine.shapes.may_lead_by(spot.r.bytes[at - 1]) {
            self.behind_word(spot, start, digits);
        }
        let form = (0, number.form.into());
        // Within a UUID there are other candidates: all that differ by which digits are letters share theirs.
        let (free, any) = if within.left > 0 { (true, true) } else { (number.has_free, number.has_any) };
        if number.gate != Gate::Nothing && any && (free || self.may_have_company(spot, start, form)) {
            self.shape_within(spot, start, number.gate, form, within, |_| view.sight(number.run.into()));
        }
        // With other digits behind it, a small word may be another.
        let other = || self.watched && matches!(spot.r.bytes.get(at + digits..), Some([b' ', b'a'..=b'z', ..]));
        if number.may_be_house && (address::may_follow(spot.r.bytes, at + digits, digits) || other()) {
            self.finders(spot, start, [&engine.addresses, &[]]);
        }
    }

    /// A number with a sign before it, and a short word before that: `AB 12 34 56 C`.
    #[inline]
    fn behind_word(&mut self, spot: &mut Spot<'_>, start: usize, digits: usize) {
        let engine = self.engine;
        let from = (start - 1).saturating_sub(engine.shapes.lead).max(spot.place.from);
        for lead in lookout::tokens_in(spot.marks, from, start - 1) {
            // Nothing that begins with a digit leads.
            let (at, letters) = (lead - spot.shift, start - 1 - lead);
            if !spot.r.bytes[at].is_ascii_digit() && engine.shapes.may_lead_at(spot.r.bytes, at, letters) {
                if lead + run_of(spot.marks, lead, spot.place.to) != start - 1 {
                    continue;
                }
                let mut gate = engine.shapes.may_precede(spot.r.bytes, at, letters);
                if gate == Gate::Anything && !engine.shapes.may_lead(spot.r.bytes, at, letters, digits) {
                    gate = Gate::Bound;
                }
                self.shape(spot, lead, gate, (1, FORM_LEAD));
            }
        }
    }

    /// A token that begins with letters and has its first digit at `digit`, the place that `within` is about.
    #[inline]
    pub fn mixed(&mut self, spot: &mut Spot<'_>, start: usize, digit: usize, mut within: Within) {
        let at = start - spot.shift;
        if at > 1 && edges::is_word(spot.r.bytes[at - 1]) {
            self.shape(spot, start - 1, Gate::Anything, (1, FORM_ESCAPED));
        }
        let run = run_of(spot.marks, start, spot.place.to);
        let gate = self.engine.shapes.may_mix(spot.r.bytes, at, digit - start, run);
        within.left += if within.left > 0 { digit - start } else { 0 };
        self.shape_within(spot, start, gate, (1, run as u32), within, |spot| sight(spot, start, run));
    }

    /// Whether what needs something beside it may have that at `[at, end)`: a word that speaks of such numbers (see [`Forms`]),
    /// or a column.
    #[inline]
    fn has_company(&self, spot: &Spot<'_>, at: usize, end: usize, form: (usize, u32)) -> bool {
        self.needs_no_word(spot, at) || spot.look.hears(at, end, form.0, form.1)
    }

    /// The same wherever a value ends that begins at `start` in the marks: a cheap look.
    #[inline]
    fn may_have_company(&self, spot: &Spot<'_>, start: usize, form: (usize, u32)) -> bool {
        let (near, from) = spot.near;
        near.0[form.0] >> form.1 & 1 != 0 || start < from || self.needs_no_word(spot, start.wrapping_sub(spot.shift))
    }

    /// Whether a column or who asks is company enough.
    #[inline]
    fn needs_no_word(&self, spot: &Spot<'_>, at: usize) -> bool {
        !self.named.is_empty() || spot.r.every || at == spot.r.whole.0 && !spot.r.sampled.is_empty()
    }

    /// Tries what can begin at `start` with a number, or before one, of this form.
    #[inline]
    pub fn shape(&mut self, spot: &mut Spot<'_>, start: usize, gate: Gate, form: (usize, u32)) {
        self.shape_within(spot, start, gate, form, Within::default(), |spot| sight(spot, start, run_of(spot.marks, start, spot.place.to)));
    }

    /// The same at a place that may be within a UUID. `sight`: what is seen there.
    #[inline]
    fn shape_within(
        &mut self,
        spot: &mut Spot<'_>,
        start: usize,
        gate: Gate,
        form: (usize, u32),
        within: Within,
        sight: impl FnOnce(&Spot<'_>) -> Sight,
    ) {
        let gate = gate.but(within.bound);
        let at = start.wrapping_sub(spot.shift);
        if gate == Gate::Nothing || !(spot.place.begin..spot.place.end).contains(&start) {
            return;
        }
        let company = self.may_have_company(spot, start, form);
        if gate == Gate::Bound && !(company && self.has_company(spot, at, at + self.engine.shapes.longest, form)) {
            return;
        }
        let sight = sight(spot);
        // Which digits of a UUID are letters is chance: to be remembered, they are all the same.
        let sight = if within.left > 0 { sight.mixed(within.left) } else { sight };
        self.candidates(spot, start, form, sight, company);
    }

    /// The bytes from `at` on that candidates must allow; none where what is tried is written down for other values.
    #[inline]
    fn values_at<'a>(&self, spot: &Spot<'a>, at: usize) -> &'a [u8] {
        if self.watched { &[] } else { &spot.r.bytes[at..] }
    }

    /// `company`: whether those that need something beside them may have it.
    fn candidates(&mut self, spot: &mut Spot<'_>, start: usize, form: (usize, u32), sight: Sight, company: bool) {
        let (at, engine) = (start - spot.shift, self.engine);
        let found = engine.shapes.candidates(&engine.patterns, self.memory, sight, spot.place.to - start);
        if found.is_empty() {
            return;
        }
        let mut starts = Starts::default();
        if found.has(Part::Free) {
            engine.shapes.allow(self.memory, found, Part::Free, self.values_at(spot, at));
            for i in 0..self.memory.allowed.len() {
                let (word, m) = self.memory.allowed[i];
                for bit in bits(m) {
                    self.attempt(engine.shapes.pattern(word, bit), spot, at, false, &mut starts);
                }
            }
        }
        if company && !found.are_free() && self.has_company(spot, at, at + usize::from(found.longest), form) {
            self.bound(spot, at, found, form, &mut starts);
        }
    }

    /// Patterns that need a word near, a label, or a column.
    fn bound(&mut self, spot: &mut Spot<'_>, at: usize, found: Candidates, form: (usize, u32), starts: &mut Starts) {
        let engine = self.engine;
        let words = spot.look.around(at, at + usize::from(found.longest));
        let words = words.iter().take_while(|h| (h.start as usize) < at + usize::from(found.longest) + WITHIN_AFTER);
        let mut spoken = false;
        let mut labels = false;
        for h in words.filter(|h| engine.words.forms(h.phrase).0[form.0] >> form.1 & 1 != 0) {
            if !spoken {
                self.spoken.fill(0);
                spoken = true;
            }
            labels |= !engine.words.labels(h.phrase).is_empty();
            self.spoken.iter_mut().zip(engine.words.speaks_for(h.phrase)).for_each(|(a, b)| *a |= b);
        }
        let sampled = if at == spot.r.whole.0 { spot.r.sampled } else { &[] };
        let every = spot.r.every;
        if !spoken && self.named.is_empty() && sampled.is_empty() && !every {
            return;
        }
        let wanted = |w: &Self, c: u16| (spoken && has(w.spoken, c)) || has(w.named, c);
        for part in [Part::Quiet, Part::Bound] {
            if !found.has(part) {
                continue;
            }
            engine.shapes.allow(self.memory, found, part, self.values_at(spot, at));
            for i in 0..self.memory.allowed.len() {
                let (word, m) = self.memory.allowed[i];
                for bit in bits(m) {
                    let p = engine.shapes.pattern(word, bit);
                    let c = engine.patterns[p as usize].classifier;
                    if wanted(self, c) || part == Part::Quiet && (has(sampled, c) || every) {
                        self.attempt(p, spot, at, false, starts);
                    }
                }
            }
        }
        if labels && found.has(Part::Labelled) {
            self.behind_label(spot, at, found, starts);
        }
    }

    /// Tries at a number the patterns whose label stands before it.
    fn behind_label(&mut self, spot: &mut Spot<'_>, at: usize, found: Candidates, starts: &mut Starts) {
        let engine = self.engine;
        let mut led = std::mem::take(self.led);
        led.clear();
        for h in spot.look.around(at, at).iter().take_while(|h| (h.start as usize) < at) {
            let end = h.end as usize;
            if end > at || end + labels::LONGEST_GAP < at {
                continue;
            }
            for &p in engine.words.labels(h.phrase) {
                if !engine.shapes.is_among(self.memory, found, p) || led.contains(&p) {
                    continue;
                }
                let (places, n) = labels::value_starts(spot.r.bytes, h.start as usize..end, engine.patterns[p as usize].separator);
                if places[..n].contains(&at) {
                    led.push(p);
                }
            }
        }
        for &p in &led {
            self.attempt(p, spot, at, true, starts);
        }
        *self.led = led;
    }
}
