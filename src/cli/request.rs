//! Requests of consumers: what was known of a person when they asked, frozen beside the index as hashes.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::{Value, json};

use crate::base::{Timestamp, WholeFile, private_folder};
use crate::identity::{Hasher, IdHash};
use crate::query::KnownPerson;

/// The file of a request, in the folder `<index>.requests`.
fn path(index: &Path, id: &str) -> anyhow::Result<PathBuf> {
    let plain =
        !id.is_empty() && id.len() <= 64 && !id.starts_with('.') && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    anyhow::ensure!(plain, "a request's id is up to 64 letters, digits, dots, underscores and hyphens");
    let mut dir = index.as_os_str().to_owned();
    dir.push(".requests");
    Ok(PathBuf::from(dir).join(format!("{id}.json")))
}

/// Writes down what is known; refuses to overwrite what was frozen before.
pub(super) fn freeze(index: &Path, id: &str, person: &KnownPerson, hasher: &Hasher) -> anyhow::Result<()> {
    let path = path(index, id)?;
    anyhow::ensure!(!path.exists(), "request {id} was frozen before, in {}; take another id", path.display());
    let parent = path.parent().unwrap_or(Path::new("."));
    private_folder(parent).with_context(|| parent.display().to_string())?;
    let doc = json!({
        "id": id, "frozen": Timestamp::now().to_string(), "key": hex(&hasher.name("requests")),
        "consumers": person.consumers.iter().map(|c| c.to_string()).collect::<Vec<_>>(),
        "identifiers": person.identifiers.iter().map(|(h, c)| json!({"hash": hex(&h.0), "classifier": c})).collect::<Vec<_>>(),
        "objects": person.objects.iter().map(|(h, (uri, dataset))| json!({"hash": hex(h), "uri": uri, "dataset": dataset})).collect::<Vec<_>>(),
    });
    WholeFile::write(&path, format!("{doc:#}\n").as_bytes()).with_context(|| path.display().to_string())
}

/// Reads a request again, and when it was frozen.
pub(super) fn thaw(index: &Path, id: &str, hasher: &Hasher) -> anyhow::Result<(KnownPerson, String)> {
    let path = path(index, id)?;
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("there is no request {id}; `piimap find VALUE --request {id}` freezes one: {}", path.display()))?;
    let doc: Value = serde_json::from_str(&text).with_context(|| format!("{} is damaged", path.display()))?;
    anyhow::ensure!(doc["key"].as_str() == Some(&hex(&hasher.name("requests"))), "request {id} was frozen under another key");
    let hash = |v: &Value| -> anyhow::Result<[u8; 16]> {
        let text = v["hash"].as_str().filter(|t| t.len() == 32).context("damaged")?;
        Ok(u128::from_str_radix(text, 16)?.to_be_bytes())
    };
    let mut person = KnownPerson::default();
    let (ids, objects) = (doc["identifiers"].as_array(), doc["objects"].as_array());
    for v in ids.into_iter().flatten() {
        let id = hash(v).with_context(|| path.display().to_string())?;
        person.identifiers.insert(IdHash(id), v["classifier"].as_str().unwrap_or_default().to_owned());
    }
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    for v in objects.into_iter().flatten() {
        person.objects.insert(hash(v).with_context(|| path.display().to_string())?, (text(&v["uri"]), text(&v["dataset"])));
    }
    Ok((person, text(&doc["frozen"])))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
