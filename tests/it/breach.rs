//! Who is affected, whom the law says to tell, by when.

use serde_json::{Value, json};

use crate::support::Bench;

fn n(certain: u64, likely: u64, upper: u64) -> Value {
    json!({"certain": certain, "likely": likely, "upper": upper})
}

fn jurisdiction<'a>(doc: &'a Value, code: &str) -> &'a Value {
    let all = doc["jurisdictions"].as_array().unwrap();
    all.iter().find(|j| j["code"] == code).unwrap_or_else(|| panic!("no {code} in {doc}"))
}

fn rule(j: &Value, id: &str) -> Value {
    j["rules"].as_array().unwrap().iter().find(|r| r["id"] == id).map_or(Value::Null, |r| r["consumers"].clone())
}

/// Social security numbers that nobody has been given until 2011 and that every check accepts.
fn ssn(i: u32) -> String {
    format!("5{:02}-{:02}-{:04}", 10 + i % 70, 11 + i / 70 % 80, 1200 + i)
}

/// People of a state: name, e-mail address, SSN, ZIP code, state.
fn people(from: u32, to: u32, state: &str, zip: &str) -> String {
    (from..to).map(|i| format!("Ada Winter,ada.winter{i}@example.com,{},{zip},{state}\n", ssn(i))).collect()
}

const HEAD: &str = "full_name,email,ssn,zip,state\n";

#[test]
fn rules_and_deadlines_by_state() {
    let b = Bench::new();
    b.write("data/a.csv", format!("{HEAD}{}{}", people(0, 30, "CA", "94110"), people(30, 42, "TX", "78701")));
    b.write("data/b.csv", "full_name,email,state,zip\nBen Summer,ben.summer@example.com,NV,89101\n");
    // A joint application: two numbers, nobody knows whose the name is.
    b.write("data/c.csv", format!("full_name,ssn,co_applicant_ssn,zip,state\nCleo Vale,{},{},94110,CA\n", ssn(900), ssn(901)));
    b.write("data/d.txt", format!("Note of 3 May: Dora Quill called, SSN: {}.\n", ssn(950)));
    assert_eq!(b.scan("data", &[]).0, Some(0));
    let ask = ["breach", "--object", "**", "--discovered", "2026-11-21", "--determined", "2026-11-25"];
    let doc = b.json(&ask);
    assert_eq!(doc["consumers"], n(46, 46, 46), "{doc}");
    let ca = jurisdiction(&doc, "CA");
    assert_eq!(rule(ca, "CA-01")["certain"], 30);
    assert_eq!(ca["requiring_notice"]["certain"], 30);
    assert_eq!((&ca["consumer_deadline"], &ca["clock"]), (&json!("2026-12-21"), &json!("discovery 2026-11-21, America/Los_Angeles")));
    assert_eq!(ca["regulator"]["required"], false, "not above 500 residents");
    assert_eq!(ca["private_action"]["consumers"]["certain"], 30);
    let tx = jurisdiction(&doc, "TX");
    assert_eq!(tx["consumer_deadline"], "2027-01-24");
    assert_eq!(tx["clock"], "determination 2026-11-25, America/Chicago");
    let nv = jurisdiction(&doc, "NV");
    assert_eq!(
        (&nv["residents"]["certain"], &nv["requiring_notice"]["certain"]),
        (&json!(1), &json!(0)),
        "a name and an address are no duty"
    );
    assert!(nv["consumer_deadline"].is_null() && nv["deadline_why"].as_str().unwrap().contains("no number of days"));
    // The two of the joint application and the one of the note: possible, not certain, and of unknown residence.
    assert_eq!(doc["unknown_residence"]["certain"], 3);
    assert_eq!(rule(ca, "CA-01"), n(30, 30, 33), "those whose state is not known may be Californians");
    assert_eq!(doc["jurisdictions"][0]["code"], "CA", "the earliest deadline first");
    assert_eq!(doc["basis"]["law"]["as_of"], "2026-11-21");
    let unsure = doc["basis"]["law"]["low_confidence_cells"].as_array().unwrap();
    assert!(unsure.contains(&json!("CA.private_action")), "{unsure:?}");

    // Days that wait for a moment are told, and come after those that are known.
    let done = b.run(&["breach", "--object", "a.csv", "--discovered", "2026-11-21"]);
    let at = |what: &str| done.stdout.find(what).unwrap_or_else(|| panic!("no {what:?} in {}", done.stdout));
    assert!(at("2026-12-21") < at("60 d from determination"));
    assert!(done.stdout.lines().all(|l| l.chars().count() <= 80), "{}", done.stdout);

    // Without days there are no deadlines, and it says what is missing.
    let doc = b.json(&["breach", "--object", "**"]);
    let ca = jurisdiction(&doc, "CA");
    assert!(ca["consumer_deadline"].is_null() && ca["clock"].is_null());
    assert!(ca["deadline_why"].as_str().unwrap().contains("--discovered"));

    let text = b.run(&ask).stdout;
    assert!(text.lines().all(|l| l.chars().count() <= 80), "{text}");
    assert!(text.contains("2026-12-21") && text.contains("No legal advice"), "{text}");
}

#[test]
fn a_threshold_is_told_from_all_three_numbers() {
    let b = Bench::new();
    for (name, certain, unknown) in [("at.csv", 500, 0), ("above.csv", 501, 0), ("perhaps.csv", 500, 1)] {
        let rest: String = people(600, 600 + unknown, "", "");
        b.write(&format!("data/{name}"), format!("{HEAD}{}{rest}", people(0, certain, "CA", "94110")));
    }
    assert_eq!(b.scan("data", &[]).0, Some(0));
    for (name, required, notice) in [
        ("at.csv", json!(false), n(500, 500, 500)),
        ("above.csv", json!(true), n(501, 501, 501)),
        ("perhaps.csv", json!("depends"), n(500, 500, 501)),
    ] {
        let doc = b.json(&["breach", "--object", name]);
        let ca = jurisdiction(&doc, "CA");
        assert_eq!((&ca["regulator"]["required"], &ca["requiring_notice"]), (&required, &notice), "{name}");
        assert_eq!(ca["regulator"]["threshold"], "> 500");
    }
}

#[test]
fn a_folder_of_tables_goes_before_the_law_that_is_built_in() {
    let b = Bench::new();
    b.write("data/a.csv", format!("{HEAD}{}", people(0, 30, "CA", "94110")));
    b.write("law/statutes.tsv", "juris\tconsumer_days\treg_threshold_n\nCA\t10\t29\n");
    b.write("bad/statutes.tsv", "juris\tconsumer_days\nCA\tsoon\n");
    assert_eq!(b.scan("data", &[]).0, Some(0));
    let doc = b.json(&["breach", "--object", "**", "--law", "law", "--discovered", "2028-02-20"]);
    let ca = jurisdiction(&doc, "CA");
    assert_eq!((&ca["consumer_deadline"], &ca["regulator"]["required"]), (&json!("2028-03-01"), &json!(true)));
    assert_eq!(doc["basis"]["law"]["overrides"], json!(["statutes.tsv"]));
    assert_ne!(doc["basis"]["law"]["hash"], b.json(&["breach", "--object", "**"])["basis"]["law"]["hash"]);
    let done = b.run(&["breach", "--object", "**", "--law", "bad"]);
    assert_eq!(done.status, Some(2));
    assert!(done.stderr.contains("\"soon\""), "{}", done.stderr);
}

#[test]
fn tables_pages_and_a_bundle_that_shows_every_touch() {
    let b = Bench::new();
    b.write("data/a.csv", format!("{HEAD}{}", people(0, 30, "CA", "94110")));
    assert_eq!(b.scan("data", &[]).0, Some(0));
    let ask = [
        "breach",
        "--object",
        "**",
        "--discovered",
        "2026-11-21",
        "--csv",
        "a.csv",
        "--html",
        "a.html",
        "--bundle",
        "case",
        "--sign-key",
        "sign.key",
    ];
    let done = b.run(&[&ask[..], &["--reason", "case 17, about ada.winter3@example.com"]].concat());
    assert_eq!(done.status, Some(0), "{}", done.stderr);
    let read = |name: &str| std::fs::read_to_string(b.path(name)).unwrap();
    let csv = read("a.csv");
    assert!(csv.starts_with("jurisdiction,rule,") && csv.contains("\r\nCA,CA-01,ssn,30,30,30,"), "{csv}");
    let page = read("a.html");
    assert!(page.contains("CA-01") && page.contains("2026-12-21") && !page.contains("://"), "{page}");
    for name in
        ["question.json", "answer.json", "answer.txt", "people.jsonl", "objects.jsonl", "law/rules.tsv", "manifest.json", "manifest.sig"]
    {
        let text = read(&format!("case/{name}"));
        assert!(!text.is_empty() && !text.contains("ada.winter") && !text.contains(&ssn(3)), "{name}");
    }
    assert_eq!(read("case/people.jsonl").lines().count(), 30);

    let verify = |more: &[&str]| b.run(&[&["verify-bundle", "case"], more].concat());
    let good = verify(&[]);
    assert_eq!(good.status, Some(0), "{}{}", good.stdout, good.stderr);
    assert!(good.stdout.contains("Untouched since signed"), "{}", good.stdout);
    let public = verify(&["--format", "json"]).json()["public_key"].as_str().unwrap().to_owned();
    assert_eq!(verify(&["--public-key", &public]).status, Some(0));
    assert_eq!(verify(&["--public-key", &"ab".repeat(32)]).status, Some(1));
    let list = read("case/people.jsonl");
    b.write("case/people.jsonl", list.lines().skip(1).map(|l| format!("{l}\n")).collect::<String>());
    let touched = verify(&[]);
    assert!(touched.status == Some(1) && touched.stdout.contains("people.jsonl was changed"), "{}", touched.stdout);
    b.write("case/people.jsonl", list);
    assert_eq!(verify(&[]).status, Some(0));

    // Who asked, without what: and no line can go.
    assert_eq!(b.run(&["find", "ada.winter1@example.com"]).status, Some(0));
    assert_eq!(b.run_with(&["find", "-"], b"ada.winter2@example.com\n").status, Some(0));
    let audit = read("piimap.db.audit");
    let lines: Vec<Value> = audit.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let commands: Vec<&str> = lines.iter().map(|l| l["command"].as_str().unwrap()).collect();
    assert_eq!(commands, ["breach", "find", "find"]);
    assert_eq!(lines[0]["reason"], "case 17, about {generic.email}");
    assert!(!audit.contains("ada.winter") && lines[1]["query"] != lines[2]["query"]);
    assert_eq!(b.run(&["audit", "check"]).status, Some(0));
    let kept: Vec<&str> = audit.lines().collect();
    b.write("piimap.db.audit", format!("{}\n{}\n", kept[0], kept[2]));
    let broken = b.run(&["audit", "check"]);
    assert!(broken.status == Some(1) && broken.stdout.contains("line 2"), "{}", broken.stdout);
    b.write("piimap.db.audit", "");
    assert_eq!(verify(&[]).status, Some(1), "the line of the bundle is gone");
    b.write("piimap.db.audit", format!("{}\n{}\n", kept[0], kept[1]));
    let cut = b.run(&["audit", "check"]);
    assert!(cut.status == Some(1) && cut.stdout.contains("ends before line 3"), "the last line is gone: {}", cut.stdout);
    std::fs::remove_file(b.path("piimap.db.audit")).unwrap();
    assert_eq!(b.run(&["audit", "check"]).status, Some(1), "all of it is gone");
    // Another index was never asked; one that is not there is no answer.
    let typo = b.run(&["audit", "check", "--index", "typo.db"]);
    assert!(typo.status == Some(2) && typo.stderr.contains("typo.db"), "{}", typo.stderr);
    // A line that was cut off by a power failure keeps nobody from asking.
    b.write("piimap.db.audit", format!("{audit}{{\"ans"));
    assert_eq!(b.run(&["find", "ada.winter1@example.com"]).status, Some(0));
    let torn = b.run(&["audit", "check"]);
    assert!(torn.status == Some(0) && torn.stdout.contains("Line 4 of the file is half-written"), "{}", torn.stdout);
}

#[test]
fn each_tenant_is_answered_for_alone() {
    let b = Bench::new();
    b.write("data/acme/a.csv", format!("{HEAD}{}{}", people(0, 20, "MD", "21201"), people(20, 25, "CA", "94110")));
    // Two of them are customers of both.
    b.write("data/bolt/b.csv", format!("{HEAD}{}{}", people(18, 20, "MD", "21201"), people(30, 33, "TX", "78701")));
    b.write("data/ours/c.csv", format!("{HEAD}{}", people(40, 44, "NY", "10011")));
    assert_eq!(b.scan("data", &[]).0, Some(0));
    let ask = ["breach", "--object", "**", "--discovered", "2026-11-21", "--tenant-packs", "packs"];
    let done = b.run(&ask);
    assert!(done.status == Some(2) && done.stderr.contains("names no tenant"), "{done:?}");
    for (config, says) in [
        ("[[tenant]]\nname = \"a/b\"\ndatasets = [\"x\"]\n", "names files"),
        ("[[tenant]]\nname = \"acme\"\n", "give datasets or uris"),
        ("[[tenant]]\nname = \"x\"\nuris = [\"a\"]\n[[tenant]]\nname = \"X\"\nuris = [\"b\"]\n", "twice"),
    ] {
        b.write("piimap.toml", config);
        let done = b.run(&ask);
        assert!(done.status == Some(2) && done.stderr.contains(says), "{done:?}");
    }
    b.write(
        "piimap.toml",
        "[[tenant]]\nname = \"acme\"\ndatasets = [\"acme/*\"]\n[[tenant]]\nname = \"bolt\"\nuris = [\"**/bolt/**\"]\n[[tenant]]\nname = \"none\"\ndatasets = [\"none\"]\n",
    );
    let doc = b.json(&ask);
    assert_eq!((&doc["consumers"], &doc["scope"]["without_tenant"]), (&n(32, 32, 32), &json!(1)), "{doc}");
    let tenants = doc["tenants"].as_array().unwrap();
    let told = |t: &Value| (t["tenant"].clone(), t["consumers"].clone(), t["owner_notice_deadline"].clone(), t["scope"]["objects"].clone());
    assert_eq!(told(&tenants[0]), (json!("acme"), n(25, 25, 25), json!("2026-12-01"), json!(1)));
    assert_eq!(told(&tenants[1]), (json!("bolt"), n(5, 5, 5), json!("2026-12-01"), json!(1)));
    assert_eq!(tenants.len(), 2, "of whom nothing is in scope is not named");
    assert_eq!(jurisdiction(&tenants[0], "CA")["requiring_notice"], n(5, 5, 5));
    assert!(tenants[0]["jurisdictions"].as_array().unwrap().iter().all(|j| j["code"] != "TX"));
    let text = b.run(&ask).stdout;
    assert!(text.contains("tell first: the owners") && text.contains("1 object version in scope without a tenant"), "{text}");
    assert!(text.lines().all(|l| l.chars().count() <= 80), "{text}");

    let read = |name: &str| std::fs::read_to_string(b.path(&format!("packs/{name}"))).unwrap();
    for (name, other) in [("acme", "bolt"), ("bolt", "acme")] {
        for ext in ["html", "csv", "json", "jsonl"] {
            let pack = read(&format!("{name}.{ext}"));
            assert!(!pack.is_empty() && !pack.contains(other), "{name}.{ext} speaks of {other}");
        }
    }
    assert_eq!((read("acme.jsonl").lines().count(), read("bolt.jsonl").lines().count()), (25, 5));
}

#[test]
fn data_of_yesterday_are_called_stale() {
    let b = Bench::new();
    b.write("data/a.csv", format!("{HEAD}{}", people(0, 3, "CA", "94110")));
    assert_eq!(b.scan("data", &[]).0, Some(0));
    let ask = ["breach", "--object", "**"];
    assert_eq!(b.json(&ask)["basis"]["stale_datasets"], json!([]));
    // Seven hours ago.
    let db = rusqlite::Connection::open(b.path("piimap.db")).unwrap();
    assert!(db.execute("UPDATE run SET started = started - 25200000, completed = completed - 25200000", []).unwrap() > 0);
    assert_eq!(b.json(&ask)["basis"]["stale_datasets"], json!(["a.csv"]));
    assert!(b.run(&ask).stdout.contains("Older than six hours"), "people are told, too");
}
