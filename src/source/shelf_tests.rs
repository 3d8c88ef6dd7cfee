//! What is kept comes back, and nothing else does.

use super::*;
use crate::base::Secret;

/// Tells contexts and keys apart, as the real one does; `identity` has that.
pub(in crate::source) struct Key(pub u8);

impl Key {
    fn sum(&self, context: &[u8], text: &[u8]) -> [u8; 32] {
        *blake3::Hasher::new_keyed(&[self.0; 32]).update(context).update(&[0]).update(text).finalize().as_bytes()
    }
}

impl Seal for Key {
    fn name(&self, text: &str) -> [u8; 16] {
        *self.sum(b"name", text.as_bytes()).first_chunk().unwrap()
    }

    fn seal(&self, context: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
        let veiled: Vec<u8> = plain.iter().map(|b| b ^ 0xA5).collect();
        Some([&self.sum(context, plain)[..], &[0; 8], &veiled].concat())
    }

    fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Secret> {
        let (sum, rest) = sealed.split_at_checked(40)?;
        let plain: Vec<u8> = rest.iter().map(|b| b ^ 0xA5).collect();
        (sum[..32] == self.sum(context, &plain)[..] && sum[32..] == [0; 8]).then(|| Secret::new(plain))
    }
}

fn open(path: &Path, key: u8) -> Arc<Shelf> {
    Arc::new(Shelf::open(path, Arc::new(Key(key)), false))
}

/// What a part has: the bounds of its stretches and what is in them.
fn held(shelf: &Arc<Shelf>, what: &str) -> Vec<(String, Option<String>, Vec<u8>)> {
    let part = shelf.part(what).unwrap();
    part.stretches.iter().map(|s| (s.from.clone(), s.to.clone(), part.read(s.at).unwrap())).collect()
}

fn stretch(from: &str, to: Option<&str>, bytes: &[u8]) -> (String, Option<String>, Vec<u8>) {
    (from.to_owned(), to.map(str::to_owned), bytes.to_vec())
}

/// Two listings, the stretches of each in no order.
fn fill(path: &Path) {
    let shelf = open(path, 1);
    let (a, b) = (shelf.part("a").unwrap(), shelf.part("b").unwrap());
    a.add("m", None, 1, b"last jane@example.com");
    b.add("", Some("k"), 7, b"of b");
    a.add("", Some("f"), 2, &[b'x'; 5000]);
    a.add("f", Some("g"), 0, b"");
    assert_eq!(shelf.resumed(), Resumed::default());
}

#[test]
fn what_is_kept_comes_back_in_order_to_the_same_listing_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.db.listing");
    fill(&path);
    let raw = std::fs::read(&path).unwrap();
    assert!(!raw.windows(4).any(|w| w == b"jane"));
    assert!(raw.len() < 1000, "it is packed: {}", raw.len());
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions()) & 0o777, 0o600);
    let shelf = open(&path, 1);
    let of_a = [stretch("", Some("f"), &[b'x'; 5000]), stretch("f", Some("g"), b""), stretch("m", None, b"last jane@example.com")];
    assert_eq!(held(&shelf, "a"), of_a);
    assert_eq!(held(&shelf, "b"), [stretch("", Some("k"), b"of b")]);
    assert!(held(&shelf, "c").is_empty());
    let resumed = shelf.resumed();
    assert!(resumed.entries == 10 && resumed.since.is_some() && !resumed.ignored, "{resumed:?}");
    // More behind it, and what overlaps does not count.
    let part = shelf.part("b").unwrap();
    part.add("k", Some("p"), 1, b"more");
    part.add("n", Some("z"), 1, b"overlaps");
    assert_eq!(held(&open(&path, 1), "b"), [stretch("", Some("k"), b"of b"), stretch("k", Some("p"), b"more")]);
    // What turned out to be of no use is not there any more; the other listing is.
    let shelf = open(&path, 1);
    shelf.part("a").unwrap().forget();
    assert_eq!(shelf.resumed().entries, 0);
    let shelf = open(&path, 1);
    assert!(held(&shelf, "a").is_empty() && held(&shelf, "b").len() == 2);
    // What comes after that is of no use either.
    let part = shelf.part("a").unwrap();
    part.add("", Some("c"), 1, b"in time");
    part.forget();
    part.add("c", None, 1, b"too late");
    assert!(held(&open(&path, 1), "a").is_empty());
    // All is listed.
    let shelf = open(&path, 1);
    let (a, b) = (shelf.part("a").unwrap(), shelf.part("b").unwrap());
    a.add("", None, 1, b"all");
    a.done();
    b.done();
    shelf.end();
    a.add("", None, 1, b"too late");
    assert!(!path.exists() && shelf.part("a").is_none());
}

#[test]
fn what_others_left_stays_and_what_came_to_its_end_goes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.db.listing");
    let of_b = [stretch("", Some("k"), b"of b")];
    // A run of one listing, which succeeds; that of the other one waits on.
    fill(&path);
    let before = std::fs::metadata(&path).unwrap().len();
    let shelf = open(&path, 1);
    shelf.part("a").unwrap().done();
    shelf.end();
    assert!(std::fs::metadata(&path).unwrap().len() < before);
    let shelf = open(&path, 1);
    assert!(held(&shelf, "a").is_empty() && held(&shelf, "b") == of_b && !shelf.resumed().ignored);
    // One that fails with two, of which the first came to its end.
    std::fs::remove_file(&path).unwrap();
    fill(&path);
    let shelf = open(&path, 1);
    let (a, b) = (shelf.part("a").unwrap(), shelf.part("b").unwrap());
    a.add("x", Some("y"), 1, b"more");
    b.add("k", Some("p"), 1, b"more");
    a.done();
    shelf.end();
    let both = [of_b[0].clone(), stretch("k", Some("p"), b"more")];
    let shelf = open(&path, 1);
    assert!(held(&shelf, "a").is_empty() && held(&shelf, "b") == both);
    // Who wants to begin anew does, and alone.
    let shelf = Arc::new(Shelf::open(&path, Arc::new(Key(1)), true));
    assert!(held(&shelf, "a").is_empty());
    shelf.end();
    assert_eq!(held(&open(&path, 1), "b"), both);
    let shelf = Arc::new(Shelf::open(&path, Arc::new(Key(1)), true));
    assert!(held(&shelf, "b").is_empty() && shelf.resumed() == Resumed::default());
    shelf.end();
    assert!(!path.exists());
    // What is too old is of no use to anybody.
    fill(&path);
    let shelf = Shelf::open_ahead(&path, Arc::new(Key(1)), false, OLDEST - 1000);
    assert!(path.exists());
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert!(held(&Arc::new(shelf), "a").is_empty(), "time goes on while a run lists");
    drop(Shelf::open_ahead(&path, Arc::new(Key(1)), false, OLDEST + 1000));
    assert!(!path.exists());
}

#[test]
fn files_of_others_stay_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("customers.listing");
    for content in ["name,mail\n", "piimap listing 2\n", "p i"] {
        std::fs::write(&path, content).unwrap();
        for fresh in [false, true] {
            let shelf = Arc::new(Shelf::open(&path, Arc::new(Key(1)), fresh));
            assert!(shelf.part("a").is_none() && shelf.resumed().ignored, "{content}");
            shelf.end();
        }
        Shelf::remove(&path).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
    }
    for content in ["", "piimap lis", "piimap listing 1\n"] {
        std::fs::write(&path, content).unwrap();
        Shelf::remove(&path).unwrap();
        assert!(!path.exists(), "{content}");
    }
    Shelf::remove(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    Shelf::remove(&path).unwrap();
    assert!(path.is_dir());
    #[cfg(unix)]
    {
        let round = dir.path().join("round.listing");
        std::os::unix::fs::symlink(&round, &round).unwrap();
        assert!(Shelf::remove(&round).is_err(), "what cannot be told is said");
    }
}

#[test]
fn what_is_cut_off_is_dropped_and_what_is_damaged_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.db.listing");
    fill(&path);
    let whole = std::fs::read(&path).unwrap();
    let all = held(&open(&path, 1), "a");
    for cut in 0..whole.len() {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let shelf = open(&path, 1);
        let of_a = held(&shelf, "a");
        assert!(of_a.iter().all(|s| all.contains(s)), "{cut}");
        assert_eq!(shelf.resumed().ignored, cut < FIRST_LINE.len() + PROOF, "{cut}: half a file is no damage");
        // It goes on behind the last whole frame.
        shelf.part("c").unwrap().add("", Some("x"), 1, b"new");
        let shelf = open(&path, 1);
        assert_eq!(held(&shelf, "c"), [stretch("", Some("x"), b"new")], "{cut}");
        assert_eq!(held(&shelf, "a"), of_a, "{cut}");
    }
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        std::fs::write(&path, &damaged).unwrap();
        let shelf = open(&path, 1);
        if at < FIRST_LINE.len() {
            assert!(shelf.part("a").is_none() && shelf.resumed().ignored && std::fs::read(&path).unwrap() == damaged, "{at}: nobody's");
            continue;
        }
        let (of_a, of_b) = (held(&shelf, "a"), held(&shelf, "b"));
        assert!(of_a.iter().all(|s| all.contains(s)), "{at}: nothing else than was kept");
        assert!(shelf.resumed().ignored || of_a.len() + of_b.len() < 4, "{at}: a flipped bit shows");
    }
    std::fs::write(&path, &whole).unwrap();
    let other = open(&path, 2);
    assert!(held(&other, "a").is_empty() && other.resumed().ignored, "another index's");
}

#[test]
fn what_is_an_hour_old_is_listed_anew() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.db.listing");
    for (minutes, fits) in [(0, true), (59, true), (62, false), (-5, false)] {
        let _ = std::fs::remove_file(&path);
        fill(&path);
        let shelf = Arc::new(Shelf::open_ahead(&path, Arc::new(Key(1)), false, minutes * 60_000));
        assert_eq!(held(&shelf, "a").len(), if fits { 3 } else { 0 }, "{minutes}");
        assert!(!shelf.resumed().ignored);
    }
}
