//! What columns say about their values.

use crate::classify::tests::column;
use crate::classify::{Classifiers, Scratch, Tally};

/// `n` numbers that begin with `head`, of `length` digits, with the check digit of Luhn.
fn luhn(head: &str, length: usize, n: u64) -> Vec<String> {
    let one = |i: u64| {
        let body = format!("{head}{:0width$}", i * 7919 + 104_729, width = length - 1 - head.len());
        let doubled = |(k, b): (usize, u8)| {
            let d = u64::from(b - b'0') * (2 - k as u64 % 2);
            if d > 9 { d - 9 } else { d }
        };
        let sum: u64 = body.bytes().rev().enumerate().map(doubled).sum();
        format!("{body}{}", (10 - sum % 10) % 10)
    };
    (0..n).map(one).collect()
}

/// The value of a proven type that says most for itself: cards of fifteen digits were devices, by the order of their names.
#[test]
fn fifteen_digits_of_a_card_are_no_device() {
    for name in ["c7", "number", "payment_ref", "value"] {
        for n in [5, 20, 200] {
            let cards: Vec<String> = luhn("37", 15, n).into_iter().chain(luhn("34", 15, n)).collect();
            let (_, kind) = settle(name, &cards, "generic.payment_card");
            let few = name == "payment_ref" && n < 6;
            assert!(few || kind.as_deref() == Some("generic.payment_card"), "{name} {n}: {kind:?}");
        }
    }
    let (c, kind) = settle("c7", &luhn("35", 15, 40), "generic.imei");
    assert!(c >= 0.6 && kind.as_deref() == Some("generic.imei"), "{c} {kind:?}");
    let (_, kind) = settle("imei", &luhn("37", 15, 40), "generic.imei");
    assert_eq!(kind.as_deref(), Some("generic.imei"));
}

/// A card in a column that holds other things too: a vague name took it away.
#[test]
fn a_vague_name_takes_no_card_away() {
    let mut mixed: Vec<String> = (0..70).map(|i| ["yes", "call back", "PO-1234"][i % 3].to_owned()).collect();
    mixed.extend(luhn("4", 16, 30));
    for name in ["value", "field_value", "message", "key", "token", "reference", "transaction", "line", "item", "case", "ref", "batch"] {
        let (c, _) = settle(name, &mixed, "generic.payment_card");
        assert!(c >= 0.4, "{name} {c}");
        let (c, _) = settle(name, &["yes".to_owned(), "4539148803436467".to_owned()], "generic.payment_card");
        assert!(c >= 0.4, "{name} {c}");
    }
    // What names something else does, and numbers that pass by chance are none.
    for name in ["order_id", "tracking", "serial", "isbn", "transaction_id", "total_value"] {
        let (c, _) = settle(name, &mixed[..71], "generic.payment_card");
        assert!(c < 0.4, "{name} {c}");
    }
    let random: Vec<String> =
        (0..60u64).map(|i| format!("{}", 4_000_000_000_000_000 + i * 123_456_789_012_347 % 999_999_999_999_999)).collect();
    let (c, kind) = settle("transaction", &random, "generic.payment_card");
    assert!(c < 0.4 && kind.is_none(), "{c} {kind:?}");
    // Eleven digits say little alone.
    let (c, _) = settle("reference", &["10000000146".to_owned()], "tr.tckimlik");
    assert!(c < 0.4, "{c}");
}

/// Numbers lose their leading zeros in sheets: those of the North East were not counted.
#[test]
fn social_security_numbers_without_their_zeros_are_found_in_columns_of_them() {
    let column = |eight: u64| -> Vec<String> {
        let nine = (0..100 - eight).map(|i| format!("{}", 200_110_001 + i * 1_234_567));
        (0..eight).map(|i| format!("{}", 10_203_004 + i * 20_011)).chain(nine).collect()
    };
    for eight in [8, 100] {
        for name in ["ssn", "customer.SSN", "social_security_number"] {
            let (c, kind) = settle(name, &column(eight), "us.ssn");
            assert!(c >= 0.6 && kind.as_deref() == Some("us.ssn"), "{name} {c} {kind:?}");
        }
    }
    for name in ["national_id", "tax_id", "tin", "c7", "order_no"] {
        let (c, _) = settle(name, &column(100), "us.ssn");
        assert!(c < 0.4, "{name} {c}");
    }
}

/// Scans a column, settles it, gives the best confidence of each classifier id found and the column's type.
fn settle(name: &str, values: &[String], id: &str) -> (f32, Option<String>) {
    let set = Classifiers::builtin();
    let b = column(name, values);
    let mut s = Scratch::new(&set);
    let mut found = Vec::new();
    set.scan(&mut s, &b, &mut found);
    let mut t = Tally::default();
    t.add(&b, &found, s.refusals());
    let settled = t.settle(&set, &b.fields);
    let want = set.index_of(id).unwrap();
    let best = found.iter().filter(|m| m.classifier == want).map(|m| settled.confidence(Some(0), m)).fold(0.0, f32::max);
    (best, settled.columns().first().map(|c| set.get(c.classifier).id.clone()))
}

#[test]
fn columns_settle_what_single_values_cannot() {
    // Numbers of a card's shape; `valid`: with the right check digit.
    let cards = |valid: bool| -> Vec<String> {
        let one = |i: u64| {
            let body = 411_111_111_000_000 + i * 7919;
            let sum: u64 = format!("{body}0")
                .bytes()
                .rev()
                .enumerate()
                .map(|(k, b)| {
                    let d = u64::from(b - b'0') * (1 + k as u64 % 2);
                    if d > 9 { d - 9 } else { d }
                })
                .sum();
            format!("{body}{}", if valid { (10 - sum % 10) % 10 } else { i % 10 })
        };
        (0..200).map(one).collect()
    };
    let (c, kind) = settle("field7", &cards(true), "generic.payment_card");
    assert!(c >= 0.6 && kind.as_deref() == Some("generic.payment_card"), "{c} {kind:?}");
    let (c, kind) = settle("field7", &cards(false), "generic.payment_card");
    assert!(c > 0.0 && c < 0.4 && kind.is_none(), "{c} {kind:?}");
    // Products, and persons among whom one is called like a thing.
    let names = |n: [&str; 3]| (0..30).map(|i| n[i % 3].to_owned()).collect::<Vec<_>>();
    let (_, kind) = settle("name", &names(["Blue Chair", "Rice Cooker", "Led Zeppelin"]), "generic.person_name");
    assert!(kind.is_none(), "{kind:?}");
    // What stands where nothing is known takes nothing from those of whom it is.
    let (c, kind) = settle("ssn", &names(["000-00-0000", "000-00-0000", "457-55-5462"]), "us.ssn");
    assert!(c >= 0.4 && kind.is_none(), "{c} {kind:?}");
    let (c, kind) = settle("name", &names(["Grace Young", "Blue Waters", "Xiu Qworvik"]), "generic.person_name");
    assert!(c >= 0.7 && kind.as_deref() == Some("generic.person_name"), "{c} {kind:?}");
    // The number of one account, which passes some check, in all rows; the same of many accounts.
    let owners: Vec<String> = (0..200).map(|i| ["021000021", "011401533"][i % 2].to_owned()).collect();
    let (c, kind) = settle("field7", &owners, "us.bank_routing");
    assert!(c > 0.0 && c < 0.4 && kind.is_none(), "{c} {kind:?}");
    let (c, kind) = settle("card_number", &cards(false), "generic.payment_card");
    assert!(c >= 0.4 && kind.as_deref() == Some("generic.payment_card"), "{c} {kind:?}");
    let (c, _) = settle("tracking_number", &cards(true), "generic.payment_card");
    assert!(c < 0.4, "{c}");
    let ssns: Vec<String> = (0..200u64).map(|i| format!("{}", 200_110_001 + i * 1_234_567 % 400_000_000)).collect();
    let (c, kind) = settle("c3", &ssns, "us.ssn");
    assert!(c > 0.0 && c < 0.4 && kind.is_none(), "{c} {kind:?}");
    let (c, kind) = settle("customer.SSN", &ssns, "us.ssn");
    assert!(c > 0.8 && kind.as_deref() == Some("us.ssn"), "{c} {kind:?}");
    // One in a thousand notes.
    let mut notes: Vec<String> = (0..1000).map(|i| format!("called the customer, case {i}")).collect();
    notes[500] = "SSN is 457-55-5462, verified".to_owned();
    let (c, kind) = settle("notes", &notes, "us.ssn");
    assert!(c >= 0.85 && kind.is_none(), "{c} {kind:?}");
}

#[test]
fn a_column_says_what_it_rests_on() {
    let set = Classifiers::builtin();
    let cards: Vec<String> = (0..40).map(|_| "4012888888881881".to_owned()).collect();
    let passing: Vec<String> = (0..20).map(|_| "021000021".to_owned()).collect();
    for (name, values, id, want) in [
        (
            "card_number",
            &cards,
            "generic.payment_card",
            "40 of 40 values|40 pass the validator|the name speaks for it|nearly all are of the type and the name agrees",
        ),
        ("routing_number", &passing, "us.bank_routing", "20 of 20 values|20 pass the validator|the name speaks for it"),
    ] {
        let b = column(name, values);
        let (mut s, mut found, mut t) = (Scratch::new(&set), Vec::new(), Tally::default());
        set.scan(&mut s, &b, &mut found);
        t.add(&b, &found, s.refusals());
        let settled = t.settle(&set, &b.fields);
        let types = settled.columns();
        assert_eq!(types.iter().map(|t| set.get(t.classifier).id.as_str()).collect::<Vec<_>>(), [id], "{name}");
        let (reasons, next) = settled.why(&types[0]);
        let said = reasons.join("|");
        assert!(said.starts_with(want), "{said}");
        assert!(next.is_none_or(|n| n.0 != types[0].classifier && n.1 <= types[0].confidence));
        assert!(values.iter().all(|v| !said.contains(v.as_str())));
    }
}

#[test]
fn tallies_merge_in_any_order() {
    let set = Classifiers::builtin();
    let mut s = Scratch::new(&set);
    let mut parts = Vec::new();
    for values in [["4012888888881881", "4012888888881882"], ["a@example.com", "457-55-5462"], ["x", "y"]] {
        let b = column("card", &values.map(str::to_owned));
        let mut found = Vec::new();
        set.scan(&mut s, &b, &mut found);
        let mut t = Tally::default();
        t.add(&b, &found, s.refusals());
        parts.push(t);
    }
    let sum = |order: [usize; 3]| {
        let mut t = Tally::default();
        order.iter().for_each(|&i| t.merge(&parts[i]));
        t
    };
    assert_eq!(sum([0, 1, 2]), sum([2, 0, 1]));
}
