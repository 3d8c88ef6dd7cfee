//! What a source lists.

use super::Timestamp;

/// One stored thing at one version, as a source listed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// `s3://bucket/key` with the key as it is, the absolute path of a local file (no scheme, no percent-encoding), `-` for standard input.
    pub uri: String,
    /// What tells this version from another: the S3 version id, else the ETag; for a file `mtime-size` with nanoseconds.
    pub version: String,
    /// Stored size in bytes; 0 where it is unknown (standard input).
    pub size: u64,
    /// Last modification as the storage says; `None` where it does not.
    pub modified: Option<Timestamp>,
}

/// What surrounds an object and its own bytes cannot tell: found by the source from export layouts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hint {
    /// The logical table or stream that the object is part of.
    pub dataset: String,
    /// Column names in order, for formats without a header (from an UNLOAD manifest, a catalogue).
    pub columns: Option<Vec<String>>,
    /// How delimited text is written, where that is known.
    pub dialect: Option<Dialect>,
}

/// How delimited text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// The byte between fields.
    pub delimiter: u8,
    /// The byte around fields that hold special bytes; `None` where quoting is not used.
    pub quote: Option<u8>,
    /// Whether a doubled quote inside a quoted field means one quote (RFC 4180).
    pub double_quote: bool,
    /// The byte that makes the next byte literal (Redshift `ESCAPE`: a backslash); `None` where there is none.
    pub escape: Option<u8>,
    /// Whether the first record names the columns; `None` when it has to be found out.
    pub header: Option<bool>,
}
