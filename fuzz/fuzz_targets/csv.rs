//! Any bytes as CSV.
#![no_main]

use libfuzzer_sys::fuzz_target;
use piimap::base::Hint;

fuzz_target!(|data: &[u8]| {
    piimap_fuzz::read(data, "x.csv", &Hint::default());
    piimap_fuzz::read(data, "part_00", &piimap_fuzz::unload());
});
