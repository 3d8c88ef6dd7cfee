//! Runs as a journal and a clock: what was known or stored at a moment, and one writer at a time.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::support::s3_server::{ACCESS_KEY, S3Server, SECRET_KEY};
use crate::support::{Bench, Done};

const ADA: &str = "ada.winter@example.com";
const BEN: &str = "ben.summer@example.org";
const CY: &str = "cy.autumn@example.net";

/// Writes a file with a time of modification.
fn put(b: &Bench, name: &str, address: &str, ssn: &str, modified: &str) {
    let path = b.write(name, format!("email,ssn,state\n{address},{ssn},CA\n"));
    let ms = piimap::base::Timestamp::parse(modified).unwrap().0;
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(ms as u64);
    std::fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

/// Two runs: `a` is overwritten by another person's data between them, `b` is deleted.
fn two_runs() -> Bench {
    let b = Bench::new();
    put(&b, "data/a.csv", ADA, "457-55-5462", "2026-01-10T00:00:00Z");
    put(&b, "data/b.csv", BEN, "457-55-5463", "2026-02-10T00:00:00Z");
    assert_eq!(b.scan("data", &[]).0, Some(0));
    put(&b, "data/a.csv", CY, "457-55-5464", "2026-03-10T00:00:00Z");
    std::fs::remove_file(b.path("data/b.csv")).unwrap();
    assert_eq!(b.scan("data", &[]).0, Some(0));
    b
}

fn found(b: &Bench, who: &str, moment: &str) -> Vec<String> {
    let doc = b.json(&["find", who, "--as-of", moment]);
    let mut names: Vec<String> = doc["places"].as_array().unwrap().iter().map(|p| p["uri"].as_str().unwrap().to_owned()).collect();
    names.dedup();
    names.iter().map(|n| n.rsplit('/').next().unwrap().to_owned()).collect()
}

#[test]
fn answers_as_of_a_run_are_those_of_that_run() {
    let b = two_runs();
    for (moment, ada, ben, cy) in [("1", vec!["a.csv"], vec!["b.csv"], vec![]), ("2", vec![], vec![], vec!["a.csv"])] {
        assert_eq!((found(&b, ADA, moment), found(&b, BEN, moment), found(&b, CY, moment)), {
            let own = |v: Vec<&str>| v.into_iter().map(str::to_owned).collect::<Vec<_>>();
            (own(ada), own(ben), own(cy))
        });
    }
    let first = b.json(&["map", "--as-of", "1"]);
    assert_eq!((&first["consumers"], first["datasets"].as_array().unwrap().len()), (&json!(2), 2));
    assert_eq!(first["basis"]["as_of"], json!({"clock": "run", "run": 1, "gaps": []}));
    let breach = |moment: &[&str]| b.json(&[&["breach", "--object", "*"], moment].concat());
    assert_eq!(breach(&["--as-of", "1"])["consumers"]["certain"], 2);
    assert_eq!(breach(&["--as-of", "1"])["jurisdictions"][0]["residents"]["certain"], 2);
    assert_eq!(breach(&[])["consumers"]["certain"], 1);
    // Who it was then has the id that was printed then, and that id is found then.
    let then = b.json(&["find", "457-55-5462", "--as-of", "1"])["consumer"].as_str().unwrap().to_owned();
    assert_eq!(b.json(&["find", &then, "--as-of", "1"])["identifiers"].as_array().unwrap().len(), 2);
    assert_eq!(b.run(&["find", ADA, "--as-of", "2"]).status, Some(1));
    for (moment, says) in [("9", "there is no run 9; `piimap runs` lists them"), ("soon", "a run's number, a day such as 2026-11-03")] {
        let done = b.run(&["map", "--as-of", moment]);
        assert_eq!(done.status, Some(2));
        assert!(done.stderr.contains(says), "{}", done.stderr);
    }
}

fn gaps(doc: &Value) -> Vec<&str> {
    doc["basis"]["as_of"]["gaps"].as_array().unwrap().iter().map(|g| g["kind"].as_str().unwrap()).collect()
}

#[test]
fn answers_as_of_a_time_are_what_was_stored_then() {
    let b = two_runs();
    for (time, consumers, missing) in [
        ("2026-01-01", 0, vec!["before_first_run"]),
        ("2026-01-20", 1, vec!["before_first_run"]),
        ("2026-02-20", 2, vec!["before_first_run"]),
        ("2099-01-01", 1, vec!["after_newest_run", "uncertain"]),
    ] {
        let doc = b.json(&["map", "--as-of", time]);
        assert_eq!((&doc["consumers"], gaps(&doc)), (&json!(consumers), missing), "{time}: {doc}");
    }
    // Its time says since when it lay there; before the first run something else may have.
    assert_eq!(found(&b, CY, "2026-03-09T23:59:59Z"), Vec::<String>::new());
    let text = b.run(&["map", "--as-of", "2026-02-20"]).stdout;
    assert!(text.replace("\n  ", " ").contains("What was stored at 2026-02-20T00:00:00.000Z, by what is known since run 2"), "{text}");
    assert!(text.lines().all(|l| l.chars().count() <= 80), "{text}");
}

/// The run that comes later moves the file's beginning: a's second content is younger than the first run.
#[test]
fn between_two_runs_the_time_of_the_successor_decides() {
    let b = Bench::new();
    put(&b, "data/a.csv", ADA, "457-55-5462", "2026-01-10T00:00:00Z");
    b.scan("data", &[]);
    std::thread::sleep(Duration::from_millis(30));
    let before = piimap::base::Timestamp::now().to_string();
    std::thread::sleep(Duration::from_millis(30));
    b.write("data/a.csv", format!("email\n{CY}\n"));
    std::thread::sleep(Duration::from_millis(30));
    let after = piimap::base::Timestamp::now().to_string();
    std::thread::sleep(Duration::from_millis(30));
    b.scan("data", &[]);
    assert_eq!((found(&b, ADA, &before), found(&b, CY, &before)), (vec!["a.csv".to_owned()], vec![]));
    assert_eq!((found(&b, ADA, &after), found(&b, CY, &after)), (vec![], vec!["a.csv".to_owned()]));
    assert_eq!(gaps(&b.json(&["map", "--as-of", &before])), ["uncertain"], "it may have been overwritten twice");
    assert_eq!(gaps(&b.json(&["map", "--as-of", &after])), Vec::<&str>::new());
}

/// One key is overwritten twice, another deleted, all before the first run: the bucket keeps their versions, and they say when.
#[test]
fn versions_and_delete_markers_say_what_was_stored_before_any_run() {
    let b = Bench::new();
    const EMIL: &str = "emil.frost@example.com";
    put(&b, "store/data/a.csv", CY, "457-55-5464", "2026-03-10T00:00:00Z");
    put(&b, "store/data-versions/a.csv/v1", ADA, "457-55-5462", "2026-01-10T00:00:00Z");
    put(&b, "store/data-versions/a.csv/v2", BEN, "457-55-5463", "2026-02-10T00:00:00Z");
    put(&b, "store/data-versions/b.csv/v3", EMIL, "457-55-5465", "2026-01-05T00:00:00Z");
    put(&b, "store/data-versions/b.csv/dm1", "-", "-", "2026-02-01T00:00:00Z");
    let server = S3Server::start(&b.path("store"));
    assert_eq!(scan_versions(&b, &server)["objects"]["read"], 4);
    for (time, who) in [
        ("2026-01-01", &[][..]),
        ("2026-01-07", &[EMIL][..]),
        ("2026-01-20", &[ADA, EMIL]),
        ("2026-02-05", &[ADA]),
        ("2026-02-20", &[BEN]),
        ("2026-03-20", &[CY]),
    ] {
        for one in [ADA, BEN, CY, EMIL] {
            let doc = b.json(&["find", one, "--as-of", time]);
            let places = doc["places"].as_array().unwrap();
            assert_eq!(!places.is_empty(), who.contains(&one), "{one} at {time}: {doc}");
            // It was what the current version is now.
            assert!(places.iter().all(|p| p["role"] == "data"), "{doc}");
        }
        let map = b.json(&["map", "--as-of", time]);
        assert_eq!((&map["consumers"], gaps(&map)), (&json!(who.len()), vec!["before_first_run"]), "{time}");
        assert!(map.to_string().contains("only versions that were still kept"), "{map}");
        let objects: u64 = map["datasets"].as_array().unwrap().iter().map(|d| d["objects"].as_u64().unwrap()).sum();
        assert_eq!(objects, who.len() as u64, "{time}");
        // The same for the window of a breach.
        let (from, to) = (format!("{time}T00:00:00Z"), format!("{time}T01:00:00Z"));
        let breach = b.json(&["breach", "--prefix", "s3://data/", "--from", &from, "--to", &to]);
        assert_eq!(breach["consumers"]["certain"], json!(who.len()), "{time}: {breach}");
    }
    // Who read a key by its name read what stood there then; after its deletion, something that nobody has seen.
    let read = |day: &str, key: &str| {
        format!(
            "79a59df900b949e5 data [{day}/2026:00:00:38 +0000] 192.0.2.3 arn:aws:iam::111122223333:user/x R{day}{key} REST.GET.OBJECT {key} \
             \"GET /data/{key} HTTP/1.1\" 200 - 5000 5000 7 6 \"-\" \"x\" - hostid SigV4 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader \
             data.s3.us-west-1.amazonaws.com TLSv1.2 - - us-east-1\n"
        )
    };
    for (log, people, gaps) in [
        (read("20/Jan", "a.csv") + &read("20/Jan", "b.csv"), 2, &[][..]),
        (read("20/Jan", "a.csv") + &read("05/Feb", "b.csv"), 1, &["version_never_indexed"]),
    ] {
        b.write("access.log", log);
        let doc = b.json(&["breach", "--access-log", "access.log"]);
        let kinds: Vec<&str> = doc["evidence"]["gaps"].as_array().unwrap().iter().map(|g| g["kind"].as_str().unwrap()).collect();
        assert_eq!((&doc["consumers"]["certain"], kinds), (&json!(people), gaps.to_vec()), "{doc}");
    }
    // Now they are history of what lies there.
    let doc = b.json(&["find", ADA]);
    assert_eq!((&doc["places"][0]["role"], &doc["places"][0]["uri"]), (&json!("history"), &json!("s3://data/a.csv?versionId=v1")));
}

/// A run over the bucket with all its versions.
fn scan_versions(b: &Bench, server: &S3Server) -> Value {
    let url = server.url();
    let mut c = b.command(&["scan", "s3://data", "--all-versions", "--endpoint-url", &url, "--format", "json"]);
    c.env("AWS_ACCESS_KEY_ID", ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", SECRET_KEY).env("AWS_REGION", "us-east-1");
    let done = Done::of(c.env("AWS_EC2_METADATA_DISABLED", "true").spawn().unwrap());
    assert_eq!(done.status, Some(0), "{}", done.stderr);
    done.json()
}

/// What run 1 saw is overwritten twice, and deleted, before run 2; then the delete marker is removed, which run 3 sees.
#[test]
fn versions_between_runs_are_in_the_windows_in_which_they_were_stored() {
    let b = Bench::new();
    const EMIL: &str = "emil.frost@example.com";
    // Times of versions are whole seconds.
    let moment = || {
        let wait = || std::thread::sleep(Duration::from_millis(1100));
        wait();
        let now = piimap::base::Timestamp::now().to_string();
        wait();
        now
    };
    let now = || piimap::base::Timestamp::now().to_string();
    let (a, emil) = (["2026-01-10T00:00:00Z", "457-55-5462"], ["2026-01-05T00:00:00Z", "457-55-5465"]);
    put(&b, "store/data/a.csv", ADA, a[1], a[0]);
    put(&b, "store/data/b.csv", EMIL, emil[1], emil[0]);
    let server = S3Server::start(&b.path("store"));
    scan_versions(&b, &server);
    let first = moment();
    let written = now();
    put(&b, "store/data-versions/a.csv/v1", ADA, a[1], a[0]);
    put(&b, "store/data/a.csv", BEN, "457-55-5463", &written);
    put(&b, "store/data-versions/b.csv/v3", EMIL, emil[1], emil[0]);
    put(&b, "store/data-versions/b.csv/dm1", "-", "-", &written);
    std::fs::remove_file(b.path("store/data/b.csv")).unwrap();
    let second = moment();
    put(&b, "store/data-versions/a.csv/v2", BEN, "457-55-5463", &written);
    put(&b, "store/data/a.csv", CY, "457-55-5464", &now());
    let third = moment();
    scan_versions(&b, &server);
    let window = |from: &str, to: &str| b.json(&["breach", "--prefix", "s3://data/", "--from", from, "--to", to]);
    let there = |at: &str| [ADA, BEN, CY, EMIL].into_iter().filter(|who| !found(&b, who, at).is_empty()).collect::<Vec<_>>();
    let check = || {
        for (at, who) in [(&first, &[ADA, EMIL][..]), (&second, &[BEN]), (&third, &[CY])] {
            let map = b.json(&["map", "--as-of", at]);
            assert_eq!((&map["consumers"], gaps(&map), there(at)), (&json!(who.len()), vec![], who.to_vec()), "{at}: {map}");
            assert_eq!(window(at, at)["consumers"]["certain"], json!(who.len()), "{at}");
        }
        assert_eq!(window(&first, &second)["consumers"]["certain"], 3);
        // The row that run 1 wrote answers, where it was listed.
        let doc = b.json(&["find", ADA, "--as-of", &first]);
        assert_eq!((&doc["places"][0]["role"], &doc["places"][0]["uri"]), (&json!("data"), &json!("s3://data/a.csv")));
        assert_eq!(b.run(&["index", "check"]).status, Some(0));
    };
    check();
    // Its delete marker removed, it is what it was: from some moment after run 2 on, which no time of it tells.
    let between = moment();
    put(&b, "store/data/b.csv", EMIL, emil[1], emil[0]);
    std::fs::remove_dir_all(b.path("store/data-versions/b.csv")).unwrap();
    scan_versions(&b, &server);
    check();
    let map = b.json(&["map", "--as-of", &between]);
    assert_eq!((&map["consumers"], gaps(&map)), (&json!(2), vec!["uncertain"]), "{map}");
}

/// Waits until the journal says that this run is at work.
fn until_running(b: &Bench, run: usize) {
    for _ in 0..600 {
        let lines = b.run(&["runs", "--format", "json"]);
        if lines.status == Some(0) && lines.lines().get(run - 1).is_some_and(|r| r["status"] == "running") {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("run {run} never began");
}

#[test]
fn the_journal_tells_how_runs_ended() {
    let b = two_runs();
    for i in 0..6 {
        b.write(&format!("data/big{i}.csv"), crate::corpora::corpus("a", 4_000_000 + i));
    }
    let mut child = b.command(&["scan", "data", "--threads", "1"]).spawn().unwrap();
    until_running(&b, 3);
    assert!(child.try_wait().unwrap().is_none(), "the run was over too soon");

    // A second run refuses and says who is at work; readers are not kept waiting.
    let second = b.run(&["scan", "data"]);
    assert_eq!(second.status, Some(2));
    assert!(second.stderr.contains(&format!("(process {} on ", child.id())), "{}", second.stderr);
    assert!(second.stderr.contains("--wait"), "{}", second.stderr);
    assert_eq!(b.run(&["map"]).status, Some(0));
    // Or it waits, until the first is gone, however it went.
    let waiting = b.command(&["scan", "data", "--wait", "--format", "json"]).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    child.kill().unwrap();
    Done::of(child);
    let waited = Done::of(waiting);
    assert_eq!(waited.status, Some(0), "{}", waited.stderr);

    let runs = b.run(&["runs", "--format", "json"]).lines();
    let how: Vec<&str> = runs.iter().map(|r| r["status"].as_str().unwrap()).collect();
    assert_eq!(how, ["completed", "completed", "killed", "completed"]);
    assert_eq!((&runs[0]["objects"]["read"], &runs[1]["objects"]["gone"], &runs[2]["ended"]), (&json!(2), &json!(1), &Value::Null));
    let doc = b.json(&["map", "--as-of", "3"]);
    assert_eq!((gaps(&doc), &doc["basis"]["run"]), (vec!["run_incomplete"], &json!(3)));
    let text = b.run(&["runs"]).stdout;
    assert!(text.lines().all(|l| l.chars().count() <= 80) && text.contains("killed"), "{text}");
}

#[cfg(unix)]
#[test]
fn what_a_stopped_run_did_not_reach_is_in_coverage_until_the_next() {
    let b = Bench::new();
    for i in 0..6 {
        b.write(&format!("data/big{i}.csv"), crate::corpora::corpus("a", 3_000_000 + i));
    }
    let mut child = b.command(&["scan", "data", "--threads", "1", "--format", "json"]).spawn().unwrap();
    until_running(&b, 1);
    assert!(child.try_wait().unwrap().is_none(), "the run was over too soon");
    assert!(std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let doc = Done::of(child).json();
    let unread = doc["objects"]["unread"].as_u64().unwrap();
    assert!(unread > 0, "{doc}");
    let lines = b.run(&["coverage", "--format", "json"]).lines();
    assert_eq!(lines.iter().filter(|l| l["reason"] == "interrupted").count() as u64, unread);
    assert_eq!(b.run(&["runs", "--format", "json"]).lines()[0]["status"], "stopped");
    assert_eq!(b.scan("data", &[]).0, Some(0));
    assert_eq!(b.run(&["coverage"]).status, Some(0));
    assert_eq!(gaps(&b.json(&["map", "--as-of", "1"])), ["run_incomplete"]);
}

#[test]
fn a_window_names_the_same_gaps_as_a_moment() {
    let b = Bench::new();
    b.write("d/a.csv", "email,ssn\nann.lee@example.com,457-55-5462\n");
    assert_eq!(b.scan("d", &[]).0, Some(0));
    let kinds = |args: &[&str]| -> Vec<String> {
        let doc = b.json(&[&["breach", "--object", "**"], args].concat());
        let gaps = doc["basis"]["gaps"].as_array().unwrap();
        gaps.iter().map(|g| g["kind"].as_str().unwrap().to_owned()).collect()
    };
    let later = ["after_newest_run", "uncertain"];
    assert_eq!(kinds(&["--as-of", "2099-01-01"]), later);
    assert_eq!(kinds(&["--from", "2099-01-01"]), later);
    assert_eq!(kinds(&["--from", "2099-01-01", "--to", "2099-02-01"]), later);
    assert_eq!(kinds(&["--as-of", "2001-01-01"]), ["before_first_run"]);
    assert_eq!(kinds(&["--to", "2001-01-01"]), ["before_first_run"]);
    assert_eq!(
        kinds(&["--from", "2001-01-01", "--to", "2099-01-01"]),
        ["before_first_run", "after_newest_run"],
        "it was there for certain"
    );
    assert!(kinds(&[]).is_empty());
    for args in [["--as-of", "2099-01-01"], ["--from", "2099-01-01"]] {
        let text = b.run(&[&["breach", "--object", "**", "--html", "a.html"], &args[..]].concat()).stdout;
        let page = std::fs::read_to_string(b.path("a.html")).unwrap();
        for said in [text.split_whitespace().collect::<Vec<_>>().join(" "), page] {
            assert!(
                said.contains("Not certain: the newest completed run began at") && said.contains("Not certain: 1 object: no run saw"),
                "{said}"
            );
        }
    }
}
