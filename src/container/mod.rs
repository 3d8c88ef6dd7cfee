//! Compressed streams and archives to the bytes of their members, with limits that guard against bombs.
//!
//! Takes an [`Input`], gives another whose bytes are the decompressed ones, or an [`Archive`] that gives one after the
//! other. Recognises by magic bytes, by a name only what has none and can be decoded. Knows no format of data, no source,
//! no classifier.
//!
//! A decoder hands out everything it could decode before it reports what broke, so that a truncated or damaged stream
//! still gives its good part.

mod brotli;
mod bzip2;
mod checked;
mod deflate;
mod deflate64;
mod gaps;
mod gzip;
mod lz4;
mod lzma;
mod pictures;
mod ppmd;
mod sevenzip;
mod snappy;
mod stream;
mod tar;
mod workbook;
mod zip;
mod zip_records;
mod zip_strays;
mod zstd;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::base::{Error, Input, PeekInput, Reason, Result, SpillLimits};

/// Guards against streams that unpack to more than anybody meant.
#[derive(Clone, Debug)]
pub struct Limits {
    /// How many layers of compression and archives may lie in one another.
    pub depth: u32,
    /// How many decoded bytes one stored byte may give, on the average of the whole stream so far.
    pub ratio: u64,
    /// The ratio is not looked at before so many bytes were decoded.
    pub ratio_after: u64,
    /// The most decoded bytes of one member; `None` for no such limit.
    pub member_bytes: Option<u64>,
    /// The most members of one object, nested ones among them.
    pub members: u64,
    /// The same ratio holds for all layers of an object together, after so many decoded bytes.
    pub total_after: u64,
    /// Where an archive lies that has to be read from its end and comes as a stream.
    pub spill: SpillLimits,
    /// What the object that is being read has given so far; [`Limits::for_object`] starts it anew.
    budget: Arc<Budget>,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            depth: 10,
            ratio: 1000,
            ratio_after: 16 << 20,
            member_bytes: None,
            members: 1_000_000,
            total_after: 1 << 30,
            spill: SpillLimits::default(),
            budget: Arc::default(),
        }
    }
}

/// What one object has given, all its layers and members together.
#[derive(Debug, Default)]
struct Budget {
    stored: u64,
    decoded: AtomicU64,
    members: AtomicU64,
}

impl Limits {
    /// The same limits for an object of `stored` bytes (0: unknown, and then only each stream's own ratio counts).
    pub fn for_object(&self, stored: u64) -> Limits {
        Limits { budget: Arc::new(Budget { stored, ..Budget::default() }), ..self.clone() }
    }

    /// Counts decoded bytes of any layer.
    fn decoded(&self, bytes: u64) -> Result<()> {
        let all = self.budget.decoded.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        let most = self.total_after.max(self.budget.stored.saturating_mul(self.ratio));
        if self.budget.stored > 0 && all > most {
            return Err(Error::new(Reason::ExpansionLimit, format!("all layers of the object together give more than {most} bytes")));
        }
        Ok(())
    }

    /// Counts a member of an archive.
    fn member(&self) -> Result<()> {
        if self.budget.members.fetch_add(1, Ordering::Relaxed) >= self.members {
            return Err(Error::new(Reason::ExpansionLimit, format!("more than {} members", self.members)));
        }
        Ok(())
    }
}

/// One file of an archive.
pub struct Member {
    /// Its path in the archive. PRIVACY: as it stands there; it may be personal data.
    pub name: String,
    /// Its bytes, or why there are none. To be read before the next member is asked for.
    pub content: Result<Box<dyn Input>>,
    /// The cells in it are read with the whole ([`Content::Document`]): only what stands beside them is left.
    pub cells_are_read: bool,
}

/// What bytes of an archive are called that belong to no file of it.
const STRAY: &str = "(bytes without a member)";

/// Gives the files of an archive one after the other; folders, links and devices are none.
pub trait Archive: Send {
    /// Which kind: `zip`, `7z`, `tar`.
    fn kind(&self) -> &'static str;

    /// The next file; `None` at the end.
    ///
    /// # Errors
    /// What ended the archive before its end. Nothing follows.
    fn next_member(&mut self) -> Result<Option<Member>>;

    /// Nothing came of the whole ([`Content::Document`]): its reader's parts are to be given as well.
    fn give_all(&mut self) {}
}

/// What an object holds.
pub enum Content {
    /// Bytes of some format; with random access where nothing was compressed or it lies in memory.
    Plain(PeekInput),
    /// Files.
    Archive(Box<dyn Archive>),
    /// An office document that has to be read as a whole, and its parts that such a reader leaves out.
    Document(PeekInput, Box<dyn Archive>),
}

/// The innermost bytes of an object.
pub struct Opened {
    /// What they are.
    pub content: Content,
    /// The layers that were taken off, outermost first: `["gzip"]`.
    pub layers: Vec<&'static str>,
}

/// One kind of container.
struct Kind {
    name: &'static str,
    matches: fn(&[u8]) -> bool,
    open: Open,
}

enum Open {
    Stream(fn(Box<dyn Input>, &Limits) -> Result<Box<dyn Input>>),
    Archive(fn(PeekInput, &Limits) -> Result<Content>),
}

/// Every container that is read. Adding one: its file, and its line here.
const KINDS: &[Kind] = &[
    Kind { name: "gzip", matches: gzip::matches, open: Open::Stream(gzip::decode) },
    Kind { name: "zstd", matches: zstd::matches, open: Open::Stream(zstd::decode) },
    Kind { name: "bzip2", matches: bzip2::matches, open: Open::Stream(bzip2::decode) },
    Kind { name: "xz", matches: lzma::matches_xz, open: Open::Stream(lzma::decode_xz) },
    Kind { name: "lzma", matches: lzma::matches_alone, open: Open::Stream(lzma::decode_alone) },
    Kind { name: "lz4", matches: lz4::matches, open: Open::Stream(lz4::decode) },
    Kind { name: "snappy", matches: snappy::matches_framed, open: Open::Stream(snappy::decode_framed) },
    Kind { name: "hadoop-snappy", matches: snappy::matches_hadoop, open: Open::Stream(snappy::decode_hadoop) },
    Kind { name: "zip", matches: zip::matches, open: Open::Archive(zip::open) },
    Kind { name: "7z", matches: sevenzip::matches, open: Open::Archive(sevenzip::open) },
    Kind { name: "tar", matches: tar::matches, open: Open::Archive(tar::open) },
];

/// What a name alone tells.
const BROTLI: Kind = Kind { name: "brotli", matches: |_| false, open: Open::Stream(brotli::decode) };

/// How many bytes the magic numbers need: the head of a tar archive.
const MAGIC_BYTES: usize = 512;

/// Takes off all layers of compression that are recognised by their first bytes, up to the first archive; what is not
/// compressed passes through with its random access kept. `above`: how many layers and archives lie around it already.
///
/// # Errors
/// `nesting_limit` where more than `limits.depth` layers lie in one another; what an archive's directory has wrong with
/// it. Errors of the data itself come later, after the bytes that are good.
pub fn open(input: Box<dyn Input>, above: u32, limits: &Limits) -> Result<Opened> {
    open_named(input, "", above, limits)
}

/// The same for a file of this name, which tells what has no magic bytes: brotli (`.br`).
///
/// # Errors
/// Those of [`open`].
pub fn open_named(input: Box<dyn Input>, name: &str, above: u32, limits: &Limits) -> Result<Opened> {
    let too_deep = || Error::new(Reason::NestingLimit, format!("more than {} layers of compression or archives", limits.depth));
    // Files within files that are no archives (mails in mails) count, too.
    if above > limits.depth {
        return Err(too_deep());
    }
    let mut input = PeekInput::new(input);
    let mut layers = Vec::new();
    loop {
        let head = input.peek(MAGIC_BYTES);
        let by_name = || layers.is_empty() && brotli::matches(name, head);
        let Some(kind) = KINDS.iter().find(|k| (k.matches)(head)).or_else(|| by_name().then_some(&BROTLI)) else {
            return Ok(Opened { content: Content::Plain(input), layers });
        };
        if layers.len() as u64 + u64::from(above) >= u64::from(limits.depth) {
            return Err(too_deep());
        }
        layers.push(kind.name);
        match kind.open {
            Open::Stream(decode) => input = PeekInput::new(decode(Box::new(input), limits)?),
            Open::Archive(open) => return Ok(Opened { content: open(input, limits)?, layers }),
        }
    }
}

#[cfg(test)]
mod tests;
