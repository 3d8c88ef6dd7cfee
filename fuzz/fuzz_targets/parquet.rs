//! Any bytes as Parquet.
#![no_main]

use libfuzzer_sys::fuzz_target;
use piimap::base::Hint;

fuzz_target!(|data: &[u8]| {
    piimap_fuzz::read(data, "x.parquet", &Hint::default());
});
