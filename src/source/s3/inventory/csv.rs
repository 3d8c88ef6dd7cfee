//! Files of an inventory in gzipped CSV: no header, every field quoted, keys encoded as in a URL.

use std::borrow::Cow;
use std::io::{BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use super::super::listing::decode;
use super::Row;
use crate::base::{Error, Reason, Result, Timestamp};

/// Longer lines are none: a key has at most 1,024 bytes, three times as many when encoded.
const LONGEST_LINE: u64 = 64 << 10;

/// Calls `each` with the records of a gzipped CSV file, every field quoted, a quote inside doubled.
pub(super) fn rows(input: &mut dyn BufRead, columns: &[String], each: &mut dyn FnMut(&Row<'_>) -> Result<()>) -> Result<()> {
    let corrupt = || Error::new(Reason::Corrupt, "a file of the inventory is not the gzipped CSV it should be");
    let at = |name: &str| columns.iter().position(|c| c == name);
    let names = [
        "Bucket",
        "Key",
        "Size",
        "VersionId",
        "IsLatest",
        "IsDeleteMarker",
        "LastModifiedDate",
        "ETag",
        "StorageClass",
        "IntelligentTieringAccessTier",
    ];
    let places = names.map(at);
    let mut lines = BufReader::new(MultiGzDecoder::new(input));
    let mut line = Vec::new();
    loop {
        line.clear();
        (&mut lines).take(LONGEST_LINE).read_until(b'\n', &mut line).map_err(|_| corrupt())?;
        if line.is_empty() {
            return Ok(());
        }
        let text = std::str::from_utf8(line.trim_ascii_end()).map_err(|_| corrupt())?;
        if text.is_empty() {
            continue;
        }
        let fields = fields(text).filter(|f| f.len() == columns.len()).ok_or_else(corrupt)?;
        let [bucket, key, size, version, latest, deleted, modified, tag, class, tier] =
            places.map(|p| p.map(|i| fields[i].as_ref()).filter(|v| !v.is_empty()));
        each(&Row {
            bucket: bucket.unwrap_or(""),
            key: decode(key.unwrap_or(""))?.into(),
            size: size.and_then(|s| s.parse().ok()).unwrap_or(0),
            version,
            old: latest.is_some_and(|l| l.eq_ignore_ascii_case("false")),
            deleted: deleted.is_some_and(|d| d.eq_ignore_ascii_case("true")),
            modified: modified.and_then(Timestamp::parse),
            tag,
            class,
            tier,
        })?;
    }
}

/// The fields of a line; `None` where the quotes do not fit.
pub(super) fn fields(line: &str) -> Option<Vec<Cow<'_, str>>> {
    let (mut out, mut rest) = (Vec::new(), line);
    loop {
        if let Some(quoted) = rest.strip_prefix('"') {
            let mut end = 0;
            loop {
                end += quoted[end..].find('"')?;
                if !quoted[end + 1..].starts_with('"') {
                    break;
                }
                end += 2;
            }
            let value = &quoted[..end];
            out.push(if value.contains('"') { value.replace("\"\"", "\"").into() } else { value.into() });
            rest = &quoted[end + 1..];
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            out.push(rest[..end].into());
            rest = &rest[end..];
        }
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None => return rest.is_empty().then_some(out),
        }
    }
}
