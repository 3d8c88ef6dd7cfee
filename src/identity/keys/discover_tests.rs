use super::*;

fn mix(n: u64) -> u64 {
    let mut h = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    h = (h ^ (h >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    h = (h ^ (h >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    h ^ (h >> 31)
}

/// A column: its values, what their rows name (person by value), and whether its dataset names people.
fn column(
    dataset: &str,
    field: &str,
    values: impl IntoIterator<Item = u64>,
    number: bool,
    person: impl Fn(u64) -> Option<u64>,
    strong: f64,
) -> Column {
    let mut sample = ColumnSample::default();
    let (mut least, mut most) = (u64::MAX, 0);
    for v in values {
        sample.cells += 1;
        sample.numbers += u64::from(number);
        (least, most) = (least.min(v), most.max(v));
        if sample.add(mix(v)) {
            sample.note(mix(v), &person(v).map(|p| (1, p)).into_iter().collect::<Vec<_>>());
        }
    }
    sample.spread = if number { (u64::BITS - (most - least).leading_zeros()) as u8 } else { 0 };
    sample.close();
    Column { dataset: dataset.into(), field: field.into(), sample, strong, personal: 0.0 }
}

fn decide(columns: &[Column], options: &KeyOptions) -> Decision {
    let decided = discover(columns, options, &BTreeSet::new());
    let mut turned: Vec<Column> = columns.to_vec();
    turned.reverse();
    assert_eq!(decided, discover(&turned, options, &BTreeSet::new()), "the order of columns does not matter");
    decided
}

fn one(columns: &[Column]) -> (Option<(Status, Verdict)>, usize) {
    let d = decide(columns, &KeyOptions::default());
    (d.pairs.first().map(|p| (p.status, p.verdict)), d.columns.len())
}

const NOBODY: fn(u64) -> Option<u64> = |_| None;

#[test]
fn relations_and_coincidences() {
    let same = |v: u64| Some(v);
    let other = |v: u64| Some(v + 1_000_000);
    let some = |v: u64| v.is_multiple_of(3).then_some(v);
    let repeated = || (0..900u64).map(|n| 1 + n % 300);
    for (what, key, column, want) in [
        (
            "small numbers whose rows name the same people",
            column("crm/customers.csv", "customer_id", 1..400, true, same, 0.9),
            column("orders/*.jsonl", "customer_id", repeated(), true, some, 0.3),
            (Some((Status::Accepted, Verdict::SamePeople)), 2),
        ),
        (
            "small numbers with nothing to compare",
            column("crm/customers.csv", "customer_id", 1..400, true, same, 0.9),
            column("orders/*.jsonl", "customer_id", repeated(), true, NOBODY, 0.0),
            (Some((Status::Proposed, Verdict::Chance)), 0),
        ),
        (
            "two systems that count their customers from one",
            column("crm/customers.csv", "customer_id", 1..400, true, same, 0.9),
            column("shop/orders.csv", "customer_id", repeated(), true, other, 0.9),
            (Some((Status::Contradicted, Verdict::OtherPeople)), 0),
        ),
        (
            "numbers of things in the range of the customers",
            column("crm/customers.csv", "customer_id", 1..400, true, same, 0.9),
            column("stock/bins.csv", "bin_no", repeated(), true, NOBODY, 0.0),
            (None, 0),
        ),
        (
            "names that agree and values that no chance brings",
            column("crm/customers.csv", "customer_id", (1..400).map(|n| n * 1_000_003), true, same, 0.9),
            column("orders/*.jsonl", "cust_id", (1..300).map(|n| n * 1_000_003), true, NOBODY, 0.0),
            (Some((Status::Accepted, Verdict::Telling)), 2),
        ),
        (
            "letters",
            column("crm/customers.csv", "id", 1..400, false, same, 0.9),
            column("orders/*.jsonl", "customerId", repeated(), false, NOBODY, 0.0),
            (Some((Status::Accepted, Verdict::Telling)), 2),
        ),
        (
            "somebody else in the row",
            column("hr/users.csv", "user_id", 1..400, false, same, 0.9),
            column("tickets/*.jsonl", "assigned_user_id", repeated(), false, NOBODY, 0.0),
            (Some((Status::Proposed, Verdict::OtherName)), 0),
        ),
        (
            "tables of one database",
            column("db/shop.public.accounts", "account_id", 1..400, true, same, 0.9),
            column("db/shop.public.payments", "account_id", repeated(), true, NOBODY, 0.0),
            (Some((Status::Accepted, Verdict::ForeignKey)), 2),
        ),
        (
            "a few values",
            column("crm/customers.csv", "customer_id", 1..400, false, same, 0.9),
            column("vip.csv", "customer_id", 1..9, false, same, 0.9),
            (Some((Status::Proposed, Verdict::Few)), 0),
        ),
        (
            "half of the values elsewhere",
            column("crm/customers.csv", "customer_id", 1..400, false, same, 0.9),
            column("orders/*.jsonl", "customer_id", 200..600, false, NOBODY, 0.0),
            (None, 0),
        ),
        (
            "a table that names nobody",
            column("crm/customers.csv", "customer_id", 1..400, false, NOBODY, 0.1),
            column("orders/*.jsonl", "customer_id", 1..300, false, NOBODY, 0.0),
            (None, 0),
        ),
        (
            "a key that is not unique",
            column("crm/visits.csv", "customer_id", (1..400).chain(1..400), false, same, 0.9),
            column("orders/*.jsonl", "customer_id", 1..300, false, NOBODY, 0.0),
            (None, 0),
        ),
    ] {
        assert_eq!(one(&[key, column]), want, "{what}");
    }
}

#[test]
fn one_column_of_a_dataset_refers_to_a_key() {
    let key = column("crm/customers.csv", "customer_id", 1..400, false, Some, 0.9);
    let mine = column("orders", "customer_id", 1..300, false, |v| v.is_multiple_of(3).then_some(v), 0.3);
    let gift = column("orders", "gift.customer_id", 1..200, false, NOBODY, 0.0);
    let d = decide(&[key, mine, gift], &KeyOptions::default());
    assert_eq!(d.columns.iter().map(|c| c.field.as_str()).collect::<Vec<_>>(), ["customer_id", "customer_id"]);
    assert_eq!(d.pairs.iter().map(|p| p.verdict).collect::<Vec<_>>(), [Verdict::SamePeople, Verdict::OtherColumn]);
    assert_eq!(d.columns[0].namespace.class, "key.customer");
}

#[test]
fn what_the_user_says_goes() {
    let key = || column("crm/customers.csv", "customer_id", 1..400, true, Some, 0.9);
    let orders = || column("orders/*.jsonl", "customer_id", 1..300, true, NOBODY, 0.0);
    let declared = |dataset: &str, name: Option<&str>| Declared {
        dataset: globset::Glob::new(dataset).unwrap(),
        field: "customer_id".into(),
        name: name.map(str::to_owned),
    };
    let options =
        KeyOptions { declared: vec![declared("crm/*", Some("person")), declared("orders/*", Some("person"))], ..KeyOptions::default() };
    let d = decide(&[key(), orders()], &options);
    assert_eq!(d.columns.iter().map(|c| (c.namespace.class.as_str(), c.declared)).collect::<Vec<_>>(), [("key.person", true); 2]);
    // Two names are two namespaces.
    let options =
        KeyOptions { declared: vec![declared("crm/*", Some("person")), declared("orders/*", Some("thing"))], ..KeyOptions::default() };
    let classes: Vec<String> = decide(&[key(), orders()], &options).columns.into_iter().map(|c| c.namespace.class).collect();
    assert_eq!(classes, ["key.person", "key.thing"]);
    // What a column is found to refer to takes the name that was given.
    let letters = |d: &str, person: fn(u64) -> Option<u64>, strong| column(d, "customer_id", 1..300, false, person, strong);
    let options = KeyOptions { declared: vec![declared("crm/*", Some("person"))], ..KeyOptions::default() };
    let d = decide(&[letters("crm/a", Some, 0.9), letters("orders/a", NOBODY, 0.0)], &options);
    assert_eq!(
        d.columns.iter().map(|c| (c.namespace.class.as_str(), c.declared)).collect::<Vec<_>>(),
        [("key.person", true), ("key.person", false)]
    );
    // And what is no key is none.
    let options = KeyOptions { declared: vec![declared("orders/*", None)], ..KeyOptions::default() };
    assert_eq!(decide(&[letters("crm/a", Some, 0.9), letters("orders/a", NOBODY, 0.0)], &options), Decision::default());
    let options = KeyOptions { accept: false, ..KeyOptions::default() };
    let d = decide(&[letters("crm/a", Some, 0.9), letters("orders/a", NOBODY, 0.0)], &options);
    assert_eq!((d.columns.len(), d.pairs[0].verdict), (0, Verdict::NotAsked));
}

#[test]
fn keys_of_one_word_and_different_values_keep_apart() {
    let d = decide(
        &[
            column("a/customers", "customer_id", 1..400, false, Some, 0.9),
            column("a/orders", "customer_id", 1..300, false, NOBODY, 0.0),
            column("b/customers", "customer_id", 5001..5400, false, Some, 0.9),
            column("b/orders", "customer_id", 5001..5300, false, NOBODY, 0.0),
        ],
        &KeyOptions::default(),
    );
    assert_eq!(
        d.columns.iter().map(|c| c.namespace.class.as_str()).collect::<Vec<_>>(),
        ["key.customer", "key.customer", "key.customer.2", "key.customer.2"]
    );
}

#[test]
fn what_all_values_refute_is_only_proposed() {
    let (a, b) = (column("crm/c", "customer_id", 1..400, false, Some, 0.9), column("o", "customer_id", 1..300, false, NOBODY, 0.0));
    let ends = (("o".to_owned(), "customer_id".to_owned()), ("crm/c".to_owned(), "customer_id".to_owned()));
    let d = discover(&[a, b], &KeyOptions::default(), &BTreeSet::from([ends]));
    assert_eq!((d.columns.len(), d.pairs[0].status, d.pairs[0].verdict), (0, Status::Proposed, Verdict::NotContained));
}
