//! Any content for the control files of exports and the logs of tables.
//! Seeds: the checkpoint in `tests/data/delta`, manifests of exports in `samples`.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use piimap::base::Object;
use piimap::source::layout::recognise;

/// Names that make every recogniser look.
const NAMES: &[&str] = &[
    "s3://b/e/snap/export_info_snap.json",
    "s3://b/e/snap/export_tables_info_snap_from_1_to_2.json",
    "s3://b/e/snap/db/public.t/1/_SUCCESS",
    "s3://b/e/snap/db/public.t/1/part-00000-a.gz.parquet",
    "s3://b/e/d/AWSDynamoDB/01762128000000-5b1f09ac/manifest-summary.json",
    "s3://b/e/d/AWSDynamoDB/01762128000000-5b1f09ac/manifest-files.json",
    "s3://b/e/d/AWSDynamoDB/01762128000000-5b1f09ac/data/a.json.gz",
    "s3://b/e/u/t_manifest",
    "s3://b/e/u/t_0000_part_00.gz",
    "s3://b/e/AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/03/a.json.gz",
    "s3://b/e/plain/2026/11/03/x.csv",
];

/// Logs of tables: a commit behind a checkpoint, and a table with its snapshot.
const TABLES: &[(&str, Option<&str>)] = &[
    ("s3://b/d/_delta_log/00000000000000000010.checkpoint.parquet", None),
    ("s3://b/d/_delta_log/00000000000000000011.json", Some("{\"add\":{\"path\":\"a.parquet\"}}\n")),
    ("s3://b/d/_delta_log/_sidecars/a.parquet", None),
    ("s3://b/d/a.parquet", Some("")),
    (
        "s3://b/i/metadata/1.metadata.json",
        Some("{\"current-snapshot-id\":1,\"snapshots\":[{\"snapshot-id\":1,\"manifest-list\":\"s3://b/i/metadata/l.avro\"}]}"),
    ),
    ("s3://b/i/metadata/l.avro", None),
    ("s3://b/i/data/a.parquet", Some("")),
];

fn objects<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Object> {
    names.map(|n| Object { uri: n.to_owned(), version: "1".into(), size: 10, modified: None, until: None }).collect()
}

fuzz_target!(|data: &[u8]| {
    // What has no content of its own is the whole input, which may hold any byte.
    let tables = objects(TABLES.iter().map(|t| t.0));
    let layout = recognise(&tables, &mut |o| {
        let own = TABLES.iter().find(|t| t.0 == o.uri).and_then(|t| t.1);
        Ok(own.map_or_else(|| Bytes::copy_from_slice(data), |text| Bytes::from_static(text.as_bytes())))
    });
    assert_eq!(layout.hints.len(), tables.len());

    let objects = objects(NAMES.iter().copied());
    // Control files are parts of the input, cut at a byte that JSON has no use for.
    let parts: Vec<&[u8]> = data.split(|b| *b == 0xff).collect();
    let mut reads = 0;
    let layout = recognise(&objects, &mut |_| {
        reads += 1;
        Ok(Bytes::copy_from_slice(parts[(reads - 1) % parts.len()]))
    });
    assert_eq!(layout.hints.len(), objects.len());
    assert!(reads <= 4 * objects.len(), "control files are read a few times at most");
});
