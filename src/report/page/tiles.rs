//! The map as rectangles: datasets, a group of them, or the fields of one. Zooming is following a link, so that it needs neither mouse nor script.

use std::collections::BTreeMap;

use super::map::{By, Tone, View, Within};
use super::treemap::{Rect, squarify};
use super::{Frame, dataset_path, escape, percent};
use crate::query::{Dataset, Field};
use crate::report::text::{bytes, count, plural};

/// So many datasets have a tile; a page of more would be a mosaic that nobody can read.
const MOST_TILES: usize = 150;

/// So many fields are shown in a tile.
const MOST_PARTS: usize = 24;

/// The tiles are laid out in these units; on the page they are shares of its width and height.
const AREA: Rect = Rect { x: 0.0, y: 0.0, w: 160.0, h: 80.0 };

/// So many groups are offered.
const MOST_GROUPS: usize = 60;

/// What the name of a dataset begins with.
fn group(name: &str) -> Option<&str> {
    name.split_once('/').map(|n| n.0)
}

/// Whether there is something to be seen: a group or a dataset of that name.
pub(super) fn is_there<'a>(within: &Within, mut datasets: impl Iterator<Item = &'a Dataset>) -> bool {
    datasets.any(|d| match within {
        Within::Dataset(name) => d.name == *name,
        Within::Group(name) => group(&d.name) == Some(name),
    })
}

/// The address of a view.
fn address(v: &View) -> String {
    let mut parts = Vec::new();
    parts.extend((v.by == By::Bytes).then(|| "by=bytes".to_owned()));
    parts.extend(v.within.as_ref().map(|w| match w {
        Within::Dataset(name) => format!("in={}", percent(name)),
        Within::Group(name) => format!("group={}", percent(name)),
    }));
    parts.extend((v.from > 0).then(|| format!("from={}", v.from)));
    if parts.is_empty() { "/".to_owned() } else { format!("/?{}", parts.join("&amp;")) }
}

fn place(r: Rect, area: Rect) -> String {
    let percent = |x: f64, of: f64| (x / of * 10_000.0).round() / 100.0;
    let (x, y, w, h) = (percent(r.x - area.x, area.w), percent(r.y - area.y, area.h), percent(r.w, area.w), percent(r.h, area.h));
    format!("left:{x}%;top:{y}%;width:{w}%;height:{h}%")
}

/// The section of the map. `with`: datasets with personal data, the largest first.
pub(super) fn tiles(frame: Frame, with: &[&Dataset], view: &View) -> String {
    let mut out = "<section aria-labelledby=\"map\">\n<h2 id=\"map\" tabindex=\"-1\">Map</h2>\n".to_owned();
    if with.is_empty() {
        return out + "<p>No personal data was found.</p>\n</section>\n";
    }
    let one = match &view.within {
        Some(Within::Dataset(name)) => with.iter().find(|d| d.name == *name),
        _ => None,
    };
    let says = if view.by == By::Bytes { "its stored bytes" } else { "the number of consumers in it" };
    out += &match one {
        Some(_) => "<p>Each tile is a field, as large as the number of consumers in it; inside is what it holds. ".to_owned(),
        None => format!("<p>Each tile is a dataset, as large as {says}; inside are its fields. Follow a tile to its fields. "),
    };
    if frame.is_site() && one.is_none() {
        let (by, text) = if view.by == By::Bytes { (By::Consumers, "Size by consumers") } else { (By::Bytes, "Size by stored bytes") };
        out += &format!("<a href=\"{}\">{text}</a>.", address(&View { by, from: 0, ..view.clone() }));
    }
    out += "</p>\n";
    if frame.is_site() {
        out += &zoom(with, view);
    }
    out += "<ul class=\"legend\">\n";
    for t in Tone::ALL {
        out += &format!("<li><span class=\"{}\">{}</span>{}</li>\n", t.class(), t.letter(), t.meaning());
    }
    out += "</ul>\n";
    out + &match one {
        Some(d) => of_fields(d),
        None => of_datasets(frame, with, view),
    } + "</section>\n"
}

/// Where to zoom to: out to everything, and into each group of datasets.
fn zoom(with: &[&Dataset], view: &View) -> String {
    let mut groups: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for d in with {
        if let Some(name) = group(&d.name) {
            let (n, consumers) = groups.entry(name).or_default();
            *n += 1;
            *consumers = (*consumers).max(d.consumers);
        }
    }
    // One group of everything is no nearer look.
    if groups.len() < 2 && view.within.is_none() {
        return String::new();
    }
    let mut order: Vec<(&str, (u64, u64))> = groups.into_iter().collect();
    order.sort_by(|a, b| b.1.1.cmp(&a.1.1).then_with(|| a.0.cmp(b.0)));
    let link = |within: Option<Within>, text: String| {
        let here = if view.within == within { " aria-current=\"true\"" } else { "" };
        let to = View { by: view.by, within, from: 0 };
        format!("<li><a href=\"{}#map\"{here}>{text}</a></li>\n", address(&to))
    };
    let mut out = "<nav class=\"zoom\" aria-label=\"Zoom\"><ul>\n".to_owned();
    out += &link(None, "All datasets".to_owned());
    for (name, (n, _)) in order.iter().take(MOST_GROUPS) {
        out += &link(Some(Within::Group((*name).to_owned())), format!("{} ({})", escape(name), count(*n)));
    }
    match &view.within {
        Some(Within::Group(name)) if order.iter().take(MOST_GROUPS).any(|g| g.0 == name) => {}
        Some(within @ (Within::Group(name) | Within::Dataset(name))) => out += &link(Some(within.clone()), escape(name)),
        None => {}
    }
    out + "</ul></nav>\n"
}

fn of_datasets(frame: Frame, with: &[&Dataset], view: &View) -> String {
    let inside: Vec<&Dataset> =
        with.iter().copied().filter(|d| view.within.as_ref().is_none_or(|w| is_there(w, std::iter::once(*d)))).collect();
    // A tile of the file leads to where its dataset stands among all.
    let shown = &inside[view.from.min(inside.len())..inside.len().min(view.from.saturating_add(MOST_TILES))];
    let Some(largest) = shown.first() else { return "<p>There are no smaller ones.</p>\n".to_owned() };
    // A dataset without consumers (device addresses, secrets) has a small tile, not none.
    let size = |d: &Dataset| if view.by == By::Bytes { d.bytes as f64 } else { d.consumers as f64 };
    let least = size(largest) / 20.0;
    let weights: Vec<f64> = shown.iter().map(|d| size(d).max(least).max(1.0)).collect();
    let mut out = "<ol class=\"tiles\">\n".to_owned();
    for (i, (d, r)) in shown.iter().zip(squarify(&weights, AREA)).enumerate() {
        let tone = Tone::of_dataset(d);
        let link = if frame.is_site() { dataset_path(&d.name) } else { format!("#d{i}") };
        out += &format!(
            "<li style=\"{}\"><div class=\"tile {}\"><a href=\"{link}\"><strong>{} <span><bdi>{}</bdi></span></strong> {}</a>",
            place(r, AREA),
            tone.class(),
            tone.letter(),
            escape(&d.name),
            if view.by == By::Bytes { bytes(d.bytes) } else { plural(d.consumers, "consumer") }
        );
        if r.w > 14.0 && r.h > 14.0 {
            out += &parts(d, r);
        }
        out += "</div></li>\n";
    }
    out += "</ol>\n";
    let rest = inside.len().saturating_sub(view.from + shown.len());
    if frame.is_site() && (rest > 0 || view.from > 0) {
        let to = |from: usize, text: String| format!("<a href=\"{}#map\">{text}</a>", address(&View { from, ..view.clone() }));
        let before = (view.from > 0).then(|| to(view.from.saturating_sub(MOST_TILES), "The larger ones".to_owned()));
        let next = (rest > 0).then(|| {
            to(view.from + shown.len(), format!("The next {} of {} smaller ones", count(rest.min(MOST_TILES) as u64), count(rest as u64)))
        });
        out += &format!("<p>{}</p>\n", before.into_iter().chain(next).collect::<Vec<_>>().join(" · "));
    } else if rest > 0 {
        out += &format!("<p>{} smaller datasets have no tile; all are listed below.</p>\n", count(rest as u64));
    }
    out
}

/// The fields of one dataset, all of them that can be seen.
fn of_fields(d: &Dataset) -> String {
    let mut fields: Vec<&Field> = d.fields.iter().collect();
    fields.sort_by(|a, b| b.consumers.cmp(&a.consumers).then_with(|| a.name.cmp(&b.name)));
    let rest = fields.len().saturating_sub(MOST_TILES);
    fields.truncate(MOST_TILES);
    let least = fields.first().map_or(1.0, |f| f.consumers as f64) / 20.0;
    let weights: Vec<f64> = fields.iter().map(|f| (f.consumers as f64).max(least).max(1.0)).collect();
    let mut out = "<ol class=\"tiles\">\n".to_owned();
    for (f, r) in fields.iter().zip(squarify(&weights, AREA)) {
        let tone = Tone::of_field(f);
        let kinds: Vec<String> = f.classifiers.iter().map(|c| format!("{} {}", escape(&c.id), count(c.count))).collect();
        out += &format!(
            "<li style=\"{}\"><div class=\"tile {}\"><a href=\"{}\"><strong>{} <span><bdi>{}</bdi></span></strong> {}</a>",
            place(r, AREA),
            tone.class(),
            dataset_path(&d.name),
            tone.letter(),
            if f.name.is_empty() { "(text)".to_owned() } else { escape(&f.name) },
            plural(f.consumers, "consumer")
        );
        if r.w > 10.0 && r.h > 12.0 {
            out += &format!("<p class=\"holds\">{}</p>", kinds.join("<br>"));
        }
        out += "</div></li>\n";
    }
    out += "</ol>\n";
    let more = if rest > 0 { format!(" {} more fields have no tile.", count(rest as u64)) } else { String::new() };
    out + &format!("<p><a href=\"{}\">All that is known of {}</a>.{more}</p>\n", dataset_path(&d.name), escape(&d.name))
}

fn parts(d: &Dataset, r: Rect) -> String {
    let mut fields: Vec<&Field> = d.fields.iter().collect();
    fields.sort_by(|a, b| Tone::of_field(b).cmp(&Tone::of_field(a)).then(b.consumers.cmp(&a.consumers)).then_with(|| a.name.cmp(&b.name)));
    // In a small tile only the fields that can be named.
    fields.truncate(((r.w * r.h / 60.0) as usize).clamp(1, MOST_PARTS));
    let area = Rect { x: 0.0, y: 0.0, w: r.w, h: r.h - 6.0 };
    let weights: Vec<f64> = fields.iter().map(|f| (f.consumers as f64).max(d.consumers as f64 / 4.0).max(1.0)).collect();
    let mut out = "<ul class=\"parts\">".to_owned();
    for (f, place_of) in fields.iter().zip(squarify(&weights, area)) {
        let tone = Tone::of_field(f);
        let name = if f.name.is_empty() { "(text)".to_owned() } else { escape(&f.name) };
        out += &format!("<li class=\"{}\" style=\"{}\">{} {name}</li>", tone.class(), place(place_of, area), tone.letter());
    }
    out + "</ul>"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_say_what_is_seen() {
        let view = |by, within, from| View { by, within, from };
        for (v, want) in [
            (view(By::Consumers, None, 0), "/"),
            (view(By::Bytes, None, 0), "/?by=bytes"),
            (view(By::Bytes, Some(Within::Group("a b&c".to_owned())), 150), "/?by=bytes&amp;group=a%20b%26c&amp;from=150"),
            (view(By::Consumers, Some(Within::Dataset("a/b".to_owned())), 0), "/?in=a/b"),
        ] {
            assert_eq!(address(&v), want);
        }
        assert_eq!([group("crm/people.csv"), group("people.csv")], [Some("crm"), None]);
    }

    #[test]
    fn a_group_beside_a_dataset_of_its_name_is_reached() {
        let all: Vec<Dataset> =
            ["crm", "crm/people", "crm/orders", "logs/a"].map(|n| Dataset { name: n.to_owned(), ..Dataset::default() }).to_vec();
        let with: Vec<&Dataset> = all.iter().collect();
        let seen = |within: Option<Within>| {
            let page = tiles(Frame::Site("/"), &with, &View { within, ..View::default() });
            (
                page.contains("Each tile is a field"),
                page.contains("crm/people</bdi></span></strong>"),
                page.contains("logs/a</bdi></span></strong>"),
                page,
            )
        };
        let group = seen(Some(Within::Group("crm".to_owned())));
        assert!((group.0, group.1, group.2) == (false, true, false), "{}", group.3);
        let one = seen(Some(Within::Dataset("crm".to_owned())));
        assert!((one.0, one.1) == (true, false) && one.3.contains("href=\"/?group=crm#map\""), "{}", one.3);
        assert!(!is_there(&Within::Group("people".to_owned()), all.iter()) && !is_there(&Within::Dataset("logs".to_owned()), all.iter()));
    }
}
