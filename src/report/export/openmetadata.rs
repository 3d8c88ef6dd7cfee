//! Columns of OpenMetadata with its own tags for personal data.
//!
//! Source: OpenMetadata's schemas `TagLabel` (draft 7: `tagFQN`, `source`, `labelType`, `state` are required) and `UpdateColumn`, the body of
//! `PUT /api/v1/columns/name/{fqn}`, and its classification `PII` with `Sensitive` and `NonSensitive`, which exclude each other.

use serde_json::{Value, json};

use crate::law;
use crate::query::{Dataset, MapAnswer};

/// A line for each column that holds what counts, in the order of the map: `entityType`, `fullyQualifiedName`, `update`. Columns that hold
/// secrets alone, which are no personal data, have none. `service`: what names of tables begin with.
pub fn openmetadata_columns(map: &MapAnswer, service: &str) -> Vec<Value> {
    let mut out = Vec::new();
    for d in &map.datasets {
        for f in d.fields.iter().filter(|f| !f.name.is_empty()) {
            let counted = f.classifiers.iter().filter(|c| c.counted > 0);
            let categories: Vec<&str> = counted.flat_map(|c| law::categories(&c.element)).copied().collect();
            if categories.is_empty() {
                continue;
            }
            let tag = if categories.contains(&"L") { "PII.Sensitive" } else { "PII.NonSensitive" };
            out.push(json!({
                "entityType": "table",
                "fullyQualifiedName": format!("{service}.{}.{}", table(d), quoted(&f.name)),
                "update": {"tags": [{"tagFQN": tag, "source": "Classification", "labelType": "Automated", "state": "Suggested"}]},
            }));
        }
    }
    out
}

/// Schema and table of a dataset: of a catalogue's or database's table its own, of others their names.
fn table(d: &Dataset) -> String {
    match d.name.split_once('/') {
        Some(("glue", name)) => name.split('.').map(quoted).collect::<Vec<_>>().join("."),
        Some((schema, name)) => format!("{}.{}", quoted(schema), quoted(name)),
        None => format!("default.{}", quoted(&d.name)),
    }
}

/// A part of a name: in quotes where it has a dot or a quote.
fn quoted(part: &str) -> String {
    if part.contains(['.', '"']) { format!("\"{}\"", part.replace('"', "\\\"")) } else { part.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_with_dots_are_quoted() {
        assert_eq!([quoted("a"), quoted("a.b"), quoted("a\"b")], ["a", "\"a.b\"", "\"a\\\"b\""]);
    }
}
