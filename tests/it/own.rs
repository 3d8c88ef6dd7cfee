//! What a user decides: classifiers of their own, brought along or written.

use crate::support::Bench;

const MACIE: &str = r#"[
  {"id":"3b7f","name":"Employee ID","regex":"EMP-[0-9]{7}","description":"Numbers of our staff","keywords":["Employee ID:","staff no"],
   "ignoreWords":["EMP-0000"],"maximumMatchDistance":20,
   "severityLevels":[{"occurrencesThreshold":1,"severity":"LOW"},{"occurrencesThreshold":100,"severity":"HIGH"}],"tags":{"team":"hr"}},
  {"name":"Project","regex":"QX[A-Z]{4}[0-9]{2}-[A-Z]+"},
  {"name":"Looks back","regex":"(?<=x)\\d{4}"},
  {"id":"77aa","name":"Only listed"},
  {"name":"Own addresses","criteria":{"regex":"[a-z]+@corp\\.example\\.com"}},
  {"name":"Words","criteria":{"s3WordsList":{"bucketName":"lists","objectKey":"names.txt"}}}
]"#;

#[test]
fn identifiers_of_macie_are_imported_and_used() {
    let b = Bench::new();
    b.write("macie.json", MACIE);
    let done = b.run(&["classifiers", "import", "macie", "macie.json", "--out", "own"]);
    assert_eq!(done.status, Some(3), "{}", done.stderr);
    assert!(done.stdout.lines().all(|l| l.chars().count() <= 80), "{}", done.stdout);
    insta::assert_snapshot!("import_macie", done.stdout);
    insta::assert_snapshot!("import_macie_file", std::fs::read_to_string(b.path("own/macie/employee_id.toml")).unwrap());
    insta::assert_snapshot!("import_macie_lists", std::fs::read_to_string(b.path("own/allow-lists.txt")).unwrap());

    let test = b.run(&["classifiers", "test", "own"]);
    assert_eq!((test.status, test.stdout.lines().count()), (Some(0), 1), "{}", test.stdout);
    let text = b"Employee ID: EMP-1234567\nEMP-7654321\nEmployee ID: EMP-0000123\n";
    let found = b.run_with(&["classify", "--classifiers", "own"], text);
    let own: Vec<_> = found.stdout.lines().filter(|l| l.contains("macie.")).collect();
    assert_eq!(own, ["-: line 1, bytes 13..24  macie.employee_id  0.75"]);

    // What is there is not overwritten unasked.
    let again = b.run(&["classifiers", "import", "macie", "macie.json", "--out", "own", "--format", "json"]);
    assert_eq!(again.status, Some(2));
    assert!(again.stderr.contains("allow-lists.txt is there already; --force replaces it"), "{}", again.stderr);
    let bad = b.run_with(&["classifiers", "import", "macie", "-", "--out", "own"], b"457-55-5462");
    assert_eq!(bad.status, Some(2));
    assert!(!bad.stderr.contains("457-55"), "{}", bad.stderr);
}

#[test]
fn examples_that_fail_are_told_with_their_place() {
    let b = Bench::new();
    let file = b.run(&["classifiers", "show", "us.ein"]).stdout;
    let (head, examples) = file.split_once("[[match]]").unwrap();
    let wrong = "[[match]]\ntext = \"no number at all\"\nvalue = \"123456789\"\n\n";
    b.write("own/us/ein.toml", format!("{head}{wrong}[[match]]{examples}"));
    let test = b.run(&["classifiers", "test", "own"]);
    assert_eq!(test.status, Some(1));
    let line = head.lines().count() + 1;
    assert!(test.stdout.starts_with(&format!("own/us/ein.toml:{line}\n  example  \"no number at all\"\n")), "{}", test.stdout);
    assert!(test.stdout.contains("no pattern matches any part of it"), "{}", test.stdout);
    // And no scan begins with them.
    assert_eq!(b.run(&["scan", "own", "--classifiers", "own"]).status, Some(2));
}

const CRM: &str = "id,email,phone,ssn,card_hash\n\
    1,ada.winter@corp.example.com,207-555-0142,457-55-5462,9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n\
    2,ben.summer@corp.example.org,207-555-0143,***-**-1234,60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752\n\
    3,hotline@corp.example.com,207-555-0144,***-**-5678,fd61a03af4f77d870fc21e05e7e80678095c92d808cfb3b5c279ee04c74aca13\n";

fn field<'a>(map: &'a serde_json::Value, name: &str) -> &'a serde_json::Value {
    let all = map["datasets"].as_array().unwrap().iter().flat_map(|d| d["fields"].as_array().unwrap());
    all.clone().find(|f| f["name"] == name).unwrap_or_else(|| panic!("no field {name} in {map}"))
}

fn classifier<'a>(map: &'a serde_json::Value, name: &str, id: &str) -> &'a serde_json::Value {
    let all = field(map, name)["classifiers"].as_array().unwrap();
    all.iter().find(|c| c["id"] == id).unwrap_or_else(|| panic!("no {id} in {name}: {map}"))
}

#[test]
fn allowed_values_are_counted_apart_and_nobodys() {
    let b = Bench::new();
    b.write("data/crm.csv", CRM);
    let (_, first) = b.scan("data", &[]);
    assert_eq!((first["consumers"].as_u64(), first["allowed"].as_u64()), (Some(3), Some(0)), "{first}");
    let allow = ["classifiers", "allow", "-", "--reason", "our own hotline", "--owner", "support", "--expires", "2099-01-01"];
    let done = b.run_with(&allow, b"HOTLINE@corp.example.com\n\n207 555 0144\n");
    assert_eq!(done.stdout, "2 values allowed in piimap.toml until 2099-01-01; the next scan applies it\n", "{}", done.stderr);
    let file = std::fs::read_to_string(b.path("piimap.toml")).unwrap();
    assert!(!file.to_lowercase().contains("hotline@") && !file.contains("0144") && file.contains("allow1:"), "{file}");

    // What concerns an object and changes makes it read again; what does not, does not.
    let (_, second) = b.scan("data", &[]);
    assert_eq!(
        (second["objects"]["read"].as_u64(), second["allowed"].as_u64(), second["consumers"].as_u64()),
        (Some(1), Some(2), Some(2)),
        "{second}"
    );
    let (_, third) = b.scan("data", &[]);
    assert_eq!((third["objects"]["unchanged"].as_u64(), third["allowed"].as_u64()), (Some(1), Some(2)), "{third}");
    let map = b.json(&["map"]);
    let email = classifier(&map, "email", "generic.email");
    assert_eq!((email["count"].as_u64(), email["counted"].as_u64(), email["allowed"].as_u64()), (Some(3), Some(2), Some(1)), "{email}");
    assert!(b.run(&["map"]).stdout.contains("email, generic.email: 1 allowed, not counted"));
    assert_eq!(b.run(&["find", "hotline@corp.example.com"]).status, Some(1));
    assert_eq!(b.run(&["find", "ada.winter@corp.example.com"]).status, Some(0));

    // Another key knows nothing of these values, and says so.
    let other = Bench::new();
    other.write("data/crm.csv", CRM);
    other.write("piimap.toml", file.replace(&file[file.find("allow1:").unwrap() + 7..][..4], "0000"));
    let done = other.run(&["scan", "data"]);
    assert_eq!(done.status, Some(2), "{}", done.stdout);
    assert!(done.stderr.contains("hashed under another key"), "{}", done.stderr);

    // An expression, and a place.
    b.write(
        "piimap.toml",
        "[[allow]]\nregex = '[a-z.]+@corp[.]example[.]org'\nreason = \"partner\"\nowner = \"ops\"\nexpires = \"2099-01-01\"\n\
         [[allow]]\nfield = \"ssn\"\nuri = \"**/crm.csv\"\nreason = \"made up\"\nowner = \"ops\"\nexpires = \"2099-01-01\"\n\
         [[allow]]\nfield = \"phone\"\nreason = \"over\"\nowner = \"ops\"\nexpires = \"2020-01-01\"\n",
    );
    let (_, scan) = b.scan("data", &[]);
    assert_eq!(scan["allowed"].as_u64(), Some(2), "{scan}");
    assert_eq!(classifier(&b.json(&["map"]), "ssn", "us.ssn")["counted"], 0);
}

#[test]
fn verdicts_change_what_is_counted_and_not_what_was_seen() {
    let b = Bench::new();
    b.write("data/crm.csv", CRM);
    b.scan("data", &[]);
    let before = b.json(&["map"]);
    assert_eq!(before["consumers"], 3);
    let people = |b: &Bench| b.json(&["breach", "--object", "crm.csv"]);
    assert_eq!(people(&b)["elements"]["phone"]["certain"], 3);
    let verdict = |field: &str, word: &str| {
        format!(
            "[[verdict]]\ndataset = \"**\"\nfield = \"{field}\"\nverdict = \"{word}\"\nreviewer = \"ann\"\nreason = \"seen by hand\"\ndate = \"2026-11-21\"\n"
        )
    };
    b.write("piimap.toml", verdict("phone", "wrong") + &verdict("ssn", "right"));
    let map = b.json(&["map"]);
    let phone = classifier(&map, "phone", "generic.phone");
    assert_eq!(
        (phone["count"].as_u64(), phone["counted"].as_u64(), phone["verdict"]["verdict"].as_str()),
        (Some(3), Some(0), Some("wrong")),
        "{phone}"
    );
    assert_eq!(classifier(&map, "ssn", "us.ssn")["counted"], 1);
    assert_eq!(field(&map, "phone")["consumers"], 0);
    assert!(b.run(&["map"]).stdout.contains("phone, generic.phone: wrong, not counted (ann, 2026-11-21): seen by hand"));
    assert!(people(&b)["elements"]["phone"].is_null(), "{}", people(&b));
    assert_eq!(people(&b)["consumers"]["certain"], 3);
    let found = b.json(&["find", "ada.winter@corp.example.com"]);
    let place = found["places"].as_array().unwrap().iter().find(|p| p["field"] == "phone").unwrap().clone();
    assert_eq!(
        (place["count"].as_u64(), place["counted"].as_u64(), place["verdict"]["reviewer"].as_str()),
        (Some(1), Some(0), Some("ann"))
    );
    assert!(b.run(&["find", "ada.winter@corp.example.com"]).stdout.contains("[wrong: ann]"));

    // Everything of a dataset: nobody is left, and all of it is still shown.
    b.write("piimap.toml", verdict("*", "test data"));
    let map = b.json(&["map"]);
    assert_eq!(map["consumers"], 0);
    assert_eq!(map["datasets"][0]["categories"].as_array().map(Vec::len), Some(0));
    assert_eq!(classifier(&map, "email", "generic.email")["count"], 3);
    assert_eq!(people(&b)["consumers"]["certain"], 0);
    // Without it all is as before: nothing was rewritten.
    std::fs::remove_file(b.path("piimap.toml")).unwrap();
    assert_eq!(b.json(&["map"]), before);
}

#[test]
fn protected_values_are_told_by_field() {
    let b = Bench::new();
    b.write("data/crm.csv", CRM);
    let (_, scan) = b.scan("data", &[]);
    assert_eq!(scan["protected"], 5, "{scan}");
    let map = b.json(&["map"]);
    let states = |name: &str| -> Vec<String> {
        let all = field(&map, name)["protection"].as_array().unwrap();
        all.iter().map(|p| format!("{} {} {}", p["id"].as_str().unwrap(), p["state"].as_str().unwrap(), p["count"])).collect()
    };
    assert_eq!(states("ssn"), ["us.ssn masked 2"]);
    assert_eq!(states("card_hash"), ["generic.payment_card hashed 3"]);
    assert_eq!(field(&map, "card_hash")["protection"][0]["share"], 1.0);
    assert_eq!(classifier(&map, "ssn", "us.ssn")["count"], 1);
    assert!(b.run(&["map"]).stdout.contains("ssn, us.ssn: 2 masked (67 % of the values)"), "{}", b.run(&["map"]).stdout);
    let breach = b.json(&["breach", "--object", "crm.csv"]);
    assert_eq!(breach["protected"]["payment_card_number"]["certain"], 3, "{breach}");
    assert_eq!(breach["masked"]["ssn"]["certain"], 2, "{breach}");
    assert_eq!(breach["elements"]["ssn"]["certain"], 1);
    // A column of hashed numbers is protected, not gone, and no number that was exposed.
    use sha2::Digest;
    let hash = |n: u32| sha2::Sha256::digest(format!("457-55-{n}")).iter().map(|b| format!("{b:02x}")).collect::<String>();
    let rows: String = (5000..5012).map(|n| format!("person{n}@example.com,{}\n", hash(n))).collect();
    b.write("data/hashed.csv", format!("email,ssn_hash\n{rows}"));
    b.scan("data", &[]);
    let hashed = b.json(&["breach", "--object", "hashed.csv"]);
    assert_eq!((&hashed["protected"]["ssn"]["certain"], hashed["elements"].get("ssn")), (&serde_json::json!(12), None), "{hashed}");
    // What is stored are counts: the index holds none of it.
    for file in b.index_files() {
        let bytes = std::fs::read(&file).unwrap();
        assert!(
            memchr::memmem::find(&bytes, b"9f86d081").is_none() && memchr::memmem::find(&bytes, b"-1234").is_none(),
            "{}",
            file.display()
        );
    }
}

#[test]
fn an_index_in_the_folder_that_it_maps_is_no_part_of_it() {
    let b = Bench::new();
    b.write("a.csv", "email\nada.winter@example.com\n");
    // A file of the same name elsewhere is somebody's.
    b.write("old/piimap.db", "email\nben.summer@example.com\n");
    for (run, (listed, read)) in [(2, 2), (2, 0)].into_iter().enumerate() {
        let scan = b.run(&["scan", ".", "--index", "piimap.db", "--format", "json"]);
        assert_eq!(scan.status, Some(0), "run {run}: {}{}", scan.stdout, scan.stderr);
        let scan: serde_json::Value = serde_json::from_str(&scan.stdout).unwrap();
        let got = (scan["objects"]["listed"].as_u64(), scan["objects"]["read"].as_u64());
        assert_eq!(got, (Some(listed), Some(read)), "run {run}: {scan}");
    }
}

#[test]
fn tests_of_classifiers_are_told_to_programs_and_errors_name_the_folder() {
    let b = Bench::new();
    let file = b.run(&["classifiers", "show", "us.ein"]).stdout;
    let (head, examples) = file.split_once("[[match]]").unwrap();
    b.write("own/us/ein.toml", &file);
    let good = b.run(&["classifiers", "test", "own", "--format", "json"]);
    assert_eq!((good.status, good.lines().len(), &good.json()["failures"]), (Some(0), 1, &0.into()), "{}", good.stdout);
    assert!(good.json()["classifiers"].as_u64() > Some(100));
    let wrong = "[[match]]\ntext = \"no number at all\"\nvalue = \"123456789\"\n\n";
    b.write("own/us/ein.toml", format!("{head}{wrong}[[match]]{examples}"));
    let bad = b.run(&["classifiers", "test", "own", "--format", "json"]);
    let lines = bad.lines();
    assert_eq!((bad.status, lines.len(), &lines[1]["failures"]), (Some(1), 2, &1.into()), "{}", bad.stdout);
    assert_eq!((&lines[0]["classifier"], &lines[0]["file"]), (&"us.ein".into(), &"own/us/ein.toml".into()));
    b.write("own/us/ein.toml", "id = 3\n");
    for args in [&["classifiers", "test", "own"][..], &["classifiers", "list", "--classifiers", "own"]] {
        let done = b.run(args);
        assert!(done.status == Some(2) && done.stderr.contains("own/us/ein.toml:1: "), "{args:?}: {}", done.stderr);
    }
}
