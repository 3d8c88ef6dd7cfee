//! Facts of expressions as bytes: the build makes them, a start reads them.

use std::collections::BTreeSet;

use super::automaton::Automaton;
use super::facts::{ByteSet, Facts, Follow, PREFIX, RUN};

/// Facts by expression, as bytes that the build makes and a start reads.
pub struct Store<'a> {
    bytes: &'a [u8],
}

/// A number that tells expressions apart (FNV-1a, 64 bits).
fn number_of(expression: &str) -> u64 {
    expression.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

impl<'a> Store<'a> {
    /// Of what [`Store::make`] made.
    pub fn new(bytes: &'a [u8]) -> Store<'a> {
        Store { bytes }
    }

    /// The facts of all these expressions; those that cannot be read are left out.
    pub fn make(expressions: &BTreeSet<String>) -> Vec<u8> {
        let mut entries = Vec::new();
        for e in expressions {
            if let Ok(facts) = Facts::of(e) {
                let mut out = Vec::new();
                put(&mut out, &(e.len() as u32).to_le_bytes());
                put(&mut out, e.as_bytes());
                facts.write(&mut out);
                entries.push((number_of(e), out));
            }
        }
        entries.sort();
        entries.dedup_by_key(|e| e.0);
        // Number of entries; then number and place of each; then the entries.
        let mut all = (entries.len() as u64).to_le_bytes().to_vec();
        let mut at = 8 + 16 * entries.len() as u64;
        for (number, out) in &entries {
            put(&mut all, &number.to_le_bytes());
            put(&mut all, &at.to_le_bytes());
            at += out.len() as u64;
        }
        entries.iter().for_each(|(_, out)| put(&mut all, out));
        all
    }

    /// The facts of an expression, if they are kept.
    pub fn get(&self, expression: &str) -> Option<Facts> {
        let word = |at: usize| Some(u64::from_le_bytes(self.bytes.get(at..at + 8)?.try_into().ok()?));
        let (mut low, mut high) = (0, word(0)? as usize);
        let wanted = number_of(expression);
        while low < high {
            let middle = (low + high) / 2;
            match word(8 + 16 * middle)?.cmp(&wanted) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => {
                    let mut r = Reader(self.bytes.get(word(16 + 16 * middle)? as usize..)?);
                    let len = r.u32()? as usize;
                    return if r.take(len)? == expression.as_bytes() { Facts::read(&mut r) } else { None };
                }
            }
        }
        None
    }
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(bytes);
}

pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(head)
    }

    pub fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|b| b[0])
    }

    pub fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn set(&mut self) -> Option<ByteSet> {
        let mut set = ByteSet::default();
        for w in &mut set.0 {
            *w = u64::from_le_bytes(self.take(8)?.try_into().ok()?);
        }
        Some(set)
    }
}

impl Facts {
    fn write(&self, out: &mut Vec<u8>) {
        for n in [self.min_len, self.max_len, self.lead, self.before_at.map_or(0, |b| b + 1)] {
            put(out, &(n as u32).to_le_bytes());
        }
        put(out, &[u8::from(self.is_short), u8::from(self.has_pair), u8::from(self.digits_only)]);
        // Most sets are the same: each is written once.
        let all: Vec<ByteSet> =
            self.prefix.iter().chain([&self.loose, &self.before]).copied().chain(self.follows.iter().map(|f| f.bytes)).collect();
        let mut distinct: Vec<ByteSet> = Vec::new();
        let numbers: Vec<u8> = all
            .iter()
            .map(|s| {
                let at = distinct.iter().position(|d| d == s).unwrap_or_else(|| {
                    distinct.push(*s);
                    distinct.len() - 1
                });
                at as u8
            })
            .collect();
        put(out, &[distinct.len() as u8]);
        distinct.iter().flat_map(|d| d.0).for_each(|w| put(out, &w.to_le_bytes()));
        put(out, &numbers);
        self.follows.iter().for_each(|f| out.push(u8::from(f.end)));
        match &self.automaton {
            Some(a) => a.write(out),
            None => put(out, &0u32.to_le_bytes()),
        }
    }

    fn read(r: &mut Reader<'_>) -> Option<Facts> {
        let [min_len, max_len, lead, back] = [r.u32()?, r.u32()?, r.u32()?, r.u32()?].map(|n| n as usize);
        let (is_short, has_pair, digits_only) = (r.u8()? != 0, r.u8()? != 0, r.u8()? != 0);
        let count = r.u8()?;
        let distinct: Vec<ByteSet> = (0..count).map(|_| r.set()).collect::<Option<_>>()?;
        let mut next = || distinct.get(usize::from(r.u8()?)).copied();
        let mut prefix = [ByteSet::default(); PREFIX];
        for p in &mut prefix {
            *p = next()?;
        }
        let (loose, before) = (next()?, next()?);
        let mut follows = Box::new([Follow::default(); RUN + 1]);
        for f in follows.iter_mut() {
            f.bytes = next()?;
        }
        for f in follows.iter_mut() {
            f.end = r.u8()? != 0;
        }
        let before_at = back.checked_sub(1);
        let automaton = Automaton::read(r)?;
        Some(Facts { min_len, max_len, prefix, follows, loose, lead, is_short, has_pair, before_at, before, digits_only, automaton })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_kept() {
        let all = ["[a-z]{2}@x", "[0-9]{3}-[0-9]{2}", "a(?:[ab]{0,12}b){3}", "(?:a[ab]{0,12}b){3}", "(", "::[0-9a-f]{1,4}"];
        let bytes = Store::make(&all.iter().map(|e| (*e).to_owned()).collect());
        let store = Store::new(&bytes);
        for e in all {
            let (kept, fresh) = (store.get(e), Facts::of(e));
            assert_eq!(kept.is_some(), fresh.is_ok(), "{e}");
            let (Some(kept), Ok(fresh)) = (kept, fresh) else { continue };
            let mut both = [Vec::new(), Vec::new()];
            kept.write(&mut both[0]);
            fresh.write(&mut both[1]);
            assert_eq!(both[0], both[1], "{e}");
        }
        assert!(store.get("[0-9]{3}-[0-9]{3}").is_none());
        for n in 0..bytes.len() {
            // What is cut short is not read, and nothing panics.
            let cut = Store::new(&bytes[..n]);
            all.iter().for_each(|e| drop(cut.get(e)));
        }
    }
}
