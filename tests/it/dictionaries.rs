//! A Parquet file says the same whether its writer used dictionaries or not.

use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder, StructBuilder};
use arrow_array::{ArrayRef, RecordBatch, StringArray, StructArray};
use arrow_schema::{DataType, Field};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};
use serde_json::Value;

use crate::generate::{SEED, people::people as invented};
use crate::support::Bench;

const ROWS: usize = 3_000;

fn text(value: impl Fn(usize) -> Option<String>) -> ArrayRef {
    Arc::new((0..ROWS).map(value).collect::<StringArray>())
}

/// A table of few people in many rows: flat columns, a struct, a list, a list of structs, nulls and empty values.
fn table() -> RecordBatch {
    let people: Vec<_> = invented(SEED, 60).into_iter().take(40).collect();
    let who = |i: usize| &people[i * 7 % people.len()];
    let cycle = |i: usize, list: &[&str]| list[i % list.len()].to_owned();
    let email = text(|i| (i % 11 != 3).then(|| who(i).email.clone()));
    let name = text(|i| Some(if i % 13 == 0 { String::new() } else { who(i).name() }));
    let person = StructArray::from(vec![
        (Arc::new(Field::new("email", DataType::Utf8, true)), email.clone()),
        (Arc::new(Field::new("note", DataType::Utf8, true)), text(|i| Some(cycle(i, &["none", "call back", "SSN 457-55-5462 on file"])))),
    ]);
    let mut tags = ListBuilder::new(StringBuilder::new());
    for i in 0..ROWS {
        (0..i % 4).for_each(|n| tags.values().append_value(if n == 2 { people[i % 5].email.as_str() } else { "vip" }));
        tags.append(i % 9 != 0);
    }
    let fields = ["sku", "gift_for"].map(|f| Field::new(f, DataType::Utf8, true));
    let mut items = ListBuilder::new(StructBuilder::from_fields(fields.to_vec(), ROWS));
    for i in 0..ROWS {
        for n in 0..i % 2 * 2 {
            let item = items.values();
            item.field_builder::<StringBuilder>(0).unwrap().append_value(cycle(i + n, &["A-1", "B-2", "C-3"]));
            let gift = Some(people[(i + n) % 6].email.as_str()).filter(|_| i % 3 == 0);
            item.field_builder::<StringBuilder>(1).unwrap().append_option(gift);
            item.append(true);
        }
        items.append(true);
    }
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("event_kind", text(|i| (i % 5 != 0).then(|| cycle(i, &["page_view", "click", "purchase"])))),
        ("country", text(|i| Some(cycle(i, &["US", "DE", "FR"])))),
        ("phone", text(|i| Some(cycle(i, &["(212) 555-0134", "030 901820", "01 42 68 53 00"])))),
        ("state", text(|i| Some(cycle(i, &["CA", "NY", "TX", ""])))),
        ("zip", text(|i| Some(cycle(i, &["94105", "10001", "73301"])))),
        ("email", email),
        ("name", name),
        ("ssn", text(|i| Some(if i % 17 == 0 { "000-00-0000".to_owned() } else { who(i).ssn.clone() }))),
        ("ssn_masked", text(|i| Some(format!("***-**-{}", &who(i).ssn[who(i).ssn.len() - 4..])))),
        ("customer_id", text(|i| Some(format!("C-{}", 1000 + i * 7 % people.len())))),
        // Digits that little speaks for: what is tried in a batch depends on its first cells.
        ("code", text(|i| Some(format!("{}", 123_456_000 + i % 90)))),
        ("card", text(|i| Some(cycle(i, &["4111111111111111", "5555555555554444", "4012888888881882"])))),
        // What lies within values.
        ("payload", text(|i| Some(format!("{{\"gift\":{{\"email\":\"{}\"}}}}", people[i % 9].email)))),
        ("link", text(|i| Some(format!("https://example.com/?to={}", people[i % 7].email.replace('@', "%40"))))),
        ("person", Arc::new(person)),
        ("tags", Arc::new(tags.finish())),
        ("items", Arc::new(items.finish())),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, c)| (n, c, true))).unwrap()
}

fn written(table: &RecordBatch, with: impl Fn(WriterPropertiesBuilder) -> WriterPropertiesBuilder) -> Vec<u8> {
    let properties = with(WriterProperties::builder().set_max_row_group_row_count(Some(1000)).set_write_batch_size(64)).build();
    let mut w = ArrowWriter::try_new(Vec::new(), table.schema(), Some(properties)).unwrap();
    w.write(table).unwrap();
    w.into_inner().unwrap()
}

/// Without what differs between two files of the same content.
fn same(v: &mut Value) {
    match v {
        Value::Object(map) => {
            let own = ["seconds", "index", "stored", "version", "completed", "first_seen", "last_seen", "oldest", "newest", "data_as_of"];
            map.retain(|k, v| !(own.contains(&k.as_str()) || k == "bytes" && v.is_number()));
            map.values_mut().for_each(same);
        }
        Value::Array(list) => list.iter_mut().for_each(same),
        _ => {}
    }
}

#[test]
fn dictionaries_change_no_answer() {
    let table = table();
    let plain = written(&table, |p| p.set_dictionary_enabled(false));
    let whole = written(&table, |p| p.set_dictionary_enabled(true));
    // A dictionary that is full after a few values: the rest of the chunk is plain.
    let half = written(&table, |p| p.set_dictionary_enabled(true).set_dictionary_page_size_limit(64).set_data_page_row_count_limit(100));
    assert!(whole.len() * 2 < plain.len(), "the one is written with dictionaries, the other is not");
    let b = Bench::new();
    b.empty_index("empty.db");
    let emails: Vec<String> = invented(SEED, 60).into_iter().take(8).map(|p| p.email).collect();
    let mut answers = Vec::new();
    for (name, data) in [("plain", plain), ("whole", whole), ("half", half)] {
        b.write("data/events.parquet", data);
        let index = format!("{name}.db");
        std::fs::copy(b.path("empty.db"), b.path(&index)).unwrap();
        for threads in ["1", "3"] {
            if threads == "3" {
                std::fs::copy(b.path("empty.db"), b.path(&index)).unwrap();
            }
            let (status, scan) = b.scan("data", &["--index", &index, "--threads", threads]);
            assert_eq!(status, Some(0), "{scan}");
            let mut all = vec![("scan".to_owned(), scan), ("map".to_owned(), b.json(&["map", "--index", &index]))];
            for email in &emails {
                all.push((format!("find {email}"), b.json(&["find", email, "--why", "--index", &index])));
            }
            let count = b.json(&["classify", "--count", "data/events.parquet"]);
            all.push(("count".to_owned(), count));
            all.iter_mut().for_each(|a| same(&mut a.1));
            answers.push((format!("{name} on {threads} threads"), all));
        }
    }
    let (_, first) = &answers[0];
    let text = |v: &Value| serde_json::to_string_pretty(v).unwrap();
    for (i, what) in [(0, "us.ssn"), (1, "ssn_masked"), (1, "payload.gift.email"), (5, "items[].gift_for"), (2, "link")] {
        assert!(text(&first[i].1).contains(what), "{what} in {}", text(&first[i].1));
    }
    for (name, all) in &answers[1..] {
        for ((what, want), (_, got)) in first.iter().zip(all) {
            assert_eq!(text(got), text(want), "{name}: {what}");
        }
    }
}
