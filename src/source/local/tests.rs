use super::file::CHUNK;
use super::*;
use std::io::Write;

fn listed(s: &Local) -> (Vec<Object>, Vec<ListingFailure>) {
    let mut objects = Vec::new();
    let failures = s.list(&mut |o| objects.push(o));
    (objects, failures)
}

fn source(dir: &Path) -> Local {
    Local::open(dir.to_str().unwrap()).unwrap()
}

fn drain(input: &mut dyn Input) -> (Vec<u8>, Option<Reason>) {
    let mut all = Vec::new();
    loop {
        match input.next_chunk() {
            Ok(c) if c.is_empty() => return (all, None),
            Ok(c) => all.extend_from_slice(&c),
            Err(e) => {
                assert!(input.next_chunk().unwrap().is_empty(), "an error ends the stream");
                return (all, Some(e.reason));
            }
        }
    }
}

#[test]
fn lists_everything_in_byte_order_of_the_uri() {
    let dir = tempfile::tempdir().unwrap();
    for f in ["a/z", "a.txt", "a-b/c", "a0", ".hidden", "ü/é 1%+.csv", "empty/deep/er/x"] {
        let p = dir.path().join(f);
        fs::create_dir_all(p.parent().unwrap()).unwrap();
        fs::write(p, f).unwrap();
    }
    fs::create_dir(dir.path().join("nothing")).unwrap();
    let s = source(dir.path());
    let (objects, failures) = listed(&s);
    assert!(failures.is_empty(), "{failures:?}");
    let uris: Vec<&str> = objects.iter().map(|o| o.uri.as_str()).collect();
    let mut sorted = uris.clone();
    sorted.sort_unstable();
    assert_eq!(uris, sorted);
    assert_eq!(uris.len(), 7);
    for o in &objects {
        assert!(s.covers(&o.uri));
        let name = o.uri.strip_prefix(&format!("{}/", s.uri())).unwrap();
        let mut input = s.open(o).unwrap();
        assert_eq!(drain(&mut *input), (name.as_bytes().to_vec(), None));
        assert_eq!(o.size, name.len() as u64);
        assert!(o.modified.is_some());
    }
}

#[test]
fn what_is_near_is_listed_without_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    for f in ["a/1", "a/2", "a/3", "a/x/4", "ab/5", "b/6", "b/6.bak"] {
        let p = dir.path().join(f);
        fs::create_dir_all(p.parent().unwrap()).unwrap();
        fs::write(p, f).unwrap();
    }
    let s = source(dir.path());
    let near = |starts: &[(&str, usize)]| {
        let starts: Vec<_> = starts.iter().map(|(start, most)| (format!("{}/{start}", s.uri()), *most)).collect();
        let mut all = Vec::new();
        assert!(s.list_near(&starts, &mut |o| all.push(o.uri.rsplit_once(&s.uri()).unwrap().1[1..].to_owned())).is_empty());
        all
    };
    assert_eq!(near(&[("b/6", 9), ("a/", 2)]), ["b/6", "b/6.bak", "a/1", "a/2"]);
    assert_eq!(near(&[("a/x/", 9)]), ["a/x/4"]);
    assert_eq!(near(&[("a", 9)]), ["a/1", "a/2", "a/3", "a/x/4", "ab/5"]);
    assert_eq!(near(&[("c/", 9), ("b/7", 9)]), [""; 0]);
    // A folder that cannot be read beside is not looked into: it is no failure here.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(dir.path().join("ab"), fs::Permissions::from_mode(0o000)).unwrap();
        assert_eq!(near(&[("b/6.", 9)]), ["b/6.bak"]);
        fs::set_permissions(dir.path().join("ab"), fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
fn a_single_file_is_a_source() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("one.csv");
    fs::write(&file, "x").unwrap();
    let s = source(&file);
    let (objects, failures) = listed(&s);
    assert_eq!((objects.len(), failures.len()), (1, 0));
    assert_eq!(objects[0].uri, file.to_str().unwrap());
    assert!(s.covers(file.to_str().unwrap()));
    assert_eq!(s.root(), dir.path().to_str().unwrap());
    assert_eq!(source(dir.path()).root(), s.root());
    assert!(!s.covers(&format!("{}/x", file.to_str().unwrap())));
    assert!(!s.covers(dir.path().join("one.csv2").to_str().unwrap()));
    let dotted = Local::open(&format!("{}/x/../one.csv", dir.path().display()));
    assert_eq!(dotted.unwrap_err().reason, Reason::NotFound, "x does not exist");
    let dotted = Local::open(&format!("{}/./one.csv", dir.path().display())).unwrap();
    assert_eq!(dotted.uri(), objects[0].uri);
}

#[test]
fn coverage_of_a_folder_ends_at_its_slash() {
    let dir = tempfile::tempdir().unwrap();
    let s = source(dir.path());
    let at = |rest: &str| format!("{}{rest}", s.uri());
    assert!(s.covers(&at("/x/y")));
    assert!(!s.covers(&at("2/x")));
    assert!(!s.covers(&at("/../x")));
    assert!(!s.covers("s3://b/x"));
    let outside = Object { uri: "/etc/passwd".into(), version: String::new(), size: 0, modified: None, until: None };
    assert_eq!(s.open(&outside).err().unwrap().reason, Reason::NotFound);
}

#[test]
fn large_files_stream_and_seek() {
    let dir = tempfile::tempdir().unwrap();
    let data: Vec<u8> = (0..3 * CHUNK + 17).map(|i| (i * 31 % 251) as u8).collect();
    fs::write(dir.path().join("big"), &data).unwrap();
    let s = source(dir.path());
    let o = &listed(&s).0[0];
    let mut input = s.open(o).unwrap();
    let seek = input.random_access().unwrap();
    assert_eq!(input.len(), Some(data.len() as u64));
    assert_eq!(&seek.read_at(CHUNK as u64 - 3, 9).unwrap()[..], &data[CHUNK - 3..CHUNK + 6]);
    assert_eq!(drain(&mut *input), (data.clone(), None));
    assert!(seek.read_at(data.len() as u64, 0).unwrap().is_empty());
    assert_eq!(seek.read_at(data.len() as u64 - 1, 2).unwrap_err().reason, Reason::Truncated);
    assert_eq!(seek.read_at(u64::MAX, usize::MAX).unwrap_err().reason, Reason::Truncated);
}

#[test]
fn a_change_is_noticed_before_and_during_reading() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    fs::write(&path, "0123456789").unwrap();
    let s = source(dir.path());
    let o = listed(&s).0.remove(0);
    let mut reading = s.open(&o).unwrap();
    let mut cut = s.open(&o).unwrap();
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"more").unwrap();
    assert_eq!(drain(&mut *reading), (b"0123456789".to_vec(), Some(Reason::Changed)), "the bytes, then the error");
    assert_eq!(s.open(&o).err().unwrap().reason, Reason::Changed);
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(4).unwrap();
    let seek = cut.random_access().unwrap();
    assert_eq!(drain(&mut *cut), (b"0123".to_vec(), Some(Reason::Changed)));
    assert_eq!(seek.read_at(2, 8).unwrap_err().reason, Reason::Changed);
    fs::remove_file(&path).unwrap();
    assert_eq!(s.open(&o).err().unwrap().reason, Reason::NotFound);
    fs::create_dir(&path).unwrap();
    assert_eq!(s.open(&o).err().unwrap().reason, Reason::Changed);
}

#[cfg(unix)]
#[test]
fn links_and_special_files() {
    use std::os::unix::fs::symlink;
    let other = tempfile::tempdir().unwrap();
    fs::write(other.path().join("o"), "o").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let at = |n: &str| dir.path().join(n);
    fs::create_dir(at("sub")).unwrap();
    fs::write(at("sub/real"), "real").unwrap();
    symlink(at("sub/real"), at("link")).unwrap();
    symlink(dir.path(), at("sub/loop")).unwrap();
    symlink(other.path(), at("out")).unwrap();
    symlink(at("nowhere"), at("broken")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
    let s = source(dir.path());
    let (objects, failures) = listed(&s);
    let name = |u: &str| u.strip_prefix(&format!("{}/", s.uri())).unwrap().to_owned();
    assert_eq!(objects.iter().map(|o| name(&o.uri)).collect::<Vec<_>>(), ["link", "sub/real"]);
    assert_eq!(drain(&mut *s.open(&objects[0]).unwrap()).0, b"real");
    let failed: Vec<_> = failures.iter().map(|f| (name(&f.uri), f.error.reason)).collect();
    let expected = [("broken", Reason::NotFound), ("out", Reason::ListingFailed), ("socket", Reason::UnsupportedFormat)];
    assert_eq!(failed, expected.map(|(n, r)| (n.to_owned(), r)));
    assert_eq!(failures[0].error.detail, "a link to what is not there");
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_utf_8_are_shown_and_opened() {
    use std::os::unix::ffi::OsStrExt;
    let dir = tempfile::tempdir().unwrap();
    for name in [&b"a\xff\xfe.csv"[..], b"a\xff\xfd.csv", b"lit\\xFF"] {
        fs::write(dir.path().join(std::ffi::OsStr::from_bytes(name)), name).unwrap();
    }
    let s = source(dir.path());
    let (objects, failures) = listed(&s);
    assert!(failures.is_empty());
    let names: Vec<_> = objects.iter().map(|o| o.uri.rsplit('/').next().unwrap()).collect();
    assert_eq!(names, ["a\\xFF\\xFD.csv", "a\\xFF\\xFE.csv", "lit\\xFF"]);
    let read: Vec<_> = objects.iter().map(|o| drain(&mut *s.open(o).unwrap()).0).collect();
    assert_eq!(read, [&b"a\xff\xfd.csv"[..], b"a\xff\xfe.csv", b"lit\\xFF"]);
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_listed_costs_itself_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("locked")).unwrap();
    fs::write(dir.path().join("locked/x"), "x").unwrap();
    fs::write(dir.path().join("open"), "x").unwrap();
    fs::set_permissions(dir.path().join("locked"), fs::Permissions::from_mode(0o000)).unwrap();
    let root_user = fs::read_dir(dir.path().join("locked")).is_ok();
    let s = source(dir.path());
    let (objects, failures) = listed(&s);
    fs::set_permissions(dir.path().join("locked"), fs::Permissions::from_mode(0o700)).unwrap();
    // The superuser can list it all the same.
    assert_eq!(objects.len(), if root_user { 2 } else { 1 });
    assert_eq!(failures.len(), if root_user { 0 } else { 1 });
    assert!(failures.iter().all(|f| f.error.reason == Reason::ListingFailed && f.uri.ends_with("/locked")));
    // A folder that vanished fails for everybody.
    let gone = tempfile::tempdir().unwrap();
    let s = source(gone.path());
    drop(gone);
    let (objects, failures) = listed(&s);
    assert_eq!((objects.len(), failures.len(), failures[0].error.reason), (0, 1, Reason::ListingFailed));
}

#[cfg(unix)]
#[test]
fn what_was_written_over_with_its_time_kept_is_another_version() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.csv");
    let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
    let write = |content: &str| {
        std::fs::write(&path, content).unwrap();
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(long_ago).unwrap();
        let meta = std::fs::metadata(&path).unwrap();
        (meta.modified().unwrap(), meta.len(), super::version(&meta))
    };
    let amy = write("amy@example.com");
    // The clock of a file system may be coarse.
    std::thread::sleep(std::time::Duration::from_millis(20));
    let ben = write("ben@example.com");
    assert_eq!((amy.0, amy.1), (ben.0, ben.1));
    assert_ne!(amy.2, ben.2);
    assert_eq!(ben.2, super::version(&std::fs::metadata(&path).unwrap()));
}
