//! What follows a street: unit, city, state, postal code, country.

use std::sync::LazyLock;

use super::parser::{BOXES, Parser, Word};
use super::words;

/// City, state, code and country behind a street.
#[derive(Clone, Copy, Debug)]
struct Tail {
    end: usize,
    /// A postal code is part of it.
    coded: bool,
}

/// What follows a street.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rest {
    /// Where the address ends.
    pub end: usize,
    /// It has a flat, a suite, a box.
    pub unit: bool,
    /// It has a city, a state or a country.
    pub city: bool,
    /// And a postal code with it.
    pub coded: bool,
}

impl Parser<'_> {
    /// `12345`, `12345-6789`, in Brazil `01310-100`: the end.
    pub fn zip(&self, i: usize) -> Option<usize> {
        let w = self.word(i)?;
        let parted = matches!(w.bytes.len(), 9 | 10) && w.bytes[5] == b'-';
        (w.digits && (w.bytes.len() == 5 || parted)).then_some(w.end)
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

    /// `D02 X285`: the end.
    fn eircode(&self, i: usize) -> Option<usize> {
        let a = self.word(i).filter(|w| w.bytes.len() == 3)?;
        let b = self.word(self.blank(a.end)?).filter(|w| w.bytes.len() == 4)?;
        let routing = a.bytes[0].is_ascii_uppercase() && a.bytes[1].is_ascii_digit() && matches!(a.bytes[2], b'0'..=b'9' | b'W');
        let unique = b.bytes.iter().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()) && b.bytes.iter().any(u8::is_ascii_digit);
        (routing && unique && b.bytes[0].is_ascii_uppercase()).then_some(b.end)
    }

    /// `LV-1010`, `CH-8001`: the letters of a country before the code of a place: the end.
    fn lettered(&self, i: usize) -> Option<usize> {
        let w = self.word(i)?;
        let letters = w.bytes.iter().take_while(|b| b.is_ascii_uppercase()).count();
        let code = w.bytes.get(letters..)?.strip_prefix(b"-")?;
        ((1..=2).contains(&letters) && (4..=6).contains(&code.len()) && code.iter().all(u8::is_ascii_digit)).then_some(w.end)
    }

    /// A postal code and a city: `75001 Paris`, `D-10115 Berlin`, `1017 AB Amsterdam`, `114 32 Stockholm`.
    fn code_and_city(&self, i: usize) -> Option<usize> {
        let mut k = i;
        let w = self.word(k)?;
        // `D-10115`: the country's letters.
        let prefix = w.bytes.iter().take_while(|b| b.is_ascii_uppercase()).count();
        if (1..=2).contains(&prefix) && self.bytes.get(k + prefix) == Some(&b'-') && k + prefix + 1 < self.limit {
            k += prefix + 1;
        }
        let code = self.word(k)?;
        let digits = code.bytes.len();
        // `1250-096 Lisboa`.
        let parted = digits == 8 && code.bytes[4] == b'-';
        if !code.digits || !(3..=6).contains(&digits) && !parted {
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

    /// What may follow a street: city, state, postal code, country, `more` quarters or towns before the city. Only what is sure.
    fn city(&self, i: usize, behind_unit: bool, more: usize) -> Option<Tail> {
        let (start, apart) = self.gap(i)?;
        let apart = apart || self.is_dutch(start);
        if let Some(end) = self.postcode(start).or_else(|| if apart { self.code_and_city(start) } else { None }) {
            let coded = !self.is_year(start);
            // `1017 AB Amsterdam, Netherlands`.
            let country = self.gap(end).filter(|g| g.1).and_then(|(k, _)| self.country(k));
            return Some(Tail { end: country.unwrap_or(end), coded });
        }
        if let Some(end) = self.state_and_code(start, true) {
            return Some(Tail { end, coded: self.bytes[end - 1].is_ascii_digit() });
        }
        // Each end of a city's name that is possible, the longest first: `Fort Worth TX`.
        let (mut ends, mut n, mut k) = ([0; 5], 0, start);
        while n < ends.len() {
            let from = if n == 0 { start } else { k };
            // `Rio de Janeiro`.
            let inner = self.word(from).filter(|w| n > 0 && words::inner(w.bytes)).and_then(|w| self.blank(w.end));
            let Some(end) = self.names(inner.unwrap_or(from), 1) else { break };
            ends[n] = end;
            n += 1;
            match self.blank(end) {
                Some(next) => k = next,
                None => break,
            }
        }
        for &end in ends[..n].iter().rev() {
            // `Praha 2`: the number of a district.
            let district = self.blank(end).and_then(|k| self.word(k)).filter(|w| w.digits && w.bytes.len() <= 2).map(|w| w.end);
            for end in district.into_iter().chain([end]) {
                let Some((next, comma)) = self.gap(end) else { continue };
                if let Some(tail) = self.behind_city(next, comma) {
                    return Some(tail);
                }
                // `Cowley, Oxford OX4 1AA`.
                if comma
                    && more > 0
                    && let Some(tail) = self.city(end, false, more - 1).filter(|t| t.coded)
                {
                    return Some(tail);
                }
            }
            // `Dublin 2`; `Larnaca Cyprus`.
            if let Some(end) = district.filter(|_| apart && self.is_place(start, end)) {
                return Some(Tail { end, coded: false });
            }
            if behind_unit && (self.is_place(start, end) || self.ends_with_country(start, end)) {
                return Some(Tail { end, coded: false });
            }
        }
        None
    }

    /// What stands at `next` behind a city's name: region, country and code, in the orders that are usual.
    fn behind_city(&self, next: usize, comma: bool) -> Option<Tail> {
        let coded = |end| Tail { end, coded: true };
        let found = self
            .state_and_code(next, comma)
            .map(|end| Tail { end, coded: self.bytes[end - 1].is_ascii_digit() })
            .or_else(|| self.postcode(next).or_else(|| self.eircode(next)).or_else(|| self.lettered(next)).map(coded))
            .or_else(|| if comma { self.code_and_city(next).map(|end| Tail { end, coded: !self.is_year(next) }) } else { None })
            .or_else(|| if comma { self.region_and_code(next) } else { None });
        if let Some(tail) = found {
            // `..., ON K1A 0A2, Canada`.
            let country = self.gap(tail.end).filter(|g| g.1).and_then(|(k, _)| self.country(k));
            return Some(country.map_or(tail, |end| Tail { end, ..tail }));
        }
        if comma {
            // `Nyköping\n Sweden 65062`: another name and a number, or a country.
            let country = self.country(next).or_else(|| self.names(next, 3).filter(|end| self.is_place(next, *end)));
            let any = country.or_else(|| self.names(next, 3));
            if let Some(end) = any.and_then(|end| self.code_behind(end)) {
                return Some(coded(end));
            }
            return country.map(|end| Tail { end, coded: false });
        }
        self.code(next).map(coded)
    }

    /// A postal code of four to six digits behind a blank.
    fn code_behind(&self, end: usize) -> Option<usize> {
        self.code(self.blank(end)?)
    }

    /// A postal code of four to six digits that is no year: the end.
    fn code(&self, i: usize) -> Option<usize> {
        let code = self.word(i).filter(|w| w.digits && (4..=6).contains(&w.bytes.len()))?;
        (!self.is_year(i)).then_some(code.end)
    }

    /// Whether a year of our time stands at `i`, which may be a postal code as well.
    pub fn is_year(&self, i: usize) -> bool {
        let year =
            |w: &Word<'_>| w.bytes.len() == 4 && (w.bytes.starts_with(b"19") || matches!(&w.bytes[..3], b"200" | b"201" | b"202" | b"203"));
        self.word(i).is_some_and(|w| w.digits && year(&w))
    }

    /// The short name of a region, then a code, perhaps the country between them: `VR 12412`, `il 62701`, `RS\n Brazil 95828`.
    fn region_and_code(&self, i: usize) -> Option<Tail> {
        let w = self.word(i)?;
        let short = w.bytes.len() <= 3 && w.bytes.is_ascii() && !words::small(w.bytes) && !words::inner(w.bytes);
        if !short || !w.bytes[0].is_ascii_alphanumeric() {
            return None;
        }
        let (next, apart) = self.gap(w.end)?;
        if let Some(country) = self.country(next) {
            let end = self.code_behind(country);
            return (apart || end.is_some()).then(|| Tail { end: end.unwrap_or(country), coded: end.is_some() });
        }
        // `May 2019` is no region.
        let least = if w.bytes.iter().all(u8::is_ascii_uppercase) { 4 } else { 5 };
        self.code(next).or_else(|| self.zip(next)).filter(|end| end - next >= least).map(|end| Tail { end, coded: true })
    }

    /// A country's name of up to five words: where it ends.
    fn country(&self, i: usize) -> Option<usize> {
        let (mut k, mut found) = (i, None);
        for n in 0..5 {
            let Some(w) = self.dotted(k) else { break };
            if w.digits || n == 0 && !w.capital {
                break;
            }
            let plain = k + w.bytes.strip_suffix(b".").unwrap_or(w.bytes).len();
            found = [w.end, plain].into_iter().find(|e| words::country(&self.bytes[i..*e])).or(found);
            match self.blank(w.end) {
                Some(next) => k = next,
                None => break,
            }
        }
        found
    }

    /// Whether the last words of these names are a country.
    fn ends_with_country(&self, start: usize, end: usize) -> bool {
        (start..end).any(|k| k > start && self.bytes[k - 1] == b' ' && words::country(&self.bytes[k..end]))
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

    /// Whether a Dutch postal code stands at `i`: `1017 AB`.
    fn is_dutch(&self, i: usize) -> bool {
        let letters = |w: Word<'_>| w.bytes.len() == 2 && w.bytes.iter().all(u8::is_ascii_uppercase);
        let code = self.word(i).filter(|w| w.digits && w.bytes.len() == 4);
        code.and_then(|w| self.word(self.blank(w.end)?)).is_some_and(letters)
    }

    /// Whether the last word up to `end` is a country, a state or a large city.
    fn is_place(&self, start: usize, end: usize) -> bool {
        let last = self.bytes[start..end].iter().rposition(|b| *b == b' ').map_or(start, |n| start + n + 1);
        super::super::names::is_place(&self.bytes[last..end])
    }

    /// What follows a street that ends at `end`; between them the name of another where a unit and a city follow that.
    pub fn rest_or_more(&self, end: usize) -> Rest {
        let rest = self.rest(end);
        if rest.unit || rest.city {
            return rest;
        }
        let more = self.blank(end).and_then(|k| self.street(k)).map(|(end, _)| self.rest(end));
        more.filter(|r| r.unit && r.city).unwrap_or(rest)
    }

    /// Whether a unit or a city may stand behind `end`: a cheap look before [`Parser::rest`].
    pub fn may_follow(&self, end: usize) -> bool {
        static SMALL: LazyLock<u32> = LazyLock::new(|| {
            let words = words::units().chain(BOXES).filter(|w| w[0].is_ascii_alphabetic());
            words.fold(0, |m, w| m | 1 << (w[0] & 31))
        });
        self.gap(end).is_some_and(|(k, _)| match self.bytes[k] {
            b if b.is_ascii_lowercase() => *SMALL >> (b & 31) & 1 != 0,
            b'#' => true,
            b => b.is_ascii_alphanumeric() || !b.is_ascii(),
        })
    }

    /// Units and city behind a street that ends at `end`: the new end, and whether there was a unit, and a city.
    pub fn rest(&self, mut end: usize) -> Rest {
        let mut unit = false;
        for _ in 0..2 {
            if let Some(e) = self.unit(end) {
                (end, unit) = (e, true);
            }
        }
        match self.city(end, unit, 2) {
            Some(tail) => Rest { end: tail.end, unit, city: true, coded: tail.coded },
            None => Rest { end, unit, city: false, coded: false },
        }
    }
}
