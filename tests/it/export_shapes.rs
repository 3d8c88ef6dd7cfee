//! Exports against the published models of those who read them, and Parquet against another reader. Of DataHub and OpenMetadata there are
//! excerpts alone, told as shapes: that an export fits them does not say that every check of theirs lets it pass. `tests/data/SOURCES.md`
//! names versions.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;
use regex_automata::meta::Regex;
use serde_json::Value;

use crate::export_formats::{counted, export, lines, list, text};
use crate::support::{Bench, sample_scan};

/// Shapes by name, as the models of AWS tell them, and those of others in the same words: structures, lists, maps, texts with patterns
/// and enumerations, numbers with bounds. Of the members of a structure some may be `required`, one of several asked for (`some`), and the
/// text of a number (`severity` of `severity_id`) laid down (`captions`).
struct Shapes(Value);

impl Shapes {
    fn read(name: &str) -> Shapes {
        let path = crate::support::bench::repository().join(format!("tests/data/shapes/{name}.json"));
        Shapes(serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
    }

    /// What is wrong with `v`, with the way to it.
    fn wrong(&self, shape: &str, v: &Value, at: &str, out: &mut Vec<String>) {
        let s = &self.0[shape];
        let mut say = |what: &str| out.push(format!("{at}: {what} (of {shape}): {v}"));
        match s["type"].as_str().unwrap_or_else(|| panic!("no shape {shape}")) {
            "structure" => {
                let Some(members) = v.as_object() else { return say("no structure") };
                for name in list(s, "/required").iter().map(|n| n.as_str().unwrap()) {
                    if !members.contains_key(name) {
                        say(&format!("{name} is missing"));
                    }
                }
                for any in list(s, "/some") {
                    if !any.as_array().unwrap().iter().any(|n| members.contains_key(n.as_str().unwrap())) {
                        say(&format!("none of {any}"));
                    }
                }
                for (name, words) in s["captions"].as_object().into_iter().flatten() {
                    let (word, id) = (&members.get(name).or_else(|| members.get(&format!("{name}_name"))), &v[format!("{name}_id")]);
                    if let Some(word) = word
                        && words[id.to_string()] != **word
                    {
                        say(&format!("{name} {id} is called {word}"));
                    }
                }
                for (name, v) in members {
                    match s["members"][name].as_str() {
                        Some(shape) => self.wrong(shape, v, &format!("{at}/{name}"), out),
                        None => out.push(format!("{at}: {name} is no member of {shape}")),
                    }
                }
            }
            "list" => match v.as_array() {
                Some(all) => {
                    self.size(s, all.len(), &mut say);
                    all.iter().enumerate().for_each(|(i, v)| self.wrong(text(&s["member"]).as_str(), v, &format!("{at}/{i}"), out));
                }
                None => say("no list"),
            },
            "map" => match v.as_object() {
                Some(all) => all.iter().for_each(|(k, v)| {
                    self.wrong(&text(&s["key"]), &k.as_str().into(), &format!("{at}/{k}"), out);
                    self.wrong(&text(&s["value"]), v, &format!("{at}/{k}"), out);
                }),
                None => say("no map"),
            },
            "string" => {
                let Some(t) = v.as_str() else { return say("no text") };
                self.size(s, t.chars().count(), &mut say);
                let words = list(s, "/enum");
                if !words.is_empty() && !words.contains(v) {
                    say("another word");
                }
                if let Some(p) = s["pattern"].as_str()
                    && !Regex::new(&format!("(?s)^(?:{p})$")).unwrap().is_match(t)
                {
                    say("does not fit the pattern");
                }
            }
            "timestamp" => {
                if !v.as_str().is_some_and(|t| t.len() == 24 && t.ends_with('Z') && t.as_bytes()[10] == b'T') {
                    say("no time");
                }
            }
            "long" | "integer" if !v.is_i64() => say("no whole number"),
            "long" => {
                let (words, n) = (list(s, "/enum"), v.as_i64().unwrap());
                if !words.is_empty() && !words.contains(v) {
                    say("another number");
                }
                if s["min"].as_i64().is_some_and(|min| n < min) || s["max"].as_i64().is_some_and(|max| n > max) {
                    say("too large or too small");
                }
            }
            "double" if !v.is_number() => say("no number"),
            "boolean" if !v.is_boolean() => say("neither true nor false"),
            "any" | "integer" | "double" | "boolean" => {}
            other => panic!("a shape of type {other}"),
        }
    }

    fn size(&self, s: &Value, n: usize, say: &mut impl FnMut(&str)) {
        if s["min"].as_u64().is_some_and(|min| (n as u64) < min) || s["max"].as_u64().is_some_and(|max| n as u64 > max) {
            say("too long or too short");
        }
    }

    #[track_caller]
    fn fits(&self, shape: &str, v: &Value) {
        let mut out = Vec::new();
        self.wrong(shape, v, "", &mut out);
        assert!(out.is_empty(), "{}", out.join("\n"));
    }
}

#[test]
fn shapes_find_what_is_wrong() {
    let shapes = Shapes::read("asff");
    for (shape, v, says) in [
        ("Resource", r#"{"Type": "Other"}"#, "Id is missing"),
        ("Resource", r#"{"Type": "Other", "Id": " "}"#, "pattern"),
        ("Resource", r#"{"Type": "Other", "Id": "x", "Partition": "mars"}"#, "another word"),
        ("Resource", r#"{"Type": "Other", "Id": "x", "Kind": 1}"#, "no member"),
        ("Cells", r#"[{"Row": "1"}]"#, "no whole number"),
        ("Cells", "{}", "no list"),
        ("Boolean", "1", "neither"),
        ("FieldMap", r#"{"": "x"}"#, "pattern"),
    ] {
        let mut out = Vec::new();
        shapes.wrong(shape, &serde_json::from_str(v).unwrap(), "", &mut out);
        assert!(out.len() == 1 && out[0].contains(says), "{v}: {out:?}");
    }
    let shapes = Shapes::read("ocsf");
    for (shape, v, says) in [
        ("SeverityId", "7", "another number"),
        ("Score", "101", "too large"),
        ("Occurrence", "{}", "none of"),
        ("Databucket", r#"{"type_id": 1, "type": "GCP Bucket", "name": "b"}"#, "is called"),
        ("Version", r#""1.6.1""#, "pattern"),
    ] {
        let mut out = Vec::new();
        shapes.wrong(shape, &serde_json::from_str(v).unwrap(), "", &mut out);
        assert!(out.len() == 1 && out[0].contains(says), "{v}: {out:?}");
    }
}

#[test]
fn findings_fit_the_open_schema() {
    let (b, ..) = sample_scan();
    let (shapes, mut n) = (Shapes::read("ocsf"), 0);
    for f in lines(b, "ocsf") {
        shapes.fits("DataSecurityFinding", &f);
        assert_eq!(f["type_uid"], f["class_uid"].as_i64().unwrap() * 100 + f["activity_id"].as_i64().unwrap());
        assert_eq!(f["type_name"], format!("{}: {}", text(&f["class_name"]), text(&f["activity_name"])));
        n += 1;
    }
    assert!(n > 10);
}

#[test]
fn events_and_tags_fit_their_schemas() {
    let (b, ..) = sample_scan();
    let shapes = Shapes::read("openlineage");
    let events = lines(b, "openlineage");
    events.iter().for_each(|e| shapes.fits("DatasetEvent", e));
    // A facet says by its address which schema it fits.
    let facets = |e: &Value| ["schema", "tags"].map(|f| text(&e["dataset"]["facets"][f]["_schemaURL"]));
    let ends = ["#/$defs/SchemaDatasetFacet", "#/$defs/TagsDatasetFacet"];
    assert!(events.len() > 5 && events.iter().all(|e| facets(e).iter().zip(ends).all(|(url, end)| url.ends_with(end))));

    let shapes = Shapes::read("datahub");
    let all: Value = serde_json::from_str(&export(b, "datahub")).unwrap();
    for p in all.as_array().unwrap() {
        shapes.fits("MetadataChangeProposal", p);
        let shape = if p["changeType"] == "PATCH" { "Patch" } else { "TagProperties" };
        shapes.fits(shape, &serde_json::from_str(&text(&p["aspect"]["value"])).unwrap());
    }
    let shapes = Shapes::read("openmetadata");
    lines(b, "openmetadata").iter().for_each(|c| shapes.fits("Line", c));
}

#[test]
fn security_findings_fit_the_model_and_count_as_the_map() {
    let (b, ..) = sample_scan();
    let shapes = Shapes::read("asff");
    let (mut total, mut ids) = (0, BTreeSet::new());
    for f in lines(b, "asff") {
        shapes.fits("AwsSecurityFinding", &f);
        assert!(ids.insert(text(&f["Id"])), "an id twice: {f}");
        let short = |name: &str, most: usize| (1..=most).contains(&text(&f[name]).chars().count());
        assert!(short("Title", 256) && short("Description", 1024) && short("Id", 512) && f.to_string().len() < 240_000, "{f}");
        let resources = list(&f, "/Resources");
        assert!((1..=32).contains(&resources.len()));
        let result = &resources.last().unwrap()["DataClassification"]["Result"];
        total += list(result, "/SensitiveData").iter().map(|d| d["TotalCount"].as_u64().unwrap()).sum::<u64>();
        total += result["CustomDataIdentifiers"]["TotalCount"].as_u64().unwrap();
    }
    assert!(ids.len() > 10);
    assert_eq!(total, counted(b).values().sum::<u64>());
}

#[test]
fn discovery_results_fit_the_model() {
    let (b, ..) = sample_scan();
    let shapes = Shapes::read("macie");
    for mut line in lines(b, "macie") {
        // The one member that is in results alone, by the guide.
        if line["type"].is_null() {
            line.as_object_mut().unwrap().remove("type");
        }
        shapes.fits("Finding", &line);
    }
}

#[test]
fn proposals_add_tags_and_replace_nothing() {
    let (b, ..) = sample_scan();
    let all: Value = serde_json::from_str(&export(b, "datahub")).unwrap();
    let all = all.as_array().unwrap();
    let (mut made, mut added, mut datasets) = (BTreeSet::new(), BTreeMap::new(), BTreeSet::new());
    for p in all {
        let keys: Vec<&str> = p.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["aspect", "aspectName", "changeType", "entityType", "entityUrn"]);
        let value: Value = serde_json::from_str(&text(&p["aspect"]["value"])).unwrap();
        let what = [&p["entityType"], &p["changeType"], &p["aspectName"], &p["aspect"]["contentType"]].map(text);
        match what.each_ref().map(String::as_str) {
            ["tag", "UPSERT", "tagProperties", "application/json"] => {
                assert!(!text(&value["name"]).is_empty() && value["description"].is_string());
                assert!(made.insert(text(&p["entityUrn"])), "a tag twice");
            }
            ["dataset", "PATCH", aspect @ ("editableSchemaMetadata" | "globalTags"), "application/json-patch+json"] => {
                let urn = text(&p["entityUrn"]);
                assert!(
                    urn.starts_with("urn:li:dataset:(urn:li:dataPlatform:") && urn.ends_with(",PROD)") && urn.matches(',').count() == 2,
                    "{urn}"
                );
                datasets.insert(urn.clone());
                for op in value.as_array().unwrap() {
                    let path = text(&op["path"]);
                    let parts: Vec<String> = path.split('/').skip(1).map(|p| p.replace("~1", "/").replace("~0", "~")).collect();
                    let tag = text(&op["value"]["tag"]);
                    let field = match parts.iter().map(String::as_str).collect::<Vec<_>>()[..] {
                        ["editableSchemaFieldInfo", field, "globalTags", "tags", last]
                            if last == tag && aspect == "editableSchemaMetadata" =>
                        {
                            field.to_owned()
                        }
                        ["tags", last] if last == tag && aspect == "globalTags" => String::new(),
                        _ => panic!("{path}"),
                    };
                    assert_eq!(op["op"], "add");
                    assert!(made.contains(&tag), "{tag} is used before it is made");
                    *added.entry((field, tag.strip_prefix("urn:li:tag:pii.").unwrap().to_owned())).or_insert(0) += 1;
                }
            }
            other => panic!("{other:?}"),
        }
    }
    let mut want = BTreeMap::new();
    counted(b).into_keys().for_each(|(_, field, classifier)| *want.entry((field, classifier)).or_insert(0) += 1);
    assert_eq!(added, want);
    assert!(datasets.len() > 5 && datasets.iter().any(|d| d.contains("dataPlatform:redshift,")), "{datasets:?}");
}

#[test]
fn columns_have_one_tag_of_the_classification() {
    let (b, ..) = sample_scan();
    let mut seen = BTreeSet::new();
    let columns = lines(b, "openmetadata");
    for c in &columns {
        assert!(seen.insert(text(&c["fullyQualifiedName"])), "{c}");
        assert!(text(&c["fullyQualifiedName"]).starts_with("piimap.") && c["entityType"] == "table");
        let tags = list(c, "/update/tags");
        assert_eq!((tags.len(), c["update"].as_object().unwrap().len()), (1, 1));
        let tag = tags[0].as_object().unwrap();
        assert_eq!(tag.keys().collect::<Vec<_>>(), ["labelType", "source", "state", "tagFQN"]);
        assert!(["PII.Sensitive", "PII.NonSensitive"].contains(&tag["tagFQN"].as_str().unwrap()));
        assert_eq!(
            (&tag["source"], &tag["labelType"], &tag["state"]),
            (&"Classification".into(), &"Automated".into(), &"Suggested".into())
        );
    }
    let tag_of =
        |end: &str| columns.iter().find(|c| text(&c["fullyQualifiedName"]).ends_with(end)).map(|c| text(&c["update"]["tags"][0]["tagFQN"]));
    assert_eq!(tag_of(".ssn").as_deref(), Some("PII.Sensitive"));
    assert_eq!(tag_of(".email").as_deref(), Some("PII.NonSensitive"));
}

fn open(b: &Bench, file: &str) -> SerializedFileReader<File> {
    SerializedFileReader::new(File::open(b.path(file)).unwrap()).unwrap()
}

#[test]
fn the_map_as_parquet_is_the_map_as_csv() {
    let (b, ..) = sample_scan();
    let done = b.run(&["map", "--parquet", "map.parquet"]);
    assert_eq!((done.status, done.stdout.as_str()), (Some(0), ""), "{}", done.stderr);
    // Written from columns, read by rows.
    let reader = open(b, "map.parquet");
    let names: Vec<String> = reader.metadata().file_metadata().schema_descr().columns().iter().map(|c| c.name().to_owned()).collect();
    let at = |name: &str| names.iter().position(|n| n == name).unwrap();
    let opt = |r: Result<String, _>| r.unwrap_or_default();
    let got: BTreeSet<Vec<String>> = reader
        .get_row_iter(None)
        .unwrap()
        .map(|r| {
            let r = r.unwrap();
            let t = |n| opt(r.get_string(at(n)).cloned());
            let i = |n| opt(r.get_long(at(n)).map(|n| n.to_string()));
            let d = |n| opt(r.get_double(at(n)).map(|x| format!("{x:.3}")));
            vec![
                t("dataset"),
                t("field"),
                t("classifier"),
                i("count"),
                d("share"),
                d("confidence"),
                i("field_consumers"),
                i("dataset_consumers"),
                i("bytes"),
            ]
        })
        .collect();
    let table = b.run(&["map", "--csv"]).stdout;
    let mut rows = csv::Reader::from_reader(table.as_bytes());
    let head = rows.headers().unwrap().clone();
    let column = |name: &str| head.iter().position(|h| h == name).unwrap();
    let want: BTreeSet<Vec<String>> = rows
        .records()
        .map(|r| {
            let r = r.unwrap();
            ["dataset", "field", "classifier", "count", "share", "confidence", "field_consumers", "dataset_consumers", "bytes"]
                .map(|n| r[column(n)].to_owned())
                .to_vec()
        })
        .collect();
    assert_eq!(got, want);
    let mistake = b.run(&["map", "--parquet", "no/such/map.parquet"]);
    assert!(mistake.status == Some(2) && mistake.stderr.contains("cannot write"), "{}", mistake.stderr);
}

#[test]
fn the_index_as_parquet_has_the_rows_of_its_views() {
    let (b, ..) = sample_scan();
    let files = b.json(&["index", "export", "parquet"]);
    for f in list(&files, "/files") {
        let name = text(&f["file"]);
        let reader = open(b, &format!("parquet/{name}"));
        let rows = reader.get_row_iter(None).unwrap().map(Result::unwrap).count() as u64;
        let view = name.strip_suffix(".parquet").unwrap();
        let sql = b.run(&["index", "sql", &format!("select count(*) as n from {view}"), "--format", "json"]).json();
        assert_eq!((f["rows"].as_u64(), Some(rows)), (sql["n"].as_u64(), sql["n"].as_u64()), "{view}: {sql}");
    }
    // And a sum, not only how many.
    let reader = open(b, "parquet/fields.parquet");
    let at = reader.metadata().file_metadata().schema_descr().columns().iter().position(|c| c.name() == "sightings").unwrap();
    let sum: i64 = reader.get_row_iter(None).unwrap().map(|r| r.unwrap().get_long(at).unwrap()).sum();
    let sql = b.run(&["index", "sql", "select sum(sightings) as n from fields", "--format", "json"]).json();
    assert_eq!(Some(sum), sql["n"].as_i64());
}
