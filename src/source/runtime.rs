//! The one asynchronous runtime, started when the first network source is opened.

use std::sync::OnceLock;

use tokio::runtime::{Builder, Runtime};

use crate::base::{Error, Reason, Result};

/// Memory of about the size of what waits for a reader.
const PIECE: usize = 8 << 20;

/// The shared runtime. Fails only if the operating system gives no threads.
pub(super) fn shared() -> Result<&'static Runtime> {
    static RUNTIME: OnceLock<std::io::Result<Runtime>> = OnceLock::new();
    // As many threads as cores: decrypting TLS is the work done here, about one core-second per gigabyte.
    let made = RUNTIME.get_or_init(|| {
        // PERF: the usual allocator of Linux learns by the largest piece that is let go how much to keep for the next. Without this one
        // it gives back, and the system clears anew, what the bytes of answers come in: up to a fifth of the time they take.
        drop(std::hint::black_box(Vec::<u8>::with_capacity(PIECE)));
        Builder::new_multi_thread().thread_name("fetch").enable_all().build()
    });
    made.as_ref().map_err(|e| Error::new(Reason::Io, format!("no threads for the network: {}", e.kind())))
}
