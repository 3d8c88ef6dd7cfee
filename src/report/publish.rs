//! What was written into a catalogue, or would be.

use serde_json::{Value, json};

use super::text::{shorten, table, wrap};
use crate::base::Error;
use crate::source::glue::publish::{Classes, Classified, Outcome, Published};
use crate::source::glue::tags::{TagChange, Tagged};

/// A table and what became of it.
#[derive(Debug)]
pub struct PublishedTable {
    /// Its database.
    pub database: String,
    /// Its name.
    pub table: String,
    /// How it ended.
    pub done: Result<Published, Error>,
}

/// One document: `applied`, `run`, `scanned_at` and, for each table, `database`, `table`, `status` (`unchanged`, `would_change`,
/// `written`, `skipped`, `failed`), `reason` and `detail` of the last two, `columns` that differ with their classes `before` and `after`,
/// and `unplaced` fields, which are no columns.
pub fn published_json(all: &[PublishedTable], applied: bool, scan: Option<&Classified>) -> Value {
    let classes = |c: &Option<Classes>| c.as_ref().map(|c| json!({"class": c.class, "confidence": c.confidence}));
    let one = |t: &PublishedTable| {
        let changes = t.done.as_ref().map_or(&[][..], |d| &d.changes);
        let columns = changes.iter().map(|c| json!({"name": c.column, "before": classes(&c.before), "after": classes(&c.after)}));
        let detail = match &t.done {
            Ok(Published { outcome: Outcome::Skipped(why), .. }) => Some(why.as_str()),
            Ok(_) => None,
            Err(e) => Some(e.detail.as_str()),
        };
        let status = status(t.done.as_ref().ok().map(|d| &d.outcome)).replace(' ', "_");
        json!({
            "database": t.database, "table": t.table, "status": status,
            "reason": t.done.as_ref().err().map(|e| e.reason.code()), "detail": detail,
            "columns": columns.collect::<Vec<_>>(), "unplaced": t.done.as_ref().map_or(&[][..], |d| &d.unplaced),
        })
    };
    json!({
        "applied": applied,
        "run": scan.map(|f| f.run),
        "scanned_at": scan.and_then(|f| f.scanned_at).map(|t| t.to_string()),
        "tables": all.iter().map(one).collect::<Vec<_>>(),
    })
}

fn status(outcome: Option<&Outcome>) -> &'static str {
    match outcome {
        Some(Outcome::Unchanged) => "unchanged",
        Some(Outcome::Due) => "would change",
        Some(Outcome::Written) => "written",
        Some(Outcome::Skipped(_)) => "skipped",
        None => "failed",
    }
}

/// The same of one table for people.
pub fn published_text(t: &PublishedTable) -> String {
    let head = format!("{}.{}: {}", t.database, t.table, status(t.done.as_ref().ok().map(|d| &d.outcome)));
    let done = match &t.done {
        Err(e) => return wrap(&format!("{head}: "), &e.detail),
        Ok(Published { outcome: Outcome::Skipped(why), .. }) => return wrap(&format!("{head}: "), why),
        Ok(done) => done,
    };
    let classes = |c: &Option<Classes>| c.as_ref().map_or("-".to_owned(), |c| format!("{} ({})", c.class, c.confidence));
    let rows: Vec<Vec<String>> =
        done.changes.iter().map(|c| vec![shorten(&c.column, 30), classes(&c.after), format!("was {}", classes(&c.before))]).collect();
    let mut out = format!("{head}\n{}", table(&rows, &[], "  "));
    if !done.unplaced.is_empty() {
        let names: Vec<String> =
            done.unplaced.iter().map(|f| if f.is_empty() { "running text".to_owned() } else { shorten(f, 40) }).collect();
        out += &wrap("  not a column: ", &names.join(", "));
    }
    out
}

/// A table and what became of its tags.
#[derive(Debug)]
pub struct TaggedTable {
    /// Its database.
    pub database: String,
    /// Its name.
    pub table: String,
    /// How it ended.
    pub done: Result<Tagged, Error>,
}

/// One document: `applied`, `key` and, for each table, `database`, `table`, `status`, `reason` and `detail` as [`published_json`] has them,
/// and `tags` that differ: `column` (null: the table), `before` and `after` (null: none of its own).
pub fn tagged_json(all: &[TaggedTable], applied: bool, key: &str) -> Value {
    let one = |t: &TaggedTable| {
        let changes = t.done.as_ref().map_or(&[][..], |d| &d.changes);
        let tags = changes.iter().map(|c| json!({"column": c.column, "before": c.before, "after": c.after}));
        let detail = match &t.done {
            Ok(Tagged { outcome: Outcome::Skipped(why), .. }) => Some(why.as_str()),
            Ok(_) => None,
            Err(e) => Some(e.detail.as_str()),
        };
        let status = status(t.done.as_ref().ok().map(|d| &d.outcome)).replace(' ', "_");
        json!({
            "database": t.database, "table": t.table, "status": status, "reason": t.done.as_ref().err().map(|e| e.reason.code()),
            "detail": detail, "tags": tags.collect::<Vec<_>>(),
        })
    };
    json!({"applied": applied, "key": key, "tables": all.iter().map(one).collect::<Vec<_>>()})
}

/// The same of one table for people.
pub fn tagged_text(t: &TaggedTable) -> String {
    let head = format!("{}.{}: {}", t.database, t.table, status(t.done.as_ref().ok().map(|d| &d.outcome)));
    let done = match &t.done {
        Err(e) => return wrap(&format!("{head}: "), &e.detail),
        Ok(Tagged { outcome: Outcome::Skipped(why), .. }) => return wrap(&format!("{head}: "), why),
        Ok(done) => done,
    };
    let none = |value: Option<&str>| value.map_or("no tag of its own".to_owned(), |v| shorten(v, 20));
    let row = |c: &TagChange| {
        let what = c.column.as_ref().map_or("the table".to_owned(), |name| format!("column {}", shorten(name, 30)));
        vec![what, none(c.after), format!("was {}", none(c.before.as_deref()))]
    };
    format!("{head}\n{}", table(&done.changes.iter().map(row).collect::<Vec<_>>(), &[], "  "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Reason;
    use crate::source::glue::publish::Change;

    #[test]
    fn tables_say_what_becomes_of_them() {
        let classes = |class: &str| Some(Classes { class: class.into(), confidence: "0.90".into() });
        let changes = vec![
            Change { column: "email".into(), before: None, after: classes("generic.email") },
            Change { column: "note".into(), before: classes("us.ssn"), after: None },
        ];
        let of = |done| PublishedTable { database: "shop".into(), table: "people".into(), done };
        let due = of(Ok(Published { outcome: Outcome::Due, changes, unplaced: vec![String::new(), "col7".into()] }));
        let text = "shop.people: would change\n  email  generic.email (0.90)  was -\n  note   -                     was us.ssn (0.90)\n  not a column: running text, col7\n";
        assert_eq!(published_text(&due), text);
        let failed = of(Err(Error::new(Reason::AccessDenied, "not allowed")));
        assert_eq!(published_text(&failed), "shop.people: failed: not allowed\n");
        let json = published_json(&[due, failed], false, None);
        assert_eq!((&json["tables"][0]["status"], &json["tables"][1]["reason"]), (&json!("would_change"), &json!("access_denied")));
        assert_eq!(
            json["tables"][0]["columns"][1],
            json!({"name": "note", "before": {"class": "us.ssn", "confidence": "0.90"}, "after": null})
        );
    }
}
