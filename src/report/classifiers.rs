//! The catalogue of classifiers.

use serde_json::{Value, json};

use super::text::table;
use crate::classify::{Classifier, Classifiers};

/// One line of `classifiers list --format json`: `id`, `title`, `element`, `severity`, `identity`, `known_as`.
pub fn classifiers_json(c: &Classifier) -> Value {
    let known: serde_json::Map<String, Value> =
        c.known_as.iter().map(|(who, names)| (who.clone(), if let [one] = &names[..] { json!(one) } else { json!(names) })).collect();
    json!({"id": c.id, "title": c.title, "element": c.element, "severity": c.severity.name(), "identity": c.identity.name(), "known_as": known})
}

/// The list for people.
pub fn classifiers_text(all: &Classifiers) -> String {
    let mut rows = vec![vec!["id".to_owned(), "severity".to_owned(), "identity".to_owned(), "title".to_owned()]];
    rows.extend(all.iter().map(|c| vec![c.id.clone(), c.severity.name().to_owned(), c.identity.name().to_owned(), c.title.clone()]));
    table(&rows, &[], "")
}

/// The catalogue as a Markdown table.
pub fn classifiers_markdown(all: &Classifiers) -> String {
    let mut out = "| id | title | element | severity | identity | known as |\n|---|---|---|---|---|---|\n".to_owned();
    for c in all.iter() {
        let known: Vec<String> = c.known_as.iter().map(|(who, names)| format!("{who}: {}", names.join(", "))).collect();
        out += &format!(
            "| `{}` | {} | {} | {} | {} | {} |\n",
            c.id,
            c.title,
            c.element,
            c.severity.name(),
            c.identity.name(),
            known.join("; ")
        );
    }
    out
}
