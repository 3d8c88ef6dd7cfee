//! The files being made, and the encodings they need.

use std::{collections::BTreeMap, io::Write};

use flate2::{Compression, GzBuilder};
use md5::{Digest, Md5};

/// Path to bytes.
#[derive(Default)]
pub struct Tree {
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Tree {
    /// Adds a file. Panics if there is one of that name: two parts of the samples would overwrite each other.
    pub fn add(&mut self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        let path = path.into();
        let before = self.files.insert(path.clone(), bytes.into());
        assert!(before.is_none(), "{path} is written twice");
    }
}

/// A gzip member without name or time.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzBuilder::new().mtime(0).write(Vec::new(), Compression::new(6));
    out.write_all(bytes).expect("a vector takes all bytes");
    out.finish().expect("a vector takes all bytes")
}

/// A gzip member that stops in the middle, such that exactly `readable` comes out of it: the cut lies in the head of the
/// compressed block that holds `lost`, before its first symbol.
pub fn gzip_cut(readable: &[u8], lost: &[u8]) -> Vec<u8> {
    let mut out = GzBuilder::new().mtime(0).write(Vec::new(), Compression::new(6));
    out.write_all(readable).expect("a vector takes all bytes");
    out.flush().expect("a vector takes all bytes");
    let whole = out.get_ref().len();
    out.write_all(lost).expect("a vector takes all bytes");
    let mut bytes = out.finish().expect("a vector takes all bytes");
    bytes.truncate(whole + 12);
    bytes
}

/// The MD5 of the bytes in base64, as the manifests of exports write it.
pub fn md5_base64(bytes: &[u8]) -> String {
    base64(&Md5::digest(bytes))
}

/// The MD5 of the bytes in hexadecimal.
pub fn md5_hex(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// Base64 with padding.
pub fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0u32, |w, b| w << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let sextet = (word >> (18 - 6 * i)) as usize & 63;
            out.push(if i <= chunk.len() { char::from(ALPHABET[sextet]) } else { '=' });
        }
    }
    out
}

/// The text as a JSON string.
pub fn js(text: &str) -> String {
    serde_json::to_string(text).expect("a string is always JSON")
}
