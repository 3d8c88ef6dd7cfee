//! The digits of a value, and what checks ask of them.

/// The digits of a value, at most 40.
#[derive(Clone, Copy)]
pub(crate) struct Digits {
    d: [u8; 40],
    n: usize,
}

impl Digits {
    /// Collects 0..=9; `None` if there are more than 40.
    pub fn of(raw: &[u8]) -> Option<Digits> {
        let mut out = Digits { d: [0; 40], n: 0 };
        // PERF: without a branch for each byte.
        if raw.len() < out.d.len() {
            for b in raw {
                let d = b.wrapping_sub(b'0');
                out.d[out.n] = d;
                out.n += usize::from(d < 10);
            }
            out.d[out.n] = 0;
            return Some(out);
        }
        for b in raw.iter().filter(|b| b.is_ascii_digit()) {
            *out.d.get_mut(out.n)? = b - b'0';
            out.n += 1;
        }
        Some(out)
    }

    /// Exactly `n` of them.
    pub fn exactly(raw: &[u8], n: usize) -> Option<Digits> {
        Digits::of(raw).filter(|d| d.n == n)
    }

    pub fn get(&self) -> &[u8] {
        &self.d[..self.n]
    }

    /// Those of two pieces, one behind the other.
    pub fn of_both(a: &[u8], b: &[u8]) -> Option<Digits> {
        let (mut out, rest) = (Digits::of(a)?, Digits::of(b)?);
        let end = out.n + rest.n;
        out.d.get_mut(out.n..end)?.copy_from_slice(rest.get());
        out.n = end;
        Some(out)
    }

    /// Without `n` of them from `from` on.
    pub fn without(mut self, from: usize, n: usize) -> Digits {
        if from + n <= self.n {
            self.d.copy_within(from + n..self.n, from);
            self.n -= n;
        }
        self
    }

    /// The digits `[from, to)` as a number; at most 18 of them.
    pub fn number(&self, from: usize, to: usize) -> u64 {
        self.get().get(from..to).unwrap_or(&[]).iter().take(18).fold(0, |n, &d| n * 10 + u64::from(d))
    }

    pub fn all_same(&self) -> bool {
        self.get().windows(2).all(|w| w[0] == w[1])
    }
}

/// Whether the check digit at the end is right by ISO/IEC 7812 (Luhn).
pub(crate) fn luhn(digits: &[u8]) -> bool {
    luhn_sum(digits).is_multiple_of(10) && !digits.is_empty()
}

pub(crate) fn luhn_sum(digits: &[u8]) -> u32 {
    // Every second digit from the right is doubled, and the digits of that are added.
    let double = |d: u8| u32::from(2 * d) - if d > 4 { 9 } else { 0 };
    let (pairs, first) = match digits.len() % 2 {
        0 => (digits, 0),
        _ => (&digits[1..], u32::from(digits[0])),
    };
    first + pairs.as_chunks::<2>().0.iter().map(|[a, b]| double(*a) + u32::from(*b)).sum::<u32>()
}

/// Whether the separators between digits are all the same.
pub(crate) fn one_separator(raw: &[u8]) -> bool {
    let mut signs = raw.iter().filter(|b| !b.is_ascii_digit());
    match signs.next() {
        Some(first) => signs.all(|s| s == first),
        None => true,
    }
}
