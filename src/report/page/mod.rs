//! Answers as pages that stand alone: no request leaves them, they print, they work without a mouse and without a script.
//!
//! PRIVACY: what goes in are names, counts and places as `query` gives them, never a value. Everything is escaped: a hostile
//! name of a column is text, not markup.

mod ask;
mod breach;
mod dataset;
mod lists;
mod map;
mod records;
mod samples;
mod tiles;
mod treemap;

pub use ask::{Leaf, breach_page, find_page, older_page, sorry_page, wait_page};
pub use breach::breach_html;
pub use dataset::{DatasetPage, dataset_page, flows_page};
pub use lists::{changes_page, classifiers_page, unread_page};
pub use map::{By, View, Within, is_on_map, map_html, map_page};
pub use records::{isolation_page, records_html, records_page};
pub use samples::{Sample, samples_page};

use crate::query::Basis;

/// Text as it may stand between tags and in quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // A name may hold bytes that turn a line around or hide a part of it.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{0}'..='\u{1f}' | '\u{7f}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// What an answer rests on, as one line.
fn basis(b: &Basis) -> String {
    escape(&super::find::basis_text(b).split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Where a page stands.
#[derive(Clone, Copy, Debug)]
pub enum Frame {
    /// In a file of its own.
    Alone,
    /// Among the others of `piimap serve`; the path of the page.
    Site(&'static str),
}

impl Frame {
    fn is_site(self) -> bool {
        matches!(self, Frame::Site(_))
    }
}

/// Text as it may stand in the query of an address.
fn percent(text: &str) -> String {
    let mut out = String::new();
    for b in text.bytes() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(b)),
            b => out += &format!("%{b:02X}"),
        }
    }
    out
}

/// The address of a dataset's page.
fn dataset_path(name: &str) -> String {
    format!("/dataset?name={}", percent(name))
}

/// A dataset's name that leads to its page.
fn dataset_link(name: &str) -> String {
    format!("<a href=\"{}\">{}</a>", dataset_path(name), escape(name))
}

/// What the script makes a filter of.
const FILTER_FORM: &str = "<div class=\"filter\" hidden><label for=\"filter\">Filter by any words in a dataset</label>\
    <input type=\"search\" id=\"filter\" autocomplete=\"off\"> <span id=\"filtered\" role=\"status\"></span></div>\n";

/// The pages of the site: path and name.
const SITE: &[(&str, &str)] = &[
    ("/", "Data map"),
    ("/find", "Find a person"),
    ("/breach", "Scope a breach"),
    ("/changes", "Runs and changes"),
    ("/shared", "Shared consumers"),
    ("/borders", "Tenants and regions"),
    ("/records", "Records"),
    ("/unread", "Not read"),
    ("/classifiers", "Classifiers"),
];

/// A whole document around `body`, which begins with its `header`.
fn document(frame: Frame, title: &str, body: &str) -> String {
    let mut nav = String::new();
    let script = match frame {
        Frame::Alone => format!("<script>\n{}</script>", FILTER),
        Frame::Site(current) => {
            nav += "<div class=\"site\"><nav aria-label=\"Pages\"><ul>\n";
            for (path, name) in SITE {
                let here = if *path == current { " aria-current=\"page\"" } else { "" };
                nav += &format!("<li><a href=\"{path}\"{here}>{name}</a></li>\n");
            }
            nav += "</ul></nav></div>\n";
            "<script src=\"/filter.js\"></script>".to_owned()
        }
    };
    // A page of the site has its policy from the server.
    let policy = if matches!(frame, Frame::Alone) { include_str!("policy.html") } else { "" };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n{}{policy}<title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the content</a>\n{nav}{body}{script}\n</body>\n</html>\n",
        include_str!("head.html"),
        escape(title),
        include_str!("style.css"),
    )
}

/// The script of all pages; without it they lack a filter, nothing else.
pub const FILTER: &str = include_str!("filter.js");

/// A page with one heading: `lead` is a sentence under it, `main` markup.
fn page(frame: Frame, title: &str, lead: &str, main: &str) -> String {
    let lead = if lead.is_empty() { String::new() } else { format!("<p class=\"soft\">{}</p>\n", escape(lead)) };
    document(frame, title, &format!("<header>\n<h1>{}</h1>\n{lead}</header>\n<main id=\"main\">\n{main}</main>\n", escape(title)))
}

/// A table with a caption; the cells are markup. Columns named in `right` hold numbers. The first cell of a row names it.
fn table(caption: &str, head: &[&str], right: &[usize], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let class = |i: usize| if right.contains(&i) { " class=\"n\"" } else { "" };
    let mut out = format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\">\n<table>\n<caption>{0}</caption>\n<thead><tr>",
        escape(caption)
    );
    for (i, h) in head.iter().enumerate() {
        out += &format!("<th scope=\"col\"{}>{}</th>", class(i), escape(h));
    }
    out += "</tr></thead>\n<tbody>\n";
    for row in rows {
        out += "<tr>";
        for (i, cell) in row.iter().enumerate() {
            out += &match i {
                0 => format!("<th scope=\"row\">{cell}</th>"),
                _ => format!("<td{}>{cell}</td>", class(i)),
            };
        }
        out += "</tr>\n";
    }
    out + "</tbody>\n</table>\n</div>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_are_text() {
        for (name, want) in [
            ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
            ("\" onclick='x'", "&quot; onclick=&#39;x&#39;"),
            ("a&b", "a&amp;b"),
            ("gnp.\u{202e}txt\n", "gnp.\u{fffd}txt\u{fffd}"),
            ("größe", "größe"),
        ] {
            assert_eq!(escape(name), want);
        }
    }
}
