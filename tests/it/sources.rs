//! `piimap sources`: what is configured and known, and what exists beside it.

use serde_json::{Value, json};

use crate::support::glue_server::GlueServer;
use crate::support::s3_server::{ACCESS_KEY, S3Server, SECRET_KEY};
use crate::support::{Bench, Done};

#[test]
fn configured_sources_have_their_datasets() {
    let b = Bench::new();
    b.write("data/crm/customers.csv", "email\nada.winter@example.com\n");
    b.write("data/crm2/other.csv", "email\nben.summer@example.com\n");
    b.write("data/logs/2026/app.log", "cleo.autumn@example.com\n");
    b.write("piimap.toml", "sources = [\"data/crm\", \"data/logs\", \"s3://never-scanned/x\"]\n");
    let none = b.run(&["sources", "--config", "piimap.toml", "--format", "json"]);
    assert_eq!((none.status, &none.json()["basis"]), (Some(0), &Value::Null), "{}", none.stderr);
    assert_eq!(b.run(&["scan", "data"]).status, Some(0));
    let doc = b.json(&["sources", "--config", "piimap.toml"]);
    let of = |i: usize| {
        let s = &doc["sources"][i];
        let datasets = s["datasets"].as_array().unwrap().iter().map(|d| d["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        (s["source"].as_str().unwrap().to_owned(), s["kind"].as_str().unwrap().to_owned(), datasets)
    };
    assert_eq!(of(0), ("data/crm".into(), "path".into(), vec!["crm/customers.csv".into()]));
    assert_eq!(of(1).2.len(), 1, "{doc}");
    assert_eq!(of(2), ("s3://never-scanned/x".into(), "s3".into(), vec![]));
    let first = &doc["sources"][0];
    assert_eq!((&first["uri"], &first["datasets"][0]["objects"]), (&json!(b.path("data/crm")), &json!(1)));
    assert_eq!((&first["datasets"][0]["stale"], &doc["basis"]["run"]), (&json!(false), &json!(1)));
    assert!(first["datasets"][0]["data_as_of"].is_string());
    let text = b.run(&["sources", "--config", "piimap.toml"]).stdout;
    assert!(text.contains("  crm/customers.csv  1 object  data as of ") && text.contains("not scanned yet"), "{text}");
    let empty = Bench::new().run(&["sources"]);
    assert_eq!(empty.status, Some(1), "{}", empty.stdout);
    assert!(empty.stdout.contains("no source is configured"));
}

#[test]
fn what_exists_and_is_not_configured_is_named() {
    let b = Bench::new();
    for bucket in ["exports", "exports-old", "logs"] {
        b.write(&format!("store/{bucket}/x.txt"), "x");
    }
    let (s3, glue) = (S3Server::start(&b.path("store")), GlueServer::start());
    for database in ["crm", "shop", "web"] {
        glue.table(database, json!({"Name": "t", "StorageDescriptor": {"Columns": []}}));
    }
    b.write("piimap.toml", "sources = [\"s3://exports\", \"s3://logs/app/\", \"glue://shop/people\", \"/srv\"]\n");
    let run = |config: &str, key: &str, secret: &str, format: &str| {
        let args = ["sources", "discover", "--config", config, "--region", "eu-west-1", "--endpoint-url", &s3.url(), "--format", format];
        let mut c = b.command(&args);
        c.env("AWS_ACCESS_KEY_ID", key).env("AWS_SECRET_ACCESS_KEY", secret).env("AWS_EC2_METADATA_DISABLED", "true");
        c.env("AWS_ENDPOINT_URL_GLUE", glue.url());
        Done::of(c.spawn().unwrap())
    };
    let done = run("piimap.toml", ACCESS_KEY, SECRET_KEY, "json");
    assert_eq!(done.status, Some(1), "{}", done.stderr);
    let doc = done.json();
    let of = |e: &Value| (e["uri"].as_str().unwrap().to_owned(), e["status"].as_str().unwrap().to_owned(), e["whole"].as_bool().unwrap());
    let all: Vec<(String, String, bool)> = doc["existing"].as_array().unwrap().iter().map(of).collect();
    let want = [
        ("glue://crm", "not_configured", false),
        ("glue://shop", "configured", false),
        ("glue://web", "not_configured", false),
        ("s3://exports", "configured", true),
        ("s3://exports-old", "not_configured", false),
        ("s3://logs", "configured", false),
    ];
    assert_eq!(all, want.map(|(uri, status, whole)| (uri.to_owned(), status.to_owned(), whole)));
    assert_eq!((&doc["region"], &doc["existing"][5]["sources"]), (&json!("eu-west-1"), &json!(["s3://logs/app/"])));
    assert!(doc["existing"].as_array().unwrap().iter().all(|e| e["created"].is_string()));
    for kind in ["rds_database", "redshift_cluster", "dynamodb_table", "log_group", "glue_database"] {
        let named = doc["not_examined"].as_array().unwrap().iter().any(|n| n["kind"] == kind && n["reason"].is_null());
        assert!(named, "{kind} is named");
    }
    let text = run("piimap.toml", ACCESS_KEY, SECRET_KEY, "text").stdout;
    assert!(text.contains("3 of 6 not configured.") && text.contains("configured in part: s3://logs/app/"), "{text}");
    assert!(text.lines().all(|l| l.chars().count() <= 80), "{text}");

    b.write(
        "all.toml",
        "sources = [\"s3://exports\", \"s3://exports-old\", \"s3://logs\", \"glue://shop\", \"glue://crm\", \"glue://web\"]\n",
    );
    let done = run("all.toml", ACCESS_KEY, SECRET_KEY, "json");
    assert_eq!(done.status, Some(0), "{}", done.stdout);

    // What may not be listed is said; the rest is listed all the same.
    let done = run("all.toml", ACCESS_KEY, "wrong", "json");
    assert_eq!(done.status, Some(3), "{}", done.stderr);
    let doc = done.json();
    assert_eq!((&doc["not_examined"][0]["kind"], &doc["not_examined"][0]["reason"]), (&json!("s3_bucket"), &json!("access_denied")));
    assert!(doc["not_examined"][0]["detail"].as_str().unwrap().contains("s3:ListAllMyBuckets"));
    assert_eq!(doc["existing"].as_array().unwrap().len(), 3);
    assert!(!done.stdout.contains("wrong") && !done.stdout.contains(ACCESS_KEY));
}
