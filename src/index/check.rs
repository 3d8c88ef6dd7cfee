//! Everything that must hold in an index, looked at row by row.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::answers::Owner;
use super::consumers;
use super::digest::Digest;
use super::entries::Entry;
use super::error::IndexError;
use super::places::decode_ranges;
use super::postings;
use super::reader::{Reader, blob};
use super::seen::last_run;
use super::{links, standing};
use crate::base::unversioned;
use crate::identity::{ById, Certainty, ConsumerId, IdHash};

/// Problems that are listed; what comes after is only counted.
const LISTED: usize = 100;

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct CheckReport {
    /// Object versions.
    pub objects: u64,
    /// Postings, of which every entry was decoded.
    pub postings: u64,
    /// Links.
    pub links: u64,
    /// Strong identifiers.
    pub identifiers: u64,
    /// Postings of deleted objects, which count for nothing: `compact` removes them.
    pub dead: u64,
    /// Object versions that a killed run left unfinished: they do not count, and the next run removes them.
    pub unfinished: u64,
    /// What must not be, at most a hundred.
    pub problems: Vec<String>,
    /// How many there are.
    pub problem_count: u64,
}

impl CheckReport {
    fn problem(&mut self, what: impl FnOnce() -> String) {
        self.problem_count += 1;
        if self.problems.len() < LISTED {
            self.problems.push(what());
        }
    }
}

fn damaged(e: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase, SystemIoFailure};
    // A row that lacks what its table demands does not even convert.
    e.sqlite_error_code().is_none_or(|c| matches!(c, DatabaseCorrupt | NotADatabase | SystemIoFailure))
}

/// An object version as the check sees it.
struct Seen {
    published: bool,
    wanted: Option<i64>,
    digest: Digest,
    dataset: i64,
}

/// Numbers that rows may name.
struct Known {
    objects: HashMap<i64, Seen>,
    fields: HashMap<i64, i64>,
    classifiers: HashSet<i64>,
}

/// Checks the index at `path` and everything in it. Errors are for a file that is none of ours or that the system does not let us read.
pub fn check(path: &Path) -> Result<CheckReport, IndexError> {
    match Reader::open(path).and_then(|r| r.check()) {
        // The damage may lie where every reader begins.
        Err(IndexError::Damaged(what)) => {
            let mut report = CheckReport::default();
            report.problem(|| what.to_owned());
            Ok(report)
        }
        other => other,
    }
}

impl Reader {
    /// Checks what can be opened.
    pub fn check(&self) -> Result<CheckReport, IndexError> {
        let mut report = CheckReport::default();
        for part in [Reader::check_structure, Reader::check_rows] {
            match part(self, &mut report) {
                // What cannot even be read is a problem, not a failure of the check.
                Err(IndexError::Sql(e)) if damaged(&e) => report.problem(|| "a table cannot be read".to_owned()),
                Err(IndexError::Damaged(what)) => report.problem(|| what.to_owned()),
                other => other?,
            }
        }
        Ok(report)
    }

    fn check_structure(&self, report: &mut CheckReport) -> Result<(), IndexError> {
        let mut q = self.conn.prepare("PRAGMA integrity_check(100)")?;
        for line in q.query_map([], |r| r.get::<_, String>(0))? {
            match line {
                Ok(line) if line == "ok" => {}
                Ok(line) => report.problem(|| format!("SQLite: {line}")),
                Err(e) if damaged(&e) => report.problem(|| "SQLite cannot read the file".to_owned()),
                Err(e) => return Err(e.into()),
            }
        }
        Ok(())
    }

    fn check_rows(&self, report: &mut CheckReport) -> Result<(), IndexError> {
        let mut known = self.known(report)?;
        self.check_postings(&mut known, report)?;
        self.check_links(&mut known, report)?;
        self.check_unattributed(&mut known, report)?;
        for (id, o) in known.objects.iter().filter(|(_, o)| o.published) {
            if o.wanted.is_some_and(|w| w != o.digest.stored()) {
                report.problem(|| format!("object {id}: what it says is not what was written (check sum)"));
            }
        }
        self.check_versions(report)?;
        self.check_counts(&known, report)?;
        self.check_consumers(report)?;
        if !self.numbering_holds()? {
            report.problem(|| "who is whose is not what segments and standings say".to_owned());
        }
        if !postings::ways_hold(&self.conn)? {
            report.problem(|| "the ways from consumers to their identifiers are not what segments list".to_owned());
        }
        if !self.counts_hold()? {
            report.problem(|| "how many consumers there are is not what the objects say".to_owned());
        }
        Ok(())
    }

    fn known(&self, report: &mut CheckReport) -> Result<Known, IndexError> {
        let objects: HashMap<i64, Seen> = self
            .conn
            .prepare("SELECT id, published, digest, dataset_id FROM object")?
            .query_map([], |r| {
                Ok((r.get(0)?, Seen { published: r.get(1)?, wanted: r.get(2)?, digest: Digest::default(), dataset: r.get(3)? }))
            })?
            .collect::<Result<_, _>>()?;
        report.objects = objects.values().filter(|o| o.published).count() as u64;
        report.unfinished = objects.len() as u64 - report.objects;
        let datasets: HashSet<i64> = self.conn.prepare("SELECT id FROM dataset")?.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?;
        for (id, _) in objects.iter().filter(|(_, o)| !datasets.contains(&o.dataset)) {
            report.problem(|| format!("object {id}: its dataset is missing"));
        }
        let fields = self
            .conn
            .prepare("SELECT id, dataset_id FROM field")?
            .query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let classifiers = self.conn.prepare("SELECT id FROM classifier")?.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?;
        Ok(Known { objects, fields, classifiers })
    }

    fn check_postings(&self, known: &mut Known, report: &mut CheckReport) -> Result<(), IndexError> {
        let (mut dead, mut problems) = (0, Vec::<String>::new());
        let totals = postings::verify(&self.conn, &self.shapes, &mut |who, entries| {
            for (object, e) in entries {
                // What a deleted object said is not counted, and goes with the next merge.
                let Some(seen) = known.objects.get(object) else {
                    dead += 1;
                    continue;
                };
                match e {
                    Entry::Sightings { field, classifier, certainty, count, places } => {
                        let named = known.fields.get(field) == Some(&seen.dataset) && known.classifiers.contains(classifier);
                        let counted = *count > 0 && !places.ranges().is_empty() && (0..=3).contains(certainty);
                        if !named || !counted {
                            problems.push(format!("object {object}: a posting names what is not there"));
                        }
                        if seen.published && *certainty == Certainty::Own as i64 && !who.is_strong() {
                            problems.push(format!("object {object}: an identifier is not listed as one"));
                        }
                    }
                    Entry::Link(link) => {
                        let names = |o, l: links::Link<'_>| o == *object && l.members().any(|m| m.1 == who.hash);
                        if links::get(&self.conn, *link, names)? != Some(true) {
                            problems.push(format!("object {object}: link {link} is missing or another's"));
                        }
                    }
                    Entry::Protected { classifier, .. } => {
                        if !known.classifiers.contains(classifier) {
                            problems.push(format!("object {object}: a protected value names no classifier that there is"));
                        }
                    }
                    Entry::Residence(..) | Entry::Beside(_) => {}
                }
            }
            for p in problems.drain(..) {
                report.problem(|| p);
            }
            Ok(())
        })?;
        for p in totals.problems {
            report.problem(|| p);
        }
        report.postings = totals.postings - dead;
        report.dead = dead;
        report.identifiers = postings::identifiers_where(&self.conn, |_| true)?.len() as u64;
        Ok(())
    }

    fn check_links(&self, known: &mut Known, report: &mut CheckReport) -> Result<(), IndexError> {
        // Those of a version that was read again stay until who is who is settled.
        let mut q = self.conn.prepare(
            "SELECT id, object_id, data FROM link WHERE object_id NOT IN (SELECT object_id FROM unsettled) OR object_id IN (SELECT id FROM object)",
        )?;
        let mut rows = q.query([])?;
        while let Some(r) = rows.next()? {
            let (row, object): (i64, i64) = (r.get(0)?, r.get(1)?);
            match (known.objects.get_mut(&object), links::whole(blob(r, 2)?)) {
                (Some(o), Ok(data)) => o.digest.links(row, data),
                (None, _) => report.problem(|| format!("links speak of object {object}, which is missing")),
                (_, Err(_)) => report.problem(|| format!("object {object}: a block of links is not what was written (check sum)")),
            }
            let read = links::each_of(row, blob(r, 2)?, &mut |l| {
                let n = l.members().len();
                report.links += u64::from(n > 0);
                if n == 1 || l.members().any(|(c, _)| !known.classifiers.contains(&i64::from(c))) {
                    report.problem(|| format!("link {} does not join two identifiers", l.id));
                }
            });
            if read.is_err() {
                report.problem(|| format!("object {object}: a block of links breaks off"));
            }
        }
        Ok(())
    }

    fn check_unattributed(&self, known: &mut Known, report: &mut CheckReport) -> Result<(), IndexError> {
        let mut q = self.conn.prepare("SELECT object_id, field_id, classifier_id, kind, count, places FROM unattributed")?;
        let mut rows = q.query([])?;
        while let Some(r) = rows.next()? {
            let object: i64 = r.get(0)?;
            let numbers = [r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?];
            let places = r.get_ref(5)?.as_blob().unwrap_or_default();
            let Some(o) = known.objects.get_mut(&object) else {
                report.problem(|| format!("sightings speak of object {object}, which is missing"));
                continue;
            };
            o.digest.unattributed(numbers, places);
            let named = known.fields.get(&numbers[0]) == Some(&o.dataset) && known.classifiers.contains(&numbers[1]);
            if !named || !(0..=2).contains(&numbers[2]) || numbers[3] < 1 || decode_ranges(places).is_err() {
                report.problem(|| format!("object {object}: sightings that are nobody's cannot be decoded"));
            }
        }
        Ok(())
    }

    /// Validity by run: in order, and one current version an object.
    fn check_versions(&self, report: &mut CheckReport) -> Result<(), IndexError> {
        let newest: i64 = self.conn.query_row("SELECT coalesce(max(id), 0) FROM run", [], |r| r.get(0))?;
        let mut q = self.conn.prepare(concat!(
            "SELECT id FROM (SELECT o.id, o.first_run, o.ended_run, ",
            last_run!(),
            " AS last_run FROM object o WHERE o.published = 1)
             WHERE first_run > last_run OR last_run > ?1 OR ended_run > ?1 OR ended_run <= last_run
             OR NOT EXISTS (SELECT 1 FROM run WHERE id = first_run)",
        ))?;
        for id in q.query_map([newest], |r| r.get::<_, i64>(0))? {
            let id = id?;
            report.problem(|| format!("object {id}: its runs contradict each other"));
        }
        let mut q = self.conn.prepare(
            "SELECT id, uri, uri_sealed IS NOT NULL, version, until, modified, version_of IS NOT NULL FROM object
             WHERE until IS NOT NULL OR version_of IS NOT NULL OR instr(uri, '?versionId=') > 0",
        )?;
        let mut rows = q.query([])?;
        while let Some(r) = rows.next()? {
            let (id, uri, is_sealed, version): (i64, String, bool, String) = (r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?);
            let (until, modified, is_old): (Option<i64>, Option<i64>, bool) = (r.get(4)?, r.get(5)?, r.get(6)?);
            if until.is_some() && (!is_old || until < modified) {
                report.problem(|| format!("object {id}: it ended before it began, or is no old version and has an end"));
            }
            // PRIVACY: of a sealed name the true one is not known here.
            if !is_sealed && is_old != unversioned(&uri, &version).is_some() {
                report.problem(|| format!("object {id}: whether it is an old version of another is not what its name says"));
            }
        }
        let twice =
            "SELECT count(*) FROM (SELECT 1 FROM object WHERE published = 1 AND ended_run IS NULL GROUP BY uri_hash HAVING count(*) > 1)";
        let twice: i64 = self.conn.query_row(twice, [], |r| r.get(0))?;
        if twice > 0 {
            report.problem(|| format!("{twice} objects have two current versions"));
        }
        let overlap = "SELECT count(*) FROM (SELECT first, last, lead(first) OVER (ORDER BY first) AS next FROM seen) WHERE last < first OR last >= next";
        let overlap: i64 = self.conn.query_row(overlap, [], |r| r.get(0))?;
        if overlap > 0 {
            report.problem(|| format!("{overlap} ranges of unchanged objects overlap"));
        }
        Ok(())
    }

    /// Summaries of fields against what is filed: what is nobody's is part of what was counted.
    fn check_counts(&self, known: &Known, report: &mut CheckReport) -> Result<(), IndexError> {
        let mut q = self.conn.prepare(
            "SELECT u.object_id FROM (SELECT object_id, field_id, classifier_id, sum(count) AS n FROM unattributed GROUP BY 1, 2, 3) u
             JOIN object o ON o.id = u.object_id AND o.published = 1
             LEFT JOIN field_summary s ON s.object_id = u.object_id AND s.field_id = u.field_id AND s.classifier_id = u.classifier_id
             WHERE coalesce(s.sightings, 0) < u.n",
        )?;
        for id in q.query_map([], |r| r.get::<_, i64>(0))? {
            let id = id?;
            report.problem(|| format!("object {id}: more is filed than was counted"));
        }
        let mut q = self.conn.prepare("SELECT object_id, field_id, classifier_id, sightings, test_values FROM field_summary")?;
        let mut rows = q.query([])?;
        while let Some(r) = rows.next()? {
            let (object, field, classifier): (i64, i64, i64) = (r.get(0)?, r.get(1)?, r.get(2)?);
            let (sightings, tests): (i64, i64) = (r.get(3)?, r.get(4)?);
            let dataset = known.objects.get(&object).map(|o| o.dataset);
            let named = dataset.is_some() && known.fields.get(&field).copied() == dataset && known.classifiers.contains(&classifier);
            if !named || sightings < 0 || !(0..=sightings).contains(&tests) {
                report.problem(|| format!("object {object}: the summary of a field contradicts itself"));
            }
        }
        Ok(())
    }

    /// Consumers against the links of all current objects.
    fn check_consumers(&self, report: &mut CheckReport) -> Result<(), IndexError> {
        if self.conn.query_row("SELECT EXISTS (SELECT 1 FROM unsettled)", [], |r| r.get(0))? {
            return Ok(());
        }
        let (consumers, shared) = consumers::partition(&self.conn, "o.published = 1 AND o.ended_run IS NULL")?;
        let (mut listed, mut written) = (HashMap::new(), 0);
        standing::each_consumer(&self.conn, &mut |id, members| {
            written += 1;
            listed.insert(id, members.iter().map(|m| IdHash(*m)).collect::<Vec<_>>());
        })?;
        let (mut owners, mut of_several): (ById<ConsumerId>, HashSet<IdHash>) = Default::default();
        standing::each_standing(&self.conn, &mut |id, owner| match owner {
            Owner::Linked(consumer) => drop(owners.insert(id, consumer)),
            Owner::Several | Owner::Alone(_) => drop(of_several.insert(id)),
        })?;
        if written != consumers.len() {
            report.problem(|| format!("{written} consumers of several identifiers are listed, the links prove {}", consumers.len()));
        }
        for members in &consumers {
            let who = owners.get(&members[0]);
            let same = members.iter().all(|m| owners.get(m) == who);
            if !same || who.and_then(|w| listed.get(w)) != Some(members) {
                report.problem(|| "a consumer is not what the links prove".to_owned());
            }
        }
        let proven: usize = consumers.iter().map(Vec::len).sum();
        if owners.len() != proven || of_several.len() != shared.len() || shared.iter().any(|id| !of_several.contains(id)) {
            report.problem(|| "who is linked or shared is not what the links prove".to_owned());
        }
        Ok(())
    }
}
