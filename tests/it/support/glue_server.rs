//! A Glue Data Catalog in this process: tables and partitions as JSON, in pages of two, every second request throttled. The lists of
//! names of RDS, Redshift, DynamoDB and CloudWatch are there, too.
//!
//! `UpdateTable` is strict: members that a definition has not, a version that is not the current one, and a history that would
//! be kept are refused.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use serde_json::{Value, json};

use super::loopback::Stateful;

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
    /// Databases that are links: catalogue and database of the target.
    pub links: BTreeMap<String, (String, String)>,
    /// By the same.
    pub partitions: BTreeMap<(String, String), Vec<Value>>,
    /// Operation and body of every request, those that were throttled too.
    pub seen: Vec<(String, String)>,
    /// How many of the next updates somebody else is faster.
    pub conflicts: u32,
    throttled: bool,
    /// Names by the operation that lists them: `DescribeDBInstances`.
    pub others: BTreeMap<&'static str, Vec<String>>,
    /// Operations that are refused.
    pub refused: Vec<&'static str>,
}

/// A running server; it stops when dropped.
pub type GlueServer = Stateful<State>;

impl GlueServer {
    /// An empty catalogue on a free port of the loopback interface.
    pub fn start() -> GlueServer {
        Stateful::serve(handle)
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
    let scope = req.headers().get("authorization").and_then(|t| t.to_str().ok()).unwrap_or("").to_owned();
    let body = req.into_body().collect().await.map(|b| b.to_bytes()).unwrap_or_default();
    if !target.starts_with("AWSGlue.") {
        let (status, text) = other(&mut state.lock().unwrap(), &target, &scope, &String::from_utf8_lossy(&body));
        return Ok(Response::builder().status(status).body(Full::new(Bytes::from(text))).unwrap());
    }
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
        "GetDatabase" => {
            let link = s.links.get(&text("Name")).map(|(c, d)| json!({"CatalogId": c, "DatabaseName": d}));
            Ok(json!({"Database": {"Name": text("Name"), "TargetDatabase": link}}))
        }
        // Somebody else's catalogue.
        "GetTable" | "GetTables" if q["CatalogId"] == "999900001111" => Err("AccessDeniedException"),
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

/// Lists of names in other services: forms with answers in XML, or JSON; two names a page, every second request throttled.
fn other(s: &mut State, target: &str, scope: &str, body: &str) -> (u16, String) {
    let field = |name: &str| body.split('&').find_map(|p| p.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned);
    let json: Value = serde_json::from_str(body).unwrap_or_default();
    let is_form = target.is_empty();
    let (operation, marker) = match target.rsplit('.').next() {
        Some("ListTables") => ("ListTables".to_owned(), json["ExclusiveStartTableName"].as_str().map(str::to_owned)),
        Some("DescribeLogGroups") => ("DescribeLogGroups".to_owned(), json["nextToken"].as_str().map(str::to_owned)),
        _ => (field("Action").unwrap_or_default(), field("Marker")),
    };
    let service = match operation.as_str() {
        "ListTables" => "dynamodb",
        "DescribeLogGroups" => "logs",
        "DescribeClusters" => "redshift",
        _ => "rds",
    };
    assert!(scope.starts_with("AWS4-HMAC-SHA256 Credential=") && scope.contains(&format!("/eu-west-1/{service}/aws4_request")), "{scope}");
    s.seen.push((operation.clone(), body.to_owned()));
    s.throttled = !s.throttled;
    let refuse = |status: u16, code: &str| match is_form {
        true => (
            status,
            format!("<ErrorResponse><Error><Code>{code}</Code><Message>not for jane@example.com</Message></Error></ErrorResponse>"),
        ),
        false => (status, json!({"__type": format!("x#{code}"), "message": "not for jane@example.com"}).to_string()),
    };
    if s.throttled {
        return refuse(400, "ThrottlingException");
    }
    if s.refused.iter().any(|r| *r == operation) {
        return refuse(403, "AccessDenied");
    }
    let all = s.others.get(operation.as_str()).cloned().unwrap_or_default();
    let from = marker.map_or(0, |m| all.iter().position(|n| *n == m).unwrap() + 1);
    let page: Vec<&String> = all.iter().skip(from).take(2).collect();
    let next = (from + 2 < all.len()).then(|| all[from + 1].clone());
    (200, match (service, is_form) {
        ("dynamodb", _) => json!({"TableNames": page, "LastEvaluatedTableName": next}).to_string(),
        ("logs", _) => json!({"logGroups": page.iter().map(|n| json!({"logGroupName": n, "creationTime": 5})).collect::<Vec<_>>(), "nextToken": next}).to_string(),
        _ => {
            let element = operation.trim_start_matches("Describe").trim_end_matches('s');
            let id = format!("{element}Identifier");
            let each: String = page.iter().map(|n| format!("<{element}><{id}>{n}</{id}><AllocatedStorage>20</AllocatedStorage></{element}>")).collect();
            let marker = next.map(|n| format!("<Marker>{n}</Marker>")).unwrap_or_default();
            format!("<{operation}Response><{operation}Result><{element}s>{each}</{element}s>{marker}</{operation}Result></{operation}Response>")
        }
    })
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
