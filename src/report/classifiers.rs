//! The catalogue of classifiers.

use serde_json::{Value, json};

use super::text::{plural, shorten, table, wrap};
use crate::classify::macie::{Import, Outcome};
use crate::classify::peers::{Peer, SYSTEMS, peers};
use crate::classify::{Classifier, Classifiers, ExampleFailure};

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

/// One line of `classifiers test --format json` for each failure: `classifier`, `file`, `line`, `text`, `field`, `wanted`, `problem`.
pub fn example_json(f: &ExampleFailure, file: &str) -> Value {
    json!({"classifier": f.classifier, "file": file, "line": f.line, "text": f.text, "field": f.field, "wanted": f.wanted, "problem": f.problem})
}

/// The last line of it: `classifiers` and `failures`, how many.
pub fn examples_json(failures: &[ExampleFailure], classifiers: usize) -> Value {
    json!({"classifiers": classifiers, "failures": failures.len()})
}

/// The failures of `classifiers test` for people, by file; `file` names the file of a classifier.
pub fn examples_text(failures: &[ExampleFailure], file: &dyn Fn(&str) -> String, classifiers: usize) -> String {
    let mut out = String::new();
    for same in failures.chunk_by(|a, b| a.classifier == b.classifier) {
        let name = file(&same[0].classifier);
        for f in same {
            out += &format!("{name}{}\n", f.line.map(|l| format!(":{l}")).unwrap_or_default());
            let field = f.field.as_ref().map(|f| format!("  in column {f:?}")).unwrap_or_default();
            out += &wrap("  example  ", &format!("{:?}{field}", f.text));
            out += &wrap("  wanted   ", &f.wanted);
            out += &wrap("  but      ", &f.problem);
            out.push('\n');
        }
    }
    out + &format!("{}, {}\n", plural(classifiers as u64, "classifier"), plural(failures.len() as u64, "failure"))
}

/// One line of `classifiers import --format json`: `name`, `becomes` (`classifier`, `allow` or null), `id`, `path`, `notes`, `error`.
pub fn import_json(i: &Import) -> Value {
    match &i.outcome {
        Outcome::Classifier { id, path, notes, .. } => {
            json!({"name": i.name, "becomes": "classifier", "id": id, "path": path, "notes": notes, "error": null})
        }
        Outcome::Allow { notes, .. } => {
            json!({"name": i.name, "becomes": "allow", "id": null, "path": null, "notes": notes, "error": null})
        }
        Outcome::Failed(why) => json!({"name": i.name, "becomes": null, "id": null, "path": null, "notes": [], "error": why}),
    }
}

/// The same for people: a table, then what differs, then what was left out. `lists`: the file that allow lists went to.
pub fn import_text(all: &[Import], folder: &str, lists: &str) -> String {
    let mut rows = vec![vec!["in Macie".to_owned(), "here".to_owned(), "remarks".to_owned()]];
    let (mut remarks, mut done) = (String::new(), 0);
    for i in all {
        let (here, notes) = match &i.outcome {
            Outcome::Classifier { id, notes, .. } => {
                done += 1;
                (id.clone(), notes.clone())
            }
            Outcome::Allow { notes, .. } => (lists.to_owned(), notes.clone()),
            Outcome::Failed(why) => ("-".to_owned(), vec![format!("left out: {why}")]),
        };
        let count = if matches!(i.outcome, Outcome::Failed(_)) { "left out".to_owned() } else { notes.len().to_string() };
        rows.push(vec![shorten(&i.name, 30), shorten(&here, 36), count]);
        if !notes.is_empty() {
            remarks += &format!("\n{}\n", i.name);
            notes.iter().for_each(|n| remarks += &wrap("  ", n));
        }
    }
    let end = match done {
        0 => String::new(),
        n => format!("\n{} in {folder}; next: piimap classifiers test {folder}\n", plural(n, "file")),
    };
    table(&rows, &[], "") + &remarks + &end
}
