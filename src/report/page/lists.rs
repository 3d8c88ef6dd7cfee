//! Pages that list: what was not read, what changed, the classifiers.

use super::dataset::runs_table;
use super::{Frame, dataset_link, escape, page, table};
use crate::base::Timestamp;
use crate::classify::Classifiers;
use crate::index::{Missing, RunRow, RunStatus};
use crate::query::{Change, CoverageLine, DiffAnswer, What};
use crate::report::diff::objects_say;
use crate::report::isolation::leak_says;
use crate::report::missing::missing_text;
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

/// The same, also where there is nothing of the kind.
pub(super) fn not_read(unread: &[CoverageLine]) -> String {
    if unread.is_empty() { "<p>Everything that was listed was read to its end.</p>\n".to_owned() } else { unread_table(unread) }
}

/// What was not read completely, as a page.
pub fn unread_page(frame: Frame, missing: &Missing, unread: &[CoverageLine]) -> String {
    let said = missing_text(missing);
    let said = if said.is_empty() { said } else { format!("<p>{said}.</p>\n") };
    page(frame, "Not read", "What lies in these objects is missing in every answer.", &(said + &not_read(unread)))
}

/// What changed between two runs (`None`: there are no two), and all runs.
pub fn changes_page(frame: Frame, a: Option<&DiffAnswer>, runs: &[RunRow]) -> String {
    let title = "Runs and changes";
    let journal = format!("<section aria-labelledby=\"runs\">\n<h2 id=\"runs\">Runs</h2>\n{}</section>\n", runs_table(runs));
    let Some(a) = a else {
        let main = "<p>There are no two completed runs to compare yet. Scan again, and what changed will stand here.</p>\n".to_owned();
        return page(frame, title, "", &(main + &journal));
    };
    let run = |b: &crate::query::Basis| b.run.map_or("no run".to_owned(), |r| format!("run {r}"));
    let (before, after) = a.consumers;
    let changes = match a.changes.len() as u64 {
        0 => "no personal data changed".to_owned(),
        n => plural(n, "change"),
    };
    let consumers = if before == after { plural(after, "consumer") } else { format!("consumers {} → {}", count(before), count(after)) };
    let lead = format!("From {} to {}: {changes}; {consumers}.{}", run(&a.from), run(&a.to), objects_say(&a.objects));
    let rows = a.changes.iter().map(|c| {
        let place = match c.field.as_deref() {
            None => dataset_link(&c.dataset),
            Some("") => format!("{} (text)", dataset_link(&c.dataset)),
            Some(f) => format!("{}<br>{}", dataset_link(&c.dataset), escape(f)),
        };
        let mark = if c.sensitive { "<b class=\"mark sensitive\">S</b>" } else { "" };
        vec![
            place,
            format!("{mark}{}", escape(&says(c))),
            format!("{} → {}", count(c.before.count), count(c.after.count)),
            format!("{} → {}", count(c.before.consumers), count(c.after.consumers)),
            c.cause.name().replace('_', " "),
        ]
    });
    let leaks: String = a
        .leaks
        .iter()
        .map(|l| format!("<p class=\"warn\">{}, in {}.</p>\n", escape(&leak_says(l)), escape(&l.datasets.join(", "))))
        .collect();
    let main = if a.changes.is_empty() && leaks.is_empty() {
        "<p>No personal data changed.</p>\n".to_owned()
    } else {
        leaks + &table("What changed", &["where", "what", "findings", "consumers", "cause"], &[2, 3], rows)
    };
    let main =
        format!("{}<section aria-labelledby=\"changes\">\n<h2 id=\"changes\">Changes</h2>\n{main}</section>\n{journal}", pick(a, runs));
    page(frame, title, &lead, &main)
}

/// Two runs to compare.
fn pick(a: &DiffAnswer, runs: &[RunRow]) -> String {
    let list = |id: &str, label: &str, chosen: Option<i64>| {
        let mut out = format!("<p><label for=\"{id}\">{label}</label>\n<select id=\"{id}\" name=\"{id}\">\n");
        for r in runs.iter().rev().filter(|r| r.status == RunStatus::Completed).take(500) {
            let mark = if chosen == Some(r.id) { " selected" } else { "" };
            let day = Timestamp(r.started).to_string()[..16].replace('T', " ");
            out += &format!("<option value=\"{0}\"{mark}>{0} ({day} UTC)</option>\n", r.id);
        }
        out + "</select></p>\n"
    };
    format!(
        "<form method=\"get\" action=\"/changes\" class=\"line\">\n{}{}<p><button type=\"submit\">Compare</button></p>\n</form>\n",
        list("from", "From run", a.from.run),
        list("to", "to run", a.to.run)
    )
}

fn says(c: &Change) -> String {
    let list = c.classifiers.join(", ");
    match c.what {
        What::DatasetAppeared | What::FieldAppeared => format!("personal data where there was none: {list}"),
        What::KindAppeared => format!("another kind: {list}"),
        What::AmountChanged => {
            let grew = match c.growth() {
                Some(g) => format!("{}: {:+.0} %", if g < 0.0 { "fewer" } else { "more" }, g * 100.0),
                None => "another amount".to_owned(),
            };
            match c.people.filter(|p| *p != (0, 0)) {
                Some((came, left)) => format!("{grew}; {} came, {} left", count(came), count(left)),
                None => grew,
            }
        }
        What::PeopleChanged => match c.people {
            Some((came, left)) => format!("other people: {} came, {} left", count(came), count(left)),
            None => "other people".to_owned(),
        },
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
