//! Files with random damage: no crash, no hang, and for each of them either its records or a reason.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::contract;
use crate::generate::rng::Rng;
use crate::support::Bench;
use crate::support::bench::repository;

/// One file may take so long, also where many tests run beside it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Larger files take their time whole; damage in them is no other.
const LARGEST: u64 = 300_000;

fn files(dir: &Path, out: &mut Vec<PathBuf>) {
    for e in std::fs::read_dir(dir).unwrap().map(|e| e.unwrap()) {
        match e.file_type().unwrap() {
            t if t.is_dir() => files(&e.path(), out),
            _ if e.metadata().unwrap().len() <= LARGEST => out.push(e.path()),
            _ => {}
        }
    }
}

/// Every file of the repository that readers are tested with, in order.
fn sound() -> Vec<PathBuf> {
    let mut all = Vec::new();
    for data in ["formats", "office", "pgdump", "zip"] {
        files(&repository().join("tests/data").join(data), &mut all);
    }
    files(&repository().join("samples"), &mut all);
    all.sort();
    assert!(all.len() > 200, "only {} files", all.len());
    all
}

/// One to four damages: bytes that are others, gone, twice there, or the largest number.
fn damage(data: &mut Vec<u8>, rng: &mut Rng) {
    for _ in 0..=rng.below(4) {
        if data.is_empty() {
            data.extend_from_slice(b"x");
        }
        // Heads, tails and directories decide what is made of a file: damage is denser there.
        let len = data.len() as u64;
        let at = match rng.below(4) {
            0 => rng.below(len.min(64)),
            1 => len - 1 - rng.below(len.min(256)),
            _ => rng.below(len),
        } as usize;
        let most = (data.len() - at) as u64;
        match rng.below(7) {
            0 => data[at] ^= 1 << rng.below(8),
            1 => data[at] = rng.below(256) as u8,
            2 => data.truncate(at),
            3 => drop(data.drain(at..at + rng.below(most.min(512)) as usize)),
            4 => {
                let piece = data[at..at + rng.below(most.min(512)) as usize].to_vec();
                data.splice(at..at, piece);
            }
            5 => data[at..].iter_mut().take(8).for_each(|b| *b = 0xff),
            _ => data[at..].iter_mut().take(1 + rng.below(32) as usize).for_each(|b| *b = 0),
        }
    }
}

/// `PIIMAP_DAMAGED=10000` damages as many.
#[test]
fn readers_keep_their_promises() {
    let many: usize = std::env::var("PIIMAP_DAMAGED").ok().and_then(|n| n.parse().ok()).unwrap_or(400);
    let all = sound();
    let mut rng = Rng::named(1, "damaged files");
    let (mut slow, mut told) = (Vec::new(), 0);
    for n in 0..many {
        let file = &all[rng.below(all.len() as u64) as usize];
        let mut data = std::fs::read(file).unwrap();
        damage(&mut data, &mut rng);
        let name = file.file_name().unwrap().to_string_lossy();
        let begun = Instant::now();
        let outcome = std::panic::catch_unwind(|| contract::read_once(&data, &name, &Default::default()));
        let took = begun.elapsed();
        let keep = |why: &str| {
            let kept = std::env::temp_dir().join(format!("piimap-damaged-{n}-{name}"));
            std::fs::write(&kept, &data).unwrap();
            format!("{}: {why}; kept as {}", file.display(), kept.display())
        };
        match outcome {
            Ok(o) => told += u64::from(o.reasons > 0),
            Err(_) => panic!("{}", keep("a panic")),
        }
        if took > PATIENCE {
            slow.push(keep(&format!("{took:?}")));
        }
    }
    assert!(slow.is_empty(), "{}", slow.join("\n"));
    assert!(told > many as u64 / 10, "{told} of {many} had something wrong: is the damage harmless?");
}

/// `PIIMAP_DAMAGED=10000` damages as many.
#[test]
fn every_damaged_file_is_read_or_has_a_reason() {
    let many: usize = std::env::var("PIIMAP_DAMAGED").ok().and_then(|n| n.parse().ok()).unwrap_or(250);
    let all = sound();
    let mut rng = Rng::named(1, "damaged folder");
    let b = Bench::new();
    for n in 0..many {
        let file = &all[rng.below(all.len() as u64) as usize];
        let mut data = std::fs::read(file).unwrap();
        damage(&mut data, &mut rng);
        let (part, name) = (n / 100, file.file_name().unwrap().to_string_lossy().into_owned());
        b.write(&format!("in/{part}/{n}-{name}"), data);
    }
    let begun = Instant::now();
    let done = b.run(&["scan", "in", "--format", "json", "--threads", "2"]);
    let took = begun.elapsed();
    assert_eq!((done.status, done.stderr.as_str()), (Some(3), ""));
    assert!(took < PATIENCE * (1 + many as u32 / 50), "{took:?}");
    assert_eq!(done.json()["objects"]["listed"], many);
    let db = rusqlite::Connection::open(b.path("piimap.db")).unwrap();
    let mut q = db.prepare("SELECT uri, status FROM object WHERE published = 1").unwrap();
    let rows: Vec<(String, String)> = q.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).unwrap().map(|r| r.unwrap()).collect();
    assert_eq!(rows.len(), many, "every file is in the index");
    let lines = b.run(&["coverage", "--format", "json"]).lines();
    let reasons: BTreeSet<&str> = lines.iter().map(|l| l["uri"].as_str().unwrap()).collect();
    for (uri, status) in &rows {
        assert!(status == "read" || reasons.contains(uri.as_str()), "{uri} is {status} without a reason");
    }
}
