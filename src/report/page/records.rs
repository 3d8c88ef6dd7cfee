//! Records that laws ask for, and who is on which side of borders, as pages.

use super::{Frame, basis, document, escape, page, table};
use crate::law;
use crate::query::{ActivityFound, CategoryFound, DatasetFound, IsolationAnswer, RecordsAnswer};
use crate::report::isolation::{NOWHERE, lives_in};
use crate::report::records::{RecordsOf, UNDECLARED, day, remarks, title};
use crate::report::text::{count, plural};

/// So many datasets of an activity stand in one column.
const COLUMN: usize = 12;

/// So many datasets with people of several tenants are listed.
const MOST_DATASETS: usize = 200;

/// `map --records LAW --html`: a page that stands alone and prints.
pub fn records_html(a: &RecordsAnswer<'_>, of: RecordsOf) -> String {
    let main = intro(a) + &section(a, of, 2);
    let head = format!("<header>\n<h1>{}</h1>\n</header>\n<main id=\"main\">\n{main}</main>\n", escape(title(of)));
    document(Frame::Alone, title(of), &format!("{head}<footer>\n<p>{}</p>\n</footer>\n", basis(&a.basis)))
}

/// Both records as a page of the site.
pub fn records_page(frame: Frame, a: &RecordsAnswer<'_>) -> String {
    let mut main = intro(a);
    for of in [RecordsOf::Gdpr, RecordsOf::California] {
        main += &format!("<section>\n<h2>{}</h2>\n{}</section>\n", escape(title(of)), section(a, of, 3));
    }
    let lead = "What was found, beside what piimap.toml says of purposes, recipients and retention.";
    page(frame, "Records", lead, &main)
}

fn intro(a: &RecordsAnswer<'_>) -> String {
    let mut out = String::new();
    let p = a.said;
    let lines = [
        ("Organisation", &p.organisation),
        ("Contact", &p.contact),
        ("Representative", &p.representative),
        ("Data protection officer", &p.dpo),
    ];
    if lines.iter().any(|l| !l.1.is_empty()) {
        out += "<dl class=\"pairs\">\n";
        for (name, text) in lines.iter().filter(|l| !l.1.is_empty()) {
            out += &format!("<div><dt>{name}</dt><dd>{}</dd></div>\n", escape(text));
        }
        out += "</dl>\n";
    }
    for r in remarks(a) {
        out += &format!("<p class=\"warn\">{}</p>\n", escape(&r));
    }
    out
}

fn section(a: &RecordsAnswer<'_>, of: RecordsOf, level: u8) -> String {
    match of {
        RecordsOf::Gdpr => a.activities.iter().map(|f| activity(a, f, level)).collect(),
        RecordsOf::California => {
            let (personal, sensitive) = a.californians;
            let lead = format!(
                "<p>Residents of California: {}; with sensitive personal information: {}. {} of unknown residence.</p>\n",
                count(personal),
                count(sensitive),
                plural(a.unknown_residence, "consumer")
            );
            let head = [
                "category",
                "data",
                "consumers",
                "Californians",
                "collected from",
                "purposes",
                "recipients",
                "sold or shared to",
                "kept",
                "oldest",
            ];
            lead + &table("Categories of personal information", &head, &[2, 3], a.categories.iter().map(category))
        }
    }
}

fn list<'t>(all: impl IntoIterator<Item = &'t String>) -> String {
    all.into_iter().map(|t| escape(t)).collect::<Vec<_>>().join("<br>")
}

fn elements(all: &[(String, u64)]) -> String {
    all.iter()
        .map(|(e, n)| format!("{} <span class=\"soft\">({})</span>", escape(&e.replace('_', " ")), count(*n)))
        .collect::<Vec<_>>()
        .join(", ")
}

fn oldest(datasets: &[DatasetFound]) -> String {
    let mut out = day(datasets.iter().filter_map(|d| d.oldest).min());
    let late: Vec<String> = datasets.iter().filter(|d| d.overdue).map(|d| escape(&d.name)).collect();
    if !late.is_empty() {
        out += &format!("<br><strong class=\"late\">overdue: {}</strong>", late.join(", "));
    }
    out
}

fn category(c: &CategoryFound) -> Vec<String> {
    let name = format!("({}) {}", c.code, law::category_name(c.code));
    let none = if c.elements.is_empty() { "<span class=\"soft\">not found</span>".to_owned() } else { elements(&c.elements) };
    let missing = if c.undeclared { "<br><span class=\"soft\">some datasets say nothing</span>" } else { "" };
    vec![
        escape(&name),
        none,
        count(c.consumers),
        count(c.californians),
        list(&c.collected_from),
        format!("{}{missing}", list(&c.purposes)),
        list(&c.recipients),
        list(&c.sold_to),
        list(&c.retention),
        oldest(&c.datasets),
    ]
}

fn activity(a: &RecordsAnswer<'_>, f: &ActivityFound<'_>, level: u8) -> String {
    let name = f.activity.map_or(UNDECLARED, |s| s.name.as_str());
    let mut out = format!("<h{level}>{}</h{level}>\n<dl class=\"pairs\">\n", escape(name));
    let mut pair = |name: &str, text: String| {
        if !text.is_empty() {
            out += &format!("<div><dt>{name}</dt><dd>{text}</dd></div>\n");
        }
    };
    if let Some(s) = f.activity {
        let own = s.controller.is_empty() && !s.processor;
        pair("Role", if s.processor { "processor" } else { "controller" }.to_owned());
        pair("Controller", escape(if own { &a.said.organisation } else { &s.controller }));
        pair("Purposes", list(&s.purposes));
        pair("Legal basis", escape(&s.legal_basis));
        pair("Data subjects", list(&s.subjects));
        pair("Collected from", list(&s.collected_from));
    }
    pair("Consumers", count(f.consumers));
    pair("Personal data", elements(&f.elements));
    pair("Special categories", f.special.join(", "));
    if let Some(s) = f.activity {
        pair("Recipients", list(&s.recipients));
        pair("Transfers", list(&s.transfers));
        pair("Safeguards", escape(&s.safeguards));
        pair("Kept", s.retention.as_ref().map(|r| escape(&r.text)).unwrap_or_default());
    }
    pair("Oldest data", oldest(&f.datasets));
    if let Some(s) = f.activity {
        pair("Security", escape(&s.security));
    }
    pair("Values found", f.protection.join(", "));
    let datasets = f.datasets.iter().map(|d| escape(&d.name)).collect::<Vec<_>>().join("<br>");
    pair("Datasets", if f.datasets.len() > COLUMN { format!("<div class=\"many\">{datasets}</div>") } else { datasets });
    out + "</dl>\n"
}

/// Who is under several tenants, and whose data lies in which region.
pub fn isolation_page(frame: Frame, a: &IsolationAnswer) -> String {
    let mut main = "<section aria-labelledby=\"tenants\">\n<h2 id=\"tenants\">Tenants</h2>\n".to_owned();
    if a.tenants.is_empty() {
        main += "<p>No tenants are named. List them as <code>[[tenant]]</code> in piimap.toml, and consumers who are seen under more than one of them stand here.</p>\n";
    } else if a.several_tenants == 0 {
        main += &format!("<p>No consumer is under more than one of {}.</p>\n", plural(a.tenants.len() as u64, "tenant"));
    } else {
        main += &format!("<p class=\"warn\">{} under more than one tenant.</p>\n", plural(a.several_tenants, "consumer"));
    }
    if !a.tenants.is_empty() {
        let mut rows: Vec<Vec<String>> =
            a.tenants.iter().map(|t| vec![escape(&t.tenant), count(t.objects), count(t.consumers), count(t.shared)]).collect();
        if a.without_tenant.0 > 0 {
            rows.push(vec!["(no tenant)".to_owned(), count(a.without_tenant.0), count(a.without_tenant.1), "-".to_owned()]);
        }
        main += &table("Tenants and their consumers", &["tenant", "objects", "consumers", "also elsewhere"], &[1, 2, 3], rows);
    }
    if a.several_tenants > 0 {
        let rows = a.shared.iter().map(|(t, n)| vec![escape(&t.join(", ")), count(*n)]);
        main += &format!("<h3>Under several tenants</h3>\n{}", table("Consumers by their tenants", &["tenants", "consumers"], &[1], rows));
        let rows = a.datasets.iter().take(MOST_DATASETS).map(|(t, d, n)| vec![escape(t), escape(d), count(*n)]);
        main += &format!("<h3>Where they are</h3>\n{}", table("Datasets that hold them", &["tenant", "dataset", "of them"], &[2], rows));
        if a.datasets.len() > MOST_DATASETS {
            main += &format!("<p>{} more datasets hold some of them.</p>\n", count((a.datasets.len() - MOST_DATASETS) as u64));
        }
        let ids: Vec<String> = a.named.iter().map(|c| c.to_string()).collect();
        main += &format!("<p class=\"soft\">{} of them: {}</p>\n", count(ids.len() as u64), ids.join(" "));
    }
    if a.objects_of_several > 0 {
        main += &format!("<p>{} of two tenants by the patterns of piimap.toml.</p>\n", plural(a.objects_of_several, "object"));
    }
    main += "</section>\n<section aria-labelledby=\"residents\">\n<h2 id=\"residents\">Residents by region of storage</h2>\n";
    if a.regions.is_empty() {
        main += "<p>No regions are named. List them as <code>[[region]]</code> in piimap.toml, and the columns say where the data of each state’s residents lies.</p>\n";
    }
    let mut head = vec!["residence"];
    head.extend(a.regions.iter().map(String::as_str));
    head.extend([NOWHERE, "consumers"]);
    let rows = a.residents.iter().map(|r| {
        let mut row = vec![escape(&lives_in(r))];
        row.extend(r.by_region.iter().map(|n| if *n == 0 { "·".to_owned() } else { count(*n) }));
        row.push(count(r.consumers));
        row
    });
    main += &table("Where the data of residents is stored", &head, &(1..head.len()).collect::<Vec<_>>(), rows);
    if a.several_regions > 0 {
        main += &format!("<p>{} in more than one region.</p>\n", plural(a.several_regions, "consumer"));
    }
    main += "</section>\n";
    page(frame, "Tenants and regions", "Whose data lies with whom, and where.", &main)
}
