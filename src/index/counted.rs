//! How many people are there? Counted at the end of a run, so that the map of millions of them is read and not worked out.
//!
//! The table `counted` holds one stream of varints in blocks: the number in all; then three lists (by field, by dataset, by classifier):
//! how many, and of each `distance to the number before`, people; then, of how many datasets it is known where people live, and of each
//! `distance to the number before`, how many states, and of each two letters (zeros: not known) and people. The row -1 says how many
//! bytes the stream has.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, OptionalExtension, params};

use super::answers::ConsumerCounts;
use super::distinct::Counting;
use super::error::IndexError;
use super::places::{read_varint, varint};
use super::postings;
use super::reader::{Reader, blob};
use super::recount::Change;
use super::{renumber, whose};

const TABLES: &str = include_str!("counted.sql");

const BROKEN: IndexError = IndexError::Damaged("how many people there are breaks off");

/// Bytes of a block; with its check sum it fills a page.
const BLOCK: usize = 8_000;

/// Creates the table where it is missing.
pub(super) fn tables(conn: &Connection) -> Result<(), IndexError> {
    Ok(conn.execute_batch(TABLES)?)
}

/// What was counted holds no more.
pub(super) fn outdated(conn: &Connection) -> Result<(), IndexError> {
    conn.prepare_cached("DELETE FROM counted")?.execute([])?;
    Ok(())
}

/// Writes whose all identifiers are, and how many people there are, as far as it is outdated: what a run has changed, where that is known
/// and is not too much.
pub(super) fn store(conn: &Connection, change: Option<Change>) -> Result<(), IndexError> {
    postings::store_ways(conn)?;
    if let Some(change) = change
        && !whose::is_stored(conn)?
    {
        match (renumber::store(conn, &change), change.counts) {
            (Ok(true), Some(counts)) => return write(conn, &counts),
            // What is derived can be derived again.
            (Ok(_) | Err(IndexError::Damaged(_)), _) => {}
            (Err(e), _) => return Err(e),
        }
    }
    let new = whose::store(conn)?;
    if conn.query_row("SELECT count(*) > 0 FROM counted WHERE part = -1", [], |r| r.get::<_, bool>(0))? {
        return Ok(());
    }
    let numbering = new.map_or_else(|| whose::known(conn), Ok)?;
    let counting = Counting { conn, objects: whose::CURRENT, numbering: &numbering, counts_in: &|_, _| true };
    write(conn, &counting.work_out()?)
}

fn write(conn: &Connection, counts: &ConsumerCounts) -> Result<(), IndexError> {
    outdated(conn)?;
    let data = encode(counts);
    let mut insert = conn.prepare("INSERT INTO counted VALUES (?1, ?2)")?;
    for (part, block) in (0i64..).zip(data.chunks(BLOCK)) {
        insert.execute(params![part, postings::seal(block)])?;
    }
    let mut length = Vec::new();
    varint(data.len() as u64, &mut length);
    insert.execute(params![-1, postings::seal(&length)])?;
    Ok(())
}

/// What was stored; `None` if nothing is, or what is there was published since.
pub(super) fn load(conn: &Connection) -> Result<Option<ConsumerCounts>, IndexError> {
    if !conn.query_row("SELECT count(*) = 0 FROM unsettled", [], |r| r.get::<_, bool>(0))? {
        return Ok(None);
    }
    let length = conn.query_row("SELECT data FROM counted WHERE part = -1", [], |r| r.get::<_, Vec<u8>>(0)).optional()?;
    let Some(length) = length else { return Ok(None) };
    let length = read_varint(&mut postings::unseal_checked(&length)?).ok_or(BROKEN)?;
    let (mut data, mut next) = (Vec::new(), 0);
    let mut q = conn.prepare("SELECT part, data FROM counted WHERE part >= 0 ORDER BY part")?;
    let mut rows = q.query([])?;
    while let Some(r) = rows.next()? {
        if r.get::<_, i64>(0)? != next {
            return Err(BROKEN);
        }
        next += 1;
        data.extend_from_slice(postings::unseal_checked(blob(r, 1)?)?);
    }
    if data.len() as u64 != length {
        return Err(BROKEN);
    }
    decode(&data).map(Some).ok_or(BROKEN)
}

fn encode(c: &ConsumerCounts) -> Vec<u8> {
    let mut out = Vec::new();
    varint(c.all, &mut out);
    for list in [&c.by_field, &c.by_dataset, &c.by_classifier] {
        varint(list.len() as u64, &mut out);
        let mut last = 0;
        for (id, n) in list.iter().collect::<BTreeMap<_, _>>() {
            varint((id - last) as u64, &mut out);
            varint(*n, &mut out);
            last = *id;
        }
    }
    varint(c.lives.len() as u64, &mut out);
    let mut last = 0;
    for (id, states) in c.lives.iter().collect::<BTreeMap<_, _>>() {
        varint((id - last) as u64, &mut out);
        varint(states.len() as u64, &mut out);
        for (state, n) in states {
            out.extend_from_slice(&state.unwrap_or_default());
            varint(*n, &mut out);
        }
        last = *id;
    }
    out
}

/// `None` for bytes that [`encode`] cannot have written.
fn decode(mut data: &[u8]) -> Option<ConsumerCounts> {
    let data = &mut data;
    let id = |last: &mut i64, data: &mut &[u8]| {
        *last = last.checked_add(i64::try_from(read_varint(data)?).ok()?)?;
        Some(*last)
    };
    let list = |data: &mut &[u8]| -> Option<HashMap<i64, u64>> {
        let (mut out, mut last) = (HashMap::new(), 0);
        for _ in 0..read_varint(data)? {
            out.insert(id(&mut last, data)?, read_varint(data)?);
        }
        Some(out)
    };
    let all = read_varint(data)?;
    let (by_field, by_dataset, by_classifier) = (list(data)?, list(data)?, list(data)?);
    let (mut lives, mut last) = (HashMap::new(), 0);
    for _ in 0..read_varint(data)? {
        let dataset = id(&mut last, data)?;
        let mut states = Vec::new();
        for _ in 0..read_varint(data)? {
            let (state, rest) = data.split_first_chunk::<2>()?;
            *data = rest;
            states.push(((*state != [0, 0]).then_some(*state), read_varint(data)?));
        }
        lives.insert(dataset, states);
    }
    data.is_empty().then_some(ConsumerCounts { by_field, by_dataset, by_classifier, all, lives })
}

impl Reader {
    /// What the end of the newest run has counted; `None` if it does not hold for what this reader is asked (a moment in the past, findings
    /// that are left out), or is not there. What is derived can be derived again: what is damaged is as if it were not there.
    pub fn stored_counts(&self) -> Result<Option<ConsumerCounts>, IndexError> {
        if self.then().is_some() || !self.left_out.is_empty() {
            return Ok(None);
        }
        match load(&self.conn) {
            Err(IndexError::Damaged(_)) => Ok(None),
            other => other,
        }
    }

    /// Whether what is stored of [`Reader::consumer_counts`] is what going through all people gives.
    pub(super) fn counts_hold(&self) -> Result<bool, IndexError> {
        let holds = |stored| self.count_consumers().is_ok_and(|n| n == stored);
        match load(&self.conn) {
            Ok(stored) => Ok(stored.is_none_or(holds)),
            Err(IndexError::Damaged(_)) => Ok(false),
            Err(e) => Err(e),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn counts_come_back() {
        let list = |from: i64| (from..from + 300).step_by(7).map(|id| (id, (id * id) as u64)).collect::<HashMap<_, _>>();
        let lives = HashMap::from([(3, vec![(None, 5), (Some(*b"CA"), 700)]), (9, vec![(Some(*b"NY"), 1)])]);
        let all = ConsumerCounts { by_field: list(1), by_dataset: list(40), by_classifier: HashMap::new(), all: 1 << 40, lives };
        let data = encode(&all);
        assert_eq!(decode(&data), Some(all));
        assert!((0..data.len()).all(|n| decode(&data[..n]).is_none()), "what breaks off is noticed");
        assert_eq!(decode(&[&data[..], &[0]].concat()), None);
        assert_eq!(decode(&encode(&ConsumerCounts::default())), Some(ConsumerCounts::default()));
    }

    proptest! {
        #[test]
        fn hostile_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = decode(&bytes);
        }
    }
}
