//! Sets of bytes.

/// A set of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ByteSet(pub [u64; 4]);

impl ByteSet {
    pub const ALL: ByteSet = ByteSet([u64::MAX; 4]);
    pub const DIGITS: ByteSet = ByteSet([0x03ff_0000_0000_0000, 0, 0, 0]);
    /// Letters, digits and the underscore.
    pub const WORD: ByteSet = ByteSet([0x03ff_0000_0000_0000, 0x07ff_fffe_87ff_fffe, 0, 0]);

    #[inline]
    pub fn insert(&mut self, b: u8) {
        self.0[usize::from(b >> 6)] |= 1 << (b & 63);
    }

    #[inline]
    pub fn has(&self, b: u8) -> bool {
        self.0[usize::from(b >> 6)] & (1 << (b & 63)) != 0
    }

    /// Whether the two have a byte in common.
    #[inline]
    pub fn meets(&self, o: &ByteSet) -> bool {
        self.0.iter().zip(o.0).any(|(a, b)| a & b != 0)
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0 == [0; 4]
    }

    /// Its bytes, in order.
    #[inline]
    pub fn bytes(self) -> impl Iterator<Item = u8> {
        self.0.into_iter().zip([0u8, 64, 128, 192]).flat_map(|(mut word, from)| {
            std::iter::from_fn(move || {
                let bit = word.trailing_zeros();
                word &= word.wrapping_sub(1);
                (bit < 64).then(|| from + bit as u8)
            })
        })
    }

    /// The bytes that both have.
    #[inline]
    pub fn and(&self, o: &ByteSet) -> ByteSet {
        ByteSet(std::array::from_fn(|i| self.0[i] & o.0[i]))
    }

    /// Its bytes that the other has not.
    #[inline]
    pub fn without(&self, o: &ByteSet) -> ByteSet {
        ByteSet(std::array::from_fn(|i| self.0[i] & !o.0[i]))
    }

    #[inline]
    pub fn union(&mut self, o: &ByteSet) {
        for (a, b) in self.0.iter_mut().zip(o.0) {
            *a |= b;
        }
    }

    #[inline]
    pub fn len(&self) -> u32 {
        self.0.iter().map(|w| w.count_ones()).sum()
    }
}

/// Each set that there is with all its bits. PERF: patterns have few different sets at a position, and each is looked at once.
pub fn gathered(sets: impl Iterator<Item = (ByteSet, u64)>) -> Vec<(ByteSet, u64)> {
    let mut distinct: Vec<(ByteSet, u64)> = Vec::new();
    for (set, bits) in sets {
        match distinct.iter_mut().find(|d| d.0 == set) {
            Some(known) => known.1 |= bits,
            None => distinct.push((set, bits)),
        }
    }
    distinct
}
