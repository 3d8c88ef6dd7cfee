//! What people decided about findings: right, wrong, test data. A verdict changes what is counted, never what was seen.

use std::collections::{BTreeMap, HashSet};

use globset::GlobMatcher;

use super::find::FindAnswer;
use super::map::{MapAnswer, map};
use crate::index::{IndexError, Reader};

/// What somebody said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It is what it was taken for.
    Right,
    /// It is not.
    Wrong,
    /// It is, but of nobody.
    TestData,
}

impl Word {
    /// All of them.
    pub const ALL: [Word; 3] = [Word::Right, Word::Wrong, Word::TestData];

    /// As it is written: `right`, `wrong`, `test data`.
    pub fn name(self) -> &'static str {
        match self {
            Word::Right => "right",
            Word::Wrong => "wrong",
            Word::TestData => "test data",
        }
    }

    /// Whether what it is said of still counts.
    pub fn counts(self) -> bool {
        self == Word::Right
    }
}

/// One verdict, on all that fits its patterns.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Names of datasets.
    pub dataset: GlobMatcher,
    /// Names of fields; `None`: all, and running text.
    pub field: Option<GlobMatcher>,
    /// Ids of classifiers; `None`: all.
    pub classifier: Option<GlobMatcher>,
    /// What it is.
    pub word: Word,
    /// Who says so.
    pub reviewer: String,
    /// Why.
    pub reason: String,
    /// Since when, a day: of two that fit, the later one counts.
    pub date: String,
}

/// A verdict as answers show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// What it is.
    pub word: Word,
    /// Who says so.
    pub reviewer: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub date: String,
}

/// All verdicts, in the order of their file.
#[derive(Clone, Debug, Default)]
pub struct Verdicts(pub Vec<Verdict>);

impl Verdicts {
    /// The verdict on a classifier's findings in a field: of those that fit the latest, of these the last of the file.
    pub fn on(&self, dataset: &str, field: &str, classifier: &str) -> Option<&Verdict> {
        let fits = |v: &&Verdict| {
            v.dataset.is_match(dataset)
                && v.field.as_ref().is_none_or(|g| g.is_match(field))
                && v.classifier.as_ref().is_none_or(|g| g.is_match(classifier))
        };
        // Of equal dates `max_by` gives the last.
        self.0.iter().filter(fits).max_by(|a, b| a.date.cmp(&b.date))
    }

    /// What they are about where a map holds nothing of that: the word of a dataset, field or classifier may be mistyped.
    pub fn idle(&self, map: &MapAnswer) -> Vec<String> {
        let fits = |v: &Verdict| {
            map.datasets.iter().filter(|d| v.dataset.is_match(&d.name)).flat_map(|d| &d.fields).any(|f| {
                let classifiers = || f.classifiers.iter().map(|c| &c.id).chain(f.protection.iter().map(|p| &p.id));
                v.field.as_ref().is_none_or(|g| g.is_match(&f.name))
                    && v.classifier.as_ref().is_none_or(|g| classifiers().any(|id| g.is_match(id)))
            })
        };
        let about = |v: &Verdict| {
            let patterns = [("dataset", Some(&v.dataset)), ("field", v.field.as_ref()), ("classifier", v.classifier.as_ref())];
            let patterns = patterns.into_iter().filter_map(|(what, g)| Some(format!("{what} {}", g?.glob().glob())));
            patterns.collect::<Vec<_>>().join(", ")
        };
        self.0.iter().filter(|v| !fits(v)).map(about).collect()
    }

    fn judged(&self, dataset: &str, field: &str, classifier: &str) -> Option<Judged> {
        self.on(dataset, field, classifier).map(|v| Judged {
            word: v.word,
            reviewer: v.reviewer.clone(),
            reason: v.reason.clone(),
            date: v.date.clone(),
        })
    }

    /// A reader that counts nobody for what does not count.
    pub fn apply(&self, reader: Reader) -> Result<Reader, IndexError> {
        if self.0.is_empty() {
            return Ok(reader);
        }
        let (datasets, fields, classifiers) = (reader.datasets()?, reader.field_names()?, reader.classifiers()?);
        let mut hidden = HashSet::new();
        for (d, f, c) in reader.field_classifiers()? {
            if let (Some(dataset), Some(field), Some((classifier, _))) = (datasets.get(&d), fields.get(&f), classifiers.get(&c))
                && self.on(dataset, field, classifier).is_some_and(|v| !v.word.counts())
            {
                hidden.insert((f, c));
            }
        }
        Ok(reader.leaving_out(hidden))
    }

    /// The map of a reader to which they were applied, without what does not count.
    pub(super) fn map(&self, reader: &Reader) -> Result<MapAnswer, IndexError> {
        let mut map = map(reader)?;
        self.judge_map(&mut map);
        for d in &mut map.datasets {
            d.fields.iter_mut().for_each(|f| f.classifiers.retain(|c| c.verdict.as_ref().is_none_or(|v| v.word.counts())));
            d.fields.retain(|f| !f.classifiers.is_empty() || !f.protection.is_empty());
        }
        Ok(map)
    }

    /// Writes the verdicts into a map whose reader left out what they leave out; categories of law are those of what counts.
    pub fn judge_map(&self, map: &mut MapAnswer) {
        for d in &mut map.datasets {
            let mut changed = false;
            for f in &mut d.fields {
                for c in &mut f.classifiers {
                    c.verdict = self.judged(&d.name, &f.name, &c.id);
                    if c.verdict.as_ref().is_some_and(|v| !v.word.counts()) {
                        if let Some(kind) = map.kinds.iter_mut().find(|k| k.id == c.id) {
                            kind.count -= c.counted.min(kind.count);
                        }
                        c.counted = 0;
                        changed = true;
                    }
                }
            }
            if changed {
                let counted = d.fields.iter().flat_map(|f| &f.classifiers).filter(|c| c.counted > 0);
                let codes = counted.flat_map(|c| crate::law::categories(&c.element)).map(|c| format!("ccpa.{c}"));
                d.categories = codes.collect::<std::collections::BTreeSet<_>>().into_iter().collect();
            }
        }
    }

    /// Writes the verdicts into the places of a person.
    pub fn judge_find(&self, found: &mut FindAnswer) {
        for p in &mut found.places {
            p.verdict = self.judged(&p.dataset, p.field.as_deref().unwrap_or(""), &p.classifier);
            p.counted = if p.verdict.as_ref().is_none_or(|v| v.word.counts()) { p.count } else { 0 };
        }
    }

    /// How many sightings of current objects each word is said of.
    pub fn sightings(&self, reader: &Reader) -> Result<BTreeMap<&'static str, u64>, IndexError> {
        let mut out = BTreeMap::new();
        if self.0.is_empty() {
            return Ok(out);
        }
        let (datasets, fields, classifiers) = (reader.datasets()?, reader.field_names()?, reader.classifiers()?);
        for s in reader.field_summaries()? {
            if let (Some(dataset), Some(field), Some((classifier, _))) =
                (datasets.get(&s.dataset), fields.get(&s.field), classifiers.get(&s.classifier))
                && let Some(v) = self.on(dataset, field, classifier)
            {
                *out.entry(v.word.name()).or_default() += s.sightings;
            }
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(dataset: &str, field: Option<&str>, classifier: Option<&str>, word: Word, date: &str) -> Verdict {
        let glob = |p: &str| globset::Glob::new(p).unwrap().compile_matcher();
        Verdict {
            dataset: glob(dataset),
            field: field.map(glob),
            classifier: classifier.map(glob),
            word,
            reviewer: "ann".into(),
            reason: "seen".into(),
            date: date.into(),
        }
    }

    #[test]
    fn the_latest_verdict_that_fits_counts() {
        let all = Verdicts(vec![
            verdict("crm*", None, None, Word::TestData, "2026-01-01"),
            verdict("crm", Some("note*"), Some("generic.phone"), Word::Wrong, "2026-03-01"),
            verdict("crm", Some("notes"), Some("generic.*"), Word::Right, "2026-02-01"),
            verdict("logs", None, None, Word::Wrong, "2026-01-01"),
            verdict("logs", None, None, Word::Right, "2026-01-01"),
        ]);
        for (dataset, field, classifier, want) in [
            ("crm", "notes", "generic.phone", Some(Word::Wrong)),
            ("crm", "notes", "generic.email", Some(Word::Right)),
            ("crm", "", "generic.email", Some(Word::TestData)),
            ("crm2", "notes", "generic.phone", Some(Word::TestData)),
            ("logs", "", "us.ssn", Some(Word::Right)),
            ("other", "", "us.ssn", None),
        ] {
            assert_eq!(all.on(dataset, field, classifier).map(|v| v.word), want, "{dataset} {field} {classifier}");
        }
    }
}
