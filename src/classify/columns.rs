//! What a field's name says about its values.

use std::collections::BTreeSet;

use super::abbreviations;
use super::letters::folded;
use super::wanted::{Names, same};

/// What a name says about one classifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    Nothing,
    For,
    Against,
    /// It counts or numbers things: against values of digits without separators.
    Counted,
    /// It may number things or hold whatever there is (`value`, `reference`): against such values that say little alone.
    Vague,
}

/// Words in a name that speak against values that are digits only: they are counted, measured or numbered things.
const COUNTER: &[&str] = &[
    "amount",
    "asin",
    "balance",
    "barcode",
    "build",
    "bytes",
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
    "lat",
    "latitude",
    "length",
    "lng",
    "lon",
    "longitude",
    "lot",
    "md5",
    "mean",
    "median",
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
    "total",
    "trace",
    "tracking",
    "ts",
    "upc",
    "updated",
    "uuid",
    "version",
    "volume",
    "weight",
    "width",
    "year",
];

/// Words in a name that speak against them only where they say little alone: what else stands in a `value` or a `message` may be anything, a
/// card number among notes, too.
const VAGUE: &[&str] = &["batch", "case", "item", "key", "line", "message", "ref", "reference", "token", "transaction", "txn", "value"];

/// Last segments of a path that say nothing themselves: `phone.number`, `email.value`.
const GENERIC: &[&str] = &[
    "number", "value", "text", "address", "id", "no", "num", "primary", "home", "work", "main", "s", "n", "string", "raw", "content",
    "data",
];

/// A name in words, as [`folded`] spells them: split at `_`, `-`, blanks and other signs, between `camelCase` parts and around digits.
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
        word.push(folded(c));
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

/// The words of a name that matter: its last segment, and with its parent where it says nothing itself; of each also what it is short for.
pub(super) fn names_of(field: &str) -> Vec<Vec<String>> {
    let path = segments(field);
    let last = path.last().map(|s| words(s)).unwrap_or_default();
    let mut names = vec![last.clone()];
    // `contact.phone.number` is a phone, `phone.type` is none.
    if let Some(parent) = path.len().checked_sub(2).map(|i| words(&path[i]))
        && last.iter().all(|w| GENERIC.contains(&w.as_str()))
    {
        names.push(parent.iter().chain(&last).cloned().collect());
    }
    let long: Vec<_> = names.iter().filter_map(|n| abbreviations::written_out(n)).collect();
    names.extend(long);
    names
}

/// The classifiers that the name `field` speaks for when these words are left out of it, by their numbers.
pub(super) fn named(all: &Names, field: &str, without: &[&str]) -> BTreeSet<u16> {
    let (mut found, mut refused) = (BTreeSet::new(), BTreeSet::new());
    for mut name in names_of(field) {
        name.retain(|w| !without.contains(&w.as_str()));
        all.held(&name, |c, against| {
            if against {
                refused.insert(c);
            } else {
                found.insert(c);
            }
        });
    }
    &found - &refused
}

/// What a name says about values of digits, whatever they are.
fn of_digits(name: &[String]) -> Says {
    let has = |list: &[&str]| name.iter().any(|w| list.iter().any(|c| same(w, c)));
    match has(COUNTER) || name.last().is_some_and(|w| w == "at" || w == "on") {
        true => Says::Counted,
        false if has(VAGUE) => Says::Vague,
        false => Says::Nothing,
    }
}

/// What the name `field` says about each classifier; `digits[i]`: values of classifier `i` are digits only.
pub(super) fn says(all: &Names, digits: &[bool], field: &str) -> Vec<Says> {
    let names = names_of(field);
    let of_digits = of_digits(&names[0]);
    let mut says: Vec<Says> = digits.iter().map(|&d| if d { of_digits } else { Says::Nothing }).collect();
    for name in &names {
        all.held(name, |c, against| {
            let said = &mut says[usize::from(c)];
            if against {
                *said = Says::Against;
            } else if *said != Says::Against {
                *said = Says::For;
            }
        });
    }
    says
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::classify::definition::{Classifier, Text};
    use crate::classify::wanted::Wanted;

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
            ("c_lname", "l name", true),
            ("custLname", "l name", true),
            ("custlname", "l name", true),
            ("L_NAME", "l name", true),
            ("lnames", "l name", true),
            ("fullname", "l name", false),
            ("channelnames", "l name", false),
            ("pdfname", "f name", false),
            ("shipaddress", "ip address", false),
            ("remoteipaddress", "ip address", true),
            ("clinicnumber", "nic number", false),
            ("businessnum", "ss num", false),
        ] {
            assert_eq!(Wanted::of(&Cow::Borrowed(wanted)).is_in(&words(name)), yes, "{name} {wanted}");
        }
    }

    /// [`says`] without a table.
    fn says_naive(classifiers: &[Classifier], digits: &[bool], names: &[Vec<String>]) -> Vec<Says> {
        let holds = |list: &[Text]| list.iter().any(|w| names.iter().any(|n| Wanted::of(w).is_in(n)));
        let one = |(c, digits): (&Classifier, &bool)| {
            if holds(&c.context.columns_against) {
                Says::Against
            } else if holds(&c.context.columns) {
                Says::For
            } else if *digits {
                of_digits(&names[0])
            } else {
                Says::Nothing
            }
        };
        classifiers.iter().zip(digits).map(one).collect()
    }

    #[test]
    fn the_table_says_what_all_words_say() {
        let set = super::super::Classifiers::builtin();
        let list: Vec<Classifier> = set.iter().cloned().collect();
        let digits: Vec<bool> = (0..list.len()).map(|i| i % 2 == 0).collect();
        let all = Names::new(&list);
        let columns: Vec<&Text> = list.iter().flat_map(|c| c.context.columns.iter().chain(&c.context.columns_against)).collect();
        for (i, w) in columns.iter().enumerate().step_by(37) {
            let plain = w.trim_start_matches('=');
            let other = columns[(i * 7 + 5) % columns.len()].trim_start_matches('=');
            for name in [
                plain.to_owned(),
                plain.replace(' ', ""),
                format!("{plain}s"),
                format!("my {plain} 2"),
                format!("x{}", plain.replace(' ', "")),
                format!("x{}s", plain.replace(' ', "_")),
                format!("{plain} {other}"),
                format!("{other}_{}", plain.replace(' ', "")),
                format!("{plain} order id"),
                format!("{} value", plain.replace("number", "nbr").replace("name", "nm").replace("date", "dt")),
            ] {
                assert_eq!(says(&all, &digits, &name), says_naive(&list, &digits, &names_of(&name)), "{name}");
            }
        }
    }
}
