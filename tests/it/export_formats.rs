//! `export`: every line has what its format asks for, the numbers are those of the map, and nothing personal is in it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::privacy::Planted;
use crate::support::{Bench, sample_scan};

const FORMATS: [&str; 7] = ["ocsf", "macie", "openlineage", "asff", "datahub", "openmetadata", "prometheus"];

/// What must stand at a place.
enum Want {
    Text,
    Time,
    Number,
    Flag,
    List,
    Object,
    Int(&'static [i64]),
    Word(&'static [&'static str]),
}
use Want::{Flag, Int, List, Number, Object, Text, Time, Word};

type Table = &'static [(&'static str, Want)];

/// OCSF 1.6.0, data_security_finding (2006): what is required, and of what is recommended that which is written always.
const OCSF: Table = &[
    ("/activity_id", Int(&[1, 2, 3])),
    ("/category_uid", Int(&[2])),
    ("/class_uid", Int(&[2006])),
    ("/type_uid", Int(&[200_601, 200_602, 200_603])),
    ("/severity_id", Int(&[0, 1, 2, 3, 4, 5, 6, 99])),
    ("/confidence_id", Int(&[1, 2, 3])),
    ("/status_id", Int(&[1, 2, 3, 4, 5])),
    ("/time", Number),
    ("/metadata/version", Word(&["1.6.0"])),
    ("/metadata/product/name", Word(&["piimap"])),
    ("/metadata/product/vendor_name", Text),
    ("/finding_info/uid", Text),
    ("/finding_info/title", Text),
    ("/file/name", Text),
    ("/file/type_id", Int(&[1])),
    // One of category and confidentiality, one of state, pattern, system and policy.
    ("/data_security/category_id", Int(&[1, 2, 3, 4, 5, 6, 99])),
    ("/data_security/data_lifecycle_state_id", Int(&[1])),
    ("/data_security/detection_system_id", Int(&[4])),
    ("/data_security/status_id", Int(&[1, 2, 3])),
    ("/data_security/total", Number),
    ("/data_security/classifier_details/type", Text),
    ("/data_security/discovery_details/0/type", Text),
    ("/data_security/discovery_details/0/count", Number),
];

/// Macie's sensitive data discovery results, schemaVersion 1.0: what a line has whose account nobody knows.
const MACIE: Table = &[
    ("/schemaVersion", Word(&["1.0"])),
    ("/category", Word(&["CLASSIFICATION"])),
    ("/classificationDetails/jobId", Text),
    ("/classificationDetails/originType", Word(&["SENSITIVE_DATA_DISCOVERY_JOB", "AUTOMATED_SENSITIVE_DATA_DISCOVERY"])),
    ("/classificationDetails/result/status/code", Word(&["COMPLETE", "PARTIAL", "SKIPPED"])),
    ("/classificationDetails/result/additionalOccurrences", Flag),
    ("/classificationDetails/result/mimeType", Text),
    ("/classificationDetails/result/sizeClassified", Number),
    ("/classificationDetails/result/sensitiveData", List),
    ("/classificationDetails/result/customDataIdentifiers/totalCount", Number),
    ("/classificationDetails/result/customDataIdentifiers/detections", List),
    ("/count", Number),
    ("/createdAt", Time),
    ("/updatedAt", Time),
    ("/resourcesAffected/s3Object/key", Text),
    ("/resourcesAffected/s3Object/path", Text),
    ("/resourcesAffected/s3Object/size", Number),
];
const MACIE_DATA: Table = &[
    ("/category", Word(&["FINANCIAL_INFORMATION", "PERSONAL_INFORMATION", "CREDENTIALS", "CUSTOM_IDENTIFIER"])),
    ("/totalCount", Number),
    ("/detections", List),
];
const MACIE_DETECTION: Table = &[("/type", Text), ("/count", Number), ("/occurrences", Object)];
const MACIE_CUSTOM: Table = &[("/name", Text), ("/count", Number), ("/occurrences", Object)];

/// OpenLineage 2-0-2, DatasetEvent, with the facets schema 1-2-0 and tags 1-0-0.
const LINEAGE: Table = &[
    ("/eventTime", Time),
    ("/producer", Text),
    ("/schemaURL", Word(&["https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/DatasetEvent"])),
    ("/dataset/namespace", Text),
    ("/dataset/name", Text),
    ("/dataset/facets/schema/_producer", Text),
    (
        "/dataset/facets/schema/_schemaURL",
        Word(&["https://openlineage.io/spec/facets/1-2-0/SchemaDatasetFacet.json#/$defs/SchemaDatasetFacet"]),
    ),
    ("/dataset/facets/schema/fields", List),
    ("/dataset/facets/tags/_producer", Text),
    ("/dataset/facets/tags/_schemaURL", Word(&["https://openlineage.io/spec/facets/1-0-0/TagsDatasetFacet.json#/$defs/TagsDatasetFacet"])),
    ("/dataset/facets/tags/tags", List),
];
const LINEAGE_TAG: Table = &[("/key", Word(&["pii"])), ("/value", Text), ("/source", Word(&["piimap"]))];

#[track_caller]
fn fits(table: Table, v: &Value) {
    for (at, want) in table {
        let found = v.pointer(at).unwrap_or_else(|| panic!("{at} is missing in {v}"));
        let text = found.as_str();
        let right = match want {
            Text => text.is_some_and(|s| !s.is_empty()),
            Time => text.is_some_and(|s| s.len() == 24 && s.ends_with('Z')),
            Number => found.is_u64(),
            Flag => found.is_boolean(),
            List => found.is_array(),
            Object => found.is_object(),
            Int(all) => found.as_i64().is_some_and(|n| all.contains(&n)),
            Word(all) => text.is_some_and(|s| all.contains(&s)),
        };
        assert!(right, "{at} is {found} in {v}");
    }
}

pub(crate) fn export(b: &Bench, format: &str) -> String {
    let more: &[&str] = if format == "asff" { &["--account", "111122223333", "--region", "eu-central-1"] } else { &[] };
    let done = b.run(&[&["export", format], more].concat());
    assert_eq!((done.status, done.stderr.as_str()), (Some(0), ""), "{format}");
    done.stdout
}

pub(crate) fn lines(b: &Bench, format: &str) -> Vec<Value> {
    export(b, format).lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e} in {l}"))).collect()
}

pub(crate) fn text(v: &Value) -> String {
    v.as_str().unwrap_or_else(|| panic!("{v} is no text")).to_owned()
}

pub(crate) fn list<'a>(v: &'a Value, at: &str) -> &'a [Value] {
    v.pointer(at).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

pub(crate) type Counts = BTreeMap<(String, String, String), u64>;

/// What the map counts, by dataset, field and classifier.
pub(crate) fn counted(b: &Bench) -> Counts {
    let map = b.json(&["map"]);
    let mut out = Counts::new();
    for d in list(&map, "/datasets") {
        for f in list(d, "/fields") {
            for c in list(f, "/classifiers") {
                let n = c["counted"].as_u64().unwrap();
                if n > 0 {
                    out.insert((text(&d["name"]), text(&f["name"]), text(&c["id"])), n);
                }
            }
        }
    }
    out
}

#[test]
fn ocsf_findings_are_whole_and_count_as_the_map() {
    let (b, ..) = sample_scan();
    let events = lines(b, "ocsf");
    let (mut counts, mut ids) = (Counts::new(), BTreeSet::new());
    for e in &events {
        fits(OCSF, e);
        assert_eq!(e["type_uid"].as_i64().unwrap(), 200_600 + e["activity_id"].as_i64().unwrap());
        let id = text(&e["finding_info"]["uid"]);
        assert!(id.len() == 64 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
        assert!(ids.insert(id), "an id twice: {e}");
        let (security, detail) = (&e["data_security"], &e["data_security"]["discovery_details"][0]);
        assert_eq!((&security["total"], &security["classifier_details"]["uid"]), (&detail["count"], &detail["type"]));
        let occurrences = list(detail, "/occurrences");
        assert!(occurrences.len() <= 15);
        for o in occurrences {
            let known = ["cell_name", "column_name", "column_number", "json_path", "page_number", "record_index_in_array", "row_number"];
            let keys: Vec<&String> = o.as_object().unwrap().keys().collect();
            assert!(!keys.is_empty() && keys.iter().all(|k| known.contains(&k.as_str())), "{o}");
        }
        let more = &e["unmapped"];
        let key = (text(&more["dataset"]), text(&more["field"]), text(&detail["type"]));
        *counts.entry(key).or_default() += security["total"].as_u64().unwrap();
    }
    assert!(events.len() > 100);
    assert_eq!(counts, counted(b));
}

#[test]
fn macie_results_are_whole_and_there_is_one_for_each_object() {
    let (b, _, scan) = sample_scan();
    let results = lines(b, "macie");
    assert_eq!(results.len() as u64, scan["objects"]["listed"].as_u64().unwrap());
    let (mut all, mut paths, mut codes) = (0, BTreeSet::new(), BTreeMap::new());
    let mut kinds = BTreeSet::new();
    for r in &results {
        fits(MACIE, r);
        let result = &r["classificationDetails"]["result"];
        let code = text(&result["status"]["code"]);
        assert_eq!(code != "COMPLETE", result["status"]["reason"].is_string(), "{r}");
        *codes.entry(code).or_insert(0) += 1;
        paths.insert(text(&r["resourcesAffected"]["s3Object"]["path"]));
        let mut sum = 0;
        for data in list(result, "/sensitiveData") {
            fits(MACIE_DATA, data);
            let mut total = 0;
            for d in list(data, "/detections") {
                fits(MACIE_DETECTION, d);
                total += d["count"].as_u64().unwrap();
                kinds.extend(d["occurrences"].as_object().unwrap().keys().cloned());
            }
            assert_eq!(data["totalCount"], total);
            sum += total;
        }
        let mut own = 0;
        for d in list(result, "/customDataIdentifiers/detections") {
            fits(MACIE_CUSTOM, d);
            own += d["count"].as_u64().unwrap();
        }
        assert_eq!(result["customDataIdentifiers"]["totalCount"], own);
        assert_eq!(r["count"], sum + own);
        assert_eq!(sum + own > 0, r["type"].is_string(), "{r}");
        all += sum + own;
    }
    assert_eq!(paths.len(), results.len());
    assert_eq!(all, counted(b).values().sum::<u64>());
    let basis = &b.json(&["map"])["basis"];
    let unread = results.iter().filter(|r| r["classificationDetails"]["result"]["status"]["code"] == "SKIPPED").count();
    assert_eq!(unread as u64, basis["unread_objects"].as_u64().unwrap());
    assert!(codes["COMPLETE"] > 10 && codes["PARTIAL"] > 0, "{codes:?}");
    let known = ["cells", "lineRanges", "offsetRanges", "pages", "records"];
    assert!(kinds.iter().all(|k| known.contains(&k.as_str())) && kinds.contains("cells") && kinds.contains("records"), "{kinds:?}");
}

#[test]
fn lineage_events_tag_what_the_map_shows() {
    let (b, ..) = sample_scan();
    let map = b.json(&["map"]);
    let datasets = list(&map, "/datasets");
    let events = lines(b, "openlineage");
    assert_eq!(events.len(), datasets.len());
    let (mut tagged, mut names) = (BTreeSet::new(), BTreeSet::new());
    for (e, d) in events.iter().zip(datasets) {
        fits(LINEAGE, e);
        assert!(names.insert((text(&e["dataset"]["namespace"]), text(&e["dataset"]["name"]))), "a name twice: {e}");
        for f in list(e, "/dataset/facets/schema/fields") {
            assert!(!text(&f["name"]).is_empty());
        }
        for t in list(e, "/dataset/facets/tags/tags") {
            fits(LINEAGE_TAG, t);
            let field = t.get("field").map(text).unwrap_or_default();
            tagged.insert((text(&d["name"]), field, text(&t["value"])));
        }
    }
    assert_eq!(tagged, counted(b).into_keys().collect());
}

/// A sample: name, labels, value.
type Sample = (String, BTreeMap<String, String>, f64);

/// Reads the text format: HELP, TYPE, then the samples of that name; `name{label="value",…} number`.
fn samples(page: &str) -> Vec<Sample> {
    let is_name = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') && !s.as_bytes()[0].is_ascii_digit();
    assert!(page.ends_with('\n'));
    let (mut out, mut family, mut seen) = (Vec::new(), String::new(), BTreeSet::new());
    let mut help = None;
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, words) = rest.split_once(' ').unwrap();
            assert!(is_name(name) && !words.is_empty() && seen.insert(name.to_owned()), "{line}");
            help = Some(name.to_owned());
            continue;
        }
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert_eq!((Some(name.to_owned()), kind), (help.take(), "gauge"), "{line}");
            family = name.to_owned();
            continue;
        }
        let end = line.find(['{', ' ']).unwrap();
        let (name, mut rest) = line.split_at(end);
        assert_eq!(name, family, "{line}");
        let mut labels = BTreeMap::new();
        if let Some(inner) = rest.strip_prefix('{') {
            rest = inner;
            loop {
                let (label, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("{line}"));
                assert!(is_name(label), "{line}");
                let (mut value, mut chars) = (String::new(), after.char_indices());
                let close = loop {
                    match chars.next().unwrap_or_else(|| panic!("{line}")) {
                        (i, '"') => break i,
                        (_, '\\') => value.push(match chars.next().unwrap().1 {
                            'n' => '\n',
                            c @ ('\\' | '"') => c,
                            c => panic!("\\{c} in {line}"),
                        }),
                        (_, c) => value.push(c),
                    }
                };
                assert!(labels.insert(label.to_owned(), value).is_none(), "{line}");
                rest = &after[close + 1..];
                match rest.strip_prefix(',') {
                    Some(next) => rest = next,
                    None => break,
                }
            }
            rest = rest.strip_prefix('}').unwrap_or_else(|| panic!("{line}"));
        }
        let value: f64 = rest.strip_prefix(' ').and_then(|n| n.parse().ok()).unwrap_or_else(|| panic!("{line}"));
        out.push((name.to_owned(), labels, value));
    }
    let distinct: BTreeSet<_> = out.iter().map(|s| (&s.0, &s.1)).collect();
    assert_eq!(distinct.len(), out.len(), "a sample twice");
    out
}

#[test]
fn prometheus_reads_the_numbers_of_the_map() {
    let (b, _, scan) = sample_scan();
    let all = samples(&export(b, "prometheus"));
    let of = |name: &str| all.iter().filter(|s| s.0 == name).collect::<Vec<_>>();
    let map = b.json(&["map"]);
    let number = |v: &Value| v.as_u64().unwrap() as f64;
    assert_eq!(of("piimap_consumers")[0].2, number(&map["consumers"]));
    assert_eq!(of("piimap_objects_unread")[0].2, number(&map["basis"]["unread_objects"]));
    assert_eq!(of("piimap_objects_partial")[0].2, number(&map["basis"]["partial_objects"]));
    assert_eq!(of("piimap_objects").iter().map(|s| s.2).sum::<f64>(), number(&scan["objects"]["listed"]));
    let mut sightings: BTreeMap<(String, String), f64> = BTreeMap::new();
    for ((dataset, _, classifier), n) in counted(b) {
        *sightings.entry((dataset, classifier)).or_default() += n as f64;
    }
    let pair = |s: &Sample| (s.1["dataset"].clone(), s.1["classifier"].clone());
    assert_eq!(of("piimap_sightings").into_iter().filter(|s| s.2 > 0.0).map(|s| (pair(s), s.2)).collect::<BTreeMap<_, _>>(), sightings);
    let kinds: BTreeMap<_, _> = of("piimap_classifier_consumers").into_iter().map(|s| (pair(s), s.2)).collect();
    assert!(!kinds.is_empty() && kinds.keys().all(|k| sightings.contains_key(k)));
    for d in list(&map, "/datasets") {
        let name = text(&d["name"]);
        let mine = |s: &&Sample| s.1["dataset"] == name;
        let total = of("piimap_dataset_consumers").into_iter().find(mine).unwrap().2;
        assert_eq!(total, number(&d["consumers"]), "{name}");
        let most = kinds.iter().filter(|(k, _)| k.0 == name).map(|(_, n)| *n).fold(0.0, f64::max);
        assert!(most <= total, "{name}: {most} {total}");
        let age = of("piimap_data_age_seconds").into_iter().find(mine).unwrap().2;
        assert!(age >= 0.0, "{name} is {age} seconds old");
    }
}

#[test]
fn nothing_personal_is_told() {
    let planted = Planted::new();
    let (b, ..) = sample_scan();
    for format in FORMATS {
        planted.absent(format, export(b, format).as_bytes());
    }
    let jane = "jane.roe@corp.example.com";
    let b = Bench::new();
    for folder in ["a", "b"] {
        b.write(&format!("data/{folder}/{jane}.csv"), format!("email,note\n{jane},a letter\n"));
    }
    b.write("data/x.json", format!("{{\"{jane}\": {{\"phone\": \"+1 207 555 0142\"}}}}\n"));
    b.scan("data", &[]);
    for format in FORMATS {
        let page = export(&b, format);
        assert!(!page.contains("jane.roe") && !page.contains("555 0142") && page.contains("{generic.email}"), "{format}: {page}");
    }
}

#[test]
fn exports_are_the_same_each_time() {
    let (b, ..) = sample_scan();
    for format in FORMATS {
        // How old data are is the one number that changes by itself.
        let page =
            || export(b, format).lines().filter(|l| !l.starts_with("piimap_data_age_seconds{")).map(str::to_owned).collect::<Vec<_>>();
        let first = page();
        assert!(first.len() > 5);
        assert_eq!(first, page(), "{format}");
    }
    // Whoever asks for JSON of all commands asks for nothing else here.
    assert_eq!(b.run(&["export", "macie", "--format", "json"]).stdout, export(b, "macie"));
}

#[test]
fn ids_stay_when_other_objects_change() {
    let b = Bench::new();
    b.write("d/a.csv", "email\nada@example.com\n");
    b.scan("d", &[]);
    let id = |e: &Value| text(&e["finding_info"]["uid"]);
    let first = lines(&b, "ocsf");
    assert_eq!((first.len(), &first[0]["activity_id"]), (1, &1.into()));
    b.write("d/b.csv", "email\ngrace@example.org\n");
    b.scan("d", &[]);
    let second = lines(&b, "ocsf");
    assert_eq!(second.len(), 2);
    assert_eq!((id(&second[0]), &second[0]["activity_id"], &second[1]["activity_id"]), (id(&first[0]), &2.into(), &1.into()));
    b.write("d/a.csv", "email\nada@example.com\nmary@example.com\n");
    b.scan("d", &[]);
    let third = lines(&b, "ocsf");
    assert_eq!(third.len(), 2);
    assert!(id(&third[0]) != id(&first[0]) && id(&third[1]) == id(&second[1]));
}

#[test]
fn what_was_judged_is_suppressed_or_left_out() {
    let b = Bench::new();
    b.write("d/a.csv", "email,contact\nada@example.com,grace@example.org\n");
    b.write(
        "v.toml",
        "[[verdict]]\ndataset = \"*\"\nfield = \"contact\"\nverdict = \"wrong\"\nreviewer = \"ann\"\nreason = \"x\"\ndate = \"2026-11-21\"\n",
    );
    b.scan("d", &[]);
    let run = |format| {
        let done = b.run(&["export", format, "--config", "v.toml"]);
        assert_eq!(done.status, Some(0), "{}", done.stderr);
        done
    };
    let events = run("ocsf").lines();
    let state: Vec<_> = events.iter().map(|e| (text(&e["unmapped"]["field"]), e["status_id"].as_u64().unwrap())).collect();
    assert_eq!(state, [("contact".to_owned(), 3), ("email".to_owned(), 1)]);
    assert_eq!(run("macie").json()["count"], 1);
    assert_eq!(list(&run("openlineage").json(), "/dataset/facets/tags/tags").len(), 1);
    let sightings: f64 = samples(&run("prometheus").stdout).iter().filter(|s| s.0 == "piimap_sightings").map(|s| s.2).sum();
    assert_eq!(sightings, 1.0);
}

#[test]
fn hostile_names_stay_in_their_place() {
    let b = Bench::new();
    b.write("d/a\"b\\c{d=\"e\"}/x 1.csv", "na\"me,\"e\\m\"\nada@example.com,grace@example.org\n");
    b.scan("d", &[]);
    for format in ["ocsf", "macie", "openlineage"] {
        assert!(!lines(&b, format).is_empty());
    }
    let page = export(&b, "prometheus");
    assert!(samples(&page).iter().any(|s| s.1.get("dataset").is_some_and(|d| d.contains("a\"b\\c{d=\"e\"}"))), "{page}");
}

#[test]
fn a_file_is_there_whole_or_not_at_all() {
    let b = Bench::new();
    b.write("d/a.csv", "email\nada@example.com\n");
    b.scan("d", &[]);
    b.write("out/findings.jsonl", "old");
    let done = b.run(&["export", "ocsf", "--out", "out/findings.jsonl"]);
    assert_eq!((done.status, done.stdout.as_str()), (Some(0), ""), "{}", done.stderr);
    assert!(done.stderr.contains("findings.jsonl written"));
    assert_eq!(std::fs::read_to_string(b.path("out/findings.jsonl")).unwrap(), export(&b, "ocsf"));
    assert_eq!(b.run(&["export", "ocsf", "--out", "-"]).stdout, export(&b, "ocsf"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(b.path("out/findings.jsonl")).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
    }
    // A folder cannot be replaced by a file: what was begun beside it goes.
    std::fs::create_dir_all(b.path("out/folder")).unwrap();
    let done = b.run(&["export", "macie", "--out", "out/folder"]);
    assert!(done.status == Some(2) && done.stderr.contains("cannot write out/folder"), "{}", done.stderr);
    let left: BTreeSet<_> = std::fs::read_dir(b.path("out")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
    assert_eq!(b.run(&["export", "macie", "--out", "no/folder/x"]).status, Some(2));
    for wrong in [&["export", "asff"][..], &["export", "asff", "--account", "12", "--region", "eu-central-1"], &["export", "sarif"]] {
        assert_eq!(b.run(wrong).status, Some(2), "{wrong:?}");
    }
}
