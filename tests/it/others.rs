//! Files that other projects test their readers with: each is read as `tests/data/formats/EXPECTED.tsv` says, or for the
//! reason that it says. Where they come from and under which licence stands in `SOURCES.md` beside them.

use std::collections::BTreeMap;

use crate::support::Bench;
use crate::support::bench::{copy, repository};

#[test]
fn files_of_other_projects_are_read_or_have_a_reason() {
    let b = Bench::new();
    let data = repository().join("tests/data/formats");
    copy(&data, &b.path("in"));
    for beside in ["SOURCES.md", "EXPECTED.tsv"] {
        std::fs::remove_file(b.path("in").join(beside)).unwrap();
    }
    let done = b.run(&["scan", "in", "--format", "json"]);
    assert_eq!((done.status, done.stderr.as_str()), (Some(3), ""));
    let root = b.path("in").to_string_lossy().into_owned() + "/";
    let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for l in b.run(&["coverage", "--format", "json"]).lines() {
        let uri = l["uri"].as_str().unwrap().strip_prefix(&root).unwrap().to_owned();
        let member = l["member"].as_str().map(|m| format!("{m}: ")).unwrap_or_default();
        reasons.entry(uri).or_default().push(format!("{member}{}", l["reason"].as_str().unwrap()));
    }
    let db = rusqlite::Connection::open(b.path("piimap.db")).unwrap();
    let mut q =
        db.prepare("SELECT uri, status, coalesce(kind, '-'), records, decoded FROM object WHERE published = 1 ORDER BY uri").unwrap();
    let rows = q.query_map([], |r| {
        Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?, r.get::<_, String>(2)?, r.get::<_, i64>(3)?, r.get::<_, i64>(4)?))
    });
    let mut told = String::new();
    for row in rows.unwrap() {
        let (uri, status, kind, records, decoded) = row.unwrap();
        let uri = uri.strip_prefix(&root).unwrap();
        let mut why = reasons.remove(uri).unwrap_or_default();
        why.dedup();
        assert!(status == "read" || !why.is_empty(), "{uri} is {status} without a reason");
        told += &format!("{uri}\t{status}\t{kind}\t{records}\t{decoded}\t{}\n", why.join("; "));
    }
    assert!(reasons.is_empty(), "{reasons:?}");
    let expected = data.join("EXPECTED.tsv");
    if std::env::var_os("EXPECTED_UPDATE").is_some() {
        std::fs::write(&expected, format!("file\tstatus\tkind\trecords\tbytes\treasons\n{told}")).unwrap();
    }
    let want = std::fs::read_to_string(expected).unwrap();
    let want: Vec<&str> = want.lines().skip(1).collect();
    assert_eq!(want.len(), 168);
    let wrong: Vec<String> = told
        .lines()
        .filter(|l| !want.contains(l))
        .map(|l| format!("is   {l}"))
        .chain(want.iter().filter(|w| !told.lines().any(|l| l == **w)).map(|w| format!("want {w}")))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
