//! What surrounds the data: settings of buckets in the map, what runs cost, roles of other accounts.

use std::io::Write;

use serde_json::{Value, json};

use crate::serve::Site;
use crate::support::s3_server::{ACCESS_KEY, S3Server, SECRET_KEY};
use crate::support::{Bench, Done, of_others};

fn run(b: &Bench, server: &str, args: &[&str], env: &[(&str, &str)]) -> Done {
    let mut c = b.command(&[args, &["--endpoint-url", server]].concat());
    c.env("AWS_ACCESS_KEY_ID", ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", SECRET_KEY).env("AWS_EC2_METADATA_DISABLED", "true");
    c.envs(env.iter().copied());
    Done::of(c.spawn().unwrap())
}

/// A table with an SSN each in so many rows.
fn people(n: usize) -> String {
    (0..n).fold("name,ssn\n".to_owned(), |all, i| all + &format!("Person {i},219-09-{:04}\n", 1000 + i))
}

#[test]
fn a_public_bucket_with_ssns_says_so_first() {
    let b = Bench::new();
    for bucket in ["public-eu", "logged", "mute", "plain"] {
        b.write(&format!("store/{bucket}/people.csv"), people(20));
    }
    b.write("store/public-notes/x.txt", "nothing personal\n");
    let server = S3Server::start(&b.path("store"));
    let all = ["s3://public-eu", "s3://logged", "s3://mute", "s3://plain", "s3://public-notes"];
    let done = run(&b, &server.url(), &[&["scan", "--format", "json"], &all[..]].concat(), &[]);
    assert_eq!(
        (done.status, &done.json()["objects"]["read"]),
        (Some(0), &json!(5)),
        "what may not be asked fails nothing: {}",
        done.stderr
    );
    let map = b.json(&["map"]);
    let store = |uri: &str| map["stores"].as_array().unwrap().iter().find(|s| s["uri"] == uri).unwrap();
    for (uri, warnings) in [
        ("s3://public-eu", json!(["public", "unlogged"])),
        ("s3://logged", json!([])),
        ("s3://mute", json!([])),
        ("s3://plain", json!(["unlogged"])),
        ("s3://public-notes", json!([])),
    ] {
        assert_eq!(store(uri)["warnings"], warnings, "{uri}");
    }
    let public = store("s3://public-eu");
    assert_eq!(public["sensitive"][0], json!({"id": "us.ssn", "count": 20}));
    for (name, value) in [
        ("region", "eu-west-1"),
        ("public", "yes"),
        ("policy_public", "yes"),
        ("acl_public", "no"),
        ("logging", "none"),
        ("public_access_block", "none"),
    ] {
        assert_eq!(public["facts"][name], value, "{name}");
    }
    assert_eq!(store("s3://logged")["facts"]["logging"], "s3://logs/access/");
    // What that server does not know, and what this bucket does not tell.
    assert!(
        public["facts"]["encryption"].is_null() && public["not_known"]["encryption"].as_str().unwrap().starts_with("io: HTTP 501"),
        "{public}"
    );
    assert!(store("s3://mute")["facts"]["public"].is_null());
    assert_eq!(store("s3://mute")["not_known"]["public"], "access_denied: HTTP 403 AccessDenied");
    // PRIVACY: tags are their owner's words.
    assert_eq!(public["facts"]["tags"], "owner={generic.email}, team=crm");

    // The page of a dataset tells what surrounds it: this one lies in four buckets, and not in the fifth.
    let site = Site::start(&b, &[]);
    let dataset = map["datasets"].as_array().unwrap().iter().find(|d| !d["fields"].as_array().unwrap().is_empty()).unwrap();
    let around = site.get(&format!("/dataset?name={}", dataset["name"].as_str().unwrap())).body;
    for says in [
        "Everybody may read in s3://public-eu, which holds sensitive personal information",
        "No access is logged in s3://public-eu",
        "No access is logged in s3://plain",
        "<th scope=\"row\">region</th><td>eu-west-1</td>",
        "<th scope=\"row\">public access block</th><td>none</td>",
        "<th scope=\"row\">encryption</th><td><span class=\"soft\">not known: io: HTTP 501",
        "<td><span class=\"soft\">not known: access_denied: HTTP 403 AccessDenied",
        "<td>s3://logs/access/</td>",
        "owner={generic.email}, team=crm",
    ] {
        assert!(around.contains(says), "{says}: {around}");
    }
    assert_eq!((around.matches("Everybody may read").count(), around.matches("s3://public-notes").count()), (1, 0), "{around}");
    // Regions of buckets are known without anybody writing them down.
    let borders = site.get("/borders").body;
    assert!(borders.contains("eu-west-1</th>") && borders.contains("us-east-1</th>"), "{borders}");

    let text = b.run(&["map"]).stdout;
    assert!(text.starts_with("Warning: s3://plain logs no access, and holds us.ssn (20)\nWarning: s3://public-eu is public and logs no access, and holds us.ssn (20)\n"), "{text}");
    assert!(
        text.contains("\nStores:\n  s3://logged\n    region us-east-1; public no;") && text.contains("not known: encryption"),
        "{text}"
    );
    assert!(text.lines().all(|l| l.chars().count() <= 80), "{text}");
    let page = b.run(&["map", "--html", "-"]).stdout;
    assert!(page.contains("<p class=\"warn\">s3://public-eu is public and logs no access"), "the page says so, too");
    for file in b.index_files() {
        assert!(!String::from_utf8_lossy(&std::fs::read(file).unwrap()).contains("tag.owner"), "an address of a tag is in the index");
    }
}

/// Prices at which small things count: a request costs a dollar.
const PRICES: &str = "[prices]\nlist = 0\nget = 1000\nget_ia = 1000\nretrieve_ia = 0\ncross_region = 0\n";

#[test]
fn a_run_that_costs_too_much_reads_nothing_that_costs() {
    let b = Bench::new();
    (0..4).for_each(|i| drop(b.write(&format!("store/plain/{i}.csv"), format!("email\nperson{i}@example.com\n"))));
    b.write("here/local.csv", "email\nlocal@example.com\n");
    b.write("piimap.toml", format!("[budget]\nmax_usd = 6\n{PRICES}"));
    let server = S3Server::start(&b.path("store"));
    let scan = |source: &str, more: &[&str]| {
        run(&b, &server.url(), &[&["scan", source, "here", "--format", "json", "--config", "piimap.toml"], more].concat(), &[])
    };
    let dry = scan("s3://plain", &["--dry-run"]).json();
    assert_eq!((&dry["usd"]["requests"], &dry["usd"]["total"], &dry["usd"]["within_budget"]), (&json!(4.0), &json!(4.0), &json!(true)));
    assert_eq!((&dry["usd"]["spent_this_month"], &dry["usd"]["prices"]), (&json!(0.0), &json!("prices of piimap.toml")));
    let done = scan("s3://plain", &["--max-usd", "3.99"]);
    let j = done.json();
    assert_eq!(
        (done.status, &j["objects"]["read"], &j["objects"]["unread"]),
        (Some(3), &json!(1), &json!(4)),
        "what costs nothing is read: {}",
        done.stderr
    );
    assert_eq!(j["over_budget"], json!({"usd": 4.0, "spent_this_month": 0.0, "max_usd": 3.99}));
    let lines = b.run(&["coverage", "--format", "json"]).lines();
    assert!(lines.len() == 4 && lines.iter().all(|l| l["reason"] == "budget"), "{lines:?}");
    assert!(lines[0]["detail"].as_str().unwrap().contains("about $4.00, with $0.00 spent this month; the limit, max_usd, is 3.99"));
    assert_eq!(b.run(&["find", "person0@example.com"]).status, Some(1));
    let text = run(&b, &server.url(), &["scan", "s3://plain", "--config", "piimap.toml", "--max-usd", "1"], &[]).stdout;
    assert!(text.contains("Nothing that costs anything was read: the run would cost about $4.00"), "{text}");

    // What was refused is due again, within the limit it is read; and the month remembers.
    let done = scan("s3://plain", &[]);
    assert_eq!((done.status, &done.json()["objects"]["read"], &done.json()["usd"]), (Some(0), &json!(4), &json!(4.0)), "{}", done.stderr);
    let done = scan("s3://plain", &["--full"]);
    assert_eq!((done.status, &done.json()["over_budget"]["spent_this_month"]), (Some(3), &json!(4.0)));
    assert_eq!(scan("s3://plain", &["--full", "--max-usd", "8"]).status, Some(0));
    assert_eq!(scan("s3://plain", &["--dry-run", "--full"]).json()["usd"]["spent_this_month"], 8.0);
    assert_eq!(scan("s3://plain", &[]).status, Some(0), "a run that reads nothing costs nothing");
}

#[test]
fn key_columns_do_not_spend_what_was_refused() {
    let b = Bench::with_samples();
    (0..4).for_each(|i| drop(b.write(&format!("store/plain/{i}.csv"), format!("email\nperson{i}@example.com\n"))));
    b.write("piimap.toml", format!("[budget]\nmax_usd = 3.99\n{PRICES}"));
    let server = S3Server::start(&b.path("store"));
    let scan = ["scan", "samples", "s3://plain", "--format", "json", "--config", "piimap.toml"];
    let done = run(&b, &server.url(), &scan, &[]);
    let j = done.json();
    assert!(j["read_for_keys"].as_u64().unwrap() > 0, "the samples have key columns: {j}");
    assert_eq!((done.status, &j["usd"], &j["over_budget"]["usd"]), (Some(3), &json!(0.0), &json!(4.0)), "{j}");
    let lines = b.run(&["coverage", "--format", "json"]).lines();
    let refused = lines.iter().filter(|l| l["reason"] == "budget").count();
    assert_eq!(refused, 4, "{lines:?}");
    assert_eq!(b.run(&["find", "person0@example.com"]).status, Some(1));
}

#[test]
fn fees_and_other_regions_are_asked_for() {
    let b = Bench::new();
    for key in ["a.csv", "cold/b.csv"] {
        b.write(&format!("store/eu-data/{key}"), "email\nada.winter@example.com\n");
    }
    b.write("fees.toml", format!("[budget]\nhome_region = \"us-east-1\"\n{PRICES}"));
    let server = S3Server::start(&b.path("store"));
    let scan = |more: &[&str]| {
        run(&b, &server.url(), &[&["scan", "s3://eu-data", "--format", "json", "--config", "fees.toml"], more].concat(), &[])
    };
    let dry = scan(&["--dry-run"]).json();
    assert_eq!(
        (&dry["objects"]["to_read"], &dry["held_back"]["retrieval_fee"]["objects"], &dry["held_back"]["other_region"]["objects"]),
        (&json!(0), &json!(1), &json!(1))
    );
    let reasons = || {
        let mut all: Vec<String> = b
            .run(&["coverage", "--format", "json"])
            .lines()
            .iter()
            .map(|l| format!("{} {}", l["uri"].as_str().unwrap(), l["reason"].as_str().unwrap()))
            .collect();
        all.sort();
        all
    };
    assert_eq!(scan(&[]).status, Some(3));
    assert_eq!(reasons(), ["s3://eu-data/a.csv other_region", "s3://eu-data/cold/b.csv retrieval_fee"]);
    assert_eq!(scan(&["--cross-region"]).json()["objects"]["read"], 1);
    assert_eq!(reasons(), ["s3://eu-data/cold/b.csv retrieval_fee"]);
    let done = scan(&["--cross-region", "--cold"]);
    assert_eq!((done.status, &done.json()["objects"]["read"]), (Some(0), &json!(1)), "{}", done.stderr);
    assert!(reasons().is_empty());
    // Where nobody knows the prices, nothing is held back.
    let free = run(&b, &server.url(), &["scan", "s3://eu-data", "--format", "json", "--index", "free.db"], &[("AWS_REGION", "us-east-1")]);
    assert_eq!((free.status, &free.json()["objects"]["read"], &free.json()["usd"]), (Some(0), &json!(2), &json!(0.0)), "{}", free.stderr);
}

#[test]
fn a_role_that_is_not_given_is_an_error() {
    let b = Bench::new();
    b.write("store/theirs/a.csv", "email\nada.winter@example.com\n");
    b.write(
        "accounts.toml",
        "[[account]]\nsources = [\"s3://theirs*\"]\nassume_role = \"arn:aws:iam::111122223333:role/r\"\nexternal_id = \"x\"\n",
    );
    let server = S3Server::start(&b.path("store"));
    // A server of roles that knows none: the one of S3.
    let url = server.url();
    let env = [("AWS_ENDPOINT_URL_STS", url.as_str()), ("AWS_REGION", "us-east-1")];
    let done = run(&b, &url, &["scan", "s3://theirs", "--config", "accounts.toml"], &env);
    assert!(done.status == Some(2) && done.stderr.contains("the role could not be assumed"), "{}", done.stderr);
    assert_eq!(run(&b, &url, &["scan", "s3://theirs"], &env).status, Some(0), "without the entry we go as ourselves");
}

/// Against servers that others made, where one runs: `PIIMAP_TEST_MOTO=http://127.0.0.1:PORT`.
#[test]
fn servers_of_others_tell_the_same() {
    let Some(url) = of_others("PIIMAP_TEST_MOTO", "surroundings::servers_of_others_tell_the_same") else { return };
    let (b, bucket) = (Bench::new(), format!("around-{}", std::process::id()));
    let (logs, far) = (format!("{bucket}-logs"), format!("{bucket}-far"));
    let s3 = |method: &str, path: &str, body: &str, more: &[(&str, &str)]| request(&url, "s3", method, path, body, more);
    for name in [&bucket, &logs] {
        s3("PUT", &format!("/{name}"), "", &[]);
    }
    s3(
        "PUT",
        &format!("/{far}"),
        "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>",
        &[],
    );
    s3("PUT", &format!("/{bucket}/people.csv"), &people(5), &[]);
    s3("PUT", &format!("/{bucket}/frozen.csv"), &people(5), &[("x-amz-storage-class", "GLACIER")]);
    s3("PUT", &format!("/{bucket}/ia.csv"), &people(5), &[("x-amz-storage-class", "STANDARD_IA")]);
    let scan = |more: &[&str], env: &[(&str, &str)]| {
        run(&b, &url, &[&["scan", &format!("s3://{bucket}"), "--format", "json"], more].concat(), env)
    };
    let done = scan(&[], &[]);
    assert_eq!((done.status, &done.json()["objects"]["unread"]), (Some(3), &json!(1)), "{}", done.stderr);
    assert_eq!(b.run(&["coverage", "--format", "json"]).lines()[0]["reason"], "archived");
    let facts = || {
        let map = b.json(&["map"]);
        let of = map["stores"].as_array().unwrap().iter().find(|s| s["uri"] == format!("s3://{bucket}")).unwrap().clone();
        (of["facts"].clone(), of["warnings"].clone(), of["not_known"].clone())
    };
    let (before, warnings, not) = facts();
    assert_eq!(warnings, json!(["unlogged"]), "{before} {not}");
    for (name, value) in [
        ("region", "us-east-1"),
        ("logging", "none"),
        ("lifecycle", "none"),
        ("replication", "none"),
        ("tags", "none"),
        ("acl_public", "no"),
    ] {
        assert_eq!(before[name], value, "{name}: {before} {not}");
    }
    // An answer that cannot be read is none: this server's own is of another name than that of S3.
    assert!(before["versioning"].is_null() && not["versioning"].is_string(), "{before} {not}");
    let ns = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";
    let put = |what: &str, body: String| s3("PUT", &format!("/{bucket}?{what}"), &body, &[]);
    put("versioning", format!("<VersioningConfiguration {ns}><Status>Enabled</Status></VersioningConfiguration>"));
    s3(
        "PUT",
        &format!("/{far}?versioning"),
        &format!("<VersioningConfiguration {ns}><Status>Enabled</Status></VersioningConfiguration>"),
        &[],
    );
    put("tagging", format!("<Tagging {ns}><TagSet><Tag><Key>owner</Key><Value>crm</Value></Tag></TagSet></Tagging>"));
    put(
        "encryption",
        format!(
            "<ServerSideEncryptionConfiguration {ns}><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>"
        ),
    );
    put(
        "lifecycle",
        format!(
            "<LifecycleConfiguration {ns}><Rule><ID>a</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status><Expiration><Days>30</Days></Expiration></Rule></LifecycleConfiguration>"
        ),
    );
    put(
        "replication",
        format!(
            "<ReplicationConfiguration {ns}><Role>arn:aws:iam::111122223333:role/r</Role><Rule><ID>a</ID><Priority>1</Priority><Filter><Prefix></Prefix></Filter><DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication><Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::{far}</Bucket></Destination></Rule></ReplicationConfiguration>"
        ),
    );
    put(
        "publicAccessBlock",
        format!(
            "<PublicAccessBlockConfiguration {ns}><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>"
        ),
    );
    assert_eq!(scan(&[], &[]).status, Some(3));
    let (after, _, not) = facts();
    let want = [
        ("tags", "owner=crm".to_owned()),
        ("encryption", "aws:kms, bucket key".to_owned()),
        ("lifecycle", "1 rule, objects go after 30 days or later".to_owned()),
        ("replication", format!("s3://{far} (eu-west-1)")),
        ("public_access_block", "all".to_owned()),
        ("public", "no".to_owned()),
    ];
    for (name, value) in want {
        assert_eq!(after[name], json!(value), "{name}: {after} {not}");
    }
    s3("DELETE", &format!("/{bucket}?publicAccessBlock"), "", &[]);
    s3("PUT", &format!("/{bucket}?acl"), "", &[("x-amz-acl", "public-read")]);
    scan(&[], &[]);
    assert_eq!((facts().0["acl_public"].clone(), facts().1), (json!("yes"), json!(["public", "unlogged"])), "{:?}", facts());

    // The census of a region that others keep.
    let form =
        |service: &str, body: &str| request(&url, service, "POST", "/", body, &[("content-type", "application/x-www-form-urlencoded")]);
    let name = format!("db{}", std::process::id());
    form(
        "rds",
        &format!(
            "Action=CreateDBInstance&Version=2014-10-31&DBInstanceIdentifier={name}&DBInstanceClass=db.t3.micro&Engine=postgres&AllocatedStorage=20&MasterUsername=root&MasterUserPassword=password1"
        ),
    );
    form(
        "redshift",
        &format!(
            "Action=CreateCluster&Version=2012-12-01&ClusterIdentifier={name}&NodeType=dc2.large&MasterUsername=root&MasterUserPassword=Password1&NumberOfNodes=1"
        ),
    );
    let json_of = |service: &str, target: &str, body: Value| {
        request(&url, service, "POST", "/", &body.to_string(), &[("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target)]);
    };
    let key = json!({"TableName": name, "BillingMode": "PAY_PER_REQUEST", "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}]});
    json_of("dynamodb", "DynamoDB_20120810.CreateTable", key);
    json_of("logs", "Logs_20140328.CreateLogGroup", json!({"logGroupName": format!("/app/{name}")}));
    let discover = run(&b, &url, &["sources", "discover", "--region", "us-east-1", "--format", "json"], &[("AWS_ENDPOINT_URL", &url)]);
    assert_eq!(discover.status, Some(1), "{}", discover.stderr);
    let found = discover.json();
    for kind in ["rds_instance", "redshift_cluster", "dynamodb_table", "log_group", "s3_bucket"] {
        let is = |e: &&Value| e["kind"] == kind && (e["name"].as_str().unwrap().contains(&name) || e["name"] == bucket);
        let e = found["existing"].as_array().unwrap().iter().find(is).unwrap_or_else(|| panic!("no {kind} in {found}"));
        assert_eq!(e["status"], "not_configured");
    }

    // With a role of theirs: its keys are not ours, so that a server that knows ours alone refuses them.
    b.write("store/theirs/a.csv", "email\nada.winter@example.com\n");
    b.write(
        "piimap.toml",
        "[[account]]\nsources = [\"s3://*\"]\nassume_role = \"arn:aws:iam::111122223333:role/reader\"\nexternal_id = \"x\"\n",
    );
    let sts = [("AWS_ENDPOINT_URL_STS", url.as_str()), ("AWS_REGION", "us-east-1")];
    assert_eq!(scan(&["--config", "piimap.toml"], &sts).status, Some(3));
    let strict = S3Server::start(&b.path("store"));
    let done =
        run(&b, &strict.url(), &["scan", "s3://theirs", "--config", "piimap.toml", "--index", "theirs.db", "--format", "json"], &sts);
    let lines = b.run(&["coverage", "--format", "json", "--index", "theirs.db"]).lines();
    assert_eq!((done.status, &lines[0]["reason"]), (Some(2), &json!("listing_failed")), "{}", done.stderr);
    assert!(lines[0]["detail"].as_str().unwrap().starts_with("access_denied"), "{lines:?}");
}

/// The same: a snapshot is exported, waited for and scanned; the server writes no files, so that the test does.
#[test]
fn a_snapshot_is_exported_and_scanned() {
    let Some(url) = of_others("PIIMAP_TEST_MOTO", "surroundings::a_snapshot_is_exported_and_scanned") else { return };
    let (b, name) = (Bench::new(), format!("snap{}", std::process::id()));
    let form = |body: &str| request(&url, "rds", "POST", "/", body, &[("content-type", "application/x-www-form-urlencoded")]);
    form(&format!(
        "Action=CreateDBInstance&Version=2014-10-31&DBInstanceIdentifier=i{name}&DBInstanceClass=db.t3.micro&Engine=postgres&AllocatedStorage=20&MasterUsername=root&MasterUserPassword=password1"
    ));
    let made = form(&format!("Action=CreateDBSnapshot&Version=2014-10-31&DBInstanceIdentifier=i{name}&DBSnapshotIdentifier={name}"));
    let arn = made.split_once("<DBSnapshotArn>").unwrap().1.split_once('<').unwrap().0.to_owned();
    let bucket = format!("exports-{}", std::process::id());
    let put = |path: &str, body: &[u8]| upload(&url, &format!("/{bucket}{path}"), body);
    put("", b"");
    let root = crate::support::bench::repository().join("samples/rds/harborlight-support-2026-11-03");
    fn walk(dir: &std::path::Path, each: &mut dyn FnMut(&std::path::Path)) {
        for e in std::fs::read_dir(dir).unwrap() {
            let path = e.unwrap().path();
            if path.is_dir() { walk(&path, each) } else { each(&path) }
        }
    }
    walk(&root, &mut |file| {
        let below = file.strip_prefix(&root).unwrap().to_str().unwrap();
        put(&format!("/rds/piimap-{name}/{below}"), &std::fs::read(file).unwrap());
    });
    let source = format!("rds://{arn}");
    let env = [("AWS_ENDPOINT_URL", url.as_str())];
    let asked = run(&b, &url, &["scan", &source], &env);
    assert_eq!(asked.status, Some(2), "{}", asked.stdout);
    assert!(asked.stderr.contains("costs about $0.20") && asked.stderr.contains("--start-export"), "{}", asked.stderr);
    let to = format!("s3://{bucket}/rds");
    let start = ["--start-export", "--export-to", &to, "--export-role", "arn:aws:iam::111122223333:role/export", "--export-key", "alias/x"];
    let much = run(&b, &url, &[&["scan", &source, "--max-usd", "0.1"], &start[..]].concat(), &env);
    assert!(much.status == Some(2) && much.stderr.contains("max_usd is 0.10"), "{}", much.stderr);
    for n in 0..2 {
        // The second time it is the same export, and nothing is new.
        let done = run(&b, &url, &[&["scan", &source, "--format", "json"], &start[..]].concat(), &env);
        let j = done.json();
        assert!(matches!(done.status, Some(0 | 3)), "{}", done.stderr);
        let says =
            if n == 0 { format!(" to {to}: it costs about $0.20") } else { ": it was started before, and costs nothing more".to_owned() };
        assert!(done.stderr.contains(&format!("export piimap-{name}{says}")), "{}", done.stderr);
        assert_eq!(j["objects"]["read"].as_u64().unwrap() > 0, n == 0, "{j}");
    }
    let spent = b.run(&["index", "sql", "SELECT sum(usd) FROM run_cost WHERE run_id < 0"]).stdout;
    assert!(spent.contains("0.2"), "booked once: {spent}");
    // What was spent counts for the next one.
    let other = arn.replace(&name, &format!("other{name}"));
    form(&format!("Action=CreateDBSnapshot&Version=2014-10-31&DBInstanceIdentifier=i{name}&DBSnapshotIdentifier=other{name}"));
    let much = run(&b, &url, &[&["scan", &format!("rds://{other}"), "--max-usd", "0.3"], &start[..]].concat(), &env);
    assert!(much.status == Some(2) && much.stderr.contains("$0.20 were spent this month; max_usd is 0.30"), "{}", much.stderr);
    // RDS tells no size of what it does not know: nothing is bought unseen.
    let unseen = run(&b, &url, &[&["scan", &format!("rds://{}", arn.replace(&name, "nobody"))], &start[..]].concat(), &env);
    assert!(unseen.status == Some(2) && unseen.stderr.contains("nothing is bought unseen"), "{}", unseen.stderr);
    let map = b.json(&["map"]);
    let exported = map["datasets"].as_array().unwrap().iter().filter(|d| d["kind"] == "rds-export").count();
    assert!(exported > 1, "{map}");
}

/// Stores bytes, whatever they are.
fn upload(url: &str, path: &str, body: &[u8]) {
    use std::io::Read;
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let ip: std::net::SocketAddr = address.parse().expect("an address of this machine");
    assert!(ip.ip().is_loopback(), "tests speak to this machine alone");
    let head = format!(
        "PUT {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\nX-Amz-Date: 20261121T000000Z\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/20261121/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00\r\n\r\n",
        body.len()
    );
    let mut socket = std::net::TcpStream::connect(ip).unwrap();
    socket.write_all(head.as_bytes()).unwrap();
    socket.write_all(body).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 2"), "{path}: {answer}");
}

/// One request; the signature is nobody's, and which service is meant stands in it.
pub fn request(url: &str, service: &str, method: &str, path: &str, body: &str, more: &[(&str, &str)]) -> String {
    use std::io::Read;
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let ip: std::net::SocketAddr = address.parse().expect("an address of this machine");
    assert!(ip.ip().is_loopback(), "tests speak to this machine alone");
    let more: String = more.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n{more}X-Amz-Date: 20261121T000000Z\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/20261121/us-east-1/{service}/aws4_request, SignedHeaders=host, \
         Signature=00\r\n\r\n{body}",
        body.len()
    );
    let mut socket = std::net::TcpStream::connect(ip).unwrap();
    socket.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 2"), "{service} {method} {path}: {answer}");
    answer
}
