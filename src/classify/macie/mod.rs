//! Custom data identifiers and allow lists of Amazon Macie as classifier files and entries of piimap.toml.
//!
//! Takes the JSON that Macie's interface gives, gives texts; writes nothing itself. Each identifier is carried over alone: what
//! cannot be is an error for it and for no other. A file needs examples, and Macie has none: they are made from the expression
//! and proven, each by the whole set of classifiers and both engines. An identifier that takes bytes from an example of a
//! built-in classifier is too broad to stand beside it and is refused.

mod dialect;
mod read;
mod samples;
mod write;

use std::collections::BTreeSet;

use read::{AllowList, Item};
use samples::Samples;
use write::{Draft, Example, literal, one_line, quote, slug};

use super::definition::DefinitionError;
use super::{Classifiers, Scratch};

/// What became of one thing that a file of Macie names.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// Its name in Macie.
    pub name: String,
    /// What it has become.
    pub outcome: Outcome,
}

/// See [`Import`].
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// A classifier file.
    Classifier {
        /// Its id.
        id: String,
        /// Its path below the folder.
        path: String,
        /// TOML.
        text: String,
        /// What differs from Macie, a sentence each; the file says the same.
        notes: Vec<String>,
    },
    /// An entry for piimap.toml, or, where the words lie elsewhere, how to add them.
    Allow {
        /// TOML, or comments only.
        text: String,
        /// What is left to do.
        notes: Vec<String>,
    },
    /// Nothing, and why.
    Failed(String),
}

/// So many values are tried until an example passes.
const TRIES: usize = 200;

/// Imports everything in `json`. The error says where it is no JSON.
pub fn import(json: &str) -> Result<Vec<Import>, String> {
    let mut all = Vec::new();
    let mut drafts: Vec<(usize, Draft)> = Vec::new();
    let mut ids = BTreeSet::new();
    for item in read::items(json)? {
        let (name, outcome) = match item {
            Item::Unusable(name, why) => (name, Outcome::Failed(why)),
            Item::List(list) => (list.name.clone(), allow(&list)),
            Item::Identifier(identifier) => {
                let stem = format!("macie.{}", slug(&identifier.name));
                let mut id = stem.clone();
                let mut n = 2;
                while !ids.insert(id.clone()) {
                    id = format!("{stem}_{n}");
                    n += 1;
                }
                let name = identifier.name.clone();
                match Draft::of(id, identifier).and_then(|d| compiles(&d).map(|()| d)) {
                    Ok(draft) => {
                        drafts.push((all.len(), draft));
                        (name, Outcome::Failed(String::new()))
                    }
                    Err(why) => (name, Outcome::Failed(why)),
                }
            }
        };
        all.push(Import { name, outcome });
    }
    for (i, outcome) in prove(drafts).map_err(|e| e.to_string())? {
        all[i].outcome = outcome;
    }
    Ok(all)
}

/// Examples that say nothing: their place in a file that is only tried.
fn unproven(draft: &Draft) -> String {
    let e = Example { text: "-".to_owned(), field: None, says: "-".to_owned() };
    draft.toml(&[e.clone(), e.clone()], &[e.clone(), e])
}

fn compiles(draft: &Draft) -> Result<(), String> {
    super::Classifier::parse(&draft.path(), &unproven(draft)).map(drop).map_err(|e| e.message)
}

/// Finds examples for each draft among all classifiers, and refuses those that do not live with the others.
fn prove(mut drafts: Vec<(usize, Draft)>) -> Result<Vec<(usize, Outcome)>, DefinitionError> {
    let mut out = Vec::new();
    // First who is too broad, for it would take the examples of the others as well.
    let set = loop {
        if drafts.is_empty() {
            return Ok(out);
        }
        let set = Classifiers::with_extra(drafts.iter().map(|(_, d)| (d.path(), unproven(d))))?;
        let refused = too_broad(&set);
        if !refuse(&mut drafts, &refused, |d| &d.1, |d| d.0, &mut out) {
            break set;
        }
    };
    let mut scratch = Scratch::new(&set);
    let mut files: Vec<(usize, Draft, String)> = Vec::new();
    for (i, draft) in drafts {
        match examples(&set, &mut scratch, &draft) {
            Ok((matches, rejects)) => {
                let text = draft.toml(&matches, &rejects);
                files.push((i, draft, text));
            }
            Err(why) => out.push((i, Outcome::Failed(why))),
        }
    }
    // Each round refuses one at least.
    while !files.is_empty() {
        let set = Classifiers::with_extra(files.iter().map(|(_, d, text)| (d.path(), text.clone())))?;
        let own = set.test_examples(&is_imported).into_iter().filter(|f| is_imported(&f.classifier));
        let refused: Vec<_> = own.map(|f| (f.classifier, format!("its own examples do not hold: {}", f.problem))).collect();
        if !refuse(&mut files, &refused, |f| &f.1, |f| f.0, &mut out) {
            break;
        }
    }
    out.extend(files.into_iter().map(|(i, d, text)| {
        let (id, path) = (d.id.clone(), d.path());
        (i, Outcome::Classifier { id, path, text, notes: d.notes })
    }));
    Ok(out)
}

fn is_imported(id: &str) -> bool {
    id.starts_with("macie.")
}

/// The imported classifiers that take bytes which an example says are a built-in one's, with the reason.
fn too_broad(set: &Classifiers) -> Vec<(String, String)> {
    let mut scratch = Scratch::new(set);
    let mut out = Vec::new();
    for failure in set.test_examples(&|_| false).iter().filter(|f| !is_imported(&f.classifier)) {
        for m in set.found_in(&mut scratch, &failure.text, failure.field.as_deref()) {
            let why = format!("too broad: it takes the value of an example of {}; narrow the regex or add keywords", failure.classifier);
            out.push((set.get(m.classifier).id.clone(), why));
        }
    }
    out
}

/// Moves those that are refused to `out`; whether there were any.
fn refuse<T>(
    all: &mut Vec<T>,
    refused: &[(String, String)],
    draft: impl Fn(&T) -> &Draft,
    index: impl Fn(&T) -> usize,
    out: &mut Vec<(usize, Outcome)>,
) -> bool {
    let before = all.len();
    all.retain(|t| match refused.iter().find(|(id, _)| *id == draft(t).id) {
        Some((_, why)) => {
            out.push((index(t), Outcome::Failed(why.clone())));
            false
        }
        None => true,
    });
    all.len() < before
}

/// Two texts in which the draft is found, and two at least in which it is not.
fn examples(set: &Classifiers, scratch: &mut Scratch, draft: &Draft) -> Result<(Vec<Example>, Vec<Example>), String> {
    let own = set.index_of(&draft.id);
    let mut samples = Samples::of(&draft.regex).ok_or("`regex` cannot be read")?;
    let mut is_found = |text: &str, field: Option<&str>, value: Option<&str>| {
        let found = set.found_in(scratch, text, field);
        let mut mine = found.iter().filter(|m| Some(m.classifier) == own);
        match value {
            Some(v) => mine.any(|m| text.as_bytes()[m.start as usize..m.end as usize].trim_ascii() == v.as_bytes()),
            None => mine.next().is_some(),
        }
    };
    let keyword = draft.keywords.first();
    let (mut matches, mut rejects): (Vec<Example>, Vec<Example>) = (Vec::new(), Vec::new());
    let mut last = None;
    for _ in 0..TRIES {
        let Some(value) = samples.next().filter(|v| v.trim() == v && !v.is_empty()) else { continue };
        if draft.macie.ignore.iter().any(|w| value.contains(w.as_str())) {
            add_reject(&mut rejects, &mut is_found, lead(keyword, &value), "it holds a word that is ignored");
            continue;
        }
        let field = keyword.map_or("value".to_owned(), |k| k.replace(' ', "_"));
        let all = [(lead(keyword, &value), None), (value.clone(), Some(field)), (format!("{}\n", lead_line(keyword, &value)), None)];
        for (text, field) in all {
            let new = matches.iter().all(|e| e.field != field || e.says != value) && matches.len() < 2;
            // A second text of the same kind only where no other passes.
            let kind = matches.iter().all(|e| e.field != field) || last.is_some();
            if new && kind && is_found(&text, field.as_deref(), Some(&value)) {
                matches.push(Example { text, field, says: value.clone() });
            }
        }
        if matches.len() == 2 {
            last = Some(value);
            break;
        }
        if !matches.is_empty() {
            last = Some(value);
        }
    }
    let Some(value) = last.filter(|_| matches.len() == 2) else {
        return Err("no value made from `regex` is found here; a value must begin and end where a word does, and no classifier with \
                    more evidence may claim it"
            .to_owned());
    };
    if let Some(k) = keyword {
        add_reject(&mut rejects, &mut is_found, format!("- {value}"), "no keyword stands before it");
        let far = format!("{k} {}{value}", "- ".repeat(draft.distance as usize / 2 + 1));
        add_reject(&mut rejects, &mut is_found, far, "the keyword is farther away than the distance");
        add_reject(&mut rejects, &mut is_found, format!("{value} {k}"), "the keyword stands behind it");
    }
    add_reject(&mut rejects, &mut is_found, lead(keyword, &format!("x9{value}")), "it is a part of a longer word");
    let shorter: String = value.chars().take(value.chars().count() - 1).collect();
    for cut in [shorter, value.chars().skip(1).collect(), value.replace(|c: char| c.is_ascii_alphanumeric(), "~")] {
        add_reject(&mut rejects, &mut is_found, lead(keyword, &cut), "the expression does not match it");
    }
    if rejects.len() < 2 {
        return Err("`regex` matches nearly any text: narrow it or add keywords".to_owned());
    }
    rejects.truncate(4);
    Ok((matches, rejects))
}

/// Adds a text in which nothing is found, one for each reason.
fn add_reject(rejects: &mut Vec<Example>, is_found: &mut dyn FnMut(&str, Option<&str>, Option<&str>) -> bool, text: String, why: &str) {
    if rejects.iter().all(|e| e.says != why) && !is_found(&text, None, None) {
        rejects.push(Example { text, field: None, says: why.to_owned() });
    }
}

fn lead(keyword: Option<&String>, value: &str) -> String {
    keyword.map_or_else(|| format!("value {value}"), |k| format!("{k} {value}"))
}

/// The value alone on a line, for expressions that ask for its beginning.
fn lead_line(keyword: Option<&String>, value: &str) -> String {
    keyword.map_or_else(|| value.to_owned(), |k| format!("{k}\n{value}"))
}

fn allow(list: &AllowList) -> Outcome {
    let title = format!("# Allow list {} of Amazon Macie.", quote(&list.name));
    let title = if list.description.is_empty() { title } else { format!("{title} {}", one_line(&list.description)) };
    if let Some(regex) = &list.regex {
        let (expression, notes) = match dialect::carry_over(regex) {
            Ok(done) => done,
            Err(why) => return Outcome::Failed(why),
        };
        let reason = if list.description.is_empty() { format!("Allow list {} of Macie", list.name) } else { list.description.clone() };
        let mut text = format!("{title}\n");
        notes.iter().for_each(|n| text += &format!("# {n}\n"));
        text += &format!(
            "[[allow]]\nregex = {}\nreason = {}\nowner = \"\"                # who decided\nexpires = \"\"              # a day, such as 2027-01-31\n",
            literal(&expression),
            quote(&one_line(&reason))
        );
        let mut notes = notes;
        notes.push("name an owner and a day of expiry".to_owned());
        return Outcome::Allow { text, notes };
    }
    let Some(words) = &list.words else { return Outcome::Failed("its criteria hold neither words nor a regex".to_owned()) };
    let how = format!("aws s3 cp {words} - | piimap classifiers allow - --reason {} --owner NAME --expires DAY", quote(&list.name));
    let text = format!("{title}\n# Its words lie in {words}. Add them as keyed hashes, not in clear:\n#   {how}\n");
    Outcome::Allow { text, notes: vec![format!("its words lie in {words}: {how}")] }
}

#[cfg(test)]
mod tests;
