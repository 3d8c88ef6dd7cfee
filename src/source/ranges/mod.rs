//! Objects read by ranges over a network that fails, whatever the store: a body that breaks in the middle is resumed from
//! the last good byte, attempts go on as long as there is progress, a connection that trickles is replaced.
//!
//! A store gives one request ([`Ranged::ask`]); everything else is here.

mod part;
mod read;
mod spare;
mod stream;

use std::future::Future;
use std::ops::Range;
use std::pin::{Pin, pin};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::time::{Instant, Sleep, sleep};

use super::Options;
use super::attempts::{Attempts, Failed};
use super::hand::Hand;
use super::pace::Slot;
use crate::base::{Reason, Result};

pub(super) use stream::open;

/// Bytes that count as progress, so that a server that gives a byte a connection does not hold us for ever.
const PROGRESS: usize = 64 << 10;

/// An object of at most so many bytes is asked for as a whole again when its body breaks, because a rest has no check sum.
const SMALL: u64 = 1 << 20;
/// How often that is done before the rest is asked for all the same: bytes without a check sum are better than none.
const ANEW: u32 = 2;

/// One version of one object, of a known size.
pub(super) trait Ranged: Send + Sync + 'static {
    /// What an answer's bytes come in.
    type Body: Chunks;

    /// As listed.
    fn size(&self) -> u64;

    fn options(&self) -> &Options;

    /// Whether answers come through one connection, so that one that is left unread stops the others.
    fn shares_connections(&self) -> bool {
        false
    }

    /// The same with connections that the hand alone has; `None` where connections cannot be told to be somebody's.
    fn on(&self, _: &Hand) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }

    /// Waits until one request more may be sent; `None` where nothing limits them.
    fn turn(&self) -> impl Future<Output = Option<Slot<'_>>> + Send {
        async { None }
    }

    /// One request for a range; for an empty range the object is asked for all the same. The answer is of the listed version
    /// and starts where the range does ([`check`]), else this fails.
    fn ask(&self, range: Range<u64>) -> impl Future<Output = Result<Self::Body, Failed>> + Send;
}

/// The body of an answer.
pub(super) trait Chunks: Send {
    /// The next bytes; `None` at the end.
    fn next(&mut self) -> impl Future<Output = Option<Result<Bytes, Broken>>> + Send;

    /// Whether a check sum of the whole object came with the answer: [`Chunks::next`] fails at the end with [`Broken::Sum`] if the
    /// bytes are not the ones that were stored.
    fn checked(&self) -> bool {
        false
    }
}

/// Why there are no more bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// The connection broke.
    Connection,
    /// All bytes came, and they do not fit their check sum.
    Sum,
}

impl From<Broken> for Failed {
    fn from(broken: Broken) -> Failed {
        Failed::again(match broken {
            Broken::Connection => "the connection broke",
            Broken::Sum => "the bytes do not fit the check sum that the store keeps of them",
        })
    }
}

/// Where the bytes of a range go, as they come.
trait Sink: Send + Sync {
    /// How many came.
    fn len(&self) -> usize;

    /// Waits until there is room for more.
    fn room(&mut self) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// Takes the next bytes, for which the connection was waited for so long.
    fn put(&mut self, chunk: Bytes, waited: Duration);

    /// How long nobody was there to receive anything, in all up to now.
    fn away(&self) -> Duration {
        Duration::ZERO
    }

    /// Lets go of what came; `false`: it was handed on already, and this is for good.
    fn forget(&mut self) -> bool;
}

impl Sink for BytesMut {
    fn len(&self) -> usize {
        BytesMut::len(self)
    }

    fn put(&mut self, chunk: Bytes, _: Duration) {
        self.extend_from_slice(&chunk);
    }

    fn forget(&mut self) -> bool {
        self.clear();
        true
    }
}

/// The bytes of a range that lies within the object, in one piece.
///
/// Memory: the range, once. Time: bounded by attempts, stall and backoff of the options.
async fn fetch<T: Ranged>(target: &T, range: Range<u64>) -> Result<Bytes> {
    let want = (range.end - range.start) as usize;
    let mut got = spare::take(want);
    fill(target, range, &mut got).await?;
    let bytes = got.split().freeze();
    spare::keep(got, want);
    Ok(bytes)
}

/// The bytes of a range that lies within the object, into a sink that has none yet. Where this fails, what came before is good.
async fn fill<T: Ranged>(target: &T, range: Range<u64>, sink: &mut impl Sink) -> Result<()> {
    let want = (range.end - range.start) as usize;
    let options = target.options();
    let mut attempts = Attempts::new(options);
    let (mut counted, mut anew) = (0, 0);
    let last = range.end == target.size();
    // PERF: one timer for all; to put it off costs no lock.
    let mut watch = pin!(sleep(options.stall));
    loop {
        // What arrived is not asked for again.
        let missing = range.start + sink.len() as u64..range.end;
        let slot = target.turn().await;
        let (asked, _) = within(options.stall, watch.as_mut(), || sink.away(), target.ask(missing)).await;
        match (slot, &asked) {
            (Some(slot), Some(Ok(_))) => slot.answered(false),
            (Some(slot), Some(Err(f))) if f.slow => slot.answered(true),
            _ => {}
        }
        let failed = match asked {
            Some(Ok(_)) if want == 0 => return Ok(()),
            Some(Ok(mut body)) => {
                let mut done = receive(&mut body, sink, want, last, options, watch.as_mut()).await;
                // What is not confirmed is not kept.
                let mut keep = true;
                if done.is_ok() {
                    done = confirm(&mut body, sink, options.stall, watch.as_mut()).await;
                    keep = false;
                } else if body.checked() && target.size() <= SMALL && anew < ANEW {
                    anew += 1;
                    keep = false;
                }
                match done {
                    Ok(()) => return Ok(()),
                    Err(f) if keep => f,
                    Err(f) => {
                        if !sink.forget() {
                            return Err(f.error);
                        }
                        counted = 0;
                        f
                    }
                }
            }
            Some(Err(f)) => f,
            None => Failed::again("no answer in time"),
        };
        if sink.len() - counted >= PROGRESS {
            counted = sink.len();
            attempts.progress();
        }
        attempts.after(failed).await?;
    }
}

/// Does `what` for as long as `limit` at most, in which the time that was spent `away` is not counted. What came of it, `None` if the
/// time was over, and how long it took.
async fn within<O>(
    limit: Duration,
    mut watch: Pin<&mut Sleep>,
    away: impl Fn() -> Duration,
    what: impl Future<Output = O>,
) -> (Option<O>, Duration) {
    let (since, before) = (Instant::now(), away());
    let passed = || since.elapsed().saturating_sub(away().saturating_sub(before));
    watch.as_mut().reset(since + limit);
    let mut what = pin!(what);
    loop {
        tokio::select! {
            biased;
            done = &mut what => return (Some(done), passed()),
            () = &mut watch => {
                let passed = passed();
                if passed >= limit {
                    return (None, passed);
                }
                watch.as_mut().reset(Instant::now() + (limit - passed));
            }
        }
    }
}

/// Reads the body until the sink holds `want` bytes, which are the `last` of the object or not.
async fn receive(
    body: &mut impl Chunks,
    sink: &mut impl Sink,
    want: usize,
    last: bool,
    options: &Options,
    mut watch: Pin<&mut Sleep>,
) -> Result<(), Failed> {
    let (stall, min_rate) = (options.stall, options.min_rate);
    // What is waited for room is no fault of the connection.
    let (mut waited, mut before) = (Duration::ZERO, sink.len());
    while sink.len() < want {
        sink.room().await;
        let (next, passed) = within(stall, watch.as_mut(), || sink.away(), body.next()).await;
        match next {
            None => return Err(Failed::again("the data stopped coming")),
            Some(Some(Err(broken))) => return Err(broken.into()),
            Some(None) => return Err(Failed::again("the data ended too early")),
            // Nothing lies behind the last byte of what was listed.
            Some(Some(Ok(chunk))) if last && chunk.len() > want - sink.len() => return Err(changed("the size")),
            Some(Some(Ok(mut chunk))) => {
                chunk.truncate(want - sink.len());
                sink.put(chunk, passed);
            }
        }
        waited += passed;
        if waited >= stall {
            if ((sink.len() - before) as f64) < min_rate as f64 * waited.as_secs_f64() && sink.len() < want {
                return Err(Failed::again("the data came too slowly"));
            }
            (waited, before) = (Duration::ZERO, sink.len());
        }
    }
    Ok(())
}

/// Waits, `stall` at most, for the end of a body that came with a check sum and of which all bytes are there.
async fn confirm(body: &mut impl Chunks, sink: &impl Sink, stall: Duration, watch: Pin<&mut Sleep>) -> Result<(), Failed> {
    if !body.checked() {
        return Ok(());
    }
    let end = async {
        loop {
            match body.next().await {
                None => return Ok(()),
                Some(Err(broken)) => return Err(broken.into()),
                Some(Ok(chunk)) if chunk.is_empty() => {}
                Some(Ok(_)) => return Err(changed("the size")),
            }
        }
    };
    within(stall, watch, || sink.away(), end).await.0.unwrap_or_else(|| Err(Failed::again("the data stopped coming")))
}

/// Whether an answer with these headers, `Content-Range` and `Content-Length`, is for the range that was asked for, of an
/// object of `size` bytes.
pub(super) fn check(range: &Range<u64>, size: u64, content_range: Option<&str>, length: Option<u64>) -> Result<(), Failed> {
    let whole = match content_range.map(parse_content_range) {
        Some(Some((start, last, total))) => {
            if start != range.start || last >= range.end {
                return Err(Failed::again("the server sent another range than was asked for"));
            }
            total
        }
        Some(None) => return Err(Failed::again("the server sent a range that makes no sense")),
        None if range.start > 0 => return Err(Failed::for_good(Reason::Io, "the server does not give ranges")),
        None => length,
    };
    match whole {
        Some(now) if now != size => Err(changed("the size")),
        _ => Ok(()),
    }
}

/// Something of an answer shows another version.
pub(super) fn changed(what: &str) -> Failed {
    Failed::for_good(Reason::Changed, format!("{what} is not the one that was listed"))
}

/// An ETag without its quotes.
pub(super) fn unquoted(tag: &str) -> &str {
    tag.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(tag)
}

/// `bytes 0-9/100` as first byte, last byte and total, where `*` is an unknown total.
fn parse_content_range(s: &str) -> Option<(u64, u64, Option<u64>)> {
    let (range, total) = s.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let total = if total == "*" { None } else { Some(total.parse().ok()?) };
    Some((first.parse().ok()?, last.parse().ok()?, total))
}

#[cfg(test)]
mod stream_tests;
#[cfg(test)]
mod tests;
