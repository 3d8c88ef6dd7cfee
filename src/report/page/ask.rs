//! Pages that answer a question typed in: where is this person, who is affected.
//!
//! PRIVACY: what was typed is not repeated, neither in the page nor in its address.

use std::time::Duration;

use super::{Frame, basis, escape, page, table};
use crate::base::Timestamp;
use crate::query::{BreachAnswer, FindAnswer, Place};
use crate::report::find::why_unknown;
use crate::report::text::{count, plural, ranges};

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
        main += &match (a.places.is_empty(), why_unknown(a)) {
            (false, _) => found(a),
            (true, None) => "<p role=\"status\">Nothing is known of it.</p>\n".to_owned(),
            (true, Some(why)) => format!("<p role=\"status\">Nothing is known of it. {why}</p>\n"),
        };
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
        out += &format!(
            "<h3>{}</h3>\n<p role=\"status\">{}. Rows are records, counted from 0; a header is none of them.</p>\n<ul>\n",
            escape(&title),
            plural(mine.len() as u64, "place")
        );
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

/// Which of the people of an answer it holds.
#[derive(Clone, Copy, Debug)]
pub struct Leaf {
    /// The number by which the question is known.
    pub question: u64,
    /// Which part of them, from 0 on.
    pub page: usize,
    /// How many a part has.
    pub size: usize,
    /// Whether what was named is known, though nothing of it is stored any more.
    pub gone: bool,
    /// Whether the index was written since the question was first answered.
    pub changed: bool,
}

/// So many names of datasets are offered to be chosen from.
const MOST_NAMES: usize = 500;

/// The scope of a breach: the form, and the answer to what was asked before with a part of the people. `datasets`: names to choose from.
pub fn breach_page(frame: Frame, datasets: &[String], answer: Option<(&BreachAnswer, Leaf)>) -> String {
    let names: String = datasets.iter().take(MOST_NAMES).map(|d| format!("<option value=\"{}\"></option>\n", escape(d))).collect();
    let mut main = format!("<datalist id=\"datasets\">\n{names}</datalist>\n");
    main += "<form method=\"post\" action=\"/breach\" autocomplete=\"off\">\n\
        <p><label for=\"dataset\">Datasets (a name or a group as on the data map; or several, or patterns such as redshift/*; ** stands for all)</label>\n<input type=\"search\" id=\"dataset\" name=\"dataset\" list=\"datasets\" maxlength=\"400\"></p>\n\
        <p><label for=\"object\">Objects (patterns such as **/customers*.csv)</label>\n<input type=\"search\" id=\"object\" name=\"object\" maxlength=\"400\"></p>\n\
        <p><label for=\"discovered\">Discovered on (a day such as 2026-11-21; starts the clocks of the law)</label>\n<input type=\"search\" id=\"discovered\" name=\"discovered\" maxlength=\"40\"></p>\n\
        <button type=\"submit\">Who is affected?</button>\n</form>\n";
    if let Some((a, leaf)) = answer
        && a.objects == 0
        && leaf.gone
    {
        main += "<p role=\"alert\">What you named is known, but no object of it is stored any more, so that this says nothing of it: \
            <a href=\"/changes\">Runs and changes</a> tells what went, <code>piimap breach --as-of</code> asks about an earlier day.</p>\n";
    } else if let Some((a, _)) = answer
        && a.objects == 0
    {
        main += "<p role=\"alert\">No object of the index has such a name, so that this says nothing. The names of datasets stand on the \
            <a href=\"/\">data map</a>; in patterns * stays within a part of a name, ** goes across.</p>\n";
    } else if let Some((a, leaf)) = answer {
        main += "<section aria-labelledby=\"answer\">\n<h2 id=\"answer\" tabindex=\"-1\">Answer</h2>\n";
        let [lead, tables, basis] = super::breach::parts(a);
        main += &format!("<div role=\"status\">{lead}</div>\n<div class=\"told\">\n{tables}</div>\n{}{basis}</section>\n", people(a, leaf));
    }
    page(frame, "Scope a breach", "Distinct people in exposed objects, whom the law says to tell, and by when.", &main)
}

/// The people, a part of them at a time.
fn people(a: &BreachAnswer, leaf: Leaf) -> String {
    let all = usize::try_from(a.consumers.likely).unwrap_or(usize::MAX);
    let mut out = "<section aria-labelledby=\"people\">\n<h3 id=\"people\" tabindex=\"-1\">Who they are</h3>\n".to_owned();
    if all == 0 {
        return out + "<p>Nobody.</p>\n</section>\n";
    }
    if leaf.changed {
        out += "<p class=\"warn\" role=\"status\">The index was written since you asked, so that parts may not fit together: somebody may stand in two of \
            them or in none. Ask again to begin anew.</p>\n";
    }
    let first = leaf.page.saturating_mul(leaf.size);
    let step =
        |page: usize, text: &str| format!("<a class=\"step\" href=\"/breach?scope={}&amp;page={page}#people\">{text}</a>\n", leaf.question);
    if first >= all {
        out +=
            &format!("<p>This part is empty: there are {} certain and likely people, and it begins behind them.</p>\n", count(all as u64));
        return out + "<p class=\"line\">\n" + &step((all - 1) / leaf.size.max(1), "The last ones") + "</p>\n</section>\n";
    }
    let last = first.saturating_add(leaf.size).min(all);
    out += &format!(
        "<p>{} to {} of {} certain and likely people, by the ids that stand for them here; <code>piimap breach --list FILE</code> writes all, \
         <code>--reveal-contacts FILE</code> reads names and addresses again.</p>\n",
        count(first as u64 + 1),
        count(last as u64),
        count(all as u64)
    );
    let words = |set: &std::collections::BTreeSet<String>| set.iter().map(|w| escape(&w.replace('_', " "))).collect::<Vec<_>>().join(", ");
    let rows = a.people.iter().map(|p| {
        let state = p
            .state
            .as_deref()
            .map_or("not known".to_owned(), |s| format!("{}<br><small>{} %</small>", escape(s), (p.state_confidence * 100.0).round()));
        let rules: Vec<String> = p.rules.iter().map(|(id, fits)| escape(&format!("{id} ({fits})"))).collect();
        let mut elements = words(&p.elements);
        if !p.possible.is_empty() {
            elements += &format!("<br><small>possibly {}</small>", words(&p.possible));
        }
        let datasets: Vec<String> = p.datasets.iter().map(|d| super::dataset_link(d)).collect();
        vec![
            format!("{}{}", p.consumer, if p.certain { "" } else { "<br><small>likely</small>" }),
            state,
            elements,
            rules.join("<br>"),
            datasets.join("<br>"),
        ]
    });
    out += &table("People", &["consumer", "lives in", "data elements", "rules that fit", "datasets"], &[], rows);
    if leaf.page > 0 || last < all {
        out += "<p class=\"line\">\n";
        if leaf.page > 0 {
            out += &step(leaf.page - 1, "The ones before");
        }
        if last < all {
            out += &step(leaf.page + 1, "The next ones");
        }
        out += "</p>\n";
    }
    out + "</section>\n"
}

/// A page that says why there is no answer. `text` holds no value.
pub fn sorry_page(frame: Frame, title: &str, text: &str) -> String {
    page(frame, title, "", &format!("<p role=\"alert\">{}</p>\n", escape(text)))
}

/// A page that is not there yet: `counted` says what is being counted, `since` for how long. It looks again by itself, with and without a
/// script; after so many seconds, which it gives: the longer it takes, the less often.
pub fn wait_page(frame: Frame, title: &str, counted: &str, since: Duration) -> (String, u64) {
    let again = since.as_secs().clamp(1, 10);
    let long = if since.as_secs() > 0 { format!(", for {} so far", plural(since.as_secs(), "second")) } else { String::new() };
    let main = format!(
        "<p role=\"status\" data-again=\"{again}\">{} It is being counted{long}, and appears here when that is done.</p>\n\
        <noscript><p>Without scripts this page is loaded anew every {}.</p></noscript>\n<p><a href=\"\">Look again</a></p>\n",
        escape(counted),
        plural(again, "second")
    );
    // The title is what a screen reader says first of a page that comes in place of another.
    let page = page(frame, &format!("{title}: being counted"), "", &main);
    let refresh = format!("<noscript><meta http-equiv=\"refresh\" content=\"{again}\"></noscript>\n</head>");
    (page.replacen("</head>", &refresh, 1), again)
}

/// A page that holds no longer, with the newest `run` and the time when it was made, which it says.
pub fn older_page(page: &str, run: i64, at: Timestamp) -> String {
    let newest = if run > 0 { format!(", when run {run} was the newest") } else { String::new() };
    let note = format!(
        "<p class=\"warn\" role=\"status\">This page was made at {at}{newest}; it is being counted anew. <a href=\"\">Look again.</a></p>\n"
    );
    let main = "<main id=\"main\">\n";
    page.replacen(main, &format!("{main}{note}"), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_page_says_of_when_it_is() {
        let page = find_page(Frame::Site("/find"), None);
        let older = older_page(&page, 7, Timestamp(1_700_000_000_000));
        let note = "This page was made at 2023-11-14T22:13:20.000Z, when run 7 was the newest; it is being counted anew.";
        assert_eq!((page.matches(note).count(), older.matches(note).count()), (0, 1), "{older}");
        assert!(older.find("id=\"main\"") < older.find(note) && older.len() > page.len());
        assert!(!older_page(&page, 0, Timestamp(0)).contains("run 0"));
    }

    #[test]
    fn a_page_that_is_counted_says_so_and_looks_again() {
        for (since, again, long) in
            [(0, 1, ""), (1, 1, ", for 1 second so far"), (4, 4, ", for 4 seconds so far"), (90, 10, ", for 90 seconds so far")]
        {
            let (page, seconds) = wait_page(Frame::Site("/records"), "Records", "This <b>.", Duration::from_secs(since));
            assert_eq!(seconds, again);
            let want = format!("<p role=\"status\" data-again=\"{again}\">This &lt;b&gt;. It is being counted{long}, and appears");
            assert!(page.contains(&want), "{page}");
            let head = page.split("</head>").next().unwrap();
            assert!(head.contains("<title>Records: being counted</title>"));
            assert!(
                head.ends_with(&format!("<noscript><meta http-equiv=\"refresh\" content=\"{again}\"></noscript>\n")),
                "without a script"
            );
        }
    }

    #[test]
    fn parts_of_the_people_say_what_they_are() {
        let mut a = BreachAnswer { objects: 1, ..BreachAnswer::default() };
        a.consumers.likely = 7;
        let leaf = Leaf { question: 1, page: 0, size: 5, gone: false, changed: false };
        assert!(people(&a, Leaf { page: 1, ..leaf }).contains("6 to 7 of 7"));
        let beyond = people(&a, Leaf { page: 2, changed: true, ..leaf });
        assert!(beyond.contains("This part is empty: there are 7") && !beyond.contains("8 to"), "{beyond}");
        assert!(beyond.contains("The index was written since") && beyond.contains("page=1#people"), "{beyond}");
        a.objects = 0;
        let says = |gone| breach_page(Frame::Site("/breach"), &[], Some((&a, Leaf { gone, ..leaf })));
        assert!(says(false).contains("No object of the index has such a name") && !says(true).contains("has such a name"));
        assert!(says(true).contains("no object of it is stored any more"));
    }
}
