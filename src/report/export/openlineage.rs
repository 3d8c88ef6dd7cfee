//! Dataset events of OpenLineage.
//!
//! Source: OpenLineage's specification 2-0-2 (`DatasetEvent`), facets `schema` 1-2-0 and `tags` 1-0-0, and its naming of
//! datasets: the namespace of an object store is the bucket, that of files is `file`, the name is the common path.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::bucket_of;
use crate::base::Timestamp;
use crate::query::{Dataset, MapAnswer};

const EVENT: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/DatasetEvent";
const SCHEMA: &str = "https://openlineage.io/spec/facets/1-2-0/SchemaDatasetFacet.json#/$defs/SchemaDatasetFacet";
const TAGS: &str = "https://openlineage.io/spec/facets/1-0-0/TagsDatasetFacet.json#/$defs/TagsDatasetFacet";
const PRODUCER: &str = concat!("urn:piimap:", env!("CARGO_PKG_VERSION"));

/// An event for each dataset, in the order of the map, as of `at`: fields that hold personal data as schema, and for each kind
/// that counts a tag `pii` with the classifier as its value. A tag of running text names no field.
pub fn openlineage_events(map: &MapAnswer, at: Timestamp) -> Vec<Value> {
    let mut names: BTreeMap<(String, String), u32> = BTreeMap::new();
    let folders: Vec<_> = map.datasets.iter().map(|d| name(d, true)).collect();
    let prefixes: Vec<_> = map.datasets.iter().map(|d| name(d, false)).collect();
    for n in folders.iter().chain(&prefixes) {
        *names.entry(n.clone()).or_default() += 1;
    }
    let events = map.datasets.iter().zip(folders.into_iter().zip(prefixes)).map(|(d, (folder, prefix))| {
        let alone = |n: &(String, String), own: u32| names[n] <= own;
        // A single object has one name for both.
        let (namespace, name) = if alone(&folder, if folder == prefix { 2 } else { 1 }) {
            folder
        } else if folder != prefix && alone(&prefix, 1) {
            prefix
        } else {
            (prefix.0, format!("{}#{}", prefix.1, d.name))
        };
        event(d, &namespace, &name, at)
    });
    events.collect()
}

/// Namespace and name of a dataset by what its uris begin with: the folder, or all of it.
fn name(d: &Dataset, folder: bool) -> (String, String) {
    let (namespace, path) = match bucket_of(&d.uri) {
        Some((scheme, bucket, key)) => (format!("{scheme}://{bucket}"), key),
        None => ("file".to_owned(), d.uri.as_str()),
    };
    let cut = if folder && d.objects > 1 { path.rfind('/').map_or("", |i| &path[..i]) } else { path };
    let cut = if cut.is_empty() { path } else { cut };
    (namespace, if cut.is_empty() { "/".to_owned() } else { cut.to_owned() })
}

fn event(d: &Dataset, namespace: &str, name: &str, at: Timestamp) -> Value {
    let mut fields = Vec::new();
    let mut tags = Vec::new();
    for f in &d.fields {
        let counted: Vec<_> = f.classifiers.iter().filter(|c| c.counted > 0).collect();
        if counted.is_empty() {
            continue;
        }
        if !f.name.is_empty() {
            let mut field = json!({"name": f.name});
            if let Some(t) = &f.source_type {
                field["type"] = t.as_str().into();
            }
            fields.push(field);
        }
        for c in counted {
            let mut tag = json!({"key": "pii", "value": c.id, "source": "piimap"});
            if !f.name.is_empty() {
                tag["field"] = f.name.as_str().into();
            }
            tags.push(tag);
        }
    }
    json!({
        "eventTime": at.to_string(),
        "producer": PRODUCER,
        "schemaURL": EVENT,
        "dataset": {
            "namespace": namespace,
            "name": name,
            "facets": {
                "schema": {"_producer": PRODUCER, "_schemaURL": SCHEMA, "fields": fields},
                "tags": {"_producer": PRODUCER, "_schemaURL": TAGS, "tags": tags},
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{Basis, Pile, TARGET};

    fn dataset(name: &str, uri: &str, objects: u64) -> Dataset {
        Dataset {
            name: name.into(),
            uri: uri.into(),
            kind: None,
            objects,
            bytes: 0,
            history: Pile::default(),
            data_as_of: None,
            fields: Vec::new(),
            consumers: 0,
            oldest: None,
            newest: None,
            categories: Vec::new(),
            ..Dataset::default()
        }
    }

    #[test]
    fn names_are_paths_and_differ() {
        let datasets = vec![
            dataset("one", "s3://b/a/x.csv", 1),
            dataset("orders", "s3://b/orders/2026-", 9),
            dataset("app", "/logs/app-", 2),
            dataset("web", "/logs/web-", 2),
            dataset("p", "/mixed/", 2),
            dataset("q", "/mixed/", 2),
            dataset("all", "s3://c/", 3),
        ];
        let map = MapAnswer {
            datasets,
            consumers: 0,
            kinds: Vec::new(),
            stores: Vec::new(),
            bookkeeping: Pile::default(),
            asked: Timestamp(0),
            target: TARGET,
            basis: Basis::default(),
        };
        let text = |v: &Value| v.as_str().unwrap().to_owned();
        let names: Vec<String> = openlineage_events(&map, Timestamp(0))
            .iter()
            .map(|e| format!("{} {}", text(&e["dataset"]["namespace"]), text(&e["dataset"]["name"])))
            .collect();
        let want =
            ["s3://b a/x.csv", "s3://b orders", "file /logs/app-", "file /logs/web-", "file /mixed/#p", "file /mixed/#q", "s3://c /"];
        assert_eq!(names, want);
    }
}
