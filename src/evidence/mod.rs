//! Logs of who read what, to events: the evidence of an exposure.
//!
//! Takes decompressed bytes of CloudTrail files and of access logs (S3, CloudFront, load balancers, Azure storage), gives [`Event`]s: reads, copies, writes, listings,
//! what was shared or exported whole; and what digests of CloudTrail say of its log files ([`Digests`]). One request is one event, however often and in whatever order logs tell of it
//! ([`Events`]). Knows no index, no source, no classifier. Logs hold personal data (session names, keys): what comes from
//! here is compared and counted, never printed as it is.

mod access_log;
mod azure;
mod cloudtrail;
mod digests;
mod events;
mod filter;
mod requests;
mod signatures;
mod web;

pub use access_log::read as read_access_log;
pub use cloudtrail::read as read_cloudtrail;
pub use digests::{Checked, Digests, read as read_digest};
pub use events::{Event, Events, Kind, Problem, Read};
pub use filter::{Filter, FilterError};
pub use signatures::{PublicKeys, Signatures};

use crate::base::Input;

/// An [`Input`] as the standard library reads it.
struct Bytes<'a> {
    input: &'a mut dyn Input,
    chunk: bytes::Bytes,
    /// What has passed, if that is wanted.
    sum: Option<sha2::Sha256>,
}

impl<'a> Bytes<'a> {
    fn new(input: &'a mut dyn Input) -> Bytes<'a> {
        Bytes { input, chunk: bytes::Bytes::new(), sum: None }
    }

    /// The same with a sum over all that is read.
    fn summed(input: &'a mut dyn Input) -> Bytes<'a> {
        Bytes { sum: Some(sha2::Sha256::default()), ..Bytes::new(input) }
    }

    /// The sum over all, what nobody has read yet included; `None` where the input breaks.
    fn sum(mut self) -> Option<sha2::Sha256> {
        std::io::copy(&mut self, &mut std::io::sink()).ok()?;
        self.sum
    }
}

impl std::io::Read for Bytes<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.chunk.is_empty() {
            self.chunk = self.input.next_chunk().map_err(|e| std::io::Error::other(e.reason.code()))?;
        }
        let n = out.len().min(self.chunk.len());
        out[..n].copy_from_slice(&self.chunk[..n]);
        if let Some(sum) = &mut self.sum {
            sha2::Digest::update(sum, &self.chunk[..n]);
        }
        bytes::Buf::advance(&mut self.chunk, n);
        Ok(n)
    }
}

/// Decodes `%41`; what is no escape stays.
fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut i) = (Vec::with_capacity(bytes.len()), 0);
    let digit = |b: Option<&u8>| b.and_then(|b| (*b as char).to_digit(16)).map(|d| d as u8);
    while i < bytes.len() {
        match (bytes[i], digit(bytes.get(i + 1)), digit(bytes.get(i + 2))) {
            (b'%', Some(a), Some(b)) => {
                out.push(a << 4 | b);
                i += 3;
            }
            (b, ..) => {
                out.push(b);
                i += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded() {
        for (text, want) in [("a%20b", "a b"), ("100%", "100%"), ("%zz%41", "%zzA"), ("%e2%82%ac", "€"), ("%ff", "%ff"), ("a+b", "a+b")] {
            assert_eq!(percent_decoded(text), want);
        }
    }
}
