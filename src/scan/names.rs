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
        // Hive writes `email=jane%40example.com`: what it stands for is looked at as well.
        let (decoded, at) = decoded(segment);
        let spelled = decoded.as_deref().map(|d| (d, &at[..]));
        for (text, at) in
            stems(segment).map(|t| (t, None)).chain(spelled.into_iter().flat_map(|(d, at)| stems(d).map(move |t| (t, Some(at)))))
        {
            for hit in classify_text(kernel, scratch, text.as_bytes(), false) {
                let raw = |i: u64| at.map_or(i as usize, |at| at[i as usize]);
                let (start, end) = (raw(hit.span.0), raw(hit.span.1));
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

/// Names of objects that come one after the other. PERF: neighbours in a listing share their folder.
#[derive(Default)]
pub(super) struct Neighbours {
    /// The folder of the last one, with its slash, and how it is shown.
    folder: (String, String),
}

impl Neighbours {
    /// As [`shown`] does.
    pub fn shown(&mut self, kernel: &Kernel, scratch: &mut Scratch, name: &str) -> String {
        let (folder, own) = name.split_at(name.rfind('/').map_or(0, |slash| slash + 1));
        if self.folder.0 != folder {
            self.folder = (folder.to_owned(), shown(kernel, scratch, folder));
        }
        self.folder.1.clone() + &shown(kernel, scratch, own)
    }
}

/// A name with `%XX` undone, and for each of its bytes, and its end, where it stands in the name; `None` where nothing is
/// written so.
fn decoded(name: &str) -> (Option<String>, Vec<usize>) {
    if !name.contains('%') {
        return (None, Vec::new());
    }
    let (bytes, mut out, mut at, mut i) = (name.as_bytes(), Vec::new(), Vec::new(), 0);
    while i < bytes.len() {
        let hex = bytes.get(i + 1..i + 3).filter(|h| bytes[i] == b'%' && h.iter().all(u8::is_ascii_hexdigit));
        at.push(i);
        match hex.and_then(|h| u8::from_str_radix(std::str::from_utf8(h).ok()?, 16).ok()) {
            Some(b) => {
                out.push(b);
                i += 3;
            }
            None => {
                out.push(bytes[i]);
                i += 1;
            }
        }
    }
    at.push(bytes.len());
    (String::from_utf8(out).ok(), at)
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
        let mut neighbours = Neighbours::default();
        for (name, want) in [
            ("in/jane.miller@corp.example.com.csv", "in/{generic.email}.csv"),
            ("jane.miller@corp.example.com.csv.gz", "{generic.email}.csv.gz"),
            // An ending that could be a domain goes with it.
            ("jane.miller@corp.example.com.jsonl.gz", "{generic.email}.gz"),
            ("email=jane.miller@corp.example.com/part-0.csv.gz", "email={generic.email}/part-0.csv.gz"),
            ("to jane.miller@example.com and bob.stone@example.org.csv", "to {generic.email} and {generic.email}.csv"),
            ("email=jane.miller%40corp.example.com/0000_part_00", "email={generic.email}/0000_part_00"),
            ("to%20jane.miller%40example.com%20ü.csv", "to%20{generic.email}%20ü.csv"),
            ("100%/%zz/%FF/a%20b", "100%/%zz/%FF/a%20b"),
            ("100%/%zz/%FF/c", "100%/%zz/%FF/c"),
            ("to jane.miller@example.com/a.csv", "to {generic.email}/a.csv"),
            ("to jane.miller@example.com/b.csv", "to {generic.email}/b.csv"),
            ("/", "/"),
            ("customers.2026.csv.gz", "customers.2026.csv.gz"),
            (".hidden", ".hidden"),
            ("..", ".."),
            ("", ""),
        ] {
            assert_eq!(shown(&kernel, &mut scratch, name), want);
            assert_eq!(neighbours.shown(&kernel, &mut scratch, name), want);
        }
    }
}
