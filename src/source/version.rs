//! Versions of an object beside its current one.
//!
//! An index tells objects apart by their URI, and old versions lie beside the current one, so that each has a URI of its
//! own: that of the object with `?versionId=ID` behind it.

use crate::base::Object;

/// What stands between the URI of an object and the id of a version.
pub(super) const MARK: &str = "?versionId=";

/// The URI of a version that is not the current one.
pub fn versioned(uri: &str, id: &str) -> String {
    format!("{uri}{MARK}{id}")
}

/// URI and id of an old version; `None` for a current object, also where its key happens to look like one.
pub fn old_version(object: &Object) -> Option<(&str, &str)> {
    Some((unversioned(&object.uri, &object.version)?, &object.version))
}

/// The same of a URI and a version: the URI of the object.
pub fn unversioned<'a>(uri: &'a str, version: &str) -> Option<&'a str> {
    let (uri, id) = uri.rsplit_once(MARK)?;
    // The version of an old one is its id; that of a current object is its ETag.
    (!id.is_empty() && id == version).then_some(uri)
}

/// Whether a URI may be that of an old version.
pub(super) fn may_be_old(uri: &str) -> bool {
    uri.contains(MARK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_versions_are_told_from_odd_keys() {
        let object = |uri: &str, version: &str| Object { uri: uri.into(), version: version.into(), size: 1, modified: None };
        for (uri, version, want) in [
            ("s3://b/k?versionId=v1", "v1", Some(("s3://b/k", "v1"))),
            ("s3://b/k?versionId=x?versionId=v1", "v1", Some(("s3://b/k?versionId=x", "v1"))),
            ("s3://b/k?versionId=v1", "0123abcd", None),
            ("s3://b/k", "v1", None),
            ("s3://b/k?versionId=", "", None),
        ] {
            assert_eq!(old_version(&object(uri, version)), want, "{uri}");
        }
        assert_eq!(versioned("s3://b/k", "null"), "s3://b/k?versionId=null");
    }
}
