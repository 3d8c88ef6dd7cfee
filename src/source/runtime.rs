//! The one asynchronous runtime, started when the first network source is opened.

use std::sync::OnceLock;

use tokio::runtime::{Builder, Runtime};

use crate::base::{Error, Reason, Result};

/// The shared runtime. Fails only if the operating system gives no threads.
pub(super) fn shared() -> Result<&'static Runtime> {
    static RUNTIME: OnceLock<std::io::Result<Runtime>> = OnceLock::new();
    // As many threads as cores: decrypting TLS is the work done here, about one core-second per gigabyte.
    let made = RUNTIME.get_or_init(|| Builder::new_multi_thread().thread_name("fetch").enable_all().build());
    made.as_ref().map_err(|e| Error::new(Reason::Io, format!("no threads for the network: {}", e.kind())))
}
