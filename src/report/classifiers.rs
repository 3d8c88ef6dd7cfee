//! The catalogue of classifiers.

use serde_json::{Value, json};

use super::text::table;
use crate::classify::peers::{Peer, SYSTEMS, peers};
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
    rows.extend(all.iter().map(|c| vec![c.id.clone(), c.severity.name().to_owned(), c.identity.name().to_owned(), shortened(&c.title)]));
    table(&rows, &[], "")
}

/// The most characters of a title in the list; `classifiers show` has all of it.
const LONGEST_TITLE: usize = 40;

fn shortened(title: &str) -> String {
    if title.chars().count() <= LONGEST_TITLE {
        return title.to_owned();
    }
    title.chars().take(LONGEST_TITLE - 1).collect::<String>().trim_end().to_owned() + "…"
}

/// The catalogue as Markdown: a table of all classifiers, and how much of what other systems recognise they claim.
pub fn classifiers_markdown(all: &Classifiers) -> String {
    let mut out = format!(
        "# Catalogue of classifiers\n\nWritten by `piimap classifiers --markdown`. There are {} classifiers; one file each, its path is its id.\n\n\
         *Proven by*: a **check digit** is a check that few random values pass, **rules** refuse some; **shape** is the \
         expression alone; **context** is a word near or the column's name, **label** one directly in front of the value or the \
         column's name, **column** the column's name.\n\n\
         | id | title | element | severity | identity | proven by |\n|---|---|---|---|---|---|\n",
        all.len()
    );
    for c in all.iter() {
        let (severity, identity) = (c.severity.name(), c.identity.name());
        out += &format!("| `{}` | {} | {} | {severity} | {identity} | {} |\n", c.id, c.title, c.element, c.proofs().join(", "));
    }
    out += "\n## Coverage of other systems\n\nAn identifier counts as covered when a classifier claims its name in `[known_as]`.\n\n\
            | system | identifiers | covered | not covered |\n|---|---|---|---|\n";
    let mut open = String::new();
    for &(system, title) in SYSTEMS {
        let claimed = |p: &Peer| all.iter().any(|c| c.known_as.get(system).is_some_and(|names| names.iter().any(|n| n == p.name)));
        let (yes, no): (Vec<_>, Vec<_>) = peers().filter(|p| p.system == system).partition(claimed);
        out += &format!("| {title} | {} | {} | {} |\n", yes.len() + no.len(), yes.len(), no.len());
        if !no.is_empty() && COMPARED.contains(&system) {
            let names: Vec<_> = no.iter().map(|p| format!("`{}`", p.name)).collect();
            open += &format!("\n### Not covered: {title}\n\n{}\n", names.join(", "));
        }
    }
    out + &open
}

/// The systems whose open identifiers the catalogue lists by name.
const COMPARED: &[&str] = &["macie", "google", "purview", "presidio"];
