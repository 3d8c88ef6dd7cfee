//! `cloudtrail/`: who touched the bucket on the night of 3 November 2026, and a theft among it.

use std::collections::BTreeSet;

use super::{World, rng::Rng, tree::gzip, truth::Record};

const ACCOUNT: &str = "111122223333";
const DATASET: &str = "cloudtrail/111122223333/us-east-1";
const BUCKET: &str = "harborlight-data";

/// The stolen role's session, and the address that used it.
const THIEF: &str = "arn:aws:sts::111122223333:assumed-role/ci-deploy/build-4471";
const THIEF_IP: &str = "203.0.113.77";

/// People of the company: session names of their roles are their addresses, as single sign-on makes them.
const STAFF: &[&str] = &["dana.whitmore@harborlight.example", "luis.ferreira@harborlight.example"];

struct Event<'a> {
    second: u64,
    name: &'a str,
    key: &'a str,
    staff: Option<usize>,
    refused: bool,
}

pub fn write(world: &mut World) {
    let mut rng = world.rng("cloudtrail");
    let keys: Vec<String> = world.tree.files.keys().filter(|k| !k.ends_with("_SUCCESS") && !k.ends_with("_started")).cloned().collect();
    let under = |prefix: &str| keys.iter().filter(|k| k.starts_with(prefix)).cloned().collect::<BTreeSet<_>>();
    let mut copied = under("rds/");
    copied.retain(|k| k.ends_with(".parquet"));
    let mut read = under("crm/");
    read.extend(["orders/2026/11/orders-0001.jsonl.gz".to_owned(), "orders/2026/11/orders-0002.jsonl.gz".to_owned()]);
    let denied = under("redshift/");

    // The night: ordinary reads from midnight to three, the theft from 01:40 to 02:20.
    let mut events: Vec<Event<'_>> = Vec::new();
    for _ in 0..150 {
        let second = rng.below(3 * 3600);
        events.push(Event {
            second,
            name: "GetObject",
            key: rng.pick::<String>(&keys),
            staff: Some(rng.below(2) as usize),
            refused: rng.chance(2),
        });
    }
    let mut at = 6_000;
    let theft = [(&read, "GetObject", false), (&denied, "GetObject", true), (&copied, "CopyObject", false)];
    for (keys, name, refused) in theft {
        for key in keys {
            at += rng.between(40, 170);
            events.push(Event { second: at, name, key, staff: None, refused });
        }
    }
    events.sort_by_key(|e| e.second);
    world.truth.empty_fields(DATASET, &["Records[].requestParameters.key", "Records[].eventName"]);
    for (hour, minutes) in [(0, "0105"), (1, "0205"), (2, "0305")] {
        let name = format!(
            "{ACCOUNT}_CloudTrail_us-east-1_20261103T{minutes}Z_{}.json.gz",
            rng.of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 16)
        );
        let path = format!("cloudtrail/AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/2026/11/03/{name}");
        let mut record = world.truth.record(DATASET, &path, 0);
        let lines: Vec<String> = events.iter().filter(|e| e.second / 3600 == hour).map(|e| event(&mut rng, &mut record, e)).collect();
        drop(record);
        world.tree.add(path, gzip(format!("{{\"Records\":[{}]}}", lines.join(",")).as_bytes()));
    }
    read.extend(copied.iter().cloned());
    let people = world.truth.people_in(&read);
    let (principal, ip) = (THIEF.to_owned(), THIEF_IP.to_owned());
    let (from, to) = ("2026-11-03T01:40:00Z".to_owned(), "2026-11-03T02:20:00Z".to_owned());
    assert!(at < 2 * 3600 + 20 * 60, "the theft ends in its window");
    world.truth.breach = super::truth::Breach { principal, ip, from, to, read, copied, denied, people };
}

fn event(rng: &mut Rng, record: &mut Record<'_>, e: &Event<'_>) -> String {
    let (role, session, ip) = match e.staff {
        Some(i) => ("data-analyst", STAFF[i], ["198.51.100.14", "198.51.100.15"][i]),
        None => ("ci-deploy", "build-4471", THIEF_IP),
    };
    record.scope();
    record.inside("Records[].sourceIPAddress", "generic.ip_address", ip, None);
    if e.staff.is_some() {
        record.inside("Records[].userIdentity.principalId", "generic.email", session, None);
        record.inside("Records[].userIdentity.arn", "generic.email", session, None);
    }
    let access_key = format!("ASIA{}", rng.of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16));
    record.inside("Records[].userIdentity.accessKeyId", "secret.aws_access_key", &access_key, None);
    record.maybe("generic.username");
    let id = if e.staff.is_some() { "AROAXHARBORANALYST00" } else { "AROAXHARBORCIDEPLOY0" };
    let when = format!("2026-11-03T{:02}:{:02}:{:02}Z", e.second / 3600, e.second / 60 % 60, e.second % 60);
    let (bucket, to_account) = if e.name == "CopyObject" { ("cold-archive-7781", "999988887777") } else { (BUCKET, ACCOUNT) };
    let request = match e.name {
        "CopyObject" => format!(
            "{{\"bucketName\":\"{bucket}\",\"key\":\"in/{}\",\"Host\":\"{bucket}.s3.us-east-1.amazonaws.com\",\"x-amz-copy-source\":\"{BUCKET}/{}\"}}",
            e.key, e.key
        ),
        _ => format!("{{\"bucketName\":\"{bucket}\",\"key\":\"{}\",\"Host\":\"{bucket}.s3.us-east-1.amazonaws.com\"}}", e.key),
    };
    let resource_key = if e.name == "CopyObject" { format!("in/{}", e.key) } else { e.key.to_owned() };
    let error = if e.refused { ",\"errorCode\":\"AccessDenied\",\"errorMessage\":\"Access Denied\"" } else { "" };
    let out = if e.refused { 243 } else { rng.between(800, 90_000) };
    format!(
        "{{\"eventVersion\":\"1.11\",\"userIdentity\":{{\"type\":\"AssumedRole\",\"principalId\":\"{id}:{session}\",\"arn\":\"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}\",\"accountId\":\"{ACCOUNT}\",\"accessKeyId\":\"{access_key}\",\"sessionContext\":{{\"sessionIssuer\":{{\"type\":\"Role\",\"principalId\":\"{id}\",\"arn\":\"arn:aws:iam::{ACCOUNT}:role/{role}\",\"accountId\":\"{ACCOUNT}\",\"userName\":\"{role}\"}},\"attributes\":{{\"creationDate\":\"2026-11-02T23:50:00Z\",\"mfaAuthenticated\":\"false\"}}}}}},\"eventTime\":\"{when}\",\"eventSource\":\"s3.amazonaws.com\",\"eventName\":\"{}\",\"awsRegion\":\"us-east-1\",\"sourceIPAddress\":\"{ip}\",\"userAgent\":\"[aws-cli/2.31.0]\"{error},\"requestParameters\":{request},\"responseElements\":null,\"additionalEventData\":{{\"SignatureVersion\":\"SigV4\",\"CipherSuite\":\"TLS_AES_128_GCM_SHA256\",\"bytesTransferredIn\":0,\"AuthenticationMethod\":\"AuthHeader\",\"bytesTransferredOut\":{out}}},\"requestID\":\"{}\",\"eventID\":\"{}\",\"readOnly\":{},\"resources\":[{{\"type\":\"AWS::S3::Object\",\"ARN\":\"arn:aws:s3:::{bucket}/{resource_key}\"}},{{\"accountId\":\"{to_account}\",\"type\":\"AWS::S3::Bucket\",\"ARN\":\"arn:aws:s3:::{bucket}\"}}],\"eventType\":\"AwsApiCall\",\"managementEvent\":false,\"recipientAccountId\":\"{ACCOUNT}\",\"eventCategory\":\"Data\"}}",
        e.name,
        rng.of("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 16),
        rng.uuid(),
        e.name == "GetObject",
    )
}
