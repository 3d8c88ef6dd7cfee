//! What a CloudTrail record tells: which object, snapshot or table was touched, and how.

use serde_json::Value;

use super::events::{Kind, Read};
use super::percent_decoded;

/// A member that is text and not empty.
pub(super) fn text<'v>(v: &'v Value, key: &str) -> Option<&'v str> {
    v.get(key).and_then(Value::as_str).filter(|s| !s.is_empty())
}

/// Numbers come as integers, floats or text.
fn number(v: &Value, key: &str) -> Option<u64> {
    let v = v.get(key)?;
    v.as_u64().or_else(|| v.as_f64().filter(|f| *f >= 0.0).map(|f| f as u64)).or_else(|| v.as_str()?.parse().ok())
}

/// What a record tells: what was touched, which version, how.
pub(super) fn what(name: &str, r: &Value) -> Vec<(String, Option<String>, Kind)> {
    let p = &r["requestParameters"];
    match text(r, "eventSource").unwrap_or("") {
        "s3.amazonaws.com" => s3(name, r, p),
        "rds.amazonaws.com" => rds(name, p),
        "redshift.amazonaws.com" => redshift(name, p),
        "dynamodb.amazonaws.com" => dynamodb(name, p),
        "rds-data.amazonaws.com" | "redshift-data.amazonaws.com" if name.ends_with("ExecuteStatement") || name == "GetStatementResult" => {
            let id = ["resourceArn", "clusterIdentifier", "workgroupName", "dbClusterOrInstanceArn"].iter().find_map(|k| text(p, k));
            let kind = if text(r, "eventSource") == Some("rds-data.amazonaws.com") { "rds" } else { "redshift" };
            vec![(format!("{kind}:{}", id.map_or("?", last)), None, Kind::Session(name.to_owned()))]
        }
        _ => Vec::new(),
    }
}

/// The name at the end of an ARN.
fn last(arn: &str) -> &str {
    arn.rsplit([':', '/']).next().unwrap_or(arn)
}

fn s3(name: &str, r: &Value, p: &Value) -> Vec<(String, Option<String>, Kind)> {
    let Some(bucket) = text(p, "bucketName").map(|b| last(b).to_owned()) else { return Vec::new() };
    let key = text(p, "key");
    let object = |key: &str| format!("s3://{bucket}/{key}");
    let more = &r["additionalEventData"];
    let version = text(p, "versionId").filter(|v| *v != "null").map(str::to_owned);
    let read = Read {
        bytes: number(more, "bytesTransferredOut"),
        range: ["Range", "range"].iter().find_map(|k| text(p, k)).and_then(range),
        anonymous: text(&r["userIdentity"], "accountId") == Some("anonymous")
            || text(&r["userIdentity"], "principalId") == Some("Anonymous"),
        presigned: text(more, "AuthenticationMethod") == Some("QueryString"),
        ..Read::default()
    };
    match (name, key) {
        ("GetObject" | "GetObjectTorrent", Some(k)) => vec![(object(k), version, Kind::Read(read))],
        ("SelectObjectContent", Some(k)) => vec![(object(k), version, Kind::Read(Read { some: true, ..read }))],
        ("CopyObject" | "UploadPartCopy", k) => {
            let mut out: Vec<_> = k.map(|k| (object(k), None, Kind::Write)).filter(|_| name == "CopyObject").into_iter().collect();
            let source = ["x-amz-copy-source", "copySource"].iter().find_map(|k| text(p, k));
            let part = ["x-amz-copy-source-range", "copySourceRange"].iter().find_map(|k| text(p, k)).and_then(range);
            if let Some(source) = source {
                let (path, query) = source.split_once("?versionId=").map_or((source, None), |(p, v)| (p, Some(v.to_owned())));
                let path = percent_decoded(path);
                // What the server sends of a copy is an answer about it; the content goes elsewhere.
                let bytes = part.map(|(a, b)| b - a);
                let read = Read { copied: part.is_none(), bytes, range: part, ..read };
                out.push((format!("s3://{}", path.trim_start_matches('/')), query, Kind::Read(read)));
            }
            out
        }
        ("PutObject" | "CompleteMultipartUpload" | "RestoreObject", Some(k)) if name != "RestoreObject" => {
            vec![(object(k), None, Kind::Write)]
        }
        ("DeleteObject", Some(k)) => vec![(object(k), version, Kind::Delete)],
        ("ListObjects" | "ListObjectsV2" | "ListObjectVersions", _) => vec![(object(""), None, Kind::List)],
        ("PutBucketPolicy" | "PutBucketAcl" | "DeleteBucketPublicAccessBlock" | "DeletePublicAccessBlock" | "PutAccessPointPolicy", _) => {
            vec![(object(""), None, Kind::Public(name.to_owned()))]
        }
        ("PutObjectAcl", Some(k)) => vec![(object(k), None, Kind::Public(name.to_owned()))],
        _ => Vec::new(),
    }
}

/// `bytes=0-99` as a half-open range; open and suffix ranges are not known without the size.
fn range(text: &str) -> Option<(u64, u64)> {
    let (a, b) = text.trim().strip_prefix("bytes=")?.split_once('-')?;
    let (a, b): (u64, u64) = (a.parse().ok()?, b.parse().ok()?);
    (a <= b).then(|| (a, b.saturating_add(1)))
}

fn rds(name: &str, p: &Value) -> Vec<(String, Option<String>, Kind)> {
    let store = |id: &str| format!("rds:{}", last(id));
    let first = |keys: &[&str]| keys.iter().find_map(|k| text(p, k));
    let snapshot =
        first(&["dBSnapshotIdentifier", "dBClusterSnapshotIdentifier", "sourceDBSnapshotIdentifier", "sourceDBClusterSnapshotIdentifier"]);
    let whole = |id: Option<&str>| id.map(|id| (store(id), None, Kind::Whole(name.to_owned()))).into_iter().collect::<Vec<_>>();
    match name {
        "ModifyDBSnapshotAttribute" | "ModifyDBClusterSnapshotAttribute" => {
            let shared = p["valuesToAdd"].as_array().is_some_and(|v| !v.is_empty()) || p["valuesToAdd"].is_string();
            if shared { whole(snapshot) } else { Vec::new() }
        }
        "CopyDBSnapshot" | "CopyDBClusterSnapshot" | "RestoreDBInstanceFromDBSnapshot" | "RestoreDBClusterFromSnapshot" => {
            whole(snapshot.or_else(|| text(p, "snapshotIdentifier")))
        }
        "StartExportTask" => {
            let mut out = whole(text(p, "sourceArn"));
            if let (Some(bucket), Some(task)) = (text(p, "s3BucketName"), text(p, "exportTaskIdentifier")) {
                let prefix = text(p, "s3Prefix").map(|p| format!("{}/", p.trim_matches('/'))).unwrap_or_default();
                out.push((format!("s3://{bucket}/{prefix}{task}/"), None, Kind::Whole(name.to_owned())));
            }
            out
        }
        _ => Vec::new(),
    }
}

fn redshift(name: &str, p: &Value) -> Vec<(String, Option<String>, Kind)> {
    let first = |keys: &[&str]| keys.iter().find_map(|k| text(p, k)).map(|id| format!("redshift:{}", last(id)));
    let cluster = &["clusterIdentifier", "snapshotClusterIdentifier", "workgroupName"][..];
    let kind = match name {
        "AuthorizeSnapshotAccess" | "CopyClusterSnapshot" | "RestoreFromClusterSnapshot" | "AuthorizeDataShare" => {
            Kind::Whole(name.to_owned())
        }
        "GetClusterCredentials" | "GetClusterCredentialsWithIAM" | "GetCredentials" => Kind::Session(name.to_owned()),
        _ => return Vec::new(),
    };
    let target = first(cluster).or_else(|| first(&["snapshotIdentifier", "sourceSnapshotIdentifier", "dataShareArn"]));
    target.map(|t| (t, None, kind)).into_iter().collect()
}

fn dynamodb(name: &str, p: &Value) -> Vec<(String, Option<String>, Kind)> {
    let table = text(p, "tableName").or_else(|| text(p, "tableArn")).or_else(|| text(p, "sourceTableName"));
    let table = |kind: Kind| table.map(|t| (format!("dynamodb:{}", last(t)), None, kind)).into_iter().collect::<Vec<_>>();
    match name {
        "ExportTableToPointInTime" | "Scan" | "CreateBackup" | "RestoreTableToPointInTime" => {
            // A scan may stop early or hold a filter; what it read is not logged.
            let kind = if name == "Scan" { Kind::Part(name.to_owned()) } else { Kind::Whole(name.to_owned()) };
            let mut out = table(kind);
            if let (true, Some(bucket)) = (name == "ExportTableToPointInTime", text(p, "s3Bucket")) {
                let prefix = text(p, "s3Prefix").map(|p| format!("{}/", p.trim_matches('/'))).unwrap_or_default();
                out.push((format!("s3://{bucket}/{prefix}AWSDynamoDB/"), None, Kind::Whole(name.to_owned())));
            }
            out
        }
        "GetItem" | "Query" | "ExecuteStatement" | "GetRecords" => table(Kind::Part(name.to_owned())),
        "BatchGetItem" => {
            let items = p["requestItems"].as_object().into_iter().flatten();
            items.map(|(t, _)| (format!("dynamodb:{}", last(t)), None, Kind::Part(name.to_owned()))).collect()
        }
        _ => Vec::new(),
    }
}
