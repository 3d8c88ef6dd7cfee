//! The bytes of a member to [`Batch`]es of values.
//!
//! Takes a decompressed [`Input`](crate::base::Input) and what surrounds it ([`Hint`]), recognises the format from the
//! content first and the name second, gives batches with fields, rows and exact byte places. Memory is bounded
//! whatever the input. Knows no classifier: a value is a value.

mod avro;
mod biff;
mod blob;
mod bson;
mod compound;
mod contacts;
mod csv;
mod feed;
mod fixed;
mod holed;
mod ion;
mod json;
mod logs;
mod mail;
mod orc;
mod parquet;
mod pdf;
mod pump;
mod rows;
mod sheets;
mod sniff;
mod sql;
mod sqlite;
mod text;
mod titles;
mod transform;
mod tree;
mod within;

pub use within::as_read;

use crate::base::{Batch, Error, Hint, Issue, PeekInput, Reason, Result, SpillLimits};
use transform::{encoding, markup, rtf};

/// Bounds on what a reader holds in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// About how many bytes a batch holds.
    pub batch_bytes: usize,
    /// The longest value that is held whole; longer ones come in overlapping pieces.
    pub value_bytes: usize,
    /// How many bytes of context the pieces of one text share on each side.
    pub overlap: usize,
    /// The longest quoted CSV field; beyond it the quote is taken for an ordinary byte.
    pub quoted_bytes: usize,
    /// Where a file lies that has to be read from its end and comes out of a compressed stream.
    pub spill: SpillLimits,
    /// Decoded pages of a Parquet row group that may lie in memory at once, over all columns.
    pub page_bytes: u64,
    /// How many arrays and objects of a JSON value may lie in one another.
    pub json_depth: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            batch_bytes: 1 << 20,
            value_bytes: 1 << 20,
            overlap: 4096,
            quoted_bytes: 8 << 20,
            spill: SpillLimits::default(),
            page_bytes: 512 << 20,
            json_depth: 512,
        }
    }
}

/// Reads one member.
pub trait Reader: Send {
    /// The format: `csv`, `jsonl`, `parquet`, `text`, …
    fn kind(&self) -> &'static str;

    /// Fills `batch` with the next piece; `true` if there was one, `false` at the end. In batches of tables and JSON
    /// a batch without cells has no bytes either. Values that a file itself stores once each may come as `columns`
    /// ([`Batch::spread`]); room for their cells is left between `offset`s.
    ///
    /// Cores of successive batches follow one another: `offset + core.start` is never less than the last
    /// `offset + core.end`.
    ///
    /// # Errors
    /// What ended the member before its end. Everything readable before it has been given; nothing follows.
    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool>;

    /// What was odd since the last call, counted by kind: few, however many records are broken.
    fn take_issues(&mut self) -> Vec<Issue>;

    /// Files that lie within what was read since the last call (the attachments of a mail), to be read as members.
    fn take_parts(&mut self) -> Vec<Part> {
        Vec::new()
    }

    /// Once the member was read, or could be read no further: what reads the rest of the same member, which has places of
    /// another kind (what a workbook holds besides its cells).
    fn take_behind(&mut self) -> Option<Box<dyn Reader>> {
        None
    }
}

/// A file within a member.
pub struct Part {
    /// Its name. PRIVACY: as it stands there; it may be personal data.
    pub name: String,
    /// Its bytes.
    pub data: bytes::Bytes,
}

/// Finds out what a member is and gives its reader. `name` is a file name or key and decides only what the content
/// leaves open.
///
/// # Errors
/// `unsupported_format` for binary data that no reader knows (named where its magic bytes are known), `encrypted` for
/// what only its owner can read, and what a reader finds wrong with its file at once.
pub fn open(input: PeekInput, name: &str, hint: &Hint, limits: &Limits) -> Result<Box<dyn Reader>> {
    Ok(within::wrap(bare(input, name, hint, limits)?))
}

/// Reads what stands beside the cells in a part of a workbook whose cells are read with the whole: comments,
/// links, what is printed above a page. `input` is the XML of a sheet (xlsx), or the content of an ods file.
///
/// # Errors
/// What reading says.
pub fn beside_cells(input: PeekInput, limits: &Limits) -> Result<Box<dyn Reader>> {
    Ok(within::wrap(transform::open(input, markup::Markup::beside_cells(), Some("document"), as_text(limits))?))
}

/// [`open`] without what lies within values.
fn bare(mut input: PeekInput, name: &str, hint: &Hint, limits: &Limits) -> Result<Box<dyn Reader>> {
    let head = input.peek(sniff::HEAD).to_vec();
    let whole = input.is_whole() && head.len() < sniff::HEAD;
    let found = sniff::sniff(&head, whole, name, hint)?;
    let holes = sniff::has_holes(&head, &found);
    let reader: Box<dyn Reader> = match found {
        sniff::Kind::Text => Box::new(text::Text::new(input, limits)),
        sniff::Kind::Log(shape) => Box::new(logs::Logs::new(input, shape, limits)),
        sniff::Kind::Csv(f) => Box::new(csv::Csv::new(input, &f, hint.columns.as_deref(), limits).counted(hint.records)),
        sniff::Kind::Fixed(widths) => Box::new(fixed::Fixed::new(input, &widths, hint.columns.as_deref(), limits)),
        sniff::Kind::Contacts(kind) => Box::new(contacts::Contacts::new(input, kind, limits)),
        sniff::Kind::Json(mode) => Box::new(json::Json::new(input, mode, limits)),
        sniff::Kind::Ion => ion::open(input, &head, whole, limits),
        sniff::Kind::Bson => Box::new(bson::Bson::new(input, &head, limits)),
        sniff::Kind::Parquet => Box::new(parquet::open(input, limits)?),
        sniff::Kind::Avro => Box::new(avro::open(input, limits)?),
        sniff::Kind::Orc => Box::new(orc::open(input, limits)?),
        sniff::Kind::Sheets => Box::new(sheets::open(input, sheets::Kind::Zip, limits)?),
        sniff::Kind::Sqlite => Box::new(sqlite::open(input, limits)?),
        sniff::Kind::Pdf => Box::new(pdf::open(input, limits)?),
        sniff::Kind::Sql => Box::new(sql::Sql::new(input, &head, limits)),
        sniff::Kind::PgDump => Box::new(sql::custom::Custom::new(input, limits)),
        sniff::Kind::Copy => Box::new(sql::Sql::rows_alone(input, limits)),
        sniff::Kind::Mail { mbox } => Box::new(mail::Mail::new(input, mbox, limits)),
        sniff::Kind::Compound => compound::open(input, limits)?,
        sniff::Kind::Rtf => transform::open(input, rtf::Rtf::default(), Some("rtf"), as_text(limits))?,
        sniff::Kind::Markup(dialect) => {
            let kind = match dialect {
                markup::Dialect::Html => "html",
                markup::Dialect::Xml => "xml",
                markup::Dialect::Office => "document",
            };
            transform::open(input, markup::Markup::new(dialect), Some(kind), as_text(limits))?
        }
        sniff::Kind::Encoded(form) => transform::open(input, encoding::transform(form), None, |input| bare(input, name, hint, limits))?,
    };
    Ok(if holes { Box::new(holed::Holed::new(reader)) } else { reader })
}

/// Reads made text as text.
fn as_text(limits: &Limits) -> impl FnOnce(PeekInput) -> Result<Box<dyn Reader>> {
    |input| Ok(Box::new(text::Text::new(input, limits)))
}

/// A column's name as it may be shown.
///
/// PRIVACY: what looks like a value rather than a name (an e-mail address, a number, a long text) gives `None`.
fn safe_name(bytes: &[u8]) -> Option<String> {
    let name = String::from_utf8_lossy(bytes);
    let name = name.trim();
    let ok = !name.is_empty() && !dynamic_name(name.as_bytes()) && !name.contains(['\n', '\r', '\0']);
    ok.then(|| name.to_owned())
}

/// Whether a name is rather a value: it holds an `@`, six digits or more, or is longer than 64 bytes.
fn dynamic_name(name: &[u8]) -> bool {
    name.len() > 64 || name.contains(&b'@') || name.iter().filter(|b| b.is_ascii_digit()).count() >= 6
}

fn unsupported(what: &str) -> Error {
    Error::new(Reason::UnsupportedFormat, what)
}

#[cfg(test)]
mod tests;
