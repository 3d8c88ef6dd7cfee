//! What an object scan found, on its way into the index: numbers instead of names, nothing of people who were forgotten.

use std::collections::{HashMap, HashSet};

use rusqlite::params;

use super::entries::Entry;
use super::error::IndexError;
use super::input::{Piece, PieceField, Unattributed, WriteLink};
use super::links::{self, Written};
use super::places::encode_ranges;
use super::writer::{COMMIT_BYTES, NOT_BEGUN, ObjectId, Writer};
use crate::identity::{Certainty, IdHash};

/// Numbers of fields that are remembered; archives may have any number of members.
const FIELDS_HELD: usize = 1 << 16;

impl Writer {
    /// Takes a part of an object's sightings.
    pub fn piece(&mut self, object: ObjectId, mut piece: Piece) -> Result<(), IndexError> {
        self.add_fields(object, std::mem::take(&mut piece.fields))?;
        self.suppress(&mut piece);
        for u in piece.unattributed.drain(..) {
            self.unattributed(object, u)?;
        }
        let at = object.0;
        let (conn, shapes, spool) = (&self.conn, &self.shapes, &mut self.spool);
        let mut add = |id: IdHash, class: u16, entry: &Entry| spool.add(conn, shapes, id, class, at, entry);
        let fields = &self.open.get(&at).ok_or(NOT_BEGUN)?.fields;
        for p in piece.postings.drain(..) {
            let classifier = self.classifiers[usize::from(p.classifier)];
            let strong = if p.certainty == Certainty::Own { classifier as u16 } else { 0 };
            let entry = Entry::Sightings {
                field: fields[p.field as usize],
                classifier,
                certainty: p.certainty as i64,
                count: p.count,
                places: p.places.tidied(),
            };
            add(p.id, strong, &entry)?;
        }
        for (weak, anchor) in &piece.weak {
            add(*weak, 0, &Entry::Beside(*anchor))?;
        }
        for (id, class, state, certain) in &piece.protected {
            let classifier = self.classifiers[usize::from(*class)];
            add(*id, 0, &Entry::Protected { classifier, state: *state, certain: *certain })?;
        }
        for (id, r) in &piece.residences {
            let code = r.state.code().as_bytes();
            add(*id, 0, &Entry::Residence([code[0], code[1]], (r.confidence * 100.0).round() as u8, r.basis))?;
        }
        self.links(object, &piece.links)?;
        if self.weight + self.spool.weight() >= COMMIT_BYTES {
            self.commit()?;
        }
        Ok(())
    }

    /// Takes out of a piece what is said of people who were forgotten.
    fn suppress(&self, piece: &mut Piece) {
        if self.suppressed.is_empty() {
            return;
        }
        let mut memory: HashMap<IdHash, bool> = HashMap::new();
        let mut forgotten = |id: IdHash| *memory.entry(id).or_insert_with(|| self.suppressed.contains(&self.hasher.mark(id)));
        let stood: HashSet<IdHash> = piece.weak.iter().map(|w| w.0).collect();
        piece.weak.retain(|(_, anchor)| !forgotten(*anchor));
        let stands: HashSet<IdHash> = piece.weak.iter().map(|w| w.0).collect();
        // A weak identifier that stands beside a forgotten person alone goes as well.
        piece.postings.retain(|p| !forgotten(p.id) && (!stood.contains(&p.id) || stands.contains(&p.id)));
        piece.residences.retain(|(id, _)| !forgotten(*id));
        piece.protected.retain(|p| !forgotten(p.0));
        for link in &mut piece.links {
            link.members.retain(|m| !forgotten(m.1));
        }
        piece.links.retain(|l| l.members.len() > 1);
    }

    fn unattributed(&mut self, object: ObjectId, u: Unattributed) -> Result<(), IndexError> {
        let open = self.open.get_mut(&object.0).ok_or(NOT_BEGUN)?;
        let field = open.fields[u.field as usize];
        let places = u.places.tidied();
        let mut bytes = Vec::new();
        encode_ranges(places.ranges(), &mut bytes);
        let classifier = self.classifiers[usize::from(u.classifier)];
        open.digest.unattributed([field, classifier, places.kind(), u.count as i64], &bytes);
        self.weight += bytes.len() + 64;
        self.conn
            .prepare_cached(
                "INSERT INTO unattributed (object_id, field_id, classifier_id, kind, count, places) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![object.0, field, classifier, places.kind(), u.count as i64, bytes])?;
        Ok(())
    }

    fn links(&mut self, object: ObjectId, links: &[WriteLink]) -> Result<(), IndexError> {
        let (conn, shapes, spool, weight) = (&self.conn, &self.shapes, &mut self.spool, &mut self.weight);
        let digest = &mut self.open.get_mut(&object.0).ok_or(NOT_BEGUN)?.digest;
        let mut written = |block: Written<'_>| {
            digest.links(block.row, block.data);
            *weight += block.data.len();
            block.links().try_for_each(|(link, id)| spool.add(conn, shapes, id, 0, object.0, &Entry::Link(link)))
        };
        let mut blocks = links::Blocks::new(conn, object.0);
        for l in links {
            let members = l.members.iter().map(|(class, id)| (self.classifiers[usize::from(*class)] as u16, *id));
            blocks.add(l.row, members, &mut written)?;
        }
        blocks.finish(&mut written)
    }

    /// Gives numbers to fields that an object has besides those it had before.
    fn add_fields(&mut self, object: ObjectId, fields: Vec<PieceField>) -> Result<(), IndexError> {
        let open = self.open.get_mut(&object.0).ok_or(NOT_BEGUN)?;
        for field in fields {
            let key = (open.dataset, field);
            let id = match self.fields.get(&key) {
                Some(id) => *id,
                None => {
                    let values = params![open.dataset, key.1.member.as_deref().unwrap_or_default(), key.1.name];
                    self.conn
                        .prepare_cached("INSERT OR IGNORE INTO field (dataset_id, member, name) VALUES (?1, ?2, ?3)")?
                        .execute(values)?;
                    let sql = "SELECT id FROM field WHERE dataset_id = ?1 AND member = ?2 AND name = ?3";
                    let id = self.conn.prepare_cached(sql)?.query_row(values, |r| r.get(0))?;
                    if self.fields.len() >= FIELDS_HELD {
                        self.fields.clear();
                    }
                    self.fields.insert(key, id);
                    id
                }
            };
            open.fields.push(id);
        }
        Ok(())
    }
}
