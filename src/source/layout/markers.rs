//! Files that programs leave beside data: `_SUCCESS` and its like.

use std::collections::HashMap;

use super::{file_name, folder};
use crate::base::{Hint, Object, Role};

/// Names that mean nothing but "done" or "begun".
const MARKERS: &[&str] = &["_SUCCESS", "_started", "_metadata", "_common_metadata", "aws-logs-write-test"];

/// Makes markers part of the dataset that lies beside them. A folder that holds nothing else is an empty table, and its
/// marker all that stands for it.
pub(super) fn mark(objects: &[Object], hints: &mut [Hint]) {
    // The dataset of the first object with data in each folder that has a marker.
    let mut beside: HashMap<&str, Option<String>> = HashMap::new();
    for o in objects.iter().filter(|o| is_marker(file_name(&o.uri))) {
        beside.insert(folder(&o.uri), None);
    }
    if beside.is_empty() {
        return;
    }
    for (o, hint) in objects.iter().zip(hints.iter()) {
        if hint.role != Role::Bookkeeping
            && !is_marker(file_name(&o.uri))
            && let Some(found @ None) = beside.get_mut(folder(&o.uri))
        {
            *found = Some(hint.dataset.clone());
        }
    }
    for (o, hint) in objects.iter().zip(hints.iter_mut()) {
        if is_marker(file_name(&o.uri))
            && let Some(Some(dataset)) = beside.get(folder(&o.uri))
        {
            hint.role = Role::Bookkeeping;
            hint.dataset.clone_from(dataset);
        }
    }
}

/// Whether the name is that of a marker: of Hadoop, Spark, Databricks (`_committed_123`), EMR (`x_$folder$`), Parquet's
/// summaries.
pub(super) fn is_marker(name: &str) -> bool {
    let numbered = |prefix: &str| name.strip_prefix(prefix).is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    MARKERS.contains(&name) || numbered("_committed_") || numbered("_started_") || name.ends_with("_$folder$")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_belong_to_what_lies_beside_them() {
        let uris = ["/t/_SUCCESS", "/t/part-0", "/empty/_SUCCESS", "/d/_committed_12", "/d/_started_x", "/d/a.csv", "/d/sub_$folder$"];
        let objects: Vec<Object> =
            uris.iter().map(|u| Object { uri: (*u).into(), version: String::new(), size: 0, modified: None, until: None }).collect();
        let mut hints: Vec<Hint> = uris.iter().map(|u| Hint { dataset: u[1..].to_owned(), ..Hint::default() }).collect();
        mark(&objects, &mut hints);
        let seen: Vec<(&str, Role)> = hints.iter().map(|h| (h.dataset.as_str(), h.role)).collect();
        assert_eq!(
            seen,
            [
                ("t/part-0", Role::Bookkeeping),
                ("t/part-0", Role::Data),
                ("empty/_SUCCESS", Role::Data),
                ("d/_started_x", Role::Bookkeeping),
                ("d/_started_x", Role::Data),
                ("d/a.csv", Role::Data),
                ("d/_started_x", Role::Bookkeeping)
            ]
        );
    }
}
