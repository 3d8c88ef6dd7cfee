//! Where the user's key comes from: `--key-file`, `PIIMAP_KEY`, or a file that is made on first use; plain, or encrypted by AWS KMS.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::Setting;
use super::kms::Wrapped;
use crate::base::Secret;
use crate::classify::{Classifiers, DefinitionError, Folding};
use crate::identity::{Hasher, Key};
use crate::index::Reader;

/// More bytes are no key.
const LONGEST: u64 = 16 << 10;

/// A key as it is kept.
pub(super) enum Kept {
    /// As it is.
    Plain(Key),
    /// Encrypted by AWS KMS.
    Wrapped(Wrapped),
}

impl Kept {
    /// From 64 hex digits, or from what KMS has encrypted.
    pub fn parse(text: &Secret) -> anyhow::Result<Kept> {
        // What is no text is no key either.
        let text = std::str::from_utf8(text.expose()).unwrap_or_default();
        match Wrapped::parse(text)? {
            Some(wrapped) => Ok(Kept::Wrapped(wrapped)),
            None => Ok(Kept::Plain(Key::from_hex(text)?)),
        }
    }

    /// The key itself. KMS is asked where it is encrypted.
    pub fn open(self) -> anyhow::Result<Key> {
        match self {
            Kept::Plain(key) => Ok(key),
            Kept::Wrapped(wrapped) => wrapped.open(),
        }
    }

    /// The ARN of the key of KMS that has encrypted it.
    pub fn kms(&self) -> Option<&str> {
        match self {
            Kept::Plain(_) => None,
            Kept::Wrapped(wrapped) => Some(&wrapped.kms),
        }
    }
}

/// The key. `create`: make the default key file if there is no key at all. A key that anybody guesses is refused.
pub(super) fn load(s: &Setting, create: bool) -> anyhow::Result<Key> {
    let key = load_to_leave(s, create)?;
    refuse_guessed(&key)?;
    Ok(key)
}

/// Hashes under such a key are as good as none.
pub(super) fn refuse_guessed(key: &Key) -> anyhow::Result<()> {
    anyhow::ensure!(
        !key.is_one_byte(),
        "a key that is one byte over and over is the first that anybody tries: make one by `piimap key new FILE`. An index under this one gets \
         another by `piimap key rotate --new-key-file FILE`; if somebody may have had the index, scan everything into a new one"
    );
    Ok(())
}

/// The same for who makes another key of it: it may be one that anybody guesses.
pub(super) fn load_to_leave(s: &Setting, create: bool) -> anyhow::Result<Key> {
    if let Some(key) = s.decrypted.get() {
        return Ok(key.clone());
    }
    if let Some((kept, place)) = kept(s)? {
        let is_wrapped = kept.kms().is_some();
        let key = kept.open().with_context(|| format!("the key of {place}"))?;
        // KMS is asked once, however often the key is needed.
        return Ok(if is_wrapped { s.decrypted.get_or_init(|| key).clone() } else { key });
    }
    let file = default_file()?;
    anyhow::ensure!(create, "there is no key file {}; name the key of this index with --key-file or PIIMAP_KEY", file.display());
    let key = Key::random()?;
    write(&file, key.to_hex().expose()).with_context(|| format!("the new key could not be written to {}", file.display()))?;
    super::output::error(&format!("made a new key, {}; without it the index cannot be read: keep a copy", file.display()));
    Ok(key)
}

/// The key for what is answered without one as well: none where none was named and there is none. Why another cannot be had is said.
pub(super) fn load_if_any(s: &Setting) -> Option<Key> {
    let is_named = s.key_file.is_some() || std::env::var_os("PIIMAP_KEY").is_some();
    if !is_named && default_file().map_or(true, |file| !there(&file)) {
        return None;
    }
    load(s, false).map_err(without).ok()
}

/// The hashes of this index, for what is answered without them as well. A key that is not its own is none, and that is said.
pub(super) fn hasher_if_any(s: &Setting, reader: &Reader) -> Option<Hasher> {
    load_if_any(s).and_then(|key| reader.unlock(&key).map_err(|e| without(e.into())).ok())
}

fn without(e: anyhow::Error) {
    super::output::error(format!("going on without the key: {e:#}").trim_end());
}

/// How the key is kept, and where, in words; `None` if there is none yet.
pub(super) fn kept(s: &Setting) -> anyhow::Result<Option<(Kept, String)>> {
    if let Some(file) = &s.key_file {
        let kept = read(file)?.with_context(|| format!("there is no key file {}", file.display()))?;
        return Ok(Some((kept, file.display().to_string())));
    }
    if let Some(kept) = environment("PIIMAP_KEY")? {
        return Ok(Some((kept, "PIIMAP_KEY".to_owned())));
    }
    let file = default_file()?;
    Ok(read(&file)?.map(|kept| (kept, file.display().to_string())))
}

/// How the key in the environment is kept; `None` if there is none. The environment itself stays as it is.
pub(super) fn environment(name: &str) -> anyhow::Result<Option<Kept>> {
    let Some(text) = std::env::var_os(name) else { return Ok(None) };
    Kept::parse(&Secret::new(text.into_encoded_bytes())).map(Some).with_context(|| name.to_owned())
}

/// The classifiers: built-in ones and those of `--classifiers`, which must pass their own examples first.
pub(super) fn classifiers(s: &Setting) -> anyhow::Result<std::sync::Arc<Classifiers>> {
    let folding = s.config.folding();
    let mut all = match &s.classifiers {
        None if folding == Folding::default() => return Ok(Classifiers::builtin()),
        None => Classifiers::with_extra([])?,
        Some(dir) => {
            let all = with_files(dir, files(dir)?)?;
            if let Some(first) = all.self_test_own().first() {
                anyhow::bail!("{}: {first}", dir.display());
            }
            all
        }
    };
    all.fold(folding);
    Ok(std::sync::Arc::new(all))
}

/// The built-in classifiers and those of a folder's files; an error names the file with its folder.
pub(super) fn with_files(dir: &Path, files: Vec<(String, String)>) -> Result<Classifiers, DefinitionError> {
    Classifiers::with_extra(files).map_err(|e| DefinitionError { file: dir.join(&e.file).display().to_string(), ..e })
}

/// The classifier files of a folder: path below it and text.
pub(super) fn files(dir: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    collect(dir, dir, &mut files)?;
    anyhow::ensure!(!files.is_empty(), "{} holds no .toml file", dir.display());
    Ok(files)
}

fn collect(root: &Path, dir: &Path, files: &mut Vec<(String, String)>) -> anyhow::Result<()> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(dir).with_context(|| dir.display().to_string())?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if path.extension().is_some_and(|e| e == "toml") {
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            files.push((name, std::fs::read_to_string(&path).with_context(|| path.display().to_string())?));
        }
    }
    Ok(())
}

/// The file that the key comes from; `None` if it is in the environment.
pub(super) fn file(s: &Setting) -> anyhow::Result<Option<PathBuf>> {
    match &s.key_file {
        Some(file) => Ok(Some(file.clone())),
        None if std::env::var_os("PIIMAP_KEY").is_some() => Ok(None),
        None => default_file().map(Some),
    }
}

fn default_file() -> anyhow::Result<PathBuf> {
    let folder = match (std::env::var_os("XDG_CONFIG_HOME"), std::env::var_os("HOME")) {
        (Some(x), _) if !x.is_empty() => PathBuf::from(x),
        (_, Some(home)) => PathBuf::from(home).join(".config"),
        _ => anyhow::bail!("neither XDG_CONFIG_HOME nor HOME is set; name the key with --key-file or PIIMAP_KEY"),
    };
    Ok(folder.join("piimap").join("key"))
}

pub(super) fn read(file: &Path) -> anyhow::Result<Option<Kept>> {
    let text = match content(file) {
        Ok(text) => text,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e).with_context(|| file.display().to_string()),
    };
    // As what is written when a machine loses its power can be.
    anyhow::ensure!(
        text.expose().iter().any(|b| *b != 0 && !b.is_ascii_whitespace()),
        "the key file {} is empty. Put back the copy that you keep; if nothing was encrypted under its key yet, delete the file and make a key anew",
        file.display()
    );
    Kept::parse(&text).map(Some).with_context(|| file.display().to_string())
}

/// What a file holds, or as much of it as a key can be.
fn content(file: &Path) -> io::Result<Secret> {
    let file = File::open(file)?;
    // With room for all: what grows leaves what it was behind.
    let mut bytes = Vec::with_capacity(LONGEST as usize + 64);
    let read = file.take(LONGEST).read_to_end(&mut bytes);
    let text = Secret::new(bytes);
    read.map(|_| text)
}

/// Whether there is something of this name, be it a link to nowhere.
fn there(file: &Path) -> bool {
    file.symlink_metadata().is_ok()
}

/// Writes a new file that its owner alone can read: the whole of it or none, which is there after a loss of power, too. Fails where there is a
/// file of this name.
pub(super) fn write(file: &Path, key: &[u8]) -> anyhow::Result<()> {
    let folder = file.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // The folders that are made, and the one that holds the first of them.
    let grown = folder.ancestors().take_while(|d| !d.as_os_str().is_empty() && !d.exists()).count();
    std::fs::create_dir_all(folder)?;
    // Readable by its owner alone, and removed if it comes to nothing.
    let mut beside = tempfile::Builder::new().prefix(".piimap-key").tempfile_in(folder)?;
    beside.write_all(key)?;
    beside.write_all(b"\n")?;
    beside.as_file().sync_all()?;
    match beside.persist_noclobber(file) {
        Ok(_) => {}
        Err(e) if e.error.kind() == ErrorKind::AlreadyExists || there(file) => {
            return Err(io::Error::new(ErrorKind::AlreadyExists, "it exists already; name another file").into());
        }
        // Not every file system can do that in one step.
        Err(e) => drop(e.file.persist(file).map_err(|e| e.error)?),
    }
    for folder in folder.ancestors().take(grown + 1) {
        settle(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })?;
    }
    Ok(())
}

/// Has the names in a folder written to the disk, where the system does that.
fn settle(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    match File::open(folder).and_then(|f| f.sync_all()) {
        // Some file systems cannot, and do it without; some folders may be written and not read.
        Err(e) if matches!(e.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported | ErrorKind::PermissionDenied) => {}
        done => return done,
    }
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_key_file_is_written_whole_and_once() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a/b/key");
        write(&file, b"one").unwrap();
        assert_eq!((std::fs::read(&file).unwrap(), names(file.parent().unwrap())), (b"one\n".to_vec(), vec!["key".to_owned()]));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        }
        // Of two who write it at once, one does.
        let e = write(&file, b"two").unwrap_err();
        assert!(e.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == ErrorKind::AlreadyExists), "{e:#}");
        assert_eq!((std::fs::read(&file).unwrap(), names(file.parent().unwrap()).len()), (b"one\n".to_vec(), 1));
        #[cfg(unix)]
        {
            // A link to nowhere is a name as well: nothing is written where it leads.
            let link = dir.path().join("link");
            std::os::unix::fs::symlink(dir.path().join("nowhere"), &link).unwrap();
            assert!(write(&link, b"three").is_err() && !dir.path().join("nowhere").exists());
            assert_eq!(names(dir.path()).len(), 2);
        }
    }

    #[test]
    fn what_holds_no_key_is_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("key");
        assert!(read(&file).unwrap().is_none());
        let said = |bytes: &[u8]| {
            std::fs::write(&file, bytes).unwrap();
            format!("{:#}", read(&file).err().unwrap())
        };
        for empty in [&b""[..], b" \n", &[0; 65]] {
            assert!(said(empty).contains("is empty. Put back the copy"), "{empty:?}");
        }
        for other in [&b"no key"[..], &[0xff; 64], &[b'a'; 1 << 20]] {
            assert!(said(other).ends_with("this one has another form"), "{}", said(other));
        }
        assert!(said(b"piimap-kms1 arn:aws:kms:eu-west-1:1:key/k").contains("not whole"));
        std::fs::write(&file, "ab".repeat(32)).unwrap();
        assert!(matches!(read(&file), Ok(Some(Kept::Plain(_)))));
    }
}
