//! The local web page.
//!
//! Takes an index to read and an address of this machine to listen at, gives the answers of `query` as pages of `report`.
//! Must not know the command line.
//!
//! PRIVACY: values come in the body of a request alone, never in an address; they are hashed, looked up and forgotten.

mod breach;
mod cache;
mod guard;
mod pages;
mod samples;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};
use tokio::sync::Semaphore;

use crate::classify::Classifiers;
use crate::identity::{Hasher, Key};
use crate::index::{IndexError, Reader};
use crate::query::{self, Borders, Flow, MapAnswer, Processing, Verdicts};
use crate::scan::Spend;
use crate::source::Source;
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
    /// Opens what the index was made from, so that samples can be read again.
    pub sources: SourcesOf,
    /// What reading samples may cost.
    pub spend: Spend,
}

/// Gives the sources of an index, or says why there are none.
pub type SourcesOf = Box<dyn Fn(&Reader) -> Result<Vec<Arc<dyn Source>>, String> + Send + Sync>;

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
    sources: SourcesOf,
    spend: Spend,
    pages: cache::Pages,
    map: cache::Kept<MapAnswer>,
    flows: cache::Kept<Vec<Flow>>,
    /// Who may make a page: two at once, whatever is asked for, besides the thread that keeps pages warm.
    makers: Arc<Semaphore>,
    /// Who may go through everybody for a question about a breach: one at a time, so that other pages are made meanwhile.
    counting: Arc<Semaphore>,
    /// Who may read values again: one at a time.
    reading: Arc<Semaphore>,
    /// What was asked about breaches last, by number.
    scopes: Mutex<Vec<(u64, Arc<breach::Scope>)>>,
}

impl State {
    fn new(o: Options, address: SocketAddr) -> State {
        State {
            index: o.index,
            key: o.key,
            classifiers: o.classifiers,
            guard: Guard::new(address, o.token),
            borders: o.borders,
            processing: o.processing,
            verdicts: o.verdicts,
            asked: o.asked,
            sources: o.sources,
            spend: o.spend,
            pages: cache::Pages::default(),
            map: cache::Kept::default(),
            flows: cache::Kept::default(),
            makers: Arc::new(Semaphore::new(2)),
            counting: Arc::new(Semaphore::new(1)),
            reading: Arc::new(Semaphore::new(1)),
            scopes: Mutex::default(),
        }
    }

    /// The index as it is now, less what does not count.
    fn reader(&self) -> Result<Reader, IndexError> {
        self.verdicts.apply(Reader::open(&self.index)?)
    }

    /// The map with what people decided.
    fn map(&self, reader: &Reader) -> Result<Arc<MapAnswer>, IndexError> {
        self.map.get(cache::stamp(&self.index), || {
            let mut map = query::map(reader)?;
            map.tell(reader, &self.borders)?;
            self.verdicts.judge_map(&mut map);
            Ok(map)
        })
    }

    fn scopes(&self) -> MutexGuard<'_, Vec<(u64, Arc<breach::Scope>)>> {
        self.scopes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers what was asked; gives its number. The same question of the same index keeps the one it has.
    fn remember(&self, scope: breach::Scope) -> u64 {
        let mut all = self.scopes();
        if let Some(at) = all.iter().position(|known| known.1.is(&scope)) {
            let known = all.remove(at);
            let number = known.0;
            all.push(known);
            return number;
        }
        // Addresses of another start of the program name no question of this one.
        let number = all.iter().map(|known| known.0).max().unwrap_or_else(|| self.guard.random() >> 16) + 1;
        if all.len() >= breach::SCOPES {
            all.remove(0);
        }
        all.push((number, Arc::new(scope)));
        number
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
    let ended = runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(o.address).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State::new(o, address));
        // What takes longest on a large index is made before somebody asks, and anew after each run.
        let warm = Arc::downgrade(&state);
        // A thread of its own: whoever ends the page does not wait for it.
        std::thread::spawn(move || pages::warm(&warm));
        ready(address);
        axum::serve(listener, routes(state)).with_graceful_shutdown(stop).await
    });
    // Nobody waits for pages that are still being counted.
    runtime.shutdown_background();
    ended
}

fn routes(state: Arc<State>) -> Router {
    Router::new()
        .route("/", get(pages::map))
        .route("/find", get(pages::ask).post(pages::find))
        .route("/breach", get(breach::scope).post(breach::breach))
        .route("/changes", get(pages::changes))
        .route("/dataset", get(pages::dataset))
        .route("/samples", post(samples::samples))
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
