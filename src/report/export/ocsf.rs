//! Data Security Findings of the Open Cybersecurity Schema Framework.
//!
//! Source: ocsf/ocsf-schema, version 1.6.0: class `data_security_finding` (2006), objects `finding_info`, `data_security`
//! with `classifier_details`, `discovery_details` and `occurrence_details`, `databucket`, `file`, profile `cloud`. What
//! later versions added is left out. What a schema's attribute could hold a value in (`pattern_match`, `value`) stays away.

use serde_json::{Map, Value, json};

use super::places::{Spot, spots};
use super::{bucket_of, file_name, finding_id};
use crate::classify::{Classifier, Classifiers, Severity};
use crate::query::{ExportedFinding, ExportedObject};

/// Places of one finding.
pub const OCSF_PLACES: usize = 15;

const VERSION: &str = "1.6.0";

/// The findings of an object, one for each field and classifier of it or of a member. What somebody judged wrong or test data
/// is a finding that is suppressed.
pub fn ocsf_findings(o: &ExportedObject, classifiers: &Classifiers) -> Vec<Value> {
    o.findings.iter().map(|f| finding(o, f, classifiers)).collect()
}

fn finding(o: &ExportedObject, f: &ExportedFinding, classifiers: &Classifiers) -> Value {
    let class = classifiers.index_of(&f.classifier).map(|i| classifiers.get(i));
    let title = class.map_or(f.classifier.as_str(), |c| c.title.as_str());
    let new = o.first_seen == o.last_seen;
    let (activity_id, activity) = if new { (1, "Create") } else { (2, "Update") };
    let whole = o.findings.iter().filter(|g| g.classifier == f.classifier).map(|g| g.count).sum();
    let (severity_id, severity) = severity(class, whole);
    let (confidence_id, confidence) = match f.confidence {
        c if c < 0.5 => (1, "Low"),
        c if c < 0.8 => (2, "Medium"),
        _ => (3, "High"),
    };
    let (status_id, status) = if f.counts() { (1, "New") } else { (3, "Suppressed") };
    let place = if f.field.is_empty() { "text".to_owned() } else { format!("field {}", f.field) };
    let member = f.member.as_ref().map(|m| format!("{m} of ")).unwrap_or_default();
    let store = bucket_of(&o.uri);
    let mut metadata = json!({
        "version": VERSION,
        "product": {"name": "piimap", "vendor_name": "piimap", "version": env!("CARGO_PKG_VERSION")},
    });
    let mut event = json!({
        "activity_id": activity_id, "activity_name": activity,
        "category_uid": 2, "category_name": "Findings",
        "class_uid": 2006, "class_name": "Data Security Finding",
        "type_uid": 200_600 + activity_id, "type_name": format!("Data Security Finding: {activity}"),
        "severity_id": severity_id, "severity": severity,
        "confidence_id": confidence_id, "confidence": confidence, "confidence_score": (f.confidence * 100.0).round() as u64,
        "status_id": status_id, "status": status,
        "time": o.last_seen.0,
        "finding_info": {
            "uid": finding_id(o, f), "title": format!("{title} in {place} of {member}{}", o.uri), "types": ["Sensitive Data"],
            "created_time": o.first_seen.0, "first_seen_time": o.first_seen.0, "last_seen_time": o.last_seen.0,
        },
        "file": file(o),
        "data_security": data_security(o, f, title),
        "unmapped": {"dataset": o.dataset, "version": o.version, "member": f.member, "field": f.field, "element": f.element},
    });
    if let Some((scheme, bucket, _)) = store {
        let (provider, type_id, kind) = if scheme == "s3" { ("AWS", 1, "S3") } else { ("GCP", 3, "GCP Bucket") };
        event["databucket"] = json!({"type_id": type_id, "type": kind, "name": bucket});
        if scheme == "s3" {
            event["databucket"]["uid"] = format!("arn:aws:s3:::{bucket}").into();
        }
        event["cloud"] = json!({"provider": provider});
        metadata["profiles"] = json!(["cloud"]);
    }
    if let Some(word) = f.verdict {
        event["comment"] = format!("judged: {}", word.name()).into();
    }
    event["metadata"] = metadata;
    event
}

fn file(o: &ExportedObject) -> Value {
    let path = bucket_of(&o.uri).map_or(o.uri.as_str(), |b| b.2);
    let mut file = json!({"name": file_name(path), "path": o.uri, "type_id": 1, "type": "Regular File", "size": o.size});
    if let Some(t) = o.modified {
        file["modified_time"] = t.0.into();
    }
    file
}

fn data_security(o: &ExportedObject, f: &ExportedFinding, title: &str) -> Value {
    let (category_id, category) = category(&f.element);
    let (status_id, status) = match o.status.as_str() {
        "read" => (1, "Complete"),
        "partial" => (2, "Partial"),
        _ => (3, "Fail"),
    };
    let mut details = json!({"type": f.classifier, "count": f.count});
    let occurrences = occurrences(o, f);
    if !occurrences.is_empty() {
        details["occurrences"] = occurrences.into();
    }
    let mut out = json!({
        "category_id": category_id, "category": category,
        "data_lifecycle_state_id": 1, "data_lifecycle_state": "Data at-Rest",
        "detection_system_id": 4, "detection_system": "Data Discovery & Classification",
        "status_id": status_id, "status": status,
        "total": f.count, "size": o.size,
        "classifier_details": {"type": f.element, "name": title, "uid": f.classifier},
        "discovery_details": [details],
    });
    if !o.reasons.is_empty() {
        out["status_details"] = json!(o.reasons);
    }
    out
}

/// The first places; of bytes in a named field its name alone, since the schema knows no offsets, and of bytes in running
/// text none.
fn occurrences(o: &ExportedObject, f: &ExportedFinding) -> Vec<Value> {
    // Of an archive's members the names alone are known.
    let format = match &f.member {
        None => o.format.as_deref().unwrap_or(""),
        Some(m) => m.rsplit('.').next().filter(|e| ["csv", "tsv", "pdf"].contains(e)).unwrap_or(""),
    };
    let mut out: Vec<Value> = Vec::new();
    for spot in spots(format, f, OCSF_PLACES).0 {
        let mut at = Map::new();
        match spot {
            Spot::Cell { row, name, column } => {
                at.insert("row_number".into(), row.into());
                at.insert("column_name".into(), name.into());
                at.extend(column.map(|n| ("column_number".to_owned(), n.into())));
            }
            Spot::Record { index, path } => {
                at.insert("record_index_in_array".into(), index.into());
                at.insert("json_path".into(), path.into());
            }
            Spot::Page(n) => drop(at.insert("page_number".into(), n.into())),
            Spot::Bytes(..) if out.is_empty() && !f.field.is_empty() => drop(at.insert("column_name".into(), f.field.clone().into())),
            Spot::Bytes(..) => continue,
        }
        out.push(at.into());
    }
    out
}

/// `severity_id` and its caption for so many values in one object.
pub(super) fn severity(class: Option<&Classifier>, count: u64) -> (u8, &'static str) {
    let Some(class) = class else { return (0, "Unknown") };
    let level = match class.severity_levels.as_slice() {
        [] => Some(class.severity),
        levels => levels.iter().rev().find(|l| l.occurrences <= count).map(|l| l.severity),
    };
    match level {
        None => (1, "Informational"),
        Some(Severity::Low) => (2, "Low"),
        Some(Severity::Medium) => (3, "Medium"),
        Some(Severity::High) => (4, "High"),
        Some(Severity::Critical) => (5, "Critical"),
    }
}

/// `category_id` and its caption for a data element, as the schema describes them: numbers that a government gives to a person are
/// governmental, IP addresses are security.
fn category(element: &str) -> (u8, &'static str) {
    const GOVERNMENTAL: &[&str] = &[
        "ssn",
        "itin_tax_id",
        "employer_tax_id",
        "driver_license",
        "state_id",
        "passport",
        "military_id",
        "alien_registration_number",
        "tribal_id",
        "other_gov_id",
        "voter_id",
        "irs_ip_pin",
    ];
    const FINANCIAL: &[&str] = &[
        "bank_account_number",
        "routing_number",
        "payment_card_number",
        "card_expiry",
        "cvv",
        "account_plus_code",
        "pin",
        "income_credit_score",
        "salary",
        "tax_return_data",
    ];
    const SECURITY: &[&str] = &[
        "password",
        "security_answer",
        "username_plus_password",
        "api_key_token",
        "private_key",
        "access_code",
        "shared_secret",
        "ip_address",
    ];
    match element {
        e if GOVERNMENTAL.contains(&e) => (2, "Governmental"),
        e if FINANCIAL.contains(&e) => (3, "Financial"),
        e if SECURITY.contains(&e) => (6, "Security"),
        _ => (1, "Personal"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::PlaceList;
    use crate::query::Word;
    use crate::report::export::tests::example;

    #[test]
    fn categories_name_elements_of_law() {
        for (element, want) in [("ssn", 2), ("irs_ip_pin", 2), ("cvv", 3), ("tax_return_data", 3), ("password", 6), ("ip_address", 6)] {
            assert!(crate::law::is_element(element) && category(element).0 == want, "{element}");
        }
        assert_eq!(category("email"), (1, "Personal"));
    }

    #[test]
    fn a_bucket_and_a_verdict_are_told() {
        let classifiers = Classifiers::builtin();
        let mut o = example("s3://b/x/\"k\".csv", "e\n\"mail", "generic.email");
        o.findings[0].places = Some(PlaceList::Bytes(vec![(1, 2), (3, 4)]));
        let e = &ocsf_findings(&o, &classifiers)[0];
        assert_eq!(e["databucket"], json!({"type_id": 1, "type": "S3", "name": "b", "uid": "arn:aws:s3:::b"}));
        assert_eq!((&e["file"]["name"], &e["status_id"], &e["type_uid"]), (&json!("\"k\".csv"), &json!(1), &json!(200_602)));
        assert_eq!(e["data_security"]["discovery_details"][0]["occurrences"], json!([{"column_name": "e\n\"mail"}]));
        assert_eq!(e.to_string().lines().count(), 1);
        o.findings[0].places = Some(PlaceList::Rows(vec![(4, 5)]));
        for (member, want) in
            [("x/a.csv", json!({"row_number": 5, "column_name": "e"})), ("a.bin", json!({"record_index_in_array": 4, "json_path": "$.e"}))]
        {
            (o.findings[0].member, o.findings[0].field) = (Some(member.into()), "e".into());
            assert_eq!(ocsf_findings(&o, &classifiers)[0]["data_security"]["discovery_details"][0]["occurrences"], json!([want]));
        }
        o.findings[0].verdict = Some(Word::Wrong);
        o.uri = "/x/k.csv".into();
        let e = &ocsf_findings(&o, &classifiers)[0];
        assert_eq!((&e["status_id"], &e["databucket"], &e["cloud"]), (&json!(3), &Value::Null, &Value::Null));
        assert_eq!(severity(None, 1), (0, "Unknown"));
    }
}
