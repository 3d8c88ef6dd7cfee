//! The dataset of an object that belongs to no known export: its path, with what numbers parts and days left out.

/// Codecs whose suffix says nothing about the table.
const CODECS: &[&str] = &["gz", "gzip", "bz2", "zst", "zstd", "xz", "lz4", "lzma", "snappy", "sz", "br", "z", "deflate", "lzo"];

/// Words that a part's number directly follows.
const PART_WORDS: &[&str] = &["part", "slice", "shard", "chunk", "split", "batch"];

/// The name of the dataset for a path relative to the source (segments joined by `/`).
///
/// Dates, part numbers, UUIDs, hexadecimal and random ids become `*`, and so do the values of `name=value` folders;
/// suffixes of compression go. `logs/app-2026-11-01.log.gz` is part of `logs/app-*.log`.
pub fn dataset(path: &str) -> String {
    let (folders, file) = path.rsplit_once('/').map_or((None, path), |(a, b)| (Some(a), b));
    let mut out = String::new();
    for segment in folders.into_iter().flat_map(|f| f.split('/')) {
        out.push_str(&self::segment(segment));
        out.push('/');
    }
    out + &segment_of_file(file)
}

/// One folder's name.
pub(super) fn segment(s: &str) -> String {
    match s.split_once('=') {
        Some((k, _)) if !k.is_empty() && k.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') => format!("{k}=*"),
        _ => collapse(s),
    }
}

fn segment_of_file(name: &str) -> String {
    let mut parts: Vec<&str> = name.split('.').collect();
    // `part-0.gz.parquet`: the codec may stand inside. The first part is the name itself.
    let mut at = 0;
    parts.retain(|p| {
        at += 1;
        at == 1 || !CODECS.iter().any(|c| c.eq_ignore_ascii_case(p))
    });
    // `app.log.1`: a rotated log is the log.
    if parts.len() > 2 && parts.last().is_some_and(|p| (1..4).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit())) {
        parts.pop();
    }
    collapse(&parts.join("."))
}

/// A piece of a name: letters and digits, or what stands between them.
struct Token<'a> {
    text: &'a str,
    is_word: bool,
}

fn tokens(s: &str) -> Vec<Token<'_>> {
    let is_word = |c: char| c.is_alphanumeric();
    let mut out = Vec::new();
    let mut rest = s;
    while let Some(first) = rest.chars().next() {
        let kind = is_word(first);
        let end = rest.find(|c| is_word(c) != kind).unwrap_or(rest.len());
        out.push(Token { text: &rest[..end], is_word: kind });
        rest = &rest[end..];
    }
    out
}

fn collapse(s: &str) -> String {
    let tokens = tokens(s);
    let mut out = String::with_capacity(s.len());
    // Whether the last word was variable as a whole, and where in `out` it ended.
    let mut star_end = None;
    let mut i = 0;
    while i < tokens.len() {
        let t = &tokens[i];
        if !t.is_word {
            out.push_str(t.text);
            i += 1;
            continue;
        }
        let used = uuid(&tokens[i..]).unwrap_or(1);
        let before = i.checked_sub(2).map_or("", |p| tokens[p].text);
        let separator = i.checked_sub(1).map_or("", |p| tokens[p].text);
        let word = if used > 1 { "*".into() } else { variable(t.text, before, separator, star_end.is_some()) };
        if word == "*" {
            // `*-*` is one `*`.
            if let Some(end) = star_end {
                out.truncate(end);
            } else {
                out.push('*');
            }
            star_end = Some(out.len());
        } else {
            out.push_str(&word);
            star_end = None;
        }
        i += used;
    }
    out
}

/// The tokens of a UUID at the start, five groups and four dashes.
fn uuid(t: &[Token]) -> Option<usize> {
    let is = |i: usize, len: usize| t.get(i).is_some_and(|t| t.text.len() == len && t.text.bytes().all(|b| b.is_ascii_hexdigit()));
    let dash = |i: usize| t.get(i).is_some_and(|t| t.text == "-");
    let groups = [8, 4, 4, 4, 12];
    let all = groups.iter().enumerate().all(|(n, len)| is(2 * n, *len) && (n == 4 || dash(2 * n + 1)));
    all.then_some(9)
}

/// A word with its variable part as `*`; the whole word is `*` if nothing else is in it.
fn variable(word: &str, before: &str, separator: &str, after_star: bool) -> String {
    let b = word.as_bytes();
    let digits = b.iter().filter(|c| c.is_ascii_digit()).count();
    if digits == 0 {
        return word.to_owned();
    }
    let letters = b.iter().filter(|c| c.is_ascii_alphabetic()).count();
    if digits == b.len() {
        // `us-east-1` names a place, `v1.2` a version.
        let region = b.len() == 1
            && separator == "-"
            && ["north", "south", "east", "west", "central", "northeast", "northwest", "southeast", "southwest"].contains(&before);
        let version = separator == "." && before.strip_prefix(['v', 'V']).is_some_and(|n| n.bytes().all(|c| c.is_ascii_digit()));
        return if b.len() < 4 && (region || version) { word.to_owned() } else { "*".to_owned() };
    }
    if digits + letters == b.len() {
        let hex = b.len() >= 8 && digits >= 2 && b.iter().all(u8::is_ascii_hexdigit);
        let random = b.len() >= 16 && digits >= 2;
        // `20261103T2215Z`, and `01T00`, `00Z` behind the rest of a date.
        let time = (digits >= 8 || after_star) && b[0].is_ascii_digit() && b.iter().all(|c| c.is_ascii_digit() || b"TZ".contains(c));
        // `-c000`, at the end of what Spark writes.
        let spark = after_star && b.len() == 4 && b[0] == b'c' && digits == 3;
        let start = word.trim_end_matches(|c: char| c.is_ascii_digit());
        if hex || random || time || spark {
            return "*".to_owned();
        }
        if PART_WORDS.iter().any(|w| w.eq_ignore_ascii_case(start)) {
            return format!("{start}*");
        }
    }
    // Long runs inside a word are years and numbers; short ones belong to the name.
    let mut out = String::new();
    let mut rest = word;
    while !rest.is_empty() {
        let is_digit = rest.as_bytes()[0].is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != is_digit).unwrap_or(rest.len());
        out.push_str(if is_digit && end >= 4 { "*" } else { &rest[..end] });
        rest = &rest[end..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (path, name) in [
            ("crm/customers.csv", "crm/customers.csv"),
            ("crm/customers.csv.gz", "crm/customers.csv"),
            ("logs/app-2026-11-01.log.gz", "logs/app-*.log"),
            ("logs/app-2026-11-02.log", "logs/app-*.log"),
            ("logs/app.log.1", "logs/app.log"),
            ("logs/app.log.12.gz", "logs/app.log"),
            ("orders/2026/11/orders-0009.jsonl.gz", "orders/*/*/orders-*.jsonl"),
            ("support/notes-17.txt", "support/notes-*.txt"),
            ("q3report.csv", "q3report.csv"),
            ("v2/users.csv", "v2/users.csv"),
            ("api-v1.2/users.csv", "api-v1.2/users.csv"),
            ("report2026.csv", "report*.csv"),
            ("part00001.parquet", "part*.parquet"),
            ("part1.csv", "part*.csv"),
            ("t/part-00000-0b54c3f6-9a55-4d1c-8f0e-d0a1b2c3d4e5-c000.gz.parquet", "t/part-*.parquet"),
            ("t/part-00000-0b54c3f6-9a55-4d1c-8f0e-d0a1b2c3d4e5-c000.snappy.parquet", "t/part-*.parquet"),
            ("t/state=CA/day=2026-01-01/x.parquet", "t/state=*/day=*/x.parquet"),
            ("a/2026-11-03T22:15:00Z.json", "a/*.json"),
            ("a/ACCT_20261103T2215Z_x.json", "a/ACCT_*_x.json"),
            ("a/1a2b3c4d/f.txt", "a/*/f.txt"),
            ("a/facade/decade.txt", "a/facade/decade.txt"),
            ("a/k7xq2mzn5rw3yv4tb6hjd8cf9a.json.gz", "a/*.json"),
            ("eu-west-1/x", "eu-west-1/x"),
            ("gz", "gz"),
            ("x.gz", "x"),
            (".gz", ""),
            ("", ""),
            ("ünï/Ärzte2026.csv", "ünï/Ärzte*.csv"),
            ("-", "-"),
        ] {
            assert_eq!(dataset(path), name, "{path}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_name_is_taken_and_naming_is_settled(path in "[a-z0-9/._=Tü -]{0,40}") {
            let once = dataset(&path);
            proptest::prop_assert!(once.len() <= path.len() + path.matches('=').count());
            proptest::prop_assert_eq!(once.matches('/').count(), path.matches('/').count());
        }
    }
}
