//! The people to write to, with what is needed for it: the one report that holds raw values.

use serde_json::{Value, json};

use crate::base::Secret;
use crate::query::{Part, Person};

/// One affected person with what was read again.
///
/// PRIVACY: holds raw values until it is written.
#[derive(Clone, Debug)]
pub struct Contact<'a> {
    /// Who.
    pub person: &'a Person,
    /// By the numbers of [`Part::ALL`].
    pub parts: [Option<Secret>; Part::ALL.len()],
    /// Why something of it could not be read.
    pub reason: Option<String>,
}

impl Contact<'_> {
    fn part(&self, part: Part) -> Option<String> {
        let i = Part::ALL.iter().position(|p| *p == part)?;
        self.parts[i].as_ref().map(|s| String::from_utf8_lossy(s.expose()).into_owned())
    }

    fn name(&self) -> Option<String> {
        let apart = || match (self.part(Part::First), self.part(Part::Last)) {
            (Some(first), Some(last)) => Some(format!("{first} {last}")),
            (first, last) => first.or(last),
        };
        self.part(Part::Name).or_else(apart)
    }

    /// Whether any value of theirs is in it.
    pub fn holds_any(&self) -> bool {
        self.parts.iter().any(Option::is_some)
    }

    /// Why nobody can write to them or call them; `None`: somebody can.
    pub fn unreachable(&self) -> Option<String> {
        let ways = [Part::Email, Part::Phone, Part::Street];
        let none = ways.iter().all(|p| self.part(*p).is_none());
        none.then(|| self.reason.clone().unwrap_or_else(|| "no current record of theirs holds an address or a telephone".to_owned()))
    }
}

const COLUMNS: &[&str] = &[
    "consumer",
    "certain",
    "state",
    "elements",
    "possible",
    "rules",
    "name",
    "email",
    "phone",
    "street",
    "city",
    "region",
    "zip",
    "unreachable",
];

/// A field that a spreadsheet reads as text; a telephone in international form stays as it is.
fn field(text: &str) -> String {
    let number = text.strip_prefix('+').is_some_and(|t| t.bytes().all(|b| b.is_ascii_digit() || b" ()-.".contains(&b)));
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && !number;
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// `--reveal-contacts FILE.csv`: RFC 4180 with a header, a line a person; `region` is the state of the postal address, `state` that of residence.
pub fn contacts_csv(contacts: &[Contact<'_>]) -> String {
    let mut out = COLUMNS.join(",") + "\r\n";
    for c in contacts {
        let p = c.person;
        let words = |set: &std::collections::BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(" ");
        let text = |part| c.part(part).unwrap_or_default();
        let cells = [
            p.consumer.to_string(),
            p.certain.to_string(),
            p.state.clone().unwrap_or_default(),
            words(&p.elements),
            words(&p.possible),
            p.rules.iter().map(|r| r.0.as_str()).collect::<Vec<_>>().join(" "),
            c.name().unwrap_or_default(),
            text(Part::Email),
            text(Part::Phone),
            text(Part::Street),
            text(Part::City),
            text(Part::State),
            text(Part::Zip),
            c.unreachable().unwrap_or_default(),
        ];
        out += &(cells.iter().map(|c| field(c)).collect::<Vec<_>>().join(",") + "\r\n");
    }
    out
}

/// `--reveal-contacts FILE.json`: an array, a line a person: `consumer`, `certain`, `state`, `elements`, `possible`, `rules` (id, fits), `name`, `email`, `phone`,
/// `address` {street, city, state, zip}, `unreachable` (why, null where there is a way).
pub fn contacts_json(contacts: &[Contact<'_>]) -> String {
    let line = |c: &Contact<'_>| -> Value {
        let p = c.person;
        json!({
            "consumer": p.consumer.to_string(), "certain": p.certain, "state": p.state, "elements": p.elements, "possible": p.possible,
            "rules": p.rules.iter().map(|(id, fits)| json!({"id": id, "fits": fits})).collect::<Vec<_>>(),
            "name": c.name(), "email": c.part(Part::Email), "phone": c.part(Part::Phone),
            "address": {"street": c.part(Part::Street), "city": c.part(Part::City), "state": c.part(Part::State), "zip": c.part(Part::Zip)},
            "unreachable": c.unreachable(),
        })
    };
    let lines: Vec<String> = contacts.iter().map(|c| line(c).to_string()).collect();
    format!("[\n{}\n]\n", lines.join(",\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreadsheets_read_text() {
        for (text, want) in [
            ("Ada Winter", "Ada Winter"),
            ("12 Main St, Apt 4", "\"12 Main St, Apt 4\""),
            ("+1 207-555-0142", "+1 207-555-0142"),
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("+1+cmd", "'+1+cmd"),
            ("say \"x\"", "\"say \"\"x\"\"\""),
        ] {
            assert_eq!(field(text), want);
        }
    }
}
