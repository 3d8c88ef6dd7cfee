//! Gauges in the text format of Prometheus.
//!
//! Source: the text exposition format, version 0.0.4: a HELP and a TYPE line before the samples of a name, labels in quotes with
//! backslash, quote and line feed escaped.

use std::collections::BTreeMap;

use crate::query::{MapAnswer, Numbers};

/// The whole page, ends with a line feed. Datasets and classifiers are labels; ages are as of the moment that the map was asked.
pub fn prometheus_text(map: &MapAnswer, numbers: &Numbers) -> String {
    let mut out = String::new();
    let mut gauge = |name: &str, help: &str, samples: Vec<(Vec<(&str, &str)>, f64)>| {
        out += &format!("# HELP piimap_{name} {help}\n# TYPE piimap_{name} gauge\n");
        for (labels, value) in samples {
            out += &format!("piimap_{name}{} {value}\n", written(&labels));
        }
    };
    gauge("consumers", "Distinct consumers in all current objects.", vec![(Vec::new(), map.consumers as f64)]);
    let by_dataset = map.datasets.iter().map(|d| (vec![("dataset", d.name.as_str())], d.consumers as f64));
    gauge("dataset_consumers", "Distinct consumers in a dataset.", by_dataset.collect());
    let kinds = numbers.consumers.iter().map(|((d, c), n)| (vec![("dataset", d.as_str()), ("classifier", c.as_str())], *n as f64));
    gauge("classifier_consumers", "Distinct consumers whose data of one kind a dataset holds.", kinds.collect());
    let mut sightings: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for d in &map.datasets {
        for c in d.fields.iter().flat_map(|f| &f.classifiers) {
            *sightings.entry((&d.name, &c.id)).or_default() += c.counted;
        }
    }
    let sightings = sightings.iter().map(|((d, c), n)| (vec![("dataset", *d), ("classifier", *c)], *n as f64));
    gauge("sightings", "Values of one kind that a dataset holds and that count.", sightings.collect());
    let objects = numbers.objects.iter().map(|((d, s), n)| (vec![("dataset", d.as_str()), ("status", s.as_str())], *n as f64));
    gauge("objects", "Current objects by whether they were read, read in part or not at all.", objects.collect());
    let all = |n: u64| (Vec::new(), n as f64);
    let missing = &map.basis.missing;
    gauge("objects_unread", "Current objects of which nothing could be read.", vec![all(missing.unread)]);
    gauge("objects_partial", "Current objects that were read in part.", vec![all(missing.partial)]);
    gauge("objects_incomplete", "Current objects of which something could not be read, or not again.", vec![all(missing.objects)]);
    gauge("objects_unreached", "Objects that a run which was stopped had listed and did not reach.", vec![all(missing.unreached)]);
    gauge("locations_unlisted", "Folders, prefixes, links and pipes that could not be listed.", vec![all(missing.unlisted)]);
    gauge("runs_unended", "Runs that were killed or are going on.", vec![all(missing.unended.len() as u64)]);
    let dated = || map.datasets.iter().filter_map(|d| Some((vec![("dataset", d.name.as_str())], d.data_as_of?)));
    let times = dated().map(|(labels, t)| (labels, t.0 as f64 / 1000.0));
    gauge("data_timestamp_seconds", "The moment whose state a dataset shows.", times.collect());
    let ages = dated().map(|(labels, t)| (labels, map.asked.0.saturating_sub(t.0) as f64 / 1000.0));
    gauge("data_age_seconds", "How old that state is.", ages.collect());
    out
}

/// `{a="b",c="d"}`; nothing for no label.
fn written(labels: &[(&str, &str)]) -> String {
    if labels.is_empty() {
        return String::new();
    }
    let all: Vec<String> = labels.iter().map(|(k, v)| format!("{k}=\"{}\"", escaped(v))).collect();
    format!("{{{}}}", all.join(","))
}

/// A label's value between its quotes.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped() {
        assert_eq!(escaped("a\\b\"c\nd"), "a\\\\b\\\"c\\nd");
        assert_eq!(written(&[("dataset", "é \"x\""), ("classifier", "us.ssn")]), "{dataset=\"é \\\"x\\\"\",classifier=\"us.ssn\"}");
        assert_eq!(written(&[]), "");
    }
}
