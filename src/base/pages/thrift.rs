//! A cursor over Thrift's compact protocol, for the few fields that the decoder keeps to itself.

/// How deep structs and lists of a footer lie in one another at most; a real one takes six.
const DEPTH: u32 = 32;

/// What a type's number in the compact protocol stands for.
const STOP: u8 = 0;
const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BYTE: u8 = 3;
const I16: u8 = 4;
pub const I32: u8 = 5;
const I64: u8 = 6;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
pub const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
pub const STRUCT: u8 = 12;
const UUID: u8 = 13;

/// A cursor over Thrift; `None`: the bytes break off or are none.
pub struct Walk<'a> {
    bytes: &'a [u8],
}

impl Walk<'_> {
    /// Starts before the first field of a struct.
    pub fn new(bytes: &[u8]) -> Walk<'_> {
        Walk { bytes }
    }

    /// How many bytes follow.
    pub fn left(&self) -> usize {
        self.bytes.len()
    }

    /// Calls `each` with number and type of every field of a struct; it has to read the field's value.
    pub fn fields(&mut self, mut each: impl FnMut(&mut Self, i16, u8) -> Option<()>) -> Option<()> {
        let mut id = 0i16;
        loop {
            let head = self.byte()?;
            let kind = head & 0x0f;
            if kind == STOP {
                return Some(());
            }
            id = match head >> 4 {
                0 => i16::try_from(self.integer()?).ok()?,
                delta => id.checked_add(i16::from(delta))?,
            };
            each(self, id, kind)?;
        }
    }

    /// Calls `each` with the index of every element of a list of structs.
    pub fn structs(&mut self, mut each: impl FnMut(&mut Self, usize) -> Option<()>) -> Option<()> {
        let (kind, n) = self.list()?;
        if kind != STRUCT {
            return self.elements(kind, n, DEPTH);
        }
        // Every element takes a byte at least, so that a false count ends soon.
        (0..n).try_for_each(|i| each(self, i as usize))
    }

    fn list(&mut self) -> Option<(u8, u64)> {
        let head = self.byte()?;
        let n = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
        Some((head & 0x0f, n))
    }

    /// Passes over `n` elements of a list.
    fn elements(&mut self, kind: u8, n: u64, depth: u32) -> Option<()> {
        match kind {
            // In a list a truth value takes a byte of its own.
            TRUE | FALSE | BYTE => self.pass(n),
            DOUBLE => self.pass(n.checked_mul(8)?),
            _ => (0..n).try_for_each(|_| self.skip(kind, depth)),
        }
    }

    /// Passes over a value.
    pub fn pass_over(&mut self, kind: u8) -> Option<()> {
        self.skip(kind, DEPTH)
    }

    fn skip(&mut self, kind: u8, depth: u32) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match kind {
            TRUE | FALSE => Some(()),
            BYTE => self.pass(1),
            I16 | I32 | I64 => self.varint().map(drop),
            DOUBLE => self.pass(8),
            UUID => self.pass(16),
            BINARY => {
                let n = self.varint()?;
                self.pass(n)
            }
            LIST | SET => {
                let (kind, n) = self.list()?;
                self.elements(kind, n, depth)
            }
            MAP => {
                let n = self.varint()?;
                if n == 0 {
                    return Some(());
                }
                let kinds = self.byte()?;
                (0..n).try_for_each(|_| {
                    self.elements(kinds >> 4, 1, depth)?;
                    self.elements(kinds & 0x0f, 1, depth)
                })
            }
            STRUCT => self.fields(|walk, _, kind| walk.skip(kind, depth)),
            _ => None,
        }
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    fn pass(&mut self, n: u64) -> Option<()> {
        self.bytes = self.bytes.get(usize::try_from(n).ok()?..)?;
        Some(())
    }

    /// An integer of 16, 32 or 64 bits.
    pub fn integer(&mut self) -> Option<i64> {
        let n = self.varint()?;
        Some((n >> 1) as i64 ^ -((n & 1) as i64))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut n = 0u64;
        for shift in (0..64).step_by(7) {
            let b = self.byte()?;
            n |= u64::from(b & 0x7f) << shift;
            if b & 0x80 == 0 {
                return Some(n);
            }
        }
        None
    }
}
