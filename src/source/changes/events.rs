//! What messages of S3 say: notifications and events of EventBridge, in the envelopes of SQS, SNS and Lambda, one behind the other.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::Value;

/// Envelopes in one another: Lambda holds SQS, that SNS, that S3.
const DEEPEST: usize = 8;

/// What happened, by bucket and key.
#[derive(Debug, Default)]
pub(super) struct Feed {
    /// What happened last to each key.
    pub last: BTreeMap<(String, String), Last>,
    /// Lines that are no JSON, and messages that tell of no object.
    pub damaged: u64,
}

/// The last of a key's events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Last {
    /// Whether the object was deleted, or a delete marker was laid upon it.
    pub removed: bool,
    /// Orders the events of one key; empty where a message has none.
    sequencer: String,
}

impl Feed {
    /// Adds messages: JSON values behind each other, on one line each or on several.
    ///
    /// Time: that of reading each line some 128 times at worst, the depth at which JSON ends for the parser.
    pub fn read(&mut self, content: &[u8]) {
        let mut rest = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content).trim_ascii_start();
        while !rest.is_empty() {
            let end = rest.iter().position(|b| *b == b'\n').map_or(rest.len(), |at| at + 1);
            let (line, behind) = rest.split_at(end);
            // A line first: what is broken in one must not take in those behind it.
            rest = match serde_json::from_slice::<Value>(line) {
                Ok(value) => {
                    self.message(&value, 0);
                    behind
                }
                Err(_) => {
                    let mut values = serde_json::Deserializer::from_slice(rest).into_iter::<Value>();
                    match values.next() {
                        // A text alone is the beginning of a line in the middle of something broken.
                        Some(Ok(value)) if value.is_object() || value.is_array() => {
                            self.message(&value, 0);
                            &rest[values.byte_offset()..]
                        }
                        _ => {
                            self.damaged += 1;
                            behind
                        }
                    }
                }
            }
            .trim_ascii_start();
        }
    }

    /// What is in an envelope, or an event.
    fn message(&mut self, value: &Value, depth: usize) {
        if depth > DEEPEST {
            self.damaged += 1;
            return;
        }
        let mut inner = |text: &str| match serde_json::from_str::<Value>(text) {
            Ok(v) if v.is_object() || v.is_array() => self.message(&v, depth + 1),
            _ => self.damaged += 1,
        };
        match value {
            Value::Array(all) => all.iter().for_each(|v| self.message(v, depth + 1)),
            // SQS as it answers, SNS, Lambda's records of either.
            Value::Object(o) => match (o.get("Records").or_else(|| o.get("Messages")), text_in(value)) {
                (Some(Value::Array(all)), _) => all.iter().for_each(|v| self.message(v, depth + 1)),
                (_, Some(text)) => inner(text),
                _ if o.get("Event").and_then(Value::as_str) == Some("s3:TestEvent") => {}
                _ => match event(value) {
                    Some((place, last)) => self.add(place, last),
                    None => self.damaged += 1,
                },
            },
            // A line of text may hold a message as JSON once more.
            Value::String(text) => inner(text),
            _ => self.damaged += 1,
        }
    }

    /// Takes all of another.
    pub fn merge(&mut self, other: Feed) {
        self.damaged += other.damaged;
        other.last.into_iter().for_each(|(place, event)| self.add(place, event));
    }

    /// Takes an event unless a later one is known. Those that cannot be compared count in the order in which they come.
    fn add(&mut self, place: (String, String), event: Last) {
        match self.last.get(&place) {
            Some(known) if order(&known.sequencer, &event.sequencer) == Ordering::Greater => {}
            _ => drop(self.last.insert(place, event)),
        }
    }
}

/// The text that an envelope holds.
fn text_in(value: &Value) -> Option<&str> {
    let sns = || value["Message"].as_str().filter(|_| value["Type"] == "Notification");
    value["Body"].as_str().or_else(|| value["body"].as_str()).or_else(sns).or_else(|| value["Sns"]["Message"].as_str())
}

/// Whose event, and what it says.
fn event(v: &Value) -> Option<((String, String), Last)> {
    let text = |v: &Value| v.as_str().filter(|t| !t.is_empty()).map(str::to_owned);
    if v["source"] == "aws.s3" {
        let (detail, object) = (&v["detail"], &v["detail"]["object"]);
        // Keys are as they are here, unlike in notifications.
        let place = (text(&detail["bucket"]["name"])?, text(&object["key"])?);
        return Some((
            place,
            Last { removed: v["detail-type"] == "Object Deleted", sequencer: text(&object["sequencer"]).unwrap_or_default() },
        ));
    }
    let ours = v["eventSource"].as_str()?.ends_with(":s3") && v["eventVersion"].as_str()?.starts_with("2.");
    let name = v["eventName"].as_str().filter(|_| ours)?;
    let name = name.strip_prefix("s3:").unwrap_or(name);
    let (bucket, object) = (&v["s3"]["bucket"]["name"], &v["s3"]["object"]);
    let key = crate::source::s3::key_of_url(object["key"].as_str()?).filter(|k| !k.is_empty())?;
    let removed = name.starts_with("ObjectRemoved:") || name.starts_with("LifecycleExpiration:");
    Some(((text(bucket)?, key), Last { removed, sequencer: text(&object["sequencer"]).unwrap_or_default() }))
}

/// Orders two sequencers of one key: as hexadecimal numbers of which the shorter is filled up with zeros on its right. Equal where
/// one is missing.
fn order(a: &str, b: &str) -> Ordering {
    if a.is_empty() || b.is_empty() {
        return Ordering::Equal;
    }
    let filled = |s: &str| {
        let digits = s.bytes().map(|b| b.to_ascii_uppercase()).collect::<Vec<_>>();
        digits.into_iter().chain(std::iter::repeat(b'0')).take(a.len().max(b.len())).collect::<Vec<_>>()
    };
    filled(a).cmp(&filled(b))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn notification(name: &str, key: &str, sequencer: &str) -> Value {
        json!({"eventVersion": "2.3", "eventSource": "aws:s3", "awsRegion": "eu-west-1", "eventName": name,
            "s3": {"bucket": {"name": "b"}, "object": {"key": key, "size": 3, "eTag": "x", "sequencer": sequencer}}})
    }

    fn bridge(kind: &str, key: &str, sequencer: &str) -> Value {
        json!({"version": "0", "source": "aws.s3", "detail-type": kind,
            "detail": {"bucket": {"name": "b"}, "object": {"key": key, "etag": "x", "sequencer": sequencer}, "reason": "PutObject"}})
    }

    fn read(text: &str) -> (Vec<(String, bool)>, u64) {
        let mut feed = Feed::default();
        feed.read(text.as_bytes());
        (feed.last.into_iter().map(|((b, k), l)| (format!("{b}/{k}"), l.removed)).collect(), feed.damaged)
    }

    fn is(all: &[(&str, bool)], damaged: u64) -> (Vec<(String, bool)>, u64) {
        (all.iter().map(|(p, r)| ((*p).to_owned(), *r)).collect(), damaged)
    }

    #[test]
    fn messages_are_read_in_their_envelopes() {
        let records = json!({"Records": [notification("ObjectCreated:Put", "a+b%2B%C3%BC%0A.csv", "01")]});
        let sns = json!({"Type": "Notification", "TopicArn": "arn:aws:sns:x", "Message": records.to_string()});
        let sqs = |body: &Value| json!({"Messages": [{"MessageId": "1", "ReceiptHandle": "h", "Body": body.to_string()}]});
        let lambda = json!({"Records": [{"messageId": "1", "body": sns.to_string(), "eventSource": "aws:sqs"}]});
        let topic = json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": records.to_string()}}]});
        let twice = json!(records.to_string());
        for v in [&records, &sns, &sqs(&records), &sqs(&sns), &lambda, &topic, &twice, &json!([records])] {
            let want = is(&[("b/a b+ü\n.csv", false)], 0);
            assert_eq!(read(&v.to_string()), want, "{v}");
            assert_eq!(read(&format!("\u{feff}\n{v:#}\n\n")), want, "{v:#}");
        }
        assert_eq!(read(&bridge("Object Created", "a+b%2B", "1").to_string()), is(&[("b/a+b%2B", false)], 0));
        assert_eq!(read(&sqs(&bridge("Object Deleted", "x", "1")).to_string()), is(&[("b/x", true)], 0));
        assert_eq!(read(r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}"#), is(&[], 0));
        assert_eq!(read(""), is(&[], 0));
    }

    #[test]
    fn the_last_event_of_a_key_counts() {
        let of = |all: &[Value]| read(&all.iter().map(|v| format!("{v}\n")).collect::<String>());
        let n = |name: &str, seq: &str| notification(name, "k", seq);
        let (put, gone) = ("ObjectCreated:Copy", "ObjectRemoved:DeleteMarkerCreated");
        for (all, removed) in [
            (vec![n(put, "0055AED6DCD90281E5"), n(gone, "0055AED6DCD90281E6")], true),
            (vec![n(gone, "0055aed6dcd90281e6"), n(put, "0055AED6DCD90281E5")], true),
            (vec![n(put, "00A1"), n(gone, "00a0FF")], false),
            // The shorter is filled up on its right.
            (vec![n(gone, "00A"), n(put, "00A1")], false),
            (vec![n(put, "00A1"), n(gone, "00A")], false),
            (vec![n(put, ""), n(gone, "01")], true),
            (vec![n(gone, "01"), n(put, "")], false),
            (vec![n("s3:LifecycleExpiration:Delete", "2"), n("ObjectTagging:Put", "1")], true),
            (vec![n(put, "1"), bridge("Object Deleted", "k", "2")], true),
        ] {
            assert_eq!(of(&all), is(&[("b/k", removed)], 0), "{all:?}");
        }
    }

    #[test]
    fn what_is_damaged_costs_itself_alone() {
        let line = |k: &str| format!("{}\n", json!({"Records": [notification("ObjectCreated:Put", k, "1")]}));
        let other = json!({"source": "aws.ec2", "detail": {}}).to_string();
        let v3 = json!({"eventVersion": "3.0", "eventSource": "aws:s3", "eventName": "x", "s3": {}}).to_string();
        let text =
            [&line("a"), &line("torn")[..60], "\n", &line("b"), "\u{0}\u{1}\n", "17\n", &other, "\n", &v3, "\n", &line("c")].concat();
        assert_eq!(read(&text), is(&[("b/a", false), ("b/b", false), ("b/c", false)], 5));
        // Cut off in the middle of what stands on many lines.
        let pretty = format!("{:#}", json!([notification("ObjectCreated:Put", "a", "1"), notification("ObjectCreated:Put", "b", "1")]));
        let (found, damaged) = read(&pretty[..pretty.len() - 20]);
        assert!(found.len() <= 2 && damaged > 0, "{found:?} {damaged}");
        let bomb = format!("{}{}", "[".repeat(100_000), "\n[1,".repeat(1000));
        assert!(read(&bomb).1 > 0);
        let mut nested = json!({"Records": [notification("ObjectCreated:Put", "k", "1")]});
        for _ in 0..9 {
            nested = json!({"Body": nested.to_string()});
        }
        assert_eq!(read(&nested.to_string()), is(&[], 1));
    }

    proptest::proptest! {
        #[test]
        fn anything_is_survived(text in "[\\[\\]{}\",:a-z0-9\\n\\\\]{0,200}") {
            let _ = read(&text);
        }
    }
}
