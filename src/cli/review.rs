//! `piimap review`: a person says how right the findings are.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{BufRead, IsTerminal, Write};
use std::sync::Arc;

use clap::Args;
use globset::GlobBuilder;

use super::again::Again;
use super::{Exit, Setting, asking, key, output};
use crate::base::{At, Random, Secret, Timestamp};
use crate::classify::Classifiers;
use crate::identity::Hasher;
use crate::index::{self, Reader, Writer};
use crate::query::{self, Chosen};
use crate::scan::{Draw, Reread, Taken, Value};
use crate::{report, scan};

/// Characters of a value that are shown at most.
const SHOWN: usize = 1000;

/// How right is it? You judge random findings and other values
#[derive(Debug, Args)]
#[command(after_help = "\
Draws findings, and values in which nothing was found, from all datasets in
proportion; reads them again from the sources and shows them. Answer y, n,
? (do not know) or q (enough), one a line. Gives precision and miss rate with
95 % intervals (Wilson 1927). The index keeps the numbers and no value; `breach`
names the last review. That values were shown goes into the audit log.

Examples:
  piimap review
  piimap review --sample 200 --dataset 'crm/*'
  piimap review --reveal --format json < answers.txt

Exit status 1 if there is nothing to judge, 3 if some values could not be read again.")]
pub(super) struct Review {
    /// How many findings, and as many other values
    #[arg(long, value_name = "N", default_value = "50", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    sample: u32,
    /// Repeat the choice of this seed [default: another choice each time]
    #[arg(long, value_name = "S")]
    seed: Option<u32>,
    /// Only datasets with such names, with wildcards
    #[arg(long, value_name = "PATTERN")]
    dataset: Option<String>,
    /// Show values although the output is no terminal
    #[arg(long)]
    reveal: bool,
    #[command(flatten)]
    again: Again,
    /// Why this is asked; goes into the audit log
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Something to judge.
struct Item {
    /// What it was taken for; `None`: for nothing.
    classifier: Option<String>,
    uri: String,
    value: Value,
}

/// What somebody says of it.
enum Word {
    Yes,
    No,
    Unknown,
    Enough,
}

impl Review {
    pub fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
        // With JSON the questions stand on standard error, so that a program gets the document alone.
        let seen = if s.json { std::io::stderr().is_terminal() } else { std::io::stdout().is_terminal() };
        anyhow::ensure!(self.reveal || seen, "review shows values of the data: run it at a terminal, or say --reveal to show them here");
        let reader = Reader::open(&s.index)?;
        let key = key::load(s, false)?;
        let hasher = reader.unlock(&key)?;
        let classifiers = key::classifiers(s)?;
        let seed = match self.seed {
            Some(seed) => seed,
            None => getrandom::u32().map_err(|_| anyhow::anyhow!("the operating system gave no random number; name one with --seed"))?,
        };
        let (items, missing) = self.items(s, &reader, &hasher, &classifiers, seed)?;
        if items.is_empty() {
            output::error("there is nothing to judge: no object of the index that was read completely holds anything here");
            return Ok(if missing > 0 { Exit::Incomplete } else { Exit::Empty });
        }
        // Written down before anything is shown: whoever looks and then ends the program has looked.
        let asked = format!("{} values, seed {seed}, {:?}", items.len(), self.dataset);
        asking::log(s, "review", Some(&hasher), &[asked], self.reason.as_deref(), items.len() as u64)?;
        let mut outcome = judge(&items, &mut std::io::stdin().lock(), &mut |text| tell(s.json, text))?;
        drop(items);
        let newest = reader.newest_run()?;
        outcome.at = Timestamp::now().0;
        outcome.run = newest.as_ref().map(|r| r.id);
        outcome.classifier_set = newest.map(|r| r.classifier_set).unwrap_or_default();
        (outcome.seed, outcome.scope) = (seed, self.dataset.clone());
        drop(reader);
        let judged = outcome.all_findings().0 + outcome.non_findings.0 > 0;
        if judged {
            Writer::open(&s.index, &key)?.keep_review(&outcome)?;
        }
        if s.json {
            let mut doc = report::review_json(&outcome);
            doc["not_read"] = serde_json::json!(missing);
            output::print_json(&doc)?;
        } else if judged {
            output::print(&format!("\n{}", report::review_text(&outcome)))?;
        } else {
            output::note("Nothing was judged, and nothing is kept.");
        }
        if missing > 0 {
            let values = report::plural(missing, "value");
            output::error(&format!("{values} could not be read again: the objects have changed since the scan, or no source lists them"));
        }
        Ok(if missing > 0 { Exit::Incomplete } else { Exit::Done })
    }

    /// Draws, reads again, and puts into a random order: findings first. Also how many could not be read.
    ///
    /// PRIVACY: as many raw values as were asked for are held until they have been shown.
    fn items(
        &self,
        s: &Setting,
        reader: &Reader,
        hasher: &Hasher,
        classifiers: &Arc<Classifiers>,
        seed: u32,
    ) -> anyhow::Result<(Vec<Item>, u64)> {
        let pattern = self.dataset.as_deref().map(|p| GlobBuilder::new(p).literal_separator(true).build()).transpose()?;
        let pattern = pattern.map(|p| p.compile_matcher());
        let dataset = |name: &str| pattern.as_ref().is_none_or(|p| p.is_match(name)) || self.dataset.as_deref() == Some(name);
        let mut random = Random::new(u64::from(seed));
        let chosen = query::choose(reader, self.sample as usize, &mut random, &dataset)?;
        let (opened, _) = self.again.open(s, reader)?;
        let (findings, mut items) = (RefCell::new(HashMap::new()), Vec::new());
        let mut broken = None;
        let mut want = |hash: &[u8; 16]| {
            let chosen = chosen.get(hash)?;
            match wanted(reader, chosen, seed) {
                Ok((wanted, classes)) => {
                    findings.borrow_mut().insert(*hash, classes);
                    Some(wanted)
                }
                Err(e) => {
                    broken.get_or_insert(e);
                    None
                }
            }
        };
        let mut each = |hash: &[u8; 16], read: Result<scan::Values, crate::base::Reason>| {
            let (Some(chosen), Some(classes)) = (chosen.get(hash), findings.borrow_mut().remove(hash)) else { return };
            let Ok(read) = read else { return };
            let item = |classifier, value| Item { classifier, uri: chosen.uri.clone(), value };
            items.extend(classes.into_iter().zip(read.values).filter_map(|(class, v)| Some(item(Some(class), v?))));
            items.extend(read.drawn.into_iter().map(|v| item(None, v)));
        };
        scan::reread(&opened, &chosen.keys().copied().collect(), hasher, classifiers, &mut want, &mut each);
        if let Some(e) = broken {
            return Err(e.into());
        }
        let found = items.iter().filter(|i| i.classifier.is_some()).count();
        // Fewer values than were to be drawn are no gap: an object may hold nothing else. Findings are.
        let missing = chosen.values().map(Chosen::findings).sum::<usize>().saturating_sub(found) as u64;
        random.shuffle(&mut items);
        items.sort_by_key(|i| i.classifier.is_none());
        Ok((items, missing))
    }
}

/// What is to be read again of an object, and what the places were taken for.
fn wanted(reader: &Reader, chosen: &Chosen, seed: u32) -> Result<(Reread, Vec<String>), index::IndexError> {
    // In whatever order objects are listed, the choice is the same.
    let mut own = [0; 8];
    own.copy_from_slice(&chosen.uri_hash[..8]);
    let mut random = Random::new(u64::from_be_bytes(own) ^ u64::from(seed));
    let drawn = query::draw(reader, chosen, &mut random)?;
    let mut taken = Taken::default();
    for (member, field, places) in &drawn.found {
        taken.add(member.as_deref(), field, places);
    }
    for (member, field) in &drawn.left_out {
        taken.add_field(member.as_deref(), field);
    }
    let (classes, places) = drawn.findings.into_iter().map(|f| (f.classifier, f.place)).unzip();
    let draw = Draw { count: chosen.non_findings, seed: random.number(), taken };
    Ok((Reread { version: chosen.version.clone(), places, draw }, classes))
}

/// Shows everything, counts the answers.
fn judge(items: &[Item], answers: &mut dyn BufRead, tell: &mut dyn FnMut(&str) -> anyhow::Result<()>) -> anyhow::Result<index::Review> {
    let mut out = index::Review::default();
    for (n, item) in items.iter().enumerate() {
        let question = item.classifier.as_ref().map_or("personal data that was not found?".to_owned(), |c| format!("{c}?"));
        tell(&format!("\n[{}/{}] {}\n  {}\n{question} y/n/?/q ", n + 1, items.len(), place(item), value(&item.value)))?;
        let yes = match answer(answers, tell)? {
            Word::Enough => break,
            Word::Unknown => {
                out.skipped += 1;
                continue;
            }
            Word::Yes => 1,
            Word::No => 0,
        };
        let counts = match &item.classifier {
            Some(c) => out.findings.entry(c.clone()).or_default(),
            None => &mut out.non_findings,
        };
        *counts = (counts.0 + 1, counts.1 + yes);
    }
    Ok(out)
}

/// The next answer that is one; the end of the input is enough.
fn answer(answers: &mut dyn BufRead, tell: &mut dyn FnMut(&str) -> anyhow::Result<()>) -> anyhow::Result<Word> {
    loop {
        let mut line = String::new();
        if answers.read_line(&mut line)? == 0 {
            return Ok(Word::Enough);
        }
        match line.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => return Ok(Word::Yes),
            "n" | "no" => return Ok(Word::No),
            "?" => return Ok(Word::Unknown),
            "q" | "quit" => return Ok(Word::Enough),
            _ => tell("y, n, ? or q: ")?,
        }
    }
}

fn place(item: &Item) -> String {
    let p = &item.value.place;
    let member = p.member.as_ref().map(|m| format!(" in {}", report::seen(m))).unwrap_or_default();
    let field = if p.field.is_empty() { "text".into() } else { report::seen(&p.field) };
    let at = match p.at {
        At::Row(row) => format!("row {row}"),
        At::Bytes(start, end) => format!("bytes {start}-{}", end.saturating_sub(1).max(start)),
    };
    format!("{}{member}, {field}, {at}", report::seen(&item.uri))
}

fn value(v: &Value) -> String {
    let (before, after) = &v.around;
    if before.expose().is_empty() && after.expose().is_empty() {
        return std::iter::once(&v.value).chain(&v.more).map(visible).collect::<Vec<_>>().join(" | ");
    }
    format!("{}«{}»{}", visible(before), visible(&v.value), visible(after))
}

/// As text that does nothing to a terminal: what steers it, or turns its direction, becomes a dot.
fn visible(s: &Secret) -> String {
    let text = String::from_utf8_lossy(s.expose());
    let steers = |c: char| c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut out: String = text.chars().take(SHOWN).map(|c| if steers(c) { '·' } else { c }).collect();
    if text.chars().nth(SHOWN).is_some() {
        out.push('…');
    }
    out
}

fn tell(aside: bool, text: &str) -> anyhow::Result<()> {
    if !aside {
        return output::print(text);
    }
    let mut err = std::io::stderr().lock();
    err.write_all(text.as_bytes())?;
    Ok(err.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Place;

    fn item(classifier: Option<&str>, text: &str) -> Item {
        let place = Place { member: None, field: "f".into(), at: At::Row(3) };
        Item { classifier: classifier.map(str::to_owned), uri: "/a.csv".into(), value: Value::new(place, Secret::new(text)) }
    }

    #[test]
    fn answers_are_counted() {
        let items = [
            item(Some("us.ssn"), "1"),
            item(Some("us.ssn"), "2"),
            item(Some("generic.email"), "3"),
            item(None, "4"),
            item(None, "5"),
            item(None, "6"),
            item(None, "7"),
        ];
        let mut said = String::new();
        let mut tell = |text: &str| {
            said += text;
            Ok(())
        };
        let out = judge(&items, &mut &b"y\nN\nwhat\n?\nn\ny\nno\nq\n"[..], &mut tell).unwrap();
        assert_eq!(out.findings, [("us.ssn".to_owned(), (2, 1))].into());
        assert_eq!((out.non_findings, out.skipped), ((3, 1), 1));
        assert!(said.contains("[1/7] /a.csv, f, row 3\n  1\nus.ssn? y/n/?/q ") && said.contains("y, n, ? or q: "), "{said}");
        let out = judge(&items, &mut &b"y\n"[..], &mut |_| Ok(())).unwrap();
        assert_eq!((out.all_findings(), out.non_findings), ((1, 1), (0, 0)));
    }

    #[test]
    fn values_do_not_steer_a_terminal() {
        assert_eq!(visible(&Secret::new("a\u{1b}[2Jb\u{202e}c\td\ne")), "a·[2Jb·c·d·e");
        assert!(visible(&Secret::new("x".repeat(2000))).ends_with("x…"));
    }
}
