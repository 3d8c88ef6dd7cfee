//! What surrounds the objects of a bucket: its own settings, each asked for by one request.
//!
//! A refused request is no failure of anything: the fact is not known, and why.

use std::time::Duration;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::{BucketLocationConstraint, ExpirationStatus, ReplicationRuleStatus};

use super::super::attempts::Failed;
use super::{Bucket, retry};
use crate::base::{FACTS, Fact, Store};

/// Settings are answered at once or not at all.
const PATIENCE: Duration = Duration::from_secs(10);
const ATTEMPTS: u32 = 3;

/// A fact, or why it is not known.
type Known<T> = Result<T, String>;

/// Asks for all facts at once. Never fails.
pub(super) async fn store(bucket: &Bucket) -> Store {
    let (location, encryption, block, policy, acl, logging, versioning, lifecycle, replication, tags) = tokio::join!(
        location(bucket, &bucket.name),
        encryption(bucket),
        access_block(bucket),
        policy_public(bucket),
        acl_public(bucket),
        logging(bucket),
        versioning(bucket),
        lifecycle(bucket),
        replication(bucket),
        tags(bucket),
    );
    let yes = |b: &bool| (if *b { "yes" } else { "no" }).to_owned();
    let value = |name: &str| match name {
        "region" => location.clone(),
        "public" => public(&block, &policy, &acl).map(|p| yes(&p)),
        "public_access_block" => block.as_ref().map(Block::text).map_err(Clone::clone),
        "policy_public" => policy.as_ref().map(yes).map_err(Clone::clone),
        "acl_public" => acl.as_ref().map(yes).map_err(Clone::clone),
        "encryption" => encryption.clone(),
        "logging" => logging.clone(),
        "versioning" => versioning.clone(),
        "lifecycle" => lifecycle.clone(),
        "replication" => replication.clone(),
        "tags" => tags.clone(),
        _ => Err("nothing asks for it".to_owned()),
    };
    let facts = FACTS.iter().map(|(name, _)| Fact { name, value: value(name) });
    Store { uri: format!("{}://{}", bucket.scheme, bucket.name), facts: facts.collect() }
}

/// Sends a request until it is answered. `Ok(None)`: S3 says by one of the codes of `none` that there is no such setting.
async fn ask<T, E: ProvideErrorMetadata>(none: &[&str], send: impl AsyncFn() -> Result<T, SdkError<E, HttpResponse>>) -> Known<Option<T>> {
    for attempt in 1.. {
        let failed = match tokio::time::timeout(PATIENCE, send()).await {
            Ok(Ok(answer)) => return Ok(Some(answer)),
            Ok(Err(e)) if e.as_service_error().and_then(|e| e.code()).is_some_and(|c| none.contains(&c)) => return Ok(None),
            Ok(Err(e)) => retry::sort(&e),
            Err(_) => Failed::again("no answer in time"),
        };
        if !failed.again || attempt == ATTEMPTS {
            return Err(format!("{}: {}", failed.error.reason, failed.error.detail));
        }
        tokio::time::sleep(Duration::from_millis(200) * attempt).await;
    }
    Err(String::new())
}

macro_rules! get {
    ($bucket:expr, $operation:ident, $none:expr) => {{
        let bucket: &Bucket = $bucket;
        ask($none, async || {
            let owner = bucket.options.expected_owner.clone();
            bucket.client.$operation().bucket(&bucket.name).set_expected_bucket_owner(owner).send().await
        })
        .await
    }};
}

/// The region of a bucket, which may be another one than this source's.
async fn location(bucket: &Bucket, name: &str) -> Known<String> {
    let answer = ask(&[], async || bucket.client.get_bucket_location().bucket(name).send().await).await?;
    Ok(match answer.as_ref().and_then(|a| a.location_constraint()).map(BucketLocationConstraint::as_str) {
        None | Some("") => "us-east-1".to_owned(),
        Some("EU") => "eu-west-1".to_owned(),
        Some(region) => region.to_owned(),
    })
}

async fn encryption(bucket: &Bucket) -> Known<String> {
    let answer = get!(bucket, get_bucket_encryption, &["ServerSideEncryptionConfigurationNotFoundError"])?;
    let rules = answer.as_ref().and_then(|a| a.server_side_encryption_configuration()).map_or(&[][..], |c| c.rules());
    let text = rules.first().and_then(|r| {
        let by = r.apply_server_side_encryption_by_default()?.sse_algorithm().as_str();
        let key = if r.bucket_key_enabled() == Some(true) && by != "AES256" { ", bucket key" } else { "" };
        Some(format!("{by}{key}"))
    });
    Ok(text.unwrap_or_else(|| "none".to_owned()))
}

/// The block of public access, by its four settings.
struct Block([(&'static str, bool); 4]);

impl Block {
    fn is_on(&self, name: &str) -> bool {
        self.0.iter().any(|(n, on)| *n == name && *on)
    }

    fn text(&self) -> String {
        let on: Vec<&str> = self.0.iter().filter(|(_, on)| *on).map(|(name, _)| *name).collect();
        match on.len() {
            4 => "all".to_owned(),
            0 => "none".to_owned(),
            _ => on.join(", "),
        }
    }
}

async fn access_block(bucket: &Bucket) -> Known<Block> {
    let answer = get!(bucket, get_public_access_block, &["NoSuchPublicAccessBlockConfiguration"])?;
    let c = answer.as_ref().and_then(|a| a.public_access_block_configuration());
    let is = |setting: Option<Option<bool>>| setting.flatten() == Some(true);
    Ok(Block([
        ("block_public_acls", is(c.map(|c| c.block_public_acls()))),
        ("ignore_public_acls", is(c.map(|c| c.ignore_public_acls()))),
        ("block_public_policy", is(c.map(|c| c.block_public_policy()))),
        ("restrict_public_buckets", is(c.map(|c| c.restrict_public_buckets()))),
    ]))
}

async fn policy_public(bucket: &Bucket) -> Known<bool> {
    let answer = get!(bucket, get_bucket_policy_status, &["NoSuchBucketPolicy"])?;
    Ok(answer.as_ref().and_then(|a| a.policy_status()?.is_public()) == Some(true))
}

async fn acl_public(bucket: &Bucket) -> Known<bool> {
    let answer = get!(bucket, get_bucket_acl, &[])?;
    let everybody = |uri: &str| uri.ends_with("/groups/global/AllUsers") || uri.ends_with("/groups/global/AuthenticatedUsers");
    let grants = answer.as_ref().map_or(&[][..], |a| a.grants());
    Ok(grants.iter().any(|g| g.grantee().and_then(|g| g.uri()).is_some_and(everybody)))
}

/// Whether everybody may read in the bucket, as far as the bucket itself says: an account may block more.
fn public(block: &Known<Block>, policy: &Known<bool>, acl: &Known<bool>) -> Known<bool> {
    // What is blocked is not public, whatever could not be asked for.
    let open = |door: &Known<bool>, lock: &str| match (door, block) {
        (Ok(false), _) => Ok(false),
        (_, Ok(block)) if block.is_on(lock) => Ok(false),
        (Ok(true), Ok(_)) => Ok(true),
        (Err(why), _) | (_, Err(why)) => Err(why.clone()),
    };
    match (open(policy, "restrict_public_buckets"), open(acl, "ignore_public_acls")) {
        (Ok(true), _) | (_, Ok(true)) => Ok(true),
        (Err(why), _) | (_, Err(why)) => Err(why),
        _ => Ok(false),
    }
}

async fn logging(bucket: &Bucket) -> Known<String> {
    let answer = get!(bucket, get_bucket_logging, &[])?;
    let to = answer.as_ref().and_then(|a| a.logging_enabled());
    Ok(to.map_or("none".to_owned(), |l| format!("s3://{}/{}", l.target_bucket(), l.target_prefix())))
}

async fn versioning(bucket: &Bucket) -> Known<String> {
    let answer = get!(bucket, get_bucket_versioning, &[])?;
    let status = answer.as_ref().and_then(|a| a.status());
    Ok(status.map_or("none".to_owned(), |s| s.as_str().to_ascii_lowercase()))
}

async fn lifecycle(bucket: &Bucket) -> Known<String> {
    let answer = get!(bucket, get_bucket_lifecycle_configuration, &["NoSuchLifecycleConfiguration"])?;
    let rules = answer.as_ref().map_or(&[][..], |a| a.rules());
    let on: Vec<_> = rules.iter().filter(|r| *r.status() == ExpirationStatus::Enabled).collect();
    let days = on.iter().filter_map(|r| r.expiration()?.days()).min();
    let count = if on.len() == 1 { "1 rule".to_owned() } else { format!("{} rules", on.len()) };
    Ok(match (on.len(), days) {
        (0, _) => "none".to_owned(),
        (_, None) => format!("{count}, none removes current objects"),
        (_, Some(days)) => format!("{count}, objects go after {days} days or later"),
    })
}

async fn replication(bucket: &Bucket) -> Known<String> {
    let answer = get!(bucket, get_bucket_replication, &["ReplicationConfigurationNotFoundError"])?;
    let rules = answer.as_ref().and_then(|a| a.replication_configuration()).map_or(&[][..], |c| c.rules());
    let on = rules.iter().filter(|r| *r.status() == ReplicationRuleStatus::Enabled);
    let mut to: Vec<&str> = on.filter_map(|r| Some(r.destination()?.bucket())).collect();
    to.sort_unstable();
    to.dedup();
    let mut out = Vec::new();
    for arn in to {
        let name = arn.rsplit(":::").next().unwrap_or(arn);
        let region = location(bucket, name).await;
        out.push(format!("s3://{name} ({})", region.as_deref().unwrap_or("region not known")));
    }
    Ok(if out.is_empty() { "none".to_owned() } else { out.join(", ") })
}

async fn tags(bucket: &Bucket) -> Known<String> {
    let answer = get!(bucket, get_bucket_tagging, &["NoSuchTagSet"])?;
    let set = answer.as_ref().map_or(&[][..], |a| a.tag_set());
    let mut all: Vec<String> = set.iter().map(|t| format!("{}={}", t.key(), t.value())).collect();
    all.sort_unstable();
    Ok(if all.is_empty() { "none".to_owned() } else { all.join(", ") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_never_called_private() {
        let block = |acls: bool, policies: bool| {
            let names = ["block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets"];
            Ok(Block([(names[0], false), (names[1], acls), (names[2], false), (names[3], policies)]))
        };
        let not = |why: &str| Err::<bool, String>(why.to_owned());
        for (block, policy, acl, want) in [
            (block(false, false), Ok(false), Ok(false), Some(false)),
            (block(false, false), Ok(true), Ok(false), Some(true)),
            (block(false, false), Ok(false), Ok(true), Some(true)),
            (block(true, true), Ok(true), Ok(true), Some(false)),
            (block(false, true), Ok(true), Ok(true), Some(true)),
            (block(true, true), not("denied"), not("denied"), Some(false)),
            (block(false, false), not("denied"), Ok(false), None),
            (block(false, false), not("denied"), Ok(true), Some(true)),
            (Err("denied".to_owned()), Ok(false), Ok(false), Some(false)),
            (Err("denied".to_owned()), Ok(true), Ok(false), None),
        ] {
            let says = block.as_ref().map(Block::text);
            assert_eq!(public(&block, &policy, &acl).ok(), want, "{says:?} {policy:?} {acl:?}");
        }
        assert_eq!(block(true, true).unwrap().text(), "ignore_public_acls, restrict_public_buckets");
    }
}
