//! Brotli (RFC 7932). Nothing at its beginning tells it: it is read where a name says so and the first bytes can be decoded.

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use super::Limits;
use super::stream::{CHUNK, Decode, Decoded, Stored};
use crate::base::{Error, Input, Reason, Result};

type State = BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>;

/// A decoder of the standard's windows only, of at most 16 MiB.
fn state() -> State {
    let alloc = StandardAlloc::default;
    State::new_strict(alloc(), alloc(), alloc())
}

/// Whether a file of this name that begins like this is such a stream.
pub(super) fn matches(name: &str, head: &[u8]) -> bool {
    let named = name.len() > 3 && name.is_char_boundary(name.len() - 3) && name[name.len() - 3..].eq_ignore_ascii_case(".br");
    if !named || head.is_empty() {
        return false;
    }
    let (mut state, mut to) = (state(), vec![0; CHUNK]);
    let (mut at, mut made, mut all) = (0, 0, 0);
    let (mut left, mut room) = (head.len(), to.len());
    let result = BrotliDecompressStream(&mut left, &mut at, head, &mut room, &mut made, &mut to, &mut all, &mut state);
    !matches!(result, BrotliResult::ResultFailure)
}

pub(super) fn decode(input: Box<dyn Input>, limits: &Limits) -> Result<Box<dyn Input>> {
    Ok(Box::new(Decoded::new(input, Brotli { state: Box::new(state()), ended: false }, limits)))
}

struct Brotli {
    state: Box<State>,
    ended: bool,
}

impl Decode for Brotli {
    fn step(&mut self, stored: &mut Stored, out: &mut Vec<u8>) -> Result<bool> {
        let bytes = stored.bytes()?;
        let at_end = bytes.is_empty();
        if self.ended {
            // One stream is all that a file holds.
            return if at_end { Ok(false) } else { Err(Error::new(Reason::Corrupt, "bytes behind the end of a brotli stream")) };
        }
        let before = out.len();
        out.resize(out.capacity(), 0);
        let (mut left, mut used, mut room, mut made, mut all) = (bytes.len(), 0, out.len() - before, 0, 0);
        let to = &mut out[before..];
        let result = BrotliDecompressStream(&mut left, &mut used, bytes, &mut room, &mut made, to, &mut all, &mut self.state);
        out.truncate(before + made);
        stored.take(used);
        match result {
            BrotliResult::ResultSuccess => self.ended = true,
            BrotliResult::ResultFailure => {
                return Err(Error::new(Reason::Corrupt, format!("broken brotli data at stored byte {}", stored.taken)));
            }
            _ if at_end && made == 0 => {
                return Err(Error::new(Reason::Truncated, format!("the brotli stream ends early, at stored byte {}", stored.taken)));
            }
            _ => {}
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::base::MemoryInput;
    use crate::container::{Content, open, open_named};

    fn packed(data: &[u8]) -> Vec<u8> {
        let mut w = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 20);
        w.write_all(data).unwrap();
        w.into_inner()
    }

    fn read(data: &[u8], name: &str, chunk: usize) -> (Vec<u8>, Vec<&'static str>, Option<Reason>) {
        let opened = open_named(Box::new(MemoryInput::with_chunk(data.to_vec(), chunk)), name, 0, &Limits::default()).unwrap();
        let Content::Plain(mut input) = opened.content else { panic!("an archive") };
        let mut all = Vec::new();
        loop {
            match input.next_chunk() {
                Ok(c) if c.is_empty() => return (all, opened.layers, None),
                Ok(c) => all.extend_from_slice(&c),
                Err(e) => return (all, opened.layers, Some(e.reason)),
            }
        }
    }

    #[test]
    fn streams_are_told_by_their_name() {
        let text: Vec<u8> = (0..20_000).flat_map(|i| format!("{i},person{}@example.com\n", i * 7919 % 10_007).into_bytes()).collect();
        let data = packed(&text);
        for chunk in [1, 1000, 1 << 20] {
            assert_eq!(read(&data, "people.csv.br", chunk), (text.clone(), vec!["brotli"], None));
        }
        assert_eq!(read(&packed(b""), "x.BR", 7), (vec![], vec!["brotli"], None));
        // Another name, and a text of this name.
        assert_eq!(read(&data, "people.csv", 1000), (data.clone(), vec![], None));
        let plain = b"name,email\nMaren,maren@example.com\n".repeat(30);
        assert_eq!(read(&plain, "people.br", 1000), (plain.clone(), vec![], None));
        assert!(open(Box::new(MemoryInput::new(data)), 0, &Limits::default()).unwrap().layers.is_empty());
    }

    #[test]
    fn damage_keeps_what_comes_before_it() {
        let text: Vec<u8> = (0..50_000u32).flat_map(|i| format!("{}\n", i.wrapping_mul(2_654_435_761)).into_bytes()).collect();
        let data = packed(&text);
        let (got, _, reason) = read(&data[..data.len() / 2], "x.br", 999);
        assert!(reason == Some(Reason::Truncated) && got.len() > text.len() / 4 && text.starts_with(&got), "{} {reason:?}", got.len());
        let mut bad = data.clone();
        let middle = bad.len() / 2;
        bad[middle..middle + 40].fill(0xff);
        let (_, _, reason) = read(&bad, "x.br", 999);
        assert!(matches!(reason, Some(Reason::Corrupt | Reason::Truncated)), "{reason:?}");
        let (got, _, reason) = read(&[&data[..], b"more"].concat(), "x.br", 999);
        assert_eq!((got.len(), reason), (text.len(), Some(Reason::Corrupt)));
        let bomb = packed(&vec![0; 64 << 20]);
        assert_eq!(read(&bomb, "x.br", 999).2, Some(Reason::ExpansionLimit));
    }
}
