//! One dataset in full, which datasets share consumers, and the journal of runs, as pages.

use super::lists::unread_table;
use super::map::{Tone, categories};
use super::{Frame, dataset_link, escape, page, table};
use crate::base::Timestamp;
use crate::classify::Classifiers;
use crate::index::{ObjectRow, RunRow, RunStatus};
use crate::query::{CoverageLine, Dataset, Field, Flow, MapAnswer};
use crate::report::text::{bytes, count, plural};

/// So many objects of a dataset are listed, the newest.
const MOST_OBJECTS: usize = 200;

/// What a page of a dataset is made of.
pub struct DatasetPage<'a> {
    /// The map that it is part of.
    pub map: &'a MapAnswer,
    /// The dataset.
    pub dataset: &'a Dataset,
    /// All its object versions, those that are no longer stored among them.
    pub objects: &'a [ObjectRow],
    /// Where its consumers live: state, how many.
    pub lives: &'a [(Option<String>, u64)],
    /// Datasets that share consumers with it.
    pub flows: &'a [Flow],
    /// What was not read completely, of all.
    pub unread: &'a [CoverageLine],
    /// Names of classifiers.
    pub classifiers: &'a Classifiers,
}

/// One dataset: fields and what they hold, whose it is, age, where its people live, objects and their history.
pub fn dataset_page(frame: Frame, p: &DatasetPage<'_>) -> String {
    let d = p.dataset;
    let day = |t: Option<Timestamp>| t.map_or("unknown".to_owned(), |t| t.to_string()[..10].to_owned());
    let mut main = "<dl class=\"numbers\">\n".to_owned();
    for (name, value) in [
        ("Consumers", count(d.consumers)),
        ("Objects", count(d.objects)),
        ("Stored", bytes(d.bytes)),
        ("Oldest object", day(d.oldest)),
        ("Newest object", day(d.newest)),
    ] {
        main += &format!("<div><dt>{name}</dt><dd>{value}</dd></div>\n");
    }
    main += "</dl>\n<dl class=\"pairs\">\n";
    let mut pair = |name: &str, text: String| {
        if !text.is_empty() {
            main += &format!("<div><dt>{name}</dt><dd>{text}</dd></div>\n");
        }
    };
    pair("Place", escape(&d.uri));
    pair("Tenants", escape(&d.tenants.join(", ")));
    pair("Environments", escape(&d.environments.join(", ")));
    pair("Recognised as", d.kind.as_deref().map(escape).unwrap_or_default());
    let stale = if p.map.is_stale(d) { " <strong class=\"late\">stale</strong>" } else { "" };
    pair("Shows the state of", d.data_as_of.map(|t| format!("{}{stale}", minute(t))).unwrap_or_default());
    if d.history.objects > 0 {
        pair("Replaced by something newer", format!("{}, {}", plural(d.history.objects, "object"), bytes(d.history.bytes)));
    }
    let codes = d.categories.iter().filter_map(|c| c.strip_prefix("ccpa.")).map(crate::law::category_name).collect::<Vec<_>>();
    pair("Categories (California)", codes.join(", "));
    main += "</dl>\n";
    main += &fields(p);
    if frame.is_site() && !d.fields.is_empty() {
        main += &format!("<p><a href=\"/?in={}#map\">The fields as a map</a></p>\n", super::percent(&d.name));
        main += &super::samples::samples_form(&d.name);
    }
    if frame.is_site() && d.consumers > 0 {
        main += &format!(
            "<form method=\"post\" action=\"/breach\">\n<input type=\"hidden\" name=\"dataset\" value=\"{}\">\n\
             <button type=\"submit\">Who is affected if this was exposed?</button>\n</form>\n",
            escape(&d.name)
        );
    }
    main += &residence(p.lives, d.consumers);
    main += &shared(p.flows, &d.name);
    main += &surroundings(p);
    main += &objects(p.objects);
    let mine: std::collections::BTreeSet<&str> = p.objects.iter().filter(|o| o.current).map(|o| o.uri.as_str()).collect();
    let unread: Vec<CoverageLine> = p.unread.iter().filter(|l| mine.contains(l.uri.as_str())).cloned().collect();
    if !unread.is_empty() {
        main += &format!("<section>\n<h2>Not read</h2>\n{}</section>\n", unread_table(&unread));
    }
    page(frame, &d.name, "What lies in this dataset, whose it is, and since when.", &main)
}

fn fields(p: &DatasetPage<'_>) -> String {
    let mut out = "<section>\n<h2>Fields</h2>\n".to_owned();
    if p.dataset.fields.is_empty() {
        return out + "<p>No personal data was found.</p>\n</section>\n";
    }
    let rows = p.dataset.fields.iter().flat_map(|f| field_rows(f, p.classifiers));
    let head = ["field", "holds", "category (California)", "found", "share", "confidence", "consumers", "remarks"];
    out += &table("Fields and what they hold", &head, &[3, 4, 5, 6], rows);
    out + "</section>\n"
}

fn field_rows(f: &Field, classifiers: &Classifiers) -> Vec<Vec<String>> {
    let name = if f.name.is_empty() { "(text)".to_owned() } else { escape(&f.name) };
    let kind = f.source_type.as_ref().map(|t| format!("<br><span class=\"soft\">{}</span>", escape(t))).unwrap_or_default();
    let title = |id: &str| {
        let title = classifiers.index_of(id).map(|i| classifiers.get(i).title.clone()).unwrap_or_default();
        format!("{}<br><span class=\"soft\">{}</span>", escape(id), escape(&title))
    };
    let percent = |s: Option<f64>| s.map_or("-".to_owned(), |s| format!("{:.0} %", s * 100.0));
    let mut out = Vec::new();
    for c in &f.classifiers {
        let mut remarks = Vec::new();
        if let Some(v) = &c.verdict {
            let effect = if v.word.counts() { "" } else { ", not counted" };
            remarks.push(escape(&format!("{}{effect} ({}, {}): {}", v.word.name(), v.reviewer, v.date, v.reason)));
        }
        if c.allowed > 0 {
            remarks.push(format!("{} allowed, not counted", count(c.allowed)));
        }
        out.push(vec![
            format!("{name}{kind}"),
            format!("{}{}", Tone::of(&c.element).mark(), title(&c.id)),
            categories(&c.element),
            count(c.count),
            percent(c.share),
            format!("{:.2}", c.confidence),
            count(f.consumers),
            remarks.join("<br>"),
        ]);
    }
    for s in &f.protection {
        let state = format!("{} {}", count(s.count), escape(&s.state));
        out.push(vec![format!("{name}{kind}"), title(&s.id), String::new(), "-".into(), percent(s.share), "-".into(), "-".into(), state]);
    }
    out
}

fn residence(lives: &[(Option<String>, u64)], all: u64) -> String {
    if lives.is_empty() {
        return String::new();
    }
    let rows = lives.iter().map(|(state, n)| vec![state.as_deref().map_or("not known".to_owned(), escape), count(*n), bar(*n, all.max(1))]);
    format!(
        "<section>\n<h2>Where its consumers live</h2>\n{}</section>\n",
        table("Residence of consumers", &["state", "consumers", "share"], &[1], rows)
    )
}

/// A share as a bar with its percentage.
fn bar(n: u64, all: u64) -> String {
    let percent = (n as f64 / all as f64 * 100.0).min(100.0);
    format!("<span class=\"bar\" style=\"--w:{percent:.1}%\">{percent:.0} %</span>")
}

fn shared(flows: &[Flow], name: &str) -> String {
    let mine: Vec<&Flow> = flows.iter().filter(|f| f.larger.0 == name || f.smaller.0 == name).collect();
    if mine.is_empty() {
        return String::new();
    }
    let rows = mine.iter().map(|f| {
        let other = if f.larger.0 == name { &f.smaller } else { &f.larger };
        vec![dataset_link(&other.0), count(f.shared), count(other.1)]
    });
    format!(
        "<section>\n<h2>Shares consumers with</h2>\n{}</section>\n",
        table("Datasets that share consumers", &["dataset", "in both", "there in all"], &[1, 2], rows)
    )
}

/// Settings of the stores in which its current objects lie.
fn surroundings(p: &DatasetPage<'_>) -> String {
    let here = |uri: &str| p.objects.iter().any(|o| o.current && o.uri.strip_prefix(uri).is_some_and(|rest| rest.starts_with('/')));
    let mut out = "<section>\n<h2>Surroundings</h2>\n".to_owned();
    let mut known = false;
    for s in p.map.stores.iter().filter(|s| here(&s.uri)) {
        known = true;
        let uri = escape(&s.uri);
        for w in s.warnings() {
            let says = if w == "public" { "Everybody may read in" } else { "No access is logged in" };
            out += &format!("<p class=\"warn\">{says} {uri}, which holds sensitive personal information.</p>\n");
        }
        let rows = s.facts.iter().map(|(name, value, why)| {
            let says = match (value, why) {
                (Some(value), _) => escape(value),
                (None, why) => format!("<span class=\"soft\">not known: {}</span>", escape(why.as_deref().unwrap_or("was not asked"))),
            };
            vec![escape(&name.replace('_', " ")), says]
        });
        out += &format!("<h3>{uri}</h3>\n{}", table(&format!("Settings of {}", s.uri), &["setting", "is"], &[], rows));
    }
    if !known {
        out += "<p>Encryption, public access and logging are asked of S3 buckets, with each scan. Of the place of these objects nothing is known.</p>\n";
    }
    out + "</section>\n"
}

fn objects(all: &[ObjectRow]) -> String {
    let mut order: Vec<&ObjectRow> = all.iter().collect();
    order.sort_by(|a, b| b.current.cmp(&a.current).then(b.last_seen.cmp(&a.last_seen)).then_with(|| a.uri.cmp(&b.uri)));
    let rows = order.iter().take(MOST_OBJECTS).map(|o| {
        let day = |t: i64| Timestamp(t).to_string()[..10].to_owned();
        vec![
            escape(&o.uri),
            bytes(o.size),
            o.modified.map_or("-".to_owned(), day),
            escape(&o.status),
            day(o.first_seen),
            day(o.last_seen),
            if o.current { "stored" } else { "replaced or gone" }.to_owned(),
        ]
    });
    let head = ["object", "size", "modified", "read", "first seen", "last seen", "now"];
    let mut out = format!("<section>\n<h2>Objects and history</h2>\n{}", table("Object versions", &head, &[1], rows));
    if all.len() > MOST_OBJECTS {
        out += &format!("<p>{} more are not shown.</p>\n", count((all.len() - MOST_OBJECTS) as u64));
    }
    out + "</section>\n"
}

/// Which datasets share consumers.
pub fn flows_page(frame: Frame, flows: &[Flow], compared: usize) -> String {
    let rows = flows.iter().take(300).map(|f| {
        vec![
            dataset_link(&f.larger.0),
            dataset_link(&f.smaller.0),
            count(f.shared),
            bar(f.shared, f.larger.1.max(1)),
            bar(f.shared, f.smaller.1.max(1)),
        ]
    });
    let main = if flows.is_empty() {
        "<p>No two datasets share consumers.</p>\n".to_owned()
    } else {
        let head = ["dataset", "and", "consumers in both", "of the first", "of the second"];
        let more =
            if flows.len() > 300 { format!("<p>{} more pairs share fewer.</p>\n", count(flows.len() as u64 - 300)) } else { String::new() };
        table("Datasets that share consumers", &head, &[2], rows) + &more
    };
    let lead = format!(
        "The same people in two places: copies, joins, exports. Where a bar is full, everybody of that dataset is in the other. The {compared} datasets \
         with most consumers are compared."
    );
    page(frame, "Shared consumers", &lead, &main)
}

/// The journal, newest first, each run with a link to what changed since the completed one before it.
pub(super) fn runs_table(runs: &[RunRow]) -> String {
    let before = |id: i64| runs.iter().rev().find(|r| r.status == RunStatus::Completed && r.id < id).map(|r| r.id);
    let rows = runs.iter().rev().take(200).map(|r| {
        let t = &r.totals;
        let n = |n| if r.ended.is_some() { count(n) } else { "-".to_owned() };
        let link = match before(r.id).filter(|_| r.status == RunStatus::Completed) {
            Some(from) => format!("<a href=\"/changes?from={from}&amp;to={}\">since run {from}</a>", r.id),
            None => String::new(),
        };
        vec![
            r.id.to_string(),
            minute(Timestamp(r.started)),
            r.status.name().to_owned(),
            n(t.listed),
            n(t.read + t.partial),
            n(t.unread),
            n(r.unlisted),
            n(t.gone),
            r.hold.as_deref().map(|h| escape(&format!("on hold: {h}"))).unwrap_or_default(),
            link,
        ]
    });
    let head = ["run", "began", "ended as", "listed", "read", "unread", "unlisted", "gone", "hold", "changes"];
    table("All runs", &head, &[3, 4, 5, 6, 7], rows)
}

/// `2026-11-21 10:20 UTC`.
fn minute(t: Timestamp) -> String {
    let t = t.to_string();
    format!("{} {} UTC", &t[..10], &t[11..16])
}
