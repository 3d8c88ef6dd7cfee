//! Pages that answer a question typed in: where is this person, who is affected.
//!
//! PRIVACY: what was typed is not repeated, neither in the page nor in its address.

use super::{Frame, basis, escape, page, table};
use crate::query::{BreachAnswer, FindAnswer, Place};
use crate::report::text::{plural, ranges};

const FIND_FORM: &str = "<form method=\"post\" action=\"/find\" autocomplete=\"off\">\n\
    <label for=\"value\">E-mail address, telephone, social security number, or a consumer’s id (c_…)</label>\n\
    <input type=\"search\" id=\"value\" name=\"value\" required maxlength=\"400\" spellcheck=\"false\" aria-describedby=\"kept\">\n\
    <button type=\"submit\">Find</button>\n\
    <p id=\"kept\" class=\"soft\">What you type is hashed and looked up. It is neither stored nor shown again.</p>\n</form>\n";

/// The look-up of a person: the form, and the answer to what was asked before.
pub fn find_page(frame: Frame, answer: Option<&FindAnswer>) -> String {
    let mut main = FIND_FORM.to_owned();
    if let Some(a) = answer {
        main += "<section aria-labelledby=\"answer\">\n<h2 id=\"answer\" tabindex=\"-1\">Answer</h2>\n";
        main += &if a.places.is_empty() { "<p role=\"status\">Nothing is known of it.</p>\n".to_owned() } else { found(a) };
        main += &format!("<p class=\"soft\">{}</p>\n</section>\n", basis(&a.basis));
    }
    page(frame, "Find a person", "Every place of a consumer, from any of their identifiers.", &main)
}

fn found(a: &FindAnswer) -> String {
    let mut out = String::new();
    let owners = a.consumers.iter().map(|c| Some(*c)).chain(a.places.iter().any(|p| p.consumer.is_none()).then_some(None));
    for owner in owners {
        let mine: Vec<&Place> = a.places.iter().filter(|p| p.consumer == owner).collect();
        let title = owner.map_or("In nobody’s record".to_owned(), |c| format!("Consumer {c}"));
        out += &format!("<h3>{}</h3>\n<p role=\"status\">{}.</p>\n<ul>\n", escape(&title), plural(mine.len() as u64, "place"));
        for i in a.identifiers.iter().filter(|i| i.consumer == owner) {
            let shared = if i.shared { "; shared by several people, so it links nothing" } else { "" };
            out += &format!("<li>{}: {}{shared}</li>\n", escape(&i.classifier), plural(i.sightings, "sighting"));
        }
        out += "</ul>\n";
        let rows = mine.iter().map(|p| {
            let member = p.member.as_ref().map(|m| format!(" → {}", escape(m))).unwrap_or_default();
            let gone = if p.current { "" } else { "<br><span class=\"soft\">no longer stored</span>" };
            let at =
                [p.rows.as_ref().map(|r| format!("rows {}", ranges(r, 8))), p.bytes.as_ref().map(|b| format!("bytes {}", ranges(b, 8)))];
            vec![
                format!("{}{member}{gone}", escape(&p.uri)),
                escape(p.field.as_deref().unwrap_or("(text)")),
                escape(&p.classifier),
                at.into_iter().flatten().collect::<Vec<_>>().join(", "),
                p.last_seen.to_string()[..10].to_owned(),
            ]
        });
        out += &table(&format!("Places of {title}"), &["object", "field", "kind", "where", "last seen"], &[], rows);
    }
    out
}

/// The scope of a breach: the form, and the answer to what was asked before.
pub fn breach_page(frame: Frame, answer: Option<&BreachAnswer>) -> String {
    let mut main = "<form method=\"post\" action=\"/breach\" autocomplete=\"off\">\n\
        <p><label for=\"dataset\">Datasets (patterns such as redshift/*)</label>\n<input type=\"search\" id=\"dataset\" name=\"dataset\" maxlength=\"400\"></p>\n\
        <p><label for=\"object\">Objects (patterns such as **/customers*.csv)</label>\n<input type=\"search\" id=\"object\" name=\"object\" maxlength=\"400\"></p>\n\
        <p><label for=\"discovered\">Discovered on (a day such as 2026-11-21; starts the clocks of the law)</label>\n<input type=\"search\" id=\"discovered\" name=\"discovered\" maxlength=\"40\"></p>\n\
        <button type=\"submit\">Who is affected?</button>\n</form>\n"
        .to_owned();
    if let Some(a) = answer {
        main += "<section aria-labelledby=\"answer\">\n<h2 id=\"answer\" tabindex=\"-1\">Answer</h2>\n";
        let [lead, tables, basis] = super::breach::parts(a);
        main += &format!("<div role=\"status\">{lead}</div>\n<div class=\"told\">\n{tables}</div>\n{basis}</section>\n");
    }
    page(frame, "Scope a breach", "Distinct people in exposed objects, whom the law says to tell, and by when.", &main)
}

/// A page that says why there is no answer. `text` holds no value.
pub fn sorry_page(frame: Frame, title: &str, text: &str) -> String {
    page(frame, title, "", &format!("<p role=\"alert\">{}</p>\n", escape(text)))
}
