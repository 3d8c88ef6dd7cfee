//! A KMS in this process: keys of two regions by their aliases, states and refusals as they are set, every fourth request throttled. What
//! it encrypts is sealed by a number of its own, so that nothing but it can tell what is in it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use serde_json::{Value, json};

use super::loopback::Stateful;

pub const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
pub const OTHER: &str = "arn:aws:kms:us-west-2:111122223333:key/9876fedc-12ab-34cd-56ef-1234567890ab";

/// What the server knows and has seen.
#[derive(Default)]
pub struct State {
    /// What was encrypted, with the key's ARN and the context: by number.
    kept: Vec<(String, Value, Vec<u8>)>,
    /// Operations that succeeded, with their contexts.
    pub done: Vec<(String, Value)>,
    /// Codes by which an operation is refused.
    pub refused: BTreeMap<String, &'static str>,
    /// Every request is throttled.
    pub busy: bool,
    /// Whatever is decrypted is this.
    pub instead: Option<Vec<u8>>,
    asked: u32,
}

/// A running server; it stops when dropped.
pub type KmsServer = Stateful<State>;

impl KmsServer {
    pub fn start() -> KmsServer {
        Stateful::serve(handle)
    }

    /// Refuses an operation from now on; `""`: no more.
    pub fn refuse(&self, operation: &str, code: &'static str) {
        let mut s = self.state.lock().unwrap();
        match code {
            "" => s.refused.remove(operation),
            code => s.refused.insert(operation.to_owned(), code),
        };
    }

    /// The secrets that it holds, as the program knows them: hex digits.
    pub fn secrets(&self) -> Vec<String> {
        let s = self.state.lock().unwrap();
        s.kept.iter().map(|(.., plain)| String::from_utf8(plain.clone()).unwrap()).collect()
    }

    /// How often an operation was done.
    pub fn count(&self, operation: &str) -> usize {
        self.state.lock().unwrap().done.iter().filter(|(o, _)| o == operation).count()
    }
}

async fn handle(req: Request<Incoming>, state: Arc<Mutex<State>>) -> Result<Response<Full<Bytes>>, Infallible> {
    let header = |name: &str| req.headers().get(name).and_then(|t| t.to_str().ok()).unwrap_or("").to_owned();
    let operation = header("x-amz-target").strip_prefix("TrentService.").unwrap_or("").to_owned();
    // AWS4-HMAC-SHA256 Credential=ID/DAY/REGION/kms/aws4_request, …
    let signed = header("authorization");
    let mut scope = signed.split(',').next().unwrap_or("").split('/').skip(2);
    let region = scope.next().unwrap_or("").to_owned();
    let fits = header("content-type") == "application/x-amz-json-1.1" && scope.eq(["kms", "aws4_request"]);
    let body = req.into_body().collect().await.map(|b| b.to_bytes()).unwrap_or_default();
    let q: Value = serde_json::from_slice(&body).unwrap_or_default();
    let answer = if fits { answer(&mut state.lock().unwrap(), &operation, &region, &q) } else { Err("SerializationException") };
    let (status, json) = match answer {
        Ok(v) => (200, v),
        // What a message quotes must not be told.
        Err(code) => (
            if code == "KeyUnavailableException" { 500 } else { 400 },
            json!({"__type": code, "message": format!("not for jane@example.com: {q}")}),
        ),
    };
    Ok(Response::builder().status(status).body(Full::new(Bytes::from(json.to_string()))).unwrap())
}

fn answer(s: &mut State, operation: &str, region: &str, q: &Value) -> Result<Value, &'static str> {
    s.asked += 1;
    if s.busy || s.asked.is_multiple_of(4) {
        return Err("ThrottlingException");
    }
    if let Some(code) = s.refused.get(operation) {
        return Err(code);
    }
    let arn = match (region, q["KeyId"].as_str().unwrap_or("")) {
        ("eu-west-1", KEY | "arn:aws:kms:eu-west-1:111122223333:alias/piimap" | "alias/piimap") => KEY,
        ("us-west-2", OTHER | "alias/next") => OTHER,
        _ => return Err("NotFoundException"),
    };
    let bytes = |name: &str| BASE64_STANDARD.decode(q[name].as_str().unwrap_or("-")).map_err(|_| "SerializationException");
    let context = q["EncryptionContext"].clone();
    let out = match operation {
        "Encrypt" => {
            s.kept.push((arn.to_owned(), context.clone(), bytes("Plaintext")?));
            // As long as those of KMS are.
            let mut blob = vec![s.kept.len() as u8 - 1];
            blob.resize(184, 0xA5);
            json!({"CiphertextBlob": BASE64_STANDARD.encode(blob), "KeyId": arn, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"})
        }
        "Decrypt" => {
            let blob = bytes("CiphertextBlob")?;
            let kept = s
                .kept
                .get(usize::from(blob[0]))
                .filter(|(_, c, _)| *c == context && blob.len() == 184 && blob[1..].iter().all(|b| *b == 0xA5));
            let (by, _, plain) = kept.ok_or("InvalidCiphertextException")?;
            if by != arn {
                return Err("IncorrectKeyException");
            }
            json!({"Plaintext": BASE64_STANDARD.encode(s.instead.as_ref().unwrap_or(plain)), "KeyId": arn})
        }
        _ => return Err("UnknownOperationException"),
    };
    s.done.push((operation.to_owned(), context));
    Ok(out)
}
