//! Any bytes as JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use piimap::base::Hint;

fuzz_target!(|data: &[u8]| {
    piimap_fuzz::read(data, "x.json", &Hint::default());
    piimap_fuzz::read(data, "x.jsonl", &Hint::default());
});
