//! What a member is, from its first bytes; its name only where they leave it open.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::de::{Deserializer, IoRead};

use super::json::state::{WORDS, ends_scalar, is_blank};
use super::json::{Mode, typed};
use super::transform::{encoding, markup};
use super::{bson, contacts, csv, ion, logs, mail, sql, unsupported};
use crate::base::{Error, Hint, Reason, Result};

/// How many bytes are looked at.
pub(super) const HEAD: usize = 128 << 10;

/// What was found.
pub(super) enum Kind {
    Text,
    /// A log whose lines have parts with names.
    Log(logs::Shape),
    Csv(csv::Found),
    /// Text with these widths of its columns.
    Fixed(Arc<[u32]>),
    Json(Mode),
    Contacts(contacts::Kind),
    Bson,
    Ion,
    Parquet,
    Avro,
    Orc,
    Sheets,
    Sqlite,
    Pdf,
    Sql,
    /// A dump of PostgreSQL in its own format.
    PgDump,
    /// The rows of one table of such a dump, in a file of their own.
    Copy,
    Mail {
        mbox: bool,
    },
    /// Microsoft's compound files.
    Compound,
    Rtf,
    Markup(markup::Dialect),
    /// Text that has to be brought into UTF-8 first.
    Encoded(encoding::Form),
}

/// Magic bytes of what is read.
const READ: &[(&[u8], fn() -> Kind)] = &[
    (b"PAR1", || Kind::Parquet),
    (b"Obj\x01", || Kind::Avro),
    (b"ORC", || Kind::Orc),
    (b"PK\x03\x04", || Kind::Sheets),
    (b"SQLite format 3\0", || Kind::Sqlite),
    (b"%PDF-", || Kind::Pdf),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", || Kind::Compound),
    (b"{\\rtf", || Kind::Rtf),
    (ion::MAGIC, || Kind::Ion),
];

/// Magic bytes of what is recognised and not read, and what to call it.
const MAGIC: &[(&[u8], &str)] = &[
    (b"\x7fELF", "an ELF program"),
    (b"MZ\x90\0", "a Windows program"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"ARROW1", "an Arrow file"),
    (b"\xca\xfe\xba\xbe", "a Java class"),
    (b"RIFF", "a RIFF media file"),
    (b"ID3", "an MP3 file"),
    (b"OggS", "an Ogg file"),
];

/// Names that end like this are prose, code or logs: no table is looked for in them.
const NOT_TABLES: &[&str] = &[
    "log",
    "sql",
    "md",
    "rst",
    "rs",
    "py",
    "js",
    "mjs",
    "ts",
    "tsx",
    "jsx",
    "java",
    "kt",
    "scala",
    "c",
    "h",
    "cc",
    "cpp",
    "hpp",
    "cs",
    "go",
    "rb",
    "php",
    "pl",
    "sh",
    "bash",
    "ps1",
    "html",
    "htm",
    "xml",
    "css",
    "scss",
    "yml",
    "yaml",
    "toml",
    "ini",
    "cfg",
    "conf",
    "properties",
    "tf",
    "hcl",
    "eml",
    "mbox",
    "tex",
    "diff",
    "patch",
    "vcf",
    "ics",
    "lock",
    "svg",
    "rtf",
    "swift",
    "r",
    "lua",
    "proto",
    "gradle",
];

/// The last extension of a name in lower case, with those of compression taken off first.
pub(super) fn extension(name: &str) -> String {
    let mut base = name.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    for z in [".gz", ".zst", ".gzip", ".zstd", ".bz2", ".xz", ".lzma", ".lz4", ".snappy", ".sz", ".br"] {
        if let Some(b) = base.strip_suffix(z) {
            base = b.to_owned();
        }
    }
    base.rsplit_once('.').map(|(_, e)| e.to_owned()).unwrap_or_default()
}

/// Says what the member is. `whole`: `head` is all of it.
pub(super) fn sniff(head: &[u8], whole: bool, name: &str, hint: &Hint) -> Result<Kind> {
    if let Some((magic, kind)) = READ.iter().find(|(m, _)| head.starts_with(m))
        && (!magic.is_ascii() || matches!(magic[0], b'{' | b'%' | b'P') || !prose(head))
    {
        return Ok(kind());
    }
    if head.starts_with(sql::custom::MAGIC) && !prose(head) {
        return Ok(Kind::PgDump);
    }
    if head.starts_with(b"PARE") {
        return Err(Error::new(Reason::Encrypted, "a Parquet file with an encrypted footer"));
    }
    if let Some((_, what)) = MAGIC.iter().find(|(m, _)| head.starts_with(m)).filter(|_| !prose(head)) {
        return Err(unsupported(what));
    }
    if bson::detect(head, whole, &extension(name)) {
        return Ok(Kind::Bson);
    }
    if let Some(form @ (encoding::Form::Utf16 { .. } | encoding::Form::Utf32 { .. })) = encoding::detect(head, whole) {
        return Ok(Kind::Encoded(form));
    }
    if binary(head) {
        return Err(unsupported("binary data of an unknown kind"));
    }
    if let Some(form) = encoding::detect(head, whole) {
        return Ok(Kind::Encoded(form));
    }
    let ext = extension(name);
    if let Some(widths) = &hint.widths
        && !head.is_empty()
    {
        return Ok(Kind::Fixed(widths.clone()));
    }
    if hint.dialect.is_none() {
        if ion::detect(head, &ext) {
            return Ok(Kind::Ion);
        }
        if let Some(kind) = contacts::detect(head) {
            return Ok(Kind::Contacts(kind));
        }
        if let Some(mbox) = mail::detect(head, &ext) {
            return Ok(Kind::Mail { mbox });
        }
        if let Some(dialect) = markup::detect(head, &ext) {
            return Ok(Kind::Markup(dialect));
        }
        if sql::matches(head) {
            return Ok(Kind::Sql);
        }
        if copy(head, whole, name) {
            return Ok(Kind::Copy);
        }
    }
    if hint.dialect.is_none()
        && let Some(mode) = json(head, whole, &ext)
    {
        return Ok(Kind::Json(mode));
    }
    if hint.dialect.is_none()
        && let Some(shape) = logs::detect(head, whole, hint.dataset.starts_with("cloudwatch/"))
    {
        return Ok(Kind::Log(shape));
    }
    if hint.dialect.is_none() && NOT_TABLES.contains(&ext.as_str()) {
        return Ok(Kind::Text);
    }
    Ok(csv::recognise(head, whole, &ext, hint).map_or(Kind::Text, Kind::Csv))
}

/// Whether a file of the folder or the archive that `pg_dump` writes holds the rows of a table: `1234.dat`, lines as `COPY`
/// writes them, and behind them its mark of the end.
fn copy(head: &[u8], whole: bool, name: &str) -> bool {
    let number = name.rsplit('/').next().unwrap_or_default().split_once('.').filter(|(_, e)| e.split('.').next() == Some("dat"));
    if !number.is_some_and(|(n, _)| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit())) {
        return false;
    }
    if whole {
        return head.trim_ascii_end().ends_with(b"\\.");
    }
    let tabs = |l: &[u8]| l.iter().filter(|b| **b == b'\t').count();
    let mut lines = head.split(|b| *b == b'\n').take(20).map(tabs);
    lines.next().is_some_and(|first| first > 0 && lines.all(|n| n == first))
}

/// Whether magic bytes made of letters are the start of a text: nothing but printable characters follows.
fn prose(head: &[u8]) -> bool {
    !head.starts_with(b"%PDF-") && head[..head.len().min(512)].iter().all(|b| *b >= b' ' || matches!(b, b'\t' | b'\n' | b'\r'))
}

/// Whether the bytes are no text: zeros, or many control characters.
fn binary(head: &[u8]) -> bool {
    let head = &head[..head.len().min(64 << 10)];
    let zeros = head.iter().filter(|b| **b == 0).count();
    // \x01 and \x1e separate fields and JSON texts, \x1b colours logs.
    let odd = head.iter().filter(|b| **b < b' ' && !matches!(b, 0 | b'\t' | b'\n' | b'\r' | 0x0c | 1 | 0x1b | 0x1e | 0x1f | 8)).count();
    let many = zeros * 1000 > head.len() || (zeros > 0 && head.len() < 1000);
    odd * 20 > head.len() || many && !is_holed(head, zeros)
}

/// Whether it is text with zeros in it, as a crash or a field of fixed width leaves them: few runs of them, no more than there is text,
/// and nothing else that is none.
fn is_holed(head: &[u8], zeros: usize) -> bool {
    let runs = head.split(|b| *b == 0).filter(|text| !text.is_empty()).count();
    let controls = head.iter().any(|b| matches!(b, 1..=8 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f));
    let high = head.iter().filter(|b| !b.is_ascii()).count();
    // Of UTF-8 the last character may be cut off.
    let utf8 = str::from_utf8(head).map_or_else(|e| e.error_len().is_none(), |_| true);
    !controls && zeros * 2 <= head.len() && runs * 20 <= head.len() + 20 && (utf8 || high * 3 <= head.len())
}

/// Whether what is read as text has zeros in it.
pub(super) fn has_holes(head: &[u8], kind: &Kind) -> bool {
    matches!(kind, Kind::Text | Kind::Log(_) | Kind::Csv(_) | Kind::Fixed(_)) && head.contains(&0)
}

fn json_named(ext: &str) -> bool {
    matches!(ext, "json" | "jsonl" | "ndjson" | "geojson" | "jsonlines")
}

/// Whether it is JSON, and how its records lie.
fn json(head: &[u8], whole: bool, ext: &str) -> Option<Mode> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let start = head.iter().position(|b| !is_blank(*b))?;
    let body = match first_value(&head[start..]) {
        Err(false) => with_plain_words(&head[start..]),
        _ => Cow::Borrowed(&head[start..]),
    };
    let body = &body[..];
    let lines_named = matches!(ext, "jsonl" | "ndjson" | "jsonlines");
    let array = match body[0] {
        b'{' => false,
        b'[' => true,
        _ => return (json_named(ext) && first_value(body).is_ok()).then_some(Mode::Lines),
    };
    let mode = match first_value(body) {
        Ok(end) => {
            let rest = &body[end..];
            let next = rest.iter().find(|b| !is_blank(**b));
            match next {
                None if array => Mode::Array,
                None if whole && !lines_named => Mode::Document,
                None => Mode::Lines,
                // `[1] text` is a list of notes, `[a]` of sections.
                Some(b) if array && !json_named(ext) && *b != b'[' => return None,
                Some(_) => Mode::Lines,
            }
        }
        Err(true) if whole && !json_named(ext) && !most_lines_parse(body) => return None,
        Err(true) if array => Mode::Array,
        Err(true) if lines_named || whole && most_lines_parse(body) => Mode::Lines,
        Err(true) => Mode::Document,
        Err(false) if lines_named || most_lines_parse(body) => Mode::Lines,
        Err(false) if json_named(ext) && array => Mode::Array,
        Err(false) if json_named(ext) => Mode::Document,
        Err(false) => return None,
    };
    let record = if mode == Mode::Lines { body.split(|b| *b == b'\n').next().unwrap_or_default() } else { body };
    // What may be cut off is no JSON for another reason only where it is broken.
    let typed = matches!(mode, Mode::Lines | Mode::Document) && !matches!(first_value(record), Err(false));
    Some(if typed { typed::mode(record).unwrap_or(mode) } else { mode })
}

/// Where the first value ends; `Err(true)` if the bytes end first, `Err(false)` if it is no JSON.
fn first_value(body: &[u8]) -> Result<usize, bool> {
    let mut values = Deserializer::new(IoRead::new(body)).into_iter::<serde::de::IgnoredAny>();
    match values.next() {
        Some(Ok(_)) => Ok(values.byte_offset()),
        Some(Err(e)) => Err(e.is_eof()),
        None => Err(false),
    }
}

/// The same with a number for each word that the reader takes for a value and JSON does not know.
fn with_plain_words(body: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Cow::Borrowed(body);
    let (mut at, mut before) = (0, b' ');
    while let Some(b) = body.get(at) {
        let rest = &body[at..];
        let ends = |n: usize| rest.get(n).is_none_or(|b| ends_scalar(*b));
        if matches!(before, b':' | b',' | b'[')
            && let Some(word) = WORDS.iter().find(|w| rest.starts_with(w) && ends(w.len()))
        {
            out.to_mut()[at..at + word.len()].fill(b' ');
            out.to_mut()[at] = b'0';
            at += word.len() - 1;
        } else if *b == b'"' {
            let mut end = at + 1;
            while let Some(i) = body.get(end..).and_then(|b| memchr::memchr2(b'"', b'\\', b)) {
                end += i + 1;
                if body[end - 1] == b'"' {
                    break;
                }
                end += 1;
            }
            at = end.max(at + 1) - 1;
        }
        if !b.is_ascii_whitespace() {
            before = *b;
        }
        at += 1;
    }
    out
}

fn most_lines_parse(body: &[u8]) -> bool {
    let mut lines: Vec<&[u8]> = body.split(|b| *b == b'\n').filter(|l| !l.trim_ascii().is_empty()).take(101).collect();
    if lines.len() > 1 && !body.ends_with(b"\n") {
        // Perhaps cut off.
        lines.pop();
    }
    let good =
        lines.iter().filter(|l| l.trim_ascii_start().starts_with(b"{") && serde_json::from_slice::<serde::de::IgnoredAny>(l).is_ok());
    good.count() * 2 > lines.len()
}
