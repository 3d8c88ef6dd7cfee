//! Any bytes as BSON: as they are, and as the elements of a document with another one behind it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use piimap::base::Hint;

/// A document of one text.
const NEXT: &[u8] = b"\x0e\0\0\0\x02a\0\x02\0\0\0b\0\0";

fuzz_target!(|data: &[u8]| {
    piimap_fuzz::read(data, "x.bson", &Hint::default());
    let length = (data.len() as u32 + 5).to_le_bytes();
    piimap_fuzz::read(&[NEXT, &length, data, b"\0", NEXT].concat(), "x.bson", &Hint::default());
});
