//! The data map as a page.

use std::collections::BTreeMap;

use super::tiles::tiles;
use super::{Frame, dataset_link, document, escape, table};
use crate::base::Timestamp;
use crate::law;
use crate::query::{CoverageLine, Dataset, Field, Kind, MapAnswer};
use crate::report::map::{told, uncounted};
use crate::report::missing::missing_text;
use crate::report::stores::warnings;
use crate::report::text::{bytes, count, plural};

/// How much care a kind of data asks for. Shown as a colour and, for those who do not see it, as a letter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tone {
    Other,
    Personal,
    Sensitive,
}

impl Tone {
    pub(super) const ALL: [Tone; 3] = [Tone::Sensitive, Tone::Personal, Tone::Other];

    pub(super) fn of(element: &str) -> Tone {
        match law::categories(element) {
            c if c.contains(&"L") => Tone::Sensitive,
            [] => Tone::Other,
            _ => Tone::Personal,
        }
    }

    pub(super) fn of_field(f: &Field) -> Tone {
        f.classifiers.iter().map(|c| Tone::of(&c.element)).max().unwrap_or(Tone::Other)
    }

    pub(super) fn of_dataset(d: &Dataset) -> Tone {
        d.fields.iter().map(Tone::of_field).max().unwrap_or(Tone::Other)
    }

    pub(super) fn class(self) -> &'static str {
        match self {
            Tone::Sensitive => "sensitive",
            Tone::Personal => "personal",
            Tone::Other => "other",
        }
    }

    pub(super) fn letter(self) -> &'static str {
        match self {
            Tone::Sensitive => "S",
            Tone::Personal => "P",
            Tone::Other => "o",
        }
    }

    pub(super) fn meaning(self) -> &'static str {
        match self {
            Tone::Sensitive => "sensitive personal information (Cal. Civ. Code 1798.140(ae))",
            Tone::Personal => "other personal information",
            Tone::Other => "in no category of that law",
        }
    }

    /// Short, for there are thousands of them: what letters mean stands above the map.
    pub(super) fn mark(self) -> String {
        format!("<b class=\"mark {}\">{}</b>", self.class(), self.letter())
    }
}

/// What the size of a tile says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// Distinct consumers.
    #[default]
    Consumers,
    /// Stored bytes.
    Bytes,
}

/// What the map is narrowed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Within {
    /// The datasets whose names begin with this, up to `/`.
    Group(String),
    /// One dataset with its fields.
    Dataset(String),
}

/// What the map shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// What the size of a tile says.
    pub by: By,
    /// Only this.
    pub within: Option<Within>,
    /// So many larger datasets are left out.
    pub from: usize,
}

/// Whether a view shows something: its group or dataset is there.
pub fn is_on_map(a: &MapAnswer, view: &View) -> bool {
    view.within.as_ref().is_none_or(|w| super::tiles::is_there(w, a.datasets.iter().filter(|d| !d.fields.is_empty())))
}

/// `map --html`: the map as one document. `unread`: what was not read completely. `made`: when the page is made.
pub fn map_html(a: &MapAnswer, unread: &[CoverageLine], made: Timestamp) -> String {
    map_page(Frame::Alone, a, unread, made, &View::default())
}

/// The same, in any frame. A page of the site lists datasets, which have pages of their own; a page that stands alone has all fields.
pub fn map_page(frame: Frame, a: &MapAnswer, unread: &[CoverageLine], made: Timestamp, view: &View) -> String {
    let (mut with, without): (Vec<&Dataset>, Vec<&Dataset>) = a.datasets.iter().partition(|d| !d.fields.is_empty());
    let size = |d: &Dataset| if view.by == By::Bytes { d.bytes } else { d.consumers };
    with.sort_by(|a, b| size(b).cmp(&size(a)).then_with(|| a.name.cmp(&b.name)));
    let basis = match (a.basis.run, a.basis.completed) {
        (Some(run), Some(t)) => format!("As of run {run}, completed {}", minute(t)),
        _ => "No run has been completed yet; this is what was read so far".to_owned(),
    };
    let mut body = "<header>\n<h1>Data map</h1>\n".to_owned();
    body += &format!("<p class=\"soft\">{basis}. Page made {} by piimap {}.</p>\n", minute(made), env!("CARGO_PKG_VERSION"));
    body += "<nav aria-label=\"On this page\"><ul>\n";
    let parts = [("map", "Map"), ("kinds", "Kinds of data"), ("datasets", "Datasets"), ("clean", "Nothing found"), ("unread", "Not read")];
    for (id, name) in parts.into_iter().take(if frame.is_site() { 4 } else { 5 }) {
        body += &format!("<li><a href=\"#{id}\">{name}</a></li>\n");
    }
    body += "</ul></nav>\n</header>\n<main id=\"main\">\n";
    for w in warnings(a) {
        body += &format!("<p class=\"warn\">{}.</p>\n", escape(&w));
    }
    body += &numbers(a, with.len());
    let missing = missing_text(&a.basis.missing);
    if !missing.is_empty() {
        let link = if frame.is_site() { "/unread" } else { "#unread" };
        body += &format!("<p class=\"warn\">{missing}: the map may lack what lies there. <a href=\"{link}\">See which, and why.</a></p>\n");
    }
    body += &tiles(frame, &with, view);
    body += &kinds(a);
    body += &if frame.is_site() { list(&with) } else { datasets(&with) };
    body += &clean(frame, &without);
    body += &if frame.is_site() { String::new() } else { not_read(unread) };
    body += "</main>\n<footer>\n<p>A consumer is a person whose identifiers were seen together in records. Counts of consumers are of distinct people, counts of \
             findings are of values. The page holds no personal value.</p>\n</footer>\n";
    document(frame, "Data map", &body)
}

/// `2026-11-21 10:20 UTC`.
fn minute(t: Timestamp) -> String {
    let t = t.to_string();
    format!("{} {} UTC", &t[..10], &t[11..16])
}

fn numbers(a: &MapAnswer, with: usize) -> String {
    let objects: u64 = a.datasets.iter().map(|d| d.objects).sum();
    let sensitive = a.kinds.iter().filter(|k| Tone::of(&k.element) == Tone::Sensitive).count();
    let mut out = "<dl class=\"numbers\">\n".to_owned();
    for (name, value) in [
        ("Consumers", count(a.consumers)),
        ("Datasets with personal data", format!("{} of {}", count(with as u64), count(a.datasets.len() as u64))),
        ("Objects", count(objects)),
        ("Sensitive kinds of data", format!("{} of {}", sensitive, a.kinds.len())),
        ("Not read completely", count(a.basis.missing.objects)),
    ] {
        out += &format!("<div><dt>{name}</dt><dd>{value}</dd></div>\n");
    }
    out + "</dl>\n"
}

pub(super) fn categories(element: &str) -> String {
    law::categories(element).iter().map(|c| law::category_name(c)).collect::<Vec<_>>().join(", ")
}

fn kinds(a: &MapAnswer) -> String {
    let mut places: BTreeMap<&str, u64> = BTreeMap::new();
    for c in a.datasets.iter().flat_map(|d| &d.fields).flat_map(|f| &f.classifiers) {
        *places.entry(&c.id).or_default() += 1;
    }
    let mut kinds: Vec<&Kind> = a.kinds.iter().collect();
    kinds.sort_by(|a, b| {
        Tone::of(&b.element)
            .cmp(&Tone::of(&a.element))
            .then(b.consumers.cmp(&a.consumers))
            .then(b.count.cmp(&a.count))
            .then_with(|| a.id.cmp(&b.id))
    });
    let rows = kinds.iter().map(|k| {
        let fields = places.get(k.id.as_str()).copied().unwrap_or(0);
        vec![
            format!("{}{}", Tone::of(&k.element).mark(), escape(&k.id)),
            categories(&k.element),
            count(fields),
            count(k.count),
            count(k.consumers),
        ]
    });
    "<section aria-labelledby=\"kinds\">\n<h2 id=\"kinds\">Kinds of data</h2>\n".to_owned()
        + &table("Kinds of personal data", &["kind", "category (California)", "fields", "findings", "consumers"], &[2, 3, 4], rows)
        + "</section>\n"
}

fn datasets(with: &[&Dataset]) -> String {
    let mut out = "<section aria-labelledby=\"datasets\">\n<h2 id=\"datasets\">Datasets</h2>\n".to_owned() + super::FILTER_FORM;
    for (i, d) in with.iter().enumerate() {
        let name = escape(&d.name);
        out += &format!(
            "<section data-name aria-labelledby=\"d{i}\">\n<h3 id=\"d{i}\" tabindex=\"-1\">{}{name}</h3>\n",
            Tone::of_dataset(d).mark()
        );
        let age = match (d.oldest, d.newest) {
            (Some(o), Some(n)) if o.to_string()[..10] == n.to_string()[..10] => format!(", of {}", &o.to_string()[..10]),
            (Some(o), Some(n)) => format!(", of {} to {}", &o.to_string()[..10], &n.to_string()[..10]),
            _ => String::new(),
        };
        let size = format!("{}, {}, {}{age}", plural(d.consumers, "consumer"), plural(d.objects, "object"), bytes(d.bytes));
        let told: String = told(d).iter().map(|line| format!("<br>{}", escape(line))).collect();
        out += &format!("<p class=\"soft\">{size}<br>{}{told}</p>\n", escape(&d.uri));
        // Of these there are tens of thousands in a large map: nothing in them but what is said.
        out += &format!(
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Fields of {name}\">\n<table class=\"fields\">\n\
             <tr><th scope=\"col\">field</th><th scope=\"col\">holds</th><th scope=\"col\">found</th><th scope=\"col\">share</th>\
             <th scope=\"col\">consumers</th></tr>\n"
        );
        for (f, n, c) in d.fields.iter().flat_map(|f| f.classifiers.iter().enumerate().map(move |(n, c)| (f, n, c))) {
            let name = if f.name.is_empty() { "(text)".to_owned() } else { escape(&f.name) };
            let share = c.share.map_or("-".to_owned(), |s| format!("{:.0} %", s * 100.0));
            let consumers = if n == 0 { count(f.consumers) } else { String::new() };
            let (mark, id) = (Tone::of(&c.element).mark(), escape(&c.id));
            out += &format!(
                "<tr><th scope=\"row\">{name}</th><td>{mark}{id}</td><td>{}{}</td><td>{share}</td><td>{consumers}</td></tr>\n",
                count(c.count),
                uncounted(c)
            );
        }
        out += "</table>\n</div>\n</section>\n";
    }
    out + "</section>\n"
}

/// The datasets of the site, each with a page of its own.
fn list(with: &[&Dataset]) -> String {
    let rows = with.iter().map(|d| {
        let kinds: std::collections::BTreeSet<&str> = d.fields.iter().flat_map(|f| &f.classifiers).map(|c| c.id.as_str()).collect();
        vec![
            format!("{}{}", Tone::of_dataset(d).mark(), dataset_link(&d.name)),
            count(d.consumers),
            count(d.fields.len() as u64),
            count(kinds.len() as u64),
            count(d.objects),
            bytes(d.bytes),
            d.newest.map_or("-".to_owned(), |t| t.to_string()[..10].to_owned()),
        ]
    });
    let head = ["dataset", "consumers", "fields", "kinds", "objects", "stored", "newest"];
    "<section aria-labelledby=\"datasets\">\n<h2 id=\"datasets\">Datasets</h2>\n".to_owned()
        + super::FILTER_FORM
        + &table("Datasets with personal data", &head, &[1, 2, 3, 4, 5], rows)
        + "</section>\n"
}

fn clean(frame: Frame, without: &[&Dataset]) -> String {
    let mut out = "<section aria-labelledby=\"clean\">\n<h2 id=\"clean\">Nothing found</h2>\n".to_owned();
    if without.is_empty() {
        return out + "<p>Every dataset holds personal data.</p>\n</section>\n";
    }
    out += "<p>No personal data was found in these datasets.</p>\n<ul>\n";
    let name = |d: &Dataset| if frame.is_site() { dataset_link(&d.name) } else { escape(&d.name) };
    without.iter().for_each(|d| out += &format!("<li>{}: {}</li>\n", name(d), plural(d.objects, "object")));
    out + "</ul>\n</section>\n"
}

fn not_read(unread: &[CoverageLine]) -> String {
    format!("<section aria-labelledby=\"unread\">\n<h2 id=\"unread\">Not read</h2>\n{}</section>\n", super::lists::not_read(unread))
}
