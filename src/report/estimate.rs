//! `scan --dry-run`.

use serde_json::{Value, json};

use super::text::{bytes, count, plural, seen, table};
use crate::scan::{Cost, Estimate, PRICES_OF, Prices, SourceEstimate, Spend};

/// What money is reckoned by.
#[derive(Clone, Copy)]
pub struct Terms<'a> {
    /// Prices and limits.
    pub spend: &'a Spend,
    /// Dollars of the runs of this month.
    pub spent: f64,
}

struct Sum {
    listed: u64,
    unchanged: u64,
    to_read: u64,
    bytes: u64,
    lists: u64,
    gets: u64,
    cost: Cost,
    cold: (u64, u64),
    far: (u64, u64),
}

fn sum(e: &Estimate) -> Sum {
    let mut cost = Cost::default();
    e.sources.iter().for_each(|s| cost.add(&s.cost));
    let pile = |f: fn(&SourceEstimate) -> (u64, u64)| e.sources.iter().map(f).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    let of = |f: fn(&SourceEstimate) -> u64| e.sources.iter().map(f).sum();
    Sum {
        listed: of(|s| s.listed),
        unchanged: of(|s| s.unchanged),
        to_read: of(|s| s.to_read),
        bytes: of(|s| s.bytes),
        lists: of(|s| s.lists),
        gets: of(|s| s.gets),
        cost,
        cold: pile(|s| s.cold),
        far: pile(|s| s.far),
    }
}

/// To a hundredth of a cent.
fn round(usd: f64) -> f64 {
    (usd * 10_000.0).round() / 10_000.0
}

/// What the bytes cost if they leave for the internet.
fn internet(s: &Sum, t: &Terms<'_>) -> f64 {
    s.cost.bytes.iter().sum::<u64>() as f64 / 1e9 * t.spend.prices.internet
}

/// Whether the prices are known: of S3 itself, not of another server or of another cloud.
fn is_priced(e: &Estimate) -> bool {
    e.sources.iter().all(|s| s.lists + s.gets == 0 || s.is_priced)
}

/// One document; `usd` is null where the prices of a source are not known. `retrieval`, `kms`, `cross_region` and `requests` make
/// its `total`; `transfer_internet` comes on top if the bytes leave for the internet. `held_back`: objects and bytes that are not read
/// unless fees are allowed, which `to_read` leaves out.
pub fn estimate_json(e: &Estimate, t: &Terms<'_>) -> Value {
    let s = sum(e);
    let mut usd = json!({"transfer_same_region": 0.0, "transfer_internet": round(internet(&s, t)), "prices": prices(t)});
    for (name, dollars) in s.cost.items(&t.spend.prices) {
        usd[name] = json!(round(dollars));
    }
    let total = s.cost.usd(&t.spend.prices);
    usd["total"] = json!(round(total));
    usd["spent_this_month"] = json!(round(t.spent));
    usd["max_usd"] = json!(t.spend.max_usd);
    usd["within_budget"] = json!(total + t.spent <= t.spend.max_usd);
    let held = |(objects, bytes): (u64, u64)| json!({"objects": objects, "bytes": bytes});
    let sources = e.sources.iter().map(|s| {
        json!({"uri": s.uri, "listed": s.listed, "unchanged": s.unchanged, "to_read": s.to_read, "bytes": s.bytes,
            "requests": {"list": s.lists, "get": s.gets}})
    });
    json!({
        "dry_run": true,
        "objects": {"listed": s.listed, "unchanged": s.unchanged, "to_read": s.to_read},
        "bytes": {"to_read": s.bytes},
        "requests": {"list": s.lists, "get": s.gets},
        "held_back": {"retrieval_fee": held(s.cold), "other_region": held(s.far)},
        "usd": if is_priced(e) { usd } else { Value::Null },
        "sources": sources.collect::<Vec<_>>(),
        "not_listed": e.failures.iter().map(|(uri, f)| json!({"uri": uri, "reason": f.reason.code(), "detail": f.detail})).collect::<Vec<_>>(),
    })
}

/// The same for people.
pub fn estimate_text(e: &Estimate, t: &Terms<'_>) -> String {
    let s = sum(e);
    let mut out =
        format!("Nothing was read. A scan would read {} of {}, {}.\n\n", count(s.to_read), plural(s.listed, "object"), bytes(s.bytes));
    let rows: Vec<Vec<String>> =
        e.sources.iter().map(|s| vec![s.uri.clone(), count(s.listed), count(s.unchanged), count(s.to_read), bytes(s.bytes)]).collect();
    let head = ["source", "listed", "unchanged", "to read", "bytes"].map(str::to_owned).to_vec();
    out += &table(&[vec![head], rows].concat(), &[1, 2, 3, 4], "  ");
    if s.lists + s.gets > 0 {
        out += &format!("\nRequests: {} to list, {} to get.\n", count(s.lists), count(s.gets));
        if is_priced(e) {
            let rows: Vec<Vec<String>> = s
                .cost
                .items(&t.spend.prices)
                .iter()
                .map(|(name, usd)| {
                    vec![name.replace("kms", "KMS calls").replace("cross_region", "transfer between regions"), format!("${usd:.2}")]
                })
                .collect();
            out += &format!("About ${:.2} ({}):\n", s.cost.usd(&t.spend.prices), prices(t));
            out += &table(&rows, &[1], "  ");
            out += &format!("and ${:.2} more if the bytes leave for the internet.\n", internet(&s, t));
            out += &format!("Spent this month: ${:.2} of ${:.2} (max_usd).\n", t.spent, t.spend.max_usd);
        } else {
            out += "What they cost is not known for this server.\n";
        }
    }
    for ((objects, size), why) in [(s.cold, "a retrieval fee: --cold"), (s.far, "transfer between regions: --cross-region")] {
        if objects > 0 {
            out += &format!("\nNot read unless you allow {why}: {}, {}.\n", plural(objects, "object"), bytes(size));
        }
    }
    for (uri, f) in &e.failures {
        out += &format!("\nNot listed: {}\n  {}\n", seen(uri), seen(&f.detail));
    }
    out
}

/// Whose prices these are.
fn prices(t: &Terms<'_>) -> &'static str {
    if t.spend.prices == Prices::default() { PRICES_OF } else { "prices of piimap.toml" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Charge;

    #[test]
    fn money_is_only_named_where_it_is_known() {
        let of = |uri: &str, lists: u64| {
            let mut cost = Cost { lists, ..Cost::default() };
            (0..2_000_000).for_each(|_| cost.read(1_000_000, 8 << 20, Charge::default()));
            let cost = if uri.starts_with("s3") { cost } else { Cost::default() };
            SourceEstimate {
                uri: uri.to_owned(),
                listed: 3_000_000,
                unchanged: 1_000_000,
                to_read: 2_000_000,
                bytes: 2_000_000_000_000,
                lists,
                gets: 2_000_000,
                is_priced: true,
                cost,
                cold: (3, 5_000_000_000),
                far: (0, 0),
            }
        };
        let spend = Spend::default();
        let known = Terms { spend: &spend, spent: 49.5 };
        let e = Estimate { sources: vec![of("s3://b/", 3000)], ..Estimate::default() };
        let j = estimate_json(&e, &known);
        // 3,000 LIST at $0.005 a thousand and 2,000,000 GET at $0.0004 a thousand; 2,000 GB at $0.09.
        assert_eq!((&j["usd"]["requests"], &j["usd"]["transfer_internet"]), (&json!(0.815), &json!(180.0)));
        assert_eq!((&j["usd"]["total"], &j["usd"]["within_budget"]), (&json!(0.815), &json!(false)));
        assert_eq!(j["held_back"]["retrieval_fee"], json!({"objects": 3, "bytes": 5_000_000_000u64}));
        let text = estimate_text(&e, &known);
        assert!(text.contains("About $0.8") && text.contains("$49.50 of $50.00") && text.contains("--cold: 3 objects, 5.00 GB"), "{text}");
        assert!(text.lines().all(|l| l.chars().count() <= 80), "{text}");
        let other = SourceEstimate { is_priced: false, ..of("s3://b/", 3000) };
        assert!(estimate_json(&Estimate { sources: vec![of("s3://a/", 1), other], ..e.clone() }, &known)["usd"].is_null());
        let local = Estimate { sources: vec![SourceEstimate { gets: 0, is_priced: false, cold: (0, 0), ..of("/data", 0) }], ..e };
        assert_eq!(estimate_json(&local, &known)["usd"]["requests"], 0.0);
        assert!(!estimate_text(&local, &known).contains('$'));
    }
}
