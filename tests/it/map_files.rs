//! The map as a page, as CSV and as Markdown: whole, well-formed, and the same as the JSON.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::html::{attributes, well_formed};
use crate::support::{Bench, sample_scan};

fn html(b: &Bench) -> String {
    let done = b.run(&["map", "--html", "-"]);
    assert_eq!(done.status, Some(0), "{}", done.stderr);
    done.stdout
}

#[test]
fn the_page_is_whole_and_stands_alone() {
    let (b, ..) = sample_scan();
    let page = html(b);
    let tags = well_formed(&page);
    for tag in ["html lang=\"en\"", "main id=\"main\"", "header", "footer", "h1"] {
        assert_eq!(tags.iter().filter(|t| **t == tag).count(), 1, "{tag}");
    }
    // Nothing is fetched from anywhere.
    for word in ["http://", "https://", "src=", "url(", "@import", "<link"] {
        assert!(!page.contains(word), "{word}");
    }
    let ids = attributes(&page, "id");
    let distinct: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), distinct.len(), "an id twice");
    let inside = attributes(&page, "href").into_iter().map(|h| h.strip_prefix('#').expect("a link elsewhere"));
    for target in inside.chain(attributes(&page, "aria-labelledby")).chain(attributes(&page, "for")) {
        assert!(distinct.contains(target), "nothing is called {target}");
    }
    let map = b.json(&["map"]);
    assert!(page.contains(&format!("<dt>Consumers</dt><dd>{}</dd>", map["consumers"])));
    for d in map["datasets"].as_array().unwrap() {
        let name = d["name"].as_str().unwrap();
        let linked = page.contains(&format!("</b>{name}</h3>"));
        let clean = page.contains(&format!("<li>{name}: "));
        assert!(linked != clean && clean == d["fields"].as_array().unwrap().is_empty(), "{name}");
    }
    assert!(page.contains("misc/backup.bin"), "what could not be read is missing");
}

#[test]
fn hostile_names_stay_text() {
    let b = Bench::new();
    let line = r#"{"<script>alert(2)</script>":"ada@example.com","=cmd|'/c calc'!A0":"grace@example.org"}"#;
    b.write("d/<img src=x onerror=alert(1)>.jsonl", format!("{line}\n{line}\n"));
    b.scan("d", &[]);
    let page = html(&b);
    well_formed(&page);
    assert!(!page.contains("<img") && page.matches("<script>").count() == 1);
    assert!(page.contains("&lt;script&gt;alert(2)"));
    let csv = b.run(&["map", "--csv"]).stdout;
    assert!(csv.contains(",\"'=cmd|'/c calc'!A0\","), "{csv}");
    let markdown = b.run(&["map", "--markdown"]).stdout;
    assert!(markdown.contains("\\<script\\>") && markdown.contains("=cmd\\|"), "{markdown}");
}

#[test]
fn a_page_of_an_empty_index_says_so() {
    let b = Bench::new();
    b.write("d/readme.txt", "nothing here");
    b.scan("d", &[]);
    let page = html(&b);
    well_formed(&page);
    assert!(page.contains("No personal data was found.") && page.contains("Everything that was listed was read"));
}

#[test]
fn the_file_is_private() {
    let b = Bench::new();
    b.write("d/a.csv", "email\nada@example.com\n");
    b.scan("d", &[]);
    let done = b.run(&["map", "--html", "map.html"]);
    assert_eq!((done.status, done.stdout.as_str()), (Some(0), ""));
    assert!(done.stderr.contains("map.html written"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(b.path("map.html")).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let done = b.run(&["map", "--html", "no/such/folder/map.html"]);
    assert_eq!(done.status, Some(2));
    assert!(done.stderr.contains("cannot write no/such/folder/map.html"), "{}", done.stderr);
}

#[test]
fn csv_and_json_say_the_same() {
    let (b, ..) = sample_scan();
    let done = b.run(&["map", "--csv"]);
    let mut rows = csv::Reader::from_reader(done.stdout.as_bytes());
    let head = rows.headers().unwrap().clone();
    let column = |name: &str| head.iter().position(|h| h == name).unwrap();
    let mut got = BTreeSet::new();
    for row in rows.records() {
        let row = row.unwrap();
        let cell = |name: &str| row[column(name)].to_owned();
        got.insert(["dataset", "field", "classifier", "count", "counted", "allowed", "field_consumers", "dataset_consumers"].map(cell));
    }
    let map = b.json(&["map"]);
    let mut want = BTreeSet::new();
    let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    for d in map["datasets"].as_array().unwrap() {
        let fields = d["fields"].as_array().unwrap();
        if fields.is_empty() {
            let none = String::new;
            want.insert([text(&d["name"]), none(), none(), none(), none(), none(), none(), text(&d["consumers"])]);
        }
        for f in fields {
            for c in f["classifiers"].as_array().unwrap() {
                let numbers = [&c["count"], &c["counted"], &c["allowed"], &f["consumers"], &d["consumers"]];
                let all = [&d["name"], &f["name"], &c["id"]].into_iter().chain(numbers).map(text).collect::<Vec<_>>();
                want.insert(all.try_into().unwrap());
            }
        }
    }
    assert_eq!(got, want);
    assert_eq!(b.run(&["map", "--json"]).stdout, b.run(&["map", "--format", "json"]).stdout);
}

#[test]
fn what_a_verdict_takes_out_is_told_in_every_form() {
    let b = Bench::new();
    b.write("data/people.csv", "email\nann.lee@example.com\nbob.ray@example.com\n");
    let verdict = |dataset: &str| {
        let all = "verdict = \"wrong\"\nreviewer = \"ann\"\nreason = \"made up\"\ndate = \"2026-11-21\"\n";
        format!("[[verdict]]\ndataset = \"{dataset}\"\nfield = \"email\"\n{all}")
    };
    b.write("piimap.toml", verdict("**") + &verdict("nosuch/*"));
    assert_eq!(b.scan("data", &[]).0, Some(0));
    let done = b.run(&["map", "--csv"]);
    assert!(done.stdout.contains(",2,0,0,wrong,"), "{}", done.stdout);
    assert!(done.stderr.contains("is about nothing in the index: dataset nosuch/*, field email"), "{}", done.stderr);
    assert!(!done.stderr.contains("dataset **"), "{}", done.stderr);
    assert!(b.run(&["map", "--markdown"]).stdout.contains("| 2 (0 counted) |"));
    assert!(html(&b).contains("<td>2 (0 counted)</td>"));
    let refused = b.run(&["export", "prometheus", "--format", "json"]);
    assert!(refused.status == Some(2) && refused.stderr.contains("do not go together"), "{}", refused.stderr);
}

#[test]
fn json_is_printed_beside_files_and_never_left_out_unsaid() {
    let b = Bench::new();
    b.write("data/people.csv", "email\nann.lee@example.com\n");
    assert_eq!(b.scan("data", &[]).0, Some(0));
    for args in [&["map", "--html", "m.html"][..], &["map", "--parquet", "m.parquet"], &["map", "--records", "gdpr", "--html", "r.html"]] {
        for json in [&["--format", "json"][..], &["--json"]] {
            let done = b.run(&[args, json].concat());
            assert!(done.status == Some(0) && done.json().is_object() && b.path(args[args.len() - 1]).exists(), "{args:?}: {done:?}");
            std::fs::remove_file(b.path(args[args.len() - 1])).unwrap();
        }
    }
    for args in [&["map", "--csv"][..], &["map", "--markdown"], &["map", "--html", "-"], &["map", "--records", "gdpr", "--csv"]] {
        for json in [&["--format", "json"][..], &["--json"]] {
            let done = b.run(&[args, json].concat());
            assert!(done.status == Some(2) && done.stderr.contains("and JSON do not go together"), "{args:?}: {done:?}");
        }
        assert_eq!(b.run(args).status, Some(0), "{args:?}");
    }
}

/// The program's own output, by its name: what was there before stays.
#[cfg(target_os = "linux")]
#[test]
fn standard_output_is_a_file_to_write_to() {
    let b = Bench::new();
    b.write("data/people.csv", "email\nann.lee@example.com\n");
    assert_eq!(b.scan("data", &[]).0, Some(0));
    let page = b.run(&["map", "--html", "-"]).stdout;
    let piped = b.run(&["map", "--html", "/dev/stdout"]).stdout;
    assert_eq!(piped.lines().count(), page.lines().count());
    let head = page.lines().next().unwrap();
    assert!(piped.starts_with(head) && piped.trim_end().ends_with("</html>"), "{piped}");
    let into = b.write("out", "before\n");
    let out = std::fs::OpenOptions::new().append(true).open(&into).unwrap();
    assert!(b.command(&["map", "--html", "/dev/stdout"]).stdout(out).status().unwrap().success());
    let both = std::fs::read_to_string(&into).unwrap();
    assert!(both.starts_with(&format!("before\n{head}")) && both.trim_end().ends_with("</html>"), "{both}");
}
