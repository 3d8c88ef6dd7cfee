//! What was found, written into the catalogue that names the tables.

use serde_json::{Value, json};

use crate::glue::*;
use crate::support::s3_server::{ACCESS_KEY, S3Server, SECRET_KEY};
use crate::support::{Bench, Done, of_others};

/// As the scan of the same tables went; an account that does not let us in costs its own tables alone.
#[test]
fn publishing_goes_as_the_account_says() {
    let s = shop();
    assert_eq!(s.scan("glue://shop/people").status, Some(0));
    // A server of roles that knows none: the one of S3.
    let publish = |sources: &str, more: &[&str]| {
        let role = "assume_role = \"arn:aws:iam::111122223333:role/r\"";
        s.b.write("accounts.toml", format!("[[account]]\nsources = [{sources}]\n{role}\n"));
        let mut c = s.b.command(&[&["publish", "glue", "--config", "accounts.toml"], more].concat());
        c.env("AWS_ACCESS_KEY_ID", ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", SECRET_KEY).env("AWS_EC2_METADATA_DISABLED", "true");
        c.env("AWS_ENDPOINT_URL_GLUE", s.glue.url()).env("AWS_ENDPOINT_URL_STS", s.s3.url()).env("AWS_REGION", "us-east-1");
        Done::of(c.spawn().unwrap())
    };
    let json = ["--format", "json"];
    // Each table with how it ended.
    let ended = |done: &Done| {
        let tables = done.json()["tables"].as_array().unwrap().clone();
        tables.iter().map(|t| format!("{} {} {}", t["table"], t["status"], t["reason"]).replace('"', "")).collect::<Vec<_>>()
    };
    for sources in ["\"glue://shop*\"", "\"glue://shop/people\""] {
        let done = publish(sources, &json);
        assert_eq!((done.status, ended(&done)), (Some(3), vec!["people failed access_denied".to_owned()]), "{sources}: {}", done.stderr);
        assert!(done.stdout.contains("the role could not be assumed"), "{}", done.stdout);
    }
    for sources in ["\"glue://other\"", "\"glue://shop\""] {
        let done = publish(sources, &json);
        assert_eq!((done.status, ended(&done)), (Some(0), vec!["people would_change null".to_owned()]), "{sources}: {}", done.stderr);
    }

    // One account lets us in and one does not.
    assert_eq!(s.scan("glue://shop/users").status, Some(0));
    assert_eq!(s.scan("glue://shop/single").status, Some(0));
    let text = publish("\"glue://shop/single\"", &[]);
    assert_eq!(text.status, Some(3), "{}", text.stderr);
    for line in ["shop.people: would change", "shop.single: failed: the role could not be assumed", "shop.users: would change"] {
        assert!(text.stdout.contains(line), "{line}: {}", text.stdout);
    }
    let done = publish("\"glue://shop/single\"", &["--apply", "--format", "json"]);
    assert_eq!((done.status, ended(&done).len()), (Some(3), 3), "{}", done.stderr);
    for line in ["people written null", "single failed access_denied", "users written null"] {
        assert!(ended(&done).iter().any(|t| t == line), "{line}: {:?}", ended(&done));
    }

    // Scanned with its whole database, as ourselves: what is said of the table alone was not asked then.
    s.scan("glue://shop");
    let done = publish("\"glue://shop/single\"", &json);
    assert_eq!(done.status, Some(0), "{}", done.stdout);
}

/// A table without what publishing writes.
fn without_ours(mut t: Value) -> Value {
    t.as_object_mut().unwrap().remove("VersionId");
    let ours = |p: &mut Value| {
        let Some(o) = p.as_object_mut() else { return };
        if let Some(p) = o.get_mut("Parameters").and_then(Value::as_object_mut) {
            p.retain(|k, _| !k.starts_with("piimap."));
            if p.is_empty() {
                o.remove("Parameters");
            }
        }
    };
    for c in t["StorageDescriptor"]["Columns"].as_array_mut().into_iter().flatten() {
        ours(c);
    }
    for c in t["PartitionKeys"].as_array_mut().into_iter().flatten() {
        ours(c);
    }
    ours(&mut t);
    t
}

#[test]
fn classes_are_published_and_nothing_else_is_changed() {
    let s = shop();
    assert_eq!(s.scan("glue://shop").status, Some(3));
    let names = ["people", "orders", "events", "users", "visits", "delta_people", "ice", "single", "people_twin", "v_people"];
    let before: Vec<Value> = names.iter().map(|n| s.glue.get("shop", n)).collect();

    let dry = s.run(&["publish", "glue", "--format", "json"]);
    assert_eq!(dry.status, Some(0), "{}", dry.stderr);
    let doc = dry.json();
    assert_eq!((&doc["applied"], doc["tables"].as_array().unwrap().len()), (&json!(false), 8));
    assert!(s.glue.requests("UpdateTable").is_empty(), "a dry run writes nothing");
    let of = |doc: &Value, name: &str| doc["tables"].as_array().unwrap().iter().find(|t| t["table"] == name).unwrap().clone();
    let people = of(&doc, "people");
    assert_eq!(people["status"], "would_change");
    let change = |t: &Value, column: &str| t["columns"].as_array().unwrap().iter().find(|c| c["name"] == column).unwrap().clone();
    assert_eq!(change(&people, "mail")["after"]["class"], "generic.email");
    assert_eq!(people["unplaced"], json!([""]), "running text is no column");
    let text = s.run(&["publish", "glue", "--table", "peo*"]).stdout;
    assert!(text.contains("shop.people: would change") && text.contains("Nothing was written: 1 table"), "{text}");
    assert!(text.lines().all(|l| l.chars().count() <= 80), "{text}");

    // Twice somebody else is faster; what they wrote stays.
    s.glue.state.lock().unwrap().conflicts = 2;
    let done = s.run(&["publish", "glue", "--apply", "--format", "json"]);
    assert_eq!(done.status, Some(0), "{} {}", done.stdout, done.stderr);
    assert!(done.json()["tables"].as_array().unwrap().iter().all(|t| t["status"] == "written"), "{}", done.stdout);
    let run = done.json()["run"].to_string();
    let changed_meanwhile: Vec<usize> =
        (0..names.len()).filter(|i| s.glue.get("shop", names[*i])["Description"] == "changed meanwhile, 0 to go").collect();
    assert_eq!(changed_meanwhile.len(), 1, "the conflicts were retried");
    for (name, was) in names.iter().zip(&before) {
        let (mut was, mut is) = (without_ours(was.clone()), without_ours(s.glue.get("shop", name)));
        if is["Description"].as_str().is_some_and(|d| d.starts_with("changed meanwhile")) {
            (is["Description"], was["Description"]) = (Value::Null, Value::Null);
        }
        assert_eq!(is, was, "{name}");
    }
    let column = |table: &str, i: usize| s.glue.get("shop", table)["StorageDescriptor"]["Columns"][i]["Parameters"].clone();
    let mail = column("people", 1);
    assert_eq!((&mail["piimap.class"], &mail["owner"], &mail["piimap.run"]), (&json!("generic.email"), &json!("ann"), &json!(run)));
    assert!(
        mail["piimap.confidence"].as_str().unwrap().parse::<f64>().unwrap() > 0.5
            && mail["piimap.scanned_at"].as_str().unwrap().ends_with('Z')
    );
    assert!(!column("people", 2)["piimap.class"].as_str().unwrap_or("").contains("us.ssn"), "what is not found any more goes");
    for (table, i) in [("orders", 1), ("events", 0), ("events", 1), ("users", 0), ("visits", 1), ("delta_people", 0), ("single", 1)] {
        let class = column(table, i)["piimap.class"].as_str().unwrap_or("").to_owned();
        assert!(class.split(',').any(|c| c == "generic.email"), "{table} {i}: {class}");
    }
    let key = &s.glue.get("shop", "visits")["PartitionKeys"][1]["Parameters"];
    assert_eq!(key["piimap.class"], "generic.email");
    let ice = s.glue.get("shop", "ice");
    let columns: Value = serde_json::from_str(ice["Parameters"]["piimap.columns"].as_str().unwrap()).unwrap();
    assert_eq!((&columns["email"]["class"], &column("ice", 0)), (&json!("generic.email"), &Value::Null));

    let again = s.run(&["publish", "glue", "--apply", "--format", "json"]).json();
    assert!(again["tables"].as_array().unwrap().iter().all(|t| t["status"] == "unchanged" && t["columns"] == json!([])), "{again}");
    // Nor after another scan that finds the same.
    assert_eq!(s.scan("glue://shop").status, Some(3));
    let again = s.run(&["publish", "glue", "--apply", "--format", "json"]).json();
    assert!(again["tables"].as_array().unwrap().iter().all(|t| t["status"] == "unchanged"), "{again}");

    let state = s.glue.state.lock().unwrap();
    let sent: String = state.seen.iter().map(|(_, body)| body.as_str()).collect();
    for value in ["ada.winter", "dora.spring", "jack.gale", "example.com", "Salem"] {
        assert!(!sent.contains(value), "{value} was sent to the catalogue");
    }
}

#[test]
fn a_table_that_changes_all_the_time_is_given_up() {
    let s = shop();
    let never = s.run(&["publish", "glue"]);
    assert_eq!(never.status, Some(2), "there is no index yet");
    assert_eq!(s.scan("s3://lake/people/").status, Some(0));
    let none = s.run(&["publish", "glue"]);
    assert!(none.status == Some(2) && none.stderr.contains("glue://"), "{}", none.stderr);
    assert_eq!(s.scan("glue://shop/single").status, Some(0));
    s.glue.state.lock().unwrap().conflicts = 100;
    let done = s.run(&["publish", "glue", "--apply", "--format", "json"]);
    assert_eq!(done.status, Some(3), "{}", done.stdout);
    assert_eq!(
        (&done.json()["tables"][0]["status"], &done.json()["tables"][0]["reason"]),
        (&json!("failed"), &json!("changed_during_read"))
    );
}

/// Against a Glue that others made, where one runs: `PIIMAP_TEST_MOTO=http://127.0.0.1:PORT`.
#[test]
fn a_server_of_others_understands() {
    let Some(url) = of_others("PIIMAP_TEST_MOTO", "publish::a_server_of_others_understands") else { return };
    let b = Bench::new();
    b.write("store/lake/people/000000_0", "1\x01ada.winter@example.com\n2\x01ben.summer@example.com\n");
    b.write("store/far/p/v", "3\x01cleo.autumn@example.com\n");
    let s3 = S3Server::start(&b.path("store"));
    let database = format!("shop_{}", std::process::id());
    let call = |operation: &str, body: Value| post(&url, operation, &body);
    call("CreateDatabase", json!({"DatabaseInput": {"Name": database}}));
    let mut people = table("people", storage("s3://lake/people", LAZY, json!({})), &[("id", "bigint"), ("mail", "string")]);
    people["PartitionKeys"] = columns(&[("day", "string")]);
    people["Description"] = json!("who buys");
    call("CreateTable", json!({"DatabaseName": database, "TableInput": people}));
    let far = json!({"Values": ["1"], "StorageDescriptor": storage("s3://far/p", LAZY, json!({}))});
    call("CreatePartition", json!({"DatabaseName": database, "TableName": "people", "PartitionInput": far}));
    let view = json!({"Name": "v", "TableType": "VIRTUAL_VIEW", "StorageDescriptor": {"Columns": []}});
    call("CreateTable", json!({"DatabaseName": database, "TableInput": view}));

    let run = |args: &[&str]| {
        let mut c = b.command(args);
        c.env("AWS_ACCESS_KEY_ID", ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", SECRET_KEY).env("AWS_EC2_METADATA_DISABLED", "true");
        c.env("AWS_ENDPOINT_URL_GLUE", &url).env("AWS_REGION", "us-east-1");
        Done::of(c.spawn().unwrap())
    };
    let done = run(&["scan", &format!("glue://{database}"), "--endpoint-url", &s3.url(), "--format", "json"]);
    assert_eq!((done.status, &done.json()["objects"]["read"]), (Some(3), &json!(2)), "{}", done.stderr);
    let place = b.json(&["find", "cleo.autumn@example.com"])["places"][0].clone();
    assert_eq!((&place["field"], &place["uri"]), (&json!("mail"), &json!("s3://far/p/v")));
    let get = || call("GetTable", json!({"DatabaseName": database, "Name": "people"}))["Table"].clone();
    let before = get();
    assert_eq!(run(&["publish", "glue", "--format", "json"]).json()["tables"][0]["status"], "would_change");
    assert_eq!(get(), before, "a dry run writes nothing");
    let done = run(&["publish", "glue", "--apply", "--format", "json"]);
    assert_eq!(done.json()["tables"][0]["status"], "written", "{} {}", done.stdout, done.stderr);
    let after = get();
    assert_eq!(after["StorageDescriptor"]["Columns"][1]["Parameters"]["piimap.class"], "generic.email");
    // What it does not fill in itself, as Glue does: times, and what was not said.
    let comparable = |t: Value| {
        let mut t = without_ours(t);
        ["UpdateTime", "CreateTime", "Retention"].iter().for_each(|k| drop(t.as_object_mut().unwrap().remove(*k)));
        t
    };
    assert_eq!(comparable(after), comparable(before));
    assert_eq!(run(&["publish", "glue", "--apply", "--format", "json"]).json()["tables"][0]["status"], "unchanged");
}

/// One request to Glue, as JSON 1.1; the signature is nobody's, and which service is meant stands in it.
pub fn post(url: &str, operation: &str, body: &Value) -> Value {
    use std::io::{Read, Write};
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let ip: std::net::SocketAddr = address.parse().expect("an address of this machine");
    assert!(ip.ip().is_loopback(), "tests speak to this machine alone");
    let body = body.to_string();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {}\r\n\
         X-Amz-Target: AWSGlue.{operation}\r\nX-Amz-Date: 20261121T000000Z\r\nAuthorization: AWS4-HMAC-SHA256 \
         Credential={ACCESS_KEY}/20261121/us-east-1/glue/aws4_request, SignedHeaders=host, Signature=00\r\n\r\n{body}",
        body.len()
    );
    let mut socket = std::net::TcpStream::connect(ip).unwrap();
    socket.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    let (head, text) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{operation}: {answer}");
    serde_json::from_str(text).unwrap_or(Value::Null)
}
