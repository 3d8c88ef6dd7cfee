use proptest::prelude::*;

use super::blocks::Blocks;
use super::{Csv, Found};
use crate::base::{Dialect, Hint, Reason};
use crate::format::Limits;
use crate::format::tests::{Value, input, read, same_batches};

const RFC: Dialect = Dialect { delimiter: b',', quote: Some(b'"'), double_quote: true, escape: None, header: Some(false) };

fn values(data: &str, dialect: Dialect, chunk: usize, limits: &Limits) -> (Vec<Value>, usize) {
    let hint = Hint { dialect: Some(dialect), ..Hint::default() };
    let (_, v, i, e) = read(data.as_bytes(), "x.csv", chunk, &hint, limits).unwrap();
    assert_eq!(e, None);
    (v, i.len())
}

fn short(v: &[Value]) -> String {
    v.iter().map(|(r, f, v)| format!("{r}.{}={} ", f.trim_start_matches("col"), String::from_utf8_lossy(v))).collect()
}

#[test]
fn dialects_are_read() {
    let escape = Dialect { delimiter: b'|', quote: None, double_quote: false, escape: Some(b'\\'), header: Some(false) };
    let both = Dialect { quote: Some(b'"'), ..escape };
    // text, dialect, values, whether an issue is raised
    let cases: &[(&str, Dialect, &str, bool)] = &[
        ("a,b\r\nc,d", RFC, "0.1=a 0.2=b 1.1=c 1.2=d ", false),
        ("\u{feff}a,b\n\n,\nc", RFC, "0.1=a 0.2=b 2.1=c ", false),
        ("a,\"b \"\"q\"\" \nx\",c\n", RFC, "0.1=a 0.2=b \"q\" \nx 0.3=c ", false),
        ("\"a\"x,b\n", RFC, "0.1=ax 0.2=b ", true),
        ("1,\"open\n2,b\n3,c\n", RFC, "0.1=1 0.2=\"open 1.1=2 1.2=b 2.1=3 2.2=c ", true),
        ("1,\"open\n2,\"b\",x\n3,c\n", RFC, "0.1=1 0.2=\"open 1.1=2 1.2=b 1.3=x 2.1=3 2.2=c ", true),
        ("a\\|b|c\\\nd|e\\\\\nf|\\n\n", escape, "0.1=a|b 0.2=c\nd 0.3=e\\ 1.1=f 1.2=n ", false),
        ("\"a\\\"b\"|\"c|d\"|\"e\\\nf\"\n1|2\n", both, "0.1=a\"b 0.2=c|d 0.3=e\nf 1.1=1 1.2=2 ", false),
    ];
    for (text, dialect, want, trouble) in cases {
        for chunk in [1, 3, 1000] {
            let (v, issues) = values(text, *dialect, chunk, &Limits::default());
            assert_eq!((short(&v).as_str(), issues > 0), (*want, *trouble), "{text:?}");
        }
    }
}

#[test]
fn more_columns_than_are_told_apart_are_told() {
    for header in [false, true] {
        for (columns, told) in [(16_384, false), (16_390, true)] {
            let row = |n: usize| (0..columns).map(|i| format!("c{}", i * n)).collect::<Vec<_>>().join(",") + "\n";
            let (v, issues) = values(&(row(1) + &row(2) + &row(3)), Dialect { header: Some(header), ..RFC }, 1000, &Limits::default());
            assert_eq!((v.len(), issues > 0), (columns * if header { 2 } else { 3 }, told), "{columns} {header}");
        }
    }
}

#[test]
fn a_quoted_value_of_three_mebibytes_is_one() {
    let long = "lorem, ipsum\n d ".repeat(200_000);
    let (v, issues) = values(&format!("0,a,x\n1,\"{long}\",y\n2,b,z\n"), RFC, 100_000, &Limits::default());
    let rest: Vec<_> = v.iter().filter(|v| v.2.len() < 10).cloned().collect();
    assert_eq!((short(&rest).as_str(), issues), ("0.1=0 0.2=a 0.3=x 1.1=1 1.3=y 2.1=2 2.2=b 2.3=z ", 0));
}

#[test]
fn a_header_of_thousands_of_numbered_columns_is_one() {
    let header = (0..1200).map(|i| format!("c{i}")).chain(["ssn".to_owned(), "last_name".to_owned()]).collect::<Vec<_>>().join(",");
    let row = |n: usize| format!("{}4575554{n},Miller\n", format!("{n},").repeat(1200));
    let text = header + "\n" + &(10..40).map(row).collect::<String>();
    let (_, v, ..) = read(text.as_bytes(), "x.csv", 1000, &Hint::default(), &Limits::default()).unwrap();
    assert_eq!((v[1200].0, v[1200].1.as_str(), v[1201].1.as_str()), (0, "ssn", "last_name"));
}

#[test]
fn an_unclosed_quote_costs_its_own_record_in_bounded_memory() {
    let limits = Limits { batch_bytes: 1000, quoted_bytes: 1000, value_bytes: 1000, overlap: 10, ..Limits::default() };
    let text = format!("0,\"open\n{}", (1..5000).map(|i| format!("{i},x\n")).collect::<String>());
    let (v, issues) = values(&text, RFC, 100, &limits);
    assert_eq!(v.len(), 10_000);
    assert_eq!(v.last().map(|v| v.0), Some(4999));
    assert!(issues > 0);
}

#[test]
fn a_field_longer_than_the_memory_comes_in_pieces() {
    let limits = Limits { batch_bytes: 100, quoted_bytes: 100, value_bytes: 100, overlap: 10, ..Limits::default() };
    let long: String = (0..3000).map(|i| char::from(b'a' + (i % 26) as u8)).collect();
    let (v, _) = values(&format!("1,{long},z\n2,b,c\n"), RFC, 7, &limits);
    let joined: Vec<u8> = v.iter().filter(|v| v.0 == 0 && v.1 == "col2").flat_map(|v| v.2.clone()).collect();
    assert_eq!(joined, long.as_bytes());
    assert_eq!(short(&v[v.len() - 4..]), "0.3=z 1.1=2 1.2=b 1.3=c ");
}

#[test]
fn a_header_names_the_columns() {
    let (_, v, ..) = read(
        b"id,email,12345678\n1,a@x.com,z\n",
        "x.csv",
        9,
        &Hint { dialect: Some(Dialect { header: Some(true), ..RFC }), ..Hint::default() },
        &Limits::default(),
    )
    .unwrap();
    let fields: Vec<_> = v.iter().map(|v| (v.0, v.1.as_str())).collect();
    assert_eq!(fields, [(0, "id"), (0, "email"), (0, "col3")]);
    // What a catalogue calls them goes before; what it does not know is named by the header.
    let columns = Some(["no".to_owned(), "mail".to_owned()].into());
    let hint = Hint { dialect: Some(Dialect { header: Some(true), ..RFC }), columns, ..Hint::default() };
    let (_, v, ..) = read(b"id,email,city\n1,a@x.com,z\n", "x.csv", 9, &hint, &Limits::default()).unwrap();
    let fields: Vec<_> = v.iter().map(|v| (v.0, v.1.as_str())).collect();
    assert_eq!(fields, [(0, "no"), (0, "mail"), (0, "city")]);
}

/// What a table is put together from: what means something, and what only looks so.
const PIECES: &[&str] = &[
    ",",
    "\n",
    "\r\n",
    "\"",
    "\"\"",
    "\",\"",
    "\"\n",
    "\"\r\n\"",
    ",\"a,b\",",
    ",\"a\nb\"\"c\"",
    ",\"\",",
    "\\",
    "\\\"",
    "\r",
    "|",
    "x",
    "word",
    "1,2,3,4,5,6,7,8,9,0,1,2,3\n",
    "a,\"b\",\"c\"\n",
    "0123456789012345678901234567890123456789012345678901234567890123456789",
    "\u{feff}",
    "",
];

/// Reads with bitmaps and without them.
fn both_ways(data: &[u8], dialect: Dialect, chunk: usize, limits: &Limits) {
    let found = Found { dialect, lead: 0, padded: false, returns: false, strict: false };
    let mut fast = Csv::new(input(data, chunk), &found, None, limits);
    let mut plain = Csv::new(input(data, chunk), &found, None, limits);
    assert!(fast.blocks.is_some());
    plain.blocks = None;
    same_batches(&mut fast, &mut plain);
}

#[test]
fn the_fast_way_has_no_dialect_of_two_meanings() {
    let same = [
        Dialect { quote: Some(b','), ..RFC },
        Dialect { delimiter: b'\n', ..RFC },
        Dialect { delimiter: b'\r', ..RFC },
        Dialect { escape: Some(b'"'), ..RFC },
        Dialect { escape: Some(b'\n'), ..RFC },
    ];
    for d in same {
        assert!(Blocks::new(&d).is_none(), "{d:?}");
        let hint = Hint { dialect: Some(d), ..Hint::default() };
        read(b"a,b\n\"c\",d\n", "x.csv", 3, &hint, &Limits::default()).unwrap();
    }
}

#[test]
fn quotes_over_blocks_and_parts_are_the_same_both_ways() {
    // Each kind of field at each place of a block, over more than one part.
    for field in ["\"q\"", "\"a \"\"b\"\" c\"", "\"\"", "\"x\ny\"", "pl\"ain", "\"a\"b", "", "\"a\"\r", "\\,"] {
        for shift in 0..70 {
            let data = format!("{}{}", "x".repeat(shift), format!("{field},y\n{field},{field}\r\n").repeat(400));
            for dialect in [RFC, Dialect { escape: Some(b'\\'), ..RFC }, Dialect { double_quote: false, ..RFC }] {
                both_ways(data.as_bytes(), dialect, 4096, &Limits::default());
            }
        }
    }
}

proptest! {
    /// A second opinion: the csv crate.
    #[test]
    fn tables_read_as_the_csv_crate_reads_them(
        rows in proptest::collection::vec(proptest::collection::vec("[a,\"\n \u{e9}]{0,6}", 1..5), 1..12),
        chunk in 1usize..64, batch_bytes in 1usize..64, crlf: bool,
    ) {
        let mut w = csv::WriterBuilder::new().flexible(true).terminator(if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') }).from_writer(Vec::new());
        for r in &rows {
            w.write_record(r).unwrap();
        }
        let data = w.into_inner().unwrap();
        let mut want = Vec::new();
        let reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(&data[..]).into_records();
        for (row, r) in reader.enumerate() {
            for (i, f) in r.unwrap().iter().enumerate().filter(|f| !f.1.is_empty()) {
                want.push((row as u64, format!("col{}", i + 1), f.as_bytes().to_vec()));
            }
        }
        let limits = Limits { batch_bytes, ..Limits::default() };
        let (got, issues) = values(std::str::from_utf8(&data).unwrap(), RFC, chunk, &limits);
        prop_assert_eq!(got, want);
        prop_assert_eq!(issues, 0);
    }

    #[test]
    fn both_ways_give_the_same_batches(
        pieces in proptest::collection::vec(0..PIECES.len(), 0..200), repeat in 1usize..30, chunk in 1usize..3000,
        batch_bytes in prop_oneof![1usize..300, 300usize..20_000], quoted_bytes in prop_oneof![1usize..100, 1usize..20_000],
        delimiter in prop_oneof![4 => Just(b','), 1 => Just(b'|')], quote in prop_oneof![4 => Just(Some(b'"')), 1 => Just(None)],
        double_quote: bool, escape in prop_oneof![3 => Just(None), 1 => Just(Some(b'\\'))], header: bool,
    ) {
        let data: String = pieces.iter().map(|p| PIECES[*p]).collect::<String>().repeat(repeat);
        let dialect = Dialect { delimiter, quote, double_quote, escape, header: Some(header) };
        let limits = Limits { batch_bytes, quoted_bytes, value_bytes: 64, overlap: 10, ..Limits::default() };
        both_ways(data.as_bytes(), dialect, chunk, &limits);
    }
}

/// Fields and values of a file without a known dialect, and what stands before its table.
fn table(data: &str) -> (String, Vec<Value>) {
    let (_, v, issues, e) = read(data.as_bytes(), "x.csv", 7, &Hint::default(), &Limits::default()).unwrap();
    assert_eq!((issues.len(), e), (0, None), "{data}");
    let (lead, rows): (Vec<_>, Vec<_>) = v.into_iter().partition(|v| v.1 == "text");
    (lead.iter().map(|v| String::from_utf8_lossy(&v.2)).collect(), rows)
}

fn shown(v: &[Value]) -> String {
    v.iter().map(|(r, f, v)| format!("{r}.{f}={} ", String::from_utf8_lossy(v))).collect()
}

#[test]
fn quotes_behind_blanks_are_quotes_where_all_fields_have_blanks() {
    let (_, v) = table("\"id\", \"email\", \"ssn\"\n\"1\", \"a@sp.org\", \"536228711\"\n");
    assert_eq!(shown(&v), "0.id=1 0.email=a@sp.org 0.ssn=536228711 ");
    let (_, v) = table("id, name, email, ssn\n1, \"Lee, Ann\", ann@sp.org, \"536228711\"\n2, \"Ray \"\"B\"\"\", , 457555462");
    assert_eq!(shown(&v), "0.id=1 0.name=Lee, Ann 0.email=ann@sp.org 0.ssn=536228711 1.id=2 1.name=Ray \"B\" 1.ssn=457555462 ");
    // One alone is a part of its field.
    let (_, v) = table("id,note,email\n1,a, \"b\"\n2,c,d\n");
    assert_eq!(shown(&v), "0.id=1 0.note=a 0.email= \"b\" 1.id=2 1.note=c 1.email=d ");
}

#[test]
fn a_header_that_comes_often_is_a_header() {
    let part = |n: usize| (0..5).fold("id,name,email,ssn\n".to_owned(), |all, i| all + &format!("{i},Ann Lee,a{n}{i}@x.org,53622871{i}\n"));
    let (_, v) = table(&(0..4).map(part).collect::<String>());
    assert_eq!(v.iter().filter(|v| v.1 == "ssn" && v.2.starts_with(b"536")).count(), 20);
    // Persons may stand in a table twice, too.
    let (_, v) = table("Jane Price,State Street\nJane Price,State Street\nA,7\n");
    assert_eq!(v[0].1, "col1");
    let (_, v) = table("Jane Price,State Street\nJane Price,State Street\n");
    assert_eq!(v[0].1, "col1");
}

#[test]
fn lines_may_end_with_a_carriage_return_alone() {
    for last in ["", "\r"] {
        let (_, v) = table(&format!("id,email,ssn\r1,a@x.org,536228711\r\r2,\"b\nc\",457555462{last}"));
        assert_eq!(shown(&v), "0.id=1 0.email=a@x.org 0.ssn=536228711 1.id=2 1.email=b\nc 1.ssn=457555462 ");
    }
}

#[test]
fn what_stands_before_a_header_is_no_row() {
    let rows = "id;email;ssn\n1;a@x.org;536228711\n2;b@x.org;457555462\n";
    let want = "0.id=1 0.email=a@x.org 0.ssn=536228711 1.id=2 1.email=b@x.org 1.ssn=457555462 ";
    for lead in [
        "",
        "sep=;\n",
        "\"sep=;\"\r\n",
        "\u{feff}sep=;\n",
        "# made by hand, 2026\n#\n",
        "Customers of Jane Doe\n\n",
        "Customers;;\n",
        "sep=;\nCustomers\n",
    ] {
        let (text, v) = table(&format!("{lead}{rows}"));
        assert_eq!((text.as_str(), shown(&v).as_str()), (lead, want), "{lead:?}");
    }
    let (_, v) = table("sep=\t\nid\temail\n1\ta@x.org\n");
    assert_eq!(shown(&v), "0.id=1 0.email=a@x.org ");
    // Names that begin with a sign, or without the name of an index.
    let (lead, v) = table("#id,email,ssn\n1,a@x.org,536228711\n");
    assert_eq!((lead.as_str(), v[2].1.as_str()), ("", "ssn"));
    let (lead, v) = table(",email\n0,a@x.org\n");
    assert_eq!((lead.as_str(), v[1].1.as_str()), ("", "email"));
    // A person is no name of a column.
    for title in ["Margaret Holloway\n", "Jane Price\n", "Margaret Holloway,,\n", "Margaret Holloway,\n"] {
        let columns = title.len() - title.trim_end_matches([',', '\n']).len() - 1;
        let row = |who: &str| format!("{who}@x.org{}\n", ",7".repeat(columns));
        let (lead, v) = table(&format!("{title}{}{}", row("ann"), row("bob")));
        assert_eq!((lead.as_str(), v.iter().any(|v| v.1.contains(['H', 'P']))), ("", false), "{title}");
    }
}

#[test]
fn rows_of_another_width_than_the_schema_have_no_names() {
    let columns: std::sync::Arc<[String]> = ["id", "full_name", "email", "ssn"].map(str::to_owned).into();
    let get = |data: &str, records: u64| {
        let hint = Hint { columns: Some(columns.clone()), records: Some(records), ..Hint::default() };
        let (_, v, issues, _) = read(data.as_bytes(), "part_00", 7, &hint, &Limits::default()).unwrap();
        (shown(&v), issues.iter().map(|i| i.reason).collect::<Vec<_>>())
    };
    let raw = "1|Ann\nLee|ann.e@un.org|536228711\n2|Bob|Ray|bob.e@un.org|457555462\n3|Cyd Dow|cyd.e@un.org|416558812\n";
    let want = "0.=1 0.=Ann 1.=Lee 1.=ann.e@un.org 1.=536228711 2.=2 2.=Bob 2.=Ray 2.=bob.e@un.org 2.=457555462 \
        3.id=3 3.full_name=Cyd Dow 3.email=cyd.e@un.org 3.ssn=416558812 ";
    assert_eq!(get(raw, 3), (want.to_owned(), vec![Reason::Malformed, Reason::ExportIncomplete]));
    let good = "3|Cyd Dow|cyd.e@un.org|416558812\n4||d@un.org|\n";
    assert_eq!(get(good, 2).1, []);
    assert_eq!(get(good, 9).1, [Reason::ExportIncomplete]);
    assert_eq!(get(&format!("id|full_name|email|ssn\n{good}"), 3).1, []);
    // Fields of fixed widths.
    let (v, issues) = get("1  Ann Lee   ann.e@un.org 536228711\n", 1);
    assert_eq!((v.as_str(), issues), ("0.=1  Ann Lee   ann.e@un.org 536228711 ", vec![Reason::Malformed]));
    // Both ways are one.
    let found = Found { dialect: Dialect { delimiter: b'|', ..RFC }, lead: 0, padded: false, returns: false, strict: true };
    let mut readers = [0, 1].map(|_| Csv::new(input(raw.repeat(99).as_bytes(), 1000), &found, Some(&columns), &Limits::default()));
    readers[1].blocks = None;
    let [mut fast, mut plain] = readers;
    same_batches(&mut fast, &mut plain);
}
