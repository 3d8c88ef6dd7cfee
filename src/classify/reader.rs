//! Reads numbers from bytes that are part of the program. The build compiles it, too.

/// What is left of bytes.
pub struct Reader(pub &'static [u8]);

impl Reader {
    #[inline]
    pub fn take(&mut self, n: usize) -> Option<&'static [u8]> {
        let (head, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(head)
    }

    #[inline]
    pub fn chunk<const N: usize>(&mut self) -> Option<&'static [u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(head)
    }

    #[inline]
    pub fn u8(&mut self) -> Option<u8> {
        self.chunk::<1>().map(|b| b[0])
    }

    #[inline]
    pub fn u16(&mut self) -> Option<u16> {
        self.chunk().map(|b| u16::from_le_bytes(*b))
    }

    #[inline]
    pub fn u32(&mut self) -> Option<u32> {
        self.chunk().map(|b| u32::from_le_bytes(*b))
    }

    #[inline]
    pub fn u64(&mut self) -> Option<u64> {
        self.chunk().map(|b| u64::from_le_bytes(*b))
    }
}
