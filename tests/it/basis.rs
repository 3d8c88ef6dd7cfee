//! Every answer names what it lacks: what could not be listed or read, and runs that did not come to their end, by one count.

use serde_json::{Value, json};

use crate::support::{Bench, bench};

/// What `sql` changes in the index, as a process that was killed would have left it.
fn alter(b: &Bench, sql: &str) {
    rusqlite::Connection::open(b.path("piimap.db")).unwrap().execute_batch(sql).unwrap();
}

/// A folder with a person's file, a link to nothing, a pipe, and a link to a folder outside, in which somebody is hidden.
#[cfg(unix)]
fn with_unlistable(b: &Bench) {
    b.write("data/people.csv", "email,ssn\nann.lee@example.com,457-55-5462\n");
    b.write("outside/hidden.txt", "hidden@example.com\n");
    std::os::unix::fs::symlink(b.path("outside"), b.path("data/outside")).unwrap();
    std::os::unix::fs::symlink(b.path("nowhere"), b.path("data/dangling")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(b.path("data/pipe")).status().unwrap().success());
}

#[cfg(unix)]
#[test]
fn what_could_not_be_listed_is_named_in_every_answer() {
    let b = Bench::new();
    with_unlistable(&b);
    assert_eq!(b.scan("data", &[]).0, Some(3));
    let find = ["find", "hidden@example.com"];
    let all: [&[&str]; 5] = [&find, &["map"], &["breach", "--object", "**"], &["map", "--links"], &["diff", "1", "1"]];
    for args in all {
        let doc = b.json(args);
        let basis = if args[0] == "diff" { &doc["to"] } else { &doc["basis"] };
        assert_eq!((&basis["unread_objects"], &basis["unlisted"]), (&json!(0), &json!(3)), "{args:?}: {basis}");
        let text = b.run(args).stdout;
        assert!(text.contains("3 locations not listed"), "{args:?}: {text}");
    }
    let runs = b.run(&["runs"]).stdout;
    assert!(runs.lines().next().unwrap().contains("unlisted"), "{runs}");
    assert_eq!(b.json(&["runs"])["unlisted"], 3);
    let gauges = b.run(&["export", "prometheus"]);
    assert!(gauges.stdout.contains("\npiimap_locations_unlisted 3\n"), "{gauges:?}");
    b.run(&["map", "--html", "map.html"]);
    let page = std::fs::read_to_string(b.path("map.html")).unwrap();
    assert!(page.contains("3 locations not listed"), "the page says nothing");
}

#[cfg(unix)]
#[test]
fn what_could_not_be_listed_is_told_once_where_key_columns_are_read_again() {
    let b = Bench::new();
    with_unlistable(&b);
    let people: String = (0..300).map(|n| format!("{},person{n}@example.com\n", 1_000_000_000u64 + n * 7_919_113)).collect();
    let orders: String = (0..300).map(|n| format!("{n},{}\n", 1_000_000_000u64 + n * 7_919_113)).collect();
    b.write("data/crm/customers.csv", format!("customer_id,email\n{people}"));
    b.write("data/shop/orders.csv", format!("order_id,customer_id\n{orders}"));
    let (status, doc) = b.scan("data", &[]);
    assert!(status == Some(3) && doc["read_for_keys"].as_u64().unwrap() > 0, "{doc}");
    let lines = b.run(&["coverage", "--format", "json"]).lines();
    let names: Vec<&str> = lines.iter().map(|l| l["uri"].as_str().unwrap().rsplit('/').next().unwrap()).collect();
    assert_eq!(names, ["dangling", "outside", "pipe"]);
    assert_eq!(doc["missing"]["unlisted"], 3);
}

#[cfg(unix)]
#[test]
fn all_say_the_same_number_of_what_is_missing() {
    let b = Bench::new();
    with_unlistable(&b);
    bench::copy(&bench::repository().join("samples"), &b.path("data/samples"));
    let said = "3 objects not read completely, 3 locations not listed";
    for _ in 0..2 {
        let done = b.run(&["scan", "data"]);
        assert!(done.status == Some(3) && done.stdout.contains(&format!("\n{said}: see")), "{}", done.stdout);
    }
    let coverage = b.run(&["coverage"]);
    assert!(coverage.stdout.starts_with(&format!("{said}:\n")), "{}", coverage.stdout);
    for args in [&["map"][..], &["find", "nobody@example.com"], &["diff", "1", "2"]] {
        let text = b.run(args).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(said), "{args:?}: {text}");
    }
    let basis = &b.json(&["map"])["basis"];
    let of = |name: &str| basis[name].as_u64().unwrap();
    assert_eq!((of("unread_objects") + of("partial_objects"), of("incomplete_objects"), of("unlisted")), (3, 3, 3));
    // A version that was read once and cannot be read again is known, and told.
    let orders = "UPDATE object SET retry = 1 WHERE id = (SELECT min(id) FROM object WHERE status = 'read');
        INSERT INTO coverage (object_id, run_id, uri, status, reason, detail)
        SELECT id, 2, uri, 'unread', 'access_denied', 'permission denied' FROM object WHERE retry = 1 AND status = 'read'";
    alter(&b, orders);
    assert!(b.run(&["coverage"]).stdout.starts_with("4 objects not read completely, 3 locations not listed:\n"));
    let basis = &b.json(&["map"])["basis"];
    assert_eq!((&basis["incomplete_objects"], of("unread_objects")), (&json!(4), 1));
}

#[test]
fn a_run_that_was_killed_is_named_until_another_goes_through_its_sources() {
    let b = Bench::new();
    b.write("data/people.csv", "email,ssn\nann.lee@example.com,457-55-5462\n");
    b.write("other/people.csv", "email,ssn\nben.day@example.com,457-55-5463\n");
    let data = b.path("data").display().to_string();
    let killed = |says: &str| {
        let done = b.run(&["coverage"]);
        assert_eq!(done.status, Some(3), "{}", done.stdout);
        assert!(done.stdout.contains(says) && done.stdout.contains(&data), "{}", done.stdout);
        let lines = b.run(&["coverage", "--format", "json"]).lines();
        let told: Vec<(&Value, &Value)> = lines.iter().map(|l| (&l["reason"], &l["status"])).collect();
        assert_eq!(told, [(&json!("interrupted"), &json!("unread"))], "{says}");
    };
    let kill = |run: u64, listed: u64| {
        alter(&b, &format!("UPDATE run SET completed = NULL, ended = NULL, listed = {listed} WHERE id = {run}"));
    };
    // The first, before it had listed and after.
    assert_eq!(b.scan("data", &[]).0, Some(0));
    kill(1, 0);
    killed("run 1 was killed before its end: what it was to read is not known");
    kill(1, 1);
    killed("run 1 was killed before its end: of the objects listed (1), 0 were known before and 1 are read");
    let map = b.run(&["map"]).stdout.replace("\n  ", " ");
    assert!(map.contains("No run has been completed yet") && map.contains("run 1 killed before its end"), "{map}");
    // A run of another source says nothing of it; what is killed twice is told once.
    b.scan("other", &[]);
    killed("run 1 was killed");
    b.scan("data", &[]);
    assert_eq!(b.run(&["coverage"]).status, Some(0));
    kill(3, 0);
    killed("run 3 was killed");
    let basis = b.json(&["map"])["basis"].clone();
    assert_eq!((&basis["run"], &basis["unended_runs"]), (&json!(2), &json!([3])));
}

#[cfg(unix)]
#[test]
fn a_run_that_is_killed_while_it_lists_leaves_what_was_not_listed_before() {
    let b = Bench::new();
    with_unlistable(&b);
    assert_eq!((b.scan("data", &[]).0, b.scan("data", &[]).0), (Some(3), Some(3)));
    alter(&b, "UPDATE run SET completed = NULL, ended = NULL, listed = 0 WHERE id = 2; DELETE FROM coverage WHERE run_id = 2");
    let basis = b.json(&["map"])["basis"].clone();
    assert_eq!((&basis["unlisted"], &basis["unended_runs"]), (&json!(3), &json!([2])));
    assert_eq!(b.run(&["coverage", "--format", "json"]).lines().len(), 4);
}

#[test]
fn a_damaged_index_is_named_with_what_to_do() {
    let b = Bench::new();
    let row = |n: u32| format!("person{n}@example.com,457-55-{:04}\n", 1000 + n);
    b.write("data/people.csv", "email,ssn\n".to_owned() + &(0..4000).map(row).collect::<String>());
    assert_eq!(b.scan("data", &[]).0, Some(0));
    let whole = std::fs::read(b.path("piimap.db")).unwrap();
    let half = whole[..whole.len() / 2 / 8192 * 8192].to_vec();
    let mut spoiled = whole.clone();
    spoiled[100..140].fill(0xff);
    for (how, bytes) in [("cut off", half), ("spoiled", spoiled)] {
        let file = b.write("broken.db", bytes);
        for args in [&["map"][..], &["coverage"], &["scan", "data"]] {
            let done = b.run(&[args, &["--index", "broken.db"]].concat());
            assert_eq!(done.status, Some(2), "{how}, {args:?}: {done:?}");
            let told =
                "piimap: broken.db: the index is damaged: SQLite cannot read it; `piimap index check` says more; restore an older copy";
            assert!(done.stderr.starts_with(told) && done.stderr.lines().count() == 1, "{how}, {args:?}: {}", done.stderr);
        }
        let check = b.run(&["index", "check", "--index", "broken.db"]);
        assert!(check.status == Some(1) && check.stdout.contains("problem"), "{how}: {check:?}");
        std::fs::remove_file(file).unwrap();
    }
}

#[test]
fn runs_shows_the_newest_twenty() {
    let b = Bench::new();
    b.empty_index("piimap.db");
    let copies = "WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 23)
        INSERT INTO run (id, started, completed, ended, hold, classifier_set, sources)
        SELECT i, started, completed, ended, CASE i WHEN 2 THEN 'matter 7' END, classifier_set, sources FROM run, n WHERE id = 1";
    alter(&b, copies);
    let short = b.run(&["runs"]).stdout;
    assert!(
        short.lines().nth(1).unwrap().starts_with("  4  ") && short.contains("\n3 runs before these: `piimap runs --all`.\n"),
        "{short}"
    );
    assert!(short.contains("Run 2 is on legal hold: matter 7"), "{short}");
    let all = b.run(&["runs", "--all"]).stdout;
    assert!(all.lines().nth(1).unwrap().starts_with("  1  ") && !all.contains("--all"), "{all}");
    assert_eq!(b.run(&["runs", "--format", "json"]).lines().len(), 23);
}

#[test]
fn a_source_that_is_not_there_costs_itself_alone() {
    let b = Bench::new();
    b.write("data/people.csv", "email,ssn\nann.lee@example.com,457-55-5462\n");
    b.write("other/people.csv", "email,ssn\nben.day@example.com,457-55-5463\n");
    // What is all that was asked for, or typed wrongly, begins no run.
    for (args, says) in [
        (&["scan", "no/such"][..], "no/such: there is no such file or folder"),
        (&["scan", "no/such", "neither"], "no/such: there is no such file or folder; neither: there is no such file or folder"),
        (&["scan", "data", "ftp://host/x"], "ftp:// sources are not supported yet"),
        (&["scan", "data", "s3://"], "bucket"),
        (&["scan", "data", ""], "the path is empty"),
    ] {
        let done = b.run(args);
        assert!(done.status == Some(2) && done.stderr.contains(says), "{args:?}: {}", done.stderr);
    }
    assert!(!b.path("piimap.db").exists());

    let sources = ["data", "jane@example.com/gone", "other"];
    let scan = [&["scan"][..], &sources].concat();
    let dry = b.run(&[&scan[..], &["--dry-run"]].concat());
    assert!(dry.status == Some(3) && dry.stdout.contains("gone"), "{}", dry.stdout);
    for _ in 0..2 {
        let done = b.run(&[&scan[..], &["--format", "json"]].concat());
        let doc = done.json();
        assert_eq!((done.status, &doc["objects"]["listed"], &doc["missing"]["unlisted"]), (Some(3), &json!(2), &json!(1)), "{doc}");
        assert!(done.stderr.contains("gone: there is no such file or folder; it is a line of `piimap coverage`"), "{}", done.stderr);
        let lines = b.run(&["coverage", "--format", "json"]).lines();
        let told = (&lines[0]["reason"], &lines[0]["detail"], &lines[0]["status"]);
        let want = (&json!("listing_failed"), &json!("not_found: there is no such file or folder"), &json!("unread"));
        assert_eq!((lines.len(), told), (1, want));
        let uri = lines[0]["uri"].as_str().unwrap();
        assert!(uri.ends_with("/{generic.email}/gone"), "{uri}");
    }
    assert_eq!(b.json(&["runs"])["sources"].as_array().map(Vec::len), Some(2), "nobody has to look there again");
    let watch = [&["watch"][..], &sources, &["--runs", "1", "--metrics", "off", "--jitter", "0s"]].concat();
    let done = b.run(&watch);
    assert_eq!((done.status, &done.json()["outcome"]), (Some(3), &json!("incomplete")), "{}", done.stderr);
    // It is there again.
    b.write("jane@example.com/gone/a.csv", "email\ncyd.ray@example.com\n");
    assert_eq!(b.run(&scan).status, Some(0));
    assert_eq!(b.run(&["coverage"]).status, Some(0));
}

#[cfg(unix)]
#[test]
fn what_could_not_be_listed_is_told_until_it_is_whatever_others_read() {
    let b = Bench::new();
    with_unlistable(&b);
    b.write("other/people.csv", "email,ssn\nben.day@example.com,457-55-5463\n");
    assert_eq!((b.scan("data", &[]).0, b.scan("other", &[]).0), (Some(3), Some(0)));
    let told = |args: &[&str]| b.json(&[&["map"], args].concat())["basis"]["unlisted"].clone();
    let lines = || b.run(&["coverage", "--format", "json"]).lines().len();
    assert_eq!((lines(), told(&[]), told(&["--as-of", "1"]), told(&["--as-of", "2"])), (3, json!(3), json!(3), json!(3)));
    assert_eq!(b.run(&["coverage"]).status, Some(3));
    assert_eq!(b.json(&["runs"])["unlisted"], 0, "the newest run itself lacks nothing");
    // Old lines are let go of once they say nothing more.
    assert_eq!(b.run(&["index", "prune", "--keep", "0d"]).status, Some(0));
    assert_eq!((lines(), told(&[])), (3, json!(3)));
    b.scan("data", &[]);
    assert_eq!((lines(), told(&[]), told(&["--as-of", "2"])), (3, json!(3), json!(3)), "told once");
    for name in ["outside", "dangling", "pipe"] {
        std::fs::remove_file(b.path(&format!("data/{name}"))).unwrap();
    }
    b.scan("other", &[]);
    assert_eq!(lines(), 3, "nobody looked");
    b.scan("data", &[]);
    assert_eq!((lines(), told(&[]), b.run(&["coverage"]).status), (0, json!(0), Some(0)));
}
