//! Postings that wait to become a segment.
//!
//! They lie apart by the first bits of the identifiers' hashes, 24 bytes each: what most say besides is one number, and what they have
//! in common (object, shape) is said once.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use rusqlite::Connection;

use super::hands::in_order;
use super::items::{BESIDE, LINK, ONE, PROTECTED, RESIDENCE, SIGHTINGS, encode, number, shape_of, take};
use super::part::{Part, PartBuilder};
use super::waiting::{Bucket, Waiting};
use super::{Builder, Identified, NO_CONSUMER, Shapes};
use crate::base::NumberHasher;
use crate::identity::{Hasher, IdHash};
use crate::index::IndexError;
use crate::index::entries::Entry;
use crate::index::places::varint;

/// What is the same of many.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::index) struct Kind {
    pub object: i64,
    /// As in `items`.
    tag: u8,
    /// Whether what is not the same lies apart.
    long: bool,
    /// The number of the identifiers' classifier if they are themselves seen and strong, else 0.
    class: u16,
    /// Shape, or the body as a number.
    said: u64,
}

/// Places by the first bits of a hash.
const BUCKETS: usize = 256;

/// Postings of a part, about: many for each list that they are on, and few beside all that wait.
const MANY: usize = 1 << 18;

const TOO_MANY: IndexError = IndexError::Damaged("too many postings wait");

/// Postings, apart by the first bits of their hashes.
#[derive(Default)]
pub(in crate::index) struct Spool {
    buckets: Vec<Bucket>,
    waiting: usize,
    /// Kinds by number, and their numbers.
    kinds: Vec<Kind>,
    numbers: HashMap<Kind, u32, BuildHasherDefault<NumberHasher>>,
    /// Bodies that are longer than a number, each behind its length.
    long: Vec<u8>,
}

impl Spool {
    /// Bytes that are held.
    pub fn weight(&self) -> usize {
        self.long.len() + self.waiting * size_of::<Waiting>() + self.kinds.len() * 3 * size_of::<Kind>()
    }

    /// The number of sightings of this shape, one row each. `class`: the number of their classifier if they are themselves
    /// identifiers and strong, else 0.
    pub fn rows(&mut self, object: i64, class: u16, shape: u64) -> Result<u32, IndexError> {
        self.kind(Kind { object, tag: ONE, long: false, class, said: shape })
    }

    /// The number of a record that joins identifiers of a classifier (strong ones: they are what links are made of) with others.
    pub fn links(&mut self, object: i64, class: u16) -> Result<u32, IndexError> {
        self.kind(Kind { object, tag: LINK, long: false, class, said: 0 })
    }

    /// Adds a row, or a link, of a kind that [`Spool::rows`] or [`Spool::links`] has numbered.
    pub fn push(&mut self, hash: IdHash, kind: u32, what: u64) -> Result<(), IndexError> {
        if let Ok(what) = u32::try_from(what) {
            self.put(hash, kind, what);
            return Ok(());
        }
        let kind = self.kind(Kind { long: true, ..self.kinds[kind as usize] })?;
        let mut body = Vec::new();
        varint(what, &mut body);
        let at = self.store(&body)?;
        self.put(hash, kind, at);
        Ok(())
    }

    /// Adds what an object says about an identifier. `class` as for [`Spool::rows`].
    pub fn add(
        &mut self,
        conn: &Connection,
        shapes: &Shapes,
        hash: IdHash,
        class: u16,
        object: i64,
        entry: &Entry,
    ) -> Result<(), IndexError> {
        let mut all = Vec::with_capacity(32);
        let shape = shape_of(entry).map_or(Ok(0), |s| shapes.number(conn, s))?;
        let tag = encode(entry, shape, &mut all);
        let body = &mut &all[..];
        let kind = Kind { object, tag, long: false, class, said: shape };
        match tag {
            ONE => {
                number(body)?;
                let (kind, row) = (self.kind(kind)?, number(body)?);
                self.push(hash, kind, row)
            }
            LINK => {
                let (kind, link) = (self.kind(kind)?, number(body)?);
                self.push(hash, kind, link)
            }
            RESIDENCE => {
                let kind = self.kind(Kind { said: u64::from(u32::from_le_bytes(take(body)?)), ..kind })?;
                self.put(hash, kind, 0);
                Ok(())
            }
            PROTECTED => {
                let (classifier, [how]) = (number(body)?, take(body)?);
                let kind = self.kind(Kind { said: classifier << 8 | u64::from(how), ..kind })?;
                self.put(hash, kind, 0);
                Ok(())
            }
            _ => {
                if tag == SIGHTINGS {
                    number(body)?;
                }
                let (kind, at) = (self.kind(Kind { long: true, ..kind })?, self.store(body)?);
                self.put(hash, kind, at);
                Ok(())
            }
        }
    }

    fn kind(&mut self, kind: Kind) -> Result<u32, IndexError> {
        if let Some(n) = self.numbers.get(&kind) {
            return Ok(*n);
        }
        let n = u32::try_from(self.kinds.len()).map_err(|_| TOO_MANY)?;
        self.kinds.push(kind);
        self.numbers.insert(kind, n);
        Ok(n)
    }

    fn store(&mut self, body: &[u8]) -> Result<u32, IndexError> {
        let at = u32::try_from(self.long.len()).map_err(|_| TOO_MANY)?;
        varint(body.len() as u64, &mut self.long);
        self.long.extend_from_slice(body);
        Ok(at)
    }

    fn put(&mut self, hash: IdHash, kind: u32, what: u32) {
        if self.buckets.is_empty() {
            self.buckets.resize_with(BUCKETS, Bucket::default);
        }
        let n = u128::from_be_bytes(hash.0);
        self.buckets[usize::from(hash.0[0])].push(Waiting { high: (n >> 64) as u64, low: n as u64, kind, what });
        self.waiting += 1;
    }

    /// Takes an object's postings out.
    pub fn forget(&mut self, object: i64) {
        let kinds = &self.kinds;
        self.buckets.iter_mut().for_each(|b| b.retain(|w| kinds[w.kind as usize].object != object));
        self.waiting = self.buckets.iter().map(Bucket::len).sum();
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting
    }

    /// Writes all that waits as a segment of the run; the spool is empty then.
    pub fn write(&mut self, conn: &Connection, hasher: &Hasher, run: i64) -> Result<(), IndexError> {
        if self.waiting == 0 {
            // What was taken out again has left its kinds and long bodies.
            *self = Spool::default();
            return Ok(());
        }
        let (ready, buckets) = self.close();
        let mut builder = Builder::new(conn, run, ready.base)?;
        let mut left = buckets.0.into_iter().filter(|b| b.len() > 0).peekable();
        let mut next = || {
            let (mut some, mut n) = (Vec::new(), 0);
            while let Some(bucket) = left.next_if(|b| n == 0 || n + b.len() <= MANY) {
                n += bucket.len();
                some.push(bucket);
            }
            Ok((n > 0).then_some(some))
        };
        let make = |some| {
            let mut part = ready.part(some, PartBuilder::new(ready.base))?;
            Identified::name(&mut part.dictionary, hasher);
            Ok::<_, IndexError>(part)
        };
        in_order(&mut next, &make, &mut |part| builder.add(part?))?;
        builder.finish()
    }

    /// Takes all that waits out, to be put in order.
    pub(super) fn close(&mut self) -> (Ready, Buckets) {
        let Spool { buckets, kinds, long, .. } = std::mem::take(self);
        // In the order of objects; the same whatever the order in which they came.
        let mut order: Vec<u32> = (0..kinds.len() as u32).collect();
        order.sort_unstable_by_key(|n| kinds[*n as usize]);
        let mut ranks = vec![0u32; kinds.len()];
        (0u32..).zip(&order).for_each(|(rank, n)| ranks[*n as usize] = rank);
        let kinds: Vec<Kind> = order.iter().map(|n| kinds[*n as usize]).collect();
        let base = kinds.first().map_or(0, |k| k.object);
        (Ready { base, kinds, ranks, long }, Buckets(buckets))
    }
}

/// What waits, by the first bits of the hashes.
#[derive(Default)]
pub(super) struct Buckets(Vec<Bucket>);

impl Buckets {
    /// How many wait.
    pub fn len(&self) -> u64 {
        self.0.iter().map(|b| b.len() as u64).sum()
    }

    /// Takes out all below this hash; `None`: all that is left.
    pub fn until(&mut self, end: Option<u128>) -> Vec<Bucket> {
        let whole = end.map_or(BUCKETS, |end| (end >> (128 - BUCKETS.ilog2())) as usize);
        let mut some: Vec<Bucket> = self.0.iter_mut().take(whole).map(std::mem::take).collect();
        some.extend(end.and_then(|end| Some(self.0.get_mut(whole)?.below(end))));
        some.retain(|b| b.len() > 0);
        some
    }
}

/// What is needed to make parts of what waits.
pub(super) struct Ready {
    /// No object has a number below it.
    pub base: i64,
    /// Kinds in their order, and the place of each in it by number.
    kinds: Vec<Kind>,
    ranks: Vec<u32>,
    long: Vec<u8>,
}

impl Ready {
    /// What waits in these buckets, by a builder that counts from the same object. Nobody has a consumer yet.
    pub fn part(&self, buckets: Vec<Bucket>, mut builder: PartBuilder) -> Result<Part, IndexError> {
        // By kind, the list of the part; none where lists are not wanted.
        let mut lists = vec![u32::MAX; if builder.is_listed() { self.kinds.len() } else { 0 }];
        let mut rows: Vec<(u64, u64)> = Vec::new();
        for bucket in buckets {
            let bucket = bucket.sorted(&self.ranks);
            for same in bucket.chunk_by(|a, b| (a.high, a.low) == (b.high, b.low)) {
                let mut class = 0;
                for like in same.chunk_by(|a, b| a.kind == b.kind) {
                    let kind = &self.kinds[like[0].kind as usize];
                    if class == 0 {
                        class = kind.class;
                    }
                    self.like(kind, like, &mut builder, &mut lists, &mut rows)?;
                }
                let hash = IdHash((u128::from(same[0].high) << 64 | u128::from(same[0].low)).to_be_bytes());
                builder.end(&Identified { hash, class, consumer: NO_CONSUMER })?;
            }
        }
        Ok(builder.finish())
    }

    /// Writes what one object says of an identifier in one way.
    fn like(
        &self,
        kind: &Kind,
        like: &[Waiting],
        builder: &mut PartBuilder,
        lists: &mut [u32],
        rows: &mut Vec<(u64, u64)>,
    ) -> Result<(), IndexError> {
        let Kind { object, tag, said, .. } = *kind;
        let mut list = |builder: &mut PartBuilder, tag: u8, count: Option<u64>| {
            // Counts are told in lists of their own.
            if let Some(count) = count {
                let list = builder.list((object, tag, said));
                builder.enlist_counted(list, count);
                return;
            }
            let Some(number) = lists.get_mut(like[0].kind as usize) else { return };
            if *number == u32::MAX {
                *number = builder.list((object, tag, said));
            }
            builder.enlist(*number);
        };
        match tag {
            ONE if like.len() > 1 && !kind.long => {
                rows.clear();
                for w in like {
                    let row = u64::from(w.what);
                    match rows.last_mut() {
                        Some(last) if row <= last.1 => last.1 = row + 1,
                        _ => rows.push((row, row + 1)),
                    }
                }
                let out = builder.item(object, SIGHTINGS);
                varint(said, out);
                varint(like.len() as u64, out);
                varint(rows.len() as u64, out);
                crate::index::places::encode_ranges(rows, out);
                list(builder, SIGHTINGS, Some(like.len() as u64));
            }
            ONE => {
                for w in like {
                    let out = builder.item(object, ONE);
                    varint(said, out);
                    match kind.long {
                        true => out.extend_from_slice(self.long(w)?),
                        false => varint(u64::from(w.what), out),
                    }
                    list(builder, ONE, None);
                }
            }
            SIGHTINGS => {
                for w in like {
                    let body = self.long(w)?;
                    let count = number(&mut &body[..])?;
                    let out = builder.item(object, SIGHTINGS);
                    varint(said, out);
                    out.extend_from_slice(body);
                    match count {
                        1 => list(builder, ONE, None),
                        n => list(builder, SIGHTINGS, Some(n)),
                    }
                }
            }
            LINK if !kind.long => like.iter().for_each(|w| varint(u64::from(w.what), builder.item(object, LINK))),
            // A thousand rows may say the same about a residence; once is enough.
            RESIDENCE => {
                builder.item(object, tag).extend_from_slice(&(said as u32).to_le_bytes());
                list(builder, tag, None);
            }
            PROTECTED => {
                let out = builder.item(object, tag);
                varint(said >> 8, out);
                out.push(said as u8);
                list(builder, tag, None);
            }
            _ => {
                let mut last: &[u8] = &[];
                for w in like {
                    let body = self.long(w)?;
                    if tag != BESIDE || body != last {
                        builder.item(object, tag).extend_from_slice(body);
                    }
                    last = body;
                }
            }
        }
        Ok(())
    }

    /// The body that lies apart.
    fn long(&self, w: &Waiting) -> Result<&[u8], IndexError> {
        let mut rest = self.long.get(w.what as usize..).unwrap_or_default();
        let length = number(&mut rest)? as usize;
        rest.get(..length).ok_or(IndexError::Damaged("a posting that waits breaks off"))
    }
}
