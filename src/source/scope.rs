//! What a source takes in, by its spelling alone: nothing is opened, nobody is asked.

use super::glue::publish::table_of;
use super::{is_scheme, local};

/// The part of the world that a source stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// `path`, `stdin`, `s3`, `gs`, `az`, `glue`, or the scheme of what cannot be opened.
    pub kind: String,
    /// How its URIs begin, as [`super::Source::uri`] has it; of a catalogue its own name.
    pub uri: String,
}

impl Scope {
    /// The scope of what the user typed, whether it exists or not.
    pub fn of(spec: &str) -> Scope {
        let scope = |kind: &str, uri: String| Scope { kind: kind.to_owned(), uri };
        match spec.split_once("://") {
            _ if spec == "-" => scope("stdin", spec.to_owned()),
            Some(("s3" | "s3a" | "s3n", rest)) => scope("s3", format!("s3://{}", with_slash(rest, 1))),
            Some(("gs", rest)) => scope("gs", format!("gs://{}", with_slash(rest, 1))),
            Some(("az", rest)) => scope("az", format!("az://{}", with_slash(rest, 2))),
            Some(("glue", rest)) => scope("glue", format!("glue://{}", rest.trim_end_matches('/'))),
            Some((other, _)) if is_scheme(other) => scope(other, spec.to_owned()),
            _ => scope("path", local::absolute(spec)),
        }
    }

    /// Whether an object with this URI, of this dataset, is part of it.
    pub fn holds(&self, uri: &str, dataset: &str) -> bool {
        match self.kind.as_str() {
            "path" => uri.strip_prefix(self.uri.trim_end_matches('/')).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
            "glue" => table_of(dataset).is_some_and(|(database, table)| {
                let database = format!("glue://{database}");
                self.uri == database || self.uri == format!("{database}/{table}")
            }),
            _ => uri.starts_with(&self.uri),
        }
    }

    /// Whether it takes in something of the store or catalogue at `uri`: `s3://bucket`, `glue://database`.
    pub fn is_within(&self, uri: &str) -> bool {
        self.uri.strip_prefix(uri).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Whether it takes in all of it.
    pub fn is_all_of(&self, uri: &str) -> bool {
        self.uri.trim_end_matches('/') == uri
    }
}

/// A store named without a prefix ends with a slash, so that no other store begins with its name.
fn with_slash(rest: &str, names: usize) -> String {
    let slash = if rest.matches('/').count() < names { "/" } else { "" };
    format!("{rest}{slash}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_told_by_their_spelling() {
        for (spec, kind, uri, holds, not) in [
            ("s3://b", "s3", "s3://b/", "s3://b/k", "s3://b2/k"),
            ("s3a://b/logs/a", "s3", "s3://b/logs/a", "s3://b/logs/abc", "s3://b/logs/b"),
            ("gs://b/x/", "gs", "gs://b/x/", "gs://b/x/y", "gs://b/x"),
            ("az://acc/box", "az", "az://acc/box/", "az://acc/box/k", "az://acc/box2/k"),
            ("/srv/crm/", "path", "/srv/crm", "/srv/crm/a.csv", "/srv/crm2/a.csv"),
            ("/srv/a.csv", "path", "/srv/a.csv", "/srv/a.csv", "/srv/a.csv2"),
            ("-", "stdin", "-", "-", "/x"),
            ("ftp://h/x", "ftp", "ftp://h/x", "ftp://h/x", "/x"),
        ] {
            let s = Scope::of(spec);
            assert_eq!((s.kind.as_str(), s.uri.as_str()), (kind, uri), "{spec}");
            assert!(s.holds(holds, "d") && !s.holds(not, "d"), "{spec}");
        }
        let (database, table) = (Scope::of("glue://shop/"), Scope::of("glue://shop/people"));
        for (scope, dataset, yes) in [
            (&database, "glue/shop.people", true),
            (&database, "glue/shop2.people", false),
            (&database, "crm/people", false),
            (&table, "glue/shop.people", true),
            (&table, "glue/shop.orders", false),
        ] {
            assert_eq!(scope.holds("s3://lake/x", dataset), yes, "{scope:?} {dataset}");
        }
        let bucket = |spec: &str| (Scope::of(spec).is_within("s3://b"), Scope::of(spec).is_all_of("s3://b"));
        assert_eq!(
            [bucket("s3://b"), bucket("s3://b/x"), bucket("s3://bb"), bucket("/b")],
            [(true, true), (true, false), (false, false), (false, false)]
        );
        assert!(Scope::of("glue://shop/people").is_within("glue://shop"));
    }
}
