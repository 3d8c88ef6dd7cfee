//! `piimap scan rds://… --dry-run`: what the export of a snapshot would cost, and what lies where it would go; nothing is started.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::Response;
use hyper::body::Bytes;
use serde_json::json;

use crate::support::bench::{self, Bench, Done};
use crate::support::glue_server::GlueServer;
use crate::support::loopback::Loopback;
use crate::support::s3_server::{ACCESS_KEY, S3Server, SECRET_KEY};

const SNAPSHOT: &str = "rds://arn:aws:rds:eu-west-1:111122223333:snapshot:nightly";

#[test]
fn a_dry_run_starts_no_export() {
    let b = Bench::new();
    bench::copy(&bench::repository().join("samples/rds/harborlight-support-2026-11-03"), &b.path("store/exports/rds/piimap-nightly"));
    let (s3, services) = (S3Server::start(&b.path("store")), GlueServer::start());
    services.state.lock().unwrap().others.insert("DescribeDBSnapshots", vec!["nightly".to_owned()]);
    let run = |args: &[&str]| {
        let mut c = b.command(&[&["scan", "--dry-run", "--endpoint-url", &s3.url()], args].concat());
        c.env("AWS_ACCESS_KEY_ID", ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", SECRET_KEY).env("AWS_REGION", "us-east-1");
        c.env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_ENDPOINT_URL_RDS", services.url());
        Done::of(c.spawn().unwrap())
    };
    // Without a place nobody knows what would be read.
    let done = run(&[SNAPSHOT]);
    assert_eq!(done.status, Some(2), "{}", done.stdout);
    assert!(done.stderr.contains("costs about $0.20") && done.stderr.contains("--export-to"), "{}", done.stderr);

    let start = ["--start-export", "--export-role", "arn:aws:iam::111122223333:role/export", "--export-key", "alias/exports"];
    for more in [&[][..], &start] {
        let done = run(&[&[SNAPSHOT, "--export-to", "s3://exports/rds/", "--format", "json"], more].concat());
        assert_eq!(done.status, Some(0), "{}", done.stderr);
        let told = format!("{SNAPSHOT}: its export costs about $0.20; nothing was started");
        assert!(done.stderr.contains(&told), "{}", done.stderr);
        let source = &done.json()["sources"][0];
        assert_eq!((&source["uri"], &source["unchanged"]), (&json!("s3://exports/rds/piimap-nightly/"), &json!(0)), "{source}");
        assert!(source["to_read"].as_u64().unwrap() > 4 && source["to_read"] == source["listed"], "{source}");
    }
    // A snapshot of which RDS tells no size: the price alone is known.
    let other = SNAPSHOT.replace("nightly", "weekly");
    services.state.lock().unwrap().others.clear();
    let done = run(&[&other, "--export-to", "s3://exports/rds"]);
    assert_eq!(done.status, Some(0), "{}", done.stderr);
    assert!(done.stderr.contains("$0.010 for each GB"), "{}", done.stderr);
    let done = run(&["rds://nightly", "--export-to", "s3://exports/rds"]);
    assert!(done.status == Some(2) && done.stderr.contains("name a snapshot by its ARN"), "{}", done.stderr);

    let seen = services.state.lock().unwrap().seen.clone();
    assert!(!seen.is_empty() && seen.iter().all(|(operation, _)| operation == "DescribeDBSnapshots"), "{seen:?}");
    assert!(b.index_files().is_empty(), "a dry run makes no index");
}

/// What the next requests to start an export are answered.
#[derive(Clone, Copy, PartialEq)]
enum Start {
    Refused,
    /// The first is done and its answer is lost; the next finds the export.
    Lost,
}

#[test]
fn an_export_is_booked_unless_it_was_refused() {
    let b = Bench::new();
    bench::copy(&bench::repository().join("samples/rds/harborlight-support-2026-11-03"), &b.path("store/exports/rds/piimap-nightly"));
    let s3 = S3Server::start(&b.path("store"));
    // What is answered, and whether there is an export.
    let state = Arc::new(Mutex::new((Start::Refused, false)));
    let shared = state.clone();
    let rds = Loopback::http(move |req| {
        let state = shared.clone();
        async move {
            let body = req.into_body().collect().await.unwrap().to_bytes();
            let body = String::from_utf8_lossy(&body).into_owned();
            let mut state = state.lock().unwrap();
            let refusal = |code: &str| format!("<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>");
            let (status, text) = match body.split('&').next().unwrap() {
                "Action=DescribeDBSnapshots" => (200, "<R><DBSnapshot><AllocatedStorage>20</AllocatedStorage></DBSnapshot></R>".to_owned()),
                "Action=DescribeExportTasks" if state.1 => (200, "<R><ExportTask><Status>COMPLETE</Status></ExportTask></R>".to_owned()),
                "Action=DescribeExportTasks" => (200, "<R></R>".to_owned()),
                _ if state.1 => (400, refusal("ExportTaskAlreadyExists")),
                _ if state.0 == Start::Refused => (400, refusal("KMSKeyNotAccessibleFault")),
                _ => {
                    state.1 = true;
                    (500, refusal("InternalFailure"))
                }
            };
            Ok::<_, Infallible>(Response::builder().status(status).body(Full::new(Bytes::from(text))).unwrap())
        }
    });
    let run = || {
        let to = ["--start-export", "--export-to", "s3://exports/rds", "--export-role", "arn:aws:iam::1:role/export", "--export-key", "k"];
        let mut c = b.command(&[&["scan", SNAPSHOT, "--endpoint-url", &s3.url()], &to[..]].concat());
        c.env("AWS_ACCESS_KEY_ID", ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", SECRET_KEY).env("AWS_REGION", "us-east-1");
        c.env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_ENDPOINT_URL_RDS", format!("http://{}", rds.address));
        Done::of(c.spawn().unwrap())
    };
    let spent = || b.run(&["index", "sql", "SELECT CAST(round(100 * sum(usd)) AS INTEGER) AS cents FROM run_cost"]).stdout;
    let done = run();
    assert!(done.status == Some(2) && done.stderr.contains("KMSKeyNotAccessibleFault"), "{}", done.stderr);
    assert_eq!(spent().trim(), "cents\n0", "what was refused costs nothing");
    state.lock().unwrap().0 = Start::Lost;
    let done = run();
    assert!(matches!(done.status, Some(0 | 3)) && done.stderr.contains("stays booked"), "{}", done.stderr);
    assert_eq!(spent().trim(), "cents\n20", "it may be ours");
    let done = run();
    assert!(matches!(done.status, Some(0 | 3)) && done.stderr.contains("costs nothing more"), "{}", done.stderr);
    assert_eq!(spent().trim(), "cents\n20");
}
