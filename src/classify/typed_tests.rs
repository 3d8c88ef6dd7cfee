use proptest::prelude::*;

use crate::classify::tests::{column, piece};
use crate::classify::{Classifiers, Scratch};

#[test]
fn other_values_in_a_column_of_one_type_are_found() {
    let set = Classifiers::builtin();
    let odd = ["4111 1111 1111 1111", "see jane@example.com, 457-55-5462", "457-55-5462", "none"];
    let emails: Vec<String> =
        (0..150).map(|i| if i % 40 == 39 { odd[i / 40].to_owned() } else { format!("jane{i}@example.com") }).collect();
    for name in ["email", "x"] {
        let b = column(name, &emails);
        let mut found = Vec::new();
        set.scan(&mut Scratch::new(&set), &b, &mut found);
        let of = |cell: u32| found.iter().filter(|m| m.cell == cell).map(|m| set.get(m.classifier).id.as_str()).collect::<Vec<_>>();
        assert_eq!(of(38), ["generic.email"]);
        assert!(of(39).contains(&"generic.payment_card"), "{name}: {:?}", of(39));
        assert!(of(79).contains(&"generic.email") && of(79).contains(&"us.ssn"), "{name}: {:?}", of(79));
    }
    // What a name lets pass is not what a column is of: these may be mail addresses.
    let logins: Vec<String> = (0..150).map(|i| if i % 40 == 39 { format!("jane{i}@example.com") } else { format!("jane{i}") }).collect();
    let mut found = Vec::new();
    set.scan(&mut Scratch::new(&set), &column("username", &logins), &mut found);
    let email = set.index_of("generic.email").unwrap();
    assert_eq!(found.iter().filter(|m| m.classifier == email).count(), 3);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn columns_are_found_as_the_naive_engine_finds_them(
        shape in prop::sample::select(vec![
            "[2-9][0-9]{2}-[0-9]{3}-[0-9]{4}", "[0-9]{3}-[0-9]{2}-[0-9]{4}", "[0-9]{5}", "[0-9]{13}", "[0-9]{16}", "[0-9]{1,3}\\.[0-9]{2}",
            "\\+?[0-9]{9,12}", "\\([0-9]{3}\\) [0-9]{3}-[0-9]{4}", "[a-z]{2,9}[0-9]{0,3}@example\\.(com|org)", "19[0-9]{2}-0[1-9]-[12][0-9]",
            "10\\.[0-9]{1,3}\\.[0-9]{1,2}\\.[0-9]{1,3}", "[1-9][0-9]{0,3} (Oak|Elm) (Street|Ave)",
            "20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-9]{2}Z", "[0-2]?[0-9]:[0-5][0-9](:[0-5][0-9])?", "[0-9]{1,3}(ms|kB|h|x1|%)",
            "[0-9a-f]{12}", "[0-9]{2}[A-Z][0-9]{2}", "::[0-9]{1,3}", "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        ]).prop_flat_map(|shape| proptest::collection::vec(proptest::string::string_regex(shape).unwrap(), 90)),
        others in proptest::collection::vec((0usize..90, piece()), 0..6),
        name in prop::sample::select(vec!["ssn", "email", "phone", "notes", "order_id", "card_number", "zip", "birth_date", "x"]),
    ) {
        let set = Classifiers::builtin();
        let mut values = shape;
        for (at, other) in others {
            values[at] = other.replace('\n', " ");
        }
        let b = column(name, &values);
        let (mut fast, mut slow) = (Vec::new(), Vec::new());
        set.scan(&mut Scratch::new(&set), &b, &mut fast);
        set.scan_naive(&b, &mut slow);
        prop_assert_eq!(&fast, &slow);
    }
}
