//! A DynamoDB in this process that exports: one table of 20 GB, exports that take one question to be complete, one a page, every fifth
//! request throttled. It writes no files.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use serde_json::{Value, json};

use super::loopback::Stateful;

pub const TABLE: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";

/// What the server knows and has seen.
#[derive(Default)]
pub struct State {
    pub exports: Vec<Value>,
    /// Bodies of the requests that started one.
    pub started: Vec<Value>,
    /// Point-in-time recovery is off.
    pub off: bool,
    /// The answer to a start: the next is lost, and all after it are refused.
    pub lost: Option<bool>,
    asked: u32,
}

/// A running server; it stops when dropped.
pub type DynamoServer = Stateful<State>;

impl DynamoServer {
    pub fn start() -> DynamoServer {
        Stateful::serve(handle)
    }

    /// Adds an export to `s3://exports/ddb`, a full one if `more` does not say otherwise.
    pub fn export(&self, status: &str, more: Value) {
        let mut s = self.state.lock().unwrap();
        let e = export(s.exports.len(), "FULL_EXPORT", status, more);
        s.exports.push(e);
    }
}

/// Seconds since the epoch.
pub fn now() -> f64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as f64
}

fn export(n: usize, kind: &str, status: &str, more: Value) -> Value {
    let mut e = json!({"ExportArn": format!("{TABLE}/export/0176838593062{n}-efd1a093"), "ExportStatus": status, "ExportType": kind,
        "TableArn": TABLE, "S3Bucket": "exports", "S3Prefix": "ddb", "BilledSizeBytes": 3u64 << 29});
    e.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    e
}

async fn handle(req: Request<Incoming>, state: Arc<Mutex<State>>) -> Result<Response<Full<Bytes>>, Infallible> {
    let header = |name: &str| req.headers().get(name).and_then(|t| t.to_str().ok()).unwrap_or("").to_owned();
    let target = header("x-amz-target").strip_prefix("DynamoDB_20120810.").unwrap_or("").to_owned();
    let fits =
        header("content-type") == "application/x-amz-json-1.0" && header("authorization").contains("/eu-west-1/dynamodb/aws4_request");
    let body = req.into_body().collect().await.map(|b| b.to_bytes()).unwrap_or_default();
    let q: Value = serde_json::from_slice(&body).unwrap_or_default();
    let answer = if fits { answer(&mut state.lock().unwrap(), &target, &q) } else { Err("SerializationException") };
    let (status, json) = match answer {
        Ok(v) => (200, v),
        // What a message quotes must not be told.
        Err("InternalServerError") => (500, json!({"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError"})),
        Err(code) => (400, json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "not for jane@example.com"})),
    };
    Ok(Response::builder().status(status).body(Full::new(Bytes::from(json.to_string()))).unwrap())
}

fn answer(s: &mut State, operation: &str, q: &Value) -> Result<Value, &'static str> {
    s.asked += 1;
    if s.asked.is_multiple_of(5) {
        return Err("ThrottlingException");
    }
    match operation {
        "DescribeTable" if q["TableName"] == "orders" => Ok(json!({"Table": {"TableName": "orders", "TableSizeBytes": 20u64 << 30}})),
        "ListExports" if q["TableArn"] == TABLE => {
            let at: usize = q["NextToken"].as_str().map_or(0, |t| t.parse().unwrap());
            let name = |e: &Value| json!({"ExportArn": e["ExportArn"], "ExportStatus": e["ExportStatus"], "ExportType": e["ExportType"]});
            let page: Vec<Value> = s.exports.iter().skip(at).take(1).map(name).collect();
            let next = (at + 1 < s.exports.len()).then(|| (at + 1).to_string());
            Ok(json!({"ExportSummaries": page, "NextToken": next}))
        }
        "DescribeExport" => {
            let e = s.exports.iter_mut().find(|e| e["ExportArn"] == q["ExportArn"]).ok_or("ExportNotFoundException")?;
            let now = e.clone();
            if e["ExportStatus"] == "IN_PROGRESS" {
                e["ExportStatus"] = json!("COMPLETED");
            }
            Ok(json!({ "ExportDescription": now }))
        }
        "ExportTableToPointInTime" if s.off => Err("PointInTimeRecoveryUnavailableException"),
        "ExportTableToPointInTime" if s.lost.is_some() => Err(match s.lost.replace(false) {
            Some(true) => "InternalServerError",
            _ => "LimitExceededException",
        }),
        "ExportTableToPointInTime" => {
            assert!(q["ClientToken"].as_str().is_some_and(|t| t.len() > 16), "what is sent twice must not be paid twice");
            let times = &q["IncrementalExportSpecification"];
            let kind = q["ExportType"].as_str().unwrap();
            assert_eq!(times.is_object(), kind == "INCREMENTAL_EXPORT");
            let more = match times.is_object() {
                true => json!({ "IncrementalExportSpecification": times }),
                false => json!({"ExportTime": now()}),
            };
            s.started.push(q.clone());
            let mut e = export(s.exports.len(), kind, "IN_PROGRESS", more);
            for name in ["TableArn", "S3Bucket", "S3Prefix"] {
                e[name] = q[name].clone();
            }
            s.exports.push(e.clone());
            Ok(json!({ "ExportDescription": e }))
        }
        _ => Err("UnknownOperationException"),
    }
}
