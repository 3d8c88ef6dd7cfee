//! Who asked: a file beside the index, one JSON line a question, each with the hash of the line before it.
//!
//! The chain shows that a line was changed, removed or put in between. That lines were cut off the end shows only against a
//! head that was kept elsewhere: evidence bundles keep one. No line holds what was asked, only its keyed hash.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::base::Timestamp;

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
pub fn audit_path(index: &Path) -> PathBuf {
    let mut name = index.as_os_str().to_owned();
    name.push(".audit");
    PathBuf::from(name)
}

const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

fn hash_of(mut line: Map<String, Value>) -> String {
    line.remove("hash");
    // Members of a map are written in the order of their names.
    blake3::hash(Value::Object(line).to_string().as_bytes()).to_hex().to_string()
}

/// Adds a question to the log of an index. Waits for others who write.
pub fn audit_append(index: &Path, asked: &AuditLine) -> Result<AuditHead, AuditError> {
    let path = audit_path(index);
    let fail = |source| AuditError::File { path: path.clone(), source };
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&path).map_err(fail)?;
    file.lock().map_err(fail)?;
    let last = last_line(&mut file).map_err(fail)?;
    let last: Option<Value> = last.map(|l| serde_json::from_slice(&l).unwrap_or(Value::Null));
    let broken = |line| AuditError::Broken { path: path.clone(), line, why: "is no line of this log" };
    let (n, prev) = match &last {
        None => (1, NOTHING.to_owned()),
        Some(l) => {
            let n = l["n"].as_u64().ok_or_else(|| broken(0))?;
            (n + 1, l["hash"].as_str().ok_or_else(|| broken(n))?.to_owned())
        }
    };
    let line = json!({
        "n": n, "time": Timestamp::now().to_string(), "command": asked.command, "uid": asked.user.0, "user": asked.user.1, "reason": asked.reason,
        "query": asked.query, "answered": asked.answered, "version": env!("CARGO_PKG_VERSION"), "prev": prev,
    });
    let Value::Object(mut line) = line else { return Err(broken(n)) };
    let hash = hash_of(line.clone());
    line.insert("hash".to_owned(), json!(hash));
    file.write_all(format!("{}\n", Value::Object(line)).as_bytes()).map_err(fail)?;
    file.sync_data().map_err(fail)?;
    Ok(AuditHead { lines: n, hash })
}

/// The last line of a file, read from its end; `None` if it is empty.
fn last_line(file: &mut File) -> std::io::Result<Option<Vec<u8>>> {
    let len = file.seek(SeekFrom::End(0))?;
    let mut take = 4096.min(len);
    loop {
        file.seek(SeekFrom::Start(len - take))?;
        let mut end = vec![0; take as usize];
        file.read_exact(&mut end)?;
        let body = end.strip_suffix(b"\n").unwrap_or(&end);
        match body.iter().rposition(|b| *b == b'\n') {
            Some(i) => return Ok(Some(body[i + 1..].to_vec())),
            None if take == len => return Ok(Some(body.to_vec()).filter(|b| !b.is_empty())),
            None => take = (take * 2).min(len),
        }
    }
}

/// Goes through the whole chain; `kept` is a head from elsewhere that must be in it. An index that was never asked has an
/// empty chain.
pub fn audit_check(index: &Path, kept: Option<&AuditHead>) -> Result<AuditHead, AuditError> {
    let path = audit_path(index);
    let mut head = AuditHead { lines: 0, hash: NOTHING.to_owned() };
    let mut found = kept.is_none_or(|k| k.lines == 0);
    let file = match File::open(&path) {
        Ok(f) => f,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && found => return Ok(head),
        Err(source) => return Err(AuditError::File { path, source }),
    };
    for line in BufReader::new(file).split(b'\n') {
        let line = line.map_err(|source| AuditError::File { path: path.clone(), source })?;
        let broken = |why| AuditError::Broken { path: path.clone(), line: head.lines + 1, why };
        let Ok(Value::Object(line)) = serde_json::from_slice(&line) else { return Err(broken("is no line of this log")) };
        if line.get("n").and_then(Value::as_u64) != Some(head.lines + 1) {
            return Err(broken("has another number than its place"));
        }
        if line.get("prev").and_then(Value::as_str) != Some(&head.hash) {
            return Err(broken("does not follow the line before it"));
        }
        let hash = line.get("hash").and_then(Value::as_str).unwrap_or("").to_owned();
        if hash != hash_of(line) {
            return Err(broken("is not what was written"));
        }
        head = AuditHead { lines: head.lines + 1, hash };
        found |= kept.is_some_and(|k| *k == head);
    }
    match kept {
        Some(k) if !found => Err(AuditError::Head { path, lines: k.lines }),
        _ => Ok(head),
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
        assert_eq!(audit_check(&index, None).unwrap().lines, 0);
        let heads: Vec<AuditHead> = (0..5).map(|n| audit_append(&index, &asked(n)).unwrap()).collect();
        assert_eq!(audit_check(&index, None).unwrap(), heads[4]);
        assert_eq!(audit_check(&index, Some(&heads[2])).unwrap(), heads[4]);
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
            ("the end cut off", join(&lines[..3]), true),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(audit_check(&index, None).is_ok(), ok, "{what}");
        }
        assert!(matches!(audit_check(&index, Some(&heads[4])), Err(AuditError::Head { lines: 5, .. })), "the head shows it");
        std::fs::write(&path, join(&lines[..3])).unwrap();
        assert_eq!(audit_append(&index, &asked(9)).unwrap().lines, 4);
        assert!(audit_check(&index, None).is_ok());
    }

    #[test]
    fn long_last_lines_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let index = dir.path().join("x.db");
        for n in [10, 5000, 20_000] {
            audit_append(&index, &AuditLine { reason: Some("x".repeat(n)), ..asked(1) }).unwrap();
        }
        assert_eq!(audit_check(&index, None).unwrap().lines, 3);
    }
}
