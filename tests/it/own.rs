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
