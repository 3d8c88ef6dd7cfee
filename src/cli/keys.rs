//! `piimap key`.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};

use super::{Exit, Setting, key, output};
use crate::identity::Key;
use crate::index;

/// Make, check and change the key of an index
#[derive(Debug, Args)]
#[command(after_help = "\
The index holds a data key, encrypted under yours. Rotating encrypts it anew: nothing is read again, and
the old key opens the index no more. That helps when your key leaked and the index did not. Who had both
knows the data key, and rotating does not take it back: scan everything into a new index then.

Examples:
  piimap key new /secure/piimap.key
  piimap key check --key-file /secure/piimap.key
  piimap key rotate --new-key-file /secure/next.key")]
pub(super) struct Keys {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a new random key
    New {
        /// The file, which must not exist; readable by you alone
        file: PathBuf,
    },
    /// Say whether the key opens the index
    Check,
    /// Encrypt the data key of the index under another key
    Rotate {
        /// The file of the new key, made if there is none [default: the environment's PIIMAP_NEW_KEY]
        #[arg(long, value_name = "FILE")]
        new_key_file: Option<PathBuf>,
    },
}

impl Keys {
    pub fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
        match &self.verb {
            Verb::New { file } => {
                let made = Key::random()?;
                key::write(file, &made).with_context(|| file.display().to_string())?;
                self.say(s, &format!("made {}, fingerprint {}; keep a copy in another place", file.display(), made.fingerprint()), &made)
            }
            Verb::Check => {
                let given = key::load(s, false)?;
                index::Reader::open(&s.index)?.unlock(&given)?;
                self.say(s, &format!("the key, fingerprint {}, opens {}", given.fingerprint(), s.index.display()), &given)
            }
            Verb::Rotate { new_key_file } => {
                let old = key::load(s, false)?;
                let new = match (new_key_file, std::env::var("PIIMAP_NEW_KEY")) {
                    (Some(file), _) => match key::read(file)? {
                        Some(key) => key,
                        None => {
                            // Written before the index changes: a key that is lost is an index that is lost.
                            let made = Key::random()?;
                            key::write(file, &made).with_context(|| file.display().to_string())?;
                            made
                        }
                    },
                    (None, Ok(hex)) => Key::from_hex(&hex).context("PIIMAP_NEW_KEY")?,
                    (None, Err(_)) => anyhow::bail!("name the new key with --new-key-file or PIIMAP_NEW_KEY"),
                };
                index::rotate(&s.index, &old, &new)?;
                let text = format!(
                    "{} now opens with the key of fingerprint {}, and no more with {}.\nCopies of the index made before still open with the old key. If somebody had the old key and the index, the data key\n\
                     in it is known: scan everything into a new index.",
                    s.index.display(),
                    new.fingerprint(),
                    old.fingerprint()
                );
                self.say(s, &text, &new)
            }
        }
    }

    fn say(&self, s: &Setting, text: &str, key: &Key) -> anyhow::Result<Exit> {
        if s.json {
            output::print_json(&serde_json::json!({"fingerprint": key.fingerprint(), "index": s.index.display().to_string()}))?;
        } else {
            output::print(&format!("{text}\n"))?;
        }
        Ok(Exit::Done)
    }
}
