use proptest::prelude::*;

use super::*;
use crate::base::{Hint, MemoryInput};
use crate::format::tests::{Broken, Value, input, read};

fn short(v: &[Value]) -> String {
    v.iter().map(|(r, f, v)| format!("{r}.{f}={} ", String::from_utf8_lossy(v))).collect()
}

fn values(data: &[u8], chunk: usize, limits: &Limits) -> (&'static str, String, Vec<Reason>) {
    let (kind, v, i, e) = read(data, "x.ion", chunk, &Hint::default(), limits).unwrap();
    (kind, short(&v), i.iter().map(|i| i.reason).chain(e).collect())
}

fn tiny() -> Limits {
    Limits { batch_bytes: 32, value_bytes: 64, ..Limits::default() }
}

#[test]
fn text_has_paths_and_records() {
    let cases: &[(&str, &str)] = &[
        ("{a:{b:\"x\",'c.d':[1,{e:y}]},n:null,t:true}", r"0.a.b=x 0.a.c\.d[]=1 0.a.c\.d[].e=y "),
        ("{a:1} {a:2,}\n$ion_1_0 {a:3}", "0.a=1 1.a=2 2.a=3 "),
        ("[{a:1},\"s\",[2],{a:3}]", "0.a=1 1.value=s 2.[]=2 3.a=3 "),
        ("{m:{'ann@x.com':{v:\"1\"},'12345678':2}}", "0.m.*=ann@x.com 0.m.*.v=1 0.m.*=12345678 0.m.*=2 "),
        ("contribution::{id:99999, tags:x::y::[a, 'b c', '''d''' '''e''']}", "0.id=99999 0.tags[]=a 0.tags[]=b c 0.tags[]=de "),
        ("(a + (b \"c\") -1 +inf)", "0.value=a 1.value=+ 2.[]=b 2.[]=c 3.value=-1 "),
        ("\"a\\x41\\u00e9\\U0001f600\\ud83d\\ude00\\\nz\\t\\'\" \"\\ud800\"", "0.value=aA\u{e9}\u{1f600}\u{1f600}z\t' 1.value=\u{fffd} "),
        (
            "1_000 0xff -0b101 6d2 103. 1.2025550147d10 12.5 -1.5e1 nan null.int 1d400",
            "0.value=1000 1.value=255 2.value=-5 3.value=600 4.value=103 5.value=12025550147 6.value=12.5 7.value=-15 10.value=1e400 ",
        ),
        ("2007T 1988-02-29 2007-02-23T12:14:33.079-08:00", "0.value=2007 1.value=1988-02-29 2.value=2007-02-23T12:14:33.079-08:00 "),
        ("{{ \"clob\" }} {{'''a''' '''b'''}} {{ aGVs bG8= }} {{}}", "0.value=clob 1.value=ab 2.value=hello "),
        ("{a:1} // call 212-555-0187\n/* and\nmore */ {a:2}", "0.a=1 1.=call 212-555-0187 1.=and\nmore 1.a=2 "),
        (
            "$ion_symbol_table::{symbols:[\"name\",\"Ann\"]} {$10:$11} $ion_symbol_table::{imports:$ion_symbol_table,symbols:[\"Bob\"]} {$10:$12,$4:$11}",
            "0.name=Ann 1.name=Bob 1.name=Ann ",
        ),
        ("", ""),
        ("\u{feff}{a:1}", "0.a=1 "),
    ];
    for (text, want) in cases {
        let text = text.as_bytes();
        if text.is_empty() {
            continue;
        }
        for chunk in [1, 5, 1000] {
            assert_eq!(values(text, chunk, &Limits::default()), ("ion", want.to_string(), vec![]), "{}", String::from_utf8_lossy(text));
            assert_eq!(values(text, chunk, &tiny()).1, *want, "{}", String::from_utf8_lossy(text));
        }
    }
}

#[test]
fn an_export_of_dynamodb_is_the_same_table_as_in_json() {
    let item = |id: u32| {
        (
            format!(
                r#"{{"Item":{{"Id":{{"N":"{id}"}},"phone":{{"N":"2125550187"}},"S":{{"S":"x"}},"m":{{"M":{{"k":{{"S":"y"}}}}}},"l":{{"L":[{{"S":"a"}},{{"M":{{"q":{{"SS":["b","c"]}}}}}}]}},"z":{{"NULL":true}},"b":{{"B":"aGVsbG8="}}}}}}"#
            ),
            format!(
                r#"$ion_1_0 {{Item:{{Id:{id}.,phone:2.125550187d9,S:"x",m:{{k:"y"}},l:["a",{{q:$dynamodb_SS::["b","c"]}}],z:null,b:{{{{aGVsbG8=}}}}}}}}"#
            ),
        )
    };
    let change = (
        r#"{"Metadata":{"WriteTimestampMicros":{"N":"5"}},"Keys":{"Id":{"N":"1"}},"OldImage":{"e":{"S":"o"}},"NewImage":{"e":{"S":"n"}}}"#,
        r#"$ion_1_0 {Metadata:{WriteTimestampMicros:5.},Keys:{Id:1.},OldImage:{e:"o"},NewImage:{e:"n"}}"#,
    );
    let join = |lines: &[&str]| lines.iter().map(|l| format!("{l}\n")).collect::<String>();
    let items: Vec<_> = (1..4).map(item).collect();
    let full = (join(&items.iter().map(|i| &i.0[..]).collect::<Vec<_>>()), join(&items.iter().map(|i| &i.1[..]).collect::<Vec<_>>()));
    for (json, ion) in [full, (join(&[change.0; 3]), join(&[change.1; 3]))] {
        let json = read(json.as_bytes(), "x", 50, &Hint::default(), &Limits::default()).unwrap();
        let ion = read(ion.as_bytes(), "x", 50, &Hint::default(), &Limits::default()).unwrap();
        assert_eq!((json.0, ion.0), ("dynamodb-json", "dynamodb-ion"));
        // What is in base64 in JSON comes behind the other values.
        let sorted = |mut v: Vec<Value>| {
            v.sort();
            short(&v)
        };
        assert_eq!((sorted(ion.1), ion.2.len()), (sorted(json.1), 0));
    }
    // The images of an item belong to nobody in common.
    let mut r = open(input(change.1.as_bytes(), 100), change.1.as_bytes(), true, &Limits::default());
    let mut b = Batch::default();
    assert!(r.next_batch(&mut b).unwrap());
    assert!(b.scopes.iter().all(|s| s.parent.is_none()), "{:?}", b.scopes);
}

#[test]
fn a_first_value_longer_than_what_is_looked_at() {
    let long = "x".repeat(200_000);
    let limits = Limits::default();
    let data = format!("$ion_1_0 {{Item:{{d:\"{long}\",e:\"v0\"}}}}\n$ion_1_0 {{Item:{{e:\"v1\"}}}}\n");
    let (kind, mut v, issues, _) = read(data.as_bytes(), "x.ion", 1 << 16, &Hint::default(), &limits).unwrap();
    v.retain(|v| v.1 != "d");
    assert_eq!((kind, short(&v).as_str(), issues.len()), ("dynamodb-ion", "0.e=v0 1.e=v1 ", 0));
    let data = format!("{{d:\"{long}\",e:\"v0\"}}\n// between\n{{e:\"v1\"}} {{e:\"v2\"}}");
    let mut r = open(input(data.as_bytes(), 1 << 16), &data.as_bytes()[..1 << 17], false, &limits);
    let (mut b, mut seen) = (Batch::default(), Vec::new());
    while r.next_batch(&mut b).unwrap() {
        let at = |c: &crate::base::Cell| (b.places, b.first_row + u64::from(c.row), b.origins.is_empty(), b.value(c).to_vec());
        seen.extend(b.cells.iter().map(at).filter(|v| v.3.len() < 100));
    }
    let want = [(PlaceKind::RowsAndBytes, 0, false, "v0"), (PlaceKind::Rows, 1, true, "between"), (PlaceKind::Rows, 1, true, "v1")];
    let want: Vec<_> =
        want.into_iter().chain([(PlaceKind::Rows, 2, true, "v2")]).map(|w| (w.0, w.1, w.2, w.3.as_bytes().to_vec())).collect();
    assert_eq!(seen, want);
}

#[test]
fn one_value_has_places_in_bytes() {
    let text = "{a:\"first\", b:{'c':\"s\\u00e9cond\"}}";
    let mut r = open(input(text.as_bytes(), 100), text.as_bytes(), true, &Limits::default());
    let mut b = Batch::default();
    assert!(r.next_batch(&mut b).unwrap());
    assert_eq!(b.places, PlaceKind::RowsAndBytes);
    let at = |i: usize, from: u32, to: u32| {
        let c = &b.cells[i];
        let r = b.member_range(Some(c), c.start + from, c.start + to);
        &text[r.start as usize..r.end as usize]
    };
    assert_eq!((at(0, 0, 5), at(0, 1, 3), at(1, 0, 7)), ("first", "ir", "s\\u00e9cond"));
}

#[test]
fn broken_lines_are_given_as_text_and_the_next_line_goes_on() {
    let cases: &[(&str, &str)] = &[
        ("{a:1}\n{a:%}\n{a:2}\n", "0.a=1 1.=%} 2.a=2 "),
        ("{a:1}\n{a:\"open\n{a:2}\n", "0.a=1 1.=\"open 2.a=2 "),
        ("{a:1}\n{a:x,b:{{ 12345 }}}\n{a:2}\n", "0.a=1 1.a=x 1.={{ 12345 }}} 2.a=2 "),
        ("{a:1}\n{a:[1}\n{a:2}\n", "0.a=1 1.a[]=1 1.=} 2.a=2 "),
        ("{a:1}\n]\n{a:2}\n{a:x", "0.a=1 1.=] 2.a=2 3.a=x "),
        ("{a:1}\n\"\\xzz\" tail\n{a:2} /* open", "0.a=1 1.=\"\\xzz\" tail 2.a=2 3.=/* open "),
    ];
    for (text, want) in cases {
        for chunk in [1, 9, 1000] {
            let (_, all, reasons) = values(text.as_bytes(), chunk, &Limits::default());
            assert_eq!(all, *want, "{text:?}");
            assert!(
                !reasons.is_empty() && reasons.iter().all(|r| matches!(r, Reason::Malformed | Reason::Truncated)),
                "{text:?} {reasons:?}"
            );
        }
    }
    let deep = format!("{{a:1}}\n{}\n{{a:2}}\n", "[".repeat(600));
    let (_, all, reasons) = values(deep.as_bytes(), 100, &Limits::default());
    assert!(all.starts_with("0.a=1 1.=[[") && all.ends_with("2.a=2 "), "{all}");
    assert_eq!(reasons, [Reason::NestingLimit]);
    let deep = format!("{{a:1}}\n$ion_symbol_table::{{a:{}\n{{a:2}}\n", "[".repeat(600));
    let (_, all, reasons) = values(deep.as_bytes(), 100, &Limits::default());
    assert!(all.starts_with("0.a=1 1.=[[") && all.ends_with("2.a=2 "), "{all}");
    assert_eq!(reasons, [Reason::NestingLimit]);
    // What is never closed is not looked for again in each line.
    for open in ["/*\n", "{{\n"] {
        let text = format!("{{a:1}}\n{}{{a:2}}\n", open.repeat(1 << 17));
        let (_, all, _) = values(text.as_bytes(), 1 << 16, &Limits::default());
        assert!(all.starts_with("0.a=1 ") && all.ends_with(&format!(" {}.a=2 ", 1 + (1 << 17))), "{open:?}");
    }
}

#[test]
fn values_behind_a_list_are_records() {
    let mut r = Ion::new(input(b"[{a:1},2] {b:{c:3},d:4} [5] {e:6}", 100), super::Text::default(), Mode::List, &Limits::default());
    let mut b = Batch::default();
    assert!(r.next_batch(&mut b).unwrap());
    assert_eq!((b.records, b.cells.iter().map(|c| c.row).collect::<Vec<_>>()), (5, vec![0, 1, 2, 2, 3, 4]));
}

#[test]
fn a_broken_value_behind_a_list_costs_one_record() {
    // An unknown type within a struct within a struct.
    let broken = fields(&[(10, fields(&[(11, vec![0xf1])])), (10, text("x")), (10, text("y"))]);
    let list = head(11, &[person("Ann"), fields(&[(10, vec![0xf1])]), person("Bob")].concat());
    let data = binary(&[list, person("Cem"), broken, person("Eve")]);
    let mut r = Ion::new(input(&data, 9), Binary::default(), Mode::List, &Limits::default());
    let (mut b, mut names) = (Batch::default(), Vec::new());
    assert!(r.next_batch(&mut b).unwrap());
    for c in b.cells.iter().filter(|c| b.fields[c.field as usize] == "name") {
        names.push((c.row, String::from_utf8_lossy(b.value(c)).into_owned()));
    }
    assert_eq!(b.records, 6);
    assert_eq!(names, [(0, "Ann"), (2, "Bob"), (3, "Cem"), (5, "Eve")].map(|(r, n)| (r, n.to_owned())));
}

#[test]
fn batches_end_without_a_value() {
    let limits = Limits { batch_bytes: 80, ..Limits::default() };
    let mut r = Ion::new(input("{}".repeat(1000).as_bytes(), 100), super::Text::default(), Mode::Values, &limits);
    let (mut b, mut records) = (Batch::default(), 0);
    while r.next_batch(&mut b).unwrap() {
        assert!(b.scopes.len() - b.carried <= 10, "{}", b.scopes.len());
        records += b.records;
    }
    assert_eq!(records, 1000);
}

#[test]
fn whatever_stands_among_symbols_has_its_number() {
    let huge = head(8, &vec![b'x'; MOST_VALUE + 1]);
    let cases: [(Vec<u8>, u64, Vec<Reason>); 4] = [
        (head(0, &text("oops")), 11, vec![]),
        (head(11, &text("oops")), 12, vec![]),
        (fields(&[(4, text("oops"))]), 12, vec![]),
        (huge, 12, vec![Reason::MemoryLimit]),
    ];
    for (between, id, want) in cases {
        let symbols = [text("name"), between, text("mail")].concat();
        let table = annotated(3, &fields(&[(7, head(11, &symbols))]));
        let data = [MAGIC.to_vec(), table, fields(&[(10, text("Ann")), (id, text("x"))]).repeat(2)].concat();
        let all = "0.name=Ann 0.mail=x 1.name=Ann 1.mail=x ";
        assert_eq!(values(&data, 1 << 16, &Limits::default()), ("ion-binary", all.into(), want));
    }
}

/// Binary values.
fn head(kind: u8, body: &[u8]) -> Vec<u8> {
    match body.len() {
        n @ 0..14 => [&[kind << 4 | n as u8][..], body].concat(),
        n => [&[kind << 4 | 14][..], &long(n as u64), body].concat(),
    }
}

fn long(n: u64) -> Vec<u8> {
    let mut out = vec![0x80 | (n & 0x7f) as u8];
    let mut n = n >> 7;
    while n > 0 {
        out.insert(0, (n & 0x7f) as u8);
        n >>= 7;
    }
    out
}

fn text(t: &str) -> Vec<u8> {
    head(8, t.as_bytes())
}

fn fields(fields: &[(u64, Vec<u8>)]) -> Vec<u8> {
    head(13, &fields.iter().flat_map(|(id, v)| [long(*id), v.clone()].concat()).collect::<Vec<u8>>())
}

fn annotated(id: u64, value: &[u8]) -> Vec<u8> {
    let id = long(id);
    head(14, &[&long(id.len() as u64)[..], &id, value].concat())
}

fn table(symbols: &[&str]) -> Vec<u8> {
    annotated(3, &fields(&[(7, head(11, &symbols.iter().flat_map(|s| text(s)).collect::<Vec<u8>>()))]))
}

fn person(name: &str) -> Vec<u8> {
    let inner =
        fields(&[(11, text("x@example.com")), (12, head(11, &[head(2, &[7]), vec![0x71, 13], head(0, &[0; 20]), vec![0x8f]].concat()))]);
    annotated(13, &fields(&[(10, text(name)), (12, inner)]))
}

fn binary(values: &[Vec<u8>]) -> Vec<u8> {
    [MAGIC.to_vec(), table(&["name", "email", "more", "Ann-Symbol"]), values.concat()].concat()
}

fn of_person(row: u32, name: &str) -> String {
    format!("{row}.name={name} {row}.more.email=x@example.com {row}.more.more[]=7 {row}.more.more[]=Ann-Symbol ")
}

#[test]
fn binary_values_are_the_same_records() {
    let data = binary(&[person("Ann"), head(0, &[0; 40]), person("Bob")]);
    for chunk in [1, 7, 1000] {
        for limits in [Limits::default(), tiny()] {
            let want = of_person(0, "Ann") + &of_person(1, "Bob");
            assert_eq!(values(&data, chunk, &limits), ("ion-binary", want, vec![]));
        }
    }
    // Streams one behind the other, elements of one list, and an item of DynamoDB.
    let twice = [binary(&[person("Ann")]), [MAGIC.to_vec(), table(&["other"]), fields(&[(10, text("x"))])].concat()].concat();
    assert_eq!(values(&twice, 9, &Limits::default()).1, of_person(0, "Ann") + "1.other=x ");
    let list = binary(&[head(11, &[person("Ann"), person("Bob")].concat())]);
    assert_eq!(values(&list, 9, &Limits::default()).1, of_person(0, "Ann") + &of_person(1, "Bob"));
    let item = [MAGIC.to_vec(), table(&["Item", "e"]), fields(&[(10, fields(&[(11, text("v"))]))]).repeat(2)].concat();
    assert_eq!(values(&item, 9, &Limits::default()), ("dynamodb-ion", "0.e=v 1.e=v ".into(), vec![]));
}

#[test]
fn symbols_of_shared_tables_are_not_known() {
    let import = head(11, &fields(&[(4, text("iopc")), (8, head(2, &[2]))]));
    let table = annotated(3, &fields(&[(6, import), (7, head(11, &text("own")))]));
    let data = [MAGIC.to_vec(), table, fields(&[(10, text("a")), (12, text("b")), (12, vec![0x71, 11])])].concat();
    assert_eq!(values(&data, 9, &Limits::default()), ("ion-binary", "0.*=a 0.own=b ".into(), vec![Reason::UnsupportedFormat]));
    // A long symbol is given once, however often it is named.
    let data = [MAGIC.to_vec(), self::table(&[&"x".repeat(500)]), [0x71, 10].repeat(50)].concat();
    let (_, all, reasons) = values(&data, 99, &Limits::default());
    assert_eq!((all.len(), reasons.len()), (509, 0));
    let data = [MAGIC.to_vec(), self::table(&[&"x".repeat(500)]), fields(&[(10, text("v"))]).repeat(3)].concat();
    let want = format!("0.*={} 0.*=v 1.*=v 2.*=v ", "x".repeat(500));
    assert_eq!(values(&data, 99, &Limits::default()), ("ion-binary", want, vec![]));
}

#[test]
fn broken_binary_values_cost_themselves_alone() {
    let (ann, eve) = (person("Ann"), person("Eve"));
    let broken = |inner: &[u8]| binary(&[ann.clone(), head(13, inner), eve.clone()]);
    let cases: &[(&[u8], Reason, &str)] = &[
        (&[0x8a, 0x8d, b'a'], Reason::Corrupt, ""),
        (&[0x8a, 0x82, b'o', b'k', 0x8b, 0xf1], Reason::Corrupt, "1.name=ok "),
        (&[0x8a, 0x82, b'o', b'k', 0x01], Reason::Corrupt, "1.name=ok "),
        (&[0x8a, 0xe2, 0x81, 0x80], Reason::Corrupt, ""),
        (&[0x8a, 0xbe, 0x01, 0x01, 0x81], Reason::Corrupt, ""),
        (&[0x8a, 0xe6, 0x81, 0x84, 0xb1, 0x20, 0x71, 0x04], Reason::Corrupt, ""),
    ];
    for (inner, reason, left) in cases {
        let (_, all, reasons) = values(&broken(inner), 9, &Limits::default());
        assert_eq!((all, reasons), (of_person(0, "Ann") + left + &of_person(2, "Eve"), vec![*reason]), "{inner:x?}");
    }
    let whole = binary(&[ann.clone(), eve]);
    for cut in 1..8 {
        let (_, all, reasons) = values(&whole[..whole.len() - cut], 9, &Limits::default());
        assert!(all.starts_with(&of_person(0, "Ann")) && reasons == [Reason::Truncated], "{cut}: {all} {reasons:?}");
    }
    let lost = binary(&[ann.clone(), vec![0xf3; 9]]);
    assert_eq!(values(&lost, 9, &Limits::default()).2, [Reason::Corrupt, Reason::Corrupt]);
    let version = [MAGIC, b"\xe0\x02\0\xea"].concat();
    assert_eq!(values(&version, 9, &Limits::default()).2, [Reason::Corrupt, Reason::Corrupt]);
    let deep = (0..600).fold(text("x"), |inner, _| head(11, &inner));
    let (_, all, reasons) = values(&binary(&[ann.clone(), deep, ann]), 99, &Limits::default());
    assert_eq!((all, reasons), (of_person(0, "Ann") + &of_person(2, "Ann"), vec![Reason::NestingLimit]));
}

proptest! {
    #[test]
    fn what_is_json_is_read_as_json_is(rows in proptest::collection::vec(proptest::collection::btree_map("[a-c.]{1,3}", "[a-z\"\\\\\n\u{e9}/]{0,8}", 0..4), 2..5), chunk in 1usize..40) {
        let text: String = rows.iter().map(|r| serde_json::json!({"k": r, "l": [r, 1]}).to_string() + "\n").collect();
        let json = read(text.as_bytes(), "x.jsonl", chunk, &Hint::default(), &Limits::default()).unwrap();
        let ion = read(text.as_bytes(), "x.ion", chunk, &Hint::default(), &Limits::default()).unwrap();
        prop_assert_eq!((json.0, ion.0), ("jsonl", "ion"));
        prop_assert_eq!(short(&json.1), short(&ion.1));
    }

    #[test]
    fn any_text_ends_well(text in "[a{}\\[\\]()'\":,/*$1\\-x\\\\\n ]{0,80}", chunk in 1usize..20) {
        for limits in [Limits::default(), Limits { json_depth: 4, ..tiny() }] {
            let r = read(format!("$ion_1_0 {{a:1}}\n{text}\n{{z:1}}").as_bytes(), "x.ion", chunk, &Hint::default(), &limits);
            prop_assert!(r.unwrap().3.is_none());
        }
    }

    #[test]
    fn any_bytes_end_well(at in 0usize..100, bytes in proptest::collection::vec(any::<u8>(), 1..8), chunk in 1usize..50) {
        let mut data = binary(&[person("Ann"), person("Bob")]);
        let at = at % (data.len() - bytes.len());
        data[at..at + bytes.len()].copy_from_slice(&bytes);
        let _ = read(&data, "x.10n", chunk, &Hint::default(), &Limits { json_depth: 8, ..tiny() });
    }
}

/// Found by the fuzzer: a value that nothing can be made of, in a stream that breaks off too, ended the member twice.
#[test]
fn damage_in_a_stream_that_breaks_ends_it_once() {
    let data = [MAGIC, &[0xff]].concat();
    for (stream, want) in [(Reason::Truncated, Reason::Corrupt), (Reason::Network, Reason::Network)] {
        let input = PeekInput::new(Box::new(Broken(MemoryInput::new(data.clone()), stream)));
        let mut r = open(input, &data, false, &Limits::default());
        let mut b = Batch::default();
        assert_eq!(r.next_batch(&mut b).unwrap_err().reason, want);
        assert!(matches!(r.next_batch(&mut b), Ok(false)), "nothing follows the end");
    }
}
