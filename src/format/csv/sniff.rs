//! Whether a text is a table, and in which dialect.

use std::borrow::Cow;

use super::field::{End, Scan, Shape, resolve};
use super::header::{MOST_LEAD, header, header_row, leads, shape};
use crate::base::{Dialect, Hint};

/// What was found out.
pub(in crate::format) struct Found {
    /// How it is written; `header` is decided.
    pub dialect: Dialect,
    /// How many bytes stand before the table: a title, comments, `sep=;`.
    pub lead: usize,
    /// Whether blanks stand before all fields, which are none of them: quotes behind them are quotes.
    pub padded: bool,
    /// Whether lines end with a carriage return alone.
    pub returns: bool,
    /// Whether all rows are to have as many fields as columns were told: where nothing is quoted or escaped, a value may hold what ends it.
    pub strict: bool,
}

/// Records that are looked at.
const RECORDS: usize = 1000;

/// Delimiters in order of preference where nothing else decides.
const DELIMITERS: &[u8] = b",|\t;\x01~^";

fn dialect(delimiter: u8, quote: Option<u8>, double_quote: bool, escape: Option<u8>) -> Dialect {
    Dialect { delimiter, quote, double_quote, escape, header: None }
}

/// A record's values.
pub(in crate::format) type Record<'a> = Vec<Cow<'a, [u8]>>;

/// The first records of a text.
#[derive(Default)]
struct Records<'a> {
    /// Their fields, resolved.
    rows: Vec<Record<'a>>,
    /// Where each of them begins.
    starts: Vec<usize>,
    /// Whether each field behind the first one of its record begins with a blank, the first record's apart.
    loose: bool,
    /// Whether anything is odd.
    trouble: bool,
}

fn records<'a>(head: &'a [u8], whole: bool, (d, padded): (&Dialect, bool), most: usize) -> Records<'a> {
    let (mut record, mut pos, mut start) = (Vec::new(), 0, 0);
    let mut out = Records { loose: true, ..Records::default() };
    while out.rows.len() < most && (pos < head.len() || (whole && !record.is_empty())) {
        let f = Scan { bytes: head, dialect: d, padded, over: whole, quoted_bytes: 64 << 10 }.field(pos);
        if f.end == End::Open {
            break;
        }
        out.loose &= record.is_empty() || out.rows.is_empty() || f.value.is_empty() || head[pos] == b' ';
        out.trouble |= f.trouble.is_some();
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
                out.rows.push(r);
                out.starts.push(start);
            }
            start = pos;
            if pos >= head.len() {
                break;
            }
        }
    }
    out
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

/// The delimiter that a first line `sep=;` tells, as Excel reads and writes it, and where the next line begins.
fn told(head: &[u8]) -> Option<(u8, usize)> {
    let end = memchr::memchr(b'\n', &head[..head.len().min(16)])?;
    let line = head[..end].trim_ascii_end();
    let line = line.strip_prefix(b"\"").and_then(|l| l.strip_suffix(b"\"")).unwrap_or(line);
    let (sep, delimiter) = line.split_at_checked(4)?;
    // Of `sep=` and a tab the tab was trimmed.
    let tab = line.len() == 4 && head[4] == b'\t';
    match delimiter {
        _ if !sep.eq_ignore_ascii_case(b"sep=") => None,
        [d] if d.is_ascii_punctuation() => Some((*d, end + 1)),
        _ => tab.then_some((b'\t', end + 1)),
    }
}

/// Whether lines end with a carriage return alone, as old programs of the Mac write them: none outside of quotes ends otherwise.
fn ends_in_returns(head: &[u8]) -> bool {
    let (mut quoted, mut found) = (false, false);
    for b in head {
        match b {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => return false,
            b'\r' => found = true,
            _ => {}
        }
    }
    found && (!quoted || !head.contains(&b'\n'))
}

/// Makes newlines of carriage returns.
pub(super) fn break_lines(bytes: &mut [u8]) {
    bytes.iter_mut().filter(|b| **b == b'\r').for_each(|b| *b = b'\n');
}

/// Says whether `head` is delimited text. A known dialect is believed; otherwise the number of fields must be the same
/// in nearly all records.
pub(in crate::format) fn recognise(head: &[u8], whole: bool, ext: &str, hint: &Hint) -> Option<Found> {
    let mark = if head.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let mut head = Cow::Borrowed(&head[mark..]);
    let returns = ends_in_returns(&head);
    if returns {
        break_lines(head.to_mut());
    }
    let (delimiter, behind) = told(&head).filter(|_| hint.dialect.is_none()).map_or((None, 0), |(d, at)| (Some(d), at));
    let head = &head[behind..];
    if head.is_empty() {
        return None;
    }
    let named = delimiter.is_some() || matches!(ext, "csv" | "tsv" | "psv" | "tab");
    let (mut d, padded) = find(head, whole, (ext, named), delimiter, hint)?;
    let (mut before, mut strict) = (behind, false);
    if d.header.is_none() {
        let Records { rows, starts, .. } = records(head, whole, (&d, padded), 200);
        let at = header_row(&rows, named, hint);
        before += at.map_or(0, |at| starts[at]);
        d.header = Some(at.is_some());
        let told = hint.columns.as_ref().map(|c| c.len()).filter(|n| *n > 1 && at.is_none() && hint.dialect.is_none());
        strict = told.is_some_and(|n| rows.iter().any(|r| r.len() == n) || rows.iter().all(|r| r.len() == 1));
    }
    Some(Found { dialect: d, lead: if before > 0 { mark + before } else { 0 }, padded, returns, strict })
}

/// The dialect of a text, and whether its fields stand behind blanks.
fn find(head: &[u8], whole: bool, (ext, named): (&str, bool), told: Option<u8>, hint: &Hint) -> Option<(Dialect, bool)> {
    if let Some(d) = hint.dialect {
        return Some((d, false));
    }
    let expected = hint.columns.as_ref().map(|c| c.len());
    let first_line = head.split(|b| *b == b'\n').next().unwrap_or_default();
    let candidates = |text: &[u8]| match told {
        Some(d) => vec![d],
        None => DELIMITERS.iter().copied().filter(|d| text.contains(d)).collect::<Vec<u8>>(),
    };
    let mut best = choose(head, whole, &candidates(first_line), named, expected);
    if best.is_none() && named {
        // The first line may be a title.
        let lines = memchr::memchr_iter(b'\n', head).nth(MOST_LEAD).unwrap_or(head.len());
        best = choose(head, whole, &candidates(&head[..lines]), named, expected);
    }
    if best.is_none() && (named || expected.is_some()) {
        let delimiter = match ext {
            _ if told.is_some() => told?,
            "tsv" | "tab" => b'\t',
            "psv" => b'|',
            _ if expected.is_some() && !named => b'|',
            _ => b',',
        };
        return Some((dialect(delimiter, Some(b'"'), true, None), false));
    }
    best
}

/// The dialect that fits best.
fn choose(head: &[u8], whole: bool, delimiters: &[u8], named: bool, expected: Option<usize>) -> Option<(Dialect, bool)> {
    let mut best: Option<(f64, (Dialect, bool))> = None;
    for &delimiter in delimiters {
        let plain = dialect(delimiter, Some(b'"'), true, None);
        let mut dialects = vec![(plain, false)];
        if (named || expected.is_some()) && memchr::memmem::find(head, &[delimiter, b' ', b'"']).is_some() {
            dialects.insert(0, (plain, true));
        }
        if backslash_escapes(head, delimiter) {
            let quoted = head.first() == Some(&b'"') || memchr::memmem::find(head, &[delimiter, b'"']).is_some();
            dialects.insert(0, (dialect(delimiter, quoted.then_some(b'"'), false, Some(b'\\')), false));
        }
        for (d, padded) in dialects {
            let Records { rows, loose, trouble, .. } = records(head, whole, (&d, padded), RECORDS);
            if padded && (trouble || !loose) {
                continue;
            }
            let rows = if named { &rows[leads(&rows)[0]..] } else { &rows };
            let (columns, share) = shape(rows);
            if columns < 2 || !plausible(rows, columns, share, delimiter, named, expected) {
                continue;
            }
            let fits = expected == Some(columns);
            // More columns at equal consistency; a delimiter inside values gives fewer and less even counts.
            let score = share + columns.min(50) as f64 / 1000.0 + if fits { 2.0 } else { 0.0 };
            if best.as_ref().is_none_or(|(s, _)| score > *s) {
                best = Some((score, (d, padded)));
            }
        }
    }
    best.map(|b| b.1)
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
        let people = (0..12).fold("name,email,id\n".to_owned(), |all, i| all + &format!("Ann,a{i}@x.com,{i}\n"));
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
            ("email,ssn,sales2024\na@x.com,536-22-8291,7\nb@x.com,536-22-8292,8\n", "csv", Some((b',', false, true))),
            ("id,email,2023,2024,id,,\n1,a@x.com,7,8,1,,\n2,b@x.com,9,3,2,,\n", "csv", Some((b',', false, true))),
            // Files put together, each with its own header.
            (&(people.clone() + &people), "csv", Some((b',', false, true))),
            ("Ann Lee,Elm Street,AB123456\nBob Ray,Oak Street,CD345678\n", "csv", Some((b',', false, false))),
            ("Acme Company,Elm Street,AB123456\nB Company,Oak Road,CD345678\n", "csv", Some((b',', false, false))),
            ("Jane Price,536-22-8291,State Street,unlisted\nA,536-22-8292,B,7\nC,536-22-8293,D,8\n", "csv", Some((b',', false, false))),
            ("order,user,anonymous,219-09-9001\norder,user,5,219-09-9002\norder,user,6,219-09-9003\n", "csv", Some((b',', false, false))),
            ("order,user,private,KUNDE 4711 Q\norder,user,5,KUNDE 4712 R\norder,user,6,KUNDE 4713 S\n", "csv", Some((b',', false, false))),
            (
                "Price,Jane,5500 0000 0000 0004,call user\n7,A,5500 0000 0000 0005,8\n8,B,5500 0000 0000 0006,9\n",
                "csv",
                Some((b',', false, false)),
            ),
            ("Ann State,555-22-1234,a code\nBob,555-22-1235,b\n", "csv", Some((b',', false, false))),
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
