//! A queue of SQS in this process: what is received is hidden for as long as was asked for, what is deleted is gone.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use serde_json::{Value, json};

use super::loopback::Stateful;

/// A message.
pub struct Waiting {
    id: usize,
    pub body: String,
    /// As it was received last.
    handle: String,
    hidden: Option<Instant>,
}

/// What the queue holds and has seen.
#[derive(Default)]
pub struct State {
    pub messages: Vec<Waiting>,
    sent: usize,
    /// Operation and body of every request.
    pub seen: Vec<(String, Value)>,
    /// A message that comes again and again.
    pub endless: Option<String>,
    /// How many of the next messages cannot be deleted.
    pub stuck: usize,
}

/// A running server; it stops when dropped.
pub type QueueServer = Stateful<State>;

impl QueueServer {
    /// An empty queue on a free port of the loopback interface.
    pub fn start() -> QueueServer {
        Stateful::serve(handle)
    }

    /// The queue's name for clients.
    pub fn queue(&self) -> String {
        format!("{}/111122223333/changes", self.url())
    }

    pub fn send(&self, body: impl ToString) {
        let mut s = self.state.lock().unwrap();
        s.send(body.to_string());
    }

    /// Bodies of what somebody else could receive now.
    pub fn visible(&self) -> Vec<String> {
        let s = self.state.lock().unwrap();
        s.messages.iter().filter(|m| m.is_visible()).map(|m| m.body.clone()).collect()
    }

    /// Bodies of the requests of one operation.
    pub fn requests(&self, operation: &str) -> Vec<Value> {
        self.state.lock().unwrap().seen.iter().filter(|(op, _)| op == operation).map(|(_, b)| b.clone()).collect()
    }
}

impl Waiting {
    fn is_visible(&self) -> bool {
        self.hidden.is_none_or(|until| until <= Instant::now())
    }
}

impl State {
    fn send(&mut self, body: String) {
        self.sent += 1;
        self.messages.push(Waiting { id: self.sent, body, handle: String::new(), hidden: None });
    }

    /// The message with this handle, if it is the last one that was given.
    fn held(&mut self, handle: &Value) -> Option<&mut Waiting> {
        self.messages.iter_mut().find(|m| handle == &m.handle && !m.handle.is_empty())
    }
}

fn hide(seconds: &Value) -> Option<Instant> {
    let seconds = seconds.as_u64().expect("seconds");
    (seconds > 0).then(|| Instant::now() + Duration::from_secs(seconds))
}

async fn handle(req: Request<Incoming>, state: Arc<Mutex<State>>) -> Result<Response<Full<Bytes>>, Infallible> {
    let header = |name: &str| req.headers().get(name).and_then(|t| t.to_str().ok()).unwrap_or("").to_owned();
    let operation = header("x-amz-target").strip_prefix("AmazonSQS.").unwrap_or("").to_owned();
    let fits = header("content-type") == "application/x-amz-json-1.0" && header("authorization").contains("/sqs/aws4_request");
    let body = req.into_body().collect().await.map(|b| b.to_bytes()).unwrap_or_default();
    let q: Value = serde_json::from_slice(&body).unwrap_or_default();
    let (status, answer) = match fits && q["QueueUrl"].as_str().is_some_and(|u| u.ends_with("/111122223333/changes")) {
        true => (200, answer(&mut state.lock().unwrap(), &operation, &q)),
        false => (400, json!({"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "not for jane@example.com"})),
    };
    Ok(Response::builder().status(status).body(Full::new(Bytes::from(answer.to_string()))).unwrap())
}

fn answer(s: &mut State, operation: &str, q: &Value) -> Value {
    s.seen.push((operation.to_owned(), q.clone()));
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    let entries = q["Entries"].as_array().cloned().unwrap_or_default();
    assert!(entries.len() <= 10, "SQS takes ten");
    match operation {
        "ReceiveMessage" => {
            assert!(q["WaitTimeSeconds"].as_u64() > Some(0), "one that does not wait misses some");
            let most = q["MaxNumberOfMessages"].as_u64().unwrap() as usize;
            assert!((1..=10).contains(&most));
            while let Some(body) = s.endless.clone().filter(|_| s.messages.iter().filter(|m| m.is_visible()).count() < most) {
                s.send(body);
            }
            let hidden = hide(&q["VisibilityTimeout"]);
            let asked = s.seen.len();
            let mut out = Vec::new();
            for m in s.messages.iter_mut().filter(|m| m.is_visible()).take(most) {
                (m.handle, m.hidden) = (format!("{}-{asked}", m.id), hidden);
                out.push(json!({"MessageId": m.id.to_string(), "ReceiptHandle": m.handle, "Body": m.body}));
            }
            return if out.is_empty() { json!({}) } else { json!({ "Messages": out }) };
        }
        "DeleteMessageBatch" => {
            for e in entries {
                let is_held = s.held(&e["ReceiptHandle"]).is_some();
                if is_held && s.stuck == 0 {
                    s.messages.retain(|m| e["ReceiptHandle"] != m.handle);
                    done.push(json!({"Id": e["Id"]}));
                } else {
                    s.stuck = s.stuck.saturating_sub(1);
                    failed.push(json!({"Id": e["Id"], "Code": "InternalError", "SenderFault": false}));
                }
            }
        }
        "ChangeMessageVisibilityBatch" => {
            for e in entries {
                match s.held(&e["ReceiptHandle"]) {
                    Some(m) => {
                        m.hidden = hide(&e["VisibilityTimeout"]);
                        done.push(json!({"Id": e["Id"]}));
                    }
                    None => failed.push(json!({"Id": e["Id"], "Code": "ReceiptHandleIsInvalid", "SenderFault": true})),
                }
            }
        }
        _ => panic!("{operation} is not known"),
    }
    json!({"Successful": done, "Failed": failed})
}
