//! Who is under two tenants, whose data lies in which region, and the records that laws ask for.

use std::collections::{BTreeMap, BTreeSet};

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;
use serde_json::{Value, json};

use crate::support::html::well_formed;
use crate::support::{Bench, sample_scan};

const CONFIG: &str = r#"
[[tenant]]
name = "acme"
uris = ["/**/acme/**"]

[[tenant]]
name = "beta"
uris = ["/**/beta/**"]

[[region]]
name = "eu-central-1"
uris = ["/**/acme/**"]

[[region]]
name = "us-east-1"
uris = ["/**/us/**", "/**/beta/**"]
"#;

fn people(names: &[(&str, &str)]) -> String {
    names.iter().fold("email,state\n".to_owned(), |all, (n, state)| all + &format!("{n}@example.com,{state}\n"))
}

fn list<'a>(v: &'a Value, at: &str) -> &'a [Value] {
    v[at].as_array().map_or(&[], Vec::as_slice)
}

#[test]
fn people_of_two_tenants_and_where_residents_data_lies() {
    let b = Bench::new();
    b.write("piimap.toml", CONFIG);
    b.write("d/acme/crm.csv", people(&[("ada.one", "CA"), ("bo.two", "CA"), ("cy.three", "NY"), ("di.four", "")]));
    b.write("d/beta/crm.csv", people(&[("bo.two", "CA"), ("ed.five", "TX")]));
    b.write("d/us/more.csv", people(&[("ada.one", "CA")]));
    b.write("d/de/staff.csv", "name,steuer_id\nA,86095742719\nB,57549285017\n");
    b.write("d/else.csv", people(&[("cy.three", "NY"), ("flo.six", "WA")]));
    b.scan("d", &[]);
    let a = b.json(&["map", "--isolation"]);
    let tenants: Vec<Value> = list(&a, "tenants").to_vec();
    assert_eq!(
        tenants,
        [
            json!({"tenant": "acme", "objects": 1, "consumers": 4, "shared": 1}),
            json!({"tenant": "beta", "objects": 1, "consumers": 2, "shared": 1})
        ]
    );
    assert_eq!((&a["several_tenants"], &a["shared"]), (&json!(1), &json!([{"tenants": ["acme", "beta"], "consumers": 1}])));
    let lies: Vec<(&str, &Value)> = list(&a, "datasets").iter().map(|d| (d["tenant"].as_str().unwrap(), &d["consumers"])).collect();
    assert_eq!(lies, [("acme", &json!(1)), ("beta", &json!(1))]);
    assert_eq!(a["without_tenant"]["objects"], 3);
    // The one who is named is the one who is in both.
    let found = b.json(&["find", "bo.two@example.com"]);
    assert_eq!(a["named"], json!([found["consumer"]]));

    assert_eq!(a["regions"], json!(["eu-central-1", "us-east-1", null]));
    let rows: BTreeMap<&str, (&Value, &Value)> =
        list(&a, "residents").iter().map(|r| (r["residence"].as_str().unwrap_or("-"), (&r["by_region"], &r["consumers"]))).collect();
    assert_eq!(rows["CA"], (&json!([2, 2, 0]), &json!(2)));
    assert_eq!(rows["NY"], (&json!([1, 0, 1]), &json!(1)));
    assert_eq!(rows["TX"], (&json!([0, 1, 0]), &json!(1)));
    assert_eq!(rows["DE"], (&json!([0, 0, 2]), &json!(2)));
    assert_eq!(rows["-"], (&json!([1, 0, 0]), &json!(1)));
    assert_eq!(a["several_regions"], 2);
    let all: u64 = rows.values().map(|r| r.1.as_u64().unwrap()).sum();
    assert_eq!(a["consumers"], all);

    let text = b.run(&["map", "--isolation"]);
    assert_eq!(text.status, Some(0));
    assert!(
        text.stdout.contains("1 consumer under more than one tenant") && text.stdout.lines().all(|l| l.chars().count() <= 80),
        "{}",
        text.stdout
    );
}

#[test]
fn without_tenants_or_regions_it_says_how_to_name_them() {
    let (b, ..) = sample_scan();
    let text = b.run(&["map", "--isolation"]).stdout;
    assert!(text.contains("[[tenant]]") && text.contains("[[region]]"), "{text}");
    let a = b.json(&["map", "--isolation"]);
    assert_eq!((&a["regions"], &a["several_tenants"]), (&json!([null]), &json!(0)));
    assert_eq!(a["consumers"], b.json(&["map"])["consumers"]);
}

/// The leaks between the two newest runs, a line each.
fn leaks(b: &Bench) -> Vec<String> {
    let names = |v: &Value| v.as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect::<Vec<_>>().join("+");
    let one = |l: &Value| {
        format!(
            "{} {}>{} {} {}",
            l["what"].as_str().unwrap(),
            names(&l["beside"]),
            names(&l["appeared"]),
            l["consumers"],
            names(&l["datasets"])
        )
    };
    let doc = b.json(&["diff"]);
    let text = b.run(&["diff"]).stdout;
    assert_eq!(text.lines().filter(|l| l.starts_with("! ")).count(), list(&doc, "leaks").len(), "{text}");
    list(&doc, "leaks").iter().map(one).collect()
}

#[test]
fn leaks_are_named_once_when_they_happen() {
    let b = Bench::new();
    b.write("piimap.toml", CONFIG.replace("[[region]]\nname = \"us-east-1\"\nuris = [\"/**/us/**\", \"/**/beta/**\"]", ""));
    b.write("d/acme/crm.csv", people(&[("ada.one", "CA"), ("bo.two", "CA")]));
    b.write("d/beta/crm.csv", people(&[("ed.five", "TX")]));
    b.scan("d", &[]);
    b.scan("d", &[]);
    assert_eq!(leaks(&b), [""; 0]);
    assert_eq!(b.run(&["diff"]).status, Some(0));

    // Somebody of one tenant comes to another, and somebody new to both at once.
    b.write("d/beta/copy.csv", people(&[("bo.two", "CA"), ("gus.seven", "CA")]));
    b.write("d/acme/new.csv", people(&[("gus.seven", "CA")]));
    b.scan("d", &[]);
    let got = leaks(&b);
    assert_eq!(got.len(), 2, "{got:?}");
    assert!(got.iter().any(|l| l.starts_with("second_tenant acme>beta 1 ") && l.ends_with("copy.csv")), "{got:?}");
    assert!(got.iter().any(|l| l.starts_with("second_tenant >acme+beta 1 ")), "{got:?}");

    // What stays is no news; who moved is on one side only.
    std::fs::remove_file(b.path("d/beta/crm.csv")).unwrap();
    b.write("d/acme/moved.csv", people(&[("ed.five", "TX")]));
    b.scan("d", &[]);
    assert_eq!(leaks(&b), [""; 0]);
}

const PROCESSING: &str = r#"
[organisation]
name = "Acme Inc."
dpo = "dpo@acme.example"

[[processing]]
name = "customer accounts"
datasets = ["crm.csv"]
purposes = ["contracts, \"all\" of them", "support"]
legal_basis = "Art. 6(1)(b)"
subjects = ["customers"]
recipients = ["Mailhouse Ltd."]
sold_to = ["Adnet"]
retention = "1y"

[[processing]]
name = "mail"
datasets = ["*.csv"]
role = "processor"
controller = "Beta GmbH"
purposes = ["news"]
retention = "30y"
"#;

#[test]
fn records_say_what_was_found_beside_what_people_said() {
    let b = Bench::new();
    b.write("piimap.toml", PROCESSING);
    let crm =
        "email,ssn,state\nada.one@example.com,457-55-5462,CA\nbo.two@example.com,457-55-5463,CA\ncy.three@example.com,457-55-5464,NY\n";
    let old = b.write("d/crm.csv", crm);
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(400 * 86_400);
    std::fs::File::options().write(true).open(old).unwrap().set_modified(long_ago).unwrap();
    b.write("d/letters.csv", people(&[("ada.one", "CA"), ("di.four", "TX")]));
    b.write("d/notes.txt", "write to zoe.nine@example.com\n");
    b.scan("d", &[]);

    let a = b.json(&["map", "--records", "gdpr"]);
    assert_eq!((&a["organisation"], &a["contact"]), (&json!("Acme Inc."), &Value::Null));
    let all = list(&a, "activities");
    assert_eq!(all.iter().map(|f| f["activity"].as_str().unwrap_or("-")).collect::<Vec<_>>(), ["customer accounts", "mail", "-"]);
    let (crm, mail, rest) = (&all[0], &all[1], &all[2]);
    assert_eq!((&crm["consumers"], &mail["consumers"], &rest["datasets"][0]["name"]), (&json!(3), &json!(4), &json!("notes.txt")));
    let element = |f: &Value, name: &str| list(f, "elements").iter().find(|e| e["element"] == name).map(|e| e["consumers"].clone());
    assert_eq!((element(crm, "ssn"), element(mail, "email"), element(rest, "ssn")), (Some(json!(3)), Some(json!(4)), None));
    // 400 days are more than one year and less than thirty.
    assert_eq!((&crm["datasets"][0]["overdue"], &mail["datasets"][0]["overdue"]), (&json!(true), &json!(false)));
    assert_eq!((&crm["role"], &mail["role"], &mail["controller"]), (&json!("controller"), &json!("processor"), &json!("Beta GmbH")));

    let c = b.json(&["map", "--records", "california"]);
    let categories = list(&c, "categories");
    assert_eq!(categories.len(), 12);
    let of = |letter: &str| categories.iter().find(|c| c["category"] == format!("ccpa.{letter}")).unwrap();
    assert_eq!((&of("L")["consumers"], &of("L")["californians"]), (&json!(3), &json!(2)));
    assert_eq!(c["californians"], json!({"personal": 2, "sensitive": 2}));
    assert_eq!((&of("A")["undeclared"], &of("L")["undeclared"]), (&json!(true), &json!(false)));
    assert_eq!(of("L")["purposes"], json!(["contracts, \"all\" of them", "news", "support"]));
    assert_eq!((&of("L")["sold_to"], &of("L")["retention"]), (&json!(["Adnet"]), &json!(["1y", "30y"])));
    assert_eq!((&of("E")["elements"], &of("E")["consumers"]), (&json!([]), &json!(0)));

    for law in ["gdpr", "california"] {
        let text = b.run(&["map", "--records", law]);
        assert!(
            text.status == Some(0) && text.stdout.contains("OVERDUE: crm.csv") && text.stdout.contains("[[processing]]"),
            "{}",
            text.stdout
        );
        let page = b.run(&["map", "--records", law, "--html", "-"]).stdout;
        well_formed(&page);
        assert!(
            page.contains("overdue: crm.csv") && page.contains("Mailhouse Ltd.") && !page.contains("https:") && !page.contains("http://"),
            "{page}"
        );
        let table = b.run(&["map", "--records", law, "--csv"]).stdout;
        let mut rows = csv::Reader::from_reader(table.as_bytes());
        let head = rows.headers().unwrap().clone();
        let column = |name: &str| head.iter().position(|h| h == name).unwrap();
        let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), if law == "gdpr" { 3 } else { 12 });
        let row = rows.iter().find(|r| ["customer accounts", "L"].contains(&&r[0])).unwrap();
        assert!(row[column("purposes")].contains("contracts, \"all\" of them"));
        assert_eq!((&row[column("consumers")], &row[column("overdue")]), ("3", "crm.csv"));
    }
}

#[test]
fn records_of_the_samples_count_as_the_map() {
    let (b, ..) = sample_scan();
    let a = b.json(&["map", "--records", "gdpr"]);
    let map = b.json(&["map"]);
    assert_eq!(a["consumers"], map["consumers"]);
    // Without a configuration everything is undeclared, and everything is there.
    let with = list(&map, "datasets").iter().filter(|d| !d["fields"].as_array().unwrap().is_empty()).count();
    assert_eq!((list(&a, "activities").len(), list(&a["activities"][0], "datasets").len()), (1, with));
    let c = b.json(&["map", "--records", "california"]);
    let mut categories: Vec<&str> =
        list(&map, "datasets").iter().flat_map(|d| list(d, "categories")).map(|c| c.as_str().unwrap()).collect();
    categories.sort_unstable();
    categories.dedup();
    let found: Vec<&str> =
        list(&c, "categories").iter().filter(|c| !list(c, "elements").is_empty()).map(|c| c["category"].as_str().unwrap()).collect();
    assert_eq!(found, categories);
}

#[test]
fn paths_tell_tenants_environments_and_regions() {
    let b = Bench::new();
    let root = b.path("d").display().to_string();
    let template = format!("{root}/acme-{{tenant}}/{{environment}}/{{region}}/");
    let written = "[[tenant]]\nname = \"written\"\nuris = [\"/**/acme-one/**\"]\n";
    b.write("piimap.toml", format!("{written}[[path]]\ntemplate = \"{template}\"\n"));
    b.write("d/acme-one/prod/eu-central-1/a.csv", people(&[("ada.one", "CA"), ("bo.two", "CA")]));
    b.write("d/acme-two/prod/us-east-1/b.csv", people(&[("bo.two", "CA"), ("cy.three", "NY")]));
    b.write("d/acme-two/test/us-east-1/c.csv", people(&[("di.four", "TX")]));
    b.write("d/else.csv", people(&[("ed.five", "TX")]));
    b.scan("d", &[]);
    let a = b.json(&["map", "--isolation"]);
    assert_eq!(
        list(&a, "tenants"),
        [
            json!({"tenant": "written", "objects": 1, "consumers": 2, "shared": 1}),
            json!({"tenant": "two", "objects": 2, "consumers": 3, "shared": 1})
        ]
    );
    assert_eq!((&a["several_tenants"], &a["regions"]), (&json!(1), &json!(["eu-central-1", "us-east-1", null])));
    assert_eq!((&a["several_regions"], &a["without_tenant"]["objects"]), (&json!(1), &json!(1)));
    let map = b.json(&["map"]);
    let mut told: Vec<String> = list(&map, "datasets").iter().map(|d| format!("{} {}", d["tenants"], d["environments"])).collect();
    told.sort();
    assert_eq!(told, ["[\"two\"] [\"prod\"]", "[\"two\"] [\"test\"]", "[\"written\"] [\"prod\"]", "[] []"]);
    let text = b.run(&["map"]).stdout;
    assert!(text.contains("  tenant two\n  environment test\n"), "{text}");
    // Every form of the map tells it.
    let table = b.run(&["map", "--csv"]).stdout;
    let mut rows = csv::Reader::from_reader(table.as_bytes());
    let head = rows.headers().unwrap().clone();
    let column = |name: &str| head.iter().position(|h| h == name).unwrap();
    let (tenants, environments) = (column("tenants"), column("environments"));
    let in_csv: BTreeSet<String> = rows.records().map(|r| r.unwrap()).map(|r| format!("{} {}", &r[tenants], &r[environments])).collect();
    assert_eq!(in_csv.into_iter().collect::<Vec<_>>(), [" ", "two prod", "two test", "written prod"]);
    assert!(b.run(&["map", "--markdown"]).stdout.contains("; tenant two; environment test\n"));
    assert_eq!(b.run(&["map", "--html", "map.html"]).status, Some(0));
    let page = std::fs::read_to_string(b.path("map.html")).unwrap();
    well_formed(&page);
    assert!(page.contains("<br>tenant two<br>environment test</p>"), "{page}");
    assert_eq!(b.run(&["map", "--parquet", "map.parquet"]).status, Some(0));
    let reader = SerializedFileReader::new(std::fs::File::open(b.path("map.parquet")).unwrap()).unwrap();
    let names: Vec<String> = reader.metadata().file_metadata().schema_descr().columns().iter().map(|c| c.name().to_owned()).collect();
    let at = |name: &str| names.iter().position(|n| n == name).unwrap();
    let rows = reader.get_row_iter(None).unwrap().map(|r| r.unwrap());
    let in_parquet: BTreeSet<String> =
        rows.map(|r| format!("{} {}", r.get_string(at("tenants")).unwrap(), r.get_string(at("environments")).unwrap())).collect();
    assert_eq!(in_parquet.into_iter().collect::<Vec<_>>(), [" ", "two prod", "two test", "written prod"]);
    let breach = b.json(&["breach", "--object", "**"]);
    let tenants: Vec<&str> = list(&breach, "tenants").iter().map(|t| t["tenant"].as_str().unwrap()).collect();
    assert_eq!((tenants, &breach["scope"]["without_tenant"]), (vec!["written", "two"], &json!(1)));
    // What is wrong is said with its words.
    b.write("wrong.toml", "[[path]]\ntemplate = \"s3://b/{tennant}\"\n");
    let done = b.run(&["map", "--config", "wrong.toml"]);
    assert!(done.status == Some(2) && done.stderr.contains("{tennant} is none of {tenant}"), "{}", done.stderr);
}
