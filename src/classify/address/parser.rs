//! The parts of an address, each read from a place on: words, numbers, streets, units, cities. Nothing is copied.

use super::words::{self, Street};

/// A word or number, or the end of the line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<'a> {
    pub end: usize,
    pub bytes: &'a [u8],
    /// It begins with a capital, or is an ordinal such as `42nd`.
    pub capital: bool,
    pub digits: bool,
}

/// Words that addresses of the armed forces begin with: units and boxes, and ships.
pub(super) static OFFICES: [&[u8]; 3] = [b"PSC", b"CMR", b"Unit"];
pub(super) static SHIPS: [&[u8]; 5] = [b"USS", b"USNS", b"USCGC", b"USNV", b"USAV"];

/// Words that addresses on rural routes begin with.
pub(super) static RURAL: [&[u8]; 1] = [b"RR"];

/// Words for a post office box.
pub(super) static BOXES: [&[u8]; 14] = [
    b"p.o. box",
    b"po box",
    b"p.o.box",
    b"p. o. box",
    b"p o box",
    b"post office box",
    b"postfach",
    b"postbus",
    b"apartado",
    b"casella postale",
    b"postboks",
    b"postbox",
    b"gpo box",
    b"caixa postal",
];

pub(super) struct Parser<'a> {
    pub bytes: &'a [u8],
    pub limit: usize,
}

/// Letters; every byte beyond ASCII counts as one but for punctuation and blanks of U+2000..U+206F and U+00A0..U+00BF.
pub(super) fn letter(bytes: &[u8], i: usize) -> usize {
    match bytes.get(i) {
        Some(b) if b.is_ascii_alphabetic() => 1,
        Some(b) if *b >= 0xc3 => {
            let n = if *b >= 0xf0 {
                4
            } else if *b >= 0xe0 {
                3
            } else {
                2
            };
            let fits = bytes.get(i..i + n).is_some_and(|c| std::str::from_utf8(c).is_ok());
            if fits && !(n == 3 && (*b == 0xe2 || *b == 0xe3 && bytes[i + 1] == 0x80)) { n } else { 0 }
        }
        _ => 0,
    }
}

pub(super) fn is_capital(bytes: &[u8], i: usize) -> bool {
    match bytes.get(i) {
        Some(b) if b.is_ascii() => b.is_ascii_uppercase(),
        Some(_) => {
            let n = letter(bytes, i);
            n > 0 && std::str::from_utf8(&bytes[i..i + n]).is_ok_and(|s| s.chars().all(char::is_uppercase))
        }
        None => false,
    }
}

/// Whether a word or number may begin at `p`: none goes on there.
pub(super) fn starts(bytes: &[u8], p: usize) -> bool {
    if p == 0 {
        return true;
    }
    let b = bytes[p - 1];
    if matches!(b, b'n' | b't' | b'r') && p >= 2 && bytes[p - 2] == b'\\' {
        return true;
    }
    if b.is_ascii() {
        return !(b.is_ascii_alphanumeric()
            || matches!(b, b'_' | b'.' | b'/' | b'-' | b'+' | b'$' | b'@' | b'&' | b'%' | b'\'')
            || b == b':' && p > 1 && bytes[p - 2].is_ascii_digit());
    }
    // The last byte of a letter, of a quote or of a sign of currency.
    let mut i = p - 1;
    while i > 0 && p - i < 4 && bytes[i] & 0xc0 == 0x80 {
        i -= 1;
    }
    letter(bytes, i) == 0 && !bytes[i..p].starts_with(b"\xe2\x82") && !bytes[i..p].starts_with(b"\xc2\xa3")
}

impl<'a> Parser<'a> {
    /// The word, number or `#` at `i`.
    pub fn word(&self, i: usize) -> Option<Word<'a>> {
        let b = self.bytes;
        let mut k = i;
        if k < self.limit && b[k] == b'#' {
            return Some(Word { end: k + 1, bytes: &b[k..k + 1], capital: false, digits: false });
        }
        let mut all_digits = true;
        while k < self.limit {
            // PERF: most bytes of words are ASCII.
            if b[k].is_ascii_alphanumeric() {
                all_digits &= b[k].is_ascii_digit();
                k += 1;
                continue;
            }
            let n = letter(b, k);
            if n > 0 && k + n <= self.limit {
                all_digits = false;
                k += n;
            } else if k > i
                && matches!(b[k], b'\'' | b'-')
                && k + 1 < self.limit
                && (letter(b, k + 1) > 0 || b[k + 1].is_ascii_digit() && b[k - 1].is_ascii_digit())
            {
                k += 1;
            } else if k > i && b[k..].starts_with("\u{2019}".as_bytes()) && letter(b, k + 3) > 0 && k + 3 < self.limit {
                k += 3;
            } else {
                break;
            }
        }
        if k == i || k == self.limit && k < b.len() && (letter(b, k) > 0 || b[k].is_ascii_digit()) {
            return None;
        }
        let bytes = &b[i..k];
        let ordinal = b[i].is_ascii_digit()
            && [&b"st"[..], b"nd", b"rd", b"th"].iter().any(|e| bytes.len() > 2 && bytes[bytes.len() - 2..].eq_ignore_ascii_case(e));
        Some(Word { end: k, bytes, capital: is_capital(b, i) || ordinal, digits: all_digits })
    }

    /// The word at `i` with a full stop directly behind it, if there is one.
    pub fn dotted(&self, i: usize) -> Option<Word<'a>> {
        let mut w = self.word(i)?;
        // `C/ Mayor`.
        if w.bytes.eq_ignore_ascii_case(b"c") && self.bytes[w.end..self.limit].starts_with(b"/ ") {
            w.end += 1;
            w.bytes = &self.bytes[i..w.end];
        }
        if w.end < self.limit && self.bytes[w.end] == b'.' && !w.digits {
            w.end += 1;
            w.bytes = &self.bytes[i..w.end];
        }
        Some(w)
    }

    /// Behind one or two blanks.
    pub fn blank(&self, i: usize) -> Option<usize> {
        match self.bytes.get(i..self.limit)? {
            [b' ', b' ', ..] => Some(i + 2),
            [b' ', ..] => Some(i + 1),
            [0xc2, 0xa0, ..] => Some(i + 2),
            _ => None,
        }
    }

    /// Behind what may stand between the parts of an address: a comma, blanks, one line's end and what quotes a line (`>`).
    pub fn gap(&self, i: usize) -> Option<(usize, bool)> {
        let (mut k, mut comma, mut lines) = (i, false, 0);
        while k < self.limit && k < i + 10 {
            match self.bytes[k] {
                b' ' | b'\t' | b'\r' => {}
                b',' if !comma => comma = true,
                b'\n' if lines < 2 => lines += 1,
                b'>' if lines > 0 => {}
                // `123 - Centro`.
                b'-' if !comma && k > i && self.bytes.get(k + 1) == Some(&b' ') => comma = true,
                b'\\' if matches!(self.bytes.get(k + 1), Some(b'n')) && lines < 2 => {
                    lines += 1;
                    k += 1;
                }
                b'.' if k == i => {}
                _ => break,
            }
            k += 1;
        }
        (k > i && k < self.limit).then_some((k, comma || lines > 0))
    }

    /// A house number at `i`, with a letter (`12a`), a range (`12-14`), a fraction: its end.
    pub fn number(&self, i: usize) -> Option<usize> {
        let b = &self.bytes[..self.limit];
        let digits = b[i..].iter().take_while(|c| c.is_ascii_digit()).count();
        if digits == 0 || digits > 6 {
            return None;
        }
        let mut k = i + digits;
        if k < b.len() && b[k].is_ascii_alphabetic() && (k + 1 == b.len() || !b[k + 1].is_ascii_alphanumeric()) {
            k += 1;
        } else if k + 1 < b.len() && matches!(b[k], b'-' | b'/') && b[k + 1].is_ascii_digit() {
            let more = b[k + 1..].iter().take_while(|c| c.is_ascii_digit()).count();
            if more > 4 {
                return None;
            }
            k += 1 + more;
            k += usize::from(k < b.len() && b[k].is_ascii_alphabetic() && (k + 1 == b.len() || !b[k + 1].is_ascii_alphanumeric()));
        }
        if k < b.len() && (b[k].is_ascii_alphanumeric() || letter(b, k) > 0 || b[k] == b'_') {
            return None;
        }
        // A decimal, a time, a date, a number with thousands.
        let dirt = k + 1 < b.len() && matches!(b[k], b'.' | b',' | b':' | b'/' | b'-') && b[k + 1].is_ascii_digit();
        (!dirt).then_some(k)
    }

    /// The words of a street from `i`, the house number being read: where it ends and how sure its kind is.
    pub fn street(&self, i: usize) -> Option<(usize, Street)> {
        let mut k = i;
        let mut found = None;
        let (mut names, mut kind_first) = (0, false);
        // `12 The Avenue` is one in a few places, `3 The Way` in a heading.
        let mut doubtful = false;
        for n in 0..7 {
            let Some(w) = self.dotted(k) else { break };
            let plain = w.bytes.strip_suffix(b".").unwrap_or(w.bytes);
            if w.digits {
                break;
            }
            doubtful |= n == 0 && w.capital && words::small(plain);
            // `12 North Street`: a direction may be all of the name.
            let as_last = match w.capital {
                _ if names == 0 && !(n > 0 && words::last(w.bytes) == Street::Strong) => Street::No,
                true => words::last(w.bytes),
                false if words::last_small(w.bytes) || words::alone(w.bytes) => Street::Strong,
                false => Street::No,
            };
            if w.capital
                && words::numbered(plain)
                && let Some(end) = self.blank(w.end).and_then(|k| self.number(k).filter(|e| e - k <= 4))
            {
                return Some((end, Street::Strong));
            }
            // `5 Oak Road and`, `5 Oak Road street`: it has ended.
            let ended = matches!(found, Some((_, Street::Strong))) && !kind_first;
            if !w.capital && (ended || found.is_some() && w.bytes == b"and") {
                break;
            }
            if n == 0 && (w.capital || w.bytes.len() > 2) && words::is_first(w.bytes, plain) {
                kind_first = true;
            } else if as_last != Street::No {
                // `5 Dr Smith`: the kind is no title here, for a name stands before it.
                // The full stop of `Duna u. 5` is its own.
                let stop = !w.capital && words::alone(w.bytes);
                found = Some((k + if stop { w.bytes.len() } else { plain.len() }, as_last));
                names += 1;
            } else if words::compound(plain) && w.capital {
                found = Some((k + plain.len(), Street::Strong));
                names += 1;
            } else if words::direction(w.bytes) && w.capital {
                if let (Some(f), true) = (&mut found, n > 0) {
                    f.0 = if plain.len() <= 2 { k + w.bytes.len() } else { k + plain.len() };
                }
            } else if w.capital && (plain.len() == w.bytes.len() || plain.len() <= 2) {
                names += 1;
                if kind_first {
                    found = Some((k + plain.len(), Street::Strong));
                }
            } else if article(w.bytes, kind_first) {
                names += 1;
                found = Some((k + plain.len(), Street::Strong));
            } else if !(words::inner(w.bytes) && (names > 0 || kind_first)) {
                break;
            }
            // A full stop ends the phrase but for abbreviations.
            if w.bytes.len() > plain.len() && plain.len() > 5 {
                break;
            }
            match self.blank(k + w.bytes.len()) {
                Some(next) => k = next,
                None => break,
            }
        }
        found.map(|(end, kind)| (end, if doubtful { Street::Weak } else { kind }))
    }

    /// Capitalised words from `i`, at most `most`: the end of the last.
    pub fn names(&self, i: usize, most: usize) -> Option<usize> {
        let (mut k, mut end, mut n) = (i, None, 0);
        while n < most {
            let Some(w) = self.dotted(k) else { break };
            let plain = w.bytes.strip_suffix(b".").unwrap_or(w.bytes);
            let number = |k: usize| matches!(self.bytes.get(k), Some(b'0'..=b'9' | b'#')) && k < self.limit;
            if n > 0 && words::unit(w.bytes) && self.blank(w.end).is_some_and(number) {
                break;
            }
            if w.capital && !w.bytes[0].is_ascii_digit() {
                n += 1;
                end = Some(k + if plain.len() <= 3 { w.bytes.len() } else { plain.len() });
                if plain.len() > 3 && plain.len() < w.bytes.len() {
                    break;
                }
            } else if !(words::inner(plain) && n > 0) {
                break;
            }
            match self.blank(k + w.bytes.len()) {
                Some(next) => k = next,
                None => break,
            }
        }
        end
    }

    /// `Apt. 5`, `Suite 100`, `# 7`, `3º B` behind a gap: the end.
    pub fn unit(&self, i: usize) -> Option<usize> {
        let (k, comma) = self.gap(i)?;
        self.unit_at(k).or_else(|| self.box_at(k)).or_else(|| if comma { self.storey(k) } else { None })
    }

    /// `3º`, `2ª Dcha.`: a storey and a door as in Spain and Portugal: the end.
    fn storey(&self, k: usize) -> Option<usize> {
        let digits = self.bytes[k..self.limit].iter().take_while(|b| b.is_ascii_digit()).count();
        let end = k + digits + 2;
        let sign = matches!(self.bytes.get(k + digits..end), Some([0xc2, 0xba | 0xaa | 0xb0]));
        if !(1..=2).contains(&digits) || !sign || end > self.limit {
            return None;
        }
        let door = self.blank(end).and_then(|k| self.word(k)).filter(|w| {
            w.bytes.len() == 1 && w.capital
                || [&b"izq"[..], b"izda", b"dcha", b"drcha", b"esq", b"dto", b"frente"].iter().any(|d| w.bytes.eq_ignore_ascii_case(d))
        });
        Some(door.map_or(end, |w| w.end))
    }

    pub fn unit_at(&self, k: usize) -> Option<usize> {
        let w = self.dotted(k)?;
        if !words::unit(w.bytes) {
            return None;
        }
        let at = self.blank(w.end).unwrap_or(w.end);
        let at = if self.bytes.get(at) == Some(&b'#') && at < self.limit { at + 1 } else { at };
        let id = self.word(at)?;
        let short = id.bytes.len() <= 6 && (id.bytes.iter().any(u8::is_ascii_digit) || id.bytes.len() == 1 && id.capital);
        short.then_some(id.end)
    }

    /// `P.O. Box 12`, `Postfach 12 34`: the end.
    pub fn box_at(&self, k: usize) -> Option<usize> {
        let rest = &self.bytes[k..self.limit];
        let form = BOXES.iter().find(|f| rest.len() > f.len() && rest[..f.len()].eq_ignore_ascii_case(f))?;
        let at = self.blank(k + form.len())?;
        let at = if self.bytes[at..self.limit].starts_with(b"#") { at + 1 } else { at };
        let digits = self.bytes[at..self.limit].iter().take_while(|c| c.is_ascii_digit()).count();
        let end = at + digits;
        let open = self.bytes.get(end).is_some_and(|c| c.is_ascii_alphanumeric()) && end < self.limit;
        ((1..=7).contains(&digits) && !open).then_some(end)
    }

    /// `RR 2 Box 15`: a box on a rural route: the end.
    pub fn rural(&self, i: usize) -> Option<usize> {
        let w = self.word(i).filter(|w| RURAL.contains(&w.bytes))?;
        let route = self.word(self.blank(w.end)?).filter(|n| n.digits && n.bytes.len() <= 3)?;
        let word = self.word(self.gap(route.end)?.0).filter(|w| w.bytes.eq_ignore_ascii_case(b"box"))?;
        let number = self.word(self.blank(word.end)?).filter(|n| n.bytes[0].is_ascii_digit() && n.bytes.len() <= 6)?;
        Some(number.end)
    }

    /// The other street of `the corner of 12 Oak Street and Elm Road`, the first one ending at `end`: its end.
    pub fn corner(&self, end: usize) -> Option<usize> {
        let end = end + usize::from(self.bytes.get(end) == Some(&b'.') && end < self.limit);
        let w = self.dotted(self.blank(end)?).filter(|w| w.bytes == b"and")?;
        let other = self.blank(w.end)?;
        self.street(other).map(|s| s.0).or_else(|| self.names(other, 3))
    }

    /// `PSC 1083, Box 3672`, `Unit 8524 Box 0979`, `USS Mahler`, each with `APO AP 10176` behind it.
    pub fn military(&self, i: usize) -> Option<usize> {
        let w = self.word(i)?;
        let mut k = self.blank(w.end)?;
        let is = |words: &[&[u8]]| words.iter().any(|x| x.eq_ignore_ascii_case(w.bytes));
        if is(&SHIPS) {
            k = self.names(k, 3).or_else(|| self.word(k).filter(|n| !n.digits).map(|n| n.end))?;
        } else if is(&OFFICES) {
            k = self.word(k).filter(|n| n.digits)?.end;
            let (next, _) = self.gap(k)?;
            let word = self.word(next).filter(|w| w.bytes.eq_ignore_ascii_case(b"box"))?;
            k = self.word(self.blank(word.end)?).filter(|n| n.digits)?.end;
        } else {
            return None;
        }
        let (next, _) = self.gap(k)?;
        let one_of = |w: &Word<'_>, words: [&[u8]; 3]| words.iter().any(|x| x.eq_ignore_ascii_case(w.bytes));
        let office = self.word(next).filter(|w| one_of(w, [b"APO", b"FPO", b"DPO"]))?;
        let (next, _) = self.gap(office.end)?;
        let area = self.word(next).filter(|w| one_of(w, [b"AA", b"AE", b"AP"]))?;
        let zip = self.word(self.blank(area.end)?)?;
        self.zip(zip.end - zip.bytes.len())
    }
}

/// `l'Église`, `d'Italie` behind `rue de`: written small, and part of the name.
pub(super) fn article(word: &[u8], kind_first: bool) -> bool {
    kind_first && word.len() > 2 && matches!(word[0], b'l' | b'd' | b'L' | b'D') && word[1] == b'\''
}
