use std::collections::HashMap;
use std::io::Write;

use super::csv::fields;
use super::*;
use crate::base::MemoryInput;

struct Memory(HashMap<&'static str, Vec<u8>>);

impl Memory {
    fn get(&self, name: &str) -> Result<Box<dyn Input>> {
        let found = self.0.get(name).ok_or_else(|| Error::new(Reason::NotFound, "no such file"))?;
        Ok(Box::new(MemoryInput::with_chunk(found.clone(), 7)))
    }
}

impl Files for Memory {
    fn manifest(&self) -> Result<Box<dyn Input>> {
        self.get("manifest")
    }
    fn checksum(&self) -> Result<Box<dyn Input>> {
        self.get("checksum")
    }
    fn data(&self, key: &str) -> Result<Box<dyn Input>> {
        self.get(key)
    }
}

fn gzip(text: &str) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(text.as_bytes()).unwrap();
    out.finish().unwrap()
}

const ROWS: &str = "\"shop\",\"crm/odd%20key%2B%C3%BC\",\"12\",\"2026-11-03T01:02:03.000Z\",\"\"\"aa\"\"\",\"STANDARD\",\"v3\",\"true\",\"false\"\n\
    \"shop\",\"crm/a+b%22.csv\",\"7\",\"2026-11-01T00:00:00.000Z\",\"bb\",\"GLACIER\",\"v2\",\"true\",\"false\"\n\
    \"shop\",\"crm/a.csv\",\"5\",\"2026-11-01T00:00:00.000Z\",\"cc\",\"STANDARD\",\"v1\",\"false\",\"false\"\n\
    \"shop\",\"crm/gone.csv\",\"\",\"2026-11-01T00:00:00.000Z\",\"\",\"\",\"v9\",\"true\",\"true\"\n\
    \"shop\",\"crm/folder/\",\"0\",\"2026-11-01T00:00:00.000Z\",\"dd\",\"STANDARD\",\"v4\",\"true\",\"false\"\n\
    \"shop\",\"other/x.csv\",\"1\",\"2026-11-01T00:00:00.000Z\",\"ee\",\"STANDARD\",\"v5\",\"true\",\"false\"\n";

fn inventory(data: Vec<u8>, change: impl Fn(String) -> String) -> Memory {
    let sum = hex(&Md5::digest(&data));
    let manifest = change(format!(
        r#"{{"sourceBucket":"shop","destinationBucket":"arn:aws:s3:::inv","version":"2016-11-30","fileFormat":"CSV",
        "fileSchema":"Bucket, Key, Size, LastModifiedDate, ETag, StorageClass, VersionId, IsLatest, IsDeleteMarker",
        "files":[{{"key":"data/1.csv.gz","size":{},"MD5checksum":"{sum}"}}]}}"#,
        data.len()
    ));
    let checksum = hex(&Md5::digest(manifest.as_bytes())) + "\n";
    Memory([("manifest", manifest.into_bytes()), ("checksum", checksum.into_bytes()), ("data/1.csv.gz", data)].into())
}

fn seen(files: &Memory, all_versions: bool) -> Result<(Vec<Object>, Classes)> {
    let (mut objects, mut classes) = (Vec::new(), Classes::new());
    list(files, "shop", "crm/", all_versions, &mut classes, &mut |o| objects.push(o))?;
    Ok((objects, classes))
}

#[test]
fn keys_versions_and_classes() {
    let (objects, classes) = seen(&inventory(gzip(ROWS), |m| m), false).unwrap();
    let names: Vec<(&str, &str, u64)> = objects.iter().map(|o| (o.uri.as_str(), o.version.as_str(), o.size)).collect();
    assert_eq!(names, [("s3://shop/crm/a b\".csv", "bb", 7), ("s3://shop/crm/odd key+ü", "aa", 12)]);
    assert_eq!(objects[1].modified, Timestamp::parse("2026-11-03T01:02:03Z"));
    assert_eq!(classes, Classes::from([("s3://shop/crm/a b\".csv".to_owned(), "GLACIER")]));
    let (objects, _) = seen(&inventory(gzip(ROWS), |m| m), true).unwrap();
    assert_eq!((objects.len(), objects[1].uri.as_str(), objects[1].version.as_str()), (3, "s3://shop/crm/a.csv?versionId=v1", "v1"));
}

#[test]
fn what_is_not_whole_is_refused() {
    let good = || inventory(gzip(ROWS), |m| m);
    let mut torn = good();
    torn.0.get_mut("data/1.csv.gz").unwrap().truncate(90);
    let mut flipped = good();
    *flipped.0.get_mut("data/1.csv.gz").unwrap().last_mut().unwrap() ^= 1;
    let mut unfinished = good();
    unfinished.0.remove("checksum");
    let mut changed = good();
    changed.0.get_mut("manifest").unwrap().push(b' ');
    let mut lost = good();
    lost.0.remove("data/1.csv.gz");
    let other_sum = inventory(gzip(ROWS), |m| m.replace("MD5checksum\":\"", "MD5checksum\":\"00"));
    for (name, files, reason, says) in [
        ("torn", torn, Reason::Corrupt, "gzipped CSV"),
        ("flipped", flipped, Reason::Corrupt, "gzipped CSV"),
        ("unfinished", unfinished, Reason::NotFound, "not finished"),
        ("changed", changed, Reason::Corrupt, "check sum"),
        ("lost", lost, Reason::NotFound, "no such file"),
        ("other sum", other_sum, Reason::Corrupt, "check sum"),
        ("orc", inventory(gzip(ROWS), |m| m.replace("\"CSV\"", "\"ORC\"")), Reason::Corrupt, "not the ORC"),
        ("parquet", inventory(gzip(ROWS), |m| m.replace("\"CSV\"", "\"Parquet\"")), Reason::Corrupt, "not the Parquet"),
        ("avro", inventory(gzip(ROWS), |m| m.replace("\"CSV\"", "\"Avro\"")), Reason::UnsupportedFormat, "neither in CSV"),
        ("other bucket", inventory(gzip(ROWS), |m| m.replace("\"shop\"", "\"shopper\"")), Reason::NotFound, "another bucket"),
        ("no key", inventory(gzip(ROWS), |m| m.replace("Bucket, Key", "Bucket, Name")), Reason::Corrupt, "columns"),
        ("no csv", inventory(gzip("jane@example.com\n"), |m| m), Reason::Corrupt, "gzipped CSV"),
        ("no json", inventory(gzip(ROWS), |_| "jane@example.com".into()), Reason::Corrupt, "JSON"),
    ] {
        let e = seen(&files, false).err().unwrap_or_else(|| panic!("{name} was taken"));
        assert_eq!(e.reason, reason, "{name}: {}", e.detail);
        assert!(e.detail.contains(says) && !e.detail.contains("jane"), "{name}: {}", e.detail);
    }
}

/// The rows of [`ROWS`], as the inventory's other two formats have them: keys as they are.
fn columnar(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/data/inventory/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn in_columns(format: &str, data: Vec<u8>) -> Memory {
    inventory(data, |m| m.replace("\"CSV\"", &format!("\"{format}\"")))
}

#[test]
fn columns_tell_what_lines_tell() {
    for all_versions in [false, true] {
        let want = seen(&inventory(gzip(ROWS), |m| m), all_versions).unwrap();
        for (format, name) in [("ORC", "all.orc"), ("Parquet", "all.parquet"), ("Parquet", "plain_binary.parquet")] {
            assert_eq!(seen(&in_columns(format, columnar(name)), all_versions).unwrap(), want, "{name} {all_versions}");
        }
    }
    // Keys alone with their sizes: nothing is known of versions, and of times only that they are not.
    for (format, name) in [("ORC", "least.orc"), ("Parquet", "least.parquet")] {
        let (objects, classes) = seen(&in_columns(format, columnar(name)), false).unwrap();
        let names: Vec<(&str, &str, u64)> = objects.iter().map(|o| (o.uri.as_str(), o.version.as_str(), o.size)).collect();
        assert_eq!(names, [("s3://shop/crm/%20 as+it is", "modified-0-9", 9)], "{name}");
        assert!(classes.is_empty());
    }
}

#[test]
fn columns_that_are_not_whole_are_refused() {
    for (format, name) in [("ORC", "all.orc"), ("Parquet", "all.parquet")] {
        let good = columnar(name);
        let mut other = in_columns(format, good.clone());
        other.0.get_mut("data/1.csv.gz").unwrap()[40] ^= 1;
        let e = seen(&other, false).unwrap_err();
        assert!(e.reason == Reason::Corrupt && e.detail.contains("check sum"), "{name}: {}", e.detail);
        // With a sum that fits, as if it had been written so.
        for at in (0..good.len()).step_by(7) {
            let mut flipped = good.clone();
            flipped[at] ^= 0x55;
            for data in [flipped, good[..at].to_vec()] {
                if let Err(e) = seen(&in_columns(format, data), true) {
                    let known = [Reason::Corrupt, Reason::MemoryLimit, Reason::DecoderFailed, Reason::Truncated];
                    assert!(known.contains(&e.reason) && !e.detail.contains("crm"), "{name} {at}: {} {}", e.reason, e.detail);
                }
            }
        }
    }
    for (format, name) in [("ORC", "no_size.orc"), ("Parquet", "no_size.parquet")] {
        let e = seen(&in_columns(format, columnar(name)), false).unwrap_err();
        assert!(e.reason == Reason::Corrupt && e.detail.contains("bucket, key and size"), "{name}: {}", e.detail);
    }
}

proptest::proptest! {
    #[test]
    fn any_lines_are_survived(line in "[\",a-z0-9%+]{0,60}") {
        let quoted = fields(&line).map(|f| f.iter().map(|v| format!("\"{}\"", v.replace('"', "\"\""))).collect::<Vec<_>>().join(","));
        if let Some(again) = quoted {
            proptest::prop_assert_eq!(fields(&line), fields(&again));
        }
        let _ = seen(&inventory(gzip(&line), |m| m), true);
    }
}

#[test]
fn the_manifest_says_what_moment_it_speaks_of() {
    let at = |manifest: &Memory| list(manifest, "shop", "crm/", false, &mut Classes::new(), &mut |_| {}).unwrap();
    let created = |value: &str| inventory(gzip(ROWS), |m| m.replacen('{', &format!("{{\"creationTimestamp\":{value},"), 1));
    assert_eq!(at(&created("\"1793667600000\"")), Timestamp(1_793_667_600_000));
    assert_eq!(at(&created("1793667600000")), Timestamp(1_793_667_600_000));
    // Of unknown age: everything may be younger.
    for unknown in [inventory(gzip(ROWS), |m| m), created("\"soon\"")] {
        assert_eq!(at(&unknown), Timestamp(i64::MIN));
    }
}
