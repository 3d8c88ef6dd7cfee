//! A source of which some objects are left out, because the user wants it so.

use std::sync::Arc;

use bytes::Bytes;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::layout::Layout;
use super::{ListingFailure, Source, old_version};
use crate::base::{Error, Input, Object, Reason, Result};

/// Which objects are read, by patterns of their URIs.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Empty: all.
    include: GlobSet,
    exclude: GlobSet,
}

impl Choice {
    /// By patterns; `*` stays within a folder, `**` crosses folders. `None` where there are none. Fails for patterns that are none.
    pub fn new(include: &[String], exclude: &[String]) -> Result<Option<Choice>> {
        let set = |patterns: &[String]| {
            let mut set = GlobSetBuilder::new();
            for p in patterns {
                let glob = GlobBuilder::new(p).literal_separator(true).build();
                set.add(glob.map_err(|e| Error::new(Reason::Malformed, e.to_string()))?);
            }
            set.build().map_err(|e| Error::new(Reason::Malformed, e.to_string()))
        };
        let choice = Choice { include: set(include)?, exclude: set(exclude)? };
        Ok((!(include.is_empty() && exclude.is_empty())).then_some(choice))
    }

    /// Whether an object is read. Versions of an object are as the object.
    fn takes(&self, uri: &str) -> bool {
        (self.include.is_empty() || self.include.is_match(uri)) && !self.exclude.is_match(uri)
    }
}

/// The chosen part of a source.
pub(super) struct Chosen {
    pub inner: Arc<dyn Source>,
    pub choice: Arc<Choice>,
}

impl Chosen {
    fn takes(&self, object: &Object) -> bool {
        self.choice.takes(old_version(object).map_or(object.uri.as_str(), |(uri, _)| uri))
    }
}

impl Source for Chosen {
    fn uri(&self) -> String {
        self.inner.uri()
    }

    fn root(&self) -> String {
        self.inner.root()
    }

    fn list(&self, each: &mut dyn FnMut(Object)) -> Vec<ListingFailure> {
        let (mut objects, mut bytes) = (0u64, 0u64);
        let mut failures = self.inner.list(&mut |o| {
            if self.takes(&o) {
                each(o);
            } else {
                objects += 1;
                bytes += o.size;
            }
        });
        if objects > 0 {
            let detail = format!("objects left out by include and exclude of piimap.toml: {objects}, of {bytes} bytes");
            failures.push(ListingFailure { uri: self.uri(), error: Error::new(Reason::Excluded, detail) });
        }
        failures
    }

    fn list_near(&self, starts: &[(String, usize)], each: &mut dyn FnMut(Object)) -> Vec<ListingFailure> {
        self.inner.list_near(starts, &mut |o| {
            if self.takes(&o) {
                each(o);
            }
        })
    }

    fn open(&self, object: &Object) -> Result<Box<dyn Input>> {
        self.inner.open(object)
    }

    fn layout(&self, objects: &[Object], read: &mut dyn FnMut(&Object) -> Result<Bytes>) -> Layout {
        self.inner.layout(objects, read)
    }

    fn wraps(&self) -> Option<&dyn Source> {
        Some(&*self.inner)
    }

    fn covers(&self, uri: &str) -> bool {
        // What is left out is not gone: it stays as it was last seen.
        let current = uri.split("?versionId=").next().unwrap_or(uri);
        self.inner.covers(uri) && self.choice.takes(uri) && self.choice.takes(current)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_choose() {
        let of = |include: &[&str], exclude: &[&str]| {
            let own = |p: &[&str]| p.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>();
            Choice::new(&own(include), &own(exclude))
        };
        let c = of(&["s3://b/crm/**", "/srv/*.csv"], &["**/tmp/**", "**/*.bak"]).unwrap().unwrap();
        for (uri, yes) in [
            ("s3://b/crm/a.csv", true),
            ("s3://b/crm/x/y/a.csv", true),
            ("s3://b/crm/tmp/a.csv", false),
            ("s3://b/crm/a.bak", false),
            ("s3://b/logs/a.csv", false),
            ("/srv/a.csv", true),
            ("/srv/x/a.csv", false),
        ] {
            assert_eq!(c.takes(uri), yes, "{uri}");
        }
        assert!(of(&[], &[]).unwrap().is_none() && of(&["["], &[]).is_err());
        assert!(of(&[], &["**/*.bak"]).unwrap().unwrap().takes("/any/thing"));
    }
}
