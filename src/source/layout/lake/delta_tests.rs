use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray, StructArray};
use arrow_schema::Field;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;

use super::checkpoint::{Checkpoint, Kind};
use super::tests::{layout, seen};
use crate::base::Reason;

const DELTA_0: &[u8] = br#"{"protocol":{"minReaderVersion":1}}
{"metaData":{"schemaString":"{\"type\":\"struct\",\"fields\":[{\"name\":\"email\",\"type\":\"string\"},{\"name\":\"tags\",\"type\":{\"type\":\"array\"}}]}"}}
{"add":{"path":"day=2026-11-03%2022/a.parquet","stats":"{}"}}
{"add":{"path":"b.parquet"}}
"#;
const DELTA_1: &[u8] = br#"{"remove":{"path":"b.parquet","dataChange":true}}
{"add":{"path":"c.parquet"}}
{"commitInfo":{"operation":"DELETE"}}
"#;

#[test]
fn delta_tables() {
    let mut files: Vec<(&str, &[u8])> = vec![
        ("s3://b/lake/people/_delta_log/00000000000000000000.json", DELTA_0),
        ("s3://b/lake/people/_delta_log/00000000000000000001.json", DELTA_1),
        ("s3://b/lake/people/_delta_log/00000000000000000001.checkpoint.parquet", b""),
        ("s3://b/lake/people/_delta_log/_last_checkpoint", b"{}"),
        ("s3://b/lake/people/day=2026-11-03 22/a.parquet", b""),
        ("s3://b/lake/people/b.parquet", b""),
        ("s3://b/lake/people/c.parquet", b""),
        ("s3://b/lake/people/never_committed.parquet", b""),
        ("s3://b/lake/other.csv", b""),
    ];
    let (roles, issues) = seen("s3://b/lake", &files);
    assert_eq!(
        roles,
        [
            "00000000000000000000.json people bookkeeping",
            "00000000000000000001.json people bookkeeping",
            "00000000000000000001.checkpoint.parquet people bookkeeping",
            "_last_checkpoint people bookkeeping",
            "a.parquet people data",
            "b.parquet people history",
            "c.parquet people data",
            "never_committed.parquet people history",
            "other.csv other.csv data",
        ]
    );
    assert!(issues.is_empty(), "{issues:?}");
    let l = layout("s3://b/lake", &files);
    assert_eq!((l.datasets["people"].kind, l.datasets["people"].types.clone()), ("delta-table", vec![("email".into(), "string".into())]));

    // Without the first commit only what was removed since is known to be stale, and that is said.
    let (roles, issues) = seen("s3://b/lake/people", &files[1..]);
    assert_eq!(
        roles[3..7],
        ["a.parquet people data", "b.parquet people history", "c.parquet people data", "never_committed.parquet people data"]
    );
    assert!(issues.len() == 2 && issues[0].contains("not what it should be") && issues[1].contains("has a gap"), "{issues:?}");

    // A file that is named and not here.
    files.remove(6);
    let (_, issues) = seen("s3://b/lake", &files);
    assert_eq!(issues, ["00000000000000000001.json: 1 files that the table consists of are not here"]);
    files[1].1 = b"{\"add\":{\"path\":\"a";
    assert!(seen("s3://b/lake", &files).1[0].contains("not the JSON"));
}

/// A checkpoint: what each row does, and with what. `protocol` and `checkpointMetadata` hold numbers.
fn rows(actions: &[(&str, &str)]) -> Vec<u8> {
    rows_with(&["txn.appId", "add.path", "remove.path", "metaData.schemaString", "sidecar.path"], actions)
}

/// The same with these leaves for texts.
fn rows_with(leaves: &[&str], actions: &[(&str, &str)]) -> Vec<u8> {
    let one = |what: &str, leaf: &str, values: ArrayRef| {
        let (nulls, field) = (values.nulls().cloned(), Arc::new(Field::new(leaf, values.data_type().clone(), true)));
        (what.to_owned(), Arc::new(StructArray::new(vec![field].into(), vec![values], nulls)) as ArrayRef, true)
    };
    let mut columns = Vec::new();
    for path in leaves {
        let (what, leaf) = path.split_once('.').unwrap();
        let text: StringArray = actions.iter().map(|(w, t)| (*w == what).then_some(*t)).collect();
        columns.push(one(what, leaf, Arc::new(text)));
    }
    let number = |what: &'static str| actions.iter().map(move |(w, t)| (*w == what).then(|| t.parse::<i32>().unwrap()));
    columns.push(one("protocol", "minReaderVersion", Arc::new(number("protocol").collect::<Int32Array>())));
    let second = number("checkpointMetadata").map(|n| n.map(i64::from)).collect::<Int64Array>();
    columns.push(one("checkpointMetadata", "version", Arc::new(second)));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let mut w = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    w.write(&batch).unwrap();
    w.into_inner().unwrap()
}

/// Roles of `a`, `b`, `c` and `d.parquet` of a Delta table with this log, and the issues.
fn delta(log: &[(&str, &[u8])]) -> (Vec<String>, Vec<String>) {
    let named: Vec<String> = log.iter().map(|(n, _)| format!("/l/t/_delta_log/{n}")).collect();
    let data = ["a", "b", "c", "d"].map(|n| format!("/l/t/{n}.parquet"));
    let mut files: Vec<(&str, &[u8])> = data.iter().map(|n| (n.as_str(), &b""[..])).collect();
    files.extend(named.iter().zip(log).map(|(n, (_, c))| (n.as_str(), *c)));
    let (roles, issues) = seen("/l", &files);
    assert!(roles[4..].iter().all(|r| r.ends_with(" bookkeeping")), "{roles:?}");
    (roles[..4].iter().map(|r| r.rsplit(' ').next().unwrap().to_owned()).collect(), issues)
}

#[test]
fn checkpoints_of_delta_tables() {
    let schema = r#"{"fields":[{"name":"email","type":"string"}]}"#;
    let whole =
        rows(&[("txn", "x"), ("protocol", "1"), ("metaData", schema), ("add", "a.parquet"), ("remove", "b.parquet"), ("add", "c.parquet")]);
    let (first, second) =
        (rows(&[("protocol", "1"), ("metaData", schema), ("add", "a.parquet")]), rows(&[("add", "c.parquet"), ("remove", "b.parquet")]));
    let known = [("checkpointMetadata", "10"), ("protocol", "3"), ("metaData", schema)];
    let top = rows_with(
        &["sidecar.path", "metaData.schemaString"],
        &[&known[..], &[("sidecar", "one.parquet"), ("sidecar", "two%2E.parquet"), ("sidecar", "one.parquet")]].concat(),
    );
    let lines = b"{\"checkpointMetadata\":{\"version\":10}}\n{\"protocol\":{}}\n{\"metaData\":{\"schemaString\":\"{}\"}}\n{\"add\":{\"path\":\"a.parquet\"}}\n{\"sidecar\":{\"path\":\"two..parquet\"}}\n".as_slice();
    let eleven = b"{\"remove\":{\"path\":\"c.parquet\"}}\n{\"add\":{\"path\":\"d.parquet\"}}\n".as_slice();
    let old = b"{\"add\":{\"path\":\"b.parquet\"}}\n".as_slice();
    let part = |n: u32| format!("00000000000000000010.checkpoint.{n:010}.0000000002.parquet");
    let (part1, part2) = (part(1), part(2));
    let (classic, next) = ("00000000000000000010.checkpoint.parquet", "00000000000000000011.json");
    let uuid = "00000000000000000010.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11";
    let (by_rows, by_lines) = (format!("{uuid}.parquet"), format!("{uuid}.json"));
    let sides: [(&str, &[u8]); 2] = [("_sidecars/one.parquet", &first), ("_sidecars/two..parquet", &second)];
    let want = ["data", "history", "history", "data"];
    let cases: Vec<(&str, Vec<(&str, &[u8])>)> = vec![
        ("one file", vec![(classic, &whole), (next, eleven)]),
        (
            "commits before it do not count again",
            vec![("00000000000000000009.json", old), ("00000000000000000010.json", old), (classic, &whole), (next, eleven)],
        ),
        ("an older one is not asked", vec![("00000000000000000007.checkpoint.parquet", b"broken"), (classic, &whole), (next, eleven)]),
        ("parts", vec![(&part1, &first), (&part2, &second), (next, eleven)]),
        ("rows beside it", [vec![(by_rows.as_str(), &top[..]), (next, eleven)], sides.to_vec()].concat()),
        ("lines", [vec![(by_lines.as_str(), lines), (next, eleven)], sides.to_vec()].concat()),
    ];
    for (name, log) in cases {
        let (roles, issues) = delta(&log);
        assert_eq!((roles, issues), (want.map(str::to_owned).to_vec(), vec![]), "{name}");
    }
    let (roles, issues) = delta(&[(classic, &whole)]);
    assert_eq!((roles, issues), (["data", "history", "data", "history"].map(str::to_owned).to_vec(), vec![]), "nothing since");

    // What cannot be used is said, and nothing is taken for stale that may be live.
    let cut = &whole[..whole.len() - 9];
    let mut hurt = whole.clone();
    hurt[4..200].fill(0xff);
    let live = ["data", "data", "history", "data"];
    let bad: Vec<(&str, Vec<(&str, &[u8])>, &str)> = vec![
        ("cut", vec![(classic, cut), (next, eleven)], "not what it should be"),
        ("damaged", vec![(classic, &hurt), (next, eleven)], "checkpoint"),
        ("a part is missing", vec![(&part1, &first), (next, eleven)], "has a gap"),
        ("a file beside it is missing", [vec![(by_rows.as_str(), &top[..]), (next, eleven)], sides[..1].to_vec()].concat(), "is not here"),
        ("a commit is missing behind it", vec![("00000000000000000008.checkpoint.parquet", &whole), (next, eleven)], "has a gap"),
    ];
    for (name, log, why) in bad {
        let (roles, issues) = delta(&log);
        assert_eq!(roles, live, "{name}");
        assert!(issues[0].contains(why) && issues.last().unwrap().contains("counts as current"), "{name}: {issues:?}");
    }
    // Any byte: an answer.
    for at in (0..whole.len()).step_by(3) {
        let mut hurt = whole.clone();
        hurt[at] ^= 0x55;
        delta(&[(classic, &hurt), (next, eleven)]);
        delta(&[(classic, &whole[..at]), (next, eleven)]);
    }
}

/// What a test of a log wants: its files, the roles of `a` to `d.parquet`, and a word of each issue.
type Case<'a> = (&'a str, Vec<(&'a str, &'a [u8])>, [&'a str; 4], &'a [&'a str]);

fn check(cases: &[Case]) {
    for (name, log, want, why) in cases {
        let (roles, issues) = delta(log);
        assert_eq!(roles, *want, "{name}: {issues:?}");
        assert!(issues.len() == why.len() && issues.iter().zip(*why).all(|(i, w)| i.contains(w)), "{name}: {issues:?}");
    }
}

const LIVE: [&str; 4] = ["data", "data", "data", "data"];

#[test]
fn only_checkpoints_are_taken_for_some() {
    let add: Vec<Vec<u8>> = ["a", "b", "c", "d"].map(|n| format!("{{\"add\":{{\"path\":\"{n}.parquet\"}}}}\n").into_bytes()).into();
    let whole = rows(&[("protocol", "1"), ("metaData", "{}"), ("add", "a.parquet")]);
    // A name with this as its version; nothing of it is a checkpoint, or a table's log.
    for end in [
        "00000000000000000012.compacted.json",
        "checkpoint.parquet.crc",
        "checkpoint.parquet.tmp",
        "checkpoint.json",
        "anything.0000000001.0000000001.json",
        "anything.0000000001.0000000001.parquet",
        "checkpoint.0000000001.0000000001.json",
        "checkpoint.0000000002.0000000001.parquet",
        "checkpoint.0000000000.0000000000.parquet",
        "checkpoint.+1.+1.parquet",
        "checkpoint.80a083e8-7026-4e79-81be.json",
        "checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.parquet.crc",
        "checkpoint..parquet",
        "crc",
        "x.json",
    ] {
        let odd = format!("00000000000000000010.{end}");
        assert_eq!(super::delta::piece(&odd), None, "{odd}");
        for content in [&b""[..], &add[0], &whole] {
            let log: Vec<(&str, &[u8])> =
                vec![("00000000000000000010.json", &add[0]), (&odd, content), ("00000000000000000011.json", &add[1])];
            check(&[(end, log, LIVE, &["has a gap"])]);
        }
    }
    for name in ["0000000000000000001.json", "000000000000000000001.json", "+0000000000000000001.json", "_last_checkpoint"] {
        assert_eq!(super::delta::piece(name), None, "{name}");
    }
}

#[test]
fn a_file_that_is_added_and_removed_at_once_is_live() {
    // Its rows were marked as deleted: what it was is removed, and it comes with a new vector.
    let whole = rows(&[("protocol", "1"), ("metaData", "{}"), ("add", "a.parquet"), ("remove", "a.parquet"), ("remove", "b.parquet")]);
    let start = b"{\"add\":{\"path\":\"a.parquet\"}}\n{\"add\":{\"path\":\"b.parquet\"}}\n".as_slice();
    let mark =
        b"{\"add\":{\"path\":\"a.parquet\"}}\n{\"remove\":{\"path\":\"a.parquet\"}}\n{\"remove\":{\"path\":\"b.parquet\"}}\n".as_slice();
    let gone = b"{\"remove\":{\"path\":\"a.parquet\"}}\n".as_slice();
    let want = ["data", "history", "history", "history"];
    let (zero, one, two) = ("00000000000000000000.json", "00000000000000000001.json", "00000000000000000002.json");
    check(&[
        ("checkpoint", vec![("00000000000000000010.checkpoint.parquet", &whole)], want, &[]),
        ("commit", vec![(zero, start), (one, mark)], want, &[]),
        ("and then removed", vec![(zero, start), (one, mark), (two, gone)], ["history"; 4], &[]),
        ("behind a gap", vec![(one, mark)], ["data", "history", "data", "data"], &["has a gap"]),
    ]);
}

#[test]
fn checkpoints_that_say_nothing_are_none() {
    let (classic, next) = ("00000000000000000010.checkpoint.parquet", ("00000000000000000011.json", &b"{\"commitInfo\":{}}\n"[..]));
    let uuid = "00000000000000000010.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11";
    let (by_rows, by_lines) = (format!("{uuid}.parquet"), format!("{uuid}.json"));
    let known = [("protocol", "1"), ("metaData", "{}"), ("add", "a.parquet")];
    let texts = ["txn.appId", "add.path", "metaData.schemaString", "sidecar.path"];
    let none = rows(&[]);
    let no_protocol = rows(&known[1..]);
    let no_columns = rows(&[known[0], known[2]]);
    let elsewhere = rows_with(&["txn.appId", "added.path", "metaData.schemaString", "sidecar.path"], &known);
    let not_second = rows_with(&texts, &known);
    let names_none = rows_with(&["sidecar.path", "metaData.schemaString"], &known[..2]);
    let line = |what: &str| format!("{{\"{what}\":{{\"schemaString\":\"{{}}\",\"path\":\"s.parquet\"}}}}\n");
    let cut = line("checkpointMetadata") + &line("protocol");
    let first = line("metaData") + &line("protocol");
    let all = [&cut, line("metaData").as_str(), &line("sidecar")].concat();
    let mut cases: Vec<Case> = Vec::new();
    for (name, content) in [("no bytes", &b""[..]), ("no rows", &none), ("no protocol", &no_protocol), ("no columns", &no_columns)] {
        cases.push((name, vec![(classic, content), next], LIVE, &["not what it should be", "has a gap"]));
    }
    cases.push(("no such leaf", vec![(classic, &elsewhere), next], LIVE, &["not what it should be", "has a gap"]));
    cases.push(("not of the second version", vec![(&by_rows, &not_second), next], LIVE, &["not what it should be", "has a gap"]));
    cases.push(("no files and no place for some", vec![(classic, &names_none), next], LIVE, &["not what it should be", "has a gap"]));
    for content in ["", "\n", &cut, &first] {
        cases.push(("lines", vec![(&by_lines, content.as_bytes()), next], LIVE, &["not what it should be", "has a gap"]));
    }
    let beside = ("_sidecars/s.parquet", &elsewhere[..]);
    cases.push(("beside it", vec![(&by_lines, all.as_bytes()), next, beside], LIVE, &["not what it should be", "has a gap"]));
    // An older one helps where all commits since are there.
    let old = rows(&known);
    let nine = ("00000000000000000009.checkpoint.parquet", &old[..]);
    let want = ["data", "history", "history", "history"];
    let ten = ("00000000000000000010.json", next.1);
    cases.push(("an older one", vec![(classic, b""), ten, next, nine], want, &["not what it should be"]));
    cases.push(("an older one, and a gap", vec![(classic, b""), next, nine], LIVE, &["not what it should be", "has a gap"]));
    check(&cases);
}

#[test]
fn the_newest_state_counts() {
    let add = |n: &str| format!("{{\"add\":{{\"path\":\"{n}.parquet\"}}}}\n").into_bytes();
    let (a, b, c) = (add("a"), add("b"), add("c"));
    let gone = b"{\"remove\":{\"path\":\"a.parquet\"}}\n".as_slice();
    let whole = rows(&[("protocol", "1"), ("metaData", "{}"), ("add", "b.parquet")]);
    let (zero, one, ten, eleven) =
        ("00000000000000000000.json", "00000000000000000001.json", "00000000000000000010.checkpoint.parquet", "00000000000000000011.json");
    check(&[
        ("an old beginning", vec![(zero, &a), (one, &c), (ten, &whole)], ["history", "data", "history", "history"], &[]),
        ("and commits since", vec![(zero, &a), (ten, &whole), (eleven, &c)], ["history", "data", "data", "history"], &[]),
        ("which cannot be read", vec![(zero, &a), (one, gone), (ten, b"PAR1")], LIVE, &["not what it should be", "has a gap"]),
        ("removed before a gap", vec![(zero, &a), (one, gone), (eleven, &b)], LIVE, &["has a gap"]),
        ("removed behind it", vec![(zero, &a), (one, &b), (eleven, gone)], ["history", "data", "data", "data"], &["has a gap"]),
        ("a commit that is none", vec![(zero, &a), (one, b"{\"add\":{\"pa")], LIVE, &["not the JSON", "has a gap"]),
    ]);
}

#[test]
fn a_tombstone_is_not_for_others() {
    // Files called alike: two folders deep, and at the top.
    let commit = |actions: &[(&str, &str)]| -> Vec<u8> {
        actions.iter().flat_map(|(what, path)| format!("{{\"{what}\":{{\"path\":\"{path}\"}}}}\n").into_bytes()).collect()
    };
    let seen = |uris: [&str; 2], first: &[(&str, &str)], then: &[(&str, &str)]| {
        let (zero, one) = (commit(first), commit(then));
        let files: Vec<(&str, &[u8])> = vec![
            ("/l/t/_delta_log/00000000000000000000.json", &zero),
            ("/l/t/_delta_log/00000000000000000001.json", &one),
            (uris[0], b""),
            (uris[1], b""),
        ];
        seen("/l", &files).0[2..].iter().map(|r| r.ends_with(" data")).collect::<Vec<bool>>()
    };
    let both = ["/l/t/a.parquet", "/l/t/p=1/a.parquet"];
    let adds = [("add", "a.parquet"), ("add", "p=1/a.parquet")];
    for (path, want) in [
        ("p=1/a.parquet", [true, false]),
        ("a.parquet", [false, true]),
        ("p=2/a.parquet", [true, true]),
        ("old/p=1/a.parquet", [true, true]),
        ("s3://other/t/a.parquet", [true, true]),
        ("/other/t/p=1/a.parquet", [true, true]),
        ("file:/l/t/a.parquet", [false, true]),
        ("file:///l/t/p=1/a.parquet", [true, false]),
        ("/l/t/a.parquet", [false, true]),
    ] {
        assert_eq!(seen(both, &adds, &[("remove", path)]), want, "{path}");
    }
    // A copied table, whose log has whole URIs: what it added it may remove.
    let whole = [("add", "s3://old/t/a.parquet"), ("add", "s3://old/t/p=1/a.parquet")];
    assert_eq!(seen(both, &whole, &[]), [true, true]);
    assert_eq!(seen(both, &whole, &[("remove", "s3://old/t/p=1/a.parquet")]), [true, false]);
    assert_eq!(seen(both, &[adds[0], whole[0]], &[("remove", "s3://old/t/a.parquet")]), [true, false]);
}

/// A checkpoint that delta-rs has written.
#[test]
fn what_others_write_is_a_checkpoint() {
    let path = "/tests/data/delta/people/_delta_log/00000000000000000003.checkpoint.parquet";
    let file = std::fs::read(format!("{}{path}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let mut whole = Checkpoint::default();
    whole.read(file.into(), Kind::Rows).unwrap();
    whole.tells_of_its_table(false).unwrap();
    assert_eq!(whole.tells_of_its_table(true).unwrap_err().reason, Reason::Corrupt);
    assert_eq!((whole.sidecars().count(), whole.actions.is_empty()), (0, false));
}

#[test]
fn files_of_a_checkpoint_have_one_limit() {
    let mut all = Checkpoint::default();
    assert!((0..64).all(|_| all.fetches(16 << 20).is_ok()));
    assert_eq!(all.fetches(0).unwrap_err().reason, Reason::MemoryLimit);
    let mut small = Checkpoint::default();
    assert!((0..20_000).any(|_| small.fetches(0).is_err()), "files without bytes are files");
    // Many files of many texts each.
    let many: Vec<(&str, &str)> = vec![("add", "a.parquet"); 100_000];
    let file = Bytes::from(rows(&many));
    let mut all = Checkpoint::default();
    let why = (0..60).find_map(|n| all.read(file.clone(), Kind::Beside).err().map(|e| (n, e.reason)));
    assert_eq!(why, Some((40, Reason::MemoryLimit)));
}
