//! Stores within the data map: what their settings are, and what they hold that these do not fit.

use serde_json::{Value, json};

use super::text::{count, seen, wrap};
use crate::query::{MapAnswer, StoreAnswer};

/// One store: `uri`, `facts` (the settings by name; null where one is not known), `not_known` (names and why), `sensitive` (`id`,
/// `count`), `warnings` (`public`, `unlogged`).
pub(super) fn store_json(s: &StoreAnswer) -> Value {
    let facts: serde_json::Map<String, Value> = s.facts.iter().map(|(name, value, _)| ((*name).to_owned(), json!(value))).collect();
    let not: serde_json::Map<String, Value> =
        s.facts.iter().filter(|f| f.1.is_none()).map(|(name, _, why)| ((*name).to_owned(), json!(why))).collect();
    let sensitive: Vec<Value> = s.sensitive.iter().map(|(id, n)| json!({"id": id, "count": n})).collect();
    json!({"uri": s.uri, "facts": facts, "not_known": not, "sensitive": sensitive, "warnings": s.warnings()})
}

/// What stands at the top of the map: a sentence for each store whose settings do not fit what it holds.
pub(super) fn warnings(a: &MapAnswer) -> Vec<String> {
    let one = |s: &StoreAnswer| {
        let is = match s.warnings().as_slice() {
            [] => return None,
            ["public"] => "is public",
            ["unlogged"] => "logs no access",
            _ => "is public and logs no access",
        };
        let held: Vec<String> = s.sensitive.iter().take(4).map(|(id, n)| format!("{id} ({})", count(*n))).collect();
        let more = if s.sensitive.len() > 4 { format!(" and {} more kinds", s.sensitive.len() - 4) } else { String::new() };
        Some(format!("{} {is}, and holds {}{more}", s.uri, held.join(", ")))
    };
    a.stores.iter().filter_map(one).collect()
}

/// The stores with their settings, for people; empty where none is known.
pub(super) fn stores_text(a: &MapAnswer) -> String {
    let mut out = String::new();
    for s in &a.stores {
        let known: Vec<String> = s
            .facts
            .iter()
            .filter(|(name, ..)| !["public_access_block", "policy_public", "acl_public"].contains(name))
            .filter_map(|(name, value, _)| Some(format!("{name} {}", value.as_ref()?)))
            .collect();
        let not: Vec<&str> = s.facts.iter().filter(|f| f.1.is_none()).map(|f| f.0).collect();
        out += &format!("  {}\n", seen(&s.uri));
        if !known.is_empty() {
            out += &wrap("    ", &known.join("; "));
        }
        if !not.is_empty() {
            out += &wrap("    ", &format!("not known: {}", not.join(", ")));
        }
    }
    if out.is_empty() { out } else { format!("\nStores:\n{out}") }
}
