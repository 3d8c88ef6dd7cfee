//! CloudTrail: `{"Records":[…]}` of any size, single records as JSON Lines, CloudWatch envelopes.
//!
//! Record fields as in the AWS CloudTrail user guide, event versions up to 1.11. Every field is optional.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::Bytes;
use super::events::{Event, Events, Kind};
use super::filter::{Actor, Filter};
use super::requests::{text, what};
use crate::base::{Input, Timestamp};

/// Reads one log file; `log` names it where something in it cannot be used. What breaks costs the rest of its file alone.
pub fn read(log: &str, input: &mut dyn Input, filter: &Filter, events: &mut Events) {
    let mut bytes = Bytes::summed(input);
    let mut json = serde_json::Deserializer::from_reader(std::io::BufReader::new(&mut bytes));
    let before = events.records;
    let mut sink = Sink { filter, events, log };
    while json.end().is_err() {
        if let Err(e) = (Top { sink: &mut sink }).deserialize(&mut json) {
            // PRIVACY: the message of the parser may quote the log; its place is enough.
            let what = if e.is_io() {
                "could not be read to its end".to_owned()
            } else {
                format!("is no JSON from line {} column {} on", e.line(), e.column())
            };
            sink.events.problem(log, what);
            break;
        }
    }
    drop(json);
    if let Some(sum) = bytes.sum() {
        events.log_file(log, sum);
    }
    if events.records == before && !events.problems.iter().any(|p| p.log == log) {
        events.problem(log, "holds no CloudTrail record");
    }
}

struct Sink<'a> {
    filter: &'a Filter,
    events: &'a mut Events,
    log: &'a str,
}

/// One value of the stream.
struct Top<'s, 'a> {
    sink: &'s mut Sink<'a>,
}

impl<'de> DeserializeSeed<'de> for Top<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Top<'_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CloudTrail records")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut single = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "Records" => map.next_value_seed(Elements { sink: self.sink, envelope: false })?,
                "logEvents" => map.next_value_seed(Elements { sink: self.sink, envelope: true })?,
                _ => drop(single.insert(key, map.next_value()?)),
            }
        }
        if single.contains_key("eventName") {
            record(self.sink, &Value::Object(single));
        } else if single.contains_key("operationName") && single.contains_key("category") {
            self.sink.events.problem(self.sink.log, "is a storage log of Azure: name it with --access-log");
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(v) = seq.next_element::<Value>()? {
            record(self.sink, &v);
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
}

/// The elements of `Records`, one at a time, or the messages of an envelope.
struct Elements<'s, 'a> {
    sink: &'s mut Sink<'a>,
    envelope: bool,
}

impl<'de> DeserializeSeed<'de> for Elements<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Elements<'_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(v) = seq.next_element::<Value>()? {
            if !self.envelope {
                record(self.sink, &v);
            } else if let Some(Ok(inner)) = v["message"].as_str().map(serde_json::from_str::<Value>) {
                record(self.sink, &inner);
            } else {
                self.sink.events.problem(self.sink.log, "holds messages that are no CloudTrail records");
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

fn record(sink: &mut Sink<'_>, r: &Value) {
    sink.events.records += 1;
    let (Some(name), Some(time)) = (text(r, "eventName"), text(r, "eventTime").and_then(Timestamp::parse)) else {
        sink.events.problem(sink.log, "holds records without a name or a time");
        return;
    };
    let account = text(r, "recipientAccountId").or_else(|| text(&r["userIdentity"], "accountId")).unwrap_or("-");
    sink.events.hour(account, text(r, "awsRegion").unwrap_or("-"), time);
    let who = &r["userIdentity"];
    let issuer = &who["sessionContext"]["sessionIssuer"];
    let named = |v: &'_ Value| -> Vec<String> {
        ["arn", "principalId", "userName", "invokedBy"].into_iter().filter_map(|k| text(v, k)).map(str::to_owned).collect()
    };
    let names: Vec<String> = named(who).into_iter().chain(named(issuer)).collect();
    let actor = Actor {
        names: names.iter().map(String::as_str).collect(),
        access_key: text(who, "accessKeyId"),
        ip: text(r, "sourceIPAddress"),
        user_agent: text(r, "userAgent"),
    };
    let id = text(r, "sharedEventID").or_else(|| text(r, "eventID"));
    // An S3 request has one number in all logs that tell of it.
    let request = match (text(r, "eventSource"), text(r, "requestID")) {
        (Some("s3.amazonaws.com"), Some(request)) => request.to_owned(),
        (_, request) => id.or(request).map_or_else(|| format!("{time} {}", blake3::hash(r.to_string().as_bytes()).to_hex()), str::to_owned),
    };
    if sink.filter.is_own(&actor) {
        sink.events.add_own(&request);
        return;
    }
    let theirs = sink.filter.fits(&actor, time);
    let failed = r.get("errorCode").is_some_and(|e| !e.is_null());
    for (target, version, kind) in what(name, r) {
        let boundary = matches!(kind, Kind::Write | Kind::Delete) && !failed;
        if theirs || boundary {
            sink.events.add(&request, Event { time, target, version, kind, failed, theirs });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::events::Read;
    use super::*;
    use crate::base::MemoryInput;

    fn events(log: &str) -> Events {
        let mut e = Events::default();
        read("log", &mut MemoryInput::with_chunk(log.as_bytes().to_vec(), 7), &Filter::default(), &mut e);
        e
    }

    fn s3_record(id: &str, name: &str, parameters: &str, more: &str) -> String {
        format!(
            r#"{{"eventTime":"2026-11-03T02:00:00Z","eventSource":"s3.amazonaws.com","eventName":"{name}","eventID":"{id}","awsRegion":"us-east-1","recipientAccountId":"1","requestParameters":{parameters}{more}}}"#
        )
    }

    #[test]
    fn what_records_tell() {
        let get = |bytes: &str| format!(r#","additionalEventData":{{"bytesTransferredOut":{bytes},"AuthenticationMethod":"QueryString"}}"#);
        let read = |r: Read| Kind::Read(r);
        for (name, parameters, more, want) in [
            (
                "GetObject",
                r#"{"bucketName":"b","key":"a b","versionId":"v1","Range":"bytes=0-99"}"#,
                get("100.0"),
                vec![(
                    "s3://b/a b",
                    Some("v1"),
                    read(Read { bytes: Some(100), range: Some((0, 100)), presigned: true, ..Read::default() }),
                )],
            ),
            ("GetObject", r#"{"bucketName":"b","key":"k"}"#, String::new(), vec![("s3://b/k", None, read(Read::default()))]),
            (
                "CopyObject",
                r#"{"bucketName":"cold","key":"in/k","x-amz-copy-source":"/b/a%20b?versionId=v2"}"#,
                get("243"),
                vec![
                    ("s3://cold/in/k", None, Kind::Write),
                    ("s3://b/a b", Some("v2"), read(Read { copied: true, presigned: true, ..Read::default() })),
                ],
            ),
            ("PutObject", r#"{"bucketName":"b","key":"k"}"#, String::new(), vec![("s3://b/k", None, Kind::Write)]),
            ("ListObjects", r#"{"bucketName":"b","prefix":"x/"}"#, String::new(), vec![("s3://b/", None, Kind::List)]),
            ("HeadObject", r#"{"bucketName":"b","key":"k"}"#, String::new(), vec![]),
            ("GetObject", "null", String::new(), vec![]),
            ("PutBucketPolicy", r#"{"bucketName":"b"}"#, String::new(), vec![("s3://b/", None, Kind::Public("PutBucketPolicy".into()))]),
        ] {
            let v: Value = serde_json::from_str(&s3_record("e", name, parameters, &more)).unwrap();
            let got = what(name, &v);
            let want: Vec<_> = want.into_iter().map(|(t, v, k)| (t.to_owned(), v.map(str::to_owned), k)).collect();
            assert_eq!(got, want, "{name} {parameters}");
        }
        let other = |source: &str, name: &str, p: &str| {
            let v: Value = serde_json::from_str(&format!(r#"{{"eventSource":"{source}.amazonaws.com","requestParameters":{p}}}"#)).unwrap();
            what(name, &v).into_iter().map(|w| (w.0, w.2)).collect::<Vec<_>>()
        };
        let whole = |n: &str| Kind::Whole(n.to_owned());
        let shared = r#"{"dBSnapshotIdentifier":"nightly","attributeName":"restore","valuesToAdd":["193672423079"]}"#;
        assert_eq!(other("rds", "ModifyDBSnapshotAttribute", shared), [("rds:nightly".to_owned(), whole("ModifyDBSnapshotAttribute"))]);
        let taken_back = r#"{"dBSnapshotIdentifier":"nightly","attributeName":"restore","valuesToRemove":["193672423079"]}"#;
        assert_eq!(other("rds", "ModifyDBSnapshotAttribute", taken_back), []);
        let task =
            r#"{"exportTaskIdentifier":"t1","sourceArn":"arn:aws:rds:us-east-1:1:snapshot:nightly","s3BucketName":"b","s3Prefix":"rds"}"#;
        let name = "StartExportTask";
        assert_eq!(other("rds", name, task), [("rds:nightly".to_owned(), whole(name)), ("s3://b/rds/t1/".to_owned(), whole(name))]);
        let table = r#"{"tableArn":"arn:aws:dynamodb:us-east-1:1:table/Profiles","s3Bucket":"b"}"#;
        assert_eq!(
            other("dynamodb", "ExportTableToPointInTime", table)[0],
            ("dynamodb:Profiles".to_owned(), whole("ExportTableToPointInTime"))
        );
        assert_eq!(
            other("dynamodb", "GetItem", r#"{"tableName":"Profiles"}"#),
            [("dynamodb:Profiles".to_owned(), Kind::Part("GetItem".into()))]
        );
        let session = other("redshift-data", "ExecuteStatement", r#"{"clusterIdentifier":"dw"}"#);
        assert_eq!(session, [("redshift:dw".to_owned(), Kind::Session("ExecuteStatement".into()))]);
    }

    #[test]
    fn all_shapes_of_files_give_the_same() {
        let (a, b) = (
            s3_record("1", "GetObject", r#"{"bucketName":"b","key":"k1"}"#, ""),
            s3_record("2", "GetObject", r#"{"bucketName":"b","key":"k2"}"#, ""),
        );
        let envelope = |r: &str| format!(r#"{{"messageType":"DATA_MESSAGE","logEvents":[{{"id":"x","message":{}}}]}}"#, Value::from(r));
        let want = events(&format!(r#"{{"Records":[{a},{b}]}}"#)).sorted();
        assert_eq!(want.len(), 2);
        for log in [
            format!("{b}\n{a}\n"),
            format!("[{a},{b}]"),
            format!("{}{}", envelope(&b), envelope(&a)),
            format!(r#"{{"Records":[{b},{a},{b}]}}{{"Records":[{a}]}}"#),
        ] {
            let e = events(&log);
            assert_eq!(e.sorted(), want, "{log}");
            assert!(e.problems.is_empty() && e.hours.len() == 1);
        }
    }

    #[test]
    fn what_breaks_costs_the_rest_of_its_file() {
        let a = s3_record("1", "GetObject", r#"{"bucketName":"b","key":"k1"}"#, "");
        let e = events(&format!(r#"{{"Records":[{a},{{"eventName":"#));
        assert_eq!((e.sorted().len(), e.problems.len()), (1, 1));
        for log in ["", "not json", "[1,2]", "{}", r#"{"Records":null}"#, r#"{"Records":[{"eventName":5}]}"#, "\u{0}\u{1}"] {
            let e = events(log);
            assert!(e.sorted().is_empty() && e.problems.len() == 1, "{log:?}: {:?}", e.problems);
        }
        let e = events(r#"{"time":"x","category":"StorageRead","operationName":"GetBlob"}"#);
        assert!(e.problems.iter().any(|p| p.what.contains("Azure")));
    }

    #[test]
    fn failed_reads_and_other_peoples_requests() {
        let failed =
            s3_record("1", "GetObject", r#"{"bucketName":"b","key":"k"}"#, r#","errorCode":"AccessDenied","userIdentity":{"arn":"thief"}"#);
        let put = s3_record("2", "PutObject", r#"{"bucketName":"b","key":"k"}"#, r#","userIdentity":{"arn":"somebody"}"#);
        let other = s3_record("3", "GetObject", r#"{"bucketName":"b","key":"k"}"#, r#","userIdentity":{"arn":"somebody"}"#);
        let own = s3_record("4", "GetObject", r#"{"bucketName":"b","key":"k"}"#, r#","userIdentity":{"arn":"piimap-role"}"#);
        let filter = Filter::new(&["thief".to_owned()], &[], &[], &[], &["piimap*".to_owned()]).unwrap();
        let mut e = Events::default();
        read("log", &mut MemoryInput::new(format!("{failed}{put}{other}{own}{own}").into_bytes()), &filter, &mut e);
        let kinds: Vec<_> = e.sorted().into_iter().map(|e| (matches!(e.kind, Kind::Write), e.failed, e.theirs)).collect();
        assert_eq!(kinds.len(), 2, "the write of another is kept: it ends a version");
        assert!(kinds.contains(&(false, true, true)) && kinds.contains(&(true, false, false)));
        assert_eq!(e.own(), 1);
    }
}
