//! Answers as pages that stand alone: no request leaves them, they print, they work without a mouse and without a script.
//!
//! PRIVACY: what goes in are names, counts and places as `query` gives them, never a value. Everything is escaped: a hostile
//! name of a column is text, not markup.

mod breach;
mod map;
mod treemap;

pub use breach::breach_html;
pub use map::map_html;

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

/// A whole document around `body`.
fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n{}<title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n{body}<script>\n{}</script>\n</body>\n</html>\n",
        include_str!("head.html"),
        escape(title),
        include_str!("style.css"),
        include_str!("filter.js"),
    )
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
