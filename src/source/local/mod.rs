//! Files and folders of this machine.

mod file;
mod paths;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use super::{ListingFailure, Source};
use crate::base::{Error, Input, Object, Reason, Result, Timestamp};
pub(super) use paths::absolute;
use paths::{candidates, shown};

/// A file, or a folder with all that lies below it.
///
/// Hidden files are files. Links to files are read; links to folders are not followed (they could lead in circles), and
/// are a failure of the listing only where they lead out of the tree. Sockets, pipes and devices are never opened.
#[derive(Debug)]
pub struct Local {
    /// Absolute, with links as the user typed them.
    root: PathBuf,
    /// `root` as it is shown.
    uri: String,
    is_folder: bool,
    /// Files that are not listed: folder and name.
    own: Vec<(PathBuf, OsString)>,
}

impl Local {
    /// A source for the path as typed; `not_found` if there is nothing.
    pub fn open(typed: &str) -> Result<Local> {
        if typed.is_empty() {
            return Err(Error::new(Reason::NotFound, "the path is empty"));
        }
        let say = |e: std::io::Error| {
            let e = Error::from(e);
            let says = if e.reason == Reason::NotFound { "there is no such file or folder" } else { &e.detail };
            Error::new(e.reason, format!("{typed}: {says}"))
        };
        let path = Path::new(typed);
        let meta = fs::metadata(path).map_err(say)?;
        // `..` behind a link cannot be resolved by looking at the text, so the system is asked.
        let dotted = path.components().any(|c| c == std::path::Component::ParentDir);
        let root = if dotted { fs::canonicalize(path) } else { std::path::absolute(path) }.map_err(say)?;
        // Drops a slash at the end.
        let root: PathBuf = root.components().collect();
        if !meta.is_dir() && !meta.is_file() {
            return Err(Error::new(Reason::UnsupportedFormat, format!("{typed}: neither a file nor a folder")));
        }
        Ok(Local { uri: shown(&root), root, is_folder: meta.is_dir(), own: Vec::new() })
    }

    /// The same without the program's own `files`: a run would otherwise find the index changed each time, by itself.
    pub fn without(mut self, files: &[PathBuf]) -> Local {
        let own = |file: &PathBuf| {
            let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
            Some((fs::canonicalize(folder).ok()?, file.file_name()?.to_owned()))
        };
        self.own.extend(files.iter().filter_map(own));
        self
    }

    fn is_own(&self, path: &Path) -> bool {
        let folder = || path.parent().and_then(|p| fs::canonicalize(p).ok());
        self.own.iter().any(|(own, name)| path.file_name() == Some(name) && folder().is_some_and(|f| f == *own))
    }

    /// Lists what begins with `start`, in order, as long as `each` wants more. Folders that lead elsewhere are not looked into.
    fn walk(&self, start: &str, each: &mut dyn FnMut(Object) -> bool) -> Vec<ListingFailure> {
        let (mut failures, mut more) = (Vec::new(), true);
        // What is left to visit of each open folder, last first. Folders nest as deep as a path is long, so this is no recursion.
        let mut open: Vec<Vec<PathBuf>> = vec![children(&self.root, &mut failures)];
        while let Some(rest) = open.last_mut().filter(|_| more) {
            let Some(path) = rest.pop() else {
                open.pop();
                continue;
            };
            let uri = shown(&path);
            if !uri.starts_with(start) && !start.strip_prefix(&uri).is_some_and(|rest| rest.starts_with('/')) {
                continue;
            }
            let mut one = |o: Object| more = !o.uri.starts_with(start) || each(o);
            if let Some(folder) = self.entry(path, &mut one, &mut failures) {
                open.push(children(&folder, &mut failures));
            }
        }
        failures
    }

    /// Lists one entry; a folder is returned, to be walked by the caller.
    fn entry(&self, path: PathBuf, each: &mut dyn FnMut(Object), failures: &mut Vec<ListingFailure>) -> Option<PathBuf> {
        let mut fail = |error: Error| failures.push(ListingFailure { uri: shown(&path), error });
        let link = match fs::symlink_metadata(&path) {
            Ok(m) => m,
            Err(e) => {
                fail(e.into());
                return None;
            }
        };
        if link.is_dir() {
            return Some(path);
        }
        let meta = if link.is_symlink() { fs::metadata(&path) } else { Ok(link.clone()) };
        match meta {
            // The link itself was just seen.
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => fail(Error::new(Reason::NotFound, "a link to what is not there")),
            Err(e) => fail(e.into()),
            Ok(m) if m.is_file() && self.is_own(&path) => {}
            Ok(m) if m.is_file() => each(object(&path, &m)),
            Ok(m) if m.is_dir() => {
                let inside = match (fs::canonicalize(&path), fs::canonicalize(&self.root)) {
                    (Ok(target), Ok(root)) => target.starts_with(root),
                    _ => false,
                };
                if !inside {
                    fail(Error::new(Reason::ListingFailed, "a link to a folder outside of the source; name that folder to have it read"));
                }
            }
            Ok(m) => fail(Error::new(Reason::UnsupportedFormat, format!("{}, which is never opened", special(&m)))),
        }
        None
    }
}

impl Source for Local {
    fn uri(&self) -> String {
        self.uri.clone()
    }

    fn root(&self) -> String {
        let end = if self.is_folder { self.uri.len() } else { self.uri.rfind('/').unwrap_or(0) };
        self.uri[..end].trim_end_matches('/').to_owned()
    }

    fn list(&self, each: &mut dyn FnMut(Object)) -> Vec<ListingFailure> {
        let mut failures = Vec::new();
        if !self.is_folder {
            match fs::metadata(&self.root) {
                Ok(m) => each(object(&self.root, &m)),
                Err(e) => failures.push(ListingFailure { uri: self.uri.clone(), error: e.into() }),
            }
            return failures;
        }
        self.walk("", &mut |o| {
            each(o);
            true
        })
    }

    fn list_near(&self, starts: &[(String, usize)], each: &mut dyn FnMut(Object)) -> Vec<ListingFailure> {
        if !self.is_folder {
            return self.list(each);
        }
        let mut failures = Vec::new();
        for (start, most) in starts {
            let mut left = *most;
            failures.extend(self.walk(start, &mut |o| {
                each(o);
                left = left.saturating_sub(1);
                left > 0
            }));
        }
        failures
    }

    fn open(&self, object: &Object) -> Result<Box<dyn Input>> {
        if !self.covers(&object.uri) {
            return Err(Error::new(Reason::NotFound, "the object does not lie in this source"));
        }
        let mut last = Error::new(Reason::NotFound, "no such file");
        for path in candidates(&object.uri) {
            match file::open(&path, object) {
                Ok(input) => return Ok(input),
                Err(e) if last.reason == Reason::NotFound => last = e,
                Err(_) => {}
            }
        }
        Err(last)
    }

    fn covers(&self, uri: &str) -> bool {
        if !self.is_folder {
            return uri == self.uri;
        }
        let folder = self.uri.trim_end_matches('/');
        uri.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/') && !rest.split('/').any(|s| s == ".."))
    }
}

fn object(path: &Path, meta: &Metadata) -> Object {
    Object { uri: shown(path), version: version(meta), size: meta.len(), modified: meta.modified().ok().map(Timestamp::from), until: None }
}

/// What tells this content from another: time of modification to the nanosecond, size, and where the system has them the file's number
/// (a file moved into the place of another keeps its own time) and when the file itself was last touched, which no program can set
/// (`cp -p` into a file gives it another's time).
fn version(meta: &Metadata) -> String {
    let (sign, t) = match meta.modified().map(|t| t.duration_since(std::time::UNIX_EPOCH)) {
        Ok(Ok(d)) => ("", d),
        Ok(Err(before)) => ("-", before.duration()),
        Err(_) => ("", std::time::Duration::ZERO),
    };
    let stem = format!("{sign}{}.{:09}-{}", t.as_secs(), t.subsec_nanos(), meta.len());
    #[cfg(unix)]
    let stem = {
        use std::os::unix::fs::MetadataExt;
        format!("{stem}-{}-{}.{:09}", meta.ino(), meta.ctime(), meta.ctime_nsec())
    };
    stem
}

/// The entries of a folder, so that popping from the end visits them in byte order of their URIs.
fn children(folder: &Path, failures: &mut Vec<ListingFailure>) -> Vec<PathBuf> {
    let mut fail = |e: std::io::Error| {
        let error = Error::new(Reason::ListingFailed, e.kind().to_string());
        failures.push(ListingFailure { uri: shown(folder), error });
    };
    let mut found: Vec<(Vec<u8>, PathBuf)> = Vec::new();
    match fs::read_dir(folder) {
        Err(e) => fail(e),
        Ok(entries) => {
            for entry in entries {
                match entry {
                    Ok(entry) => {
                        let path = entry.path();
                        let mut key = shown(Path::new(&entry.file_name())).into_bytes();
                        // What lies in a folder sorts after `name/`, so the folder itself must: `a.txt` before `a/b`.
                        if entry.file_type().is_ok_and(|t| t.is_dir()) {
                            key.push(b'/');
                        }
                        found.push((key, path));
                    }
                    // The iterator may repeat an error for ever.
                    Err(e) => {
                        fail(e);
                        break;
                    }
                }
            }
        }
    }
    found.sort_unstable_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, p)| p).collect()
}

#[cfg(unix)]
fn special(meta: &Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    let t = meta.file_type();
    match () {
        () if t.is_fifo() => "a pipe",
        () if t.is_socket() => "a socket",
        () if t.is_block_device() || t.is_char_device() => "a device",
        () => "not a file",
    }
}

#[cfg(not(unix))]
fn special(_: &Metadata) -> &'static str {
    "not a file"
}
