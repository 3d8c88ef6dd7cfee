//! Pages that list: what was not read, what changed, the classifiers.

use super::{Frame, escape, page, table};
use crate::classify::Classifiers;
use crate::query::{Cause, Change, CoverageLine, DiffAnswer, What};
use crate::report::text::{count, plural};

/// What was not read completely, as a table.
pub(super) fn unread_table(unread: &[CoverageLine]) -> String {
    let rows = unread.iter().map(|l| {
        let member = l.member.as_ref().map(|m| format!(" → {}", escape(m))).unwrap_or_default();
        let why = l.reason.map_or(l.code.as_str(), |r| r.meaning());
        let why = format!("{}<br><span class=\"soft\">{}</span>", escape(why), escape(&l.detail));
        vec![format!("{}{member}", escape(&l.uri)), escape(&l.status), why]
    });
    table("What was not read completely", &["object", "status", "why"], &[], rows)
}

/// What was not read completely, as a page.
pub fn unread_page(frame: Frame, unread: &[CoverageLine]) -> String {
    let main = if unread.is_empty() { "<p>Everything that was listed was read to its end.</p>\n".to_owned() } else { unread_table(unread) };
    page(frame, "Not read", "What lies in these objects is missing in every answer.", &main)
}

/// What changed between the two newest runs; `None`: there are no two.
pub fn changes_page(frame: Frame, a: Option<&DiffAnswer>) -> String {
    let Some(a) = a else {
        return page(
            frame,
            "Changes",
            "",
            "<p>There are no two completed runs to compare yet. Scan again, and what changed will stand here.</p>\n",
        );
    };
    let run = |b: &crate::query::Basis| b.run.map_or("no run".to_owned(), |r| format!("run {r}"));
    let (before, after) = a.consumers;
    let lead = format!(
        "From {} to {}: {}; consumers {} → {}.",
        run(&a.from),
        run(&a.to),
        plural(a.changes.len() as u64, "change"),
        count(before),
        count(after)
    );
    let rows = a.changes.iter().map(|c| {
        let place = match c.field.as_deref() {
            None => escape(&c.dataset),
            Some("") => format!("{} (text)", escape(&c.dataset)),
            Some(f) => format!("{}<br>{}", escape(&c.dataset), escape(f)),
        };
        let mark = if c.sensitive { "<span class=\"mark sensitive\" title=\"sensitive personal information\">S</span>" } else { "" };
        vec![
            place,
            format!("{mark}{}", escape(&says(c))),
            format!("{} → {}", count(c.before.count), count(c.after.count)),
            format!("{} → {}", count(c.before.consumers), count(c.after.consumers)),
            if c.cause == Cause::Data { "data".to_owned() } else { "reading".to_owned() },
        ]
    });
    let main = if a.changes.is_empty() {
        "<p>Nothing changed.</p>\n".to_owned()
    } else {
        table("Changes", &["where", "what", "findings", "consumers", "cause"], &[2, 3], rows)
    };
    page(frame, "Changes", &lead, &main)
}

fn says(c: &Change) -> String {
    let list = c.classifiers.join(", ");
    match c.what {
        What::DatasetAppeared | What::FieldAppeared => format!("personal data where there was none: {list}"),
        What::KindAppeared => format!("another kind: {list}"),
        What::AmountChanged => "another amount".to_owned(),
        What::KindVanished => format!("no longer: {list}"),
        What::FieldVanished | What::DatasetVanished => format!("gone: {list}"),
    }
}

/// The classifiers.
pub fn classifiers_page(frame: Frame, all: &Classifiers) -> String {
    let rows = all.iter().map(|c| {
        vec![
            escape(&c.id),
            escape(&c.title),
            escape(&c.element.replace('_', " ")),
            c.severity.name().to_owned(),
            c.identity.name().to_owned(),
        ]
    });
    let lead = format!("{} kinds of personal data and secrets are recognised.", count(all.iter().count() as u64));
    page(frame, "Classifiers", &lead, &table("Classifiers", &["id", "title", "element of law", "severity", "identity"], &[], rows))
}
