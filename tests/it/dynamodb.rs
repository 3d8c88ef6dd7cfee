//! `piimap scan dynamodb://…`: exports of a table are started where they are due, waited for, and scanned.

use serde_json::{Value, json};

use crate::support::bench::{self, Bench, Done};
use crate::support::dynamodb_server::{DynamoServer, TABLE, now};
use crate::support::of_others;
use crate::support::s3_server::{ACCESS_KEY, S3Server, SECRET_KEY};
use crate::surroundings::request;

struct Shop {
    b: Bench,
    s3: S3Server,
    server: DynamoServer,
}

const TO: [&str; 2] = ["--export-to", "s3://exports/ddb/"];

impl Shop {
    /// What the exports have written, whatever they were.
    fn new() -> Shop {
        let b = Bench::new();
        bench::copy(&bench::repository().join("samples/dynamodb"), &b.path("store/exports/ddb"));
        let s3 = S3Server::start(&b.path("store"));
        Shop { b, s3, server: DynamoServer::start() }
    }

    fn run(&self, args: &[&str]) -> Done {
        let source = format!("dynamodb://{TABLE}");
        scan(&self.b, &self.s3.url(), &self.server.url(), &[&[source.as_str()], &TO[..], args].concat())
    }

    fn start(&self, args: &[&str]) -> Done {
        self.run(&[&["--start-export"], args].concat())
    }

    /// The requests that started an export.
    fn started(&self) -> Vec<Value> {
        self.server.state.lock().unwrap().started.clone()
    }
}

fn scan(b: &Bench, s3: &str, dynamodb: &str, args: &[&str]) -> Done {
    let mut c = b.command(&[&["scan", "--endpoint-url", s3, "--format", "json"], args].concat());
    c.env("AWS_ACCESS_KEY_ID", ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", SECRET_KEY).env("AWS_REGION", "us-east-1");
    c.env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_ENDPOINT_URL_DYNAMODB", dynamodb);
    Done::of(c.spawn().unwrap())
}

#[test]
fn nothing_is_started_that_nobody_asked_for() {
    let s = Shop::new();
    let source = format!("dynamodb://{TABLE}");
    let plain = |args: &[&str]| scan(&s.b, &s.s3.url(), &s.server.url(), args);
    for (done, says) in [
        (plain(&[&source]), "costs about $2.00"),
        (plain(&[&source, "--dry-run"]), "--export-to s3://BUCKET/PREFIX says where"),
        (plain(&[&source, "--start-export"]), "--export-to"),
        (plain(&["dynamodb://orders"]), "name a table by its ARN"),
        (plain(&["rds://arn:aws:rds:eu-west-1:1:snapshot:n", "--incremental", "--export-to", "s3://exports/ddb"]), "as a whole"),
        (s.run(&[]), "--start-export"),
        (s.start(&["--max-usd", "1"]), "max_usd is 1.00"),
        (s.start(&["--incremental"]), "leave --incremental out first"),
    ] {
        assert!(done.status == Some(2) && done.stderr.contains(says), "{says}: {:?} {}", done.status, done.stderr);
    }
    let dry = s.start(&["--dry-run"]);
    assert_eq!(dry.status, Some(0), "{}", dry.stderr);
    assert!(dry.stderr.contains("its export costs about $2.00; nothing was started"), "{}", dry.stderr);
    assert_eq!(dry.json()["sources"][0]["uri"], "s3://exports/ddb/AWSDynamoDB/");
    assert_eq!(s.started(), Vec::<Value>::new());
    assert!(s.b.index_files().is_empty());

    s.server.state.lock().unwrap().off = true;
    let done = s.start(&[]);
    assert!(done.stderr.contains("point-in-time recovery of the table is off") && !done.stderr.contains("jane"), "{}", done.stderr);
    let spent = s.b.run(&["index", "sql", "SELECT sum(usd) FROM run_cost"]).stdout;
    assert_eq!(spent.trim(), "sum(usd)\n0", "what was not started costs nothing");

    // Refused, and refused behind an answer that was lost.
    s.server.state.lock().unwrap().off = false;
    for (lost, usd) in [(false, "0"), (true, "2")] {
        s.server.state.lock().unwrap().lost = Some(lost);
        let done = s.start(&[]);
        assert!(done.status == Some(2) && done.stderr.contains("LimitExceededException"), "{}", done.stderr);
        let spent = s.b.run(&["index", "sql", "SELECT CAST(sum(usd) AS INTEGER) AS usd FROM run_cost"]).stdout;
        assert_eq!(spent.trim(), format!("usd\n{usd}"), "nobody knows what became of the request whose answer was lost");
    }
}

#[test]
fn a_table_is_exported_and_its_changes_follow() {
    let s = Shop::new();
    let done = s.start(&["--bucket-owner", "111122223333", "--export-key", "alias/exports"]);
    assert!(matches!(done.status, Some(0 | 3)), "{}", done.stderr);
    assert!(done.stderr.contains("1 export to s3://exports/ddb/; the cost is about $2.00"), "{}", done.stderr);
    assert!(done.stderr.contains("complete, billed for 1.50 GB"), "{}", done.stderr);
    assert!(done.json()["objects"]["read"].as_u64() > Some(2), "{}", done.stdout);
    let mut first = s.started()[0].clone();
    first["ClientToken"].take();
    let asked = json!({"TableArn": TABLE, "S3Bucket": "exports", "S3Prefix": "ddb", "S3BucketOwner": "111122223333", "ClientToken": null,
        "ExportFormat": "DYNAMODB_JSON", "ExportType": "FULL_EXPORT", "S3SseAlgorithm": "KMS", "S3SseKmsKeyId": "alias/exports"});
    assert_eq!(first, asked);
    let map = s.b.json(&["map"]);
    assert!(map["datasets"].as_array().unwrap().iter().any(|d| d["kind"] == "dynamodb-export"), "{map}");

    // What DynamoDB billed is booked, and not what was expected; it counts for the next one. A second one so soon must be asked for.
    let spent = |s: &Shop| s.b.run(&["index", "sql", "SELECT round(sum(usd), 4) AS usd FROM run_cost"]).stdout;
    assert!(spent(&s).contains("0.15"), "{}", spent(&s));
    for more in [&[][..], &["--dry-run"]] {
        let done = s.start(more);
        assert!(matches!(done.status, Some(0 | 3)) && s.started().len() == 1, "{}", done.stderr);
        assert!(done.stderr.contains("lies there and is read; --export-again pays for another"), "{}", done.stderr);
    }
    let done = s.start(&["--export-again", "--max-usd", "2"]);
    assert!(done.status == Some(2) && done.stderr.contains("$0.15 were spent this month; max_usd is 2.00"), "{}", done.stderr);
    let done = s.start(&["--export-again", "--max-usd", "3"]);
    assert!(matches!(done.status, Some(0 | 3)) && s.started().len() == 2, "{}", done.stderr);
    assert!(spent(&s).contains("0.3"), "{}", spent(&s));
    s.server.state.lock().unwrap().started.pop();

    // At once: nothing is due. An export that is on its way is waited for, and none started beside it.
    let done = s.start(&["--incremental"]);
    assert!(done.stderr.contains("too little time has passed") && s.started().len() == 1, "{}", done.stderr);
    s.server.export("FAILED", json!({}));
    for more in [&["--dry-run"][..], &[]] {
        // Asked once, it is complete.
        s.server.export("IN_PROGRESS", json!({"ExportTime": now()}));
        let done = s.start(more);
        let says = if more.is_empty() { "waiting for its end" } else { "an export is on its way; nothing was started" };
        assert!(done.stderr.contains(says) && s.started().len() == 1, "{}", done.stderr);
    }

    // Thirty hours later: two exports, the first from where the last one ended. One elsewhere is none of them, nor is one behind a gap.
    let last = now() - 30.0 * 3600.0;
    s.server.state.lock().unwrap().exports.clear();
    s.server.export("COMPLETED", json!({"ExportTime": last}));
    s.server.export("COMPLETED", json!({"ExportTime": now(), "S3Prefix": "elsewhere"}));
    let times = json!({"ExportFromTime": last + 3600.0, "ExportToTime": now() - 600.0});
    s.server.export("COMPLETED", json!({"ExportType": "INCREMENTAL_EXPORT", "IncrementalExportSpecification": times}));
    let dry = s.start(&["--incremental", "--dry-run"]);
    assert!(dry.stderr.contains("2 exports of changes cost by the GB") && s.started().len() == 1, "{}", dry.stderr);
    let done = s.start(&["--incremental"]);
    assert!(matches!(done.status, Some(0 | 3)), "{}", done.stderr);
    let one = |q: &Value| {
        let i = &q["IncrementalExportSpecification"];
        assert_eq!((&q["ExportType"], &i["ExportViewType"]), (&json!("INCREMENTAL_EXPORT"), &json!("NEW_AND_OLD_IMAGES")));
        (i["ExportFromTime"].as_f64().unwrap(), i["ExportToTime"].as_f64().unwrap())
    };
    let times: Vec<(f64, f64)> = s.started()[1..].iter().map(one).collect();
    assert!(times.len() == 2 && times[0] == (last, last + 86400.0) && times[1].0 == times[0].1, "{times:?}");
    assert!(now() - times[1].1 < 480.0, "{times:?}");
    assert!(s.start(&["--incremental"]).stderr.contains("too little time has passed"));
}

/// Against a DynamoDB that others made, which writes what it exports, where one runs: `PIIMAP_TEST_MOTO=http://127.0.0.1:PORT`.
#[test]
fn a_table_of_others_is_exported_and_scanned() {
    let Some(url) = of_others("PIIMAP_TEST_MOTO", "dynamodb::a_table_of_others_is_exported_and_scanned") else { return };
    let (b, name) = (Bench::new(), format!("orders-{}", std::process::id()));
    let ask = |operation: &str, body: Value| {
        let target = format!("DynamoDB_20120810.{operation}");
        let headers = [("Content-Type", "application/x-amz-json-1.0"), ("X-Amz-Target", target.as_str())];
        let answer = request(&url, "dynamodb", "POST", "/", &body.to_string(), &headers);
        serde_json::from_str::<Value>(answer.split_once("\r\n\r\n").unwrap().1).unwrap_or_default()
    };
    let key = json!([{"AttributeName": "id", "KeyType": "HASH"}]);
    let types = json!([{"AttributeName": "id", "AttributeType": "S"}]);
    let made =
        ask("CreateTable", json!({"TableName": name, "BillingMode": "PAY_PER_REQUEST", "KeySchema": key, "AttributeDefinitions": types}));
    for n in 0..25 {
        let item = json!({"id": {"S": n.to_string()}, "email": {"S": format!("p{n}@example.com")}});
        ask("PutItem", json!({"TableName": name, "Item": item}));
    }
    request(&url, "s3", "PUT", &format!("/{name}"), "", &[]);
    let source = format!("dynamodb://{}", made["TableDescription"]["TableArn"].as_str().unwrap());
    let to = format!("s3://{name}/tables");
    let start = || scan(&b, &url, &url, &[&source, "--start-export", "--export-to", &to]);
    let done = start();
    assert!(done.status == Some(2) && done.stderr.contains("recovery of the table is off"), "{}", done.stderr);
    ask("UpdateContinuousBackups", json!({"TableName": name, "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true}}));
    let done = start();
    assert_eq!((done.status, &done.json()["objects"]["read"]), (Some(0), &json!(1)), "{}{}", done.stderr, done.stdout);
    let found = b.run(&["find", "p7@example.com", "--format", "json"]);
    assert_eq!(found.status, Some(0), "{}", found.stdout);
}
