use proptest::prelude::*;

use super::{Json, Mode};
use crate::base::{Batch, Cell, Hint, PlaceKind, Reason};
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

/// Values with row, field and the number of their scope's outermost one in the member.
fn linked(data: &str, name: &str, limits: &Limits) -> Vec<String> {
    let mut r = crate::format::open(input(data.as_bytes(), 1 << 20), name, &Hint::default(), limits).unwrap();
    let (mut b, mut out) = (Batch::default(), Vec::new());
    while r.next_batch(&mut b).unwrap() {
        let top = |mut scope: u32| {
            while let Some(parent) = b.scopes.get(scope as usize).and_then(|s| s.parent) {
                scope = parent;
            }
            scope
        };
        let row = |c: &Cell| if b.places == PlaceKind::Rows { b.first_row + u64::from(c.row) } else { 0 };
        let of = |c: &Cell| (row(c), b.fields[c.field as usize].clone(), String::from_utf8_lossy(b.value(c)).into_owned(), top(c.scope));
        let short = |(row, field, value, scope): (u64, String, String, u32)| format!("{row}.{field}={value:.20}@{scope}");
        out.extend(b.cells.iter().map(of).filter(|c| c.2.len() < 1000).map(short));
    }
    out
}

#[test]
fn a_first_record_longer_than_what_is_looked_at() {
    let long = "x".repeat(200_000);
    let with = |i: usize, long: &str| match i {
        0 => format!("{{\"d\":\"{long}\",\"e\":\"v0\"}}"),
        i => format!("{{\"e\":\"v{i}\"}}"),
    };
    for limits in [Limits::default(), Limits { batch_bytes: 1000, value_bytes: 1000, overlap: 20, ..Limits::default() }] {
        for (joint, name) in [("\n", "d.json"), ("\n", "d.jsonl"), ("\n", "d"), (" ", "d.json"), ("", "d.json")] {
            let data: String = (0..4).map(|i| with(i, &long) + joint).collect();
            let (v, issues) = values(&data, name, 1 << 16, &limits);
            let v: Vec<_> = v.into_iter().filter(|v| v.1 == "e").collect();
            assert_eq!((short(&v).as_str(), issues.len()), ("0.e=v0 1.e=v1 2.e=v2 3.e=v3 ", 0), "{joint:?} {name}");
            let shown: Vec<String> =
                linked(&data, name, &limits).into_iter().map(|v| v[..6].to_owned()).filter(|v| v.contains(".e=")).collect();
            assert_eq!(shown, ["0.e=v0", "1.e=v1", "2.e=v2", "3.e=v3"], "places of {name}");
        }
        let item = |i: usize| match i {
            0 => format!("{{\"Item\":{{\"d\":{{\"S\":\"{long}\"}},\"e\":{{\"S\":\"v0\"}},\"n\":{{\"N\":\"0\"}}}}}}\n"),
            i => format!("{{\"Item\":{{\"e\":{{\"S\":\"v{i}\"}},\"n\":{{\"N\":\"{i}\"}}}}}}\n"),
        };
        let data: String = (0..3).map(item).collect();
        let (kind, v, issues, _) = read(data.as_bytes(), "d.json", 1 << 16, &Hint::default(), &limits).unwrap();
        let v: Vec<_> = v.into_iter().filter(|v| v.1 != "d").collect();
        assert_eq!((kind, short(&v).as_str(), issues.len()), ("dynamodb-json", "0.e=v0 0.n=0 1.e=v1 1.n=1 2.e=v2 2.n=2 ", 0));
    }
    // What is one document indeed stays one.
    let data = format!("{{\"d\":\"{long}\",\"e\":\"v\"}}\n\n");
    assert_eq!(read(data.as_bytes(), "d.json", 1 << 16, &Hint::default(), &Limits::default()).unwrap().0, "json");
}

#[test]
fn items_of_dynamodb_outside_of_exports() {
    let limits = Limits::default();
    for (text, name, want) in [
        (
            r#"{"Items":[{"email":{"S":"a@x"},"ssn":{"S":"1"}},{"email":{"S":"b@x"},"m":{"M":{"k":{"N":"2"}}}}],"Count":2}"#,
            "x.json",
            "0.Items[].email=a@x@1 0.Items[].ssn=1@1 0.Items[].email=b@x@2 0.Items[].m.k=2@2 0.Count=2@0",
        ),
        ("{\n \"Item\": {\n  \"e\": {\n   \"S\": \"v\"},\n \"n\": {\"N\": \"7\"}}}", "x.json", "0.e=v@1 0.n=7@1"),
        (r#"{"Item":{"e":{"S":"v"}},"ConsumedCapacity":{"Units":1}}"#, "x.json", "0.Item.e=v@1 0.ConsumedCapacity.Units=1@0"),
        (
            r#"{"t":[{"PutRequest":{"Item":{"e":{"S":"v"},"n":{"SS":["a","b"]}}}},{"DeleteRequest":{"Key":{"e":{"S":"w"}}}}]}"#,
            "x.json",
            "0.t[].PutRequest.Item.e=v@3 0.t[].PutRequest.Item.n[]=a@3 0.t[].PutRequest.Item.n[]=b@3 0.t[].DeleteRequest.Key.e=w@6",
        ),
        (
            "{\"eventID\":\"1\",\"dynamodb\":{\"Keys\":{\"e\":{\"S\":\"v\"}},\"NewImage\":{\"e\":{\"S\":\"v\"},\"s\":{\"S\":\"9\"}}}}\n{}\n",
            "x.jsonl",
            "0.eventID=1@0 0.dynamodb.Keys.e=v@2 0.dynamodb.NewImage.e=v@3 0.dynamodb.NewImage.s=9@3",
        ),
        (
            "{\"Id\":{\"n\":\"1\"},\"e\":{\"s\":\"v\"}}\n{\"Id\":{\"n\":\"2\"},\"e\":{\"s\":\"w\"}}\n",
            "x",
            "0.Id=1@0 0.e=v@0 1.Id=2@1 1.e=w@1",
        ),
        // Names alone say nothing.
        (r#"{"Item":{"S":"x","N":5},"Items":[{"a":{"b":1}}],"Key":7}"#, "x.json", "0.Item.S=x@0 0.Item.N=5@0 0.Items[].a.b=1@2 0.Key=7@0"),
    ] {
        assert_eq!(linked(text, name, &limits).join(" "), want, "{text}");
    }
}

#[test]
fn words_that_are_no_json_are_values() {
    for (text, name, want) in [
        ("{\"a\":NaN,\"b\":\"x\"}\n{\"a\":-Infinity,\"b\":\"y\"}\n{\"a\":[Infinity, NaN],\"b\":\"z\"}\n", "x", "0.b=x 1.b=y 2.b=z "),
        ("{\"id\":1,\"t\":t,\"b\":\"x, t\"}\n{\"id\":2,\"t\":f,\"b\":\"y\"}\n", "0000_part_00", "0.id=1 0.b=x, t 1.id=2 1.b=y "),
        ("{\"id\":1,\"active\":t,\"b\":\"x\"}\n", "0000_part_00", "0.id=1 0.b=x "),
        ("{\"a\":NaN}", "x.json", ""),
    ] {
        for chunk in [1, 7, 1000] {
            let limits = Limits { batch_bytes: chunk, ..Limits::default() };
            let (v, issues) = values(text, name, chunk, &limits);
            assert_eq!((short(&v).as_str(), issues.len()), (want, 0), "{text}");
        }
    }
    // A list of notes, and code.
    for text in ["{x}, t\n", "[t, f] and so on\n", "{\"a\":Nan}\n"] {
        assert_eq!(read(text.as_bytes(), "x", 9, &Hint::default(), &Limits::default()).unwrap().0, "text", "{text}");
    }
}

#[test]
fn a_key_that_is_data_belongs_to_the_object_under_it() {
    let text = r#"{"n":"x","a@x.com":{"ssn":"1"},"b@x.com":{"ssn":"2","c@x.com":5,"l":[{"z":3}]}}"#;
    for batch_bytes in [1, 30, 1 << 20] {
        let limits = Limits { batch_bytes, ..Limits::default() };
        let mut r = Json::new(input(text.as_bytes(), 9), Mode::Lines, &limits);
        let (mut b, mut held) = (Batch::default(), Vec::new());
        while r.next_batch(&mut b).unwrap() {
            let of = |c: &Cell| (String::from_utf8_lossy(b.value(c)).into_owned(), b.scopes[c.scope as usize].parent.is_some());
            held.extend(b.cells.iter().map(of));
        }
        if batch_bytes > 1 << 10 {
            let want = [
                ("x", false),
                ("a@x.com", true),
                ("1", true),
                ("b@x.com", true),
                ("2", true),
                ("c@x.com", true),
                ("5", true),
                ("3", false),
            ];
            assert_eq!(held, want.map(|(v, inner)| (v.to_owned(), inner)));
        }
        assert_eq!(held.len(), 8);
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
    "{\"Items\":[{\"a\":{\"S\":$},\"b\":{\"L\":[{\"S\":$}]}},{\"a\":{\"N\":\"7\"}}],\"x\":$}",
    "{\"e\":{\"NewImage\":{\"a\":{\"s\":$}},\"Keys\":{\"k\":{\"n\":\"1\"},\"z\":{\"s\":$}}}}",
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
    "NaN",
    "-Infinity",
    "t",
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
            let mut leaf = || LEAVES[leaves.next().map_or(0, |l| if usual && matches!(l, 2 | 11..=14) { 4 } else { *l })];
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
