//! `[[tenant]]` and `[[region]]` of piimap.toml: whose objects are whose, and where they lie.

use anyhow::Context;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde::Deserialize;

use crate::index::ObjectRow;
use crate::query::{Region, Template, Tenant};

/// `[[tenant]]`: a client for whom data is kept.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TenantEntry {
    /// A word: it names files.
    name: String,
    /// Patterns of datasets, as `piimap map` names them.
    #[serde(default)]
    datasets: Vec<String>,
    /// Patterns of uris.
    #[serde(default)]
    uris: Vec<String>,
}

/// `[[region]]`: where objects are stored.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegionEntry {
    /// `eu-central-1`.
    name: String,
    /// Patterns of datasets, as `piimap map` names them.
    #[serde(default)]
    datasets: Vec<String>,
    /// Patterns of uris.
    #[serde(default)]
    uris: Vec<String>,
}

/// `[[path]]`: what paths tell of objects.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PathEntry {
    /// `s3://acme-{tenant}/{environment}/{region}`.
    template: String,
}

/// The templates, with what is wrong with them.
pub(super) fn paths(entries: &[PathEntry]) -> anyhow::Result<std::sync::Arc<[Template]>> {
    let one = |p: &PathEntry| Template::new(&p.template).map_err(|why| anyhow::anyhow!("path: template {:?}: {why}", p.template));
    entries.iter().map(one).collect()
}

/// Whether an object is among those that patterns name by dataset or uri.
fn fits(datasets: &[String], uris: &[String]) -> anyhow::Result<impl Fn(&ObjectRow) -> bool + Send + Sync + 'static> {
    anyhow::ensure!(!datasets.is_empty() || !uris.is_empty(), "give datasets or uris, lists of patterns");
    let (datasets, uris) = (patterns(datasets)?, patterns(uris)?);
    Ok(move |o: &ObjectRow| datasets.is_match(&o.dataset) || uris.is_match(&o.uri))
}

/// Patterns in which `*` stays within a segment and `**` goes across.
pub(super) fn patterns(patterns: &[String]) -> anyhow::Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for p in patterns {
        set.add(GlobBuilder::new(p).literal_separator(true).build()?);
    }
    Ok(set.build()?)
}

/// The tenants, with what is wrong with them.
pub(super) fn tenants(entries: &[TenantEntry]) -> anyhow::Result<Vec<Tenant<'static>>> {
    // Files of one name in capitals and in small letters are one file on some systems.
    let mut names: Vec<String> = entries.iter().map(|t| t.name.to_ascii_lowercase()).collect();
    names.sort_unstable();
    if let Some(w) = names.windows(2).find(|w| w[0] == w[1]) {
        anyhow::bail!("tenant: {} stands there twice; one entry may list several patterns", w[1]);
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let one = |t: &TenantEntry| {
        anyhow::ensure!(
            (1..=64).contains(&t.name.len()) && t.name.chars().all(plain),
            "tenant: name {:?}: a name is letters, digits, - and _, for it names files",
            t.name
        );
        let owns = fits(&t.datasets, &t.uris).with_context(|| format!("tenant {}", t.name))?;
        Ok(Tenant { name: t.name.clone(), owns: Box::new(owns) })
    };
    entries.iter().map(one).collect()
}

/// The regions, with what is wrong with them.
pub(super) fn regions(entries: &[RegionEntry]) -> anyhow::Result<Vec<Region>> {
    let mut out: Vec<Region> = Vec::new();
    for r in entries {
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
        anyhow::ensure!(
            (1..=64).contains(&r.name.len()) && r.name.chars().all(plain),
            "region: name {:?}: a name is a word such as eu-central-1",
            r.name
        );
        anyhow::ensure!(out.iter().all(|o| o.name != r.name), "region: {} stands there twice; one entry may list several patterns", r.name);
        let holds = fits(&r.datasets, &r.uris).with_context(|| format!("region {}", r.name))?;
        out.push(Region { name: r.name.clone(), holds: Box::new(holds) });
    }
    Ok(out)
}
