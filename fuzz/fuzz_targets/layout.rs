//! Any content for the control files of exports.
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

fuzz_target!(|data: &[u8]| {
    let objects: Vec<Object> =
        NAMES.iter().map(|n| Object { uri: (*n).to_owned(), version: "1".into(), size: 10, modified: None }).collect();
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
