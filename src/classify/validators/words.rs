//! Lists of words that checks know.

/// A set of lower-case ASCII words, asked in any case.
pub(crate) struct Words {
    /// By first letter and length (modulo 16).
    buckets: Vec<Vec<&'static [u8]>>,
}

impl Words {
    pub fn new(list: &[&'static str]) -> Words {
        let mut buckets = vec![Vec::new(); 32 * 16];
        for w in list {
            buckets[Words::bucket(w.as_bytes())].push(w.as_bytes());
        }
        Words { buckets }
    }

    /// The lowest five bits of a letter are the same in both cases.
    fn bucket(word: &[u8]) -> usize {
        word.first().map_or(0, |b| usize::from(b & 31) * 16 + word.len() % 16)
    }

    pub fn has(&self, word: &[u8]) -> bool {
        self.buckets[Words::bucket(word)].iter().any(|w| word.eq_ignore_ascii_case(w))
    }
}
