//! Where records say that people live, from a table to the answer of `breach`.

use serde_json::Value;

use crate::support::Bench;

const ASK: [&str; 7] = ["breach", "--object", "**", "--discovered", "2026-11-21", "--determined", "2026-11-21"];

/// Residents by jurisdiction, those who are certain, likely and at most, and how many are of unknown residence: `CA 1/1/1, unknown 0`.
fn residents(doc: &Value) -> String {
    let mut out: Vec<String> = doc["jurisdictions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|j| {
            format!(
                "{} {}/{}/{}",
                j["code"].as_str().unwrap(),
                j["residents"]["certain"],
                j["residents"]["likely"],
                j["residents"]["upper"]
            )
        })
        .collect();
    out.sort();
    out.push(format!("unknown {}", doc["unknown_residence"]["certain"]));
    out.join(", ")
}

/// What is said of the people in one file.
fn lives(name: &str, content: &str) -> String {
    let b = Bench::new();
    b.write(&format!("data/{name}"), content);
    assert_eq!(b.scan("data", &[]).0, Some(0), "{content}");
    residents(&b.json(&ASK))
}

/// Tables of one person each: the columns behind the e-mail address, their values, where the person lives.
const TABLES: &[(&str, &str, &str)] = &[
    // Another country is named.
    ("full_name,steuer_id,postal_code,country", "Eva Sommer,86095742719,10115,DE", "EU 1/1/1, unknown 0"),
    ("full_name,zip,country", "Eva Sommer,10115,Deutschland", "EU 1/1/1, unknown 0"),
    ("full_name,state,country", "Nino Beridze,Georgia,Georgia", "non_us:GE 1/1/1, unknown 0"),
    ("full_name,state,country", "Ada Winter,CA,Canada", "non_us:CA 1/1/1, unknown 0"),
    ("full_name,state,country", "Eva Sommer,DE,Germany", "EU 1/1/1, unknown 0"),
    ("full_name,state,zip,country", "Ann Hill,,20500,GBR", "UK 1/1/1, unknown 0"),
    ("full_name,state,zip,country", "Ada Winter,CA,94110,US", "CA 1/1/1, unknown 0"),
    ("full_name,state,zip,birth_country", "Ada Winter,CA,94110,Germany", "CA 1/1/1, unknown 0"),
    // Codes that are none of the US.
    ("full_name,plz", "Eva Sommer,60313", "unknown 1"),
    ("full_name,postleitzahl", "Eva Sommer,60313", "unknown 1"),
    ("full_name,code_postal", "Eve Martin,75002", "unknown 1"),
    ("full_name,codigo_postal", "Ana Ruiz,28013", "unknown 1"),
    ("full_name,plz,state", "Ada Winter,94110,CA", "CA 1/1/1, unknown 0"),
    ("full_name,iban,postal_code", "Eva Sommer,DE89370400440532013000,60313", "EU 0/1/1, unknown 1"),
    ("full_name,iban,zip", "Eva Sommer,AT611904300234573201,1010", "EU 0/1/1, unknown 1"),
    ("full_name,postal_code", "Eva Sommer,1010", "unknown 1"),
    ("full_name,zip", "Ada Winter,2139", "MA 1/1/1, unknown 0"),
    ("full_name,zip", "Ada Winter,941101234", "CA 1/1/1, unknown 0"),
    ("full_name,zip", "Ada Winter,94110.0", "CA 1/1/1, unknown 0"),
    // A whole address in one cell.
    ("full_name,home_address", "Ada Winter,\"9 Pine Road Apt 4, Austin, TX 78701, USA\"", "TX 1/1/1, unknown 0"),
    ("full_name,address", "Ada Winter,\"9 Pine Road, Austin, Texas 78701-1234\"", "TX 1/1/1, unknown 0"),
    ("full_name,address", "Eva Sommer,\"Hauptstraße 12, 10115 Berlin, Germany\"", "EU 1/1/1, unknown 0"),
    // Two addresses.
    ("full_name,billing_state,billing_zip,shipping_state,shipping_zip", "Ada Winter,CA,94110,NV,89101", "CA 0/1/1, NV 0/0/1, unknown 0"),
    ("full_name,work_zip,home_zip", "Ada Winter,94110,89101", "CA 0/0/1, NV 0/1/1, unknown 0"),
    ("full_name,zip,state", "Ada Winter,94110,NY", "CA 0/1/1, NY 0/0/1, unknown 0"),
    // Spellings.
    ("full_name,state", "Ada Winter,Calif.", "CA 1/1/1, unknown 0"),
    ("full_name,state", "Ada Winter,Mass.", "MA 1/1/1, unknown 0"),
    ("full_name,state", "Ada Winter,N.Y.", "NY 1/1/1, unknown 0"),
    ("full_name,state", "Ada Winter,D.C.", "DC 1/1/1, unknown 0"),
    ("full_name,state", "Ada Winter,Washington DC", "DC 1/1/1, unknown 0"),
    ("full_name,state", "Ada Winter,U.S. Virgin Islands", "VI 1/1/1, unknown 0"),
    ("full_name,state", "Ada Winter,PW", "PW 1/1/1, unknown 0"),
    ("full_name,state,zip", "Ada Winter,AE,09012", "unknown 1"),
];

#[test]
fn a_record_says_where_its_person_lives() {
    let mut wrong = Vec::new();
    for (columns, values, want) in TABLES {
        let found = lives("a.csv", &format!("email,{columns}\nperson@example.org,{values}\n"));
        if found != *want {
            wrong.push(format!("{columns}: {values}: {found}, not {want}"));
        }
    }
    let address =
        "{\"email\":\"person@example.org\",\"full_name\":\"Ada Winter\",\"address\":\"9 Pine Road Apt 4, Austin, TX 78701, USA\"}\n";
    let nested = "{\"email\":\"person@example.org\",\"name\":\"Eva Sommer\",\"address\":{\"postal_code\":\"10115\",\"country\":\"DE\"}}\n";
    for (content, want) in [(address, "TX 1/1/1, unknown 0"), (nested, "EU 1/1/1, unknown 0")] {
        let found = lives("a.jsonl", content);
        if found != want {
            wrong.push(format!("{content}: {found}, not {want}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// 490 Californians and 20 Germans, whose postal codes begin as those of Los Angeles do.
#[test]
fn germans_among_californians_bring_the_clock_of_the_gdpr() {
    let row = |i: u32| match i {
        0..490 => format!("person{i}@example.org,Ada Winter,5{:02}-{:02}-{:04},94110,US\n", 10 + i % 70, 11 + i / 70, 1200 + i),
        _ => format!("person{i}@example.org,Eva Sommer,,909{:02},DE\n", i % 100),
    };
    let table: String = (0..510).map(row).collect();
    let b = Bench::new();
    b.write("data/a.csv", format!("email,full_name,ssn,zip,country\n{table}"));
    assert_eq!(b.scan("data", &[]).0, Some(0));
    let doc = b.json(&ASK);
    assert_eq!(residents(&doc), "CA 490/490/490, EU 20/20/20, unknown 0");
    let of = |code: &str| doc["jurisdictions"].as_array().unwrap().iter().find(|j| j["code"] == code).unwrap().clone();
    assert_eq!(of("CA")["regulator"]["required"], false, "not above 500 residents");
    assert_eq!(of("EU")["regulator"]["deadline"], "2026-11-24", "{}", of("EU"));
}
