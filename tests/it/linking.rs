//! Who is who: everybody whole, nobody merged with another.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::Bench;

fn consumers(b: &Bench, value: &str) -> BTreeSet<String> {
    let doc = b.json(&["find", value]);
    doc["consumers"].as_array().unwrap().iter().map(|c| c.as_str().unwrap().to_owned()).collect()
}

fn apart(b: &Bench, one: &str, other: &str) {
    let (a, c) = (consumers(b, one), consumers(b, other));
    assert!(a.len() == 1 && c.len() == 1 && a != c, "{one} {a:?} and {other} {c:?}");
}

fn together(b: &Bench, one: &str, other: &str) {
    assert_eq!(consumers(b, one), consumers(b, other), "{one} and {other}");
}

#[test]
fn what_people_have_in_common_does_not_make_them_one() {
    let b = Bench::new();
    // Twins: name, birthday, address and telephone of one house.
    b.write(
        "data/twins.csv",
        "first_name,last_name,birth_date,email,ssn,phone\n\
         Alma,Reyes,1990-04-11,alma.one@example.com,457-55-5462,+1 415 555 0101\n\
         Alma,Reyes,1990-04-11,alma.two@example.com,536-22-1843,+1 415 555 0101\n",
    );
    // One office line for many.
    let office: String = (0..8).map(|n| format!("worker{n}@example.com,+1 212 555 0123\n")).collect();
    b.write("data/office.csv", format!("email,phone\n{office}"));
    // A support address in every ticket.
    let tickets: String = (0..10_000).map(|n| format!("{},writer{}@example.com,support.desk@example.com\n", n + 1, n % 500)).collect();
    b.write("data/tickets.csv", format!("ticket,customer_email,assigned_to\n{tickets}"));
    // Values in each other's columns name whom they name.
    b.write("data/swapped.csv", "email,phone\n+1 303 555 0140,swapped.row@example.com\nright.row@example.com,+1 303 555 0141\n");
    // Two people in one record.
    b.write("data/joint.csv", "name,email,ssn,co_ssn\nJoint Account,joint.account@example.com,219-45-6784,318-27-9046\n");
    b.scan("data", &[]);
    apart(&b, "alma.one@example.com", "alma.two@example.com");
    together(&b, "alma.one@example.com", "457-55-5462");
    assert_eq!(b.json(&["find", "+1 415 555 0101"])["identifiers"][0]["shared"], true);
    for n in 1..8 {
        apart(&b, "worker0@example.com", &format!("worker{n}@example.com"));
    }
    apart(&b, "writer1@example.com", "writer2@example.com");
    apart(&b, "swapped.row@example.com", "right.row@example.com");
    apart(&b, "219-45-6784", "318-27-9046");
}

#[test]
fn everybody_is_whole_and_nobody_merged() {
    const PEOPLE: u64 = 3_000;
    let b = Bench::new();
    let email = |n: u64| format!("person.{n}@example.com");
    let phone = |n: u64| format!("+1 {} 555 {:04}", 201 + n / 9000, 1000 + n % 9000);
    let ssn = |n: u64| format!("{:03}-{:02}-{:04}", 101 + n % 500, 11 + n / 500, 2001 + n % 7000);
    let all = |row: &dyn Fn(u64) -> String| (0..PEOPLE).map(row).collect::<String>();
    b.write("data/crm.csv", "email,phone\n".to_owned() + &all(&|n| format!("{},{}\n", email(n), phone(n))));
    b.write("data/payroll.csv", "ssn,phone\n".to_owned() + &all(&|n| format!("{},{}\n", ssn(n), phone(n))));
    b.write("data/web.jsonl", all(&|n| format!("{}\n", json!({"user": {"email": email(n).to_uppercase()}, "page": n % 7}))));
    b.write("data/tax.csv", "ssn,year\n".to_owned() + &all(&|n| format!("{},2025\n", ssn(n).replace('-', ""))));
    let (_, doc) = b.scan("data", &[]);
    // Precision: no two are one. Recall: nobody is two.
    assert_eq!(doc["consumers"], PEOPLE, "precision and recall 1");
    for n in [0, 17, 1234, PEOPLE - 1] {
        let found = b.json(&["find", &email(n)]);
        let sets: BTreeSet<&str> = found["places"].as_array().unwrap().iter().map(|p| p["dataset"].as_str().unwrap()).collect();
        assert_eq!(sets, BTreeSet::from(["crm.csv", "payroll.csv", "tax.csv", "web.jsonl"]), "{n}");
        together(&b, &email(n), &ssn(n));
        // The same in other spellings.
        together(&b, &email(n).to_uppercase(), &phone(n).replace("+1 ", "1-").replace(' ', "-"));
    }
    // The chain between two identifiers, and no record beside it.
    let between = |one: &str, other: &str| b.json(&["find", one, other, "--why"])["why"].as_array().unwrap().len();
    assert_eq!((between(&email(17), &ssn(17)), between(&email(17), &phone(17))), (2, 1));
    let why = b.json(&["find", &email(17), "--why"]);
    let chain: Vec<&Value> = why["why"].as_array().unwrap().iter().collect();
    assert!(
        chain.len() == 2
            && chain[0]["uri"].as_str().unwrap().ends_with("crm.csv")
            && chain[1]["uri"].as_str().unwrap().ends_with("payroll.csv"),
        "{chain:?}"
    );
}

#[test]
fn spellings_are_one_where_somebody_says_so() {
    let b = Bench::new();
    b.write("data/a.csv", "email,phone,country\njane.doe+news@example.com,020 7946 0018,GB\njanedoe@example.com,020 7946 0123,GB\n");
    b.scan("data", &[]);
    apart(&b, "jane.doe+news@example.com", "janedoe@example.com");
    together(&b, "jane.doe+news@example.com", "+44 20 7946 0018");
    b.write("piimap.toml", "[identity]\nfold_plus = true\nfold_dots = [\"example.com\"]\n");
    let (_, doc) = b.scan("data", &[]);
    assert_eq!((&doc["objects"]["read"], &doc["consumers"]), (&json!(1), &json!(1)), "identifiers changed, so it is read again");
    together(&b, "j.anedoe+x@example.com", "+44 20 7946 0123");
}

/// Who shares an address with everybody else has a telephone of their own: their record stays theirs.
#[test]
fn what_stands_beside_a_shared_address_belongs_to_whom_the_record_names_otherwise() {
    let b = Bench::new();
    let row = |n: u32| format!("Pat Winter,frontdesk@oakclinic.example,415-283-26{n:02},J45.909,CA,94110\n");
    b.write("data/patients.csv", "full_name,email,phone,diagnosis,state,zip\n".to_owned() + &(10..17).map(row).collect::<String>());
    assert_eq!(b.scan("data", &[]).0, Some(0));
    let doc = b.json(&["find", "415-283-2612"]);
    let fields: std::collections::BTreeSet<&str> = doc["places"].as_array().unwrap().iter().map(|p| p["field"].as_str().unwrap()).collect();
    assert!(["email", "full_name", "phone", "state", "zip"].iter().all(|f| fields.contains(f)), "{fields:?}");
    assert!(doc["places"].as_array().unwrap().iter().all(|p| p["rows"] == serde_json::json!([[2, 3]])), "{doc}");
    // Nobody owns the address, wherever it stands.
    let desk = b.json(&["find", "frontdesk@oakclinic.example"]);
    assert_eq!((desk["consumers"].as_array().unwrap().len(), desk["identifiers"][0]["shared"].as_bool()), (0, Some(true)), "{desk}");
    let breach = b.json(&["breach", "--object", "**"]);
    let residents = breach["jurisdictions"].as_array().unwrap().iter().find(|j| j["code"] == "CA");
    assert!(residents.is_some(), "{breach}");
}
