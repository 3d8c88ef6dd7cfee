//! Runs of the program that see nothing of the machine but a folder of their own.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// The key of all tests.
pub const KEY: &str = "5a1f00c3b2d4e6f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f70";

/// A folder with an index, a configuration folder, and whatever a test puts there. Gone when dropped.
pub struct Bench {
    dir: tempfile::TempDir,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Done {
    /// The exit status; `None` if a signal ended it.
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Bench {
    pub fn new() -> Bench {
        Bench { dir: tempfile::tempdir().unwrap() }
    }

    /// With a copy of the samples in `samples`.
    pub fn with_samples() -> Bench {
        let b = Bench::new();
        copy(&repository().join("samples"), &b.path("samples"));
        b
    }

    /// A path in the folder, without links, as the index writes it.
    pub fn path(&self, below: &str) -> PathBuf {
        self.dir.path().canonicalize().unwrap().join(below)
    }

    /// Writes a file, and the folders it needs.
    pub fn write(&self, below: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(below);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The program with these arguments, not started: key and configuration are this bench's own, so is the current folder.
    /// The index is `piimap.db` if they name none.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut c = Command::new(env!("CARGO_BIN_EXE_piimap"));
        c.args(args).current_dir(self.path(""));
        if !args.contains(&"--index") {
            c.arg("--index").arg(self.path("piimap.db"));
        }
        c.env_clear().env("XDG_CONFIG_HOME", self.path("config")).env("HOME", self.path("home")).env("PIIMAP_KEY", KEY);
        c.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        c
    }

    /// Runs to the end.
    pub fn run(&self, args: &[&str]) -> Done {
        Done::of(self.command(args).spawn().unwrap())
    }

    /// Runs to the end with this on standard input.
    pub fn run_with(&self, args: &[&str], stdin: &[u8]) -> Done {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().unwrap();
        let (mut pipe, stdin) = (child.stdin.take().unwrap(), stdin.to_vec());
        let writer = std::thread::spawn(move || drop(pipe.write_all(&stdin)));
        let done = Done::of(child);
        writer.join().unwrap();
        done
    }

    /// Runs a scan of `source` and gives its document.
    pub fn scan(&self, source: &str, more: &[&str]) -> (Option<i32>, Value) {
        let done = self.run(&[&["scan", source, "--format", "json"], more].concat());
        (done.status, done.json())
    }

    /// Runs and gives the document that it prints last.
    pub fn json(&self, args: &[&str]) -> Value {
        self.run(&[args, &["--format", "json"]].concat()).json()
    }

    /// An index of nothing, as a file `name`. Indexes copied from it share its data key, so that their answers can be compared
    /// to the last hash.
    pub fn empty_index(&self, name: &str) {
        std::fs::create_dir_all(self.path("nothing")).unwrap();
        let done = self.run(&["scan", "nothing", "--index", name]);
        assert_eq!(done.status, Some(0), "{}", done.stderr);
        let wal = std::fs::metadata(self.path(&format!("{name}-wal"))).map_or(0, |m| m.len());
        assert_eq!(wal, 0, "a run that ends leaves all it knows in one file");
    }

    /// The files of the index: the database and what SQLite and the lock put beside it.
    pub fn index_files(&self) -> Vec<PathBuf> {
        let all = std::fs::read_dir(self.dir.path()).unwrap().map(|e| e.unwrap().path());
        all.filter(|p| p.file_name().unwrap().to_string_lossy().starts_with("piimap.db")).collect()
    }
}

impl Done {
    /// Waits for the end.
    pub fn of(child: Child) -> Done {
        let out = child.wait_with_output().unwrap();
        let text = |b: Vec<u8>| String::from_utf8(b).expect("output is UTF-8");
        Done { status: out.status.code(), stdout: text(out.stdout), stderr: text(out.stderr) }
    }

    /// The last line of standard output as JSON.
    pub fn json(&self) -> Value {
        let last = self.stdout.lines().last().unwrap_or_else(|| panic!("nothing on stdout, status {:?}: {}", self.status, self.stderr));
        serde_json::from_str(last).unwrap_or_else(|e| panic!("{e} in {last}"))
    }

    /// All lines of standard output as JSON.
    pub fn lines(&self) -> Vec<Value> {
        self.stdout.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e} in {l}"))).collect()
    }
}

/// The root of the repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Copies a folder.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            std::fs::copy(&path, &to).unwrap();
        }
    }
}

/// The samples, scanned once for all tests that only ask; with the scan's document. Its status must be checked by one of them.
pub fn sample_scan() -> &'static (Bench, Option<i32>, Value) {
    static SCAN: OnceLock<(Bench, Option<i32>, Value)> = OnceLock::new();
    SCAN.get_or_init(|| {
        let b = Bench::with_samples();
        let (status, doc) = b.scan("samples", &[]);
        (b, status, doc)
    })
}

/// An answer without what differs between runs that found the same: times, run numbers, versions of local files.
pub fn normal(mut v: Value) -> Value {
    fn walk(v: &mut Value) {
        match v {
            Value::Object(o) => {
                for key in ["run", "completed", "first_seen", "last_seen", "seconds", "oldest", "newest", "data_as_of", "version", "index"]
                {
                    o.remove(key);
                }
                o.values_mut().for_each(walk);
            }
            Value::Array(a) => a.iter_mut().for_each(walk),
            _ => {}
        }
    }
    walk(&mut v);
    v
}
