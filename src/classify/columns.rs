//! What a field's name says about its values.

use super::definition::Classifier;

/// What a name says about one classifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    Nothing,
    For,
    Against,
    /// It counts or numbers things: against values of digits without separators.
    Counted,
}

/// Words in a name that speak against values that are digits only: they are counted, measured or numbered things.
const COUNTER: &[&str] = &[
    "amount",
    "asin",
    "balance",
    "barcode",
    "batch",
    "build",
    "bytes",
    "case",
    "checksum",
    "count",
    "created",
    "date",
    "duration",
    "ean",
    "elevation",
    "epoch",
    "etag",
    "event",
    "gtin",
    "guid",
    "hash",
    "height",
    "id",
    "identifier",
    "index",
    "invoice",
    "isbn",
    "item",
    "key",
    "lat",
    "latitude",
    "length",
    "line",
    "lng",
    "lon",
    "longitude",
    "lot",
    "md5",
    "mean",
    "median",
    "message",
    "modified",
    "nonce",
    "offset",
    "order",
    "parcel",
    "pid",
    "pixel",
    "population",
    "port",
    "price",
    "product",
    "qty",
    "quantity",
    "rate",
    "ref",
    "reference",
    "request",
    "revenue",
    "revision",
    "salary",
    "score",
    "seconds",
    "seq",
    "sequence",
    "serial",
    "session",
    "sha",
    "sha1",
    "sha256",
    "shipment",
    "size",
    "sku",
    "span",
    "sum",
    "ticket",
    "time",
    "timestamp",
    "token",
    "total",
    "trace",
    "tracking",
    "transaction",
    "ts",
    "txn",
    "upc",
    "updated",
    "uuid",
    "value",
    "version",
    "volume",
    "weight",
    "width",
    "year",
];

/// Last segments of a path that say nothing themselves: `phone.number`, `email.value`.
const GENERIC: &[&str] = &[
    "number", "value", "text", "address", "id", "no", "num", "primary", "home", "work", "main", "s", "n", "string", "raw", "content",
    "data",
];

/// A name in lower-case words: split at `_`, `-`, blanks and other signs, between `camelCase` parts and around digits.
fn words(name: &str) -> Vec<String> {
    let b = name.as_bytes();
    let mut out: Vec<String> = Vec::new();
    let mut word = String::new();
    for (i, c) in name.char_indices() {
        if !c.is_alphanumeric() {
            if !word.is_empty() {
                out.push(std::mem::take(&mut word));
            }
            continue;
        }
        let before = i.checked_sub(1).map_or(0, |j| b[j]);
        let after = b.get(i + 1).copied().unwrap_or(0);
        let camel = c.is_ascii_uppercase()
            && (before.is_ascii_lowercase() || (before.is_ascii_uppercase() && after.is_ascii_lowercase() && after != b's'));
        let digits = c.is_ascii_digit() != before.is_ascii_digit();
        if !word.is_empty() && (camel || digits) {
            out.push(std::mem::take(&mut word));
        }
        word.extend(c.to_lowercase());
    }
    if !word.is_empty() {
        out.push(word);
    }
    out
}

/// The segments of a field path, innermost last: `items[].sku` -> `items`, `sku`; a `\.` is part of a name.
fn segments(path: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut chars = path.chars();
    while let Some(c) = chars.next() {
        let last = out.len() - 1;
        match c {
            '\\' => out[last].extend(chars.next()),
            '.' => out.push(String::new()),
            _ => out[last].push(c),
        }
    }
    out
}

fn same(word: &str, wanted: &str) -> bool {
    word == wanted || (word.len() > 3 && word.strip_suffix('s') == Some(wanted))
}

/// Whether the words of a name hold `wanted` (words separated by blanks; `=` in front: and nothing else but numbers).
fn holds(name: &[String], wanted: &str) -> bool {
    let (exact, wanted) = match wanted.strip_prefix('=') {
        Some(w) => (true, w),
        None => (false, wanted),
    };
    let wanted: Vec<String> = wanted.split(' ').map(str::to_ascii_lowercase).collect();
    let joined = wanted.concat();
    if exact {
        let plain: Vec<_> = name.iter().filter(|w| !w.bytes().all(|b| b.is_ascii_digit())).collect();
        return plain.len() == wanted.len() && plain.iter().zip(&wanted).all(|(w, x)| same(w, x))
            || (plain.len() == 1 && same(plain[0], &joined));
    }
    name.windows(wanted.len()).any(|part| part.iter().zip(&wanted).all(|(w, x)| same(w, x)))
        || name.iter().any(|w| {
            same(w, &joined)
                || (joined.len() >= 5
                    && (w.ends_with(&joined) || (w.len() > joined.len() && w.strip_suffix('s').is_some_and(|w| w.ends_with(&joined)))))
        })
}

/// The words of a name that matter: its last segment, and with its parent where it says nothing itself.
fn names_of(field: &str) -> Vec<Vec<String>> {
    let path = segments(field);
    let last = path.last().map(|s| words(s)).unwrap_or_default();
    let mut names = vec![last.clone()];
    // `contact.phone.number` is a phone, `phone.type` is none.
    if let Some(parent) = path.len().checked_sub(2).map(|i| words(&path[i]))
        && last.iter().all(|w| GENERIC.contains(&w.as_str()))
    {
        names.push(parent.iter().chain(&last).cloned().collect());
    }
    names
}

/// The classifiers that the name `field` speaks for when these words are left out of it, by their numbers.
pub(super) fn named<'a>(classifiers: impl Iterator<Item = (usize, &'a Classifier)>, field: &str, without: &[&str]) -> Vec<u16> {
    let mut names = names_of(field);
    names.iter_mut().for_each(|n| n.retain(|w| !without.contains(&w.as_str())));
    let among = |list: &[String]| names.iter().any(|n| list.iter().any(|w| holds(n, w)));
    let speaks = |c: &Classifier| !among(&c.context.columns_against) && among(&c.context.columns);
    classifiers.filter(|(_, c)| speaks(c)).map(|(i, _)| i as u16).collect()
}

/// What the name `field` says about each classifier; `digits[i]`: values of classifier `i` are digits only.
pub(super) fn says(classifiers: &[Classifier], digits: &[bool], field: &str) -> Vec<Says> {
    let names = names_of(field);
    let last = &names[0];
    let counted = last.iter().any(|w| COUNTER.iter().any(|c| same(w, c))) || last.last().is_some_and(|w| w == "at" || w == "on");
    let one = |(i, c): (usize, &Classifier)| {
        let named = |list: &[String]| names.iter().any(|n| list.iter().any(|w| holds(n, w)));
        if named(&c.context.columns_against) {
            Says::Against
        } else if named(&c.context.columns) {
            Says::For
        } else if counted && digits[i] {
            Says::Counted
        } else {
            Says::Nothing
        }
    };
    classifiers.iter().enumerate().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_into_words() {
        for (name, want) in [
            ("customer_email", "customer email"),
            ("emailAddress", "email address"),
            ("SSN", "ssn"),
            ("userSSN", "user ssn"),
            ("SSNNumber", "ssn number"),
            ("soc-sec id", "soc sec id"),
            ("phone1", "phone 1"),
            ("IDs", "ids"),
            ("", ""),
            ("größe", "größe"),
        ] {
            assert_eq!(words(name).join(" "), want, "{name}");
        }
        assert_eq!(segments(r"a.b\.c.items[].sku"), ["a", "b.c", "items[]", "sku"]);
    }

    #[test]
    fn names_hold_words() {
        for (name, wanted, yes) in [
            ("customer_email", "email", true),
            ("emails", "email", true),
            ("emailaddress", "email address", true),
            ("customeremail", "email", true),
            ("email_sent", "email", true),
            ("mail", "email", false),
            ("product_name", "=name", false),
            ("name", "=name", true),
            ("Name2", "=name", true),
            ("file_name", "full name", false),
            ("tin", "tin", true),
            ("rating", "tin", false),
        ] {
            assert_eq!(holds(&words(name), wanted), yes, "{name} {wanted}");
        }
    }
}
