//! Messages of a queue of SQS: received once somebody lists, hidden from others for as long as they are worked on, deleted when the
//! run has ended.
//!
//! What is not deleted is shown again at once: messages that are damaged, that name objects of other places, or objects that
//! could not be read this time. A message that comes twice does no harm.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::aws;
use super::super::signed::{Message, Service, Signed};
use super::LARGEST;
use super::events::Feed;
use crate::base::{Error, Reason, Result};
use crate::source::Options;

const SQS: Service = Service { name: "sqs", endpoint: "AWS_ENDPOINT_URL_SQS" };

/// The most messages of one run, and for how long they are received. Those of a queue that is filled faster than it is emptied have no
/// end.
const MOST: usize = 10_000;
const RECEIVING: Duration = Duration::from_secs(120);
/// Messages of one request, as many as SQS takes.
const BATCH: usize = 10;
/// Seconds for which messages are hidden; again and again until the run has ended.
const HIDDEN: u64 = 900;
/// Seconds that a request waits for messages: one that does not wait may miss some that are there.
const WAIT: u64 = 2;

/// Messages that were received and not deleted.
pub(super) struct Queue {
    held: Arc<Held>,
    renewing: Mutex<Option<JoinHandle<()>>>,
    /// There may be more than were received.
    long: AtomicBool,
}

struct Held {
    signed: Signed,
    options: Options,
    url: String,
    state: Mutex<State>,
    over: Condvar,
}

#[derive(Default)]
struct State {
    /// By the message's id; one that comes twice has a new handle, which is the one that counts.
    messages: BTreeMap<String, Received>,
    over: bool,
}

struct Received {
    handle: String,
    /// Bucket and key of what it names.
    names: Vec<(String, String)>,
    damaged: bool,
}

/// The queue with this URL (`https://` may be left out). Nothing is asked yet.
pub(super) fn open(url: &str, options: &Options) -> Result<Queue> {
    let url = if url.contains("://") { url.to_owned() } else { format!("https://{url}") };
    let (scheme, rest) = url.split_once("://").unwrap_or(("https", &url));
    let Some((host, name)) = rest.split_once('/').filter(|(host, name)| !host.is_empty() && !name.is_empty()) else {
        let detail = "name a queue by its URL: sqs://sqs.eu-west-1.amazonaws.com/111122223333/changes";
        return Err(Error::new(Reason::NotFound, detail));
    };
    if !matches!(scheme, "https" | "http") || name.contains(['?', '#']) || host.contains('@') {
        return Err(Error::new(Reason::NotFound, "the URL of a queue is https://HOST/ACCOUNT/NAME"));
    }
    let region = region_of(host).map(str::to_owned).or_else(|| options.region.clone());
    let options = Options { region, ..options.clone() };
    let signed = Signed::new(&aws::configuration(&options)?, &options)?.at(&format!("{scheme}://{host}"));
    let held = Arc::new(Held { signed, options, url: url.clone(), state: Mutex::default(), over: Condvar::new() });
    Ok(Queue { held, renewing: Mutex::default(), long: AtomicBool::new(false) })
}

/// The region in the name of a host of SQS: of a region, of FIPS, of a VPC.
fn region_of(host: &str) -> Option<&str> {
    let mut parts = host.split('.');
    let found = parts.by_ref().find(|p| matches!(*p, "sqs" | "sqs-fips"));
    found.and_then(|_| parts.next()).filter(|r| r.contains('-') && r.ends_with(|c: char| c.is_ascii_digit()))
}

impl Queue {
    /// Whether more messages may wait than were received.
    pub fn is_long(&self) -> bool {
        self.long.load(Ordering::Relaxed)
    }

    /// What all messages say, until none comes or there are too many: they are held until they are deleted, or given back when the queue
    /// is dropped.
    pub fn receive(&self) -> Result<Feed> {
        let feed = self.read()?;
        let held = self.held.clone();
        let thread = std::thread::Builder::new().name("queue".to_owned()).spawn(move || held.renew());
        let thread = thread.map_err(|e| Error::new(Reason::Io, format!("no thread for the queue: {}", e.kind())))?;
        *self.renewing.lock().unwrap_or_else(|e| e.into_inner()) = Some(thread);
        Ok(feed)
    }

    fn read(&self) -> Result<Feed> {
        let (mut feed, mut bytes, began) = (Feed::default(), 0, Instant::now());
        loop {
            let ask = json!({"MaxNumberOfMessages": BATCH, "VisibilityTimeout": HIDDEN, "WaitTimeSeconds": WAIT});
            let answer = self.held.ask("ReceiveMessage", ask)?;
            let all = answer["Messages"].as_array().map_or(&[][..], Vec::as_slice);
            if all.is_empty() {
                return Ok(feed);
            }
            let mut state = self.held.lock();
            let before = state.messages.len();
            for message in all {
                let text = |name: &str| message[name].as_str().map(str::to_owned);
                let (Some(id), Some(handle)) = (text("MessageId"), text("ReceiptHandle")) else {
                    return Err(Error::new(Reason::Malformed, "the queue's answer is not what it should be"));
                };
                let body = message["Body"].as_str().unwrap_or_default();
                bytes += body.len();
                let mut one = Feed::default();
                one.read(body.as_bytes());
                // Nothing at all tells of no object, either.
                one.damaged += u64::from(body.trim().is_empty());
                let names = one.last.keys().cloned().collect();
                if state.messages.insert(id, Received { handle, names, damaged: one.damaged > 0 }).is_none() {
                    feed.merge(one);
                }
            }
            let is_new = state.messages.len() > before;
            if !is_new || state.messages.len() >= MOST || bytes as u64 > LARGEST || began.elapsed() > RECEIVING {
                self.long.store(true, Ordering::Relaxed);
                return Ok(feed);
            }
        }
    }

    /// Deletes the messages of which all that they name is `done`, by bucket and key, and shows the others again.
    pub fn delete(&self, done: &dyn Fn(&str, &str) -> bool) -> Result<()> {
        let handles: Vec<(String, String)> = {
            let state = self.held.lock();
            let whole = |m: &Received| !m.damaged && m.names.iter().all(|(bucket, key)| done(bucket, key));
            state.messages.iter().filter(|(_, m)| whole(m)).map(|(id, m)| (id.clone(), m.handle.clone())).collect()
        };
        let mut left = 0;
        for batch in handles.chunks(BATCH) {
            let entry = |(i, (_, handle)): (usize, &(String, String))| json!({"Id": i.to_string(), "ReceiptHandle": handle});
            let entries: Vec<Value> = batch.iter().enumerate().map(entry).collect();
            let answer = self.held.ask("DeleteMessageBatch", json!({ "Entries": entries }))?;
            let failed: Vec<&str> = answer["Failed"].as_array().into_iter().flatten().filter_map(|f| f["Id"].as_str()).collect();
            left += failed.len();
            let mut state = self.held.lock();
            for (i, (id, _)) in batch.iter().enumerate() {
                if !failed.contains(&i.to_string().as_str()) {
                    state.messages.remove(id);
                }
            }
        }
        match left {
            0 => Ok(()),
            n => Err(Error::new(Reason::Io, format!("{n} messages could not be deleted: they will come again"))),
        }
    }
}

/// What was not deleted is for others, or for the next run.
impl Drop for Queue {
    fn drop(&mut self) {
        self.held.lock().over = true;
        self.held.over.notify_all();
        if let Some(thread) = self.renewing.get_mut().unwrap_or_else(|e| e.into_inner()).take() {
            let _ = thread.join();
        }
        // Where this fails they are shown when their time is over.
        self.held.hide(0, &|| false);
    }
}

impl Held {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn ask(&self, operation: &str, mut body: Value) -> Result<Value> {
        body["QueueUrl"] = json!(self.url);
        let target = match operation {
            "ReceiveMessage" => "AmazonSQS.ReceiveMessage",
            "DeleteMessageBatch" => "AmazonSQS.DeleteMessageBatch",
            _ => "AmazonSQS.ChangeMessageVisibilityBatch",
        };
        let message = Message { path: "/", media: "application/x-amz-json-1.0", target: Some(target), body: body.to_string() };
        let text = self.signed.ask(&SQS, &message, &self.options)?;
        serde_json::from_str(&text).map_err(|_| Error::new(Reason::Malformed, "the queue's answer is not what it should be"))
    }

    /// Hides all messages for so many seconds from now on, as far as that can be done before it is `over`.
    fn hide(&self, seconds: u64, over: &dyn Fn() -> bool) {
        let handles: Vec<String> = self.lock().messages.values().map(|m| m.handle.clone()).collect();
        for batch in handles.chunks(BATCH) {
            if over() {
                return;
            }
            let entry = |(i, handle): (usize, &String)| json!({"Id": i.to_string(), "ReceiptHandle": handle, "VisibilityTimeout": seconds});
            let entries: Vec<Value> = batch.iter().enumerate().map(entry).collect();
            // One that fails says nothing of the others.
            let _ = self.ask("ChangeMessageVisibilityBatch", json!({ "Entries": entries }));
        }
    }

    /// Hides them again and again until all is over.
    fn renew(&self) {
        let mut state = self.lock();
        loop {
            let waited = self.over.wait_timeout_while(state, Duration::from_secs(HIDDEN / 3), |s| !s.over);
            state = waited.unwrap_or_else(|e| e.into_inner()).0;
            if state.over {
                return;
            }
            drop(state);
            self.hide(HIDDEN, &|| self.lock().over);
            state = self.lock();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_are_named_by_their_url() {
        for (host, region) in [
            ("sqs.eu-west-1.amazonaws.com", Some("eu-west-1")),
            ("sqs.cn-north-1.amazonaws.com.cn", Some("cn-north-1")),
            ("vpce-1a2b.sqs.us-east-2.vpce.amazonaws.com", Some("us-east-2")),
            ("sqs-fips.us-east-1.amazonaws.com", Some("us-east-1")),
            ("queue.amazonaws.com", None),
            ("127.0.0.1:5000", None),
        ] {
            assert_eq!(region_of(host), region, "{host}");
        }
        for wrong in ["", "changes", "sqs.eu-west-1.amazonaws.com/", "ftp://h/1/q", "https://jane@h/1/q", "h/1/q?x"] {
            let e = open(wrong, &Options::default()).err().unwrap();
            assert!(e.reason == Reason::NotFound && e.detail.contains("queue") && !e.detail.contains("jane"), "{wrong}: {}", e.detail);
        }
    }
}
