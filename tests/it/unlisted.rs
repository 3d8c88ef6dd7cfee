//! What cannot be listed: what stays because of it, what is gone all the same, and how the run ends.

use serde_json::json;

use crate::glue::{LAZY, Shop, storage, table};
use crate::support::Bench;
use crate::support::glue_server::GlueServer;
use crate::support::s3_server::S3Server;

/// Whether some object holds the address now.
fn is_current(b: &Bench, address: &str) -> bool {
    b.json(&["find", address])["places"].as_array().unwrap().iter().any(|p| p["current"] == true)
}

/// A link that leads out of the folder, and a folder that nobody may list, froze all that was deleted anywhere in the source.
#[cfg(unix)]
#[test]
fn a_place_that_cannot_be_listed_keeps_what_lies_below_it_alone() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let b = Bench::new();
    let people = ["data/1.txt", "data/2.txt", "data/out/3.txt", "data/outer/4.txt", "data/locked/5.txt", "data/blind/6.txt"];
    for (n, file) in people.iter().enumerate() {
        b.write(file, format!("person{n}@example.org\n"));
    }
    assert_eq!(b.scan("data", &[]).0, Some(0));
    // Where a folder was, a link leads out of the source: what lies behind it is unknown, what lies beside it is not.
    std::fs::remove_dir_all(b.path("data/out")).unwrap();
    std::fs::create_dir(b.path("elsewhere")).unwrap();
    symlink(b.path("elsewhere"), b.path("data/out")).unwrap();
    std::fs::remove_file(b.path("data/1.txt")).unwrap();
    std::fs::remove_file(b.path("data/outer/4.txt")).unwrap();
    let mode = |folder: &str, mode| std::fs::set_permissions(b.path(folder), std::fs::Permissions::from_mode(mode)).unwrap();
    mode("data/locked", 0o000);
    // Its names can be read, what they name cannot be looked at.
    mode("data/blind", 0o444);
    let (status, doc) = b.scan("data", &[]);
    mode("data/locked", 0o700);
    mode("data/blind", 0o700);
    assert_eq!((status, doc["objects"]["gone"].as_u64()), (Some(3), Some(2)), "{doc}");
    let left: Vec<bool> = (0..people.len()).map(|n| is_current(&b, &format!("person{n}@example.org"))).collect();
    assert_eq!(left, [false, true, true, false, true, true]);
}

#[test]
fn a_bucket_that_is_missing_keeps_what_its_table_holds_alone() {
    let b = Bench::new();
    for (key, who) in [("lake/people/1", "ada"), ("lake/people/2", "ben"), ("far/orders/3", "cleo")] {
        b.write(&format!("store/{key}"), format!("1\x01{who}@example.com\n"));
    }
    let s = Shop { glue: GlueServer::start(), s3: S3Server::start(&b.path("store")), b };
    for (name, place) in [("people", "s3://lake/people"), ("orders", "s3://far/orders")] {
        s.glue.table("two", table(name, storage(place, LAZY, json!({})), &[("id", "int"), ("mail", "string")]));
    }
    assert_eq!(s.scan("glue://two").status, Some(0));
    std::fs::remove_file(s.b.path("store/lake/people/2")).unwrap();
    std::fs::rename(s.b.path("store/far"), s.b.path("moved")).unwrap();
    let done = s.scan("glue://two");
    assert_eq!((done.status, &done.json()["objects"]["gone"]), (Some(3), &json!(1)), "{}", done.stderr);
    assert_eq!(["ada", "ben", "cleo"].map(|who| is_current(&s.b, &format!("{who}@example.com"))), [true, false, true]);
}

/// What was uploaded, or seen, after the inventory was made is not in it, and is not gone because of that.
#[test]
fn an_inventory_ends_nothing_that_is_younger() {
    use md5::{Digest, Md5};
    use std::io::Write;
    let b = Bench::new();
    let hex = |b: &[u8]| Md5::digest(b).iter().map(|b| format!("{b:02x}")).collect::<String>();
    for (key, who) in [("old.csv", "ada"), ("young.csv", "ben"), ("again.csv", "cleo")] {
        b.write(&format!("store/data/{key}"), format!("email\n{who}@example.com\n"));
    }
    let s = Shop { glue: GlueServer::start(), s3: S3Server::start(&b.path("store")), b };
    let inventory = |created: &str, rows: &str| {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(rows.as_bytes()).unwrap();
        let gz = gz.finish().unwrap();
        let manifest = json!({"sourceBucket": "data", "fileFormat": "CSV", "fileSchema": "Bucket, Key, Size, LastModifiedDate, ETag",
            "creationTimestamp": created, "files": [{"key": "inv/data/1.csv.gz", "size": gz.len(), "MD5checksum": hex(&gz)}]})
        .to_string();
        s.b.write("copy/1.csv.gz", &gz);
        s.b.write("copy/manifest.json", &manifest);
        s.b.write("copy/manifest.checksum", hex(manifest.as_bytes()));
        let url = s.s3.url();
        let at = s.b.path("copy/manifest.json").display().to_string();
        s.run(&["scan", "s3://data/", "--endpoint-url", &url, "--format", "json", "--inventory", &at]).json()["objects"].clone()
    };
    let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let all = || ["ada", "ben", "cleo"].map(|who| is_current(&s.b, &format!("{who}@example.com")));
    assert_eq!(s.scan("s3://data/").status, Some(0));
    // Made before anything of that was there, but for a version of one that has been overwritten since.
    let rows = "\"data\",\"again.csv\",\"7\",\"2020-01-01T00:00:00.000Z\",\"aa\"\n";
    let done = inventory("1577836800000", rows);
    assert_eq!((&done["gone"], &done["unread"], all()), (&json!(0), &json!(0), [true; 3]), "{done}");
    // One that does not say when it was made ends nothing.
    let done = inventory("", rows);
    assert_eq!((&done["gone"], all()), (&json!(0), [true; 3]), "{done}");
    // Made after the newest run that saw them.
    let done = inventory(&(now() + 1).to_string(), rows);
    assert_eq!((&done["gone"], all()), (&json!(2), [false, false, true]), "{done}");
}

#[test]
fn where_nothing_can_be_listed_there_is_no_answer() {
    let b = Bench::new();
    b.write("store/data/a.txt", "nothing here\n");
    let s = Shop { glue: GlueServer::start(), s3: S3Server::start(&b.path("store")), b };
    let url = s.s3.url();
    let scan = |args: &[&str]| s.run(&[&["scan", "--endpoint-url", &url, "--index", "new.db"], args].concat());
    for args in [
        &["s3://nobucket/x"][..],
        &["glue://nodb"],
        &["s3://data/", "--inventory", "s3://data/no/manifest.json"],
        &["s3://nobucket/", "glue://nodb"],
        &["s3://nobucket/x", "--dry-run"],
    ] {
        let done = scan(args);
        assert!(done.status == Some(2) && !done.stdout.contains("No personal data"), "{args:?}: {} {}", done.stdout, done.stderr);
        assert!(args.contains(&"--dry-run") || done.stderr.contains("nothing could be listed"), "{args:?}: {}", done.stderr);
    }
    // Beside what can be, it is an incomplete answer.
    let done = scan(&["s3://nobucket/", "s3://data/"]);
    assert!(done.status == Some(3) && done.stdout.contains("No personal data"), "{} {}", done.stdout, done.stderr);
}
