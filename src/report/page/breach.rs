//! Who is affected and whom to tell, as one page that prints.

use super::{Frame, document, escape, table};
use crate::law::{Numbers, TARGET_HOURS, Verdict};
use crate::query::{BreachAnswer, Jurisdiction, Other};
use crate::report::evidence::digests_line;
use crate::report::find::gaps_text;
use crate::report::missing::missing_text;
use crate::report::review::review_line;
use crate::report::{count, plural};

fn numbers(n: &Numbers) -> [String; 3] {
    [count(n.certain), count(n.likely), count(n.upper)]
}

fn due(o: &Option<Other>) -> String {
    let Some(o) = o else { return "no duty in the tables".to_owned() };
    let when = o.by.day.map_or_else(|| o.by.why.clone().unwrap_or_default(), |d| d.to_string());
    let text = match o.required {
        Verdict::No => "not required".to_owned(),
        Verdict::Yes => format!("required: {when}"),
        Verdict::Depends => format!("depends: {when}"),
    };
    let threshold = o.threshold.as_ref().map(|t| format!(" (residents {t})")).unwrap_or_default();
    escape(&format!("{}: {text}{threshold}", o.who))
}

fn row(j: &Jurisdiction) -> Vec<String> {
    let by = j.people_by.day.map_or_else(|| j.people_by.why.clone().unwrap_or_default(), |d| d.to_string());
    let clock = j.people_by.clock.as_ref().map(|c| format!("<br><small>{}</small>", escape(c))).unwrap_or_default();
    let rules = j.rules.iter().map(|r| {
        let mark = match (&r.qualifier, r.unsure) {
            (Some(q), _) => format!(" ({q})"),
            (None, true) => " (low confidence)".to_owned(),
            (None, false) => String::new(),
        };
        let protected = r.protected.as_ref().map(|p| format!(", {} by protected values", count(p.people))).unwrap_or_default();
        escape(&format!(
            "{} {}: {} / {} / {}{protected}{mark}",
            r.id, r.element, r.consumers.certain, r.consumers.likely, r.consumers.upper
        ))
    });
    let rules = rules.collect::<Vec<_>>().join("<br>");
    let mut notes: Vec<String> = j.statute.iter().map(|s| escape(s)).collect();
    notes.extend(j.harm.as_ref().map(|h| format!("may excuse, a person decides: {}", escape(h))));
    notes.extend(j.unsure.iter().map(|(cell, why)| escape(&format!("low confidence, {cell}: {why}"))));
    let [a, b, c] = numbers(&j.requiring_notice);
    vec![
        escape(&format!("{} {}", j.code, j.name)),
        escape(&by) + &clock,
        a,
        b,
        c,
        due(&j.regulator),
        due(&j.bureaus),
        rules,
        notes.join("<br>"),
    ]
}

/// `breach --html`: a page that stands alone and prints. It holds numbers and names of objects, no value and no person.
pub fn breach_html(a: &BreachAnswer) -> String {
    let [lead, main, basis] = parts(a);
    let title = "Who is affected, and whom to tell";
    let head = format!("<header>\n<h1>{title}</h1>\n{lead}</header>\n<main id=\"main\" class=\"told\">\n{main}</main>\n");
    document(Frame::Alone, "piimap breach", &format!("{head}<footer>\n{basis}</footer>\n"))
}

/// The answer in three parts: what was asked, the tables, what they rest on.
pub(super) fn parts(a: &BreachAnswer) -> [String; 3] {
    let mut lead = String::new();
    let part = if a.in_part > 0 { format!(", {} of them read in part", count(a.in_part)) } else { String::new() };
    let unread = if a.in_scope_unread > 0 {
        format!(" <strong>{} not indexed completely: people in them are missing here.</strong>", count(a.in_scope_unread))
    } else {
        String::new()
    };
    lead += &format!("<p>{} in scope{part}.{unread}</p>\n", plural(a.objects, "object version"));
    if let Some(m) = a.moments.first() {
        let target = m.plus_hours(TARGET_HOURS);
        lead += &format!(
            "<p>Internal target, 72 hours after {}: {}. No state's law asks for it.</p>\n",
            escape(&m.to_string()),
            escape(&target.to_string())
        );
    } else {
        lead += "<p>No clock runs: no day of discovery or determination was given.</p>\n";
    }
    let mut body = String::new();
    let line = |name: &str, n: &Numbers| {
        let [a, b, c] = numbers(n);
        vec![escape(&name.replace('_', " ")), a, b, c]
    };
    let mut people = vec![line("all", &a.consumers)];
    people.extend(a.elements.iter().map(|(e, n)| line(e, n)));
    people.push(line("of unknown residence", &a.unknown_residence));
    body += &table("Distinct people", &["people", "certain", "likely", "at most"], &[1, 2, 3], people);
    let head = [
        "jurisdiction",
        "people told by",
        "certain",
        "likely",
        "at most",
        "regulator",
        "credit bureaus",
        "rules (certain / likely / at most)",
        "law",
    ];
    let told: Vec<_> = a.jurisdictions.iter().filter(|j| j.requiring_notice.upper > 0).map(row).collect();
    if told.is_empty() {
        body += "<p><strong>Whom to tell:</strong> nobody, by these tables of the law: no rule of a state where these people live fits the data \
            elements found. Contracts and other laws may still ask for it.</p>\n";
    } else {
        body += &table("Whom to tell, the earliest deadline first", &head, &[2, 3, 4], told);
    }
    if let Some(e) = &a.evidence {
        let scope = |name: &str, objects: u64, n: &Numbers| {
            let [a, b, c] = numbers(n);
            vec![name.to_owned(), count(objects), a, b, c]
        };
        let rows = [
            scope("accessed", e.exposure.accessed.len() as u64, &e.accessed),
            scope("accessible to the same requests", e.accessible.0, &e.accessible.1),
            scope("present in the index", e.present.0, &e.present.1),
        ];
        body += &table("By the logs", &["scope", "objects", "certain", "likely", "at most"], &[1, 2, 3, 4], rows);
        let gaps = e
            .exposure
            .gaps
            .iter()
            .map(|g| vec![escape(g.kind), escape(&g.target), escape(&g.first.to_string()), count(g.events), escape(&g.detail)]);
        body += &table("Not in the index", &["gap", "what", "first", "events", "why"], &[3], gaps);
        let calendar =
            e.exposure.calendar.iter().map(|s| {
                vec![escape(&s.account), escape(&s.region), escape(&s.from.to_string()), escape(&s.to.to_string()), count(s.hours())]
            });
        body += &table("Without event, log file or digest", &["account", "region", "from", "to", "hours"], &[4], calendar);
        if let Some(d) = &e.exposure.digests {
            body += &format!("<p>{}</p>\n", escape(&digests_line(d)));
        }
        body += &format!("<p>{} refused or failed requests exposed nothing. Missing events prove nothing.</p>\n", count(e.exposure.failed));
    }
    let l = &a.law;
    let over = if l.overrides.is_empty() { String::new() } else { format!(", with {}", l.overrides.join(", ")) };
    let run = a.basis.run.map_or_else(|| "no completed run".to_owned(), |r| format!("run {r}"));
    let missing = missing_text(&a.basis.missing);
    let missing = if missing.is_empty() { missing } else { format!(" ({missing})") };
    let gaps: String = gaps_text(&a.basis.gaps).iter().map(|g| format!(" {}", escape(g))).collect();
    let reviewed = a.review.as_ref().map(|r| review_line(r, a.basis.classifier_set.as_deref())).unwrap_or_default();
    let reviewed = if reviewed.is_empty() { reviewed } else { format!("<p>{}</p>\n", escape(&reviewed.trim().replace('\n', " "))) };
    let basis = format!(
        "<p>“At most” also counts people of unknown residence, records that are nobody's, and rules that need a person's judgement. \
         Law as of {}, tables {}{}; index as of {}{missing}.{gaps} No legal advice.</p>\n{reviewed}",
        escape(&l.as_of),
        escape(&l.hash),
        escape(&over),
        escape(&run)
    );
    [lead, body, basis]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_answer_is_a_page() {
        let page = breach_html(&BreachAnswer::default());
        assert!(page.starts_with("<!doctype html>") && page.contains("No legal advice") && !page.contains("src="));
        assert!(page.contains("nobody, by these tables of the law"), "and no table without a row");
    }
}
