//! Text to words, and what stands between them: a window around one place, in an array of fixed size.

use std::cell::Cell;

use super::words::{Role, Word, find};

/// How far back from a place its words are looked at.
pub(super) const BACK: usize = 64;
/// How far ahead.
pub(super) const AHEAD: usize = 128;

/// Longer words are no names.
pub(super) const LONGEST: usize = 40;

/// How a word is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `word`
    Lower,
    /// `Word`, `McWord`, `O'Word`, `Word-Word`
    Title,
    /// `WORD`
    Caps,
    /// `W` or `W.`
    Initial,
    /// Digits, perhaps with letters behind them.
    Number,
    /// Anything else, `wOrd3`.
    Odd,
}

/// What stands before a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    /// One blank; behind an initial or a title also a full stop.
    Blank,
    /// A tab or several blanks.
    Wide,
    Comma,
    Colon,
    /// The end of a sentence.
    Stop,
    Newline,
    /// Quotes, parentheses.
    Quote,
    /// Dashes, slashes and all other signs; or the text begins.
    Mark,
}

/// How many kinds of gaps there are.
pub(super) const GAPS: usize = 8;

/// A word of the window.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub start: usize,
    pub end: usize,
    pub shape: Shape,
    pub gap: Gap,
    /// `@` or `#` stands before, or letters, digits and signs of names such as `/`, `_`, `=`, `::`.
    pub marked: bool,
    /// What the dictionary knows of it, once it was asked.
    word: Cell<Option<Word>>,
}

impl Token {
    /// Whether it is written as names are.
    pub fn is_capital(&self) -> bool {
        matches!(self.shape, Shape::Title | Shape::Caps | Shape::Initial)
    }

    /// What the dictionary knows of it.
    pub fn word(&self, bytes: &[u8]) -> Word {
        match self.word.get() {
            Some(w) => w,
            None => {
                let w = lookup(bytes, self.start, self.end, self.shape);
                self.word.set(Some(w));
                w
            }
        }
    }
}

/// The character at `p` and its length; a byte that is no UTF-8 is a sign of length 1.
#[inline]
pub(super) fn char_at(bytes: &[u8], p: usize) -> (char, usize) {
    let b = bytes[p];
    if b < 0x80 {
        return (b as char, 1);
    }
    let n = if b >= 0xf0 {
        4
    } else if b >= 0xe0 {
        3
    } else {
        2
    };
    let c = bytes.get(p..p + n).and_then(|s| std::str::from_utf8(s).ok()).and_then(|s| s.chars().next());
    c.map_or(('\u{fffd}', 1), |c| (c, n))
}

/// The character that ends before `p` (`p > 0`).
fn char_before(bytes: &[u8], p: usize) -> char {
    let mut start = p - 1;
    while start > 0 && p - start < 4 && bytes[start] & 0xc0 == 0x80 {
        start -= 1;
    }
    let (c, n) = char_at(bytes, start);
    if start + n == p { c } else { '\u{fffd}' }
}

/// Letters, and marks that combine with them.
#[inline]
fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || !c.is_ascii() && (c.is_alphabetic() || ('\u{300}'..'\u{370}').contains(&c))
}

fn is_word(c: char) -> bool {
    is_letter(c) || c.is_ascii_digit() || c == '_'
}

/// Whether no word goes on at `p`. Behind the escapes `\n`, `\t` and `\r` a word begins.
pub(super) fn word_starts(bytes: &[u8], p: usize) -> bool {
    p == 0
        || bytes[p - 1] == b' '
        || !is_word(char_before(bytes, p))
        || p >= 2 && bytes[p - 2] == b'\\' && matches!(bytes[p - 1], b'n' | b't' | b'r')
}

/// Whether the character at `p` is a capital.
pub(super) fn is_capital_at(bytes: &[u8], p: usize) -> bool {
    match bytes.get(p) {
        Some(b) if b.is_ascii() => b.is_ascii_uppercase(),
        Some(_) => char_at(bytes, p).0.is_uppercase(),
        None => false,
    }
}

/// What three letters a capital follows in names: prefixes, and short given names with another one behind.
const PREFIXES: &[u8] = b"MacVanVonDelDesDalDasDosTerTenSanBenAbdAnnAnaAmyEvaInaLeeLiaLuzDeeRaeSueJoeJayKayMaeMayLou";

/// The word that begins at `p`, where a letter or digit stands: its end and shape. An apostrophe or hyphen between letters is
/// part of it where names have one: `O'Hara`, `Anne-Marie`, not in `John's`.
fn scan(bytes: &[u8], p: usize, limit: usize) -> (usize, Shape) {
    // Most words: `word` and `Word` with nothing special behind them.
    let first = bytes[p];
    if first.is_ascii_alphabetic() {
        let small = bytes[p + 1..limit].iter().take_while(|b| b.is_ascii_lowercase()).count();
        let end = p + 1 + small;
        let ends = end < limit && matches!(bytes[end], b' ' | b',' | b'.' | b'\n' | b':' | b';' | b'"' | b')');
        if ends && small < LONGEST && (first.is_ascii_lowercase() || small > 0) {
            return (end, if first.is_ascii_lowercase() { Shape::Lower } else { Shape::Title });
        }
    }
    let (mut i, mut parts) = (p, 1);
    let (mut letters, mut capitals, mut digits, mut inner) = (0usize, 0usize, 0usize, 0usize);
    let first_digit = bytes[p].is_ascii_digit();
    // Since the last hyphen or apostrophe, or since `Mc`.
    let mut here = 0usize;
    let mut odd = false;
    while i < limit {
        let small = bytes[i..limit].iter().take_while(|b| b.is_ascii_lowercase()).count();
        letters += small;
        here += small;
        i += small;
        if i == limit || small > 0 && bytes[i] == b' ' {
            break;
        }
        let (c, n) = char_at(bytes, i);
        if is_letter(c) {
            let capital = c.is_uppercase();
            if capital && here > 0 {
                inner += 1;
                // `McDonald`, `MacArthur`, `DeVito`, `LaToya`; not `KeyInfo`.
                let known = here == 2 || here == 3 && (parts > 1 || PREFIXES.chunks(3).any(|x| *x == bytes[p..p + 3]));
                odd |= !(known && inner == 1 && capitals == parts) && letters != capitals;
            }
            capitals += usize::from(capital);
            letters += 1;
            here += 1;
            i += n;
        } else if c.is_ascii_digit() || c == '_' {
            digits += 1;
            i += 1;
        } else if matches!(c, '\'' | '\u{2019}' | '-' | '\u{2010}') && letters > 0 && i + n < limit {
            let rest = &bytes[i + n..limit];
            let (next, _) = char_at(bytes, i + n);
            let small = rest.iter().take(3).take_while(|b| b.is_ascii_lowercase()).count();
            let joins = match c {
                '-' | '\u{2010}' => next.is_uppercase() && capitals > 0 || next.is_lowercase() && capitals == 0,
                // `'s`, `'re`, `'ll` end the word.
                _ => next.is_uppercase() || small > 2,
            };
            if !joins || !is_letter(next) {
                break;
            }
            parts += 1;
            here = 0;
            i += n;
        } else {
            break;
        }
    }
    let shape = if first_digit && !odd {
        Shape::Number
    } else if digits > 0 || odd || i - p > LONGEST || i == limit && limit < bytes.len() && is_word(char_at(bytes, limit).0) {
        Shape::Odd
    } else if capitals == 0 {
        Shape::Lower
    } else if capitals == 1 && letters == 1 {
        Shape::Initial
    } else if capitals == letters {
        Shape::Caps
    } else if char_at(bytes, p).0.is_uppercase() {
        Shape::Title
    } else if parts > 1 && capitals < parts {
        Shape::Lower
    } else {
        Shape::Odd
    };
    (i, shape)
}

/// What stands between the token before (`None`: the text begins, or the window) and `to`.
fn gap(bytes: &[u8], from: usize, to: usize, last: Option<&Token>) -> (Gap, bool) {
    let between = &bytes[from..to];
    let marked = matches!(between.last(), Some(b'@' | b'#' | b'/' | b'_' | b'=' | b'\\' | b'&' | b'+' | b'$' | b'~' | b'%' | b'^'))
        || matches!(between.last(), Some(b'.' | b'-' | b':')) && between.len() == 1
        // In a program: `Kind::Mark`, `self->Mark`, `Option<Mark>`, `kinds::{Mark, Rose}`.
        || matches!(between, [b'<'] | [.., b':', b':'] | [.., b'-', b'>'] | [.., b':', b':', b'{']);
    if between == b" " {
        return (Gap::Blank, false);
    }
    if between == b", " {
        return (Gap::Comma, false);
    }
    let abbreviation =
        |t: &Token| t.is_capital() && t.end - t.start <= 4 && [Role::Title, Role::Suffix].iter().any(|r| t.word(bytes).is(*r));
    let dotted = between.contains(&b'.') && last.is_some_and(|t| t.shape == Shape::Initial || abbreviation(t));
    let g = match between {
        b". " | b"." | b" . " | b".-" if dotted => return (Gap::Blank, false),
        _ => {
            let has = |set: &[u8]| between.iter().any(|b| set.contains(b));
            if has(b"\n\r") || between.ends_with(b"\\n") || between.ends_with(b"\\r") {
                Gap::Newline
            } else if has(b"!?") || !dotted && has(b".") {
                Gap::Stop
            } else if has(b":") {
                Gap::Colon
            } else if has(b",;") {
                Gap::Comma
            } else if has(b"\"'()[]`") || between.windows(2).any(|w| w == b"\xe2\x80") && !has(b"\x93\x94") {
                Gap::Quote
            } else if between.iter().all(|b| matches!(b, b' ' | b'\t')) || between == b"\xc2\xa0" {
                if between == b"\xc2\xa0" { Gap::Blank } else { Gap::Wide }
            } else {
                Gap::Mark
            }
        }
    };
    (g, marked)
}

/// How many tokens a window holds before its place, and in all.
pub(super) const BEFORE: usize = 6;
pub(super) const ALL: usize = BEFORE + 12;

/// The words around one place.
pub(super) struct Window {
    tokens: [Token; ALL],
    n: usize,
    /// The index of the token at the place.
    pub at: usize,
    /// Whether the text begins just before the first, and ends just behind the last token.
    pub text_start: bool,
    pub text_end: bool,
    /// Which bytes the window may look at.
    pub from: usize,
    pub to: usize,
    /// Whether there is an `@` among them, once it was asked.
    mail: Cell<Option<bool>>,
}

/// What fills the window where there is no word.
const fn none() -> Token {
    Token { start: 0, end: 0, shape: Shape::Odd, gap: Gap::Mark, marked: false, word: Cell::new(None) }
}

/// Longer words that are written small are no particles such as `van`.
const PARTICLE: usize = 5;

impl Window {
    /// Reads the words around `p`; `None` if no word begins there.
    pub fn around(bytes: &[u8], p: usize) -> Option<Window> {
        let mut from = p.saturating_sub(BACK);
        if from > 0 {
            // Not in the middle of a word; a word longer than the window hides what is before it.
            from +=
                bytes[from..p].iter().position(|b| !(b.is_ascii_alphanumeric() || *b >= 0x80 || b"_'-".contains(b))).unwrap_or(p - from);
        }
        let limit = bytes.len().min(p + AHEAD);
        let mail = Cell::new(None);
        let mut w =
            Window { tokens: std::array::from_fn(|_| none()), n: 0, at: 0, text_start: from == 0, text_end: false, from, to: limit, mail };
        let begin = some_words_back(bytes, from, p);
        let (mut i, mut last_end, mut behind) = (begin, begin, 0);
        w.text_start &= begin == 0;
        while i < limit {
            let b = bytes[i];
            if b == b'\\' && i != p && bytes.get(i + 1).is_some_and(|b| matches!(b, b'n' | b't' | b'r')) && (i > p || i + 2 <= p) {
                i += 2;
                continue;
            }
            if !b.is_ascii_alphanumeric() {
                let (c, n) = if b.is_ascii() { ('_', 1) } else { char_at(bytes, i) };
                if !is_letter(c) {
                    if i == p {
                        return None;
                    }
                    i += n;
                    continue;
                }
            }
            if i < p && w.n == BEFORE {
                w.tokens[..BEFORE].rotate_left(1);
                w.n -= 1;
                w.text_start = false;
            } else if i == p {
                w.at = w.n;
            }
            let (end, shape) = scan(bytes, i, limit);
            if i < p && end > p {
                return None;
            }
            let (gap, marked) = gap(bytes, last_end, i, w.n.checked_sub(1).map(|k| &w.tokens[k]));
            w.tokens[w.n] = Token { start: i, end, shape, gap, marked, word: Cell::new(None) };
            w.n += 1;
            (i, last_end) = (end, end);
            // Two words behind the run of capitalised words are enough; in a cell the whole of it counts.
            if i > p {
                let t = &w.tokens[w.n - 1];
                let goes_on =
                    w.n == w.at + 1 || t.gap == Gap::Blank && (t.is_capital() || t.shape == Shape::Lower && end - t.start <= PARTICLE);
                behind += usize::from(behind > 0 || !goes_on);
                if w.n == ALL || behind == 2 && bytes.len() > BACK {
                    break;
                }
            }
        }
        w.text_end = i >= bytes.len();
        (w.tokens[..w.n].get(w.at)?.start == p).then_some(w)
    }

    /// Whether a mail address may stand here.
    pub fn has_mail(&self, bytes: &[u8]) -> bool {
        let has = self.mail.get().unwrap_or_else(|| bytes[self.from..self.to].iter().fold(false, |any, b| any | (*b == b'@')));
        self.mail.set(Some(has));
        has
    }

    /// The token `i`, if the window holds one.
    pub fn get(&self, i: usize) -> Option<&Token> {
        self.tokens[..self.n].get(i)
    }
}

/// A place between words, at least [`BEFORE`] words before `p` or at `from`.
fn some_words_back(bytes: &[u8], from: usize, p: usize) -> usize {
    let word = |b: u8| b.is_ascii_alphanumeric() || b >= 0x80 || matches!(b, b'_' | b'\'' | b'-');
    let (mut i, mut words, mut inside) = (p, 0, true);
    while i > from {
        let now = word(bytes[i - 1]);
        if inside && !now {
            words += 1;
            if words > BEFORE + 1 {
                break;
            }
        }
        inside = now;
        i -= 1;
    }
    i
}

/// What the dictionary knows of a token; of a name with a hyphen, what it knows of both parts.
pub(super) fn lookup(bytes: &[u8], start: usize, end: usize, shape: Shape) -> Word {
    let word = &bytes[start..end];
    if matches!(shape, Shape::Number | Shape::Odd) {
        return Word::NOTHING;
    }
    if let Some(i) = word.iter().position(|b| *b == b'-') {
        let rest = &word[i + 1..];
        let rest = rest.split(|b| *b == b'-').next().unwrap_or(rest);
        return find(&word[..i]).joined(find(rest));
    }
    find(word)
}
