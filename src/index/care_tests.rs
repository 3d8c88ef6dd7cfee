//! Looking after an index: what is checked, kept, held, forgotten, asked in SQL and exported.

use rusqlite::Connection;

use super::tests::{Bench, class, id, listed, person, publish};
use super::*;
use crate::classify::Classifiers;
use crate::identity::Certainty;

/// Run 1: /a of people 1+2, /b of 3+4. Run 2: /a is of 5+6. Run 3: /b is gone.
fn three_runs() -> Bench {
    let b = Bench::new();
    let mut w = b.writer();
    publish(&mut w, &listed("/a", "1"), person(1, 2));
    publish(&mut w, &listed("/b", "1"), person(3, 4));
    w.finish_run(&RunTotals::default()).unwrap();
    w.begin_run(&Classifiers::builtin(), &[]).unwrap();
    publish(&mut w, &listed("/a", "2"), person(5, 6));
    let b_known = w.known().unwrap()[&w.hasher().name("/b")].clone();
    w.unchanged(&b_known);
    w.finish_run(&RunTotals::default()).unwrap();
    w.begin_run(&Classifiers::builtin(), &[]).unwrap();
    let seen = [w.hasher().name("/a")].into();
    let a_known = w.known().unwrap()[&w.hasher().name("/a")].clone();
    w.unchanged(&a_known);
    assert_eq!(w.end_gone(&seen, &|_, _| true).unwrap(), 1);
    w.finish_run(&RunTotals::default()).unwrap();
    b
}

fn open(b: &Bench) -> Writer {
    Writer::open(&b.path, &b.key).unwrap()
}

fn sound(b: &Bench) {
    let r = b.reader().check().unwrap();
    assert_eq!(r.problems, Vec::<String>::new());
}

fn found(b: &Bench, n: u8) -> usize {
    b.reader().postings(id(n)).unwrap().len()
}

#[test]
fn history_is_pruned_and_answers_say_so() {
    let b = three_runs();
    let (mut w, later) = (open(&b), i64::MAX);
    assert_eq!(w.prune(0, false).unwrap(), Pruned::default(), "nothing is old enough");
    assert_eq!(w.prune(later, true).unwrap(), Pruned { objects: 2, ..Pruned::default() });
    assert_eq!(found(&b, 1), 1, "that was only counted");
    w.hold(2, Some("matter 7")).unwrap();
    assert_eq!(b.reader().mark().unwrap(), Mark { run: 3, removals: 0 });
    assert_eq!(w.prune(later, false).unwrap(), Pruned { objects: 1, held: 1, identifiers: 2 });
    assert_eq!(b.reader().mark().unwrap(), Mark { run: 3, removals: 1 });
    drop(w);
    assert_eq!((found(&b, 1), found(&b, 3), found(&b, 5)), (0, 1, 1));
    sound(&b);
    let gaps = |run| b.reader().as_of(AsOf::Run(run)).unwrap().gaps().iter().map(|g| g.kind).collect::<Vec<_>>();
    assert_eq!((gaps(1), gaps(2), gaps(3)), (vec!["pruned"], vec![], vec![]));
    let mut w = open(&b);
    w.hold(2, None).unwrap();
    assert_eq!(w.prune(later, false).unwrap(), Pruned { objects: 1, held: 0, identifiers: 2 });
    assert!(matches!(w.hold(9, Some("x")), Err(IndexError::NoRun(9))));
    let done = w.compact().unwrap();
    assert!(done.after <= done.before, "{done:?}");
    drop(w);
    sound(&b);
    assert_eq!(found(&b, 5), 1);
}

/// Where somebody lives was said by what is gone: a prune that is killed half-way leaves nothing that still says so.
#[test]
fn a_prune_that_breaks_off_leaves_no_stale_residences() {
    let b = Bench::new();
    let mut w = b.writer();
    let lives = |place: &[u8; 2]| vec![(id(1), crate::law::Residence { place: *place, confidence: 0.95, basis: "zip" })];
    publish(&mut w, &listed("/a", "1"), Piece { residences: lives(b"CA"), ..person(1, 2) });
    w.finish_run(&RunTotals::default()).unwrap();
    w.begin_run(&Classifiers::builtin(), &[]).unwrap();
    publish(&mut w, &listed("/a", "2"), Piece { residences: lives(b"NY"), ..person(1, 2) });
    w.finish_run(&RunTotals::default()).unwrap();
    drop(w);
    let conn = Connection::open(&b.path).unwrap();
    let stored = || conn.query_row("SELECT (SELECT count(*) FROM whose), (SELECT count(*) FROM lives)", [], |r| Ok((r.get(0)?, r.get(1)?)));
    let (whose, places): (i64, i64) = stored().unwrap();
    assert!(whose > 0 && places > 0);
    // The last step of a prune fails; what came before it is committed.
    conn.execute_batch("CREATE TRIGGER stop BEFORE INSERT ON whose BEGIN SELECT RAISE(ABORT, 'stop'); END").unwrap();
    assert!(open(&b).prune(i64::MAX, false).is_err());
    assert_eq!(stored().unwrap(), (0, 0));
    conn.execute_batch("DROP TRIGGER stop").unwrap();
    sound(&b);
    open(&b).prune(i64::MAX, false).unwrap();
    assert!(stored().unwrap().1 > 0);
    sound(&b);
}

/// Which identifiers are shared rests on what classifiers stand for: a set that says otherwise has everybody settled anew.
#[test]
fn a_classifier_that_changed_its_element_settles_everybody() {
    let b = three_runs();
    let conn = Connection::open(&b.path).unwrap();
    let everybody = || conn.query_row("SELECT count(*) FROM unsettled WHERE object_id = 0", [], |r| r.get::<_, i64>(0)).unwrap();
    let mut w = b.writer();
    w.commit_for_test();
    assert_eq!(everybody(), 0);
    w.finish_run(&RunTotals::default()).unwrap();
    conn.execute("UPDATE classifier SET element = 'other' WHERE name = 'us.ssn'", []).unwrap();
    w.begin_run(&Classifiers::builtin(), &[]).unwrap();
    w.commit_for_test();
    assert_eq!(everybody(), 1);
    w.finish_run(&RunTotals::default()).unwrap();
    assert_eq!(everybody(), 0);
    drop(w);
    sound(&b);
}

#[test]
fn a_forgotten_person_stays_forgotten() {
    let b = three_runs();
    let mut w = open(&b);
    w.hold(1, Some("matter 7")).unwrap();
    match w.forget(&[id(1)]) {
        Err(e @ IndexError::Held { run: 1, .. }) => assert!(e.to_string().contains("matter 7"), "{e}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(found(&b, 1), 1, "nothing was removed");
    assert_eq!(w.forget(&[id(5)]).unwrap().identifiers, 2, "what the held run did not see is not held");
    w.hold(1, None).unwrap();
    let done = w.forget(&[id(1)]).unwrap();
    assert_eq!((done.identifiers, done.objects, done.sightings, done.shared), (2, 1, 4, 0));
    assert_eq!(w.forget(&[id(1)]).unwrap(), Forgotten::default(), "nobody is forgotten twice");
    assert_eq!(b.reader().mark().unwrap().removals, 2, "each time that somebody was");
    drop(w);
    sound(&b);
    assert_eq!((found(&b, 1), found(&b, 2), found(&b, 5), found(&b, 6), found(&b, 3)), (0, 0, 0, 0, 1));
    // No run brings them back, and whoever stands beside them is indexed as ever.
    let mut w = b.writer();
    let mut piece = person(1, 2);
    let other = person(7, 8);
    piece.postings.extend(other.postings);
    piece.links.extend(other.links);
    // A record of theirs in which a number is masked names them as well.
    piece.protected.push((id(1), class("us.ssn"), 0, true));
    publish(&mut w, &listed("/c", "1"), piece);
    w.finish_run(&RunTotals::default()).unwrap();
    drop(w);
    sound(&b);
    assert_eq!((found(&b, 1), found(&b, 2), found(&b, 7), found(&b, 8)), (0, 0, 1, 1));
    assert!(b.reader().owner_of(id(2)).unwrap().is_none());
    let file = std::fs::read(&b.path).unwrap();
    assert!(!file.windows(16).any(|w| w == [1; 16]), "not even the hash is left in the file");
}

/// Merges of earlier runs leave copies of what they merged in free pages.
#[test]
fn no_copy_of_a_forgotten_person_stays_in_free_pages() {
    let b = Bench::new();
    let mut w = b.writer();
    for n in 0..60u8 {
        publish(&mut w, &listed(&format!("/{n}"), "1"), person(100 + n, 180 + n % 70));
        w.commit_for_test();
    }
    w.finish_run(&RunTotals::default()).unwrap();
    let copies = || std::fs::read(&b.path).unwrap().windows(16).filter(|w| **w == [101; 16]).count();
    assert!(copies() > 0);
    let done = w.forget(&[id(101)]).unwrap();
    assert!(done.identifiers > 0);
    drop(w);
    sound(&b);
    assert_eq!(copies(), 0);
    let free: i64 = Connection::open(&b.path).unwrap().query_row("PRAGMA freelist_count", [], |r| r.get(0)).unwrap();
    assert_eq!(free, 0);
}

#[test]
fn weak_identifiers_of_a_forgotten_person_go_with_them() {
    let b = Bench::new();
    let mut w = b.writer();
    let ip = |n: u8| Posting {
        id: id(n),
        field: 1,
        classifier: class("generic.ip_address"),
        certainty: Certainty::Weak,
        count: 1,
        places: PlaceList::Rows(vec![(3, 4)]),
    };
    let mut piece = person(1, 2);
    piece.postings.extend(person(3, 4).postings);
    piece.postings.extend([ip(50), ip(51)]);
    piece.weak = vec![(id(50), id(1)), (id(51), id(1)), (id(51), id(3))];
    publish(&mut w, &listed("/a", "1"), piece.clone());
    w.finish_run(&RunTotals::default()).unwrap();
    assert_eq!(w.forget(&[id(2)]).unwrap().identifiers, 2);
    drop(w);
    sound(&b);
    assert_eq!((found(&b, 50), found(&b, 51)), (0, 1));
    assert_eq!(b.reader().consumers_of_weak(id(51)).unwrap().len(), 1);
    let mut w = b.writer();
    publish(&mut w, &listed("/b", "1"), piece);
    w.finish_run(&RunTotals::default()).unwrap();
    drop(w);
    assert_eq!((found(&b, 1), found(&b, 50), found(&b, 51)), (0, 0, 2));
}

/// A run was killed before it settled that an object is gone, and the object is pruned before the next: what it proved goes.
#[test]
fn what_is_pruned_before_it_is_settled_proves_nothing() {
    let b = Bench::new();
    let mut w = b.writer();
    publish(&mut w, &listed("/a", "1"), person(1, 2));
    let mut other = person(1, 3);
    other.links.clear();
    publish(&mut w, &listed("/b", "1"), other);
    w.finish_run(&RunTotals::default()).unwrap();
    assert_eq!(b.reader().owner_of(id(1)).unwrap(), b.reader().owner_of(id(2)).unwrap());
    w.begin_run(&Classifiers::builtin(), &[]).unwrap();
    let seen = [w.hasher().name("/b")].into();
    assert_eq!(w.end_gone(&seen, &|_, _| true).unwrap(), 1);
    w.commit_for_test();
    drop(w);
    let mut w = open(&b);
    assert_eq!(w.prune(i64::MAX, false).unwrap().objects, 1);
    w.begin_run(&Classifiers::builtin(), &[]).unwrap();
    w.finish_run(&RunTotals::default()).unwrap();
    drop(w);
    sound(&b);
    assert!(matches!(b.reader().owner_of(id(1)).unwrap(), Some(Owner::Alone(_))));
}

/// A shared identifier is several people's: it does not go with one of them.
#[test]
fn shared_identifiers_stay() {
    let b = Bench::new();
    let mut w = b.writer();
    for n in 0..8u8 {
        let mut p = person(10 + n, 40 + n);
        p.links.push(WriteLink { row: 4, members: vec![(class("generic.email"), id(10 + n)), (class("generic.phone"), id(99))] });
        p.postings.push(Posting { id: id(99), classifier: class("generic.phone"), ..p.postings[0].clone() });
        publish(&mut w, &listed(&format!("/{n}"), "1"), p);
    }
    w.finish_run(&RunTotals::default()).unwrap();
    assert_eq!(w.forget(&[id(99)]).unwrap(), Forgotten { shared: 1, ..Forgotten::default() });
    assert_eq!(w.forget(&[id(10)]).unwrap().identifiers, 2);
    drop(w);
    sound(&b);
    assert_eq!((found(&b, 10), found(&b, 99)), (0, 8));
}

#[test]
fn damage_is_found() {
    for (what, sql) in [
        ("a posting changed", "UPDATE segment_posting SET data = CHANGED WHERE id = FIRST"),
        ("a block cut short", "UPDATE segment_posting SET data = substr(data, 1, 12) WHERE id = FIRST"),
        ("a block lost", "DELETE FROM segment_posting WHERE id = FIRST"),
        ("identifiers lost", "DELETE FROM segment_identifier WHERE id = FIRST"),
        ("identifiers changed", "UPDATE segment_identifier SET data = CHANGED WHERE id = FIRST"),
        ("an object's lists lost", "DELETE FROM segment_object WHERE id = FIRST"),
        ("an object's lists changed", "UPDATE segment_object SET data = CHANGED WHERE id = FIRST"),
        ("an object's lists given to another", "UPDATE segment_object SET object_id = 77 WHERE id = FIRST"),
        ("a segment lost", "DELETE FROM segment"),
        ("a shape lost", "DELETE FROM shape"),
        ("a link lost", "DELETE FROM link WHERE id = 1"),
        ("a link changed", "UPDATE link SET data = CHANGED WHERE id = 1"),
        ("standings lost", "DELETE FROM standing"),
        ("a standing changed", "UPDATE standing SET data = CHANGED"),
        ("consumers lost", "DELETE FROM consumer"),
        ("a consumer changed", "UPDATE consumer SET data = CHANGED"),
        ("two current versions", "UPDATE object SET ended_run = NULL"),
        ("runs that contradict", "UPDATE object SET first_run = 9 WHERE id = 1"),
        ("a dataset lost", "DELETE FROM dataset"),
        ("a field lost", "DELETE FROM field WHERE id = 2"),
        ("a classifier lost", "DELETE FROM classifier"),
        ("a count", "UPDATE field_summary SET test_values = sightings + 1"),
    ] {
        let b = three_runs();
        {
            let conn = Connection::open(&b.path).unwrap();
            conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
            conn.execute("INSERT INTO field_summary SELECT 1, 2, 1, 4, 0, 9, 0.5", []).unwrap();
            let table = sql.split(' ').find(|w| w.starts_with("segment_")).unwrap_or_default();
            let sql = sql.replace("FIRST", &format!("(SELECT min(id) FROM {table})"));
            // Whatever the last byte was, it is another one.
            let other = "CASE substr(data, -1) WHEN x'05' THEN x'06' ELSE x'05' END";
            let sql = sql.replace("CHANGED", &format!("CAST(substr(data, 1, length(data) - 1) || {other} AS BLOB)"));
            assert!(conn.execute(&sql, []).unwrap() > 0, "{what} changed nothing");
        }
        let r = b.reader().check().unwrap();
        assert!(r.problem_count > 0, "{what} was not noticed");
    }
}

#[test]
fn a_broken_page_is_a_problem_and_no_panic() {
    let b = three_runs();
    let whole = std::fs::read(&b.path).unwrap();
    let pages = whole.len() / 8192;
    let mut noticed = 0;
    for page in 1..pages {
        let mut file = whole.clone();
        file[page * 8192..page * 8192 + 64].fill(0xff);
        std::fs::write(&b.path, file).unwrap();
        noticed += usize::from(b.reader().check().unwrap().problem_count > 0);
    }
    assert_eq!(noticed, pages - 1);
}

#[test]
fn sql_reads_and_never_writes() {
    let b = three_runs();
    let ask = |sql: &str| {
        let (mut head, mut rows) = (Vec::new(), Vec::new());
        b.reader()
            .sql(
                sql,
                &mut |h| {
                    head = h;
                    Ok(())
                },
                &mut |r| {
                    rows.push(r);
                    Ok(())
                },
            )
            .map(|()| (head, rows))
    };
    for (view, columns, _) in VIEWS {
        let (head, rows) = ask(&format!("SELECT * FROM {view}")).unwrap();
        assert_eq!(head.join(", "), *columns, "{view} has the columns that its help names");
        assert_eq!(rows.is_empty(), ["unattributed", "coverage"].contains(view), "{view}");
    }
    let (_, rows) = ask("select count(*), sum(count), min(places) from sightings where certainty = 0").unwrap();
    assert_eq!(rows, [[Cell::Integer(6), Cell::Integer(12), Cell::Text(r#"{"rows":[[3,4],[7,8]]}"#.into())]]);
    for (sql, says) in [
        ("delete from object", "only SELECT"),
        ("with x as (select 1) delete from object", "readonly"),
        ("select 1; delete from object", "one statement"),
        ("pragma user_version = 9", "only SELECT"),
        ("attach 'x.db' as x", "only SELECT"),
        ("select 1 from nowhere", "no such table"),
        ("", "only SELECT"),
    ] {
        let e = ask(sql).unwrap_err().to_string();
        assert!(e.contains(says) || (says == "readonly" && e.contains("would write")), "{sql}: {e}");
    }
    assert_eq!(b.reader().objects(false).unwrap().len(), 3);
}

#[test]
fn parquet_holds_the_same_as_the_views() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    let b = three_runs();
    let dir = b.path.parent().unwrap().join("out");
    let files = b.reader().export(&dir).unwrap();
    assert_eq!(files.len(), VIEWS.len());
    for f in &files {
        let path = dir.join(&f.file);
        let reader = SerializedFileReader::new(std::fs::File::open(&path).unwrap()).unwrap();
        assert_eq!(reader.metadata().file_metadata().num_rows() as u64, f.rows);
        let mut rows = 0;
        b.reader()
            .sql(&format!("SELECT * FROM {}", f.file.trim_end_matches(".parquet")), &mut |_| Ok(()), &mut |_| {
                rows += 1;
                Ok(())
            })
            .unwrap();
        assert_eq!(rows, f.rows, "{}", f.file);
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions()) & 0o777, 0o600);
    }
    let rows = |name: &str| files.iter().find(|f| f.file == name).unwrap().rows;
    assert_eq!((rows("runs.parquet"), rows("objects.parquet"), rows("sightings.parquet"), rows("identifiers.parquet")), (3, 3, 6, 6));
    b.reader().export(&dir).unwrap();
}
