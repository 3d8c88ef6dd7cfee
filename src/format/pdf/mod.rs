//! PDF: the text layer page by page, what forms and notes hold, and attached files.
//!
//! Text is put together from what pages show and where; a place is the number of the page. There is no recognition of
//! characters in pictures: a page without text is reported.

mod crypt;
mod file;
mod filters;
mod glyphs;
mod object;
mod spoken;
mod text;

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use super::feed::{char_boundary, sync_fields};
use super::pump::{Out, Pump, give};
use super::{Limits, Part, Reader};
use crate::base::{Batch, Error, Issue, PeekInput, PlaceKind, Reason, Result, random_access};
use file::File;
use spoken::Spoken;

const PATIENCE: Duration = Duration::from_secs(120);
/// Larger files are not held.
const MOST: u64 = 512 << 20;

enum Event {
    /// A page's number and text.
    Page(u64, String),
    Part(Part),
    Issue(Issue),
}

fn decode(bytes: Bytes, out: &Out<Event>) -> Result<()> {
    let file = File::new(bytes);
    if file.is_locked() {
        return Err(Error::new(Reason::Encrypted, "a PDF with a password"));
    }
    let pages = file.pages();
    if pages.is_empty() {
        return Err(Error::new(Reason::Corrupt, "a PDF without pages"));
    }
    // What is on no page comes first: pages do not go back.
    let mut spoken = Spoken::new(&file);
    for (number, o) in file.all() {
        spoken.object(&o);
        for (name, data) in spoken.inner(number, &o) {
            if give(out, Event::Part(Part { name, data: data.into() })).is_err() {
                return Ok(());
            }
        }
    }
    let spoken = spoken.text;
    if !spoken.trim().is_empty() && give(out, Event::Page(0, spoken)).is_err() {
        return Ok(());
    }
    let (mut empty, mut unknown) = (0u64, 0);
    for (i, d) in pages.iter().enumerate() {
        let page = text::page(&file, d);
        empty += u64::from(page.text.trim().is_empty());
        unknown += page.unknown;
        if give(out, Event::Page(i as u64, page.text)).is_err() {
            return Ok(());
        }
    }
    let issue = |reason, detail: String| {
        let _ = give(out, Event::Issue(Issue { reason, detail }));
    };
    if empty > 0 {
        issue(Reason::NoText, format!("{empty} of {} pages hold no text", pages.len()));
    }
    if unknown > 0 {
        issue(Reason::UnsupportedEncoding, format!("{unknown} characters are in fonts that do not say what they mean"));
    }
    if file.lossy.get() {
        issue(Reason::Truncated, "parts of the PDF are cut off or too large".into());
    }
    Ok(())
}

/// Reads a file.
pub(super) struct Pdf {
    pump: Pump<Event>,
    limits: Limits,
    waiting: VecDeque<(u64, String)>,
    offset: u64,
    line: u64,
    parts: Vec<Part>,
    issues: Vec<Issue>,
}

/// Opens a file.
pub(super) fn open(mut input: PeekInput, limits: &Limits) -> Result<Pdf> {
    let data = random_access(&mut input, &limits.spill)?;
    if data.len() > MOST {
        return Err(Error::new(Reason::MemoryLimit, format!("a PDF of more than {} MiB", MOST >> 20)));
    }
    let bytes = data.read_at(0, data.len() as usize)?;
    Ok(Pdf {
        pump: Pump::start(PATIENCE, move |out| decode(bytes, out))?,
        limits: limits.clone(),
        waiting: VecDeque::new(),
        offset: 0,
        line: 1,
        parts: Vec::new(),
        issues: Vec::new(),
    })
}

impl Reader for Pdf {
    fn kind(&self) -> &'static str {
        "pdf"
    }

    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool> {
        batch.clear();
        while self.waiting.is_empty() {
            match self.pump.next()? {
                None => return Ok(false),
                Some(Event::Part(p)) => self.parts.push(p),
                Some(Event::Issue(i)) => self.issues.push(i),
                Some(Event::Page(_, text)) if text.trim().is_empty() => {}
                Some(Event::Page(page, text)) => {
                    // A page too long for a batch comes in pieces, cut at lines.
                    let mut rest = &text[..];
                    while rest.len() > self.limits.batch_bytes.max(64) {
                        let most = char_boundary(rest.as_bytes(), self.limits.batch_bytes.max(64));
                        let n = rest[..most].rfind('\n').map_or(most, |n| n + 1);
                        self.waiting.push_back((page, rest[..n].to_owned()));
                        rest = &rest[n..];
                    }
                    self.waiting.push_back((page, rest.to_owned()));
                }
            }
        }
        let Some((page, text)) = self.waiting.pop_front() else { return Ok(false) };
        sync_fields(batch, &[]);
        batch.bytes.extend_from_slice(text.as_bytes());
        batch.places = PlaceKind::Rows;
        batch.first_row = page;
        batch.first_line = self.line;
        batch.offset = self.offset;
        batch.core = 0..batch.bytes.len();
        self.offset += batch.bytes.len() as u64;
        // The next page begins a line of its own.
        self.line += memchr::memchr_iter(b'\n', &batch.bytes).count() as u64 + 1;
        Ok(true)
    }

    fn take_issues(&mut self) -> Vec<Issue> {
        std::mem::take(&mut self.issues)
    }

    fn take_parts(&mut self) -> Vec<Part> {
        std::mem::take(&mut self.parts)
    }
}

#[cfg(test)]
mod tests;
