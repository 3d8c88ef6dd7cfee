//! The data map: what personal data lies where.

use std::collections::{BTreeMap, BTreeSet};

use std::time::Duration;

use super::basis::Basis;
use super::breach::Exposed;
use super::isolation::Borders;
use super::stores::{self, StoreAnswer};
use super::verdicts::Judged;
use crate::base::{Role, Timestamp};
use crate::index::{IndexError, Note, ObjectRow, Reader};
use crate::law;

/// The data map.
#[derive(Clone, Debug)]
pub struct MapAnswer {
    /// Ordered by name.
    pub datasets: Vec<Dataset>,
    /// Distinct consumers in all of them.
    pub consumers: u64,
    /// The kinds of personal data in all of them, ordered by id.
    pub kinds: Vec<Kind>,
    /// The stores in which they lie, by name, where something is known of these.
    pub stores: Vec<StoreAnswer>,
    /// Objects about exports (manifests, markers) that belong to no dataset of their own.
    pub bookkeeping: Pile,
    /// When the question was asked.
    pub asked: Timestamp,
    /// How old data may be before it is called stale.
    pub target: Duration,
    /// What it rests on.
    pub basis: Basis,
}

/// One kind of personal data, wherever it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The classifier.
    pub id: String,
    /// The data element of law that it finds.
    pub element: String,
    /// Sightings.
    pub count: u64,
    /// Distinct consumers.
    pub consumers: u64,
}

/// How old data may be, unless somebody says otherwise.
pub const TARGET: Duration = Duration::from_secs(6 * 3600);

/// A number of objects and their stored bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pile {
    /// Objects.
    pub objects: u64,
    /// Their stored bytes.
    pub bytes: u64,
}

impl Pile {
    fn add(&mut self, o: &ObjectRow) {
        self.objects += 1;
        self.bytes += o.size;
    }
}

/// The moment whose state an object shows.
pub(super) fn shows(o: &ObjectRow, note: Note) -> Timestamp {
    note.as_of.unwrap_or(Timestamp(o.last_seen))
}

/// The datasets of these object versions whose newest data are older than [`TARGET`] now, ordered.
pub(super) fn stale(reader: &Reader, exposed: &[Exposed]) -> Result<Vec<String>, IndexError> {
    let (notes, now) = (reader.notes()?, Timestamp::now());
    let mut newest: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for o in exposed.iter().map(|e| &e.object) {
        let note = notes.get(&o.id).copied().unwrap_or_default();
        if note.role == Role::Data {
            let t = newest.entry(&o.dataset).or_insert(Timestamp(i64::MIN));
            *t = (*t).max(shows(o, note));
        }
    }
    let old = |t: &Timestamp| now.0.saturating_sub(t.0) > TARGET.as_millis() as i64;
    Ok(newest.iter().filter(|(_, t)| old(t)).map(|(d, _)| (*d).to_owned()).collect())
}

impl MapAnswer {
    /// Notes for every dataset whose its objects are and what for, by what is written down of tenants and paths.
    pub fn tell(&mut self, reader: &Reader, borders: &Borders) -> Result<(), IndexError> {
        if borders.tenants.is_empty() && borders.templates.is_empty() {
            return Ok(());
        }
        let objects = reader.objects(true)?;
        let tenants = borders.tenants_of(objects.iter());
        let mut all: BTreeMap<&str, [BTreeSet<&str>; 2]> = BTreeMap::new();
        for o in &objects {
            let sets = all.entry(&o.dataset).or_default();
            sets[0].extend(tenants.iter().filter(|t| (t.owns)(o)).map(|t| t.name.as_str()));
            sets[1].extend(borders.told(&o.uri).environment);
        }
        let owned = |set: &BTreeSet<&str>| set.iter().map(|s| (*s).to_owned()).collect();
        for d in &mut self.datasets {
            if let Some([tenants, environments]) = all.get(d.name.as_str()) {
                (d.tenants, d.environments) = (owned(tenants), owned(environments));
            }
        }
        Ok(())
    }

    /// Whether what a dataset shows is older than the target.
    pub fn is_stale(&self, d: &Dataset) -> bool {
        d.data_as_of.is_some_and(|t| self.asked.0.saturating_sub(t.0) > self.target.as_millis() as i64)
    }
}

/// Objects that are one logical table or stream.
#[derive(Clone, Debug, Default)]
pub struct Dataset {
    /// Its name.
    pub name: String,
    /// The longest common prefix of its objects' uris; the uri itself where there is one object.
    pub uri: String,
    /// What made it (`rds-export`); `None`: plain objects.
    pub kind: Option<String>,
    /// Current objects: history counts, manifests and markers beside data do not.
    pub objects: u64,
    /// Their stored bytes.
    pub bytes: u64,
    /// Of these, what something newer has replaced: older exports, files that a manifest does not name. They still lie
    /// there, so that what is in them counts.
    pub history: Pile,
    /// The moment whose state it shows: that of the newest export; for plain objects the newest run that saw them.
    pub data_as_of: Option<Timestamp>,
    /// Fields that hold personal data, ordered by name; `""` is running text.
    pub fields: Vec<Field>,
    /// Distinct consumers.
    pub consumers: u64,
    /// Oldest modification of its objects.
    pub oldest: Option<Timestamp>,
    /// Newest.
    pub newest: Option<Timestamp>,
    /// Categories of law, ordered (`ccpa.A`).
    pub categories: Vec<String>,
    /// Whose its objects are and what for, ordered, where somebody wrote that down; see [`MapAnswer::tell`].
    pub tenants: Vec<String>,
    /// See `tenants`.
    pub environments: Vec<String>,
}

/// A field with personal data.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type as the database that it comes from declared it.
    pub source_type: Option<String>,
    /// What it holds, most frequent first.
    pub classifiers: Vec<FieldClassifier>,
    /// What it holds, but protected; in no other number.
    pub protection: Vec<FieldState>,
    /// Distinct consumers.
    pub consumers: u64,
}

/// One kind of personal data in a field.
#[derive(Clone, Debug)]
pub struct FieldClassifier {
    /// The classifier.
    pub id: String,
    /// The data element of law that it finds.
    pub element: String,
    /// Sightings.
    pub count: u64,
    /// Sightings per value that is not empty, at most 1; `None` in running text.
    pub share: Option<f64>,
    /// The highest confidence.
    pub confidence: f64,
    /// Of the sightings, those that count: less those that are allowed, and none where a verdict says so.
    pub counted: u64,
    /// Of the sightings, those that somebody allows.
    pub allowed: u64,
    /// The most sightings in one object: what severity by number goes by.
    pub most: u64,
    /// What somebody decided about them.
    pub verdict: Option<Judged>,
}

/// Values of a field that are protected.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldState {
    /// What they would be.
    pub id: String,
    /// `masked`, `truncated`, `hashed`, `tokenised`, `encrypted`.
    pub state: String,
    /// How many.
    pub count: u64,
    /// Of the values that are not empty; `None` in running text.
    pub share: Option<f64>,
}

/// The map of all current objects. Datasets without personal data are part of it.
pub fn map(reader: &Reader) -> Result<MapAnswer, IndexError> {
    let counts = reader.consumer_counts()?;
    let (classifiers, fields, names) = (reader.classifiers()?, reader.field_names()?, reader.datasets()?);
    let numbers: BTreeMap<&str, i64> = names.iter().map(|(id, name)| (name.as_str(), *id)).collect();
    let mut datasets: BTreeMap<String, Dataset> = BTreeMap::new();
    let (notes, mut about) = (reader.notes()?, reader.dataset_notes()?);
    let mut bookkeeping = Pile::default();
    // A manifest in which something personal was found is no mere manifest.
    let findings: BTreeSet<i64> = reader.objects_with_findings()?;
    for o in reader.objects(true)? {
        let (modified, note) = (o.modified.map(Timestamp), notes.get(&o.id).copied().unwrap_or_default());
        if note.role == Role::Bookkeeping && !findings.contains(&o.id) {
            bookkeeping.add(&o);
            continue;
        }
        let d = datasets.entry(o.dataset.clone()).or_insert_with(|| Dataset {
            name: o.dataset.clone(),
            uri: o.uri.clone(),
            kind: about.get(&o.dataset).and_then(|a| a.kind.clone()),
            objects: 0,
            bytes: 0,
            history: Pile::default(),
            data_as_of: None,
            fields: Vec::new(),
            consumers: numbers.get(o.dataset.as_str()).and_then(|n| counts.by_dataset.get(n)).copied().unwrap_or(0),
            oldest: modified,
            newest: modified,
            categories: Vec::new(),
            tenants: Vec::new(),
            environments: Vec::new(),
        });
        d.uri = common_prefix(&d.uri, &o.uri).to_owned();
        d.objects += 1;
        d.bytes += o.size;
        d.oldest = d.oldest.into_iter().chain(modified).min();
        d.newest = d.newest.into_iter().chain(modified).max();
        match note.role {
            Role::History => d.history.add(&o),
            Role::Data | Role::Bookkeeping => d.data_as_of = d.data_as_of.max(Some(shows(&o, note))),
        }
    }
    let most = reader.most_in_one_object()?;
    let mut kinds: BTreeMap<&str, Kind> = BTreeMap::new();
    let mut categories: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for s in reader.field_summaries()? {
        let (Some(name), Some((id, element)), Some(field_name)) =
            (names.get(&s.dataset), classifiers.get(&s.classifier), fields.get(&s.field))
        else {
            return Err(IndexError::Damaged("a summary names an unknown dataset, field or classifier"));
        };
        let Some(d) = datasets.get_mut(name) else { continue };
        let kind = kinds.entry(id.as_str()).or_insert_with(|| Kind {
            id: id.clone(),
            element: element.clone(),
            count: 0,
            consumers: counts.by_classifier.get(&s.classifier).copied().unwrap_or(0),
        });
        kind.count += s.sightings;
        categories.entry(name).or_default().extend(law::categories(element).iter().map(|c| format!("ccpa.{c}")));
        let share = (s.cells > 0).then(|| (s.sightings as f64 / s.cells as f64).min(1.0));
        let found = FieldClassifier {
            id: id.clone(),
            element: element.clone(),
            count: s.sightings,
            share,
            confidence: s.confidence,
            counted: s.sightings,
            allowed: 0,
            most: most.get(&(s.field, s.classifier)).copied().unwrap_or(0),
            verdict: None,
        };
        match d.fields.iter_mut().find(|f| f.name == *field_name) {
            Some(f) => f.classifiers.push(found),
            None => {
                let consumers = counts.by_field.get(&s.field).copied().unwrap_or(0);
                let source_type = about.get_mut(name).and_then(|a| a.types.remove(field_name));
                let protection = Vec::new();
                d.fields.push(Field { name: field_name.clone(), source_type, classifiers: vec![found], protection, consumers });
            }
        }
    }
    for s in reader.field_states()? {
        let (Some(name), Some((id, element)), Some(field_name)) =
            (names.get(&s.dataset), classifiers.get(&s.classifier), fields.get(&s.field))
        else {
            return Err(IndexError::Damaged("a state names an unknown dataset, field or classifier"));
        };
        let Some(d) = datasets.get_mut(name) else { continue };
        if !d.fields.iter().any(|f| f.name == *field_name) {
            let source_type = about.get_mut(name).and_then(|a| a.types.remove(field_name));
            d.fields.push(Field { name: field_name.clone(), source_type, classifiers: Vec::new(), protection: Vec::new(), consumers: 0 });
        }
        let Some(f) = d.fields.iter_mut().find(|f| f.name == *field_name) else { continue };
        let share = (s.cells > 0).then(|| (s.count as f64 / s.cells as f64).min(1.0));
        if s.state != "allowed" {
            f.protection.push(FieldState { id: id.clone(), state: s.state, count: s.count, share });
            continue;
        }
        match f.classifiers.iter_mut().find(|c| c.id == *id) {
            Some(c) => {
                c.count += s.count;
                c.allowed += s.count;
            }
            None => f.classifiers.push(FieldClassifier {
                id: id.clone(),
                element: element.clone(),
                count: s.count,
                share,
                confidence: 0.0,
                counted: 0,
                allowed: s.count,
                most: 0,
                verdict: None,
            }),
        }
    }
    let kinds = kinds.into_values().collect();
    for (name, codes) in categories {
        if let Some(d) = datasets.get_mut(name) {
            d.categories = codes.into_iter().collect();
        }
    }
    let mut datasets: Vec<Dataset> = datasets.into_values().collect();
    for d in &mut datasets {
        d.fields.sort_by(|a, b| a.name.cmp(&b.name));
        for f in &mut d.fields {
            f.classifiers.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.id.cmp(&b.id)));
        }
    }
    let basis = Basis::of(reader)?;
    let stores = stores::stores(reader)?;
    Ok(MapAnswer { datasets, consumers: counts.all, kinds, stores, bookkeeping, asked: Timestamp::now(), target: TARGET, basis })
}

fn common_prefix<'a>(a: &'a str, b: &str) -> &'a str {
    let same = a.char_indices().zip(b.chars()).find(|((_, x), y)| x != y).map_or(a.len().min(b.len()), |((i, _), _)| i);
    &a[..same]
}

#[cfg(test)]
mod tests {
    use super::common_prefix;

    #[test]
    fn prefixes_end_at_characters() {
        for (a, b, want) in
            [("s3://b/é1", "s3://b/é2", "s3://b/é"), ("s3://b/é", "s3://b/è", "s3://b/"), ("ab", "abc", "ab"), ("", "x", "")]
        {
            assert_eq!(common_prefix(a, b), want);
        }
    }
}
