//! Which columns refer to which keys: one decision over all columns.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::active::{ActiveKeys, Namespace};
use super::names::{about_people, entity, key_name, schema, table};
use super::relation::{KeyPair, Status, Verdict};
use super::sample::ColumnSample;

/// A column of a dataset's current objects.
#[derive(Clone, Debug, Default)]
pub struct Column {
    /// Its dataset.
    pub dataset: String,
    /// Its field.
    pub field: String,
    /// What is kept of its values.
    pub sample: ColumnSample,
    /// Strong identifiers per cell of this column in the field of the same dataset that has most.
    pub strong: f64,
    /// The share of its own cells that are strong identifiers of a classifier.
    pub personal: f64,
}

/// A key column that the user names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// Pattern of datasets.
    pub dataset: globset::Glob,
    /// The field.
    pub field: String,
    /// What it numbers; columns of one name are one namespace. `None`: the field is no key.
    pub name: Option<String>,
}

/// What may be linked by keys.
#[derive(Clone, Debug)]
pub struct KeyOptions {
    /// Named by the user.
    pub declared: Vec<Declared>,
    /// Whether columns are compared at all.
    pub discover: bool,
    /// Whether what is found is used, or only proposed.
    pub accept: bool,
    /// The least share of a column's values that must be in the key's.
    pub contained: f64,
}

impl Default for KeyOptions {
    fn default() -> KeyOptions {
        KeyOptions { declared: Vec::new(), discover: true, accept: true, contained: 0.9 }
    }
}

/// A column whose values are identifiers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyColumn {
    /// Its dataset.
    pub dataset: String,
    /// Its field.
    pub field: String,
    /// Its namespace.
    pub namespace: Namespace,
    /// Named by the user.
    pub declared: bool,
}

/// What was decided.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision {
    /// By dataset and field.
    pub columns: Vec<KeyColumn>,
    /// By dataset and field of the column: what links, what might, what does not.
    pub pairs: Vec<KeyPair>,
}

/// The namespace of a key that the user names.
fn declared_namespace(name: &str) -> Namespace {
    Namespace { class: format!("key.{name}"), space: format!("key:declared:{name}") }
}

impl KeyOptions {
    /// What the user says of a column: `None` nothing, `Some(None)` that it is no key.
    fn says(&self, dataset: &str, field: &str) -> Option<Option<&str>> {
        let fits = |d: &&Declared| d.field == field && d.dataset.compile_matcher().is_match(dataset);
        self.declared.iter().find(fits).map(|d| d.name.as_deref())
    }

    /// What the user names and none of these columns is: dataset (a pattern) and field.
    pub fn absent(&self, columns: &[(String, String)]) -> Vec<(String, String)> {
        let there = |d: &&Declared| {
            let dataset = d.dataset.compile_matcher();
            columns.iter().any(|(of, field)| *field == d.field && dataset.is_match(of))
        };
        let named = |d: &Declared| (d.dataset.glob().to_owned(), d.field.clone());
        self.declared.iter().filter(|d| !there(d)).map(named).collect()
    }

    /// The keys of a run: those that the user names, and those that were decided before.
    pub fn activate(&self, decided: &[KeyColumn], classifiers: usize) -> ActiveKeys {
        let mut keys = ActiveKeys::new(classifiers);
        for d in &self.declared {
            keys.declare(&d.dataset, &d.field, d.name.as_deref().map(declared_namespace));
        }
        for c in decided.iter().filter(|c| !c.declared) {
            keys.add(&c.dataset, &c.field, c.namespace.clone());
        }
        keys
    }

    /// The keys of a look at what an index knows: these, and those that its scans were told of.
    pub fn activate_all(&self, decided: &[KeyColumn], classifiers: usize) -> ActiveKeys {
        let mut keys = self.activate(decided, classifiers);
        decided.iter().filter(|c| c.declared).for_each(|c| keys.add(&c.dataset, &c.field, c.namespace.clone()));
        keys
    }
}

/// Least number of distinct values that say something.
const ENOUGH: u64 = 16;
/// Least number of values whose rows name people in both columns.
const ENOUGH_PEOPLE: u64 = 5;
/// Least share of these that must agree.
const AGREE: f64 = 0.8;
/// Below this share the rows contradict.
const DISAGREE: f64 = 0.5;
/// A key's values differ in this share of its cells, at least.
const UNIQUE: f64 = 0.9;
/// So many of a key's rows, at least, hold a strong identifier.
const NAMED: f64 = 0.5;
/// The largest chance of a random number of the key's range to be one of the keys.
const CHANCE: f64 = 0.001;

/// Decides which columns are keys and which refer to them. `refuted`: relations that all values, not only samples, spoke against.
pub fn discover(columns: &[Column], options: &KeyOptions, refuted: &BTreeSet<((String, String), (String, String))>) -> Decision {
    let mut all: Vec<&Column> = columns.iter().collect();
    all.sort_by(|a, b| (&a.dataset, &a.field).cmp(&(&b.dataset, &b.field)));
    let says: Vec<Option<Option<&str>>> = all.iter().map(|c| options.says(&c.dataset, &c.field)).collect();
    let mut edges = if options.discover { edges(&all, &says, options, refuted) } else { Vec::new() };
    edges.sort_by(|a, b| {
        (a.3.status, a.3.verdict, std::cmp::Reverse(a.3.agree), a.2, a.0, a.1).cmp(&(
            b.3.status,
            b.3.verdict,
            std::cmp::Reverse(b.3.agree),
            b.2,
            b.0,
            b.1,
        ))
    });

    // A namespace has one column of a dataset, and one name.
    let mut group: Vec<usize> = (0..all.len()).collect();
    let mut datasets: Vec<BTreeSet<&str>> = all.iter().map(|c| BTreeSet::from([c.dataset.as_str()])).collect();
    let mut names: Vec<Option<&str>> = says.iter().map(|s| s.flatten()).collect();
    // Columns that the user gives one name are one namespace, even two of a dataset.
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    for i in 0..all.len() {
        if let Some(name) = names[i] {
            let root = *first.entry(name).or_insert(i);
            if root != i {
                group[i] = root;
                let theirs = std::mem::take(&mut datasets[i]);
                datasets[root].extend(theirs);
            }
        }
    }
    let mut used = vec![false; all.len()];
    let mut pairs: BTreeMap<usize, Vec<KeyPair>> = BTreeMap::new();
    for (from, to, _, mut pair) in edges {
        let (a, b) = (find(&group, from), find(&group, to));
        if pair.status == Status::Accepted && a != b {
            let clash = !datasets[a].is_disjoint(&datasets[b]) || names[a].is_some_and(|n| names[b].is_some_and(|m| m != n));
            if clash {
                (pair.status, pair.verdict) = (Status::Proposed, Verdict::OtherColumn);
            } else {
                let theirs = std::mem::take(&mut datasets[b]);
                datasets[a].extend(theirs);
                names[a] = names[a].or(names[b]);
                group[b] = a;
            }
        }
        if pair.status == Status::Accepted {
            used[from] = true;
            used[to] = true;
        }
        pairs.entry(from).or_default().push(pair);
    }
    for (i, said) in says.iter().enumerate() {
        used[i] |= matches!(said, Some(Some(_)));
    }
    Decision { columns: name_groups(&all, &group, &names, &used, &says), pairs: pairs.into_values().flat_map(shown).collect() }
}

fn find(group: &[usize], mut i: usize) -> usize {
    while group[i] != i {
        i = group[i];
    }
    i
}

/// Of a column that refers to a key the best proof; of one that might, the best guess.
fn shown(mut pairs: Vec<KeyPair>) -> Vec<KeyPair> {
    pairs.truncate(1);
    pairs
}

/// From, to, rank (smaller is better), what was found.
type Edge = (usize, usize, (bool, std::cmp::Reverse<u64>), KeyPair);

fn edges(
    all: &[&Column],
    says: &[Option<Option<&str>>],
    options: &KeyOptions,
    refuted: &BTreeSet<((String, String), (String, String))>,
) -> Vec<Edge> {
    let open = |i: usize| says[i] != Some(None) && all[i].personal < 0.5;
    let is_key = |i: usize| {
        let c = all[i];
        let unique = c.sample.distinct_cells as f64 >= c.sample.cells as f64 * UNIQUE;
        c.sample.cells > 0 && unique && c.strong >= NAMED
    };
    let keys: Vec<usize> = (0..all.len()).filter(|&i| open(i) && is_key(i)).collect();
    let mut holders: HashMap<u64, Vec<usize>> = HashMap::new();
    for &k in &keys {
        for hash in all[k].sample.values().keys() {
            holders.entry(*hash).or_default().push(k);
        }
    }
    let mut out = Vec::new();
    for from in (0..all.len()).filter(|&i| open(i)) {
        let near: BTreeSet<usize> = all[from].sample.values().keys().filter_map(|h| holders.get(h)).flatten().copied().collect();
        for to in near.into_iter().filter(|&to| all[to].dataset != all[from].dataset) {
            // Of two keys that hold the same, the larger one is referred to.
            let (few, many) = (all[from].sample.distinct(), all[to].sample.distinct());
            if keys.binary_search(&from).is_ok() && (few, to) > (many, from) {
                continue;
            }
            if let Some(pair) = judge(all[from], all[to], options, refuted) {
                out.push((from, to, (all[from].field != all[to].field, std::cmp::Reverse(many)), pair));
            }
        }
    }
    out
}

/// What one column is to a key; `None`: nothing worth a word.
fn judge(from: &Column, to: &Column, options: &KeyOptions, refuted: &BTreeSet<((String, String), (String, String))>) -> Option<KeyPair> {
    let (compared, contained, agree, differ) = from.sample.within(&to.sample);
    if compared == 0 || (contained as f64) < compared as f64 * options.contained {
        return None;
    }
    let (mine, theirs) = (entity(&from.dataset, &from.field), entity(&to.dataset, &to.field));
    let same_name = mine == theirs;
    let people = about_people(&mine) || about_people(&theirs);
    let told = agree + differ;
    let rate = agree as f64 / told.max(1) as f64;
    let chance = chance(to);
    let ends = ((from.dataset.clone(), from.field.clone()), (to.dataset.clone(), to.field.clone()));
    let siblings = !schema(&to.dataset).is_empty() && schema(&to.dataset) == schema(&from.dataset);
    let named_after = entity("", &table(&to.dataset)) == mine && from.field == to.field;
    let (status, verdict) = match () {
        () if told >= ENOUGH_PEOPLE && rate < DISAGREE => (Status::Contradicted, Verdict::OtherPeople),
        () if !people => return None,
        () if refuted.contains(&ends) => (Status::Proposed, Verdict::NotContained),
        () if told >= ENOUGH_PEOPLE && rate >= AGREE && compared >= ENOUGH => (Status::Accepted, Verdict::SamePeople),
        () if !same_name && (chance > CHANCE || compared < ENOUGH) => return None,
        () if !same_name => (Status::Proposed, Verdict::OtherName),
        () if compared < ENOUGH => (Status::Proposed, Verdict::Few),
        () if chance <= CHANCE => (Status::Accepted, Verdict::Telling),
        () if siblings && named_after => (Status::Accepted, Verdict::ForeignKey),
        () => (Status::Proposed, Verdict::Chance),
    };
    let (status, verdict) =
        if status == Status::Accepted && !options.accept { (Status::Proposed, Verdict::NotAsked) } else { (status, verdict) };
    // What contradicts is worth a word only where the names would have said otherwise.
    if status == Status::Contradicted && !(same_name && people) {
        return None;
    }
    Some(KeyPair { from: ends.0, to: ends.1, status, verdict, compared, contained, agree, differ })
}

/// The chance of a random value of the key's kind to be one of its values: of numbers, how densely they fill their range.
fn chance(key: &Column) -> f64 {
    let s = &key.sample;
    if s.numbers * 10 < s.cells {
        return 0.0;
    }
    s.distinct() as f64 / 2f64.powi(i32::from(s.spread).max(1) - 1)
}

/// Gives every namespace its name and lists its columns.
fn name_groups(all: &[&Column], group: &[usize], names: &[Option<&str>], used: &[bool], says: &[Option<Option<&str>>]) -> Vec<KeyColumn> {
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for i in (0..all.len()).filter(|&i| used[i]) {
        members.entry(find(group, i)).or_default().push(i);
    }
    // The column with the most values is the key; the groups are named in the order of their keys.
    let key_of = |m: &Vec<usize>| *m.iter().min_by_key(|&&i| (std::cmp::Reverse(all[i].sample.distinct()), i)).unwrap_or(&m[0]);
    let mut groups: Vec<(Option<&str>, usize, Vec<usize>)> = members.into_iter().map(|(root, m)| (names[root], key_of(&m), m)).collect();
    groups.sort_by_key(|g| (g.0.is_none(), g.1));
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut out = Vec::new();
    for (name, key, members) in groups {
        let namespace = match name {
            Some(name) => declared_namespace(name),
            None => {
                let base = format!("key.{}", key_name(&all[key].dataset, &all[key].field));
                let numbered = (2..).map(|n| format!("{base}.{n}"));
                let class = std::iter::once(base.clone()).chain(numbered).find(|c| !taken.contains(c)).unwrap_or(base);
                Namespace { class, space: format!("key:{}:{}", all[key].dataset, all[key].field) }
            }
        };
        taken.insert(namespace.class.clone());
        for i in members {
            let declared = matches!(says[i], Some(Some(_)));
            out.push(KeyColumn { dataset: all[i].dataset.clone(), field: all[i].field.clone(), namespace: namespace.clone(), declared });
        }
    }
    out.sort_by(|a, b| (&a.dataset, &a.field).cmp(&(&b.dataset, &b.field)));
    out
}

#[cfg(test)]
#[path = "discover_tests.rs"]
mod tests;
