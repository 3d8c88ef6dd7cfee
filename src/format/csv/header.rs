//! Whether the first record of a table names the columns.

use std::collections::HashSet;

use super::sniff::Record;
use crate::base::Hint;

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
    let letters = letters(v);
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

/// Words that stand beside those in the name of a column.
const BESIDE: &[&str] = &[
    "of",
    "no",
    "nr",
    "num",
    "the",
    "full",
    "primary",
    "main",
    "home",
    "work",
    "business",
    "office",
    "mobile",
    "cell",
    "tel",
    "fax",
    "telephone",
    "contact",
    "employee",
    "patient",
    "client",
    "member",
    "person",
    "applicant",
    "recipient",
    "sender",
    "shipping",
    "billing",
    "mailing",
    "bank",
    "credit",
    "tax",
    "social",
    "security",
    "passport",
    "license",
    "licence",
    "driver",
    "medical",
    "record",
    "given",
    "family",
    "surname",
    "middle",
    "maiden",
    "e",
];

/// Whether the name of the only column is none of a person: all of its words are known, or it is written as programs write names.
fn is_plainly_a_name(v: &[u8]) -> bool {
    let all = words(v).iter().all(|w| is_known(w) || BESIDE.contains(&w.as_str()));
    let small = v.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'_');
    all || small || v.contains(&b'_') || v.len() <= 4 && v.iter().all(u8::is_ascii_uppercase)
}

fn has_word(v: &[u8]) -> bool {
    words(v).iter().any(|w| is_known(w))
}

fn is_known(w: &str) -> bool {
    WORDS.contains(&w) || w.strip_suffix('s').is_some_and(|w| WORDS.contains(&w))
}

/// The words of a name, in lower case.
fn words(v: &[u8]) -> Vec<String> {
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
    words.retain(|w| !w.is_empty());
    words
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

/// The most frequent number of fields and its share of the records.
pub(super) fn shape(rows: &[Record<'_>]) -> (usize, f64) {
    let mut counts = std::collections::BTreeMap::new();
    for r in rows {
        *counts.entry(r.len()).or_insert(0usize) += 1;
    }
    let (columns, n) = counts.into_iter().max_by_key(|(c, n)| (*n, *c)).unwrap_or((0, 0));
    (columns, n as f64 / rows.len().max(1) as f64)
}

/// Rows that may stand before a table.
pub(super) const MOST_LEAD: usize = 20;

/// How many rows may stand before the table: a title, comments. Those that fill fewer columns than there are behind them; the first number
/// counts those that fill but half of them.
pub(in crate::format) fn leads(rows: &[Record<'_>]) -> [usize; 2] {
    let columns = shape(rows).0;
    let least = |filled: usize| {
        let title = |r: &&Record<'_>| r[0].starts_with(b"#") || r.iter().filter(|f| !f.trim_ascii().is_empty()).count() < filled;
        let n = rows.iter().take_while(title).count();
        if columns > 1 && n <= MOST_LEAD && n < rows.len() { n } else { 0 }
    };
    match least(columns / 2 + 1) {
        0 => [0, 0],
        n => [n, least(columns)],
    }
}

/// Which record names the columns: the first, or the first behind a title and comments.
pub(super) fn header_row(rows: &[Record<'_>], named: bool, hint: &Hint) -> Option<usize> {
    let leads = leads(rows);
    let behind = leads.into_iter().find(|n| *n > 0 && header_behind_title(&rows[*n..], named, hint));
    // A title is none, a row of names like `#id` or one without the name of an index may be.
    let whole = leads[0] == 0 || rows[0].len() == shape(rows).0;
    behind.or_else(|| (whole && header(rows, named, hint)).then_some(0))
}

/// Whether the first of these records names the columns, though others stand before it.
pub(in crate::format) fn header_behind_title(rows: &[Record<'_>], named: bool, hint: &Hint) -> bool {
    let words = |first: &Record<'_>| first.iter().filter(|name| has_word(name)).count() * 2;
    rows.first().is_some_and(|first| words(first) >= first.iter().filter(|n| !n.trim_ascii().is_empty()).count().max(1))
        && header(rows, named, hint)
}

/// Whether the first record names the columns.
///
/// PRIVACY: a name is shown and stored. A record of data taken for one would be too, so doubt means no.
pub(in crate::format) fn header(rows: &[Record<'_>], named: bool, hint: &Hint) -> bool {
    let Some(first) = rows.first() else { return false };
    if let Some(columns) = &hint.columns {
        return columns.len() == first.len() && columns.iter().zip(first).all(|(c, f)| c.as_bytes().eq_ignore_ascii_case(f.trim_ascii()));
    }
    let names: Vec<&[u8]> = first.iter().map(|f| f.trim_ascii()).collect();
    let given = || names.iter().filter(|n| !n.is_empty());
    if given().next().is_none() || given().any(|n| n.iter().any(|b| matches!(b, b'@' | b'"' | b'\n' | b'{'))) {
        return false;
    }
    if given().count() == 1 && !given().all(|n| is_plainly_a_name(n)) {
        return false;
    }
    // Files put together, each with its header: their headers are no values.
    let mut data: Vec<&Record<'_>> = rows[1..].iter().filter(|r| *r != first).collect();
    let mut again = rows.len() - 1 - data.len();
    if data.is_empty() {
        (data, again) = (rows[1..].iter().collect(), 0);
    }
    // Columns whose values are nearly all of another look than their name.
    let numbered = are_numbered(&names);
    let (mut differ, mut surely, mut apart) = (0, 0, 0);
    for (i, name) in names.iter().enumerate().filter(|n| !n.1.is_empty()) {
        let looks: Vec<Look> = data.iter().filter_map(|r| r.get(i)).map(|v| look(v)).filter(|l| *l != Look::Empty).collect();
        let nearly_all = |of: &[Look]| !looks.is_empty() && looks.iter().filter(|l| of.contains(l)).count() * 10 >= looks.len() * 9;
        if nearly_all(&[Look::Number, Look::Mail, Look::Mixed]) && (numbered || look(name) == Look::Word) {
            differ += 1;
            surely += usize::from(looks.len() >= MANY_ROWS && !is_filler(name));
        }
        apart += usize::from(has_word(name) && look(name) == Look::Word && nearly_all(&[Look::Number, Look::Mail]));
    }
    let words = given().filter(|n| has_word(n)).count();
    // A year alone may be a name among others; a number with as many digits as an identifier is none.
    let is_year = |n: &[u8]| n.len() == 4 && (n.starts_with(b"19") || n.starts_with(b"20"));
    let odd = |n: &&&[u8]| {
        let digits = n.iter().filter(|b| b.is_ascii_digit()).count();
        digits > 5 || digits > 0 && letters(n) == 0 && !is_year(n)
    };
    // Most names are plainly names: what the others look like, and where they stand again, says nothing. For a record that comes again
    // more must speak: it may be one of data.
    let plain = words > 1 && words * 2 >= given().count() && apart > usize::from(again > 0) && !given().any(|n| odd(&n));
    // The thousandth of `c0`, `c1`, … has as many digits as a number of somebody's.
    let is_next = |i: usize| i > 0 && is_written(names[i]) && are_numbered(&names[i - 1..=i]);
    let named_so = || names.iter().enumerate().all(|(i, n)| n.is_empty() || is_identifier(n) || is_next(i));
    if !plain && (names.len() - given().count() > 1 || !named_so() || !are_apart(&names)) {
        return false;
    }
    let repeats = |(i, n): (usize, &&[u8])| !n.is_empty() && data.iter().any(|r| r.get(i).is_some_and(|v| v.trim_ascii() == *n));
    let repeats = names.iter().enumerate().filter(|name| repeats(*name)).count();
    // A value may be its column's name by chance: there is a town `Ciudad`.
    if !plain && (again > 0 && surely < SURE || repeats > 1 || repeats == 1 && surely < SURE) {
        return false;
    }
    let words = given().filter(|n| has_word(n) || n.contains(&b'_')).count();
    differ > 0 || words * 2 >= names.len() || (named && words > 0)
}

fn letters(v: &[u8]) -> usize {
    v.iter().filter(|b| b.is_ascii_alphabetic() || **b >= 0x80).count()
}

/// Whether it could be a name of a column by how it is written.
fn is_identifier(v: &[u8]) -> bool {
    is_written(v) && v.iter().filter(|b| b.is_ascii_digit()).count() < 4
}

/// The same, however many digits are in it.
fn is_written(v: &[u8]) -> bool {
    v.len() <= 64 && v.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_' || *b >= 0x80 || *b == b'#')
}

/// Whether no name but an empty one stands there twice.
fn are_apart(names: &[&[u8]]) -> bool {
    let mut known = HashSet::with_capacity(names.len());
    names.iter().all(|n| n.is_empty() || known.insert(*n))
}
