//! What a worker has for the one who writes the index: what is small goes together.
//!
//! PERF: a message wakes a thread, which costs more than to read an object of a few hundred bytes.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::index::{Piece, Published};

/// What happens to an object, by the number of its job.
pub(super) enum Message {
    Begin(usize),
    Piece(usize, Box<Piece>),
    End(usize, Box<Published>),
}

/// Bundles that may wait between workers and the writer.
const QUEUE: usize = 2;

/// Messages of a bundle, at most.
const MANY: usize = 64;

/// Findings from which on a bundle goes at once: a piece has up to a window of them.
const HEAVY: usize = 1024;

/// Bytes from which on an object may take a while: what waits does not wait for it.
const LARGE: u64 = 64 << 10;

/// What has waited so long goes with the next message.
const LATE: Duration = Duration::from_millis(20);

/// The messages of one worker, in their order. What is left goes when it is dropped.
pub(super) struct Outbox {
    send: Sender<Vec<Message>>,
    waiting: Vec<Message>,
    findings: usize,
    since: Instant,
    heard: bool,
}

/// An outbox, to be cloned for every worker, and where all bundles arrive.
pub(super) fn outbox() -> (Outbox, Receiver<Vec<Message>>) {
    let (send, receive) = bounded(QUEUE);
    (Outbox::new(send), receive)
}

impl Clone for Outbox {
    fn clone(&self) -> Outbox {
        Outbox::new(self.send.clone())
    }
}

impl Outbox {
    fn new(send: Sender<Vec<Message>>) -> Outbox {
        Outbox { send, waiting: Vec::new(), findings: 0, since: Instant::now(), heard: true }
    }

    /// The object of a job, of `size` bytes, is read from now on.
    pub fn begin(&mut self, job: usize, size: u64) {
        self.put(Message::Begin(job), 0);
        if size >= LARGE {
            self.flush();
        }
    }

    /// Something was found in it.
    pub fn piece(&mut self, job: usize, piece: Piece) {
        let findings = piece.singles.len() + piece.postings.len() + piece.groups.len();
        self.put(Message::Piece(job, Box::new(piece)), findings);
    }

    /// It was read to its end.
    pub fn end(&mut self, job: usize, end: Published) {
        self.put(Message::End(job, Box::new(end)), 0);
    }

    /// Whether somebody still listens.
    pub fn is_heard(&self) -> bool {
        self.heard
    }

    fn put(&mut self, message: Message, findings: usize) {
        if self.waiting.is_empty() {
            self.since = Instant::now();
        }
        self.waiting.push(message);
        self.findings += findings;
        if self.waiting.len() >= MANY || self.findings >= HEAVY || self.since.elapsed() >= LATE {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.findings = 0;
        if !self.waiting.is_empty() {
            self.heard &= self.send.send(std::mem::take(&mut self.waiting)).is_ok();
        }
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{Certainty, IdHash};
    use crate::index::Single;

    fn number(m: &Message) -> (char, usize) {
        match m {
            Message::Begin(i) => ('b', *i),
            Message::Piece(i, _) => ('p', *i),
            Message::End(i, _) => ('e', *i),
        }
    }

    fn bundle(receive: &Receiver<Vec<Message>>) -> Vec<(char, usize)> {
        receive.try_recv().map(|b| b.iter().map(number).collect()).unwrap_or_default()
    }

    #[test]
    fn small_objects_go_together_and_large_ones_hold_nobody_up() {
        let (mut out, receive) = outbox();
        // Whatever the machine is busy with, nothing is late.
        let soon = |out: &mut Outbox| out.since = Instant::now() + Duration::from_secs(60);
        for job in 0..3 {
            out.begin(job, 100);
            soon(&mut out);
            out.piece(job, Piece::default());
            out.end(job, Published::default());
        }
        assert!(receive.is_empty());
        out.begin(3, LARGE);
        let all = bundle(&receive);
        assert_eq!(all.len(), 10);
        assert_eq!(all[7..], [('p', 2), ('e', 2), ('b', 3)]);

        let single = Single { id: IdHash([1; 16]), field: 0, classifier: 0, certainty: Certainty::Own, row: 0 };
        out.piece(3, Piece { singles: vec![single; HEAVY], ..Piece::default() });
        assert_eq!(bundle(&receive), [('p', 3)], "much at once goes at once");

        out.end(3, Published::default());
        (4..4 + MANY).for_each(|job| {
            soon(&mut out);
            out.begin(job, 0);
        });
        assert_eq!(bundle(&receive).len(), MANY);
        drop(out);
        assert_eq!(bundle(&receive), [('b', 3 + MANY)], "the last one is not lost");
    }

    #[test]
    fn what_waits_for_long_goes() {
        let (mut out, receive) = outbox();
        out.begin(0, 1);
        out.since = Instant::now().checked_sub(LATE).expect("the clock runs for longer");
        out.end(0, Published::default());
        assert_eq!(bundle(&receive), [('b', 0), ('e', 0)]);
        assert!(out.is_heard());
        drop(receive);
        out.begin(1, LARGE);
        assert!(!out.is_heard());
    }
}
