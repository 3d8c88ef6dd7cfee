//! The key columns of a run: which cells become identifiers, and the samples of those that might.

use std::collections::BTreeMap;

use crate::base::{Batch, Evidence, Match};
use crate::identity::Hit;
use crate::identity::key::Hasher;
use crate::identity::lanes::Waiting;

use super::names::is_candidate;
use super::sample::SAMPLE;
use super::value::{key_value, number};

/// Columns of a member of which samples are kept.
const COLUMNS: usize = 64;

/// Rows looked at for the identifiers that stand with a sampled value.
const ROWS: u8 = 4;

/// One kind of key: its columns, wherever they are, hold the same things.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Namespace {
    /// The name of its identifiers' class: `key.customer`.
    pub class: String,
    /// What goes into the hashes; differs between any two namespaces.
    pub space: String,
}

/// The key columns of a run.
#[derive(Clone, Debug, Default)]
pub struct ActiveKeys {
    /// The number of the first namespace's class: behind those of the classifiers.
    base: u16,
    namespaces: Vec<Namespace>,
    /// Dataset, field, namespace.
    columns: BTreeMap<String, BTreeMap<String, u16>>,
    /// Patterns of datasets, field, namespace; `None`: this field is no key, whatever it looks like.
    declared: Vec<(globset::GlobMatcher, String, Option<u16>)>,
}

impl ActiveKeys {
    /// No keys, for `classifiers` classifiers.
    pub fn new(classifiers: usize) -> ActiveKeys {
        ActiveKeys { base: classifiers as u16, ..ActiveKeys::default() }
    }

    /// The number of a namespace, added if it is new.
    fn namespace(&mut self, namespace: Namespace) -> u16 {
        match self.namespaces.iter().position(|n| *n == namespace) {
            Some(i) => i as u16,
            None => {
                self.namespaces.push(namespace);
                (self.namespaces.len() - 1) as u16
            }
        }
    }

    /// Adds one column.
    pub fn add(&mut self, dataset: &str, field: &str, namespace: Namespace) {
        let n = self.namespace(namespace);
        self.columns.entry(dataset.to_owned()).or_default().insert(field.to_owned(), n);
    }

    /// Adds a field of all datasets that the pattern fits, before all others; without a namespace it is no key.
    pub fn declare(&mut self, datasets: &globset::Glob, field: &str, namespace: Option<Namespace>) {
        let n = namespace.map(|n| self.namespace(n));
        self.declared.push((datasets.compile_matcher(), field.to_owned(), n));
    }

    /// The namespaces; the class number of each is that of the first plus its place.
    pub fn namespaces(&self) -> &[Namespace] {
        &self.namespaces
    }

    /// The key columns of a dataset.
    fn columns(&self, dataset: &str) -> BTreeMap<&str, u16> {
        let mut out: BTreeMap<&str, u16> = BTreeMap::new();
        for (field, n) in self.columns.get(dataset).into_iter().flatten() {
            out.insert(field, *n);
        }
        for (pattern, field, n) in self.declared.iter().rev().filter(|(p, ..)| p.is_match(dataset)) {
            match n {
                Some(n) => drop(out.insert(field, *n)),
                None => drop(out.remove(field.as_str())),
            }
            debug_assert!(pattern.is_match(dataset));
        }
        out
    }

    /// What an object of the dataset is read with: changes when its key columns do; empty if it has none.
    pub fn fingerprint(&self, dataset: &str) -> String {
        let columns = self.columns(dataset);
        if columns.is_empty() {
            return String::new();
        }
        let mut hash = blake3::Hasher::new();
        for (field, n) in columns {
            let ns = &self.namespaces[usize::from(n)];
            for part in [field, &ns.class, &ns.space] {
                hash.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
            }
        }
        hash.finalize().to_hex()[..16].to_owned()
    }
}

/// Whether a class number is that of a key namespace, not of one of `classifiers` classifiers.
pub fn is_key_class(classifiers: usize, class: u16) -> bool {
    usize::from(class) >= classifiers
}

/// A cell whose value may be in the sample of its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SampledCell {
    /// The field's index.
    pub field: u32,
    /// The value's keyed hash.
    pub hash: u64,
    /// The row in the member.
    pub row: u64,
}

/// What a batch says of a column, besides its sampled cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CellCount {
    /// Cells with a key.
    pub cells: u64,
    /// Of these, numbers.
    pub numbers: u64,
    /// The smallest and the largest number.
    ///
    /// PRIVACY: lives until the member ends; only the bits of their difference are kept.
    pub range: Option<(u64, u64)>,
}

impl CellCount {
    /// Adds what another batch says.
    pub fn merge(&mut self, other: &CellCount) {
        self.cells += other.cells;
        self.numbers += other.numbers;
        self.range = match (self.range, other.range) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (a, b) => a.or(b),
        };
    }

    /// Bits of the difference between the smallest and the largest number.
    pub fn spread(&self) -> u8 {
        self.range.map_or(0, |(a, b)| (u64::BITS - (b - a).leading_zeros()) as u8)
    }
}

/// What a field is to the keys of a member.
#[derive(Clone, Copy, Debug)]
struct Role {
    sampled: bool,
    namespace: Option<u16>,
}

/// The smallest hashes of a column, with the rows given for each.
#[derive(Clone, Debug)]
struct Smallest {
    rows: BTreeMap<u64, u8>,
    /// No larger hash is among them.
    limit: u64,
}

impl Default for Smallest {
    fn default() -> Smallest {
        Smallest { rows: BTreeMap::new(), limit: u64::MAX }
    }
}

impl Smallest {
    /// Whether the value may be among the smallest, and one of its first rows.
    // PERF: of a long column almost no value is.
    fn add(&mut self, hash: u64) -> bool {
        if hash > self.limit {
            return false;
        }
        let rows = self.rows.entry(hash).or_default();
        *rows += 1;
        let first = *rows <= ROWS;
        *rows = (*rows).min(ROWS);
        if self.rows.len() > SAMPLE {
            self.rows.pop_last();
        }
        if self.rows.len() == SAMPLE {
            self.limit = self.rows.last_key_value().map_or(u64::MAX, |last| *last.0);
        }
        first && hash <= self.limit
    }
}

/// Collects the keys of a member's batches. One per worker; the same cells come out whatever the batches are divided among.
#[derive(Debug, Default)]
pub struct KeyCells {
    active: BTreeMap<String, (u16, String)>,
    discover: bool,
    roles: Vec<Option<Role>>,
    sampled: usize,
    /// By field, what this worker has met.
    smallest: Vec<Smallest>,
    /// Counts of the last batch, by field.
    pub counts: BTreeMap<u32, CellCount>,
    /// Cells of the last batch.
    pub cells: Vec<SampledCell>,
}

impl KeyCells {
    /// Starts on a member of `dataset`; with `discover` columns that may be keys are sampled.
    pub fn reset(&mut self, keys: &ActiveKeys, dataset: &str, discover: bool) {
        let named = |n: u16| (keys.base + n, keys.namespaces[usize::from(n)].space.clone());
        self.active = keys.columns(dataset).into_iter().map(|(f, n)| (f.to_owned(), named(n))).collect();
        self.discover = discover;
        self.roles.clear();
        self.sampled = 0;
        self.smallest.clear();
        self.clear();
    }

    /// Forgets the last batch.
    pub fn clear(&mut self) {
        self.counts.clear();
        self.cells.clear();
    }

    /// Learns what new fields are.
    fn know(&mut self, fields: &[String]) {
        for name in fields.iter().skip(self.roles.len()) {
            let namespace = self.active.get(name).map(|a| a.0);
            let sampled = namespace.is_some() || (self.discover && self.sampled < COLUMNS && is_candidate(name));
            self.sampled += usize::from(sampled);
            self.smallest.push(Smallest::default());
            self.roles.push((sampled || namespace.is_some()).then_some(Role { sampled, namespace }));
        }
    }

    /// Whether the cells of a field are asked for.
    pub fn wants(&mut self, fields: &[String], field: u32) -> bool {
        self.know(fields);
        self.roles.get(field as usize).is_some_and(Option::is_some)
    }

    /// Takes a batch: appends a hit for each cell of a key column.
    pub fn collect(&mut self, hasher: &Hasher, batch: &Batch, hits: &mut Vec<Hit>) {
        self.clear();
        self.know(&batch.fields);
        if self.roles.iter().all(Option::is_none) {
            return;
        }
        let (mut value, mut samples) = (Vec::new(), Waiting::new());
        // PERF: by field, put into the map once a batch.
        let mut counts = vec![CellCount::default(); self.roles.len()];
        let from = batch.cells.partition_point(|c| (c.start as usize) < batch.core.start);
        for (i, cell) in batch.cells.iter().enumerate().skip(from).take_while(|(_, c)| (c.start as usize) < batch.core.end) {
            let Some(role) = self.roles.get(cell.field as usize).copied().flatten() else { continue };
            if !key_value(batch.value(cell), &mut value) {
                continue;
            }
            let row = batch.first_row + u64::from(cell.row);
            if role.sampled {
                let n = number(&value);
                counts[cell.field as usize].merge(&CellCount { cells: 1, numbers: u64::from(n.is_some()), range: n.map(|n| (n, n)) });
                let _ = samples.add(&[&value], (cell.field, row));
                if samples.is_full() {
                    self.sample(hasher, &mut samples);
                }
            }
            if let Some(class) = role.namespace
                && let Some((_, space)) = self.active.get(&batch.fields[cell.field as usize])
            {
                let bytes = batch.member_range(Some(cell), cell.start, cell.end);
                hits.push(Hit {
                    m: Match {
                        start: cell.start,
                        end: cell.end,
                        cell: i as u32,
                        classifier: class,
                        pattern: 0,
                        confidence: 1.0,
                        evidence: Evidence::WHOLE_CELL,
                    },
                    span: (batch.offset + u64::from(cell.start), batch.offset + u64::from(cell.end)),
                    bytes: (bytes.start, bytes.end),
                    row,
                    line: 0,
                    field: cell.field,
                    scope: cell.scope,
                    id: Some(hasher.identifier(space, &value)),
                    clue: None,
                });
            }
        }
        self.sample(hasher, &mut samples);
        self.counts.extend((0..).zip(counts).filter(|(_, count)| count.cells > 0));
        value.fill(0);
    }

    fn sample(&mut self, hasher: &Hasher, values: &mut Waiting<(u32, u64)>) {
        hasher.key_samples(values, &mut |(field, row), hash| {
            if self.smallest[field as usize].add(hash) {
                self.cells.push(SampledCell { field, hash, row });
            }
        });
    }

    /// Rows looked at for each sampled value.
    pub const ROWS: u8 = ROWS;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_declared_goes_first() {
        let ns = |n: &str| Namespace { class: format!("key.{n}"), space: format!("s:{n}") };
        let mut k = ActiveKeys::new(10);
        k.add("crm/a.csv", "id", ns("found"));
        k.add("crm/a.csv", "other", ns("found"));
        let before = k.fingerprint("crm/a.csv");
        assert_eq!(k.fingerprint("x"), "");
        k.declare(&globset::Glob::new("crm/*").unwrap(), "id", Some(ns("customer")));
        k.declare(&globset::Glob::new("crm/*").unwrap(), "other", None);
        assert_ne!(k.fingerprint("crm/a.csv"), before);
        assert_eq!(k.columns("crm/a.csv"), BTreeMap::from([("id", 1)]));
        assert!(is_key_class(10, 10) && !is_key_class(10, 9));
    }
}
