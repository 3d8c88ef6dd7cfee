//! `piimap key`.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand};

use super::key::Kept;
use super::kms::Wrapped;
use super::{Exit, Setting, key, output};
use crate::identity::Key;
use crate::index;

/// Make, check and change the key of an index
#[derive(Debug, Args)]
#[command(after_help = "\
The index holds a data key, encrypted under yours. Rotating encrypts it anew: nothing is read
again, and the old key opens the index no more. That helps when your key leaked and the index did
not. Who had both knows the data key, and rotating does not take it back: scan everything into a
new index then.

With --kms the file holds the key encrypted by a key of AWS KMS, in one line: it opens nothing
without the right to kms:Decrypt, and may lie beside the index or stand in PIIMAP_KEY as it is.

Examples:
  piimap key new /secure/piimap.key
  piimap key new /etc/piimap/key --kms arn:aws:kms:eu-west-1:111122223333:alias/piimap
  piimap key check --key-file /secure/piimap.key
  piimap key rotate --new-key-file /secure/next.key
  piimap key rotate --new-key-file /etc/piimap/key --kms alias/piimap    from a plain key to KMS
  piimap key wrap /etc/piimap/next --kms alias/next    the same key by another key of KMS")]
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
        /// Have it encrypted by this key of AWS KMS: an ARN, or an id or alias in the region of the environment
        #[arg(long, value_name = "KEY")]
        kms: Option<String>,
    },
    /// Say whether the key opens the index
    Check,
    /// Encrypt the data key of the index under another key
    Rotate {
        /// The file of the new key, made if there is none [default: the environment's PIIMAP_NEW_KEY]
        #[arg(long, value_name = "FILE")]
        new_key_file: Option<PathBuf>,
        /// Have the new key, which is made, encrypted by this key of AWS KMS
        #[arg(long, value_name = "KEY", requires = "new_key_file")]
        kms: Option<String>,
    },
    /// Have the same key encrypted by AWS KMS, or by another key of it; the index is not touched
    Wrap {
        /// The file for what is encrypted, which must not exist
        file: PathBuf,
        /// The key of AWS KMS: an ARN, or an id or alias in the region of the environment
        #[arg(long, value_name = "KEY")]
        kms: String,
    },
}

impl Keys {
    pub fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
        match &self.verb {
            Verb::New { file, kms } => {
                let (made, by) = made(file, kms.as_deref())?;
                let keep = match &by {
                    Some(arn) => format!("encrypted by {arn}; keep a copy in another place, and the key of KMS from being deleted"),
                    None => "keep a copy in another place".to_owned(),
                };
                self.say(s, &format!("made {}, fingerprint {}; {keep}", file.display(), made.fingerprint()), &made, by)
            }
            Verb::Check => {
                let given = key::load(s, false)?;
                index::Reader::open(&s.index)?.unlock(&given)?;
                let by = key::kept(s)?.and_then(|(kept, _)| kept.kms().map(str::to_owned));
                let through = by.as_ref().map(|arn| format!(" decrypted by {arn},")).unwrap_or_default();
                let text = format!("the key, fingerprint {},{through} opens {}", given.fingerprint(), s.index.display());
                self.say(s, &text, &given, by)
            }
            Verb::Rotate { new_key_file, kms } => {
                let old = key::load_to_leave(s, false)?;
                // Looked at before a key is made that nothing is encrypted under.
                index::Reader::open(&s.index)?.unlock(&old)?;
                let (new, by) = match new_key_file {
                    Some(file) => match key::read(file)? {
                        Some(_) if kms.is_some() => {
                            anyhow::bail!("{} exists already: name another file, or leave --kms out to take the key in it", file.display())
                        }
                        Some(kept) => opened(kept).with_context(|| format!("the key of {}", file.display()))?,
                        // Written before the index changes: a key that is lost is an index that is lost.
                        None => made(file, kms.as_deref())?,
                    },
                    None => match key::environment("PIIMAP_NEW_KEY")? {
                        Some(kept) => opened(kept).context("PIIMAP_NEW_KEY")?,
                        None => anyhow::bail!("name the new key with --new-key-file or PIIMAP_NEW_KEY"),
                    },
                };
                anyhow::ensure!(
                    new != old,
                    "{} holds the same key: nothing would change; name a file that does not exist yet",
                    new_key_file.as_ref().map_or_else(|| "PIIMAP_NEW_KEY".to_owned(), |f| f.display().to_string())
                );
                key::refuse_guessed(&new)?;
                index::rotate(&s.index, &old, &new)?;
                let through = by.as_ref().map(|arn| format!(", which {arn} decrypts")).unwrap_or_default();
                let text = format!(
                    "{} now opens with the key of fingerprint {}{through}, and no more with {}.\nCopies of the index made before still open with the old key. If somebody had the old key and the index, the data key\n\
                     in it is known: scan everything into a new index.",
                    s.index.display(),
                    new.fingerprint(),
                    old.fingerprint()
                );
                self.say(s, &text, &new, by)
            }
            Verb::Wrap { file, kms } => {
                let given = key::load(s, false)?;
                let by = wrap(&given, file, kms)?;
                let text = format!(
                    "made {}: the key of fingerprint {}, encrypted by {by}.\nIt is the same key: what it was kept in before opens the index as well, and is to be deleted. If somebody may have seen\n\
                     it there, `piimap key rotate` makes another one.",
                    file.display(),
                    given.fingerprint()
                );
                self.say(s, &text, &given, Some(by))
            }
        }
    }

    fn say(&self, s: &Setting, text: &str, key: &Key, kms: Option<String>) -> anyhow::Result<Exit> {
        if s.json {
            let doc = serde_json::json!({"fingerprint": key.fingerprint(), "kms": kms, "index": s.index.display().to_string()});
            output::print_json(&doc)?;
        } else {
            output::print(&format!("{text}\n"))?;
        }
        Ok(Exit::Done)
    }
}

fn opened(kept: Kept) -> anyhow::Result<(Key, Option<String>)> {
    let kms = kept.kms().map(str::to_owned);
    Ok((kept.open()?, kms))
}

/// A new random key in a new file, and the ARN of the key of KMS that encrypted it.
fn made(file: &Path, kms: Option<&str>) -> anyhow::Result<(Key, Option<String>)> {
    let made = Key::random()?;
    let by = match kms {
        Some(kms) => Some(wrap(&made, file, kms)?),
        None => {
            key::write(file, made.to_hex().expose()).with_context(|| file.display().to_string())?;
            None
        }
    };
    Ok((made, by))
}

/// Has `key` encrypted into a new file; the ARN of the key of KMS that did it.
fn wrap(key: &Key, file: &Path, kms: &str) -> anyhow::Result<String> {
    anyhow::ensure!(!file.exists(), "{} exists already; name another file", file.display());
    let wrapped = Wrapped::new(key, kms)?;
    key::write(file, wrapped.to_string().as_bytes()).with_context(|| file.display().to_string())?;
    Ok(wrapped.kms)
}
