use aws_sdk_glue::types::StorageDescriptor;

use super::*;

fn column(name: &str, parameters: &[(&str, &str)]) -> Column {
    let mut c = Column::builder().name(name);
    for (k, v) in parameters {
        c = c.parameters(*k, *v);
    }
    c.build().unwrap()
}

fn found(fields: &[(&str, &[(&str, f64)])]) -> Classified {
    let fields = fields.iter().map(|(f, c)| ((*f).to_owned(), c.iter().map(|(id, n)| ((*id).to_owned(), *n)).collect()));
    Classified { fields: fields.collect(), run: 7, scanned_at: Some(Timestamp(0)), ..Classified::default() }
}

fn shown(changes: &[Change]) -> Vec<String> {
    let one = |c: &Option<Classes>| c.as_ref().map_or("-".to_owned(), |c| format!("{} ({})", c.class, c.confidence));
    changes.iter().map(|c| format!("{}: {} -> {}", c.column, one(&c.before), one(&c.after))).collect()
}

#[test]
fn what_is_written_goes_where_it_was_read() {
    let runs = [&["glue://shop/people/".to_owned(), "/srv".to_owned()][..], &["glue://shop".to_owned()], &["glue://shop2".to_owned()]];
    let source = |n: usize, table: &str| source_of("shop", table, runs[..n].iter().copied());
    assert_eq!(source(3, "people").as_deref(), Some("glue://shop"), "the newest run that took it in");
    assert_eq!((source(1, "people").as_deref(), source(1, "users")), (Some("glue://shop/people"), None));

    let role = Some("arn:aws:iam::111122223333:role/r".to_owned());
    let account = |pattern: &str| super::super::super::Account::new(&[pattern.to_owned()], role.clone(), None, None, None).unwrap();
    let of = |patterns: &[&str], source: Option<&str>| {
        let accounts = patterns.iter().map(|p| account(p)).collect();
        let source = source.map(str::to_owned);
        let found = Classified { database: "shop".into(), table: "people".into(), source, ..Classified::default() };
        Catalogues::new(Options { accounts, ..Options::default() }).number(&found).map_err(|e| e.reason)
    };
    let both = ["glue://shop/people", "glue://shop"];
    assert_eq!((of(&both, Some("glue://shop")), of(&both, Some("glue://shop/people"))), (Ok(Some(1)), Ok(Some(0))));
    assert_eq!(of(&both[..1], Some("glue://shop")), Ok(None), "it was read as ourselves");
    assert_eq!(
        (of(&both, None), of(&both[1..], None), of(&["glue://sh*"], None)),
        (Err(Reason::Malformed), Err(Reason::Malformed), Ok(Some(0)))
    );
}

#[test]
fn columns_get_what_their_fields_hold() {
    let old = [("comment.by", "ann"), (CLASS, "us.ssn"), (CONFIDENCE, "0.90"), (RUN, "1"), (SCANNED_AT, "x")];
    let sd = StorageDescriptor::builder().columns(column("address", &[])).columns(column("Note", &old)).build();
    let input = TableInput::builder().name("t").storage_descriptor(sd).partition_keys(column("mail", &[]));
    let mut input = input.build().unwrap();
    let f = found(&[
        ("address.street", &[("us.address", 0.5)]),
        ("address.people[].email", &[("generic.email", 0.987), ("us.address", 0.75)]),
        ("MAIL", &[("generic.email", 1.0)]),
        ("col7", &[("us.ssn", 0.9)]),
        ("id", &[]),
    ]);
    let (changes, unplaced) = apply(&mut input, &f);
    assert_eq!(
        shown(&changes),
        ["address: - -> generic.email,us.address (0.99,0.75)", "Note: us.ssn (0.90) -> -", "mail: - -> generic.email (1.00)"]
    );
    assert_eq!(unplaced, ["col7"]);
    let columns = input.storage_descriptor().unwrap().columns();
    assert_eq!(columns[0].parameters().unwrap()[RUN], "7");
    assert_eq!(columns[1].parameters().unwrap().keys().collect::<Vec<_>>(), ["comment.by"], "what is another's stays");
    // The same again, by a later run: nothing is due.
    let (changes, _) = apply(&mut input, &Classified { run: 8, ..f });
    assert_eq!((shown(&changes).len(), &input.partition_keys()[0].parameters().unwrap()[RUN]), (0, &"7".to_owned()));
    assert_eq!(shown(&apply(&mut input, &found(&[])).0).len(), 2);
    assert_eq!(input.partition_keys()[0].parameters(), None);
}

#[test]
fn an_iceberg_table_keeps_them_in_one_parameter() {
    let sd = StorageDescriptor::builder().columns(column("email", &[("iceberg.field.id", "1")])).build();
    let input = TableInput::builder().name("t").storage_descriptor(sd).parameters("table_type", "iceberg").parameters("k", "v");
    let mut input = input.build().unwrap();
    let f = found(&[("email", &[("generic.email", 0.9)])]);
    assert_eq!(shown(&apply(&mut input, &f).0), ["email: - -> generic.email (0.90)"]);
    let parameters = input.parameters().unwrap();
    assert_eq!(parameters[COLUMNS], r#"{"email":{"class":"generic.email","confidence":"0.90"}}"#);
    assert_eq!((parameters[RUN].as_str(), parameters["k"].as_str()), ("7", "v"));
    assert_eq!(input.storage_descriptor().unwrap().columns()[0].parameters().unwrap().len(), 1);
    assert!(apply(&mut input, &f).0.is_empty());
    assert_eq!(shown(&apply(&mut input, &found(&[])).0), ["email: generic.email (0.90) -> -"]);
    assert_eq!(input.parameters().unwrap().len(), 2);
}

#[test]
fn keys_that_a_serde_maps_are_found() {
    assert_eq!(["a.b[].c", "a\\.b.c", "a[]", "a", ""].map(top), ["a", "a.b", "a", "a", ""]);
    let mapped = BTreeMap::from([("user mail".to_owned(), "mail".to_owned())]);
    let fields = [("user mail".to_owned(), vec![("generic.email".to_owned(), 0.5)])];
    let (columns, unplaced) = by_column(&["mail".to_owned()], &mapped, &fields);
    assert_eq!((columns["mail"].class.as_str(), unplaced.len()), ("generic.email", 0));
}
