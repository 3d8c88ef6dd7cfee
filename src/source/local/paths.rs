//! Paths as text and back.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// The URI of a path as typed, whether there is anything or not.
pub(in crate::source) fn absolute(typed: &str) -> String {
    let path = Path::new(typed);
    let known = fs::canonicalize(path).ok().filter(|_| path.components().any(|c| c == std::path::Component::ParentDir));
    let path: PathBuf = known.or_else(|| std::path::absolute(path).ok()).unwrap_or_else(|| path.to_owned()).components().collect();
    shown(&path)
}

/// A path as text: bytes that are not UTF-8 are written `\xNN`, all else stands as it is.
pub(super) fn shown(path: &Path) -> String {
    match path.to_str() {
        Some(s) => s.to_owned(),
        None => {
            let mut out = String::new();
            for part in path.as_os_str().as_encoded_bytes().utf8_chunks() {
                out.push_str(part.valid());
                for b in part.invalid() {
                    out.push_str(&format!("\\x{b:02X}"));
                }
            }
            out
        }
    }
}

/// The paths that are shown as `uri`: the text itself, and what it may be an escape of. The version says which it is.
pub(super) fn candidates(uri: &str) -> Vec<PathBuf> {
    let mut all = vec![PathBuf::from(uri)];
    if let Some(raw) = unescape(uri) {
        all.push(PathBuf::from(raw));
    }
    all
}

#[cfg(unix)]
fn unescape(uri: &str) -> Option<OsString> {
    let bytes = uri.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let hex = bytes.get(i + 2..i + 4).and_then(|h| std::str::from_utf8(h).ok()).and_then(|h| u8::from_str_radix(h, 16).ok());
        match hex {
            Some(b) if bytes[i..].starts_with(b"\\x") && b >= 0x80 => {
                out.push(b);
                i += 4;
            }
            _ => {
                out.push(bytes[i]);
                i += 1;
            }
        }
    }
    (out != bytes).then(|| std::os::unix::ffi::OsStringExt::from_vec(out))
}

#[cfg(not(unix))]
fn unescape(_: &str) -> Option<OsString> {
    None
}
