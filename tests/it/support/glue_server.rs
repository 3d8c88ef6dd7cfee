//! A Glue Data Catalog in this process: tables and partitions as JSON, in pages of two, every second request throttled.
//!
//! `UpdateTable` is strict: members that a definition has not, a version that is not the current one, and a history that would
//! be kept are refused.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// Members of a definition. All others of a table are the catalogue's own.
const INPUT: &[&str] = &[
    "Name",
    "Description",
    "Owner",
    "LastAccessTime",
    "LastAnalyzedTime",
    "Retention",
    "StorageDescriptor",
    "PartitionKeys",
    "ViewOriginalText",
    "ViewExpandedText",
    "TableType",
    "Parameters",
    "TargetTable",
    "ViewDefinition",
];

/// What the server knows and has seen.
#[derive(Default)]
pub struct State {
    /// By database and name.
    pub tables: BTreeMap<(String, String), Value>,
    /// By the same.
    pub partitions: BTreeMap<(String, String), Vec<Value>>,
    /// Operation and body of every request, those that were throttled too.
    pub seen: Vec<(String, String)>,
    /// How many of the next updates somebody else is faster.
    pub conflicts: u32,
    throttled: bool,
}

/// A running server; it stops when dropped.
pub struct GlueServer {
    address: String,
    pub state: Arc<Mutex<State>>,
    runtime: Option<Runtime>,
}

impl GlueServer {
    /// An empty catalogue on a free port of the loopback interface.
    pub fn start() -> GlueServer {
        let runtime = Runtime::new().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let shared = state.clone();
        runtime.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let shared = shared.clone();
                let service = service_fn(move |req| handle(req, shared.clone()));
                tokio::spawn(async move {
                    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
                });
            }
        });
        GlueServer { address, state, runtime: Some(runtime) }
    }

    /// The endpoint for clients.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Adds a table by its definition, with what Glue adds to it.
    pub fn table(&self, database: &str, definition: Value) {
        let mut t = stored(definition);
        let own = json!({"DatabaseName": database, "CreateTime": 1_793_000_000.123, "UpdateTime": 1_793_000_001.0, "CreatedBy": "arn:aws:iam::111122223333:user/ann",
            "IsRegisteredWithLakeFormation": false, "CatalogId": "111122223333", "VersionId": "5", "IsMultiDialectView": false});
        t.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
        let name = t["Name"].as_str().unwrap().to_owned();
        self.state.lock().unwrap().tables.insert((database.to_owned(), name), t);
    }

    /// Adds a partition.
    pub fn partition(&self, database: &str, table: &str, values: &[&str], storage: Value) {
        let p = json!({"DatabaseName": database, "TableName": table, "Values": values, "StorageDescriptor": storage});
        self.state.lock().unwrap().partitions.entry((database.to_owned(), table.to_owned())).or_default().push(p);
    }

    /// A table as it stands there.
    pub fn get(&self, database: &str, name: &str) -> Value {
        self.state.lock().unwrap().tables[&(database.to_owned(), name.to_owned())].clone()
    }

    /// Bodies of the requests of one operation, those that were throttled too.
    pub fn requests(&self, operation: &str) -> Vec<Value> {
        let state = self.state.lock().unwrap();
        state.seen.iter().filter(|(op, _)| op == operation).map(|(_, b)| serde_json::from_str(b).unwrap()).collect()
    }
}

impl Drop for GlueServer {
    fn drop(&mut self) {
        if let Some(r) = self.runtime.take() {
            r.shutdown_timeout(Duration::from_millis(100));
        }
    }
}

/// A definition as Glue gives it back: what is not said is there with its default.
fn stored(mut t: Value) -> Value {
    let or = |v: &mut Value, key: &str, default: Value| {
        let o = v.as_object_mut().unwrap();
        o.entry(key).or_insert(default);
    };
    or(&mut t, "Retention", json!(0));
    if let Some(sd) = t.get_mut("StorageDescriptor") {
        or(sd, "Compressed", json!(false));
        or(sd, "NumberOfBuckets", json!(0));
        or(sd, "StoredAsSubDirectories", json!(false));
    }
    t
}

async fn handle(req: Request<Incoming>, state: Arc<Mutex<State>>) -> Result<Response<Full<Bytes>>, Infallible> {
    let target = req.headers().get("x-amz-target").and_then(|t| t.to_str().ok()).unwrap_or("").to_owned();
    let json_11 = req.headers().get("content-type").is_some_and(|t| t == "application/x-amz-json-1.1");
    let body = req.into_body().collect().await.map(|b| b.to_bytes()).unwrap_or_default();
    let operation = target.strip_prefix("AWSGlue.").unwrap_or("").to_owned();
    let answer = if json_11 { answer(&mut state.lock().unwrap(), &operation, &body) } else { Err("SerializationException") };
    let (status, json) = match answer {
        Ok(v) => (200, v),
        // What a message quotes must not be told.
        Err(code) => (400, json!({"__type": code, "message": "not for jane@example.com"})),
    };
    let response = Response::builder().status(status).header("content-type", "application/x-amz-json-1.1");
    Ok(response.body(Full::new(Bytes::from(json.to_string()))).unwrap())
}

fn answer(s: &mut State, operation: &str, body: &[u8]) -> Result<Value, &'static str> {
    s.seen.push((operation.to_owned(), String::from_utf8_lossy(body).into_owned()));
    s.throttled = !s.throttled;
    if s.throttled {
        return Err("ThrottlingException");
    }
    let q: Value = serde_json::from_slice(body).map_err(|_| "SerializationException")?;
    let text = |key: &str| q[key].as_str().unwrap_or("").to_owned();
    match operation {
        "GetDatabases" => {
            let names: std::collections::BTreeSet<&String> = s.tables.keys().map(|(d, _)| d).collect();
            let all: Vec<Value> = names.into_iter().map(|d| json!({"Name": d, "CreateTime": 1_793_000_000.5})).collect();
            Ok(page(&all.iter().collect::<Vec<_>>(), &q, "DatabaseList"))
        }
        "GetTables" => {
            let all: Vec<&Value> = s.tables.iter().filter(|((d, _), _)| *d == text("DatabaseName")).map(|(_, t)| t).collect();
            if all.is_empty() {
                return Err("EntityNotFoundException");
            }
            Ok(page(&all, &q, "TableList"))
        }
        "GetTable" => {
            let t = s.tables.get(&(text("DatabaseName"), text("Name"))).ok_or("EntityNotFoundException")?;
            Ok(json!({"Table": t}))
        }
        "GetPartitions" => {
            assert_eq!(q["ExcludeColumnSchema"], true, "columns of partitions are many and of no use");
            let none = Vec::new();
            let all = s.partitions.get(&(text("DatabaseName"), text("TableName"))).unwrap_or(&none);
            Ok(page(&all.iter().collect::<Vec<_>>(), &q, "Partitions"))
        }
        "UpdateTable" => {
            let new = stored(q["TableInput"].clone());
            let at = (text("DatabaseName"), new["Name"].as_str().unwrap_or("").to_owned());
            let old = s.tables.get_mut(&at).ok_or("EntityNotFoundException")?;
            let next = |t: &Value| json!((t["VersionId"].as_str().unwrap().parse::<u64>().unwrap() + 1).to_string());
            if s.conflicts > 0 {
                s.conflicts -= 1;
                old["VersionId"] = next(old);
                old["Description"] = json!(format!("changed meanwhile, {} to go", s.conflicts));
                return Err("ConcurrentModificationException");
            }
            let known = new.as_object().unwrap().keys().all(|k| INPUT.contains(&k.as_str()));
            if !known || q["SkipArchive"] != true {
                return Err("InvalidInputException");
            }
            if q["VersionId"] != old["VersionId"] {
                return Err("ConcurrentModificationException");
            }
            let version = next(old);
            old.as_object_mut().unwrap().retain(|k, _| !INPUT.contains(&k.as_str()));
            old.as_object_mut().unwrap().extend(new.as_object().unwrap().clone());
            old["VersionId"] = version;
            Ok(json!({}))
        }
        _ => Err("UnknownOperationException"),
    }
}

/// Two entries, and a token while there are more.
fn page(all: &[&Value], q: &Value, key: &str) -> Value {
    let from: usize = q["NextToken"].as_str().map_or(0, |t| t.strip_prefix("from-").unwrap().parse().unwrap());
    let mut answer = json!({key: all.iter().skip(from).take(2).collect::<Vec<_>>()});
    if from + 2 < all.len() {
        answer["NextToken"] = json!(format!("from-{}", from + 2));
    }
    answer
}
