//! Rich text as Outlook compresses it ([MS-OXRTFCP] 2.1, 3.1.3.1).

use crate::base::{Error, Reason, Result};

/// What the dictionary holds at first.
const START: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

/// Gives the rich text, and what is wrong with it: then it may be cut short.
///
/// # Errors
/// `corrupt` for what is no compressed rich text.
pub(super) fn expand(data: &[u8]) -> Result<(Vec<u8>, Option<Error>)> {
    let word = |at: usize| data.get(at..at + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    let (Some(raw), Some(kind), Some(sum)) = (word(4), word(8), word(12)) else {
        return Err(Error::new(Reason::Corrupt, "a compressed text without its header"));
    };
    let body = &data[16..];
    let raw = raw as usize;
    match kind {
        // MELA: as it is.
        0x414c_454d => {
            let mut out = body.to_vec();
            let wrong = match body.len() < raw {
                true => Some(Error::new(Reason::Truncated, "a text of a message that ends early")),
                false => longer(&mut out, raw),
            };
            Ok((out, wrong))
        }
        0x7546_5a4c => {
            // The length of what follows the first four bytes; some add to it.
            let body = &body[..body.len().min((word(0).unwrap_or(0) as usize).saturating_sub(12))];
            let (mut out, ended) = decode(body);
            let wrong = match (ended, crc(body) == sum) {
                (true, true) => None,
                (true, false) => Some(Error::new(Reason::Corrupt, "a compressed text of a message whose check sum differs")),
                (false, _) => Some(Error::new(Reason::Truncated, "a compressed text of a message that ends early")),
            };
            let more = longer(&mut out, raw);
            Ok((out, wrong.or(more)))
        }
        _ => Err(Error::new(Reason::Corrupt, "a compressed text of an unknown kind")),
    }
}

/// Takes the zeros away that may follow a text of `raw` bytes; an error if something else does.
fn longer(out: &mut Vec<u8>, raw: usize) -> Option<Error> {
    while out.len() > raw && out.last() == Some(&0) {
        out.pop();
    }
    (out.len() > raw).then(|| Error::new(Reason::Corrupt, "a text of a message that is longer than it says"))
}

/// The text, and whether it says where it ends.
fn decode(body: &[u8]) -> (Vec<u8>, bool) {
    let mut dictionary = [0u8; 4096];
    dictionary[..START.len()].copy_from_slice(START);
    let (mut write, mut out, mut at) = (START.len(), Vec::new(), 0);
    while let Some(control) = body.get(at).copied() {
        at += 1;
        for bit in 0..8 {
            if control >> bit & 1 == 0 {
                let Some(b) = body.get(at).copied() else { return (out, false) };
                at += 1;
                out.push(b);
                dictionary[write] = b;
                write = (write + 1) % 4096;
                continue;
            }
            let Some(pair) = body.get(at..at + 2) else { return (out, false) };
            at += 2;
            let pair = u16::from_be_bytes([pair[0], pair[1]]);
            let (mut from, len) = (usize::from(pair >> 4), usize::from(pair & 15) + 2);
            if from == write {
                return (out, true);
            }
            for _ in 0..len {
                let b = dictionary[from];
                from = (from + 1) % 4096;
                out.push(b);
                dictionary[write] = b;
                write = (write + 1) % 4096;
            }
        }
    }
    (out, false)
}

/// The check sum: that of zip, without turning its bits at the ends.
fn crc(bytes: &[u8]) -> u32 {
    let one = |c: u32| (0..8).fold(c, |c, _| if c & 1 == 1 { c >> 1 ^ 0xedb8_8320 } else { c >> 1 });
    bytes.iter().fold(0, |c, b| c >> 8 ^ one((c ^ u32::from(*b)) & 0xff))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two texts with all their bytes that the specification gives ([MS-OXRTFCP] 4.1).
    const SIMPLE: &[u8] =
        b"\x2d\0\0\0\x2b\0\0\0LZFu\xf1\xc5\xc7\xa7\x03\x00\x0a\x00rcpg125\x42\x32\x0a\xf3 hel\x09\x00 bw\x05\xb0ld}\x0a\x80\x0f\xa0";
    const CROSSING: &[u8] = b"\x1a\0\0\0\x1c\0\0\0LZFu\xe2\xd4\x4b\x51\x41\x00\x04 WXYZ\x0d\x6e}\x01\x0e\xb0";

    #[test]
    fn the_texts_of_the_specification_come_out() {
        let (text, wrong) = expand(SIMPLE).unwrap();
        assert_eq!(
            (String::from_utf8(text).unwrap().as_str(), wrong.is_none()),
            ("{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n", true)
        );
        let (text, wrong) = expand(CROSSING).unwrap();
        assert_eq!((String::from_utf8(text).unwrap().as_str(), wrong.is_none()), ("{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}", true));
    }

    #[test]
    fn damage_gives_what_can_be_read() {
        for cut in 0..SIMPLE.len() {
            match expand(&SIMPLE[..cut]) {
                Ok((text, wrong)) => assert!(wrong.is_some() && text.len() <= 43),
                Err(e) => assert!(cut < 16 && e.reason == Reason::Corrupt),
            }
        }
        let mut other = SIMPLE.to_vec();
        other[22] ^= 1;
        assert_eq!(expand(&other).unwrap().1.unwrap().reason, Reason::Corrupt);
        let (text, wrong) = expand(b"\x10\0\0\0\x04\0\0\0MELA\0\0\0\0{ab}\0\0").unwrap();
        assert_eq!((&text[..], wrong.is_none()), (&b"{ab}"[..], true));
    }

    #[test]
    fn a_length_that_is_too_small_takes_nothing_away() {
        let mut small = SIMPLE.to_vec();
        small[4..8].fill(0);
        for packed in [&small[..], b"\x10\0\0\0\0\0\0\0MELA\0\0\0\0hello world\0\0"] {
            let (text, wrong) = expand(packed).unwrap();
            assert!(memchr::memmem::find(&text, b"hello world").is_some() && !text.ends_with(b"\0"));
            assert_eq!(wrong.map(|e| e.reason), Some(Reason::Corrupt));
        }
    }
}
