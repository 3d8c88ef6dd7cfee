//! Foreign decoders that give everything at once, or borrow from themselves: on a thread of their own, a little ahead
//! of what is asked for. One that panics ends its stream; one that hangs is left behind.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use crate::base::{Error, Reason, Result};

/// What a decoder sends; `Err` is its last word.
pub(super) type Out<T> = SyncSender<Result<T>>;

/// The receiving end.
pub(super) struct Pump<T> {
    from: Receiver<Result<T>>,
    patience: Duration,
    ended: bool,
}

/// The listener is gone: the decoder should stop.
pub(super) struct Gone;

impl<T: Send + 'static> Pump<T> {
    /// Runs `decode` on a thread. It returns when done or when nobody listens; what it returns as an error is sent.
    pub fn start(patience: Duration, decode: impl FnOnce(&Out<T>) -> Result<()> + Send + 'static) -> Result<Pump<T>> {
        let (send, from) = sync_channel(2);
        let run = move || {
            let failed = |_| Err(Error::new(Reason::DecoderFailed, "a decoder failed; please report the kind of file, not its content"));
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| decode(&send))).unwrap_or_else(failed);
            if let Err(e) = outcome {
                // Nobody may listen any more; then nobody misses it.
                let _ = send.send(Err(e));
            }
        };
        // Foreign parsers recurse; the data decides how deep.
        std::thread::Builder::new().name("decoder".into()).stack_size(64 << 20).spawn(run)?;
        Ok(Pump { from, patience, ended: false })
    }

    /// The next thing; `None` at the end.
    pub fn next(&mut self) -> Result<Option<T>> {
        if self.ended {
            return Ok(None);
        }
        match self.from.recv_timeout(self.patience) {
            Ok(Ok(t)) => Ok(Some(t)),
            Ok(Err(e)) => {
                self.ended = true;
                Err(e)
            }
            Err(RecvTimeoutError::Disconnected) => {
                self.ended = true;
                Ok(None)
            }
            Err(RecvTimeoutError::Timeout) => {
                self.ended = true;
                Err(Error::new(Reason::Timeout, format!("nothing came from the decoder for {} s", self.patience.as_secs())))
            }
        }
    }
}

/// Sends, and says whether anybody listens.
pub(super) fn give<T>(out: &Out<T>, what: T) -> Result<(), Gone> {
    out.send(Ok(what)).map_err(|_| Gone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_and_hangs_become_reasons() {
        let second = Duration::from_secs(30);
        let mut p = Pump::start(second, |out| {
            let _ = give(out, 1);
            panic!("with a value in its message");
        })
        .unwrap();
        assert_eq!(p.next().unwrap(), Some(1));
        assert_eq!(p.next().unwrap_err().reason, Reason::DecoderFailed);
        assert_eq!(p.next().unwrap(), None);

        let mut p: Pump<u8> = Pump::start(Duration::from_millis(10), |_| {
            std::thread::sleep(Duration::from_secs(1));
            Ok(())
        })
        .unwrap();
        assert_eq!(p.next().unwrap_err().reason, Reason::Timeout);
        assert_eq!(p.next().unwrap(), None);

        let mut p = Pump::start(second, |out| {
            for i in 0..100 {
                if give(out, i).is_err() {
                    return Ok(());
                }
            }
            Err(Error::new(Reason::Corrupt, "end"))
        })
        .unwrap();
        for i in 0..100 {
            assert_eq!(p.next().unwrap(), Some(i));
        }
        assert_eq!(p.next().unwrap_err().reason, Reason::Corrupt);
    }
}
