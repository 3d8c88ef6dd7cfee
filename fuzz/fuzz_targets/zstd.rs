//! Any bytes as a zstd stream: as they are, and behind the right magic bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    piimap_fuzz::unpack(data, 64 << 10);
    let mut stream = b"\x28\xb5\x2f\xfd".to_vec();
    stream.extend_from_slice(data);
    piimap_fuzz::unpack(&stream, 3);
    piimap_fuzz::read(&stream, "x", &piimap::base::Hint::default());
});
