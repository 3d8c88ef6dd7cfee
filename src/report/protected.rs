//! People whose data lies there protected, beside those of whom it lies there in clear.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::text::{count, table};
use crate::query::{People, ProtectedPeople};

/// People per element: {certain, likely, upper}.
pub(super) fn protected_json(all: &BTreeMap<String, People>) -> Value {
    let people = |p: &People| json!({"certain": p.certain, "likely": p.likely, "upper": p.upper});
    Value::Object(all.iter().map(|(e, p)| (e.clone(), people(p))).collect())
}

/// Both kinds for people; empty where nothing is protected.
pub(super) fn protected_text(p: &ProtectedPeople) -> String {
    let mut out = String::new();
    let rows = |title: &str, all: &BTreeMap<String, People>| {
        let mut rows = vec![vec![title.to_owned(), "certain".to_owned(), "likely".to_owned(), "at most".to_owned()]];
        rows.extend(all.iter().map(|(e, p)| vec![format!("  {e}"), count(p.certain), count(p.likely), count(p.upper)]));
        table(&rows, &[1, 2, 3], "")
    };
    if !p.protected.is_empty() {
        out += &format!("\n{}", rows("people, by what is hashed, replaced or encrypted", &p.protected));
        out += "Counted apart: who has the key, or tries all numbers of nine digits, reads them.\n";
    }
    if !p.masked.is_empty() {
        out += &format!("\n{}", rows("people, by what is masked or cut", &p.masked));
    }
    out
}
