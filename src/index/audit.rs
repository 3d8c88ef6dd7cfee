//! Who asked: a file beside the index, one JSON line a question, each with the hash of the line before it.
//!
//! The chain shows that a line was changed, removed or put in between. Its end is kept in a second file beside it, so that lines
//! that were cut off the end, and a log that was deleted, show as well; a new question goes on behind that end, and the gap stays
//! in sight. Who changes both files is seen only against a head that was kept elsewhere: evidence bundles keep one. No line holds
//! what was asked, only its keyed hash.
//!
//! A line that a power failure left half-written was never answered. It stays, the next line says that it follows such a one,
//! and nothing else may stand between two lines.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::base::{Timestamp, private_file};

/// One question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditLine {
    /// `find`, `breach`, `verify`, `review`, `reveal`.
    pub command: String,
    /// Who, as the operating system knows them: number and name.
    pub user: (Option<u32>, String),
    /// Why, in the user's words.
    pub reason: Option<String>,
    /// Keyed hash of what was asked, in hex; `None` where the key was not at hand.
    pub query: Option<String>,
    /// How much was answered: places, people.
    pub answered: u64,
}

/// The end of a chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditHead {
    /// Lines.
    pub lines: u64,
    /// Hash of the last; 64 zeros where there is none.
    pub hash: String,
}

/// Why a log of questions is not what it was.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The operating system refused the file.
    #[error("{}", path.display())]
    File {
        /// The log.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// The chain is broken.
    #[error("{} line {line}: {why}; a line before it was changed, removed or added", path.display())]
    Broken {
        /// The log.
        path: PathBuf,
        /// 1-based.
        line: u64,
        /// In which way.
        why: &'static str,
    },
    /// A head that was kept elsewhere is not in the chain.
    #[error("{} ends before line {lines}, or that line is another: lines were cut off or rewritten", path.display())]
    Head {
        /// The log.
        path: PathBuf,
        /// The head's line.
        lines: u64,
    },
}

/// The log of an index: its name and `.audit`.
fn audit_path(index: &Path) -> PathBuf {
    let mut name = index.as_os_str().to_owned();
    name.push(".audit");
    PathBuf::from(name)
}

/// Where the end of the log is kept: its name and `.head`.
fn head_path(index: &Path) -> PathBuf {
    let mut name = audit_path(index).into_os_string();
    name.push(".head");
    PathBuf::from(name)
}

/// Whether an index was ever asked: there is a log, or the end of one.
pub fn audit_exists(index: &Path) -> bool {
    audit_path(index).exists() || head_path(index).exists()
}

const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

impl AuditHead {
    fn start() -> AuditHead {
        AuditHead { lines: 0, hash: NOTHING.to_owned() }
    }

    /// The end that a line makes, if it is one.
    fn of_line(line: &[u8]) -> Option<AuditHead> {
        let line: Value = serde_json::from_slice(line).ok()?;
        Some(AuditHead { lines: line["n"].as_u64()?, hash: line["hash"].as_str()?.to_owned() })
    }

    /// The end that is kept beside the log; `None` where there is none, or not a whole one.
    fn kept(index: &Path) -> Option<AuditHead> {
        let kept: Value = serde_json::from_slice(&std::fs::read(head_path(index)).ok()?).ok()?;
        Some(AuditHead { lines: kept["lines"].as_u64()?, hash: kept["hash"].as_str()?.to_owned() })
    }

    /// Keeps the end beside the log. It grows with its number alone, so that it may be written over in its place.
    fn keep(&self, index: &Path) -> std::io::Result<()> {
        let mut file = private_file().open(head_path(index))?;
        file.write_all(format!("{}\n", json!({"hash": self.hash, "lines": self.lines})).as_bytes())
    }
}

fn hash_of(mut line: Map<String, Value>) -> String {
    line.remove("hash");
    // Members of a map are written in the order of their names.
    blake3::hash(Value::Object(line).to_string().as_bytes()).to_hex().to_string()
}

/// Adds a question to the log of an index. Waits for others who write. What is wrong with the log does not keep anybody from
/// asking: it stays wrong for [`audit_check`].
pub fn audit_append(index: &Path, asked: &AuditLine) -> Result<AuditHead, AuditError> {
    let path = audit_path(index);
    let fail = |source| AuditError::File { path: path.clone(), source };
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&path).map_err(fail)?;
    file.lock().map_err(fail)?;
    let (last, ended) = last_line(&mut file).map_err(fail)?;
    let end = if last.is_empty() && ended { Some(AuditHead::start()) } else { AuditHead::of_line(&last) };
    let torn = end.is_none() && !ended;
    let end = match end {
        Some(end) => end,
        None => last_whole(&mut file).map_err(fail)?,
    };
    // Behind the end that was kept, even if the log no longer reaches it: else a new line would cover what was cut off.
    let before = AuditHead::kept(index).filter(|k| k.lines >= end.lines).unwrap_or(end);
    let n = before.lines.saturating_add(1);
    let mut line = Map::from_iter([
        ("n".to_owned(), json!(n)),
        ("time".to_owned(), json!(Timestamp::now().to_string())),
        ("command".to_owned(), json!(asked.command)),
        ("uid".to_owned(), json!(asked.user.0)),
        ("user".to_owned(), json!(asked.user.1)),
        ("reason".to_owned(), json!(asked.reason)),
        ("query".to_owned(), json!(asked.query)),
        ("answered".to_owned(), json!(asked.answered)),
        ("version".to_owned(), json!(env!("CARGO_PKG_VERSION"))),
        ("prev".to_owned(), json!(before.hash)),
    ]);
    if torn {
        line.insert("torn".to_owned(), json!(true));
    }
    let hash = hash_of(line.clone());
    line.insert("hash".to_owned(), json!(hash));
    let newline = if ended { "" } else { "\n" };
    file.write_all(format!("{newline}{}\n", Value::Object(line)).as_bytes()).map_err(fail)?;
    file.sync_data().map_err(fail)?;
    let head = AuditHead { lines: n, hash };
    // The question is in the log. An end that could not be kept leaves the one before, and a log may be longer than that.
    let _ = head.keep(index);
    Ok(head)
}

/// The last line of a file, read from its end, and whether a line's end follows it; an empty file has an empty one that is ended.
fn last_line(file: &mut File) -> std::io::Result<(Vec<u8>, bool)> {
    let len = file.seek(SeekFrom::End(0))?;
    let mut take = 4096.min(len);
    loop {
        file.seek(SeekFrom::Start(len - take))?;
        let mut end = vec![0; take as usize];
        file.read_exact(&mut end)?;
        let ended = end.last().is_none_or(|b| *b == b'\n');
        let body = end.strip_suffix(b"\n").unwrap_or(&end);
        match body.iter().rposition(|b| *b == b'\n') {
            Some(i) => return Ok((body[i + 1..].to_vec(), ended)),
            None if take == len => return Ok((body.to_vec(), ended)),
            None => take = (take * 2).min(len),
        }
    }
}

/// The last line that is one, where the last of all is none.
fn last_whole(file: &mut File) -> std::io::Result<AuditHead> {
    file.seek(SeekFrom::Start(0))?;
    let mut end = AuditHead::start();
    for line in BufReader::new(file).split(b'\n') {
        end = AuditHead::of_line(&line?).unwrap_or(end);
    }
    Ok(end)
}

/// A log that is what it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditChecked {
    /// Its end.
    pub head: AuditHead,
    /// Lines, from 1 on, that were cut off while they were written: their questions were not answered.
    pub torn: Vec<u64>,
    /// Whether its end was kept beside it: else lines that were cut off do not show.
    pub end_kept: bool,
}

/// Goes through the whole chain; `kept` is a head from elsewhere that must be in it. An index that was never asked has an
/// empty chain.
pub fn audit_check(index: &Path, kept: Option<&AuditHead>) -> Result<AuditChecked, AuditError> {
    let path = audit_path(index);
    let fail = |source| AuditError::File { path: path.clone(), source };
    // Before the log: what is added meanwhile makes that longer.
    let beside = AuditHead::kept(index);
    let end_kept = beside.is_some();
    let mut wanted: Vec<AuditHead> = kept.cloned().into_iter().chain(beside).filter(|h| h.lines > 0).collect();
    let (mut head, mut torn) = (AuditHead::start(), Vec::new());
    match File::open(&path) {
        Ok(file) => {
            file.lock_shared().map_err(fail)?;
            torn = go_through(file, &path, &mut |h| {
                wanted.retain(|w| w != h);
                head = h.clone();
            })?;
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
        Err(source) => return Err(fail(source)),
    }
    match wanted.iter().map(|w| w.lines).max() {
        Some(lines) => Err(AuditError::Head { path, lines }),
        None => Ok(AuditChecked { head, torn, end_kept }),
    }
}

/// Shows `each` the end after each line; gives the numbers of torn lines.
fn go_through(file: File, path: &Path, each: &mut dyn FnMut(&AuditHead)) -> Result<Vec<u64>, AuditError> {
    let mut file = BufReader::new(file);
    let (mut head, mut number, mut bytes, mut ended) = (AuditHead::start(), 0, Vec::new(), true);
    // Lines that are none, known to be torn, and since the last whole one.
    let (mut torn, mut none): (Vec<u64>, Vec<u64>) = (Vec::new(), Vec::new());
    let broken = |line, why| AuditError::Broken { path: path.to_owned(), line, why };
    loop {
        bytes.clear();
        let read = file.read_until(b'\n', &mut bytes).map_err(|source| AuditError::File { path: path.to_owned(), source })?;
        if read == 0 {
            break;
        }
        number += 1;
        ended = bytes.pop_if(|b| *b == b'\n').is_some();
        let Ok(Value::Object(line)) = serde_json::from_slice(&bytes) else {
            none.push(number);
            continue;
        };
        let follows_torn = line.get("torn") == Some(&Value::Bool(true));
        if let Some(first) = none.first().filter(|_| !follows_torn) {
            return Err(broken(*first, "is no line of this log"));
        }
        if follows_torn && none.is_empty() {
            return Err(broken(number, "follows a half-written line that is not there"));
        }
        torn.append(&mut none);
        if line.get("n").and_then(Value::as_u64) != Some(head.lines + 1) {
            return Err(broken(number, "has another number than its place"));
        }
        if line.get("prev").and_then(Value::as_str) != Some(&head.hash) {
            return Err(broken(number, "does not follow the line before it"));
        }
        let hash = line.get("hash").and_then(Value::as_str).unwrap_or("").to_owned();
        if hash != hash_of(line) {
            return Err(broken(number, "is not what was written"));
        }
        head = AuditHead { lines: head.lines + 1, hash };
        each(&head);
    }
    match none.first() {
        Some(first) if ended => Err(broken(*first, "is no line of this log")),
        _ => {
            torn.append(&mut none);
            Ok(torn)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(n: u64) -> AuditLine {
        AuditLine { command: "find".into(), user: (Some(0), "root".into()), reason: None, query: Some("ab".into()), answered: n }
    }

    #[test]
    fn a_chain_shows_what_was_done_to_it() {
        let dir = tempfile::tempdir().unwrap();
        let index = dir.path().join("x.db");
        assert_eq!(audit_check(&index, None).unwrap().head.lines, 0);
        let heads: Vec<AuditHead> = (0..5).map(|n| audit_append(&index, &asked(n)).unwrap()).collect();
        assert_eq!(audit_check(&index, None).unwrap().head, heads[4]);
        assert_eq!(audit_check(&index, Some(&heads[2])).unwrap().head, heads[4]);
        let path = audit_path(&index);
        let whole = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = whole.lines().collect();
        let join = |l: &[&str]| l.iter().map(|l| format!("{l}\n")).collect::<String>();
        let changed = lines[1].replace("\"answered\":1", "\"answered\":7");
        for (what, text, ok) in [
            ("as it was", whole.clone(), true),
            ("a line removed", join(&[lines[0], lines[2], lines[3], lines[4]]), false),
            ("the first removed", join(&lines[1..]), false),
            ("a line changed", join(&[lines[0], &changed, lines[2], lines[3], lines[4]]), false),
            ("two exchanged", join(&[lines[0], lines[2], lines[1], lines[3], lines[4]]), false),
            ("a line twice", join(&[lines[0], lines[1], lines[1], lines[2]]), false),
            ("no line at all", "not a line\n".to_owned(), false),
            ("the end cut off", join(&lines[..4]), false),
            ("emptied", String::new(), false),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(audit_check(&index, None).is_ok(), ok, "{what}");
        }
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(audit_check(&index, None), Err(AuditError::Head { lines: 5, .. })), "deleted");
        // What is asked next does not cover it.
        for text in [String::new(), join(&lines[..3]), join(&[lines[0], &changed]), join(&[lines[4]])] {
            std::fs::write(head_path(&index), json!({"hash": heads[4].hash, "lines": 5}).to_string()).unwrap();
            std::fs::write(&path, &text).unwrap();
            assert_eq!(audit_append(&index, &asked(9)).unwrap().lines, 6);
            assert!(audit_check(&index, None).is_err(), "{text}");
        }
        // Without the end beside it, one that was kept elsewhere tells.
        std::fs::remove_file(head_path(&index)).unwrap();
        std::fs::write(&path, join(&lines[..3])).unwrap();
        assert!(!audit_check(&index, None).unwrap().end_kept);
        assert!(matches!(audit_check(&index, Some(&heads[4])), Err(AuditError::Head { lines: 5, .. })), "the head shows it");
        assert_eq!(audit_append(&index, &asked(9)).unwrap().lines, 4);
        assert!(audit_check(&index, None).is_ok());
    }

    #[test]
    fn a_torn_last_line_keeps_nobody_from_asking() {
        let dir = tempfile::tempdir().unwrap();
        let index = dir.path().join("x.db");
        let path = audit_path(&index);
        let add = |text: &str| std::fs::write(&path, std::fs::read_to_string(&path).unwrap_or_default() + text).unwrap();
        let torn = || audit_check(&index, None).map(|c| (c.head.lines, c.torn)).map_err(|e| e.to_string());
        add("{\"ans");
        assert_eq!(torn().unwrap(), (0, vec![1]), "the very first");
        assert_eq!(audit_append(&index, &asked(1)).unwrap().lines, 1);
        assert_eq!(audit_append(&index, &asked(2)).unwrap().lines, 2);
        add("{\"ans");
        assert_eq!(torn().unwrap(), (2, vec![1, 4]));
        assert_eq!(audit_append(&index, &asked(3)).unwrap().lines, 3);
        assert_eq!(torn().unwrap(), (3, vec![1, 4]));
        // A line whose end alone is missing is whole.
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, whole.trim_end()).unwrap();
        assert_eq!(audit_append(&index, &asked(4)).unwrap().lines, 4);
        assert_eq!(torn().unwrap(), (4, vec![1, 4]));
        // A line that was whole once, and one that was put in, are no torn ones; and the number is that of the file's line.
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 20]).unwrap();
        assert!(torn().unwrap_err().contains("ends before line 4"));
        audit_append(&index, &asked(5)).unwrap();
        assert!(torn().unwrap_err().contains("line 7: has another number"), "{:?}", torn());
        std::fs::write(&path, whole).unwrap();
        add("no line\n");
        assert!(torn().unwrap_err().contains("line 7: is no line of this log"), "{:?}", torn());
        audit_append(&index, &asked(5)).unwrap();
        assert!(torn().is_err());
    }

    #[test]
    fn long_last_lines_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let index = dir.path().join("x.db");
        for n in [10, 5000, 20_000] {
            audit_append(&index, &AuditLine { reason: Some("x".repeat(n)), ..asked(1) }).unwrap();
        }
        assert_eq!(audit_check(&index, None).unwrap().head.lines, 3);
    }
}
