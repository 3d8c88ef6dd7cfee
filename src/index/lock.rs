//! One writer at a time: a lock file beside the index that says who holds it.
//!
//! The operating system's lock decides where it works, and ends with its process, however that ends. Who holds it is
//! written down as well: for the message, and because some network file systems grant everybody the lock. There the
//! owner counts as alive if its process still runs (same machine: number and start time), or if the file is still being
//! touched (another machine).

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant, SystemTime};

use super::error::IndexError;
use crate::base::{Timestamp, private_file};

/// A process that was killed holds its lock until the system has cleaned up after it.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often an owner touches its lock file.
const BEAT: Duration = Duration::from_secs(5);

/// How long an owner on another machine may be silent before it counts as gone.
const SILENCE: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 12 });

/// The lock, until it is dropped.
pub(super) struct Lock {
    file: File,
    beat: Option<(Sender<()>, std::thread::JoinHandle<()>)>,
}

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    pid: u32,
    /// Clock ticks after the start of the machine at which the process began: numbers of processes are used again.
    start: u64,
    /// The boot and the space of process numbers, in which the two above mean something.
    machine: String,
    host: String,
    since: i64,
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "process {} on {} since {}", self.pid, self.host, Timestamp(self.since))
    }
}

/// Takes the lock of the index at `path`, trying again while `wait` agrees. It is asked several times a second, with
/// who holds the lock.
pub(super) fn take(path: &Path, wait: &mut dyn FnMut(&str) -> bool) -> Result<Lock, IndexError> {
    let name = beside(path);
    let failed = |source| IndexError::File { path: name.clone(), source };
    let patience = Instant::now() + PATIENCE;
    loop {
        let mut file = private_file().open(&name).map_err(failed)?;
        let free = match file.try_lock() {
            Ok(()) => read(&mut file).filter(|o| o.lives(&file)).is_none(),
            Err(TryLockError::WouldBlock) => false,
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        };
        if free {
            return Lock::write(file).map_err(failed);
        }
        let owner = read(&mut file).map_or_else(|| "another process".to_owned(), |o| o.to_string());
        drop(file);
        if Instant::now() >= patience && !wait(&owner) {
            return Err(IndexError::Busy { path: path.to_owned(), owner });
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Whether somebody holds the lock now. Never takes it away from anybody for longer than it takes to look.
pub(super) fn is_held(path: &Path) -> bool {
    let Ok(mut file) = OpenOptions::new().read(true).open(beside(path)) else { return false };
    // A shared lock for a moment: a writer that begins just then tries again.
    match file.try_lock_shared() {
        Ok(()) => drop(file.unlock()),
        Err(TryLockError::WouldBlock) => return true,
        Err(TryLockError::Error(_)) => {}
    }
    read(&mut file).is_some_and(|o| o.here() && o.runs())
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

impl Lock {
    fn write(mut file: File) -> std::io::Result<Lock> {
        let me = Owner::me();
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{}\n{}\n{}\n{}\n{}", me.pid, me.start, me.machine, me.host, me.since)?;
        let (stop, stopped) = channel::<()>();
        let touch = file.try_clone()?;
        let thread = std::thread::Builder::new().name("lock".to_owned()).spawn(move || {
            while stopped.recv_timeout(BEAT) == Err(RecvTimeoutError::Timeout) {
                let _ = touch.set_modified(SystemTime::now());
            }
        })?;
        Ok(Lock { file, beat: Some((stop, thread)) })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.beat.take() {
            drop(stop);
            let _ = thread.join();
        }
        // Empty: nobody's. What a killed process leaves behind is looked at by the next.
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}

fn read(file: &mut File) -> Option<Owner> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(4096).read_to_string(&mut text).ok()?;
    let mut lines = text.lines();
    Some(Owner {
        pid: lines.next()?.parse().ok()?,
        start: lines.next()?.parse().ok()?,
        machine: lines.next()?.to_owned(),
        host: lines.next()?.to_owned(),
        since: lines.next()?.parse().ok()?,
    })
}

impl Owner {
    fn me() -> Owner {
        let pid = std::process::id();
        Owner { pid, start: started(pid).unwrap_or(0), machine: machine(), host: host(), since: Timestamp::now().0 }
    }

    /// Whether its numbers mean anything here.
    fn here(&self) -> bool {
        !self.machine.is_empty() && self.machine == machine()
    }

    fn runs(&self) -> bool {
        started(self.pid) == Some(self.start)
    }

    /// Whether the owner still works although the system gave us its lock.
    fn lives(&self, file: &File) -> bool {
        if self.here() {
            return self.pid != std::process::id() && self.runs();
        }
        if self.machine.is_empty() {
            // Nothing is known of processes on such a system but that its locks work.
            return false;
        }
        let touched = || file.metadata().and_then(|m| m.modified()).ok();
        let (before, until) = (touched(), Instant::now() + SILENCE);
        while Instant::now() < until {
            std::thread::sleep(Duration::from_millis(200));
            if touched() != before {
                return true;
            }
        }
        false
    }
}

/// When a process began, in clock ticks; `None` where there is no such process, or no way to know.
fn started(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold anything.
    stat[stat.rfind(')')? + 1..].split_whitespace().nth(19)?.parse().ok()
}

/// This boot of this machine and, in it, the space of process numbers.
fn machine() -> String {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let space = std::fs::read_link("/proc/self/ns/pid").map(|l| l.display().to_string()).unwrap_or_default();
    if boot.is_empty() { String::new() } else { format!("{} {space}", boot.trim()) }
}

fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").or_else(|_| std::env::var("HOSTNAME"));
    name.ok().map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()).unwrap_or_else(|| "this machine".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.db");
        (dir, path)
    }

    fn at_once(path: &Path) -> Result<Lock, IndexError> {
        take(path, &mut |_| false)
    }

    #[test]
    fn one_holds_it_and_says_who() {
        let (_dir, path) = index();
        let lock = at_once(&path).unwrap();
        assert!(is_held(&path));
        match at_once(&path) {
            Err(IndexError::Busy { owner, .. }) => assert!(owner.starts_with(&format!("process {} on ", std::process::id())), "{owner}"),
            other => panic!("{:?}", other.err()),
        }
        drop(lock);
        assert!(!is_held(&path));
        assert_eq!(std::fs::read(beside(&path)).unwrap(), b"", "a lock that was given back names nobody");
        drop(at_once(&path).unwrap());
    }

    #[test]
    fn who_waits_gets_it_later() {
        let (_dir, path) = index();
        let lock = at_once(&path).unwrap();
        let mut lock = Some(lock);
        let mut asked = 0;
        drop(
            take(&path, &mut |_| {
                asked += 1;
                drop(lock.take());
                true
            })
            .unwrap(),
        );
        assert_eq!(asked, 1);
    }

    /// The system gives the lock, but its file names somebody.
    #[test]
    fn an_owner_is_asked_whether_it_lives() {
        let me = Owner::me();
        assert!(me.runs() && me.here());
        let child = || std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let mut running = child();
        let other = |pid: u32, start: u64| Owner { pid, start, ..me.clone() };
        let mut ended = child();
        let gone = other(ended.id(), started(ended.id()).unwrap());
        ended.kill().unwrap();
        ended.wait().unwrap();
        let alive = other(running.id(), started(running.id()).unwrap());
        for (what, owner, lives) in [
            ("a process that runs", alive.clone(), true),
            ("one that ended", gone, false),
            ("its number, used again", Owner { start: alive.start + 1, ..alive.clone() }, false),
            ("another machine that is silent", Owner { machine: "another boot".into(), ..alive.clone() }, false),
            ("ourselves, from a writer that was not dropped", me.clone(), false),
        ] {
            let (_dir, path) = index();
            let o = &owner;
            std::fs::write(beside(&path), format!("{}\n{}\n{}\n{}\n{}\n", o.pid, o.start, o.machine, o.host, o.since)).unwrap();
            assert_eq!(at_once(&path).is_err(), lives, "{what}");
        }
        running.kill().unwrap();
        running.wait().unwrap();
    }

    #[test]
    fn another_machine_that_touches_its_lock_lives() {
        let (_dir, path) = index();
        let me = Owner::me();
        std::fs::write(beside(&path), format!("1\n1\nanother boot\nfar-away\n{}\n", me.since)).unwrap();
        let touched = File::options().write(true).open(beside(&path)).unwrap();
        let (stop, stopped) = channel::<()>();
        let beat = std::thread::spawn(move || {
            while stopped.recv_timeout(Duration::from_millis(100)) == Err(RecvTimeoutError::Timeout) {
                touched.set_modified(SystemTime::now()).unwrap();
            }
        });
        match at_once(&path) {
            Err(IndexError::Busy { owner, .. }) => assert!(owner.contains("far-away"), "{owner}"),
            other => panic!("{:?}", other.err()),
        }
        drop(stop);
        beat.join().unwrap();
    }

    #[test]
    fn files_that_say_nothing_lock_nobody_out() {
        for text in ["", "x", "1\n2\n", "99999999999999\n1\na\nb\n1", "\u{0}\u{0}"] {
            let (_dir, path) = index();
            std::fs::write(beside(&path), text).unwrap();
            assert!(at_once(&path).is_ok(), "{text:?}");
        }
    }
}
