//! Columns whose values stand in the path: `…/state=CA/email=jane%40example.com/part-0.parquet`.
//!
//! Hive, Spark, Redshift's `PARTITION BY` and Glue write them; the files themselves mostly lack these columns.

/// What stands for null.
pub(in crate::source) const NULL: &str = "__HIVE_DEFAULT_PARTITION__";
/// More than any writer makes.
const MOST: usize = 32;

/// Names and decoded values of the folders `name=value` in a path; the file itself is none.
pub(in crate::source) fn of(path: &str) -> Vec<(String, String)> {
    let Some((folders, _)) = path.rsplit_once('/') else { return Vec::new() };
    let mut out: Vec<(String, String)> = Vec::new();
    for segment in folders.split('/') {
        let Some((name, value)) = segment.split_once('=') else { continue };
        let name = decoded(name);
        let plain = name.chars().all(|c| c.is_alphanumeric() || "_-. ".contains(c)) && !name.is_empty() && name.len() <= 128;
        if plain && value != NULL && !value.is_empty() && out.len() < MOST && out.iter().all(|(n, _)| *n != name) {
            out.push((name, decoded(value)));
        }
    }
    out
}

/// Undoes `%XX`; what does not give UTF-8 stays as it is written.
fn decoded(s: &str) -> String {
    if !s.contains('%') {
        return s.to_owned();
    }
    let mut out = Vec::with_capacity(s.len());
    let mut rest = s.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).and_then(|h| std::str::from_utf8(h).ok()).and_then(|h| u8::from_str_radix(h, 16).ok());
        match (first, hex) {
            (b'%', Some(b)) => {
                out.push(b);
                rest = &tail[2..];
            }
            _ => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| s.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_that_are_columns() {
        let pairs = |p: &str| of(p).into_iter().map(|(n, v)| format!("{n}:{v}")).collect::<Vec<_>>().join(" ");
        for (path, want) in [
            ("t/state=CA/email=jane%40example.com/0000_part_00", "state:CA email:jane@example.com"),
            ("t/day=2026-01-01/x.parquet", "day:2026-01-01"),
            ("t/a=__HIVE_DEFAULT_PARTITION__/x", ""),
            ("t/a=/x", ""),
            ("t/=b/x", ""),
            ("t/x?y=b/x", ""),
            ("a=b", ""),
            ("a=1/a=2/x", "a:1"),
            ("a=%FF/x", "a:%FF"),
            ("a=100%/x", "a:100%"),
            ("a=b=c/x", "a:b=c"),
            ("", ""),
        ] {
            assert_eq!(pairs(path), want, "{path}");
        }
    }
}
