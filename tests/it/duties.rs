//! What makes a duty, what does not, and what is only possible: a table a case, the rule, the three numbers.

use serde_json::{Value, json};

use crate::support::Bench;

const ASK: [&str; 6] = ["--discovered", "2026-11-21", "--determined", "2026-11-21", "--format", "json"];
const HASH: &str = "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW";

fn n(certain: u64, likely: u64, upper: u64) -> Value {
    json!({"certain": certain, "likely": likely, "upper": upper})
}

fn ask(b: &Bench, object: &str) -> Value {
    b.run(&[&["breach", "--object", object][..], &ASK].concat()).json()
}

fn state<'a>(doc: &'a Value, code: &str) -> &'a Value {
    doc["jurisdictions"].as_array().unwrap().iter().find(|j| j["code"] == code).unwrap_or(&Value::Null)
}

/// The rule with this id, `null` if it fits nobody.
fn rule<'a>(doc: &'a Value, id: &str) -> &'a Value {
    let rules = state(doc, &id[..2])["rules"].as_array();
    rules.and_then(|all| all.iter().find(|r| r["id"] == id)).unwrap_or(&Value::Null)
}

#[test]
fn combinations_make_the_duties_that_their_laws_mean() {
    let sha = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    // What is in the table, the rule, and whom it fits (`null`: nobody).
    let cases = [
        // Whoever has the salt, or tries them all, reads these: never certain, and never nobody.
        (format!("email,password_hash,state,zip\nada.winter@example.com,{HASH},CA,94110\n"), "CA-08", n(0, 0, 1)),
        (format!("full_name,email,ssn_hash,state,zip\nAda Winter,ada.winter@example.com,{sha},IN,46204\n"), "IN-01", n(0, 0, 1)),
        (
            "full_name,email,ssn_encrypted,state,zip\nAda Winter,ada.winter@example.com,AQICAHhQz1n8f3Yb2mKqLr0TtVwX5cD7eFgH9iJkLmNoPqRsTuVw==,CA,94110\n"
                .to_owned(),
            "CA-01",
            n(0, 0, 1),
        ),
        // What is masked is no element.
        ("full_name,email,ssn,state,zip\nAda Winter,ada.winter@example.com,***-**-1234,CA,94110\n".to_owned(), "CA-01", Value::Null),
        // The number of an employer is not that of a person.
        ("full_name,email,ein,state,zip\nAda Winter,ada.winter@example.com,12-3456780,DE,19901\n".to_owned(), "DE-02", Value::Null),
        ("full_name,email,ein,state,zip\nAda Winter,ada.winter@example.com,12-3456780,NC,27601\n".to_owned(), "NC-02", n(1, 1, 1)),
        ("full_name,email,itin,state,zip\nAda Winter,ada.winter@example.com,912-70-1234,DE,19901\n".to_owned(), "DE-02", n(1, 1, 1)),
        ("full_name,email,itin,state,zip\nAda Winter,ada.winter@example.com,912-70-1234,NC,27601\n".to_owned(), "NC-02", Value::Null),
        // A number plate may come from anywhere.
        ("full_name,email,license_plate,state,zip\nAda Winter,ada.winter@example.com,7ABC123,CA,94110\n".to_owned(), "CA-13", n(0, 0, 1)),
        // A state is no address, so that nothing but the number names anybody.
        ("ssn,state\n457-55-5462,NY\n".to_owned(), "NY-01", Value::Null),
        ("ssn,email,state\n457-55-5462,ada.winter@example.com,NY\n".to_owned(), "NY-01", n(1, 1, 1)),
        // The laws say: first name or first initial, and last name.
        (
            "first_initial,last_name,email,ssn,state,zip\nA.,Winter,ada.winter@example.com,457-55-5462,CA,94110\n".to_owned(),
            "CA-01",
            n(1, 1, 1),
        ),
        (
            "full_name,email,card_number,exp,state,zip\nAda Winter,ada.winter@example.com,4539578763621486,12/29,AL,35203\n".to_owned(),
            "AL-07",
            n(1, 1, 1),
        ),
        // A published test value is nobody's.
        ("full_name,email,ssn,state,zip\nAda Winter,ada.winter@example.com,123-45-6789,CA,94110\n".to_owned(), "CA-01", Value::Null),
        (
            "full_name,email,card_number,cvv,state,zip\nAda Winter,ada.winter@example.com,4111 1111 1111 1111,123,CA,94110\n".to_owned(),
            "CA-07",
            Value::Null,
        ),
    ];
    let b = Bench::new();
    for (i, (text, ..)) in cases.iter().enumerate() {
        // Another person in each table.
        let own = |text: &str, end: &str| text.replace(end, &format!("{}{:02}", &end[..end.len() - 2], 20 + i));
        let text = own(&own(text, "457-55-5462"), "912-70-1234").replace("ada.winter@", &format!("ada.winter{i}@"));
        b.write(&format!("data/case-{i:02}.csv"), text);
    }
    assert_eq!(b.scan("data", &[]).0, Some(0));
    for (i, (text, id, want)) in cases.iter().enumerate() {
        let doc = ask(&b, &format!("case-{i:02}.csv"));
        let found = rule(&doc, id);
        assert_eq!(found["consumers"], *want, "{id} of {text}: {doc}");
        if want == &n(0, 0, 1) {
            assert!(found["qualifier"].as_str().is_some_and(|q| q.starts_with("only_if_")), "{found}");
        }
    }
    let plain = ask(&b, "case-00.csv");
    let hashed = &rule(&plain, "CA-08")["protected"];
    assert_eq!((&hashed["people"], &hashed["how"]), (&json!(1), &json!(["hashed"])));
    assert_eq!((&plain["protected"]["password"]["certain"], &plain["elements"]["password"]), (&json!(1), &Value::Null));
    let done = b.run(&[&["breach", "--object", "case-00.csv"][..], &ASK[..4]].concat());
    assert!(done.stdout.contains("--assume only_if_protected_values_can_be_read"), "{}", done.stdout);
    assert!(done.stdout.lines().all(|l| l.chars().count() <= 80), "{}", done.stdout);
    // Decided either way.
    let assumed =
        b.run(&[&["breach", "--object", "case-00.csv", "--assume", "only_if_protected_values_can_be_read"][..], &ASK].concat()).json();
    assert_eq!(rule(&assumed, "CA-08")["consumers"], n(1, 1, 1), "{assumed}");
    b.write(
        "piimap.toml",
        "[[verdict]]\ndataset = \"**\"\nfield = \"password_hash\"\nverdict = \"wrong\"\nreviewer = \"ann\"\nreason = \"the salt was elsewhere\"\ndate = \"2026-11-21\"\n",
    );
    let left_out = ask(&b, "case-00.csv");
    assert_eq!((&rule(&left_out, "CA-08")["consumers"], &left_out["protected"]), (&Value::Null, &json!({})), "{left_out}");
    assert_eq!(left_out["consumers"], n(1, 1, 1));
    // Sentence and count agree.
    let test = ask(&b, "case-13.csv");
    assert_eq!((&test["test_values"], &test["elements"]["ssn"], &test["consumers"]), (&json!(1), &Value::Null, &n(1, 1, 1)), "{test}");
}

/// People of a state with a name, an SSN, an e-mail address.
fn people(who: std::ops::Range<u32>, code: &str, zip: &str) -> String {
    let row =
        |i| format!("Ada Winter,ada.winter{i}@example.com,5{:02}-{:02}-{:04},{code},{zip}\n", 10 + i % 70, 11 + i / 70 % 80, 1200 + i);
    "full_name,email,ssn,state,zip\n".to_owned() + &who.map(row).collect::<String>()
}

#[test]
fn bureaus_and_authorities_have_their_days() {
    let b = Bench::new();
    for (code, zip, who) in [
        ("MN", "55401", 0..501),
        ("AZ", "85004", 600..603),
        ("NY", "10001", 610..613),
        ("NJ", "07030", 620..623),
        ("PR", "00901", 630..633),
    ] {
        b.write(&format!("data/{code}.csv"), people(who, code, zip));
    }
    assert_eq!(b.scan("data", &[]).0, Some(0));
    let doc = ask(&b, "MN.csv");
    let bureaus = &state(&doc, "MN")["credit_bureaus"];
    assert_eq!((&bureaus["required"], &bureaus["deadline"]), (&json!(true), &json!("2026-11-23")), "{doc}");
    let text = b.run(&[&["breach", "--object", "**", "--csv", "duties.csv"][..], &ASK[..4]].concat()).stdout;
    assert!(text.contains("Credit bureaus: MN by 2026-11-23 (within 48 hours)"), "{text}");
    assert!(text.contains("Before people are told: the regulator of NJ."), "{text}");
    assert!(text.lines().all(|l| l.chars().count() <= 80), "{text}");
    let first = text.lines().find(|l| l.contains("  MN")).unwrap();
    assert!(text.find(first) < text.find("  PR"), "the 48 hours of the bureaus are the earliest: {text}");
    let csv = std::fs::read_to_string(b.path("duties.csv")).unwrap();
    assert!(csv.lines().next().unwrap().ends_with("regulator_text,bureaus_deadline,bureaus_text,protected"), "{csv}");
    assert!(csv.contains(",2026-11-23,within 48 hours,"), "{csv}");
    assert_eq!(state(&ask(&b, "NY.csv"), "NY")["regulator"]["deadline"], "2026-12-21", "with the people");
    // A day that waits stands before what has none, whoever waits for it.
    let waits = b.json(&["breach", "--object", "**", "--determined", "2026-11-21"]);
    let codes: Vec<&str> = waits["jurisdictions"].as_array().unwrap().iter().map(|j| j["code"].as_str().unwrap()).collect();
    let at = |code: &str| codes.iter().position(|c| *c == code).unwrap();
    assert!(at("PR") < at("NJ") && at("PR") < at("NY"), "{codes:?}");
    let late = b.run(&["breach", "--object", "NY.csv", "--discovered", "2999-01-01"]);
    assert!(late.stderr.contains("2999-01-01 lies in the future"), "{}", late.stderr);
}

#[test]
fn people_of_no_known_state_are_not_nobody() {
    let b = Bench::new();
    b.write("data/a.csv", "full_name,ssn\nAda Winter,457-55-5462\nBen Summer,457-55-5463\n");
    assert_eq!(b.scan("data", &[]).0, Some(0));
    let doc = ask(&b, "a.csv");
    let anywhere = &doc["unknown_residence_duties"];
    assert_eq!((&anywhere["people"], anywhere["states"].as_array().map(Vec::len)), (&n(2, 2, 2), Some(54)), "{doc}");
    assert_eq!((&anywhere["first"]["code"], &anywhere["first"]["deadline"]), (&json!("PR"), &json!("2026-12-01")));
    assert_eq!(anywhere["people_first"]["deadline"], "2026-12-21");
    let text = b.run(&[&["breach", "--object", "**"][..], &ASK[..4]].concat()).stdout;
    assert!(text.contains("Nobody's state is known, but rules of 54 states fit 2 people"), "{text}");
    assert!(!text.contains("fits anybody") && text.contains("2026-12-01"), "{text}");
}

#[test]
fn the_forgotten_whose_data_is_stored_are_counted_as_nobodys() {
    let b = Bench::new();
    b.write("data/a.csv", "full_name,email,ssn,state,zip\nAda Winter,ada.winter@example.com,457-55-5462,CA,94110\n");
    assert_eq!(b.scan("data", &[]).0, Some(0));
    b.write("data/b.csv", "full_name,email\nAda Winter,ada.winter@example.com\nBen Summer,ben.summer@example.com\n");
    assert_eq!(b.run_with(&["index", "forget", "-"], b"ada.winter@example.com\n").status, Some(0));
    for round in ["before", "after"] {
        let doc = ask(&b, "a.csv");
        assert_eq!((&doc["consumers"], &doc["forgotten_records"]), (&n(0, 0, 1), &json!(1)), "{round} the next scan: {doc}");
        let text = b.run(&["breach", "--object", "a.csv"]).stdout;
        assert!(text.contains("Still stored: 1 record of people who were forgotten"), "{text}");
        assert_eq!(b.run(&["find", "ada.winter@example.com"]).status, Some(1));
        assert_eq!(b.scan("data", &["--full"]).0, Some(0));
        assert_eq!(b.run(&["index", "check"]).status, Some(0));
    }
    let doc = ask(&b, "b.csv");
    assert_eq!((&doc["consumers"], &doc["forgotten_records"]), (&n(1, 1, 2), &json!(1)), "{doc}");
    b.write("data/a.csv", "full_name,email\nBen Summer,ben.summer@example.com\n");
    assert_eq!(b.scan("data", &[]).0, Some(0));
    assert_eq!(ask(&b, "a.csv")["forgotten_records"], 0, "deleted at its source");
}

#[test]
fn a_key_column_that_is_not_there_is_told() {
    let b = Bench::new();
    b.write("data/crm.csv", "customer_id,email\n17,ada.winter@example.com\n");
    b.write("piimap.toml", "[[key]]\ndataset = \"crm.csv\"\nfield = \"custmer_id\"\nname = \"customer\"\n");
    let done = b.run(&["scan", "data"]);
    assert_eq!(done.status, Some(0));
    assert!(done.stderr.contains("custmer_id") && done.stderr.contains("[[key]]"), "{}", done.stderr);
    let links = b.json(&["map", "--links"]);
    assert_eq!(links["absent"], json!([{"dataset": "crm.csv", "field": "custmer_id"}]));
    let text = b.run(&["map", "--links"]).stdout.replace('\n', " ");
    assert!(text.contains("no dataset that crm.csv names has a field custmer_id; it links nothing."), "{text}");
}
