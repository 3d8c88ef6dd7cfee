//! From a batch to hits: classify, normalise, hash. Pure.

use std::collections::HashMap;
use std::sync::Arc;

use super::clues::{Clues, Field, Telling, values};
use super::key::{Hasher, IdHash};
use super::keys::{ActiveKeys, KeyCells, is_key_class};
use crate::base::{Batch, Evidence, Match, NO_CELL, ROW_SCOPE};
use crate::classify::protection::{self, Protection};
use crate::classify::{Classifiers, Identity, Scratch, Tally};
use crate::law::Clue;

/// `Hit::field` of a hit in plain text.
pub const NO_FIELD: u32 = u32::MAX;

/// One match, with its place in the member and the keyed hash of its value. Holds no raw value.
#[derive(Clone, Copy, Debug)]
pub struct Hit {
    /// The match itself; its span is that of the batch and no longer of use.
    pub m: Match,
    /// Where the match lies in the member, half-open: orders hits and shows which overlap.
    pub span: (u64, u64),
    /// The byte range to show for it, half-open, in the decompressed member.
    pub bytes: (u64, u64),
    /// Row in the member (tables, JSON), page of a document; 0 in plain text.
    pub row: u64,
    /// 1-based line (plain text); 0 elsewhere.
    pub line: u64,
    /// Field index in the member, or [`NO_FIELD`].
    pub field: u32,
    /// Index into the scopes of its batch, or [`ROW_SCOPE`].
    pub scope: u32,
    /// The hash, if the classifier's values can name somebody and this one is no test value.
    pub id: Option<IdHash>,
    /// What the value, or a country beside it, tells of where its person lives.
    pub clue: Option<Clue>,
}

/// Decides which findings somebody allows.
pub trait Allowed: Send + Sync {
    /// Whether a value that `classifier` found in `field` (`None`: running text) is allowed.
    fn allows(&self, classifiers: &Classifiers, classifier: u16, field: Option<&str>, value: &[u8]) -> bool;
}

/// What the fields of a member are named for, asked once a field.
#[derive(Debug, Default)]
pub struct Named {
    /// By field: the classifier, and what the name says was done to the values.
    by_field: Vec<Option<(u16, Option<Protection>)>>,
    /// By field: what the name says of an address.
    addresses: Vec<Field>,
}

impl Named {
    /// Forgets everything: another member follows.
    pub fn clear(&mut self) {
        self.by_field.clear();
        self.addresses.clear();
    }

    fn addresses(&mut self, fields: &[String]) -> &[Field] {
        self.addresses.extend(fields.iter().skip(self.addresses.len()).map(|f| Field::of(f)));
        &self.addresses
    }

    pub(super) fn of(&mut self, classifiers: &Classifiers, fields: &[String], field: u32) -> Option<(u16, Option<Protection>)> {
        for name in fields.iter().take(field as usize + 1).skip(self.by_field.len()) {
            self.by_field.push(classifiers.element_of_name(name).map(|c| (c, protection::said(name))));
        }
        self.by_field.get(field as usize).copied().flatten()
    }
}

/// The pure part of a scan: callable from any thread or process, knows neither source nor index.
#[derive(Clone)]
pub struct Kernel {
    classifiers: Arc<Classifiers>,
    /// `None`: matches only, nothing is hashed (`piimap classify`).
    hasher: Option<Arc<Hasher>>,
    /// Asked about every finding; `None`: nothing is allowed.
    allowed: Option<Arc<dyn Allowed>>,
    keys: Arc<ActiveKeys>,
    /// Columns that may be keys are sampled.
    discover: bool,
    phone: Option<u16>,
    telling: Arc<Telling>,
}

impl Kernel {
    /// A kernel with these classifiers; without a hasher hits carry no identifiers.
    pub fn new(classifiers: Arc<Classifiers>, hasher: Option<Arc<Hasher>>) -> Kernel {
        let phone = classifiers.index_of("generic.phone");
        let telling = Arc::new(Telling::new(&classifiers));
        let keys = Arc::new(ActiveKeys::new(classifiers.len()));
        Kernel { classifiers, hasher, allowed: None, keys, discover: false, phone, telling }
    }

    /// The same kernel for an object in which this is allowed.
    #[must_use]
    pub fn allowing(&self, allowed: Option<Arc<dyn Allowed>>) -> Kernel {
        Kernel { allowed, ..self.clone() }
    }

    /// The same with these key columns; with `discover` columns that may be keys are sampled.
    #[must_use]
    pub fn with_keys(self, keys: Arc<ActiveKeys>, discover: bool) -> Kernel {
        Kernel { keys, discover, ..self }
    }

    /// The key columns.
    pub fn keys(&self) -> &Arc<ActiveKeys> {
        &self.keys
    }

    /// What a hit is of: the id of its classifier, or the name of its key.
    pub fn class_name(&self, class: u16) -> &str {
        let all = self.classifiers.len();
        if is_key_class(all, class) { &self.keys.namespaces()[usize::from(class) - all].class } else { &self.classifiers.get(class).id }
    }

    /// Starts on a member of `dataset`.
    pub fn reset_keys(&self, cells: &mut KeyCells, dataset: &str) {
        cells.reset(&self.keys, dataset, self.discover && self.hasher.is_some());
    }

    /// Takes the keys of a batch: appends a hit for each cell of a key column. `cells` was reset for the batch's member.
    pub fn process_keys(&self, cells: &mut KeyCells, batch: &Batch, hits: &mut Vec<Hit>) {
        if let Some(hasher) = &self.hasher {
            cells.collect(hasher, batch, hits);
        }
    }

    /// Whether a hit names a person for sure: a strong identifier of a classifier or of a key column.
    pub fn is_strong(classifiers: &Classifiers, hit: &Hit) -> bool {
        hit.id.is_some()
            && (is_key_class(classifiers.len(), hit.m.classifier) || classifiers.get(hit.m.classifier).identity == Identity::Strong)
    }

    /// The classifiers it uses.
    pub fn classifiers(&self) -> &Arc<Classifiers> {
        &self.classifiers
    }

    /// Classifies a batch: its matches, candidates below the reporting threshold included, ordered by start, in place of what
    /// `matches` held; adds its cells to the tally.
    pub fn find(&self, scratch: &mut Scratch, batch: &Batch, matches: &mut Vec<Match>, tally: &mut Tally) {
        matches.clear();
        self.classifiers.scan(scratch, batch, matches);
        tally.add(batch, matches, scratch.refusals());
    }

    /// Classifies a batch. Appends its hits, candidates below the reporting threshold included, ordered by position;
    /// adds its cells to the tally. `matches` is working space, `named` is kept from batch to batch of a member. With a hasher,
    /// cells of columns that are named for an element and hold it protected are among the hits ([`Evidence::PROTECTED`]).
    pub fn process(
        &self,
        scratch: &mut Scratch,
        batch: &Batch,
        matches: &mut Vec<Match>,
        tally: &mut Tally,
        named: &mut Named,
        hits: &mut Vec<Hit>,
    ) {
        self.find(scratch, batch, matches, tally);
        let mut normal = Vec::new();
        let mut ids = self.hasher.as_deref().map(Hasher::identifiers);
        let countries = if matches.iter().any(|m| Some(m.classifier) == self.phone) { countries(batch) } else { HashMap::new() };
        let clues = Clues::new(&self.telling, batch, named.addresses(&batch.fields));
        let (mut line, mut counted) = (batch.first_line, 0usize);
        for m in matches.iter() {
            let value = &batch.bytes[m.start as usize..m.end as usize];
            let cell = (m.cell != NO_CELL).then(|| &batch.cells[m.cell as usize]);
            let field = || cell.and_then(|c| batch.fields.get(c.field as usize)).map(String::as_str);
            let allowed = self.allowed.as_ref().is_some_and(|a| a.allows(&self.classifiers, m.classifier, field(), value));
            let evidence = if allowed { m.evidence.with(Evidence::ALLOWED) } else { m.evidence };
            let m = &Match { evidence, ..*m };
            let country = cell.and_then(|c| countries.get(&c.row)).copied().flatten();
            let bytes = batch.member_range(cell, m.start, m.end);
            if cell.is_none() {
                let upto = m.start as usize;
                line += memchr::memchr_iter(b'\n', &batch.bytes[counted.min(upto)..upto]).count() as u64;
                counted = upto.max(counted);
            }
            hits.push(Hit {
                m: *m,
                span: (batch.offset + u64::from(m.start), batch.offset + u64::from(m.end)),
                bytes: (bytes.start, bytes.end),
                row: batch.first_row + cell.map_or(0, |c| u64::from(c.row)),
                line: if cell.is_none() { line } else { 0 },
                field: cell.map_or(NO_FIELD, |c| c.field),
                scope: cell.map_or(ROW_SCOPE, |c| c.scope),
                id: None,
                clue: if allowed { None } else { clues.of(m) },
            });
            if let Some(ids) = ids.as_mut().filter(|_| !allowed)
                && let Some(namespace) = self.normalise(m, value, country, &mut normal)
            {
                ids.add(namespace, &normal, hits.len() - 1, &mut |hit, id| hits[hit].id = Some(id));
            }
        }
        if let Some(ids) = &mut ids {
            ids.finish(&mut |hit, id| hits[hit].id = Some(id));
        }
        normal.fill(0);
        if self.hasher.is_some() {
            self.protected(batch, named, hits);
        }
    }

    /// Adds the cells that hold what their column is named for, but protected.
    fn protected(&self, batch: &Batch, named: &mut Named, hits: &mut Vec<Hit>) {
        let before = hits.len();
        let from = batch.cells.partition_point(|c| (c.start as usize) < batch.core.start);
        for (i, cell) in batch.cells.iter().enumerate().skip(from).take_while(|(_, c)| (c.start as usize) < batch.core.end) {
            let Some((classifier, said)) = named.of(&self.classifiers, &batch.fields, cell.field) else { continue };
            let value = batch.value(cell);
            let Some(how) = covered(value, said) else { continue };
            let bytes = batch.member_range(Some(cell), cell.start, cell.end);
            let evidence = [Evidence::PROTECTED, Evidence::COLUMN, Evidence::VALIDATED, Evidence::KEYWORD];
            hits.push(Hit {
                m: Match {
                    start: cell.start,
                    end: cell.end,
                    cell: i as u32,
                    classifier,
                    pattern: Protection::ALL.iter().position(|p| *p == how).unwrap_or(0) as u8,
                    confidence: 1.0,
                    evidence: evidence.into_iter().fold(Evidence::default(), Evidence::with),
                },
                span: (batch.offset + u64::from(cell.start), batch.offset + u64::from(cell.end)),
                bytes: (bytes.start, bytes.end),
                row: batch.first_row + u64::from(cell.row),
                line: 0,
                field: cell.field,
                scope: cell.scope,
                id: None,
                clue: None,
            });
        }
        if hits.len() > before {
            hits.sort_by_key(|h| h.span.0);
        }
    }

    /// The form in which the value of a match is hashed, and the namespace; `None`: it names nobody.
    fn normalise(&self, m: &Match, value: &[u8], country: Option<&str>, normal: &mut Vec<u8>) -> Option<&str> {
        let c = self.classifiers.get(m.classifier);
        if c.identity == Identity::None || m.evidence.has(Evidence::TEST_VALUE) {
            return None;
        }
        normal.clear();
        let whole = match country {
            Some(country) => self.classifiers.normalise_in(m.classifier, country, value, normal),
            None => self.classifiers.normalise(m.classifier, value, normal),
        };
        whole.then_some(&c.id)
    }
}

/// How a value of a field that is named for an element is protected; `said`: what the name says of that.
pub(super) fn covered(value: &[u8], said: Option<Protection>) -> Option<Protection> {
    // PERF: most values are short and hold no sign that covers anything.
    if said.is_none() && value.len() < protection::SHORTEST && !protection::may_cover(value) {
        return None;
    }
    protection::of(value, true, said)
}

/// The country that each row of a batch names; `None` for a row that names two.
fn countries(batch: &Batch) -> HashMap<u32, Option<&str>> {
    let names = |f: &String| {
        let last = f.rsplit('.').next().unwrap_or(f).to_ascii_lowercase();
        matches!(last.replace(['_', '-', ' '], "").as_str(), "country" | "countrycode" | "countryname" | "countryiso" | "isocountry")
    };
    let mut out: HashMap<u32, Option<&str>> = HashMap::new();
    for (_, row, _, name) in values(batch, &|field| batch.fields.get(field as usize).is_some_and(names)) {
        let Ok(name) = std::str::from_utf8(name) else { continue };
        let seen = out.entry(row).or_insert(Some(name));
        if seen.is_some_and(|s| !s.eq_ignore_ascii_case(name)) {
            *seen = None;
        }
    }
    out
}
