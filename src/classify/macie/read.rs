//! The JSON of Macie's interface: custom data identifiers and allow lists, one by one, in lists, or several documents in a row.

use serde_json::Value;

use crate::classify::{Severity, SeverityLevel};

/// One thing that a file of Macie names.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    /// A custom data identifier.
    Identifier(Identifier),
    /// An allow list.
    List(AllowList),
    /// Named, but of no use: its name and why.
    Unusable(String, String),
}

/// A custom data identifier, as Macie says it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Identifier {
    pub id: String,
    pub arn: String,
    pub name: String,
    pub description: String,
    pub regex: String,
    pub keywords: Vec<String>,
    pub ignore: Vec<String>,
    pub distance: Option<u64>,
    pub levels: Vec<SeverityLevel>,
    pub tags: Vec<(String, String)>,
}

/// An allow list.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct AllowList {
    pub name: String,
    pub arn: String,
    pub description: String,
    pub regex: Option<String>,
    /// `s3://bucket/key` of a file of words.
    pub words: Option<String>,
}

/// Everything that `json` names; an error says where it is no JSON.
pub(super) fn items(json: &str) -> Result<Vec<Item>, String> {
    let mut out = Vec::new();
    for value in serde_json::Deserializer::from_str(json).into_iter::<Value>() {
        // PRIVACY: the parser's own message may quote the file.
        let value = value.map_err(|e| format!("line {}, column {}: this is no JSON", e.line(), e.column()))?;
        collect(&value, &mut out, 0);
    }
    Ok(out)
}

fn collect(value: &Value, out: &mut Vec<Item>, depth: usize) {
    if let Value::Array(all) = value {
        all.iter().filter(|_| depth < 8).for_each(|v| collect(v, out, depth + 1));
        return;
    }
    let text = |key: &str| get(value, key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let name = [text("name"), text("id"), text("arn")].into_iter().find(|n| !n.is_empty());
    if get(value, "regex").is_some() {
        out.push(identifier(value, name.unwrap_or_default()));
    } else if let Some(criteria) = get(value, "criteria") {
        let words = get(criteria, "s3WordsList");
        let part = |key: &str| words.and_then(|w| get(w, key)).and_then(Value::as_str).unwrap_or_default();
        out.push(Item::List(AllowList {
            name: name.unwrap_or_default(),
            arn: text("arn"),
            description: text("description"),
            regex: get(criteria, "regex").and_then(Value::as_str).map(str::to_owned),
            words: words.map(|_| format!("s3://{}/{}", part("bucketName"), part("objectKey"))),
        }));
    } else {
        let mut inside = false;
        for key in ["items", "customDataIdentifiers", "allowLists"] {
            if let Some(all) = get(value, key).filter(|_| depth < 8) {
                inside = true;
                collect(all, out, depth + 1);
            }
        }
        for missing in get(value, "notFoundIdentifierIds").and_then(Value::as_array).into_iter().flatten() {
            let id = missing.as_str().unwrap_or_default().to_owned();
            out.push(Item::Unusable(id, "Macie did not find it".to_owned()));
        }
        if get(value, "nextToken").is_some_and(|t| !t.is_null()) {
            out.push(Item::Unusable("(the rest of the list)".into(), "the list goes on: ask Macie for its next page, too".into()));
        }
        if let Some(name) = name.filter(|_| !inside) {
            let (verb, id) = if text("arn").contains(":allow-list/") {
                ("get-allow-list", text("id"))
            } else {
                ("get-custom-data-identifier", text("id"))
            };
            let why = format!("a list names it only; `aws macie2 {verb} --id {id}` gives all of it");
            out.push(Item::Unusable(name, why));
        }
    }
}

fn identifier(value: &Value, name: String) -> Item {
    let text = |key: &str| get(value, key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let list = |key: &str| -> Vec<String> {
        let all = get(value, key).and_then(Value::as_array).into_iter().flatten();
        all.filter_map(|v| v.as_str().map(str::to_owned)).collect()
    };
    if get(value, "deleted").and_then(Value::as_bool) == Some(true) {
        return Item::Unusable(name, "it is deleted in Macie".to_owned());
    }
    let mut levels = Vec::new();
    for level in get(value, "severityLevels").and_then(Value::as_array).into_iter().flatten() {
        let severity = match get(level, "severity").and_then(Value::as_str) {
            Some("LOW") => Severity::Low,
            Some("MEDIUM") => Severity::Medium,
            Some("HIGH") => Severity::High,
            _ => return Item::Unusable(name, "a severity level is none of LOW, MEDIUM and HIGH".to_owned()),
        };
        let occurrences = get(level, "occurrencesThreshold").and_then(Value::as_u64).unwrap_or(1).max(1);
        levels.push(SeverityLevel { occurrences, severity });
    }
    levels.sort_by_key(|l| l.occurrences);
    let tags = get(value, "tags").and_then(Value::as_object).into_iter().flatten();
    Item::Identifier(Identifier {
        id: text("id"),
        arn: text("arn"),
        name,
        description: text("description"),
        regex: text("regex"),
        keywords: list("keywords"),
        ignore: list("ignoreWords"),
        distance: get(value, "maximumMatchDistance").and_then(Value::as_u64),
        levels,
        tags: tags.map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().to_owned())).collect(),
    })
}

/// The value of a key, as Macie's interface writes it (`maximumMatchDistance`) or CloudFormation does (`MaximumMatchDistance`).
fn get<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    let object = value.as_object()?;
    object.get(key).or_else(|| {
        let mut chars = key.chars();
        let upper: String = chars.next()?.to_uppercase().chain(chars).collect();
        object.get(&upper)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_are_read() {
        let one = r#"{"id":"a1","arn":"arn:aws:macie2:::custom-data-identifier/a1","name":"Badge","regex":"[A-Z]{3}\\d{4}","keywords":["badge"],
            "maximumMatchDistance":40,"severityLevels":[{"occurrencesThreshold":50,"severity":"HIGH"},{"occurrencesThreshold":1,"severity":"LOW"}],
            "tags":{"team":"hr"},"createdAt":"2026-01-01T00:00:00Z","deleted":false}"#;
        let names = |json: &str| -> Vec<String> {
            let name = |i: &Item| match i {
                Item::Identifier(i) => format!("identifier {}", i.name),
                Item::List(l) => format!("list {}", l.name),
                Item::Unusable(n, why) => format!("{n}: {why}"),
            };
            items(json).unwrap().iter().map(name).collect()
        };
        assert_eq!(names(one), ["identifier Badge"]);
        assert_eq!(names(&format!("{one}\n{one}")), ["identifier Badge", "identifier Badge"]);
        assert_eq!(names(&format!("[{one}, {{}}, 7]")), ["identifier Badge"]);
        let Item::Identifier(i) = &items(one).unwrap()[0] else { panic!("no identifier") };
        assert_eq!((i.distance, i.levels[0].occurrences, i.levels[1].severity), (Some(40), 1, Severity::High));
        assert_eq!(i.tags, [("team".to_owned(), "hr".to_owned())]);
        for (json, want) in [
            (r#"{"items":[{"id":"a1","name":"Badge"}],"nextToken":"x"}"#, "(the rest of the list): the list goes on"),
            (r#"{"items":[{"id":"a1","name":"Badge"}]}"#, "Badge: a list names it only; `aws macie2 get-custom-data-identifier --id a1`"),
            (r#"{"customDataIdentifiers":[],"notFoundIdentifierIds":["z9"]}"#, "z9: Macie did not find it"),
            (
                r#"{"allowLists":[{"arn":"arn:aws:macie2:::allow-list/l1","id":"l1","name":"Names"}]}"#,
                "Names: a list names it only; `aws macie2 get-allow-list --id l1`",
            ),
            (r#"{"name":"Words","criteria":{"s3WordsList":{"bucketName":"b","objectKey":"k.txt"}}}"#, "list Words"),
            (r#"{"Name":"Cfn","Regex":"\\d{9}"}"#, "identifier Cfn"),
            (r#"{"name":"Old","regex":"x\\d","deleted":true}"#, "Old: it is deleted"),
        ] {
            let got = names(json).join("\n");
            assert!(got.contains(want), "{json}: {got}");
        }
        assert_eq!(items("{\"name\": oops}"), Err("line 1, column 10: this is no JSON".to_owned()));
    }
}
