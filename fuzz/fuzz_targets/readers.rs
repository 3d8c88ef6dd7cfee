//! Any bytes as any format and any container: the first byte chooses a name, which decides what the content leaves open.
//! Seeds: `tests/data/formats` and `samples`, each file behind one byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use piimap::base::Hint;

const NAMES: &[&str] = &[
    "x", "x.csv", "x.json", "x.xml", "x.html", "x.eml", "x.mbox", "x.sql", "x.txt", "x.ion", "x.bson", "x.vcf", "x.ics", "x.log", "x.rtf",
    "x.tar.gz", "x.br",
];

fuzz_target!(|data: &[u8]| {
    let Some((first, data)) = data.split_first() else { return };
    piimap_fuzz::read(data, NAMES[usize::from(*first) % NAMES.len()], &Hint::default());
});
