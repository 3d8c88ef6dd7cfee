//! Redshift's `UNLOAD`: however a table was written and packed, the answers are the same.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use serde_json::{Value, json};

use crate::generate::{SEED, people as invented};
use crate::support::Bench;

const COLUMNS: [&str; 6] = ["id", "full_name", "email", "ssn", "phone", "note"];
const WIDTHS: [usize; 6] = [6, 40, 60, 11, 20, 120];

type Row = [String; 6];

/// People; in their notes stand all bytes that mean something in one form or another.
fn rows() -> Vec<Row> {
    let mut seen = BTreeSet::new();
    let people = invented::people(SEED, 120);
    let people =
        people.iter().filter(|p| seen.insert(p.ssn.clone()) && seen.insert(p.phone_as(0)) && seen.insert(p.email.clone())).take(60);
    let row = |(i, p): (usize, &invented::Person)| {
        let note = match i % 4 {
            0 => format!("Zo\u{eb} asked\nto write to second.{i}@example.org | or, \"call\" \\ wait"),
            1 => "pickup|store 4, a\\b".to_owned(),
            2 => format!("line\r\nsecond.{i}@example.org"),
            _ => String::new(),
        };
        [i.to_string(), p.name(), p.email.clone(), p.ssn.clone(), p.phone_as(0), note]
    };
    people.enumerate().map(row).collect()
}

fn lines(rows: &[Row], delimiter: &str, field: impl Fn(usize, &str) -> String) -> Vec<u8> {
    let line = |r: &Row| r.iter().enumerate().map(|(i, v)| field(i, v)).collect::<Vec<_>>().join(delimiter) + "\n";
    rows.iter().map(line).collect::<String>().into_bytes()
}

/// A backslash before what has a meaning.
fn escaped(v: &str, special: &[char]) -> String {
    v.chars().flat_map(|c| special.contains(&c).then_some('\\').into_iter().chain([c])).collect()
}

fn parquet(rows: &[Row]) -> Vec<u8> {
    let id: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.iter().map(|r| r[0].parse().unwrap())));
    let text = |i: usize| Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r[i].as_str()))) as ArrayRef;
    let columns = COLUMNS.iter().enumerate().map(|(i, n)| (*n, if i == 0 { id.clone() } else { text(i) }));
    let b = RecordBatch::try_from_iter(columns).unwrap();
    let mut w = ::parquet::arrow::ArrowWriter::try_new(Vec::new(), b.schema(), None).unwrap();
    w.write(&b).unwrap();
    w.into_inner().unwrap()
}

/// Every form, with what its file is called behind the number of the part.
fn forms(rows: &[Row]) -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let special = ['\n', '\r', '|', '\\'];
    let quoted = [&special[..], &['"']].concat();
    let csv = |_: usize, v: &str| match v.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", v.replace('"', "\"\"")),
        false => v.to_owned(),
    };
    let object = |r: &Row| {
        let of = |i: usize| if i == 0 { json!(r[0].parse::<i64>().unwrap()) } else { json!(r[i]) };
        Value::Object((0..6).map(|i| (COLUMNS[i].to_owned(), of(i))).collect()).to_string() + "\n"
    };
    vec![
        ("escape", "", lines(rows, "|", |_, v| escaped(v, &special))),
        ("tabs", "", lines(rows, "\t", |_, v| escaped(v, &['\n', '\r', '\t', '\\']))),
        ("addquotes", "", lines(rows, "|", |_, v| format!("\"{}\"", escaped(v, &quoted)))),
        ("addquotes-text", "", lines(rows, "|", |i, v| if i == 0 { v.to_owned() } else { format!("\"{}\"", escaped(v, &quoted)) })),
        ("csv", ".csv", lines(rows, ",", csv)),
        ("fixedwidth", "", lines(rows, "", |i, v| v.to_owned() + &" ".repeat(WIDTHS[i] - v.chars().count()))),
        ("json", "", rows.iter().map(object).collect::<String>().into_bytes()),
        ("parquet", ".parquet", parquet(rows)),
    ]
}

fn packed(how: &str, data: &[u8]) -> Vec<u8> {
    match how {
        ".gz" => {
            let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            e.write_all(data).unwrap();
            e.finish().unwrap()
        }
        ".bz2" => {
            let mut e = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            e.write_all(data).unwrap();
            e.finish().unwrap()
        }
        ".zst" => zstd::encode_all(data, 1).unwrap(),
        _ => data.to_vec(),
    }
}

#[test]
fn every_form_and_packing_gives_the_same_answers() {
    let (b, rows) = (Bench::new(), rows());
    let element = |n: &&str| json!({"name": n, "type": {"base": "character varying"}});
    let mut folders = Vec::new();
    for (form, end, data) in forms(&rows) {
        for how in ["", ".gz", ".bz2", ".zst"] {
            let folder = format!("{form}{}", how.replace('.', "-"));
            let (first, second) = (packed(how, &data), format!("people_0000_part_00{end}{how}"));
            let manifest = json!({
                "entries": [{"url": format!("s3://bucket/{folder}/{second}"), "meta": {"content_length": first.len(), "record_count": rows.len()}}],
                "schema": {"elements": COLUMNS.iter().map(element).collect::<Vec<_>>()},
            });
            b.write(&format!("in/{folder}/{second}"), first);
            b.write(&format!("in/{folder}/people_manifest"), manifest.to_string());
            folders.push(folder);
        }
    }
    let spec: Vec<String> = WIDTHS.iter().enumerate().map(|(i, w)| format!("{i}:{w}")).collect();
    b.write("piimap.toml", format!("[[table]]\ndataset = \"fixedwidth*/people\"\nfixed_width = \"{}\"\n", spec.join(",")));
    let (status, scan) = b.scan("in", &[]);
    let coverage = b.run(&["coverage", "--format", "json"]).stdout;
    assert_eq!((status, coverage.as_str()), (Some(0), ""), "{scan}");

    let mut asked = vec!["find"];
    asked.extend(rows.iter().map(|r| r[2].as_str()));
    // Running text links nobody: who is named in a note is asked for by that name.
    let named: Vec<String> = (0..rows.len()).filter(|i| i % 2 == 0).map(|i| format!("second.{i}@example.org")).collect();
    asked.extend(named.iter().map(String::as_str));
    let found = b.json(&asked);
    assert_eq!(found["consumers"].as_array().unwrap().len(), rows.len() + named.len());
    let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for p in found["places"].as_array().unwrap() {
        let folder = p["uri"].as_str().unwrap().rsplit('/').nth(1).unwrap().to_owned();
        let place = format!("{} {} {} {} {} {}", p["consumer"], p["field"], p["classifier"], p["rows"], p["count"], p["member"]);
        assert!(places.entry(folder).or_default().insert(place), "a place twice: {p}");
    }
    let map = b.json(&["map"]);
    let counted = |folder: &str| -> BTreeSet<String> {
        let name = format!("{folder}/people");
        let d =
            map["datasets"].as_array().unwrap().iter().find(|d| d["name"] == name.as_str()).unwrap_or_else(|| panic!("no dataset {name}"));
        let fields = d["fields"].as_array().unwrap().iter();
        let of = |f: &Value| {
            let classifiers = f["classifiers"].as_array().unwrap().iter();
            classifiers.map(|c| format!("{} {} {} {}", f["name"], c["id"], c["count"], f["consumers"])).collect::<Vec<_>>()
        };
        fields.flat_map(of).collect()
    };
    let (want, want_map) = (&places["escape"], counted("escape"));
    // Everybody by address, number and telephone, and half of them by a second address in the note.
    assert!(want.len() >= 3 * rows.len(), "{} places", want.len());
    let notes = want.iter().filter(|p| p.contains("\"note\" \"generic.email\"")).count();
    assert_eq!(notes, rows.len() / 2);
    let mut wrong = Vec::new();
    for folder in &folders {
        let nothing = BTreeSet::new();
        let got = places.get(folder).unwrap_or(&nothing);
        wrong.extend(got.difference(want).map(|p| format!("{folder} has {p}")));
        wrong.extend(want.difference(got).map(|p| format!("{folder} lacks {p}")));
        let map = counted(folder);
        wrong.extend(map.symmetric_difference(&want_map).map(|f| format!("{folder}: {f}")));
    }
    wrong.truncate(40);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_form_that_changes_is_read_again() {
    let b = Bench::new();
    let text = "ada.winter@example.com      457-55-5462\nben.summer@example.com      457-55-5463\n";
    b.write("in/people_0000_part_00", text);
    let table = |spec: &str| format!("[[table]]\nuri = \"{}/**\"\nfixed_width = \"{spec}\"\n", b.path("in").display());
    let fields = || -> Vec<Value> {
        let found = b.json(&["find", "ada.winter@example.com"]);
        found["places"].as_array().unwrap().iter().map(|p| p["field"].clone()).collect()
    };
    assert_eq!(b.scan("in", &[]).0, Some(0));
    for (spec, want) in [("email:28,ssn:11", ["email", "ssn"]), ("0:28,1:11", ["col1", "col2"])] {
        b.write("piimap.toml", table(spec));
        let (status, scan) = b.scan("in", &[]);
        assert_eq!((status, &scan["objects"]["read"], &scan["records"]), (Some(0), &json!(1), &json!(2)), "{scan}");
        let mut got = fields();
        got.sort_by_key(Value::to_string);
        assert_eq!(got, want);
        assert_eq!(b.scan("in", &[]).1["objects"]["unchanged"], 1);
        // Reading again to verify goes by it, too.
        let left = b.run(&["verify", "ada.winter@example.com", "--format", "json"]);
        assert_eq!(left.status, Some(1), "{}", left.stderr);
    }
    b.write("piimap.toml", table("email"));
    let done = b.run(&["scan", "in"]);
    assert!(done.status == Some(2) && done.stderr.contains("id:11,name:40"), "{}", done.stderr);
}
