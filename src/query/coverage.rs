//! What was not, or not fully, read.

use crate::base::Reason;
use crate::index::{CoverageRow, IndexError, Reader};

/// One thing that was not fully read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoverageLine {
    /// The object, folder or prefix.
    pub uri: String,
    /// Path inside an archive.
    pub member: Option<String>,
    /// `partial` or `unread`.
    pub status: String,
    /// Why; `None` for a code that this version does not know.
    pub reason: Option<Reason>,
    /// The code as stored.
    pub code: String,
    /// One line for people.
    pub detail: String,
}

/// All current lines, ordered by uri.
pub fn coverage(reader: &Reader) -> Result<Vec<CoverageLine>, IndexError> {
    let line = |r: CoverageRow| CoverageLine {
        uri: r.uri,
        member: r.member,
        status: r.status,
        reason: Reason::from_code(&r.reason),
        code: r.reason,
        detail: r.detail,
    };
    Ok(reader.coverage()?.into_iter().map(line).collect())
}
