//! What sightings say besides where and how often, by number: there are few of these, and many sightings.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use rusqlite::{Connection, OptionalExtension, params};

use super::NumberHasher;
use crate::index::IndexError;

/// Field, classifier, certainty, and what the places count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::index) struct Shape {
    /// The field's number.
    pub field: i64,
    /// The classifier's number.
    pub classifier: i64,
    /// As [`crate::identity::Certainty`] counts.
    pub certainty: i64,
    /// As [`super::super::PlaceList::kind`].
    pub kind: i64,
}

/// Shapes that are remembered; archives may have any number of fields.
const HELD: usize = 1 << 16;

/// The shapes of an index, as far as they were asked for.
#[derive(Default)]
pub(in crate::index) struct Shapes {
    by_number: RefCell<HashMap<u64, Shape, BuildHasherDefault<NumberHasher>>>,
    numbers: RefCell<HashMap<Shape, u64, BuildHasherDefault<NumberHasher>>>,
}

impl Shapes {
    /// The shape of this number.
    pub fn get(&self, conn: &Connection, number: u64) -> Result<Shape, IndexError> {
        if let Some(s) = self.by_number.borrow().get(&number) {
            return Ok(*s);
        }
        let mut q = conn.prepare_cached("SELECT field_id, classifier_id, certainty, kind FROM shape WHERE id = ?1")?;
        let found = q
            .query_row([number as i64], |r| Ok(Shape { field: r.get(0)?, classifier: r.get(1)?, certainty: r.get(2)?, kind: r.get(3)? }))
            .optional()?
            .ok_or(IndexError::Damaged("a posting has a shape that is not there"))?;
        let mut held = self.by_number.borrow_mut();
        if held.len() >= HELD {
            held.clear();
        }
        held.insert(number, found);
        Ok(found)
    }

    /// The number of a shape, which is given one if it has none.
    pub fn number(&self, conn: &Connection, s: Shape) -> Result<u64, IndexError> {
        if let Some(n) = self.numbers.borrow().get(&s) {
            return Ok(*n);
        }
        let values = params![s.field, s.classifier, s.certainty, s.kind];
        conn.prepare_cached("INSERT OR IGNORE INTO shape (field_id, classifier_id, certainty, kind) VALUES (?1, ?2, ?3, ?4)")?
            .execute(values)?;
        let sql = "SELECT id FROM shape WHERE field_id = ?1 AND classifier_id = ?2 AND certainty = ?3 AND kind = ?4";
        let n = conn.prepare_cached(sql)?.query_row(values, |r| r.get::<_, i64>(0))? as u64;
        let mut held = self.numbers.borrow_mut();
        if held.len() >= HELD {
            held.clear();
        }
        held.insert(s, n);
        Ok(n)
    }
}
