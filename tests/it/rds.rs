//! `piimap scan rds://… --dry-run`: what the export of a snapshot would cost, and what lies where it would go; nothing is started.

use serde_json::json;

use crate::support::bench::{self, Bench, Done};
use crate::support::glue_server::GlueServer;
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
