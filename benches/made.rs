//! What benches of the index share: numbers that are made the same each time, objects of no source, what things cost.
#![allow(dead_code)] // each bench uses some of it

use std::path::Path;
use std::time::{Duration, Instant};

use piimap::base::Object;
use piimap::identity::IdHash;
use piimap::index::{Listed, ObjectId, Piece, Published, Writer};

/// A number below `below` that is any of all, the same for the same `seed`.
pub fn any(seed: u64, below: u64) -> u64 {
    let mut z = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) % below
}

/// The hash of an identifier, as evenly spread as a real one.
pub fn hash(identifier: u64) -> IdHash {
    let mut h = [0; 16];
    h[..8].copy_from_slice(&(identifier + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    h[8..].copy_from_slice(&(identifier + 1).wrapping_mul(0xd6e8_feb8_6659_fd93).to_be_bytes());
    IdHash(h)
}

/// The `object`th object of a lake.
pub fn listed(object: u64, version: &str) -> Listed {
    let uri = format!("/lake/part-{object:05}");
    let object = Object { uri: uri.clone(), version: version.to_owned(), size: 1, modified: None, until: None };
    Listed { shown: uri, dataset: "lake".to_owned(), rules: String::new(), object }
}

/// Writes objects as a scan does: somebody else makes the pieces, one thread writes them.
pub fn write<I: Iterator<Item = Piece>>(
    w: &mut Writer,
    objects: std::ops::Range<u64>,
    version: &str,
    records: u64,
    pieces: impl Fn(u64) -> I + Send,
) {
    std::thread::scope(|scope| {
        let (send, take) = std::sync::mpsc::sync_channel(64);
        scope.spawn(move || {
            for o in objects {
                for (at, p) in pieces(o).enumerate() {
                    if send.send((o, at, p)).is_err() {
                        return;
                    }
                }
            }
        });
        let end = Published { records, ..Published::default() };
        let mut open: Option<ObjectId> = None;
        for (o, at, piece) in take {
            if at == 0 {
                if let Some(id) = open.take() {
                    w.publish(id, &end).expect("publish");
                }
                open = Some(w.begin_object(&listed(o, version)).expect("begin"));
            }
            if let Some(id) = open {
                w.piece(id, piece).expect("piece");
            }
        }
        if let Some(id) = open {
            w.publish(id, &end).expect("publish");
        }
    });
}

/// CPU time of this process so far.
pub fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = after.split_whitespace().skip(11).take(2).filter_map(|t| t.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// Peak memory in MB since the last [`forget_peak`].
pub fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// The peak begins anew.
pub fn forget_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// Bytes of an index, with what SQLite keeps beside it.
pub fn size(path: &Path) -> u64 {
    ["", "-wal"].iter().filter_map(|s| std::fs::metadata(format!("{}{s}", path.display())).ok()).map(|m| m.len()).sum()
}

/// What work takes.
pub struct Cost {
    pub wall: Duration,
    pub cpu: Duration,
}

/// Measures.
pub fn cost(work: impl FnOnce()) -> Cost {
    let (start, before) = (Instant::now(), cpu());
    work();
    Cost { wall: start.elapsed(), cpu: cpu().saturating_sub(before) }
}
