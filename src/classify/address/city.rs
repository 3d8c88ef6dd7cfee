//! What follows a street: unit, city, state, postal code, country.

use super::parser::{Parser, Word};
use super::words;

impl Parser<'_> {
    /// `12345`, `12345-6789`: the end.
    pub fn zip(&self, i: usize) -> Option<usize> {
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
        if (1..=2).contains(&prefix) && self.bytes.get(k + prefix) == Some(&b'-') && k + prefix + 1 < self.limit {
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
        let apart = apart || self.is_dutch(start);
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

    /// Units and city behind a street that ends at `end`: the new end, and whether there was a unit, and a city.
    pub fn rest(&self, mut end: usize) -> (usize, bool, bool) {
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
