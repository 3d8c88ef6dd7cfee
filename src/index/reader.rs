//! Reading the index: never blocks the writer, is never blocked by it.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use roaring::RoaringTreemap;
use rusqlite::{Connection, OptionalExtension, Row};

use super::answers::{Evidence, FieldSummary, ObjectRow, Owner, PostingRow};
use super::asof::{AsOf, Scope};
use super::entries::Entry;
use super::error::IndexError;
use super::file::{open_read, unlock};
use super::input::{self, Known};
use super::postings::{self, Identified, Says, Shapes};
use super::seen::last_run;
use super::whose::Numbering;
use super::{links, readings, schema, standing};
use crate::identity::{ConsumerId, Hasher, IdHash, Key};

/// An index opened for reading.
pub struct Reader {
    pub(super) conn: Connection,
    path: PathBuf,
    /// Fields and classifiers whose sightings count for nobody.
    pub(super) left_out: HashSet<(i64, i64)>,
    /// A moment in the past, if answers are for one.
    pub(super) scope: Option<Scope>,
    pub(super) shapes: Shapes,
    /// Whose all identifiers are, once somebody has asked.
    pub(super) numbering: OnceCell<Numbering>,
}

const OBJECT: &str = concat!(
    "SELECT o.id, o.uri, o.version, o.size, o.modified, d.name, o.status, o.ended_run IS NULL, f.started, l.started, o.until
    FROM object o JOIN dataset d ON d.id = o.dataset_id JOIN run f ON f.id = o.first_run JOIN run l ON l.id = ",
    last_run!(),
    " WHERE o.published = 1"
);

impl Reader {
    /// Opens the index at `path`; an error if there is none or it is not ours.
    pub fn open(path: &Path) -> Result<Reader, IndexError> {
        let conn = open_read(path)?;
        schema::check(&conn, path)?;
        // One snapshot for the whole answer, whatever a writer does meanwhile.
        conn.execute_batch("BEGIN")?;
        Ok(Reader {
            conn,
            path: path.to_owned(),
            left_out: HashSet::new(),
            scope: None,
            shapes: Shapes::default(),
            numbering: OnceCell::new(),
        })
    }

    /// The same index as of a moment in the past: what is said to be *current* below is what counted then. An error for
    /// a run that never was.
    pub fn as_of(mut self, asked: AsOf) -> Result<Reader, IndexError> {
        self.scope = Some(Scope::open(&self.conn, asked)?);
        self.numbering = OnceCell::new();
        Ok(self)
    }

    /// The moment that is asked about, where it is not the present.
    pub(super) fn then(&self) -> Option<&Scope> {
        self.scope.as_ref().filter(|s| !s.is_now)
    }

    /// The condition in SQL that object `o` counts: it is current, or it was then.
    pub(super) fn counts(&self) -> &'static str {
        if self.then().is_some() {
            "o.published = 1 AND o.id IN (SELECT id FROM temp.scope)"
        } else {
            "o.published = 1 AND o.ended_run IS NULL"
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The hashes of this index; an error if the key is another's.
    pub fn unlock(&self, key: &Key) -> Result<Hasher, IndexError> {
        unlock(&self.conn, key)
    }

    /// All current objects by the hash of their uri ([`Hasher::name`]).
    pub fn objects_read(&self) -> Result<HashMap<[u8; 16], Known>, IndexError> {
        input::known(&self.conn)
    }

    /// All published objects, current ones only if asked, ordered by uri.
    pub fn objects(&self, current_only: bool) -> Result<Vec<ObjectRow>, IndexError> {
        let filter = if current_only { self.counts() } else { "1" };
        let mut q = self.conn.prepare(&format!("{OBJECT} AND {filter} ORDER BY o.uri, o.first_run, o.id"))?;
        let rows = q.query_map([], object)?.collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// Numbers of the objects that count, of all datasets or of one.
    pub fn counted(&self, dataset: Option<&str>) -> Result<RoaringTreemap, IndexError> {
        let of = "(?1 IS NULL OR o.dataset_id = (SELECT id FROM dataset WHERE name = ?1))";
        let mut q = self.conn.prepare_cached(&format!("SELECT o.id FROM object o WHERE {} AND {of}", self.counts()))?;
        q.query_map([dataset], |r| r.get::<_, i64>(0))?.map(|id| Ok(id? as u64)).collect()
    }

    /// One object.
    pub fn object(&self, id: i64) -> Result<Option<ObjectRow>, IndexError> {
        Ok(self.conn.prepare_cached(&format!("{OBJECT} AND o.id = ?1"))?.query_row([id], object).optional()?)
    }

    /// Names of the fields by number.
    pub fn field_names(&self) -> Result<HashMap<i64, String>, IndexError> {
        Ok(self.conn.prepare("SELECT id, name FROM field")?.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<Result<_, _>>()?)
    }

    /// Datasets and their fields, by name.
    pub fn columns(&self) -> Result<Vec<(String, String)>, IndexError> {
        let mut q = self.conn.prepare("SELECT DISTINCT d.name, f.name FROM field f JOIN dataset d ON d.id = f.dataset_id ORDER BY 1, 2")?;
        Ok(q.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<Result<_, _>>()?)
    }

    /// The member that a field belongs to: its path in the archives that hold it; `None` for an object itself.
    pub fn field_member(&self, field: i64) -> Result<Option<String>, IndexError> {
        let member: Option<String> =
            self.conn.prepare_cached("SELECT member FROM field WHERE id = ?1")?.query_row([field], |r| r.get(0)).optional()?;
        Ok(member.filter(|m| !m.is_empty()))
    }

    /// Classifiers by number: id and data element.
    pub fn classifiers(&self) -> Result<HashMap<i64, (String, String)>, IndexError> {
        Ok(self
            .conn
            .prepare("SELECT id, name, element FROM classifier")?
            .query_map([], |r| Ok((r.get(0)?, (r.get(1)?, r.get(2)?))))?
            .collect::<Result<_, _>>()?)
    }

    /// The classifiers whose values are identifiers, of those that were ever found, by name.
    pub fn identifying(&self) -> Result<Vec<String>, IndexError> {
        let sql = "SELECT name FROM classifier WHERE identity <> 'none' AND id IN (SELECT classifier_id FROM field_summary) ORDER BY name";
        Ok(self.conn.prepare(sql)?.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?)
    }

    /// Whom a strong identifier names; `None` if the index does not know it.
    pub fn owner_of(&self, id: IdHash) -> Result<Option<Owner>, IndexError> {
        if let Some(scope) = self.then() {
            return scope.owner(&self.conn, id);
        }
        let owner = match self.standing(id)? {
            None => postings::identified(&self.conn, id)?.filter(Identified::is_strong).map(|i| Owner::Alone(i.consumer)),
            owner => owner,
        };
        Ok(match (&self.scope, owner) {
            // What ended versions alone name was not there at that moment.
            (Some(scope), Some(Owner::Alone(_))) if !scope.names(&self.conn, id)? => None,
            (_, owner) => owner,
        })
    }

    /// The consumers of a weak identifier, through the strong ones beside it in current records.
    pub fn consumers_of_weak(&self, id: IdHash) -> Result<BTreeSet<ConsumerId>, IndexError> {
        let mut out = BTreeSet::new();
        for (_, entry) in self.entries(id, true)? {
            if let Entry::Beside(anchor) = entry {
                out.extend(self.owner_of(anchor)?.and_then(Owner::consumer));
            }
        }
        Ok(out)
    }

    /// What an id that was printed once stands for now (or then): itself, or those that it was merged into or split to.
    pub fn resolve(&self, consumer: ConsumerId) -> Result<BTreeSet<ConsumerId>, IndexError> {
        let (mut out, mut seen, mut todo) = (BTreeSet::new(), BTreeSet::new(), vec![consumer]);
        while let Some(c) = todo.pop() {
            if !seen.insert(c) {
                continue;
            }
            if self.then().is_some() {
                // Who it is now leads to the identifiers, and they to whoever it was then.
                for (id, _) in self.identifiers_now(c)? {
                    out.extend(self.owner_of(id)?.and_then(Owner::consumer));
                }
            }
            if !self.identifiers(c)?.is_empty() {
                out.insert(c);
            }
            let mut q = self.conn.prepare_cached("SELECT new FROM consumer_alias WHERE old = ?1")?;
            for next in q.query_map([c.0], |r| r.get(0).map(ConsumerId))? {
                todo.push(next?);
            }
        }
        Ok(out)
    }

    /// The strong identifiers of a consumer with the number of their classifier, ordered by hash.
    pub fn identifiers(&self, consumer: ConsumerId) -> Result<Vec<(IdHash, i64)>, IndexError> {
        let Some(scope) = self.then() else { return self.identifiers_now(consumer) };
        scope.members(&self.conn, consumer)?.into_iter().map(|id| self.with_class(id)).collect()
    }

    fn identifiers_now(&self, consumer: ConsumerId) -> Result<Vec<(IdHash, i64)>, IndexError> {
        if let Some(members) = standing::members(&self.conn, consumer)? {
            return members.into_iter().map(|m| self.with_class(m)).collect();
        }
        let mut out = Vec::new();
        for i in postings::alone(&self.conn, consumer)? {
            if self.owner_of(i.hash)? == Some(Owner::Alone(consumer)) {
                out.push((i.hash, i64::from(i.class)));
            }
        }
        Ok(out)
    }

    /// An identifier that names somebody, with the number of its classifier; an error for one that does not.
    pub fn with_class(&self, id: IdHash) -> Result<(IdHash, i64), IndexError> {
        let found = postings::identified(&self.conn, id)?.filter(Identified::is_strong);
        Ok((id, found.map(|i| i64::from(i.class)).ok_or(IndexError::Damaged("a consumer has an identifier that is nowhere"))?))
    }

    /// What published objects (or only current ones) say about an identifier: the object's number and the entry.
    pub(super) fn entries(&self, id: IdHash, current_only: bool) -> Result<Vec<(i64, Entry)>, IndexError> {
        let filter = if current_only { self.counts() } else { "o.published = 1" };
        let mut q = self.conn.prepare_cached(&format!("SELECT EXISTS (SELECT 1 FROM object o WHERE o.id = ?1 AND {filter})"))?;
        let mut out = postings::entries(&self.conn, &self.shapes, id)?;
        let (mut last, mut failed) = (None, None);
        out.retain(|(object, _)| match last {
            Some((o, counts)) if o == *object => counts,
            _ => {
                let counts = q.query_row([*object], |r| r.get(0)).unwrap_or_else(|e| {
                    failed = Some(e);
                    false
                });
                last = Some((*object, counts));
                counts
            }
        });
        failed.map_or(Ok(out), |e| Err(e.into()))
    }

    /// All sightings filed under an identifier, in published objects, current or not; in those that counted then.
    pub fn postings(&self, id: IdHash) -> Result<Vec<PostingRow>, IndexError> {
        let sightings = |(object, entry)| match entry {
            Entry::Sightings { field, classifier, certainty, count, places } => {
                Some(PostingRow { object, field, classifier, certainty, count, places })
            }
            _ => None,
        };
        Ok(self.entries(id, self.scope.is_some())?.into_iter().filter_map(sightings).collect())
    }

    /// Calls `each` with identifier, classifier number, certainty and count of all sightings of an object that have an owner.
    pub fn postings_of_object(&self, object: i64, mut each: impl FnMut(IdHash, i64, i64, u64)) -> Result<(), IndexError> {
        postings::of_object(&self.conn, &self.shapes, object, &mut |who, says, count| {
            if let Says::Sightings(s) = says
                && self.counts_in(s.field, s.classifier)
            {
                each(who.hash, s.classifier, s.certainty, count);
            }
        })
    }

    /// Per classifier number the sightings of an object that are nobody's in the field that has most: so many records at least are
    /// meant. Published test values, which are filed under nobody, stand for no record.
    pub fn unattributed_by_class(&self, object: i64) -> Result<Vec<(i64, u64)>, IndexError> {
        let mut q = self.conn.prepare_cached(
            "SELECT u.classifier_id, u.field_id, sum(u.count) - coalesce((SELECT s.test_values FROM field_summary s
               WHERE s.object_id = ?1 AND s.field_id = u.field_id AND s.classifier_id = u.classifier_id), 0)
             FROM unattributed u WHERE u.object_id = ?1 GROUP BY 1, 2 ORDER BY 1, 2",
        )?;
        let mut out: Vec<(i64, u64)> = Vec::new();
        let rows = q.query_map([object], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?, r.get::<_, i64>(2)?.max(0) as u64)))?;
        for row in rows {
            let (classifier, field, n) = row?;
            if n == 0 || !self.counts_in(field, classifier) {
                continue;
            }
            match out.last_mut().filter(|last| last.0 == classifier) {
                Some(last) => last.1 = last.1.max(n),
                None => out.push((classifier, n)),
            }
        }
        Ok(out)
    }

    /// Published test values and fillers in an object.
    pub fn test_values(&self, object: i64) -> Result<u64, IndexError> {
        let sql = "SELECT coalesce(sum(test_values), 0) FROM field_summary WHERE object_id = ?1";
        Ok(self.conn.prepare_cached(sql)?.query_row([object], |r| r.get::<_, i64>(0))? as u64)
    }

    /// What the fields of current objects hold, ordered by dataset, field, classifier; fields of one name in several
    /// members are one, by the number of the first. As of a run: by the reading that held then.
    pub fn field_summaries(&self) -> Result<Vec<FieldSummary>, IndexError> {
        let mut q = self.conn.prepare(&format!(
            "WITH same AS (SELECT id, min(id) OVER (PARTITION BY dataset_id, name) AS first FROM field)
             SELECT o.dataset_id, same.first, s.classifier_id, sum(s.sightings), sum(s.cells), max(s.confidence)
             FROM {} s JOIN same ON same.id = s.field_id
             JOIN object o ON o.id = s.object_id AND {} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
            readings::summaries(self.asked()),
            self.counts()
        ))?;
        let rows = q.query_map([], |r| {
            Ok(FieldSummary {
                dataset: r.get(0)?,
                field: r.get(1)?,
                classifier: r.get(2)?,
                sightings: r.get::<_, i64>(3)? as u64,
                cells: r.get::<_, i64>(4)? as u64,
                confidence: r.get(5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The records that hold an identifier together with others, in current objects, ordered by object and row.
    pub fn links(&self, id: IdHash) -> Result<Vec<Evidence>, IndexError> {
        self.links_in(id, true)
    }

    /// The same in all objects that were ever read, those that are gone included.
    pub fn links_ever(&self, id: IdHash) -> Result<Vec<Evidence>, IndexError> {
        self.links_in(id, false)
    }

    fn links_in(&self, id: IdHash, current_only: bool) -> Result<Vec<Evidence>, IndexError> {
        let mut out = Vec::new();
        for (_, entry) in self.entries(id, current_only)? {
            if let Entry::Link(link) = entry {
                let evidence = |object, l: links::Link<'_>| {
                    let members = l.members().map(|(c, h)| (i64::from(c), h)).collect();
                    Evidence { object, row: l.record, members }
                };
                out.push(links::get(&self.conn, link, evidence)?.ok_or(IndexError::Damaged("a link is missing"))?);
            }
        }
        out.sort_by_key(|e: &Evidence| (e.object, e.row));
        Ok(out)
    }

    /// Names of the datasets by number.
    pub fn datasets(&self) -> Result<HashMap<i64, String>, IndexError> {
        Ok(self.conn.prepare("SELECT id, name FROM dataset")?.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<Result<_, _>>()?)
    }
}

fn object(r: &Row<'_>) -> rusqlite::Result<ObjectRow> {
    Ok(ObjectRow {
        id: r.get(0)?,
        uri: r.get(1)?,
        version: r.get(2)?,
        size: r.get::<_, i64>(3)? as u64,
        modified: r.get(4)?,
        dataset: r.get(5)?,
        status: r.get(6)?,
        current: r.get(7)?,
        first_seen: r.get(8)?,
        last_seen: r.get(9)?,
        until: r.get(10)?,
    })
}

pub(super) fn blob<'r>(r: &'r Row<'_>, column: usize) -> Result<&'r [u8], IndexError> {
    r.get_ref(column)?.as_blob().map_err(|_| IndexError::Damaged("bytes were expected"))
}
