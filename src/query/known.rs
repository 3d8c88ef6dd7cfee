//! What is known of a person that must be gone: identifiers, and every place that ever held one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::typed::{Asked, hashes};
use crate::classify::Classifiers;
use crate::identity::{ConsumerId, Hasher, IdHash};
use crate::index::{IndexError, ObjectRow, Reader};

/// A person as known at one time. Holds hashes and names of objects that may be shown, no value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownPerson {
    /// Who, as the index calls them.
    pub consumers: BTreeSet<ConsumerId>,
    /// Their identifiers with the classifiers.
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
        for (class, hash) in hashes(hasher, classifiers, a) {
            if let Some(owner) = reader.owner_of(hash)? {
                out.consumers.extend(owner.consumer());
            }
            out.identifiers.insert(hash, classifiers.get(class).id.clone());
        }
    }
    let classes = reader.classifiers()?;
    for consumer in &out.consumers {
        for (id, class) in reader.identifiers(*consumer)? {
            out.identifiers.insert(id, classes.get(&class).map(|c| c.0.clone()).unwrap_or_default());
        }
    }
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
