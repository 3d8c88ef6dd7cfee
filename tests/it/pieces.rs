//! Documents in pieces: however the bytes come, and wherever a text is cut to be looked at, the same is found at the same places; and
//! what of a document is missing is said.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use piimap::base::{Batch, Error, Hint, Input, MemoryInput, PlaceKind, Reason};
use piimap::container::{self, Archive, Content};
use piimap::format::{self, Limits};

use crate::support::bench::repository;
use crate::support::office;
use crate::support::written::*;

/// Who is found: member, number of the text that is looked for, field, row, bytes of the member.
type Found = BTreeSet<(String, usize, String, Option<u64>, Option<(u64, u64)>)>;

/// Reads a file with all that lies in it, and looks for these texts.
struct Search<'a> {
    texts: &'a [String],
    chunk: usize,
    limits: Limits,
    found: Found,
    reasons: Vec<Reason>,
}

impl Search<'_> {
    fn member(&mut self, input: Result<Box<dyn Input>, Error>, name: &str, path: &str, depth: u32) {
        if let Err(e) = self.inner(input, name, path, depth) {
            self.reasons.push(e.reason);
        }
    }

    fn inner(&mut self, input: Result<Box<dyn Input>, Error>, name: &str, path: &str, depth: u32) -> Result<(), Error> {
        let opened = container::open_named(input?, name, depth, &container::Limits::default())?;
        let depth = depth + opened.layers.len() as u32;
        match opened.content {
            Content::Plain(input) => self.read(input, name, path, depth),
            Content::Archive(archive) => self.archive(archive, path, depth),
            Content::Document(whole, parts) => {
                let read = self.read(whole, name, path, depth);
                self.archive(parts, path, depth)?;
                read
            }
        }
    }

    fn archive(&mut self, mut archive: Box<dyn Archive>, path: &str, depth: u32) -> Result<(), Error> {
        while let Some(m) = archive.next_member()? {
            let below = format!("{path}/{}", m.name);
            if m.cells_are_read {
                let mut beside = format::beside_cells(piimap::base::PeekInput::new(m.content?), &self.limits)?;
                self.drain(beside.as_mut(), &below, depth)?;
            } else {
                self.member(m.content, m.name.rsplit('/').next().unwrap(), &below, depth);
            }
        }
        Ok(())
    }

    fn read(&mut self, input: piimap::base::PeekInput, name: &str, path: &str, depth: u32) -> Result<(), Error> {
        let mut reader = format::open(input, name, &Hint::default(), &self.limits)?;
        self.drain(reader.as_mut(), path, depth)?;
        while let Some(behind) = reader.take_behind() {
            reader = behind;
            self.drain(reader.as_mut(), path, depth)?;
        }
        Ok(())
    }

    fn drain(&mut self, reader: &mut dyn format::Reader, path: &str, depth: u32) -> Result<(), Error> {
        let mut b = Batch::default();
        let end = loop {
            match reader.next_batch(&mut b) {
                Ok(true) => {}
                end => break end,
            }
            b.spread_all();
            self.look(&b, path);
            self.reasons.extend(reader.take_issues().into_iter().map(|i| i.reason));
            for p in reader.take_parts() {
                let input: Box<dyn Input> = Box::new(MemoryInput::with_chunk(p.data.to_vec(), self.chunk));
                self.member(Ok(input), &p.name, &format!("{path}/{}", p.name), depth + 1);
            }
        };
        self.reasons.extend(reader.take_issues().into_iter().map(|i| i.reason));
        end.map(drop)
    }

    fn look(&mut self, b: &Batch, path: &str) {
        for (n, text) in self.texts.iter().enumerate() {
            for at in memchr::memmem::find_iter(&b.bytes, text.as_bytes()) {
                let end = at + text.len();
                let cell = b.cell_at(at).map(|i| b.cells[i]);
                if !b.core.contains(&at) || cell.is_some_and(|c| (c.end as usize) < end) {
                    continue;
                }
                let field = cell.map(|c| b.fields[c.field as usize].clone()).unwrap_or_default();
                let row = cell.map(|c| b.first_row + u64::from(c.row));
                let bytes = b.member_range(cell.as_ref(), at as u32, end as u32);
                let bytes = (b.places != PlaceKind::Rows).then_some((bytes.start, bytes.end));
                self.found.insert((path.to_owned(), n, field, row, bytes));
            }
        }
    }
}

fn search(data: &[u8], name: &str, texts: &[String], chunk: usize, limits: Limits) -> (Found, Vec<Reason>) {
    let mut s = Search { texts, chunk, limits, found: Found::new(), reasons: Vec::new() };
    s.member(Ok(Box::new(MemoryInput::with_chunk(data.to_vec(), chunk))), name, "", 0);
    (s.found, s.reasons)
}

fn whole(data: &[u8], name: &str, texts: &[String]) -> (Found, Vec<Reason>) {
    search(data, name, texts, 64 << 10, Limits::default())
}

/// The same people in every kind of document.
fn documents(people: &[Planted]) -> Vec<(&'static str, Vec<u8>)> {
    let text = prose(people);
    let paragraphs = |tag: &str| lines(people, |_, p| format!("<{tag}>Write to {} &amp; call {}</{tag}>", p.email, p.phone));
    let html = format!("<html><body>{}<!-- the end --></body></html>", paragraphs("p"));
    let xml = format!("<?xml version=\"1.0\"?>\n<people>{}</people>", paragraphs("person"));
    let rtf = format!("{{\\rtf1\\ansi {}}}", lines(people, |_, p| format!("M\\'fcller writes to {}\\par ", p.email)));
    let odt = open_document("text", &open_content(&format!("<office:text>{}</office:text>", paragraphs("text:p"))));
    let slides = format!("<p:sld>{}</p:sld>", paragraphs("a:t"));
    let cards = lines(people, |_, p| {
        let (a, b) = p.email.split_at(3);
        format!("BEGIN:VCARD\r\nFN:{}\r\nEMAIL:{a}\r\n {b}\r\nEND:VCARD\r\n", p.name)
    });
    let mails = lines(people, |i, p| format!("From desk Sat Nov  7 10:00:00 2026\n{}", mail(i, p)));
    vec![
        ("a.txt", text.clone().into_bytes()),
        ("utf16.txt", utf16(&text)),
        ("latin.txt", text.chars().map(|c| c as u8).collect()),
        ("a.html", html.clone().into_bytes()),
        ("a.xml", xml.into_bytes()),
        ("a.rtf", rtf.into_bytes()),
        ("a.docx", zip(&[("[Content_Types].xml", b"<Types/>"), ("word/document.xml", word(people).as_bytes())])),
        ("a.odt", odt),
        ("a.pptx", zip(&[("[Content_Types].xml", b"<Types/>"), ("ppt/slides/slide1.xml", slides.as_bytes())])),
        ("a.epub", zip(&[("mimetype", b"application/epub+zip"), ("OEBPS/one.xhtml", html.as_bytes())])),
        ("a.pdf", pdf(people)),
        ("a.doc", office::doc(people)),
        ("a.ppt", office::ppt(people)),
        ("a.msg", office::msg(people, &csv(people))),
        ("a.xls", xls(people)),
        ("a.vcf", cards.into_bytes()),
        ("a.mbox", mails.into_bytes()),
        ("list.eml", mail_with_table(people).into_bytes()),
    ]
}

#[test]
fn pieces_of_a_document_have_the_places_of_the_whole() {
    let mut people = people();
    people.truncate(40);
    let texts: Vec<String> = people.iter().map(|p| p.email.clone()).collect();
    let mut pieces = 0;
    for (name, data) in documents(&people) {
        let (want, reasons) = whole(&data, name, &texts);
        assert_eq!(reasons, [], "{name}");
        let who: BTreeSet<usize> = want.iter().map(|f| f.1).collect();
        assert_eq!(who.len(), texts.len(), "{name}: everybody is found");
        for (chunk, batch_bytes) in [(1, 100), (7, 150), (100, 333), (511, 1_000), (1_000, 4_096), (64 << 10, 97)] {
            // What overlaps is longer than what is looked for.
            let limits = Limits { batch_bytes, value_bytes: 4_096, overlap: 64, ..Limits::default() };
            let (found, reasons) = search(&data, name, &texts, chunk, limits);
            assert_eq!(reasons, [], "{name}");
            let lost: Vec<_> = want.difference(&found).take(3).collect();
            let more: Vec<_> = found.difference(&want).take(3).collect();
            assert!(lost.is_empty() && more.is_empty(), "{name} in pieces of {chunk} and {batch_bytes}: lost {lost:?}, more {more:?}");
            pieces += found.len();
        }
    }
    assert!(pieces > 4_000, "{pieces}");
}

/// Every length of an old document, in steps: what is missing is said, and what is there is found as far as it can be.
#[test]
fn an_old_document_that_ends_early_says_so() {
    let mut people = people();
    people.truncate(30);
    let mut texts: Vec<String> = people.iter().map(|p| p.email.clone()).collect();
    texts.extend(["maren.holloway@example.com", "zhanna.petrova@example.net", "ulrich.mueller@example.org"].map(str::to_owned));
    let mut files: Vec<(&str, Vec<u8>)> =
        documents(&people).into_iter().filter(|(n, _)| ["a.doc", "a.ppt", "a.msg", "a.xls"].contains(n)).collect();
    for name in ["staff.doc", "slides.ppt"] {
        files.push((name, std::fs::read(repository().join("tests/data/office").join(name)).unwrap()));
    }
    assert_eq!(files.len(), 6);
    let mut partial = 0;
    for (name, data) in files {
        let (all, reasons) = whole(&data, name, &texts);
        assert!(reasons.is_empty() && all.len() >= 3, "{name}: {reasons:?}, {} places", all.len());
        let step = (data.len() / 400).max(1);
        for len in (8..data.len()).step_by(step).chain(data.len() - 20..data.len()) {
            let read = catch_unwind(AssertUnwindSafe(|| whole(&data[..len], name, &texts)));
            let Ok((found, reasons)) = read else { panic!("{name} cut to {len} bytes: a panic") };
            assert!(
                !reasons.is_empty() || found == all,
                "{name} cut to {len} bytes ends in silence, with {} of {}",
                found.len(),
                all.len()
            );
            partial += usize::from(!found.is_empty() && found.len() < all.len());
            // Running text is found even where nothing says any more where it belongs.
            let there = all.iter().filter(|f| f.0.is_empty() && f.2.is_empty() && f.4.is_some_and(|(_, end)| end <= len as u64));
            let lost: Vec<_> = there.filter(|f| !found.iter().any(|g| g.1 == f.1)).collect();
            assert!(lost.is_empty(), "{name} cut to {len} bytes: {lost:?} are lost");
        }
    }
    assert!(partial > 200, "only {partial} partial readings");
}
