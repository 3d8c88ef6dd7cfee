//! What a question about exposure needs beside the usual: versions by their true uri, links of versions that are no longer
//! current, what runs were asked to read.

use std::collections::HashMap;

use rusqlite::OptionalExtension;

use super::answers::Gap;
use super::asof;
use super::clock::{self, Clock};
use super::error::IndexError;
use super::links;
use super::postings::{self, Identified};
use super::reader::{Reader, blob};
use crate::identity::{ConsumerId, Hasher, IdHash};

impl Reader {
    /// The numbers of all published object versions by the keyed hash of their true uri.
    pub fn versions_by_uri_hash(&self) -> Result<HashMap<[u8; 16], Vec<i64>>, IndexError> {
        self.numbers_by_hash("SELECT uri_hash, id FROM object WHERE published = 1 ORDER BY first_run, id")
    }

    /// The numbers of all published object versions by the keyed hash of the true uri of their object, that of old versions too.
    pub fn versions_by_object(&self) -> Result<HashMap<[u8; 16], Vec<i64>>, IndexError> {
        self.numbers_by_hash("SELECT coalesce(version_of, uri_hash), id FROM object WHERE published = 1")
    }

    /// The second column of `query` by the first, in the order in which they come.
    fn numbers_by_hash(&self, query: &str) -> Result<HashMap<[u8; 16], Vec<i64>>, IndexError> {
        let mut out: HashMap<[u8; 16], Vec<i64>> = HashMap::new();
        let mut q = self.conn.prepare(query)?;
        let mut rows = q.query([])?;
        while let Some(r) = rows.next()? {
            out.entry(r.get(0)?).or_default().push(r.get(1)?);
        }
        Ok(out)
    }

    /// When object versions were stored, by their numbers. One that was listed as the current version and as an old one is there once.
    pub fn clocks(&self) -> Result<HashMap<i64, Clock>, IndexError> {
        let mut out = HashMap::new();
        clock::each_object(&self.conn, &mut |versions| out.extend(clock::of_object(versions)))?;
        Ok(out)
    }

    /// What is not known of what was stored in a window with these ends, both in it, if so many versions count that no run saw then. An end
    /// that nobody named says nothing.
    pub fn gaps_within(&self, (from, to): (Option<i64>, Option<i64>), uncertain: u64) -> Result<Vec<Gap>, IndexError> {
        let Some((from, to)) = from.or(to).zip(to.or(from)) else { return Ok(Vec::new()) };
        let sql = "SELECT EXISTS (SELECT 1 FROM object WHERE published = 1 AND version_of IS NOT NULL)";
        let mut gaps = asof::beyond_runs(&self.conn, (from, to), self.conn.query_row(sql, [], |r| r.get(0))?)?;
        gaps.extend(asof::unsure(uncertain, "in this window"));
        Ok(gaps)
    }

    /// The identifiers that the records of an object version hold together, with the numbers of their classifiers.
    pub fn links_of_object(&self, object: i64) -> Result<Vec<Vec<(u16, IdHash)>>, IndexError> {
        let mut q = self.conn.prepare_cached("SELECT id, data FROM link WHERE object_id = ?1 ORDER BY id")?;
        let (mut rows, mut out) = (q.query([object])?, Vec::new());
        while let Some(r) = rows.next()? {
            links::each_of(r.get(0)?, blob(r, 1)?, &mut |l| {
                if l.members().len() > 0 {
                    out.push(l.members().collect());
                }
            })?;
        }
        Ok(out)
    }

    /// The true uri of an object by its keyed hash; `None` for one that the index never saw.
    pub fn true_uri(&self, hash: &[u8; 16], hasher: &Hasher) -> Result<Option<String>, IndexError> {
        let mut q = self.conn.prepare_cached("SELECT uri, uri_sealed FROM object WHERE uri_hash = ?1 LIMIT 1")?;
        let row = q.query_row([hash], |r| Ok((r.get::<_, String>(0)?, r.get::<_, Option<Vec<u8>>>(1)?))).optional()?;
        Ok(match row {
            Some((_, Some(sealed))) => Some(hasher.open(&sealed)?),
            other => other.map(|o| o.0),
        })
    }

    /// The consumer that a strong identifier is without any link, whatever counts.
    pub fn on_its_own(&self, id: IdHash) -> Result<Option<ConsumerId>, IndexError> {
        Ok(postings::identified(&self.conn, id)?.filter(Identified::is_strong).map(|i| i.consumer))
    }

    /// The number of a strong identifier's classifier.
    pub fn class_of(&self, id: IdHash) -> Result<Option<i64>, IndexError> {
        Ok(postings::identified(&self.conn, id)?.filter(Identified::is_strong).map(|i| i64::from(i.class)))
    }

    /// What runs were asked to read, each once.
    pub fn sources(&self) -> Result<Vec<String>, IndexError> {
        let mut q = self.conn.prepare("SELECT DISTINCT sources FROM run")?;
        let rows = q.query_map([], |r| r.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
        let mut all: Vec<String> = rows.iter().flat_map(|s| s.lines()).map(str::to_owned).collect();
        all.sort();
        all.dedup();
        Ok(all)
    }
}
