//! Metadata change proposals of DataHub: tags of fields, added to what is there.
//!
//! Source: DataHub's model (`MetadataChangeProposal`, aspects `tagProperties`, `globalTags`, `editableSchemaMetadata`) and its file source,
//! which takes a list of proposals whose aspects are written as text. An `UPSERT` of an aspect replaces all of it, other people's tags too;
//! a `PATCH` (RFC 6902) adds to it, with the key of an entry in the place of its index.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::bucket_of;
use crate::classify::Classifiers;
use crate::query::{Dataset, MapAnswer};

/// The proposals: the tags that are used, each once, then a patch for each dataset whose fields, or whose text, hold what counts.
/// `env`: the environment in the names of datasets, `PROD`.
pub fn datahub_proposals(map: &MapAnswer, classifiers: &Classifiers, env: &str) -> Vec<Value> {
    let mut used: BTreeSet<&str> = BTreeSet::new();
    let mut patches = Vec::new();
    for d in &map.datasets {
        let urn = urn(d, env);
        let (mut fields, mut whole) = (Vec::new(), Vec::new());
        for f in &d.fields {
            for c in f.classifiers.iter().filter(|c| c.counted > 0) {
                used.insert(&c.id);
                let tag = tag(&c.id);
                let value = json!({"tag": tag});
                if f.name.is_empty() {
                    whole.push(json!({"op": "add", "path": format!("/tags/{}", pointer(&tag)), "value": value}));
                } else {
                    let path = format!("/editableSchemaFieldInfo/{}/globalTags/tags/{}", pointer(&f.name), pointer(&tag));
                    fields.push(json!({"op": "add", "path": path, "value": value}));
                }
            }
        }
        for (aspect, patch) in [("editableSchemaMetadata", fields), ("globalTags", whole)] {
            if !patch.is_empty() {
                patches.push(proposal("dataset", &urn, "PATCH", aspect, &patch.into(), "application/json-patch+json"));
            }
        }
    }
    let tags = used.into_iter().map(|id| {
        let title = classifiers.index_of(id).map_or(id, |i| classifiers.get(i).title.as_str());
        let value = json!({"name": format!("pii.{id}"), "description": format!("{title}, found by piimap")});
        proposal("tag", &tag(id), "UPSERT", "tagProperties", &value, "application/json")
    });
    tags.chain(patches).collect()
}

fn tag(classifier: &str) -> String {
    format!("urn:li:tag:pii.{classifier}")
}

fn proposal(kind: &str, urn: &str, change: &str, aspect: &str, value: &Value, content: &str) -> Value {
    json!({
        "entityType": kind, "entityUrn": urn, "changeType": change, "aspectName": aspect,
        "aspect": {"value": value.to_string(), "contentType": content},
    })
}

/// A part of a JSON pointer.
fn pointer(part: &str) -> String {
    part.replace('~', "~0").replace('/', "~1")
}

/// The name of a dataset as DataHub's own sources make it: tables by database and name, objects by bucket and prefix.
fn urn(d: &Dataset, env: &str) -> String {
    let (platform, name) = match (d.name.split_once('/'), bucket_of(&d.uri)) {
        (Some(("glue", table)), _) => ("glue", table.to_owned()),
        (Some(("redshift", table)), _) => ("redshift", table.to_owned()),
        (_, Some(("s3", bucket, key))) => ("s3", format!("{bucket}/{key}")),
        (_, Some(("gs", bucket, key))) => ("gcs", format!("{bucket}/{key}")),
        (_, Some((_, bucket, key))) => ("abs", format!("{bucket}/{key}")),
        _ => ("file", d.uri.clone()),
    };
    // What has a meaning in a name of this kind is written by its number.
    let name = name.trim_end_matches('/').replace('%', "%25").replace(',', "%2C").replace('(', "%28").replace(')', "%29");
    format!("urn:li:dataset:(urn:li:dataPlatform:{platform},{name},{env})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_pointers_keep_their_parts() {
        assert_eq!(pointer("a/b~c"), "a~1b~0c");
        assert_eq!(tag("us.ssn"), "urn:li:tag:pii.us.ssn");
    }
}
