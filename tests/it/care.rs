//! Looking after an index with the program: `piimap index …`, full disks, files that cannot be written.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Bench, Done};

const ADA: &str = "ada.winter@example.com";
const BEN: &str = "ben.summer@example.org";

/// Run 1: Ada in a.csv, Ben in b.csv. Run 2: a.csv is of somebody else.
fn two_runs() -> Bench {
    let b = Bench::new();
    b.write("data/a.csv", format!("email,ssn\n{ADA},457-55-5462\n"));
    b.write("data/b.csv", format!("email,ssn\n{BEN},457-55-5463\n"));
    assert_eq!(b.scan("data", &[]).0, Some(0));
    b.write("data/a.csv", "email,ssn\ncy.autumn@example.net,457-55-5464\n");
    assert_eq!(b.scan("data", &[]).0, Some(0));
    b
}

fn sound(b: &Bench, index: &str, when: &str) {
    let done = b.run(&["index", "check", "--index", index]);
    assert_eq!(done.status, Some(0), "{when}: {done:?}");
}

#[test]
fn check_prune_compact_and_holds() {
    let b = two_runs();
    let check = b.run(&["index", "check"]);
    assert_eq!((check.status, check.stdout.lines().last()), (Some(0), Some("All is well.")), "{check:?}");
    assert_eq!(b.run(&["index", "prune"]).status, Some(2), "without a time of keeping nothing is removed");
    b.write("piimap.toml", "keep = \"400d\"\n");
    assert_eq!(b.json(&["index", "prune"]), json!({"objects": 0, "held": 0, "identifiers": 0, "dry_run": false}));
    assert_eq!(b.run(&["index", "hold", "1", "--reason", "matter 2026-117"]).status, Some(0));
    let held = b.run(&["index", "prune", "--keep", "0d"]);
    assert!(held.stdout.contains("1 version kept by a legal hold"), "{held:?}");
    assert!(b.run(&["runs"]).stdout.contains("Run 1 is on legal hold: matter 2026-117"));
    let refused = b.run(&["index", "forget", BEN]);
    assert!(refused.status == Some(2) && refused.stderr.contains("run 1 is on legal hold (matter 2026-117)"), "{refused:?}");
    assert_eq!(b.run(&["index", "release", "1"]).status, Some(0));
    assert_eq!(b.json(&["index", "prune", "--keep", "0d", "--dry-run"])["objects"], 1);
    assert_eq!(b.run(&["find", ADA]).status, Some(0));
    assert_eq!(b.json(&["index", "prune", "--keep", "0d"])["objects"], 1);
    assert_eq!(b.run(&["find", ADA]).status, Some(1));
    assert_eq!(b.json(&["map", "--as-of", "1"])["basis"]["as_of"]["gaps"][0]["kind"], "pruned");
    assert_eq!(b.run(&["index", "compact"]).status, Some(0));
    sound(&b, "piimap.db", "pruned and compacted");
    assert_eq!(b.run(&["index", "hold", "9", "--reason", "x"]).status, Some(2));
    assert_eq!(b.run(&["index", "check", "--index", "none.db"]).status, Some(2));
}

#[test]
fn a_person_is_forgotten_for_good() {
    let b = two_runs();
    let done = b.run_with(&["index", "forget", "-", "--format", "json"], format!("{BEN}\n").as_bytes());
    assert_eq!(done.status, Some(0), "{done:?}");
    assert_eq!(done.json(), json!({"identifiers": 2, "objects": 1, "sightings": 2, "shared": 0}));
    assert!(!done.stdout.contains(BEN) && !done.stderr.contains(BEN));
    for who in [BEN, "457-55-5463"] {
        assert_eq!(b.run(&["find", who]).status, Some(1));
        assert_eq!(b.run(&["find", who, "--as-of", "1"]).status, Some(1));
        assert_eq!(b.run(&["index", "forget", who]).status, Some(1), "nothing is known any more");
    }
    assert_eq!(b.scan("data", &["--full"]).0, Some(0));
    assert_eq!(b.run(&["find", BEN]).status, Some(1), "a later run does not bring them back");
    assert_eq!(b.run(&["find", "cy.autumn@example.net"]).status, Some(0));
    sound(&b, "piimap.db", "forgotten");
}

/// A name that a terminal would obey, or that turns the direction of text, is written as `map` writes it.
#[cfg(unix)]
#[test]
fn sql_shows_names_as_all_answers_do() {
    let b = Bench::new();
    b.write("data/a\u{202e}b\x7f\tc.csv", "email\nida.holm@example.org\n");
    assert_eq!(b.scan("data", &[]).0, Some(0));
    let want = "a\\u{202E}b\\x7F\\x09c.csv";
    let sql = b.run(&["index", "sql", "select dataset as 'd\u{202e}', 1 as n from fields limit 1"]).stdout;
    assert!(b.run(&["map"]).stdout.contains(want) && sql.starts_with("d\\u{202E}\tn\n"), "{sql:?}");
    assert!(sql.lines().nth(1).is_some_and(|row| row.contains(want) && row.ends_with("\t1")), "{sql:?}");
}

#[test]
fn sql_and_parquet() {
    let b = two_runs();
    let ask = |sql: &str| b.run(&["index", "sql", sql]);
    let done = ask("select run, read from runs order by run");
    assert_eq!((done.status, done.stdout.as_str()), (Some(0), "run\tread\n1\t2\n2\t1\n"), "{done:?}");
    assert_eq!(ask("select 1 where 0").status, Some(1));
    for sql in ["drop table object", "update run set hold = 'x'", "select * from passwords"] {
        let done = ask(sql);
        assert!(done.status == Some(2) && done.stdout.is_empty(), "{done:?}");
    }
    let rows = b.run(&["index", "sql", "select distinct classifier from sightings order by 1", "--format", "json"]).lines();
    assert_eq!(rows, [json!({"classifier": "generic.email"}), json!({"classifier": "us.ssn"})]);
    let done = b.json(&["index", "export", "out"]);
    assert_eq!(done["files"].as_array().unwrap().len(), 7, "{done}");
    // What was exported is data like any other: hashes and places, nobody's value.
    let (status, doc) = b.scan("out", &["--index", "other.db"]);
    assert_eq!(
        (status, &doc["objects"]["read"], &doc["classifiers"]["generic.email"]),
        (Some(0), &json!(7), &serde_json::Value::Null),
        "{doc}"
    );
}

/// A limit on the size of files is a full disk to the program.
#[cfg(unix)]
#[test]
fn a_full_disk_loses_nothing() {
    let b = two_runs();
    let before = crate::support::normal(b.json(&["find", BEN]));
    b.write("data/big.csv", crate::corpora::corpus("a", 3_000_000));
    let limited = b.command(&["scan", "data"]);
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "ulimit -f 1600; trap '' XFSZ; exec \"$@\"", "sh"]).arg(limited.get_program()).args(limited.get_args());
    shell.current_dir(b.path("")).env_clear().envs(limited.get_envs().filter_map(|(k, v)| Some((k, v?))));
    let done = Done::of(shell.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap());
    assert_eq!(done.status, Some(2), "{done:?}");
    assert!(done.stderr.contains("make room, then run the same command again"), "{done:?}");
    sound(&b, "piimap.db", "after a full disk");
    let mut after = crate::support::normal(b.json(&["find", BEN]));
    assert_eq!(std::mem::replace(&mut after["basis"]["unended_runs"], json!([])), json!([3]), "the answer says that a run did not end");
    assert_eq!(after, before);
    assert_eq!(b.scan("data", &[]).0, Some(0), "with room again, the next run completes");
    sound(&b, "piimap.db", "with room again");
}

/// Also as root, for whom permissions are none: without that privilege.
#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_written_is_read_and_left_as_it_is() {
    use std::os::unix::fs::PermissionsExt;
    let b = two_runs();
    let folder = b.path("shelf");
    std::fs::create_dir(&folder).unwrap();
    std::fs::copy(b.path("piimap.db"), folder.join("piimap.db")).unwrap();
    let mode = |path: &std::path::Path, m| std::fs::set_permissions(path, std::fs::Permissions::from_mode(m)).unwrap();
    mode(&folder.join("piimap.db"), 0o444);
    mode(&folder, 0o555);
    let root = std::fs::write(folder.join("probe"), "x").is_ok();
    let _ = std::fs::remove_file(folder.join("probe"));
    let run = |args: &[&str]| {
        let c = b.command(&[args, &["--index", "shelf/piimap.db"]].concat());
        let mut command = if root {
            let mut s = std::process::Command::new("setpriv");
            s.args(["--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-dac_override,-dac_read_search"])
                .arg(c.get_program());
            s
        } else {
            std::process::Command::new(c.get_program())
        };
        command.args(c.get_args()).current_dir(b.path("")).env_clear().envs(c.get_envs().filter_map(|(k, v)| Some((k, v?))));
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        Done::of(command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap())
    };
    for args in [&["map"][..], &["find", BEN], &["index", "check"], &["index", "sql", "select * from runs"]] {
        let done = run(args);
        assert_eq!(done.status, Some(0), "{args:?}: {done:?}");
    }
    for args in [&["scan", "data"][..], &["index", "compact"], &["index", "forget", BEN]] {
        let done = run(args);
        assert!(done.status == Some(2) && done.stderr.contains("shelf/piimap.db"), "{args:?}: {done:?}");
    }
    mode(&folder, 0o755);
    assert_eq!(std::fs::read(folder.join("piimap.db")).unwrap(), std::fs::read(b.path("piimap.db")).unwrap());
}

/// `PIIMAP_KILLS=1000` kills as many; a run (which writes, merges and settles), prune, compact and forget take turns.
#[test]
fn killed_while_it_is_looked_after_the_index_stays_whole() {
    let kills: u32 = std::env::var("PIIMAP_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(12);
    let b = Bench::new();
    let write = |version: usize| {
        for i in 0..4 {
            b.write(&format!("data/{i}.csv"), crate::corpora::corpus("a", 150_000 + i * 7 + version));
        }
    };
    for version in 0..3 {
        write(version);
        b.write("data/ada.csv", format!("email,ssn\n{ADA},457-55-5462\n"));
        b.write("data/ben.csv", format!("email,ssn\n{BEN},457-55-5463\n"));
        assert_eq!(b.scan("data", &["--index", "seed.db"]).0, Some(0));
    }
    write(3);
    let verbs: [&[&str]; 4] = [&["scan", "data"], &["index", "prune", "--keep", "0d"], &["index", "compact"], &["index", "forget", BEN]];
    let fresh = |name: &str| assert!(std::fs::copy(b.path("seed.db"), b.path(name)).unwrap() > 0);
    let mut took = [Duration::ZERO; 4];
    for (verb, took) in verbs.iter().zip(&mut took) {
        fresh("whole.db");
        let started = Instant::now();
        assert_eq!(b.run(&[verb, &["--index", "whole.db"][..]].concat()).status, Some(0), "{verb:?}");
        *took = started.elapsed();
    }
    let mut caught = 0;
    for n in 0..kills {
        let which = n as usize % 4;
        for left in ["piimap.db-wal", "piimap.db-shm", "piimap.db.lock"] {
            let _ = std::fs::remove_file(b.path(left));
        }
        fresh("piimap.db");
        let mut child = b.command(verbs[which]).spawn().unwrap();
        // Most of it is the start of the program; the later, the more is caught at work.
        std::thread::sleep(took[which].mul_f64(0.3 + 0.7 * f64::from(n) / f64::from(kills)));
        let at_work = child.try_wait().unwrap().is_none();
        caught += u32::from(at_work);
        if !at_work {
            // The machine was busier when the time was taken.
            took[which] = took[which].mul_f64(0.75);
        }
        child.kill().unwrap();
        Done::of(child);
        sound(&b, "piimap.db", &format!("{:?}, kill {n}", verbs[which]));
        assert_eq!(b.run(&["find", ADA]).status, Some(0), "{:?}, kill {n}", verbs[which]);
        let again = b.run(verbs[which]);
        let gone_already = which == 3 && again.status == Some(1);
        assert!(again.status == Some(0) || gone_already, "{:?}, kill {n}: {again:?}", verbs[which]);
        sound(&b, "piimap.db", "and again");
    }
    assert!(caught >= kills / 4, "only {caught} of {kills} were still at work when they were killed");
}
