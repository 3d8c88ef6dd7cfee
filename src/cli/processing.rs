//! `[organisation]` and `[[processing]]` of piimap.toml: what personal data is for, who gets it, how long it is kept.

use anyhow::Context;
use serde::Deserialize;

use super::borders::patterns;
use crate::query::{Activity, Processing, Retention};

/// `[organisation]`: who answers for the data.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Organisation {
    name: String,
    contact: String,
    representative: String,
    /// The data protection officer.
    dpo: String,
}

/// `[[processing]]`: one activity with its datasets.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ProcessingEntry {
    name: String,
    /// Patterns of datasets, as `piimap map` names them.
    datasets: Vec<String>,
    /// `controller` (or business) by default; `processor` (or service provider) for others' data.
    role: Option<String>,
    /// Whose data it is, where we are processor; joint controllers.
    controller: Option<String>,
    purposes: Vec<String>,
    legal_basis: Option<String>,
    /// Whom the data is of: customers, employees.
    subjects: Vec<String>,
    /// From whom it comes.
    collected_from: Vec<String>,
    recipients: Vec<String>,
    /// To whom it is sold or shared for advertising (California).
    sold_to: Vec<String>,
    transfers: Vec<String>,
    safeguards: Option<String>,
    security: Option<String>,
    /// `3y`, `18mo`, `90d`.
    retention: Option<String>,
}

/// What the configuration says, with what is wrong with it.
pub(super) fn read(organisation: &Organisation, entries: &[ProcessingEntry]) -> anyhow::Result<Processing> {
    let mut activities: Vec<Activity> = Vec::new();
    for e in entries {
        anyhow::ensure!(!e.name.trim().is_empty(), "processing: an entry has a name, such as name = \"customer accounts\"");
        anyhow::ensure!(activities.iter().all(|a| a.name != e.name), "processing: {:?} stands there twice", e.name);
        activities.push(activity(e).with_context(|| format!("processing {:?}", e.name))?);
    }
    Ok(Processing {
        organisation: organisation.name.clone(),
        contact: organisation.contact.clone(),
        representative: organisation.representative.clone(),
        dpo: organisation.dpo.clone(),
        activities,
    })
}

fn activity(e: &ProcessingEntry) -> anyhow::Result<Activity> {
    anyhow::ensure!(!e.datasets.is_empty(), "give datasets, a list of patterns");
    let processor = match e.role.as_deref() {
        None | Some("controller" | "business") => false,
        Some("processor" | "service provider") => true,
        Some(other) => anyhow::bail!("role is {other:?}; it can be controller or processor"),
    };
    let datasets = patterns(&e.datasets)?;
    let text = |t: &Option<String>| t.clone().unwrap_or_default();
    Ok(Activity {
        name: e.name.clone(),
        covers: Box::new(move |dataset| datasets.is_match(dataset)),
        processor,
        controller: text(&e.controller),
        purposes: e.purposes.clone(),
        legal_basis: text(&e.legal_basis),
        subjects: e.subjects.clone(),
        collected_from: e.collected_from.clone(),
        recipients: e.recipients.clone(),
        sold_to: e.sold_to.clone(),
        transfers: e.transfers.clone(),
        safeguards: text(&e.safeguards),
        security: text(&e.security),
        retention: e.retention.as_deref().map(retention).transpose()?,
    })
}

/// `90d`, `6w`, `18mo`, `3y`.
fn retention(text: &str) -> anyhow::Result<Retention> {
    let says = || anyhow::anyhow!("retention is {text:?}; it is a number with d, w, mo or y, such as 90d or 3y");
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).ok_or_else(says)?);
    let n: u32 = number.parse().map_err(|_| says())?;
    let days = match unit.trim() {
        "d" => n,
        "w" => n.checked_mul(7).ok_or_else(says)?,
        // Whole months and years are counted by their mean length: a day more or less says nothing of a file's age.
        "mo" => (f64::from(n) * 30.436875).round() as u32,
        "y" => (f64::from(n) * 365.2425).round() as u32,
        _ => return Err(says()),
    };
    anyhow::ensure!((1..=73_050).contains(&days), says());
    Ok(Retention { text: text.to_owned(), days })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retention_is_a_number_of_days() {
        for (text, want) in [
            ("90d", Some(90)),
            ("6w", Some(42)),
            ("18mo", Some(548)),
            ("3y", Some(1096)),
            (" 3 y ", Some(1096)),
            ("0d", None),
            ("999y", None),
            ("3", None),
            ("y", None),
            ("99999999999d", None),
        ] {
            assert_eq!(retention(text).ok().map(|r| r.days), want, "{text}");
        }
    }
}
