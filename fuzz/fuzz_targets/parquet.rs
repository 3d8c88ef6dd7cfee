//! Any bytes as Parquet.
#![no_main]

use libfuzzer_sys::fuzz_target;
use piimap::base::Hint;

fuzz_target!(
    // The reader catches panics of the foreign decoder, which the fuzzer would count as crashes; one that gets out of
    // the reader still is one.
    init: std::panic::set_hook(Box::new(|_| {})),
    |data: &[u8]| {
        piimap_fuzz::read(data, "x.parquet", &Hint::default());
    }
);
