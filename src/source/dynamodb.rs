//! Exports of tables of DynamoDB to S3: started, waited for, and where they lie.
//!
//! A full export is the table at one moment. An incremental one is what changed in a time, of a day at most; those that follow the last
//! export without a gap bring it up to date.

use std::time::Duration;

use serde_json::{Value, json};

use super::signed::{Message, Service, Signed};
use super::{Options, aws};
use crate::base::{Error, Reason, Result, Timestamp};

const DYNAMODB: Service = Service { name: "dynamodb", endpoint: "AWS_ENDPOINT_URL_DYNAMODB" };

/// Dollars for each gigabyte of a table (its items and local indexes) that is exported in full. An incremental export is billed by what
/// of the table's continuous backup had to be worked through, which nobody knows before.
///
/// Source: the price of data export to Amazon S3 in us-east-1 as others quote it from aws.amazon.com/dynamodb/pricing, as of 2026-11.
pub const PRICE: f64 = 0.10;

const INCREMENTAL: &str = "INCREMENTAL_EXPORT";

const MINUTE: i64 = 60_000;
/// The shortest and the longest time of one incremental export.
const SHORTEST: i64 = 15 * MINUTE;
const LONGEST: i64 = 24 * 60 * MINUTE;
/// How far back the log of changes goes.
const KEPT: i64 = 35 * LONGEST;
/// What happened in the last minutes may not be in the log yet.
const LATE: i64 = 5 * MINUTE;

/// A table.
pub struct Table {
    signed: Signed,
    options: Options,
    arn: String,
    name: String,
}

/// What is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The table as it is.
    Full,
    /// What changed from the first moment up to the second.
    Changes(Timestamp, Timestamp),
}

/// An export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Its ARN, of which the last part is the name of its folder, too.
    pub arn: String,
    /// Not of changes alone.
    pub is_full: bool,
}

impl Export {
    /// The name of its folder, as far as it is one.
    pub fn id(&self) -> String {
        let last = self.arn.rsplit('/').next().unwrap_or_default();
        last.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(64).collect()
    }
}

/// Where exports of a table stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Up to when complete exports tell of the table without a gap.
    pub until: Option<Timestamp>,
    /// The moment of the newest complete full one.
    pub full: Option<Timestamp>,
    /// Those on their way.
    pub going: Vec<Export>,
}

impl Table {
    /// The table with this ARN, `arn:aws:dynamodb:REGION:ACCOUNT:table/NAME`; its region is asked. Fails for anything else, and where
    /// there are no credentials.
    pub fn open(arn: &str, options: &Options) -> Result<Table> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let (region, name) = match parts.as_slice() {
            ["arn", _, "dynamodb", region, _, table] => (*region, table.strip_prefix("table/").unwrap_or("")),
            _ => ("", ""),
        };
        if name.is_empty() || name.contains('/') {
            let detail = "name a table by its ARN: dynamodb://arn:aws:dynamodb:eu-west-1:111122223333:table/orders";
            return Err(Error::new(Reason::NotFound, detail));
        }
        let options = Options { region: Some(region.to_owned()), ..options.clone() };
        let signed = Signed::new(&aws::configuration(&options)?, &options)?;
        Ok(Table { signed, options, arn: arn.to_owned(), name: name.to_owned() })
    }

    /// Its gigabytes, as DynamoDB counts them every six hours or so: 0 of a table that it has not counted yet.
    pub fn gigabytes(&self) -> Result<f64> {
        let answer = self.ask("DescribeTable", json!({ "TableName": self.name }))?;
        answer["Table"]["TableSizeBytes"].as_u64().map(gigabytes).ok_or_else(other)
    }

    /// The exports of this table that lie, or will lie, at `place`, `s3://bucket/prefix`.
    pub fn standing(&self, place: &str) -> Result<Standing> {
        let (bucket, prefix) = split(place)?;
        let (mut going, mut complete, mut token) = (Vec::new(), Vec::new(), Value::Null);
        let mut seen = std::collections::HashSet::new();
        loop {
            let mut ask = json!({ "TableArn": self.arn });
            if token.is_string() {
                ask["NextToken"] = token.clone();
            }
            let page = self.ask("ListExports", ask)?;
            for summary in page["ExportSummaries"].as_array().into_iter().flatten() {
                let status = summary["ExportStatus"].as_str().unwrap_or_default();
                let Some(arn) = summary["ExportArn"].as_str().filter(|_| status != "FAILED") else { continue };
                let one = self.describe(arn)?;
                if one["S3Bucket"] != bucket || one["S3Prefix"].as_str().unwrap_or("").trim_end_matches('/') != prefix {
                    continue;
                }
                match one["ExportStatus"].as_str() {
                    Some("IN_PROGRESS") => going.push(Export { arn: arn.to_owned(), is_full: one["ExportType"] != INCREMENTAL }),
                    Some("COMPLETED") => complete.extend(told_of(&one)),
                    _ => {}
                }
            }
            let next = page["NextToken"].clone();
            if !next.is_string() {
                let full = complete.iter().filter(|(from, _)| from.is_none()).map(|(_, at)| *at).max();
                return Ok(Standing { until: until(complete), full, going });
            }
            if !seen.insert(next.to_string()) {
                return Err(Error::new(Reason::Io, "the server says there are more entries and does not give them"));
            }
            token = next;
        }
    }

    /// Starts an export to `place`, encrypted with `key` of AWS KMS where one is named. A request that is sent twice starts one. With an
    /// error comes whether nothing was started for certain.
    pub fn start(&self, place: &str, key: Option<&str>, what: What) -> Result<Export, (Error, bool)> {
        let (bucket, prefix) = split(place).map_err(|e| (e, true))?;
        let mut ask = json!({"TableArn": self.arn, "S3Bucket": bucket, "ExportFormat": "DYNAMODB_JSON"});
        if !prefix.is_empty() {
            ask["S3Prefix"] = json!(prefix);
        }
        if let Some(owner) = &self.options.expected_owner {
            ask["S3BucketOwner"] = json!(owner);
        }
        let random = || getrandom::u64().map_err(|_| (Error::new(Reason::Io, "the system gives no random numbers"), true));
        ask["ClientToken"] = json!(format!("piimap-{:016x}", random()?));
        if let Some(key) = key {
            (ask["S3SseAlgorithm"], ask["S3SseKmsKeyId"]) = (json!("KMS"), json!(key));
        }
        match what {
            What::Full => ask["ExportType"] = json!("FULL_EXPORT"),
            What::Changes(from, to) => {
                ask["ExportType"] = json!(INCREMENTAL);
                // What was changed or deleted was there: it is history.
                let view = "NEW_AND_OLD_IMAGES";
                ask["IncrementalExportSpecification"] =
                    json!({"ExportFromTime": from.0 / 1000, "ExportToTime": to.0 / 1000, "ExportViewType": view});
            }
        }
        let answer = self.order("ExportTableToPointInTime", ask).map_err(|(e, nothing)| {
            let says = if e.detail.contains("PointInTimeRecoveryUnavailable") {
                "point-in-time recovery of the table is off: exports need it"
            } else if e.detail.contains("InvalidExportTime") {
                "point-in-time recovery of the table does not reach from the last export up to now: try again in some minutes, or leave --incremental out"
            } else {
                return (e, nothing);
            };
            (Error::new(e.reason, says), nothing)
        })?;
        let arn = answer["ExportDescription"]["ExportArn"].as_str().ok_or_else(|| (other(), false))?;
        Ok(Export { arn: arn.to_owned(), is_full: what == What::Full })
    }

    /// Waits until an export is complete; the gigabytes that it is billed for, where DynamoDB tells. Fails where it ended otherwise.
    pub fn wait(&self, export: &Export) -> Result<Option<f64>> {
        let mut pause = Duration::from_secs(1);
        loop {
            let now = self.describe(&export.arn)?;
            match now["ExportStatus"].as_str() {
                Some("COMPLETED") => return Ok(now["BilledSizeBytes"].as_u64().map(gigabytes)),
                Some("IN_PROGRESS") => {}
                _ => {
                    let detail = format!("the export {} failed: see `aws dynamodb describe-export`", export.id());
                    return Err(Error::new(Reason::ExportIncomplete, detail));
                }
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_secs(30));
        }
    }

    fn describe(&self, arn: &str) -> Result<Value> {
        let mut answer = self.ask("DescribeExport", json!({ "ExportArn": arn }))?;
        Ok(answer["ExportDescription"].take())
    }

    fn ask(&self, operation: &str, body: Value) -> Result<Value> {
        self.order(operation, body).map_err(|e| e.0)
    }

    fn order(&self, operation: &str, body: Value) -> Result<Value, (Error, bool)> {
        let target = match operation {
            "DescribeTable" => "DynamoDB_20120810.DescribeTable",
            "ListExports" => "DynamoDB_20120810.ListExports",
            "DescribeExport" => "DynamoDB_20120810.DescribeExport",
            _ => "DynamoDB_20120810.ExportTableToPointInTime",
        };
        let message = Message { path: "/", media: "application/x-amz-json-1.0", target: Some(target), body: body.to_string() };
        let text = self.signed.order(&DYNAMODB, &message, &self.options)?;
        serde_json::from_str(&text).map_err(|_| (other(), false))
    }
}

fn other() -> Error {
    Error::new(Reason::Malformed, "the answer is not what it should be")
}

fn gigabytes(bytes: u64) -> f64 {
    bytes as f64 / (1u64 << 30) as f64
}

fn split(place: &str) -> Result<(&str, &str)> {
    let (bucket, prefix) = super::s3::split(place.strip_prefix("s3://").unwrap_or(""))?;
    Ok((bucket, prefix.trim_end_matches('/')))
}

/// From when to when a complete export tells of its table; from no moment, if it is a full one.
fn told_of(export: &Value) -> Option<(Option<Timestamp>, Timestamp)> {
    let at = |seconds: &Value| Some(Timestamp((seconds.as_f64()? * 1000.0) as i64));
    let times = &export["IncrementalExportSpecification"];
    if export["ExportType"] == INCREMENTAL {
        return Some((Some(at(&times["ExportFromTime"])?), at(&times["ExportToTime"])?));
    }
    Some((None, at(&export["ExportTime"])?))
}

/// Up to when these tell of their table without a gap, from the newest full one on.
fn until(mut complete: Vec<(Option<Timestamp>, Timestamp)>) -> Option<Timestamp> {
    let mut end = complete.iter().filter(|(from, _)| from.is_none()).map(|(_, at)| *at).max()?;
    complete.sort();
    for (from, to) in complete {
        if from.is_some_and(|from| from <= end) {
            end = end.max(to);
        }
    }
    Some(end)
}

/// The incremental exports that follow on `last` up to `now`, each without a gap; none where too little time has passed. Fails where
/// the log of changes does not go back so far.
pub fn due(last: Timestamp, now: Timestamp) -> Result<Vec<What>> {
    if now.0 - last.0 > KEPT {
        let detail = "the last export is more than 35 days old, and changes are not kept longer: leave --incremental out";
        return Err(Error::new(Reason::NotFound, detail));
    }
    // In whole minutes, so that one ends where the next begins.
    let end = (now.0 - LATE).div_euclid(MINUTE) * MINUTE;
    let (mut at, mut out) = (last.0, Vec::new());
    while end - at >= SHORTEST {
        // What is left behind it must not be too short.
        let to = if end - at > LONGEST && end - at < LONGEST + SHORTEST { end - SHORTEST } else { end.min(at + LONGEST) };
        out.push(What::Changes(Timestamp(at), Timestamp(to)));
        at = to;
    }
    Ok(out)
}

/// Where exports lie, as a source.
pub fn place(to: &str) -> String {
    format!("{}/AWSDynamoDB/", to.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_named_by_their_arn() {
        for wrong in ["orders", "arn:aws:dynamodb:eu-west-1:1:table/", "arn:aws:dynamodb:eu-west-1:1:table/a/index/b", "arn:aws:s3:::b"] {
            let e = Table::open(wrong, &Options::default()).err().unwrap();
            assert!(e.detail.contains("name a table by its ARN"), "{wrong}");
        }
        assert_eq!(place("s3://b/exports/"), "s3://b/exports/AWSDynamoDB/");
        let export = Export { arn: "arn:aws:dynamodb:r:1:table/orders/export/01768385930622-efd1a093".into(), is_full: true };
        assert_eq!(export.id(), "01768385930622-efd1a093");
    }

    #[test]
    fn what_follows_without_a_gap_counts() {
        let at = |n: i64| Timestamp(n);
        let changes = |from: i64, to: i64| (Some(at(from)), at(to));
        let full = |n: i64| (None, at(n));
        for (complete, end) in [
            (vec![], None),
            (vec![changes(0, 10)], None),
            (vec![full(5)], Some(5)),
            (vec![changes(20, 30), full(10), full(5), changes(10, 20)], Some(30)),
            // The one between failed.
            (vec![full(10), changes(10, 20), changes(30, 40)], Some(20)),
            // An older one is part of the newer full one.
            (vec![full(10), changes(10, 20), full(50), changes(20, 30)], Some(50)),
        ] {
            assert_eq!(until(complete.clone()), end.map(at), "{complete:?}");
        }
    }

    #[test]
    fn changes_are_exported_without_gaps() {
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let last = at("2026-11-03T22:00:00Z");
        let windows = |now: &str| {
            let all = due(last, at(now)).unwrap();
            let times = all.iter().map(|w| match w {
                What::Changes(from, to) => (from.to_string(), to.to_string()),
                What::Full => panic!("a full export is none of changes"),
            });
            times.collect::<Vec<_>>()
        };
        assert_eq!(windows("2026-11-03T22:19:59Z"), [], "fifteen minutes are the least");
        assert_eq!(windows("2026-11-03T21:00:00Z"), []);
        assert_eq!(windows("2026-11-03T22:20:30Z"), [(last.to_string(), at("2026-11-03T22:15:00Z").to_string())]);
        for (now, count) in
            [("2026-11-04T22:05:00Z", 1), ("2026-11-04T22:06:00Z", 2), ("2026-11-07T03:00:00Z", 4), ("2026-12-08T21:00:00Z", 35)]
        {
            let all = due(last, at(now)).unwrap();
            assert_eq!(all.len(), count, "{now}");
            let mut next = last;
            for w in all {
                let What::Changes(from, to) = w else { panic!() };
                assert!(from == next && (SHORTEST..=LONGEST).contains(&(to.0 - from.0)), "{now}: {from} {to}");
                next = to;
            }
            assert!(at(now).0 - next.0 <= LATE + MINUTE, "{now}: up to {next}");
        }
        assert!(due(last, at("2026-12-09T22:00:00Z")).is_err());
    }
}
