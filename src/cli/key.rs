//! Where the user's key comes from: `--key-file`, `PIIMAP_KEY`, or a file that is made on first use.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::Setting;
use crate::classify::{Classifiers, Folding};
use crate::identity::Key;

/// The key. `create`: make the default key file if there is no key at all.
pub(super) fn load(s: &Setting, create: bool) -> anyhow::Result<Key> {
    if let Some(file) = &s.key_file {
        return read(file)?.with_context(|| format!("there is no key file {}", file.display()));
    }
    if let Ok(hex) = std::env::var("PIIMAP_KEY") {
        return Key::from_hex(&hex).context("PIIMAP_KEY");
    }
    let file = default_file()?;
    if let Some(key) = read(&file)? {
        return Ok(key);
    }
    anyhow::ensure!(create, "there is no key file {}; name the key of this index with --key-file or PIIMAP_KEY", file.display());
    let key = Key::random()?;
    write(&file, &key).with_context(|| format!("the new key could not be written to {}", file.display()))?;
    super::output::error(&format!("made a new key, {}; without it the index cannot be read: keep a copy", file.display()));
    Ok(key)
}

/// The classifiers: built-in ones and those of `--classifiers`, which must pass their own examples first.
pub(super) fn classifiers(s: &Setting) -> anyhow::Result<std::sync::Arc<Classifiers>> {
    let folding = s.config.folding();
    let mut all = match &s.classifiers {
        None if folding == Folding::default() => return Ok(Classifiers::builtin()),
        None => Classifiers::with_extra([])?,
        Some(dir) => {
            let all = Classifiers::with_extra(files(dir)?)?;
            if let Some(first) = all.self_test_own().first() {
                anyhow::bail!("{}: {first}", dir.display());
            }
            all
        }
    };
    all.fold(folding);
    Ok(std::sync::Arc::new(all))
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

pub(super) fn read(file: &Path) -> anyhow::Result<Option<Key>> {
    match std::fs::read_to_string(file) {
        Ok(text) => Key::from_hex(&text).map(Some).with_context(|| file.display().to_string()),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e).with_context(|| file.display().to_string()),
    }
}

pub(super) fn write(file: &Path, key: &Key) -> anyhow::Result<()> {
    if let Some(dir) = file.parent() {
        std::fs::create_dir_all(dir)?;
    }
    let mut o = OpenOptions::new();
    o.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut o, 0o600);
    let mut f = o.open(file)?;
    f.write_all(key.to_hex().expose())?;
    f.write_all(b"\n")?;
    Ok(f.sync_all()?)
}
