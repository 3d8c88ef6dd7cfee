use super::*;

fn pattern(regex: &str) -> Result<Facts, String> {
    Facts::of(regex)
}

#[test]
fn beginnings_are_derived() {
    let p = pattern("[0-9]{2}(?:-|)[a-c]x").unwrap();
    assert!(p.prefix[0].has(b'7') && !p.prefix[0].has(b'-'));
    assert!(p.prefix[2].has(b'-') && p.prefix[2].has(b'b') && !p.prefix[2].has(b'1'));
    assert!(p.prefix[3].has(b'b') && p.prefix[3].has(b'x') && !p.prefix[3].has(b'-'));
    // May end after four bytes; then no letter follows.
    assert!(p.prefix[4].has(b'-') && p.prefix[4].has(b'x') && !p.prefix[4].has(b'a'));
    assert_eq!(p.prefix[5], ByteSet::ALL);
    let p = pattern("a{3,9}").unwrap();
    assert!(p.prefix[2].has(b'a') && !p.prefix[2].has(b'b') && !p.prefix[3].has(b'b') && p.prefix[3].has(b' '));
}

#[test]
fn an_at_anchors() {
    let p = pattern("[a-z][a-z.]{0,9}@[a-z]{1,9}").unwrap();
    assert_eq!(p.before_at, Some(10));
    assert!(p.before.has(b'.') && !p.before.has(b'@'));
    let beside = |regex| pattern(regex).unwrap().beside.bytes().collect::<Vec<_>>();
    assert_eq!([beside("a[bc]d@x"), beside("a[bc]d?@x"), beside("a{1,2}@"), beside("[ab]@|a@")], [&b"d"[..], b"bcd", b"a", b""]);
    assert_eq!(pattern("(?:[a-z]@|b)x").unwrap().before_at, None);
}

#[test]
fn what_cannot_be_searched_is_refused() {
    for bad in ["a+", "[0-9]*x", "x{3,}", "(", "a?", "[a-z]{1,3000}"] {
        assert!(pattern(bad).is_err(), "{bad}");
    }
}
