use proptest::prelude::*;

use super::*;
use crate::base::Hint;
use crate::format::tests::{Value, read};

/// A document of its elements.
pub(crate) fn doc(elements: &[u8]) -> Vec<u8> {
    [&(elements.len() as u32 + 5).to_le_bytes()[..], elements, &[0]].concat()
}

fn element(kind: u8, name: &str, value: &[u8]) -> Vec<u8> {
    [&[kind], name.as_bytes(), &[0], value].concat()
}

fn text(name: &str, value: &str) -> Vec<u8> {
    element(2, name, &[&(value.len() as u32 + 1).to_le_bytes()[..], value.as_bytes(), &[0]].concat())
}

fn person(name: &str) -> Vec<u8> {
    let inner = doc(&[text("city", "Oslo"), element(16, "zip", &150i32.to_le_bytes())].concat());
    let tags = doc(&[text("0", "a"), element(3, "1", &doc(&text("e", "x@example.com")))].concat());
    doc(&[element(7, "_id", &[0xab; 12]), text("name", name), element(3, "address", &inner), element(4, "tags", &tags)].concat())
}

fn of_person(row: u64, name: &str) -> String {
    let id = "ab".repeat(12);
    format!("{row}._id={id} {row}.name={name} {row}.address.city=Oslo {row}.address.zip=150 {row}.tags[]=a {row}.tags[].e=x@example.com ")
}

fn short(v: &[Value]) -> String {
    v.iter().map(|(r, f, v)| format!("{r}.{f}={} ", String::from_utf8_lossy(v))).collect()
}

fn values(data: &[u8], chunk: usize, limits: &Limits) -> (String, Vec<Reason>) {
    let (kind, v, i, e) = read(data, "x.bson", chunk, &Hint::default(), limits).unwrap();
    assert_eq!(kind, "bson");
    (short(&v), i.iter().map(|i| i.reason).chain(e).collect())
}

#[test]
fn documents_are_records_with_paths() {
    let data = [person("Ann"), person("Bob")].concat();
    for chunk in [1, 7, 1000] {
        for limits in [Limits::default(), Limits { batch_bytes: 40, value_bytes: 40, ..Limits::default() }] {
            assert_eq!(values(&data, chunk, &limits), (of_person(0, "Ann") + &of_person(1, "Bob"), vec![]));
        }
    }
}

#[test]
fn values_of_every_type() {
    let code = [&[0; 4][..], &7u32.to_le_bytes(), b"return\0", &doc(&text("v", "w"))].concat();
    let pointer = [&4u32.to_le_bytes()[..], b"a.b\0", &[1; 12]].concat();
    let uuid = [&16u32.to_le_bytes()[..], &[4], &[0x12; 16]].concat();
    let old = [&7u32.to_le_bytes()[..], &[2], &3u32.to_le_bytes(), b"old"].concat();
    let cases: &[(u8, Vec<u8>, &str)] = &[
        (1, 457_555_462f64.to_le_bytes().to_vec(), "457555462"),
        (1, 1.5f64.to_le_bytes().to_vec(), "1.5"),
        (1, f64::NAN.to_le_bytes().to_vec(), ""),
        (5, [&4u32.to_le_bytes()[..], &[0], b"text"].concat(), "text"),
        (5, [&2u32.to_le_bytes()[..], &[0, 0xff, 0xfe]].concat(), ""),
        (5, uuid, "12121212-1212-1212-1212-121212121212"),
        (5, old, "old"),
        (6, vec![], ""),
        (8, vec![1], ""),
        (9, 0i64.to_le_bytes().to_vec(), "1970-01-01T00:00:00Z"),
        (9, i64::MAX.to_le_bytes().to_vec(), ""),
        (10, vec![], ""),
        (11, b"^a@example\0i\0".to_vec(), "^a@example"),
        (12, pointer, "a.b"),
        (13, b"\x02\0\0\0x\0".to_vec(), "x"),
        (14, b"\x02\0\0\0y\0".to_vec(), "y"),
        (15, code, "return 0.a.v=w"),
        (16, (-5i32).to_le_bytes().to_vec(), "-5"),
        (17, vec![9; 8], ""),
        (18, 2_125_550_187i64.to_le_bytes().to_vec(), "2125550187"),
        (0xff, vec![], ""),
        (0x7f, vec![], ""),
    ];
    for (kind, value, want) in cases {
        let data = doc(&[element(*kind, "a", value), text("z", "end")].concat());
        let want = if want.is_empty() { "0.z=end ".to_owned() } else { format!("0.a={want} 0.z=end ") };
        assert_eq!(values(&data, 1000, &Limits::default()), (want, vec![]), "type {kind}");
    }
}

#[test]
fn a_damaged_document_costs_itself_alone() {
    let (ann, bob, eve) = (person("Ann"), person("Bob"), person("Eve"));
    let id = "ab".repeat(12);
    // An unknown type; a length that is too short, and one that is too long; a text that is longer than its document.
    let damage: &[(usize, &[u8], &str)] = &[
        (4, &[0x50], ""),
        (21, &[0x50], &format!("1._id={id} ")),
        (0, &[20, 0, 0, 0], ""),
        (0, &[0, 1, 0, 0], &of_person(1, "Bob")),
        (27, &[0xff, 0xff, 0xff, 0x7f], &format!("1._id={id} ")),
    ];
    for (at, bytes, left) in damage {
        let mut broken = bob.clone();
        broken[*at..at + bytes.len()].copy_from_slice(bytes);
        let (all, reasons) = values(&[&ann[..], &broken, &eve].concat(), 100, &Limits::default());
        assert!(all.starts_with(&of_person(0, "Ann")) && all.contains(left), "{at}: {all}");
        assert!(all.contains(".name=Eve ") && all.ends_with(".tags[].e=x@example.com "), "{at}: {all}");
        assert!(reasons.contains(&Reason::Corrupt), "{at}: {reasons:?}");
    }
    let cut = [&ann[..], &bob[..40]].concat();
    let (all, reasons) = values(&cut, 100, &Limits::default());
    assert_eq!((all, reasons), (of_person(0, "Ann") + &format!("1._id={id} 1.name=Bob "), vec![Reason::Truncated]));
    let deep = (0..600).fold(doc(&text("a", "x")), |inner, _| doc(&element(3, "d", &inner)));
    let (all, reasons) = values(&[&ann[..], &deep, &eve].concat(), 100, &Limits::default());
    assert_eq!((all, reasons), (of_person(0, "Ann") + &of_person(2, "Eve"), vec![Reason::NestingLimit]));
    let sealed = doc(&[element(5, "ssn", &[&3u32.to_le_bytes()[..], &[6], &[1, 0xff, 0xff]].concat()), text("z", "y")].concat());
    assert_eq!(values(&sealed, 100, &Limits::default()), ("0.z=y ".into(), vec![Reason::Encrypted]));
}

#[test]
fn archives_name_the_collection() {
    let header = |name: &str, end: bool| {
        doc(&[text("db", "shop"), text("collection", name), element(8, "EOF", &[u8::from(end)]), element(18, "CRC", &[0; 8])].concat())
    };
    let prelude = [&ARCHIVE[..], &doc(&text("version", "0.1")), &doc(&text("metadata", "{}")), &END].concat();
    let run = |name: &str, documents: &[u8]| [&header(name, false)[..], documents, &END].concat();
    let data = [
        &prelude[..],
        &run("people", &doc(&text("e", "a@example.com"))),
        &run("orders", &doc(&text("n", "7"))),
        &header("people", true),
        &END,
    ]
    .concat();
    let want = "0.version=0.1 1.metadata={} 2.people.e=a@example.com 3.orders.n=7 ";
    assert_eq!(values(&data, 9, &Limits::default()), (want.into(), vec![]));
    // A broken header: whose documents they are is not known.
    let mut orders = run("orders", &doc(&text("n", "7")));
    orders[4] = 0x50;
    let data = [&prelude[..], &run("people", &doc(&text("e", "a@example.com"))), &orders, &run("logs", &doc(&text("m", "8")))].concat();
    let want = "0.version=0.1 1.metadata={} 2.people.e=a@example.com 3.n=7 4.logs.m=8 ";
    assert_eq!(values(&data, 9, &Limits::default()), (want.into(), vec![Reason::Corrupt]));
}

#[test]
fn batches_end_without_a_value() {
    let data = doc(&[]).repeat(1000);
    let limits = Limits { batch_bytes: 80, ..Limits::default() };
    let mut r = Bson::new(crate::format::tests::input(&data, 100), &data, &limits);
    let (mut b, mut records) = (Batch::default(), 0);
    while r.next_batch(&mut b).unwrap() {
        assert!(b.scopes.len() <= 10, "{}", b.scopes.len());
        records += b.records;
    }
    assert_eq!(records, 1000);
}

#[test]
fn documents_are_told_from_other_bytes() {
    let (one, empty) = (person("Ann"), doc(&[]));
    let cases: &[(Vec<u8>, &str, bool)] = &[
        (one.clone(), "x", true),
        ([&one[..], &one].concat(), "x", true),
        ([&one[..], &empty].concat(), "x", true),
        ([&one[..], b"????????"].concat(), "x", false),
        ([&one[..], b"????????"].concat(), "x.bson", true),
        (empty.clone(), "x", false),
        (empty.repeat(3), "x.bson", true),
        (b"\x05\0\0\0".to_vec(), "x", false),
        (b"7\0\0\0 plain text with a number before it\0".to_vec(), "x", false),
        (b"\x20\0\0\0\x02\xff\xfe\0".repeat(9), "x", false),
    ];
    for (data, name, want) in cases {
        let found = read(data, name, 1000, &Hint::default(), &Limits::default()).is_ok_and(|r| r.0 == "bson");
        assert_eq!(found, *want, "{name}: {data:?}");
    }
}

proptest! {
    #[test]
    fn any_damage_ends_well(at in 0usize..600, bytes in proptest::collection::vec(any::<u8>(), 1..6), chunk in 1usize..200) {
        let mut data = [person("Ann"), person("Bob"), person("Eve"), person("Joe")].concat();
        let at = at % (data.len() - bytes.len());
        data[at..at + bytes.len()].copy_from_slice(&bytes);
        let limits = Limits { batch_bytes: 64, value_bytes: 48, json_depth: 8, ..Limits::default() };
        if let Ok((_, v, ..)) = read(&data, "x.bson", chunk, &Hint::default(), &limits) {
            // Somebody is always left.
            prop_assert!(v.iter().any(|v| v.1.ends_with("name")));
        }
    }

    #[test]
    fn any_bytes_end_well(data in proptest::collection::vec(any::<u8>(), 0..300), chunk in 1usize..50) {
        let data = [person("Ann"), data].concat();
        let _ = read(&data, "x.bson", chunk, &Hint::default(), &Limits { batch_bytes: 64, ..Limits::default() });
    }
}
