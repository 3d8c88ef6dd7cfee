//! Where does each person live? By the records of all their identifiers in current objects; where these say nothing, by those of versions
//! that are no longer current.
//!
//! The table `lives` holds per person in the order of their numbers the number of a *home*: what records say together; behind the number
//! of none, 0, for how many in turn. Homes are few; the row -1 lists them: whether current records say it (1) or earlier ones (0), how many places, and of each two letters (small ones: a country), percent,
//! basis.

use std::collections::HashMap;

use rusqlite::{Connection, params};

use super::error::IndexError;
use super::places::{read_varint, varint};
use super::postings;
use super::reader::blob;
use super::whose::{Numbering, Whose};
use crate::base::{Combinations, NOTHING};
use crate::law::{BASES, COUNTS};

const BROKEN: IndexError = IndexError::Damaged("where people live breaks off");

/// Bytes of a block; with its check sum it fills a page.
const BLOCK: usize = 8_000;

/// What records say of where somebody lives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Home {
    /// Whether records of current objects say it.
    pub current: bool,
    /// States by code, countries by theirs in small letters, each with the surest word: percent, what it rests on.
    pub said: Vec<([u8; 2], u8, &'static str)>,
}

impl Home {
    /// Takes another word; what earlier versions said counts where current records say nothing.
    fn hear(&mut self, current: bool, state: [u8; 2], percent: u8, basis: &'static str) {
        if self.current && !current {
            return;
        }
        if current && !self.current {
            *self = Home { current, said: Vec::new() };
        }
        match self.said.iter_mut().find(|s| s.0 == state) {
            Some(s) if surer((percent, basis), (s.1, s.2)) => (s.1, s.2) = (percent, basis),
            Some(_) => {}
            None => {
                self.said.push((state, percent, basis));
                self.said.sort_unstable();
            }
        }
    }

    /// What counts, the surest first: of two words that are as sure the one that rests on the better ground, then the first by its
    /// code.
    pub fn counting(&self) -> Vec<([u8; 2], u8, &'static str)> {
        let mut out: Vec<_> = self.said.iter().filter(|s| s.1 >= COUNTS).copied().collect();
        out.sort_by_key(|s| (std::cmp::Reverse(s.1), rank(s.2), s.0));
        out
    }

    /// The place that records say with most certainty.
    pub fn place(&self) -> Option<[u8; 2]> {
        self.counting().first().map(|s| s.0)
    }

    /// What records say of two who are one.
    pub fn and(&self, other: &Home) -> Home {
        let mut out = self.clone();
        other.said.iter().for_each(|(state, percent, basis)| out.hear(other.current, *state, *percent, basis));
        out
    }
}

fn rank(basis: &str) -> usize {
    BASES.iter().position(|b| *b == basis).unwrap_or(BASES.len())
}

fn surer(a: (u8, &str), b: (u8, &str)) -> bool {
    (a.0, rank(b.1)) > (b.0, rank(a.1))
}

/// By person, the number of their home; and all homes, the first of which is none.
pub(super) type Lives = (Vec<u32>, Vec<Home>);

/// Goes through all residences. `counts`: the condition that object `o` is current.
pub(super) fn work_out(conn: &Connection, counts: &str, numbering: &Numbering) -> Result<Lives, IndexError> {
    let mut lives = vec![NOTHING; numbering.len()];
    let mut homes: Combinations<Home> = Combinations::new();
    let mut facts: HashMap<(bool, [u8; 2], u8, &'static str), usize> = HashMap::new();
    for current in [true, false] {
        let objects = if current { counts.to_owned() } else { format!("o.published = 1 AND NOT ({counts})") };
        postings::residences(conn, &objects, &mut |segment, state, percent, basis, ordinals| {
            let start = numbering.start(segment)?;
            let next = facts.len();
            let fact = *facts.entry((current, state, percent, basis)).or_insert(next);
            for ordinal in ordinals {
                if let Whose::Alone(p) | Whose::Linked(p) = numbering.whose(start.saturating_add(*ordinal)) {
                    let at = &mut lives[p as usize];
                    *at = homes.step(*at, fact, |home| home.hear(current, state, percent, basis));
                }
            }
            Ok(())
        })?;
    }
    Ok((lives, homes.all().to_vec()))
}

/// Writes it.
pub(super) fn store(conn: &Connection, (lives, homes): &Lives) -> Result<(), IndexError> {
    let mut insert = conn.prepare("INSERT INTO lives VALUES (?1, ?2)")?;
    let mut data = Vec::with_capacity(BLOCK);
    for home in homes {
        data.push(u8::from(home.current));
        varint(home.said.len() as u64, &mut data);
        for (state, percent, basis) in &home.said {
            data.extend_from_slice(&[state[0], state[1], *percent, rank(basis) as u8]);
        }
    }
    insert.execute(params![-1, postings::seal(&data)])?;
    data.clear();
    let (mut first, mut person) = (0, 0);
    // PERF: of millions, records may tell of a few where they live.
    for same in lives.chunk_by(|a, b| *a == NOTHING && *b == NOTHING) {
        if data.len() + 10 > BLOCK {
            insert.execute(params![first, postings::seal(&data)])?;
            data.clear();
            first = person as i64;
        }
        varint(u64::from(same[0]), &mut data);
        if same[0] == NOTHING {
            varint(same.len() as u64, &mut data);
        }
        person += same.len();
    }
    if !data.is_empty() {
        insert.execute(params![first, postings::seal(&data)])?;
    }
    Ok(())
}

/// Reads it; for `len` people.
pub(super) fn load(conn: &Connection, len: usize) -> Result<Lives, IndexError> {
    let (mut lives, mut homes) = (Vec::with_capacity(len), Vec::new());
    let mut q = conn.prepare("SELECT first, data FROM lives ORDER BY first")?;
    let mut rows = q.query([])?;
    while let Some(r) = rows.next()? {
        let mut data = postings::unseal_checked(blob(r, 1)?)?;
        if r.get::<_, i64>(0)? == -1 {
            while let [current, rest @ ..] = data {
                data = rest;
                let n = read_varint(&mut data).ok_or(BROKEN)?;
                let mut said = Vec::new();
                for _ in 0..n {
                    let (&[a, b, percent, basis], rest) = data.split_first_chunk::<4>().ok_or(BROKEN)?;
                    data = rest;
                    said.push(([a, b], percent, *BASES.get(usize::from(basis)).ok_or(BROKEN)?));
                }
                homes.push(Home { current: *current == 1, said });
            }
            continue;
        }
        while let [a, rest @ ..] = data {
            let home = if *a < 0x80 {
                data = rest;
                u64::from(*a)
            } else {
                read_varint(&mut data).ok_or(BROKEN)?
            };
            let many = if home == u64::from(NOTHING) { read_varint(&mut data).ok_or(BROKEN)? } else { 1 };
            if home >= homes.len() as u64 || many > (len - lives.len()) as u64 {
                return Err(BROKEN);
            }
            match many {
                1 => lives.push(home as u32),
                _ => lives.resize(lives.len() + many as usize, home as u32),
            }
        }
    }
    if lives.len() != len || homes.is_empty() {
        return Err(BROKEN);
    }
    Ok((lives, homes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn current_records_go_before_earlier_ones() {
        let word = |current, state: &[u8; 2], percent| (current, *state, percent);
        let home = |words: &[(bool, [u8; 2], u8)]| {
            let mut out = Home::default();
            words.iter().for_each(|(c, s, p)| out.hear(*c, *s, *p, "zip"));
            out
        };
        for (words, current, said) in [
            (vec![word(true, b"CA", 95), word(true, b"NY", 98), word(true, b"CA", 70)], true, vec![(*b"CA", 95), (*b"NY", 98)]),
            (vec![word(false, b"CA", 95), word(true, b"NY", 70), word(false, b"TX", 98)], true, vec![(*b"NY", 70)]),
            (vec![word(false, b"TX", 70), word(false, b"TX", 98)], false, vec![(*b"TX", 98)]),
        ] {
            let h = home(&words);
            assert_eq!((h.current, h.said.iter().map(|s| (s.0, s.1)).collect::<Vec<_>>()), (current, said), "{words:?}");
        }
        let mut home_of = Home::default();
        for (place, percent, basis) in
            [(*b"CA", 70, "state!=zip"), (*b"NY", 70, "zip!=state"), (*b"TX", 70, "other address"), (*b"de", 60, "account")]
        {
            home_of.hear(true, place, percent, basis);
        }
        let order: Vec<_> = home_of.counting().iter().map(|c| c.0).collect();
        assert_eq!((order, home_of.place()), (vec![*b"NY", *b"CA", *b"TX"], Some(*b"NY")), "what a ZIP code says goes first");
        let (now, before) = (home(&[word(true, b"CA", 95)]), home(&[word(false, b"NY", 95)]));
        assert_eq!((now.and(&before), before.and(&now)), (now.clone(), now));
    }
}
