//! Credentials and region, for every service of AWS that a source asks.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{ProvideCredentials, SharedCredentialsProvider};

use super::{Options, runtime};
use crate::base::{Error, Reason, Result};

/// The configuration by the default chain, by the profile and region of `options`. Endpoints that the environment names for a
/// service (`AWS_ENDPOINT_URL_GLUE`, `AWS_ENDPOINT_URL`) come with it. Fails with `access_denied` where there are no credentials.
pub(super) fn configuration(options: &Options) -> Result<SdkConfig> {
    runtime::shared()?.block_on(async {
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        if let Some(p) = &options.profile {
            loader = loader.profile_name(p);
        }
        if let Some(r) = &options.region {
            loader = loader.region(Region::new(r.clone()));
        }
        let config = loader.load().await;
        check_credentials(config.credentials_provider()).await?;
        // Most servers that are not AWS know no regions, and AWS names the right one in its refusal.
        let known = config.region().is_some();
        Ok(if known { config } else { config.into_builder().region(Region::from_static("us-east-1")).build() })
    })
}

/// Asks for credentials before the first request, because a request without them fails with a riddle.
async fn check_credentials(provider: Option<SharedCredentialsProvider>) -> Result<()> {
    let found = match provider {
        Some(p) => p.provide_credentials().await.is_ok(),
        None => false,
    };
    if found {
        return Ok(());
    }
    Err(Error::new(
        Reason::AccessDenied,
        "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile with --profile, or run `aws sso login`",
    ))
}
