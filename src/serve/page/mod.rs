//! The local web page.
//!
//! Takes an index to read and an address of this machine to listen at, gives the answers of `query` as pages of `report`.
//! Must not know the command line.
//!
//! PRIVACY: values come in the body of a request alone, never in an address; they are hashed, looked up and forgotten.

mod cache;
mod guard;
mod pages;

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::get;

use crate::classify::Classifiers;
use crate::identity::{Hasher, Key};
use crate::index::{IndexError, Reader};
use crate::query::{self, Borders, Flow, MapAnswer, Processing, Verdicts};
use guard::Guard;

/// What the page is made of.
pub struct Options {
    /// The index; it is opened anew for each question, so that the page follows later runs.
    pub index: PathBuf,
    /// The key; `None`: people cannot be looked up.
    pub key: Option<Key>,
    /// The classifiers that read what is typed in.
    pub classifiers: Arc<Classifiers>,
    /// Where to listen: a loopback address; port 0 lets the system choose.
    pub address: SocketAddr,
    /// Who does not know this word is sent away; `None`: everybody on this machine may look.
    pub token: Option<String>,
    /// Tenants and regions.
    pub borders: Borders,
    /// What people say of datasets, for records.
    pub processing: Processing,
    /// What people decided about findings.
    pub verdicts: Verdicts,
    /// Is told of every question about people before it is answered; what it refuses is not answered.
    pub asked: AskedOf,
}

/// Writes down who asked: the command whose question it is, the hashes of the index, what was asked, how much was answered.
pub type AskedOf = Box<dyn Fn(&str, Option<&Hasher>, &[String], u64) -> Result<(), String> + Send + Sync>;

/// What all requests share.
struct State {
    index: PathBuf,
    key: Option<Key>,
    classifiers: Arc<Classifiers>,
    guard: Guard,
    borders: Borders,
    processing: Processing,
    verdicts: Verdicts,
    asked: AskedOf,
    pages: cache::Pages,
    map: cache::Kept<MapAnswer>,
    flows: cache::Kept<Vec<Flow>>,
}

impl State {
    /// The index as it is now, less what does not count.
    fn reader(&self) -> Result<Reader, IndexError> {
        self.verdicts.apply(Reader::open(&self.index)?)
    }

    /// The map with what people decided.
    fn map(&self, reader: &Reader) -> Result<Arc<MapAnswer>, IndexError> {
        self.map.get(cache::stamp(&self.index), || {
            let mut map = query::map(reader)?;
            self.verdicts.judge_map(&mut map);
            Ok(map)
        })
    }

    /// Which datasets share consumers.
    fn flows(&self, reader: &Reader) -> Result<Arc<Vec<Flow>>, IndexError> {
        self.flows.get(cache::stamp(&self.index), || query::flows(reader, &*self.map(reader)?))
    }
}

/// Serves the page until `stop` ends; `ready` is told the address.
///
/// # Errors
/// The address is not of this machine alone, or cannot be listened at.
pub fn run(o: Options, ready: impl FnOnce(SocketAddr), stop: impl Future<Output = ()> + Send + 'static) -> std::io::Result<()> {
    if !o.address.ip().is_loopback() {
        return Err(std::io::Error::other("the page is for this machine alone: listen at 127.0.0.1 or [::1]"));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(o.address).await?;
        let address = listener.local_addr()?;
        let guard = Guard::new(address, o.token);
        let state = Arc::new(State {
            index: o.index,
            key: o.key,
            classifiers: o.classifiers,
            guard,
            borders: o.borders,
            processing: o.processing,
            verdicts: o.verdicts,
            asked: o.asked,
            pages: cache::Pages::default(),
            map: cache::Kept::default(),
            flows: cache::Kept::default(),
        });
        // What takes longest on a large index is made before somebody asks.
        let warm = state.clone();
        // A thread of its own: whoever ends the page does not wait for it.
        std::thread::spawn(move || pages::warm(&warm));
        ready(address);
        axum::serve(listener, routes(state)).with_graceful_shutdown(stop).await
    })
}

fn routes(state: Arc<State>) -> Router {
    Router::new()
        .route("/", get(pages::map))
        .route("/find", get(pages::ask).post(pages::find))
        .route("/breach", get(pages::scope).post(pages::breach))
        .route("/changes", get(pages::changes))
        .route("/dataset", get(pages::dataset))
        .route("/shared", get(pages::shared))
        .route("/borders", get(pages::borders))
        .route("/records", get(pages::records))
        .route("/unread", get(pages::unread))
        .route("/classifiers", get(pages::classifiers))
        .route("/filter.js", get(pages::script))
        .fallback(pages::nothing)
        .layer(DefaultBodyLimit::max(16 << 10))
        .layer(middleware::from_fn_with_state(state.clone(), guard::check))
        .with_state(state)
}
