//! The index for people who know SQL: views with readable names, on a connection that cannot write.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;

use super::answers::Owner;
use super::error::IndexError;
use super::file::open_read;
use super::seen::last_run;
use super::{postings, schema, standing};
use crate::identity::IdHash;

/// The views: name, columns, what it holds. Times are RFC 3339, identifiers and consumers hex.
pub const VIEWS: &[(&str, &str, &str)] = &[
    (
        "runs",
        "run, started, ended, status, sources, listed, unchanged, read, partial, unread, gone, bytes, records, sightings, hold",
        "every run",
    ),
    (
        "objects",
        "object, uri, version, size, modified, dataset, status, format, records, current, first_run, last_run, ended_run, until",
        "every object version",
    ),
    (
        "fields",
        "object, dataset, member, field, classifier, sightings, test_values, filled, confidence",
        "what a field of an object version holds",
    ),
    ("identifiers", "identifier, classifier, consumer, linked, shared", "strong identifiers, by keyed hash"),
    (
        "sightings",
        "identifier, consumer, object, member, field, classifier, certainty, count, places",
        "what was seen, under the identifier it belongs to; certainty 0 itself, 1 its record, 2 possible, 3 weak; places as JSON",
    ),
    ("unattributed", "object, member, field, classifier, count", "sightings that are nobody's"),
    ("coverage", "run, object, uri, member, status, reason, detail", "what was not fully read"),
];

const DEFINITIONS: &str = concat!(
    "
CREATE TEMP VIEW runs AS SELECT id AS run, rfc3339(started) AS started, rfc3339(ended) AS ended,
  CASE WHEN completed IS NOT NULL THEN 'completed' WHEN ended IS NOT NULL THEN 'stopped' ELSE 'unfinished' END AS status, sources, listed,
  unchanged, read, partial, unread, gone, bytes_stored AS bytes, records, sightings, hold FROM main.run;
CREATE TEMP VIEW objects AS SELECT o.id AS object, uri, version, size, rfc3339(modified) AS modified, d.name AS dataset, status, kind AS format,
  records, ended_run IS NULL AS current, first_run, ",
    last_run!(),
    " AS last_run, ended_run, rfc3339(until) AS until FROM main.object o JOIN main.dataset d ON d.id = dataset_id
  WHERE published = 1;
CREATE TEMP VIEW fields AS SELECT object_id AS object, d.name AS dataset, nullif(f.member, '') AS member, f.name AS field, c.name AS classifier, s.sightings, test_values,
  cells AS filled, confidence FROM main.field_summary s JOIN main.field f ON f.id = field_id JOIN main.dataset d ON d.id = f.dataset_id
  JOIN main.classifier c ON c.id = classifier_id JOIN main.object o ON o.id = object_id AND o.published = 1;
CREATE TEMP VIEW standings AS SELECT unhex(i.value ->> 'hash') AS hash, unhex(i.value ->> 'consumer') AS consumer
  FROM main.standing b JOIN json_each(standing_json(b.first, b.data)) i;
CREATE TEMP VIEW identifiers AS SELECT lower(hex(e.hash)) AS identifier, c.name AS classifier, 'c_' || lower(hex(coalesce(s.consumer, e.consumer))) AS consumer,
  s.consumer IS NOT NULL AS linked, s.hash IS NOT NULL AND s.consumer IS NULL AS shared FROM (SELECT unhex(i.value ->> 'hash') AS hash, min(i.value ->> 'class') AS class,
  unhex(i.value ->> 'consumer') AS consumer FROM main.segment_identifier d JOIN json_each(identifiers_json(d.data)) i WHERE i.value ->> 'class' > 0 GROUP BY 1) e
  JOIN main.classifier c ON c.id = e.class LEFT JOIN standings s ON s.hash = e.hash;
CREATE TEMP VIEW sightings AS SELECT lower(hex(p.hash)) AS identifier,
  CASE WHEN s.consumer IS NOT NULL THEN 'c_' || lower(hex(s.consumer)) WHEN s.hash IS NULL THEN 'c_' || lower(hex(p.alone)) END AS consumer,
  o.id AS object, nullif(f.member, '') AS member, f.name AS field, c.name AS classifier, h.certainty, p.count,
  json_object(CASE h.kind WHEN 0 THEN 'rows' ELSE 'bytes' END, json(p.ranges)) AS places
  FROM (SELECT identifier_at(d.data, e.value ->> 'ordinal') AS hash, consumer_at(d.data, e.value ->> 'ordinal') AS alone, e.value ->> 'object' AS object,
  e.value ->> 'shape' AS shape, e.value ->> 'count' AS count, e.value -> 'ranges' AS ranges
  FROM main.segment_posting b JOIN main.segment g ON g.id = b.segment_id JOIN json_each(postings_json(b.data, b.first, g.base)) e
  JOIN main.segment_identifier d ON d.id = dictionary_row(g.id, e.value ->> 'ordinal')) p
  JOIN main.object o ON o.id = p.object AND o.published = 1 JOIN main.shape h ON h.id = p.shape JOIN main.field f ON f.id = h.field_id
  JOIN main.classifier c ON c.id = h.classifier_id LEFT JOIN standings s ON s.hash = p.hash;
CREATE TEMP VIEW unattributed AS SELECT object_id AS object, nullif(f.member, '') AS member, f.name AS field, c.name AS classifier, count FROM main.unattributed
  JOIN main.field f ON f.id = field_id JOIN main.classifier c ON c.id = classifier_id JOIN main.object o ON o.id = object_id AND o.published = 1;
CREATE TEMP VIEW coverage AS SELECT run_id AS run, object_id AS object, uri, member, status, reason, detail FROM main.coverage;
"
);

/// A value of a result.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// NULL.
    Null,
    /// A whole number.
    Integer(i64),
    /// Any other.
    Real(f64),
    /// Text; bytes are hex.
    Text(String),
}

/// Opens the index so that nothing can be written to it, with the views.
pub(super) fn open(path: &Path) -> Result<Connection, IndexError> {
    let conn = open_read(path)?;
    schema::check(&conn, path)?;
    let pure = FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_UTF8;
    postings::register(&conn)?;
    conn.create_scalar_function("standing_json", 2, pure, |c| {
        let failed = |e: IndexError| rusqlite::Error::UserFunctionError(e.to_string().into());
        let blob = |i| c.get_raw(i).as_blob().map_err(|e| rusqlite::Error::UserFunctionError(e.into()));
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let row = |(id, owner): (IdHash, Owner)| serde_json::json!({ "hash": hex(&id.0), "consumer": owner.consumer().map(|c| hex(&c.0)) });
        Ok(serde_json::Value::Array(standing::of_block(&[], blob(0)?, blob(1)?).map_err(failed)?.0.into_iter().map(row).collect())
            .to_string())
    })?;
    conn.create_scalar_function("rfc3339", 1, pure, |c| Ok(c.get::<Option<i64>>(0)?.map(|t| crate::base::Timestamp(t).to_string())))?;
    conn.execute_batch(DEFINITIONS)?;
    conn.execute_batch("PRAGMA query_only = ON; BEGIN")?;
    Ok(conn)
}

/// Asks; `head` gets the names of the columns, then `row` every row. Only `SELECT`, `WITH`, `VALUES` and `EXPLAIN`, and
/// one statement.
pub(super) fn query(
    path: &Path,
    sql: &str,
    head: &mut dyn FnMut(Vec<String>) -> std::io::Result<()>,
    row: &mut dyn FnMut(Vec<Cell>) -> std::io::Result<()>,
) -> Result<(), IndexError> {
    let first = sql.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default().to_ascii_lowercase();
    if !["select", "with", "values", "explain"].contains(&first.as_str()) {
        return Err(IndexError::Query("only SELECT (and WITH, VALUES, EXPLAIN) is possible: nothing is written here".to_owned()));
    }
    let conn = open(path)?;
    let failed = |e: rusqlite::Error| IndexError::Query(format!("SQL: {}", message(&e)));
    // One statement; text after it is an error of its own.
    let mut statement = conn.prepare(sql).map_err(failed)?;
    if !statement.readonly() {
        return Err(IndexError::Query("this statement would write; nothing is written here".to_owned()));
    }
    let out = |source| IndexError::File { path: "standard output".into(), source };
    head(statement.column_names().map(str::to_owned).collect()).map_err(out)?;
    let columns = statement.column_count();
    let mut rows = statement.query([]).map_err(failed)?;
    while let Some(r) = rows.next().map_err(failed)? {
        let cells = (0..columns).map(|i| r.get_ref(i).map(cell)).collect::<Result<_, _>>().map_err(failed)?;
        row(cells).map_err(out)?;
    }
    Ok(())
}

/// The words of SQLite, without the text of the query around them.
fn message(e: &rusqlite::Error) -> String {
    match e {
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        rusqlite::Error::SqliteFailure(_, Some(msg)) => msg.clone(),
        rusqlite::Error::MultipleStatement => "one statement at a time".to_owned(),
        other => other.to_string(),
    }
}

fn cell(v: ValueRef<'_>) -> Cell {
    match v {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(n) => Cell::Integer(n),
        ValueRef::Real(x) => Cell::Real(x),
        ValueRef::Text(t) => Cell::Text(String::from_utf8_lossy(t).into_owned()),
        ValueRef::Blob(b) => Cell::Text(b.iter().map(|b| format!("{b:02x}")).collect()),
    }
}

impl super::Reader {
    /// Asks the index in SQL; see [`VIEWS`]. The statement sees the newest commit and cannot write.
    pub fn sql(
        &self,
        sql: &str,
        head: &mut dyn FnMut(Vec<String>) -> std::io::Result<()>,
        row: &mut dyn FnMut(Vec<Cell>) -> std::io::Result<()>,
    ) -> Result<(), IndexError> {
        query(self.path(), sql, head, row)
    }
}
