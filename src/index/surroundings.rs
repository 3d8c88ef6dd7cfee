//! What layouts tell of objects and datasets: written anew by every listing, since a newer export makes history of an
//! older one without changing a byte of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::asof::AsOf;
use super::error::IndexError;
use super::reader::Reader;
use super::writer::Writer;
use crate::base::{Role, Timestamp};

const TABLES: &str = include_str!("surroundings.sql");

/// Creates the tables.
pub(super) fn tables(conn: &Connection) -> Result<(), IndexError> {
    Ok(conn.execute_batch(TABLES)?)
}

/// What surrounds an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// What it is to its dataset.
    pub role: Role,
    /// The moment whose state it shows.
    pub as_of: Option<Timestamp>,
}

/// What is known of a dataset, as the index holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatasetNote {
    /// The kind of export; `None`: plain objects.
    pub kind: Option<String>,
    /// Types of columns by field name.
    pub types: BTreeMap<String, String>,
}

impl Writer {
    /// Notes what surrounds a listed object, by its true uri; what an earlier listing found is replaced.
    pub fn surround(&mut self, uri: &str, note: &Note) -> Result<(), IndexError> {
        let hash = self.hasher.name(uri);
        if *note == Note::default() {
            self.conn.prepare_cached("DELETE FROM surroundings WHERE uri_hash = ?1")?.execute([hash])?;
        } else {
            let sql = "INSERT INTO surroundings VALUES (?1, ?2, ?3)
                       ON CONFLICT (uri_hash) DO UPDATE SET role = excluded.role, as_of = excluded.as_of
                       WHERE role IS NOT excluded.role OR as_of IS NOT excluded.as_of";
            self.conn.prepare_cached(sql)?.execute(params![hash, note.role.code(), note.as_of.map(|t| t.0)])?;
        }
        Ok(())
    }

    /// Notes what is known of a dataset; names of columns as they may be shown. PRIVACY: types are words of a database.
    pub fn describe(&mut self, dataset: &str, kind: &str, types: &[(String, String)]) -> Result<(), IndexError> {
        self.conn.execute("INSERT OR REPLACE INTO dataset_kind VALUES (?1, ?2)", [dataset, kind])?;
        self.conn.execute("DELETE FROM source_type WHERE dataset = ?1", [dataset])?;
        for (field, ty) in types {
            self.conn.prepare_cached("INSERT OR REPLACE INTO source_type VALUES (?1, ?2, ?3)")?.execute([dataset, field, ty])?;
        }
        Ok(())
    }
}

impl Reader {
    /// What surrounds objects, by the object's number. An object that is not in it is plain data.
    pub fn notes(&self) -> Result<HashMap<i64, Note>, IndexError> {
        let sql = format!("SELECT o.id, s.role, s.as_of FROM surroundings s JOIN object o ON {} = s.uri_hash", self.told_of());
        let mut q = self.conn.prepare(&sql)?;
        Ok(q.query_map([], |r| Ok((r.get(0)?, note(r)?)))?.collect::<Result<_, _>>()?)
    }

    /// What surrounds one object.
    pub fn note(&self, object: i64) -> Result<Note, IndexError> {
        let key = self.told_of();
        let sql = format!("SELECT o.id, s.role, s.as_of FROM object o JOIN surroundings s ON {key} = s.uri_hash WHERE o.id = ?1");
        Ok(self.conn.prepare_cached(&sql)?.query_row([object], note).optional()?.unwrap_or_default())
    }

    /// By which name of an object `o`, in SQL, its role is told. Versions that were overwritten are history now; at a time when one of them
    /// was stored it was what the current one is now.
    fn told_of(&self) -> &'static str {
        match self.asked() {
            Some(AsOf::Time(_)) => "coalesce(o.version_of, o.uri_hash)",
            _ => "o.uri_hash",
        }
    }

    /// What is known of datasets, by their name.
    pub fn dataset_notes(&self) -> Result<HashMap<String, DatasetNote>, IndexError> {
        let mut out: HashMap<String, DatasetNote> = HashMap::new();
        let mut q = self.conn.prepare("SELECT dataset, kind FROM dataset_kind")?;
        let mut rows = q.query([])?;
        while let Some(r) = rows.next()? {
            out.entry(r.get(0)?).or_default().kind = Some(r.get(1)?);
        }
        let mut q = self.conn.prepare("SELECT dataset, field, type FROM source_type")?;
        let mut rows = q.query([])?;
        while let Some(r) = rows.next()? {
            out.entry(r.get(0)?).or_default().types.insert(r.get(1)?, r.get(2)?);
        }
        Ok(out)
    }

    /// Numbers of the objects in which something was found.
    pub fn objects_with_findings(&self) -> Result<BTreeSet<i64>, IndexError> {
        let mut q = self.conn.prepare("SELECT DISTINCT object_id FROM field_summary")?;
        Ok(q.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?)
    }
}

fn note(r: &Row<'_>) -> rusqlite::Result<Note> {
    let role = Role::from_code(&r.get::<_, String>(1)?).unwrap_or_default();
    Ok(Note { role, as_of: r.get::<_, Option<i64>>(2)?.map(Timestamp) })
}
