//! Delta tables: `_delta_log/00000000000000000000.json` and its successors add and remove files; a checkpoint sums up what
//! earlier ones did.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::Value;

use super::super::{Finder, file_name, type_word};
use super::Table;
use super::checkpoint::{self, Action, Checkpoint, Kind};
use crate::base::{Error, Reason, Result};

const KIND: &str = "delta-table";

/// What a file of the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// `N.json`.
    Commit,
    /// `N.checkpoint.parquet`.
    Whole,
    /// `N.checkpoint.UUID.parquet` or `.json`: of the second version of checkpoints, with files beside it.
    Top,
    /// `N.checkpoint.PART.PARTS.parquet`.
    Part(u64, u64),
}

/// The version that a file of the log is about, and what it is; `None` for all that is neither commit nor checkpoint, as sums of
/// commits are (`N.M.compacted.json`), which only repeat them.
pub(super) fn piece(name: &str) -> Option<(u64, Piece)> {
    let number = |s: &str| s.bytes().all(|b| b.is_ascii_digit()).then(|| s.parse::<u64>().ok())?;
    let words: Vec<&str> = name.split('.').collect();
    let what = match words[1..] {
        ["json"] => Piece::Commit,
        ["checkpoint", "parquet"] => Piece::Whole,
        ["checkpoint", id, "parquet" | "json"] if is_uuid(id) => Piece::Top,
        ["checkpoint", part, all, "parquet"] => {
            let (part, all) = (number(part)?, number(all)?);
            (1..=all).contains(&part).then_some(Piece::Part(part, all))?
        }
        _ => return None,
    };
    Some((number(words[0]).filter(|_| words[0].len() == 20)?, what))
}

fn is_uuid(s: &str) -> bool {
    s.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && s.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

/// The files of the log: commits in their order, and what lies there of each checkpoint.
struct Log<'a> {
    commits: Vec<(u64, usize)>,
    checkpoints: BTreeMap<u64, Vec<(usize, &'a str, Piece)>>,
}

impl<'a> Log<'a> {
    fn of(f: &Finder<'a>, table: &Table) -> Log<'a> {
        let mut log = Log { commits: Vec::new(), checkpoints: BTreeMap::new() };
        for (i, path) in table.paths(f) {
            let Some(file) = path.strip_prefix("_delta_log/") else { continue };
            match piece(file) {
                Some((v, Piece::Commit)) => log.commits.push((v, i)),
                Some((v, what)) => log.checkpoints.entry(v).or_default().push((i, file, what)),
                None => {}
            }
        }
        log.commits.sort_unstable();
        log
    }

    /// Whether no commit is missing from this version on, up to the newest one that is known of.
    fn unbroken(&self, from: u64) -> bool {
        let mut later = self.commits.iter().filter(|(v, _)| *v >= from);
        let next = later.try_fold(from, |next, (v, _)| (next == *v).then(|| v.saturating_add(1)));
        next.is_some_and(|next| self.checkpoints.keys().next_back().is_none_or(|newest| *newest < next))
    }

    /// The first version behind the last gap: what was known before may have changed in it.
    fn behind_gap(&self) -> u64 {
        let newest = self.checkpoints.keys().next_back().map_or(0, |v| v.saturating_add(1));
        let Some((last, _)) = self.commits.last().filter(|(v, _)| v.saturating_add(1) >= newest) else { return newest };
        self.commits
            .iter()
            .rev()
            .skip(1)
            .fold((*last, true), |(from, joined), (v, _)| {
                let joined = joined && v.checked_add(1) == Some(from);
                (if joined { *v } else { from }, joined)
            })
            .0
    }
}

/// What the log has come to.
#[derive(Default)]
struct State {
    added: HashSet<usize>,
    /// The same of files that were found by the end of their URI alone, by this: what removes them has to call them so, for another
    /// file that is called alike may lie there.
    moved: HashMap<String, usize>,
    removed: HashSet<usize>,
    /// What was added and is not here.
    missing: HashSet<String>,
}

impl State {
    /// Actions of one commit, or of one checkpoint. Whatever their order, removals come first: who marks rows of a file as deleted
    /// removes it as it was and adds it as it is, by the same path.
    fn apply(&mut self, f: &mut Finder, table: &Table, actions: Vec<Action>) {
        let (removals, others): (Vec<Action>, Vec<Action>) = actions.into_iter().partition(|a| matches!(a, Action::Remove(_)));
        for action in removals.into_iter().chain(others) {
            match action {
                Action::Add(path) => {
                    let path = decoded(&path);
                    if let Some(o) = super::named(f, table.home, &path) {
                        self.removed.remove(&o);
                        self.added.insert(o);
                    } else if let Some(o) = super::moved(f, table.home, &path) {
                        self.moved.insert(path, o);
                    } else {
                        self.missing.insert(path);
                    }
                }
                Action::Remove(path) => {
                    let path = decoded(&path);
                    self.missing.remove(&path);
                    if let Some(o) = super::named(f, table.home, &path) {
                        self.added.remove(&o);
                        self.removed.insert(o);
                    } else if let Some(o) = self.moved.remove(&path) {
                        self.removed.insert(o);
                    }
                }
                Action::Schema(schema) => f.facts(table.name, KIND, types(&schema)),
                Action::Sidecar(_) => {}
            }
        }
    }

    /// What counts.
    fn live(&self) -> HashSet<usize> {
        self.added.iter().chain(self.moved.values()).copied().collect()
    }
}

/// The first commit whose actions count, with what was there before it; `None` if the beginning is not known. What is wrong with
/// checkpoints becomes an issue.
fn begin(f: &mut Finder, table: &Table, log: &Log, state: &mut State) -> Option<u64> {
    if !log.commits.is_empty() && log.unbroken(0) {
        return Some(0);
    }
    for (v, files) in log.checkpoints.iter().rev() {
        let next = v.checked_add(1).filter(|n| log.unbroken(*n))?;
        for form in forms(files) {
            match checkpoint(f, table, &form) {
                Ok(actions) => {
                    state.apply(f, table, actions);
                    return Some(next);
                }
                Err(e) => {
                    let uri = f.objects[form[0].0].uri.clone();
                    f.issue(&uri, e.reason, e.detail);
                }
            }
        }
    }
    None
}

/// The whole checkpoints among the files of one version: one file, or all parts of `n.checkpoint.PART.PARTS.parquet`.
fn forms<'a>(files: &[(usize, &'a str, Piece)]) -> Vec<Vec<(usize, &'a str)>> {
    let mut parts: BTreeMap<u64, BTreeMap<u64, (usize, &str)>> = BTreeMap::new();
    let mut out = Vec::new();
    for &(i, file, what) in files {
        match what {
            Piece::Part(part, all) => drop(parts.entry(all).or_default().insert(part, (i, file))),
            _ => out.push(vec![(i, file)]),
        }
    }
    let whole = |(all, found): &(u64, BTreeMap<u64, (usize, &str)>)| found.len() as u64 == *all;
    out.extend(parts.into_iter().filter(whole).map(|(_, found)| found.into_values().collect()));
    out
}

/// All actions of a checkpoint, with those of the files beside it that it names.
fn checkpoint(f: &mut Finder, table: &Table, files: &[(usize, &str)]) -> Result<Vec<Action>> {
    let mut whole = Checkpoint::default();
    for (i, file) in files {
        whole.fetches(f.objects[*i].size)?;
        let kind = if file.ends_with(".json") { Kind::Lines } else { Kind::Rows };
        whole.read(f.content(*i)?, kind)?;
    }
    let second = files.iter().any(|(_, file)| matches!(piece(file), Some((_, Piece::Top))));
    whole.tells_of_its_table(second)?;
    let mut beside = BTreeSet::new();
    for path in whole.sidecars() {
        let at = format!("{}/_delta_log/_sidecars/{}", table.home, file_name(&decoded(path)));
        let at = f.by_uri.get(at.as_str()).copied();
        beside.insert(
            at.ok_or_else(|| Error::new(Reason::ExportIncomplete, "a file that a checkpoint of the table's log consists of is not here"))?,
        );
    }
    for i in beside {
        whole.fetches(f.objects[i].size)?;
        whole.read(f.content(i)?, Kind::Beside)?;
    }
    Ok(whole.actions)
}

pub(super) fn claim(f: &mut Finder, table: &Table) {
    let objects = f.objects;
    let log = Log::of(f, table);
    let mut state = State::default();
    let from = begin(f, table, &log, &mut state);
    let mut known = from.is_some();
    let from = from.unwrap_or_else(|| log.behind_gap());
    for &(_, i) in log.commits.iter().filter(|(v, _)| *v >= from) {
        let uri = objects[i].uri.clone();
        let broken = match f.content(i) {
            Ok(content) => {
                let (actions, broken) = checkpoint::of_lines(&content);
                state.apply(f, table, actions);
                if broken > 0 {
                    f.issue(&uri, Reason::Corrupt, format!("{broken} lines of the table's log are not the JSON they should be"));
                }
                broken > 0
            }
            Err(e) => {
                f.issue(&uri, e.reason, e.detail);
                true
            }
        };
        if broken {
            // A gap as well: it may have added what is not known of, and what was removed.
            known = false;
            state.removed.clear();
        }
    }
    f.facts(table.name, KIND, Vec::new());
    let mut live = state.live();
    let State { removed, missing, .. } = state;
    let is_log = |path: &str| {
        path.starts_with("_delta_log/") || path.starts_with("_symlink_format_manifest/") || path.ends_with(".crc") || is_vector(path)
    };
    let newest = log.commits.last().map(|(_, i)| *i).or_else(|| log.checkpoints.values().next_back().map(|files| files[0].0));
    let uri = newest.map(|i| objects[i].uri.clone()).unwrap_or_default();
    if !known {
        // What came before is taken for live unless it was removed since.
        let rest = table.paths(f).filter(|(i, path)| !removed.contains(i) && !is_log(path) && !path.starts_with("_change_data/"));
        live.extend(rest.map(|(i, _)| i));
        let text = "the table's log has a gap and no checkpoint behind it that could be read: a file counts as current unless it was removed since";
        f.issue(&uri, Reason::ExportIncomplete, text);
    } else if !missing.is_empty() {
        f.issue(&uri, Reason::ExportIncomplete, format!("{} files that the table consists of are not here", missing.len()));
    }
    super::claim(f, table, &live, is_log);
}

/// Which rows of a file were deleted.
fn is_vector(path: &str) -> bool {
    file_name(path).starts_with("deletion_vector_") && path.ends_with(".bin")
}

/// Paths in the log are percent-encoded.
fn decoded(path: &str) -> String {
    let hex = |b: &[u8]| u8::from_str_radix(std::str::from_utf8(b).ok()?, 16).ok();
    let (mut out, mut rest) = (Vec::with_capacity(path.len()), path.as_bytes());
    while let [b, after @ ..] = rest {
        match (b, after.get(..2).and_then(hex)) {
            (b'%', Some(byte)) => {
                out.push(byte);
                rest = &after[2..];
            }
            _ => {
                out.push(*b);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn types(schema: &str) -> Vec<(String, String)> {
    let schema: Value = serde_json::from_str(schema).unwrap_or_default();
    let fields = schema["fields"].as_array();
    fields.into_iter().flatten().filter_map(|c| Some((c["name"].as_str()?.to_owned(), type_word(c["type"].as_str()?)?))).collect()
}
