//! Outlook's messages ([MS-OXMSG] 2.1 to 2.4): a record as a mail is one. Sender and recipients are people of their own, subject
//! and body running text, attachments and messages within it members of their own.
//!
//! Every other property that is text is a field, too: by its name where it is a common one, else `property.` and its number.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use encoding_rs::Encoding;

use super::file::{Compound, Kind, Stream, rest};
use super::names::{NAMES, PEOPLE, RECIPIENT, code_page};
pub(super) use super::properties::matches;
use super::properties::{PROPERTIES, Property, number, properties};
use super::remains::Remains;
use super::seen::Seen;
use super::{lzfu, rebuild};
use crate::base::{Batch, Issue, PROSE_SCOPE, ReadAt, Reason, Result};
use crate::format::feed::Issues;
use crate::format::rows::{self, Rows};
use crate::format::transform::{Made, Source, Transform, runs::Runs};
use crate::format::{Limits, Part, Reader};

/// Values and attachments that are larger are not held.
const MOST_VALUE: u64 = 64 << 20;
/// All texts of a message, of a recipient, of an attachment.
const MOST_TEXTS: u64 = 256 << 20;
const MOST_ATTACHMENT: u64 = 256 << 20;

const BODY: u16 = 0x1000;
const RTF: u16 = 0x1009;
const HTML: u16 = 0x1013;
const ATTACHED: u16 = 0x3701;

/// A person as it stands in the properties.
#[derive(Default, PartialEq)]
struct Person {
    names: Vec<String>,
    addresses: Vec<String>,
}

/// What comes next.
enum Stage {
    Message,
    /// The attachment storages that are left.
    Attachments(std::vec::IntoIter<usize>),
    Remains(Remains),
    End,
}

/// Reads one message.
pub(super) struct Outlook {
    file: Arc<Compound>,
    data: Arc<dyn ReadAt>,
    limits: Limits,
    stage: Stage,
    rows: Rows,
    issues: Issues,
    parts: Vec<Part>,
    /// The code page of texts of one byte a character.
    page: &'static Encoding,
    /// Texts that were given: most stand in several properties.
    seen: Seen,
    /// A body of plain text or HTML was read as a whole.
    plain: bool,
    /// The last value that was read is not the whole.
    short: bool,
    covered: Vec<Range<u64>>,
    /// Bytes of streams that were read.
    taken: u64,
}

impl Outlook {
    pub fn new(file: Arc<Compound>, data: Arc<dyn ReadAt>, limits: &Limits) -> Outlook {
        Outlook {
            file,
            data,
            limits: limits.clone(),
            stage: Stage::Message,
            rows: Rows::default(),
            issues: Issues::default(),
            parts: Vec::new(),
            page: encoding_rs::WINDOWS_1252,
            seen: Seen::default(),
            plain: false,
            short: false,
            covered: Vec::new(),
            taken: 0,
        }
    }

    /// Whether streams give more than the file holds.
    fn too_much(&mut self) -> bool {
        let too_much = self.taken > 2 * self.data.len() + 1024;
        if too_much {
            self.issues.add(Reason::Corrupt, "streams of a message that lie in one another", 0);
        }
        too_much
    }

    /// The bytes of a stream, if it is not too large.
    fn bytes(&mut self, entry: usize, most: u64) -> Result<Vec<u8>> {
        let stream: Stream = self.file.stream(entry);
        self.taken += stream.len;
        self.short = stream.cut || stream.len > most;
        if self.too_much() {
            self.short = true;
            return Ok(Vec::new());
        }
        self.covered.extend(stream.places(0, u64::MAX));
        if stream.cut {
            self.issues.add(Reason::Truncated, "a property that ends early", stream.len);
        }
        if stream.len > most {
            self.issues.add(Reason::MemoryLimit, "a property too long to be held, cut", most);
        }
        stream.read(0, most)
    }

    /// The text of a property; `None` for what is none.
    fn text(&mut self, p: &Property) -> Result<Option<String>> {
        if !matches!(p.kind & 0x0fff, 0x001e | 0x001f) {
            return Ok(None);
        }
        let bytes = self.bytes(p.entry, MOST_VALUE)?;
        let text = match p.kind & 0x0fff {
            0x001f => {
                let units = bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]]));
                char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).collect()
            }
            _ => self.page.decode_without_bom_handling(&bytes).0.into_owned(),
        };
        Ok(Some(text.trim_matches('\0').trim().to_owned()).filter(|t| !t.is_empty()))
    }

    fn prose(&mut self, batch: &mut Batch, path: &str, scope: u32, text: &str) {
        let field = self.rows.field(path);
        rows::pieces(batch, field, scope, text.as_bytes(), self.limits.value_bytes);
    }

    fn person(&mut self, batch: &mut Batch, path: &str, p: &Person) {
        let scope = Rows::row(batch);
        for (part, values) in [("name", &p.names), ("address", &p.addresses)] {
            let field = self.rows.field(&format!("{path}.{part}"));
            values.iter().for_each(|v| rows::cell(batch, field, 0, scope, v.as_bytes()));
        }
    }

    /// Reads the texts of a storage: those of `names` and `addresses` into a person for each, all others into the batch. Gives
    /// what is no text.
    fn storage(&mut self, batch: &mut Batch, storage: usize, prefix: &str, people: &[(&str, &[u16], &[u16])]) -> Result<Vec<Property>> {
        let mut persons: Vec<Person> = people.iter().map(|_| Person::default()).collect();
        let (mut others, mut left, mut held) = (Vec::new(), Vec::new(), 0);
        for p in properties(&self.file, storage) {
            let Some(text) = self.text(&p)? else {
                left.push(p);
                continue;
            };
            held += text.len() as u64;
            if held > MOST_TEXTS {
                self.issues.add(Reason::MemoryLimit, "texts of a message that are together too long to be held", held);
                continue;
            }
            self.plain |= storage == 0 && matches!(p.id, BODY | HTML) && !self.short;
            let mut taken = p.id == HTML;
            if taken {
                self.part("body.html".to_owned(), text.as_bytes().to_vec());
            }
            for (person, (_, names, addresses)) in persons.iter_mut().zip(people) {
                for (ids, list) in [(names, &mut person.names), (addresses, &mut person.addresses)] {
                    if ids.contains(&p.id) {
                        taken = true;
                        if !list.contains(&text) {
                            list.push(text.clone());
                        }
                    }
                }
            }
            if !taken {
                others.push((p.id, text));
            }
        }
        for (i, (person, (path, ..))) in persons.iter().zip(people).enumerate() {
            if *person != Person::default() && !persons[..i].contains(person) {
                self.person(batch, path, person);
            }
            for text in person.names.iter().chain(&person.addresses) {
                self.seen.insert(text.clone());
            }
        }
        // A contact's properties are all about one person.
        let contact = others.iter().any(|(id, t)| *id == 0x001a && t.starts_with("IPM.Contact"));
        let scope = if contact { Rows::row(batch) } else { PROSE_SCOPE };
        // The subject before the topic, which is the same.
        others.sort_by_key(|(id, _)| *id);
        for (id, text) in others {
            let name = NAMES.iter().find(|n| n.0 == id).map(|n| n.1.to_owned()).unwrap_or_else(|| format!("property.{id:04x}"));
            if contact || self.seen.insert(text.clone()) {
                let alone = contact && text.len() <= self.limits.value_bytes && id != BODY;
                self.prose(batch, &format!("{prefix}{name}"), if alone { scope } else { PROSE_SCOPE }, &text);
            }
        }
        Ok(left)
    }

    fn part(&mut self, name: String, data: Vec<u8>) {
        if !data.is_empty() {
            self.parts.push(Part { name, data: Bytes::from(data) });
        }
    }

    fn message(&mut self, batch: &mut Batch) -> Result<()> {
        if let Some(page) = number(&self.file, 0, 0x3ffd)? {
            self.page = code_page(page as u32);
        }
        let left = self.storage(batch, 0, "", PEOPLE)?;
        let mut rtf = None;
        for p in left {
            match (p.id, p.kind) {
                (HTML, 0x0102) => {
                    let html = self.bytes(p.entry, MOST_VALUE)?;
                    self.plain |= !self.short && html.iter().any(|b| *b > b' ');
                    self.part("body.html".to_owned(), html);
                }
                (RTF, 0x0102) => rtf = Some(p),
                _ => self.binary(batch, &p)?,
            }
        }
        if let Some(p) = rtf {
            let packed = self.bytes(p.entry, MOST_VALUE)?;
            if !self.plain {
                match lzfu::expand(&packed) {
                    Ok((text, wrong)) => {
                        self.part("body.rtf".to_owned(), text);
                        wrong.into_iter().for_each(|e| self.issues.add(e.reason, "a compressed body", 0));
                    }
                    Err(e) => self.issues.add(e.reason, "a compressed body", 0),
                }
            }
        }
        let storages = |prefix: &str| -> Vec<usize> {
            let is = |(_, e): &(usize, &super::file::Entry)| e.kind == Kind::Storage && e.name.starts_with(prefix);
            self.file.children(0).filter(is).map(|(i, _)| i).collect()
        };
        let (recipients, attachments, names) = (storages("__recip_version1.0_"), storages("__attach_version1.0_"), storages("__nameid"));
        for r in recipients {
            let path = match number(&self.file, r, 0x0c15)?.map(|n| n & 0x0f) {
                Some(1) => "to",
                Some(2) => "cc",
                Some(3) => "bcc",
                _ => "recipient",
            };
            for p in self.storage(batch, r, "recipient.", &[(path, RECIPIENT.0, RECIPIENT.1)])? {
                self.binary(batch, &p)?;
            }
        }
        // Names of properties; those that people gave are text.
        for n in names {
            for p in properties(&self.file, n) {
                self.binary(batch, &p)?;
            }
        }
        self.stage = Stage::Attachments(attachments.into_iter());
        Ok(())
    }

    /// Runs of characters in a property that is no text.
    fn binary(&mut self, batch: &mut Batch, p: &Property) -> Result<()> {
        let bytes = self.bytes(p.entry, MOST_VALUE)?;
        let mut made = Made::default();
        Runs.push(&bytes, 0, true, &mut made);
        let text = String::from_utf8_lossy(&made.into_text()).trim().to_owned();
        if !text.is_empty() && self.seen.insert(text.clone()) {
            self.prose(batch, &format!("property.{:04x}", p.id), PROSE_SCOPE, &text);
        }
        Ok(())
    }

    fn attachment(&mut self, batch: &mut Batch, storage: usize) -> Result<()> {
        let properties = properties(&self.file, storage);
        let mut name = None;
        // The long name, the short one, the one that is shown.
        for id in [0x3707, 0x3704, 0x3001] {
            if let (None, Some(p)) = (&name, properties.iter().find(|p| p.id == id)) {
                name = self.text(p)?;
            }
        }
        let number = self.file.entries[storage].name.rsplit('#').next().and_then(|n| u32::from_str_radix(n, 16).ok()).unwrap_or(0);
        let embedded = self.file.children(storage).find(|(_, e)| e.kind == Kind::Storage && e.name.starts_with("__substg1.0_3701000D"));
        let embedded = embedded.map(|(i, _)| i);
        for p in self.storage(batch, storage, "attachment.", &[])? {
            if p.id == ATTACHED {
                let data = self.bytes(p.entry, MOST_ATTACHMENT)?;
                let name = name.clone().unwrap_or_else(|| format!("attachment-{number}"));
                self.part(name, data);
            } else {
                self.binary(batch, &p)?;
            }
        }
        if let Some(i) = embedded {
            let covered = rebuild::covered(&self.file, i);
            self.taken += covered.iter().map(|r| r.end - r.start).sum::<u64>();
            if self.too_much() {
                return Ok(());
            }
            self.covered.extend(covered);
            let file = rebuild::storage(&self.file, i, MOST_ATTACHMENT);
            match file {
                Ok((data, cut)) => {
                    if cut {
                        self.issues.add(Reason::Truncated, "a message or an object within a message that ends early", u64::from(number));
                    }
                    self.part(name.map_or_else(|| format!("attachment-{number}.msg"), |n| format!("{n}.msg")), data);
                }
                Err(e) if e.reason.retryable() => return Err(e),
                Err(e) => self.issues.add(e.reason, "a message or an object within a message", u64::from(number)),
            }
        }
        Ok(())
    }

    /// What no property holds: streams of other names, what was deleted and still lies there.
    fn remains(&mut self) -> Remains {
        let mut covered = std::mem::take(&mut self.covered);
        covered.extend(self.file.structure.iter().cloned());
        for name in self.file.children(0).filter(|(_, e)| e.kind == Kind::Storage).map(|(i, _)| i).chain([0]) {
            covered.extend(self.file.find(name, PROPERTIES).into_iter().flat_map(|i| self.file.covered(i)));
        }
        Remains::new(self.data.clone(), rest(covered, self.data.len()))
    }
}

impl Reader for Outlook {
    fn kind(&self) -> &'static str {
        "msg"
    }

    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool> {
        loop {
            self.rows.begin(batch, 0);
            let mut records = 0;
            match std::mem::replace(&mut self.stage, Stage::End) {
                Stage::Message => {
                    self.message(batch)?;
                    records = 1;
                }
                Stage::Attachments(mut list) => match list.next() {
                    Some(storage) => {
                        self.stage = Stage::Attachments(list);
                        self.attachment(batch, storage)?;
                    }
                    None => self.stage = Stage::Remains(self.remains()),
                },
                Stage::Remains(mut remains) => {
                    let (mut made, mut more) = (Made::default(), true);
                    while more && made.len() < self.limits.batch_bytes {
                        more = remains.more(&mut made)?;
                    }
                    let text = made.into_text();
                    let field = self.rows.field("remains");
                    rows::pieces(batch, field, PROSE_SCOPE, text.trim_ascii(), self.limits.value_bytes);
                    if more {
                        self.stage = Stage::Remains(remains);
                    }
                }
                Stage::End => return Ok(false),
            }
            self.rows.finish(batch, records);
            if records > 0 || !batch.bytes.is_empty() || !self.parts.is_empty() {
                return Ok(true);
            }
        }
    }

    fn take_issues(&mut self) -> Vec<Issue> {
        self.issues.take()
    }

    fn take_parts(&mut self) -> Vec<Part> {
        std::mem::take(&mut self.parts)
    }
}
