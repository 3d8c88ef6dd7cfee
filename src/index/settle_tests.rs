//! The end of a run, and the log before and after it: what is derived on the way, and what happens to who breaks it off.

use std::collections::HashSet;

use rusqlite::Connection;

use super::postings::Together;
use super::tests::{Bench, id, listed, person, publish};
use super::*;
use crate::classify::Classifiers;

/// Ten objects of a person each; the first is replaced by the second run.
fn ten() -> Bench {
    let b = Bench::new();
    let mut w = b.writer();
    for n in 0..10 {
        publish(&mut w, &listed(&format!("/{n}"), "1"), person(2 * n, 2 * n + 1));
    }
    w.finish_run(&RunTotals::default()).unwrap();
    w.begin_run(&Classifiers::builtin(), &[]).unwrap();
    publish(&mut w, &listed("/0", "2"), person(70, 71));
    w.finish_run(&RunTotals::default()).unwrap();
    drop(w);
    // Two segments become one, whose lists are put together.
    Writer::open(&b.path, &b.key).unwrap().compact().unwrap();
    b
}

fn empty_run(b: &Bench) {
    b.writer().finish_run(&RunTotals::default()).unwrap();
}

fn stored(b: &Bench) -> Option<ConsumerCounts> {
    b.reader().stored_counts().unwrap()
}

#[test]
fn lists_that_are_derived_and_damaged_are_as_if_not_there() {
    for damage in [
        "UPDATE segment_joint SET data = zeroblob(length(data))",
        "UPDATE segment_joint SET data = CAST(substr(data, 1, length(data) - 1) AS BLOB)",
        "UPDATE segment_joint SET data = x''",
        "UPDATE segment_object SET data = zeroblob(length(data)) WHERE object_id IN (SELECT id FROM object WHERE ended_run IS NOT NULL)",
        "UPDATE segment_object SET data = x'' WHERE object_id IN (SELECT id FROM object WHERE ended_run IS NOT NULL)",
    ] {
        let b = ten();
        let conn = Connection::open(&b.path).unwrap();
        let ended = |o: i64| conn.query_row("SELECT ended_run IS NULL FROM object WHERE id = ?1", [o], |r| r.get(0)).unwrap();
        assert_eq!(Together::read(&conn, &ended).unwrap().segments().len(), 1, "people are counted by them");
        let before = b.reader().count_consumers().unwrap();
        assert_eq!(before.all, 10);
        assert!(conn.execute(damage, []).unwrap() > 0);
        assert_eq!(b.reader().count_consumers().unwrap(), before, "{damage}");
        assert!(b.reader().check().unwrap().problem_count > 0, "{damage}");
        // A run that has to count anew comes to its end.
        conn.execute_batch("DELETE FROM counted").unwrap();
        empty_run(&b);
        assert_eq!(stored(&b), Some(before), "{damage}");
    }
}

#[test]
fn a_run_that_ends_between_its_last_commits_is_whole() {
    let b = ten();
    let mut w = b.writer();
    let seen: HashSet<[u8; 16]> = (0..10).filter(|n| *n != 4).map(|n| w.hasher().name(&format!("/{n}"))).collect();
    assert_eq!(w.end_gone(&seen, &|_, _| true).unwrap(), 1);
    publish(&mut w, &listed("/new", "1"), person(80, 81));
    publish(&mut w, &listed("/new too", "1"), person(82, 80));
    w.put_together(true).unwrap();
    drop(w);
    let naive = || b.reader().count_consumers().unwrap();
    assert_eq!((naive().all, stored(&b)), (10, None), "80, 81 and 82 are one person, 8 and 9 are gone");
    assert_eq!(b.reader().consumer_counts().unwrap(), naive());
    assert_eq!(b.reader().check().unwrap().problems, Vec::<String>::new());
    empty_run(&b);
    assert_eq!(stored(&b), Some(naive()));
    assert_eq!(b.reader().check().unwrap().problems, Vec::<String>::new());
}

#[test]
fn an_interrupted_run_gives_no_room_back_and_empties_the_log() {
    let b = ten();
    let mut w = b.writer();
    w.conn.execute_batch("CREATE TABLE much (data BLOB); INSERT INTO much VALUES (zeroblob(16 << 20)); DROP TABLE much").unwrap();
    let free = || Connection::open(&b.path).unwrap().pragma_query_value(None, "freelist_count", |r| r.get::<_, i64>(0)).unwrap();
    let log = || std::fs::metadata(format!("{}-wal", b.path.display())).unwrap().len();
    w.commit_for_test();
    assert!(log() > 0);
    w.stop_run(&RunTotals::default()).unwrap();
    assert!(free() > 2000 && log() == 0, "{} {}", free(), log());
    w.begin_run(&Classifiers::builtin(), &[]).unwrap();
    w.finish_run(&RunTotals::default()).unwrap();
    assert!(free() < 600, "{}", free());
}

#[test]
fn a_run_that_has_no_segment_yet_is_in_the_file_before_it_is_put_together() {
    let b = ten();
    let mut w = b.writer();
    let size = || std::fs::metadata(&b.path).unwrap().len();
    w.conn.execute_batch("CREATE TABLE much (data BLOB); INSERT INTO much VALUES (randomblob(4 << 20))").unwrap();
    w.commit_for_test();
    publish(&mut w, &listed("/new", "1"), person(80, 81));
    // The first step of what comes then fails.
    w.conn
        .execute_batch(
            "INSERT INTO much VALUES (randomblob(3 << 20));
             CREATE TRIGGER stop BEFORE DELETE ON unsettled BEGIN SELECT RAISE(ABORT, 'stop'); END",
        )
        .unwrap();
    assert!(w.put_together(true).is_err());
    assert!(size() > 7 << 20, "{}", size());
}

/// Of two runs that write the same under one key, one commits on its way.
#[test]
fn what_waits_becomes_one_segment_with_what_was_committed() {
    let tables = |b: &Bench| {
        let mut out = Vec::new();
        for (view, ..) in VIEWS.iter().filter(|v| v.0 != "runs") {
            let row = &mut |row: Vec<Cell>| {
                out.push(format!("{view} {row:?}"));
                Ok(())
            };
            b.reader().sql(&format!("SELECT * FROM {view}"), &mut |_| Ok(()), row).unwrap();
        }
        out.sort();
        out
    };
    let (first, mut second) = (Bench::new(), Bench::new());
    drop(Writer::open(&first.path, &first.key).unwrap());
    second.key = first.key.clone();
    std::fs::copy(&first.path, &second.path).unwrap();
    for (b, commits) in [(&first, true), (&second, false)] {
        let mut w = b.writer();
        publish(&mut w, &listed("/a", "1"), person(1, 2));
        publish(&mut w, &listed("/b", "1"), person(3, 4));
        if commits {
            w.commit_for_test();
        }
        publish(&mut w, &listed("/c", "1"), person(1, 5));
        publish(&mut w, &listed("/d", "1"), person(6, 7));
        assert_eq!(postings::segments(&w.conn).unwrap().len(), usize::from(commits));
        w.put_together(true).unwrap();
        assert_eq!(postings::segments(&w.conn).unwrap().len(), 1);
        w.finish_run(&RunTotals::default()).unwrap();
        drop(w);
        assert_eq!(b.reader().check().unwrap().problems, Vec::<String>::new());
        assert_eq!(stored(b), Some(b.reader().count_consumers().unwrap()));
    }
    assert_eq!(tables(&first), tables(&second));
    assert!(tables(&first).iter().filter(|row| row.starts_with("sightings")).count() == 8);
}

/// An interrupted run has written what waits before anything is put together; a complete one writes it with what it is merged into.
#[test]
fn what_fails_while_it_is_put_together_leaves_what_was_committed() {
    for completed in [false, true] {
        let b = Bench::new();
        let mut w = b.writer();
        publish(&mut w, &listed("/a", "1"), person(1, 2));
        w.commit_for_test();
        publish(&mut w, &listed("/b", "1"), person(3, 4));
        w.conn.execute_batch("CREATE TRIGGER stop BEFORE DELETE ON unsettled BEGIN SELECT RAISE(ABORT, 'stop'); END").unwrap();
        assert!(w.put_together(completed).is_err());
        drop(w);
        Connection::open(&b.path).unwrap().execute_batch("DROP TRIGGER IF EXISTS stop").unwrap();
        let found = |n| b.reader().postings(id(n)).unwrap().len();
        assert_eq!((found(1), found(3)), (1, usize::from(!completed)));
        let mut w = b.writer();
        if completed {
            publish(&mut w, &listed("/b", "1"), person(3, 4));
        }
        w.finish_run(&RunTotals::default()).unwrap();
        assert_eq!((found(1), found(3)), (1, 1));
        assert_eq!(b.reader().check().unwrap().problems, Vec::<String>::new());
    }
}

/// Outside of runs no thread copies: SQLite does, so that the log of a large prune stays small.
#[test]
fn a_prune_of_many_versions_leaves_a_small_log() {
    let log = |by_itself: bool| {
        let b = Bench::new();
        let mut w = b.writer();
        for n in 0..600 {
            publish(&mut w, &listed(&format!("/{n}"), "1"), person((n % 90) as u8, (n % 91) as u8 + 100));
        }
        w.finish_run(&RunTotals::default()).unwrap();
        w.begin_run(&Classifiers::builtin(), &[]).unwrap();
        let own = |w: &Writer| w.conn.pragma_query_value(None, "wal_autocheckpoint", |r| r.get::<_, i64>(0)).unwrap();
        assert_eq!(own(&w), 0, "in a run the thread copies");
        assert_eq!(w.end_gone(&HashSet::new(), &|_, _| true).unwrap(), 600);
        w.finish_run(&RunTotals::default()).unwrap();
        assert_eq!(own(&w), 1000);
        // A thousand pages are more than this writes.
        w.conn.pragma_update(None, "wal_autocheckpoint", if by_itself { 50 } else { 0 }).unwrap();
        // The last step fails, so that the log is seen as it is before it is emptied.
        w.conn.execute_batch("CREATE TRIGGER stop BEFORE DELETE ON dataset BEGIN SELECT RAISE(ABORT, 'stop'); END").unwrap();
        assert!(w.prune(i64::MAX, false).is_err());
        std::fs::metadata(format!("{}-wal", b.path.display())).unwrap().len()
    };
    let (small, large) = (log(true), log(false));
    assert!(large > 2 * small, "{small} {large}");
}
