//! `piimap serve`.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Context;
use clap::Args;

use super::again::Again;
use super::{Exit, Setting, asking, decisions, key, output};
use crate::index;
use crate::serve::page::{AskedOf, Options, SourcesOf, run};

/// The data map as a web page of this machine: map, people, breaches, what was not read
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  piimap serve                   prints an address to open in a browser; Ctrl-C ends it
  piimap serve --port 0 --no-token

It listens at 127.0.0.1 only. To look from another machine, forward the port: ssh -L 8484:127.0.0.1:8484 HOST")]
pub(super) struct Serve {
    /// Port of 127.0.0.1; 0 lets the system choose
    #[arg(long, default_value_t = 8484, value_name = "PORT")]
    port: u16,
    /// Let everybody on this machine look, not only who has the printed address
    #[arg(long)]
    no_token: bool,
    #[command(flatten)]
    again: Again,
}

impl Serve {
    pub fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
        let reader = index::Reader::open(&s.index)?;
        // Without the key everything can be looked at but people; with a wrong one it is better to know now.
        let key = key::load_if_any(s);
        if let Some(key) = &key {
            reader.unlock(key)?;
        } else {
            output::note("no key: people cannot be looked up (--key-file or PIIMAP_KEY)");
        }
        drop(reader);
        let token = if self.no_token { None } else { Some(random_word()?) };
        let query = token.as_ref().map(|t| format!("?token={t}")).unwrap_or_default();
        let ready = move |at: SocketAddr| output::note(&format!("Open http://{at}/{query}\nCtrl-C ends it."));
        let index = s.index.clone();
        let asked: AskedOf = Box::new(move |command, hasher, query, answered| {
            let logged = asking::append(&index, command, hasher, query, None, answered);
            logged.map(drop).map_err(|e| format!("{e:#}"))
        });
        let open = self.again.opener(s)?;
        let sources: SourcesOf = Box::new(move |reader| open(reader).map(|opened| opened.0).map_err(|e| format!("{e:#}")));
        let options = Options {
            index: s.index.clone(),
            key,
            classifiers: key::classifiers(s)?,
            address: (Ipv4Addr::LOCALHOST, self.port).into(),
            token,
            borders: s.config.borders()?,
            processing: s.config.processing()?,
            verdicts: decisions::verdicts(s)?,
            asked,
            sources,
            spend: s.config.spend()?,
        };
        let stop = async {
            // Where signals cannot be waited for, the page runs until it is killed.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        run(options, ready, stop).with_context(|| format!("cannot serve at port {}; try --port 0", self.port))?;
        Ok(Exit::Done)
    }
}

fn random_word() -> anyhow::Result<String> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).map_err(|e| anyhow::anyhow!("no random numbers: {e}"))?;
    Ok(bytes.iter().map(|b| format!("{b:02x}")).collect())
}
