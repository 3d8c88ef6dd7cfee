//! How the streams of a PDF file are packed.

use std::io::Read;

/// The most bytes that one stream gives.
const MOST_STREAM: u64 = 128 << 20;

/// The most filters that one stream goes through.
pub(super) const MOST_FILTERS: usize = 8;

/// Codes of LZW have twelve bits.
const MOST_CODES: usize = 4096 - 258;

pub(super) fn inflate(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    // What comes before an error is kept.
    let ok = flate2::read::ZlibDecoder::new(data).take(MOST_STREAM).read_to_end(&mut out).is_ok();
    if !ok && out.is_empty() {
        let _ = flate2::read::DeflateDecoder::new(data.get(2..).unwrap_or_default()).take(MOST_STREAM).read_to_end(&mut out);
    }
    out
}

pub(super) fn hex(data: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = data.iter().take_while(|b| **b != b'>').filter_map(|b| char::from(*b).to_digit(16).map(|d| d as u8)).collect();
    digits.chunks(2).map(|p| p[0] << 4 | p.get(1).copied().unwrap_or(0)).collect()
}

pub(super) fn ascii85(data: &[u8]) -> Vec<u8> {
    let (mut out, mut group) = (Vec::new(), Vec::new());
    for &b in data {
        if out.len() as u64 > MOST_STREAM {
            break;
        }
        match b {
            b'~' => break,
            b'z' if group.is_empty() => out.extend([0; 4]),
            b'!'..=b'u' => {
                group.push(u32::from(b - b'!'));
                if group.len() == 5 {
                    let v = group.iter().fold(0u32, |v, d| v.wrapping_mul(85).wrapping_add(*d));
                    out.extend(v.to_be_bytes());
                    group.clear();
                }
            }
            _ => {}
        }
    }
    if group.len() > 1 {
        let n = group.len() - 1;
        group.resize(5, 84);
        let v = group.iter().fold(0u32, |v, d| v.wrapping_mul(85).wrapping_add(*d));
        out.extend(&v.to_be_bytes()[..n]);
    }
    out
}

pub(super) fn run_length(data: &[u8]) -> Vec<u8> {
    let (mut out, mut i) = (Vec::new(), 0);
    while let Some(&n) = data.get(i).filter(|n| **n != 128 && out.len() as u64 <= MOST_STREAM) {
        if n < 128 {
            let end = (i + 2 + usize::from(n)).min(data.len());
            out.extend_from_slice(&data[i + 1..end]);
            i = end;
        } else {
            let Some(b) = data.get(i + 1) else { break };
            out.resize(out.len() + 257 - usize::from(n), *b);
            i += 2;
        }
    }
    out
}

pub(super) fn lzw(data: &[u8], early: bool) -> Vec<u8> {
    let (mut out, mut table): (Vec<u8>, Vec<(usize, usize)>) = (Vec::new(), Vec::new());
    let (mut bits, mut have, mut width, mut last) = (0u32, 0, 9, None::<(usize, usize)>);
    for &b in data {
        bits = bits << 8 | u32::from(b);
        have += 8;
        if have < width {
            continue;
        }
        let code = (bits >> (have - width)) as usize & ((1 << width) - 1);
        have -= width;
        match code {
            256 => {
                table.clear();
                (width, last) = (9, None);
                continue;
            }
            257 => break,
            _ => {}
        }
        let start = out.len();
        if code < 256 {
            out.push(code as u8);
        } else if let Some(&(from, len)) = table.get(code - 258) {
            out.extend_from_within(from..from + len);
        } else if let Some((from, len)) = last {
            out.extend_from_within(from..from + len);
            out.push(out[from]);
        } else {
            break;
        }
        if let Some((from, len)) = last.filter(|_| table.len() < MOST_CODES) {
            // The entry lies in the output already: what was given last, and the byte behind it.
            table.push((from, len + 1));
        }
        last = Some((start, out.len() - start));
        let n = table.len() + 258 + 1 + usize::from(early);
        width = if n > 2048 {
            12
        } else if n > 1024 {
            11
        } else if n > 512 {
            10
        } else {
            9
        };
        if out.len() as u64 > MOST_STREAM {
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_give_what_was_packed() {
        assert_eq!(hex(b"48 65 6c6C 6f>"), b"Hello");
        assert_eq!(ascii85(b"87cURD]j7BEbo80~>"), b"Hello world!");
        assert_eq!(run_length(&[2, b'a', b'b', b'c', 254, b'x', 128]), b"abcxxx");
        // The example of the PDF standard, 7.4.4.2.
        assert_eq!(lzw(&[0x80, 0x0b, 0x60, 0x50, 0x22, 0x0c, 0x0c, 0x85, 0x01], true), [45, 45, 45, 45, 45, 65, 45, 45, 45, 66]);
    }
}
