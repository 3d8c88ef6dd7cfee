//! Where do name, address, e-mail and telephone of a person stand now?
//!
//! The index holds no value: this names places, which somebody who may reads again. What belongs together is taken from one
//! record where there is one, so that street and city are of one address.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::base::{At, Place, Role};
use crate::identity::{Certainty, IdHash};
use crate::index::{IndexError, Note, ObjectRow, PlaceList, Reader};

/// A part of what a letter needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// A whole name.
    Name,
    /// A given name.
    First,
    /// A family name.
    Last,
    /// An e-mail address.
    Email,
    /// A telephone.
    Phone,
    /// Street and number.
    Street,
    /// City.
    City,
    /// State.
    State,
    /// ZIP code.
    Zip,
}

impl Part {
    /// All of them, by their numbers.
    pub const ALL: [Part; 9] =
        [Part::Name, Part::First, Part::Last, Part::Email, Part::Phone, Part::Street, Part::City, Part::State, Part::Zip];

    /// The classifier whose findings it is.
    pub fn class(self) -> &'static str {
        match self {
            Part::Name => "generic.person_name",
            Part::First => "generic.first_name",
            Part::Last => "generic.last_name",
            Part::Email => "generic.email",
            Part::Phone => "generic.phone",
            Part::Street => "generic.street_address",
            Part::City => "generic.city",
            Part::State => "us.state",
            Part::Zip => "us.zip_code",
        }
    }

    /// With what it is taken from one record.
    pub fn group(self) -> Group {
        match self {
            Part::Name | Part::First | Part::Last => Group::Name,
            Part::Email => Group::Email,
            Part::Phone => Group::Phone,
            Part::Street | Part::City | Part::State | Part::Zip => Group::Post,
        }
    }
}

/// Parts that come from one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// How to address somebody.
    Name,
    /// By mail of bytes.
    Email,
    /// By voice.
    Phone,
    /// By mail of paper.
    Post,
}

impl Group {
    /// All of them.
    pub const ALL: [Group; 4] = [Group::Name, Group::Email, Group::Phone, Group::Post];
}

/// The places to read of one object version.
#[derive(Clone, Debug, Default)]
pub struct ContactPlaces {
    /// The object's number.
    pub object: i64,
    /// Its version.
    pub version: String,
    /// What is read of it.
    pub places: Vec<ContactPlace>,
}

/// One place to read.
#[derive(Clone, Debug)]
pub struct ContactPlace {
    /// Whose: their number in the list of people.
    pub who: usize,
    /// What.
    pub part: Part,
    /// Where.
    pub place: Place,
    /// Whether its field holds nothing else of the kinds of [`Part`] there.
    pub alone: bool,
}

/// What the index knows of objects, read once.
pub struct ContactBook<'a> {
    reader: &'a Reader,
    classes: HashMap<i64, Part>,
    names: HashMap<i64, String>,
    objects: HashMap<i64, (ObjectRow, Note, [u8; 16])>,
}

/// Rows of one field and identifier that are looked at: a person may stand in any number of lines of a log.
const ROWS: u64 = 64;

/// What a record holds of a person.
type Parts = BTreeMap<Part, BTreeSet<Place>>;

/// A record: object, member, first byte or row, and whether that is a row.
type Record = (i64, Option<String>, u64, bool);

impl<'a> ContactBook<'a> {
    /// Of a reader of the present.
    pub fn open(reader: &'a Reader) -> Result<ContactBook<'a>, IndexError> {
        let part = |(id, (name, _)): (i64, (String, String))| Some((id, *Part::ALL.iter().find(|p| p.class() == name)?));
        let notes = reader.notes()?;
        let hashes: HashMap<i64, [u8; 16]> =
            reader.versions_by_uri_hash()?.into_iter().flat_map(|(hash, ids)| ids.into_iter().map(move |id| (id, hash))).collect();
        let objects = reader.objects(true)?.into_iter().filter_map(|o| {
            let (note, hash) = (notes.get(&o.id).copied().unwrap_or_default(), *hashes.get(&o.id)?);
            Some((o.id, (o, note, hash)))
        });
        let objects = objects.collect();
        Ok(ContactBook {
            reader,
            classes: reader.classifiers()?.into_iter().filter_map(part).collect(),
            names: reader.field_names()?,
            objects,
        })
    }

    /// Adds the places of somebody's parts of these groups to `out`, by uri hash: the best records of current objects that are not
    /// among `failed`. Gives the groups of which there was something.
    pub fn find(
        &self,
        who: usize,
        identifiers: &[IdHash],
        groups: &[Group],
        failed: &HashSet<i64>,
        out: &mut BTreeMap<[u8; 16], ContactPlaces>,
    ) -> Result<Vec<Group>, IndexError> {
        let mut records: BTreeMap<Record, Parts> = BTreeMap::new();
        for id in identifiers {
            for p in self.reader.postings(*id)? {
                let known = self.objects.contains_key(&p.object) && !failed.contains(&p.object);
                // What is only possibly theirs is somebody else's in the worst case.
                let Some(&part) = self.classes.get(&p.classifier).filter(|_| known && p.certainty <= Certainty::Record as i64) else {
                    continue;
                };
                let member = self.reader.field_member(p.field)?;
                let field = self.names.get(&p.field).cloned().unwrap_or_default();
                let is_row = matches!(p.places, PlaceList::Rows(_));
                let ranges =
                    p.places.ranges().iter().flat_map(|&(s, e)| if is_row { (s..e).map(|r| (r, r + 1)).collect() } else { vec![(s, e)] });
                for (start, end) in ranges.take(ROWS as usize) {
                    let at = if is_row { At::Row(start) } else { At::Bytes(start, end) };
                    let place = Place { member: member.clone(), field: field.clone(), at };
                    records.entry((p.object, member.clone(), start, is_row)).or_default().entry(part).or_default().insert(place);
                }
            }
        }
        let mut found = Vec::new();
        for &group in groups {
            let best = records
                .iter()
                .filter(|(_, parts)| parts.keys().any(|p| p.group() == group))
                .max_by_key(|(r, parts)| self.rank(r, parts, group));
            let Some((record, parts)) = best else { continue };
            let Some((object, _, hash)) = self.objects.get(&record.0) else { continue };
            let to = out.entry(*hash).or_insert_with(|| ContactPlaces {
                object: object.id,
                version: object.version.clone(),
                places: Vec::new(),
            });
            for (&part, places) in parts.iter().filter(|(p, _)| p.group() == group) {
                let alone = |p: &&Place| parts.iter().all(|(other, places)| *other == part || places.iter().all(|o| o.field != p.field));
                // A field that holds a name and nothing else is better than one that also holds an address.
                let best = places.iter().find(alone).map(|p| (p, true)).or(places.first().map(|p| (p, false)));
                to.places.extend(best.map(|(place, alone)| ContactPlace { who, part, place: place.clone(), alone }));
            }
            found.push(group);
        }
        Ok(found)
    }

    /// How good a record is for a group: by what it has of it, by whether something newer has replaced it, by all that it has, by its
    /// age.
    fn rank(&self, record: &Record, parts: &Parts, group: Group) -> impl Ord + use<> {
        let of_group: Vec<&Part> = parts.keys().filter(|p| p.group() == group).collect();
        let whole = match group {
            Group::Name => parts.contains_key(&Part::Name) || (parts.contains_key(&Part::First) && parts.contains_key(&Part::Last)),
            Group::Post => parts.contains_key(&Part::Street),
            Group::Email | Group::Phone => true,
        };
        let (data, modified) = self.objects.get(&record.0).map_or((false, None), |(o, n, _)| (n.role == Role::Data, o.modified));
        (whole, data, of_group.len(), parts.len(), modified, std::cmp::Reverse((record.0, record.2)))
    }
}
