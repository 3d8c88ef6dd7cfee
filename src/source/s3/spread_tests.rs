//! Listings against servers in memory: one that keeps byte order, one that orders folder by folder, some that fail.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::base::Reason;
use crate::source::runtime;
use crate::source::shelf::Shelf;
use crate::source::shelf::tests::Key;

#[derive(Default)]
struct Server {
    keys: Vec<String>,
    per_page: usize,
    /// Folders are one entry, sorted by their names without the slash.
    folders: bool,
    /// `StartAfter` is ignored.
    deaf: bool,
    /// `StartAfter` is refused.
    refuses: bool,
    /// The page behind this key fails.
    fails_behind: Option<String>,
    /// After so many pages every one fails.
    fails_after: Option<u64>,
    asked: AtomicU64,
    at_once: AtomicU64,
    most_at_once: AtomicU64,
}

impl Server {
    fn new(keys: impl IntoIterator<Item = String>, folders: bool) -> Server {
        let all: BTreeSet<String> = keys.into_iter().collect();
        let mut s = Server { keys: all.into_iter().collect(), per_page: 100, folders, ..Server::default() };
        if folders {
            s.keys.sort_by(|a, b| a.split('/').cmp(b.split('/')));
        }
        s
    }

    fn is_behind(&self, key: &str, mark: &str) -> bool {
        if self.folders { key.split('/').gt(mark.trim_end_matches('/').split('/')) && key != mark } else { key > mark }
    }
}

impl Pages for Server {
    async fn page(&self, from: From) -> Result<Page> {
        if self.asked.fetch_add(1, Ordering::Relaxed) >= self.fails_after.unwrap_or(u64::MAX) {
            return Err(Error::new(Reason::Network, "given up"));
        }
        let now = self.at_once.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_at_once.fetch_max(now, Ordering::Relaxed);
        tokio::time::sleep(std::time::Duration::from_micros(300)).await;
        self.at_once.fetch_sub(1, Ordering::Relaxed);
        if self.refuses && matches!(from, From::Behind(_)) {
            return Err(Error::new(Reason::Io, "HTTP 501"));
        }
        let start = match &from {
            From::Start => 0,
            From::Behind(_) if self.deaf => 0,
            From::Behind(key) => self.keys.iter().position(|k| self.is_behind(k, key)).unwrap_or(self.keys.len()),
            From::Token(t) => t.parse().unwrap(),
        };
        let end = (start + self.per_page).min(self.keys.len());
        let shown = &self.keys[start.min(end)..end];
        if self.fails_behind.as_ref().is_some_and(|f| shown.first().is_some_and(|k| k > f)) {
            return Err(Error::new(Reason::Network, "given up"));
        }
        let entries = shown.iter().map(|k| Entry {
            key: k.clone(),
            version: "v".into(),
            size: 1,
            modified: Some(7),
            class: None,
            old: None,
            marker: false,
        });
        let more = end < self.keys.len();
        Ok(Page { entries: entries.collect(), last: shown.last().cloned(), next: more.then(|| end.to_string()) })
    }
}

fn run(server: Server, prefix: &str, hands: usize, ordered: bool) -> (Vec<String>, Result<(), Trouble>, Arc<Server>) {
    let server = Arc::new(server);
    let mut seen = Vec::new();
    let plan = Plan { prefix, hands, ordered, repeats: false, kept: None };
    let done = list(server.clone(), &plan, runtime::shared().unwrap(), &mut |e| seen.push(e.key));
    (seen, done, server)
}

/// Kinds of keys that people make.
fn corpora() -> Vec<(&'static str, &'static str, Vec<String>)> {
    let mixed = |i: u64| i.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    vec![
        ("nothing", "", vec![]),
        ("one page", "", (0..99).map(|i| format!("{i}")).collect()),
        ("a page and nothing", "", (0..100).map(|i| format!("{i:03}")).collect()),
        ("numbers", "data/", (0..20_000).map(|i| format!("data/part-{i:05}.csv")).collect()),
        ("hashes", "", (0..20_000).map(|i| format!("{:016x}", mixed(i))).collect()),
        ("days", "logs/", (0..12_000).map(|i| format!("logs/2026/{:02}/{:02}/{i}.gz", 1 + i % 12, 1 + i % 28)).collect()),
        ("one folder among small ones", "", (0..9000).map(|i| if i % 90 == 0 { format!("{i}/x") } else { format!("big/{i}") }).collect()),
        ("beyond ASCII", "", (0..5000).map(|i| format!("日{}ü😀{}\n\u{1}{i}", mixed(i) % 7, i % 3)).collect()),
        ("one key in another", "a", (1..1500).map(|i| "a".repeat(i % 500) + &"-".repeat(1 + i / 500)).collect()),
        ("no room between", "", (0..3000).map(|i| format!("x\u{10ffff}{}", "\u{10ffff}".repeat(i % 60)) + &"!".repeat(i / 60)).collect()),
    ]
}

#[test]
fn any_number_of_hands_gives_the_same_listing_in_order_and_once() {
    for (name, prefix, keys) in corpora() {
        let expected: Vec<String> = keys.iter().filter(|k| k.starts_with(prefix)).cloned().collect::<BTreeSet<_>>().into_iter().collect();
        for hands in [1, 2, 8, 40] {
            let (seen, done, server) = run(Server::new(expected.clone(), false), prefix, hands, true);
            assert!(done.is_ok(), "{name}, {hands}: {done:?}");
            assert!(seen == expected, "{name}, {hands}: {} of {}", seen.len(), expected.len());
            let (asked, pages) = (server.asked.load(Ordering::Relaxed), expected.len().div_ceil(100).max(1) as u64);
            assert!(server.most_at_once.load(Ordering::Relaxed) <= hands as u64);
            match pages {
                1 => assert_eq!(asked, 1, "{name}: a single page costs one request"),
                _ if hands == 1 => assert_eq!(asked, pages, "{name}"),
                _ => assert!(asked <= 3 * pages + 2 * CUTS, "{name}, {hands}: {asked} requests for {pages} pages"),
            }
        }
    }
}

/// As versions of an object do. Many of these keys are those that ranges are cut at.
#[test]
fn entries_of_one_key_stay_together() {
    let plain = (b'0'..=b'~').filter(|b| *b != b'/').map(char::from);
    let keys: BTreeSet<String> =
        plain.clone().flat_map(|a| [format!("{a}"), format!("{a}/"), format!("{a}/k/"), format!("{a}{a}/x")]).collect();
    let many: Vec<String> = keys.iter().enumerate().flat_map(|(i, k)| vec![k.clone(); 1 + i * 37 % 250]).collect();
    for hands in [1, 2, 8, 40] {
        let server = Arc::new(Server { keys: many.clone(), per_page: 100, ..Server::default() });
        let plan = Plan { prefix: "", hands, ordered: false, repeats: true, kept: None };
        let mut seen = Vec::new();
        let done = list(server.clone(), &plan, runtime::shared().unwrap(), &mut |e| seen.push(e.key));
        assert!(done.is_ok() && seen == many, "{hands}: {done:?}, {} of {}", seen.len(), many.len());
        assert!(hands == 1 || server.most_at_once.load(Ordering::Relaxed) > 1);
    }
    // Where a key comes once, a second one is trouble.
    let (seen, done, _) = run(Server { keys: many, per_page: 100, ..Server::default() }, "", 8, false);
    assert!(matches!(done, Err(Trouble::Disorder)) && seen.is_empty(), "{done:?}");
}

#[test]
fn hands_share_the_work() {
    for (name, prefix, keys) in corpora().into_iter().filter(|c| c.2.len() > 8000) {
        let pages = keys.len() as u64 / 100;
        let start = std::time::Instant::now();
        let (_, _, one) = run(Server::new(keys.clone(), false), prefix, 1, true);
        let alone = start.elapsed();
        let start = std::time::Instant::now();
        let (_, _, many) = run(Server::new(keys, false), prefix, 8, true);
        let (together, asked) = (start.elapsed(), many.asked.load(Ordering::Relaxed));
        assert_eq!(one.most_at_once.load(Ordering::Relaxed), 1);
        assert!(many.most_at_once.load(Ordering::Relaxed) > 4, "{name}");
        // By how much depends on the machine; that the requests are not mostly cuts that find nothing does not.
        assert!(asked < 2 * pages + CUTS, "{name}: {asked} requests for {pages} pages, {together:?} against {alone:?}");
    }
}

#[test]
fn another_order_is_found_out_before_anything_is_handed_on() {
    let folders =
        |i: u64| [format!("a/{i}"), format!("a-{i}"), format!("a.{i}/x"), format!("my-logs/{i}"), format!("my/{i}"), format!("m{i}/y")];
    let keys: Vec<String> = (0..800).flat_map(folders).collect();
    for hands in [1, 2, 8] {
        let (seen, done, _) = run(Server::new(keys.clone(), true), "", hands, false);
        assert!(matches!(done, Err(Trouble::Disorder)) && seen.is_empty(), "{hands}: {done:?}");
        let deaf = Server { deaf: true, ..Server::new(keys.clone(), false) };
        let (seen, done, _) = run(deaf, "", hands, false);
        assert!(seen.is_empty() && matches!(done, Err(Trouble::Disorder)) || hands == 1, "{hands}: {done:?}");
    }
    // Where folders and bytes give one order, there is nothing to find.
    let plain: BTreeSet<String> = (0..3000).map(|i| format!("d{}/e{}/{i}", i % 7, i % 30)).collect();
    let (seen, done, _) = run(Server::new(plain.clone(), true), "", 8, false);
    assert!(done.is_ok() && seen.into_iter().eq(plain), "{done:?}");
}

#[test]
fn a_server_that_cannot_begin_behind_a_key_leaves_all_to_one_hand() {
    let keys: Vec<String> = (0..9000).map(|i| format!("k{i:05}")).collect();
    let refusing = || Server { refuses: true, ..Server::new(keys.clone(), false) };
    let (seen, done, _) = run(refusing(), "", 8, false);
    assert!(matches!(done, Err(Trouble::Failed(e)) if e.reason == Reason::Io) && seen.is_empty(), "{}", seen.len());
    let (seen, done, _) = run(refusing(), "", 1, false);
    assert!(done.is_ok() && seen == keys, "{}", seen.len());
}

#[test]
fn a_failure_hands_on_what_lies_before_it() {
    let keys: Vec<String> = (0..9000).map(|i| format!("k{i:05}")).collect();
    for hands in [1, 8] {
        let server = Server { fails_behind: Some("k04000".into()), ..Server::new(keys.clone(), false) };
        let (seen, done, _) = run(server, "", hands, true);
        assert!(matches!(done, Err(Trouble::Failed(e)) if e.reason == Reason::Network));
        assert!(seen.len() <= 4100 && seen == keys[..seen.len()], "{hands}: {}", seen.len());
    }
}

#[test]
fn a_listener_that_panics_leaves_no_requests_behind() {
    let server = Arc::new(Server::new((0..50_000).map(|i| format!("{i:05}")), false));
    let plan = Plan { prefix: "", hands: 4, ordered: true, repeats: false, kept: None };
    let listing = || list(server.clone(), &plan, runtime::shared().unwrap(), &mut |_| panic!("enough"));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(listing)).is_err());
    std::thread::sleep(std::time::Duration::from_millis(100));
    let asked = server.asked.load(Ordering::Relaxed);
    std::thread::sleep(std::time::Duration::from_millis(100));
    assert_eq!(server.asked.load(Ordering::Relaxed), asked);
}

#[test]
fn what_waits_beyond_the_limit_lies_in_a_file_and_comes_back() {
    let long = "n".repeat(900);
    let keys: Vec<String> = (0..40_000).map(|i| format!("{i:05}{long}")).collect();
    let (seen, done, _) = run(Server { per_page: 1000, ..Server::new(keys.clone(), false) }, "", 8, false);
    assert!(done.is_ok() && seen == keys, "{} of {}", seen.len(), keys.len());
}

#[test]
fn keys_between_are_between() {
    for (at, to, prefix, want) in [
        ("logs/a", None, "logs/", Some("logs/p/")),
        ("a", Some("b"), "", Some("aW/")),
        ("ab", Some("b"), "", Some("ap/")),
        ("a5", Some("a7"), "", Some("a6/")),
        ("a5", Some("a6"), "", Some("a5W/")),
        ("a5x", Some("a6"), "", Some("a5{/")),
        ("é", None, "", Some("\u{88074}/")),
        ("a", Some("a/"), "", None),
        ("a", Some("a1"), "", Some("a0/")),
        ("a/x", Some("a/x1"), "a/", Some("a/x0/")),
    ] {
        let m = between(at, to, prefix);
        assert_eq!(m.as_deref(), want, "{at} {to:?}");
        if let Some(m) = m {
            assert!(!m.ends_with("//") && m.as_str() > at && to.is_none_or(|to| m.as_str() < to) && m.starts_with(prefix));
        }
    }
}

/// Lists what is kept and what is not; what was seen, and how many pages were asked for.
fn go_on(shelf: &Arc<Shelf>, mut server: Server, fails_after: Option<u64>, plan: (usize, bool, bool)) -> (Vec<(String, u64)>, bool, u64) {
    server.fails_after = fails_after;
    let (server, mut seen) = (Arc::new(server), Vec::new());
    let (hands, ordered, repeats) = plan;
    let kept = shelf.part("this").map(Arc::new);
    let plan = Plan { prefix: "", hands, ordered, repeats, kept: kept.clone() };
    let done = list(server.clone(), &plan, runtime::shared().unwrap(), &mut |e| seen.push((e.key, e.size)));
    drop(plan);
    // A run does not wait for what still comes; here it would be a matter of luck what is kept.
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while kept.as_ref().is_some_and(|k| Arc::strong_count(k) > 1) && std::time::Instant::now() < patience {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    shelf.end();
    (seen, done.is_ok(), server.asked.load(Ordering::Relaxed))
}

#[test]
fn a_listing_that_was_broken_off_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    for (name, _, keys) in corpora() {
        let expected: Vec<String> = keys.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        let wanted: Vec<(String, u64)> = expected.iter().map(|k| (k.clone(), 1)).collect();
        let pages = expected.len().div_ceil(100).max(1) as u64;
        for (hands, ordered) in [(1, true), (8, true), (8, false)] {
            let path = dir.path().join("listing");
            let _ = std::fs::remove_file(&path);
            let open = || Arc::new(Shelf::open(&path, Arc::new(Key(1)), false));
            // Each run gets a third of the pages, the last one as many as it takes.
            let (mut all, mut answered) = (0, 0);
            for part in [Some(pages / 3), Some(pages / 3), None] {
                let (seen, done, asked) = go_on(&open(), Server::new(expected.clone(), false), part, (hands, ordered, false));
                assert_eq!(done, part.is_none(), "{name}, {hands}");
                assert!(done && seen == wanted || !done && wanted.starts_with(&seen), "{name}, {hands}: {}", seen.len());
                (all, answered) = (all + asked, answered + part.map_or(asked, |p| p.min(asked)));
            }
            if hands == 1 && pages > 3 {
                assert_eq!(answered, pages, "{name}: no page twice");
            }
            // All of it is kept now, but for what came when nobody waited any more.
            let (seen, done, asked) = go_on(&open(), Server::new(expected.clone(), false), None, (hands, ordered, false));
            assert!(done && seen == wanted && asked <= hands as u64, "{name}, {hands}: {asked} of {all}");
        }
    }
}

#[test]
fn versions_of_one_key_stay_together_where_a_listing_goes_on() {
    let many: Vec<String> = (0..300).flat_map(|i| vec![format!("k{i:04}"); 1 + i * 37 % 250]).collect();
    let wanted: Vec<(String, u64)> = many.iter().map(|k| (k.clone(), 1)).collect();
    let dir = tempfile::tempdir().unwrap();
    let server = || Server { keys: many.clone(), per_page: 100, ..Server::default() };
    for (n, hands) in [1, 3, 8].into_iter().enumerate() {
        let path = dir.path().join(n.to_string());
        let open = || Arc::new(Shelf::open(&path, Arc::new(Key(1)), false));
        for part in [70, 5, 90] {
            assert!(!go_on(&open(), server(), Some(part), (hands, false, true)).1);
        }
        let shelf = open();
        let (seen, done, asked) = go_on(&shelf, server(), None, (hands, false, true));
        assert!(done && seen == wanted, "{hands}: {} of {}", seen.len(), wanted.len());
        let fresh = Arc::new(Shelf::open(&dir.path().join("fresh"), Arc::new(Key(1)), true));
        let (_, _, whole) = go_on(&fresh, server(), None, (hands, false, true));
        let kept = shelf.resumed().entries;
        assert!(kept > 8000 && asked + kept / 200 <= whole, "{hands}: {asked} of {whole}, {kept} entries were kept");
    }
}

/// A server that orders folder by folder is found out, whatever was kept of it.
#[test]
fn another_order_is_found_out_when_a_listing_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let keys: Vec<String> = (0..4000).map(|i| format!("{}{}{i:04}", ["a", "b"][i % 2], ["/", "-", "0/"][i % 3])).collect();
    for stops in 1..40 {
        let path = dir.path().join(stops.to_string());
        let open = || Arc::new(Shelf::open(&path, Arc::new(Key(1)), false));
        let (seen, done, _) = go_on(&open(), Server::new(keys.clone(), true), Some(stops), (4, false, false));
        assert!(!done, "{stops}, {}", seen.len());
        let (seen, done, _) = go_on(&open(), Server::new(keys.clone(), true), None, (4, false, false));
        assert!(!done && seen.is_empty(), "{stops}: handed on in another order");
    }
}
