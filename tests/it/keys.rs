//! Key columns: what only knows a number is found by the e-mail address of the person whose number it is, and nothing else is.

use serde_json::{Value, json};

use crate::generate;
use crate::support::{Bench, bench::repository, normal, sample_scan};

/// People of this number: an address, a telephone.
fn customers(ids: impl Iterator<Item = u64>, tag: &str) -> String {
    let area = if tag == "shop" { 212 } else { 415 };
    let row = |n: u64| format!("{n},person{n}.{tag}@example.com,+1 {area} 555 0{:03}\n", 100 + n % 100);
    "customer_id,email,phone\n".to_owned() + &ids.map(row).collect::<String>()
}

/// Orders that know their customers by number only.
fn orders(name: &str, ids: impl Iterator<Item = u64>) -> String {
    format!("order_id,{name},total\n") + &ids.enumerate().map(|(i, n)| format!("{},{n},19.90\n", i + 1)).collect::<String>()
}

/// Numbers that are no small ones.
fn sparse(n: u64) -> u64 {
    1_000_000_000 + n * 7_919_113
}

fn found_in(b: &Bench, value: &str, file: &str) -> Vec<(String, Value)> {
    let doc = b.json(&["find", value]);
    let places = doc["places"].as_array().unwrap().iter();
    let here = places.filter(|p| p["uri"].as_str().unwrap().ends_with(file) && p["current"] == true);
    here.map(|p| (p["field"].as_str().unwrap_or("").to_owned(), p["rows"].clone())).collect()
}

fn statuses(b: &Bench) -> Vec<(String, String, String)> {
    let doc = b.json(&["map", "--links"]);
    let s = |v: &Value| v.as_str().unwrap().to_owned();
    doc["links"].as_array().unwrap().iter().map(|l| (s(&l["from"]["dataset"]), s(&l["status"]), s(&l["reason"]))).collect()
}

#[test]
fn an_order_of_the_samples_is_found_by_the_address_of_its_customer() {
    let (b, ..) = sample_scan();
    // The first order without any address in it.
    let all = generate::samples().files;
    let (file, bytes) = all.iter().find(|f| f.0.ends_with("orders-0001.jsonl.gz")).unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::MultiGzDecoder::new(&bytes[..]), &mut text).unwrap();
    let (row, order) = text
        .lines()
        .map(|l| serde_json::from_str::<Value>(l).unwrap())
        .enumerate()
        .find(|(_, o)| o["buyer"].is_null() && o["gift"].is_null())
        .unwrap();
    let crm = std::fs::read_to_string(repository().join("samples/crm/customers.csv")).unwrap();
    let line = crm.lines().find(|l| l.starts_with(order["customer_id"].as_str().unwrap())).unwrap();
    let address = line.split(',').nth(3).unwrap();

    let doc = b.json(&["find", address, "--why"]);
    let here: Vec<&Value> =
        doc["places"].as_array().unwrap().iter().filter(|p| p["uri"].as_str().unwrap().ends_with(file.as_str())).collect();
    let holds = |field: &str| {
        let place = here.iter().find(|p| p["field"] == field).unwrap_or_else(|| panic!("{field}: {here:?}"));
        place["rows"].as_array().unwrap().iter().any(|r| r[0].as_u64().unwrap() <= row as u64 && (row as u64) < r[1].as_u64().unwrap())
    };
    assert!(holds("customer_id") && holds("ship_to.name") && holds("ship_to.street"));
    let why = doc["why"].as_array().unwrap();
    let proof = why.iter().find(|p| p["uri"].as_str().unwrap().ends_with("crm/customers.csv") && p["row"].is_u64());
    let named = |p: &Value, key: &str| p[key].as_array().unwrap().iter().any(|c| c == "key.customer");
    assert!(proof.is_some_and(|p| named(p, "adds") || named(p, "known")), "the row of the CRM is named: {why:?}");
    // By the number itself as well.
    let by_number = b.json(&["find", order["customer_id"].as_str().unwrap(), "--class", "key.customer"]);
    assert_eq!(by_number["consumers"], doc["consumers"]);

    let links = b.json(&["map", "--links"]);
    let orders = links["links"].as_array().unwrap().iter().find(|l| l["from"]["dataset"] == "orders/*/*/orders-*.jsonl").unwrap();
    assert_eq!(
        (&orders["to"]["dataset"], &orders["status"], &orders["reason"]),
        (&json!("crm/customers.csv"), &json!("accepted"), &json!("same_people"))
    );
    assert_eq!(orders["values"], orders["values_contained"]);
    assert_eq!(links["pending"], json!([]));
}

#[test]
fn without_keys_the_samples_are_joined_by_records_alone() {
    let b = Bench::with_samples();
    b.write("piimap.toml", "[keys]\ndiscover = \"off\"\n");
    let (_, doc) = b.scan("samples", &["--config", "piimap.toml"]);
    let truth: Value = serde_json::from_slice(&std::fs::read(repository().join("tests/data/samples_truth.json")).unwrap()).unwrap();
    assert_eq!(doc["consumers"].as_u64().unwrap(), truth["consumers"].as_u64().unwrap() + 2, "and two access keys of the log");
    assert_eq!(statuses(&b), []);
}

#[test]
fn a_link_goes_with_what_proved_it() {
    let b = Bench::new();
    b.write("data/crm/customers.csv", customers((1..200).map(sparse), "a"));
    b.write("data/orders.csv", orders("customer_id", (1..400).map(|n| sparse(1 + n % 150))));
    let (_, doc) = b.scan("data", &[]);
    assert_eq!((&doc["read_for_keys"], &doc["objects"]["read"]), (&json!(2), &json!(2)), "{doc}");
    let person = format!("person{}.a@example.com", sparse(17));
    assert_eq!(found_in(&b, &person, "orders.csv"), [("customer_id".to_owned(), json!([[15, 16], [165, 166], [315, 316]]))]);
    assert_eq!(statuses(&b), [("orders.csv".to_owned(), "accepted".to_owned(), "telling_values".to_owned())]);
    // Nothing is read again without need.
    let (_, doc) = b.scan("data", &[]);
    assert_eq!((&doc["read_for_keys"], &doc["objects"]["read"]), (&json!(0), &json!(0)));
    // More orders: only they are read.
    b.write("data/orders.csv", orders("customer_id", (1..500).map(|n| sparse(1 + n % 150))));
    let (_, doc) = b.scan("data", &[]);
    assert_eq!((&doc["read_for_keys"], &doc["objects"]["read"]), (&json!(0), &json!(1)));
    assert_eq!(found_in(&b, &person, "orders.csv")[0].1.as_array().unwrap().len(), 4);

    std::fs::remove_file(b.path("data/crm/customers.csv")).unwrap();
    let (_, doc) = b.scan("data", &[]);
    assert_eq!((&doc["consumers"], &doc["objects"]["gone"]), (&json!(0), &json!(1)), "orders alone name nobody: {doc}");
    assert_eq!(found_in(&b, &person, "orders.csv"), []);
    assert_eq!(b.json(&["map", "--links"])["keys"], json!([]));
    // And comes back with it.
    b.write("data/crm/customers.csv", customers((1..200).map(sparse), "a"));
    b.scan("data", &[]);
    assert_eq!(found_in(&b, &person, "orders.csv").len(), 1);
}

#[test]
fn neither_order_nor_threads_show() {
    let b = Bench::new();
    b.empty_index("seed.db");
    let parts: [(&str, String); 4] = [
        ("data/crm/customers-0001.csv", customers((1..120).map(sparse), "a")),
        ("data/crm/customers-0002.csv", customers((120..240).map(sparse), "a")),
        ("data/orders.csv", orders("customer_id", (1..900).map(|n| sparse(1 + n % 200)))),
        ("data/visits.csv", orders("cust_id", (1..300).map(|n| sparse(1 + n % 90)))),
    ];
    let mut answers = Vec::new();
    for (n, order) in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]].iter().enumerate() {
        let _ = std::fs::remove_dir_all(b.path("data"));
        let (index, threads) = (format!("{n}.db"), (n + 1).to_string());
        std::fs::copy(b.path("seed.db"), b.path(&index)).unwrap();
        for i in order {
            b.write(parts[*i].0, &parts[*i].1);
            b.scan("data", &["--index", &index, "--threads", &threads]);
        }
        let ask = |args: &[&str]| normal(b.json(&[args, &["--index", &index]].concat()));
        let person = format!("person{}.a@example.com", sparse(17));
        answers.push((ask(&["map", "--links"]), ask(&["map"]), ask(&["find", &person, "--why"])));
    }
    let all_at_once = {
        std::fs::copy(b.path("seed.db"), b.path("all.db")).unwrap();
        b.scan("data", &["--index", "all.db"]);
        let ask = |args: &[&str]| normal(b.json(&[args, &["--index", "all.db"]].concat()));
        (ask(&["map", "--links"]), ask(&["map"]), ask(&["find", &format!("person{}.a@example.com", sparse(17)), "--why"]))
    };
    assert_eq!(all_at_once.0["links"].as_array().unwrap().len(), 2, "{}", all_at_once.0);
    for a in &answers {
        assert_eq!(a, &all_at_once);
    }
}

#[test]
fn small_numbers_link_nothing_unless_somebody_says_so() {
    let b = Bench::new();
    b.write("data/crm/customers.csv", customers(1..300, "a"));
    b.write("data/orders/new.csv", orders("customer_id", (1..500).map(|n| 1 + n % 250)));
    b.write("data/stock/bins.csv", orders("bin_no", (1..500).map(|n| 1 + n % 250)));
    // Another system counts its customers from one, too.
    b.write("data/shop/customers.csv", customers(1..200, "shop"));
    b.scan("data", &[]);
    let found = statuses(&b);
    assert!(found.contains(&("orders/new.csv".to_owned(), "proposed".to_owned(), "chance".to_owned())), "{found:?}");
    assert!(found.contains(&("shop/customers.csv".to_owned(), "contradicted".to_owned(), "other_people".to_owned())), "{found:?}");
    assert!(found.iter().all(|f| f.1 != "accepted" && f.0 != "stock/bins.csv"), "{found:?}");
    assert_eq!(found_in(&b, "person17.a@example.com", "new.csv"), []);
    let text = b.run(&["map", "--links"]).stdout;
    assert!(text.contains("Proposed, not linked") && text.contains("[[key]]") && text.lines().all(|l| l.chars().count() <= 80), "{text}");

    let key =
        |dataset: &str, field: &str, name: &str| format!("[[key]]\ndataset = \"{dataset}\"\nfield = \"{field}\"\nname = \"{name}\"\n");
    let config =
        key("crm/*", "customer_id", "customer") + &key("orders/*", "customer_id", "customer") + &key("orders/*", "order_id", "order");
    b.write("piimap.toml", &config);
    let pending = b.json(&["map", "--links"])["pending"].as_array().unwrap().len();
    assert_eq!(pending, 2, "the next run reads both datasets again");
    let (_, doc) = b.scan("data", &[]);
    assert_eq!(doc["objects"]["read"], 2);
    // Order 17 is not customer 17.
    let rows = json!([[15, 16], [265, 266]]);
    let hers = ["customer_id", "order_id"].map(|field| (field.to_owned(), rows.clone()));
    assert_eq!(found_in(&b, "person17.a@example.com", "new.csv"), hers, "the numbers of her orders are hers");
    assert_eq!(found_in(&b, "person17.a@example.com", "bins.csv"), []);
    assert_eq!(found_in(&b, "person17.shop@example.com", "new.csv"), []);
    b.write("piimap.toml", config + "[[key]]\ndataset = \"x\"\nfield = \"y\"\n");
    let done = b.run(&["map"]);
    assert!(done.status == Some(2) && done.stderr.contains("ignore = true"), "{}", done.stderr);
}
