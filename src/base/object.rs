//! What a source lists.

use std::sync::Arc;

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
    /// When it was overwritten or deleted, of a version that is listed beside the current one; `None` of current ones, and where the
    /// storage does not say.
    pub until: Option<Timestamp>,
}

/// What surrounds an object and its own bytes cannot tell: found by the source from export layouts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hint {
    /// The logical table or stream that the object is part of.
    pub dataset: String,
    /// Column names in order, for formats without a header (from an UNLOAD manifest, a catalogue).
    pub columns: Option<Arc<[String]>>,
    /// How many records the object holds, as the manifest of an export says.
    pub records: Option<u64>,
    /// How delimited text is written, where that is known.
    pub dialect: Option<Dialect>,
    /// Widths of the columns in characters, for text that has nothing else between its fields.
    pub widths: Option<Arc<[u32]>>,
    /// What the object is to its dataset.
    pub role: Role,
    /// The moment whose state the data shows (the snapshot that was exported); `None` where nothing says so.
    pub as_of: Option<Timestamp>,
    /// Columns whose values stand in the path (`…/state=CA/part-0`), decoded, in order.
    pub partitions: Vec<(String, String)>,
    /// Tells what a catalogue, or the user, says of the object; `None` where none does. When it changes, the object is read again.
    pub told: Option<[u8; 16]>,
}

/// What an object is to its dataset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Part of its current content.
    #[default]
    Data,
    /// Content that something newer has replaced: an older export of the same table, a file that its manifest does not
    /// name, a version that was overwritten. It still lies there.
    History,
    /// A manifest, a marker: about the dataset, not of it.
    Bookkeeping,
}

impl Role {
    /// The word for it in the index and in answers.
    pub fn code(self) -> &'static str {
        match self {
            Role::Data => "data",
            Role::History => "history",
            Role::Bookkeeping => "bookkeeping",
        }
    }

    /// The role with this word.
    pub fn from_code(code: &str) -> Option<Role> {
        [Role::Data, Role::History, Role::Bookkeeping].into_iter().find(|r| r.code() == code)
    }
}

/// What is known of a dataset as a whole, beyond its objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatasetFacts {
    /// What made it: `rds-export`, `redshift-unload`, `dynamodb-export`, `cloudwatch-logs`, `firehose`, `aws-logs`,
    /// `delta-table`, `iceberg-table`, `hudi-table`, `glue-table` and `glue-` before any of the three.
    pub kind: &'static str,
    /// Columns with their types as the database named them, in order.
    pub types: Vec<(String, String)>,
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
