//! Encrypted files that open without a password: those that only forbid printing or copying. Every program shows them, and so
//! does whoever took them.
//!
//! ISO 32000-2, 7.6: what is encrypted are strings and streams, each under a key of its own made from the file's, which the
//! empty password gives or does not.

use aws_lc_rs::cipher::{AES_128, AES_256, DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext, UnboundCipherKey};
use md5::{Digest, Md5};
use sha2::{Sha256, Sha384, Sha512};

use super::object::{Dict, Obj};

/// What passwords are filled up with.
const PAD: [u8; 32] =
    *b"\x28\xbf\x4e\x5e\x4e\x75\x8a\x41\x64\x00\x4e\x56\xff\xfa\x01\x08\x2e\x2e\x00\xb6\xd0\x68\x3e\x80\x2f\x0c\xa9\xfe\x64\x53\x69\x7a";

/// Rounds of the newest way to make a key: it ends by chance, in the mean after some seventy.
const MOST_ROUNDS: u32 = 2_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Nothing,
    Rc4,
    Aes128,
    Aes256,
}

/// The file's key, and what is encrypted how.
///
/// PRIVACY: the key is that of the empty password, which everybody has.
pub(super) struct Crypt {
    key: Vec<u8>,
    streams: Method,
    strings: Method,
    metadata: bool,
    /// The object that says all this, of which nothing is encrypted.
    pub number: Option<u32>,
}

fn string<'a>(d: &'a Dict, key: &str) -> Option<&'a [u8]> {
    if let Some(Obj::Str(s)) = d.get(key) { Some(s) } else { None }
}

impl Crypt {
    /// Opens a file that is encrypted as `d` says, all its entries resolved. `id`: the first part of the file's name. `None`: it
    /// needs a password, or a way that is not known.
    pub fn open(d: &Dict, id: &[u8], number: Option<u32>) -> Option<Crypt> {
        let whole = |key: &str| d.get(key).and_then(Obj::num).map(|n| n as i64);
        if d.get("Filter").and_then(Obj::name) != Some("Standard") {
            return None;
        }
        let (version, revision) = (whole("V").unwrap_or(0), whole("R")?);
        let metadata = !matches!(d.get("EncryptMetadata"), Some(Obj::Word(w)) if w == b"false");
        let filter = |what: &str| -> Option<Method> {
            let name = d.get(what).and_then(Obj::name).unwrap_or("Identity");
            if name == "Identity" {
                return Some(Method::Nothing);
            }
            match d.get("CF")?.dict()?.get(name)?.dict()?.get("CFM")?.name()? {
                "None" => Some(Method::Nothing),
                "V2" => Some(Method::Rc4),
                "AESV2" => Some(Method::Aes128),
                "AESV3" => Some(Method::Aes256),
                _ => None,
            }
        };
        let (streams, strings, length) = match version {
            1 => (Method::Rc4, Method::Rc4, 5),
            2 => (Method::Rc4, Method::Rc4, whole("Length").map_or(5, |bits| (bits / 8).clamp(5, 16) as usize)),
            4 | 5 => (filter("StmF")?, filter("StrF")?, 16),
            _ => return None,
        };
        let key = match revision {
            2..=4 => old_key(d, id, revision, length, whole("P")?, metadata)?,
            5 | 6 => new_key(d, revision)?,
            _ => return None,
        };
        // Keys of a wrong length for their way are of no use.
        let fits = |m: Method| m != Method::Aes256 || key.len() == 32;
        (fits(streams) && fits(strings)).then_some(Crypt { key, streams, strings, metadata, number })
    }

    /// Opens the bytes of a stream of object `number`.
    pub fn stream(&self, number: u32, generation: u32, d: &Dict, data: Vec<u8>) -> Vec<u8> {
        let kind = d.get("Type").and_then(Obj::name);
        let own = matches!(d.get("Filter"), Some(Obj::Name(n)) if n == "Crypt")
            || matches!(d.get("Filter"), Some(Obj::Arr(a)) if a.first().and_then(Obj::name) == Some("Crypt"));
        if kind == Some("XRef") || kind == Some("Metadata") && !self.metadata || own {
            return data;
        }
        self.decrypt(self.streams, number, generation, data)
    }

    /// Opens all strings of an object.
    pub fn strings(&self, number: u32, generation: u32, o: Obj) -> Obj {
        match o {
            Obj::Str(s) => Obj::Str(self.decrypt(self.strings, number, generation, s)),
            Obj::Arr(a) => Obj::Arr(a.into_iter().map(|o| self.strings(number, generation, o)).collect()),
            Obj::Dict(d) => Obj::Dict(d.into_iter().map(|(k, o)| (k, self.strings(number, generation, o))).collect()),
            o => o,
        }
    }

    fn decrypt(&self, how: Method, number: u32, generation: u32, data: Vec<u8>) -> Vec<u8> {
        let own = |salt: &[u8]| -> Vec<u8> {
            let whole = [&self.key[..], &number.to_le_bytes()[..3], &generation.to_le_bytes()[..2], salt].concat();
            Md5::digest(whole)[..(self.key.len() + 5).min(16)].to_vec()
        };
        match how {
            Method::Nothing => data,
            Method::Rc4 => rc4(&own(b""), &data),
            Method::Aes128 => cbc(&own(b"sAlT"), &data).unwrap_or_default(),
            Method::Aes256 => cbc(&self.key, &data).unwrap_or_default(),
        }
    }
}

/// The key of the empty password up to revision 4.
fn old_key(d: &Dict, id: &[u8], revision: i64, length: usize, permissions: i64, metadata: bool) -> Option<Vec<u8>> {
    let (owner, user) = (string(d, "O")?, string(d, "U")?);
    let all: &[u8] = if revision >= 4 && !metadata { &[0xff; 4] } else { &[] };
    let first = [&PAD[..], owner.get(..32)?, &(permissions as u32).to_le_bytes(), id, all].concat();
    let mut hash = Md5::digest(first);
    if revision >= 3 {
        (0..50).for_each(|_| hash = Md5::digest(&hash[..length]));
    }
    let key = hash[..length].to_vec();
    let right = if revision == 2 {
        user.get(..32)? == rc4(&key, &PAD)
    } else {
        let start = Md5::digest([&PAD[..], id].concat()).to_vec();
        let proof = (0..20u8).fold(start, |x, i| rc4(&key.iter().map(|b| b ^ i).collect::<Vec<u8>>(), &x));
        user.get(..16)? == proof
    };
    right.then_some(key)
}

/// The key of the empty password of revisions 5 and 6.
fn new_key(d: &Dict, revision: i64) -> Option<Vec<u8>> {
    let (user, wrapped) = (string(d, "U")?.get(..48)?, string(d, "UE")?.get(..32)?);
    let hash = |salt: &[u8]| if revision == 5 { Some(Sha256::digest(salt).to_vec()) } else { hardened(salt) };
    if hash(&user[32..40])? != user[..32] {
        return None;
    }
    blocks(&hash(&user[40..48])?, [0; 16], wrapped.to_vec())
}

/// The hash of revision 6 (its algorithm 2.B) of the empty password.
fn hardened(salt: &[u8]) -> Option<Vec<u8>> {
    let mut hash = Sha256::digest(salt).to_vec();
    for round in 1..=MOST_ROUNDS {
        let mut data = hash.repeat(64);
        let key = EncryptingKey::cbc(UnboundCipherKey::new(&AES_128, &hash[..16]).ok()?).ok()?;
        let start: [u8; 16] = hash[16..32].try_into().ok()?;
        key.less_safe_encrypt(&mut data, EncryptionContext::Iv128(start.into())).ok()?;
        hash = match data[..16].iter().map(|b| u32::from(*b)).sum::<u32>() % 3 {
            0 => Sha256::digest(&data).to_vec(),
            1 => Sha384::digest(&data).to_vec(),
            _ => Sha512::digest(&data).to_vec(),
        };
        if round >= 64 && u32::from(*data.last()?) <= round - 32 {
            hash.truncate(32);
            return Some(hash);
        }
    }
    None
}

/// Whole blocks of AES, chained.
fn blocks(key: &[u8], start: [u8; 16], mut data: Vec<u8>) -> Option<Vec<u8>> {
    let key = UnboundCipherKey::new(if key.len() == 32 { &AES_256 } else { &AES_128 }, key).ok()?;
    data.truncate(data.len() / 16 * 16);
    if !data.is_empty() {
        DecryptingKey::cbc(key).ok()?.decrypt(&mut data, DecryptionContext::Iv128(start.into())).ok()?;
    }
    Some(data)
}

/// What was encrypted behind its first block; what is cut off is given as far as it goes.
fn cbc(key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let (start, rest) = data.split_first_chunk::<16>()?;
    let mut plain = blocks(key, *start, rest.to_vec())?;
    if let Some(pad) = plain.last().copied().map(usize::from).filter(|n| (1..=16).contains(n)) {
        plain.truncate(plain.len() - pad);
    }
    Some(plain)
}

fn rc4(key: &[u8], data: &[u8]) -> Vec<u8> {
    let mut s: [u8; 256] = std::array::from_fn(|i| i as u8);
    let mut j = 0u8;
    for i in 0..256 {
        j = j.wrapping_add(s[i]).wrapping_add(key[i % key.len()]);
        s.swap(i, usize::from(j));
    }
    let (mut i, mut j) = (0u8, 0u8);
    let mut next = || {
        i = i.wrapping_add(1);
        j = j.wrapping_add(s[usize::from(i)]);
        s.swap(usize::from(i), usize::from(j));
        s[usize::from(s[usize::from(i)].wrapping_add(s[usize::from(j)]))]
    };
    data.iter().map(|b| b ^ next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ciphers_are_those_of_their_standards() {
        // The vectors that are always given for RC4.
        assert_eq!(rc4(b"Key", b"Plaintext"), b"\xbb\xf3\x16\xe8\xd9\x40\xaf\x0a\xd3");
        assert_eq!(rc4(b"Secret", b"Attack at dawn"), b"\x45\xa0\x1f\x64\x5f\xc3\x5b\x38\x35\x52\x54\x4b\x9b\xf5");
        assert_eq!((cbc(&[0; 16], b"short"), cbc(&[0; 16], &[0; 20]).map(|p| p.len())), (None, Some(0)));
    }
}
