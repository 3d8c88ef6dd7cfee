//! `piimap init`.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};

use super::kms::CONTEXT;
use super::{Exit, Setting, output};
use crate::source;

/// Write a commented piimap.toml, or print the least IAM policy for its sources
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  piimap init s3://my-bucket/exports /srv/crm      then: piimap scan
  piimap init --iam-policy s3://my-bucket/exports  what AWS must allow, and nothing more
  piimap init --iam-policy --kms arn:aws:kms:eu-west-1:111122223333:alias/piimap")]
pub(super) struct Init {
    /// Sources to name in it
    #[arg(value_name = "SOURCE")]
    sources: Vec<String>,
    /// Print the least IAM policy that reads the sources (or those of piimap.toml) instead
    #[arg(long)]
    iam_policy: bool,
    /// With --iam-policy: allow reading versions that were overwritten or deleted, too
    #[arg(long, requires = "iam_policy")]
    all_versions: bool,
    /// With --iam-policy: allow `piimap sources discover`, too
    #[arg(long, requires = "iam_policy")]
    discover: bool,
    /// With --iam-policy: allow taking messages from this queue (`scan --changes`), too
    #[arg(long, value_name = "sqs://QUEUE-URL", requires = "iam_policy")]
    changes: Option<String>,
    /// With --iam-policy: allow `piimap publish` to the tables of glue:// sources, too
    #[arg(long, requires = "iam_policy")]
    publish: bool,
    /// With --iam-policy: allow having the key of the index encrypted and decrypted by this key of AWS KMS, too
    #[arg(long, value_name = "KEY-ARN", requires = "iam_policy")]
    kms: Option<String>,
    /// The file to write
    #[arg(long, value_name = "FILE", default_value = "piimap.toml")]
    file: PathBuf,
}

impl Init {
    pub fn run(&self, s: &Setting) -> anyhow::Result<Exit> {
        if self.iam_policy {
            let specs = if self.sources.is_empty() { &s.config.sources } else { &self.sources };
            let kms = self.kms.as_deref().map(kms_rights).transpose()?;
            let mut policy = match &kms {
                // Somebody may ask for this alone.
                Some(_) if specs.is_empty() => json!({"Version": "2012-10-17", "Statement": []}),
                _ => policy(specs, self.all_versions, self.discover)?,
            };
            if let (Some(kms), Some(statements)) = (kms, policy["Statement"].as_array_mut()) {
                statements.extend(kms);
            }
            if let (Some(queue), Some(statements)) = (&self.changes, policy["Statement"].as_array_mut()) {
                statements.push(queue_rights(queue)?);
            }
            if let (true, Some(statements)) = (self.publish, policy["Statement"].as_array_mut()) {
                statements.extend(publish_rights(specs)?);
            }
            output::print(&format!("{}\n", serde_json::to_string_pretty(&policy)?))?;
            if self.kms.as_ref().is_some_and(|key| key.contains(":alias/")) {
                output::note(
                    "an encrypted key names the key of KMS that the alias stood for, and this policy allows what the alias stands for now: before the alias \
                     moves, `piimap key wrap` under the next key and put that file in its place, or name the key itself by its ARN",
                );
            }
            if self.publish {
                output::note(
                    "Lake Formation itself must grant ASSOCIATE and DESCRIBE on the LF-tag that is published, and CREATE_LF_TAG where it is not there yet",
                );
            }
            if specs.iter().any(|s| s.starts_with("glue://")) {
                output::note("the places in S3 where the tables lie come on top: name them as s3://bucket/prefix beside glue://");
            }
            if specs.iter().any(|s| s.starts_with("dynamodb://")) {
                output::note(
                    "the place in S3 of the exports comes on top: name it as s3://bucket/prefix beside dynamodb://. DynamoDB writes there with \
                     the rights of whoever starts an export: s3:PutObject, s3:PutObjectAcl, s3:AbortMultipartUpload",
                );
            }
            return Ok(Exit::Done);
        }
        let mut options = std::fs::OpenOptions::new();
        let mut file = match options.write(true).create_new(true).open(&self.file) {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
                anyhow::bail!("{} exists already; name another with --file", self.file.display())
            }
            Err(e) => return Err(e).with_context(|| self.file.display().to_string()),
        };
        file.write_all(template(&self.sources).as_bytes()).with_context(|| self.file.display().to_string())?;
        let name = self.file.display().to_string();
        if s.json {
            output::print_json(&json!({"file": name}))?;
        } else {
            let first = if self.sources.is_empty() { "name your sources in it, then `piimap scan`" } else { "next: `piimap scan`" };
            output::print(&format!("{name} written; {first}\n"))?;
        }
        Ok(Exit::Done)
    }
}

/// The configuration with every key that there is, those that nobody needs at first as comments.
pub(super) fn template(sources: &[String]) -> String {
    let quoted = |s: &String| Value::from(s.as_str()).to_string();
    let line = match sources {
        [] => "# sources = [\"s3://my-bucket/exports\", \"/srv/crm\"]".to_owned(),
        some => format!("sources = [{}]", some.iter().map(quoted).collect::<Vec<_>>().join(", ")),
    };
    include_str!("init.toml").replacen("# SOURCES", &line, 1)
}

/// What tells of a bucket's settings. Without it they are not known; nothing else changes.
const SETTINGS: &[&str] = &[
    "s3:GetBucketAcl",
    "s3:GetBucketLocation",
    "s3:GetBucketLogging",
    "s3:GetBucketPolicyStatus",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketTagging",
    "s3:GetBucketVersioning",
    "s3:GetEncryptionConfiguration",
    "s3:GetLifecycleConfiguration",
    "s3:GetReplicationConfiguration",
];

/// The least policy: list the prefixes, read what is below them. Requests of AWS KMS come where a bucket is encrypted with a key of its own.
fn policy(specs: &[String], versions: bool, census: bool) -> anyhow::Result<Value> {
    let mut statements = Vec::new();
    for spec in specs.iter().filter_map(|s| s.strip_prefix("s3://")) {
        let (bucket, prefix) = spec.split_once('/').unwrap_or((spec, ""));
        anyhow::ensure!(!bucket.is_empty(), "s3:// needs a bucket, such as s3://my-bucket/exports");
        let mut list = json!({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": format!("arn:aws:s3:::{bucket}")});
        if !prefix.is_empty() {
            list["Condition"] = json!({"StringLike": {"s3:prefix": [format!("{prefix}*")]}});
        }
        statements.push(list);
        statements.push(json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{bucket}/{prefix}*")}));
    }
    for spec in specs.iter().filter_map(|s| s.strip_prefix("glue://")) {
        let (database, table) = spec.trim_end_matches('/').split_once('/').unwrap_or((spec.trim_end_matches('/'), "*"));
        anyhow::ensure!(!database.is_empty(), "glue:// needs a database, such as glue://shop");
        let name = |what: &str| format!("arn:aws:glue:*:*:{what}");
        statements.push(json!({
            "Effect": "Allow", "Action": ["glue:GetTable", "glue:GetTables", "glue:GetPartitions"],
            "Resource": [name("catalog"), name(&format!("database/{database}")), name(&format!("table/{database}/{table}"))],
        }));
    }
    for arn in specs.iter().filter_map(|s| s.strip_prefix("dynamodb://")) {
        anyhow::ensure!(
            arn.starts_with("arn:") && arn.contains(":table/"),
            "dynamodb:// needs the ARN of a table, such as dynamodb://arn:aws:dynamodb:eu-west-1:111122223333:table/orders"
        );
        let rights = ["dynamodb:DescribeTable", "dynamodb:ExportTableToPointInTime"];
        statements.push(json!({"Effect": "Allow", "Action": rights, "Resource": arn}));
        statements.push(json!({"Effect": "Allow", "Action": "dynamodb:DescribeExport", "Resource": format!("{arn}/export/*")}));
        // It knows no resource.
        statements.push(json!({"Effect": "Allow", "Action": "dynamodb:ListExports", "Resource": "*"}));
    }
    let buckets: std::collections::BTreeSet<&str> =
        specs.iter().filter_map(|s| s.strip_prefix("s3://")).map(|s| s.split('/').next().unwrap_or(s)).collect();
    if !buckets.is_empty() {
        let buckets: Vec<String> = buckets.iter().map(|b| format!("arn:aws:s3:::{b}")).collect();
        if versions {
            statements.push(json!({"Effect": "Allow", "Action": "s3:ListBucketVersions", "Resource": buckets}));
            let objects: Vec<String> = buckets.iter().map(|b| format!("{b}/*")).collect();
            statements.push(json!({"Effect": "Allow", "Action": "s3:GetObjectVersion", "Resource": objects}));
        }
        statements.push(json!({"Sid": "OptionalWhatSurroundsTheData", "Effect": "Allow", "Action": SETTINGS, "Resource": buckets}));
    }
    anyhow::ensure!(
        !statements.is_empty() || census,
        "no source is in S3, Glue or DynamoDB; name some, such as s3://my-bucket/exports, or list `sources` in piimap.toml"
    );
    if census {
        let rights = ["s3:ListAllMyBuckets", "glue:GetDatabases"].into_iter().chain(source::census_rights());
        let rights: Vec<&str> = rights.collect();
        statements.push(json!({"Sid": "OptionalSourcesDiscover", "Effect": "Allow", "Action": rights, "Resource": "*"}));
    }
    Ok(json!({"Version": "2012-10-17", "Statement": statements}))
}

/// What writes into the catalogue, and tags in Lake Formation, which knows no resources.
fn publish_rights(specs: &[String]) -> anyhow::Result<[Value; 2]> {
    let name = |what: &str| format!("arn:aws:glue:*:*:{what}");
    let mut tables = vec![name("catalog")];
    for spec in specs.iter().filter_map(|s| s.strip_prefix("glue://")) {
        let (database, table) = spec.trim_end_matches('/').split_once('/').unwrap_or((spec.trim_end_matches('/'), "*"));
        tables.extend([name(&format!("database/{database}")), name(&format!("table/{database}/{table}"))]);
    }
    anyhow::ensure!(tables.len() > 1, "--publish is for tables: name glue://database or glue://database/table");
    let tags = ["GetLFTag", "CreateLFTag", "GetResourceLFTags", "AddLFTagsToResource", "RemoveLFTagsFromResource"];
    let tags: Vec<String> = tags.iter().map(|t| format!("lakeformation:{t}")).collect();
    Ok([
        json!({"Effect": "Allow", "Action": "glue:UpdateTable", "Resource": tables}),
        json!({"Sid": "PublishLakeFormation", "Effect": "Allow", "Action": tags, "Resource": "*"}),
    ])
}

/// What has keys of indexes decrypted, and others encrypted: by a key of KMS, or by what an alias stands for now. Whatever else this key has
/// encrypted stays closed: the condition asks that a request says it is for the key of an index. Of which, it does not ask.
fn kms_rights(key: &str) -> anyhow::Result<[Value; 2]> {
    let mut condition = json!({"Null": {format!("kms:EncryptionContext:{CONTEXT}"): "false"}});
    let resource = match source::kms::arn(key) {
        // A policy knows keys alone.
        Some((_, name)) if name.starts_with("alias/") => {
            condition["ForAnyValue:StringEquals"] = json!({"kms:ResourceAliases": name});
            format!("{}key/*", key.trim_end_matches(name))
        }
        Some(_) => key.to_owned(),
        None => anyhow::bail!("--kms needs the ARN of a key or of an alias, such as arn:aws:kms:eu-west-1:111122223333:alias/piimap"),
    };
    Ok([("WhoScansOrAsksForPeople", "kms:Decrypt"), ("WhoMakesOrWrapsKeysAsWell", "kms:Encrypt")]
        .map(|(who, right)| json!({"Sid": who, "Effect": "Allow", "Action": right, "Resource": resource, "Condition": condition})))
}

/// What takes messages from a queue: `sqs://sqs.REGION.amazonaws.com/ACCOUNT/NAME`.
fn queue_rights(queue: &str) -> anyhow::Result<Value> {
    let parts = queue.strip_prefix("sqs://").map(|rest| rest.strip_prefix("https://").unwrap_or(rest)).and_then(|rest| {
        let (host, path) = rest.split_once('/')?;
        let (account, name) =
            path.split_once('/').filter(|(account, name)| !account.is_empty() && !name.is_empty() && !name.contains('/'))?;
        let region = host.strip_prefix("sqs.").or_else(|| host.strip_prefix("sqs-fips."))?.split('.').next()?;
        let partition = match region.split('-').next() {
            Some("cn") => "aws-cn",
            Some("us") if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        Some((partition, region, account, name))
    });
    let Some((partition, region, account, name)) = parts else {
        anyhow::bail!("--changes needs a queue by its URL: sqs://sqs.eu-west-1.amazonaws.com/111122223333/changes");
    };
    let rights = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"];
    Ok(json!({"Effect": "Allow", "Action": rights, "Resource": format!("arn:{partition}:sqs:{region}:{account}:{name}")}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_allows_the_prefix_alone() {
        let p = policy(&["s3://b/exports/2026".to_owned(), "/srv/crm".to_owned(), "s3://whole".to_owned()], false, false).unwrap();
        let s = p["Statement"].as_array().unwrap();
        assert_eq!(s.len(), 5);
        assert_eq!(
            (&s[4]["Sid"], &s[4]["Resource"]),
            (&json!("OptionalWhatSurroundsTheData"), &json!(["arn:aws:s3:::b", "arn:aws:s3:::whole"]))
        );
        let more = policy(&["s3://b/exports/2026".to_owned()], true, true).unwrap();
        let rights = more["Statement"].to_string();
        for right in
            ["s3:GetObjectVersion", "s3:ListBucketVersions", "rds:DescribeDBInstances", "logs:DescribeLogGroups", "s3:ListAllMyBuckets"]
        {
            assert!(rights.contains(right) && !p.to_string().contains(right), "{right}");
        }
        assert_eq!(s[0]["Condition"]["StringLike"]["s3:prefix"][0], "exports/2026*");
        assert_eq!(s[1]["Resource"], "arn:aws:s3:::b/exports/2026*");
        assert!(s[2].get("Condition").is_none());
        assert_eq!(s[3]["Resource"], "arn:aws:s3:::whole/*");
        let p = policy(&["glue://shop".to_owned(), "glue://crm/people".to_owned()], false, false).unwrap();
        assert_eq!(p["Statement"][0]["Resource"][2], "arn:aws:glue:*:*:table/shop/*");
        assert_eq!(p["Statement"][1]["Resource"][2], "arn:aws:glue:*:*:table/crm/people");
        assert!(policy(&["/srv".to_owned()], false, false).is_err());
        let [glue, tags] = publish_rights(&["glue://shop".to_owned(), "s3://b".to_owned()]).unwrap();
        assert_eq!((&glue["Action"], glue["Resource"].as_array().unwrap().len()), (&json!("glue:UpdateTable"), 3));
        assert!(tags["Action"].to_string().contains("lakeformation:AddLFTagsToResource"));
        assert!(publish_rights(&["s3://b".to_owned()]).is_err());
    }

    #[test]
    fn the_key_of_the_index_has_rights_of_its_own() {
        let key = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        let of_key = kms_rights(key).unwrap();
        let bound = json!({"Null": {"kms:EncryptionContext:piimap-key": "false"}});
        assert_eq!(of_key.each_ref().map(|s| (&s["Resource"], &s["Condition"])), [(&json!(key), &bound); 2]);
        assert_eq!(of_key.each_ref().map(|s| s["Action"].as_str()), [Some("kms:Decrypt"), Some("kms:Encrypt")]);
        for of_alias in kms_rights("arn:aws:kms:eu-west-1:111122223333:alias/team/piimap").unwrap() {
            assert_eq!(of_alias["Resource"], "arn:aws:kms:eu-west-1:111122223333:key/*");
            assert_eq!(of_alias["Condition"]["ForAnyValue:StringEquals"]["kms:ResourceAliases"], "alias/team/piimap");
            assert_eq!(of_alias["Condition"]["Null"], bound["Null"]);
        }
        for wrong in [
            "alias/piimap",
            "arn:aws:s3:::bucket",
            "arn:aws:kms:*:1:key/x",
            "arn:aws:kms:eu-west-1:1:key/*",
            "arn:aws:kms:eu-west-1:1:key/",
            "arn:aws:kms:eu-west-1:1:grant/x",
        ] {
            assert!(kms_rights(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn tables_and_queues_have_rights_of_their_own() {
        let table = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";
        let p = policy(&[format!("dynamodb://{table}")], false, false).unwrap();
        let s = p["Statement"].as_array().unwrap();
        assert_eq!((s.len(), &s[0]["Resource"], &s[1]["Resource"]), (3, &json!(table), &json!(format!("{table}/export/*"))));
        assert_eq!(s[0]["Action"], json!(["dynamodb:DescribeTable", "dynamodb:ExportTableToPointInTime"]));
        assert!(policy(&["dynamodb://orders".to_owned()], false, false).is_err());
        for queue in
            ["sqs://sqs.eu-west-1.amazonaws.com/111122223333/changes", "sqs://https://sqs.eu-west-1.amazonaws.com/111122223333/changes"]
        {
            assert_eq!(queue_rights(queue).unwrap()["Resource"], "arn:aws:sqs:eu-west-1:111122223333:changes", "{queue}");
        }
        let china = queue_rights("sqs://sqs.cn-north-1.amazonaws.com.cn/111122223333/q").unwrap();
        assert_eq!(china["Resource"], "arn:aws-cn:sqs:cn-north-1:111122223333:q");
        for wrong in ["changes.json", "sqs://changes", "sqs://sqs.eu-west-1.amazonaws.com/111122223333/"] {
            assert!(queue_rights(wrong).is_err(), "{wrong}");
        }
    }
}
