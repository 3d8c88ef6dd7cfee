//! A Lake Formation in this process: tags of tables and columns in memory; every third request throttled; as many changes as a test
//! says meet somebody else's. Errors are told as its protocol does: the code in a header, nothing but a message in the body.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use serde_json::{Value, json};

use super::loopback::Stateful;

/// What the server knows and has seen.
#[derive(Default)]
pub struct State {
    /// Values by key.
    pub defined: BTreeMap<String, Vec<String>>,
    /// Tags by table and column (empty: the table).
    pub tags: BTreeMap<(String, String), BTreeMap<String, String>>,
    /// Operation and body of every request that was answered.
    pub seen: Vec<(String, Value)>,
    /// How many changes meet nobody before that.
    pub spared: u32,
    /// How many of the next changes somebody else is faster; half of them are told in an answer of success.
    pub conflicts: u32,
    /// Changes of this table are not allowed.
    pub refused: Option<String>,
    asked: u32,
}

/// A running server; it stops when dropped.
pub type TagsServer = Stateful<State>;

impl TagsServer {
    pub fn start() -> TagsServer {
        Stateful::serve(handle)
    }

    /// `key=value` of a table, or of a column of it.
    pub fn tag(&self, table: &str, column: &str, key: &str) -> Option<String> {
        self.state.lock().unwrap().tags.get(&(table.to_owned(), column.to_owned()))?.get(key).cloned()
    }

    /// How often something was changed, and what was asked first.
    pub fn changes(&self) -> Vec<(String, Value)> {
        let state = self.state.lock().unwrap();
        state.seen.iter().filter(|(op, _)| !op.starts_with("Get")).cloned().collect()
    }
}

async fn handle(req: Request<Incoming>, state: Arc<Mutex<State>>) -> Result<Response<Full<Bytes>>, Infallible> {
    let header = |name: &str| req.headers().get(name).and_then(|t| t.to_str().ok()).unwrap_or("").to_owned();
    let fits = header("content-type") == "application/json" && header("authorization").contains("/us-east-1/lakeformation/aws4_request");
    let operation = req.uri().path().trim_start_matches('/').to_owned();
    let body = req.into_body().collect().await.map(|b| b.to_bytes()).unwrap_or_default();
    let q: Value = serde_json::from_slice(&body).unwrap_or_default();
    let answer = if fits { answer(&mut state.lock().unwrap(), &operation, &q) } else { Err("InvalidSignatureException") };
    Ok(match answer {
        Ok(v) => Response::builder().body(Full::new(Bytes::from(v.to_string()))).unwrap(),
        Err(code) => {
            let status = if code == "AccessDeniedException" { 403 } else { 400 };
            let text = json!({"Message": "not for jane@example.com"}).to_string();
            let answer = Response::builder().status(status).header("x-amzn-errortype", format!("{code}:http://internal/"));
            answer.body(Full::new(Bytes::from(text))).unwrap()
        }
    })
}

fn answer(s: &mut State, operation: &str, q: &Value) -> Result<Value, &'static str> {
    s.asked += 1;
    if s.asked.is_multiple_of(3) {
        return Err("ThrottledException");
    }
    s.seen.push((operation.to_owned(), q.clone()));
    let resource = &q["Resource"];
    let columns: Vec<String> =
        resource["TableWithColumns"]["ColumnNames"].as_array().into_iter().flatten().map(|c| c.as_str().unwrap().to_owned()).collect();
    let table = [&resource["Table"]["Name"], &resource["TableWithColumns"]["Name"]].into_iter().find_map(|n| n.as_str()).unwrap_or("");
    let listed = |tags: Option<&BTreeMap<String, String>>| {
        tags.into_iter().flatten().map(|(k, v)| json!({"CatalogId": "111122223333", "TagKey": k, "TagValues": [v]})).collect::<Vec<_>>()
    };
    match operation {
        "GetLFTag" => {
            let values = s.defined.get(q["TagKey"].as_str().unwrap()).ok_or("EntityNotFoundException")?;
            Ok(json!({"TagKey": q["TagKey"], "TagValues": values}))
        }
        "CreateLFTag" => {
            let values = q["TagValues"].as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect();
            s.defined.insert(q["TagKey"].as_str().unwrap().to_owned(), values);
            Ok(json!({}))
        }
        "GetResourceLFTags" => {
            assert_eq!(q["ShowAssignedLFTags"], true, "what is taken over from others says nothing");
            let on = |column: &str| listed(s.tags.get(&(table.to_owned(), column.to_owned())));
            let of_columns: Vec<Value> =
                columns.iter().filter(|c| !on(c).is_empty()).map(|c| json!({"Name": c, "LFTags": on(c)})).collect();
            Ok(json!({"LFTagsOnTable": on(""), "LFTagsOnColumns": of_columns}))
        }
        "AddLFTagsToResource" | "RemoveLFTagsFromResource" => {
            if s.refused.as_deref() == Some(table) {
                return Err("AccessDeniedException");
            }
            if s.spared > 0 {
                s.spared -= 1;
            } else if s.conflicts > 0 {
                s.conflicts -= 1;
                let failed =
                    json!([{"LFTag": {"TagKey": "x"}, "Error": {"ErrorCode": "ConcurrentModificationException", "ErrorMessage": "jane"}}]);
                return if s.conflicts.is_multiple_of(2) {
                    Err("ConcurrentModificationException")
                } else {
                    Ok(json!({"Failures": failed}))
                };
            }
            let tag = &q["LFTags"][0];
            let (key, value) = (tag["TagKey"].as_str().unwrap(), tag["TagValues"][0].as_str().unwrap());
            assert!(s.defined.get(key).is_some_and(|all| all.iter().any(|v| v == value)), "{key}={value} is not defined");
            let all = if columns.is_empty() { vec![String::new()] } else { columns };
            for column in all {
                let tags = s.tags.entry((table.to_owned(), column)).or_default();
                match operation {
                    "AddLFTagsToResource" => drop(tags.insert(key.to_owned(), value.to_owned())),
                    _ => assert_eq!(tags.remove(key).as_deref(), Some(value), "what is not there cannot be taken away"),
                }
            }
            Ok(json!({"Failures": []}))
        }
        _ => Err("UnknownOperationException"),
    }
}
