//! Results in the shape of Amazon Macie's sensitive data discovery results.
//!
//! Source: the service model of `macie2` in botocore (shapes `ClassificationDetails`, `ClassificationResult`, `SensitiveDataItem`,
//! `CustomDataIdentifiers`, `Occurrences`, `ResourcesAffected`) and Macie's guide on discovery results: a line for each analysed
//! object, clean ones and those that could not be read among them; at most 1,000 places of each type. What Macie knows of an
//! account (its number, region, encryption, access) the index does not know, and it is left out.
//!
//! Places in running text are `offsetRanges` in bytes: the index knows no lines. Of what lies in archives there are counts and no
//! places, which this shape cannot tell apart by member; `additionalOccurrences` then says that there are more.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::places::{Spot, spots};
use super::{bucket_of, file_name};
use crate::classify::Classifiers;
use crate::query::ExportedObject;

/// Places of one type in one object.
pub const MACIE_PLACES: usize = 1000;

/// What was found of one type.
#[derive(Default)]
struct Type {
    count: u64,
    spots: Vec<Spot>,
}

/// What was found in an object: the `result` of a line, the last word of the finding's type (`None`: nothing), and how many values.
pub(super) struct Classified {
    pub result: Value,
    pub what: Option<&'static str>,
    pub categories: Vec<&'static str>,
    pub count: u64,
}

/// The findings of an object that count, at most `limit` places of each type.
pub(super) fn classified(o: &ExportedObject, classifiers: &Classifiers, limit: usize) -> Classified {
    let mut managed: BTreeMap<(&'static str, String), Type> = BTreeMap::new();
    let mut custom: BTreeMap<String, Type> = BTreeMap::new();
    let mut more = false;
    for f in o.findings.iter().filter(|f| f.counts()) {
        let t = match type_name(classifiers, &f.classifier) {
            Some(name) => managed.entry((category(&name), name)).or_default(),
            None => custom.entry(f.classifier.clone()).or_default(),
        };
        t.count += f.count;
        if f.member.is_some() {
            more = true;
            continue;
        }
        let (spots, cut) = spots(o.format.as_deref().unwrap_or(""), f, limit - t.spots.len().min(limit));
        t.spots.extend(spots);
        more |= cut;
    }
    let mut items: BTreeMap<&'static str, Vec<Value>> = BTreeMap::new();
    let mut totals: BTreeMap<&'static str, u64> = BTreeMap::new();
    for ((category, name), t) in managed {
        *totals.entry(category).or_default() += t.count;
        items.entry(category).or_default().push(json!({"type": name, "count": t.count, "occurrences": occurrences(t.spots)}));
    }
    let sensitive: Vec<Value> = items
        .into_iter()
        .map(|(category, detections)| json!({"category": category, "totalCount": totals[category], "detections": detections}))
        .collect();
    let own: u64 = custom.values().map(|t| t.count).sum();
    let detections: Vec<Value> =
        custom.into_iter().map(|(name, t)| json!({"name": name, "count": t.count, "occurrences": occurrences(t.spots)})).collect();
    let (code, skipped) = match o.status.as_str() {
        "read" => ("COMPLETE", false),
        "partial" => ("PARTIAL", false),
        _ => ("SKIPPED", true),
    };
    let mut status = json!({"code": code});
    if code != "COMPLETE" {
        let reason = o.reasons.join(", ");
        status["reason"] = if reason.is_empty() { "unknown".into() } else { reason.into() };
    }
    let result = json!({
        "status": status,
        "sizeClassified": if skipped { 0 } else { o.size },
        "mimeType": mime(o.format.as_deref()),
        "additionalOccurrences": more,
        "sensitiveData": sensitive,
        "customDataIdentifiers": {"totalCount": own, "detections": detections},
    });
    let what = what(totals.keys().copied(), own > 0);
    Classified { result, what, categories: totals.keys().copied().collect(), count: own + totals.values().sum::<u64>() }
}

/// The line of an object; `run`: the newest run, which takes the place of the job. What somebody judged wrong or test data is
/// left out.
pub fn macie_result(o: &ExportedObject, classifiers: &Classifiers, run: Option<i64>) -> Value {
    let found = classified(o, classifiers, MACIE_PLACES);
    let mut line = json!({
        "schemaVersion": "1.0",
        "category": "CLASSIFICATION",
        "classificationDetails": {
            "jobId": run.map_or_else(|| "piimap".to_owned(), |n| format!("piimap-run-{n}")),
            "originType": "SENSITIVE_DATA_DISCOVERY_JOB",
            "result": found.result,
        },
        "count": found.count,
        "createdAt": o.first_seen.to_string(),
        "updatedAt": o.last_seen.to_string(),
        "resourcesAffected": resources(o),
        "sample": false,
    });
    if let Some(what) = found.what {
        line["type"] = format!("SensitiveData:S3Object/{what}").into();
    }
    line
}

fn resources(o: &ExportedObject) -> Value {
    let store = bucket_of(&o.uri);
    let key = store.map_or(o.uri.as_str(), |b| b.2);
    let path = store.map_or_else(|| o.uri.clone(), |(_, bucket, key)| format!("{bucket}/{key}"));
    let mut object = json!({"key": key, "path": path, "size": o.size});
    let tag = is_etag(&o.version);
    object[if tag { "eTag" } else { "versionId" }] = o.version.as_str().into();
    if let Some((_, extension)) = file_name(key).rsplit_once('.') {
        object["extension"] = extension.into();
    }
    if let Some(t) = o.modified {
        object["lastModified"] = t.to_string().into();
    }
    let Some((scheme, bucket, _)) = store else { return json!({"s3Object": object}) };
    let mut holder = json!({"name": bucket});
    if scheme == "s3" {
        let arn = format!("arn:aws:s3:::{bucket}");
        holder["arn"] = arn.as_str().into();
        object["bucketArn"] = arn.into();
    }
    json!({"s3Bucket": holder, "s3Object": object})
}

/// Whether a version is an ETag of S3: 32 hex digits, perhaps with a number of parts.
pub(super) fn is_etag(version: &str) -> bool {
    let (sum, parts) = version.split_once('-').unwrap_or((version, "1"));
    sum.len() == 32 && sum.bytes().all(|b| b.is_ascii_hexdigit()) && !parts.is_empty() && parts.bytes().all(|b| b.is_ascii_digit())
}

/// Macie's name of what a classifier finds. Of several the one that all others have in their names; `None` where there is none
/// such (an IBAN may be of any country): then it is an identifier of our own.
fn type_name(classifiers: &Classifiers, id: &str) -> Option<String> {
    let names = classifiers.get(classifiers.index_of(id)?).known_as.get("macie")?;
    names.iter().find(|n| names.iter().all(|m| m.contains(n.as_str()))).cloned()
}

/// Macie's category of a type.
fn category(name: &str) -> &'static str {
    let credentials =
        ["AWS_CREDENTIALS", "GCP_API_KEY", "HTTP_BASIC_AUTH_HEADER", "JSON_WEB_TOKEN", "PKCS", "STRIPE_CREDENTIALS"].contains(&name);
    match name {
        _ if credentials || name.ends_with("_PRIVATE_KEY") => "CREDENTIALS",
        _ if name.contains("BANK_ACCOUNT") || name.starts_with("CREDIT_CARD") => "FINANCIAL_INFORMATION",
        _ => "PERSONAL_INFORMATION",
    }
}

/// The last word of the finding's type; `None`: nothing was found.
fn what<'a>(categories: impl Iterator<Item = &'a str>, own: bool) -> Option<&'static str> {
    let mut all: Vec<&str> = categories
        .map(|c| match c {
            "CREDENTIALS" => "Credentials",
            "FINANCIAL_INFORMATION" => "Financial",
            _ => "Personal",
        })
        .collect();
    if own {
        all.push("CustomIdentifier");
    }
    match all.as_slice() {
        [] => None,
        ["Credentials"] => Some("Credentials"),
        ["Financial"] => Some("Financial"),
        ["Personal"] => Some("Personal"),
        ["CustomIdentifier"] => Some("CustomIdentifier"),
        _ => Some("Multiple"),
    }
}

fn occurrences(spots: Vec<Spot>) -> Value {
    let mut lists: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for spot in spots {
        let (list, place) = match spot {
            Spot::Cell { row, name, column } => {
                let mut cell = Map::from_iter([("row".to_owned(), row.into()), ("columnName".to_owned(), name.into())]);
                cell.extend(column.map(|n| ("column".to_owned(), n.into())));
                ("cells", cell.into())
            }
            Spot::Record { index, path } => ("records", json!({"recordIndex": index, "jsonPath": path})),
            Spot::Page(n) => ("pages", json!({"pageNumber": n})),
            Spot::Bytes(start, end) => ("offsetRanges", json!({"start": start, "end": end})),
        };
        lists.entry(list).or_default().push(place);
    }
    json!(lists)
}

/// The media type of a format that read an object.
fn mime(format: Option<&str>) -> &'static str {
    match format.unwrap_or("") {
        "csv" => "text/csv",
        "tsv" => "text/tab-separated-values",
        "json" => "application/json",
        "ion" | "ion-binary" | "dynamodb-ion" => "application/ion",
        "bson" => "application/bson",
        "vcard" => "text/vcard",
        "icalendar" => "text/calendar",
        "jsonl" | "dynamodb-json" => "application/x-ndjson",
        "parquet" => "application/vnd.apache.parquet",
        "avro" => "application/avro",
        "pdf" => "application/pdf",
        "text" | "log" | "fixed-width" => "text/plain",
        "sqlite" => "application/vnd.sqlite3",
        "sql" => "application/sql",
        "mail" => "message/rfc822",
        "mbox" => "application/mbox",
        "rtf" => "application/rtf",
        "zip" => "application/zip",
        "xls" => "application/vnd.ms-excel",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::PlaceList;
    use crate::report::export::tests::example;

    #[test]
    fn types_are_macies_where_they_are_clear() {
        let all = Classifiers::builtin();
        for (id, want) in [
            ("generic.phone", Some("PHONE_NUMBER")),
            ("generic.payment_card", Some("CREDIT_CARD_NUMBER")),
            ("us.ssn", Some("USA_SOCIAL_SECURITY_NUMBER")),
            ("generic.iban", None),
            ("generic.email", None),
            ("no.such", None),
        ] {
            assert_eq!(type_name(&all, id).as_deref(), want, "{id}");
        }
        assert_eq!(category("PUTTY_PRIVATE_KEY"), "CREDENTIALS");
        assert_eq!(category("UK_BANK_ACCOUNT_NUMBER"), "FINANCIAL_INFORMATION");
        assert_eq!(category("NAME"), "PERSONAL_INFORMATION");
    }

    #[test]
    fn places_of_a_type_end_at_a_thousand() {
        let all = Classifiers::builtin();
        let mut o = example("s3://b/k.csv", "home", "generic.phone");
        o.version = "d41d8cd98f00b204e9800998ecf8427e-12".into();
        o.findings[0].count = 900;
        o.findings[0].places = Some(PlaceList::Rows(vec![(0, 900)]));
        let mut second = o.findings[0].clone();
        second.field = "work".into();
        o.findings.push(second);
        let line = macie_result(&o, &all, Some(7));
        let result = &line["classificationDetails"]["result"];
        let detection = &result["sensitiveData"][0]["detections"][0];
        assert_eq!((&detection["type"], &detection["count"]), (&json!("PHONE_NUMBER"), &json!(1800)));
        assert_eq!(detection["occurrences"]["cells"].as_array().unwrap().len(), MACIE_PLACES);
        assert_eq!((&result["additionalOccurrences"], &line["type"]), (&json!(true), &json!("SensitiveData:S3Object/Personal")));
        assert_eq!(line["resourcesAffected"]["s3Object"]["eTag"], o.version.as_str());
        assert_eq!(line["resourcesAffected"]["s3Object"]["path"], "b/k.csv");

        o.findings.truncate(1);
        assert_eq!(macie_result(&o, &all, None)["classificationDetails"]["result"]["additionalOccurrences"], false);
        o.findings[0].member = Some("a.csv".into());
        assert_eq!(macie_result(&o, &all, None)["classificationDetails"]["result"]["additionalOccurrences"], true);
    }

    #[test]
    fn etags_and_version_ids_are_told_apart() {
        assert!(is_etag("d41d8cd98f00b204e9800998ecf8427e"));
        for other in ["3HL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY", "d41d8cd98f00b204e9800998ecf8427e-", "null", ""] {
            assert!(!is_etag(other), "{other}");
        }
    }
}
