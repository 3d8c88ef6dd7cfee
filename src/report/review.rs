//! How right the findings are, by what people said of a sample.

use serde_json::{Value, json};

use super::breach::wrap;
use super::text::{count, plural, table};
use crate::base::Timestamp;
use crate::index::Review;
use crate::query::wilson;

/// `{"share", "low", "high"}`, null where nothing was judged.
fn interval(hits: u64, n: u64) -> Value {
    let round = |x: f64| (x * 1e4).round() / 1e4;
    wilson(hits, n).map_or(Value::Null, |(share, low, high)| json!({"share": round(share), "low": round(low), "high": round(high)}))
}

/// A review as `basis.review` of an answer: `at`, `run`, `classifier_set`, `seed`, `datasets` (a pattern, null: all), `findings` {judged, right,
/// precision}, `non_findings` {judged, missed, miss_rate}, `skipped`, `classifiers` {id: {judged, right, precision}}, `interval`. A share
/// has its bounds with 95 %, by Wilson.
pub fn review_json(r: &Review) -> Value {
    let classifiers: serde_json::Map<String, Value> = r
        .findings
        .iter()
        .map(|(id, (n, right))| (id.clone(), json!({"judged": n, "right": right, "precision": interval(*right, *n)})))
        .collect();
    let ((n, right), (others, missed)) = (r.all_findings(), r.non_findings);
    json!({
        "at": Timestamp(r.at).to_string(), "run": r.run, "classifier_set": r.classifier_set, "seed": r.seed, "datasets": r.scope,
        "findings": {"judged": n, "right": right, "precision": interval(right, n)},
        "non_findings": {"judged": others, "missed": missed, "miss_rate": interval(missed, others)},
        "skipped": r.skipped, "classifiers": classifiers, "interval": "95 %, Wilson 1927",
    })
}

fn percent(x: f64) -> String {
    let p = x * 100.0;
    // An interval must not look closed where it is not.
    if (0.05..99.95).contains(&p) && (p.round() == 0.0 || p.round() == 100.0) { format!("{p:.1}") } else { format!("{p:.0}") }
}

/// The same for people.
pub fn review_text(r: &Review) -> String {
    let row = |name: &str, hits: u64, n: u64| {
        let (share, low, high) = wilson(hits, n).map_or(Default::default(), |(s, l, h)| (percent(s), percent(l), percent(h)));
        vec![name.to_owned(), count(n), count(hits), format!("{share} %"), format!("{low} to {high} %")]
    };
    let head = |a: &str, b: &str| ["", "judged", a, b, "95 % interval"].map(|h| h.replace("NAME", a)).to_vec();
    let ((n, right), (others, missed)) = (r.all_findings(), r.non_findings);
    let mut out = String::new();
    if n > 0 {
        let mut rows = vec![head("right", "precision"), row("findings", right, n)];
        rows.extend(r.findings.iter().filter(|f| f.1.0 > 0).map(|(id, (n, right))| row(&format!("  {id}"), *right, *n)));
        out += &table(&rows, &[1, 2, 3], "");
    }
    if others > 0 {
        out += &table(&[head("missed", "miss rate"), row("non-findings", missed, others)], &[1, 2, 3], "");
    }
    if r.skipped > 0 {
        out += &format!("{} shown and not judged.\n", plural(r.skipped, "value"));
    }
    out + &wrap(&format!(
        "Findings of all datasets in proportion, seed {}. The miss rate is the share of values without a finding that should have had one. Intervals: Wilson 1927.",
        r.seed
    ))
}

/// One line of an answer that rests on what was reviewed. `classifier_set`: that of the answer.
pub(super) fn review_line(r: &Review, classifier_set: Option<&str>) -> String {
    let share = |hits, n| wilson(hits, n).map(|(s, l, h)| format!("{} % ({} to {})", percent(s), percent(l), percent(h)));
    let ((n, right), (others, missed)) = (r.all_findings(), r.non_findings);
    let precision = share(right, n).map(|p| format!("precision {p} of {}", plural(n, "finding")));
    let misses = share(missed, others).map(|p| format!("miss rate {p} of {}", plural(others, "other value")));
    let changed = if classifier_set.is_some_and(|c| c != r.classifier_set) { "; the classifiers have changed since" } else { "" };
    let said = [precision, misses].into_iter().flatten().collect::<Vec<_>>().join(", ");
    wrap(&format!("Reviewed {}: {said}, with 95 %{changed}.", &Timestamp(r.at).to_string()[..10]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_their_bounds() {
        let findings = [("us.ssn".to_owned(), (20, 20)), ("generic.phone".to_owned(), (10, 8))].into();
        let r = Review { at: 0, findings, non_findings: (400, 1), classifier_set: "ab".into(), ..Review::default() };
        let doc = review_json(&r);
        assert_eq!(doc["classifiers"]["generic.phone"]["precision"], json!({"share": 0.8, "low": 0.4902, "high": 0.9433}));
        assert_eq!((&doc["findings"]["right"], &doc["non_findings"]["miss_rate"]["share"]), (&json!(28), &json!(0.0025)));
        assert!(review_json(&Review::default())["findings"]["precision"].is_null());
        let text = review_text(&r);
        assert!(text.lines().all(|l| l.chars().count() <= 80), "{text}");
        assert!(text.contains("93 %") && text.contains("0.2 %") && text.contains("100 %"), "{text}");
        let line = review_line(&r, Some("cd"));
        assert!(line.starts_with("Reviewed 1970-01-01: precision 93 %") && line.contains("changed since"), "{line}");
        assert!(!review_line(&r, Some("ab")).contains("changed"));
    }
}
