//! Any bytes as a vCard and as a calendar.
#![no_main]

use libfuzzer_sys::fuzz_target;
use piimap::base::Hint;

fuzz_target!(|data: &[u8]| {
    piimap_fuzz::read(&[b"BEGIN:VCARD\r\n", data].concat(), "x.vcf", &Hint::default());
    piimap_fuzz::read(&[b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", data].concat(), "x.ics", &Hint::default());
});
