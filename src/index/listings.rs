//! Which failures of listings still hold: until a later run has listed the place.
//!
//! A run knows the sources that it was asked for, and places that it could not list. A run over other sources says nothing of them.

use std::collections::HashMap;

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

use super::AsOf;
use super::error::IndexError;

/// The run whose lines without an object count whatever others did: the newest that told what it could not list. One that was killed before
/// says nothing, and what the runs before it could not list stays unknown.
pub(super) const TELLING_RUN: &str = "SELECT coalesce(max(id), 0) FROM run WHERE (ended IS NOT NULL OR listed > 0)";

/// What runs were asked to list, and did.
struct Listings {
    /// By run, its sources.
    runs: HashMap<i64, Vec<String>>,
    /// By source, the first and the newest run that listed it.
    sources: HashMap<String, (i64, i64)>,
    /// Of places that are such a source, the newest run that could not list them.
    failed: HashMap<String, i64>,
}

impl Listings {
    fn read(conn: &Connection, asked: Option<AsOf>) -> Result<Listings, IndexError> {
        let until = match asked {
            None => String::new(),
            Some(AsOf::Run(run)) => format!(" AND id <= {run}"),
            Some(AsOf::Time(t)) => format!(" AND started <= {}", t.0),
        };
        let (mut runs, mut sources) = (HashMap::new(), HashMap::new());
        let mut q = conn.prepare(&format!("SELECT id, sources FROM run WHERE (ended IS NOT NULL OR listed > 0){until} ORDER BY id"))?;
        let mut rows = q.query([])?;
        while let Some(r) = rows.next()? {
            let (id, own): (i64, Vec<String>) = (r.get(0)?, r.get::<_, String>(1)?.lines().map(str::to_owned).collect());
            for s in &own {
                sources.entry(s.clone()).or_insert((id, id)).1 = id;
            }
            runs.insert(id, own);
        }
        let mut out = Listings { runs, sources, failed: HashMap::new() };
        let mut q = conn
            .prepare("SELECT DISTINCT uri, run_id FROM coverage WHERE object_id IS NULL AND reason = 'listing_failed' ORDER BY run_id")?;
        let mut rows = q.query([])?;
        while let Some(r) = rows.next()? {
            let (uri, run): (String, i64) = (r.get(0)?, r.get(1)?);
            if out.runs.contains_key(&run) && out.sources.contains_key(&uri) {
                out.failed.insert(uri, run);
            }
        }
        Ok(out)
    }

    /// Whether a run after this one listed a place.
    fn are_later(&self, run: i64, uri: &str) -> bool {
        self.sources.iter().any(|(source, (_, newest))| *newest > run && holds(source, uri))
    }

    /// Whether what this run could not list has not been listed since.
    fn still_lack(&self, run: i64, uri: &str) -> bool {
        let Some(own) = self.runs.get(&run) else { return false };
        if self.are_later(run, uri) || self.failed.get(uri).is_some_and(|newest| *newest > run) {
            return false;
        }
        // A place that lies in no source of the run is one that a catalogue or a manifest names, or what somebody thought to be a source:
        // then it was one before, or whoever lists the same sources without it says that there is none.
        let was_source = || self.sources.get(uri).is_some_and(|(first, _)| *first < run);
        own.iter().any(|s| holds(s, uri)) || was_source() || own.iter().any(|s| !self.are_later(run, s))
    }
}

/// Whether a place lies in a source, both as shown.
fn holds(source: &str, uri: &str) -> bool {
    let by_name = source.contains("://") && !source.starts_with("glue://");
    uri.strip_prefix(source.trim_end_matches('/')).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        || by_name && uri.starts_with(source)
}

/// Makes `still_unlisted(run, uri)` known to SQL, for lines of coverage that are no object's, as of a moment.
pub(super) fn register(conn: &Connection, asked: Option<AsOf>) -> Result<(), IndexError> {
    let all = Listings::read(conn, asked)?;
    let still = move |c: &rusqlite::functions::Context<'_>| {
        let uri = c.get_raw(1).as_str().map_err(|e| rusqlite::Error::UserFunctionError(e.into()))?;
        Ok(all.still_lack(c.get(0)?, uri))
    };
    Ok(conn.create_scalar_function("still_unlisted", 2, FunctionFlags::SQLITE_UTF8, still)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_lies_in_a_folder_or_behind_a_prefix() {
        for (source, uri, yes) in [
            ("/d", "/d", true),
            ("/d", "/d/a", true),
            ("/d", "/da", false),
            ("/", "/d", true),
            ("/d/a", "/d", false),
            ("s3://b/", "s3://b/x", true),
            ("s3://b/lo", "s3://b/logs/x", true),
            ("s3://b/lo", "s3://c/logs/x", false),
            ("glue://shop", "glue://shop/people", true),
            ("glue://shop", "glue://shops", false),
        ] {
            assert_eq!(holds(source, uri), yes, "{source} {uri}");
        }
    }

    #[test]
    fn what_could_not_be_listed_holds_until_it_is_listed() {
        let of = |runs: &[&[&str]], failed: &[(&str, i64)]| {
            let mut l = Listings { runs: HashMap::new(), sources: HashMap::new(), failed: HashMap::new() };
            for (n, sources) in runs.iter().enumerate() {
                let id = n as i64 + 1;
                sources.iter().for_each(|s| l.sources.entry((*s).to_owned()).or_insert((id, id)).1 = id);
                l.runs.insert(id, sources.iter().map(|s| (*s).to_owned()).collect());
            }
            l.failed = failed.iter().map(|(uri, run)| ((*uri).to_owned(), *run)).collect();
            l
        };
        // By its own source, by one around it, by one of others.
        assert!(!of(&[&["/d"], &["/d"]], &[]).still_lack(1, "/d/x"));
        assert!(!of(&[&["/d/e"], &["/d"]], &[]).still_lack(1, "/d/e/x"));
        assert!(!of(&[&["/d"], &["/d/x", "/e"]], &[]).still_lack(1, "/d/x"));
        assert!(of(&[&["/d"], &["/d/y"], &["/e"]], &[]).still_lack(1, "/d/x"));
        assert!(of(&[&["/d"], &["/d", "/e"]], &[]).still_lack(2, "/d/x"), "the newest");
        assert!(!of(&[&["/d"]], &[]).still_lack(7, "/d/x"), "one that told nothing");
        // What a catalogue names lies elsewhere.
        assert!(of(&[&["glue://shop"], &["/d"]], &[]).still_lack(1, "s3://lake/x"));
        assert!(!of(&[&["glue://shop"], &["glue://shop"]], &[]).still_lack(1, "s3://lake/x"));
        // A source that could not be reached: one that was there before, and one that never was.
        let before = of(&[&["/d", "/mnt"], &["/d"], &["/d"]], &[("/mnt", 2)]);
        assert!(before.still_lack(2, "/mnt"));
        let again = of(&[&["/d", "/mnt"], &["/d"], &["/d"]], &[("/mnt", 3)]);
        assert_eq!([2, 3].map(|run| again.still_lack(run, "/mnt")), [false, true], "told once");
        let typo = of(&[&["/d"], &["/e"], &["/d"]], &[]);
        assert_eq!([1, 2, 3].map(|run| typo.still_lack(run, "/dd")), [false, true, true]);
    }
}
