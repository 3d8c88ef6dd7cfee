//! Where does each person live? By the records of all their identifiers in current objects; where these say nothing, by those of versions
//! that are no longer current.
//!
//! The table `lives` holds per person in the order of their numbers the number of a *home*: what records say together; behind the number
//! of none, 0, for how many in turn. Homes are few; the row -1 lists them: whether current records say it (1) or earlier ones (0), how many places, and of each two letters (small ones: a country), percent,
//! basis.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::error::IndexError;
use super::places::{read_varint, varint};
use super::postings;
use super::reader::blob;
use super::whose::{Numbering, Whose};
use crate::base::{Combinations, NOTHING};
use crate::law::{BASES, COUNTS};

const BROKEN: IndexError = IndexError::Damaged("where people live breaks off");

/// Bytes of a block; with its check sum it fills a page.
const BLOCK: usize = if cfg!(test) { 16 } else { 8_000 };

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

/// What a record says of where somebody lives: state, percent, basis.
pub(super) type Saying = ([u8; 2], u8, &'static str);

/// Homes of people as they are heard of, each home once.
#[derive(Default)]
pub(super) struct Hearing {
    homes: Combinations<Home>,
    facts: HashMap<(bool, Saying), usize>,
}

impl Hearing {
    /// The number of a saying; `current`: whether its object is.
    fn fact(&mut self, current: bool, saying: Saying) -> usize {
        let next = self.facts.len();
        *self.facts.entry((current, saying)).or_insert(next)
    }

    #[inline]
    fn step(&mut self, home: u32, fact: usize, current: bool, (state, percent, basis): Saying) -> u32 {
        self.homes.step(home, fact, |home| home.hear(current, state, percent, basis))
    }

    /// The home of somebody who had that of this number, and of whom a record says another thing.
    pub fn hear(&mut self, home: u32, current: bool, saying: Saying) -> u32 {
        let fact = self.fact(current, saying);
        self.step(home, fact, current, saying)
    }

    /// All homes by number; the first is none.
    pub fn homes(&self) -> &[Home] {
        self.homes.all()
    }
}

/// Goes through all residences. `counts`: the condition that object `o` is current.
pub(super) fn work_out(conn: &Connection, counts: &str, numbering: &Numbering) -> Result<Lives, IndexError> {
    let (mut lives, mut homes) = (vec![NOTHING; numbering.len()], Hearing::default());
    for current in [true, false] {
        let objects = if current { counts.to_owned() } else { format!("o.published = 1 AND NOT ({counts})") };
        postings::residences(conn, &objects, &mut |segment, state, percent, basis, ordinals| {
            let (start, saying) = (numbering.start(segment)?, (state, percent, basis));
            // PERF: what all of a list have in common is looked up once.
            let fact = homes.fact(current, saying);
            for ordinal in ordinals {
                if let Whose::Alone(p) | Whose::Linked(p) = numbering.whose(start.saturating_add(*ordinal)) {
                    let at = &mut lives[p as usize];
                    *at = homes.step(*at, fact, current, saying);
                }
            }
            Ok(())
        })?;
    }
    Ok((lives, homes.homes().to_vec()))
}

/// Homes by number, one after the other, each with how many people in turn have it: only of none may these be many.
type Runs = Vec<(u32, u32)>;

fn push(runs: &mut Runs, home: u32, many: u32) {
    match runs.last_mut().filter(|last| last.0 == NOTHING && home == NOTHING) {
        Some(last) => last.1 = last.1.saturating_add(many),
        None if many > 0 => runs.push((home, many)),
        None => {}
    }
}

/// Writes it.
pub(super) fn store(conn: &Connection, (lives, homes): &Lives) -> Result<(), IndexError> {
    write_homes(conn, homes)?;
    // PERF: of millions, records may tell of a few where they live.
    write_rows(conn, 0, lives.chunk_by(|a, b| *a == NOTHING && *b == NOTHING).map(|same| (same[0], same.len() as u32)))
}

fn write_homes(conn: &Connection, homes: &[Home]) -> Result<(), IndexError> {
    let mut data = Vec::new();
    for home in homes {
        data.push(u8::from(home.current));
        varint(home.said.len() as u64, &mut data);
        for (state, percent, basis) in &home.said {
            data.extend_from_slice(&[state[0], state[1], *percent, rank(basis) as u8]);
        }
    }
    conn.execute("INSERT OR REPLACE INTO lives VALUES (-1, ?1)", [postings::seal(&data)])?;
    Ok(())
}

fn homes_of(mut data: &[u8]) -> Result<Vec<Home>, IndexError> {
    let mut homes = Vec::new();
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
    Ok(homes)
}

/// Writes the homes of people from number `first` on.
fn write_rows(conn: &Connection, mut first: u32, runs: impl Iterator<Item = (u32, u32)>) -> Result<(), IndexError> {
    let mut insert = conn.prepare_cached("INSERT INTO lives VALUES (?1, ?2)")?;
    let (mut data, mut person) = (Vec::with_capacity(BLOCK), first);
    for (home, many) in runs {
        if data.len() + 10 > BLOCK {
            insert.execute(params![first, postings::seal(&data)])?;
            data.clear();
            first = person;
        }
        varint(u64::from(home), &mut data);
        if home == NOTHING {
            varint(u64::from(many), &mut data);
        }
        person += many;
    }
    if !data.is_empty() {
        insert.execute(params![first, postings::seal(&data)])?;
    }
    Ok(())
}

/// Calls `each` with the homes of a row, and how many people in turn have each.
fn each_run(mut data: &[u8], each: &mut dyn FnMut(u32, u32) -> Result<(), IndexError>) -> Result<(), IndexError> {
    while let [a, rest @ ..] = data {
        let home = if *a < 0x80 {
            data = rest;
            u64::from(*a)
        } else {
            read_varint(&mut data).ok_or(BROKEN)?
        };
        let many = if home == u64::from(NOTHING) { read_varint(&mut data).ok_or(BROKEN)? } else { 1 };
        each(u32::try_from(home).map_err(|_| BROKEN)?, u32::try_from(many).map_err(|_| BROKEN)?)?;
    }
    Ok(())
}

/// Reads it; for `len` people.
pub(super) fn load(conn: &Connection, len: usize) -> Result<Lives, IndexError> {
    let (mut lives, mut homes) = (Vec::with_capacity(len), Vec::new());
    let mut q = conn.prepare("SELECT first, data FROM lives ORDER BY first")?;
    let mut rows = q.query([])?;
    while let Some(r) = rows.next()? {
        let data = postings::unseal_checked(blob(r, 1)?)?;
        if r.get::<_, i64>(0)? == -1 {
            homes = homes_of(data)?;
            continue;
        }
        each_run(data, &mut |home, many| {
            if home as usize >= homes.len() || many as usize > len - lives.len() {
                return Err(BROKEN);
            }
            lives.resize(lives.len() + many as usize, home);
            Ok(())
        })?;
    }
    if lives.len() != len || homes.is_empty() {
        return Err(BROKEN);
    }
    Ok((lives, homes))
}

/// Sets the homes, by their number in `heard`, of people by number, ascending: all from number `from` on are told, others keep theirs.
/// A home that nobody has any more stays until all is written anew.
pub(super) fn change(conn: &Connection, from: u32, told: &[(u32, u32)], heard: &[Home]) -> Result<(), IndexError> {
    let stored: Vec<u8> = conn.query_row("SELECT data FROM lives WHERE first = -1", [], |r| r.get(0)).optional()?.ok_or(BROKEN)?;
    let mut homes = homes_of(postings::unseal_checked(&stored)?)?;
    let mut numbers: HashMap<Home, u32> = homes.iter().cloned().zip(0..).collect();
    let known = homes.len();
    let number = |home: &Home| {
        *numbers.entry(home.clone()).or_insert_with(|| {
            homes.push(home.clone());
            homes.len() as u32 - 1
        })
    };
    let number: Vec<u32> = heard.iter().map(number).collect();
    if homes.len() > known {
        write_homes(conn, &homes)?;
    }
    let (mut kept, new) = told.split_at(told.partition_point(|t| t.0 < from));
    while let Some((person, _)) = kept.first() {
        let (first, runs) = row(conn, *person)?.ok_or(BROKEN)?;
        let next = "SELECT first FROM lives WHERE first > ?1 ORDER BY first LIMIT 1";
        let until: Option<u32> = conn.prepare_cached(next)?.query_row([first], |r| r.get(0)).optional()?;
        let (here, rest) = kept.split_at(until.map_or(kept.len(), |until| kept.partition_point(|t| t.0 < until)));
        kept = rest;
        let (mut after, mut at, mut here) = (Runs::new(), first, here.iter().peekable());
        for (home, many) in &runs {
            let end = at.checked_add(*many).ok_or(BROKEN)?;
            while let Some((person, told)) = here.next_if(|t| t.0 < end) {
                push(&mut after, *home, person.checked_sub(at).ok_or(BROKEN)?);
                push(&mut after, number[*told as usize], 1);
                at = person + 1;
            }
            push(&mut after, *home, end - at);
            at = end;
        }
        if here.next().is_some() {
            return Err(BROKEN);
        }
        if after != runs {
            conn.prepare_cached("DELETE FROM lives WHERE first = ?1")?.execute([first])?;
            write_rows(conn, first, after.into_iter())?;
        }
    }
    // What lies behind goes, and with it the last row that stays: the first of the others may stand in it.
    let (mut first, mut runs) = (0, Runs::new());
    if let Some((start, stays)) = from.checked_sub(1).map(|last| row(conn, last)).transpose()?.flatten() {
        first = start;
        let mut left = from - start;
        for (home, many) in stays {
            push(&mut runs, home, many.min(left));
            left -= many.min(left);
        }
        if left > 0 {
            return Err(BROKEN);
        }
    }
    new.iter().for_each(|(_, told)| push(&mut runs, number[*told as usize], 1));
    conn.prepare_cached("DELETE FROM lives WHERE first >= ?1")?.execute([first])?;
    write_rows(conn, first, runs.into_iter())
}

/// The row in which a person stands: the number of the first, and their homes.
fn row(conn: &Connection, person: u32) -> Result<Option<(u32, Runs)>, IndexError> {
    let sql = "SELECT first, data FROM lives WHERE first BETWEEN 0 AND ?1 ORDER BY first DESC LIMIT 1";
    let found: Option<(u32, Vec<u8>)> = conn.prepare_cached(sql)?.query_row([person], |r| Ok((r.get(0)?, r.get(1)?))).optional()?;
    let Some((first, stored)) = found else { return Ok(None) };
    let mut runs = Runs::new();
    each_run(postings::unseal_checked(&stored)?, &mut |home, many| {
        push(&mut runs, home, many);
        Ok(())
    })?;
    Ok(Some((first, runs)))
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
