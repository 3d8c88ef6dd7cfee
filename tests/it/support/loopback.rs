//! What every server here stands on: a free port of the loopback interface and threads of its own.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Body, Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// A running server; it stops when dropped.
pub struct Loopback {
    /// `127.0.0.1:port`.
    pub address: String,
    runtime: Option<Runtime>,
}

impl Loopback {
    /// Does with every connection what `served` says, all at the same time.
    pub fn listen<F>(served: impl Fn(TcpStream) -> F + Send + 'static) -> Loopback
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        runtime.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(served(socket));
            }
        });
        Loopback { address, runtime: Some(runtime) }
    }

    /// Gives every request of HTTP/1 the answer that `answer` finds; an error of it closes the connection.
    pub fn http<F, B, E>(answer: impl Fn(Request<Incoming>) -> F + Clone + Send + 'static) -> Loopback
    where
        F: Future<Output = Result<Response<B>, E>> + Send + 'static,
        B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>> + 'static,
    {
        Loopback::listen(move |socket| {
            let service = service_fn(answer.clone());
            async move {
                let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
            }
        })
    }
}

/// A server with a state that tests see and change; it stops when dropped.
pub struct Stateful<S> {
    server: Loopback,
    pub state: Arc<Mutex<S>>,
}

impl<S: Default + Send + 'static> Stateful<S> {
    /// Gives every request the answer that `answer` finds with the state.
    pub fn serve<F>(answer: impl Fn(Request<Incoming>, Arc<Mutex<S>>) -> F + Clone + Send + 'static) -> Stateful<S>
    where
        F: Future<Output = Result<Response<Full<Bytes>>, Infallible>> + Send + 'static,
    {
        let state = Arc::new(Mutex::new(S::default()));
        let shared = state.clone();
        Stateful { server: Loopback::http(move |req| answer(req, shared.clone())), state }
    }

    /// The endpoint for clients.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        if let Some(r) = self.runtime.take() {
            r.shutdown_timeout(Duration::from_millis(100));
        }
    }
}
