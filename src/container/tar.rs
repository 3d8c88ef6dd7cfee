//! tar: the old kind, ustar, GNU's long names, and pax headers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::stream::Stored;
use super::{Archive, Content, Limits, Member};
use crate::base::{Error, Input, PeekInput, Reason, Result};

const BLOCK: usize = 512;
/// Longer names and pax headers are not believed.
const LONG_NAME: u64 = 1 << 20;

/// Whether `head` is the header of a tar archive: its check sum says so.
pub(super) fn matches(head: &[u8]) -> bool {
    head.len() >= BLOCK && head[0] != 0 && sum_fits(&head[..BLOCK]) && number(&head[124..136]).is_some()
}

pub(super) fn open(input: PeekInput, limits: &Limits) -> Result<Content> {
    let tape = Tape { stored: Stored::new(Box::new(input)), member: 0, left: 0, padding: 0, failed: false };
    Ok(Content::Archive(Box::new(Tar { tape: Arc::new(Mutex::new(tape)), limits: limits.clone(), ended: false })))
}

fn sum_fits(header: &[u8]) -> bool {
    let Some(want) = octal(&header[148..156]) else { return false };
    let sum = |signed: bool| -> i64 {
        let one = |(i, b): (usize, &u8)| match i {
            148..156 => i64::from(b' '),
            _ if signed => i64::from(*b as i8),
            _ => i64::from(*b),
        };
        header.iter().enumerate().map(one).sum()
    };
    i64::try_from(want).is_ok_and(|w| w == sum(false) || w == sum(true))
}

fn octal(field: &[u8]) -> Option<u64> {
    let text = field.split(|b| *b == 0).next()?.trim_ascii();
    if text.is_empty() {
        return Some(0);
    }
    text.iter().try_fold(0u64, |n, b| matches!(b, b'0'..=b'7').then(|| n.checked_mul(8)?.checked_add(u64::from(b - b'0')))?)
}

/// A number in octal, or in base 256 as GNU writes large ones.
fn number(field: &[u8]) -> Option<u64> {
    match field.first()? {
        0x80 => field[1..].iter().try_fold(0u64, |n, b| n.checked_mul(256)?.checked_add(u64::from(*b))),
        _ => octal(field),
    }
}

fn text(field: &[u8]) -> String {
    String::from_utf8_lossy(field.split(|b| *b == 0).next().unwrap_or_default()).into_owned()
}

/// The stream, shared by the archive and the member that is being read.
struct Tape {
    stored: Stored,
    /// Number of the member that may read.
    member: u64,
    left: u64,
    padding: u64,
    failed: bool,
}

impl Tape {
    fn cut_off(&mut self) -> Error {
        self.failed = true;
        Error::new(Reason::Truncated, format!("the tar archive ends inside a member, at byte {}", self.stored.taken))
    }

    /// At most `most` of the next bytes; empty only at the end of the stream.
    fn some(&mut self, most: u64) -> Result<Bytes> {
        let have = self.stored.bytes().inspect_err(|_| self.failed = true)?;
        let n = (have.len() as u64).min(most) as usize;
        let out = Bytes::copy_from_slice(&have[..n]);
        self.stored.take(n);
        Ok(out)
    }

    fn skip(&mut self, mut n: u64) -> Result<()> {
        while n > 0 {
            let got = self.some(n.min(64 << 10))?.len() as u64;
            if got == 0 {
                return Err(self.cut_off());
            }
            n -= got;
        }
        Ok(())
    }

    fn content(&mut self, size: u64) -> Result<Vec<u8>> {
        if size > LONG_NAME {
            return Err(Error::new(Reason::Corrupt, "a tar header longer than a name can be"));
        }
        let mut out = Vec::new();
        let whole = self.stored.exactly(size as usize, &mut out)?;
        if !whole {
            return Err(self.cut_off());
        }
        self.skip(padding(size))?;
        Ok(out)
    }
}

fn padding(size: u64) -> u64 {
    size.wrapping_neg() % BLOCK as u64
}

struct Tar {
    tape: Arc<Mutex<Tape>>,
    limits: Limits,
    ended: bool,
}

fn lock(tape: &Mutex<Tape>) -> MutexGuard<'_, Tape> {
    tape.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `path` and `size` of a pax header: lines of `length key=value`.
fn pax(data: &[u8]) -> (Option<String>, Option<u64>) {
    let (mut path, mut size, mut rest) = (None, None, data);
    while let Some(space) = rest.iter().position(|b| *b == b' ') {
        let Some(len) = std::str::from_utf8(&rest[..space]).ok().and_then(|n| n.parse::<usize>().ok()) else { break };
        if len <= space + 1 || len > rest.len() {
            break;
        }
        let line = &rest[space + 1..len];
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        rest = &rest[len..];
        match line.iter().position(|b| *b == b'=').map(|eq| (&line[..eq], &line[eq + 1..])) {
            Some((b"path", v)) => path = Some(String::from_utf8_lossy(v).into_owned()),
            Some((b"size", v)) => size = std::str::from_utf8(v).ok().and_then(|n| n.parse().ok()),
            _ => {}
        }
    }
    (path, size)
}

impl Tar {
    fn next(&mut self) -> Result<Option<Member>> {
        let mut tape = lock(&self.tape);
        if tape.failed {
            return Ok(None);
        }
        let rest = tape.left + tape.padding;
        (tape.left, tape.padding) = (0, 0);
        tape.member += 1;
        tape.skip(rest)?;
        let (mut long_name, mut long_size) = (None, None);
        loop {
            let mut h = Vec::with_capacity(BLOCK);
            let whole = tape.stored.exactly(BLOCK, &mut h)?;
            if h.iter().all(|b| *b == 0) {
                // Two blocks of zeros end an archive; some end without.
                return Ok(None);
            }
            if !whole {
                return Err(tape.cut_off());
            }
            let size = number(&h[124..136]);
            let (true, Some(size)) = (sum_fits(&h), size) else {
                return Err(Error::new(Reason::Corrupt, format!("no tar header at byte {}", tape.stored.taken - BLOCK as u64)));
            };
            match h[156] {
                b'L' => long_name = Some(text(&tape.content(size)?)),
                b'x' => {
                    let (path, size) = pax(&tape.content(size)?);
                    long_name = path.or(long_name);
                    long_size = size.or(long_size);
                }
                // Long link names, headers for all, volume labels.
                b'K' | b'g' | b'V' => drop(tape.content(size)?),
                b'1'..=b'6' => {
                    tape.skip(if h[156] == b'5' || h[156] == b'1' || h[156] == b'2' { 0 } else { size + padding(size) })?;
                    (long_name, long_size) = (None, None);
                }
                kind => {
                    if kind == b'S' {
                        // GNU's sparse files: more of the map may follow.
                        let mut more = h[482] != 0;
                        while more {
                            let mut map = Vec::new();
                            let whole = tape.stored.exactly(BLOCK, &mut map)?;
                            if !whole {
                                return Err(tape.cut_off());
                            }
                            more = map[504] != 0;
                        }
                    }
                    let size = long_size.unwrap_or(size);
                    let prefix = if &h[257..263] == b"ustar\0" { text(&h[345..500]) } else { String::new() };
                    let short = || if prefix.is_empty() { text(&h[..100]) } else { format!("{prefix}/{}", text(&h[..100])) };
                    let name = long_name.take().unwrap_or_else(short);
                    (tape.left, tape.padding) = (size, padding(size));
                    if name.ends_with('/') {
                        let rest = size + padding(size);
                        (tape.left, tape.padding) = (0, 0);
                        tape.skip(rest)?;
                        continue;
                    }
                    let content: Box<dyn Input> = Box::new(File { tape: self.tape.clone(), member: tape.member, size });
                    return Ok(Some(Member {
                        name: name.trim_start_matches("./").to_owned(),
                        content: Ok(content),
                        cells_are_read: false,
                    }));
                }
            }
        }
    }
}

impl Archive for Tar {
    fn kind(&self) -> &'static str {
        "tar"
    }

    fn next_member(&mut self) -> Result<Option<Member>> {
        if self.ended {
            return Ok(None);
        }
        let next = self.next().and_then(|m| {
            if m.is_some() {
                self.limits.member()?;
            }
            Ok(m)
        });
        self.ended = !matches!(next, Ok(Some(_)));
        next
    }
}

/// A file on the tape.
struct File {
    tape: Arc<Mutex<Tape>>,
    member: u64,
    size: u64,
}

impl Input for File {
    fn next_chunk(&mut self) -> Result<Bytes> {
        let mut tape = lock(&self.tape);
        if tape.member != self.member || tape.left == 0 || tape.failed {
            return Ok(Bytes::new());
        }
        let left = tape.left;
        let chunk = tape.some(left)?;
        if chunk.is_empty() {
            return Err(tape.cut_off());
        }
        tape.left -= chunk.len() as u64;
        Ok(chunk)
    }

    fn len(&self) -> Option<u64> {
        Some(self.size)
    }
}
