//! What was typed: the identifiers that it may be.

use std::collections::BTreeSet;

use crate::base::Secret;
use crate::classify::{Classifiers, Identity};
use crate::format::as_read;
use crate::identity::keys::key_value;
use crate::identity::{Hasher, IdHash};
use crate::index::{IndexError, Reader};

/// One identifier typed in.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The value. A consumer's id (`c_…`) asks for that consumer.
    pub value: Secret,
    /// The classifier it belongs to; `None`: all that it may belong to.
    pub class: Option<String>,
}

/// Whether no consumer can be found by a value: it has no hash, or is somebody's name, which a key column would take for a key.
pub(super) fn is_no_identifier(classifiers: &Classifiers, asked: &Asked, plain: &[(u16, IdHash)], keys: &[IdHash]) -> bool {
    match asked.class.as_deref().and_then(|id| classifiers.index_of(id)) {
        Some(class) => classifiers.get(class).identity == Identity::None,
        None => plain.is_empty() && (keys.is_empty() || classifiers.accepts("generic.person_name", &as_read(asked.value.expose()))),
    }
}

/// The address or number in what people copy: `Jane <jane@example.com>`, `mailto:jane@example.com?subject=…`, `tel:+1-415-555-2671`.
fn unwrapped(typed: &[u8]) -> &[u8] {
    let mut value = typed.trim_ascii();
    if let Some(inner) = value.strip_suffix(b">")
        && let Some(open) = inner.iter().rposition(|b| *b == b'<')
    {
        value = &inner[open + 1..];
    }
    for scheme in [&b"mailto:"[..], b"tel:", b"sms:"] {
        if value.get(..scheme.len()).is_some_and(|s| s.eq_ignore_ascii_case(scheme)) {
            let rest = &value[scheme.len()..];
            let end = rest.iter().position(|b| matches!(b, b'?' | b';')).unwrap_or(rest.len());
            return rest[..end].trim_ascii();
        }
    }
    value
}

/// The hashes that a typed value may have.
pub(super) fn hashes(hasher: &Hasher, classifiers: &Classifiers, asked: &Asked) -> Vec<(u16, IdHash)> {
    let typed = Secret::new(as_read(asked.value.expose()));
    let value = unwrapped(typed.expose());
    let classes = match &asked.class {
        Some(id) => classifiers.index_of(id).into_iter().collect(),
        None => classifiers.candidates(value),
    };
    let mut normal = Vec::new();
    let mut out = Vec::new();
    for class in classes {
        normal.clear();
        if classifiers.normalise(class, value, &mut normal) {
            out.push((class, hasher.identifier(&classifiers.get(class).id, &normal)));
        }
    }
    normal.fill(0);
    out
}

/// The hashes that a typed value has as a key.
pub(super) fn key_hashes(reader: &Reader, hasher: &Hasher, asked: &Asked) -> Result<Vec<IdHash>, IndexError> {
    let mut spaces: BTreeSet<(String, String)> =
        reader.key_columns()?.into_iter().map(|c| (c.namespace.class, c.namespace.space)).collect();
    spaces.retain(|s| asked.class.as_ref().is_none_or(|c| *c == s.0));
    let mut value = Vec::new();
    let typed = Secret::new(as_read(asked.value.expose()));
    if spaces.is_empty() || !key_value(typed.expose(), &mut value) {
        return Ok(Vec::new());
    }
    let out = spaces.iter().map(|s| hasher.identifier(&s.1, &value)).collect();
    value.fill(0);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_copy_holds_an_address() {
        for (typed, want) in [
            ("jane@example.com", "jane@example.com"),
            (" <jane@example.com> ", "jane@example.com"),
            ("Jane Doe <jane@example.com>", "jane@example.com"),
            ("MAILTO:jane@example.com?subject=x", "jane@example.com"),
            ("<mailto:jane@example.com>", "jane@example.com"),
            ("tel:+1-415-555-2671;ext=5", "+1-415-555-2671"),
            ("a>", "a>"),
            ("tel", "tel"),
            ("", ""),
        ] {
            assert_eq!(unwrapped(typed.as_bytes()), want.as_bytes(), "{typed}");
        }
    }
}
