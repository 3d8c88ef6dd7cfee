//! Whom to tell, as a table for spreadsheets: a line a jurisdiction, then a line each of its rules.

use crate::law::{Numbers, Verdict};
use crate::query::{BreachAnswer, Other};

const COLUMNS: &[&str] = &[
    "jurisdiction",
    "rule",
    "element",
    "certain",
    "likely",
    "upper",
    "residents_certain",
    "residents_likely",
    "residents_upper",
    "consumer_deadline",
    "clock",
    "deadline_why",
    "regulator",
    "regulator_required",
    "regulator_deadline",
    "bureaus_required",
    "may_excuse",
    "qualifier",
    "low_confidence",
    "statute",
    "regulator_text",
    "bureaus_deadline",
    "bureaus_text",
    "protected",
];

/// A field that a spreadsheet reads as text and never as a formula.
fn field(text: &str) -> String {
    let text = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

fn verdict(o: &Option<Other>) -> &'static str {
    match o.as_ref().map(|o| o.required) {
        None | Some(Verdict::No) => "false",
        Some(Verdict::Yes) => "true",
        Some(Verdict::Depends) => "depends",
    }
}

/// `breach --csv`: RFC 4180 with a header.
pub fn breach_csv(a: &BreachAnswer) -> String {
    let mut out = COLUMNS.join(",") + "\r\n";
    let mut line = |cells: Vec<String>| out += &(cells.iter().map(|c| field(c)).collect::<Vec<_>>().join(",") + "\r\n");
    let numbers = |n: &Numbers| [n.certain.to_string(), n.likely.to_string(), n.upper.to_string()];
    for j in &a.jurisdictions {
        let text = |t: &Option<String>| t.clone().unwrap_or_default();
        let unsure = j.unsure.iter().map(|(cell, why)| format!("{cell}: {why}")).collect::<Vec<_>>().join("; ");
        let day = |o: &Option<Other>| o.as_ref().and_then(|o| o.by.day).map(|d| d.to_string()).unwrap_or_default();
        let words = |o: &Option<Other>| o.as_ref().map(|o| o.text.clone()).unwrap_or_default();
        let mut cells = vec![j.code.clone(), String::new(), String::new()];
        cells.extend(numbers(&j.requiring_notice));
        cells.extend(numbers(&j.residents));
        cells.extend([
            j.people_by.day.map(|d| d.to_string()).unwrap_or_default(),
            text(&j.people_by.clock),
            text(&j.people_by.why),
            j.regulator.as_ref().map(|r| r.who.clone()).unwrap_or_default(),
            verdict(&j.regulator).to_owned(),
            day(&j.regulator),
            verdict(&j.bureaus).to_owned(),
            text(&j.harm),
            String::new(),
            unsure,
            text(&j.statute),
            words(&j.regulator),
            day(&j.bureaus),
            words(&j.bureaus),
            String::new(),
        ]);
        line(cells);
        for r in &j.rules {
            let mut cells = vec![j.code.clone(), r.id.clone(), r.element.clone()];
            cells.extend(numbers(&r.consumers));
            cells.resize(COLUMNS.len(), String::new());
            cells[17] = r.qualifier.clone().unwrap_or_default();
            cells[18] = if r.unsure { "low confidence".to_owned() } else { String::new() };
            cells[23] = r.protected.as_ref().map(|p| p.people.to_string()).unwrap_or_default();
            line(cells);
        }
    }
    let mut cells = vec!["unknown".to_owned(), String::new(), String::new(), String::new(), String::new(), String::new()];
    cells.extend(numbers(&a.unknown_residence));
    cells.resize(COLUMNS.len(), String::new());
    line(cells);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_and_no_formulas() {
        for (text, want) in [("a", "a"), ("a,b", "\"a,b\""), ("say \"x\"", "\"say \"\"x\"\"\""), ("=1+1", "'=1+1"), ("-x,", "\"'-x,\"")] {
            assert_eq!(field(text), want);
        }
        assert_eq!((COLUMNS[17], COLUMNS[18], COLUMNS[23]), ("qualifier", "low_confidence", "protected"));
        let empty = breach_csv(&BreachAnswer::default());
        assert_eq!(empty.lines().map(|l| l.matches(',').count()).collect::<Vec<_>>(), [COLUMNS.len() - 1; 2]);
    }
}
