use super::*;

fn one(json: &str) -> Import {
    let mut all = import(json).unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

#[test]
fn identifiers_become_files_that_pass_their_test() {
    let json = r#"[
      {"id":"3b7f","arn":"arn:aws:macie2:us-east-1:111122223333:custom-data-identifier/3b7f","name":"Employee ID","regex":"EMP-[0-9]{7}",
       "description":"Numbers of\nour staff","keywords":["Employee ID:","staff no"],"ignoreWords":["EMP-0000"],"maximumMatchDistance":20,
       "severityLevels":[{"occurrencesThreshold":1,"severity":"LOW"},{"occurrencesThreshold":100,"severity":"HIGH"}],"tags":{"team":"hr"}},
      {"name":"Project","regex":"[A-Z]{4}[0-9]{2}-[A-Z]+"},
      {"name":"Whole line","regex":"^QX\\d{8}$"},
      {"name":"Looks back","regex":"(?<=x)\\d{4}"},
      {"name":"Any nine","regex":"\\d{3}-?\\d{2}-?\\d{4}"},
      {"name":"Anything","regex":".+"}
    ]"#;
    let all = import(json).unwrap();
    let mut files = Vec::new();
    for i in &all {
        match &i.outcome {
            Outcome::Classifier { path, text, .. } => files.push((path.clone(), text.clone())),
            Outcome::Failed(why) => {
                let says = match i.name.as_str() {
                    "Looks back" => "look-behind",
                    "Anything" | "Any nine" => "",
                    name => panic!("{name}: {why}"),
                };
                assert!(why.contains(says) && !why.is_empty(), "{}: {why}", i.name);
            }
            Outcome::Allow { .. } => panic!("no list"),
        }
    }
    assert!(files.len() >= 3, "{all:?}");
    let set = Classifiers::with_extra(files.clone()).unwrap();
    assert_eq!(set.test_examples(&|id| id.starts_with("macie.")), []);
    let c = set.get(set.index_of("macie.employee_id").unwrap());
    assert_eq!((c.severity.name(), c.severity_of(99).unwrap().name(), c.severity_of(100).unwrap().name()), ("high", "low", "high"));
    let mut scratch = Scratch::new(&set);
    for (text, field, want) in [
        ("Employee ID: EMP-1234567", None, true),
        ("employee_id = EMP-1234567", None, true),
        ("EMP-1234567", None, false),
        ("Employee ID: EMP-0000567", None, false),
        ("Staff No and then more EMP-1234567", None, false),
        ("EMP-1234567", Some("staff_no"), true),
    ] {
        let found = set.found_in(&mut scratch, text, field);
        assert_eq!(found.iter().any(|m| set.get(m.classifier).id == "macie.employee_id"), want, "{text}");
    }
    let text = &files.iter().find(|f| f.0 == "macie/employee_id.toml").unwrap().1;
    for line in
        ["# Description: Numbers of our staff", "# Tag: team = hr", "ignore = [\"EMP-0000\"]", "keywords = [\"employee id\", \"staff no\"]"]
    {
        assert!(text.contains(line), "{line} is missing:\n{text}");
    }
}

#[test]
fn lists_become_entries_or_say_what_to_do() {
    let regex = one(r#"{"name":"Ours","criteria":{"regex":"[a-z]+@example\\.com"},"description":"own addresses"}"#);
    let Outcome::Allow { text, notes } = regex.outcome else { panic!("{regex:?}") };
    assert!(text.contains("regex = '''[a-z]{1,65}@example\\.com'''") && text.contains("reason = \"own addresses\""), "{text}");
    assert!(notes.iter().any(|n| n.contains("owner")));
    let words = one(r#"{"name":"Names","criteria":{"s3WordsList":{"bucketName":"b","objectKey":"lists/n.txt"}}}"#);
    let Outcome::Allow { text, .. } = words.outcome else { panic!("{words:?}") };
    assert!(text.contains("aws s3 cp s3://b/lists/n.txt - | piimap classifiers allow -") && text.lines().all(|l| l.starts_with('#')));
    assert!(matches!(one(r#"{"name":"None","criteria":{}}"#).outcome, Outcome::Failed(_)));
}

#[test]
fn names_that_are_the_same_become_different_files() {
    let json = r#"[{"name":"A b","regex":"QXA-\\d{6}"},{"name":"a-B","regex":"QXB-\\d{6}"}]"#;
    let ids: Vec<_> = import(json)
        .unwrap()
        .into_iter()
        .map(|i| match i.outcome {
            Outcome::Classifier { id, .. } => id,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(ids, ["macie.a_b", "macie.a_b_2"]);
    assert_eq!(import("[]"), Ok(vec![]));
    assert!(import("{").is_err());
}
