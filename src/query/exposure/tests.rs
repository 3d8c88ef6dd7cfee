use super::*;

#[test]
fn what_was_sent_is_whole_or_a_part() {
    let read = |bytes: Option<u64>, range: Option<(u64, u64)>| Read { bytes, range, ..Read::default() };
    for (reads, whole) in [
        (vec![read(Some(100), None)], true),
        (vec![read(Some(99), None)], false),
        (vec![read(Some(60), None), read(Some(40), None)], true),
        (vec![read(None, None)], true),
        (vec![read(Some(50), Some((0, 50))), read(Some(50), Some((0, 50)))], false),
        (vec![read(Some(50), Some((50, 100))), read(Some(60), Some((0, 60)))], true),
        (vec![read(Some(60), Some((0, 60))), read(Some(40), Some((60, 500)))], true),
        (vec![Read { copied: true, bytes: Some(243), ..Read::default() }], true),
        (vec![Read { some: true, bytes: Some(1000), ..Read::default() }], false),
        (vec![], false),
    ] {
        let mut sent = Sent::default();
        reads.iter().for_each(|r| sent.add(r));
        assert_eq!(sent.covers(100), whole, "{reads:?}");
    }
}

#[test]
fn etags_are_told_from_version_ids() {
    for (version, etag) in [
        ("d41d8cd98f00b204e9800998ecf8427e", true),
        ("d41d8cd98f00b204e9800998ecf8427e-12", true),
        ("3HL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY", false),
        ("null", false),
        ("", false),
    ] {
        assert_eq!(is_etag(version), etag, "{version}");
    }
}

#[test]
fn buckets_of_objects() {
    for (target, want) in [
        ("s3://b/k", Some("s3://b/")),
        ("s3://b/", Some("s3://b/")),
        ("az://account/container/x/y", Some("az://account/container/")),
        ("az://account/container", None),
        ("rds:nightly", None),
    ] {
        assert_eq!(bucket(target).as_deref(), want, "{target}");
    }
}
