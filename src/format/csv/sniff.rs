//! Whether a text is a table, and in which dialect; whether its first record names the columns.

use std::borrow::Cow;

use super::field::{End, Scan, Shape, resolve};
use crate::base::{Dialect, Hint};

/// What was found out.
pub(in crate::format) struct Found {
    /// How it is written; `header` is decided.
    pub dialect: Dialect,
}

/// Records that are looked at.
const RECORDS: usize = 1000;

/// Delimiters in order of preference where nothing else decides.
const DELIMITERS: &[u8] = b",|\t;\x01~^";

fn dialect(delimiter: u8, quote: Option<u8>, double_quote: bool, escape: Option<u8>) -> Dialect {
    Dialect { delimiter, quote, double_quote, escape, header: None }
}

/// A record's values.
type Record<'a> = Vec<Cow<'a, [u8]>>;

/// The first records, fields resolved.
fn records<'a>(head: &'a [u8], whole: bool, d: &Dialect, most: usize) -> Vec<Record<'a>> {
    let (mut out, mut record, mut pos) = (Vec::new(), Vec::new(), 0);
    while out.len() < most && (pos < head.len() || (whole && !record.is_empty())) {
        let f = Scan { bytes: head, dialect: d, over: whole, quoted_bytes: 64 << 10 }.field(pos);
        if f.end == End::Open {
            break;
        }
        let value = &head[f.value];
        record.push(match f.shape {
            Shape::Plain | Shape::Quoted => Cow::Borrowed(value),
            shape => {
                let mut value = value.to_vec();
                let n = resolve(&mut value, d, shape);
                value.truncate(n);
                Cow::Owned(value)
            }
        });
        pos = f.next;
        if f.end == End::Record {
            let width = record.len();
            let r = std::mem::replace(&mut record, Vec::with_capacity(width));
            if r.len() > 1 || !r[0].is_empty() {
                out.push(r);
            }
            if pos >= head.len() {
                break;
            }
        }
    }
    out
}

/// The most frequent number of fields and its share of the records.
fn shape(rows: &[Record<'_>]) -> (usize, f64) {
    let mut counts = std::collections::BTreeMap::new();
    for r in rows {
        *counts.entry(r.len()).or_insert(0usize) += 1;
    }
    let (columns, n) = counts.into_iter().max_by_key(|(c, n)| (*n, *c)).unwrap_or((0, 0));
    (columns, n as f64 / rows.len().max(1) as f64)
}

/// Whether the backslashes are those of an unloading dialect: each before a byte that needs one.
fn backslash_escapes(head: &[u8], delimiter: u8) -> bool {
    let (mut i, mut any) = (0, false);
    while let Some(at) = memchr::memchr(b'\\', &head[i..]).map(|x| i + x) {
        match head.get(at + 1) {
            Some(b) if *b == delimiter || matches!(b, b'\n' | b'\r' | b'\\' | b'"') => any = true,
            Some(_) => return false,
            None => {}
        }
        i = at + 2;
        if i >= head.len() {
            break;
        }
    }
    any
}

/// Says whether `head` is delimited text. A known dialect is believed; otherwise the number of fields must be the same
/// in nearly all records.
pub(in crate::format) fn recognise(head: &[u8], whole: bool, ext: &str, hint: &Hint) -> Option<Found> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    if head.is_empty() {
        return None;
    }
    let named = matches!(ext, "csv" | "tsv" | "psv" | "tab");
    let finish = |mut d: Dialect| {
        if d.header.is_none() {
            d.header = Some(header(&records(head, whole, &d, 200), named, hint));
        }
        Some(Found { dialect: d })
    };
    if let Some(d) = hint.dialect {
        return finish(d);
    }
    let expected = hint.columns.as_ref().map(|c| c.len());
    let first_line = head.split(|b| *b == b'\n').next().unwrap_or_default();
    let mut best: Option<(f64, Dialect)> = None;
    for &delimiter in DELIMITERS.iter().filter(|d| first_line.contains(d)) {
        let mut dialects = vec![dialect(delimiter, Some(b'"'), true, None)];
        if backslash_escapes(head, delimiter) {
            let quoted = head.first() == Some(&b'"') || memchr::memmem::find(head, &[delimiter, b'"']).is_some();
            dialects.insert(0, dialect(delimiter, quoted.then_some(b'"'), false, Some(b'\\')));
        }
        for d in dialects {
            let rows = records(head, whole, &d, RECORDS);
            let (columns, share) = shape(&rows);
            if columns < 2 || !plausible(&rows, columns, share, delimiter, named, expected) {
                continue;
            }
            let fits = expected == Some(columns);
            // More columns at equal consistency; a delimiter inside values gives fewer and less even counts.
            let score = share + columns.min(50) as f64 / 1000.0 + if fits { 2.0 } else { 0.0 };
            if best.as_ref().is_none_or(|(s, _)| score > *s) {
                best = Some((score, d));
            }
        }
    }
    if let Some((_, d)) = best {
        return finish(d);
    }
    if named || expected.is_some() {
        let delimiter = match ext {
            "tsv" | "tab" => b'\t',
            "psv" => b'|',
            _ if expected.is_some() && !named => b'|',
            _ => b',',
        };
        return finish(dialect(delimiter, Some(b'"'), true, None));
    }
    None
}

/// Whether records that look like this are a table rather than prose, code or a log.
fn plausible(rows: &[Record<'_>], columns: usize, share: f64, delimiter: u8, named: bool, expected: Option<usize>) -> bool {
    if named || expected == Some(columns) {
        return share >= 0.6;
    }
    let rare = matches!(delimiter, b'|' | b'\t' | 1 | b'~' | b'^');
    if rows.len() < 2 || share < 0.95 || (columns == 2 && !rare && !(share == 1.0 && header(rows, false, &Hint::default()))) {
        return false;
    }
    let (mut fields, mut spaced, mut long, mut tail_empty) = (0, 0, 0, 0);
    for r in rows {
        tail_empty += usize::from(r.len() == columns && r[columns - 1].trim_ascii().is_empty());
        for f in &r[1.min(r.len())..] {
            fields += 1;
            spaced += usize::from(f.first() == Some(&b' '));
            long += usize::from(f.len() > 400);
        }
    }
    let ruler = rows[1].iter().all(|f| f.iter().all(|b| matches!(b, b'-' | b':' | b' ')));
    let first = rows[0][0].trim_ascii_start();
    let code = [&b"INSERT "[..], b"--", b"<", b"//", b"#!", b"/*"].iter().any(|p| first.starts_with(p));
    !code && !ruler && spaced * 2 < fields && long * 4 < fields && !(columns == 2 && tail_empty == rows.len())
}

/// What a value looks like, coarsely.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Look {
    Empty,
    /// Digits with what stands between them in numbers, dates and phone numbers.
    Number,
    Mail,
    /// Letters with digits or marks.
    Mixed,
    Word,
}

fn look(v: &[u8]) -> Look {
    let v = v.trim_ascii();
    let digits = v.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = v.iter().filter(|b| b.is_ascii_alphabetic() || **b >= 0x80).count();
    match () {
        () if v.is_empty() => Look::Empty,
        () if v.contains(&b'@') => Look::Mail,
        () if digits > 0 && letters <= 3 => Look::Number,
        () if digits > 0 || v.iter().filter(|b| **b == b' ').count() > 1 => Look::Mixed,
        () => Look::Word,
    }
}

/// Words that stand in headers and not in data.
const WORDS: &[&str] = &[
    "id",
    "name",
    "email",
    "mail",
    "phone",
    "address",
    "city",
    "state",
    "zip",
    "country",
    "date",
    "time",
    "type",
    "status",
    "code",
    "number",
    "first",
    "last",
    "ssn",
    "dob",
    "birth",
    "customer",
    "user",
    "account",
    "amount",
    "price",
    "value",
    "key",
    "description",
    "notes",
    "comment",
    "created",
    "updated",
    "street",
    "company",
    "gender",
    "sex",
    "age",
    "url",
    "ip",
    "order",
    "product",
    "quantity",
    "total",
    "title",
    "category",
    "text",
    "label",
    "index",
    "uuid",
    "postcode",
    "region",
    "card",
    "iban",
    "username",
    "password",
    "lat",
    "lon",
    "message",
    "level",
    "event",
    "source",
    "target",
    "nino",
];

fn has_word(v: &[u8]) -> bool {
    let s = String::from_utf8_lossy(v);
    let mut words = Vec::new();
    let mut word = String::new();
    let mut was_lower = false;
    for c in s.chars() {
        if !c.is_alphabetic() || (c.is_uppercase() && was_lower) {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphabetic() {
            word.extend(c.to_lowercase());
        }
        was_lower = c.is_lowercase();
    }
    words.push(word);
    words.iter().any(|w| WORDS.contains(&w.as_str()) || w.strip_suffix('s').is_some_and(|w| WORDS.contains(&w)))
}

/// So many columns of another look than their names are no chance, if each has so many values.
const SURE: usize = 3;
const MANY_ROWS: usize = 10;

/// Whether a cell says that its value is not known: a record of data may begin with such.
fn is_filler(v: &[u8]) -> bool {
    const FILLERS: [&[u8]; 12] =
        [b"unknown", b"none", b"null", b"nil", b"nan", b"na", b"n/a", b"pending", b"missing", b"empty", b"undefined", b"not available"];
    FILLERS.iter().any(|f| v.eq_ignore_ascii_case(f))
}

/// Whether names are one word with numbers behind it that follow one another: `c0`, `c1`, `c2`.
fn are_numbered(names: &[&[u8]]) -> bool {
    let parts = |n: &[u8]| {
        let at = n.iter().position(u8::is_ascii_digit)?;
        let word = n[..at].iter().all(|b| b.is_ascii_alphabetic() || *b == b'_') && at > 0;
        Some((n[..at].to_vec(), str::from_utf8(&n[at..]).ok()?.parse::<u32>().ok()?)).filter(|_| word)
    };
    let parts: Vec<_> = names.iter().map_while(|n| parts(n)).collect();
    names.len() > 1 && parts.len() == names.len() && parts.windows(2).all(|p| p[0].0 == p[1].0 && p[0].1.checked_add(1) == Some(p[1].1))
}

/// Whether the first record names the columns.
///
/// PRIVACY: a name is shown and stored. A record of data taken for one would be too, so doubt means no.
fn header(rows: &[Record<'_>], named: bool, hint: &Hint) -> bool {
    let Some(first) = rows.first() else { return false };
    if let Some(columns) = &hint.columns {
        return columns.len() == first.len() && columns.iter().zip(first).all(|(c, f)| c.as_bytes().eq_ignore_ascii_case(f.trim_ascii()));
    }
    let names: Vec<&[u8]> = first.iter().map(|f| f.trim_ascii()).collect();
    let identifier = |v: &[u8]| {
        v.len() <= 64
            && v.iter().filter(|b| b.is_ascii_digit()).count() < 4
            && v.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_' || *b >= 0x80 || *b == b'#')
            && !v.iter().any(|b| matches!(b, b'@' | b'"' | b'\n' | b'{'))
    };
    let empty = names.iter().filter(|n| n.is_empty()).count();
    if empty > 1 || empty == names.len() || !names.iter().filter(|n| !n.is_empty()).all(|n| identifier(n)) {
        return false;
    }
    let mut sorted: Vec<_> = names.iter().filter(|n| !n.is_empty()).collect();
    sorted.sort_unstable();
    if sorted.windows(2).any(|w| w[0] == w[1]) {
        return false;
    }
    let data = &rows[1..];
    // Columns whose values are nearly all of another look than their name.
    let numbered = are_numbered(&names);
    let (mut differ, mut surely) = (0, 0);
    for (i, name) in names.iter().enumerate() {
        let looks: Vec<Look> = data.iter().filter_map(|r| r.get(i)).map(|v| look(v)).filter(|l| *l != Look::Empty).collect();
        let others = looks.iter().filter(|l| matches!(l, Look::Number | Look::Mail | Look::Mixed)).count();
        if !looks.is_empty() && others * 10 >= looks.len() * 9 && (numbered || look(name) == Look::Word) {
            differ += 1;
            surely += usize::from(looks.len() >= MANY_ROWS && !is_filler(name));
        }
    }
    let repeats = |(i, n): (usize, &&[u8])| !n.is_empty() && data.iter().any(|r| r.get(i).is_some_and(|v| v.trim_ascii() == *n));
    let repeats = names.iter().enumerate().filter(|name| repeats(*name)).count();
    // A value may be its column's name by chance: there is a town `Ciudad`.
    if repeats > 1 || repeats == 1 && surely < SURE {
        return false;
    }
    let words = names.iter().filter(|n| has_word(n) || n.contains(&b'_')).count();
    differ > 0 || words * 2 >= names.len() || (named && words > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dialects_and_headers_are_found() {
        let c = |text: &str, ext: &str| recognise(text.as_bytes(), true, ext, &Hint::default()).map(|f| f.dialect);
        let town = |first: &str, rows: usize| {
            let rows = (0..rows).map(|i| format!("Luz,{},l{i}@x.com,1981-01-02,2026-01-03\n", if i == 1 { "Ciudad" } else { "Lugo" }));
            rows.fold(format!("{first}\n"), |all, row| all + &row)
        };
        // text, extension, (delimiter, escape, header)
        let cases: &[(&str, &str, Option<(u8, bool, bool)>)] = &[
            ("id,name,email\n1,Ann,a@x.com\n2,Bob,b@x.com\n", "", Some((b',', false, true))),
            ("1|Ann|a@x.com\n2|Bob|b@x.com\n", "", Some((b'|', false, false))),
            ("1|A\\|nn|a@x.com\n2|Bob\\\nby|b@x.com\n", "", Some((b'|', true, false))),
            ("\"1\"|\"say \\\"hi\\\"\"\n\"2\"|\"b\"\n", "", Some((b'|', true, false))),
            ("John,Smith,Springfield\nJane,Doe,Shelbyville\n", "csv", Some((b',', false, false))),
            (&town("Nombre,Ciudad,Correo,Nacimiento,Alta", 12), "csv", Some((b',', false, true))),
            // A record of data may begin with the town of another record, and with fillers.
            (&town("Nombre,Ciudad,Correo,Nacimiento,Alta", 3), "csv", Some((b',', false, false))),
            (&town("Jane Doe,Ciudad,unknown,none,pending", 12), "csv", Some((b',', false, false))),
            (&town("Ana,Ciudad,l@x.com,1981-01-02,2026-01-03", 12), "csv", Some((b',', false, false))),
            ("Ana,Ciudad,a\nLuz,Ciudad,l\n", "csv", Some((b',', false, false))),
            ("c0,c1,c2\nAnn,a@x.com,Elm Street\nBob,c@x.com,Oak Road\n", "csv", Some((b',', false, true))),
            ("Jo 17,Al 23,Bo 5\nmail a@x.com now,b@x.com,c@x.com\nmail d@x.com now,e@x.com,f@x.com\n", "csv", Some((b',', false, false))),
            ("B-AX 7,HH-AX 8\nHH-AXY 12,B-CDE 44\nHH-AYY 13,B-CDE 45\n", "csv", Some((b',', false, false))),
            ("a\tb\n1\t2\n3\t4\n", "tsv", Some((b'\t', false, true))),
            ("email\na@x.com\nb@x.com\n", "csv", Some((b',', false, true))),
            ("a;b;c\n1;2,5;3\n2;3,5;4\n", "csv", Some((b';', false, true))),
            ("1\x01x\x01y\n2\x01x\x01z\n", "", Some((1, false, false))),
            ("Dear Sir, thank you.\nYours, Ann\n", "txt", None),
            ("2026-01-01 10:00:00,123 INFO start\n2026-01-01 10:00:01,456 INFO stop\n", "txt", None),
            ("| a | b |\n|---|---|\n| 1 | 2 |\n", "", None),
            ("let a = 1;\nlet b = 2;\n", "", None),
            ("fn main() {\n    call(a, b);\n}\n", "", None),
            ("one line, no more", "", None),
            ("", "csv", None),
        ];
        for (text, ext, want) in cases {
            let got = c(text, ext).map(|d| (d.delimiter, d.escape.is_some(), d.header == Some(true)));
            assert_eq!(got, *want, "{text:?} .{ext}");
        }
    }
}
