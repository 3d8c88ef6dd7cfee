//! An S3 Inventory in place of a listing: `manifest.json` and the CSV files that it names.
//!
//! Published daily or weekly, so that it is hours old: what has changed since fails its read as changed, and what is new
//! waits for the next. The check sums of the manifest decide whether a file is whole.

use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;

use flate2::bufread::MultiGzDecoder;
use md5::{Digest, Md5};
use serde_json::Value;

use super::super::versioned;
use super::listing::{Classes, class, decode};
use crate::base::{Error, Input, Object, Reason, Result, Timestamp};

/// Longer lines are none: a key has at most 1,024 bytes, three times as many when encoded.
const LONGEST_LINE: u64 = 64 << 10;
/// A manifest lists one file for each million objects or so.
const LARGEST_MANIFEST: usize = 64 << 20;

/// Opens a file of the inventory: the manifest, or by its key in the bucket that it was written to.
pub(super) trait Files {
    /// The manifest itself.
    fn manifest(&self) -> Result<Box<dyn Input>>;
    /// The check sum that is written last, beside the manifest; an error if it is not there.
    fn checksum(&self) -> Result<Box<dyn Input>>;
    /// A file that the manifest names.
    fn data(&self, key: &str) -> Result<Box<dyn Input>>;
}

struct Manifest {
    bucket: String,
    columns: Vec<String>,
    files: Vec<(String, Option<String>)>,
}

/// Gives the objects of `bucket` whose key starts with `prefix`, sorted; those in an archive class are noted.
pub(super) fn list(
    files: &dyn Files,
    bucket: &str,
    prefix: &str,
    all_versions: bool,
    classes: &mut Classes,
    each: &mut dyn FnMut(Object),
) -> Result<()> {
    let content = whole(files.manifest()?)?;
    let sum = files.checksum().and_then(whole).map_err(|e| {
        Error::new(e.reason, format!("manifest.checksum: {}; S3 writes it last, so without it the inventory is not finished", e.detail))
    })?;
    if !sum.trim_ascii().eq_ignore_ascii_case(hex(&Md5::digest(&content)).as_bytes()) {
        return Err(Error::new(Reason::Corrupt, "the inventory's manifest is not the one that its check sum was made of"));
    }
    let manifest = manifest(&content)?;
    if manifest.bucket != bucket {
        return Err(Error::new(Reason::NotFound, "the inventory is of another bucket than the source"));
    }
    let mut all = Vec::new();
    for (key, sum) in &manifest.files {
        let mut read = Hashed { input: files.data(key)?, left: bytes::Bytes::new(), md5: Md5::new(), failed: None };
        let found = rows(&mut BufReader::new(&mut read), &manifest.columns, &mut |row| {
            if let Some(object) = object(row, bucket, prefix, all_versions, classes)? {
                all.push(object);
            }
            Ok(())
        });
        let done = found.and_then(|()| read.finish());
        let digest = done.map_err(|e| read.failed.take().unwrap_or(e))?;
        if sum.as_ref().is_some_and(|s| !s.eq_ignore_ascii_case(&digest)) {
            return Err(Error::new(Reason::Corrupt, "a file of the inventory is not the one that its check sum was made of"));
        }
    }
    all.sort_unstable_by(|a, b| a.uri.cmp(&b.uri));
    all.dedup_by(|a, b| a.uri == b.uri);
    all.into_iter().for_each(each);
    Ok(())
}

fn manifest(content: &[u8]) -> Result<Manifest> {
    let corrupt = |what: &str| Error::new(Reason::Corrupt, format!("the inventory's manifest {what}"));
    let m: Value = serde_json::from_slice(content).map_err(|_| corrupt("is not the JSON it should be"))?;
    let format = m["fileFormat"].as_str().unwrap_or("");
    if format != "CSV" {
        let named = if ["ORC", "Parquet"].contains(&format) { format } else { "another format" };
        return Err(Error::new(Reason::UnsupportedFormat, format!("the inventory is in {named}; CSV inventories can be used")));
    }
    let columns: Vec<String> =
        m["fileSchema"].as_str().ok_or_else(|| corrupt("names no columns"))?.split(',').map(|c| c.trim().to_owned()).collect();
    if !["Bucket", "Key", "Size"].iter().all(|needed| columns.iter().any(|c| c == needed)) {
        return Err(corrupt("lacks one of the columns Bucket, Key and Size; configure the inventory with them"));
    }
    let files = m["files"].as_array().ok_or_else(|| corrupt("names no files"))?;
    let files: Option<Vec<_>> =
        files.iter().map(|f| Some((f["key"].as_str()?.to_owned(), f["MD5checksum"].as_str().map(str::to_owned)))).collect();
    Ok(Manifest {
        bucket: m["sourceBucket"].as_str().unwrap_or("").to_owned(),
        columns,
        files: files.ok_or_else(|| corrupt("has a file without a key"))?,
    })
}

/// A record, by column.
type Row<'a> = dyn Fn(&str) -> Option<&'a str> + 'a;

/// Calls `each` with the records of a gzipped CSV file, every field quoted, a quote inside doubled.
fn rows(input: &mut dyn BufRead, columns: &[String], each: &mut dyn FnMut(&Row<'_>) -> Result<()>) -> Result<()> {
    let corrupt = || Error::new(Reason::Corrupt, "a file of the inventory is not the gzipped CSV it should be");
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
        each(&|name| columns.iter().position(|c| c == name).map(|i| fields[i].as_ref()))?;
    }
}

/// The fields of a line; `None` where the quotes do not fit.
fn fields(line: &str) -> Option<Vec<std::borrow::Cow<'_, str>>> {
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

/// The object that a record tells of; `None` for delete markers, other prefixes, markers of folders, and old versions
/// unless they are asked for.
fn object(row: &Row<'_>, bucket: &str, prefix: &str, all_versions: bool, classes: &mut Classes) -> Result<Option<Object>> {
    let key = decode(row("Key").unwrap_or(""))?;
    let old = row("IsLatest").is_some_and(|l| l.eq_ignore_ascii_case("false"));
    let deleted = row("IsDeleteMarker").is_some_and(|d| d.eq_ignore_ascii_case("true"));
    let size: u64 = row("Size").unwrap_or("").parse().unwrap_or(0);
    if !key.starts_with(prefix) || deleted || (old && !all_versions) || (size == 0 && key.ends_with('/')) {
        return Ok(None);
    }
    let modified = row("LastModifiedDate").and_then(Timestamp::parse);
    let mut uri = format!("s3://{bucket}/{key}");
    let version = match (old, row("VersionId"), row("ETag")) {
        (true, id, _) => {
            let id = id.filter(|i| !i.is_empty()).unwrap_or("null");
            uri = versioned(&uri, id);
            id.to_owned()
        }
        (_, _, Some(tag)) if !tag.is_empty() => super::super::ranges::unquoted(tag).to_owned(),
        _ => super::fetch::Version::without_etag(modified, size),
    };
    let tier =
        row("IntelligentTieringAccessTier").filter(|t| ["ARCHIVE", "DEEP_ARCHIVE"].contains(t)).map(|_| "INTELLIGENT_TIERING, archived");
    if let Some(class) = row("StorageClass").and_then(class).or(tier) {
        classes.insert(uri.clone(), class);
    }
    Ok(Some(Object { uri, version, size, modified }))
}

fn whole(mut input: Box<dyn Input>) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    loop {
        let chunk = input.next_chunk()?;
        if chunk.is_empty() {
            return Ok(all);
        }
        all.extend_from_slice(&chunk);
        if all.len() > LARGEST_MANIFEST {
            return Err(Error::new(Reason::MemoryLimit, "the inventory's manifest is larger than 64 MiB"));
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// A stream as `Read`, with the check sum of what went through.
struct Hashed {
    input: Box<dyn Input>,
    left: bytes::Bytes,
    md5: Md5,
    failed: Option<Error>,
}

impl Hashed {
    /// Reads what is left, and gives the check sum of all.
    fn finish(&mut self) -> Result<String> {
        let mut rest = [0; 4096];
        loop {
            match self.read(&mut rest) {
                Ok(0) => return Ok(hex(&std::mem::take(&mut self.md5).finalize())),
                Ok(_) => {}
                Err(e) => return Err(self.failed.take().unwrap_or_else(|| e.into())),
            }
        }
    }
}

impl Read for Hashed {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        if self.left.is_empty() {
            self.left = self.input.next_chunk().map_err(|e| {
                self.failed = Some(e);
                std::io::Error::other("the input failed")
            })?;
        }
        let n = buf.len().min(self.left.len());
        let chunk = self.left.split_to(n);
        buf[..n].copy_from_slice(&chunk);
        self.md5.update(&chunk);
        Ok(n)
    }
}

/// An inventory's files behind sources: a bucket's, or a folder's.
pub(super) struct Behind {
    /// Gives the source and the object for a location.
    pub open: Arc<dyn Fn(&str) -> Result<Box<dyn Input>> + Send + Sync>,
    /// Where the manifest lies: `s3://bucket/key` or a path.
    pub manifest: String,
}

impl Files for Behind {
    fn manifest(&self) -> Result<Box<dyn Input>> {
        (self.open)(&self.manifest)
    }

    fn checksum(&self) -> Result<Box<dyn Input>> {
        let folder = self.manifest.rfind('/').map_or("", |at| &self.manifest[..=at]);
        (self.open)(&format!("{folder}manifest.checksum"))
    }

    /// In a bucket by its key; in a folder as a copy of the bucket's tree has it: `../data/NAME`, or beside the manifest.
    fn data(&self, key: &str) -> Result<Box<dyn Input>> {
        if let Some((bucket, _)) = self.manifest.strip_prefix("s3://").and_then(|r| r.split_once('/')) {
            return (self.open)(&format!("s3://{bucket}/{key}"));
        }
        let folder = self.manifest.rfind('/').map_or(".", |at| &self.manifest[..at]);
        let name = key.rsplit('/').next().unwrap_or(key);
        (self.open)(&format!("{folder}/../data/{name}")).or_else(|_| (self.open)(&format!("{folder}/{name}")))
    }
}

#[cfg(test)]
#[path = "inventory_tests.rs"]
mod tests;
