//! Any text as the file of a classifier. What is accepted can be searched for.
#![no_main]

use libfuzzer_sys::fuzz_target;
use piimap::classify::Classifier;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // The path says the id: it is taken from the text, so that parsing goes beyond it.
    let id = text.lines().find_map(|l| l.strip_prefix("id = \"")?.strip_suffix('"')).unwrap_or("x");
    if let Ok(c) = Classifier::parse(&format!("{}.toml", id.replace('.', "/")), text) {
        assert_eq!(c.id, id);
    }
});
