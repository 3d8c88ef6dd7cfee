//! What was not read.

use serde_json::{Value, json};

use super::text::plural;
use crate::query::CoverageLine;

/// One line of `coverage --format json`: `uri`, `member`, `status`, `reason`, `detail`, `accepted`.
pub fn coverage_json(line: &CoverageLine, accepted: bool) -> Value {
    json!({"uri": line.uri, "member": line.member, "status": line.status, "reason": line.code, "detail": line.detail, "accepted": accepted})
}

/// The table for people. `accepted` says which lines the configuration accepts.
pub fn coverage_text(lines: &[(CoverageLine, bool)]) -> String {
    if lines.is_empty() {
        return "Everything that was listed has been read completely.\n".to_owned();
    }
    let mut out = format!("{} not read completely:\n", plural(lines.len() as u64, "entry").replace("entrys", "entries"));
    for (l, accepted) in lines {
        let member = l.member.as_ref().map(|m| format!(" in {m}")).unwrap_or_default();
        let accepted = if *accepted { " (accepted)" } else { "" };
        out += &format!("\n{}{member}\n  {} · {}{accepted}\n", l.uri, l.status, l.code);
        out += &format!("  {}\n", l.detail);
        if let Some(r) = l.reason {
            let again = if r.retryable() { "; the next scan tries again" } else { "" };
            out += &format!("  meaning: {}{again}\n", r.meaning());
        }
    }
    out
}
