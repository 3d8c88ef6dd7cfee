//! What links datasets by keys, what might, and why.

use std::collections::BTreeMap;

use super::basis::Basis;
use crate::identity::keys::KeyOptions;
use crate::index::{IndexError, Reader, StoredPair};

/// The keys of the index.
#[derive(Clone, Debug)]
pub struct LinksAnswer {
    /// By class.
    pub keys: Vec<Key>,
    /// Relations that link, might link, or were found to be none: by dataset and field.
    pub links: Vec<StoredPair>,
    /// Datasets with current objects that were read with other key columns than they have now, and how many: a run over their
    /// sources reads them again.
    pub pending: Vec<(String, u64)>,
    /// Columns that `piimap.toml` names as keys and that are not there: dataset and field, as it names them.
    pub absent: Vec<(String, String)>,
    /// What it rests on.
    pub basis: Basis,
}

impl LinksAnswer {
    /// Whether `piimap.toml` has both columns of a relation in one kind of key, so that nobody has to say so any more.
    pub fn is_decided(&self, link: &StoredPair) -> bool {
        let holds = |k: &Key, end: &(String, String)| {
            k.columns.iter().any(|(dataset, field, by_user)| *by_user && (dataset, field) == (&end.0, &end.1))
        };
        self.keys.iter().any(|k| holds(k, &link.pair.from) && holds(k, &link.pair.to))
    }
}

/// One kind of key.
#[derive(Clone, Debug)]
pub struct Key {
    /// `key.customer`.
    pub class: String,
    /// Dataset, field, whether `piimap.toml` names it.
    pub columns: Vec<(String, String, bool)>,
    /// Distinct values in current objects.
    pub values: u64,
    /// Of these, joined with other identifiers by records.
    pub linked: u64,
    /// Of these, joined with too many to link anything.
    pub shared: u64,
}

/// The keys; `options` are those that the next run would use.
pub fn links(reader: &Reader, options: &KeyOptions) -> Result<LinksAnswer, IndexError> {
    let columns = reader.key_columns()?;
    let counts = reader.key_counts()?;
    let mut keys: BTreeMap<String, Key> = BTreeMap::new();
    for c in &columns {
        let (values, linked, shared) = counts.get(&c.namespace.class).copied().unwrap_or_default();
        let class = c.namespace.class.clone();
        let key = keys.entry(class.clone()).or_insert(Key { class, columns: Vec::new(), values, linked, shared });
        key.columns.push((c.dataset.clone(), c.field.clone(), c.declared));
    }
    let active = options.activate(&columns, 0);
    let mut pending: BTreeMap<String, u64> = BTreeMap::new();
    for (dataset, keys, objects) in reader.keys_read()? {
        if active.fingerprint(&dataset) != keys {
            *pending.entry(dataset).or_default() += objects;
        }
    }
    Ok(LinksAnswer {
        keys: keys.into_values().collect(),
        links: reader.key_pairs()?,
        pending: pending.into_iter().collect(),
        absent: options.absent(&reader.columns()?),
        basis: Basis::of(reader)?,
    })
}
