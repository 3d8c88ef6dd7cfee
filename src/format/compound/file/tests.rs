use std::io::{Cursor, Write};

use super::*;

fn made() -> Vec<u8> {
    let mut c = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    c.create_storage("/in").unwrap();
    c.create_storage("/in/deep").unwrap();
    for (name, len) in [("/small", 100), ("/large", 9000), ("/in/deep/x", 5000), ("/in/empty", 0), ("/b", 64), ("/a", 65)] {
        let bytes: Vec<u8> = (0..len).map(|i: u32| (i * 7 + len) as u8).collect();
        c.create_stream(name).unwrap().write_all(&bytes).unwrap();
    }
    c.into_inner().into_inner()
}

#[test]
fn streams_are_what_was_written_and_where_they_lie() {
    let file = made();
    let c = Compound::open(Arc::new(Bytes::from(file.clone()))).unwrap();
    let storage = |name: &str| c.entries.iter().position(|e| e.name == name && e.kind == Kind::Storage).unwrap();
    for (parent, name, len) in [(0, "SMALL", 100u32), (0, "large", 9000), (storage("deep"), "x", 5000), (0, "b", 64), (0, "a", 65)] {
        let s = c.stream(c.find(parent, name).unwrap());
        let want: Vec<u8> = (0..len).map(|i| (i * 7 + len) as u8).collect();
        assert_eq!((s.read(0, u64::MAX).unwrap(), s.cut), (want.clone(), false), "{name}");
        let there: Vec<u8> = s.places(10, 50).flat_map(|r| file[r.start as usize..r.end as usize].to_vec()).collect();
        assert_eq!(there, want[10..60], "{name}");
    }
    assert_eq!(c.stream(c.find(storage("in"), "empty").unwrap()).len, 0);
    assert_eq!((c.find(0, "x"), c.children(storage("in")).count()), (None, 2));
}

#[test]
fn damage_ends() {
    let file = made();
    for at in 0..file.len().min(4096) {
        for with in [0, 0xff, 1] {
            let mut file = file.clone();
            file[at] = with;
            let Ok(c) = Compound::open(Arc::new(Bytes::from(file))) else { continue };
            assert!((0..c.entries.len()).all(|i| c.stream(i).read(0, 1 << 20).is_ok()), "{at}");
        }
    }
    for len in (0..file.len()).step_by(100) {
        if let Ok(c) = Compound::open(Arc::new(Bytes::from(file[..len].to_vec()))) {
            assert!((0..c.entries.len()).all(|i| c.stream(i).read(0, 1 << 20).is_ok()), "{len}");
        }
    }
}

#[test]
fn what_is_not_covered_is_the_rest() {
    let all = |c: &[(u64, u64)], len| rest(c.iter().map(|r| r.0..r.1).collect(), len).iter().map(|r| (r.start, r.end)).collect::<Vec<_>>();
    assert_eq!(all(&[], 3), [(0, 3)]);
    assert_eq!(all(&[(5, 6), (0, 2), (1, 3)], 8), [(3, 5), (6, 8)]);
    assert_eq!(all(&[(0, 9)], 8), []);
    assert_eq!(all(&[(2, 4), (8, 12)], 8), [(0, 2), (4, 8)]);
}
