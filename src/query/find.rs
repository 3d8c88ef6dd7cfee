//! Where is this consumer?

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use super::basis::Basis;
use super::typed::{Asked, hashes, key_hashes, unknown};
use super::verdicts::Judged;
use crate::base::{Role, Timestamp};
use crate::classify::{Classifiers, Identity};
use crate::identity::{Certainty, ConsumerId, Hasher, IdHash};
use crate::index::{Evidence, IndexError, ObjectRow, Owner, PlaceList, PostingRow, Reader};

/// All places of the consumers that the identifiers name.
#[derive(Clone, Debug)]
pub struct FindAnswer {
    /// The consumers, ordered by id.
    pub consumers: Vec<ConsumerId>,
    /// Their identifiers, by classifier, then as the index orders them.
    pub identifiers: Vec<FoundIdentifier>,
    /// Ordered by uri, version, member, field, classifier. History included: see [`Place::current`].
    pub places: Vec<Place>,
    /// Records that join the identifiers, if asked for.
    pub proofs: Vec<Proof>,
    /// What is known of each value, in the order in which they were asked.
    pub values: Vec<Met>,
    /// What it rests on.
    pub basis: Basis,
}

/// What is known of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Met {
    /// Whose it is, or where.
    Known,
    /// Nothing.
    Unknown,
    /// Nothing, and nothing can be: a name, a street, a day. They are counted and not kept.
    NoIdentifier,
    /// Nothing, and it has the form of no identifier: somebody must say what it is.
    UnknownForm,
}

/// One identifier of a consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundIdentifier {
    /// Whose; `None` for a weak identifier that stands alone and one that several people share.
    pub consumer: Option<ConsumerId>,
    /// Its classifier.
    pub classifier: String,
    /// How often it was seen.
    pub sightings: u64,
    /// Joins too many others to link anything.
    pub shared: bool,
}

/// Sightings in one field of one object version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whose; `None` for a weak identifier that stands alone and one that several people share.
    pub consumer: Option<ConsumerId>,
    /// The object.
    pub uri: String,
    /// Its version.
    pub version: String,
    /// Path inside an archive.
    pub member: Option<String>,
    /// The dataset.
    pub dataset: String,
    /// The field; `None` in running text.
    pub field: Option<String>,
    /// What was seen.
    pub classifier: String,
    /// Rows, half-open.
    pub rows: Option<Vec<(u64, u64)>>,
    /// Bytes in the decompressed member, half-open.
    pub bytes: Option<Vec<(u64, u64)>>,
    /// Sightings.
    pub count: u64,
    /// Those that count: none where a verdict says so.
    pub counted: u64,
    /// What somebody decided about this classifier in this field.
    pub verdict: Option<Judged>,
    /// Start of the first run that saw the object version.
    pub first_seen: Timestamp,
    /// Start of the newest.
    pub last_seen: Timestamp,
    /// Whether the object version is still stored, as far as the newest run knows.
    pub current: bool,
    /// What the object is to its dataset: history is stored, and something newer has replaced it.
    pub role: Role,
}

/// A record that holds several identifiers of a consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Whose.
    pub consumer: ConsumerId,
    /// The object.
    pub uri: String,
    /// The row.
    pub row: u64,
    /// Classifiers of the identifiers that it joins; those already reached first.
    pub known: Vec<String>,
    /// Those that it adds.
    pub adds: Vec<String>,
}

/// Finds everything about the consumers that `asked` name; `why` adds the chain of records that joins their identifiers.
pub fn find(reader: &Reader, hasher: &Hasher, classifiers: &Classifiers, asked: &[Asked], why: bool) -> Result<FindAnswer, IndexError> {
    let mut consumers: BTreeSet<ConsumerId> = BTreeSet::new();
    let mut start: Vec<IdHash> = Vec::new();
    let mut nobodys: BTreeMap<IdHash, (String, bool)> = BTreeMap::new();
    // Who has one identifier has this one.
    let mut alone: BTreeMap<ConsumerId, IdHash> = BTreeMap::new();
    let mut values = Vec::with_capacity(asked.len());
    for a in asked {
        if let Some(id) = std::str::from_utf8(a.value.expose()).ok().and_then(ConsumerId::parse) {
            let these = reader.resolve(id)?;
            values.push(if these.is_empty() { Met::Unknown } else { Met::Known });
            consumers.extend(these);
            continue;
        }
        let (plain, keys) = (hashes(hasher, classifiers, a), key_hashes(reader, hasher, a)?);
        let mut met = unknown(classifiers, a, &plain, &keys);
        for (class, hash) in plain {
            let id = &classifiers.get(class).id;
            let owner = reader.owner_of(hash)?;
            if owner.is_some() || classifiers.get(class).identity == Identity::Weak && !reader.postings(hash)?.is_empty() {
                met = Met::Known;
            }
            match owner {
                Some(owner @ (Owner::Alone(c) | Owner::Linked(c))) => {
                    consumers.insert(c);
                    start.push(hash);
                    alone.extend(matches!(owner, Owner::Alone(_)).then_some((c, hash)));
                }
                Some(Owner::Several) => drop(nobodys.insert(hash, (id.clone(), true))),
                None if classifiers.get(class).identity == Identity::Weak => {
                    consumers.extend(reader.consumers_of_weak(hash)?);
                    nobodys.insert(hash, (id.clone(), false));
                }
                None => {}
            }
        }
        for (_, hash) in keys {
            let owner = reader.owner_of(hash)?;
            met = if owner.is_some() { Met::Known } else { met };
            match owner {
                Some(owner @ (Owner::Alone(c) | Owner::Linked(c))) => {
                    consumers.insert(c);
                    start.push(hash);
                    alone.extend(matches!(owner, Owner::Alone(_)).then_some((c, hash)));
                }
                Some(Owner::Several) => drop(nobodys.insert(hash, ("key".to_owned(), true))),
                None => {}
            }
        }
        values.push(met);
    }
    let mut q = Lookup { reader, classes: reader.classifiers()?, fields: reader.field_names()?, objects: HashMap::new() };
    let (mut identifiers, mut places, mut proofs) = (Vec::new(), Vec::new(), Vec::new());
    for consumer in &consumers {
        let ids = match alone.get(consumer) {
            Some(id) => vec![reader.with_class(*id)?],
            None => reader.identifiers(*consumer)?,
        };
        for (id, class) in &ids {
            let postings = reader.postings(*id)?;
            let own = postings.iter().filter(|p| p.certainty == Certainty::Own as i64);
            let sightings = own.map(|p| p.count).sum();
            identifiers.push(FoundIdentifier { consumer: Some(*consumer), classifier: q.class(*class), sightings, shared: false });
            let surely = postings.iter().filter(|p| p.certainty <= Certainty::Record as i64);
            for p in surely {
                places.extend(q.place(Some(*consumer), p)?);
            }
        }
        if why {
            proofs.extend(q.proofs(*consumer, &ids, &start)?);
        }
    }
    for (hash, (classifier, shared)) in nobodys {
        let own = if shared { Certainty::Own } else { Certainty::Weak };
        let postings = reader.postings(hash)?;
        let known: BTreeSet<(String, String, Option<String>, Option<String>)> = places.iter().map(key).collect();
        let sightings = postings.iter().filter(|p| p.certainty == own as i64).map(|p| p.count).sum();
        if sightings > 0 {
            identifiers.push(FoundIdentifier { consumer: None, classifier, sightings, shared });
        }
        for p in postings.iter().filter(|p| p.certainty == own as i64) {
            // A weak identifier's places in the records of a consumer are listed there.
            places.extend(q.place(None, p)?.filter(|p| shared || !known.contains(&key(p))));
        }
    }
    identifiers.sort_by(|a, b| (a.consumer, &a.classifier, a.sightings).cmp(&(b.consumer, &b.classifier, b.sightings)));
    let (consumers, places, basis) = (consumers.into_iter().collect(), merged(places), Basis::of(reader)?);
    Ok(FindAnswer { consumers, identifiers, places, proofs, values, basis })
}

fn key(p: &Place) -> (String, String, Option<String>, Option<String>) {
    (p.uri.clone(), p.version.clone(), p.member.clone(), p.field.clone())
}

struct Lookup<'a> {
    reader: &'a Reader,
    classes: HashMap<i64, (String, String)>,
    fields: HashMap<i64, String>,
    objects: HashMap<i64, Option<(ObjectRow, Role)>>,
}

impl Lookup<'_> {
    fn class(&self, number: i64) -> String {
        self.classes.get(&number).map(|c| c.0.clone()).unwrap_or_default()
    }

    fn object(&mut self, id: i64) -> Result<Option<&(ObjectRow, Role)>, IndexError> {
        if !self.objects.contains_key(&id) {
            let o = match self.reader.object(id)? {
                Some(o) => Some((o, self.reader.note(id)?.role)),
                None => None,
            };
            self.objects.insert(id, o);
        }
        Ok(self.objects[&id].as_ref())
    }

    fn place(&mut self, consumer: Option<ConsumerId>, p: &PostingRow) -> Result<Option<Place>, IndexError> {
        let field = self.fields.get(&p.field).filter(|f| !f.is_empty()).cloned();
        let (classifier, member) = (self.class(p.classifier), self.reader.field_member(p.field)?);
        let Some((o, role)) = self.object(p.object)? else { return Ok(None) };
        let (rows, bytes) = match &p.places {
            PlaceList::Rows(r) => (Some(r.clone()), None),
            PlaceList::Bytes(b) => (None, Some(b.clone())),
            PlaceList::Document(b) => (Some(vec![(0, 1)]), Some(b.clone())),
        };
        Ok(Some(Place {
            consumer,
            uri: o.uri.clone(),
            version: o.version.clone(),
            member,
            dataset: o.dataset.clone(),
            field,
            classifier,
            rows,
            bytes,
            count: p.count,
            counted: p.count,
            verdict: None,
            first_seen: Timestamp(o.first_seen),
            last_seen: Timestamp(o.last_seen),
            current: o.current,
            role: *role,
        }))
    }

    /// The records that prove an identifier, in the order of their objects' names: their numbers tell which was read first.
    fn links(&mut self, id: IdHash) -> Result<Vec<Evidence>, IndexError> {
        let mut links = self.reader.links(id)?;
        for link in &links {
            self.object(link.object)?;
        }
        let place = |l: &Evidence| self.objects[&l.object].as_ref().map(|(o, _)| (&o.uri, o.first_seen, &o.version));
        links.sort_by(|a, b| (place(a), a.row, &a.members).cmp(&(place(b), b.row, &b.members)));
        Ok(links)
    }

    /// A tree of records that reaches every identifier of a consumer from the first that was asked for (or its first). Where
    /// several were asked for, the chains between them alone.
    fn proofs(&mut self, consumer: ConsumerId, ids: &[(IdHash, i64)], start: &[IdHash]) -> Result<Vec<Proof>, IndexError> {
        let class: HashMap<IdHash, i64> = ids.iter().copied().collect();
        let asked: Vec<IdHash> = start.iter().copied().filter(|s| class.contains_key(s)).collect();
        let first = asked.first().copied().or(ids.first().map(|i| i.0));
        let mut reached: BTreeSet<IdHash> = first.into_iter().collect();
        let mut todo: VecDeque<IdHash> = first.into_iter().collect();
        // By which record each was reached, and from where.
        let mut by: HashMap<IdHash, (usize, IdHash)> = HashMap::new();
        let mut out = Vec::new();
        while let Some(id) = todo.pop_front() {
            for link in self.links(id)? {
                let mine = |known: bool, reached: &BTreeSet<IdHash>| -> Vec<IdHash> {
                    link.members.iter().map(|m| m.1).filter(|m| class.contains_key(m) && reached.contains(m) == known).collect()
                };
                let (known, new) = (mine(true, &reached), mine(false, &reached));
                if new.is_empty() {
                    continue;
                }
                reached.extend(&new);
                by.extend(new.iter().map(|n| (*n, (out.len(), id))));
                todo.extend(&new);
                let name = |ids: &[IdHash]| ids.iter().map(|i| self.class(class[i])).collect();
                let (known, adds) = (name(&known), name(&new));
                let uri = self.object(link.object)?.map(|(o, _)| o.uri.clone()).unwrap_or_default();
                out.push(Proof { consumer, uri, row: link.row, known, adds });
            }
        }
        if asked.len() > 1 {
            let mut chain = BTreeSet::new();
            for mut at in asked {
                while let Some((record, from)) = by.get(&at) {
                    chain.insert(*record);
                    at = *from;
                }
            }
            out = out.into_iter().enumerate().filter(|(i, _)| chain.contains(i)).map(|(_, p)| p).collect();
        }
        Ok(out)
    }
}

/// One place per object version, field and classifier of a consumer.
fn merged(mut places: Vec<Place>) -> Vec<Place> {
    let order = |p: &Place| {
        let what = (p.member.clone(), p.field.clone(), p.classifier.clone());
        (p.consumer.is_none(), p.consumer, p.uri.clone(), p.first_seen, p.version.clone(), what)
    };
    places.sort_by_cached_key(order);
    let mut out: Vec<Place> = Vec::with_capacity(places.len());
    for p in places {
        match out.last_mut().filter(|last| order(last) == order(&p)) {
            Some(last) => {
                last.count += p.count;
                last.counted += p.counted;
                join(&mut last.rows, p.rows, true);
                join(&mut last.bytes, p.bytes, false);
            }
            None => out.push(p),
        }
    }
    out
}

fn join(into: &mut Option<Vec<(u64, u64)>>, more: Option<Vec<(u64, u64)>>, rows: bool) {
    if let (Some(a), Some(b)) = (into.as_mut(), more) {
        a.extend(b);
        crate::index::tidy_ranges(a, rows);
    }
}
