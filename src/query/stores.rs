//! The stores in which objects lie: their settings, and what they hold that these settings do not fit.

use std::collections::{BTreeMap, HashMap};

use crate::base::FACTS;
use crate::index::{IndexError, Reader};
use crate::law;

/// A store as the newest run found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreAnswer {
    /// Its name, `s3://bucket`.
    pub uri: String,
    /// Its settings in the order of [`FACTS`]: name, what is known, why nothing is.
    pub facts: Vec<(&'static str, Option<String>, Option<String>)>,
    /// Sensitive personal information in its current objects: classifier and sightings, most frequent first.
    pub sensitive: Vec<(String, u64)>,
}

impl StoreAnswer {
    /// The value of a setting; `None` where it is not known.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.facts.iter().find(|f| f.0 == name)?.1.as_deref()
    }

    /// What does not fit what it holds: `public`, `unlogged`. Nothing where it holds nothing sensitive.
    pub fn warnings(&self) -> Vec<&'static str> {
        if self.sensitive.is_empty() {
            return Vec::new();
        }
        let is = |name, value| self.get(name) == Some(value);
        [("public", is("public", "yes")), ("unlogged", is("logging", "none"))].iter().filter(|w| w.1).map(|w| w.0).collect()
    }
}

/// The store of an object, by its uri: names of buckets have no slash.
pub(super) fn store_of(uri: &str) -> &str {
    &uri[..uri.match_indices('/').nth(2).map_or(uri.len(), |(at, _)| at)]
}

/// All stores of which something is known, by name.
pub(super) fn stores(reader: &Reader) -> Result<Vec<StoreAnswer>, IndexError> {
    let mut known: BTreeMap<String, HashMap<String, (Option<String>, Option<String>)>> = BTreeMap::new();
    for f in reader.store_facts()? {
        known.entry(f.store).or_default().insert(f.name, (f.value, f.why));
    }
    if known.is_empty() {
        return Ok(Vec::new());
    }
    let sensitive: HashMap<i64, String> = reader
        .classifiers()?
        .into_iter()
        .filter(|(_, (_, element))| law::categories(element).contains(&"L"))
        .map(|(id, (name, _))| (id, name))
        .collect();
    // The store of an object by its number.
    let mut at: HashMap<i64, &str> = HashMap::new();
    for o in reader.objects(true)? {
        if let Some((store, _)) = known.get_key_value(store_of(&o.uri)) {
            at.insert(o.id, store);
        }
    }
    let mut held: HashMap<&str, BTreeMap<&str, u64>> = HashMap::new();
    for (object, classifier, sightings) in reader.found_in_objects()? {
        if let (Some(store), Some(name), 1..) = (at.get(&object), sensitive.get(&classifier), sightings) {
            *held.entry(store).or_default().entry(name).or_default() += sightings;
        }
    }
    let one = |(uri, facts): (&String, &HashMap<String, (Option<String>, Option<String>)>)| {
        let fact = |(name, _): &(&'static str, &str)| facts.get(*name).map(|(value, why)| (*name, value.clone(), why.clone()));
        let mut sensitive: Vec<(String, u64)> =
            held.get(uri.as_str()).into_iter().flatten().map(|(name, n)| ((*name).to_owned(), *n)).collect();
        sensitive.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        StoreAnswer { uri: uri.clone(), facts: FACTS.iter().filter_map(fact).collect(), sensitive }
    };
    Ok(known.iter().map(one).collect())
}
