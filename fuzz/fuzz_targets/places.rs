//! Any bytes as a list of places: no panic, and what is accepted is ordered and survives the way back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use piimap::index::{decode_ranges, encode_ranges};

fuzz_target!(|data: &[u8]| {
    let Ok(ranges) = decode_ranges(data) else { return };
    assert!(ranges.iter().all(|r| r.0 <= r.1));
    assert!(ranges.windows(2).all(|w| w[0].1 <= w[1].0));
    let mut bytes = Vec::new();
    encode_ranges(&ranges, &mut bytes);
    assert_eq!(decode_ranges(&bytes).expect("own output"), ranges);
});
