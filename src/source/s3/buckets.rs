//! Pages of buckets.

use aws_sdk_s3::config::Builder;

use super::super::attempts::{Attempts, Failed};
use super::super::{Options, runtime};
use super::{client, retry};
use crate::base::{Error, Reason, Result, Timestamp};

/// Entries of one page, as many as S3 gives.
const ENTRIES: i32 = 1000;

/// Calls `each` with name and birth of every bucket of the account, in all regions.
pub(in crate::source) fn buckets(config: Builder, options: &Options, each: &mut dyn FnMut(String, Option<Timestamp>)) -> Result<()> {
    let client = client(config, options);
    let mut token: Option<String> = None;
    loop {
        let page = runtime::shared()?.block_on(async {
            let mut attempts = Attempts::new(options);
            loop {
                let request = client.list_buckets().max_buckets(ENTRIES).set_continuation_token(token.clone());
                let failed = match tokio::time::timeout(options.stall, request.send()).await {
                    Ok(Ok(page)) => return Ok(page),
                    Ok(Err(e)) => retry::sort(&e),
                    Err(_) => Failed::again("no answer in time"),
                };
                attempts.after(failed).await?;
            }
        });
        let page = page.map_err(|e: Error| match e.reason {
            Reason::AccessDenied => Error::new(e.reason, format!("{}: allow s3:ListAllMyBuckets", e.detail)),
            _ => e,
        })?;
        for b in page.buckets() {
            let created = b.creation_date().and_then(|t| t.to_millis().ok()).map(Timestamp);
            b.name().into_iter().for_each(|name| each(name.to_owned(), created));
        }
        match page.continuation_token().filter(|t| !t.is_empty()) {
            None => return Ok(()),
            Some(next) if token.as_deref() == Some(next) => {
                return Err(Error::new(Reason::Io, "the server says there are more buckets and does not give them"));
            }
            Some(next) => token = Some(next.to_owned()),
        }
    }
}
