//! What an object scan found, on its way into the index: numbers instead of names, nothing of people who were forgotten.

use std::collections::{BTreeMap, HashMap, HashSet};

use rusqlite::params;

use super::entries::Entry;
use super::error::IndexError;
use super::forget;
use super::input::{Piece, PieceField, Single, Unattributed, WriteLink};
use super::links::{self, Written};
use super::places::{PlaceList, ROWS, encode_ranges};
use super::postings::Shape;
use super::writer::{COMMIT_BYTES, NOT_BEGUN, ObjectId, Writer};
use crate::base::ByNumber;
use crate::identity::{Certainty, Groups, IdHash};

/// Numbers of fields that are remembered; archives may have any number of members.
const FIELDS_HELD: usize = 1 << 16;

impl Writer {
    /// Takes a part of an object's sightings.
    pub fn piece(&mut self, object: ObjectId, mut piece: Piece) -> Result<(), IndexError> {
        self.add_fields(object, std::mem::take(&mut piece.fields))?;
        self.suppress(&mut piece)?;
        for u in piece.unattributed.drain(..) {
            self.unattributed(object, u)?;
        }
        let at = object.0;
        self.singles(object, &piece.singles)?;
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
            add(*id, 0, &Entry::Residence(r.place, (r.confidence * 100.0).round() as u8, r.basis))?;
        }
        self.links(object, &piece.links, &piece.groups)?;
        if self.weight + self.spool.weight() >= COMMIT_BYTES {
            self.commit()?;
        }
        Ok(())
    }

    fn singles(&mut self, object: ObjectId, singles: &[Single]) -> Result<(), IndexError> {
        let fields = &self.open.get(&object.0).ok_or(NOT_BEGUN)?.fields;
        let mut kinds: ByNumber<u64, u32> = ByNumber::default();
        for s in singles {
            let key = u64::from(s.field) << 32 | u64::from(s.classifier) << 8 | s.certainty as u64;
            let kind = match kinds.get(&key) {
                Some(kind) => *kind,
                None => {
                    let classifier = self.classifiers[usize::from(s.classifier)];
                    let (field, certainty) = (fields[s.field as usize], s.certainty as i64);
                    let shape = self.shapes.number(&self.conn, Shape { field, classifier, certainty, kind: ROWS })?;
                    let class = if s.certainty == Certainty::Own { classifier as u16 } else { 0 };
                    let kind = self.spool.rows(object.0, class, shape)?;
                    kinds.insert(key, kind);
                    kind
                }
            };
            self.spool.push(s.id, kind, s.row)?;
        }
        Ok(())
    }

    /// Takes out of a piece what is said of people who were forgotten.
    /// How many there are is still told, as nobody's and without their places, so that data that is stored is not taken for gone.
    fn suppress(&self, piece: &mut Piece) -> Result<(), IndexError> {
        if self.suppressed.is_empty() {
            return Ok(());
        }
        let mut memory: HashMap<IdHash, bool> = HashMap::new();
        let mut forgotten = |id: IdHash| *memory.entry(id).or_insert_with(|| self.suppressed.contains(&self.hasher.mark(id)));
        let stood: HashSet<IdHash> = piece.weak.iter().map(|w| w.0).collect();
        let mut left: BTreeMap<(u32, u16), u64> = BTreeMap::new();
        let all = piece.postings.iter().map(|p| (p.id, p.certainty, p.field, p.classifier, p.count));
        for (id, certainty, field, classifier, n) in all.chain(piece.singles.iter().map(|s| (s.id, s.certainty, s.field, s.classifier, 1)))
        {
            if certainty <= Certainty::Record && forgotten(id) {
                *left.entry((field, classifier)).or_default() += n;
            }
        }
        for ((field, classifier), count) in left {
            if forget::is_counted(&self.conn, self.classifiers[usize::from(classifier)])? {
                piece.unattributed.push(Unattributed { field, classifier, count, places: PlaceList::Rows(Vec::new()) });
            }
        }
        piece.weak.retain(|(_, anchor)| !forgotten(*anchor));
        let stands: HashSet<IdHash> = piece.weak.iter().map(|w| w.0).collect();
        // A weak identifier that stands beside a forgotten person alone goes as well.
        piece.postings.retain(|p| !forgotten(p.id) && (!stood.contains(&p.id) || stands.contains(&p.id)));
        piece.singles.retain(|s| !forgotten(s.id) && (!stood.contains(&s.id) || stands.contains(&s.id)));
        piece.residences.retain(|(id, _)| !forgotten(*id));
        piece.protected.retain(|p| !forgotten(p.0));
        for link in &mut piece.links {
            link.members.retain(|m| !forgotten(m.1));
        }
        piece.links.retain(|l| l.members.len() > 1);
        piece.groups.retain(|id| !forgotten(id));
        Ok(())
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

    fn links(&mut self, object: ObjectId, links: &[WriteLink], groups: &Groups) -> Result<(), IndexError> {
        if links.is_empty() && groups.is_empty() {
            return Ok(());
        }
        // A record that joins an identifier with others has seen it: kinds by classifier.
        let mut kinds: Vec<(u16, u32)> = Vec::new();
        let (conn, spool, weight) = (&self.conn, &mut self.spool, &mut self.weight);
        let digest = &mut self.open.get_mut(&object.0).ok_or(NOT_BEGUN)?.digest;
        let mut written = |block: Written<'_>| {
            digest.links(block.row, block.data);
            *weight += block.data.len();
            block.links().try_for_each(|(link, (class, id))| {
                let kind = match kinds.iter().find(|k| k.0 == class) {
                    Some(kind) => kind.1,
                    None => {
                        kinds.push((class, spool.links(object.0, class)?));
                        kinds[kinds.len() - 1].1
                    }
                };
                spool.push(id, kind, link as u64)
            })
        };
        let mut blocks = links::Blocks::new(conn, object.0);
        let links = links.iter().map(|l| (l.row, &l.members[..])).chain(groups.iter().map(|g| (g.row, g.members)));
        for (row, members) in links {
            let members = members.iter().map(|(class, id)| (self.classifiers[usize::from(*class)] as u16, *id));
            blocks.add(row, members, &mut written)?;
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
