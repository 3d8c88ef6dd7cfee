//! What a PDF says on no page: values of forms, notes, links, who wrote and signed it, and the files within it.

use std::collections::HashSet;

use super::file::{File, name};
use super::object::{Dict, Obj, text_string};

/// The most bytes of what is on no page.
pub(super) const MOST_SPOKEN: usize = 64 << 20;

/// What may say something about somebody: values of forms, choices, notes, links, texts for those who do not see, who wrote or
/// signed the document (ISO 32000-1, 12.3 to 12.8, 14.3, 14.9).
const SPOKEN: &[&str] = &[
    "V",
    "DV",
    "RV",
    "Opt",
    "TU",
    "Contents",
    "RC",
    "URI",
    "F",
    "UF",
    "Desc",
    "ActualText",
    "Alt",
    "Author",
    "Title",
    "Subject",
    "Keywords",
    "Subj",
    "Name",
    "ContactInfo",
    "Location",
    "Reason",
];

/// What the dictionary of the document says about the program instead.
const OF_PROGRAMS: &[&str] = &["CreationDate", "ModDate", "Producer", "Creator"];

/// What dictionaries say, a line each.
pub(super) struct Spoken<'a> {
    file: &'a File,
    pub text: String,
    /// Objects that were pointed to and said, or given: many may point to a long one.
    said: HashSet<u32>,
    given: HashSet<u32>,
    forms: HashSet<u32>,
}

impl<'a> Spoken<'a> {
    pub fn new(file: &'a File) -> Spoken<'a> {
        Spoken { file, text: String::new(), said: HashSet::new(), given: HashSet::new(), forms: HashSet::new() }
    }

    /// Looks through an object and what lies in it; what it points to is an object of its own.
    pub fn object(&mut self, o: &Obj) {
        match o {
            Obj::Arr(a) => a.iter().for_each(|o| self.object(o)),
            Obj::Dict(d) => {
                // Who wrote a note; of a field of a form its name, by which its value is understood.
                if let Some(title) = d.get("T").filter(|_| !d.contains_key("Kids")) {
                    let (field, before) = (d.contains_key("FT"), self.text.len());
                    self.say(title, 0);
                    if field && self.text.len() > before {
                        self.text.pop();
                        self.text.push_str(": ");
                    }
                }
                // What a signature calls its contents is no text.
                let signed = d.contains_key("ByteRange");
                for value in SPOKEN.iter().filter(|k| !signed || **k != "Contents").filter_map(|k| d.get(*k)) {
                    self.say(value, 0);
                }
                // The dictionary of the document has keys of anybody's choice.
                if OF_PROGRAMS.iter().any(|k| d.contains_key(*k)) && !d.contains_key("Type") {
                    let own = |k: &str| !SPOKEN.contains(&k) && !OF_PROGRAMS.contains(&k);
                    d.iter().filter(|(k, v)| own(k) && matches!(v, Obj::Str(_))).for_each(|(_, v)| self.say(v, 0));
                }
                d.values().for_each(|o| self.object(o));
            }
            _ => {}
        }
    }

    fn say(&mut self, value: &Obj, depth: u32) {
        if self.text.len() > MOST_SPOKEN {
            return self.file.lossy.set(true);
        }
        match value {
            Obj::Str(s) => {
                self.text.push_str(text_string(s).trim());
                self.text.push('\n');
            }
            // Choices are pairs, of what is sent and what is shown.
            Obj::Arr(a) if depth < 3 => a.iter().for_each(|o| self.say(o, depth + 1)),
            Obj::Ref(n) if depth < 3 && self.said.insert(*n) => match self.file.get(*n) {
                // A stream.
                Some(Obj::Dict(d)) if d.contains_key("Length") && !d.contains_key("Type") => self.stream(*n, &d),
                Some(o @ (Obj::Str(_) | Obj::Arr(_) | Obj::Ref(_))) => self.say(&o, depth + 1),
                _ => {}
            },
            _ => {}
        }
    }

    /// A long text. What pages show is a stream, too, and no text as it lies there.
    fn stream(&mut self, number: u32, d: &Dict) {
        if let Some(data) = self.file.stream(number, d).filter(|d| !d.starts_with(b"BT") && std::str::from_utf8(d).is_ok()) {
            self.text.push_str(&text_string(&data));
            self.text.push('\n');
        }
    }

    /// Files within the file that an object stands for: what is attached, what is said of the document (XMP), the data of its
    /// form (XFA). Each once.
    pub fn inner(&mut self, number: u32, o: &Obj) -> Vec<(String, Vec<u8>)> {
        let Some(d) = o.dict() else { return Vec::new() };
        let mut found = Vec::new();
        match name(d, "Type") {
            Some("EmbeddedFile") => found.push((format!("attachment-{number}"), number)),
            Some("Metadata") => found.push((format!("metadata-{number}.xml"), number)),
            _ => {}
        }
        let form = match d.get("AcroForm") {
            Some(Obj::Ref(n)) => self.forms.insert(*n).then(|| self.file.get(*n)).flatten(),
            Some(o) => Some(o.clone()),
            None => None,
        };
        if let Some(data) = form.as_ref().and_then(Obj::dict).and_then(|form| form.get("XFA")) {
            let parts = match data {
                Obj::Ref(n) if !self.forms.insert(*n) => Vec::new(),
                data => match self.file.resolve(data) {
                    Obj::Arr(parts) => parts,
                    _ => vec![data.clone()],
                },
            };
            found.extend(parts.iter().filter_map(|p| if let Obj::Ref(n) = p { Some((format!("form-{n}.xml"), *n)) } else { None }));
        }
        found.retain(|(_, n)| self.given.insert(*n));
        let data = |n: u32| self.file.get(n).and_then(|o| self.file.stream(n, o.dict()?));
        found.into_iter().filter_map(|(name, n)| Some((name, data(n)?))).collect()
    }
}
