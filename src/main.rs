//! The `piimap` program: parse, run, exit status. Gives the command line the services that run for long.

use std::io;
use std::net::SocketAddr;

use piimap::{cli, serve};

fn main() -> std::process::ExitCode {
    cli::main(&cli::Services { serve: serve_page })
}

fn serve_page(p: cli::Page, ready: Box<dyn FnOnce(SocketAddr)>) -> io::Result<()> {
    let options = serve::Options { index: p.index, key: p.key, classifiers: p.classifiers, address: p.address, token: p.token };
    serve::run(options, ready, async {
        // Where signals cannot be waited for, the page runs until it is killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
