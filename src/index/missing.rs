//! What answers lack: what was not read, not listed or not reached, and runs that did not come to their end.
//!
//! [`Reader::missing`] is the one count of it; whoever says how much is missing says that.

use rusqlite::{Row, params};

use super::answers::{CoverageRow, Missing, RunStatus, Unended};
use super::error::IndexError;
use super::input::{Listed, RunTotals};
use super::listings::{self, TELLING_RUN};
use super::reader::Reader;
use super::writer::Writer;
use super::{AsOf, lock};
use crate::base::Reason;

impl Reader {
    /// What was not fully read: current objects that are incomplete, what runs could not list and no later one has listed, and each source
    /// of a run that did not end.
    pub fn coverage(&self) -> Result<Vec<CoverageRow>, IndexError> {
        let mut q = self.conn.prepare(&format!(
            "SELECT c.uri, c.member, c.status, c.reason, c.detail FROM coverage c LEFT JOIN object o ON o.id = c.object_id
             WHERE ({}) OR ({}) ORDER BY c.uri, c.member, c.reason, c.id",
            self.counts(),
            self.without_object()?
        ))?;
        let row =
            |r: &Row<'_>| Ok(CoverageRow { uri: r.get(0)?, member: r.get(1)?, status: r.get(2)?, reason: r.get(3)?, detail: r.get(4)? });
        let mut out: Vec<CoverageRow> = q.query_map([], row)?.collect::<Result<_, _>>()?;
        for u in self.unended()? {
            let detail = self.how_far(&u)?;
            let line = |uri| CoverageRow {
                uri,
                member: None,
                status: "unread".to_owned(),
                reason: Reason::Interrupted.code().to_owned(),
                detail: detail.clone(),
            };
            out.extend(u.sources.into_iter().map(line));
        }
        out.sort_by(|a, b| (&a.uri, &a.member).cmp(&(&b.uri, &b.member)));
        Ok(out)
    }

    /// The same as numbers.
    pub fn missing(&self) -> Result<Missing, IndexError> {
        let mut out = Missing { unended: self.unended()?, ..Missing::default() };
        let mut q = self.conn.prepare(&format!("SELECT o.status, count(*) FROM object o WHERE {} GROUP BY o.status", self.counts()))?;
        let mut rows = q.query([])?;
        while let Some(r) = rows.next()? {
            match r.get_ref(0)?.as_str().map_err(rusqlite::Error::from)? {
                "unread" => out.unread = r.get::<_, i64>(1)? as u64,
                "partial" => out.partial = r.get::<_, i64>(1)? as u64,
                _ => {}
            }
        }
        // Reading again what was read before may fail: what was known of that version stays.
        let again = format!(
            "SELECT count(DISTINCT o.id) FROM coverage c CROSS JOIN object o ON o.id = c.object_id WHERE o.status = 'read' AND {}",
            self.counts()
        );
        out.objects = out.unread + out.partial + self.conn.query_row(&again, [], |r| r.get::<_, i64>(0))? as u64;
        let mut q =
            self.conn.prepare(&format!("SELECT c.reason, count(*) FROM coverage c WHERE ({}) GROUP BY 1", self.without_object()?))?;
        let mut rows = q.query([])?;
        while let Some(r) = rows.next()? {
            let n = r.get::<_, i64>(1)? as u64;
            match Reason::from_code(r.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?) {
                Some(reason) if reason.is_by_choice() => out.chosen += n,
                Some(Reason::Interrupted) => out.unreached += n,
                _ => out.unlisted += n,
            }
        }
        Ok(out)
    }

    /// The condition in SQL that a line of coverage is no object's and counts. What a census found stays until the next one.
    fn without_object(&self) -> Result<String, IndexError> {
        listings::register(&self.conn, self.asked())?;
        let census = match self.asked() {
            None => "c.reason = 'not_configured'".to_owned(),
            Some(AsOf::Run(run)) => format!("c.run_id = {run}"),
            Some(AsOf::Time(t)) => format!("c.run_id = ({TELLING_RUN} AND started <= {})", t.0),
        };
        Ok(format!("c.object_id IS NULL AND ({census} OR c.reason <> 'not_configured' AND still_unlisted(c.run_id, c.uri))"))
    }

    /// Runs that were killed or are at work, newest first, each with those of its sources that no later run has gone through. For a moment
    /// in the past the gaps of the answer say so.
    fn unended(&self) -> Result<Vec<Unended>, IndexError> {
        if self.asked().is_some() {
            return Ok(Vec::new());
        }
        let mut out: Vec<Unended> = Vec::new();
        let mut q =
            self.conn.prepare("SELECT id, sources, id = (SELECT max(id) FROM run) FROM run WHERE ended IS NULL ORDER BY id DESC")?;
        let mut later = self.conn.prepare("SELECT sources FROM run WHERE id > ?1 AND ended IS NOT NULL")?;
        let mut rows = q.query([])?;
        while let Some(r) = rows.next()? {
            let run: i64 = r.get(0)?;
            let mut sources: Vec<String> = r.get::<_, String>(1)?.lines().map(str::to_owned).collect();
            sources.retain(|s| out.iter().all(|newer| !newer.sources.contains(s)));
            let mut ended = later.query([run])?;
            while let Some(e) = ended.next()? {
                let said = e.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
                sources.retain(|s| said.lines().all(|other| other != s));
            }
            if !sources.is_empty() {
                // Only the newest can still be at work, and while it is, it holds the lock.
                let status = if r.get(2)? && lock::is_held(self.path()) { RunStatus::Running } else { RunStatus::Killed };
                out.push(Unended { run, status, sources });
            }
        }
        Ok(out)
    }

    /// How far a run came that did not end, as far as it is known.
    fn how_far(&self, u: &Unended) -> Result<String, IndexError> {
        let sql =
            "SELECT listed, unchanged, (SELECT count(*) FROM object WHERE last_run = run.id AND published = 1) FROM run WHERE id = ?1";
        let numbers = |r: &Row<'_>| Ok((r.get(0)?, r.get(1)?, r.get(2)?));
        let (listed, unchanged, read): (i64, i64, i64) = self.conn.query_row(sql, [u.run], numbers)?;
        let how = if u.status == RunStatus::Running { "is still going on" } else { "was killed before its end" };
        Ok(match listed {
            0 => format!("run {} {how}: what it was to read is not known", u.run),
            _ => format!("run {} {how}: of the objects listed ({listed}), {unchanged} were known before and {read} are read", u.run),
        })
    }

    /// The URIs of the lines of coverage of one run that are no object's: what it could not list, left out or did not reach, ordered. What
    /// a census found is not among them.
    pub fn unlisted(&self, run: i64) -> Result<Vec<String>, IndexError> {
        let sql = "SELECT uri FROM coverage WHERE object_id IS NULL AND run_id = ?1 AND reason <> 'not_configured' ORDER BY uri, id";
        Ok(self.conn.prepare_cached(sql)?.query_map([run], |r| r.get(0))?.collect::<Result<_, _>>()?)
    }

    /// By run, what it could not list: neither left out by choice nor objects that it did not reach.
    pub(super) fn unlisted_by_run(&self) -> Result<std::collections::HashMap<i64, u64>, IndexError> {
        let mut out = std::collections::HashMap::new();
        let mut q = self.conn.prepare("SELECT run_id, reason, count(*) FROM coverage WHERE object_id IS NULL GROUP BY 1, 2")?;
        let mut rows = q.query([])?;
        while let Some(r) = rows.next()? {
            let reason = Reason::from_code(r.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?);
            if !reason.is_some_and(|r| r.is_by_choice() || r == Reason::Interrupted) {
                *out.entry(r.get(0)?).or_default() += r.get::<_, i64>(2)? as u64;
            }
        }
        Ok(out)
    }
}

impl Writer {
    /// Notes what the listing gave, so that it is known whatever becomes of the run.
    pub fn listed(&mut self, totals: &RunTotals) -> Result<(), IndexError> {
        let sql = "UPDATE run SET listed = ?2, unchanged = ?3 WHERE id = ?1";
        self.conn.execute(sql, params![self.run, totals.listed as i64, totals.unchanged as i64])?;
        Ok(self.conn.execute_batch("COMMIT; BEGIN IMMEDIATE")?)
    }

    /// Notes a folder, prefix or name that could not be listed, once in a run: sources may overlap and are listed again for key columns.
    pub fn listing_failed(&mut self, uri: &str, shown: &str, reason: Reason, detail: &str) -> Result<(), IndexError> {
        if self.unlisted.insert(self.hasher.name(&format!("{uri}\n{reason}\n{detail}"))) {
            self.without_object(shown, reason, detail)?;
        }
        Ok(())
    }

    /// Notes an object that was listed and not reached before the run was stopped.
    pub fn unreached(&mut self, listed: &Listed) -> Result<(), IndexError> {
        self.without_object(&listed.shown, Reason::Interrupted, "the run was stopped before it; the next run reads it")
    }

    fn without_object(&self, shown: &str, reason: Reason, detail: &str) -> Result<(), IndexError> {
        self.conn.execute(
            "INSERT INTO coverage (object_id, run_id, uri, member, status, reason, detail) VALUES (NULL, ?1, ?2, NULL, 'unread', ?3, ?4)",
            params![self.run, shown, reason.code(), detail],
        )?;
        Ok(())
    }
}
