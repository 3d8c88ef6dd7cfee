//! Dumps of databases that others made and that run: the same people as the CSV of the same table.
//!
//! `PIIMAP_TEST_POSTGRES` names a PostgreSQL (`127.0.0.1:PORT`, user `postgres` without a password), `PIIMAP_TEST_MARIADB` the socket of a
//! MariaDB (user `root` without a password); their own programs must be on the path.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

use serde_json::Value;

use crate::support::{Bench, of_others};

const PEOPLE: usize = 250;

/// A program's standard output; it must succeed.
fn output(program: &str, args: &[&str]) -> Vec<u8> {
    let out = Command::new(program).args(args).env("LC_ALL", "C.UTF-8").output().unwrap_or_else(|e| panic!("{program}: {e}"));
    assert!(out.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    out.stdout
}

/// A row: number, name, address, telephone, number of social security, what somebody noted. Invented; `None` is null.
fn row(i: usize) -> [Option<String>; 6] {
    const NAMES: [&str; 6] = ["Ada O'Winter", "Ben \"Bo\" Summer", "Cora, Jr. Hall", "Dan\tBack\\slash", "Érik Ångström", "Fay;-- Line"];
    let note = match i % 7 {
        0 => None,
        1 => Some(String::new()),
        2 => Some(format!("called back,\nwrite to note{i}@example.org\r\nthanks")),
        3 => Some("\\N".to_owned()),
        4 => Some("\\. and 'quotes'' and \\' more".to_owned()),
        5 => Some("日本語 — “quoted”".to_owned()),
        _ => Some(format!("INSERT INTO people VALUES (1, 'x{i}');")),
    };
    let ssn = (!i.is_multiple_of(5)).then(|| format!("{}-{:02}-{:04}", 501 + i % 140, 11 + i % 80, 1201 + i * 13 % 8000));
    let phone = (!i.is_multiple_of(3)).then(|| format!("+1 415 555 {:04}", 100 + i));
    [Some((i + 1).to_string()), Some(NAMES[i % 6].to_owned()), Some(format!("person{i}.dump@example.com")), phone, ssn, note]
}

const COLUMNS: &str = "id,full_name,email,phone,ssn,note";

/// The table as CSV: null is nothing, nothing is `""`.
fn csv() -> String {
    let field = |v: &Option<String>| v.as_ref().map_or(String::new(), |v| format!("\"{}\"", v.replace('"', "\"\"")));
    let line = |i| row(i).iter().map(field).collect::<Vec<_>>().join(",") + "\n";
    (0..PEOPLE).fold(format!("{COLUMNS}\n"), |all, i| all + &line(i))
}

/// Who is found in a file: each consumer with what is known of them, and what is found of each kind in each column, without the table's
/// name, and where the address of a few stands.
fn found(b: &Bench, folder: &str) -> (BTreeMap<String, Value>, Vec<String>, Vec<String>) {
    let index = format!("{folder}.db");
    std::fs::copy(b.path("seed.db"), b.path(&index)).unwrap();
    let (status, scan) = b.scan(folder, &["--index", &index]);
    assert_eq!(status, Some(0), "{folder}: {scan} {}", b.run(&["coverage", "--index", &index]).stdout);
    let list = b.path(&format!("{folder}.jsonl"));
    b.run(&["breach", "--object", "**", "--index", &index, "--list", list.to_str().unwrap()]);
    let lines = std::fs::read_to_string(&list).unwrap();
    let people = lines.lines().map(|l| serde_json::from_str::<Value>(l).unwrap());
    let people: BTreeMap<String, Value> = people.map(|p| (p["consumer"].as_str().unwrap().to_owned(), p["elements"].clone())).collect();
    let map = b.json(&["map", "--index", &index]);
    let mut fields = Vec::new();
    for f in map["datasets"].as_array().unwrap().iter().flat_map(|d| d["fields"].as_array().unwrap().clone()) {
        // Text around the rows of a dump has no column.
        let Some(name) = f["name"].as_str().map(|n| n.rsplit('.').next().unwrap().to_owned()) else { continue };
        for c in f["classifiers"].as_array().unwrap() {
            fields.push(format!("{name} {} {}", c["id"].as_str().unwrap(), c["count"]));
        }
    }
    fields.sort();
    let mut places = Vec::new();
    for i in [0, 2, 101, PEOPLE - 1] {
        let who = format!("person{i}.dump@example.com");
        let doc = b.json(&["find", &who, "--index", &index]);
        let mut all: Vec<String> =
            doc["places"].as_array().unwrap().iter().map(|p| format!("{i} {} {}", p["classifier"], p["rows"])).collect();
        all.sort();
        places.extend(all);
    }
    (people, fields, places)
}

/// All dumps hold the people of the table.
fn compare(b: &Bench, dumps: &[(&str, &str, Vec<u8>)]) {
    b.empty_index("seed.db");
    b.write("table/people.csv", csv());
    let truth = found(b, "table");
    assert!(truth.0.len() >= PEOPLE, "{} people", truth.0.len());
    assert!(truth.1.iter().any(|f| *f == format!("email generic.email {PEOPLE}")), "{:?}", truth.1);
    for (folder, file, content) in dumps {
        b.write(&format!("{folder}/{file}"), content);
        let got = found(b, folder);
        assert_eq!(got.0.len(), truth.0.len(), "{folder}: people");
        assert!(got.0 == truth.0, "{folder}: other people, or other elements of them");
        assert_eq!(got.1, truth.1, "{folder}: fields");
        assert_eq!(got.2, truth.2, "{folder}: places");
    }
}

/// The statements that make and fill the table.
fn statements(text: &str, quoted: fn(&str) -> String) -> String {
    let mut out =
        format!("CREATE TABLE people (id integer primary key, full_name {text}, email {text}, phone {text}, ssn {text}, note text);\n");
    for i in 0..PEOPLE {
        let values: Vec<String> = row(i).iter().map(|v| v.as_deref().map_or("NULL".to_owned(), quoted)).collect();
        writeln!(out, "INSERT INTO people VALUES ({});", values.join(", ")).unwrap();
    }
    out
}

#[test]
fn dumps_of_postgresql_hold_the_same_people() {
    let Some(address) = of_others("PIIMAP_TEST_POSTGRES", "dumps::dumps_of_postgresql_hold_the_same_people") else { return };
    let (host, port) = address.split_once(':').unwrap();
    assert_eq!(host, "127.0.0.1", "tests speak to this machine alone");
    let b = Bench::new();
    let database = format!("piimap_{}", std::process::id());
    let to = ["-h", host, "-p", port, "-U", "postgres"];
    output("psql", &[&to[..], &["-q", "-c", &format!("CREATE DATABASE {database} ENCODING 'UTF8' TEMPLATE template0")]].concat());
    let sql = b.write("load.sql", statements("varchar(80)", |v| format!("'{}'", v.replace('\'', "''"))));
    output("psql", &[&to[..], &["-q", "-v", "ON_ERROR_STOP=1", "-d", &database, "-f", sql.to_str().unwrap()]].concat());
    let dump = |args: &[&str]| output("pg_dump", &[&to[..], args, &[&database]].concat());
    let all = [
        ("copy", "people.sql", dump(&[])),
        ("inserts", "people.sql", dump(&["--inserts"])),
        ("columns", "people.sql", dump(&["--column-inserts", "--rows-per-insert=40"])),
        ("custom", "people.dump", dump(&["-Fc"])),
        ("custom_plain", "people.dump", dump(&["-Fc", "-Z0"])),
        ("custom_data", "people.dump", dump(&["-Fc", "--data-only", "-t", "people"])),
    ];
    output("psql", &[&to[..], &["-q", "-c", &format!("DROP DATABASE {database}")]].concat());
    compare(&b, &all);
}

#[test]
fn dumps_of_mariadb_hold_the_same_people() {
    let Some(socket) = of_others("PIIMAP_TEST_MARIADB", "dumps::dumps_of_mariadb_hold_the_same_people") else { return };
    let b = Bench::new();
    let database = format!("piimap_{}", std::process::id());
    let to = ["--no-defaults", "-S", &socket, "-u", "root", "--default-character-set=utf8mb4"];
    output("mariadb", &[&to[..], &["-e", &format!("CREATE DATABASE {database} CHARACTER SET utf8mb4")]].concat());
    let quoted = |v: &str| format!("'{}'", v.replace('\\', "\\\\").replace('\'', "''").replace('\n', "\\n").replace('\r', "\\r"));
    let sql = b.write("load.sql", statements("varchar(80)", quoted));
    output("mariadb", &[&to[..], &[&database, "-e", &format!("source {}", sql.display())]].concat());
    let dump = |args: &[&str]| output("mariadb-dump", &[&to[..], args, &[&database]].concat());
    let all = [
        ("extended", "people.sql", dump(&[])),
        ("single", "people.sql", dump(&["--skip-extended-insert"])),
        ("complete", "people.sql", dump(&["--complete-insert", "--no-create-info", "--skip-quote-names"])),
        ("replace", "people.sql", dump(&["--replace", "--hex-blob", "--compact"])),
        ("ansi", "people.sql", dump(&["--compatible=ansi"])),
    ];
    output("mariadb", &[&to[..], &["-e", &format!("DROP DATABASE {database}")]].concat());
    compare(&b, &all);
}
