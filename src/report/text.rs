//! Numbers, sizes and tables for people.

use std::borrow::Cow;
use std::fmt::Write;

/// A number with thousands separated: `12,345`.
///
/// ```
/// assert_eq!(piimap::report::count(1234567), "1,234,567");
/// ```
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (i, d) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(d);
    }
    out
}

/// A size in decimal units, three significant digits: `1.25 MB`.
///
/// ```
/// assert_eq!(piimap::report::bytes(1_253_000), "1.25 MB");
/// ```
pub fn bytes(n: u64) -> String {
    let mut value = n as f64;
    for unit in ["B", "kB", "MB", "GB", "TB"] {
        if value < 999.5 {
            let decimals = if unit == "B" || value >= 99.95 {
                0
            } else if value >= 9.995 {
                1
            } else {
                2
            };
            return format!("{value:.decimals$} {unit}");
        }
        value /= 1000.0;
    }
    format!("{value:.2} PB")
}

/// A number with its noun: `1 object`, `12 objects`.
pub fn plural(n: u64, noun: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{} {noun}{s}", count(n))
}

/// Ranges as people count them: `3, 17-19`; half-open inside. At most `most`, then how many more.
pub(super) fn ranges(ranges: &[(u64, u64)], most: usize) -> String {
    let mut out = String::new();
    for (i, (start, end)) in ranges.iter().take(most).enumerate() {
        let sep = if i > 0 { ", " } else { "" };
        let _ = if end - start <= 1 { write!(out, "{sep}{start}") } else { write!(out, "{sep}{start}-{}", end - 1) };
    }
    if ranges.len() > most {
        let _ = write!(out, " and {} more", count((ranges.len() - most) as u64));
    }
    out
}

/// A name for people: what a terminal would obey, what breaks a line and what turns the direction of text is written `\xNN` or
/// `\u{NNNN}`. Whoever names a file must not write lines of the answer.
pub fn seen(name: &str) -> Cow<'_, str> {
    let turns = |c: char| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_unseen = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') || turns(c);
    if !name.contains(is_unseen) {
        return Cow::Borrowed(name);
    }
    let mut out = String::with_capacity(name.len() + 8);
    for c in name.chars() {
        let _ = match c {
            c if !is_unseen(c) => write!(out, "{c}"),
            c if c.is_ascii() => write!(out, "\\x{:02X}", u32::from(c)),
            c => write!(out, "\\u{{{:04X}}}", u32::from(c)),
        };
    }
    Cow::Owned(out)
}

/// A table: columns as wide as their widest cell, two spaces between them, numbers (cells of a column named in `right`)
/// on the right. The last column is not padded.
pub(super) fn table(rows: &[Vec<String>], right: &[usize], indent: &str) -> String {
    let rows: Vec<Vec<Cow<'_, str>>> = rows.iter().map(|r| r.iter().map(|cell| seen(cell)).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |c: usize| rows.iter().filter_map(|r| r.get(c)).map(|s| s.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = String::new();
    for row in rows {
        let mut line = indent.to_owned();
        for (c, cell) in row.iter().enumerate() {
            let pad = " ".repeat(widths[c] - cell.chars().count());
            let gap = if c + 1 < row.len() { "  " } else { "" };
            if right.contains(&c) {
                line.push_str(&format!("{pad}{cell}{gap}"));
            } else {
                line.push_str(&format!("{cell}{pad}{gap}"));
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// A paragraph behind `head`, broken at blanks to 80 columns; the lines that follow stand under its beginning.
pub(super) fn wrap(head: &str, text: &str) -> String {
    let indent = head.chars().count();
    let mut out = head.to_owned();
    let mut at = indent;
    for (i, word) in seen(text).split(' ').enumerate() {
        let width = word.chars().count();
        if i > 0 && at + 1 + width > 80 {
            out.push('\n');
            out += &" ".repeat(indent);
            at = indent;
        } else if i > 0 {
            out.push(' ');
            at += 1;
        }
        out += word;
        at += width;
    }
    out.push('\n');
    out
}

/// A long name cut in the middle to `width` characters.
pub(super) fn shorten(name: &str, width: usize) -> String {
    let name = seen(name);
    let n = name.chars().count();
    if n <= width {
        return name.into_owned();
    }
    let (head, tail) = ((width - 1) / 2, width - 1 - (width - 1) / 2);
    let start: String = name.chars().take(head).collect();
    let end: String = name.chars().skip(n - tail).collect();
    format!("{start}…{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_three_digits() {
        for (n, want) in
            [(0, "0 B"), (999, "999 B"), (1000, "1.00 kB"), (99_999, "100 kB"), (12_345_678, "12.3 MB"), (u64::MAX, "18446.74 PB")]
        {
            assert_eq!(bytes(n), want);
        }
    }

    #[test]
    fn ranges_are_inclusive_for_people() {
        assert_eq!(ranges(&[(3, 4), (17, 20)], 5), "3, 17-19");
        assert_eq!(ranges(&[(1, 2), (3, 4), (5, 6)], 2), "1, 3 and 1 more");
    }

    #[test]
    fn paragraphs_are_broken_at_blanks() {
        let text = wrap("  but  ", &"word ".repeat(40));
        assert!(text.lines().count() == 3 && text.lines().all(|l| l.chars().count() <= 80), "{text}");
        assert!(text.lines().skip(1).all(|l| l.starts_with("       word")), "{text}");
        assert_eq!(wrap("- ", "one"), "- one\n");
    }

    #[test]
    fn names_command_no_terminal() {
        for (name, want) in [
            ("tab\tand\u{1b}[31mred.csv", "tab\\x09and\\x1B[31mred.csv"),
            ("new\nline/a\r.csv", "new\\x0Aline/a\\x0D.csv"),
            ("a\u{202e}vsc.exe \u{9b}2J", "a\\u{202E}vsc.exe \\u{009B}2J"),
            ("Größe 日本.csv", "Größe 日本.csv"),
        ] {
            assert_eq!(seen(name), want);
            assert_eq!(shorten(name, 80), want);
            assert_eq!(table(&[vec![name.to_owned()]], &[], ""), format!("{want}\n"));
            assert_eq!(wrap("in ", name), format!("in {want}\n"));
        }
    }

    #[test]
    fn long_names_keep_their_ends() {
        assert_eq!(shorten("s3://bucket/a/very/long/key.csv", 15), "s3://bu…key.csv");
        assert_eq!(shorten("short", 15), "short");
    }
}
