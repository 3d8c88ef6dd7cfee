//! Logs beside those of S3: digests of CloudTrail, hours without a log, distributions, load balancers, Azure.

use std::path::Path;

use serde_json::{Value, json};
use sha2::Digest;

use crate::support::{Bench, written};

const PEOPLE: [(&str, &str); 3] =
    [("ada.winter@example.com", "457-55-5462"), ("ben.summer@example.com", "536-90-4399"), ("cleo.vale@example.com", "512-44-7310")];

/// Three people in one object.
fn world() -> (Bench, usize) {
    let b = Bench::new();
    let rows: String = PEOPLE.iter().map(|(email, ssn)| format!("{email},{ssn}\n")).collect();
    let text = format!("email,ssn\n{rows}");
    b.write("data/in/a.csv", &text);
    assert_eq!(b.scan("data", &[]).0, Some(0));
    (b, text.len())
}

fn trail(hour: u32, n: u32) -> String {
    format!("logs/AWSLogs/1/CloudTrail/us-east-1/2026/11/03/1_CloudTrail_us-east-1_20261103T{hour:02}05Z_unique{n}.json")
}

fn event(hour: u32, id: &str) -> String {
    json!({"Records": [{
        "eventTime": format!("2026-11-03T{hour:02}:01:00Z"), "eventSource": "s3.amazonaws.com", "eventName": "GetObject", "awsRegion": "us-east-1",
        "recipientAccountId": "1", "requestParameters": {"bucketName": "b", "key": "in/a.csv"}, "requestID": id, "eventID": id,
    }]})
    .to_string()
}

fn sha256(bytes: &[u8]) -> String {
    sha2::Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// Writes the digest of the hour before `hour`; gives its hash.
fn digest(b: &Bench, hour: u32, before: Option<&str>, logs: &[(String, String)]) -> String {
    let name = |hour: u32| {
        format!("AWSLogs/1/CloudTrail-Digest/us-east-1/2026/11/03/1_CloudTrail-Digest_us-east-1_t_us-east-1_20261103T{hour:02}0000Z.json")
    };
    let files: Vec<Value> = logs.iter().map(|(path, text)| json!({"s3Object": &path[5..], "hashValue": sha256(text.as_bytes())})).collect();
    let text = json!({
        "awsAccountId": "1", "digestStartTime": format!("2026-11-03T{:02}:00:00Z", hour - 1), "digestEndTime": format!("2026-11-03T{hour:02}:00:00Z"),
        "digestS3Object": name(hour), "previousDigestS3Object": before.map(|_| name(hour - 1)), "previousDigestHashValue": before, "logFiles": files,
    })
    .to_string();
    b.write(&format!("logs/{}", name(hour)), &text);
    sha256(text.as_bytes())
}

/// The files below a folder with their paths in it.
fn files_below(folder: &Path, path: &str, out: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = format!("{path}{}", entry.file_name().to_str().unwrap());
        match entry.file_type().unwrap().is_dir() {
            true => files_below(&entry.path(), &format!("{path}/"), out),
            false => out.push((path, std::fs::read(entry.path()).unwrap())),
        }
    }
}

#[test]
fn digests_say_whether_logs_are_whole_and_hours_without_any_are_listed() {
    let (b, _) = world();
    let logs = [(trail(1, 1), event(1, "E1")), (trail(3, 2), event(3, "E2"))];
    logs.iter().for_each(|(path, text)| drop(b.write(path, text)));
    let one = digest(&b, 2, None, &logs[..1]);
    let two = digest(&b, 3, Some(&one), &[]);
    digest(&b, 4, Some(&two), &logs[1..]);
    let ask = ["breach", "--cloudtrail", "logs", "--from", "2026-11-03T01:00:00Z", "--to", "2026-11-03T06:30:00Z"];
    let json = || b.run(&[&ask[..], &["--format", "json"]].concat());
    let done = json();
    assert_eq!(done.status, Some(0), "{}{}", done.stdout, done.stderr);
    let e = &done.json()["evidence"];
    assert_eq!((&e["digests"]["read"], &e["digests"]["whole"], &e["digests"]["signature"]), (&json!(3), &json!(2), &json!("not checked")));
    assert_eq!(
        e["calendar"],
        json!([{"account": "1", "region": "us-east-1", "from": "2026-11-03T04:00:00.000Z", "to": "2026-11-03T07:00:00.000Z", "hours": 3}]),
        "an hour whose digest lists no log is no gap"
    );
    assert_eq!(done.json()["consumers"]["certain"], 3);
    let text = b.run(&[&ask[..], &["--html", "breach.html"]].concat()).stdout;
    assert!(text.contains("By 3 digests: 2 log files as delivered"), "{text}");
    assert!(text.contains("2026-11-03T04:00Z to 2026-11-03T07:00Z, 3 hours") && text.lines().all(|l| l.chars().count() <= 80), "{text}");
    let page = std::fs::read_to_string(b.path("breach.html")).unwrap();
    assert!(page.contains("By 3 digests: 2 log files as delivered") && page.contains("Without event, log file or digest"), "{page}");

    // The same logs in an archive.
    let mut members = Vec::new();
    files_below(&b.path("logs"), "", &mut members);
    let members: Vec<(&str, &[u8])> = members.iter().map(|m| (m.0.as_str(), m.1.as_slice())).collect();
    b.write("logs.tar", written::tar(&members));
    let packed = b.run(&[&["breach", "--cloudtrail", "logs.tar"], &ask[3..], &["--format", "json"]].concat());
    assert_eq!(packed.json()["evidence"]["digests"], e["digests"], "{}", packed.stderr);
    assert_eq!(packed.json()["consumers"], done.json()["consumers"]);

    b.write("keys.json", "{\"PublicKeyList\":[]}");
    let refused = b.run(&[&ask[..], &["--cloudtrail-keys", "keys.json"]].concat());
    assert_eq!(refused.status, Some(2));
    assert!(refused.stderr.contains("aws cloudtrail list-public-keys"), "{}", refused.stderr);

    // A record taken out, a log removed, one that nobody delivered, a digest made anew.
    b.write(&logs[0].0, "{\"Records\":[{}]}");
    std::fs::remove_file(b.path(&logs[1].0)).unwrap();
    b.write(&trail(2, 3), event(2, "E3"));
    digest(&b, 2, None, &[]);
    let done = json();
    assert_eq!(done.status, Some(3), "{}", done.stdout);
    let d = &done.json()["evidence"]["digests"];
    let name = |path: &str| json!([path.rsplit('/').next().unwrap()]);
    assert_eq!((&d["missing"], &d["whole"]), (&name(&logs[1].0), &json!(0)), "{d}");
    assert_eq!(d["unlisted"].as_array().unwrap().len(), 2, "the digest that named the first is another: {d}");
    assert_eq!(d["broken"], json!(["1_CloudTrail-Digest_us-east-1_t_us-east-1_20261103T030000Z.json"]), "{d}");
}

#[test]
fn paths_of_hosts_and_blobs_are_objects() {
    let (b, size) = world();
    let cloudfront = format!(
        "#Version: 1.0\n#Fields: date time sc-bytes c-ip cs-method cs-uri-stem sc-status x-edge-request-id x-host-header sc-content-len\n2026-11-03\t02:00:00\t{}\t203.0.113.77\tGET\t/in/a.csv\t200\tR1\tcdn.example.com\t{size}\n",
        size + 300
    );
    let balancer = format!(
        "https 2026-11-03T02:00:00.186641Z app/lb/1 203.0.113.77:2817 10.0.0.1:80 0 0 0 200 200 34 {} \"GET https://cdn.example.com:443/in/a.csv HTTP/1.1\" \"curl\" - - - \"Root=1\" \"cdn.example.com\" \"-\"\n",
        size + 300
    );
    let azure = json!({
        "time": "2026-11-03T02:00:00Z", "category": "StorageRead", "operationName": "GetBlob", "statusCode": 200, "correlationId": "c1",
        "uri": "https://acct.blob.core.windows.net/crm/in/a.csv", "callerIpAddress": "203.0.113.77:4711",
        "identity": {"type": "OAuth", "requester": {"upn": "thief"}}, "properties": {"responseBodySize": size},
    })
    .to_string();
    let origin = ["--origin", "cdn.example.com=s3://b/site", "--copy-of", "s3://b/site=data"];
    for (name, log, args) in [
        ("cloudfront", cloudfront, &origin[..]),
        ("balancer", balancer, &origin),
        ("azure", azure, &["--copy-of", "az://acct/crm=data", "--principal", "thief"]),
    ] {
        let path = format!("{name}.log");
        b.write(&path, log);
        let ask = |args: &[&str]| b.run(&[&["breach", "--format", "json", "--access-log", &path], args].concat());
        let done = ask(&[args, &["--ip", "203.0.113.77"]].concat());
        assert_eq!(done.status, Some(0), "{name}: {}{}", done.stdout, done.stderr);
        assert_eq!(done.json()["consumers"], json!({"certain": 3, "likely": 3, "upper": 3}), "{name}");
        assert_eq!(ask(&[args, &["--ip", "203.0.113.78"]].concat()).json()["scope"]["objects"], 0, "{name}");
        if name != "azure" {
            let lost = ask(&[]);
            assert_eq!(lost.status, Some(3), "{name}");
            assert!(lost.json()["evidence"]["problems"][0]["what"].as_str().unwrap().contains("--origin HOST="), "{name}: {}", lost.stdout);
        }
    }
    let wrong = b.run(&["breach", "--access-log", "azure.log", "--origin", "cdn.example.com"]);
    assert!(wrong.status == Some(2) && wrong.stderr.contains("HOST=s3://bucket/prefix"), "{}", wrong.stderr);
}
