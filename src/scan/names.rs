//! Names are data too: a file called after a person's e-mail address, a column header that is a data row.

use super::window::classify_text;
use crate::classify::{Classifiers, Identity, Scratch};
use crate::identity::Kernel;

/// Classifiers whose values are part of ordinary names: hosts, builds, accounts of services.
const ORDINARY: &[&str] = &["generic.ip_address", "generic.mac_address", "generic.vin", "generic.username", "generic.bank_account"];

/// A name as it may be shown and stored: what a classifier takes for an identifier or a credential in it is replaced
/// by `{classifier}`. Equal to the name where there is nothing of the kind.
///
/// ```
/// # use piimap::{classify::{Classifiers, Scratch}, identity::Kernel, scan::shown};
/// let kernel = Kernel::new(Classifiers::builtin(), None);
/// let mut scratch = Scratch::new(kernel.classifiers());
/// assert_eq!(shown(&kernel, &mut scratch, "letters/jane.miller@corp.example.com.pdf"), "letters/{generic.email}.pdf");
/// assert_eq!(shown(&kernel, &mut scratch, "crm/customers.csv"), "crm/customers.csv");
/// ```
pub fn shown(kernel: &Kernel, scratch: &mut Scratch, name: &str) -> String {
    let classifiers = kernel.classifiers();
    let mut out = String::with_capacity(name.len());
    for (i, segment) in name.split('/').enumerate() {
        if i > 0 {
            out.push('/');
        }
        let mut hits: Vec<(usize, usize, u16)> = Vec::new();
        for text in stems(segment) {
            for hit in classify_text(kernel, scratch, text.as_bytes(), false) {
                let (start, end) = (hit.span.0 as usize, hit.span.1 as usize);
                // Matches are byte ranges; a boundary inside a character would mean that the match is none of ours.
                let ours = counts(classifiers, hit.m.classifier) && segment.is_char_boundary(start) && segment.is_char_boundary(end);
                if ours && hits.iter().all(|h| end <= h.0 || start >= h.1) {
                    hits.push((start, end, hit.m.classifier));
                }
            }
        }
        hits.sort_unstable();
        let mut at = 0;
        for (start, end, class) in hits {
            out.push_str(&segment[at..start]);
            out.push('{');
            out.push_str(&classifiers.get(class).id);
            out.push('}');
            at = end;
        }
        out.push_str(&segment[at..]);
    }
    out
}

/// A name, and the name without its last endings: with `.csv` behind it a mail address is none, and still somebody's.
fn stems(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |s| s.rfind('.').filter(|dot| *dot > 0).map(|dot| &s[..dot])).take(4)
}

fn counts(classifiers: &Classifiers, index: u16) -> bool {
    let c = classifiers.get(index);
    (c.identity != Identity::None || c.id.starts_with("secret.")) && !ORDINARY.contains(&c.id.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_of_files_hide_no_address() {
        let kernel = Kernel::new(Classifiers::builtin(), None);
        let mut scratch = Scratch::new(kernel.classifiers());
        for (name, want) in [
            ("in/jane.miller@corp.example.com.csv", "in/{generic.email}.csv"),
            ("jane.miller@corp.example.com.csv.gz", "{generic.email}.csv.gz"),
            // An ending that could be a domain goes with it.
            ("jane.miller@corp.example.com.jsonl.gz", "{generic.email}.gz"),
            ("email=jane.miller@corp.example.com/part-0.csv.gz", "email={generic.email}/part-0.csv.gz"),
            ("to jane.miller@example.com and bob.stone@example.org.csv", "to {generic.email} and {generic.email}.csv"),
            ("customers.2026.csv.gz", "customers.2026.csv.gz"),
            (".hidden", ".hidden"),
            ("..", ".."),
            ("", ""),
        ] {
            assert_eq!(shown(&kernel, &mut scratch, name), want);
        }
    }
}
