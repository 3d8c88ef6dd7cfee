//! The dictionary: what is known of a word, found by its hash.
//!
//! `words.bin` is made by `tests/generate/names/words.py`, which tells its format; `tests/generate/names/README.md` tells the sources and their terms.

/// What the dictionary knows of a word; all zero where it knows nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Word(u16);

/// What a word says about the names beside it. The numbers are those of `tests/generate/names/words.py`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Title = 1,
    Suffix = 2,
    Particle = 3,
    Place = 10,
    Org = 11,
    Street = 12,
    Work2 = 13,
}

/// How many roles there are, none among them.
pub(super) const ROLES: usize = 24;

impl Word {
    /// Nothing is known.
    pub const NOTHING: Word = Word(0);

    /// How common it is as a given name, 0 (none) to 5.
    pub fn given(self) -> usize {
        usize::from(self.0 & 7).min(5)
    }

    /// How common it is as a family name, 0 (none) to 5.
    pub fn family(self) -> usize {
        usize::from(self.0 >> 3 & 7).min(5)
    }

    /// How common it is as a word that is written small, 0 (none) to 5.
    pub fn common(self) -> usize {
        usize::from(self.0 >> 6 & 7).min(5)
    }

    /// 1: always written large; 2: a country, state or large city; 3: a nationality, day, month or the like.
    pub fn place(self) -> usize {
        usize::from(self.0 >> 9 & 3)
    }

    /// Its role's number, 0 for none.
    pub fn role(self) -> usize {
        usize::from(self.0 >> 11 & 31).min(ROLES - 1)
    }

    /// Whether it has this role.
    pub fn is(self, role: Role) -> bool {
        self.role() == role as usize
    }

    /// How common it is as a name of either kind.
    pub fn name(self) -> usize {
        self.given().max(self.family())
    }

    /// What is known of two words joined by a hyphen.
    pub fn joined(self, other: Word) -> Word {
        let (a, b) = (self, other);
        let most = |x: usize, y: usize| x.max(y) as u16;
        Word(
            most(a.given(), b.given())
                | most(a.family(), b.family()) << 3
                | (a.common().min(b.common()) as u16) << 6
                | (a.place().min(b.place()) as u16) << 9,
        )
    }
}

static FILE: &[u8] = include_bytes!("words.bin");

const BITS: u32 = 12;
const HEAD: usize = 8;
const BUCKETS: usize = 1 << BITS;

/// What is known of `word`, in whatever case.
pub(super) fn find(word: &[u8]) -> Word {
    by_hash(hash(word))
}

fn u32_at(i: usize) -> usize {
    FILE.get(HEAD + 4 * i..HEAD + 4 * i + 4).map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize)
}

fn by_hash(hash: u64) -> Word {
    let bucket = (hash >> (64 - BITS)) as usize;
    let key = (hash >> (64 - BITS - 16)) as u16;
    let (mut low, mut high, all) = (u32_at(bucket), u32_at(bucket + 1), u32_at(BUCKETS));
    let keys = HEAD + 4 * (BUCKETS + 1);
    let u16_at = |i: usize| FILE.get(i..i + 2).map_or(0, |b| u16::from_le_bytes([b[0], b[1]]));
    while low < high {
        let middle = low + (high - low) / 2;
        let found = u16_at(keys + 2 * middle);
        if found == key {
            return Word(u16_at(keys + 2 * all + 2 * middle));
        }
        if found < key {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Word(0)
}

/// U+00C0 to U+024F without diacritics, small; `*`: two letters, see [`fold`]; `.`: as it is.
const LATIN: &[u8; 0x190] = b"aaaaaa*ceeeeiiiidnooooo.ouuuuy**aaaaaa*ceeeeiiiidnooooo.ouuuuy*yaaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii\
**jjkkkllllll..llnnnnnnnnnoooooo**rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs................................oo.............uu.............\
......*********aaiioouuuuuuuuuu.aaaa....ggkkoooo..j***gg..nnaa....aaaaeeeeiiiioooorrrruuuusstt..hh......aaeeooooooooyy............................";

/// U+1E00 to U+1EFF likewise.
const LATIN_MORE: &[u8; 0x100] =
    b"aabbbbbbccddddddddddeeeeeeeeeeffgghhhhhhhhhhiiiikkkkkkllllllllmmmmmmnnnnnnnnoooooooopppprrrrrrrrssssssssssttttttttuuuuuuuuuuvvvv\
wwwwwwwwwwxxxxyyzzzzzzhtwy.s..*.aaaaaaaaaaaaaaaaaaaaaaaaeeeeeeeeeeeeeeeeiiiioooooooooooooooooooooooouuuuuuuuuuuuuuyyyyyyyy......";

/// The letters that stand for `c` in the dictionary.
fn fold(c: char, put: &mut impl FnMut(u8)) {
    let plain = match c as u32 {
        n @ 0..0x80 => (n as u8).to_ascii_lowercase(),
        n @ 0xc0..0x250 => LATIN[n as usize - 0xc0],
        n @ 0x1e00..0x1f00 => LATIN_MORE[n as usize - 0x1e00],
        // Marks that combine with the letter before.
        0x300..0x370 => return,
        0x2019 => b'\'',
        _ => b'.',
    };
    let mut all = |letters: &[u8]| letters.iter().for_each(|b| put(*b));
    match (plain, c) {
        (b'*', 'æ' | 'Æ') => all(b"ae"),
        (b'*', 'œ' | 'Œ') => all(b"oe"),
        (b'*', 'þ' | 'Þ') => all(b"th"),
        (b'*', 'ß' | 'ẞ') => all(b"ss"),
        (b'*', 'ĳ' | 'Ĳ') => all(b"ij"),
        (b'*', '\u{1c7}'..='\u{1c9}') => all(b"lj"),
        (b'*', '\u{1ca}'..='\u{1cc}') => all(b"nj"),
        (b'*', _) => all(b"dz"),
        (b'.', _) if !c.is_ascii() => c.to_lowercase().for_each(|small| all(small.encode_utf8(&mut [0; 4]).as_bytes())),
        _ => all(&[plain]),
    }
}

/// 64-bit FNV-1a of the word as [`fold`] spells it, its high bits stirred.
fn hash(word: &[u8]) -> u64 {
    let mut h = 0xcbf2_9ce4_8422_2325u64;
    let mut put = |b: u8| h = (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3);
    if word.is_ascii() {
        word.iter().for_each(|b| put(b.to_ascii_lowercase()));
    } else {
        for chunk in word.utf8_chunks() {
            chunk.valid().chars().for_each(|c| fold(c, &mut put));
        }
    }
    (h ^ h >> 29).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Gives the numbers (below `all`) of each three letters in a row, the word's ends counted as letters.
pub(super) fn trigrams(word: &[u8], all: usize, mut put: impl FnMut(usize)) {
    let (mut a, mut b) = (0u32, u32::from(b'^'));
    let mut next = |c: u8| {
        if a != 0 {
            let h = (a * 0x1_0000 + b * 0x100 + u32::from(c)).wrapping_mul(0x9e37_79b1);
            put((h >> 12) as usize % all);
        }
        (a, b) = (b, u32::from(c));
    };
    if word.is_ascii() {
        word.iter().for_each(|b| next(b.to_ascii_lowercase()));
    } else {
        for chunk in word.utf8_chunks() {
            chunk.valid().chars().for_each(|c| fold(c, &mut next));
        }
    }
    next(b'$');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_whole_and_sorted() {
        assert_eq!(&FILE[..8], b"PIIW1\n\x0c\x00");
        let all = u32_at(BUCKETS);
        assert_eq!(FILE.len(), HEAD + 4 * (BUCKETS + 1) + 4 * all);
        let key = |i: usize| u16::from_le_bytes([FILE[HEAD + 4 * (BUCKETS + 1) + 2 * i], FILE[HEAD + 4 * (BUCKETS + 1) + 2 * i + 1]]);
        for b in 0..BUCKETS {
            let (from, to) = (u32_at(b), u32_at(b + 1));
            assert!(from <= to && (from + 1..to).all(|i| key(i - 1) < key(i)), "bucket {b}");
        }
    }

    #[test]
    fn words_are_known_in_any_spelling() {
        for (word, given, family, common) in
            [("James", 5, 4, 0), ("SMITH", 1, 5, 2), ("José", 4, 3, 0), ("Müller", 0, 3, 0), ("the", 0, 0, 5), ("Nguyễn", 0, 5, 0)]
        {
            let w = find(word.as_bytes());
            assert!(w.given() >= given && w.family() >= family && w.common() >= common, "{word} {w:?}");
        }
        for (word, role) in [("Dr", Role::Title), ("GmbH", Role::Org), ("van", Role::Particle), ("Jr", Role::Suffix)] {
            assert!(find(word.as_bytes()).is(role), "{word}");
        }
        assert!(find(b"Germany").place() == 2 && find(b"Monday").place() == 3);
        assert!([&b"qxzzkw"[..], b"", b"\xff\xfe"].iter().all(|w| find(w) == Word::NOTHING));
    }
}
