//! Stores and money: the settings of the buckets that were scanned, and what runs were estimated to cost.

use rusqlite::params;

use super::error::IndexError;
use super::reader::Reader;
use super::writer::Writer;
use crate::base::{Reason, Timestamp};

/// A setting of a store, as the index holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreFact {
    /// The store, `s3://bucket`.
    pub store: String,
    /// A name of [`crate::base::FACTS`].
    pub name: String,
    /// What is known; `None`: nothing.
    pub value: Option<String>,
    /// Why nothing is known.
    pub why: Option<String>,
}

impl Writer {
    /// Notes what is known of a store; what an earlier run knew of it is replaced. Names and values as they may be shown.
    pub fn store(&mut self, store: &str, facts: &[(&str, Result<String, String>)]) -> Result<(), IndexError> {
        self.conn.execute("DELETE FROM store_fact WHERE store = ?1", [store])?;
        for (name, value) in facts {
            let (value, why) = (value.as_ref().ok(), value.as_ref().err());
            self.conn.prepare_cached("INSERT INTO store_fact VALUES (?1, ?2, ?3, ?4)")?.execute(params![store, name, value, why])?;
        }
        Ok(())
    }

    /// Replaces what is known to exist and to be taken in by no source: what it is called, as it may be shown, and what to do. Lines whose
    /// name `stays` is true for are not removed.
    pub fn census(&mut self, missing: &[(String, String)], stays: &dyn Fn(&str) -> bool) -> Result<(), IndexError> {
        let tx = self.conn.transaction()?;
        let code = Reason::NotConfigured.code();
        let before = tx
            .prepare("SELECT DISTINCT uri FROM coverage WHERE reason = ?1")?
            .query_map([code], |r| r.get::<_, String>(0))?
            .collect::<Result<Vec<_>, _>>()?;
        // What is listed again is not named twice.
        for uri in before.iter().filter(|uri| !stays(uri) || missing.iter().any(|m| m.0 == **uri)) {
            tx.execute("DELETE FROM coverage WHERE reason = ?1 AND uri = ?2", [code, uri])?;
        }
        let newest: Option<i64> = tx.query_row("SELECT max(id) FROM run", [], |r| r.get(0))?;
        let sql =
            "INSERT INTO coverage (object_id, run_id, uri, member, status, reason, detail) VALUES (NULL, ?1, ?2, NULL, 'unread', ?3, ?4)";
        for (uri, detail) in missing {
            tx.execute(sql, params![newest.unwrap_or(0), uri, code, detail])?;
        }
        Ok(tx.commit()?)
    }

    /// Notes what this run was estimated to cost, in dollars; what was noted of it before is replaced.
    pub fn cost(&mut self, usd: f64) -> Result<(), IndexError> {
        let sql = "INSERT OR REPLACE INTO run_cost VALUES (?1, ?2, ?3)";
        self.conn.execute(sql, params![self.run, Timestamp::now().0, usd])?;
        Ok(())
    }

    /// Books dollars that are spent outside of a run; its number, below 0.
    pub fn book(&mut self, usd: f64) -> Result<i64, IndexError> {
        let sql = "INSERT INTO run_cost SELECT min(0, coalesce(min(run_id), 0)) - 1, ?1, ?2 FROM run_cost RETURNING run_id";
        Ok(self.conn.query_row(sql, params![Timestamp::now().0, usd], |r| r.get(0))?)
    }

    /// What was booked under this number cost so much.
    pub fn correct(&mut self, number: i64, usd: f64) -> Result<(), IndexError> {
        self.conn.execute("UPDATE run_cost SET usd = ?2 WHERE run_id = ?1 AND run_id < 0", params![number, usd])?;
        Ok(())
    }

    /// What runs and exports since then cost, in dollars, as estimated or billed, without this run.
    pub fn spent_since(&self, since: Timestamp) -> Result<f64, IndexError> {
        let sql = "SELECT coalesce(sum(usd), 0.0) FROM run_cost WHERE at >= ?1 AND run_id <> ?2";
        Ok(self.conn.query_row(sql, params![since.0, self.run], |r| r.get(0))?)
    }
}

impl Reader {
    /// What is known of stores, ordered by store and name.
    pub fn store_facts(&self) -> Result<Vec<StoreFact>, IndexError> {
        let mut q = self.conn.prepare("SELECT store, name, value, why FROM store_fact ORDER BY store, name")?;
        let rows = q.query_map([], |r| Ok(StoreFact { store: r.get(0)?, name: r.get(1)?, value: r.get(2)?, why: r.get(3)? }))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What runs and exports since then cost, in dollars, as estimated or billed.
    pub fn spent_since(&self, since: Timestamp) -> Result<f64, IndexError> {
        let sql = "SELECT coalesce(sum(usd), 0.0) FROM run_cost WHERE at >= ?1";
        Ok(self.conn.query_row(sql, [since.0], |r| r.get(0))?)
    }

    /// Findings that count, by object and classifier: number of the object, number of the classifier, sightings. A pair may come several
    /// times.
    pub fn found_in_objects(&self) -> Result<Vec<(i64, i64, u64)>, IndexError> {
        let mut q = self.conn.prepare("SELECT object_id, classifier_id, sum(sightings), field_id FROM field_summary GROUP BY 1, 2, 4")?;
        let mut rows = q.query([])?;
        let mut out = Vec::new();
        while let Some(r) = rows.next()? {
            let (object, classifier) = (r.get(0)?, r.get(1)?);
            if self.counts_in(r.get(3)?, classifier) {
                out.push((object, classifier, r.get::<_, i64>(2)? as u64));
            }
        }
        Ok(out)
    }
}
