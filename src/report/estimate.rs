//! `scan --dry-run`.

use serde_json::{Value, json};

use super::text::{bytes, count, plural, table};
use crate::scan::Estimate;

/// Dollars, at the list prices of Amazon S3 Standard in us-east-1 (aws.amazon.com/s3/pricing, as of 2026-11): a thousand LIST
/// requests, a thousand GET requests, a gigabyte (10^9 bytes here) to the internet in the first 10 TB of a month. Transfer within a region is free.
const LISTS: f64 = 0.005;
const GETS: f64 = 0.0004;
const INTERNET: f64 = 0.09;

struct Sum {
    listed: u64,
    unchanged: u64,
    to_read: u64,
    bytes: u64,
    lists: u64,
    gets: u64,
    /// Bytes from S3.
    fetched: u64,
}

fn sum(e: &Estimate) -> Sum {
    let of = |f: fn(&crate::scan::SourceEstimate) -> u64| e.sources.iter().map(f).sum();
    Sum {
        listed: of(|s| s.listed),
        unchanged: of(|s| s.unchanged),
        to_read: of(|s| s.to_read),
        bytes: of(|s| s.bytes),
        lists: of(|s| s.lists),
        gets: of(|s| s.gets),
        fetched: of(|s| if s.lists > 0 { s.bytes } else { 0 }),
    }
}

fn dollars(s: &Sum) -> (f64, f64) {
    let cents = |x: f64| (x * 10_000.0).round() / 10_000.0;
    (cents(s.lists as f64 / 1000.0 * LISTS + s.gets as f64 / 1000.0 * GETS), cents(s.fetched as f64 / 1e9 * INTERNET))
}

/// Whether the prices are known: of S3 itself, not of another server or of another cloud.
fn is_priced(e: &Estimate, own_server: bool) -> bool {
    !own_server && e.sources.iter().all(|s| s.lists == 0 || s.uri.starts_with("s3://") || s.uri.starts_with("glue://"))
}

/// One document; `usd` is null where the prices of a source are not known. `own_server`: requests go to another server than Amazon's.
pub fn estimate_json(e: &Estimate, own_server: bool) -> Value {
    let s = sum(e);
    let (requests, internet) = dollars(&s);
    let usd = json!({"requests": requests, "transfer_same_region": 0.0, "transfer_internet": internet, "prices": "S3 Standard, us-east-1, 2026-11"});
    let sources = e.sources.iter().map(|s| {
        json!({"uri": s.uri, "listed": s.listed, "unchanged": s.unchanged, "to_read": s.to_read, "bytes": s.bytes,
            "requests": {"list": s.lists, "get": s.gets}})
    });
    json!({
        "dry_run": true,
        "objects": {"listed": s.listed, "unchanged": s.unchanged, "to_read": s.to_read},
        "bytes": {"to_read": s.bytes},
        "requests": {"list": s.lists, "get": s.gets},
        "usd": if is_priced(e, own_server) { usd } else { Value::Null },
        "sources": sources.collect::<Vec<_>>(),
        "not_listed": e.failures.iter().map(|(uri, f)| json!({"uri": uri, "reason": f.reason.code(), "detail": f.detail})).collect::<Vec<_>>(),
    })
}

/// The same for people.
pub fn estimate_text(e: &Estimate, own_server: bool) -> String {
    let s = sum(e);
    let mut out =
        format!("Nothing was read. A scan would read {} of {}, {}.\n\n", count(s.to_read), plural(s.listed, "object"), bytes(s.bytes));
    let rows: Vec<Vec<String>> =
        e.sources.iter().map(|s| vec![s.uri.clone(), count(s.listed), count(s.unchanged), count(s.to_read), bytes(s.bytes)]).collect();
    let head = ["source", "listed", "unchanged", "to read", "bytes"].map(str::to_owned).to_vec();
    out += &table(&[vec![head], rows].concat(), &[1, 2, 3, 4], "  ");
    if s.lists > 0 {
        out += &format!("\nRequests: {} to list, {} to get.\n", count(s.lists), count(s.gets));
        if is_priced(e, own_server) {
            let (requests, internet) = dollars(&s);
            out += &format!(
                "About ${requests:.2} for requests and nothing for transfer within the region,\n${internet:.2} if the bytes leave for the internet (S3 Standard, us-east-1, 2026-11).\n"
            );
        } else {
            out += "What they cost is not known for this server.\n";
        }
    }
    for (uri, f) in &e.failures {
        out += &format!("\nNot listed: {uri}\n  {}\n", f.detail);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::SourceEstimate;

    #[test]
    fn money_is_only_named_where_it_is_known() {
        let of = |uri: &str, lists| SourceEstimate {
            uri: uri.to_owned(),
            listed: 3_000_000,
            unchanged: 1_000_000,
            to_read: 2_000_000,
            bytes: 2_000_000_000_000,
            lists,
            gets: 2_000_000,
        };
        let e = Estimate { sources: vec![of("s3://b/", 3000)], failures: Vec::new() };
        let j = estimate_json(&e, false);
        // 3,000 LIST at $0.005 a thousand and 2,000,000 GET at $0.0004 a thousand; 2,000 GB at $0.09.
        assert_eq!((&j["usd"]["requests"], &j["usd"]["transfer_internet"]), (&json!(0.815), &json!(180.0)));
        assert!(
            estimate_text(&e, false).contains("About $0.81 for requests") || estimate_text(&e, false).contains("About $0.82 for requests")
        );
        assert!(estimate_json(&e, true)["usd"].is_null());
        assert!(estimate_json(&Estimate { sources: vec![of("gs://b/", 3000)], ..e.clone() }, false)["usd"].is_null());
        let local = Estimate { sources: vec![SourceEstimate { gets: 0, ..of("/data", 0) }], ..e };
        assert_eq!(estimate_json(&local, false)["usd"]["requests"], 0.0);
        assert!(!estimate_text(&local, false).contains('$'));
    }
}
