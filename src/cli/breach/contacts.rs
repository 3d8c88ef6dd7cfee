//! `--reveal-contacts`: what a mailing needs, read again from the sources.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;

use super::super::{Setting, again, key, output};
use crate::base::{Reason, Secret, WholeFile};
use crate::classify::{Classifiers, Scratch};
use crate::identity::{Hasher, Kernel};
use crate::index::Reader;
use crate::query::{ContactBook, ContactPlaces, Group, Part, Person};
use crate::report::{self, Contact};
use crate::{scan, source};

/// Bytes of a field that is taken as it is; of a longer one only what was found in it.
const WHOLE: usize = 200;

/// The file, open before the work, and how it is written.
pub(super) struct File {
    path: PathBuf,
    json: bool,
    out: WholeFile,
}

impl File {
    /// Begun, for its owner alone.
    pub fn create(path: &Path) -> anyhow::Result<File> {
        let json = match path.extension().and_then(|e| e.to_str()) {
            Some("json") => true,
            Some("csv") => false,
            _ => anyhow::bail!("--reveal-contacts {}: name a file that ends with .csv or .json", path.display()),
        };
        let out = WholeFile::create(path).with_context(|| path.display().to_string())?;
        Ok(File { path: path.to_owned(), json, out })
    }

    /// Writes the contacts. What was read is written down in the audit log before.
    pub fn write(mut self, contacts: &[Contact<'_>]) -> anyhow::Result<()> {
        let text = if self.json { report::contacts_json(contacts) } else { report::contacts_csv(contacts) };
        let says = || format!("cannot write {}", self.path.display());
        self.out.write_all(text.as_bytes()).with_context(says)?;
        self.out.finish().with_context(says)?;
        let lost = contacts.iter().filter(|c| c.unreachable().is_some()).count() as u64;
        output::note(&format!(
            "{} to write to in {}, {} of them without a way to reach them.",
            people(contacts.len() as u64),
            self.path.display(),
            report::count(lost)
        ));
        Ok(())
    }
}

fn people(n: u64) -> String {
    if n == 1 { "1 person".to_owned() } else { format!("{} people", report::count(n)) }
}

/// Reads again what is needed to write to these people, from current places; another place takes the place of one that cannot
/// be read.
///
/// PRIVACY: holds the values of all of them until they are written.
pub(super) fn read<'a>(s: &Setting, people: &'a [Person], hasher: &Hasher, options: &source::Options) -> anyhow::Result<Vec<Contact<'a>>> {
    // Whatever moment the question is about, people are written to now.
    let reader = Reader::open(&s.index)?;
    let classifiers = key::classifiers(s)?;
    let book = ContactBook::open(&reader)?;
    let (opened, _) = again::sources_of_runs(&reader, options)?;
    let mut values = Values::new(&classifiers);
    let mut out: Vec<Contact<'_>> = people.iter().map(|person| Contact { person, parts: Default::default(), reason: None }).collect();
    let mut failed: HashSet<i64> = HashSet::new();
    let mut todo: Vec<(usize, Vec<Group>)> = (0..people.len()).map(|i| (i, Group::ALL.to_vec())).collect();
    while !todo.is_empty() {
        let mut plan: BTreeMap<[u8; 16], ContactPlaces> = BTreeMap::new();
        for (who, groups) in &todo {
            book.find(*who, &people[*who].identifiers, groups, &failed, &mut plan)?;
        }
        let broken = read_plan(&plan, &opened, hasher, &classifiers, &mut values, &mut out);
        let mut again: BTreeMap<usize, Vec<Group>> = BTreeMap::new();
        for (hash, reason) in &broken {
            let Some(p) = plan.get(hash) else { continue };
            failed.insert(p.object);
            for p in &p.places {
                out[p.who].reason = Some(format!("could not be read again: {}", reason.code()));
                again.entry(p.who).or_default().push(p.part.group());
            }
        }
        for groups in again.values_mut() {
            groups.sort();
            groups.dedup();
        }
        todo = again.into_iter().collect();
    }
    Ok(out)
}

/// Reads one round of places; gives the objects that could not be read, with the reason.
fn read_plan(
    plan: &BTreeMap<[u8; 16], ContactPlaces>,
    sources: &[Arc<dyn source::Source>],
    hasher: &Hasher,
    classifiers: &Arc<Classifiers>,
    values: &mut Values,
    out: &mut [Contact<'_>],
) -> HashMap<[u8; 16], Reason> {
    // What no source lists comes to nobody.
    let broken: RefCell<HashMap<[u8; 16], Reason>> = RefCell::new(plan.keys().map(|h| (*h, Reason::NotFound)).collect());
    let mut want = |hash: &[u8; 16]| {
        let p = plan.get(hash)?;
        let places = p.places.iter().map(|p| p.place.clone()).collect();
        Some(scan::Reread { version: p.version.clone(), places, draw: scan::Draw::default() })
    };
    let mut each = |hash: &[u8; 16], read: Result<scan::Values, Reason>| {
        let (Some(p), read) = (plan.get(hash), read) else { return };
        match read {
            Err(reason) => drop(broken.borrow_mut().insert(*hash, reason)),
            Ok(read) => {
                broken.borrow_mut().remove(hash);
                for (p, value) in p.places.iter().zip(read.values) {
                    let i = Part::ALL.iter().position(|part| *part == p.part).unwrap_or(0);
                    out[p.who].parts[i] = value.and_then(|v| values.of(p.part, p.alone, &v.value));
                }
            }
        }
    };
    scan::reread(sources, &plan.keys().copied().collect(), hasher, classifiers, &mut want, &mut each);
    broken.into_inner()
}

/// Takes a value out of what stands in its field.
struct Values {
    kernel: Kernel,
    scratch: Scratch,
}

impl Values {
    fn new(classifiers: &Arc<Classifiers>) -> Values {
        Values { kernel: Kernel::new(classifiers.clone(), None), scratch: Scratch::new(classifiers) }
    }

    /// A name or a street as its field has it, if the field is short and holds nothing else; an e-mail address, a telephone and what
    /// stands among others as it is found there.
    fn of(&mut self, part: Part, alone: bool, field: &Secret) -> Option<Secret> {
        let text = field.expose().trim_ascii();
        let short = !text.is_empty() && text.len() <= WHOLE;
        if short && alone && !matches!(part, Part::Email | Part::Phone) {
            let line = text.split(|b| matches!(b, b'\n' | b'\r')).map(<[u8]>::trim_ascii).filter(|l| !l.is_empty());
            return Some(Secret::new(line.collect::<Vec<_>>().join(&b", "[..])));
        }
        let class = self.kernel.classifiers().index_of(part.class())?;
        let hits = scan::classify_text(&self.kernel, &mut self.scratch, text, true);
        let hit = hits.iter().filter(|h| h.m.classifier == class).max_by(|a, b| a.m.confidence.total_cmp(&b.m.confidence));
        match hit {
            Some(h) => text.get(h.span.0 as usize..h.span.1 as usize).map(Secret::new),
            // Better all of an address in one line than none of it.
            None => (short && (alone || part == Part::Street)).then(|| Secret::new(text)),
        }
    }
}
