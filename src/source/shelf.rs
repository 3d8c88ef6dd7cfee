//! Where a listing that did not come to its end waits for the next run: a file beside the index, to which stretches of keys are
//! appended as soon as all that lies in them is known.
//!
//! Behind a first line and a proof of the key stand frames: length (4 bytes), name of the listing (16), the rest sealed. A frame holds
//! when it was listed, behind which key it begins, with which it ends, and the entries as the source writes them. A frame that is
//! cut off was being written when a run was ended, and is dropped with what may stand behind it. A frame that does not open makes
//! its listing worthless, and is told; nothing is believed that was not sealed under the key of the index. At the end of a run what
//! came to its end goes, and what is too old; a file that does not begin as ours is never touched.
//!
//! PRIVACY: keys of objects may be personal data; in clear the file holds lengths and keyed hashes alone.

use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::UNIX_EPOCH;

use crate::base::{Error, Reason, Result, Seal, Timestamp};

/// How old a stretch may be, in milliseconds.
const OLDEST: i64 = 3_600_000;
/// Clocks of two machines may differ by so much.
const AHEAD: i64 = 60_000;
const FIRST_LINE: &[u8] = b"piimap listing 1\n";
const PROOF: usize = 40;
/// The longest frame and what it holds, unpacked: far more than a page.
const LONGEST: usize = 64 << 20;

/// What an unfinished listing left for the next run.
pub struct Shelf {
    path: PathBuf,
    seal: Arc<dyn Seal>,
    fresh: bool,
    /// By so many milliseconds its clock is ahead: for tests.
    ahead: i64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    file: Option<File>,
    end: u64,
    frames: HashMap<[u8; 16], Vec<(u64, u32)>>,
    /// Listings of this run that came to their end.
    done: HashSet<[u8; 16]>,
    closed: bool,
    resumed: Resumed,
}

/// What was taken from a listing that an earlier run began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resumed {
    /// Entries that were not asked for again.
    pub entries: u64,
    /// When the oldest of them was listed.
    pub since: Option<Timestamp>,
    /// There was something that is damaged or belongs to another index, or is none of ours: it was not used.
    pub ignored: bool,
}

impl Shelf {
    /// The shelf in the file at `path`, which may not exist. With `fresh` what it holds of a listing that is asked for is thrown away.
    ///
    /// Never fails: a listing that cannot be kept has to be made anew. Where somebody else's file lies at `path`, nothing is kept.
    pub fn open(path: &Path, seal: Arc<dyn Seal>, fresh: bool) -> Shelf {
        Shelf::open_ahead(path, seal, fresh, 0)
    }

    fn open_ahead(path: &Path, seal: Arc<dyn Seal>, fresh: bool, ahead: i64) -> Shelf {
        let mut state = State::default();
        match is_ours(path) {
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Ok(true) => state.load(path, &*seal, Timestamp::now().0 + ahead),
            _ => (state.closed, state.resumed.ignored) = (true, true),
        }
        Shelf { path: path.to_owned(), seal, fresh, ahead, state: Mutex::new(state) }
    }

    /// Deletes the file at `path`, if there is one and it is a shelf. Fails where that cannot be told or done.
    pub fn remove(path: &Path) -> std::io::Result<()> {
        let done = is_ours(path).and_then(|ours| if ours { std::fs::remove_file(path) } else { Ok(()) });
        done.or_else(|e| if e.kind() == ErrorKind::NotFound { Ok(()) } else { Err(e) })
    }

    /// Nothing is kept any more. What waits for the next run is what was broken off and is not too old; without any the file goes.
    pub fn end(&self) {
        let mut state = self.lock();
        state.closed = true;
        if state.file.is_some() && state.shrink(self.now(), &*self.seal) != Some(true) {
            state.file = None;
            let _ = std::fs::remove_file(&self.path);
        }
        state.file = None;
    }

    /// What was taken from it.
    pub fn resumed(&self) -> Resumed {
        self.lock().resumed
    }

    fn now(&self) -> i64 {
        Timestamp::now().0 + self.ahead
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// What is kept of the listing that `what` describes; `None` when nothing is kept any more.
    pub(super) fn part(self: &Arc<Shelf>, what: &str) -> Option<Part> {
        let name = self.seal.name(what);
        let mut state = self.lock();
        if state.closed {
            return None;
        }
        state.done.remove(&name);
        let mut frames = state.frames.remove(&name).unwrap_or_default();
        if self.fresh && !frames.is_empty() {
            frames.clear();
            state.end_frames(&self.path, &name, &*self.seal);
        }
        let (mut stretches, now) = (Vec::new(), self.now());
        for at in frames {
            match state.frame(at, &name, &*self.seal) {
                // Whatever stood before it was not to be trusted.
                Some(plain) if plain.is_empty() => stretches.clear(),
                plain => match plain.and_then(|p| split(&p, at).map(|s| s.0)) {
                    Some(s) if !s.is_fresh(now) => {}
                    Some(s) => stretches.push(s),
                    None => {
                        state.resumed.ignored = true;
                        state.end_frames(&self.path, &name, &*self.seal);
                        drop(state);
                        return Some(Part { shelf: self.clone(), name, stretches: Vec::new(), forgotten: AtomicBool::new(false) });
                    }
                },
            }
        }
        stretches.sort_by(|a, b| a.from.cmp(&b.from));
        let mut end = Some(String::new());
        stretches.retain(|s| {
            let fits = end.as_ref().is_some_and(|end| s.from >= *end) && s.to.as_ref().is_none_or(|to| *to > s.from);
            if fits {
                end.clone_from(&s.to);
            }
            fits
        });
        state.resumed.entries += stretches.iter().map(|s| u64::from(s.entries)).sum::<u64>();
        let oldest = stretches.iter().map(|s| s.listed).min();
        state.resumed.since = [state.resumed.since, oldest].into_iter().flatten().min();
        drop(state);
        Some(Part { shelf: self.clone(), name, stretches, forgotten: AtomicBool::new(false) })
    }
}

/// Whether the file begins as a shelf does, or was only made for one. Fails where that cannot be told, with `NotFound` where there is none.
fn is_ours(path: &Path) -> std::io::Result<bool> {
    if !std::fs::metadata(path)?.is_file() {
        return Ok(false);
    }
    let mut begins = Vec::new();
    File::open(path)?.take(FIRST_LINE.len() as u64).read_to_end(&mut begins)?;
    Ok(FIRST_LINE.starts_with(&begins))
}

/// Where frames stand, by the name of their listing, and where the last whole one ends; `None` if the file is no shelf of this key.
fn frames(file: &mut File, seal: &dyn Seal) -> Option<(HashMap<[u8; 16], Vec<(u64, u32)>>, u64)> {
    let len = file.metadata().ok()?.len();
    let mut head = vec![0; FIRST_LINE.len() + PROOF];
    file.rewind().and_then(|()| file.read_exact(&mut head)).ok()?;
    let proof = head.strip_prefix(FIRST_LINE)?;
    seal.open(FIRST_LINE, proof)?;
    let mut out: HashMap<_, Vec<_>> = HashMap::new();
    let mut at = head.len() as u64;
    loop {
        let mut frame = [0; 20];
        if at + 20 > len || file.seek(SeekFrom::Start(at)).is_err() || file.read_exact(&mut frame).is_err() {
            return Some((out, at));
        }
        let (sealed, name) = frame.split_first_chunk::<4>()?;
        let sealed = u32::from_le_bytes(*sealed);
        let end = at + 20 + u64::from(sealed);
        if (sealed as usize) < PROOF || sealed as usize > LONGEST || end > len {
            return Some((out, at));
        }
        out.entry(name.try_into().ok()?).or_default().push((at + 20, sealed));
        at = end;
    }
}

impl State {
    /// Takes what lies in a file of ours, unless all of it is too old.
    fn load(&mut self, path: &Path, seal: &dyn Seal, now: i64) {
        let Ok(mut file) = OpenOptions::new().read(true).write(true).open(path) else { return self.closed = true };
        let written = file.metadata().and_then(|m| m.modified()).ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
        let is_old = written.is_some_and(|w| (w.as_millis() as i64) < now - OLDEST);
        match frames(&mut file, seal).filter(|_| !is_old) {
            Some((frames, end)) if file.set_len(end).is_ok() => (self.frames, self.end, self.file) = (frames, end, Some(file)),
            _ => {
                self.resumed.ignored = !is_old;
                drop(file);
                let _ = std::fs::remove_file(path);
            }
        }
    }

    /// Leaves in the file what is fresh of listings that did not come to their end; whether anything is left. A frame moves to where
    /// another one stood that goes: who is killed meanwhile leaves one that does not open. `None` where the file fails.
    fn shrink(&mut self, now: i64, seal: &dyn Seal) -> Option<bool> {
        let (mut all, _) = frames(self.file.as_mut()?, seal)?;
        all.retain(|name, _| !self.done.contains(name));
        let mut left = Vec::new();
        for (name, mut frames) in all {
            // Nothing is sealed in the frame that ends others.
            let from = frames.iter().rposition(|f| f.1 as usize == PROOF).map_or(0, |at| at + 1);
            frames.drain(..from);
            let listed = |at| Some(split(&self.frame(at, &name, seal)?, at)?.0);
            let Some(stretches) = frames.into_iter().map(listed).collect::<Option<Vec<_>>>() else { continue };
            left.extend(stretches.into_iter().filter(|s| s.is_fresh(now)).map(|s| s.at));
        }
        left.sort_unstable();
        let file = self.file.as_mut()?;
        let mut end = (FIRST_LINE.len() + PROOF) as u64;
        for &(at, len) in &left {
            let mut frame = vec![0; len as usize + 20];
            file.seek(SeekFrom::Start(at - 20)).ok()?;
            file.read_exact(&mut frame).ok()?;
            if end != at - 20 {
                file.seek(SeekFrom::Start(end)).ok()?;
                file.write_all(&frame).ok()?;
            }
            end += frame.len() as u64;
        }
        file.set_len(end).ok()?;
        Some(!left.is_empty())
    }

    /// What the file holds of a listing counts no more.
    fn end_frames(&mut self, path: &Path, name: &[u8; 16], seal: &dyn Seal) {
        if self.file.is_some() && self.append(path, name, b"", seal).is_none() {
            self.closed = true;
        }
    }

    /// What is sealed there.
    fn frame(&mut self, (at, len): (u64, u32), name: &[u8; 16], seal: &dyn Seal) -> Option<Vec<u8>> {
        let mut sealed = vec![0; len as usize];
        let file = self.file.as_mut()?;
        file.seek(SeekFrom::Start(at)).ok()?;
        file.read_exact(&mut sealed).ok()?;
        Some(seal.open(name, &sealed)?.expose().to_vec())
    }

    fn append(&mut self, path: &Path, name: &[u8; 16], plain: &[u8], seal: &dyn Seal) -> Option<()> {
        if self.closed {
            return Some(());
        }
        if self.file.is_none() {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(path).ok()?;
            let head = [FIRST_LINE, &seal.seal(FIRST_LINE, b"")?].concat();
            file.write_all(&head).ok()?;
            (self.file, self.end) = (Some(file), head.len() as u64);
        }
        let sealed = seal.seal(name, plain)?;
        let frame = [&u32::try_from(sealed.len()).ok()?.to_le_bytes()[..], name, &sealed].concat();
        let file = self.file.as_mut()?;
        file.seek(SeekFrom::Start(self.end)).ok()?;
        file.write_all(&frame).ok()?;
        self.end += frame.len() as u64;
        Some(())
    }
}

/// Keys all of which are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    /// The key behind which it begins, which is not among them; empty: with the first.
    pub from: String,
    /// The key with which it ends, whether it exists or not; `None`: with the last.
    pub to: Option<String>,
    /// So many entries.
    pub entries: u32,
    /// For [`Part::read`].
    pub at: (u64, u32),
    listed: Timestamp,
}

impl Stretch {
    fn is_fresh(&self, now: i64) -> bool {
        self.listed.0 >= now - OLDEST && self.listed.0 <= now + AHEAD
    }
}

/// What is kept of one listing.
pub(super) struct Part {
    shelf: Arc<Shelf>,
    name: [u8; 16],
    /// In the order of keys; no two overlap.
    pub stretches: Vec<Stretch>,
    forgotten: AtomicBool,
}

impl Part {
    /// Keeps a stretch, unless the listing is forgotten. Where that is not possible, nothing is kept any more.
    pub fn add(&self, from: &str, to: Option<&str>, entries: usize, bytes: &[u8]) {
        let Some(plain) = write(Timestamp::now(), from, to, entries, bytes) else { return };
        let mut state = self.shelf.lock();
        // A request that was on its way may come after that.
        if self.forgotten.load(Ordering::Relaxed) {
            return;
        }
        if state.append(&self.shelf.path, &self.name, &plain, &*self.shelf.seal).is_none() {
            state.closed = true;
        }
    }

    /// The listing came to its end: the next run makes it anew.
    pub fn done(&self) {
        self.shelf.lock().done.insert(self.name);
    }

    /// The entries of a stretch, as they were given to [`Part::add`].
    pub fn read(&self, at: (u64, u32)) -> Result<Vec<u8>> {
        let plain = self.shelf.lock().frame(at, &self.name, &*self.shelf.seal);
        let entries = plain.and_then(|p| entries(&p));
        entries.ok_or_else(|| Error::new(Reason::Io, "the listing of the run before cannot be read any more: scan again with --full"))
    }

    /// What a run before has listed of it.
    pub fn entries(&self) -> u64 {
        if self.forgotten.load(Ordering::Relaxed) { 0 } else { self.stretches.iter().map(|s| u64::from(s.entries)).sum() }
    }

    /// Whether a run before has listed what there is of this key.
    pub fn holds(&self, key: &str) -> bool {
        let before = self.stretches.partition_point(|s| *s.from < *key);
        let is_held = before > 0 && self.stretches[before - 1].to.as_ref().is_none_or(|to| *key <= **to);
        is_held && !self.forgotten.load(Ordering::Relaxed)
    }

    /// Nothing that is kept of this listing is of any use, nor is what still comes.
    pub fn forget(&self) {
        let mut state = self.shelf.lock();
        state.resumed.entries = state.resumed.entries.saturating_sub(self.entries());
        self.forgotten.store(true, Ordering::Relaxed);
        state.end_frames(&self.shelf.path, &self.name, &*self.shelf.seal);
    }
}

/// Time, keys, number of entries, length of what follows before it was packed, and that.
fn write(listed: Timestamp, from: &str, to: Option<&str>, entries: usize, bytes: &[u8]) -> Option<Vec<u8>> {
    let packed = zstd::bulk::compress(bytes, 1).ok().filter(|_| bytes.len() <= LONGEST)?;
    let mut out = Vec::with_capacity(packed.len() + from.len() + to.map_or(0, str::len) + 29);
    out.extend(listed.0.to_le_bytes());
    for key in [from, to.unwrap_or("")] {
        out.extend((key.len() as u32).to_le_bytes());
        out.extend(key.as_bytes());
    }
    out.push(u8::from(to.is_some()));
    out.extend(u32::try_from(entries).ok()?.to_le_bytes());
    out.extend((bytes.len() as u32).to_le_bytes());
    out.extend(packed);
    Some(out)
}

/// The parts of what [`write`] wrote: the stretch, the length of its entries, and these, packed.
fn split(plain: &[u8], at: (u64, u32)) -> Option<(Stretch, usize, &[u8])> {
    fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
        let (n, rest) = bytes.split_first_chunk::<4>()?;
        Some((u32::from_le_bytes(*n), rest))
    }
    fn text(bytes: &[u8]) -> Option<(String, &[u8])> {
        let (n, rest) = number(bytes)?;
        let (text, rest) = rest.split_at_checked(n as usize)?;
        Some((String::from_utf8(text.to_vec()).ok()?, rest))
    }
    let (listed, rest) = plain.split_first_chunk::<8>()?;
    let (from, rest) = text(rest)?;
    let (to, rest) = text(rest)?;
    let (ends, rest) = rest.split_first()?;
    let (entries, rest) = number(rest)?;
    let (len, packed) = number(rest)?;
    let to = (*ends == 1).then_some(to);
    Some((Stretch { from, to, entries, at, listed: Timestamp(i64::from_le_bytes(*listed)) }, len as usize, packed))
}

fn entries(plain: &[u8]) -> Option<Vec<u8>> {
    let (_, len, packed) = split(plain, (0, 0))?;
    zstd::bulk::decompress(packed, len.min(LONGEST)).ok().filter(|b| b.len() == len)
}

#[cfg(test)]
#[path = "shelf_tests.rs"]
pub(super) mod tests;
