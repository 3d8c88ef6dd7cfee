//! Evidence that holds up: a folder of files with their hashes, and a signature over the list.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::base::{Secret, Timestamp, WholeFile, private_folder};

/// The list of files.
const MANIFEST: &str = "manifest.json";
/// The signature over it: hex of 64 bytes, a space, hex of the public key.
const SIGNATURE: &str = "manifest.sig";

/// Why a bundle cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The operating system refused a file.
    #[error("{}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// Not a bundle.
    #[error("{} is no evidence bundle: {why}", path.display())]
    NoBundle {
        /// The folder.
        path: PathBuf,
        /// What is missing.
        why: &'static str,
    },
    /// A key that is none.
    #[error("a signing key is 64 hexadecimal digits (32 random bytes)")]
    Key,
}

/// What a check of a bundle found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Files that are not what they were: name and how.
    pub wrong: Vec<(String, &'static str)>,
    /// The public key that signed it, in hex, and whether its signature holds; `None`: not signed.
    pub signed: Option<(String, bool)>,
    /// Files that the list names.
    pub files: u64,
    /// When it was made.
    pub made: String,
    /// The end of the chain of questions at that time: lines, hash.
    pub audit: Option<(u64, String)>,
}

impl Checked {
    /// Whether nothing was touched since it was signed.
    pub fn is_untouched(&self) -> bool {
        self.wrong.is_empty() && self.signed.as_ref().is_some_and(|s| s.1)
    }
}

/// What a check found, for people; `audit` is what is wrong with the log of questions, `log` whether there was one to look at.
pub fn bundle_text(c: &Checked, audit: Option<&str>, log: bool) -> String {
    let mut out = match &c.signed {
        _ if !c.wrong.is_empty() => format!("TOUCHED: {} of {} files are not what they were.\n", c.wrong.len(), c.files),
        Some((_, true)) => format!("Untouched since signed: {} files, made {}.\n", c.files, c.made),
        Some((_, false)) => "TOUCHED: the signature does not fit the list of files.\n".to_owned(),
        None => format!("All {} files are those of the list, made {}; nobody signed it.\n", c.files, c.made),
    };
    for (file, how) in &c.wrong {
        out += &format!("  {file} {how}\n");
    }
    if let Some((by, _)) = &c.signed {
        out += &format!("Signed by the key {by}.\n");
    }
    out += &match (audit, log, &c.audit) {
        (Some(why), ..) => format!("The audit log is broken: {why}.\n"),
        (None, true, Some((line, _))) => format!("The audit log is unbroken and holds line {line}, with which it was made.\n"),
        _ => "The audit log of the index is not here; name the index with --index to check it, too.\n".to_owned(),
    };
    out
}

/// A key that signs bundles.
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// From 64 hex digits, its seed.
    pub fn from_hex(text: &str) -> Result<SigningKey, BundleError> {
        let seed = Secret::new(unhex(text.trim()).filter(|s| s.len() == 32).ok_or(BundleError::Key)?);
        Ed25519KeyPair::from_seed_unchecked(seed.expose()).map(SigningKey).map_err(|_| BundleError::Key)
    }

    /// The public key, 64 hex digits.
    pub fn public(&self) -> String {
        hex(self.0.public_key().as_ref())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |b: u8| (b as char).to_digit(16).map(|d| d as u8);
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.as_bytes().chunks(2).map(|p| Some(digit(p[0])? << 4 | digit(p[1])?)).collect()
}

/// SHA-256 of what comes in pieces.
#[derive(Default)]
pub struct Sum(Sha256, u64);

impl Sum {
    /// The next piece.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
        self.1 += bytes.len() as u64;
    }

    /// How many bytes, and their hash in hex.
    pub fn end(self) -> (u64, String) {
        (self.1, hex(&self.0.finalize()))
    }
}

/// SHA-256 of bytes, in hex.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Writes a bundle into a folder, which is made; nothing in it is readable by others. `about` goes into the list.
pub fn write_bundle(dir: &Path, files: &BTreeMap<String, Vec<u8>>, about: &Value, key: Option<&SigningKey>) -> Result<(), BundleError> {
    let fail = |path: &Path| {
        let path = path.to_owned();
        move |source| BundleError::File { path, source }
    };
    let put = |name: &str, bytes: &[u8]| -> Result<(), BundleError> {
        let path = dir.join(name);
        let parent = path.parent().unwrap_or(dir);
        private_folder(parent).map_err(fail(parent))?;
        WholeFile::write(&path, bytes).map_err(fail(&path))
    };
    let mut list = BTreeMap::new();
    for (name, bytes) in files {
        put(name, bytes)?;
        list.insert(name, json!({"bytes": bytes.len(), "sha256": sha256(bytes)}));
    }
    let manifest =
        json!({"made": Timestamp::now().to_string(), "tool": concat!("piimap ", env!("CARGO_PKG_VERSION")), "about": about, "files": list});
    let manifest = format!("{manifest:#}\n");
    put(MANIFEST, manifest.as_bytes())?;
    match key {
        Some(key) => put(SIGNATURE, format!("{} {}\n", hex(key.0.sign(manifest.as_bytes()).as_ref()), key.public()).as_bytes()),
        None => {
            // A signature from before would be over another list.
            let old = dir.join(SIGNATURE);
            if old.exists() { std::fs::remove_file(&old).map_err(fail(&old)) } else { Ok(()) }
        }
    }
}

/// Reads a bundle again and compares. `public`: the key that must have signed it, in hex.
pub fn check_bundle(dir: &Path, public: Option<&str>) -> Result<Checked, BundleError> {
    let no = |why| BundleError::NoBundle { path: dir.to_owned(), why };
    let manifest = std::fs::read(dir.join(MANIFEST)).map_err(|_| no("it has no manifest.json"))?;
    let doc: Value = serde_json::from_slice(&manifest).map_err(|_| no("its manifest.json is no JSON"))?;
    let files = doc["files"].as_object().ok_or_else(|| no("its manifest.json lists no files"))?;
    let audit = &doc["about"]["audit"];
    let mut out = Checked {
        files: files.len() as u64,
        made: doc["made"].as_str().unwrap_or("").to_owned(),
        audit: audit["lines"].as_u64().zip(audit["hash"].as_str().map(str::to_owned)),
        ..Checked::default()
    };
    for (name, want) in files {
        // A list that points out of the folder was not written by us.
        let inside = !name.split(['/', '\\']).any(|p| p == ".." || p.is_empty());
        match std::fs::read(dir.join(name)) {
            _ if !inside => out.wrong.push((name.clone(), "lies outside")),
            Err(_) => out.wrong.push((name.clone(), "is missing")),
            Ok(bytes) if want["sha256"].as_str() != Some(&sha256(&bytes)) => out.wrong.push((name.clone(), "was changed")),
            Ok(_) => {}
        }
    }
    for extra in listed(dir, dir) {
        if !files.contains_key(&extra) && extra != MANIFEST && extra != SIGNATURE {
            out.wrong.push((extra, "was added"));
        }
    }
    if let Ok(text) = std::fs::read_to_string(dir.join(SIGNATURE)) {
        let (signature, by) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        let key = unhex(by).unwrap_or_default();
        let holds = unhex(signature).is_some_and(|s| UnparsedPublicKey::new(&ED25519, &key).verify(&manifest, &s).is_ok());
        let right = public.is_none_or(|p| p.trim().eq_ignore_ascii_case(by));
        if !right {
            out.wrong.push((SIGNATURE.to_owned(), "is by another key"));
        }
        out.signed = Some((by.to_owned(), holds && right));
    }
    Ok(out)
}

fn listed(root: &Path, dir: &Path) -> Vec<String> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            out.extend(listed(root, &path));
        } else if let Ok(below) = path.strip_prefix(root) {
            out.push(below.to_string_lossy().replace('\\', "/"));
        }
    }
    out.sort();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";

    #[test]
    fn the_key_is_that_of_rfc_8032() {
        // Test 1 of RFC 8032, section 7.1.
        let key = SigningKey::from_hex(SEED).unwrap();
        assert_eq!(key.public(), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
        assert!(hex(key.0.sign(b"").as_ref()).starts_with("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974"));
        for bad in ["", "9d", &SEED[2..], &SEED.replace('9', "x")] {
            assert!(SigningKey::from_hex(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_touched_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let files: BTreeMap<String, Vec<u8>> =
            [("answer.json".into(), b"{}".to_vec()), ("law/rules.tsv".into(), b"a\tb\n".to_vec())].into();
        let key = SigningKey::from_hex(SEED).unwrap();
        let at = |name: &str| dir.path().join(name);
        let fresh = || write_bundle(dir.path(), &files, &json!({"audit": {"lines": 3, "hash": "ab"}}), Some(&key)).unwrap();
        let check = || check_bundle(dir.path(), None).unwrap();
        fresh();
        assert!(check().is_untouched());
        assert_eq!((check().files, check().audit), (2, Some((3, "ab".to_owned()))));
        assert!(check_bundle(dir.path(), Some(&key.public().to_uppercase())).unwrap().is_untouched());
        assert!(!check_bundle(dir.path(), Some(&"ab".repeat(32))).unwrap().is_untouched());
        std::fs::write(at("answer.json"), b"{ }").unwrap();
        assert_eq!(check().wrong, [("answer.json".to_owned(), "was changed")]);
        fresh();
        std::fs::remove_file(at("law/rules.tsv")).unwrap();
        std::fs::write(at("law/more.tsv"), b"x").unwrap();
        assert_eq!(check().wrong, [("law/rules.tsv".to_owned(), "is missing"), ("law/more.tsv".to_owned(), "was added")]);
        std::fs::remove_file(at("law/more.tsv")).unwrap();
        fresh();
        // Whoever changes the list, too, breaks the signature.
        let list = std::fs::read_to_string(at(MANIFEST)).unwrap();
        std::fs::write(at(MANIFEST), list.replace("\"lines\": 3", "\"lines\": 2")).unwrap();
        assert_eq!(check().signed.map(|s| s.1), Some(false));
        write_bundle(dir.path(), &files, &json!({}), None).unwrap();
        assert_eq!(check().signed, None);
        assert!(!check().is_untouched() && check().wrong.is_empty());
        assert!(check_bundle(&at("law"), None).is_err());
    }
}
