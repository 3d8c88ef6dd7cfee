//! Files of answers: there as a whole or not at all, new ones for their owner alone.

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Seek, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// A file that is being written beside its place and takes it when it is [finished](WholeFile::finish). Until then, and where that
/// never comes (a full disk, an error), what was there before stays. What cannot be exchanged is written through: links, devices,
/// pipes, files with several names or in a folder that takes no new file.
#[derive(Debug)]
pub struct WholeFile {
    out: BufWriter<Place>,
    path: PathBuf,
}

#[derive(Debug)]
enum Place {
    Beside(NamedTempFile),
    Through {
        file: File,
        /// Whether what was there goes before the first byte comes: not earlier, as an answer may fail before it has one.
        replaces: bool,
    },
}

impl WholeFile {
    /// Begins a file that its owner alone will be able to read; one that is there keeps its permissions. Fails at once where nothing
    /// can be written.
    pub fn create(path: &Path) -> io::Result<WholeFile> {
        let place = match own_stream(path)? {
            Some(file) => Place::Through { file, replaces: false },
            None => Place::at(path)?,
        };
        Ok(WholeFile { out: BufWriter::new(place), path: path.to_owned() })
    }

    /// The same, for its owner alone whoever could read what was there.
    pub fn private(path: &Path) -> io::Result<WholeFile> {
        let file = WholeFile::create(path)?;
        #[cfg(unix)]
        if let Place::Beside(beside) = file.out.get_ref() {
            beside.as_file().set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        }
        Ok(file)
    }

    /// Puts the file in its place.
    pub fn finish(self) -> io::Result<()> {
        match self.out.into_inner().map_err(io::IntoInnerError::into_error)? {
            Place::Beside(beside) => {
                beside.as_file().sync_all()?;
                match beside.persist(&self.path) {
                    Ok(_) => Ok(()),
                    // The place of a mount, or a file that may be written and not replaced.
                    Err(e)
                        if matches!(e.error.kind(), ErrorKind::ResourceBusy | ErrorKind::CrossesDevices | ErrorKind::PermissionDenied) =>
                    {
                        copy_through(&e.file, &self.path)
                    }
                    Err(e) => Err(e.error),
                }
            }
            mut through => {
                through.begin()?;
                through.flush()
            }
        }
    }

    /// Writes a file with this content.
    pub fn write(path: &Path, content: &[u8]) -> io::Result<()> {
        let mut file = WholeFile::create(path)?;
        file.write_all(content)?;
        file.finish()
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Place {
    fn at(path: &Path) -> io::Result<Place> {
        let there = match std::fs::symlink_metadata(path) {
            Ok(there) => Some(there),
            Err(e) if e.kind() == ErrorKind::NotFound => None,
            Err(e) => return Err(e),
        };
        match &there {
            Some(_) if path.is_dir() => Err(ErrorKind::IsADirectory.into()),
            Some(there) if !there.is_file() || has_other_names(there) => Place::through(path),
            Some(there) => beside(path, Some(there)).map(Place::Beside).or_else(|_| Place::through(path)),
            None => beside(path, None).map(Place::Beside),
        }
    }

    fn through(path: &Path) -> io::Result<Place> {
        let mut options = OpenOptions::new();
        // Where a link leads to nothing. Asked for always, systems would refuse it for others' files in shared folders.
        options.write(true).create(!path.exists());
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        let replaces = file.metadata()?.is_file();
        Ok(Place::Through { file, replaces })
    }

    fn begin(&mut self) -> io::Result<()> {
        if let Place::Through { file, replaces } = self
            && std::mem::take(replaces)
        {
            file.set_len(0)?;
        }
        Ok(())
    }
}

impl Write for Place {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begin()?;
        match self {
            Place::Beside(f) => f.as_file().write(bytes),
            Place::Through { file, .. } => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Place::Beside(f) => f.as_file().flush(),
            Place::Through { file, .. } => file.flush(),
        }
    }
}

/// One of the program's own streams by its name: what comes is added. To begin at the first byte would go over what a file has that the
/// program was given.
fn own_stream(path: &Path) -> io::Result<Option<File>> {
    const NAMES: [&str; 6] = ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"];
    let own = path.to_str().is_some_and(|p| NAMES.contains(&p));
    own.then(|| OpenOptions::new().append(true).open(path)).transpose()
}

#[cfg(unix)]
fn has_other_names(there: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(there) > 1
}

#[cfg(not(unix))]
fn has_other_names(_: &Metadata) -> bool {
    false
}

/// The file that will take the place of what is there.
fn beside(path: &Path, there: Option<&Metadata>) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A long name is cut: with more behind it, it may be too long.
    let name: String = path.file_name().unwrap_or_default().to_string_lossy().chars().take(40).collect();
    let prefix = format!(".{name}.");
    // Errors name what was asked for, not the name that is made up here.
    let file =
        tempfile::Builder::new().prefix(&prefix).suffix(".part").make_in(folder, |beside| private_file().create_new(true).open(beside))?;
    // Elsewhere "read-only" is all that there is of them, and it would stop the exchange.
    if cfg!(unix)
        && let Some(there) = there
    {
        file.as_file().set_permissions(there.permissions())?;
    }
    Ok(file)
}

/// Writes a finished file over what is at `path`.
fn copy_through(finished: &NamedTempFile, path: &Path) -> io::Result<()> {
    let mut finished = finished.as_file();
    finished.rewind()?;
    let mut through = Place::through(path)?;
    through.begin()?;
    io::copy(&mut finished, &mut through)?;
    through.flush()
}

/// Opens or creates a file that its owner alone may read, for reading and writing.
pub fn private_file() -> OpenOptions {
    let mut o = OpenOptions::new();
    o.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut o, 0o600);
    o
}

/// Makes a folder, and those that it lies in, for their owner alone. Folders that were there stay as they are.
pub fn private_folder(path: &Path) -> io::Result<()> {
    let mut folder = DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_finished_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.html");
        WholeFile::write(&path, b"old").unwrap();
        let mut broken = WholeFile::create(&path).unwrap();
        broken.write_all(&vec![b'x'; 100_000]).unwrap();
        drop(broken);
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "and nothing is left beside it");
        let full = WholeFile::create(&dir.path().join("new")).unwrap();
        drop(full);
        assert!(!dir.path().join("new").exists(), "no file of 0 bytes");
        assert!(WholeFile::create(dir.path()).is_err() && WholeFile::create(&dir.path().join("no/such")).is_err());
    }

    #[test]
    fn a_file_that_cannot_take_its_place_is_an_error_and_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.html");
        let mut file = WholeFile::create(&path).unwrap();
        file.write_all(b"new").unwrap();
        // A folder came in between.
        std::fs::create_dir(&path).unwrap();
        assert!(file.finish().is_err());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "the folder alone");
        assert!(std::fs::read_dir(&path).unwrap().next().is_none());

        let gone = dir.path().join("gone");
        std::fs::create_dir(&gone).unwrap();
        let file = WholeFile::create(&gone.join("a.html")).unwrap();
        std::fs::remove_dir_all(&gone).unwrap();
        assert!(file.finish().is_err() && !gone.exists());
    }

    #[cfg(unix)]
    mod unix {
        use super::*;
        use std::os::unix::fs::{PermissionsExt, symlink};

        fn mode(path: &Path) -> u32 {
            std::fs::metadata(path).unwrap().permissions().mode() & 0o777
        }

        #[test]
        fn new_files_are_their_owners_and_others_keep_their_mode() {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("a");
            WholeFile::write(&path, b"new").unwrap();
            assert_eq!(mode(&path), 0o600);
            for kept in [0o644, 0o640, 0o600] {
                std::fs::set_permissions(&path, PermissionsExt::from_mode(kept)).unwrap();
                WholeFile::write(&path, b"newer").unwrap();
                assert_eq!((std::fs::read(&path).unwrap(), mode(&path)), (b"newer".to_vec(), kept));
            }
            let folder = dir.path().join("one/two");
            private_folder(&folder).unwrap();
            assert_eq!((mode(&folder), mode(&dir.path().join("one"))), (0o700, 0o700));
        }

        #[test]
        fn links_stay_and_what_they_lead_to_is_written() {
            let dir = tempfile::tempdir().unwrap();
            let [path, link, dangling, new] = ["a", "link", "dangling", "new"].map(|n| dir.path().join(n));
            std::fs::write(&path, "old and longer").unwrap();
            symlink(&path, &link).unwrap();
            symlink(&new, &dangling).unwrap();
            drop(WholeFile::create(&link).unwrap());
            assert_eq!(std::fs::read(&path).unwrap(), b"old and longer", "an answer that failed at once");
            WholeFile::write(&link, b"new").unwrap();
            WholeFile::write(&dangling, b"x").unwrap();
            assert!(link.is_symlink() && dangling.is_symlink());
            assert_eq!((std::fs::read(&path).unwrap(), std::fs::read(&new).unwrap()), (b"new".to_vec(), b"x".to_vec()));
            assert_eq!(mode(&new), 0o600);
            WholeFile::write(&link, b"").unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), b"", "an empty answer replaces, too");
        }

        #[test]
        fn a_file_with_two_names_keeps_both() {
            let dir = tempfile::tempdir().unwrap();
            let [one, two] = ["one", "two"].map(|n| dir.path().join(n));
            std::fs::write(&one, "old and longer").unwrap();
            std::fs::hard_link(&one, &two).unwrap();
            WholeFile::write(&one, b"new").unwrap();
            assert_eq!(std::fs::read(&two).unwrap(), b"new");
            assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
        }

        #[test]
        fn what_cannot_be_exchanged_is_written_over() {
            WholeFile::write(Path::new("/dev/null"), b"x").unwrap();
            assert!(!std::fs::metadata("/dev/null").unwrap().is_file(), "a device stays one");
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("mounted");
            std::fs::write(&path, "old and longer").unwrap();
            let mut finished = beside(&path, None).unwrap();
            assert!(finished.path().file_name().unwrap().to_str().is_some_and(|n| n.starts_with(".mounted.") && n.ends_with(".part")));
            finished.write_all(b"new").unwrap();
            copy_through(&finished, &path).unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), b"new");
        }

        // A folder in which nobody makes a file, whoever asks.
        #[cfg(target_os = "linux")]
        #[test]
        fn a_file_is_written_in_a_folder_that_takes_no_other() {
            let path = Path::new("/proc/self/oom_score_adj");
            let same = std::fs::read(path).unwrap();
            WholeFile::write(path, &same).unwrap();
            assert_eq!(std::fs::read(path).unwrap(), same);
        }

        // Whoever may write everywhere exchanges it, others write it through: the answer is there either way.
        #[test]
        fn a_file_is_written_in_a_folder_that_was_closed_meanwhile() {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("a.html");
            std::fs::write(&path, "old and longer").unwrap();
            let mut file = WholeFile::create(&path).unwrap();
            file.write_all(b"new").unwrap();
            std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o500)).unwrap();
            let done = file.finish();
            std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o700)).unwrap();
            done.unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), b"new");
        }

        #[test]
        fn long_names_can_be_exchanged() {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("ü".repeat(127));
            WholeFile::write(&path, b"x").unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), b"x");
        }
    }
}
