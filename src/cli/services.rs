//! What the command line starts but does not know: `main` wires it.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use crate::classify::Classifiers;
use crate::identity::Key;

/// The services that run for long.
pub struct Services {
    /// Serves the page until it is interrupted; the second argument is told the address once it listens.
    pub serve: fn(Page, Box<dyn FnOnce(SocketAddr)>) -> io::Result<()>,
}

/// What `piimap serve` was asked for.
pub struct Page {
    /// The index.
    pub index: PathBuf,
    /// The key; `None`: people cannot be looked up.
    pub key: Option<Key>,
    /// The classifiers.
    pub classifiers: Arc<Classifiers>,
    /// Where to listen.
    pub address: SocketAddr,
    /// The word that lets in; `None`: nobody is sent away.
    pub token: Option<String>,
}
