//! One custom data identifier as a classifier file.

use std::fmt::Write;

use super::read::Identifier;
use crate::classify::Severity;
use crate::classify::definition::LONGEST_WORD;

/// What is found of a value that nothing but its shape speaks for. Enough to be reported, as Macie does; whatever has a check
/// digit or a word for it has more.
const ALONE: f32 = 0.45;
/// And of one whose keyword stands before it.
const LED: f32 = 0.75;

/// Macie's distance where an identifier names none.
const DISTANCE: u64 = 50;

/// An example for the file: a text, the field it is the value of, and the value in it or why there is none.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Example {
    pub text: String,
    pub field: Option<String>,
    pub says: String,
}

/// What becomes a file.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub id: String,
    pub regex: String,
    pub keywords: Vec<String>,
    pub distance: u64,
    /// What could not be carried over, a sentence each.
    pub notes: Vec<String>,
    pub macie: Identifier,
}

impl Draft {
    /// Carries over all but the examples; the error says what cannot be.
    pub fn of(id: String, macie: Identifier) -> Result<Draft, String> {
        let (regex, mut notes) = super::dialect::carry_over(&macie.regex)?;
        let mut keywords: Vec<String> = Vec::new();
        for word in &macie.keywords {
            match phrase(word) {
                Some(p) => {
                    if p != small(word) {
                        notes.push(format!(
                            "The keyword {} is looked for as {}; signs between its words do not matter.",
                            quote(word),
                            quote(&p)
                        ));
                    }
                    if !keywords.contains(&p) {
                        keywords.push(p);
                    }
                }
                None => notes.push(format!(
                    "The keyword {} is left out: keywords here are 1 to {LONGEST_WORD} letters and digits and begin with a letter.",
                    quote(word)
                )),
            }
        }
        if keywords.is_empty() && !macie.keywords.is_empty() {
            return Err("none of its keywords can be looked for here: they hold no letters".to_owned());
        }
        let asked = macie.distance.unwrap_or(DISTANCE);
        let longest = keywords.iter().map(String::len).max().unwrap_or(0) as u64;
        let widest = u64::from(crate::classify::definition::WIDEST_CONTEXT) - 2 * longest;
        let distance = asked.clamp(1, widest);
        if distance != asked {
            notes.push(format!("Macie looks for keywords up to {asked} characters away, this file up to {distance}."));
        }
        Ok(Draft { id, regex, keywords, distance, notes, macie })
    }

    /// The file's path below its folder.
    pub fn path(&self) -> String {
        format!("{}.toml", self.id.replace('.', "/"))
    }

    /// The columns that hold its values by their name: Macie takes a keyword in a column's name for one before the value.
    pub fn columns(&self) -> &[String] {
        &self.keywords
    }

    /// The file.
    pub fn toml(&self, matches: &[Example], rejects: &[Example]) -> String {
        let m = &self.macie;
        let mut out = String::new();
        let mut line = |text: &str| {
            out += text;
            out.push('\n');
        };
        line(&format!("# Custom data identifier {} of Amazon Macie.", quote(&m.name)));
        if !m.description.is_empty() {
            line(&format!("# Description: {}", one_line(&m.description)));
        }
        for (key, value) in &m.tags {
            line(&format!("# Tag: {} = {}", one_line(key), one_line(value)));
        }
        line("#");
        line("# Macie also finds values inside longer words; here no letter or digit may stand next to one.");
        self.notes.iter().for_each(|n| line(&format!("# {}", one_line(n))));
        line("");
        line(&format!("id = {}", quote(&self.id)));
        line(&format!("title = {}", quote(&one_line(&m.name))));
        line("element = \"custom\"              # no law counts this; name the element of the catalogue that it is, if it is one");
        let worst = m.levels.iter().map(|l| l.severity).max().unwrap_or(Severity::Medium);
        line(&format!("severity = {}", quote(worst.name())));
        if !m.levels.is_empty() {
            line("severity_levels = [            # by how many one object holds; below the first there is no severity");
            for l in &m.levels {
                line(&format!("  {{ occurrences = {}, severity = {} }},", l.occurrences, quote(l.severity.name())));
            }
            line("]");
        }
        line("identity = \"none\"              # \"strong\" if a value belongs to one person: then `piimap find` knows it");
        if !m.ignore.is_empty() {
            line(&format!("ignore = [{}]", list(&m.ignore)));
        }
        let reference = if m.arn.is_empty() { String::new() } else { quote(&m.arn) };
        line(&format!("references = [{reference}]"));
        line("");
        line("[known_as]");
        line(&format!("macie_custom = {}", quote(if m.id.is_empty() { &m.name } else { &m.id })));
        line("");
        line("[[pattern]]");
        line("name = \"macie\"");
        line(&format!("regex = {}", literal(&self.regex)));
        line(&format!("confidence = {}", if self.keywords.is_empty() { ALONE } else { LED }));
        if !self.keywords.is_empty() {
            line("requires = \"context\"");
            line("");
            line("[context]");
            line(&format!("keywords = [{}]", list(&self.keywords)));
            line(&format!("columns = [{}]", list(self.columns())));
            line(&format!("distance = {}                  # from the end of the keyword to the end of the value", self.distance));
        }
        line("");
        line("# The examples were made from the expression and run through all classifiers; replace them by better ones.");
        for (table, key, examples) in [("match", "value", matches), ("reject", "why", rejects)] {
            for e in examples {
                line(&format!("[[{table}]]"));
                line(&format!("text = {}", quote(&e.text)));
                if let Some(field) = &e.field {
                    line(&format!("field = {}", quote(field)));
                }
                line(&format!("{key} = {}", quote(&e.says)));
            }
        }
        out
    }
}

/// A keyword in small letters.
fn small(word: &str) -> String {
    // Its small letter is an `i` and a second dot, which is no letter.
    word.replace('İ', "i").to_lowercase()
}

/// A keyword as ours are written: letters and digits, words apart by one blank. `None` if it has none or is too long.
fn phrase(word: &str) -> Option<String> {
    let plain: String = small(word).chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    let joined = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let begins = joined.chars().next().is_some_and(|c| !c.is_numeric());
    let fits = joined.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ' || !c.is_ascii() && c.is_alphabetic() && !c.is_uppercase());
    (begins && fits && joined.len() <= LONGEST_WORD).then_some(joined)
}

/// A name as a part of an id.
pub(super) fn slug(name: &str) -> String {
    let plain: String = name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let joined = plain.split('_').filter(|w| !w.is_empty()).collect::<Vec<_>>().join("_");
    if joined.is_empty() { "identifier".to_owned() } else { joined.chars().take(60).collect() }
}

fn list(words: &[String]) -> String {
    words.iter().map(|w| quote(w)).collect::<Vec<_>>().join(", ")
}

/// A text on one line, for comments.
pub(super) fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control()).map(str::trim).filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A basic string of TOML.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        let _ = match c {
            '"' | '\\' => write!(out, "\\{c}"),
            c if c.is_control() => write!(out, "\\u{:04X}", u32::from(c)),
            c => write!(out, "{c}"),
        };
    }
    out + "\""
}

/// An expression as TOML, readable where that is possible.
pub(super) fn literal(regex: &str) -> String {
    if regex.contains("'''") || regex.ends_with('\'') || regex.chars().any(char::is_control) {
        quote(regex)
    } else {
        format!("'''{regex}'''")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_keywords_are_written_as_ours() {
        for (word, want) in [
            ("Employee ID:", Some("employee id")),
            ("emp#", Some("emp")),
            ("  Staff--Card ", Some("staff card")),
            ("123", None),
            ("###", None),
            ("Größe", Some("größe")),
            ("KİMLİK KARTI", Some("kimlik karti")),
            ("ΑΡΙΘΜΟΣ", Some("αριθμος")),
            (&"x".repeat(60), None),
        ] {
            assert_eq!(phrase(word).as_deref(), want, "{word}");
        }
        assert_eq!(slug("Employee ID (HR) – EU"), "employee_id_hr_eu");
        assert_eq!(slug("身份"), "identifier");
        assert_eq!(quote("a\"b\\c\n"), r#""a\"b\\c\u000A""#);
        assert_eq!(literal(r"\d{3}'''x"), r#""\\d{3}'''x""#);
        assert_eq!(one_line("a\r\n b\t"), "a b");
    }
}
