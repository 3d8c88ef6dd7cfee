//! What was found, as tags in Lake Formation.

use serde_json::{Value, json};

use crate::glue::*;
use crate::publish::post;
use crate::support::s3_server::{ACCESS_KEY, S3Server, SECRET_KEY};
use crate::support::tags_server::TagsServer;
use crate::support::{Bench, Done, of_others};
use crate::surroundings::request;

struct Lake {
    b: Bench,
    _s3: S3Server,
    glue: crate::support::glue_server::GlueServer,
    tags: TagsServer,
}

impl Lake {
    /// Three tables: one with a sensitive column, one with none, one of which a file is damaged.
    fn new() -> Lake {
        let b = Bench::new();
        b.write("store/lake/people/000000_0", "1\x01ada.winter@example.com\x01457-55-5462\n2\x01ben.summer@example.com\x01457-55-5463\n");
        b.write("store/lake/goods/000000_0", "1\x01chair\n2\x01table\n");
        b.write("store/lake/torn/000000_0", "1\x01cleo.autumn@example.com\n");
        b.write("store/lake/torn/000000_1.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03broken");
        let s3 = S3Server::start(&b.path("store"));
        let glue = crate::support::glue_server::GlueServer::start();
        for (name, columns) in [
            ("people", &[("id", "bigint"), ("mail", "string"), ("ssn", "string")][..]),
            ("goods", &[("id", "bigint"), ("thing", "string")]),
            ("torn", &[("id", "bigint"), ("mail", "string")]),
        ] {
            glue.table("shop", table(name, storage(&format!("s3://lake/{name}"), LAZY, json!({})), columns));
        }
        let l = Lake { b, _s3: s3, glue, tags: TagsServer::start() };
        let done = l.run(&["scan", "glue://shop", "--endpoint-url", &l._s3.url(), "--format", "json"]);
        assert_eq!(done.status, Some(3), "{}", done.stderr);
        l
    }

    fn run(&self, args: &[&str]) -> Done {
        let mut c = self.b.command(args);
        c.env("AWS_ACCESS_KEY_ID", ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", SECRET_KEY).env("AWS_EC2_METADATA_DISABLED", "true");
        c.env("AWS_ENDPOINT_URL_GLUE", self.glue.url()).env("AWS_ENDPOINT_URL_LAKEFORMATION", self.tags.url());
        c.env("AWS_REGION", "us-east-1");
        Done::of(c.spawn().unwrap())
    }

    fn publish(&self, more: &[&str]) -> (Option<i32>, Value) {
        let done = self.run(&[&["publish", "lakeformation", "--format", "json"], more].concat());
        (done.status, done.json())
    }
}

fn of<'a>(doc: &'a Value, table: &str) -> &'a Value {
    doc["tables"].as_array().unwrap().iter().find(|t| t["table"] == table).unwrap()
}

#[test]
fn tables_and_columns_are_tagged_and_nothing_else_is_touched() {
    let l = Lake::new();
    // Somebody's own tags.
    let own = |key: &str, value: &str| std::collections::BTreeMap::from([(key.to_owned(), value.to_owned())]);
    {
        let mut state = l.tags.state.lock().unwrap();
        state.tags.insert(("people".to_owned(), String::new()), own("team", "crm"));
        state.tags.insert(("people".to_owned(), "mail".to_owned()), own("team", "mail"));
    }
    let (status, doc) = l.publish(&[]);
    assert_eq!((status, &doc["applied"], l.tags.changes()), (Some(0), &json!(false), vec![]), "{doc}");
    let change = |column: Value, after: &str| json!({"column": column, "before": null, "after": after});
    let wanted = json!([change(Value::Null, "sensitive"), change("id".into(), "none"), change("mail".into(), "personal")]);
    assert_eq!((&of(&doc, "people")["status"], &of(&doc, "people")["tags"]), (&json!("would_change"), &wanted));
    assert_eq!(of(&doc, "goods")["tags"], json!([change(Value::Null, "none")]));
    let torn = json!([change(Value::Null, "personal"), change("id".into(), "unknown")]);
    assert_eq!(of(&doc, "torn")["tags"], torn, "nothing is promised of what was not read");
    let text = l.run(&["publish", "lakeformation", "--table", "peo*"]).stdout;
    assert!(text.contains("shop.people: would change") && text.contains("Nothing was written: 1 table"), "{text}");
    assert!(text.contains("column id") && text.lines().all(|l| l.chars().count() <= 80), "{text}");

    // Somebody else changes tags at the same time.
    l.tags.state.lock().unwrap().conflicts = 4;
    let (status, doc) = l.publish(&["--apply"]);
    assert_eq!(status, Some(0), "{doc}");
    assert!(doc["tables"].as_array().unwrap().iter().all(|t| t["status"] == "written"), "{doc}");
    let tag = |table: &str, column: &str| l.tags.tag(table, column, "piimap");
    let is = |value: &str| Some(value.to_owned());
    assert_eq!((tag("people", ""), tag("people", "id"), tag("people", "mail")), (is("sensitive"), is("none"), is("personal")));
    assert_eq!((tag("people", "ssn"), tag("goods", "thing"), tag("goods", "")), (None, None, is("none")), "taken over from the table");
    assert_eq!((l.tags.tag("people", "", "team"), l.tags.tag("people", "mail", "team")), (is("crm"), is("mail")));
    let (_, doc) = l.publish(&["--apply"]);
    assert!(doc["tables"].as_array().unwrap().iter().all(|t| t["status"] == "unchanged"), "{doc}");

    // Somebody else comes between two of our changes: what is told is all that was written.
    let (_, doc) = l.publish(&["--apply", "--remove", "--table", "people"]);
    assert_eq!(of(&doc, "people")["status"], "written", "{doc}");
    {
        let mut state = l.tags.state.lock().unwrap();
        (state.spared, state.conflicts) = (1, 1);
    }
    let (_, doc) = l.publish(&["--apply", "--table", "people"]);
    assert_eq!((&of(&doc, "people")["status"], &of(&doc, "people")["tags"]), (&json!("written"), &wanted), "{doc}");

    // What closes comes before what opens: a table that falls, a column that rises.
    let before = l.tags.changes().len();
    {
        let mut state = l.tags.state.lock().unwrap();
        let set =
            |tags: &mut std::collections::BTreeMap<String, String>, value: &str| drop(tags.insert("piimap".to_owned(), value.to_owned()));
        set(state.tags.get_mut(&("torn".to_owned(), String::new())).unwrap(), "sensitive");
        set(state.tags.get_mut(&("torn".to_owned(), "id".to_owned())).unwrap(), "none");
    }
    let (_, doc) = l.publish(&["--apply", "--table", "torn"]);
    assert_eq!(of(&doc, "torn")["tags"].as_array().unwrap().len(), 2, "{doc}");
    let said: Vec<Value> = l.tags.changes()[before..].iter().map(|(_, q)| q["LFTags"][0]["TagValues"][0].clone()).collect();
    assert_eq!(said, [json!("unknown"), json!("personal")]);

    let (status, doc) = l.publish(&["--remove", "--apply"]);
    assert_eq!(status, Some(0), "{doc}");
    let left: Vec<_> = l.tags.state.lock().unwrap().tags.values().flat_map(|t| t.keys().cloned()).collect();
    assert_eq!(left, ["team", "team"]);
    let sent: String = l.tags.state.lock().unwrap().seen.iter().map(|(_, q)| q.to_string()).collect();
    assert!(!sent.contains("example.com") && !sent.contains("457"), "no value of the data is sent");
}

#[test]
fn a_tag_of_somebody_else_is_refused_and_a_table_costs_itself_alone() {
    let l = Lake::new();
    l.tags.state.lock().unwrap().defined.insert("piimap".to_owned(), vec!["none".to_owned(), "low".to_owned()]);
    let (status, doc) = l.publish(&["--apply"]);
    assert_eq!((status, l.tags.changes().len()), (Some(3), 0), "{doc}");
    assert!(of(&doc, "goods")["detail"].as_str().unwrap().contains("unknown, personal, sensitive"), "{doc}");
    // Nor is anything taken away that others gave with such a key, or with a value of their own.
    let other = |value: &str| std::collections::BTreeMap::from([("piimap".to_owned(), value.to_owned())]);
    l.tags.state.lock().unwrap().tags.insert(("goods".to_owned(), String::new()), other("low"));
    for values in [&["none", "low"][..], &["none", "unknown", "personal", "sensitive", "low"]] {
        l.tags.state.lock().unwrap().defined.insert("piimap".to_owned(), values.iter().map(|v| (*v).to_owned()).collect());
        for more in [&["--remove"][..], &[]] {
            let (status, doc) = l.publish(&[&["--apply", "--table", "goods"], more].concat());
            assert_eq!((status, &of(&doc, "goods")["reason"], l.tags.changes().len()), (Some(3), &json!("malformed_records"), 0), "{doc}");
        }
    }
    l.tags.state.lock().unwrap().tags.clear();
    // Another key is nobody's; one table may not be tagged.
    l.tags.state.lock().unwrap().refused = Some("goods".to_owned());
    let (status, doc) = l.publish(&["--apply", "--key", "pii:class"]);
    assert_eq!((status, &of(&doc, "goods")["reason"]), (Some(3), &json!("access_denied")), "{doc}");
    assert!(!doc.to_string().contains("jane"), "{doc}");
    assert_eq!((&of(&doc, "people")["status"], &of(&doc, "torn")["status"]), (&json!("written"), &json!("written")));
    // Somebody who changes tags without end.
    {
        let mut state = l.tags.state.lock().unwrap();
        (state.refused, state.conflicts) = (None, 1000);
    }
    let (status, doc) = l.publish(&["--apply", "--key", "pii:class"]);
    assert_eq!((status, &of(&doc, "goods")["reason"]), (Some(3), &json!("changed_during_read")), "{doc}");
    assert_eq!(l.run(&["publish", "lakeformation", "--key", "PII"]).status, Some(2));
}

#[test]
fn nothing_is_promised_of_tables_that_were_not_listed() {
    let l = Lake::new();
    l.b.write("folder/a.txt", "nothing");
    let db = || rusqlite::Connection::open(l.b.path("piimap.db")).unwrap();
    // What the table without any finding is called: `none` where all of it was read.
    let goods = || {
        let (_, doc) = l.publish(&["--table", "goods"]);
        of(&doc, "goods")["tags"][0]["after"].as_str().unwrap().to_owned()
    };
    let scan = |sources: &[&str]| l.run(&[&["scan", "--endpoint-url", &l._s3.url()], sources].concat()).status;
    assert_eq!(goods(), "none");
    // A run that was stopped or killed later says no more than that; one that came to its end says it again.
    for (change, says) in [
        ("UPDATE run SET completed = NULL WHERE id = (SELECT max(id) FROM run)", "unknown"),
        ("UPDATE run SET completed = ended WHERE id = (SELECT max(id) FROM run)", "none"),
    ] {
        db().execute(change, []).unwrap();
        assert_eq!(goods(), says, "{change}");
    }
    // The catalogue could not be listed; that something else was listed later heals nothing, and is not pruned away.
    let tables = std::mem::take(&mut l.glue.state.lock().unwrap().tables);
    assert_eq!(scan(&["glue://shop"]), Some(2));
    l.glue.state.lock().unwrap().tables = tables;
    assert_eq!(goods(), "unknown");
    assert_eq!(scan(&["folder"]), Some(0));
    assert_eq!(l.run(&["index", "prune", "--keep", "0d"]).status, Some(0));
    assert_eq!(goods(), "unknown");
    assert_eq!(scan(&["glue://shop/goods"]), Some(0));
    assert_eq!(goods(), "none");
    // What the configuration leaves out may be the table's.
    l.b.write("piimap.toml", "exclude = [\"**/*.gz\"]\n");
    scan(&["glue://shop"]);
    assert_eq!(goods(), "unknown");
}

/// Against a Lake Formation that others made, where one runs: `PIIMAP_TEST_MOTO=http://127.0.0.1:PORT`.
#[test]
fn a_lake_formation_of_others_understands() {
    let Some(url) = of_others("PIIMAP_TEST_MOTO", "tags::a_lake_formation_of_others_understands") else { return };
    let b = Bench::new();
    b.write("store/lake/people/000000_0", "1\x01ada.winter@example.com\n2\x01ben.summer@example.com\n");
    let s3 = S3Server::start(&b.path("store"));
    let (database, key) = (format!("tagged_{}", std::process::id()), format!("piimap-{}", std::process::id()));
    post(&url, "CreateDatabase", &json!({"DatabaseInput": {"Name": database}}));
    let people = table("people", storage("s3://lake/people", LAZY, json!({})), &[("id", "bigint"), ("mail", "string")]);
    post(&url, "CreateTable", &json!({"DatabaseName": database, "TableInput": people}));
    // It knows no tags of a table that never had one.
    let ask =
        |path: &str, body: Value| request(&url, "lakeformation", "POST", path, &body.to_string(), &[("Content-Type", "application/json")]);
    let team = format!("team-{}", std::process::id());
    ask("/CreateLFTag", json!({"TagKey": team, "TagValues": ["crm"]}));
    let resource = json!({"Table": {"DatabaseName": database, "Name": "people"}});
    ask("/AddLFTagsToResource", json!({"Resource": resource, "LFTags": [{"TagKey": team, "TagValues": ["crm"]}]}));
    let run = |args: &[&str]| {
        let mut c = b.command(args);
        c.env("AWS_ACCESS_KEY_ID", ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", SECRET_KEY).env("AWS_EC2_METADATA_DISABLED", "true");
        c.env("AWS_ENDPOINT_URL_GLUE", &url).env("AWS_ENDPOINT_URL_LAKEFORMATION", &url).env("AWS_REGION", "us-east-1");
        Done::of(c.spawn().unwrap())
    };
    let done = run(&["scan", &format!("glue://{database}"), "--endpoint-url", &s3.url()]);
    assert_eq!(done.status, Some(0), "{}", done.stderr);
    let publish = |more: &[&str]| {
        let done = run(&[&["publish", "lakeformation", "--format", "json", "--key", &key], more].concat());
        assert_eq!(done.status, Some(0), "{} {}", done.stdout, done.stderr);
        done.json()["tables"][0].clone()
    };
    assert_eq!(publish(&[])["status"], "would_change");
    let written = publish(&["--apply"]);
    assert_eq!((&written["status"], written["tags"].as_array().unwrap().len()), (&json!("written"), 2), "{written}");
    assert_eq!(publish(&["--apply"])["status"], "unchanged");
    let removed = publish(&["--apply", "--remove"]);
    assert_eq!((&removed["status"], &removed["tags"][0]["after"]), (&json!("written"), &Value::Null), "{removed}");
    assert_eq!(publish(&["--remove"])["status"], "unchanged");
}
