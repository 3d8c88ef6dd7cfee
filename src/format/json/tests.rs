use proptest::prelude::*;

use crate::base::{Hint, Reason};
use crate::format::Limits;
use crate::format::tests::{Value, read};

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
}
