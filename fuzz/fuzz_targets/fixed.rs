//! Any bytes as text of fixed widths, which the first byte chooses.
#![no_main]

use libfuzzer_sys::fuzz_target;
use piimap::base::Hint;

const WIDTHS: &[&[u32]] = &[&[1], &[3, 1, 7], &[40, 60, 11], &[300, 2]];

fuzz_target!(|data: &[u8]| {
    let Some((first, data)) = data.split_first() else { return };
    let widths = WIDTHS[usize::from(*first) % WIDTHS.len()];
    piimap_fuzz::read(data, "x", &Hint { widths: Some(widths.into()), ..Hint::default() });
});
