//! What could not be listed, and of which objects nothing is known by that.

use super::{Source, is_scheme};
use crate::base::version::MARK;
use crate::base::{Error, Reason};

/// A part of a source that was not listed.
#[derive(Clone, Debug)]
pub struct ListingFailure {
    /// The folder, prefix or single thing.
    pub uri: String,
    /// Why.
    pub error: Error,
}

impl ListingFailure {
    /// Whether an object with this URI may be there though the listing did not show it.
    ///
    /// What could not be listed hides what lies below it. Where it is not named as objects are (a table of a catalogue, whose
    /// partitions may lie anywhere), nobody knows what lies below, and it hides everything.
    pub fn hides(&self, uri: &str) -> bool {
        let comparable = scheme(&self.uri) == scheme(uri);
        match self.error.reason {
            Reason::ListingFailed => !comparable || self.is_above(uri),
            // Seen in its folder, and not looked at: it may be what it was.
            Reason::AccessDenied | Reason::Network | Reason::Io => comparable && self.is_above(uri),
            _ => false,
        }
    }

    /// Whether nothing of this source could be listed.
    pub fn is_of_all(&self, source: &dyn Source) -> bool {
        self.error.reason == Reason::ListingFailed && self.uri == source.uri()
    }

    /// Of files by whole names of folders: `a/b` is not above `a/bc`. A prefix of keys is above all that begin with it, and `b/x/`
    /// above the object `b/x` as well, which some tables consist of.
    fn is_above(&self, uri: &str) -> bool {
        let keys = scheme(uri).is_some() && uri.starts_with(&self.uri);
        let below = |rest: &str| rest.is_empty() || rest.starts_with('/') || rest.starts_with(MARK);
        keys || uri.strip_prefix(self.uri.trim_end_matches('/')).is_some_and(below)
    }
}

/// `s3` of `s3://bucket/key`; `None` of a path.
fn scheme(uri: &str) -> Option<&str> {
    uri.split_once("://").map(|(scheme, _)| scheme).filter(|scheme| is_scheme(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_hides_what_lies_below_it_and_nothing_else() {
        use Reason::{AccessDenied, ExportIncomplete, ListingFailed, NotFound, UnsupportedFormat};
        for (failed, reason, uri, hides) in [
            ("/d/a/b", ListingFailed, "/d/a/b/x.csv", true),
            ("/d/a/b", ListingFailed, "/d/a/b", true),
            ("/d/a/b", ListingFailed, "/d/a/bc", false),
            ("/d/a/b", ListingFailed, "/d/a/bc/x.csv", false),
            ("/d/a/b", ListingFailed, "/d/a/x.csv", false),
            ("/", ListingFailed, "/d/x.csv", true),
            ("/d/x.csv", AccessDenied, "/d/x.csv", true),
            ("/d/x.csv", AccessDenied, "/d/y.csv", false),
            // A link that leads nowhere, a socket: what was there is gone.
            ("/d/x.csv", NotFound, "/d/x.csv", false),
            ("/d/x.csv", UnsupportedFormat, "/d/x.csv", false),
            ("s3://b/logs/a", ListingFailed, "s3://b/logs/abc", true),
            ("s3://b/logs/", ListingFailed, "s3://b/logs", true),
            ("s3://b/logs/", ListingFailed, "s3://b/logs?versionId=1", true),
            ("s3://b/logs/", ListingFailed, "s3://b/logs2/x", false),
            ("s3://b/", ListingFailed, "s3://b/x", true),
            ("s3://b/", ListingFailed, "s3://b2/x", false),
            ("az://acc/b/x", ListingFailed, "s3://b/x", true),
            ("glue://db/t", ListingFailed, "s3://b/x", true),
            ("glue://db/t", AccessDenied, "s3://b/x", false),
            ("s3://b/list", ExportIncomplete, "s3://b/list", false),
            // A path is one, whatever stands in it.
            ("/d/a://b", ListingFailed, "/d/a://b/x", true),
            ("/d/a://b", ListingFailed, "/d/c", false),
        ] {
            let failure = ListingFailure { uri: failed.into(), error: Error::new(reason, "") };
            assert_eq!(failure.hides(uri), hides, "{failed} {reason} {uri}");
        }
    }
}
