//! The index as its users see it: what is written comes back, and what must not count does not.

use std::collections::HashSet;
use std::path::PathBuf;

use super::*;
use crate::base::{Object, Reason};
use crate::classify::Classifiers;
use crate::identity::{Certainty, IdHash, Key};

pub(super) struct Bench {
    _dir: tempfile::TempDir,
    pub path: PathBuf,
    pub key: Key,
}

impl Bench {
    pub fn new() -> Bench {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("piimap.db");
        Bench { _dir: dir, path, key: Key::random().unwrap() }
    }

    pub fn writer(&self) -> Writer {
        let mut w = Writer::open(&self.path, &self.key).unwrap();
        w.begin_run(&Classifiers::builtin(), &["test".to_owned()]).unwrap();
        w
    }

    pub fn reader(&self) -> Reader {
        Reader::open(&self.path).unwrap()
    }
}

pub(super) fn listed(uri: &str, version: &str) -> Listed {
    let object = Object { uri: uri.to_owned(), version: version.to_owned(), size: 10, modified: None, until: None };
    Listed { shown: uri.to_owned(), dataset: "d".to_owned(), rules: String::new(), object }
}

pub(super) fn class(id: &str) -> u16 {
    Classifiers::builtin().index_of(id).unwrap()
}

pub(super) fn id(n: u8) -> IdHash {
    IdHash([n; 16])
}

/// An e-mail address and an SSN of one person in rows `0..rows`.
pub(super) fn person(email: u8, ssn: u8) -> Piece {
    let own = |hash, classifier: u16, field| Posting {
        id: hash,
        field,
        classifier,
        certainty: Certainty::Own,
        count: 2,
        places: PlaceList::Rows(vec![(7, 8), (3, 4)]),
    };
    let (e, s) = (class("generic.email"), class("us.ssn"));
    Piece {
        fields: ["", "email", "ssn"].map(|name| PieceField { member: None, name: name.to_owned() }).to_vec(),
        postings: vec![own(id(email), e, 1), own(id(ssn), s, 2)],
        links: vec![WriteLink { row: 3, members: vec![(s, id(ssn)), (e, id(email))] }],
        ..Piece::default()
    }
}

pub(super) fn publish(w: &mut Writer, listed: &Listed, piece: Piece) {
    let o = w.begin_object(listed).unwrap();
    let mut counts: std::collections::BTreeMap<(u32, u16), u64> = Default::default();
    for p in piece.postings.iter().filter(|p| p.certainty <= Certainty::Record) {
        *counts.entry((p.field, p.classifier)).or_default() += p.count;
    }
    let summary =
        |((field, classifier), sightings)| FieldCount { field, classifier, sightings, test_values: 0, cells: sightings, confidence: 1.0 };
    w.piece(o, piece).unwrap();
    w.publish(o, &Published { records: 2, summaries: counts.into_iter().map(summary).collect(), ..Published::default() }).unwrap();
}

fn one(owner: Option<Owner>) -> crate::identity::ConsumerId {
    match owner {
        Some(Owner::Alone(c) | Owner::Linked(c)) => c,
        other => panic!("{other:?} is not one consumer"),
    }
}

#[test]
fn what_is_published_is_found_and_linked() {
    let b = Bench::new();
    let mut w = b.writer();
    publish(&mut w, &listed("/a", "1"), person(1, 2));
    w.finish_run(&RunTotals::default()).unwrap();
    let r = b.reader();
    let places = r.postings(id(1)).unwrap();
    assert_eq!(places.len(), 1);
    assert_eq!(places[0].places, PlaceList::Rows(vec![(3, 4), (7, 8)]), "places come back in order");
    let consumer = one(r.owner_of(id(1)).unwrap());
    assert_eq!(consumer, one(r.owner_of(id(2)).unwrap()));
    assert_eq!(r.identifiers(consumer).unwrap().len(), 2);
    assert_eq!(r.links(id(1)).unwrap()[0].row, 3);
    assert_eq!(r.consumer_counts().unwrap().all, 1);
}

/// A record may name somebody by a number that no other place of its object shows, and another object shows it before or after.
#[test]
fn whom_a_link_alone_names_is_linked_whichever_object_comes_first() {
    let joined = Piece { postings: person(1, 2).postings[..1].to_vec(), ..person(1, 2) };
    let shown = Piece { postings: person(1, 2).postings[1..].to_vec(), links: Vec::new(), ..person(1, 2) };
    for (first, second) in [(&joined, &shown), (&shown, &joined)] {
        let b = Bench::new();
        for (uri, piece) in [("/a", first), ("/b", second)] {
            let mut w = b.writer();
            publish(&mut w, &listed(uri, "1"), piece.clone());
            w.finish_run(&RunTotals::default()).unwrap();
            assert_eq!(b.reader().check().unwrap().problems, Vec::<String>::new(), "after {uri}");
        }
        let r = b.reader();
        assert_eq!(one(r.owner_of(id(1)).unwrap()), one(r.owner_of(id(2)).unwrap()));
        assert_eq!((r.consumer_counts().unwrap().all, r.postings(id(2)).unwrap().len()), (1, 1));
    }
}

#[test]
fn what_was_not_published_is_removed_by_the_next_writer() {
    let b = Bench::new();
    let mut w = b.writer();
    publish(&mut w, &listed("/a", "1"), person(1, 2));
    w.finish_run(&RunTotals::default()).unwrap();
    w.begin_run(&Classifiers::builtin(), &[]).unwrap();
    let o = w.begin_object(&listed("/b", "1")).unwrap();
    w.piece(o, person(3, 4)).unwrap();
    // Dropped in the middle of an object, its rows committed but not published, as by a kill.
    w.commit_for_test();
    drop(w);
    assert!(b.reader().postings(id(3)).unwrap().is_empty(), "unpublished objects do not count");
    drop(b.writer());
    let report = b.reader().check().unwrap();
    assert_eq!((report.dead, report.identifiers, report.problems), (0, 2, Vec::<String>::new()));
    assert_eq!(b.reader().postings(id(1)).unwrap().len(), 1);
}

#[test]
fn a_new_version_replaces_and_keeps_history() {
    let b = Bench::new();
    let mut w = b.writer();
    publish(&mut w, &listed("/a", "1"), person(1, 2));
    w.finish_run(&RunTotals::default()).unwrap();
    let printed = one(b.reader().owner_of(id(1)).unwrap());
    w.begin_run(&Classifiers::builtin(), &[]).unwrap();
    publish(&mut w, &listed("/a", "2"), Piece { links: Vec::new(), ..person(1, 9) });
    w.finish_run(&RunTotals::default()).unwrap();
    let r = b.reader();
    let versions: Vec<bool> = r.postings(id(1)).unwrap().iter().map(|p| r.object(p.object).unwrap().unwrap().current).collect();
    assert_eq!(versions.iter().filter(|c| **c).count(), 1);
    assert_eq!(versions.len(), 2);
    assert_ne!(one(r.owner_of(id(1)).unwrap()), one(r.owner_of(id(2)).unwrap()), "the record that joined them is gone");
    assert!(r.resolve(printed).unwrap().contains(&one(r.owner_of(id(1)).unwrap())), "an id printed once still leads somewhere");
}

#[test]
fn a_vanished_object_ends_only_where_a_listing_covers_it() {
    let b = Bench::new();
    let mut w = b.writer();
    publish(&mut w, &listed("/x/a", "1"), person(1, 2));
    publish(&mut w, &listed("/y/b", "1"), person(3, 4));
    w.finish_run(&RunTotals::default()).unwrap();
    w.begin_run(&Classifiers::builtin(), &[]).unwrap();
    assert_eq!(w.end_gone(&HashSet::new(), &|uri, _| uri.starts_with("/x/")).unwrap(), 1);
    w.finish_run(&RunTotals::default()).unwrap();
    let current: Vec<String> = b.reader().objects(true).unwrap().into_iter().map(|o| o.uri).collect();
    assert_eq!(current, ["/y/b"]);
    assert_eq!(b.reader().consumer_counts().unwrap().all, 1);
}

#[test]
fn an_unreadable_moment_does_not_lose_what_was_read() {
    let b = Bench::new();
    let mut w = b.writer();
    publish(&mut w, &listed("/a", "1"), person(1, 2));
    w.finish_run(&RunTotals::default()).unwrap();
    w.begin_run(&Classifiers::builtin(), &[]).unwrap();
    let o = w.begin_object(&listed("/a", "1")).unwrap();
    let coverage = vec![(None, Reason::Network, "the connection failed".to_owned())];
    w.publish(o, &Published { unread: true, coverage, ..Published::default() }).unwrap();
    w.finish_run(&RunTotals::default()).unwrap();
    assert_eq!(b.reader().postings(id(1)).unwrap().len(), 1);
    assert_eq!(b.reader().coverage().unwrap().len(), 1);
}

#[test]
fn the_key_and_the_lock_are_checked() {
    let b = Bench::new();
    let w = b.writer();
    assert!(matches!(Writer::open(&b.path, &b.key), Err(IndexError::Busy { .. })));
    drop(w);
    let other = Key::random().unwrap();
    assert!(matches!(Writer::open(&b.path, &other), Err(IndexError::WrongKey { .. })));
    assert!(matches!(b.reader().unlock(&other), Err(IndexError::WrongKey { .. })));
    assert!(b.reader().unlock(&b.key).is_ok());
}

#[test]
fn files_of_others_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("none.db");
    assert!(matches!(Reader::open(&missing), Err(IndexError::Missing { .. })));
    let text = dir.path().join("text.db");
    std::fs::write(&text, "this is no database, it is only long enough to look like one at first sight. ".repeat(20)).unwrap();
    assert!(matches!(Reader::open(&text), Err(IndexError::Foreign { .. })));
    let foreign = dir.path().join("foreign.db");
    rusqlite::Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    assert!(matches!(Reader::open(&foreign), Err(IndexError::Foreign { .. })));
    assert!(matches!(Writer::open(&foreign, &Key::random().unwrap()), Err(IndexError::Foreign { .. })));
    // Empty, but somebody's; and one whose writer was killed: its log stays beside it.
    for mark in ["PRAGMA application_id = 7", "PRAGMA user_version = 8"] {
        let empty = dir.path().join("empty.db");
        let _ = std::fs::remove_file(&empty);
        rusqlite::Connection::open(&empty).unwrap().execute_batch(mark).unwrap();
        let before = std::fs::read(&empty).unwrap();
        assert!(matches!(Writer::open(&empty, &Key::random().unwrap()), Err(IndexError::Foreign { .. })), "{mark}");
        assert!(before.len() > 99 && std::fs::read(&empty).unwrap() == before, "{mark}");
    }
    let writing = rusqlite::Connection::open(dir.path().join("theirs.db")).unwrap();
    writing.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(9999))").unwrap();
    let key = Key::random().unwrap();
    let files = || ["killed.db", "killed.db-wal"].map(|f| std::fs::read(dir.path().join(f)).unwrap());
    for end in ["", "-wal"] {
        std::fs::copy(dir.path().join(format!("theirs.db{end}")), dir.path().join(format!("killed.db{end}"))).unwrap();
    }
    let before = files();
    assert!(before.iter().all(|f| !f.is_empty()));
    assert!(matches!(Writer::open(&dir.path().join("killed.db"), &key), Err(IndexError::Foreign { .. })));
    assert!(matches!(super::rotate(&dir.path().join("killed.db"), &key, &Key::random().unwrap()), Err(IndexError::Foreign { .. })));
    assert!(files() == before, "it was written into");
    let b = Bench::new();
    drop(b.writer());
    // 7 does not say when versions ended, and has no lists of all objects of a segment.
    for other in [7, 99] {
        rusqlite::Connection::open(&b.path).unwrap().execute_batch(&format!("PRAGMA user_version = {other}")).unwrap();
        assert!(matches!(Reader::open(&b.path), Err(IndexError::Format { found, known: 8, .. }) if found == other));
    }
}

#[cfg(unix)]
#[test]
fn the_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let b = Bench::new();
    let mut w = b.writer();
    publish(&mut w, &listed("/a", "1"), person(1, 2));
    w.commit_for_test();
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let path = format!("{}{suffix}", b.path.display());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{path}");
    }
}

#[test]
fn every_column_of_the_schema_is_documented_or_plain() {
    let sql = include_str!("schema.sql");
    for line in sql.lines().filter(|l| l.starts_with("CREATE TABLE")) {
        assert!(line.contains("--"), "say what the table is for: {line}");
    }
}

/// An old version of an object, written and ended then.
fn old(until: Option<i64>) -> Listed {
    let mut l = listed("/k?versionId=v1", "v1");
    (l.object.modified, l.object.until) = (Some(crate::base::Timestamp(50)), until.map(crate::base::Timestamp));
    l
}

#[test]
fn the_end_of_an_old_version_is_filled_and_never_changed() {
    let b = Bench::new();
    let mut w = b.writer();
    publish(&mut w, &old(None), person(1, 2));
    publish(&mut w, &listed("/k", "e"), person(3, 4));
    w.finish_run(&RunTotals::default()).unwrap();
    drop(w);
    let end = || b.reader().objects(false).unwrap().into_iter().find(|o| o.version == "v1").unwrap().until;
    let both = || b.reader().versions_by_object().unwrap().into_values().map(|ids| ids.len()).collect::<Vec<_>>();
    assert_eq!((end(), both()), (None, vec![2]));
    let known = |w: &Writer| w.known().unwrap()[&w.hasher().name("/k?versionId=v1")].clone();
    for (listed, want) in [(None, None), (Some(130), Some(130)), (Some(180), Some(130)), (None, Some(130))] {
        let mut w = b.writer();
        let k = known(&w);
        w.unchanged(&k);
        w.ended(&k, listed.map(crate::base::Timestamp)).unwrap();
        w.finish_run(&RunTotals::default()).unwrap();
        assert_eq!(end(), want, "{listed:?}");
    }
    // Nor by reading it again.
    let mut w = b.writer();
    publish(&mut w, &old(None), person(1, 2));
    w.finish_run(&RunTotals::default()).unwrap();
    drop(w);
    assert_eq!((end(), b.reader().check().unwrap().problems), (Some(130), vec![]));
    for wrong in ["until = 49", "version_of = NULL", "version_of = NULL, until = NULL", "uri = '/k'"] {
        let conn = rusqlite::Connection::open(&b.path).unwrap();
        conn.execute_batch("PRAGMA foreign_keys = OFF; DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT * FROM object").unwrap();
        conn.execute(&format!("UPDATE object SET {wrong} WHERE version = 'v1'"), []).unwrap();
        assert!(b.reader().check().unwrap().problem_count > 0, "{wrong}");
        conn.execute_batch("DELETE FROM object; INSERT INTO object SELECT * FROM kept").unwrap();
        assert_eq!(b.reader().check().unwrap().problem_count, 0);
    }
}
