//! Tables of a catalogue: found where they lie, named as it names them.

use serde_json::{Value, json};

use crate::support::glue_server::GlueServer;
use crate::support::s3_server::{ACCESS_KEY, S3Server, SECRET_KEY};
use crate::support::{Bench, Done};

pub const LAZY: &str = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe";
pub const TEXT: &str = "org.apache.hadoop.mapred.TextInputFormat";

/// A folder with a catalogue, a store, and the program between them.
pub struct Shop {
    pub b: Bench,
    pub glue: GlueServer,
    pub s3: S3Server,
}

pub fn storage(location: &str, serde: &str, parameters: Value) -> Value {
    json!({"Location": location, "InputFormat": TEXT, "SerdeInfo": {"Name": "s", "SerializationLibrary": serde, "Parameters": parameters}})
}

pub fn columns(all: &[(&str, &str)]) -> Value {
    all.iter().map(|(name, ty)| json!({"Name": name, "Type": ty, "Comment": format!("the {name}")})).collect()
}

pub fn table(name: &str, mut sd: Value, cols: &[(&str, &str)]) -> Value {
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
pub fn shop() -> Shop {
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
    let log = "{\"metaData\":{\"schemaString\":\"{}\"}}\n{\"add\":{\"path\":\"a.csv\"}}\n{\"add\":{\"path\":\"b.csv\"}}\n";
    put("lake/delta/_delta_log/00000000000000000000.json", log.as_bytes());
    put("lake/delta/_delta_log/00000000000000000001.json", b"{\"remove\":{\"path\":\"b.csv\"}}\n");
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
    pub fn run(&self, args: &[&str]) -> Done {
        let mut c = self.b.command(args);
        c.env("AWS_ACCESS_KEY_ID", ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", SECRET_KEY).env("AWS_EC2_METADATA_DISABLED", "true");
        c.env("AWS_ENDPOINT_URL_GLUE", self.glue.url());
        Done::of(c.spawn().unwrap())
    }

    pub fn scan(&self, source: &str) -> Done {
        self.run(&["scan", source, "--endpoint-url", &self.s3.url(), "--format", "json"])
    }

    /// Dataset, object, field, rows, role of each place of the value itself.
    pub fn places(&self, value: &str) -> Vec<String> {
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
    assert_eq!((&objects["listed"], &objects["unread"]), (&json!(15), &json!(0)), "each object once: {objects}");
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
        ("linked", "not_found", "crm.people"),
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
    assert_eq!((&again["objects"]["unchanged"], &again["objects"]["gone"]), (&json!(15), &json!(0)));
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
        assert_eq!(done.status, Some(2), "{}", done.stderr);
        let lines = s.b.run(&["coverage", "--format", "json", "--index", "none.db"]).lines();
        let line = lines.iter().find(|l| l["uri"] == source).unwrap_or_else(|| panic!("{lines:?}"));
        assert_eq!(line["reason"], "listing_failed");
        assert!(line["detail"].as_str().unwrap().contains(says) && !line["detail"].as_str().unwrap().contains("jane@"), "{line}");
    }
}

fn coverage(s: &Shop, index: &str) -> Vec<(String, String, String)> {
    let lines = s.b.run(&["coverage", "--format", "json", "--index", index]).lines();
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    lines.iter().map(|l| (text(&l["uri"]), text(&l["reason"]), text(&l["detail"]))).collect()
}

#[test]
fn lists_of_files_are_followed() {
    let s = shop();
    let put = |key: &str, content: &str| drop(s.b.write(&format!("store/{key}"), content));
    for (key, who) in
        [("far/data/p1 x.csv", "pia"), ("lake/pool/p2.csv", "quin"), ("lake/pool/p3.csv", "rosa"), ("lake/pool/p9.csv", "sven")]
    {
        put(key, &format!("7\x01{who}@example.com\n"));
    }
    put("lake/pool/folder/f.csv", "8\x01tina@example.com\n");
    let day = |n: u32| format!("lake/links/_symlink_format_manifest/day=2026-11-0{n}");
    put(&format!("{}/manifest", day(1)), "s3://far/data/p1 x.csv\r\ns3a://lake/pool/p2.csv\n\n");
    put(
        &format!("{}/manifest", day(2)),
        "s3://lake/pool/p3.csv\ns3://lake/pool/lost.csv\nhdfs://name/jane@example.com\ns3://lake/pool/folder/\n",
    );
    put(&format!("{}/.manifest.crc", day(2)), "crc");
    let listing = |location: &str| {
        let mut sd = storage(&format!("s3://{location}"), LAZY, json!({}));
        sd["InputFormat"] = json!("org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat");
        sd
    };
    let mut named = table("named", listing("lake/links/_symlink_format_manifest/"), &[("n", "int"), ("mail", "string")]);
    named["PartitionKeys"] = columns(&[("day", "date")]);
    s.glue.table("lists", named);
    for n in [1, 2] {
        s.glue.partition("lists", "named", &[&format!("2026-11-0{n}")], listing(&day(n)));
    }
    // What lies in the location of another table stays with that.
    s.glue.table("lists", table("own", storage("s3://lake/pool/folder", LAZY, json!({})), &[("n", "int"), ("own_mail", "string")]));

    let done = s.scan("glue://lists");
    assert_eq!((done.status, &done.json()["objects"]["listed"]), (Some(3), &json!(7)), "{} {:?}", done.stderr, coverage(&s, "piimap.db"));
    for (who, want) in [
        ("pia", &["glue/lists.named s3://far/data/p1 x.csv mail [[0,1]] data"][..]),
        ("quin", &["glue/lists.named s3://lake/pool/p2.csv mail [[0,1]] data"]),
        ("rosa", &["glue/lists.named s3://lake/pool/p3.csv mail [[0,1]] data"]),
        ("sven", &[]),
        ("tina", &["glue/lists.own s3://lake/pool/folder/f.csv own_mail [[0,1]] data"]),
    ] {
        assert_eq!(s.places(&format!("{who}@example.com")), want, "{who}");
    }
    let lines = coverage(&s, "piimap.db");
    for (uri, reason, says) in [
        ("s3://lake/pool/lost.csv", "export_incomplete", "not there"),
        (&format!("s3://{}/manifest", day(2)), "export_incomplete", "nothing in S3: 1"),
        ("glue://lists/named", "shared_location", "1 object in its location are read as those of the table own"),
    ] {
        assert!(lines.iter().any(|l| l.0 == uri && l.1 == reason && l.2.contains(says)), "{uri}: {lines:?}");
    }
    assert!(lines.len() == 3 && !format!("{lines:?}").contains("jane"), "{lines:?}");
    let map = s.b.json(&["map"]);
    let named = map["datasets"].as_array().unwrap().iter().find(|d| d["name"] == "glue/lists.named").unwrap().clone();
    assert_eq!(named["kind"], "glue-table", "{named}");

    // A file that is gone is gone; one that is named no more still lies there.
    std::fs::remove_file(s.b.path("store/lake/pool/p3.csv")).unwrap();
    put(&format!("{}/manifest", day(1)), "s3://lake/pool/p2.csv\n");
    let objects = s.scan("glue://lists").json()["objects"].clone();
    assert_eq!((&objects["gone"], &objects["read"]), (&json!(1), &json!(1)), "{objects}");
    assert_eq!(s.places("pia@example.com").len(), 1);
}

#[test]
fn links_lead_to_their_tables() {
    let s = shop();
    let put = |key: &str, content: &str| drop(s.b.write(&format!("store/{key}"), content));
    put("far/crm/people/p", "1\x01uma@example.com\n");
    put("far/crm/days/d=1/p", "1\x01vera@example.com\n");
    let cols = [("id", "int"), ("mail", "string")];
    s.glue.table("crm", table("people", storage("s3://far/crm/people", LAZY, json!({})), &cols));
    let mut days = table("days", storage("s3://far/none", LAZY, json!({})), &cols);
    days["PartitionKeys"] = columns(&[("d", "int")]);
    s.glue.table("crm", days);
    s.glue.partition("crm", "days", &["1"], storage("s3://far/crm/days/d=1", LAZY, json!({})));
    let link = |name: &str, catalog: &str, database: &str, table: &str| json!({"Name": name, "TargetTable": {"CatalogId": catalog, "DatabaseName": database, "Name": table}});
    let own = "111122223333";
    for l in [
        link("ours", own, "crm", "people"),
        link("our_days", "444455556666", "crm", "days"),
        link("twice", own, "linking", "ours"),
        link("of_others", "999900001111", "crm", "people"),
        link("to_a_link", own, "shop", "linked"),
        link("to_none", own, "crm", "none"),
    ] {
        s.glue.table("linking", l);
    }
    let done = s.scan("glue://linking");
    assert_eq!((done.status, &done.json()["objects"]["listed"]), (Some(3), &json!(2)), "{}", done.stderr);
    assert_eq!(s.places("uma@example.com"), ["glue/linking.ours s3://far/crm/people/p mail [[0,1]] data"]);
    assert_eq!(s.places("vera@example.com"), ["glue/linking.our_days s3://far/crm/days/d=1/p mail [[0,1]] data"]);
    assert!(s.glue.requests("GetPartitions").iter().any(|q| q["CatalogId"] == "444455556666" && q["DatabaseName"] == "crm"));
    let lines = coverage(&s, "piimap.db");
    for (table, reason, says) in [
        ("of_others", "access_denied", "crm.people of another database or account: AccessDeniedException"),
        ("to_a_link", "unsupported_format", "is a link itself"),
        ("to_none", "not_found", "crm.none"),
    ] {
        let uri = format!("glue://linking/{table}");
        assert!(lines.iter().any(|l| l.0 == uri && l.1 == reason && l.2.contains(says)), "{table}: {lines:?}");
    }
    assert_eq!(lines.len(), 3, "{lines:?}");

    // A database that is a link, and one table of it.
    s.glue.state.lock().unwrap().links.insert("portal".into(), ("444455556666".into(), "crm".into()));
    for (source, index, listed) in [("glue://portal", "portal.db", 2), ("glue://portal/people", "one.db", 1)] {
        let done = s.run(&["scan", source, "--endpoint-url", &s.s3.url(), "--format", "json", "--index", index]);
        assert_eq!((done.status, &done.json()["objects"]["listed"]), (Some(0), &json!(listed)), "{source}: {}", done.stderr);
        let found = s.b.json(&["find", "uma@example.com", "--index", index]);
        assert_eq!(found["places"][0]["dataset"], "glue/portal.people");
    }
}
