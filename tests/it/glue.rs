//! Tables of a catalogue: found where they lie, named as it names them, and told what was found in them.

use serde_json::{Value, json};

use crate::support::glue_server::GlueServer;
use crate::support::s3_server::{ACCESS_KEY, S3Server, SECRET_KEY};
use crate::support::{Bench, Done};

const LAZY: &str = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe";
const TEXT: &str = "org.apache.hadoop.mapred.TextInputFormat";

/// A folder with a catalogue, a store, and the program between them.
struct Shop {
    b: Bench,
    glue: GlueServer,
    s3: S3Server,
}

fn storage(location: &str, serde: &str, parameters: Value) -> Value {
    json!({"Location": location, "InputFormat": TEXT, "SerdeInfo": {"Name": "s", "SerializationLibrary": serde, "Parameters": parameters}})
}

fn columns(all: &[(&str, &str)]) -> Value {
    all.iter().map(|(name, ty)| json!({"Name": name, "Type": ty, "Comment": format!("the {name}")})).collect()
}

fn table(name: &str, mut sd: Value, cols: &[(&str, &str)]) -> Value {
    sd["Columns"] = columns(cols);
    json!({"Name": name, "TableType": "EXTERNAL_TABLE", "StorageDescriptor": sd, "PartitionKeys": [], "Parameters": {"EXTERNAL": "TRUE"}})
}

fn parquet(column: &str, values: &[&str]) -> Vec<u8> {
    use std::sync::Arc;
    let array: arrow_array::ArrayRef = Arc::new(arrow_array::StringArray::from(values.to_vec()));
    let rows = arrow_array::RecordBatch::try_from_iter([(column, array)]).unwrap();
    let mut out = Vec::new();
    let mut w = parquet::arrow::ArrowWriter::try_new(&mut out, rows.schema(), None).unwrap();
    w.write(&rows).unwrap();
    w.close().unwrap();
    out
}

/// A shop whose tables are of every kind.
fn shop() -> Shop {
    let b = Bench::new();
    let glue = GlueServer::start();
    let put = |key: &str, content: &[u8]| drop(b.write(&format!("store/{key}"), content));
    let add = |t: Value| glue.table("shop", t);

    put("lake/people/000000_0", b"1\x01ada.winter@example.com\x01Salem\n2\x01ben.summer@example.com\x01Dover\n");
    put("lake/people/_tmp/left.txt", b"Please write to cleo.autumn@example.com soon.\n");
    put("lake/people2/x.csv", b"email\nnot.of.the.table@example.com\n");
    let cols = [("id", "bigint"), ("mail", "varchar(80)"), ("city", "string")];
    let mut people = table("people", storage("s3://lake/people", LAZY, json!({"serialization.format": "1"})), &cols);
    // Everything that a definition may have.
    people["Description"] = json!("who buys");
    people["Owner"] = json!("crm");
    people["Retention"] = json!(3);
    people["LastAccessTime"] = json!(1_792_000_000);
    people["LastAnalyzedTime"] = json!(1_792_000_100.5);
    people["ViewOriginalText"] = json!("");
    people["StorageDescriptor"]["NumberOfBuckets"] = json!(-1);
    people["StorageDescriptor"]["Compressed"] = json!(true);
    people["StorageDescriptor"]["BucketColumns"] = json!(["id"]);
    people["StorageDescriptor"]["SortColumns"] = json!([{"Column": "id", "SortOrder": 1}]);
    people["StorageDescriptor"]["Parameters"] = json!({"ü": "ö"});
    people["StorageDescriptor"]["SkewedInfo"] = json!({"SkewedColumnNames": ["id"], "SkewedColumnValues": ["1"], "SkewedColumnValueLocationMaps": {"1": "s3://lake/people/skewed"}});
    people["StorageDescriptor"]["Columns"][1]["Parameters"] = json!({"owner": "ann", "piimap.class": "us.ssn", "piimap.run": "1"});
    people["StorageDescriptor"]["Columns"][2]["Parameters"] = json!({"piimap.class": "us.ssn", "piimap.confidence": "0.90"});
    add(people);
    add(table("people_twin", storage("s3://lake/people/", LAZY, json!({})), &cols));

    put(
        "lake/orders/o.csv",
        b"\"No\",\"E-Mail\",\"Note\"\n\"1\",\"dora.spring@example.com\",\"she said \\\"no, never\\\"\"\n\"2\",\"\",\"-\"\n",
    );
    let mut orders = storage("s3a://lake/orders/", "org.apache.hadoop.hive.serde2.OpenCSVSerde", json!({"separatorChar": ","}));
    orders["Parameters"] = json!({"skip.header.line.count": "1"});
    add(table("orders", orders, &[("no", "string"), ("contact", "string"), ("note", "string")]));

    put("lake/events/e.json", b"{\"user-mail\":\"emil.frost@example.com\",\"user\":{\"Email\":\"finn.rain@example.com\"}}\n");
    let json_serde = storage("s3://lake/events/", "org.openx.data.jsonserde.JsonSerDe", json!({"mapping.mail": "user-mail"}));
    add(table("events", json_serde, &[("mail", "string"), ("user", "struct<Email:string>")]));

    put("lake/users/part-0.parquet", &parquet("Email", &["gina.hail@example.com"]));
    let mut users = storage("s3://lake/users/", "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe", json!({}));
    users["InputFormat"] = json!("org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat");
    add(table("users", users, &[("email", "string")]));

    for day in 1..=3 {
        put(&format!("lake/visits/day=2026-11-0{day}/v"), format!("{day}\x01hugo{day}.storm@example.com\n").as_bytes());
    }
    put("far/elsewhere/p1/v", b"4,ida.breeze@example.com\n");
    let mut visits = table("visits", storage("s3://lake/visits", LAZY, json!({})), &[("n", "int"), ("mail", "string")]);
    visits["PartitionKeys"] = columns(&[("day", "date"), ("who", "string")]);
    add(visits);
    for day in ["2026-11-01", "2026-11-02", "2026-11-03"] {
        glue.partition("shop", "visits", &[day, ""], storage(&format!("s3://lake/visits/day={day}"), LAZY, json!({})));
    }
    let own = storage("s3://far/elsewhere/p1/", LAZY, json!({"field.delim": ","}));
    glue.partition("shop", "visits", &["2026-11-04", "jack.gale@example.com"], own);
    glue.partition("shop", "visits", &["2026-11-05", ""], storage("hdfs://name/p", LAZY, json!({})));

    put("lake/delta/a.csv", b"email\nkate.cloud@example.com\n");
    put("lake/delta/b.csv", b"email\nliam.thaw@example.com\n");
    let log = "{\"metaData\":{\"schemaString\":\"{}\"}}\n{\"add\":{\"path\":\"a.csv\"}}\n{\"add\":{\"path\":\"b.csv\"}}\n{\"remove\":{\"path\":\"b.csv\"}}\n";
    put("lake/delta/_delta_log/00000000000000000000.json", log.as_bytes());
    let mut delta = table("delta_people", storage("s3://lake/delta/", LAZY, json!({})), &[("email", "string")]);
    delta["Parameters"] = json!({"table_type": "DELTA"});
    add(delta);

    put("lake/ice/data/d.csv", b"email\nmara.sleet@example.com\n");
    let mut ice = table("ice", json!({"Location": "s3://lake/ice"}), &[("email", "string")]);
    ice["Parameters"] = json!({"table_type": "ICEBERG", "metadata_location": "s3://lake/ice/metadata/1.metadata.json"});
    add(ice);

    put("lake/single.csv", b"x|nora.dew@example.com\ny|olga.fog@example.com\n");
    put("lake/single.csv.bak", b"not.of.the.table@example.com\n");
    let one = storage("s3://lake/single.csv", LAZY, json!({"field.delim": "|"}));
    add(table("single", one, &[("k", "string"), ("mail", "string")]));

    add(
        json!({"Name": "v_people", "TableType": "VIRTUAL_VIEW", "ViewOriginalText": "/* Presto View */", "StorageDescriptor": {"Columns": [], "Location": ""}}),
    );
    add(table("jdbc_people", storage("shop.public.people", "", json!({})), &[]));
    add(table("nowhere", storage("", LAZY, json!({})), &[]));
    add(json!({"Name": "linked", "TargetTable": {"CatalogId": "444455556666", "DatabaseName": "crm", "Name": "people"}}));
    add(json!({"Name": "remote", "FederatedTable": {"Identifier": "x", "ConnectionName": "c"}}));

    let s3 = S3Server::start(&b.path("store"));
    Shop { b, glue, s3 }
}

impl Shop {
    fn run(&self, args: &[&str]) -> Done {
        let mut c = self.b.command(args);
        c.env("AWS_ACCESS_KEY_ID", ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", SECRET_KEY).env("AWS_EC2_METADATA_DISABLED", "true");
        c.env("AWS_ENDPOINT_URL_GLUE", self.glue.url());
        Done::of(c.spawn().unwrap())
    }

    fn scan(&self, source: &str) -> Done {
        self.run(&["scan", source, "--endpoint-url", &self.s3.url(), "--format", "json"])
    }

    /// Dataset, object, field, rows, role of each place of the value itself.
    fn places(&self, value: &str) -> Vec<String> {
        let found = self.b.json(&["find", value]);
        let s = |v: &Value| v.as_str().unwrap_or("-").to_owned();
        let one = |p: &Value| format!("{} {} {} {} {}", s(&p["dataset"]), s(&p["uri"]), s(&p["field"]), p["rows"], s(&p["role"]));
        found["places"].as_array().unwrap().iter().filter(|p| p["classifier"] == "generic.email").map(one).collect()
    }
}

#[test]
fn tables_are_read_where_they_lie_under_their_names() {
    let s = shop();
    let done = s.scan("glue://shop");
    assert_eq!(done.status, Some(3), "views and their like are lines; {}", done.stderr);
    let objects = &done.json()["objects"];
    assert_eq!((&objects["listed"], &objects["unread"]), (&json!(14), &json!(0)), "each object once: {objects}");
    for (value, want) in [
        ("ada.winter@example.com", &["glue/shop.people s3://lake/people/000000_0 mail [[0,1]] data"][..]),
        ("ben.summer@example.com", &["glue/shop.people s3://lake/people/000000_0 mail [[1,2]] data"]),
        ("cleo.autumn@example.com", &["glue/shop.people s3://lake/people/_tmp/left.txt - null data"]),
        ("dora.spring@example.com", &["glue/shop.orders s3://lake/orders/o.csv contact [[0,1]] data"]),
        ("emil.frost@example.com", &["glue/shop.events s3://lake/events/e.json user-mail [[0,1]] data"]),
        ("finn.rain@example.com", &["glue/shop.events s3://lake/events/e.json user.Email [[0,1]] data"]),
        ("gina.hail@example.com", &["glue/shop.users s3://lake/users/part-0.parquet Email [[0,1]] data"]),
        ("hugo2.storm@example.com", &["glue/shop.visits s3://lake/visits/day=2026-11-02/v mail [[0,1]] data"]),
        ("ida.breeze@example.com", &["glue/shop.visits s3://far/elsewhere/p1/v mail [[0,1]] data"]),
        ("jack.gale@example.com", &["glue/shop.visits s3://far/elsewhere/p1/v who [[0,1]] data"]),
        ("kate.cloud@example.com", &["glue/shop.delta_people s3://lake/delta/a.csv email [[0,1]] data"]),
        ("liam.thaw@example.com", &["glue/shop.delta_people s3://lake/delta/b.csv email [[0,1]] history"]),
        ("mara.sleet@example.com", &["glue/shop.ice s3://lake/ice/data/d.csv email [[0,1]] data"]),
        ("nora.dew@example.com", &["glue/shop.single s3://lake/single.csv mail [[0,1]] data"]),
        ("not.of.the.table@example.com", &[]),
    ] {
        assert_eq!(s.places(value), want, "{value}");
    }
    let map = s.b.json(&["map"]);
    let dataset =
        |name: &str| map["datasets"].as_array().unwrap().iter().find(|d| d["name"] == name).unwrap_or_else(|| panic!("{name}")).clone();
    let types = |name: &str| -> Vec<(String, String)> {
        let fields = dataset(name)["fields"].as_array().unwrap().clone();
        let text = |v: &Value| v.as_str().unwrap_or("-").to_owned();
        fields.iter().map(|f| (text(&f["name"]), text(&f["source_type"]))).collect()
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert!(types("glue/shop.people").contains(&pair("mail", "varchar(80)")), "{:?}", types("glue/shop.people"));
    assert!(types("glue/shop.events").contains(&pair("user.Email", "string")), "{:?}", types("glue/shop.events"));
    assert_eq!(dataset("glue/shop.people")["kind"], "glue-table");
    assert_eq!(
        (&dataset("glue/shop.delta_people")["kind"], &dataset("glue/shop.delta_people")["history"]["objects"]),
        (&json!("glue-delta-table"), &json!(1))
    );

    let lines = s.b.run(&["coverage", "--format", "json"]).lines();
    let said: Vec<(&str, &str, &str)> =
        lines.iter().map(|l| (l["uri"].as_str().unwrap(), l["reason"].as_str().unwrap(), l["detail"].as_str().unwrap())).collect();
    for (table, reason, says) in [
        ("v_people", "unsupported_format", "a view"),
        ("jdbc_people", "unsupported_format", "no URI"),
        ("nowhere", "unsupported_format", "no location"),
        ("linked", "unsupported_format", "crm.people"),
        ("remote", "unsupported_format", "federated"),
        ("visits", "unsupported_format", "hdfs"),
        ("people_twin", "shared_location", "2 objects in its location are read as those of the table people"),
    ] {
        let uri = format!("glue://shop/{table}");
        assert!(said.iter().any(|l| l.0 == uri && l.1 == reason && l.2.contains(says)), "{table}: {said:?}");
    }
    assert_eq!(said.len(), 7, "{said:?}");
    assert!(!format!("{said:?}{}", done.stderr).contains("jane@"), "the server's message is quoted");

    // A second run reads nothing, though every second request is refused.
    let again = s.scan("glue://shop").json();
    assert_eq!((&again["objects"]["unchanged"], &again["objects"]["gone"]), (&json!(14), &json!(0)));
    let one = s.run(&["scan", "glue://shop/single", "--endpoint-url", &s.s3.url(), "--format", "json", "--index", "one.db"]);
    assert_eq!((one.status, &one.json()["objects"]["listed"]), (Some(0), &json!(1)), "{}", one.stderr);
    std::fs::remove_file(s.b.path("store/lake/single.csv")).unwrap();
    let gone = s.run(&["scan", "glue://shop/single", "--endpoint-url", &s.s3.url(), "--format", "json", "--index", "one.db"]);
    assert_eq!((gone.status, &gone.json()["objects"]["gone"]), (Some(0), &json!(1)), "the location is the object");
}

#[test]
fn what_a_catalogue_tells_later_is_read_again() {
    let s = shop();
    let counts = |d: &Done| {
        let o = d.json()["objects"].clone();
        (o["listed"].as_u64().unwrap(), o["unchanged"].as_u64().unwrap())
    };
    // Without the catalogue first.
    assert_eq!(s.scan("s3://lake/people/").status, Some(0));
    assert_eq!(s.places("ada.winter@example.com"), ["* s3://lake/people/000000_0 col2 [[0,1]] data"]);
    assert_eq!(counts(&s.scan("glue://shop/people")), (2, 0));
    assert_eq!(s.places("ada.winter@example.com"), ["glue/shop.people s3://lake/people/000000_0 mail [[0,1]] data"]);
    // Listed without it again, nothing is forgotten.
    assert_eq!(counts(&s.scan("s3://lake/people/")), (2, 2));
    assert_eq!(counts(&s.scan("glue://shop/people")), (2, 2));
    let mut t = s.glue.get("shop", "people");
    t["StorageDescriptor"]["Columns"][1]["Name"] = json!("e_mail");
    s.glue.state.lock().unwrap().tables.insert(("shop".into(), "people".into()), t);
    // The file that queries pass over is not told by columns.
    assert_eq!(counts(&s.scan("glue://shop/people")), (2, 1));
    assert_eq!(s.places("ada.winter@example.com"), ["glue/shop.people s3://lake/people/000000_0 e_mail [[0,1]] data"]);

    for (source, says) in [("glue://no_such", "EntityNotFoundException"), ("glue://shop/no_such", "EntityNotFoundException")] {
        let done = s.run(&["scan", source, "--endpoint-url", &s.s3.url(), "--format", "json", "--index", "none.db"]);
        assert_eq!(done.status, Some(3), "{}", done.stderr);
        let lines = s.b.run(&["coverage", "--format", "json", "--index", "none.db"]).lines();
        let line = lines.iter().find(|l| l["uri"] == source).unwrap_or_else(|| panic!("{lines:?}"));
        assert_eq!(line["reason"], "listing_failed");
        assert!(line["detail"].as_str().unwrap().contains(says) && !line["detail"].as_str().unwrap().contains("jane@"), "{line}");
    }
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
    use std::io::Write;
    let Ok(url) = std::env::var("PIIMAP_TEST_MOTO") else {
        // Straight to standard error: what a test that passes prints is swallowed.
        let _ = writeln!(
            std::io::stderr(),
            "not run: glue::a_server_of_others_understands: PIIMAP_TEST_MOTO names no server; .ci/run starts one"
        );
        return;
    };
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
fn post(url: &str, operation: &str, body: &Value) -> Value {
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
