//! How the files of a table are written, by its SerDe: what the readers cannot see in the bytes.
//!
//! Only delimited text needs telling: everything else says itself what it is, and the names of its columns. Text of other
//! SerDes is left to the readers: delimiters of several bytes (MultiDelimitSerDe) are beyond the CSV reader, so that the text
//! is looked at as any other; lines by a pattern (RegexSerDe, GrokSerDe) are logs or text, JSON and XML are recognised.

use std::collections::HashMap;

use crate::base::Dialect;

/// What the catalogue says of the files of a table or a partition.
#[derive(Clone, Debug, Default)]
pub(super) struct Described {
    /// Class of the SerDe.
    pub library: String,
    /// Class of the input format.
    pub input: String,
    /// Parameters of the SerDe; they go before the others.
    pub serde: HashMap<String, String>,
    /// Parameters of the storage over those of the table.
    pub table: HashMap<String, String>,
}

/// Which table format it is, by its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lake {
    Iceberg,
    Delta,
    Hudi,
    /// A table of Spark, whose real format its parameters tell.
    Spark,
}

impl Described {
    fn get(&self, key: &str) -> Option<&str> {
        self.serde.get(key).or_else(|| self.table.get(key)).map(String::as_str)
    }

    fn says(&self, key: &str, value: &str) -> bool {
        self.get(key).is_some_and(|v| v.eq_ignore_ascii_case(value))
    }

    /// Whether it is no plain folder of files.
    pub fn lake(&self) -> Option<Lake> {
        let provider = self.get("spark.sql.sources.provider").unwrap_or("hive");
        let is = |name: &str| self.says("table_type", name) || self.says("classification", name) || provider.eq_ignore_ascii_case(name);
        match () {
            () if is("iceberg") => Some(Lake::Iceberg),
            () if is("delta") => Some(Lake::Delta),
            () if is("hudi") || self.input.starts_with("org.apache.hudi.") => Some(Lake::Hudi),
            () if !provider.eq_ignore_ascii_case("hive") => Some(Lake::Spark),
            () => None,
        }
    }

    /// Whether the location holds lists of files, not files.
    pub fn is_symlink(&self) -> bool {
        self.input.ends_with(".SymlinkTextInputFormat")
    }

    /// The dialect of delimited text whose columns are told apart by their position; `None` for everything else.
    ///
    /// More than one line of header cannot be skipped: those after the first are read as records, so that nothing in them is missed.
    pub fn dialect(&self) -> Option<Dialect> {
        // Lists name files of any kind: what these are the SerDe says.
        let text = self.input.is_empty() || self.input == "org.apache.hadoop.mapred.TextInputFormat" || self.is_symlink();
        if !text || self.lake().is_some() {
            return None;
        }
        let skipped = self.get("skip.header.line.count").and_then(|n| n.trim().parse::<u32>().ok()).unwrap_or(0);
        // Without a word about it a first record that repeats the names of the columns is still a header.
        let header = (skipped > 0).then_some(true);
        match self.library.rsplit('.').next().unwrap_or("") {
            "LazySimpleSerDe" => Some(Dialect {
                delimiter: self.lazy_delimiter()?,
                // It knows no quotes; crawlers say where the files have some all the same.
                quote: self.says("areColumnsQuoted", "true").then_some(b'"'),
                double_quote: self.says("areColumnsQuoted", "true"),
                escape: self.get("escape.delim").and_then(hive_byte),
                header,
            }),
            "OpenCSVSerde" => {
                let one = |key: &str, or: u8| self.get(key).map_or(Some(or), single);
                let (quote, escape) = (one("quoteChar", b'"')?, one("escapeChar", b'\\')?);
                Some(Dialect {
                    delimiter: one("separatorChar", b',')?,
                    quote: Some(quote),
                    double_quote: true,
                    escape: (escape != quote).then_some(escape),
                    header,
                })
            }
            "" if self.says("classification", "csv") => {
                let delimiter = self.get("delimiter").and_then(single)?;
                Some(Dialect { delimiter, quote: Some(b'"'), double_quote: true, escape: None, header })
            }
            _ => None,
        }
    }

    /// As Hive finds it: `field.delim`, else `serialization.format`, else \x01.
    fn lazy_delimiter(&self) -> Option<u8> {
        let named = ["field.delim", "serialization.format"].into_iter().find_map(|k| self.get(k).filter(|v| !v.is_empty()));
        let byte = named.map_or(Some(1), hive_byte)?;
        // Lines end at it before a field could.
        (byte != b'\n' && byte != b'\r').then_some(byte)
    }
}

/// A byte as Hive reads it: a decimal number is its code, of anything else the first character counts.
fn hive_byte(text: &str) -> Option<u8> {
    match text.parse::<i8>() {
        Ok(n) => Some(n as u8),
        Err(_) => escaped(text).or_else(|| text.chars().next().filter(char::is_ascii).map(|c| c as u8)),
    }
}

/// One byte, or an escape for one.
fn single(text: &str) -> Option<u8> {
    match text.as_bytes() {
        [b] if b.is_ascii() => Some(*b),
        _ => escaped(text),
    }
}

/// `\t`, `\001` and `\u0001`, as people and programs write them.
fn escaped(text: &str) -> Option<u8> {
    let rest = text.strip_prefix('\\')?;
    match rest {
        "t" => Some(b'\t'),
        "\\" => Some(b'\\'),
        _ => {
            let code = match rest.strip_prefix('u') {
                Some(hex) if hex.len() == 4 => u32::from_str_radix(hex, 16).ok()?,
                None if rest.len() == 3 => u32::from_str_radix(rest, 8).ok()?,
                _ => return None,
            };
            u8::try_from(code).ok().filter(u8::is_ascii)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "org.apache.hadoop.mapred.TextInputFormat";

    fn described(library: &str, input: &str, parameters: &[(&str, &str)]) -> Described {
        let serde = parameters.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Described { library: library.into(), input: input.into(), serde, table: HashMap::new() }
    }

    #[test]
    fn dialects_of_serdes() {
        let lazy = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe";
        let open = "org.apache.hadoop.hive.serde2.OpenCSVSerde";
        // SerDe, parameters, (delimiter, quote, escape, header)
        for (library, parameters, want) in [
            (lazy, &[][..], Some((1, None, None, None))),
            (lazy, &[("serialization.format", "1")], Some((1, None, None, None))),
            (lazy, &[("field.delim", ","), ("serialization.format", ",")], Some((b',', None, None, None))),
            (lazy, &[("field.delim", "\t"), ("skip.header.line.count", "1")], Some((b'\t', None, None, Some(true)))),
            (lazy, &[("field.delim", "\\t"), ("skip.header.line.count", "0")], Some((b'\t', None, None, None))),
            (lazy, &[("field.delim", "\\001")], Some((1, None, None, None))),
            (lazy, &[("field.delim", "\\u0002")], Some((2, None, None, None))),
            (lazy, &[("field.delim", "9")], Some((9, None, None, None))),
            (lazy, &[("field.delim", "||")], Some((b'|', None, None, None))),
            (lazy, &[("field.delim", "|"), ("escape.delim", "\\")], Some((b'|', None, Some(b'\\'), None))),
            (lazy, &[("field.delim", ","), ("areColumnsQuoted", "true")], Some((b',', Some(b'"'), None, None))),
            (lazy, &[("field.delim", "§")], None),
            (lazy, &[("field.delim", "\n")], None),
            (open, &[], Some((b',', Some(b'"'), Some(b'\\'), None))),
            (
                open,
                &[("separatorChar", ";"), ("quoteChar", "'"), ("escapeChar", "'"), ("skip.header.line.count", "2")],
                Some((b';', Some(b'\''), None, Some(true))),
            ),
            (open, &[("separatorChar", "||")], None),
            ("org.apache.hadoop.hive.serde2.MultiDelimitSerDe", &[("field.delim", "||")], None),
            ("org.openx.data.jsonserde.JsonSerDe", &[], None),
            ("", &[("classification", "csv"), ("delimiter", "|")], Some((b'|', Some(b'"'), None, None))),
            ("", &[], None),
            (lazy, &[("table_type", "ICEBERG")], None),
            (lazy, &[("spark.sql.sources.provider", "parquet")], None),
        ] {
            let got = described(library, TEXT, parameters).dialect().map(|d| (d.delimiter, d.quote, d.escape, d.header));
            assert_eq!(got, want, "{library} {parameters:?}");
        }
        assert!(described(lazy, "org.apache.hadoop.mapred.SequenceFileInputFormat", &[]).dialect().is_none());
    }

    #[test]
    fn table_formats_are_told_by_parameters() {
        for (input, parameters, want) in [
            ("", &[("table_type", "iceberg")][..], Some(Lake::Iceberg)),
            ("", &[("spark.sql.sources.provider", "delta")], Some(Lake::Delta)),
            ("", &[("classification", "delta")], Some(Lake::Delta)),
            ("org.apache.hudi.hadoop.HoodieParquetInputFormat", &[], Some(Lake::Hudi)),
            ("", &[("spark.sql.sources.provider", "json")], Some(Lake::Spark)),
            (TEXT, &[("classification", "csv"), ("spark.sql.sources.provider", "hive")], None),
        ] {
            assert_eq!(described("", input, parameters).lake(), want, "{input} {parameters:?}");
        }
        assert!(described("", "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat", &[]).is_symlink());
    }
}
