//! A breach per tenant: whom to tell first.

use serde_json::{Value, json};

use super::breach::{breach_json, numbers, wrap};
use super::text::{count, plural, table};
use crate::query::{BreachAnswer, TenantAnswer};

/// One tenant in JSON.
pub fn tenant_json(t: &TenantAnswer) -> Value {
    // The same shape as the whole answer, less what does not depend on the tenant.
    let mut all = breach_json(&t.answer);
    let mut take = |key: &str| all.get_mut(key).map(Value::take).unwrap_or_default();
    let by = &t.notice.by;
    json!({
        "tenant": t.tenant, "scope": take("scope"), "consumers": numbers(&t.answer.consumers), "elements": take("elements"),
        "owner_notice_deadline": by.day.map(|d| d.to_string()), "owner_notice_clock": by.clock, "owner_notice_why": by.why,
        "owner_notice": t.notice.words.iter().map(|(code, words)| json!({"code": code, "words": words})).collect::<Vec<_>>(),
        "owner_notice_low_confidence": true, "jurisdictions": take("jurisdictions"), "unknown_residence": take("unknown_residence"),
    })
}

/// The tenants for people; empty where there are none.
pub(super) fn tenants_text(a: &BreachAnswer) -> String {
    if a.tenants.is_empty() {
        return String::new();
    }
    let mut rows = vec![["tell first: the owners", "by", "objects", "certain", "likely", "at most"].map(str::to_owned).to_vec()];
    for t in &a.tenants {
        let n = &t.answer.consumers;
        rows.push(vec![
            format!("  {}", t.tenant),
            t.notice.by.day.map_or_else(|| "no day".to_owned(), |d| d.to_string()),
            count(t.answer.objects),
            count(n.certain),
            count(n.likely),
            count(n.upper),
        ]);
    }
    let mut out = table(&rows, &[2, 3, 4, 5], "") + "\n";
    for t in a.tenants.iter().filter(|t| t.notice.by.day.is_none()) {
        out += &wrap(&format!("{}: {}.", t.tenant, t.notice.by.why.as_deref().unwrap_or_default()));
    }
    if a.without_tenant > 0 {
        out += &wrap(&format!("{} in scope without a tenant: [[tenant]] in piimap.toml.", plural(a.without_tenant, "object version")));
    }
    out + "Days for owners rest on summaries of the statutes (low confidence).\n\n"
}

/// Datasets whose data are old; empty where there are none.
pub(super) fn stale_text(a: &BreachAnswer) -> String {
    match a.stale.len() {
        0 => String::new(),
        _ => wrap(&format!("Older than six hours, people added since are missing: {}.", a.stale.join(", "))) + "\n",
    }
}
