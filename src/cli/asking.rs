//! What questions about people have in common: values typed in, and the line that says who asked.

use std::io::{BufRead, ErrorKind, IsTerminal};
use std::path::Path;

use super::{Setting, key, output};
use crate::base::Secret;
use crate::classify::{Classifiers, Scratch};
use crate::identity::{Hasher, Kernel};
use crate::{index, query, scan};

/// The values of a command line; `-` reads more from standard input.
pub(super) fn values(
    values: &[String],
    class: Option<&str>,
    classifiers: &Classifiers,
    reader: &index::Reader,
) -> anyhow::Result<Vec<query::Asked>> {
    if let Some(class) = class {
        let known = classifiers.index_of(class).is_some() || reader.key_columns()?.iter().any(|c| c.namespace.class == *class);
        anyhow::ensure!(known, "there is no classifier {class}; `piimap classifiers list` shows them, `piimap map --links` the keys");
    }
    let mut asked = Vec::new();
    for v in values {
        if v == "-" {
            if std::io::stdin().is_terminal() {
                output::error("type one value a line, then Ctrl-D");
            }
            for line in std::io::stdin().lock().lines() {
                asked.push(Secret::new(line?));
            }
        } else {
            asked.push(Secret::new(v.as_bytes()));
        }
    }
    asked.retain(|a| !a.expose().trim_ascii().is_empty());
    anyhow::ensure!(!asked.is_empty(), "no value was given");
    Ok(asked.into_iter().map(|value| query::Asked { value, class: class.map(str::to_owned) }).collect())
}

/// Where nothing was found: says which identifiers of the index could not have been.
pub(super) fn tell_unheard(reader: &index::Reader, classifiers: &Classifiers) -> anyhow::Result<()> {
    let unheard = query::unheard(reader, classifiers)?;
    if !unheard.is_empty() {
        output::note(&format!(
            "The index also holds {}, which was not looked for: give --classifiers as the scan did.",
            unheard.join(", ")
        ));
    }
    Ok(())
}

/// Writes down who asked. PRIVACY: what was asked only as keyed hash, values in the reason masked. `None`, with a word on
/// standard error, where nothing may be written: an index on a read-only shelf still answers.
pub(super) fn log(
    s: &Setting,
    command: &str,
    hasher: Option<&Hasher>,
    query: &[String],
    reason: Option<&str>,
    answered: u64,
) -> anyhow::Result<Option<index::AuditHead>> {
    let reason = match reason {
        None => None,
        Some(text) => {
            let kernel = Kernel::new(key::classifiers(s)?, None);
            Some(scan::shown(&kernel, &mut Scratch::new(kernel.classifiers()), text))
        }
    };
    append(&s.index, command, hasher, query, reason, answered)
}

/// The same with a reason that may be written down as it is.
pub(super) fn append(
    index: &Path,
    command: &str,
    hasher: Option<&Hasher>,
    query: &[String],
    reason: Option<String>,
    answered: u64,
) -> anyhow::Result<Option<index::AuditHead>> {
    let hex = |b: [u8; 16]| b.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let query = hasher.map(|h| hex(h.name(&format!("query {command} {}", query.join("\n")))));
    let asked = index::AuditLine { command: command.to_owned(), user: user(), reason, query, answered };
    match index::audit_append(index, &asked) {
        Ok(head) => Ok(Some(head)),
        Err(index::AuditError::File { path, source })
            if matches!(source.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) =>
        {
            output::error(&format!("this question is not in the log of questions: {}: {source}", path.display()));
            Ok(None)
        }
        Err(e) => Err(e.into()),
    }
}

/// Number and name of the user, as the system knows them and not as the environment says.
fn user() -> (Option<u32>, String) {
    #[cfg(target_os = "linux")]
    if let Ok(me) = std::fs::metadata("/proc/self") {
        let uid = std::os::unix::fs::MetadataExt::uid(&me);
        let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let name = users.lines().find_map(|l| {
            let mut f = l.split(':');
            let name = f.next()?;
            (f.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
        });
        return (Some(uid), name.unwrap_or_default());
    }
    (None, std::env::var("USER").or_else(|_| std::env::var("USERNAME")).unwrap_or_default())
}
