//! What is known of a person that must be gone: identifiers, and every place that ever held one.
//!
//! Records prove what is whose, and a deletion takes records away: what they once joined is the person's all the same, and is
//! looked for.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::typed::{Asked, hashes, key_hashes};
use crate::classify::Classifiers;
use crate::identity::{Class, ConsumerId, Hasher, IdHash, Partition};
use crate::index::{IndexError, ObjectRow, Reader};

/// A person as known at one time. Holds hashes and names of objects that may be shown, no value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownPerson {
    /// Who, as the index calls them.
    pub consumers: BTreeSet<ConsumerId>,
    /// Their identifiers with the classifiers, or the names of their keys.
    pub identifiers: BTreeMap<IdHash, String>,
    /// Objects that held one at some time, by the keyed hash of their uri: uri and dataset as shown.
    pub objects: BTreeMap<[u8; 16], (String, String)>,
}

/// Everything that the index knows, history included, of the people whom the values name.
pub fn known(reader: &Reader, hasher: &Hasher, classifiers: &Classifiers, asked: &[Asked]) -> Result<KnownPerson, IndexError> {
    let mut out = KnownPerson::default();
    for a in asked {
        if let Some(id) = std::str::from_utf8(a.value.expose()).ok().and_then(ConsumerId::parse) {
            out.consumers.extend(reader.resolve(id)?);
            continue;
        }
        let plain = hashes(hasher, classifiers, a).into_iter().map(|(class, hash)| (classifiers.get(class).id.clone(), hash));
        for (class, hash) in plain.chain(key_hashes(reader, hasher, a)?) {
            if let Some(owner) = reader.owner_of(hash)? {
                out.consumers.extend(owner.consumer());
            }
            out.identifiers.insert(hash, class);
        }
    }
    let ever = Ever { reader, classes: reader.classifiers()? };
    let mut joined: Vec<(IdHash, i64)> = Vec::new();
    for consumer in &out.consumers {
        joined.extend(reader.identifiers(*consumer)?);
    }
    let starts = out.identifiers.keys().copied().chain(joined.iter().map(|i| i.0)).collect();
    joined.extend(ever.joined(starts)?);
    out.identifiers.extend(joined.into_iter().map(|(id, class)| (id, ever.name(class).to_owned())));
    let all: HashMap<i64, ObjectRow> = reader.objects(false)?.into_iter().map(|o| (o.id, o)).collect();
    let uris: HashMap<i64, [u8; 16]> =
        reader.versions_by_uri_hash()?.into_iter().flat_map(|(hash, ids)| ids.into_iter().map(move |id| (id, hash))).collect();
    for id in out.identifiers.keys() {
        for p in reader.postings(*id)? {
            if let (Some(o), Some(hash)) = (all.get(&p.object), uris.get(&p.object)) {
                out.objects.insert(*hash, (o.uri.clone(), o.dataset.clone()));
            }
        }
    }
    Ok(out)
}

/// All that records ever said, those that are gone included.
struct Ever<'r> {
    reader: &'r Reader,
    classes: HashMap<i64, (String, String)>,
}

impl Ever<'_> {
    fn name(&self, class: i64) -> &str {
        self.classes.get(&class).map_or("", |c| &c.0)
    }

    /// The identifiers that records of any time join with these, and their classifiers; not through one that several people share.
    fn joined(&self, starts: Vec<IdHash>) -> Result<Vec<(IdHash, i64)>, IndexError> {
        let mut known: HashSet<IdHash> = starts.iter().copied().collect();
        let mut queue = Vec::new();
        for id in starts {
            queue.extend(self.beside(id)?);
        }
        let mut out = Vec::new();
        while let Some(members) = queue.pop() {
            for (class, other) in members {
                // Whoever is shared names nobody, however it was met.
                if known.insert(other)
                    && let Some(members) = self.beside(other)?
                {
                    out.push((other, class));
                    queue.push(members);
                }
            }
        }
        Ok(out)
    }

    /// What stands beside an identifier in records of any time; `None` if these prove that several people share it.
    fn beside(&self, id: IdHash) -> Result<Option<Vec<(i64, IdHash)>>, IndexError> {
        let links = self.reader.links_ever(id)?;
        let class = |number: u16| self.classes.get(&i64::from(number)).map(|(name, element)| Class { name, element }).unwrap_or_default();
        let mut partition = Partition::new();
        let mut members = Vec::new();
        for link in links {
            partition.add(&link.members.iter().filter_map(|(c, id)| Some((u16::try_from(*c).ok()?, *id))).collect::<Vec<_>>());
            members.extend(link.members);
        }
        Ok((!partition.is_shared(id, class)).then_some(members))
    }
}
