//! Any bytes as the formats that are found by their first ones and no other target begins with: PDF, ORC, Avro, SQLite, zip,
//! compound files, PostgreSQL's own dumps. The first byte chooses.
//! Seeds: `tests/data/formats/documents`, `orc`, `avro` and `sqlite`, and `tests/data/pdf`, `office` and `pgdump`, each file behind one byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use piimap::base::Hint;

const MAGIC: &[&[u8]] =
    &[b"", b"%PDF-1.7\n", b"ORC", b"Obj\x01", b"SQLite format 3\0", b"PK\x03\x04\x14\0", b"PGDMP\x01", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"];

fuzz_target!(|data: &[u8]| {
    let Some((first, data)) = data.split_first() else { return };
    let magic = MAGIC[usize::from(*first) % MAGIC.len()];
    if data.starts_with(magic) {
        piimap_fuzz::read(data, "x", &Hint::default());
    } else {
        piimap_fuzz::read(&[magic, data].concat(), "x", &Hint::default());
    }
});
