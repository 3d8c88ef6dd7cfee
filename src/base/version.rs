//! Versions of an object beside its current one.
//!
//! An index tells objects apart by their URI, and old versions lie beside the current one, so that each has a URI of its
//! own: that of the object with `?versionId=ID` behind it.
//!
//! Versions do not change, but for one: where versions are not kept (any more), the one whose id is `null` is written over.

use super::{Object, Timestamp};

/// What stands between the URI of an object and the id of a version.
pub(crate) const MARK: &str = "?versionId=";

/// The URI of a version that is not the current one.
pub fn versioned(uri: &str, id: &str) -> String {
    format!("{uri}{MARK}{id}")
}

/// The id of the version that is written over.
const NULL: &str = "null";

/// What an index has as the version of an old one: its id; of the one that is written over also what tells its contents apart, its ETag and
/// its time of modification.
pub(crate) fn version_of_old(id: &str, tag: &str, modified: Option<Timestamp>) -> String {
    match id {
        NULL => format!("{tag}@{} {NULL}", modified.map_or(0, |t| t.0)),
        _ => id.to_owned(),
    }
}

/// URI and id of an old version; `None` for a current object, also where its key happens to look like one.
pub fn old_version(object: &Object) -> Option<(&str, &str)> {
    let uri = unversioned(&object.uri, &object.version)?;
    Some((uri, &object.uri[uri.len() + MARK.len()..]))
}

/// The same of a URI and a version: the URI of the object.
pub fn unversioned<'a>(uri: &'a str, version: &str) -> Option<&'a str> {
    let (uri, id) = uri.rsplit_once(MARK)?;
    // The version of an old one is its id; that of a current object is its ETag.
    let is_null = || id == NULL && version.rsplit_once(' ').is_some_and(|v| v.1 == NULL);
    (!id.is_empty() && (id == version || is_null())).then_some(uri)
}

/// Whether a URI may be that of an old version.
pub(crate) fn may_be_old(uri: &str) -> bool {
    uri.contains(MARK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_versions_are_told_from_odd_keys() {
        let object = |uri: &str, version: &str| Object { uri: uri.into(), version: version.into(), size: 1, modified: None, until: None };
        for (uri, version, want) in [
            ("s3://b/k?versionId=v1", "v1", Some(("s3://b/k", "v1"))),
            ("s3://b/k?versionId=x?versionId=v1", "v1", Some(("s3://b/k?versionId=x", "v1"))),
            ("s3://b/k?versionId=v1", "0123abcd", None),
            ("s3://b/k", "v1", None),
            ("s3://b/k?versionId=", "", None),
            ("s3://b/k?versionId=null", &version_of_old("null", "ab", Some(Timestamp(5))), Some(("s3://b/k", "null"))),
            ("s3://b/k?versionId=null", "ab", None),
            ("s3://b/k?versionId=v1", "ab null", None),
        ] {
            assert_eq!(old_version(&object(uri, version)), want, "{uri}");
        }
        assert_eq!(versioned("s3://b/k", "null"), "s3://b/k?versionId=null");
        // Written over, it is another one, be it with the same bytes.
        let null = |tag, at| version_of_old("null", tag, Some(Timestamp(at)));
        assert!(null("ab", 5) != null("cd", 5) && null("ab", 5) != null("ab", 6));
        assert_eq!(version_of_old("v1", "ab", Some(Timestamp(5))), "v1");
    }
}
