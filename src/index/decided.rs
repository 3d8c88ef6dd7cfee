//! What is known of values that do not count as found: those that somebody allows, those that are protected, and what a
//! reader is told to leave out.

use std::collections::{HashMap, HashSet};

use rusqlite::params;

use super::error::IndexError;
use super::reader::Reader;
use super::writer::Writer;

/// How many values of a field of one object are in a state, as it is written.
#[derive(Clone, Copy, Debug)]
pub struct StateCount {
    /// Index into the field names.
    pub field: u32,
    /// Index into the classifier set of the run.
    pub classifier: u16,
    /// `allowed`, or how they are protected: `masked`, `truncated`, `hashed`, `tokenised`, `encrypted`.
    pub state: &'static str,
    /// How many.
    pub count: u64,
    /// Values of the field that are not empty; 0 in running text.
    pub cells: u64,
}

/// The same of all current objects of a dataset.
#[derive(Clone, Debug)]
pub struct FieldState {
    /// The dataset's number.
    pub dataset: i64,
    /// The field's number.
    pub field: i64,
    /// The classifier's number.
    pub classifier: i64,
    /// See [`StateCount::state`].
    pub state: String,
    /// How many.
    pub count: u64,
    /// Values of the field that are not empty; 0 in running text.
    pub cells: u64,
}

impl Writer {
    /// Stores the states of an object that is being published; `fields`: the numbers of its fields.
    pub(super) fn states(&self, object: i64, fields: &[i64], states: &[StateCount]) -> Result<(), IndexError> {
        for s in states {
            self.conn.prepare_cached("INSERT INTO field_state VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
                object,
                fields[s.field as usize],
                self.classifiers[usize::from(s.classifier)],
                s.state,
                s.count as i64,
                s.cells as i64
            ])?;
        }
        Ok(())
    }
}

impl Reader {
    /// The same index without the sightings of some fields and classifiers, by their numbers: nobody is counted for them. What
    /// fields hold ([`Reader::field_summaries`]) and where an identifier is ([`Reader::postings`]) is told as before.
    #[must_use]
    pub fn leaving_out(mut self, what: HashSet<(i64, i64)>) -> Reader {
        self.left_out = what;
        self
    }

    /// Whether the sightings of this field and classifier count.
    pub(super) fn counts_in(&self, field: i64, classifier: i64) -> bool {
        self.left_out.is_empty() || !self.left_out.contains(&(field, classifier))
    }

    /// All that was ever found, in clear or not: numbers of dataset, field and classifier.
    pub fn field_classifiers(&self) -> Result<Vec<(i64, i64, i64)>, IndexError> {
        let mut q = self.conn.prepare(
            "SELECT f.dataset_id, s.field_id, s.classifier_id
             FROM (SELECT field_id, classifier_id FROM field_summary UNION SELECT field_id, classifier_id FROM field_state) s
             JOIN field f ON f.id = s.field_id ORDER BY 1, 2, 3",
        )?;
        Ok(q.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?.collect::<Result<_, _>>()?)
    }

    /// What the fields of current objects hold that does not count as found, ordered by dataset, field, classifier, state.
    pub fn field_states(&self) -> Result<Vec<FieldState>, IndexError> {
        let mut q = self.conn.prepare(&format!(
            "SELECT o.dataset_id, s.field_id, s.classifier_id, s.state, sum(s.count), sum(s.cells)
             FROM field_state s JOIN object o ON o.id = s.object_id AND {} GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
            self.counts()
        ))?;
        let rows = q.query_map([], |r| {
            Ok(FieldState {
                dataset: r.get(0)?,
                field: r.get(1)?,
                classifier: r.get(2)?,
                state: r.get(3)?,
                count: r.get::<_, i64>(4)? as u64,
                cells: r.get::<_, i64>(5)? as u64,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// By field and classifier the most sightings that one current object has.
    pub fn most_in_one_object(&self) -> Result<HashMap<(i64, i64), u64>, IndexError> {
        let mut q = self.conn.prepare(&format!(
            "SELECT s.field_id, s.classifier_id, max(s.sightings) FROM field_summary s JOIN object o ON o.id = s.object_id AND {} GROUP BY 1, 2",
            self.counts()
        ))?;
        let rows = q.query_map([], |r| Ok(((r.get(0)?, r.get(1)?), r.get::<_, i64>(2)? as u64)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The states of one object in the fields that count: classifier number, state, how many.
    pub fn states_of_object(&self, object: i64) -> Result<Vec<(i64, String, u64)>, IndexError> {
        let sql = "SELECT classifier_id, state, field_id, count FROM field_state WHERE object_id = ?1 ORDER BY 1, 2, 3";
        let mut q = self.conn.prepare_cached(sql)?;
        let mut rows = q.query([object])?;
        let mut out: Vec<(i64, String, u64)> = Vec::new();
        while let Some(r) = rows.next()? {
            let (classifier, state, n): (i64, String, u64) = (r.get(0)?, r.get(1)?, r.get::<_, i64>(3)? as u64);
            if !self.counts_in(r.get(2)?, classifier) {
                continue;
            }
            match out.last_mut().filter(|last| last.0 == classifier && last.1 == state) {
                Some(last) => last.2 += n,
                None => out.push((classifier, state, n)),
            }
        }
        Ok(out)
    }
}
