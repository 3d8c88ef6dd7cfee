//! Who is who, as stored: identifiers that are not simply a consumer of their own, and the consumers of several.

use rusqlite::Connection;

use super::answers::Owner;
use super::error::IndexError;
use super::packed::{Cursor, Packed, packed};
use crate::identity::{ConsumerId, IdHash};

/// By identifier: 8 bytes of its consumer where records join it with others; nothing where it is nobody's in particular.
const STANDING: Packed = packed!("standing", 16);

/// By consumer: its identifiers, 16 bytes each, in order.
const CONSUMER: Packed = packed!("consumer", 8);

fn owner(value: &[u8]) -> Result<Owner, IndexError> {
    match value {
        [] => Ok(Owner::Several),
        _ => Ok(Owner::Linked(ConsumerId(value.try_into().map_err(|_| IndexError::Damaged("a consumer has a name of another length"))?))),
    }
}

/// Whom an identifier names that is linked or shared.
pub(super) fn standing(conn: &Connection, id: IdHash) -> Result<Option<Owner>, IndexError> {
    STANDING.get(conn, &id.0)?.map(|v| owner(&v)).transpose()
}

/// The same for one who asks about many, in the order of their hashes.
pub(super) fn standing_next(conn: &Connection, cursor: &mut Cursor, id: IdHash) -> Result<Option<Owner>, IndexError> {
    STANDING.get_next(conn, cursor, &id.0)?.map(owner).transpose()
}

/// All of them, one after the other, in the order of their hashes.
pub(super) struct Standings<'c> {
    conn: &'c Connection,
    /// The first and the last hash of the block that is gone through.
    first: Vec<u8>,
    last: Vec<u8>,
    block: std::vec::IntoIter<(IdHash, Owner)>,
}

impl<'c> Standings<'c> {
    pub fn new(conn: &'c Connection) -> Standings<'c> {
        Standings { conn, first: Vec::new(), last: Vec::new(), block: Vec::new().into_iter() }
    }

    /// The next; `None` behind the last. An error for a block that is not what was written.
    pub fn step(&mut self) -> Result<Option<(IdHash, Owner)>, IndexError> {
        loop {
            if let Some(next) = self.block.next() {
                return Ok(Some(next));
            }
            let Some((first, stored)) = STANDING.after(self.conn, &self.first)? else { return Ok(None) };
            let (block, last) = of_block(&self.last, &first, &stored)?;
            (self.first, self.last, self.block) = (first, last, block.into_iter());
        }
    }
}

/// Calls `each` with all of them, in the order of their hashes.
pub(super) fn each_standing(conn: &Connection, each: &mut dyn FnMut(IdHash, Owner)) -> Result<(), IndexError> {
    let mut all = Standings::new(conn);
    while let Some((id, owner)) = all.step()? {
        each(id, owner);
    }
    Ok(())
}

/// The entries of a stored block with this first key behind the key `before`, and the last key.
pub(super) fn of_block(before: &[u8], first: &[u8], stored: &[u8]) -> Result<(Vec<(IdHash, Owner)>, Vec<u8>), IndexError> {
    let (mut out, mut bad) = (Vec::new(), None);
    let last = STANDING.of_block(before, first, stored, &mut |key, value| match (key.try_into(), owner(value)) {
        (Ok(id), Ok(owner)) => out.push((IdHash(id), owner)),
        (_, damaged) => bad = damaged.err(),
    })?;
    bad.map_or(Ok((out, last)), Err)
}

/// What is stored of an identifier. PERF: there are millions, and none needs room of its own.
struct Value {
    consumer: [u8; 8],
    length: usize,
}

impl AsRef<[u8]> for Value {
    fn as_ref(&self) -> &[u8] {
        &self.consumer[..self.length]
    }
}

/// Writes what changed, in the order of the hashes; who is a consumer of its own, or nobody, has no entry.
pub(super) fn change_standings(conn: &Connection, changes: &[(IdHash, Option<Owner>)]) -> Result<(), IndexError> {
    let value = |owner: &Option<Owner>| match owner {
        None | Some(Owner::Alone(_)) => None,
        Some(Owner::Linked(c)) => Some(Value { consumer: c.0, length: 8 }),
        Some(Owner::Several) => Some(Value { consumer: [0; 8], length: 0 }),
    };
    STANDING.change(conn, changes.iter().map(|(id, owner)| (id.0, value(owner))))
}

/// The identifiers of a consumer of several, ordered.
pub(super) fn members(conn: &Connection, consumer: ConsumerId) -> Result<Option<Vec<IdHash>>, IndexError> {
    Ok(CONSUMER.get(conn, &consumer.0)?.map(|m| m.as_chunks::<16>().0.iter().map(|m| IdHash(*m)).collect()))
}

/// Calls `each` with the identifiers of a consumer, for one who asks about many, ordered.
pub(super) fn members_next(
    conn: &Connection,
    cursor: &mut Cursor,
    consumer: ConsumerId,
    each: &mut dyn FnMut(IdHash),
) -> Result<(), IndexError> {
    let members = CONSUMER.get_next(conn, cursor, &consumer.0)?.unwrap_or_default();
    members.as_chunks::<16>().0.iter().for_each(|m| each(IdHash(*m)));
    Ok(())
}

/// Calls `each` with the consumers of several identifiers, ordered, and the bytes of these.
pub(super) fn each_consumer(conn: &Connection, each: &mut dyn FnMut(ConsumerId, &[[u8; 16]])) -> Result<(), IndexError> {
    CONSUMER.each(conn, &mut |key, value| {
        if let Ok(id) = key.try_into() {
            each(ConsumerId(id), value.as_chunks::<16>().0);
        }
    })
}

/// Writes consumers, ordered; `None` removes one.
pub(super) fn change_consumers(conn: &Connection, changes: &[(ConsumerId, Option<&[IdHash]>)]) -> Result<(), IndexError> {
    let bytes = |members: &[IdHash]| {
        let mut out = Vec::with_capacity(16 * members.len());
        members.iter().for_each(|m| out.extend_from_slice(&m.0));
        out
    };
    CONSUMER.change(conn, changes.iter().map(|(id, members)| (id.0, members.map(bytes))))
}
