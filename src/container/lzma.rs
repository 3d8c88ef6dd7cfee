//! xz, the older lzma, and the bare LZMA streams within zip.

use liblzma::stream::{Action, CONCATENATED, Filters, Status, Stream};

use super::Limits;
use super::stream::{Decode, Decoded, Resumed, Stored};
use crate::base::{Error, Input, Reason, Result};

/// The most memory a stream may ask for; `xz -9` asks for 65 MiB, a header could ask for 4 GiB.
const MEMORY: u64 = 256 << 20;

pub(super) fn matches_xz(head: &[u8]) -> bool {
    head.starts_with(b"\xfd7zXZ\0")
}

/// Whether `head` starts a `.lzma` file: the usual properties, a dictionary of a usual size, and a length that is
/// unknown or below 256 GiB.
pub(super) fn matches_alone(head: &[u8]) -> bool {
    let [0x5d, d0, d1, d2, d3, len @ .., _] = head.get(..14).unwrap_or_default() else { return false };
    let dictionary = u32::from_le_bytes([*d0, *d1, *d2, *d3]);
    let usual = dictionary.is_power_of_two() || (dictionary / 3).is_power_of_two() && dictionary % 3 == 0;
    usual && dictionary >= 1 << 12 && head[13] == 0 && (len.iter().all(|b| *b == 0xff) || len[5..].iter().all(|b| *b == 0))
}

pub(super) fn decode_xz(input: Box<dyn Input>, limits: &Limits) -> Result<Box<dyn Input>> {
    let stream = Stream::new_stream_decoder(MEMORY, CONCATENATED).map_err(|_| broken(0))?;
    Ok(Box::new(Decoded::new(input, Lzma { stream, ended: false }, limits)))
}

pub(super) fn decode_alone(input: Box<dyn Input>, limits: &Limits) -> Result<Box<dyn Input>> {
    let stream = Stream::new_lzma_decoder(MEMORY).map_err(|_| broken(0))?;
    Ok(Box::new(Decoded::new(input, Lzma { stream, ended: false }, limits)))
}

/// The LZMA of zip: version, size of the properties, the five bytes of properties, then the bare stream. `size`: how many bytes
/// it gives, where it does not mark its own end.
pub(super) fn decode_in_zip(input: Box<dyn Input>, size: Option<u64>, limits: &Limits) -> Result<Box<dyn Input>> {
    let (head, input) = Resumed::behind(input, 9)?.ok_or_else(|| Error::new(Reason::Truncated, "an lzma stream without its header"))?;
    if head[2..4] != [5, 0] {
        return Err(broken(0));
    }
    let dictionary = u32::from_le_bytes([head[5], head[6], head[7], head[8]]);
    if u64::from(dictionary) > MEMORY {
        return Err(too_much());
    }
    decode_in_7z(input, &head[4..], size.unwrap_or(u64::MAX), limits)
}

/// The LZMA of 7z: the properties and the length (all ones: it marks its own end) lie in the directory. With both before it it is
/// a `.lzma` file.
pub(super) fn decode_in_7z(input: Box<dyn Input>, properties: &[u8], size: u64, limits: &Limits) -> Result<Box<dyn Input>> {
    if properties.len() != 5 {
        return Err(broken(0));
    }
    let head = [properties, &size.to_le_bytes()].concat();
    decode_alone(Resumed::begin(head.into(), input), limits)
}

/// Bare LZMA 2 with its one byte of properties, behind `filters` that are undone after it.
pub(super) fn decode_lzma2(input: Box<dyn Input>, mut filters: Filters, properties: &[u8], limits: &Limits) -> Result<Box<dyn Input>> {
    let &[size] = properties else { return Err(broken(0)) };
    // 4 KiB, 6 KiB, 8 KiB, 12 KiB, … 4 GiB.
    let dictionary = u64::from(2 | size & 1) << (size.min(40) / 2 + 11);
    if dictionary > MEMORY {
        return Err(too_much());
    }
    filters.lzma2_properties(properties).map_err(|_| broken(0))?;
    let stream = Stream::new_raw_decoder(&filters).map_err(|_| broken(0))?;
    Ok(Box::new(Decoded::new(input, Lzma { stream, ended: false }, limits)))
}

fn broken(at: u64) -> Error {
    Error::new(Reason::Corrupt, format!("broken lzma data at stored byte {at}"))
}

fn too_much() -> Error {
    Error::new(Reason::MemoryLimit, format!("an lzma dictionary of more than {} MiB", MEMORY >> 20))
}

struct Lzma {
    stream: Stream,
    ended: bool,
}

impl Decode for Lzma {
    fn step(&mut self, stored: &mut Stored, out: &mut Vec<u8>) -> Result<bool> {
        if self.ended {
            return stored.behind_end("an xz or lzma stream");
        }
        let bytes = stored.bytes()?;
        let at_end = bytes.is_empty();
        let (old_in, old_out) = (self.stream.total_in(), out.len());
        let status = self.stream.process_vec(bytes, out, if at_end { Action::Finish } else { Action::Run });
        let used = (self.stream.total_in() - old_in) as usize;
        stored.take(used);
        let still = used == 0 && out.len() == old_out;
        match status {
            Ok(Status::StreamEnd) => self.ended = true,
            Ok(_) if still && at_end => {
                return Err(Error::new(Reason::Truncated, format!("the xz or lzma stream ends early, at stored byte {}", stored.taken)));
            }
            Ok(_) if still => return Err(broken(stored.taken)),
            Ok(_) => {}
            Err(liblzma::stream::Error::MemLimit | liblzma::stream::Error::Mem) => return Err(too_much()),
            Err(liblzma::stream::Error::NoCheck | liblzma::stream::Error::UnsupportedCheck) => {}
            Err(_) => return Err(broken(stored.taken)),
        }
        Ok(true)
    }
}
