//! Postal addresses in running text, as spans.
//!
//! **What it reaches.** A house number, a street's name and its kind (`123 N Main Street`), with unit (`Apt 4`) and, where they
//! follow, city, state and postal code; the same with the kind first (`12, rue de la Paix`); name first and number last
//! (`Hauptstraße 12`, `Via Roma 10`, `Calle Mayor 3`, `ul. Długa 5`), with `75001 Paris` or `1017 AB Amsterdam` behind it; post
//! office boxes; addresses of the armed forces (`PSC 1083, Box 3672`, `APO AP 10176`). A street without a kind (`05 Tacuarembo
//! 2365 Apt. 825`) only where a unit or words such as "lives at" speak for it.
//!
//! **What it does not.** Cities alone, scripts without capitals, streets written small, house names, street corners.

mod words;

use words::Street;

/// How far ahead an address may go.
const AHEAD: usize = 128;
/// How far back words that speak for an address are looked for.
const BACK: usize = 32;

/// A word or number, or the end of the line.
#[derive(Clone, Copy, Debug)]
struct Word<'a> {
    end: usize,
    bytes: &'a [u8],
    /// It begins with a capital, or is an ordinal such as `42nd`.
    capital: bool,
    digits: bool,
}

struct Parser<'a> {
    bytes: &'a [u8],
    limit: usize,
}

/// Letters; every byte beyond ASCII counts as one but for punctuation and blanks of U+2000..U+206F and U+00A0..U+00BF.
fn letter(bytes: &[u8], i: usize) -> usize {
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

fn is_capital(bytes: &[u8], i: usize) -> bool {
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
fn starts(bytes: &[u8], p: usize) -> bool {
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
    fn word(&self, i: usize) -> Option<Word<'a>> {
        let b = self.bytes;
        let mut k = i;
        if k < self.limit && b[k] == b'#' {
            return Some(Word { end: k + 1, bytes: &b[k..k + 1], capital: false, digits: false });
        }
        let mut all_digits = true;
        while k < self.limit {
            let n = if b[k].is_ascii_digit() { 1 } else { letter(b, k) };
            if n > 0 && k + n <= self.limit {
                all_digits &= b[k].is_ascii_digit();
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
    fn dotted(&self, i: usize) -> Option<Word<'a>> {
        let mut w = self.word(i)?;
        if w.end < self.limit && self.bytes[w.end] == b'.' && !w.digits {
            w.end += 1;
            w.bytes = &self.bytes[i..w.end];
        }
        Some(w)
    }

    /// Behind one or two blanks.
    fn blank(&self, i: usize) -> Option<usize> {
        match self.bytes.get(i..self.limit)? {
            [b' ', b' ', ..] => Some(i + 2),
            [b' ', ..] => Some(i + 1),
            [0xc2, 0xa0, ..] => Some(i + 2),
            _ => None,
        }
    }

    /// Behind what may stand between the parts of an address: a comma, blanks, one line's end and what quotes a line (`>`).
    fn gap(&self, i: usize) -> Option<(usize, bool)> {
        let (mut k, mut comma, mut lines) = (i, false, 0);
        while k < self.limit && k < i + 10 {
            match self.bytes[k] {
                b' ' | b'\t' | b'\r' => {}
                b',' if !comma => comma = true,
                b'\n' if lines < 2 => lines += 1,
                b'>' if lines > 0 => {}
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
    fn number(&self, i: usize) -> Option<usize> {
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
    fn street(&self, i: usize) -> Option<(usize, Street)> {
        let mut k = i;
        let mut found = None;
        let (mut names, mut kind_first) = (0, false);
        // `12 The Avenue` is one in a few places, `3 The Way` in a heading.
        let doubtful = self.word(i).is_some_and(|w| w.capital && words::small(w.bytes));
        for n in 0..7 {
            let Some(w) = self.dotted(k) else { break };
            let plain = w.bytes.strip_suffix(b".").unwrap_or(w.bytes);
            if w.digits {
                break;
            }
            let as_last = if w.capital && names > 0 { words::last(w.bytes) } else { Street::No };
            if n == 0 && (w.capital || w.bytes.len() > 2) && (words::first(w.bytes) || words::first(plain)) {
                kind_first = true;
            } else if as_last != Street::No {
                // `5 Dr Smith`: the kind is no title here, for a name stands before it.
                found = Some((k + plain.len(), as_last));
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
    fn names(&self, i: usize, most: usize) -> Option<usize> {
        let (mut k, mut end, mut n) = (i, None, 0);
        while n < most {
            let Some(w) = self.dotted(k) else { break };
            let plain = w.bytes.strip_suffix(b".").unwrap_or(w.bytes);
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

    /// `Apt. 5`, `Suite 100`, `# 7` behind a gap: the end.
    fn unit(&self, i: usize) -> Option<usize> {
        let (k, _) = self.gap(i)?;
        self.unit_at(k).or_else(|| self.box_at(k))
    }

    fn unit_at(&self, k: usize) -> Option<usize> {
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
    fn box_at(&self, k: usize) -> Option<usize> {
        let rest = &self.bytes[k..self.limit];
        let forms: [&[u8]; 14] = [
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
        let form = forms.iter().find(|f| rest.len() > f.len() && rest[..f.len()].eq_ignore_ascii_case(f))?;
        let at = self.blank(k + form.len())?;
        let at = if self.bytes[at..self.limit].starts_with(b"#") { at + 1 } else { at };
        let digits = self.bytes[at..self.limit].iter().take_while(|c| c.is_ascii_digit()).count();
        let end = at + digits;
        let open = self.bytes.get(end).is_some_and(|c| c.is_ascii_alphanumeric()) && end < self.limit;
        ((1..=7).contains(&digits) && !open).then_some(end)
    }

    /// `PSC 1083, Box 3672`, `Unit 8524 Box 0979`, `USS Mahler`, each with `APO AP 10176` behind it.
    fn military(&self, i: usize) -> Option<usize> {
        let w = self.word(i)?;
        let mut k = self.blank(w.end)?;
        if matches!(w.bytes, b"USS" | b"USNS" | b"USCGC") {
            k = self.names(k, 3)?;
        } else if matches!(w.bytes, b"PSC" | b"CMR" | b"Unit" | b"UNIT") {
            k = self.word(k).filter(|n| n.digits)?.end;
            let (next, _) = self.gap(k)?;
            let word = self.word(next).filter(|w| w.bytes.eq_ignore_ascii_case(b"box"))?;
            k = self.word(self.blank(word.end)?).filter(|n| n.digits)?.end;
        } else {
            return None;
        }
        let (next, _) = self.gap(k)?;
        let office = self.word(next).filter(|w| matches!(w.bytes, b"APO" | b"FPO" | b"DPO"))?;
        let (next, _) = self.gap(office.end)?;
        let area = self.word(next).filter(|w| matches!(w.bytes, b"AA" | b"AE" | b"AP"))?;
        let zip = self.word(self.blank(area.end)?)?;
        self.zip(zip.end - zip.bytes.len())
    }

    /// `12345`, `12345-6789`: the end.
    fn zip(&self, i: usize) -> Option<usize> {
        let w = self.word(i)?;
        let five = w.bytes.len() == 5 && w.digits;
        let nine = w.bytes.len() == 10 && w.bytes[5] == b'-' && w.bytes.iter().filter(|b| b.is_ascii_digit()).count() == 9;
        (five || nine).then_some(w.end)
    }

    /// `SW1A 1AA`, `K1A 0B1`: the end.
    fn postcode(&self, i: usize) -> Option<usize> {
        let a = self.word(i)?;
        let b = self.word(self.blank(a.end)?)?;
        let capital = |w: &Word<'_>| w.bytes.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        let shape = |w: &[u8], i: usize| w.get(i).map_or(b' ', |b| if b.is_ascii_digit() { b'9' } else { b'A' });
        if !capital(&a) || !capital(&b) || b.bytes.len() != 3 {
            return None;
        }
        let inward = [shape(b.bytes, 0), shape(b.bytes, 1), shape(b.bytes, 2)];
        let outward = shape(a.bytes, 0) == b'A' && (2..=4).contains(&a.bytes.len()) && a.bytes[1..].iter().any(u8::is_ascii_digit);
        let canada = a.bytes.len() == 3 && shape(a.bytes, 1) == b'9' && shape(a.bytes, 2) == b'A' && inward == *b"9A9";
        (outward && inward == *b"9AA" || shape(a.bytes, 0) == b'A' && canada).then_some(b.end)
    }

    /// A postal code and a city: `75001 Paris`, `D-10115 Berlin`, `1017 AB Amsterdam`, `114 32 Stockholm`.
    fn code_and_city(&self, i: usize) -> Option<usize> {
        let mut k = i;
        let w = self.word(k)?;
        // `D-10115`: the country's letters.
        let prefix = w.bytes.iter().take_while(|b| b.is_ascii_uppercase()).count();
        if (1..=2).contains(&prefix) && w.bytes.get(prefix) == Some(&b'-') {
            k += prefix + 1;
        }
        let code = self.word(k)?;
        let digits = code.bytes.len();
        if !code.digits || !(3..=6).contains(&digits) {
            return None;
        }
        let mut city = self.blank(code.end)?;
        if digits == 4
            && let Some(w) = self.word(city).filter(|w| w.bytes.len() == 2 && w.bytes.iter().all(u8::is_ascii_uppercase))
        {
            city = self.blank(w.end)?;
        } else if digits == 3 {
            city = self.blank(self.word(city).filter(|w| w.digits && w.bytes.len() == 2)?.end)?;
        }
        self.names(city, 3)
    }

    /// What may follow a street: city, state, postal code, country. Only what is sure; the end of it.
    fn city(&self, i: usize, behind_unit: bool) -> Option<usize> {
        let (start, apart) = self.gap(i)?;
        if let Some(end) = self.postcode(start).or_else(|| if apart { self.code_and_city(start) } else { None }) {
            return Some(end);
        }
        if let Some(end) = self.state_and_code(start, true) {
            return Some(end);
        }
        // Each end of a city's name that is possible, the longest first: `Fort Worth TX`.
        let (mut ends, mut n, mut k) = ([0; 4], 0, start);
        while n < ends.len() {
            let from = if n == 0 { start } else { k };
            let Some(end) = self.names(from, 1) else { break };
            ends[n] = end;
            n += 1;
            match self.blank(end) {
                Some(next) => k = next,
                None => break,
            }
        }
        for &end in ends[..n].iter().rev() {
            let Some((next, comma)) = self.gap(end) else { continue };
            let found = self
                .state_and_code(next, comma)
                .or_else(|| self.postcode(next))
                .or_else(|| if comma { self.code_and_city(next) } else { None });
            if found.is_some() {
                return found;
            }
            // `Nyköping\n Sweden 65062`, `Ramskapelle Iraq`: another name and a number, or a country.
            if comma
                && let Some(country) = self.names(next, 3)
                && self.is_place(next, country)
            {
                let code = self.blank(country).and_then(|k| self.word(k)).filter(|w| w.digits && (4..=6).contains(&w.bytes.len()));
                return Some(code.map_or(country, |w| w.end));
            }
            if comma
                && let Some(country) = self.names(next, 3)
                && let Some(code) = self.blank(country).and_then(|k| self.word(k)).filter(|w| w.digits && (4..=6).contains(&w.bytes.len()))
            {
                return Some(code.end);
            }
            if let Some(code) = self.word(next).filter(|w| w.digits && (4..=6).contains(&w.bytes.len()) && !comma) {
                return Some(code.end);
            }
            if behind_unit && self.is_place(start, end) {
                return Some(end);
            }
        }
        None
    }

    /// `NY 12345`, `New York, 12345`, `NSW 2000`, `NY`: the end.
    fn state_and_code(&self, i: usize, alone: bool) -> Option<usize> {
        let w = self.word(i)?;
        let mut end = None;
        if words::state(w.bytes) {
            end = Some(w.end);
        } else if w.capital {
            let two = self.blank(w.end).and_then(|k| self.word(k)).map(|v| v.end);
            end = [two, Some(w.end)].into_iter().flatten().find(|e| words::state_name(&self.bytes[i..*e]));
        }
        let state = end?;
        let code = self.gap(state).and_then(|(k, _)| {
            let four = self.word(k).filter(|w| w.digits && w.bytes.len() == 4 && words::state(&self.bytes[i..state])).map(|w| w.end);
            self.zip(k).or_else(|| self.postcode(k)).or(four)
        });
        code.or((alone && words::state(w.bytes)).then_some(state))
    }

    /// Whether the last word up to `end` is a country, a state or a large city.
    fn is_place(&self, start: usize, end: usize) -> bool {
        let last = self.bytes[start..end].iter().rposition(|b| *b == b' ').map_or(start, |n| start + n + 1);
        super::names::is_place(&self.bytes[last..end])
    }

    /// Units and city behind a street that ends at `end`: the new end, and whether there was a unit, and a city.
    fn rest(&self, mut end: usize) -> (usize, bool, bool) {
        let mut unit = false;
        for _ in 0..2 {
            if let Some(e) = self.unit(end) {
                (end, unit) = (e, true);
            }
        }
        match self.city(end, unit) {
            Some(e) => (e, unit, true),
            None => (end, unit, false),
        }
    }
}

/// `l'Église`, `d'Italie` behind `rue de`: written small, and part of the name.
fn article(word: &[u8], kind_first: bool) -> bool {
    kind_first && word.len() > 2 && matches!(word[0], b'l' | b'd' | b'L' | b'D') && word[1] == b'\''
}

/// Words that lead to an address.
const LEADS: [&[u8]; 24] = [
    b"address",
    b"adress",
    b"adresse",
    b"direccion",
    b"indirizzo",
    b"adres",
    b"lives at",
    b"live at",
    b"lives in",
    b"living at",
    b"resides at",
    b"residing at",
    b"located at",
    b"ship to",
    b"deliver to",
    b"delivered to",
    b"sent to",
    b"send to",
    b"mail to",
    b"moved to",
    b"return to",
    b"location",
    b"residence",
    b"street",
];

/// Whether words that lead to an address stand shortly before `p`, with a few small ones between them.
fn led(bytes: &[u8], p: usize) -> bool {
    let from = p.saturating_sub(BACK);
    let before = bytes[from..p].trim_ascii_end();
    let before = before.strip_suffix(b":").unwrap_or(before);
    let before = before.strip_suffix(b" is").or(before.strip_suffix(b" at")).unwrap_or(before);
    LEADS
        .iter()
        .any(|l| before.len() >= l.len() && before[before.len() - l.len()..].eq_ignore_ascii_case(l) || ends_with_at(bytes, from, p, l))
}

/// `lives at` itself ends in "at".
fn ends_with_at(bytes: &[u8], from: usize, p: usize, lead: &[u8]) -> bool {
    let before = bytes[from..p].trim_ascii_end();
    before.len() >= lead.len() && before[before.len() - lead.len()..].eq_ignore_ascii_case(lead)
}

/// Whether an address may start at `p`: a number with a word behind it, a kind of street, a box. Never inside a word.
pub(super) fn may_start(bytes: &[u8], p: usize) -> bool {
    let Some(&b) = bytes.get(p) else { return false };
    if b.is_ascii_digit() {
        let n = bytes[p..].iter().take(7).take_while(|b| b.is_ascii_digit()).count();
        // `12 Main`, `12a Main`, `12-14 Main`, `12, rue`.
        let follows = |i: usize| {
            matches!(bytes.get(i), Some(b' ' | b',' | 0xc2))
                || matches!(bytes.get(i), Some(b'/' | b'-')) && bytes.get(i + 1).is_some_and(u8::is_ascii_digit)
        };
        let lettered = bytes.get(p + n).is_some_and(u8::is_ascii_alphabetic) && follows(p + n + 1);
        return n <= 6 && (follows(p + n) || lettered) && starts(bytes, p);
    }
    if letter(bytes, p) == 0 || !starts(bytes, p) {
        return false;
    }
    let parser = Parser { bytes, limit: bytes.len().min(p + AHEAD) };
    let Some(w) = parser.dotted(p) else { return false };
    let plain = w.bytes.strip_suffix(b".").unwrap_or(w.bytes);
    if matches!(b, b'P' | b'p' | b'A' | b'C' | b'c' | b'G') && parser.box_at(p).is_some() {
        return true;
    }
    if !is_capital(bytes, p) {
        return (b == b'u' || b == b'r' || b == b'v' || b == b'c') && words::first(w.bytes);
    }
    matches!(plain, b"PSC" | b"CMR" | b"Unit" | b"UNIT" | b"USS" | b"USNS" | b"USCGC")
        || words::first(w.bytes)
        || words::first(plain)
        || plain.len() >= 6 && (words::compound(plain) || words::compound(w.bytes))
        || b != b'T' && parser.blank(w.end).and_then(|k| parser.dotted(k)).is_some_and(|next| words::alone(next.bytes))
        || words::unit(w.bytes)
}

/// The end of the address that starts at `p` and its confidence.
pub(super) fn at(bytes: &[u8], p: usize) -> Option<(usize, f32)> {
    if !may_start(bytes, p) {
        return None;
    }
    let parser = Parser { bytes, limit: bytes.len().min(p + AHEAD) };
    let mut found = if bytes[p].is_ascii_digit() { number_first(&parser, p) } else { name_first(&parser, p) };
    if let Some((_, confidence)) = &mut found
        && led(bytes, p)
    {
        *confidence = 1.0 - (1.0 - *confidence) * 0.5;
    }
    found
}

/// How sure it is, from what was found.
fn confidence(base: f32, unit: bool, city: bool) -> f32 {
    let mut doubt = 1.0 - base;
    if unit {
        doubt *= 0.6;
    }
    if city {
        doubt *= 0.4;
    }
    1.0 - doubt
}

fn number_first(parser: &Parser<'_>, p: usize) -> Option<(usize, f32)> {
    let mut number = parser.number(p)?;
    // `12 bis, rue`.
    if let Some(w) = parser.blank(number).and_then(|k| parser.word(k)).filter(|w| matches!(w.bytes, b"bis" | b"ter")) {
        number = w.end;
    }
    let bytes = parser.bytes;
    let comma = bytes.get(number) == Some(&b',') && number < parser.limit;
    let name = parser.blank(number + usize::from(comma))?;
    if let Some((end, kind)) = parser.street(name) {
        // Behind `12,` only a kind of street that stands first.
        if comma && !parser.dotted(name).is_some_and(|w| words::first(w.bytes)) {
            return None;
        }
        // A number on both sides: `29 ul. Długa 12`.
        let again = if kind == Street::Strong { parser.blank(end).and_then(|k| parser.number(k).filter(|e| e - k <= 4)) } else { None };
        let (all, unit, city) = parser.rest(again.unwrap_or(end));
        let year = number - p == 4 && matches!(&bytes[p..p + 2], b"19" | b"20");
        let base = match (kind, year) {
            (Street::Strong, false) => 0.65,
            (Street::Strong, true) => 0.5,
            (_, false) => 0.3,
            (_, true) => 0.15,
        };
        // `5 Wall St closed`: a kind in two letters needs an end or more.
        return Some((all, confidence(base, unit, city)));
    }
    // A street without a kind: `05 Tacuarembo 2365 Apt. 825`, `12 Gralla Suite 617`.
    if comma {
        return None;
    }
    let mut end = parser.names(name, 4)?;
    let mut second = false;
    if let Some(n) = parser.blank(end).and_then(|k| parser.number(k)) {
        (end, second) = (n, true);
    }
    let (all, unit, city) = parser.rest(end);
    let base = if second { 0.25 } else { 0.1 };
    (unit || led(bytes, p)).then(|| (all, confidence(base, unit, city)))
}

fn name_first(parser: &Parser<'_>, p: usize) -> Option<(usize, f32)> {
    if let Some(end) = parser.box_at(p) {
        let (all, _, city) = parser.rest(end);
        return Some((all, confidence(0.65, false, city)));
    }
    if let Some(end) = parser.military(p) {
        return Some((end, 0.9));
    }
    if let Some(end) = parser.unit_at(p) {
        let w = parser.dotted(p)?;
        let sure = matches!(w.bytes, b"Apt." | b"Apt" | b"Suite" | b"Ste." | b"Ste" | b"Apartment");
        return sure.then_some((end, 0.45));
    }
    // Up to six words with a kind first, a compound, or a kind behind the name; then the number.
    let w = parser.dotted(p)?;
    let plain = w.bytes.strip_suffix(b".").unwrap_or(w.bytes);
    let (mut k, mut strong) = (p, false);
    let kind_first = words::first(w.bytes) || words::first(plain);
    let mut names = 0;
    for n in 0..6 {
        let Some(w) = parser.dotted(k) else { break };
        let plain = w.bytes.strip_suffix(b".").unwrap_or(w.bytes);
        if w.digits {
            break;
        }
        if words::compound(plain) || words::compound(w.bytes) || n > 0 && words::alone(w.bytes) {
            strong = true;
        } else if n > 0
            && !w.capital
            && !words::inner(w.bytes)
            && !article(w.bytes, kind_first)
            && !matches!(w.bytes, b"n" | b"nr" | b"no" | b"n." | b"nr." | b"no.")
        {
            return None;
        }
        names += usize::from(w.capital && !(n == 0 && kind_first));
        let mut next = w.end;
        if parser.bytes.get(next) == Some(&b',') && next < parser.limit {
            next += 1;
        }
        k = parser.blank(next)?;
        if parser.bytes[k..parser.limit].starts_with("n\u{ba} ".as_bytes()) {
            k += 4;
        }
        if strong {
            break;
        }
    }
    if names == 0 && !strong {
        return None;
    }
    let end = parser.number(k)?;
    if end - k > 5 && !parser.bytes[k..end].contains(&b'-') {
        return None;
    }
    let (all, unit, city) = parser.rest(end);
    let base = match w.bytes {
        _ if strong => 0.6,
        _ if !kind_first => return None,
        // Short words and those that are names or words of other languages as well.
        b"Al" | b"Place" | b"Square" | b"Avenue" | b"Ave" | b"Route" | b"Passage" | b"Ronda" | b"Via" | b"via" | b"Largo" | b"Plaza"
        | b"Boulevard" | b"Alameda" | b"Strada" | b"Estrada" | b"Carrera" => 0.45,
        _ => 0.6,
    };
    Some((all, confidence(base, unit, city)))
}

#[cfg(test)]
mod tests;
