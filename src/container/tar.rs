//! tar: the old kind, ustar, GNU's long names, and pax headers; any number of archives one behind the other.
//!
//! What a stream of blocks holds beside its members is given, too: bytes without a header are a member of their own, up to the
//! next header, and what is wrong with them is told when all has been given.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::stream::{CHUNK, Stored};
use super::{Archive, Content, Limits, Member, STRAY};
use crate::base::{Error, Input, PeekInput, Reason, Result};

const BLOCK: usize = 512;
/// Longer names and pax headers are not believed.
const LONG_NAME: u64 = 1 << 20;

/// Whether `head` is the header of a tar archive: its check sum says so.
pub(super) fn matches(head: &[u8]) -> bool {
    head.len() >= BLOCK && head[0] != 0 && sum_fits(&head[..BLOCK]) && number(&head[124..136]).is_some()
}

pub(super) fn open(input: PeekInput, limits: &Limits) -> Result<Content> {
    let stored = Stored::new(Box::new(input));
    let tape = Tape { stored, member: 0, left: 0, padding: 0, failed: false, back: None, error: None, stray: false };
    Ok(Content::Archive(Box::new(Tar { tape: Arc::new(Mutex::new(tape)), limits: limits.clone(), told: None, ended: false })))
}

/// Whether a block is a header. An archive that is behind another one need not begin with a name.
fn is_header(block: &[u8]) -> bool {
    block.len() == BLOCK && sum_fits(block) && number(&block[124..136]).is_some()
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
    /// A block that was looked at and not taken.
    back: Option<Vec<u8>>,
    /// Met behind the bytes that were given last.
    error: Option<Error>,
    /// Whether the member that is being read has no header: it goes up to the next one.
    stray: bool,
}

impl Tape {
    /// The next block; a shorter one only at the end of the stream, or where it breaks.
    fn block(&mut self) -> Result<Vec<u8>> {
        if let Some(block) = self.back.take() {
            return Ok(block);
        }
        if let Some(e) = self.error.take() {
            return Err(e);
        }
        let mut block = Vec::with_capacity(BLOCK);
        if let Err(e) = self.stored.exactly(BLOCK, &mut block) {
            if block.is_empty() {
                return Err(e);
            }
            self.error = Some(e);
        }
        Ok(block)
    }

    /// Bytes that no header speaks of; empty where a header stands, or the stream ends.
    fn stray(&mut self) -> Result<Bytes> {
        let mut out = Vec::new();
        while self.stray && out.len() < CHUNK {
            match self.block() {
                Ok(block) if block.is_empty() || is_header(&block) => (self.back, self.stray) = (Some(block), false),
                Ok(block) => out.extend_from_slice(&block),
                Err(e) => {
                    self.stray = false;
                    if out.is_empty() {
                        self.failed = true;
                        return Err(e);
                    }
                    self.error = Some(e);
                }
            }
        }
        Ok(out.into())
    }

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
    /// What was wrong with blocks that were given all the same: told at the end.
    told: Option<Error>,
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
        while !tape.stray()?.is_empty() {}
        let rest = tape.left.saturating_add(tape.padding);
        (tape.left, tape.padding) = (0, 0);
        tape.member += 1;
        tape.skip(rest)?;
        let (mut long_name, mut long_size, mut zeros) = (None, None, 0u64);
        loop {
            let h = tape.block()?;
            let at = tape.stored.taken - h.len() as u64;
            if h.is_empty() {
                return Ok(None);
            }
            if h.iter().all(|b| *b == 0) {
                // Two blocks of zeros end an archive, some end without; padding of any length may follow, and another archive.
                zeros += 1;
                continue;
            }
            if !is_header(&h) {
                if h.len() < BLOCK && zeros == 0 {
                    return Err(tape.error.take().unwrap_or_else(|| tape.cut_off()));
                }
                let place = if zeros == 0 { "between members" } else { "behind the end" };
                let what = format!("the tar archive has bytes {place} that are no header, from byte {at} on");
                self.told.get_or_insert_with(|| Error::new(Reason::Corrupt, what));
                (tape.stray, tape.back) = (true, Some(h));
                let content = Ok(Box::new(File { tape: self.tape.clone(), member: tape.member, size: None }) as Box<dyn Input>);
                return Ok(Some(Member { name: STRAY.to_owned(), content, cells_are_read: false }));
            }
            if zeros == 1 {
                let what = format!("the tar archive has a single block of zeros before byte {at}, and members behind it");
                self.told.get_or_insert_with(|| Error::new(Reason::Corrupt, what));
            }
            if zeros > 0 {
                (long_name, long_size, zeros) = (None, None, 0);
            }
            let size = number(&h[124..136]).unwrap_or_default();
            match h[156] {
                b'L' => long_name = Some(text(&tape.content(size)?)),
                b'x' => {
                    let (path, size) = pax(&tape.content(size)?);
                    long_name = path.or(long_name);
                    long_size = size.or(long_size);
                }
                // Long link names, headers for all, volume labels.
                b'K' | b'g' | b'V' => drop(tape.content(size)?),
                // Links and folders may tell a size and have no content; devices and pipes that tell one have it.
                kind @ b'1'..=b'6' if size == 0 || matches!(kind, b'1' | b'2' | b'5') => (long_name, long_size) = (None, None),
                kind => {
                    if kind == b'S' {
                        // GNU's sparse files: more of the map may follow.
                        let mut more = h[482] != 0;
                        while more {
                            let map = tape.block()?;
                            if map.len() < BLOCK {
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
                    if name.ends_with('/') && size == 0 {
                        continue;
                    }
                    let content: Box<dyn Input> = Box::new(File { tape: self.tape.clone(), member: tape.member, size: Some(size) });
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
        match (next, self.told.take_if(|_| self.ended)) {
            (Ok(None), Some(e)) => Err(e),
            (next, _) => next,
        }
    }
}

/// A file on the tape.
struct File {
    tape: Arc<Mutex<Tape>>,
    member: u64,
    /// `None`: bytes without a header, of which nobody knows how many there are.
    size: Option<u64>,
}

impl Input for File {
    fn next_chunk(&mut self) -> Result<Bytes> {
        let mut tape = lock(&self.tape);
        if tape.member != self.member || tape.failed {
            return Ok(Bytes::new());
        }
        if self.size.is_none() {
            return tape.stray();
        }
        if tape.left == 0 {
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
        self.size
    }
}
