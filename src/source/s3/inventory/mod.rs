//! An S3 Inventory in place of a listing: `manifest.json` and the files that it names, in CSV, ORC or Parquet.
//!
//! Published daily or weekly, so that it is hours old: what has changed since fails its read as changed, and what is new
//! waits for the next; of what is younger than the inventory its absence says nothing. The check sums of the manifest decide
//! whether a file is whole.

mod columns;
mod csv;

use std::borrow::Cow;
use std::io::{BufReader, Read};
use std::sync::{Arc, Mutex};

use md5::{Digest, Md5};
use serde_json::Value;

use super::fetch::Version;
use super::listing::{Classes, class};
use crate::base::version::version_of_old;
use crate::base::{Error, Input, Object, Reason, Result, SpillLimits, Timestamp, random_access, whole};
use crate::source::ranges::unquoted;
use crate::source::versioned;

/// A manifest lists one file for each million objects or so.
const LARGEST_MANIFEST: u64 = 64 << 20;

/// Opens a file of the inventory: the manifest, or by its key in the bucket that it was written to.
trait Files {
    /// The manifest itself.
    fn manifest(&self) -> Result<Box<dyn Input>>;
    /// The check sum that is written last, beside the manifest; an error if it is not there.
    fn checksum(&self) -> Result<Box<dyn Input>>;
    /// A file that the manifest names.
    fn data(&self, key: &str) -> Result<Box<dyn Input>>;
}

/// How the files are written.
enum Form {
    /// With these columns.
    Csv(Vec<String>),
    Columns(columns::Kind),
}

struct Manifest {
    bucket: String,
    /// When S3 began to write it.
    created: Option<Timestamp>,
    form: Form,
    /// Keys, with their check sums.
    files: Vec<(String, Option<String>)>,
}

/// Gives the objects of `bucket` whose key starts with `prefix`, sorted; those in an archive class are noted. Returns the moment that
/// it speaks of.
fn list(
    files: &dyn Files,
    bucket: &str,
    prefix: &str,
    all_versions: bool,
    classes: &mut Classes,
    each: &mut dyn FnMut(Object),
) -> Result<Timestamp> {
    let content = held(files.manifest()?)?;
    let sum = files.checksum().and_then(held).map_err(|e| {
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
        let mut take = |row: &Row<'_>| {
            all.extend(object(row, bucket, prefix, all_versions, classes));
            Ok(())
        };
        let right = |digest: String| match sum.as_ref().is_none_or(|s| s.eq_ignore_ascii_case(&digest)) {
            true => Ok(()),
            false => Err(Error::new(Reason::Corrupt, "a file of the inventory is not the one that its check sum was made of")),
        };
        match &manifest.form {
            Form::Csv(columns) => {
                let found = csv::rows(&mut BufReader::new(&mut read), columns, &mut take);
                let done = found.and_then(|()| read.finish());
                right(done.map_err(|e| read.failed.take().unwrap_or(e))?)?;
            }
            Form::Columns(kind) => {
                // Read from its end, so that all of it lies here first.
                let data = random_access(&mut read, &SpillLimits::default())?;
                right(hex(&std::mem::take(&mut read.md5).finalize()))?;
                columns::rows(data, *kind, &mut take)?;
            }
        }
    }
    all.sort_unstable_by(|a, b| a.uri.cmp(&b.uri));
    all.dedup_by(|a, b| a.uri == b.uri);
    all.into_iter().for_each(each);
    // One that does not say when it was made may be of any age: everything is younger.
    Ok(manifest.created.unwrap_or(Timestamp(i64::MIN)))
}

fn manifest(content: &[u8]) -> Result<Manifest> {
    let corrupt = |what: &str| Error::new(Reason::Corrupt, format!("the inventory's manifest {what}"));
    let m: Value = serde_json::from_slice(content).map_err(|_| corrupt("is not the JSON it should be"))?;
    let form = match m["fileFormat"].as_str().unwrap_or("") {
        "ORC" => Form::Columns(columns::Kind::Orc),
        "Parquet" => Form::Columns(columns::Kind::Parquet),
        "CSV" => {
            let schema = m["fileSchema"].as_str().ok_or_else(|| corrupt("names no columns"))?;
            let columns: Vec<String> = schema.split(',').map(|c| c.trim().to_owned()).collect();
            if !["Bucket", "Key", "Size"].iter().all(|needed| columns.iter().any(|c| c == needed)) {
                return Err(corrupt("lacks one of the columns Bucket, Key and Size; configure the inventory with them"));
            }
            Form::Csv(columns)
        }
        _ => return Err(Error::new(Reason::UnsupportedFormat, "the inventory is neither in CSV nor in ORC or Parquet")),
    };
    let files = m["files"].as_array().ok_or_else(|| corrupt("names no files"))?;
    let files: Option<Vec<_>> =
        files.iter().map(|f| Some((f["key"].as_str()?.to_owned(), f["MD5checksum"].as_str().map(str::to_owned)))).collect();
    Ok(Manifest {
        bucket: m["sourceBucket"].as_str().unwrap_or("").to_owned(),
        created: created(&m["creationTimestamp"]),
        form,
        files: files.ok_or_else(|| corrupt("has a file without a key"))?,
    })
}

/// Milliseconds since 1970, as text.
fn created(field: &Value) -> Option<Timestamp> {
    field.as_str().and_then(|t| t.parse().ok()).or_else(|| field.as_i64()).map(Timestamp)
}

/// What a record tells; what it does not is as of a current object.
struct Row<'a> {
    bucket: &'a str,
    /// As it is, not encoded.
    key: Cow<'a, str>,
    size: u64,
    /// The id of the version.
    version: Option<&'a str>,
    /// Whether there is a newer one.
    old: bool,
    /// Whether it is the mark that the object was deleted.
    deleted: bool,
    modified: Option<Timestamp>,
    tag: Option<&'a str>,
    class: Option<&'a str>,
    /// Of Intelligent-Tiering.
    tier: Option<&'a str>,
}

/// The object that a record tells of; `None` for delete markers, other prefixes, markers of folders, and old versions
/// unless they are asked for.
fn object(row: &Row<'_>, bucket: &str, prefix: &str, all_versions: bool, classes: &mut Classes) -> Option<Object> {
    let key = row.key.as_ref();
    let elsewhere = row.bucket != bucket || !key.starts_with(prefix);
    if elsewhere || row.deleted || (row.old && !all_versions) || (row.size == 0 && key.ends_with('/')) {
        return None;
    }
    let (size, modified) = (row.size, row.modified);
    let mut uri = format!("s3://{bucket}/{key}");
    let version = match (row.old, row.tag) {
        (true, _) => {
            let id = row.version.unwrap_or("null");
            uri = versioned(&uri, id);
            let tag = row.tag.map_or_else(|| Version::without_etag(modified, size), |t| unquoted(t).to_owned());
            version_of_old(id, &tag, modified)
        }
        (_, Some(tag)) => unquoted(tag).to_owned(),
        _ => Version::without_etag(modified, size),
    };
    let tier = row.tier.filter(|t| ["ARCHIVE", "DEEP_ARCHIVE"].contains(t)).map(|_| "INTELLIGENT_TIERING, archived");
    if let Some(class) = row.class.and_then(class).or(tier) {
        classes.insert(uri.clone(), class);
    }
    Some(Object { uri, version, size, modified, until: None })
}

fn held(mut input: Box<dyn Input>) -> Result<Vec<u8>> {
    whole(&mut *input, LARGEST_MANIFEST, "an inventory's manifest")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// A stream, as `Read` too, with the check sum of what went through.
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

impl Input for Hashed {
    fn next_chunk(&mut self) -> Result<bytes::Bytes> {
        let chunk = self.input.next_chunk()?;
        self.md5.update(&chunk);
        Ok(chunk)
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

/// Opens a location, wherever it lies.
type Open = dyn Fn(&str) -> Result<Box<dyn Input>> + Send + Sync;

/// An inventory's files behind sources: a bucket's, or a folder's.
pub(super) struct Behind {
    /// Gives the source and the object for a location.
    open: Arc<Open>,
    /// Where the manifest lies: `s3://bucket/key` or a path.
    manifest: String,
    /// See `as_of`.
    as_of: Mutex<Option<Timestamp>>,
}

impl Behind {
    pub fn new(open: Arc<Open>, manifest: String) -> Behind {
        Behind { open, manifest, as_of: Mutex::default() }
    }

    /// See [`list`].
    pub fn list(&self, bucket: &str, prefix: &str, all_versions: bool, classes: &mut Classes, each: &mut dyn FnMut(Object)) -> Result<()> {
        let taken = list(self, bucket, prefix, all_versions, classes, each)?;
        *self.as_of.lock().unwrap_or_else(|e| e.into_inner()) = Some(taken);
        Ok(())
    }

    /// The moment that the last listing speaks of; `None` before there was one.
    pub fn as_of(&self) -> Option<Timestamp> {
        *self.as_of.lock().unwrap_or_else(|e| e.into_inner())
    }
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
mod tests;
