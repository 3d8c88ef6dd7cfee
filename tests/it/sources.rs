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
        c.env("AWS_ENDPOINT_URL", glue.url());
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
    for kind in ["redshift_workgroup", "ebs_volume", "azure_container", "other_regions"] {
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
    assert_eq!(doc["noted"], false, "there is no index");
    assert!(!done.stdout.contains("wrong") && !done.stdout.contains(ACCESS_KEY));
}

#[test]
fn a_census_has_every_kind_and_stays_in_the_index() {
    let b = Bench::new();
    b.write("store/exports/x.txt", "x");
    // An export of one of the databases, by its folder and its `export_info` alone.
    crate::support::bench::copy(&crate::support::bench::repository().join("samples"), &b.path("samples"));
    b.run(&["scan", "samples"]);
    let names: Vec<String> = b.json(&["map"])["datasets"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|d| d["kind"] == "rds-export" || d["kind"] == "dynamodb-export")
        .map(|d| d["name"].as_str().unwrap().to_owned())
        .collect();
    let exported = names.iter().find(|n| !n.starts_with("dynamodb/")).unwrap().split('/').next().unwrap().to_owned();
    let table = names.iter().find_map(|n| n.strip_prefix("dynamodb/")).unwrap().to_owned();
    let (s3, glue) = (S3Server::start(&b.path("store")), GlueServer::start());
    {
        let mut s = glue.state.lock().unwrap();
        s.others.insert(
            "DescribeDBInstances",
            vec![exported.clone(), "crm".into(), "jane.miller@example.com".into(), "web".into(), "zoo".into()],
        );
        s.others.insert("DescribeDBClusters", vec!["aurora".into()]);
        s.others.insert("DescribeDBSnapshots", vec!["before-upgrade".into()]);
        s.others.insert("DescribeClusters", vec!["dwh".into()]);
        s.others.insert("ListTables", vec![table.clone(), "carts".into(), "sessions".into()]);
        s.others.insert("DescribeLogGroups", vec!["/aws/lambda/a".into(), "/aws/lambda/b".into(), "/aws/lambda/c".into()]);
    }
    b.write("piimap.toml", "sources = [\"s3://exports\"]\n");
    let run = |format: &str| {
        let args =
            ["sources", "discover", "--config", "piimap.toml", "--region", "eu-west-1", "--endpoint-url", &s3.url(), "--format", format];
        let mut c = b.command(&args);
        c.env("AWS_ACCESS_KEY_ID", ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", SECRET_KEY).env("AWS_EC2_METADATA_DISABLED", "true");
        c.env("AWS_ENDPOINT_URL", glue.url());
        Done::of(c.spawn().unwrap())
    };
    let done = run("json");
    assert_eq!(done.status, Some(1), "{}", done.stderr);
    let doc = done.json();
    let of = |kind: &str, status: &str| {
        let all = doc["existing"].as_array().unwrap().iter();
        all.filter(|e| e["kind"] == kind && e["status"] == status).map(|e| e["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!((of("rds_instance", "configured"), of("dynamodb_table", "configured")), (vec![exported], vec![table]));
    assert_eq!(of("rds_instance", "not_configured"), ["crm", "jane.miller@example.com", "web", "zoo"]);
    assert_eq!(of("log_group", "not_configured").len(), 3);
    for kind in ["rds_cluster", "rds_snapshot", "redshift_cluster"] {
        assert_eq!(of(kind, "not_configured").len(), 1, "{kind}");
    }
    assert_eq!(
        (&doc["noted"], &doc["existing"][0]["region"], &doc["existing"][0]["account"]),
        (&json!(true), &json!("eu-west-1"), &Value::Null)
    );
    assert!(!done.stdout.contains("jane@example.com"), "a message of the server is told");

    // Coverage has a denominator, without names that are somebody's, until the next census.
    let missing =
        || b.run(&["coverage", "--format", "json"]).lines().into_iter().filter(|l| l["reason"] == "not_configured").collect::<Vec<_>>();
    let lines = missing();
    assert_eq!(lines.len(), 4 + 2 + 3 + 3, "{lines:?}");
    assert!(
        lines.iter().any(|l| l["uri"] == "rds://{generic.email}") && !lines.iter().any(|l| l["uri"].as_str().unwrap().contains("jane"))
    );
    b.run(&["scan", "samples"]);
    assert_eq!(missing(), lines, "a scan ends no census");
    {
        let mut s = glue.state.lock().unwrap();
        s.others.retain(|action, _| ["DescribeLogGroups", "ListTables"].contains(action));
        s.refused = vec!["DescribeLogGroups", "ListTables"];
    }
    let done = run("json");
    let kept: Vec<_> =
        lines.iter().filter(|l| ["dynamodb:", "log:"].iter().any(|k| l["uri"].as_str().unwrap().starts_with(k))).cloned().collect();
    assert_eq!(kept.len(), 2 + 3, "{lines:?}");
    assert_eq!((done.status, missing()), (Some(3), kept), "what was refused is not forgotten: {}", done.stdout);
    let not: Vec<String> = done.json()["not_examined"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|n| n["reason"] == "access_denied")
        .map(|n| n["detail"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(not.len(), 2);
    assert!(not[0].contains("allow dynamodb:ListTables") && not[1].contains("allow logs:DescribeLogGroups"), "{not:?}");
    let text = run("text").stdout;
    assert!(text.lines().all(|l| l.chars().count() <= 80), "{text}");
}

#[test]
fn what_is_left_out_is_one_line() {
    let b = Bench::new();
    b.write("data/crm/a.csv", "email\nada.winter@example.com\n");
    b.write("data/crm/draft/b.csv", "email\nben.summer@example.com\n");
    b.write("data/crm/c.csv.bak", "email\ncleo.autumn@example.com\n");
    assert_eq!(b.scan("data", &[]).1["objects"]["read"], 3);
    b.write("less.toml", "exclude = [\"**/draft/**\", \"**/*.bak\"]\n");
    let (status, doc) = b.scan("data", &["--config", "less.toml"]);
    assert_eq!(
        (status, &doc["objects"]["listed"], &doc["objects"]["gone"], &doc["complete"]),
        (Some(0), &json!(1), &json!(0), &json!(true))
    );
    let lines = b.run(&["coverage", "--format", "json"]).lines();
    assert_eq!((lines.len(), &lines[0]["reason"], &lines[0]["uri"]), (1, &json!("excluded"), &json!(b.path("data"))), "{lines:?}");
    assert!(lines[0]["detail"].as_str().unwrap().ends_with("of piimap.toml: 2, of 59 bytes"), "{lines:?}");
    // It stays as it was last seen.
    assert_eq!(b.json(&["find", "ben.summer@example.com"])["places"][0]["current"], true);
    b.write("only.toml", format!("include = [\"{}/**\"]\n", b.path("data/crm/draft").display()));
    assert_eq!(b.scan("data", &["--config", "only.toml"]).1["objects"]["listed"], 1);
    let (_, all) = b.scan("data", &[]);
    assert_eq!((&all["objects"]["unchanged"], b.run(&["coverage", "--format", "json"]).stdout.len()), (&json!(3), 0));
}
