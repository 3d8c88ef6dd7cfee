//! Runs on a schedule, the configuration that starts them, and the key they need.

use std::io::{BufRead, BufReader, Read, Write};

use serde_json::Value;

use crate::support::{Bench, Done};

#[test]
fn it_runs_again_and_again_and_ends_when_told() {
    let b = Bench::new();
    b.write("data/a.csv", "name,email\nIda Holm,ida.holm@example.org\n");
    b.write("piimap.toml", "sources = [\"data\"]\n[watch]\njitter = \"0s\"\nmetrics = \"127.0.0.1:0\"\non_exit = \"cat >> hook.jsonl\"\n");
    let mut child = b.command(&["watch", "--every", "1s"]).spawn().unwrap();
    let mut metrics = String::new();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    err.read_line(&mut metrics).unwrap();
    let at = metrics.trim().split("http://").nth(1).unwrap().strip_suffix("/metrics").unwrap().to_owned();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    let (first, second) = (next(), next());
    assert_eq!((&first["outcome"], &first["objects"]["read"], &first["run"]), (&"complete".into(), &1.into(), &1.into()));
    assert_eq!((&second["objects"]["unchanged"], &second["run"]), (&1.into(), &2.into()));
    assert!(first["next"].is_string() && first["error"].is_null());
    let ask = |path: &str| {
        let mut s = std::net::TcpStream::connect(&at).unwrap();
        s.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).unwrap();
        let mut all = String::new();
        s.read_to_string(&mut all).unwrap();
        all
    };
    assert!(ask("/healthz").starts_with("HTTP/1.1 200"));
    let page = ask("/metrics");
    assert!(page.contains("\npiimap_consumers 1\n") && !page.contains("data"), "{page}");
    // A polite end: between two runs, or after the one in hand.
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(0));
    let mut said = String::new();
    err.read_to_string(&mut said).unwrap();
    assert!(said.contains("stopping; no run is going on") != said.contains("objects in hand"), "{said}");
    let hook = std::fs::read_to_string(b.path("hook.jsonl")).unwrap();
    assert!(hook.lines().count() >= 2 && hook.lines().all(|l| serde_json::from_str::<Value>(l).is_ok()), "{hook}");
}

#[test]
fn runs_that_fail_are_told_and_budgets_stop_them() {
    let b = Bench::new();
    b.write("data/a.csv", "name,email\nIda Holm,ida.holm@example.org\n");
    let once = ["watch", "data", "--runs", "1", "--metrics", "off", "--jitter", "0s"];
    let done = b.run(&[&once[..], &["--max-bytes", "500GB", "--max-time", "1h"]].concat());
    assert_eq!((done.status, done.json()["outcome"].as_str()), (Some(0), Some("complete")), "{}", done.stderr);
    b.write("data/b.csv", "name,email\nOle Lund,ole.lund@example.org\n");
    let done = b.run(&[&once[..], &["--max-time", "0s"]].concat());
    assert_eq!(
        (done.status, done.json()["outcome"].as_str()),
        (Some(3), Some("budget")),
        "what is left over was not reached: {}",
        done.stderr
    );
    b.write("data/cut.bin", [0u8, 159, 146, 150].repeat(300));
    let done = b.run(&[&once[..], &["--on-alert", "printf '%s' \"$PIIMAP_OUTCOME\" > alert"]].concat());
    assert_eq!((done.status, done.json()["outcome"].as_str()), (Some(3), Some("incomplete")), "{}", done.stderr);
    assert_eq!(std::fs::read_to_string(b.path("alert")).unwrap(), "incomplete");
    for (args, says) in [
        (&["watch", "data", "--every", "soon"][..], "such as 6h"),
        (&["watch", "data", "--metrics", "0.0.0.0:9185"], "loopback"),
        (&["watch"], "name a source"),
        (&["watch", "-"], "read once only"),
        (&["watch", "data", "rds://arn:aws:rds:eu-west-1:111122223333:snapshot:nightly"], "rds:// is for `piimap scan` alone"),
        (&["watch", "dynamodb://arn:aws:dynamodb:eu-west-1:111122223333:table/orders"], "dynamodb:// is for `piimap scan` alone"),
    ] {
        let done = b.run(args);
        assert!(done.status == Some(2) && done.stderr.contains(says), "{args:?}: {}", done.stderr);
    }
}

#[test]
fn keys_are_made_changed_and_kept_away_from_the_index() {
    let b = Bench::new();
    b.write("data/a.csv", "name,email\nIda Holm,ida.holm@example.org\n");
    assert_eq!(b.run(&["key", "new", "one.key"]).status, Some(0));
    assert_eq!(b.run(&["key", "new", "one.key"]).status, Some(2), "a key is never overwritten");
    std::fs::create_dir_all(b.path("keys")).unwrap();
    std::fs::rename(b.path("one.key"), b.path("keys/one.key")).unwrap();
    let with = |key: &str, args: &[&str]| b.run(&[args, &["--key-file", key]].concat());
    assert_eq!(with("keys/one.key", &["scan", "data"]).status, Some(0));
    assert_eq!(with("keys/one.key", &["find", "ida.holm@example.org"]).status, Some(0));

    let done = with("keys/one.key", &["key", "rotate", "--new-key-file", "keys/two.key"]);
    assert!(done.status == Some(0) && done.stdout.contains("new index"), "{}", done.stderr);
    assert_eq!(with("keys/two.key", &["find", "ida.holm@example.org"]).status, Some(0));
    assert_eq!(with("keys/two.key", &["key", "check"]).status, Some(0));
    assert_eq!(with("keys/two.key", &["scan", "data"]).status, Some(0));
    for args in [&["find", "ida.holm@example.org"][..], &["key", "check"], &["scan", "data"]] {
        let done = with("keys/one.key", args);
        assert!(done.status == Some(2) && done.stderr.contains("fingerprint"), "{args:?} {}", done.stderr);
    }

    std::fs::copy(b.path("keys/two.key"), b.path("two.key")).unwrap();
    let done = with("two.key", &["watch", "data", "--runs", "1", "--metrics", "off"]);
    assert!(done.status == Some(2) && done.stderr.contains("beside the index"), "{}", done.stderr);
    let advice = ["key", "rotate", "--new-key-file", "keys/three.key", "--kms", "no key"];
    assert!(done.stderr.contains("`piimap key rotate --new-key-file FILE --kms KEY`, or `piimap key wrap`"), "{}", done.stderr);
    let done = with("two.key", &advice);
    assert!(done.status == Some(2) && done.stderr.contains("name a key of AWS KMS"), "it is understood: {}", done.stderr);
    assert_eq!(with("keys/two.key", &["watch", "data", "--runs", "1", "--metrics", "off"]).status, Some(0));
}

#[test]
fn init_writes_what_scan_reads() {
    let b = Bench::new();
    b.write("data/a.csv", "name,email\nIda Holm,ida.holm@example.org\n");
    assert_eq!(b.run(&["init", "data"]).status, Some(0));
    assert_eq!(b.run(&["init", "data"]).status, Some(2), "it is never overwritten");
    let done = b.run(&["scan", "--format", "json"]);
    assert_eq!((done.status, &done.json()["consumers"]), (Some(0), &1.into()), "{}", done.stderr);
    let done = b.run(&["init", "--iam-policy", "s3://b/exports"]);
    let policy: Value = serde_json::from_str(&done.stdout).unwrap();
    let (optional, needed): (Vec<&Value>, Vec<&Value>) =
        policy["Statement"].as_array().unwrap().iter().partition(|s| s["Sid"] == "OptionalWhatSurroundsTheData");
    let actions: Vec<&str> = needed.iter().map(|s| s["Action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["s3:ListBucket", "s3:GetObject"]);
    let reads = |s: &Value| s["Action"].as_array().unwrap().iter().all(|a| a.as_str().unwrap().starts_with("s3:Get"));
    assert!(optional.len() == 1 && reads(optional[0]), "{policy}");
    b.write("piimap.toml", "surces = [\"data\"]\n");
    let done = b.run(&["scan"]);
    assert!(done.status == Some(2) && done.stderr.contains("did you mean `sources`?"), "{}", done.stderr);
}

#[test]
fn what_is_allowed_until_a_day_counts_again_from_then_on() {
    let b = Bench::new();
    b.write("data/a.csv", "name,email\nIda Holm,ida.holm@example.org\n");
    let ends = piimap::base::Timestamp(piimap::base::Timestamp::now().0 + 4_000);
    b.write("piimap.toml", format!("[[allow]]\nregex = '.*'\nreason = \"test\"\nowner = \"ops\"\nexpires = \"{ends}\"\n"));
    let mut child = b.command(&["watch", "data", "--every", "1s", "--jitter", "0s", "--metrics", "off", "--runs", "60"]).spawn().unwrap();
    let runs = BufReader::new(child.stdout.take().unwrap()).lines().map(|l| serde_json::from_str::<Value>(&l.unwrap()).unwrap());
    let consumers: Vec<u64> = runs.map(|run| run["consumers"].as_u64().unwrap()).take_while(|n| *n == 0).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!((1..60).contains(&consumers.len()), "{consumers:?}");
}

#[test]
fn a_key_that_anybody_guesses_is_refused() {
    let b = Bench::new();
    b.write("data/a.csv", "name,email\nIda Holm,ida.holm@example.org\n");
    assert_eq!(b.scan("data", &[]).0, Some(0));
    let zeros = "0".repeat(64);
    let with = |variable: &str, args: &[&str]| Done::of(b.command(args).env(variable, &zeros).spawn().unwrap());
    for done in [
        with("PIIMAP_KEY", &["scan", "data", "--index", "new.db"]),
        with("PIIMAP_KEY", &["find", "ida.holm@example.org"]),
        with("PIIMAP_NEW_KEY", &["key", "rotate"]),
    ] {
        assert!(done.status == Some(2) && done.stderr.contains("`piimap key new FILE`"), "{done:?}");
    }
    assert!(!b.path("new.db").exists() && b.run(&["find", "ida.holm@example.org"]).status == Some(0));
}
