use proptest::prelude::*;

use super::{Json, Mode};
use crate::base::{Batch, Hint, Reason};
use crate::format::tests::{Value, input, read, same_batches};
use crate::format::{Limits, Reader};

fn values(data: &str, name: &str, chunk: usize, limits: &Limits) -> (Vec<Value>, Vec<Reason>) {
    let (_, v, i, e) = read(data.as_bytes(), name, chunk, &Hint::default(), limits).unwrap();
    assert_eq!(e, None);
    (v, i.iter().map(|i| i.reason).collect())
}

fn short(v: &[Value]) -> String {
    v.iter().map(|(r, f, v)| format!("{r}.{f}={} ", String::from_utf8_lossy(v))).collect()
}

#[test]
fn paths_rows_and_wrappers() {
    let cases: &[(&str, &str, &str)] = &[
        (r#"{"a":{"b":"x","c.d":[1,{"e":"y"}]},"n":null,"t":true}"#, "x.json", r"0.a.b=x 0.a.c\.d[]=1 0.a.c\.d[].e=y "),
        ("{\"a\":1}\n\n{\"a\":\"\\u00e9\\n\"}", "x.jsonl", "0.a=1 1.a=\u{e9}\n "),
        ("[{\"a\":1},\"s\",[2],{\"a\":3}]", "x.json", "0.a=1 1.value=s 2.[]=2 3.a=3 "),
        (r#"{"m":{"ann@x.com":{"v":"1"},"12345678":2}}"#, "x.json", "0.m.*=ann@x.com 0.m.*.v=1 0.m.*=12345678 0.m.*=2 "),
        (
            r#"{"Item":{"Id":{"N":"7"},"S":{"S":"x"},"m":{"M":{"k":{"S":"y"}}},"l":{"L":[{"S":"a"},{"M":{"q":{"SS":["b","c"]}}}]},"z":{"NULL":true}}}"#,
            "x",
            "0.Id=7 0.S=x 0.m.k=y 0.l[]=a 0.l[].q[]=b 0.l[].q[]=c ",
        ),
        (
            r#"{"Metadata":{"WriteTimestampMicros":{"N":"5"}},"Keys":{"Id":{"N":"1"}},"OldImage":{"e":{"S":"o"}},"NewImage":{"e":{"S":"n"}}}"#,
            "x",
            "0.Metadata.WriteTimestampMicros=5 0.Keys.Id=1 0.OldImage.e=o 0.NewImage.e=n ",
        ),
    ];
    for (text, name, want) in cases {
        for chunk in [1, 5, 1000] {
            assert_eq!(short(&values(text, name, chunk, &Limits::default()).0), *want, "{text}");
        }
    }
}

#[test]
fn broken_lines_are_given_as_text_and_the_next_line_goes_on() {
    let cases: &[(&str, &str)] = &[
        ("{\"a\":1}\n{\"a\":x}\n{\"a\":2}\n", "0.a=1 1.={\"a\":x} 2.a=2 "),
        ("{\"a\":1}\n{\"a\":\"open\n{\"a\":2}\n", "0.a=1 1.={\"a\":\"open 2.a=2 "),
        ("{\"a\":1}\n{\"a\":{\"b\":1}\n{\"a\":2}\n", "0.a=1 1.={\"a\":{\"b\":1} 2.a=2 "),
        ("{\"a\":1}\nplain text\n{\"a\":2}\n{\"a\":", "0.a=1 1.=plain text 2.a=2 3.={\"a\": "),
    ];
    for (text, want) in cases {
        for chunk in [1, 9, 1000] {
            let (v, issues) = values(text, "x.jsonl", chunk, &Limits::default());
            assert_eq!(short(&v), *want, "{text:?}");
            assert!(!issues.is_empty() && issues.iter().all(|r| *r == Reason::Malformed));
        }
    }
    let deep = format!("{}\"x@example.com\"{}\n", "{\"a\":[".repeat(200), "]}".repeat(200));
    let (v, issues) = values(&deep, "x.jsonl", 100, &Limits::default());
    assert_eq!((v.len(), issues), (1, vec![]), "400 levels are read");
    let deep = format!("{{\"a\":1}}\n{}\n{{\"a\":2}}\n", "[".repeat(600));
    let (v, issues) = values(&deep, "x.jsonl", 100, &Limits::default());
    assert_eq!((v.len(), issues), (3, vec![Reason::NestingLimit]));
}

#[test]
fn a_long_string_comes_in_pieces() {
    let limits = Limits { batch_bytes: 100, value_bytes: 100, overlap: 12, ..Limits::default() };
    let text: String = (0..2000)
        .map(|i| {
            if i % 7 == 0 {
                '\n'
            } else if i % 11 == 0 {
                '\u{e9}'
            } else {
                char::from(b'a' + (i % 26) as u8)
            }
        })
        .collect();
    let json = serde_json::json!({"a": "x", "long": text, "z": {"y": "end"}}).to_string();
    for name in ["x.json", "x.jsonl"] {
        let (v, issues) = values(&json, name, 13, &limits);
        let joined: Vec<u8> = v.iter().filter(|v| v.1 == "long").flat_map(|v| v.2.clone()).collect();
        assert_eq!(String::from_utf8_lossy(&joined), text);
        assert_eq!(short(&v[v.len() - 1..]), "0.z.y=end ");
        assert!(issues.is_empty());
    }
}

fn tree() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i32>().prop_map(Into::into),
        "[a-z\"\\\\\n\u{e9}\u{1f600}/]{0,8}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            proptest::collection::btree_map("[a-c.\"]{1,3}", inner, 0..4).prop_map(|m| serde_json::Value::Object(m.into_iter().collect())),
        ]
    })
}

/// The naive reading of a record.
fn walk(v: &serde_json::Value, row: u64, path: &str, out: &mut Vec<Value>) {
    let name = || if path.is_empty() { "value".to_owned() } else { path.to_owned() };
    match v {
        serde_json::Value::String(s) if !s.is_empty() => out.push((row, name(), s.clone().into_bytes())),
        serde_json::Value::Number(n) => out.push((row, name(), n.to_string().into_bytes())),
        serde_json::Value::Array(a) => a.iter().for_each(|v| walk(v, row, &format!("{path}[]"), out)),
        serde_json::Value::Object(o) => {
            for (k, v) in o {
                let k = k.replace('.', "\\.");
                walk(v, row, &if path.is_empty() { k } else { format!("{path}.{k}") }, out);
            }
        }
        _ => {}
    }
}

/// Records; `$` stands for a value.
const SHAPES: &[&str] = &[
    "{\"a\":$,\"b\":{\"c\":$,\"d\":[$,$]},\"e\":$}",
    "{\"a\":$,\"b\":{\"c\":$,\"d\":[$,$,$]},\"e\":$}",
    "{\"a\":$,\"items\":[{\"s\":$},{\"s\":$}],\"k.e\\\"y\":$}",
    "{\"m\":{\"ann@x.com\":$},\"z\":$}",
    "[$,{\"a\":$}]",
    "{\"Item\":{\"Id\":{\"N\":\"7\"},\"S\":{\"S\":$},\"m\":{\"M\":{\"k\":{\"S\":$}}},\"l\":{\"L\":[{\"S\":$},{\"SS\":[$,$]}]}}}",
    "{\"Keys\":{\"Id\":{\"N\":$}},\"NewImage\":{\"Item\":{\"S\":$}}}",
    "{ \"a\" : $ ,\n\"b\":[ ], \"c\": {}}",
    "{\"a_name_of_more_than_thirty_two_bytes_in_all\":$,\"sixteen_letters_\":$,\"\":$,\"a_name_of_more_than_thirty_two_bytes_in_alL\":$}",
    "{\"a\":$,\"a\":$,\"b\":$}",
    "{}",
    "$",
];

const LEAVES: &[&str] = &[
    "1",
    "-2.5e3",
    "-",
    "12345678901234567890",
    "\"x\"",
    "\"\"",
    "\"a\\n\\u00e9\\\\\"",
    "\"a string of more than sixty-four bytes, so that it goes over the whole of a block and on\"",
    "true",
    "false",
    "null",
    "nul",
    "{}",
    "[[1],[]]",
    "{\"x\":\"y\"}",
];

#[derive(Debug, Clone)]
struct Made {
    data: Vec<u8>,
    mode: Mode,
}

/// Records of a few kinds, in all modes, in order and damaged.
fn made() -> impl Strategy<Value = Made> {
    let record = (0..SHAPES.len(), proptest::collection::vec(0..LEAVES.len(), 4), any::<bool>());
    let joint = prop_oneof![8 => Just("\n"), 2 => Just(","), 1 => Just(""), 1 => Just("][")];
    let mode = prop_oneof![4 => Just(Mode::Lines), 2 => Just(Mode::Array), 1 => Just(Mode::Document), 1 => Just(Mode::DynamoDb), 1 => Just(Mode::DynamoDbBare)];
    let edit =
        (any::<prop::sample::Index>(), prop_oneof![Just(b'"'), Just(b'\\'), Just(b'\n'), Just(b'{'), Just(b']'), Just(b','), any::<u8>()]);
    let records = proptest::collection::vec((record, joint), 1..40);
    (records, mode, proptest::collection::vec(edit, 0..3), 1usize..20).prop_map(|(records, mode, edits, repeat)| {
        let mut text = String::new();
        for ((shape, leaves, usual), joint) in records {
            let mut leaves = leaves.iter().cycle();
            // Mostly what a form is made for: simple values.
            let mut leaf = || LEAVES[leaves.next().map_or(0, |l| if usual && matches!(l, 2 | 11) { 4 } else { *l })];
            SHAPES[shape].split('$').enumerate().for_each(|(i, s)| {
                text.push_str(if i > 0 { leaf() } else { "" });
                text.push_str(s);
            });
            text.push_str(if mode == Mode::Array && usual { "," } else { joint });
        }
        let mut text = text.repeat(repeat);
        if mode == Mode::Array {
            text = format!("[{}]", text.trim_end_matches(','));
        }
        let mut data = text.into_bytes();
        for (at, b) in edits {
            let at = at.index(data.len());
            data[at] = b;
        }
        Made { data, mode }
    })
}

#[test]
fn records_of_one_form_are_read_by_their_values() {
    let line = |i: usize| {
        format!(
            "{{\"id\":{i},\"who\":{{\"name\":\"n{i}\",\"tags\":[\"t\",\"\"]}},\"ok\":{}}}\n",
            if i.is_multiple_of(3) { "true" } else { "null" }
        )
    };
    let data: String = (0..1000).map(line).collect();
    let mut r = Json::new(input(data.as_bytes(), 64 << 10), Mode::Lines, &Limits::default());
    let mut b = Batch::default();
    assert!(r.next_batch(&mut b).unwrap());
    assert_eq!((b.records, b.cells.len(), b.scopes.len(), b.fields.len()), (1000, 3000, 2000, 3));
    assert_eq!(b.value(&b.cells[2999 - 1]), b"n999");
    assert_eq!(r.forms.known(), 1, "one form serves all");
}

proptest! {
    #[test]
    fn values_are_those_of_serde_json(
        records in proptest::collection::vec(proptest::collection::btree_map("[a-c]{1,2}", tree(), 1..4), 1..6),
        chunk in 1usize..64, batch_bytes in 1usize..200, pretty: bool, array: bool,
    ) {
        let records: Vec<serde_json::Value> = records.into_iter().map(|m| serde_json::Value::Object(m.into_iter().collect())).collect();
        let print = |v: &serde_json::Value| if pretty { serde_json::to_string_pretty(v) } else { serde_json::to_string(v) }.unwrap();
        let (data, name) = if array {
            (print(&records.clone().into()), "x.json")
        } else {
            (records.iter().map(print).collect::<Vec<_>>().join("\n"), "x.jsonl")
        };
        let mut want = Vec::new();
        for (row, v) in records.iter().enumerate() {
            walk(v, row as u64, "", &mut want);
        }
        let limits = Limits { batch_bytes, ..Limits::default() };
        let (got, issues) = values(&data, name, chunk, &limits);
        prop_assert_eq!(short(&got), short(&want));
        prop_assert!(issues.is_empty());
    }

    #[test]
    fn both_ways_give_the_same_batches(
        made in made(), chunk in 1usize..3000, batch_bytes in prop_oneof![1usize..500, 500usize..30_000],
        value_bytes in prop_oneof![1usize..200, Just(1usize << 20)], json_depth in prop_oneof![1usize..6, Just(100usize)],
    ) {
        let limits = Limits { batch_bytes, value_bytes, json_depth, overlap: 10, ..Limits::default() };
        let mut fast = Json::new(input(&made.data, chunk), made.mode, &limits);
        let mut plain = Json::new(input(&made.data, chunk), made.mode, &limits);
        plain.signs = None;
        same_batches(&mut fast, &mut plain);
    }
}
