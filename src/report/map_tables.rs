//! The data map as tables for other programs: CSV for spreadsheets, Markdown for documents.

use super::map::{told, uncounted};
use super::text::{bytes, count, plural};
use crate::law;
use crate::query::{Dataset, Field, FieldClassifier, MapAnswer};

/// `map --csv`: a line for each dataset, field and classifier, by RFC 4180 with `\n`; datasets without personal data have one
/// line with empty cells. Columns: dataset, uri, field (empty: running text), classifier, element, categories (separated by
/// blanks), count, counted (without what was judged otherwise), allowed, verdict (right, wrong, test data; mostly empty), share (0..1), confidence (0..1), field_consumers, dataset_consumers, objects, bytes, oldest, newest, and where they are
/// written down tenants, environments (of the dataset; separated by `; `).
pub fn map_csv(a: &MapAnswer) -> String {
    let mut out = "dataset,uri,field,classifier,element,categories,count,counted,allowed,verdict,share,confidence,field_consumers,dataset_consumers,objects,bytes,oldest,newest,tenants,environments\n".to_owned();
    for d in &a.datasets {
        let mut line = |found: Option<(&Field, &FieldClassifier)>| {
            let text = |t: Option<String>| t.unwrap_or_default();
            let cells = [
                d.name.clone(),
                d.uri.clone(),
                text(found.map(|(f, _)| f.name.clone())),
                text(found.map(|(_, c)| c.id.clone())),
                text(found.map(|(_, c)| c.element.clone())),
                text(found.map(|(_, c)| law::categories(&c.element).join(" "))),
                text(found.map(|(_, c)| c.count.to_string())),
                text(found.map(|(_, c)| c.counted.to_string())),
                text(found.map(|(_, c)| c.allowed.to_string())),
                text(found.and_then(|(_, c)| c.verdict.as_ref()).map(|v| v.word.name().to_owned())),
                text(found.and_then(|(_, c)| c.share).map(|s| format!("{s:.3}"))),
                text(found.map(|(_, c)| format!("{:.3}", c.confidence))),
                text(found.map(|(f, _)| f.consumers.to_string())),
                d.consumers.to_string(),
                d.objects.to_string(),
                d.bytes.to_string(),
                text(d.oldest.map(|t| t.to_string())),
                text(d.newest.map(|t| t.to_string())),
                d.tenants.join("; "),
                d.environments.join("; "),
            ];
            out += &cells.map(|c| cell(&c)).join(",");
            out.push('\n');
        };
        // One whose values are all protected has fields, too.
        if d.fields.iter().all(|f| f.classifiers.is_empty()) {
            line(None);
        }
        for f in &d.fields {
            f.classifiers.iter().for_each(|c| line(Some((f, c))));
        }
    }
    out
}

/// A cell; quoted where it must be. What a spreadsheet would take for a formula is made text by an apostrophe, for a name of a
/// column comes from foreign data.
pub(super) fn cell(text: &str) -> String {
    let formula = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if text.contains(['"', ',', '\n', '\r']) || !formula.is_empty() {
        format!("\"{formula}{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// `map --markdown`: a heading for each dataset with personal data, its fields as a table.
pub fn map_markdown(a: &MapAnswer) -> String {
    let (with, without): (Vec<&Dataset>, Vec<&Dataset>) = a.datasets.iter().partition(|d| !d.fields.is_empty());
    let mut out = format!(
        "# Data map\n\n{} with personal data of {}; {} without.\n",
        plural(with.len() as u64, "dataset"),
        plural(a.consumers, "consumer"),
        count(without.len() as u64)
    );
    for d in with {
        out += &format!("\n## {}\n\n", text(&d.name));
        out += &format!("{}, {}, {}", plural(d.objects, "object"), bytes(d.bytes), plural(d.consumers, "consumer"));
        out += &d.newest.map(|t| format!(", newest of {}", &t.to_string()[..10])).unwrap_or_default();
        out += &told(d).iter().map(|line| format!("; {}", text(line))).collect::<String>();
        out += "\n\n| field | holds | element | found | share | consumers |\n|---|---|---|--:|--:|--:|\n";
        for f in &d.fields {
            for c in &f.classifiers {
                let name = if f.name.is_empty() { "(text)".to_owned() } else { text(&f.name) };
                let share = c.share.map_or("-".to_owned(), |s| format!("{:.0} %", s * 100.0));
                let found = count(c.count) + &uncounted(c);
                out += &format!("| {name} | {} | {} | {found} | {share} | {} |\n", c.id, c.element, count(f.consumers));
            }
        }
    }
    if !without.is_empty() {
        out += "\n## No personal data found\n\n";
        without.iter().for_each(|d| out += &format!("- {}\n", text(&d.name)));
    }
    out
}

/// A name without what Markdown and HTML would take for markup.
fn text(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '&' => out.extend(['\\', c]),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_no_formulas() {
        for (name, want) in [
            ("email", "email"),
            ("a,b", "\"a,b\""),
            ("a\"b", "\"a\"\"b\""),
            ("=HYPERLINK(1)", "\"'=HYPERLINK(1)\""),
            ("-1", "\"'-1\""),
            ("", ""),
        ] {
            assert_eq!(cell(name), want);
        }
    }

    #[test]
    fn names_are_no_markup() {
        assert_eq!(text("a|b_c<i>"), "a\\|b\\_c\\<i\\>");
        assert_eq!(text("a\nb"), "a\u{fffd}b");
    }
}
