//! What was typed: the identifiers that it may be.

use std::collections::BTreeSet;

use super::find::Met;
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

/// Elements of values that people type and that name nobody here: names, addresses, days.
const NAMES_NOBODY: [&str; 5] = ["full_name", "postal_address", "zip_code", "dob", "date"];

/// What is to be said of a value of which nothing is known: one without a hash may be somebody's name, which a key column would take for a
/// key, or of no known form.
pub(super) fn unknown(classifiers: &Classifiers, asked: &Asked, plain: &[(u16, IdHash)], keys: &[(String, IdHash)]) -> Met {
    let typed = Secret::new(as_read(asked.value.expose()));
    let accepted = |id: &str| classifiers.accepts(id, typed.expose());
    let names_nobody = || {
        let mut nobodys = classifiers.iter().filter(|c| c.identity == Identity::None && NAMES_NOBODY.contains(&&*c.element));
        nobodys.any(|c| accepted(&c.id))
    };
    match asked.class.as_deref().and_then(|id| classifiers.index_of(id)) {
        Some(class) if classifiers.get(class).identity == Identity::None => Met::NoIdentifier,
        Some(_) => Met::Unknown,
        None if !plain.is_empty() => Met::Unknown,
        None if keys.is_empty() && asked.class.is_none() && !names_nobody() => Met::UnknownForm,
        None if keys.is_empty() || accepted("generic.person_name") => Met::NoIdentifier,
        None => Met::Unknown,
    }
}

/// The classifiers by whose values the index knows people and which are not among these: what is typed is never taken for one of theirs.
pub fn unheard(reader: &Reader, classifiers: &Classifiers) -> Result<Vec<String>, IndexError> {
    let keys = reader.key_columns()?;
    let mut out = reader.identifying()?;
    out.retain(|c| classifiers.index_of(c).is_none() && keys.iter().all(|k| k.namespace.class != *c));
    Ok(out)
}

/// The addresses or numbers in what people copy: `Jane <jane@example.com>`, `mailto:jane%40example.com?subject=…`, `tel:+1-415-555-2671`.
/// Mostly one.
fn unwrapped(typed: &[u8]) -> Vec<Secret> {
    let mut value = typed.trim_ascii();
    if let Some(inner) = untailed(value).strip_suffix(b">")
        && let Some(open) = inner.iter().rposition(|b| *b == b'<')
    {
        value = &inner[open + 1..];
    }
    let rest = |scheme: &[u8]| value.split_at_checked(scheme.len()).filter(|(s, _)| s.eq_ignore_ascii_case(scheme)).map(|v| v.1);
    let Some((rest, ends)) = [(&b"mailto:"[..], &b"?#"[..]), (b"tel:", b"?;,"), (b"sms:", b"?;")]
        .into_iter()
        .find_map(|(scheme, ends)| Some((rest(scheme)?, ends)))
    else {
        return vec![Secret::new(value)];
    };
    let end = rest.iter().position(|b| ends.contains(b)).unwrap_or(rest.len());
    // Also `mailto:?to=jane@example.com`, as RFC 6068 has it.
    let fields = rest[end..].strip_prefix(b"?").unwrap_or_default().split(|b| matches!(b, b'&' | b'#'));
    let more = fields.filter_map(|f| f.split_at_checked(3).filter(|(name, _)| name.eq_ignore_ascii_case(b"to=")).map(|f| f.1));
    let each = std::iter::once(&rest[..end]).chain(more).flat_map(|list| list.split(|b| matches!(b, b',' | b';')));
    each.map(|v| Secret::new(unescaped(v).trim_ascii())).filter(|v| !v.expose().is_empty()).collect()
}

/// A value without what stands behind it in a list or at the end of a sentence.
fn untailed(value: &[u8]) -> &[u8] {
    let end = value.iter().rposition(|b| !matches!(b, b',' | b';' | b'.') && !b.is_ascii_whitespace());
    &value[..end.map_or(0, |last| last + 1)]
}

/// Text of a URL: `%40` is an `@`. What is no escape stays.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let (mut out, mut i) = (Vec::with_capacity(text.len()), 0);
    while let Some(&b) = text.get(i) {
        let hex = |at: usize| text.get(i + at).and_then(|d| char::from(*d).to_digit(16));
        match (b, hex(1), hex(2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                i += 3;
            }
            _ => {
                out.push(b);
                i += 1;
            }
        }
    }
    out
}

/// The hashes that a typed value may have.
pub(super) fn hashes(hasher: &Hasher, classifiers: &Classifiers, asked: &Asked) -> Vec<(u16, IdHash)> {
    let typed = Secret::new(as_read(asked.value.expose()));
    let mut normal = Vec::new();
    let mut out = Vec::new();
    for value in unwrapped(typed.expose()) {
        for (class, value) in read(classifiers, asked.class.as_deref(), value.expose()) {
            normal.clear();
            if classifiers.normalise(class, value, &mut normal) {
                out.push((class, hasher.identifier(&classifiers.get(class).id, &normal)));
            }
        }
    }
    normal.fill(0);
    out
}

/// The classifiers that a value may belong to, each with the value: as it was typed, and without what stands behind it. A user's name may
/// end with a point, and a number in a list does as well.
fn read<'a>(classifiers: &Classifiers, class: Option<&str>, value: &'a [u8]) -> Vec<(u16, &'a [u8])> {
    let bare = untailed(value);
    let both = [Some(value), (bare != value).then_some(bare)].into_iter().flatten();
    let Some(id) = class else {
        return both.flat_map(|v| classifiers.candidates(v).into_iter().map(move |class| (class, v))).collect();
    };
    let Some(own) = classifiers.index_of(id) else { return Vec::new() };
    let mut fit: Vec<_> = both.filter(|v| classifiers.accepts(id, v)).map(|v| (own, v)).collect();
    if fit.is_empty() {
        fit.push((own, value));
    }
    fit
}

/// The hashes that a typed value has as a key, each with the key's name; where the index knows none of them, those without what stands
/// behind it.
pub(super) fn key_hashes(reader: &Reader, hasher: &Hasher, asked: &Asked) -> Result<Vec<(String, IdHash)>, IndexError> {
    let mut spaces: BTreeSet<(String, String)> =
        reader.key_columns()?.into_iter().map(|c| (c.namespace.class, c.namespace.space)).collect();
    spaces.retain(|s| asked.class.as_ref().is_none_or(|c| *c == s.0));
    let typed = Secret::new(as_read(asked.value.expose()));
    let (mut value, mut out) = (Vec::new(), Vec::new());
    for text in [typed.expose().trim_ascii(), untailed(typed.expose())] {
        if key_value(text, &mut value) {
            out = spaces.iter().map(|s| (s.0.clone(), hasher.identifier(&s.1, &value))).collect();
        }
        value.fill(0);
        for (_, hash) in &out {
            if reader.owner_of(*hash)?.is_some() {
                return Ok(out);
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_copy_holds_an_address() {
        for (typed, want) in [
            ("jane@example.com", &["jane@example.com"][..]),
            (" <jane@example.com> ", &["jane@example.com"]),
            ("Jane Doe <jane@example.com>", &["jane@example.com"]),
            ("Jane Doe <jane@example.com>, ", &["jane@example.com"]),
            ("MAILTO:jane@example.com?subject=x", &["jane@example.com"]),
            ("<mailto:jane@example.com>;", &["jane@example.com"]),
            ("mailto:jane%40example.com", &["jane@example.com"]),
            ("mailto:jane%2Bnews@example.com?cc=x", &["jane+news@example.com"]),
            ("mailto:100%25@example.com", &["100%@example.com"]),
            ("mailto:100%@example.com", &["100%@example.com"]),
            ("mailto:jane+news@example.com", &["jane+news@example.com"]),
            ("mailto:a@example.com,b@example.com", &["a@example.com", "b@example.com"]),
            ("mailto:?To=a%40example.com&subject=to=b", &["a@example.com"]),
            ("mailto:%", &["%"]),
            ("mailto:", &[]),
            ("tel:+1-415-555-2671;ext=5", &["+1-415-555-2671"]),
            ("tel:%2B14155552671,,12", &["+14155552671"]),
            ("sms:+14155552671,+14155552672?body=x", &["+14155552671", "+14155552672"]),
            ("a>", &["a>"]),
            ("tel", &["tel"]),
            ("", &[""]),
        ] {
            let found = unwrapped(typed.as_bytes());
            let found: Vec<_> = found.iter().map(|v| String::from_utf8_lossy(v.expose())).collect();
            assert_eq!(found, want, "{typed}");
        }
    }

    #[test]
    fn what_stands_behind_a_value_in_a_list_is_none_of_it() {
        let key = crate::identity::Key::from_hex(&"07".repeat(32)).unwrap();
        let (classifiers, hasher) = (Classifiers::builtin(), Hasher::new(&key));
        let of = |text: &str, class: Option<&str>| {
            let asked = Asked { value: Secret::new(text.as_bytes()), class: class.map(str::to_owned) };
            hashes(&hasher, &classifiers, &asked)
        };
        for (value, class) in [
            ("jane@example.com", "generic.email"),
            ("457-55-5462", "us.ssn"),
            ("+1-415-555-2671", "generic.phone"),
            ("4012888888881881", "generic.payment_card"),
            ("DE89 3704 0044 0532 0130 00", "generic.iban"),
        ] {
            let plain = of(value, None);
            assert!(plain.iter().any(|(c, _)| classifiers.get(*c).id == class), "{value}");
            for tail in [",", ";", ".", " ,", ";\r\n", ".,"] {
                let typed = format!("{value}{tail}");
                let found = of(&typed, None);
                assert!(plain.iter().all(|id| found.contains(id)), "{typed:?}");
                assert_eq!(of(&typed, Some(class)), of(value, Some(class)), "{typed:?} as {class}");
            }
        }
        assert!(of("...", None).is_empty() && of("", None).is_empty());
    }

    #[test]
    fn a_value_of_no_known_form_is_not_said_to_name_nobody() {
        let classifiers = Classifiers::builtin();
        for (typed, class, want) in [
            ("Anna Quistgaard", None, Met::NoIdentifier),
            ("1980-02-29", None, Met::NoIdentifier),
            ("Anna Quistgaard", Some("generic.person_name"), Met::NoIdentifier),
            ("#7/7~b?", None, Met::UnknownForm),
            ("#7/7~b?", Some("generic.customer_number"), Met::Unknown),
        ] {
            let asked = Asked { value: Secret::new(typed.as_bytes()), class: class.map(str::to_owned) };
            assert_eq!(unknown(&classifiers, &asked, &[], &[]), want, "{typed}");
        }
    }
}
