//! What can be read in a binary document without understanding it (Word 97, PowerPoint 97, Outlook messages): runs of
//! characters, of one byte and of two, a line each.

use super::{Made, Transform};

/// Shorter runs are chance.
const LEAST: usize = 4;

/// Finds runs.
#[derive(Default)]
pub(in crate::format) struct Runs;

fn printable(b: u8) -> bool {
    matches!(b, b' '..=b'~' | b'\t' | b'\n' | b'\r' | 0x0b | 0xc0..=0xff)
}

impl Transform for Runs {
    fn push(&mut self, bytes: &[u8], at: u64, last: bool, out: &mut Made) -> usize {
        let mut i = 0;
        while i < bytes.len() {
            let narrow = bytes[i..].iter().take_while(|b| printable(**b)).count();
            let wide = bytes[i..].chunks_exact(2).take_while(|p| p[1] == 0 && printable(p[0]) || wide_letter(p)).count();
            let (len, units, step) = if wide > narrow { (wide * 2, wide, 2) } else { (narrow, narrow, 1) };
            // A run of two bytes a character may only begin here.
            if i + len.max(narrow).max(wide * 2) + 2 >= bytes.len() && !last {
                return i;
            }
            if units < LEAST {
                i += len.max(1);
                continue;
            }
            for k in 0..units {
                let from = i + k * step;
                let code = if step == 2 { u16::from_le_bytes([bytes[from], bytes[from + 1]]) } else { u16::from(bytes[from]) };
                let c = match code {
                    0x0b | 0x0d => '\n',
                    code => char::from_u32(u32::from(code)).unwrap_or(' '),
                };
                let mut buf = [0; 4];
                out.add(c.encode_utf8(&mut buf).as_bytes(), at + from as u64, at + (from + step) as u64);
            }
            let end = at + (i + len) as u64;
            out.add(b"\n", end, end);
            i += len;
        }
        bytes.len()
    }
}

/// Letters beyond ASCII in two bytes: Latin, Greek, Cyrillic.
/// What begins with a zero byte is more often the end of something else.
fn wide_letter(p: &[u8]) -> bool {
    p[0] != 0 && matches!(u16::from_le_bytes([p[0], p[1]]), 0xc0..=0x17f | 0x391..=0x3c9 | 0x410..=0x44f | 0x2013..=0x2026)
}
