//! Which datasets each of several sources has.

use std::collections::BTreeMap;

use super::Basis;
use super::map::{TARGET, shows};
use crate::base::{Role, Timestamp};
use crate::index::{IndexError, Reader};

/// A dataset of a source, or the part of it that lies there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceDataset {
    /// As in the map.
    pub name: String,
    /// Current objects.
    pub objects: u64,
    /// Their stored bytes.
    pub bytes: u64,
    /// The newest moment that its data show; `None` where all is history.
    pub data_as_of: Option<Timestamp>,
}

impl SourceDataset {
    /// Whether the data are older than [`TARGET`] at that moment.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.data_as_of.is_some_and(|t| now.0.saturating_sub(t.0) > TARGET.as_millis() as i64)
    }
}

/// Datasets that were recognised as a kind of export, by name, with the kind.
pub fn kinds_of_datasets(reader: &Reader) -> Result<Vec<(String, String)>, IndexError> {
    let mut all: Vec<(String, String)> = reader.dataset_notes()?.into_iter().filter_map(|(name, note)| Some((name, note.kind?))).collect();
    all.sort();
    Ok(all)
}

/// The current objects by source and dataset. `holds` says of the number of a source whether it has an object, by the object's
/// URI as shown and its dataset; control files of exports count as no dataset, as in the map.
pub fn sources(
    reader: &Reader,
    number: usize,
    holds: &dyn Fn(usize, &str, &str) -> bool,
) -> Result<(Vec<Vec<SourceDataset>>, Basis), IndexError> {
    let notes = reader.notes()?;
    let mut all: Vec<BTreeMap<String, SourceDataset>> = vec![BTreeMap::new(); number];
    for o in reader.objects(true)? {
        let note = notes.get(&o.id).copied().unwrap_or_default();
        if note.role == Role::Bookkeeping {
            continue;
        }
        for (_, datasets) in all.iter_mut().enumerate().filter(|(i, _)| holds(*i, &o.uri, &o.dataset)) {
            let d = datasets.entry(o.dataset.clone()).or_insert_with(|| SourceDataset {
                name: o.dataset.clone(),
                objects: 0,
                bytes: 0,
                data_as_of: None,
            });
            d.objects += 1;
            d.bytes += o.size;
            if note.role == Role::Data {
                d.data_as_of = d.data_as_of.max(Some(shows(&o, note)));
            }
        }
    }
    Ok((all.into_iter().map(|d| d.into_values().collect()).collect(), Basis::of(reader)?))
}
