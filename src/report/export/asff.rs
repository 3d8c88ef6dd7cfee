//! Findings in the AWS Security Finding Format, for `BatchImportFindings` of Security Hub.
//!
//! Source: the service model of `securityhub` in botocore (shapes `AwsSecurityFinding`, `Resource`, `DataClassificationDetails` and what they
//! hold) and the limits of the format: title 256 characters, description 1,024, 240 KB a finding, 100 findings a request.

use serde_json::{Map, Value, json};

use super::macie::{Classified, classified, is_etag};
use super::ocsf::severity;
use super::{bucket_of, file_name};
use crate::classify::Classifiers;
use crate::query::ExportedObject;
use crate::report::text::plural;

/// Places of each type: as many as a finding of Macie has.
pub const ASFF_PLACES: usize = 15;

/// Who imports the findings.
#[derive(Clone, Debug)]
pub struct Account {
    /// 12 digits.
    pub id: String,
    /// Of Security Hub.
    pub region: String,
}

impl Account {
    fn partition(&self) -> &'static str {
        match self.region.as_str() {
            r if r.starts_with("cn-") => "aws-cn",
            r if r.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }
}

/// The finding of an object; `None` where nothing was found that counts. Its id is that of the object, whatever the version: what
/// is imported again brings the finding up to date.
pub fn asff_finding(o: &ExportedObject, classifiers: &Classifiers, account: &Account) -> Option<Value> {
    let found = classified(o, classifiers, ASFF_PLACES);
    if found.count == 0 {
        return None;
    }
    let Account { id, region } = account;
    let partition = account.partition();
    let level = |f: &crate::query::ExportedFinding| severity(classifiers.index_of(&f.classifier).map(|i| classifiers.get(i)), f.count).0;
    let label = match o.findings.iter().filter(|f| f.counts()).map(level).max() {
        Some(5) => "CRITICAL",
        Some(4) => "HIGH",
        Some(3) => "MEDIUM",
        Some(2) => "LOW",
        _ => "INFORMATIONAL",
    };
    let kinds = o.findings.iter().filter(|f| f.counts()).map(|f| f.classifier.as_str()).collect::<std::collections::BTreeSet<_>>();
    let names = kinds.iter().copied().collect::<Vec<_>>().join(", ");
    let values = plural(found.count, "value");
    let place = bucket_of(&o.uri).map_or(o.uri.as_str(), |b| b.2);
    Some(json!({
        "SchemaVersion": "2018-10-08",
        "Id": object_id(o),
        "ProductArn": format!("arn:{partition}:securityhub:{region}:{id}:product/{id}/default"),
        "ProductName": "piimap",
        "CompanyName": "piimap",
        "GeneratorId": "piimap",
        "AwsAccountId": id,
        "Types": types(&found),
        "FirstObservedAt": o.first_seen.to_string(),
        "LastObservedAt": o.last_seen.to_string(),
        "CreatedAt": o.first_seen.to_string(),
        "UpdatedAt": o.last_seen.to_string(),
        "Severity": {"Label": label},
        "Title": cut(&format!("Personal data in {}", file_name(place)), 256),
        "Description": cut(&format!("{values} in {}: {names}", o.uri), 1024),
        "ProductFields": {"piimap/dataset": cut(&o.dataset, 1024), "piimap/version": cut(&o.version, 1024)},
        "Resources": resources(o, found.result, account),
        "RecordState": "ACTIVE",
    }))
}

/// 64 hex digits of an object, whatever its version.
fn object_id(o: &ExportedObject) -> String {
    let mut h = blake3::Hasher::new();
    h.update(o.uri.as_bytes());
    if let Some(name) = &o.sealed {
        h.update(name);
    }
    format!("piimap/{}", h.finalize().to_hex())
}

/// The kinds of a finding in the taxonomy of the format.
fn types(found: &Classified) -> Vec<&'static str> {
    let mut out: Vec<&str> = found
        .categories
        .iter()
        .map(|c| match *c {
            "CREDENTIALS" => "Sensitive Data Identifications/Passwords",
            "FINANCIAL_INFORMATION" => "Sensitive Data Identifications/Financial",
            _ => "Sensitive Data Identifications/PII",
        })
        .collect();
    if out.is_empty() {
        out.push("Sensitive Data Identifications/PII");
    }
    out
}

fn resources(o: &ExportedObject, result: Value, account: &Account) -> Value {
    let data = json!({"Result": capitals(result)});
    let Some((_, bucket, key)) = bucket_of(&o.uri).filter(|b| b.0 == "s3") else {
        return json!([{"Type": "Other", "Id": cut(&o.uri, 512), "DataClassification": data}]);
    };
    let partition = account.partition();
    let arn = format!("arn:{partition}:s3:::{bucket}");
    let mut details = json!({(if is_etag(&o.version) { "ETag" } else { "VersionId" }): o.version});
    if let Some(t) = o.modified {
        details["LastModified"] = t.to_string().into();
    }
    json!([
        {"Type": "AwsS3Bucket", "Id": arn, "Partition": partition, "Region": account.region},
        {
            "Type": "AwsS3Object", "Id": format!("{arn}/{key}"), "Partition": partition, "Region": account.region,
            "DataClassification": data, "Details": {"AwsS3Object": details},
        },
    ])
}

/// The same with names that begin with a capital. Texts that are blank are no texts to this format and are left out.
fn capitals(v: Value) -> Value {
    match v {
        Value::Object(members) => {
            let blank = |v: &Value| v.as_str().is_some_and(|s| s.trim().is_empty());
            let one = |(name, v): (String, Value)| {
                let mut letters = name.chars();
                let first = letters.next().map(|c| c.to_ascii_uppercase());
                (first.into_iter().chain(letters).collect(), capitals(v))
            };
            Value::Object(members.into_iter().filter(|m| !blank(&m.1)).map(one).collect::<Map<String, Value>>())
        }
        Value::Array(all) => Value::Array(all.into_iter().map(capitals).collect()),
        other => other,
    }
}

/// At most so many characters.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::PlaceList;
    use crate::report::export::tests::example;

    #[test]
    fn a_finding_names_bucket_and_object() {
        let all = Classifiers::builtin();
        let account = Account { id: "111122223333".into(), region: "us-gov-west-1".into() };
        let mut o = example("s3://b/x/k.csv", "phone", "generic.phone");
        o.findings[0].places = Some(PlaceList::Rows(vec![(0, 100)]));
        let f = asff_finding(&o, &all, &account).unwrap();
        assert_eq!(f["ProductArn"], "arn:aws-us-gov:securityhub:us-gov-west-1:111122223333:product/111122223333/default");
        assert_eq!(
            (&f["Resources"][0]["Id"], &f["Resources"][1]["Id"]),
            (&json!("arn:aws-us-gov:s3:::b"), &json!("arn:aws-us-gov:s3:::b/x/k.csv"))
        );
        let detection = &f["Resources"][1]["DataClassification"]["Result"]["SensitiveData"][0]["Detections"][0];
        assert_eq!(
            (&detection["Type"], detection["Occurrences"]["Cells"].as_array().unwrap().len()),
            (&json!("PHONE_NUMBER"), ASFF_PLACES)
        );
        assert_eq!(f["Types"], json!(["Sensitive Data Identifications/PII"]));
        // Another version is the same finding; another object another.
        let id = f["Id"].clone();
        o.version = "2".into();
        assert_eq!(asff_finding(&o, &all, &account).unwrap()["Id"], id);
        o.uri = format!("/home/{}", "é".repeat(3000));
        let f = asff_finding(&o, &all, &account).unwrap();
        assert!(f["Id"] != id && f["Resources"][0]["Type"] == "Other");
        assert_eq!(f["Resources"][0]["Id"].as_str().unwrap().chars().count(), 512);
        assert_eq!((f["Title"].as_str().unwrap().chars().count(), f["Description"].as_str().unwrap().chars().count()), (256, 1024));
        o.findings.clear();
        assert!(asff_finding(&o, &all, &account).is_none());
    }
}
