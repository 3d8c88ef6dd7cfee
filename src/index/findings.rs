//! What was found in one object, and what is known of the object beside that: for those who tell other tools of it.

use super::error::IndexError;
use super::reader::Reader;

/// What an object is, beyond [`super::ObjectRow`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectFacts {
    /// The format that read it, or the kind of archive that it is; `None` if nothing did.
    pub format: Option<String>,
    /// Codes of the reasons why it was not read completely, ordered.
    pub reasons: Vec<String>,
    /// Keyed hash of the true uri where another is shown: two objects may be shown under one name.
    pub sealed: Option<[u8; 16]>,
    /// Fingerprint of the classifiers that read it last.
    pub classifier_set: String,
}

/// What a field of an object, or of a member of it, holds of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectFinding {
    /// The field's number.
    pub field: i64,
    /// The classifier's number.
    pub classifier: i64,
    /// Path in the archives that hold it; `None`: the object itself.
    pub member: Option<String>,
    /// The field's name; `""` is running text.
    pub field_name: String,
    /// The classifier.
    pub id: String,
    /// The data element of law that it finds.
    pub element: String,
    /// Sightings.
    pub count: u64,
    /// The highest confidence.
    pub confidence: f64,
}

impl Reader {
    /// Format, reasons and sealed name of an object.
    pub fn facts_of_object(&self, object: i64) -> Result<ObjectFacts, IndexError> {
        let sql = "SELECT kind, CASE WHEN uri_sealed IS NOT NULL THEN uri_hash END, classifier_set FROM object WHERE id = ?1";
        let (format, sealed, classifier_set) =
            self.conn.prepare_cached(sql)?.query_row([object], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
        let mut q = self.conn.prepare_cached("SELECT DISTINCT reason FROM coverage WHERE object_id = ?1 ORDER BY 1")?;
        let reasons = q.query_map([object], |r| r.get(0))?.collect::<Result<_, _>>()?;
        Ok(ObjectFacts { format, reasons, sealed, classifier_set })
    }

    /// What was found in an object, ordered by member, field, classifier.
    pub fn findings_of_object(&self, object: i64) -> Result<Vec<ObjectFinding>, IndexError> {
        let mut q = self.conn.prepare_cached(
            "SELECT s.field_id, s.classifier_id, f.member, f.name, c.name, c.element, s.sightings, s.confidence
             FROM field_summary s JOIN field f ON f.id = s.field_id JOIN classifier c ON c.id = s.classifier_id
             WHERE s.object_id = ?1 AND s.sightings > 0 ORDER BY f.member, f.name, c.name",
        )?;
        let rows = q.query_map([object], |r| {
            Ok(ObjectFinding {
                field: r.get(0)?,
                classifier: r.get(1)?,
                member: Some(r.get::<_, String>(2)?).filter(|m| !m.is_empty()),
                field_name: r.get(3)?,
                id: r.get(4)?,
                element: r.get(5)?,
                count: r.get::<_, i64>(6)? as u64,
                confidence: r.get(7)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
