//! Which identifiers are meant?

use std::collections::BTreeSet;

use super::typed::{Asked, hashes, key_hashes};
use crate::classify::Classifiers;
use crate::identity::{ConsumerId, Hasher, IdHash};
use crate::index::{IndexError, Reader};

/// The strong identifiers that the index knows of what was asked: typed values, and those of consumers by their id.
pub fn known_identifiers(
    reader: &Reader,
    hasher: &Hasher,
    classifiers: &Classifiers,
    asked: &[Asked],
) -> Result<BTreeSet<IdHash>, IndexError> {
    let mut out = BTreeSet::new();
    for a in asked {
        if let Some(id) = std::str::from_utf8(a.value.expose()).ok().and_then(|v| ConsumerId::parse(v.trim())) {
            for c in reader.resolve(id)? {
                out.extend(reader.identifiers(c)?.into_iter().map(|i| i.0));
            }
            continue;
        }
        let plain = hashes(hasher, classifiers, a).into_iter().map(|(_, hash)| hash);
        for hash in plain.chain(key_hashes(reader, hasher, a)?.into_iter().map(|(_, hash)| hash)) {
            if reader.owner_of(hash)?.is_some() {
                out.insert(hash);
            }
        }
    }
    Ok(out)
}
