//! `breach --reveal-contacts`: the people to write to, read again from where they stand now.

use serde_json::{Value, json};

use crate::support::Bench;

const SSN: [&str; 8] =
    ["512-11-1201", "513-12-1202", "514-13-1203", "515-14-1204", "516-15-1205", "517-16-1206", "518-17-1207", "519-18-1208"];
const HEAD: &str = "full_name,email,phone,street_address,city,state,zip,ssn\n";

/// What was exposed names people by their numbers alone; who they are stands elsewhere.
fn world() -> Bench {
    let b = Bench::new();
    b.write("data/export/leak.csv", format!("ssn,amount\n{}", SSN.map(|s| format!("{s},17\n")).concat()));
    b.write(
        "data/crm/customers.csv",
        format!(
            "{HEAD}Ada Winter,ada.winter@example.com,+1 207-555-0142,12 Harbor Street,Portland,ME,04101,{}\n\
             Zoe Else,zoe.else@example.com,+1 207-555-0199,99 Other Road,Bangor,ME,04401,530-20-1299\n\
             Ben Summer,Ben Summer <ben.summer@example.com>,,\"4 Elm Avenue, Apt 7\",Austin,TX,78701,{}\n",
            SSN[0], SSN[1]
        ),
    );
    // A document, an archived table with first and last names, one that will have changed, and one with less.
    b.write(
        "data/web/profile.json",
        json!({"person": {"full_name": "Cleo Vale", "email": "cleo.vale@example.com", "ssn": SSN[2]}}).to_string(),
    );
    b.write(
        "data/hr/homes.jsonl",
        json!({"ssn": SSN[6], "full_name": "Finn Gray", "contact": "call +1 303-555-0177 or write to finn.gray@example.com"}).to_string()
            + "\n",
    );
    b.write("data/hr/staff.csv", format!("first_name,last_name,email,ssn\nDora,Quill,dora.quill@example.com,{}\n", SSN[3]));
    b.write("data/old/changes.csv", format!("{HEAD}Maren Holloway,maren.h@example.com,,7 Quay Street,Boston,MA,02110,{}\n", SSN[4]));
    b.write("data/old/calls.csv", format!("phone,ssn\n+1 617-555-0123,{}\n", SSN[4]));
    b.write("data/gone/lost.csv", format!("full_name,email,ssn\nGrete Lost,grete.lost@example.com,{}\n", SSN[5]));
    assert_eq!(b.scan("data", &[]).0, Some(0));
    b
}

fn person<'a>(all: &'a Value, name: &str) -> &'a Value {
    all.as_array().unwrap().iter().find(|p| p["name"] == name).unwrap_or_else(|| panic!("no {name} in {all}"))
}

#[test]
fn everybody_is_listed_with_what_is_known_now() {
    let b = world();
    // After the scan: one object was written anew, one is gone.
    b.write("data/old/changes.csv", format!("{HEAD}Somebody New,new@example.com,,1 New Street,Boston,MA,02110,531-20-1300\n"));
    std::fs::remove_file(b.path("data/gone/lost.csv")).unwrap();
    let ask = ["breach", "--object", "leak.csv", "--reason", "letters of case 17"];
    let done = b.run(&[&ask[..], &["--reveal-contacts", "people.json"]].concat());
    assert_eq!(done.status, Some(0), "{}", done.stderr);
    assert!(done.stderr.contains("8 people to write to in people.json, 2 of them without a way to reach them."), "{}", done.stderr);
    let all: Value = serde_json::from_str(&std::fs::read_to_string(b.path("people.json")).unwrap()).unwrap();
    assert_eq!(all.as_array().unwrap().len(), 8, "{all}");
    let ada = person(&all, "Ada Winter");
    assert_eq!((&ada["email"], &ada["state"]), (&json!("ada.winter@example.com"), &json!("ME")));
    assert_eq!(ada["phone"].as_str().unwrap().bytes().filter(u8::is_ascii_digit).collect::<Vec<_>>(), b"12075550142");
    assert_eq!(ada["address"], json!({"street": "12 Harbor Street", "city": "Portland", "state": "ME", "zip": "04101"}));
    assert_eq!((&ada["elements"], &ada["certain"], &ada["unreachable"]), (&json!(["ssn"]), &json!(true), &Value::Null));
    let ben = person(&all, "Ben Summer");
    assert_eq!((&ben["email"], &ben["address"]["street"]), (&json!("ben.summer@example.com"), &json!("4 Elm Avenue, Apt 7")));
    assert_eq!(person(&all, "Cleo Vale")["email"], "cleo.vale@example.com");
    assert_eq!(person(&all, "Dora Quill")["email"], "dora.quill@example.com");
    // What could not be read again comes from another place, or is missing; never from a row that is somebody else's now.
    let nameless: Vec<&Value> = all.as_array().unwrap().iter().filter(|p| p["name"].is_null()).collect();
    assert_eq!(nameless.len(), 3, "{all}");
    let finn = all.as_array().unwrap().iter().find(|p| p["email"] == "finn.gray@example.com").unwrap();
    assert_eq!(finn["phone"], "+1 303-555-0177", "{finn}");
    let called = nameless.iter().find(|p| !p["phone"].is_null()).unwrap();
    assert!(called["email"].is_null() && called["address"]["street"].is_null() && called["unreachable"].is_null(), "{called}");
    let mut reasons: Vec<&str> = nameless.iter().filter_map(|p| p["unreachable"].as_str()).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["could not be read again: not_found", "no current record of theirs holds an address or a telephone"]);
    assert!(!all.to_string().contains("Somebody New") && !all.to_string().contains("Zoe") && !all.to_string().contains(SSN[0]));

    // The same as a table.
    let done = b.run(&[&ask[..], &["--reveal-contacts", "people.csv"]].concat());
    assert_eq!(done.status, Some(0), "{}", done.stderr);
    let csv = std::fs::read_to_string(b.path("people.csv")).unwrap();
    let mut lines = csv.split("\r\n");
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with("consumer,certain,state,elements,possible,rules,name,email,phone,street,city,region,zip,unreachable")
    );
    let ada = lines.clone().find(|l| l.contains("Ada Winter")).unwrap();
    assert!(ada.contains(",Ada Winter,ada.winter@example.com,+1") && ada.ends_with(",12 Harbor Street,Portland,ME,04101,"), "{ada}");
    assert!(csv.contains("\"4 Elm Avenue, Apt 7\""), "{csv}");
    #[cfg(unix)]
    for file in ["people.csv", "people.json"] {
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(b.path(file)).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }

    // Each reveal stands in the log with the number of people whose values were shown, and without any of these.
    let audit = std::fs::read_to_string(b.path("piimap.db.audit")).unwrap();
    let lines: Vec<Value> = audit.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let said: Vec<_> = lines.iter().map(|l| (l["command"].as_str().unwrap(), l["answered"].as_u64().unwrap())).collect();
    assert_eq!(said, [("breach", 8), ("reveal", 6), ("breach", 8), ("reveal", 6)]);
    assert_eq!(lines[1]["reason"], "letters of case 17");
    assert_eq!(b.run(&["audit", "check"]).status, Some(0));
}

#[test]
fn nothing_is_revealed_without_the_flag() {
    let b = world();
    let all = ["breach", "--object", "leak.csv", "--list", "list.jsonl", "--csv", "a.csv", "--html", "a.html", "--bundle", "case"];
    let done = b.run(&all);
    assert_eq!(done.status, Some(0), "{}", done.stderr);
    let mut texts = vec![done.stdout, done.stderr];
    let mut open = vec![b.path("")];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with("data") {
                continue;
            }
            match path.is_dir() {
                true => open.push(path),
                false => texts.push(String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned()),
            }
        }
    }
    assert!(texts.len() > 10);
    for text in texts {
        for value in ["ada.winter", "Ada Winter", "Harbor Street", "555-0142", "cleo.vale", "Quill", SSN[0], SSN[4]] {
            assert!(!text.contains(value), "{value}");
        }
    }
    let audit = std::fs::read_to_string(b.path("piimap.db.audit")).unwrap();
    assert!(!audit.contains("reveal"));
    for (args, says) in [
        (&["--reveal-contacts", "people.txt"][..], ".csv or .json"),
        (&["--reveal-contacts", "people"], ".csv or .json"),
        (&["--reveal-contacts", "no/folder/people.csv"], "no/folder/people.csv"),
        (&["--reveal-contacts", "people.csv", "--key-file", "none"], "key"),
    ] {
        let done = b.run(&[&["breach", "--object", "leak.csv"], args].concat());
        assert!(done.status == Some(2) && done.stderr.contains(says), "{args:?}: {}", done.stderr);
    }
}

#[test]
fn people_of_a_past_are_written_to_as_they_are_now() {
    let b = world();
    // The exposed object is overwritten, the customer moves: the next scan knows both.
    b.write("data/export/leak.csv", "ssn,amount\n532-21-1301,1\n");
    b.write(
        "data/crm/customers.csv",
        format!("{HEAD}Ada Winter,ada.winter@example.com,+1 207-555-0142,5 Hill Lane,Augusta,ME,04330,{}\n", SSN[0]),
    );
    assert_eq!(b.scan("data", &[]).0, Some(0));
    let done = b.run(&["breach", "--object", "leak.csv", "--as-of", "1", "--reveal-contacts", "then.json"]);
    assert_eq!(done.status, Some(0), "{}", done.stderr);
    let all: Value = serde_json::from_str(&std::fs::read_to_string(b.path("then.json")).unwrap()).unwrap();
    assert_eq!(person(&all, "Ada Winter")["address"]["street"], "5 Hill Lane", "{all}");
    assert_eq!(all.as_array().unwrap().len(), 8);
}
