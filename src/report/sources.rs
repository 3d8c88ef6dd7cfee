//! The configured sources, and what exists beside them.

use serde_json::{Value, json};

use super::find::{basis_json, basis_text};
use super::text::{count, plural, shorten, table, wrap};
use crate::base::Timestamp;
use crate::query::{Basis, SourceDataset};
use crate::source::{Discovered, Existing, NOT_EXAMINED, Scope};

/// A configured source and what the index knows of it.
#[derive(Debug)]
pub struct ConfiguredSource {
    /// As it is configured.
    pub source: String,
    /// What it takes in.
    pub scope: Scope,
    /// By name.
    pub datasets: Vec<SourceDataset>,
}

/// One document: `sources`, each with `source`, `kind`, `uri`, `datasets` (`name`, `objects`, `bytes`, `data_as_of`, `stale`); and
/// `basis` as of every answer, null without an index.
pub fn sources_json(all: &[ConfiguredSource], basis: Option<&Basis>, now: Timestamp) -> Value {
    let dataset = |d: &SourceDataset| json!({"name": d.name, "objects": d.objects, "bytes": d.bytes, "data_as_of": d.data_as_of.map(|t| t.to_string()), "stale": d.is_stale(now)});
    let one = |s: &ConfiguredSource| {
        let datasets: Vec<Value> = s.datasets.iter().map(dataset).collect();
        json!({"source": s.source, "kind": s.scope.kind, "uri": s.scope.uri, "datasets": datasets})
    };
    json!({
        "sources": all.iter().map(one).collect::<Vec<_>>(),
        "basis": basis.map(basis_json),
    })
}

/// The same for people.
pub fn sources_text(all: &[ConfiguredSource], basis: Option<&Basis>, now: Timestamp) -> String {
    let mut out = String::new();
    for s in all {
        out += &format!("{}\n", s.source);
        if s.datasets.is_empty() {
            out += "  nothing in the index: not scanned yet, or empty\n";
        }
        let row = |d: &SourceDataset| {
            let of = d.data_as_of.map_or("history".to_owned(), |t| format!("data as of {t}"));
            let stale = if d.is_stale(now) { ": stale" } else { "" };
            vec![shorten(&d.name, 50), plural(d.objects, "object"), format!("{of}{stale}")]
        };
        let rows: Vec<Vec<String>> = s.datasets.iter().map(row).collect();
        out += &table(&rows, &[1], "  ");
    }
    match basis.filter(|b| b.run.is_some()) {
        Some(basis) => out + "\n" + &basis_text(basis),
        None => out + "\nNo run yet: `piimap scan` reads them.\n",
    }
}

/// Something that exists, with the configured sources in it.
#[derive(Debug)]
pub struct Covered<'a> {
    /// What.
    pub existing: &'a Existing,
    /// Sources that take in something of it, as they are configured.
    pub sources: Vec<&'a str>,
    /// Whether one of them takes in all of it.
    pub whole: bool,
}

impl<'a> Covered<'a> {
    /// Compares what exists with what is configured, and, for what is scanned as an export, with the datasets of the index and their
    /// kinds.
    pub fn compare(existing: &'a Existing, configured: &'a [String], known: &'a [(String, String)]) -> Covered<'a> {
        let exported = |kind: &str, is: &dyn Fn(&str) -> bool| {
            let of = known.iter().filter(|(name, k)| k == kind && is(name)).map(|(name, _)| name.as_str());
            let sources: Vec<&str> = of.take(3).collect();
            Covered { existing, whole: false, sources }
        };
        let name = existing.name.as_str();
        match existing.kind {
            "rds_instance" | "rds_cluster" => {
                return exported("rds-export", &|d| d.strip_prefix(name).is_some_and(|rest| rest.starts_with('/')));
            }
            "dynamodb_table" => return exported("dynamodb-export", &|d| d.strip_prefix("dynamodb/") == Some(name)),
            "log_group" => return exported("cloudwatch-logs", &|d| d.strip_prefix("cloudwatch/").is_some_and(|d| is_end_of(name, d))),
            _ => {}
        }
        let inside = |spec: &&String| Scope::of(spec).is_within(&existing.uri);
        let sources: Vec<&str> = configured.iter().filter(inside).map(String::as_str).collect();
        Covered { existing, whole: sources.iter().any(|s| Scope::of(s).is_all_of(&existing.uri)), sources }
    }

    fn status(&self) -> &'static str {
        if self.sources.is_empty() { "not_configured" } else { "configured" }
    }
}

/// Whether a log group's name is this, or ends with it as a part: an export has the prefix that somebody chose.
fn is_end_of(group: &str, dataset: &str) -> bool {
    !dataset.is_empty()
        && group.strip_suffix(dataset).is_some_and(|rest| rest.is_empty() || rest.ends_with('/') || dataset.starts_with('/'))
}

/// One document: `region`; `existing`, each with `kind`, `name`, `uri`, `created`, `status` (`configured`, `not_configured`), `whole`
/// and `sources`; `not_examined`, each with `kind`, `reason` (null where the kind is never looked for) and `detail`.
pub fn discovered_json(found: &Discovered, all: &[Covered<'_>], noted: bool) -> Value {
    let one = |c: &Covered<'_>| {
        let e = c.existing;
        json!({
            "kind": e.kind, "name": e.name, "uri": e.uri, "created": e.created.map(|t| t.to_string()), "region": e.region, "account": e.account,
            "status": c.status(), "whole": c.whole, "sources": c.sources,
        })
    };
    let mut not: Vec<Value> =
        found.failed.iter().map(|(kind, e)| json!({"kind": kind, "reason": e.reason.code(), "detail": e.detail})).collect();
    not.push(json!({"kind": "other_regions", "reason": null, "detail": elsewhere(found)}));
    not.extend(NOT_EXAMINED.iter().map(|(kind, detail)| json!({"kind": kind, "reason": null, "detail": detail})));
    json!({"region": found.region, "existing": all.iter().map(one).collect::<Vec<_>>(), "not_examined": not, "noted": noted})
}

/// How a kind of store gets read.
pub fn what_to_do(kind: &str) -> &'static str {
    match kind {
        "s3_bucket" | "glue_database" => "it exists and no source takes it in: name it in `sources` of piimap.toml",
        "rds_instance" | "rds_cluster" | "rds_snapshot" => {
            "no export of it was scanned: export a snapshot to S3 and name the export as a source"
        }
        "redshift_cluster" => "UNLOAD its tables to S3 and name the files as a source; accept this line once that is done",
        "dynamodb_table" => {
            "no export of it was scanned: `piimap scan dynamodb://TABLE-ARN --start-export --export-to s3://…` makes one, or name one as a source"
        }
        "log_group" => "no export of it was scanned: export it to S3, or let Firehose write there, and name that as a source",
        _ => "no source takes it in",
    }
}

fn elsewhere(found: &Discovered) -> String {
    format!("other regions than {}, but for buckets: name each with --region or in [[account]]", found.region)
}

/// The same for people.
pub fn discovered_text(found: &Discovered, all: &[Covered<'_>], noted: bool) -> String {
    let row = |c: &Covered<'_>| {
        let says = match (c.sources.as_slice(), c.whole) {
            ([], _) => "not configured".to_owned(),
            (_, true) => "configured".to_owned(),
            (some, false) => format!("configured in part: {}", some.join(", ")),
        };
        vec![c.existing.kind.replace('_', " "), shorten(&c.existing.uri, 34), says]
    };
    let mut out = table(&all.iter().map(row).collect::<Vec<_>>(), &[], "");
    let missing = all.iter().filter(|c| c.sources.is_empty()).count() as u64;
    out += &format!("\n{} of {} not configured.\n\nNot examined:\n", count(missing), count(all.len() as u64));
    for (kind, e) in &found.failed {
        out += &wrap(&format!("  {kind}: "), &format!("{}: {}", e.reason, e.detail));
    }
    out += &wrap("  ", &elsewhere(found));
    NOT_EXAMINED.iter().for_each(|(_, detail)| out += &wrap("  ", detail));
    if noted {
        out += "\nWhat is not configured is noted in the index: see `piimap coverage`.\n";
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Error, Reason};

    #[test]
    fn what_exists_is_compared_with_what_is_configured() {
        let of = |kind, uri: &str| Existing {
            kind,
            name: uri.split("://").nth(1).unwrap().into(),
            uri: uri.into(),
            created: None,
            region: "eu-west-1".into(),
            account: None,
        };
        let existing = vec![
            of("glue_database", "glue://shop"),
            of("s3_bucket", "s3://a"),
            of("s3_bucket", "s3://ab"),
            of("s3_bucket", "s3://b"),
            of("rds_instance", "rds://shop"),
            of("rds_instance", "rds://sho"),
            of("dynamodb_table", "dynamodb://carts"),
        ];
        let configured = ["s3://a/x", "s3://b", "/srv"].map(str::to_owned);
        let known =
            [("shop/db.public.customers", "rds-export"), ("dynamodb/carts", "dynamodb-export")].map(|(d, k)| (d.to_owned(), k.to_owned()));
        let found = Discovered {
            region: "eu-west-1".into(),
            existing,
            failed: vec![("glue_database", Error::new(Reason::AccessDenied, "allow glue:GetDatabases"))],
        };
        let all: Vec<Covered<'_>> = found.existing.iter().map(|e| Covered::compare(e, &configured, &known)).collect();
        let json = discovered_json(&found, &all, true);
        let of = |i: usize| (json["existing"][i]["status"].as_str().unwrap(), json["existing"][i]["whole"].as_bool().unwrap());
        assert_eq!(
            [of(0), of(1), of(2), of(3)],
            [("not_configured", false), ("configured", false), ("not_configured", false), ("configured", true)]
        );
        assert_eq!([of(4), of(5), of(6)], [("configured", false), ("not_configured", false), ("configured", false)]);
        assert_eq!(json["not_examined"][0]["reason"], "access_denied");
        assert!(json["not_examined"].as_array().unwrap().iter().any(|n| n["kind"] == "redshift_workgroup"));
        let text = discovered_text(&found, &all, true);
        assert!(text.contains("configured in part: s3://a/x\n") && text.contains("3 of 7 not configured."), "{text}");
        assert!(text.contains("glue_database: access_denied: allow") && text.contains("other regions than eu-west-1"), "{text}");
    }
}
