//! Streams over connections of all kinds.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::base::Input;

/// How a connection gives the bytes that are asked for.
#[derive(Clone, Copy)]
struct Manner {
    /// Bytes of a chunk.
    chunk: usize,
    /// Time before each.
    pause: Duration,
    /// Breaks after so many bytes.
    breaks: Option<usize>,
    /// After so many bytes of the object nothing works any more.
    dead: u64,
}

const CALM: Manner = Manner { chunk: 300_000, pause: Duration::ZERO, breaks: None, dead: u64::MAX };

/// An object of the bytes of [`bytes_at`].
#[derive(Clone)]
struct Made {
    size: u64,
    manner: Manner,
    options: Options,
    /// Whether its connections may be a hand's.
    on_hands: bool,
    asked: Arc<Mutex<Vec<Range<u64>>>>,
    given: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
}

/// The same bytes come again after so many.
const PERIOD: u64 = 65_521;

/// The bytes of the object from `n` on, a megabyte of them.
fn bytes_at(n: u64) -> Bytes {
    static ALL: std::sync::LazyLock<Bytes> = std::sync::LazyLock::new(|| {
        let byte = |n: u64| ((n % PERIOD).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8;
        (0..M + PERIOD).map(byte).collect()
    });
    let from = (n % PERIOD) as usize;
    ALL.slice(from..from + M as usize)
}

struct Answer {
    left: Range<u64>,
    manner: Manner,
    sent: usize,
    given: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Chunks for Answer {
    async fn next(&mut self) -> Option<Result<Bytes, Broken>> {
        match self.manner.pause.is_zero() {
            true => tokio::task::yield_now().await,
            false => sleep(self.manner.pause).await,
        }
        if self.manner.breaks.is_some_and(|most| self.sent >= most) || self.left.start >= self.manner.dead {
            return Some(Err(Broken::Connection));
        }
        let end = self.left.end.min(self.left.start + self.manner.chunk as u64).min(self.manner.dead);
        let chunk = bytes_at(self.left.start).slice(..(end - self.left.start) as usize);
        self.left.start = end;
        self.sent += chunk.len();
        self.given.fetch_add(chunk.len(), Ordering::SeqCst);
        (!chunk.is_empty()).then_some(Ok(chunk))
    }
}

impl Ranged for Made {
    type Body = Answer;

    fn size(&self) -> u64 {
        self.size
    }

    fn options(&self) -> &Options {
        &self.options
    }

    fn on(&self, _: &Hand) -> Option<Made> {
        self.on_hands.then(|| self.clone())
    }

    async fn ask(&self, range: Range<u64>) -> Result<Answer, Failed> {
        self.asked.lock().unwrap().push(range.clone());
        if range.start >= self.manner.dead {
            return Err(Failed::again("nobody is there"));
        }
        self.open.fetch_add(1, Ordering::SeqCst);
        Ok(Answer { left: range, manner: self.manner, sent: 0, given: self.given.clone(), open: self.open.clone() })
    }
}

fn made(size: u64, range_bytes: usize, manner: Manner) -> Arc<Made> {
    let options = Options { attempts: 3, backoff: Duration::from_millis(1), range_bytes, ..Options::default() };
    Arc::new(Made { size, manner, options, on_hands: false, asked: Arc::default(), given: Arc::default(), open: Arc::default() })
}

/// The same, by connections of the hand that reads.
fn on_hands(target: &Made, stall: Duration) -> Arc<Made> {
    let options = Options { stall, ..target.options.clone() };
    Arc::new(Made { on_hands: true, options, asked: Arc::default(), given: Arc::default(), open: Arc::default(), ..*target })
}

/// Every byte up to `end`, and how it ended.
fn drain(input: &mut impl Input, end: u64) -> Option<String> {
    let mut at = 0;
    loop {
        match input.next_chunk() {
            Ok(c) if c.is_empty() => {
                assert_eq!(at, end);
                return None;
            }
            Ok(c) => {
                for piece in c.chunks(M as usize) {
                    assert!(piece == &bytes_at(at)[..piece.len()], "bytes at {at}");
                    at += piece.len() as u64;
                }
            }
            Err(e) => {
                assert_eq!(at, end, "all good bytes come before the error");
                assert!(input.next_chunk().unwrap().is_empty());
                return Some(e.detail);
            }
        }
    }
}

/// Waits until something holds, five seconds at most.
fn soon(holds: impl Fn() -> bool) {
    let since = std::time::Instant::now();
    while !holds() {
        assert!(since.elapsed() < Duration::from_secs(5));
        std::thread::sleep(Duration::from_millis(2));
    }
}

const M: u64 = 1 << 20;

#[test]
fn every_byte_comes_once_and_in_order() {
    let bad = Manner { breaks: Some(700_001), ..CALM };
    for (size, range, manner) in [
        (0, 8 << 20, CALM),
        (1, 8 << 20, CALM),
        (M, 8 << 20, CALM),
        (M + 1, 8 << 20, CALM),
        (9 * M + 77, 1 << 20, CALM),
        (9 * M + 77, 100_000, CALM),
        (9 * M + 77, 8 << 20, Manner { chunk: 1000, ..CALM }),
        (9 * M + 77, 8 << 20, Manner { chunk: 16_384, ..CALM }),
        (9 * M + 77, 1 << 20, bad),
        (9 * M + 77, 8 << 20, bad),
        (9 * M + 77, 8 << 20, Manner { chunk: 16_000, ..bad }),
        (9 * M + 77, 1 << 20, Manner { pause: Duration::from_millis(2), ..bad }),
    ] {
        let target = made(size, range, manner);
        let own = on_hands(&target, target.options.stall);
        for target in [target, own] {
            assert_eq!(drain(&mut open(target.clone()).unwrap(), size), None, "{size} by {range}");
            assert_eq!(target.open.load(Ordering::SeqCst), 0);
        }
    }
}

#[test]
fn what_came_before_the_end_is_given_and_then_why_it_ended() {
    for manner in [CALM, Manner { chunk: 5000, ..CALM }, Manner { pause: Duration::from_millis(2), ..CALM }] {
        for range in [1 << 20, 8 << 20] {
            let target = made(9 * M, range, Manner { dead: 6 * M + 5, ..manner });
            let own = on_hands(&target, target.options.stall);
            for target in [target, own] {
                let why = drain(&mut open(target).unwrap(), 6 * M + 5);
                assert_eq!(why.as_deref(), Some("given up after 3 attempts: nobody is there"));
            }
        }
    }
}

#[test]
fn of_a_fast_connection_little_is_received_that_nobody_reads() {
    let target = made(200 * M, 8 << 20, CALM);
    let mut input = open(target.clone()).unwrap();
    // However busy this machine is.
    input.fast = 1.0;
    let given = || target.given.load(Ordering::SeqCst) as u64;
    assert_eq!(input.next_chunk().unwrap().len() as u64, M);
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(given(), M, "nothing before somebody wants more");
    input.next_chunk().unwrap();
    // What the reader holds, what waits for it, and the chunk that was too much.
    let most = |read: u64| read + 2 * (2 << 20) + 300_000;
    soon(|| given() >= 3 * M);
    std::thread::sleep(Duration::from_millis(50));
    assert!(given() <= most(M), "{}", given());
    assert_eq!(target.asked.lock().unwrap().len(), 3, "the head, the range that is read, and one that waits");
    // It is asked for more and more at once.
    let first = 300_000;
    assert_eq!(drain_rest(&mut input), 200 * M - M - first);
    let lengths: Vec<u64> = target.asked.lock().unwrap().iter().map(|r| (r.end - r.start) / M).collect();
    assert!(lengths.len() <= 9 && lengths.iter().max() == Some(&64), "{lengths:?}");
}

fn drain_rest(input: &mut impl Input) -> u64 {
    let mut all = 0;
    loop {
        let n = input.next_chunk().unwrap().len() as u64;
        if n == 0 {
            return all;
        }
        all += n;
    }
}

#[test]
fn beside_a_slow_connection_others_are_received() {
    let slow = Manner { chunk: 100_000, pause: Duration::from_millis(4), ..CALM };
    let target = made(40 * M, 2 << 20, slow);
    let mut input = open(target.clone()).unwrap();
    input.next_chunk().unwrap();
    input.next_chunk().unwrap();
    // As many as the options say, each received although nobody reads.
    soon(|| target.given.load(Ordering::SeqCst) as u64 >= 7 * M);
    soon(|| target.open.load(Ordering::SeqCst) == 0);
    assert_eq!(target.asked.lock().unwrap().len(), 1 + 4);
    // Whoever stops reading stops the rest.
    input.next_chunk().unwrap();
    let before = target.open.load(Ordering::SeqCst);
    drop(input);
    soon(|| target.open.load(Ordering::SeqCst) == 0);
    assert!(before <= 4);
}

#[test]
fn a_reader_that_receives_itself_receives_what_it_reads() {
    let target = on_hands(&made(200 * M, 8 << 20, CALM), Duration::from_secs(30));
    let mut input = open(target.clone()).unwrap();
    input.fast = 1.0;
    let given = || target.given.load(Ordering::SeqCst) as u64;
    assert_eq!(input.next_chunk().unwrap().len() as u64, M);
    assert_eq!(input.next_chunk().unwrap().len(), 300_000);
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(given(), M + 300_000, "nothing while nobody wants more");
    assert_eq!(drain_rest(&mut input), 200 * M - M - 300_000);
    let lengths: Vec<u64> = target.asked.lock().unwrap().iter().map(|r| (r.end - r.start) / M).collect();
    assert!(lengths.len() <= 9 && lengths.iter().max() == Some(&64), "{lengths:?}");
    assert_eq!(target.open.load(Ordering::SeqCst), 0);
}

#[test]
fn time_that_a_reader_is_away_is_no_fault_of_the_connection() {
    let stall = Duration::from_millis(200);
    // Fast; and so slow that others are received beside it.
    for pause in [0, 3] {
        let manner = Manner { pause: Duration::from_millis(pause), ..CALM };
        let target = on_hands(&made(6 * M, 2 << 20, manner), stall);
        let mut input = open(target.clone()).unwrap();
        let mut all = 0;
        for i in 0.. {
            let n = input.next_chunk().unwrap().len() as u64;
            if n == 0 {
                break;
            }
            all += n;
            if i % 8 == 1 {
                std::thread::sleep(2 * stall);
            }
        }
        assert_eq!(all, 6 * M);
        let asked: u64 = target.asked.lock().unwrap().iter().map(|r| r.end - r.start).sum();
        assert_eq!(asked, 6 * M, "nothing is asked for again");
    }
}

#[test]
fn whoever_reads_need_not_be_who_opened() {
    let target = on_hands(&made(40 * M, 2 << 20, CALM), Duration::from_secs(30));
    let mut input = open(target).unwrap();
    assert_eq!(input.next_chunk().unwrap().len() as u64, M);
    input.next_chunk().unwrap();
    let rest = std::thread::spawn(move || drain_rest(&mut input)).join().unwrap();
    assert_eq!(rest, 40 * M - M - 300_000);
}

#[test]
fn what_nobody_reads_any_more_holds_nothing() {
    let target = on_hands(&made(40 * M, 2 << 20, CALM), Duration::from_secs(30));
    let (open_now, theirs) = (target.open.clone(), Arc::downgrade(&target));
    std::thread::spawn(move || {
        let mut input = open(target).unwrap();
        input.next_chunk().unwrap();
        input.next_chunk().unwrap();
        assert!(open_now.load(Ordering::SeqCst) > 0);
        drop(input);
        assert_eq!(open_now.load(Ordering::SeqCst), 0, "at once, not when somebody waits again");
    })
    .join()
    .unwrap();
    assert!(theirs.upgrade().is_none());
}
