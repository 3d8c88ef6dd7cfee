//! Any bytes as Ion: text, and binary behind its first four bytes.
//! Seeds: `tests/data/formats/ion` and `tests/data/formats/ion_bad`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use piimap::base::Hint;

fuzz_target!(|data: &[u8]| {
    piimap_fuzz::read(data, "x.ion", &Hint::default());
    piimap_fuzz::read(&[b"\xe0\x01\0\xea", data].concat(), "x.10n", &Hint::default());
});
