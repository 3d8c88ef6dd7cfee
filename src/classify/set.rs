//! The whole set of classifiers.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, OnceLock};

use super::columns::{self, Says};
use super::definition::{Classifier, DefinitionError, Identity};
use super::finish::drop_outside;
use super::labels;
use super::normalise::{self, Folding};
use super::overlap::{self, Claim};
use super::pattern::Pattern;
use super::search::{self, Scratch};
use super::tables::Engine;
use super::wanted::Names;
use super::words::Words;
use super::{built, naive, strict};
use crate::base::{Batch, Cell, Match, REPORTED_FROM, ROW_SCOPE};

static BUILTIN: LazyLock<Arc<Classifiers>> = LazyLock::new(|| Arc::new(Classifiers::of(built::classifiers())));

/// A set of classifiers, shared by all threads. Ordered by id; an index is only good within one set. It is compiled where
/// something is searched for the first time: a program that finds nothing to read pays nothing.
pub struct Classifiers {
    list: Vec<Classifier>,
    compiled: OnceLock<Compiled>,
    /// What the files want of fields' names.
    names: OnceLock<Names>,
    fingerprint: OnceLock<String>,
    folding: Folding,
}

/// What a search needs.
struct Compiled {
    engine: Engine,
    /// By classifier: whether all its patterns are digits and separators only.
    digits: Vec<bool>,
    /// By classifier: the smallest share of random values that one of its validators accepts.
    strongest: Vec<f32>,
    /// By classifier: whether its file has conditions that come after its patterns.
    strict: Vec<bool>,
}

impl Classifiers {
    /// The classifiers that come with the program; read at the first call.
    pub fn builtin() -> Arc<Classifiers> {
        BUILTIN.clone()
    }

    /// The built-in classifiers plus others: `(path below the folder, TOML text)`. One with the id of a built-in one replaces
    /// it. The examples are not run: see [`Classifiers::self_test`].
    pub fn with_extra(files: impl IntoIterator<Item = (String, String)>) -> Result<Classifiers, DefinitionError> {
        let mut all = built::classifiers();
        let mut paths = BTreeMap::new();
        for (path, text) in files {
            let mut c = Classifier::parse(&path, &text)?;
            c.own = true;
            paths.insert(c.id.clone(), path);
            match all.binary_search_by(|known| known.id.cmp(&c.id)) {
                Ok(at) => all[at] = c,
                Err(at) => all.insert(at, c),
            }
        }
        let set = Classifiers::of(all);
        let compiled = set.compile(|id| paths.get(id).map_or(id, String::as_str))?;
        Ok(Classifiers { compiled: OnceLock::from(compiled), ..set })
    }

    fn of(list: Vec<Classifier>) -> Classifiers {
        let (names, folding) = (OnceLock::new(), Folding::default());
        Classifiers { list, compiled: OnceLock::new(), names, fingerprint: OnceLock::new(), folding }
    }

    /// These alone, for tests of what does not depend on the others.
    #[cfg(test)]
    pub(super) fn only(files: impl IntoIterator<Item = (String, String)>) -> Result<Classifiers, DefinitionError> {
        let parsed: Result<Vec<_>, _> = files.into_iter().map(|(path, text)| Classifier::parse(&path, &text)).collect();
        let set = Classifiers::of(parsed?);
        let compiled = set.compile(|id| id)?;
        Ok(Classifiers { compiled: OnceLock::from(compiled), ..set })
    }

    /// The built-in ones, apart from those that other tests use.
    #[cfg(test)]
    pub(super) fn uncompiled() -> Classifiers {
        Classifiers::of(built::classifiers())
    }

    #[cfg(test)]
    pub(super) fn is_compiled(&self) -> bool {
        self.compiled.get().is_some()
    }

    fn compiled(&self) -> &Compiled {
        self.compiled.get_or_init(|| match self.compile(|id| id) {
            Ok(compiled) => compiled,
            // A test compiles every built-in file: no build with a broken one passes.
            Err(e) => unreachable!("a built-in classifier is broken: {e}"),
        })
    }

    /// `file`: what an error calls the file of a classifier.
    fn compile<'a>(&'a self, file: impl Fn(&'a str) -> &'a str) -> Result<Compiled, DefinitionError> {
        let mut patterns = Vec::with_capacity(self.list.iter().map(|c| c.patterns.len()).sum());
        for (i, c) in self.list.iter().enumerate() {
            for (k, def) in c.patterns.iter().enumerate() {
                patterns.push(Pattern::new(i as u16, k as u8, def).map_err(|message| {
                    let line = c.source.lines().position(|l| l.contains(&format!("\"{}\"", def.name))).map(|l| l + 1);
                    DefinitionError { file: file(&c.id).to_owned(), line, message }
                })?);
            }
        }
        let mut digits = vec![true; self.list.len()];
        let mut strongest = vec![1.0; self.list.len()];
        for p in &patterns {
            let c = usize::from(p.classifier);
            digits[c] &= p.digits_only;
            strongest[c] = p.validator.map_or(1.0, |v| v.accepts()).min(strongest[c]);
        }
        let strict = self.list.iter().map(strict::applies).collect();
        Ok(Compiled { strict, engine: Engine::new(&self.list, patterns), digits, strongest })
    }

    /// The tables of a search; made at the first call.
    pub(super) fn engine(&self) -> &Engine {
        &self.compiled().engine
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The classifier at `index`. Panics if this set has none there.
    pub fn get(&self, index: u16) -> &Classifier {
        &self.list[usize::from(index)]
    }

    /// The index of the classifier `id`.
    pub fn index_of(&self, id: &str) -> Option<u16> {
        self.list.binary_search_by(|c| c.id.as_str().cmp(id)).ok().map(|i| i as u16)
    }

    /// All of them, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Classifier> {
        self.list.iter()
    }

    /// 16 hexadecimal digits that change with any definition.
    pub fn fingerprint(&self) -> &str {
        self.fingerprint.get_or_init(|| {
            let mut hash = blake3::Hasher::new();
            for c in &self.list {
                hash.update(&(c.source.len() as u64).to_le_bytes());
                hash.update(c.source.as_bytes());
            }
            if self.folding != Folding::default() {
                hash.update(&[u8::from(self.folding.plus)]).update(self.folding.dots.join("\n").as_bytes());
            }
            hash.finalize().to_hex()[..16].to_owned()
        })
    }

    /// How many bytes around the core of a text batch can matter to what is found in it.
    pub fn context_bytes(&self) -> usize {
        let engine = self.engine();
        2 * engine.longest_value + engine.longest_label + labels::LONGEST_PAIR + engine.words.context()
    }

    /// Appends the matches of a batch, ordered by start: of one classifier they never overlap, of different ones they may
    /// ([`overlap::keep_best`] decides). Candidates below [`REPORTED_FROM`] are among them, for [`super::Tally`] to settle.
    pub fn scan(&self, scratch: &mut Scratch, batch: &Batch, out: &mut Vec<Match>) {
        let from = out.len();
        search::scan(self, scratch, batch, out);
        strict::drop_others(self, &self.compiled().strict, batch, out, from);
        drop_outside(out, from, &batch.core);
    }

    /// The same, slowly: the oracle of the tests.
    pub fn scan_naive(&self, batch: &Batch, out: &mut Vec<Match>) {
        let from = out.len();
        naive::scan(self, batch, out);
        strict::drop_others(self, &self.compiled().strict, batch, out, from);
        drop_outside(out, from, &batch.core);
    }

    /// Writes the one spelling of a value to `out` (emptied before); `false` if nothing is left that identifies.
    pub fn normalise(&self, classifier: u16, raw: &[u8], out: &mut Vec<u8>) -> bool {
        let steps = &self.get(classifier).steps;
        let left = normalise::apply(steps, raw, out);
        if left && steps.contains(&normalise::Step::Email) {
            self.folding.apply(out);
        }
        left
    }

    /// The same for a telephone number of a record that names a country: `020 7946 0018` and `GB`.
    pub fn normalise_in(&self, classifier: u16, country: &str, raw: &[u8], out: &mut Vec<u8>) -> bool {
        let phone = self.get(classifier).steps.contains(&normalise::Step::Phone);
        (phone && normalise::phone_of(country, raw, out)) || self.normalise(classifier, raw, out)
    }

    /// Takes these spellings of a mail address for one. The fingerprint changes: identifiers do.
    pub fn fold(&mut self, folding: Folding) {
        self.folding = folding;
        self.fingerprint = OnceLock::new();
    }

    /// The classifiers that may name a consumer and one of whose patterns accepts the whole of `value` (white space around it
    /// aside), whatever context the pattern would need.
    pub fn candidates(&self, value: &[u8]) -> Vec<u16> {
        let value = value.trim_ascii();
        let mut out = Vec::new();
        if value.is_empty() {
            return out;
        }
        for p in &self.engine().patterns {
            if self.get(p.classifier).identity == Identity::None || out.last() == Some(&p.classifier) {
                continue;
            }
            if p.is_whole(value) && !strict::ignored(self.get(p.classifier), value) && p.validator.is_none_or(|v| v.check(value)) {
                out.push(p.classifier);
            }
        }
        out
    }

    /// Whether a pattern of the classifier accepts the whole of `value`, whatever context the pattern would need.
    pub fn accepts(&self, id: &str, value: &[u8]) -> bool {
        let (own, value) = (self.index_of(id), value.trim_ascii());
        let mut patterns = self.engine().patterns.iter().filter(|p| Some(p.classifier) == own);
        !value.is_empty() && patterns.any(|p| p.is_whole(value) && p.validator.is_none_or(|v| v.check(value)))
    }

    /// The phrases of all classifiers.
    pub(super) fn words(&self) -> &Words {
        &self.engine().words
    }

    /// What a field's name says about each classifier.
    pub(super) fn says(&self, field: &str) -> Vec<Says> {
        columns::says(self.names(), &self.compiled().digits, field)
    }

    /// What all classifiers want of the names of fields.
    pub(super) fn names(&self) -> &Names {
        self.names.get_or_init(|| Names::new(&self.list))
    }

    /// The smallest share of random values that one of the classifier's validators accepts.
    pub(super) fn strongest_share(&self, classifier: u16) -> f32 {
        self.compiled().strongest[usize::from(classifier)]
    }

    /// What would be reported of these matches without column evidence.
    pub(super) fn reported(&self, matches: &[Match]) -> Vec<Match> {
        let claim = |m: &Match| Claim {
            start: m.start.into(),
            end: m.end.into(),
            confidence: m.confidence,
            classifier: m.classifier,
            evidence: m.evidence,
        };
        let claims: Vec<_> = matches.iter().map(claim).collect();
        let mut keep = Vec::new();
        overlap::keep_best(self, &claims, &mut keep);
        matches.iter().zip(keep).filter(|(m, keep)| *keep && m.confidence >= REPORTED_FROM).map(|(m, _)| *m).collect()
    }
}

/// An example as a text, or as the one cell of a column.
pub(super) fn example_batch(text: &str, field: Option<&str>) -> Batch {
    let mut b = Batch { bytes: text.as_bytes().to_vec(), core: 0..text.len(), first_line: 1, ..Batch::default() };
    if let Some(name) = field {
        b.fields.push(name.to_owned());
        let end = text.len() as u32;
        b.cells.push(Cell { start: 0, end, raw_end: end, field: 0, row: 0, scope: ROW_SCOPE });
    }
    b
}
