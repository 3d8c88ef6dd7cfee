//! What a region of an account has besides buckets and catalogues: databases, clusters, tables, log groups.
//!
//! Each kind is one request, page after page.

use aws_config::SdkConfig;
use quick_xml::events::Event;
use serde_json::{Value, json};

use super::Options;
use super::discover::Existing;
use super::signed::{Message, Service, Signed};
use crate::base::{Error, Reason, Result, Timestamp};

/// A kind of store, and how its names are asked for.
struct Kind {
    /// As answers name it.
    name: &'static str,
    /// What allows the request.
    right: &'static str,
    /// The service, as it is signed for, and its host's first part.
    service: &'static str,
    /// The environment's name of another server.
    endpoint: &'static str,
    ask: Ask,
    /// The field with the name of one, and the one with the moment of its birth (milliseconds or RFC 3339).
    fields: (&'static str, &'static str),
}

enum Ask {
    /// A form with an action and the version of the interface, answered in XML: the element of one, and the page's marker.
    Query { action: &'static str, version: &'static str, element: &'static str, more: &'static [(&'static str, &'static str)] },
    /// JSON to a target: the list in the answer; the marker's name in the request and in the answer.
    Json { target: &'static str, media: &'static str, list: &'static str, marker: (&'static str, &'static str) },
}

const RDS: &str = "2014-10-31";

const KINDS: &[Kind] = &[
    Kind {
        name: "rds_instance",
        right: "rds:DescribeDBInstances",
        service: "rds",
        endpoint: "AWS_ENDPOINT_URL_RDS",
        ask: Ask::Query { action: "DescribeDBInstances", version: RDS, element: "DBInstance", more: &[] },
        fields: ("DBInstanceIdentifier", "InstanceCreateTime"),
    },
    Kind {
        name: "rds_cluster",
        right: "rds:DescribeDBClusters",
        service: "rds",
        endpoint: "AWS_ENDPOINT_URL_RDS",
        ask: Ask::Query { action: "DescribeDBClusters", version: RDS, element: "DBCluster", more: &[] },
        fields: ("DBClusterIdentifier", "ClusterCreateTime"),
    },
    Kind {
        name: "rds_snapshot",
        right: "rds:DescribeDBSnapshots",
        service: "rds",
        endpoint: "AWS_ENDPOINT_URL_RDS",
        ask: Ask::Query {
            action: "DescribeDBSnapshots",
            version: RDS,
            element: "DBSnapshot",
            // The automatic ones come and go with their instance.
            more: &[("SnapshotType", "manual")],
        },
        fields: ("DBSnapshotIdentifier", "SnapshotCreateTime"),
    },
    Kind {
        name: "redshift_cluster",
        right: "redshift:DescribeClusters",
        service: "redshift",
        endpoint: "AWS_ENDPOINT_URL_REDSHIFT",
        ask: Ask::Query { action: "DescribeClusters", version: "2012-12-01", element: "Cluster", more: &[] },
        fields: ("ClusterIdentifier", "ClusterCreateTime"),
    },
    Kind {
        name: "dynamodb_table",
        right: "dynamodb:ListTables",
        service: "dynamodb",
        endpoint: "AWS_ENDPOINT_URL_DYNAMODB",
        ask: Ask::Json {
            target: "DynamoDB_20120810.ListTables",
            media: "application/x-amz-json-1.0",
            list: "TableNames",
            marker: ("ExclusiveStartTableName", "LastEvaluatedTableName"),
        },
        fields: ("", ""),
    },
    Kind {
        name: "log_group",
        right: "logs:DescribeLogGroups",
        service: "logs",
        endpoint: "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS",
        ask: Ask::Json {
            target: "Logs_20140328.DescribeLogGroups",
            media: "application/x-amz-json-1.1",
            list: "logGroups",
            marker: ("nextToken", "nextToken"),
        },
        fields: ("logGroupName", "creationTime"),
    },
];

/// The rights that the census asks for.
pub fn rights() -> Vec<&'static str> {
    KINDS.iter().map(|k| k.right).collect()
}

/// Lists all kinds; what may not be listed is in `failed`, with what would allow it.
pub(super) fn census(
    config: &SdkConfig,
    options: &Options,
    existing: &mut Vec<Existing>,
    failed: &mut Vec<(&'static str, Error)>,
) -> Result<()> {
    let signed = Signed::new(config, options)?;
    let mut unreached: Option<&str> = None;
    for kind in KINDS {
        if let Some(service) = unreached {
            failed.push((kind.name, Error::new(Reason::Network, format!("not asked, since the service {service} could not be reached"))));
            continue;
        }
        let done = list(kind, &signed, options);
        match done {
            Ok(found) => existing.extend(found.into_iter().map(|(name, created)| Existing {
                kind: kind.name,
                uri: format!("{}://{name}", kind.name.split('_').next().unwrap_or(kind.name)),
                name,
                created,
                region: signed.region().to_owned(),
                account: None,
            })),
            Err(e) if e.reason == Reason::AccessDenied => {
                failed.push((kind.name, Error::new(e.reason, format!("{}: allow {}", e.detail, kind.right))))
            }
            Err(e) => {
                // Where there is no way to one service of a region there is none to the others: each would cost minutes.
                unreached = e.detail.ends_with("could not be reached").then_some(kind.service);
                failed.push((kind.name, e));
            }
        }
    }
    Ok(())
}

/// Names with the moments of their births.
type Named = Vec<(String, Option<Timestamp>)>;

fn list(kind: &Kind, signed: &Signed, options: &Options) -> Result<Named> {
    let (mut all, mut marker) = (Vec::new(), None::<String>);
    loop {
        let (message, service) = (message(kind, marker.as_deref()), Service { name: kind.service, endpoint: kind.endpoint });
        let text = signed.ask(&service, &message, options)?;
        let garbled = || Error::new(Reason::Malformed, "the answer is not what it should be");
        let (found, next) = match &kind.ask {
            Ask::Query { element, .. } => from_xml(&text, element, kind.fields).ok_or_else(garbled)?,
            Ask::Json { list, marker, .. } => from_json(&text, list, marker.1, kind.fields).ok_or_else(garbled)?,
        };
        all.extend(found);
        match next {
            None => return Ok(all),
            Some(next) if marker.as_ref() == Some(&next) => {
                return Err(Error::new(Reason::Io, "the server says there are more entries and does not give them"));
            }
            next => marker = next,
        }
    }
}

/// The request for one page.
fn message(kind: &Kind, marker: Option<&str>) -> Message {
    match &kind.ask {
        Ask::Query { action, version, more, .. } => {
            let mut fields = vec![("MaxRecords", "100")];
            fields.extend(more.iter().copied());
            fields.extend(marker.map(|m| ("Marker", m)));
            Message::form(action, version, &fields)
        }
        Ask::Json { target, media, marker: (name, _), .. } => {
            Message { path: "/", media, target: Some(target), body: marker.map_or(json!({}), |m| json!({ *name: m })).to_string() }
        }
    }
}

fn from_json(text: &str, list: &str, marker: &str, fields: (&str, &str)) -> Option<(Named, Option<String>)> {
    let json: Value = serde_json::from_str(text).ok()?;
    let one = |v: &Value| match v {
        Value::String(name) => Some((name.clone(), None)),
        v => Some((v[fields.0].as_str()?.to_owned(), v[fields.1].as_i64().map(Timestamp))),
    };
    let found = json[list].as_array()?.iter().filter_map(one).collect();
    Some((found, json[marker].as_str().filter(|m| !m.is_empty()).map(str::to_owned)))
}

/// Entries by the element of one, whose fields lie directly in it; and the page's marker, which lies beside the list.
pub(super) fn from_xml(text: &str, element: &str, fields: (&str, &str)) -> Option<(Named, Option<String>)> {
    let mut reader = quick_xml::Reader::from_str(text);
    let (mut path, mut found, mut marker) = (Vec::<String>::new(), Named::new(), None::<String>);
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                path.push(start.local_name().as_ref().to_owned());
                if path.last().is_some_and(|last| last == element) {
                    found.push((String::new(), None));
                }
            }
            Event::End(_) => drop(path.pop()),
            Event::Text(t) => {
                let text = t.to_string();
                match path.as_slice() {
                    [.., above, field] if above == element => {
                        if let Some(last) = found.last_mut() {
                            match field {
                                f if f == fields.0 => last.0 += &text,
                                f if f == fields.1 => last.1 = Timestamp::parse(text.trim()),
                                _ => {}
                            }
                        }
                    }
                    [.., above, field] if field == "Marker" && above.ends_with("Result") => {
                        marker.get_or_insert_with(String::new).push_str(&text);
                    }
                    _ => {}
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    found.retain(|f| !f.0.is_empty());
    Some((found, marker.filter(|m| !m.trim().is_empty())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_lists_of_names() {
        let xml = "<?xml version=\"1.0\"?><DescribeDBInstancesResponse xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><DescribeDBInstancesResult>\
            <DBInstances><DBInstance><DBInstanceIdentifier>shop</DBInstanceIdentifier><InstanceCreateTime>2026-11-01T10:00:00Z</InstanceCreateTime>\
            <DBSubnetGroup><DBInstanceIdentifier>inner</DBInstanceIdentifier></DBSubnetGroup></DBInstance>\
            <DBInstance><DBInstanceIdentifier>crm</DBInstanceIdentifier></DBInstance></DBInstances><Marker>m 1</Marker></DescribeDBInstancesResult></DescribeDBInstancesResponse>";
        let (found, marker) = from_xml(xml, "DBInstance", ("DBInstanceIdentifier", "InstanceCreateTime")).unwrap();
        assert_eq!(found, [("shop".to_owned(), Timestamp::parse("2026-11-01T10:00:00Z")), ("crm".to_owned(), None)]);
        assert_eq!(marker.as_deref(), Some("m 1"));
        assert_eq!(from_xml("<a/>", "DBInstance", ("x", "y")), Some((vec![], None)));
        assert_eq!(from_xml("<a><b", "DBInstance", ("x", "y")), None);
        let tables =
            from_json(r#"{"TableNames":["a","b"],"LastEvaluatedTableName":"b"}"#, "TableNames", "LastEvaluatedTableName", ("", ""))
                .unwrap();
        assert_eq!((tables.0.len(), tables.1.as_deref()), (2, Some("b")));
        let groups = from_json(
            r#"{"logGroups":[{"logGroupName":"/aws/x","creationTime":5}]}"#,
            "logGroups",
            "nextToken",
            ("logGroupName", "creationTime"),
        );
        assert_eq!(groups, Some((vec![("/aws/x".to_owned(), Some(Timestamp(5)))], None)));
        assert_eq!(from_json("{}", "TableNames", "x", ("", "")), None);
    }
}
