//! What the index knows in the formats of other tools. No personal value stands in any of them: names of objects, members
//! and fields are those that all answers show, places are numbers.
//!
//! Takes the structs of `query::export` and the map, gives JSON values (a line each) or text. What each format asks for is
//! told in its file, with the version that was followed.

mod asff;
mod datahub;
mod macie;
mod ocsf;
mod openlineage;
mod openmetadata;
mod places;
mod prometheus;

pub use asff::{ASFF_PLACES, Account, asff_finding};
pub use datahub::datahub_proposals;
pub use macie::{MACIE_PLACES, macie_result};
pub use ocsf::{OCSF_PLACES, ocsf_findings};
pub use openlineage::openlineage_events;
pub use openmetadata::openmetadata_columns;
pub use prometheus::prometheus_text;

use crate::query::{ExportedFinding, ExportedObject};

/// An object in a store of buckets: `s3`, bucket, key. `None` for a file and for standard input. A container of Azure is a bucket
/// with its account before it: `account/container`.
fn bucket_of(uri: &str) -> Option<(&str, &str, &str)> {
    let (scheme, rest) = uri.split_once("://").filter(|(s, _)| matches!(*s, "s3" | "gs" | "az"))?;
    let end = rest.match_indices('/').nth(usize::from(scheme == "az")).map(|(at, _)| at);
    Some(end.map_or((scheme, rest, ""), |at| (scheme, &rest[..at], &rest[at + 1..])))
}

/// The last part of a path or key.
fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The id of a finding: 64 hex digits, the BLAKE3 hash of uri, version, member, field and classifier, each with its length
/// before it; and of the keyed hash of the true uri where another is shown. The same in every export.
fn finding_id(o: &ExportedObject, f: &ExportedFinding) -> String {
    let mut h = blake3::Hasher::new();
    for part in [&o.uri, &o.version, f.member.as_deref().unwrap_or(""), &f.field, &f.classifier] {
        h.update(&(part.len() as u64).to_le_bytes());
        h.update(part.as_bytes());
    }
    if let Some(name) = &o.sealed {
        h.update(name);
    }
    h.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;

    /// An object with one finding, for the tests of all formats.
    pub fn example(uri: &str, field: &str, classifier: &str) -> ExportedObject {
        let finding = ExportedFinding {
            member: None,
            field: field.into(),
            classifier: classifier.into(),
            element: "email".into(),
            count: 3,
            confidence: 0.9,
            places: None,
            more: false,
            verdict: None,
        };
        ExportedObject {
            uri: uri.into(),
            sealed: None,
            version: "1".into(),
            size: 10,
            modified: Some(Timestamp(1_000)),
            dataset: "d".into(),
            format: Some("csv".into()),
            status: "read".into(),
            reasons: Vec::new(),
            first_seen: Timestamp(2_000),
            last_seen: Timestamp(3_000),
            findings: vec![finding],
        }
    }

    #[test]
    fn ids_tell_apart_what_differs_and_stay_as_they_are() {
        let id = |o: &ExportedObject| finding_id(o, &o.findings[0]);
        let base = example("s3://b/k", "email", "generic.email");
        // Written down, so that a change of the way it is made does not go unseen.
        assert_eq!(id(&base), "7bc64cb8373b6f0b19cc88d59416e9c24b0f0ff6e67a79ebf7b4b77eb545e0d9");
        assert_eq!(id(&base), id(&example("s3://b/k", "email", "generic.email")));
        let mut other = vec![example("s3://b/ke", "mail", "generic.email"), example("s3://b/k", "emailg", "eneric.email")];
        for change in 0..4 {
            let mut o = base.clone();
            match change {
                0 => o.version = "2".into(),
                1 => o.findings[0].member = Some("a.csv".into()),
                2 => o.sealed = Some([1; 16]),
                _ => o.sealed = Some([2; 16]),
            }
            other.push(o);
        }
        let mut ids: Vec<String> = other.iter().chain([&base]).map(id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 7);
        // What is counted and when it was seen is no part of it.
        let mut later = base.clone();
        (later.last_seen, later.findings[0].count, later.status) = (Timestamp(9), 7, "partial".into());
        assert_eq!(id(&later), id(&base));
    }

    #[test]
    fn uris_are_taken_apart() {
        for (uri, want) in [
            ("s3://b/a/k.csv", Some(("s3", "b", "a/k.csv"))),
            ("gs://b", Some(("gs", "b", ""))),
            ("az://acc/box/a/k.csv", Some(("az", "acc/box", "a/k.csv"))),
            ("/srv/a.csv", None),
            ("-", None),
            ("x://b/k", None),
        ] {
            assert_eq!(bucket_of(uri), want, "{uri}");
        }
        assert_eq!([file_name("a/b.csv"), file_name("b"), file_name("a/")], ["b.csv", "b", ""]);
    }
}
