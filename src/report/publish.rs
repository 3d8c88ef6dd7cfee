//! What was written into a catalogue, or would be.

use serde_json::{Value, json};

use super::text::{shorten, table, wrap};
use crate::base::Error;
use crate::source::glue::publish::{Classes, Classified, Outcome, Published};
use crate::source::glue::tags::{TagChange, Tagged};

/// A table of a catalogue and what became of it.
#[derive(Debug)]
pub struct WrittenTable<D> {
    /// Its database.
    pub database: String,
    /// Its name.
    pub table: String,
    /// How it ended.
    pub done: Result<D, Error>,
}

/// What is written into catalogues: parameters of columns, tags.
pub trait Written {
    /// What became of it.
    fn outcome(&self) -> &Outcome;
}

impl Written for Published {
    fn outcome(&self) -> &Outcome {
        &self.outcome
    }
}

impl Written for Tagged {
    fn outcome(&self) -> &Outcome {
        &self.outcome
    }
}

impl<D: Written> WrittenTable<D> {
    /// Whether it would be written, and was not.
    pub fn is_due(&self) -> bool {
        self.done.as_ref().is_ok_and(|d| *d.outcome() == Outcome::Due)
    }

    fn status(&self) -> &'static str {
        match self.done.as_ref().map(Written::outcome) {
            Ok(Outcome::Unchanged) => "unchanged",
            Ok(Outcome::Due) => "would change",
            Ok(Outcome::Written) => "written",
            Ok(Outcome::Skipped(_)) => "skipped",
            Err(_) => "failed",
        }
    }

    /// Why it was not written, where it could not be.
    fn detail(&self) -> Option<&str> {
        match &self.done {
            Ok(done) => match done.outcome() {
                Outcome::Skipped(why) => Some(why),
                _ => None,
            },
            Err(e) => Some(&e.detail),
        }
    }

    /// Its members, with what differs under the name `key`.
    fn json(&self, key: &str, changes: Vec<Value>) -> Value {
        json!({
            "database": self.database, "table": self.table, "status": self.status().replace(' ', "_"),
            "reason": self.done.as_ref().err().map(|e| e.reason.code()), "detail": self.detail(), key: changes,
        })
    }

    /// The first line, and `rest` of what was written, or why nothing could be.
    fn text(&self, rest: impl FnOnce(&D) -> String) -> String {
        let head = format!("{}.{}: {}", self.database, self.table, self.status());
        match (&self.done, self.detail()) {
            (Ok(done), None) => format!("{head}\n{}", rest(done)),
            (_, why) => wrap(&format!("{head}: "), why.unwrap_or_default()),
        }
    }
}

/// One document: `applied`, `run`, `scanned_at` and, for each table, `database`, `table`, `status` (`unchanged`, `would_change`,
/// `written`, `skipped`, `failed`), `reason` and `detail` of the last two, `columns` that differ with their classes `before` and `after`,
/// and `unplaced` fields, which are no columns.
pub fn published_json(all: &[WrittenTable<Published>], applied: bool, scan: Option<&Classified>) -> Value {
    let classes = |c: &Option<Classes>| c.as_ref().map(|c| json!({"class": c.class, "confidence": c.confidence}));
    let one = |t: &WrittenTable<Published>| {
        let changes = t.done.as_ref().map_or(&[][..], |d| &d.changes);
        let columns = changes.iter().map(|c| json!({"name": c.column, "before": classes(&c.before), "after": classes(&c.after)}));
        let mut out = t.json("columns", columns.collect());
        out["unplaced"] = json!(t.done.as_ref().map_or(&[][..], |d| &d.unplaced));
        out
    };
    json!({
        "applied": applied,
        "run": scan.map(|f| f.run),
        "scanned_at": scan.and_then(|f| f.scanned_at).map(|t| t.to_string()),
        "tables": all.iter().map(one).collect::<Vec<_>>(),
    })
}

/// The same of one table for people.
pub fn published_text(t: &WrittenTable<Published>) -> String {
    t.text(|done| {
        let classes = |c: &Option<Classes>| c.as_ref().map_or("-".to_owned(), |c| format!("{} ({})", c.class, c.confidence));
        let rows: Vec<Vec<String>> =
            done.changes.iter().map(|c| vec![shorten(&c.column, 30), classes(&c.after), format!("was {}", classes(&c.before))]).collect();
        let mut out = table(&rows, &[], "  ");
        if !done.unplaced.is_empty() {
            let names: Vec<String> =
                done.unplaced.iter().map(|f| if f.is_empty() { "running text".to_owned() } else { shorten(f, 40) }).collect();
            out += &wrap("  not a column: ", &names.join(", "));
        }
        out
    })
}

/// One document: `applied`, `key` and, for each table, `database`, `table`, `status`, `reason` and `detail` as [`published_json`] has them,
/// and `tags` that differ: `column` (null: the table), `before` and `after` (null: none of its own).
pub fn tagged_json(all: &[WrittenTable<Tagged>], applied: bool, key: &str) -> Value {
    let one = |t: &WrittenTable<Tagged>| {
        let changes = t.done.as_ref().map_or(&[][..], |d| &d.changes);
        let tags = changes.iter().map(|c| json!({"column": c.column, "before": c.before, "after": c.after}));
        t.json("tags", tags.collect())
    };
    json!({"applied": applied, "key": key, "tables": all.iter().map(one).collect::<Vec<_>>()})
}

/// The same of one table for people.
pub fn tagged_text(t: &WrittenTable<Tagged>) -> String {
    let none = |value: Option<&str>| value.map_or("no tag of its own".to_owned(), |v| shorten(v, 20));
    let row = |c: &TagChange| {
        let what = c.column.as_ref().map_or("the table".to_owned(), |name| format!("column {}", shorten(name, 30)));
        vec![what, none(c.after), format!("was {}", none(c.before.as_deref()))]
    };
    t.text(|done| table(&done.changes.iter().map(row).collect::<Vec<_>>(), &[], "  "))
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
        let of = |done| WrittenTable { database: "shop".into(), table: "people".into(), done };
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
