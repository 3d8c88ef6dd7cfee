//! Key columns in the index: samples of columns, what was decided, what objects were read with.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use rusqlite::{Connection, params};

use super::answers::Owner;
use super::entries::Entry;
use super::error::IndexError;
use super::postings::{self, Identified, Scan, Shapes};
use super::reader::Reader;
use super::standing;
use super::writer::Writer;
use crate::identity::keys::{ActiveKeys, Column, ColumnSample, Decision, KeyColumn, KeyPair, Namespace, Status, Verdict};
use crate::identity::{Certainty, IdHash};

const TABLES: &str = include_str!("keys.sql");

/// A key's data element: none that a law counts.
const ELEMENT: &str = "unique_identifier";

/// Relations, by dataset and field of both ends.
pub type Ends = ((String, String), (String, String));

/// Creates the tables.
pub(super) fn tables(conn: &Connection) -> Result<(), IndexError> {
    Ok(conn.execute_batch(TABLES)?)
}

const SAMPLES_BROKEN: IndexError = IndexError::Damaged("a sample of a key column breaks off");

impl Writer {
    /// The key columns from now on: those that `decide` was told of last, and those of the configuration.
    pub fn set_keys(&mut self, keys: Arc<ActiveKeys>, classifiers: usize) -> Result<(), IndexError> {
        self.classifiers.truncate(classifiers);
        for ns in keys.namespaces() {
            self.conn.execute(
                "INSERT INTO classifier (name, element, identity) VALUES (?1, ?2, 'strong') ON CONFLICT (name) DO UPDATE SET identity = 'strong'",
                [&ns.class, ELEMENT],
            )?;
            self.classifiers.push(self.conn.query_row("SELECT id FROM classifier WHERE name = ?1", [&ns.class], |r| r.get(0))?);
        }
        self.keys = keys;
        Ok(())
    }

    /// Notes the keys that an object is read with.
    pub(super) fn read_with(&self, object: i64, dataset: &str) -> Result<(), IndexError> {
        let keys = self.keys.fingerprint(dataset);
        if !keys.is_empty() {
            self.conn.prepare_cached("INSERT INTO object_keys VALUES (?1, ?2)")?.execute(params![object, keys])?;
        }
        Ok(())
    }

    /// Stores the samples of an object.
    pub(super) fn store_keys(&self, object: i64, fields: &[i64], keys: &[(u32, ColumnSample)]) -> Result<(), IndexError> {
        for (field, sample) in keys {
            let Some(field) = fields.get(*field as usize) else { continue };
            let sample = sample.with_classes(|c| self.classifiers.get(usize::from(c)).map(|id| *id as u16));
            self.conn.prepare_cached("INSERT INTO key_sample (object_id, field_id, sample) VALUES (?1, ?2, ?3)")?.execute(params![
                object,
                field,
                sample.encode()
            ])?;
        }
        Ok(())
    }

    /// Whether there are current objects that were read with other key columns than they have now.
    pub fn others_keys(&mut self) -> Result<bool, IndexError> {
        let mut q = self.conn.prepare(
            "SELECT DISTINCT d.name, coalesce(k.keys, '') FROM object o JOIN dataset d ON d.id = o.dataset_id
             LEFT JOIN object_keys k ON k.object_id = o.id WHERE o.published = 1 AND o.ended_run IS NULL",
        )?;
        let mut rows = q.query([])?;
        while let Some(r) = rows.next()? {
            if self.keys.fingerprint(&r.get::<_, String>(0)?) != r.get::<_, String>(1)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What the newest run decided.
    pub fn decided_keys(&self) -> Result<Vec<KeyColumn>, IndexError> {
        columns(&self.conn)
    }

    /// All columns of current objects of which there are samples.
    pub fn key_candidates(&self) -> Result<Vec<Column>, IndexError> {
        let mut found: BTreeMap<(String, String), Column> = BTreeMap::new();
        let mut numbers: HashMap<(String, String), (i64, i64)> = HashMap::new();
        let mut q = self.conn.prepare(
            "SELECT d.name, f.name, k.sample, d.id, f.id FROM key_sample k JOIN object o ON o.id = k.object_id AND o.published = 1 AND o.ended_run IS NULL
             JOIN field f ON f.id = k.field_id JOIN dataset d ON d.id = o.dataset_id",
        )?;
        let mut rows = q.query([])?;
        while let Some(r) = rows.next()? {
            let ends: (String, String) = (r.get(0)?, r.get(1)?);
            let sample = ColumnSample::decode(r.get_ref(2)?.as_blob().map_err(|_| SAMPLES_BROKEN)?).ok_or(SAMPLES_BROKEN)?;
            numbers.insert(ends.clone(), (r.get(3)?, r.get(4)?));
            let c = found.entry(ends).or_insert_with_key(|(dataset, field)| Column {
                dataset: dataset.clone(),
                field: field.clone(),
                ..Column::default()
            });
            c.sample.merge(&sample);
        }
        // How many strong identifiers the fields of each dataset hold.
        let mut strong: HashMap<i64, HashMap<i64, i64>> = HashMap::new();
        let mut q = self.conn.prepare(
            "SELECT o.dataset_id, s.field_id, sum(s.sightings - s.test_values) FROM field_summary s
             JOIN object o ON o.id = s.object_id AND o.published = 1 AND o.ended_run IS NULL
             JOIN classifier c ON c.id = s.classifier_id AND c.identity = 'strong' GROUP BY 1, 2",
        )?;
        let mut rows = q.query([])?;
        while let Some(r) = rows.next()? {
            strong.entry(r.get(0)?).or_default().insert(r.get(1)?, r.get(2)?);
        }
        for (ends, c) in &mut found {
            let (dataset, field) = numbers[ends];
            let Some(fields) = strong.get(&dataset) else { continue };
            let share = |n: i64| n as f64 / c.sample.cells.max(1) as f64;
            c.strong = fields.iter().filter(|(f, _)| **f != field).map(|(_, n)| share(*n)).fold(0.0, f64::max);
            c.personal = fields.get(&field).map_or(0.0, |n| share(*n));
        }
        Ok(found.into_values().collect())
    }

    /// Relations that all values spoke against, as long as the samples are the same.
    pub fn refuted_keys(&self, candidates: &[Column]) -> Result<BTreeSet<Ends>, IndexError> {
        let mut q = self.conn.prepare("SELECT dataset, field, to_dataset, to_field, samples FROM key_refuted")?;
        let rows = q.query_map([], |r| Ok((((r.get(0)?, r.get(1)?), (r.get(2)?, r.get(3)?)), r.get::<_, String>(4)?)))?;
        let all: Vec<(Ends, String)> = rows.collect::<Result<_, _>>()?;
        Ok(all.into_iter().filter(|(ends, samples)| samples_of(candidates, ends).as_ref() == Some(samples)).map(|a| a.0).collect())
    }

    /// Stores what was decided.
    pub fn decide_keys(&mut self, decision: &Decision) -> Result<(), IndexError> {
        self.conn.execute_batch("DELETE FROM key_column; DELETE FROM key_pair;")?;
        for c in &decision.columns {
            self.conn.prepare_cached("INSERT INTO key_column VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(params![
                c.dataset,
                c.field,
                c.namespace.class,
                c.namespace.space,
                c.declared
            ])?;
        }
        for p in &decision.pairs {
            self.conn.prepare_cached("INSERT INTO key_pair VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, NULL, NULL)")?.execute(
                params![
                    p.from.0,
                    p.from.1,
                    p.to.0,
                    p.to.1,
                    p.status.code(),
                    p.verdict.code(),
                    p.compared as i64,
                    p.contained as i64,
                    p.agree as i64,
                    p.differ as i64
                ],
            )?;
        }
        Ok(())
    }

    /// Counts, for every relation that links, how many of all values are in the key, and notes those with fewer than `least` of
    /// them as refuted. Returns whether there are such.
    pub fn confirm_keys(&mut self, decision: &Decision, candidates: &[Column], least: f64) -> Result<bool, IndexError> {
        let accepted: Vec<&KeyPair> = decision.pairs.iter().filter(|p| p.status == Status::Accepted).collect();
        if accepted.is_empty() {
            return Ok(false);
        }
        self.flush()?;
        let held = self.key_values(&decision.columns)?;
        let mut refuted = false;
        for p in accepted {
            let (Some(from), Some(to)) = (held.get(&p.from), held.get(&p.to)) else { continue };
            let (all, inside) = (from.len() as i64, from.intersection(to).count() as i64);
            self.conn
                .prepare_cached(
                    "UPDATE key_pair SET all_values = ?5, all_inside = ?6 WHERE dataset = ?1 AND field = ?2 AND to_dataset = ?3 AND to_field = ?4",
                )?
                .execute(params![p.from.0, p.from.1, p.to.0, p.to.1, all, inside])?;
            let ends: Ends = (p.from.clone(), p.to.clone());
            if (inside as f64) < all as f64 * least
                && let Some(samples) = samples_of(candidates, &ends)
            {
                refuted = true;
                self.conn
                    .prepare_cached("INSERT OR REPLACE INTO key_refuted VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
                    .execute(params![p.from.0, p.from.1, p.to.0, p.to.1, samples, all, inside])?;
            }
        }
        Ok(refuted)
    }

    /// The distinct values (as hashes) of key columns in current objects, by dataset and field.
    fn key_values(&self, columns: &[KeyColumn]) -> Result<HashMap<(String, String), HashSet<IdHash>>, IndexError> {
        let mut out: HashMap<(String, String), HashSet<IdHash>> = HashMap::new();
        let mut fields: HashMap<i64, (String, String)> = HashMap::new();
        for c in columns {
            let sql = "SELECT f.id FROM field f JOIN dataset d ON d.id = f.dataset_id WHERE d.name = ?1 AND f.name = ?2";
            for id in self.conn.prepare_cached(sql)?.query_map([&c.dataset, &c.field], |r| r.get(0))? {
                fields.insert(id?, (c.dataset.clone(), c.field.clone()));
            }
        }
        let classes: HashSet<&str> = columns.iter().map(|c| c.namespace.class.as_str()).collect();
        let mut numbers: HashSet<u16> = HashSet::new();
        for class in classes {
            let mut q = self.conn.prepare_cached("SELECT id FROM classifier WHERE name = ?1")?;
            numbers.extend(q.query_map([class], |r| r.get::<_, u16>(0))?.collect::<Result<Vec<_>, _>>()?);
        }
        each_of_class(&self.conn, &|class| numbers.contains(&class), &mut |who, entries| {
            for entry in entries {
                if let Entry::Sightings { field, certainty, .. } = entry
                    && *certainty == Certainty::Own as i64
                    && let Some(ends) = fields.get(field)
                {
                    out.entry(ends.clone()).or_default().insert(who.hash);
                }
            }
        })?;
        Ok(out)
    }
}

/// Calls `each` with the identifiers of some classes (numbers of classifiers) and what current objects say about them, one
/// segment after the other.
fn each_of_class(conn: &Connection, wanted: &dyn Fn(u16) -> bool, each: &mut dyn FnMut(&Identified, &[Entry])) -> Result<(), IndexError> {
    let current: HashSet<i64> = conn
        .prepare("SELECT id FROM object WHERE published = 1 AND ended_run IS NULL")?
        .query_map([], |r| r.get(0))?
        .collect::<Result<_, _>>()?;
    let shapes = Shapes::default();
    for segment in postings::segments(conn)? {
        let mut scan = Scan::new(conn, segment);
        while let Some(who) = scan.step()? {
            if who.is_strong() && wanted(who.class) {
                let all = scan.entries(&shapes)?;
                let entries: Vec<Entry> = all.into_iter().filter(|e| current.contains(&e.0)).map(|e| e.1).collect();
                if !entries.is_empty() {
                    each(&who, &entries);
                }
            }
        }
    }
    Ok(())
}

/// What tells the samples of a relation from others; `None` if there are none.
fn samples_of(candidates: &[Column], ends: &Ends) -> Option<String> {
    let of = |end: &(String, String)| candidates.iter().find(|c| c.dataset == end.0 && c.field == end.1).map(|c| c.sample.encode());
    let mut hash = blake3::Hasher::new();
    hash.update(&of(&ends.0)?).update(&of(&ends.1)?);
    Some(hash.finalize().to_hex()[..16].to_owned())
}

fn columns(conn: &Connection) -> Result<Vec<KeyColumn>, IndexError> {
    let mut q = conn.prepare("SELECT dataset, field, class, space, declared FROM key_column ORDER BY dataset, field")?;
    let row = |r: &rusqlite::Row<'_>| {
        let namespace = Namespace { class: r.get(2)?, space: r.get(3)? };
        Ok(KeyColumn { dataset: r.get(0)?, field: r.get(1)?, namespace, declared: r.get(4)? })
    };
    Ok(q.query_map([], row)?.collect::<Result<_, _>>()?)
}

/// A relation between columns, as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredPair {
    /// What the samples say.
    pub pair: KeyPair,
    /// Distinct values in all rows of the column, and of these those in the key; `None` where it does not link.
    pub all: Option<(u64, u64)>,
}

impl Reader {
    /// The key columns, by dataset and field.
    pub fn key_columns(&self) -> Result<Vec<KeyColumn>, IndexError> {
        columns(&self.conn)
    }

    /// Relations between columns, by dataset and field.
    pub fn key_pairs(&self) -> Result<Vec<StoredPair>, IndexError> {
        let mut q = self.conn.prepare(
            "SELECT dataset, field, to_dataset, to_field, status, verdict, compared, contained, agree, differ, all_values, all_inside FROM key_pair
             ORDER BY dataset, field, to_dataset, to_field",
        )?;
        let mut rows = q.query([])?;
        let mut out = Vec::new();
        while let Some(r) = rows.next()? {
            let n = |i: usize| r.get::<_, i64>(i).map(|n| n as u64);
            let status = [Status::Accepted, Status::Proposed, Status::Contradicted];
            let code: String = r.get(4)?;
            let status = status.into_iter().find(|s| s.code() == code).ok_or(IndexError::Damaged("a relation of unknown status"))?;
            let verdict = Verdict::from_code(&r.get::<_, String>(5)?).ok_or(IndexError::Damaged("a relation without a reason"))?;
            let all = r.get::<_, Option<i64>>(10)?.zip(r.get::<_, Option<i64>>(11)?).map(|(a, b)| (a as u64, b as u64));
            let pair = KeyPair {
                from: (r.get(0)?, r.get(1)?),
                to: (r.get(2)?, r.get(3)?),
                status,
                verdict,
                compared: n(6)?,
                contained: n(7)?,
                agree: n(8)?,
                differ: n(9)?,
            };
            out.push(StoredPair { pair, all });
        }
        Ok(out)
    }

    /// For each key column: distinct values, those linked with other identifiers, and those that link nothing because they
    /// join too many. By class name.
    pub fn key_counts(&self) -> Result<BTreeMap<String, (u64, u64, u64)>, IndexError> {
        let names: HashMap<u16, String> = self
            .conn
            .prepare("SELECT id, name FROM classifier WHERE name LIKE 'key.%'")?
            .query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let mut of_class: HashMap<IdHash, u16> = HashMap::new();
        each_of_class(&self.conn, &|c| names.contains_key(&c), &mut |who, _| {
            of_class.entry(who.hash).or_insert(who.class);
        })?;
        let mut out: BTreeMap<String, (u64, u64, u64)> = BTreeMap::new();
        for (id, class) in of_class {
            let Some(name) = names.get(&class) else { continue };
            let n = out.entry(name.clone()).or_default();
            n.0 += 1;
            match standing::standing(&self.conn, id)? {
                Some(Owner::Linked(_)) => n.1 += 1,
                Some(Owner::Several) => n.2 += 1,
                Some(Owner::Alone(_)) | None => {}
            }
        }
        Ok(out)
    }

    /// What the current objects were read with, by dataset: key columns (fingerprint; empty for none) and number of objects.
    pub fn keys_read(&self) -> Result<Vec<(String, String, u64)>, IndexError> {
        let mut q = self.conn.prepare(
            "SELECT d.name, coalesce(k.keys, ''), count(*) FROM object o JOIN dataset d ON d.id = o.dataset_id
             LEFT JOIN object_keys k ON k.object_id = o.id WHERE o.published = 1 AND o.ended_run IS NULL AND o.status <> 'unread' GROUP BY 1, 2",
        )?;
        let row = |r: &rusqlite::Row<'_>| Ok((r.get(0)?, r.get(1)?, r.get::<_, i64>(2)? as u64));
        Ok(q.query_map([], row)?.collect::<Result<_, _>>()?)
    }
}
