//! What was not read.

use serde_json::{Value, json};

use super::missing::missing_text;
use super::text::{count, seen, wrap};
use crate::index::Missing;
use crate::query::CoverageLine;

/// One line of `coverage --format json`: `uri`, `member`, `status`, `reason`, `detail`, `accepted`.
pub fn coverage_json(line: &CoverageLine, accepted: bool) -> Value {
    json!({"uri": line.uri, "member": line.member, "status": line.status, "reason": line.code, "detail": line.detail, "accepted": accepted})
}

/// The table for people. `accepted` says which lines the configuration accepts.
pub fn coverage_text(missing: &Missing, lines: &[(CoverageLine, bool)]) -> String {
    let said = match missing_text(missing) {
        none if none.is_empty() => "Everything that was listed has been read completely".to_owned(),
        some => some,
    };
    if lines.is_empty() {
        return said + ".\n";
    }
    let chosen =
        if missing.chosen > 0 { format!("; {} left out by choice or not configured", count(missing.chosen)) } else { String::new() };
    let mut out = wrap("", &format!("{said}{chosen}:"));
    for (l, accepted) in lines {
        let member = l.member.as_ref().map(|m| format!(" in {}", seen(m))).unwrap_or_default();
        let accepted = if *accepted { " (accepted)" } else { "" };
        out += &format!("\n{}{member}\n  {} · {}{accepted}\n", seen(&l.uri), l.status, l.code);
        out += &format!("  {}\n", seen(&l.detail));
        if let Some(r) = l.reason {
            let again = if r.retryable() { "; the next scan tries again" } else { "" };
            out += &format!("  meaning: {}{again}\n", r.meaning());
        }
    }
    out
}
